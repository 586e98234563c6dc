"""The released code's formulas, against their description."""

import pytest

import everyhow as eh
from everyhow.authors.formulas import released_formulas
from everyhow.verification import plain


@pytest.mark.parametrize(("task", "depth", "number"), [("XOR", 2, 2), ("XOR", 3, 56), ("AND", 3, 86), ("IMP", 2, 8)])
def test_released_formulas(task, depth, number):
    """The released code's candidates: their number, and that each computes the task as printed."""
    (table,) = eh.parse_task(task).tables
    found = list(released_formulas(table, depth))
    assert number == len(found)
    for formula in found:
        python = str(formula).replace("*", "&").replace("+", "|").replace("¬", "~")
        assert table == eh.parse_task(python, 2).tables[0]


def test_released_formulas_negate_as_little_as_possible():
    """No candidate computes its task with fewer negated nodes."""
    (table,) = eh.parse_task("XOR").tables
    for formula in released_formulas(table, 2):
        assert formula.negated
        for fewer in plain.subsets(range(formula.skeleton.size)):
            if len(fewer) < len(formula.negated):
                other = type(formula)(2, formula.skeleton, frozenset(fewer))
                assert table.bits != other.output({})


def test_released_formulas_beyond_reach():
    """The cost of listing them is known before it starts, and is never below the number of gates evaluated."""
    from everyhow.authors.formulas import _skeletons, negations_to_try

    for inputs, depth in ((2, 2), (2, 3), (3, 2)):
        evaluated = sum(s.size << s.size for s in _skeletons(inputs, depth))
        assert evaluated <= negations_to_try(inputs, depth) <= 4 * evaluated
    assert negations_to_try(2, 4) > 10**10
