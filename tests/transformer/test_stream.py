"""The residual stream at a position as a model: what stands there, circuits of its numbers, codes and interchanges,
against one run at a time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.model.explained import one_for_two_classes
from everyhow.readout.explanation import explain_by
from everyhow.readout.findings import examine_readouts
from everyhow.readout.readout import readable_signals

from .slowly import random_transformer
from .streamed_slowly import decides, streamed

ROWS = [(a, b, 2) for a, b in itertools.product((0, 1), repeat=2)]
SHAPES = [((1, 2),), ((2, 0),), ((1, 2), (1, 0)), ((1, 0), (2, 2))]


@st.composite
def streams(draw):
    """A random transformer, and its stream at a position, as it is explained over rows of two bits."""
    whole = random_transformer(
        draw(st.integers(0, 10**6)), draw(st.sampled_from(SHAPES)), norms=draw(st.sampled_from(["", "12f"])),
        causal=draw(st.booleans()), activation=draw(st.sampled_from(["relu", "silu"])),
    )  # fmt: skip
    behavior = eh.Behavior.of_tokens(whole, ROWS, eh.Answer(-1, (0, 1)))
    position = draw(st.sampled_from([0, 1, 2, -1]))
    read = behavior.read(whole.stream(position))
    return (behavior.read(whole), position % 3, *one_for_two_classes(read, behavior))


@given(streams())
@settings(max_examples=15)
def test_what_stands_there(made):
    """The stream after each layer, and the outputs, as they are and with numbers held."""
    whole, position, model, behavior = made
    noise = np.random.default_rng(0)
    stage = 1 + int(noise.integers(len(whole.layers)))
    values = noise.normal(size=(len(ROWS), 2))
    found = model.states(behavior.points)
    held = model.states(behavior.points, [eh.Intervention(stage, (1, 3), values)])
    for k, row in enumerate(ROWS):
        after, logits = streamed(whole, row, position)
        for layer, stands in enumerate(after, start=1):
            np.testing.assert_allclose(found[layer][k], stands, atol=1e-9)
        np.testing.assert_allclose(found[-1][k], logits[-1][[1]] - logits[-1][[0]], atol=1e-9)
        put = after[stage - 1].copy()
        put[[1, 3]] = values[k]
        after, logits = streamed(whole, row, position, {stage - 1: put})
        np.testing.assert_allclose(held[stage][k], put, atol=1e-9)
        np.testing.assert_allclose(held[-1][k], logits[-1][[1]] - logits[-1][[0]], atol=1e-9)


@given(streams(), st.sampled_from(["zero", "mean", "resample"]))
@settings(max_examples=5)
def test_circuits_are_sets_of_its_numbers(made, ablation):
    """Every set of numbers of the stream, all others being ablated, run one by one."""
    whole, position, model, behavior = made
    natural = np.array([streamed(whole, row, position)[0] for row in ROWS])
    wanted = [decides(whole, row, position) for row in ROWS]
    width, layers = whole.d_model, len(whole.layers)
    space = width * layers
    # Of two layers only the sets that have the first one whole.
    sets = [np.array([True] * (space - width) + list(last)) for last in itertools.product((True, False), repeat=width)]
    perfect = set()
    for kept in sets:
        right = True
        for k, row in enumerate(ROWS):
            sources = range(len(ROWS)) if ablation == "resample" else [k]
            for source in sources:
                other = {"zero": np.zeros_like(natural[0]), "mean": natural.mean(axis=0), "resample": natural[source]}
                held = {}
                for layer in range(layers):
                    after = streamed(whole, row, position, held)[0][layer]
                    held[layer] = np.where(kept[layer * width : (layer + 1) * width], after, other[ablation][layer])
                right = right and decides(whole, row, position, held) == wanted[k]
        if right:
            perfect.add(kept.tobytes())
    found = {c.on(model.graph).chosen.tobytes() for c in eh.circuits(model, behavior, ablation=ablation)}
    assert found & {kept.tobytes() for kept in sets} == perfect


@given(streams())
@settings(max_examples=8)
def test_codes(made):
    """The sets of readable signals of each layer that decide alike when their combination is put in, and their gates,
    whatever stands at the other positions."""
    whole, position, model, behavior = made
    wanted = np.array([decides(whole, row, position) for row in ROWS])
    layers = examine_readouts(model, behavior, 1e-3, 2, eh.CostModel(), 10**10).layers
    assert [layer.layer for layer in layers] == list(range(1, len(whole.layers) + 1))
    for layer in layers:
        readable, received = layer.signals, model.cuts()[layer.layer - 1].received(layer.signals.states)
        alone = received.shape[1] == 1
        natural = np.array([streamed(whole, row, position)[0][layer.layer - 1] for row in ROWS])
        np.testing.assert_allclose(readable.states, natural, atol=1e-9)

        def decided(k, state, layer=layer.layer, alone=alone):
            if alone:
                return int(state[0] > 0)
            return decides(whole, ROWS[k], position, {layer - 1: state})

        for size in (1, 2):
            passing = set()
            for chosen in itertools.combinations(range(len(readable)), size):
                rows = np.column_stack([readable.signals[list(chosen)].T, np.ones(len(ROWS))]).astype(float)
                if np.linalg.matrix_rank(rows) <= size:
                    continue
                weights = np.linalg.lstsq(rows, received, rcond=None)[0]
                spread = np.linalg.norm(weights[:-1], axis=1) * np.linalg.norm(rows - rows.mean(axis=0), axis=0)[:-1]
                put = rows @ weights
                if (spread <= 1e-3 * np.linalg.norm(received - received.mean(axis=0))).any():
                    continue
                if any(decided(k, put[k]) != wanted[k] for k in range(len(ROWS))):
                    continue
                passing.add(chosen)
                gate = explain_by(model, readable, chosen, 1e-9)
                for pattern, bits in enumerate(itertools.product((0, 1), repeat=size)):
                    state = np.array([*bits, 1.0]) @ weights
                    said = {decided(k, state) for k in range(len(ROWS))}
                    turned = [r.table.bits & 1 for r in gate.readouts]
                    at = sum((b ^ t) << (size - 1 - i) for i, (b, t) in enumerate(zip(bits, turned, strict=True)))
                    assert (at in gate.undecided) == (len(said) > 1), pattern
                    assert gate.gate.bits >> at & 1 == (said == {1})
            if layer.found is not None and size in layer.found.fitted:
                fitted = layer.found.fitted[size].sets
                assert {tuple(map(int, one)) for one in fitted} == passing


def test_a_trained_stream():
    """The whole audit of a stream, and hypotheses by codes of it."""
    pytest.importorskip("torch")
    model, behavior = eh.train_transformer("XOR", layers=1, heads=2, width=8, mlp=8, seed=3)
    audit = eh.audit(model, behavior, stream=-1)
    assert audit.network.kind == "residual stream" and audit.counts["circuits_in_space"] == 256
    said = "The residual stream is read at position 3 of 3: layer 1 is what stands there after"
    assert said in " ".join(str(audit).split())
    (layer,) = audit.findings.readouts.layers
    assert layer.vacuous and len(layer.signals) == 7
    stream, task = model.stream(), behavior
    readable = readable_signals(*one_for_two_classes(task.read(stream), task)[:1], 1, behavior=task.folded())
    either, both = (
        next(r for r in map(readable.__getitem__, range(7)) if r.name == name) for name in ("OR(A,B)", "AND(A,B)")
    )
    places = {"OR(A,B)": carried(either), "NAND(A,B)": carried(both)}
    found = eh.test(stream, eh.hypothesis("AND(OR(A,B), NAND(A,B))", places), task)
    assert found.passed[:3] == ("single", "irredundant", "ordered")
    assert len(found.placed.directions) == 2
    again = eh.audit(model.stream(), behavior)
    assert again.counts == audit.counts


def carried(readout):
    """A readout as the place of a variable."""
    return " + ".join(
        f"{value!r} {name}" for value, name in zip(readout.coefficients.tolist(), readout.names, strict=True)
    ).replace("+ -", "- ")


def test_what_is_refused():
    """Each refusal names what is allowed."""
    model = random_transformer(1)
    behavior = eh.Behavior.of_tokens(model, ROWS, eh.Answer(-1, (0, 1)))
    for question, said in (
        (lambda: model.stream(3), "position is 3; the 3 positions are 0 to 2, or -1 to -3"),
        (lambda: model.stream(True), "position is True"),
        (lambda: eh.Transformer(np.eye(2), np.zeros((3, 2)), (), np.eye(2)).stream(), "this transformer has none"),
        (lambda: eh.xornet().stream(), "stream is asked of transformers.*a network has none"),
        (lambda: eh.audit(eh.xornet(), eh.Behavior.of_network(eh.xornet(), [[0, 1]]), stream=0), "a network has none"),
        (lambda: eh.audit(model, behavior, stream=0, grain="nodes"), "grain is of circuits of heads and MLPs"),
        (lambda: eh.save_model(model.stream(), "stream.json"), "residual stream"),
    ):
        with pytest.raises(eh.InputError, match=said):
            question()
