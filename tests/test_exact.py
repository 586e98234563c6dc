"""What is certified holds in exact arithmetic: everything again by fractions, over networks of mixed magnitudes.

Weights are float64 numbers, which fractions hold as they are. Activations are piecewise linear, so that fractions hold
what comes out as well.
"""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from everyhow import Network
from everyhow.mapping.signatures import signatures, table_bytes
from everyhow.model.behavior import Behavior
from everyhow.model.criterion import perfect, resample_faithful
from everyhow.network.counting import count_as_decided, count_circuits
from everyhow.network.listing import list_bits, list_circuits
from everyhow.network.reading_counts import interpretation_counts
from everyhow.network.robust import robust_circuits
from everyhow.network.running import certain_and_possible, masks_of
from everyhow.verification import plain_circuits, plain_interpretations

from .by_fractions import decides, run, run_from
from .plainly import all_circuits, as_circuit, plain_circuit

MAGNITUDES = {
    "plain": (-1, 0, 1),
    "wide": (-6, 0, 9),
    "cancelling": (0, 0, 0, 17),
    "large": (-1, 0, 9, 16),
    "denormal": (-323, -310, 0),
    "overflowing": (0, 150, 307),
}
KINDS = [("relu", "identity"), ("step", "identity"), ("hardtanh", "leaky_relu:0.1")]
NUMBER = 5


def networks(kind, widths, activations, number=NUMBER):
    """Networks of weights of a few digits times powers of ten, some 0; in every other one the edges from the first two
    neurons of a layer cancel, so that what is small beside them is rounded away."""
    generator = np.random.default_rng([*kind.encode()])

    def values(*shape):
        mantissas = generator.choice([0.75, -0.75, 1.0, -1.0, 0.3, -0.3, 0.0, 1.5], shape)
        return mantissas * 10.0 ** generator.choice(MAGNITUDES[kind], shape)

    for k in range(number):
        weights = tuple(values(after, before) for before, after in itertools.pairwise(widths))
        if k % 2:
            for w in weights:
                w[:, 1] = -w[:, 0]
        yield Network(weights, tuple(values(after) for after in widths[1:]), activations)


def behavior_of(network):
    """What the network decides in exact arithmetic."""
    wanted = [decides(network, run(network, point)) for point in network.corners]
    return Behavior(network.corners, np.ones(len(wanted)), np.array(wanted)[:, None])


def scenarios(network, ablation):
    points = network.corners
    whole = [run(network, point) for point in points]
    for k, point in enumerate(points):
        if ablation == "zero":
            yield k, point, None
        elif ablation == "mean":
            columns = [zip(*layer, strict=True) for layer in zip(*whole, strict=True)]
            yield k, point, [[sum(column) / len(points) for column in layer] for layer in columns]
        else:
            yield from ((k, point, source) for source in whole)


def edges(circuit):
    return sum(len(parents) for layer in circuit for parents in layer)


def right_circuits(network, behavior, ablations):
    """The circuits that are right in every scenario, as parents."""
    everything = [scenario for ablation in ablations for scenario in scenarios(network, ablation)]
    return [
        circuit
        for circuit in plain_circuits.all_circuits(network.weights)
        if all(
            decides(network, run(network, point, circuit, carried)) == behavior.wanted[k, 0]
            for k, point, carried in everything
        )
    ]


def by_edges(circuits):
    sizes = [edges(circuit) for circuit in circuits]
    return {size: sizes.count(size) for size in sorted(set(sizes))}


@pytest.mark.parametrize("kind", MAGNITUDES)
@pytest.mark.parametrize("activations", KINDS)
def test_certified_circuits_are_exact(kind, activations):
    certified = 0
    for network in networks(kind, (2, 2, 1), activations):
        behavior = behavior_of(network)
        for ablation in ("zero", "mean", "resample"):
            for criterion, asked in (
                (perfect(network, behavior, ablation), [ablation]),
                (resample_faithful(network, behavior, ablation), [ablation, "resample"]),
            ):
                found, right = count_circuits(criterion), right_circuits(network, behavior, asked)
                low, high = found.between
                assert low <= len(right) <= high, (network, ablation)
                if found.certified:
                    certified += 1
                    assert found.certain == by_edges(right), (network, ablation)
                    listed = sorted(circuit.bits for circuit in list_circuits(criterion))
                    assert listed == sorted(as_circuit(network, circuit).bits for circuit in right)
    # Of six counts for each network.
    assert certified >= NUMBER


@pytest.mark.parametrize("kind", ["wide", "cancelling", "denormal", "overflowing"])
@pytest.mark.parametrize("widths", [(2, 2, 1), (2, 3, 1)])
def test_circuits_run_one_by_one_are_placed_on_their_side(kind, widths):
    for network in networks(kind, widths, ("relu", "identity")):
        behavior = behavior_of(network)
        criterion = resample_faithful(network, behavior)
        every = [*plain_circuits.all_circuits(network.weights)]
        if not every:
            continue
        bits = np.array([as_circuit(network, circuit).bits for circuit in every], np.uint64)
        found = right_circuits(network, behavior, ["zero", "resample"])
        right = np.array([circuit in found for circuit in every])
        certain, possible = certain_and_possible([criterion], masks_of(criterion, bits))
        assert (certain <= right).all() and (right <= possible).all()


@pytest.mark.parametrize("kind", MAGNITUDES)
@pytest.mark.parametrize("activations", KINDS)
def test_signatures_without_ties_are_exact(kind, activations):
    for network in networks(kind, (2, 2, 2, 1), (activations[0], *activations), 3 * NUMBER):
        found = signatures(network, network.corners)
        if found.ties:
            continue
        states = [run(network, point) for point in network.corners]
        for neurons, rows in found.items():
            layer = neurons.layer
            for source, row in zip(states, rows, strict=True):
                for k, base in enumerate(states):
                    mixed = [(source if j in neurons.neurons else base)[layer][j] for j in range(2)]
                    assert decides(network, run_from(network, layer, mixed)) == (row >> k & 1), (network, neurons)


@pytest.mark.parametrize("kind", MAGNITUDES)
@pytest.mark.parametrize("activations", KINDS)
def test_interpretations_without_doubts_are_exact(kind, activations):
    certain = 0
    for network in networks(kind, (2, 2, 1), activations):
        behavior = behavior_of(network)
        criterion = perfect(network, behavior)
        if not count_circuits(criterion).certified:
            continue
        bits = np.concatenate([np.empty(0, np.uint64), *list_bits(criterion)])
        right = {as_circuit(network, circuit).bits: circuit for circuit in right_circuits(network, behavior, ["zero"])}
        for counts in interpretation_counts(network, [bits], network.corners):
            found = zip(bits.tolist(), counts.once.tolist(), counts.expanded, counts.doubtful, strict=True)
            for one, once, expanded, is_doubtful in found:
                if not is_doubtful:
                    certain += 1
                    assert (once, expanded) == interpretations(network, right[one]), (network, right[one])
    if kind in ("plain", "wide", "denormal"):
        assert certain > 0


def interpretations(network, circuit):
    """How many there are, by fractions, don't cares counted once and each completion counted."""
    states = [run(network, point, circuit) for point in network.corners]
    options = {}
    for layer, width in enumerate(network.widths):
        for j in range(width):
            values = np.array([state[layer][j] for state in states])
            if layer == network.depth:
                values = (values > Fraction(float(network.level))).astype(int)
            if (not layer or circuit[layer - 1][j]) and (found := plain_interpretations.neuron_readings(values)):
                options[layer, j] = found
    ways = [
        plain_interpretations.completions_of(dict(zip(options, choice, strict=True)), circuit)
        for choice in itertools.product(*options.values())
    ]
    return sum(map(bool, ways)), sum(ways)


@pytest.mark.parametrize("kind", ["plain", "cancelling", "large", "overflowing"])
@pytest.mark.parametrize("activations", KINDS)
def test_robust_and_refuted_circuits_are_so_exactly(kind, activations):
    generator = np.random.default_rng(0)
    for network in networks(kind, (2, 2, 1), activations):
        behavior = behavior_of(network)
        every = all_circuits(network)
        for circuit, found in robust_circuits(network, every, behavior, 0.1):
            parents = plain_circuit(circuit)
            if found.status == "refuted":
                wrong = found.counterexample
                assert np.abs(wrong.point - network.corners[wrong.corner]).max() <= 0.1 + 1e-15
                assert decides(network, run(network, wrong.point, parents)) != behavior.wanted[wrong.corner, 0]
            if found.status == "proved":
                for corner, wanted in zip(network.corners, behavior.wanted[:, 0], strict=True):
                    for shift in ([0, 0], [0.1, -0.1], *generator.uniform(-0.1, 0.1, (3, 2))):
                        assert decides(network, run(network, corner + shift, parents)) == wanted


def test_a_large_weight_hides_nothing():
    """A neuron of bias 0.75 and weight 1e17: the whole network is right amid its own values."""
    network = Network(
        (np.array([[1e17, 0.0]]), np.array([[1.0]])), (np.array([0.75]), np.array([0.0])), ("relu", "identity")
    )
    behavior = behavior_of(network)
    assert behavior.wanted.all()
    for ablation in ("zero", "mean", "resample"):
        assert count_circuits(resample_faithful(network, behavior, ablation)).certain == {2: 1}


def test_what_is_rounded_away_is_not_certified():
    """At 11 two edges cancel and leave the bias of 0.75, of which nothing is kept where 1e17 is added to it first."""
    weights, biases = (np.array([[1e17, -1e17]]), np.array([[1.0]])), (np.array([0.75]), np.array([0.0]))
    network = Network(weights, biases, ("relu", "identity"))
    behavior = behavior_of(network)
    assert behavior.wanted[:, 0].tolist() == [True, False, True, True]
    assert count_as_decided(perfect(network, behavior)) == 0
    found = count_circuits(perfect(network, behavior))
    assert (found.certain, found.possible) == ({}, {3: 1})
    assert signatures(network, network.corners).ties > 0


def test_what_is_right_whatever_is_rounded_is_counted_once():
    """A neuron that is never negative adds to 1, so every circuit is right; of all three edges rounding is too large
    to tell. The circuits of two edges carry 1e17, or nothing, and are certain."""
    network = Network(([[1e17, -1e17]], [[1.0]]), ([0.75], [1.0]), ("relu", "identity"))
    found = count_circuits(perfect(network, behavior_of(network)))
    assert (found.certain, found.possible) == ({2: 2}, {2: 2, 3: 1})


@pytest.mark.parametrize(("apart", "ties"), [(1.5e-9, 0), (0.5e-9, 4), (-1.5e-9, 0), (0.0, 4)])
def test_ties_of_classes(apart, ties):
    """Of two classes, one neuron and two inputs: four interchanges, each with outputs that are so far apart."""
    network = Network(([[1.0]], [[1.0], [1.0]]), ([0.0], [apart, 0.0]), ("identity", "identity"))
    assert signatures(network, np.array([[0.0], [1.0]]), "argmax").ties == ties


def test_ties_of_large_classes():
    """Where sums may be off, both outputs may."""
    points = np.array([[0.0], [1.0]])
    for times, ties in ((1.5, 4), (2.5, 0)):
        weights, biases = ([[1.0]], [[1e9 + 0.1], [1e9 + 0.1]]), ([0.1], [0.0, 0.0])
        margin = Network(weights, biases, ("identity", "identity")).runs(points).after(1).margin
        assert margin > 1e-9
        network = Network(weights, ([0.1], [times * margin, 0.0]), ("identity", "identity"))
        assert signatures(network, points, "argmax").ties == ties


def test_memory_of_signatures():
    """A network of 40 inputs and one output has rows of one number."""
    assert table_bytes([2], 1, 8) == 3 * 8 * 8
    assert table_bytes([2], 9, 8) == 3 * 8 * (56 + 9)
