"""What a person sees of a value: pictures, tables, a page. What makes them is handed in from above."""

from abc import ABC
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .attributes import PublicNames
from .errors import InputError

if TYPE_CHECKING:
    from .sql import RunTable


class Paper(Protocol):
    """What has a size in points; `title` says what is to be seen."""

    @property
    def title(self) -> str: ...

    @property
    def width(self) -> float: ...

    @property
    def height(self) -> float: ...


class Picture(Paper, Protocol):
    """A drawing."""

    def svg(self) -> str:
        """The drawing as one SVG file, in the light colors."""
        ...

    def save(self, target: str | Path) -> Path:
        """Write it to a `.svg` or `.pdf` file, whole or not at all; PDF needs the extra plot.

        Raises:
            InputError: the name ends otherwise.
            MissingExtraError: Matplotlib is not installed.
        """
        ...


class Presenter(Protocol):
    """What makes a value visible."""

    def bundle(self, value: Any) -> dict[str, str]:
        """A value by media type, for a notebook."""
        ...

    def picture_of(self, value: Any) -> Picture:
        """What a notebook shows of a value, as a drawing."""
        ...

    def summary(self, audit: Any) -> str:
        """The answer of an audit, a paragraph on one line."""
        ...

    def wrapped(self, audit: Any) -> str:
        """The same paragraph, on lines of at most 80 signs."""
        ...

    def drawings(self, audit: Any) -> Mapping[str, Picture]: ...

    def tables(self, audit: Any) -> "dict[str, RunTable]": ...

    def report(self, audit: Any, path: str | Path) -> Path:
        """Write an audit's page; returns its path."""
        ...


_PRESENTERS: list[Callable[[], Presenter]] = []


def present_by(load: Callable[[], Presenter]) -> None:
    """Set the function that gives the presenter when it is first needed. The package sets it as it is imported."""
    _PRESENTERS[:] = [load]


def presenter() -> Presenter:
    """What makes values visible.

    Raises:
        InputError: nobody named one.
    """
    if not _PRESENTERS:
        raise InputError("nothing that draws values is loaded; import everyhow, which loads it")
    return _PRESENTERS[0]()


class Displayed(PublicNames, ABC):
    """A value that a notebook shows as a picture; the presenter decides what is drawn."""

    def picture(self) -> Picture:
        """What a notebook shows, as a drawing: `picture().save("name.svg")` writes it.

        Example:
            >>> import everyhow as eh
            >>> eh.xornet().picture().title
            'The network 2-3-1: 7 edges'
        """
        return presenter().picture_of(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The value as text, as a picture, and as HTML that holds all it shows."""
        return presenter().bundle(self)
