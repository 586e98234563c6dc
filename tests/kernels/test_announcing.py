"""While kernels compile, a person who waits sees a bar; nobody else does."""

import io
import re
import sys
import time

import numba
import pytest

from everyhow.common import progress
from everyhow.kernels import announcing, compiling

# The line is written over, and the cursor goes back to where it was.
TAKEN_AWAY = re.compile(r"\r +\r$")


class Screen(io.StringIO):
    """Standard error as a terminal, or as none."""

    def __init__(self, watched=True):
        super().__init__()
        self.watched = watched

    def isatty(self):
        return self.watched


@pytest.fixture
def announcer(monkeypatch):
    """An announcer that has shown nothing yet, where kernels tell of themselves."""
    found = announcing.Announcer()
    monkeypatch.setattr(compiling, "ANNOUNCER", found)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    monkeypatch.setattr(progress, "DELAY", 0.0)
    return found


def slow_to_compile(module):
    """A kernel of some module that was never compiled."""

    def many(x):
        return x + x

    many.__module__ = module
    return numba.njit(many)


def test_a_line_and_a_bar(announcer, monkeypatch):
    """The line comes once; the bar is taken away when nothing compiles, and the code runs as ever."""
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    assert slow_to_compile("everyhow.kernels.one")(2) == 4 and slow_to_compile("everyhow.kernels.two")(2.5) == 5
    said = screen.getvalue()
    assert said.startswith(f"{announcing.LINE}\n") and said.count(announcing.LINE) == 1
    assert "\rcompiling: " in said and announcer.compiled == 2
    assert TAKEN_AWAY.search(said) and not announcer.is_shown


def test_nobody_looks(announcer, monkeypatch):
    """A pipe gets nothing, and neither do kernels of others, nor those that are found compiled."""
    monkeypatch.setattr(sys, "stderr", screen := Screen(watched=False))
    assert slow_to_compile("everyhow.kernels.one")(2) == 4
    monkeypatch.setattr(sys, "stderr", other := Screen())
    ours, compiled = slow_to_compile("everyhow.kernels.two"), slow_to_compile("somebody.elses")
    assert compiled(2) == 4 and screen.getvalue() == other.getvalue() == ""
    assert ours(2) == 4 and ours(3) == 6 and announcer.compiled == 2


def test_a_kernel_of_no_module(announcer):
    """Functions made by `exec` have none; whoever compiles one beside this package is not disturbed."""
    assert slow_to_compile(None)(1) == 2
    assert announcer.compiled == 0


def test_before_the_first_kernel(announcer, monkeypatch):
    """A command shows the bar from its first second on, and takes it away before it prints something else."""
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    announcer.expect(3)
    time.sleep(0.05)
    assert "\rcompiling: 0.0 % [" in screen.getvalue() and announcer.is_shown
    announcer.hide()
    assert TAKEN_AWAY.search(screen.getvalue()) and not announcer.is_shown
    announcer.hide()
    announcer.begin()
    for _ in range(5):
        announcer.begin()
        announcer.end()
    assert announcer._work.done == 2, "it is not full before the command ends"
    announcer.end()
    assert not announcer.is_shown


def test_what_others_compile(announcer, monkeypatch):
    """Of what worker processes compile there is a line alone."""
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    announcer.tell()
    assert screen.getvalue() == f"{announcing.LINE}\n"


def test_commands_look_for_what_is_kept(monkeypatch, tmp_path):
    """The bar is for a first use: not where compiled kernels are kept."""
    from everyhow.cli.options import announce_compilation

    shown = []
    monkeypatch.setattr(announcing.ANNOUNCER, "expect", shown.append)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    announce_compilation()
    announce_compilation(announcing.OF_A_COUNT)
    assert shown == [announcing.OF_AN_AUDIT, announcing.OF_A_COUNT]
    (tmp_path / "kernels_x").mkdir()
    (tmp_path / "kernels_x" / "circuits.count-1.nbi").touch()
    announce_compilation()
    assert len(shown) == 2


def test_a_log_is_told_beside_what_is_done(announcer, monkeypatch):
    """Where there is no terminal, the lines of a work that is shown say that it waits for kernels, while it does."""
    monkeypatch.setattr(sys, "stderr", screen := Screen(watched=False))
    monkeypatch.setattr(progress, "LONG_PAUSE", 0.01)
    with progress.showing("circuits"):
        assert slow_to_compile("everyhow.kernels.one")(2) == 4
        compiled = screen.getvalue()
        time.sleep(0.1)
    assert "circuits: " in compiled and f"; {announcing.MEANWHILE}\n" in compiled
    assert announcing.MEANWHILE not in screen.getvalue().splitlines()[-1]
