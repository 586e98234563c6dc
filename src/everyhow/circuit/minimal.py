"""Circuits with no smaller one inside them."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import UInt64

from ..model.circuit import Circuit
from ..model.criterion import Criterion
from ..model.graph import Graph
from ..model.model import Model


def minimal_circuits(criterion: Criterion[Model]) -> tuple[Circuit, ...]:
    """The circuits that meet `criterion` and of which no proper sub-circuit does, fewest edges first.

    Cost: one listing of all circuits that meet the criterion, each compared with the minimal ones found so far.
    """
    return in_order(criterion.model.graph, minimal_sets(criterion.model.search(criterion).bits()))


def in_order(graph: Graph, bits: UInt64[np.ndarray, " circuits"]) -> tuple[Circuit, ...]:
    """Circuits given as bits, fewest edges first."""
    circuits = (Circuit(graph, int(one)) for one in bits)
    return tuple(sorted(circuits, key=lambda circuit: (len(circuit), circuit.bits)))


def minimal_sets(stream: Iterable[UInt64[np.ndarray, " _sets"]]) -> UInt64[np.ndarray, " minimal"]:
    """The sets of the stream, given as bits in blocks, that contain no other one of the stream."""
    from ..kernels.antichain import keep_minimal

    minimal = np.empty(1024, np.uint64)
    count = 0
    for block in stream:
        count = keep_minimal(block, minimal, count)
        while count < 0:
            # The kernel stopped at an entry because every place was taken; all places hold minimal sets so far.
            block = block[-1 - count :]
            full = len(minimal)
            minimal = np.concatenate([minimal, np.empty(full, np.uint64)])
            count = keep_minimal(block, minimal, full)
    return np.sort(minimal[:count])
