"""Work on the workers of Dask: waiting for it without waiting forever, and jobs whose results come in their order."""

import contextlib
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .errors import InputError, LostBlocksError, first_line
from .extras import need
from .threads import one_thread

if TYPE_CHECKING:
    from distributed import Client, Future

    from .execution import MapJobs

SECONDS_TO_CONNECT = 10
# How long a scheduler may be silent, and how long there may be no worker, unless told otherwise.
SECONDS_OF_SILENCE, SECONDS_WITHOUT_WORKERS = 20.0, 45.0
SECONDS_BETWEEN_LOOKS = 1.0
# Jobs that are with the workers for each of their threads: enough that none waits, few enough that none piles up.
JOBS_PER_THREAD = 4

GONE = (
    "the scheduler is gone, or cannot be reached any more; start one with workers, and run again: what is finished is "
    "kept"
)

Name = TypeVar("Name")


@contextlib.contextmanager
def client_of(scheduler: str) -> "Iterator[Client]":
    """A client of the scheduler at an address such as tcp://HOST:8786.

    Raises:
        InputError: it does not answer.
        MissingExtraError: Dask is not installed.
    """
    need("a scheduler needs", "sweeps", "dask", "distributed", otherwise="; without one this machine's cores count")
    from distributed import Client

    try:
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise InputError(
            f"scheduler {scheduler!r} does not answer ({error}); give the address that dask scheduler prints, "
            f"such as tcp://HOST:8786"
        ) from None
    # What becomes of the connection is told in our words, once.
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield client
    finally:
        # A scheduler that is gone is not waited for.
        client.close(timeout=2)
        log.setLevel(level)


class Watched:
    """A scheduler of somebody else, asked now and then whether it is there and has workers."""

    def __init__(self, client: "Client", wait: float = SECONDS_WITHOUT_WORKERS) -> None:
        self.client = client
        self._address = str(client.scheduler.address) if client.scheduler else "the scheduler"
        self._wait = wait
        self._heard = self._looked = self._had_workers = time.monotonic()
        self._told = False

    def look(self) -> None:
        """See whether the scheduler answers and has workers; where it has none, say so.

        Raises:
            LostBlocksError: it is gone, or has been without workers for as long as was allowed.
        """
        now = time.monotonic()
        if now - self._looked < SECONDS_BETWEEN_LOOKS:
            return
        try:
            threads = self.threads()
            self._heard = time.monotonic()
        except (OSError, AttributeError, RuntimeError):
            threads = None
        self._looked = time.monotonic()
        if self.client.status != "running" or self._looked - self._heard > SECONDS_OF_SILENCE:
            raise LostBlocksError(GONE)
        if threads is None:
            return
        if threads:
            self._had_workers, self._told = self._looked, False
            return
        if self._looked - self._had_workers > self._wait:
            raise LostBlocksError(
                f"the scheduler {self._address} had no workers for {self._wait:.0f} s; start some, such as by "
                f"dask worker {self._address} --nthreads 1, and run again; what is finished is kept"
            )
        if not self._told:
            self._told = True
            sys.stderr.write(
                f"everyhow: the scheduler {self._address} has no workers; waiting {self._wait:.0f} s for some\n"
            )

    def threads(self) -> int:
        """How many threads its workers have together."""
        found = self.client.sync(cast(Any, self.client.scheduler).ncores, callback_timeout=SECONDS_TO_CONNECT)
        return sum(cast(Mapping[str, int], found).values())


def as_they_come(futures: "dict[Future[Any], Name]", look: Callable[[], None]) -> Iterator[tuple[Any, Name]]:
    """The result of each future, or the exception in its place, as soon as it is there.

    In between, and at least every second, `look` is called. Futures are taken out of the dictionary when they are done,
    so that nobody holds them and the workers forget their results.

    Raises:
        LostBlocksError: a future has neither, since the scheduler has forgotten it.
    """
    done: SimpleQueue[Future[Any]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(done.put)
    while futures:
        look()
        with contextlib.suppress(Empty):
            future = done.get(timeout=SECONDS_BETWEEN_LOOKS)
            name = futures.pop(future)
            if future.status == "error":
                yield cast(Exception, future.exception()), name
            elif future.status == "finished":
                yield future.result(), name
            else:
                raise LostBlocksError(GONE)
            del future


def map_on(client: "Client") -> "MapJobs":
    """Applies a function to jobs on the workers of a client.

    Raises:
        LostBlocksError: workers died over a job again and again; or there is no worker, or no scheduler any more.
    """
    watched = Watched(client)

    def map_jobs(function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        while not (threads := watched.threads()):
            watched.look()
            time.sleep(SECONDS_BETWEEN_LOOKS)
        # Sent once instead of with every job. A result can be made again when the worker that holds it dies.
        shared = client.submit(_itself, function, pure=False)
        waiting: deque[Future[Any]] = deque()
        for job in jobs:
            waiting.append(client.submit(_apply, shared, job, pure=False))
            if len(waiting) >= JOBS_PER_THREAD * threads:
                yield _result(waiting.popleft(), watched.look)
        while waiting:
            yield _result(waiting.popleft(), watched.look)

    return map_jobs


def _itself(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return function


def _apply(function: Callable[[Any], Any], job: Any) -> Any:
    with one_thread():
        return function(job)


def _result(future: "Future[Any]", look: Callable[[], None]) -> Any:
    ((found, _),) = as_they_come({future: None}, look)
    if isinstance(found, Exception):
        raise LostBlocksError(
            f"the workers could not count a batch of circuits ({type(found).__name__}: {first_line(found)}); what was "
            f"counted before is in the checkpoints, if a folder for them was given"
        )
    return found
