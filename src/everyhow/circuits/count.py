"""Exact counts of the circuits that meet a criterion, by size, without listing them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..threads import map_in_threads
from .criterion import Criterion
from .search import Search, plan


@dataclass(frozen=True)
class CircuitCount:
    """How many circuits meet a criterion, by number of edges.

    `certain` and `possible` map a number of edges to the number of circuits when the decision boundary is moved by
    1e-9 against and for the circuits. They are equal unless some circuit's output lies on the boundary.
    """

    certain: dict[int, int]
    possible: dict[int, int]

    @property
    def certified(self) -> bool:
        """Whether no circuit lies on the decision boundary, so that the count does not depend on rounding."""
        return self.certain == self.possible

    @property
    def between(self) -> tuple[int, int]:
        """The count when the decision boundary is moved against and for the circuits."""
        return sum(self.certain.values()), sum(self.possible.values())

    @property
    def fewest_edges(self) -> int | None:
        """The size of the smallest circuit; None when there is none, or when that depends on a tie."""
        smallest = min(self.certain, default=None)
        return smallest if smallest == min(self.possible, default=None) else None


def count_circuits(
    criterion: Criterion, every_input_used: bool = False, most_neurons: int | None = None
) -> CircuitCount:
    """The number of circuits that meet `criterion`, exactly, by number of edges.

    Split and count: for each choice of parents in all layers but the last hidden one, the outputs' pre-activations
    are a sum of independent choices, one per last hidden neuron; the neurons are split in two halves and the pairs of
    half sums inside the box of allowed decisions are counted, whole blocks of two kd-trees at once. Inclusion-
    exclusion removes circuits in which a neuron, an output (or, if asked, an input) has no edge.

    Cost: (prefixes) x (pairs of blocks near a decision boundary). Nothing is listed.

    Args:
        criterion: what a circuit must do.
        every_input_used: leave out circuits in which an input has no edge.
        most_neurons: leave out circuits with more hidden neurons than this.

    Example:
        >>> from everyhow import xornet
        >>> from everyhow.behavior import Behavior, parse_task
        >>> from everyhow.circuits.criterion import perfect
        >>> count_circuits(perfect(xornet(), Behavior.of_task(parse_task("XOR")))).between
        (1, 1)
    """
    total = _count(criterion, criterion.certified_limits(), every_input_used, most_neurons)
    certain, possible = ({int(e): int(n[e]) for e in np.flatnonzero(n)} for n in total)
    return CircuitCount(certain, possible)


def count_as_decided(criterion: Criterion) -> int:
    """The number of circuits that meet `criterion` as float64 arithmetic happens to decide ties."""
    limits = np.stack([criterion.limits(0.0)] * 2)
    return int(_count(criterion, limits, False, None)[0].sum())


def _count(criterion: Criterion, limits: np.ndarray, every_input_used: bool, most_neurons: int | None) -> np.ndarray:
    """Circuits inside the first and inside the second box of `limits`, by number of edges: (2, edges + 1)."""
    network = criterion.network
    search = plan(criterion)
    hidden = sum(network.widths[1:-1])
    # The label of a circuit is its edges plus, where neurons matter, `step` for each of its hidden neurons.
    step = network.edges + 1
    neuron_label = 0 if most_neurons is None else step
    labels = step if most_neurons is None else step * (hidden + 1)
    if not hidden:
        # The copying layer that stands in for a hidden one adds an edge per neuron, which is no edge of the network.
        neuron_label = -1
    total = np.zeros((2, labels), np.int64)
    for part in _parts(search, every_input_used, neuron_label, labels, limits):
        total += part
    total[1] += total[0]
    kept = labels if most_neurons is None else step * (most_neurons + 1)
    return total[:, :kept].reshape(2, -1, step).sum(axis=1)


def _parts(search: Search, every_input_used: bool, neuron_label: int, labels: int, limits: np.ndarray) -> Iterator:
    """Signed partial counts, (2, labels), one per set of inputs and block of prefixes."""
    from ..kernels.circuits import count_circuits as count_prefixes

    fed = [outputs for outputs in subsets(search.all_outputs) if outputs]
    nothing_fed = (-1) ** search.all_outputs.bit_count() * _nothing_fed(search, labels, limits)

    def partial(job: tuple[int, np.ndarray]) -> np.ndarray:
        first, prefixes = job
        unused = (search.all_inputs & ~first).bit_count()
        signed = [
            (-1) ** (unused + (search.all_outputs & ~feeding).bit_count())
            * count_prefixes(prefixes, search.layout, first, feeding, neuron_label, labels, limits)
            for feeding in fed
        ]
        return signed[0] if len(signed) == 1 else np.sum(signed, axis=0)

    inputs = tuple(subsets(search.all_inputs)) if every_input_used else (search.all_inputs,)
    for first in inputs:
        yield (-1) ** (search.all_inputs & ~first).bit_count() * nothing_fed
    yield from map_in_threads(partial, ((first, block) for first in inputs for block in search.prefixes(first)))


def _nothing_fed(search: Search, labels: int, limits: np.ndarray) -> np.ndarray:
    """The count when no output may be fed: the coefficients of all prefixes sum to one circuit without edges, in which
    the outputs' pre-activations are their constants."""
    constants = search.layout.constants[-1, : search.layout.widths[-1]].T.ravel()
    certain, possible = (bool(np.all((constants > low) & (constants <= high))) for low, high in limits)
    found = np.zeros((2, labels), np.int64)
    found[:, 0] = certain, possible and not certain
    return found


def subsets(full: int) -> Iterator[int]:
    """All subsets of a bit set, itself first and the empty one last."""
    subset = full
    while True:
        yield subset
        if not subset:
            return
        subset = (subset - 1) & full
