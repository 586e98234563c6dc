"""Verdicts."""

import pytest

from everyhow.ladder import BESIDE, DEFINITIONS, IN_SHORT, judge

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


TRIVIAL = [
    # mappings, trivial ones among them, status, criterion
    ({"single": 149, "irredundant": 1}, 1, "identifiable, trivially", "irredundant"),
    ({"single": 1, "irredundant": 1}, 1, "identifiable, trivially", "single"),
    ({"single": 3, "irredundant": 2}, 1, "identifiable", "irredundant"),
    ({"single": 2, "irredundant": 2}, 1, "identifiable", "single"),
    ({"single": 5, "irredundant": 4}, 1, "not identifiable", "irredundant"),
    ({"single": 5, "irredundant": 2}, 2, "not identifiable", "irredundant"),
    ({"single": 5, "irredundant": 0}, 0, "none valid", "irredundant"),
    ({"single": 5, "irredundant": None}, 1, "unknown", None),
]


@pytest.mark.parametrize(("survivors", "trivial", "status", "criterion"), TRIVIAL)
def test_trivial_survivors(survivors, trivial, status, criterion):
    """Algorithms without variables do not count: others decide, and where there are none left the verdict says so."""
    verdict = judge(survivors, "everything", trivial=dict.fromkeys(survivors, trivial))
    assert (status, criterion) == (verdict.status, verdict.criterion)
    assert ("no variables" in verdict.reason) == (status == "identifiable, trivially" or trivial == 2)
    assert (", beside 1 without variables" in verdict.reason) == (trivial == 1 and "trivially" not in status and
                                                                  criterion is not None)  # fmt: skip


def test_reasons():
    """How many are left is said in words that fit the number."""
    cases = [
        (1, "the one that is left has no variables, and such an algorithm passes every rung of any network; "),
        (1200, "the 1,200 that are left have no variables, and such an algorithm passes every rung of any network; "),
    ]
    for trivial, said in cases:
        verdict = judge({"single": trivial}, "everything", trivial={"single": trivial})
        assert verdict.reason == said + "nothing with variables passes single"
        assert judge({"single": trivial}, "x", "why", trivial={"single": trivial}).reason == said + "why"
    assert judge({"single": 0}, "everything").reason == "nothing passes single"
    assert str(judge({"single": 1}, "x", trivial={"single": 1})) == "identifiable, trivially, by single"
    assert str(judge({"single": 1}, "x")) == "identifiable by single"
    assert str(judge({"single": None}, "x")) == "unknown"
    assert judge({"single": 1500}, "everything").reason == "1,500 pass even the strictest criterion"


def test_verdicts_of_a_gate():
    """AND(A,B) is all that is left of AND in a trained network, and the verdict says what that is worth."""
    import everyhow as eh
    from everyhow.report.words import trivial_text

    from .conftest import reference

    _, network = reference("and-2-3-3-1-seed0")
    audit = eh.audit(network, "AND")
    verdict = audit.verdict["what_then_where"]
    assert str(verdict) == "identifiable, trivially, by irredundant"
    assert verdict.reason == (
        "the one that is left has no variables, and such an algorithm passes every rung of any network; nothing with "
        "variables passes irredundant; in every aligned algorithm with variables a gate is constant or repeats an "
        "operand"
    )
    assert audit.ladder["trivial"] == dict.fromkeys(audit.ladder["mappings"], 1)
    assert "what then where: identifiable, trivially, by irredundant" in repr(audit)
    (note,) = [label.text for part in audit.drawings()["ladder-mappings"].parts[-1:] for label in part.shapes]
    assert note == "bars on a logarithmic scale; 1 at each without variables"
    assert trivial_text(audit.findings.mappings) == (
        "Counted at every rung, but apart in the verdict: AND(A,B) has no variables, and such an algorithm passes "
        "every rung of any network."
    )
    ladder = [row for row in audit.tables()["ladder"].table.rows if row[0] == "trivial"]
    assert [row[1:3] for row in ladder] == [(rung, 1) for rung in audit.ladder["mappings"]]
    released = eh.audit(network, "AND", "authors", depth=1)
    assert released.counts["mappings_per_formula"] == {"A*B": 1}
    assert str(released.verdict["what_then_where"]) == "identifiable, trivially, by aligned"


def test_anything_partial_is_unknown():
    """A cap makes the verdict unknown even when the numbers look decisive."""
    verdict = judge({"single": 1}, "everything", partial="the budget was exceeded")
    assert (verdict.status, verdict.reason) == ("unknown", "the budget was exceeded")


def test_every_rung_is_defined():
    """Each rung has its short and its long definition."""
    from everyhow.circuit.findings import RUNGS as CIRCUIT_RUNGS
    from everyhow.mapping.findings import RUNGS as MAPPING_RUNGS
    from everyhow.readout.readouts import RUNGS as READOUT_RUNGS

    every = {*CIRCUIT_RUNGS, *BESIDE, "robust", *MAPPING_RUNGS, "cheapest", *READOUT_RUNGS}
    assert every == set(IN_SHORT) == set(DEFINITIONS) - {"aligned"}
