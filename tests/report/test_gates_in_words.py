"""Gates in words: what is said is a function that the gate can be."""

import itertools
import re

import pytest

from everyhow.interpretation.interpretation import NeuronGate
from everyhow.model.graph import Graph
from everyhow.report.gates_in_words import gate_in_words


def said(table):
    parents = tuple((0, k) for k in range(len(table).bit_length() - 1))
    return gate_in_words(NeuronGate(parents, table), Graph.complete((max(1, len(parents)), 1)))


def meaning(text, row):
    """What some words decide when the inputs have these bits: read word by word, without the library."""
    words = re.findall(r"\w+|[()]", text.replace(", not both", ""))
    bits = dict(zip("ABCD", row, strict=False))

    def operand():
        word = words.pop(0)
        if word == "not" and words[0] == "both":
            words.pop(0)
            return not pair("and", all)
        if word == "neither":
            return not pair("nor", any)
        if word == "either":
            return sum(parts("or")) == 1
        if word == "both":
            del words[:3]
            return len(set(parts("and"))) == 1
        if word == "not":
            return not operand()
        if word == "(":
            value = expression()
            assert words.pop(0) == ")"
            return value
        return {"always": lambda: words.pop(0) == "1"}.get(word, lambda: bool(bits[word]))()

    def parts(between):
        first = operand()
        assert words.pop(0) == between
        return first, operand()

    def pair(between, of):
        return of(parts(between))

    def expression():
        values = [operand()]
        between = set()
        while words and words[0] in ("and", "or"):
            between.add(words.pop(0))
            values.append(operand())
        assert len(between) <= 1, f"what binds closer is not said: {text}"
        return all(values) if between == {"and"} else any(values)

    value = expression()
    assert not words, text
    return value


@pytest.mark.parametrize("inputs", [1, 2, 3])
def test_every_gate_is_said_truly(inputs):
    """Of one and two parents every table, don't cares included; of three every fifth. The words decide as the table
    says at each pattern that occurs."""
    tables = ["".join(one) for one in itertools.product("01-", repeat=1 << inputs)]
    for table in tables[:: 1 if inputs < 3 else 7]:
        text = said(table)
        for digit, row in zip(table, itertools.product((0, 1), repeat=inputs), strict=True):
            assert digit == "-" or meaning(text, row) == (digit == "1"), (table, text)


@pytest.mark.parametrize(("table", "text"), [
    ("0010", "A and not B"), ("0100", "B and not A"), ("1000", "neither A nor B"), ("1110", "not both A and B"),
    ("0110", "either A or B, not both"), ("00101010", "(A or B) and not C"), ("01", "A"), ("10", "not A"),
    ("0-1-", "A or B"), ("0" * 16, "always 0"), ("0" * 32, "0" * 32),
])  # fmt: skip
def test_words(table, text):
    """The simplest words are chosen, those that name every parent first; of five parents the table."""
    assert said(table) == text
