"""Truth tables, gates, formulas and tasks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.formulas import parse_formula
from everyhow.boolean.gates import GATES, name_of
from everyhow.boolean.truth_table import TruthTable, assignments, variable_bits

TABLES = [
    ("ID", "01"), ("NOT", "10"), ("AND", "0001"), ("OR", "0111"), ("NAND", "1110"), ("NOR", "1000"), ("XOR", "0110"),
    ("XNOR", "1001"), ("IMP", "1101"), ("NIMP", "0010"), ("MAJORITY", "00010111"), ("PARITY", "01101001"),
    ("EXACT_2", "00010110"), ("MUX", "00110101"), ("AND:3", "00000001"), ("OR:3", "01111111"), ("XOR:3", "01101001"),
    ("MAJORITY:4", "0000000100010111"), ("A & ~B | ~A & B", "0110"), ("A and not B or not A and B", "0110"),
    ("A ^ B", "0110"), ("A -> B", "1101"), ("A -> B -> C", "11111101"), ("~A -> B & C", "00011111"),
    ("(A | B) & C", "00010101"), ("A | B & C", "00011111"), ("A ^ B & C", "00011110"), ("not A -> B", "0111"),
    ("A and B -> C", "11111101"), ("0110", "0110"), ("B", "0101"), ("A ∧ ¬B", "0010"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TABLES)
def test_tables(text, expected):
    """Gates, formulas and tables give the functions that their names promise."""
    assert [expected] == [str(table) for table in eh.parse_task(text).tables]


def test_several_outputs():
    """A comma list gives one output each, and a full adder has two."""
    assert [str(t) for t in eh.parse_task("XOR, A & B").tables] == ["0110", "0001"]
    adder = eh.parse_task("FULL_ADDER")
    assert adder.names == ("FULL_ADDER.sum", "FULL_ADDER.carry")
    assert [str(t) for t in adder.tables] == ["01101001", "00010111"]
    assert eh.parse_task("A, C").inputs == 3


def test_inputs_of_the_network():
    """A formula may ignore inputs that the network has; a gate or table may not have others."""
    assert str(eh.parse_task("A", 3).tables[0]) == "00001111"
    assert eh.parse_task("XOR:6", 6).inputs == 6


ERRORS = [
    ("FOO", "unknown gate 'FOO'"),
    ("A & FOO", "unknown gate or variable 'FOO'"),
    ("A & G", "unknown gate or variable 'G'"),
    ("A &", "incomplete"),
    ("(A", "incomplete"),
    ("A B", "incomplete"),
    ("A(B)", "two operands stand side by side"),
    ("()", "names no input"),
    ("A + B", "cannot read '+ B'"),
    ("A <= B", "cannot read '<= B'"),
    ("__import__", "unknown gate or variable '__import__'"),
    ("~" * 600 + "A", "at most 500 are read"),
    ("011", "length 3"),
    ("01102", "length 5"),
    ("0" * 128, "length 128"),
    ("", "a task is empty"),
    ("XOR,", "a task is empty"),
    ("XOR:7", "gate XOR with 7 inputs does not exist; allowed: 2 to 6 inputs"),
    ("IMP:3", "allowed: 2 inputs"),
    ("XOR:x", "after the colon comes the number of inputs"),
    ("XOR,MAJORITY", "XOR has 2, MAJORITY has 3"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_errors(text, message):
    """Each wrong task is refused with what was found and what is allowed."""
    with pytest.raises(eh.InputError) as error:
        eh.parse_task(text)
    assert message in str(error.value)


@pytest.mark.parametrize(("text", "inputs"), [("A & C", 2), ("MAJORITY", 2), ("0110", 3), ("XOR", 3)])
def test_network_of_other_inputs(text, inputs):
    """A task that needs other inputs than the network has is refused."""
    with pytest.raises(eh.InputError, match=f"but the network has {inputs}"):
        eh.parse_task(text, inputs)


def formulas():
    """Random formulas as text, with the same formula as a Python expression to be evaluated by the test."""
    leaves = st.sampled_from([("A", "a"), ("B", "b"), ("C", "c")])

    def extend(children):
        binary = st.tuples(children, st.sampled_from([("&", "&"), ("|", "|"), ("^", "^"), ("->", "<=")]), children)
        both = binary.map(lambda t: (f"({t[0][0]} {t[1][0]} {t[2][0]})", f"({t[0][1]} {t[1][1]} {t[2][1]})"))
        return st.one_of(both, children.map(lambda c: (f"~{c[0]}", f"(1 - {c[1]})")))

    return st.recursive(leaves, extend, max_leaves=8)


@given(formulas())
def test_random_formulas(formula):
    """A formula's table is what Python's own integers give row by row."""
    text, expression = formula
    table = parse_formula(f"({text}) | (C & ~C)")
    code = compile(expression, "formula", "eval")
    rows = itertools.product([0, 1], repeat=3)
    expected = "".join(str(int(eval(code, {}, dict(zip("abc", row, strict=True))))) for row in rows)
    assert expected == str(table)


@given(st.integers(1, 6), st.data())
def test_truth_tables_round_trip(inputs, data):
    """A table's text names it, and lifting it repeats every value."""
    table = TruthTable(inputs, data.draw(st.integers(0, (1 << (1 << inputs)) - 1)))
    assert table == TruthTable.parse(str(table))
    if inputs < 6:
        assert "".join(bit * 2 for bit in str(table)) == str(table.lifted(inputs + 1))


def test_rows_of_a_table():
    """The first input is the leftmost digit of a row, in tables and in network inputs alike."""
    for inputs in range(1, 7):
        rows = assignments(inputs)
        assert [list(row) for row in itertools.product([0.0, 1.0], repeat=inputs)] == rows.tolist()
        for index, bits in enumerate(variable_bits(inputs)):
            assert [bool(bits >> k & 1) for k in range(1 << inputs)] == (rows[:, index] == 1).tolist()


def test_names():
    """Every function of two inputs has a name, and a gate's own table has the gate's."""
    for name, gate in GATES.items():
        if len(gate.outputs) == 1 and gate.default_inputs == 2:
            assert name == name_of(gate.tables()[0][1])
    assert name_of(TruthTable.parse("00010111")) == "MAJORITY"
    assert name_of(TruthTable.parse("00000000")) == "FALSE"
    assert name_of(TruthTable.parse("00010000")) is None
