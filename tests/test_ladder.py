"""Verdicts."""

import pytest

from everyhow.ladder import DEFINITIONS, IN_SHORT, judge

CASES = [
    ({"single": 1, "joint": 1}, "identifiable", "single"),
    ({"single": 3, "joint": 1}, "identifiable", "joint"),
    ({"single": 3, "irredundant": 1, "joint": 1}, "identifiable", "irredundant"),
    ({"single": 3, "joint": 2}, "not identifiable", "joint"),
    ({"single": 3, "irredundant": 1, "joint": 0}, "none valid", "joint"),
    ({"single": 0, "joint": 0}, "none valid", "single"),
    ({"single": 1, "joint": None}, "unknown", None),
]


@pytest.mark.parametrize(("survivors", "status", "criterion"), CASES)
def test_judge(survivors, status, criterion):
    """The first rung that leaves one for good; otherwise why there is none, or that it is not known."""
    verdict = judge(survivors, "everything")
    assert (status, criterion) == (verdict.status, verdict.criterion)
    assert verdict.space == "everything"


def test_anything_partial_is_unknown():
    """A cap makes the verdict unknown even when the numbers look decisive."""
    verdict = judge({"single": 1}, "everything", partial="the budget was exceeded")
    assert (verdict.status, verdict.reason) == ("unknown", "the budget was exceeded")


def test_every_rung_is_defined():
    """Each rung has its short and its long definition."""
    from everyhow.circuits.findings import RUNGS as CIRCUIT_RUNGS
    from everyhow.mappings.findings import RUNGS as MAPPING_RUNGS
    from everyhow.readouts.readouts import RUNGS as READOUT_RUNGS

    every = {*CIRCUIT_RUNGS, "robust", *MAPPING_RUNGS, "cheapest", *READOUT_RUNGS}
    assert every == set(IN_SHORT) == set(DEFINITIONS) - {"aligned"}
