"""One circuit: a set of edges of a network."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Bool

from ..arguments import instance, is_whole, listed, quoted
from ..display import Displayed
from ..errors import InputError
from ..network import Network

Edge = tuple[int, int, int]


@dataclass(frozen=True)
class Circuit(Displayed):
    """A set of edges of a network of the given `widths`; two circuits are the same when their edges are.

    Bit k of `bits`, counted from the top, stands for edge k in the order of layers, then neurons, then parents.
    An edge (layer, neuron, parent) enters `neuron` of layer `layer` (the inputs are layer 0) from `parent` of the
    layer before.

    Example:
        >>> Circuit.of_edges((2, 1), [(1, 0, 1)]).bits
        1
    """

    widths: tuple[int, ...]
    bits: int

    @staticmethod
    def of_edges(widths: Any, edges: Any) -> "Circuit":
        """The circuit with these edges.

        Raises:
            InputError: an edge that a network of these widths does not have, or a neuron without an edge in or out.
        """
        rule = "edges (layer, neuron, parent), each three whole numbers"
        widths = checked_widths(widths)
        edges = [_edge(edge, rule) for edge in listed("edges", edges, rule)]
        positions = edge_positions(widths)
        bits = 0
        for edge in _existing(widths, edges):
            bits |= 1 << positions[edge]
        circuit = Circuit(widths, bits)
        circuit._check_connected()
        return circuit

    @staticmethod
    def whole(network: Any) -> "Circuit":
        """The circuit of all edges of non-zero weight, less neurons that are left without an edge in or out."""
        network = instance(network, Network, "a Network", "eh.load, eh.from_torch and eh.train give one")
        edges = {
            (layer, int(j), int(i)) for layer, w in enumerate(network.weights, start=1) for j, i in np.argwhere(w != 0)
        }
        return Circuit.of_edges(network.widths, _connected_part(network.widths, edges))

    def without(self, edge: Edge) -> "Circuit | None":
        """The circuit less one edge and whatever is then left without an edge in or out; None when that leaves an
        output without an edge in."""
        kept = _connected_part(self.widths, set(self.edges) - {edge})
        fed = {j for layer, j, _ in kept if layer == len(self.widths) - 1}
        return Circuit.of_edges(self.widths, kept) if len(fed) == self.widths[-1] else None

    def __len__(self) -> int:
        return self.bits.bit_count()

    def __contains__(self, edge: Edge) -> bool:
        position = edge_positions(self.widths).get(edge)
        return position is not None and bool(self.bits >> position & 1)

    def is_within(self, other: "Circuit") -> bool:
        """Whether every edge of this circuit is in `other`."""
        return self.widths == other.widths and self.bits & ~other.bits == 0

    def __repr__(self) -> str:
        shown = " ".join(f"{layer}.{j}<{i}" for layer, j, i in self.edges)
        return f"Circuit({len(self)} edges: {shown})"

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by layer, neuron and parent."""
        return tuple(edge for edge, position in edge_positions(self.widths).items() if self.bits >> position & 1)

    @property
    def neurons(self) -> tuple[tuple[int, int], ...]:
        """The hidden neurons (layer, neuron) that the circuit uses."""
        last = len(self.widths) - 1
        return tuple(sorted({(layer, j) for layer, j, _ in self.edges if layer < last}))

    def masks(self, network: Network) -> tuple[Bool[np.ndarray, "_neurons _parents"], ...]:
        """For each weight matrix of `network`, which of its entries are in the circuit.

        Raises:
            InputError: the network has other widths, or a weight of exactly 0 at an edge of the circuit.
        """
        if network.widths != self.widths:
            raise InputError(
                f"the circuit belongs to a {'-'.join(map(str, self.widths))} network, not to a "
                f"{'-'.join(map(str, network.widths))} one"
            )
        masks = tuple(np.zeros(w.shape, dtype=bool) for w in network.weights)
        for layer, j, i in self.edges:
            masks[layer - 1][j, i] = True
        for layer, (mask, w) in enumerate(zip(masks, network.weights, strict=True), start=1):
            if (mask & (w == 0)).any():
                j, i = (int(k) for k in np.argwhere(mask & (w == 0))[0])
                raise InputError(f"edge {(layer, j, i)} has weight 0 in this network, so it is no edge of it")
        return masks

    def parents(self, layer: int, neuron: int) -> tuple[int, ...]:
        """The neurons of layer `layer` - 1 with an edge into `neuron` of `layer`."""
        return tuple(i for i in range(self.widths[layer - 1]) if (layer, neuron, i) in self)

    def _check_connected(self) -> None:
        last = len(self.widths) - 1
        targets = {(layer, j) for layer, j, _ in self.edges}
        sources = {(layer - 1, i) for layer, _, i in self.edges}
        faults = [f"neuron {j} of layer {layer} has no edge in" for layer, j in sources - targets if layer > 0]
        faults += [f"neuron {j} of layer {layer} has no edge out" for layer, j in targets - sources if layer < last]
        faults += [f"output {o} has no edge in" for o in range(self.widths[-1]) if (last, o) not in targets]
        if faults:
            raise InputError("these edges are no circuit: " + "; ".join(sorted(faults)))


def connected_part(widths: tuple[int, ...], edges: Iterable[Edge]) -> tuple[Circuit, tuple[Edge, ...]]:
    """The circuit left of any edges, and those dropped: edges into neurons that lead nowhere and out of neurons that
    nothing enters, until none is left.

    Raises:
        InputError: an edge that a network of these widths does not have, or an output that is left without an edge in.

    Example:
        >>> connected_part((2, 2, 1), [(1, 0, 0), (1, 1, 0), (2, 0, 0)])
        (Circuit(2 edges: 1.0<0 2.0<0), ((1, 1, 0),))
    """
    given = set(_existing(widths, edges))
    circuit = Circuit.of_edges(widths, _connected_part(widths, given))
    return circuit, tuple(sorted(given - set(circuit.edges)))


def checked_widths(widths: Any) -> tuple[int, ...]:
    """Neurons per layer, the inputs first.

    Raises:
        InputError: they are not whole numbers of at least 1, two at least.
    """
    rule = "the neurons of each layer, the inputs first, such as (2, 3, 1)"
    found = listed("widths", widths, rule)
    if len(found) < 2 or not all(is_whole(width, 1) for width in found):
        raise InputError(f"widths is {quoted(widths)}; give {rule}")
    return tuple(map(int, found))


def _edge(edge: Any, rule: str) -> Edge:
    numbers = listed("an edge", edge, rule)
    if len(numbers) != 3 or not all(is_whole(number, 0) for number in numbers):
        raise InputError(f"an edge is {quoted(edge)}; give {rule}")
    layer, neuron, parent = map(int, numbers)
    return layer, neuron, parent


def _existing(widths: tuple[int, ...], edges: Iterable[Edge]) -> Iterator[Edge]:
    """The edges, if a network of these widths has them."""
    positions = edge_positions(widths)
    for edge in edges:
        if edge not in positions:
            raise InputError(
                f"edge {edge} does not exist in a {'-'.join(map(str, widths))} network; an edge is "
                f"(layer from 1, neuron from 0, parent from 0)"
            )
        yield edge


def _connected_part(widths: tuple[int, ...], edges: set[Edge]) -> set[Edge]:
    """The edges less those into neurons that lead nowhere and out of neurons that nothing enters."""
    while True:
        targets = {(layer, j) for layer, j, _ in edges} | {(0, i) for i in range(widths[0])}
        sources = {(layer - 1, i) for layer, _, i in edges} | {(len(widths) - 1, o) for o in range(widths[-1])}
        kept = {e for e in edges if (e[0] - 1, e[2]) in targets and (e[0], e[1]) in sources}
        if kept == edges:
            return edges
        edges = kept


@lru_cache
def edge_positions(widths: tuple[int, ...]) -> dict[Edge, int]:
    """The bit of each edge of a network of these widths."""
    edges = [
        (layer, j, i) for layer in range(1, len(widths)) for j in range(widths[layer]) for i in range(widths[layer - 1])
    ]
    return {edge: len(edges) - 1 - k for k, edge in enumerate(edges)}
