"""The network: layers from left to right, and circuits, usage and mappings as light on the same drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ...auditing.exhibits import Activations, Exhibits
from ...circuit.overlap import Usage
from ...mapping.mapping import Mapping
from ...model.circuit import Circuit
from ...model.graph import Edge, Graph
from ...model.model import Model
from ..words import percent
from .drawing import Drawing, beside
from .palette import badge_role, variable_role
from .shapes import Box, Circle, Label, Line, Part

Neuron = tuple[int, int]
HEAD, FOOT, SIDE = 34.0, 18.0, 26.0
COLUMN = 150.0
THINNEST, THICKEST = 0.8, 5.0
MOST_LABELED = 16


@dataclass(frozen=True)
class Columns:
    """Where the nodes of a model stand: each stage is a column."""

    graph: Graph

    @property
    def sizes(self) -> tuple[int, ...]:
        """The nodes of each column."""
        return self.graph.sizes

    @property
    def crossed(self) -> bool:
        """Whether edges pass columns, behind what nodes are called."""
        return not self.graph.layered

    @property
    def radius(self) -> float:
        """Of a neuron; smaller where a layer is wide."""
        return max(7.0, min(21.0, 190.0 / max(self.sizes)))

    @property
    def step(self) -> float:
        """From one neuron of a layer to the next."""
        return 2 * self.radius + max(6.0, self.radius)

    @property
    def width(self) -> float:
        """Of the drawing."""
        return 2 * (SIDE + self.radius) + COLUMN * (len(self.sizes) - 1)

    @property
    def height(self) -> float:
        """Of the drawing."""
        return HEAD + FOOT + self.step * max(self.sizes)

    def middle(self, layer: int, neuron: int) -> tuple[float, float]:
        """The middle of a neuron; layer 0 is the inputs."""
        axis = HEAD + self.step * max(self.sizes) / 2
        y = axis + (neuron - (self.sizes[layer] - 1) / 2) * self.step
        return SIDE + self.radius + COLUMN * layer, y

    def name(self, layer: int, neuron: int) -> str:
        """What a node is called."""
        return self.graph.name((layer, neuron))

    def entry(self, edge: Edge) -> tuple[float, float]:
        """Where an edge ends: in the middle of its node, or, slot by slot, above and below it."""
        x, y = self.middle(*edge.child)
        slots = len(self.graph.slots[edge.child.stage])
        return x, y + (edge.slot - (slots - 1) / 2) * 2 * self.radius / slots

    def gap(self, layer: int, y: float) -> float:
        """The height nearest to `y` at which an edge passes a column between its nodes, or beside them."""
        first = self.middle(layer, 0)[1] - self.step / 2
        return first + self.step * min(max(round((y - first) / self.step), 0), self.sizes[layer])


def draw_network(network: Model, activations: Activations | None) -> Drawing:
    """The whole network: weights by the thickness of edges (broken lines for negative ones), and in each neuron a
    square per input, darker where its activation is larger; without activations no squares."""
    columns = Columns(network.graph)
    parts = (*_headings(columns), *_edges(columns, network), *_neurons(columns, activations))
    title = f"The {network.kind} {_shape(network.graph)}: {len(network.graph.edges)} edges"
    return Drawing(title, columns.width, columns.height, parts)


def draw_circuit(network: Model, circuit: Circuit, activations: Activations | None) -> Drawing:
    """A circuit in its network, with its activations when it is run alone; all else is set back."""
    drawing = replace(draw_network(network, activations), title=f"A circuit of {len(circuit)} edges")
    return drawing.with_states(outside(circuit))


def draw_wiring(circuit: Circuit) -> Drawing:
    """A circuit without its network: which edges there are, weights unknown."""
    columns = Columns(circuit.graph)
    edges = [_edge(columns, edge, "plain", 2.0, "") for edge in circuit.graph.edges]
    title = f"A circuit of {len(circuit)} edges in a {_shape(circuit.graph)} network"
    parts = (*_headings(columns), *edges, *_neurons(columns, None))
    return Drawing(title, columns.width, columns.height, parts).with_states(outside(circuit))


def draw_difference(shown: Exhibits, one: Circuit, other: Circuit) -> Drawing:
    """Two circuits side by side; what both have is set back by half, so that the difference stands out."""
    shared = {_edge_key(edge): "half" for edge in one.edges if edge in other}
    drawings = {}
    for mine, theirs in ((one, other), (other, one)):
        only = sum(edge not in theirs for edge in mine.edges)
        heading = f"{len(mine)} edges, {only} of them only here"
        drawing = draw_circuit(shown.model, mine, shown.activations(mine))
        drawings[heading + " " * len(drawings)] = drawing.with_states(shared)
    return beside("Two circuits and their difference", drawings)


def draw_usage(network: Model, usage: Usage, activations: Activations | None) -> Drawing:
    """How many of the perfect circuits use each edge and neuron: in all, in some (set back by half), in none."""
    states = {"core": "", "contingent": "half", "never": "dim"}
    lit = {_edge_key(edge): states[usage.role(edge)] for edge in usage.edges}
    lit |= {_neuron_key(*neuron): states[usage.role(neuron)] for neuron in usage.neurons}
    columns = Columns(network.graph)
    shares = [
        Part(
            "",
            "",
            (
                Label(
                    "halo",
                    x + columns.radius + 3,
                    y - columns.radius * 0.8,
                    f"{percent(count / usage.circuits)}%",
                    11,
                    "start",
                ),
            ),
        )
        for (x, y), count in ((columns.middle(*neuron), count) for neuron, count in usage.neurons.items())
        if usage.circuits
    ]
    named = replace(draw_network(network, activations), title=f"Use by the {usage.circuits:,} perfect circuits")
    return named.with_states(lit).with_parts(*shares)


def draw_places(network: Model, mapping: Mapping, activations: Activations | None) -> Drawing:
    """Where a mapping puts each variable: its neurons ringed in the color and with the number of the variable."""
    columns = Columns(network.graph)
    rings = [ring(columns, index, (s.layer, j)) for index, s in enumerate(mapping.sets) for j in s.neurons]
    title = f"Where {mapping.algorithm} sits: {mapping.named(network.graph)}"
    return replace(draw_network(network, activations), title=title).with_parts(*rings)


def ring(columns: Columns, index: int, neuron: Neuron) -> Part:
    """A neuron marked as carrying a variable."""
    x, y = columns.middle(*neuron)
    r = columns.radius
    badge = (Circle(badge_role(index), x + r * 0.85, y - r * 0.85, 8.5),)
    number = (Label("badge", x + r * 0.85, y - r * 0.85, str(index + 1), 11),)
    return Part(f"ring-{neuron[0]}-{neuron[1]}", "", (Circle(variable_role(index), x, y, r + 3.5), *badge, *number))


def outside(circuit: Circuit) -> dict[str, str]:
    """The parts of a drawing of the network that a circuit leaves out, as set back."""
    states = {_edge_key(edge): "dim" for edge in circuit.graph.edges if edge not in circuit}
    used = {edge.parent for edge in circuit.edges}
    everything = (node for node in circuit.graph.nodes if node.stage < circuit.graph.last)
    return states | {_neuron_key(*node): "dim" for node in everything if node not in used}


def levels(values: np.ndarray) -> np.ndarray:
    """A neuron's activations from 0, its smallest, to 1, its largest; all 0 when it never varies."""
    span = values.max() - values.min()
    return (values - values.min()) / span if span > 1e-9 * max(1.0, float(np.abs(values).max())) else 0.0 * values


def squares(x: float, y: float, side: float, shades: Sequence[float]) -> list[Box]:
    """One square per input around a middle, in reading order, within a square of this side."""
    inputs = (len(shades) - 1).bit_length()
    columns = 1 << (inputs + 1) // 2
    cell = side / columns
    lines = math.ceil(len(shades) / columns)
    left, top = x - side / 2, y - cell * lines / 2
    found = []
    for row, shade in enumerate(shades):
        cell_box = (left + cell * (row % columns), top + cell * (row // columns), cell, cell)
        found += [Box("cell", *cell_box), Box("level", *cell_box, level=round(float(shade), 3))]
    return found


def _shape(graph: Graph) -> str:
    return "-".join(map(str, graph.sizes))


def _headings(columns: Columns) -> list[Part]:
    last = len(columns.sizes) - 1
    names = ["inputs", *(f"layer {k}" for k in range(1, last)), "output" + "s" * (columns.sizes[-1] > 1)]
    return [Part("", "", (Label("note", columns.middle(k, 0)[0], 14, name, 12),)) for k, name in enumerate(names)]


def _edges(columns: Columns, network: Model) -> list[Part]:
    strengths = {edge: network.strength(edge) for edge in network.graph.edges}
    largest = max((abs(strength) for strength in strengths.values() if strength is not None), default=0.0) or 1.0
    parts = []
    for edge, strength in strengths.items():
        if strength is None:
            parts.append(_edge(columns, edge, "plain", 2.0, ""))
            continue
        role = "positive" if strength > 0 else "negative"
        width = THINNEST + (THICKEST - THINNEST) * abs(strength) / largest
        parts.append(_edge(columns, edge, role, width, f", weight {strength:.3g}"))
    return parts


def _edge(columns: Columns, edge: Edge, role: str, width: float, said: str) -> Part:
    """An edge from stage to stage is a straight line; one that skips stages passes each between its nodes."""
    parent, child = edge.parent, edge.child
    title = f"{columns.name(*parent)} to {columns.graph.entry(edge)}{said}"
    (x1, y1), (x2, y2) = columns.middle(*parent), columns.entry(edge)
    points = [(x1, y1)]
    for stage in range(parent.stage + 1, child.stage):
        x = columns.middle(stage, 0)[0]
        points.append((x, columns.gap(stage, y1 + (y2 - y1) * (x - x1) / (x2 - x1))))
    lines = (Line(role, *one, *other, width) for one, other in pairwise([*points, (x2, y2)]))
    return Part(_edge_key(edge), title, tuple(lines))


def _neurons(columns: Columns, activations: Activations | None) -> list[Part]:
    parts = []
    for layer, width in enumerate(columns.sizes):
        for j in range(width):
            name = columns.name(layer, j)
            values = activations and activations.of(layer, j)
            if activations is None or values is None:
                parts.append(_neuron(columns, layer, j, name, []))
                continue
            said = ", ".join(f"{value:.3g} at {input}" for value, input in zip(values, activations.names, strict=True))
            shapes = squares(*columns.middle(layer, j), columns.radius * 1.25, levels(values).tolist())
            parts.append(_neuron(columns, layer, j, f"{name}: {said}", shapes))
    return parts


def _neuron(columns: Columns, layer: int, j: int, title: str, inside: list[Box]) -> Part:
    x, y = columns.middle(layer, j)
    shapes = [Circle("neuron" if layer else "input", x, y, columns.radius), *inside]
    if columns.sizes[layer] <= MOST_LABELED:
        shapes.append(
            Label("halo" if columns.crossed else "note", x, y + columns.radius + 8, columns.name(layer, j), 11)
        )
    return Part(_neuron_key(layer, j), title, tuple(shapes))


def _edge_key(edge: Edge) -> str:
    return "edge-" + "-".join(map(str, edge))


def _neuron_key(layer: int, neuron: int) -> str:
    return f"neuron-{layer}-{neuron}"
