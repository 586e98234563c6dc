"""The network: layers from left to right, and circuits, usage and mappings as light on the same drawing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ...auditing.exhibits import Activations, Exhibits
from ...circuit.overlap import Usage
from ...common.shares import percent
from ...mapping.mapping import Mapping
from ...model.circuit import Circuit
from ...model.graph import Edge, Graph
from ...model.model import Model
from ..words import plural
from .components import (
    Boxes,
    component_parts,
    edge_key,
    has_components,
    legend,
    node_key,
    ring_shapes,
    some_inputs,
    wires_of,
)
from .drawing import Drawing, beside
from .marks import levels, squares
from .palette import badge_role, variable_role
from .shapes import MARGIN, Box, Circle, Label, Line, Part, text_width

Neuron = tuple[int, int]
HEAD, FOOT, SIDE = 28.0, 10.0, 26.0
COLUMN = 124.0
THINNEST, THICKEST = 0.8, 5.0
MOST_LABELED = 16
# Room between two neurons for the name of the upper one and for a ring around each, and how far below its neuron a
# name stands, so that no ring crosses it.
NAMED, LETTERS, BELOW = 21.0, 11.0, 12.0
# Inputs whose values are told one by one.
MOST_TOLD = 16


@dataclass(frozen=True)
class Columns:
    """Where the nodes of a model stand: each stage is a column."""

    graph: Graph

    @property
    def sizes(self) -> tuple[int, ...]:
        """The nodes of each column."""
        return self.graph.sizes

    @property
    def radius(self) -> float:
        """Of a neuron; smaller where a layer is wide."""
        return max(7.0, min(21.0, 190.0 / max(self.sizes)))

    def named(self, layer: int) -> bool:
        """Whether the neurons of a layer have their names below them."""
        return self.sizes[layer] <= MOST_LABELED

    def step(self, layer: int) -> float:
        """From one neuron of a layer to the next."""
        return 2 * self.radius + (NAMED if self.named(layer) else max(6.0, self.radius))

    @property
    def tall(self) -> float:
        """The height of the tallest layer."""
        return max(self.step(layer) * size for layer, size in enumerate(self.sizes))

    @property
    def side(self) -> float:
        """From the left or the right end to the middle of the nearest neuron: room for its ring, and for its name."""
        ends = [name for layer in (0, -1) for name in self.graph.names[layer]]
        return max(SIDE + self.radius, max(text_width(name, LETTERS) for name in ends) / 2 + 4)

    @property
    def width(self) -> float:
        """Of the drawing."""
        return 2 * self.side + COLUMN * (len(self.sizes) - 1)

    @property
    def height(self) -> float:
        """Of the drawing."""
        return HEAD + FOOT + self.tall

    def middle(self, layer: int, neuron: int) -> tuple[float, float]:
        """The middle of a neuron; layer 0 is the inputs."""
        axis = HEAD + self.tall / 2
        y = axis + (neuron - (self.sizes[layer] - 1) / 2) * self.step(layer)
        return self.side + COLUMN * layer, y

    def label(self, layer: int, neuron: int) -> Label:
        """The name of a neuron, below it; edges pass behind it."""
        x, y = self.middle(layer, neuron)
        return Label("halo", x, y + self.radius + BELOW, self.name(layer, neuron), LETTERS)

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
        step = self.step(layer)
        first = self.middle(layer, 0)[1] - step / 2
        return first + step * min(max(round((y - first) / step), 0), self.sizes[layer])


def draw_network(network: Model, activations: Activations | None, noted: bool = True) -> Drawing:
    """The whole network: weights by the thickness of edges (broken lines for negative ones), and in each neuron a
    square per input, darker where its activation is larger; without activations no squares. A model of components is
    drawn as boxes, with where they look, and, where it is `noted`, a line that says so."""
    graph = network.graph
    if has_components(graph):
        title = f"The {network.kind} of {network.in_short}"
        return _drawn(title, Boxes(graph, activations), legend(Boxes(graph, activations)) if noted else ())
    columns = Columns(graph)
    parts = (*_headings(columns), *_edges(columns, network), *_neurons(columns, activations))
    title = f"The {network.kind} {_shape(graph)}: {len(graph.edges)} edges"
    return Drawing(title, columns.width, columns.height, parts)


def _drawn(title: str, boxes: Boxes, notes: Sequence[str] = ()) -> Drawing:
    """Components with notes below them."""
    lines = tuple(
        Part("", "", (Label("note", MARGIN, boxes.height + 4 + 14 * k, note, 10, "start"),))
        for k, note in enumerate(notes)
    )
    height = boxes.height + (14 * len(notes) + 2 if notes else 0)
    return Drawing(title, boxes.width, height, (*component_parts(boxes), *lines))


def draw_circuit(network: Model, circuit: Circuit, activations: Activations | None) -> Drawing:
    """A circuit in its network, with its activations when it is run alone; all else is set back."""
    drawing = replace(
        draw_network(network, activations), title=f"A circuit of {plural(len(circuit), network.graph.unit)}"
    )
    return drawing.with_states(outside(circuit))


def draw_wiring(circuit: Circuit) -> Drawing:
    """A circuit without its network: which edges there are, weights unknown."""
    if has_components(circuit.graph):
        title = f"A circuit of {plural(len(circuit), circuit.graph.unit)}"
        return _drawn(title, Boxes(circuit.graph)).with_states(outside(circuit))
    columns = Columns(circuit.graph)
    edges = [_edge(columns, edge, "plain", 2.0, "") for edge in circuit.graph.edges]
    title = f"A circuit of {len(circuit)} edges in a {_shape(circuit.graph)} network"
    parts = (*_headings(columns), *edges, *_neurons(columns, None))
    return Drawing(title, columns.width, columns.height, parts).with_states(outside(circuit))


def draw_difference(shown: Exhibits, one: Circuit, other: Circuit) -> Drawing:
    """Two circuits side by side; what both have is set back by half, so that the difference stands out."""
    shared = {edge_key(edge): "half" for edge in one.edges if edge in other}
    drawings = {}
    for mine, theirs in ((one, other), (other, one)):
        only = sum(edge not in theirs for edge in mine.edges)
        heading = f"{plural(len(mine), mine.graph.unit)}, {only} of them only here"
        drawing = draw_circuit(shown.model, mine, shown.activations(mine))
        drawings[heading + " " * len(drawings)] = drawing.with_states(shared)
    return beside("Two circuits and their difference", drawings)


def draw_usage(network: Model, usage: Usage, activations: Activations | None) -> Drawing:
    """How many of the perfect circuits use each edge and neuron: in all, in some (set back by half), in none."""
    states = {"core": "", "contingent": "half", "never": "dim"}
    lit = {edge_key(edge): states[usage.role(edge)] for edge in usage.edges}
    lit |= {node_key(neuron): states[usage.role(neuron)] for neuron in usage.neurons}
    shares = [
        Part("", "", (Label("halo", *corner, f"{percent(count / usage.circuits)}%", 11, "start"),))
        for corner, count in (
            (_corner(network.graph, neuron, activations), count) for neuron, count in usage.neurons.items()
        )
        if usage.circuits
    ]
    named = replace(draw_network(network, activations), title=f"Use by the {usage.circuits:,} perfect circuits")
    return named.with_states(lit).with_parts(*shares)


def _corner(graph: Graph, neuron: Neuron, activations: Activations | None) -> tuple[float, float]:
    """Where something is said beside a node."""
    if has_components(graph):
        left, top, width, _ = Boxes(graph, activations).box(neuron)
        return left + width + 3, top + 2
    columns = Columns(graph)
    x, y = columns.middle(*neuron)
    return x + columns.radius + 3, y - columns.radius * 0.8


def draw_places(network: Model, mapping: Mapping, activations: Activations | None) -> Drawing:
    """Where a mapping puts each variable: its neurons ringed in the color and with the number of the variable."""
    graph = network.graph
    places = Boxes(graph, activations) if has_components(graph) else Columns(graph)
    rings = [ring(places, index, node) for index, s in enumerate(mapping.sets) for node in s.nodes]
    title = f"Where {mapping.algorithm} sits: {mapping.named(network.graph)}"
    return replace(draw_network(network, activations), title=title).with_parts(*rings)


def ring(places: Columns | Boxes, index: int, neuron: Neuron) -> Part:
    """A neuron marked as carrying a variable."""
    if isinstance(places, Boxes):
        around, corner = ring_shapes(places, neuron, variable_role(index))
    else:
        (x, y), r = places.middle(*neuron), places.radius
        around, corner = (Circle(variable_role(index), x, y, r + 3.5),), (x + r * 0.85, y - r * 0.85)
    number = (Circle(badge_role(index), *corner, 8.5), Label("badge", *corner, str(index + 1), 11))
    return Part(f"ring-{neuron[0]}-{neuron[1]}", "", (*around, *number))


def outside(circuit: Circuit) -> dict[str, str]:
    """The parts of a drawing of the network that a circuit leaves out, as set back."""
    graph, used = circuit.graph, {edge.parent for edge in circuit.edges}
    if graph.of_nodes:
        kept = used | {node for node in graph.nodes if node.stage in (0, graph.last)}
        states = {wire.key: "dim" for wire in wires_of(graph) if not {wire.parent, wire.child} <= kept}
        return states | {node_key(node): "dim" for node in graph.nodes if node not in kept}
    states = {edge_key(edge): "dim" for edge in graph.edges if edge not in circuit}
    everything = (node for node in graph.nodes if node.stage < graph.last)
    return states | {node_key(node): "dim" for node in everything if node not in used}


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
    return Part(edge_key(edge), title, tuple(lines))


def _neurons(columns: Columns, activations: Activations | None) -> list[Part]:
    parts = []
    for layer, width in enumerate(columns.sizes):
        for j in range(width):
            name = columns.name(layer, j)
            values = activations and activations.of(layer, j)
            if activations is None or values is None:
                parts.append(_neuron(columns, layer, j, name, []))
                continue
            if len(values) > MOST_TOLD:
                said = f"{values.min() + 0.0:.3g} to {values.max() + 0.0:.3g} over {some_inputs(activations)}"
            else:
                said = ", ".join(
                    f"{value + 0.0:.3g} at {one}" for value, one in zip(values, activations.names, strict=True)
                )
            # Of some inputs among many, squares would show nothing that can be found again.
            shades = levels(values).tolist() if activations.complete else []
            shapes = squares(*columns.middle(layer, j), columns.radius * 1.25, shades) if shades else []
            parts.append(_neuron(columns, layer, j, f"{name}: {said}", shapes))
    return parts


def _neuron(columns: Columns, layer: int, j: int, title: str, inside: list[Box]) -> Part:
    x, y = columns.middle(layer, j)
    shapes = [Circle("neuron" if layer else "input", x, y, columns.radius), *inside]
    if columns.named(layer):
        shapes.append(columns.label(layer, j))
    return Part(node_key((layer, j)), title, tuple(shapes))
