"""Where and what: circuits side by side, and the interpretations of each, as plain values."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from ...auditing.exhibits import Activations, Exhibits, Family
from ...circuit.findings import CircuitFindings
from ...common.shares import percent
from ...interpretation.interpretation import NeuronGate
from ...interpretation.interpretations import Interpretations
from ...model.circuit import Circuit
from ...model.graph import Graph
from ..audit_drawings import draw_sizes
from ..audit_tables import edges_text
from ..drawings.components import alone_text
from ..drawings.readings import draw_axes, separators
from ..drawings.svg import inside_page
from ..gates_in_words import gate_in_words
from ..words import in_digits
from .room import Room
from .values import activations, edge_numbers, patterns


def where(shown: Exhibits, room: Room) -> dict[str, Any]:
    """How often edges are used, and circuits of each kind with their interpretations."""
    families = list(shown.families(room.circuits))
    listed = list(dict.fromkeys(circuit for family in families for circuit in family.circuits))
    numbers = {circuit: k for k, circuit in enumerate(listed)}
    counted, readings = shown.findings.circuits.perfect, shown.read_each(listed)
    # Circuits of one size need no bars.
    histogram = draw_sizes(shown) if counted is not None and len(counted.certain) > 1 else None
    return {
        "usage": _usage(shown.findings.circuits),
        "histogram": None if histogram is None else inside_page(histogram),
        "families": [_family(family, numbers) for family in families],
        "circuits": [_circuit(shown, *pair, room) for pair in zip(listed, readings, strict=True)],
        "known": shown.findings.circuits.perfect is not None,
        "read": shown.findings.interpretations is not None and shown.findings.interpretations.asked,
    }


def _family(family: Family, numbers: Mapping[Circuit, int]) -> dict[str, Any]:
    listed, number = len(family.circuits), family.number
    if number.exact == listed == 1:
        note = "only one"
    else:
        note = f"all {number}, {family.order}" if listed == number.exact else f"{listed:,} of {number}, {family.order}"
    return {
        "name": family.name,
        "title": family.title,
        "number": number.plain,
        "note": note,
        "circuits": [numbers[circuit] for circuit in family.circuits],
    }


def _usage(found: CircuitFindings) -> dict[str, Any] | None:
    usage = found.usage
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


def _circuit(shown: Exhibits, circuit: Circuit, table: Interpretations | str, room: Room) -> dict[str, Any]:
    lit = shown.activations(circuit)
    # The axes show what a circuit holds at each input, whether or not its readings are gone through.
    axes = None
    if lit.complete and (shown.findings.interpretations is None or shown.findings.interpretations.asked):
        axes = inside_page(draw_axes(shown.read(circuit) if isinstance(table, str) else table, lit))
    return {
        "edges": edge_numbers(circuit),
        "text": edges_text(circuit),
        "activations": activations(lit, shown.graph),
        **_looks(lit, circuit),
        "what": {"axes": axes, **(_unread(table) if isinstance(table, str) else _read(table, room))},
    }


def _looks(lit: Activations, circuit: Circuit) -> dict[str, Any]:
    """Where the nodes of a circuit look, if any of this kind of model do."""
    if not lit.looks:
        return {}
    return {"patterns": patterns(lit, circuit.graph, circuit.neurons), "alone": alone_text(lit)}


def _unread(why: str) -> dict[str, Any]:
    return {"number": None, "expanded": None, "listed": [], "note": f"are not counted here: {why}.", "gates": []}


def _read(table: Interpretations, room: Room) -> dict[str, Any]:
    """The interpretations of one circuit: how many, each neuron's gates, and those with the widest gaps."""
    graph = table.model.graph
    number = table.count
    listed = list(islice(table.by_gaps(), room.interpretations))
    how_many = "All" if len(listed) == number else f"{len(listed):,} of {number:,}"
    gates = [
        [
            f"{layer}-{j}",
            [
                [said, _parents(gate, graph), percent(float(share))]
                for said, (gate, share) in zip(_told_apart(shares, graph), shares.items(), strict=True)
            ],
        ]
        for (layer, j), shares in (table.gate_shares.items() if number else ())
    ]
    return {
        "number": number,
        "expanded": in_digits(table.count_expanded),
        "note": f"{how_many} are listed, widest gaps first." if number > 1 else "",
        "gates": gates,
        "listed": [
            {
                "gap": percent(one.smallest_gap),
                "separators": {f"{layer}-{j}": k for (layer, j), k in separators(table, one).items()},
                "gates": {
                    f"{layer}-{j}": [gate_in_words(gate, graph), _parents(gate, graph)]
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


def _told_apart(gates: Iterable[NeuronGate], graph: Graph) -> list[str]:
    """Gates in words; those that are said alike, since some of their patterns never occur, with their tables."""
    said = [(gate_in_words(gate, graph), gate.table) for gate in gates]
    number = Counter(words for words, _ in said)
    return [words if number[words] == 1 else f"{words} ({table})" for words, table in said]


def _parents(gate: NeuronGate, graph: Graph) -> str:
    return ", ".join(map(graph.name, gate.parents))
