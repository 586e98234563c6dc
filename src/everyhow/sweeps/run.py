"""Running a plan on Dask: blocks go to workers as they are free, and their results into the store as they come."""

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ..common.arguments import is_whole, quoted
from ..common.cluster import SECONDS_WITHOUT_WORKERS, Watched, as_they_come, client_of
from ..common.errors import InputError, LostBlocksError, first_line
from ..common.extras import need
from ..common.files import remove_leftovers
from ..common.one_run import HeldFolder, only_run_in
from ..training import check_installed
from .costs import block_seconds
from .pace import Pace
from .plan import Block, Plan, read_plan
from .results import Sweep
from .store import Store
from .watch import Step, watching
from .work import Spent, run_block

if TYPE_CHECKING:
    from distributed import Client


def sweep(
    plan: str | Path | Plan,
    out: str | Path,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    progress: bool = False,
    wait: float = SECONDS_WITHOUT_WORKERS,
) -> Sweep:
    """Train and explain every network of a plan, and return the results.

    Args:
        plan: the name of an experiment (`basic`, `width`, ...), the path of a TOML file, or a Plan.
        out: the folder for the results; made if it is not there.
        seeds: networks of each point, in place of the plan's own number.
        workers: processes on this machine; one per core when not given.
        scheduler: the address of a Dask scheduler to use instead, such as `tcp://HOST:8786`.
        resume: go on with what the folder holds.
        progress: show a bar, below the cell in a notebook and else on stderr.
        wait: seconds that a scheduler may be without workers before the run ends.

    Raises:
        InputError: a plan, an option or a folder that is not allowed, or a folder that another run writes into.
        FileFormatError: a file is damaged or cannot be written, or the folder was deleted meanwhile.
        LostBlocksError: workers died over some blocks, or no worker or no scheduler is left; the rest is kept.
        MissingExtraError: Dask, DuckDB or, where this machine computes, PyTorch is not installed.

    Example:
        >>> found = sweep("basic", "runs/two", seeds=2, workers=1)  # doctest: +SKIP
        >>> found, found.query("SELECT count(*) FROM results").rows  # doctest: +SKIP
        (Sweep(basic: 1 of 1 blocks finished, in runs/two), ((4,),))
    """
    if not isinstance(plan, str | Path | Plan):
        raise InputError(
            f"plan is {quoted(plan)}; give the name of an experiment, such as basic, the path of a TOML file, or a Plan"
        )
    if not isinstance(out, str | Path):
        raise InputError(f"out is {quoted(out)}; give the folder for the results")
    for name, number in (("seeds", seeds), ("workers", workers)):
        if number is not None and not is_whole(number, 1):
            raise InputError(f"{name} is {quoted(number)}; it is a whole number of at least 1")
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait < math.inf:
        raise InputError(f"wait is {quoted(wait)}; it is a number of seconds, at least 0")
    if isinstance(plan, Plan) and seeds is not None:
        raise InputError("seeds are those of the plan; give its name or file to change them")
    chosen = plan if isinstance(plan, Plan) else read_plan(plan, seeds)
    with watching(chosen, progress) as on_step:
        return run_plan(chosen, out, workers=workers, scheduler=scheduler, resume=resume, on_step=on_step, wait=wait)


def run_plan(
    plan: Plan,
    folder: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    on_step: Callable[[Step], None] = lambda step: None,
    wait: float = SECONDS_WITHOUT_WORKERS,
) -> Sweep:
    """Compute what a plan asks for, into a folder; arguments and errors are those of `sweep`. `on_step` is called
    before the first block and after each.

    Results do not depend on the number of workers, their order or interruptions: each block is computed by one worker
    in one thread, from the plan alone. An interrupted run goes on with `resume`; finished blocks are not computed
    again.
    """
    if workers is not None and scheduler is not None:
        raise InputError("workers are those of the scheduler when its address is given; leave one of them out")
    need("a sweep needs", "sweeps", otherwise="; --list and --dry-run work without")
    if scheduler is None:
        check_installed()
    with only_run_in(folder) as held:
        store = (Store.resume if resume else Store.create)(folder, plan)
        remove_leftovers(store.folder)
        finished = store.finished()
        left = [block for block in plan.blocks() if block.index not in finished]
        done = sum(len(block.replicates) for block in plan.blocks() if block.index in finished)
        lost = []
        if left:
            pace = Pace(left)
            # The longest first, so that no worker is left alone with one at the end.
            left.sort(key=lambda block: -block_seconds(block))
            with _crew(workers, scheduler, wait, len(left), held) as crew:
                on_step(Step(done, plan.networks, 0.0, pace.left(crew.size())))
                for block, spent, error in _computed(crew, left, store):
                    if error is not None:
                        lost.append((block, error))
                        continue
                    done += len(block.replicates)
                    pace.finished(block, spent)
                    on_step(Step(done, plan.networks, pace.share, pace.left(crew.size())))
        else:
            on_step(Step(done, plan.networks, 1.0, 0.0))
        digests = store.close()
    if lost:
        raise LostBlocksError(
            f"{len(lost)} of {len(left)} blocks were lost (block {lost[0][0].index}: {lost[0][1]}); everything else is "
            f"in {store.folder}; run again with --resume to try them again"
        )
    return Sweep(store, digests)


@dataclass(frozen=True)
class _Crew:
    """Who computes.

    Attributes:
        client: of Dask.
        size: how many blocks it computes at the same time, as far as that is known.
        look: to be called now and then; ends the run where it cannot go on.
        had_outcome: to be called when a block is finished or lost.
    """

    client: "Client"
    size: Callable[[], int]
    look: Callable[[], None]
    had_outcome: Callable[[], None] = lambda: None


def _computed(crew: _Crew, blocks: list[Block], store: Store) -> Iterator[tuple[Block, Spent | None, str | None]]:
    """Each block as soon as it is written, with what it took, or with the reason why it is lost."""
    # The plan is in the key, since a scheduler takes equal keys of different clients for the same work.
    name, here = store.plan.digest[:16], version("everyhow")
    futures = {
        crew.client.submit(run_block, block, here, key=f"everyhow-{name}-{block.index}"): block for block in blocks
    }
    for outcome, block in as_they_come(futures, crew.look):
        crew.had_outcome()
        if isinstance(outcome, Exception):
            yield block, None, f"{type(outcome).__name__}: {first_line(outcome)}"
        else:
            crew.look()
            store.write(block, outcome)
            yield block, outcome.spent, None


@contextlib.contextmanager
def _crew(workers: int | None, scheduler: str | None, wait: float, blocks: int, held: HeldFolder) -> Iterator[_Crew]:
    """The workers of a scheduler, or by default of this machine; they work as long as the folder is there."""

    def looking(look: Callable[[], None]) -> Callable[[], None]:
        def both() -> None:
            held.check()
            look()

        return both

    if scheduler is not None:
        with client_of(scheduler) as client:
            watched = Watched(client, wait)
            yield _Crew(client, watched.threads, looking(watched.look))
        return
    # Not before it is needed: it loads multiprocessing.
    from .local import local_workers

    number = min(workers or _cores(), blocks)
    with local_workers(number) as (client, local):
        yield _Crew(client, lambda: number, looking(local.look), local.had_outcome)


def _cores() -> int:
    from dask.system import CPU_COUNT

    return CPU_COUNT
