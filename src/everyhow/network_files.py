"""Networks in and out of files: JSON and safetensors. Nothing in a file is ever executed."""

import json
from pathlib import Path

import numpy as np

from .errors import FileFormatError, InputError
from .files import write_atomically
from .network import Network

KEYS = ("weights", "biases", "activations")


def load(source: str | Path) -> Network:
    """The network stored in a `.json` or `.safetensors` file.

    Raises:
        FileFormatError: the file is missing, cannot be read, or is not what it says; the message names the file.
    """
    path = check_network_path(source)
    readers = {".json": _read_json, ".safetensors": _read_safetensors}
    if not path.is_file():
        raise FileFormatError(f"{path}: no such file; give the path of a network file (.json or .safetensors)")
    try:
        return Network(*readers[path.suffix](path))
    except FileFormatError:
        raise
    except InputError as error:
        raise FileFormatError(f"{path}: {error}") from None


def save_network(network: Network, target: str | Path) -> Path:
    """Write `network` to a `.json` or `.safetensors` file, whole or not at all; returns the path."""
    path = check_network_path(target)
    if path.suffix == ".json":
        content = json.dumps(network_document(network), indent=1).encode()
    else:
        content = network_bytes(network)
    return write_atomically(path, content)


def check_network_path(path: str | Path) -> Path:
    """The path, if its name is that of a network file.

    Raises:
        FileFormatError: it ends otherwise.
    """
    suffix = Path(path).suffix
    if suffix not in (".json", ".safetensors"):
        raise FileFormatError(f"{path}: a network file ends in .json or .safetensors, not {suffix or 'nothing'!r}")
    return Path(path)


def network_document(network: Network) -> dict:
    """The network as a JSON document; floats round-trip exactly."""
    return {
        "weights": [w.tolist() for w in network.weights],
        "biases": [b.tolist() for b in network.biases],
        "activations": list(network.activations),
    }


def network_from_document(document: object) -> Network:
    """The network in a JSON document: either the three keys of a network, or an object that holds them under
    "network", as audit.json does.

    Raises:
        InputError: a key is missing or its content is not a list.
    """
    return Network(*_fields(document))


def _fields(document: object) -> tuple:
    if isinstance(document, dict) and isinstance(document.get("network"), dict):
        document = document["network"]
    if not isinstance(document, dict):
        raise InputError('a network is a JSON object with the keys "weights", "biases" and "activations"')
    missing = [key for key in KEYS if not isinstance(document.get(key), list)]
    if missing:
        raise InputError(f"a network needs the lists {', '.join(KEYS)}; missing or not a list: {', '.join(missing)}")
    if not all(isinstance(name, str) for name in document["activations"]):
        raise InputError("every entry of activations must be a name in quotes")
    if not _only_numbers(document["weights"]) or not _only_numbers(document["biases"]):
        raise InputError("weights and biases must be nested lists of numbers")
    return tuple(document[key] for key in KEYS)


def _only_numbers(values: object) -> bool:
    if isinstance(values, list):
        return all(map(_only_numbers, values))
    return isinstance(values, int | float) and not isinstance(values, bool)


def _read_json(path: Path) -> tuple:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise FileFormatError(f"{path}: not a JSON file ({error}); expected a network as JSON") from None
    return _fields(document)


def _read_safetensors(path: Path) -> tuple:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            metadata = tensors.metadata() or {}
            arrays = {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise FileFormatError(f"{path}: not a safetensors file ({error})") from None
    names = metadata.get("activations", "").split(",")
    weights, biases = [], []
    while f"layers.{len(weights)}.weight" in arrays:
        layer = f"layers.{len(weights)}"
        if f"{layer}.bias" not in arrays:
            raise FileFormatError(f"{path}: {layer}.weight has no {layer}.bias beside it")
        weights.append(arrays[f"{layer}.weight"])
        biases.append(arrays[f"{layer}.bias"])
    if not weights or len(arrays) != 2 * len(weights):
        found = ", ".join(sorted(arrays)[:8]) or "nothing"
        raise FileFormatError(
            f"{path}: expected the tensors layers.0.weight, layers.0.bias, layers.1.weight, ...; found {found}"
        )
    if "activations" not in metadata:
        raise FileFormatError(
            f'{path}: the metadata has no "activations"; expected one name per layer joined by commas, '
            f'such as "leaky_relu,leaky_relu,identity"'
        )
    return weights, biases, names


def network_bytes(network: Network) -> bytes:
    """The network as the content of a safetensors file."""
    from safetensors.numpy import save

    arrays = {}
    for k, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays[f"layers.{k}.weight"] = np.ascontiguousarray(w)
        arrays[f"layers.{k}.bias"] = np.ascontiguousarray(b)
    return save(arrays, metadata={"activations": ",".join(network.activations)})
