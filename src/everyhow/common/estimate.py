"""What is said of a number that was estimated from a sample instead of counted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """An unbiased estimate from a uniform sample of circuits, with the ends of its 95 % confidence interval."""

    value: float
    low: float
    high: float
    sample: int
