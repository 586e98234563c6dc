"""Constants after the last activation: those that an activation takes up exactly, and what to do about all others.

A constant step makes scale * f(z) + shift of the outputs f(z). Some of these are f'(factor * z + summand) for an
activation f' that networks here have; factor and summand then become part of the last linear layer.
"""

from dataclasses import dataclass

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float

ODD = ("tanh", "softsign", "sign")


@dataclass(frozen=True, eq=False)
class Ending:
    """The activation `name` of factors * z + summands, output by output."""

    name: str
    factors: Float[np.ndarray, " outputs"]
    summands: Float[np.ndarray, " outputs"]


def clip(low: float, high: float) -> str:
    """The name of the activation that keeps numbers between two.

    Example:
        >>> clip(-1.0, 1.0), clip(0.0, 6.0), clip(0.0, 0.5)
        ('hardtanh', 'relu6', 'hardtanh:0:0.5')
    """
    known = {(-1.0, 1.0): "hardtanh", (0.0, 6.0): "relu6"}
    return known.get((low, high), "hardtanh:" + ":".join(repr(float(end)).removesuffix(".0") for end in (low, high)))


def ending(name: str, scale: Float[np.ndarray, " outputs"], shift: Float[np.ndarray, " outputs"]) -> Ending | None:
    """The ending that gives scale * f(z) + shift for the activation called `name`; None when there is none.

    A logistic sigmoid is a tanh of half its argument, moved and scaled; a ReLU keeps positive factors; an odd function
    keeps its sign; functions that clip are clipped elsewhere.

    Example:
        >>> ending("tanh", np.array([0.5, -0.5]), np.array([0.5, 0.5]))
        Ending(name='sigmoid:2', factors=array([ 1., -1.]), summands=array([0., 0.]))
    """
    kind, _, text = name.partition(":")
    sign, none = np.sign(scale), np.zeros_like(scale)

    def is_(size: float, moved: np.ndarray) -> bool:
        return bool((np.abs(scale) == size).all() and (shift == moved).all())

    if (scale == 1).all() and not shift.any():
        return Ending(name, scale, none)
    if kind == "identity":
        return Ending(name, scale, shift)
    if kind in ("relu", "leaky_relu") and (scale > 0).all() and not shift.any():
        return Ending(name, scale, none)
    if (kind in ODD and is_(1, none)) or (kind == "sigmoid" and is_(1, (1 - sign) / 2)):
        return Ending(name, sign, none)
    if kind == "tanh" and is_(0.5, none + 0.5):
        return Ending("sigmoid:2", sign, none)
    if kind == "sigmoid" and is_(2, -sign):
        return Ending("tanh", sign * float(text or 1) / 2, none)
    clipped = _clipped(name)
    if clipped and scale[0] and (scale == scale[0]).all() and (shift == shift[0]).all():
        factor, summand, low, high = clipped
        ends = sorted(float(scale[0] * end + shift[0]) for end in (low, high))
        return Ending(clip(*ends), scale * factor, scale * summand + shift)
    return None


def refused(where: str, before: str, scale: np.ndarray, shift: np.ndarray, boundary: float) -> InputError:
    """What to say about a constant step that no activation takes up."""
    first = f"{where}: after {before} it makes "
    if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
        return InputError(f"{first}numbers that are not finite; mend its constants in the source")
    if not scale.all():
        return InputError(f"{first}the same of every input, since it multiplies an output by 0; leave it out")
    same = (scale == scale[0]).all() and (shift == shift[0]).all()
    moved = f" {'+' if shift[0] > 0 else '-'} {abs(shift[0]):.6g}" if shift[0] else ""
    what = f"{scale[0]:.6g} * output{moved}" if same else "scale * output + shift"
    told = (
        f"{first}{what}, which no activation here does, and which only moves where an output turns: import the model "
        "without it"
    )
    turns, at_zero = (boundary - shift) / scale, -shift / scale
    if not same:
        shown = ", ".join(f"{value:.6g}" for value in turns[:8])
        return InputError(
            f"{told} and ask about its outputs one at a time, with thresholds of their own: it gives {boundary:g} "
            f"where they are {shown}"
        )
    given = (
        f"{told} and give threshold={turns[0]:.6g}, where it gives {boundary:g} "
        f"(or threshold={at_zero[0] + 0.0:.6g}, where it gives 0)"
    )
    return InputError(given if scale[0] > 0 else f"{given}; its factor is negative, so ask about the opposite bits")


def _clipped(name: str) -> tuple[float, float, float, float] | None:
    """Factor, summand, low and high of a function that clips factor * z + summand."""
    kind, _, text = name.partition(":")
    numbers = [float(part) for part in text.split(":")] if text else []
    if kind == "hardtanh":
        low, high = numbers or (-1.0, 1.0)
        return 1.0, 0.0, low, high
    if kind == "hardsigmoid":
        factor, summand = numbers or (1 / 6, 0.5)
        return factor, summand, 0.0, 1.0
    return (1.0, 0.0, 0.0, 6.0) if kind == "relu6" else None
