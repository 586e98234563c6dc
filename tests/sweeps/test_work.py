"""The work of a block: its rows against audits of its networks, one by one."""

import importlib
import json

import numpy as np
import pytest

pytest.importorskip("torch")

import everyhow as eh
from everyhow.auditing.asked import from_plain
from everyhow.circuit.overlap import jaccard
from everyhow.sweeps.models import KINDS
from everyhow.sweeps.plan import plan_of
from everyhow.sweeps.rows import COLUMNS, digest_of
from everyhow.sweeps.work import run_block

QUICK = {"rows": 400, "batch_size": 50, "epochs": 60, "learning_rate": 0.02, "patience": 20}


def run(document):
    """The rows and networks of a plan of one block."""
    (block,) = plan_of({"block": document["seeds"], **document}).blocks()
    return run_block(block)


@pytest.fixture(scope="module")
def result():
    """Six quick networks by both presets."""
    return run({"seeds": 6, "presets": ["paper", "authors"], "settings": QUICK})


def loaded(tmp_path, result, row):
    """The network of a row, from its file."""
    path = tmp_path / row["network"]
    path.write_bytes(result.networks[path.name])
    return eh.load(path)


def test_rows_are_audits(result, tmp_path):
    """Every number of an explained row is that of an audit of its network."""
    explained = [row for row in result.rows if row["status"] == "explained"]
    assert {row["preset"] for row in explained} == {"paper", "authors"}
    for row in explained:
        audit = eh.audit(loaded(tmp_path, result, row), "XOR", row["preset"])
        for key, value in audit.counts.items():
            if isinstance(value, int):
                assert row[key] == value, key
                assert json.loads(row["counts_exact"])[key] == str(value)
        for kind, rungs in audit.ladder.items():
            assert {rung: row[f"{kind}_{rung}"] for rung in rungs} == rungs
        if row["preset"] == "paper":
            for strategy, verdict in audit.verdict.items():
                assert row[f"{strategy}_status"] == verdict.status
                assert row[f"{strategy}_criterion"] == verdict.criterion
        assert row["network_sha256"] == audit.provenance["network_sha256"]
        assert row["computes"] == audit.computes[0]


def test_overlaps(result, tmp_path):
    """Mean and shares of the overlaps are those of all pairs of perfect circuits."""
    for row in result.rows:
        if row.get("overlap_mean") is None:
            continue
        circuits = list(eh.circuits(loaded(tmp_path, result, row)))
        pairs = jaccard(circuits)[np.triu_indices(len(circuits), 1)]
        assert row["overlap_circuits"] == len(circuits)
        assert row["overlap_mean"] == pytest.approx(pairs.mean())
        shares = [(np.floor(np.minimum(pairs, 0.9999) * 20 + 1e-9) == k).mean() for k in range(20)]
        assert row["overlap_histogram"] == pytest.approx(shares)
        used = [{edge for edge in range(18) if c.bits >> edge & 1} for c in circuits]
        assert row["core_edges"] == len(set.intersection(*used))
        assert row["unused_edges"] == 18 - len(set.union(*used))


def test_every_column_is_described(result):
    """Rows have no column that the folder's README does not describe; one row per network and preset."""
    assert {key for row in result.rows for key in row} <= set(COLUMNS)
    assert [(row["replicate"], row["preset"]) for row in result.rows] == [
        (k, preset) for k in range(6) for preset in ("paper", "authors")
    ]


def test_a_block_gives_the_same_rows_again(result):
    """The same block gives the same rows and files, whatever else the process has done."""
    again = run({"seeds": 6, "presets": ["paper", "authors"], "settings": QUICK})
    assert digest_of(again.rows) == digest_of(result.rows) and again.networks == result.networks
    other = [row | {"loss": 1.0} for row in result.rows]
    assert digest_of(other) != digest_of(result.rows)
    assert digest_of([row | {"seconds": 9.0} for row in result.rows]) == digest_of(result.rows)


def test_networks_that_do_not_converge_are_rows():
    """What is not explained says why, and keeps its network."""
    result = run({"seeds": 3, "settings": {**QUICK, "epochs": 1}})
    assert [row["status"] for row in result.rows] == ["not kept"] * 3
    assert result.rows[0]["reason"] == "the loss target was not reached in 1 epochs"
    assert len(result.networks) == 3 and "perfect_circuits" not in result.rows[0]


def test_keep():
    """Networks may be kept by their accuracy alone, or all of them."""
    settings = {**QUICK, "loss_target": 0.0, "epochs": 40}
    strict, accurate, everything = (
        run({"seeds": 5, "settings": {**settings, "keep": keep}}).rows for keep in ("converged", "accurate", "all")
    )
    assert all(row["status"] == "not kept" for row in strict)
    assert [row["status"] == "explained" for row in accurate] == [row["accuracy"] == 1 for row in accurate]
    assert all(row["status"] == "explained" for row in everything)
    assert [r["network_sha256"] for r in strict] == [r["network_sha256"] for r in everything]


def test_failures_are_rows(monkeypatch):
    """A network that cannot be explained costs nobody else; the row has the reason."""
    work = importlib.import_module("everyhow.sweeps.work")
    whole, calls = work.count_explanations, []

    def fails_twice(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise eh.InputError("as a test")
        if len(calls) == 2:
            raise ZeroDivisionError("also as a test")
        return whole(*arguments)

    monkeypatch.setattr(work, "count_explanations", fails_twice)
    rows = run({"seeds": 4, "settings": {**QUICK, "keep": "all"}}).rows
    assert [row["status"] for row in rows] == ["failed", "failed", "explained", "explained"]
    assert rows[0]["reason"] == "as a test"
    assert rows[1]["reason"] == "internal failure: ZeroDivisionError: also as a test"


def test_several_outputs(tmp_path):
    """Each output is explained as its own network; each network has the gates that its seed draws."""
    settings = {**QUICK, "draw_from": ["AND", "OR", "NOR"], "outputs": 2, "keep": "all", "widths": [3]}
    result = run({"seeds": 3, "settings": settings})
    assert [(row["replicate"], row["output"]) for row in result.rows] == [(k, o) for k in range(3) for o in range(2)]
    for row in result.rows:
        network = loaded(tmp_path, result, row)
        assert row["trained_task"].split(",")[row["output"]] == row["output_task"]
        assert row["perfect_circuits"] == sum(eh.circuits(network.output(row["output"])).count().certain.values())


def test_checkpoints_are_rows():
    """Each checkpoint is a network of its own, explained when it computes the task."""
    settings = {
        **QUICK,
        "epochs": 40,
        "loss_target": 0.0,
        "patience": 40,
        "keep": "accurate",
        "checkpoints": [0, 10, 40],
    }
    result = run({"seeds": 3, "settings": settings})
    assert [(row["replicate"], row["epoch"]) for row in result.rows] == [(k, e) for k in range(3) for e in (0, 10, 40)]
    assert len(result.networks) == 9 == len({row["network_sha256"] for row in result.rows})
    assert [row["status"] == "explained" for row in result.rows] == [row["accuracy"] == 1 for row in result.rows]


def test_checkpoints_after_the_end_are_rows():
    """A checkpoint that training does not reach is a row that says so, without a network."""
    result = run({"seeds": 2, "settings": {**QUICK, "loss_target": 10.0, "checkpoints": [1, 5]}})
    assert [(row["epoch"], row["network"] is None) for row in result.rows] == [(1, False), (5, True)] * 2
    assert [row["status"] for row in result.rows[1::2]] == ["not kept"] * 2
    assert result.rows[1]["reason"] == "training ended after 1 epochs, before this checkpoint"
    assert len(result.networks) == 2


def test_the_same_network_in_every_plan():
    """How many networks a plan asks for changes none of them: stacks are always whole."""
    few, many = (
        next(plan_of({"seeds": seeds, "block": 4, "settings": {**QUICK, "keep": "all"}}).blocks()) for seeds in (1, 4)
    )
    (name,) = run_block(few).networks
    assert run_block(few).networks[name] == run_block(many).networks[name]


def test_another_version_does_not_answer():
    """A worker of another version refuses the block."""
    block = next(plan_of({"seeds": 1, "block": 1, "settings": QUICK}).blocks())
    with pytest.raises(eh.InputError, match=r"this is 9\.9; install the same version there"):
        run_block(block, "9.9")


def test_numbers_of_any_size():
    """Counts beyond what a double holds are infinite there, and stand in full in counts_exact."""
    from everyhow.sweeps.work import _as_doubles, _digits

    counts = {"a": 2**53 + 1, "b": 10**400, "c": None, "d": 10**5000}
    assert _as_doubles(counts) == {"a": float(2**53), "b": float("inf"), "c": None, "d": float("inf")}
    digits = json.loads(_digits(counts))
    assert int(digits["a"]) == 2**53 + 1 and int(digits["b"]) == 10**400
    assert int(digits["d"], 16) == 10**5000 and "c" not in digits


def test_the_machine_s_faults_are_not_results(monkeypatch):
    """Out of memory is no property of a network: the block is lost, to be tried again."""
    work = importlib.import_module("everyhow.sweeps.work")

    def fails(*arguments):
        raise MemoryError

    monkeypatch.setattr(work, "count_explanations", fails)
    with pytest.raises(MemoryError):
        run({"seeds": 1, "settings": {**QUICK, "keep": "all"}})


def test_controls():
    """Untrained networks compute the task by chance; networks of shuffled labels are explained for what they do."""
    untrained = run({"seeds": 3, "settings": {"origin": "untrained", "keep": "accurate"}})
    assert [(row["status"], row["computes_name"], row["converged"]) for row in untrained.rows] == [
        ("explained", "XOR", False)
    ] * 3
    shuffled = run({"seeds": 3, "settings": {**QUICK, "labels": "shuffled", "keep": "all"}})
    assert all(row["status"] == "explained" and row["computes"] for row in shuffled.rows)
    chance = run({"seeds": 4, "settings": {**QUICK, "task": "random:2", "keep": "all"}})
    assert len({row["trained_task"] for row in chance.rows}) > 1


def test_beyond_the_budget():
    """What the budget does not allow is missing with its reason; estimates stand in columns of their own."""
    rows = run({"seeds": 2, "budget": 2 * 10**4, "exact_up_to": 0, "settings": {**QUICK, "keep": "all"}}).rows
    for row in rows:
        assert row["circuits_resample_faithful"] is None and row["mappings"] is None
        assert "the budget is 2e+04" in row["capped"] and row["what_then_where_status"] == "unknown"
        assert row["interpretations"] is None
    rows = run({"seeds": 2, "budget": 2 * 10**5, "exact_up_to": 0, "settings": {**QUICK, "keep": "all"}}).rows
    assert all(row["perfect_circuits"] for row in rows)


def test_exact_up_to():
    """Up to so many circuits interpretations are exact whatever the budget, and estimated above."""
    settings = {**QUICK, "keep": "all"}
    exact = run({"seeds": 3, "settings": settings}).rows
    limit = int(sorted(row["perfect_circuits"] for row in exact)[1])
    budget = 250_000
    rows = run({"seeds": 3, "settings": settings, "budget": budget, "exact_up_to": limit}).rows
    for row, whole in zip(rows, exact, strict=True):
        if whole["perfect_circuits"] <= limit:
            assert row["interpretations"] == whole["interpretations"]
            assert row.get("interpretations_estimate") is None


QUESTIONS = {
    "mean": {"ablation": "mean"},
    "resample": {"ablation": "resample"},
    "epsilon": {"epsilon": 0.25},
    "within": {"within": 0.1},
    "robust": {"robust": 0.05},
    "round": {"decision": "round"},
    "codes": {"tolerance": 0.05, "signals": 1},
    "prices": {"not_price": 0.5, "familiar": "NAND=0.25"},
}


# Each goes through the same way; of the others the audit itself is tested.
FEW = ("epsilon", "robust", "codes")


@pytest.mark.parametrize(
    "asked",
    [pytest.param(one, id=name, marks=() if name in FEW else pytest.mark.nightly) for name, one in QUESTIONS.items()],
)
def test_every_question_is_swept(asked, tmp_path):
    """A plan may ask what an audit may; its rows are then those of audits that ask it."""
    setting = {"widths": [2, 2], "origin": "untrained", "keep": "accurate", "task": "OR", **asked}
    found = run({"seeds": 2, "presets": ["paper", "authors"] if "round" not in asked.values() else ["paper"],
                 "settings": setting})  # fmt: skip
    rows = [row for row in found.rows if row["status"] == "explained"]
    assert {row["preset"] for row in rows} >= {"paper"}
    for row in rows:
        if row["preset"] == "authors":
            assert not any(row.get(key) for key in asked), "the released code is not asked this"
            continue
        audit = eh.audit(loaded(tmp_path, found, row), "OR", **from_plain(asked))
        assert {key: row[key] for key in asked} == asked and row["decision"] == audit.decision
        numbers = {key: value for key, value in audit.counts.items() if isinstance(value, int)}
        robust = numbers.pop("robust_circuits", None)
        assert {key: row[key] for key in numbers} == numbers
        assert row.get("robust_circuits_low") == row.get("robust_circuits_high") == robust
        assert {rung: row[f"circuits_{rung}"] for rung in audit.ladder["circuits"]} == audit.ladder["circuits"]
        layers, cheapest = audit.findings.readouts.layers, audit.findings.cheapest
        asks_codes, asks_prices = bool({"tolerance", "not_price"} & set(asked)), "not_price" in asked
        assert row.get("codes_readable") == ([len(layer.signals) for layer in layers] if asks_codes else None)
        for rung in ("behavioral", "exact", "fewest_signals", "cheapest"):
            assert row.get(f"codes_{rung}") == ([one.survivors[rung] for one in layers] if asks_codes else None)
        assert row.get("mappings_cheapest") == (len(cheapest) if asks_prices and cheapest is not None else None)


TRANSFORMERS = {
    "plain": {},
    "asked": {"grain": "nodes", "ablation": "mean", "epsilon": 0.25},
    "scope": {"scope": "a0.h0,m0", "others": "in", "not_price": 1.0},
    "classes": {"task": "MAX:2:2", "equals": True, "ablation": "resample"},
    "shuffled": {"labels": "shuffled", "keep": "all"},
    "stream": {"stream": -1, "signals": 2},
}


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(one, id=name, marks=() if name in ("asked", "shuffled") else pytest.mark.nightly)
        for name, one in TRANSFORMERS.items()
    ],
)
def test_rows_of_transformers_are_audits(asked, tmp_path):
    """Every number of a row is that of an audit of the file of its behavior, and of its task by name."""
    document = {"seeds": 2, "settings": {"model": "transformer", **asked}}
    found, (point,) = run(document), plan_of(document).points
    name, content = point.behavior
    (tmp_path / name).write_bytes(content)
    plain = {key: value for key, value in asked.items() if key in KINDS["transformer"].asked}
    rows = [row for row in found.rows if row["status"] == "explained"]
    assert rows and {key for row in rows for key in row} <= set(COLUMNS)
    for row in rows:
        assert (row["model"], row["behavior"], row["heads"]) == ("transformer", name, 2) and "widths" not in row
        model, task = loaded(tmp_path, found, row), point.task_of(row["seed"])
        audit = eh.audit(model, task, **from_plain(plain))
        given = json.loads(content) | {"epsilon": plain.get("epsilon", 0.0)}
        (tmp_path / "own.json").write_text(json.dumps(given))
        by_file = {key: value for key, value in plain.items() if key != "epsilon"}
        again = eh.audit(model, tmp_path / "own.json", **from_plain(by_file))
        assert audit.counts == again.counts and audit.ladder == again.ladder
        for key, value in audit.counts.items():
            if isinstance(value, int):
                assert row[key] == value and json.loads(row["counts_exact"])[key] == str(value)
        for kind, rungs in audit.ladder.items():
            assert {rung: row[f"{kind}_{rung}"] for rung in rungs} == rungs
        for strategy, verdict in audit.verdict.items():
            assert (row[f"{strategy}_status"], row[f"{strategy}_reason"]) == (verdict.status, verdict.reason)
        answers = model.run(task.tokens).argmax(axis=1)
        assert row["accuracy"] == (answers == task.labels[:, 0]).mean()
        assert row["computes"] == "".join(map(str, answers))
        assert row["explained_depth"] == 2 and row["capped"] is None and row.get("interpretations") is None
        layers = audit.findings.readouts.explained if "stream" in asked else ()
        exact = [layer.survivors["exact"] for layer in layers]
        assert row.get("codes_exact") == (exact or None) and len(layers) == ("stream" in asked)


def test_what_is_not_asked_of_classes():
    """Of three classes no algorithm is looked for: its columns are empty, and that is not told as unknown."""
    (row,) = run({"seeds": 1, "settings": {"model": "transformer", "task": "MAX:2:3", "keep": "all"}}).rows
    assert row["status"] == "explained" and row["perfect_circuits"] > 0 and row["capped"] is None
    assert all(row.get(key) is None for key in ("computes", "aligned_algorithms", "mappings_single"))
    assert row.get("what_then_where_status") is None and row["where_then_what_status"]


def test_untrained_transformers():
    """The first of many that answers every row as wanted; where none is tried that does, the last one is told."""
    document = {"seeds": 2, "block": 2, "settings": {"model": "transformer", "task": "AND", "origin": "untrained",
                                                     "keep": "accurate"}}  # fmt: skip
    rows = run(document).rows
    assert [(row["status"], row["computes_name"], row["converged"], row["epoch"]) for row in rows] == [
        ("explained", "AND", False, 0)
    ] * 2
    assert run(document).rows[0]["network_sha256"] == rows[0]["network_sha256"] != rows[1]["network_sha256"]
