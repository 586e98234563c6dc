"""The steps of a PyTorch module, written down while it runs on a few inputs: one chain of operations, each known.

What a module computes with is what it runs: weights that hooks make are seen as they are made, shapes are those of the
inputs, and a part that was compiled runs as it was written. A value of the inputs that a path depends on is refused,
and so is whatever computes with them out of sight. Hooks are part of what a module computes, unless they only look.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ..common.errors import InputError, first_line
from ..given.points import MOST_CORNERS, default_points
from .layers import Selection, Step
from .numbering import Numbering
from .torch_operations import ABOVE, OPERATIONS, SUPPORTED, Call, Found, is_property, name_of
from .torch_tensors import as_array

# The smallest number of inputs that a module is run on.
FEWEST_INPUTS = 5
# What only asks about the shape or kind of a tensor, or makes another one of them.
ASKING = {
    "size", "dim", "len", "numel", "nelement", "stride", "is_contiguous", "is_floating_point", "is_complex", "hash",
    "get_device", "element_size", "storage_offset", "is_same_size", "repr", "format", "ndimension", "dense_dim",
    "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "new_zeros", "new_ones",
    "new_full", "new_empty", "new_tensor",
}  # fmt: skip
# Methods whose second operand gives a shape or a type, not values.
LIKE = ("to", "type_as", "view_as", "reshape_as")
VALUES = {
    "__bool__", "__float__", "__int__", "__complex__", "__index__", "__array__", "__contains__", "item", "tolist",
    "numpy", "any", "all", "isnan", "isinf", "isfinite", "equal", "allclose",
    "nonzero", "argmax", "argmin", "argsort", "topk", "sort", "round",
}  # fmt: skip
ONE_TENSOR = (
    "give data of the shape and type that it takes, as one tensor: a module is run on one tensor of floating-point "
    "numbers, so of one that takes whole numbers, several inputs or a dictionary import the part after that"
)
COMPARISONS = ("eq", "ne", "le", "ge")
HIDDEN = (
    "in a hidden layer write torch.heaviside, torch.relu or leaky_relu, and at the end return the outputs themselves, "
    "since decisions are made here from these"
)


class NotTakenError(InputError):
    """Something in a module that no network here can stand for; so many `steps` were found before it."""

    steps: int = 0


class DoesNotRunError(InputError):
    """A module does not run on inputs of some shape; so many `steps` were found before that."""

    steps: int = 0


@dataclass(frozen=True, eq=False)
class Trace:
    """The steps of a module and the floating-point types that it computed in."""

    steps: tuple[Step, ...]
    types: frozenset[str]


def traced(module: nn.Module, entering: torch.Tensor) -> Trace:
    """What a module does to inputs of this kind, step by step.

    Args:
        module: a copy of the module, which may change.
        entering: inputs; what they are does not matter, only their shape and type.

    Raises:
        NotTakenError: something that is not supported, with its place.
        DoesNotRunError: the module does not run on them.
    """
    inputs = _batch_size(module, entering)
    rows = entering[torch.arange(inputs, device=entering.device) % len(entering)].clone()
    trace, looked = _followed(module, rows)
    if looked and not _alike(trace, _followed(module, 0.25 - 1.5 * rows)[0]):
        raise NotTakenError(
            f"torch {type(module).__name__}: a hook in it hands on a number that depends on its inputs; remove the hook"
        )
    return trace


def _followed(module: nn.Module, rows: torch.Tensor) -> tuple[Trace, bool]:
    """What a module does to these inputs, and whether a hook looked at them in a way that is not followed."""
    running: list[tuple[str, nn.Module]] = []
    follower = Follower(rows, running)
    try:
        with _noted(module, follower), uncompiled(), torch.no_grad(), _Watch(follower), follower:
            leaving = module(rows)
        follower.end(returned(leaving, type(module).__name__))
    except Exception as error:
        error = follower.refused or error
        if isinstance(error, NotTakenError):
            error.steps = len(follower.steps)
        if isinstance(error, InputError):
            raise error from None
        at = f" at {where_of(*running[-1])}" if running and running[-1][0] else ""
        failed = DoesNotRunError(
            f"torch {type(module).__name__} does not run on inputs of shape {tuple(rows.shape)}{at} "
            f"({first_line(error)}); {ONE_TENSOR}"
        )
        failed.steps = len(follower.steps)
        raise failed from None
    return Trace(tuple(follower.steps), frozenset(follower.types)), follower.looked


def _alike(first: Trace, second: Trace) -> bool:
    """Whether two traces have the same steps, up to the last digit of every weight."""
    if len(first.steps) != len(second.steps):
        return False
    return all(
        type(one) is type(other) and all(np.array_equal(value, vars(other)[key]) for key, value in vars(one).items())
        for one, other in zip(first.steps, second.steps, strict=True)
    )


def uncompiled() -> AbstractContextManager[Any]:
    """While this lasts, what torch.compile made runs as it was written."""
    set_stance = getattr(torch.compiler, "set_stance", None)  # since PyTorch 2.6
    return set_stance("force_eager") if set_stance else nullcontext()


@contextmanager
def _noted(module: nn.Module, follower: "Follower") -> Iterator[None]:
    """While this lasts, the follower knows the parts of a module that are running, the innermost last, and their
    hooks."""
    own, theirs, running = [], [], follower.running
    for path, part in module.named_modules():
        for hooks in (part._forward_pre_hooks, part._forward_hooks):
            theirs.append((hooks, dict(hooks)))
            hooks.update({key: partial(follower.through, hook) for key, hook in hooks.items()})
        enter = part.register_forward_pre_hook(lambda one, _, path=path: running.append((path, one)), prepend=True)
        own += [enter, part.register_forward_hook(lambda *_: running.pop() and None)]
    try:
        yield
    finally:
        for hook in own:
            hook.remove()
        for hooks, before in theirs:
            hooks.update(before)


class _Watch(TorchDispatchMode):
    """Sees what computes with followed tensors without the follower, such as a function of TorchScript."""

    def __init__(self, follower: "Follower") -> None:
        super().__init__()
        self.follower = follower

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        self.follower.check_seen(func, (args, kwargs))
        return func(*args, **kwargs)


class Follower(TorchFunctionMode):
    """Writes down what becomes of one tensor while it is active."""

    def __init__(self, entering: torch.Tensor, running: list[tuple[str, nn.Module]]) -> None:
        super().__init__()
        self.current = entering
        self.running = running
        self.numbering = Numbering.of_rows(entering.shape)
        self.steps: list[Step] = []
        self.types: set[str] = set()
        self.inside = False  # a function that is followed
        self.refused: NotTakenError | None = None
        self.hooks = 0  # that are running
        self.unknown: NotTakenError | None = None  # what the running hook does
        self.changed = False  # in place, by that hook
        self.looked = False
        # Every tensor on the way is kept, so that none takes the identity of another.
        self.followed = {id(entering): entering}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        used = [one for one in tensors_in((args, kwargs)) if id(one) in self.followed]
        if not used or self.inside:
            return func(*args, **kwargs)
        with self._inside():
            return self._run(func, args, kwargs, used)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """While this lasts, whatever is computed is known."""
        outer, self.inside = self.inside, True
        try:
            yield
        finally:
            self.inside = outer

    def _now(self, tensor: torch.Tensor) -> np.ndarray:
        with self._inside():
            return as_array(tensor)

    def through(self, hook: Callable[..., Any], *given: Any) -> Any:
        """What a hook gives. One that gives and changes nothing has only looked, and may do so in any way."""
        current, numbering, steps, before = self.current, self.numbering, len(self.steps), self._now(self.current)
        outer, self.unknown, self.changed = self.unknown, None, False
        self.hooks += 1
        try:
            found = hook(*given)
        finally:
            self.hooks -= 1
            unknown, self.unknown = self.unknown, outer
        if found is None and not self.changed and np.array_equal(self._now(current), before, equal_nan=True):
            self.current, self.numbering = current, numbering
            del self.steps[steps:]
            self.looked = self.looked or unknown is not None
        elif unknown is not None:
            with self._noting():
                raise unknown
        return found

    def check_seen(self, func: Any, given: Any) -> None:
        """See that an operation is part of a function that is followed, or has nothing to do with what flows through.

        Raises:
            NotTakenError: it is not.
        """
        positions = zip(func._schema.arguments, given[0], strict=False)
        written = (one for argument, one in positions if argument.alias_info and argument.alias_info.is_write)
        self.changed = self.changed or any(id(one) in self.followed for one in written)
        if not self.inside and any(id(one) in self.followed for one in tensors_in(given)):
            with self._noting():
                raise NotTakenError(
                    f"{self._where(func._schema.name.rpartition('::')[2])}: it is computed out of sight, as functions "
                    "of TorchScript (torch.jit.script) and of other libraries are; write it with PyTorch's own "
                    "functions"
                )

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """What is refused within it; in a hook that is decided when it is known whether the hook only looks."""
        try:
            yield
        except NotTakenError as error:
            if self.hooks:
                self.unknown = self.unknown or error
            else:
                self.refused = self.refused or error
                raise

    def _run(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], used: list[torch.Tensor]
    ) -> Any:
        """Run a function of followed tensors, and follow what it does."""
        name = name_of(func)
        if name in ASKING and len(used) == 1 and used[0] is (args[0] if args else kwargs.get("input")):
            return func(*args, **kwargs)
        if is_property(func) and not isinstance(found := func(*args, **kwargs), torch.Tensor):
            return found
        where = self._where(name)
        with self._noting():
            self._check(func, name, where, used)
        result = func(*args, **kwargs)
        if self.unknown is None:
            with self._noting():
                self._take(Call(func, args, kwargs, self.current, result, self.numbering, where), name)
        # What hooks look at in ways of their own is not a constant to what comes later.
        self.followed.update({id(one): one for one in tensors_in(result)})
        return result

    def _check(self, func: Callable[..., Any], name: str, where: str, used: list[torch.Tensor]) -> None:
        if name in COMPARISONS:
            raise NotTakenError(f"{where}: what it does depends on the values of its inputs; {HIDDEN}")
        if name in VALUES or getattr(func, "__name__", "") in VALUES:
            raise NotTakenError(
                f"{where}: what it does depends on the values of its inputs; no path in a module may, and decisions "
                "are made here from the outputs, so return these"
            )
        if self.current.dtype == torch.bool and (name not in OPERATIONS or len(used) > 1):
            raise NotTakenError(f"{where}: it chooses by where something is above or below a number; {HIDDEN}")
        if name not in OPERATIONS:
            raise NotTakenError(f"{where} is not supported; {SUPPORTED} are")
        if (len(used) > 1 and name not in LIKE) or used[0] is not self.current:
            raise NotTakenError(
                f"{where}: it uses something else than the step right before it, as residual connections and branches "
                "do; networks here are single chains"
            )

    def _take(self, call: Call, name: str) -> None:
        where = call.where
        if not isinstance(call.result, torch.Tensor):
            raise NotTakenError(
                f"{where}: it gives {type(call.result).__name__}; networks here are single chains of tensors"
            )
        try:
            self._continue(OPERATIONS[name](call), call)
        except InputError as error:
            raise NotTakenError(str(error)) from None
        except Exception as error:
            # What an operation is given is as open as PyTorch's own functions are.
            raise NotTakenError(
                f"{where} is not supported in this form ({first_line(error)}); {SUPPORTED} are"
            ) from None

    def end(self, leaving: torch.Tensor) -> None:
        """See that what the module returned is what was followed, one row for each input."""
        if self.refused is not None:  # and the module went on
            raise self.refused
        if leaving is not self.current:
            raise NotTakenError(
                "the end of the module: it returns something else than the outputs of its last step; import a module "
                "that returns these"
            )
        if not leaving.is_floating_point():
            raise NotTakenError(f"the end of the module: it returns where something is above a number; {HIDDEN}")
        order = self.numbering.order()
        if order is None:
            raise NotTakenError(
                f"the end of the module: it returns {tuple(leaving.shape)} for {self.numbering.inputs} inputs; it must "
                "give one row for each"
            )
        if order != tuple(range(len(order))):
            self.steps.append(Selection(order, len(order), "the end"))

    def _continue(self, found: Found, call: Call) -> None:
        mask = call.result.dtype == torch.bool and name_of(call.function) in ABOVE
        if not call.result.is_floating_point() and not mask:
            kind = type_name(call.result)
            raise InputError(f"{call.where}: it makes {kind} of its inputs; networks here compute real numbers")
        self.steps += found.steps
        self.numbering = found.numbering
        self.current = call.result
        if call.result.is_floating_point():
            self.types.add(type_name(call.result))

    def _where(self, name: str) -> str:
        """What a step is and where, such as `Linear 2.fc1`, or `relu in block` for a function."""
        path, part = self.running[-1] if self.running else ("", nn.Identity())
        if self.hooks:
            return f"{name} in a hook of {where_of(path, part)}"
        if type(part).__module__.startswith("torch.nn.") and not isinstance(part, nn.Sequential):
            return where_of(path, part)
        return f"{name} in {path}" if path else name


def check_mode(module: nn.Module) -> None:
    """See that running the module changes nothing in it and gives the same again.

    Raises:
        InputError: a Dropout, a normalization or a spectral norm in it is in training mode.
    """
    for path, part in module.named_modules():
        random = isinstance(part, nn.modules.dropout._DropoutNd) and part.p > 0
        changing = isinstance(part, nn.modules.batchnorm._NormBase | _SpectralNorm)
        hooked = any(isinstance(hook, SpectralNorm) for hook in part._forward_pre_hooks.values())
        if part.training and (random or changing or hooked):
            raise InputError(f"{where_of(path, part)} is in training mode; call module.eval() first")


def where_of(path: str, part: nn.Module) -> str:
    """What a part of a module is and where, such as `Linear 2.fc1`."""
    return f"{type(part).__name__.removeprefix('Parametrized')} {path}".strip()


def returned(leaving: Any, name: str) -> torch.Tensor:
    """The one tensor in what a module returned, alone or in a tuple, dictionary or dataclass.

    Raises:
        NotTakenError: none, or several.
    """
    found = {id(one): (path, one) for path, one in tensors_by_name(leaving)}
    if len(found) == 1:
        return next(iter(found.values()))[1]
    if not found:
        raise NotTakenError(f"the end of the module: it returns {type(leaving).__name__}, without a tensor")
    shown = ", ".join(f"{path} {tuple(one.shape)}" for path, one in found.values())
    raise NotTakenError(
        f"the end of the module: it returns a {type(leaving).__name__} of {len(found)} tensors: {shown}; write a "
        f"module around {name} that returns one of them"
    )


def tensors_by_name(value: Any, path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors in tuples, lists, dictionaries and dataclasses, each with where it stands."""
    if isinstance(value, torch.Tensor):
        yield path, value
        return
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, tuple | list):
        items = enumerate(value)
    elif is_dataclass(value) and not isinstance(value, type):
        items = ((field.name, getattr(value, field.name)) for field in fields(value))
    for key, inner in items:
        yield from tensors_by_name(inner, f"{path}[{key!r}]")


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """The tensors among arguments, also those in lists and dictionaries."""
    return (one for _, one in tensors_by_name(value))


def type_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _batch_size(module: nn.Module, entering: torch.Tensor) -> int:
    """A number of inputs that is not a size of anything else, so that it is known again in shapes."""
    others = {size for one in (*module.parameters(), *module.buffers()) for size in one.shape}
    # Nor is it the number of inputs that the check has, so that what depends on their number is seen there.
    others |= {*entering.shape, *(len(default_points(width)[0]) for width in range(1, MOST_CORNERS + 2))}
    return next(n for n in range(FEWEST_INPUTS, FEWEST_INPUTS + len(others) + 1) if n not in others)
