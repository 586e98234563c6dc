"""Circuits run one by one: sharing what they have in common, in batches of circuits and of scenarios."""

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.circuit import findings
from everyhow.circuit.findings import examine_circuits
from everyhow.model import criterion as criteria
from everyhow.model import model
from everyhow.model.criterion import perfect, resampled_batches
from everyhow.model.uniform import draw_from_space
from everyhow.network import running
from everyhow.network.running import _weigh, _weigh_sharing, certain_and_possible, masks_of, masks_of_chosen, meeting
from everyhow.verification import plain_circuits

from ..plainly import as_circuit
from ..strategies import networks


@given(networks(outputs=(1, 3), most_circuits=10**6), st.integers(0, 2**32))
@settings(max_examples=30)
def test_sharing_what_circuits_have_in_common(network, seed):
    """Running what circuits share once gives what running each of them alone gives."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(7, network.widths[0]))
    behavior = eh.Behavior.of_network(network, points, "threshold", epsilon=0.3)
    try:
        masks = masks_of_chosen(network.graph, draw_from_space(network.graph, 40, random))
    except eh.InputError:
        return
    for criterion in (perfect(network, behavior, ablation="mean"), *resampled_batches(network, behavior)):
        limits = criterion.certified_limits
        alone, shared = _weigh(criterion, limits, masks), _weigh_sharing(criterion, limits, masks)
        # Beyond what is allowed neither sums to the end; nearer than rounding to a boundary they may differ.
        agree = ((alone <= criterion.allowed) == (shared <= criterion.allowed)).all(axis=1)
        certain = alone[:, 0] == alone[:, 1]
        assert agree[certain].all()


def test_circuits_that_come_in_blocks(monkeypatch, xor):
    """Run alone and sharing, however few at once, each circuit is judged by the weight of its own wrong runs."""
    behavior = eh.Behavior.noisy(eh.parse_task("XOR"), 0.2, 70, epsilon=0.45)
    criterion = perfect(xor, behavior)
    circuits = list(itertools.islice(plain_circuits.all_circuits(xor.weights), 0, None, 100))
    errors = [plain_circuits.circuit_error(xor, behavior, circuit, "threshold", "zero") for circuit in circuits]
    expected = [bool(error <= 0.45) for error in errors]
    assert 5 < sum(expected) < len(expected) > 100
    bits = [as_circuit(xor, circuit).bits for circuit in circuits]
    masks = masks_of(criterion, np.array(bits, np.uint64))
    monkeypatch.setattr(running, "CIRCUITS_AT_ONCE", 7)
    monkeypatch.setattr(running, "VALUES_AT_ONCE", 1)
    assert len(criterion.base) >= running.MANY_SCENARIOS
    assert [place.tolist() for place in certain_and_possible([criterion], masks)] == [expected, expected]
    assert meeting(criterion, masks).tolist() == expected


def test_scenarios_that_come_in_blocks(monkeypatch, xor):
    """Circuits that are right in one batch are judged by the next: none may be wrong in any."""
    monkeypatch.setattr(criteria, "SCENARIOS_AT_ONCE", 4)
    behavior = eh.Behavior.of_network(xor, assignments(2))
    everything = list(plain_circuits.perfect_circuits(xor, behavior.points, behavior.wanted))
    errors = [plain_circuits.circuit_error(xor, behavior, circuit, "threshold", "resample") for circuit in everything]
    expected = [error == 0 for error in errors]
    assert 0 < sum(expected) < len(expected)
    bits = [as_circuit(xor, circuit).bits for circuit in everything]
    batches = list(resampled_batches(xor, behavior))
    assert len(batches) == 4
    found = certain_and_possible(batches, masks_of(batches[0], np.array(bits, np.uint64)))
    assert [place.tolist() for place in found] == [expected, expected]


def test_many_inputs_are_run_as_few_are_counted(monkeypatch, xor):
    """Over more inputs than are counted at once, circuits are run one by one: the same findings."""
    behavior = eh.Behavior.noisy(eh.parse_task("XOR"), 0.05, 4, epsilon=0.1)
    counted = examine_circuits(xor, behavior, 10**10)
    for module in (findings, model):
        monkeypatch.setattr(module, "PAIRED_AT_ONCE", 5)
    run = examine_circuits(xor, behavior, 10**10)
    # Whether a larger circuit spoils one is not asked over so many inputs.
    counted = replace(counted, hereditary=None, hereditary_faithful=None)
    assert run == counted and run.faithful is not None and run.faithful.between[0] > 0
