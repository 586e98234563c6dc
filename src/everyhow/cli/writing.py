"""What commands write, and what they leave alone: a file that is there stays, unless --force says otherwise."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ..common.errors import InputError

ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]


def check_free(files: Iterable[Path | None], force: bool, option: str = "--out") -> None:
    """See before a long computation that no file would be replaced unasked.

    Args:
        files: what is going to be written; None where nothing is.
        force: whether files may be replaced.
        option: that gives another place.

    Raises:
        InputError: one of the files is there already.
    """
    there = [] if force else [file for file in files if file is not None and file.is_file()]
    if there:
        more = f" and {len(there) - 1:,} more are" if len(there) > 1 else " is"
        raise InputError(
            f"{there[0]}{more} there already; give another place by {option}, or --force to replace "
            f"{'them' if len(there) > 1 else 'it'}"
        )
