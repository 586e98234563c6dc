"""Worker processes of this machine: those that die before they begin, and those that use too much memory."""

import os
import sys
import time

import pytest

from everyhow.common.errors import LostBlocksError
from everyhow.sweeps import local


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


def test_workers_leave_other_cores_alone(monkeypatch):
    """Their linear algebra has one thread: others would wait in a loop, on the cores of other workers."""
    monkeypatch.delenv("OMP_NUM_THREADS")

    def threads():
        import numpy as np
        import threadpoolctl

        np.ones((2, 2)) @ np.ones((2, 2))
        return [library["num_threads"] for library in threadpoolctl.threadpool_info()]

    with local.local_workers(1) as (client, _):
        found = client.submit(threads).result(timeout=120)
    assert found and set(found) == {1}
