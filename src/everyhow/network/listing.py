"""Circuits that meet a criterion, one by one, in order."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float, UInt64
from ..common.threads import waiting_for
from ..model.circuit import Circuit
from ..model.criterion import Criterion
from ..model.model import MOST_EDGES
from .feed_forward import FeedForward
from .layout import Search, goal_of, laid_out, steps_in_doubt

# Circuits that are listed at once; prefixes that are put in order.
BUFFER, PREFIXES_AT_ONCE = 1 << 16, 1 << 16


def list_circuits(criterion: Criterion[FeedForward]) -> Iterator[Circuit]:
    """Every circuit that meets `criterion`, once, decided in float64.

    Order: by the parents of the neurons in all layers but the last hidden one, the first neuron's varying slowest
    and larger sets of `bits` coming first; then by the choices of the last hidden neurons, smaller ones first.

    Cost: one test per circuit of the space; constant memory.

    Raises:
        InputError: the network has more than 63 edges.
    """
    graph = criterion.model.graph
    for batch in list_bits(criterion):
        for bits in batch:
            yield Circuit(graph, int(bits))


def list_bits(criterion: Criterion[FeedForward]) -> Iterator[UInt64[np.ndarray, " _circuits"]]:
    """The bits of every circuit that meets `criterion`, in batches, in the order of `list_circuits`."""
    return list_within(criterion, criterion.limits(0.0))


def list_possible(criterion: Criterion[FeedForward]) -> Iterator[UInt64[np.ndarray, " _circuits"]]:
    """The bits of every circuit that may meet `criterion`, the decision boundary being moved for the circuits by 1e-9
    or, where that is more, by what rounding may do."""
    if not np.isfinite(criterion.margins).all() or steps_in_doubt(criterion):
        unlimited = np.array([[-np.inf], [np.inf]]).repeat(criterion.margins.size, axis=1)
        return list_within(unbounded(criterion), unlimited)
    return list_within(criterion, criterion.certified_limits[1])


def unbounded(criterion: Criterion[FeedForward]) -> Criterion[FeedForward]:
    """A criterion that every circuit meets, with sums that do not overflow: to list and to count them all."""
    network = criterion.model
    present = tuple(np.where(w != 0, 1 / w.size, 0.0) for w in network.weights)
    idle = replace(network, weights=present, biases=tuple(np.zeros(len(b)) for b in network.biases))
    return replace(criterion, model=idle, ablated=tuple(np.zeros_like(each) for each in criterion.ablated))


def list_within(
    criterion: Criterion[FeedForward], limits: Float[np.ndarray, "ends dimensions"]
) -> Iterator[UInt64[np.ndarray, " _circuits"]]:
    """The bits of every circuit whose contrasts lie within `limits`."""
    from ..kernels.circuits import next_circuits

    search = listable(criterion)
    goal = goal_of(criterion, np.stack([limits] * 2))
    buffer = np.empty(BUFFER, np.uint64)
    filled = 0
    for masks, prefix_bits, needed in whole_prefixes_of(search):
        row = 0
        while row >= 0:
            free, everything = buffer[filled:], (search.all_inputs, search.all_outputs)
            count, row = next_circuits(
                masks, prefix_bits, needed, row, free, search.layout, *everything, goal, criterion.allowed
            )
            if count < 0:
                # One row of halves does not fit in what is left: hand out what there is, or make more room.
                if filled:
                    yield without_copies(buffer[:filled], criterion)
                buffer, filled = np.empty(max(BUFFER, -count), np.uint64), 0
            else:
                filled += count
                if row >= 0:
                    yield without_copies(buffer[:filled], criterion)
                    buffer, filled = np.empty(len(buffer), np.uint64), 0
    if filled:
        yield without_copies(buffer[:filled], criterion)


def minimal_bits(criterion: Criterion[FeedForward]) -> UInt64[np.ndarray, " circuits"]:
    """The bits of the circuits that meet `criterion`, none of which may be wrong in a scenario, and that have no other
    one inside: those of `list_bits`, not all of which are listed."""
    from ..kernels.minimal import minimal_with_prefixes

    search, goal = listable(criterion), goal_of(criterion, criterion.limits_as_decided())
    ends = search.layout, search.all_inputs, search.all_outputs, goal
    minimal, count = np.empty(1024, np.uint64), 0
    prefixes = whole_prefixes_of(search)
    while some := list(islice(prefixes, PREFIXES_AT_ONCE)):
        # What has few edges is more often minimal, and spares what contains it.
        some.sort(key=lambda prefix: int(prefix[1]).bit_count())
        masks, bits = np.stack([prefix[0] for prefix in some]), np.array([prefix[1] for prefix in some], np.uint64)
        needed = np.array([prefix[2] for prefix in some], np.int64)
        for k in range(0, len(some), search.at_once):
            now = slice(k, k + search.at_once)
            at = masks[now], bits[now], needed[now]
            minimal, count = waiting_for(
                lambda at=at, known=(minimal, count): minimal_with_prefixes(*at, *ends, *known)
            )
    return np.sort(without_copies(minimal[:count], criterion))


def is_listable(network: FeedForward) -> bool:
    """Whether the circuits of a network fit in the bits that the kernels list them in."""
    return network.edges <= MOST_EDGES


def listable(criterion: Criterion[FeedForward]) -> Search:
    """The criterion laid out for the kernels, if its circuits fit in the bits that they list them in."""
    if not is_listable(criterion.model):
        raise InputError(f"the network has {criterion.model.edges} edges; circuits are listed for at most {MOST_EDGES}")
    return laid_out(criterion)


def without_copies(bits: np.ndarray, criterion: Criterion[FeedForward]) -> np.ndarray:
    """Drop the bit of the copying edges that stand in for a missing hidden layer."""
    return bits & np.uint64((1 << criterion.model.edges) - 1)


def whole_prefixes_of(search: Search) -> Iterator[tuple[np.ndarray, np.uint64, int]]:
    """Prefixes in which every neuron is used, except that the last layer's may wait for the last hidden one; each
    with the bits of its edges and the neurons and outputs that the rest must still use."""
    from ..kernels.prefixes import whole_prefixes

    for batch in search.prefixes(search.all_inputs):
        bits, present = np.zeros(len(batch), np.uint64), np.zeros(len(batch), np.int64)
        whole_prefixes(batch, search.layout.widths, search.layout.positions, bits, present)
        for k in np.flatnonzero(present >= 0):
            yield batch[k], bits[k], int(present[k]) | search.all_outputs << 32
