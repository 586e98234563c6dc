"""Long counts: checkpoints, the share that is shown, workers of a scheduler; and what is said beyond the budget."""

import json
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given

import everyhow as eh
from everyhow.auditing.counting import count
from everyhow.common import execution
from everyhow.common.errors import FileFormatError
from everyhow.common.execution import Execution
from everyhow.common.progress import Progress, Work
from everyhow.common.threads import map_in_threads
from everyhow.network import layout as search
from everyhow.network.counting import count_circuits
from everyhow.network.layout import laid_out

from ..conftest import reference
from ..strategies import networks


@pytest.fixture
def criterion(monkeypatch):
    """A count in several blocks, of which a checkpoint is written after each."""
    monkeypatch.setattr(search, "PAIRS_AT_ONCE", 1 << 10)
    monkeypatch.setattr(execution, "SECONDS_BETWEEN_CHECKPOINTS", -1.0)
    return eh.circuits(reference("xor-2-3-3-1-seed0")[1], "XOR").criterion


class StoppedError(Exception):
    """Somebody stopped it."""


def stopping_after(blocks):
    """Work that is interrupted after some blocks."""

    def map_jobs(function, jobs):
        yield from islice(map_in_threads(function, jobs), blocks)
        raise StoppedError

    return map_jobs


def test_an_interrupted_count_goes_on(criterion, tmp_path):
    """What was counted before is not counted again, and the sum is the same."""
    exact = count_circuits(criterion)
    done = []

    def counting(function, jobs):
        for result in map_in_threads(function, jobs):
            done.append(result)
            yield result

    blocks = sum(1 for _ in laid_out(criterion).prefixes(3))
    assert blocks > 5
    for stop in (2, 3):
        with pytest.raises(StoppedError):
            count_circuits(criterion, execution=Execution(map_jobs=stopping_after(stop), checkpoints=tmp_path))
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text())["blocks"] == 5
    assert count_circuits(criterion, execution=Execution(map_jobs=counting, checkpoints=tmp_path)) == exact
    assert len(done) == blocks - 5
    # Kept until the other counts of an audit are done as well, when nothing is counted again; then it goes.
    again = Execution(map_jobs=counting, checkpoints=tmp_path)
    assert count_circuits(criterion, execution=again) == exact and len(done) == blocks - 5
    assert again.finished == [path]
    assert count(criterion.model, "XOR", checkpoints=tmp_path)["perfect_circuits"] == 120
    assert list(tmp_path.iterdir()) == []


def test_another_count_has_another_checkpoint(criterion, tmp_path):
    """A checkpoint is used for the same network, criterion and options only; a damaged one is said to be."""
    with pytest.raises(StoppedError):
        count_circuits(criterion, execution=Execution(map_jobs=stopping_after(2), checkpoints=tmp_path))
    (path,) = tmp_path.iterdir()
    other = replace(criterion, behavior=replace(criterion.behavior, epsilon=0.3))
    kept = Execution(checkpoints=tmp_path)
    assert count_circuits(other, execution=kept) == count_circuits(other)
    assert count_circuits(criterion, most_neurons=3, execution=kept) == count_circuits(criterion, most_neurons=3)
    for content in ("", "[]", path.read_text().replace('"identity": "', '"identity": "0'), '{"blocks": 1}'):
        path.write_text(content)
        with pytest.raises(FileFormatError, match="not a checkpoint of this count; delete it to count from the begin"):
            count_circuits(criterion, execution=kept)


def test_the_share_that_is_shown(criterion, capsys, monkeypatch):
    """The bar's whole is the number of prefixes, and it is full at the end."""
    seen = []
    monkeypatch.setattr(Work, "advance", lambda self, size: seen.append((size, self.whole)))
    count_circuits(criterion, execution=Execution(progress=Progress(True)))
    assert {whole for _, whole in seen} == {4**3} and sum(size for size, _ in seen) == 4**3


@given(networks(hidden=(1, 3), outputs=(1, 2)))
def test_number_of_prefixes(network):
    """As many as are gone through, weights of 0 included."""
    found = laid_out(eh.circuits(network).criterion)
    for first in range(found.all_inputs + 1):
        assert found.number_of_prefixes(first) == sum(map(len, found.prefixes(first)))


def test_a_scheduler_counts(criterion, tmp_path):
    """Workers of a Dask scheduler give the same counts, in an audit and in a count of its own."""
    from distributed import LocalCluster

    network = criterion.model
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        found = count(network, "XOR", scheduler=cluster.scheduler_address, checkpoints=tmp_path)
        audit = eh.audit(network, "XOR", scheduler=cluster.scheduler_address, depth=1)
    assert found["perfect_circuits"] == audit.counts["perfect_circuits"] == 120
    assert audit.ladder["circuits"]["resample_faithful"] == 40


def test_a_scheduler_that_is_not_there(criterion):
    with pytest.raises(eh.InputError, match=r"scheduler 'nowhere' does not answer \(.*\); give the address that dask"):
        count(criterion.model, "XOR", scheduler="nowhere")


def test_beyond_the_budget():
    """The number is estimated, and said to be, in counts and in audits; the exact one lies within the interval."""
    _, network = reference("count-xor-2-5-5-1-seed0")
    found = count(network, "XOR", budget=10_000_000)
    guess = found["perfect_circuits_estimated"]
    assert found["perfect_circuits"] is None and "the budget is 1e+07" in found["refused"]
    assert guess["low"] < 458_622_475 < guess["high"] and guess["high"] - guess["low"] < 0.1 * guess["value"]
    audit = eh.audit(network, "XOR", budget=10_000_000, depth=1)
    assert audit.over_budget and audit.verdict["where_then_what"].status == "unknown"
    assert audit.counts["perfect_circuits_estimated"] == guess
    assert "estimated instead" in audit.capped[0]


def test_wide_layers():
    """Signatures, mappings and readouts of layers of 12 neurons, whose circuits are only estimated."""
    network = eh.Network(
        [[[1.0, 1.0]] * 6 + [[-1.0, -1.0]] * 6, [[1 / 3] * 12]],
        [[-0.5] * 6 + [1.5] * 6, [-3.0]], ["sigmoid:25", "sigmoid:25"],
    )  # fmt: skip
    audit = eh.audit(network, "XOR", budget=10**7)
    assert audit.computes == ("0110", "XOR")
    assert audit.counts["perfect_circuits_estimated"]["sample"] == 200_000
    signatures = audit.findings.mappings.signatures
    assert signatures is not None and len(signatures) == 2**12 - 1
    assert audit.counts["aligned_algorithms"] == 1
    # NAND and OR each lie in a set of neurons of their own kind that together turn the output.
    assert audit.counts["mappings"] > 1
    assert audit.findings.readouts.layers[0].found is not None
