"""A sweep in a terminal: what was explained, how often one explanation is left, and how counts are spread."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ...common.errors import visible
from ...common.progress import duration
from ...ladder import IN_SHORT
from ...sweeps.costs import Forecast
from ...sweeps.plan import Plan
from ...sweeps.published import SELDOM, Beside
from ...sweeps.results import Sweep
from ...sweeps.statistics import Contrast, Distribution, Measure, Survivors, Trend, rungs_of
from ...sweeps.summary import Summary
from ..beside import beside_lines, beside_notes, between, number, plus_minus, probability
from .pieces import fact_table, heading, indented, print_trimmed, set_in

CELL, RUNG, TITLE, LONGEST_REASON = 11, 27, 20, 1000
EVERYTHING = "all networks"


def print_summary(summary: Summary, sweep: Sweep, console: Console) -> None:
    """Print what a sweep found."""
    print_trimmed(console, *_summary_parts(summary, sweep, console.width))


def print_forecast(plan: Plan, expected: Forecast, workers: int, console: Console) -> None:
    """Print what a plan would cost."""
    print_trimmed(console, *_forecast_parts(plan, expected, workers))


def _forecast_parts(plan: Plan, expected: Forecast, workers: int) -> Iterator[RenderableType]:
    facts = fact_table()
    facts.add_row("Plan", Text(plan.name + (f": {plan.title}" if plan.title else ""), style="bold"))
    facts.add_row("Swept", Text(", ".join(plan.axis) or "nothing"))
    facts.add_row("Points", Text(f"{len(plan.points):,}, {plan.seeds:,} networks each"))
    facts.add_row("Networks", Text(f"{expected.networks:,}, in {sum(1 for _ in plan.blocks()):,} blocks"))
    facts.add_row("Explained", Text(f"at most {expected.explanations:,} times, by {' and '.join(plan.presets)}"))
    facts.add_row("Time", Text(f"very roughly {duration(expected.seconds / workers)} on {workers} worker(s)"))
    facts.add_row("Disk", Text(f"roughly {_size(expected.bytes)}"))
    yield facts
    yield heading(f"Beyond the budget of {plan.budget:.3g} candidate evaluations")
    if not expected.refused:
        yield indented(Text("nothing that can be foreseen"))
    for label, reasons in expected.refused:
        yield from (indented(Text(f"- {label}: {reason}")) for reason in reasons)
    if expected.refused:
        yield indented(Text("What depends on these is told as unknown; everything else is counted."))


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def _summary_parts(summary: Summary, sweep: Sweep, width: int) -> Iterator[RenderableType]:
    plan = sweep.plan
    facts = fact_table()
    facts.add_row("Sweep", Text(plan.name + (f": {plan.title}" if plan.title else ""), style="bold"))
    facts.add_row("Folder", Text(str(sweep.folder), overflow="fold"))
    if summary.digest is None:
        blocks = sum(1 for _ in plan.blocks())
        facts.add_row(
            "Digest", Text(f"none yet: {len(sweep.finished)} of {blocks} blocks are finished", style="bold red")
        )
    else:
        facts.add_row("Digest", Text(summary.digest, overflow="fold"))
    yield facts
    yield heading("Networks")
    yield indented(_samples(summary))
    if summary.spreads:
        yield heading("Counts, over the networks explained")
        yield from _distributions(summary.spreads)
    if summary.trends:
        unit = "factor of 10" if summary.trends[0].logarithmic else "unit"
        yield heading(f"Do counts go with the setting? Slope of log10(1 + count) per {unit}")
        yield indented(_trends(summary.trends))
        if summary.trends[0].logarithmic:
            yield indented(Text("settings at 0 have no logarithm and are left out"))
    if summary.contrasts:
        yield heading("Do settings differ? Mann-Whitney, corrected by Holm for each count")
        yield indented(_contrasts(summary.contrasts))
        yield indented(Text("larger: how often a network of the second setting has more than one of the first"))
    if summary.beside:
        yield heading("Beside Méloux et al. (ICLR 2025), preset authors")
        yield indented(_beside(summary.beside))
        yield indented(_listed(beside_notes(summary.name, summary.beside)))
    if summary.reasons:
        yield heading("Why networks were not explained, or counts are missing")
        yield indented(_reasons(summary))
    if summary.survivors:
        yield heading("How far each criterion restores uniqueness")
        yield from _uniqueness(summary.survivors, sweep.settings, width)


def _table(*columns: str, left: int = 1) -> Table:
    """A plain table, its first columns to the left, numbers to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for k, column in enumerate(columns):
        table.add_column(column, justify="left" if k < left else "right", no_wrap=True)
    return table


def _samples(summary: Summary) -> Table:
    table = _table("setting", "networks", "explained", "not kept", "failed")
    for sample in summary.samples:
        kept = f"{sample.not_kept:,} ({sample.not_kept_share:.0%})"
        table.add_row(
            sample.setting or EVERYTHING, f"{sample.networks:,}", f"{sample.explained:,}", kept, f"{sample.failed:,}"
        )
    return table


def _uniqueness(found: Sequence[Survivors], settings: Sequence[str], width: int) -> Iterator[RenderableType]:
    """Shares of outputs with no, one and several left: spelled out for one setting, side by side for more; and, where
    there are any, with nothing but an algorithm without variables."""
    outcomes = ["none", *(["trivial"] if any(s.trivial for s in found) else []), "one", "several"]
    cells = {(s.setting, s.kind, s.rung): s for s in found}
    present = [setting for setting in settings if any(s.setting == setting for s in found)]
    if len(present) == 1:
        # What fits 80 columns.
        longest = 10 if "trivial" in outcomes else 20
        table = _table("left after", *outcomes, "unknown", "")
        for kind, rungs in rungs_of(cells.values()).items():
            table.add_row(Text(kind, style="bold"))
            for rung in rungs:
                cell = cells[present[0], kind, rung]
                bar = Text("█" * round(longest * cell.one / cell.outputs), style="green")
                shares = (f"{getattr(cell, outcome) / cell.outputs:.0%}" for outcome in (*outcomes, "unknown"))
                table.add_row(set_in(rung, IN_SHORT[rung]), *shares, bar)
        table.columns[-1].justify = "left"
        yield indented(table)
        yield indented(Text(f"Of {cells[present[0], 'circuits', 'perfect'].outputs:,} explained. The bar is one."))
        yield from _trivial_note(outcomes)
        return
    yield from _trivial_note(outcomes)
    yield indented(Text(f"{'/'.join(outcomes)}, in percent of the outputs explained; ? where any is unknown"))
    columns = 2 + max(CELL, *map(len, present))
    fitting = max(1, (width - RUNG - 2) // columns)
    for start in range(0, len(present), fitting):
        shown = present[start : start + fitting]
        table = _table("left after", *shown)
        for kind, rungs in rungs_of(cells.values()).items():
            table.add_row(Text(kind, style="bold"))
            for rung in rungs:
                told = set_in(rung, IN_SHORT[rung])
                table.add_row(told, *(_cell(cells[setting, kind, rung], outcomes) for setting in shown))
        table.add_row("outputs", *(f"{cells[setting, 'circuits', 'perfect'].outputs:,}" for setting in shown))
        yield indented(table)


def _trivial_note(outcomes: Sequence[str]) -> Iterator[RenderableType]:
    if "trivial" in outcomes:
        yield indented(
            Text("trivial: only an algorithm without variables is left, which passes every rung of any network")
        )


def _cell(cell: Survivors, outcomes: Sequence[str]) -> Text:
    if cell.unknown == cell.outputs:
        return Text("?", style="dim")
    shares = [f"{100 * number / cell.outputs:.0f}" for number in (getattr(cell, outcome) for outcome in outcomes)]
    style = "green" if cell.one > cell.outputs / 2 else ""
    return Text("/".join(shares) + (" ?" if cell.unknown else ""), style=style)


def _distributions(found: Sequence[Distribution]) -> Iterator[RenderableType]:
    measures = dict.fromkeys(each.measure for each in found)
    for preset in dict.fromkeys(measure.preset for measure in measures):
        table = _table(f"preset {preset}", "n", "median", "95% interval", "quartiles", "mean ± se")
        table.columns[0].no_wrap, table.columns[0].max_width = False, TITLE
        partial = False
        for measure in (m for m in measures if m.preset == preset):
            rows = [each for each in found if each.measure == measure]
            single = len(rows) == 1 and not rows[0].setting
            if not single:
                table.add_row(Text(measure.title, style="bold"))
            for each in rows:
                partial |= bool(each.partial)
                table.add_row(
                    measure.title if single else f"  {each.setting}",
                    f"{each.networks:,}" + "~" * bool(each.partial), number(each.median),
                    between(each.low, each.high), between(each.lower, each.upper),
                    f"{number(each.mean)} {plus_minus(each.error)}",
                )  # fmt: skip
        yield indented(table)
        if partial:
            yield indented(Text("~ for some of them an estimate, or a count up to ties, in place of the exact number"))


def _trends(found: Sequence[Trend]) -> Table:
    table = _table("count", "preset", "slope", "95% interval", "p", "n", left=2)
    table.columns[0].no_wrap, table.columns[0].max_width = False, TITLE
    for trend in found:
        interval = f"{trend.low:.2g} to {trend.high:.2g}"
        table.add_row(
            *_named(trend.measure), f"{trend.slope:.2g}", interval, _probability(trend.p), f"{trend.networks:,}"
        )
    return table


def _contrasts(found: Sequence[Contrast]) -> Table:
    table = _table("count", "preset", "settings", "larger", "p", "n", left=3)
    table.columns[0].no_wrap, table.columns[0].max_width = False, TITLE
    for contrast in found:
        one, other = contrast.networks
        table.add_row(
            *_named(contrast.measure), f"{contrast.one} → {contrast.other}", f"{contrast.larger:.0%}",
            _probability(contrast.p), f"{one:,}, {other:,}",
        )  # fmt: skip
    return table


def _named(measure: Measure) -> tuple[str, str]:
    return measure.title, measure.preset


def _probability(p: float) -> Text:
    return Text(probability(p), style="bold" if p < SELDOM else "")


def _beside(found: Sequence[Beside]) -> Table:
    """Theirs and ours; a heading for each measure where settings differ, and p where anything was tested."""
    lines = beside_lines(found)
    tested, single = any(line.p for line in lines), not any(line.setting for line in lines)
    table = _table(
        "", "from", "statistic", "theirs", "ours", "± se" if tested else "95% interval", "n", *["p"] * tested, left=3
    )
    table.columns[0].no_wrap, table.columns[0].max_width = False, TITLE
    measure, head = "", ""
    for line in lines:
        if line.measure != measure and not single:
            table.add_row(Text(line.measure, style="bold"))
            head = ""
        measure, before, head = line.measure, head, line.measure if single else f"  {line.setting}"
        table.add_row(
            "" if head == before else head, line.source, line.statistic, line.theirs, line.ours, line.uncertainty,
            line.networks, *[Text(line.p, style="bold" if line.seldom else "")] * tested,
        )  # fmt: skip
    return table


def _listed(notes: Iterable[str]) -> Table:
    """Sentences one below the other, each behind a dash."""
    table = Table.grid(padding=(0, 1, 0, 0))
    for note in notes:
        table.add_row("-", Text(note))
    return table


def _reasons(summary: Summary) -> Table:
    table = _table("outputs", "what", left=0)
    table.columns[1].justify, table.columns[1].no_wrap = "left", False
    for reason, outputs in summary.reasons:
        table.add_row(f"{outputs:,}", Text(visible(reason[:LONGEST_REASON])))
    return table
