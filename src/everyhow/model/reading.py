"""How activations become readings, and how many interpretations that gives a circuit."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..common.progress import Progress
from ..common.shapes import Bool, Int64, Shaped
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


@dataclass(frozen=True, eq=False)
class InterpretationCounts:
    """The interpretations of some circuits, in order. Numbers are exact: where they do not fit in 64 bits, the arrays
    hold Python's.

    Attributes:
        once: don't cares counted once.
        scaled: each completion of the don't cares counted, without a power of two.
        exponents: the exponent of that power.
        doubtful: whether rounding may change the numbers, some values of a hidden neuron being just about as far apart
            as two values must be.
    """

    once: Shaped[np.ndarray, " circuits"]
    scaled: Shaped[np.ndarray, " circuits"]
    exponents: Int64[np.ndarray, " circuits"]
    doubtful: Bool[np.ndarray, " circuits"]

    def __len__(self) -> int:
        return len(self.once)

    @property
    def expanded(self) -> Iterator[int]:
        """Of each circuit, each completion of the don't cares counted."""
        return (n << e for n, e in zip(self.scaled.tolist(), self.exponents.tolist(), strict=True))

    @property
    def totals(self) -> "InterpretationTotals":
        """Over all these circuits."""
        if not len(self):
            return InterpretationTotals()
        found = np.unique(self.exponents)
        expanded = sum(exact_sum(self.scaled[self.exponents == e]) << int(e) for e in found)
        least, most = int(self.once.min()), int(self.once.max())
        return InterpretationTotals(exact_sum(self.once), expanded, least, most, int(self.doubtful.sum()))


@dataclass(frozen=True)
class InterpretationTotals:
    """The interpretations of many circuits together.

    Attributes:
        once: don't cares counted once.
        expanded: each completion of the don't cares counted.
        least: the fewest of one circuit, don't cares counted once; None of no circuit.
        most: the most of one circuit.
        doubtful: circuits of which rounding may change the number.
    """

    once: int = 0
    expanded: int = 0
    least: int | None = None
    most: int | None = None
    doubtful: int = 0

    def __add__(self, other: "InterpretationTotals") -> "InterpretationTotals":
        least = [n for n in (self.least, other.least) if n is not None]
        most = [n for n in (self.most, other.most) if n is not None]
        return InterpretationTotals(
            self.once + other.once,
            self.expanded + other.expanded,
            min(least, default=None),
            max(most, default=None),
            self.doubtful + other.doubtful,
        )


class InterpretationSum(NamedTuple):
    """The interpretations of many circuits together, none of which was gone through alone.

    Attributes:
        once: don't cares counted once.
        circuits: how many circuits these are.
        doubtful: circuits of which rounding may change the number.
    """

    once: int
    circuits: int
    doubtful: int


class Summing(ABC):
    """A way to sum up the interpretations of all circuits that meet a criterion without going through them."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """The candidate evaluations that it takes."""

    @property
    @abstractmethod
    def steps_each(self) -> int:
        """The candidate evaluations that going through one circuit takes at most."""

    @abstractmethod
    def ends(self, progress: Progress) -> tuple[InterpretationSum, InterpretationSum]:
        """The sums without the circuits that only possibly meet the criterion, and with them."""


def exact_sum(numbers: Shaped[np.ndarray, " numbers"]) -> int:
    """The sum of whole numbers, none of which is negative.

    Example:
        >>> exact_sum(np.array([2**62, 2**62, 1]))
        9223372036854775809
    """
    if numbers.dtype == object:
        return sum(numbers.tolist())
    # In two parts, of which each has room for 2^31 numbers.
    return (int((numbers >> 32).sum()) << 32) + int((numbers & 0xFFFFFFFF).sum())
