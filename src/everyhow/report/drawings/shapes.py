"""The marks of a drawing, as plain values. They know nothing of files, pages or colors."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from ...common.display import Paper

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
class Curve(Shape):
    """A line through points from left to right that is level at each of them."""

    points: tuple[tuple[float, float], ...]
    width: float | None = None

    def moved(self, dx: float, dy: float) -> "Curve":
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points))

    @property
    def bends(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """From each point to the next: two points that it bends towards, and the next."""
        return tuple(
            (((x1 + x2) / 2, y1), ((x1 + x2) / 2, y2), (x2, y2)) for (x1, y1), (x2, y2) in pairwise(self.points)
        )


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


class Sheet(Paper, Protocol):
    """Parts on a paper, the first one lowest."""

    @property
    def parts(self) -> tuple[Part, ...]: ...


def text_width(text: str, size: float) -> float:
    """About how wide a text is."""
    return len(text) * size * LETTER


def wrapped(pieces: Iterable[str], most: int) -> list[str]:
    """Pieces of a text, of which none is torn, in lines of at most so many letters where no piece is longer.

    Example:
        >>> wrapped(["1", "- 2 h1.0", "- h1.2"], 12)
        ['1 - 2 h1.0', '- h1.2']
    """
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + 1 + len(piece) > most:
            lines.append(piece)
        else:
            lines[-1] = f"{lines[-1]} {piece}".strip()
    return lines
