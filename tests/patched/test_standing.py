"""Where circuits stand among all subsets, what tables say, and what people see."""

import json
from dataclasses import replace

import numpy as np
import pytest

import everyhow as eh

torch = pytest.importorskip("torch")

from .standins import GPT2, made  # noqa: E402 (after the skip)

NAMES = ["a0.h0", "m0", "a1.h0", "a1.h1", "m1"]
EPSILON = 0.34


@pytest.fixture(scope="module")
def found():
    """28 of 32 subsets are perfect, and 4 of them minimal."""
    tokens, paired = np.random.default_rng(0).integers(0, 7, (2, 6, 4))
    behavior = {"tokens": tokens, "paired": paired, "classes": [1, 4, 6], "epsilon": EPSILON}
    return eh.patch(made(GPT2), behavior, NAMES)


def perfect_sets(found):
    """By the share of rows alone, as sets of names."""
    names = found.components
    return {
        frozenset(name for k, name in enumerate(names) if bits >> (len(names) - 1 - k) & 1)
        for bits in range(found.subsets)
        if found.right[0, bits] >= 1 - EPSILON
    }


def test_minimal_and_roles(found):
    """By looking at every pair of subsets."""
    perfect = perfect_sets(found)
    minimal = {one for one in perfect if not any(other < one for other in perfect)}
    assert {frozenset(map(found.graph.name, one.edges)) for one in found.minimal} == minimal
    assert len(perfect) == 28 and len(minimal) == 4
    for name in found.components:
        number = sum(name in one for one in perfect)
        role = "core" if number == len(perfect) else "contingent" if number else "never"
        assert name in found.of_role(role)
    rows = {row[0]: row[1:] for row in found.tables["components"].table.rows}
    assert rows["a0.h0"] == ("contingent", sum("a0.h0" in one for one in perfect))


def test_every_standing(found):
    """Of every subset: perfect, minimal, removable, inside, of so many, and nearest."""
    perfect = perfect_sets(found)
    for bits in range(found.subsets):
        circuit = eh.Circuit(found.graph, bits)
        own = frozenset(map(found.graph.name, circuit.edges))
        stands = found.place(sorted(own))
        assert stands.circuit == circuit and stands.perfect == (own in perfect)
        inside = {one for one in perfect if one <= own and not any(other < one for other in perfect)}
        assert {frozenset(map(found.graph.name, one.edges)) for one in stands.minimal_inside} == inside
        assert stands.minimal == (own in perfect and inside == {own})
        assert set(stands.removable) == {name for name in own if own in perfect and own - {name} in perfect}
        assert (stands.of_perfect, stands.of_size) == (28, sum(len(one) <= len(own) for one in perfect))
        if own not in perfect:
            near = frozenset(map(found.graph.name, stands.nearest.edges))
            assert len(near ^ own) == min(len(one ^ own) for one in perfect) and near in perfect
            assert set(stands.added) == near - own and set(stands.removed) == own - near
        else:
            assert stands.nearest is None and stands.added == ()


def graph_of(kept, nodes=(), **cfg):
    """A graph as EAP-IG writes it."""
    return {
        "cfg": {"n_layers": 2, "n_heads": 2, "d_model": 8, "parallel_attn_mlp": False, **cfg},
        "nodes": {name: {"in_graph": True} for name in nodes},
        "edges": {name: {"score": score, "in_graph": score > 0} for name, score in kept.items()},
    }


EDGES = {
    "input->a0.h0<v>": 3.0, "a0.h0->m0": 2.0, "m0->logits": 1.0, "input->a1.h1<k>": 0.5, "a0.h1->logits": 0.25,
    "input->m1": -4.0, "m1->logits": -0.125,
}  # fmt: skip


def test_a_graph_of_eap_ig(found, tmp_path):
    """Heads and MLPs that a way leads through are in; what is left out and held here, and what is loose, is said."""
    stands = found.place(graph_of(EDGES))
    named = found.place(["a0.h0", "m0"])
    assert stands == replace(named, outside=("a0.h1",), loose=("a0.h1", "a1.h1"))
    (tmp_path / "graph.json").write_text(json.dumps(graph_of(EDGES)))
    assert found.place(tmp_path / "graph.json") == stands
    few = found.place(graph_of(EDGES), top=3)
    assert len(few.circuit) == 0 and few.loose == ("a0.h0", "m0", "m1")
    most = found.place(graph_of(EDGES), threshold=0.1)
    assert most.circuit == found.circuit(["a0.h0", "m0", "m1"])
    text = str(stands)
    assert "it leaves these out, which every subset here has: a0.h1" in text
    assert "taken to be left out, with edges in alone or out alone: a0.h1 a1.h1" in text


def test_a_graph_of_nodes(found):
    """Where there are no edges, nodes say what is in."""
    stands = found.place(graph_of({}, ["input", "a0.h0", "a0.h1", "m1", "logits"]))
    assert stands.circuit == found.circuit(["a0.h0", "m1"]) and (stands.outside, stands.loose) == ((), ())


WRONG = [
    (
        graph_of(EDGES, n_layers=12),
        {},
        "the graph is of a transformer with n_layers 12, and here it is 2; give its own",
    ),
    (graph_of(EDGES, parallel_attn_mlp=True), {}, "with parallel_attn_mlp True, and here it is False"),
    (["a0.h9"], {}, "components has 'a0.h9', which is not of interest here; give names among a0.h0, m0, a1.h0"),
    (["a0.h0"], {"top": 3}, "top and threshold choose among the scores of a graph"),
    (graph_of(EDGES), {"top": 3, "threshold": 1.0}, "top and threshold are two ways to choose edges by score"),
    (graph_of({"a1.h0->a0.h0<q>": 1.0}), {}, "'a1.h0->a0.h0<q>': no such edge; an edge goes from a node to a slot"),
]


@pytest.mark.parametrize(("circuit", "how", "told"), WRONG)
def test_circuits_that_are_refused(found, circuit, how, told):
    with pytest.raises(eh.InputError, match=told):
        found.place(circuit, **how)


def test_what_is_seen(found):
    """One line, two lines, a table; and in words where a circuit stands."""
    assert repr(found) == f"Patching({found.summary})"
    assert found.summary == "perfect: 28 of all 32 subsets of 5 components, 4 of them minimal, over 6 rows"
    assert str(found).startswith(f"{found.summary}\nrun in float32 on cpu; ")
    page = found._repr_html_()
    assert found.summary in page and "<th>most rows right</th>" in page
    sizes = found.tables["sizes"].table
    assert [row[:2] for row in sizes.rows] == [(0, 1), (1, 5), (2, 10), (3, 10), (4, 5), (5, 1)]
    assert sum(row[2] for row in sizes.rows) == 28 and sum(row[3] for row in sizes.rows) == 4
    assert [row[4] for row in sizes.rows][-1] == 1.0
    every = found.tables["subsets"].table.rows
    assert len(every) == 32 and every[5][0] == "a1.h0 m1" and every[31][:4] == (" ".join(NAMES), 5, "yes", 1.0)
    assert every[31][5] == pytest.approx(1, abs=1e-6) and sum(row[2] == "yes" for row in every) == 28
    assert len(found.tables["minimal"].table.rows) == 4
    whole = found.place(NAMES)
    assert whole.summary.startswith("your circuit is perfect, not minimal; ") and "it is one of 28" in whole.summary
    assert "right at 100 % of the rows" in str(whole) and "a smallest perfect subset inside it: " in str(whole)
    smallest = found.place(found.minimal[0])
    assert smallest.summary == "your circuit is perfect and minimal; it is one of 28 perfect subsets"
    assert repr(smallest).startswith("PatchedStanding of Circuit(")


def test_not_perfect_in_words(found):
    missing = next(eh.Circuit(found.graph, bits) for bits in range(32) if not found.perfect[0, bits])
    stands = found.place(missing)
    assert stands.summary.startswith("your circuit is not perfect: right at ")
    assert f"the nearest of 28 perfect subsets has {' '.join(stands.added)} added" in stands.summary
