"""The bound of rounding of a transformer: never below what arithmetic does, and near enough to find a wrong weight."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.importing import transformer_rounding as rounding
from everyhow.importing.rounding import PRECISIONS
from everyhow.importing.transformer_checking import Reading, Source, decided
from everyhow.importing.transformer_rounding import _carried, _linearized, allowed_logits
from everyhow.model.activations import activation
from everyhow.transformer.parts import ACTIVATIONS, MLP, Attention, Layer, Norm

NUMPY = {"float32": np.float32, "float16": np.float16}
VOCABULARY, POSITIONS, WIDTH = 4, 3, 4


def drawn(seed, layers, heads, mlp, norm, name, causal, size=1.0):
    """A transformer of random weights that float16 holds exactly."""
    random = np.random.default_rng(seed)

    def of(*shape):
        return (size * random.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float16).astype(float)

    def normed():
        shift = None if norm == "rms" else of(WIDTH)
        return None if norm == "none" else Norm(1 + of(WIDTH), shift, 1e-3, norm == "rms")

    def layer():
        maps = {f"W_{one}": of(heads, WIDTH, 2) for one in "QKV"} | {f"b_{one}": of(heads, 2) for one in "QKV"}
        attention = Attention(W_O=of(heads, 2, WIDTH), b_O=of(WIDTH), **maps)
        inner = MLP(of(WIDTH, 5), of(5, WIDTH), of(5), of(WIDTH)) if mlp else None
        return Layer(attention, inner, normed(), normed() if mlp else None)

    return eh.Transformer(
        of(VOCABULARY, WIDTH), of(POSITIONS, WIDTH), tuple(layer() for _ in range(layers)), of(WIDTH, 3), of(3),
        normed(), name, causal,
    )  # fmt: skip


def summed(a, b, kind):
    """A product of arrays in arithmetic of a kind, rounded after each product and each sum."""
    total = np.zeros((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]), kind)
    for k in range(a.shape[-1]):
        total = total + a[..., :, k : k + 1] * b[..., k : k + 1, :]
    return total


def walked(model, tokens, kind):
    """The logits in arithmetic of a kind, part after part, every sum from its first term to its last."""

    def cast(array):
        return np.asarray(array).astype(kind)

    def mean(x):
        return summed(x, np.ones((x.shape[-1], 1), kind), kind) / kind(x.shape[-1])

    def normed(norm, x):
        if norm is None:
            return x
        centered = x if norm.rms else x - mean(x)
        unit = centered / np.sqrt(mean(centered * centered) + kind(norm.eps))
        return unit * cast(norm.w) + (cast(norm.b) if norm.b is not None else kind(0))

    x = cast(model.W_E)[tokens] + cast(model.W_pos)
    for layer in model.layers:
        a, y = layer.attention, normed(layer.ln1, x)
        for h in range(a.heads):
            q, k, v = (
                summed(y, cast(getattr(a, f"W_{one}")[h]), kind) + cast(getattr(a, f"b_{one}")[h]) for one in "QKV"
            )
            scores = summed(q, k.swapaxes(-1, -2), kind) / kind(model.divisor(layer))
            scores = np.where(model.sees, scores, -np.inf).astype(kind)
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            pattern = weights / summed(weights, np.ones((weights.shape[-1], 1), kind), kind)
            x = x + summed(summed(pattern, v, kind), cast(a.W_O[h]), kind)
        x = x + cast(a.b_O)
        if layer.mlp is not None:
            inner = summed(normed(layer.ln2, x), cast(layer.mlp.W_in), kind) + cast(layer.mlp.b_in)
            active = activation(model.activation)(inner.astype(float)).astype(kind)
            x = x + summed(active, cast(layer.mlp.W_out), kind) + cast(layer.mlp.b_out)
    return (summed(normed(model.ln_final, x), cast(model.W_U), kind) + cast(model.b_U)).astype(float)


TOKENS = np.array([[a, b, c] for a in range(VOCABULARY) for b in range(VOCABULARY) for c in range(VOCABULARY)])
MODELS = st.builds(
    drawn, st.integers(0, 10**6), st.integers(0, 2), st.integers(1, 2), st.booleans(),
    st.sampled_from(["none", "layer", "rms"]), st.sampled_from(ACTIVATIONS), st.booleans(),
)  # fmt: skip


@given(MODELS, st.sampled_from(sorted(NUMPY)))
def test_arithmetic_stays_within_the_bound(model, precision):
    """Whatever the parts and the precision, sums rounded at every step are off by no more than the bound."""
    allowed = allowed_logits(model, TOKENS, PRECISIONS[precision])
    with np.errstate(all="ignore"):
        found = walked(model, TOKENS, NUMPY[precision])
    assert (np.abs(model.logits(TOKENS) - found) <= allowed).all()


@given(MODELS)
def test_walking_is_the_model(model):
    """In float64 what the test walks through is the model, but for rounding; the bound of float64 covers that."""
    apart = np.abs(model.logits(TOKENS) - walked(model, TOKENS, np.float64))
    allowed = allowed_logits(model, TOKENS, PRECISIONS["float64"])
    assert (apart <= allowed).all() and allowed.max() < 1e-9


@given(MODELS)
def test_two_ways_to_the_bound(model):
    """By derivatives the bound is never more than by absolute values, but for terms of second order."""
    one = PRECISIONS["float64"]
    carried, linear = _carried(model, TOKENS, one), _linearized(model, TOKENS, one)
    assert (linear <= carried * (1 + 1e-6)).all()


def test_derivatives(monkeypatch):
    """What an error of a part does to a logit is found by changing the part: here what is embedded at a position."""
    model = drawn(3, 2, 2, True, "layer", "gelu", True)
    tokens, tiny = TOKENS[27:28], 1e-6
    one = replace(PRECISIONS["float64"], epsilon=0.0, smallest=0.0)

    total = np.zeros((1, POSITIONS, 3))
    for place in range(POSITIONS):
        for d in range(WIDTH):
            places = [model.W_pos.copy(), model.W_pos.copy()]
            places[0][place, d] -= tiny
            places[1][place, d] += tiny
            less, more = (replace(model, W_pos=each).logits(tokens) for each in places)
            total += np.abs(more - less) / (2 * tiny)
    embedded = rounding._embedded(model, tokens, one)
    monkeypatch.setattr(rounding, "_embedded", lambda *_: embedded._replace(error=np.ones_like(embedded.values)))
    np.testing.assert_allclose(_linearized(model, tokens, one), total, rtol=1e-5)


def changed(model, seed):
    """The transformer with one number of one array changed by a thousandth; and which array that is."""
    random = np.random.default_rng(seed)
    at = [(holder, name) for holder in ("model", "attention", "mlp", "ln1", "ln_final") for name in {
        "model": ("W_E", "W_pos", "W_U", "b_U"), "attention": ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_V", "b_O"),
        "mlp": ("W_in", "W_out", "b_in", "b_out"), "ln1": ("w", "b"), "ln_final": ("w", "b"),
    }[holder]]  # fmt: skip
    holder, name = at[seed % len(at)]
    layer = model.layers[0]
    owner = {
        "model": model, "attention": layer.attention, "mlp": layer.mlp, "ln1": layer.ln1, "ln_final": model.ln_final,
    }[holder]  # fmt: skip
    array = np.array(getattr(owner, name))
    array[tuple(random.integers(0, size) for size in array.shape)] += 1e-2
    other = replace(owner, **{name: array})
    if holder == "model":
        return other, name
    if holder == "ln_final":
        return replace(model, ln_final=other), f"ln_final.{name}"
    return replace(model, layers=(replace(layer, **{holder: other}), *model.layers[1:])), f"{holder}.{name}"


@pytest.mark.parametrize("seed", range(19))
def test_a_wrong_weight_is_found(seed):
    """Any weight that is off by a hundredth is more than float32 arithmetic explains."""
    model = drawn(7, 2, 2, True, "layer", "gelu_new", False)
    other, name = changed(model, seed)
    source = Source("a model", PRECISIONS["float32"], TOKENS, "all 64 sequences", other.logits(TOKENS))
    with pytest.raises(
        eh.InputError, match=r"computes something else\. The largest difference is .*arithmetic explains"
    ):
        decided([Reading(model)], source)
    assert decided([Reading(other)], source).origin.largest_difference == 0.0, name


def test_the_bound_is_tight():
    """It is no more than some thousand times what rounding does, of models of two layers with norms, too."""
    for seed in range(10):
        model = drawn(seed, 2, 2, True, "layer", "relu", True)
        apart = np.abs(model.logits(TOKENS) - walked(model, TOKENS, np.float32)).max()
        allowed = allowed_logits(model, TOKENS, PRECISIONS["float32"]).max()
        assert apart < allowed < 5000 * apart


def test_many_sequences_have_the_looser_bound(monkeypatch):
    """Beyond what derivatives may cost, sequences keep the bound by absolute values, which is above."""
    model = drawn(0, 1, 1, True, "layer", "relu", True)
    tight = allowed_logits(model, TOKENS, PRECISIONS["float32"])
    monkeypatch.setattr(rounding, "MOST_WORK", 10_000)
    some = allowed_logits(model, TOKENS, PRECISIONS["float32"])
    assert (some >= tight).all() and (some[:1] == tight[:1]).all() and (some[-1] > tight[-1]).all()
