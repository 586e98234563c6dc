"""What can be brought in and what is refused: each row of docs/guide/brought.md, tried, and the page that they make.

`python -m tests.importing.test_matrix` writes the page anew.
"""

import io
import itertools
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from safetensors.numpy import load as tensors_of

import everyhow as eh
from everyhow.transformer.documents import transformer_bytes

torch = pytest.importorskip("torch")
from torch.nn.utils import prune  # noqa: E402 (PyTorch may be missing)

from .transformer_modules import Encoder, Model, made  # noqa: E402

nn = torch.nn

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "guide" / "brought.md"
POINTS = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
# Every sequence of three of four tokens, for transformers.
TOKENS = np.array(list(itertools.product(range(4), repeat=3)))


class Row(NamedTuple):
    """One thing that people bring: `make` gives the network and the outputs that it should have at the points."""

    library: str
    what: str
    checked: str
    make: Callable[[], tuple[eh.Model, Any]]
    points: np.ndarray = POINTS


class Refusal(NamedTuple):
    """One thing that is refused, and how the message begins to say why."""

    library: str
    what: str
    message: str
    bring: Callable[[], Any]


def mlp(activation=None, outputs=1, hidden=3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, hidden), activation or nn.ReLU(), nn.Linear(hidden, outputs)).eval()


class Written(nn.Module):
    """Two linear layers, with what stands around them."""

    def __init__(self, before=lambda x: x, after=lambda y: y, between=torch.relu):
        super().__init__()
        torch.manual_seed(1)
        self.a, self.b, self.before, self.after, self.between = nn.Linear(2, 3), nn.Linear(3, 1), before, after, between

    def forward(self, x):
        return self.after(self.b(self.between(self.a(self.before(x)))))


def module(made, **options):
    """A module, imported, with its own outputs."""
    found = made() if callable(made) and not isinstance(made, nn.Module) else made
    outputs = found.eval()(torch.from_numpy(POINTS))
    while not isinstance(outputs, torch.Tensor):
        outputs = next(iter(outputs.values() if isinstance(outputs, dict) else outputs))
    return eh.from_torch(found, threshold=0, **options), outputs.detach().numpy().reshape(len(POINTS), -1)


def transformer(kind, **options):
    """A transformer, imported, with its own logits at the last position."""
    found = made(kind, **options)
    return eh.from_torch(found), found(torch.from_numpy(TOKENS))[:, -1].detach().numpy()


def by_names():
    """TransformerLens's tensors of a transformer, imported with a configuration, and its logits."""
    source = eh.from_torch(made(Encoder))
    config = {"act_fn": "relu", "normalization_type": "LN", "attention_dir": "causal"}
    return eh.from_state_dict(tensors_of(transformer_bytes(source)), config=config), source.run(TOKENS)


def logits(found):
    return found(torch.from_numpy(POINTS)).detach().numpy()


def normed():
    found = mlp()
    torch.nn.utils.parametrizations.weight_norm(found[0])
    prune.random_unstructured(found[2], "weight", amount=1)
    return found


def saved(suffix, wrap=lambda state: state, save=torch.save, **options):
    """The state dict of a module, through a file."""
    found = mlp()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        save(wrap(found.state_dict()), path)
        network = eh.load(path, hidden_activation="relu", threshold=0, **options)
    return network, found(torch.from_numpy(POINTS)).detach().numpy()


def safetensors():
    from safetensors.torch import save_file

    return saved(".safetensors", save=save_file)


def released():
    """As the paper's released code saves: it says its widths and activations itself."""
    found = mlp(nn.LeakyReLU())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        document = {"layer_sizes": [2, 3, 1], "activation": "leaky_relu", "state_dict": found.state_dict()}
        torch.save(document, path)
        return eh.load(path), found(torch.from_numpy(POINTS)).detach().numpy()


def exported(dynamo):
    pytest.importorskip("onnxscript")
    found = mlp(nn.Tanh())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        torch.onnx.export(found, (torch.from_numpy(POINTS),), path, dynamo=dynamo, verbose=False)
        return eh.from_onnx(path, POINTS, threshold=0), found(torch.from_numpy(POINTS)).detach().numpy()


def by_skl2onnx():
    skl2onnx = pytest.importorskip("skl2onnx")
    fitted = classifier(2)
    content = skl2onnx.to_onnx(fitted, POINTS[:1]).SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(content)
        return eh.from_onnx(path, POINTS), fitted.predict_proba(POINTS)[:, 1:]


def classifier(kinds, **options):
    from sklearn.neural_network import MLPClassifier

    labels = (POINTS[:, 0] > 0).astype(int) + (kinds > 2) * (POINTS[:, 1] > 0)
    return quietly(MLPClassifier((3,), max_iter=30, random_state=0, **options).fit, POINTS, labels)


def quietly(call, *arguments):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*arguments)


def fitted(kind):
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

    if kind == "classes":
        three = classifier(3)
        network, scores = eh.from_sklearn(three), np.log(three.predict_proba(POINTS))
        shown = network.run(POINTS)
        return network, scores + (shown - scores).mean(axis=1, keepdims=True)  # a softmax knows no common shift
    if kind == "regressor":
        found = quietly(MLPRegressor(hidden_layer_sizes=(3,), max_iter=30, random_state=0).fit, POINTS, POINTS[:, 0])
        return eh.from_sklearn(found, threshold=0.5), found.predict(POINTS)[:, None]
    if kind == "search":
        search = GridSearchCV(MLPClassifier((3,), max_iter=30, random_state=0), {"alpha": [0.1, 1.0]}, cv=2)
        found = quietly(search.fit, POINTS, POINTS[:, 0] > 0)
        return eh.from_sklearn(found), found.predict_proba(POINTS)[:, 1:]
    scalers = [StandardScaler(), MinMaxScaler(), MaxAbsScaler(), RobustScaler()]
    perceptron = MLPClassifier((3,), "identity" if kind == "identity" else "relu", max_iter=30, random_state=0)
    found = quietly(make_pipeline(*scalers, perceptron).fit, POINTS, POINTS[:, 0] > 0)
    return eh.from_sklearn(found), found.predict_proba(POINTS)[:, 1:]


def by_hand():
    found = mlp()
    weights = [one.detach().numpy().astype(float) for one in found.parameters()]
    network = eh.Network(weights[0::2], weights[1::2], ["relu", "identity"], threshold=0)
    return network, found(torch.from_numpy(POINTS)).detach().numpy()


IT, STATED, RUNTIME = (
    "the module's own outputs",
    "outputs if given with `data`; else nothing, and that is said",
    "onnxruntime",
)
ACTIVATIONS = {
    "ReLU, LeakyReLU, PReLU with one slope": nn.PReLU, "GELU, exact and by tanh": lambda: nn.GELU(approximate="tanh"),
    "SiLU": nn.SiLU, "ELU, SELU": nn.ELU, "Softplus": nn.Softplus, "Tanh, Sigmoid, Softsign": nn.Softsign,
    "Hardtanh, ReLU6, Hardsigmoid, Hardswish": nn.Hardswish,
}  # fmt: skip
TAKEN = [
    Row("torch", "Linear layers in Sequential or any module, nested", IT, lambda: module(mlp)),
    *(Row("torch", name, IT, lambda make=make: module(mlp(make()))) for name, make in ACTIVATIONS.items()),
    Row("torch", "Linear after Linear: both are kept", IT, lambda: module(mlp(nn.Identity()))),
    Row("torch", "BatchNorm1d in eval mode: folded", IT,
        lambda: module(mlp(nn.Sequential(nn.BatchNorm1d(3), nn.ReLU())))),
    Row("torch", "Constants before and after: `2*x-1`, `(x-mean)/std`, `y/2`: folded", IT,
        lambda: module(Written(lambda x: (2 * x - 1) / 0.5, lambda y: -y / 2))),
    Row("torch", "`(tanh+1)/2`: a sigmoid", IT, lambda: module(Written(after=lambda y: (torch.tanh(y) + 1) / 2))),
    Row("torch", "Weights made by weight norm, spectral norm, pruning", IT, lambda: module(normed)),
    Row("torch", "`y[:, 0]`, `view(-1)`, `flatten`, casts, shape asserts, `clamp(min=0)`", IT,
        lambda: module(Written(lambda x: x.view(len(x), -1), lambda y: y[:, 0], lambda h: h.clamp(min=0)))),
    Row("torch", "One tensor in a tuple, dictionary or dataclass", IT,
        lambda: module(Written(after=lambda y: {"logits": y}))),
    Row("torch", "DataParallel, compiled modules", IT, lambda: module(nn.DataParallel(mlp()))),
    Row("torch", "Softmax, LogSoftmax last: left out, since argmax does not see it, and said", "through the softmax",
        lambda: (eh.from_torch(nn.Sequential(mlp(outputs=3), nn.LogSoftmax(1))), logits(mlp(outputs=3)))),
    Row("torch", "State dicts in `.pt`, `.pth`, `.ckpt`, `.bin`", STATED, lambda: saved(".ckpt")),
    Row("torch", "The state dict inside a checkpoint, wherever it lies", STATED,
        lambda: saved(".pt", lambda state: {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {}})),
    Row("torch", "Checkpoints of Lightning", STATED,
        lambda: saved(".ckpt", lambda state: {"state_dict": {f"net.{k}": v for k, v in state.items()}, "epoch": 1})),
    Row("torch", "Models of the paper's released code, which say their activations", STATED, released),
    Row("safetensors", "State dicts in `.safetensors`, in the one order that fits", STATED, safetensors),
    Row("onnx", "Models by `torch.onnx.export(dynamo=True)`", RUNTIME, lambda: exported(True)),
    Row("onnx", "Models by `torch.onnx.export(dynamo=False)`", RUNTIME, lambda: exported(False)),
    Row("skl2onnx", "Perceptrons by skl2onnx, up to their last sigmoid or softmax", RUNTIME, by_skl2onnx),
    Row("scikit-learn", "MLPClassifier of two classes, after Standard-, MinMax-, MaxAbs- and RobustScaler",
        "predict_proba", lambda: fitted("scaled")),
    Row("scikit-learn", "MLPClassifier of several classes: softmax left out", "predict_proba",
        lambda: fitted("classes")),
    Row("scikit-learn", "`identity` layers: kept", "predict_proba", lambda: fitted("identity")),
    Row("scikit-learn", "GridSearchCV and other searches: the best one", "predict_proba", lambda: fitted("search")),
    Row("scikit-learn", "MLPRegressor", "predict", lambda: fitted("regressor")),
    Row("everyhow", "Arrays by hand, `.json` and `.safetensors` of everyhow", "nothing: they are the network", by_hand),
    Row("torch", "Transformers of Embedding, TransformerEncoderLayer with `norm_first=True` and Linear",
        "the module's own logits", lambda: transformer(Encoder), TOKENS),
    Row("torch", "Transformers of Embedding, MultiheadAttention, LayerNorm or RMSNorm, an MLP or none, and Linear",
        "the module's own logits", lambda: transformer(Model, style="multihead", norm="rms"), TOKENS),
    Row("torch", "Transformers whose attention is written by hand, of one Linear or several",
        "the module's own logits", lambda: transformer(Model, style="fused", activation="gelu"), TOKENS),
    Row("TransformerLens", "The state dict of a HookedTransformer with its configuration, `config=`",
        "nothing, or the logits given", by_names, TOKENS),
]  # fmt: skip


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.head = nn.Linear(2, 2), nn.Linear(2, 1)

    def forward(self, x):
        return self.head(x + torch.relu(self.a(x)))


def loaded(content, suffix=".pt", **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        content(path)
        return eh.load(path, **options)


def square():
    return nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))


def without_numbers(path):
    from safetensors.torch import save_file

    names = {"0": "begin", "2": "middle", "4": "end"}
    save_file({f"{names[k[0]]}{k[1:]}": v for k, v in square().state_dict().items()}, path)


REFUSED = [
    Refusal("torch", "Skip connections and branches; the part that can be taken is named", "from_torch(model.head",
            lambda: eh.from_torch(Residual())),
    Refusal("torch", "Convolutions, recurrent layers, attention outside of a transformer", "Conv1d",
            lambda: eh.from_torch(nn.Sequential(nn.Conv1d(1, 1, 1)), torch.ones(3, 1, 2))),
    Refusal("torch", "Dropout and normalizations in training mode", "training mode; call",
            lambda: eh.from_torch(mlp(nn.Dropout(0.5)).train())),
    Refusal("torch", "Transformers with norms after the sum (`norm_first=False`)", "has norm_first=False: its norms",
            lambda: eh.from_torch(made(Encoder, norm_first=False))),
    Refusal("TransformerLens", "A state dict without `config`", "which say neither the activation, the norms",
            lambda: eh.from_state_dict({"embed.W_E": np.eye(2)})),
    Refusal("torch", "Quantized layers, TorchScript", "ScriptModule", lambda: eh.from_torch(torch.jit.script(mlp()))),
    Refusal("torch", "Several tensors as outputs", "tensors",
            lambda: eh.from_torch(Written(after=lambda y: (y, 2 * y)))),
    Refusal("torch", "Whole pickled modules: nothing in a file is executed", "save model.state_dict()",
            lambda: loaded(lambda path: torch.save(mlp(), path), hidden_activation="relu", threshold=0)),
    Refusal("torch", "A state dict without `output_activation` or `threshold`", "does not say what its output means",
            lambda: eh.from_state_dict(mlp().state_dict(), "relu")),
    Refusal("torch", "State dicts with batch normalization", "batch norm",
            lambda: eh.from_state_dict(mlp(nn.BatchNorm1d(3)).state_dict(), "relu", threshold=0)),
    Refusal("safetensors", "Layers that fit in several orders, without `order`", "the shapes allow several",
            lambda: loaded(without_numbers, ".safetensors", hidden_activation="relu", threshold=0)),
    Refusal("scikit-learn", "A classifier fitted on one label", "one label",
            lambda: eh.from_sklearn(quietly(one_label))),
    Refusal("scikit-learn", "Other estimators and scalers", "from_sklearn takes",
            lambda: eh.from_sklearn(__import__("sklearn.linear_model").linear_model.LogisticRegression())),
    Refusal("everyhow", "A threshold that nobody said, where a decision is asked for", "nothing says where the outputs",
            lambda: eh.audit(eh.from_torch(mlp()), "XOR")),
]  # fmt: skip


def one_label():
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((3,), max_iter=5).fit(POINTS, np.zeros(len(POINTS)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", TAKEN, ids=lambda row: row.what)
def test_taken(row):
    network, expected = row.make()
    np.testing.assert_allclose(network.run(row.points.astype(float)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.what)
def test_refused(row):
    with pytest.raises(eh.InputError, match=re.escape(row.message)):
        row.bring()


def page():
    """The page that the rows make, with the versions that the tests ran with."""
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    out = io.StringIO()
    out.write(
        "# What can be brought in\n\nEach row is a test (`tests/importing/test_matrix.py`, which also writes this "
    )
    out.write(
        "page). [Importing networks](importing.md)\n"
        "says how, [Networks by their loss](losses.md) what outputs mean.\n\n"
    )
    out.write("| from | tested with | what is taken | checked against |\n|---|---|---|---|\n")
    for row in TAKEN:
        out.write(f"| {row.library} | {pinned.get(row.library, 'this version')} | {row.what} | {row.checked} |\n")
    out.write("\n| from | what is refused, with the next step |\n|---|---|\n")
    for refusal in REFUSED:
        out.write(f"| {refusal.library} | {refusal.what} |\n")
    return out.getvalue()


def test_page():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.importing.test_matrix"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
