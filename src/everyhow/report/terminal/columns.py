"""Rows under titles, in columns that are as wide as their widest cell in any of the groups."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

BETWEEN = 2


@dataclass(frozen=True)
class Row:
    """Cells below some titles.

    Attributes:
        titles: what the row and its neighbors have in common, from the widest to the narrowest; a title is written
            where it changes.
        cells: one for each column.
        marked: the column that stands out, if any.
    """

    titles: tuple[str, ...]
    cells: tuple[str, ...]
    marked: int | None = None


def in_columns(names: Sequence[str], rows: Sequence[Row], left: int, width: int) -> Text:
    """The rows as lines, their titles on lines of their own.

    Args:
        names: of the columns; they are broken at underscores where the lines would be too wide otherwise.
        rows: in order.
        left: how many of the first columns are set to the left; the others are set to the right.
        width: of the lines, at most, where that can be had.
    """
    heads = [[name] for name in names]
    if _total(_widths(heads, rows), rows) > width:
        heads = [name.replace("_", "_\n").split("\n") for name in names]
    widths = _widths(heads, rows)
    text = Text()
    depth = len(rows[0].titles) if rows else 0
    for k in range(max(map(len, heads))):
        cells = [head[k] if k < len(head) else "" for head in heads]
        text.append(_line(cells, widths, left, depth) + "\n", style="dim")
    before: tuple[str, ...] = ()
    for row in rows:
        for level, title in enumerate(row.titles):
            if before[: level + 1] != row.titles[: level + 1]:
                text.append("  " * level + title + "\n", style="bold" if not level else "")
        before = row.titles
        line = Text(_line(row.cells, widths, left, depth))
        if row.marked is not None:
            end = 2 * depth + sum(widths[: row.marked + 1]) + BETWEEN * row.marked
            line.stylize("bold", end - widths[row.marked], end)
        text.append(line).append("\n")
    text.rstrip()
    return text


def is_wide(names: Sequence[str], rows: Sequence[Row], width: int) -> bool:
    """Whether the lines of `in_columns` would be wider than this, however its heads are broken."""
    return _total(_widths([name.replace("_", "_\n").split("\n") for name in names], rows), rows) > width


def _widths(heads: Sequence[Sequence[str]], rows: Sequence[Row]) -> list[int]:
    return [max(map(len, (*head, *(row.cells[k] for row in rows)))) for k, head in enumerate(heads)]


def _total(widths: Sequence[int], rows: Sequence[Row]) -> int:
    return 2 * max((len(row.titles) for row in rows), default=0) + sum(widths) + BETWEEN * (len(widths) - 1)


def _line(cells: Sequence[str], widths: Sequence[int], left: int, depth: int) -> str:
    set_out = (
        cell.ljust(size) if k < left else cell.rjust(size)
        for k, (cell, size) in enumerate(zip(cells, widths, strict=True))
    )
    return "  " * depth + (" " * BETWEEN).join(set_out)
