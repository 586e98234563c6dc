"""An audit by data in a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from ...auditing.behavior_audit import BehaviorAudit
from ..behavior_words import behavior_answers, facts, rungs_by_data
from ..words import trivial_text
from .lines import circuit_lines
from .pieces import answer_table, fact_table, heading, indented, ladder, verdict_table


def behavior_parts(audit: BehaviorAudit) -> Iterator[RenderableType]:
    """Everything that is told of an audit by data."""
    head = fact_table()
    for name, text in facts(audit).items():
        head.add_row(name, Text(text))
    yield head
    yield heading("Is the explanation the only one?")
    yield answer_table(behavior_answers(audit))
    yield heading("The ladder: how many are left by each stricter criterion")
    mappings = audit.findings.laddered
    yield ladder(rungs_by_data(audit), "" if mappings is None else trivial_text(mappings))
    yield heading("Verdict")
    yield verdict_table(audit.verdict)
    for k, output in enumerate(audit.outputs):
        yield heading(f"Output {k} alone")
        yield answer_table(behavior_answers(output))
        yield verdict_table(output.verdict)
    simplest = audit.findings.circuits.simplest
    if simplest is not None:
        left_by = "resample_faithful_fewest_edges" if audit.findings.circuits.faithful_minimal else "perfect"
        yield heading(f"Smallest circuit left by {left_by}: {len(simplest)} edges")
        yield indented(Text("\n".join(circuit_lines(simplest, None)), overflow="fold"))
    graph = audit.network.graph
    for algorithm, placed in list((audit.findings.placed or {}).items())[:3]:
        yield heading(f"{algorithm}")
        yield from (indented(Text(mapping.named(graph))) for mapping in placed[:3])
    for title, reasons in (("Not counted exactly", audit.capped), ("Not asked of data", audit.findings.beyond)):
        if reasons:
            yield heading(title)
            yield from (indented(Text(f"- {reason}")) for reason in reasons)
