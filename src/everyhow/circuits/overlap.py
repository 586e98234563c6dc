"""How circuits overlap, and which edges and neurons they share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, UInt64

from ..network import Network
from .circuit import Circuit, Edge, edge_positions
from .criterion import Criterion
from .listing import list_bits

Role = Literal["core", "contingent", "never"]


@dataclass(frozen=True)
class Usage:
    """How many of `circuits` circuits use each edge and each hidden neuron."""

    circuits: int
    edges: Mapping[Edge, int]
    neurons: Mapping[tuple[int, int], int]

    def role(self, item: tuple[int, ...]) -> Role:
        """core: in all circuits; never: in none; contingent: in some. An item is an edge or a neuron."""
        counts: Mapping[tuple[int, ...], int] = {**self.edges, **self.neurons}
        count = counts[item]
        if count == 0:
            return "never"
        return "core" if count == self.circuits else "contingent"


def usage(criterion: Criterion) -> Usage:
    """How often each edge of non-zero weight and each hidden neuron is used over all circuits that meet `criterion`."""
    return usage_of(criterion.network, list_bits(criterion))


def usage_of(network: Network, stream: Iterable[UInt64[np.ndarray, " _circuits"]]) -> Usage:
    """How often circuits given as bits, in blocks, use each edge of non-zero weight and each hidden neuron."""
    positions = edge_positions(network.widths)
    real = {edge: positions[edge] for edge in positions if network.weights[edge[0] - 1][edge[1], edge[2]] != 0}
    hidden = [(layer, j) for layer in range(1, network.depth) for j in range(network.widths[layer])]
    groups = [sum(1 << position for edge, position in positions.items() if edge[:2] == neuron) for neuron in hidden]
    circuits, edges, neurons = _totals(stream, np.array(groups, np.uint64))
    return Usage(
        circuits,
        {edge: int(edges[position]) for edge, position in real.items()},
        {neuron: int(count) for neuron, count in zip(hidden, neurons, strict=True)},
    )


def _totals(stream: Iterable[UInt64[np.ndarray, " _circuits"]], groups: UInt64[np.ndarray, " groups"]) -> tuple:
    from ..kernels.antichain import count_bits, count_touching

    circuits = 0
    edges, neurons = np.zeros(64, np.int64), np.zeros(len(groups), np.int64)
    for block in stream:
        circuits += len(block)
        count_bits(block, edges)
        count_touching(block, groups, neurons)
    return circuits, edges, neurons


def jaccard(circuits: Sequence[Circuit]) -> Float[np.ndarray, "circuits circuits"]:
    """Shared edges over edges in either, for every pair of circuits.

    Example:
        >>> one, two = Circuit((2, 1), 0b01), Circuit((2, 1), 0b11)
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
    edges = len(edge_positions(circuits[0].widths)) if circuits else 0
    return np.array([[c.bits >> k & 1 for k in range(edges)] for c in circuits], dtype=float).reshape(-1, edges)
