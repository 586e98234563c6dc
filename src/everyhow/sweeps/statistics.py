"""What the networks of a sweep have in common: how many of each setting were explained, how their counts are spread,
and how often a rung of the ladder leaves exactly one explanation."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..circuit.findings import RUNGS as CIRCUIT_RUNGS
from ..common.shapes import Float
from ..mapping.findings import RUNGS as MAPPING_RUNGS
from .inference import median_interval, standard_error
from .results import Sweep
from .rows import LATER_COLUMNS

# The rungs of each kind; those of columns that came later only where some network has them.
KINDS = {
    "circuits": (*CIRCUIT_RUNGS[:2], "hereditary", *CIRCUIT_RUNGS[2:], "robust"),
    "mappings": (*MAPPING_RUNGS, "cheapest"),
    "algorithms": (*MAPPING_RUNGS, "cheapest"),
}


@dataclass(frozen=True)
class Measure:
    """A count that is compared between settings.

    Attributes:
        key: one word.
        title: for people.
        preset: the one that it belongs to.
        sql: over the columns of the results.
        partial: SQL that is true where it is estimated or bracketed rather than counted.
    """

    key: str
    title: str
    preset: str
    sql: str
    partial: str = "false"


CIRCUITS = "((perfect_circuits_low + perfect_circuits_high) / 2)"
INTERPRETATIONS = "coalesce(interpretations, interpretations_estimate)"
TIED, ESTIMATED = "perfect_circuits IS NULL", "interpretations IS NULL"
MEASURES = (
    Measure("circuits", "perfect circuits", "paper", CIRCUITS, TIED),
    Measure("interpretations", "interpretations", "paper", INTERPRETATIONS, ESTIMATED),
    Measure("interpretations_per_circuit", "interpretations per circuit", "paper",
            f"{INTERPRETATIONS} / nullif({CIRCUITS}, 0)", f"({TIED} OR {ESTIMATED})"),
    Measure("algorithms", "aligned algorithms", "paper", "aligned_algorithms"),
    Measure("mappings", "minimal mappings", "paper", "mappings"),
    Measure("overlap", "mean overlap of circuits", "paper", "overlap_mean"),
    Measure("circuits", "accurate circuits", "authors", CIRCUITS, TIED),
    Measure("interpretations", "interpretations", "authors", INTERPRETATIONS),
    Measure("interpretations_per_circuit", "interpretations per circuit", "authors",
            f"interpretations / nullif({CIRCUITS}, 0)"),
    Measure("algorithms", "aligned formulas", "authors", "aligned_formulas"),
    Measure("mappings", "mappings", "authors", "mappings"),
    Measure("mappings_per_algorithm", "mappings per aligned formula", "authors",
            "mappings / nullif(aligned_formulas, 0)"),
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """How many networks of a setting there are, and what became of them."""

    setting: str
    networks: int
    explained: int
    not_kept: int
    failed: int

    @property
    def not_kept_share(self) -> float:
        """The share of the networks that were not explained since they did not meet the plan's `keep`."""
        return self.not_kept / self.networks


@dataclass(frozen=True)
class Distribution:
    """How a measure is spread over the networks of a setting; a network of several outputs counts once, by their mean.

    Attributes:
        setting: of the swept options.
        measure: what is measured.
        networks: that have it.
        partial: of these, those with an estimate or a bracket in place of an exact number.
        mean: arithmetic.
        error: the standard error of the mean; None for one network.
        median: with `low` and `high`, its 95% bootstrap interval; None for fewer than three networks.
        lower: quartile.
        upper: quartile.
    """

    setting: str
    measure: Measure
    networks: int
    partial: int
    mean: float
    error: float | None
    median: float
    low: float | None
    high: float | None
    lower: float
    upper: float


@dataclass(frozen=True)
class Survivors:
    """Among the explained outputs of a setting, how many have no, one or several explanations left after a rung;
    algorithms without variables, which pass every rung of any network, aside.

    Attributes:
        setting: of the swept options.
        kind: circuits, mappings or algorithms.
        rung: the criterion, all before included.
        none: outputs with nothing left.
        trivial: with an algorithm without variables and nothing else.
        one: with exactly one.
        several: with more.
        unknown: not counted within the budget, or depending on a tie.
    """

    setting: str
    kind: Literal["circuits", "mappings", "algorithms"]
    rung: str
    none: int
    trivial: int
    one: int
    several: int
    unknown: int

    @property
    def outputs(self) -> int:
        """All of them."""
        return self.none + self.trivial + self.one + self.several + self.unknown


def samples(sweep: Sweep) -> tuple[Sample, ...]:
    """How many networks of each setting there are, and what became of them."""
    table = sweep.query(
        "WITH networks AS (SELECT setting, identity, point, epoch, "
        "  max(CASE status WHEN 'failed' THEN 2 WHEN 'not kept' THEN 1 ELSE 0 END) AS worst "
        "  FROM results GROUP BY ALL) "
        "SELECT setting, count(*), count(*) FILTER (worst = 0), count(*) FILTER (worst = 1), "
        "  count(*) FILTER (worst = 2) FROM networks GROUP BY setting"
    )
    found = {row[0]: Sample(*row) for row in table.rows}
    return tuple(found[setting] for setting in sweep.settings if setting in found)


def survivors(sweep: Sweep) -> tuple[Survivors, ...]:
    """The number of outputs with no, one and several survivors, by setting, kind and rung, in the preset paper; without
    outputs of which the kind is never asked."""
    found = []
    # A folder that was begun before transformers were swept has no such column.
    with_kinds = "model" in sweep.query("SELECT * FROM results LIMIT 0").columns
    for kind, rungs in KINDS.items():
        for rung in rungs:
            if f"{kind}_{rung}" in LATER_COLUMNS and not _is_asked(sweep, f"{kind}_{rung}"):
                continue
            # A tie leaves the perfect circuits between two numbers, both of which may be more than one.
            low, high, alone = f'"{kind}_{rung}"', f'"{kind}_{rung}"', "0"
            if (kind, rung) == ("circuits", "perfect"):
                low, high = "perfect_circuits_low", "perfect_circuits_high"
            if kind != "circuits" and rung != "cheapest":
                alone = f'coalesce("trivial_{rung}", 0)'
                low, high = f"({low} - {alone})", f"({high} - {alone})"
            # Of transformers whose answer is not one of two classes no algorithm is looked for.
            asked = "true" if kind == "circuits" or not with_kinds else (
                "(model IS DISTINCT FROM 'transformer' OR what_then_where_status IS NOT NULL)"
            )  # fmt: skip
            known = f"({high} = 0 OR ({low} = 1 AND {high} = 1) OR {low} > 1)"
            table = sweep.query(
                f"SELECT setting, count(*) FILTER ({high} = 0 AND {alone} = 0), "
                f"count(*) FILTER ({high} = 0 AND {alone} > 0), count(*) FILTER ({low} = 1 AND {high} = 1), "
                f"count(*) FILTER ({low} > 1), count(*) FILTER ({known} IS NOT TRUE) FROM results "
                f"WHERE preset = 'paper' AND status = 'explained' AND {asked} GROUP BY setting"
            )
            found += [Survivors(row[0], kind, rung, *row[1:]) for row in table.rows]  # type: ignore[arg-type]
    order = {setting: number for number, setting in enumerate(sweep.settings)}
    return tuple(sorted(found, key=lambda s: order[s.setting]))


def _is_asked(sweep: Sweep, column: str) -> bool:
    """Whether any network has a value in a column that came later."""
    there = column in sweep.query("SELECT * FROM results LIMIT 0").columns
    return there and bool(sweep.query(f'SELECT 1 FROM results WHERE "{column}" IS NOT NULL LIMIT 1').rows)


def rungs_of(found: Iterable[Survivors]) -> dict[str, tuple[str, ...]]:
    """The rungs that some survivors are of, by kind."""
    there = {(one.kind, one.rung) for one in found}
    rungs_left = {kind: tuple(rung for rung in rungs if (kind, rung) in there) for kind, rungs in KINDS.items()}
    return {kind: rungs for kind, rungs in rungs_left.items() if rungs}


def values_of(sweep: Sweep, measure: Measure) -> dict[str, Float[np.ndarray, " _networks"]]:
    """The measure of every explained network that has it, by setting in order."""
    return {s: np.array([value for value, _, _ in rows]) for s, rows in observations(sweep, measure).items()}


def observations(sweep: Sweep, measure: Measure) -> dict[str, list[tuple[float, bool, str]]]:
    """By setting, for each network: the mean of its outputs, whether any is partial or missing, and its identity."""
    partial = f"bool_or({measure.partial} OR {measure.sql} IS NULL)"
    table = sweep.query(
        f"SELECT setting, avg({measure.sql}), {partial}, identity FROM results "
        "WHERE preset = ? AND status = 'explained' GROUP BY setting, point, replicate, epoch, identity "
        f"HAVING avg({measure.sql}) IS NOT NULL ORDER BY point, replicate, epoch",
        [measure.preset],
    )
    found: dict[str, list[tuple[float, bool, str]]] = {setting: [] for setting in sweep.settings}
    for setting, value, flag, identity in table.rows:
        found[setting].append((float(value), bool(flag), identity))
    return {setting: rows for setting, rows in found.items() if rows}


def measures_of(sweep: Sweep) -> tuple[Measure, ...]:
    """The measures that the plan's presets have."""
    return tuple(measure for measure in MEASURES if measure.preset in sweep.plan.presets)


def distributions(sweep: Sweep) -> tuple[Distribution, ...]:
    """How every measure is spread at every setting."""
    found = []
    for measure in measures_of(sweep):
        for setting, rows in observations(sweep, measure).items():
            values = np.array([value for value, _, _ in rows])
            lower, median, upper = (float(q) for q in np.percentile(values, [25, 50, 75]))
            mean, error = float(values.mean()), standard_error(values)
            interval = median_interval(values)
            partial = sum(flag for _, flag, _ in rows)
            numbers = (len(rows), partial, mean, error, median, *interval, lower, upper)
            found.append(Distribution(setting, measure, *numbers))
    return tuple(found)


def numeric_levels(sweep: Sweep, option: str) -> dict[str, float] | None:
    """The values of a swept option as numbers, by setting; None when they are not numbers."""
    found = {setting: levels[option] for setting, levels in sweep.levels.items()}
    if all(isinstance(value, int | float) for value in found.values()):
        return {setting: float(value) for setting, value in found.items()}  # type: ignore[arg-type]
    return None


def is_logarithmic(numbers: Collection[float]) -> bool:
    """Whether numbers are better seen by their logarithms: the positive ones span two powers of ten."""
    positive = [number for number in numbers if number > 0]
    return len(positive) > 2 and min(numbers) >= 0 and max(positive) / min(positive) >= 100
