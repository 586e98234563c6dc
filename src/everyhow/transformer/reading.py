"""Transformers from JSON documents and safetensors files. Nothing in a file is ever executed."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..common.arguments import quoted
from ..common.errors import InputError
from ..common.reading import json_of
from ..model.answer import Answer
from ..model.coding import checked_input_values, checked_threshold
from ..model.origin import origin_from_document
from ..model.scope import Scope
from .documents import ATTENTION, INNER, KIND
from .parts import MLP, Attention, Layer, Norm
from .stream import StreamAt, stream_at
from .transformer import Transformer

NORM = ("w", "b", "eps", "rms")
LAYER = (*ATTENTION, *INNER, "ln1", "ln2")
# How the answers are read, and what circuits are sets of: stored where they are not as usual.
READ = ("answer_positions", "classes", "grain", "scope", "split_input", "difference")
CODED = ("threshold", "inputs", "remarks", "softmax")
MODEL = ("W_E", "W_pos", "W_U", "b_U", "ln_final", "layers", "causal", "activation", "scale")
# What a file may say beside the weights, which is not the model's.
BESIDE = ("kind", "name", "about", "origin")
NEEDED = ("W_E", "W_pos", "W_U", "layers", "causal", "activation")


def is_transformer(document: object) -> bool:
    """Whether a document is meant as a transformer: it says so, or has an embedding of tokens."""
    return isinstance(document, dict) and (document.get("kind") == KIND or "W_E" in document)


def transformer_from_document(document: Any) -> Transformer:
    """The transformer in a JSON document.

    Raises:
        InputError: a key that is missing, unknown, or holds something else.
    """
    _check_keys("a transformer", document, NEEDED, (*MODEL, *READ, *CODED, *BESIDE))
    if document.get("kind", KIND) != KIND:
        raise InputError(f"kind is {quoted(document['kind'])}; of a transformer it is {KIND!r}")
    layers = document["layers"]
    if not isinstance(layers, list):
        raise InputError(f"layers is {quoted(layers)}; it is a list with an object for each layer")
    made = {name: document[name] for name in MODEL if name in document}
    made |= {
        "layers": tuple(_layer_from(layer, k) for k, layer in enumerate(layers)),
        "ln_final": _norm_from(document.get("ln_final"), "ln_final"),
    }
    return Transformer(**made, **read_from(document), **_origin_from(document))


def read_from(document: Mapping[str, Any]) -> dict[str, Any]:
    """How the answers are read, how numbers stand for bits, and what circuits are sets of."""
    found: dict[str, Any] = {}
    if "answer_positions" in document or "classes" in document:
        found["answer"] = Answer(document.get("answer_positions", (-1,)), document.get("classes"))
    said = ("grain", "split_input", "difference", "softmax")
    found |= {name: document[name] for name in said if name in document}
    for name in ("split_input", "difference", "softmax"):
        if name in found and not isinstance(found[name], bool):
            raise InputError(f"{name} of a transformer is true or false, not {quoted(found[name])}")
    if "scope" in document:
        found["scope"] = Scope.from_document(document["scope"])
    if "threshold" in document:
        found["threshold"] = checked_threshold(document["threshold"])
    if "inputs" in document:
        found["input_values"] = checked_input_values(document["inputs"])
    remarks = document.get("remarks", [])
    if not isinstance(remarks, list) or not all(isinstance(remark, str) for remark in remarks):
        raise InputError(f"the remarks of a transformer are a list of sentences, not {quoted(remarks)}")
    return found | ({"remarks": tuple(remarks)} if remarks else {})


def _origin_from(document: Mapping[str, Any]) -> dict[str, Any]:
    origin = document.get("origin")
    return {} if origin is None else {"origin": origin_from_document(origin)}


def _layer_from(layer: Any, k: int) -> Layer:
    at = f"layers[{k}]"
    _check_keys(at, layer, ("W_Q", "W_K", "W_V", "W_O"), LAYER)
    inner = {name: layer[name] for name in INNER if layer.get(name) is not None}
    if inner and not {"W_in", "W_out"} <= set(inner):
        missing = ", ".join(name for name in ("W_in", "W_out") if name not in inner)
        raise InputError(f"{at} has {', '.join(inner)} of an MLP, but no {missing}; give both, or none of an MLP")
    attention = Attention(**{name: layer[name] for name in ATTENTION if name in layer})
    norms = {name: _norm_from(layer.get(name), f"{name} of {at}") for name in ("ln1", "ln2")}
    return Layer(attention, MLP(**inner) if inner else None, **norms)


def _norm_from(norm: Any, item: str) -> Norm | None:
    if norm is None:
        return None
    _check_keys(item, norm, ("w", "eps"), NORM)
    rms = norm.get("rms", False)
    if not isinstance(rms, bool):
        raise InputError(f"rms of {item} is true or false, not {quoted(rms)}")
    if not rms and norm.get("b") is None:
        raise InputError(
            f'{item} has no b; a layer norm has one (zeros where it shifts nothing), and an RMS norm says "rms": true'
        )
    return Norm(norm["w"], norm.get("b"), norm["eps"], rms)


def _check_keys(item: str, document: Any, needed: tuple[str, ...], known: tuple[str, ...]) -> None:
    if not isinstance(document, dict):
        raise InputError(f"{item} is {quoted(document)}; it is a JSON object with the keys {', '.join(needed)}")
    missing = [name for name in needed if document.get(name) is None]
    unknown = [name for name in document if name not in known]
    if missing:
        raise InputError(f"{item} lacks {', '.join(missing)}; it needs {', '.join(needed)}")
    if unknown:
        shown = ", ".join(quoted(name) for name in unknown[:8])
        raise InputError(f"{item} has {shown}, which nothing is known of; its keys are {', '.join(known)}")


def transformer_from_tensors(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> Transformer:
    """The transformer in a safetensors file that everyhow wrote.

    Raises:
        InputError: a tensor or a part of the metadata is missing or unknown.
    """
    said = json_of(metadata.get(KIND, "null"), "a transformer's metadata")
    _check_keys(
        "the metadata of a transformer", said, ("causal", "activation"),
        ("causal", "activation", "scale", "norms", "origin", *READ, *CODED),
    )  # fmt: skip
    left = dict(arrays)
    norms = said.pop("norms", {})

    def norm(item: str) -> dict[str, Any] | None:
        if item not in norms:
            return None
        own = {name: left.pop(f"{item}.{name}") for name in ("w", "b") if f"{item}.{name}" in left}
        return {**own, **norms[item]}

    document: dict[str, Any] = {
        name: left.pop(f"{holder}.{name}", None)
        for holder, name in (("embed", "W_E"), ("pos_embed", "W_pos"), ("unembed", "W_U"), ("unembed", "b_U"))
    }
    layers = []
    while f"blocks.{len(layers)}.attn.W_Q" in left:
        at = f"blocks.{len(layers)}"
        layer: dict[str, Any] = {name: left.pop(f"{at}.attn.{name}", None) for name in ATTENTION}
        layer |= {name: left.pop(f"{at}.mlp.{name}", None) for name in INNER}
        layers.append(layer | {name: norm(f"{at}.{name}") for name in ("ln1", "ln2")})
    document |= {"layers": layers, "ln_final": norm("ln_final")} | said
    if left:
        raise InputError(
            f"the file has tensors that a transformer has no place for: {', '.join(map(quoted, sorted(left)[:8]))}"
        )
    return transformer_from_document(document)


def is_stream(document: object) -> bool:
    """Whether a JSON document says that it holds the residual stream of a transformer."""
    return isinstance(document, dict) and document.get("kind") == StreamAt.kind


def stream_from_document(document: Any) -> StreamAt:
    """The residual stream that a JSON document holds, as `StreamAt.document` gives it.

    Raises:
        InputError: the document holds no transformer, or a position that it does not have.
    """
    return stream_at(transformer_from_document(document.get("transformer")), document.get("position"))
