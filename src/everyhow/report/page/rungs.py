"""The ladder: what each rung leaves, who fell there and why, as plain values."""

from collections import abc
from typing import Any

from ...auditing.exhibits import Exhibits, Fallen
from ...boolean.algorithms import Algorithm
from ...common.count import Count
from ...ladder import BESIDE, DEFINITIONS, IN_SHORT, Fault
from ...mapping.interchange import NearMiss
from ...mapping.mapping import Mapping
from ...model.circuit import Circuit
from ...model.graph import Graph
from ...model.model import Model
from ..audit_tables import edges_text
from ..drawings.ladder import bar_share
from ..words import marked, of_kind, trivial_text
from .room import Room
from .values import edge_numbers, fault_text, sets_of


def ladder(shown: Exhibits, room: Room) -> list[dict[str, Any]]:
    """The funnels, each rung with who fell there."""
    left, mappings = shown.findings.left, shown.findings.laddered
    funnels = []
    if mappings is not None:
        funnels.append({
            "title": "what, then where: algorithms with their places",
            "of": "mappings",
            "rungs": _rungs(left["mappings"], shown.fallen_mappings(room.fallen), shown.model, left["algorithms"]),
            "note": trivial_text(mappings),
        })  # fmt: skip
    return [*funnels, {
        "title": "where, then what: circuits",
        "of": "circuits",
        "rungs": _rungs(left["circuits"], shown.fallen_circuits(room.fallen), shown.model),
        "note": "",
    }]  # fmt: skip


def _rungs(
    survivors: abc.Mapping[str, Count],
    fell: abc.Mapping[str, Fallen],
    model: Model,
    algorithms: abc.Mapping[str, Count] | None = None,
) -> list[dict[str, Any]]:
    most = max((count.low or 0 for count in survivors.values()), default=1)
    return [
        {
            "rung": rung,
            "name": marked(rung, rung.replace("_", " ")),
            "left": count.plain,
            "algorithms": None if algorithms is None else algorithms[rung].plain,
            "share": round(bar_share(count.low or 0, most), 4),
            "short": of_kind(IN_SHORT[rung], model),
            "meaning": of_kind(DEFINITIONS[rung], model),
            "beside": rung in BESIDE,
            "fell": _fell(fell[rung], model.graph) if rung in fell else None,
        }
        for rung, count in survivors.items()
    ]


def _fell(fell: Fallen, graph: Graph) -> dict[str, Any]:
    listed = [_one(one, fault, graph) for one, fault in fell.listed]
    return {"number": fell.number, "of": fell.of, "listed": listed, "note": fell.order}


def _one(one: Mapping | NearMiss | Algorithm | Circuit, fault: Fault, graph: Graph) -> dict[str, Any]:
    told = fault_text(fault)
    why = {"because": told["text"], "experiment": told["experiment"]}
    match one:
        case Circuit():
            return {"text": edges_text(one), "edges": edge_numbers(one), **why}
        case NearMiss():
            return {"text": str(one.mapping.algorithm), "sets": sets_of(one.mapping), **why}
        case Mapping():
            return {"text": f"{one.algorithm}: {one.named(graph)}", "sets": sets_of(one), **why}
    return {"text": str(one), "sets": [], **why}
