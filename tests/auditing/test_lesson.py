"""Wrong lessons, against one circuit and one algorithm at a time."""

import itertools

import numpy as np
import pytest

import everyhow as eh
from everyhow.auditing.asked import shown_rows
from everyhow.auditing.lesson import examine_lesson
from everyhow.boolean.truth_table import TruthTable, assignments
from everyhow.verification import plain, plain_algorithms, plain_circuits

from ..conftest import reference
from ..plainly import signature_tables

BUDGET = 10**10


def lesson_of(network, task, shown=None, depth=2):
    """The lesson of a network of one output."""
    return examine_lesson(network, eh.parse_task(task), "threshold", depth, BUDGET, shown)


def learned_or():
    """A network that is right on XOR at 00, 01 and 10, and computes OR: relu(A + B) and a dead half."""
    return eh.Network([[[1, 1], [1, -1]], [[0.7, 0.3]]], [[0, 0.1], [0]], ["relu", "identity"])


def test_the_network_computes_or():
    """It differs at 11, and what fits the rest is OR or XOR."""
    lesson = lesson_of(learned_or(), "XOR")

    assert (str(lesson.task), str(lesson.learned)) == ("0110", "0111")
    assert lesson.shown == ("00", "01", "10")
    assert not lesson.told
    assert {c.name for c in lesson.continuations} <= {"OR", "XOR"}


@pytest.mark.parametrize("name", ["xor-2-2-2-1-seed2", "xornet", "imp-2-2-1-seed0", "nor-2-3-3-1-seed0"])
@pytest.mark.parametrize("shown", [(0, 1, 2), (1, 3), (0,)])
def test_circuits_by_continuation(name, shown):
    """Of all circuits that are right on the shown rows, how many compute each function."""
    document, network = reference(name)
    (wanted,) = eh.parse_task(document["task"], 2).tables
    lesson = lesson_of(network, document["task"], shown)
    counts = {}
    for circuit in plain_circuits.all_circuits(network.weights):
        decisions = plain.run(network, plain.rows(2), circuit)[-1][:, 0] > 0.5
        if all(bool(wanted.bits >> row & 1) == decisions[row] for row in shown):
            digits = "".join(str(int(d)) for d in decisions)
            counts[digits] = counts.get(digits, 0) + 1

    found = {str(c.table): c.circuits.between[0] for c in lesson.continuations if c.circuits.between[0]}
    assert found == counts
    assert lesson.fitting.between == (sum(counts.values()),) * 2


@pytest.mark.parametrize("name", ["xor-2-2-2-1-seed5", "xor-2-3-3-1-seed0", "xornet"])
@pytest.mark.parametrize("shown", [(0, 1, 2), (1, 2)])
def test_algorithms_by_continuation(name, shown):
    """The algorithms aligned in every interchange between shown rows, with their minimal mappings."""
    document, network = reference(name)
    points = plain.rows(2)
    tables = signature_tables(network, points)
    lesson = lesson_of(network, document["task"], shown)

    for continuation in lesson.continuations:
        wanted = np.array([continuation.table.bits >> row & 1 for row in range(4)], bool)
        expected = 0
        for tree, negated in plain_algorithms.computing(2, 2, wanted):
            paths = list(plain_algorithms.variables(tree))
            options = [[s for s in tables if agrees(tree, negated, path, tables[s], points, shown)] for path in paths]
            expected += len(minimal_choices(options))
        assert sum(continuation.algorithms.values()) == expected


def agrees(tree, negated, path, table, points, shown):
    """Whether network and algorithm agree at every shown base with every shown source."""
    own = plain_algorithms.value(plain_algorithms.node(tree, path), points)
    for source in shown:
        said = plain_algorithms.value(tree, points, {path: np.full(len(points), own[source])}) ^ negated
        if any(said[base] != table[source][base] for base in shown):
            return False
    return True


def minimal_choices(options):
    """Disjoint choices with no other one inside."""
    found = [
        c
        for c in itertools.product(*options)
        if all(a[0] != b[0] or not set(a[1]) & set(b[1]) for a, b in itertools.combinations(c, 2))
    ]

    def inside(one, other):
        return all(a[0] == b[0] and set(a[1]) <= set(b[1]) for a, b in zip(one, other, strict=True))

    return [one for one in found if not any(other != one and inside(other, one) for other in found)]


def test_nothing_to_tell():
    """All rows shown, or none right: there is no lesson."""
    assert lesson_of(eh.xornet(), "XOR") is None
    assert lesson_of(eh.xornet(), "XNOR") is None
    assert lesson_of(eh.xornet(), "XOR", (0, 1, 2, 3)) is None


def test_a_network_that_generalizes():
    """Told the rows, it says how many of the circuits right there are right everywhere."""
    network = reference("xor-2-3-3-1-seed0")[1]
    lesson = lesson_of(network, "XOR", (0, 1, 2))

    assert lesson.told
    assert lesson.of(TruthTable.parse("0110")).circuits.between == (120, 120)
    assert lesson.fitting.between[0] > 120


def test_rows_by_name():
    """Rows are digits, in any order."""
    task = eh.parse_task("XOR")

    assert shown_rows(task, ["10", " 00", "10"]) == (0, 2)
    with pytest.raises(eh.InputError, match="show names 2, 111; the rows are 00, 01, 10, 11"):
        shown_rows(task, ["2", "00", "111"])
    with pytest.raises(eh.InputError, match="show names no rows; the rows are 00, 01, 10, 11"):
        shown_rows(task, [])


def test_limits(monkeypatch):
    """Too many rows, or too little budget, is said."""
    network = eh.Network([np.ones((2, 4)), np.ones((1, 2))], [np.zeros(2), np.zeros(1)], ["relu", "identity"])
    many = examine_lesson(network, eh.parse_task("AND:4"), "threshold", 2, BUDGET, (0, 1, 2))
    poor = examine_lesson(eh.xornet(), eh.parse_task("XOR"), "threshold", 2, 3, (0, 1))
    deep = examine_lesson(network, eh.parse_task("AND:4"), "threshold", 3, BUDGET, tuple(range(12)))
    monkeypatch.setattr("everyhow.auditing.lesson.MOST_LISTED", 0)
    none = examine_lesson(eh.xornet(), eh.parse_task("XOR"), "threshold", 3, BUDGET, (0, 1, 2))

    assert many.refused == ("13 rows were not shown; what fits the others is told apart for at most 6",)
    assert many.continuations == ()
    assert poor.refused[0].startswith("telling 4 continuations apart needs about 60 candidate evaluations")
    assert (deep.depth, deep.refused) == (2, ())
    assert none.refused == ("more than 0 algorithms fit the shown rows, too many to align one by one",)
    assert all(c.algorithms is None and c.circuits is not None for c in none.continuations)


def test_audit_says_it(capsys):
    """The demonstration: shown three rows of XOR, a network learns OR."""
    network = learned_or()
    audit = eh.audit(network, "XOR")

    assert audit.computes == ("0111", "OR")
    assert audit.differs_at == ("11",)
    assert audit.findings.lesson.learned == TruthTable.parse("0111")
    assert audit.document()["details"]["lesson"]["shown"] == ["00", "01", "10"]
    assert (network.run(assignments(2))[:, 0] > 0.5).tolist() == [False, True, True, True]


def test_rounding_may_decide_nothing_elsewhere():
    """By rounding, a circuit that is right on the shown rows may give 2 elsewhere: it fits, and goes nowhere."""
    random = np.random.default_rng(1)
    network = eh.Network(
        [random.normal(size=(2, 2)), random.normal(size=(1, 2)) * 1.3],
        [random.normal(size=2) * 0.3, random.normal(size=1) * 0.5],
        ["relu", "identity"],
    )
    wanted = eh.Behavior.of_network(network, assignments(2)).tables()[0]
    lesson = examine_lesson(network, eh.parse_task(str(wanted)), "round", 2, BUDGET, (0, 1))
    fitting = 0
    for circuit in plain_circuits.all_circuits(network.weights):
        outputs = plain.run(network, plain.rows(2), circuit)[-1][:2, 0]
        fitting += all(np.round(o) == (wanted.bits >> k & 1) for k, o in enumerate(outputs))

    assert lesson.fitting.between == (fitting, fitting)
    assert sum(c.circuits.between[0] for c in lesson.continuations) < fitting
