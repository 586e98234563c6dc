"""What people bring, understood as a model. The function that understands other things than models is set from
above."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .runnable import Runnable

Bring = Callable[[Any], "Runnable"]
_DOORS: list[Bring] = []


def bring_by(door: Bring) -> None:
    """Set the function that understands models, modules, fitted models and files."""
    _DOORS[:] = [door]


def brought(given: Any) -> "Runnable":
    """The model that is given, or the model that something else is understood as.

    Raises:
        InputError: the thing given is not understood as a model.
    """
    return _DOORS[0](given) if _DOORS else given
