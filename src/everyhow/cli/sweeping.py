"""The command `sweep`: many networks by a plan."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..common.cluster import SECONDS_WITHOUT_WORKERS
from ..common.errors import InputError
from . import completion
from .options import ELSEWHERE, JsonOption, announce_compilation, print_json, terminal
from .standard_input import Read

if TYPE_CHECKING:
    from ..sweeps.plan import Plan


@dataclass(frozen=True)
class Workers:
    """Who computes a sweep."""

    workers: Annotated[int | None, typer.Option(help="Processes on this machine. If not given: one per core.")] = None
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Address of a Dask scheduler to use instead, such as tcp://HOST:8786."),
    ] = None
    wait: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Seconds that the scheduler may be without workers before the run ends."),
    ] = SECONDS_WITHOUT_WORKERS
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds.")] = False


def sweep_command(
    by: Workers,
    plan: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.offering(completion.experiments),
            help="A plan file (.toml), - for standard input, or an experiment by its name: see --list.",
        ),
        Read(".toml"),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for the results. If not given: runs/NAME.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Networks of each point, in place of the number in the plan.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what the sweep would cost.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the experiments.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train and explain many networks by a plan, and tell how often one explanation is left."""
    from ..sweeps.plan import named_plans, read_plan

    if listed or not plan:
        titles = named_plans()
        if as_json:
            print_json(titles)
        else:
            for name, title in titles.items():
                typer.echo(f"{name:<16} {title}")
        return
    chosen = read_plan(plan, seeds)
    if dry_run:
        _dry_run(chosen, by.workers, as_json)
        return
    from ..sweeps.run import sweep
    from ..sweeps.summary import summarize

    announce_compilation(ELSEWHERE)
    folder = out or Path("runs") / chosen.name
    found = sweep(chosen, folder, progress=True, **vars(by))
    summary = summarize(found)
    if as_json:
        print_json(summary.document())
        return
    from ..report.terminal.sweeps import print_summary

    print_summary(summary, found, terminal())


def _dry_run(plan: "Plan", workers: int | None, as_json: bool) -> None:
    from dataclasses import asdict

    from ..sweeps.costs import forecast

    if workers is not None and workers < 1:
        raise InputError(f"workers is {workers}; it is a number of processes, at least 1")
    expected, cores = forecast(plan), workers or os.cpu_count() or 1
    if as_json:
        print_json({"plan": plan.name, "digest": plan.digest, "workers": cores, **asdict(expected)})
        return
    from ..report.terminal.sweeps import print_forecast

    print_forecast(plan, expected, cores, terminal())
