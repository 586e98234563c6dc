"""A sweep of transformers, from the plan to the audit of one of them again."""

import json

import pytest

pytest.importorskip("torch")

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.report.sweep_tables import sweep_tables
from everyhow.report.terminal.sweeps import print_summary
from everyhow.sweeps.drill import audits, kept_networks
from everyhow.sweeps.plan import plan_of
from everyhow.sweeps.results import Sweep
from everyhow.sweeps.rows import digest_of
from everyhow.sweeps.statistics import survivors
from everyhow.sweeps.store import Store
from everyhow.sweeps.summary import summarize
from everyhow.sweeps.trying import try_out
from everyhow.sweeps.work import run_block

from ..report.printed import printed

PLAN = {
    "name": "tokens", "seeds": 2, "block": 2, "axis": ["task", "grain"],
    "settings": {"model": "transformer", "keep": "accurate"},
    "grid": [{"task": ["XOR"], "grain": ["edges", "nodes"]}, {"task": ["MAX:2:3"], "grain": ["nodes"]}],
}  # fmt: skip


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Two transformers of each point; the one of XOR asked twice."""
    store = Store.create(tmp_path_factory.mktemp("sweep") / "run", plan_of(PLAN))
    for block in store.plan.blocks():
        store.write(block, run_block(block))
    store.close()
    return Sweep.open(store.folder)


def test_the_folder(sweep):
    """Transformers are JSON files, each explained again by the file of a behavior that its row names."""
    rows = sweep.query("SELECT DISTINCT network, behavior, task, model, layers, causal FROM results").rows
    names = {path.name for path in (sweep.folder / "networks").iterdir()}
    assert {row[0] for row in rows} == names and len(names) == 4 and all(name.endswith(".json") for name in names)
    assert {row[1] for row in rows} == {path.name for path in (sweep.folder / "behaviors").iterdir()}
    assert {row[3:] for row in rows} == {("transformer", 1, True)}
    readme = (sweep.folder / "README.md").read_text()
    assert "`behaviors/`: the rows of the transformers' tasks" in readme
    for file, behavior, task, *_ in {row[2]: row for row in rows}.values():
        model = sweep.folder / "networks" / file
        by_file = eh.audit(model, sweep.folder / "behaviors" / behavior, grain="nodes")
        assert by_file.counts == eh.audit(model, task, grain="nodes").counts
        ((perfect,),) = sweep.query(
            "SELECT perfect_circuits FROM results WHERE network = $1 AND grain = 'nodes'", [file]
        ).rows
        assert by_file.counts["perfect_circuits"] == perfect


def test_resumed(sweep, tmp_path):
    """Blocks that are computed later, in another order, give the digest of the whole."""
    store = Store.create(tmp_path / "run", plan_of(PLAN))
    blocks = list(store.plan.blocks())
    store.write(blocks[2], run_block(blocks[2]))
    (store.folder / "behaviors" / plan_of(PLAN).points[0].behavior[0]).unlink()
    assert Store.resume(store.folder, plan_of(PLAN)).finished() == {2}
    for block in blocks[:2]:
        store.write(block, run_block(block))
    assert store.digest_of(store.close()) == sweep.digest


def test_down_to_one(sweep):
    """The audit of a transformer is that of its row, at every setting at which it was explained."""
    kept = kept_networks(sweep)
    assert len(kept) == 6 and len({one.name for one in kept}) == 4
    for one, audit in audits(sweep, kept[:3]):
        ((perfect, sha),) = sweep.query(
            "SELECT perfect_circuits, network_sha256 FROM results WHERE network = $1 AND setting = $2",
            [one.file, one.setting],
        ).rows
        assert audit.counts["perfect_circuits"] == perfect and one.sha256 == sha
    twice = next(one.name for one in kept if sum(other.name == one.name for other in kept) == 2)
    settings = [one.setting for one in kept_networks(sweep, [twice[:9]])]
    assert settings == ["task XOR; grain edges", "task XOR; grain nodes"]
    with pytest.raises(eh.InputError, match="4 networks begin with ''"):
        kept_networks(sweep, [""])


def test_another_file(sweep, tmp_path):
    """A file that is not the transformer that was explained is not shown as it."""
    kept = kept_networks(sweep)
    one, other = kept[0], kept[-1]
    path = sweep.folder / "networks" / one.file
    content = path.read_bytes()
    try:
        path.write_bytes((sweep.folder / "networks" / other.file).read_bytes())
        with pytest.raises(FileFormatError, match="not the network that the results are of"):
            list(audits(sweep, [one]))
    finally:
        path.write_bytes(content)


def test_what_is_not_asked(sweep):
    """Of three classes no algorithm is looked for; such outputs are in none of the shares of algorithms."""
    found = survivors(sweep)
    assert {(one.setting, one.kind) for one in found} == {
        ("task XOR; grain edges", "circuits"), ("task XOR; grain edges", "mappings"),
        ("task XOR; grain edges", "algorithms"), ("task XOR; grain nodes", "circuits"),
        ("task XOR; grain nodes", "mappings"), ("task XOR; grain nodes", "algorithms"),
        ("task MAX:2:3; grain nodes", "circuits"),
    }  # fmt: skip
    assert all(one.unknown == 0 and one.outputs == 2 for one in found)
    summary = summarize(sweep)
    assert json.loads(json.dumps(summary.document()))["digest"] == sweep.digest
    assert {"survivors", "networks"} <= set(sweep_tables(sweep, summary))
    shown = printed(print_summary, summary, sweep, width=120)
    assert "not asked" in shown and "?" not in shown.split("restores uniqueness")[1].split("aligned alone")[1]


def test_model_is_hashed_where_it_is_new():
    """Rows of networks have the digest that they had before they said that they are such."""
    row = {"point": 0, "replicate": 1, "perfect_circuits": 3.0}
    assert digest_of([row | {"model": "network"}]) == digest_of([row])
    assert digest_of([row | {"model": "transformer"}]) != digest_of([row])


def test_trying_out():
    """The first transformers of a point tell how long it takes; nothing is kept."""
    (rates,) = try_out(plan_of({"seeds": 2, "block": 2, "settings": {"model": "transformer"}}), 60.0).values()
    assert rates.first is not None and 0 < rates.training <= 50 and 0 < rates.explaining <= 50
