"""The worked examples print what stands beside them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import everyhow as eh

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_alice_and_bob():
    """The story is the script's own output."""
    folder = EXAMPLES / "alice_and_bob"
    command = [sys.executable, "-X", "utf8", folder / "tell.py"]
    told = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout

    assert told == (folder / "README.md").read_text(encoding="utf-8")


def test_two_truths(tmp_path):
    """Two published circuits of one compiled transformer: the story is the script's own output; a page of each and a
    picture of both are written."""
    folder = EXAMPLES / "two_truths"
    command = [sys.executable, "-X", "utf8", folder / "tell.py", tmp_path]
    told = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout

    assert told == (folder / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {"zero.html", "mean.html", "two-truths.svg"}


@pytest.mark.nightly
def test_digits(tmp_path):
    """The last three layers of a network on real data: the published sizes of both spaces, and a page."""
    command = [sys.executable, "-X", "utf8", EXAMPLES / "digits" / "explain.py"]
    told = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=tmp_path).stdout

    assert "Network(3-3-3-1, leaky_relu, leaky_relu, identity, 21 edges): 360 given inputs" in told
    assert "decisions changed 0" in told
    assert re.search(r"circuits_in_authors_space +24,366\n", told)
    assert re.search(r"circuits_using_every_input +94,591\n", told)
    document = json.loads((tmp_path / "runs" / "digits" / "audit.json").read_text())
    assert document["counts"]["perfect_circuits"] > 0 and document["capped"] == []
    assert (tmp_path / "runs" / "digits" / "report.html").stat().st_size > 10_000
    points = np.loadtxt(tmp_path / "runs" / "digits" / "points.csv", delimiter=",")
    assert np.array_equal(np.unique(points, axis=0), np.unique(document["behavior"]["points"], axis=0)), "to the bit"
    kept = eh.load(tmp_path / "runs" / "digits" / "tail.json")
    assert [w.tolist() for w in kept.weights] == document["network"]["weights"]
    assert {path.name for path in (EXAMPLES / "digits").glob("*.*")} == {
        "README.md", "explain.py", "labels.csv", "points.csv", "tail.json",
    }  # fmt: skip
