"""Transformers as JSON documents and safetensors files; see `reading` for the way back."""

import json
from typing import Any

import numpy as np

from ..model.coding import coding_document
from ..model.graph import GRAINS
from .parts import Layer, Norm

KIND = "transformer"
ATTENTION = ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O")
INNER = ("W_in", "W_out", "b_in", "b_out")


def document_of(model: Any) -> dict[str, Any]:
    """The weights, and what is read of them, as plain values."""
    found: dict[str, Any] = {"kind": KIND}
    found |= {name: getattr(model, name).tolist() for name in ("W_E", "W_pos", "W_U", "b_U")}
    found |= {"causal": model.causal, "activation": model.activation, "ln_final": _norm_document(model.ln_final)}
    found |= {} if model.scale is None else {"scale": model.scale}
    found["layers"] = [_layer_document(layer) for layer in model.layers]
    return found | read_document(model) | _coding(model)


def read_document(model: Any) -> dict[str, Any]:
    """How the answers are read, and what circuits are sets of, where that is not as usual."""
    answer = model.answer
    found: dict[str, Any] = {}
    found |= {} if answer.positions == (-1,) else {"answer_positions": list(answer.positions)}
    found |= {} if answer.classes is None else {"classes": list(answer.classes)}
    found |= {} if model.grain == GRAINS[0] else {"grain": model.grain}
    found |= {} if model.scope is None else {"scope": model.scope.document()}
    return found | {name: True for name in ("split_input", "difference") if getattr(model, name)}


def _coding(model: Any) -> dict[str, Any]:
    """How numbers stand for bits; with the threshold, whatever it is: a transformer of which none is said has none."""
    return {"threshold": model.threshold} | coding_document(model)


def _layer_document(layer: Layer) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(layer.attention, name).tolist() for name in ATTENTION}
    mlp = layer.mlp
    found |= {name: None if mlp is None else getattr(mlp, name).tolist() for name in INNER}
    return found | {"ln1": _norm_document(layer.ln1), "ln2": _norm_document(layer.ln2)}


def _norm_document(norm: Norm | None) -> dict[str, Any] | None:
    if norm is None:
        return None
    shift = {} if norm.b is None else {"b": norm.b.tolist()}
    return {"w": norm.w.tolist(), **shift, "eps": norm.eps, **({"rms": True} if norm.rms else {})}


def transformer_bytes(model: Any) -> bytes:
    """The content of a safetensors file: tensors by TransformerLens's names, all else as metadata."""
    from safetensors.numpy import save

    rest = {"causal": model.causal, "activation": model.activation, "scale": model.scale}
    rest |= read_document(model)
    norms = {"ln_final": model.ln_final}
    arrays = {
        "embed.W_E": model.W_E,
        "pos_embed.W_pos": model.W_pos,
        "unembed.W_U": model.W_U,
        "unembed.b_U": model.b_U,
    }
    for k, layer in enumerate(model.layers):
        at = f"blocks.{k}"
        arrays |= {f"{at}.attn.{name}": getattr(layer.attention, name) for name in ATTENTION}
        if layer.mlp is not None:
            arrays |= {f"{at}.mlp.{name}": getattr(layer.mlp, name) for name in INNER}
        norms |= {f"{at}.ln1": layer.ln1, f"{at}.ln2": layer.ln2}
    for item, norm in norms.items():
        if norm is not None:
            arrays[f"{item}.w"] = norm.w
            arrays |= {} if norm.b is None else {f"{item}.b": norm.b}
            rest.setdefault("norms", {})[item] = {"eps": norm.eps, "rms": norm.rms}
    rest |= _coding(model) | ({} if model.origin is None else {"origin": model.origin.document()})
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return save(whole, metadata={"kind": KIND, KIND: json.dumps(rest)})
