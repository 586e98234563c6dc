"""One thing that was checked."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """What a stored audit says, and what the plain methods find.

    Attributes:
        what: the number, by its name in audit.json where it has one.
        scope: what was gone through.
        stated: what the file says.
        found: what was found; of a part of the file, of a range of numbers, whether it agrees.
    """

    what: str
    scope: str
    stated: Any
    found: Any

    @property
    def agrees(self) -> bool:
        """Whether both are the same; a truth value is not a number."""
        return isinstance(self.stated, bool) == isinstance(self.found, bool) and bool(self.stated == self.found)
