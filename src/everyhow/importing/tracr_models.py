"""Compiled models of tracr. JAX and Haiku are loaded only to run them, and by whoever made the model."""

from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.extras import load, need
from ..model.answer import Answer
from ..transformer.parts import ACTIVATIONS, MLP, Attention, Layer
from ..transformer.transformer import Transformer
from .rounding import PRECISIONS
from .transformer_checking import Reading, Source, decided
from .transformer_tokens import check_tokens, sequences, tokens_of

# What the compiler calls its tokens, when it is not told otherwise.
PADDING = "compiler_pad"
MAPS = ("query", "key", "value", "linear")
# The gelu of JAX is the one by tanh, unless told otherwise.
CALLED = {"gelu": ("gelu_new", "gelu"), "swish": ("silu",)}


def is_tracr(model: Any) -> bool:
    """Whether something is a model that tracr compiled, found by the name of its class."""
    return any(
        one.__name__ == "AssembledTransformerModel" and one.__module__.partition(".")[0] == "tracr"
        for one in type(model).__mro__
    )


def from_tracr(model: Any, data: Any = None) -> Transformer:
    """The transformer that tracr compiled, checked against the model itself.

    It keeps tracr's tokens, which begin with a BOS token at position 0, and answers at all positions but that one. Its
    logits are what tracr's projection onto the output gives: one number where the output is numerical, and one for each
    value where it is categorical.

    Args:
        model: what `compile_rasp_to_model` returned.
        data: sequences of tokens as numbers, one a row; when not given, BOS and then all sequences of the vocabulary,
            or random ones, padding left out.

    Raises:
        InputError: something else, layer norms, dropout, or outputs that differ by more than rounding explains.
        MissingExtraError: JAX or Haiku is not installed.
    """
    if not is_tracr(model):
        raise InputError(
            f"from_tracr takes what tracr's compile_rasp_to_model returns, not {type(model).__name__}; from_torch "
            "takes modules of PyTorch"
        )
    config = model.model_config
    if config.layer_norm:
        raise InputError("the tracr model has layer_norm=True, which compiled models do not have; compile it again")
    if config.dropout_rate:
        raise InputError(
            f"the tracr model has dropout_rate {config.dropout_rate}; set it to 0, as compiled models have"
        )
    W_U = _unembedding(model)
    arrays = {name: np.asarray(part["embeddings"], np.float64) for name, part in _embeddings(model.params).items()}
    vocabulary, positions = len(arrays["token_embed"]), len(arrays["pos_embed"])
    tokens, told = _given(model, data, vocabulary, positions)
    layers = tuple(_layer(model.params, k, config.num_heads) for k in range(config.num_layers))
    answered = Answer(tuple(range(1, tokens.shape[1])) or (0,))
    name = getattr(config.activation_function, "__name__", str(config.activation_function))
    names = CALLED.get(name, (name,))
    if not set(names) <= set(ACTIVATIONS):
        raise InputError(f"the tracr model has the activation {name}; supported are {', '.join(ACTIVATIONS)}")
    readings = [
        Reading(
            Transformer(
                arrays["token_embed"],
                arrays["pos_embed"][: tokens.shape[1]],
                layers,
                W_U,
                activation=each,
                causal=bool(config.causal),
                answer=answered,
            ),
            (each,) if len(names) > 1 else (),
            ("unembedded by tracr's projection onto the output, before its argmax",),
        )
        for each in names
    ]
    source = Source("tracr model", PRECISIONS["float32"], tokens, told, _logits(model, tokens, W_U.shape[1]))
    return decided(readings, source)


def _embeddings(params: Any) -> dict[str, Any]:
    found = {name: params[name] for name in ("token_embed", "pos_embed") if name in params}
    if len(found) < 2:
        raise InputError(f"the tracr model has no token_embed and pos_embed; found {', '.join(sorted(params)[:8])}")
    return found


def _layer(params: Any, k: int, heads: int) -> Layer:
    at = f"transformer/layer_{k}"
    maps = {}
    for name in MAPS:
        part = params[f"{at}/attn/{name}"]
        maps[name] = np.asarray(part["w"], np.float64), np.asarray(part["b"], np.float64)
    found = {}
    for letter, name in zip("QKV", MAPS, strict=False):
        weight, bias = maps[name]
        found[f"W_{letter}"] = weight.reshape(len(weight), heads, -1).transpose(1, 0, 2)
        found[f"b_{letter}"] = bias.reshape(heads, -1)
    weight, bias = maps["linear"]
    inner, outer = (params[f"{at}/mlp/linear_{i}"] for i in (1, 2))
    mlp = MLP(*(np.asarray(part[key], np.float64) for key in "wb" for part in (inner, outer)))
    return Layer(Attention(W_O=weight.reshape(heads, -1, weight.shape[1]), b_O=bias, **found), mlp)


def _given(model: Any, data: Any, vocabulary: int, positions: int) -> tuple[np.ndarray, str]:
    """Sequences of tokens, BOS first, without padding."""
    encoder = model.input_encoder
    mapping = {} if encoder is None else dict(encoder.encoding_map)
    begins = None if encoder is None or encoder.bos_token is None else mapping.get(encoder.bos_token)
    padding = mapping.get(getattr(encoder, "pad_token", None) or PADDING)
    if data is not None:
        tokens = tokens_of(data)
        check_tokens(tokens, vocabulary, positions, "the tracr model")
        if padding is not None and (tokens == padding).any():
            raise InputError(
                f"data has the token {padding}, which is tracr's padding; tracr hides it from attention, which is not "
                "supported: give sequences of one length"
            )
        return tokens, f"{len(tokens):,} given sequences"
    if begins is None:
        raise InputError("the tracr model has no input_encoder with a BOS token; give sequences of tokens (data=)")
    others = np.array([one for one in range(vocabulary) if one not in (begins, padding)])
    drawn, told = sequences(len(others), positions - 1)
    tokens = np.concatenate([np.full((len(drawn), 1), begins), others[drawn]], axis=1)
    return tokens, f"{told} after BOS"


def _unembedding(model: Any) -> np.ndarray:
    """The projection of the residual stream onto the output, (d_model, d_vocab_out): it is not among the weights."""
    d_model = np.shape(_embeddings(model.params)["token_embed"]["embeddings"])[1]
    found = _applied(lambda compiled, x: compiled.unembed(x, use_unembed_argmax=False), model, {}, np.eye(d_model))
    return np.asarray(found, np.float64).reshape(d_model, -1)


def _logits(model: Any, tokens: np.ndarray, outputs: int) -> np.ndarray:
    """What the model gives before its argmax; and that with its argmax it is what the model itself gives."""

    def run(compiled: Any, x: Any) -> Any:
        stream = compiled(x, use_dropout=False).transformer_output.output
        return compiled.unembed(stream, use_unembed_argmax=False)

    found = np.asarray(_applied(run, model, model.params, tokens), np.float64).reshape(*tokens.shape, outputs)
    itself = np.asarray(model.forward(model.params, tokens).unembedded_output, np.float64).reshape(tokens.shape[0], -1)
    expected = found[..., 0] if outputs == 1 else found.argmax(axis=2).astype(float)
    if itself.shape != expected.shape or not (itself == expected).all():
        raise InputError(
            "the tracr model gives something else than its parts do; compile it again, and do not change its params "
            "or its forward alone"
        )
    return found


def _applied(function: Any, model: Any, params: Any, given: np.ndarray) -> Any:
    """A function of the compiled module, run on given arrays."""
    what = "a tracr model is run by"
    need(what, "tracr")
    arrays, haiku = load("jax.numpy", what, "tracr"), load("haiku", what, "tracr")
    run = haiku.without_apply_rng(haiku.transform(lambda x: function(model.get_compiled_model(), x)))
    return run.apply(params, arrays.asarray(given))
