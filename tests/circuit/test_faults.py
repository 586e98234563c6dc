"""Circuits that fall at a rung: they pass all before, and the run shown is one that they get wrong."""

from dataclasses import replace

import numpy as np
import pytest

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.circuit.faults import fallen, fault_of
from everyhow.circuit.findings import RUNGS, examine_circuits
from everyhow.model.behavior import Behavior
from everyhow.model.circuit import Circuit
from everyhow.model.criterion import perfect, resample_faithful
from everyhow.verification import plain, plain_circuits

from ..conftest import reference
from ..plainly import plain_circuit

NAMES = ["xor-2-3-3-1-seed0", "xor-2-2-2-1-seed2", "xornet", "and-2-3-3-1-seed0"]


@pytest.mark.parametrize("name", NAMES)
def test_faults_tell_who_passes(name):
    """A circuit has a fault by a criterion exactly when it does not meet it, by a forward pass for each."""
    _, network = reference(name)
    behavior = Behavior.of_network(network, assignments(2))
    wanted = behavior.wanted
    listed = {c.bits for c in eh.circuits(network)}
    for bits in sorted(listed)[:100]:
        circuit = Circuit(network.graph, bits)
        assert fault_of(perfect(network, behavior), circuit) is None
        faithful = plain_circuits.is_resample_faithful(network, behavior.points, plain_circuit(circuit), wanted)
        assert faithful == (fault_of(resample_faithful(network, behavior), circuit) is None)
        for smaller in filter(None, map(circuit.without, circuit.edges)):
            assert (smaller.bits in listed) == (fault_of(perfect(network, behavior), smaller) is None)


@pytest.mark.parametrize("name", NAMES)
def test_who_falls(name):
    """Whatever is named as fallen at a rung passes those before it and not that one; all of them where asked."""
    _, network = reference(name)
    behavior = Behavior.of_network(network, assignments(2))
    findings = examine_circuits(network, behavior, 10**10)
    passed = {rung: set() for rung in RUNGS}
    passed["perfect"] = set(eh.circuits(network))
    passed["resample_faithful"] = set(eh.circuits(network, criterion="resample_faithful"))
    passed["resample_faithful_minimal"] = set(findings.faithful_minimal)
    fewest = min(map(len, findings.faithful_minimal))
    passed["resample_faithful_fewest_edges"] = {c for c in findings.faithful_minimal if len(c) == fewest}
    for before, rung in zip((None, *RUNGS), RUNGS, strict=False):
        found = [circuit for circuit, _ in fallen(rung, network, behavior, findings, 10**6)]
        assert len(found) == len(set(found))
        if before is None:
            assert found and not set(found) & passed[rung]
        else:
            assert set(found) == passed[before] - passed[rung]


@pytest.mark.parametrize("name", NAMES)
def test_the_run_shown(name):
    """The run is carried out again: the network at the base, all other edges carrying what they carry at the source."""
    _, network = reference(name)
    behavior = Behavior.of_network(network, assignments(2))
    findings = examine_circuits(network, behavior, 10**10)
    states = plain.run(network, behavior.points)
    for rung in RUNGS[:2]:
        for circuit, fault in fallen(rung, network, behavior, findings, 50):
            run = fault.experiment
            base, sources = int(run.base, 2), [int(source, 2) for _, source in run.sources]
            carried = [state[sources] for state in states[:-1]] if sources else None
            outputs = plain.run(network, behavior.points[[base]], plain_circuit(circuit), carried)[-1]
            assert bool(outputs[0, 0] > 0.5) == run.decided != run.predicted == bool(states[-1][base, 0] > 0.5)
            assert str(run).startswith(f"on input {run.base}")


def test_an_output_that_is_no_bit():
    """By rounding an output of 2 is neither 0 nor 1; the fault says so and claims no decision."""
    network = eh.Network([[[1.0]]], [[0.0]], ["identity"])
    behavior = Behavior(np.array([[0.0], [1.0]]), np.ones(2), np.array([[False], [True]]))
    doubled = eh.Network([[[2.0]]], [[0.0]], ["identity"])
    fault = fault_of(perfect(doubled, replace(behavior, decision="round")), Circuit.whole(network))
    assert fault is not None and fault.experiment is None
    assert str(fault) == "alone, it decides otherwise at 1: its output is not a bit"
