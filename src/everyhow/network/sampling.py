"""Circuits that meet a criterion, drawn uniformly."""

from typing import Any

import numpy as np

from ..common.errors import InputError
from ..model.circuit import Circuit, bits_of
from ..model.criterion import Criterion
from ..model.space import circuits_in_space
from ..model.uniform import draw_from_space
from .counting import count_as_decided
from .feed_forward import FeedForward
from .layout import Search, goal_of
from .listing import listable, whole_prefixes_of, without_copies
from .running import masks_of_chosen, meeting

# Circuits of the whole space are tried first: at most so many, and one for so many that there are. So many of them are
# drawn at once, and so many run at first.
MOST_TRIED, CIRCUITS_PER_TRY, TRIED_AT_ONCE, RUN_AT_FIRST = 1 << 22, 64, 1 << 16, 1 << 10


def sample_circuits(criterion: Criterion[FeedForward], size: int, seed: int = 0) -> tuple[Circuit, ...]:
    """`size` circuits that meet `criterion`, drawn independently and uniformly with replacement.

    Where the space is large, circuits are drawn from all of it first, and those that meet the criterion are kept; the
    rest is drawn by counting. Either way every circuit is equally likely.

    Raises:
        InputError: no circuit meets the criterion, or the network has more than 63 edges.
    """
    if size < 0:
        raise InputError(f"size is {size}; it is a number of circuits, at least 0")
    search = listable(criterion)
    generator = np.random.default_rng(seed)
    drawn: list[np.uint64] = []
    left = min(MOST_TRIED, circuits_in_space(criterion.model.graph) // CIRCUITS_PER_TRY)
    while left > 0 and len(drawn) < size:
        tried = min(left, TRIED_AT_ONCE)
        drawn += _accepted(criterion, generator, tried, size - len(drawn))
        left -= tried
    drawn += _drawn_by_counting(criterion, search, size - len(drawn), generator)
    kept = without_copies(np.array(drawn[:size], np.uint64), criterion)
    return tuple(Circuit(criterion.model.graph, int(bits)) for bits in kept)


def _accepted(
    criterion: Criterion[FeedForward], generator: "np.random.Generator", tried: int, enough: int
) -> list[np.uint64]:
    """Of so many circuits of the whole space those that meet the criterion; once these are enough, no more are run."""
    graph = criterion.model.graph
    circuits = draw_from_space(graph, tried, generator)
    found: list[np.uint64] = []
    start, size = 0, RUN_AT_FIRST
    while start < tried and len(found) < enough:
        batch = circuits[start : start + size]
        found += list(bits_of(batch[meeting(criterion, masks_of_chosen(graph, batch))])[:, 0])
        start, size = start + size, 2 * size
    return found


def _drawn_by_counting(
    criterion: Criterion[FeedForward], search: Search, size: int, generator: "np.random.Generator"
) -> list[np.uint64]:
    """A prefix is drawn in proportion to its pairs of half sums inside the box, then a pair; one that leaves a neuron
    unused is drawn again.

    Cost: one counting walk over all prefixes, then one more per distinct prefix drawn.
    """
    from ..kernels.circuits import prefix_halves
    from ..kernels.pairs import pick_pairs

    if size <= 0:
        return []
    goal, allowed = goal_of(criterion, criterion.limits_as_decided()), criterion.allowed

    # Two kernels and not one for both: that would take long to compile, and the first page waits for it.
    def pick(prefix: tuple[Any, ...], ranks: np.ndarray, rows: np.ndarray) -> tuple[int, Any, Any]:
        """How many pairs of rows of the two halves are inside, and the halves; `rows` is filled for these ranks."""
        one, two = prefix_halves(prefix[0], search.layout, search.all_inputs, search.all_outputs, 0)
        return int(pick_pairs(one.points, two.points, goal, allowed, ranks, rows)), one, two

    prefixes = list(whole_prefixes_of(search))
    nothing = np.empty(0, np.int64), np.empty((0, 2), np.int64)
    pairs = np.array([pick(prefix, *nothing)[0] for prefix in prefixes], dtype=float)
    if not pairs.any():
        raise InputError("no circuit meets the criterion, so none can be drawn")
    drawn: list[np.uint64] = []
    while len(drawn) < size:
        chosen = generator.choice(len(prefixes), size=2 * (size - len(drawn)), p=pairs / pairs.sum())
        found = {}
        for index in np.unique(chosen):
            ranks = np.sort(generator.integers(int(pairs[index]), size=int((chosen == index).sum())))
            rows, (_, prefix_bits, needed) = np.zeros((len(ranks), 2), np.int64), prefixes[index]
            _, one, two = pick(prefixes[index], ranks, rows)
            # The picks come sorted by rank; shuffled, they can be handed out one by one.
            p, q = rows[generator.permutation(len(rows))].T
            bits, cover = prefix_bits | one.bits[p] | two.bits[q], one.cover[p] | two.cover[q]
            found[index] = iter(zip(bits, cover & needed == needed, strict=True))
        for index in chosen:
            bits, whole = next(found[index])
            if whole:
                drawn.append(bits)
        if not drawn and not count_as_decided(criterion):
            raise InputError("no circuit meets the criterion, so none can be drawn")
    return drawn[:size]
