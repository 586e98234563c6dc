"""State dicts as mappings and in files: round trips, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.errors import FileFormatError, MissingExtraError
from everyhow.importing.state_dicts import in_natural_order

from .strategies import TYPES, trainable, wrong_bias

torch = pytest.importorskip("torch")
nn = torch.nn
NAMES = {"relu": nn.ReLU(), "tanh": nn.Tanh(), "sigmoid": nn.Sigmoid(), "leaky_relu:0.2": nn.LeakyReLU(0.2)}


@st.composite
def stacks(draw):
    """A stack of linear layers of one hidden activation, with its names and widths."""
    torch.manual_seed(draw(st.integers(0, 2**31)))
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=14))
    hidden, output = draw(st.sampled_from(sorted(NAMES))), draw(st.sampled_from([*sorted(NAMES), "identity"]))
    parts = []
    for k in range(len(sizes) - 1):
        last = k == len(sizes) - 2
        parts.append(nn.Linear(sizes[k], sizes[k + 1], bias=draw(st.booleans())))
        parts.append(NAMES.get(output, nn.Identity()) if last else NAMES[hidden])
    module = nn.Sequential(*parts).eval().to(draw(st.sampled_from(TYPES)))
    return module, hidden, output, tuple(sizes[1:-1])


@settings(max_examples=60)
@given(stacks(), st.sampled_from(["mapping", "arrays", ".pt", ".pth", ".safetensors"]))
def test_round_trip(tmp_path_factory, stack, way):
    """The tensors of a module, with its activations, give the network that the module gives, by any way."""
    from safetensors.torch import save_file

    module, hidden, output, widths = stack
    expected = eh.from_torch(module)
    tensors = module.state_dict()
    if way in ("mapping", "arrays"):
        if way == "arrays":
            tensors = {name: one.double().numpy() for name, one in tensors.items()}
        network = eh.from_state_dict(tensors, hidden, output, widths)
    else:
        path = tmp_path_factory.mktemp("models") / f"model{way}"
        if way == ".safetensors":
            save_file(tensors, path)
        else:
            torch.save(tensors, path)
        network = eh.load(path, hidden_activation=hidden, output_activation=output, widths=widths)
        assert network.origin.source == f"state dict in {path.name}"
    assert network == expected
    assert network.origin.largest_difference <= network.origin.allowed_difference


def test_parameters_and_views(tmp_path):
    """Tensors with gradients, and tensors that are parts of others, are read as they are seen."""
    module, whole = trainable(), torch.randn(6, 6)
    torch.save(dict(module.named_parameters()), tmp_path / "a.pt")
    assert eh.load(tmp_path / "a.pt", hidden_activation="relu") == eh.from_torch(module)
    torch.save({"0.weight": whole.T[1:4, ::2], "1.weight": whole[:2, :3]}, tmp_path / "b.pt")
    network = eh.load(tmp_path / "b.pt", hidden_activation="tanh")
    np.testing.assert_array_equal(network.weights[0], whole.T[1:4, ::2].numpy())
    np.testing.assert_array_equal(network.weights[1], whole[:2, :3].numpy())


def test_a_single_layer():
    """The state dict of a bare linear layer has no dots in its names."""
    assert eh.from_state_dict({"weight": np.ones((1, 2)), "bias": np.ones(1)}, "relu").widths == (2, 1)


def test_natural_order():
    """Layer 10 comes after layer 9, whatever stands around the numbers."""
    names = ["net.10.weight", "net.9.weight", "net.9.bias", "head.weight", "2.weight", "10.weight"]
    assert list(in_natural_order(dict.fromkeys(names))) == [
        "2.weight", "10.weight", "head.weight", "net.9.bias", "net.9.weight", "net.10.weight"
    ]  # fmt: skip


W, V = np.ones((3, 2)), np.ones((1, 3))
REFUSED = [
    ({}, {}, "there are no tensors; expected NAME.weight and NAME.bias"),
    ({"0.weight": W, "2.weight": V}, {"widths": (3, 3)},
     r"the widths asked for are \(3, 3\), but the tensors have the hidden layers \(3,\) \(0 2 to 3, 2 3 to 1\)"),
    ({"0.weight": W, "2.weight": np.ones((1, 4))}, {}, "2.weight takes 4 neurons but 0.weight.*gives 3.*from_torch"),
    ({"0.weight": W, "0.bias": np.ones(2)}, {}, "0.weight has 3 outgoing neurons but 0.bias 2"),
    ({"0.bias": np.ones(2)}, {}, "0.bias has no 0.weight beside it"),
    ({"0.weight": W, "1.running_mean": np.ones(3)}, {}, "1.running_mean belongs to a batch normalization.*from_torch"),
    ({"0.weight": W, "1.weight": np.ones(3)}, {}, r"1.weight has shape \(3,\); of a linear layer it is a matrix"),
    ({"0.weight": np.ones((2, 2, 2))}, {}, r"0.weight has shape \(2, 2, 2\)"),
    ({"0.weight": np.ones((0, 2))}, {}, "not empty"),
    ({"0.scale": W}, {}, "unknown tensor 0.scale; expected NAME.weight and NAME.bias"),
    ({"0.weight": W.astype(int)}, {}, "0.weight holds values of type int64; tensors of float64, float32"),
    ({"0.weight": "text"}, {}, "0.weight holds values of type <U4"),
    ({"0.weight": W * np.nan}, {}, r"weights\[0\]\[0, 0\] is nan"),
    ({"0.weight": W}, {"hidden_activation": "mish"}, "unknown activation 'mish'; allowed: identity, relu"),
    ({"0.weight": W}, {"output_activation": "softmax"}, "unknown activation 'softmax'"),
    ({"0.weight": W, "1.weight": V}, {"data": [[1.0]]}, "data has 1 features per input"),
    ([W], {}, "a state dict is a mapping of names to tensors, not list"),
]  # fmt: skip


@pytest.mark.parametrize(("tensors", "options", "message"), REFUSED)
def test_refused(tensors, options, message):
    """Tensors that are no layers of a chain are named."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_state_dict(tensors, **{"hidden_activation": "relu", **options})


def test_wrong_bias_is_caught(monkeypatch, tmp_path):
    """A bias wrong by 1e-3 is an error, from a file too."""
    module = trainable()
    torch.save(module.state_dict(), tmp_path / "model.pt")
    wrong_bias(monkeypatch)
    with pytest.raises(eh.InputError, match="state dict: the imported network computes something else"):
        eh.from_state_dict(module.state_dict(), "relu")
    with pytest.raises(FileFormatError, match=r"model.pt: state dict in model.pt: the imported network computes"):
        eh.load(tmp_path / "model.pt", hidden_activation="relu")


def test_options_of_files(tmp_path):
    """What a file does not say has to be given, and what it says must not be."""
    module = trainable()
    torch.save(module.state_dict(), tmp_path / "model.pt")
    with pytest.raises(FileFormatError, match=r"model.pt: a state dict does not say its activations.*everyhow import"):
        eh.load(tmp_path / "model.pt")
    path = eh.save_network(eh.xornet(), tmp_path / "network.json")
    with pytest.raises(FileFormatError, match=r"network.json: a network file says everything itself; leave out"):
        eh.load(path, hidden_activation="relu")
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(FileFormatError, match=r"an ONNX file says its widths and activations; leave out"):
        eh.load(tmp_path / "model.onnx", widths=(3,))


def test_missing_extra(tmp_path, monkeypatch):
    """Without PyTorch the error says which extra installs it, and what needs none."""
    torch.save(trainable().state_dict(), tmp_path / "model.pt")
    monkeypatch.setattr("everyhow.importing.torch_files.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'everyhow\[train\]'.*safetensors are read without it"):
        eh.load(tmp_path / "model.pt", hidden_activation="relu")
