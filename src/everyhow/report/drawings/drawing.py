"""A drawing: parts on a paper, which can be written to a file."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from ...common.display import Displayed
from ...common.errors import InputError
from ...common.files import write_atomically
from .pdf import pdf
from .shapes import MARGIN, Label, Part, text_width
from .svg import standalone

FORMATS = ("svg", "pdf")


@dataclass(frozen=True, repr=False)
class Drawing(Displayed):
    """Parts on a paper of a size in points, the first one lowest; `title` says what is to be seen."""

    title: str
    width: float
    height: float
    parts: tuple[Part, ...]

    def __repr__(self) -> str:
        return f"Drawing({self.title}; {self.width:.0f} x {self.height:.0f} points; save it as .svg or .pdf)"

    def svg(self) -> str:
        """The drawing as one SVG file, in the light colors."""
        return standalone(self)

    def save(self, target: str | Path) -> Path:
        """Write it to a `.svg` or `.pdf` file, whole or not at all; PDF needs the extra plot.

        Raises:
            InputError: the name ends otherwise.
            MissingExtraError: Matplotlib is not installed.
        """
        path = Path(target)
        if path.suffix == ".svg":
            return write_atomically(path, self.svg().encode())
        if path.suffix == ".pdf":
            return write_atomically(path, pdf(self))
        raise InputError(f"{path}: a drawing is written to a file ending in .svg or .pdf, not {path.suffix!r}")

    def with_states(self, states: dict[str, str]) -> "Drawing":
        """The drawing with parts set back or put forward, by their keys."""
        parts = tuple(replace(part, state=states.get(part.key, part.state)) for part in self.parts)
        return replace(self, parts=parts)

    def with_parts(self, *parts: Part) -> "Drawing":
        """The drawing with more on top."""
        return replace(self, parts=self.parts + parts)


def beside(title: str, drawings: dict[str, Drawing], gap: float = 30.0, across: float = math.inf) -> Drawing:
    """Drawings in a row, each under its heading; what would reach beyond `across` begins another row below."""
    head = 24.0
    parts: list[Part] = []
    x, y, width, height = 0.0, 0.0, 1.0, 1.0
    for heading, drawing in drawings.items():
        wide = max(drawing.width, text_width(heading, 13.0) + 2 * MARGIN)
        if x and x + wide > across:
            x, y = 0.0, height
        parts.append(Part("", "", (Label("title", x + MARGIN, y + head / 2 + 2, heading, 13.0, "start"),)))
        for part in drawing.parts:
            shapes = tuple(shape.moved(x, y + head) for shape in part.shapes)
            parts.append(replace(part, shapes=shapes))
        width, height = max(width, x + wide), max(height, y + drawing.height + head)
        x += wide + gap
    return Drawing(title, width, height, tuple(parts))
