"""The check that every import passes: outputs here against outputs of the source, at the same inputs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..common.arguments import quoted
from ..common.errors import InputError
from ..common.shapes import Float
from ..given.points import is_corner
from ..model.activations import activation
from ..model.origin import Origin
from ..network.network import Network
from .layers import Softmax, Step, fold
from .rounding import Precision, allowed_differences

# Last activations that give as much below 0 as above.
CENTERED = ("identity", "tanh", "softsign", "hardtanh")


def imported(
    steps: Sequence[Step],
    points: Float[np.ndarray, "inputs features"],
    theirs: Float[np.ndarray, "inputs _outputs"],
    *,
    source: str,
    precision: Precision,
    checked_on: str,
    threshold: Any = None,
    drawn: bool = False,
) -> Network:
    """The network that the steps make, with its origin, once it computes what the source does.

    Args:
        steps: what the source model does.
        points: inputs that `precision` holds exactly.
        theirs: the outputs of the source at these.
        source: what the source is called.
        precision: what the source computes in.
        checked_on: what the points are, in words.
        threshold: an output above it is read as 1; None when nobody said it.
        drawn: whether points other than corners were drawn here; of these, points at which the source overflows are
            left out.

    Raises:
        InputError: the threshold is not a number, the steps make no network, or its outputs differ by more than
            rounding can explain.
    """
    network, folded = fold(steps)
    network = read_at(network, threshold)
    if drawn:
        points, theirs, checked_on = _finite(points, theirs, checked_on)
    ours, allowed = network.run(points), allowed_differences(steps, points, precision)
    level = 0.5 if network.threshold is None else network.threshold
    if any(isinstance(step, Softmax) for step in steps):
        network = of_classes(network, threshold)
    for softmax in (step for step in steps if isinstance(step, Softmax)):
        ours, allowed = _through(softmax, ours, allowed, precision)
        level = 0.5
    origin = check_import(
        Comparison(points, ours, theirs, allowed, level),
        source=source, folded=folded, precision=precision, checked_on=checked_on,
    )  # fmt: skip
    return replace(network, origin=origin)


def of_classes(network: Network, threshold: Any) -> Network:
    """The network whose outputs stand for classes, since a softmax after them was left out.

    Raises:
        InputError: a threshold is given, which does not decide between classes.
    """
    if threshold is not None:
        raise InputError(
            f"threshold is {quoted(threshold)}, but the model ends in a softmax, so its outputs stand for classes, of "
            "which the largest is chosen: leave the threshold out"
        )
    return replace(network, threshold=None, softmax=True)


def read_at(network: Network, threshold: Any) -> Network:
    """The network with the threshold given; or with 0.5, where its last activation leaves nothing else to be meant.

    Outputs that are linear may be logits, which turn at 0, or trained towards 0 and 1; those of tanh and its like may
    be trained towards -1 and 1. So these get None when nothing is given: whatever needs a decision asks.
    """
    last = activation(network.activations[-1])
    centered = last.name.partition(":")[0] in CENTERED and last(np.array(-1e300)) < 0
    usual = None if centered else 0.5
    return replace(network, threshold=usual if threshold is None else threshold)


def _finite(points: np.ndarray, theirs: np.ndarray, words: str) -> tuple[np.ndarray, np.ndarray, str]:
    """The points without random ones at which the source gives no numbers, its outputs, and the points in words."""
    kept = is_corner(points) | np.isfinite(theirs.reshape(len(theirs), -1)).all(axis=1)
    left_out = int((~kept).sum())
    if not left_out or not kept.any():
        return points, theirs, words
    return points[kept], theirs[kept], f"{words}, without {left_out} at which the source overflows"


class Comparison(NamedTuple):
    """Outputs of two models at the same points, how far they may be apart, and the level at which decisions turn."""

    points: Float[np.ndarray, "inputs features"]
    ours: Float[np.ndarray, "inputs outputs"]
    theirs: Float[np.ndarray, "inputs _outputs"]
    allowed: Float[np.ndarray, "inputs outputs"]
    level: float


def _through(softmax: Softmax, ours: np.ndarray, allowed: np.ndarray, precision: Precision) -> tuple[Any, ...]:
    """Outputs after a softmax, and how far they may be apart when those before it may by `allowed`.

    A softmax moves by at most half the largest change of its arguments, its logarithm by at most twice that.
    """
    moved = allowed.max(axis=1, keepdims=True)
    below = ours - ours.max(axis=1, keepdims=True)
    logarithms = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
    rounded = (ours.shape[1] + 8) * precision.epsilon
    if softmax.logarithm:
        return logarithms, 2 * moved + rounded * (1 + np.abs(below).max(axis=1, keepdims=True) + np.zeros_like(ours))
    return np.exp(logarithms), moved / 2 + rounded + np.zeros_like(ours)


def check_import(
    compared: Comparison,
    *,
    source: str,
    folded: tuple[str, ...],
    precision: Precision,
    checked_on: str,
) -> Origin:
    """What the comparison of two models says.

    Raises:
        InputError: outputs of other shapes, or an output that differs by more than is allowed, or is not finite.
    """
    points, ours, theirs, allowed, level = compared
    if ours.shape != theirs.shape:
        raise InputError(
            f"{source}: it gives outputs of shape {theirs.shape}, the imported network {ours.shape}; "
            "the outputs must be one row of numbers per input"
        )
    with np.errstate(invalid="ignore"):
        difference = np.abs(ours - theirs)
        over = ~(difference <= allowed)
    changed = (ours > level) != (theirs > level)
    if over.any():
        # A difference that is not a number counts as larger than any.
        at = np.unravel_index(np.argmax(np.where(over, np.nan_to_num(difference, nan=np.inf), -1)), over.shape)
        raise InputError(
            f"{source}: the imported network computes something else. The largest difference is "
            f"{difference[at]:.3g}, in output {at[1]} at the input {_shown(points[at[0]])}: {ours[at]:.9g} here, "
            f"{theirs[at]:.9g} in the source, where {precision.name} arithmetic explains {allowed[at]:.3g}; "
            f"{int((changed & over).sum())} of {changed.size} decisions change (checked on {checked_on}). "
            "Nothing was imported: the model does more than its layers say, such as in a hook, or computes in another "
            "precision; write it as plain layers"
        )
    at = np.unravel_index(np.argmax(difference), difference.shape)
    return Origin(
        source=source,
        folded=folded,
        precision=precision.name,
        checked_on=checked_on,
        inputs_checked=len(points),
        largest_difference=float(difference[at]),
        allowed_difference=float(allowed[at]),
        decisions_changed=int(changed.sum()),
        ties=int((np.abs(ours - level) <= allowed).sum()),
        largest_output_changed=int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum()),
    )


def _shown(point: np.ndarray) -> str:
    shown = ", ".join(f"{value:.6g}" for value in point[:8])
    return f"({shown}{', ...' if len(point) > 8 else ''})"
