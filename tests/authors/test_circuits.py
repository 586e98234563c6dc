"""Circuits as the released code counts them, against one forward pass per circuit."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.authors.circuits import ReleasedCircuits, _count_of_few, _restricted, allowed_sets
from everyhow.boolean.truth_table import assignments
from everyhow.model.behavior import Behavior
from everyhow.model.criterion import perfect
from everyhow.network.counting import count_circuits
from everyhow.verification import plain, plain_circuits

from ..conftest import reference
from ..plainly import agrees, as_circuit
from ..strategies import networks


@given(networks(hidden=(1, 2), inputs=(2, 3)), st.integers(0, 7), st.floats(0, 0.9))
def test_released_circuits(network, labels, sparsity):
    """The released code's restrictions: every input used, not all neurons, a floor on neurons left out, labels."""
    points = assignments(network.widths[0])
    wanted = np.array([[labels >> (k % 3) & 1] for k in range(len(points))])
    hidden = sum(network.widths[1:-1])

    def counts(circuit):
        used = {i for parents in circuit[0] for i in parents}
        absent = sum(not parents for layer in circuit[:-1] for parents in layer)
        return len(used) == network.widths[0] and absent > 0 and absent / hidden > sparsity

    space = [c for c in plain_circuits.all_circuits(network.weights) if counts(c)]
    right = [c for c in space if (np.round(plain.run(network, points, c)[-1]) == wanted).all()]
    circuits = ReleasedCircuits(network, Behavior(points, np.ones(len(points)), wanted), sparsity)
    assert len(space) == circuits.in_space()
    assert agrees(circuits.count(), len(right))
    if circuits.count().certified:
        listed = {int(bits) for block in circuits.list_bits() for bits in block}
        assert {as_circuit(network, c).bits for c in right} == listed


@given(networks(hidden=(1, 2), inputs=(2, 2)), st.lists(st.sampled_from([1.0, 0.004, 0.007]), min_size=4, max_size=4))
def test_released_accuracy(network, weights):
    """A circuit may be wrong at inputs that weigh less than 1 % of the data together."""
    points = assignments(2)
    behavior = Behavior(points, weights, np.array([[0], [1], [1], [0]]))

    def accurate(circuit):
        right = (np.round(plain.run(network, points, circuit)[-1]) == behavior.wanted)[:, 0]
        return behavior.weights[right].sum() > 0.99

    released = ReleasedCircuits(network, behavior)
    expected = 0
    for circuit in plain_circuits.all_circuits(network.weights):
        used = {i for parents in circuit[0] for i in parents}
        absent = sum(not parents for layer in circuit[:-1] for parents in layer)
        expected += len(used) == 2 and absent > 0 and accurate(circuit)
    assert agrees(released.count(), expected)
    if released.count().certified:
        assert expected == sum(len(block) for block in released.list_bits())


@pytest.mark.parametrize("sparsity", [0.0, pytest.param(0.2, marks=pytest.mark.nightly), 0.4, 0.7])
@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed0", "xor-2-4-1-seed0", "authors-xor-2-4-4-1-seed0"])
def test_circuits_of_few_neurons(name, sparsity):
    """Going through the networks restricted to few neurons counts and lists what going through the whole one does."""
    document, network = reference(name)
    task = Behavior.of_task(eh.parse_task(document["task"]))
    whole, parts = (ReleasedCircuits(network, task, sparsity) for _ in range(2))
    most = whole.most_neurons
    vars(whole)["_neuron_sets"] = ()
    vars(parts)["_neuron_sets"] = allowed_sets(network, most)
    assert parts.count() == whole.count()
    free = replace(whole._criterion, behavior=replace(task, epsilon=1.0))
    assert _count_of_few(free, most, allowed_sets(network, most)).between == (whole.in_space(),) * 2
    assert _count_of_few(free, most, ()).between == (whole.in_space(),) * 2
    listed = [sorted(int(b) for block in circuits.list_bits() for b in block) for circuits in (parts, whole)]
    assert listed[0] == listed[1] and len(listed[0]) == whole.count().between[0]


@pytest.mark.parametrize("name", ["xor-2-2-2-1-seed2", "xor-2-4-1-seed0"])
def test_circuits_of_at_most_so_many_neurons(name):
    """Counts of circuits by their edges, where at most so many hidden neurons are used, are those of a list of all."""
    _, network = reference(name)
    circuits = eh.circuits(network)
    hidden = sum(network.widths[1:-1])
    used = {circuit: len({(k, j) for k, j, _ in circuit.edges if k < network.depth}) for circuit in circuits}
    assert max(used.values()) == hidden
    for most in range(hidden + 1):
        expected = Counter(len(circuit) for circuit, neurons in used.items() if neurons <= most)
        assert count_circuits(circuits.criterion, most_neurons=most).certain == expected


@given(networks(hidden=(2, 2), inputs=(2, 3)), st.integers(0, 2**12))
def test_limits_of_a_part_are_those_of_its_own(network, chosen):
    """What rounding cannot do to circuits of a network, it cannot do to those of some of its neurons: the limits that a
    part is given are those found for it alone."""
    hidden = [(layer, j) for layer in range(1, network.depth) for j in range(network.widths[layer])]
    kept = frozenset(neuron for k, neuron in enumerate(hidden) if chosen >> k & 1)
    criterion = perfect(network, Behavior.of_network(network, assignments(network.widths[0])))
    given_to_it = _restricted(criterion, kept)
    alone = replace(criterion, model=given_to_it.model)
    assert (given_to_it.certified_limits == alone.certified_limits).all()
    assert given_to_it.is_beyond_rounding == alone.is_beyond_rounding
