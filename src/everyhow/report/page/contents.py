"""What a page shows of an audit, as plain values: the page's own script reads them, and so does its template."""

from typing import Any

from ...auditing.audit import Audit
from ...auditing.paper import PaperFindings
from ...boolean.truth_table import row_name
from ...ladder import DEFINITIONS
from ...model.behavior import Behavior
from ..audit_tables import audit_tables
from ..drawings.network import draw_network
from ..drawings.svg import inside_page
from ..words import answers, asked_in_short, network_in_short, shown, strategy_name
from .circuits import where
from .placements import places, signatures
from .rivals import codes, cost
from .room import Room
from .rungs import ladder
from .values import activations, plain_tables


def contents(audit: Audit, room: Room) -> dict[str, Any]:
    """Everything a page shows of an audit of one output."""
    found: dict[str, Any] = {
        "head": _head(audit),
        "network": _network(audit),
        "tables": plain_tables(audit_tables(audit, room.rows)),
        "method": _method(audit),
    }
    findings = audit.findings
    if isinstance(findings, PaperFindings):
        points = audit.network.corners
        epsilon, within = audit.options["epsilon"] or 0.0, audit.options["within"]
        behavior = Behavior.of_network(audit.network, points, audit.decision, epsilon=epsilon, within=within)
        found |= {
            "where": where(audit, findings, behavior, room),
            "places": places(audit.network.graph, findings, room),
            "signatures": signatures(audit, findings, room),
            "codes": codes(audit, findings, room),
            "ladder": ladder(audit, findings, behavior, room),
            "cost": cost(findings, room),
            "lesson": _lesson(audit, findings),
        }
    return found


def _head(audit: Audit) -> dict[str, Any]:
    verdicts = [(strategy_name(strategy), verdict) for strategy, verdict in audit.verdict.items()]
    if isinstance(audit.findings, PaperFindings):
        layers = zip(audit.findings.readouts.layers, audit.findings.code_verdicts, strict=True)
        verdicts += [(f"codes, layer {layer.layer}", verdict) for layer, verdict in layers]
    return {
        "task": audit.task,
        "network": network_in_short(audit.network),
        "asked": asked_in_short(audit),
        "remarks": list(audit.remarks),
        "mismatch": audit.mismatch,
        "answers": [
            {"question": answer.question, "word": answer.word, "text": answer.text} for answer in answers(audit)
        ],
        "verdicts": [
            {
                "strategy": name,
                "status": verdict.status,
                "how": {"none valid": "at", "not identifiable": "even by"}.get(verdict.status, "by"),
                "criterion": (verdict.criterion or "").replace("_", " "),
                "meaning": DEFINITIONS.get(verdict.criterion or "", ""),
                "reason": verdict.reason,
                "space": verdict.space,
            }
            for name, verdict in verdicts
        ],
        "capped": list(audit.capped),
    }


def _network(audit: Audit) -> dict[str, Any]:
    network = audit.network
    inputs = network.features
    return {
        "svg": inside_page(draw_network(network)),
        "widths": list(network.graph.sizes),
        "rows": [row_name(row, inputs) for row in range(1 << inputs)],
        "edges": [list(edge) for edge in network.graph.edges],
        "names": {
            f"{layer}-{j}": name for layer, names in enumerate(network.graph.names) for j, name in enumerate(names)
        },
        "activations": activations(network.states(network.corners)),
    }


def _lesson(audit: Audit, findings: PaperFindings) -> dict[str, Any] | None:
    lesson = findings.lesson
    if lesson is None:
        return None

    def row(continuation) -> dict[str, Any]:
        circuits, algorithms = continuation.circuits, continuation.algorithms
        between = None if circuits is None else circuits.between
        marks = [
            word
            for word, table in (("the task", lesson.task), ("learned", lesson.learned))
            if table == continuation.table
        ]
        return {
            "name": continuation.name,
            "marks": marks,
            "circuits": shown(None if between is None else between[0] if between[0] == between[1] else list(between)),
            "algorithms": None if algorithms is None else len(algorithms),
            "mappings": None if algorithms is None else sum(algorithms.values()),
        }

    return {
        "shown": list(lesson.shown),
        "told": lesson.told,
        "depth": lesson.depth,
        "continuations": [row(one) for one in lesson.continuations],
    }


def _method(audit: Audit) -> dict[str, Any]:
    return {
        "preset": audit.preset,
        "provenance": {key: value for key, value in audit.provenance.items() if key != "seconds"},
        "seconds": audit.provenance["seconds"],
        "options": {key: _option(value) for key, value in audit.options.items() if value},
        "decision": audit.decision,
        "depth": audit.depth,
    }


def _option(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_option(one)}" for key, one in value.items() if one != {})
    return (
        ", ".join(map(str, value))
        if isinstance(value, list)
        else shown(value)
        if isinstance(value, int)
        else str(value)
    )
