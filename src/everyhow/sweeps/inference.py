"""Standard errors, intervals, slopes and p-values of plain numbers; SciPy is loaded where it is needed."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..common.shapes import Float

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


@dataclass(frozen=True)
class RankTest:
    """Two samples compared by ranks.

    Attributes:
        paired: whether both are of the same networks.
        larger: the share of pairs in which the second is larger, ties counted half.
        p: of no difference, two-sided.
    """

    paired: bool
    larger: float
    p: float


def rank_test(one: Mapping[str, float], other: Mapping[str, float]) -> RankTest:
    """Whether the values of networks, by name, differ: Mann-Whitney, or Wilcoxon's signed ranks of the networks in
    both where there are two of these or more.

    Example:
        >>> [rank_test({"a": 1.0, "b": 2.0}, other).larger for other in ({"c": 3.0, "d": 4.0}, {"a": 1.0, "b": 4.0})]
        [1.0, 0.75]
    """
    from scipy.stats import mannwhitneyu, wilcoxon

    both = [name for name in one if name in other]
    if len(both) < 2:
        found: Any = mannwhitneyu(list(other.values()), list(one.values()))
        return RankTest(False, float(found.statistic) / (len(one) * len(other)), float(found.pvalue))
    signs = [np.sign(other[name] - one[name]) if one[name] != other[name] else 0.0 for name in both]
    larger = float(np.mean([(sign + 1) / 2 for sign in signs]))
    if not any(signs):
        return RankTest(True, larger, 1.0)
    found = wilcoxon([other[name] for name in both], [one[name] for name in both])
    return RankTest(True, larger, float(found.pvalue))


class Observation(NamedTuple):
    """A network at a setting.

    Attributes:
        levels: the value of each swept option.
        y: what is analyzed.
        network: by name; one may be seen at several settings.
    """

    levels: tuple[str, ...]
    y: float
    network: str


@dataclass(frozen=True)
class Variation:
    """A term of an analysis of variance.

    Attributes:
        f: the statistic.
        freedom: degrees of freedom of the term and of the residual.
        p: of no effect.
        share: of the variation left by the other terms, how much this one takes.
        networks: used.
    """

    f: float
    freedom: tuple[int, int]
    p: float
    share: float
    networks: int


def slopes_of(seen: Sequence[tuple[Observation, float]]) -> list[Observation]:
    """One observation for each network and setting that is seen at three places or more: its slope along these."""
    from scipy.stats import linregress

    grouped: dict[tuple[tuple[str, ...], str], list[tuple[float, float]]] = {}
    for one, place in seen:
        grouped.setdefault((one.levels, one.network), []).append((place, one.y))
    return [
        Observation(levels, float(linregress(*zip(*points, strict=True)).slope), network)  # type: ignore[attr-defined]
        for (levels, network), points in grouped.items()
        if len({place for place, _ in points}) > 2
    ]


def variations(seen: Sequence[Observation], options: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Variation]]:
    """The main effects of options and the interactions of every two of them: analysis of variance of type II.

    A term is tested against the model of all terms that do not contain it; the residual is that of the model of all
    main effects and interactions of two. Where networks are seen at several settings their means are taken out, and a
    term that never varies within a network is tested between the means of the networks.

    Args:
        seen: the observations.
        options: the names of their levels.

    Yields:
        Each term by the names of its options, main effects first; terms without a degree of freedom, or with none left
        for the residual, are left out.
    """
    terms = [(k,) for k in range(len(options))] + list(itertools.combinations(range(len(options)), 2))
    by_network: dict[str, list[Observation]] = {}
    for one in seen:
        by_network.setdefault(one.network, []).append(one)
    fixed = {
        k for k in range(len(options)) if all(len({one.levels[k] for one in own}) == 1 for own in by_network.values())
    }
    between = [term for term in terms if fixed.issuperset(term)]
    means = [
        Observation(own[0].levels, float(np.mean([one.y for one in own])), network)
        for network, own in by_network.items()
    ]
    for term in terms:
        among = (means, term, between, False) if term in between else (seen, term, terms, True)
        found = _variation(*among)
        if found is not None:
            yield tuple(options[k] for k in term), found


def _variation(
    seen: Sequence[Observation], term: tuple[int, ...], terms: Sequence[tuple[int, ...]], within: bool
) -> Variation | None:
    """One term beside all those that do not contain it; None where there is no degree of freedom for it or the
    residual."""
    from scipy.stats import f as distribution

    if len(seen) < 3:
        return None
    others = [each for each in terms if not set(term) <= set(each)]
    without, alone, whole = (_residual(seen, model, within) for model in (others, [*others, term], terms))
    own, rest = alone[1] - without[1], len(seen) - whole[1]
    if own < 1 or rest < 1:
        return None
    taken, left = max(0.0, without[0] - alone[0]), whole[0]
    # What is 0 but for rounding is 0.
    nothing = 1e-12 * max(sum(one.y**2 for one in seen), 1e-300)
    taken, left = (0.0 if part <= nothing else part for part in (taken, left))
    networks = len({one.network for one in seen})
    if not taken or not left:
        return Variation(math.inf if taken else 0.0, (own, rest), float(not taken), float(bool(taken)), networks)
    f = taken / own / (left / rest)
    return Variation(f, (own, rest), float(distribution.sf(f, own, rest)), taken / (taken + left), networks)


def _residual(seen: Sequence[Observation], terms: Sequence[tuple[int, ...]], within: bool) -> tuple[float, int]:
    """The sum of squares that a model leaves, and its degrees of freedom: a constant, or one for each network, and a
    column for every combination of the levels of each term."""
    y = np.array([one.y for one in seen])
    columns = [np.ones(len(seen))]
    for term in terms:
        cells = [tuple(one.levels[k] for k in term) for one in seen]
        columns += [np.array([cell == each for cell in cells], dtype=float) for each in sorted(set(cells))]
    design = np.stack(columns, axis=1)
    means = 0
    if within:
        _, group = np.unique([one.network for one in seen], return_inverse=True)
        sizes = np.bincount(group)
        means = len(sizes)
        # Taking the mean of each network out of everything is the same as a column for each network.
        y = y - (np.bincount(group, y) / sizes)[group]
        totals = np.zeros((means, design.shape[1]))
        np.add.at(totals, group, design)
        design = design - (totals / sizes[:, None])[group]
    rank = int(np.linalg.matrix_rank(design, tol=1e-9 * len(seen)))
    fitted = design @ np.linalg.lstsq(design, y, rcond=1e-12)[0]
    return float(((y - fitted) ** 2).sum()), rank + means
