"""Algorithms with their places, near misses and causal signatures, as plain values."""

from typing import Any

from ...auditing.exhibits import Exhibits
from ...boolean.algorithms import Algorithm, idle_gate
from ...common.shares import percent
from ...mapping.findings import RUNGS, MappingFindings
from ...mapping.mapping import Mapping
from ..drawings.formula import draw_algorithm, draw_mapping
from ..drawings.svg import inside_page
from .room import Room
from .values import fault_text, sets_of


def places(shown: Exhibits, room: Room) -> dict[str, Any] | None:
    """The simplest aligned algorithms with their mappings, and the near misses; None where no algorithm is looked
    for."""
    found, graph = shown.findings.laddered, shown.graph
    if found is None:
        return None
    return {
        "known": found.aligned is not None,
        "number": len(found.aligned or {}),
        "algorithms": [_algorithm(shown, found, algorithm, room) for algorithm in shown.algorithms(room.algorithms)],
        "near": [
            {
                "text": str(miss.mapping.algorithm),
                "tree": inside_page(draw_mapping(miss.mapping, graph)),
                "sets": sets_of(miss.mapping),
                "iia": [percent(float(accuracy)) for accuracy in miss.accuracies],
                "least": percent(float(miss.least)),
                "variables": [variable.name for variable in miss.mapping.algorithm.variables],
                "fault": fault_text(fault),
            }
            for miss, fault in shown.near_misses(room.algorithms)
        ],
        "missed": len(found.near_misses),
        "scored": list(found.scored),
    }


def _algorithm(shown: Exhibits, found: MappingFindings, algorithm: Algorithm, room: Room) -> dict[str, Any]:
    return {
        "text": str(algorithm),
        "tree": inside_page(draw_algorithm(algorithm)),
        "variables": [variable.name for variable in algorithm.variables],
        "idle": idle_gate(algorithm),
        "number": (found.aligned or {})[algorithm],
        "mappings": [
            {"sets": sets_of(mapping), "text": mapping.named(shown.graph), **_fate(found, mapping)}
            for mapping in shown.placed(room.mappings, algorithm)
        ],
    }


def _fate(found: MappingFindings, mapping: Mapping) -> dict[str, Any]:
    passed, fault = found.fate(mapping)
    falls = None if fault is None else RUNGS[RUNGS.index(passed) + 1]
    return {"passes": passed, "falls": falls, "fault": fault and fault_text(fault)}


def signatures(shown: Exhibits, room: Room) -> dict[str, Any] | None:
    """The signature of every neuron set: per region, by the bits of its nodes, which table it has; where regions are
    not layers, the nodes of each."""
    found, inputs = shown.signatures, len(shown.behavior.points)
    if found is None or not 0 < len(found) <= room.sets or shown.model.outputs > 1:
        return None
    numbers = found.numbers
    return {
        "tables": ["".join(str(row >> base & 1) for row in rows for base in range(inputs)) for rows in numbers],
        "layers": [[numbers[tuple(rows)] for rows in table.tolist()] for table in found.rows],
        "sharing": list(found.sharing),
        **(
            {"regions": [[f"{node.stage}-{node.place}" for node in region] for region in shown.model.regions]}
            if shown.model.residual
            else {}
        ),
    }
