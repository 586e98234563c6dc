"""Where and what: circuits side by side, and the interpretations of each, as plain values."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from ...auditing.exhibits import Activations, Exhibits, Family
from ...circuit.findings import CircuitFindings
from ...common.shares import percent
from ...interpretation.interpretation import Neuron, NeuronGate, Reading
from ...interpretation.interpretations import Interpretations
from ...model.circuit import Circuit
from ...model.graph import Graph
from ..audit_drawings import draw_sizes
from ..audit_tables import edges_text
from ..drawings.components import alone_text
from ..drawings.readings import draw_axes
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
    keys = {(layer, j): f"{layer}-{j}" for layer, j in table.readings}
    # Many interpretations have a reading or a gate in common: each is told once.
    digits = {neuron: _digits(readings, len(table.points)) for neuron, readings in table.readings.items()}
    gates, told = [], dict[Neuron, dict[str, tuple[str, str]]]()
    for neuron, counts in table.gate_counts.items():
        said = [gate_in_words(gate, graph) for gate in counts]
        parents = _parents(next(iter(counts)), graph)
        told[neuron] = {gate.table: (words, parents) for gate, words in zip(counts, said, strict=True)}
        apart = zip(_told_apart(said, counts), counts.values(), strict=True)
        gates.append([keys[neuron], [(words, parents, percent(times / number)) for words, times in apart]])
    return {
        "number": number,
        "expanded": in_digits(table.count_expanded),
        "note": f"{how_many} are listed, widest gaps first." if number > 1 else "",
        "gates": gates,
        "listed": [
            {
                "gap": percent(one.smallest_gap),
                "separators": {
                    keys[neuron]: digits[neuron][reading.bits][0] for neuron, reading in one.readings.items()
                },
                "gates": {keys[neuron]: told[neuron][gate.table] for neuron, gate in one.gates.items()},
                "readings": {keys[neuron]: digits[neuron][reading.bits][1] for neuron, reading in one.readings.items()},
            }
            for one in listed
        ],
    }


def _digits(readings: Sequence[Reading], inputs: int) -> dict[int, tuple[int, str]]:
    """The readings of a neuron by their bits: the place of the separator, the lowest being 0; the digits by input."""
    return {one.bits: (k, "".join(str(one.bits >> row & 1) for row in range(inputs))) for k, one in enumerate(readings)}


def _told_apart(said: Sequence[str], gates: Iterable[NeuronGate]) -> list[str]:
    """Gates in words; those that are said alike, since some of their patterns never occur, with their tables."""
    number = Counter(said)
    return [words if number[words] == 1 else f"{words} ({gate.table})" for words, gate in zip(said, gates, strict=True)]


def _parents(gate: NeuronGate, graph: Graph) -> str:
    return ", ".join(map(graph.name, gate.parents))
