"""Where a network came from, and how its import was checked against the model that it was read from."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..common.arguments import number_in
from ..common.errors import InputError
from ..given.points import OF_REAL_NUMBERS

DIFFERENCES = ("largest_difference", "allowed_difference")


@dataclass(frozen=True)
class Origin:
    """The source of an imported network, and the comparison of both at some inputs.

    Attributes:
        source: what was imported, such as "torch Sequential" or "ONNX file model.onnx".
        folded: what was put together or left out on the way, in words.
        precision: the floating-point type that the source computes in.
        checked_on: the inputs of the comparison, in words; or why there was nothing to compare with.
        inputs_checked: how many these are.
        largest_difference: between an output here and the same output of the source.
        allowed_difference: how far arithmetic of that precision may move that output.
        decisions_changed: how many decisions differ, by the network's threshold, or by 0.5 where nobody said it; each
            of these is a tie.
        ties: how many outputs are no farther from that threshold than rounding may move them.
        largest_output_changed: at how many inputs another output is the largest; such outputs are as good as equal.

    Raises:
        InputError: a field that is not of its type, or a number that is negative or not finite.
    """

    source: str
    folded: tuple[str, ...]
    precision: str
    checked_on: str
    inputs_checked: int
    largest_difference: float
    allowed_difference: float
    decisions_changed: int
    ties: int
    largest_output_changed: int

    def __post_init__(self) -> None:
        for name in ("source", "precision", "checked_on"):
            _check(name, getattr(self, name), isinstance(getattr(self, name), str), "a text")
        words = self.folded
        _check("folded", words, isinstance(words, tuple) and all(isinstance(one, str) for one in words), "texts")
        for name in ("inputs_checked", "decisions_changed", "ties", "largest_output_changed"):
            value = getattr(self, name)
            _check(name, value, type(value) is int and value >= 0, "a whole number of at least 0")
        for name in DIFFERENCES:
            value = getattr(self, name)
            _check(name, value, type(value) is float and 0 <= value < math.inf, "a number of at least 0")

    @property
    def of_real_numbers(self) -> bool:
        """Whether it was checked on given inputs of more than two numbers, which do not stand for bits."""
        return OF_REAL_NUMBERS in self.checked_on

    def document(self) -> dict[str, Any]:
        """The origin as plain values."""
        return asdict(self) | {"folded": list(self.folded)}


def origin_from_document(document: object) -> Origin:
    """The origin that `Origin.document` gave as plain values.

    Raises:
        InputError: a key is missing, unknown, or holds another kind of value.
    """
    keys = [field.name for field in fields(Origin)]
    if not isinstance(document, dict) or set(document) != set(keys):
        raise InputError(f"the origin of a network has exactly the keys {', '.join(keys)}; leave it out or mend it")
    folded = document["folded"]
    # Other programs write 0.0 as 0.
    differences = {name: document[name] for name in DIFFERENCES if type(document[name]) is int}
    numbers = {name: number for name, one in differences.items() if (number := number_in(one)) is not None}
    return Origin(**{**document, **numbers, "folded": tuple(folded) if isinstance(folded, list) else folded})


def _check(name: str, value: object, holds: bool, rule: str) -> None:
    if not holds:
        raise InputError(f"{name} of an origin is {value!r:.80}; it is {rule}")
