"""The command `everyhow audit-data`: an audit by data instead of by a task."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.budget import DEFAULT_BUDGET
from ..common.errors import FileFormatError, InputError, visible
from .options import (
    FILES_READ,
    HeaderOption,
    InputsOption,
    JsonOption,
    ThresholdOption,
    coding,
    print_json,
    rows_of_file,
    stored_network,
    whole_budget,
)

OVER_BUDGET = 3


def audit_data_command(
    points: Annotated[Path, typer.Argument(help="The inputs, one per row (.csv or .npy); captured activations, say.")],
    network: Annotated[Path, typer.Option("--network", help="A network file (.json, .safetensors or .onnx).")],
    labels: Annotated[
        Path | None,
        typer.Option(help="The label of each row (.csv or .npy); the network's own decisions if not given."),
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="Bits known of each row (.csv or .npy), for algorithms over them.")
    ] = None,
    decision: Annotated[
        str | None,
        typer.Option(help="threshold, for outputs that are bits of their own, or argmax, for classes."),
    ] = None,
    header: HeaderOption = None,
    threshold: ThresholdOption = None,
    inputs: InputsOption = None,
    epsilon: Annotated[float, typer.Option(help="The circuit error allowed.")] = 0.0,
    within: Annotated[float | None, typer.Option(help="How near outputs must come to the network's.")] = None,
    ablation: Annotated[str | None, typer.Option(help="What removed edges carry: zero, mean or resample.")] = None,
    robust: Annotated[float | None, typer.Option(help="Half the side of a box around each input.")] = None,
    depth: Annotated[int, typer.Option(help="Largest depth of the algorithms over features.")] = 2,
    budget: Annotated[float, typer.Option(help="Candidate evaluations allowed.")] = DEFAULT_BUDGET,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler that counts the circuits.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write audit.json into.")] = None,
    report: Annotated[Path | None, typer.Option(help="HTML page to write; it opens offline.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find and count what explains a network on data: circuits, signatures, readouts, and algorithms over features."""
    from ..auditing.behavior_audit import audit_behavior
    from ..auditing.run_folder import CHECKPOINTS, check_run_folder
    from ..importing.door import as_model

    if out is not None:
        check_run_folder(out)
    if report is not None and report.is_dir():
        raise InputError(f"{report} is a folder; give the name of the page, such as {report / 'report.html'}")
    explained = as_model(stored_network(network, threshold), threshold, coding(inputs, "inputs"))
    rows = rows_of_file(points, "inputs", header)
    behavior = _behavior(explained, rows, labels, decision, epsilon, within, threshold)
    bits = None if features is None else _features(features, rows, behavior)
    audit = audit_behavior(
        explained, behavior, features=bits, depth=depth,  # type: ignore[arg-type]
        ablation=ablation, robust=robust, budget=whole_budget(budget), progress=True,  # type: ignore[arg-type]
        checkpoints=None if out is None else out / CHECKPOINTS, scheduler=scheduler,
    )  # fmt: skip
    saved = [] if out is None else [str(audit.save(out))]
    if report is not None:
        saved.append(str(audit.report(report)))
    if as_json:
        print_json(audit.document())
    else:
        from rich.console import Console

        from ..report.terminal.behavior import print_behavior_audit

        print_behavior_audit(audit, Console(highlight=False), saved)
    if audit.over_budget:
        raise typer.Exit(OVER_BUDGET)


def _behavior(
    explained, rows, labels: Path | None, decision: str | None, epsilon: float, within: float | None,
    threshold: float | None,
):  # fmt: skip

    from ..given.points import read_table
    from ..model.behavior import Behavior

    outputs = explained.widths[-1]
    if labels is None:
        asked: Any = decision
        return Behavior.of_network(explained, rows, asked, epsilon=epsilon, within=within, threshold=threshold)
    found = read_table(labels, None, len(rows), texts=True)
    FILES_READ["labels"] = str(labels)
    typer.echo(visible(str(found)), err=True)
    try:
        return Behavior.of_data(rows, found.values, outputs, epsilon, within, decision, threshold)  # type: ignore[arg-type]
    except InputError as error:
        raise FileFormatError(f"{labels}: {error}") from None


def _features(path: Path, rows, behavior):
    """The features of the distinct rows, in the behavior's order."""
    import numpy as np

    from ..model.behavior import merged

    bits = rows_of_file(path, "features", None, len(rows))
    _, which, _ = merged(rows)
    chosen = np.zeros((len(behavior.points), bits.shape[1]))
    chosen[which] = bits
    if not np.array_equal(chosen[which], bits):
        raise InputError(f"{path}: equal inputs have different features, so that they are no features of the inputs")
    return chosen
