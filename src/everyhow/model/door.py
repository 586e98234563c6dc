"""What people bring, understood as a model. The function that understands other things than models is set from
above."""

from collections.abc import Callable, Iterable
from typing import Any

from .runnable import Runnable

Bring = Callable[[Any, float | None, Iterable[float] | None], Runnable]
_DOORS: list[Bring] = []


def bring_by(door: Bring) -> None:
    """Set the function that understands modules, fitted models and files."""
    _DOORS[:] = [door]


def brought(given: Any, threshold: float | None = None, inputs: Iterable[float] | None = None) -> Runnable:
    """The model that is given, or the model that something else is understood as; its numbers are read as told.

    Raises:
        InputError: the thing given is not understood as a model, or a number is out of range.
    """
    if isinstance(given, Runnable) or not _DOORS:
        return given.read(threshold, inputs)
    return _DOORS[0](given, threshold, inputs)
