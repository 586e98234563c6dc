"""Requests to end: obeyed in time whatever the main thread does, with nothing temporary left."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from everyhow.common.interruption import leaving_when_asked
from everyhow.common.threads import map_in_threads, waiting_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")

BEGIN = """
import sys, time
from pathlib import Path
from everyhow.common.files import replacing
from everyhow.common.interruption import leaving_when_asked
"""
LISTENS = """
with leaving_when_asked():
    with replacing(Path(sys.argv[1]), "") as temporary:
        print("ready", flush=True)
        time.sleep(600)
"""
DOES_NOT = """
with leaving_when_asked():
    with replacing(Path(sys.argv[1]), "") as temporary:
        print("ready", flush=True)
        while True:
            try:
                time.sleep(600)
            except BaseException:
                pass
"""
KERNEL = """
import numba
@numba.njit(nogil=True)
def spin(n):
    a = 1
    while a != 0:
        a = (a * 5 + n) % 1000003 + 1
    return a
spin.compile((numba.int64,))
with leaving_when_asked():
    with replacing(Path(sys.argv[1]), "") as temporary:
        print("ready", flush=True)
        spin(7)
"""
FINISHES = """
with leaving_when_asked():
    print("ready", flush=True)
    time.sleep(1)
print("done")
"""


def as_in_a_terminal():
    """Tests may themselves run in the background of a shell, which ignores Ctrl-C for all that it starts there."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def begin(script, *arguments, begun=as_in_a_terminal):
    """A process that runs a script and is ready; it does not outlive a test that fails."""
    caught = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", BEGIN + script, *map(str, arguments)]
    with subprocess.Popen(command, **caught, preexec_fn=begun) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("script", [LISTENS, DOES_NOT, KERNEL], ids=["listens", "does not listen", "kernel"])
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "everyhow: interrupted\n"),
        (signal.SIGTERM, 143, "everyhow: ended by SIGTERM\n"),
        (signal.SIGHUP, 129, "everyhow: ended by SIGHUP\n"),
    ],
)
def test_it_ends(tmp_path, script, number, code, said):
    """With the code of the signal and one line, also out of a kernel; the temporary file is gone."""
    if script is KERNEL and number != signal.SIGINT:
        pytest.skip("compiling takes long, and one signal is like another")
    with begin(script, tmp_path / "file") as process:
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, said)
    assert list(tmp_path.iterdir()) == []


def test_what_is_ignored_stays_ignored():
    """As under nohup."""
    with begin(FINISHES, begun=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        process.send_signal(signal.SIGHUP)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "done\n", "")


def test_a_closed_terminal(tmp_path):
    """Where nothing can be said any more, it still ends."""
    read, write = os.pipe()
    script = [sys.executable, "-c", BEGIN + LISTENS, str(tmp_path / "file")]
    caught = {"stdout": subprocess.PIPE, "stderr": write, "text": True, "preexec_fn": as_in_a_terminal}
    with subprocess.Popen(script, **caught) as process:
        os.close(write)
        assert process.stdout.readline() == "ready\n"
        os.close(read)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    assert process.returncode == 129 and list(tmp_path.iterdir()) == []


def test_nothing_stays_behind():
    """Handlers are those of before."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with leaving_when_asked() as asked:
        assert asked == [] and signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert signal.set_wakeup_fd(-1) == -1


def test_threads_that_nobody_waits_for():
    """After an error the jobs that wait are not begun."""
    begun = []

    def job(number):
        begun.append(number)
        if number == 0:
            raise KeyboardInterrupt
        return number

    with pytest.raises(KeyboardInterrupt):
        list(map_in_threads(job, range(1000)))
    assert len(begun) < 100


THREADS = """
from everyhow.common.threads import map_in_threads, waiting_for
print("ready", flush=True)
"""


@pytest.mark.parametrize("work", ["list(map_in_threads(time.sleep, [60] * 9))", "waiting_for(lambda: time.sleep(60))"])
def test_a_script_is_not_kept_waiting(work):
    """Ctrl-C ends a script of somebody's own at once, also while threads are at work that nobody can stop."""
    with begin(THREADS + work) as process:
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err and time.monotonic() - began < 10


def test_errors_and_results_come_from_threads():
    """In the order of the jobs; the first error ends it."""
    assert list(map_in_threads(lambda n: n * n, range(50))) == [n * n for n in range(50)]
    assert waiting_for(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        list(map_in_threads(lambda n: 1 / n, [1, 2, 0, 3]))


def test_while_it_loads():
    """Ctrl-C before the command line is there ends it without a word."""
    # Python 3.14 sees a signal that comes just before a long sleep only after it, so that sleeps are short.
    script = (
        "import sys; sys.argv = ['bin/everyhow']; import everyhow, time; print('ready', flush=True)\n"
        "for _ in range(60_000): time.sleep(0.01)"
    )
    caught = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": as_in_a_terminal}
    with subprocess.Popen([sys.executable, "-c", script], **caught) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == -signal.SIGINT
    script = script.replace("bin/everyhow", "script.py")
    with subprocess.Popen([sys.executable, "-c", script], **caught) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in process.communicate(timeout=60)[1], "scripts are left alone"
