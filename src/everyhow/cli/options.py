"""What several commands of the command line take and print."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.arguments import check_budget
from ..common.errors import InputError, visible
from ..network.network import Network, xornet

# Beside those that JSON itself writes by their codes: what ends or steers a line in a terminal, seen by nobody.
UNSEEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
# What a command has read so far, with its file: what is wrong later may be about any of it, or about two together.
FILES_READ: dict[str, str] = {}
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


ThresholdOption = Annotated[
    float | None,
    typer.Option(help="An output above it is read as 1: 0 for logits, 0.5 for outputs trained towards 0 and 1."),
]
InputsOption = Annotated[
    str | None, typer.Option(help="The numbers by which inputs stand for 0 and for 1: --inputs=-1,1; 0,1 if not given.")
]


HeaderOption = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether the file of inputs begins with a line of names; found out if not given."
    ),
]


def coding(text: str | None, option: str) -> tuple[float, float] | None:
    """The two numbers by which bits are written; None when the option is not given.

    Raises:
        InputError: something else stands there.
    """
    if text is None:
        return None
    found = numbers(text, option, float)
    if len(found) != 2:
        raise InputError(f"--{option} is {text!r}; it takes two numbers, such as --{option}=-1,1")
    return found


def stored_network(source: str | Path, threshold: float | None = None) -> Network:
    """The network in a file, or the analytic one by its name, xornet."""
    from ..importing.load import load

    if source == "xornet":
        return xornet()
    network = load(source, threshold=threshold)
    FILES_READ["network"] = str(source)
    return network


def with_files(error: InputError) -> str:
    """What an error says, with the files read so far that it does not name."""
    others = [f"{what}: {visible(path)}" for what, path in FILES_READ.items() if visible(path) not in str(error)]
    return f"{error} ({'; '.join(others)})" if others else str(error)


def rows_of_file(path: Path, what: str, header: bool | None, rows: int | None = None) -> Any:
    """The rows of numbers in a file; what was read of it is told on stderr.

    Args:
        path: the file.
        what: the rows are, such as inputs, in errors that come later.
        header: whether it begins with a line of names; found out if not given.
        rows: how many there must be, if that is known.
    """
    from ..given.points import read_rows

    found = read_rows(path, header, rows)
    FILES_READ[what] = str(path)
    typer.echo(visible(str(found)), err=True)
    return found.values


def numbers(text: str, option: str, kind: type) -> tuple:
    """The numbers in the text of an option.

    Raises:
        InputError: something else stands there.
    """
    try:
        return tuple(kind(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InputError(f"--{option} is {text!r}; it takes numbers joined by commas, such as 3,3") from None


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout; signs that a terminal would obey are written by their codes."""
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
    sys.stdout.write(UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text) + "\n")


def whole_budget(budget: float) -> int:
    """A budget as a whole number of candidate evaluations.

    Raises:
        InputError: it is less than 1, or no number.
    """
    check_budget(budget)
    return int(budget)
