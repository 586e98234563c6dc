"""The commands `compare` and `over`."""

import csv
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ..conftest import REFERENCE

ONE, TWO = REFERENCE / "xor-2-3-3-1-seed0.json", REFERENCE / "xor-2-3-3-1-seed2.json"


@pytest.fixture
def checkpoints(tmp_path):
    """Files as training names its checkpoints."""
    names = {"run-epoch-0.json": "nor-2-3-3-1-seed0", "run-epoch-100.json": "and-2-3-3-1-seed0",
             "run-epoch-30.json": "xor-2-3-3-1-seed2", "run.json": "xor-2-3-3-1-seed0"}  # fmt: skip
    for name, source in names.items():
        shutil.copy(REFERENCE / f"{source}.json", tmp_path / name)
    return sorted(tmp_path.iterdir())


def test_compare(run_command, tmp_path):
    """The paragraph, then the table, within 80 columns; a picture; and one document."""
    code, printed, _ = run_command("compare", ONE, TWO, "--task", "XOR", "--picture", tmp_path / "two.svg")
    assert code == 0 and printed.startswith("Both networks compute XOR, the task.")
    assert all(len(line) <= 80 for line in printed.splitlines())
    assert "First   xor-2-3-3-1-seed0.json  2-3-3-1" in printed
    assert ElementTree.parse(tmp_path / "two.svg").getroot().tag.endswith("svg")
    code, printed, _ = run_command("compare", ONE, TWO, "--json", "--match", "names")
    document = json.loads(printed)
    assert code == 0 and document["matching"] == [[0, 1, 2], [0, 1, 2]] and document["first"]["name"] == ONE.name


def test_over(run_command, checkpoints, tmp_path):
    """By epoch, whatever the order of the files; each table as CSV; and one document."""
    code, printed, _ = run_command("over", *checkpoints, "--task", "XOR", "--picture", tmp_path / "run.svg")
    assert code == 0 and printed.startswith("4 networks of the widths 2-3-3-1, by epoch, from epoch 0 to the end.")
    assert all(len(line) <= 80 for line in printed.splitlines())
    assert ElementTree.parse(tmp_path / "run.svg").getroot().tag.endswith("svg")
    code, printed, _ = run_command("over", *checkpoints, "--depth", "2", "--csv", "networks")
    rows = list(csv.DictReader(printed.splitlines()))
    assert code == 0 and [row["network"] for row in rows] == ["epoch 0", "epoch 30", "epoch 100", "end"]
    assert [Path(row["file"]).name for row in rows][-1] == "run.json"
    code, printed, _ = run_command("over", *checkpoints[:2], "--rung", "single", "--depth", "2", "--json")
    assert code == 0 and json.loads(printed)["rung"] == "single"


@pytest.mark.parametrize(("arguments", "said"), [
    (("compare", ONE, "nowhere.json"), "everyhow: nowhere.json: no such file"),
    (("compare", ONE, TWO, "--match", "closest"), "unknown match 'closest'; the ways to match are best, names"),
    (("compare", ONE, TWO, "--force"), "--force is given without --picture: nothing is written"),
    (("compare", ONE, REFERENCE / "authors-xor-and-2-3-3-2-seed0.json"),
     "xor-2-3-3-1-seed0.json has 1 output and authors-xor-and-2-3-3-2-seed0.json has 2: networks are set beside each "
     "other on the same inputs and outputs; give two of one task, or one output of each (network.output(k))"),
    (("over", ONE), "1 network given; give at least two"),
    (("over", ONE, ONE), "xor-2-3-3-1-seed0.json is given twice; give each network once"),
    (("over", ONE, TWO, "--rung", "perfect"), "unknown rung 'perfect'; the rungs are single, irredundant, ordered,"),
    (("over", ONE, TWO, "--csv", "counts"), "unknown table 'counts'; the tables are networks, explanations"),
    (("over", ONE, TWO, "--csv", "networks", "--json"), "--csv and --json do not go together"),
])  # fmt: skip
def test_errors(run_command, arguments, said):
    code, printed, errors = run_command(*arguments)
    assert (code, printed) == (1, "") and said in errors


def test_no_file_is_replaced(run_command, tmp_path):
    (tmp_path / "two.svg").write_text("kept")
    code, _, errors = run_command("compare", ONE, TWO, "--picture", tmp_path / "two.svg")
    assert code == 1 and "--force" in errors and (tmp_path / "two.svg").read_text() == "kept"
