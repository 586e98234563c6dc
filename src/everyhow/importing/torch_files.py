"""State dicts in `.pt` and `.pth` files, examined before PyTorch sees them."""

import io
import math
import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError, InputError, MissingExtraError, first_line, shortened
from ..files import check_readable
from ..network import Network
from .layers import fold
from .pickles import Call, Name, Stored, described
from .state_dicts import from_state_dict, steps_of, stored_arrays

LARGEST_FILE = 64 * 2**20
LARGEST_PICKLE = 2**18
MOST_RECORDS = 10_000
SAVE = "save model.state_dict() with torch.save, or import the module itself with everyhow.from_torch"
# bfloat16 is the upper half of a float32.
STORAGES = {
    f"torch.{name}Storage": kind
    for name, kind in {
        "Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": "<u2", "Long": "<i8", "Int": "<i4", "Short": "<i2",
        "Char": "<i1", "Byte": "<u1", "Bool": "<u1",
    }.items()
}  # fmt: skip
TENSOR, PARAMETER = "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter"
MAPPING = "collections.OrderedDict"
ALLOWED = {MAPPING, TENSOR, PARAMETER, *STORAGES}


def load_state_dict_file(
    path: Path, hidden_activation: str, output_activation: str, widths: Iterable[int] | None, data: Any
) -> Network:
    """The network of the state dict in a file that `torch.save` wrote; see `from_state_dict`.

    The file is examined as plain bytes first: its size, its directory, and what its pickle would import. Only what is
    a state dict of linear layers and nothing else is then given to `torch.load(weights_only=True)`.

    Raises:
        FileFormatError: anything else; the message names the file, and nothing in it was executed.
        MissingExtraError: PyTorch is not installed.
    """
    check_readable(path, "a file that torch.save wrote", LARGEST_FILE, SAVE)
    try:
        content = path.read_bytes()
        records = _records(content)
        arrays = stored_arrays(_examined(records))
        fold(steps_of(arrays, hidden_activation, output_activation, widths))
        return from_state_dict(
            _loaded(records), hidden_activation, output_activation, widths, data, f"state dict in {path.name}"
        )
    except (InputError, OSError) as error:
        raise FileFormatError(f"{path}: {shortened(error)}") from None


def _loaded(records: dict[str, bytes]) -> dict[str, Any]:
    """What PyTorch reads from the records, packed anew so that it sees these and nothing else of the file."""
    if find_spec("torch") is None:
        raise MissingExtraError(
            "reading .pt files needs PyTorch, which is not installed: pip install 'everyhow[train]'. Files in "
            ".safetensors are read without it."
        )
    import torch

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, record in records.items():
            archive.writestr(name, record)
    packed.seek(0)
    try:
        return torch.load(packed, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(f"PyTorch cannot read it ({first_line(error)}); {SAVE}") from None


def _examined(records: dict[str, bytes]) -> dict[str, np.ndarray]:
    """The tensors by name, read from the bytes alone."""
    names = [name for name in records if name.endswith("data.pkl")]
    if len(names) != 1 or names[0].count("/") > 1:
        raise InputError(f"it holds no data.pkl, so torch.save did not write it; {SAVE}")
    pickled = records[names[0]]
    if len(pickled) > LARGEST_PICKLE:
        raise InputError(f"its data.pkl has {len(pickled):,} bytes, more than {LARGEST_PICKLE:,}; {SAVE}")
    try:
        found = described(pickled, ALLOWED)
    except InputError as error:
        raise InputError(f"{error}; nothing in it was executed: {SAVE}") from None
    if isinstance(found, Call) and found.function == Name(MAPPING) and not found.arguments:
        found = found.items
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise InputError(f"it holds no tensors by name; {SAVE}")
    folder = names[0].removesuffix("data.pkl")
    if records.get(f"{folder}byteorder", b"little") != b"little":
        raise InputError(f"its numbers are stored big-endian; on a little-endian machine, load it and {SAVE}")
    return {name: _tensor(name, value, records, folder) for name, value in found.items()}


def _records(content: bytes) -> dict[str, bytes]:
    """The records of a zip file as torch.save writes it: stored, not compressed, whole and once each."""
    if not content.startswith(b"PK\x03\x04"):
        raise InputError(
            "it is not the zip file that torch.save writes since PyTorch 1.6; if it is older, load it there and save "
            "its state_dict() again"
        )
    if content.count(b"PK\x01\x02") > MOST_RECORDS:
        raise InputError(f"its zip directory has more than {MOST_RECORDS:,} records; {SAVE}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if len(set(names)) < len(names):
                raise InputError(f"some of its records have the same name; {SAVE}")
            if any("/code/" in name or name.endswith("constants.pkl") for name in names):
                raise InputError(f"it holds a TorchScript program, which is not run; {SAVE}")
            packed = [entry.filename for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
            if packed:
                raise InputError(f"its record {packed[0][:80]} is compressed, which torch.save never does; {SAVE}")
            declared = sum(entry.file_size for entry in entries)
            if declared > len(content):
                raise InputError(f"its records declare {declared:,} bytes, more than the file has; {SAVE}")
            return {entry.filename: archive.read(entry) for entry in entries}
    except InputError:
        raise
    except Exception as error:
        # A broken directory can fail in any way that a parser can.
        raise InputError(
            f"its zip directory is broken or cut off ({first_line(error)}); copy or save it again"
        ) from None


def _tensor(name: str, value: Any, records: dict[str, bytes], folder: str) -> np.ndarray:
    if isinstance(value, Call) and value.function == Name(PARAMETER) and value.arguments:
        value = value.arguments[0]
    if not isinstance(value, Call) or value.function != Name(TENSOR):
        kind = "a dictionary" if isinstance(value, dict | Call) else f"a {type(value).__name__}"
        raise InputError(
            f"under {name[:80]!r} it holds {kind}, not a tensor; of a checkpoint, save the state dict alone"
        )
    match value.arguments:
        case (
            Stored(("storage", Name(kind), str(key), str(), int(count))),
            int(offset),
            tuple(shape),
            tuple(strides),
            *_,
        ):
            numbers = [*shape, *strides, offset, count]
        case _:
            raise InputError(f"its tensor {name[:80]} is described in another way than torch.save does; {SAVE}")
    whole = all(type(n) is int and n >= 0 for n in numbers) and len(shape) == len(strides) <= 8
    content = records.get(f"{folder}data/{key}")
    if kind not in STORAGES or content is None or not whole:
        raise InputError(f"its tensor {name[:80]} has no data, or sizes that are none; {SAVE}")
    last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if len(content) != count * np.dtype(STORAGES[kind]).itemsize or math.prod(shape) > count or last >= count:
        raise InputError(f"its tensor {name[:80]} declares other numbers than are stored for it; {SAVE}")
    flat = np.frombuffer(content, STORAGES[kind])
    if kind == "torch.BFloat16Storage":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    steps = [stride * flat.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(flat[offset:], shape, steps, writeable=False).copy()
