"""The largest boxes on which a circuit decides right."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ..common.errors import InputError
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from .feed_forward import FeedForward
from .robust import Robustness, WrongDecision, robustness

# Where the search for a radius that is too large ends.
FARTHEST = 2.0**20


@dataclass(frozen=True, eq=False)
class LargestRadius:
    """Two radii between which the largest lies at which a circuit is robust.

    Attributes:
        proved: a radius at which the circuit is robust; None when it is not known to be robust even at 0.
        refuted: a radius at which it is not; infinite when none up to a million was refuted.
        counterexample: the decision that refutes it.
    """

    proved: float | None
    refuted: float
    counterexample: WrongDecision | None

    def __str__(self) -> str:
        if self.proved is None:
            return "not robust even at radius 0" if self.refuted == 0 else "not known to be robust even at radius 0"
        return f"robust up to {self.proved:.4g}" + (f", not at {self.refuted:.4g}" if self.counterexample else "")


def largest_radius(
    network: FeedForward,
    circuit: Circuit,
    behavior: Behavior,
    tolerance: float = 1e-4,
) -> LargestRadius:
    """The largest radius at which a circuit is robust, the same for every input, to within `tolerance`.

    Bisection, twice: for the radius from which it is no longer proved, and for the one from which it is refuted. The
    two differ by more than `tolerance` only where the circuit is left undecided in between.

    Raises:
        InputError: as for `robustness`, or a tolerance that is not above 0.

    Example:
        >>> from everyhow import Behavior, Circuit, parse_task, xornet
        >>> xor = Behavior.of_task(parse_task("XOR"))
        >>> print(largest_radius(xornet(), Circuit.whole(xornet()), xor))
        robust up to 0.228, not at 0.2281
    """
    if not tolerance > 0:
        raise InputError(f"the tolerance is {tolerance}; it must be above 0")

    @cache
    def at(radius: float) -> Robustness:
        return robustness(network, circuit, behavior, radius)

    def last_and_next(holds: Callable[[Robustness], bool]) -> tuple[float | None, float]:
        if not holds(at(0.0)):
            return None, 0.0
        low, high = 0.0, 1.0
        while holds(at(high)):
            if high >= FARTHEST:
                return high, math.inf
            low, high = high, 2 * high
        while high - low > tolerance and low < (middle := (low + high) / 2) < high:
            low, high = (middle, high) if holds(at(middle)) else (low, middle)
        return low, high

    proved, _ = last_and_next(lambda found: found.status == "proved")
    _, refuted = last_and_next(lambda found: found.status != "refuted")
    return LargestRadius(proved, refuted, at(refuted).counterexample if refuted < math.inf else None)
