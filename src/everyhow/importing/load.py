"""Networks from files of every kind that is read. Nothing in a file is ever executed."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from ..common.errors import FileFormatError, InputError
from ..common.reading import check_readable, json_of, naming
from ..kinds import model_from_document, model_from_tensors
from ..model.model import Model
from ..network.safetensors_files import read_tensors
from .onnx_files import from_onnx
from .state_dicts import Description, from_arrays
from .stored_layers import stored_arrays
from .torch_files import model_of_checkpoint
from .transformer_arrays import has_lens_names, transformer_of_arrays

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
    config: Any = None,
) -> Model:
    """The model in a `.json`, `.safetensors` or `.onnx` file, or one of PyTorch (`.pt`, `.pth`, `.ckpt`, `.bin`).

    A `.json` file, and a `.safetensors` file that everyhow wrote, say everything themselves, and hold a network or a
    transformer. An ONNX file is imported,
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
        config: of tensors by TransformerLens's names, its configuration; see `from_state_dict`.

    Raises:
        FileFormatError: the file is missing, too large, cannot be read, or is not what it says; the message names it.
        MissingExtraError: what reads such a file is not installed.

    Example:
        >>> import tempfile
        >>> import everyhow as eh
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = eh.save_network(eh.xornet(), f"{folder}/xornet.json")
        ...     eh.load(path)
        Network(2-3-1, sigmoid:25, 7 edges)
    """
    path, kind = _readable(source)
    said = Description(hidden_activation, output_activation, widths, data, order, threshold)
    unused = (widths, hidden_activation, output_activation, order, part, config)
    with naming(path):
        if kind == ".onnx":
            _need_no(unused, "an ONNX file says its widths and activations")
            return from_onnx(path, data, threshold)
        if kind in TORCH:
            return model_of_checkpoint(path, said, part, config)
        if kind == ".json":
            _need_no((*unused, data), "a network file says everything itself")
            return model_from_document(json_of(path.read_bytes(), "a network as JSON")).read(threshold)
        arrays, metadata = read_tensors(path)
        if not {"activations", "kind"} & set(metadata) and has_lens_names(arrays):
            _need_no((widths, hidden_activation, output_activation, order, part), "a transformer has config= alone")
            named = f"state dict in {path.name}"
            return transformer_of_arrays(arrays, config, data, named).read(threshold)
        if not {"activations", "kind"} & set(metadata) and any(one is not None for one in (*unused, threshold)):
            _need_no((part,), "a .safetensors file has no parts")
            _need_no((config,), "config is that of a transformer, which has tensors such as embed.W_E")
            return from_arrays(stored_arrays(arrays), said, f"state dict in {path.name}", registered=False)
        _need_no((*unused, data), "a network file says everything itself")
        return model_from_tensors(arrays, metadata).read(threshold)


def _is_folder(path: Path) -> bool:
    """Whether there is a folder; a path that the system does not take is not one."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


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
    if _is_folder(path):
        raise FileFormatError(
            f"{path} is a folder; give a network file in it ({', '.join(READ)}), or of the folder of an audit "
            f"eh.load_audit(folder).network"
        )
    if not kind:
        other = OTHERS.get(path.suffix.lower())
        raise FileFormatError(
            f"{path}: a network is read from {', '.join(READ)} files, not {path.suffix or 'nothing'!r}"
            + (f"; {other}" if other else "")
        )
    most = LARGEST_JSON if kind == ".json" else LARGEST_FILE
    check_readable(
        path, f"a network file ({', '.join(READ)})", most, "larger networks go into .safetensors, up to 64 MB"
    )
    return path, kind


def _need_no(options: tuple[Any, ...], reason: str) -> None:
    if any(option is not None for option in options):
        raise InputError(f"{reason}; leave out the options that it has no use for")
