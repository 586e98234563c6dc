"""What a network is explained on by data: rows of inputs or of tokens, their labels, and which part of the network."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..common.errors import InputError, visible
from ..common.reading import naming
from .contradictions import check_unused
from .leaving import FILES_READ
from .options import HeaderOption, numbers, rows_of_file
from .standard_input import Read

if TYPE_CHECKING:
    from ..model.model import Model

# Files that hold rows, by their suffixes.
ROWS = (".npy", ".csv", ".tsv")


@dataclass(frozen=True)
class DataFiles:
    """The files that go with the inputs, what a circuit must reach, and which part of a network is explained."""

    labels: Annotated[
        Path | None,
        Read(".csv"),
        typer.Option(help="The label of each row (.csv or .npy). If not given: the network's own decisions."),
    ] = None
    header: HeaderOption = None
    epsilon: Annotated[float, typer.Option(help="The circuit error allowed.")] = 0.0
    within: Annotated[
        float | None, typer.Option(help="How near a circuit's outputs must come to the network's outputs.")
    ] = None
    answer_positions: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Of token rows: the positions of the answers, such as -1 (the last, if not given) or 1,2,3.",
        ),
    ] = None
    classes: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="The outputs (logits) among which the largest is the answer, such as 3,8. If not given: all. Rows of "
            "a network with labels of other classes are left out.",
        ),
    ] = None

    one_class: Annotated[
        int | None,
        typer.Option(
            "--one-class", metavar="N",
            help="Explain class N against the rest: one output, read by the threshold that agrees best with 'output N "
            "is the largest' at the rows. How often it agrees is told.",
        ),
    ] = None  # fmt: skip
    without_constant: Annotated[
        bool,
        typer.Option(
            "--without-constant",
            help="Take out the inputs and hidden neurons that are the same at all rows; what they give goes into the "
            "biases.",
        ),
    ] = False

    @property
    def of_rows(self) -> dict[str, object]:
        """What is said of rows of inputs; None where nothing was."""
        return {
            "--labels": self.labels, "--header": self.header, "--epsilon": self.epsilon or None,
            "--within": self.within, **self.narrowing,
        }  # fmt: skip

    @property
    def narrowing(self) -> dict[str, object]:
        """What is said of the part of a network that is asked about; None where nothing was."""
        return {"--one-class": self.one_class, "--without-constant": self.without_constant or None}

    @property
    def of_tokens(self) -> dict[str, object]:
        """What is said of rows of tokens alone; None where nothing was."""
        return {"--answer-positions": self.answer_positions}


def names_rows(path: object) -> bool:
    """Whether a text is the name of a file of rows, and not a task."""
    return Path(str(path)).suffix.lower() in ROWS


def behavior_of_rows(
    model: "Model", path: Path, files: DataFiles, decision: str | None, threshold: float | None
) -> tuple["Model", Any, Any]:
    """The part of the model that is asked about, what is wanted of it, and the rows as they were read.

    Raises:
        InputError: a file that is not understood, or that does not fit the model or another one.
    """
    from ..transformer.transformer import Transformer

    rows = rows_of_file(path, "inputs", files.header)
    if isinstance(model, Transformer):
        check_unused("rows of tokens", {"--decision": decision, "--threshold": threshold} | files.narrowing)
        return model, _behavior_of_tokens(model, rows, files), rows
    check_unused("the inputs of a network", files.of_tokens)
    labels = None
    if files.labels is not None:
        labels = _table(files.labels, len(rows), texts=True)
    model, rows, labels = _narrowed(model, rows, labels, files)
    return model, _behavior(model, rows, labels, files, decision, threshold), rows


def _table(path: Path, rows: int, texts: bool) -> Any:
    """The labels in a file; how it was understood is told on stderr."""
    from ..given.points import read_table

    found = read_table(path, None, rows, texts=texts)
    FILES_READ["labels"] = str(path)
    typer.echo(visible(str(found)), err=True)
    return found.values


def _narrowed(model: Any, rows: Any, labels: Any, files: DataFiles) -> tuple["Model", Any, Any]:
    """The part of a network that is asked about, with the rows and labels that it is asked at."""
    if files.classes is not None:
        import numpy as np

        which = numbers(files.classes, "classes", int)
        smaller = model.classes(*which)
        if labels is not None:
            from ..given.labels import labels_of

            with naming(files.labels or Path()):
                given = labels_of(labels, model.outputs, "argmax", len(rows)).classes
            there = np.isin(given, which)
            if not there.any():
                raise InputError(f"{files.labels} has no label of the classes {files.classes}; give those of some rows")
            typer.echo(f"{there.sum():,} of {len(rows):,} rows have a label of the classes {files.classes}", err=True)
            rows, labels = rows[there], np.searchsorted(sorted(which), given[there])
        else:
            largest = model.run(rows).argmax(axis=1)
            others = int((~np.isin(largest, which)).sum())
            if others:
                typer.echo(
                    f"without labels all {len(rows):,} rows are asked about, and at {others:,} of them the network "
                    f"decides for another class than {files.classes}: --labels leaves out the rows of other classes",
                    err=True,
                )
        model = smaller
    if files.one_class is not None:
        smaller = model.one_class(files.one_class, rows)
        if labels is not None:
            from ..given.labels import labels_against_rest

            with naming(files.labels or Path()):
                labels = labels_against_rest(labels, files.one_class, model.outputs, len(rows))
        model = smaller
    if files.without_constant:
        model, rows = model.without_constant(rows)
    return model, rows, labels


def _behavior(model: Any, rows: Any, labels: Any, files: DataFiles, decision: Any, threshold: float | None) -> Any:
    from ..model.behavior import Behavior

    if labels is None:
        return Behavior.of_network(
            model, rows, decision, epsilon=files.epsilon, within=files.within, threshold=threshold
        )
    with naming(files.labels or Path()):
        return Behavior.of_data(rows, labels, model.outputs, files.epsilon, files.within, decision, threshold)


def _behavior_of_tokens(model: Any, rows: Any, files: DataFiles) -> Any:
    """Rows of tokens with the answers wanted, as the options say."""
    from ..model.answer import Answer
    from ..model.behavior import Behavior

    places = -1 if files.answer_positions is None else numbers(files.answer_positions, "answer-positions", int)
    classes = None if files.classes is None else numbers(files.classes, "classes", int)
    answer = Answer(places, classes)  # type: ignore[arg-type]
    labels = None if files.labels is None else _table(files.labels, len(rows), texts=False)
    return Behavior.of_tokens(model, rows, answer, labels, None, files.epsilon, files.within)
