"""Texts that terminals, spreadsheets, browsers, Rich and Matplotlib would obey are shown as they stand."""

import csv
import io
import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from rich.console import Console
from rich.text import Text

import everyhow as eh
from everyhow.common.sql import RunTable, Table
from everyhow.report.drawings.drawing import Drawing
from everyhow.report.drawings.shapes import Label, Part
from everyhow.report.drawings.svg import inside_page, standalone
from everyhow.report.figures.figures import draw_figures
from everyhow.report.page.html import packed, render
from everyhow.report.table_files import write_tables
from everyhow.report.tables import inert, print_csv, print_table
from everyhow.report.terminal.pieces import print_trimmed
from everyhow.report.words import seen

from ..sweeps.fabricated import fabricate
from .printed import printed

CLEAR = "\x1b[2J"
STRANGE = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1d1+1",
    "-A1",
    "=cmd|' /C calc'!A0",
    "+",
    "-",
]
PLAIN = [
    "",
    "a",
    "-1",
    "+1.5",
    "-1e-3",
    "-1,1",
    "1,-2",
    "-.5",
    "A & B",
    "~A",
    "a=b",
    "'=1",
    "-123456789012345678901234",
]


def in_csv(value):
    file = io.StringIO()
    print_csv(Table(("a",), ((value,),)), file)
    return list(csv.reader(io.StringIO(file.getvalue(), newline="")))[1:]


def test_formulas_in_csv():
    """A text that a spreadsheet would compute begins with an apostrophe; numbers, as numbers or texts, do not."""
    for text in STRANGE:
        ((cell,),) = in_csv(text)
        assert cell.startswith("'"), text
    for text in PLAIN:
        assert in_csv(text) == [[text]]
    assert [in_csv(value)[0][0] for value in (-1, -1.5, True, -(2**70))] == ["-1", "-1.5", "True", str(-(2**70))]
    assert in_csv("=a\x1b[31m")[0][0] == "'=a\\x1b[31m" and in_csv("a\nb\tc")[0][0] == "a\nb\tc"
    file = io.StringIO()
    print_csv(Table(("=1+1", CLEAR), ()), file)
    assert file.getvalue() == "'=1+1,\\x1b[2J\n"


def test_files_of_tables(tmp_path):
    """CSV files are such; JSON files hold every text as it is."""
    write_tables({"one": RunTable("one", CLEAR, Table(("a",), (("=1",), (CLEAR,))))}, tmp_path)
    assert (tmp_path / "one.csv").read_text() == "a\n'=1\n\\x1b[2J\n"
    assert json.loads((tmp_path / "one.json").read_text())["rows"] == [["=1"], [CLEAR]]


def test_cells_of_a_terminal():
    """Tables show control characters, line ends and markup in columns and cells; very long cells are cut and say so."""
    table = Table(
        (f"a{CLEAR}", "[red]b"), ((CLEAR, "[bold]x[/bold]"), ("one\ntwo", "y" * 5000), ("\x9b31m", "\u202eabc"))
    )
    text = printed(print_table, table)
    assert "a\\x1b[2J" in text and "[red]b" in text and "[bold]x[/bold]" in text and "one\\ntwo" in text
    assert "\\x9b31m" in text and "\\u202eabc" in text and text.isascii() and text.replace("\n", "").isprintable()
    assert f"{'y' * 2000}... (5,000 signs)\n" in text and "y" * 2001 not in text


def test_long_tables():
    """Of many rows the first are shown, and how many there are."""
    text = printed(print_table, Table(("a",), tuple((k,) for k in range(1500))))
    assert text.splitlines()[-2:] == [
        "999",
        "  the first 1,000 rows of 1,500 are shown; --format csv and json give all",
    ]
    assert "rows of" not in printed(print_table, Table(("a",), tuple((k,) for k in range(1000))))


def test_everything_printed():
    """Whatever is printed of a run goes through one place; colours of our own stay."""
    assert printed(lambda console: print_trimmed(console, Text(f"a{CLEAR}b\x07\nc"))) == "a\\x1b[2Jb\nc\n"
    file = io.StringIO()
    print_trimmed(Console(file=file, force_terminal=True, color_system="standard"), Text(CLEAR, style="red"))
    assert file.getvalue() == "\x1b[31m\\x1b[2J\x1b[0m\n"


def test_pages_and_pictures():
    """Pages and pictures show the codes; XML stays XML."""
    strange = f"<b>&\"'{CLEAR}\u202e\x00"
    page = render("drawing.html.jinja", (), title=f"{strange}\nnext", svg="")
    assert "&lt;b&gt;&amp;&#34;&#39;\\x1b[2J\\u202e\\x00\nnext" in page and "\x1b" not in page and "\u202e" not in page
    drawing = Drawing(strange, 10, 10, (Part("", strange, (Label("text", 1, 1, strange),)),))
    for svg in (standalone(drawing), inside_page(drawing)):
        assert seen(strange) in "".join(ElementTree.fromstring(svg).itertext())
    import base64
    import gzip

    assert json.loads(gzip.decompress(base64.b64decode(packed({"a": [strange]}))))["a"] == [seen(strange)]


@pytest.mark.parametrize("title", ["$x_", r"$\frac{1}$", "a$b$c", r"\$x$", "[bold]", "y" * 500])
def test_titles_of_figures(title, tmp_path):
    """A title is drawn as it stands, cut where it would not fit; counts beyond every double are drawn too."""
    perfect = dict.fromkeys(("perfect_circuits", "perfect_circuits_low", "perfect_circuits_high"), float("inf"))
    huge = {**perfect, "interpretations": 1e308, "mappings": 3.0}
    sweep = fabricate(tmp_path / "run", {"name": "a", "title": title, "seeds": 3}, lambda *_: huge)
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none"}):
        paths = draw_figures(sweep, tmp_path / "figures", ["svg"])
    texts = ["".join(ElementTree.parse(path).getroot().itertext()) for path in paths]
    assert any((title if len(title) <= 80 else title[:80] + "...") in text for text in texts)


def test_more_settings_than_a_figure_shows(tmp_path, monkeypatch):
    """Where settings could not be told apart nothing is drawn, and it is said where the numbers are."""
    sweep = fabricate(tmp_path / "run", {"seeds": 1, "grid": {"l1": [0.0, 0.1, 0.2]}}, lambda *_: {})
    monkeypatch.setattr("everyhow.report.figures.figures.MOST_SETTINGS", 2)
    with pytest.raises(
        eh.InputError, match=r"run: has 3 settings; figures are drawn of at most 2, .*everyhow tables .*run"
    ):
        draw_figures(sweep, tmp_path / "figures", ["svg"])
    assert not (tmp_path / "figures").exists()


def test_json_on_a_terminal(tmp_path):
    """JSON documents print signs that nobody sees by their codes, and say the same."""
    code = (
        f"from everyhow.cli.options import print_json; print_json({{'a': {CLEAR + chr(0x9B) + chr(0x202E) + 'ä'!r}}})"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert json.loads(out) == {"a": CLEAR + "\x9b\u202eä"}
    assert "\\u009b\\u202eä" in out and out.replace("\n", "").isprintable()
    assert inert("\x9b=1") == "\\x9b=1"
