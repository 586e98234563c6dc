"""Where the answers of a sequence are read: at which positions, and among which outputs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..common.arguments import is_whole, listed, quoted
from ..common.errors import InputError


@dataclass(frozen=True)
class Answer:
    """The positions at which a model of sequences answers, and the logits among which each answer is read.

    Args:
        positions: from 0, or from the end when negative: -1 is the last; one number for one position.
        classes: the numbers of the logits; None for all of them. An answer by argmax is the largest of these.

    Raises:
        InputError: no position or no class, one that repeats, or one that is not a whole number.

    Example:
        >>> Answer(-1, [0, 1])
        Answer(positions=(-1,), classes=(0, 1))
    """

    positions: tuple[int, ...] = (-1,)
    classes: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        positions: Any = self.positions
        given = [positions] if is_whole(positions, -(1 << 31)) else positions
        object.__setattr__(self, "positions", _numbers("answer_positions", given, "positions, -1 for the last"))
        if self.classes is not None:
            classes = _numbers("classes", self.classes, "numbers of logits, from 0")
            if min(classes) < 0:
                raise InputError(f"classes is {quoted(self.classes)}; give numbers of logits, from 0")
            object.__setattr__(self, "classes", classes)

    def document(self) -> dict[str, Any]:
        """The answer as plain values."""
        return {"positions": list(self.positions), "classes": None if self.classes is None else list(self.classes)}

    def at(self, length: int) -> tuple[int, ...]:
        """The positions in a sequence of so many tokens, from 0.

        Raises:
            InputError: a position beyond its end, or one that is given twice, as 3 and as -1.
        """
        found = tuple(one + length if one < 0 else one for one in self.positions)
        for one, given in zip(found, self.positions, strict=True):
            if not 0 <= one < length:
                raise InputError(
                    f"answer_positions names {given}, but the sequences have {length} tokens: give positions from 0 "
                    f"to {length - 1}, or from -{length} to -1"
                )
        if len(set(found)) < len(found):
            raise InputError(
                f"answer_positions is {quoted(self.positions)}, which names a position twice; give it once"
            )
        return found

    def among(self, logits: int) -> tuple[int, ...]:
        """The classes of a model with so many logits.

        Raises:
            InputError: a class that the model does not have.
        """
        classes = tuple(range(logits)) if self.classes is None else self.classes
        if max(classes) >= logits:
            raise InputError(f"classes names {max(classes)}, but the model has {logits} logits: 0 to {logits - 1}")
        return classes


def _numbers(item: str, given: Iterable[int], rule: str) -> tuple[int, ...]:
    found = listed(item, given, rule)
    if not found or not all(is_whole(one, -(1 << 31)) for one in found) or len(set(found)) < len(found):
        raise InputError(f"{item} is {quoted(given)}; give {rule}, each once")
    return tuple(map(int, found))


# At the last position, among all logits.
LAST = Answer()
