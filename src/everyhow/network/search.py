"""The circuits of a network that meet a criterion: split and counted, listed and drawn by kernels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..common.execution import IN_THREADS, Execution
from ..model.circuit import Circuit
from ..model.criterion import Criterion, perfect
from ..model.graph import Edge
from ..model.listed import ListedWithin
from ..model.model import Bits, CircuitCount, CircuitSearch
from ..model.reading import ReadingRule
from ..model.space import circuits_in_space
from .counting import count_circuits
from .feed_forward import FeedForward
from .listing import list_bits, list_possible, minimal_bits
from .reading_sums import ReadingSum
from .sampling import sample_circuits

# Going through so many circuits one by one takes less than a second.
FEW_CIRCUITS = 1 << 17


@dataclass(frozen=True, eq=False)
class NetworkSearch(CircuitSearch):
    """The circuits of a network that meet `criterion`."""

    criterion: Criterion[FeedForward]

    @property
    def model(self) -> FeedForward:
        """The network."""
        return self.criterion.model

    def count(self, execution: Execution = IN_THREADS, every_input_used: bool = False) -> CircuitCount:
        """How many meet the criterion; see `count_circuits`."""
        return count_circuits(self.criterion, every_input_used, execution=execution)

    def bits(self) -> Iterator[Bits]:
        """The bits of every circuit that meets the criterion, in the order of `list_circuits`."""
        return (batch[:, None] for batch in list_bits(self.criterion))

    def possible_bits(self) -> Iterator[Bits]:
        """The bits of every circuit that may meet the criterion."""
        return (batch[:, None] for batch in list_possible(self.criterion))

    def minimal(self) -> Bits:
        """Those with no other one inside; of many, where none may be wrong in any scenario, without listing all."""
        lists_all = self.criterion.allowed or self._are_few
        return super().minimal() if lists_all else minimal_bits(self.criterion)[:, None]

    def circuit(self, bits: int) -> Circuit:
        """The circuit that some bits stand for."""
        return Circuit(self.model.graph, bits)

    def sample(self, size: int, seed: int = 0) -> tuple[Circuit, ...]:
        """`size` circuits that meet the criterion, independently and uniformly with replacement."""
        return sample_circuits(self.criterion, size, seed)

    def summing(self, rule: ReadingRule) -> ReadingSum | None:
        """A way to sum up their interpretations without going through them; None where circuits share no tables, or
        are so few that it takes no less."""
        found = ReadingSum(self.criterion, rule)
        return found if not self._are_few and found.is_possible else None

    @property
    def _are_few(self) -> bool:
        return circuits_in_space(self.model.graph) <= FEW_CIRCUITS


@dataclass(frozen=True, eq=False)
class PartSearch(CircuitSearch):
    """The circuits inside `outer`, as those of a smaller network.

    Attributes:
        inner: the search in the smaller network.
        outer: the circuit.
        neurons: for each layer of the smaller network, which neurons of the whole one its neurons are.
    """

    inner: NetworkSearch
    outer: Circuit
    neurons: tuple[tuple[int, ...], ...]

    @property
    def model(self) -> FeedForward:
        """The smaller network."""
        return self.inner.model

    def count(self, execution: Execution = IN_THREADS, every_input_used: bool = False) -> CircuitCount:
        """How many meet the criterion."""
        return self.inner.count(execution, every_input_used)

    def bits(self) -> Iterator[Bits]:
        """The bits of every circuit that meets the criterion, in the smaller network."""
        return self.inner.bits()

    def possible_bits(self) -> Iterator[Bits]:
        """The bits of every circuit that may meet the criterion, in the smaller network."""
        return self.inner.possible_bits()

    def minimal(self) -> Bits:
        """Those with no other one inside, in the smaller network."""
        return self.inner.minimal()

    def circuit(self, bits: int) -> Circuit:
        """The circuit of the whole network."""
        edges = self.inner.circuit(bits).edges
        named = [Edge((layer, self.neurons[layer][j], self.neurons[layer - 1][i])) for layer, j, i in edges]
        return Circuit.of_edges(self.outer.graph, named)

    def sample(self, size: int, seed: int = 0) -> tuple[Circuit, ...]:
        """`size` circuits that meet the criterion, independently and uniformly with replacement."""
        return tuple(self.circuit(one.bits) for one in self.inner.sample(size, seed))


def search_within(criterion: Criterion[FeedForward], circuit: Circuit) -> CircuitSearch:
    """The circuits inside `circuit`: those of a network that has its edges and neurons only. Where what the other edges
    carry or the whole network's outputs matter too, all circuits are listed and those inside are kept."""
    behavior = criterion.behavior
    if behavior.within is not None or any(carried.any() for carried in criterion.ablated):
        return ListedWithin(criterion, circuit)
    network, neurons = _part(criterion.model, circuit)
    return PartSearch(NetworkSearch(perfect(network, behavior)), circuit, neurons)


def _part(network: FeedForward, circuit: Circuit) -> tuple[FeedForward, tuple[tuple[int, ...], ...]]:
    """The network that has only the circuit's edges and neurons, all inputs and all outputs; and, for each of its
    layers, which neurons of the whole network its neurons are."""
    ends = (0, network.depth)
    neurons = tuple(
        tuple(range(width)) if layer in ends else tuple(j for at, j in circuit.neurons if at == layer)
        for layer, width in enumerate(network.widths)
    )
    weights, biases = [], []
    for k, (w, b, mask) in enumerate(zip(network.weights, network.biases, network.masks(circuit), strict=True)):
        weights.append((w * mask)[np.ix_(neurons[k + 1], neurons[k])])
        biases.append(b[list(neurons[k + 1])])
    return replace(network, weights=tuple(weights), biases=tuple(biases), names=()), neurons
