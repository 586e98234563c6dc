"""One run at a time writes into a folder: the next is told which one does, and each notices when its folder is gone."""

import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import FileFormatError, InputError
from .files import writing_folder
from .reading import read_document

# The file in a folder that says which run writes there. It is locked: what a killed run leaves of it means nothing.
RUNNING = ".running"
# Windows locks bytes against reading too; this one is beyond what is read.
_LOCKED_BYTE = 2**20


@dataclass(frozen=True)
class HeldFolder:
    """A folder that this run alone writes into.

    Attributes:
        folder: the folder.
        handle: of the open file that says so.
    """

    folder: Path
    handle: int

    def check(self) -> None:
        """See that the folder is still there.

        Raises:
            FileFormatError: it was deleted, moved or replaced.
        """
        if not _is_at(self.handle, self.folder / RUNNING):
            raise FileFormatError(
                f"{self.folder}: the folder was deleted, moved or replaced while this run wrote into it. If it was "
                f"moved, go on there with --resume; if it was deleted, run again"
            )


@contextlib.contextmanager
def only_run_in(folder: str | Path) -> Iterator[HeldFolder]:
    """The folder, made if it is not there, for this run alone; when the run ends, in whatever way, it is free again.

    Raises:
        InputError: another run writes there, or it is a file.
        FileFormatError: it cannot be written to.
    """
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} exists and is not a folder; give a new folder")
    file = writing_folder(path) / RUNNING
    handle = _taken(file)
    try:
        content = {
            "pid": os.getpid(), "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        with contextlib.suppress(OSError):  # such as a full disk, which the run will meet itself
            os.truncate(handle, 0)
            os.write(handle, json.dumps(content).encode())
        yield HeldFolder(path, handle)
    finally:
        ours = _is_at(handle, file)
        if os.name == "nt":  # where an open file cannot be deleted
            os.close(handle)
        if ours:
            with contextlib.suppress(OSError):
                file.unlink()
        if os.name != "nt":
            os.close(handle)


def _taken(file: Path) -> int:
    """The file, open and locked."""
    while True:
        try:
            handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except OSError as error:
            raise FileFormatError(f"{file}: cannot write here ({error.strerror}); choose another place") from None
        try:
            _lock(handle)
        except BlockingIOError:
            os.close(handle)
            raise InputError(
                f"{file.parent}: another run writes into this folder ({_who(file)}); wait until it ends, stop it, or "
                f"give another folder"
            ) from None
        except OSError as error:
            sys.stderr.write(
                f"everyhow: {file.parent} cannot be locked ({error.strerror}); see to it yourself that no other run "
                f"writes there\n"
            )
        except BaseException:
            os.close(handle)
            raise
        # The run before may have deleted it just now.
        if _is_at(handle, file):
            return handle
        os.close(handle)


def _lock(handle: int) -> None:
    """Lock an open file; the system lets it go when this process ends.

    Raises:
        BlockingIOError: another process holds it.
        OSError: this file system has no locks.
    """
    try:
        import fcntl
    except ImportError:
        import msvcrt

        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        windows: Any = msvcrt
        try:
            windows.locking(handle, windows.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError from None
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
    else:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except PermissionError:  # what some network file systems say instead
            raise BlockingIOError from None


def _is_at(handle: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), file.stat())
    except OSError:
        return False


def _who(file: Path) -> str:
    """The run that holds a folder, by what it wrote of itself."""
    try:
        found = read_document(file, "what a run says of itself", 10_000)
        return f"process {int(found['pid'])} on {str(found['host'])[:100]}, since {str(found['since'])[:40]}"
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return "it has not said yet which one it is"
