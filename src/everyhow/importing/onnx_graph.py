"""The steps of an ONNX graph: one chain of operators, each of which is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, checker, helper, numpy_helper

from ..errors import InputError, first_line
from .layers import Affine, LeftOut, Nonlinear, Step, elementwise, leaky_relu, normalization, width_after
from .onnx_fields import check_fields

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
MOST_FIELDS = 100_000
# Defaults of options, which are float32 like all options.
SLOPE, EPSILON = float(np.float32(0.01)), float(np.float32(1e-5))


@dataclass(frozen=True)
class Entrance:
    """The one input of a graph: its name, type, the size of a batch if it is fixed, and the shape of one input."""

    name: str
    dtype: str
    batch: int | None
    shape: tuple[int, ...]

    @staticmethod
    def of(graph: onnx.GraphProto) -> "Entrance":
        """The entrance of a graph; weights that old files list among the inputs are none.

        Raises:
            InputError: several inputs or outputs, or an input that is no table of numbers.
        """
        stored = {tensor.name for tensor in graph.initializer}
        inputs = [value for value in graph.input if value.name not in stored]
        if len(inputs) != 1 or len(graph.output) != 1:
            raise InputError(
                f"its graph has {len(inputs)} inputs and {len(graph.output)} outputs; one of each is supported: "
                f"{AROUND}"
            )
        kind = inputs[0].type.tensor_type
        if kind.elem_type not in FLOATS or FLOATS[kind.elem_type] == "bfloat16":
            found = TensorProto.DataType.Name(kind.elem_type) if kind.elem_type in _TYPES else kind.elem_type
            raise InputError(f"its input is of type {found}; FLOAT, DOUBLE and FLOAT16 are supported: export it so")
        sizes = [one.dim_value if one.HasField("dim_value") else None for one in kind.shape.dim]
        if (
            len(sizes) < 2
            or (len(sizes) > 2 and None in sizes[1:])
            or any(size is not None and size < 1 for size in sizes)
        ):
            raise InputError(
                f"its input has the shape {tuple(size or '?' for size in sizes)}; expected (inputs, features), or "
                "fixed sizes after the first: export it with such an input"
            )
        return Entrance(
            inputs[0].name,
            FLOATS[kind.elem_type],
            sizes[0],
            (-1,) if len(sizes) == 2 else tuple(map(int, sizes[1:])),  # type: ignore[arg-type]
        )


_TYPES = set(TensorProto.DataType.values())


def read_model(content: bytes) -> onnx.ModelProto:
    """The model in the bytes of a file, nothing else being read.

    Raises:
        InputError: no valid ONNX model, or one whose weights lie in other files.
    """
    check_fields(content, onnx.ModelProto.DESCRIPTOR, MOST_FIELDS)
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:
        raise InputError(f"not an ONNX file, or cut off ({first_line(error)}); export it again") from None
    tensors = [*model.graph.initializer]
    tensors += [held.t for node in model.graph.node for held in node.attribute if held.HasField("t")]
    outside = [one.name for one in tensors if one.data_location == TensorProto.EXTERNAL]
    if outside or model.graph.sparse_initializer:
        raise InputError(
            f"the tensor {outside[0][:80] if outside else 'of a sparse_initializer'} does not lie in the file as plain "
            "numbers; save the model as one file, with dense weights"
        )
    unknown = [node for node in model.graph.node if node.domain not in DOMAINS or node.op_type not in OPERATORS]
    if unknown:
        raise _unsupported(unknown[0])
    try:
        checker.check_model(model)
    except Exception as error:
        raise InputError(f"not a valid ONNX model ({first_line(error)}); export it again") from None
    return model


def steps_of(graph: onnx.GraphProto) -> tuple[list[Step], set[str]]:
    """What the graph does to its input, step by step, and the floating-point types that it uses.

    Raises:
        InputError: something that is not supported, with its place and what to do.
    """
    constants: dict[str, np.ndarray] = {}
    types: set[str] = set()
    for tensor in graph.initializer:
        _store(tensor.name, tensor, constants, types)
    current = Entrance.of(graph).name
    steps: list[Step] = []
    for node in graph.node:
        used = [name for name in node.input if name and name not in constants]
        if not used:
            if len(node.output) != 1:
                raise _unsupported(node)
            _store(node.output[0], _constant(node, constants), constants, types)
            continue
        if used != [current]:
            raise InputError(
                f"{_place(node)} uses something else than the step right before it, as residual connections and "
                f"branches do; networks here are single chains: {AROUND}"
            )
        steps += OPERATORS[node.op_type](_Node(node, current, constants, width_after(steps), types))
        current = node.output[0]
    if graph.output[0].name != current:
        raise InputError(f"its output {graph.output[0].name} is not what its last operator gives; {AROUND}")
    return steps, types


@dataclass(frozen=True)
class _Node:
    """One operator of the chain: `state` is the name of what flows through, `width` its features if they are known."""

    node: onnx.NodeProto
    state: str
    constants: dict[str, np.ndarray]
    width: int | None
    types: set[str]

    @property
    def place(self) -> str:
        return _place(self.node)

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


def _gemm(one: _Node) -> Iterator[Step]:
    if one.option("transA", 0):
        raise one.refuse("transA is 1", "0")
    matrix = _matrix(one, one.stored(1))
    weights = one.option("alpha", 1.0) * (matrix if one.option("transB", 0) else matrix.T)
    added = one.constant(2)
    biases = np.zeros(len(weights)) if added is None else _vector(one, added, len(weights))
    yield Affine(weights, one.option("beta", 1.0) * biases, one.place)


def _matmul(one: _Node) -> Iterator[Step]:
    if one.node.input[0] != one.state:
        raise one.refuse("it multiplies from the left", "a stored matrix as the second operand")
    weights = _matrix(one, one.stored(1)).T
    yield Affine(weights, np.zeros(len(weights)), one.place)


def _add(one: _Node) -> Iterator[Step]:
    shift = one.stored(1 if one.node.input[0] == one.state else 0)
    features = one.width or shift.size
    yield elementwise(np.ones(features), _vector(one, shift, features), one.place)


def _batch_normalization(one: _Node) -> Iterator[Step]:
    if one.option("training_mode", 0) or len([name for name in one.node.output if name]) > 1:
        raise one.refuse("it is in training mode", "inference mode (model.eval() before exporting)")
    scale, shift, mean, variance = (one.stored(position).reshape(-1) for position in (1, 2, 3, 4))
    if not scale.shape == shift.shape == mean.shape == variance.shape:
        raise one.refuse("its statistics are of different lengths", "one number of each per feature")
    yield from normalization(mean, variance, one.option("epsilon", EPSILON), scale, shift, one.place)


def _leaky(one: _Node) -> Iterator[Step]:
    yield leaky_relu(one.option("alpha", SLOPE), one.place)


def _prelu(one: _Node) -> Iterator[Step]:
    slopes = one.stored(1)
    if slopes.size != 1:
        raise one.refuse(f"it has {slopes.size} slopes", "one for all neurons")
    yield leaky_relu(float(slopes.reshape(())), one.place)


def _flatten(one: _Node) -> Iterator[Step]:
    if one.option("axis", 1) != 1:
        raise one.refuse(f"axis is {one.option('axis', 1)}", "1, which keeps inputs apart,")
    yield LeftOut(one.place)


def _reshape(one: _Node) -> Iterator[Step]:
    # Whether it keeps the inputs apart, the check against onnxruntime tells.
    if one.node.input[0] != one.state or one.stored(1).size != 2:
        raise one.refuse("it makes another shape", "a reshape to (inputs, features)")
    yield LeftOut(one.place)


def _dropout(one: _Node) -> Iterator[Step]:
    training = one.constant(2)
    if training is not None and training.any():
        raise one.refuse("it is in training mode", "inference mode (model.eval() before exporting)")
    yield LeftOut(one.place)


def _cast(one: _Node) -> Iterator[Step]:
    if one.option("to", 0) not in FLOATS:
        raise one.refuse("it changes to a type that is no floating-point type", "a cast between such types")
    one.types.add(FLOATS[one.option("to", 0)])
    yield LeftOut(one.place)


def _only_constant(one: _Node) -> Iterator[Step]:
    raise one.refuse("it is applied to what flows through", "this operator on weights only")


def _softmax(one: _Node) -> Iterator[Step]:
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


def _constant(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> Any:
    """The value of an operator on stored tensors alone."""
    options = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    operands = [constants[name] for name in node.input if name]
    if node.op_type == "Constant" and len(options) == 1:
        (value,) = options.values()
        if isinstance(value, TensorProto | float | int | list):
            return value
    elif node.op_type == "Identity":
        return operands[0]
    elif node.op_type == "Transpose" and operands[0].ndim == 2 and options.get("perm", [1, 0]) == [1, 0]:
        return operands[0].T
    raise _unsupported(node)


def _store(name: str, value: Any, constants: dict[str, np.ndarray], types: set[str]) -> None:
    if isinstance(value, TensorProto):
        if value.data_type in FLOATS and value.dims:
            types.add(FLOATS[value.data_type])
        try:
            value = numpy_helper.to_array(value)
        except Exception as error:
            raise InputError(
                f"its tensor {name[:80]} is broken ({first_line(error)}); export the model again"
            ) from None
        if value.dtype.kind not in "fiub" and value.dtype.name != "bfloat16":
            raise InputError(f"its tensor {name[:80]} holds {value.dtype}; numbers are supported: export it so")
    constants[name] = np.asarray(value, np.float64)


def _matrix(one: _Node, array: np.ndarray) -> np.ndarray:
    if array.ndim != 2 or array.size == 0:
        raise one.refuse(f"its weights have the shape {array.shape}", "a matrix that is not empty")
    return array


def _vector(one: _Node, array: np.ndarray, features: int) -> np.ndarray:
    """One number per feature, from any shape that stands for it."""
    flat = array.reshape(-1)
    if (array.ndim > 1 and array.shape[-1] != array.size) or flat.size not in (1, features):
        raise one.refuse(f"what it adds has the shape {array.shape}", f"one number for each of {features} features")
    return np.broadcast_to(flat, features)


def _unsupported(node: onnx.NodeProto) -> InputError:
    return InputError(f"{_place(node)} is not supported; {SUPPORTED} are: {AROUND}")


def _place(node: onnx.NodeProto) -> str:
    domain = f"{node.domain}." if node.domain not in DOMAINS else ""
    return f"{domain}{node.op_type} {node.name or 'giving ' + ', '.join(node.output)}".strip()[:200]
