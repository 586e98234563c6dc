"""Work that releases the interpreter lock, spread over the machine's cores."""

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any, TypeVar

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
    """The results in the order of the jobs, only a few of which wait at any time; a single job starts no thread.

    The thread that asks computes nothing itself but waits, so that it hears Ctrl-C at once. A job that has begun ends
    in its thread, for which nobody waits, not even a process that ends.
    """
    remaining = iter(jobs)
    first = list(itertools.islice(remaining, 2))
    if len(first) < 2 or _alone.get():
        yield from map(function, itertools.chain(first, remaining))
        return
    with _crew() as submit:
        yield from _waited_for(submit, function, itertools.chain(first, remaining))


def waiting_for(function: Callable[[], Result]) -> Result:
    """What a function gives that may be in one kernel for minutes: another thread is, and the main one hears Ctrl-C."""
    if _alone.get() or threading.current_thread() is not threading.main_thread():
        return function()
    with _crew() as submit:
        return submit(function).result()


def _waited_for(
    submit: Callable[[Callable[[], Any]], Future[Any]], function: Callable[[Job], Result], jobs: Iterable[Job]
) -> Iterator[Result]:
    waiting: deque[Future[Result]] = deque()
    for job in jobs:
        waiting.append(submit(lambda job=job: function(job)))
        if len(waiting) > 2 * _cores():
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def _crew() -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Threads, one for each core at most, that do what is submitted; after an error what has not begun never begins.

    They are daemons: Python would wait for others when it ends.
    """
    queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
    submitted: deque[Future[Any]] = deque(maxlen=4 * _cores())
    started = 0

    def submit(work: Callable[[], Any]) -> Future[Any]:
        nonlocal started
        future: Future[Any] = Future()
        submitted.append(future)
        queue.put((future, work))
        if started < _cores():
            started += 1
            threading.Thread(target=_work, args=(queue,), daemon=True).start()
        return future

    try:
        yield submit
    finally:
        for future in submitted:
            future.cancel()
        for _ in range(started):
            queue.put(None)


def _work(queue: "SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]") -> None:
    while (one := queue.get()) is not None:
        future, work = one
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)


def _cores() -> int:
    return os.cpu_count() or 1
