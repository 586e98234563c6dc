"""Everything that is told of a sweep, as tables of plain values: for pages and for files."""

from collections.abc import Iterable
from typing import Any

from ..common.sql import RunTable, Table
from ..sweeps.comparisons import Trend
from ..sweeps.results import Sweep
from ..sweeps.summary import Summary
from .beside import beside_notes
from .words import plural

# Between two options that are looked at together.
TIMES = " × "
# Of the networks one by one: beside the swept options.
NETWORK_COLUMNS = (
    "replicate", "epoch", "network", "output", "output_task", "preset", "status", "reason", "perfect_circuits",
    "interpretations", "coalesce(aligned_algorithms, aligned_formulas) AS aligned_algorithms", "mappings",
    "what_then_where_status", "what_then_where_criterion", "where_then_what_status", "where_then_what_criterion",
    "capped",
)  # fmt: skip


def sweep_tables(sweep: Sweep, summary: Summary, most: int | None = None) -> dict[str, RunTable]:
    """What a summary tells, and the networks one by one; every swept option has a column of its own.

    Args:
        sweep: the sweep.
        summary: what is told of it.
        most: rows of the networks' table; all when not given.
    """
    found = summary_tables(summary)
    networks = _networks(sweep, most)
    return found | ({networks.name: networks} if networks.table.rows else {})


def summary_tables(summary: Summary) -> dict[str, RunTable]:
    """Samples, survivors, spreads, trends, contrasts, effects, published numbers and reasons, as far as there are
    any."""
    options = summary.options

    def by_setting(name: str, title: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> RunTable:
        return _table(name, title, " ".join((*options, *columns.split())),
                      ((*summary.levels[setting].values(), *rest) for setting, *rest in rows))  # fmt: skip

    paired = any(c.paired for c in summary.contrasts)
    found = [
        by_setting("samples", "Networks of each setting, and what became of them",
                   "networks explained not_kept failed",
                   ((s.setting, s.networks, s.explained, s.not_kept, s.failed) for s in summary.samples)),
        by_setting("survivors", "Outputs with no, a trivial, one and several explanations left after each rung",
                   "of rung outputs_explained none trivial one several unknown",
                   ((s.setting, s.kind, s.rung, s.outputs, s.none, s.trivial, s.one, s.several, s.unknown)
                    for s in summary.survivors)),
        by_setting("spreads", "Counts over the networks explained; median with its 95% bootstrap interval",
                   "preset count networks partial mean standard_error median low high lower_quartile upper_quartile",
                   ((s.setting, s.measure.preset, s.measure.title, s.networks, s.partial, s.mean, s.error, s.median,
                     s.low, s.high, s.lower, s.upper) for s in summary.spreads)),
        _table("trends", "Slope of log10(1 + count) against a swept option, the others held",
               "preset count option at per slope low high p networks",
               ((t.measure.preset, t.measure.title, t.option, t.at, per(t), t.slope, t.low, t.high, t.p, t.networks)
                for t in summary.trends)),
        _table("contrasts", f"Values of a swept option compared, the others held: {tests(paired)}, corrected by Holm "
               "for each count",
               "preset count option at one other larger p networks_of_one networks_of_other",
               ((c.measure.preset, c.measure.title, c.option, c.at, c.one, c.other, c.larger, c.p, *c.networks)
                for c in summary.contrasts)),
        _table("effects", "What each swept option does, and every two together beyond that: analysis of variance of "
               "log10(1 + count), type II",
               "preset count effect f freedom residual_freedom p share networks",
               ((e.measure.preset, e.measure.title, TIMES.join(e.options), e.f, *e.freedom, e.p, e.share, e.networks)
                for e in summary.effects)),
        _table("published", "Beside Méloux et al. (ICLR 2025), preset authors",
               "count setting source statistic theirs ours standard_error low high networks p",
               ((b.published.title, b.published.setting, b.published.source, b.published.statistic, b.published.text,
                 b.ours, b.error, b.low, b.high, b.networks, b.p) for b in summary.beside),
               " ".join(f"{note[0].upper()}{note[1:]}." for note in beside_notes(summary.name, summary.beside))),
        _table("reasons", "Why networks were not explained, or counts are missing", "outputs reason",
               ((number, reason) for reason, number in summary.reasons)),
    ]  # fmt: skip
    return {one.name: one for one in found if one.table.rows}


def per(trend: Trend) -> str:
    """What a slope is taken per."""
    return "factor of 10" if trend.logarithmic else "unit"


def tests(paired: bool) -> str:
    """The tests by which values are compared."""
    return "Mann-Whitney, of the same networks Wilcoxon" if paired else "Mann-Whitney"


def _table(name: str, title: str, columns: str, rows: Iterable[tuple[Any, ...]], note: str = "") -> RunTable:
    return RunTable(name, title, Table(tuple(columns.split()), tuple(rows)), note)


def _networks(sweep: Sweep, most: int | None) -> RunTable:
    ((number,),) = sweep.query("SELECT count(*) FROM results").rows
    limit = "" if most is None else f" LIMIT {most}"
    options = [f'"{option}"' for option in sweep.plan.axis if option not in NETWORK_COLUMNS]
    found = sweep.query(
        f"SELECT {', '.join((*options, *NETWORK_COLUMNS))} FROM results "
        f"ORDER BY replicate, point, epoch, output, preset{limit}"
    )
    note = f"The first {plural(len(found.rows), 'row')} of {number:,}." if len(found.rows) < number else ""
    return RunTable("networks", "Every output of every network, by preset", found, note)
