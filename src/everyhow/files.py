"""Writing files whole or not at all."""

import os
import tempfile
from pathlib import Path

from .errors import FileFormatError


def write_atomically(path: Path, content: bytes) -> Path:
    """Write `content` under a temporary name beside `path`, then rename it; an interruption leaves no half file.

    Raises:
        FileFormatError: the folder does not exist and cannot be made, or cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise FileFormatError(f"{path}: cannot write here ({error.strerror}); choose another place") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise FileFormatError(f"{path}: cannot write ({error.strerror}); choose another place") from None
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def writing_folder(folder: str | Path) -> Path:
    """The folder, made if it is not there.

    Raises:
        FileFormatError: it cannot be made, or is a file.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileFormatError(f"{path}: cannot make this folder ({error.strerror}); choose another place") from None
    return path
