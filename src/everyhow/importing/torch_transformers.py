"""Importing transformers that are PyTorch modules: they run on tokens, and the parts that they call are read.

A module of Hugging Face transformers or of TransformerLens says what it is; its arrays are read by their names. Any
other module is watched while it runs. Either way the module decides: what is imported gives its logits.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from ..common.errors import InputError, first_line
from ..transformer.parts import ACTIVATIONS, Layer
from ..transformer.transformer import Transformer
from .huggingface_models import huggingface_reading, is_huggingface
from .rounding import Precision, coarsest
from .torch_blocks import LAYOUTS, ORDERS, Body, body_of, divisors, same, scales_of
from .torch_calls import Called, check_parts, watched
from .torch_parts import check_tensors, copied
from .torch_tensors import as_array
from .torch_trace import check_mode, tensors_by_name, type_name, uncompiled, where_of
from .transformer_checking import NoAttentionError, Reading, Source, decided
from .transformer_lens_models import is_transformer_lens, lens_reading
from .transformer_tokens import check_logits, check_tokens, sequences, tokens_of

# So many sequences are enough to see what a module calls; a number that is seldom the size of anything else.
WATCHED = 5
MOST_READINGS = 2048
# Of all readings together.
MOST_WEIGHTS = 2**27
# What only attention calls.
ATTENDING = ("attention", "layer", "scores", "softmax")
NEXT = (
    "give its arrays to everyhow.Transformer, or to everyhow.from_state_dict by TransformerLens's names, with config="
)


def is_transformer_module(module: nn.Module) -> bool:
    """Whether a module may be a transformer: it embeds tokens, or a library says so."""
    if is_huggingface(module) or is_transformer_lens(module):
        return True
    return any(isinstance(part, nn.Embedding) for part in module.modules())


def transformer_from_torch(module: nn.Module, data: Any = None) -> Transformer:
    """The transformer that a module computes, checked against the module's own logits; see `from_torch`.

    Args:
        module: in eval mode.
        data: sequences of tokens, one a row; None for all, or for random ones.

    Raises:
        NoAttentionError: it is not a transformer.
        InputError: a part that is not supported, with its place; or logits that differ by more than its precision
            explains.
    """
    check_mode(module)
    _check_dropout(module)
    check_tensors(module)
    tokens = None if data is None else tokens_of(data)
    precision = coarsest({type_name(one) for one in module.parameters() if one.is_floating_point()} or {"float32"})
    if is_huggingface(module) or is_transformer_lens(module):
        return _of_library(module, tokens, precision)
    return _of_parts(copied(module), tokens, precision)


def _check_dropout(module: nn.Module) -> None:
    for path, part in module.named_modules():
        if isinstance(part, nn.MultiheadAttention) and part.training and part.dropout > 0:
            raise InputError(
                f"{where_of(path, part)} is in training mode, with dropout {part.dropout:g}; call module.eval() first"
            )


def _of_library(module: nn.Module, tokens: np.ndarray | None, precision: Precision) -> Transformer:
    """A model that says what it is."""
    name = type(module).__name__
    hugging = is_huggingface(module)
    reading = huggingface_reading(module) if hugging else lens_reading(module)
    model, vocabulary = reading.model, len(reading.model.W_E)
    told = f"{len(tokens):,} given sequences" if tokens is not None else ""
    if tokens is None:
        tokens, told = sequences(vocabulary, model.features)
    check_tokens(tokens, vocabulary, model.features, name)
    check_logits(tokens, reading.model.W_U.shape[1], name)
    reading = _shortened(reading, tokens.shape[1])
    logits = _logits_of_library(module, tokens, hugging)
    library = "transformers" if hugging else "TransformerLens"

    def in_double() -> np.ndarray | None:
        return _in_double(module, lambda one: _logits_of_library(one, tokens, hugging))

    return decided([reading], Source(f"{library} {name}", precision, tokens, told, logits, in_double))


def _shortened(reading: Reading, positions: int) -> Reading:
    """The reading at as many positions as the given sequences have."""
    model = reading.model
    if positions == model.features:
        return reading
    folded = (*reading.folded, f"positions {positions} to {model.features - 1} left out, which data does not have")
    return Reading(model.answering(model.answer, positions), reading.choices, folded, reading.position)


def _logits_of_library(module: nn.Module, tokens: np.ndarray, hugging: bool) -> np.ndarray:
    given = torch.from_numpy(tokens).to(next(module.parameters()).device)
    try:
        with uncompiled(), torch.no_grad():
            gave = module(input_ids=given, use_cache=False) if hugging else module(given, return_type="logits")
    except Exception as error:
        raise InputError(
            f"{type(module).__name__} does not run on tokens of shape {tuple(tokens.shape)} ({first_line(error)}); "
            "give data with sequences that it takes"
        ) from None
    return as_array(gave.logits if hasattr(gave, "logits") else gave)


def _in_double(module: nn.Module, run: Any) -> np.ndarray | None:
    """What a copy in float64 gives; None where it does not run."""
    try:
        return run(copied(module).double())
    except Exception:
        return None


@dataclass(frozen=True, eq=False)
class _Runs:
    """A module that is run on tokens, one sequence a row, whichever way round it takes them."""

    module: nn.Module
    name: str
    turned: bool = False

    def watch(self, tokens: np.ndarray) -> tuple[torch.Tensor, list[Called]]:
        """What it gives, and what it calls; as it does, so with positions first where it takes them first."""
        given = torch.from_numpy(tokens.T.copy() if self.turned else tokens)
        like = next((one for one in self.module.parameters()), given)
        with uncompiled(), torch.no_grad(), watched(self.module) as calls:
            gave = self.module(given.to(like.device))
        return _one_tensor(gave, self.name), list(calls)


def _one_tensor(gave: Any, name: str) -> torch.Tensor:
    """The logits in what a module returned: one tensor, or the one called so, or the first in a tuple."""
    if isinstance(gave, torch.Tensor):
        return gave
    logits = gave.get("logits") if isinstance(gave, dict) else getattr(gave, "logits", None)
    if isinstance(logits, torch.Tensor):
        return logits
    found = [one for _, one in tensors_by_name(gave)]
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"{name} returns {type(gave).__name__} of {len(found)} tensors; write a module around it that returns its "
        "logits alone"
    )


def _of_parts(module: nn.Module, tokens: np.ndarray | None, precision: Precision) -> Transformer:
    """A module whose parts are watched."""
    name = f"torch {type(module).__name__}"
    calls: list[Called] = []
    try:
        runs, table, positions = _running(module, tokens, name)
        vocabulary = len(table)
        told = "" if tokens is None else f"{len(tokens):,} given sequences"
        if tokens is None:
            tokens, told = sequences(vocabulary, positions)
        check_tokens(tokens, vocabulary, None, name)
        check_parts(module)
        probe = np.random.default_rng(1).integers(0, vocabulary, (WATCHED, positions))
        gave, calls = runs.watch(probe)
        body = body_of(calls, name, table.shape[1], positions)
        check_logits(tokens, body.W_U.shape[1], name)
        readings = _readings(module, calls, body, runs, probe, gave, name)
    except InputError as error:
        if _has_attention(module) or any(call.kind in ATTENDING for call in calls):
            raise
        raise NoAttentionError(str(error)) from None
    logits = _logits(runs, tokens, body)

    def in_double() -> np.ndarray | None:
        return _in_double(module, lambda one: _logits(_Runs(one, name, runs.turned), tokens, body))

    source = Source(name, precision, tokens, told, logits, in_double)
    try:
        return decided(readings, source)
    except InputError as error:
        reason = _reason(calls)
        raise (InputError(f"{reason} ({error})") if reason else error) from None


def _has_attention(module: nn.Module) -> bool:
    """Whether a part of a module is attention, by its class or by what it is called."""
    kinds = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.Transformer, nn.TransformerDecoderLayer)
    names = [type(part).__name__.lower() for part in module.modules()]
    named = any("attention" in name or "transformer" in name for name in names)
    return named or any(isinstance(part, kinds) for part in module.modules())


def _running(module: nn.Module, tokens: np.ndarray | None, name: str) -> tuple[_Runs, np.ndarray, int]:
    """How the module is run, its table of tokens, and how many positions it is run at.

    Raises:
        InputError: it does not run on tokens, or its rows look at one another.
    """
    failed: list[str] = []
    for vocabulary, positions in _sizes(module, tokens):
        probe = np.random.default_rng(0).integers(0, vocabulary, (WATCHED, positions))
        for turned in (False, True):
            runs = _Runs(module, name, turned)
            try:
                gave, calls = runs.watch(probe)
                alone, _ = runs.watch(probe[-1:])
                again, _ = runs.watch(probe)
            except InputError:
                raise
            except Exception as error:
                failed.append(f"on tokens of shape {probe.T.shape if turned else probe.shape}: {first_line(error)}")
                continue
            if not same(gave, again):
                raise InputError(
                    f"{name} gives something else when it runs again on the same tokens; what is random in it, such as "
                    "dropout, must be off: call module.eval() first"
                )
            table = _token_table(calls, probe, turned)
            if table is None:
                failed.append("none of its embeddings is given the tokens")
            elif not _close(gave[:, -1:] if turned and gave.ndim > 2 else gave[-1:], alone):
                failed.append("its sequences look at one another")
            else:
                return runs, table, positions
    if "its sequences look at one another" in failed:
        raise InputError(
            f"{name}: what it gives for a sequence depends on the other sequences of the batch. Its attention has "
            "batch_first=False and is given the batch first: build it with batch_first=True, or transpose what it gets"
        )
    if not failed:
        raise InputError(
            f"{name} has no table of positions, so how many tokens it takes is not known: give sequences (data=)"
        )
    positions_first = any(getattr(part, "batch_first", True) is False for part in module.modules())
    why = (
        "; its attention has batch_first=False, and takes positions first: build it with batch_first=True, or "
        "transpose what it gets"
    )
    raise InputError(
        f"{name} does not run on tokens as a transformer does ({failed[0]}){why if positions_first else ''}. It is run "
        f"on whole numbers of shape (inputs, positions) alone: give data with sequences that it takes, or {NEXT}"
    )


def _sizes(module: nn.Module, tokens: np.ndarray | None) -> Iterator[tuple[int, int]]:
    """Sizes of vocabulary and numbers of positions that the module may take, the likely ones first."""
    tables = [part for part in module.modules() if isinstance(part, nn.Embedding)]
    for k, table in enumerate(tables):
        if tokens is not None:
            if tokens.max() < table.num_embeddings:
                yield table.num_embeddings, tokens.shape[1]
            continue
        others = [other.num_embeddings for i, other in enumerate(tables) if i != k]
        others += [one.shape[-2] for _, one in _loose(module, table.embedding_dim)]
        for positions in dict.fromkeys(others):
            yield table.num_embeddings, positions
    if tokens is not None and all(tokens.max() >= table.num_embeddings for table in tables):
        largest = max(table.num_embeddings for table in tables)
        check_tokens(tokens, largest, None, type(module).__name__)


def _loose(module: nn.Module, d_model: int) -> list[tuple[str, torch.Tensor]]:
    """Tensors that may be tables of positions and do not belong to a part: (positions, d_model), a batch of one."""
    found = []
    for path, part in module.named_modules():
        if isinstance(part, nn.Embedding | nn.Linear | nn.LayerNorm | nn.RMSNorm | nn.MultiheadAttention):
            continue
        for name, one in [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]:
            flat = one.squeeze()
            if one.is_floating_point() and flat.ndim == 2 and flat.shape[1] == d_model and one.ndim <= 3:
                found.append((f"{path}.{name}".strip("."), flat))
            elif one.is_floating_point() and one.ndim == 3 and one.shape[-1] == d_model and 1 in one.shape[:2]:
                found.append((f"{path}.{name}".strip("."), one.reshape(-1, d_model)))
    return found


def _token_table(calls: Sequence[Called], probe: np.ndarray, turned: bool) -> np.ndarray | None:
    """The weights of the embedding that is given the tokens."""
    expected = torch.from_numpy(probe.T.copy() if turned else probe)
    for call in calls:
        if call.kind == "embedding" and same(call.entering.cpu().long(), expected):
            if getattr(call.part, "max_norm", None) is not None:
                raise InputError(
                    f"{call.where} has max_norm, which changes its weights as it runs; build it without, with the "
                    "weights as they are then"
                )
            return as_array(call.weights["weight"])
    return None


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two results are the same but for the order of sums."""
    if one.shape != other.shape:
        return False
    size = 1 + max(float(one.abs().max()), float(other.abs().max()))
    return bool(((one - other).abs().max() <= 1e4 * torch.finfo(one.dtype).eps * size).item())


def _fixed_positions(calls: Sequence[Called], probe: np.ndarray, turned: bool, name: str) -> np.ndarray | None:
    """What embeddings add that are not given the tokens: the same rows for every sequence."""
    positions = probe.shape[1]
    expected = torch.from_numpy(probe.T.copy() if turned else probe)
    total = None
    for call in calls:
        if call.kind != "embedding" or same(call.entering.cpu().long(), expected):
            continue
        given = call.entering.cpu().long().numpy()
        rows = given if given.ndim < 2 or not turned else given.T
        rows = rows.reshape(-1, rows.shape[-1]) if rows.ndim else rows
        if rows.ndim != 2 or rows.shape[1] not in (1, positions) or (rows != rows[0]).any():
            raise InputError(
                f"{name}: {call.where} is given neither the tokens nor the positions, which is not supported: a "
                "transformer adds one row for the token and one for its position"
            )
        table = as_array(call.weights["weight"])[np.broadcast_to(rows[0], (positions,))]
        total = table if total is None else total + table
    return total


def _readings(
    module: nn.Module,
    calls: Sequence[Called],
    body: Body,
    runs: _Runs,
    probe: np.ndarray,
    gave: torch.Tensor,
    name: str,
) -> list[Reading]:
    """Every way to understand the parts that the calls leave open."""
    table = _token_table(calls, probe, runs.turned)
    assert table is not None
    positions, d_model = probe.shape[1], table.shape[1]
    fixed = _fixed_positions(calls, probe, runs.turned, name)
    nothing = np.zeros((positions, d_model)) if fixed is None else fixed
    tables = [(nothing, "without another table of positions")]
    for place, loose in _loose(module, d_model):
        if len(loose) >= positions:
            tables.insert(0, (nothing + as_array(loose)[:positions], f"{place} added by position"))
    blocks = body.blocks
    causal = _causal(body, name)
    activations = _activations(body, name)
    heads = [None] if all(block.heads.heads for block in blocks) else sorted({
        k for block in blocks if not block.heads.heads for k in divisors(block.heads.width)
        if all(one.heads.heads or one.heads.width % k == 0 for one in blocks)
    })  # fmt: skip
    orders = ORDERS if any("0" in block.heads.maps for block in blocks) else ORDERS[:1]
    layouts = LAYOUTS if any("qkv" in block.heads.maps for block in blocks) else LAYOUTS[:1]
    scales = scales_of(blocks, d_model)
    embedded = [1.0, math.sqrt(d_model)]
    places = _places(gave, probe.shape, len(body.W_U.T), runs.turned, name)
    open_ = [tables, heads, orders, layouts, scales, causal, activations, embedded, places]
    count, weights = math.prod(map(len, open_)), sum(one.numel() for one in module.parameters())
    if count > MOST_READINGS or count * weights > MOST_WEIGHTS:
        raise InputError(
            f"{name}, of {weights:,} weights, can be read in {count:,} ways, since it does not say how many heads it "
            "has or what its linear maps are for; write its attention as nn.MultiheadAttention, or with "
            "torch.nn.functional.scaled_dot_product_attention"
        )
    folded = _folded(module, body, runs)
    found = []
    for added, shared, order, layout, scale, sees, function, size, place in itertools.product(*open_):
        choices = {
            added[1]: len(tables) > 1, f"{shared} heads": shared is not None and len(heads) > 1,
            f"linear maps in the order {order}": len(orders) > 1, f"heads {layout}": len(layouts) > 1,
            f"scores divided by {'the square root of d_head' if scale is None else f'{scale:.6g}'}": len(scales) > 1,
            "causal" if sees else "bidirectional": len(causal) > 1, function: len(activations) > 1,
            f"tokens multiplied by {size:.6g}": size != 1, f"answers at position {place}": len(places) > 1,
        }  # fmt: skip
        layers = tuple(
            Layer(
                block.heads.attention(block.heads.heads or shared or 1, order, layout), block.mlp, block.ln1, block.ln2
            )
            for block in blocks
        )
        model = Transformer(
            size * table, added[0], layers, body.W_U, body.b_U, body.ln_final, function, sees, scale,
            softmax=body.normalized is not None,
        )  # fmt: skip
        said = tuple(text for text, shown in choices.items() if shown and text)
        found.append(Reading(model, said, folded, place))
    return found


def _causal(body: Body, name: str) -> list[bool]:
    seen = {block.heads.causal for block in body.blocks}
    if {True, False} <= seen:
        places = ", ".join(
            f"{block.heads.where} is {'causal' if block.heads.causal else 'bidirectional'}" for block in body.blocks
        )
        raise InputError(f"{name}: {places}; all layers see the same positions in the transformers that are imported")
    known = [one for one in seen if one is not None]
    return known or ([True, False] if body.blocks else [True])


def _activations(body: Body, name: str) -> list[str]:
    with_mlp = [block for block in body.blocks if block.mlp is not None]
    seen = {block.activation for block in with_mlp if block.activation is not None}
    if len(seen) > 1:
        raise InputError(f"{name}: its MLPs have the activations {', '.join(sorted(seen))}; all must have the same one")
    return list(seen) if seen else list(ACTIVATIONS) if with_mlp else ["relu"]


def _places(gave: torch.Tensor, shape: tuple[int, ...], logits: int, turned: bool, name: str) -> list[int | None]:
    """At which positions the module gives logits: None for all."""
    inputs, positions = shape
    shapes = {
        (positions, inputs, logits) if turned else (inputs, positions, logits): [None],
        (inputs, logits): [positions - 1, 0] if positions > 1 else [0],
    }
    if logits == 1:
        shapes |= {(positions, inputs) if turned else (inputs, positions): [None], (inputs,): [positions - 1, 0]}
    found = shapes.get(tuple(gave.shape))
    if found is None:
        raise InputError(
            f"{name} gives {tuple(gave.shape)} for {inputs} sequences of {positions} tokens; give a model that returns "
            f"logits, ({inputs}, {positions}, {logits}) at every position or ({inputs}, {logits}) at the last or first"
        )
    return found


def _logits(runs: _Runs, tokens: np.ndarray, body: Body) -> np.ndarray:
    """The logits of the module; those before a softmax, where it ends in one: (inputs, answers, d_vocab_out)."""
    gave, calls = runs.watch(tokens)
    if body.normalized is not None:
        last = [call for call in calls if call.kind == "linear"][-1].gave
        if last.shape != gave.shape:
            raise InputError(
                f"{runs.name} gives its softmax elsewhere than its logits; give a model that returns the logits"
            )
        expected = getattr(torch, body.normalized)(last, -1)
        if not _close(expected, gave):
            raise InputError(f"{runs.name} computes something after the softmax of its logits; return the logits")
        gave = last
    array = as_array(gave)
    inputs, positions = tokens.shape
    logits = body.W_U.shape[1]
    if runs.turned and array.shape[:2] == (positions, inputs):
        array = array.swapaxes(0, 1)
    return array.reshape(inputs, -1, logits)


def _folded(module: nn.Module, body: Body, runs: _Runs) -> tuple[str, ...]:
    """What was left out, in words."""
    dropped = [part for part in module.modules() if isinstance(part, nn.modules.dropout._DropoutNd)]
    words = [f"{len(dropped)} dropout{'s' * (len(dropped) > 1)} left out"] if dropped else []
    if runs.turned:
        words.append("it takes positions first; its tokens are given transposed")
    if body.normalized is not None:
        words.append(f"{body.normalized} after the logits left out")
    return tuple(words)


def _reason(calls: Sequence[Called]) -> str:
    """Why no reading agrees, where the values that parts were given show it."""
    norms = [(k, call) for k, call in enumerate(calls) if call.kind == "norm"]
    for (first, one), (second, other) in itertools.pairwise(norms):
        between = [call for call in calls[first + 1 : second] if call.kind in ("linear", "attention")]
        if not between:
            continue
        wrote = between[-1].gave
        wrote = wrote[0] if isinstance(wrote, tuple) else wrote
        if not (isinstance(wrote, torch.Tensor) and wrote.shape == one.gave.shape == other.entering.shape):
            continue
        if _close(one.gave + wrote, other.entering) and not _close(one.entering + wrote, other.entering):
            return (
                f"{one.where} stands after the sum: what it gives is added to, so what a part writes does not reach "
                "the parts after it as a sum, which edges stand for. Post-norm is not supported: build and train it "
                "with its norms before attention and MLP"
            )
    return _parallel(calls)


def _parallel(calls: Sequence[Called]) -> str:
    for k, call in enumerate(calls):
        if call.kind != "attention":
            continue
        later = next((other for other in calls[k + 1 :] if other.kind in ("linear", "norm")), None)
        if later is not None and same(later.entering, call.entering):
            return (
                f"{later.where} reads what {call.where} reads, not what it writes: parallel attention is not "
                "supported, an MLP reads the heads of its layer"
            )
    return ""
