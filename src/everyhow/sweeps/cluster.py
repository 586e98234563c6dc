"""Work on the workers of a Dask scheduler: the client of one, and jobs whose results come in their order."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from ..circuits.execution import Spread
from ..errors import InputError, LostBlocksError, first_line

if TYPE_CHECKING:
    from distributed import Client, Future

SECONDS_TO_CONNECT = 10
# Jobs that are with the workers for each of their threads: enough that none waits, few enough that none piles up.
JOBS_PER_THREAD = 4


@contextlib.contextmanager
def client_of(scheduler: str) -> "Iterator[Client]":
    """A client of the scheduler at an address such as tcp://HOST:8786.

    Raises:
        InputError: it does not answer.
    """
    from distributed import Client

    try:
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise InputError(
            f"scheduler {scheduler!r} does not answer ({error}); give the address that dask scheduler prints, "
            f"such as tcp://HOST:8786"
        ) from None
    with client:
        yield client


def spread_over(client: "Client") -> Spread:
    """Applies a function to jobs on the workers of a client.

    Raises:
        LostBlocksError: workers died over a job again and again.
    """

    def spread(function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        threads = max(1, sum(cast(dict[str, int], client.nthreads()).values()))
        # Sent once to each worker instead of with every job.
        shared = client.scatter(function, broadcast=True)
        waiting: deque[Future] = deque()
        for job in jobs:
            waiting.append(client.submit(_apply, shared, job, pure=False))
            if len(waiting) >= JOBS_PER_THREAD * threads:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())

    return spread


def _apply(function: Callable[[Any], Any], job: Any) -> Any:
    from ..threads import one_thread

    with one_thread():
        return function(job)


def _result(future: "Future") -> Any:
    error = cast(Exception | None, future.exception())
    if error is not None:
        raise LostBlocksError(
            f"the workers could not count a block of circuits ({type(error).__name__}: {first_line(error)}); what was "
            f"counted before is in the checkpoints, if a folder for them was given"
        )
    return future.result()
