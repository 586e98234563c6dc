"""The wiring of a model: its nodes in stages, the edges between them, and what each part is called."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from ..boolean.truth_table import INPUT_NAMES
from ..common.arguments import is_whole, listed, quoted
from ..common.errors import InputError

# Each edge is a value of its own; larger graphs take gigabytes, and circuits of them are out of reach.
MOST_EDGES = 1 << 22
# More names than these are not all shown.
MOST_SHOWN = 8
# What circuits are sets of: edges into each input of a node, edges that enter all inputs of a node, or nodes.
Grain = Literal["edges-qkv", "edges", "nodes"]
GRAINS: tuple[Grain, ...] = ("edges-qkv", "edges", "nodes")
# What the parts of a graph are, for whoever gives something else.
RULES = {
    "names": "what the nodes of each stage are called, one at least, such as (('A', 'B'), ('h1.0',), ('out0',))",
    "edges": "edges as Edge.between(child, parent) makes them, or as (stage, place, place of the parent)",
    "numbers": "how many numbers a node of each stage holds, such as (1, 1, 1)",
    "slots": "the names of the inputs of a node of each stage, such as (('',), ('',), ('',))",
}


class Node(NamedTuple):
    """A part of a model that computes. Stage 0 holds the inputs, the last stage the outputs."""

    stage: int
    place: int


class Edge(tuple[int, ...]):
    """What one node reads of an earlier one.

    An edge from a stage to the next is a triple (stage, place, parent), such as (layer, neuron, neuron of the layer
    before); any other edge says all: (stage, place, stage of the parent, place of the parent, slot). The slot is the
    input of the child that the edge enters, where nodes have several. An edge from a node to itself stands for the node
    as a whole, where circuits are sets of nodes.

    Example:
        >>> Edge.between(Node(2, 0), Node(1, 3)), Edge.between(Node(2, 0), Node(0, 1))
        ((2, 0, 3), (2, 0, 0, 1, 0))
    """

    __slots__ = ()

    @staticmethod
    def between(child: Node, parent: Node, slot: int = 0) -> "Edge":
        """The edge from `parent` to an input of `child`."""
        is_short = parent.stage == child.stage - 1 and slot == 0
        return Edge((*child, parent.place) if is_short else (*child, *parent, slot))

    @property
    def child(self) -> Node:
        """The node that reads."""
        return Node(self[0], self[1])

    @property
    def parent(self) -> Node:
        """The node that is read."""
        return Node(self[0] - 1, self[2]) if len(self) == 3 else Node(self[2], self[3])

    @property
    def slot(self) -> int:
        """Which of the child's inputs the edge enters."""
        return 0 if len(self) == 3 else self[4]


@dataclass(frozen=True)
class Graph:
    """The wiring of a model. Two are the same when names and edges are.

    Every edge exists: a weight of exactly 0 is not an edge.

    Attributes:
        names: of every node, by stage and place: (("A", "B"), ("h1.0", "h1.1"), ("out0",)).
        edges: by child, then slot, then parent. Bit len(edges) - 1 - k of a circuit stands for edge k.
        numbers: by stage, how many numbers a node holds; 1 for a neuron.
        slots: by stage, the names of a node's inputs; ("",) where there is one.
        held: edges that every circuit has beside its own, where circuits are asked of some edges only. Edges that no
            circuit has are not told.

    Raises:
        InputError: names that repeat, a stage without nodes, or edges that repeat, are out of order, or do not go from
            an earlier to a later stage that is there.

    Example:
        >>> graph = Graph.complete((2, 1))
        >>> graph.edges, graph.name(graph.edges[1])
        (((1, 0, 0), (1, 0, 1)), 'B→out0')
    """

    names: tuple[tuple[str, ...], ...]
    edges: tuple[Edge, ...]
    numbers: tuple[int, ...]
    slots: tuple[tuple[str, ...], ...]
    held: tuple[Edge, ...] = ()

    def __post_init__(self) -> None:
        for item, rule in RULES.items():
            object.__setattr__(self, item, tuple(listed(item, getattr(self, item), rule)))
        for item in ("names", "slots"):
            texts = tuple(tuple(listed(item, part, RULES[item])) for part in getattr(self, item))
            if not all(part and all(isinstance(text, str) for text in part) for part in texts):
                raise InputError(f"{item} of a graph is {quoted(getattr(self, item))}; give {RULES[item]}")
            object.__setattr__(self, item, texts)
        if not all(is_whole(number, 1) for number in self.numbers):
            raise InputError(f"numbers of a graph is {quoted(self.numbers)}; give {RULES['numbers']}")
        called = [name for names in self.names for name in names]
        if len(set(called)) < len(called):
            twice = next(name for name in called if called.count(name) > 1)
            raise InputError(f"two nodes of a graph are called {twice!r}; give each a name of its own")
        object.__setattr__(self, "edges", tuple(map(_edge_of, self.edges)))
        sizes = self.sizes
        if not len(sizes) == len(self.numbers) == len(self.slots) >= 2:
            raise InputError(
                f"a graph has names, numbers and slots for each of at least two stages; found {len(sizes)}, "
                f"{len(self.numbers)} and {len(self.slots)}"
            )
        object.__setattr__(self, "held", tuple(map(_edge_of, listed("held", self.held, RULES["edges"]))))
        before, own = None, set(self.edges)
        for edge in self.held:
            if edge in own or not self._can_have(edge):
                raise InputError(
                    f"edge {edge} is held in every circuit; it is another edge of the graph, not one of edges"
                )
        for edge in self.edges:
            if not self._can_have(edge):
                raise InputError(f"edge {edge} is not from a node of an earlier stage to an input of a later one")
            child, parent = edge.child, edge.parent
            if len(edge) == 5 and len(short := Edge.between(child, parent, edge.slot)) == 3:
                raise InputError(f"edge {edge} goes from a stage to the next; it is written {short}")
            order = (child, edge.slot, parent)
            if before is not None and not before < order:
                raise InputError(f"edge {edge} is out of order; edges are listed by child, then slot, then parent")
            before = order
        every = (*self.edges, *self.held)
        loops = sum(edge.child == edge.parent for edge in every)
        if 0 < loops < len(every):
            raise InputError(
                "a graph has edges between nodes and edges from a node to itself; the latter stand for nodes, of which "
                "circuits are sets where there is nothing else"
            )

    def _can_have(self, edge: Edge) -> bool:
        """Whether an edge is from a node that there is to an input of a node that there is, of a later stage."""
        if len(edge) not in (3, 5):
            return False
        sizes, child, parent = self.sizes, edge.child, edge.parent
        there = all(0 <= node.stage < len(sizes) and 0 <= node.place < sizes[node.stage] for node in (child, parent))
        if child == parent:
            return there and edge.slot == 0 and 0 < child.stage < self.last
        return there and parent.stage < child.stage and 0 <= edge.slot < len(self.slots[child.stage])

    @staticmethod
    def of_stages(sizes: Iterable[int], edges: Iterable[Edge], names: tuple[tuple[str, ...], ...] = ()) -> "Graph":
        """The graph of nodes of one number and one input each, by these names; where there are none, A, B, ..., or of
        more than six inputs x0, x1, ..., then h1.0 (stage 1, place 0), and out0."""
        counts = tuple(sizes)
        names = names or usual_names(counts)
        return Graph(names, tuple(edges), (1,) * len(counts), (("",),) * len(counts))

    @staticmethod
    def complete(widths: Any) -> "Graph":
        """The graph of layers of these widths, the inputs first, each neuron reading all of the layer before.

        Raises:
            InputError: the widths are not whole numbers of at least 1, two at least, or give millions of edges.
        """
        rule = "the neurons of each layer, the inputs first, such as (2, 3, 1)"
        found = listed("widths", widths, rule)
        if len(found) < 2 or not all(is_whole(width, 1) for width in found):
            raise InputError(f"widths is {quoted(widths)}; give {rule}")
        check_number_of_edges(sum(int(one) * int(other) for one, other in itertools.pairwise(found)))
        return _complete(tuple(map(int, found)))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many nodes each stage has."""
        return tuple(map(len, self.names))

    @property
    def outputs(self) -> int:
        """How many numbers the last stage holds: one for each of its nodes, or several, such as the logits of one."""
        return self.sizes[-1] * self.numbers[-1]

    @property
    def last(self) -> int:
        """The stage of the outputs."""
        return len(self.names) - 1

    @cached_property
    def of_nodes(self) -> bool:
        """Whether circuits are sets of inner nodes, of which each has an edge to itself and no other; any such set is a
        circuit, the empty one too."""
        return bool(self.edges) and all(edge.child == edge.parent for edge in self.edges)

    @cached_property
    def unit(self) -> str:
        """What circuits are sets of: edge, or node."""
        return "node" if self.of_nodes else "edge"

    @cached_property
    def layered(self) -> bool:
        """Whether every edge goes from one stage to the next, and every node has one input."""
        return all(len(edge) == 3 for edge in self.edges) and all(len(names) == 1 for names in self.slots)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, by stage and place."""
        return tuple(Node(stage, place) for stage, size in enumerate(self.sizes) for place in range(size))

    @cached_property
    def inner(self) -> tuple[Node, ...]:
        """The nodes that are neither inputs nor outputs."""
        return tuple(node for node in self.nodes if 0 < node.stage < self.last)

    @cached_property
    def positions(self) -> Mapping[tuple[int, ...], int]:
        """The bit of each edge in a circuit."""
        return {edge: len(self.edges) - 1 - k for k, edge in enumerate(self.edges)}

    @cached_property
    def held_ends(self) -> tuple[frozenset[Node], frozenset[Node]]:
        """The nodes with an edge in, and those with an edge out, that every circuit has."""
        return frozenset(edge.child for edge in self.held), frozenset(edge.parent for edge in self.held)

    @cached_property
    def entering(self) -> Mapping[Node, tuple[Edge, ...]]:
        """The edges into each node."""
        found: dict[Node, list[Edge]] = {node: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.child].append(edge)
        return {node: tuple(edges) for node, edges in found.items()}

    def name(self, item: tuple[int, ...]) -> str:
        """What a node (stage, place) or an edge is called, wherever it is told.

        Example:
            >>> graph = Graph.complete((2, 2, 1))
            >>> graph.name(Node(1, 0)), graph.name(Edge((2, 0, 1)))
            ('h1.0', 'h1.1→out0')
        """
        if len(item) == 2:
            return self.names[item[0]][item[1]]
        edge = Edge(item)
        if edge.child == edge.parent:
            return self.name(edge.child)
        return f"{self.name(edge.parent)}→{self.entry(edge)}"

    def entry(self, edge: Edge) -> str:
        """What an edge enters: its child, and, where that has inputs with names, the slot: a0.h0<k>."""
        slot = self.slots[edge.child.stage][edge.slot]
        return self.name(edge.child) + (f"<{slot}>" if slot else "")

    @cached_property
    def by_name(self) -> Mapping[str, Edge]:
        """Each edge by what it is called."""
        return {self.name(edge): edge for edge in self.edges}

    def called(self, name: str) -> Edge:
        """The edge of a name, with an arrow as here or as in `A->h1.0`.

        Raises:
            InputError: the graph has no edge of that name.

        Example:
            >>> Graph.complete((2, 2, 1)).called("h1.1->out0")
            (2, 0, 1)
        """
        written = name.strip().replace("->", "→")
        for edge in self.held:
            if self.name(edge) == written:
                raise InputError(self.lacks(edge))
        if written not in self.by_name:
            names = [name.replace("→", "->") for name in self.by_name]
            shown = ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")
            raise InputError(f"no edge of this model is called {quoted(name)}; its edges are {shown}")
        return self.by_name[written]

    def existing(self, edges: Iterable[tuple[int, ...]]) -> tuple[Edge, ...]:
        """Edges by their numbers.

        Raises:
            InputError: one that the graph does not have.
        """
        return tuple(self.edges[len(self.edges) - 1 - self.bit_of(edge)] for edge in edges)

    def bit_of(self, edge: tuple[int, ...]) -> int:
        """The bit of an edge.

        Raises:
            InputError: the graph does not have it.
        """
        found = self.positions.get(edge)
        if found is None:
            raise InputError(self.lacks(edge))
        return found

    def lacks(self, edge: tuple[int, ...]) -> str:
        """That an edge is not there, in words."""
        sizes, shape = self.sizes, "-".join(map(str, self.sizes))
        if edge in self.held:
            return f"edge {tuple(edge)} is held in every circuit of this scope; leave it out"
        if not self.layered:
            return (
                f"edge {tuple(edge)} does not exist in this model; an edge is (stage, place, parent) from the stage "
                f"before, or (stage, place, stage of the parent, its place, slot)"
            )
        within = len(edge) == 3 and 0 < edge[0] < len(sizes) and 0 <= edge[1] < sizes[edge[0]]
        if within and 0 <= edge[2] < sizes[edge[0] - 1]:
            return f"edge {tuple(edge)} has weight 0 in this network, so it is not an edge of it"
        return (
            f"edge {tuple(edge)} does not exist in a {shape} network; an edge is "
            f"(layer from 1, neuron from 0, parent from 0)"
        )

    def connected(self, edges: Iterable[Edge]) -> tuple[Edge, ...]:
        """The edges without those into nodes that lead nowhere and out of nodes that nothing enters, until none is
        left."""
        kept = list(edges)
        always_fed, always_read = self.held_ends
        while not self.of_nodes:
            fed = {edge.child for edge in kept} | {Node(0, i) for i in range(self.sizes[0])} | always_fed
            read = {edge.parent for edge in kept} | {Node(self.last, o) for o in range(self.sizes[-1])} | always_read
            left = [edge for edge in kept if edge.parent in fed and edge.child in read]
            if len(left) == len(kept):
                break
            kept = left
        return tuple(kept)


def check_number_of_edges(edges: int) -> None:
    """Raises InputError when a model has more edges than any whose circuits are looked for."""
    if edges > MOST_EDGES:
        raise InputError(
            f"the network has {edges:,} edges; circuits are looked for among at most {MOST_EDGES:,}: take its last "
            f"layers"
        )


@lru_cache
def _complete(widths: tuple[int, ...]) -> Graph:
    edges = (
        Edge((layer, j, i)) for layer in range(1, len(widths)) for j in range(widths[layer])
        for i in range(widths[layer - 1])
    )  # fmt: skip
    return Graph.of_stages(widths, edges)


def _edge_of(edge: Any) -> Edge:
    if isinstance(edge, Edge):
        return edge
    numbers = listed("an edge", edge, RULES["edges"])
    if not all(is_whole(number, 0) for number in numbers):
        raise InputError(f"an edge of a graph is {quoted(edge)}; give {RULES['edges']}")
    return Edge(map(int, numbers))


def usual_names(sizes: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
    """What the neurons of layers of these sizes are called: letters stand for few inputs only.

    Example:
        >>> usual_names((2, 1)), usual_names((7, 1))[0][:2]
        ((('A', 'B'), ('out0',)), ('x0', 'x1'))
    """
    last = len(sizes) - 1
    found = tuple(tuple(usual_name(stage, j, last) for j in range(size)) for stage, size in enumerate(sizes))
    return found if sizes[0] <= len(INPUT_NAMES) else (tuple(f"x{j}" for j in range(sizes[0])), *found[1:])


def usual_name(stage: int, place: int, last: int) -> str:
    """What a neuron is called: A, h1.0 (layer 1, neuron 0), out0, the outputs being layer `last`."""
    if stage == 0:
        return INPUT_NAMES[place] if place < len(INPUT_NAMES) else f"x{place}"
    return f"out{place}" if stage == last else f"h{stage}.{place}"
