"""A drawing: what stands where, as plain values. It knows nothing of files, pages or colours."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import InputError
from ...files import write_atomically

FORMATS = ("svg", "pdf")
# The width of a letter, in shares of the size of its text: generous, since fonts differ.
LETTER = 0.58
MARGIN = 12.0


@dataclass(frozen=True)
class Shape(ABC):
    """One mark; `role` says what it is drawn as (see `palette.ROLES`)."""

    role: str

    @abstractmethod
    def moved(self, dx: float, dy: float) -> "Shape":
        """The same mark elsewhere."""


@dataclass(frozen=True)
class Line(Shape):
    """A straight line of its role's width, or of its own."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float | None = None

    def moved(self, dx: float, dy: float) -> "Line":
        return replace(self, x1=self.x1 + dx, y1=self.y1 + dy, x2=self.x2 + dx, y2=self.y2 + dy)


@dataclass(frozen=True)
class Circle(Shape):
    """A circle."""

    x: float
    y: float
    r: float

    def moved(self, dx: float, dy: float) -> "Circle":
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True)
class Box(Shape):
    """A rectangle with its upper left corner; `level` from 0 to 1 is how much of its fill shows."""

    x: float
    y: float
    width: float
    height: float
    level: float = 1.0
    round: float = 0.0

    def moved(self, dx: float, dy: float) -> "Box":
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True)
class Label(Shape):
    """A text; y is its middle, x its start, middle or end by `anchor`."""

    x: float
    y: float
    text: str
    size: float = 13.0
    anchor: str = "middle"

    def moved(self, dx: float, dy: float) -> "Label":
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True)
class Part:
    """One thing in a drawing.

    Attributes:
        key: what it stands for, such as `neuron-1-0`; empty for what is mere lettering.
        title: what is said of it.
        shapes: the marks that show it, the last one uppermost.
        state: "" as it is, `half` or `dim` set back.
    """

    key: str
    title: str
    shapes: tuple[Shape, ...]
    state: str = ""


@dataclass(frozen=True)
class Drawing:
    """Parts on a paper of a size in points, the first one lowest; `title` says what is to be seen."""

    title: str
    width: float
    height: float
    parts: tuple[Part, ...]

    def svg(self) -> str:
        """The drawing as one SVG file, in the light colours."""
        from .svg import standalone

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
            from .pdf import pdf

            return write_atomically(path, pdf(self))
        raise InputError(f"{path}: a drawing is written to a file ending in .svg or .pdf, not {path.suffix!r}")

    def with_states(self, states: dict[str, str]) -> "Drawing":
        """The drawing with parts set back or put forward, by their keys."""
        parts = tuple(replace(part, state=states.get(part.key, part.state)) for part in self.parts)
        return replace(self, parts=parts)

    def with_parts(self, *parts: Part) -> "Drawing":
        """The drawing with more on top."""
        return replace(self, parts=self.parts + parts)


def beside(title: str, drawings: dict[str, Drawing], gap: float = 30.0) -> Drawing:
    """Drawings in a row, each under its heading."""
    head = 24.0
    parts: list[Part] = []
    x, height = 0.0, 0.0
    for heading, drawing in drawings.items():
        parts.append(Part("", "", (Label("title", x + MARGIN, head / 2 + 2, heading, 13.0, "start"),)))
        for part in drawing.parts:
            shapes = tuple(shape.moved(x, head) for shape in part.shapes)
            parts.append(replace(part, shapes=shapes))
        x += max(drawing.width, text_width(heading, 13.0) + 2 * MARGIN) + gap
        height = max(height, drawing.height + head)
    return Drawing(title, max(x - gap, 1.0), max(height, 1.0), tuple(parts))


def text_width(text: str, size: float) -> float:
    """About how wide a text is."""
    return len(text) * size * LETTER
