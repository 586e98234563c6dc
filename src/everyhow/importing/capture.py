"""What enters the tail of a bigger model while it runs over data."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..errors import InputError
from .torch_modules import as_array, inputs_of

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, eq=False)
class Captured:
    """The inputs of a tail, in the order of the data.

    Attributes:
        points: what entered the tail, flattened to one row per input.
        outputs: what the whole model gave for each.
        labels: the labels of the data as they came, when its batches are (inputs, labels).
    """

    points: Float[np.ndarray, "inputs features"]
    outputs: Float[np.ndarray, "inputs outputs"]
    labels: np.ndarray | None


def capture(model: "nn.Module", tail: "nn.Module", batches: Iterable[Any]) -> Captured:
    """Run a model over data and keep what enters its tail.

    Nothing else is kept, and no gradients. The model stays as it is: on its device, in its mode, without the hook that
    listened.

    Args:
        model: the whole model; dropout and normalization in it must be in eval mode.
        tail: a module in it, or a slice of a Sequential in it such as `model[-3:]`.
        batches: tensors of inputs, or (inputs, labels), as a data loader gives them.

    Raises:
        InputError: the tail is no part of the model, or does not run exactly once per batch on one tensor; a model in
            training mode; no batches, or batches of something else.
    """
    import torch

    from .torch_graph import check_mode

    check_mode(model)
    first = _first_of(model, tail)
    seen: list[Any] = []
    points, outputs, labels = [], [], []
    device = next((one.device for one in model.parameters()), torch.device("cpu"))
    hook = first.register_forward_pre_hook(lambda _, entering: seen.append(_copied(entering)))
    try:
        with torch.no_grad():
            for batch in batches:
                inputs = inputs_of(batch)
                if not isinstance(inputs, torch.Tensor):
                    raise InputError(
                        f"a batch holds {type(inputs).__name__} where its inputs should be; give batches of tensors, "
                        "or of (inputs, labels)"
                    )
                leaving = model(inputs.to(device))
                points.append(_only(seen, tail, len(inputs)))
                outputs.append(_flat(leaving, "the model gives", len(inputs)))
                if inputs is not batch and len(batch) > 1:
                    labels.append(np.asarray(batch[1].cpu() if isinstance(batch[1], torch.Tensor) else batch[1]))
                seen.clear()
    finally:
        hook.remove()
    if not points:
        raise InputError("there are no batches; give at least one, as a data loader does")
    return Captured(np.concatenate(points), np.concatenate(outputs), np.concatenate(labels) if labels else None)


def _first_of(model: "nn.Module", tail: "nn.Module") -> "nn.Module":
    """The module of the model at which the tail begins; a slice of a Sequential is a new one of the same modules."""
    from torch import nn

    inside = set(map(id, model.modules()))
    first = tail
    while id(first) not in inside and isinstance(first, nn.Sequential) and len(first):
        first = first[0]
    if id(first) not in inside:
        raise InputError(
            f"the tail ({type(tail).__name__}) is no part of the model ({type(model).__name__}); give a module of it, "
            "such as model.head, or a slice of a Sequential, such as model[-3:]"
        )
    return first


def _copied(entering: tuple) -> Any:
    """The one tensor that enters a module, copied since later layers may work in place."""
    import torch

    alone = len(entering) == 1 and isinstance(entering[0], torch.Tensor)
    return as_array(entering[0]) if alone else None


def _only(seen: list, tail: "nn.Module", batch: int) -> np.ndarray:
    if len(seen) != 1 or seen[0] is None:
        found = "it got something else than one tensor" if len(seen) == 1 else f"it ran {len(seen)} times"
        raise InputError(
            f"the tail ({type(tail).__name__}) must run once per batch, on one tensor, but {found}; choose a tail "
            "whose first module is used at one place only"
        )
    return _flat(seen[0], "the tail takes", batch)


def _flat(values: Any, what: str, batch: int) -> np.ndarray:
    if not hasattr(values, "shape") or not len(values.shape) or values.shape[0] != batch:
        found = tuple(values.shape) if hasattr(values, "shape") else type(values).__name__
        raise InputError(f"{what} {found} for a batch of {batch} inputs; expected one row per input")
    array = values if isinstance(values, np.ndarray) else as_array(values)
    return array.reshape(batch, -1)
