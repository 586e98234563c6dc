"""Files of every kind, broken at random, in another process: read, or refused by name, in bounded time and memory."""

import subprocess
import sys
from pathlib import Path

import pytest

SEED, COUNT = 14, 50
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Linux tells how much memory a process has, and bounds it"
)


def test_broken_files(tmp_path):
    """Nothing is an internal failure; a process that died or did not end says which case it was at."""
    command = [sys.executable, "-m", "tests.fuzzing", str(tmp_path), str(SEED), str(COUNT)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=300)
    except subprocess.TimeoutExpired:
        pytest.fail(f"did not end at {(tmp_path / 'now').read_text()}")
    at = (tmp_path / "now").read_text() if (tmp_path / "now").is_file() else "the good files"
    assert done.returncode == 0, f"{at}: {done.stderr[-2000:]}"
    assert done.stdout == ""


def test_a_fault_is_seen(tmp_path, monkeypatch):
    """The check itself notices a traceback, a message without the file, and one with signs that a terminal obeys."""
    from everyhow.common.errors import EveryhowError

    from . import fuzzing

    path = tmp_path / "x.json"

    class ObeyedError(EveryhowError):
        def __str__(self):
            return f"{path}: \x1b[31m"

    sayings = {
        "KeyError at ": KeyError("x"),
        "the file is not named first": EveryhowError("wrong"),
        "a message of ": ObeyedError(),
    }
    for said, error in sayings.items():
        monkeypatch.setattr(fuzzing, "read", lambda _, error=error: (_ for _ in ()).throw(error))
        assert (fuzzing.fault(path) or "").startswith(said)
    monkeypatch.setattr(fuzzing, "read", lambda _: (_ for _ in ()).throw(EveryhowError(f"{path}: wrong")))
    assert fuzzing.fault(path) is None
