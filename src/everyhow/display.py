"""What notebooks show of a value: a picture, and a view that answers, in place of its repr."""

from abc import ABC
from typing import Any


class Displayed(ABC):  # noqa: B024 (it adds one method and asks for nothing)
    """A value that a notebook shows as a picture; what is drawn is decided in `everyhow.report.notebook`."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The value as text, as a picture, and as HTML that holds all it shows."""
        from .report.notebook import bundle

        return bundle(self)
