"""Small ONNX models made by hand, and what tests of ONNX files share; they are skipped where ONNX is missing."""

import numpy as np
import pytest

import everyhow as eh
from everyhow.importing.layers import Affine, fold
from everyhow.model.activations import activation

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
KINDS = {np.float32: TensorProto.FLOAT, np.float64: TensorProto.DOUBLE, np.float16: TensorProto.FLOAT16}
# Whether a linear layer right after another stays one.
KEPT = len(fold([Affine(np.ones((1, 1)), np.zeros(1), "")] * 2)[0].weights) == 2


def known(name):
    """Whether networks have this activation."""
    try:
        activation(name)
    except eh.InputError:
        return False
    return True


def model_of(nodes, stored, entrance=("batch", 2), kind=np.float32, outputs=("y",), rank=2, **options):
    """A model of nodes and stored arrays, from `x` to `y`."""
    graph = helper.make_graph(
        nodes, "graph",
        [helper.make_tensor_value_info("x", KINDS[kind], entrance)],
        [helper.make_tensor_value_info(name, KINDS[kind], ["rows", "columns"][:rank]) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in stored.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **options)


def small(**changes):
    """Nodes and arrays of a 2-3-1 network, with some of them replaced."""
    nodes = {
        "one": helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="first"),
        "two": helper.make_node("Relu", ["h"], ["r"], name="second"),
        "three": helper.make_node("MatMul", ["r", "v"], ["y"], name="third"),
    }
    stored = {
        "w": np.ones((2, 3)), "b": np.ones(3), "v": np.ones((3, 1)), "m": np.arange(9.0).reshape(3, 3), "c": np.ones(2),
        "slopes": np.arange(3.0), "zeros": np.zeros(3), "half": np.array(0.5), "nothing": np.ones((3, 0)),
        "s": np.array([1, 2, 3]), "flat": np.array([-1]), "one_axis": np.array([1]), "first_two": np.array([0, 1]),
        "twice": np.array([1, 1]), "nan": np.array(np.nan),
        "q": np.array(1, np.uint8), "at_0": np.array([0]),
    }  # fmt: skip
    stored = {name: array.astype(np.float32) if array.dtype == float else array for name, array in stored.items()}
    return [node for node in (nodes | changes).values() if node], stored
