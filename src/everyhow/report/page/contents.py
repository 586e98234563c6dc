"""What a page shows of an audit, as plain values: the page's own script reads them, and so does its template."""

from dataclasses import replace
from typing import Any

from ...auditing.audit import Audit
from ...auditing.exhibits import activations_of
from ...auditing.lesson import Lesson
from ...common.count import NOT_COUNTED
from ...ladder import DEFINITIONS
from ..audit_tables import audit_tables
from ..drawings.network import draw_network
from ..drawings.svg import inside_page
from ..words import answers, asked_in_short, facts, network_in_short, shown, strategy_name
from .circuits import where
from .placements import places, signatures
from .rivals import codes, cost
from .room import Room
from .rungs import ladder
from .values import activations, plain_tables


def contents(audit: Audit, room: Room, name: str | None = None) -> dict[str, Any]:
    """Everything a page shows of an audit of one output, or of all outputs together; `name` is what it is called."""
    audit = replace(audit, outputs=()) if audit.outputs else audit
    found: dict[str, Any] = {
        "head": _head(audit, name or audit.name),
        "network": _network(audit),
        "tables": plain_tables(audit_tables(audit, room.rows)),
        "method": _method(audit),
    }
    exhibits = audit.exhibits
    if exhibits is not None:
        found |= {
            "where": where(exhibits, room),
            "places": places(exhibits, room),
            "signatures": signatures(exhibits, room),
            "codes": codes(exhibits, room),
            "ladder": ladder(exhibits, room),
            "cost": cost(exhibits, room),
            "lesson": exhibits.findings.lesson and _lesson(exhibits.findings.lesson),
        }
    return found


def _head(audit: Audit, name: str) -> dict[str, Any]:
    exhibits, notes = audit.exhibits, audit.notes
    verdicts = [(strategy_name(strategy), verdict) for strategy, verdict in audit.verdict.items()]
    for layer in exhibits.layers if exhibits else ():
        verdicts += [(f"codes, layer {layer.layer}", layer.verdict)] if layer.verdict else []
    return {
        "task": name,
        "network": network_in_short(audit.network),
        "asked": f"preset {asked_in_short(audit)}" if audit.wanted else asked_in_short(audit),
        "facts": [] if audit.wanted else [f"{title}: {text}" for title, text in facts(audit).items() if title not in (
            "Note", "Asked", audit.network.kind.capitalize()
        )],
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
        "capped": list(notes.refused + notes.ties),
        "beyond": list(notes.beyond),
    }  # fmt: skip


def _network(audit: Audit) -> dict[str, Any]:
    network = audit.network
    lit = activations_of(network, audit.behavior)
    return {
        "svg": inside_page(draw_network(network, lit)),
        "widths": list(network.graph.sizes),
        "rows": [] if lit is None else list(lit.names),
        "edges": [list(edge) for edge in network.graph.edges],
        "names": {
            f"{layer}-{j}": name for layer, names in enumerate(network.graph.names) for j, name in enumerate(names)
        },
        "activations": {} if lit is None else activations(lit, network.graph),
    }


def _lesson(lesson: Lesson) -> dict[str, Any]:
    def row(continuation) -> dict[str, Any]:
        circuits, algorithms = continuation.circuits, continuation.algorithms
        marks = [
            word
            for word, table in (("the task", lesson.task), ("learned", lesson.learned))
            if table == continuation.table
        ]
        return {
            "name": continuation.name,
            "marks": marks,
            "circuits": shown(NOT_COUNTED if circuits is None else circuits.count),
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
        "by_data": audit.wanted is None,
        "provenance": {key: value for key, value in audit.provenance.items() if key != "seconds"},
        "seconds": audit.provenance["seconds"],
        "options": {key: _option(value) for key, value in audit.options.items() if value and key != "features"},
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
