"""Whether the settings of a sweep differ: one swept option at a time, the others held, and whether what one option does
depends on another.

Where an option is a number with three values or more, a slope is fitted; otherwise its values are compared two by two.
With several options both are made within every combination of the values of the others, and an analysis of variance of
log10(1 + count) tests the interactions: whether the effect of one option depends on another.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .inference import (
    Observation,
    holm,
    mean_slope,
    rank_test,
    slope,
    slopes_of,
    variations,
)
from .plan import EPOCH, Level, value_text
from .results import Sweep
from .statistics import Measure, is_logarithmic, measures_of, numeric_levels, observations


@dataclass(frozen=True)
class Trend:
    """A measure against a swept option that is a number: least squares of log10(1 + count).

    Along epochs every network has a slope of its own, and the mean slope is tested over the networks.

    Attributes:
        measure: what is measured.
        option: the swept option.
        at: the values of the other swept options, as in labels; empty where there is no other.
        logarithmic: whether the option is taken by its logarithm to base 10, settings at 0 being left out.
        slope: per unit of the option, or per factor of ten.
        low: lower end of its 95% interval.
        high: upper end.
        p: of no slope, two-sided; of several slopes of a measure corrected by Holm.
        networks: used.
    """

    measure: Measure
    option: str
    at: str
    logarithmic: bool
    slope: float
    low: float
    high: float
    p: float
    networks: int


@dataclass(frozen=True)
class Contrast:
    """A measure at two values of a swept option, all others held: Mann-Whitney, two-sided, corrected by Holm over the
    contrasts of the measure. Where both settings have the same networks: Wilcoxon's signed ranks over the networks.

    Attributes:
        measure: what is measured.
        option: the swept option.
        at: the values of the other swept options, as in labels; empty where there is no other.
        one: a value of the option.
        other: another.
        paired: whether the networks are the same.
        larger: how often a network of `other` has more than one of `one`, ties counted half; of the same networks, how
            often one has more.
        p: corrected.
        networks: of either.
    """

    measure: Measure
    option: str
    at: str
    one: str
    other: str
    paired: bool
    larger: float
    p: float
    networks: tuple[int, int]


@dataclass(frozen=True)
class Effect:
    """How much of a measure goes with one swept option or, beyond what each does alone, with two together: analysis of
    variance of log10(1 + count), each term tested beside all terms that do not contain it (type II).

    Where a network has several settings it is its own control: its mean is taken out. Along epochs the slopes of the
    networks are analyzed, so that an option tells whether counts grow otherwise at other values of it.

    Attributes:
        measure: what is measured.
        options: one, or two for their interaction.
        f: the statistic.
        freedom: degrees of freedom of the term and of the residual.
        p: of no effect; not corrected.
        share: of the variation that no other term takes, how much this one takes (partial eta squared).
        networks: used.
    """

    measure: Measure
    options: tuple[str, ...]
    f: float
    freedom: tuple[int, int]
    p: float
    share: float
    networks: int


@dataclass(frozen=True)
class _Line:
    """Settings that differ in one option only, in the order of the plan.

    Attributes:
        option: in which they differ.
        at: the values of the others, as in labels.
        settings: their labels.
    """

    option: str
    at: str
    settings: tuple[str, ...]


def _lines(sweep: Sweep) -> Iterator[_Line]:
    """For every swept option, and every combination of values of the others, the settings along it."""
    for option in sweep.plan.axis:
        found: dict[str, list[str]] = {}
        for setting, levels in sweep.levels.items():
            at = "; ".join(f"{key} {value_text(value)}" for key, value in levels.items() if key != option)
            found.setdefault(at, []).append(setting)
        yield from (_Line(option, at, tuple(settings)) for at, settings in found.items() if len(settings) > 1)


def trends(sweep: Sweep) -> tuple[Trend, ...]:
    """How every measure goes with each option that is a number with at least three values, the others held."""
    found = []
    for measure in measures_of(sweep):
        values = observations(sweep, measure)
        fits = [fit for line in _lines(sweep) if (fit := _trend(sweep, measure, values, line)) is not None]
        corrected = holm([fit.p for fit in fits])
        found += [Trend(**{**vars(fit), "p": p}) for fit, p in zip(fits, corrected, strict=True)]
    return tuple(found)


def _trend(sweep: Sweep, measure: Measure, values: dict[Any, Any], line: _Line) -> Trend | None:
    numbers = numeric_levels(sweep, line.option)
    if numbers is None:
        return None
    logarithmic = is_logarithmic([numbers[setting] for setting in line.settings])
    points = [
        (math.log10(numbers[setting]) if logarithmic else numbers[setting], math.log10(1 + value), network)
        for setting in line.settings
        for value, _, network in values.get(setting, ())
        if numbers[setting] > 0 or not logarithmic
    ]
    if len({x for x, _, _ in points}) < 3 or len(points) < 5:
        return None
    fit = mean_slope(points) if line.option == EPOCH else slope(points)
    return None if fit is None else Trend(measure, line.option, line.at, logarithmic, *fit)


def contrasts(sweep: Sweep, fitted: Sequence[Trend] | None = None) -> tuple[Contrast, ...]:
    """Every measure at two values of each option that has no trend, the others held: lists and numbers each with the
    one before, others each with the first. Epochs are not compared, since counts along them have slopes.

    Args:
        sweep: the sweep.
        fitted: its trends, where they are known already.
    """
    told = {(trend.measure, trend.option, trend.at) for trend in (trends(sweep) if fitted is None else fitted)}
    found = []
    for measure in measures_of(sweep):
        values = observations(sweep, measure)
        tried = [
            (line, one, other)
            for line in _lines(sweep)
            if line.option != EPOCH and (measure, line.option, line.at) not in told
            for one, other in _pairs(sweep, line)
            if len(values.get(one, ())) > 1 and len(values.get(other, ())) > 1
        ]
        tests = [rank_test(*({n: v for v, _, n in values[side]} for side in sides)) for _, *sides in tried]
        corrected = holm([test.p for test in tests])
        for (line, one, other), test, p in zip(tried, tests, corrected, strict=True):
            first, second = (value_text(sweep.levels[side][line.option]) for side in (one, other))
            sizes = len(values[one]), len(values[other])
            found.append(Contrast(measure, line.option, line.at, first, second, test.paired, test.larger, p, sizes))
    return tuple(found)


def _pairs(sweep: Sweep, line: _Line) -> list[tuple[str, str]]:
    """The settings that are compared: ordered ones each with the one before, others each with the first."""
    levels = [sweep.levels[setting][line.option] for setting in line.settings]
    first, *others = line.settings
    return list(itertools.pairwise(line.settings)) if _ordered(levels) else [(first, other) for other in others]


def _ordered(levels: Sequence[Level]) -> bool:
    """Whether values follow one another: numbers, and lists of numbers."""
    texts = [part for level in levels if isinstance(level, str) for part in level.split(",")]
    return all(_is_number(text) for text in texts)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def effects(sweep: Sweep) -> tuple[Effect, ...]:
    """How much of every measure goes with each of several swept options and with every two of them together; empty
    where fewer than two options are swept. A term that the networks explained say nothing about is left out."""
    axis = sweep.plan.axis
    if len(axis) < 2:
        return ()
    by_epoch = EPOCH in axis
    options = tuple(option for option in axis if option != EPOCH)
    found = []
    for measure in measures_of(sweep):
        seen = list(_seen(sweep, measure, options))
        for names, variation in variations(slopes_of(seen) if by_epoch else [one for one, _ in seen], options):
            if by_epoch and len(names) > 1:
                continue
            shown = tuple(option for option in axis if option in names or (by_epoch and option == EPOCH))
            found.append(Effect(measure, shown, **vars(variation)))
    return tuple(found)


def _seen(sweep: Sweep, measure: Measure, options: tuple[str, ...]) -> Iterator[tuple[Observation, float]]:
    """Every network at every setting, and its place along epochs where these are swept."""
    epochs = numeric_levels(sweep, EPOCH) if EPOCH in sweep.plan.axis else None
    logarithmic = epochs is not None and is_logarithmic(epochs.values())
    for setting, rows in observations(sweep, measure).items():
        place = 0.0 if epochs is None else epochs[setting]
        if logarithmic and place <= 0:
            continue
        levels = tuple(value_text(sweep.levels[setting][option]) for option in options)
        for value, _, network in rows:
            if np.isfinite(value):
                yield Observation(levels, math.log10(1 + value), network), math.log10(place) if logarithmic else place
