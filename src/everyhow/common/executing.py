"""Where long counts of circuits are carried out: on this machine's cores, or by the workers of a Dask scheduler."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .cluster import client_of, map_on
from .execution import Execution
from .progress import Progress


@contextmanager
def executing(
    progress: Progress, checkpoints: str | Path | None = None, scheduler: str | None = None
) -> Iterator[Execution]:
    """How counts within are carried out.

    Args:
        progress: where the share that is done is shown.
        checkpoints: a folder for what is counted so far, made when it is needed; None to keep nothing.
        scheduler: the address of a Dask scheduler; this machine's cores when None.

    Raises:
        InputError: the scheduler does not answer.
        MissingExtraError: there is one to be asked, and Dask is not installed.
    """
    folder = None if checkpoints is None else Path(checkpoints)
    with progress.doing("explaining"):
        if scheduler is None:
            execution = Execution(progress=progress, checkpoints=folder)
            yield execution
        else:
            with client_of(scheduler) as client:
                execution = Execution(map_on(client), progress, folder)
                yield execution
    for path in execution.finished:
        path.unlink(missing_ok=True)
