"""Standard errors, intervals, slopes and p-values of plain numbers; SciPy is loaded where it is needed."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

RESAMPLES = 2000
Fit = tuple[float, float, float, float, int]


def standard_error(values: Float[np.ndarray, " networks"]) -> float | None:
    """The standard error of the mean; None of fewer than two values, or where one is infinite.

    Example:
        >>> standard_error(np.array([1.0, 3.0]))
        1.0
    """
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    # Squares of counts can leave the range of float64; taken in units of a power of two they cannot, to the same bit.
    _, unit = math.frexp(float(np.abs(values).max()))
    return math.ldexp(float(np.std(np.ldexp(values, -unit), ddof=1)) / math.sqrt(len(values)), unit)


def p_beside_sample(values: Float[np.ndarray, " networks"], mean: float, networks: int) -> float | None:
    """The p-value, two-sided, that these values and `networks` others with a mean of `mean` are of one population.

    Student's t, the spread of the others, which is not known, being taken for that of these; None where that has no
    value.
    """
    from scipy.stats import t

    error = standard_error(values)
    if error is None:
        return None
    away = abs(float(values.mean()) - mean)
    wide = error * math.sqrt(1 + len(values) / networks)
    return float(2 * t.sf(away / wide, len(values) - 1)) if wide else float(not away)


def p_beside_estimate(values: Float[np.ndarray, " networks"], mean: float, error: float) -> float | None:
    """The p-value, two-sided, that these values have the mean that others estimate with a standard error.

    Welch's t, the others being taken for many; None where the standard error of these has no value.
    """
    from scipy.stats import t

    own = standard_error(values)
    if own is None:
        return None
    wide = math.hypot(own, error)
    freedom = (len(values) - 1) * (wide / own) ** 4 if own else math.inf
    return float(2 * t.sf(abs(float(values.mean()) - mean) / wide, freedom))


def median_interval(values: Float[np.ndarray, " networks"]) -> tuple[float | None, float | None]:
    """The 95% interval of a median by the percentiles of 2,000 bootstrap samples; None of fewer than three values."""
    if len(values) < 3:
        return None, None
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,), np.median, n_resamples=RESAMPLES, method="percentile", vectorized=True, rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)


def slope(points: Sequence[tuple[float, float, str]]) -> Fit:
    """Slope, the ends of its interval, p and the number of networks, each of which has one point."""
    from scipy.stats import linregress, t

    x, y, _ = zip(*points, strict=True)
    if np.ptp(y) == 0:
        return 0.0, 0.0, 0.0, 1.0, len(points)
    fit: Any = linregress(x, y)
    reach = float(t.ppf(0.975, len(points) - 2)) * fit.stderr
    return float(fit.slope), float(fit.slope - reach), float(fit.slope + reach), float(fit.pvalue), len(points)


def mean_slope(points: Sequence[tuple[float, float, str]]) -> Fit | None:
    """What `slope` gives, where a network has several points: the mean of the slopes of networks with at least
    three."""
    from scipy.stats import linregress, ttest_1samp

    by_network: dict[str, list[tuple[float, float]]] = {}
    for x, y, network in points:
        by_network.setdefault(network, []).append((x, y))
    slopes = [float(linregress(*zip(*own, strict=True)).slope) for own in by_network.values() if len(own) > 2]  # type: ignore[attr-defined]
    if len(slopes) < 3:
        return None
    if np.ptp(slopes) == 0:
        return slopes[0], slopes[0], slopes[0], 1.0 if slopes[0] == 0 else 0.0, len(slopes)
    test: Any = ttest_1samp(slopes, 0)
    low, high = test.confidence_interval()
    return float(np.mean(slopes)), float(low), float(high), float(test.pvalue), len(slopes)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction: the k-th smallest of n is multiplied by n - k + 1, and none falls below one before it."""
    order = np.argsort(p_values)
    corrected, worst = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = worst
    return corrected
