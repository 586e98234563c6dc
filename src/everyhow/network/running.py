"""Judging circuits by running each of them: for circuits that are drawn, and for criteria of very many scenarios."""

from collections.abc import Callable, Iterable

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int, UInt64
from ..common.threads import map_in_threads
from ..model.activations import activation
from ..model.criterion import ORDERS, Criterion
from ..model.graph import Graph
from .feed_forward import FeedForward
from .layout import goal_of, layout_of
from .rounding import EPSILON, SMALLEST
from .runs import NetworkRuns

Masks = Int[np.ndarray, "circuits layers neurons"]
CIRCUITS_AT_ONCE = 1 << 12
# From so many scenarios on it pays to look for what circuits share; values kept at once for that, for each thread.
MANY_SCENARIOS, VALUES_AT_ONCE = 256, 1 << 24
# Parents are bits of a signed 64-bit number.
MOST_BITS = 62


def masks_of(criterion: Criterion[FeedForward], bits: UInt64[np.ndarray, " circuits"]) -> Masks:
    """The parents of each neuron, as bit sets, in circuits given as bits."""
    from ..kernels.running import masks_of as fill

    network = criterion.model
    masks = np.zeros((len(bits), network.depth, max(network.widths)), np.int64)
    fill(bits, layout_of(criterion), masks)
    return masks


def masks_of_chosen(graph: Graph, circuits: Bool[np.ndarray, "circuits edges"]) -> Masks:
    """The parents of each neuron, as bit sets, in circuits given by their edges.

    Raises:
        InputError: a layer has more than 62 neurons.
    """
    if max(graph.sizes) > MOST_BITS:
        raise InputError(
            f"a layer has {max(graph.sizes)} neurons; circuits are drawn in networks of at most {MOST_BITS} neurons "
            f"per layer: take out the neurons that are not needed"
        )
    masks = np.zeros((len(circuits), graph.last, max(graph.sizes)), np.int64)
    for k, (layer, j, i) in enumerate(graph.edges):
        masks[:, layer - 1, j] |= circuits[:, k].astype(np.int64) << i
    return masks


def meeting(criterion: Criterion[FeedForward], masks: Masks) -> Bool[np.ndarray, " circuits"]:
    """Which circuits meet a criterion, as float64 arithmetic happens to decide ties."""
    return _weigh(criterion, criterion.limits_as_decided(), masks)[:, 1] <= criterion.allowed


def certain_and_possible(
    criteria: Iterable[Criterion[FeedForward]], masks: Masks
) -> tuple[Bool[np.ndarray, " circuits"], Bool[np.ndarray, " circuits"]]:
    """Which circuits certainly, and which possibly meet a criterion that comes in batches of scenarios of one part.

    Certain are those that meet it when the decision boundary moves against them, and possible those that do when it
    moves for them: by 1e-9, or by what rounding may do to them where that is more.

    Cost: one run per circuit and scenario; a circuit is dropped at the batch at which it is wrong too often.
    """
    wrong = np.zeros((len(masks), 2))
    left, allowed = np.arange(len(masks)), 0.0
    for criterion in criteria:
        allowed = criterion.allowed
        if not criterion.is_beyond_rounding:
            wrong[left] += _weigh_with_errors(criterion, masks[left])
        else:
            weigh = _weigh if len(criterion.base) < MANY_SCENARIOS else _weigh_sharing
            wrong[left] += weigh(criterion, criterion.shifted_limits, masks[left])
        left = left[wrong[left, 1] <= allowed]
    return wrong[:, 0] <= allowed, wrong[:, 1] <= allowed


def judged(
    network: FeedForward, criteria: Iterable[Criterion[FeedForward]], circuits: Bool[np.ndarray, "circuits edges"]
) -> tuple[Bool[np.ndarray, " circuits"], Bool[np.ndarray, " circuits"]]:
    """Which circuits, given by their edges, certainly meet a criterion and which possibly; see
    `certain_and_possible`."""
    return certain_and_possible(criteria, masks_of_chosen(network.graph, circuits))


def _weigh(criterion: Criterion[FeedForward], limits: np.ndarray, masks: Masks) -> Float[np.ndarray, "circuits boxes"]:
    """The weight of the scenarios in which each circuit is wrong, by both boxes, each circuit being run alone."""
    from ..kernels.running import add_wrong

    layout, goal = layout_of(criterion), goal_of(criterion, limits)

    def weighed(batch: Masks) -> np.ndarray:
        wrong = np.zeros((len(batch), 2))
        add_wrong(batch, layout, goal, criterion.allowed, wrong)
        return wrong

    return _in_batches(weighed, masks, CIRCUITS_AT_ONCE)


def _weigh_with_errors(criterion: Criterion[FeedForward], masks: Masks) -> Float[np.ndarray, "circuits boxes"]:
    """What `_weigh` gives, with a bound of how far each circuit's own sums may be off."""
    from ..kernels.margins import Errors, add_wrong

    layout, goal, network = layout_of(criterion), goal_of(criterion, criterion.shifted_limits), criterion.model
    runs, removed = criterion.runs, np.zeros_like(layout.ablated)
    assert isinstance(runs, NetworkRuns)
    for layer, found in enumerate(runs.removed_errors(criterion.scenarios)):
        removed[layer, :, : found.shape[1]] = found
    exact = criterion.rounding.exact
    accuracies = [activation(name).accuracy for name in network.activations]
    errors = Errors(
        sums=np.array(
            [0.0 if is_exact else EPSILON * (width + 3) for is_exact, width in zip(exact, network.widths, strict=False)]
        ),
        relative=np.array([EPSILON * relative for relative, _ in accuracies]),
        absolute=np.array([EPSILON * absolute + (SMALLEST if relative else 0.0) for relative, absolute in accuracies]),
        ablated=removed,
        decided=criterion.limits(0.0),
        near=criterion.near_errors,
        orders=ORDERS,
    )

    def weighed(batch: Masks) -> np.ndarray:
        wrong = np.zeros((len(batch), 2))
        add_wrong(batch, layout, goal, errors, criterion.allowed, wrong)
        return wrong

    return _in_batches(weighed, masks, CIRCUITS_AT_ONCE)


def _weigh_sharing(
    criterion: Criterion[FeedForward], limits: np.ndarray, masks: Masks
) -> Float[np.ndarray, "circuits boxes"]:
    """What `_weigh` gives, for scenarios of one part; what circuits have below a neuron in common is run once."""
    from ..kernels.sharing import run_variants, weigh_variants

    layout, goal = layout_of(criterion), goal_of(criterion, limits)
    network = criterion.model
    constants = [
        b[:, None] + w @ carried.T
        for w, b, carried in zip(network.weights, network.biases, criterion.ablated, strict=True)
    ]

    def weighed(batch: Masks) -> np.ndarray:
        # What a parent carries is taken as a difference to what it carries when removed; the margins allow for that.
        previous = np.ascontiguousarray((layout.base - layout.ablated[0]).T)[: network.widths[0]]
        variants = np.tile(np.arange(1, network.widths[0] + 1), (len(batch), 1))
        for layer in range(network.depth - 1):
            values, chosen, count = [], [], 0
            for j in range(network.widths[layer + 1]):
                below, which = np.unique(_below(batch[:, layer, j], variants), axis=0, return_inverse=True)
                values.append(
                    run_variants(
                        below, previous, layout.weights[layer, j], constants[layer][j],
                        np.ascontiguousarray(layout.ablated[layer + 1, :, j]), layout.codes[layer],
                        layout.parameters[layer],
                    )
                )  # fmt: skip
                chosen.append(which.ravel() + count + 1)
                count += len(below)
            previous, variants = np.concatenate(values), np.stack(chosen, axis=1)
        outputs = network.widths[-1]
        below = np.stack([_below(batch[:, -1, o], variants) for o in range(outputs)], axis=1)
        wrong = np.zeros((len(batch), 2))
        weigh_variants(
            below, previous, layout.weights[-1, :outputs], constants[-1], layout.contrasts, goal,
            criterion.allowed, wrong,
        )  # fmt: skip
        return wrong

    at_once = max(64, VALUES_AT_ONCE // (len(criterion.base) * max(network.widths)))
    return _in_batches(weighed, masks, at_once)


def _below(parents: Int[np.ndarray, " circuits"], variants: Int[np.ndarray, "circuits width"]) -> np.ndarray:
    """Of each circuit, the variants of the parents of a neuron, and 0 for neurons that are not parents."""
    return np.where(parents[:, None] >> np.arange(variants.shape[1]) & 1, variants, 0)


def _in_batches(weighed: Callable[[Masks], np.ndarray], masks: Masks, at_once: int) -> np.ndarray:
    found = list(map_in_threads(weighed, (masks[k : k + at_once] for k in range(0, len(masks), at_once))))
    return np.concatenate(found) if found else np.zeros((0, 2))
