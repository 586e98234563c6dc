"""Networks in and out of files. Nothing in a file is ever executed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .errors import FileFormatError, InputError, shortened
from .files import check_readable, write_atomically
from .importing.onnx_files import from_onnx
from .importing.safetensors_files import read_tensors
from .importing.state_dicts import from_state_dict, in_natural_order
from .importing.torch_files import load_state_dict_file
from .network import Network
from .origin import Origin, origin_from_document

KEYS = ("weights", "biases", "activations")
READ = (".json", ".safetensors", ".onnx", ".pt", ".pth")
LARGEST_FILE = 64 * 2**20
# Read into Python objects, JSON takes longer and more memory than arrays do.
LARGEST_JSON = 8 * 2**20
MOST_LISTS = 500_000


def load(
    source: str | Path,
    *,
    widths: Iterable[int] | None = None,
    hidden_activation: str | None = None,
    output_activation: str | None = None,
    data: Any = None,
    threshold: float | None = None,
) -> Network:
    """The network stored in a `.json`, `.safetensors`, `.onnx`, `.pt` or `.pth` file.

    A `.json` file, and a `.safetensors` file that everyhow wrote, say everything themselves. An ONNX file is imported,
    as `from_onnx` does, and the state dict in a `.pt` or another `.safetensors` file as `from_state_dict` does; the
    layers of the latter, which keeps no order, are taken in the order of their names. Nothing in a file is executed.

    Args:
        source: the file; of at most 8 MB when JSON, else 64 MB.
        widths: of a state dict, the neurons of each hidden layer, if they are to be checked.
        hidden_activation: of a state dict, the activation of every layer but the last.
        output_activation: of a state dict, that of the last layer; identity when not given.
        data: of what is imported, inputs (inputs, features) to check it on.

    Raises:
        FileFormatError: the file is missing, too large, cannot be read, or is not what it says; the message names it.
        MissingExtraError: what reads such a file is not installed.
    """
    path = Path(source)
    if path.suffix not in READ:
        raise FileFormatError(
            f"{path}: a network is read from {', '.join(READ)} files, not {path.suffix or 'nothing'!r}"
        )
    most = LARGEST_JSON if path.suffix == ".json" else LARGEST_FILE
    check_readable(
        path, f"a network file ({', '.join(READ)})", most, "larger networks go into .safetensors, up to 64 MB"
    )
    options = (widths, hidden_activation, output_activation)
    try:
        if path.suffix == ".onnx":
            _need_no(options, "an ONNX file says its widths and activations")
            return from_onnx(path, data)
        if path.suffix in (".pt", ".pth"):
            hidden = _needed(path, hidden_activation)
            return load_state_dict_file(path, hidden, output_activation or "identity", widths, data)
        if path.suffix == ".safetensors" and hidden_activation is not None:
            tensors = in_natural_order(read_tensors(path)[0])
            output = output_activation or "identity"
            return from_state_dict(tensors, hidden_activation, output, widths, data, f"state dict in {path.name}")
        _need_no((*options, data), "a network file says everything itself")
        return _read_json(path) if path.suffix == ".json" else _read_safetensors(path)
    except FileFormatError:
        raise
    except (InputError, OSError) as error:
        raise FileFormatError(f"{path}: {shortened(error)}") from None


def _needed(path: Path, hidden_activation: str | None) -> str:
    if hidden_activation is None:
        raise InputError(
            "a state dict does not say its activations; give them, as in everyhow import "
            f"{path} --hidden-activation relu --out network.json (hidden_activation= in the library)"
        )
    return hidden_activation


def _need_no(options: tuple, reason: str) -> None:
    if any(option is not None for option in options):
        raise InputError(f"{reason}; leave out widths, activations and data that it has no use for")


def save_network(network: Network, target: str | Path) -> Path:
    """Write `network` to a `.json` or `.safetensors` file, whole or not at all; returns the path."""
    path = check_network_path(target)
    if path.suffix == ".json":
        origin = {} if network.origin is None else {"origin": network.origin.document()}
        content = json.dumps(network_document(network) | origin, indent=1).encode()
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
        **coding_document(network),
    }


def coding_document(network: Network) -> dict[str, Any]:
    """How the numbers of a network stand for bits, where that is not as usual, and its remarks, if it has any."""
    found: dict[str, Any] = {} if network.threshold == 0.5 else {"threshold": network.threshold}
    if network.input_values != (0.0, 1.0):
        found["inputs"] = list(network.input_values)
    return found | ({"remarks": list(network.remarks)} if network.remarks else {})


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
    found = {"threshold": document["threshold"]} if "threshold" in document else {}
    if "inputs" in document:
        found["input_values"] = document["inputs"]
    remarks = document.get("remarks", [])
    if not isinstance(remarks, list) or not all(isinstance(remark, str) for remark in remarks):
        raise InputError(f"the remarks of a network are a list of sentences, not {remarks!r:.80}; leave them out")
    return found | {"remarks": tuple(remarks)}


def _fields(document: object) -> tuple:
    document = _holder(document)
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


def _origin_in(document: object) -> Origin | None:
    if not isinstance(document, dict):
        return None
    provenance = document.get("provenance")
    places = (document, document.get("network"), provenance)
    found = (place["origin"] for place in places if isinstance(place, dict) and place.get("origin") is not None)
    return next(map(origin_from_document, found), None)


def _only_numbers(values: list, depth: int = 3) -> bool:
    """Whether there are only numbers in lists of lists, at most so deep."""
    kinds = set(map(type, values))
    return kinds <= {int, float} or (kinds == {list} and depth > 1 and all(_only_numbers(v, depth - 1) for v in values))


def _read_json(path: Path) -> Network:
    content = path.read_bytes()
    # Lists take far more memory and time than the bytes that they are written in.
    if content.count(b"[") + content.count(b"{") > MOST_LISTS:
        raise InputError(f"it holds more than {MOST_LISTS:,} lists; a network has one per neuron")
    try:
        document = json.loads(content.decode(), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a JSON file ({error}); expected a network as JSON") from None
    return network_from_document(document)


def _refused(constant: str) -> None:
    raise ValueError(f"it has {constant}, and every value must be finite")


def _read_safetensors(path: Path) -> Network:
    arrays, metadata = read_tensors(path)
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
        origin = json.loads(metadata.get("origin", "null"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"the origin in its metadata is no JSON ({error}); leave it out") from None
    return Network(
        tuple(weights), tuple(biases), tuple(names), None if origin is None else origin_from_document(origin),
        **_coding_in(_from_metadata(metadata)),
    )  # fmt: skip


def _from_metadata(metadata: dict[str, str]) -> dict[str, Any]:
    """How the numbers of a network in a safetensors file stand for bits."""
    try:
        return {key: json.loads(metadata[key]) for key in ("threshold", "inputs", "remarks") if key in metadata}
    except (ValueError, RecursionError) as error:
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
    coding = {key: json.dumps(value) for key, value in coding_document(network).items()}
    return save(arrays, metadata={"activations": ",".join(network.activations)} | origin | coding)
