"""A number of things: counted, bracketed where rounding decides, or estimated from a sample."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """An unbiased estimate from a uniform sample of circuits, with the ends of its 95% confidence interval."""

    value: float
    low: float
    high: float
    sample: int

    @property
    def drawn(self) -> int:
        """How many circuits it was made from."""
        return self.sample

    def __str__(self) -> str:
        return f"about {self.value:.3g} (95% interval {self.low:.3g} to {self.high:.3g}, from {self.sample:,} circuits)"


@dataclass(frozen=True)
class Count:
    """How many there are, as far as it is known.

    Attributes:
        low: at least so many; None where nothing was counted.
        high: at most so many; None where nothing was counted.
        estimate: of the number, where it was not counted.

    Example:
        >>> str(Count.of(21665)), str(Count.of((3, 5))), str(Count())
        ('21,665', 'between 3 and 5', 'not counted')
    """

    low: int | None = None
    high: int | None = None
    estimate: Estimate | None = None

    @staticmethod
    def of(number: "int | tuple[int, int] | None") -> "Count":
        """A number that is known, or its two ends, or nothing."""
        return Count(*number) if isinstance(number, tuple) else Count(number, number)

    @property
    def exact(self) -> int | None:
        """The number, where it is known."""
        return self.low if self.low == self.high else None

    @property
    def plain(self) -> int | list[int] | None:
        """The number, its two ends, or None, as in audit.json."""
        return self.exact if self.low is None or self.low == self.high else [self.low, self.high or 0]

    def named(self, key: str) -> dict[str, Any]:
        """The number under its name in audit.json; its two ends under `KEY_between`, an estimate under `KEY_estimated`.

        Example:
            >>> Count.of((3, 5)).named("perfect_circuits")
            {'perfect_circuits_between': [3, 5]}
        """
        estimated = {} if self.estimate is None else {f"{key}_estimated": vars(self.estimate)}
        return {f"{key}_between" if isinstance(self.plain, list) else key: self.plain} | estimated

    def __str__(self) -> str:
        if self.estimate is not None:
            return str(self.estimate)
        if self.low is None:
            return "not counted"
        return f"{self.low:,}" if self.low == self.high else f"between {self.low:,} and {self.high:,}"


NOT_COUNTED = Count()
