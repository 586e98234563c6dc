"""What is stated and what was found, compared value by value: on small documents, with what is said of them."""

import pytest

from everyhow.verification.check import Check
from everyhow.verification.comparing import Holds, Open, compared, left_open

LARGE = Holds(lambda stated: stated > 3, "more than 3")

CASES = [
    # stated, found: what the check says
    (4, LARGE, Check("x", "all", 4, 4)),
    (2, LARGE, Check("x", "all", 2, "more than 3")),
    ("text", LARGE, Check("x", "all", "text", "more than 3")),
    ({"a": [5, None]}, {"a": [5, LARGE]}, Check("x.a[1]", "all", None, "more than 3")),
    ({"a": 1}, {"a": 1}, Check("x", "all", True, True)),
    ({"a": [1, 2]}, {"a": [1, 2]}, Check("x", "all; 2 values", True, True)),
    ({"a": [1]}, {"a": [1, 2]}, Check("x.a", "all", "a list of 1", "a list of 2")),
    ({"a": 1}, {"a": True}, Check("x.a", "all", 1, True)),
    ({"a": 1.0}, {"a": 1}, Check("x.a", "all", "1.0 (float)", "1 (int)")),
    ({}, {"a": 1}, Check("x.a", "all", "nothing", 1)),
    ({"a": 1}, {}, Check("x.a", "all", 1, "nothing")),
    (7, {"a": 1}, Check("x", "all", 7, "1 keys")),
    ({"a": 1}, [1, 2], Check("x", "all", "1 keys", "a list of 2")),
    (None, Open("nobody knows"), Check("x", "all", True, True)),
    (0.5 + 4e-7, 0.5, Check("x", "all", 0.5 + 4e-7, 0.5 + 4e-7)),
    (0.5 + 6e-7, 0.5, Check("x", "all", 0.5 + 6e-7, 0.5)),
    (9e-13, 0.0, Check("x", "all", 9e-13, 9e-13)),
    (2e-12, 0.0, Check("x", "all", 2e-12, 0.0)),
]


@pytest.mark.parametrize(("stated", "found", "check"), CASES)
def test_compared(stated, found, check):
    """The first place that differs, with both values; a property that cannot be asked of a value does not hold."""
    assert compared("x", "all", stated, found) == check


def test_left_open():
    """What is open is told where it is stated, also where the lists are of different lengths."""
    bounded = Holds(bool, "not empty", bounds="only its bounds")
    found = {"a": [Open("why"), bounded, LARGE, Open("")], "b": Open("not stated"), "c": {"d": Open("because")}}
    stated = {"a": [1, 2], "c": {"d": 1}}
    assert list(left_open(stated, found)) == [
        (("a", 0), "why"), (("a", 1), "only its bounds"), (("c", "d"), "because")
    ]  # fmt: skip
    assert list(left_open(stated | {"a": [1, 2, 3, 4, 5]}, found)) == list(left_open(stated, found))
