"""Which files a model is read from: seen before any of it is read, and before what reads it is loaded."""

from os import PathLike
from pathlib import Path
from typing import Any

from ..common.errors import FileFormatError, InputError
from ..common.reading import check_readable

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


def is_folder(path: Path) -> bool:
    """Whether there is a folder; a path that the system does not take is not one."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def readable(source: Any) -> tuple[Path, str]:
    """The path of a file of a model, and what its name ends in, in small letters. None of it is read.

    Raises:
        InputError: not a path.
        FileFormatError: there is no such file, it is of another kind, or too large.
    """
    if not isinstance(source, str | PathLike):
        call = {"Module": "from_torch", "dict": "from_state_dict", "OrderedDict": "from_state_dict"}
        names = [call[base.__name__] for base in type(source).__mro__ if base.__name__ in call]
        instead = f"; give it to everyhow.{names[0]}" if names else f"; such a file is one of {', '.join(READ)}"
        raise InputError(f"load takes the path of a file, not {type(source).__name__}{instead}")
    path = Path(source)
    name = path.name.lower()
    kind = next((end for end in READ if name.endswith(end)), "")
    if is_folder(path):
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
