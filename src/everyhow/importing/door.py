"""What people bring, understood as a network: a module, a fitted model, a file; and how its numbers stand for bits."""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..common.errors import InputError
from ..network.network import Network, checked_threshold
from .load import load
from .sklearn_models import from_sklearn
from .torch_modules import from_torch

NETWORKS = "a Network, a torch.nn.Module, a fitted scikit-learn perceptron, or the path of a network file"


def as_network(model: Any, threshold: float | None = None, inputs: Iterable[float] | None = None) -> Network:
    """The network that a model is, with its numbers read as told.

    Args:
        model: a Network; a PyTorch module, imported by `from_torch`; a fitted scikit-learn model, by `from_sklearn`; or
            the path of a file, by `load`.
        threshold: an output above it is read as 1; the network's own when not given.
        inputs: the two numbers by which each input stands for 0 and for 1; the network's own when not given.

    Raises:
        InputError: something else, or a number out of range.

    Example:
        >>> from everyhow import xornet
        >>> as_network(xornet(), threshold=0.4)
        Network(2-3-1, sigmoid:25, 7 edges, threshold 0.4)
    """
    return _network_of(model, checked_threshold(threshold)).read(threshold, inputs)


def _network_of(model: Any, threshold: float | None) -> Network:
    if isinstance(model, Network):
        return model
    if isinstance(model, str | os.PathLike):
        return load(Path(model), threshold=threshold)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return from_torch(model, threshold=threshold)
    if any(one.__module__.partition(".")[0] == "sklearn" for one in type(model).__mro__):
        return from_sklearn(model, threshold=threshold)
    if isinstance(model, Mapping):
        hint = "; a state dict says nothing of its activations: everyhow.from_state_dict takes them with it"
    elif isinstance(model, type):
        hint = f"; this is the class {model.__name__}: give an object of it, with its weights"
    else:
        hint = ""
    raise InputError(f"the network is of type {type(model).__name__}; give {NETWORKS}{hint}")
