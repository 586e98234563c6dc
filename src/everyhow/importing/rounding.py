"""How far floating-point arithmetic may move the outputs of a model: a bound, not a guess.

Every sum of n products in arithmetic of relative error eps/2 differs from the exact one by less than (n + 2) eps times
the sum of the absolute products (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), in whatever
order it is added. Errors then pass through the next weights, and through activations by their steepest slope nearby.
Magnitudes are carried through consecutive affine steps without cancellation, so that the bound also holds for steps
that one side has put together.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..common.shapes import Float
from ..model.activations import activation
from .layers import Affine, Nonlinear, Selection, Step

# Both sides round, and the bound is of first order in eps.
SAFETY = 2.0


@dataclass(frozen=True)
class Precision:
    """A floating-point type: the distance from 1 to the next number, and the smallest normal number."""

    name: str
    epsilon: float
    smallest: float


PRECISIONS = {
    "float64": Precision("float64", 2.0**-52, 2.0**-1022),
    "float32": Precision("float32", 2.0**-23, 2.0**-126),
    "bfloat16": Precision("bfloat16", 2.0**-7, 2.0**-126),
    "float16": Precision("float16", 2.0**-10, 2.0**-14),
}


def coarsest(names: Iterable[str]) -> Precision:
    """The least precise of the named types."""
    return max((PRECISIONS[name] for name in names), key=lambda precision: precision.epsilon)


def allowed_differences(
    steps: Iterable[Step], points: Float[np.ndarray, "inputs features"], precision: Precision
) -> Float[np.ndarray, "inputs outputs"]:
    """How far each output may lie from that of exact arithmetic, times a safety factor of 2; before a last softmax.

    Example:
        >>> third = Affine(np.array([[1 / 3]]), np.array([0.0]), "Linear 0")
        >>> bool(allowed_differences([third], np.array([[1.0]]), PRECISIONS["float32"]) < 3e-7)
        True
    """
    eps, smallest = precision.epsilon, precision.smallest
    values, error, magnitude = points, np.zeros_like(points), np.abs(points)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in steps:
            if isinstance(step, Affine):
                absolute = Affine(np.abs(step.weights), np.abs(step.biases), step.where)
                terms = np.count_nonzero(np.atleast_2d(step.weights.T), axis=0) + 2
                values, magnitude = step(values), absolute(magnitude)
                error = absolute.product(error) + terms * (eps * magnitude + smallest)
            elif isinstance(step, Nonlinear):
                function = activation(step.name)
                moved = function.moved(values, error)
                values = function(values)
                error = moved + function.rounding(values, eps) + smallest + step.apart
                magnitude = np.abs(values) + error
            elif isinstance(step, Selection):
                kept = list(step.kept)
                values, error, magnitude = values[:, kept], error[:, kept], magnitude[:, kept]
    return SAFETY * error
