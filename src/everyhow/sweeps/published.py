"""What Méloux et al. (ICLR 2025) report of their sweeps, to be set beside our numbers in the preset authors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..common.shapes import Float
from ..common.shares import share_interval
from .inference import median_interval, p_beside_estimate, p_beside_sample, standard_error
from .plan import read_plan, value_text
from .results import Sweep
from .statistics import MEASURES, values_of

BY_KEY = {(measure.preset, measure.key): measure for measure in MEASURES}

# A difference with a smaller p is told as beyond chance.
SELDOM = 0.05
Statistic = Literal["mean", "median", "median > 0", "exactly one"]


@dataclass(frozen=True)
class Published:
    """One number of the paper's or its released code's.

    Attributes:
        experiment: the named experiment that repeats it.
        setting: of that experiment.
        measure: the key of a measure of the preset authors.
        statistic: mean or median over the networks, the median over those that have any (`median > 0`), or the share
            of the networks that have exactly one.
        value: theirs; None where they have no such number and only ours is shown.
        source: `paper`, or `rerun`: the released code on networks that it trained itself.
        error: the standard error of a mean, where it is known.
        at_most: where the number is a mean whose spread is not known, over at most how many networks.
        about: whether it was read from a figure.
        limit: for shares, whether it is an upper bound.
    """

    experiment: str
    setting: str
    measure: str
    statistic: Statistic
    value: float | None
    source: Literal["paper", "rerun"] = "paper"
    error: float | None = None
    at_most: int | None = None
    about: bool = False
    limit: bool = False

    @property
    def title(self) -> str:
        """What is measured, for people."""
        return BY_KEY["authors", self.measure].title

    @property
    def text(self) -> str:
        """Their number, for people; empty where they have none."""
        if self.value is None:
            return ""
        spread = "" if self.error is None else f" ± {self.error:g}"
        return ("< " if self.limit else "≈ " if self.about else "") + self.shown(self.value) + spread

    def shown(self, value: float) -> str:
        """A number of this kind, for people; from a million on by its power of ten."""
        if self.statistic == "exactly one":
            return f"{value:.0%}"
        if value >= 1e6:
            digits, exponent = f"{value:.2e}".split("e")
            return f"{digits}e{int(exponent)}"
        if value >= 100:
            return f"{value:,.0f}"
        return f"{value:#.3g}" if self.statistic == "mean" else f"{value:.3g}"


@dataclass(frozen=True)
class Beside:
    """A published number, and the same statistic of the networks explained.

    Attributes:
        published: theirs.
        ours: None where there is no network to take it from.
        networks: how many ours is taken from: those that have the measure, of a median > 0 those with any.
        error: the standard error of a mean; None of one network, and of other statistics.
        low: with `high`, the 95% interval: of a median by bootstrap, of a share by Clopper and Pearson; None of a
            mean.
        high: upper end.
        p: of no difference, two-sided; None where theirs has neither a standard error nor a number of networks.
    """

    published: Published
    ours: float | None
    networks: int
    error: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


def _means(measure: str, paper: float, rerun: tuple[float, float] | None = None) -> tuple[Published, ...]:
    """A mean of the paper's over 100 seeds, and of the released code on networks of its own with its standard error."""
    found = Published("basic", "", measure, "mean", paper, at_most=100)
    if rerun is None:
        return (found,)
    return found, Published("basic", "", measure, "mean", rerun[0], source="rerun", error=rerun[1])


def _by_width(
    measure: str, k: int, paper: float, one: float, rerun: tuple[float, float] | None = None
) -> tuple[Published, ...]:
    """At k neurons a layer: the median of the networks that have any, as in the paper, the median of all (of the
    released code's own networks, where both are known), and the share with exactly one."""
    head = "width", f"{k},{k}", measure
    found = [Published(*head, "median > 0", paper, about=True)]
    if rerun is None:
        found.append(Published(*head, "median", None))
    else:
        found.append(Published(*head, "median > 0", rerun[0], source="rerun"))
        found.append(Published(*head, "median", rerun[1], source="rerun"))
    return (*found, Published(*head, "exactly one", one, limit=one > 0))


PUBLISHED = (
    *_means("circuits", 52.3, (51.9, 2.9)),
    *_means("interpretations_per_circuit", 2270),
    *_means("algorithms", 2.70, (2.56, 0.25)),
    *_means("mappings_per_algorithm", 2.84),
    *_by_width("interpretations", 2, 38, 0.0, (2, 0)),
    *_by_width("interpretations", 3, 6e3, 0.0),
    *_by_width("interpretations", 4, 2e5, 0.0),
    *_by_width("interpretations", 5, 9.1e5, 0.0),
    *_by_width("mappings", 2, 8, 0.02, (2, 0)),
    *_by_width("mappings", 3, 30, 0.02),
    *_by_width("mappings", 4, 390, 0.02),
    *_by_width("mappings", 5, 3700, 0.02),
)

RERUN = "rerun: the released code on networks that it trained itself"

# What has to be known to read the numbers, and of the differences what an experiment showed; the rest is not explained.
NOTES: Mapping[str, tuple[str, ...]] = {
    "basic": (
        RERUN,
        "the means per circuit and per formula are of each network's own ratio, over the networks that have any",
        "p: how often two samples of one population would differ so much or more. The paper's means are of at most 100 "
        "networks, those of seeds 0 to 99 that converged, and their spread is not published: p is for 100 networks "
        "spread as ours are, and fewer would make it larger. Of a rerun the standard error is known (Welch)",
        "the paper's means are one draw: the released code's seeds 0 to 99, with loss target 0.01, give them again "
        "within 1.5%. 830 networks of this plan gave 2.48 ± 0.12 aligned formulas, so the mean of the population is "
        "about 2.4 to 2.5",
        "not explained, if it is not chance (p 0.03): those 830 networks have 58.9 ± 1.4 accurate circuits, the "
        "released code's own 51.9 ± 2.9",
    ),
    "width": (
        "median > 0: of the networks that have any, since the paper's figure leaves out the others; median: of all; "
        "exactly one: the share of the networks that have exactly one",
        RERUN,
        "how many networks the paper's figure stands for is not published, so there is no test",
        "2,2: the released code drops circuits with all hidden neurons, nearly all that compute XOR there. With them "
        "counted, the networks that it trained have a median of exactly 38 interpretations, 53 of ours one of 30",
        "4,4: the share of hidden neurons that a circuit leaves out must exceed 0.3, which gives about 2e5 "
        "interpretations (197,327 in one run); a share above 0.2 gives 2.7e10",
        "not explained: the interpretations at 3,3, 8e4 without such a share and 53 above 0.2; those at 5,5, 5e10 to "
        "7e10 above 0.3 and 1.9e5 above 0.4, with nothing in between; "
        "and the mappings at every width",
    ),
}


def beside_published(sweep: Sweep) -> tuple[Beside, ...]:
    """The published numbers of a named experiment beside those of a sweep of it; empty when there are none."""
    if "authors" not in sweep.plan.presets:
        return ()
    found = []
    # A published number is of one value of the one swept option, or of all networks.
    settings = {", ".join(map(value_text, levels.values())): setting for setting, levels in sweep.levels.items()}
    for published in PUBLISHED:
        if published.experiment != sweep.plan.name or published.setting not in settings:
            continue
        setting = settings[published.setting]
        own = read_plan(published.experiment)
        if not {one for k, one in enumerate(sweep.plan.points) if sweep.plan.label(k) == setting} <= {*own.points}:
            continue
        values = values_of(sweep, BY_KEY["authors", published.measure]).get(setting, np.array([]))
        found.append(beside(published, values))
    return tuple(found)


def differences(found: Sequence[Beside]) -> str:
    """Which differences chance would seldom make, in one sentence; empty when nothing could be tested."""
    tested = [(b.p, b.published) for b in found if b.p is not None]
    if not tested:
        return ""
    seldom = [f"{theirs.title} ({theirs.source}, p {p:.2g})" for p, theirs in tested if p < SELDOM]
    if not seldom:
        return f"no difference is beyond chance: every p is at least {min(p for p, _ in tested):.2g}"
    rest = "; the others are not" if len(seldom) < len(tested) else ""
    return f"differences beyond chance, by p below {SELDOM:g}: {', '.join(seldom)}{rest}"


def beside(published: Published, values: Float[np.ndarray, " networks"]) -> Beside:
    """A published number, and the same statistic of the networks that have these values.

    Example:
        >>> b = beside(Published("basic", "", "algorithms", "mean", 2.70, error=0.25), np.array([1.0, 2.0, 3.0]))
        >>> b.ours, b.networks, round(b.error, 3), round(b.p, 3)
        (2.0, 3, 0.577, 0.352)
    """
    if published.statistic == "median > 0":
        values = values[values > 0]
    number = len(values)
    if not number:
        return Beside(published, None, 0)
    if published.statistic == "exactly one":
        ones = int((values == 1).sum())
        return Beside(published, ones / number, number, None, *share_interval(ones, number))
    if published.statistic != "mean":
        return Beside(published, float(np.median(values)), number, None, *median_interval(values))
    return Beside(published, float(values.mean()), number, standard_error(values), p=_p(published, values))


def _p(published: Published, values: Float[np.ndarray, " networks"]) -> float | None:
    if published.value is None:
        return None
    if published.error is not None:
        return p_beside_estimate(values, float(published.value), float(published.error))
    return None if published.at_most is None else p_beside_sample(values, float(published.value), published.at_most)
