"""Circuits of transformers as graph JSON, by EAP-IG's names; and where they stand among all circuits."""

import itertools
import json

import numpy as np
import pytest

import everyhow as eh
from everyhow.circuit.score import score_of
from everyhow.circuit.standing import standing
from everyhow.common.errors import InputError
from everyhow.exchange.export import export_audit
from everyhow.exchange.graph_json import circuit_from_graph, circuit_to_graph, graph_edges, read_graph, write_graph
from everyhow.model.circuit import Circuit
from everyhow.model.criterion import perfect
from everyhow.model.uniform import draw_from_space

from ..transformer.slowly import REFERENCE, random_transformer, stored

ROWS = list(itertools.product(range(2), repeat=3))
# The circuits of a compiled transformer that two publications give.
ACDC = (
    "input->a3.h0<k>", "m2->a3.h0<q>", "input->a3.h0<v>", "a3.h0->logits", "m1->m2", "m0->m1", "input->m1",
    "a0.h0->m0", "input->m0", "input->a0.h0<v>",
)  # fmt: skip
MILLER = ("input->a3.h0<v>", "a3.h0->logits")


@pytest.mark.parametrize("grain", ["edges-qkv", "edges", "nodes"])
def test_round_trip(grain):
    """Any circuit comes back at its grain; edges have the names that EAP-IG gives them."""
    model = random_transformer(0, ((2, 3), (1, 0)), grain=grain)
    for mask in draw_from_space(model.graph, 10, np.random.default_rng(1)):
        circuit = Circuit.of_edges(
            model.graph, [edge for edge, kept in zip(model.graph.edges, mask, strict=True) if kept]
        )
        document = json.loads(json.dumps(circuit_to_graph(circuit, model)))
        assert circuit_from_graph(document, model) == circuit
        assert circuit_from_graph(document, model, threshold=0.5) == circuit
        assert document["cfg"] == {"n_layers": 2, "n_heads": [2, 1], "parallel_attn_mlp": False, "d_model": 4}
    names = {"edges-qkv": "input->a0.h0<q>", "edges": "input->a0.h0<qkv>", "nodes": None}[grain]
    assert names is None or names in document["edges"]
    assert list(document["nodes"]) == ["input", "a0.h0", "a0.h1", "m0", "a1.h0", "logits"]
    assert document["nodes"]["logits"] == {"in_graph": True}


def test_scores_choose():
    """The edges of the highest scores, as methods of attribution give them."""
    model = random_transformer(0, ((1, 0),))
    names = ["input->a0.h0<q>", "input->a0.h0<k>", "input->a0.h0<v>", "input->logits", "a0.h0->logits"]
    document = {"edges": {name: {"score": -k / 10, "in_graph": False} for k, name in enumerate(names)}}
    assert {model.graph.name(edge) for edge in graph_edges(document, model, top=2)} == {"input→logits", "a0.h0→logits"}


@pytest.mark.parametrize(("document", "message"), [
    ({}, 'an object of edges by name such as "input->a0.h0<q>"'),
    ({"edges": {"input->a0.h0": {}}}, "'input->a0.h0': no such node or edge; the nodes of .* are input, a0.h0, logits"),
    ({"edges": {}, "nodes": {"m0": {}}}, "'m0': no such node or edge"),
    ({"edges": {}, "cfg": {"n_layers": 3}}, "the graph is of a transformer with n_layers 3, and here it is 1"),
    ({"edges": {"input->a0.h0<q>": {"in_graph": True}}}, "a0.h0 has no edge out"),
])  # fmt: skip
def test_graphs_that_do_not_fit(document, message):
    with pytest.raises(InputError, match=message):
        circuit_from_graph(document, random_transformer(0, ((1, 0),)))


@pytest.mark.parametrize(("document", "message"), [
    ({"edges": {}}, 'there are no "nodes"; circuits are sets of nodes here'),
    ({"edges": {}, "nodes": {"m0": {}}}, "'m0': no such node"),
])  # fmt: skip
def test_nodes_that_do_not_fit(document, message):
    with pytest.raises(InputError, match=message):
        circuit_from_graph(document, random_transformer(0, ((1, 0),), grain="nodes"))


def test_bare_nodes():
    model = random_transformer(0, ((2, 0),), grain="nodes")
    found = circuit_from_graph({"edges": {}, "nodes": {"a0.h1": True, "a0.h0": False, "input": True}}, model)
    assert [model.graph.name(edge) for edge in found.edges] == ["a0.h1"]


def published(model, names):
    return circuit_from_graph({"edges": {name: {"in_graph": True} for name in names}}, model)


def test_two_published_circuits():
    """Of 10^22 circuits: one publication's is perfect by zero ablation but 2 of its 10 edges are removable; the other's
    is the one smallest by mean ablation, and wrong by zero."""
    document, model, _ = stored("tracr-reverse-model-only")
    behavior = eh.Behavior.of_tokens(model, document["tokens"], eh.Answer([1, 2, 3, 4]))
    model = behavior.read(model)
    acdc, miller = (published(model, names) for names in (ACDC, MILLER))
    zero, mean = (standing(model, behavior, acdc, ablation=ablation) for ablation in ("zero", "mean"))
    assert zero.perfect and not zero.minimal and zero.of_size == 228
    assert [model.graph.name(edge) for edge in zero.removable] == ["input→a0.h0<v>", "a0.h0→m0"]
    assert [len(one) for one in zero.smallest] == [8] and zero.smallest[0].is_within(acdc)
    assert {kind: fault is None for kind, fault in mean.by_ablation.items()} == dict.fromkeys(
        ("zero", "mean", "resample"), True
    )
    other = standing(model, behavior, miller, ablation="mean")
    assert other.minimal and other.of_size == 1 and other.smallest == (miller,)
    assert other.by_ablation["zero"] is not None and other.by_ablation["resample"] is None
    wrong = standing(model, behavior, miller)
    assert str(wrong).startswith(
        "your circuit is not perfect: alone, it decides otherwise at input 2; the nearest of 253,"
    )
    assert wrong.nearest == zero.smallest[0] and len(wrong.added) == 6


def test_place_command(run_command, tmp_path):
    """A behavior stands where a task could; what is said of the smallest circuits and of each ablation."""
    document, model, _ = stored("transformer-xor-1l2h-mlp8-seed0")
    eh.save_model(model, tmp_path / "model.json")
    asked = {"tokens": document["tokens"], "classes": document["classes"], "labels": document["labels"]}
    (tmp_path / "behavior.json").write_text(json.dumps(asked))
    whole = Circuit.whole(model.at("edges"))
    path = write_graph(tmp_path / "graph.json", whole, model.at("edges"))
    code, out, err = run_command(
        "place", path, tmp_path / "behavior.json", "--network", tmp_path / "model.json", "--grain", "edges"
    )
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert (
        lines[0]
        == "your circuit is perfect, not minimal; 4 of its edges are removable; it is one of 23 perfect circuits"
    )
    assert sum(line.startswith("smallest perfect circuit, of 5 edges: input→") for line in lines) == 3
    assert lines[-2:] == [
        "perfect by ablation: zero yes, mean yes, resample yes",
        "decides right at 100 % of the inputs; normalized logit difference 1",
    ]
    code, out, _ = run_command(
        "place", path, tmp_path / "behavior.json", "--network", tmp_path / "model.json", "--grain", "edges", "--json"
    )
    found = json.loads(out)
    assert found["logit_difference"] == 1 and found["right"] == 1 and len(found["smallest"]) == 3
    assert found["by_ablation"] == dict.fromkeys(("zero", "mean", "resample"), True)


def test_scores():
    """The share of rows, and the normalized logit difference, by their definitions."""
    model = random_transformer(3, ((2, 0),), classes=3)
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer([0, 2]), weights=np.arange(1.0, 9.0))
    model = behavior.read(model)
    criterion = perfect(model, behavior, "mean")
    names = ("input->a0.h0<q>", "input->a0.h0<v>", "a0.h0->logits", "input->logits")
    circuit, edges = published(model, names), len(model.graph.edges)
    kept = (circuit.chosen, np.ones(edges, bool), np.zeros(edges, bool))
    runs = [model.run_circuits(chosen[None], criterion.bases, criterion.ablated)[0] for chosen in kept]
    right, means = 0.0, []
    for run in runs:
        total = 0.0
        for row, logits in enumerate(run.reshape(8, 2, 3)):
            wanted = behavior.wanted[row].reshape(2, 3).argmax(axis=1)
            margins = [one[w] - np.mean(np.delete(one, w)) for one, w in zip(logits, wanted, strict=True)]
            total += (row + 1) / 36 * np.mean(margins)
            if run is runs[0]:
                right += (row + 1) / 36 * all(one.argmax() == w for one, w in zip(logits, wanted, strict=True))
        means.append(total)
    found = score_of(criterion, circuit)
    assert found.right == pytest.approx(right)
    assert found.difference == pytest.approx((means[0] - means[2]) / (means[1] - means[2]))
    assert score_of(criterion, Circuit.whole(model)).difference == pytest.approx(1)


def test_scores_of_other_answers():
    """Two classes folded into one output have a difference, bits and numbers have none."""
    document, model, behavior = stored("transformer-xor-1l2h-mlp8-seed0")
    folded = perfect(model.folded(), behavior.folded())
    both = perfect(model, behavior)
    circuit = Circuit.of_edges(model.graph, [*model.graph.edges[:6], *model.graph.edges[8:]])
    one, other = score_of(folded, circuit), score_of(both, circuit)
    assert one.difference == pytest.approx(other.difference) and one.right == other.right
    assert document["counts"] and REFERENCE.is_dir()
    assert score_of(eh.circuits(eh.xornet(), "XOR").criterion, Circuit.whole(eh.xornet())).difference is None


def test_export(tmp_path):
    """The minimal circuits of an audit as graphs; no mappings are placed."""
    _, model, behavior = stored("transformer-xor-1l2h-mlp8-seed0")
    audit = eh.audit(model, behavior, grain="edges")
    assert export_audit(audit, tmp_path) == {"minimal": 3, "resample-faithful-minimal": 1, "mappings": None}
    for k, circuit in enumerate(audit.findings.circuits.minimal, start=1):
        assert read_graph(tmp_path / "minimal" / f"{k}.json", audit.network) == circuit
