"""How circuits overlap, and which edges and neurons they share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from ..model.circuit import Bits, Circuit, words_of
from ..model.criterion import Criterion
from ..model.graph import Edge, Graph, Node
from ..model.model import Model

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


def usage(criterion: Criterion[Model]) -> Usage:
    """How often each edge and each inner node is used over all circuits that meet `criterion`."""
    return usage_of(criterion.model.graph, criterion.model.search(criterion).bits())


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
        {node: int(count) for node, count in zip(graph.inner, nodes, strict=True)},
    )


def jaccard(circuits: Sequence[Circuit]) -> Float[np.ndarray, "circuits circuits"]:
    """Shared edges over edges in either, for every pair of circuits.

    Example:
        >>> one, two = (Circuit.of_edges((2, 1), edges) for edges in ([(1, 0, 1)], [(1, 0, 0), (1, 0, 1)]))
        >>> jaccard([one, two]).tolist()
        [[1.0, 0.5], [0.5, 1.0]]
    """
    bits = _matrix(circuits)
    shared = bits @ bits.T
    sizes = np.diag(shared)
    return shared / (sizes[:, None] + sizes[None, :] - shared)


def inclusion(circuits: Sequence[Circuit]) -> Bool[np.ndarray, "circuits circuits"]:
    """Entry (i, j): whether every edge of circuit i is in circuit j."""
    bits = _matrix(circuits)
    return bits @ bits.T == bits.sum(axis=1)[:, None]


def _matrix(circuits: Sequence[Circuit]) -> Float[np.ndarray, "circuits edges"]:
    edges = sorted({edge for circuit in circuits for edge in circuit.edges})
    return np.array([[edge in circuit for edge in edges] for circuit in circuits], float).reshape(len(circuits), -1)
