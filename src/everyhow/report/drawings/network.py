"""The network: layers from left to right, and circuits, usage and mappings as light on the same drawing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...boolean.truth_table import INPUT_NAMES, row_name
from ...circuit.overlap import Usage
from ...mapping.mapping import Mapping
from ...mapping.signatures import NeuronSet
from ...model.circuit import Circuit
from ...model.graph import Edge, usual_name
from ...network.network import Network
from ..words import percent
from .drawing import Drawing, beside
from .palette import badge_role, variable_role
from .shapes import Box, Circle, Label, Line, Part

Neuron = tuple[int, int]
HEAD, FOOT, SIDE = 34.0, 18.0, 26.0
COLUMN = 150.0
THINNEST, THICKEST = 0.8, 5.0
MOST_LABELLED = 16


@dataclass(frozen=True)
class Columns:
    """Where the neurons of a network of these widths stand: each layer is a column."""

    widths: tuple[int, ...]

    @property
    def radius(self) -> float:
        """Of a neuron; smaller where a layer is wide."""
        return max(7.0, min(21.0, 190.0 / max(self.widths)))

    @property
    def step(self) -> float:
        """From one neuron of a layer to the next."""
        return 2 * self.radius + max(6.0, self.radius)

    @property
    def width(self) -> float:
        """Of the drawing."""
        return 2 * (SIDE + self.radius) + COLUMN * (len(self.widths) - 1)

    @property
    def height(self) -> float:
        """Of the drawing."""
        return HEAD + FOOT + self.step * max(self.widths)

    def middle(self, layer: int, neuron: int) -> tuple[float, float]:
        """The middle of a neuron; layer 0 is the inputs."""
        axis = HEAD + self.step * max(self.widths) / 2
        y = axis + (neuron - (self.widths[layer] - 1) / 2) * self.step
        return SIDE + self.radius + COLUMN * layer, y

    def name(self, layer: int, neuron: int) -> str:
        """What a neuron is called."""
        return usual_name(layer, neuron, len(self.widths) - 1)


def draw_network(network: Network) -> Drawing:
    """The whole network: weights by the thickness of edges (broken lines for negative ones), and in each neuron a
    square per input, darker where its activation is larger."""
    columns = Columns(network.widths)
    widths = "-".join(map(str, network.widths))
    parts = [*_headings(columns), *_edges(columns, network)]
    parts += _neurons(columns, network.layers(network.corners)) if _has_rows(network) else _plain(columns)
    return Drawing(f"The network {widths}: {network.edges} edges", columns.width, columns.height, tuple(parts))


def draw_weights(network: Network) -> Drawing:
    """The whole network without activations, for inputs that are data: weights by the thickness of edges."""
    columns = Columns(network.widths)
    parts = (*_headings(columns), *_edges(columns, network), *_plain(columns))
    return Drawing(f"The network {'-'.join(map(str, network.widths))}", columns.width, columns.height, parts)


def draw_circuit(network: Network, circuit: Circuit) -> Drawing:
    """A circuit in its network, run alone; all else is set back."""
    columns = Columns(network.widths)
    parts = [*_headings(columns), *_edges(columns, network)]
    if _has_rows(network):
        parts += _neurons(columns, network.run_circuit(network.corners, circuit))
    else:
        parts += _plain(columns)
    drawing = Drawing(f"A circuit of {len(circuit)} edges", columns.width, columns.height, tuple(parts))
    return drawing.with_states(outside(circuit))


def draw_wiring(circuit: Circuit) -> Drawing:
    """A circuit without its network: which edges there are, weights unknown."""
    columns = Columns(circuit.widths)
    edges = [_edge(columns, edge, "plain", 2.0, "") for edge in circuit.graph.edges]
    title = f"A circuit of {len(circuit)} edges in a {'-'.join(map(str, circuit.widths))} network"
    parts = (*_headings(columns), *edges, *_plain(columns))
    return Drawing(title, columns.width, columns.height, parts).with_states(outside(circuit))


def draw_difference(network: Network, one: Circuit, other: Circuit) -> Drawing:
    """Two circuits side by side; what both have is set back by half, so that the difference stands out."""
    shared = {_edge_key(edge): "half" for edge in one.edges if edge in other}
    drawings = {}
    for mine, theirs in ((one, other), (other, one)):
        only = sum(edge not in theirs for edge in mine.edges)
        heading = f"{len(mine)} edges, {only} of them only here"
        drawings[heading + " " * len(drawings)] = draw_circuit(network, mine).with_states(shared)
    return beside("Two circuits and their difference", drawings)


def draw_usage(network: Network, usage: Usage) -> Drawing:
    """How many of the perfect circuits use each edge and neuron: in all, in some (set back by half), in none."""
    return _lit_by_usage(draw_network(network), network, usage)


def draw_usage_by_weights(network: Network, usage: Usage) -> Drawing:
    """The same without activations."""
    return _lit_by_usage(draw_weights(network), network, usage)


def _lit_by_usage(drawing: Drawing, network: Network, usage: Usage) -> Drawing:
    states = {"core": "", "contingent": "half", "never": "dim"}
    lit = {_edge_key(edge): states[usage.role(edge)] for edge in usage.edges}
    lit |= {_neuron_key(*neuron): states[usage.role(neuron)] for neuron in usage.neurons}
    columns = Columns(network.widths)
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
    named = replace(drawing, title=f"Use by the {usage.circuits:,} perfect circuits")
    return named.with_states(lit).with_parts(*shares)


def draw_sets(network: Network, sets: Sequence[NeuronSet], title: str) -> Drawing:
    """Neuron sets in the network, each ringed in the colour and with the number of its variable."""
    columns = Columns(network.widths)
    drawing = draw_network(network)
    rings = [ring(columns, index, (s.layer, j)) for index, s in enumerate(sets) for j in s.neurons]
    return replace(drawing, title=title).with_parts(*rings)


def draw_places(network: Network, mapping: Mapping) -> Drawing:
    """Where a mapping puts each variable."""
    return draw_sets(network, mapping.sets, f"Where {mapping.algorithm} sits: {mapping}")


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
    used = {*circuit.neurons, *((0, i) for layer, _, i in circuit.edges if layer == 1)}
    last = len(circuit.widths) - 1
    everything = ((layer, j) for layer in range(last) for j in range(circuit.widths[layer]))
    return states | {_neuron_key(*neuron): "dim" for neuron in everything if neuron not in used}


def levels(values: np.ndarray) -> np.ndarray:
    """A neuron's activations from 0, its smallest, to 1, its largest; all 0 when it never varies."""
    span = values.max() - values.min()
    return (values - values.min()) / span if span > 1e-9 * max(1.0, float(np.abs(values).max())) else 0.0 * values


def squares(x: float, y: float, side: float, shades: Sequence[float]) -> list[Box]:
    """One square per input around a middle, in reading order, within a square of this side."""
    inputs = (len(shades) - 1).bit_length()
    columns = 1 << (inputs + 1) // 2
    cell = side / columns
    lines = len(shades) // columns
    left, top = x - side / 2, y - cell * lines / 2
    found = []
    for row, shade in enumerate(shades):
        place = (left + cell * (row % columns), top + cell * (row // columns), cell, cell)
        found += [Box("cell", *place), Box("level", *place, level=round(float(shade), 3))]
    return found


def _has_rows(network: Network) -> bool:
    return network.widths[0] <= len(INPUT_NAMES)


def _headings(columns: Columns) -> list[Part]:
    last = len(columns.widths) - 1
    names = ["inputs", *(f"layer {k}" for k in range(1, last)), "output" + "s" * (columns.widths[-1] > 1)]
    return [Part("", "", (Label("note", columns.middle(k, 0)[0], 14, name, 12),)) for k, name in enumerate(names)]


def _edges(columns: Columns, network: Network) -> list[Part]:
    largest = max(float(np.abs(w).max()) for w in network.weights) or 1.0
    parts = []
    for edge in network.graph.edges:
        layer, j, i = edge
        weight = float(network.weights[layer - 1][j, i])
        role = "positive" if weight > 0 else "negative"
        width = THINNEST + (THICKEST - THINNEST) * abs(weight) / largest
        parts.append(_edge(columns, edge, role, width, f", weight {weight:.3g}"))
    return parts


def _edge(columns: Columns, edge: Edge, role: str, width: float, said: str) -> Part:
    layer, j, i = edge
    title = f"{columns.name(layer - 1, i)} to {columns.name(layer, j)}{said}"
    line = Line(role, *columns.middle(layer - 1, i), *columns.middle(layer, j), width)
    return Part(_edge_key(edge), title, (line,))


def _neurons(columns: Columns, states: Sequence[np.ndarray]) -> list[Part]:
    parts = []
    for layer, state in enumerate(states):
        for j in range(columns.widths[layer]):
            values = state[:, j]
            inputs = columns.widths[0]
            said = ", ".join(f"{value:.3g} at {row_name(row, inputs)}" for row, value in enumerate(values))
            shapes = squares(*columns.middle(layer, j), columns.radius * 1.25, levels(values).tolist())
            parts.append(_neuron(columns, layer, j, f"{columns.name(layer, j)}: {said}", shapes))
    return parts


def _plain(columns: Columns) -> list[Part]:
    return [
        _neuron(columns, layer, j, columns.name(layer, j), [])
        for layer, width in enumerate(columns.widths)
        for j in range(width)
    ]


def _neuron(columns: Columns, layer: int, j: int, title: str, inside: list[Box]) -> Part:
    x, y = columns.middle(layer, j)
    shapes = [Circle("neuron" if layer else "input", x, y, columns.radius), *inside]
    if columns.widths[layer] <= MOST_LABELLED:
        shapes.append(Label("note", x, y + columns.radius + 8, columns.name(layer, j), 11))
    return Part(_neuron_key(layer, j), title, tuple(shapes))


def _edge_key(edge: Edge) -> str:
    return "edge-" + "-".join(map(str, edge))


def _neuron_key(layer: int, neuron: int) -> str:
    return f"neuron-{layer}-{neuron}"
