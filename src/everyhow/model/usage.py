"""How many of some circuits use each edge and each node; and those with no other one inside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .circuit import Bits, words_of
from .graph import Edge, Graph, Node

Role = Literal["core", "contingent", "never"]


@dataclass(frozen=True)
class Usage:
    """How many of `circuits` circuits use each edge and each hidden neuron."""

    circuits: int
    edges: Mapping[Edge, int]
    neurons: Mapping[Node, int]

    def role(self, item: tuple[int, ...]) -> Role:
        """core: in all circuits; never: in none; contingent: in some. An item is an edge or a neuron."""
        counts: Mapping[tuple[int, ...], int] = {**self.edges, **self.neurons}
        count = counts[item]
        if count == 0:
            return "never"
        return "core" if count == self.circuits else "contingent"


def usage_of(graph: Graph, stream: Iterable[Bits]) -> Usage:
    """How often circuits given as words, in batches, use each edge of a graph and each of its inner nodes."""
    from ..kernels.antichain import count_bits, count_touching

    size = len(graph.edges)
    groups = [sum(1 << graph.positions[edge] for edge in graph.entering[node]) for node in graph.inner]
    words = len(words_of(0, size))
    by_node = np.array([words_of(group, size) for group in groups], np.uint64).reshape(len(groups), words)
    circuits, edges, nodes = 0, np.zeros(size + 1, np.int64), np.zeros(len(groups), np.int64)
    for batch in stream:
        circuits += len(batch)
        count_bits(batch, edges)
        count_touching(batch, by_node, nodes)
    return Usage(
        circuits,
        {edge: int(edges[graph.positions[edge]]) for edge in graph.edges},
        {
            node: circuits if node in graph.held_ends[0] else int(count)
            for node, count in zip(graph.inner, nodes, strict=True)
        },
    )


def minimal_sets(stream: Iterable[Bits]) -> Bits:
    """The sets of the stream, given as words in batches, that contain no other one of the stream."""
    from ..kernels.antichain import keep_minimal, keep_minimal_of_words

    minimal, count = np.empty((0, 1), np.uint64), 0
    for batch in stream:
        words = batch.shape[1]
        if not len(minimal):
            minimal = np.empty((1024, words), np.uint64)
        left, kept = (np.ascontiguousarray(batch[:, 0]), minimal[:, 0]) if words == 1 else (batch, minimal)
        keep = keep_minimal if words == 1 else keep_minimal_of_words
        count = keep(left, kept, count)
        while count < 0:
            # The kernel stopped at an entry because every place was taken; all places hold minimal sets so far.
            left, full = left[-1 - count :], len(minimal)
            minimal = np.concatenate([minimal, np.empty((full, words), np.uint64)])
            count = keep(left, minimal[:, 0] if words == 1 else minimal, full)
    found = minimal[:count]
    return found[np.lexsort(found.T)] if count else found
