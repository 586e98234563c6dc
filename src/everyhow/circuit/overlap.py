"""How circuits overlap, and which edges and neurons they share."""

from collections.abc import Sequence

import numpy as np

from ..common.shapes import Bool, Float
from ..model.circuit import Circuit
from ..model.criterion import Criterion
from ..model.model import Model
from ..model.usage import Usage


def usage(criterion: Criterion[Model]) -> Usage:
    """How often each edge and each inner node is used over all circuits that meet `criterion`."""
    return criterion.model.search(criterion).usage()


def jaccard(circuits: Sequence[Circuit]) -> Float[np.ndarray, "circuits circuits"]:
    """Shared edges over edges in either, for every pair of circuits; 1 for two that are both empty.

    Example:
        >>> one, two = (Circuit.of_edges((2, 1), edges) for edges in ([(1, 0, 1)], [(1, 0, 0), (1, 0, 1)]))
        >>> jaccard([one, two]).tolist()
        [[1.0, 0.5], [0.5, 1.0]]
    """
    bits = _matrix(circuits)
    shared = bits @ bits.T
    sizes = np.diag(shared)
    either = sizes[:, None] + sizes[None, :] - shared
    return np.where(either, shared / np.maximum(either, 1), 1.0)


def inclusion(circuits: Sequence[Circuit]) -> Bool[np.ndarray, "circuits circuits"]:
    """Entry (i, j): whether every edge of circuit i is in circuit j."""
    bits = _matrix(circuits)
    return bits @ bits.T == bits.sum(axis=1)[:, None]


def _matrix(circuits: Sequence[Circuit]) -> Float[np.ndarray, "circuits edges"]:
    places = {edge: k for k, edge in enumerate(dict.fromkeys(edge for circuit in circuits for edge in circuit.edges))}
    found = np.zeros((len(circuits), len(places)))
    for row, circuit in zip(found, circuits, strict=True):
        row[[places[edge] for edge in circuit.edges]] = 1
    return found
