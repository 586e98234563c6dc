"""Stored audits checked by the slow methods: what agrees, and what a changed file says."""

import json

import numpy as np
import pytest

import everyhow as eh
from everyhow.auditing.provenance import bound
from everyhow.common.errors import FileFormatError
from everyhow.verification.verify import verify

from ..conftest import REFERENCE, reference

SMALL = ["xor-2-4-1-seed0", "xor-2-2-2-1-seed2", "imp-2-2-1-seed0"]


@pytest.mark.parametrize("name", SMALL)
def test_an_audit_agrees(name, tmp_path):
    """Every number of a small network is found again, whole."""
    document, network = reference(name)
    eh.audit(network, document["task"]).save(tmp_path)
    found = verify(tmp_path)
    assert found.agrees, [check for check in found.checks if not check.agrees]
    checked = {check.what for check in found.checks}
    assert {"perfect_circuits", "minimal_circuits", "interpretations", "mappings"} <= checked
    assert {"ladder.circuits.resample_faithful", "ladder.mappings.transitive", "details.costs"} <= checked
    assert {"ladder.mappings.inert", "distinct_causal_signatures", "computes", "details.experiments"} <= checked
    stated = {check.what: check.found for check in found.checks}
    assert stated["perfect_circuits"] == document["paper"]["perfect_circuits"]


def changed(document, path, value):
    *above, last = path
    for key in above:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize(("path", "value"), [
    (("counts", "perfect_circuits"), 13),
    (("counts", "minimal_circuits"), 4),
    (("counts", "interpretations"), 187),
    (("counts", "interpretations_with_dont_cares_expanded"), 1),
    (("counts", "distinct_causal_signatures"), 5),
    (("ladder", "circuits", "resample_faithful"), 8),
    (("computes", "table"), "0111"),
    (("network", "biases", 0, 0), 0.25),
])  # fmt: skip
def test_a_changed_number_is_noticed(path, value, tmp_path, run_command):
    """Whatever is changed in the file, the check of it differs, the exit code is 1 and the message names the file."""
    document, network = reference("xor-2-4-1-seed0")
    eh.audit(network, document["task"]).save(tmp_path)
    saved = json.loads((tmp_path / "audit.json").read_text())
    changed(saved, path, value)
    (tmp_path / "audit.json").write_text(json.dumps(saved))
    assert not verify(tmp_path).agrees
    code, out, err = run_command("verify", tmp_path)
    assert code == 1
    assert "DIFFERS" in out and str(tmp_path / "audit.json") in err


def test_other_audits(tmp_path):
    """By other ablations, with errors, by the authors' preset, of several outputs, by data, and beyond the budget."""
    _, network = reference("xor-2-4-1-seed0")
    rng = np.random.default_rng(0)
    points = rng.normal(size=(70, 2))
    shapes = [(2, 2), (2, 2), (2, 2)]
    pair = eh.Network([rng.normal(size=s) for s in shapes], [rng.normal(size=2) for _ in shapes], ["tanh"] * 3)
    _, large = reference("count-xor-2-5-5-1-seed0")
    audits = {
        "mean": eh.audit(network, "XOR", ablation="mean"),
        "error": eh.audit(network, "XOR", epsilon=0.25),
        "authors": eh.audit(network, "XOR", "authors"),
        "pair": eh.audit(pair, "XOR,AND", depth=2),
        "data": eh.audit_behavior(eh.xornet(), eh.Behavior.of_network(eh.xornet(), points, epsilon=0.1)),
        "estimate": eh.audit(large, "XOR", budget=10_000_000),
    }
    for name, audit in audits.items():
        audit.save(tmp_path / name)
        found = verify(tmp_path / name)
        assert found.agrees, (name, [check for check in found.checks if not check.agrees])
        assert len(found.checks) >= 2
    together = {check.what for check in verify(tmp_path / "pair").checks}
    assert "together.perfect_circuits" in together
    path = tmp_path / "data" / "audit.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"capped": None}))
    assert "capped" in {check.what for check in verify(path.parent).checks if not check.agrees}


def test_the_first_schema_is_read(tmp_path):
    """An audit.json that the first release wrote can be opened and checked; what has been defined anew since is said,
    and not called wrong."""
    path = tmp_path / "audit.json"
    path.write_bytes((REFERENCE / "schemas" / "audit-schema-1.json").read_bytes())
    document = json.loads(path.read_text())
    assert document["schema_version"] == 1
    found = verify(tmp_path)
    assert found.agrees
    checked = {check.what for check in found.checks}
    assert "ladder.mappings.joint" in checked
    assert not {"ladder.mappings.inert", "ladder.mappings.transitive"} & checked
    assert not found.bound
    assert any("written by schema 1" in said and "inert and transitive" in said for said in found.unchecked)
    from everyhow.auditing.reopening import reopen

    audit = reopen(tmp_path)
    assert audit.counts["perfect_circuits"] == 12
    assert audit.ladder["mappings"]["transitive"] == 1
    assert any("written by schema 1" in said and "counted anew" in said for said in audit.remarks)
    assert "counted anew" in repr(audit)
    # What was counted by the older definition may differ, and nothing else.
    document["ladder"]["mappings"]["inert"] = 0
    document["verdict"]["what_then_where"]["status"] = "none valid"
    path.write_text(json.dumps(document))
    assert reopen(tmp_path).ladder["mappings"]["inert"] == 1
    assert verify(tmp_path).agrees
    document["ladder"]["mappings"]["joint"] = 0
    path.write_text(json.dumps(document))
    assert not verify(tmp_path).agrees
    with pytest.raises(FileFormatError, match="ladder says mappings is"):
        reopen(tmp_path)


def test_the_third_schema_is_read(tmp_path):
    """An audit.json of the schema before neurons and edges got one name each is checked by the names that it has, and
    opened with the present ones."""
    path = tmp_path / "audit.json"
    path.write_bytes((REFERENCE / "schemas" / "audit-schema-3.json").read_bytes())
    text = path.read_text()
    document = json.loads(text)
    assert document["schema_version"] == 3
    assert '"code": "1 - h1 - h2"' in text and "with the edge from neuron 0 of layer 1 to neuron 1 of layer 2" in text
    found = verify(tmp_path)
    assert found.agrees and found.bound
    assert {said for said in found.unchecked if "schema" in said} == {
        f"details.experiments.{part} (before schema 9 explanations also predicted interchanges of which they say "
        "nothing)"
        for part in ("disputes", "cross_examination")
    }
    from everyhow.auditing.reopening import reopen

    audit = reopen(tmp_path)
    assert audit.counts.items() >= document["counts"].items()
    assert audit.remarks == (
        "The audit was written by schema 3, before population codes were held against those of any layer: it has no "
        "rungs above_baseline and bounded, compares all that are exact, and in it explanations also predict "
        "interchanges of which they say nothing. Here all of it is counted anew.",
    )
    assert {"hereditary_circuits", "minimal_hereditary_circuits"} == set(audit.counts) - set(document["counts"])
    again = audit.save(tmp_path / "again").read_text()
    assert '"code": "1 - h1.0 - h1.1"' in again and "with the edge h1.0→h2.1 as at 00" in again
    assert verify(tmp_path / "again").agrees
    # By the names of one schema a file of the other does not agree, be its digest made anew.
    named = {"details.readouts", "details.experiments", "details.costs"}
    newer = named | {"keys", "counts keys", "ladder.circuits rungs", "options.disturbance"}
    for file, version, differs in ((path, 4, named), (tmp_path / "again" / "audit.json", 3, newer)):
        changed = json.loads(file.read_text()) | {"schema_version": version}
        file.write_text(json.dumps(bound(changed)))
        wrong = {".".join(check.what.split(".")[:2]) for check in verify(file.parent).checks if not check.agrees}
        assert wrong == differs


def test_the_fourth_schema_is_read(tmp_path):
    """An audit by data of the schema before its counts had their digits is opened and checked, and gains them, and what
    is found by a task."""
    from everyhow.auditing.reopening import reopen

    path = tmp_path / "audit.json"
    path.write_bytes((REFERENCE / "schemas" / "audit-by-data-schema-4.json").read_bytes())
    document = json.loads(path.read_text())
    assert document["schema_version"] == 4 and "counts_exact" not in document
    found = verify(tmp_path)
    assert found.agrees and found.bound
    again = json.loads(reopen(tmp_path).save(tmp_path / "again").read_text())
    assert again["counts"].items() > document["counts"].items()
    assert again["counts"]["interpretations"] == 4 and again["counts"]["algorithms"] == 2
    assert again["counts_exact"] == {key: str(n) for key, n in again["counts"].items() if isinstance(n, int)}
    assert verify(tmp_path / "again").agrees
    again["counts_exact"]["perfect_circuits"] = "7"
    (tmp_path / "again" / "audit.json").write_text(json.dumps(bound(again)))
    assert not verify(tmp_path / "again").agrees
    path.write_text(json.dumps(bound(document | {"schema_version": 5})))
    assert [check.what for check in verify(tmp_path).checks if not check.agrees][:1] == ["keys"]


def test_the_fifth_schema_is_read(tmp_path):
    """An audit by data of the schema before it had all that one of a task has is opened and checked, and gains it."""
    from everyhow.auditing.reopening import reopen

    path = tmp_path / "audit.json"
    path.write_bytes((REFERENCE / "schemas" / "audit-by-data-schema-5.json").read_bytes())
    document = json.loads(path.read_text())
    assert document["schema_version"] == 5 and list(document["details"]) == ["circuits", "readouts", "mappings"]
    found = verify(tmp_path)
    assert found.agrees and found.bound
    again = json.loads(reopen(tmp_path).save(tmp_path / "again").read_text())
    assert again["counts"].items() > document["counts"].items()
    assert again["ladder"]["circuits"].pop("hereditary") == 1
    assert again["ladder"] == document["ladder"]
    assert verify(tmp_path / "again").agrees
    path.write_text(json.dumps(bound(document | {"ladder": document["ladder"] | {"trivial": {"single": 0}}})))
    assert not verify(tmp_path).agrees
    path.write_text(json.dumps(bound(document | {"schema_version": 6})))
    assert not verify(tmp_path).agrees


def test_the_sixth_schema_is_read(tmp_path):
    """An audit of the schema before the rung hereditary is opened and checked, each output and all together, and gains
    the rung and its counts; with them in it, it is no longer of that schema."""
    from everyhow.auditing.reopening import reopen

    path = tmp_path / "audit.json"
    path.write_bytes((REFERENCE / "schemas" / "audit-schema-6.json").read_bytes())
    document = json.loads(path.read_text())
    assert document["schema_version"] == 6 and "hereditary" not in path.read_text()
    found = verify(tmp_path)
    assert found.agrees and found.bound
    again = json.loads(reopen(tmp_path).save(tmp_path / "again").read_text())
    for before, now in zip(
        (*document["outputs"], document["together"]), (*again["outputs"], again["together"]), strict=True
    ):
        assert set(now["counts"]) - set(before["counts"]) == {"hereditary_circuits", "minimal_hereditary_circuits"}
        assert now["counts"].items() > before["counts"].items() and now["verdict"] == before["verdict"]
        assert set(now["ladder"]["circuits"]) - set(before["ladder"]["circuits"]) == {"hereditary"}
    assert verify(tmp_path / "again").agrees
    for part in (again, *again["outputs"]):
        part["schema_version"] = 6
    path.write_text(json.dumps(bound(again)))
    wrong = {check.what for check in verify(tmp_path).checks if not check.agrees}
    assert {"together.counts keys", "together.ladder.circuits rungs", "outputs[0].counts keys"} <= wrong


def test_data_of_which_nothing_is_known(tmp_path):
    """Signals that are no functions of known bits have no price: the file says null, is read, and agrees."""
    points = [[0.1, 0.2], [0.1, 0.8], [0.9, 0.2], [0.8, 0.9]]
    eh.audit(eh.xornet(), eh.Behavior.of_network(eh.xornet(), points)).save(tmp_path)
    document = json.loads((tmp_path / "audit.json").read_text())
    assert {entry["cost"] for entry in document["details"]["costs"]["ranking"]} == {None}
    assert verify(tmp_path).agrees


def test_reasons_of_the_third_schema_may_be_worded_otherwise(tmp_path):
    """Reasons of verdicts name neuron sets; what they said until the fourth schema is not held against them."""
    from everyhow.auditing.reopening import reopen

    said = json.loads((REFERENCE / "schemas" / "audit-schema-3.json").read_text())
    path, verdict = tmp_path / "audit.json", said["verdict"]["what_then_where"]
    verdict["reason"] += ", in other words"
    path.write_text(json.dumps(bound(said)))
    assert not reopen(tmp_path).verdict["what_then_where"].reason.endswith(", in other words")
    verdict["criterion"] = "ordered"
    path.write_text(json.dumps(bound(said)))
    with pytest.raises(FileFormatError, match="verdict says what_then_where is"):
        reopen(tmp_path)
    path.write_text(json.dumps(bound(said | {"schema_version": 4})))
    with pytest.raises(FileFormatError, match="verdict says what_then_where is"):
        reopen(tmp_path)


def test_files_that_are_no_audits(tmp_path, run_command):
    """What is wrong with a file is said, with its name, within a second."""
    import time

    eh.audit(eh.xornet(), "XOR").save(tmp_path)
    good = (tmp_path / "audit.json").read_bytes()
    document = json.loads(good)
    cases = {
        b"": "not a JSON file",
        good[: len(good) // 2]: "not a JSON file",
        b"[1, 2]": "not an audit but a JSON list",
        b"\x80\x04cos\nsystem\n": "not a JSON file",
        b"[" * 200_000: "not a JSON file",
        json.dumps(
            document | {"schema_version": 99}
        ).encode(): "schema_version is 99; this everyhow reads 1, 2, 3, 4, 5, 6, 7, 8 and 9",
        json.dumps(document | {"counts": None}).encode(): "not an audit that can be",
        json.dumps(document | {"network": {}}).encode(): "not an audit that can be",
        good.replace(b"-0.5", b"NaN"): "every value must be finite",
    }
    for content, said in cases.items():
        (tmp_path / "audit.json").write_bytes(content)
        for command in ("verify", "report"):
            begun = time.process_time()
            code, _, err = run_command(command, tmp_path)
            assert time.process_time() - begun < 1
            assert code == 1
            assert said in err and str(tmp_path / "audit.json") in err, (command, content[:40], err)


@pytest.mark.parametrize(
    ("network", "task"),
    [
        (
            eh.Network(
                ([[0.7, 1e17], [0.7, 1e9]], [[1e17, 1.0], [1e-12, 1e-12]], [[-1e17, -0.3]]),
                ([1e17, -1e17], [-1e17, 1e17], [1e9]),
                ("relu", "hardtanh", "sigmoid"),
                threshold=0.3,
                input_values=(-1, 1),
            ),
            "NAND",
        ),
        (
            eh.Network(([[0.5, 0], [0.1, 0.9]], [[-0.6, -0.4]]), ([-1.3, -1], [0.2]), ("step", "step")),
            "XOR",
        ),
    ],
    ids=["large weights", "steps at their jumps"],
)
def test_what_rounding_decides_further_than_verify_follows(tmp_path, network, task):
    """It is no difference, but listed as unchecked; the digest still tells a change of it."""
    eh.audit(network, task).save(tmp_path / "run")
    found = verify(tmp_path / "run")
    assert found.agrees
    assert any(line.endswith(f"({ROUNDED})") for line in found.unchecked)
    document = json.loads((tmp_path / "run" / "audit.json").read_text())
    document["counts"]["perfect_circuits_between"][1] += 1
    (tmp_path / "run" / "audit.json").write_text(json.dumps(document))
    assert [check.what for check in verify(tmp_path / "run").checks if not check.agrees] == ["digest of the document"]


ROUNDED = "rounding decides it, further than the slow methods follow"
