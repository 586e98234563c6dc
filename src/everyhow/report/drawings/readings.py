"""Separators on the activation axis of every neuron of a circuit."""

from collections.abc import Mapping, Sequence

import numpy as np

from ...auditing.exhibits import Activations
from ...common.shares import percent
from ...interpretation.interpretation import Interpretation, Neuron
from ...interpretation.interpretations import Interpretations
from ..gates_in_words import gate_in_words
from .drawing import Drawing
from .shapes import MARGIN, Circle, Label, Line, Part, text_width

LEFT, AXIS, STEP = 62.0, 250.0, 66.0
# Labels of more digits than this say how many inputs there are.
MOST_DIGITS = 10
TOP = 34.0


def draw_axes(table: Interpretations, activations: Activations) -> Drawing:
    """The activation axis of every neuron that varies, with a dot for each input and every separator that could be."""
    graph = table.model.graph
    states, parts = activations.held, []
    for k, (neuron, readings) in enumerate(table.readings.items()):
        layer, j = neuron
        values = states[layer][:, j]
        y = TOP + STEP * k
        parts += _axis(graph.name(neuron), values, y, activations.names)
        for index, reading in enumerate(readings):
            x = _position(reading.separator, values)
            title = f"{graph.name(neuron)} is 1 above {reading.separator:.3g}; gap {percent(reading.gap)}%"
            line = Line("candidate", x, y - 15, x, y + 15)
            parts.append(Part(f"separator-{layer}-{j}-{index}", title, (line,)))
    title = f"Activations of the {len(table.readings)} neurons that vary"
    return Drawing(title, LEFT + AXIS + 110, 4 + STEP * max(1, len(table.readings)), tuple(parts))


def draw_interpretation(table: Interpretations, interpretation: Interpretation, activations: Activations) -> Drawing:
    """`draw_axes` with the separators of one interpretation, and the gate of each neuron to the right."""
    drawing, graph, states = draw_axes(table, activations), table.model.graph, activations.held
    parts = []
    right = LEFT + AXIS + 22
    width = drawing.width
    for k, neuron in enumerate(table.readings):
        y = TOP + STEP * k
        x = _position(interpretation.readings[neuron].separator, states[neuron[0]][:, neuron[1]])
        parts.append(Part("", "", (Line("separator", x, y - 17, x, y + 17),)))
        gate = interpretation.gates.get(neuron)
        if gate is not None:
            named, parents = gate_in_words(gate, graph), f"of {', '.join(map(graph.name, gate.parents))}"
            parts.append(Part("", "", (Label("text", right, y - 7, named, 12, "start"),)))
            parts.append(Part("", "", (Label("note", right, y + 8, parents, 10.5, "start"),)))
            width = max(width, right + MARGIN + max(text_width(named, 12), text_width(parents, 10.5)))
    title = f"One interpretation; its narrowest gap is {percent(interpretation.smallest_gap)}%"
    return Drawing(title, width, drawing.height, drawing.parts).with_parts(*parts)


def separators(table: Interpretations, interpretation: Interpretation) -> Mapping[Neuron, int]:
    """Which of its possible separators each neuron has, the lowest being 0."""
    return {
        neuron: [one.bits for one in readings].index(interpretation.readings[neuron].bits)
        for neuron, readings in table.readings.items()
    }


def _axis(name: str, values: np.ndarray, y: float, names: Sequence[str]) -> list[Part]:
    left = Label("title", LEFT - 14, y, name, 12, "end")
    line = Line("axis", LEFT, y, LEFT + AXIS, y)
    low = Label("note", LEFT, y - 22, f"{values.min() + 0.0:.3g}", 10, "middle")
    high = Label("note", LEFT + AXIS, y - 22, f"{values.max() + 0.0:.3g}", 10, "middle")
    parts = [Part("", "", (left, line, low, high))]
    for rows in _neighbors(values, names):
        positions = [_position(float(values[row]), values) for row in rows]
        dots = [Circle("tick", x, y, 5) for x in positions]
        said = ", ".join(f"{values[row]:.4g} at {names[row]}" for row in rows)
        label = Label("note", float(np.mean(positions)), y + 21, _names(rows, names), 10)
        parts.append(Part("", f"{name}: {said}", (*dots, label)))
    return parts


def _neighbors(values: np.ndarray, names: Sequence[str]) -> list[list[int]]:
    """The inputs in order, in groups that share a label where labels of their own would touch."""
    groups = [[int(row)] for row in np.argsort(values, kind="stable")]

    def ends(rows: list[int]) -> tuple[float, float]:
        middle = float(np.mean([_position(float(values[row]), values) for row in rows]))
        half = text_width(_names(rows, names), 10) / 2 + 3
        return middle - half, middle + half

    k = 0
    while k < len(groups) - 1:
        if ends(groups[k])[1] > ends(groups[k + 1])[0]:
            groups[k : k + 2] = [groups[k] + groups[k + 1]]
            # A wider label may now touch the one before it.
            k = max(0, k - 1)
        else:
            k += 1
    return groups


def _names(rows: Sequence[int], names: Sequence[str]) -> str:
    """The inputs by name, or how many there are where names would take too much room."""
    chosen = [names[row] for row in rows]
    return " ".join(chosen) if len(rows) == 1 or sum(map(len, chosen)) <= MOST_DIGITS else f"{len(rows)} inputs"


def _position(value: float, values: np.ndarray) -> float:
    span = float(values.max() - values.min()) or 1.0
    return LEFT + AXIS * (value - float(values.min())) / span
