"""How a long count is carried out: where, how far it is shown to be, and where it can be taken up again."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from .errors import FileFormatError
from .files import write_atomically
from .progress import Progress
from .reading import read_document
from .shapes import Int
from .threads import map_in_threads

SECONDS_BETWEEN_CHECKPOINTS = 15.0
MOST_CHECKPOINT = 64 * 2**20
SILENT = Progress()
Counts = Int[np.ndarray, "places labels"]


@runtime_checkable
class MapJobs(Protocol):
    """Applies a function to jobs, somewhere, and yields the results in the order of the jobs."""

    def __call__(self, function: Callable[[Any], Any], jobs: Iterable[Any], /) -> Iterator[Any]: ...


@dataclass(frozen=True)
class Execution:
    """How a long count is carried out.

    Attributes:
        map_jobs: where the work is done; on this machine's cores if nothing else is said.
        progress: shows the share that is done.
        checkpoints: a folder for what is counted so far, a file per count, from which an interrupted count goes on;
            None to keep nothing.
        what: is counted, as the line that shows progress says it.
        finished: the checkpoints of counts that are done, to be removed when everything is.
    """

    map_jobs: MapJobs = map_in_threads
    progress: Progress = SILENT
    checkpoints: Path | None = None
    what: str = "circuits"
    finished: list[Path] = field(default_factory=list, repr=False)

    def counting(self, what: str) -> "Execution":
        """This execution, for a count of something else."""
        return replace(self, what=what)

    def total(
        self,
        function: Callable[[Any], tuple[int, Counts]],
        jobs: Iterable[Any],
        whole: int | None,
        zero: Counts,
        identity: str,
    ) -> Counts:
        """The sum of `function` over all jobs; `function` gives with each part how much of `whole` the part stands for.

        A checkpoint is written every 15 seconds at most, and named in `finished` when the count is done.

        Args:
            function: of one job; to be sent to other processes.
            jobs: always in the same order.
            whole: how much there is; None when that is not known.
            zero: what the parts are added to.
            identity: of the count; a checkpoint of another one is not used.

        Raises:
            FileFormatError: a checkpoint is damaged, or cannot be written.
        """
        path = None if self.checkpoints is None else self.checkpoints / f"circuits-{identity[:24]}.json"
        batches, done, total = 0, 0, zero
        if path is not None and path.is_file():
            batches, done, total = _read(path, identity, zero.shape)
        written = time.monotonic()
        parts = self.map_jobs(function, islice(jobs, batches, None))
        for size, part in self.progress.shares(parts, whole, done, self.what):
            batches, done, total = batches + 1, done + size, total + part
            if path is not None and time.monotonic() - written > SECONDS_BETWEEN_CHECKPOINTS:
                _write(path, identity, batches, done, total)
                written = time.monotonic()
        if path is not None and path.is_file():
            # One of several counts: the others may be interrupted still.
            _write(path, identity, batches, done, total)
            self.finished.append(path)
        return total


IN_THREADS = Execution()


def _write(path: Path, identity: str, batches: int, done: int, total: Counts) -> None:
    content = {"identity": identity, "blocks": batches, "done": done, "counts": total.tolist()}
    write_atomically(path, json.dumps(content).encode())


def _read(path: Path, identity: str, shape: tuple[int, ...]) -> tuple[int, int, Counts]:
    try:
        content = read_document(path, "a checkpoint of a count", MOST_CHECKPOINT)
        batches, done, counts = int(content["blocks"]), int(content["done"]), np.array(content["counts"], np.int64)
        if content["identity"] == identity and counts.shape == shape and batches > 0 and done > 0:
            return batches, done, counts
    except (ValueError, TypeError, KeyError, OverflowError):
        pass
    raise FileFormatError(f"{path}: not a checkpoint of this count; delete it to count from the beginning") from None
