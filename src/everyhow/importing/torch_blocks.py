"""The blocks of a transformer, read from the calls of its parts: which norms, which heads, which MLP.

A block is [norm,] attention [, [norm,] linear, linear]. Attention is `nn.MultiheadAttention`; or linear maps to
queries, keys and values and one back; or one linear map to all three and one back. What the calls leave open, such as
how many heads there are where no softmax was seen, stays open: the source decides between the readings.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..common.errors import InputError
from ..transformer.parts import ACTIVATIONS, MLP, Attention, Norm
from .torch_calls import Called, activation_name, kind_of_part
from .torch_tensors import as_array
from .torch_trace import where_of
from .transformer_arrays import attention_of

ORDERS = ("qkv", "qvk", "kqv", "kvq", "vqk", "vkq")
LAYOUTS = ("one after the other", "head by head")
# What the functions that encoder layers are given are called here.
GIVEN = {functional.relu: "relu", functional.gelu: "gelu", functional.silu: "silu", torch.relu: "relu"}
# A mask of this size or more hides a position from a softmax.
HIDDEN = -1e4


@dataclass(frozen=True, eq=False)
class Heads:
    """The attention of a block, as far as the calls tell it.

    Attributes:
        where: its place.
        maps: weights and biases by `q`, `k`, `v`, `o`; or of one linear map to all three by `qkv`, and `o`; or three
            whose order the names do not tell, by `0`, `1`, `2`, and `o`. Weights are (outgoing, incoming).
        heads: how many there are; None where that was not seen.
        causal: whether each position sees only those up to itself; None where that was not seen.
        scale: by which scores are divided: 0 for the square root of d_head; None where that was not seen.
    """

    where: str
    maps: dict[str, tuple[np.ndarray, np.ndarray]]
    heads: int | None
    causal: bool | None
    scale: float | None

    @property
    def width(self) -> int:
        """All numbers of all heads."""
        return self.maps["o"][0].shape[1]

    def attention(self, heads: int, order: str, layout: str) -> Attention:
        """The heads by TransformerLens's names."""
        maps = dict(self.maps)
        if "qkv" in maps:
            weight, bias = maps["qkv"]
            if layout == LAYOUTS[0]:
                weights, biases = np.split(weight, 3), np.split(bias, 3)
            else:
                by_head = weight.reshape(heads, 3, self.width // heads, -1)
                weights = [by_head[:, k].reshape(self.width, -1) for k in range(3)]
                biases = [bias.reshape(heads, 3, -1)[:, k].reshape(-1) for k in range(3)]
            maps |= dict(zip("qkv", zip(weights, biases, strict=True), strict=True))
        elif "0" in maps:
            maps |= {name: maps[str(k)] for k, name in enumerate(order)}
        return attention_of(maps["q"], maps["k"], maps["v"], maps["o"], heads)


@dataclass(frozen=True, eq=False)
class Block:
    """One layer: its heads, its MLP or none, their norms, and the activation as far as the calls tell it."""

    heads: Heads
    mlp: MLP | None
    ln1: Norm | None
    ln2: Norm | None
    activation: str | None


@dataclass(frozen=True, eq=False)
class Body:
    """What follows the embeddings: the blocks, the last norm, and the unembedding."""

    blocks: tuple[Block, ...]
    ln_final: Norm | None
    W_U: np.ndarray
    b_U: np.ndarray  # noqa: N815 (TransformerLens's name)
    normalized: str | None


def body_of(calls: Sequence[Called], name: str, d_model: int, positions: int) -> Body:
    """The blocks that the calls make.

    Args:
        calls: of all parts, in their order.
        name: what the module is called in errors.
        d_model: the width of the stream.
        positions: how many tokens each sequence has.

    Raises:
        InputError: the calls are not those of blocks, or of blocks that are not supported; with the place.
    """
    main = _main(calls)
    blocks: list[Block] = []
    i = 0
    while [call.kind for _, call in main[i:]] not in (["linear"], ["norm", "linear"]):
        if i >= len(main) or all(call.kind == "norm" for _, call in main[i:]):
            raise InputError(
                f"{name} has no unembedding: after its last layer there is no linear map to logits. Decisions are made "
                "from logits: give the model with its unembedding"
            )
        block, i = _block(calls, main, i, name, d_model, positions)
        blocks.append(block)
    last = main[-1][1]
    norm = _norm(main[i][1], d_model) if main[i][1].kind == "norm" else None
    weight, bias = _linear(last)
    after = [call for call in calls[main[-1][0] + 1 :] if call.kind == "softmax"]
    return Body(tuple(blocks), norm, weight.T, bias, after[-1].weights["name"] if after else None)


def _main(calls: Sequence[Called]) -> list[tuple[int, Called]]:
    """The calls that blocks are made of, each with its place; a norm that is run again on the same is one."""
    found: list[tuple[int, Called]] = []
    for k, call in enumerate(calls):
        if call.kind not in ("linear", "norm", "attention", "layer"):
            continue
        again = call.kind == "norm" and any(
            other.part is call.part and same(other.entering, call.entering) for _, other in found
        )
        if not again:
            found.append((k, call))
    return found


def _block(
    calls: Sequence[Called], main: list[tuple[int, Called]], i: int, name: str, d_model: int, positions: int
) -> tuple[Block, int]:
    """The block that begins at a call, and where the next one begins."""
    part = main[i][1]
    if part.kind == "layer":
        return _encoder_layer(part, d_model, positions), i + 1
    ln1, j = (_norm(part, d_model), i + 1) if part.kind == "norm" else (None, i)
    rest = main[j:]
    if rest and rest[0][1].kind == "attention":
        heads, j = _multihead(rest[0][1], positions), j + 1
    else:
        heads, used = _by_hand(calls, rest, name, d_model, positions)
        j += used
    k = j + 1 if j < len(main) and main[j][1].kind == "norm" else j
    pair = main[k : k + 2]
    if not _is_mlp(pair, main[k + 2 :], d_model):
        return Block(heads, None, ln1, None, None), j
    ln2 = _norm(main[j][1], d_model) if k > j else None
    (first, inner), (second, outer) = pair
    weight_in, b_in = _linear(inner)
    weight_out, b_out = _linear(outer)
    between = [call.weights["name"] for call in calls[first + 1 : second] if call.kind == "activation"]
    mlp = MLP(weight_in.T, weight_out.T, b_in, b_out)
    return Block(heads, mlp, ln1, ln2, between[0] if len(between) == 1 else None), k + 2


def _is_mlp(pair: list[tuple[int, Called]], rest: list[tuple[int, Called]], d_model: int) -> bool:
    """Whether two linear maps after one another are an MLP; behind them there is at least the unembedding.

    Raises:
        InputError: they begin an MLP with a gate.
    """
    if len(pair) < 2 or not rest or any(call.kind != "linear" for _, call in pair):
        return False
    (_, inner), (_, outer) = pair
    sizes = [tuple(call.weights["weight"].shape) for _, call in pair]
    third = rest[0][1]
    if same(inner.entering, outer.entering) and third.kind == "linear":
        if len(rest) > 1 and rest[1][1].kind == "linear" and same(third.entering, inner.entering):
            return False  # queries, keys and values
        if third.weights["weight"].shape[1] == sizes[0][0] == sizes[1][0]:
            raise InputError(
                f"{inner.where} and {outer.where} make an MLP with a gate, which is not supported; an MLP is two "
                "linear maps with an activation between"
            )
    return sizes[0][1] == d_model and sizes[1] == (d_model, sizes[0][0])


def _by_hand(
    calls: Sequence[Called], rest: list[tuple[int, Called]], name: str, d_model: int, positions: int
) -> tuple[Heads, int]:
    """Attention that is written with linear maps, and how many of them it has."""
    linear = [call for _, call in rest[:4] if call.kind == "linear"]
    shapes = [tuple(call.weights["weight"].shape) for call in linear]
    if len(linear) >= 2 and rest[0][1] is linear[0] and rest[1][1] is linear[1]:
        (out, into), (back, width) = shapes[:2]
        if into == d_model == back and out == 3 * width and not same(linear[0].entering, linear[1].entering):
            seen = calls[rest[0][0] + 1 : rest[1][0]]
            maps = {"qkv": _linear(linear[0]), "o": _linear(linear[1])}
            return _seen(linear[0].where, maps, seen, positions), 2
    if len(linear) == 4 and all(same(linear[0].entering, one.entering) for one in linear[1:3]):
        widths, back = {shape[0] for shape in shapes[:3]}, shapes[3]
        if len(widths) == 2 and shapes[0][0] != shapes[1][0]:
            raise InputError(
                f"{linear[1].where} gives {shapes[1][0]} numbers, {linear[0].where} {shapes[0][0]}: grouped keys and "
                "values are not supported; give each head its own (repeat the weights)"
            )
        if widths == {back[1]} and back[0] == d_model and {shape[1] for shape in shapes[:3]} == {d_model}:
            seen = calls[rest[2][0] + 1 : rest[3][0]]
            names = [_role(one.path) for one in linear[:3]]
            keys = names if sorted(names) == ["k", "q", "v"] else ["0", "1", "2"]
            maps = {key: _linear(one) for key, one in zip([*keys, "o"], linear, strict=True)}
            return _seen(linear[0].where, maps, seen, positions), 4
    order = ", ".join(call.where for _, call in rest[:8])
    raise InputError(
        f"{name}: from {rest[0][1].where if rest else 'its end'} on, its parts ({order}) are not those of a block: "
        "[norm,] attention [, [norm,] linear, activation, linear]. Supported is self-attention as "
        "nn.MultiheadAttention, or with linear maps to queries, keys and values of the same input and one back to "
        "d_model; no cross attention, no mixture of experts, no layer without attention. Write it so, or give its "
        "arrays to everyhow.Transformer"
    )


def _seen(where: str, maps: dict[Any, Any], calls: Sequence[Called], positions: int) -> Heads:
    """What the softmax between the maps shows of the heads."""
    heads, causal, scale = None, None, None
    for call in calls:
        if call.kind == "scores":
            query, key = call.given["query"], call.given["key"]
            if query.shape[-3] != key.shape[-3]:
                raise InputError(f"{where}: grouped keys and values are not supported; give each head its own")
            heads = query.shape[-3] if query.ndim == 4 else None
            mask = call.given.get("attn_mask")
            causal = True if call.given.get("is_causal") else _mask_is_causal(where, mask, positions, shown=True)
            scale = 0.0 if call.weights["scale"] is None else 1 / float(call.weights["scale"])
        elif call.kind == "softmax" and call.gave.shape[-2:] == (positions, positions):
            heads = call.gave.shape[-3] if call.gave.ndim == 4 else 1 if call.gave.ndim == 3 else None
            causal = _pattern_is_causal(where, call.gave, positions)
    if heads is not None and maps["o"][0].shape[1] % heads:
        heads = None
    return Heads(where, maps, heads, causal, scale)


def _pattern_is_causal(where: str, pattern: torch.Tensor, positions: int) -> bool | None:
    """Whether no position looks at a later one, where that can be told."""
    looked = (pattern != 0).reshape(-1, positions, positions).any(dim=0)
    return _seen_by(where, looked)


def _mask_is_causal(where: str, mask: torch.Tensor | None, positions: int, *, shown: bool = False) -> bool:
    """Whether a mask hides later positions, or none.

    Args:
        where: the place of the attention.
        mask: of truth values, or added to the scores; None for none.
        positions: how many tokens a sequence has.
        shown: whether a truth value says that a position is seen, rather than hidden.

    Raises:
        InputError: it hides other positions, or adds something.
    """
    if mask is None:
        return positions == 1
    mask = torch.as_tensor(mask)
    if mask.shape[-2:] != (positions, positions):
        raise InputError(
            f"{where}: its mask has shape {tuple(mask.shape)}; expected one row and one column for each of the "
            f"{positions} positions"
        )
    if mask.dtype == torch.bool:
        seen = mask if shown else ~mask
    elif bool(((mask == 0) | (mask <= HIDDEN)).all()):
        seen = mask == 0
    else:
        raise InputError(
            f"{where}: its mask adds to the scores, as relative positions (ALiBi, T5) do; these are not supported. "
            "Positions are a table that is added to the tokens"
        )
    found = _seen_by(where, seen.reshape(-1, positions, positions).any(dim=0))
    if found is None or not bool((seen == seen.reshape(-1, positions, positions)[0]).all()):
        raise InputError(
            f"{where}: its mask is neither causal nor absent, such as that of local attention or of padding; only "
            "these two are supported"
        )
    return found


def _seen_by(where: str, seen: torch.Tensor) -> bool | None:
    causal = torch.ones_like(seen).tril()
    if torch.equal(seen, causal):
        return True
    return False if bool(seen.all()) else None


def _role(path: str) -> str:
    """Whether a linear map is called as one to queries, keys or values: `q`, `k`, `v`; else empty."""
    words = path.rpartition(".")[2].lower().replace("-", "_")
    for letter, names in (
        ("q", ("q", "query", "queries")),
        ("k", ("k", "key", "keys")),
        ("v", ("v", "value", "values")),
    ):
        if words in names or words.split("_")[0] in names or words.split("_")[-1] in (*names, f"w{letter}"):
            return letter
    return ""


def _multihead(call: Called, positions: int) -> Heads:
    """The heads of `nn.MultiheadAttention`."""
    part, given = call.part, call.given
    assert isinstance(part, nn.MultiheadAttention)
    query = given["query"]
    if not (same(query, given["key"]) and same(query, given["value"])):
        raise InputError(
            f"{call.where} has keys and values of another input than its queries: cross attention is not supported; "
            "give all three the same input"
        )
    _check_padding(call.where, given.get("key_padding_mask"))
    causal = _mask_is_causal(call.where, given.get("attn_mask"), positions)
    return _heads_of(part, call.where, causal)


def _check_padding(where: str, mask: torch.Tensor | None) -> None:
    if mask is not None and bool((mask if mask.dtype == torch.bool else mask != 0).any()):
        raise InputError(f"{where} is given a mask of padding, which is not supported; give sequences of one length")


def _heads_of(part: nn.MultiheadAttention, where: str, causal: bool) -> Heads:
    if part.bias_k is not None or part.add_zero_attn:
        option = "add_bias_kv" if part.bias_k is not None else "add_zero_attn"
        raise InputError(f"{where} has {option}=True, a key of no position, which is not supported; build it without")
    if part.in_proj_weight is None:
        raise InputError(
            f"{where} has kdim {part.kdim} and vdim {part.vdim} beside embed_dim {part.embed_dim}: keys and values of "
            "another width are cross attention, which is not supported"
        )
    weight = as_array(part.in_proj_weight)
    bias = np.zeros(len(weight)) if part.in_proj_bias is None else as_array(part.in_proj_bias)
    maps = dict(zip("qkv", zip(np.split(weight, 3), np.split(bias, 3), strict=True), strict=True))
    maps["o"] = _of_module(part.out_proj)
    return Heads(where, maps, part.num_heads, causal, 0.0)


def _encoder_layer(call: Called, d_model: int, positions: int) -> Block:
    """The block that `nn.TransformerEncoderLayer` is."""
    layer = call.part
    assert isinstance(layer, nn.TransformerEncoderLayer)
    if not layer.norm_first:
        raise InputError(
            f"{call.where} has norm_first=False: its norms stand after the sum, so what a part writes does not reach "
            "the parts after it as a sum, which edges stand for. Build and train it with norm_first=True"
        )
    _check_padding(call.where, call.given.get("src_key_padding_mask"))
    causal = _mask_is_causal(call.where, call.given.get("src_mask"), positions)
    at = f"{call.path}." if call.path else ""
    heads = _heads_of(layer.self_attn, where_of(f"{at}self_attn", layer.self_attn), causal)
    inner, b_in = _of_module(layer.linear1)
    outer, b_out = _of_module(layer.linear2)
    ln1 = _norm_of(layer.norm1, f"{call.where}.norm1", d_model)
    ln2 = _norm_of(layer.norm2, f"{call.where}.norm2", d_model)
    return Block(heads, MLP(inner.T, outer.T, b_in, b_out), ln1, ln2, _activation_of(layer.activation, call.where))


def _activation_of(function: Any, where: str) -> str:
    if isinstance(function, nn.Module) and kind_of_part(function) == "activation":
        return activation_name(function)
    if isinstance(function, torch.nn.Module) or function not in GIVEN:
        found = getattr(function, "__name__", type(function).__name__)
        raise InputError(f"{where} has the activation {found}; supported are {', '.join(ACTIVATIONS)}")
    return GIVEN[function]


def _norm(call: Called, d_model: int) -> Norm:
    assert call.part is not None
    return _norm_of(call.part, call.where, d_model)


def _norm_of(part: nn.Module, where: str, d_model: int) -> Norm:
    """A norm with its arrays; one without weights scales by 1."""
    shape = tuple(getattr(part, "normalized_shape", (d_model,)))
    if shape != (d_model,):
        raise InputError(
            f"{where} is over numbers of shape {shape}; a norm is over the d_model {d_model} of a position"
        )
    weight, bias = getattr(part, "weight", None), getattr(part, "bias", None)
    rms = not isinstance(part, nn.LayerNorm)
    eps = next((getattr(part, one) for one in ("eps", "epsilon", "variance_epsilon") if hasattr(part, one)), None)
    if eps is None:
        # What torch takes of an RMSNorm that was given none.
        eps = torch.finfo(torch.float32 if weight is None else weight.dtype).eps
    w = np.ones(d_model) if weight is None else as_array(weight)
    if rms:
        return Norm(w, None, float(eps), rms=True)
    return Norm(w, np.zeros(d_model) if bias is None else as_array(bias), float(eps))


def _linear(call: Called) -> tuple[np.ndarray, np.ndarray]:
    weight, bias = call.weights["weight"], call.weights["bias"]
    return as_array(weight), np.zeros(len(weight)) if bias is None else as_array(bias)


def _of_module(part: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    return as_array(part.weight), np.zeros(len(part.weight)) if part.bias is None else as_array(part.bias)


def same(one: Any, other: Any) -> bool:
    """Whether two tensors are one, or hold the same numbers."""
    return one is other or (one.shape == other.shape and torch.equal(one, other))


def divisors(width: int) -> tuple[int, ...]:
    """How many heads a layer of this width may have.

    Example:
        >>> divisors(12)
        (1, 2, 3, 4, 6, 12)
    """
    return tuple(k for k in range(1, width + 1) if width % k == 0)


def scales_of(blocks: Sequence[Block], d_model: int) -> tuple[float | None, ...]:
    """By which scores may be divided: None for the square root of d_head.

    Raises:
        InputError: the layers were seen to divide by different numbers.
    """
    seen = {block.heads.scale for block in blocks}
    known = sorted(one for one in seen if one is not None)
    if len(known) > 1:
        raise InputError(
            f"its layers divide scores by different numbers ({', '.join(f'{one:g}' for one in known)}, "
            "0 for the square root of d_head); all layers divide by the same: scale W_Q and b_Q of the others"
        )
    if None not in seen:
        return ((known or [0.0])[0] or None,)
    return (None, 1.0, math.sqrt(d_model))
