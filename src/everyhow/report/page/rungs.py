"""The ladder: what each rung leaves, who fell there and why, as plain values."""

from collections import abc
from typing import Any

from ...auditing.audit import Audit
from ...auditing.paper import PaperFindings
from ...boolean.algorithms import idle_gate
from ...circuit.faults import fallen
from ...ladder import DEFINITIONS, IN_SHORT, Fault
from ...mapping.faults import fault_of_near_miss
from ...mapping.findings import RUNGS, MappingFindings, complexity, simplicity
from ...mapping.mapping import Mapping
from ...model.behavior import Behavior
from ...model.graph import Graph
from ..audit_tables import edges_text
from ..drawings.ladder import bar_share, lower
from ..words import plural, survivors_by_rung, trivial_text
from .room import Room
from .values import edge_numbers, fault_text, sets_of


def ladder(audit: Audit, findings: PaperFindings, behavior: Behavior, room: Room) -> list[dict[str, Any]]:
    """Both funnels, and the rung `cheapest`, each rung with who fell there."""
    survivors = survivors_by_rung(audit)
    fell = _fallen_mappings(audit.network.graph, findings, room)
    return [
        {
            "title": "what, then where: algorithms with their places",
            "of": "mappings",
            "rungs": _rungs(survivors["mappings"], fell, survivors["algorithms"]),
            "note": trivial_text(findings.mappings),
        },
        {
            "title": "where, then what: circuits",
            "of": "circuits",
            "rungs": _rungs(survivors["circuits"], _fallen_circuits(audit, findings, behavior, room)),
            "note": "",
        },
    ]


def _rungs(
    survivors: abc.Mapping[str, int | list[int] | None],
    fell: abc.Mapping[str, dict[str, Any]],
    algorithms: abc.Mapping[str, int | None] | None = None,
) -> list[dict[str, Any]]:
    most = max(map(lower, survivors.values()), default=1)
    return [
        {
            "rung": rung,
            "name": rung.replace("_", " "),
            "left": number,
            "algorithms": None if algorithms is None else algorithms[rung],
            "share": round(bar_share(lower(number), most), 4),
            "short": IN_SHORT[rung],
            "meaning": DEFINITIONS[rung],
            "fell": fell.get(rung),
        }
        for rung, number in survivors.items()
    ]


def _fallen_mappings(graph: Graph, findings: PaperFindings, room: Room) -> dict[str, dict[str, Any]]:
    found = findings.mappings
    left = found.surviving_mappings
    if found.aligned is None or found.algorithms is None or found.signatures is None:
        return {}
    misses = []
    for miss in found.near_misses[: room.fallen]:
        why = _why(fault_of_near_miss(found.signatures, miss, graph))
        misses.append({"text": str(miss.mapping.algorithm), "sets": sets_of(miss.mapping), **why})
    unaligned = found.algorithms - len(found.aligned)
    fell = {"single": {"number": unaligned, "of": "algorithms", "listed": misses, "note": _scored(found)}}
    idle = sorted((algorithm for algorithm in found.aligned if not algorithm.irredundant), key=simplicity)
    listed = [
        {"text": str(algorithm), "sets": [], **_why(Fault(idle_gate(algorithm) or ""))}
        for algorithm in idle[: room.fallen]
    ]
    number = (left["single"] or 0) - (left["irredundant"] or 0)
    fell["irredundant"] = {
        "number": number,
        "of": "mappings",
        "listed": listed,
        "note": f"of {plural(len(idle), 'algorithm')}, simplest first",
    }
    for rung, mappings in found.fallen.items():
        chosen = sorted(mappings, key=complexity)[: room.fallen]
        listed = [
            {"text": _placed(mapping, graph), "sets": sets_of(mapping), **_why(mappings[mapping])} for mapping in chosen
        ]
        fell[rung] = {"number": len(mappings), "of": "mappings", "listed": listed, "note": "simplest first"}
    if findings.cheapest is not None:
        fell["cheapest"] = _dearer(graph, findings, room)
    return fell


def _scored(found: MappingFindings) -> str:
    tried, of = found.scored
    return f"nearest to aligned first, among {tried:,} of the {of:,} irredundant ones"


def _dearer(graph: Graph, findings: PaperFindings, room: Room) -> dict[str, Any]:
    """The mappings that pass every rung but cost more than the cheapest."""
    model, cheapest = findings.ranking.model, set(findings.cheapest or ())
    dearer = [mapping for mapping in findings.mappings.survivors.get(RUNGS[-1], ()) if mapping not in cheapest]
    least = min([mapping.cost(model) for mapping in cheapest], default=0.0)
    listed = [
        {
            "text": _placed(mapping, graph),
            "sets": sets_of(mapping),
            **_why(Fault(f"it costs {mapping.cost(model):g}, the cheapest {least:g}")),
        }
        for mapping in sorted(dearer, key=complexity)[: room.fallen]
    ]
    return {"number": len(dearer), "of": "mappings", "listed": listed, "note": "simplest first"}


def _fallen_circuits(
    audit: Audit, findings: PaperFindings, behavior: Behavior, room: Room
) -> dict[str, dict[str, Any]]:
    before: int | None = findings.circuits.in_space
    fell = {}
    for rung, left in findings.circuits.survivors.items():
        if before is not None and left is not None:
            found = fallen(rung, audit.network, behavior, findings.circuits, room.fallen)
            listed = [
                {"text": edges_text(circuit), "edges": edge_numbers(circuit), **_why(fault)} for circuit, fault in found
            ]
            fell[rung] = {"number": before - left, "of": "circuits", "listed": listed, "note": ""}
        before = left
    return fell


def _placed(mapping: Mapping, graph: Graph) -> str:
    return f"{mapping.algorithm}: {mapping.named(graph)}"


def _why(fault: Fault) -> dict[str, Any]:
    found = fault_text(fault)
    return {"because": found["text"], "experiment": found["experiment"]}
