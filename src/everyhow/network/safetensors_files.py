"""Tensors and metadata of safetensors files."""

from pathlib import Path
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.reading import json_of

LARGEST_HEADER = 2**20
TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U8": "<u1", "BOOL": "<u1",
}  # fmt: skip


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors by name, in the order of the file, and the metadata; bfloat16 comes as float32.

    Raises:
        InputError: not a safetensors file, or one of another type of numbers.
    """
    from safetensors import SafetensorError, deserialize

    content = path.read_bytes()
    header = int.from_bytes(content[:8], "little")
    if len(content) < 8 or header > min(LARGEST_HEADER, len(content) - 8):
        raise InputError(
            f"not a safetensors file, or cut off: its header would take {header:,} bytes; at most {LARGEST_HEADER:,} "
            "are read, from a whole file: save it again"
        )
    try:
        # The names of tensors may hold anything, so the header is checked by the library that defines it first.
        stored = deserialize(content)
    except (SafetensorError, ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise InputError(f"not a safetensors file ({error}); save it again") from None
    # That library takes the last of two tensors of one name.
    metadata = json_of(content[8 : 8 + header], "the header of a safetensors file").get("__metadata__") or {}
    return {name: _array(name, one) for name, one in stored}, metadata


def _array(name: str, stored: dict[Any, Any]) -> np.ndarray:
    if stored["dtype"] not in TYPES:
        raise InputError(f"the tensor {name[:80]} is of type {stored['dtype']}; F64, F32, F16 and BF16 are supported")
    flat = np.frombuffer(bytes(stored["data"]), TYPES[stored["dtype"]])
    if stored["dtype"] == "BF16":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.reshape(stored["shape"])
