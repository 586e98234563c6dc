"""Separators on the activation axis of every neuron of a circuit."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...auditing.exhibits import Activations
from ...common.shares import percent
from ...interpretation.interpretation import Interpretation, Neuron, Reading
from ...interpretation.interpretations import Interpretations
from ..gates_in_words import gate_in_words
from .drawing import Drawing
from .shapes import MARGIN, Circle, Label, Line, Part, text_width

LEFT, LENGTH, STEP = 62.0, 250.0, 66.0
# Labels of more digits than this say how many inputs there are.
MOST_DIGITS = 10
TOP = 34.0


@dataclass(frozen=True)
class Axis:
    """Where the activations of a neuron lie, from its smallest to its largest."""

    values: Sequence[float]
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> "Axis":
        """The axis of a neuron that holds these values."""
        return Axis(values, min(values), max(values))

    def position(self, value: float) -> float:
        """Where a value lies."""
        return LEFT + LENGTH * (value - self.low) / ((self.high - self.low) or 1.0)

    def middle(self, rows: Sequence[int]) -> float:
        """The middle of some inputs."""
        places = [self.position(self.values[row]) for row in rows]
        return places[0] if len(places) == 1 else float(np.mean(places))


def draw_axes(table: Interpretations, activations: Activations) -> Drawing:
    """The activation axis of every neuron that varies, with a dot for each input and every separator that could be."""
    graph, parts = table.model.graph, list[Part]()
    for k, (neuron, readings) in enumerate(table.readings.items()):
        held = activations.held[neuron[0]][:, neuron[1]].tobytes()
        parts += _axis(neuron, graph.names[neuron[0]][neuron[1]], k, held, readings, activations.names)
    title = f"Activations of the {len(table.readings)} neurons that vary"
    return Drawing(title, LEFT + LENGTH + 110, 4 + STEP * max(1, len(table.readings)), tuple(parts))


def draw_interpretation(table: Interpretations, interpretation: Interpretation, activations: Activations) -> Drawing:
    """`draw_axes` with the separators of one interpretation, and the gate of each neuron to the right."""
    drawing, graph, states = draw_axes(table, activations), table.model.graph, activations.held
    parts = []
    right = LEFT + LENGTH + 22
    width = drawing.width
    for k, neuron in enumerate(table.readings):
        y = TOP + STEP * k
        x = Axis.of(states[neuron[0]][:, neuron[1]].tolist()).position(interpretation.readings[neuron].separator)
        parts.append(Part("", "", (Line("separator", x, y - 17, x, y + 17),)))
        gate = interpretation.gates.get(neuron)
        if gate is not None:
            named, parents = gate_in_words(gate, graph), f"of {', '.join(map(graph.name, gate.parents))}"
            parts.append(Part("", "", (Label("text", right, y - 7, named, 12, "start"),)))
            parts.append(Part("", "", (Label("note", right, y + 8, parents, 10.5, "start"),)))
            width = max(width, right + MARGIN + max(text_width(named, 12), text_width(parents, 10.5)))
    title = f"One interpretation; its narrowest gap is {percent(interpretation.smallest_gap)}%"
    return Drawing(title, width, drawing.height, drawing.parts).with_parts(*parts)


# Circuits of one network have many neurons in common.
@lru_cache(maxsize=1 << 10)
def _axis(
    neuron: Neuron,
    name: str,
    k: int,
    held: bytes,
    readings: tuple[Reading, ...],
    names: tuple[str, ...],
) -> tuple[Part, ...]:
    """The axis of one neuron of a circuit, the k-th from the top; of what it holds the bytes, which tell 0 from -0."""
    values = np.frombuffer(held).tolist()
    axis, y = Axis.of(values), TOP + STEP * k
    left = Label("title", LEFT - 14, y, name, 12, "end")
    line = Line("axis", LEFT, y, LEFT + LENGTH, y)
    low = Label("note", LEFT, y - 22, f"{axis.low + 0.0:.3g}", 10, "middle")
    high = Label("note", LEFT + LENGTH, y - 22, f"{axis.high + 0.0:.3g}", 10, "middle")
    parts = [Part("", "", (left, line, low, high))]
    for group in _neighbors(axis, names):
        dots = [Circle("tick", axis.position(values[row]), y, 5) for row in group.rows]
        said = ", ".join(f"{values[row]:.4g} at {names[row]}" for row in group.rows)
        parts.append(Part("", f"{name}: {said}", (*dots, Label("note", group.middle, y + 21, group.name, 10))))
    for index, reading in enumerate(readings):
        x = axis.position(reading.separator)
        title = f"{name} is 1 above {reading.separator:.3g}; gap {percent(reading.gap)}%"
        line = Line("candidate", x, y - 15, x, y + 15)
        parts.append(Part(f"separator-{neuron[0]}-{neuron[1]}-{index}", title, (line,)))
    return tuple(parts)


@dataclass(frozen=True)
class _Group:
    """Inputs that share a label, which stands in their middle; what it reaches over is half as wide to each side."""

    rows: list[int]
    name: str
    middle: float
    half: float

    @staticmethod
    def of(rows: list[int], axis: Axis, names: Sequence[str]) -> "_Group":
        name = _names(rows, names)
        return _Group(rows, name, axis.middle(rows), text_width(name, 10) / 2 + 3)


def _neighbors(axis: Axis, names: Sequence[str]) -> list[_Group]:
    """The inputs in order, in groups that share a label where labels of their own would touch."""
    ordered = sorted(range(len(axis.values)), key=axis.values.__getitem__)
    groups = [_Group.of([row], axis, names) for row in ordered]
    k = 0
    while k < len(groups) - 1:
        one, other = groups[k], groups[k + 1]
        if one.middle + one.half > other.middle - other.half:
            groups[k : k + 2] = [_Group.of(one.rows + other.rows, axis, names)]
            # A wider label may now touch the one before it.
            k = max(0, k - 1)
        else:
            k += 1
    return groups


def _names(rows: Sequence[int], names: Sequence[str]) -> str:
    """The inputs by name, or how many there are where names would take too much room."""
    chosen = [names[row] for row in rows]
    return " ".join(chosen) if len(rows) == 1 or sum(map(len, chosen)) <= MOST_DIGITS else f"{len(rows)} inputs"
