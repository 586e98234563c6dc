"""What people bring, understood as a model: a module, a fitted model, a file; and how its numbers stand for bits."""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..common.arguments import instance
from ..common.errors import InputError
from ..model.behavior import Behavior
from ..model.coding import checked_threshold
from ..model.explained import check_fits, one_for_two_classes
from ..model.model import Model
from ..transformer.reading import is_transformer
from .load import load
from .sklearn_models import from_sklearn
from .torch_modules import from_torch
from .tracr_models import from_tracr, is_tracr
from .transformer_arrays import has_lens_names, transformer_of_arrays

NETWORKS = (
    "a Network, a Transformer, a torch.nn.Module, a fitted scikit-learn perceptron, a compiled tracr model, or the "
    "path of a network file"
)


def as_model(given: Any, threshold: float | None = None, inputs: Iterable[float] | None = None) -> Model:
    """The model that is given, or the model that something else is understood as; its numbers are read as told.

    Args:
        given: a Network, a Transformer or another Model; a PyTorch module, imported by `from_torch`; a fitted
            scikit-learn model, by `from_sklearn`; a model that tracr compiled, by `from_tracr`; arrays by the keys of a
            transformer's file; or the path of a file, by `load`.
        threshold: an output above it is read as 1; the network's own when not given.
        inputs: the two numbers by which each input stands for 0 and for 1; the network's own when not given.

    Raises:
        InputError: something else, or a number out of range.

    Example:
        >>> from everyhow import xornet
        >>> as_model(xornet(), threshold=0.4)
        Network(2-3-1, sigmoid:25, 7 edges, threshold 0.4)
    """
    return _model_of(given, checked_threshold(threshold)).read(threshold, inputs)


def as_explained(given: Any, behavior: Behavior | None) -> tuple[Model, Behavior | None]:
    """A model read as a behavior says, and the behavior; two classes are folded into one output in both.

    Args:
        given: what `as_model` takes.
        behavior: the inputs and the decisions wanted; None for the truth table of the model.

    Raises:
        InputError: something else, or a behavior of other inputs or outputs than the model has.
    """
    if behavior is None:
        return as_model(given), None
    instance(behavior, Behavior, "a Behavior", "eh.Behavior.of_data or of_network makes one")
    model = behavior.read(as_model(given, behavior.threshold))
    check_fits(model, behavior)
    return one_for_two_classes(model, behavior)


def _model_of(model: Any, threshold: float | None) -> Model:
    if isinstance(model, Model):
        return model
    if isinstance(model, str | os.PathLike):
        return load(Path(model), threshold=threshold)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return from_torch(model, threshold=threshold)
    if any(one.__module__.partition(".")[0] == "sklearn" for one in type(model).__mro__):
        return from_sklearn(model, threshold=threshold)
    if is_tracr(model):
        return from_tracr(model)
    if isinstance(model, Mapping) and is_transformer(dict(model)):
        return transformer_of_arrays(model, None, None, "named arrays")
    if has_lens_names(model):
        hint = "; TransformerLens's arrays say nothing of their configuration: everyhow.from_state_dict takes config="
    elif isinstance(model, Mapping):
        hint = "; a state dict says nothing of its activations: everyhow.from_state_dict takes them with it"
    elif isinstance(model, type):
        hint = f"; this is the class {model.__name__}: give an object of it, with its weights"
    else:
        hint = ""
    kind = "type" if isinstance(model, type) else type(model).__name__
    raise InputError(f"the network is of type {kind}; give {NETWORKS}{hint}")
