"""Sections of the terminal report on population codes, and on what tells rival explanations apart."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ...auditing.findings import Findings
from ...auditing.lesson import Lesson
from ...common.count import Count
from ...common.shares import percent, percentage
from ...experiment.deciding import Dispute
from ...experiment.findings import ExperimentFindings
from ...experiment.ranking import Ranking
from ...model.circuit import Circuit
from ...model.graph import Graph
from ...readout.findings import LayerReadouts
from ...readout.readouts import OF_SETS
from ..words import in_digits, plural, price_text, shown, vacuous_text
from .pieces import funnel, heading, indented, share_bar, verdict_text

# How many explanations are listed, and how many of them stand in the matrix.
MOST_LISTED, MOST_IN_MATRIX, MOST_DISPUTES, MOST_WINNERS = 12, 10, 3, 3
# Where an explanation says nothing of what another's swaps change.
SILENT = "–"


def rival_sections(findings: Findings, graph: Graph) -> Iterator[RenderableType]:
    """Population codes; the explanations left by cost; the matrix of their predictions; what decides between them."""
    ranking, experiments = findings.ranking, findings.experiments
    if findings.readouts is not None and findings.readouts.explained:
        yield from _codes(findings.readouts.explained)
    if ranking is not None and experiments is not None and len(ranking.entries) > 1:
        yield from _ranking(findings, ranking, graph)
        yield from _interchanges(experiments, ranking)
        yield from _cross_examination(experiments, ranking)
        yield from _prices(ranking)
    if ranking is not None and experiments is not None and (experiments.disputes or experiments.circuit_disputes):
        yield from _disputes(experiments, ranking)


def lesson_section(lesson: Lesson, task: str) -> Iterator[RenderableType]:
    """What fits the rows that the network was shown, and how it goes on."""
    rows = " ".join(lesson.shown)
    how = "it was shown" if lesson.told else "at which it is right"
    yield heading(f"The lesson: what fits the rows {how}, {rows}")
    differs = lesson.task.bits ^ lesson.learned.bits
    wrong = [row for row in lesson.shown if differs >> int(row, 2) & 1]
    if wrong:
        yield indented(Text(f"The network itself is wrong at {' '.join(wrong)}, which it was shown."))
    if not lesson.continuations:
        return
    meant = lesson.of(lesson.task)
    circuits = 0 if meant is None or meant.circuits is None else meant.circuits.between[0]
    if lesson.fitting is not None and lesson.fitting.certified:
        fitting = plural(lesson.fitting.between[0], "circuit")
        text = f"{circuits:,} of the {fitting} that decide right there generalize to {task}."
        yield indented(Text(text))
    table = _table("", "circuits", "aligned algorithms", "mappings")
    for continuation in lesson.continuations:
        marks = [
            word
            for word, table_of in (("the task", lesson.task), ("learned", lesson.learned))
            if continuation.table == table_of
        ]
        found = continuation.algorithms
        table.add_row(
            continuation.name + (f" ({', '.join(marks)})" if marks else ""),
            "?" if continuation.circuits is None else str(continuation.circuits.count),
            shown(None if found is None else len(found)),
            shown(None if found is None else sum(found.values())),
        )
    yield indented(table)
    yield indented(
        Text(
            f"Algorithms to depth {lesson.depth}, aligned in every interchange between those rows; only the other rows "
            f"tell them apart.",
            style="dim",
        )
    )


def _codes(layers: Sequence[LayerReadouts]) -> Iterator[RenderableType]:
    yield heading("Population codes: Boolean signals that are linear in a layer's activations")
    for layer in layers:
        everything = (1 << (len(layer.signals.behavior.points) - 1)) - 1
        readable = f"{len(layer.signals):,} of {in_digits(everything)} signals readable"
        title = f"layer {layer.layer}: {readable} within {layer.signals.tolerance:g}"
        if layer.found is None or not len(layer.signals):
            yield indented(Text(title, style="bold"))
            continue
        if layer.vacuous:
            yield indented(Text(title, style="bold"))
            yield indented(Text(f"  {vacuous_text(layer)}"))
            continue
        sizes = list(layer.found.fitted)
        table = funnel(title, *(f"{'by ' if size == 1 else ''}{size}" for size in sizes), "in all")
        survivors = layer.survivors
        for rung, left in survivors.items():
            counts = layer.found.by_signals(rung) if rung in OF_SETS else {}
            cells = [f"{counts[size]:,}" if size in counts else "" for size in sizes]
            bar = share_bar(Count.of(left), Count.of(survivors["behavioral"]))
            table.add_row(f"  {rung}", bar, *cells, shown(left))
        yield indented(table)
        if layer.verdict is not None:
            yield indented(verdict_text(layer.verdict))


def _ranking(findings: Findings, ranking: Ranking, graph: Graph) -> Iterator[RenderableType]:
    # Those that the table of prices names are listed too.
    named = {rank for prices in ranking.table for rank in prices.winners[:MOST_WINNERS]}
    listed = [(k + 1, *entry) for k, entry in enumerate(ranking.entries) if k < MOST_LISTED or k in named]
    among = "" if len(listed) == ranking.of else f", {len(listed)} of {ranking.of:,}"
    yield heading(f"Explanations compared, cheapest first{among}")
    strictest = findings.mappings and findings.mappings.strictest
    rungs = [f"mappings that pass {strictest}"] if strictest else []
    rungs += [
        f"readout explanations of layer {layer.layer} that pass {layer.strictest}"
        for layer in (findings.readouts.layers if findings.readouts else ())
        if layer.strictest
    ]
    yield indented(Text(f"{'; '.join(rungs).capitalize()}.", style="dim"))
    table = _table("", "cost", "")
    for rank, cost, explanation in listed:
        text = Text(explanation.title)
        text.append(f"  {explanation.in_short(graph)}", style="dim")
        table.add_row(f"#{rank}", price_text(cost), text)
    yield indented(table)
    if len(ranking.entries) < ranking.of:
        yield indented(Text(f"Only the first {len(ranking.entries)} of {ranking.of:,} were priced.", style="dim"))


def _cross_examination(experiments: ExperimentFindings, ranking: Ranking) -> Iterator[RenderableType]:
    examined = experiments.examined
    if examined is None:
        return
    listed = [e for _, e in ranking.entries if e in examined.explanations][:MOST_IN_MATRIX]
    numbers = {e: k for k, (_, e) in enumerate(ranking.entries, start=1)}
    index = {e: k for k, e in enumerate(examined.explanations)}
    yield heading("Cross-examination: of the row's swaps, the percentage whose outcome the column predicts")
    table = _table("", *(f"#{numbers[e]}" for e in listed))
    matrix = examined.matrix
    for row in listed:
        shares = [matrix[index[row]][index[column]] for column in listed]
        table.add_row(f"#{numbers[row]}", *map(_share, shares))
    yield indented(table)
    notes = []
    if len(listed) < experiments.of:
        notes.append(f"{len(listed)} of the {experiments.of:,} explanations compared are shown.")
    if experiments.unswappable:
        notes.append(f"{experiments.unswappable:,} were left out: their readouts cannot be swapped one by one.")
    if examined.most_moved is not None:
        notes.append(f"At most {examined.most_moved} variables are swapped at once.")
    if examined.seed is not None:
        tried, of = sum(map(len, examined.swaps)), sum(swaps.of for swaps in examined.swaps)
        notes.append(f"A sample of {tried:,} of the {of:,} swaps was tried, drawn by seed {examined.seed}.")
    if any(share is None for row in matrix for share in row):
        notes.append(f"{SILENT}: the column says nothing of what the row's swaps change.")
    if any(map(any, examined.halfway)):
        notes.append("A variable that reads halfway between 0 and 1 is taken as at the first input.")
    if notes:
        yield indented(Text(" ".join(notes), style="dim"))


def _share(share: Fraction | None) -> Text:
    return Text(SILENT if share is None else percent(float(share)), style="dim" if share in (None, 1) else "")


def _interchanges(experiments: ExperimentFindings, ranking: Ranking) -> Iterator[RenderableType]:
    if experiments.examined is None:
        return
    own = dict(zip(experiments.examined.explanations, experiments.interchanges, strict=True))
    table = _table("", "IIA of each signal", "of several at once", "unnatural states")
    for rank, (_, explanation) in enumerate(ranking.entries[:MOST_IN_MATRIX], start=1):
        found = own.get(explanation)
        if found is not None:
            single = " ".join(percentage(float(share)) for share in found.single)
            joint = "" if found.joint is None else percentage(float(found.joint))
            table.add_row(f"#{rank}", single, joint, f"{found.unnatural:,} of {found.patched:,}")
    if table.row_count:
        yield heading("Interchange: network and gate after signals are swapped, and states that no input produces")
        yield indented(table)


def _prices(ranking: Ranking) -> Iterator[RenderableType]:
    negations = list(dict.fromkeys(prices.negation for prices in ranking.table))
    winners = {(prices.familiar, prices.negation): prices.winners for prices in ranking.table}
    alike: dict[tuple[Any, ...], list[str | None]] = {}
    for gate in dict.fromkeys(prices.familiar for prices in ranking.table):
        alike.setdefault(tuple(winners.get((gate, n), ()) for n in negations), []).append(gate)
    if len(set(winners.values())) <= 1:
        return
    untried = f" ({ranking.untried} more settings were not tried)" if ranking.untried else ""
    yield heading(
        f"Which is cheapest, by the price of NOT and by the gate that is familiar (at half a gate's price){untried}"
    )
    table = _table("familiar", *(f"NOT {negation:g}" for negation in negations), left=True)
    for row, gates in alike.items():
        names = ", ".join("as given" if gate is None else gate for gate in gates)
        table.add_row(names, *(_ranks(each) or "?" for each in row))
    yield indented(table)


def _ranks(winners: tuple[int, ...]) -> str:
    listed = " ".join(f"#{rank + 1}" for rank in winners[:MOST_WINNERS])
    return listed if len(winners) <= MOST_WINNERS else f"{listed} +{len(winners) - MOST_WINNERS}"


def _disputes(experiments: ExperimentFindings, ranking: Ranking) -> Iterator[RenderableType]:
    yield heading("Experiments that decide between them")
    numbers: dict[object, int] = {e: k for k, (_, e) in enumerate(ranking.entries, start=1)}
    if experiments.disputes:
        settled = [d for d in experiments.disputes if d.experiment is not None]
        ordered = sorted(settled, key=lambda d: sorted(numbers.get(e, 1 << 30) for e in d.explanations))
        text = f"{len(settled):,} of {plural(len(experiments.disputes), 'pair')} of explanations part company"
        apart = sum(d.said_by_both == 0 for d in experiments.disputes)
        alike = len(experiments.disputes) - len(settled) - apart
        others = [
            *([f"{plural(alike, 'pair')} agree{'s' * (alike == 1)}"] if alike else []),
            *([f"{plural(apart, 'pair')} say{'s' * (apart == 1)} nothing of each other's variables"] if apart else []),
        ]
        family = f"Tried were {experiments.disputes[0].family}."
        note = "One that passes every interchange of its own may still predict another's wrongly."
        yield indented(Text(f"{'; '.join([text, *others])}. {family} {note}"))
        for dispute in ordered[:MOST_DISPUTES]:
            yield indented(_dispute(dispute, [f"#{numbers[e]}" for e in dispute.explanations if e in numbers]))
    if experiments.circuit_disputes:
        settled = [d for d in experiments.circuit_disputes if d.experiment is not None]
        yield indented(
            Text(
                f"{len(settled):,} of {plural(len(experiments.circuit_disputes), 'pair')} of circuits part company "
                f"among {experiments.circuit_disputes[0].family}."
            )
        )
        for dispute in settled[:1]:
            yield indented(Text(_two_circuits(*dispute.explanations)))
            yield indented(_dispute(dispute, ["the first", "the second"]))


def _dispute(dispute: Dispute[Any], names: list[str]) -> Text:
    if dispute.experiment is None or len(names) != 2:
        return Text(str(dispute))
    text = Text(f"{names[0]} or {names[1]}: ", style="cyan")
    text.append(dispute.told(names), style="not bold default")
    return text


def _two_circuits(first: object, second: object) -> str:
    if not isinstance(first, Circuit) or not isinstance(second, Circuit):
        return f"{first} and {second}"
    only = [
        " ".join(one.graph.name(edge) for edge in one.edges if edge not in other) or "none"
        for one, other in ((first, second), (second, first))
    ]
    return (
        f"Two of them, of {len(first)} and {len(second)} {first.graph.unit}s; the first alone has {only[0]}, "
        f"the second alone {only[1]}."
    )


def _table(*columns: str, left: bool = False) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for k, column in enumerate(columns):
        words = not column or left
        table.add_column(column, justify="left" if words or k == 0 else "right", no_wrap=bool(column) and not left)
    return table
