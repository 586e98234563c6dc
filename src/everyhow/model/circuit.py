"""One circuit: a set of edges of a model."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..common.arguments import has, is_whole, listed, quoted
from ..common.display import Displayed
from ..common.errors import InputError
from ..common.shapes import Bool, UInt64
from .graph import Edge, Graph, Node

# Many circuits at once are rows of words of so many bits; bit k of a circuit is bit k % 64 of word k // 64.
WORD = 64
MACHINE = (1 << WORD) - 1
Bits = UInt64[np.ndarray, "_circuits words"]


@dataclass(frozen=True, eq=False)
class Circuit(Displayed):
    """A set of edges of a `graph`; two circuits are the same when they have the same edges between the same nodes.

    Bit k of `bits`, counted from the top, stands for edge k of the graph.
    An edge (layer, neuron, parent) enters `neuron` of layer `layer` (the inputs are layer 0) from `parent` of the
    layer before.

    Attributes:
        graph: the wiring, of which this is a part.
        bits: the edges.

    Example:
        >>> Circuit.of_edges((2, 1), [(1, 0, 1)])
        Circuit(1 edges: B→out0)
        >>> Circuit.of_edges((2, 1), [(1, 0, 1)]).bits
        1
        >>> Circuit.of_edges((2, 1), ["B->out0"]) == Circuit.of_edges((2, 1), [(1, 0, 1)])
        True
    """

    graph: Graph
    bits: int

    @staticmethod
    def of_edges(widths: Any, edges: Any) -> "Circuit":
        """The circuit with these edges.

        Args:
            widths: of layers, the inputs first, each neuron reading all of the layer before; or a Graph.
            edges: each by its name, such as `"A->h1.0"`, or by its numbers, such as (layer, neuron, parent).

        Raises:
            InputError: an edge that is not there, or a neuron without an edge in or out.
        """
        graph = widths if isinstance(widths, Graph) else Graph.complete(widths)
        bits = 0
        for edge in _edges(edges, graph):
            bits |= 1 << graph.bit_of(edge)
        circuit = Circuit(graph, bits)
        circuit._check_connected()
        return circuit

    @staticmethod
    def whole(network: Any) -> "Circuit":
        """The circuit of all edges of a network, less neurons that are left without an edge in or out."""
        graph = network.graph if has(network, "graph") else network
        if not isinstance(graph, Graph):
            raise InputError(
                f"a Network is asked for, not a value of type {type(network).__name__}: eh.load, eh.from_torch and "
                f"eh.train give one"
            )
        return Circuit.of_edges(graph, graph.connected(graph.edges))

    def without(self, edge: tuple[int, ...]) -> "Circuit | None":
        """The circuit less one edge and whatever is then left without an edge in or out; None when that leaves an
        output without an edge in."""
        kept = self.graph.connected(one for one in self.edges if one != edge)
        if self.graph.of_nodes:
            return Circuit.of_edges(self.graph, kept)
        found = Circuit(self.graph, sum(1 << self.graph.positions[one] for one in kept))
        return None if found._loose_ends() else found

    def on(self, graph: Graph) -> "Circuit":
        """The same circuit by the bits of another graph of the same nodes, such as one of the edges in a scope alone.

        Raises:
            InputError: the graph has other nodes, lacks an edge, or holds an edge that the circuit does not have.
        """
        if graph is self.graph or graph == self.graph:
            return self
        if graph.names != self.graph.names:
            one, other = ("-".join(map(str, each.sizes)) for each in (self.graph, graph))
            same = one == other
            raise InputError(
                f"the circuit belongs to a {one} network"
                + (" whose nodes have other names; give the model that it is of" if same else f", not to a {other} one")
            )
        bits, held = 0, set(graph.held)
        for edge in self.every_edge:
            if edge not in held:
                bits |= 1 << graph.bit_of(edge)
        if missing := held - set(self.every_edge):
            raise InputError(
                f"edge {self.graph.name(min(missing))} is not in the circuit, but the scope holds it in every one; "
                f"give a circuit that has it, or ask within another scope"
            )
        return Circuit(graph, bits)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Circuit):
            return NotImplemented
        if self.bits == other.bits and self.graph == other.graph:
            return True
        return self.graph.names == other.graph.names and self.every_edge == other.every_edge

    def __hash__(self) -> int:
        return hash(self.every_edge)

    def __len__(self) -> int:
        return self.bits.bit_count()

    def __contains__(self, edge: tuple[int, ...]) -> bool:
        position = self.graph.positions.get(edge)
        return position is not None and bool(self.bits >> position & 1)

    def is_within(self, other: "Circuit") -> bool:
        """Whether every edge of this circuit is in `other`."""
        if self.graph == other.graph:
            return self.bits & ~other.bits == 0
        return self.graph.names == other.graph.names and set(self.every_edge) <= set(other.every_edge)

    def __repr__(self) -> str:
        return f"Circuit({len(self)} {self.graph.unit}s: {' '.join(map(self.graph.name, self.edges))})"

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons per layer, the inputs first."""
        return self.graph.sizes

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by layer, neuron and parent."""
        top = len(self.graph.edges) - 1
        return tuple(edge for k, edge in enumerate(self.graph.edges) if self.bits >> (top - k) & 1)

    @cached_property
    def every_edge(self) -> tuple[Edge, ...]:
        """Its edges, and those that every circuit of its graph has."""
        held = self.graph.held
        if not held:
            return self.edges
        return tuple(sorted((*self.edges, *held), key=lambda edge: (edge.child, edge.slot, edge.parent)))

    @property
    def chosen(self) -> Bool[np.ndarray, " edges"]:
        """Which edges of the graph the circuit has."""
        top = len(self.graph.edges) - 1
        return np.array([self.bits >> (top - k) & 1 for k in range(top + 1)], bool)

    @property
    def neurons(self) -> tuple[Node, ...]:
        """The hidden neurons (layer, neuron) that the circuit uses."""
        return tuple(sorted({edge.child for edge in self.every_edge if edge.child.stage < self.graph.last}))

    def parents(self, layer: int, neuron: int) -> tuple[int, ...]:
        """The neurons of layer `layer` - 1 with an edge into `neuron` of `layer`."""
        entering = self.graph.entering[Node(layer, neuron)]
        return tuple(edge.parent.place for edge in entering if len(edge) == 3 and edge in self)

    def _check_connected(self) -> None:
        faults = self._loose_ends()
        if faults:
            raise LooseEndsError("these edges are not a circuit: " + "; ".join(sorted(faults)))

    def _loose_ends(self) -> list[str]:
        """What has an edge in or out alone, in words; nothing where this is a circuit."""
        if self.graph.of_nodes:
            return []
        last = self.graph.last
        always_fed, always_read = self.graph.held_ends
        fed = {edge.child for edge in self.edges} | always_fed
        read = {edge.parent for edge in self.edges} | always_read
        outputs = {Node(last, o) for o in range(self.graph.sizes[-1])}
        faults = [f"{self.graph.name(node)} has no edge in" for node in (read | outputs) - fed if node.stage > 0]
        return faults + [f"{self.graph.name(node)} has no edge out" for node in fed - read if node.stage < last]


def words_of(number: int, edges: int) -> UInt64[np.ndarray, " words"]:
    """The bits of one circuit of a graph with so many edges as words of 64, the lowest first.

    Example:
        >>> words_of(1 << 70, 80).tolist()
        [0, 64]
    """
    return np.array([number >> start & MACHINE for start in range(0, max(edges, 1), WORD)], np.uint64)


def numbers_of(bits: Bits) -> list[int]:
    """The bits of circuits that are given as words, as whole numbers."""
    numbers = bits[:, 0].tolist()
    for k in range(1, bits.shape[1]):
        numbers = [low | high << WORD * k for low, high in zip(numbers, bits[:, k].tolist(), strict=True)]
    return numbers


def chosen_of(graph: Graph, bits: Bits) -> Bool[np.ndarray, "circuits edges"]:
    """Which edges of a graph circuits have that are given as words.

    Example:
        >>> chosen_of(Graph.complete((2, 1)), np.array([[1], [3]], np.uint64)).astype(int).tolist()
        [[0, 1], [1, 1]]
    """
    places = np.arange(len(graph.edges), dtype=np.uint64)[::-1]
    words, shifts = bits[:, (places // WORD).astype(int)], places % np.uint64(WORD)
    return (words >> shifts & np.uint64(1)).astype(bool)


def bits_of(circuits: Bool[np.ndarray, "circuits edges"]) -> Bits:
    """Circuits, given by which edges of a graph they have, as words.

    Example:
        >>> bits_of(np.array([[False, True], [True, True]])).tolist()
        [[1], [3]]
    """
    ascending = circuits[:, ::-1]
    starts = range(0, max(circuits.shape[1], 1), WORD)
    weights = np.uint64(1) << np.arange(WORD, dtype=np.uint64)
    words = [ascending[:, k : k + WORD] @ weights[: ascending[:, k : k + WORD].shape[1]] for k in starts]
    return np.stack(words, axis=1).astype(np.uint64)


def gathered(graph: Graph, batches: Iterable[Bits]) -> Bits:
    """All circuits of some batches."""
    return np.concatenate([np.empty((0, len(words_of(0, len(graph.edges)))), np.uint64), *batches])


def uses_every_input(graph: Graph, circuits: Bool[np.ndarray, "circuits edges"]) -> Bool[np.ndarray, " circuits"]:
    """Which circuits have an edge from every input; where circuits are sets of nodes, all have."""
    if graph.of_nodes:
        return np.ones(len(circuits), bool)
    from_input = np.array([[edge.parent == Node(0, i) for i in range(graph.sizes[0])] for edge in graph.edges])
    return np.all(circuits @ from_input.reshape(len(graph.edges), graph.sizes[0]), axis=1)


class LooseEndsError(InputError):
    """Edges that are not a circuit, since a node that they touch has no edge in, or none out."""


def connected_part(wiring: Any, edges: Iterable[tuple[int, ...] | str]) -> tuple[Circuit, tuple[Edge, ...]]:
    """The circuit left of any edges, and those dropped: edges into neurons that lead nowhere and out of neurons that
    nothing enters, until none is left.

    Raises:
        InputError: an edge that is not there, or an output that is left without an edge in.

    Example:
        >>> connected_part((2, 2, 1), [(1, 0, 0), (1, 1, 0), (2, 0, 0)])
        (Circuit(2 edges: A→h1.0 h1.0→out0), ((1, 1, 0),))
    """
    graph = wiring if isinstance(wiring, Graph) else Graph.complete(wiring)
    given = set(graph.existing(_edges(edges, graph)))
    circuit = Circuit.of_edges(graph, graph.connected(given))
    return circuit, tuple(sorted(given - set(circuit.edges)))


def _edges(edges: Any, graph: Graph) -> list[tuple[int, ...]]:
    """Edges as tuples of whole numbers, those of the graph that have names among them.

    Raises:
        InputError: something else, or a name that no edge of the graph has.
    """
    rule = "edges by name, such as A->h1.0, or (layer, neuron, parent), each three whole numbers"
    given = listed("edges", edges, rule)
    return [graph.called(edge) if isinstance(edge, str) else _edge(edge, rule) for edge in given]


def _edge(edge: Any, rule: str) -> tuple[int, ...]:
    numbers = listed("an edge", edge, rule)
    if len(numbers) not in (3, 5) or not all(is_whole(number, 0) for number in numbers):
        raise InputError(f"an edge is {quoted(edge)}; give {rule}")
    whole = tuple(map(int, numbers))
    return whole if len(whole) == 3 else Edge.between(Node(*whole[:2]), Node(*whole[2:4]), whole[4])
