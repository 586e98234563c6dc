"""Parts of PyTorch modules: copies that may be run and changed, and which part of a module can be imported."""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..common.errors import InputError, first_line
from ..given.points import SCALES
from .layers import fold
from .rounding import PRECISIONS
from .torch_trace import DoesNotRunError, NotTakenError, Trace, traced, type_name, where_of

QUANTIZED = ("torch.ao.nn", "torch.nn.quantized", "torch.nn.intrinsic")


def unwrapped(module: nn.Module) -> nn.Module:
    """The module that a compiled or a parallel one runs."""
    while (inner := _wrapped(module)) is not None:
        module = inner
    return module


def _wrapped(module: nn.Module) -> nn.Module | None:
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return module.module
    return getattr(module, "_orig_mod", None)  # what torch.compile was given


def copied(module: nn.Module) -> nn.Module:
    """A copy that shares nothing with the module, its compiled and parallel parts unwrapped.

    Raises:
        InputError: something in the module cannot be copied.
    """
    copies: dict[int, object] = {}
    try:
        for part in reversed(list(module.modules())):
            for value in vars(part).values():
                # Weights that hooks have made; what makes them is copied with the module and makes them anew.
                if isinstance(value, torch.Tensor) and not value.is_leaf:
                    copies[id(value)] = value.detach().clone()
            inner = _wrapped(part)
            if inner is not None:
                copies[id(part)] = copy.deepcopy(inner, copies)
        return copy.deepcopy(module, copies)
    except Exception as error:
        raise InputError(
            f"torch {type(module).__name__} cannot be copied ({first_line(error)}), which is needed to run it without "
            "changing it; import the part of it that has the layers"
        ) from None


def example_of(module: nn.Module) -> torch.Tensor:
    """A tensor of the type that the module computes in, where the module is."""
    return next((one for one in module.parameters() if one.is_floating_point()), torch.empty(0))


def check_tensors(module: nn.Module) -> None:
    """See that every weight is a real number that is there.

    Raises:
        InputError: lazy, quantized or complex layers, other types, weights without values, or a compiled program.
    """
    for path, part in module.named_modules():
        where = where_of(path, part)
        if isinstance(part, torch.jit.ScriptModule):
            raise NotTakenError(
                f"{where} is a TorchScript program, whose steps cannot be followed; give the module it is of"
            )
        if type(part).__module__.startswith(QUANTIZED):
            raise NotTakenError(
                f"{where} is quantized, its weights being whole numbers; import the model it was made from"
            )
        for name, one in [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]:
            if is_lazy(one):
                raise InputError(f"{where} has lazy layers of unknown shape; run it once on its data first")
            if one.is_meta:
                raise InputError(
                    f"{where}: its {name} is on the device meta, without values; load the weights of the module first"
                )
            floating = one.is_floating_point() or one.is_complex() or one.is_quantized
            if floating and type_name(one) not in PRECISIONS:
                raise InputError(
                    f"{where}: its {name if name != 'weight' else 'weights'} are {one.dtype}; real floating-point "
                    f"numbers ({', '.join(PRECISIONS)}) are supported: convert it"
                )


def traced_at_any_width(module: nn.Module) -> Trace:
    """The steps of a module for rows of the one width that it takes, which its tensors tell.

    Raises:
        NotTakenError: something that is not supported, with its place.
        DoesNotRunError: it runs on rows of no such width.
    """
    like = example_of(module)
    runs = copied(module)
    failed: list[NotTakenError | DoesNotRunError] = []
    for width in _widths(module):
        points = np.random.default_rng(0).standard_normal((8, width)) * np.resize(SCALES, (8, 1))
        try:
            return traced(runs, torch.from_numpy(points).to(like.device, like.dtype))
        except (NotTakenError, DoesNotRunError) as error:
            failed.append(error)
    raise max(failed, key=lambda error: (isinstance(error, NotTakenError), error.steps))


def _widths(module: nn.Module) -> list[int]:
    """The sizes of the module's tensors, those that a first layer would take first."""
    shapes = [tuple(one.shape) for one in (*module.parameters(), *module.buffers()) if one.ndim]
    sizes = [*(shape[-1] for shape in shapes), *(size for shape in shapes for size in shape)]
    return list(dict.fromkeys(size for size in sizes if size)) or [1]


def advice(module: nn.Module) -> str:
    """Which part of a module that is not taken as a whole can be imported, and how."""
    found = next(_taken(module, "model"), None)
    if found is None:
        return "no part at its end can be imported"
    return (
        f"its part {found} can be imported: everyhow.from_torch({found}, everyhow.capture(model, {found}, "
        "batches).points), where model is the module that was given here"
    )


def _taken(module: nn.Module, name: str) -> Iterator[str]:
    """The parts of a module that can be imported, the last first, as Python writes them."""
    if isinstance(module, nn.Sequential):
        yield from (f"{name}[{k}:]" for k in range(1, len(module)) if _can_be_taken(_tail(module, k)))
    for k, (key, part) in reversed(list(enumerate(module.named_children()))):
        part = unwrapped(part)
        inside = f"{name}[{k}]" if isinstance(module, nn.Sequential | nn.ModuleList) else f"{name}.{key}"
        if isinstance(module, nn.ModuleDict):
            inside = f"{name}[{key!r}]"
        if _can_be_taken(part):
            yield inside
        yield from _taken(part, inside)


def _tail(module: nn.Sequential, k: int) -> nn.Module | None:
    """What `module[k:]` is; of a class with another constructor it may be nothing."""
    try:
        return module[k:]
    except Exception:
        return None


def _can_be_taken(part: nn.Module | None) -> bool:
    if part is None or not any(one.ndim == 2 for one in part.parameters()):
        return False
    try:
        check_tensors(part)
        fold(traced_at_any_width(part).steps)
    except InputError:
        return False
    return True
