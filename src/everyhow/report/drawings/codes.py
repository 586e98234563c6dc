"""Population codes: neurons to the left, signals as directions over them, and the gate over the signals."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...auditing.exhibits import Activations
from ...boolean.truth_table import TruthTable
from ...readout.explanation import ReadoutExplanation
from ...readout.readout import Readout
from .drawing import Drawing
from .marks import levels, squares
from .palette import badge_role, variable_role
from .shapes import MARGIN, Box, Circle, Label, Line, Part, text_width

RADIUS = 20.0
# Lines with numbers on them, at most.
MOST_NUMBERED = 7
TOP = 40.0


def draw_codes(explanation: ReadoutExplanation, activations: Activations | None = None) -> Drawing:
    """The signals of an explanation over the neurons of their layer, with their activations where these are given, and
    the gate that turns the signals into the output."""
    return _codes(explanation.readouts, explanation, None if activations is None else list(
        activations.held[explanation.layer].T
    ))  # fmt: skip


def draw_readout(readout: Readout) -> Drawing:
    """One signal as a direction over the neurons of its layer."""
    return _codes((readout,), None, None)


def _codes(
    readouts: Sequence[Readout], explanation: ReadoutExplanation | None, states: list[np.ndarray] | None
) -> Drawing:
    names, layer = readouts[0].names, readouts[0].layer
    neurons = len(names)
    radius = max(7.0, min(RADIUS, 170.0 / neurons))
    step = 2.6 * radius
    high = max(step * neurons, 84.0 * len(readouts))
    x_neurons = MARGIN + radius + max(30.0, 6 + max(text_width(name, 12) for name in names))
    x_signals = x_neurons + 130
    middle = TOP + high / 2
    middles = [(x_neurons, middle + (j - (neurons - 1) / 2) * step) for j in range(neurons)]
    spots = [
        (x_signals, middle + (k - (len(readouts) - 1) / 2) * max(84.0, high / max(1, len(readouts))))
        for k in range(len(readouts))
    ]
    largest = max(float(np.abs(r.coefficients).max(initial=0.0)) for r in readouts) or 1.0
    parts = [
        Part(
            "",
            "",
            (Label("note", x_neurons, 16, f"layer {layer}", 12), Label("note", x_signals + 70, 16, "signals", 12)),
        )
    ]
    arrows = [_arrows(k, *pair, middles, largest, radius) for k, pair in enumerate(zip(readouts, spots, strict=True))]
    # Where many lines cross, numbers on them could not be told apart; what is said of each line has its number.
    legible = all(readout.whole for readout in readouts) and sum(map(len, arrows)) <= MOST_NUMBERED
    for part in (part for parts_of_one in arrows for part in parts_of_one):
        parts.append(part if legible else replace(part, shapes=part.shapes[:1]))
    for j, centre in enumerate(middles):
        shapes: list = [Circle("neuron", *centre, radius)]
        if states is not None:
            shapes += squares(*centre, radius * 1.25, levels(states[j]).tolist())
        if neurons <= 16:
            shapes.append(Label("text", centre[0] - radius - 6, centre[1], names[j], 12, "end"))
        parts.append(Part(f"code-neuron-{j}", names[j], tuple(shapes)))
    widest = 0.0
    for k, (readout, spot) in enumerate(zip(readouts, spots, strict=True)):
        parts.append(_signal(k, readout, spot))
        widest = max(widest, text_width(readout.name, 13) * 1.1 + 12, text_width(_short(readout.code), 11.5) + 12)
    right = x_signals + 52 + widest
    if explanation is not None:
        parts += _gate(explanation, right + 12, middle, [(right - 4, y) for _, y in spots])
        right += 30 + max(70.0, text_width(explanation.gate_name, 13) + 24)
    title = ", ".join(map(str, readouts)) if explanation is None else f"{explanation}: {'; '.join(map(str, readouts))}"
    return Drawing(title, right + MARGIN, TOP + high + 24, tuple(parts))


def _arrows(k: int, readout: Readout, spot, middles, largest: float, radius: float) -> list[Part]:
    """A line from each neuron that counts, as thick as its coefficient, broken where that is negative."""
    found = []
    for j, ((x, y), shown) in enumerate(zip(middles, readout.shown_coefficients, strict=True)):
        if not shown:
            continue
        role = "positive" if shown > 0 else "negative"
        line = Line(role, x + radius, y, spot[0] - 4, spot[1], 1.0 + 3.5 * abs(shown) / largest)
        share = 0.22 + 0.2 * (k % 3)
        at = (x + radius + (spot[0] - x - radius) * share, y + (spot[1] - y) * share)
        label = Label("halo", *at, f"{shown:+.3g}".replace("-", "−"), 11)
        found.append(Part(f"code-{k}-{j}", f"{shown:.4g} times {readout.names[j]} in {readout.name}", (line, label)))
    return found


def _signal(k: int, readout: Readout, spot: tuple[float, float]) -> Part:
    x, y = spot
    shades = [0.85 * float(bit) for bit in str(readout.table)]
    shapes: list = [Circle(variable_role(k), x + 20, y, 23), *squares(x + 20, y, 27, shades)]
    shapes += [Circle(badge_role(k), x + 37, y - 19, 8.5), Label("badge", x + 37, y - 19, str(k + 1), 11)]
    shapes += [Label("title", x + 54, y - 8, readout.name, 13, "start")]
    shapes += [Label("note", x + 54, y + 10, _short(readout.code), 11.5, "start")]
    return Part(f"signal-{k}", f"{readout}; truth table {readout.table}", tuple(shapes))


def _gate(explanation: ReadoutExplanation, x: float, y: float, ends: list[tuple[float, float]]) -> list[Part]:
    name = explanation.gate_name
    width = max(58.0, text_width(name, 13) + 18)
    lines = tuple(Line("plain", *end, x + 16, y, 1.5) for end in ends)
    table: TruthTable = explanation.gate
    box = (Box("box", x + 16, y - 17, width, 34, round=6), Label("title", x + 16 + width / 2, y, name, 13))
    return [Part("", "", lines), Part("gate", f"the gate {name} over the signals: {table}", box)]


def _short(code: str) -> str:
    return code if len(code) <= 24 else code[:23] + "…"
