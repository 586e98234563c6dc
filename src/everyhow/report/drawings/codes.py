"""Population codes: neurons to the left, signals as directions over them, and the gate over the signals."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np

from ...auditing.exhibits import Activations
from ...boolean.truth_table import TruthTable
from ...readout.explanation import ReadoutExplanation
from ...readout.readout import Readout
from ..words import spelled
from .drawing import Drawing
from .marks import levels, squares
from .palette import badge_role, variable_role
from .shapes import MARGIN, Box, Circle, Label, Line, Part, Shape, text_width, wrapped

RADIUS, SIGNAL = 20.0, 23.0
# Lines with numbers on them, at most; the size of these numbers, and the places along a line where one may stand.
MOST_NUMBERED, DIGITS = 7, 11.0
SHARES = (0.3, 0.42, 0.54, 0.66, 0.78, 0.2)
TOP, SIGNALS, LEAST = 40.0, 126.0, 84.0
# A code of more neurons than this names the largest of its terms; a line of a code has so many letters.
MOST_TERMS, LONGEST = 8, 24
CODE, LINE = 11.5, 14.0
# A line of a gate has so many letters, and bold ones are so much wider.
GATE, BOLD = 12, 1.2


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
    codes = [code_lines(readout) for readout in readouts]
    needed = [max(LEAST, 2 * (LINE * len(lines) + 8.0)) for lines in codes]
    high = max(step * neurons, sum(needed))
    x_neurons = MARGIN + radius + max(30.0, 6 + max(text_width(name, 12) for name in names))
    x_signals = x_neurons + SIGNALS
    middle = TOP + high / 2
    middles = [(x_neurons, middle + (j - (neurons - 1) / 2) * step) for j in range(neurons)]
    # Each signal has the room that its code needs, and its share of what is left.
    room = [one + (high - sum(needed)) / len(needed) for one in needed]
    spots = [
        (x_signals, TOP + end - one / 2) for end, one in zip(accumulate(room), room, strict=True)
    ]  # fmt: skip
    largest = max(float(np.abs(r.coefficients).max(initial=0.0)) for r in readouts) or 1.0
    head = (Label("note", x_neurons, 16, f"layer {layer}", 12), Label("note", x_signals + 20, 16, "signals", 12))
    parts = [Part("", "", head), *_arrows(readouts, spots, middles, largest, radius)]
    for j, centre in enumerate(middles):
        shapes: list[Shape] = [Circle("neuron", *centre, radius)]
        if states is not None:
            shapes += squares(*centre, radius * 1.25, levels(states[j]).tolist())
        if neurons <= 16:
            shapes.append(Label("text", centre[0] - radius - 6, centre[1], names[j], 12, "end"))
        parts.append(Part(f"code-neuron-{j}", names[j], tuple(shapes)))
    widest = 0.0
    for k, (readout, spot, lines) in enumerate(zip(readouts, spots, codes, strict=True)):
        parts.append(_signal(k, readout, spot, lines))
        widest = max(widest, text_width(readout.name, 13) * BOLD, *(text_width(line, CODE) for line in lines))
    right = x_signals + 54 + widest
    if explanation is not None:
        parts += _gate(explanation, right, middle, [y for _, y in spots])
        right += 38 + _wide(gate_lines(explanation))
    title = ", ".join(map(str, readouts)) if explanation is None else f"{explanation}: {'; '.join(map(str, readouts))}"
    return Drawing(title, right + MARGIN, TOP + high + 12, tuple(parts))


def code_lines(readout: Readout) -> list[str]:
    """A code in lines; of many terms the largest ones, and how many more there are."""
    code = spelled(readout.code)
    terms = [term if k else term.removeprefix("+ ") for k, term in enumerate(_terms(code))]
    if len(terms) > MOST_TERMS:
        shown = [abs(value) for value in readout.shown_coefficients if value]
        constant = len(terms) - len(shown)
        least = sorted(shown)[-(MOST_TERMS - 2)]
        kept = [term for term, size in zip(terms[constant:], shown, strict=True) if size >= least]
        terms = [*terms[:constant], *kept, f"and {len(shown) - len(kept)} smaller terms"]
    return wrapped(terms, LONGEST)


def _terms(code: str) -> list[str]:
    """The terms of a code, each with its sign: 1 - h1.2 is 1 and - h1.2."""
    words = code.split()
    starts = [k for k, word in enumerate(words) if k == 0 or word in "+-"]
    return [" ".join(words[start:end]) for start, end in zip(starts, [*starts[1:], len(words)], strict=True)]


def _arrows(
    readouts: Sequence[Readout],
    spots: Sequence[tuple[float, float]],
    middles: Sequence[tuple[float, float]],
    largest: float,
    radius: float,
) -> Iterator[Part]:
    """A line from each neuron that counts, as thick as its coefficient, broken where that is negative; with its number
    where lines are few and numbers whole: elsewhere numbers could not be told apart, and what is said of a line has
    its number."""
    lines = {
        (k, j): Line("positive" if value > 0 else "negative", x + radius, y, spot[0] - 4, spot[1],
                     1.0 + 3.5 * abs(value) / largest)
        for k, (readout, spot) in enumerate(zip(readouts, spots, strict=True))
        for j, ((x, y), value) in enumerate(zip(middles, readout.shown_coefficients, strict=True))
        if value
    }  # fmt: skip
    numbers: dict[tuple[int, int], Label] = {}
    if all(readout.whole for readout in readouts) and len(lines) <= MOST_NUMBERED:
        for (k, j), line in lines.items():
            text = f"{readouts[k].shown_coefficients[j]:+.3g}".replace("-", "−")
            others = [other for key, other in lines.items() if key != (k, j)]
            numbers[k, j] = _placed(text, line, others, list(numbers.values()))
    for (k, j), line in lines.items():
        readout = readouts[k]
        said = f"{readout.shown_coefficients[j]:.4g} times {readout.names[j]} in {readout.name}"
        yield Part(f"code-{k}-{j}", said, (line,))
    # Numbers stand above all lines.
    yield Part("", "", tuple(numbers.values()))


def _placed(text: str, line: Line, others: Sequence[Line], taken: Sequence[Label]) -> Label:
    """A number on its line, where it is farthest from other lines and from the numbers that are there."""
    half = text_width(text, DIGITS) / 2

    def label(share: float) -> Label:
        at = line.x1 + (line.x2 - line.x1) * share, line.y1 + (line.y2 - line.y1) * share
        return Label("halo", *at, text, DIGITS)

    def free(one: Label) -> float:
        beside = [max(abs(one.x - two.x) - half - text_width(two.text, DIGITS) / 2, abs(one.y - two.y) - DIGITS)
                  for two in taken]  # fmt: skip
        slopes = ((other, (other.y2 - other.y1) / (other.x2 - other.x1)) for other in others)
        across = [abs(other.y1 + slope * (one.x - other.x1) - one.y) - DIGITS / 2 - half * abs(slope)
                  for other, slope in slopes]  # fmt: skip
        return min([*beside, *across, 12.0])

    return max((label(share) for share in SHARES), key=free)


def _signal(k: int, readout: Readout, spot: tuple[float, float], lines: Sequence[str]) -> Part:
    x, y = spot
    shades = [0.85 * float(bit) for bit in str(readout.table)]
    shapes: list[Shape] = [Circle(variable_role(k), x + 20, y, SIGNAL), *squares(x + 20, y, 27, shades)]
    shapes += [Circle(badge_role(k), x + 37, y - 19, 8.5), Label("badge", x + 37, y - 19, str(k + 1), 11)]
    shapes += [Label("title", x + 54, y - 8, readout.name, 13, "start")]
    shapes += [Label("note", x + 54, y + 9 + LINE * line, text, CODE, "start") for line, text in enumerate(lines)]
    return Part(f"signal-{k}", f"{readout}; truth table {readout.table}", tuple(shapes))


def _gate(explanation: ReadoutExplanation, x: float, y: float, heights: Sequence[float]) -> list[Part]:
    """The gate right of what is said of the signals, which lie at these heights, and a line from each."""
    name, said = explanation.gate_name, gate_lines(explanation)
    wide, tall = _wide(said), 18 + 16.0 * len(said)
    lines = tuple(Line("plain", x + 8, height, x + 34, y, 1.5) for height in heights)
    table: TruthTable = explanation.gate
    middle = (x + 34 + wide / 2, y - 8.0 * (len(said) - 1))
    labels = (Label("title", middle[0], middle[1] + 16 * k, line, 13) for k, line in enumerate(said))
    box = (Box("box", x + 34, y - tall / 2, wide, tall, round=6), *labels)
    return [Part("", "", lines), Part("gate", f"the gate {name} over the signals: {table}", box)]


def gate_lines(explanation: ReadoutExplanation) -> list[str]:
    """The name of the gate in lines."""
    return wrapped(explanation.gate_name.replace(", ", ",").replace(",", ", ").split(), GATE)


def _wide(lines: Sequence[str]) -> float:
    """Of the box of a gate."""
    return max(58.0, max(text_width(line, 13) for line in lines) * BOLD + 16)
