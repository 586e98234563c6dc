"""What values look like where a person works: short texts, tables and pictures in notebooks, data frames."""

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.errors import MissingExtraError
from everyhow.common.sql import RunTable, Table, html_table

from ..conftest import reference
from ..transformer.slowly import random_transformer

TABLE = Table(("name", "a<b", "n"), (("x\x1b[31m", 0.123456789, 2), ("<b>", None, 10**30)))


@pytest.fixture(scope="module")
def audit():
    return eh.audit(eh.xornet(), "XOR")


def cells(html):
    """The texts of a table, row by row."""
    return [[cell.text or "" for cell in row] for row in ElementTree.fromstring(html).iter("tr")]


def test_tables_in_notebooks():
    """Cells are escaped, control signs shown, numbers short and to the right, long tables cut and that said."""
    html = RunTable("found", "What was found", TABLE, "and a note")._repr_html_()
    assert cells(html) == [["name", "a<b", "n"], ["x\\x1b[31m", "0.123457", "2"], ["<b>", "", f"{10**30:,}"]]
    assert "found: What was found" in html and "and a note" in html and html.count("text-align:right") == 3
    long = Table(tuple(f"c{k}" for k in range(40)), ((0,) * 40,) * 100)
    html = html_table(long, "long")
    assert len(cells(html)) == 61 and len(cells(html)[1]) == 30 and "40 more rows and 10 more columns are not" in html
    assert repr(long).startswith("Table(100 rows of c0, c1, ")
    assert cells(Table(("t",), (("x" * 200,),))._repr_html_())[1] == ["x" * 100 + " ..."]


def test_data_frames(audit):
    """The rows and columns of a table, of a run's table, and of a behavior."""
    pandas = pytest.importorskip("pandas")
    frame = audit.tables()["ladder"].to_pandas()
    assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == list(audit.tables()["ladder"].table.columns)
    assert frame.loc[frame.rung == "perfect", "survivors"].tolist() == [1]
    assert TABLE.to_pandas()["n"].tolist() == [2, 10**30]
    behavior = eh.Behavior.of_data([[0.5, 1], [1, 0.5]], [1, 0], features=[[0, 1], [1, 1]])
    assert behavior.to_pandas().to_dict("list") == {
        "x0": [0.5, 1.0], "x1": [1.0, 0.5], "weight": [0.5, 0.5], "wanted 0": [1, 0], "bit 0": [0, 1], "bit 1": [1, 1],
    }  # fmt: skip
    with pytest.raises(eh.InputError, match="two columns are called 'a'"):
        Table(("a", "a"), ((1, 2),)).to_pandas()


def test_without_pandas(monkeypatch):
    """The error says what installs it, and what does without."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        MissingExtraError, match=r"to_pandas needs pandas, .*: pip install 'everyhow\[pandas\]'; records\(\)"
    ):
        TABLE.to_pandas()


@pytest.mark.parametrize("number", range(5))
def test_pictures(audit, number):
    """Drawings and models of every kind are pictures in notebooks, and one short line as text."""
    value = (
        audit.drawings()["network"], eh.xornet(), reference("authors-xor-and-2-3-3-2-seed0")[1],
        random_transformer(0, ((1, 0),)), eh.Network([np.ones((1, 40))], [[0.0]], ["identity"]),
    )[number]  # fmt: skip
    forms = value._repr_mimebundle_()
    assert set(forms) == {"text/plain", "image/svg+xml", "text/html"}
    assert len(forms["text/plain"]) < 200 and "\n" not in forms["text/plain"]
    assert ElementTree.fromstring(forms["image/svg+xml"]).tag.endswith("svg")


def test_behaviors_and_disputes(audit):
    """A table in a notebook, a line as text: never arrays."""
    behavior = audit.behavior
    assert repr(behavior) == "Behavior(4 inputs of 2 numbers; 1 output, decision by threshold)"
    assert cells(behavior._repr_html_())[:2] == [["x0", "x1", "weight", "wanted 0"], ["0", "0", "0.25", "0"]]
    one, other = list(eh.readouts(eh.xornet()))[:2]
    dispute = eh.decide_between(eh.xornet(), one, other)
    found = cells(dispute._repr_html_())
    assert [row[0] for row in found] == ["", "the first", "the second"] and {row[3] for row in found[1:]} == {
        "right",
        "wrong",
    }
    assert str(dispute) in repr(dispute) and "array" not in repr(dispute)
    same = eh.decide_between(eh.xornet(), one, one)
    assert "no experiment decides" in same._repr_html_() and cells(same._repr_html_())[1][2:] == ["", ""]
    examined = eh.cross_examine(eh.xornet(), [one, other])
    assert [row[k + 1] for k, row in enumerate(cells(examined._repr_html_())[1:])] == ["1", "1"]


def test_lazy_values_are_short(audit):
    """What can be listed says of what, and how."""
    circuits = eh.circuits(eh.xornet(), "XOR")
    assert repr(circuits) == (
        "Circuits of Network(2-3-1, sigmoid:25, 7 edges) that decide right at 4 inputs; count(), sample(), "
        "minimal() and list() give them"
    )
    circuit = next(iter(circuits))
    assert repr(eh.interpretations(eh.xornet(), circuit)).startswith("Interpretations of Circuit(7 edges: ")
    assert ": your circuit is the whole network" in repr(eh.place(eh.xornet(), "XOR", circuit))


def test_what_is_missing_stands_in_the_short_form():
    """Estimates with their interval, and the first reasons of all in `capped`."""
    network = reference("count-xor-2-5-5-1-seed0")[1]
    said = repr(eh.audit(network, "XOR", budget=10_000_000))
    assert "perfect circuits about 4.62e+08 (95% interval " in said
    assert "  left out or estimated: counting the circuits needs about 7.34e+09 candidate evaluations" in said
    audit = eh.audit(eh.xornet(), "XOR", budget=50)
    assert repr(audit).count("left out or estimated: ") == 3 and repr(audit).endswith("  and 2 more, in audit.capped")
    assert len(audit.capped) == 5


def test_the_names_of_the_package():
    """`dir` offers what the documentation names, and no room that happens to be loaded."""
    import everyhow.sweeps.plan

    offered = dir(eh)
    assert everyhow.sweeps.plan and {"sweeps", "common", "display", "door", "annotations"}.isdisjoint(offered)
    assert {"audit", "Network", "xornet", "__version__"} <= set(offered)
    assert not [name for name in offered if isinstance(getattr(eh, name), type(sys))]
    assert eh.__version__[0].isdigit()


def test_a_script_without_a_main_guard_runs_once(tmp_path):
    """Processes that compute for a script do not import it."""
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing\nfrom everyhow.sweeps.local import without_script\nprint('begun', flush=True)\n"
        "process = multiprocessing.get_context('spawn').Process(target=print, args=('computed',))\n"
        "with without_script():\n    process.start()\nprocess.join()\nprint(__name__, process.exitcode)\n"
    )
    said = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["begun", "computed", "__main__ 0"] and said.stderr == ""
