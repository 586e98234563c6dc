"""Importing PyTorch modules. PyTorch is loaded by whoever made the module."""

import contextlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import has
from ..errors import InputError, first_line
from ..network import Network
from .checking import imported
from .layers import fold
from .points import check_features, default_points, given_points
from .rounding import coarsest

if TYPE_CHECKING:
    import torch
    from torch import nn

    from .torch_trace import Trace


def from_torch(module: "nn.Module", data: Any = None, threshold: float | None = None) -> Network:
    """The network that a PyTorch module computes, checked against the module's own outputs.

    The module is followed while a copy of it runs: linear layers with or without bias, batch normalization and dropout
    in eval mode, activations, constants, products with stored matrices, views and selections of features, as modules or
    as functions, in any module with a `forward` that is one chain of them. Weights that hooks make (weight and spectral
    norm, pruning, parametrizations) are read as the module makes them. A softmax at the end is left out, since the
    largest output is the same without it. The module itself stays as it is.

    Args:
        module: the module, or a slice such as `model[-3:]`; in float16, bfloat16, float32 or float64, on any device.
        data: inputs to check it on: a tensor or array (inputs, features...), a data frame, or batches as a data loader
            gives them, of which only the inputs are used. When not given, all corners of the unit cube for up to 8
            inputs and 128 random inputs, above that 256 random ones.
        threshold: an output above it is read as 1: 0 of logits, 0.5 of what was trained towards 0 and 1. When it is not
            given and the last layer is linear or tanh, whatever needs a decision asks for it.

    Raises:
        InputError: a layer that is not supported, with its place and which part of the module can be imported; a module
            in training mode; data that does not fit; or outputs that differ from the module's by more than its
            precision explains.

    Example:
        >>> import torch
        >>> from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)))
        Network(2-3-1, relu, identity, 9 edges, threshold not said)
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        raise InputError(
            f"from_torch takes a torch.nn.Module, not {_kind(module)}; from_state_dict takes the tensors of a "
            "state dict, and load a file"
        )
    from .torch_parts import advice, check_tensors, copied, traced_at_any_width, unwrapped
    from .torch_trace import DoesNotRunError, NotTakenError, check_mode, returned, traced

    original = unwrapped(module)
    check_mode(original)
    given = None if data is None else given_points(rows_of(data))
    try:
        check_tensors(original)
        if given is None:
            trace = traced_at_any_width(original)
            given = default_points(_width(trace))
            entering = _placed(given[0], original)
        else:
            entering = _placed(given[0], original)
            try:
                trace = traced(copied(original), entering)
            except DoesNotRunError:
                _outputs(original, entering)  # which says so of the data as they are
                raise
        points, words = given
        leaving = _rows_for(returned(_outputs(original, entering), type(original).__name__), entering, original)
        rows = check_features(_flat(entering, len(points)), _width(trace))
    except (NotTakenError, DoesNotRunError) as error:
        if data is not None and isinstance(error, DoesNotRunError):
            raise
        raise InputError(f"{error}; {advice(original)}") from None
    return imported(
        trace.steps, rows, leaving,
        source=f"torch {type(original).__name__}", precision=coarsest(_types(original) | trace.types), checked_on=words,
        threshold=threshold, drawn=data is None,
    )  # fmt: skip


def _width(trace: "Trace") -> int:
    """How many features the network of these steps takes."""
    from .torch_trace import NotTakenError

    try:
        return fold(trace.steps)[0].widths[0]
    except InputError as error:
        raise NotTakenError(str(error)) from None


def as_array(tensor: "torch.Tensor") -> np.ndarray:
    """A copy of the tensor's values, in float64 on the CPU.

    Raises:
        InputError: complex numbers, or a tensor without values.
    """
    import torch

    if tensor.is_complex() or tensor.is_meta:
        kind = "has no values, on the device meta" if tensor.is_meta else f"holds {tensor.dtype}"
        raise InputError(f"a tensor of shape {tuple(tensor.shape)} {kind}; give real numbers")
    tensor = tensor.detach()
    dense = (
        tensor.dequantize() if tensor.is_quantized else tensor.to_dense() if tensor.layout != torch.strided else tensor
    )
    return dense.to("cpu", torch.float64, copy=True).numpy()


def inputs_of(batch: Any) -> Any:
    """The inputs of a batch: its first part when it is a tuple or list of parts."""
    return batch[0] if isinstance(batch, tuple | list) and len(batch) else batch


def rows_of(data: Any) -> Any:
    """The inputs in an array, a tensor, a data frame, nested lists of numbers, a data set, or batches.

    Raises:
        InputError: something else, or a pair that may be two batches or inputs with their labels.
    """
    if is_array(data):
        return array_of(data)
    if isinstance(data, str | bytes | Mapping):
        raise InputError(f"data is {_kind(data)}; give a tensor, an array or batches of inputs")
    check_pair(data, "data")
    try:
        # A data set need not end by itself when it is iterated over.
        batches = [data[k] for k in range(len(data))] if _is_data_set(data) else list(data)
    except TypeError:
        raise InputError(f"data is a {type(data).__name__}; give a tensor, an array or batches of inputs") from None
    except Exception as error:
        raise InputError(f"data cannot be read ({first_line(error)}); give a tensor, an array or batches") from None
    if not batches:
        raise InputError("data holds no inputs; give at least one")
    first = [inputs_of(batch) for batch in batches]
    if not any(map(is_array, first)):
        if any(isinstance(one, Mapping | str) or one is None for one in first):
            found = next(one for one in first if isinstance(one, Mapping | str) or one is None)
            raise InputError(f"data holds {_kind(found)} where inputs should be; give a tensor, an array or batches")
        return batches
    if not all(map(is_array, first)):
        found = next(one for one in first if not is_array(one))
        raise InputError(
            f"data has batches whose inputs are not a tensor but {_kind(found)}; give batches of tensors, or of "
            "(inputs, labels)"
        )
    arrays = [array_of(one) for one in first]
    if all(one.ndim == 1 for one in arrays):
        arrays = [one[None] for one in arrays]  # the items of a data set: one input each
    if len({one.shape[1:] for one in arrays}) > 1 or any(not one.ndim for one in arrays):
        raise InputError(
            f"data has batches of shapes {', '.join(str(one.shape) for one in arrays[:4])}; they must agree, each "
            "(inputs, features)"
        )
    return np.concatenate(arrays)


def check_pair(data: Any, item: str) -> None:
    """See that data is not a bare pair of tensors, which reads in two ways.

    Raises:
        InputError: it is, and both are shown.
    """
    if not (isinstance(data, tuple | list) and len(data) == 2 and all(map(is_array, data))):
        return
    first, second = (tuple(one.shape) for one in data)
    same = len(first) and len(second) and first[0] == second[0]
    labels = same and len(first) > 1 and (len(second) == 1 or (isinstance(data, tuple) and first[1:] != second[1:]))
    if labels or (isinstance(data, tuple) and same):
        raise InputError(
            f"{item} is a {type(data).__name__} of two tensors, {first} and {second}: it may be inputs with their "
            f"labels, or two batches of inputs. Give [({item}[0], {item}[1])] for one batch with its labels, or "
            f"[({item}[0],), ({item}[1],)] for two batches"
        )


def array_of(value: Any) -> np.ndarray:
    """The numbers of a tensor, an array or a data frame."""
    if has(value, "detach"):
        return as_array(value)
    array = value if isinstance(value, np.ndarray) else np.asarray(value.to_numpy())
    if array.dtype.kind == "O":
        with contextlib.suppress(TypeError, ValueError):
            array = array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise InputError(f"data holds values of type {array.dtype}; give real numbers")
    return array


def is_array(value: Any) -> bool:
    # A class has these methods too, but no values.
    return not isinstance(value, type) and (isinstance(value, np.ndarray) or has(value, "detach") or _is_frame(value))


def _is_frame(value: Any) -> bool:
    return has(value, "to_numpy", "shape")


def _is_data_set(value: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.utils.data.Dataset) and hasattr(value, "__len__")


def _kind(value: Any) -> str:
    return f"the text {value!r:.40}" if isinstance(value, str) else f"{type(value).__name__}"


def _types(module: "nn.Module") -> frozenset[str]:
    """The floating-point types of a module's tensors."""
    tensors = [*module.parameters(), *module.buffers()]
    return frozenset(str(one.dtype).removeprefix("torch.") for one in tensors if one.is_floating_point())


def _flat(tensor: "torch.Tensor", inputs: int) -> np.ndarray:
    return as_array(tensor).reshape(inputs, -1)


def _outputs(module: "nn.Module", entering: "torch.Tensor") -> Any:
    """What a copy of the module gives.

    Raises:
        InputError: it does not run, or gives something else when it runs again.
    """
    import torch

    from .torch_parts import copied
    from .torch_trace import ONE_TENSOR, tensors_by_name, uncompiled

    try:
        with uncompiled(), torch.no_grad():
            runs = copied(module)
            leaving, again = runs(entering.clone()), runs(entering.clone())
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"torch {type(module).__name__} does not run on inputs of shape {tuple(entering.shape)} "
            f"({first_line(error)}); {ONE_TENSOR}"
        ) from None
    pairs = zip(tensors_by_name(leaving), tensors_by_name(again), strict=False)
    if not all(torch.allclose(one, other, rtol=0, atol=0, equal_nan=True) for (_, one), (_, other) in pairs):
        raise InputError(
            f"torch {type(module).__name__} gives something else when it runs again on the same inputs. Weights that "
            "hooks make (weight_norm, prune) may be those of before load_state_dict: run the module once on an input, "
            "then import it; what is random in it, or counts how often it runs, must be off"
        )
    return leaving


def _rows_for(leaving: "torch.Tensor", entering: "torch.Tensor", module: "nn.Module") -> np.ndarray:
    """One row of outputs for each input."""
    inputs = len(entering)
    if leaving.shape[:1] != entering.shape[:1] and inputs != 1:
        raise InputError(
            f"torch {type(module).__name__} gives {tuple(leaving.shape)} for {inputs} inputs; it must give one row for "
            "each"
        )
    return _flat(leaving, inputs)


def _placed(points: np.ndarray, module: "nn.Module") -> "torch.Tensor":
    """The points as a tensor of the module's type, where the module is.

    Raises:
        InputError: they are too large for that type.
    """
    import torch

    like = next((one for one in module.parameters() if one.is_floating_point()), torch.empty(0))
    placed = torch.from_numpy(points).to(like.device, like.dtype)
    if not placed.isfinite().all():
        raise InputError(f"data holds values too large for the module's {like.dtype}; give smaller ones")
    return placed
