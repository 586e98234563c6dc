"""Both ladders as funnels: how many explanations each stricter criterion leaves."""

import math
from collections.abc import Mapping

from ...common.count import Count
from ...ladder import BESIDE, IN_SHORT
from ...model.runnable import Runnable
from ..words import LARGE, marked, of_kind, shown
from .drawing import Drawing
from .shapes import MARGIN, Box, Label, Part, Shape, text_width

BAR, STEP = 200.0, 34.0
# The sizes of the letters of a rung's name, of what is left, and of the rung in short; bold ones are wider.
NAME, LEFT, NOTE, BOLD = 12.0, 12.5, 10.0, 1.15


def draw_ladder(title: str, survivors: Mapping[str, Count], of: Runnable, trivial: int = 0) -> Drawing:
    """A bar per rung, as long as the logarithm of what is left; a rung that was not counted says so,
    one of which only a range is known gives both ends. So many `trivial` ones, without variables, are among what each
    rung leaves. A rung that stands beside the others has a thin bar."""
    most = max((count.low or 0 for count in survivors.values()), default=1)
    names = [marked(rung, rung.replace("_", " ")) for rung in survivors]
    start = MARGIN + max((text_width(name, NAME) for name in names), default=0.0)
    right = MARGIN + text_width(title, 13) * BOLD
    parts = [Part("", "", (Label("title", MARGIN, 16, title, 13, "start"),))]
    for k, (name, (rung, number)) in enumerate(zip(names, survivors.items(), strict=True)):
        y = 44 + STEP * k
        length = bar_share(number.low or 0, most) * BAR
        half = 5 if rung in BESIDE else 10
        shapes: list[Shape] = [Label("text", start, y, name, NAME, "end")]
        if length:
            shapes.append(Box("bar", start + 14, y - half, length, 2 * half))
        said, short = str(number) if (number.low or 0) < LARGE else shown(number), of_kind(IN_SHORT.get(rung, ""), of)
        shapes.append(Label("title", start + 22 + length, y - 6, said, LEFT, "start"))
        shapes.append(Label("note", start + 22 + length, y + 8, short, NOTE, "start"))
        right = max(right, start + 22 + length + max(text_width(said, LEFT) * BOLD, text_width(short, NOTE)))
        parts.append(Part(f"rung-{rung}", f"{rung.replace('_', ' ')}: {said}", tuple(shapes)))
    said = "bars on a logarithmic scale" + f"; {trivial:,} at each without variables" * bool(trivial)
    note = Label("note", start + 14, 50 + STEP * len(survivors), said, NOTE, "start")
    parts.append(Part("", "", (note,)))
    width = max(right, start + 14 + text_width(said, NOTE)) + MARGIN
    return Drawing(title, width, 66 + STEP * len(survivors), tuple(parts))


def bar_share(number: int, most: int) -> float:
    """How long a bar is, from 0 to 1, on a logarithmic scale."""
    return math.log1p(number) / math.log1p(most) if number else 0.0
