"""How far floating-point arithmetic may move the logits of a transformer: bounds, not guesses.

As in `rounding`, a sum of n products in arithmetic of relative error eps/2 differs from the exact one by less than
(n + 2) eps times the sum of the absolute products, in whatever order it is added. So each part has an error of its own:
embeddings, norms, linear maps, scores, softmax, weighing, activations, and the sums of the stream. Magnitudes are those
of all terms, without cancellation: the bound also holds where one side first multiplies values by `W_O`, and the other
first weighs them by the pattern.

There are two ways on from there, and the smaller bound counts:

- `_carried` carries errors from part to part by absolute values. It is safe for any precision, and loose: its error
  grows with every part.
- `_linearized` adds up what each part's own error does to each logit, by the derivative of the logit. It is of first
  order in eps, so it is used for float32 and float64 only. It takes one way back through the model for each logit.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..common.shapes import Float, Int
from ..model.activations import FUNCTION_ERROR, activation
from ..transformer.parts import Layer, Norm, pattern
from ..transformer.transformer import Transformer
from .rounding import SAFETY, Precision

# So many numbers are held at once; longer lists of sequences are gone through in parts.
NUMBERS_AT_ONCE = 2**21
# So many multiplications are spent on derivatives; the sequences beyond have the looser bound alone.
MOST_WORK = 2**32
# Of coarser types the terms of second order are not small.
FINEST = 2.0**-20
# Where an activation may have a kink, its slope is the larger one this near to it, in units of eps.
NEAR_KINK = 1e4
# Of the difference quotient that stands for the slope of a smooth activation.
STEP = 1e-5


class Rounded(NamedTuple):
    """Numbers; how far each may be off; and the sum of the absolute terms that each was added up from."""

    values: np.ndarray
    error: np.ndarray
    magnitude: np.ndarray


def allowed_logits(
    model: Transformer, tokens: Int[np.ndarray, "inputs positions"], precision: Precision
) -> Float[np.ndarray, "inputs positions d_vocab_out"]:
    """How far each logit may lie from that of exact arithmetic, times a safety factor of 2.

    Args:
        model: the transformer, of as many positions as the sequences have.
        tokens: the sequences.
        precision: what the source computes in.

    Example:
        >>> from .rounding import PRECISIONS
        >>> third = Transformer(np.eye(2) / 3, np.zeros((1, 2)), (), np.eye(2))
        >>> bool(allowed_logits(third, np.array([[1]]), PRECISIONS["float32"]).max() < 1e-6)
        True
    """
    widest = max([model.d_model, model.features, *(max(_widths(layer)) for layer in model.layers)])
    logits = model.features * model.W_U.shape[1]
    rows = max(1, NUMBERS_AT_ONCE // (model.features * max(widest, model.W_U.shape[1])))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        parts = [_carried(model, tokens[k : k + rows], precision) for k in range(0, len(tokens), rows)]
        found = np.concatenate(parts)
        if precision.epsilon <= FINEST:
            each = logits * model.features * widest * (len(model.layers) * (model.d_model + widest) + model.d_model)
            tight = min(len(tokens), MOST_WORK // each)
            rows = max(1, NUMBERS_AT_ONCE // (model.features * max(widest, model.d_model) * min(logits, 64)))
            for k in range(0, tight, rows):
                part = slice(k, min(k + rows, tight))
                found[part] = np.fmin(found[part], _linearized(model, tokens[part], precision))
    return SAFETY * found


def _widths(layer: Layer) -> tuple[int, ...]:
    heads, _, d_head = layer.attention.W_Q.shape
    return heads * d_head, 1 if layer.mlp is None else layer.mlp.W_in.shape[1]


def _embedded(model: Transformer, tokens: np.ndarray, precision: Precision) -> Rounded:
    of_tokens, places = model.W_E[tokens], model.W_pos[None]
    magnitude = np.abs(of_tokens) + np.abs(places)
    # An embedding may be scaled, and then two are added.
    return Rounded(of_tokens + places, 3 * precision.epsilon * magnitude, magnitude)


def _exact(values: np.ndarray) -> Rounded:
    return Rounded(values, np.zeros_like(values), np.abs(values))


def _carried(model: Transformer, tokens: np.ndarray, precision: Precision) -> np.ndarray:
    """How far the logits may be off, errors being carried by absolute values."""
    stream = _embedded(model, tokens, precision)
    for layer in model.layers:
        stream = _added(stream, _attention(model, layer, stream, precision), precision)
        if layer.mlp is not None:
            inner = _linear(_normed(layer.ln2, stream, precision), layer.mlp.W_in, layer.mlp.b_in, precision)
            active = _activated(inner, model.activation, precision)
            stream = _added(stream, _linear(active, layer.mlp.W_out, layer.mlp.b_out, precision), precision)
    return _linear(_normed(model.ln_final, stream, precision), model.W_U, model.b_U, precision).error


def _added(stream: Rounded, written: Rounded, precision: Precision) -> Rounded:
    """The stream with what one layer writes; a sum of everything so far may be added in any order."""
    values, magnitude = stream.values + written.values, stream.magnitude + np.abs(written.values)
    return Rounded(values, stream.error + written.error + 2 * precision.epsilon * magnitude, magnitude)


def _linear(x: Rounded, weights: np.ndarray, bias: np.ndarray, precision: Precision) -> Rounded:
    absolute = np.abs(weights)
    magnitude = np.abs(x.values) @ absolute + np.abs(bias)
    rounded = (len(weights) + 2) * (precision.epsilon * magnitude + precision.smallest)
    return Rounded(x.values @ weights + bias, x.error @ absolute + rounded, magnitude)


def _normed(norm: Norm | None, x: Rounded, precision: Precision) -> Rounded:
    """What a norm gives, whether its variance is that of centered numbers or a difference of two means."""
    if norm is None:
        return x
    eps, n = precision.epsilon, x.values.shape[-1]
    values, error = x.values, x.error
    if not norm.rms:
        mean = values.mean(axis=-1, keepdims=True)
        sizes = np.abs(values).mean(axis=-1, keepdims=True)
        moved = error.mean(axis=-1, keepdims=True) + (n + 2) * eps * sizes
        error = error + moved + eps * (np.abs(values) + np.abs(mean))
        values = values - mean
    variance = (values**2).mean(axis=-1, keepdims=True)
    squares = variance if norm.rms else (x.values**2).mean(axis=-1, keepdims=True)
    off = (2 * np.abs(values) * error + error**2).mean(axis=-1, keepdims=True)
    off = off + (n + 4) * eps * squares + eps * norm.eps + precision.smallest
    root = 1 / np.sqrt(variance + norm.eps)
    # The inverse of the root is steepest where the variance is smallest.
    farthest = 1 / np.sqrt(np.maximum(variance - off, 0) + norm.eps)
    moved = farthest - root + 4 * eps * farthest
    scaled = values * root * norm.w
    error = np.abs(norm.w) * (error * farthest + np.abs(values) * moved) + 2 * eps * np.abs(scaled)
    shift = np.zeros_like(norm.w) if norm.b is None else norm.b
    magnitude = np.abs(scaled) + np.abs(shift)
    return Rounded(scaled + shift, error + eps * magnitude + precision.smallest, magnitude)


def _activated(inner: Rounded, name: str, precision: Precision) -> Rounded:
    function = activation(name)
    values = function(inner.values)
    error = function.moved(inner.values, inner.error) + function.rounding(values, precision.epsilon)
    # The formulas of gelu and silu multiply by their argument what is off by an eps or a few.
    error = error + 2 * precision.epsilon * np.abs(inner.values) * (name != "relu") + precision.smallest
    return Rounded(values, error, np.abs(values))


@dataclass(frozen=True, eq=False)
class _Head:
    """One head at some sequences; everything with the error that it has."""

    q: Rounded
    k: Rounded
    v: Rounded
    scores: Rounded
    looked: Rounded
    mixed: Rounded


def _head(model: Transformer, layer: Layer, h: int, x: Rounded, precision: Precision) -> _Head:
    eps, part, scale = precision.epsilon, layer.attention, model.divisor(layer)
    d_head = part.W_Q.shape[2]
    q = _linear(x, part.W_Q[h], part.b_Q[h], precision)
    k = _linear(x, part.W_K[h], part.b_K[h], precision)
    v = _linear(x, part.W_V[h], part.b_V[h], precision)
    found = k.values.swapaxes(-1, -2)
    products = np.abs(q.values) @ np.abs(found)
    off = q.error @ (np.abs(found) + k.error.swapaxes(-1, -2)) + np.abs(q.values) @ k.error.swapaxes(-1, -2)
    off = (off + (d_head + 6) * (eps * products + precision.smallest)) / scale
    scores = Rounded(q.values @ found / scale, off, products / scale)
    looked = pattern(q.values, k.values, scale, model.sees)
    looked_off = _softmax_moved(scores, looked, model.sees, precision)
    mixed = looked @ np.abs(v.values)
    z_off = looked_off @ (np.abs(v.values) + v.error) + looked @ v.error
    z_off = z_off + (model.features + 2) * (eps * mixed + precision.smallest)
    return _Head(q, k, v, scores, Rounded(looked, looked_off, looked), Rounded(looked @ v.values, z_off, mixed))


def _attention(model: Transformer, layer: Layer, stream: Rounded, precision: Precision) -> Rounded:
    """What the heads of a layer write together, with b_O."""
    x = _normed(layer.ln1, stream, precision)
    heads = [_head(model, layer, h, x, precision) for h in range(layer.attention.heads)]
    return _written(layer, heads, precision)


def _written(layer: Layer, heads: list[_Head], precision: Precision) -> Rounded:
    part = layer.attention
    zeros = np.zeros((*heads[0].mixed.values.shape[:-1], len(part.b_O)))
    written, error, magnitude = zeros + part.b_O, zeros, zeros + np.abs(part.b_O)
    for h, head in enumerate(heads):
        absolute = np.abs(part.W_O[h])
        written = written + head.mixed.values @ part.W_O[h]
        error, magnitude = error + head.mixed.error @ absolute, magnitude + head.mixed.magnitude @ absolute
    terms = part.W_O.shape[0] * part.W_O.shape[1] + 2
    return Rounded(written, error + terms * (precision.epsilon * magnitude + precision.smallest), magnitude)


def _softmax_moved(scores: Rounded, looked: np.ndarray, seen: np.ndarray, precision: Precision) -> np.ndarray:
    """How far the weights of a softmax may be off, when its scores may be off: by a factor of exp of twice that."""
    eps = precision.epsilon
    largest = np.where(seen, scores.values, -np.inf).max(axis=-1, keepdims=True)
    # The largest is taken away before: what is far below it is rounded by its distance.
    below = np.where(seen, scores.error + 2 * eps * (np.abs(scores.values) + np.abs(largest)), 0.0)
    farthest = below.max(axis=-1, keepdims=True)
    factor = np.expm1(below + farthest) + (scores.values.shape[-1] + 2 * FUNCTION_ERROR + 2) * eps
    return np.where(seen, looked * factor + precision.smallest, 0.0)


@dataclass(frozen=True, eq=False)
class _Passed:
    """One layer at some sequences, every part with no more than its own error."""

    layer: Layer
    x: np.ndarray
    normed: Rounded
    heads: list[_Head]
    summed: Rounded
    normed_again: Rounded | None = None
    inner: Rounded | None = None
    active: Rounded | None = None
    last: Rounded | None = None


def _passed(model: Transformer, layer: Layer, stream: Rounded, precision: Precision) -> _Passed:
    """What a layer computes; of each part the error that it adds itself."""
    normed = _normed(layer.ln1, _exact(stream.values), precision)
    x = _exact(normed.values)
    heads = [_alone(model, layer, h, x, precision) for h in range(layer.attention.heads)]
    written = _written(layer, [_without_error(head) for head in heads], precision)
    summed = _added(Rounded(stream.values, 0 * stream.error, stream.magnitude), written, precision)
    if layer.mlp is None:
        return _Passed(layer, stream.values, normed, heads, summed)
    again = _normed(layer.ln2, _exact(summed.values), precision)
    inner = _linear(_exact(again.values), layer.mlp.W_in, layer.mlp.b_in, precision)
    active = _activated(_exact(inner.values), model.activation, precision)
    wrote = _linear(_exact(active.values), layer.mlp.W_out, layer.mlp.b_out, precision)
    last = _added(Rounded(summed.values, 0 * summed.error, summed.magnitude), wrote, precision)
    return _Passed(layer, stream.values, normed, heads, summed, again, inner, active, last)


def _alone(model: Transformer, layer: Layer, h: int, x: Rounded, precision: Precision) -> _Head:
    """A head of which every part has no more than its own error."""
    eps, found = precision.epsilon, _head(model, layer, h, x, precision)
    d_head, products = layer.attention.W_Q.shape[2], found.scores.magnitude
    scores = found.scores._replace(error=(d_head + 6) * (eps * products + precision.smallest))
    looked = _softmax_moved(found.scores._replace(error=0 * products), found.looked.values, model.sees, precision)
    mixed = (model.features + 2) * (eps * found.mixed.magnitude + precision.smallest)
    return _Head(
        found.q, found.k, found.v, scores, found.looked._replace(error=looked), found.mixed._replace(error=mixed)
    )


def _without_error(head: _Head) -> _Head:
    return _Head(head.q, head.k, head.v, head.scores, head.looked, head.mixed._replace(error=0 * head.mixed.error))


def _linearized(model: Transformer, tokens: np.ndarray, precision: Precision) -> np.ndarray:
    """How far the logits may be off: what each part's own error does to them, by their derivatives."""
    first = stream = _embedded(model, tokens, precision)
    layers: list[_Passed] = []
    for layer in model.layers:
        layers.append(_passed(model, layer, stream, precision))
        stream = layers[-1].last or layers[-1].summed
    normed = _normed(model.ln_final, _exact(stream.values), precision)
    total = _linear(_exact(normed.values), model.W_U, model.b_U, precision).error
    places = [(place, logit) for place in range(model.features) for logit in range(model.W_U.shape[1])]
    for k in range(0, len(places), 64):
        some = places[k : k + 64]
        back = np.zeros((len(some), *normed.values.shape))
        for i, (place, logit) in enumerate(some):
            back[i, :, place] = model.W_U[:, logit]
        moved = _sum(back, normed)
        back = _norm_back(model.ln_final, stream.values, back)
        for one in reversed(layers):
            back, more = _layer_back(model, one, back, precision)
            moved = moved + more
        moved = moved + _sum(back, first)
        for i, (place, logit) in enumerate(some):
            total[:, place, logit] += moved[i]
    return total


def _sum(back: np.ndarray, part: Rounded) -> np.ndarray:
    """What the errors of a part do together, by the derivatives of some logits: (logits, inputs)."""
    logits, inputs = back.shape[:2]
    flat = np.abs(back).reshape(logits, inputs, -1)
    return np.einsum("knd,nd->kn", flat, np.broadcast_to(part.error, back.shape[1:]).reshape(inputs, -1))


def _times(back: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A product with a matrix, made at once for all logits, inputs and positions."""
    return (back.reshape(-1, len(weights)) @ weights).reshape(*back.shape[:-1], weights.shape[1])


def _layer_back(
    model: Transformer, one: _Passed, back: np.ndarray, precision: Precision
) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives by what enters a layer, given those by what leaves it, and what its errors do."""
    moved = np.zeros(back.shape[:2])
    mlp = one.layer.mlp
    if mlp is not None and one.inner is not None and one.active is not None and one.normed_again is not None:
        assert one.last is not None
        moved = moved + _sum(back, one.last)
        by_active = _times(back, mlp.W_out.T)
        moved = moved + _sum(by_active, one.active)
        by_inner = by_active * _slope(model.activation, one.inner.values, precision)
        moved = moved + _sum(by_inner, one.inner)
        by_normed = _times(by_inner, mlp.W_in.T)
        moved = moved + _sum(by_normed, one.normed_again)
        back = back + _norm_back(one.layer.ln2, one.summed.values, by_normed)
    moved = moved + _sum(back, one.summed)
    part, scale = one.layer.attention, model.divisor(one.layer)
    by_normed = np.zeros_like(back)
    for h, head in enumerate(one.heads):
        by_mixed = _times(back, part.W_O[h].T)
        looked = head.looked.values
        by_looked = by_mixed @ head.v.values.swapaxes(-1, -2)
        by_v = looked.swapaxes(-1, -2) @ by_mixed
        by_scores = looked * (by_looked - (by_looked * looked).sum(axis=-1, keepdims=True))
        by_q = by_scores @ head.k.values / scale
        by_k = by_scores.swapaxes(-1, -2) @ head.q.values / scale
        for by, error in (
            (by_mixed, head.mixed), (by_looked, head.looked), (by_scores, head.scores), (by_q, head.q),
            (by_k, head.k), (by_v, head.v),
        ):  # fmt: skip
            moved = moved + _sum(by, error)
        by_normed = by_normed + _times(by_q, part.W_Q[h].T) + _times(by_k, part.W_K[h].T) + _times(by_v, part.W_V[h].T)
    moved = moved + _sum(by_normed, one.normed)
    return back + _norm_back(one.layer.ln1, one.x, by_normed), moved


def _norm_back(norm: Norm | None, x: np.ndarray, back: np.ndarray) -> np.ndarray:
    """The derivatives by what enters a norm, given those by what leaves it."""
    if norm is None:
        return back
    centered = x if norm.rms else x - x.mean(axis=-1, keepdims=True)
    root = 1 / np.sqrt((centered**2).mean(axis=-1, keepdims=True) + norm.eps)
    unit, by = centered * root, back * norm.w
    by = by - unit * (by * unit).mean(axis=-1, keepdims=True) - (0 if norm.rms else by.mean(axis=-1, keepdims=True))
    return by * root


def _slope(name: str, values: np.ndarray, precision: Precision) -> np.ndarray:
    """The slope of an activation; near the kink of relu the larger one."""
    if name == "relu":
        return (values > -NEAR_KINK * precision.epsilon * (1 + np.abs(values).max())).astype(float)
    function = activation(name)
    return (function(values + STEP) - function(values - STEP)) / (2 * STEP)
