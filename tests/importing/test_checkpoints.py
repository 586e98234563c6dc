"""The state dict inside a checkpoint, in the places where people have it, beside all that they keep there."""

import argparse
import pathlib
from collections import OrderedDict, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.importing.pickles import described

torch = pytest.importorskip("torch")
nn = torch.nn
torch.manual_seed(2)
MODULE = nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(), nn.Linear(3, 1)).eval()
STATE = MODULE.state_dict()
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
OUTPUTS = MODULE(torch.tensor(CORNERS, dtype=torch.float32)).detach().numpy()
SAID = {"hidden_activation": "leaky_relu", "threshold": 0.5}


class AttributeDict(dict):
    """A dictionary of a class of its own, as Lightning's hyperparameters are."""


class Settings:
    """An object of a class that nobody else has."""

    def __init__(self):
        self.layers = {"0.weight": torch.ones(1, 2)}


def optimizer():
    """The state of an optimizer after a step, which has a tensor for every parameter."""
    adam = torch.optim.Adam(MODULE.parameters())
    MODULE(torch.ones(1, 2)).sum().backward()
    adam.param_groups[0]["lr"] = 0.0
    adam.step()
    return adam.state_dict()


def prefixed(prefix):
    return OrderedDict((prefix + name, one) for name, one in STATE.items())


ANYTHING = {
    "epoch": 3, "loss": 0.1, "history": [0.3, 0.2], "best": np.float64(0.25), "curve": np.ones(3), 
    "dtype": torch.float32,
    "device": torch.device("cpu"), "shape": torch.Size([1, 2]), "path": pathlib.PurePosixPath("a/b"), "none": None,
    "args": argparse.Namespace(lr=0.1), "hyper": AttributeDict(lr=0.1), "object": Settings(), 
    "counts": defaultdict(int, a=1),
    "set": {1, 2}, "frozen": frozenset([3]), "complex": 1j, "bytes": b"abc", "large": 10**30, "class": nn.ReLU,
    "function": torch.relu, "module": nn.Linear(1, 1), "rng": torch.get_rng_state(), "tuples": {(1, 2): 3},
}  # fmt: skip
CHECKPOINTS = {
    "tutorials": ({"epoch": 3, "model_state_dict": STATE, "optimizer_state_dict": optimizer(), "loss": 0.1},
                  "left out of the file: epoch, optimizer_state_dict, loss"),
    "Lightning": ({"epoch": 3, "pytorch-lightning_version": "2.0", "state_dict": prefixed("net."),
                   "hyper_parameters": AttributeDict(lr=0.1)},
                  "left out of the file: epoch, pytorch-lightning_version, hyper_parameters"),
    "model and optimizer": ({"model": STATE, "optimizer": optimizer()}, "left out of the file: optimizer"),
    "state_dict alone": ({"state_dict": STATE}, None),
    "deep": ({"run": {"models": [{"net": STATE}, 3]}, "n": 1}, "left out of the file: n, run/models/1"),
    "compiled and parallel": ({"net": prefixed("module._orig_mod.")}, None),
    "averaged": ({"swa": OrderedDict(n_averaged=torch.tensor(4), **prefixed("module."))}, "n_averaged left out"),
    "bare": (STATE, None),
    "numbers among tensors": ({**STATE, "epoch": 3}, "left out of the file: epoch"),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".CKPT"])
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_found(tmp_path, name, suffix):
    """The one state dict of linear layers is found, and what was left out is named."""
    document, left_out = CHECKPOINTS[name]
    torch.save(document, tmp_path / f"model{suffix}")
    network = eh.load(tmp_path / f"model{suffix}", **SAID)
    np.testing.assert_allclose(network.run(CORNERS), OUTPUTS, rtol=1e-6, atol=1e-7)
    order = "order taken: 0 (2 to 3), 2 (3 to 1); the only one that the shapes allow"
    assert network.origin.folded == ((left_out, order) if left_out else (order,))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_whatever_stands_beside(tmp_path, protocol):
    """Objects of any kind beside the state dict are passed by, whichever way they are pickled."""
    torch.save({**ANYTHING, "state_dict": STATE}, tmp_path / "model.ckpt", pickle_protocol=protocol)
    network = eh.load(tmp_path / "model.ckpt", **SAID)
    np.testing.assert_allclose(network.run(CORNERS), OUTPUTS, rtol=1e-6, atol=1e-7)
    assert "left out of the file: epoch, loss, history, " in network.origin.folded[0]


VALUES = st.recursive(
    st.sampled_from(list(ANYTHING.values())) | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=40)
@given(
    st.dictionaries(st.text("abc", min_size=1), VALUES, max_size=4), st.lists(st.text("xyz", min_size=1), max_size=3)
)
def test_random_checkpoints(tmp_path_factory, beside, place):
    """Wherever the state dict lies, and whatever lies beside it, it is what is read."""
    document = STATE
    for key in place:
        document = {**beside, key: document}
    path = tmp_path_factory.getbasetemp() / "random.ckpt"
    torch.save(document, path)
    np.testing.assert_allclose(eh.load(path, **SAID).run(CORNERS), OUTPUTS, rtol=1e-6, atol=1e-7)


def test_several(tmp_path):
    """Of several state dicts one is chosen by its place; none of them is guessed."""
    other = OrderedDict((name, one + 1) for name, one in STATE.items())
    torch.save({"model": STATE, "ema": {"model": other}, "again": STATE}, tmp_path / "two.pt")
    message = r"two.pt: it holds 2 state dicts, model, ema/model; choose one, such as part='model' \(--part model"
    with pytest.raises(FileFormatError, match=message):
        eh.load(tmp_path / "two.pt", **SAID)
    np.testing.assert_allclose(eh.load(tmp_path / "two.pt", part="model", **SAID).run(CORNERS), OUTPUTS, atol=1e-6)
    network = eh.load(tmp_path / "two.pt", part="ema/model", **SAID)
    np.testing.assert_array_equal(network.weights[0], other["0.weight"].double().numpy())
    assert network.origin.folded[0] == "left out of the file: model, again"
    for part in ("optimizer", 3, ""):
        with pytest.raises(FileFormatError, match=r"it holds no state dict at the part .*holds are model, ema/model"):
            eh.load(tmp_path / "two.pt", part=part, **SAID)


def test_the_papers_released_code(tmp_path):
    """Its files say widths and activation themselves; its last layer is linear, and outputs are rounded."""
    layers = OrderedDict((f"layers.{int(name[0]) // 2}.0{name[1:]}", one) for name, one in STATE.items())
    for sizes in (
        {"layer_sizes": [2, 3, 1]},
        {"input_size": 2, "hidden_sizes": [3], "output_size": 1, "dropout_rate": 0.0},
    ):
        for state in (STATE, layers):
            torch.save({**sizes, "activation": "leaky_relu", "state_dict": state}, tmp_path / "model.pt")
            for options in ({}, {"hidden_activation": "leaky_relu"}, {"widths": (3,)}, {"threshold": 0.5}):
                network = eh.load(tmp_path / "model.pt", **options)
                assert network.activations == ("leaky_relu", "identity")
                np.testing.assert_allclose(network.run(CORNERS), OUTPUTS, rtol=1e-6, atol=1e-7)
            told = (
                "layer sizes 2-3-1 as the file says, and activation leaky_relu as the file says; the output linear and"
            )
            assert any(told in words for words in eh.load(tmp_path / "model.pt").origin.folded)
    assert eh.load(tmp_path / "model.pt", output_activation="sigmoid").activations == ("leaky_relu", "sigmoid")


def test_what_contradicts_the_released_code(tmp_path):
    """What a user says against the file, or the file against its own tensors, is an error that says both."""
    document = {"layer_sizes": [2, 3, 1], "activation": "leaky_relu", "state_dict": STATE}
    path = tmp_path / "model.pt"
    torch.save(document, path)
    with pytest.raises(
        FileFormatError, match="says activation 'leaky_relu' itself, but hidden_activation is 'relu'; leave"
    ):
        eh.load(path, hidden_activation="relu")
    with pytest.raises(FileFormatError, match=r"the widths asked for are \(4,\), but .* hidden layers \(3,\)"):
        eh.load(path, widths=(4,))
    torch.save({**document, "layer_sizes": [2, 4, 1]}, path)
    with pytest.raises(
        FileFormatError, match=r"says layer sizes 2-4-1, but has matrices of the shapes .*\(1, 3\), \(3, 2\)"
    ):
        eh.load(path)
    torch.save({**document, "activation": "swish"}, path)
    with pytest.raises(
        FileFormatError,
        match=r"it has the activation 'swish', which is not known; give another one, .*hidden_activation=",
    ):
        eh.load(path)
    torch.save({**document, "activation": nn.ReLU}, path)
    with pytest.raises(FileFormatError, match="a state dict does not say its activations"):
        eh.load(path)


NAMED = {"state_dict": STATE, "layer_sizes": [2, 3, 1], "activation": "LeakyReLU"}


@pytest.mark.parametrize("beside", [
    {"loss": "BCEWithLogitsLoss"}, {"criterion": nn.BCEWithLogitsLoss()}, {"epoch": 3}, {"final_activation": "sigmoid"},
    {"output_activation": None}, {"output_activation": nn.Sigmoid},
])  # fmt: skip
def test_hyperparameters_of_other_code(tmp_path, beside):
    """Widths and activation are taken from any dictionary; what its output means only from the released code's own."""
    torch.save({**NAMED, **beside}, tmp_path / "model.pt")
    with pytest.raises(FileFormatError, match="a state dict does not say what its output means"):
        eh.load(tmp_path / "model.pt")
    network = eh.load(tmp_path / "model.pt", threshold=0)
    assert (network.threshold, network.activations) == (0, ("leaky_relu", "identity"))
    np.testing.assert_allclose(network.run(CORNERS), OUTPUTS, rtol=1e-6, atol=1e-7)


def test_released_keys_inside_another_dictionary(tmp_path):
    """What stands further out may speak of the output, too."""
    torch.save({"model": NAMED, "loss": "BCEWithLogitsLoss"}, tmp_path / "model.pt")
    with pytest.raises(FileFormatError, match="a state dict does not say what its output means"):
        eh.load(tmp_path / "model.pt")


@pytest.mark.parametrize("hidden", [True, False])
def test_output_activations_of_files(tmp_path, hidden):
    """An output activation that a file names is taken, told, and must not be contradicted."""
    sizes = {"input_size": 2, "hidden_sizes": [3], "output_size": 1, "activation": "leaky_relu"} if hidden else {}
    options, path = ({} if hidden else {"hidden_activation": "leaky_relu"}), tmp_path / "model.pt"
    for name in ("sigmoid", "Sigmoid"):
        torch.save({**sizes, "state_dict": STATE, "output_activation": name}, path)
        for more in ({}, {"output_activation": "sigmoid"}):
            network = eh.load(path, **options, **more)
            np.testing.assert_allclose(network.run(CORNERS), 1 / (1 + np.exp(-OUTPUTS)), rtol=1e-6, atol=1e-7)
        assert any("output activation sigmoid as the file says" in words for words in network.origin.folded)
    with pytest.raises(
        FileFormatError, match="says output_activation 'Sigmoid' itself, but output_activation is 'tanh'"
    ):
        eh.load(path, output_activation="tanh", **options)
    torch.save({**sizes, "state_dict": STATE, "output_activation": "mish"}, path)
    with pytest.raises(
        FileFormatError, match=r"has the output_activation 'mish', which is not known; .*--output-activat"
    ):
        eh.load(path, threshold=0, **options)
    network = eh.load(path, output_activation="sigmoid", **options)
    assert network.activations[-1] == "sigmoid"
    assert any("sigmoid as given, in place of the file's 'mish'" in words for words in network.origin.folded)


@pytest.mark.parametrize(("name", "ours"), [
    ("ReLU", "relu"), ("Tanh", "tanh"), ("LeakyReLU", "leaky_relu"), ("Leaky_ReLU", "leaky_relu"),
    ("SIGMOID", "sigmoid"), ("leaky_relu:0.2", "leaky_relu:0.2"), ("GELU", "gelu"),
])  # fmt: skip
def test_names_of_activations(tmp_path, name, ours):
    """Files call activations as PyTorch's classes do; the user may call them so as the library does."""
    torch.save({**NAMED, "activation": name}, tmp_path / "model.pt")
    for options in ({}, {"hidden_activation": ours}):
        assert eh.load(tmp_path / "model.pt", **options).activations == (ours, "identity")
    with pytest.raises(FileFormatError, match="names 2 activations"):
        eh.load(tmp_path / "model.pt", hidden_activation=f"{ours},{ours}")


def test_given_in_place_of_an_unknown_activation(tmp_path):
    """Where the file's own name is not known, the one that is given is taken, and both are told."""
    torch.save({**NAMED, "activation": "my_act"}, tmp_path / "model.pt")
    network = eh.load(tmp_path / "model.pt", hidden_activation="tanh")
    assert network.activations == ("tanh", "identity")
    assert any("activation tanh as given, in place of the file's 'my_act'" in words for words in network.origin.folded)


def test_a_number_and_a_text_of_one_name(tmp_path):
    """The keys 0 and "0" would be one name: neither is taken for the other."""
    other = {name: one + 1 for name, one in STATE.items()}
    for document in ({0: STATE, "0": other}, {"models": {"0": STATE, 0: other}}):
        torch.save(document, tmp_path / "model.pt")
        with pytest.raises(FileFormatError, match="holds both the key 0 and the key '0', which are one name; give one"):
            eh.load(tmp_path / "model.pt", **SAID)


@pytest.mark.parametrize("document", [
    {"fc1": MODULE[0].state_dict(), "fc2": MODULE[2].state_dict()},
    {"layers": [MODULE[0].state_dict(), MODULE[2].state_dict()]},
])  # fmt: skip
def test_layers_saved_one_by_one(tmp_path, document):
    """Layers that are dictionaries of their own: what to do for one network of them is said."""
    torch.save(document, tmp_path / "model.pt")
    with pytest.raises(
        FileFormatError, match=r"each is one layer: if they are .* one dictionary, as (fc1|0).weight and"
    ):
        eh.load(tmp_path / "model.pt", **SAID)
    with pytest.raises(eh.InputError, match=r"layers as dictionaries of their own; put .* such as (fc1|0).weight"):
        eh.from_state_dict(document, "leaky_relu", threshold=0.5)


def test_layer_sizes_settle_the_order(tmp_path):
    """Layers 2 to 3 and 3 to 2 may come either way round; the sizes beside them say which."""
    state = {"b.weight": torch.ones(2, 3), "a.weight": torch.ones(3, 2)}
    torch.save({"layer_sizes": [2, 3, 2], "activation": "tanh", "state_dict": state}, tmp_path / "model.pt")
    assert eh.load(tmp_path / "model.pt").widths == (2, 3, 2)


def test_an_optimizer_is_not_a_model(tmp_path):
    """The tensors of an optimizer are not those of layers."""
    torch.save(optimizer(), tmp_path / "optimizer.pt")
    with pytest.raises(FileFormatError, match=r"it holds no state dict of linear layers.*'state' .*'param_groups'"):
        eh.load(tmp_path / "optimizer.pt", **SAID)


def test_nested_without_end(tmp_path):
    """Pickles that share and contain themselves are looked at once: no time, and no memory."""
    inner = []
    for _ in range(200):
        inner = [inner, inner, {"a": inner}]
    loop = {"state_dict": STATE, "deep": inner}
    loop["self"] = loop
    torch.save(loop, tmp_path / "loop.pt")
    assert eh.load(tmp_path / "loop.pt", **SAID).widths == (2, 3, 1)


def test_keys_that_take_for_ever(tmp_path):
    """A key that is a pair of pairs of pairs ... is never hashed, and one of many digits never shown."""
    torch.save({"state_dict": STATE, 10**5000: [STATE["0.weight"]]}, tmp_path / "large.pt")
    assert eh.load(tmp_path / "large.pt", **SAID).widths == (2, 3, 1)
    doubled = b")" + b"q\x00h\x00\x86" * 200
    assert list(described(b"\x80\x02}" + doubled + b"K\x01s.").values()) == [1]
