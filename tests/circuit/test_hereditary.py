"""The rung beside the others: circuits that nothing that is added spoils."""

from dataclasses import replace

import numpy as np
import pytest

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.circuit.faults import fallen
from everyhow.circuit.findings import RUNGS, CircuitQuestions, examine_circuits
from everyhow.ladder import BESIDE
from everyhow.model.behavior import Behavior
from everyhow.model.circuit import Circuit
from everyhow.model.criterion import perfect, resample_faithful

from ..conftest import reference

KEYS = ("hereditary_circuits", "minimal_hereditary_circuits")
BUDGET = 10**10
TIED = eh.Network([[[1, 1], [1, 1]], [[0.5, -1]]], [[0, -1], [0.0]], ["relu", "identity"])


def examined(name, ablation="zero", budget=BUDGET):
    network = reference(name)[1]
    behavior = Behavior.of_network(network, assignments(2))
    return network, behavior, examine_circuits(network, behavior, budget, CircuitQuestions(ablation))


@pytest.mark.parametrize("name", ["xor-2-4-1-seed0", "xor-2-3-3-1-seed0", "xornet", "imp-2-2-1-seed0"])
@pytest.mark.parametrize("ablation", ["zero", "mean", "resample"])
def test_by_definition(name, ablation):
    """Every circuit of the network is looked at: it and all larger ones are perfect, and it is resample-faithful."""
    network, behavior, findings = examined(name, ablation)
    right = {c.bits for c in network.search(perfect(network, behavior, ablation)).circuits()}
    faithful = {c.bits for c in network.search(resample_faithful(network, behavior, ablation)).circuits()}
    anything = replace(behavior, epsilon=1.0)
    every = np.array([c.bits for c in network.search(perfect(network, anything)).circuits()], np.int64)
    assert len(every) == findings.in_space
    wrong = np.array([bits for bits in every if bits not in right], np.int64)
    kept = {bits for bits in right if not (wrong & bits == bits).any()}
    least = [one for one in kept if not any(one & other == other and one != other for other in kept)]
    assert [findings.counts[key] for key in KEYS] == [len(kept), len(least)]
    assert findings.survivors["hereditary"] == len(kept & faithful)
    fell = fallen("hereditary", network, behavior, findings, 10**6)
    assert {circuit.bits for circuit, _ in fell} == faithful - kept


def test_it_stands_beside_the_others():
    """After the rung that it is among; the rungs after it count as without it, and so does the verdict."""
    _, _, findings = examined("xor-2-4-1-seed0")
    assert list(findings.survivors) == [*RUNGS[:2], *BESIDE, *RUNGS[2:]]
    assert findings.survivors == dict(zip((*RUNGS[:2], *BESIDE, *RUNGS[2:]), (12, 9, 6, 3, 2), strict=True))
    without = replace(findings, hereditary=None, hereditary_faithful=None)
    assert findings.verdict == without.verdict and list(without.survivors) == list(RUNGS)
    # Were it one of the chain, one circuit left by it, or none, would decide.
    for number in (0, 1):
        assert replace(findings, hereditary_faithful=number).verdict == findings.verdict


def test_who_fell_at_the_rungs_around_it():
    """Who falls after it is told among those that passed before it."""
    exhibits = eh.audit(reference("xor-2-4-1-seed0")[1], "XOR").exhibits
    assert {rung: fell.number for rung, fell in exhibits.fallen_circuits(5).items()} == {
        "perfect": 243, "resample_faithful": 3, "hereditary": 3, "resample_faithful_minimal": 6,
        "resample_faithful_fewest_edges": 1,
    }  # fmt: skip


def test_the_larger_circuit_and_its_run_are_told():
    """What is added, fewest edges first, and the input at which the larger circuit decides otherwise."""
    network, behavior, findings = examined("xor-2-4-1-seed0")
    fell = fallen("hereditary", network, behavior, findings, 10)
    assert [str(fault) for _, fault in fell] == [
        "with A→h1.2 and h1.2→out0 added, it decides otherwise at 11",
        "with A→h1.2, B→h1.3 and h1.3→out0 added, it decides otherwise at 11",
        "with A→h1.2 added, it decides otherwise at 11",
    ]
    circuit, fault = fell[0]
    larger = Circuit.of_edges(network.graph, [*circuit.edges, (1, 2, 0), (2, 0, 2)])
    run = network.run_circuit(np.array([[1.0, 1.0]]), larger)[-1]
    assert bool(run[0, 0] > 0.5) == fault.experiment.decided != fault.experiment.predicted
    _, _, resampled = examined("xor-2-4-1-seed0", "resample")
    told = [str(fault) for _, fault in fallen("hereditary", network, behavior, resampled, 10)]
    assert told[0] == ("with A→h1.3 and h1.3→out0 added and the other edges as at 11, it decides otherwise at 00")


@pytest.mark.parametrize(("network", "points", "budget"), [
    (TIED, assignments(2), BUDGET),
    (reference("authors-xor-2-4-4-1-seed0")[1], assignments(2), BUDGET),
    (eh.xornet(), np.random.default_rng(0).uniform(0, 1, (70, 2)), BUDGET),
    (eh.xornet(), assignments(2), 10),
], ids=["ties", "28 edges", "70 inputs", "budget"])  # fmt: skip
def test_where_it_is_not_asked(network, points, budget):
    """Its keys are absent then, and the verdict is what it was."""
    findings = examine_circuits(network, Behavior.of_network(network, points), budget)
    assert list(findings.survivors) == list(RUNGS) and not set(KEYS) & set(findings.counts)
    assert findings.hereditary is findings.hereditary_faithful is None


def test_by_data_of_few_inputs():
    """By data it is asked as by a task, as far as pairs of inputs are counted at once."""
    points = np.random.default_rng(0).uniform(0, 1, (9, 2))
    audit = eh.audit(eh.xornet(), Behavior.of_network(eh.xornet(), points))
    assert audit.ladder["circuits"]["hereditary"] is not None
    assert audit.counts["hereditary_circuits"] >= audit.counts["minimal_hereditary_circuits"] > 0
