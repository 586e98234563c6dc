"""What a page shows of an audit, as plain values: the page's own script reads them, and so does its template."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import numpy as np

from ...audit import Audit
from ...behavior import Behavior
from ...boolean.algorithms import idle_gate
from ...boolean.truth_table import assignments, row_name
from ...circuits.circuit import Circuit, edge_positions
from ...circuits.count import CircuitCount
from ...circuits.criterion import Criterion, perfect, resample_faithful
from ...circuits.faults import fallen
from ...circuits.listing import is_listable, list_circuits
from ...circuits.sampling import sample_circuits
from ...experiments.deciding import Dispute
from ...interpretations.count import ReadingRule, count_interpretations
from ...interpretations.interpretation import NeuronGate
from ...interpretations.interpretations import Interpretations
from ...ladder import DEFINITIONS, IN_SHORT, Fault
from ...mappings.alignment import minimal_mappings
from ...mappings.faults import fault_of_near_miss
from ...mappings.findings import RUNGS, complexity, simplicity
from ...mappings.mapping import Mapping as Placement
from ...paper import PaperFindings
from ...ranking import cost_of, price_grid
from ...readouts.explanation import ReadoutExplanation
from ..audit_drawings import draw_rival
from ..audit_tables import audit_tables, edges_text, explanation_name, explanation_place
from ..drawings.formula import draw_algorithm, draw_mapping
from ..drawings.ladder import bar_share
from ..drawings.network import draw_network, levels
from ..drawings.readings import draw_axes, separators
from ..drawings.svg import inside_page
from ..drawings.tables import draw_histogram
from ..lines import gate_text, neuron_name
from ..words import (
    answers,
    asked_in_short,
    dispute_text,
    mismatch,
    network_in_short,
    percent,
    shown,
    strategy_name,
)

# The steps that listing the interpretations of one circuit, and of all circuits shown, may take.
MOST_STEPS, MOST_STEPS_IN_ALL = 300_000, 4_000_000
# Neuron sets whose signatures are kept in the page.
MOST_SETS = 1 << 14
# Circuits are listed, rather than drawn at random, in spaces up to this.
LISTED_SPACE = 10_000_000


@dataclass(frozen=True)
class Room:
    """How much of everything there is room for in a page; all that is left out is said there."""

    circuits: int = 60
    interpretations: int = 30
    algorithms: int = 120
    mappings: int = 40
    rivals: int = 100
    fallen: int = 20
    rows: int = 1000

    def halved(self) -> "Room":
        """Half as much, at least one of each."""
        return Room(**{name: max(1, number // 2) for name, number in vars(self).items()})


def contents(audit: Audit, room: Room) -> dict[str, Any]:
    """Everything a page shows of an audit of one output."""
    found: dict[str, Any] = {
        "head": _head(audit),
        "network": _network(audit),
        "tables": _tables(audit, room),
        "method": _method(audit),
    }
    findings = audit.findings
    if isinstance(findings, PaperFindings):
        behavior = Behavior.of_network(audit.network, assignments(audit.network.widths[0]), audit.decision)
        found |= {
            "where": _where(audit, findings, behavior, room),
            "places": _places(findings, room),
            "signatures": _signatures(audit, findings),
            "codes": _codes(audit, findings, room),
            "ladder": _ladder(audit, findings, behavior, room),
            "cost": _cost(findings, room),
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
        "mismatch": mismatch(audit),
        "answers": [
            {"question": answer.question, "word": answer.word, "text": answer.text} for answer in answers(audit)
        ],
        "verdicts": [
            {
                "strategy": name,
                "status": verdict.status,
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
    inputs, last = network.widths[0], network.depth
    return {
        "svg": inside_page(draw_network(network)),
        "widths": list(network.widths),
        "rows": [row_name(row, inputs) for row in range(1 << inputs)],
        "edges": [list(edge) for edge in edge_positions(network.widths)],
        "names": {
            f"{layer}-{j}": neuron_name(layer, j, last) for layer, w in enumerate(network.widths) for j in range(w)
        },
        "activations": _activations(network.layers(assignments(inputs))),
    }


def _activations(states: Sequence[np.ndarray]) -> dict[str, list[list[float]]]:
    """For each neuron its activations, and how dark each square is."""
    return {
        f"{layer}-{j}": [_short(state[:, j]), _short(levels(state[:, j]), 3)]
        for layer, state in enumerate(states)
        for j in range(state.shape[1])
    }


def _short(values: Iterable[float], digits: int = 5) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values]


def _tables(audit: Audit, room: Room) -> dict[str, Any]:
    return {
        name: {
            "title": one.title,
            "columns": list(one.table.columns),
            "rows": [list(row) for row in one.table.rows],
            "note": one.note and f"{one.note} everyhow tables writes the rest.",
        }
        for name, one in audit_tables(audit, room.rows).items()
    }


def _where(audit: Audit, findings: PaperFindings, behavior: Behavior, room: Room) -> dict[str, Any]:
    found = findings.circuits
    families = _families(audit, findings, behavior, room)
    listed = list(dict.fromkeys(circuit for family in families for circuit in family["circuits"]))
    place = {circuit: k for k, circuit in enumerate(listed)}
    for family in families:
        family["circuits"] = [place[circuit] for circuit in family["circuits"]]
    steps = [MOST_STEPS_IN_ALL]
    return {
        "usage": _usage(findings),
        "histogram": _histogram(findings),
        "families": families,
        "circuits": [_circuit(audit, circuit, behavior, room, steps) for circuit in listed],
        "known": found.perfect is not None,
    }


def _families(audit: Audit, findings: PaperFindings, behavior: Behavior, room: Room) -> list[dict[str, Any]]:
    found, decision = findings.circuits, audit.decision
    families = []
    for name, title, circuits in (
        ("minimal", "minimal perfect circuits", found.minimal),
        ("faithful_minimal", "minimal resample-faithful circuits", found.faithful_minimal),
    ):
        if circuits:
            families.append(_family(name, title, circuits, len(circuits), room, "fewest edges first"))
    for name, title, count, criterion in (
        ("perfect", "perfect circuits", found.perfect, perfect(audit.network, behavior, decision)),
        (
            "faithful",
            "resample-faithful circuits",
            found.faithful,
            resample_faithful(audit.network, behavior, decision),
        ),
    ):
        if count is not None and count.between[0] and is_listable(audit.network):
            families.append(_any_of(name, title, count, criterion, found.in_space, room))
    return families


def _any_of(name: str, title: str, count: CircuitCount, criterion: Criterion, space: int, room: Room) -> dict[str, Any]:
    """All circuits that meet a criterion where they are few, else some drawn at random."""
    number = count.between[0]
    if number <= room.circuits and space <= LISTED_SPACE:
        return _family(name, title, sorted(list_circuits(criterion), key=len), number, room, "fewest edges first")
    drawn = tuple(dict.fromkeys(sample_circuits(criterion, room.circuits)))
    return _family(name, title, drawn, number, room, "drawn uniformly, seed 0")


def _family(name: str, title: str, circuits: Sequence[Circuit], number: int, room: Room, order: str) -> dict[str, Any]:
    kept = list(circuits[: room.circuits])
    note = f"all {number:,}, {order}" if len(kept) == number else f"{len(kept):,} of {number:,}, {order}"
    return {"name": name, "title": title, "number": number, "note": note, "circuits": kept}


def _usage(findings: PaperFindings) -> dict[str, Any] | None:
    usage = findings.circuits.usage
    if usage is None or not usage.circuits:
        return None
    items = {"-".join(map(str, item)): item for item in (*usage.edges, *usage.neurons)}
    counts: Mapping[tuple[int, ...], int] = {**usage.edges, **usage.neurons}
    roles = [usage.role(edge) for edge in usage.edges]
    return {
        "circuits": usage.circuits,
        "roles": {role: roles.count(role) for role in ("core", "contingent", "never")},
        "items": {key: [counts[item], usage.role(item)] for key, item in items.items()},
    }


def _histogram(findings: PaperFindings) -> str | None:
    counts = {"perfect": findings.circuits.perfect, "resample-faithful": findings.circuits.faithful}
    known = {name: count.certain for name, count in counts.items() if count is not None and count.certified}
    return inside_page(draw_histogram(known, "Circuits by number of edges")) if known else None


def _circuit(audit: Audit, circuit: Circuit, behavior: Behavior, room: Room, steps: list[int]) -> dict[str, Any]:
    network = audit.network
    places = {edge: k for k, edge in enumerate(edge_positions(network.widths))}
    return {
        "edges": [places[edge] for edge in circuit.edges],
        "text": edges_text(circuit),
        "activations": _activations(network.run_circuit(behavior.points, circuit)),
        "what": _what(audit, circuit, behavior, room, steps),
    }


def _what(audit: Audit, circuit: Circuit, behavior: Behavior, room: Room, steps: list[int]) -> dict[str, Any]:
    """The interpretations of one circuit: how many, each neuron's gates, and those with the widest gaps."""
    last, rule = audit.network.depth, ReadingRule(decision=audit.decision)
    table = Interpretations(audit.network, circuit, behavior.points, rule)
    bits = np.array([circuit.bits], np.uint64)
    ((number, expanded),) = count_interpretations(audit.network, [bits], behavior.points, rule)
    found = {"number": number, "expanded": str(expanded), "axes": inside_page(draw_axes(table)), "listed": []}
    needed = _steps(table)
    if needed > MOST_STEPS or needed > steps[0]:
        return found | {"note": f"Not listed: that would take about {needed:,} steps.", "gates": []}
    steps[0] -= needed
    listed = list(islice(table.by_gaps(), room.interpretations))
    gates = [
        [
            f"{layer}-{j}",
            [[gate_text(gate, last), _parents(gate, last), percent(float(share))] for gate, share in shares.items()],
        ]
        for (layer, j), shares in (table.gate_shares.items() if number else ())
    ]
    return found | {
        "note": f"{len(listed):,} of {number:,}, widest gaps first" if listed else "",
        "gates": gates,
        "listed": [
            {
                "gap": percent(one.smallest_gap),
                "separators": {f"{layer}-{j}": k for (layer, j), k in separators(table, one).items()},
                "gates": {
                    f"{layer}-{j}": [gate_text(gate, last), _parents(gate, last)]
                    for (layer, j), gate in one.gates.items()
                },
                "readings": {
                    f"{layer}-{j}": "".join(str(reading.bits >> row & 1) for row in range(len(behavior.points)))
                    for (layer, j), reading in one.readings.items()
                },
            }
            for one in listed
        ],
    }


def _parents(gate: NeuronGate, last: int) -> str:
    return ", ".join(neuron_name(layer, j, last) for layer, j in gate.parents)


def _steps(table: Interpretations) -> int:
    """Pairs of neighbouring states, were every reading consistent with every other."""
    states = [1] * (table.network.depth + 1)
    for (layer, _), readings in table.readings.items():
        states[layer] *= len(readings)
    return sum(one * other for one, other in pairwise(states))


def _places(findings: PaperFindings, room: Room) -> dict[str, Any]:
    found = findings.mappings
    aligned = found.aligned or {}
    chosen = sorted(aligned, key=simplicity)[: room.algorithms]
    return {
        "known": found.aligned is not None,
        "number": len(aligned),
        "algorithms": [_algorithm(findings, algorithm, aligned[algorithm], room) for algorithm in chosen],
        "near": [
            {
                "text": str(miss.mapping.algorithm),
                "tree": inside_page(draw_mapping(miss.mapping)),
                "sets": _sets(miss.mapping),
                "iia": [percent(float(accuracy)) for accuracy in miss.accuracies],
                "least": percent(float(miss.least)),
                "variables": [variable.name for variable in miss.mapping.algorithm.variables],
                "fault": _fault(fault_of_near_miss(found.signatures, miss)),
            }
            for miss in found.near_misses[: room.algorithms]
            if found.signatures is not None
        ],
        "scored": list(found.scored),
    }


def _algorithm(findings: PaperFindings, algorithm, number: int, room: Room) -> dict[str, Any]:
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
            {"sets": _sets(mapping), "text": str(mapping), **_fate(findings, mapping)}
            for mapping in listed[: room.mappings]
        ],
    }


def _sets(mapping: Placement) -> list[list[Any]]:
    return [[s.layer, list(s.neurons)] for s in mapping.sets]


def _fate(findings: PaperFindings, mapping: Placement) -> dict[str, Any]:
    """The strictest rung that an aligned mapping passes, and why it falls at the next."""
    found = findings.mappings
    passed = "single"
    for rung, kept in found.survivors.items():
        if mapping not in kept:
            fault = found.fallen.get(rung, {}).get(mapping) or Fault(idle_gate(mapping.algorithm) or "")
            return {"passes": passed, "falls": rung, "fault": _fault(fault)}
        passed = rung
    return {"passes": passed, "falls": None, "fault": None}


def _fault(fault: Fault) -> dict[str, Any]:
    return {"text": fault.text, "experiment": None if fault.experiment is None else str(fault.experiment)}


def _signatures(audit: Audit, findings: PaperFindings) -> dict[str, Any] | None:
    """The signature of every neuron set: per layer, by the bits of the neurons, which table it has."""
    found = findings.mappings.signatures
    if found is None or len(found) > MOST_SETS:
        return None
    numbers = {rows: k for k, rows in enumerate(found.by_rows)}
    inputs = 1 << audit.network.widths[0]
    return {
        "tables": ["".join(str(row >> base & 1) for row in rows for base in range(inputs)) for rows in numbers],
        "layers": [[numbers[tuple(rows)] for rows in table.tolist()] for table in found.rows],
        "sharing": [len(found.by_rows[rows]) for rows in numbers],
    }


def _codes(audit: Audit, findings: PaperFindings, room: Room) -> dict[str, Any]:
    entries = findings.ranking.entries[: room.rivals]
    places = {explanation: k for k, (_, explanation) in enumerate(entries)}
    experiments = findings.experiments
    examined = experiments.examined
    matrix = None
    if examined is not None:
        kept = [(k, places[e]) for k, e in enumerate(examined.explanations) if e in places]
        kept.sort(key=lambda pair: pair[1])
        shares = examined.matrix
        matrix = {
            "members": [place for _, place in kept],
            "shares": [[percent(float(shares[i][j])) for j, _ in kept] for i, _ in kept],
            "swaps": [len(examined.swaps[i].outcomes) for i, _ in kept],
            "most_moved": examined.most_moved,
            "left_out": experiments.of - len(kept),
        }
    return {
        "rivals": [_rival(audit, explanation, cost) for cost, explanation in entries],
        "number": findings.ranking.of,
        "matrix": matrix,
        "disputes": _disputes(experiments.disputes, places),
        "layers": [
            {
                "layer": layer.layer,
                "readable": len(layer.signals),
                "survivors": layer.survivors,
                "tolerance": layer.signals.tolerance,
            }
            for layer in findings.readouts.layers
        ],
    }


def _rival(audit: Audit, explanation: Placement | ReadoutExplanation, cost: float) -> dict[str, Any]:
    sets = _sets(explanation) if isinstance(explanation, Placement) else _read(explanation)
    return {
        "name": explanation_name(explanation),
        "where": explanation_place(explanation),
        "kind": "mapping" if isinstance(explanation, Placement) else "readouts",
        "cost": cost,
        "svg": inside_page(draw_rival(audit, explanation)),
        "sets": sets,
    }


def _read(explanation: ReadoutExplanation) -> list[list[Any]]:
    """The neurons that each signal is read from."""
    found = []
    for readout in explanation.readouts:
        least = 1e-6 * float(np.abs(readout.coefficients).max(initial=0.0))
        found.append([readout.layer, [j for j, value in enumerate(readout.coefficients) if abs(float(value)) > least]])
    return found


def _disputes(disputes: Sequence[Dispute], places: Mapping[Any, int]) -> dict[str, str]:
    """What decides between two explanations, by their places."""
    found = {}
    for dispute in disputes:
        one, other = (places.get(explanation) for explanation in dispute.explanations)
        if one is not None and other is not None:
            found[f"{min(one, other)}-{max(one, other)}"] = dispute_text(dispute, (f"#{one + 1}", f"#{other + 1}"))
    return found


def _ladder(audit: Audit, findings: PaperFindings, behavior: Behavior, room: Room) -> list[dict[str, Any]]:
    mappings, algorithms = dict(audit.ladder["mappings"]), dict(audit.ladder["algorithms"])
    cheapest = findings.cheapest
    mappings["cheapest"] = None if cheapest is None else len(cheapest)
    algorithms["cheapest"] = None if cheapest is None else len({mapping.algorithm for mapping in cheapest})
    fell = _fallen_mappings(findings, room)
    return [
        {
            "title": "what, then where: algorithms with their places",
            "of": "mappings",
            "rungs": _rungs(mappings, fell, algorithms),
        },
        {
            "title": "where, then what: circuits",
            "of": "circuits",
            "rungs": _rungs(audit.ladder["circuits"], _fallen_circuits(audit, findings, behavior, room)),
        },
    ]


def _rungs(
    survivors: Mapping[str, int | None],
    fell: Mapping[str, dict[str, Any]],
    algorithms: Mapping[str, int | None] | None = None,
) -> list[dict[str, Any]]:
    most = max([number for number in survivors.values() if number], default=1)
    return [
        {
            "rung": rung,
            "name": rung.replace("_", " "),
            "left": number,
            "algorithms": None if algorithms is None else algorithms[rung],
            "share": round(bar_share(number, most), 4),
            "short": IN_SHORT[rung],
            "meaning": DEFINITIONS[rung],
            "fell": fell.get(rung),
        }
        for rung, number in survivors.items()
    ]


def _fallen_mappings(findings: PaperFindings, room: Room) -> dict[str, dict[str, Any]]:
    found = findings.mappings
    left = found.surviving_mappings
    if found.aligned is None or found.algorithms is None or found.signatures is None:
        return {}
    misses = []
    for miss in found.near_misses[: room.fallen]:
        why = _why(fault_of_near_miss(found.signatures, miss))
        misses.append({"text": str(miss.mapping.algorithm), "sets": _sets(miss.mapping), **why})
    unaligned = found.algorithms - len(found.aligned)
    fell = {"single": {"number": unaligned, "of": "algorithms", "listed": misses, "note": "nearest to aligned first"}}
    idle = [algorithm for algorithm in found.aligned if not algorithm.irredundant]
    listed = [
        {"text": str(algorithm), "sets": [], **_why(Fault(idle_gate(algorithm) or ""))}
        for algorithm in idle[: room.fallen]
    ]
    number = (left["single"] or 0) - (left["irredundant"] or 0)
    fell["irredundant"] = {"number": number, "of": "mappings", "listed": listed, "note": "by algorithm"}
    for rung, mappings in found.fallen.items():
        chosen = sorted(mappings, key=complexity)[: room.fallen]
        listed = [
            {"text": f"{mapping.algorithm}: {mapping}", "sets": _sets(mapping), **_why(mappings[mapping])}
            for mapping in chosen
        ]
        fell[rung] = {"number": len(mappings), "of": "mappings", "listed": listed, "note": "simplest first"}
    if findings.cheapest is not None:
        fell["cheapest"] = _dearer(findings, room)
    return fell


def _dearer(findings: PaperFindings, room: Room) -> dict[str, Any]:
    """The mappings that pass every rung but cost more than the cheapest."""
    model, cheapest = findings.ranking.model, set(findings.cheapest or ())
    dearer = [mapping for mapping in findings.mappings.survivors.get(RUNGS[-1], ()) if mapping not in cheapest]
    least = min([cost_of(mapping, model) for mapping in cheapest], default=0.0)
    listed = [
        {
            "text": f"{mapping.algorithm}: {mapping}",
            "sets": _sets(mapping),
            **_why(Fault(f"it costs {cost_of(mapping, model):g}, the cheapest {least:g}")),
        }
        for mapping in sorted(dearer, key=complexity)[: room.fallen]
    ]
    return {"number": len(dearer), "of": "mappings", "listed": listed, "note": "simplest first"}


def _fallen_circuits(
    audit: Audit, findings: PaperFindings, behavior: Behavior, room: Room
) -> dict[str, dict[str, Any]]:
    places = {edge: k for k, edge in enumerate(edge_positions(audit.network.widths))}
    before: int | None = findings.circuits.in_space
    fell = {}
    for rung, left in findings.circuits.survivors.items():
        if before is not None and left is not None:
            found = fallen(rung, audit.network, behavior, audit.decision, findings.circuits, room.fallen)
            listed = [
                {"text": edges_text(circuit), "edges": [places[edge] for edge in circuit.edges], **_why(fault)}
                for circuit, fault in found
            ]
            fell[rung] = {"number": before - left, "of": "circuits", "listed": listed, "note": ""}
        before = left
    return fell


def _why(fault: Fault) -> dict[str, Any]:
    found = _fault(fault)
    return {"because": found["text"], "experiment": found["experiment"]}


def _cost(findings: PaperFindings, room: Room) -> dict[str, Any] | None:
    ranking = findings.ranking
    if len(ranking.entries) < 1:
        return None
    grid = price_grid(ranking)
    model = ranking.model
    return {
        "negations": list(grid.negations),
        "familiar": list(grid.familiar),
        "costs": [[None if costs is None else _short(costs[: room.rivals], 6) for costs in row] for row in grid.costs],
        "priced": len(ranking.entries),
        "number": ranking.of,
        "prices": {
            "AND, OR, NAND, NOR": model.gate,
            "NOT": model.negation,
            "XOR, XNOR": model.parity,
            **dict(model.familiar),
        },
        "untried": sum(costs is None for costs in (cell for row in grid.costs for cell in row)),
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
