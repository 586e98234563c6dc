"""Circuits asked of some edges only: those of the whole model that have all others, or none of them."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import everyhow as eh
from everyhow.common.errors import InputError
from everyhow.exchange.graph_json import read_graph, write_graph
from everyhow.model.circuit import Circuit
from everyhow.model.criterion import perfect
from everyhow.model.running_search import RunningSearch, are_circuits
from everyhow.model.scope import Scope, named_edges
from everyhow.model.space import circuits_in_space
from everyhow.model.uniform import draw_from_space
from everyhow.report.words import asked_in_short

from .slowly import random_transformer

ROWS = [[0, 1, 1], [1, 0, 1], [0, 0, 1], [1, 1, 0]]
SHAPES = (((2, 0),), ((1, 2),), ((1, 0), (1, 0)), ((2, 2),))


def of_all(model):
    """Every circuit of a model, as a set of edges."""
    edges = model.graph.edges
    every = np.array([[bits >> k & 1 for k in range(len(edges))] for bits in range(1 << len(edges))], bool)
    return {
        frozenset(edge for edge, there in zip(edges, row, strict=True) if there)
        for row in every[are_circuits(model.graph, every)]
    }


@st.composite
def asked(draw):
    grain = draw(st.sampled_from(("edges", "nodes", "edges-qkv")))
    shape = draw(st.sampled_from(SHAPES if grain != "edges-qkv" else SHAPES[:3]))
    model = random_transformer(draw(st.integers(0, 999)), shape, grain=grain, norms=draw(st.sampled_from(["", "1f"])))
    names = [model.graph.name(edge) for edge in model.graph.edges]
    parts = draw(st.lists(st.sampled_from(names), min_size=1, max_size=len(names), unique=True))
    return model, parts, draw(st.sampled_from(["in", "out"])), draw(st.sampled_from(["zero", "mean", "resample"]))


@settings(max_examples=60, deadline=None)
@given(asked())
def test_beside_all_circuits(drawn):
    """The space, the circuits that meet a criterion, minimal ones, usage and larger circuits: as told by going through
    all circuits of the whole model, and by one run for each circuit in scope."""
    model, parts, others, ablation = drawn
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, [0, 1]), epsilon=0.3)
    scoped = model.scoped(parts, others)
    names = {model.graph.name(edge): edge for edge in model.graph.edges}
    free = {names[part] for part in parts}
    fixed = frozenset(names.values()) - free if others == "in" else frozenset()
    space = {edges - fixed for edges in of_all(model) if fixed <= edges and edges - fixed <= free}
    assert of_all(scoped) == space and circuits_in_space(scoped.graph) == len(space)

    whole = perfect(behavior.read(model), behavior, ablation)
    good = {frozenset(circuit.edges) for circuit in RunningSearch(whole).circuits()}
    criterion = perfect(behavior.read(scoped), behavior, ablation)
    search, plain = criterion.model.search(criterion), RunningSearch(criterion)
    found = {frozenset(circuit.edges) for circuit in search.circuits()}
    assert found == {edges - fixed for edges in good if fixed <= edges and edges - fixed <= free}
    assert found == {frozenset(circuit.edges) for circuit in plain.circuits()}
    assert (search.count().certain, search.usage()) == (plain.count().certain, plain.usage())
    assert sorted(search.minimal().tolist()) == sorted(plain.minimal().tolist())
    assert search.hereditary() == plain.hereditary()
    for edges in space:
        assert Circuit.of_edges(scoped.graph, edges).edges == tuple(sorted(edges, key=scoped.graph.edges.index))
    if space:
        drawn = draw_from_space(scoped.graph, 50, np.random.default_rng(0))
        assert are_circuits(scoped.graph, drawn).all()


def test_names():
    """Edges, slots, heads and MLPs; each kind of arrow; an unknown name is refused with what there is."""
    model = random_transformer(1, ((2, 2),))
    graph, of = model.graph, lambda name: [model.graph.name(edge) for edge in named_edges(model.graph, name)]
    assert of("input->a0.h0<q>") == of("input→a0.h0<q>") == of(" a0.h0<q> ") == ["input→a0.h0<q>"]
    assert of("a0.h1") == [
        "input→a0.h1<q>", "input→a0.h1<k>", "input→a0.h1<v>", "a0.h1→m0", "a0.h1→logits",
    ]  # fmt: skip
    assert len(of("logits")) == 4 and len(model.scoped("a0.h0", "in").graph.edges) == 5
    said = (
        "scope names 'a0.h7', which this model does not have at the grain in use; name an edge such as "
        "input->a0.h0<q>, a slot, or heads and MLPs: a0.h0, a0.h1, m0"
    )
    with pytest.raises(InputError) as error:
        model.scoped(["a0.h7"], "in")
    assert str(error.value) == said
    with pytest.raises(InputError, match=r"scope names 'a0.h0<q>'.*at the grain in use; name heads and MLPs: a0.h0"):
        model.at("nodes").scoped(["a0.h0<q>"], "in")
    with pytest.raises(InputError, match="others is 'both'; of a scope say whether all other edges are in every"):
        model.scoped(["a0.h0"], "both")
    for wrong in ([], [3], 3):
        with pytest.raises(InputError, match=r"scope is .*; give names of edges"):
            model.scoped(wrong, "in")
    assert graph.held == () and len(model.scoped("m0", "in").graph.held) == 9


def test_stored(tmp_path):
    """A model keeps its scope in files; circuits remain what they were."""
    model = random_transformer(1, ((2, 2),)).scoped(["a0.h0", "m0"], "in")
    for name in ("model.json", "model.safetensors"):
        again = eh.load(eh.save_model(model, tmp_path / name))
        assert again.scope == model.scope == Scope(("a0.h0", "m0"), "in") and again.graph == model.graph
    assert repr(model).endswith("8 edges in scope)")
    with pytest.raises(InputError, match="scope is 3; it is an object with the keys parts and others"):
        Scope.from_document(3)


def test_large_model():
    """Of 479 edges all 2^16 subsets of 16, counted exactly; every circuit has 463 more."""
    model = random_transformer(5, ((4, 2),) * 4)
    last = [f"{parent}->logits" for parent in ("input", "a0.h0", "m0", "a1.h2", "m1", "a2.h0", "a2.h1", "m2")]
    scoped = model.scoped([*last, *(f"a{k}.h{h}->m3" for k in range(4) for h in (0, 2))], "in")
    behavior = eh.Behavior.of_tokens(scoped, ROWS, eh.Answer(-1, [0, 1]))
    count = eh.circuits(scoped, behavior).count()
    assert circuits_in_space(scoped.graph) == 1 << 16 and len(scoped.graph.held) == 463
    assert count.certified and 0 < count.between[0] < 1 << 16
    criterion = perfect(behavior.read(scoped), behavior)
    drawn = draw_from_space(scoped.graph, 500, np.random.default_rng(1))
    right, _ = criterion.model.judged([criterion], drawn)
    share = count.between[0] / (1 << 16)
    assert abs(right.mean() - share) < 5 * np.sqrt(share * (1 - share) / 500)


def test_circuits_of_a_scope_are_circuits_of_the_model(tmp_path):
    """They are equal to circuits of the whole model with the edges held, are exported with these, and read back."""
    model = random_transformer(1, ((2, 2),))
    scoped = model.scoped(["a0.h0", "m0"], "in")
    whole, own = Circuit.whole(model), Circuit.whole(scoped)
    assert own == whole and hash(own) == hash(whole) and own.on(model.graph).edges == whole.edges
    assert whole.on(scoped.graph).edges == scoped.graph.edges and own.is_within(whole) and whole.is_within(own)
    assert own.neurons == whole.neurons
    path = write_graph(tmp_path / "circuit.json", own, scoped)
    assert read_graph(path, model) == read_graph(path, scoped) == whole
    less = Circuit.of_edges(model.graph, [edge for edge in model.graph.edges if edge != model.graph.edges[4]])
    said = (
        "edge input→a0.h1<k> is not in the circuit, but the scope holds it in every one; give a circuit that has it, "
        "or ask within another scope"
    )
    with pytest.raises(InputError) as error:
        less.on(scoped.graph)
    assert str(error.value) == said
    with pytest.raises(InputError, match=r"edge \(1, 1, 0\) is held in every circuit of this scope; leave it out"):
        Circuit.of_edges(scoped.graph, [(1, 1, 0)])
    assert whole.without(model.graph.edges[0]).without((3, 0, 0)) is not None
    assert own.without((3, 0, 0)) is not None and len(model.scoped(["logits"], "in").graph.edges) == 4


def test_audit_and_scores():
    """An audit is asked within a scope; the whole model stays what it is, whatever is held out."""
    model = random_transformer(3, ((2, 2),))
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, [0, 1]))
    for others in ("in", "out"):
        scoped = model.scoped(["input", "logits"], others)
        assert (scoped.run(ROWS) == model.run(ROWS)).all()
        found = eh.audit(scoped, behavior)
        assert f"only input, logits in scope, all others held {others}" in asked_in_short(found)
        assert found.counts["circuits_in_space"] == circuits_in_space(scoped.graph)
        assert found.counts == eh.audit(model, behavior, scope=scoped.scope).counts and not found.findings.grains
        inside = Circuit.of_edges(scoped.graph, next(iter(of_all(scoped))))
        standing = eh.place(scoped, behavior, inside)
        assert standing.score == eh.place(model, behavior, inside.on(model.graph)).score
    with pytest.raises(InputError, match="scope is asked of transformers; circuits of a network are asked of all"):
        eh.xornet().scoped(["h1.0"], "in")
    with pytest.raises(InputError, match=r"a Scope is asked for, not a value of type int: model\.scoped"):
        eh.audit(model, behavior, scope=3)
