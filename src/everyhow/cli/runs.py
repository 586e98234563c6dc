"""The commands about a run, an audit's or a sweep's: `report`, `tables`, `query`, `figures`; and `xornet`."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..common.errors import FileFormatError, InputError, visible
from ..common.progress import showing
from .leaving import WRONG_INPUT
from .options import FormatOption, JsonOption, announce_compilation, format_of, print_json, terminal
from .writing import ForceOption, check_free

if TYPE_CHECKING:
    from ..auditing.audit import Audit
    from ..common.sql import RunTable

# Seconds that DuckDB may take to stop an answer once it has been told to.
GRACE = 10.0
RunArgument = Annotated[Path, typer.Argument(help="The folder of an audit or of a sweep.")]


def report_command(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="The page to write. If not given: RUN/report.html.")] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="For a sweep: a network whose audit goes into the page. Give this option once for each network.",
        ),
    ] = None,
    audits: Annotated[
        int | None, typer.Option(help="For a sweep: how many audits go into the page. If not given: 12.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write a run as one HTML page that opens offline: explanations to be seen, stepped through and compared."""
    target = out or run / "report.html"
    if _is_audit(run):
        if network or audits is not None:
            raise InputError(
                f"{run} is the folder of an audit; --network and --audits are for folders of sweeps: leave them out"
            )
        check_free([target], force)
        with showing("the page"):
            written = _audit_in(run).report(target)
        typer.echo(visible(str(written)))
        return
    from ..report.page.sweep import MOST_AUDITS, write_sweep_report
    from ..sweeps.results import Sweep

    check_free([target], force)
    most = MOST_AUDITS if audits is None else audits
    page = write_sweep_report(Sweep.open(run), target, network or (), most, progress=True)
    typer.echo(visible(str(page)))


def tables_command(
    run: RunArgument,
    names: Annotated[list[str] | None, typer.Argument(help="Tables to print. If not given: a list of them.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder to write the tables into, all if none is named: as CSV and JSON, or by --format.",
        ),
    ] = None,
    form: FormatOption = None,
    force: ForceOption = False,
) -> None:
    """List, print or write the tables of a run. everyhow query gives the rows that fit a question."""
    from ..report.formats import tables_document, write_table, write_tables_as
    from ..report.table_files import chosen_tables, list_tables, table_files, write_tables

    chosen = format_of(form)
    if out is not None and form == "text":
        raise InputError("format is text; files are written as markdown, latex, csv or json: choose one of these")
    found = chosen_tables(_tables(run), names or ())
    if out is not None:
        kinds = (chosen,) if form else ("csv", "json")
        check_free(table_files(found, out, kinds), force)
        for path in write_tables(found, out, kinds):
            typer.echo(visible(str(path)))
    elif not names:
        listed = list_tables(found)
        print_json(listed.document()) if chosen == "json" else write_table(listed, chosen, terminal())
    elif chosen == "json":
        print_json(tables_document(found))
    else:
        write_tables_as(found, chosen, terminal())


def _tables(run: Path) -> "dict[str, RunTable]":
    if _is_audit(run):
        with showing("the tables"):
            return _audit_in(run).tables()
    from ..report.sweep_tables import sweep_tables
    from ..sweeps.results import Sweep
    from ..sweeps.summary import summarize

    sweep = Sweep.open(run)
    return sweep_tables(sweep, summarize(sweep))


def query_command(
    run: RunArgument,
    sql: Annotated[
        str,
        typer.Argument(
            help="A question about the table results of a sweep, or the tables of an audit (everyhow tables lists "
            "them), such as \"SELECT * FROM edges WHERE role = 'core'\"."
        ),
    ],
    form: FormatOption = None,
    csv: Annotated[bool, typer.Option("--csv", help="As --format csv: values as other programs read them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a question in SQL about the results of a run."""
    from ..common.sql import SECONDS, Limits, answer, check_installed, connect
    from ..report.formats import write_table
    from ..sweeps.results import Sweep

    chosen = format_of(form, as_json, csv)
    check_installed()  # which a reopened audit would tell after minutes
    if _is_audit(run):
        tables = {name: one.table for name, one in _audit_in(run).tables().items()}
        with _ended_after(SECONDS + GRACE):
            found = answer(connect(tables), sql, limits=Limits(beyond=f"use the files of everyhow tables {run} --out"))
    else:
        sweep = Sweep.open(run)
        with _ended_after(SECONDS + GRACE):
            found = sweep.query(sql)
    print_json(found.document()) if chosen == "json" else write_table(found, chosen, terminal())


@contextlib.contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End the process when what stands inside takes longer: for code of a library that does not stop when told.

    DuckDB, while it works out what a question means, is such code.
    """

    def end() -> None:
        sys.stderr.write(f"everyhow: this question is not answered after {seconds:g} seconds; ask something simpler\n")
        sys.stderr.flush()
        os._exit(WRONG_INPUT)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def figures_command(
    run: RunArgument,
    names: Annotated[
        list[str] | None, typer.Argument(help="Drawings of an audit, such as network or 'minimal-*'.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for the figures. If not given: RUN/figures.")
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="LIST",
            help="Any of svg, pdf and, for a sweep, png, joined by commas. If not given: all.",
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the drawings of an audit.")] = False,
    force: ForceOption = False,
) -> None:
    """Draw the figures of a run. Of an audit: the first of each kind, or those named. PDF needs the extra plot."""
    from ..report import audit_drawings
    from ..report.figures import figures
    from ..sweeps.results import Sweep

    folder = out or run / "figures"
    chosen = None if formats is None else [part.strip() for part in formats.split(",") if part.strip()]
    if _is_audit(run):
        audit = _audit_in(run)
        if listed:
            for name in audit_drawings.names_in_short(audit.drawings()):
                typer.echo(name)
            return
        wanted = (names or (), chosen or audit_drawings.FORMATS)
        check_free(audit_drawings.drawing_files(audit.drawings(), folder, *wanted), force)
        with showing("the drawings"):
            written = audit_drawings.save_drawings(audit, folder, *wanted)
    elif names or listed:
        raise InputError(
            f"{run} is not the folder of an audit; the figures of a sweep have no names: leave the names out"
        )
    else:
        sweep, chosen = Sweep.open(run), chosen or list(figures.FORMATS)
        check_free(figures.figure_files(sweep, folder, chosen), force)
        with showing("the figures"):
            written = figures.draw_figures(sweep, folder, chosen)
    for path in written:
        typer.echo(visible(str(path)))


def _is_audit(run: Path) -> bool:
    if not any((run / name).is_file() for name in ("audit.json", "run.json")):
        missing = "holds neither an audit (audit.json) nor a sweep (run.json)" if run.is_dir() else "is not a folder"
        raise FileFormatError(f"{run} {missing}; give the folder that everyhow audit --out or everyhow sweep wrote")
    return (run / "audit.json").is_file()


def _audit_in(run: Path) -> "Audit":
    from ..auditing.reopening import reopen

    announce_compilation()
    return reopen(run, progress=True)


def xornet_command(
    steepness: Annotated[float, typer.Option(help="Steepness of all four sigmoids.")] = 25.0,
) -> None:
    """Print what every neuron of the analytic XOR network does at the four inputs."""
    from ..boolean.truth_table import assignments
    from ..network.network import xornet

    network = xornet(steepness)
    inputs, hidden, output = network.states(assignments(2))
    typer.echo("  ".join(name for names in network.graph.names for name in names))
    for x, h, y in zip(inputs, hidden, output, strict=True):
        typer.echo(f"{x[0]:.0f}  {x[1]:.0f}  " + "  ".join(f"{value:.2f}" for value in (*h, *y)))
