"""Networks that follow one another: counts above, and below when each explanation is there."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ...comparison.course import Course, Life
from .drawing import Drawing
from .palette import badge_role, variable_role
from .shapes import MARGIN, Box, Circle, Label, Line, Part, Shape, text_width

LEFT, STEP, LEAST, HIGH, TOP = 70.0, 62.0, 380.0, 190.0, 66.0
# From one lifeline to the next, and how thick it is; so many are drawn.
LIFE, BAR, MOST_DRAWN = 36.0, 9.0, 24
MOST_LETTERS = 11
# What is drawn above, by its column in the table `networks`.
SERIES = {
    "perfect_circuits": "perfect circuits",
    "resample_faithful_circuits": "resample-faithful circuits",
    "minimal_circuits": "minimal circuits",
}


def draw_course(found: Course) -> Drawing:
    """Counts by network on a logarithmic scale, in which 0 has a line of its own, and a lifeline for each explanation;
    what was not counted is left out of a line."""
    counts = [found.counts(k) for k in range(len(found.sides))]
    names = SERIES | ({} if found.rung is None else {f"mappings_{found.rung}": f"algorithms in neurons, {found.rung}"})
    series = {title: [one[key] for one in counts] for key, title in names.items()}
    width = _x(len(found.sides), len(found.sides))
    parts, bottom = _counts(series, found.labels), TOP + HIGH
    legend, used = _legend(series, bottom + 44, width)
    lives, end = _lives(found, bottom + 44 + used)
    title = (
        f"{found.sides[0].shape}, {found.labels[0]} to {found.labels[-1]}: counts, and when each explanation is there"
    )
    heading = Part("", "", (Label("title", MARGIN, 18, title, 13, "start"),))
    drawn = (heading, *parts, *legend, *lives)
    right = max((_right(shape) for part in drawn for shape in part.shapes), default=0.0)
    return Drawing(title, max(width, right + MARGIN), end + MARGIN, drawn)


def _right(shape: Shape) -> float:
    if isinstance(shape, Label):
        wide = text_width(shape.text, shape.size)
        return shape.x + {"start": wide, "middle": wide / 2, "end": 0.0}[shape.anchor]
    return shape.x + shape.width if isinstance(shape, Box) else 0.0


def _step(networks: int) -> float:
    """From one network to the next; few have more room."""
    return max(STEP, LEAST / max(networks - 1, 1))


def _x(k: int, networks: int) -> float:
    return LEFT + 18 + _step(networks) * k


def _counts(series: Mapping[str, Sequence[int | None]], labels: Sequence[str]) -> list[Part]:
    most = max([number for line in series.values() for number in line if number is not None], default=1)
    bottom = TOP + HIGH
    powers = [10**k for k in range(max(1, math.ceil(math.log10(max(most, 1)))) + 1)]

    def y(number: int) -> float:
        return bottom - HIGH * _height(number, powers[-1])

    parts = [Part("", "", (Label("note", MARGIN, 40, "how many, on a logarithmic scale", 11, "start"),))]
    many = len(labels)
    end = _x(many - 1, many) + 18
    for number in (0, *powers):
        shapes = (
            Line("axis", LEFT, y(number), end, y(number), 0.5),
            Label(
                "note",
                LEFT - 8,
                y(number),
                f"{number:,}" if number < 10**6 else f"10^{len(str(number)) - 1}",
                10,
                "end",
            ),
        )
        parts.append(Part("", "", shapes))
    every = max(1, math.ceil(max(text_width(label, 10) for label in labels) / _step(many)))
    for k, label in enumerate(labels):
        if k % every == 0 or k == len(labels) - 1:
            text = label if len(label) <= MOST_LETTERS * every else f"{label[: MOST_LETTERS * every - 1]}…"
            parts.append(Part("", label, (Label("text", _x(k, many), bottom + 17, text, 10),)))
    for index, (title, line) in enumerate(series.items()):
        for k, (one, other) in enumerate(pairwise(line)):
            if one is not None and other is not None:
                shape = Line(variable_role(index), _x(k, many), y(one), _x(k + 1, many), y(other), 2.0)
                parts.append(Part("", "", (shape,)))
        for k, number in enumerate(line):
            if number is not None:
                parts.append(
                    Part(f"count-{index}-{k}", f"{labels[k]}: {number:,} {title}", _mark(index, _x(k, many), y(number)))
                )
    return parts


def _height(number: int, most: int) -> float:
    """How high a number stands, from 0 to 1: 0 at the bottom, 1 a step above it, then by its logarithm."""
    decades = math.log10(most) + 1
    return 0.0 if number == 0 else (math.log10(number) + 1) / decades


def _mark(index: int, x: float, y: float) -> tuple[Shape, ...]:
    """A mark of its own form for each line, so that colors are not needed to tell them apart."""
    role = badge_role(index)
    if index % 4 == 0:
        return (Circle(role, x, y, 4.5),)
    if index % 4 == 1:
        return (Box(role, x - 4, y - 4, 8, 8),)
    if index % 4 == 2:
        return (Circle(variable_role(index), x, y, 4.0), Circle("badge", x, y, 2.5))
    return (Box(role, x - 6, y - 2.5, 12, 5),)


def _legend(series: Mapping[str, object], top: float, width: float) -> tuple[list[Part], float]:
    parts, x, y = [], LEFT, top
    for index, title in enumerate(series):
        wide = text_width(title, 11) + 34
        if x > LEFT and x + wide > width:
            x, y = LEFT, y + 19
        parts.append(Part("", "", (*_mark(index, x + 6, y), Label("note", x + 17, y, title, 11, "start"))))
        x += wide
    return parts, y - top + 30


def _lives(found: Course, top: float) -> tuple[list[Part], float]:
    if found.rung is None:
        return [Part("", "", (Label("note", MARGIN, top, "No algorithm was placed.", 11, "start"),))], top + 14
    head = f"Algorithms in neurons that pass {found.rung}"
    parts = [Part("", "", (Label("title", MARGIN, top, head, 12, "start"),))]
    y = top + 28
    for number, life in enumerate(found.lives[:MOST_DRAWN]):
        parts.append(_life(found, life, number, y))
        y += LIFE
    more = len(found.lives) - MOST_DRAWN
    if more > 0:
        parts.append(Part("", "", (Label("note", LEFT, y, f"and {more:,} more", 11, "start"),)))
        y += 18
    return parts, y


def _life(found: Course, life: Life, number: int, y: float) -> Part:
    """One explanation: its name above, and a bar over the networks in which it is there."""
    of = f"{life.about}: " if life.about else ""
    name = f"{of}{life.mapping.title}: {life.mapping.named(found.sides[0].network.graph)}"
    many = len(found.sides)
    end = _x(many - 1, many)
    shapes: list[Shape] = [
        Line("candidate", _x(0, many) - 6, y + 14, end + 6, y + 14, 1.0),
        Label("text", _x(0, many) - 6, y, name, 11, "start"),
    ]
    for first, last in life.spans:
        shapes.append(
            Box("bar", _x(first, many) - 6, y + 14 - BAR / 2, _x(last, many) - _x(first, many) + 12, BAR, 1.0, 4.0)
        )
    return Part(f"life-{number}", f"{name}: there {_when(found, life)}", tuple(shapes))


def _when(found: Course, life: Life) -> str:
    spans = [
        found.labels[first] if first == last else f"{found.labels[first]} to {found.labels[last]}"
        for first, last in life.spans
    ]
    return "; ".join(spans)
