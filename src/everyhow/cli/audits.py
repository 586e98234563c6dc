"""The commands `audit`, `count` and `audit-data`: what explains one network, by a task or by data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..common.errors import InputError, visible
from ..common.progress import showing
from . import completion
from .by_data import DataFiles, behavior_of_rows
from .contradictions import check_unused
from .leaving import FILES_READ, OVER_BUDGET, hide_compilation
from .options import (
    MODEL,
    NETWORK,
    InputsOption,
    JsonOption,
    NetworkOption,
    Running,
    ThresholdOption,
    announce_compilation,
    check_page,
    coding,
    numbers,
    print_json,
    questions,
    rows_of_file,
    stored_network,
    terminal,
)
from .standard_input import Read
from .writing import ForceOption, check_free

if TYPE_CHECKING:
    from ..model.model import Model

GATE = "A gate (XOR, MAJORITY, AND:3), a formula ('A & ~B | ~A & B'), a truth table (0110), or several joined by commas"
TaskArgument = Annotated[
    str,
    typer.Argument(
        help=f"{GATE}; of a transformer also ADD:p, MAX:n:v and what else everyhow train takes, or a file of a "
        "behavior (.json), or -.",
        autocompletion=completion.offering(completion.tasks),
    ),
    Read(".json"),
]
PresetOption = Annotated[
    str,
    typer.Option(
        metavar="PRESET", autocompletion=completion.offering(completion.presets),
        help="paper: count by the definitions. authors: count as the released code does.",
    ),
]  # fmt: skip
CertificateOption = Annotated[
    Path | None,
    typer.Option(
        help="Certificate to write: python -m everyhow.certificates.check FILE confirms the count of circuits by it."
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Folder to write audit.json into. An interrupted count goes on from there."),
]
FullOption = Annotated[
    bool,
    typer.Option(
        "--full", help="Print everything: population codes, rivals, what decides between them, gates by table."
    ),
]
ReportOption = Annotated[Path | None, typer.Option(help="HTML page to write. The page opens offline.")]


@dataclass(frozen=True)
class Coded:
    """How the numbers of a network stand for bits."""

    threshold: ThresholdOption = None
    inputs: InputsOption = None

    @property
    def keywords(self) -> dict[str, Any]:
        """These options as keywords of the library."""
        return {"threshold": self.threshold, "inputs": coding(self.inputs, "inputs")}


@dataclass(frozen=True)
class Kept:
    """Where a long count and its certificate are kept."""

    checkpoints: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder that keeps a long count. An interrupted count goes on from there."),
    ] = None
    certificate: CertificateOption = None
    force: ForceOption = False


@dataclass(frozen=True)
class Source:
    """The network to explain: one in a file, or one that is trained first."""

    network: Annotated[str | None, NETWORK, MODEL] = None
    widths: Annotated[str, typer.Option(metavar="N,N,...", help="Neurons of each hidden layer, such as 3,3.")] = "3,3"
    seed: Annotated[int, typer.Option(help="Seed of the weights, and of the rows drawn and their order.")] = 0

    def read(self, task: str, coded: Coded, check: Callable[["Model"], None]) -> "Model":
        """The network of the file; without a file, a network trained on the task. A look at it, or before training at
        one of its shape, tells mistakes early."""
        from ..model.behavior_files import names_a_behavior

        if self.network is not None:
            stored = stored_network(self.network)
            if not (stored.of_sequences or names_a_behavior(task)):
                check(stored)
            return stored
        from ..model.task import parse_task
        from ..training import TrainingSettings, train_many
        from ..training.untrained import dense

        if names_a_behavior(task):
            raise InputError(
                f"{task} holds a behavior, and a network is trained on a task: give --network, the model's file"
            )
        values = coded.keywords["inputs"] or (0.0, 1.0)
        settings = TrainingSettings(numbers(self.widths, "widths", int), input_values=values, threshold=coded.threshold)
        check(dense(parse_task(task), settings))
        (result,) = train_many(task, [self.seed], settings, progress=True)
        if not result.converged:
            typer.echo(f"warning: the network did not converge: {result.reason}", err=True)
        return result.network


@dataclass(frozen=True)
class Written:
    """Where an audit is written to."""

    out: OutOption = None
    report: ReportOption = None
    force: ForceOption = False
    as_json: JsonOption = False
    full: FullOption = False


def audit_command(
    task: TaskArgument,
    source: Source,
    coded: Coded,
    running: Running,
    written: Written,
    asked: Annotated[dict[str, Any], questions("paper", "authors", "data")],
    preset: PresetOption = "paper",
    certificate: CertificateOption = None,
) -> None:
    """Find and count every explanation of a network in four defined families, and say first whether one is unique.

    The families are circuits, the readings of each circuit, algorithms with their places, and population codes.
    """
    from ..auditing.fitting import check_can_be_asked

    _check_certificate(certificate, asked, preset, written.force)
    kept = _checked(written)
    how, asked = running.keywords, coded.keywords | asked
    network = source.read(task, coded, lambda shaped: check_can_be_asked(shaped, task, preset, asked))  # type: ignore[arg-type]
    # Not before: this loads all that explains, which a mistake need not wait for.
    from ..auditing.explaining import audit

    _prepare()
    found = audit(
        network, task, preset, checkpoints=kept,  # type: ignore[arg-type]
        **how, **asked,
    )  # fmt: skip
    _finish(found, written, certificate)


def count_command(
    task: TaskArgument,
    network: NetworkOption,
    running: Running,
    asked: Annotated[dict[str, Any], questions("count")],
    coded: Coded,
    kept: Kept,
    preset: PresetOption = "paper",
    as_json: JsonOption = False,
) -> None:
    """Count the perfect circuits of a network, and nothing else. Beyond the budget, estimate their number."""
    from ..auditing.counting import count
    from ..kernels.announcing import OF_A_COUNT

    _check_certificate(kept.certificate, asked, preset, kept.force)
    model = stored_network(network)
    announce_compilation(OF_A_COUNT)
    found = count(
        model, task, preset, checkpoints=kept.checkpoints, certificate=kept.certificate,  # type: ignore[arg-type]
        **running.keywords, **coded.keywords, **asked,
    )  # fmt: skip
    parts = (found, *found.get("outputs", []))
    if as_json:
        print_json(found)
    else:
        _print_counts(parts)
    if any("refused" in part for part in parts):
        raise typer.Exit(OVER_BUDGET)


def audit_data_command(
    points: Annotated[
        Path,
        Read(".csv"),
        typer.Argument(
            metavar="FILE",
            help="The inputs, one per row (.csv or .npy), such as captured activations; of a transformer, rows of "
            "tokens, or a file of a behavior (.json); - for standard input.",
        ),
    ],
    network: NetworkOption,
    files: DataFiles,
    coded: Coded,
    running: Running,
    written: Written,
    asked: Annotated[dict[str, Any], questions("data")],
    features: Annotated[
        Path | None,
        typer.Option(help="Bits known of each row (.csv or .npy). Algorithms are found over these bits."),
        Read(".csv"),
    ] = None,
) -> None:
    """Find and count what explains a network on data: circuits, signatures, readouts, and algorithms over features."""
    from ..auditing.explaining import audit_behavior
    from ..importing.door import as_model
    from ..model.behavior_files import names_a_behavior, read_behavior

    kept = _checked(written)
    explained = as_model(stored_network(network, coded.threshold), **coded.keywords)
    decision, bits = asked.pop("decision"), None
    if names_a_behavior(points):
        given = files.of_rows | files.of_tokens
        given |= {"--classes": files.classes, "--features": features, "--decision": decision}
        check_unused("the file of a behavior", given)
        behavior = read_behavior(points, explained)
        FILES_READ["behavior"] = str(points)
    else:
        explained, behavior, rows = behavior_of_rows(
            explained, points, files, decision, coded.threshold
        )  # fmt: skip
        bits = None if features is None else _features(features, rows)
    _prepare()
    found = audit_behavior(explained, behavior, features=bits, checkpoints=kept, **running.keywords, **asked)
    _finish(found, written, None)


def _prepare() -> None:
    """At the first use tell that kernels are compiled, and have another process compile some of them."""
    if announce_compilation():
        from .first_use import compile_beside

        compile_beside()


def _checked(written: Written) -> Path | None:
    """See before a long computation that its results can be written. Returns the folder for its checkpoints."""
    from ..auditing.run_folder import CHECKPOINTS, check_run_folder

    check_page(written.report)
    check_free([written.out and written.out / "audit.json"], written.force)
    check_free([written.report], written.force, "--report")
    return None if written.out is None else check_run_folder(written.out) / CHECKPOINTS


def _finish(audit: Any, written: Written, certificate: Path | None) -> None:
    """Write and print an audit; the exit code says whether the budget allowed all counts."""
    saved = [] if written.out is None else [str(audit.save(written.out))]
    if written.report is not None:
        with showing("the page"):
            saved.append(str(audit.report(written.report)))
    if certificate is not None:
        saved.append(str(audit.certificate(certificate, progress=True)))
    if written.as_json:
        print_json(audit.document())
    else:
        from ..report.terminal.audit import print_audit

        print_audit(audit, terminal(), saved, written.full)
    if audit.over_budget:
        raise typer.Exit(OVER_BUDGET)


def _check_certificate(path: Path | None, asked: dict[str, Any], preset: str, force: bool) -> None:
    """See before a long computation that its certificate can be written."""
    if path is None:
        return
    from ..certificates.certificate import check_certifiable

    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of the certificate, such as {path / 'certificate.gz'}")
    check_free([path], force, "--certificate")
    check_certifiable(asked["epsilon"], asked["within"], preset)


def _print_counts(parts: Iterable[dict[str, Any]]) -> None:
    hide_compilation()
    for part in parts:
        for key, value in part.items():
            if key == "perfect_circuits_estimated":
                value = (
                    f"{value['value']:.4g} (95% interval {value['low']:.4g} to {value['high']:.4g}, from "
                    f"{value['sample']:,} circuits drawn from all)"
                )
            # Text has all digits as it is; the whole numbers as texts are for programs that read JSON.
            if key not in ("outputs", "counts_exact") and (key, value) != ("within", None):
                typer.echo(visible(f"{key:<26} {_in_words(value)}"))


def _in_words(value: Any) -> str:
    """A value of a count as people read it: two ends of a number, numbers by size, names of parts."""
    match value:
        case None:
            return "not counted"
        case bool() | str() | float():
            return str(value)
        case int():
            return f"{value:,}"
        case [int(low), int(high)]:
            return f"{low:,} to {high:,}"
        case dict():
            return ", ".join(f"{name}: {_in_words(one)}" for name, one in value.items())
        case list() | tuple():
            return ", ".join(map(_in_words, value))
    return str(value)


def _features(path: Path, rows: Any) -> Any:
    """The features of the distinct rows, in the order of a behavior over them."""
    from ..common.reading import naming
    from ..model.behavior import features_of

    bits = rows_of_file(path, "features", None, len(rows))
    with naming(path):
        return features_of(rows, bits)
