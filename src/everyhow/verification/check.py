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
        found: what was found; of a range of numbers that agree, whether the stated one lies in it.
    """

    what: str
    scope: str
    stated: Any
    found: Any

    @property
    def agrees(self) -> bool:
        """Whether both are the same, or the one found lies between the two stated."""
        if isinstance(self.stated, list) and isinstance(self.found, int):
            return len(self.stated) == 2 and self.stated[0] <= self.found <= self.stated[1]
        return self.stated == self.found
