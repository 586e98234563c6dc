"""What several commands of the command line take and print."""

import json
import sys
from typing import Annotated, Any

import typer

from .errors import InputError

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


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
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n")


def whole_budget(budget: float) -> int:
    """A budget as a whole number of candidate evaluations.

    Raises:
        InputError: it is less than 1, or no number.
    """
    if not 1 <= budget < float("inf"):
        raise InputError(f"budget is {budget}; it is a number of candidate evaluations, at least 1")
    return int(budget)
