"""Heads and MLPs of circuits in graph JSON, by names alone."""

import json

import pytest

import everyhow as eh
from everyhow.exchange.component_graphs import component_graph, read_component_graph

STAGES = (("input",), ("a0.h0", "a0.h1"), ("m0",), ("a1.h0", "a1.h1", "m1"), ("logits",))
KEPT = {"input->a0.h0<q>": 1.0, "a0.h0->m0": 0.5, "m0->a1.h0<v>": -2.0, "a1.h0->logits": 0.25, "input->logits": 0.1}


def document(edges, **more):
    return {"edges": {name: {"score": score, "in_graph": True} for name, score in edges.items()}, **more}


def test_ways_through():
    """A component is in when a way leads through it; others that edges touch are loose."""
    found = component_graph(document(KEPT), STAGES, {})
    assert (found.names, found.loose) == (("a0.h0", "m0", "a1.h0"), ())
    cut = {name: score for name, score in KEPT.items() if name != "m0->a1.h0<v>"}
    found = component_graph(document(cut | {"a0.h1→a1.h1<qkv>": 1.0}), STAGES, {})
    assert (found.names, found.loose) == ((), ("a0.h0", "a0.h1", "m0", "a1.h0", "a1.h1"))
    parallel = component_graph(document({"input->m1": 1, "m1->logits": 1}), STAGES, {"n_layers": 2})
    assert parallel.names == ("m1",)


def test_chosen_by_score():
    found = component_graph(document(KEPT), STAGES, {}, threshold=0.25)
    assert found.names == ("a0.h0", "m0", "a1.h0")
    assert component_graph(document(KEPT), STAGES, {}, top=3).loose == ("a0.h0", "m0", "a1.h0")
    nodes = {"nodes": {"input": True, "a0.h0": {"score": 2.0}, "m0": {"score": 3.0}, "a1.h0": {"score": -4.0}}}
    assert component_graph(nodes, STAGES, {}, top=2).names == ("m0", "a1.h0")
    assert component_graph({"nodes": {"m0": True, "a0.h0": False}, "edges": {}}, STAGES, {}).names == ("m0",)


WRONG = [
    ([], 'a graph is a JSON object with "edges"'),
    ({"edges": {}, "nodes": {}}, 'the graph has neither "edges" nor "nodes"'),
    (document(KEPT, nodes={"a7.h0": True}), "'a7.h0': no such node; the nodes are 'input', 'a0.h0'"),
    (document({"a1.h0->m1": 1}), "'a1.h0->m1': no such edge"),
    (document({"input->a0.h0": 1}), "'input->a0.h0': no such edge; .* such as input->a0.h0<q> or"),
    (document({"input->m0<q>": 1}), "'input->m0<q>': no such edge"),
    (document({"logits->m0": 1}), "no such edge"),
    ({"edges": {"input->m0": {"in_graph": False}}}, "nothing in the graph has in_graph true"),
    ({"edges": {"input->m0": {"in_graph": "yes"}}}, "in_graph of edge 'input->m0' is 'yes'; it is true or false"),
    (document(KEPT, cfg={"n_layers": 3}), "the graph is of a transformer with n_layers 3, and here it is 2"),
]


@pytest.mark.parametrize(("given", "told"), WRONG)
def test_what_is_refused(given, told):
    with pytest.raises(eh.InputError, match=told):
        component_graph(given, STAGES, {"n_layers": 2})


def test_a_file_larger_than_others(tmp_path):
    """A graph of GPT-2 has 32,491 edges, more than a megabyte; a file that is wrong is named."""
    heads = [tuple(f"a{k}.h{h}" for h in range(12)) for k in range(12)]
    stages = [("input",), *(stage for k in range(12) for stage in (heads[k], (f"m{k}",))), ("logits",)]
    names = []
    for k, stage in enumerate(stages):
        parents = [name for earlier in stages[:k] for name in earlier]
        slots = ("<q>", "<k>", "<v>") if stage[0][0] == "a" else ("",)
        names += [f"{parent}->{child}{slot}" for child in stage for slot in slots for parent in parents]
    assert len(names) == 32491
    whole = {name: {"score": float("nan"), "in_graph": name.startswith(("input->a9.h6", "a9.h6->"))} for name in names}
    path = tmp_path / "gpt2.json"
    path.write_text(json.dumps({"cfg": {"n_layers": 12, "n_heads": 12}, "edges": whole}))
    assert path.stat().st_size > 1 << 20
    found = read_component_graph(path, stages, {"n_layers": 12, "n_heads": 12})
    assert found.names == ("a9.h6",) and "a10.h0" in found.loose and "m9" in found.loose
    with pytest.raises(eh.InputError, match=r"gpt2.json.*with n_heads 12, and here it is 16"):
        read_component_graph(path, stages, {"n_heads": 16})
