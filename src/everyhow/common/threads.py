"""Work that releases the interpreter lock, spread over the machine's cores."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
_alone: ContextVar[bool] = ContextVar("alone", default=False)


@contextmanager
def one_thread() -> Iterator[None]:
    """While this lasts no threads are started: for one of several processes that share the machine."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def map_in_threads(function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
    """The results in the order of the jobs, only a few of which wait at any time; a single job starts no thread."""
    remaining = iter(jobs)
    first = list(itertools.islice(remaining, 2))
    if len(first) < 2 or _alone.get():
        yield from map(function, itertools.chain(first, remaining))
        return
    workers = os.cpu_count() or 1
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for job in itertools.chain(first, remaining):
            waiting.append(pool.submit(function, job))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # After an error or Ctrl-C nobody waits for jobs whose results nobody wants.
        pool.shutdown(wait=False, cancel_futures=True)
