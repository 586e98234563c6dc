"""Bounds of how far float64 arithmetic may be from exact arithmetic, in runs of a network and of its circuits.

A sum of n products differs from the exact one by less than (n + 2) eps times the sum of the absolute products (Higham,
Accuracy and Stability of Numerical Algorithms, section 3.1), in whatever order it is added. It does not differ at all
where every product is a whole multiple of one power of two, and their absolute sum less than 2^53 of it. Errors pass on
through weights, and through activations by their steepest slope.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..common.shapes import Float
from ..model.activations import CLIP, LEAKY, STEP, Activation, activation
from ..model.runnable import Rounding
from .feed_forward import FeedForward

EPSILON, SMALLEST = 2.0**-52, 2.0**-1022
# Whole numbers up to here are all floating-point numbers.
WHOLE = 2.0**53
# What an edge carries may be taken as a difference, whose two parts add to what rounds.
PARTS = 3.0
# No activation that dips goes lower.
DEEPEST = 0.5


@dataclass(frozen=True, eq=False)
class Values:
    """What is known of the values of one layer's neurons in many runs.

    Attributes:
        most: shape (neurons,), what no value exceeds in magnitude, computed or exact.
        error: shape (neurons,), how far a computed value may be from the exact one.
        grid: a power of two of which every value is a whole multiple; 0 when none is known, infinite when all are 0.
    """

    most: Float[np.ndarray, " neurons"]
    error: Float[np.ndarray, " neurons"]
    grid: float

    @staticmethod
    def of(
        values: Float[np.ndarray, "runs neurons"], error: Float[np.ndarray, "runs neurons"] | None = None
    ) -> "Values":
        """Of values that are there, each off by at most its error."""
        off = np.zeros_like(values) if error is None else error
        exact = not off.any()
        return Values(_most(np.abs(values) + off), _most(off), grid_of(values) if exact else 0.0)

    def or_else(self, other: "Values") -> "Values":
        """Of values of which each is one of these or one of the others."""
        most, error = np.maximum(self.most, other.most), np.maximum(self.error, other.error)
        return Values(most, error, min(self.grid, other.grid))


def grid_of(values: np.ndarray) -> float:
    """The largest power of two of which all values are whole multiples; infinite when all are 0, and 0 where there is
    none that is a floating-point number, or a value is not finite.

    Example:
        >>> grid_of(np.array([0.75, 2.0])), grid_of(np.array([0.1])) < 1e-16
        (0.25, True)
    """
    if not np.isfinite(values).all():
        return 0.0
    mantissas, exponents = np.frexp(values[values != 0])
    whole = np.abs(mantissas * WHOLE).astype(np.int64)
    lowest = np.log2((whole & -whole).astype(np.float64)) + exponents - 53
    return float(np.exp2(lowest.min())) if len(lowest) else math.inf


def sums_of(values: Values, weights: np.ndarray, biases: np.ndarray) -> Values:
    """Of the pre-activations of a layer whose edges carry such values, any of them being removed or not."""
    absolute, terms = np.abs(weights), weights.shape[1] + 3
    with np.errstate(over="ignore", invalid="ignore"):
        parts = times(absolute, values.most)
        passed = times(absolute, values.error)
        most = np.abs(biases) + parts
        grid = min(_product(values.grid, grid_of(weights)), grid_of(biases))
        if not passed.any() and grid > 0 and (np.abs(biases) + PARTS * parts).max(initial=0.0) < WHOLE * grid:
            return Values(most, passed, grid)
        error = passed + terms * (EPSILON * (np.abs(biases) + PARTS * parts) + SMALLEST)
        return Values(most + error, error, 0.0)


def activated(values: Values, function: Activation) -> Values:
    """Of the activations of neurons with such pre-activations. A step is taken to be on the right side of its jump."""
    first, second, low, high = function.parameters
    ends = np.array([values.most, -values.most, np.zeros_like(values.most)])
    most = np.nan_to_num(np.abs(function(ends)).max(axis=0), nan=math.inf, posinf=math.inf)
    most = most + (0.0 if function.is_monotone else DEEPEST)
    if function.code == STEP:
        return Values(most, np.zeros_like(most), grid_of(np.array([first, 1.0])))
    slope = function.steepest(np.zeros_like(values.most), np.full_like(values.most, math.inf))
    with np.errstate(over="ignore", invalid="ignore"):
        passed = np.where(values.error > 0, slope * values.error, 0.0)
        if function.code == LEAKY and first in (0.0, 1.0):
            return Values(most + passed, passed, values.grid)
        if function.code == CLIP and (first, second) == (1.0, 0.0):
            return Values(most + passed, passed, min(values.grid, grid_of(np.array([low, high]))))
        error = passed + own_rounding(function, most)
        return Values(most + error, error, 0.0)


def own_rounding(function: Activation, values: np.ndarray) -> np.ndarray:
    """How far values computed by an activation's own formula may be off."""
    relative, absolute = function.accuracy
    return EPSILON * (relative * np.abs(values) + absolute) + SMALLEST


def rounding_of_circuits(
    network: FeedForward, points: Float[np.ndarray, "runs features"], removed: Sequence[Values]
) -> Rounding:
    """How far the sums of any circuit may be off at some inputs, whatever its edges; all others carry what is removed,
    given for layers 0 to depth - 1."""
    values, steps, exact, hidden = Values.of(points).or_else(removed[0]), {}, [], []
    for layer in range(network.depth - 1):
        sums = sums_of(values, network.weights[layer], network.biases[layer])
        exact.append(bool(sums.grid))
        function = activation(network.activations[layer])
        if function.code == STEP and sums.error.any():
            steps[layer] = sums.error
        values = activated(sums, function)
        hidden.append(values.error)
        values = values.or_else(removed[layer + 1])
    sums = sums_of(values, network.weights[-1], network.biases[-1])
    return Rounding(sums.error, tuple(hidden), steps, (*exact, bool(sums.grid)))


def nothing(neurons: int) -> Values:
    """Of neurons that carry nothing."""
    return Values(np.zeros(neurons), np.zeros(neurons), math.inf)


def _most(values: np.ndarray) -> np.ndarray:
    return values.max(axis=0, initial=0.0)


def times(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Weights times values that may be infinite, 0 times which is 0."""
    if np.isfinite(values).all():
        return values @ weights.T
    return np.where(weights != 0, weights * values[..., None, :], 0.0).sum(axis=-1)


def _product(one: float, other: float) -> float:
    return math.inf if math.inf in (one, other) else one * other
