"""Importing PyTorch modules. PyTorch is loaded by whoever made the module."""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, first_line
from ..network import Network
from .checking import imported
from .layers import fold
from .points import check_features, default_points, given_points
from .rounding import coarsest

if TYPE_CHECKING:
    import torch
    from torch import nn


def from_torch(module: "nn.Module", data: Any = None) -> Network:
    """The network that a PyTorch module computes, checked against the module's own outputs.

    Linear layers with or without bias, BatchNorm1d in eval mode, ReLU, LeakyReLU, PReLU with one slope, Tanh, Sigmoid,
    Dropout in eval mode, Flatten and Identity, as modules or as functions, in containers nested at will or in modules
    with a `forward` of their own, which `torch.fx` traces. Everything must lie in one chain. The module itself stays as
    it is.

    Args:
        module: the module, or a slice such as `model[-3:]`; in float16, bfloat16, float32 or float64, on any device.
        data: inputs to check it on: a tensor or array (inputs, features...), or batches as a data loader gives them,
            of which only the inputs are used. All corners of the unit cube for up to 8 inputs when not given, else 256
            standard normal inputs.

    Raises:
        InputError: a layer that is not supported, with its place and what to do; a module in training mode; data that
            does not fit; or outputs that differ from the module's by more than its precision explains.

    Example:
        >>> import torch
        >>> from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)))
        Network(2-3-1, relu, identity, 9 edges)
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        raise InputError(
            f"from_torch takes a torch.nn.Module, not {type(module).__name__}; from_state_dict takes the tensors of a "
            "state dict, and load a file"
        )
    from .torch_graph import dtypes_of, steps_of

    original = getattr(module, "_orig_mod", module)  # what torch.compile was given
    steps = steps_of(original)
    features = fold(steps)[0].widths[0]
    points, words = default_points(features) if data is None else given_points(_rows(data))
    entering = _placed(points, original)
    source = f"torch {type(original).__name__}"
    try:
        with torch.no_grad():
            leaving = original(entering.clone())
    except Exception as error:
        raise InputError(
            f"{source} does not run on inputs of shape {tuple(entering.shape)} ({first_line(error)}); give data of the "
            "shape that it takes"
        ) from None
    if leaving.shape[:1] != entering.shape[:1]:
        raise InputError(
            f"{source} gives {tuple(leaving.shape)} for {len(points)} inputs; it must give one row for each"
        )
    return imported(
        steps, check_features(_flat(entering, len(points)), features), _flat(leaving, len(points)),
        source=source, precision=coarsest(dtypes_of(original)), checked_on=words,
    )  # fmt: skip


def as_array(tensor: "torch.Tensor") -> np.ndarray:
    """A copy of the tensor's values, in float64 on the CPU."""
    import torch

    return tensor.detach().to("cpu", torch.float64, copy=True).numpy()


def inputs_of(batch: Any) -> Any:
    """The inputs of a batch: its first part when it is a tuple or list of parts."""
    return batch[0] if isinstance(batch, tuple | list) and len(batch) else batch


def _rows(data: Any) -> Any:
    """The inputs in an array, a tensor, nested lists of numbers, or an iterable of batches."""
    if _is_array(data):
        return as_array(data) if hasattr(data, "detach") else data
    try:
        batches = list(data)
    except TypeError:
        raise InputError(f"data is a {type(data).__name__}; give a tensor, an array or batches of inputs") from None
    first = [inputs_of(batch) for batch in batches]
    if not any(map(_is_array, first)):
        return batches
    if not all(map(_is_array, first)):
        raise InputError("data has batches whose inputs are no tensor; give batches of tensors, or of (inputs, labels)")
    arrays = [_rows(one) for one in first]
    if len({one.shape[1:] for one in arrays}) > 1:
        raise InputError(
            f"data has batches of shapes {', '.join(str(one.shape) for one in arrays[:4])}; they must agree"
        )
    return np.concatenate(arrays)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or hasattr(value, "detach")


def _flat(tensor: "torch.Tensor", inputs: int) -> np.ndarray:
    return as_array(tensor).reshape(inputs, -1)


def _placed(points: np.ndarray, module: "nn.Module") -> "torch.Tensor":
    """The points as a tensor of the module's type, where the module is.

    Raises:
        InputError: they are too large for that type.
    """
    import torch

    like = next(module.parameters(), torch.empty(0))
    placed = torch.from_numpy(points).to(like.device, like.dtype)
    if not placed.isfinite().all():
        raise InputError(f"data holds values too large for the module's {like.dtype}; give smaller ones")
    return placed
