"""Tables in CSV files, read without guessing: a doubt about the header or about a comma is an error that shows both.

The standard library's reader takes the cells apart. (DuckDB's finds out by itself what separates cells, which lines
belong to the table and whether there is a header, and decides silently.)
"""

import csv
import io
import math
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..common.errors import InputError
from ..common.reading import encoding_of, text_of
from .arrays import MISSING

# The first of these that stands outside quotes separates the cells.
SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?[iI][nN][fF]([iI][nN][iI][tT][yY])?"
DECIMAL_COMMA = r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?"
THOUSANDS = r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+"
WHOLE = r"[+-]?[0-9]+"
TRUTH = {"true": 1.0, "false": 0.0}
INDEX = ("", "Unnamed: 0")  # what pandas calls the column of an index, and what it makes of that when it reads it
LONGEST_TEXT = 200
LONGEST_LINE = 2**20
# Every cell is taken apart on its own, some of them several times; the lines are as many as a spreadsheet has.
MOST_LINES = 2**20
MOST_CELLS = 2**22
SHOWN = 8


@dataclass(frozen=True, eq=False)
class FileRows:
    """What was read from a file, and how it was understood.

    Attributes:
        source: the name of the file.
        values: numbers, shape (rows, columns) in CSV files; or one column of texts, where these are allowed.
        names: the header, if there is one.
        notes: what else was understood, such as "semicolons between cells".

    Example:
        >>> str(FileRows("points.csv", np.array([[0.0, 0.5], [1.0, 2.0]]), ("a", "b")))
        'read 2 rows of 2 columns from points.csv, header a, b; first row 0, 0.5'
    """

    source: str
    values: np.ndarray
    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows, columns = len(self.values), math.prod(self.values.shape[1:])
        header = "no header" if self.names is None else f"header {_listed(self.names)}"
        parts = [f"read {counted(rows, 'row')} of {counted(columns, 'column')} from {self.source}, {header}"]
        if rows:
            parts.append(f"first row {_listed(np.ravel(self.values[0])[: SHOWN + 1].tolist())}")
        return "; ".join([*parts, *self.notes])


def read_csv(path: Path, header: bool | None = None, rows: int | None = None, texts: bool = False) -> FileRows:
    """The table in a CSV file: numbers, also True and False, and one line of names, if any.

    Read are UTF-8, and UTF-16 and UTF-32 by their mark; commas, semicolons, tabs, bars or spaces between cells; quotes;
    and decimal commas, where commas do not separate. Comments (`#`), pandas' index and a separator at the end of every
    line are left out, which the notes say.

    Args:
        path: the file; its size has been looked at.
        header: whether the first row holds names; where both can be, an error asks for it.
        rows: how many rows there must be, which settles the header where both can be.
        texts: whether one column of texts is allowed as well.

    Raises:
        InputError: two readings are possible, a cell is not a number, or lines differ in length; with line and column.
    """
    dialect = _dialect_of(path.read_bytes(), header)
    notes = (*dialect.notes, "decimal commas") if _has_decimal_commas(dialect) else dialect.notes
    first = next(dialect.rows(), None)
    if first is None:
        raise InputError("holds no rows; give one row per input")
    names = tuple(cell.strip() for cell in first[1])
    header = True if dialect.without_first else header
    if texts and len(names) == 1 and _has_texts(dialect):
        values, header = _texts(dialect, header, rows)
    else:
        values, header = _numbers(dialect, header, rows)
    if not len(values):
        raise InputError(f"holds names only ({_listed(names)}); give one row per input below them")
    if rows not in (None, len(values)):
        fits = not header and rows == len(values) - 1
        raise InputError(
            f"holds {counted(len(values), 'row')}, but {rows:,} are expected, one for each input"
            + ("; if the first holds a name, say header=True (--header)" if fits else "")
        )
    return FileRows(path.name, values, names if header else None, notes)


@dataclass(frozen=True)
class _Dialect:
    """The text of a file, and how it is taken apart."""

    text: str
    separator: str | None
    notes: tuple[str, ...] = ()
    without_first: int = 0  # columns of an index
    without_last: bool = False  # whether every line ends with a separator

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line at which each row ends, and its cells."""
        at, line, blank = 0, "", 0

        def lines() -> Iterator[str]:
            nonlocal at, line
            for at, line in enumerate(io.StringIO(self.text), 1):
                if not _is_remark(line, at):
                    yield re.sub(r"\s+", " ", line.strip()) if self.separator == " " else line

        reader = csv.reader(
            lines(), delimiter=self.separator or "\x1f", skipinitialspace=self.separator != " ", strict=True
        )
        try:
            for cells in reader:
                if not line.strip():  # unlike a quoted empty cell, which is a missing value
                    blank = blank or at
                    continue
                if blank and len(cells) == 1:
                    raise InputError(f"line {blank} is empty, between rows of one column; remove it, or fill it")
                blank = 0
                if self.without_last and not cells[-1].strip():
                    cells = cells[:-1]
                yield at, cells[self.without_first :]
        except csv.Error as error:
            raise InputError(
                f"line {at} is not well-formed CSV ({error}); save it anew, as a spreadsheet does"
            ) from None


def _dialect_of(content: bytes, header: bool | None) -> _Dialect:
    mark, encoding = encoding_of(content)
    text = text_of(content).replace("\r\n", "\n").replace("\r", "\n")
    _check_size(text)
    told = re.match(r"sep=(.)\s*$", text, re.IGNORECASE | re.MULTILINE)
    separator = told[1] if told and told[1] in SEPARATORS else _separator(text)
    remarks = sum(_is_remark(line, at) for at, line in enumerate(io.StringIO(text), 1)) - bool(told)
    notes = [f"{encoding.upper()[:6].rstrip('-')} by its mark"] if mark and encoding != "utf-8-sig" else []
    if separator not in (None, ","):
        notes.append(f"{SEPARATORS.get(separator, 'spaces')} between cells")
    if remarks:
        notes.append(f"{counted(remarks, 'comment')} left out")
    return _trimmed(_Dialect(text, separator, tuple(notes)), header)


def _check_size(text: str) -> None:
    """See that a text has few enough lines and cells, before any of it is taken apart.

    Raises:
        InputError: it has more.
    """
    lines = text.count("\n") + 1
    cells = lines + max(map(text.count, (*SEPARATORS, " ")))
    for number, most, what in ((lines, MOST_LINES, "lines"), (cells, MOST_CELLS, "cells")):
        if number > most:
            raise InputError(
                f"has about {number:,} {what}; at most {most:,} are read from text: give fewer, or a file that np.save "
                "wrote (.npy)"
            )


def _separator(text: str) -> str | None:
    """What stands between cells; None where there is one column."""
    bare = re.sub(r'"[^"]*"', "0", text) if '"' in text else text
    bare = re.sub(r"^#.*$", "", bare, flags=re.MULTILINE) if "#" in bare else bare
    last = bare.rstrip()[-LONGEST_LINE:].rpartition("\n")[2]
    found = [separator for separator in SEPARATORS if separator in bare]
    # A tab may also only pad the cells between commas, so the last line must make sense.
    fits = [one for one in found if all(_number(cell) is not None for cell in last.rstrip(one).split(one))]
    spaced = len(last.split()) > 1 and all(_number(cell) is not None for cell in last.split())
    return (fits or found or [" " if spaced else None])[0]


def _is_remark(line: str, at: int) -> bool:
    return line.startswith("#") or (at == 1 and line[:4].lower() == "sep=")


def _trimmed(dialect: _Dialect, header: bool | None) -> _Dialect:
    """The dialect without an index that pandas wrote, and without the empty column behind separators at line ends."""
    rows = dialect.rows()
    first, second = ([cell.strip() for cell in row] for _, row in (next(rows, (0, [])), next(rows, (0, []))))
    last = second or first
    open_end = len(last) > 1 and not last[-1] and (not first[-1] or len(first) == len(last) - 1)
    notes = list(dialect.notes)
    if open_end:
        first = first if first[-1] else first[:-1]
        notes.append("the separator at the end of every line left out")
    index = 0
    while header is not False and index < len(first) - 1 and first[index] in INDEX and "".join(second[index:][:1]):
        index += 1
    rest = [_number(name) for name in first[index:]]
    if index and ((all(one is None for one in rest) and all(first[index:])) or rest == list(range(len(rest)))):
        notes.append(
            "pandas' index, the first column, left out" if index == 1 else f"{index} columns of indices left out"
        )
    else:
        index = 0
    return _Dialect(dialect.text, dialect.separator, tuple(notes), index, open_end)


def _numbers(dialect: _Dialect, header: bool | None, expected: int | None) -> tuple[np.ndarray, bool]:
    """The numbers, and whether the first row held names instead."""
    rows = dialect.rows()
    line, first = next(rows)
    # float() would also read underscores and the digits of every script.
    plain = dialect.text.isascii() and "_" not in dialect.text
    values, fractions, count = array("d"), True, 0
    for at, cells in rows:
        if len(cells) != len(first):
            raise InputError(
                f"line {at} has {counted(len(cells), 'column')}, line {line} {len(first)}; give every row as many cells"
            )
        values.extend(_row(cells, at, plain))
        fractions = fractions and not any(re.fullmatch(WHOLE, cell.strip()) for cell in cells)
        count += 1
    below = np.frombuffer(values, np.float64).reshape(count, len(first)) if count else np.zeros((0, len(first)))
    if _is_header([cell.strip() for cell in first], below, fractions, header, expected):
        return below, True
    return np.concatenate([np.array([_row(first, line, plain)]), below]), False


def _row(cells: Sequence[str], line: int, plain: bool) -> list[float]:
    if plain:
        try:
            row = list(map(float, cells))
            if math.isfinite(sum(row)):
                return row
        except ValueError:
            pass
    return [_cell(cell.strip(), line, k + 1) for k, cell in enumerate(cells)]


def _cell(cell: str, line: int, column: int) -> float:
    value = _number(cell)
    if value is not None and math.isfinite(value):
        return value
    cell_name = f"line {line}, column {column}"
    if cell.lower() in MISSING:
        raise InputError(f"{cell_name} is missing ({cell!r}); leave out rows that lack a value")
    if value is not None:
        raise InputError(f"{cell_name} is {cell!r:.40}, which float64 does not hold; every value must be finite")
    hint = ", without marks for thousands" if re.fullmatch(r"[+-]?\d{1,3}([ .,'_]\d{3})+([.,]\d+)?", cell) else ""
    raise InputError(f"{cell_name} holds {cell!r:.40}; expected a number{hint}, or True or False")


def _number(cell: str) -> float | None:
    """What a cell says; None where it is not a number."""
    cell = cell.strip()
    if re.fullmatch(NUMBER, cell):
        return float(cell)
    if re.fullmatch(DECIMAL_COMMA, cell):
        return float(cell.replace(",", "."))
    return TRUTH.get(cell.lower())


def _is_header(
    first: Sequence[str], below: np.ndarray, fractions: bool, header: bool | None, expected: int | None
) -> bool:
    """Whether the first row holds names.

    Raises:
        InputError: it may hold names or numbers, and neither `header` nor the number of rows expected says which.
    """
    if header is not None:
        return header
    numbers = [_number(cell) for cell in first]
    named = sum(one is None and cell.lower() not in MISSING for one, cell in zip(numbers, first, strict=True))
    unread = sum(one is None for one in numbers)
    if named and unread == len(first):
        return True
    if unread and not named:
        return False
    doubt = named or (len(below) and _like_names(first, numbers, below, fractions))
    return bool(doubt) and _settled(_listed(first), len(below), _listed(below[:1].ravel().tolist()), expected)


def _like_names(first: Sequence[str], numbers: Sequence[float | None], below: np.ndarray, fractions: bool) -> bool:
    """Whether numbers may be names: counted from 0 as pandas does, or of another kind than all below them.

    When pandas reads a table without a header as one with a header, it tells equal names apart as 1, 1.1, 1.2.
    """
    whole = all(re.fullmatch(WHOLE, cell) for cell in first)
    counted = numbers == list(range(len(numbers))) and (whole or all(cell.lower() in TRUTH for cell in first))
    other_kind = whole and len(set(numbers)) == len(numbers) and (
        fractions or (bool(np.isin(below, (0, 1)).all()) and not set(numbers) <= {-1, 0, 1})
    )  # fmt: skip
    repeated = any(re.sub(r"\.[1-9]\d*$", "", cell) in first for cell in first if re.search(r"\.[1-9]\d*$", cell))
    return counted or other_kind or repeated


def _settled(first: str, below: int, second: str, expected: int | None) -> bool:
    """Whether a first row that can be both holds names, by the number of rows expected."""
    if expected in (below, below + 1):
        return expected == below
    raise InputError(
        f"the first row is {first}: names of columns, or values? As names, {counted(below, 'row')} "
        f"{'follows' if below == 1 else 'follow'}, the first being {second}; as values, it is the "
        f"first of {counted(below + 1, 'row')}. Say which: header=True or header=False (--header or --no-header)"
    )


def _has_texts(dialect: _Dialect) -> bool:
    """Whether the only column holds texts, below the first row or in its only one."""
    rows = dialect.rows()
    next(rows)
    return any(_number(cell) is None and cell.strip().lower() not in MISSING for _, row in rows for cell in row)


def _texts(dialect: _Dialect, header: bool | None, expected: int | None) -> tuple[np.ndarray, bool]:
    """The texts of the only column, and whether the first row held its name instead."""
    wide = next(((line, len(row)) for line, row in dialect.rows() if len(row) != 1), None)
    if wide is not None:
        raise InputError(f"line {wide[0]} has {counted(wide[1], 'column')}, line 1 one; give every row as many cells")
    known: dict[str, str] = {}  # equal texts are kept once
    cells = [known.setdefault(cell.strip(), cell.strip()) for _, row in dialect.rows() for cell in row]
    first, below = cells[0], cells[1:]
    if header is None and _number(first) is None and below and first not in set(below):
        header = _settled(_listed([first]), len(below), _listed(below[:1]), expected)
    elif header is None:
        header = _number(first) is not None
    taken = below if header else cells
    for cell in dict.fromkeys(taken):
        if cell.lower() in MISSING or _number(cell) is not None or len(cell) > LONGEST_TEXT:
            line = next(line for line, row in dialect.rows() if row[0].strip() == cell)
            what = f"longer than {LONGEST_TEXT} characters" if len(cell) > LONGEST_TEXT else "a number among texts"
            what = "which is missing" if cell.lower() in MISSING else what
            raise InputError(f"line {line} holds {cell!r:.40}, {what}; give the class of each input, all of one kind")
    return np.array(taken, object).reshape(-1, 1), header


def _has_decimal_commas(dialect: _Dialect) -> bool:
    """Whether numbers have decimal commas.

    Raises:
        InputError: there are points too, or each comma could as well separate thousands or whole numbers.
    """
    odd = re.search(r"^([+-]?\d+,0\d+|-0,\d+)$", dialect.text, re.MULTILINE) if dialect.separator == "," else None
    if odd and re.fullmatch(r"([^,\n]*\n)?([+-]?\d+,\d+\n)+", f"{dialect.text.strip()}\n"):
        raise InputError(
            f"each line is like {odd[0]!r:.40}: one number with a decimal comma, or two whole numbers? Write a decimal "
            "point, or whole numbers without leading zeros"
        )
    if "," not in dialect.text or (dialect.separator == "," and '"' not in dialect.text):
        return False
    comma = point = None
    alone = True  # whether the table has one column
    for line, cells in dialect.rows():
        alone = len(cells) == 1
        for cell in map(str.strip, cells):
            if "," in cell and re.fullmatch(DECIMAL_COMMA, cell):
                if comma is None or (re.fullmatch(THOUSANDS, comma[1]) and not re.fullmatch(THOUSANDS, cell)):
                    comma = line, cell
            elif point is None and "." in cell and re.fullmatch(NUMBER, cell):
                point = line, cell
    if comma and point:
        raise InputError(
            f"line {comma[0]} holds {comma[1]!r} and line {point[0]} {point[1]!r}: commas and points in numbers; write "
            "all with a decimal point, without marks for thousands"
        )
    if comma and re.fullmatch(THOUSANDS, comma[1]):
        raise InputError(
            f"line {comma[0]} holds {comma[1]!r}: {comma[1].replace(',', '.')} with a decimal comma, or "
            f"{comma[1].replace(',', '')} with a mark for thousands? Write it with a decimal point, or without the mark"
        )
    if comma and dialect.without_last and alone:
        raise InputError(
            f"line {comma[0]} holds {comma[1]!r} before a separator at its end: a number with a decimal comma, or two "
            "numbers? Leave the separators at line ends out"
        )
    return comma is not None


def _listed(values: Sequence[object]) -> str:
    """The first few of them, texts without what a terminal would act on."""
    shown = [_shown(one) for one in values[:SHOWN]]
    return ", ".join([*shown, "..."] if len(values) > SHOWN else shown)


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return f"{value:g}"
    return value if value.isprintable() and 0 < len(value) <= 40 else f"{value[:40]!r}"


def counted(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
