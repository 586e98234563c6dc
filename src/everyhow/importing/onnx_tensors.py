"""The tensors of an ONNX model: from the file, from another file of its folder, or computed from each other."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from ..common.errors import InputError, first_line

FLOATS: dict[int, str] = {
    TensorProto.FLOAT: "float32", TensorProto.DOUBLE: "float64", TensorProto.FLOAT16: "float16",
    TensorProto.BFLOAT16: "bfloat16",
}  # fmt: skip
WHOLE = (TensorProto.INT64, TensorProto.INT32, TensorProto.INT16, TensorProto.INT8, TensorProto.UINT8, TensorProto.BOOL)
# As many numbers as float32 files of the largest size hold; constants computed from others have no more together.
MOST_NUMBERS = 2**24


def inline(tensors: Iterable[TensorProto], folder: Path, most: int) -> None:
    """Put the bytes of tensors that lie in other files of the folder into the model itself.

    Args:
        tensors: those that are needed; they are changed in place.
        folder: where the model lies; nothing outside it is read.
        most: how many bytes are read in all.

    Raises:
        InputError: a file outside the folder, one that is missing or too large, or a place in it that does not hold
            what the tensor declares.
    """
    left = most
    for tensor in tensors:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        where = {one.key: one.value for one in tensor.external_data}
        name, location = f"the tensor {tensor.name[:80]}", where.get("location", "")
        file = _beside(folder, location, name)
        size = file.stat().st_size
        if tensor.data_type not in (*FLOATS, *WHOLE):
            raise InputError(f"{name} lies in {location[:80]} and holds no plain numbers; export the model with such")
        itemsize = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        numbers = math.prod(tensor.dims)
        start = _whole(where.get("offset", "0"), f"{name}: its offset")
        length = _whole(where["length"], f"{name}: its length") if "length" in where else numbers * itemsize
        if min(tensor.dims, default=0) < 0 or length != numbers * itemsize or start + length > size:
            raise InputError(
                f"{name} has the shape {tuple(tensor.dims)}, which takes {numbers * itemsize:,} bytes, and is declared "
                f"as {length:,} bytes from {start:,} on in {location[:80]}, which has {size:,}; export the model "
                "again, and keep both files together"
            )
        left -= length
        if left < 0:
            raise InputError(
                f"its tensors in other files take more than {most:,} bytes; export the part of the model that is to be "
                "explained"
            )
        with file.open("rb") as stream:
            stream.seek(start)
            tensor.raw_data = stream.read(length)
        tensor.ClearField("external_data")
        tensor.data_location = TensorProto.DEFAULT


def _beside(folder: Path, location: str, name: str) -> Path:
    """The file of that location, if it lies in the folder."""
    windows, advice = PureWindowsPath(location), "put the file beside the model and export it again"
    if not location or "\0" in location or windows.is_absolute() or windows.anchor or ".." in windows.parts:
        raise InputError(f"{name} lies at {location[:80]!r}, which is not a file of the model's own folder; {advice}")
    try:
        file = (folder / location).resolve()
        inside, there = file.is_relative_to(folder.resolve()), file.is_file()
    except (OSError, RuntimeError):  # a name that no file can have, or links in a circle
        raise InputError(f"{name} lies at {location[:80]!r}, where no file can be; {advice}") from None
    if not inside:
        raise InputError(f"{name} lies at {location[:80]!r}, a link that leaves the model's own folder; {advice}")
    if not there:
        raise InputError(
            f"{name} lies in the file {location[:80]!r}, which is not beside the model; keep both files together, as "
            "they were exported"
        )
    return file


def _whole(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InputError(f"{what} is {text[:40]!r}, not a whole number; export the model again")
    return int(text)


def array_of(name: str, tensor: TensorProto) -> np.ndarray:
    """The numbers of a tensor.

    Raises:
        InputError: it holds none, or others than its shape says.
    """
    try:
        found = numpy_helper.to_array(tensor)
    except Exception as error:
        raise InputError(f"its tensor {name[:80]} is broken ({first_line(error)}); export the model again") from None
    if found.dtype.name == "bfloat16":
        return found.astype(np.float64)
    if found.dtype.kind not in "fiub":
        raise InputError(f"its tensor {name[:80]} holds {found.dtype}; numbers are supported: export it so")
    return found


def folded(node: onnx.NodeProto, operands: list[Any]) -> np.ndarray | None:
    """What an operator gives on stored tensors; None when that is not known here, or would be too large.

    Args:
        node: the operator.
        operands: its operands, None where one is left out.

    Raises:
        InputError: a tensor in it is broken.
    """
    options = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    if node.op_type == "Constant":
        return _constant(node)
    if node.op_type not in FOLDED or not operands or operands[0] is None or len(node.output) != 1:
        return None
    try:
        if _numbers(node.op_type, operands) > MOST_NUMBERS:
            return None
        with np.errstate(all="ignore"):
            return np.asarray(FOLDED[node.op_type](options, *operands))
    except (ValueError, IndexError, TypeError, KeyError, OverflowError, AttributeError):
        return None  # operands that do not fit each other: whatever needs the result is refused


def depends_on(node: onnx.NodeProto) -> list[str]:
    """The tensors whose numbers decide what an operator gives."""
    if node.op_type == "Shape":
        return []
    return [name for name in (node.input[:1] if node.op_type == "CastLike" else node.input) if name]


def _constant(node: onnx.NodeProto) -> np.ndarray | None:
    if len(node.attribute) != 1:
        return None
    option = node.attribute[0]
    value = helper.get_attribute_value(option)
    if option.type == AttributeProto.TENSOR:
        return array_of(node.output[0], value)
    if option.name in ("value_float", "value_floats"):
        return np.asarray(value, np.float32)
    return np.asarray(value, np.int64) if option.name in ("value_int", "value_ints") else None


def _numbers(op: str, operands: list[Any]) -> int:
    """How many numbers a result has at most."""
    sizes = [one.size for one in operands if one is not None]
    if op == "Shape":
        return operands[0].ndim
    if op == "ConstantOfShape":
        return math.prod(int(size) for size in operands[0])
    if op in ELEMENTWISE:
        return math.prod(np.broadcast_shapes(*(one.shape for one in operands)))
    if op == "MatMul":
        rows, columns = operands[0].shape[:-1], operands[1].shape[1:]
        return math.prod((*rows, *columns)) if max(len(rows), len(columns)) < 2 else MOST_NUMBERS + 1
    return math.prod(sizes) if op == "Gather" else sum(sizes)


def _axes_of(options: dict[str, Any], operand: Any) -> tuple[int, ...] | None:
    """The axes that an operator is given, as an operand or, in old versions, as an option."""
    given = options.get("axes") if operand is None else operand
    return None if given is None else tuple(int(one) for one in np.asarray(given).reshape(-1))


def _reshaped(options: dict[str, Any], one: np.ndarray, wanted: Any = None) -> np.ndarray:
    """A Reshape, in which 0 keeps a size and -1 is what remains; in old versions the shape is an option."""
    sizes = [int(size) for size in np.asarray(options["shape"] if wanted is None else wanted).reshape(-1)]
    if not options.get("allowzero", 0):
        sizes = [one.shape[at] if size == 0 and at < one.ndim else size for at, size in enumerate(sizes)]
    return one.reshape(sizes)


def _flattened(options: dict[str, Any], one: np.ndarray) -> np.ndarray:
    axis = options.get("axis", 1)
    return one.reshape(math.prod(one.shape[: axis if axis >= 0 else axis + one.ndim]), -1)


def _divided(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    whole = first.dtype.kind in "iu" and second.dtype.kind in "iu"
    return np.trunc(first / second).astype(first.dtype) if whole else first / second


def _cast(options: dict[str, Any], one: np.ndarray) -> np.ndarray:
    if options["to"] == TensorProto.BFLOAT16 or options["to"] not in (*FLOATS, *WHOLE):
        raise ValueError("no such numbers here")
    return one.astype(helper.tensor_dtype_to_np_dtype(options["to"]))


def _sliced(options: dict[str, Any], one: np.ndarray, *rest: Any) -> np.ndarray:
    given = [*rest, None, None, None, None][:4]
    keys = ("starts", "ends", "axes", "steps")
    starts, ends, axes, steps = (
        [int(one) for one in (options.get(key, ()) if operand is None else operand)]
        for key, operand in zip(keys, given, strict=True)
    )
    axes, steps = axes or range(len(starts)), steps or [1] * len(starts)
    parts = [slice(None)] * one.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step < 1:
            raise ValueError("backwards")
        parts[axis] = slice(start, end, step)
    return one[tuple(parts)]


def _filled(options: dict[str, Any], shape: np.ndarray) -> np.ndarray:
    value = array_of("value", options["value"]) if "value" in options else np.zeros(1, np.float32)
    return np.full(tuple(int(size) for size in shape), value.reshape(-1)[0])


def _of_two(function: Callable[..., Any], options: dict[str, Any], first: np.ndarray, second: np.ndarray) -> Any:
    return function(first, second)


def _reduced(options: dict[str, Any], one: np.ndarray, axes: Any = None) -> np.ndarray:
    axes = _axes_of(options, axes)
    if not axes and options.get("noop_with_empty_axes", 0):
        raise ValueError("nothing is reduced")
    return np.sum(one, axis=axes or None, keepdims=bool(options.get("keepdims", 1)), dtype=one.dtype)


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": _divided, "Max": np.maximum, "Min": np.minimum,
    "Pow": np.power,
}  # fmt: skip
FOLDED: dict[str, Callable[..., Any]] = {
    "Identity": lambda options, one: one,
    "Cast": _cast,
    "CastLike": lambda options, one, like=None: one,
    "Transpose": lambda options, one: np.transpose(one, options.get("perm")),
    "Reshape": _reshaped,
    "Flatten": _flattened,
    "Squeeze": lambda options, one, axes=None: np.squeeze(one, _axes_of(options, axes)),
    "Unsqueeze": lambda options, one, axes=None: np.expand_dims(one, _axes_of(options, axes) or ()),
    "Concat": lambda options, *parts: np.concatenate(parts, options["axis"]),
    "Gather": lambda options, one, at: np.take(one, at, options.get("axis", 0)),
    "Slice": _sliced,
    "ConstantOfShape": _filled,
    "Shape": lambda options, one: np.array(one.shape[options.get("start", 0) : options.get("end")], np.int64),
    "Neg": lambda options, one: np.negative(one),
    "Abs": lambda options, one: np.abs(one),
    "ReduceSum": _reduced,
    "ReduceL2": lambda options, one, axes=None: np.sqrt(_reduced(options, one * one, axes)),
    "MatMul": lambda options, one, other: one @ other,
    "Sqrt": lambda options, one: np.sqrt(one),
    "Reciprocal": lambda options, one: np.reciprocal(one),
} | {op: partial(_of_two, function) for op, function in ELEMENTWISE.items()}
