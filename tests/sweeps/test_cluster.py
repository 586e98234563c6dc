"""Who computes: a scheduler that is silent or without workers, and processes that die before they begin."""

import os
import sys
import time

import pytest

from everyhow.common import cluster
from everyhow.common.cluster import Watched, as_they_come
from everyhow.common.errors import LostBlocksError
from everyhow.sweeps import local


class Scheduler:
    """Stands for a client and its scheduler; answers with threads, or raises."""

    def __init__(self):
        self.status, self.answer, self.scheduler = "running", {"tcp://a": 2, "tcp://b": 1}, self
        self.address, self.ncores = "tcp://host:8786", None

    def sync(self, function, callback_timeout):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when the test says so."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_watched(clock, capsys):
    """All is well as long as it answers and has workers."""
    scheduler = Scheduler()
    watched = Watched(scheduler, wait=30)
    assert watched.threads() == 3
    for _ in range(1000):
        clock[0] += 5
        watched.look()
    assert capsys.readouterr().err == ""


def test_without_workers(clock, capsys):
    """Said once, and again after some were there; the end after as long as was allowed, not before."""
    scheduler = Scheduler()
    watched = Watched(scheduler, wait=30)
    for answer, seconds in (({}, 28), ({"tcp://a": 1}, 500), ({}, 28)):
        scheduler.answer = answer
        for _ in range(seconds // 2):
            clock[0] += 2
            watched.look()
    line = "everyhow: the scheduler tcp://host:8786 has no workers; waiting 30 s for some\n"
    assert capsys.readouterr().err == 2 * line
    clock[0] += 5
    with pytest.raises(LostBlocksError, match="had no workers for 30 s; start some, such as by dask worker tcp://host"):
        watched.look()


@pytest.mark.parametrize("error", [OSError("gone"), TimeoutError()])
def test_a_silent_scheduler(clock, error):
    """Silence is borne for 20 seconds."""
    scheduler = Scheduler()
    watched = Watched(scheduler, wait=1e9)
    scheduler.answer = error
    for _ in range(9):
        clock[0] += 2
        watched.look()
    scheduler.answer = {}
    clock[0] += 2
    watched.look()
    scheduler.answer = error
    for _ in range(10):
        clock[0] += 2
        watched.look()
    clock[0] += 2
    with pytest.raises(LostBlocksError, match="the scheduler is gone, or cannot be reached any more; start one with"):
        watched.look()


def test_a_lost_connection(clock):
    """It ends the run at the next look."""
    scheduler = Scheduler()
    watched = Watched(scheduler)
    scheduler.status = "connecting"
    clock[0] += 2
    with pytest.raises(LostBlocksError, match="the scheduler is gone"):
        watched.look()


class Future:
    """Stands for a future with an outcome, or with none yet."""

    def __init__(self, status, found=None):
        self.status, self.found = status, found

    def add_done_callback(self, function):
        if self.status != "pending":
            function(self)

    def result(self):
        return self.found

    exception = result


def test_as_they_come(monkeypatch):
    """Results and errors come as they are, forgotten ones are an error, and one that waits is looked after."""
    error = ValueError("as a test")
    futures = {Future("finished", 5): "a", Future("error", error): "b"}
    looks = []
    assert list(as_they_come(futures, lambda: looks.append(1))) == [(5, "a"), (error, "b")]
    assert futures == {} and len(looks) == 2
    with pytest.raises(LostBlocksError, match="the scheduler is gone"):
        list(as_they_come({Future("cancelled"): "a"}, lambda: None))
    monkeypatch.setattr(cluster, "SECONDS_BETWEEN_LOOKS", 0.01)

    def look():
        looks.append(1)
        if len(looks) == 9:
            raise LostBlocksError("as a test")

    with pytest.raises(LostBlocksError, match="as a test"):
        list(as_they_come({Future("pending"): "a"}, look))
    assert len(looks) == 9


def end_badly(scheduler, name, scratch, memory):
    """In place of a worker."""
    (scratch / "words").write_text(f"everyhow: this is slow\nTraceback\nno such thing as {scheduler}\n\n")
    os._exit(7)


def test_workers_that_end_before_they_begin(tmp_path, monkeypatch, capsys):
    """They are started again, so many times; then the run ends with how they ended and what they said last. What they
    have to tell of everyhow is told, once."""
    monkeypatch.setattr(local, "work", end_badly)
    monkeypatch.setattr(local, "DEATHS_OF_EACH", 2)
    workers = local.LocalWorkers("tcp://127.0.0.1:1", 1, tmp_path)
    message = "ended 3 times while no block was finished .the last with exit code 7, saying 'no such thing as tcp://127"
    end = time.monotonic() + 120
    try:
        with pytest.raises(LostBlocksError, match=message):
            while time.monotonic() < end:
                workers.look()
                time.sleep(0.05)
    finally:
        workers.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3"]
    assert capsys.readouterr().err == "everyhow: this is slow\n"


def wait_for_ever(scheduler, name, scratch, memory):
    """In place of a worker."""
    time.sleep(600)


def test_workers_that_use_too_much(tmp_path, monkeypatch):
    """Beyond the memory that there is for each they are stopped and replaced; all are stopped at the end."""
    monkeypatch.setattr(local, "work", wait_for_ever)
    monkeypatch.setattr(local, "ENOUGH_MEMORY", 1e-9)
    workers = local.LocalWorkers("tcp://127.0.0.1:1", 1, tmp_path)
    (first,) = workers._processes
    end = time.monotonic() + 120
    while first in workers._processes:
        assert time.monotonic() < end
        workers.look()
        time.sleep(0.05)
    assert first.exitcode == -9 or sys.platform == "win32"
    (second,) = workers._processes
    workers.stop()
    assert second.exitcode is not None
