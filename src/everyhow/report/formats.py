"""A table in each of the forms that it can be printed in: for people, for documents, and for programs."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ..common.errors import InputError
from ..common.sql import RunTable, Table
from .tables import cell, print_csv, print_table
from .terminal.pieces import print_trimmed
from .words import seen

FORMATS = ("text", "markdown", "latex", "csv", "json")
MARKED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", **{sign: f"\\{sign}" for sign in "\\`*_[]#|~"}}
SET = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "→": r"$\rightarrow$", "×": r"$\times$", "±": r"$\pm$", "−": "$-$", "≈": r"$\approx$", "¬": r"$\lnot$",
    "∧": r"$\land$", "∨": r"$\lor$", "≤": r"$\leq$", "≥": r"$\geq$", "⊕": r"$\oplus$",
}  # fmt: skip


def markdown(found: Table, title: str = "", note: str = "") -> str:
    """A table of GitHub's Markdown, numbers to the right, its title above and its note below.

    Example:
        >>> print(markdown(Table(("of", "n"), (("a|b", 1234), ("*", None)))))
        | of | n |
        | --- | ---: |
        | a\\|b | 1,234 |
        | \\* |  |
        <BLANKLINE>
    """
    lines = [f"**{in_markdown(title)}**", ""] if title else []
    lines.append(_row(map(in_markdown, found.columns)))
    lines.append(_row("---:" if right else "---" for right in _numeric(found)))
    lines += [_row(in_markdown(cell(value)) for value in row) for row in found.rows]
    lines += ["", in_markdown(note)] if note else []
    return "\n".join(lines) + "\n"


def in_markdown(text: str) -> str:
    """A text that Markdown shows as it stands.

    Example:
        >>> in_markdown("h1_0 | <b>")
        'h1\\\\_0 \\\\| &lt;b&gt;'
    """
    return "".join(MARKED.get(sign, sign) for sign in seen(text).replace("\n", " "))


def latex(found: Table, title: str = "", note: str = "") -> str:
    """A table of LaTeX, with the rules of the package booktabs; with a title, in a float with a caption.

    Example:
        >>> print(latex(Table(("of", "n"), (("A & B", 1234),))))
        \\begin{tabular}{lr}
        \\toprule
        of & n \\\\
        \\midrule
        A \\& B & 1,234 \\\\
        \\bottomrule
        \\end{tabular}
        <BLANKLINE>
    """
    sides = "".join("r" if right else "l" for right in _numeric(found))
    body = [f"\\begin{{tabular}}{{{sides}}}", r"\toprule", _line(found.columns), r"\midrule"]
    body += [_line(cell(value) for value in row) for row in found.rows]
    body += [r"\bottomrule", r"\end{tabular}"]
    if title:
        caption = ". ".join(in_latex(text).rstrip(".") for text in (title, note) if text)
        body = [r"\begin{table}", r"\centering", f"\\caption{{{caption}.}}", *body, r"\end{table}"]
    return "\n".join(body) + "\n"


def in_latex(text: str) -> str:
    """A text that LaTeX sets as it stands.

    Example:
        >>> in_latex("50% of h1_0 & {A}")
        '50\\\\% of h1\\\\_0 \\\\& \\\\{A\\\\}'
    """
    return "".join(SET.get(sign, sign) for sign in seen(text).replace("\n", " "))


def write_table(found: Table, form: str, console: Console) -> None:
    """Print an answer in any form but JSON."""
    if form == "text":
        print_table(found, console)
    else:
        console.file.write(as_text(found, form))


def write_tables_as(found: Mapping[str, RunTable], form: str, console: Console) -> None:
    """Print several tables, each under its title, in any form but JSON.

    Raises:
        InputError: several are asked for in CSV, which has room for one.
    """
    if form == "csv" and len(found) > 1:
        raise InputError(
            f"csv holds one table, and there are {len(found)}: {', '.join(found)}; name one of them, take another "
            "format, or write each into a file: everyhow tables RUN --out FOLDER"
        )
    for number, one in enumerate(found.values()):
        if number:
            console.file.write("\n")
        if form == "text":
            print_trimmed(console, Text(one.title, style="bold"))
            print_table(one.table, console)
            if one.note:
                print_trimmed(console, Text(one.note))
        else:
            console.file.write(as_text(one.table, form, one.title, one.note))


def tables_document(found: Mapping[str, RunTable]) -> dict[str, Any]:
    """Several tables as one JSON document that has them by name."""
    return {name: {"title": one.title, "note": one.note, **one.table.document()} for name, one in found.items()}


def as_text(found: Table, form: str, title: str = "", note: str = "") -> str:
    """A table in one of the forms `markdown`, `latex` and `csv`."""
    if form == "markdown":
        return markdown(found, title, note)
    if form == "latex":
        return latex(found, title, note)
    file = io.StringIO()
    print_csv(found, file)
    return file.getvalue()


def check_format(form: str, allowed: Sequence[str] = FORMATS, why: str = "") -> str:
    """The form, if it is one of those allowed.

    Raises:
        InputError: it is not; the message lists those that are.
    """
    if form not in allowed:
        raise InputError(f"format is {form!r}; the formats {'here ' * bool(why)}are {', '.join(allowed)}{why}")
    return form


def _numeric(found: Table) -> list[bool]:
    """Of each column, whether it holds numbers only."""
    return [
        bool(found.rows) and all(value is None or _is_number(value) for value in column)
        for column in (zip(*found.rows, strict=True) if found.rows else ((),) * len(found.columns))
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(cells: Iterable[str]) -> str:
    """A row of LaTeX. After the end of a row, a bracket or an asterisk would be taken for an option of that end."""
    text = " & ".join(in_latex(one) for one in cells)
    return (f"{{{text[0]}}}{text[1:]}" if text.startswith(("[", "*")) else text) + r" \\"
