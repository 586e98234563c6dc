"""What the parts of a transformer are called with while a module runs on tokens: which, in which order, on what.

The weights alone do not say what a module does with them. So its parts are watched: embeddings, norms, linear maps,
attention, activations, and the softmax of hand-written attention.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ..common.errors import InputError
from .torch_operations import name_of
from .torch_trace import where_of

Kind = Literal["embedding", "linear", "norm", "attention", "layer", "activation", "softmax", "scores", "left out"]
# What does nothing in eval mode.
IDLE = (nn.Identity, nn.modules.dropout._DropoutNd)
ACTIVATIONS = {nn.ReLU: "relu", nn.GELU: "gelu", nn.SiLU: "silu"}
FUNCTIONS = {"relu": "relu", "gelu": "gelu", "silu": "silu"}
SEVERAL = (nn.Transformer, nn.TransformerDecoder, nn.TransformerDecoderLayer)


@dataclass(frozen=True, eq=False)
class Called:
    """One call of a part.

    Attributes:
        kind: what the part is.
        where: its type and its place in the module, or the function.
        path: its place in the module; empty for a function.
        part: the module, or None for a function.
        weights: the tensors that it computes with, by name.
        given: what it was given, by name of argument.
        gave: what it gave.
    """

    kind: Kind
    where: str
    path: str
    part: nn.Module | None
    weights: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    gave: Any = None

    @property
    def entering(self) -> torch.Tensor:
        """The tensor that it was given first."""
        return next(iter(self.given.values()))


def kind_of_part(part: nn.Module) -> Kind | None:
    """What a part of a transformer is; None for what only holds other parts."""
    if isinstance(part, nn.TransformerEncoderLayer):
        return "layer"
    if isinstance(part, nn.MultiheadAttention):
        return "attention"
    if isinstance(part, nn.Embedding):
        return "embedding"
    if isinstance(part, nn.Linear):
        return "linear"
    if isinstance(part, nn.LayerNorm | nn.RMSNorm) or is_rms(part):
        return "norm"
    if isinstance(part, tuple(ACTIVATIONS)):
        return "activation"
    return "left out" if isinstance(part, IDLE) else None


def is_rms(part: nn.Module) -> bool:
    """Whether a part is written by hand as an RMS norm: called so, with one weight for each number."""
    named = "rmsnorm" in type(part).__name__.lower()
    return named and [(name, one.ndim) for name, one in part.named_parameters()] == [("weight", 1)]


def check_parts(module: nn.Module) -> None:
    """See that every part with weights is one of those that a transformer has here.

    Raises:
        InputError: another part, with its place.
    """
    known: list[str] = []
    for path, part in module.named_modules():
        if any(path.startswith(f"{one}.") for one in known):
            continue
        where = where_of(path, part)
        if isinstance(part, SEVERAL):
            raise InputError(f"{where} has cross attention, which is not supported; give an encoder or a causal model")
        kind = kind_of_part(part)
        if kind is not None:
            known.append(path)
        elif any(True for _ in part.parameters(recurse=False)) and not any(True for _ in part.children()):
            raise InputError(
                f"{where} is not a part of the transformers that are imported: Embedding, MultiheadAttention, "
                "TransformerEncoderLayer, Linear, LayerNorm, RMSNorm and activations. Write the model with these, or "
                "give its arrays to everyhow.from_state_dict by TransformerLens's names, with config="
            )


@contextmanager
def watched(module: nn.Module) -> Iterator[list[Called]]:
    """While this lasts, the calls of the module's parts are written down, in their order."""
    calls: list[Called] = []
    inside: list[nn.Module] = []
    hooks = []
    for path, part in module.named_modules():
        kind = kind_of_part(part)
        if kind is None:
            continue

        def enter(one: nn.Module, *_: Any) -> None:
            inside.append(one)

        def leave(
            one: nn.Module,
            given: tuple[Any, ...],
            named: dict[Any, Any],
            gave: Any,
            path: str = path,
            kind: Kind = kind,
        ) -> None:
            inside.pop()
            if not inside:
                calls.append(_called(kind, path, one, _bound(one.forward, given, named), gave))

        hooks.append(part.register_forward_pre_hook(enter, prepend=True))
        hooks.append(part.register_forward_hook(leave, with_kwargs=True))
    try:
        with _Functions(calls, inside):
            yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _bound(forward: Callable[..., Any], given: tuple[Any, ...], named: dict[Any, Any]) -> dict[str, Any]:
    try:
        return dict(inspect.signature(forward).bind(*given, **named).arguments)
    except (TypeError, ValueError):
        return {**{str(k): one for k, one in enumerate(given)}, **named}


def _called(kind: Kind, path: str, part: nn.Module, given: dict[str, Any], gave: Any) -> Called:
    weights: dict[str, Any] = {}
    if kind in ("embedding", "linear", "norm"):
        weights = {name: getattr(part, name, None) for name in ("weight", "bias")}
    if kind == "activation":
        weights = {"name": activation_name(part)}
    given = {name: one.detach() if isinstance(one, torch.Tensor) else one for name, one in given.items()}
    return Called(kind, where_of(path, part), path, part, weights, given, gave)


def activation_name(part: nn.Module) -> str:
    """What the activation of a module is called here."""
    name = next(name for kind, name in ACTIVATIONS.items() if isinstance(part, kind))
    return "gelu_new" if name == "gelu" and getattr(part, "approximate", "none") == "tanh" else name


class _Functions(TorchFunctionMode):
    """Writes down functions that are called outside of any known part."""

    def __init__(self, calls: list[Called], inside: list[nn.Module]) -> None:
        super().__init__()
        self.calls, self.inside = calls, inside

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        gave = func(*args, **(kwargs or {}))
        if not self.inside and isinstance(gave, torch.Tensor):
            call = _of_function(func, args, kwargs or {}, gave)
            self.calls += [] if call is None else [call]
        return gave


def _of_function(func: Any, args: tuple[Any, ...], named: dict[Any, Any], gave: torch.Tensor) -> Called | None:
    """The call of a function that a transformer may be written with, or None."""
    name = name_of(func)

    def made(kind: Kind, weights: dict[str, Any], given: dict[str, Any]) -> Called:
        return Called(kind, f"{name}()", "", None, weights, given, gave.detach())

    if name in FUNCTIONS:
        approximate = name == "gelu" and named.get("approximate", "none") == "tanh"
        return made("activation", {"name": "gelu_new" if approximate else FUNCTIONS[name]}, {"input": args[0]})
    if name in ("softmax", "log_softmax"):
        return made("softmax", {"name": name}, {"input": args[0] if args else named.get("input")})
    if name == "scaled_dot_product_attention":
        given = _bound(_scaled, args, named)
        return made("scores", {"scale": given.get("scale")}, given)
    if name == "linear":
        given = _bound(_linear, args, named)
        return made("linear", {"weight": given["weight"], "bias": given.get("bias")}, {"input": given["input"]})
    if name == "embedding":
        given = _bound(functional.embedding, args, named)
        return made("embedding", {"weight": given["weight"], "bias": None}, {"input": given["input"]})
    if name in ("matmul", "rmatmul", "mm") and len(args) == 2 and args[1].ndim == 2 and args[0].ndim > 1:
        # A matrix that belongs to no input: a stored one, or its transpose.
        return made("linear", {"weight": args[1].detach().T, "bias": None}, {"input": args[0].detach()})
    return None


def _linear(input, weight, bias=None) -> None:
    """What `torch.nn.functional.linear` takes."""


def _scaled(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False) -> None:
    """What `torch.nn.functional.scaled_dot_product_attention` takes."""
