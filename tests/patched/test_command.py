"""The command `patch`, and the folder of a model."""

import json

import numpy as np
import pytest

import everyhow as eh

torch = pytest.importorskip("torch")

from everyhow.patched import torch_folder  # noqa: E402 (after the skip)

from .standins import GPT2, made  # noqa: E402

NAMES = "a0.h0, m0,a1.h0,a1.h1,m1"


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A file of a behavior, and a folder whose model is read as one that has GPT-2's names."""
    tokens, paired = np.random.default_rng(0).integers(0, 7, (2, 6, 4)).tolist()
    path = tmp_path / "asked.json"
    path.write_text(json.dumps({"tokens": tokens, "paired": paired, "classes": [1, 4, 6], "epsilon": 0.34}))
    monkeypatch.setattr(torch_folder, "module_in", lambda folder: made(GPT2))
    return path


def test_patch(asked, run_command, tmp_path):
    """What is found is told, its tables are written, and a circuit is placed."""
    out, graph = tmp_path / "tables", tmp_path / "graph.json"
    graph.write_text(json.dumps({"nodes": {"a0.h0": True, "m1": True}}))
    given = ["patch", "model", str(asked), "--components", NAMES, "--circuit", str(graph), "--out", str(out)]
    code, told, _ = run_command(*given)
    assert code == 0
    assert told.startswith(
        "perfect: 28 of all 32 subsets of 5 components, 4 of them minimal, over 6 rows\nrun in float32"
    )
    assert told.count("\nminimal: ") == 4 and "most rows right" in told and "\nyour circuit is " in told
    assert "it leaves these out, which every subset here has: a0.h1" in told
    files = {path.name for path in out.iterdir()}
    assert files == {f"{name}.{end}" for name in ("sizes", "components", "minimal", "subsets") for end in ("csv", "md")}
    assert len((out / "subsets.csv").read_text().splitlines()) == 33
    code, _, told = run_command(*given)
    assert code and "there already; give another place by --out, or --force" in told


def test_patch_as_json(asked, run_command, tmp_path):
    graph = tmp_path / "graph.json"
    graph.write_text(json.dumps({"nodes": {"a0.h0": {"score": 1}, "m1": {"score": 2}}}))
    options = ["--components", NAMES, "--circuit", str(graph), "--top", "1", "--precision", "float64", "--json"]
    found = json.loads(run_command("patch", "model", asked, *options)[1])
    assert (found["perfect_subsets"], found["subsets"], found["rows"]) == (28, 32, 6)
    assert sum(found["perfect_subsets_by_size"].values()) == 28 and len(found["minimal"]) == 4
    assert found["circuit"]["components"] == ["m1"] and found["circuit"]["of_perfect"] == 28
    assert found["settled"]["precision"] == "float64" and found["core"] == []


def test_options_that_go_together(asked, run_command):
    code, _, told = run_command("patch", "model", asked, "--components", NAMES, "--top", "1")
    assert code and "--top and --threshold choose among the scores of a circuit; give --circuit" in told


def test_folders_that_are_refused(tmp_path):
    """Nothing is unpickled, and no code of a folder runs."""
    with pytest.raises(eh.InputError, match=r"has no config.json; give the folder that save_pretrained"):
        torch_folder.module_in(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(eh.InputError, match="has no weights as safetensors, and other files may run code"):
        torch_folder.module_in(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "config.json").write_text('{"auto_map": {}}')
    with pytest.raises(eh.InputError, match=r"names code of its own \(auto_map\), which is not run"):
        torch_folder.module_in(tmp_path)
