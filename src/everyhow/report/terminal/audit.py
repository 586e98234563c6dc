"""The audit in a terminal: plain text, colored where the terminal can, the same at any width."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from ...auditing.audit import Audit
from ...auditing.findings import Findings
from ...circuit.findings import CircuitFindings
from ...common.notes import Notes
from ...common.shares import percentage
from ...interpretation.findings import InterpretationFindings
from ...interpretation.interpretation import Interpretation
from ...mapping.findings import RUNGS, MappingFindings
from ...model.graph import Graph
from ..headline import headline
from ..words import BY_GRAIN, answers, facts, grain_table, plural, told_verdicts, trivial_text, with_advice
from .lines import circuit_lines, formula_lines
from .pieces import (
    answer_table,
    circuit_funnel,
    count_table,
    fact_table,
    heading,
    indented,
    ladder,
    print_trimmed,
    verdict_table,
    verdict_text,
)
from .rivals import lesson_section, rival_sections


def print_audit(audit: Audit, console: Console, saved: Sequence[str] = (), full: bool = False) -> None:
    """Print an audit; `saved` are the files written. Unless `full`, what is listed of population codes and rivals is
    left out, and said to be."""
    files = fact_table()
    for k, path in enumerate(saved):
        files.add_row("" if k else "Files", Text(path, overflow="fold"))
    print_trimmed(console, *_parts(audit, full), *([Text(""), files] if saved else []))


def _parts(audit: Audit, full: bool) -> Iterator[RenderableType]:
    yield Text(headline(audit))
    yield Text("")
    table = fact_table()
    for k, (name, text) in enumerate(facts(audit).items()):
        table.add_row(name, Text(text, style="" if k else "bold"))
    yield table
    if not audit.outputs:
        yield from _output_parts(audit, full)
    else:
        if isinstance(audit.findings, Findings):
            yield from _together(audit, audit.findings)
        for name, part in audit.named_outputs.items():
            title = f"Output {name}" if audit.wanted else name.capitalize()
            yield Text(f"\n{title}", style="bold underline")
            yield from _output_parts(part, full)
    if not full and (left := list(_only_in_full(audit))):
        yield Text(f"\nWith --full: {'; '.join(left)}.", style="dim")


def _only_in_full(audit: Audit) -> Iterator[str]:
    """What there is to be seen beside what is printed unless all is asked for."""
    every = [part.findings for part in (audit, *audit.outputs) if isinstance(part.findings, Findings)]
    if any(found.readouts is not None and found.readouts.explained for found in every):
        yield "codes by rung"
    compared = sum(found.ranking.of for found in every if found.ranking is not None and found.ranking.of > 1)
    if compared:
        yield f"{compared:,} explanations compared"
    if any(found.interpretations is not None and found.interpretations.simplest is not None for found in every):
        yield "gates by pattern"


def _together(audit: Audit, findings: Findings) -> Iterator[RenderableType]:
    """The circuits that are right at all outputs at once."""
    yield heading("Circuits of all outputs together")
    if audit.wanted is None:
        yield answer_table(answers(audit))
        yield from _by_grain(audit)
    yield circuit_funnel("", findings.circuits.left)
    yield indented(verdict_text(findings.circuits.verdict))
    if audit.wanted is None:
        yield from _simplest_circuit(findings.circuits, None, False)
        yield from _notes(findings.notes)


def _output_parts(audit: Audit, full: bool) -> Iterator[RenderableType]:
    findings = audit.findings
    if audit.mismatch:
        yield Text(f"\n{audit.mismatch}", style="bold red")
    if isinstance(findings, Findings) and findings.lesson is not None:
        yield from lesson_section(findings.lesson, audit.name)
    yield heading("Is the explanation the only one, by the loosest criterion of each kind?")
    yield answer_table(answers(audit))
    yield from _by_grain(audit)
    if isinstance(findings, Findings):
        yield heading("The ladder: how many are left by each stricter criterion")
        note = trivial_text(findings.laddered) if findings.laddered else ""
        yield ladder(findings.left, note, audit.network)
    yield heading("Verdict")
    yield verdict_table(told_verdicts(audit), audit.network)
    if isinstance(findings, Findings):
        graph = audit.network.graph
        if findings.laddered is not None:
            yield from _simplest_algorithm(findings.laddered, graph)
        yield from _simplest_circuit(findings.circuits, findings.interpretations, full)
        if full:
            yield from rival_sections(findings, graph)
    yield from _notes(audit.notes)


def _by_grain(audit: Audit) -> Iterator[RenderableType]:
    """The counts by grain and by ablation, where there are several grains."""
    table = grain_table(audit)
    if table is not None:
        yield heading(BY_GRAIN)
        yield indented(count_table(table))


def _notes(notes: Notes) -> Iterator[RenderableType]:
    """What was not counted exactly, and what was not asked."""
    for title, reasons in (("Not counted exactly", notes.refused + notes.ties), ("Not asked here", notes.beyond)):
        if reasons:
            yield heading(title)
            yield from (indented(Text(f"- {with_advice(reason)}")) for reason in reasons)


def _simplest_algorithm(found: MappingFindings, graph: Graph) -> Iterator[RenderableType]:
    mapping = found.simplest
    if mapping is None:
        yield from _nearest(found, graph)
        return
    strictest = found.strictest or ""
    rivals = found.surviving_mappings[strictest] or 1
    last = "" if strictest == RUNGS[-1] else ", the last rung that any passes"
    yield heading(f"Simplest explanation left by {strictest}{_one_of(rivals)}{last}")
    yield indented(Text("\n".join(formula_lines(mapping, graph)), overflow="fold"))


def _nearest(found: MappingFindings, graph: Graph) -> Iterator[RenderableType]:
    if not found.near_misses:
        return
    tried, of = found.scored
    among = f"all {of:,}" if tried == of else f"the {tried:,} simplest of {of:,}"
    yield heading(f"Nearest misses among {among} irredundant algorithms, by the IIA of their worst variable")
    for miss in found.near_misses[:3]:
        yield indented(Text(f"{percentage(float(miss.least))}  {miss.mapping.algorithm}: {miss.mapping.named(graph)}"))


def _simplest_circuit(
    circuits: CircuitFindings, interpretations: InterpretationFindings | None, full: bool
) -> Iterator[RenderableType]:
    circuit = circuits.simplest
    if circuit is None:
        return
    rung = "resample_faithful_fewest_edges" if circuits.faithful_minimal else "perfect"
    rivals = circuits.survivors[rung] if rung != "perfect" else len(circuits.minimal or ())
    yield heading(f"Smallest circuit left by {rung}{_one_of(rivals or 1)}: {plural(len(circuit), circuit.graph.unit)}")
    interpretation = interpretations.simplest if interpretations else None
    yield indented(Text("\n".join(circuit_lines(circuit, interpretation, full)), overflow="fold"))
    if interpretation is not None and interpretation.gates:
        yield indented(Text(_gap_note(interpretation, full), style="dim"))
    elif interpretations is not None and interpretations.asked and not interpretations.refused:
        yield indented(Text("This circuit has no interpretation.", style="dim"))


def _gap_note(interpretation: Interpretation, full: bool) -> str:
    gap = percentage(interpretation.smallest_gap)
    said = f"Read by the widest gaps ({gap} or more of a neuron's range), simplest gates."
    return f"{said} Digits list a gate's values by pattern, - where a pattern never occurs." if full else said


def _one_of(rivals: int) -> str:
    return "" if rivals == 1 else f", one of {rivals:,}"
