"""Sweeps: many networks trained and explained by a plan, on Dask, into a folder of plain files."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .plan import Plan as PlanType
    from .results import Sweep as SweepType


def sweep(
    plan: "str | Path | PlanType",
    out: str | Path,
    *,
    seeds: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    progress: bool = False,
) -> "SweepType":
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
    from .plan import Plan, read_plan
    from .results import Sweep
    from .run import run_plan
    from .watch import watching

    chosen = plan if isinstance(plan, Plan) else read_plan(plan, seeds)
    with watching(chosen, progress) as on_step:
        run_plan(chosen, out, workers=workers, scheduler=scheduler, resume=resume, on_step=on_step)
    return Sweep.open(out)
