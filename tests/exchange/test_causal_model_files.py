"""Causal models in files, and by documents: lists, digits and formulas for mechanisms."""

import itertools
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.exchange.causal_model_files import causal_model_from_document, read_causal_model

BITS = [0, 1]


DOCUMENT = {
    "variables": ["a", "b", "sum", "both", "odd"],
    "values": {"sum": [0, 1, 2]},
    "parents": {"sum": ["a", "b"], "both": ["b", "a"], "odd": ["sum", "both"]},
    "mechanisms": {"sum": [0, 1, 1, 2], "both": "0001", "odd": [0, 0, 1, 1, 0, 0]},
}


def test_documents():
    """Lists, digits and formulas say what mechanisms give; values left out are 0 and 1."""
    formulas = DOCUMENT | {"mechanisms": DOCUMENT["mechanisms"] | {"both": "a and b"}}
    for document in (DOCUMENT, formulas):
        model = causal_model_from_document(json.loads(json.dumps(document)))
        for a, b in itertools.product(BITS, BITS):
            assert model.run({"a": a, "b": b}) == {"a": a, "b": b, "sum": a + b, "both": a & b, "odd": (a + b) % 2}


@given(st.permutations(["p", "q", "r1"]), st.integers(0, 255))
def test_formulas_name_parents(parents, table):
    """A formula means the same whatever the order of the parents; digits follow that order."""
    rows = [row for row in itertools.product(BITS, repeat=3) if table >> (4 * row[0] + 2 * row[1] + row[2]) & 1]
    terms = [" & ".join(f"{'' if v else '~'}{n}" for n, v in zip(("p", "q", "r1"), row, strict=True)) for row in rows]
    formula = " | ".join(f"({term})" for term in terms) or "p & ~p"
    digits = "".join(
        str(int(tuple(dict(zip(parents, row, strict=True))[n] for n in ("p", "q", "r1")) in rows))
        for row in itertools.product(BITS, repeat=3)
    )
    for mechanism in (formula, digits):
        model = causal_model_from_document(
            {"variables": ["p", "q", "r1", "y"], "parents": {"y": parents}, "mechanisms": {"y": mechanism}}
        )
        for row in itertools.product(BITS, repeat=3):
            assert model.run(dict(zip(("p", "q", "r1"), row, strict=True)))["y"] == (row in rows)


@pytest.mark.parametrize(
    ("mechanism", "text"),
    [
        ("a & c", "the mechanism of 'both': the formula 'a & c' names 'c'; its parents are b, a"),
        ("a &", "the mechanism of 'both': formula 'B &' is incomplete"),
        ("a + b", "the mechanism of 'both': formula .* cannot read"),
        ("01", "the mechanism of 'both': it has 2 digits; 2 parents need 4"),
        ("011", "the mechanism of 'both': truth table '011' has length 3"),
        ([0, 1], "the mechanism of 'both': it has 2 values; its parents have 4 combinations"),
        ([0, 1, 2, 1], r"the mechanism of 'both' at \(1, 0\) gives 2, which is not one of its values \(0, 1\)"),
        ([[], 1, 1, 1], r"the mechanism of 'both' at \(0, 0\) fails"),
        (5, "the mechanism of 'both': it is 5; it must be a formula, digits such as 0110, or a list of values"),
        ("__import__('os')", "the mechanism of 'both': the formula .* names '__import__'; its parents are b, a"),
        ("a" * 501, "the mechanism of 'both': the formula has 501 characters; at most 500"),
    ],
)
def test_errors_of_mechanisms(mechanism, text):
    """What a file says of a mechanism that cannot be one; nothing is executed."""
    document = DOCUMENT | {"mechanisms": DOCUMENT["mechanisms"] | {"both": mechanism}}
    with pytest.raises(eh.InputError, match=text):
        causal_model_from_document(document)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"value": {"sum": [0, 1]}}, "a causal model has 'value'; its keys are variables, values, parents"),
        (
            {"mechanisms": DOCUMENT["mechanisms"] | {"bath": "a"}},
            "a mechanism is given for 'bath', which is not a",
        ),
        (
            {"mechanisms": DOCUMENT["mechanisms"] | {"a": "b"}},
            "mechanisms gives one for 'a', which has no parents",
        ),
    ],
)
def test_nothing_is_read_past(change, text):
    """What a file says and no model would have is an error, not left out."""
    with pytest.raises(eh.InputError, match=text):
        causal_model_from_document(DOCUMENT | change)
    assert causal_model_from_document(DOCUMENT | {"name": "half adder", "about": "two bits"})


def test_formulas_need_bits():
    """A formula over a variable of three values is refused; it needs a list. Several faults come together."""
    mechanisms = {"sum": [1], "both": "a & b", "odd": "sum & both"}
    with pytest.raises(eh.InputError) as caught:
        causal_model_from_document(DOCUMENT | {"mechanisms": mechanisms})
    assert "parents with the values 0 and 1, which sum are not; give a list of values" in str(caught.value)
    assert "the mechanism of 'sum': it has 1 values" in str(caught.value)


def test_files(tmp_path):
    """A model through a file; what is wrong with a file begins with its name."""
    path = tmp_path / "model.json"
    path.write_text(json.dumps(DOCUMENT))
    assert read_causal_model(path).run({"a": 1, "b": 1})["odd"] == 0
    cases = {
        "": "not a JSON file", "3": "holds a JSON int; a causal model is a JSON object", "{}": "variables must be",
        '{"variables": {}}': "variables must be a list, and values", '{"variables": ["a"], "parents": 3}': "and values",
    }  # fmt: skip
    for text, said in cases.items():
        path.write_text(text)
        with pytest.raises(FileFormatError, match=said) as caught:
            read_causal_model(path)
        assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(eh.InputError, match="a causal model is a JSON object with variables, values, parents, mech"):
        causal_model_from_document([])


NAMES = st.sampled_from(["a", "b", "sum", "odd", "variables", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | NAMES | st.sampled_from(["0110", "a & b", "~"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(list(DOCUMENT)), VALUES), st.booleans())
@settings(max_examples=200)
def test_any_document(document, partly):
    """Whatever a document holds, it is a model or refused by InputError."""
    try:
        model = causal_model_from_document({**DOCUMENT, **document} if partly else document)
    except eh.InputError as error:
        assert len(str(error)) < 5000
        return
    assert model.output not in model.inputs


@given(data=st.data())
@settings(max_examples=60)
def test_broken_files(data, tmp_path_factory):
    """A file with bytes changed, cut or repeated is read or refused by name, and quickly."""
    content = bytearray(json.dumps(DOCUMENT).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    path = tmp_path_factory.mktemp("fuzz") / "model.json"
    path.write_bytes(bytes(content))
    begun = time.process_time()
    try:
        read_causal_model(path)
    except FileFormatError as error:
        assert str(error).startswith(str(path))
    assert time.process_time() - begun < 1


MANY = [f"v{k}" for k in range(60_000)]


@pytest.mark.parametrize(
    "document",
    [
        {"variables": MANY},
        {"variables": ["x"] * 500_000},
        {"variables": MANY[:30_000], "parents": {b: [a] for a, b in itertools.pairwise(MANY[:30_000])}},
        {"variables": MANY[:9000], "parents": {a: [b] for a, b in itertools.pairwise([*MANY[:9000], "v0"])}},
        {"variables": ["a", "b"], "values": {name: list(range(300_000)) for name in "ab"}, "parents": {"b": ["a"]},
         "mechanisms": {"b": "0" * 3000}},
        {"variables": ["a", "b"], "parents": {"b": ["a"]}, "mechanisms": {"b": "~" * 499 + "a"}},
        {"variables": ["a", "b"], "parents": {"b": ["a"]}, "mechanisms": {"b": "a" * 4_000_000}},
    ],
    ids=["names", "repeated", "chain", "cycle", "values", "nested", "formula"],
)  # fmt: skip
def test_large_files(document, tmp_path):
    """Files near the limit are answered quickly, in a short message if any."""
    path = tmp_path / "model.json"
    path.write_text(json.dumps(document))
    begun = time.process_time()
    try:
        read_causal_model(path)
    except FileFormatError as error:
        assert len(str(error)) < 5000
    assert time.process_time() - begun < 1
