"""The commands on transformers: a file of a behavior stands where a task could."""

import json
from pathlib import Path

import pytest
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save_file

import everyhow as eh
from everyhow.auditing.reopening import reopen
from everyhow.exchange.graph_json import write_graph
from everyhow.transformer import diagram
from everyhow.transformer.documents import transformer_bytes

from ..transformer.slowly import REFERENCE


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A reference model and its behavior, in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    document = json.loads((REFERENCE / "transformer-add-mod3-1l2h-mlp16-seed0.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({"kind": "transformer", **document["model"]}))
    asked = {key: document[key] for key in ("tokens", "classes", "labels")}
    (tmp_path / "behavior.json").write_text(json.dumps(asked))
    (tmp_path / "tokens.csv").write_text("\n".join(",".join(map(str, row)) for row in document["tokens"]))
    (tmp_path / "labels.csv").write_text("\n".join(map(str, document["labels"])))
    return document


@pytest.mark.parametrize("ablation", ["zero", "mean", "resample"])
@pytest.mark.parametrize("grain", ["edges-qkv", "edges", "nodes"])
def test_count(files, run_command, ablation, grain):
    """The keys of a count, by ablation and grain."""
    asked = ("count", "behavior.json", "--network", "model.json", "--ablation", ablation, "--grain", grain, "--json")
    code, out, err = run_command(*asked)
    found, said = json.loads(out), files["counts"][ablation][grain.replace("-", "_")]
    assert (code, err) == (0, "") and found["ablation"] == ablation and found["grain"] == grain
    for key in ("circuits_in_space", "perfect_circuits", "minimal_circuits"):
        assert found[key] == said[key] and found["counts_exact"][key] == str(said[key])
    unit = "nodes" if grain == "nodes" else "edges"
    assert sum(found[f"perfect_circuits_by_{unit}"].values()) == said["perfect_circuits"]
    if "by_edges" in said:
        assert found["perfect_circuits_by_edges"] == said["by_edges"] and found["fewest_edges"] == said["fewest_edges"]


def test_count_beyond_the_budget(files, run_command):
    diagram._KEPT.clear()
    asked = ("count", "behavior.json", "--network", "model.json", "--budget", "1000", "--json")
    code, out, _ = run_command(*asked)
    found = json.loads(out)
    assert code == 3 and found["perfect_circuits"] is None and found["perfect_circuits_estimated"]["sample"] == 2000
    assert found["refused"].startswith("counting the circuits needs about ") and "estimated" in found["refused"]


def test_audit_and_back(files, run_command, tmp_path):
    """An audit is written, and opens again; by token rows it is the same audit."""
    code, out, err = run_command(
        "audit", "behavior.json", "--network", "model.json", "--out", "run", "--grain", "edges"
    )
    assert (code, err) == (0, "") and "16 perfect of 63, of 5 edges or more; 1 minimal" in out
    again = reopen(tmp_path / "run")
    assert again.network.grain == "edges" and again.counts["perfect_circuits"] == 16
    asked = ("audit-data", "tokens.csv", "--network", "model.json", "--labels", "labels.csv", "--classes", "0,1,2")
    code, out, _ = run_command(*asked, "--grain", "edges", "--json")
    found = json.loads(out)
    assert code == 0 and found["counts"] == again.document()["counts"]
    assert found["details"]["circuits"]["by_grain"] == again.document()["details"]["circuits"]["by_grain"]
    code, out, _ = run_command("audit-data", "behavior.json", "--network", "model.json", "--grain", "edges", "--json")
    assert json.loads(out)["counts"] == found["counts"]


def test_what_does_not_fit(files, run_command):
    """Refused with the next step."""
    for asked, message in (
        (("audit", "behavior.json"), "holds a behavior, and a network is trained on a task: give --network"),
        (
            ("audit", "MAX:4:3", "--network", "model.json"),
            "the rows of MAX:4:3 have 4 tokens (the largest of 4 tokens from 0 to 2), and this transformer takes 3",
        ),
        (
            ("count", "behavior.json", "--network", "xornet"),
            "give a task such as XOR, or explain it on data (everyhow audit-data",
        ),
        (("count", "XOR", "--network", "xornet", "--grain", "nodes"), "grain"),
        (("count", "missing.json", "--network", "model.json"), "missing.json"),
    ):
        code, _, err = run_command(*asked)
        assert code == 1 and message in err, (asked, err)


def test_python(files):
    """The same by the library, with a path or a behavior."""
    counted = eh.audit("model.json", "behavior.json", grain="nodes")
    assert counted.counts["perfect_circuits"] == 1 and counted.findings.grains["edges"]["zero"].exact == 16
    found = eh.circuits("model.json", "behavior.json", ablation="mean", grain="edges")
    assert found.count().between == (16, 16)


def test_scope(files, run_command):
    """A count within a scope; what is said of only half of it is asked for."""
    asked = ("count", "behavior.json", "--network", "model.json", "--json", "--scope", "a0.h0, m0->logits")
    code, out, _ = run_command(*asked, "--others", "in")
    found = json.loads(out)
    assert code == 0 and found["edges"] == 6 and found["circuits_in_space"] == 22
    assert found["scope"] == {"parts": ["a0.h0", "m0->logits"], "others": "in"}
    code, _, err = run_command(*asked)
    assert code and "of a scope say whether all other edges are in every circuit (in) or in none (out)" in err
    code, _, err = run_command(*asked[:5], "--others", "in")
    assert code and "no scope is given; give scope too" in err


def test_import_with_a_configuration(files, run_command, tmp_path):
    """Tensors by TransformerLens's names, and a configuration in a file of its own."""
    model = eh.load("model.json")
    said = {"act_fn": model.activation, "normalization_type": None, "attention_dir": "causal"}
    (tmp_path / "config.json").write_text(json.dumps(said))
    save_file(dict(tensors_of(transformer_bytes(model))), tmp_path / "tensors.safetensors")
    code, out, err = run_command("import", "tensors.safetensors", "--config", "config.json", "--out", "again.json")
    assert (code, err) == (0, "") and "transformer" in out
    assert eh.load("again.json").document() == model.document()
    code, _, err = run_command("import", "tensors.safetensors", "--out", "other.json")
    assert code and "config" in err


ALIGNED = "transformer-xor-1l4h-seed0"
CAUSAL = {
    "variables": ["A", "B", "nand", "either", "Y"],
    "parents": {"nand": ["A", "B"], "either": ["A", "B"], "Y": ["nand", "either"]},
    "mechanisms": {"nand": "1110", "either": "A | B", "Y": "nand & either"},
}


@pytest.fixture
def xor_files(tmp_path, monkeypatch):
    """A transformer that computes XOR of two tokens, and its behavior, as files."""
    monkeypatch.chdir(tmp_path)
    document = json.loads((REFERENCE / f"{ALIGNED}.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({"kind": "transformer", **document["model"]}))
    asked = {key: document[key] for key in ("tokens", "classes", "labels")}
    (tmp_path / "behavior.json").write_text(json.dumps(asked))
    return document


def test_algorithms_with_their_places(xor_files, run_command, tmp_path):
    """Algorithms and mappings in the report of a terminal, in JSON, in a run folder that opens again, and on a page."""
    asked = ("audit", "behavior.json", "--network", "model.json", "--grain", "nodes")
    code, out, err = run_command(*asked, "--out", "run", "--report", "page.html")
    assert (code, err) == (0, "")
    for line in (
        "algorithm      yes  1 of the 2 formulas for these inputs fits this transformer;",
        "where it sits  yes  1 minimal mapping; without redundant gates 1; the 15 groups",
        "  ordered         ████████         1           1  stages in order",
        "  inert           ████████         1           1  all others inert",
        "  ├─ NAND(A,B)              a0.h1 + a0.h2",
        "  └─ OR(A,B)                a0.h0",
    ):
        assert line in out
    assert "interpretation" not in out.split("The ladder")[0]
    code, out, _ = run_command(*asked, "--json")
    found, said = json.loads(out), xor_files["algorithms"]["depth_2"]
    keys = ("algorithms", "aligned_algorithms", "mappings", "irredundant_algorithms", "irredundant_aligned_algorithms",
            "irredundant_mappings")  # fmt: skip
    assert {key: found["counts"][key] for key in keys} == {key: said[key] for key in keys}
    assert found["counts"]["distinct_causal_signatures"] == xor_files["distinct_causal_signatures"]
    assert found["ladder"]["mappings"]["inert"] == found["ladder"]["mappings"]["transitive"] == 1
    assert found["verdict"]["what_then_where"]["status"] == "identifiable"
    (one,) = found["details"]["mappings"]
    assert one == {
        "algorithm": "AND(NAND(A,B), OR(A,B))", "mappings": ["NAND(A,B) in a0.h1+a0.h2, OR(A,B) in a0.h0"]
    }  # fmt: skip
    (kept,) = found["details"]["algorithms"]["survivors"]["inert"]["listed"]
    assert [v["neurons"] for v in kept["variables"]] == [[[1, 1], [1, 2]], [[1, 0]]]
    again = reopen(tmp_path / "run")
    assert again.counts["mappings"] == 1
    text = (tmp_path / "page.html").read_text()
    assert (
        "Choose heads and MLPs in the drawing of the transformer" in text
        and "in the formula and in the transformer" in text
    )
    code, out, _ = run_command("export", "run", "--out", "exported")
    assert code == 0 and "exported/mappings: not written: interventions are of neurons of a network" in " ".join(
        out.split()
    )


def test_align(xor_files, run_command, tmp_path):
    """A causal model over the rows of a behavior."""
    model = CAUSAL
    (tmp_path / "causal.json").write_text(json.dumps(model))
    asked = ("align", "causal.json", "behavior.json", "--network", "model.json", "--joint")
    code, out, err = run_command(*asked)
    assert (code, err) == (0, "")
    assert out == "1 minimal placement\n  nand in a0.h1 + a0.h2; either in a0.h0; agrees jointly\n"
    _, out, _ = run_command(*asked, "--json")
    (listed,) = json.loads(out)["listed"]
    assert listed["sets"] == {"nand": [[1, 1], [1, 2]], "either": [[1, 0]]}
    assert listed["components"] == {"nand": ["a0.h1", "a0.h2"], "either": ["a0.h0"]}
    (tmp_path / "causal.json").write_text(json.dumps(model | {"mechanisms": model["mechanisms"] | {"Y": "1111"}}))
    _, out, _ = run_command(*asked)
    assert out == "the model and the transformer differ at 00, 11\n0 minimal placements\n"
    code, _, err = run_command("align", "causal.json", "--network", "model.json")
    assert code == 1 and "a transformer takes sequences of tokens, and nothing says which: give a task by name" in err
    code, _, err = run_command("align", "causal.json", "behavior.json", "--network", "xornet")
    assert code == 1 and "takes numbers, not sequences of tokens" in err


OWN = """
formula = "OR(AND(A,C), NOR(A,C))"
[places]
"AND(A,C)" = "a0.h1"
"NOR(A,C)" = "a0.h0"
"""


@pytest.fixture
def stated(tmp_path, monkeypatch):
    """A reference model that answers with a bit, its behavior, and two hypotheses."""
    monkeypatch.chdir(tmp_path)
    name = "transformer-first-equals-last-1l2h-mlp8-bidirectional-seed0.json"
    document = json.loads((REFERENCE / name).read_text())
    (tmp_path / "model.json").write_text(json.dumps({"kind": "transformer", **document["model"]}))
    asked = {key: document[key] for key in ("tokens", "classes", "labels")}
    (tmp_path / "behavior.json").write_text(json.dumps(asked))
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "other.toml").write_text(OWN.replace("a0.h0", "m0"))
    (tmp_path / "codes.toml").write_text(OWN.replace("a0.h1", "r0.0 - r0.1").replace("a0.h0", "r0.2 - r0.3"))


def test_hypotheses(stated, run_command):
    """A hypothesis, two of them, and a head, over a behavior; and codes of the residual stream."""
    where = ("--network", "model.json", "--task", "behavior.json")
    code, out, err = run_command("test", "own.toml", *where)
    assert (code, err) == (0, "") and "It passes every rung: single, irredundant, ordered, joint, inert" in out
    code, out, _ = run_command("test", "other.toml", *where, "--full")
    assert code == 0 and "falls at joint" in out and "patch={" in out and "network.node_values([[" in out
    code, out, _ = run_command("decide", "own.toml", "other.toml", *where)
    assert code == 0 and "heads and MLPs that the other speaks of" not in out and "The second: OR(AND(A,C)" in out
    code, out, _ = run_command("neuron", "a0.h1", *where, "--is", "AND(A,C)")
    assert code == 0 and out.startswith("Yes, as AND(A,C)") and "of 30 perfect circuits" in out
    code, out, _ = run_command("test", "codes.toml", *where, "--stream", "-1")
    assert code == 0 and "AND(A,C) in r0.0 - r0.1" in out
    code, _, err = run_command("test", "own.toml", "--network", "model.json")
    assert code == 1 and "takes sequences of tokens, and nothing says which: give a task" in err


def test_the_residual_stream(stated, run_command, tmp_path):
    """An audit of the stream at a position, and back."""
    asked = ("audit", "behavior.json", "--network", "model.json", "--stream", "3", "--out", "run")
    code, out, _ = run_command(*asked)  # a machine that is slow gets lines of progress
    assert code == 0 and "Residual stream  at position 4 of 4 of a transformer, 8 numbers" in out
    document = json.loads((tmp_path / "run" / "audit.json").read_text())
    assert document["options"]["stream"] == 3 and document["network"]["kind"] == "residual stream"
    assert reopen("run").counts == document["counts"]
    code, _, err = run_command(*asked[:4], "--stream", "4")
    assert code == 1 and "position is 4; the 4 positions are 0 to 3" in err


@pytest.mark.parametrize("seed", [0, 1])
def test_a_task_by_name(tmp_path, monkeypatch, run_command, seed):
    """What is asked of a task is what is asked of the file of its behavior, with the model's own answers."""
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    run_command("train", "XOR", "--model", "transformer", "--seed", str(seed), "--out", "model.json")
    asked = json.loads((tmp_path / "model-behavior.json").read_text())
    computes = [0, 1, 1, 0] if seed == 0 else [0, 1, 1, 1]
    (tmp_path / "own.json").write_text(json.dumps(asked | {"labels": computes}))
    for command, named in (
        (("audit", "{}", "--network", "model.json", "--grain", "edges", "--json"), "behavior"),
        (("count", "{}", "--network", "model.json", "--ablation", "mean", "--json"), "circuits_in_space"),
    ):
        by_name, by_file = (
            json.loads(run_command(*(part.format(what) for part in command))[1]) for what in ("XOR", "own.json")
        )
        said = "what is wanted is what the transformer itself answers, which is not XOR at 11"
        for found in (by_name, by_file):
            found.pop("provenance", None)
        if seed:
            assert by_name.get("network", by_name)["remarks"].pop(0) == said
            # Where nothing is to be said, a count leaves the key out.
            by_name.pop("remarks", None)
        assert by_name == by_file and named in by_name
    code, out, _ = run_command("count", "XOR", "--network", "model.json", "--epsilon", "0.25", "--json")
    (tmp_path / "wrong.json").write_text(json.dumps(asked | {"labels": computes, "epsilon": 0.25}))
    _, wrong, _ = run_command("count", "wrong.json", "--network", "model.json", "--json")
    assert code == 0 and json.loads(out)["perfect_circuits"] == json.loads(wrong)["perfect_circuits"]


def test_placing_by_a_task(xor_files, run_command):
    """A circuit and a causal model are placed by a task as they are by the file of its behavior."""
    model = eh.load("model.json").at("nodes")
    (circuit, *_) = eh.circuits(model, "behavior.json").minimal()
    write_graph("circuit.json", circuit, model)
    found = [
        run_command("place", "circuit.json", what, "--network", "model.json", "--grain", "nodes", "--json")
        for what in ("XOR", "behavior.json")
    ]
    assert found[0] == found[1] and json.loads(found[0][1])["minimal"] is True
    Path("causal.json").write_text(json.dumps(CAUSAL))
    found = [run_command("align", "causal.json", what, "--network", "model.json") for what in ("XOR", "behavior.json")]
    assert found[0] == found[1] and found[0][1].startswith("1 minimal placement\n")
    code, _, err = run_command("align", "causal.json", "XOR", "--network", "xornet")
    assert code == 1 and "XOR is a task, and a network is aligned over its truth table, whatever its task" in err


def test_rows_that_a_model_does_not_take(xor_files, run_command):
    """A task of other rows is refused, with what the model takes; a preset that counts networks, too."""
    for asked, message in (
        (("count", "MAX:2:2"), "the rows of MAX:2:2 have 2 tokens (the largest of 2 tokens from 0 to 1), and this "
                               "transformer takes 3: give the rows that it was trained on, as a file of a behavior"),
        (("audit", "ADD:5"), "task ADD:5: "),
        (("count", "XORR"), "unknown task 'XORR'; the tasks of tokens are ADD:p"),
        (("audit", "XOR", "--preset", "authors"), "the preset authors counts by a task, and networks only"),
    ):  # fmt: skip
        code, _, err = run_command(*asked, "--network", "model.json")
        assert code == 1 and message in err, err
    code, _, err = run_command("count", "MAX", "--network", "xornet")
    assert code == 1 and "unknown gate 'MAX'" in err
    with pytest.raises(eh.InputError, match="takes sequences of tokens, and nothing says which: give a task by name"):
        eh.circuits("model.json")
