"""What a person sees of a sweep: tables in the terminal, answers to questions, and figures."""

import io
import json
import sys
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.sql import Table
from everyhow.report.tables import cell, print_csv, print_table
from everyhow.report.terminal.sweeps import print_forecast, print_summary
from everyhow.sweeps.costs import forecast
from everyhow.sweeps.plan import read_plan, value_text
from everyhow.sweeps.statistics import KINDS
from everyhow.sweeps.summary import summarize

from ..sweeps.fabricated import RUNG_COLUMNS, TRIVIAL_COLUMNS, fabricate
from .printed import printed


def varied_row(point, replicate, output, preset, epoch):
    """Rows of many sizes, some missing, some not kept."""
    generator = np.random.default_rng([point, replicate, epoch])
    if replicate == 0:
        return {"status": "not kept", "reason": "the loss did not improve for 3 epochs"} | dict.fromkeys(RUNG_COLUMNS)
    size = float(10 ** (point + 1) + replicate)
    rungs = {name: int(generator.integers(0, 3)) for name in RUNG_COLUMNS}
    shares = generator.dirichlet(np.ones(20))
    return rungs | {
        "perfect_circuits": size, "perfect_circuits_low": size, "perfect_circuits_high": size,
        "interpretations": 100 * size if point < 2 else None, "interpretations_estimate": 1e12 if point == 2 else None,
        "aligned_algorithms": float(generator.integers(0, 4)), "mappings": float(generator.integers(0, 9)),
        "aligned_formulas": 2.0, "overlap_mean": 0.5 + 0.01 * replicate, "overlap_histogram": shares.tolist(),
        "capped": "counting needs 5 | estimated" if point == 2 else None,
    }  # fmt: skip


WIDTHS = {"name": "width", "title": "by width", "seeds": 8, "axis": "widths", "presets": ["paper", "authors"]}
PLANS = {
    "one": {"name": "basic", "seeds": 8, "presets": ["paper", "authors"]},
    "lists": {**WIDTHS, "grid": {"widths": [[2, 2], [3, 3], [4, 4]]}},
    "numbers": {"seeds": 8, "grid": {"input_noise": [0.0, 0.1, 0.2]}},
    "many": {"seeds": 8, "grid": {"input_weights": [[1, 1, 1, k / 10] for k in range(1, 13)]}},
    "two": {"seeds": 8, "grid": {"input_noise": [0.0, 0.1, 0.2], "widths": [[3, 3], [2]]}},
    "three": {"seeds": 3, "grid": {"l1": [0.0, 0.1], "l2": [0.0, 0.1], "loss_target_per_output": [0.001, 0.01]}},
    "checkpoints": {
        "seeds": 8,
        "settings": {"checkpoints": [0, 5, 50], "epochs": 50},
        "grid": {"l1": [0.0, 0.1]},
    },
    "epochs": {"seeds": 8, "axis": "epoch", "settings": {"checkpoints": [0, 5, 50], "epochs": 50}},
}


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweeps")
    epochs = dict.fromkeys(("epochs", "checkpoints"), (0, 5, 50))
    return {
        name: fabricate(folder / name, document, varied_row, epochs=epochs.get(name, (0,)))
        for name, document in PLANS.items()
    }


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("name", PLANS)
def test_summary(sweeps, name, width):
    """The summary fits its width, names every setting, and every section that there is something for."""
    sweep = sweeps[name]
    text = printed(print_summary, summarize(sweep), sweep, width=width)
    assert all(len(line) <= width and line == line.rstrip() for line in text.splitlines())
    assert sweep.digest in text.replace("\n", "").replace(" ", "") or sweep.digest in text
    for heading in ("Networks", "How far each criterion restores uniqueness", "Counts, over the networks explained"):
        assert f"\n{heading}" in text
    assert ("Do counts go with a setting?" in text) == (name in ("numbers", "epochs", "two", "checkpoints"))
    assert ("Do settings differ?" in text) == (name in ("lists", "many", "two", "three", "checkpoints"))
    assert ("Does the effect of one setting depend on another?" in text) == (name in ("two", "three", "checkpoints"))
    assert ("Beside Méloux" in text) == (name in ("one", "lists"))
    for levels in sweep.levels.values():
        assert all(option in text and value_text(value) in text for option, value in levels.items())
    assert ("1 (33%)" if name == "three" else "1 (12%)") in text, "what was not kept is said"
    assert "the loss did not improve for N epochs" in text
    assert "…" not in text, "nothing is cut off"
    assert ("~ for some of them an estimate" in text) == (name in ("lists", "numbers", "many", "two", "three"))


def test_uniqueness_in_full(sweeps):
    """For one setting the shares of none, one, several and unknown stand in columns and sum to all."""
    sweep = sweeps["one"]
    lines = printed(print_summary, summarize(sweep), sweep).splitlines()
    start = lines.index("How far each criterion restores uniqueness")
    rows = [line.split() for line in lines[start + 2 : start + 27] if line.count("%") == 4]
    assert len(rows) == sum(map(len, KINDS.values())) == 20
    for row in rows:
        shares = [int(word.rstrip("%")) for word in row if word.endswith("%")]
        assert 98 <= sum(shares) <= 102


def test_trivial_ones_apart(tmp_path):
    """Where nothing but an algorithm without variables is left, that is told apart from one explanation left."""

    def row(point, replicate, output, preset, epoch):
        return dict.fromkeys(TRIVIAL_COLUMNS, 1) | {"mappings_single": 2 + replicate, "algorithms_single": 2}

    one = fabricate(tmp_path / "one", {"seeds": 4}, row)
    text = printed(print_summary, summarize(one), one)
    lines = [line.split() for line in text.splitlines()]
    assert ["left", "after", "none", "trivial", "one", "several", "unknown"] in lines
    assert ["aligned", "alone,", "minimal", "0%", "0%", "25%", "75%", "0%", "██"] in lines
    assert lines.count(["left", "as", "computed", "0%", "100%", "0%", "0%", "0%"]) == 2
    assert "only an algorithm without variables is left" in " ".join(text.split())
    several = fabricate(tmp_path / "several", {"seeds": 4, "grid": {"widths": [[2], [3]]}}, row)
    text = printed(print_summary, summarize(several), several)
    assert "none/trivial/one/several" in text and "0/100/0/0" in text and "0/0/25/75" in text


def test_summary_as_a_document(sweeps):
    """The JSON document holds every table."""
    document = summarize(sweeps["lists"]).document()
    assert {"samples", "survivors", "spreads", "contrasts", "beside", "reasons", "digest"} <= set(document)
    assert document["samples"][0] == {
        "setting": "widths 2,2",
        "widths": "2,2",
        "networks": 8,
        "explained": 7,
        "not_kept": 1,
        "failed": 0,
    }
    assert json.dumps(document)


@pytest.mark.parametrize("width", [80, 140])
def test_forecast(width):
    """A plan's cost: numbers, time, disk, and what the budget will not allow."""
    plan = read_plan("width")
    text = printed(print_forecast, plan, forecast(plan), 2, width=width)
    assert all(len(line) <= width for line in text.splitlines())
    for words in (
        "500, in 50 blocks",
        "very roughly",
        "roughly 2",
        "- widths 6,6: counting the circuits needs about 4.7e+13",
    ):
        assert words in " ".join(text.split())
    basic = read_plan("basic")
    assert "nothing that can be foreseen" in printed(print_forecast, basic, forecast(basic), 2)


def test_tables():
    """Answers: whole numbers with separators, missing values empty, nothing cut off however narrow the terminal."""
    table = Table(("setting", "n", "mean", "flag"), (("3,3", 1234567, 0.123456789, True), ("x" * 90, 2.0, None, None)))
    lines = printed(print_table, table).splitlines()
    assert lines[0].split() == ["setting", "n", "mean", "flag"]
    assert lines[1].split() == ["3,3", "1,234,567", "0.123457", "true"]
    assert lines[2].startswith("x" * 90) and lines[2].endswith(" 2")
    assert [cell(value) for value in (None, 1e20, float("inf"), 2.5, "x")] == ["", "1e+20", "inf", "2.5", "x"]


def test_csv():
    """Comma-separated values: full precision, whole counts without a point, quotes where they are needed."""
    file = io.StringIO()
    print_csv(Table(("a", "b", "c"), ((1e15, 0.1234567890123, 'say "x", y'), (None, 3.0, True))), file)
    assert file.getvalue() == 'a,b,c\n1000000000000000,0.1234567890123,"say ""x"", y"\n,3,True\n'


class Done(NamedTuple):
    """What a command gave."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(run_command):
    return lambda *arguments: Done(*run_command(*arguments))


def test_query_command(sweeps, run):
    """The command prints a table, values or a document; a wrong question is told in one line."""
    folder = sweeps["one"].folder
    question = "SELECT preset, count(*) AS n FROM results GROUP BY 1 ORDER BY 1"
    assert run("query", folder, question).stdout.split() == ["preset", "n", "authors", "8", "paper", "8"]
    assert run("query", folder, question, "--csv").stdout == "preset,n\nauthors,8\npaper,8\n"
    assert json.loads(run("query", folder, question, "--json").stdout)["rows"] == [["authors", 8], ["paper", 8]]
    wrong = run("query", folder, "SELECT x FROM results")
    assert wrong.returncode == 1 and wrong.stderr.startswith("everyhow: this question cannot be answered: Binder Error")
    assert run("query", folder.parent, question).returncode == 1
    assert "leave one of them out" in run("query", folder, question, "--csv", "--json").stderr


def test_sweep_command_lists_and_forecasts(run):
    """Without a plan the experiments are listed; --dry-run trains nothing."""
    listed = run("sweep", "--list").stdout.splitlines()
    assert len(listed) == 18 and listed[0].startswith("basic ")
    assert json.loads(run("sweep", "--json").stdout)["width"]
    document = json.loads(run("sweep", "width", "--dry-run", "--probe", "0", "--format", "json").stdout)
    assert document["networks"] == 500 and document["refused"][0][0] == "widths 6,6" and document["tried"] == 0
    assert run("sweep", "basics").returncode == 1
    assert "workers is 0" in run("sweep", "basic", "--dry-run", "--workers", "0").stderr
    assert (
        "probe is -1; it is a number of seconds, at least 0"
        in run("sweep", "basic", "--dry-run", "--probe", "-1").stderr
    )
    assert "csv holds one table, and a sweep has several" in run("sweep", "basic", "--format", "csv").stderr
    assert "| basic | XOR in a 2-3-3-1 network |" in run("sweep", "--format", "markdown").stdout


FIGURES = {
    "one": {"counts", "counts-authors", "survivors", "overlap"},
    "lists": {"counts", "counts-authors", "survivors", "overlap"},
    "numbers": {"counts", "survivors", "overlap"},
    "many": {"counts", "survivors", "overlap"},
    "two": {"counts", "survivors", "overlap"},
    "three": {"counts", "survivors", "overlap"},
    "checkpoints": {"training", "survivors", "overlap"},
    "epochs": {"training", "survivors", "overlap"},
}


# Others are drawn by the same code.
DRAWN = ("one", "many")


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=() if one in DRAWN else pytest.mark.nightly) for one in PLANS]
)
def test_figures(sweeps, name, tmp_path):
    """Every figure there is data for, as wide as two columns of a page at most."""
    pytest.importorskip("matplotlib")
    from everyhow.report.figures.figures import draw_figures

    written = draw_figures(sweeps[name], tmp_path, ["svg"])
    assert {path.stem for path in written} == FIGURES[name] and len(written) == len(FIGURES[name])
    for path in written:
        root = ElementTree.parse(path).getroot()
        width = float(root.attrib["width"].removesuffix("pt")) / 72
        assert width <= 7.3, "it fits the width of two columns"


def test_figures_in_every_format(sweeps, tmp_path):
    """As SVG, PDF and PNG, the same again for the same results."""
    pytest.importorskip("matplotlib")
    from everyhow.report.figures.figures import draw_figures

    written = draw_figures(sweeps["one"], tmp_path / "one")
    assert {path.suffix for path in written} == {".svg", ".pdf", ".png"} and len(written) == 3 * len(FIGURES["one"])
    starts = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}
    assert all(path.read_bytes().startswith(starts[path.suffix]) for path in written)
    for path in draw_figures(sweeps["one"], tmp_path / "two", ["svg"]):
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes()


def test_sizes_of_letters(sweeps):
    """No letter in a figure is smaller than 7 points, and nothing runs out of it."""
    pytest.importorskip("matplotlib")
    import matplotlib
    from matplotlib.text import Text

    from everyhow.report.figures.figures import STYLE, figures_of

    for plan in ("two", "checkpoints"):
        with matplotlib.rc_context(STYLE):
            for name, draw in figures_of(sweeps[plan]):
                figure = draw()
                figure.draw_without_rendering()
                shown = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
                assert shown and min(t.get_fontsize() for t in shown) >= 7, name


def test_bars_are_shares(sweeps):
    """The stacked bars of a rung sum to one, and the blue one is as long as the share with exactly one."""
    pytest.importorskip("matplotlib")
    from matplotlib.colors import to_hex
    from matplotlib.figure import Figure

    from everyhow.report.figures.survivors import OUTCOMES, _stack
    from everyhow.sweeps.statistics import survivors

    rungs = [s for s in survivors(sweeps["one"]) if s.kind == "mappings"]
    ax = Figure().subplots()
    _stack(ax, rungs)
    for row, rung in enumerate(rungs):
        bars = [p for p in ax.patches if round(p.get_y() + p.get_height() / 2) == row]
        lengths = {to_hex(p.get_facecolor()): p.get_width() for p in bars}
        assert sum(lengths.values()) == pytest.approx(1)
        assert lengths[OUTCOMES["one"].lower()] == pytest.approx(rung.one / rung.outputs)


def test_formats(sweeps, tmp_path, run):
    """A format that there is not is refused."""
    pytest.importorskip("matplotlib")
    from everyhow.report.figures.figures import draw_figures

    with pytest.raises(eh.InputError, match="format gif; the formats are svg, pdf, png"):
        draw_figures(sweeps["one"], tmp_path, ["svg", "gif"])
    done = run("figures", sweeps["one"].folder, "--out", tmp_path / "f", "--format", "svg")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 4


def test_figures_of_nothing(tmp_path):
    """Without a network explained there is nothing to draw, and the error says so."""
    pytest.importorskip("matplotlib")
    from everyhow.report.figures.figures import draw_figures

    sweep = fabricate(tmp_path / "run", {"seeds": 2}, lambda *a: {"status": "not kept", "reason": "none"})
    with pytest.raises(eh.InputError, match="no network was explained"):
        draw_figures(sweep, tmp_path / "figures")
    assert "Networks" in printed(print_summary, summarize(sweep), sweep)


def test_figures_without_matplotlib(sweeps, tmp_path, monkeypatch):
    """Without the extra, the error says which command installs it."""
    from everyhow.report.figures.figures import draw_figures

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(eh.EveryhowError, match=r"pip install 'everyhow\[plot\]'"):
        draw_figures(sweeps["one"], tmp_path)
