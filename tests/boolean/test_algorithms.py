"""Algorithms against the list of all trees."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.algorithms import algorithms, count_algorithms
from everyhow.boolean.truth_table import TruthTable, variable_bits
from everyhow.verification import plain, plain_algorithms

from ..plainly import canonical_tree, plain_tree

KNOWN = [("XOR", 2, 2, 2), ("XOR", 3, 250, 18), ("AND", 2, 8, 3), ("AND", 3, 805, 45), ("OR", 3, 805, 45)]


@pytest.mark.parametrize(("task", "depth", "number", "irredundant"), KNOWN)
def test_known_counts(task, depth, number, irredundant):
    """The published numbers, by counting and by listing."""
    (table,) = eh.parse_task(task).tables
    assert (number, irredundant) == (count_algorithms(table, depth), count_algorithms(table, depth, True))
    listed = list(algorithms(table, depth))
    assert (number, irredundant) == (len(set(listed)), sum(a.irredundant for a in listed))


@pytest.mark.parametrize(("inputs", "depth"), [(1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 2)])
def test_every_function(inputs, depth):
    """For every function: the same trees as in the list of all trees, each with its value, and both counts."""
    points = plain.rows(inputs)
    groups = {}
    for tree in plain_algorithms.trees(inputs, depth):
        found = plain_algorithms.value(tree, points)
        for wanted in (found, ~found):
            bits = sum(1 << k for k in np.flatnonzero(wanted).tolist())
            groups.setdefault(bits, []).append((canonical_tree(tree), plain_algorithms.is_irredundant(tree, points)))
    step = 1 if inputs < 3 else 17
    for bits in range(0, 1 << (1 << inputs), step):
        table = TruthTable(inputs, bits)
        expected = groups.get(bits, [])
        listed = list(algorithms(table, depth))
        assert all(algorithm.table == table for algorithm in listed)
        assert {tree for tree, _ in expected} == {canonical_tree(plain_tree(a.tree)) for a in listed}
        irredundant = list(algorithms(table, depth, irredundant=True))
        assert [a for a in listed if a.irredundant] == irredundant
        assert {tree for tree, good in expected if good} == {canonical_tree(plain_tree(a.tree)) for a in irredundant}
        assert len(expected) == len(listed) == count_algorithms(table, depth)
        assert sum(good for _, good in expected) == count_algorithms(table, depth, True)


def test_count_far_beyond_listing():
    """Depth 4 has millions of trees; the count of one function follows from those of depth 3, tree by tree."""
    points = plain.rows(2)
    sizes = {}
    for tree in [0, 1, *plain_algorithms.trees(2, 3)]:
        bits = sum(1 << k for k in np.flatnonzero(plain_algorithms.value(tree, points)).tolist())
        sizes[bits] = sizes.get(bits, 0) + 1
    wanted, pairs = 0b0110, 0
    literals = [(b ^ flip, b, n) for b, n in sizes.items() for flip in (0, 15)]
    for one, b, n in literals:
        for other, c, m in literals:
            if one & other in (wanted, wanted ^ 15):
                pairs += n * (m - 1) if b == c else n * m
    assert pairs // 2 == count_algorithms(TruthTable(2, wanted), 4)


def test_depth_order():
    """Algorithms come shallow first, and never repeat."""
    depths = [a.depth for a in eh.algorithms("AND", depth=3)]
    assert sorted(depths) == depths


def test_printed():
    """Formulas are printed with the negation signs at the inputs only, and by gate names where there is one."""
    texts = [str(a) for a in eh.algorithms("XOR", depth=3) if a.irredundant]
    assert "AND(NAND(A,B), OR(A,B))" in texts
    assert "OR(AND(A,¬B), AND(¬A,B))" in texts
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("task", ["XOR", "AND", "IMP"])
def test_printed_formula_computes_the_function(task):
    """Reading the printed formula gives the function back."""

    def read(text):
        if text in ("A", "B"):
            return variable_bits(2)["AB".index(text)]
        if text in ("¬A", "¬B"):
            return 15 ^ read(text[1:])
        gate, inside = text[:-1].split("(", 1)
        nesting, cut = 0, 0
        for k, sign in enumerate(inside):
            nesting += (sign == "(") - (sign == ")")
            if sign == "," and nesting == 0:
                cut = k
        one, other = read(inside[:cut]), read(inside[cut + 1 :].strip())
        return {"AND": one & other, "OR": one | other, "NAND": 15 ^ (one & other), "NOR": 15 ^ (one | other)}[gate]

    (table,) = eh.parse_task(task).tables
    assert {table.bits} == {read(str(a)) for a in eh.algorithms(task, depth=3)}


@given(st.sampled_from(["XOR", "AND", "NOR"]), st.integers(0, 900))
def test_variables(task, pick):
    """A variable's truth table and the forced outputs, against evaluating the tree with the variable replaced."""
    everything = list(eh.algorithms(task, depth=3))
    algorithm = everything[pick % len(everything)]
    paths = []
    for variable in algorithm.variables:
        paths.append(variable.path)
        assert variable.when_false == algorithm.evaluate({variable.path: 0}.get)
        assert variable.when_true == algorithm.evaluate({variable.path: 15}.get)
        assert algorithm.table.bits == algorithm.evaluate({variable.path: variable.bits}.get)
        assert variable.user == (variable.path[:-1] or None)
    assert len(paths) == len(set(paths))
    assert algorithm.table.bits == algorithm.evaluate(lambda path: None)
