"""The command `train` for transformers: what it writes, says and refuses."""

import json
import re
from pathlib import Path

import pytest

import everyhow as eh

pytest.importorskip("torch")
from everyhow.training import TrainingSettings, TransformerSettings, train_many


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_written_can_be_asked_about(run_command, folder):
    """The model and its behavior; count and audit take them as they are."""
    asked = ("train", "XOR", "--model", "transformer", "--layers", "1", "--heads", "2", "--width", "8", "--mlp", "8")
    code, out, _ = run_command(*asked)
    assert code == 0 and sorted(path.name for path in folder.iterdir()) == [
        "transformer-behavior.json",
        "transformer.json",
    ]
    said = dict(line.split(None, 1) for line in out.splitlines())
    assert said["converged"] == "True" and said["accuracy"] == "1.0" and "held_out" not in said
    assert said["transformer"] == "transformer.json" and said["behavior"] == "transformer-behavior.json"
    assert said["task"] == "XOR of 2 bits, each of them a token; the last token, 2, is ="
    (same,) = train_many("XOR", [0], TransformerSettings())
    assert eh.load("transformer.json").document() == same.network.document()
    counted = ("count", "transformer-behavior.json", "--network", "transformer.json", "--grain", "nodes", "--json")
    code, out, err = run_command(*counted)
    found = json.loads(out)
    assert (code, err) == (0, "") and found["circuits_in_space"] == 8 and found["perfect_circuits"] >= 1
    code, out, _ = run_command("audit", "transformer-behavior.json", "--network", "transformer.json", "--json")
    assert code == 0 and json.loads(out)["counts"]["circuits_in_space"] == 1935


def test_nothing_is_replaced_unasked(run_command, folder):
    """Neither the model nor its behavior; both are seen before anything is trained."""
    asked = ("train", "ADD:2", "--model", "transformer", "--epochs", "1", "--out", "one.safetensors")
    assert run_command(*asked)[0] == 0
    for kept, gone in (("one-behavior.json", "one.safetensors"), ("one.safetensors", "one-behavior.json")):
        run_command(*asked, "--force")
        (folder / gone).unlink()
        code, out, err = run_command(*asked)
        assert (code, out) == (1, "") and err.startswith(f"everyhow: {kept} is there already; give another place")
        assert not (folder / gone).exists()
    code, _, err = run_command(*asked, "--behavior", "two.json", "--force", "--checkpoints", "0,1")
    assert code == 0 and (folder / "two.json").is_file() and (folder / "one-epoch-0.safetensors").is_file()
    code, _, err = run_command(*asked, "--behavior", "two.csv")
    assert code == 1 and "two.csv: a file of a behavior ends in .json" in err
    code, _, err = run_command(*asked[:-1], "one.json", "--behavior", "one.json")
    assert code == 1 and "one.json is to hold the transformer and its behavior; give another place by --behavior" in err


def test_settings(run_command):
    """Every setting is an option; tables of tokens, rows that are drawn and held out."""
    rows = Path("rows.csv")
    rows.write_text("a,b,label\n0,0,8\n0,1,3\n1,0,3\n1,1,8\n")
    asked = ("--model", "transformer", "--epochs", "2", "--json", "--force")
    code, out, _ = run_command("train", rows, *asked, "--mlp", "0", "--norm", "rms", "--bidirectional")
    found, model = json.loads(out), eh.load("transformer.json")
    assert code == 0 and found["task"].startswith("read 4 rows of 3 columns from rows.csv, header a, b, label")
    assert not model.causal and model.layers[0].mlp is None and model.ln_final.rms and model.features == 2
    assert json.loads(rows.with_name("transformer-behavior.json").read_text())["names"] == ["3", "8"]
    code, out, _ = run_command("train", "MAX:4:9", *asked, "--task-rows", "50", "--rows-seed", "3", "--share", "0.5")
    found = json.loads(out)
    assert "50 of 6,561 rows, drawn by seed 3" in found["task"] and 0 <= found["held_out"] <= 1
    code, out, _ = run_command("train", "MAX:2:3", *asked, "--equals", "--head-width", "3", "--activation", "silu")
    model = eh.load("transformer.json")
    assert model.features == 3 and model.layers[0].attention.W_Q.shape == (2, 8, 3) and model.activation == "silu"
    code, out, _ = run_command("train", rows, *asked, "--answer-positions", "-1", "--header")
    assert code == 0 and eh.load("transformer.json").features == 2


@pytest.mark.parametrize(("asked", "said"), [
    (("XOR", "--layers", "2"), "--layers is an option of a transformer, and a network is trained: leave it out, or say "
                               "--model transformer"),
    (("XOR", "--behavior", "b.json"), "--behavior is an option of a transformer"),
    (("XOR", "--rows-seed", "0"), "--rows-seed is an option of a transformer"),
    (("XOR", "--model", "transformer", "--widths", "3"), "--widths is an option of a network, and a transformer is"),
    (("XOR", "--model", "transformer", "--rows", "3"), "--rows is an option of a network"),
    (("XOR", "--model", "transformer", "--inputs=-1,1"), "--inputs is an option of a network"),
    (("XOR", "--model", "mlp"), "unknown model 'mlp'; the models are network, transformer"),
    (("ADD:3",), "ADD:3 is a task of tokens, which transformers learn: say --model transformer"),
    (("FOO", "--model", "transformer"), "unknown task 'FOO'"),
    (("HISTOGRAM", "--model", "transformer"), r"say causal=False \(--bidirectional\)"),
    (("XOR", "--model", "transformer", "--heads", "3"), r"or head_width \(--head-width\), the numbers of each head"),
    (("XOR", "--model", "transformer", "--norm", "batch"), "norm is 'batch' but must be one of none, layer, rms"),
    (("XOR", "--model", "transformer", "--answer-positions", "1"), "positions is .* beside what is not a table"),
    (("XOR", "--model", "transformer", "--out", "a.pt"), "ends in .json or .safetensors"),
])  # fmt: skip
def test_what_is_refused(run_command, folder, asked, said):
    """In one line, before anything is trained or written."""
    code, out, err = run_command("train", *asked)
    assert (code, out) == (1, "") and err.count("\n") == 1 and list(folder.iterdir()) == []
    assert re.search(said, err), err


@pytest.mark.parametrize("model", ["network", "transformer"])
def test_many_seeds(run_command, folder, model):
    """A file and a line for each seed; each is what the seed gives among the others."""
    quick = ("--epochs", "3", "--model", model, "--out", "m.safetensors")
    code, out, err = run_command("train", "XOR", *quick, "--seeds", "0-1, 7", "--checkpoints", "0")
    written = sorted(path.name for path in folder.iterdir())
    models = [f"m-seed-{seed}.safetensors" for seed in (0, 1, 7)]
    kept = [f"m-seed-{seed}-epoch-0.safetensors" for seed in (0, 1, 7)]
    assert code == 0 and written == sorted([*models, *kept, *["m-behavior.json"] * (model == "transformer")])
    lines = out.splitlines()
    assert [line.split()[1] for line in lines[:3]] == ["0", "1", "7"] and lines[3] == "converged  0 of 3"
    assert all(name in line and "not converged" in line for name, line in zip(models, lines, strict=False))
    settings = (TransformerSettings if model == "transformer" else TrainingSettings)(epochs=3, checkpoints=(0,))
    for name, result in zip(models, train_many("XOR", (0, 1, 7), settings), strict=True):
        assert eh.load(name).document() == result.network.document()
    code, out, _ = run_command("train", "XOR", *quick, "--seeds", "0-1", "--json", "--force")
    found = json.loads(out)
    assert [one["seed"] for one in found["models"]] == [0, 1] and ("behavior" in found) == (model == "transformer")
    code, _, err = run_command("train", "XOR", *quick, "--seeds", "1-2")
    assert code == 1 and err.startswith("everyhow: m-seed-1.safetensors ") and "there already" in err


@pytest.mark.parametrize(("seeds", "said"), [
    ("x", "--seeds is 'x'; give seeds and ranges of seeds joined by commas, such as 0-99"),
    ("3-1", "give seeds and ranges"), ("", "give seeds and ranges"), ("-1", "give seeds and ranges"),
    ("0-99999", "at most 10,000"), ("0-9,5", "which has 11 seeds, 10 different ones; name each once"),
])  # fmt: skip
def test_seeds_that_are_none(run_command, seeds, said):
    code, _, err = run_command("train", "XOR", f"--seeds={seeds}")
    assert code == 1 and said in err
    code, _, err = run_command("train", "XOR", "--seeds", "1", "--seed", "2")
    assert code == 1 and "--seeds and --seed do not go together" in err
