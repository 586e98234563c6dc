"""Workers of this machine: a process per worker, replaced when it dies, stopped at once when the run ends."""

import contextlib
import logging
import multiprocessing
import sys
import tempfile
import types
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.errors import LostBlocksError
from ..common.interruption import without_interruption
from .worker import words_of, work

if TYPE_CHECKING:
    from distributed import Client

# The scheduler gives a block up after the fourth worker that dies over it; so many end a run in which nothing else
# happens.
DEATHS_OF_EACH = 6
# Of the memory that a worker may use; beyond it is stopped, before the system stops something else.
ENOUGH_MEMORY = 0.95
SETTINGS = {
    # A block waits here instead of with a worker that is busy, so that none is blamed for another's death.
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 3,
}


class LocalWorkers:
    """The worker processes of this machine for the scheduler at an address."""

    def __init__(self, scheduler: str, count: int, scratch: Path) -> None:
        from distributed.system import MEMORY_LIMIT

        self._address = scheduler
        self._scratch = scratch
        self._memory = MEMORY_LIMIT // count
        self._most_deaths = DEATHS_OF_EACH * count
        self._started = 0
        self._deaths = 0
        self._told: set[str] = set()
        self._processes = dict(self._start() for _ in range(count))

    def had_outcome(self) -> None:
        """Deaths are counted from here on: a block is finished or lost."""
        self._deaths = 0

    def look(self) -> None:
        """Replace the workers that died, and stop those that use more memory than there is for each.

        Raises:
            LostBlocksError: they die again and again while nothing is finished.
        """
        import psutil

        for process, scratch in tuple(self._processes.items()):
            for line in _said(scratch):
                # Such as that kernels are compiled anew; every worker says the same.
                if line.startswith("everyhow: ") and line not in self._told:
                    self._told.add(line)
                    sys.stderr.write(f"{line}\n")
            if process.exitcode is None:
                with contextlib.suppress(psutil.Error):
                    if psutil.Process(process.pid).memory_info().rss > ENOUGH_MEMORY * self._memory:
                        process.kill()
                continue
            self._deaths += 1
            if self._deaths > self._most_deaths:
                raise LostBlocksError(
                    f"worker processes ended {self._deaths} times while no block was finished (the last "
                    f"{_ending(process.exitcode, scratch)}); see what stops them, then run again with --resume"
                )
            del self._processes[process]
            self._processes |= [self._start()]

    def stop(self) -> None:
        """End the workers at once. No finished block is lost, and nothing of a block is kept before it is finished."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()

    def _start(self) -> tuple[BaseProcess, Path]:
        self._started += 1
        scratch = self._scratch / str(self._started)
        scratch.mkdir()
        process = multiprocessing.get_context("spawn").Process(
            target=work, args=(self._address, str(self._started), scratch, self._memory), daemon=True
        )
        # Ctrl-C is for this process, which stops its workers itself.
        with without_interruption(), without_script():
            process.start()
        return process, scratch


@contextlib.contextmanager
def without_script() -> Iterator[None]:
    """While this lasts processes that are started do not import the script that is run: a script without a main guard
    would run again in each of them."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _ending(code: int, scratch: Path) -> str:
    """How a process ended, with the last it said."""
    last = next((line.strip() for line in reversed(_said(scratch)) if line.strip()), "")
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return how + (f", saying {last[:200]!r}" if last else "")


def _said(scratch: Path) -> list[str]:
    """The lines that a worker has written in place of a terminal."""
    try:
        return words_of(scratch).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


@contextlib.contextmanager
def local_workers(count: int) -> "Iterator[tuple[Client, LocalWorkers]]":
    """So many workers on this machine, and a client of theirs."""
    from dask import config
    from distributed import Client, LocalCluster

    # It tells of every connection that closes, with its traceback, also when the cluster is gone and no longer silent.
    logging.getLogger("distributed.batched").setLevel(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory(prefix="everyhow-", ignore_cleanup_errors=True) as scratch,
        config.set(SETTINGS),
        LocalCluster(
            n_workers=0, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        workers = LocalWorkers(client.scheduler_info()["address"], count, Path(scratch))
        try:
            yield client, workers
        finally:
            workers.stop()
