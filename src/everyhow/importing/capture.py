"""What enters the tail of a bigger model while it runs over data."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.attributes import PublicNames
from ..common.errors import InputError, first_line
from ..common.progress import Progress, tracked
from ..common.shapes import Float
from ..common.spoken import spoken
from ..given.arrays import detached
from .torch_tensors import array_of, as_array, check_pair, inputs_of, is_array

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, eq=False)
class Captured(PublicNames):
    """The inputs of a tail, in the order of the data.

    Attributes:
        points: what entered the tail, flattened to one row per input.
        outputs: what the whole model gave for each, flattened; None when it does not give one tensor of a row per
            input, such as a loss, or several tensors.
        labels: the labels of the data as they came, when its batches are (inputs, labels).
    """

    points: Float[np.ndarray, "inputs features"]
    outputs: Float[np.ndarray, "inputs outputs"] | None
    labels: np.ndarray | None

    def __repr__(self) -> str:
        inputs, size = self.points.shape
        said = [f"{inputs:,} points of {size:,} numbers"]
        constant = np.flatnonzero((self.points == self.points[:1]).all(axis=0))
        if inputs > 1 and len(constant):
            names = spoken([f"x{k}" for k in constant])
            said.append(f"{names} the same at all of them (network.without_constant(points) takes such inputs out)")
        said.append("no outputs" if self.outputs is None else f"outputs of {self.outputs.shape[1]:,} numbers")
        said.append("no labels" if self.labels is None else f"labels, {len(np.unique(self.labels)):,} different")
        return f"Captured({'; '.join(said)})"


def capture(model: "nn.Module", tail: "nn.Module", batches: Iterable[Any], progress: bool = False) -> Captured:
    """Run a model over data and keep what enters its tail.

    Nothing else is kept, and no gradients. The model stays as it is: on its device, in its mode, without the hook that
    listened. What it gives in the end does not matter.

    Args:
        model: the whole model; dropout and normalization in it must be in eval mode.
        tail: a module in it, or a slice of a Sequential in it such as `model[-3:]`.
        batches: tensors of inputs, or (inputs, labels), as a data loader gives them; or all inputs as one tensor.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: the tail is not part of the model, or does not run exactly once per batch on one tensor; a model in
            training mode, or one that does not run; no batches, or batches of something else.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)).eval()
        >>> found = capture(model, model[1:], [torch.ones(4, 3), torch.zeros(2, 3)])
        >>> found.points.shape, found.outputs.shape, found.labels
        ((6, 2), (6, 1), None)
    """
    _check_module("model", model)
    import torch

    from .torch_trace import check_mode, uncompiled

    check_mode(model)
    _check_module("tail", tail)
    first = _first_of(model, tail)
    seen: list[Any] = []
    points: list[np.ndarray] = []
    outputs: list[np.ndarray | None] = []
    labels: list[np.ndarray] = []
    hook = first.register_forward_pre_hook(lambda _, entering: seen.append(_copied(entering)))
    try:
        with uncompiled(), torch.no_grad(), Progress(progress).doing("running the model"):
            for batch in tracked(_batches(batches), _number(batches), "batches"):
                inputs = _inputs(batch, model)
                leaving = _run(model, inputs, len(points))
                points.append(_only(seen, tail, len(inputs)))
                outputs.append(_outputs(leaving, len(inputs)))
                if isinstance(batch, tuple | list) and len(batch) > 1:
                    labels.append(_labels(batch[1], len(inputs)))
                seen.clear()
    finally:
        hook.remove()
    if not points:
        raise InputError("there are no batches; give at least one, as a data loader does")
    if len({one.shape[1] for one in points}) > 1 or len(labels) not in (0, len(points)):
        what = "labels with some batches only" if len(labels) not in (0, len(points)) else "inputs of several sizes"
        raise InputError(f"the batches give {what}; give batches that are all alike")
    given = [one for one in outputs if one is not None]
    alike = len(given) == len(points) and len({one.shape[1] for one in given}) == 1
    return Captured(
        np.concatenate(points),
        np.concatenate(given) if alike else None,
        np.concatenate(labels) if labels else None,
    )


def _check_module(item: str, value: Any) -> None:
    torch: Any = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.nn.Module):
        raise InputError(f"the {item} is a {type(value).__name__}; give a torch.nn.Module")


def _number(batches: Any) -> int | None:
    """How many batches there are, where they say it."""
    try:
        return 1 if is_array(batches) else len(batches)
    except Exception:
        return None


def _batches(batches: Any) -> Iterator[Any]:
    """The batches one by one; all inputs in one tensor or array are one batch."""
    check_pair(batches, "batches")
    if is_array(batches):
        yield batches
        return
    try:
        each = None if isinstance(batches, str | bytes | Mapping) else iter(batches)
    except Exception:
        each = None
    if each is None:
        raise InputError(f"batches is a {type(batches).__name__}; give tensors of inputs, or a data loader")
    while True:
        try:
            batch = next(each)
        except StopIteration:
            return
        except Exception as error:
            raise InputError(f"the batches cannot be read ({first_line(error)}); mend what gives them") from None
        yield batch


def _inputs(batch: Any, model: "nn.Module") -> Any:
    """The inputs of a batch, where the model is; an array becomes a tensor of the model's type."""
    import torch

    from .torch_parts import example_of

    inputs = inputs_of(batch)
    if not is_array(inputs):
        raise InputError(
            f"a batch holds {type(inputs).__name__} where its inputs should be; give batches of tensors, or of "
            "(inputs, labels)"
        )
    like = example_of(model)
    if not isinstance(inputs, torch.Tensor):
        inputs = torch.from_numpy(array_of(inputs).astype(np.float64)).to(like.dtype)
    if not inputs.ndim or not len(inputs) or inputs.is_meta:
        where = ", on the device meta, without values" if inputs.is_meta else ""
        raise InputError(
            f"a batch has the shape {tuple(inputs.shape)}{where}; give batches (inputs, ...) of at least one"
        )
    return inputs.to(like.device)


def _run(model: "nn.Module", inputs: Any, number: int) -> Any:
    try:
        return model(inputs)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"the model ({type(model).__name__}) does not run on batch {number}, inputs of shape {tuple(inputs.shape)} "
            f"and type {inputs.dtype} ({first_line(error)}); give batches that it takes"
        ) from None


def _outputs(leaving: Any, batch: int) -> np.ndarray | None:
    """What the model gave, if that is one tensor of one row per input."""
    from .torch_trace import tensors_by_name

    found = {id(one): one for _, one in tensors_by_name(leaving)}
    alone = next(iter(found.values())) if len(found) == 1 else None
    if alone is None or alone.is_complex() or alone.shape[:1] != (batch,):
        return None
    return as_array(alone).reshape(batch, -1)


def _labels(labels: Any, batch: int) -> np.ndarray:
    """The labels of a batch as they came, one for each input."""
    try:
        found = np.asarray(detached(labels))
    except Exception as error:
        raise InputError(
            f"the labels of a batch cannot be read ({first_line(error)}); give one for each input"
        ) from None
    if found.shape[:1] != (batch,):
        raise InputError(
            f"a batch has {batch} inputs and labels of shape {found.shape}; give (inputs, labels) with a label for "
            "each input"
        )
    return found


def _first_of(model: "nn.Module", tail: "nn.Module") -> "nn.Module":
    """The module of the model at which the tail begins; a slice of a Sequential is a new one of the same modules."""
    from torch import nn

    from .torch_parts import unwrapped

    inside = set(map(id, model.modules()))
    first = tail if id(tail) in inside else unwrapped(tail)
    while id(first) not in inside and isinstance(first, nn.Sequential) and len(first):
        first = first[0]
    if id(first) not in inside:
        raise InputError(
            f"the tail ({type(tail).__name__}) is not a part of the model ({type(model).__name__}); give a module of "
            "it, such as model.head, or a slice of a Sequential, such as model[-3:]"
        )
    return first


def _copied(entering: tuple[Any, ...]) -> Any:
    """The one tensor that enters a module, copied since later layers may work in place."""
    import torch

    alone = len(entering) == 1 and isinstance(entering[0], torch.Tensor)
    return as_array(entering[0]) if alone else None


def _only(seen: list[Any], tail: "nn.Module", batch: int) -> np.ndarray:
    if len(seen) != 1 or seen[0] is None:
        found = "it got something else than one tensor" if len(seen) == 1 else f"it ran {len(seen)} times"
        raise InputError(
            f"the tail ({type(tail).__name__}) must run once per batch, on one tensor, but {found}; choose a tail "
            "whose first module is used at one place only"
        )
    if seen[0].shape[:1] != (batch,):
        raise InputError(f"the tail takes {seen[0].shape} for a batch of {batch} inputs; expected one row per input")
    return seen[0].reshape(batch, -1)
