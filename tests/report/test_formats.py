"""Tables as Markdown and LaTeX: what is in a cell comes back when its marks are read as these languages read them."""

import html
import re

import pytest

import everyhow as eh
from everyhow.common.sql import RunTable, Table
from everyhow.report.formats import FORMATS, SET, as_text, check_format, latex, markdown, write_tables_as

from .printed import printed

HOSTILE = (
    "a|b", "**bold** _it_ `code`", "<script>alert(1)</script>", r"\input{x} $x^2$ ~ # 50% {a} & b", "[link](http://x)",
    "*", "[3,3]", "two\nlines", "#1", "OR(A,¬B) → h1.0 × 2", "", "--- | ---",
)  # fmt: skip
TABLE = Table(("text", "n"), tuple((text, k * 1234.5) for k, text in enumerate(HOSTILE)))


def test_markdown_reads_back():
    """Every row has as many cells as the head, and each cell is the text that it was."""
    head, line, *rows = markdown(TABLE).rstrip("\n").split("\n")
    assert (head, line) == ("| text | n |", "| --- | ---: |") and len(rows) == len(HOSTILE)
    for row, text in zip(rows, HOSTILE, strict=True):
        first, _ = re.split(r"(?<!\\) \| ", row.removeprefix("| ").removesuffix(" |"))
        assert not re.search(r"(?<!\\)[`*_<>|~]", first), "nothing is left that Markdown would obey"
        assert html.unescape(re.sub(r"\\(.)", r"\1", first)) == text.replace("\n", " ")


def test_latex_reads_back():
    """Each row ends once, and undoing the commands gives the text; no row begins as an option of the end before it."""
    text = latex(TABLE)
    assert text.startswith("\\begin{tabular}{lr}\n\\toprule\n") and text.endswith("\\bottomrule\n\\end{tabular}\n")
    rows = text.split("\\midrule\n")[1].split("\\bottomrule")[0].rstrip("\n").split("\n")
    commands = {command: sign for sign, command in SET.items()}
    pattern = re.compile("|".join(map(re.escape, sorted(commands, key=len, reverse=True))))
    for row, told in zip(rows, HOSTILE, strict=True):
        assert row.endswith(r" \\") and not row.startswith(("[", "*"))
        first = re.split(r"(?<!\\)(?:^| )& ", row)[0].rstrip()
        first = re.sub(r"^\{([\[*])\}", r"\1", first)
        assert pattern.sub(lambda found: commands[found[0]], first) == told.replace("\n", " ")


def test_titles_and_notes():
    """Above and below in Markdown; in LaTeX the caption of a float."""
    one = Table(("a",), ((1,),))
    assert markdown(one, "What_it shows", "50% of all.").startswith("**What\\_it shows**\n\n| a |\n| ---: |\n")
    assert markdown(one, "What", "A note.").endswith("\n\nA note.\n")
    assert "\\caption{What\\_it shows. 50\\% of all.}\n\\begin{tabular}{r}" in latex(
        one, "What_it shows", "50% of all."
    )
    assert markdown(Table(("a", "b"), ())) == "| a | b |\n| --- | --- |\n"


def test_several_tables():
    """Several tables stand one below the other, each under its title; CSV has room for one."""
    tables = {name: RunTable(name, f"Title of {name}", TABLE, "A note.") for name in ("one", "two")}
    for form in ("text", "markdown", "latex"):
        text = printed(lambda console, form=form: write_tables_as(tables, form, console), width=80)
        assert text.index("Title of one") < text.index("Title of two") and text.count("A note.") == 2
    with pytest.raises(eh.InputError, match="csv holds one table, and there are 2: one, two; name one of them"):
        printed(lambda console: write_tables_as(tables, "csv", console), width=80)
    assert as_text(TABLE, "csv").startswith("text,n\n")
    with pytest.raises(eh.InputError, match=f"format is 'html'; the formats are {', '.join(FORMATS)}"):
        check_format("html")
