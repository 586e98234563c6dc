"""Both ladders as funnels: how many explanations each stricter criterion leaves."""

import math
from collections.abc import Mapping

from ...common.count import Count
from ...ladder import BESIDE, IN_SHORT
from ..words import LARGE, marked, shown
from .drawing import Drawing
from .shapes import MARGIN, Box, Label, Part, Shape

BAR, STEP, NAMES, NOTES = 200.0, 34.0, 180.0, 210.0


def draw_ladder(title: str, survivors: Mapping[str, Count], trivial: int = 0) -> Drawing:
    """A bar per rung, as long as the logarithm of what is left; a rung that was not counted says so,
    one of which only a range is known gives both ends. So many `trivial` ones, without variables, are among what each
    rung leaves. A rung that stands beside the others has a thin bar."""
    most = max((count.low or 0 for count in survivors.values()), default=1)
    parts = [Part("", "", (Label("title", MARGIN, 16, title, 13, "start"),))]
    for k, (rung, number) in enumerate(survivors.items()):
        y = 44 + STEP * k
        length = bar_share(number.low or 0, most) * BAR
        half = 5 if rung in BESIDE else 10
        shapes: list[Shape] = [Label("text", NAMES, y, marked(rung, rung.replace("_", " ")), 12, "end")]
        if length:
            shapes.append(Box("bar", NAMES + 14, y - half, length, 2 * half))
        said = str(number) if (number.low or 0) < LARGE else shown(number)
        shapes.append(Label("title", NAMES + 22 + length, y - 6, said, 12.5, "start"))
        shapes.append(Label("note", NAMES + 22 + length, y + 8, IN_SHORT.get(rung, ""), 10, "start"))
        parts.append(Part(f"rung-{rung}", f"{rung.replace('_', ' ')}: {said}", tuple(shapes)))
    said = "bars on a logarithmic scale" + f"; {trivial:,} at each without variables" * bool(trivial)
    note = Label("note", NAMES + 14, 50 + STEP * len(survivors), said, 10, "start")
    parts.append(Part("", "", (note,)))
    return Drawing(title, NAMES + BAR + NOTES, 66 + STEP * len(survivors), tuple(parts))


def bar_share(number: int, most: int) -> float:
    """How long a bar is, from 0 to 1, on a logarithmic scale."""
    return math.log1p(number) / math.log1p(most) if number else 0.0
