"""The lattice of all sets of edges of a small graph: which are circuits, and which have only good ones above them.

A family of sets is a bit for each set there is, 64 of them in a word, so that an edge is added to all sets at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..common.shapes import Bool, UInt64
from .circuit import Bits
from .graph import Graph

# Larger lattices take longer than the counts beside which they are asked for; circuits that are put into one.
MOST_EDGES_OF_LATTICE, MOST_MEETING = 22, 1_000_000
# The edges whose sets lie in one word, and, of each, the bits of a word whose sets lack it.
IN_A_WORD = 6
LACKING = [np.uint64(sum(1 << k for k in range(64) if not k >> edge & 1)) for edge in range(IN_A_WORD)]
Sets = UInt64[np.ndarray, " words"]
Numbers = UInt64[np.ndarray, " circuits"]


@dataclass(frozen=True, eq=False)
class Lattice:
    """Some circuits of a small graph, in the lattice of all sets of its edges.

    Attributes:
        graph: of at most 22 edges.
        meeting: the circuits, as words; of so few edges each is one word.

    Example:
        >>> lattice = Lattice(Graph.complete((2, 1)), np.array([[1], [2]], np.uint64))
        >>> lattice.safe.tolist(), lattice.spoiler(1)
        ([], 3)
    """

    graph: Graph
    meeting: Bits

    @cached_property
    def safe(self) -> Numbers:
        """Those of which every larger circuit is one of them, the least first."""
        return np.sort(self.meeting[~self._spoilt[self.meeting[:, 0]], 0])

    def spoiler(self, circuit: int) -> int | None:
        """Of the circuits that a circuit lies within and that are not among these, one of fewest edges, and of several
        that of the least bits; None where there is none."""
        if not self._spoilt[circuit]:
            return None
        larger = self._others[self._others & np.uint64(circuit) == circuit]
        sizes = np.bitwise_count(larger)
        return int(larger[sizes == sizes.min()].min())

    @cached_property
    def _missing(self) -> Sets:
        """The circuits that are not among these."""
        return _circuits(self.graph) & ~sets_of(self.meeting[:, 0], len(self.graph.edges))

    @cached_property
    def _others(self) -> Numbers:
        """Those circuits as numbers, the least first."""
        return np.flatnonzero(_marks(self._missing)).astype(np.uint64)

    @cached_property
    def _spoilt(self) -> Bool[np.ndarray, " sets"]:
        """Whether each set lies within a circuit that is not among these."""
        return _marks(with_inner(self._missing, len(self.graph.edges)))


def minimal_numbers(circuits: Numbers, edges: int) -> Numbers:
    """The sets of at most 22 edges, as numbers, that have no other one of them inside, the least first.

    Example:
        >>> minimal_numbers(np.array([3, 5, 4], np.uint64), 3).tolist()
        [3, 4]
    """
    family = sets_of(circuits, edges)
    above = with_outer(family, edges)
    larger = np.zeros_like(family)
    for edge in range(edges):
        larger |= _added(above, edge)
    return np.flatnonzero(_marks(family & ~larger)).astype(np.uint64)


def common(one: Numbers, other: Numbers, edges: int) -> Numbers:
    """The sets that are among two lots of them, the least first."""
    return np.flatnonzero(_marks(sets_of(one, edges) & sets_of(other, edges))).astype(np.uint64)


def sets_of(numbers: Numbers, edges: int) -> Sets:
    """The family of the sets that are given as numbers."""
    marks = np.zeros(max(1 << edges, 1 << IN_A_WORD), bool)
    marks[numbers] = True
    return _packed(marks)


def with_inner(family: Sets, edges: int) -> Sets:
    """The sets that lie within one of a family."""
    found = family.copy()
    for edge in range(edges):
        found |= _removed(found, edge)
    return found


def with_outer(family: Sets, edges: int) -> Sets:
    """The sets within which one of a family lies."""
    found = family.copy()
    for edge in range(edges):
        found |= _added(found, edge)
    return found


def _removed(family: Sets, edge: int) -> Sets:
    """The sets of a family that have an edge, without it."""
    if edge < IN_A_WORD:
        return family >> np.uint64(1 << edge) & LACKING[edge]
    found = np.zeros_like(family)
    found.reshape(-1, 2, 1 << edge - IN_A_WORD)[:, 0] = family.reshape(-1, 2, 1 << edge - IN_A_WORD)[:, 1]
    return found


def _added(family: Sets, edge: int) -> Sets:
    """The sets of a family that lack an edge, with it."""
    if edge < IN_A_WORD:
        return (family & LACKING[edge]) << np.uint64(1 << edge)
    found = np.zeros_like(family)
    found.reshape(-1, 2, 1 << edge - IN_A_WORD)[:, 1] = family.reshape(-1, 2, 1 << edge - IN_A_WORD)[:, 0]
    return found


@lru_cache(maxsize=4)
def _circuits(graph: Graph) -> Sets:
    """The sets of edges that are circuits."""
    edges = len(graph.edges)
    found = np.full(max(1, 1 << edges >> IN_A_WORD), np.uint64((1 << min(64, 1 << edges)) - 1))
    always = np.full_like(found, ~np.uint64(0))
    fed, read = graph.held_ends
    for node in () if graph.of_nodes else graph.nodes[graph.sizes[0] :]:
        into = _having([graph.positions[edge] for edge in graph.entering[node]], edges)
        out = _having([graph.positions[edge] for edge in graph.edges if edge.parent == node], edges)
        into, out = always if node in fed else into, always if node in read else out
        found &= into if node.stage == graph.last else ~(into ^ out)
    return found


def _having(some: Iterable[int], edges: int) -> Sets:
    """The sets that have any of some edges."""
    found = np.zeros(max(1, 1 << edges >> IN_A_WORD), np.uint64)
    for edge in some:
        if edge < IN_A_WORD:
            found |= ~LACKING[edge]
        else:
            found.reshape(-1, 2, 1 << edge - IN_A_WORD)[:, 1] = ~np.uint64(0)
    return found


def _packed(marks: Bool[np.ndarray, " sets"]) -> Sets:
    return np.packbits(marks, bitorder="little").view("<u8")


def _marks(family: Sets) -> Bool[np.ndarray, " sets"]:
    """Whether each set is in a family."""
    return np.unpackbits(family.view(np.uint8), bitorder="little").view(bool)
