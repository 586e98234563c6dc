"""Running every circuit against splitting and counting: two searches of one interface find the same circuits of
networks. The running one only uses what any model can do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.circuit.minimal import minimal_circuits
from everyhow.model.behavior import Behavior
from everyhow.model.circuit import bits_of, chosen_of, numbers_of, words_of
from everyhow.model.criterion import ABLATIONS, perfect, resample_faithful, resampled_batches
from everyhow.model.running_search import RunningSearch, are_circuits, circuits_in, judged
from everyhow.model.space import circuits_in_space
from everyhow.model.usage import minimal_sets, usage_of
from everyhow.network.listing import list_bits

from ..plainly import all_circuits
from ..strategies import networks


def both(criterion):
    """The two searches of one criterion."""
    network = criterion.model
    return network.search(criterion), RunningSearch(criterion)


def listed(search):
    """The bits that a search lists, in order, after a check that each is listed once."""
    numbers = [number for batch in search.bits() for number in numbers_of(batch)]
    assert len(set(numbers)) == len(numbers)
    return sorted(numbers)


@settings(max_examples=60)
@given(
    networks(inputs=(1, 2), outputs=(1, 2), hidden=(0, 2), widest=2),
    st.sampled_from(ABLATIONS[:3]),
    st.sampled_from([0.0, 0.25, 0.5]),
    st.data(),
)
def test_the_same_counts_and_lists(network, ablation, epsilon, data):
    """Any network, wanted bits, ablation and error; also circuits that use every input, and near outputs."""
    outputs = network.widths[-1]
    rows = 1 << network.widths[0]
    bits = data.draw(st.lists(st.booleans(), min_size=rows * outputs, max_size=rows * outputs))
    within = data.draw(st.sampled_from([None, None, 0.3]))
    behavior = Behavior(
        network.corners, np.ones(rows), np.reshape(bits, (rows, outputs)), epsilon, within, decision="threshold"
    )
    of = data.draw(st.sampled_from([perfect, resample_faithful]))
    quick, plain = both(of(network, behavior, ablation))
    assert plain.count() == quick.count()
    assert plain.count(every_input_used=True) == quick.count(every_input_used=True)
    assert listed(plain) == listed(quick)


@pytest.mark.parametrize("decision", ["threshold", "argmax"])
def test_several_outputs(decision):
    """Bits of their own, and classes, of which one must be largest."""
    rng = np.random.default_rng(5)
    network = eh.Network(
        [rng.normal(size=(2, 2)), rng.normal(size=(3, 2))],
        [rng.normal(size=2), rng.normal(size=3)],
        ["tanh", "identity"],
    )
    for ablation in ABLATIONS[:3]:
        behavior = Behavior.of_network(network, network.corners, decision, epsilon=0.25)
        quick, plain = both(perfect(network, behavior, ablation))
        assert plain.count() == quick.count() and listed(plain) == listed(quick)
        quick, plain = both(resample_faithful(network, behavior, "zero"))
        assert plain.count() == quick.count() and listed(plain) == listed(quick)


def test_errors_of_each_part():
    """What is allowed is allowed alone and amid other inputs, each by itself; the two are not added up."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        weights, biases = [rng.normal(size=(2, 2)), rng.normal(size=(1, 2))], [rng.normal(size=2), rng.normal(size=1)]
        network = eh.Network(weights, biases, ["tanh", "identity"])
        behavior = Behavior(network.corners, np.ones(4), rng.random((4, 1)) < 0.5, 0.25, None, "threshold")
        quick, plain = both(resample_faithful(network, behavior))
        assert plain.count() == quick.count() and listed(plain) == listed(quick)


def test_steps_in_doubt_and_huge_weights():
    """What a bound for all circuits leaves open is settled circuit by circuit, as by the quick search."""
    steps = eh.Network([[[0.1, 0.2], [0.3, -0.3]], [[1.0, 0.6]]], [[-0.3, 0.0], [0.0]], ["step", "identity"])
    huge = eh.Network([[[1e17, 1.0], [1e17, 0.0]], [[1.0, -1.0]]], [[0.0, 0.0], [0.0]], ["relu", "identity"])
    for network in (steps, huge):
        criterion = perfect(network, Behavior.of_network(network, network.corners))
        assert not criterion.is_beyond_rounding
        quick, plain = both(criterion)
        assert plain.count() == quick.count()


def test_the_space(xor):
    """Sets of edges that are circuits, as the plain methods list them and as the count says; bits and back."""
    found = circuits_in(xor.graph, np.ones(18, bool), range(1 << 12))
    assert are_circuits(xor.graph, found).all()
    small = eh.Network([np.ones((2, 2)), np.ones((2, 2))], [[0.0, 0.0]] * 2, ["relu"] * 2)
    every = circuits_in(small.graph, np.ones(8, bool), range(1 << 8))
    assert len(every) == circuits_in_space(small.graph)
    assert numbers_of(bits_of(every)) == sorted(circuit.bits for circuit in all_circuits(small))
    assert (chosen_of(small.graph, bits_of(every)) == every).all()


def test_within_a_circuit(xor):
    """The circuits inside another one: by both searches, those of all that are inside."""
    behavior = Behavior.of_network(xor, xor.corners)
    (outer, *_) = (c for c in eh.circuits(xor, "XOR") if len(c) == 12)
    for ablation in ("zero", "mean"):
        criterion = perfect(xor, behavior, ablation)
        inside = sorted(c.bits for c in xor.search(criterion).circuits() if c.is_within(outer))
        plain, quick = RunningSearch(criterion, outer), xor.search_within(criterion, outer)
        assert [c.bits for c in plain.circuits()] == inside and inside
        assert sorted(c.bits for c in quick.circuits()) == inside
        assert plain.count() == quick.count() and sum(plain.count().certain.values()) == len(inside)


def test_blocks_of_scenarios(xor):
    """Every base with every source, some sources at a time: which circuits meet it certainly, by both judges."""
    behavior = Behavior.of_network(xor, xor.corners)
    criterion = perfect(xor, behavior, "resample")
    bits = np.concatenate(list(list_bits(perfect(xor, behavior))))
    circuits = chosen_of(xor.graph, bits[:, None])
    expected = xor.judged([criterion], circuits)
    assert np.array_equal(judged(resampled_batches(xor, behavior), circuits), expected)
    assert expected[0].any() and not expected[1].all()


def test_blocks_with_ties():
    """A circuit on the boundary in the first batch may be right all the same, as one that is run at once."""
    network = eh.Network([[[1.0, 1.0]]], [[-0.5]], ["identity"])
    behavior = Behavior(network.corners, np.ones(4), [[False], [True], [True], [True]], threshold=0.5)
    batches = list(resampled_batches(network, behavior))
    parts = [replace(batches[0], base=batches[0].base[k::4], source=batches[0].source[k::4],
                     ablated=tuple(one[k::4] for one in batches[0].ablated)) for k in range(4)]  # fmt: skip
    every = np.array([[True, True], [True, False], [False, True]])
    expected = judged(batches, every)
    assert [each.tolist() for each in expected] == [[False] * 3, [True, False, False]]
    assert [each.tolist() for each in judged(parts, every)] == [[False] * 3, [True, False, False]]


def test_drawn_and_minimal():
    """Circuits are drawn evenly among those that meet the criterion, and minimal ones follow from the list."""
    network = eh.xornet()
    criterion = perfect(network, Behavior.of_network(network, network.corners, epsilon=0.25))
    quick, plain = both(criterion)
    drawn = [circuit.bits for circuit in plain.sample(3000, seed=1)]
    numbers = np.unique(drawn, return_counts=True)
    assert numbers[0].tolist() == listed(quick)
    assert numbers[1].min() > 0.7 * 3000 / len(numbers[0])
    assert {c.bits for c in minimal_circuits(criterion)} <= set(drawn)
    assert plain.sample(0) == ()
    never = perfect(network, Behavior(network.corners, np.ones(4), [[True]] * 4))
    with pytest.raises(eh.InputError, match="no circuit meets the criterion, so none can be drawn"):
        RunningSearch(never).sample(1)


def test_too_many_edges():
    network = eh.Network([np.ones((9, 7)), np.ones((1, 9))], [np.zeros(9), [0.0]], ["relu", "identity"])
    criterion = perfect(network, Behavior(np.ones((1, 7)), [1.0], [[True]]))
    with pytest.raises(eh.InputError, match="gone through one by one for at most 63 edges; there are 72"):
        next(RunningSearch(criterion).bits())


def test_circuits_of_many_edges():
    """Circuits of a graph of 150 edges, inside one of few: bits of several words, and what is made of them."""
    rng = np.random.default_rng(0)
    network = eh.Network(
        [rng.normal(size=(30, 4)), rng.normal(size=(1, 30))], [rng.normal(size=30), [0.2]], ["relu", "identity"]
    )
    graph = network.graph
    edges = [(1, j, i) for j in (2, 11, 29) for i in range(3)] + [(2, 0, j) for j in (2, 11, 29)]
    outer = eh.Circuit.of_edges(graph, edges)
    points = rng.normal(size=(20, 4))
    behavior = Behavior.of_network(network.part(outer), points, "threshold", epsilon=0.15)
    criterion = perfect(network, behavior)
    plain, quick = RunningSearch(criterion, outer), network.search_within(criterion, outer)
    found = list(plain.circuits())
    assert len(graph.edges) == 150 and {len(batch[0]) for batch in plain.bits() if len(batch)} == {3}
    assert sorted(c.bits for c in found) == sorted(c.bits for c in quick.circuits()) and len(found) > 10
    assert plain.count() == quick.count()
    least = minimal_sets(plain.bits())
    assert numbers_of(least) == sorted(
        one.bits for one in found if not any(other.is_within(one) and other != one for other in found)
    )
    usage = usage_of(graph, plain.bits())
    assert usage.circuits == len(found)
    assert usage.edges == {edge: sum(edge in one for one in found) for edge in graph.edges}
    assert usage.neurons == {node: sum(node in one.neurons for one in found) for node in graph.inner}
    assert [chosen_of(graph, bits_of(one.chosen[None]))[0].tolist() for one in found[:5]] == [
        one.chosen.tolist() for one in found[:5]
    ]
    assert all(numbers_of(words_of(one.bits, 150)[None]) == [one.bits] for one in found)


@pytest.mark.parametrize("edges", [1, 63, 64, 65, 128, 200])
def test_words(edges):
    """Random sets of edges as words and back; the minimal ones among them, as frozen sets say."""
    rng = np.random.default_rng(edges)
    graph = eh.Network([rng.normal(size=(1, edges))], [[0.0]], ["identity"]).graph
    chosen = rng.random((400, edges)) < rng.choice([0.02, 0.1, 0.5], size=(400, 1))
    words = bits_of(chosen)
    assert words.shape == (400, -(-edges // 64)) and np.array_equal(chosen_of(graph, words), chosen)
    assert numbers_of(words) == [sum(1 << edges - 1 - k for k in np.flatnonzero(row).tolist()) for row in chosen]
    sets = [frozenset(np.flatnonzero(row).tolist()) for row in chosen]
    least = chosen_of(graph, minimal_sets(iter([words[:7], words[7:250], words[250:]])))
    assert {frozenset(np.flatnonzero(row).tolist()) for row in least} == {
        one for one in sets if not any(other < one for other in sets)
    }
    assert len(least) == len({row.tobytes() for row in least})
