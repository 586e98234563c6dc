"""What people bring, understood as a model. The function that understands other things than models is set from
above."""

from collections.abc import Callable
from typing import Any

from .runnable import Runnable

Bring = Callable[[Any], Runnable]
_DOORS: list[Bring] = []


def bring_by(door: Bring) -> None:
    """Set the function that understands modules, fitted models and files."""
    _DOORS[:] = [door]


def brought(given: Any) -> Runnable:
    """The model that is given, or the model that something else is understood as.

    Raises:
        InputError: the thing given is not understood as a model.
    """
    return given if isinstance(given, Runnable) or not _DOORS else _DOORS[0](given)
