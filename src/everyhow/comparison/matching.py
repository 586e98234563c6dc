"""Which neuron of one network is which of another: the permutation within layers that matches them best.

What is matched are explanations: circuits and mappings, each a set of parts that touch neurons. Neurons are paired one
after the other. Of explanations seen through the neurons paired so far, those that two networks may still have in
common are counted; that is never less than what they have in common in the end. So a pairing that cannot come beyond
the best one found is left, and what is found is the best of all permutations though few of them are gone through.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..common.shapes import Bool, Int
from ..mapping.mapping import Mapping
from ..mapping.signatures import NeuronSet
from ..model.circuit import Circuit
from ..model.graph import Edge, Graph, Node

# A part of an explanation, by what it is and the neurons that it touches.
Key = tuple[object, tuple[Node, ...]]
# The explanations of two networks, each by a number; those that are not told apart have one number.
Ids = tuple[Int[np.ndarray, " _explanations"], Int[np.ndarray, " _others"]]
COLUMNS_AT_ONCE = 30


@dataclass(frozen=True)
class Matching:
    """Which neuron of the second network each hidden neuron of the first one is.

    Attributes:
        layers: for each hidden layer, the neuron of the second network that each neuron of the first is.

    Example:
        >>> Matching(((1, 0, 2),)).node(Node(1, 0))
        Node(stage=1, place=1)
    """

    layers: tuple[tuple[int, ...], ...]

    @staticmethod
    def by_names(widths: Sequence[int]) -> "Matching":
        """Every neuron is the one of its own name."""
        return Matching(tuple(tuple(range(width)) for width in widths[1:-1]))

    @property
    def moves_none(self) -> bool:
        """Whether every neuron is the one of its own name."""
        return all(layer == tuple(range(len(layer))) for layer in self.layers)

    @cached_property
    def back(self) -> "Matching":
        """The same pairs, from the second network to the first."""
        return Matching(tuple(tuple(int(j) for j in np.argsort(layer)) for layer in self.layers))

    def node(self, node: Node) -> Node:
        """A node of the second network; inputs and outputs stay."""
        if 0 < node.stage <= len(self.layers):
            return Node(node.stage, self.layers[node.stage - 1][node.place])
        return node

    def edge(self, edge: Edge) -> Edge:
        """An edge of the second network."""
        return Edge.between(self.node(edge.child), self.node(edge.parent))

    def neurons(self, neurons: NeuronSet) -> NeuronSet:
        """A set of neurons of the second network."""
        own = self.layers[neurons.layer - 1]
        return NeuronSet(neurons.layer, tuple(sorted(own[j] for j in neurons.neurons)))

    def mapping(self, mapping: Mapping) -> Mapping:
        """A mapping into the second network."""
        return Mapping(mapping.algorithm, tuple(map(self.neurons, mapping.sets)))

    def missing(self, circuit: Circuit, graph: Graph) -> tuple[Edge, ...]:
        """The edges of a circuit that the second network, of this graph, does not have; by their names there."""
        return tuple(edge for edge in map(self.edge, circuit.edges) if edge not in graph.positions)

    def circuit(self, circuit: Circuit, graph: Graph) -> Circuit | None:
        """A circuit of the second network, of this graph; None where one of its edges is not there."""
        if self.missing(circuit, graph):
            return None
        return Circuit(graph, sum(1 << graph.positions[self.edge(edge)] for edge in circuit.edges))

    def moved(self, one: Graph, other: Graph) -> tuple[tuple[str, str], ...]:
        """The neurons that are one of another name: the name in the first network, and that in the second."""
        nodes = [Node(stage, j) for stage, layer in enumerate(self.layers, start=1) for j in range(len(layer))]
        pairs = [(one.name(node), other.name(self.node(node))) for node in nodes]
        return tuple(pair for pair in pairs if pair[0] != pair[1])


@dataclass(frozen=True, eq=False)
class Kind:
    """The explanations of one kind that two networks have, each a row of parts that it has or lacks.

    Attributes:
        name: of the kind.
        keys: of the columns, the same for both networks.
        first: what the first network has.
        second: what the second has.
        tags: of the rows, what neurons do not change, such as the formula of a mapping: of the first, of the second.
    """

    name: str
    keys: tuple[Key, ...]
    first: Bool[np.ndarray, "_explanations parts"]
    second: Bool[np.ndarray, "_others parts"]
    tags: Ids = field(repr=False)

    @cached_property
    def column(self) -> dict[Key, int]:
        """The column of each part."""
        return {key: k for k, key in enumerate(self.keys)}

    def columns(self, matching: Matching) -> list[int]:
        """For each part of the first network, the column of the part of the second that it is."""
        return [self.column[_through(key, matching.node)] for key in self.keys]

    def common(self, matching: Matching) -> tuple[Bool[np.ndarray, " _explanations"], Bool[np.ndarray, " _others"]]:
        """Which explanations of the first the second has as well, and which of the second the first has."""
        ids = refined(self.tags, (self.first, self.second[:, self.columns(matching)]))
        return np.isin(ids[0], ids[1]), np.isin(ids[1], ids[0])


@dataclass(frozen=True)
class Best:
    """The best matching, and how it was found.

    Attributes:
        matching: the best one found.
        shared: of each kind of explanations, how many the networks have in common by it.
        by_names: the same where every neuron is the one of its own name.
        permutations: how many there are.
        complete: whether none of them is better; otherwise the search ended before that was known.
        most: no permutation has more in common of the first kind than so many.
    """

    matching: Matching
    shared: tuple[int, ...]
    by_names: tuple[int, ...]
    permutations: int
    complete: bool
    most: int


def best_matching(widths: Sequence[int], kinds: Sequence[Kind], allowed: int) -> Best:
    """The permutation of hidden neurons within layers by which two networks have the most explanations of the first
    kind in common; of those that tie, the most of the second kind, and so on. Where own names tie with the best, no
    neuron is moved; otherwise, of several that tie, the one found first is taken.

    Cost: each pair of neurons that is tried goes through all explanations.

    Args:
        widths: of both networks.
        kinds: of explanations, the one that decides first.
        allowed: so many explanations may be gone through, each as often as it is.
    """
    names = Matching.by_names(widths)
    own = tuple(int(kind.common(names)[0].sum()) for kind in kinds)
    permutations = math.prod(math.factorial(width) for width in widths[1:-1])
    nodes = [Node(stage, j) for stage, width in enumerate(widths[1:-1], start=1) for j in range(width)]
    search = _Search(list(kinds), nodes, own, names, allowed)
    search.go(0, {}, [kind.tags for kind in kinds])
    most = max(search.left, *search.best[:1], 0)
    return Best(search.matching, search.best, own, permutations, search.complete, most)


@dataclass
class _Search:
    """The state of one search: the best so far, and what may still be gone through."""

    kinds: list[Kind]
    nodes: list[Node]
    best: tuple[int, ...]
    matching: Matching
    allowed: int
    complete: bool = True
    left: int = 0

    def go(self, depth: int, pairs: dict[Node, Node], ids: list[Ids]) -> None:
        """Pair the neurons from number `depth` on, those before being paired."""
        if depth == len(self.nodes):
            shared = tuple(_common(*pair) for pair in ids)
            if shared > self.best:
                self.best, self.matching = shared, self._matching(pairs)
            return
        node = self.nodes[depth]
        taken = set(pairs.values())
        tried = []
        for other in self.nodes:
            if other.stage == node.stage and other not in taken:
                further = pairs | {node: other}
                seen = [self._seen(kind, further, pair) for kind, pair in zip(self.kinds, ids, strict=True)]
                tried.append((tuple(_common(*pair) for pair in seen), other != node, other, further, seen))
                self.allowed -= sum(len(one) + len(two) for one, two in seen)
        # The most promising pair first, own names before others.
        tried.sort(key=lambda one: ([-number for number in one[0]], one[1], one[2]))
        for bound, _, _, further, seen in tried:
            if bound <= self.best:
                continue
            if self.allowed < 0:
                self.complete, self.left = False, max(self.left, bound[0])
                continue
            self.go(depth + 1, further, seen)

    def _seen(self, kind: Kind, pairs: dict[Node, Node], ids: Ids) -> Ids:
        """The explanations of a kind as they are told apart by the neurons that are paired, the last of them new."""
        new = next(reversed(pairs))
        fresh = [key for key in kind.keys if new in key[1] and all(node in pairs for node in key[1])]
        if not fresh:
            return ids
        own = [kind.column[key] for key in fresh]
        others = [kind.column[_through(key, pairs.__getitem__)] for key in fresh]
        return refined(ids, (kind.first[:, own], kind.second[:, others]))

    def _matching(self, pairs: dict[Node, Node]) -> Matching:
        layers: dict[int, list[int]] = {}
        for node, other in pairs.items():
            layers.setdefault(node.stage, []).append(other.place)
        return Matching(tuple(map(tuple, layers.values())))


def _through(key: Key, node: Callable[[Node], Node]) -> Key:
    """A part with each of its neurons replaced by another."""
    return key[0], tuple(map(node, key[1]))


def refined(ids: Ids, columns: tuple[np.ndarray, np.ndarray]) -> Ids:
    """The rows of two tables by numbers: two rows have one number when they had one before and are alike in some
    columns of bits.

    Example:
        >>> ids = np.zeros(2, int), np.zeros(1, int)
        >>> [one.tolist() for one in refined(ids, (np.array([[0], [1]]), np.array([[1]])))]
        [[0, 1], [1]]
    """
    many, found = len(ids[0]), np.concatenate(ids)
    bits = np.concatenate(columns).astype(np.int64)
    for start in range(0, bits.shape[1], COLUMNS_AT_ONCE):
        some = bits[:, start : start + COLUMNS_AT_ONCE]
        numbers = (found << some.shape[1]) + some @ (1 << np.arange(some.shape[1]))
        _, found = np.unique(numbers, return_inverse=True)
    return found[:many], found[many:]


def _common(one: np.ndarray, other: np.ndarray) -> int:
    """How many of the numbers in one list can be paired with equal ones in the other."""
    size = max(one.max(initial=-1), other.max(initial=-1)) + 1
    return int(np.minimum(np.bincount(one, minlength=size), np.bincount(other, minlength=size)).sum())
