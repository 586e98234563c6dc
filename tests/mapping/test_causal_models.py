"""Causal models: run, held and interchanged, and what is refused."""

import itertools

import pytest

import everyhow as eh

BITS = [0, 1]


def adder(**changes):
    """The sum of two bits and whether it is odd."""
    parts = {
        "variables": ["a", "b", "sum", "odd"],
        "values": {"a": BITS, "b": BITS, "sum": [0, 1, 2], "odd": BITS},
        "parents": {"a": [], "sum": ["a", "b"], "odd": ["sum"]},
        "mechanisms": {"sum": lambda a, b: a + b, "odd": lambda s: s % 2},
    }
    return eh.CausalModel(**{**parts, **changes})


def test_running():
    """Inputs, output and inner variables; a run, a held variable, and interchanges, by hand."""
    model = adder()
    assert (model.inputs, model.inner, model.output) == (("a", "b"), ("sum",), "odd")
    for a, b in itertools.product(BITS, BITS):
        assert model.run({"a": a, "b": b}) == {"a": a, "b": b, "sum": a + b, "odd": (a + b) % 2}
        assert model.run({"a": a, "b": b}, {"sum": 1})["odd"] == 1
        for c, d in itertools.product(BITS, BITS):
            swapped = model.interchange({"a": a, "b": b}, {"sum": {"a": c, "b": d}, "b": {"a": 0, "b": 0}})
            assert (swapped["b"], swapped["sum"], swapped["odd"]) == (0, c + d, (c + d) % 2)
    assert model.run({"b": 1}, {"a": 1})["sum"] == 2, "a held input needs no other value"


def test_values_of_any_kind():
    """Texts and tuples are values, over a graph that is no tree."""
    shapes = ["round", "square"]
    model = eh.CausalModel(
        ["one", "other", "same", "label"],
        {"one": shapes, "other": shapes, "same": [True, False], "label": [("yes", 1), ("no", 2), ("no", 1)]},
        {"same": ["one", "other"], "label": ["same", "one"]},
        {"same": lambda one, other: one == other,
         "label": lambda same, one: ("yes", 1) if same else ("no", 1 + (one == "square"))},
    )  # fmt: skip
    assert model.run({"one": "square", "other": "round"})["label"] == ("no", 2)
    assert model.interchange({"one": "square", "other": "round"}, {"same": {"one": "round", "other": "round"}})[
        "label"
    ] == ("yes", 1)


def test_mechanisms_are_called_when_the_model_is_made():
    """Each once for each combination of its parents' values, and never again."""
    calls = []
    model = adder(mechanisms={"sum": lambda a, b: calls.append((a, b)) or a + b, "odd": lambda s: s % 2})
    model.run({"a": 1, "b": 1})
    assert calls == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({"variables": "ab"}, ["variables must be a list of names that is not empty"]),
        ({"variables": []}, ["variables must be a list of names that is not empty"]),
        ({"variables": ["a", 5]}, ["every variable must be a name in quotes"]),
        ({"parents": [1]}, ["values and parents must give a list for each variable"]),
        ({"values": {"a": BITS, "b": [], "sum": [1, True], "odd": "01", "c": BITS}},
         ["'b' has no values", "a value of 'sum' is listed twice", "values of 'odd' must be a list",
          "values are given for 'c', which is not a variable"]),
        ({"variables": ["a", "b", "sum", "odd", "a"]}, ["variable 'a' is listed twice"]),
        ({"values": {"a": BITS, "b": BITS, "sum": [[0], [1]]}}, ["the values of 'sum' must be", "'odd' has no values"]),
        ({"parents": {"sum": ["a", "x"], "odd": ["sum", "sum"]}},
         ["parent 'x' of 'sum' is not a variable", "'odd' has a parent twice"]),
        ({"parents": {"sum": ["a", "odd"], "odd": ["sum", "b"]}}, ["there is a cycle: ", "one variable must have no"]),
        ({"parents": {"sum": ["a"], "odd": ["b"]}}, ["must have no children, the output; these have none: 'sum, odd'"]),
        ({"mechanisms": {"odd": 3, "x": int}},
         ["'sum' has parents but no mechanism", "'odd' has parents but", "given for 'x', which is not a variable"]),
        ({"mechanisms": 3}, ["mechanisms must give a function for each variable with parents"]),
        ({"mechanisms": {"sum": lambda a, b: a + b + 1, "odd": lambda: 1}},
         [r"mechanism of 'sum' at \(1, 1\) gives 3, which is not one of its values \(0, 1, 2\)",
          r"the mechanism of 'odd' at \(0,\) fails: "]),
        ({"mechanisms": {"sum": lambda a, b: [a], "odd": lambda s: s % 2}}, [r"'sum' at \(0, 0\) fails: \"unhashable"]),
    ],
)  # fmt: skip
def test_errors(changes, texts):
    """All that is wrong with a model is said at once, by name."""
    for text in texts:
        with pytest.raises(eh.InputError, match=f"the causal model is not usable: .*{text}"):
            adder(**changes)


def test_one_variable():
    """A variable alone is an input, and no output."""
    with pytest.raises(eh.InputError, match="the output 'a' has no parents"):
        eh.CausalModel(["a"], {"a": BITS}, {}, {})


def test_too_many_combinations():
    """A mechanism is not called a million times over."""
    names = [f"v{k}" for k in range(21)]
    with pytest.raises(eh.InputError, match="the parents of 'out' have 2,097,152 combinations; at most 1,048,576"):
        eh.CausalModel([*names, "out"], dict.fromkeys([*names, "out"], BITS), {"out": names}, {"out": max})


def test_errors_of_running():
    """Values for names that are not inputs or variables, values that a variable does not take, inputs without one."""
    model = adder()
    with pytest.raises(eh.InputError, match="'sum' is not an input of the model; there are a, b"):
        model.run({"a": 1, "sum": 1})
    with pytest.raises(eh.InputError, match="'x' is not a variable of the model; there are a, b, sum, odd"):
        model.interchange({"a": 1, "b": 1}, {"x": {"a": 1, "b": 1}})
    with pytest.raises(eh.InputError, match="sum is given 3; its values are 0, 1, 2"):
        model.run({"a": 1, "b": 1}, {"sum": 3})
    with pytest.raises(eh.InputError, match="no value for b; every input needs one"):
        model.run({"a": 1})
