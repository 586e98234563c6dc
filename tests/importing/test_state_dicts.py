"""State dicts as mappings and in files: round trips, what hooks make of weights, questions, and what is refused."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError

from .strategies import TYPES, trainable

torch = pytest.importorskip("torch")
nn = torch.nn
NAMES = {"relu": nn.ReLU(), "tanh": nn.Tanh(), "sigmoid": nn.Sigmoid(), "leaky_relu:0.2": nn.LeakyReLU(0.2)}
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
W, V = np.ones((3, 2)), np.ones((1, 3))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # quantized tensors are on their way out of PyTorch
    QUANTIZED = torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8)


def plain(module, names):
    """The network of the parameters of a stack of linear layers."""
    layers = [part for part in module if isinstance(part, nn.Linear)]
    weights = [part.weight.detach().double().numpy() for part in layers]
    biases = [
        np.zeros(len(part.weight)) if part.bias is None else part.bias.detach().double().numpy() for part in layers
    ]
    return eh.Network(weights, biases, names)


@st.composite
def stacks(draw):
    """A stack of linear layers, the activation of each hidden one and of the last one, and its widths."""
    torch.manual_seed(draw(st.integers(0, 2**31)))
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=14))
    hidden = [draw(st.sampled_from(sorted(NAMES))) for _ in sizes[2:]]
    names = [*hidden, draw(st.sampled_from([*sorted(NAMES), "identity"]))]
    parts = []
    for k, name in enumerate(names):
        parts += [nn.Linear(sizes[k], sizes[k + 1], bias=draw(st.booleans())), NAMES.get(name, nn.Identity())]
    return nn.Sequential(*parts).eval().to(draw(st.sampled_from(TYPES))), names, tuple(sizes[1:-1])


@settings(max_examples=60)
@given(stacks(), st.sampled_from(["mapping", "arrays", ".pt", ".pth", ".ckpt", ".BIN", ".safetensors"]))
def test_round_trip(tmp_path_factory, stack, way):
    """The tensors of a module, with its activations, give the network of its parameters, by any way."""
    from safetensors.torch import save_file

    module, names, widths = stack
    tensors, hidden = module.state_dict(), names[:-1] or "relu"
    if way in ("mapping", "arrays"):
        if way == "arrays":
            tensors = {name: one.double().numpy() for name, one in tensors.items()}
        network = eh.from_state_dict(tensors, hidden, names[-1], widths)
    else:
        path = tmp_path_factory.mktemp("models") / f"model{way}"
        save_file(tensors, path) if way == ".safetensors" else torch.save(tensors, path)
        network = eh.load(path, hidden_activation=",".join(hidden) if names[1:] else "relu",
                          output_activation=names[-1], widths=widths)  # fmt: skip
        assert network.origin.source == f"state dict in {path.name}"
    assert network == plain(module, names)
    assert network.origin.checked_on == "nothing to compare with: a state dict holds tensors, not the model"
    assert network.origin.inputs_checked == 0


def test_bytes_against_torch(tmp_path):
    """What is read from the bytes of a file is what torch.load reads: the second route to every number."""
    from everyhow.importing.torch_files import _document, _records, _tensor

    torch.manual_seed(1)
    whole = torch.randn(6, 6)
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
    tensors = {f"{k}.weight": (whole * 3).to(kind) for k, kind in enumerate(kinds)}
    tensors |= {"view": whole.T[1:4, ::2], "scalar": torch.tensor(3.0), "parameter": nn.Parameter(whole[0])}
    torch.save(tensors, tmp_path / "all.pt")
    records = _records((tmp_path / "all.pt").read_bytes())
    document, folder = _document(records)
    for name, expected in torch.load(tmp_path / "all.pt", weights_only=True).items():
        found, _ = _tensor(name, document[name], records, folder)
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found.astype(np.float64), expected.detach().double().numpy())


def test_parameters_and_views(tmp_path):
    """Tensors with gradients, and tensors that are parts of others, are read as they are seen."""
    module, whole = trainable(), torch.randn(6, 6)
    torch.save(dict(module.named_parameters()), tmp_path / "a.pt")
    expected = plain(module, ["relu", "relu", "identity"])
    assert eh.load(tmp_path / "a.pt", hidden_activation="relu", threshold=0) == expected
    assert eh.from_state_dict(dict(module.named_parameters()), "relu", threshold=0) == expected
    torch.save({"0.weight": whole.T[1:4, ::2], "1.weight": whole[:2, :3]}, tmp_path / "b.pt")
    network = eh.load(tmp_path / "b.pt", hidden_activation="tanh")
    np.testing.assert_array_equal(network.weights[0], whole.T[1:4, ::2].numpy())
    np.testing.assert_array_equal(network.weights[1], whole[:2, :3].numpy())


def test_a_single_layer():
    """The state dict of a bare linear layer has no dots in its names, and needs no hidden activation."""
    network = eh.from_state_dict({"weight": np.ones((1, 2)), "bias": np.ones(1)}, None, "sigmoid")
    assert network.widths == (2, 1) and network.activations == ("sigmoid",)


def test_mixed_types():
    """Layers of several precisions are read as they are; the origin names the least precise."""
    tensors = {"0.weight": W.astype(np.float16) / 3, "1.weight": V / 3}
    network = eh.from_state_dict(tensors, "relu", threshold=0)
    assert network.weights[0][0, 0] == float(np.float16(1) / np.float16(3)) and network.weights[1][0, 0] == 1 / 3
    assert network.origin.precision == "float16"


def _normalized(kind):
    from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

    def pruned(layer):
        prune.random_unstructured(layer, "weight", 0.4)
        return prune.random_unstructured(layer, "bias", 1) if layer.bias is not None else layer

    return {
        "weight norm": weight_norm, "weight norm by columns": lambda one: weight_norm(one, dim=1),
        "weight norm of all": lambda one: weight_norm(one, dim=None), "new weight norm": parametrizations.weight_norm,
        "new weight norm by columns": lambda one: parametrizations.weight_norm(one, dim=1),
        "spectral norm": spectral_norm, "spectral norm by columns": lambda one: spectral_norm(one, dim=1),
        "new spectral norm": parametrizations.spectral_norm,
        "new spectral norm by columns": lambda one: parametrizations.spectral_norm(one, dim=1), "pruning": pruned,
    }[kind]  # fmt: skip


KINDS = ["weight norm", "weight norm by columns", "weight norm of all", "new weight norm", "new weight norm by columns",
         "spectral norm", "spectral norm by columns", "new spectral norm", "new spectral norm by columns",
         "pruning"]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [4, 2])
@pytest.mark.parametrize("way", ["mapping", "file"])
def test_weights_that_hooks_make(tmp_path, kind, width, way):
    """Weights that are stored in parts are what the module computes with in eval mode, after some training."""
    torch.manual_seed(5)
    module = nn.Sequential(_normalized(kind)(nn.Linear(2, width)), nn.Tanh(), _normalized(kind)(nn.Linear(width, 1)))
    optimizer = torch.optim.SGD(module.parameters(), 0.001)
    for _ in range(20):
        optimizer.zero_grad()
        module(torch.randn(20, 2)).square().sum().backward()
        optimizer.step()
    module.eval()
    if way == "file":
        torch.save(module.state_dict(), tmp_path / "model.pt")
        network = eh.load(tmp_path / "model.pt", hidden_activation="tanh", threshold=0)
    else:
        network = eh.from_state_dict(module.state_dict(), "tanh", threshold=0)
    with torch.no_grad():
        expected = module(torch.tensor(CORNERS, dtype=torch.float32)).numpy()
        np.testing.assert_allclose(network.run(CORNERS), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(network.weights[0], module[0].weight.numpy(), rtol=1e-5, atol=1e-7)
    told = kind.removeprefix("new ").split(" by ")[0].removesuffix(" of all").replace("norm", "normalization")
    assert f"{told} of 0 put together" in network.origin.folded


def test_a_square_spectral_norm_that_fits_both_ways():
    """Vectors of a square matrix are of its rows or its columns, by which of them they fit; else nothing is guessed."""
    matrix, v = np.array([[1.0, 2], [0, 1]]), np.array([1.0, 0])
    rows = {"0.weight_orig": matrix, "0.weight_u": np.array([1.0, 0]), "0.weight_v": v}
    np.testing.assert_allclose(eh.from_state_dict(rows, None, "relu").weights[0], matrix)  # u W v = 1
    columns = {**rows, "0.weight_u": np.array([1, 2]) / 5**0.5}
    np.testing.assert_allclose(eh.from_state_dict(columns, None, "relu").weights[0], matrix / 5**0.5)  # v W u = sqrt 5
    with pytest.raises(eh.InputError, match=r"0.weight is of a spectral .* as well as the rows.*remove_spectral_norm"):
        eh.from_state_dict({**rows, "0.weight_u": np.array([0.0, 1])}, None, "relu")


REFUSED = [
    ({}, {}, "there are no tensors; expected NAME.weight and NAME.bias"),
    ({"0.weight": W, "2.weight": V}, {"widths": (3, 3)},
     r"the widths asked for are \(3, 3\), but the tensors have the hidden layers \(3,\) "
     r"\(0 \(2 to 3\), 2 \(3 to 1\)\); give the neurons of each hidden layer"),
    ({"0.weight": W, "2.weight": np.ones((1, 4))}, {}, r"no order .* chains.*0 \(2 to 3\), 2 \(4 to 1\).*from_torch"),
    ({"0.weight": W, "0.bias": np.ones(2)}, {}, r"0.weight has 3 outgoing neurons but 0.bias the shape \(2,\)"),
    ({"0.weight": W, "0.bias": np.ones((3, 1))}, {}, r"0.bias the shape \(3, 1\); of a linear layer it has one number"),
    ({"0.bias": np.ones(2)}, {}, "0.bias has no 0.weight beside it"),
    ({"0.weight": W, "1.running_mean": np.ones(3)}, {},
     "1.running_mean belongs to a batch normalization, whose place .* does not say.*from_torch, in eval mode"),
    ({"0.weight": W, "1.weight": np.ones(3), "1.bias": np.ones(3)}, {},
     r"1.weight has shape \(3,\), so it may belong to a normalization; of a linear layer it is a matrix"),
    ({"0.weight": W, "1.weight": np.ones(1)}, {}, r"1.weight has shape \(1,\), so it may belong to a PReLU or a norm"),
    ({"0.weight": np.ones((2, 2, 2))}, {}, r"0.weight has shape \(2, 2, 2\), so it may belong to a convolution"),
    ({"0.weight": np.ones((0, 2))}, {}, "not empty"),
    ({"0.weight": np.float64(3)}, {}, r"0.weight has shape \(\)"),
    ({"0.scale": W}, {}, "unknown tensor 0.scale; expected NAME.weight and NAME.bias"),
    ({"": W}, {}, "unknown tensor ; expected NAME.weight"),
    ({"attention.in_proj_weight": W}, {}, "attention.in_proj_weight belongs to an attention layer; import the module"),
    ({"rnn.weight_ih_l0": W}, {}, "rnn.weight_ih_l0 belongs to a recurrent layer"),
    ({"0.weight": W, "loss.pos_weight": np.ones(1)}, {}, "loss.pos_weight belongs to a loss"),
    ({"0.parametrizations.weight.original": W, "0.parametrizations.weight.0.base": W}, {},
     "0.parametrizations.weight.original belongs to a parametrization that is not .*remove_parametrizations"),
    ({"0.weight_g": np.ones((2, 1)), "0.weight_v": W}, {}, r"two tensors of shapes \(2, 1\) and \(3, 2\)"),
    ({"0.weight_orig": W, "0.weight_mask": V}, {}, r"0.weight_orig has the shape \(3, 2\), 0.weight_mask \(1, 3\)"),
    ({"0.weight_orig": W, "0.weight_u": np.ones(2), "0.weight_v": np.ones(2)}, {}, r"vectors of shapes \(2,\) and"),
    ({"0.weight_g": np.ones((3, 1)), "0.weight_v_orig": W, "0.weight_v_mask": W}, {},
     "^0.weight_v_orig and 0.weight_v_mask are of a pruning .*prune.remove"),
    ({"0.weight_u": np.ones(3), "0.weight_v": np.ones(2), "0.weight_orig_orig": W, "0.weight_orig_mask": W}, {},
     "^0.weight_orig_orig and 0.weight_orig_mask are of a pruning .*prune.remove"),
    ({"0.weight_orig": W}, {}, "unknown tensor 0.weight_orig"),
    ({"0.weight": W.astype(int)}, {}, "0.weight holds values of type int64; tensors of float64, float32"),
    ({"0.weight": "text"}, {}, "0.weight holds values of type <U4"),
    ({"0.weight": None}, {}, "0.weight holds values of type object"),
    ({"0.weight": [[1.0], [1.0, 2.0]]}, {}, r"0.weight cannot be read as an array \(.*from_torch"),
    ({"0.weight": W * np.nan}, {}, r"0.weight\[0, 0\] is nan; every value must be finite"),
    ({"0.weight": W, "0.bias": np.array([0, np.inf, 0])}, {}, r"0.bias\[1\] is inf; every value must be finite"),
    ({"0.weight": torch.ones(2, 2).to_sparse()}, {}, r"0.weight is a sparse tensor; give what its to_dense"),
    ({"0.weight": QUANTIZED}, {}, "is a quantized tensor; .*dequantize"),
    ({"0.weight": torch.ones(2, 2, device="meta")}, {}, "is on the device meta, so it holds no numbers"),
    ({"0.weight": torch.ones(2, 2).to(torch.float8_e4m3fn)}, {}, "0.weight (cannot be read|holds values of type)"),
    ({"0.weight": torch.ones(2, 2, dtype=torch.complex64)}, {}, "0.weight holds values of type complex64"),
    ({3: W}, {}, "has the key 3, which is not a text"),
    ({"model": {"0.weight": W}}, {}, "under 'model' it holds a dictionary, not a tensor.*give the state dict alone"),
    ({"token_embedding.weight": W}, {}, "token_embedding.weight has no bias, and its name is that of an embedding"),
    ({"0.zero_point": W.astype(int), "0._packed_params.dtype": 3}, {}, "dtype belongs to a quantized layer"),
    ({f"{k}.weight": np.ones((1, 1)) for k in range(501)}, {}, "it holds tensors of 501 layers; at most 500"),
    ({"0.weight": W}, {"hidden_activation": "softmix"}, "unknown activation 'softmix'; allowed: identity, relu"),
    ({"0.weight": W}, {"output_activation": "softmax"}, "unknown activation 'softmax'"),
    ({"0.weight": W}, {"output_activation": 3}, "output_activation is 3; it is the name of one activation"),
    ({"0.weight": W, "1.weight": V}, {"hidden_activation": None}, "does not say its activations.*each of the 1 hidden"),
    ({"0.weight": W, "1.weight": V}, {"hidden_activation": 3}, "hidden_activation is 3; give names"),
    ({"0.weight": W, "1.weight": V}, {"hidden_activation": [3]}, r"hidden_activation is \[3\]; give names"),
    ({"0.weight": W, "1.weight": V}, {"hidden_activation": "relu,tanh"},
     r"names 2 activations \(relu, tanh\), but there are 1 hidden layers \(0\); give one for all"),
    ({"0.weight": W, "1.weight": V}, {"hidden_activation": ()}, "names 0 activations"),
    ({"0.weight": W, "1.weight": V}, {"data": [[1.0]]}, "data has 1 features per input"),
    ({"0.weight": W, "1.weight": V}, {"threshold": "0"}, "threshold is '0'; it is the number above which"),
    ({"0.weight": W, "1.weight": V}, {"threshold": float("nan")}, "threshold is nan"),
    ({"0.weight": W, "1.weight": V}, {"threshold": True}, "threshold is True"),
    ({"0.weight": W, "1.weight": V}, {"order": 3}, "order is 3; give names"),
    ({"0.weight": W, "1.weight": V}, {"order": {"0", "1"}}, "order is {.*give names, as a sequence"),
    ({"0.weight": W, "1.weight": V}, {"order": [0, 1]}, r"order is \[0, 1\]; give names"),
    *(({"0.weight": W, "1.weight": V}, {"widths": odd}, "widths is .*; give the neurons of each hidden layer, such as")
      for odd in (3, "3", [3.0], [None], [[3]], {3: 3}, [True], {3})),
    ([W], {}, "a state dict is a mapping of names to tensors, not list"),
    ("text", {}, "a state dict is a mapping of names to tensors, not str"),
    (None, {}, "a state dict is a mapping of names to tensors, not NoneType"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("tensors", "options", "message"), REFUSED)
def test_refused(tensors, options, message):
    """Tensors that are no layers of a chain, and options that say nothing of them, are named."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_state_dict(tensors, **{"hidden_activation": "relu", "output_activation": "sigmoid", **options})


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.binary(max_size=3)
    | st.sampled_from([W, V, np.ones(3), np.array(["a"]), torch.ones(1, 2), object(), W.astype(int), np.nan * W]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text("ab.0", max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
KEYS = st.sampled_from(["0.weight", "0.bias", "1.weight", "1.weight_g", "a.weight_orig", "weight"])
OPTIONS = st.sampled_from(["hidden_activation", "output_activation", "widths", "data", "order", "threshold"])


@given(st.dictionaries(KEYS | st.text(max_size=4), ODD, max_size=4) | ODD, st.dictionaries(OPTIONS, ODD, max_size=2))
def test_odd_objects(tensors, options):
    """Whatever is given, it is a network or an error of everyhow's own."""
    try:
        assert isinstance(eh.from_state_dict(tensors, **{"hidden_activation": "relu", **options}), eh.Network)
    except eh.EveryhowError as error:
        assert str(error)


@given(ODD)
def test_odd_paths(source):
    """Whatever stands where a path belongs, load answers with an error of everyhow's own."""
    with pytest.raises(eh.EveryhowError, match=r"."):
        eh.load(source)


def test_what_an_output_means(tmp_path):
    """A last layer that is linear as far as anyone said: both choices are shown, with what follows from each."""
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        for one, values in zip(module.parameters(), ([[1, 1], [1, 1]], [0, -1], [[0.5, -1]], [-0.2]), strict=True):
            one.copy_(torch.tensor(values))
        logits = module(torch.tensor(CORNERS, dtype=torch.float32)).numpy()[:, 0]
    assert [bool(z > 0) for z in logits] == [False, True, True, False] and not (logits > 0.5).any()
    torch.save(module.state_dict(), tmp_path / "logits.pt")
    message = (
        r'output_activation="sigmoid" .*or output_activation="identity", threshold=0 .*logits.*BCEWithLogitsLoss: '
        r"either way it computes 0110 on inputs of 0 and 1; or threshold=0.5 .*towards 0 and 1: it then computes 0000; "
        r'or output_activation="tanh", threshold=0 .*--inputs=-1,1.*by threshold 0 it then computes 0000'
    )
    with pytest.raises(FileFormatError, match=message):
        eh.load(tmp_path / "logits.pt", hidden_activation="relu")
    with pytest.raises(eh.InputError, match=message):
        eh.from_state_dict(module.state_dict(), "relu")
    for options in ({"output_activation": "sigmoid"}, {"threshold": 0}, {"output_activation": "identity"}):
        network = eh.load(tmp_path / "logits.pt", hidden_activation="relu", **options)
        assert network.activations == ("relu", options.get("output_activation", "identity"))
        outputs = network.run(CORNERS)[:, 0]
        expected = 1 / (1 + np.exp(-logits)) if "sigmoid" in options.values() else logits
        np.testing.assert_allclose(outputs, expected, atol=1e-6)
    wide = {"0.weight": np.ones((3, 5)), "1.weight": V}
    with pytest.raises(eh.InputError, match="a state dict does not say what its output means") as error:
        eh.from_state_dict(wide, "relu")
    assert "computes" not in str(error.value)
    assert eh.from_state_dict({"0.weight": W, "1.weight": np.ones((2, 3))}, "relu").activations[-1] == "identity"


def test_compared_with_outputs():
    """With outputs of the model the import is checked, and the check can fail."""
    module = trainable()
    with torch.no_grad():
        outputs = module(torch.tensor(CORNERS, dtype=torch.float32))
    named = {"hidden_activation": "relu", "threshold": 0.5}
    for given_outputs in (outputs, outputs.numpy(), outputs[:, 0], outputs.numpy().tolist()):
        origin = eh.from_state_dict(module.state_dict(), data=(CORNERS, given_outputs), **named).origin
        assert origin.inputs_checked == 4 and origin.checked_on == "4 given inputs, with the outputs given"
        assert 0 <= origin.largest_difference <= origin.allowed_difference < 1e-5
    with pytest.raises(
        eh.InputError, match=r"state dict: the imported network computes something else.*output 0 at the"
    ):
        eh.from_state_dict(module.state_dict(), data=(CORNERS, outputs + 1e-3), **named)
    with pytest.raises(eh.InputError, match="the imported network computes something else"):
        eh.from_state_dict(module.state_dict(), "tanh", data=(CORNERS, outputs), threshold=0.5)
    with pytest.raises(eh.InputError, match=r"outputs in data have the shape \(3, 1\); the network gives \(4, 1\)"):
        eh.from_state_dict(module.state_dict(), data=(CORNERS, outputs[:3]), **named)
    with pytest.raises(
        eh.InputError, match="the outputs in data are None; give one row per input, or the inputs alone"
    ):
        eh.from_state_dict(module.state_dict(), data=(CORNERS, None), **named)
    with pytest.raises(eh.InputError, match="the outputs in data are not an array of numbers"):
        eh.from_state_dict(module.state_dict(), data=(CORNERS, ["a", "b", "c", "d"]), **named)
    origin = eh.from_state_dict(module.state_dict(), data=CORNERS, **named).origin
    assert origin.inputs_checked == 0 and origin.checked_on.startswith("nothing to compare with")


def test_options_of_files(tmp_path):
    """What a file does not say has to be given, and what it says must not be."""
    module = trainable()
    torch.save(module.state_dict(), tmp_path / "model.pt")
    with pytest.raises(FileFormatError, match=r"model.pt: a state dict does not say its activations.*everyhow import"):
        eh.load(tmp_path / "model.pt")
    for suffix in (".json", ".safetensors"):
        path = eh.save_network(eh.xornet(), tmp_path / f"network{suffix}")
        for option in ({"hidden_activation": "relu"}, {"order": "a,b"}, {"part": "model"}):
            with pytest.raises(
                FileFormatError, match=rf"network{suffix}: a network file says everything itself; leave out"
            ):
                eh.load(path, **option)
    from safetensors.torch import save_file

    save_file(module.state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(
        FileFormatError, match=r"other.safetensors: a state dict does not say its activations; give them"
    ):
        eh.load(tmp_path / "other.safetensors", threshold=0)
    with pytest.raises(FileFormatError, match=r"other.safetensors: a .safetensors file has no parts; leave out"):
        eh.load(tmp_path / "other.safetensors", hidden_activation="relu", part="model")
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(FileFormatError, match=r"an ONNX file says its widths and activations; leave out"):
        eh.load(tmp_path / "model.onnx", widths=(3,))


PATHS = [
    (None, "load takes the path of a file, not NoneType; such a file is one of .json"),
    (3, "load takes the path of a file, not int"),
    (nn.Linear(2, 1), "not Linear; give it to everyhow.from_torch"),
    (nn.Linear(2, 1).state_dict(), "not OrderedDict; give it to everyhow.from_state_dict"),
    ("model.h5", r"model.h5: a network is read from .json, .* files, not '.h5'; export the Keras model to ONNX"),
    ("model.pkl", "a pickle is not opened: load it yourself and give the model to from_torch or from_sklearn"),
    ("model", "model: a network is read from .* files, not 'nothing'"),
    ("missing.PT", "missing.PT: no such file; give the path of a network file"),
    ("\0.pt", "no such file"),
    ("x" * 5000 + ".pt", "cannot be read .*give another path"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "message"), PATHS)
def test_paths(source, message):
    """What is not the path of a network file is named, with what to call."""
    with pytest.raises(eh.InputError, match=message):
        eh.load(source)


def test_folders_and_capital_letters(tmp_path):
    """A folder is said to be one, and the case of a suffix does not matter."""
    (tmp_path / "folder.pt").mkdir()
    with pytest.raises(FileFormatError, match=r"folder.pt is a folder; give a network file in it"):
        eh.load(tmp_path / "folder.pt")
    eh.save_network(eh.xornet(), tmp_path / "a.json").rename(tmp_path / "a.JSON")
    eh.save_network(eh.xornet(), tmp_path / "a.safetensors").rename(tmp_path / "a.SafeTensors")
    torch.save(trainable().state_dict(), tmp_path / "a.pth.tar")
    assert eh.load(tmp_path / "a.JSON") == eh.load(tmp_path / "a.SafeTensors") == eh.xornet()
    assert eh.load(str(tmp_path / "a.pth.tar"), hidden_activation="relu", threshold=0).widths == (2, 3, 3, 1)


def test_without_pytorch(tmp_path):
    """A file of torch.save is read where PyTorch is not installed."""
    torch.save(trainable().state_dict(), tmp_path / "model.pt")
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import everyhow as eh; print(eh.load(sys.argv[1], hidden_activation='relu', threshold=0))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "model.pt")], capture_output=True, text=True)
    assert done.stdout.strip() == "Network(2-3-3-1, relu, relu, identity, 18 edges, threshold 0)", done.stderr
