"""Smallest formulas and prices, against trying everything."""

import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.algorithms import algorithms
from everyhow.boolean.cost import CostModel, polarities
from everyhow.boolean.smallest import Formula, smallest_formulas
from everyhow.boolean.truth_table import TruthTable
from everyhow.verification import plain_algorithms

PLAIN = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "NAND": (1, 1, 1, 0), "NOR": (1, 0, 0, 0)}
PARITY = {"XOR": (0, 1, 1, 0), "XNOR": (1, 0, 0, 1)}
PRICES = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 3.0])


def slow_prices(model, inputs, familiar=(), rounds=20):
    """The price of every function by its digits; familiar gates of two inputs only."""
    gates = [(t, model.gate) for t in PLAIN.values()] + [(t, model.parity) for t in PARITY.values()]
    gates += [(tuple(int(d) for d in table), price) for table, price in familiar]
    found = plain_algorithms.cheapest_formulas(inputs, gates, model.negation, rounds)
    return {"".join(map(str, f)): cost for f, cost in found.items()}


def value(formula, row):
    """What a formula computes at a row."""
    tables = {**PLAIN, **PARITY, "NIMP": (0, 0, 1, 0), "IMP": (1, 1, 0, 1)}
    if not formula.operands:
        return {"TRUE": 1, "FALSE": 0}[formula.name] if len(formula.name) > 1 else row["ABCD".index(formula.name)]
    values = [value(operand, row) for operand in formula.operands]
    if formula.name == "NOT":
        return 1 - values[0]
    if formula.name == "MAJORITY":
        return int(2 * sum(values) > len(values))
    return tables[formula.name][2 * values[0] + values[1]]


def uses(formula):
    """Every gate of the tree, one entry for each use."""
    return ([formula.name] if formula.operands else []) + [g for o in formula.operands for g in uses(o)]


def tree_price(formula, model, familiar=()):
    """What the tree costs when every use is paid."""
    prices = dict.fromkeys(PLAIN, model.gate) | dict.fromkeys(PARITY, model.parity) | {"NOT": model.negation}
    return sum((prices | dict(familiar))[name] for name in uses(formula))


@given(PRICES, PRICES, PRICES, st.sampled_from([(), (("NIMP", 0.5),), (("NAND", 0.25), ("IMP", 1.0))]))
def test_two_inputs(gate, negation, parity, familiar):
    """Every function of two inputs at many prices."""
    model = CostModel(gate, negation, parity, familiar)
    extra = [({"NIMP": "0010", "NAND": "1110", "IMP": "1101"}[name], price) for name, price in familiar]
    expected = slow_prices(model, 2, extra)
    if any(name == "NAND" for name, _ in familiar):
        # A familiar gate that is known already takes its new price, even where that is higher.
        gates = [(t, 0.25 if t == PLAIN["NAND"] else gate) for t in PLAIN.values()]
        gates += [(t, parity) for t in PARITY.values()] + [((1, 1, 0, 1), 1.0)]
        found = plain_algorithms.cheapest_formulas(2, gates, negation, 20)
        expected = {"".join(map(str, f)): cost for f, cost in found.items()}

    for table, cost in expected.items():
        formula = model.formula(TruthTable.parse(table))
        assert tree_price(formula, model, familiar) == pytest.approx(cost)
        digits = [value(formula, row) for row in itertools.product([0, 1], repeat=2)]
        assert "".join(map(str, digits)) == table


@pytest.mark.parametrize("model", [CostModel(), CostModel(negation=0.5), CostModel(parity=1, negation=1)])
def test_three_inputs(model):
    """Every function of three inputs."""
    expected = slow_prices(model, 3)

    assert len(expected) == 256
    for table, cost in expected.items():
        formula = model.formula(TruthTable.parse(table))
        assert tree_price(formula, model) == pytest.approx(cost)
        digits = [value(formula, row) for row in itertools.product([0, 1], repeat=3)]
        assert "".join(map(str, digits)) == table


def test_four_inputs():
    """Functions of four inputs: what they compute, parity's price, and that of functions of fewer inputs."""
    model = CostModel()
    for bits in range(3, 1 << 16, 977):
        formula = model.formula(TruthTable(4, bits))
        rows = itertools.product([0, 1], repeat=4)
        assert sum(value(formula, row) << k for k, row in enumerate(rows)) == bits
    assert model.price(TruthTable.parse("0110100110010110")) == 9
    for bits in range(1, 255, 7):
        table = TruthTable(3, bits)
        assert model.price(table.lifted(4)) == model.price(table)


def test_order_of_inputs_does_not_matter():
    """Functions alike up to the order of inputs cost the same."""
    found = CostModel(negation=0.5)
    for bits in range(256):
        table = TruthTable(3, bits)
        turned = sum((bits >> ((row >> 1 & 3) | (row & 1) << 2) & 1) << row for row in range(8))
        assert found.price(table) == found.price(TruthTable(3, turned))


def test_known_prices():
    """The default prices, and a block that is familiar."""
    xor, nimp, majority = (TruthTable.parse(t) for t in ("0110", "0010", "00010111"))

    assert CostModel().price(xor) == 3
    assert CostModel(negation=0.5).price(nimp) == 1.5
    assert CostModel().price(majority) == 4
    assert CostModel(familiar={"MAJORITY": 1}).price(majority) == 1
    assert CostModel(familiar={"MAJORITY": 1}).price(TruthTable.parse("0000000000010111")) == 2
    assert str(CostModel(familiar={"A & ~B": 0.5}).formula(nimp)) == "A & ~B(A,B)"
    assert CostModel(familiar={"0010": 0.5}).price(nimp) == 0.5


def test_familiar_block_of_all_orders():
    """A block is over different inputs in any order."""
    model = CostModel(familiar={"MUX": 0.5})
    for order in itertools.permutations(range(3)):
        digits = "".join(
            str(row[order[2]] if row[order[0]] else row[order[1]]) for row in itertools.product([0, 1], repeat=3)
        )
        assert model.price(TruthTable.parse(digits)) == 0.5


def test_a_block_used_twice_is_paid_once():
    """Signals that share a gate, and algorithms with the same subtree twice."""
    model = CostModel()
    both, one_more = TruthTable.parse("00000011"), TruthTable.parse("01010111")
    assert str(model.formula(one_more)) == "OR(C, AND(A,B))"
    # AND(A,B), OR(C, AND(A,B)) and the gate over them: three gates, not four.
    assert model.of_composition(TruthTable.parse("0110"), [both, one_more]) == 3 + 2
    assert model.of_composition(TruthTable.parse("0001"), [both, one_more]) == 1 + 2
    # A signal that the gate ignores is paid all the same.
    assert model.of_composition(TruthTable.parse("0011"), [both, TruthTable.parse("00111100")]) == 0 + 1 + 3


def slow_algorithm_price(algorithm, price_of):
    """Every polarity of every different inner node, each paid once."""
    nodes = []

    def walk(tree):
        if hasattr(tree, "left") and tree not in nodes:
            nodes.append(tree)
            walk(tree.left)
            walk(tree.right)

    walk(algorithm.tree)
    best = float("inf")
    for chosen in itertools.product([False, True], repeat=len(nodes)):
        negated = dict(zip(nodes, chosen, strict=True))
        if negated[algorithm.tree] != algorithm.negated:
            continue
        cost = 0.0
        for node in nodes:
            digits = ""
            for a, b in itertools.product([False, True], repeat=2):
                left = a ^ negated.get(node.left, False) ^ node.left_negated
                right = b ^ negated.get(node.right, False) ^ node.right_negated
                digits += str(int((left and right) ^ negated[node]))
            cost += price_of(digits)
        best = min(best, cost)
    return best


@pytest.mark.parametrize("model", [CostModel(), CostModel(negation=0.5), CostModel(negation=1, familiar={"NIMP": 0.5})])
@pytest.mark.parametrize("task", ["0110", "0001", "0111"])
def test_algorithms(model, task):
    """Every algorithm of depth 3 against every choice of polarities."""
    prices = {f"{bits:04b}"[::-1]: model.price(TruthTable(2, bits)) for bits in range(16)}
    checked = list(algorithms(TruthTable.parse(task), 3))[::7]

    for algorithm in checked:
        assert model.of_algorithm(algorithm) == pytest.approx(slow_algorithm_price(algorithm, prices.__getitem__))


def test_negations():
    """NOT is paid at every operand, and at the end of a signal only when no gate takes it up."""
    model = CostModel(negation=1)
    not_a, not_b = TruthTable.parse("1100"), TruthTable.parse("1010")

    assert model.price(TruthTable.parse("0010")) == 2
    assert model.of_composition(TruthTable.parse("0111"), [TruthTable.parse("0010"), TruthTable.parse("0100")]) == 5
    assert model.total([model.formula(not_a), model.formula(TruthTable.parse("0100"))]) == 2
    assert model.total([model.formula(not_a), model.formula(not_b)]) == 2
    assert model.of_composition(TruthTable.parse("01"), [not_a]) == 1
    assert model.of_composition(TruthTable.parse("0111"), [not_a, not_b]) == 1


def test_algorithms_and_compositions_are_priced_alike():
    """An algorithm of two variables over the inputs costs what the same gate over the same signals does."""
    for negation in (0, 0.5, 1):
        model = CostModel(negation=negation)
        for task in ("0110", "1001"):
            for algorithm in algorithms(TruthTable.parse(task), 2):
                signals = [TruthTable(2, v.bits) for v in algorithm.variables]
                root = algorithm.tree
                digits = "".join(
                    str(int(((a ^ root.left_negated) and (b ^ root.right_negated)) ^ algorithm.negated))
                    for a, b in itertools.product([False, True], repeat=2)
                )
                assert model.of_algorithm(algorithm) == model.of_composition(TruthTable.parse(digits), signals)


def test_shared_subtree():
    """Some algorithm has the same subtree twice, and is cheaper for it."""
    tree = eh.algorithms("A & B", 3)
    repeated = [a for a in tree if "AND(A,B)" in str(a) and str(a).count("AND(A,B)") > 1]

    assert repeated
    assert min(CostModel().of_algorithm(a) for a in repeated) < min(str(a).count("(") for a in repeated)


@given(st.integers(0, 255), st.lists(st.integers(1, 254), min_size=3, max_size=3, unique=True))
def test_polarities(gate, signals):
    """Every choice of polarities is the same composition."""
    tables = [TruthTable(3, bits) for bits in signals]

    def composed(over, below):
        patterns = ["".join(str(s.bits >> row & 1) for s in below) for row in range(8)]
        return [over.bits >> int(pattern, 2) & 1 for pattern in patterns]

    found = list(polarities(TruthTable(3, gate), tables))
    assert len(found) == 8
    assert {tuple(composed(*turned)) for turned in found} == {tuple(composed(TruthTable(3, gate), tables))}


def test_formula_text():
    """Negations stand on inputs, and are dropped in pairs."""
    a, b = Formula("A"), Formula("B")

    assert str(Formula("AND", (a, Formula("NOT", (b,))))) == "AND(A,¬B)"
    assert str(Formula("OR", (a, Formula("AND", (a, b))))) == "OR(A, AND(A,B))"
    assert Formula("NOT", (a,)).over({"A": Formula("NOT", (b,))}) == b


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"gate": -1}, "the price of gate is -1.0; a price is a finite number of at least 0"),
        ({"negation": float("nan")}, "the price of negation is nan; a price is a finite number of at least 0"),
        ({"familiar": {"XOR": float("inf")}}, "the price of XOR is inf; a price is a finite number of at least 0"),
        ({"familiar": {"NOT": 1}}, "the familiar gate NOT has 1 inputs; gates have 2 to 4"),
        ({"familiar": {"FULL_ADDER": 1}}, "the familiar gate FULL_ADDER has 2 outputs; a gate has one"),
    ],
)
def test_wrong_prices(wrong, message):
    """Each names the price."""
    with pytest.raises(eh.InputError) as caught:
        CostModel(**wrong)
    assert str(caught.value) == message


def test_too_many_inputs():
    """Smallest formulas are searched to four inputs."""
    with pytest.raises(eh.InputError, match="smallest formulas are searched for functions of 1 to 4 inputs, not 5"):
        smallest_formulas(5, CostModel().gates, 0.0, 6.0)
    with pytest.raises(eh.InputError, match=r"formula"):
        CostModel(familiar={"what?": 1})


@pytest.mark.parametrize("wrong", ["gate='x'", "familiar='NAND'", "familiar={'NAND': None}"])
def test_prices_that_are_no_numbers(wrong):
    """Said in words; in an interpreter of its own, where types are not checked before."""
    command = [sys.executable, "-c", f"import everyhow as eh; eh.CostModel({wrong})"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr

    assert "InputError: prices are numbers and familiar gates a mapping of names to prices" in said
    assert wrong in said
