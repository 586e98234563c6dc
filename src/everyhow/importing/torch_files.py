"""State dicts in files that `torch.save` wrote, read from their bytes: nothing in them is imported or executed."""

import io
import math
import zipfile
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np

from ..common.errors import InputError, first_line
from ..network.network import Network
from ..transformer.transformer import Transformer
from .checkpoints import SAVE, check_sizes, described_by, state_dict_in, told_left_out
from .pickles import Call, Name, Stored, described, items_of, kind_of
from .state_dicts import Description, check_needs_none, from_arrays
from .stored_layers import are_registered, stored_arrays, stored_layers
from .transformer_arrays import has_lens_names, transformer_of_arrays

LARGEST_PICKLE = 2**21
MOST_RECORDS = 10_000
# bfloat16 is the upper half of a float32.
STORAGES = {
    f"torch.{name}Storage": kind
    for name, kind in {
        "Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": "<u2", "Long": "<i8", "Int": "<i4", "Short": "<i2",
        "Char": "<i1", "Byte": "<u1", "Bool": "<u1",
    }.items()
}  # fmt: skip
TENSOR = "torch._utils._rebuild_tensor_v2"
PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
# Tensors that are described in another way than plain ones, and what makes them plain.
OTHER_TENSORS = {
    "_rebuild_sparse_tensor": "a sparse tensor; save what its to_dense() returns",
    "_rebuild_qtensor": "a quantized tensor; save what its dequantize() returns",
    "_rebuild_meta_tensor_no_storage": "on the device meta, so it holds no numbers; load the model before it is saved",
    "_rebuild_tensor_v3": "of a type of numbers that is not supported; save what its float() returns",
}


def model_of_checkpoint(
    path: Path, said: Description, part: str | None = None, config: Any = None
) -> Network | Transformer:
    """The network, or the transformer, of the state dict in a file that `torch.save` wrote; see `from_state_dict`.

    The state dict may lie anywhere in the file.

    The file is read as plain bytes: its size, its directory, what its pickle describes, and the numbers of the tensors.
    Nothing in it is imported or executed, whatever it holds beside them, and PyTorch is not needed.

    Args:
        path: the file; its size has been looked at.
        said: what the user says of the state dict.
        part: where the state dict lies in the file, if there are several.
        config: of tensors by TransformerLens's names, its configuration.

    Raises:
        InputError: anything else.
    """
    records = _records(path.read_bytes())
    document, folder = _document(records)
    found = state_dict_in(document, part)
    tensors = {name: _tensor(name, one, records, folder) for name, one in found.tensors.items()}
    if has_lens_names(tensors):
        check_needs_none((said.hidden_activation, said.output_activation, said.widths, said.order))
        numbers = {name: one for name, (one, _) in tensors.items()}
        return transformer_of_arrays(numbers, config, said.data, f"state dict in {path.name}").read(said.threshold)
    arrays = stored_arrays({name: numbers for name, (numbers, _) in tensors.items()})
    known, words = described_by(found, said)
    layers = stored_layers(arrays)
    check_sizes(found, layers)
    if known.hidden_activation is None and len(layers) > 1:
        raise InputError(
            "a state dict does not say its activations; give them, as in everyhow import "
            f"{path} --hidden-activation relu --out network.json (hidden_activation= in the library)"
        )
    told = (*told_left_out(found), *words)
    registered, memory = are_registered(tensors), {name: place for name, (_, place) in tensors.items()}
    return from_arrays(arrays, known, f"state dict in {path.name}", registered=registered, told=told, memory=memory)


def _document(records: dict[str, bytes]) -> tuple[Any, str]:
    """What the pickle describes, and the folder of the tensors' numbers."""
    names = [name for name in records if name.endswith("data.pkl")]
    if len(names) != 1 or names[0].count("/") > 1:
        raise InputError(f"it holds no data.pkl, so torch.save did not write it; {SAVE}")
    pickled = records[names[0]]
    if len(pickled) > LARGEST_PICKLE:
        raise InputError(f"its data.pkl has {len(pickled):,} bytes, more than {LARGEST_PICKLE:,}; {SAVE}")
    try:
        document = described(pickled)
    except InputError as error:
        raise InputError(f"{error}; nothing in it was executed: {SAVE}") from None
    folder = names[0].removesuffix("data.pkl")
    if records.get(f"{folder}byteorder", b"little") != b"little":
        raise InputError(f"its numbers are stored big-endian; on a little-endian machine, load it and {SAVE}")
    return document, folder


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


def _tensor(name: str, value: Any, records: dict[str, bytes], folder: str) -> tuple[np.ndarray, Hashable]:
    """The numbers of a tensor that the pickle describes, if all that it declares is stored; and where they lie."""
    name = name[:80]
    if isinstance(value, Call) and value.function in map(Name, PARAMETERS) and value.arguments:
        value = value.arguments[0]
    function = value.function.text if isinstance(value, Call) and isinstance(value.function, Name) else ""
    function = function.rpartition(".")[2]
    if function in OTHER_TENSORS:
        raise InputError(f"its tensor {name} is {OTHER_TENSORS[function]}")
    if not isinstance(value, Call) or value.function != Name(TENSOR):
        raise InputError(f"its tensor {name} is {kind_of(value)}, not a plain tensor; {SAVE}")
    match value.arguments:
        case (
            Stored(("storage", Name(kind), str(key), str(), int(count))),
            int(offset),
            tuple(shape),
            tuple(strides),
            *rest,
        ):
            declared = [*shape, *strides, offset, count]
        case _:
            raise InputError(f"its tensor {name} is described in another way than torch.save does; {SAVE}")
    if any(items_of(one) for one in rest[2:]):
        raise InputError(f"its tensor {name} is a negated or conjugated view; save what its clone() returns")
    if kind.endswith("Storage") and kind not in STORAGES:
        raise InputError(f"its tensor {name} holds the numbers of a {kind[:80]}, which is not supported: {SAVE}")
    content = records.get(f"{folder}data/{key}")
    whole = all(type(n) is int and 0 <= n < 2**48 for n in declared) and len(shape) == len(strides) <= 8
    if kind not in STORAGES or content is None or not whole:
        raise InputError(f"its tensor {name} has no data, or impossible sizes; {SAVE}")
    last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if len(content) != count * np.dtype(STORAGES[kind]).itemsize or math.prod(shape) > count or last >= count:
        raise InputError(f"its tensor {name} declares other numbers than are stored for it; {SAVE}")
    flat = np.frombuffer(content, STORAGES[kind])
    if kind == "torch.BFloat16Storage":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    steps = [stride * flat.itemsize for stride in strides]
    numbers = np.lib.stride_tricks.as_strided(flat[offset:], shape, steps, writeable=False).copy()
    return numbers, (key, offset, shape, strides)
