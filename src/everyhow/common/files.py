"""Writing files whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import FileFormatError

_UNFINISHED: set[Path] = set()
_UNTIL_THE_END: list[Path] = []


def write_atomically(path: Path, content: bytes) -> Path:
    """Write `content` under a temporary name beside `path`, then rename it; an interruption leaves no half file.

    Raises:
        FileFormatError: the folder does not exist and cannot be made, or cannot be written to.
    """
    with replacing(path, "choose another place") as temporary:
        temporary.write_bytes(content)
    return path


@contextmanager
def replacing(path: Path, next_step: str) -> Iterator[Path]:
    """An empty file of a temporary name beside `path`, which takes its place once it is filled; else it is deleted.

    Raises:
        FileFormatError: the folder does not exist and cannot be made, or cannot be written to; the message ends in
        `next_step`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
    except OSError as error:
        raise FileFormatError(f"{path}: cannot write here ({error.strerror}); {next_step}") from None
    temporary = Path(name)
    _UNFINISHED.add(temporary)
    try:
        yield temporary
        with temporary.open("r+b") as file:  # Windows makes only files last that are open for writing
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileFormatError(f"{path}: cannot write ({error.strerror}); {next_step}") from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        _UNFINISHED.discard(temporary)


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that processes which were killed left in a folder and in those within it."""
    for pattern in (".*.part", "*/.*.part"):
        for leftover in folder.glob(pattern):
            with suppress(OSError):
                leftover.unlink()


def remove_unfinished() -> None:
    """Delete the temporary files of this process, which is about to end, and what it said may go then."""
    for temporary in (*_UNFINISHED, *_UNTIL_THE_END):
        with suppress(OSError):
            temporary.rmdir() if temporary.is_dir() else temporary.unlink(missing_ok=True)
    _UNTIL_THE_END.clear()


def removed_at_the_end(*paths: Path) -> None:
    """Have files, and then folders that are empty by then, deleted when the command ends, in whatever way."""
    _UNTIL_THE_END.extend(paths)


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
