"""What Méloux et al. (ICLR 2025) report of their sweeps, to be set beside ours in the preset authors."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .plan import read_plan
from .results import Sweep
from .statistics import MEASURES, values_of

BY_KEY = {(measure.preset, measure.key): measure for measure in MEASURES}


@dataclass(frozen=True)
class Published:
    """One published number.

    Attributes:
        experiment: the named experiment that repeats it.
        setting: of that experiment.
        measure: the key of a measure of the preset authors.
        statistic: median or mean over the networks, or the share of networks with exactly one.
        value: as published.
        limit: for shares, whether it is an upper bound.
        about: whether it was read from a figure.
    """

    experiment: str
    setting: str
    measure: str
    statistic: Literal["median", "mean", "share with one"]
    value: float
    about: bool = False
    limit: bool = False

    @property
    def title(self) -> str:
        """What is measured, for people."""
        return BY_KEY["authors", self.measure].title

    @property
    def text(self) -> str:
        """The published number, for people."""
        return ("under " if self.limit else "about " if self.about else "") + self.shown(self.value)

    def shown(self, value: float) -> str:
        """A number of this kind, for people."""
        return (
            f"{value:.0%}"
            if self.statistic == "share with one"
            else f"{value:,.3g}"
            if value < 100
            else f"{value:,.0f}"
        )


@dataclass(frozen=True)
class Beside:
    """A published number and ours: the same statistic of the networks explained, None where there is none."""

    published: Published
    ours: float | None
    networks: int


PUBLISHED = (
    Published("basic", "", "circuits", "mean", 52.3),
    Published("basic", "", "interpretations_per_circuit", "mean", 2270),
    Published("basic", "", "algorithms", "mean", 2.70),
    Published("basic", "", "mappings_per_algorithm", "mean", 2.84),
    *(
        Published("width", f"{k},{k}", "interpretations", "median", value, True)
        for k, value in ((2, 38), (3, 6e3), (4, 2e5), (5, 9e5))
    ),
    *(
        Published("width", f"{k},{k}", "mappings", "median", value, True)
        for k, value in ((2, 8), (3, 30), (4, 390), (5, 3700))
    ),
    *(
        Published("width", f"{k},{k}", measure, "share with one", value, limit=value > 0)
        for k in (2, 3, 4, 5)
        for measure, value in (("mappings", 0.02), ("interpretations", 0.0))
    ),
)

# Why ours need not be theirs, whichever way they differ.
REASONS = (
    "theirs are networks of their own, from other seeds and other draws of the rows; ours are kept by the same rule",
    "the released code tests the interventions of one order of the inputs, which changed from run to run with Python's "
    "hash seed; ours is always AB. Over our networks the other order gives other formulas but about the same averages",
    "a network without an aligned formula has 0 mappings here and takes part in the medians by width",
    "with don't cares expanded, a few circuits with neurons of many parents make up most of a total, so that it "
    "depends on the node-sparsity floor by orders of magnitude; ours leave out a share of the hidden neurons strictly "
    "above 0.2 at four neurons a layer and 0.3 at five, as the released code does when it is given these floors",
    "at two neurons a layer the released code leaves out all circuits with all four hidden neurons, nearly all that "
    "compute XOR",
)


def beside_published(sweep: Sweep) -> tuple[Beside, ...]:
    """The published numbers of a named experiment beside those of a sweep of it; empty when there are none."""
    if "authors" not in sweep.plan.presets:
        return ()
    found = []
    for published in PUBLISHED:
        if published.experiment != sweep.plan.name or published.setting not in sweep.settings:
            continue
        own = read_plan(published.experiment)
        if not {s for k, s in enumerate(sweep.plan.points) if sweep.plan.label(k) == published.setting} <= {
            *own.points
        }:
            continue
        values = values_of(sweep, BY_KEY["authors", published.measure]).get(published.setting, np.array([]))
        found.append(Beside(published, _statistic(published.statistic, values), len(values)))
    return tuple(found)


def _statistic(name: str, values: np.ndarray) -> float | None:
    if not len(values):
        return None
    if name == "share with one":
        return float((values == 1).mean())
    return float(np.median(values) if name == "median" else np.mean(values))
