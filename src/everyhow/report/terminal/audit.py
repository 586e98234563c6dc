"""The audit in a terminal: plain text, colored where the terminal can, the same at any width."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from ...auditing.audit import Audit
from ...auditing.behavior_audit import BehaviorAudit
from ...auditing.counted import circuit_verdict
from ...auditing.paper import PaperFindings
from ...interpretation.interpretation import Interpretation
from ...mapping.findings import RUNGS
from ...model.graph import Graph
from ..words import (
    answers,
    asked_in_short,
    circuits_by_rung,
    network_in_short,
    survivors_by_rung,
    trivial_text,
)
from .behavior import behavior_parts
from .lines import circuit_lines, formula_lines
from .pieces import (
    answer_table,
    circuit_funnel,
    fact_table,
    heading,
    indented,
    ladder,
    print_trimmed,
    verdict_table,
    verdict_text,
)
from .rivals import lesson_section, rival_sections


def print_audit(audit: Audit | BehaviorAudit, console: Console, saved: Sequence[str] = ()) -> None:
    """Print an audit, of a task or by data; `saved` are the files written."""
    parts = behavior_parts(audit) if isinstance(audit, BehaviorAudit) else _audit_parts(audit)
    files = [heading("Files"), *(indented(Text(path, overflow="fold")) for path in saved)] if saved else []
    print_trimmed(console, *parts, *files)


def _audit_parts(audit: Audit) -> Iterator[RenderableType]:
    yield _head(audit)
    if audit.outputs:
        yield from _together(audit)
        for part in audit.outputs:
            yield Text(f"\nOutput {part.task}", style="bold underline")
            yield from _output_parts(part)
    else:
        yield from _output_parts(audit)


def _together(audit: Audit) -> Iterator[RenderableType]:
    """The circuits that are right at all outputs at once."""
    if audit.together is None:
        return
    yield heading("Circuits of all outputs together")
    yield circuit_funnel("", circuits_by_rung(audit.together))
    yield indented(verdict_text(circuit_verdict(audit.together)))


def _output_parts(audit: Audit) -> Iterator[RenderableType]:
    yield from _mismatch(audit)
    findings = audit.findings
    if isinstance(findings, PaperFindings) and findings.lesson is not None:
        yield from lesson_section(findings.lesson, audit.task)
    yield heading("Is the explanation the only one?")
    yield answer_table(answers(audit))
    if isinstance(findings, PaperFindings):
        yield heading("The ladder: how many are left by each stricter criterion")
        yield ladder(survivors_by_rung(audit), trivial_text(findings.mappings))
    yield heading("Verdict")
    yield verdict_table(audit.verdict)
    if isinstance(findings, PaperFindings):
        yield from _simplest_algorithm(findings, audit.network.graph)
        yield from _simplest_circuit(findings)
        yield from rival_sections(findings, audit.network.graph)
    if audit.capped:
        yield heading("Not counted exactly")
        yield from (indented(Text(f"- {reason}")) for reason in audit.capped)


def _head(audit: Audit) -> RenderableType:
    table = fact_table()
    table.add_row("Task", Text(audit.task, style="bold"))
    table.add_row(audit.network.kind.capitalize(), Text(network_in_short(audit.network)))
    table.add_row("Preset", Text(asked_in_short(audit)))
    for remark in audit.remarks:
        table.add_row("Note", Text(remark))
    return table


def _mismatch(audit: Audit) -> Iterator[RenderableType]:
    if audit.mismatch:
        yield Text(f"\n{audit.mismatch}", style="bold red")


def _simplest_algorithm(findings: PaperFindings, graph: Graph) -> Iterator[RenderableType]:
    mapping = findings.mappings.simplest
    if mapping is None:
        yield from _nearest(findings, graph)
        return
    strictest = findings.mappings.strictest or ""
    rivals = findings.mappings.surviving_mappings[strictest] or 1
    last = "" if strictest == RUNGS[-1] else ", the last rung that any passes"
    yield heading(f"Simplest explanation left by {strictest}{_one_of(rivals)}{last}")
    yield indented(Text("\n".join(formula_lines(mapping, graph)), overflow="fold"))


def _nearest(findings: PaperFindings, graph: Graph) -> Iterator[RenderableType]:
    misses = findings.mappings.near_misses
    if not misses:
        return
    tried, of = findings.mappings.scored
    among = f"all {of:,}" if tried == of else f"the {tried:,} simplest of {of:,}"
    yield heading(f"Nearest misses among {among} irredundant algorithms, by the IIA of their worst variable")
    for miss in misses[:3]:
        yield indented(Text(f"{float(miss.least):.4f}  {miss.mapping.algorithm}: {miss.mapping.named(graph)}"))


def _simplest_circuit(findings: PaperFindings) -> Iterator[RenderableType]:
    circuit, interpretation = findings.circuits.simplest, findings.interpretations.simplest
    if circuit is None:
        return
    survivors = findings.circuits.survivors
    rung = "resample_faithful_fewest_edges" if findings.circuits.faithful_minimal else "perfect"
    rivals = survivors[rung] if rung != "perfect" else len(findings.circuits.minimal or ())
    yield heading(f"Smallest circuit left by {rung}{_one_of(rivals or 1)}: {len(circuit)} edges")
    yield indented(Text("\n".join(circuit_lines(circuit, interpretation)), overflow="fold"))
    if not findings.interpretations.asked:
        return
    note = "This circuit has no interpretation." if interpretation is None else _gap_note(interpretation)
    yield indented(Text(note, style="dim"))


def _gap_note(interpretation: Interpretation) -> str:
    return (
        f"Gates as read by the widest gaps (at least {interpretation.smallest_gap:.0%} of a neuron's range); "
        "digits list a gate's values by parent pattern, - where a pattern never occurs."
    )


def _one_of(rivals: int) -> str:
    return "" if rivals == 1 else f", one of {rivals:,}"
