"""The command `sweep`: many networks by a plan."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..common.cluster import SECONDS_WITHOUT_WORKERS
from ..common.errors import InputError
from ..common.extras import is_installed
from . import completion
from .options import ELSEWHERE, FormatOption, JsonOption, announce_compilation, format_of, print_json, terminal
from .standard_input import Read

if TYPE_CHECKING:
    from ..sweeps.plan import Plan

# Seconds that a plan is tried out for its forecast.
PROBED = 15.0


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


@dataclass(frozen=True)
class Rehearsal:
    """What a sweep would cost."""

    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what the sweep would cost.")] = False
    probe: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="With --dry-run: how long to try some of the networks out first; 0 not at all."
        ),
    ] = PROBED


def sweep_command(
    by: Workers,
    rehearsal: Rehearsal,
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
    listed: Annotated[bool, typer.Option("--list", help="List the experiments.")] = False,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train and explain many networks by a plan, and tell how often one explanation is left."""
    from ..sweeps.plan import named_plans, read_plan

    asked = format_of(form, as_json)
    if listed or not plan:
        _list(named_plans(), asked)
        return
    if asked == "csv":
        raise InputError(
            "csv holds one table, and a sweep has several; take text, markdown, latex or json, or after the run "
            "everyhow tables FOLDER --out FOLDER, which writes each as CSV"
        )
    if rehearsal.dry_run and asked not in ("text", "json"):
        raise InputError(f"a forecast is not a table; with --dry-run the formats are text and json, not {asked}")
    chosen = read_plan(plan, seeds)
    if rehearsal.dry_run:
        _dry_run(chosen, by.workers, rehearsal.probe, asked == "json")
        return
    from ..sweeps.run import sweep
    from ..sweeps.summary import summarize

    announce_compilation(ELSEWHERE)
    folder = out or Path("runs") / chosen.name
    found = sweep(chosen, folder, progress=True, **vars(by))
    summary = summarize(found)
    if asked == "json":
        print_json(summary.document())
    elif asked == "text":
        from ..report.terminal.sweeps import print_summary

        print_summary(summary, found, terminal())
    else:
        from ..report.formats import write_tables_as
        from ..report.sweep_tables import summary_tables

        write_tables_as(summary_tables(summary), asked, terminal())


def _list(titles: dict[str, str], form: str) -> None:
    if form == "json":
        print_json(titles)
    elif form == "text":
        for name, title in titles.items():
            typer.echo(f"{name:<16} {title}")
    else:
        from ..common.sql import Table
        from ..report.formats import write_table

        write_table(Table(("experiment", "title"), tuple(titles.items())), form, terminal())


def _dry_run(plan: "Plan", workers: int | None, seconds: float, as_json: bool) -> None:
    from dataclasses import asdict

    from ..sweeps.costs import forecast
    from ..sweeps.trying import try_out

    if workers is not None and workers < 1:
        raise InputError(f"workers is {workers}; it is a number of processes, at least 1")
    if not 0 <= seconds < math.inf:
        raise InputError(f"probe is {seconds:g}; it is a number of seconds, at least 0")
    cores = workers or os.cpu_count() or 1
    rates = None
    # Without PyTorch the forecast is made by what is usual.
    if seconds and is_installed("train"):
        announce_compilation()
        rates = try_out(plan, seconds, progress=True)
    expected = forecast(plan, cores, rates)
    if as_json:
        print_json({"plan": plan.name, "digest": plan.digest, "workers": cores, **asdict(expected)})
        return
    from ..report.terminal.sweeps import print_forecast

    print_forecast(plan, expected, cores, terminal())
