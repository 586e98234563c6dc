"""Networks in and out of files. Nothing in a file is ever executed."""

import json
from collections.abc import Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .arguments import quoted
from .errors import FileFormatError, InputError, shortened
from .files import write_atomically
from .importing.onnx_files import from_onnx
from .importing.safetensors_files import read_tensors
from .importing.state_dicts import Description, network_of
from .importing.stored_layers import stored_arrays
from .importing.torch_files import load_state_dict_file
from .network import Network
from .origin import Origin, origin_from_document
from .reading import check_readable, json_of

KEYS = ("weights", "biases", "activations")
# What torch.save writes; people end such files in many ways.
TORCH = (".pt", ".pth", ".ckpt", ".bin", ".pth.tar", ".pt.tar")
READ = (".json", ".safetensors", ".onnx", *TORCH)
# What to do with files of other kinds.
OTHERS = {
    ".h5": "export the Keras model to ONNX (model.export)", ".keras": "export the Keras model to ONNX (model.export)",
    ".pb": "export the TensorFlow model to ONNX with tf2onnx", ".tflite": "export the model to ONNX with tf2onnx",
    ".npz": "give its arrays to everyhow.Network or everyhow.from_state_dict",
    ".npy": "give its arrays to everyhow.Network", ".csv": "give its arrays to everyhow.Network",
    ".pkl": "a pickle is not opened: load it yourself and give the model to from_torch or from_sklearn",
    ".pickle": "a pickle is not opened: load it yourself and give the model to from_torch or from_sklearn",
    ".joblib": "a pickle is not opened: load it yourself and give the model to from_sklearn",
    ".pt2": "load it with torch.export.load and give its module() to from_torch",
}  # fmt: skip
LARGEST_FILE = 64 * 2**20
# Read into Python objects, JSON takes longer and more memory than arrays do.
LARGEST_JSON = 8 * 2**20


def load(
    source: str | PathLike[str],
    *,
    widths: Iterable[int] | None = None,
    hidden_activation: str | Iterable[str] | None = None,
    output_activation: str | None = None,
    data: Any = None,
    order: str | Iterable[str] | None = None,
    threshold: float | None = None,
    part: str | None = None,
) -> Network:
    """The network in a `.json`, `.safetensors` or `.onnx` file, or one of PyTorch (`.pt`, `.pth`, `.ckpt`, `.bin`).

    A `.json` file, and a `.safetensors` file that everyhow wrote, say everything themselves. An ONNX file is imported,
    as `from_onnx` does, and the state dict in a file of PyTorch or another `.safetensors` file as `from_state_dict`
    does; the latter keeps no order of its layers. A state dict is found wherever it lies in a checkpoint, and what was
    left out is named in the origin. Nothing in a file is ever imported or executed.

    Args:
        source: the file; of at most 8 MB when JSON, else 64 MB.
        widths: of a state dict, the neurons of each hidden layer, if they are to be checked.
        hidden_activation: of a state dict, the activation of every layer but the last, or one for each.
        output_activation: of a state dict, that of the last layer.
        data: of what is imported, inputs (inputs, features) to check it on; of a state dict with their outputs.
        order: of a state dict, the names of its layers as they run.
        threshold: an output above it is read as 1: 0 of logits, 0.5 of what was trained towards 0 and 1; what the file
            says, if it is everyhow's, when not given.
        part: of a checkpoint that holds several state dicts, the place of the one meant.

    Raises:
        FileFormatError: the file is missing, too large, cannot be read, or is not what it says; the message names it.
        MissingExtraError: what reads such a file is not installed.
    """
    path, kind = _readable(source)
    said = Description(hidden_activation, output_activation, widths, data, order, threshold)
    unused = (widths, hidden_activation, output_activation, order, part)
    try:
        if kind == ".onnx":
            _need_no(unused, "an ONNX file says its widths and activations")
            return from_onnx(path, data, threshold)
        if kind in TORCH:
            return load_state_dict_file(path, said, part)
        if kind == ".safetensors" and any(option is not None for option in (*unused, threshold)):
            arrays, metadata = read_tensors(path)
            if "activations" not in metadata:
                _need_no((part,), "a .safetensors file has no parts")
                return network_of(stored_arrays(arrays), said, f"state dict in {path.name}", registered=False)
        _need_no((*unused, data), "a network file says everything itself")
        network = _read_json(path) if kind == ".json" else _read_safetensors(path)
        return network if threshold is None else replace(network, threshold=threshold)
    except FileFormatError:
        raise
    except (InputError, OSError) as error:
        raise FileFormatError(f"{path}: {shortened(error)}") from None


def _readable(source: Any) -> tuple[Path, str]:
    """The path of a file that can be read, and what its name ends in, in small letters."""
    if not isinstance(source, str | PathLike):
        call = {"Module": "from_torch", "dict": "from_state_dict", "OrderedDict": "from_state_dict"}
        names = [call[base.__name__] for base in type(source).__mro__ if base.__name__ in call]
        instead = f"; give it to everyhow.{names[0]}" if names else f"; such a file is one of {', '.join(READ)}"
        raise InputError(f"load takes the path of a file, not {type(source).__name__}{instead}")
    path = Path(source)
    name = path.name.lower()
    kind = next((end for end in READ if name.endswith(end)), "")
    if not kind:
        other = OTHERS.get(path.suffix.lower())
        raise FileFormatError(
            f"{path}: a network is read from {', '.join(READ)} files, not {path.suffix or 'nothing'!r}"
            + (f"; {other}" if other else "")
        )
    most = LARGEST_JSON if kind == ".json" else LARGEST_FILE
    try:
        if path.is_dir():
            raise FileFormatError(f"{path}: a folder; give the path of a file in it ({', '.join(READ)})")
        check_readable(
            path, f"a network file ({', '.join(READ)})", most, "larger networks go into .safetensors, up to 64 MB"
        )
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror}); give another path") from None
    return path, kind


def _need_no(options: tuple, reason: str) -> None:
    if any(option is not None for option in options):
        raise InputError(f"{reason}; leave out the options that it has no use for")


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
    if not isinstance(path, str | PathLike):
        raise InputError(f"a network file is named by {quoted(path)}; give a path that ends in .json or .safetensors")
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
    found |= {"softmax": True} if network.softmax else {}
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
    softmax = document.get("softmax", False)
    if not isinstance(softmax, bool):
        raise InputError(f"softmax of a network is true or false, not {quoted(softmax)}")
    return found | {"remarks": tuple(remarks), "softmax": softmax}


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
    return network_from_document(json_of(path.read_bytes(), "a network as JSON"))


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
            for key in ("threshold", "inputs", "remarks", "softmax")
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
    coding = {key: json.dumps(value) for key, value in coding_document(network).items()}
    return save(arrays, metadata={"activations": ",".join(network.activations)} | origin | coding)
