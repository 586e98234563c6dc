"""Files are written whole or not at all, on every system."""

import errno
import os

import pytest

from everyhow.common.errors import FileFormatError
from everyhow.common.files import write_atomically


def test_files_last_on_every_system(tmp_path, monkeypatch):
    """A file is made to last by what may write to it: Windows refuses any other, and then nothing could be written."""
    fcntl = pytest.importorskip("fcntl")
    real, asked = os.fsync, []

    def as_windows(handle):
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        asked.append(handle)
        real(handle)

    monkeypatch.setattr("everyhow.common.files.os.fsync", as_windows)
    target = write_atomically(tmp_path / "new" / "file.json", b"{}\n")
    assert target.read_bytes() == b"{}\n" and len(asked) == 1
    assert [path.name for path in target.parent.iterdir()] == ["file.json"]


def test_what_cannot_be_written(tmp_path, monkeypatch):
    """The error names the file and the reason, and nothing is left."""

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("everyhow.common.files.os.fsync", full)
    with pytest.raises(FileFormatError, match=r"file.json: cannot write \(No space left on device\); choose another"):
        write_atomically(tmp_path / "file.json", b"{}")
    assert list(tmp_path.iterdir()) == []
