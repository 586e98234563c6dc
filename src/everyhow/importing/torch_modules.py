"""Importing PyTorch modules. PyTorch is loaded by whoever made the module."""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.errors import InputError, first_line
from ..given.points import check_features, default_points, given_points
from ..network.network import Network
from ..transformer.transformer import Transformer
from .checking import imported
from .layers import fold
from .rounding import coarsest
from .torch_tensors import as_array, kind_of, rows_of
from .transformer_checking import NoAttentionError

if TYPE_CHECKING:
    import torch
    from torch import nn

    from .torch_trace import Trace


def from_torch(module: "nn.Module", data: Any = None, threshold: float | None = None) -> Network | Transformer:
    """The network that a PyTorch module computes, checked against the module's own outputs.

    The module is followed while a copy of it runs: linear layers with or without bias, batch normalization and dropout
    in eval mode, activations, constants, products with stored matrices, views and selections of features, as modules or
    as functions, in any module with a `forward` that is one chain of them. Weights that hooks make (weight and spectral
    norm, pruning, parametrizations) are read as the module makes them. A softmax at the end is left out, since the
    largest output is the same without it. The module itself stays as it is.

    A module that embeds tokens is read as a transformer: one of Hugging Face's GPT-2 family, of TransformerLens, or
    built of `nn.Embedding`, attention, `nn.Linear` and norms. What its forward does with these is decided by running
    it: exactly one reading may give its logits. It has as many positions as `data`, or as the module.

    Args:
        module: the module, or a slice such as `model[-3:]`; in float16, bfloat16, float32 or float64, on any device.
        data: inputs to check it on: a tensor or array (inputs, features...), a data frame, or batches as a data loader
            gives them, of which only the inputs are used. When not given, all corners of the unit cube for up to 8
            inputs and 128 random inputs, above that 256 random ones. Of a transformer sequences of tokens, one a row;
            when not given, all of them, or random ones.
        threshold: an output above it is read as 1: 0 of logits, 0.5 of what was trained towards 0 and 1. When it is not
            given and the last layer is linear or tanh, whatever needs a decision asks for it.

    Raises:
        InputError: a layer that is not supported, with its place and which part of the module can be imported; a
            transformer of which no reading, or more than one, gives its logits; a module in training mode; data that
            does not fit; or outputs that differ from the module's by more than its precision explains.

    Example:
        >>> import torch
        >>> from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)))
        Network(2-3-1, relu, identity, 9 edges, threshold not said)
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        raise InputError(
            f"from_torch takes a torch.nn.Module, not {kind_of(module)}; from_state_dict takes the tensors of a "
            "state dict, and load a file"
        )
    from .torch_parts import advice, check_tensors, copied, traced_at_any_width, unwrapped
    from .torch_trace import DoesNotRunError, NotTakenError, check_mode, returned, traced

    original = unwrapped(module)
    transformer = _transformer(original, data)
    if isinstance(transformer, Transformer):
        return transformer.read(threshold)
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
        reason = "" if transformer is None else f". As a transformer: {transformer}"
        raise InputError(f"{error}; {advice(original)}{reason}") from None
    return imported(
        trace.steps, rows, leaving,
        source=f"torch {type(original).__name__}", precision=coarsest(_types(original) | trace.types), checked_on=words,
        threshold=threshold, drawn=data is None,
    )  # fmt: skip


def _transformer(module: "nn.Module", data: Any) -> Transformer | NoAttentionError | None:
    """The transformer that a module is; why it is not one, where it embeds tokens; else None."""
    from .torch_transformers import is_transformer_module, transformer_from_torch

    if not is_transformer_module(module):
        return None
    try:
        return transformer_from_torch(module, data)
    except NoAttentionError as error:
        return error


def _width(trace: "Trace") -> int:
    """How many features the network of these steps takes."""
    from .torch_trace import NotTakenError

    try:
        return fold(trace.steps)[0].widths[0]
    except InputError as error:
        raise NotTakenError(str(error)) from None


def _types(module: "nn.Module") -> frozenset[str]:
    """The floating-point types of a module's tensors."""
    from .torch_trace import type_name

    tensors = [*module.parameters(), *module.buffers()]
    return frozenset(type_name(one) for one in tensors if one.is_floating_point())


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

    from .torch_parts import example_of

    like = example_of(module)
    placed = torch.from_numpy(points).to(like.device, like.dtype)
    if not placed.isfinite().all():
        raise InputError(f"data holds values too large for the module's {like.dtype}; give smaller ones")
    return placed
