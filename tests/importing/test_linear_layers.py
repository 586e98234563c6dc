"""Linear layers have neurons and are kept, whatever library they come from and whatever stands after them."""

import warnings

import numpy as np
import pytest

import everyhow as eh

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional

FORMS = {
    "layers": lambda x, a, b: b(a(x)),
    "functions": lambda x, a, b: functional.linear(functional.linear(x, a.weight, a.bias), b.weight, b.bias),
    "products": lambda x, a, b: x @ a.weight.T @ b.weight.T + b.bias,
}


class Written(nn.Module):
    """2-3-4-1 with a ReLU before the last layer, its first two layers written as `form` says."""

    def __init__(self, form):
        super().__init__()
        self.a, self.b, self.c, self.form = nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(4, 1), form

    def forward(self, x):
        return self.c(FORMS[self.form](x, self.a, self.b).relu())


@pytest.mark.parametrize("form", FORMS)
def test_of_torch(form):
    """Layers, functions and products with a parameter are three ways to write the same neurons."""
    module = Written(form)
    network = eh.from_torch(module)
    assert (network.widths, network.activations) == ((2, 3, 4, 1), ("identity", "relu", "identity"))
    np.testing.assert_array_equal(network.weights[0], module.a.weight.detach())
    np.testing.assert_array_equal(network.weights[1], module.b.weight.detach())
    np.testing.assert_array_equal(network.biases[0], np.zeros(3) if form == "products" else module.a.bias.detach())
    np.testing.assert_array_equal(network.biases[1], module.b.bias.detach())
    assert network.origin.folded == (("matmul and add folded into one layer",) if form == "products" else ())


def test_of_scikit_learn():
    """Hidden neurons of the activation `identity`."""
    perceptrons = pytest.importorskip("sklearn.neural_network")
    points = np.random.default_rng(0).standard_normal((30, 3))
    model = perceptrons.MLPRegressor(hidden_layer_sizes=(4, 2), activation="identity", max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(points, points[:, 0])
    network = eh.from_sklearn(model, points)
    assert (network.widths, network.activations) == ((3, 4, 2, 1), ("identity",) * 3)
    assert all(np.array_equal(ours, theirs.T) for ours, theirs in zip(network.weights, model.coefs_, strict=True))


def test_of_onnx(tmp_path):
    """A Gemm after a Gemm, and a MatMul with its Add as one layer after them."""
    onnx = pytest.importorskip("onnx")
    random = np.random.default_rng(0)
    shapes = {"a": (2, 3), "p": (3,), "b": (3, 4), "q": (4,), "c": (4, 1), "r": (1,)}
    arrays = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        make.make_node("Gemm", ["x", "a", "p"], ["h"]),
        make.make_node("Gemm", ["h", "b", "q"], ["i"]),
        make.make_node("MatMul", ["i", "c"], ["j"], name="last"),
        make.make_node("Add", ["j", "r"], ["y"], name="bias"),
    ]
    graph = make.make_graph(
        nodes, "graph",
        [make.make_tensor_value_info("x", kind, ["n", 2])], [make.make_tensor_value_info("y", kind, ["n", 1])],
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )  # fmt: skip
    path = tmp_path / "model.onnx"
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8), path)
    network = eh.from_onnx(path)
    assert (network.widths, network.activations) == ((2, 3, 4, 1), ("identity",) * 3)
    assert all(np.array_equal(ours, arrays[name].T) for ours, name in zip(network.weights, "abc", strict=True))
    assert all(np.array_equal(ours, arrays[name]) for ours, name in zip(network.biases, "pqr", strict=True))
    assert network.origin.folded == ("MatMul last and Add bias folded into one layer",)


def test_the_space_of_circuits():
    """Neurons without an activation are in as many circuits as any others."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    weights = [one.detach().numpy() for one in module.parameters()]
    by_hand = eh.Network(weights[0::2], weights[1::2], ["identity", "relu", "identity"])
    network = eh.from_torch(module)
    assert network == by_hand
    found = eh.circuits(network.read(threshold=0.5), "XOR")
    assert found.count() == eh.circuits(by_hand, "XOR").count() and found.in_space
