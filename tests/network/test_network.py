"""Networks: running, circuits, interventions, files, and what is refused."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.model.circuit import Circuit
from everyhow.verification import plain, plain_circuits

from ..plainly import as_circuit
from ..strategies import networks

GOOD = {"weights": [[[1.0, 2.0]], [[3.0]]], "biases": [[0.5], [0.25]], "activations": ["relu", "identity"]}


@given(networks(outputs=(1, 2)))
def test_run(network):
    """Running a batch gives what the definition gives, layer by layer."""
    points = assignments(network.widths[0])
    for mine, expected in zip(network.states(points), plain.run(network, points), strict=True):
        np.testing.assert_allclose(expected, mine, atol=1e-12)
    np.testing.assert_array_equal(network.states(points)[-1], network.run(points))


@given(networks(outputs=(1, 2)), st.integers(0, 1000))
def test_run_circuit(network, pick):
    """Running a circuit, with removed edges silent or carrying the values of another input."""
    everything = list(plain_circuits.all_circuits(network.weights))
    circuit = everything[pick % len(everything)] if everything else None
    if circuit is None:
        return
    points = assignments(network.widths[0])
    mine = as_circuit(network, circuit)
    np.testing.assert_allclose(
        plain.run(network, points, circuit)[-1], network.run_circuit(points, mine)[-1], atol=1e-12
    )
    other = [state[::-1] for state in plain.run(network, points)]
    np.testing.assert_allclose(
        plain.run(network, points, circuit, other)[-1], network.run_circuit(points, mine, other)[-1], atol=1e-12
    )


def test_joint_interventions():
    """Interventions on several layers hold together, and a neuron outside them follows from what is held."""
    network = eh.Network([[[1.0], [2.0]], [[1.0, 1.0]], [[1.0]]], [[0.0, 0.0], [0.0], [0.0]], ["identity"] * 3)
    held = eh.Intervention(1, (1,), np.array([[10.0], [20.0]]))
    assert network.run([[1.0], [1.0]], [held]).tolist() == [[11.0], [21.0]]
    last = eh.Intervention(2, (0,), np.array([[5.0], [6.0]]))
    assert network.run([[1.0], [1.0]], [held, last]).tolist() == [[5.0], [6.0]]
    assert network.run([[1.0], [1.0]]).tolist() == [[3.0], [3.0]]


def test_essay_table():
    """At steepness 25 the analytic network has the essay's table, to two decimals."""
    inputs, hidden, output = eh.xornet(25).states(assignments(2))
    table = np.hstack([inputs, hidden, output]).round(2).tolist()
    assert table == [[0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 0, 1], [1, 1, 1, 1, 1, 0]]


def test_equality_and_hash():
    """Two networks are the same when their arrays and activations are."""
    one, other = eh.Network(**GOOD), eh.Network(**GOOD)
    assert one == other and hash(one) == hash(other)
    assert one != eh.Network(**{**GOOD, "activations": ["relu", "tanh"]})
    with pytest.raises(ValueError, match="read-only"):
        one.weights[0][0, 0] = 7


BAD = [
    ({"weights": [[[1.0, 2.0]], [[3.0, 1.0]]]}, r"weights\[1\] takes 2 incoming neurons but weights\[0\] gives 1"),
    ({"biases": [[0.5, 1.0], [0.25]]}, r"weights\[0\] has 1 outgoing neurons but biases\[0\] has length 2"),
    ({"biases": [[math.nan], [0.25]]}, r"biases\[0\]\[0\] is nan; every value must be finite"),
    ({"weights": [[[1.0, math.inf]], [[3.0]]]}, r"weights\[0\]\[0, 1\] is inf"),
    ({"activations": ["relu", "mish"]}, r"activations\[1\]: unknown activation 'mish'; allowed: identity, relu"),
    ({"activations": ["relu", "relu:2"]}, "unknown activation 'relu:2'"),
    ({"activations": ["elu:-1", "relu"]}, "must be a number of at least 0"),
    ({"activations": ["sigmoid:0", "relu"]}, "must be a number above 0"),
    ({"activations": ["sigmoid:x", "relu"]}, "must be a number above 0"),
    ({"activations": ["relu"]}, "found 2, 2 and 1"),
    ({"weights": [[1.0, 2.0], [[3.0]]]}, r"weights\[0\] has shape \(2,\); expected a matrix"),
    ({"weights": [[[1.0], [1.0, 2.0]], [[3.0]]]}, r"weights\[0\] is not a rectangular array"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_networks(change, message):
    """Every unusable network is refused with the place, what was found and what is allowed."""
    with pytest.raises(eh.InputError, match=message):
        eh.Network(**{**GOOD, **change})


def test_all_faults_at_once():
    """Several faults are told together."""
    with pytest.raises(eh.InputError) as error:
        eh.Network(**{**GOOD, "biases": [[math.nan], [0.25]], "activations": ["mish", "relu"]})
    assert "biases[0]" in str(error.value) and "mish" in str(error.value)


def test_bad_calls():
    """Inputs and interventions of a wrong shape name both shapes."""
    network = eh.Network(**GOOD)
    with pytest.raises(eh.InputError, match=r"inputs have shape \(1, 3\); the network takes \(inputs, 2\)"):
        network.run([[1.0, 2.0, 3.0]])
    with pytest.raises(eh.InputError, match="the hidden layers are 1 to 1"):
        network.run([[1.0, 2.0]], [eh.Intervention(2, (0,), np.zeros((1, 1)))])
    with pytest.raises(eh.InputError, match="has neurons 0 to 0"):
        network.run([[1.0, 2.0]], [eh.Intervention(1, (3,), np.zeros((1, 1)))])
    with pytest.raises(eh.InputError, match=r"values have shape \(1, 2\), expected \(1, 1\)"):
        network.run([[1.0, 2.0]], [eh.Intervention(1, (0,), np.zeros((1, 2)))])


def test_circuits_of_other_networks():
    """A circuit with an edge of weight 0, or of other layers, is not run."""
    whole = Circuit.of_edges((2, 3, 1), [(1, 0, 1), (2, 0, 0)])
    with pytest.raises(eh.InputError, match=r"edge \(1, 0, 1\) has weight 0"):
        eh.xornet().run_circuit(assignments(2), whole)
    with pytest.raises(eh.InputError, match="belongs to a 2-3-1 network, not to a 2-1-1 one"):
        eh.Network(**GOOD).run_circuit(assignments(2), whole)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
@given(network=networks(outputs=(1, 2)))
def test_round_trip(tmp_path_factory, network, suffix):
    """A network read back from a file is the same, to the last bit."""
    path = tmp_path_factory.mktemp("networks") / f"network{suffix}"
    assert network == eh.load(eh.save_network(network, path))


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_files_from_elsewhere(tmp_path, suffix):
    """Broken, truncated and mistyped files are refused; the message names the file."""
    path = tmp_path / f"broken{suffix}"
    for content in (b"", b"{", b"\x80\x04\x95pickle", b"[1, 2]", b'{"weights": 3}', b"\xff" * 64, b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(eh.InputError, match=f"broken{suffix}"):
            eh.load(path)


FILES = [
    ({"weights": "x"}, "missing or not a list: weights"),
    ({"weights": [[["1"]]]}, "nested lists of numbers"),
    ({"biases": [[True], [0.0]]}, "nested lists of numbers"),
    ({"activations": [1, 2]}, "a name in quotes"),
    ({"activations": ["relu", "mish"]}, "unknown activation"),
]


@pytest.mark.parametrize(("change", "message"), FILES)
def test_bad_json(tmp_path, change, message):
    """A JSON file with wrong content is refused with the reason and the file's name."""
    path = tmp_path / "network.json"
    path.write_text(json.dumps({**GOOD, **change}))
    with pytest.raises(eh.InputError, match=message) as error:
        eh.load(path)
    assert str(path) in str(error.value)


def test_paths():
    """A missing file, or one of another kind, says which kinds are read."""
    with pytest.raises(eh.InputError, match="no such file"):
        eh.load("nowhere.json")
    with pytest.raises(eh.InputError, match=r"a network is read from .*\.safetensors.* files, not '.txt'"):
        eh.load("model.txt")
    with pytest.raises(eh.InputError, match=r"ends in .json or .safetensors"):
        eh.save_network(eh.xornet(), "model.pt")


def test_bad_safetensors(tmp_path):
    """Tensors of other names, or without activations beside them, are refused."""
    from safetensors.numpy import save_file

    path = tmp_path / "network.safetensors"
    save_file({"fc1.weight": np.ones((1, 2))}, path)
    with pytest.raises(eh.InputError, match=r"expected the tensors layers.0.weight.*found fc1.weight"):
        eh.load(path)
    save_file({"layers.0.weight": np.ones((1, 2)), "layers.0.bias": np.ones(1)}, path)
    with pytest.raises(eh.InputError, match='no "activations"'):
        eh.load(path)


def test_unwritable_place(tmp_path):
    """A place that cannot be written to is named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(eh.InputError, match="cannot write here"):
        eh.save_network(eh.xornet(), tmp_path / "file" / "network.json")


def test_interrupted_writing_leaves_nothing(tmp_path, monkeypatch):
    """Ctrl-C in the middle of writing leaves neither a half-written file nor a temporary one."""
    target = tmp_path / "network.json"
    eh.save_network(eh.xornet(), target)
    before = target.read_bytes()

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("everyhow.common.files.os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        eh.save_network(eh.Network(**GOOD), target)
    assert before == target.read_bytes()
    assert [target] == list(tmp_path.iterdir())


def test_a_network_without_biases():
    """No biases are not taken for zeros; the message says how zeros are given."""
    with pytest.raises(eh.InputError, match="biases is None; give a list with one vector per layer, zeros for a layer"):
        eh.Network([[[1.0, 1.0]]], None, ["identity"])
    with pytest.raises(eh.InputError, match=r"biases\[0\] is None; of a layer without biases give zeros"):
        eh.Network([[[1.0, 1.0]]], [None], ["identity"])
    with pytest.raises(eh.InputError, match="activations is 'relu'; give a list with one name per layer"):
        eh.Network([[[1.0, 1.0]]], [[0.0]], "relu")
