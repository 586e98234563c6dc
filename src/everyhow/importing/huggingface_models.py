"""Models of Hugging Face transformers that map onto the parts of a transformer here, by their families.

A model says its family in its configuration. The library itself is not loaded: whoever made the model has done so.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..transformer.parts import ACTIVATIONS, MLP, Attention, Layer, Norm
from ..transformer.transformer import Transformer
from .torch_tensors import as_array
from .transformer_arrays import attention_of
from .transformer_checking import Reading

# What Hugging Face calls what is called otherwise here.
CALLED = {
    "gelu_pytorch_tanh": "gelu_new", "gelu_fast": "gelu_new", "gelu_python": "gelu", "swish": "silu",
}  # fmt: skip
ROTARY = "rotary positions"
RELATIVE = "relative positions"
LAST = "norms after the sum (post-norm)"
# Families that do not map onto these parts, each with the reason.
REFUSED = {
    family: reason
    for reason, families in {
        ROTARY: "gptj gpt_neox gpt_neox_japanese codegen llama mistral qwen2 qwen3 gemma gemma2 gemma3 gemma3_text phi "
        "phi3 stablelm olmo olmo2 cohere persimmon starcoder2 granite smollm3 modernbert",
        RELATIVE: "bloom mpt t5 mt5 umt5 xlnet deberta deberta-v2",
        f"{RELATIVE} or {ROTARY}": "falcon",
        LAST: "bert roberta distilbert electra albert xlm-roberta openai-gpt camembert",
        "a mixture of experts": "mixtral qwen2_moe qwen3_moe olmoe switch_transformers gpt_oss",
        "cross attention": "bart mbart marian pegasus m2m_100 blenderbot whisper",
        "parts other than attention": "mamba mamba2 rwkv",
    }.items()
    for family in families.split()
}


def is_huggingface(module: Any) -> bool:
    """Whether a module is a model of Hugging Face transformers, found by the names of its classes."""
    names = {one.__name__ for one in type(module).__mro__ if one.__module__.partition(".")[0] == "transformers"}
    return "PreTrainedModel" in names


def huggingface_reading(module: Any) -> Reading:
    """What a model of Hugging Face transformers says that it is.

    Raises:
        InputError: a family, or an option of its configuration, that is not supported; or a model without unembedding.
    """
    name, family = type(module).__name__, getattr(module.config, "model_type", "")
    if family not in FAMILIES:
        reason = f" has {REFUSED[family]}, which is not supported" if family in REFUSED else " is not known here"
        raise InputError(
            f"{name}, of the family {family!r},{reason}; those that are imported are {', '.join(FAMILIES)}. Give its "
            "arrays to everyhow.Transformer if it computes what a transformer does here; some of its heads may be "
            "examined where it runs, by everyhow.patch"
        )
    if not name.endswith(("LMHeadModel", "ForCausalLM")):
        raise InputError(f"{name} has no unembedding, so it gives no logits; give {HEADS[family]}, which has one")
    return FAMILIES[family](module, name)


def _gpt2(module: Any, name: str) -> Reading:
    config, body = module.config, module.transformer
    _refuse(name, config, scale_attn_by_inverse_layer_idx="scores divided by the number of the layer")
    _refuse(name, config, add_cross_attention="cross attention")
    heads, scale = config.n_head, None if config.scale_attn_weights else 1.0
    layers = []
    for block in body.h:
        weight, bias = as_array(block.attn.c_attn.weight).T, as_array(block.attn.c_attn.bias)
        queries, keys, values = zip(np.split(weight, 3), np.split(bias, 3), strict=True)
        out = (as_array(block.attn.c_proj.weight).T, as_array(block.attn.c_proj.bias))
        inner, outer = block.mlp.c_fc, block.mlp.c_proj
        mlp = MLP(*map(as_array, (inner.weight, outer.weight, inner.bias, outer.bias)))
        attention = attention_of(queries, keys, values, out, heads)
        layers.append(Layer(attention, mlp, _norm(block.ln_1), _norm(block.ln_2)))
    return _made(
        module, name, body.wte, as_array(body.wpe.weight), layers, body.ln_f, config.activation_function, scale
    )


def _gpt_neo(module: Any, name: str) -> Reading:
    config, body = module.config, module.transformer
    local = [k for k, kind in enumerate(config.attention_layers) if kind != "global"]
    if local:
        raise InputError(
            f"{name} has local attention in layer {local[0]}, which is not supported; build it with "
            "attention_types=[[['global'], num_layers]]"
        )
    layers = []
    for block in body.h:
        part = block.attn.attention
        mlp = _mlp(block.mlp.c_fc, block.mlp.c_proj)
        layers.append(Layer(_projected(part, config.num_heads), mlp, _norm(block.ln_1), _norm(block.ln_2)))
    # It does not divide scores.
    return _made(module, name, body.wte, as_array(body.wpe.weight), layers, body.ln_f, config.activation_function, 1.0)


def _opt(module: Any, name: str) -> Reading:
    config, body = module.config, module.model.decoder
    if not config.do_layer_norm_before:
        raise InputError(
            f"{name} has do_layer_norm_before=False: its norms stand after the sum (post-norm), which edges cannot "
            "stand for; build and train it with do_layer_norm_before=True"
        )
    if body.project_in is not None:
        raise InputError(
            f"{name} has word_embed_proj_dim {config.word_embed_proj_dim}, another width than hidden_size "
            f"{config.hidden_size}, which is not supported; build it with the same"
        )
    layers = []
    for block in body.layers:
        mlp = _mlp(block.fc1, block.fc2)
        norms = _norm(block.self_attn_layer_norm), _norm(block.final_layer_norm)
        layers.append(Layer(_projected(block.self_attn, config.num_attention_heads), mlp, *norms))
    # Its first rows stand for padding.
    places = as_array(body.embed_positions.weight)[body.embed_positions.offset :]
    last, name_of = body.final_layer_norm, config.activation_function
    return _made(module, name, body.embed_tokens, places, layers, last, name_of, None)


FAMILIES: dict[str, Callable[[Any, str], Reading]] = {"gpt2": _gpt2, "gpt_neo": _gpt_neo, "opt": _opt}
HEADS = {"gpt2": "GPT2LMHeadModel", "gpt_neo": "GPTNeoForCausalLM", "opt": "OPTForCausalLM"}


def _projected(part: Any, heads: int) -> Attention:
    queries, keys, values, back = (_map(getattr(part, name)) for name in ("q_proj", "k_proj", "v_proj", "out_proj"))
    return attention_of(queries, keys, values, back, heads)


def _made(
    module: Any, name: str, tokens: Any, places: np.ndarray, layers: list[Layer], last: Any, function: str,
    scale: float | None,
) -> Reading:  # fmt: skip
    weight, bias = _map(module.lm_head)
    chosen = CALLED.get(function, function)
    if chosen not in ACTIVATIONS:
        raise InputError(f"{name} has the activation {function!r}; supported are {', '.join(ACTIVATIONS)}")
    norm = None if last is None else _norm(last)
    model = Transformer(
        as_array(tokens.weight), places, tuple(layers), weight.T, bias, norm, chosen, causal=True, scale=scale
    )
    dropped = sum(type(part).__name__.startswith("Dropout") for part in module.modules())
    return Reading(model, (), (f"{dropped} dropout{'s' * (dropped > 1)} left out",) if dropped else ())


def _map(part: Any) -> tuple[np.ndarray, np.ndarray]:
    weight = as_array(part.weight)
    return weight, np.zeros(len(weight)) if part.bias is None else as_array(part.bias)


def _mlp(inner: Any, outer: Any) -> MLP:
    (weight_in, b_in), (weight_out, b_out) = _map(inner), _map(outer)
    return MLP(weight_in.T, weight_out.T, b_in, b_out)


def _norm(part: Any) -> Norm:
    size = part.normalized_shape[-1]
    w = np.ones(size) if part.weight is None else as_array(part.weight)
    return Norm(w, np.zeros(size) if part.bias is None else as_array(part.bias), float(part.eps))


def _refuse(name: str, config: Any, **options: str) -> None:
    for option, what in options.items():
        if getattr(config, option, False):
            raise InputError(f"{name} has {option}=True: {what} is not supported; build and train it without")
