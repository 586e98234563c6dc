"""The command line: every command parses, calls one library function, and prints."""

import contextlib
import io
import math
import os
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ..common.budget import DEFAULT_BUDGET
from ..common.cluster import SECONDS_WITHOUT_WORKERS
from ..common.errors import BudgetError, EveryhowError, FileFormatError, InputError, LostBlocksError, visible
from ..common.interruption import leaving_when_asked
from ..network.network import Network
from . import exchange as cli_exchange
from .by_data import audit_data_command
from .importing import import_command
from .options import (
    FILES_READ,
    InputsOption,
    JsonOption,
    ThresholdOption,
    coding,
    numbers,
    print_json,
    stored_network,
    whole_budget,
    with_files,
)
from .verifying import verify_command

if TYPE_CHECKING:
    from ..auditing.audit import Audit
    from ..auditing.behavior_audit import BehaviorAudit
    from ..boolean.cost import CostModel
    from ..sweeps.plan import Plan


class Commands(TyperGroup):
    """The commands, by whose errors a terminal is not steered: they quote what was typed."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """The context of the arguments before the command."""
        with _shown():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """The command, with the arguments after it."""
        with _shown():
            return super().invoke(ctx)


@contextlib.contextmanager
def _shown() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if isinstance(message := getattr(error, "message", None), str):
            vars(error)["message"] = visible(message)
        raise


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Count every mechanistic explanation of a small network, and find the criterion that leaves only one.",
)
app.add_typer(cli_exchange.app)
app.command("audit-data")(audit_data_command)
app.command("verify")(verify_command)

WRONG_INPUT, FAILURE, OVER_BUDGET = 1, 2, 3
# Seconds that an answer may take to stop once it has been told to.
GRACE = 10.0
# Of the width of a terminal; lines of more than 10,000 signs take gigabytes to fill.
MOST_DIGITS = 4

TaskArgument = Annotated[
    str, typer.Argument(help="A gate (XOR, MAJORITY, AND:3), a formula ('A & ~B | ~A & B'), a truth table (0110), "
                             "or several joined by commas.")
]  # fmt: skip
NetworkOption = Annotated[
    str | None, typer.Option("--network", help="A network file (.json, .safetensors or .onnx), or xornet.")
]
WidthsOption = Annotated[str, typer.Option(help="Neurons of each hidden layer, such as 3,3.")]
SeedOption = Annotated[int, typer.Option(help="Of the weights, the rows drawn and their order.")]
PresetOption = Annotated[str, typer.Option(help="paper: the definitions; authors: as the released code counts.")]
DecisionOption = Annotated[
    str | None,
    typer.Option(help="How outputs become bits: threshold, round, or, of two outputs that are two classes, argmax."),
]
SparsityOption = Annotated[
    float, typer.Option(help="authors only: the share of hidden neurons a circuit must leave out, exceeded strictly.")
]
AblationOption = Annotated[
    str | None, typer.Option(help="What removed edges carry: zero, mean, or resample (what they carry at any input).")
]
EpsilonOption = Annotated[float | None, typer.Option(help="The circuit error allowed; 0 if not given.")]
WithinOption = Annotated[
    float | None, typer.Option(help="How near outputs must come to the network's, before the last activation.")
]
SchedulerOption = Annotated[
    str | None, typer.Option(help="Address of a Dask scheduler that counts the circuits, such as tcp://HOST:8786.")
]
BudgetOption = Annotated[float, typer.Option(help="Candidate evaluations allowed.")]
CertificateOption = Annotated[
    Path | None,
    typer.Option(
        help="File to write, from which python -m everyhow.certificates.check confirms the count of circuits."
    ),
]


@app.command("audit")
def audit_command(
    task: TaskArgument,
    network: NetworkOption = None,
    widths: WidthsOption = "3,3",
    seed: SeedOption = 0,
    preset: PresetOption = "paper",
    decision: DecisionOption = None,
    threshold: ThresholdOption = None,
    inputs: InputsOption = None,
    depth: Annotated[
        int | None, typer.Option(help="Largest depth of the algorithms; the weight layers if not given.")
    ] = None,
    min_node_sparsity: SparsityOption = 0.0,
    pair_order: Annotated[str | None, typer.Option(help="authors only: order of the inputs, such as BA.")] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Largest relative residual of a readout; 1e-3 if not given.")
    ] = None,
    signals: Annotated[
        int | None, typer.Option(help="Most signals of a readout explanation; 3, or what a layer allows.")
    ] = None,
    not_price: Annotated[
        float | None, typer.Option(help="What NOT costs; 0 if not given. A plain gate costs 1.")
    ] = None,
    familiar: Annotated[
        str | None, typer.Option(help="Gates known already, with their prices, such as NAND=0.5,MAJORITY=1.")
    ] = None,
    show: Annotated[
        str | None, typer.Option(help="The rows it was trained on, such as 00,01,10; where it is right if not given.")
    ] = None,
    ablation: AblationOption = None,
    epsilon: EpsilonOption = None,
    within: WithinOption = None,
    robust: Annotated[
        float | None, typer.Option(help="Half the side of a box around each input; adds the rung robust.")
    ] = None,
    budget: BudgetOption = DEFAULT_BUDGET,
    scheduler: SchedulerOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write audit.json into; long counts go on from there.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="HTML page to write; it opens offline.")] = None,
    certificate: CertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find and count every explanation of a network: circuits, interpretations, algorithms and mappings."""
    from ..auditing.audit import audit
    from ..auditing.run_folder import CHECKPOINTS, check_run_folder

    _check_certificate(certificate, epsilon, within, preset)
    if out is not None:
        check_run_folder(out)
    if report is not None and report.is_dir():
        raise InputError(f"{report} is a folder; give the name of the page, such as {report / 'report.html'}")
    _announce_compilation()
    found = audit(
        _network(task, network, widths, seed, threshold, inputs), task, preset, decision=decision,  # type: ignore[arg-type]
        threshold=threshold, inputs=coding(inputs, "inputs"), depth=depth,
        min_node_sparsity=min_node_sparsity, pair_order=pair_order, tolerance=tolerance, signals=signals,
        costs=_costs(not_price, familiar),
        shown=None if show is None else show.split(","), ablation=ablation,  # type: ignore[arg-type]
        epsilon=epsilon, within=within, robust=robust, budget=whole_budget(budget), progress=True,
        checkpoints=None if out is None else out / CHECKPOINTS, scheduler=scheduler,
    )  # fmt: skip
    saved = [] if out is None else [str(found.save(out))]
    if report is not None:
        saved.append(str(found.report(report)))
    if certificate is not None:
        saved.append(str(found.certificate(certificate, progress=True)))
    if as_json:
        print_json(found.document())
    else:
        from rich.console import Console

        from ..report.terminal.audit import print_audit

        print_audit(found, Console(highlight=False), saved)
    if found.over_budget:
        raise typer.Exit(OVER_BUDGET)


@app.command("count")
def count_command(
    task: TaskArgument,
    network: Annotated[
        str, typer.Option("--network", help="A network file (.json, .safetensors or .onnx), or xornet.")
    ],
    preset: PresetOption = "paper",
    decision: DecisionOption = None,
    threshold: ThresholdOption = None,
    inputs: InputsOption = None,
    min_node_sparsity: SparsityOption = 0.0,
    ablation: AblationOption = None,
    epsilon: EpsilonOption = None,
    within: WithinOption = None,
    budget: BudgetOption = DEFAULT_BUDGET,
    checkpoints: Annotated[
        Path | None, typer.Option(help="Folder in which a long count is kept, and from which it goes on.")
    ] = None,
    scheduler: SchedulerOption = None,
    certificate: CertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the perfect circuits of a network, and nothing else; beyond the budget their number is estimated."""
    from ..auditing.counting import count

    _check_certificate(certificate, epsilon, within, preset)
    _announce_compilation()
    found = count(
        stored_network(network), task, preset, decision=decision, threshold=threshold,  # type: ignore[arg-type]
        inputs=coding(inputs, "inputs"), min_node_sparsity=min_node_sparsity,
        ablation=ablation or "zero", epsilon=epsilon or 0.0, within=within,  # type: ignore[arg-type]
        budget=whole_budget(budget), progress=True, checkpoints=checkpoints, scheduler=scheduler,
        certificate=certificate,
    )  # fmt: skip
    parts = (found, *found.get("outputs", []))
    if as_json:
        print_json(found)
    else:
        _print_counts(parts)
    if any("refused" in part for part in parts):
        raise typer.Exit(OVER_BUDGET)


def _check_certificate(path: Path | None, epsilon: float | None, within: float | None, preset: str) -> None:
    """See before a long computation that its certificate can be written."""
    if path is None:
        return
    from ..certificates.certificate import check_certifiable

    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of the certificate, such as {path / 'certificate.gz'}")
    check_certifiable(epsilon, within, preset)


def _print_counts(parts: Iterable[dict[str, Any]]) -> None:
    for part in parts:
        for key, value in part.items():
            if key == "perfect_circuits_estimated":
                value = (
                    f"{value['value']:.4g} (95 % interval {value['low']:.4g} to {value['high']:.4g}, from "
                    f"{value['sample']:,} circuits drawn from all)"
                )
            if key != "outputs":
                typer.echo(visible(f"{key:<26} {f'{value:,}' if isinstance(value, int) else value}"))


@app.command("train")
def train_command(
    task: TaskArgument,
    widths: WidthsOption = "3,3",
    seed: SeedOption = 0,
    out: Annotated[Path, typer.Option(help="Network file to write (.json or .safetensors).")] = Path("network.json"),
    hidden_activation: Annotated[str, typer.Option(help="Activation of the hidden layers.")] = "leaky_relu",
    output_activation: Annotated[str, typer.Option(help="Activation of the output layer.")] = "leaky_relu",
    learning_rate: Annotated[float, typer.Option(help="Of AdamW.")] = 1e-3,
    loss_target: Annotated[float, typer.Option(help="Mean squared error at which training stops.")] = 0.01,
    loss_target_per_output: Annotated[
        float | None, typer.Option(help="Replaces the loss target by so much for each output.")
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows drawn from the truth table.")] = 4000,
    batch_size: Annotated[int, typer.Option(help="Rows per step.")] = 100,
    epochs: Annotated[int, typer.Option(help="Passes over the rows, at most.")] = 1000,
    patience: Annotated[int, typer.Option(help="Epochs without a better loss before training stops.")] = 3,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW.")] = 0.01,
    l1: Annotated[float, typer.Option(help="Weight of the sum of absolute weights in the loss.")] = 0.0,
    l2: Annotated[float, typer.Option(help="Weight of the sum of squared weights in the loss.")] = 0.0,
    dropout: Annotated[float, typer.Option(help="Share of hidden activations set to 0.")] = 0.0,
    input_noise: Annotated[float, typer.Option(help="Standard deviation of the noise on the inputs.")] = 0.0,
    input_weights: Annotated[str | None, typer.Option(help="How often each row is drawn, such as 1,1,1,4.")] = None,
    show: Annotated[str | None, typer.Option(help="The only rows to train on, such as 00,01,10.")] = None,
    labels: Annotated[str, typer.Option(help="true, or shuffled among the drawn rows.")] = "true",
    inputs: InputsOption = None,
    outputs: Annotated[
        str | None, typer.Option(help="The numbers that outputs are trained towards, for 0 and for 1, such as -1,1.")
    ] = None,
    threshold: ThresholdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train one network and write it to a file."""
    from ..network.documents import check_network_path, save_network
    from ..training import TrainingSettings, train_many

    check_network_path(out)
    settings = TrainingSettings(
        widths=numbers(widths, "widths", int), hidden_activation=hidden_activation,
        output_activation=output_activation, learning_rate=learning_rate, loss_target=loss_target,
        loss_target_per_output=loss_target_per_output, rows=rows, batch_size=batch_size, epochs=epochs,
        patience=patience, weight_decay=weight_decay, l1=l1, l2=l2, dropout=dropout, input_noise=input_noise,
        labels=labels,  # type: ignore[arg-type]
        input_weights=None if input_weights is None else numbers(input_weights, "input-weights", float),
        show=None if show is None else tuple(row.strip() for row in show.split(",")),
        input_values=coding(inputs, "inputs") or (0.0, 1.0), output_values=coding(outputs, "outputs") or (0.0, 1.0),
        threshold=threshold,
    )  # fmt: skip
    (result,) = train_many(task, [seed], settings, progress=sys.stderr.isatty())
    path = save_network(result.network, out)
    summary = {
        "converged": result.converged, "reason": result.reason, "epochs": result.epochs,
        "loss": result.loss if math.isfinite(result.loss) else None,
        "accuracy": result.accuracy, "seed": result.seed, "network": str(path),
    }  # fmt: skip
    if as_json:
        print_json(summary)
        return
    for key, value in summary.items():
        typer.echo(visible(f"{key:<10} {value}"))


app.command("import")(import_command)


@app.command("sweep")
def sweep_command(
    plan: Annotated[str, typer.Argument(help="A plan file (.toml) or an experiment: see --list.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for the results; runs/NAME if not given.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Networks of each point, in place of the plan's.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes on this machine; one per core if not given.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler to use instead, such as tcp://HOST:8786.")
    ] = None,
    wait: Annotated[
        float, typer.Option(help="Seconds that the scheduler may be without workers before the run ends.")
    ] = SECONDS_WITHOUT_WORKERS,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the folder holds.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would cost.")] = False,
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
        _dry_run(chosen, workers, as_json)
        return
    from ..sweeps.run import sweep
    from ..sweeps.summary import summarize

    _announce_compilation()
    folder = out or Path("runs") / chosen.name
    found = sweep(chosen, folder, workers=workers, scheduler=scheduler, resume=resume, progress=True, wait=wait)
    summary = summarize(found)
    if as_json:
        print_json(summary.document())
        return
    from rich.console import Console

    from ..report.terminal.sweeps import print_summary

    print_summary(summary, found, Console(highlight=False))


def _dry_run(plan: "Plan", workers: int | None, as_json: bool) -> None:
    from dataclasses import asdict

    from ..sweeps.costs import forecast

    if workers is not None and workers < 1:
        raise InputError(f"workers is {workers}; it is a number of processes, at least 1")
    expected, cores = forecast(plan), workers or os.cpu_count() or 1
    if as_json:
        print_json({"plan": plan.name, "digest": plan.digest, "workers": cores, **asdict(expected)})
        return
    from rich.console import Console

    from ..report.terminal.sweeps import print_forecast

    print_forecast(plan, expected, cores, Console(highlight=False))


RunArgument = Annotated[Path, typer.Argument(help="The folder of an audit or of a sweep.")]


@app.command("report")
def report_command(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="The page to write; RUN/report.html if not given.")] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Of a sweep: a network whose audit goes into the page; may be repeated.")
    ] = None,
    audits: Annotated[
        int | None, typer.Option(help="Of a sweep: how many audits go into the page; 12 if not given.")
    ] = None,
) -> None:
    """Write a run as one HTML page that opens offline: explanations to be seen, stepped through and compared."""
    target = out or run / "report.html"
    if _is_audit(run):
        if network or audits is not None:
            raise InputError(f"{run} is the folder of an audit; --network and --audits belong to those of sweeps")
        typer.echo(visible(str(_audit_in(run).report(target))))
        return
    from ..report.page.sweep import MOST_AUDITS, write_sweep_report
    from ..sweeps.results import Sweep

    most = MOST_AUDITS if audits is None else audits
    page = write_sweep_report(Sweep.open(run), target, network or (), most, progress=True)
    typer.echo(visible(str(page)))


@app.command("tables")
def tables_command(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="Folder to write every table into, as CSV and JSON.")] = None,
) -> None:
    """List the tables of a run, or write them all; `everyhow query` gives the rows that fit a question."""
    from ..report.tables import list_tables, print_table, write_tables

    if _is_audit(run):
        found = _audit_in(run).tables()
    else:
        from ..report.sweep_tables import sweep_tables
        from ..sweeps.results import Sweep
        from ..sweeps.summary import summarize

        sweep = Sweep.open(run)
        found = sweep_tables(sweep, summarize(sweep))
    if out is not None:
        for path in write_tables(found, out):
            typer.echo(visible(str(path)))
        return
    from rich.console import Console

    print_table(list_tables(found), Console(highlight=False))


@app.command("query")
def query_command(
    run: RunArgument,
    sql: Annotated[
        str,
        typer.Argument(
            help="A question about the table results of a sweep, or the tables of an audit (everyhow tables lists "
            "them), such as \"SELECT * FROM edges WHERE role = 'core'\"."
        ),
    ],
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask the results of a run in SQL."""
    from ..common.sql import SECONDS, Limits, answer, connect
    from ..report.tables import print_csv, print_table
    from ..sweeps.results import Sweep

    if csv and as_json:
        raise InputError("--csv and --json are two ways to print; give one of them")
    if _is_audit(run):
        tables = {name: one.table for name, one in _audit_in(run).tables().items()}
        with _ended_after(SECONDS + GRACE):
            found = answer(connect(tables), sql, limits=Limits(beyond=f"use the files of everyhow tables {run} --out"))
    else:
        sweep = Sweep.open(run)
        with _ended_after(SECONDS + GRACE):
            found = sweep.query(sql)
    if as_json:
        print_json(found.document())
    elif csv:
        print_csv(found, sys.stdout)
    else:
        from rich.console import Console

        print_table(found, Console(highlight=False))


@contextlib.contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """Ends the process when what stands inside takes longer, for code of others that does not listen to being told so.

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


@app.command("figures")
def figures_command(
    run: RunArgument,
    names: Annotated[
        list[str] | None, typer.Argument(help="Drawings of an audit, such as network or 'minimal-*'.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the figures; RUN/figures if not given.")] = None,
    formats: Annotated[
        str | None,
        typer.Option("--format", help="Any of svg, pdf and, for a sweep, png, joined by commas; all if not given."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the drawings of an audit.")] = False,
) -> None:
    """Draw the figures of a run; of an audit the first of each kind, or those named. PDF needs the extra plot."""
    from ..report import audit_drawings, figures
    from ..sweeps.results import Sweep

    folder = out or run / "figures"
    chosen = None if formats is None else [part.strip() for part in formats.split(",") if part.strip()]
    if _is_audit(run):
        audit = _audit_in(run)
        if listed:
            for name in audit_drawings.names_in_short(audit.drawings()):
                typer.echo(name)
            return
        written = audit_drawings.save_drawings(audit, folder, names or (), chosen or audit_drawings.FORMATS)
    elif names or listed:
        raise InputError(f"{run} is not the folder of an audit; the figures of a sweep have no names, leave them out")
    else:
        written = figures.draw_figures(Sweep.open(run), folder, chosen or figures.FORMATS)
    for path in written:
        typer.echo(visible(str(path)))


def _is_audit(run: Path) -> bool:
    if not any((run / name).is_file() for name in ("audit.json", "run.json")):
        missing = "holds neither an audit (audit.json) nor a sweep (run.json)" if run.is_dir() else "is no folder"
        raise FileFormatError(f"{run} {missing}; give the folder that everyhow audit --out or everyhow sweep wrote")
    return (run / "audit.json").is_file()


def _audit_in(run: Path) -> "Audit | BehaviorAudit":
    from ..auditing.reopening import reopen

    _announce_compilation()
    return reopen(run, progress=True)


@app.command("xornet")
def xornet_command(
    steepness: Annotated[float, typer.Option(help="Of all four sigmoids.")] = 25.0,
) -> None:
    """Print what every neuron of the analytic XOR network does at the four inputs."""
    from ..boolean.truth_table import assignments
    from ..network.network import xornet

    network = xornet(steepness)
    inputs, hidden, output = network.states(assignments(2))
    typer.echo("  ".join(name for names in network.graph.names for name in names))
    for x, h, y in zip(inputs, hidden, output, strict=True):
        typer.echo(f"{x[0]:.0f}  {x[1]:.0f}  " + "  ".join(f"{value:.2f}" for value in (*h, *y)))


def _announce_compilation() -> None:
    """Tell a person who waits that the first use compiles the kernels; later uses find them compiled."""
    kept = os.environ.get("NUMBA_CACHE_DIR") or Path(__file__).parents[1] / "kernels" / "__pycache__"
    if sys.stderr.isatty() and not any(Path(kept).rglob("circuits.*.nbi")):
        typer.echo("compiling the kernels, once; this takes about half a minute", err=True)


def _network(
    task: str, source: str | None, widths: str, seed: int, threshold: float | None, inputs: str | None
) -> Network:
    if source is not None:
        return stored_network(source)
    from ..training import TrainingSettings, train_many

    values = coding(inputs, "inputs") or (0.0, 1.0)
    settings = TrainingSettings(numbers(widths, "widths", int), input_values=values, threshold=threshold)
    (result,) = train_many(task, [seed], settings, progress=sys.stderr.isatty())
    if not result.converged:
        typer.echo(f"warning: the network did not converge: {result.reason}", err=True)
    return result.network


def _costs(not_price: float | None, familiar: str | None) -> "CostModel | None":
    from ..boolean.cost import CostModel

    if not_price is None and familiar is None:
        return None
    return CostModel(negation=not_price or 0.0, familiar=_familiar(familiar or ""))


def _familiar(text: str) -> dict[str, float]:
    gates = {}
    for part in text.split(","):
        name, _, price = part.partition("=")
        try:
            gates |= {name.strip(): float(price)} if part.strip() else {}
        except ValueError:
            raise InputError(f"--familiar has {part!r}; it takes gates with prices, such as NAND=0.5,XOR=1") from None
    return gates


def main() -> None:
    """Run the command line; every error that a user can mend becomes one line on stderr."""
    _open_closed_streams()
    _leave_out_odd_sizes()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal or pipe that cannot show the logical signs gets their codes rather than an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    FILES_READ.clear()
    with leaving_when_asked() as asked:
        try:
            app()
        except SystemExit as stop:
            # Typer leaves with 2 after a wrong option or a missing argument, and has told the user so.
            sys.exit(WRONG_INPUT if stop.code == FAILURE else stop.code)
        except Exception as error:
            # After a request to end an error is only what a library makes of it.
            if not asked:
                _tell(error)


def _leave_out_odd_sizes() -> None:
    """A terminal said to be wider than any, or of a width that is no number, has the width that is found out."""
    for name in ("COLUMNS", "LINES", "TERMINAL_WIDTH"):
        said = os.environ.get(name, "0")
        if not (said.isascii() and said.isdecimal() and len(said) <= MOST_DIGITS):
            del os.environ[name]


def _open_closed_streams() -> None:
    """Where a shell has closed a standard stream, so that a file would take its number, nothing is read or written."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (as long as the process)


def _tell(error: Exception) -> None:
    """End with what an error says, or with where it happened when it is ours."""
    if isinstance(error, BudgetError):
        _stop(str(error), OVER_BUDGET)
    if isinstance(error, LostBlocksError):
        _stop(str(error), FAILURE)
    if isinstance(error, InputError):
        _stop(with_files(error), WRONG_INPUT)
    if isinstance(error, EveryhowError):
        _stop(str(error), WRONG_INPUT)
    if isinstance(error, OSError):
        _stop(f"cannot write the output ({error.strerror})", WRONG_INPUT)
    traceback.print_exception(error)
    _stop("internal failure; the lines above say where. Please report it with the command that led here", FAILURE)


def _stop(message: str, code: int) -> None:
    sys.stderr.write(f"everyhow: {message}\n")
    sys.exit(code)
