"""The steps of an ONNX graph: one chain of operators, each of which is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, checker, helper, numpy_helper

from ..errors import InputError, first_line
from .layers import Step, width_after
from .onnx_fields import check_fields
from .onnx_operators import AROUND, DOMAINS, FLOATS, OPERATORS, OperatorNode, place_of, unsupported

MOST_FIELDS = 100_000


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
        raise unsupported(unknown[0])
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
                raise unsupported(node)
            _store(node.output[0], _constant(node, constants), constants, types)
            continue
        if used != [current]:
            raise InputError(
                f"{place_of(node)} uses something else than the step right before it, as residual connections and "
                f"branches do; networks here are single chains: {AROUND}"
            )
        steps += OPERATORS[node.op_type](OperatorNode(node, current, constants, width_after(steps), types))
        current = node.output[0]
    if graph.output[0].name != current:
        raise InputError(f"its output {graph.output[0].name} is not what its last operator gives; {AROUND}")
    return steps, types


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
    raise unsupported(node)


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
