"""Tensors, arrays and batches of inputs as NumPy arrays. PyTorch is loaded by whoever made them."""

import contextlib
import itertools
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.arguments import has
from ..common.errors import InputError, first_line

if TYPE_CHECKING:
    import torch

# More batches, or inputs one by one, than fit into memory in a reasonable time; what never ends is stopped there.
MOST_BATCHES = 1_000_000


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
        raise InputError(f"data is {kind_of(data)}; give a tensor, an array or batches of inputs")
    check_pair(data, "data")
    try:
        # A data set need not end by itself when it is iterated over.
        given = (data[k] for k in range(len(data))) if _is_data_set(data) else iter(data)
        batches = list(itertools.islice(given, MOST_BATCHES + 1))
    except TypeError:
        raise InputError(f"data is a {type(data).__name__}; give a tensor, an array or batches of inputs") from None
    except Exception as error:
        raise InputError(f"data cannot be read ({first_line(error)}); give a tensor, an array or batches") from None
    if len(batches) > MOST_BATCHES:
        raise InputError(
            f"data gives more than {MOST_BATCHES:,} batches or inputs, or never ends; give an array, larger batches, or "
            f"the first of them (itertools.islice)"
        )
    if not batches:
        raise InputError("data holds no inputs; give at least one")
    first = [inputs_of(batch) for batch in batches]
    if not any(map(is_array, first)):
        if any(isinstance(one, Mapping | str) or one is None for one in first):
            found = next(one for one in first if isinstance(one, Mapping | str) or one is None)
            raise InputError(f"data holds {kind_of(found)} where inputs should be; give a tensor, an array or batches")
        return batches
    if not all(map(is_array, first)):
        found = next(one for one in first if not is_array(one))
        raise InputError(
            f"data has batches whose inputs are not a tensor but {kind_of(found)}; give batches of tensors, or of "
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
        InputError: the data is such a pair; the message shows both.
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


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    return f"the text {value!r:.40}" if isinstance(value, str) else f"{type(value).__name__}"
