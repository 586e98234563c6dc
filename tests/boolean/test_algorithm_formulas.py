"""Algorithms as people write them: against the algorithms that are listed, and against every row of a truth table."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.algorithm_formulas import parse_algorithm, parse_function, parse_literal

SIGNS = {"&": "AND", "|": "OR", "->": "IMP"}


@pytest.mark.parametrize("task", ["XOR", "AND", "IMP"])
def test_what_is_printed_is_read(task):
    """Every algorithm that is listed is read from its formula, with the usual signs for negation too."""
    for algorithm in eh.algorithms(task, depth=3):
        assert parse_algorithm(str(algorithm), 2) == algorithm
        assert parse_algorithm(str(algorithm).replace("¬", "not "), 2) == algorithm


def formulas():
    """Random formulas with both kinds of gates, and their values by Python."""
    leaf = st.sampled_from([("A", lambda a, b, c: a), ("B", lambda a, b, c: b), ("C", lambda a, b, c: c)])

    def grown(below):
        def gate(one, other, name):
            (f, x), (g, y) = one, other
            text = f"({f} {name} {g})" if name in SIGNS else f"{name}({f}, {g})"
            return text, lambda *row: VALUES[SIGNS.get(name, name)](x(*row), y(*row))

        negated = below.map(lambda one: (f"~{one[0]}", lambda *row: not one[1](*row)))
        return st.one_of(negated, st.builds(gate, below, below, st.sampled_from([*VALUES, *SIGNS])))

    return st.recursive(leaf, grown, max_leaves=8)


VALUES = {
    "AND": lambda a, b: a and b, "OR": lambda a, b: a or b, "NAND": lambda a, b: not (a and b),
    "NOR": lambda a, b: not (a or b), "IMP": lambda a, b: not a or b, "XOR": lambda a, b: a != b,
    "XNOR": lambda a, b: a == b,
}  # fmt: skip


@given(formulas())
def test_functions(formula):
    """The function of a formula, row by row; and where the formula is an algorithm, that computes it."""
    text, value = formula
    digits = "".join(str(int(value(*row))) for row in itertools.product((False, True), repeat=3))
    assert str(parse_function(text, 3)) == digits
    try:
        algorithm = parse_algorithm(text, 3)
    except eh.InputError as error:
        assert any(said in str(error) for said in ("several gates", "two different trees", "no gate"))
    else:
        assert str(algorithm.table) == digits


@pytest.mark.parametrize(("text", "said"), [
    ("A & B & C", "AND(C, AND(A,B)), or AND(B, AND(A,C)), or AND(A, AND(B,C))"),
    ("OR(A,B,C,D)", "has 4 operands, and a gate of an algorithm has two"),
    ("XOR(A,B)", "OR(AND(A,~B), AND(~A,B)) or AND(OR(A,B), NAND(A,B))"),
    ("A ^ B", "several gates of an algorithm"),
    ("AND(A, ~~A)", "both operands of AND in formula 'AND(A, ~~A)' are A"),
    ("~A", "has no gate"),
    ("AND(A", "an operand or a parenthesis is missing"),
    ("", "an operand or a parenthesis is missing"),
    ("A B", "'B' is not expected there"),
    ("GATE(A,B)", "unknown gate or input 'GATE'"),
    ("AND(A)", "has one operand; give it two"),
    ("A ? B", "cannot read '? B'"),
    ("A & C", "names C, and there are 2 inputs, A, B"),
    ("(" * 400 + "A", "nested too deeply"),
    ("A" * 501, "at most 500 are read"),
])  # fmt: skip
def test_errors(text, said):
    """What is not an algorithm is refused; where several may be meant, all are shown."""
    with pytest.raises(eh.InputError) as error:
        parse_algorithm(text, 2)
    assert said in str(error.value)


def test_an_input_alone():
    assert parse_literal("~A").negated and not parse_literal("not ~A").negated
