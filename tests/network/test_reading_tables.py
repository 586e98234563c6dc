"""Interpretations counted by tables that circuits share, against each circuit gone through alone."""

import itertools

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.progress import Progress
from everyhow.model.behavior import Behavior
from everyhow.model.circuit import bits_of
from everyhow.model.criterion import perfect
from everyhow.model.reading import InterpretationCounts, InterpretationTotals, ReadingRule
from everyhow.model.uniform import draw_from_space
from everyhow.network import reading_counts
from everyhow.network.listing import list_within
from everyhow.network.reading_counts import interpretation_counts
from everyhow.network.reading_sums import ReadingSum
from everyhow.network.reading_tables import counting_by_tables, partitions_of, shares_tables
from everyhow.verification import plain_interpretations

from ..conftest import reference
from ..plainly import plain_circuit


def some_network(generator, inputs):
    """A small network with one output, whose neurons may be alike, at their jumps, or the same at all inputs."""
    widths = [int(generator.integers(1, 4)), *generator.integers(1, 4, generator.integers(1, 4)).tolist(), 1]
    whole = generator.random() < 0.5

    def numbers(*shape):
        return generator.choice([-2.0, -1.0, 1.0, 2.0], shape) if whole else generator.normal(size=shape)

    layers = list(itertools.pairwise(widths))
    functions = [str(generator.choice(["tanh", "relu", "sigmoid"])) for _ in widths[1:-1]]
    network = eh.Network([numbers(b, a) for a, b in layers], [numbers(b) for _, b in layers], [*functions, "identity"])
    points = generator.integers(0, 2, (inputs, widths[0])).astype(float)
    return network, points if generator.random() < 0.6 else generator.normal(size=points.shape).round(1)


def random_bits(network, generator, size=40):
    """Circuits of a network, one word each, in order, so that neighbors have much in common."""
    return np.sort(bits_of(draw_from_space(network.graph, size, generator))[:, 0])


@pytest.mark.parametrize("inputs", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("rule", [ReadingRule(), ReadingRule(1e-9, True, "round")], ids=["threshold", "released"])
def test_tables_and_single_circuits(inputs, rule):
    """Numbers, completions and doubts of random circuits of random networks, right or wrong."""
    generator, compared = np.random.default_rng(inputs), 0
    for _ in range(25):
        network, points = some_network(generator, inputs)
        if not shares_tables(network, points):
            continue
        bits = random_bits(network, generator)
        shared = counting_by_tables(network, points, rule)(bits)
        alone = reading_counts._one_by_one(network, points, rule)(bits)
        assert shared.once.tolist() == alone.once.tolist()
        assert list(shared.expanded) == list(alone.expanded)
        assert shared.doubtful.tolist() == alone.doubtful.tolist()
        compared += len(bits)
    assert compared > 200


def test_tables_against_all_choices_of_separators():
    """The slow route, circuit by circuit."""
    generator = np.random.default_rng(0)
    for _ in range(12):
        network, points = some_network(generator, 4)
        for number in random_bits(network, generator, 3):
            circuit = eh.Circuit(network.graph, int(number))
            plain = plain_interpretations.interpretations(network, points, plain_circuit(circuit))
            ways = [ways for _, ways in plain]
            (counts,) = interpretation_counts(network, [np.array([number])], points)
            assert (counts.once.tolist(), list(counts.expanded)) == ([len(ways)], [sum(ways)])


def test_partitions():
    """Bell's numbers, each partition once, and every cell numbered as it begins."""
    assert [len(set(partitions_of(n))) for n in range(1, 6)] == [1, 2, 5, 15, 52]


def test_wide_and_many():
    """Tables are not made where they are large, or where more is to be told than one output decides."""

    def shared(widths, inputs):
        layers = list(itertools.pairwise(widths))
        functions = ["tanh"] * (len(layers) - 1) + ["identity"]
        network = eh.Network([np.ones((b, a)) for a, b in layers], [np.zeros(b) for _, b in layers], functions)
        return shares_tables(network, np.zeros((inputs, 2)))

    assert shared((2, 5, 5, 1), 4)
    assert not shared((2, 9, 9, 1), 4)
    assert not shared((2, 3, 3, 2), 4)
    assert not shared((2, 3, 3, 1), 6)
    assert not shared((2, 1), 4)


def test_totals():
    """Sums beyond 64 bits, and the ends of nothing."""
    large = InterpretationCounts(
        np.array([2**62, 2**62, 5]), np.array([2**62, 2**62, 3]), np.array([0, 0, 70]), np.array([True, False, False])
    )
    assert large.totals == InterpretationTotals(2**63 + 5, 2**63 + (3 << 70), 5, 2**62, 1)
    assert InterpretationTotals() + large.totals == large.totals
    assert InterpretationTotals().least is None


def sums(network, behavior, rule):
    """Interpretations, circuits and doubts, summed up and one by one, of the circuits that are certainly perfect."""
    criterion = perfect(network, behavior)
    bits = list(list_within(criterion, criterion.certified_limits[0]))
    points = behavior.points
    each = sum((c.totals for c in interpretation_counts(network, bits, points, rule)), InterpretationTotals())
    return ReadingSum(criterion, rule), (each.once, sum(map(len, bits)), each.doubtful)


@pytest.mark.parametrize("inputs", [2, 3, 4, 5])
def test_sums_and_single_circuits(inputs):
    """Of random networks, which decide as they do, the same at all inputs or not."""
    generator, circuits, doubtful, layers = np.random.default_rng(inputs), 0, 0, set()
    for _ in range(25):
        network, points = some_network(generator, inputs)
        if len(np.unique(points, axis=0)) < inputs:
            continue
        summing, (once, number, doubts) = sums(network, Behavior.of_network(network, points), ReadingRule())
        if not summing.is_possible:
            continue
        assert summing.ends(Progress())[0] == (once, number, doubts)
        circuits, doubtful = circuits + number, doubtful + doubts
        layers.add(network.depth)
    assert circuits > 1000
    assert layers == {2, 3, 4}


def test_sums_where_few_neurons_vary():
    """Neurons that never vary are in circuits, too."""
    generator = np.random.default_rng(1)
    for _ in range(10):
        weights = [generator.normal(size=(3, 2)), generator.normal(size=(3, 3)), generator.normal(size=(1, 3))]
        biases = [generator.normal(size=3) - 1, np.array([-30.0, 0.1, 0.2]), generator.normal(size=1)]
        network = eh.Network(weights, biases, ["relu", "relu", "identity"])
        for task in ("XOR", "AND", "OR"):
            summing, expected = sums(network, Behavior.of_task(eh.parse_task(task)), ReadingRule())
            assert summing.ends(Progress())[0] == expected


@pytest.mark.parametrize("spare", [0, 1, 2])
def test_no_sum_reads_the_output_as_a_parity(spare):
    """The neurons can be read as A and as B, and XOR of these is what is to be explained; beside any others that never
    vary, so that the two are in one half or in both."""
    hidden = [[1.1, 1], [1, 1.05], *([[0.5, 0.25]] * spare)]
    network = eh.Network(
        [np.array(hidden), np.array([[1, -2.0, *[0.01] * spare]])],
        [np.array([0, -1.0, *[-9.0] * spare]), np.zeros(1)],
        ["relu", "identity"],
    )
    summing, expected = sums(network, Behavior.of_task(eh.parse_task("XOR")), ReadingRule())
    readings = eh.interpretations(network, eh.Circuit.whole(network)).readings
    assert {0b1100, 0b1010} <= {reading.bits for found in readings.values() for reading in found}
    assert summing.ends(Progress())[0] == expected


@pytest.mark.nightly
def test_sum_of_the_reference():
    """Every circuit of 2-4-4-1 by itself."""
    _, network = reference("count-xor-2-4-4-1-seed0")
    summing, expected = sums(network, Behavior.of_network(network, network.corners), ReadingRule())
    assert summing.ends(Progress())[0] == expected == (42667751, 354427, 0)
