"""A sweep in a terminal: what was explained, how often one explanation is left, and how counts are spread."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ...common.errors import visible
from ...common.progress import about
from ...ladder import IN_SHORT
from ...sweeps.costs import Forecast
from ...sweeps.plan import Plan, value_text
from ...sweeps.published import Beside
from ...sweeps.results import Sweep
from ...sweeps.statistics import Distribution, Survivors, rungs_of
from ...sweeps.summary import Summary
from ..beside import beside_lines, beside_notes, between, number, plus_minus
from .columns import Row, in_columns, is_wide
from .comparisons import compared
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
    facts.add_row("Time", Text(_time(plan, expected, workers)))
    facts.add_row("Disk", Text(f"roughly {_size(expected.bytes)}"))
    yield facts
    yield heading(f"Beyond the budget of {plan.budget:.3g} candidate evaluations")
    if not expected.refused:
        yield indented(Text("nothing that can be foreseen"))
    for label, reasons in expected.refused:
        yield from (indented(Text(f"- {label}: {reason}")) for reason in reasons)
    if expected.refused:
        yield indented(Text("What depends on these is told as unknown; everything else is counted."))


def _time(plan: Plan, expected: Forecast, workers: int) -> str:
    """How long it takes, and by what that was found."""
    on = f"{about(expected.wall)} on {workers} worker{'s' * (workers != 1)}"
    if not expected.tried:
        return f"very roughly {on.removeprefix('about ')}, by what is usual; nothing was tried out"
    points = len(plan.points)
    of = "every point" if expected.tried == points else f"{expected.tried:,} of the {points:,} points"
    return f"{on}, by the first networks of {of}, tried out here"


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
    yield indented(_samples(summary, width - 2))
    if summary.spreads:
        yield heading("Counts, over the networks explained")
        yield from _distributions(summary, width - 2)
    yield from compared(summary, width - 2)
    if summary.beside:
        yield heading("Beside Méloux et al. (ICLR 2025), preset authors")
        yield indented(_beside(summary.beside))
        yield indented(_listed(beside_notes(summary.name, summary.beside)))
    if summary.reasons:
        yield heading("Why networks were not explained, or counts are missing")
        yield indented(_reasons(summary))
    if summary.survivors:
        yield heading("How far each criterion restores uniqueness")
        yield from _uniqueness(summary, width)


def _table(*columns: str, left: int = 1) -> Table:
    """A plain table, its first columns to the left, numbers to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for k, column in enumerate(columns):
        table.add_column(column, justify="left" if k < left else "right", no_wrap=True)
    return table


def _samples(summary: Summary, width: int) -> RenderableType:
    names = ("networks", "explained", "not kept", "failed")
    cells = [
        (sample.setting, f"{sample.networks:,}", f"{sample.explained:,}",
         f"{sample.not_kept:,} ({sample.not_kept_share:.0%})", f"{sample.failed:,}")
        for sample in summary.samples
    ]  # fmt: skip
    if not summary.options:
        return in_columns(("", *names), [Row((), (EVERYTHING, *row[1:])) for row in cells], 1, width)
    return _by_setting(summary, names, [((), *row) for row in cells], width)


def _by_setting(
    summary: Summary, names: Sequence[str], found: Iterable[tuple[tuple[str, ...], str, *tuple[str, ...]]], width: int
) -> RenderableType:
    """Rows with a column for each swept option, under titles; where that is too wide, all but the last option become
    titles too.

    Args:
        summary: of the sweep.
        names: of the columns that follow the options.
        found: of each row the titles, the setting, and the cells that follow.
        width: of the lines.
    """
    rows, narrow = [], []
    for titles, setting, *cells in found:
        levels = {option: value_text(value) for option, value in summary.levels[setting].items()}
        rows.append(Row(titles, (*levels.values(), *cells)))
        (*first, last), held = levels.values(), "; ".join(f"{name} {levels[name]}" for name in summary.options[:-1])
        narrow.append(Row((*titles, held) if first else titles, (last, *cells)))
    if len(summary.options) > 1 and is_wide((*summary.options, *names), rows, width):
        return in_columns((summary.options[-1], *names), narrow, 1, width)
    return in_columns((*summary.options, *names), rows, len(summary.options), width)


def _uniqueness(summary: Summary, width: int) -> Iterator[RenderableType]:
    """Shares of outputs with no, one and several left: spelled out for one setting, side by side for more; and, where
    there are any, with nothing but an algorithm without variables."""
    found = summary.survivors
    outcomes = ["none", *(["trivial"] if any(s.trivial for s in found) else []), "one", "several"]
    cells = {(s.setting, s.kind, s.rung): s for s in found}
    present = [setting for setting in summary.levels if any(s.setting == setting for s in found)]
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
    # A line of the head for each swept option.
    heads = {setting: "\n".join(map(value_text, summary.levels[setting].values())) for setting in present}
    columns = 2 + max(CELL, *(len(line) for head in heads.values() for line in head.split("\n")))
    fitting = max(1, (width - RUNG - 2) // columns)
    for start in range(0, len(present), fitting):
        shown = present[start : start + fitting]
        table = _table("\n".join(summary.options), *(heads[setting] for setting in shown))
        for kind, rungs in rungs_of(cells.values()).items():
            table.add_row(Text(kind, style="bold"))
            for rung in rungs:
                told = set_in(rung, IN_SHORT[rung])
                table.add_row(told, *(_cell(cells.get((setting, kind, rung)), outcomes) for setting in shown))
        table.add_row(
            Text("outputs", style="dim"), *(f"{cells[setting, 'circuits', 'perfect'].outputs:,}" for setting in shown)
        )
        yield indented(table)


def _trivial_note(outcomes: Sequence[str]) -> Iterator[RenderableType]:
    if "trivial" in outcomes:
        yield indented(
            Text("trivial: only an algorithm without variables is left, which passes every rung of any network")
        )


def _cell(cell: Survivors | None, outcomes: Sequence[str]) -> Text:
    if cell is None:
        return Text("not asked", style="dim")
    if cell.unknown == cell.outputs:
        return Text("?", style="dim")
    shares = [f"{100 * number / cell.outputs:.0f}" for number in (getattr(cell, outcome) for outcome in outcomes)]
    style = "green" if cell.one > cell.outputs / 2 else ""
    return Text("/".join(shares) + (" ?" if cell.unknown else ""), style=style)


def _distributions(summary: Summary, width: int) -> Iterator[RenderableType]:
    measures = dict.fromkeys(each.measure for each in summary.spreads)
    names = ("n", "median", "95% interval", "quartiles", "mean ± se")
    for preset in dict.fromkeys(measure.preset for measure in measures):
        rows = [each for each in summary.spreads if each.measure.preset == preset]
        cells = [((each.measure.title,), each.setting, *_spread(each)) for each in rows]
        yield indented(Text(f"preset {preset}", style="dim"))
        if summary.options:
            yield indented(_by_setting(summary, names, cells, width))
        else:
            table = _table("", *names)
            table.columns[0].no_wrap, table.columns[0].max_width = False, TITLE
            for titles, _, *numbers in cells:
                table.add_row(*titles, *numbers)
            yield indented(table)
        if any(each.partial for each in rows):
            yield indented(Text("~ for some of them an estimate, or a count up to ties, in place of the exact number"))


def _spread(each: Distribution) -> tuple[str, ...]:
    return (
        f"{each.networks:,}" + "~" * bool(each.partial), number(each.median), between(each.low, each.high),
        between(each.lower, each.upper), f"{number(each.mean)} {plus_minus(each.error)}",
    )  # fmt: skip


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
