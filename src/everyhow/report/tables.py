"""Answers to SQL questions and other tables: printed for people, and as CSV for programs."""

import csv
import re
from typing import TextIO

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ..common.errors import visible
from ..common.sql import Table
from .terminal.pieces import indented, print_trimmed
from .words import seen

# A terminal shows so many rows, and so many signs of a cell.
MOST_SHOWN, LONGEST_CELL = 1000, 2000
# How a cell begins that spreadsheets take for a formula, also written in full width, and what is a number all the same.
FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBERS = re.compile(r"[+-]?[\d.]+(e[+-]?\d+)?(,[+-]?[\d.]+(e[+-]?\d+)?)*", re.IGNORECASE | re.ASCII)


def print_table(found: Table, console: Console) -> None:
    """Print an answer, numbers to the right; wide ones run over the right edge rather than being cut.

    Of more than 1,000 rows the first are shown, and the last line says so.
    """
    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    rows = found.rows[:MOST_SHOWN]
    columns = [_shown(column) for column in found.columns]
    cells = [[_shown(cell(value)) for value in row] for row in rows]
    for k, column in enumerate(columns):
        numeric = all(isinstance(row[k], int | float) or row[k] is None for row in rows)
        table.add_column(Text(column), justify="right" if numeric and rows else "left", no_wrap=True)
    for row in cells:
        table.add_row(*map(Text, row))
    widths = [max(len(column), *(len(row[k]) for row in cells), 0) + 2 for k, column in enumerate(columns)]
    wide = Console(file=console.file, width=max(console.width, sum(widths)), highlight=False)
    print_trimmed(wide, table)
    if len(rows) < len(found.rows):
        note = f"the first {len(rows):,} rows of {len(found.rows):,} are shown; --format csv and json give all"
        print_trimmed(console, indented(Text(note, style="dim")))


def _shown(text: str) -> str:
    """A text as a cell of a terminal shows it: on one line, and cut where nobody would read on."""
    cut = len(text) > LONGEST_CELL
    return visible(text[:LONGEST_CELL]) + f"... ({len(text):,} signs)" * cut


def print_csv(found: Table, file: TextIO) -> None:
    """Write an answer as comma-separated values, in full precision; missing values are empty.

    A text that a spreadsheet would take for a formula begins with an apostrophe, and control characters are written by
    their codes, since such a text may come from anyone; JSON has every text as it is.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([inert(column) for column in found.columns])
    writer.writerows([_field(value) for value in row] for row in found.rows)


def inert(text: str) -> str:
    """A text that no spreadsheet and no terminal obeys.

    Example:
        >>> inert("=1+1"), inert("-1,1"), inert("A & B")
        ("'=1+1", '-1,1', 'A & B')
    """
    quoted = "'" * bool(FORMULA.match(text) and not NUMBERS.fullmatch(text))
    return quoted + "\t".join(map(seen, text.split("\t")))


def _field(value: object) -> object:
    """A value as a field of CSV: nothing where there is none, whole counts without a point, texts that do nothing."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return _whole(value)
    return inert(str(value))


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
