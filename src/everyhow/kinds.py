"""How a model is stored and read back, whatever its kind, and what only some kinds foretell: the one file outside its
room that a new kind changes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .common.arguments import instance
from .common.budget import Budget, Refusal
from .common.errors import InputError
from .common.files import write_atomically
from .model.criterion import Criterion
from .model.model import Model
from .network.documents import check_network_path, network_bytes, network_from_document, network_from_tensors
from .network.network import Network
from .transformer.diagram import foretold
from .transformer.documents import transformer_bytes
from .transformer.reading import (
    is_stream,
    is_transformer,
    stream_from_document,
    transformer_from_document,
    transformer_from_tensors,
)
from .transformer.transformer import Transformer


def model_from_document(document: object) -> Model:
    """The model that a JSON document holds, or has under "network", as audit.json does, or under "model".

    Raises:
        InputError: the document holds no model, or a model of a kind that is not read back.
    """
    for key in ("network", "model"):
        inside = document.get(key) if isinstance(document, dict) else None
        if is_stream(inside):
            return stream_from_document(inside)
        if is_transformer(inside):
            return transformer_from_document(inside)
    return transformer_from_document(document) if is_transformer(document) else network_from_document(document)


def model_from_tensors(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> Model:
    """The model in a safetensors file that everyhow wrote.

    Raises:
        InputError: the tensors or the metadata are not those of a model.
    """
    if metadata.get("kind") == Transformer.kind:
        return transformer_from_tensors(arrays, metadata)
    return network_from_tensors(dict(arrays), dict(metadata))


def save_model(network: Model, target: str | Path) -> Path:
    """Write a model to a `.json` or `.safetensors` file, whole or not at all; returns the path.

    Args:
        network: a network or a transformer.
        target: the file; one that is there is replaced. `eh.load` reads it.

    Raises:
        FileFormatError: the name ends otherwise.
        InputError: not a model, or one of a kind that is not stored in files.

    Example:
        >>> import tempfile
        >>> import everyhow as eh
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = save_model(eh.xornet(), f"{folder}/xornet.safetensors")
        ...     path.name, eh.load(path) == eh.xornet()
        ('xornet.safetensors', True)
    """
    path = check_network_path(target)
    instance(network, Model, "a Network or a Transformer", "eh.load, eh.from_torch and eh.train give one")
    content = model_bytes(network)
    if path.suffix == ".json":
        origin = {} if network.origin is None else {"origin": network.origin.document()}
        content = json.dumps(network.document() | origin, indent=1).encode()
    return write_atomically(path, content)


def model_bytes(model: Model) -> bytes:
    """The content of a safetensors file that holds the model.

    Raises:
        InputError: models of this kind are not stored in files.
    """
    if isinstance(model, Network):
        return network_bytes(model)
    if isinstance(model, Transformer):
        return transformer_bytes(model)
    raise InputError(f"a model of the kind {model.kind} is not stored in a file; networks and transformers are")


def foretold_refusal(criterion: Criterion[Any], what: str, budget: Budget) -> Refusal | None:
    """Why the circuits that meet a criterion are not counted within a budget, where their number alone does not tell
    and random circuits do; None where nothing of the kind is foretold, as of networks, whose steps follow from their
    widths (`Model.counting_steps`).

    Args:
        criterion: what they meet, in a model of any kind.
        what: is counted, in words.
        budget: in candidate evaluations.
    """
    return foretold(criterion, what, budget) if isinstance(criterion.model, Transformer) else None
