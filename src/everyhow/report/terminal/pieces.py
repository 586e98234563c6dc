"""The pieces that every section of the terminal report is made of."""

from collections import abc
from collections.abc import Iterable
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from ...common.count import Count
from ...ladder import BESIDE, IN_SHORT, Verdict
from ...model.model import Model
from ..words import Answer, GrainTable, in_short, in_table, marked, of_kind, seen, shown, strategy_name

STYLES = {
    "identifiable": "bold green", "identifiable, trivially": "bold yellow", "not identifiable": "bold yellow",
    "none valid": "bold red", "unknown": "bold",
}  # fmt: skip
WORD_STYLES = {"?": "bold", "none": "bold red", "yes": "bold green", "no": "bold yellow"}
BAR = 8


def print_trimmed(console: Console, *items: RenderableType) -> None:
    """Print without the blanks that tables fill their lines with, which a pipe or a log has no use for.

    Signs that a terminal would obey are written by their codes, whoever they come from.
    """
    parts = [Segment(seen(part.text), part.style, part.control) for part in console.render(Group(*items))]
    with console.capture() as captured:
        console.print(Segments(parts))
    console.file.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))


def funnel(title: str, *columns: str) -> Table:
    """The survivors of each rung: a rung's name, a bar, then the columns."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text(title, style="not dim bold"), no_wrap=True)
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right" if column else "left", no_wrap=bool(column))
    return table


def share_bar(left: Count, all_of: Count) -> Text:
    """A bar as long as the share that is left; of a range its lower end counts."""
    if not left.low or not all_of.low:
        return Text("·", style="dim")
    return Text("█" * max(1, round(BAR * left.low / all_of.low)), style="cyan")


def verdict_text(verdict: Verdict) -> Text:
    """A verdict with its reason and what was searched."""
    text = Text(str(verdict), style=STYLES[verdict.status])
    text.append(f": {in_short(verdict.reason)}. Among {in_short(verdict.space)}.", style="not bold default")
    return text


def heading(text: str) -> Text:
    """The heading of a section."""
    return Text(f"\n{text}", style="bold")


def indented(item: RenderableType) -> Padding:
    """What stands below a heading."""
    return Padding(item, (0, 0, 0, 2))


def fact_table() -> Table:
    """A table of names and what is said of them."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column()
    table.pad_edge = False
    return table


def answer_table(answers: Iterable[Answer]) -> Table:
    """Is the explanation the only one? A line for each kind."""
    table = fact_table()
    table.add_column()
    for answer in answers:
        table.add_row(answer.question, Text(answer.word, style=WORD_STYLES[answer.word]), Text(answer.text))
    return table


def count_table(counts: GrainTable) -> Table:
    """Counts by grain, a row each, and by ablation, a column each; what was asked for stands out."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True, style="cyan")
    for ablation in counts.ablations:
        table.add_column(ablation, justify="right")
    for grain, row in counts.rows.items():
        cells = zip(counts.ablations, row, strict=True)
        table.add_row(grain, *(Text(text, style="bold" * ((grain, one) == counts.asked)) for one, text in cells))
    return table


def ladder(survivors: abc.Mapping[str, abc.Mapping[str, Count]], note: str, of: Model) -> RenderableType:
    """How many circuits of a model every rung leaves, as bars, and how many mappings, with a note, where these are
    counted."""
    parts: list[RenderableType] = []
    if "mappings" in survivors:
        what = funnel("what, then where", "mappings", "algorithms", "")
        for rung, mappings in survivors["mappings"].items():
            bar = share_bar(mappings, survivors["mappings"]["single"])
            algorithms = shown(survivors["algorithms"][rung])
            what.add_row(f"  {rung}", bar, shown(mappings), algorithms, Text(of_kind(IN_SHORT[rung], of), style="dim"))
        parts += [what, *([indented(Text(note, style="dim"))] if note else [])]
    return Group(*parts, circuit_funnel("where, then what", survivors["circuits"]))


def circuit_funnel(title: str, survivors: abc.Mapping[str, Count]) -> Table:
    """How many circuits every rung leaves, as bars; rungs that stand beside the others are set in."""
    table = funnel(title, "circuits", "")
    for rung, circuits in survivors.items():
        bar = share_bar(circuits, survivors["perfect"])
        gloss = Text(IN_SHORT[rung], style="dim")
        table.add_row(set_in(rung, marked(rung, rung)), bar, in_table(circuits), gloss)
    return table


def set_in(rung: str, text: str) -> str:
    """A text by which a rung is told, set in, and further where it stands beside the others."""
    return "  " * (1 + (rung in BESIDE)) + text


def verdict_table(verdicts: abc.Mapping[str, Verdict], of: Model) -> Table:
    """The verdict of each strategy, on a model."""
    table = fact_table()
    for strategy, verdict in verdicts.items():
        table.add_row(strategy_name(strategy), verdict_text(replace(verdict, reason=of_kind(verdict.reason, of))))
    return table
