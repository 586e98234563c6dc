"""Audits taken up again from their folders."""

import json

import pytest

import everyhow as eh
from everyhow.auditing.reopening import reopen
from everyhow.common.errors import FileFormatError

from ..conftest import reference

ASKED = [
    {},
    {"preset": "authors", "pair_order": "BA", "min_node_sparsity": 0.1},
    {"decision": "round", "depth": 2, "tolerance": 0.01, "signals": 2, "shown": ["00", "01", "10"]},
    {"costs": eh.CostModel(negation=1.0, familiar={"NAND": 0.5})},
    {"budget": 1000},
]


@pytest.fixture
def small():
    """A trained 2-2-2-1 network that computes XOR."""
    return reference("xor-2-2-2-1-seed2")[1]


@pytest.mark.parametrize("options", ASKED)
def test_reopened(tmp_path, small, options):
    """Whatever was asked, the audit taken up again says the same."""
    audit = eh.audit(small, "XOR", **options)
    audit.save(tmp_path)
    assert reopen(tmp_path).document() == json.loads((tmp_path / "audit.json").read_text())


def test_names_of_its_own(tmp_path):
    """A task that no gate or formula names, and several outputs."""
    _, network = reference("authors-xor-and-2-3-3-2-seed0")
    task = eh.Task(("<script>", "both"), eh.parse_task("XOR,AND").tables)
    eh.audit(network, task).save(tmp_path)
    assert [part.task for part in reopen(tmp_path).outputs] == ["<script>", "both"]


CHANGES = [
    (lambda d: d["counts"].update(perfect_circuits=5), "counts says perfect_circuits is 5, but .* gives 4"),
    (lambda d: d["ladder"]["mappings"].update(joint=1), 'ladder says mappings is .*"joint": 1'),
    (lambda d: d["verdict"].clear(), "verdict says what_then_where is null"),
    (lambda d: d.pop("options"), "'options' is missing"),
    (lambda d: d["options"].update(tables=["01"]), "task XOR has 1 inputs but the network has 2"),
    (lambda d: d.pop("network"), "missing or not a list: weights"),
    (lambda d: d["options"].update(colour=1), "colour"),
    (lambda d: d.update(counts=None), "not an audit that can be repeated"),
    (lambda d: d.update(ladder=[]), "not an audit that can be repeated"),
    (lambda d: d.update(outputs=[]), "not an audit that can be repeated"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_changed_files(tmp_path, small, change, message):
    """An audit.json that does not agree with its own network is refused, by what differs."""
    path = eh.audit(small, "XOR").save(tmp_path)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(FileFormatError, match=message):
        reopen(tmp_path)


def test_no_audit(tmp_path):
    """Folders without an audit, and files that are none."""
    with pytest.raises(FileFormatError, match=r"audit.json: no such file; give the folder that everyhow audit --out"):
        reopen(tmp_path)
    for content, message in (("{", "not a JSON file"), ("[]", "not an audit but a JSON list")):
        (tmp_path / "audit.json").write_text(content)
        with pytest.raises(FileFormatError, match=message):
            reopen(tmp_path)
