"""The tables of a run by name: listed, chosen, and written into files."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..common.arguments import quoted
from ..common.errors import InputError
from ..common.files import write_atomically, writing_folder
from ..common.sql import RunTable, Table
from .formats import as_text

# The ending of a file in each form that is written to files.
ENDINGS = {"markdown": "md", "latex": "tex", "csv": "csv", "json": "json"}


def list_tables(tables: dict[str, RunTable]) -> Table:
    """Names, numbers of rows and titles, as a table of its own."""
    rows = ((name, len(one.table.rows), one.title) for name, one in tables.items())
    return Table(("table", "rows", "shows"), tuple(rows))


def chosen_tables(tables: dict[str, RunTable], names: Sequence[str]) -> dict[str, RunTable]:
    """The tables of these names; all of them where none is named.

    Raises:
        InputError: there is no table of a name; the message lists those that there are.
    """
    unknown = [name for name in names if name not in tables]
    if unknown:
        raise InputError(f"there is no table {quoted(unknown[0])} here; the tables are {', '.join(tables)}")
    return {name: tables[name] for name in names} if names else tables


def table_files(tables: dict[str, RunTable], folder: str | Path, kinds: Sequence[str] = ("csv", "json")) -> list[Path]:
    """The files that `write_tables` writes."""
    return [Path(folder) / f"{name}.{ENDINGS[kind]}" for name in tables for kind in kinds]


def write_tables(tables: dict[str, RunTable], folder: str | Path, kinds: Sequence[str] = ("csv", "json")) -> list[Path]:
    """Write each table as NAME.csv and NAME.json, or in other forms, into a folder, made if it is not there; returns
    the files."""
    target = writing_folder(folder)
    return [
        write_atomically(target / f"{name}.{ENDINGS[kind]}", _content(name, one, kind).encode())
        for name, one in tables.items()
        for kind in kinds
    ]


def _content(name: str, one: RunTable, kind: str) -> str:
    if kind == "json":
        document = {"table": name, "title": one.title, "note": one.note, **one.table.document()}
        return json.dumps(document, indent=1, ensure_ascii=False)
    return as_text(one.table, kind, one.title, one.note)
