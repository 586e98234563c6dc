"""Judging circuits by running each of them: for circuits that are drawn, and for criteria of very many scenarios."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from ..threads import map_in_threads
from .circuit import edge_positions
from .criterion import Criterion
from .search import goal_of, layout_of

Masks = Int[np.ndarray, "circuits layers neurons"]
CIRCUITS_AT_ONCE = 1 << 12


def masks_of(criterion: Criterion, bits: UInt64[np.ndarray, " circuits"]) -> Masks:
    """The parents of each neuron, as bit sets, in circuits given as bits."""
    from ..kernels.running import masks_of as fill

    network = criterion.network
    masks = np.zeros((len(bits), network.depth, max(network.widths)), np.int64)
    fill(bits, layout_of(criterion), masks)
    return masks


def bits_of(widths: tuple[int, ...], masks: Masks) -> UInt64[np.ndarray, " circuits"]:
    """Circuits of at most 63 edges as bits."""
    bits = np.zeros(len(masks), np.uint64)
    for (layer, j, i), position in edge_positions(widths).items():
        bits |= (masks[:, layer - 1, j] >> i & 1).astype(np.uint64) << np.uint64(position)
    return bits


def meeting(criterion: Criterion, masks: Masks) -> Bool[np.ndarray, " circuits"]:
    """Which circuits meet a criterion, as float64 arithmetic happens to decide ties."""
    return _weigh(criterion, criterion.limits_as_decided(), masks)[:, 1] <= criterion.allowed


def places(criteria: Iterable[Criterion], masks: Masks) -> tuple[Bool[np.ndarray, " circuits"], ...]:
    """Which circuits certainly, and which possibly meet a criterion that comes in blocks of scenarios of one part.

    Certain and possible are those that meet it when the decision boundary moves by 1e-9 against and for them. Cost: one
    run per circuit and scenario; a circuit is dropped at the block at which it is wrong too often.
    """
    wrong = np.zeros((len(masks), 2))
    left, allowed = np.arange(len(masks)), 0.0
    for criterion in criteria:
        allowed = criterion.allowed
        wrong[left] += _weigh(criterion, criterion.certified_limits(), masks[left])
        left = left[wrong[left, 1] <= allowed]
    return wrong[:, 0] <= allowed, wrong[:, 1] <= allowed


def _weigh(criterion: Criterion, limits: np.ndarray, masks: Masks) -> Float[np.ndarray, "circuits places"]:
    """The weight of the scenarios in which each circuit is wrong, by both boxes; see `add_wrong`."""
    from ..kernels.running import add_wrong

    layout, goal = layout_of(criterion), goal_of(criterion, limits)

    def weighed(start: int) -> np.ndarray:
        block = masks[start : start + CIRCUITS_AT_ONCE]
        wrong = np.zeros((len(block), 2))
        add_wrong(block, layout, goal, criterion.allowed, wrong)
        return wrong

    found = list(map_in_threads(weighed, range(0, len(masks), CIRCUITS_AT_ONCE)))
    return np.concatenate(found) if found else np.zeros((0, 2))
