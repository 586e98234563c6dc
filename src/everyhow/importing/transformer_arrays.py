"""Transformers of named arrays: TransformerLens's names with a configuration, or the keys of a model file."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..common.arguments import is_number, quoted
from ..common.errors import InputError
from ..given.arrays import detached
from ..transformer.documents import ATTENTION, INNER
from ..transformer.parts import ACTIVATIONS, MLP, Attention, Layer, Norm
from ..transformer.reading import is_transformer, transformer_from_document
from ..transformer.transformer import Transformer
from .rounding import PRECISIONS, Precision, coarsest
from .transformer_checking import Reading, Source, decided, unchecked

# What TransformerLens calls what is called otherwise here.
CALLED = {"gelu_fast": "gelu_new", "gelu_pytorch_tanh": "gelu_new", "swish": "silu"}
NORMS = (None, "LN", "LNPre", "RMS", "RMSPre")
DIRECTIONS = {"causal": True, "bidirectional": False}
# What a configuration may ask for that no transformer here has, each with the values that do not ask for it.
UNSUPPORTED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "parallel_attn_mlp": ("parallel attention", (False, None)),
    "num_experts": ("a mixture of experts", (None, 0)),
    "gated_mlp": ("an MLP with a gate", (False, None)),
    "use_local_attn": ("local attention", (False, None)),
    "scale_attn_by_inverse_layer_idx": ("scores divided by the number of the layer", (False, None)),
    "post_embedding_ln": ("a norm after the embedding", (False, None)),
    "use_normalization_before_and_after": ("norms after attention and MLP", (False, None)),
    "use_qk_norm": ("norms of queries and keys", (False, None)),
    "clip_qkv": ("queries, keys and values that are cut off", (None,)),
    "use_logn_attn": ("scores that grow with the position", (False, None)),
    "use_attention_sinks": ("attention sinks", (False, None)),
}
CAPS = ("attn_scores_soft_cap", "output_logits_soft_cap")
# Tensors of TransformerLens's that are not weights.
CONSTANTS = ("mask", "IGNORE", "rotary_sin", "rotary_cos")
NEEDED = ("act_fn", "normalization_type", "attention_dir")
EXAMPLE = '{"act_fn": "relu", "normalization_type": None, "attention_dir": "causal"}'


def has_lens_names(tensors: Any) -> bool:
    """Whether arrays have TransformerLens's names."""
    return isinstance(tensors, Mapping) and "embed.W_E" in tensors


def are_of_transformer(tensors: Any) -> bool:
    """Whether named arrays are those of a transformer."""
    return has_lens_names(tensors) or (isinstance(tensors, Mapping) and is_transformer(dict(tensors)))


def transformer_of_arrays(tensors: Mapping[str, Any], config: Any, data: Any, source: str) -> Transformer:
    """The transformer of named arrays; compared with logits where these are given.

    Args:
        tensors: by TransformerLens's names, or by the keys of a model file (`W_E`, `layers`, ...).
        config: TransformerLens's configuration, a mapping or an object; of a model file's keys there is none.
        data: a pair of tokens and the model's logits at every position, or None.
        source: what the arrays are called in the origin.

    Raises:
        InputError: arrays or a configuration that do not fit one another, or are not supported; other logits.
    """
    if has_lens_names(tensors):
        reading = reading_of(tensors, config, source)
    else:
        if config is not None:
            raise InputError(
                "config is given, but the arrays have the keys of a model file, which say everything: leave config out"
            )
        reading = Reading(transformer_from_document(dict(tensors)))
    precision = _precision(tensors)
    if data is None:
        return unchecked(reading, source, precision)
    tokens, logits = _pair(data)
    model = reading.model.answering(reading.model.answer, tokens.shape[1])
    told = f"{len(tokens):,} given sequences, with the logits given"
    found = Reading(model, reading.choices, reading.folded)
    model.tokens_of(tokens)
    return decided([found], Source(source, precision, tokens, told, logits.reshape(*tokens.shape, -1)))


def attention_of(queries: Any, keys: Any, values: Any, back: Any, heads: int) -> Attention:
    """The heads of maps (weights, bias), the weights (outgoing, incoming), the heads one after the other.

    Example:
        >>> one = (np.eye(4), np.zeros(4))
        >>> attention_of(one, one, one, one, 2).W_Q.shape
        (2, 4, 2)
    """
    found = {}
    for name, (weight, bias) in zip("QKV", (queries, keys, values), strict=True):
        found[f"W_{name}"] = weight.reshape(heads, -1, weight.shape[1]).transpose(0, 2, 1)
        found[f"b_{name}"] = bias.reshape(heads, -1)
    weight, bias = back
    return Attention(W_O=weight.T.reshape(heads, -1, weight.shape[0]), b_O=bias, **found)


def _pair(data: Any) -> tuple[np.ndarray, np.ndarray]:
    rule = "data of named arrays is a pair: tokens (inputs, positions), and the model's logits at every position"
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise InputError(f"{rule}; found {quoted(data)}")
    try:
        tokens, logits = (np.asarray(detached(one)) for one in data)
        whole = tokens.astype(np.int64)
        fits = tokens.ndim == 2 and logits.ndim == 3 and tokens.shape == logits.shape[:2] and (whole == tokens).all()
        logits = logits.astype(np.float64)
    except Exception:
        fits, whole, logits = False, np.zeros((1, 1), np.int64), np.zeros((1, 1, 1))
    if not fits:
        raise InputError(f"{rule}, (inputs, positions, d_vocab_out)")
    return whole, logits


def _precision(tensors: Mapping[str, Any]) -> Precision:
    weights = [one for name, one in tensors.items() if str(name).rpartition(".")[2] not in CONSTANTS]
    names = {str(getattr(one, "dtype", "")).removeprefix("torch.") for one in weights}
    return coarsest(names & set(PRECISIONS) or {"float64"})


class Config:
    """A configuration of TransformerLens's, a mapping or an object with attributes."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def get(self, name: str, default: Any = None) -> Any:
        """A value, or the default where there is none."""
        if isinstance(self.given, Mapping):
            return self.given.get(name, default)
        return getattr(self.given, name, default)

    def has(self, name: str) -> bool:
        """Whether something is said of it."""
        return name in self.given if isinstance(self.given, Mapping) else hasattr(self.given, name)


def reading_of(tensors: Mapping[str, Any], config: Any, source: str, *, rms: bool = False) -> Reading:
    """The transformer of arrays by TransformerLens's names.

    Args:
        tensors: arrays or tensors; those that are not weights are left out.
        config: the configuration.
        source: what they are called in errors.
        rms: whether the norms are RMS norms whatever the configuration says.

    Raises:
        InputError: something is missing, unknown or not supported.
    """
    if config is None:
        raise InputError(
            f"{source}: its tensors have TransformerLens's names (embed.W_E), which say neither the activation, the "
            f"norms nor the mask: give config=, such as model.cfg or {EXAMPLE}"
        )
    said = Config(config)
    _check_supported(said, source)
    left = {str(name): one for name, one in tensors.items() if str(name).rpartition(".")[2] not in CONSTANTS}
    constants = sorted({str(name).rpartition(".")[2] for name in tensors} & set(CONSTANTS))

    def taken(name: str, needed: bool = True) -> Any:
        if left.get(name) is None and needed:
            raise InputError(f"{source} has no tensor {name}; give all tensors of the model")
        one = left.pop(name, None)
        return None if one is None else np.asarray(detached(one), np.float64)

    kind = said.get("normalization_type")
    first = {"W_E": taken("embed.W_E"), "W_pos": taken("pos_embed.W_pos")}
    first |= {"W_U": taken("unembed.W_U"), "b_U": taken("unembed.b_U", needed=False)}
    d_model = first["W_E"].shape[-1]

    def norm(name: str, is_rms: bool) -> Norm | None:
        if kind is None and not (is_rms and f"{name}.w" in left):
            return None
        weight, shift = taken(f"{name}.w", kind in ("LN", "RMS")), taken(f"{name}.b", needed=False)
        weight = np.ones(d_model) if weight is None else weight
        if not is_rms and shift is None:
            shift = np.zeros(d_model)
        return Norm(weight, None if is_rms else shift, _eps(said), is_rms)

    is_rms = rms or (kind or "").startswith("RMS")
    layers: list[Layer] = []
    while f"blocks.{len(layers)}.attn.W_Q" in left:
        at = f"blocks.{len(layers)}"
        parts = {name: taken(f"{at}.attn.{name}", name.startswith("W")) for name in ATTENTION}
        inner = {name: taken(f"{at}.mlp.{name}", needed=False) for name in INNER}
        mlp = None
        if inner["W_in"] is not None and inner["W_out"] is not None:
            mlp = MLP(**inner)  # type: ignore[arg-type]
        ln2 = norm(f"{at}.ln2", is_rms) if mlp is not None else None
        layers.append(Layer(Attention(**parts), mlp, norm(f"{at}.ln1", is_rms), ln2))
    ln_final = norm("ln_final", is_rms or bool(said.get("final_rms")))
    if left:
        named = ", ".join(sorted(left)[:6])
        raise InputError(
            f"{source} has tensors that a transformer has no place for: {named}; rotary and relative positions, gates, "
            "grouped keys and values and experts are not supported"
        )
    name = _activation(said, source) if any(layer.mlp is not None for layer in layers) else "relu"
    model = Transformer(
        **first, layers=tuple(layers), ln_final=ln_final, activation=name, scale=_scale(said, layers),
        causal=_causal(said, source),
    )  # fmt: skip
    folded = tuple(f"{one} of attention left out" for one in constants)
    return Reading(model, (), folded)


def _check_supported(said: Config, source: str) -> None:
    missing = [name for name in NEEDED if not said.has(name)]
    if missing == ["act_fn"] and said.get("attn_only"):
        missing = []
    if missing:
        raise InputError(
            f"config of {source} lacks {', '.join(missing)}; it says at least {', '.join(NEEDED)}, as that of "
            f"TransformerLens does: {EXAMPLE}"
        )
    positions = said.get("positional_embedding_type", "standard") or "standard"
    if positions != "standard":
        raise InputError(
            f"{source} has positional_embedding_type {quoted(positions)}: rotary and relative positions are not "
            "supported; a table of positions that is added to the tokens (standard) is"
        )
    shared = said.get("n_key_value_heads")
    if shared is not None and shared != said.get("n_heads", shared):
        raise InputError(
            f"{source} has n_key_value_heads {shared}: grouped keys and values are not supported; give each head its "
            "own (repeat the weights)"
        )
    for name, (what, harmless) in UNSUPPORTED.items():
        value = said.get(name)
        if not any(value is one or (value == one and type(value) is type(one)) for one in harmless):
            raise InputError(
                f"{source} has {name} {quoted(value)}: {what} is not supported; build and train it without"
            )
    for name in CAPS:
        value = said.get(name)
        if value is not None and value > 0:
            raise InputError(f"{source} has {name} {quoted(value)}, which is not supported; build and train it without")
    if said.get("normalization_type") not in NORMS:
        raise InputError(
            f"{source} has normalization_type {quoted(said.get('normalization_type'))}; supported are None, LN, LNPre, "
            "RMS and RMSPre"
        )


def _eps(said: Config) -> float:
    value = said.get("eps", 1e-5)
    if not is_number(value, 0):
        raise InputError(f"eps of config is {quoted(value)}; it is a number of at least 0")
    return float(value)


def _activation(said: Config, source: str) -> str:
    name = said.get("act_fn")
    name = CALLED.get(str(name), name)
    if name not in ACTIVATIONS:
        raise InputError(f"{source} has act_fn {quoted(name)}; supported are {', '.join(ACTIVATIONS)}")
    return str(name)


def _causal(said: Config, source: str) -> bool:
    direction = said.get("attention_dir")
    if direction not in DIRECTIONS:
        raise InputError(f"{source} has attention_dir {quoted(direction)}; it is causal or bidirectional")
    return DIRECTIONS[direction]


def _scale(said: Config, layers: list[Layer]) -> float | None:
    """By which scores are divided; None for the square root of d_head."""
    if said.get("use_attn_scale", True) is False:
        return 1.0
    value = said.get("attn_scale", -1.0)
    if value is None or not is_number(value) or value <= 0:
        return None
    d_head = layers[0].attention.W_Q.shape[-1] if layers else 1
    return None if math.isclose(value, math.sqrt(d_head), rel_tol=1e-12) else float(value)
