"""Running a plan on Dask: blocks go to workers as they are free, and their results into the store as they come."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ..arguments import is_whole, quoted
from ..errors import InputError, LostBlocksError, first_line
from ..training import check_installed
from .cluster import client_of
from .costs import block_seconds
from .plan import Block, Plan, read_plan
from .results import Sweep
from .store import Store
from .work import run_block

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True)
class Step:
    """How far a run is.

    Attributes:
        networks: explained or told why not, those of earlier runs included.
        of: the networks of the plan.
        work: the share of the work of this run that is done, by the estimate of its cost; from 0 to 1.
    """

    networks: int
    of: int
    work: float


def sweep(
    plan: str | Path | Plan,
    out: str | Path,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    progress: bool = False,
) -> Sweep:
    """Train and explain every network of a plan, and return the results.

    In a script, call it under `if __name__ == "__main__":`, since the workers are processes that import the script.

    Args:
        plan: the name of an experiment (`basic`, `width`, ...), the path of a TOML file, or a Plan.
        out: the folder for the results; made if it is not there.
        seeds: networks of each point, in place of the plan's own number.
        workers: processes on this machine; one per core when not given.
        scheduler: the address of a Dask scheduler to use instead, such as tcp://HOST:8786.
        resume: go on with what the folder holds.
        progress: show progress on stderr.

    Raises:
        InputError: a plan, an option or a folder that will not do.
        FileFormatError: a file is damaged or cannot be written.
        LostBlocksError: workers died over some blocks; the rest is finished and kept.
    """
    from .watch import watching

    if not isinstance(plan, str | Path | Plan):
        raise InputError(
            f"plan is {quoted(plan)}; give the name of an experiment, such as basic, the path of a TOML file, or a Plan"
        )
    if not isinstance(out, str | Path):
        raise InputError(f"out is {quoted(out)}; give the folder for the results")
    for name, number in (("seeds", seeds), ("workers", workers)):
        if number is not None and not is_whole(number, 1):
            raise InputError(f"{name} is {quoted(number)}; it is a whole number of at least 1")
    if isinstance(plan, Plan) and seeds is not None:
        raise InputError("seeds are those of the plan; give its name or file to change them")
    chosen = plan if isinstance(plan, Plan) else read_plan(plan, seeds)
    with watching(chosen, progress) as on_step:
        run_plan(chosen, out, workers=workers, scheduler=scheduler, resume=resume, on_step=on_step)
    return Sweep.open(out)


def run_plan(
    plan: Plan,
    folder: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    on_step: Callable[[Step], None] = lambda step: None,
) -> Store:
    """Compute what a plan asks for, into a folder.

    Results do not depend on the number of workers, their order or interruptions: each block is computed by one worker
    in one thread, from the plan alone. An interrupted run goes on with `resume`; finished blocks are not computed
    again.

    Args:
        plan: what to compute.
        folder: where to; made if it is not there.
        workers: processes on this machine; one per core when None.
        scheduler: the address of a Dask scheduler, such as tcp://HOST:8786, whose workers are used instead.
        resume: go on with what the folder holds.
        on_step: called before the first block and after each.

    Raises:
        InputError: the folder holds something else, or the options do not go together.
        FileFormatError: a file of the folder is damaged or cannot be written.
        LostBlocksError: workers died over some blocks; everything else is finished and kept.
        MissingExtraError: PyTorch is not installed.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers is {workers}; it is a number of processes, at least 1")
    if workers is not None and scheduler is not None:
        raise InputError("workers are those of the scheduler when its address is given; leave one of them out")
    if scheduler is None:
        check_installed()
    store = (Store.resume if resume else Store.create)(folder, plan)
    finished = store.finished()
    left = [block for block in plan.blocks() if block.index not in finished]
    done = sum(len(block.replicates) for block in plan.blocks() if block.index in finished)
    if not left:
        store.close()
        on_step(Step(done, plan.networks, 1.0))
        return store
    costs = {block.index: block_seconds(block) for block in left}
    whole, spent = sum(costs.values()), 0.0
    # The longest first, so that no worker is left alone with one at the end.
    left.sort(key=lambda block: -costs[block.index])
    lost = []
    with _client(workers, scheduler, len(left)) as client:
        on_step(Step(done, plan.networks, 0.0))
        for block, error in _computed(client, left, store):
            if error is not None:
                lost.append((block, error))
                continue
            done, spent = done + len(block.replicates), spent + costs[block.index]
            on_step(Step(done, plan.networks, spent / whole))
    store.close()
    if lost:
        raise LostBlocksError(
            f"{len(lost)} of {len(left)} blocks were lost (block {lost[0][0].index}: {lost[0][1]}); everything else is "
            f"in {store.folder}; run again with --resume to try them again"
        )
    return store


def _computed(client: "Client", blocks: list[Block], store: Store) -> Iterator[tuple[Block, str | None]]:
    """Each block as soon as it is written, or with the reason why it is lost."""
    from distributed import as_completed

    # The plan is in the key, since a scheduler takes equal keys of different clients for the same work.
    name, here = store.plan.digest[:16], version("everyhow")
    futures = {client.submit(run_block, block, here, key=f"everyhow-{name}-{block.index}"): block for block in blocks}
    for future in as_completed(list(futures)):
        block = futures.pop(future)
        error = future.exception()
        if error is None:
            store.write(block, future.result())
        yield block, None if error is None else f"{type(error).__name__}: {first_line(error)}"
        # Nobody holds the future now, so that the workers forget its result.
        del future


@contextlib.contextmanager
def _client(workers: int | None, scheduler: str | None, blocks: int) -> "Iterator[Client]":
    """A client of a scheduler, by default one of this process with workers of its own."""
    from distributed import Client, LocalCluster

    if scheduler is not None:
        with client_of(scheduler) as client:
            yield client
        return
    count = min(workers or _cores(), blocks)
    with (
        LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
            host="127.0.0.1", silence_logs=logging.CRITICAL, preload=["everyhow.sweeps.worker"],
            worker_dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        yield client


def _cores() -> int:
    from dask.system import CPU_COUNT

    return CPU_COUNT
