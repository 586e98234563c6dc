"""Why something is not an exact count: what the budget refused, what has no answer, and what rounding decides."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .budget import Refusal


@dataclass(frozen=True)
class Notes:
    """Why something was not counted, or not exactly. Notes of several parts are added.

    Attributes:
        refused: what the budget did not allow, in words.
        beyond: what has no answer here, or is never looked for, in words.
        ties: what depends on rounding, in words.

    Example:
        >>> (Notes(refused=("counting",)) + Notes(ties=("one tie",))).all
        ('counting', 'one tie')
    """

    refused: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()

    def __add__(self, other: "Notes") -> "Notes":
        """Both, each reason once."""
        return Notes(*(_once((*mine, *theirs)) for mine, theirs in zip(self._parts, other._parts, strict=True)))

    @property
    def _parts(self) -> tuple[tuple[str, ...], ...]:
        return self.refused, self.beyond, self.ties

    @property
    def all(self) -> tuple[str, ...]:
        """Every reason: what was refused, what has no answer, then ties."""
        return self.refused + self.beyond + self.ties

    @property
    def partial(self) -> str:
        """What leaves a verdict open, in one text; empty where nothing does."""
        return "; ".join(self.refused + self.ties)

    def of(self, name: str) -> "Notes":
        """The same reasons, each said of the part of this name."""
        return Notes(*(tuple(Refusal.of(f"{name}: {reason}", reason) for reason in reasons) for reasons in self._parts))

    def refusing(self, *reasons: str) -> "Notes":
        """These notes, and what else the budget did not allow."""
        return replace(self, refused=(*self.refused, *reasons))


NO_NOTES = Notes()


def added(parts: Iterable[Notes]) -> Notes:
    """The notes of several parts as one."""
    return sum(parts, NO_NOTES)


def _once(reasons: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reasons))


class Noted:
    """What has notes: findings of any kind."""

    notes: Notes

    @property
    def refused(self) -> tuple[str, ...]:
        """What the budget did not allow, in words."""
        return self.notes.refused

    @property
    def beyond(self) -> tuple[str, ...]:
        """What has no answer here, in words."""
        return self.notes.beyond

    @property
    def ties(self) -> tuple[str, ...]:
        """What depends on rounding, in words."""
        return self.notes.ties
