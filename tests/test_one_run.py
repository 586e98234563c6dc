"""One run at a time in a folder, whatever became of the run before."""

import errno
import json
import os
import shutil
import subprocess
import sys

import pytest

from everyhow.common.errors import FileFormatError, InputError
from everyhow.common.one_run import RUNNING, only_run_in

HOLD = """
import sys, time
from everyhow.common.one_run import only_run_in
with only_run_in(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_is_told_of_the_first(tmp_path):
    """The message names the folder and the process that writes there; afterwards the folder is free and empty."""
    folder = tmp_path / "run"
    with only_run_in(folder) as place:
        place.check()
        said = json.loads((folder / RUNNING).read_text())
        assert said["pid"] == os.getpid() and list(said) == ["pid", "host", "since"]
        message = rf"run: another run writes into this folder \(process {os.getpid()} on .+, since \d{{4}}-\d\d-\d\dT"
        with pytest.raises(InputError, match=message), only_run_in(folder):
            pass
        place.check()
    assert list(folder.iterdir()) == []
    with only_run_in(folder):
        pass


def test_what_a_killed_run_leaves_means_nothing(tmp_path):
    """While it lives it holds the folder; the system lets go of it when it dies."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"process {holder.pid} on"), only_run_in(tmp_path):
            pass
        holder.kill()
    assert (tmp_path / RUNNING).exists()
    with only_run_in(tmp_path) as place:
        place.check()
        assert json.loads((tmp_path / RUNNING).read_text())["pid"] == os.getpid()
    assert not (tmp_path / RUNNING).exists()


@pytest.mark.parametrize(
    "said", [b"", b"{", b"\xff", b"7", b"{}", b'{"pid": "x"}', b'{"pid": 1e999}', b"[" * 100_000], ids=repr
)
def test_what_cannot_be_read_of_the_run(tmp_path, said):
    """The folder is held all the same, and the message does not say by whom."""
    with only_run_in(tmp_path):
        (tmp_path / RUNNING).write_bytes(said)
        message = r"into this folder \(it has not said yet which one it is\); wait until it ends"
        with pytest.raises(InputError, match=message), only_run_in(tmp_path):
            pass


def test_nothing_is_left_open(tmp_path):
    """When the run ends, its file is closed."""
    with only_run_in(tmp_path) as place:
        os.fstat(place.handle)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(place.handle)


def deleted(folder):
    shutil.rmtree(folder)


def moved(folder):
    folder.rename(folder.with_name("elsewhere"))


def replaced(folder):
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()
    (folder / RUNNING).write_text("{}")


@pytest.mark.parametrize("change", [deleted, moved, replaced])
def test_a_folder_that_is_gone(tmp_path, change):
    """It is noticed, and what stands in its place is left alone."""
    folder = tmp_path / "run"
    message = "run: the folder was deleted, moved or replaced while this run wrote"
    with pytest.raises(FileFormatError, match=message), only_run_in(folder) as place:
        change(folder)
        place.check()
    assert folder.exists() == (change is replaced)
    assert not folder.exists() or (folder / RUNNING).read_text() == "{}"


def test_a_file_system_without_locks(tmp_path, monkeypatch, capsys):
    """The run goes on, with one line that says what is not seen to."""
    fcntl = pytest.importorskip("fcntl")

    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with only_run_in(tmp_path) as place:
        place.check()
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "cannot be locked (No locks available); see to it yourself" in err


def test_no_folder(tmp_path):
    """A file is refused."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file exists and is not a folder"), only_run_in(tmp_path / "file"):
        pass
