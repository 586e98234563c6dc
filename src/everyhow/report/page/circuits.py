"""Where and what: circuits side by side, and the interpretations of each, as plain values."""

from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

from ...auditing.audit import Audit
from ...auditing.paper import PaperFindings
from ...interpretation.interpretation import NeuronGate
from ...interpretation.interpretations import Interpretations
from ...model.behavior import Behavior
from ...model.circuit import Circuit
from ...model.criterion import Criterion, perfect, resample_faithful
from ...model.graph import Graph
from ...model.model import CircuitCount, Model
from ...model.reading import ReadingRule
from ..audit_drawings import draw_sizes
from ..audit_tables import edges_text
from ..drawings.readings import draw_axes, separators
from ..drawings.svg import inside_page
from ..terminal.lines import gate_text
from ..words import in_digits, percent, shown
from .room import Room
from .values import activations, edge_numbers

# The steps that listing the interpretations of one circuit, and of all circuits shown, may take.
MOST_STEPS, MOST_STEPS_IN_ALL = 100_000, 3_000_000
# What following one state of a layer takes, in pairs of adjacent states.
STEPS_PER_STATE = 30
# Circuits are listed, rather than drawn at random, in spaces up to this.
LISTED_SPACE = 10_000_000


def where(audit: Audit, findings: PaperFindings, behavior: Behavior, room: Room) -> dict[str, Any]:
    """How often edges are used, and circuits of each kind with their interpretations."""
    found = findings.circuits
    families = _families(audit, findings, behavior, room)
    listed = list(dict.fromkeys(circuit for family in families for circuit in family["circuits"]))
    number = {circuit: k for k, circuit in enumerate(listed)}
    for family in families:
        family["circuits"] = [number[circuit] for circuit in family["circuits"]]
    histogram = draw_sizes(findings)
    rule = ReadingRule(decision=audit.decision)
    asked, unread = findings.interpretations.asked, "; ".join(findings.interpretations.beyond)
    tables = [Interpretations(audit.network, circuit, behavior.points, rule) for circuit in listed]
    return {
        "usage": _usage(findings),
        "histogram": None if histogram is None else inside_page(histogram),
        "families": families,
        "circuits": [
            _circuit(table, None if read else _too_long(table) if asked else unread, room)
            for table, read in zip(tables, _affordable(tables) if asked else [False] * len(tables), strict=True)
        ],
        "known": found.perfect is not None,
    }


def _families(audit: Audit, findings: PaperFindings, behavior: Behavior, room: Room) -> list[dict[str, Any]]:
    found = findings.circuits
    families = []
    for name, title, circuits in (
        ("minimal", "minimal perfect", found.minimal),
        ("faithful_minimal", "minimal resample-faithful", found.faithful_minimal),
    ):
        if circuits:
            families.append(_family(name, title, circuits, len(circuits), room, "fewest edges first"))
    for name, title, count, criterion in (
        ("perfect", "perfect", found.perfect, perfect(audit.network, behavior, found.asked.ablation)),
        (
            "faithful",
            "resample-faithful",
            found.faithful,
            resample_faithful(audit.network, behavior, found.asked.ablation),
        ),
    ):
        if count is not None and count.between[0] and audit.network.listable:
            families.append(_any_of(name, title, count, criterion, found.in_space, room))
    return families


def _any_of(
    name: str, title: str, count: CircuitCount, criterion: Criterion[Model], space: int, room: Room
) -> dict[str, Any]:
    """All circuits that meet a criterion where they are few, else some drawn at random."""
    low, high = count.between
    search = criterion.model.search(criterion)
    if low == high <= room.circuits and space <= LISTED_SPACE:
        return _family(name, title, sorted(search.circuits(), key=len), low, room, "fewest edges first")
    drawn = tuple(dict.fromkeys(search.sample(room.circuits)))
    return _family(name, title, drawn, low if low == high else [low, high], room, "drawn uniformly")


def _family(
    name: str, title: str, circuits: Sequence[Circuit], number: int | list[int], room: Room, order: str
) -> dict[str, Any]:
    kept = list(circuits[: room.circuits])
    note = f"all {shown(number)}, {order}" if len(kept) == number else f"{len(kept):,} of {shown(number)}, {order}"
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


def _circuit(table: Interpretations, unread: str | None, room: Room) -> dict[str, Any]:
    network, circuit = table.model, table.circuit
    return {
        "edges": edge_numbers(circuit),
        "text": edges_text(circuit),
        "activations": activations(network.run_circuit(table.points, circuit)),
        "what": {"axes": inside_page(draw_axes(table)), **(_read(table, room) if unread is None else _unread(unread))},
    }


def _affordable(tables: Sequence[Interpretations]) -> list[bool]:
    """Which circuits are read: each within its limit, and all of them together within theirs."""
    left, found = MOST_STEPS_IN_ALL, []
    for needed in map(_steps, tables):
        found.append(needed <= min(left, MOST_STEPS))
        left -= needed * found[-1]
    return found


def _too_long(table: Interpretations) -> str:
    return f"that would take about {_steps(table):,} steps"


def _unread(why: str) -> dict[str, Any]:
    note = f"Its interpretations are not counted here: {why}."
    return {"number": None, "expanded": None, "listed": [], "note": note, "gates": []}


def _read(table: Interpretations, room: Room) -> dict[str, Any]:
    """The interpretations of one circuit: how many, each neuron's gates, and those with the widest gaps."""
    graph = table.model.graph
    number = table.count
    listed = list(islice(table.by_gaps(), room.interpretations))
    gates = [
        [
            f"{layer}-{j}",
            [[gate_text(gate, graph), _parents(gate, graph), percent(float(share))] for gate, share in shares.items()],
        ]
        for (layer, j), shares in (table.gate_shares.items() if number else ())
    ]
    return {
        "number": number,
        "expanded": in_digits(table.count_expanded),
        "note": f"{len(listed):,} of {number:,} are listed, widest gaps first." if listed else "",
        "gates": gates,
        "listed": [
            {
                "gap": percent(one.smallest_gap),
                "separators": {f"{layer}-{j}": k for (layer, j), k in separators(table, one).items()},
                "gates": {
                    f"{layer}-{j}": [gate_text(gate, graph), _parents(gate, graph)]
                    for (layer, j), gate in one.gates.items()
                },
                "readings": {
                    f"{layer}-{j}": "".join(str(reading.bits >> row & 1) for row in range(len(table.points)))
                    for (layer, j), reading in one.readings.items()
                },
            }
            for one in listed
        ],
    }


def _parents(gate: NeuronGate, graph: Graph) -> str:
    return ", ".join(map(graph.name, gate.parents))


def _steps(table: Interpretations) -> int:
    """States and pairs of adjacent ones, were every reading consistent with every other."""
    states = [1] * (table.model.graph.last + 1)
    for (layer, _), readings in table.readings.items():
        states[layer] *= len(readings)
    return sum(one * other for one, other in pairwise(states)) + STEPS_PER_STATE * sum(states)
