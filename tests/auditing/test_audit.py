"""The audit: options, several outputs, budgets, what it says and what it writes."""

import importlib
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings

import everyhow as eh
from everyhow.circuit.findings import CircuitFindings
from everyhow.model.model import CircuitCount, RobustCount

from ..conftest import reference
from ..strategies import networks

OPTIONS = [
    ({"what": "XOR,AND"}, "task XOR,AND has 2 output"),
    ({"preset": "papers"}, "unknown preset 'papers'; the presets are paper, authors"),
    ({"decision": "sign"}, "unknown decision 'sign'"),
    ({"preset": "authors", "decision": "threshold"}, "decides by rounding"),
    ({"depth": 0}, "depth is 0; algorithms have a depth from 1 to 8"),
    ({"min_node_sparsity": 1.0, "preset": "authors"}, "at least 0 and below 1"),
    ({"min_node_sparsity": 0.5}, "min_node_sparsity: this belongs to the preset authors; leave it out, or choose that"),
    ({"pair_order": "AA", "preset": "authors"}, "names each of the inputs AB once"),
    ({"pair_order": "AB"}, "pair_order: this belongs to the preset authors; leave it out, or choose that preset"),
    ({"ablation": "mean", "preset": "authors"}, "ablation: this belongs to the preset paper; leave it out"),
    ({"dept": 2}, r"unknown question .dept. \(did you mean depth\?\); those of the preset paper are decision, thres"),
    ({"what": eh.Behavior.of_task(eh.parse_task("XOR")), "preset": "authors"}, "the preset authors counts by a task"),
    ({"what": eh.Behavior.of_task(eh.parse_task("XOR")), "shown": ["00"]}, "shown: an audit by data does not ask this"),
    ({"budget": 0}, "budget is 0"),
    ({"what": "MAJORITY"}, "has 3 inputs but the network has 2"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_bad_options(options, message):
    """Every option out of range is refused by name."""
    options = {"what": "XOR", **options}
    with pytest.raises(eh.InputError, match=message):
        eh.audit(eh.xornet(), **options)


def test_repr_is_five_plain_lines(xor):
    """The audit's repr reads at a glance."""
    lines = repr(eh.audit(xor, "XOR")).splitlines()
    assert len(lines) == 5
    assert lines[0] == "Audit of XOR on Network(2-3-3-1, leaky_relu, 18 edges), preset paper"
    assert lines[1] == "  perfect circuits 120, interpretations 2,937"
    assert lines[3] == "  what then where: none valid by joint"


def test_wrong_task(xor):
    """A network that computes something else is explained all the same, and told where it differs."""
    audit = eh.audit(xor, "OR")
    assert audit.computes == ("0110", "XOR")
    assert audit.differs_at == ("11",)
    assert audit.document()["computes"] == {"table": "0110", "name": "XOR", "differs_from_task_at": ["11"]}
    assert eh.audit(xor, "XOR").counts == audit.counts


def test_several_outputs():
    """Several outputs give one audit each; the whole has no counts of its own and says so."""
    _, network = reference("authors-xor-and-2-3-3-2-seed0")
    audit = eh.audit(network, "XOR,AND")
    assert [part.task for part in audit.outputs] == ["XOR", "AND"]
    for k, part in enumerate(audit.outputs):
        assert eh.audit(network.output(k), part.task).counts == part.counts
    with pytest.raises(eh.InputError, match="ask one of them"):
        audit.counts  # noqa: B018
    document = audit.document()
    assert "counts" not in document and len(document["outputs"]) == 2
    assert "XOR: what then where" in repr(audit)


def test_document(xor):
    """audit.json has the promised keys, and counts twice where they may be large."""
    document = json.loads(json.dumps(eh.audit(xor, "XOR").document()))
    promised = {
        "schema_version", "everyhow_version", "task", "preset", "decision", "network", "counts", "ladder", "verdict",
        "provenance", "counts_exact",
    }  # fmt: skip
    assert promised <= set(document)
    assert document["counts_exact"]["interpretations_with_dont_cares_expanded"] == "101295072"
    assert {"what_then_where", "where_then_what"} == set(document["verdict"])
    assert sum(document["details"]["circuits"]["perfect_by_edges"].values()) == document["counts"]["perfect_circuits"]


def test_budget_that_allows_nothing(xor):
    """Beyond the budget nothing is counted in part: numbers are missing, the verdict unknown, the reason said."""
    audit = eh.audit(xor, "XOR", budget=10_000)
    assert audit.over_budget
    assert audit.counts["circuits_in_space"] == 10_647
    assert audit.counts["perfect_circuits"] is None and audit.counts["interpretations"] is None
    assert audit.verdict["where_then_what"].status == "unknown"
    assert audit.verdict["what_then_where"].status == "unknown"
    assert "counting the circuits needs about 1.06e+04 candidate evaluations, the budget is 1e+04" in audit.capped[0]


def test_budget_that_allows_a_part(xor):
    """What still fits is exact; what does not is missing or estimated, and marked."""
    audit = eh.audit(xor, "XOR", budget=20_000)
    assert audit.counts["perfect_circuits"] == 120
    assert {rung: audit.ladder["circuits"][rung] for rung in ("perfect", "resample_faithful")} == {
        "perfect": 120,
        "resample_faithful": None,
    }
    assert audit.verdict["where_then_what"].status == "unknown"


def test_estimated_interpretations(xor):
    """Over many seeds, the estimate's interval holds the exact number about as often as it says."""
    from everyhow.boolean.truth_table import assignments
    from everyhow.interpretation.findings import _estimate
    from everyhow.model.behavior import Behavior
    from everyhow.model.criterion import perfect
    from everyhow.network.reading_counts import count_interpretations
    from everyhow.network.sampling import sample_circuits

    points = assignments(2)
    criterion = perfect(xor, Behavior.of_network(xor, points))
    held = 0
    for seed in range(60):
        bits = np.array([c.bits for c in sample_circuits(criterion, 200, seed)], np.uint64)
        sampled = [once for once, _ in count_interpretations(xor, [bits], points)]
        guess = _estimate(sampled, 120, 120)
        held += guess.low <= 2937 <= guess.high
    assert held >= 50


def test_ties_are_estimated():
    """Where rounding decides whether a circuit is perfect there is no exact total, but an estimate, marked as one."""
    network = eh.Network([[[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], [[0.5, 0.5, 1.0]]], [[0, 0, 0], [0.0]], ["relu"] * 2)
    audit = eh.audit(network, "AND")
    low, high = audit.counts["perfect_circuits_between"]
    assert low < high
    assert audit.counts["interpretations"] is None and not audit.over_budget
    estimate = audit.findings.interpretations.estimate
    assert 0 < estimate.low <= estimate.value <= estimate.high


def test_an_estimate_between_two_numbers_of_circuits():
    """Its value is of the number in the middle, its ends of the ends."""
    from everyhow.interpretation.findings import _estimate

    found = _estimate([3, 3, 3], 10, 30)
    assert (found.value, found.low, found.high, found.sample) == (60, 30, 90, 3)


def test_few_circuits_are_counted_whatever_the_budget(xor):
    """A sweep may ask for exact interpretations of so many circuits where the budget would estimate."""
    from everyhow.auditing.findings import count_explanations
    from everyhow.boolean.truth_table import assignments
    from everyhow.common.progress import Progress
    from everyhow.model.behavior import Behavior

    behavior = Behavior.of_network(xor, assignments(2))
    asked = {limit: count_explanations(xor, behavior, 3, 20_000, Progress(), limit) for limit in (119, 120)}
    assert asked[119].counts["interpretations"] is None and asked[119].interpretations.refused
    assert asked[120].counts["interpretations"] == 2937


def test_estimates_are_labelled(xor, monkeypatch):
    """An estimated number never stands where the exact one would."""
    findings = importlib.import_module("everyhow.interpretation.findings")
    # As if a circuit took a million steps and a sample had 100: all 120 cost 1.2e8, the sample 1e8.
    monkeypatch.setattr(findings, "steps_per_circuit", lambda network, inputs, first: 1_000_000)
    monkeypatch.setattr(findings, "SAMPLE", 100)
    assert eh.audit(xor, "XOR", budget=12 * 10**7).counts["interpretations"] == 2937
    audit = eh.audit(xor, "XOR", budget=11 * 10**7)
    assert audit.counts["interpretations"] is None
    assert audit.findings.interpretations.estimate.sample == 100
    assert "estimated instead" in audit.capped[0] and audit.over_budget
    assert audit.verdict["what_then_where"].status == "none valid"
    audit = eh.audit(xor, "XOR", budget=9 * 10**7)
    assert audit.counts["interpretations"] is None and audit.findings.interpretations.estimate is None


def test_ties_are_bracketed():
    """Circuits on the decision boundary are said to be there: two numbers, and no verdict."""
    network = eh.Network([[[1.0, 1.0], [0.5, 0.0]], [[0.5, 0.0]]], [[0.0, 0.0], [0.0]], ["identity", "identity"])
    audit = eh.audit(network, "AND")
    # At the inputs 01 and 10 the whole network gives exactly 0.5, as two smaller circuits do at 11.
    assert audit.counts["perfect_circuits_between"] == [0, 3]
    assert "perfect_circuits" not in audit.counts
    assert audit.verdict["where_then_what"].status == "unknown"
    assert "between 0 and 3 perfect ones" in audit.capped[0]
    assert not audit.over_budget
    dependent = ("minimal_circuits", "fewest_edges", "interpretations")
    assert [audit.counts[key] for key in dependent] == [None] * 3


@pytest.mark.parametrize(("undecided", "expected"), [
    (0, {"perfect_circuits": 9000, "robust_circuits": 5000}),
    (30, {"perfect_circuits": 9000, "robust_circuits_between": [5000, 5030]}),
])  # fmt: skip
def test_robust_circuits_that_are_left_open(undecided, expected):
    """Their number is one where all are settled, and lies between two where some are not."""
    robust = RobustCount(proved=5000, refuted=4000 - undecided, undecided=undecided)
    perfect = CircuitCount({7: 9000}, {7: 9000})
    counts = CircuitFindings(10**6, perfect=perfect, robust=robust).counts
    assert expected.items() <= counts.items() and not {"robust_circuits"} & (counts.keys() - expected.keys())


def test_ties_in_interchanges():
    """An interchange that leaves the output on the decision boundary makes the verdict unknown."""
    network = eh.Network([[[0.5, -0.5], [0.5, -1]], [[-1, 1]]], [[0, 0.5], [1]], ["relu", "identity"])
    audit = eh.audit(network, "NAND")
    assert audit.findings.mappings.signatures.ties
    assert audit.verdict["what_then_where"].status == "unknown"
    assert any("interchanges leave the output on the decision boundary" in reason for reason in audit.capped)


def test_outputs_that_are_not_finite():
    """A network whose output overflows decides nothing, and that is said."""
    network = eh.Network([[[1e200]], [[1e200]]], [[0], [0]], ["identity", "identity"])
    with pytest.raises(eh.InputError, match="is not finite"):
        eh.audit(network, "ID")


def test_authors_beyond_the_budget_keeps_what_it_has(tmp_path):
    """Formulas that would take too long are left out; circuits and interpretations are counted and saved."""
    audit = eh.audit(eh.xornet(), "XOR", "authors", depth=5)
    assert audit.over_budget and audit.counts["perfect_circuits"] == 0
    assert audit.counts["mappings"] is None and audit.counts["candidate_formulas"] is None
    assert audit.verdict["what_then_where"].status == "unknown"
    assert audit.save(tmp_path / "run").is_file()


def test_save(tmp_path, xor):
    """A run folder holds audit.json, can be written again, and is never mistaken for another folder."""
    audit = eh.audit(xor, "XOR")
    path = audit.save(tmp_path / "runs" / "xor")
    assert json.loads(path.read_text())["counts"] == audit.counts
    assert path == audit.save(tmp_path / "runs" / "xor")
    assert eh.load(path) == xor
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(eh.InputError, match="exists and is not a run"):
        audit.save(tmp_path / "other")
    with pytest.raises(eh.InputError, match="is a file"):
        audit.save(tmp_path / "other" / "thesis.tex")


@settings(max_examples=5)
@given(networks(inputs=(1, 2), hidden=(0, 2), widest=2, most_circuits=300))
def test_any_network_can_be_audited(network):
    """Whatever a network computes, constants included, both presets answer, and the rungs only ever lose."""
    task = "ID" if network.widths[0] == 1 else "XOR"
    audit = eh.audit(network, task)
    for rungs in audit.ladder.values():
        known = [n for n in rungs.values() if n is not None]
        if "perfect" in rungs:
            known = known[:3]
        assert sorted(known, reverse=True) == known
    eh.audit(network, task, "authors")
    assert json.dumps(audit.document())


def test_wide_layers_are_refused_not_begun():
    """A layer with too many neuron sets is refused at once; what remains is said to be unknown."""
    network = eh.Network([np.ones((28, 2)), np.ones((1, 28))], [np.zeros(28), [0]], ["relu"] * 2)
    audit = eh.audit(network, "OR")
    assert audit.counts["mappings"] is None and audit.counts["distinct_causal_signatures"] is None
    assert audit.verdict["what_then_where"].status == "unknown"
    assert any("signatures of 268,435,455 neuron sets" in reason for reason in audit.capped)


@pytest.mark.nightly
def test_too_many_trees_to_align(monkeypatch):
    """A network in which nearly everything is aligned is refused, not searched for ever."""
    # A tenth of the limit takes a tenth of the time.
    for module in ("alignment", "findings"):
        monkeypatch.setattr(importlib.import_module(f"everyhow.mapping.{module}"), "MOST_GROWN", 20_000)
    rng = np.random.default_rng(0)
    widths = (2, 2, 2, 2, 1)
    layers = list(itertools.pairwise(widths))
    network = eh.Network(
        [rng.normal(size=(b, a)) for a, b in layers], [rng.normal(size=b) for _, b in layers], ["leaky_relu"] * 4
    )
    audit = eh.audit(network, "XOR")
    assert audit.computes == ("0000", "FALSE")
    assert any("more than 20,000 trees have a place in the network" in reason for reason in audit.capped)
    assert audit.verdict["what_then_where"].status == "unknown"
    assert eh.audit(network, "XOR", depth=2).counts["aligned_algorithms"] is not None
