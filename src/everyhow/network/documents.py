"""Networks as JSON documents and safetensors files, and back. Nothing in a file is ever executed."""

import difflib
import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..common.arguments import quoted
from ..common.errors import FileFormatError, InputError
from ..common.reading import json_of
from ..model.origin import Origin, origin_from_document
from .network import Network

KEYS = ("weights", "biases", "activations")
# Without them numbers stand for bits as usual; a key that is like one of these is not read past.
CODING = ("threshold", "inputs", "softmax")
# How alike, and how long and how many the keys are that are compared: what a person types.
ALIKE, LONGEST, MOST_KEYS = 0.85, 20, 1000


def check_network_path(path: str | Path) -> Path:
    """The path, if its name is that of a network file.

    Raises:
        FileFormatError: it ends otherwise.
    """
    if not isinstance(path, str | PathLike):
        raise InputError(f"a network file is named by {quoted(path)}; give a path that ends in .json or .safetensors")
    suffix = Path(path).suffix
    if suffix not in (".json", ".safetensors"):
        raise FileFormatError(f"{path}: a network file ends in .json or .safetensors, not {suffix or 'nothing'!r}")
    return Path(path)


def network_from_document(document: object) -> Network:
    """The network in a JSON document: either the three keys of a network, or an object that holds them under
    "network", as audit.json does; with its origin, if the document has one beside them or in its provenance.

    Raises:
        InputError: a key is missing or its content is not a list.
    """
    return Network(*_fields(document), origin=_origin_in(document), **_coding_in(_holder(document)))


def _holder(document: object) -> object:
    """What holds the keys of a network: the document, or what it has under "network"."""
    inside = isinstance(document, dict) and isinstance(document.get("network"), dict)
    return document["network"] if inside else document  # type: ignore[index]


def _coding_in(document: Any) -> dict[str, Any]:
    """How the numbers of a stored network stand for bits, and its remarks."""
    _check_meant([key for key in document if key not in (*KEYS, *CODING, "remarks", "names", "origin")][:MOST_KEYS])
    found = {"threshold": document["threshold"]} if "threshold" in document else {}
    if "inputs" in document:
        found["input_values"] = document["inputs"]
    remarks = document.get("remarks", [])
    if not isinstance(remarks, list) or not all(isinstance(remark, str) for remark in remarks):
        raise InputError(f"the remarks of a network are a list of sentences, not {remarks!r:.80}; leave them out")
    softmax = document.get("softmax", False)
    if not isinstance(softmax, bool):
        raise InputError(f"softmax of a network is true or false, not {quoted(softmax)}")
    names = document.get("names", [])
    if not isinstance(names, list) or not all(isinstance(layer, list) for layer in names):
        raise InputError(f"the names of a network are a list for each layer, not {quoted(names)}; leave them out")
    return found | {"remarks": tuple(remarks), "softmax": softmax, "names": tuple(map(tuple, names))}


def _check_meant(others: Sequence[Any]) -> None:
    """Raises InputError when one of these keys, which are read past, is meant as one that is read."""
    for key in others:
        typed = key.lower() if isinstance(key, str) and len(key) <= LONGEST else ""
        close = ["inputs"] if typed == "input_values" else difflib.get_close_matches(typed, CODING, 1, ALIKE)
        if close:
            raise InputError(
                f"a network has {quoted(key)}, which is not read; did you mean {close[0]}? Rename it, or leave it out"
            )


def _fields(document: object) -> tuple[Any, ...]:
    document = _holder(document)
    if not isinstance(document, dict):
        raise InputError('a network is a JSON object with the keys "weights", "biases" and "activations"')
    missing = [key for key in KEYS if not isinstance(document.get(key), list)]
    if missing and isinstance(document.get("kind"), str):
        raise InputError(f"only networks are read back, and this is a model of the kind {document['kind'][:60]}")
    if missing:
        raise InputError(f"a network needs the lists {', '.join(KEYS)}; missing or not a list: {', '.join(missing)}")
    if not all(isinstance(name, str) for name in document["activations"]):
        raise InputError("every entry of activations must be a name in quotes")
    if not _only_numbers(document["weights"]) or not _only_numbers(document["biases"]):
        raise InputError("weights and biases must be nested lists of numbers")
    return tuple(document[key] for key in KEYS)


def _origin_in(document: object) -> Origin | None:
    if not isinstance(document, dict):
        return None
    provenance = document.get("provenance")
    holders = (document, document.get("network"), provenance)
    found = (holder["origin"] for holder in holders if isinstance(holder, dict) and holder.get("origin") is not None)
    return next(map(origin_from_document, found), None)


def _only_numbers(values: list[Any], depth: int = 3) -> bool:
    """Whether there are only numbers in lists of lists, at most so deep."""
    kinds = set(map(type, values))
    return kinds <= {int, float} or (kinds == {list} and depth > 1 and all(_only_numbers(v, depth - 1) for v in values))


def network_from_tensors(arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> Network:
    """The network in the tensors and the metadata of a safetensors file that everyhow wrote.

    Raises:
        InputError: other tensors or metadata.
    """
    other = "; the activations of a state dict of other names are given as hidden_activation (--hidden-activation)"
    names = metadata.get("activations", "").split(",")
    weights, biases = [], []
    while f"layers.{len(weights)}.weight" in arrays:
        layer = f"layers.{len(weights)}"
        if f"{layer}.bias" not in arrays:
            raise InputError(f"{layer}.weight has no {layer}.bias beside it{other}")
        weights.append(arrays[f"{layer}.weight"])
        biases.append(arrays[f"{layer}.bias"])
    if not weights or len(arrays) != 2 * len(weights):
        found = ", ".join(sorted(arrays)[:8]) or "nothing"
        raise InputError(
            f"expected the tensors layers.0.weight, layers.0.bias, layers.1.weight, ...; found {found}{other}"
        )
    if "activations" not in metadata:
        raise InputError(
            'the metadata has no "activations"; expected one name per layer joined by commas, '
            f'such as "leaky_relu,leaky_relu,identity"{other}'
        )
    try:
        origin = json_of(metadata.get("origin", "null"), "the origin of a network")
    except InputError as error:
        raise InputError(f"the origin in its metadata: {error}; leave it out") from None
    return Network(
        tuple(weights), tuple(biases), tuple(names), None if origin is None else origin_from_document(origin),
        **_coding_in(_from_metadata(metadata)),
    )  # fmt: skip


def _from_metadata(metadata: dict[str, str]) -> dict[str, Any]:
    """How the numbers of a network in a safetensors file stand for bits."""
    try:
        return {
            key: json_of(metadata[key], f"{key} of a network")
            for key in ("threshold", "inputs", "remarks", "softmax", "names")
            if key in metadata
        }
    except InputError as error:
        raise InputError(
            f"its metadata holds no JSON where everyhow writes it ({error}); write the file again"
        ) from None


def network_bytes(network: Network) -> bytes:
    """The network as the content of a safetensors file."""
    from safetensors.numpy import save

    arrays = {}
    for k, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays[f"layers.{k}.weight"] = np.ascontiguousarray(w)
        arrays[f"layers.{k}.bias"] = np.ascontiguousarray(b)
    origin = {} if network.origin is None else {"origin": json.dumps(network.origin.document())}
    coding = {key: json.dumps(value) for key, value in network.told_beside().items()}
    return save(arrays, metadata={"activations": ",".join(network.activations)} | origin | coding)
