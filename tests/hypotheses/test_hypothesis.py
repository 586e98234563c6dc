"""Hypotheses as values and in files: what is read, and what is refused with the next step."""

import pytest

import everyhow as eh
from everyhow.hypotheses.carriers import carrier_of
from everyhow.hypotheses.files import read_hypothesis
from everyhow.mapping.signatures import NeuronSet

FORMULA = "OR(AND(A,~B), AND(~A,B))"
PLACES = {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.0"}
TWICE = "OR(AND(A,B), AND(C, AND(A,B)))"
MODEL = """{"variables": ["A", "B", "nand", "Y"], "parents": {"nand": ["A", "B"], "Y": ["A", "B", "nand"]},
 "mechanisms": {"nand": "~(A & B)", "Y": "(A | B) & nand"}}"""


@pytest.mark.parametrize(("given", "names", "coefficients"), [
    ("h1.1", ("h1.1",), None),
    (" h1.0+h1.2 ", ("h1.0", "h1.2"), None),
    (["h1.0", "h1.2"], ("h1.0", "h1.2"), None),
    (NeuronSet(1, (0, 2)), ("h1.0", "h1.2"), None),
    ("h1.0 - h1.2", ("h1.0", "h1.2"), (1.0, -1.0)),
    ("h1.0 + h1.1 - 2*h1.2", ("h1.0", "h1.1", "h1.2"), (1.0, 1.0, -2.0)),
    ("1 h1.0 + 1 h1.2", ("h1.0", "h1.2"), (1.0, 1.0)),
    ("-h1.0", ("h1.0",), (-1.0,)),
    ("1e-3 h1.0 + .5h1.1", ("h1.0", "h1.1"), (0.001, 0.5)),
    ("h2.10 + h2.3", ("h2.3", "h2.10"), None),
    ("-2 h1.2 + h1.0", ("h1.0", "h1.2"), (1.0, -2.0)),
    ("?", (), None),
])  # fmt: skip
def test_places(given, names, coefficients):
    """Neurons by names and signs, in the order of the names; a carrier is read again from what it says."""
    found = carrier_of(given, "X")
    assert (found.names, found.coefficients) == (names, coefficients)
    assert carrier_of(str(found), "X") == found


@pytest.mark.parametrize(("given", "said"), [
    ("", "give a neuron"), ("h1.0 h1.1", "give a neuron"), (3, "give a neuron"), ([], "give a neuron"),
    ("h1.0 + h1.0", "names h1.0 twice"), (["h1.0", "-h1.1"], "a list names neurons"),
    ("0 h1.0 + h1.1", "a coefficient of 0 or infinity"), ("1e999 h1.0", "a coefficient of 0 or infinity"),
])  # fmt: skip
def test_places_that_are_not_read(given, said):
    with pytest.raises(eh.InputError) as error:
        carrier_of(given, "X")
    assert said in str(error.value)


def test_either_polarity_and_any_order():
    """A variable and its complement are one, and the order of operands does not matter."""
    stated = eh.hypothesis(FORMULA, PLACES)
    assert eh.hypothesis("B & ~A | ~B & A", {"OR(B,~A)": "h1.1", "OR(A,~B)": "h1.0"}) == stated
    assert eh.hypothesis(stated.stated, ["h1.1", "h1.0"]) == stated
    assert hash(stated) == hash(eh.hypothesis(FORMULA, PLACES, None))


def test_of_a_mapping():
    (mapping,) = eh.mappings(eh.xornet(), next(eh.algorithms("XOR", depth=2)))
    assert str(eh.hypothesis(mapping)) == f"{mapping.algorithm}: {mapping.named()}"
    assert str(eh.hypothesis(mapping, ["?", "h1.0"])).endswith("NAND(A,B) in ?; OR(A,B) in h1.0")


@pytest.mark.parametrize(("stated", "places", "said"), [
    (FORMULA, {"AND(A,~B)": "h1.1"}, 'leaves out AND(¬A,B); give each variable a neuron, several or a code, or "?"'),
    (FORMULA, {**PLACES, "AND(A,B)": "h1.2"}, "'AND(A,B)', which is not a variable"),
    (FORMULA, {**PLACES, "OR(~A,B)": "h1.2"}, "gives AND(A,¬B) twice (a variable and its complement are one)"),
    (FORMULA, ["h1.0"], "places has 1 entries, and there are 2 variables: AND(A,¬B), AND(¬A,B)"),
    (TWICE, {"AND(A,B)": "h1.0"}, "2 variables of OR(AND(A,B), AND(C, AND(A,B))) are called so (numbers 1 and 3"),
    ("AND(A,B)", {"A": "h1.0"}, "its variables are none, since no gate stands below another"),
    ("A & B & C", {}, "write out which are taken together first"),
    (3, {}, "a hypothesis states 3; give a formula"),
    (FORMULA, None, "places leaves out AND(A,¬B), AND(¬A,B)"),
])  # fmt: skip
def test_what_is_refused(stated, places, said):
    with pytest.raises(eh.InputError) as error:
        eh.hypothesis(stated, places)
    assert said in str(error.value)


def test_files(tmp_path):
    """A formula, a causal model in the file, and one in a file beside it."""
    path = tmp_path / "one.toml"
    path.write_text(f'formula = "{FORMULA}"\ntask = "XOR"\n[places]\n"AND(A,~B)" = "h1.1"\n"AND(~A,B)" = ["h1.0"]\n')
    assert read_hypothesis(path) == eh.hypothesis(FORMULA, PLACES, "XOR")
    path.write_text('model = "model.json"\n[places]\nnand = "h1.2"\n')
    (tmp_path / "model.json").write_text(MODEL)
    assert str(read_hypothesis(path)) == "the causal model of Y from A, B through nand: nand in h1.2"
    path.write_text(
        '[places]\nnand = "h1.2"\n[model]\nvariables = ["A", "B", "nand", "Y"]\n[model.parents]\nnand = ["A", "B"]\n'
        'Y = ["nand"]\n[model.mechanisms]\nnand = "1110"\nY = "10"\n'
    )
    assert read_hypothesis(path).variables == ("nand",)
    assert eh.test(eh.xornet(), eh.hypothesis(FORMULA, ["h1.0 - h1.2", "h1.1 - h1.2"])).climb.complete


@pytest.mark.parametrize(("text", "said"), [
    ("formula = 3", "formula is 3"),
    ("places = []", "neither formula nor model"),
    ('formula = "A & B"\nmodel = "x"', "both formula and model"),
    ('formula = "A & B"\nplace = 1', "a hypothesis has 'place'; it may have formula, model, task, places"),
    ('model = "nowhere.json"', "no such file"),
    ("formula =", "one.toml"),
    ('formula = "AND(A, OR(A,B))"\ntask = 3\nplaces = ["h1.0"]', "task is 3"),
])  # fmt: skip
def test_files_that_hold_no_hypothesis(tmp_path, text, said):
    path = tmp_path / "one.toml"
    path.write_text(text)
    with pytest.raises(eh.InputError) as error:
        read_hypothesis(path)
    assert (said in str(error.value) and "one.toml" in str(error.value)) or "nowhere.json" in str(error.value)
