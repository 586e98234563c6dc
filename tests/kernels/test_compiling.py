"""Compiled kernels are kept where they can be, and whatever their files hold, the right one runs."""

import errno
import os
import subprocess
import sys
import time

import numba
import pytest
from numba.core import caching

from everyhow.kernels import compiling


def twice(x):
    return x + x


@pytest.fixture
def kept_in(tmp_path, monkeypatch):
    """A folder of their own for compiled kernels."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    compiling._tell_slow.cache_clear()
    yield tmp_path
    compiling._tell_slow.cache_clear()


def compiled(cache=True):
    return compiling.njit(cache=cache, nogil=True)(twice)


def files(folder, ending):
    return list(folder.rglob(f"*{ending}"))


def test_kept_and_found_again(kept_in):
    """A second process finds what the first compiled; one file for each signature."""
    first = compiled()
    assert (first(2), first(0.5)) == (4, 1.0)
    assert (len(files(kept_in, ".nbi")), len(files(kept_in, ".nbc"))) == (1, 2)
    again = compiled()
    assert (again(2), again(0.5)) == (4, 1.0)
    assert sum(again.stats.cache_hits.values()) == 2 and not again.stats.cache_misses
    assert compiled(cache=False)(3) == 6


def test_two_that_begin_at_once(kept_in, monkeypatch):
    """Two processes that both find no index: each compiles another signature, and neither runs the other's code."""
    one, other = compiled(), compiled()
    with monkeypatch.context() as both:
        both.setattr(caching.IndexDataCacheFile, "_load_index", lambda self: {})
        assert one(2) == 4
        assert other(0.5) == 1.0
    assert len(files(kept_in, ".nbc")) == 2, "numbers give both one name"
    for value, result in ((2, 4), (0.5, 1.0)):
        found = compiled()(value)
        assert found == result and type(found) is type(result)


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
@pytest.mark.parametrize("content", [b"", b"\x80\x05nonsense"])
def test_damaged_files(kept_in, ending, content):
    """What a power cut or a full disk left is compiled again, and replaced."""
    assert compiled()(2) == 4
    (path,) = files(kept_in, ending)
    path.write_bytes(content)
    assert compiled()(2) == 4
    again = compiled()
    assert again(2) == 4 and sum(again.stats.cache_hits.values()) == 1


def test_one_kernel_in_another(kept_in):
    """A kernel that others call is compiled once whatever numbers are written out in the calls, and kept by them."""
    inner = compiled()

    @compiling.njit(cache=True, nogil=True)
    def outer(x):
        return inner(3) + 10 * inner(4) + 100 * inner(x)

    events = []
    with numba.core.event.install_listener("numba:compile", told := numba.core.event.RecordingListener()):
        assert outer(5) == 6 + 80 + 1000
        events += [event.data["dispatcher"].py_func.__name__ for _, event in told.buffer if event.is_start]
    assert events == ["outer", "twice"]
    assert len(files(kept_in, ".nbc")) == 1 and "outer" in files(kept_in, ".nbc")[0].name
    assert inner(7) == 14 and len(files(kept_in, ".nbc")) == 2, "Python calls a form of its own"


KERNEL = """
import sys
from typing import NamedTuple
import numpy as np
from everyhow.kernels.compiling import njit
from inner import inner

class Pair(NamedTuple):
    one: np.ndarray
    other: np.ndarray

@njit(cache=True, nogil=True)
def outer(pair):
    if len(pair.one) > 4:
        raise ValueError("too long", len(pair.one))
    return inner(pair.one), pair.other.any()

def main():
    first = outer(Pair(np.arange(4.0), np.ones(3)))
    try:
        outer(Pair(np.arange(5.0), np.ones(3)))
    except ValueError as error:
        told = error.args
    print(*first, *told, sum(outer.stats.cache_hits.values()), "scipy.linalg" in sys.modules, sep="|")
"""
INNER = """
from everyhow.kernels.compiling import njit

@njit(cache=True, nogil=True)
def inner(x):
    return x[3] + {added}
"""


def test_another_process(tmp_path):
    """Another process runs what is kept, without what Numba needs to compile; after a change of any of the files it
    compiles what they hold now."""

    def run():
        line = [sys.executable, "-c", "import outer; outer.main()"]
        here = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
        return subprocess.run(line, cwd=tmp_path, env=here, check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "outer.py").write_text(KERNEL)
    (tmp_path / "inner.py").write_text(INNER.format(added=1))
    assert run() == "4.0|True|too long|5|0|True"
    assert run() == "4.0|True|too long|5|1|False"
    (tmp_path / "inner.py").write_text(INNER.format(added=20))
    assert run() == "23.0|True|too long|5|0|True"


@pytest.fixture
def beside(monkeypatch):
    """No other process compiles yet; one that is begun is ended."""
    monkeypatch.setattr(compiling, "BESIDE", found := compiling.Beside())
    yield found
    if found._process is not None:
        found._process.kill()
        found._process.wait()


def test_what_another_process_compiles_is_waited_for(kept_in, beside, monkeypatch):
    """A kernel that another process compiles is not compiled here, and whoever waits is told."""
    told = []
    monkeypatch.setattr(compiling.ANNOUNCER, "begin", lambda: told.append("begin"))
    monkeypatch.setattr(compiling.ANNOUNCER, "end", lambda: told.append("end"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(kept_in))
    beside.begin([sys.executable, "-c", f"from {__name__} import compiled; compiled()(2)"], __name__)
    found = compiled()
    assert found(2) == 4 and sum(found.stats.cache_hits.values()) == 1 and told == ["begin", "end"]


@pytest.mark.parametrize("command", [
    [sys.executable, "-c", "raise SystemExit(1)"], ["no-such-program"],
    [sys.executable, "-c", "import time; time.sleep(60)"],
])  # fmt: skip
def test_another_process_that_compiles_nothing(kept_in, beside, monkeypatch, command):
    """Where the other process fails, is not there or takes too long, the kernel is compiled here."""
    monkeypatch.setattr(compiling, "LONGEST", 0.3)
    beside.begin(command, __name__)
    found = compiled()
    assert found(2) == 4 and sum(found.stats.cache_misses.values()) == 1


def test_other_kernels_do_not_wait(kept_in, beside):
    """Only the kernels of the module that another process compiles wait for it."""
    beside.begin([sys.executable, "-c", "import time; time.sleep(60)"], "everyhow.kernels.circuits")
    start = time.monotonic()
    assert compiled()(2) == 4 and time.monotonic() - start < 30


def test_no_place(kept_in, monkeypatch, capsys):
    """Without a folder that can be written to, kernels work; one line tells that it is slow, once."""
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    assert compiled()(2) == 4 and compiled()(3) == 6
    assert capsys.readouterr().err == (
        "everyhow: compiled kernels cannot be kept (no folder for them can be written to), so each start compiles them "
        "anew, for about half a minute; set NUMBA_CACHE_DIR to a folder that can be written to\n"
    )
    assert files(kept_in, ".nbi") == []


def test_a_full_disk(kept_in, monkeypatch, capsys):
    """A kernel that cannot be kept runs all the same."""

    def save(self, key, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(compiling._Files, "save", save)
    assert compiled()(2) == 4
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "No space left on device), so each start compiles them anew" in err


def test_every_kernel_is_kept_by_it():
    """No kernel goes by another decorator."""
    from pathlib import Path

    for path in Path(compiling.__file__).parent.glob("*.py"):
        assert path.name == "compiling.py" or "from numba" not in path.read_text(encoding="utf-8"), path
