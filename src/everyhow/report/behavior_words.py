"""What is said of an audit by data, in a terminal and on a page."""

from collections.abc import Iterator
from typing import Any

from ..auditing.behavior_audit import BehaviorAudit
from ..auditing.document import by_ablation
from ..common.sql import RunTable, Table
from ..readout.readout import Signals
from .audit_tables import LADDER, edges_text, ladder_rows
from .words import (
    Answer,
    ablations_text,
    circuits_by_rung,
    estimate_text,
    in_digits,
    network_in_short,
    percent,
    plural,
    shown,
)

# Circuits of a kind in a table.
MOST_ROWS = 100_000


def facts(audit: BehaviorAudit) -> dict[str, str]:
    """What was audited, and how."""
    behavior = audit.behavior
    asked = f"{behavior.how_decided}; circuit error at most {behavior.epsilon:g}"
    if behavior.within is not None:
        asked += f"; outputs within {behavior.within:g} of the network's"
    if audit.findings.circuits.asked.ablation != "zero":
        asked += f"; ablation {audit.findings.circuits.asked.ablation}"
    named = ", ".join(f"{name} is {k}" for k, name in enumerate(behavior.names))
    return {
        audit.network.kind.capitalize(): network_in_short(audit.network),
        "Inputs": f"{plural(len(behavior.points), 'point')} of {plural(behavior.points.shape[1], 'feature')}",
        "Wanted": f"the network decides as wanted at {percent(audit.agreement)} % of them",
        "Asked": asked,
        **({"Labels": named} if named else {}),
        **({"Note": "; ".join(audit.network.remarks)} if audit.network.remarks else {}),
    }


def behavior_answers(audit: BehaviorAudit) -> Iterator[Answer]:
    """Is the explanation the only one? One answer for each kind."""
    findings, counts = audit.findings, audit.counts
    circuits = findings.circuits
    found = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
    many = shown(found) if circuits.estimate is None else estimate_text(circuits.estimate)
    text = f"{many} perfect of {in_digits(circuits.in_space)}"
    if circuits.robust is not None:
        text += f", {shown(counts.get('robust_circuits', counts.get('robust_circuits_between')))} of them robust"
    if circuits.minimal is not None:
        text += f"; {len(circuits.minimal):,} minimal"
    yield Answer("circuit", found, text)
    if findings.using_every_input is not None:
        space, _ = findings.using_every_input
        number = counts["perfect_circuits_using_every_input"]
        yield Answer("using every input", number, f"{shown(number)} perfect of {space:,}")
    if findings.released is not None:
        space, _ = findings.released
        number = counts["accurate_circuits_in_authors_space"]
        yield Answer("as the authors count", number, f"{shown(number)} of accuracy above 0.99, of {space:,}")
    kinds = by_ablation(findings.by_ablation)
    chosen = kinds[circuits.asked.ablation]
    if chosen is not None:
        yield Answer("by ablation", chosen, f"perfect, by what removed edges carry: {ablations_text(kinds)}")
    signatures = findings.signatures
    if signatures is not None:
        text = f"{plural(signatures.distinct, 'causal signature')} of {plural(len(signatures), 'neuron set')}"
        yield Answer("signature", signatures.distinct, text)
    if "mappings" in counts:
        number = counts["mappings"]
        text = f"{plural(number, 'minimal mapping')} of {plural(counts['aligned_algorithms'], 'aligned algorithm')}"
        yield Answer("where it sits", number, text)
    for layer in findings.readouts:
        yield Answer(f"codes, layer {layer.layer}", len(layer), readouts_text(layer))


def rungs_by_data(audit: BehaviorAudit) -> dict[str, dict[str, Any]]:
    """How many circuits each rung leaves, and mappings and algorithms where bits are known that they could be over."""
    return audit.ladder | {"circuits": circuits_by_rung(audit.findings.circuits)}


def readouts_text(layer: Signals) -> str:
    """What is linear in a layer."""
    read = ", ".join(
        f"read with residual {probe.residual:.3g}, right at {percent(probe.accuracy)} %" for probe in layer.wanted
    )
    return f"{plural(len(layer), 'readable signal')} in {plural(layer.rank, 'direction')}; the decision is {read}"


def behavior_tables(audit: BehaviorAudit) -> dict[str, RunTable]:
    """Counts, ladder, circuits, edges and mappings, as tables."""
    findings = audit.findings
    circuits = findings.circuits
    found = [
        _table("counts", "Counts, by their names in audit.json", "count value",
               [(key, str(value) if isinstance(value, dict | list) else value) for key, value in audit.counts.items()]),
        _table("ladder", "Survivors of each rung", LADDER, ladder_rows(rungs_by_data(audit))),
        _table("circuits", "Minimal circuits", "kind edges circuit", [
            (kind, len(circuit), edges_text(circuit))
            for kind, listed in (("perfect", circuits.minimal), ("resample-faithful", circuits.faithful_minimal))
            for circuit in (listed or ())[:MOST_ROWS]
        ]),
        _table("edges", "How many perfect circuits use each edge", "edge circuits role", [
            (audit.network.graph.name(edge), n, usage.role(edge))
            for usage in filter(None, [circuits.usage]) for edge, n in usage.edges.items()
        ]),
        _table("readouts", "What is linear in each hidden layer", "layer signals directions residual accuracy", [
            (layer.layer, len(layer), layer.rank, probe.residual, probe.accuracy)
            for layer in findings.readouts for probe in layer.wanted
        ]),
        _table("mappings", "Aligned algorithms over the features, and their places", "algorithm mapping", [
            (str(algorithm), mapping.named(audit.network.graph))
            for algorithm, placed in (findings.placed or {}).items() for mapping in placed
        ]),
    ]  # fmt: skip
    return {one.name: one for one in found if one.table.rows}


def _table(name: str, title: str, columns: str, rows: list[tuple]) -> RunTable:
    return RunTable(name, title, Table(tuple(columns.split()), tuple(rows)))
