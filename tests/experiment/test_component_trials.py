"""Circuits of transformers against each other: other sequences and resampled edges, one run at a time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.experiment.circuit_trials import circuit_trials, of_sequences
from everyhow.experiment.findings import examine_experiments
from everyhow.model.circuit import Circuit
from everyhow.model.explained import one_for_two_classes
from everyhow.model.uniform import draw_from_space

from ..transformer.parts_slowly import named, run_part
from ..transformer.slowly import random_transformer, stored

ROWS = [(0, 0, 2), (0, 1, 2), (1, 0, 2), (2, 1, 2)]


def drawn(graph, size, seed):
    """Circuits of a graph, drawn uniformly."""
    chosen = draw_from_space(graph, size, np.random.default_rng(seed))
    return tuple(Circuit.of_edges(graph, itertools.compress(graph.edges, one)) for one in chosen)


@st.composite
def circuits(draw):
    """A random transformer over some rows, and two of its circuits."""
    grain = draw(st.sampled_from(["edges-qkv", "edges"]))
    whole = random_transformer(
        draw(st.integers(0, 10**6)), draw(st.sampled_from([((1, 2),), ((2, 0),), ((1, 0), (1, 2))])), grain=grain,
        norms=draw(st.sampled_from(["", "12f"])), causal=draw(st.booleans()),
    )  # fmt: skip
    behavior = eh.Behavior.of_tokens(whole, ROWS, eh.Answer(-1, (0, 1)))
    model, behavior = one_for_two_classes(behavior.read(whole), behavior)
    return model, behavior, drawn(model.graph, 2, draw(st.integers(0, 99)))


@given(circuits())
@settings(max_examples=10)
def test_trials(made):
    """What the transformer and two circuits, run alone, decide at every row, at every other sequence of the rows'
    tokens, and with every edge resampled between every two rows."""
    model, behavior, two = made
    found, graph = circuit_trials(model, two, behavior=behavior), model.graph
    every = list(graph.edges)
    edges = [
        {(p, c, slot) for p, c, slots in (named(graph, edge) for edge in those) for slot in slots}
        for those in (every, *(circuit.edges for circuit in two))
    ]
    level = model.level

    def outputs(row, swapped=None, source=None):
        said = []
        for those in edges:
            elsewhere = None if source is None else run_part(model, those, source)[0]
            logits = run_part(model, those, row, swapped, elsewhere)[1][-1]
            said.append(float(logits[1] - logits[0]))
        return said

    mine = {}
    for k in range(found.decisions.shape[1]):
        kind, _, setting = found.describe(k)
        if kind == "edge":
            key = (found.edges[k - len(found.points)][0], setting["base"], setting["source"])
        else:
            key = tuple(found.points[k].astype(int).tolist())
        mine[key] = [bool(found.outcomes[k]), *map(bool, found.decisions[:, k])]
    tried = {row: outputs(row) for row in [(a, b, 2) for a, b in itertools.product((0, 1, 2), (0, 1))]}
    names = {row: behavior.name_of(k) for k, row in enumerate(map(tuple, behavior.points.astype(int).tolist()))}
    for edge, (base, source) in itertools.product(every, itertools.permutations(ROWS, 2)):
        parent, child, slots = named(graph, edge)
        swapped = {(parent, child, slot) for slot in slots}
        tried[edge, names[base], names[source]] = outputs(base, swapped, source)
    for key, said in tried.items():
        if min(abs(one - level) for one in said) > 1e-6:
            assert mine.pop(key) == [one > level for one in said]
    assert all(min(abs(one - level) for one in tried[key]) <= 1e-6 for key in mine)
    assert found.family.startswith(
        "the 4 rows, the 2 other sequences of their tokens, and single edges resampled at every"
    )


def test_what_is_drawn():
    """Of long sequences some are drawn, and of many rows some pairs; the family says so, and the same seed draws the
    same."""
    model = random_transformer(3, ((2, 2),), positions=9, vocabulary=5)
    rows = np.random.default_rng(0).integers(0, 5, size=(90, 9))
    behavior = eh.Behavior.of_tokens(model, np.unique(rows, axis=0), eh.Answer(-1, (0, 1)))
    one, other = (of_sequences(behavior, model, seed) for seed in (1, 1))
    np.testing.assert_array_equal(one.points, other.points)
    assert "of the 1,953,035 other sequences of their tokens" in one.family and "drawn by seed 1" in one.family
    assert "of the 8,010 pairs of a base and a source" in one.family
    known = {row.tobytes() for row in behavior.points}
    assert not any(row.tobytes() in known for row in one.points[90:]) and (one.numbers[:90] == np.arange(90)).all()


def test_survivors_of_a_reference_transformer():
    """Two minimal circuits, and the edge that decides between them."""
    _, model, behavior = stored("transformer-first-equals-last-1l2h-mlp8-bidirectional-seed0")
    model, behavior = one_for_two_classes(model, behavior)
    minimal = eh.circuits(model, behavior).minimal()
    found = examine_experiments(model, [], 0, minimal, behavior=behavior)
    assert len(found.circuit_disputes) == len(minimal) * (len(minimal) - 1) // 2 and not found.notes.partial
    decided = [dispute for dispute in found.circuit_disputes if dispute.experiment is not None]
    assert decided
    for dispute in decided:
        kind, setting = dispute.experiment.kind, dispute.experiment.setting
        assert kind == "edge"
        (edge,) = [one for one in model.graph.edges if list(one) == setting["edge"]]
        rows = {behavior.name_of(k): tuple(map(int, row)) for k, row in enumerate(behavior.points)}
        base, source = rows[setting["base"]], rows[setting["source"]]
        parent, child, slots = named(model.graph, edge)
        for circuit, said in zip(dispute.explanations, dispute.experiment.predicted, strict=True):
            edges = {(p, c, s) for p, c, each in (named(model.graph, e) for e in circuit.edges) for s in each}
            elsewhere = run_part(model, edges, source)[0]
            logits = run_part(model, edges, base, {(parent, child, s) for s in slots}, elsewhere)[1][-1]
            assert (logits[1] > logits[0]) == said


def test_parts_carry_what_is_held():
    """A circuit of a scope has the edges that every circuit has."""
    model = random_transformer(1, ((2, 2),)).scoped(["a0.h0"], "in")
    (circuit,) = drawn(model.graph, 1, 0)
    part = model.part(circuit)
    carried = tuple(np.zeros_like(state) for state in model.states(ROWS)[:-1])
    (expected,) = model.run_circuits(circuit.on(model.graph).chosen[None], np.array(ROWS, float), carried)
    np.testing.assert_allclose(part.run(ROWS), expected)
    with pytest.raises(eh.InputError, match="circuits are tried in transformers of one output"):
        circuit_trials(model, [circuit], behavior=eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, (0, 1))))
