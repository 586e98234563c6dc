"""How activations become readings, and how many interpretations that gives a circuit."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from .decision import Decision
from .runnable import Runnable

# Values of a neuron closer than this, relative to its largest magnitude (or 1), are one value.
TOLERANCE = 1e-9
# The readings of a neuron are bits of one machine number, one for each input.
MOST_INPUTS = 64


@dataclass(frozen=True)
class ReadingRule:
    """How activations become readings.

    Attributes:
        tolerance: values closer than this, relative to the neuron's largest magnitude (or 1), are one value.
        as_float32: compare the values as float32.
        decision: how outputs are read.
    """

    tolerance: float = TOLERANCE
    as_float32: bool = False
    decision: Decision = "threshold"

    def level_of(self, model: Runnable) -> float:
        """An output above it is read as 1; NaN when outputs are rounded instead."""
        return math.nan if self.decision == "round" else model.level


class InterpretationCount(NamedTuple):
    """The interpretations of one circuit.

    Attributes:
        once: don't cares counted once.
        expanded: each completion of the don't cares counted.
        is_doubtful: whether rounding may change the numbers, some values of a hidden neuron being just about as far
            apart as two values must be.
    """

    once: int
    expanded: int
    is_doubtful: bool
