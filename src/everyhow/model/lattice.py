"""The lattice of all sets of edges of a small graph: which are circuits, and which have only good ones above them."""

from functools import lru_cache

import numpy as np
from jaxtyping import Bool, UInt64

from .circuit import Bits
from .graph import Graph

# Larger lattices take more than 4 MB, and longer than the counts beside which they are asked for.
MOST_EDGES_OF_LATTICE = 22


def safe_sets(graph: Graph, meeting: Bits) -> UInt64[np.ndarray, " circuits"]:
    """Of some circuits, those of which every larger circuit is one of them.

    Args:
        graph: whose circuits they are, of at most 22 edges.
        meeting: the circuits, as words; of so few edges each is one word.

    Example:
        >>> graph = Graph.complete((2, 1))
        >>> safe_sets(graph, np.array([[1], [3]], np.uint64)).tolist()
        [1, 3]
        >>> safe_sets(graph, np.array([[1]], np.uint64)).tolist()
        []
    """
    numbers = meeting[:, 0]
    spoilt = _circuits(graph).copy()
    spoilt[numbers] = False
    # Whether a set has a circuit above it that is not one of them: edge after edge, from the sets that have it.
    for edge in range(len(graph.edges)):
        pairs = spoilt.reshape(-1, 2, 1 << edge)
        pairs[:, 0] |= pairs[:, 1]
    return np.sort(numbers[~spoilt[numbers]])


@lru_cache(maxsize=4)
def _circuits(graph: Graph) -> Bool[np.ndarray, " sets"]:
    """Whether each set of edges, by its bits, is a circuit."""
    numbers = np.arange(1 << len(graph.edges), dtype=np.uint32)
    found = np.ones(len(numbers), bool)
    if graph.of_nodes:
        return found
    for node in graph.nodes[graph.sizes[0] :]:
        into = numbers & sum(1 << graph.positions[edge] for edge in graph.entering[node]) != 0
        if node.stage == graph.last:
            found &= into
        else:
            found &= into == (
                numbers & sum(1 << graph.positions[edge] for edge in graph.edges if edge.parent == node) != 0
            )
    return found
