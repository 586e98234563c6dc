"""A worker process of this machine: it computes what the scheduler sends, for as long as its parent is there."""

import contextlib
import logging
import multiprocessing
import os
import shutil
import threading
from pathlib import Path


def work(scheduler: str, name: str, scratch: Path, memory: int) -> None:
    """Be a worker of a scheduler, in one thread, until the process that started this one is gone.

    Args:
        scheduler: its address.
        name: of the worker.
        scratch: a folder of its own, where it also writes what would go to a terminal.
        memory: bytes it may use.
    """
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()
    # NumPy's BLAS reads this when it is loaded. Its further threads would wait in a loop, on other workers' cores.
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    import asyncio

    words = os.open(words_of(scratch), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(words, 1)
    os.dup2(words, 2)
    asyncio.run(_serve(scheduler, name, scratch, memory))


def words_of(scratch: Path) -> Path:
    """The file of what a worker says."""
    return scratch / "words"


async def _serve(scheduler: str, name: str, scratch: Path, memory: int) -> None:
    from dask import config
    from distributed import Worker

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    # Nobody looks at its profile, for which the computing thread would be stopped a hundred times a second.
    config.set({"distributed.worker.profile.enabled": False})
    async with Worker(
        scheduler, nthreads=1, name=name, host="127.0.0.1", dashboard_address="127.0.0.1:0",
        local_directory=str(scratch), memory_limit=memory,
    ) as worker:  # fmt: skip
        await worker.finished()


def _end_with_parent(scratch: Path) -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    # It was killed, so nobody else deletes this.
    shutil.rmtree(scratch, ignore_errors=True)
    with contextlib.suppress(OSError):
        scratch.parent.rmdir()
    os._exit(0)
