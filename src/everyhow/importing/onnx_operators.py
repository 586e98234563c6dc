"""The operators of ONNX that networks are made of, each as steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from ..errors import InputError
from .layers import Affine, LeftOut, Nonlinear, Step, elementwise, leaky_relu, normalization

SUPPORTED = (
    "Gemm, MatMul, Add, BatchNormalization, Relu, LeakyRelu, PRelu with one slope, Tanh, Sigmoid, Flatten, Reshape, "
    "Dropout, Cast and Identity"
)
AROUND = "export the part of the model before or after it"
FLOATS: dict[int, str] = {
    TensorProto.FLOAT: "float32", TensorProto.DOUBLE: "float64", TensorProto.FLOAT16: "float16",
    TensorProto.BFLOAT16: "bfloat16",
}  # fmt: skip
DOMAINS = ("", "ai.onnx")
# Defaults of options, which are float32 like all options.
SLOPE, EPSILON = float(np.float32(0.01)), float(np.float32(1e-5))


@dataclass(frozen=True)
class OperatorNode:
    """One operator of the chain: `state` is the name of what flows through, `width` its features if they are known."""

    node: onnx.NodeProto
    state: str
    constants: dict[str, np.ndarray]
    width: int | None
    types: set[str]

    @property
    def place(self) -> str:
        return place_of(self.node)

    def option(self, name: str, default: Any) -> Any:
        return next((helper.get_attribute_value(one) for one in self.node.attribute if one.name == name), default)

    def constant(self, position: int) -> np.ndarray | None:
        """The stored operand at a position, None when it is left out.

        Raises:
            InputError: what flows through stands there.
        """
        name = self.node.input[position] if position < len(self.node.input) else ""
        if name and name not in self.constants:
            raise InputError(f"{self.place}: its operand {position} is computed; a stored one is supported: {AROUND}")
        return self.constants[name] if name else None

    def stored(self, position: int) -> np.ndarray:
        """The stored operand at a position.

        Raises:
            InputError: there is none.
        """
        found = self.constant(position)
        if found is None:
            raise InputError(f"{self.place}: its operand {position} is missing; export the model again")
        return found

    def refuse(self, found: str, allowed: str) -> InputError:
        return InputError(f"{self.place}: {found}; {allowed} is supported: {AROUND}")


def _gemm(one: OperatorNode) -> Iterator[Step]:
    if one.option("transA", 0):
        raise one.refuse("transA is 1", "0")
    matrix = _matrix(one, one.stored(1))
    weights = one.option("alpha", 1.0) * (matrix if one.option("transB", 0) else matrix.T)
    added = one.constant(2)
    biases = np.zeros(len(weights)) if added is None else _vector(one, added, len(weights))
    yield Affine(weights, one.option("beta", 1.0) * biases, one.place)


def _matmul(one: OperatorNode) -> Iterator[Step]:
    if one.node.input[0] != one.state:
        raise one.refuse("it multiplies from the left", "a stored matrix as the second operand")
    weights = _matrix(one, one.stored(1)).T
    yield Affine(weights, np.zeros(len(weights)), one.place)


def _add(one: OperatorNode) -> Iterator[Step]:
    shift = one.stored(1 if one.node.input[0] == one.state else 0)
    features = one.width or shift.size
    yield elementwise(np.ones(features), _vector(one, shift, features), one.place)


def _batch_normalization(one: OperatorNode) -> Iterator[Step]:
    if one.option("training_mode", 0) or len([name for name in one.node.output if name]) > 1:
        raise one.refuse("it is in training mode", "inference mode (model.eval() before exporting)")
    scale, shift, mean, variance = (one.stored(position).reshape(-1) for position in (1, 2, 3, 4))
    if not scale.shape == shift.shape == mean.shape == variance.shape:
        raise one.refuse("its statistics are of different lengths", "one number of each per feature")
    yield from normalization(mean, variance, one.option("epsilon", EPSILON), scale, shift, one.place)


def _leaky(one: OperatorNode) -> Iterator[Step]:
    yield leaky_relu(one.option("alpha", SLOPE), one.place)


def _prelu(one: OperatorNode) -> Iterator[Step]:
    slopes = one.stored(1)
    if slopes.size != 1:
        raise one.refuse(f"it has {slopes.size} slopes", "one for all neurons")
    yield leaky_relu(float(slopes.reshape(())), one.place)


def _flatten(one: OperatorNode) -> Iterator[Step]:
    if one.option("axis", 1) != 1:
        raise one.refuse(f"axis is {one.option('axis', 1)}", "1, which keeps inputs apart,")
    yield LeftOut(one.place)


def _reshape(one: OperatorNode) -> Iterator[Step]:
    # Whether it keeps the inputs apart, the check against onnxruntime tells.
    if one.node.input[0] != one.state or one.stored(1).size != 2:
        raise one.refuse("it makes another shape", "a reshape to (inputs, features)")
    yield LeftOut(one.place)


def _dropout(one: OperatorNode) -> Iterator[Step]:
    training = one.constant(2)
    if training is not None and training.any():
        raise one.refuse("it is in training mode", "inference mode (model.eval() before exporting)")
    yield LeftOut(one.place)


def _cast(one: OperatorNode) -> Iterator[Step]:
    if one.option("to", 0) not in FLOATS:
        raise one.refuse("it changes to a type that is no floating-point type", "a cast between such types")
    one.types.add(FLOATS[one.option("to", 0)])
    yield LeftOut(one.place)


def _only_constant(one: OperatorNode) -> Iterator[Step]:
    raise one.refuse("it is applied to what flows through", "this operator on weights only")


def _softmax(one: OperatorNode) -> Iterator[Step]:
    raise InputError(
        f"{one.place}: a softmax mixes all outputs, so it is no activation of a neuron. The largest output is the same "
        "without it: export the model up to it"
    )


OPERATORS = {
    "Gemm": _gemm, "MatMul": _matmul, "Add": _add, "BatchNormalization": _batch_normalization,
    "Relu": lambda one: [Nonlinear("relu", one.place)], "LeakyRelu": _leaky, "PRelu": _prelu,
    "Tanh": lambda one: [Nonlinear("tanh", one.place)], "Sigmoid": lambda one: [Nonlinear("sigmoid", one.place)],
    "Identity": lambda one: [LeftOut(one.place)], "Dropout": _dropout, "Flatten": _flatten, "Reshape": _reshape,
    "Cast": _cast, "Constant": _only_constant, "Transpose": _only_constant, "Softmax": _softmax, "LogSoftmax": _softmax,
}  # fmt: skip


def _matrix(one: OperatorNode, array: np.ndarray) -> np.ndarray:
    if array.ndim != 2 or array.size == 0:
        raise one.refuse(f"its weights have the shape {array.shape}", "a matrix that is not empty")
    return array


def _vector(one: OperatorNode, array: np.ndarray, features: int) -> np.ndarray:
    """One number per feature, from any shape that stands for it."""
    flat = array.reshape(-1)
    if (array.ndim > 1 and array.shape[-1] != array.size) or flat.size not in (1, features):
        raise one.refuse(f"what it adds has the shape {array.shape}", f"one number for each of {features} features")
    return np.broadcast_to(flat, features)


def unsupported(node: onnx.NodeProto) -> InputError:
    return InputError(f"{place_of(node)} is not supported; {SUPPORTED} are: {AROUND}")


def place_of(node: onnx.NodeProto) -> str:
    domain = f"{node.domain}." if node.domain not in DOMAINS else ""
    return f"{domain}{node.op_type} {node.name or 'giving ' + ', '.join(node.output)}".strip()[:200]
