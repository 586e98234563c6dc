"""The blocks of a transformer of PyTorch: found by their names, run one after another, with heads and MLPs held.

A block is run by its own `forward`. What its attention gives is replaced while it runs, and so is what its MLP gives;
all else is as the module computes it. Nothing is taken on trust: `blocks_of` runs the module and sees that its parts
add up to its logits.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..common.errors import InputError, first_line
from ..common.shapes import Int
from ..importing.huggingface_models import is_huggingface
from ..importing.torch_trace import uncompiled
from .families import FAMILIES, HEADS, Family

# How far two ways to one number may be apart, as a share of the largest, by the type computed in: in double precision
# parts may compute in single precision within, as the scores of GPT-Neo are.
NEAR = {torch.float64: 1e-6, torch.float32: 1e-3}


class _ReachedError(Exception):
    """The part that was waited for runs: what comes after it is not computed."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """A transformer of PyTorch in parts.

    Attributes:
        module: the whole.
        family: by which names its parts lie in it.
        name: what it is called in messages.
        blocks: its blocks, in order.
        heads: of each block.
        parallel: of each block, whether its MLP reads what its heads read, and not what they write.
        beside: of each block, how many things its attention gives beside what the heads write; None where that is all.
    """

    module: nn.Module
    family: Family
    name: str
    blocks: tuple[nn.Module, ...]
    heads: tuple[int, ...]
    parallel: tuple[bool, ...]
    beside: tuple[int | None, ...]

    def attention(self, k: int) -> nn.Module:
        """What attends in block k."""
        return self.blocks[k].get_submodule(self.family.attention)

    def back(self, k: int) -> nn.Module:
        """The map of the outputs of all heads of block k back to the stream."""
        return self.blocks[k].get_submodule(self.family.back)

    def mlp(self, k: int) -> nn.Module:
        """What gives what the MLP of block k writes."""
        return self.blocks[k].get_submodule(self.family.mlp)

    @property
    def width(self) -> int:
        """d_model."""
        return self.module.get_submodule(self.family.unembedding).get_parameter("weight").shape[1]

    @property
    def like(self) -> Tensor:
        """A weight, of the type and on the device that all are of."""
        return next(one for one in self.module.parameters() if one.is_floating_point())

    def logits(self, tokens: Int[np.ndarray, "rows positions"]) -> Tensor:
        """What the module itself gives: (rows, positions, vocabulary).

        Raises:
            InputError: it does not run on these tokens, or gives something else.
        """
        given = torch.from_numpy(tokens).to(self.like.device)
        try:
            with uncompiled(), torch.no_grad():
                gave = (
                    self.module(input_ids=given, use_cache=False) if is_huggingface(self.module) else self.module(given)
                )
        except Exception as error:
            raise InputError(
                f"{self.name} does not run in {str(self.like.dtype).removeprefix('torch.')} on tokens of shape "
                f"{tuple(given.shape)} ({first_line(error)}); give tokens that it takes, and a model that runs in "
                "float64, too"
            ) from None
        logits = getattr(gave, "logits", gave[0] if isinstance(gave, tuple) else gave)
        if not isinstance(logits, Tensor) or logits.ndim != 3 or logits.shape[:2] != given.shape:
            found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise InputError(
                f"{self.name} gives {found} for tokens of shape {tuple(given.shape)}; expected logits of shape (rows, "
                "positions, vocabulary)"
            )
        return logits

    def row(self, tokens: Int[np.ndarray, " positions"]) -> "Row":
        """The module run whole on one row, ready to be run again from any block on.

        Raises:
            InputError: as `logits`, or a block that is not run as blocks are.
        """
        entered: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        before: list[Tensor] = []
        wrote: list[Tensor] = []
        with ExitStack() as hooks:
            for k, block in enumerate(self.blocks):
                hooks.enter_context(_entering(block, lambda args, kwargs: entered.append((args, kwargs))))
                hooks.enter_context(_entering(self.back(k), lambda args, kwargs: before.append(args[0])))
                hooks.enter_context(leaving(self.mlp(k), lambda gave: wrote.append(_first(gave).clone())))
            logits = self.logits(tokens[None])
        count = len(self.blocks)
        if not len(entered) == len(before) == len(wrote) == count or not all(args for args, _ in entered):
            raise InputError(
                f"{self.name} has {count} blocks at {self.family.blocks}, and runs {len(entered)} of them, with "
                f"{len(before)} attentions and {len(wrote)} MLPs; every block must run once, on the stream"
            )
        positions = len(tokens)
        return Row(
            self,
            tuple((args[1:], kwargs) for args, kwargs in entered),
            tuple(args[0] for args, _ in entered),
            tuple(one.reshape(positions, -1) for one in before),
            tuple(one.reshape(positions, -1) for one in wrote),
            logits[0],
        )


@dataclass(frozen=True, eq=False)
class Row:
    """A transformer run whole on one row of tokens.

    Attributes:
        blocks: the transformer.
        beside: of each block, what it is given beside the stream: masks, positions.
        streams: of each block, the stream that enters it: (1, positions, d_model).
        attended: of each block, what the heads give, one after another: (positions, heads * d_head).
        wrote: of each block, what its MLP writes: (positions, d_model).
        logits: (positions, vocabulary).
    """

    blocks: Blocks
    beside: tuple[tuple[tuple[Any, ...], Mapping[str, Any]], ...]
    streams: tuple[Tensor, ...]
    attended: tuple[Tensor, ...]
    wrote: tuple[Tensor, ...]
    logits: Tensor

    def whole(self, k: int, stream: Tensor) -> Tensor:
        """What leaves block k when a stream enters it: (states, positions, d_model) of both."""
        args, kwargs = self.beside[k]
        return _first(self.blocks.blocks[k](stream, *args, **kwargs))

    def attend(self, k: int, stream: Tensor) -> Tensor:
        """What the heads of block k give when a stream enters it: (states, positions, heads * d_head)."""
        reached: list[Tensor] = []

        def reach(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
            reached.append(args[0])
            raise _ReachedError

        with _entering(self.blocks.back(k), reach), suppress(_ReachedError):
            self.whole(k, stream)
        return reached[0].reshape(*stream.shape[:2], -1)

    def rest(self, k: int, stream: Tensor, attended: Tensor, mlp: Tensor | None) -> Tensor:
        """What leaves block k when its heads give this, at some positions.

        Args:
            k: the block.
            stream: what enters it: (states, positions, d_model).
            attended: what its heads give: (states, positions, heads * d_head).
            mlp: what its MLP writes instead of what it computes: (positions, d_model); None where it computes.
        """
        blocks = self.blocks
        wrote = blocks.back(k)(attended)

        def held(entering: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            assert mlp is not None
            # A copy: some blocks add to it in place.
            return mlp.repeat(len(stream), 1, 1).reshape(*entering.shape[:-1], mlp.shape[-1])

        with ExitStack() as instead:
            instead.enter_context(
                _running(blocks.attention(k), lambda *args, **kwargs: in_form(wrote, blocks.beside[k]))
            )
            if mlp is not None:
                instead.enter_context(_running(blocks.mlp(k), held))
            return self.whole(k, stream)

    def read(self, stream: Tensor, classes: Tensor) -> Tensor:
        """The logits of some classes when this leaves the last block: (states, positions, classes)."""
        normed = _first(self.blocks.module.get_submodule(self.blocks.family.norm)(stream))
        last = self.blocks.module.get_submodule(self.blocks.family.unembedding)
        weight, bias = last.get_parameter("weight"), getattr(last, "bias", None)
        return nn.functional.linear(normed, weight[classes], None if bias is None else bias[classes])


def _first(gave: Any) -> Tensor:
    """The tensor that a part gives, alone or first."""
    return gave[0] if isinstance(gave, tuple) else gave


def in_form(wrote: Tensor, beside: int | None) -> Any:
    """What heads write, in the form in which attention gives it."""
    return wrote if beside is None else (wrote, *[None] * beside)


@contextmanager
def _entering(part: nn.Module, see: Callable[[tuple[Any, ...], dict[str, Any]], None]) -> Iterator[None]:
    """While this lasts, what enters a part is seen; a block that is given the stream by its name is seen to get it
    first."""

    def seen(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        rest = dict(kwargs)
        see((rest.pop("hidden_states"),), rest) if not args and "hidden_states" in rest else see(args, rest)

    hook = part.register_forward_pre_hook(seen, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def leaving(part: nn.Module, see: Callable[[Any], Any]) -> Iterator[None]:
    """While this lasts, what leaves a part is seen, and is what is given back instead, where that is not None."""
    hook = part.register_forward_hook(lambda _, args, gave: see(gave))
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _running(part: nn.Module, instead: Callable[..., Any]) -> Iterator[None]:
    """While this lasts, a part does something else."""
    own = vars(part).get("forward")
    part.forward = instead  # type: ignore[method-assign]
    try:
        yield
    finally:
        if own is None:
            del part.forward
        else:
            part.forward = own  # type: ignore[method-assign]


def blocks_of(module: nn.Module, tokens: Int[np.ndarray, "rows positions"]) -> Blocks:
    """The parts of a transformer, seen to add up to what it gives.

    Args:
        module: in eval mode.
        tokens: on the first row of which it is run.

    Raises:
        InputError: its parts have other names than those known, or do not add up.
    """
    name = f"{'transformers' if is_huggingface(module) else 'torch'} {type(module).__name__}"
    family = _family_of(module, name)
    blocks = tuple(module.get_submodule(family.blocks))  # type: ignore[arg-type]
    if not blocks:
        raise InputError(f"{name} has no block at {family.blocks}, so no heads and MLPs")
    heads = tuple(_heads_of(module, block, family, name, k) for k, block in enumerate(blocks))
    found = Blocks(module, family, name, blocks, heads, (False,) * len(blocks), (None,) * len(blocks))
    with torch.no_grad(), uncompiled():
        return _checked(found, np.ascontiguousarray(tokens[0]))


def _family_of(module: nn.Module, name: str) -> Family:
    """The family whose names a module's parts have.

    Raises:
        InputError: none of them.
    """
    paths = {path for path, _ in module.named_modules()}
    for family in FAMILIES:
        inside = (family.attention, family.back, family.mlp)
        wanted = [family.blocks, family.norm, family.unembedding, *(f"{family.blocks}.0.{one}" for one in inside)]
        if paths.issuperset(wanted):
            return family
    known = "; ".join(f"{one.models} ({one.blocks}[0].{one.back}, .{one.mlp}; {one.norm})" for one in FAMILIES)
    raise InputError(
        f"the heads and MLPs of {name} are not found: its parts have other names than those of the families that are "
        f"known. These are, each with where it has the blocks, what writes the heads' outputs, what writes the MLP's "
        f"output, and the last norm: {known}; a causal language model with its unembedding is needed. Give one of "
        "them, or write a module around yours that has these names"
    )


def _heads_of(module: nn.Module, block: nn.Module, family: Family, name: str, k: int) -> int:
    """How many heads a block has.

    Raises:
        InputError: nothing says so.
    """
    back = family.back.rpartition(".")[0]
    places = [block.get_submodule(path) for path in dict.fromkeys((back, family.attention))]
    for place in (*places, getattr(module, "config", None)):
        for called in HEADS:
            number = getattr(place, called, None)
            if isinstance(number, int) and not isinstance(number, bool) and number > 0:
                return number
    raise InputError(
        f"{name}: nothing says how many heads block {k} has; give its attention or the module's config one of "
        f"{', '.join(HEADS)}"
    )


def _checked(found: Blocks, tokens: Int[np.ndarray, " positions"]) -> Blocks:
    """The parts, with what is seen of each as the module runs on one row.

    Raises:
        InputError: they do not add up.
    """
    name, family = found.name, found.family
    gave: list[Any] = []
    left: list[Tensor] = []
    with ExitStack() as hooks:
        for k, block in enumerate(found.blocks):
            hooks.enter_context(leaving(found.attention(k), gave.append))
            hooks.enter_context(leaving(block, lambda one: left.append(_first(one))))
        row = found.row(tokens)
    beside, parallel = [], []
    for k, stream in enumerate(row.streams):
        form = gave[k]
        if not (isinstance(form, Tensor) or (isinstance(form, tuple) and form and isinstance(form[0], Tensor))):
            raise InputError(f"{name}: the attention of block {k} gives {type(form).__name__}; expected a tensor")
        beside.append(None if isinstance(form, Tensor) else len(form) - 1)
        width = row.attended[k].shape[1]
        if width % found.heads[k]:
            raise InputError(f"{name}: {found.heads[k]} heads of block {k} give {width} numbers, not as many each")
        wrote = found.back(k)(row.attended[k])
        _see_same(wrote, _first(form)[0], f"{name}: the attention of block {k} gives something else than {family.back}")
        where = f"{name}: block {k} adds something else to the stream than what its heads and its MLP write"
        why = "; norms after them (post-norm), scaled or other parts are not supported"
        _see_same(stream[0] + wrote + row.wrote[k], left[k][0], where, why)
        if k + 1 < len(row.streams):
            _see_same(left[k], row.streams[k + 1], f"{name}: something stands between blocks {k} and {k + 1}")
        with leaving(found.mlp(k), lambda one: gave.append(_first(one))), ExitStack() as instead:
            nothing = torch.zeros_like(wrote)[None]
            instead.enter_context(
                _running(found.attention(k), lambda *a, k=k, nothing=nothing, **b: in_form(nothing, beside[k]))
            )
            row.whole(k, stream)
        without = gave.pop().reshape(row.wrote[k].shape)
        parallel.append(torch.equal(without, row.wrote[k]) and not torch.equal(wrote, nothing[0]))
    found = Blocks(found.module, family, name, found.blocks, found.heads, tuple(parallel), tuple(beside))
    _see_patching(found, tokens, left[-1])
    return found


def _see_patching(found: Blocks, tokens: Int[np.ndarray, " positions"], last: Tensor) -> None:
    """See that a run block by block, with everything held at its own values, gives the module's logits.

    Raises:
        InputError: it does not.
    """
    name, family, row = found.name, found.family, found.row(tokens)
    every = torch.arange(row.logits.shape[1], device=row.logits.device)
    read = row.read(last, every)[0]
    why = "; logits that are scaled or capped are not supported"
    _see_same(read, row.logits, f"{name} gives other logits than {family.unembedding} after {family.norm}", why)
    twice = row.streams[0].expand(2, -1, -1)
    some = torch.tensor(sorted({0, len(tokens) - 1}), device=twice.device)
    for k in range(len(found.blocks)):
        attended, wrote = row.attend(k, twice), row.wrote[k]
        if k == len(found.blocks) - 1:
            twice, attended, wrote = twice[:, some], attended[:, some], wrote[some]
        try:
            computed, held = row.rest(k, twice, attended, None), row.rest(k, twice, attended, wrote)
        except RuntimeError as error:
            raise InputError(
                f"{name}: block {k} does not run at some positions alone, with what its heads give put in "
                f"({first_line(error)}); whatever looks at positions must stand in {family.attention}"
            ) from None
        _see_same(computed, held, f"{name}: block {k} runs otherwise with its MLP held at its own value")
        twice = held
    again = row.read(twice, every)
    _see_same(again[0], row.logits[some], f"{name} gives other logits when its blocks are run one after another")
    _see_same(again[1], row.logits[some], f"{name} gives other logits when its blocks are run on several streams")


def _see_same(one: Tensor, other: Tensor, what: str, why: str = "") -> None:
    """Raises InputError when two results differ by more than rounding explains."""
    if one.shape == other.shape:
        size = 1 + float(other.abs().max())
        off = float((one - other).abs().max())
        if off <= NEAR[other.dtype] * size:
            return
        found = f" (by {off:.3g}, where numbers are up to {size - 1:.3g})"
    else:
        found = f" (of shape {tuple(one.shape)}, not {tuple(other.shape)})"
    raise InputError(f"{what}{found}{why}")
