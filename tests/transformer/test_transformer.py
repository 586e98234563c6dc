"""The transformer as a value: run beside loops, whole, as circuits and with components held; stored and read back."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.errors import FileFormatError, InputError
from everyhow.kinds import model_from_document
from everyhow.model.criterion import carried, perfect
from everyhow.transformer.parts import MLP, Attention, Layer, Norm

from .slowly import COMPILED, TRAINED, Slowly, random_transformer, stored

KINDS = {
    "plain": {}, "bidirectional": {"causal": False}, "scaled": {"scale": 3.0}, "norms": {"norms": "12f"},
    "RMS": {"norms": "12fr"}, "gelu": {"activation": "gelu"}, "gelu_new": {"activation": "gelu_new"},
    "silu": {"activation": "silu"}, "two layers": {"layers": ((2, 3), (1, 0))}, "MLPs": {"layers": ((1, 2), (1, 3))},
    "no layers": {"layers": ()}, "split": {"layers": ((2, 3), (1, 0)), "split_input": True},
}  # fmt: skip
ROWS = list(itertools.product(range(2), repeat=3))


@pytest.mark.parametrize("name", KINDS)
def test_runs(name):
    """Logits, circuits and every node, against loops over positions."""
    model = random_transformer(1, **KINDS[name])
    slow = Slowly(model)
    names = [node for stage in model.graph.names for node in stage]
    assert [model.graph.name(edge).replace("→", "->") for edge in model.graph.edges] == slow.edges
    states = model.states(ROWS)
    chosen = np.random.default_rng(5).random((4, len(slow.edges))) < 0.6
    behavior = eh.Behavior.of_tokens(model, ROWS)
    mean = carried(model, behavior, "mean")
    received = {ablation: model.run_circuits(chosen, np.array(ROWS, float), removed)
                for ablation, removed in (("zero", tuple(map(np.zeros_like, mean))), ("mean", mean))}  # fmt: skip
    whole = [slow.run(row) for row in ROWS]
    means = {node: np.mean([run[node] for run in whole], axis=0).tolist() for node in names[:-1]}
    for r, row in enumerate(ROWS):
        assert np.allclose(model.logits([row])[0], whole[r]["logits"], atol=1e-12)
        flat = itertools.chain(*(stage[r].reshape(-1, 12) for stage in states[:-1]))
        for node, found in zip(names, flat, strict=False):
            assert np.allclose(found, np.ravel(whole[r][node]), atol=1e-12)
        for k, circuit in enumerate(chosen):
            edges = set(itertools.compress(slow.edges, circuit))
            for ablation, removed in (("zero", None), ("mean", means)):
                assert np.allclose(received[ablation][k, r], slow.run(row, edges, removed)["logits"][-1], atol=1e-12)


@pytest.mark.parametrize("name", [*TRAINED, *COMPILED])
def test_reference_models(name):
    """What the files say that each decides."""
    document, model, behavior = stored(name)
    outputs = model.run(document["tokens"])
    if "decisions" in document:
        assert outputs.argmax(axis=1).tolist() == document["decisions"] == behavior.wanted.argmax(axis=1).tolist()
        (difference,) = model.folded().run(document["tokens"]).T if model.outputs == 2 else (None,)
        if difference is not None:
            assert min(abs(difference)) == pytest.approx(document["smallest_margin"], rel=1e-9)
    elif "argmax_over" in document["criterion"]:
        said = np.array(document["decoded"])[:, document["answer_positions"]]
        labels = [label.partition(":")[2] for label in document["output_labels"]]
        chosen = outputs.reshape(len(outputs), len(model.answered), -1).argmax(axis=2)
        assert (np.array(labels)[chosen] == said).all()
    else:
        said = np.array(document["decoded"])[:, document["answer_positions"]].astype(float)
        assert np.allclose(outputs, said, atol=1e-6)


def test_patterns():
    """Shares of what each position looks at: of those it can see, and they sum to 1."""
    model = random_transformer(3, layers=((2, 2), (1, 0)), norms="1")
    patterns = model.patterns(ROWS)
    assert list(patterns) == ["a0.h0", "a0.h1", "a1.h0"]
    for shares in patterns.values():
        assert shares.shape == (8, 3, 3) and np.allclose(shares.sum(axis=2), 1)
        assert (shares[:, ~np.tri(3, dtype=bool)] == 0).all()
    # What the head mixes follows from its pattern.
    stream = model.embedded(ROWS)
    first = model.layers[0]
    values = (first.ln1(stream) @ first.attention.W_V[1] + first.attention.b_V[1]) @ first.attention.W_O[1]
    assert np.allclose(model.states(ROWS)[1][:, 1], (patterns["a0.h1"] @ values).reshape(8, -1))
    assert np.allclose(patterns["a1.h0"][:, 0, 0], 1)


def test_components_held():
    """A head is held at what it writes at other rows; what is computed before stays, and what follows reads it."""
    model = random_transformer(4, layers=((2, 3), (1, 0)))
    states, base = model.states(ROWS), np.zeros((8, 3))
    held = eh.Intervention(1, (1,), states[1][:, [1]])
    found = model.states(base, [held])
    assert (found[1][:, 1] == states[1][:, 1]).all() and (found[1][:, 0] == model.states(base)[1][:, 0]).all()
    assert not np.allclose(found[2], model.states(base)[2])


def test_split_input():
    """Token and position embedding as two nodes: the model computes the same, places in it are the same, and a circuit
    with both edges into a slot, or neither, is the circuit that has the edge from `input`, or has not."""
    model = random_transformer(4, layers=((2, 3), (1, 0)), norms="1f")
    split = model.with_split_input()
    assert split.graph.names[0] == ("embed", "pos_embed") and repr(split).endswith("37 edges)")
    assert np.allclose(split.logits(ROWS), model.logits(ROWS), atol=1e-12)
    assert all(np.allclose(split.patterns(ROWS)[name], looked) for name, looked in model.patterns(ROWS).items())
    chosen = np.random.default_rng(1).random((8, len(model.graph.edges))) < 0.6
    there = {model.graph.name(edge).replace("input", "embed"): chosen[:, k] for k, edge in enumerate(model.graph.edges)}
    both = np.stack(
        [there[split.graph.name(edge).replace("pos_embed", "embed")] for edge in split.graph.edges], axis=1
    )  # fmt: skip
    points, (whole, parts) = np.array(ROWS, float), (one.states(ROWS)[:-1] for one in (model, split))
    for removed in (lambda states: tuple(map(np.zeros_like, states)), lambda states: states):
        one, other = (
            model.run_circuits(chosen, points, removed(whole)),
            split.run_circuits(both, points, removed(parts)),
        )
        assert np.allclose(one, other, atol=1e-12)
    region, sets = model.regions[0], np.array(list(itertools.product([False, True], repeat=4)))
    held = [one.runs(points).interchanged(region, sets, np.arange(8)).outputs for one in (model, split)]
    assert split.regions == model.regions and np.allclose(*held, atol=1e-12)
    # By circuits of nodes both are always there.
    assert split.at("nodes").graph.edges == model.at("nodes").graph.edges
    with pytest.raises(InputError, match=r"scope \(only a0.h0 in scope, all others held in\).* split its input first"):
        model.scoped("a0.h0", "in").with_split_input()
    with pytest.raises(InputError, match="split_input is 'yes'; say True or False"):
        replace(model, split_input="yes")


def test_grains():
    """What circuits are sets of; a circuit of nodes has all edges among them, `input` and `logits`."""
    model = random_transformer(6, layers=((2, 3),))
    edges, merged, nodes = (model.at(grain) for grain in model.grains)
    assert [len(one.graph.edges) for one in (edges, merged, nodes)] == [13, 9, 3]
    assert [merged.graph.name(edge) for edge in merged.graph.edges][:2] == ["input→a0.h0<qkv>", "input→a0.h1<qkv>"]
    assert [nodes.graph.name(edge) for edge in nodes.graph.edges] == ["a0.h0", "a0.h1", "m0"]
    points, removed = np.array(ROWS, float), tuple(map(np.zeros_like, model.states(ROWS)[:-1]))
    fine = {edges.graph.name(edge): k for k, edge in enumerate(edges.graph.edges)}
    for kept in itertools.product([False, True], repeat=3):
        there = {"input", "logits", *itertools.compress(["a0.h0", "a0.h1", "m0"], kept)}
        chosen = np.zeros((1, 13), bool)
        for name, k in fine.items():
            parent, _, child = name.partition("→")
            chosen[0, k] = parent in there and child.partition("<")[0] in there
        found = nodes.run_circuits(np.array([kept]), points, removed)
        assert np.allclose(found, edges.run_circuits(chosen, points, removed))
    with pytest.raises(InputError, match="neurons"):
        model.at("neurons")
    with pytest.raises(InputError, match="circuits of a network are sets of edges"):
        eh.xornet().at("nodes")


def test_stored(tmp_path):
    """Both kinds of files hold everything, to the bit."""
    for k, kind in enumerate(KINDS.values()):
        model = random_transformer(k, **kind)
        model = replace(model, answer=eh.Answer([0, -1], [1]), remarks=("made by hand",), threshold=0.25)
        for suffix in ("json", "safetensors"):
            found = eh.load(eh.save_model(model, tmp_path / f"model.{suffix}"))
            assert found.document() == model.document()
            assert found.graph == model.graph and (found.run(ROWS) == model.run(ROWS)).all()
    other = replace(random_transformer(0), grain="nodes", scale=2.0).folded()
    assert eh.load(eh.save_model(other, tmp_path / "other.safetensors")).document() == other.document()
    # What audit.json holds under "network", and the files of published models under "model".
    for key in ("network", "model"):
        assert model_from_document({key: other.document()}).document() == other.document()


GOOD = random_transformer(0).document()
ATTENTION = Attention(np.ones((1, 2, 1)), np.ones((1, 2, 1)), np.ones((1, 2, 1)), np.ones((1, 1, 2)))


@pytest.mark.parametrize(("change", "message"), [
    ({"W_E": None}, "lacks W_E"), ({"colour": 1}, "has 'colour', which nothing is known of"),
    ({"kind": "network"}, "kind is 'network'; of a transformer it is 'transformer'"),
    ({"layers": {}}, "layers is {}; it is a list"), ({"layers": [[]]}, r"layers\[0\] is \[\]; it is a JSON object"),
    ({"activation": "swish2"}, "activation"), ({"scale": 0}, "scale is 0; scores are divided by it"),
    ({"causal": "yes"}, "causal is 'yes'; say True"),
    ({"W_pos": [[1.0]]}, r"W_pos has shape \(1, 1\); expected \(positions, d_model\), d_model being 4"),
    ({"W_U": [[1.0], [2.0]]}, r"W_U has shape \(2, 1\); expected \(d_model, d_vocab_out\), d_model being 4"),
    ({"b_U": [1.0]}, r"b_U has shape \(1,\); expected \(2,\)"),
    ({"ln_final": {"w": [1.0] * 4, "eps": 1e-5}}, "ln_final has no b; a layer norm has one"),
    ({"ln_final": {"w": [1.0] * 4, "b": [0.0] * 4, "eps": -1}}, "eps of ln_final is -1"),
    ({"ln_final": {"w": [1.0] * 4, "b": [0.0] * 4, "eps": 0, "rms": True}}, "an RMS norm with a bias b"),
    ({"answer_positions": 7}, "answer_positions names 7, but the sequences have 3 tokens"),
    ({"answer_positions": [2, -1]}, "names a position twice"),
    ({"classes": [2]}, "classes names 2, but the model has 2"),
    ({"grain": "heads"}, "grain"), ({"difference": 1}, "difference of a transformer is true or false"),
    ({"threshold": "0"}, "threshold is '0'; it is a finite number"), ({"threshold": []}, r"threshold is \[\]; it is"),
    ({"inputs": None}, "inputs is None; give the two different numbers by which an input stands for 0 and for 1"),
    ({"inputs": "01"}, "inputs is '01'; give the two"), ({"inputs": [1, 1]}, r"inputs is \[1, 1\]; give the two"),
    ({"remarks": "none"}, "remarks of a transformer are a list"),
])  # fmt: skip
def test_documents_that_do_not_fit(change, message):
    with pytest.raises(InputError, match=message):
        model_from_document({**GOOD, **change})


@pytest.mark.parametrize(("change", "message"), [
    ({"W_K": [[[1.0]]]}, r"W_K of layers\[0\] has shape \(1, 1, 1\); expected \(1, 4, 2\)"),
    ({"b_O": [1.0]}, r"b_O of layers\[0\] has shape \(1,\); expected \(4,\)"),
    ({"W_in": None}, r"layers\[0\] has W_out, b_in, b_out of an MLP, but no W_in"),
    ({"W_out": [[1.0]]}, r"W_out of layers\[0\] has shape \(1, 1\); expected \(2, 4\)"),
    ({"W_V": None}, r"layers\[0\] lacks W_V"), ({"W_G": 1}, r"layers\[0\] has 'W_G'"),
])  # fmt: skip
def test_layers_that_do_not_fit(change, message):
    layer = {**GOOD["layers"][0], **change}
    with pytest.raises(InputError, match=message):
        model_from_document({**GOOD, "layers": [layer]})


@pytest.mark.parametrize(("fields", "message"), [
    ({"layers": (ATTENTION,)}, r"layers\[0\] is .*; give a Layer of an Attention"),
    ({"layers": (Layer(ATTENTION, mlp=3),)}, r"mlp of layers\[0\] is 3; give an MLP"),
    ({"layers": (Layer(ATTENTION, ln2=Norm(np.ones(2), np.ones(2))),)}, "has ln2, the norm before its MLP, but no MLP"),
    ({"layers": (Layer(ATTENTION, MLP(np.ones((3, 1)), np.ones((1, 3)))),)}, r"W_in of layers\[0\] has shape \(3, 1\)"),
    ({"layers": (Layer(ATTENTION, ln1=3),)}, r"ln1 of layers\[0\] is 3; give a Norm"),
    ({"W_E": np.array([[np.inf, 0.0]])}, r"W_E has inf at \[0, 0\]; every value must be finite"),
    ({"W_E": "words"}, "W_E is not a rectangular array"),
    ({"layers": (), "grain": "nodes"}, "the grain nodes is of heads and MLPs"),
    ({"answer": eh.Answer(-1, [5])}, "classes names 5, but the model has 2 logits"),
])  # fmt: skip
def test_values_that_do_not_fit(fields, message):
    made = {"W_E": np.eye(2), "W_pos": np.eye(2), "layers": (Layer(ATTENTION),), "W_U": np.eye(2)}
    with pytest.raises(InputError, match=message):
        eh.Transformer(**{**made, **fields})


@pytest.mark.parametrize(("tokens", "message"), [
    ([[0, 1]], r"tokens have shape \(1, 2\); the transformer takes \(inputs, 3\)"),
    ([[0, 1, 3]], "token 3 of row 1 is 3; tokens are whole numbers from 0 to 2"),
    ([[0, 1, 0.5]], "token 3 of row 1 is 0.5"), ([[0, -1, 0]], "token 2 of row 1 is -1"),
])  # fmt: skip
def test_tokens_that_do_not_fit(tokens, message):
    with pytest.raises(InputError, match=message):
        random_transformer(0).run(tokens)


@pytest.mark.parametrize(("given", "message"), [
    (((), None), r"answer_positions is \(\); give positions"), ((1.5, None), "answer_positions is 1.5"),
    (([0, 0], None), "each once"), ((0, []), r"classes is \[\]"), ((0, [-1]), "give numbers of logits, from 0"),
])  # fmt: skip
def test_answers_that_do_not_fit(given, message):
    with pytest.raises(InputError, match=message):
        eh.Answer(*given)


def test_files_that_do_not_fit(tmp_path):
    """A cut file, tensors too many, metadata that say nothing."""
    path = eh.save_model(random_transformer(0), tmp_path / "model.safetensors")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FileFormatError, match="not a safetensors file"):
        eh.load(path)
    from safetensors.numpy import load, save

    eh.save_model(random_transformer(0), path)
    arrays = load(path.read_bytes())
    path.write_bytes(
        save(
            {**arrays, "extra": np.ones(1)},
            {"kind": "transformer", "transformer": '{"causal": true, "activation": "relu"}'},
        )
    )
    with pytest.raises(FileFormatError, match="no place for: 'extra'"):
        eh.load(path)
    path.write_bytes(save(arrays, {"kind": "transformer"}))
    with pytest.raises(FileFormatError, match="the metadata of a transformer is None"):
        eh.load(path)
    (tmp_path / "model.json").write_text(json.dumps({"W_E": [[1.0]]}))
    with pytest.raises(FileFormatError, match="a transformer lacks W_pos, W_U, layers, causal, activation"):
        eh.load(tmp_path / "model.json")


def test_outputs():
    """One logit of an answer, two folded into one, and what cannot be."""
    model = random_transformer(2, classes=3)
    assert np.allclose(model.output(1).run(ROWS), model.run(ROWS)[:, [1]])
    two = model.answering(eh.Answer(-1, [2, 0]), 3)
    assert np.allclose(two.folded().run(ROWS)[:, 0], two.run(ROWS)[:, 1] - two.run(ROWS)[:, 0])
    assert two.folded().level == 0 and two.folded().output(0).difference
    with pytest.raises(InputError, match="answers at 1 positions among 3 classes"):
        model.folded()
    with pytest.raises(InputError, match="no output 3"):
        model.output(3)
    with pytest.raises(InputError, match="sequences have 4 tokens, but the transformer has 3 positions"):
        model.answering(eh.Answer(), 4)
    assert perfect(two, eh.Behavior.of_tokens(two, ROWS, eh.Answer(-1, [2, 0]))).wanted.shape == (8, 2)
