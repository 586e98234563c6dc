"""What PyTorch's two exporters and skl2onnx write, against onnxruntime, PyTorch and scikit-learn."""

import io
import logging
import warnings

import numpy as np
import pytest
from hypothesis import given, settings

import everyhow as eh
from everyhow.common.errors import FileFormatError

from .onnx_models import KEPT, helper, known, model_of, numpy_helper, onnx, onnxruntime
from .strategies import modules, torch, trainable

nn, functional = torch.nn, torch.nn.functional
EXPORTERS = [pytest.param(False, id="torchscript"), pytest.param(True, id="dynamo")]


def export(module, path, example, dynamo, **options):
    """Write a module to a file by one of PyTorch's exporters."""
    if dynamo:
        pytest.importorskip("onnxscript")
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(module.eval(), (example,), path, dynamo=dynamo, verbose=False, **options)
    finally:
        logging.disable(logging.NOTSET)
    return path


def same(network, module, points, atol=1e-5):
    """The network computes what the module does, an input at a time."""
    with torch.no_grad():
        theirs = [module(torch.tensor(point[None], dtype=torch.float32)).numpy().ravel() for point in points]
    np.testing.assert_allclose(network.run(points), np.array(theirs, np.float64), rtol=1e-4, atol=atol)


@settings(max_examples=30)
@given(modules(layers=(1, 2)))
def test_exports_of_torch(tmp_path_factory, module):
    """What PyTorch exports is the network that the module itself gives."""
    path, buffer = tmp_path_factory.mktemp("models") / "model.onnx", io.BytesIO()
    module = module.float()
    expected = eh.from_torch(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, expected.widths[0]),), buffer, dynamo=False)
    path.write_bytes(buffer.getvalue())
    network = eh.from_onnx(path)
    assert network.widths == expected.widths
    points = np.random.default_rng(0).standard_normal((20, network.widths[0]))
    np.testing.assert_allclose(network.run(points), expected.run(points), rtol=1e-4, atol=1e-4)


@pytest.mark.nightly
@settings(max_examples=2)
@given(modules(layers=(1, 3)))
def test_exports_by_dynamo(tmp_path_factory, module):
    """The same of the exporter that is PyTorch's default today."""
    path = tmp_path_factory.mktemp("models") / "model.onnx"
    expected = eh.from_torch(module.float())
    network = eh.from_onnx(export(module.float(), path, torch.zeros(1, expected.widths[0]), True))
    points = np.random.default_rng(0).standard_normal((20, network.widths[0]))
    np.testing.assert_allclose(network.run(points), expected.run(points), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dynamo", EXPORTERS)
def test_tensors_beside_the_model(tmp_path, dynamo):
    """A model whose tensors lie in `model.onnx.data`, as PyTorch writes those of any size if asked to."""
    path = export(trainable(), tmp_path / "model.onnx", torch.zeros(1, 2), dynamo)
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="model.onnx.data", size_threshold=0)
    assert eh.from_onnx(path) == eh.from_torch(trainable())
    (tmp_path / "model.onnx.data").unlink()
    with pytest.raises(FileFormatError, match=r"lies in the file 'model\.onnx\.data', which is not beside the model"):
        eh.from_onnx(path)


def test_wide_layers_by_dynamo(tmp_path):
    """PyTorch puts wide layers into a second file by itself."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(300, 20), nn.ReLU(), nn.Linear(20, 1))
    path = export(module, tmp_path / "model.onnx", torch.zeros(1, 300), True)
    assert (tmp_path / "model.onnx.data").exists()
    assert eh.from_onnx(path) == eh.from_torch(module)


class Around(nn.Module):
    """Two linear layers, and what a function does with them."""

    def __init__(self, function, outputs=1):
        super().__init__()
        torch.manual_seed(1)
        self.a, self.b, self.function = nn.Linear(2, 3), nn.Linear(3, outputs), function
        self.register_buffer("mean", torch.tensor([0.5, 0.25]))
        self.register_buffer("deviation", torch.tensor([0.25, 2.0]))

    def forward(self, x):
        return self.function(self, x)


def between(activate):
    return lambda self, x: self.b(activate(self.a(x)))


FORWARDS = {
    "twice less one": lambda self, x: self.b(torch.tanh(self.a(2 * x - 1))),
    "one less": lambda self, x: self.b(torch.tanh(self.a(1 - x))),
    "normalised": lambda self, x: torch.sigmoid(self.b(torch.tanh(self.a((x - self.mean) / self.deviation)))),
    "one less output": lambda self, x: 1 - self.b(torch.relu(self.a(x))),
    "half of the negative": lambda self, x: -self.b(torch.relu(self.a(x))) / 2,
    "squeeze": lambda self, x: self.b(torch.relu(self.a(x))).squeeze(-1),
    "squeeze all": lambda self, x: self.b(torch.relu(self.a(x))).squeeze(),
    "first output": lambda self, x: self.b(torch.relu(self.a(x)))[:, 0],
    "view as one axis": lambda self, x: self.b(torch.relu(self.a(x))).view(-1),
    "view by the batch": lambda self, x: self.b(torch.relu(self.a(x.view(x.size(0), -1)))).view(x.size(0), -1),
    "flatten": lambda self, x: self.b(torch.relu(self.a(x.flatten(1)))).flatten(),
    "unsqueeze": lambda self, x: self.b(torch.relu(self.a(x.unsqueeze(1)))).squeeze(1),
    "clamp": between(lambda h: h.clamp(min=0)),
    "maximum": between(lambda h: torch.maximum(h, torch.tensor(0.0))),
    "above": between(lambda h: h.clamp(min=0.25)),
    "below": between(lambda h: h.clamp(max=0.25)),
    "where": between(lambda h: torch.where(h > 0, h, 0 * h)),
    "leaky where": between(lambda h: torch.where(h > 0, h, 0.5 * h)),
    "from the left": lambda self, x: self.b(torch.relu((self.a.weight @ x.T).T + self.a.bias)),
    "einsum": lambda self, x: self.b(torch.relu(torch.einsum("ni,oi->no", x, self.a.weight) + self.a.bias)),
    "casts": lambda self, x: self.b(torch.relu(self.a(x.float())).double().float()),
}


# Where the newer exporter, which is slow, writes something else.
BY_DYNAMO = [
    "normalised",
    "one less output",
    "squeeze",
    "first output",
    "view by the batch",
    "clamp",
    "where",
    "einsum",
]


@pytest.mark.parametrize("name, dynamo", [(name, False) for name in FORWARDS] + [(name, True) for name in BY_DYNAMO])
def test_around_plain_layers(tmp_path, name, dynamo):
    """What stands around plain layers in `forward` is taken as it computes; the layers stay two."""
    module = Around(FORWARDS[name])
    network = eh.from_onnx(export(module, tmp_path / "model.onnx", torch.zeros(1, 2), dynamo))
    assert network.widths == (2, 3, 1)
    same(network, module, np.random.default_rng(0).standard_normal((20, 2)))


@pytest.mark.parametrize("dynamo", EXPORTERS)
@pytest.mark.parametrize("name", ["view by the batch", "flatten", "from the left", "squeeze all"])
def test_open_batches(tmp_path, name, dynamo):
    """The same where the size of a batch is left open."""
    module = Around(FORWARDS[name])
    options = {"dynamic_shapes": ({0: torch.export.Dim("n")},)} if dynamo else {"dynamic_axes": {"x": {0: "n"}}}
    options |= {} if dynamo else {"input_names": ["x"]}
    network = eh.from_onnx(export(module, tmp_path / "model.onnx", torch.zeros(4, 2), dynamo, **options))
    same(network, module, np.random.default_rng(0).standard_normal((20, 2)))


@pytest.mark.parametrize("function, name, widths", [
    (lambda self, x: (torch.tanh(self.b(torch.relu(self.a(x)))) + 1) / 2, "sigmoid:2", (2, 3, 1)),
    (lambda self, x: self.b(self.a(x)), "identity", (2, 3, 1)),
])  # fmt: skip
@pytest.mark.skipif(not KEPT, reason="layers are put together here")
def test_ends_and_linear_layers(tmp_path, function, name, widths):
    """Constants after the last activation are taken up where they can be, and linear layers stay."""
    module = Around(function)
    network = eh.from_onnx(export(module, tmp_path / "model.onnx", torch.zeros(1, 2), False))
    assert (network.activations[-1], network.widths) == (name, widths)
    same(network, module, np.random.default_rng(0).standard_normal((20, 2)))


NORMS = [torch.nn.utils.weight_norm, torch.nn.utils.parametrizations.weight_norm, torch.nn.utils.spectral_norm]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("norm", NORMS)
def test_weights_that_are_computed(tmp_path, norm):
    """Weight and spectral norms, of which the older exporter writes how the weights are computed."""
    torch.manual_seed(0)
    module = nn.Sequential(norm(nn.Linear(2, 3)), nn.ReLU(), nn.Linear(3, 1)).eval()
    network = eh.from_onnx(export(module, tmp_path / "model.onnx", torch.zeros(1, 2), False))
    same(network, module, np.random.default_rng(0).standard_normal((20, 2)))


@pytest.mark.parametrize("dynamo", EXPORTERS)
def test_one_input_at_a_time(tmp_path, dynamo):
    """A module that takes one input without a batch, its layers as `W @ x`."""
    module = Around(lambda self, x: self.b.weight @ torch.relu(self.a.weight @ (2 * x - 1) + self.a.bias))
    network = eh.from_onnx(export(module, tmp_path / "model.onnx", torch.zeros(2), dynamo))
    assert network.widths == (2, 3, 1)
    points = np.random.default_rng(0).standard_normal((20, 2))
    with torch.no_grad():
        theirs = [module(torch.tensor(point, dtype=torch.float32)).numpy() for point in points]
    np.testing.assert_allclose(network.run(points), theirs, atol=1e-6)


ACTIVATIONS = {
    "gelu": nn.GELU(), "gelu_new": nn.GELU("tanh"), "silu": nn.SiLU(), "elu": nn.ELU(), "elu:0.5": nn.ELU(0.5),
    "selu": nn.SELU(), "softplus": nn.Softplus(), "softplus:2.0": nn.Softplus(2.0), "hardtanh": nn.Hardtanh(),
    "hardtanh:-2:0.5": nn.Hardtanh(-2, 0.5), "relu6": nn.ReLU6(), "hardsigmoid": nn.Hardsigmoid(),
    "hardswish": nn.Hardswish(), "softsign": nn.Softsign(), "leaky_relu:0.25": nn.LeakyReLU(0.25),
}  # fmt: skip


@pytest.mark.parametrize("dynamo, opset", [(False, 11), (False, 17), (False, 20), (True, 20)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(tmp_path, name, dynamo, opset):
    """PyTorch's activations are found in what its exporters write for them, whole or in parts."""
    path = tmp_path / "model.onnx"
    module = Around(between(ACTIVATIONS[name]))
    export(module, path, torch.zeros(1, 2), dynamo, opset_version=opset)
    if not known(name):
        with pytest.raises(FileFormatError, match=f"unknown activation '{name}'"):
            eh.from_onnx(path)
        return
    points = 3 * np.random.default_rng(0).standard_normal((30, 2))
    network = eh.from_onnx(path, points)
    assert network.activations == (name, "identity")
    same(network, module, points)


@pytest.mark.parametrize("activate", [nn.Mish(), nn.LogSigmoid(), nn.Tanhshrink(), torch.exp])
def test_other_activations(tmp_path, activate):
    """Other functions are refused by the name of their operator, with the parts that could be taken."""
    path = export(Around(between(activate)), tmp_path / "model.onnx", torch.zeros(1, 2), False)
    with pytest.raises(
        FileFormatError, match=r"(Mul|Log|Sub|Exp) /\S+ (uses something else|is not supported).*: export"
    ):
        eh.from_onnx(path)


ENDS = {
    "softmax": lambda self, x: functional.softmax(self.b(torch.relu(self.a(x))), -1),
    "log softmax": lambda self, x: functional.log_softmax(self.b(torch.relu(self.a(x))), 1),
    "argmax": lambda self, x: self.b(torch.relu(self.a(x))).argmax(-1),
    "squeezed": lambda self, x: functional.softmax(self.b(torch.relu(self.a(x.unsqueeze(0)))), -1).squeeze(0),
    "both": lambda self, x: (self.b(torch.relu(self.a(x))), functional.softmax(self.b(torch.relu(self.a(x))), 1)),
}


@pytest.mark.parametrize("dynamo", EXPORTERS)
@pytest.mark.parametrize("name", ENDS)
def test_softmax_at_the_end(tmp_path, name, dynamo):
    """A softmax or argmax at the end is left out and said; the scores before it are the outputs."""
    module = Around(ENDS[name], outputs=3)
    network = eh.from_onnx(export(module, tmp_path / "model.onnx", torch.zeros(1, 2), dynamo))
    assert network.widths == (2, 3, 3) and network.activations[-1] == "identity"
    assert any("the largest output" in words for words in network.origin.folded)
    module.function = between(torch.relu)
    same(network, module, np.random.default_rng(0).standard_normal((20, 2)))


def test_softmax_of_one_output(tmp_path):
    """A softmax of one output is 1 for every input, whatever the network computes."""
    path = export(Around(ENDS["softmax"]), tmp_path / "model.onnx", torch.zeros(1, 2), False)
    with pytest.raises(
        FileFormatError, match=r"Softmax /Softmax: it goes along axis -1 of \(1, 1\); a softmax over all"
    ):
        eh.from_onnx(path)


def test_several_outputs(tmp_path):
    """Of outputs that are different tensors one is to be chosen, and the one that is named can be."""
    module = Around(lambda self, x: (torch.relu(self.a(x)), self.b(torch.relu(self.a(x)))))
    path = export(module, tmp_path / "model.onnx", torch.zeros(1, 2), False, output_names=["hidden", "score"])
    with pytest.raises(FileFormatError, match=r"its graph has 2 outputs: hidden, score;.*\['hidden'\]\)"):
        eh.from_onnx(path)
    onnx.utils.extract_model(path, tmp_path / "part.onnx", [onnx.load(path).graph.input[0].name], ["score"])
    assert eh.from_onnx(tmp_path / "part.onnx").widths == (2, 3, 1)


def test_residual(tmp_path):
    """A residual connection is named, with the part after it that could be taken."""
    module = Around(lambda self, x: self.b(torch.relu(self.a(x)) + x.sum(1, keepdim=True)))
    path = export(module, tmp_path / "model.onnx", torch.zeros(1, 2), False)
    with pytest.raises(
        FileFormatError, match=r"Add /Add uses something else.*export what follows it, by onnx.utils.ext"
    ):
        eh.from_onnx(path)


def labelled(random, classes):
    points = random.standard_normal((60, 2)).astype(np.float32)
    return points, np.digitize(points[:, 0] * points[:, 1], np.linspace(-0.4, 0.4, classes - 1))


def probabilities(path, points):
    """What onnxruntime gives as probabilities."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: points})[1]
    return np.array([list(one.values()) for one in found] if isinstance(found, list) else found, np.float64)


def fitted(kind, classes=2, text=False, before=(), **options):
    sklearn = pytest.importorskip("sklearn")
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline

    points, labels = labelled(np.random.default_rng(3), classes)
    labels = np.array([f"class {one}" for one in labels]) if text else labels
    labels = np.column_stack([labels, 1 - labels]) if options.pop("bits", False) else labels
    model = make_pipeline(*(getattr(sklearn.preprocessing, name)() for name in before), MLPClassifier(
        (3,), activation=kind, max_iter=8, random_state=0, **options
    ))  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(points, labels), points


def written(model, points, path, **options):
    to_onnx = pytest.importorskip("skl2onnx").to_onnx
    path.write_bytes(to_onnx(model, points[:1], **options).SerializeToString())
    return path


WRITTEN = [
    {},
    {"options": {"zipmap": False}},
    {"options": {"output_class_labels": True, "zipmap": False}},
    {"options": {"zipmap": "columns"}},
    {"target_opset": 12},
]


@pytest.mark.parametrize("options", WRITTEN, ids=["zipmap", "plain", "with labels", "columns", "opset 12"])
@pytest.mark.parametrize("kind", ["relu", "tanh", "logistic"])
def test_two_classes(tmp_path, kind, options):
    """Of a classifier of two classes, the output is the probability of the second one."""
    pytest.importorskip("sklearn")
    model, points = fitted(kind)
    path = written(model[-1], points, tmp_path / "model.onnx", **options)
    network = eh.from_onnx(path, points)
    assert network.widths == (2, 3, 1) and network.activations[-1] == "sigmoid"
    expected = model.predict_proba(points)[:, 1:]
    np.testing.assert_allclose(network.run(points.astype(np.float64)), expected, atol=1e-6)
    if options.get("options", {}).get("zipmap") != "columns":
        np.testing.assert_allclose(probabilities(path, points)[:, 1:], expected, atol=1e-6)
    assert any("of which the second one's is the output" in words for words in network.origin.folded)


@pytest.mark.parametrize("before", [("StandardScaler",), ("MinMaxScaler", "MaxAbsScaler", "RobustScaler")])
@pytest.mark.parametrize("text", [False, True])
def test_more_classes(tmp_path, before, text):
    """Of a classifier of more classes, the outputs are the scores whose softmax the probabilities are."""
    pytest.importorskip("sklearn")
    model, points = fitted("relu", 3, text, before)
    path = written(model, points, tmp_path / "model.onnx")
    network = eh.from_onnx(path, points)
    assert network.widths == (2, 3, 3)
    scores = network.run(points.astype(np.float64))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, probabilities(path, points), atol=1e-5)
    np.testing.assert_allclose(shares, model.predict_proba(points), atol=1e-5)
    assert (model.classes_[scores.argmax(axis=1)] == model.predict(points)).all()
    assert any("the largest output is the same without it" in words for words in network.origin.folded)


def test_several_bits(tmp_path):
    """Of a classifier of several labels, each output is the probability of one."""
    pytest.importorskip("sklearn")
    model, points = fitted("tanh", bits=True)
    network = eh.from_onnx(written(model[-1], points, tmp_path / "model.onnx"), points)
    assert network.widths == (2, 3, 2) and network.activations == ("tanh", "sigmoid")
    np.testing.assert_allclose(network.run(points.astype(np.float64)), model.predict_proba(points), atol=1e-6)


def test_regression(tmp_path):
    """A regression of one output is taken; skl2onnx writes one of two as a wrong shape, which is refused."""
    pytest.importorskip("sklearn")
    from sklearn.neural_network import MLPRegressor

    points, labels = labelled(np.random.default_rng(3), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = MLPRegressor(hidden_layer_sizes=(3,), max_iter=8, random_state=0).fit(points, labels)
        two = MLPRegressor(hidden_layer_sizes=(3,), max_iter=8).fit(points, np.column_stack([labels, labels]))
    network = eh.from_onnx(written(one, points, tmp_path / "one.onnx"), points)
    np.testing.assert_allclose(network.run(points.astype(np.float64))[:, 0], one.predict(points), atol=1e-5)
    with pytest.raises(FileFormatError, match="Reshape Reshape: it mixes the inputs of a batch"):
        eh.from_onnx(written(two, points, tmp_path / "two.onnx"))


def test_logistic_regression(tmp_path):
    """A model without hidden neurons is named as what it is."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    points, labels = labelled(np.random.default_rng(3), 2)
    model = linear_model.LogisticRegression().fit(points, labels)
    with pytest.raises(
        FileFormatError, match="LinearClassifier LinearClassifier is a linear model without hidden neur"
    ):
        eh.from_onnx(written(model, points, tmp_path / "model.onnx"))


def scikit(decide=(), outputs=("label", "probabilities"), one=1.0, last=1):
    """A graph as skl2onnx writes it, by hand."""
    make = helper.make_node
    nodes = [
        make("Cast", ["x"], ["c"], to=1), make("MatMul", ["c", "w"], ["h"]), make("Tanh", ["h"], ["t"]),
        make("MatMul", ["t", "v"], ["z"]), make("Sigmoid", ["z"], ["p"]), make("Sub", ["one", "p"], ["n"]),
        make("Concat", ["n", "p"], ["probabilities"], axis=1), *decide,
    ]  # fmt: skip
    random = np.random.default_rng(0)
    stored = {"w": random.standard_normal((2, 3)), "v": random.standard_normal((3, last)), "one": np.array(one)}
    model = model_of(nodes, {name: array.astype(np.float32) for name, array in stored.items()}, outputs=outputs)
    model.graph.initializer.append(numpy_helper.from_array(np.array([0, 1]), "classes"))
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    return model


LABEL = [
    helper.make_node("ArgMax", ["probabilities"], ["at"], axis=1),
    helper.make_node("ArrayFeatureExtractor", ["classes", "at"], ["label"], domain="ai.onnx.ml"),
]


def test_labels_by_hand(tmp_path):
    """Without skl2onnx: labels and both probabilities, in any order; what only looks like them is refused."""
    path = tmp_path / "model.onnx"
    for outputs in (("label", "probabilities"), ("probabilities", "label"), ("label",), ("probabilities",)):
        path.write_bytes(scikit(LABEL if "label" in outputs else (), outputs).SerializeToString())
        assert eh.from_onnx(path).widths == (2, 3, 1)
    cases = [
        (scikit(LABEL, one=2.0), "Concat giving probabilities is not supported"),
        (scikit(LABEL, last=2), "takes 2 outputs, so it is not the decision that it looks like"),
        (
            scikit([helper.make_node("ArgMax", ["probabilities"], ["at"], axis=0)], ["at"]),
            "ArgMax giving at is not supp",
        ),
    ]
    for model, message in cases:
        path.write_bytes(model.SerializeToString())
        with pytest.raises(FileFormatError, match=message):
            eh.from_onnx(path)


def test_trainable_is_exported(tmp_path):
    """The network that a file gives is written and read again with where it came from."""
    network = eh.load(export(trainable(), tmp_path / "m.onnx", torch.zeros(1, 2), False))
    assert network == eh.from_torch(trainable())
    assert eh.load(eh.save_network(network, tmp_path / "m.json")).origin == network.origin


@pytest.mark.filterwarnings("ignore")
def test_a_softmax_makes_classes(tmp_path):
    """Outputs before a softmax that was left out are classes; a threshold says nothing of them."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2), nn.Softmax(1)).eval()
    torch.onnx.export(module, (torch.zeros(3, 2),), tmp_path / "model.onnx", dynamo=False)
    network = eh.from_onnx(tmp_path / "model.onnx")
    assert network.softmax and network.threshold is None
    points = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    classes = "".join(map(str, module(points).argmax(dim=1).tolist()))
    assert eh.audit(network, "XOR").computes[0] == classes
    with pytest.raises(eh.InputError, match="the model ends in a softmax, so its outputs stand for classes"):
        eh.from_onnx(tmp_path / "model.onnx", threshold=0.5)
