"""What a page shows of an audit, as plain values: the page's own script reads them, and so does its template."""

from dataclasses import replace
from typing import Any

from ...auditing.audit import Audit
from ...auditing.exhibits import Activations, activations_of
from ...auditing.lesson import Lesson
from ...common.count import NOT_COUNTED
from ...ladder import DEFINITIONS
from ..audit_tables import audit_tables
from ..drawings.components import Boxes, edge_key, has_components, shown_inputs, wires_of
from ..drawings.network import draw_network
from ..drawings.svg import inside_page
from ..headline import headline, tells_what_is_not_asked
from ..words import (
    BY_GRAIN,
    answers,
    asked_in_short,
    facts,
    grain_table,
    network_in_short,
    of_kind,
    shown,
    strategy_name,
    told_verdicts,
    wanted_text,
    with_advice,
)
from .circuits import where
from .placements import places, signatures
from .rivals import codes, cost
from .room import Room
from .rungs import ladder
from .values import activations, patterns, plain_tables

# A wider drawing stands above the views, and not beside them.
WIDEST = 700.0
# What each strategy explains a model by.
EXPLAINED = {"what, then where": "algorithms with their places", "where, then what": "circuits"}


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
    verdicts = [(strategy_name(strategy), verdict) for strategy, verdict in told_verdicts(audit).items()]
    for layer in exhibits.layers if exhibits else ():
        verdicts += [(f"codes, layer {layer.layer}", layer.verdict)] if layer.verdict else []
    return {
        "task": name,
        "headline": headline(audit),
        "network": network_in_short(audit.network),
        "asked": f"preset {asked_in_short(audit)}" if audit.wanted else asked_in_short(audit),
        "facts": [] if audit.wanted else [f"{title}: {text}" for title, text in facts(audit).items() if title not in (
            "Note", "Asked", "Wanted", audit.network.kind.capitalize()
        )],
        "remarks": list(audit.remarks),
        "mismatch": audit.mismatch,
        "answers": [
            {"question": answer.question, "word": answer.word, "text": answer.text} for answer in answers(audit)
        ],
        "verdicts": [
            {
                "strategy": name,
                "of": EXPLAINED.get(name, ""),
                "status": verdict.status,
                "how": {"none valid": "at", "not identifiable": "by any rung up to"}.get(verdict.status, "by"),
                "criterion": (verdict.criterion or "").replace("_", " "),
                "meaning": of_kind(DEFINITIONS.get(verdict.criterion or "", ""), audit.network),
                "reason": of_kind(verdict.reason, audit.network),
                "space": verdict.space,
            }
            for name, verdict in verdicts
        ],
        "capped": list(map(with_advice, notes.refused + notes.ties)),
        "beyond": [] if tells_what_is_not_asked(audit) else list(notes.beyond),
        **_grains(audit),
    }  # fmt: skip


def _grains(audit: Audit) -> dict[str, Any]:
    """The counts by grain and by ablation, where there are several grains."""
    table = grain_table(audit)
    if table is None:
        return {}
    return {
        "grains": {
            "title": BY_GRAIN,
            "ablations": list(table.ablations),
            "rows": [[grain, list(counts)] for grain, counts in table.rows.items()],
            "asked": list(table.asked),
        }
    }


def _network(audit: Audit) -> dict[str, Any]:
    network = audit.network
    lit = activations_of(network, audit.behavior)
    return {
        "svg": inside_page(draw_network(network, lit, noted=False)),
        "widths": list(network.graph.sizes),
        "rows": list(lit.names),
        "inputs": lit.inputs,
        "edges": [list(edge) for edge in network.graph.edges],
        "names": {
            f"{layer}-{j}": name for layer, names in enumerate(network.graph.names) for j, name in enumerate(names)
        },
        "activations": activations(lit, network.graph),
        **_wanted(audit, lit),
        **_components(audit, lit),
    }


def _wanted(audit: Audit, lit: Activations) -> dict[str, Any]:
    """What data want at each input that is shown; a task says so itself."""
    if audit.wanted is not None:
        return {}
    return {"wanted": [wanted_text(audit.behavior, row) for row in lit.rows]}


def _components(audit: Audit, lit: Activations) -> dict[str, Any]:
    """What only models of components have: what they are called, the parts of the drawing that stand for what circuits
    are sets of, what is drawn between nodes beside that, and where nodes look."""
    network, graph, behavior = audit.network, audit.network.graph, audit.behavior
    if not has_components(graph):
        return {}
    key = lambda node: f"{node.stage}-{node.place}"  # noqa: E731
    found: dict[str, Any] = {
        "kind": network.kind,
        "nodes": network.nodes,
        "unit": graph.unit,
        "parts": [edge_key(edge) for edge in graph.edges],
        "called": [graph.name(edge) for edge in graph.edges],
    }
    if Boxes(graph, lit).width > WIDEST:
        found["wide"] = True
    if graph.of_nodes:
        found["wires"] = {wire.key: [key(wire.parent), key(wire.child)] for wire in wires_of(graph)}
        found["always"] = [key(node) for node in graph.nodes if node.stage in (0, graph.last)]
    if lit.looks:
        found["looks"] = {
            "positions": next(iter(lit.looks.values())).shape[-1],
            "tokens": [[f"{token:g}" for token in behavior.points[row]] for row in lit.rows],
            "mean": shown_inputs(lit),
        }
        found["patterns"] = patterns(lit, graph, graph.nodes)
    return found


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
