"""Tables drawn as squares: causal signatures and the matrix of a cross-examination; and bars by number of edges."""

import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ...common.shares import percent
from ..words import LARGE, plural, times_ten
from .drawing import Drawing
from .shapes import MARGIN, Box, Label, Line, Part, Shape, text_width

CELL = 30.0
# Beyond this many rows a matrix has no numbers in its cells.
MOST_WRITTEN = 14
LEFT, PLOT, HIGH = 62.0, 420.0, 190.0


def draw_signature(rows: Sequence[int], names: Sequence[str], title: str) -> Drawing:
    """A causal signature: a line per source, a column per base, 1 where the network then decides 1; the inputs have
    these names."""
    cell = max(9.0, min(CELL, 320 / len(rows)))
    left, top = 74.0, 58.0
    parts = [
        Part("", "", (Label("note", left + cell * len(rows) / 2, 32, "base", 12),)),
        Part("", "", (Label("note", left - 8, 32, "source", 12, "end"),)),
    ]
    across = math.ceil((max(text_width(name, 10) for name in names) + 4) / cell)
    for k in range(0, len(rows), across):
        parts.append(Part("", "", (Label("text", left + cell * (k + 0.5), top - 9, names[k], 10),)))
    for k in range(0, len(rows), max(1, round(12 / cell))):
        parts.append(Part("", "", (Label("text", left - 6, top + cell * (k + 0.5), names[k], 10, "end"),)))
    for source, row in enumerate(rows):
        for base in range(len(rows)):
            bit = row >> base & 1
            x, y = left + cell * base, top + cell * source
            said = f"base {names[base]}, source {names[source]}: {bit}"
            parts.append(Part("", said, (Box("cell", x, y, cell, cell), Box("level", x, y, cell, cell, 0.85 * bit))))
    side = cell * len(rows)
    heading = Part("", "", (Label("title", MARGIN, 14, title, 13, "start"),))
    width = max(left + side + MARGIN, text_width(title, 13) + 2 * MARGIN)
    return Drawing(title, width, top + side + MARGIN, (heading, *parts))


def draw_matrix(matrix: Sequence[Sequence[Fraction | None]], names: Mapping[int, str]) -> Drawing:
    """Who predicts whose interchanges: of the row's swaps of which the column says something, the percentage whose
    outcome it predicts.

    Args:
        matrix: the shares; None where the column says nothing of what the row's swaps change.
        names: of the explanations by their numbers, in the order of rows and columns.
    """
    numbers, number = list(names), len(names)
    written = number <= MOST_WRITTEN
    cell = 44.0 if written else max(10.0, 560.0 / number)
    left = 44.0
    known = [float(share) for row in matrix for share in row if share is not None]
    least = min(known, default=0.0)
    notes = (
        "row: whose variables are swapped; column: who predicts",
        f"white: {percent(least)}% and less, darkest: all" if least < 1 else "all are predicted",
        *(("–: the column says nothing of what the row's swaps change",) if None in itertools.chain(*matrix) else ()),
    )
    top = 60.0 + 17 * len(notes)
    parts = [Part("", "", (Label("title", MARGIN, 16, "Percentage of swaps predicted", 13, "start"),))]
    parts += [Part("", "", (Label("note", MARGIN, 36 + 17 * k, note, 11, "start"),)) for k, note in enumerate(notes)]
    for k in range(0, number, 1 if written else 5):
        parts.append(
            Part("", names[numbers[k]], (Label("text", left + cell * (k + 0.5), top - 10, str(numbers[k]), 11),))
        )
        label = Label("text", left - 8, top + cell * (k + 0.5), str(numbers[k]), 11, "end")
        parts.append(Part("", names[numbers[k]], (label,)))
    for i, row in enumerate(matrix):
        for j, share in enumerate(row):
            x, y = left + cell * j, top + cell * i
            one, other = names[numbers[i]], names[numbers[j]]
            if share is None:
                said, level, text = f"{other} says nothing of what the swaps of {one} change", 0.0, "–"
            else:
                said = f"{other} predicts {percent(float(share))}% of the swaps of {one}"
                level, text = 0.6 * (float(share) - least) / (1 - least) if least < 1 else 0.6, percent(float(share))
            shapes: list[Shape] = [Box("cell", x, y, cell, cell), Box("shade", x, y, cell, cell, round(level, 3))]
            if written:
                shapes.append(Label("text", x + cell / 2, y + cell / 2, text, 11))
            parts.append(Part(f"cell-{i}-{j}", said, tuple(shapes)))
    listed = [f"{number}  {name}" for number, name in names.items()][: 3 * MOST_WRITTEN]
    if len(listed) < number:
        listed.append(f"and {number - len(listed)} more")
    bottom = top + cell * number + 18
    legend = [Part("", "", (Label("text", left, bottom + 17 * k, text, 11, "start"),)) for k, text in enumerate(listed)]
    width = max([left + cell * number, 380.0, *(left + text_width(text, 11) for text in listed)])
    height = bottom + 17 * len(listed) + MARGIN
    return Drawing(f"Cross-examination of {number} explanations", width + MARGIN, height, (*parts, *legend))


def draw_histogram(counts: Mapping[str, Mapping[int, int]], unit: str = "edge") -> Drawing:
    """Bars by number of edges, or of nodes, one row of bars per kind of circuit, the first filled and the second in
    outline."""
    title = f"Circuits by number of {unit}s"
    sizes = sorted({size for numbers in counts.values() for size in numbers})
    most = max([number for numbers in counts.values() for number in numbers.values()], default=1)
    step = PLOT / max(1, len(sizes))
    wide = min(26.0, step * 0.8 / max(1, len(counts)))
    bottom = 40 + HIGH
    parts = [Part("", "", (Label("title", MARGIN, 16, title, 13, "start"),))]
    parts.append(Part("", "", (Line("axis", LEFT, bottom, LEFT + PLOT, bottom), Line("axis", LEFT, 40, LEFT, bottom))))
    parts.append(
        Part(
            "",
            "",
            (
                Label(
                    "note",
                    LEFT - 6,
                    40,
                    f"{most:,}" if most < LARGE else times_ten(most),
                    10 if most < LARGE else 9,
                    "end",
                ),
                Label("note", LEFT - 6, bottom, "0", 10, "end"),
            ),
        )
    )
    every = max(1, round(22 / step))
    for k, size in enumerate(sizes):
        middle = LEFT + step * (k + 0.5)
        if k % every == 0:
            parts.append(Part("", "", (Label("text", middle, bottom + 13, str(size), 10.5),)))
        for side, (kind, numbers) in enumerate(counts.items()):
            number = numbers.get(size, 0)
            height = HIGH * number / most
            x = middle + (side - len(counts) / 2) * wide
            if number:
                bar = Box("second" if side else "bar", x, bottom - height, wide, height)
                parts.append(Part("", f"{number:,} {kind} of {plural(size, unit)}", (bar,)))
    parts.append(Part("", "", (Label("note", LEFT + PLOT / 2, bottom + 31, f"{unit}s", 11),)))
    x = LEFT
    for side, kind in enumerate(counts):
        parts.append(
            Part(
                "",
                "",
                (
                    Box("second" if side else "bar", x, bottom + 46, 11, 11),
                    Label("note", x + 17, bottom + 52, kind, 11, "start"),
                ),
            )
        )
        x += text_width(kind, 11) + 44
    return Drawing(title, LEFT + PLOT + MARGIN, bottom + 68, tuple(parts))
