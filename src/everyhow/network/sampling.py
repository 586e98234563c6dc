"""Circuits that meet a criterion, drawn uniformly."""

from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.shapes import UInt64
from ..model.circuit import Circuit, bits_of
from ..model.criterion import Criterion
from ..model.space import circuits_in_space
from ..model.uniform import draw_from_space
from .counting import count_as_decided
from .feed_forward import FeedForward
from .layout import Search, goal_of
from .listing import listable, whole_prefixes_of, without_copies
from .running import masks_of_chosen, meeting

# Circuits of the whole space are tried first: at most so many, and one for so many that there are.
MOST_TRIED, CIRCUITS_PER_TRY, TRIED_AT_ONCE = 1 << 22, 64, 1 << 16


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
        drawn += list(_accepted(criterion, generator, tried))
        left -= tried
    drawn += _drawn_by_counting(criterion, search, size - len(drawn), generator)
    kept = without_copies(np.array(drawn[:size], np.uint64), criterion)
    return tuple(Circuit(criterion.model.graph, int(bits)) for bits in kept)


def _accepted(
    criterion: Criterion[FeedForward], generator: "np.random.Generator", tried: int
) -> UInt64[np.ndarray, " _circuits"]:
    """Circuits drawn from the whole space, those that meet the criterion kept."""
    circuits = draw_from_space(criterion.model.graph, tried, generator)
    return bits_of(circuits[meeting(criterion, masks_of_chosen(criterion.model.graph, circuits))])[:, 0]


def _drawn_by_counting(
    criterion: Criterion[FeedForward], search: Search, size: int, generator: "np.random.Generator"
) -> list[np.uint64]:
    """A prefix is drawn in proportion to its pairs of half sums inside the box, then a pair; one that leaves a neuron
    unused is drawn again.

    Cost: one counting walk over all prefixes, then one more per distinct prefix drawn.
    """
    from ..kernels.circuits import pick_circuits

    if size <= 0:
        return []
    goal, allowed = goal_of(criterion, criterion.limits_as_decided()), criterion.allowed
    nothing = np.empty(0, np.int64)

    def pick(prefix: tuple[Any, ...], ranks: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
        masks, prefix_bits, _ = prefix
        bits, cover = np.zeros(len(ranks), np.uint64), np.zeros(len(ranks), np.int64)
        pairs = pick_circuits(
            masks, prefix_bits, ranks, bits, cover, search.layout, search.all_inputs, search.all_outputs, goal, allowed
        )
        return int(pairs), bits, cover

    prefixes = list(whole_prefixes_of(search))
    pairs = np.array([pick(prefix, nothing)[0] for prefix in prefixes], dtype=float)
    if not pairs.any():
        raise InputError("no circuit meets the criterion, so none can be drawn")
    drawn: list[np.uint64] = []
    while len(drawn) < size:
        chosen = generator.choice(len(prefixes), size=2 * (size - len(drawn)), p=pairs / pairs.sum())
        found = {}
        for index in np.unique(chosen):
            ranks = np.sort(generator.integers(int(pairs[index]), size=int((chosen == index).sum())))
            _, bits, cover = pick(prefixes[index], ranks)
            # The picks come sorted by rank; shuffled, they can be handed out one by one.
            shuffled = generator.permutation(len(bits))
            found[index] = iter(
                zip(bits[shuffled], cover[shuffled] & prefixes[index][2] == prefixes[index][2], strict=True)
            )
        for index in chosen:
            bits, whole = next(found[index])
            if whole:
                drawn.append(bits)
        if not drawn and not count_as_decided(criterion):
            raise InputError("no circuit meets the criterion, so none can be drawn")
    return drawn[:size]
