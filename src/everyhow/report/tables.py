"""Tables of a run and answers to SQL questions: printed for people, written as CSV and JSON for programs."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ..files import write_atomically, writing_folder
from ..sql import Table
from .pieces import print_trimmed


@dataclass(frozen=True, repr=False)
class RunTable:
    """One table of an audit or a sweep.

    Attributes:
        name: what it is called in commands, files and SQL.
        title: what it shows.
        table: its columns and rows, plain values.
        note: what was left out, or has to be said beside it; empty when there is nothing.
    """

    name: str
    title: str
    table: Table
    note: str = ""

    def __repr__(self) -> str:
        return f"RunTable({self.name}: {len(self.table.rows):,} rows of {', '.join(self.table.columns)})"


def print_table(found: Table, console: Console) -> None:
    """Print an answer, numbers to the right; wide ones run over the right edge rather than being cut."""
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    cells = [[cell(value) for value in row] for row in found.rows]
    for place, column in enumerate(found.columns):
        numeric = all(isinstance(row[place], int | float) or row[place] is None for row in found.rows)
        table.add_column(Text(column), justify="right" if numeric and found.rows else "left", no_wrap=True)
    for row in cells:
        table.add_row(*map(Text, row))
    widths = [max(len(column), *(len(row[k]) for row in cells), 0) + 2 for k, column in enumerate(found.columns)]
    wide = Console(file=console.file, width=max(console.width, sum(widths)), highlight=False)
    print_trimmed(wide, table)


def print_csv(found: Table, file: TextIO) -> None:
    """Write an answer as comma-separated values, in full precision; missing values are empty."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(found.columns)
    writer.writerows(["" if value is None else _whole(value) for value in row] for row in found.rows)


def cell(value: object) -> str:
    """A value for people: whole numbers with separators, others to six digits, nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _whole(value: object) -> object:
    """Counts are stored as doubles; whole ones are written without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def list_tables(tables: dict[str, RunTable]) -> Table:
    """Names, numbers of rows and titles, as a table of its own."""
    rows = ((name, len(one.table.rows), one.title) for name, one in tables.items())
    return Table(("table", "rows", "shows"), tuple(rows))


def write_tables(tables: dict[str, RunTable], folder: str | Path) -> list[Path]:
    """Write each table as NAME.csv and NAME.json into a folder, made if it is not there; returns the files."""
    place = writing_folder(folder)
    written = []
    for name, one in tables.items():
        text = io.StringIO()
        print_csv(one.table, text)
        written.append(write_atomically(place / f"{name}.csv", text.getvalue().encode()))
        document = {"table": name, "title": one.title, "note": one.note, **vars(one.table)}
        content = json.dumps(document, indent=1, ensure_ascii=False)
        written.append(write_atomically(place / f"{name}.json", content.encode()))
    return written
