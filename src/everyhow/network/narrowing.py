"""Smaller networks that decide the same: of some classes, of one class against the rest, and without what is constant.

The tail of a classifier is often too large to be explained whole. Each function here takes out what is not asked about,
and says in the network's remarks what it took out.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..common.arguments import is_whole, listed, quoted
from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..common.shares import percent
from ..common.spoken import spoken
from ..given.points import check_features, points_of
from ..model.model import Way
from .feed_forward import FeedForward

# One output that is wrong at more than this share of the points at which a constant would be is a poor stand-in.
POOR = 0.5


def of_classes(network: FeedForward, which: Sequence[Any]) -> FeedForward:
    """The network with some of its outputs, in the order in which it has them; see `Network.classes`."""
    outputs = network.outputs
    if outputs < 2:
        raise InputError("classes are chosen among several outputs; this network has 1: it has no classes to leave out")
    for one in which:
        if not is_whole(one, 0, outputs - 1):
            raise InputError(f"there is no class {quoted(one)}; the network has the classes 0 to {outputs - 1}")
    chosen = sorted({int(one) for one in which})
    if len(chosen) < 2 or len(chosen) < len(which):
        raise InputError(
            f"classes are {quoted(tuple(which))}; give at least two different ones, such as classes(3, 8): the network "
            "then decides between these. One class against the rest is network.one_class(3, points)"
        )
    if len(chosen) == outputs:
        return network
    said = f"of {outputs} outputs only {_listed(chosen)} are kept, as the classes {_listed(range(len(chosen)))}"
    kept = _with_outputs(network, np.eye(outputs)[chosen])
    own = network.called
    names = (*_inputs_by_number(network), *own[1:-1], tuple(own[-1][j] for j in chosen))
    return replace(kept, remarks=(*network.remarks, said), names=names)


def of_one_class(network: FeedForward, k: Any, points: Any) -> FeedForward:
    """The network with one output, read by the threshold that agrees best with "it is the largest"; see
    `Network.one_class`."""
    outputs = network.outputs
    if outputs < 2:
        raise InputError("one class is told from the rest where there are several outputs; this network has 1")
    if not is_whole(k, 0, outputs - 1):
        raise InputError(f"there is no class {quoted(k)}; the network has the classes 0 to {outputs - 1}")
    network, rows = network.telling_apart(), check_features(points_of(points, "points"), network.features)
    received = network.pre_activations(rows)
    largest = received.argmax(axis=1) == int(k)
    if largest.all() or not largest.any():
        where = "all" if largest.all() else "none"
        raise InputError(
            f"output {int(k)} is the largest at {where} of the {len(rows):,} points, so nothing tells it from the rest "
            "there; give points of other classes too"
        )
    alone = np.eye(outputs)[int(k)]
    # What is added to all outputs alike changes nothing about which is the largest, nor about the second reading.
    beside = alone - (1 - alone) / (outputs - 1)
    readings = {"": alone, f" less the mean of the {outputs - 1} other outputs": beside}
    found = [(words, row, *best_threshold(received @ row, largest)) for words, row in readings.items()]
    words, row, threshold, right = max(found, key=lambda one: one[3])
    usual = float(max(largest.mean(), 1 - largest.mean()))
    if right <= usual:
        raise InputError(
            f"output {int(k)} does not tell its class from the rest: no threshold is right about where it is the "
            f"largest at more of the {len(rows):,} points than always {int(largest.mean() > 0.5)} ({percent(usual)}%). "
            f"Two classes are told apart exactly: network.classes({int(k)}, OTHER) (--classes {int(k)},OTHER)"
        )
    said = (
        f"one class against the rest: of {outputs} outputs only output {int(k)}{words} is kept, 1 above "
        f"{threshold:.6g}; at {percent(right)}% of {len(rows):,} points that is 1 exactly where output {int(k)} is the "
        f"largest (always {int(largest.mean() > 0.5)} would be at {percent(usual)}%)"
    )
    if 1 - right > POOR * (1 - usual):
        said += (
            ", so that it stands for the class poorly: two classes are told apart exactly, by "
            f"network.classes({int(k)}, OTHER) (--classes {int(k)},OTHER)"
        )
    one, own = _with_outputs(network, row[None]), network.called
    names = (*_inputs_by_number(network), *own[1:-1], (own[-1][int(k)],))
    return replace(one, threshold=threshold, softmax=False, remarks=(*network.remarks, said), names=names)


def best_threshold(values: Float[np.ndarray, " points"], wanted: Bool[np.ndarray, " points"]) -> tuple[float, float]:
    """The threshold between two values above which values are most often those wanted, and the share at which they are;
    of several such thresholds the one in the widest gap.

    Example:
        >>> best_threshold(np.array([0.0, 1.0, 3.0, 4.0]), np.array([False, False, True, True]))
        (2.0, 1.0)
    """
    order = np.argsort(values, kind="stable")
    ordered, above = values[order], wanted[order]
    # Below a cut after place n everything is read as 0, beyond it as 1.
    right = np.cumsum(~above)[:-1] + above[::-1].cumsum()[::-1][1:]
    gaps = np.diff(ordered)
    if not (gaps > 0).any():
        raise InputError(
            f"the output is {ordered[0]:g} at every point, so no threshold tells one class from the rest; give other "
            "points"
        )
    right = np.where(gaps > 0, right, -1)
    best = int(np.argmax(np.where(right == right.max(), gaps, -1.0)))
    low, high = float(ordered[best]), float(ordered[best + 1])
    middle = low + (high - low) / 2
    return (middle if middle < high else low), float(right[best] / len(values))


def constant_neurons(network: FeedForward, points: Float[np.ndarray, "inputs features"]) -> tuple[tuple[int, ...], ...]:
    """Of every layer but the outputs, the inputs first, the neurons that are exactly the same at all points."""
    states = network.states(points)[:-1]
    return tuple(tuple(map(int, np.flatnonzero((state == state[:1]).all(axis=0)))) for state in states)


def without_constant(network: FeedForward, points: Any) -> tuple[FeedForward, Float[np.ndarray, "inputs kept"]]:
    """The network without what is the same at all points, and the points without it; see `Network.without_constant`."""
    rows = check_features(points_of(points, "points"), network.features)
    if not np.isfinite(rows).all():
        raise InputError("points must be finite numbers; leave out rows that are not")
    constant = constant_neurons(network, rows)
    if not any(constant):
        return network, rows
    for layer, (gone, width) in enumerate(zip(constant, network.widths, strict=False)):
        if len(gone) == width:
            what = "every input" if layer == 0 else f"every neuron of hidden layer {layer}"
            raise InputError(
                f"{what} is the same at all {len(rows):,} points, so the network decides the same at each of them and "
                "nothing is left to be explained; give points that differ"
            )
    states, weights, biases = network.states(rows), [], []
    kept = [np.setdiff1d(np.arange(width), gone) for width, gone in zip(network.widths, [*constant, ()], strict=True)]
    for k, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        gone = list(constant[k])
        biases.append((b + w[:, gone] @ states[k][0, gone])[kept[k + 1]])
        weights.append(w[np.ix_(kept[k + 1], kept[k])])
    own = (*_inputs_by_number(network), *network.called[1:])
    names = [own[layer][j] for layer, gone in enumerate(constant) for j in gone]
    said = (
        f"the same at all {len(rows):,} points, and taken out, {'is' if len(names) == 1 else 'are'} {spoken(names)}: "
        f"what {'it gives' if len(names) == 1 else 'they give'} is in the biases, and all others keep their names"
    )
    left = tuple(tuple(called[j] for j in stay) for called, stay in zip(own, kept, strict=True))
    smaller = replace(
        network, weights=tuple(weights), biases=tuple(biases), remarks=(*network.remarks, said), names=left
    )
    fewer = rows[:, kept[0]]
    _check_decides_alike(network, smaller, rows, fewer)
    return smaller, fewer


def ways_smaller(network: FeedForward, points: Float[np.ndarray, "inputs features"]) -> tuple[Way, ...]:
    """Without what is constant, two classes of several, and the layers after the first alone, as far as there are."""
    found = []
    if any(constant_neurons(network, points)):
        found.append(Way("network.without_constant(points) (--without-constant)", without_constant))
    if network.outputs > 2:
        found.append(Way("two classes, network.classes(K, L) (--classes K,L)", _of_one_output))
    if network.depth > 1:
        found.append(Way("one layer less (a tail that begins after the first hidden layer)", _after_the_first))
    return tuple(found)


def _of_one_output(network: FeedForward, points: np.ndarray) -> tuple[FeedForward, np.ndarray]:
    """A network of the size that two classes have when they are folded into one output."""
    return network.output(0), points


def _after_the_first(network: FeedForward, points: np.ndarray) -> tuple[FeedForward, np.ndarray]:
    """The layers after the first, at what the first gives."""
    weights, biases, activations = network.weights[1:], network.biases[1:], network.activations[1:]
    rest = replace(network, weights=weights, biases=biases, activations=activations, names=())
    return rest, network.states(points)[1]


def _check_decides_alike(
    network: FeedForward,
    smaller: FeedForward,
    rows: Float[np.ndarray, "inputs features"],
    fewer: Float[np.ndarray, "inputs kept"],
) -> None:
    """Raises InputError where taking out what is constant changes a decision, by threshold or among classes."""
    before, after = network.run(rows), smaller.run(fewer)
    levels = (0.0, 0.5) if network.threshold is None else (network.threshold,)
    changed = (before.argmax(axis=1) != after.argmax(axis=1)) | np.any(
        [((before > level) != (after > level)).any(axis=1) for level in levels], axis=0
    )
    if changed.any():
        row = int(np.flatnonzero(changed)[0])
        raise InputError(
            f"without what is constant, rounding changes what the network decides at row {row + 1} of the points, "
            "whose output lies on the boundary; leave that row out"
        )


def _with_outputs(network: FeedForward, combined: Float[np.ndarray, "kept outputs"]) -> FeedForward:
    """The network with some outputs only, or with combinations of its outputs, which are called as usual."""
    last, bias = network.weights[-1], network.biases[-1]
    weights, biases = (*network.weights[:-1], combined @ last), (*network.biases[:-1], combined @ bias)
    return replace(network, weights=weights, biases=biases, names=())


def _inputs_by_number(network: FeedForward) -> tuple[tuple[str, ...]]:
    """What the inputs are called, by their number where nobody named them: letters would be read as places."""
    return (network.names[0] if network.names else tuple(f"x{j}" for j in range(network.features)),)


def _listed(values: Any) -> str:
    return spoken([str(one) for one in listed("classes", values, "numbers")])
