"""Decisions: how the outputs of a network become bits or classes, and which pre-activations are decided so."""

import math
from typing import Literal

import numpy as np

from ..common.arguments import choice, quoted
from ..common.errors import InputError
from ..common.shapes import Bool, Float
from .activations import activation
from .runnable import Runnable

Decision = Literal["threshold", "round", "argmax", "within"]
# Those that may be asked for; `within` is that of answers that are numbers, which only a behavior says.
DECISIONS: tuple[Decision, ...] = ("threshold", "round", "argmax")


def decide(
    outputs: Float[np.ndarray, "*shape"], decision: Decision, level: float, answers: int = 1
) -> tuple[Bool[np.ndarray, "*shape"], Bool[np.ndarray, "*shape"]]:
    """The bit that each output is read as, and whether it is a bit at all (not always so by rounding).

    By threshold an output above `level` is 1. By argmax the outputs lie on the last axis, those of each of several
    answers together, and of equal ones the first is chosen. Answers that are numbers are read as 0 throughout.
    """
    if decision == "argmax":
        each = outputs.reshape(*outputs.shape[:-1], answers, outputs.shape[-1] // answers)
        chosen = np.arange(each.shape[-1]) == each.argmax(axis=-1)[..., None]
        return chosen.reshape(outputs.shape), np.ones(np.shape(outputs), dtype=bool)
    if decision == "within":
        return np.zeros(np.shape(outputs), dtype=bool), np.ones(np.shape(outputs), dtype=bool)
    if decision == "threshold":
        return outputs > level, np.ones(np.shape(outputs), dtype=bool)
    nearest = np.round(outputs)
    return nearest == 1, (nearest == 0) | (nearest == 1)


def decision_limits(name: str, decision: Decision, bit: bool, slack: float, level: float = 0.5) -> tuple[float, float]:
    """The half-open interval (low, high] of pre-activations at which an output neuron is read as `bit`.

    Args:
        name: the output's activation.
        decision: how outputs become bits.
        bit: the bit wanted.
        slack: how far every boundary is moved outwards, in units of the output; negative moves inwards.
        level: by threshold, an output above it is 1.
    """
    crossing = activation(name).crossing
    if decision == "threshold":
        return (crossing(level - slack), math.inf) if bit else (-math.inf, crossing(level + slack))
    if bit:
        # 1.5 rounds to 2 and 0.5 to 0, so both ends are open.
        return crossing(0.5 - slack), crossing(math.nextafter(1.5 + slack, -math.inf))
    return crossing(math.nextafter(-0.5 - slack, -math.inf)), crossing(0.5 + slack)


def decision_for(model: Runnable, decision: str | None) -> Decision:
    """How the outputs of a network are decided: as said, or in the one way that they can be.

    Raises:
        InputError: an unknown decision, argmax of one output, or several outputs that may be classes or bits.
    """
    outputs = model.outputs
    if decision is not None:
        choice("decision", decision, DECISIONS)
        if decision == "argmax" and outputs < 2:
            raise InputError(f"the decision argmax needs at least 2 outputs; the {model.kind} has 1: use threshold")
        return decision  # type: ignore[return-value]
    if outputs == 1:
        return "threshold"
    if model.softmax:
        return "argmax"
    if model.threshold not in (None, 0.5):
        return "threshold"
    if model.ending == "identity":
        return "argmax"
    raise InputError(
        f"the {model.kind} has {outputs} outputs after {model.ending}, and nothing says what they stand for: "
        'decision="threshold" (--decision threshold) for bits of their own; decision="argmax" for classes, of which '
        "the largest output is chosen"
    )


def check_no_threshold(decision: object, threshold: object) -> None:
    """Raises InputError when a threshold is given for classes, of which the largest is chosen."""
    if isinstance(decision, str) and decision == "argmax" and threshold is not None:
        raise InputError(
            f"threshold is {quoted(threshold)}, but by argmax the largest output is chosen, whatever its size: give "
            "one of them"
        )


def level_for(model: Runnable, decision: Decision) -> float:
    """The number above which an output is read as 1: the model's threshold, or 0.5 where no threshold decides."""
    return model.level if decision == "threshold" else 0.5
