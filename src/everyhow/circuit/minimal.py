"""Circuits with no smaller one inside them."""

from collections.abc import Iterable

import numpy as np

from ..model.circuit import Bits, Circuit, numbers_of
from ..model.criterion import Criterion
from ..model.graph import Graph
from ..model.model import Model


def minimal_circuits(criterion: Criterion[Model]) -> tuple[Circuit, ...]:
    """The circuits that meet `criterion` and of which no proper sub-circuit does, fewest edges first.

    Cost: one listing of all circuits that meet the criterion, each compared with the minimal ones found so far.
    """
    return in_order(criterion.model.graph, minimal_sets(criterion.model.search(criterion).bits()))


def in_order(graph: Graph, bits: Bits) -> tuple[Circuit, ...]:
    """Circuits given as words, fewest edges first."""
    return smallest_first(Circuit(graph, number) for number in numbers_of(bits))


def smallest_first(circuits: Iterable[Circuit]) -> tuple[Circuit, ...]:
    """Circuits of one graph, fewest edges first."""
    return tuple(sorted(circuits, key=lambda circuit: (len(circuit), circuit.bits)))


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
