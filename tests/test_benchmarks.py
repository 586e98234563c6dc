"""The scripts in benchmarks/: what they print, keep and compare; never how long anything takes."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
SMALL = ROOT / "tests" / "reference" / "xor-2-2-2-1-seed2.json"
# Another program in a few lines, by the contract in the docstring of side_by_side.py: all sets of edges, one by one.
OTHER = """
import itertools, json, sys

given = json.load(sys.stdin)
layers = given["weights"]
edges = [(l, j, i) for l, w in enumerate(layers) for j, row in enumerate(w) for i, one in enumerate(row) if one]

def is_circuit(chosen):
    into = {(l + 1, j) for l, j, i in chosen}
    out = {(l, i) for l, j, i in chosen}
    hidden = {(l, j) for l in range(1, len(layers)) for j in range(len(layers[l - 1]))}
    return (len(layers), 0) in into and all((n in into) == (n in out) for n in hidden)

def decides(chosen, point):
    state = point
    for l, (w, b, name) in enumerate(zip(layers, given["biases"], given["activations"])):
        sums = [b[j] + sum(w[j][i] * x for i, x in enumerate(state) if (l, j, i) in chosen) for j in range(len(w))]
        assert name == "leaky_relu"
        state = [z if z > 0 else 0.01 * z for z in sums]
    return int(state[0] > given["threshold"])

count = 0
for size in range(len(edges) + 1):
    for chosen in map(set, itertools.combinations(edges, size)):
        if is_circuit(chosen):
            count += [decides(chosen, point) for point in given["points"]] == given["wanted"]
print("counting")
print(json.dumps({"perfect_circuits": count, "seconds": 1.5}))
"""


def script(name: str):
    """A script of benchmarks/ as a module."""
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_another_program_beside_ours(tmp_path, capsys):
    """It is given the network, and what it says is compared with the plain loop's count."""
    right, wrong, silent, broken = (tmp_path / f"{name}.py" for name in ("right", "wrong", "silent", "broken"))
    right.write_text(OTHER)
    wrong.write_text("print('{\"perfect_circuits\": 1}')")
    silent.write_text("print('nothing')")
    broken.write_text("raise SystemExit('no such weights')")
    side_by_side = script("side_by_side")
    assert side_by_side.main(["--network", str(SMALL), "--other", str(right)]) == 0
    said = capsys.readouterr().out
    plain, ours, other = (line.split("|")[2].strip() for line in said.splitlines()[4:])
    assert plain == ours == other != "1"
    assert "| right.py | " in said and " | 1.5 | " in said and "differs" not in said
    assert side_by_side.main(["--network", str(SMALL), "--other", *map(str, (wrong, silent, broken))]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3].startswith("| wrong.py | 1 | ") and lines[-3].endswith("differs|")
    assert 'its last line is not {"perfect_circuits": NUMBER}' in lines[-2]
    assert "failed with exit status 1: no such weights" in lines[-1]
    with pytest.raises(SystemExit):
        side_by_side.main(["--network", str(ROOT / "tests" / "reference" / "count-xor-2-5-5-1-seed0.json")])
    assert "7,339,040,223 circuits; the plain loop takes networks of one output" in capsys.readouterr().err


def test_a_run_is_kept_and_compared(tmp_path, capsys):
    """The machine and a row are stored; a later run tells the ratio, and a slower one fails nothing."""
    run, kept = script("run"), tmp_path / "kept.json"
    held = np.ones(2**27)  # 1 GiB of the process that starts the row: it is not the row's
    run.main(["--only", "mappings-xor", "--store", str(kept)])
    del held
    stored = json.loads(kept.read_text())
    assert stored["machine"].keys() == {"cpu", "cores", "system", "python", "numpy", "numba", "commit"}
    ((name, row),) = stored["rows"].items()
    assert name == "mappings-xor" and row.keys() == {"what", "wall", "processor", "peak_bytes", "note"}
    assert row["processor"] > 0 and 2**24 < row["peak_bytes"] < 2**30
    row["processor"] = 1e-9
    kept.write_text(json.dumps(stored))
    capsys.readouterr()
    run.main(["--only", "mappings-xor", "--compare", str(kept)])
    assert "| 0.00 x (0.0 ms) |" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run.main(["--only", "speed"])
    assert "no row is called speed; the rows are circuits-2-3-3-1, " in capsys.readouterr().err


def test_one_kind_of_growth_is_measured_anew(tmp_path, monkeypatch):
    """The others are kept as they were; sizes are those of the models that are measured."""
    growth, kept, drawn = script("growth"), tmp_path / "growth.json", []
    stored = json.loads((ROOT / "benchmarks" / "growth.json").read_text())
    assert stored.keys() == growth.KINDS.keys() == growth.AXES.keys()
    for kind, (_, sizes, at, _, expected) in growth.KINDS.items():
        assert [size for size, _ in stored[kind]] == [at(*size) for size in sizes]
        assert sorted(expected(*size) for size in sizes) == [expected(*size) for size in sizes]
    page = (ROOT / "docs" / "benchmarks" / "costs.md").read_text("utf-8")
    for kind, (_, sizes, _, _, expected) in growth.KINDS.items():
        own = growth.slope(*zip(*stored[kind], strict=True))
        other = growth.slope([size for size, _ in stored[kind]], [expected(*size) for size in sizes])
        assert f"| {own:.2f} | {other:.2f} |" in page, kind
    kept.write_text(json.dumps(stored | {"heads": []}))
    monkeypatch.setitem(growth.KINDS, "heads", (*growth.KINDS["heads"][:1], [(1,), (2,)], *growth.KINDS["heads"][2:]))
    monkeypatch.setattr(growth, "draw", drawn.append)
    growth.main(["--draw", str(kept), "--only", "heads", "--store", str(kept)])
    assert drawn == [json.loads(kept.read_text())]
    assert {kind: drawn[0][kind] for kind in stored if kind != "heads"} | {"heads": stored["heads"]} == stored
    assert [size for size, _ in drawn[0]["heads"]] == [87, 1935] and all(
        seconds > 0 for _, seconds in drawn[0]["heads"]
    )


def test_rows_of_every_goal():
    """Names by which rows are asked for; the slow ones are among them."""
    run = script("run")
    assert set(run.SLOW) < set(run.ROWS)
    assert run.shown("audit", {"failed": "ImportError: none"}, None) == "| audit | failed: ImportError: none | | | | |"
