"""Algorithms with their places, near misses and causal signatures, as plain values."""

from itertools import islice
from typing import Any

from ...auditing.audit import Audit
from ...auditing.paper import PaperFindings
from ...boolean.algorithms import idle_gate
from ...mapping.alignment import minimal_mappings
from ...mapping.faults import fault_of_near_miss
from ...mapping.findings import RUNGS, complexity, simplicity
from ...mapping.mapping import Mapping
from ...model.graph import Graph
from ..drawings.formula import draw_algorithm, draw_mapping
from ..drawings.svg import inside_page
from ..words import percent
from .room import Room
from .values import fault_text, sets_of


def places(graph: Graph, findings: PaperFindings, room: Room) -> dict[str, Any]:
    """The simplest aligned algorithms with their mappings, and the near misses."""
    found = findings.mappings
    aligned = found.aligned or {}
    chosen = sorted(aligned, key=simplicity)[: room.algorithms]
    return {
        "known": found.aligned is not None,
        "number": len(aligned),
        "algorithms": [_algorithm(graph, findings, algorithm, aligned[algorithm], room) for algorithm in chosen],
        "near": [
            {
                "text": str(miss.mapping.algorithm),
                "tree": inside_page(draw_mapping(miss.mapping, graph)),
                "sets": sets_of(miss.mapping),
                "iia": [percent(float(accuracy)) for accuracy in miss.accuracies],
                "least": percent(float(miss.least)),
                "variables": [variable.name for variable in miss.mapping.algorithm.variables],
                "fault": fault_text(fault_of_near_miss(found.signatures, miss, graph)),
            }
            for miss in found.near_misses[: room.algorithms]
            if found.signatures is not None
        ],
        "missed": len(found.near_misses),
        "scored": list(found.scored),
    }


def _algorithm(graph: Graph, findings: PaperFindings, algorithm, number: int, room: Room) -> dict[str, Any]:
    found = findings.mappings
    assert found.signatures is not None
    listed = sorted(islice(minimal_mappings(found.signatures, algorithm), 50 * room.mappings), key=complexity)
    return {
        "text": str(algorithm),
        "tree": inside_page(draw_algorithm(algorithm)),
        "variables": [variable.name for variable in algorithm.variables],
        "idle": idle_gate(algorithm),
        "number": number,
        "mappings": [
            {"sets": sets_of(mapping), "text": mapping.named(graph), **_fate(findings, mapping)}
            for mapping in listed[: room.mappings]
        ],
    }


def _fate(findings: PaperFindings, mapping: Mapping) -> dict[str, Any]:
    passed, fault = findings.mappings.fate(mapping)
    falls = None if fault is None else RUNGS[RUNGS.index(passed) + 1]
    return {"passes": passed, "falls": falls, "fault": fault and fault_text(fault)}


def signatures(audit: Audit, findings: PaperFindings, room: Room) -> dict[str, Any] | None:
    """The signature of every neuron set: per layer, by the bits of the neurons, which table it has."""
    found = findings.mappings.signatures
    if found is None or len(found) > room.sets:
        return None
    numbers = {rows: k for k, rows in enumerate(found.by_rows)}
    inputs = 1 << audit.network.features
    return {
        "tables": ["".join(str(row >> base & 1) for row in rows for base in range(inputs)) for rows in numbers],
        "layers": [[numbers[tuple(rows)] for rows in table.tolist()] for table in found.rows],
        "sharing": [len(found.by_rows[rows]) for rows in numbers],
    }
