"""The textbook notebooks: whole, in order, without a trace of a machine; and what they say is found again."""

import base64
import io
import itertools
import json
import re
from contextlib import redirect_stdout
from pathlib import Path

import nbformat
import numpy as np
import pytest

import everyhow as eh
from everyhow.model.space import circuits_in_space
from everyhow.transformer.parts import Attention, Layer

FOLDER = Path(__file__).parent.parent / "examples" / "textbook"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
DOCS = Path(__file__).parent.parent / "docs"
# What only one machine has: folders, versions of Python, moments, addresses of values.
OF_A_MACHINE = re.compile(r"/tmp|/home|/work|/root|site-packages|\b20\d\d-\d\d-\d\d|\b\d\d:\d\d:\d\d\b|0x[0-9a-f]{6,}")


def stored(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", 4)


def text_of(output):
    """What an output says in words."""
    return output.get("text", "") or output.get("data", {}).get("text/markdown", "")


def told(cells):
    """All that some cells print."""
    return "".join(text_of(output) for cell in cells for output in cell.get("outputs", []))


def faults(notebook):
    """What is wrong with a stored notebook."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    first, last = notebook.cells[0].source, told(code[-1:])
    rules = {
        "cells are out of order": [cell.execution_count for cell in code] == list(range(1, len(code) + 1)),
        "printed in pieces": all(
            one.get("name") != other.get("name") or "text" not in one
            for cell in code for one, other in itertools.pairwise(cell.outputs)
        ),
        "an error": all(output.output_type != "error" for output in outputs),
        "a warning": all(output.get("name") != "stderr" for output in outputs),
        "no picture": any("image/png" in output.get("data", {}) for output in outputs),
        "kernel": notebook.metadata == {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "metadata of cells": not any(cell.metadata for cell in notebook.cells),
        "of a machine": not OF_A_MACHINE.search(json.dumps([text_of(output) for output in outputs])),
        "no question": re.match(r"# .+\n\n\*\*[^*]+\?\*\*\n", first) is not None,
        "nothing published": "*What is published.*" in first and "*What is counted here.*" in first,
        "no end": "## What this says" in last and "## What this does not say" in last,
    }  # fmt: skip
    return [fault for fault, holds in rules.items() if not holds]


@pytest.mark.parametrize("name", NAMES)
def test_stored(name):
    """Every cell was run once, from the first to the last, and said nothing of the machine."""
    assert faults(stored(name)) == []
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 1_000_000
    assert json.loads((FOLDER / "seconds.json").read_text())[name] > 0
    page = (DOCS / "findings" / "textbook.md").read_text(encoding="utf-8")
    assert f"examples/textbook/{name}.ipynb" in page and f"figures/textbook-{name}.png" in page
    pictures = [
        output.data["image/png"]
        for cell in stored(name).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert (DOCS / "figures" / f"textbook-{name}.png").read_bytes() == base64.b64decode(pictures[0])


def test_faults_are_found():
    """A notebook that was changed after it ran is not taken for whole."""
    whole = stored(NAMES[0])
    code = [k for k, cell in enumerate(whole.cells) if cell.cell_type == "code"]
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=[])
    broken = {
        "cells are out of order": lambda one: one.cells.pop(code[1]),
        "an error": lambda one: one.cells[code[0]].outputs.append(error),
        "a warning": lambda one: one.cells[code[0]].outputs.append(
            nbformat.v4.new_output("stream", name="stderr", text="of a thing")
        ),
        "of a machine": lambda one: one.cells[code[0]].outputs.append(
            nbformat.v4.new_output("stream", name="stdout", text="in /home/one/file.py")
        ),
        "no end": lambda one: one.cells[code[-1]].outputs.clear(),
        "metadata of cells": lambda one: one.cells[0].metadata.update(time="now"),
    }
    for fault, change in broken.items():
        one = stored(NAMES[0])
        change(one)
        assert faults(one) == [fault]


def run(name, monkeypatch, seeds, until=None):
    """What the first cells of a notebook print, up to a heading, with fewer seeds; and what they name."""
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    monkeypatch.chdir(FOLDER)
    cells = stored(name).cells
    last = next((k for k, cell in enumerate(cells) if until and cell.source.startswith(until)), len(cells))
    names, printed = {}, io.StringIO()
    with redirect_stdout(printed):
        for cell in cells[:last]:
            if cell.cell_type == "code":
                source = re.sub(r"^(SEEDS.*) = .*$", lambda of: f"{of[1]} = {seeds}", cell.source, flags=re.M)
                exec(compile(source, name, "exec"), names)  # the project's own file
    return printed.getvalue(), names


@pytest.fixture
def plotting():
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.use("Agg")
        yield


def test_max_of_four_again(monkeypatch, plotting):
    """One seed has the circuit and the terms that the stored seeds have."""
    printed, _ = run("max_of_four", monkeypatch, "1, 1", "## At the size")
    before = told(stored("max_of_four").cells)
    for pattern in (r"the smallest circuit in \d+ of \d+ seeds: (.*)", r"the minimal ones in \d+ of \d+ seeds: (.*)"):
        found = re.findall(pattern, printed)
        assert found and set(found) <= set(re.findall(pattern, before))
    assert "seeds in which the two routes differ: []" in printed


def test_identifiable_again(monkeypatch, plotting):
    """A transformer has the space that is told, and counts within the stored ones."""
    _, names = run("identifiable", monkeypatch, "1", "## The four questions")
    (model,), before = names["models"]["transformer"], told(stored("identifiable").cells)
    counts = eh.audit(model, names["task"].behavior(model), depth=3).document()["counts"]
    titles = {
        "circuits_in_space": "circuits there are", "perfect_circuits": "perfect circuits",
        "fewest_edges": "edges of the smallest circuit",
    }  # fmt: skip
    for key, title in titles.items():
        least, most = re.search(rf"^{title} .*?\(([\d,]+) to ([\d,]+)\)", before, re.M).groups()
        assert int(least.replace(",", "")) <= counts[key] <= int(most.replace(",", "")), title
    assert counts["circuits_in_space"] == 1935


def test_induction_space():
    """The circuits that are told of, and the edges."""
    layer = Layer(Attention(*np.zeros((4, 1, 1, 1))))
    model = eh.Transformer(np.zeros((8, 1)), np.zeros((8, 1)), (layer, layer), np.zeros((1, 8))).with_split_input()
    circuits, before = circuits_in_space(model.graph), told(stored("induction").cells)
    assert f"of {circuits:,} circuits" in before and f"All {circuits:,} circuits" in stored("induction").cells[0].source
    assert f"of {len(model.graph.edges)} edges" in before


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_all_of_it_again(name, monkeypatch, plotting):
    """Every cell of every notebook runs on two seeds."""
    several = name in ("clock_or_pizza", "max_of_four")
    printed, _ = run(name, monkeypatch, "2, 1" if several else "2")
    assert printed
