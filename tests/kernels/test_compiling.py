"""Compiled kernels are kept where they can be, and whatever their files hold, the right one runs."""

import errno

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
