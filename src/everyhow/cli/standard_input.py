"""A dash where a file is read: what comes by standard input, kept as a file of the name that its content asks for."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..common.errors import InputError
from ..common.files import removed_at_the_end

DASH = "-"
NAME = "standard-input"
# More than any file that is read may have.
MOST = 128 * 2**20
# The files that standard input was written to, each with the option or argument that asked for it.
_KEPT: dict[Path, str] = {}


class Read(NamedTuple):
    """Marks an argument or option that names a file to be read.

    Attributes:
        suffix: of a file whose content does not tell its kind, such as one of plain text.
        check: what sees, before any work, that what is named can be read; it raises the error.
    """

    suffix: str
    check: Callable[[Any], object] | None = None


def from_standard_input(name: str, value: Any, suffix: str) -> Any:
    """The value; where it is a dash, a file that holds what comes by standard input.

    Args:
        name: of the argument or option, in errors.
        value: what was given for it.
        suffix: of the file, where its content does not tell.

    Raises:
        InputError: standard input was read before, it is empty, or it is larger than any file may be.
    """
    if str(value) != DASH:
        return value
    for earlier in _KEPT.values():
        raise InputError(
            f"{earlier} and {name} are both {DASH}, and standard input is read once: give one of them as a file"
        )
    content = sys.stdin.buffer.read(MOST + 1)
    if not content:
        raise InputError(f"{name} is {DASH}, and nothing comes by standard input; give a file, or send one: < FILE")
    if len(content) > MOST:
        raise InputError(f"{name}: standard input is larger than {MOST:,} bytes; no file may be as large")
    folder = Path(tempfile.mkdtemp(prefix="everyhow-stdin-"))
    file = folder / f"{NAME}{suffix_of(content, suffix)}"
    removed_at_the_end(file, folder)
    # Made by this process alone: a name in a folder that nobody else may write to.
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        target.write(content)
    _KEPT[file] = name
    return type(value)(file)


def suffix_of(content: bytes, otherwise: str) -> str:
    """The suffix of a file with this content.

    Example:
        >>> suffix_of(b'{"tokens": []}', ".csv"), suffix_of(b"0,1", ".csv")
        ('.json', '.csv')
    """
    begins = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:2]
    if content.startswith(b"\x93NUMPY"):
        return ".npy"
    if content.startswith(b"PK\x03\x04"):  # an archive, of arrays or of tensors
        return ".npz" if b".npy" in content[:200] else ".pt"
    if content[8:9] == b"{" and int.from_bytes(content[:8], "little") < len(content):
        return ".safetensors"
    if begins[:1] == b"{" or (begins[:1] == b"[" and otherwise != ".toml"):
        return ".json"
    if otherwise not in (".csv", ".toml") and content[:1] == b"\x08":  # the first field of an ONNX file, its version
        return ".onnx"
    return otherwise


def without_paths(message: str) -> str:
    """A message in which the files kept here are called standard input."""
    for file in _KEPT:
        message = message.replace(str(file), "standard input")
    return message


def forget() -> None:
    """Begin anew, as at the start of a process."""
    _KEPT.clear()
