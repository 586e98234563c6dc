"""Counts, lists and samples of circuits against one forward pass per circuit."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.model.behavior import Behavior
from everyhow.model.circuit import Circuit, chosen_of
from everyhow.model.criterion import resample_faithful
from everyhow.model.space import circuits_in_space
from everyhow.model.usage import minimal_sets
from everyhow.network import listing
from everyhow.network.layout import laid_out
from everyhow.network.listing import list_bits, minimal_bits
from everyhow.network.running import masks_of, masks_of_chosen
from everyhow.verification import plain, plain_circuits

from ..conftest import reference
from ..plainly import agrees, as_circuit
from ..strategies import networks, permuted

SHAPES = [((2, 3, 3, 1), 10_647), ((2, 2, 2, 1), 99), ((2, 4, 1), 255), ((2, 4, 4, 1), 4_477_455)]


def behaviors(network):
    points = assignments(network.widths[0])
    return points, Behavior.of_network(network, points, "threshold")


@pytest.mark.parametrize(("widths", "expected"), SHAPES)
def test_space_of_dense_networks(widths, expected):
    """The spaces of fully connected networks have the published sizes."""
    layers = list(itertools.pairwise(widths))
    network = eh.Network([np.ones((b, a)) for a, b in layers], [np.zeros(b) for _, b in layers], ["relu"] * len(layers))
    assert expected == circuits_in_space(network.graph)


@given(networks(outputs=(1, 2)))
def test_space(network):
    """The number of circuits is the number of circuits listed one by one."""
    assert sum(1 for _ in plain_circuits.all_circuits(network.weights)) == circuits_in_space(network.graph)


@given(networks(outputs=(1, 2)), st.sampled_from(["perfect", "resample_faithful"]))
def test_count_and_list(network, criterion):
    """Counting, its histogram and listing agree with a forward pass per circuit; ties are bracketed."""
    points, behavior = behaviors(network)
    expected = plain_circuits.perfect_circuits(network, points, behavior.wanted)
    if criterion == "resample_faithful":
        expected = [c for c in expected if plain_circuits.is_resample_faithful(network, points, c, behavior.wanted)]
    circuits = eh.circuits(network, behavior, criterion)
    count = circuits.count()
    assert agrees(count, len(expected))
    listed = list(circuits)
    assert len(listed) == len(set(listed))
    if count.certified:
        assert {as_circuit(network, c) for c in expected} == set(listed)
        assert Counter(len(plain_circuits.edges(c)) for c in expected) == count.certain


@given(networks(outputs=(1, 2), exact=True), st.sampled_from(["threshold", "round"]))
def test_ties_are_listed_as_they_are_decided(network, decision):
    """Where arithmetic is exact, a circuit on the decision boundary is listed exactly when it decides as wanted."""
    points = assignments(network.widths[0])
    wanted = plain.bits_of(plain.run(network, points)[-1], decision)
    if not np.isin(wanted, (0, 1)).all():
        return
    expected = plain_circuits.perfect_circuits(network, points, wanted, decision)
    circuits = eh.circuits(network, decision=decision)
    assert {as_circuit(network, c) for c in expected} == set(circuits)
    low, high = circuits.count().between
    assert low <= len(expected) <= high


@given(networks(outputs=(1, 2), hidden=(1, 2)))
def test_count_by_rounding(network):
    """A circuit that rounds to neither bit is not perfect."""
    points = assignments(network.widths[0])
    wanted = np.round(plain.run(network, points)[-1])
    if not np.isin(wanted, (0, 1)).all():
        with pytest.raises(eh.InputError, match="neither 0 nor 1"):
            Behavior.of_network(network, points, "round")
        return
    expected = plain_circuits.perfect_circuits(network, points, wanted, "round")
    assert agrees(eh.circuits(network, decision="round").count(), len(expected))


@given(networks(hidden=(0, 0), outputs=(1, 2)))
def test_no_hidden_layer(network):
    """A network without a hidden layer has circuits too: subsets of its only edges."""
    points, behavior = behaviors(network)
    expected = plain_circuits.perfect_circuits(network, points, behavior.wanted)
    circuits = eh.circuits(network, behavior)
    assert agrees(circuits.count(), len(expected))
    if circuits.count().certified:
        assert {as_circuit(network, c) for c in expected} == set(circuits)
        assert Counter(len(plain_circuits.edges(c)) for c in expected) == circuits.count().certain


@given(networks(outputs=(1, 2)))
def test_minimal(network):
    """Minimal circuits are the ones with no other one inside, and come fewest edges first."""
    points, behavior = behaviors(network)
    if not eh.circuits(network, behavior).count().certified:
        return
    expected = plain_circuits.minimal(plain_circuits.perfect_circuits(network, points, behavior.wanted))
    found = eh.circuits(network, behavior).minimal()
    assert expected == {frozenset(circuit.edges) for circuit in found}
    assert sorted(len(circuit) for circuit in found) == [len(circuit) for circuit in found]


@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed0", "xor-2-4-1-seed0", "authors-xor-2-4-4-1-seed0", "xornet"])
@pytest.mark.parametrize("criterion", ["perfect", "resample_faithful"])
def test_minimal_is_that_of_the_list(name, criterion):
    """Those found prefix by prefix, rows and groups of pairs being left out, are those of all circuits listed."""
    asked = eh.circuits(reference(name)[1], criterion=criterion).criterion
    search = asked.model.search(asked)
    expected = minimal_sets(search.bits())[:, 0].tolist()
    assert minimal_bits(asked).tolist() == search.minimal()[:, 0].tolist() == expected


def test_minimal_sets_beyond_one_buffer():
    """More minimal sets than the kernel's buffer holds are all kept, and supersets that come first are dropped."""
    pairs = [1 << a | 1 << b for a in range(60) for b in range(a)]
    triples = [pair | 1 << 61 for pair in pairs[:500]]
    stream = [np.array(numbers, np.uint64)[:, None] for numbers in (triples, pairs[::-1], triples)]
    assert sorted(pairs) == minimal_sets(stream)[:, 0].tolist()


def test_usage(xor):
    """Edges and neurons are counted over all perfect circuits, and called core, contingent or never."""
    points, behavior = behaviors(xor)
    expected = [plain_circuits.edges(c) for c in plain_circuits.perfect_circuits(xor, points, behavior.wanted)]
    usage = eh.circuits(xor).usage()
    assert len(expected) == usage.circuits
    for edge, count in usage.edges.items():
        assert sum(edge in circuit for circuit in expected) == count
    for neuron, count in usage.neurons.items():
        assert sum(any(e[:2] == neuron for e in circuit) for circuit in expected) == count
    roles = {usage.role(item) for item in [*usage.edges, *usage.neurons]}
    assert {"core", "contingent"} <= roles


def test_usage_of_an_edge_of_weight_zero():
    """An edge of weight 0 is no edge, so it is not in the usage at all."""
    usage = eh.circuits(eh.xornet()).usage()
    assert len(usage.edges) == 7
    assert all(usage.role(edge) == "core" for edge in usage.edges)


def test_overlap():
    """Jaccard overlap and inclusion of two circuits of the same network."""
    from everyhow.circuit.overlap import inclusion, jaccard

    one = Circuit.of_edges((2, 2, 1), [(1, 0, 0), (2, 0, 0)])
    two = Circuit.of_edges((2, 2, 1), [(1, 0, 0), (1, 0, 1), (2, 0, 0)])
    assert jaccard([one, two]).tolist() == [[1, 2 / 3], [2 / 3, 1]]
    nothing = eh.Circuit(one.graph, 0)
    assert jaccard([nothing, one, nothing]).tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert inclusion([one, two]).tolist() == [[True, True], [False, True]]
    assert one.is_within(two) and not two.is_within(one)


@pytest.mark.parametrize("name", ["xor-2-4-1-seed0", "xor-2-2-2-1-seed2", "xor-2-3-3-1-seed0"])
def test_samples_are_uniform(name):
    """Every circuit is drawn about equally often; the statistic would be exceeded once in a million."""
    _, network = reference(name)
    circuits = eh.circuits(network)
    everything = list(circuits)
    size = 200 * len(everything)
    drawn = Counter(circuits.sample(size, seed=1))
    assert set(drawn) <= set(everything)
    expected = size / len(everything)
    statistic = sum((drawn[circuit] - expected) ** 2 / expected for circuit in everything)
    freedom = len(everything) - 1
    assert statistic < freedom + 4.9 * (2 * freedom) ** 0.5 + 12


@given(networks(hidden=(1, 2), widest=3, most_circuits=4000))
def test_samples_are_listed(network):
    """What is drawn is listed: no neuron of it is left unused."""
    everything = set(eh.circuits(network))
    if everything:
        assert set(eh.circuits(network).sample(50, seed=1)) <= everything


def test_samples_from_a_large_space_repeat(monkeypatch):
    """Where random edge sets are tried first, a seed draws the same circuits again, all of which meet the criterion."""
    _, network = reference("authors-xor-2-4-4-1-seed0")
    circuits = eh.circuits(network)
    drawn = circuits.sample(300, seed=3)
    assert drawn == circuits.sample(300, seed=3) != circuits.sample(300, seed=4)
    # How many circuits are run at once does not show, nor that no more are run than it takes.
    for at_first in (1, 1 << 16):
        monkeypatch.setattr("everyhow.network.sampling.RUN_AT_FIRST", at_first)
        assert all(circuits.sample(size, seed=3) == drawn[:size] for size in (1, 20, 300))
    wanted = network.run(circuits.criterion.bases) > 0.5
    assert all(((network.run_circuit(circuits.criterion.bases, c)[-1] > 0.5) == wanted).all() for c in drawn)


def test_samples_repeat(xor):
    """The same seed draws the same circuits, another seed others."""
    circuits = eh.circuits(xor, criterion="resample_faithful")
    assert circuits.sample(50, seed=3) == circuits.sample(50, seed=3)
    assert circuits.sample(50, seed=3) != circuits.sample(50, seed=4)


def test_nothing_to_sample():
    """Without a circuit there is nothing to draw, and the error says so."""
    network = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    with pytest.raises(eh.InputError, match="no circuit meets the criterion"):
        eh.circuits(network, Behavior.of_task(eh.parse_task("NOR"))).sample(1)


def test_large_halves():
    """kd-trees and plain pairs give the same counts: a wide layer against its own listing."""
    rng = np.random.default_rng(0)
    network = eh.Network(
        [rng.normal(size=(7, 2)), rng.normal(size=(1, 7))], [rng.normal(size=7), rng.normal(size=1)], ["tanh"] * 2
    )
    for criterion in ("perfect", "resample_faithful"):
        circuits = eh.circuits(network, criterion=criterion)
        assert circuits.count().certain == Counter(map(len, circuits))


@pytest.mark.parametrize("room", [1, 70, 100])
def test_lists_are_the_same_in_any_room(monkeypatch, xor, room):
    """However few circuits are held at once, the same ones come in the same order; what finds room comes at once."""
    criterion = eh.circuits(xor).criterion
    (everything,) = list_bits(criterion)
    monkeypatch.setattr(listing, "BUFFER", room)
    blocks = list(itertools.islice(list_bits(criterion), len(everything)))
    assert len(blocks) > 1
    assert np.concatenate(blocks).tolist() == everything.tolist()


def test_bits_and_parents_say_the_same(xor):
    """Circuits as bits, as the parents of each neuron, and by their edges."""
    circuits = eh.circuits(xor)
    bits = np.array([circuit.bits for circuit in circuits], np.uint64)
    masks = masks_of(circuits.criterion, bits)
    for circuit, layers in zip(circuits, masks.tolist(), strict=True):
        for k, width in enumerate(xor.widths[1:], start=1):
            for j, parents in enumerate(layers[k - 1][:width]):
                assert parents == sum(1 << i for i in circuit.parents(k, j))
    assert np.array_equal(masks_of_chosen(xor.graph, chosen_of(xor.graph, bits[:, None])), masks)


@pytest.mark.parametrize(("parents", "cut"), [((3, 1, 1, 1), 1), ((1, 1, 1, 3), 3), ((2, 2, 2, 2), 2), ((3,), 0)])
def test_halves_are_as_even_as_can_be(parents, cut):
    """A last hidden neuron of so many parents has 2, 4 or 8 choices; the larger half has as few as any cut allows."""
    from everyhow.kernels.halves import split_point

    weights = np.array([[1.0] * count + [0.0] * (3 - count) for count in parents])
    network = eh.Network([weights, np.ones((1, len(parents)))], [np.zeros(len(parents)), [0.0]], ["relu", "identity"])
    assert split_point(laid_out(eh.circuits(network).criterion).layout) == cut


def test_order_of_the_list(xor):
    """Circuits come by the parents of the layers before the last hidden one, larger sets first."""
    first_layers = [circuit.bits >> 12 for circuit in eh.circuits(xor)]
    assert sorted(first_layers, reverse=True) == first_layers


@given(networks(hidden=(1, 2), widest=3), st.randoms(use_true_random=False))
def test_permuting_neurons(network, random):
    """Permuting the neurons of a layer permutes the circuits and leaves all counts unchanged."""
    other_network, order = permuted(network, random)
    assert circuits_in_space(network.graph) == circuits_in_space(other_network.graph)
    for criterion in ("perfect", "resample_faithful"):
        one = eh.circuits(network, criterion=criterion)
        other = eh.circuits(other_network, criterion=criterion)
        if one.count().certified and other.count().certified:
            assert one.count() == other.count()
            moved = {
                Circuit.of_edges(network.graph, [_moved(edge, order) for edge in circuit.edges]) for circuit in other
            }
            assert set(one) == moved


def _moved(edge, order):
    layer, j, i = edge
    if layer == 1:
        return layer, order[j], i
    return (layer, j, order[i]) if layer == 2 else edge


def test_resample_faithful_is_perfect(xor):
    """Every resample-faithful circuit is perfect, and the criterion asks every base with every source."""
    _, behavior = behaviors(xor)
    assert set(eh.circuits(xor, criterion="resample_faithful")) <= set(eh.circuits(xor))
    assert len(resample_faithful(xor, behavior).bases) == 4 + 16


def test_too_large_to_count():
    """More circuits than 64-bit numbers count, or a layer of more than 31 neurons, are refused before any work."""
    wide = eh.Network([np.ones((33, 2)), np.ones((1, 33))], [np.zeros(33), [0]], ["relu"] * 2)
    with pytest.raises(eh.InputError, match="a layer has 33 neurons"):
        eh.circuits(wide).count()
    deep = eh.Network([np.ones((31, 2)), np.ones((2, 31))], [np.zeros(31), np.zeros(2)], ["relu"] * 2)
    with pytest.raises(eh.BudgetError, match="Counts are kept in 64 bits"):
        eh.circuits(deep).count()


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 2), st.booleans(), st.sampled_from([0.0, 0.3, 0.6]))
def test_pairs_by_trees(seed, scenarios, contrasts, tied, allowed):
    """Walking two kd-trees counts, by label, the pairs that looking at each of them counts; picking ranks finds them
    all. Ties, infinite limits, sums that are not numbers, and scenarios that may be wrong included."""
    from everyhow.kernels.pairs import count_pairs, count_pairs_plainly, pick_pairs

    rng = np.random.default_rng(seed)
    dimensions = scenarios * contrasts
    points = [rng.integers(-3, 4, (n, dimensions)) / 2 if tied else rng.normal(size=(n, dimensions)) for n in (90, 170)]
    points[0][seed % 90, 0] = [1.0, np.inf, np.nan][seed % 3]
    labels = [rng.integers(0, 5, len(p)) for p in points]
    low = np.where(rng.random(dimensions) < 0.3, -np.inf, rng.integers(-4, 1, dimensions) / 2)
    high = np.where(rng.random(dimensions) < 0.3, np.inf, low + rng.integers(0, 6, dimensions) / 2)
    boxes = np.stack([np.stack([low, high]), np.stack([low - 0.5, high + 0.5])])
    weights, opens = rng.dirichlet(np.ones(scenarios)), np.arange(scenarios) == 0
    opens[scenarios // 2] = True
    goal = np.zeros((7, dimensions))
    goal[:4] = boxes.reshape(4, -1)
    goal[4], goal[5, ::contrasts], goal[6, ::contrasts] = np.repeat(weights, contrasts), 1, opens
    plainly, walked = np.zeros((2, 10), np.int64), np.zeros((2, 10), np.int64)
    count_pairs_plainly(points[0], labels[0], points[1], labels[1], goal, allowed, plainly)
    sums = points[0][:, None] + points[1][None]
    expected = [_few_outside(sums, box, weights, opens, allowed) for box in boxes]
    assert expected[0].sum() == plainly[0].sum() and (expected[1] & ~expected[0]).sum() == plainly[1].sum()
    if not np.isnan(points[0]).any():
        count_pairs(points[0].copy(), labels[0], points[1].copy(), labels[1], goal, allowed, walked)
        assert plainly.tolist() == walked.tolist()
        inside = plainly[0].sum()
        pairs = np.zeros((inside, 2), np.int64)
        assert inside == pick_pairs(points[0].copy(), points[1].copy(), goal, allowed, np.arange(inside), pairs)
        assert sorted(map(tuple, np.argwhere(expected[0]))) == sorted(map(tuple, pairs.tolist()))


def _few_outside(sums, box, weights, opens, allowed):
    """Whether, in each part, the scenarios outside the box weigh no more than is allowed."""
    inside = ((sums > box[0]) & (sums <= box[1])).reshape(*sums.shape[:2], len(weights), -1).all(axis=3)
    parts = np.split(np.arange(len(weights)), np.flatnonzero(opens)[1:])
    return np.all([(~inside[..., part] * weights[part]).sum(axis=2) <= allowed for part in parts], axis=0)


@given(
    st.integers(0, 2**32), st.integers(1, 3), st.sampled_from([(1, 90, 3), (90, 40, 5), (300, 170, 1), (1300, 150, 2)]),
    st.booleans(),
)  # fmt: skip
def test_triples_by_ranks(seed, dimensions, sizes, tied):
    """Counting by ranks and rows gives, by label, the triples that looking at each gives, for few and for many offsets:
    ties, infinite limits, points that are all alike, and triples between the two boxes included."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, 3)
    points = [
        rng.integers(-3, 4, (n, dimensions)) / 2 if tied else rng.normal(size=(n, dimensions)) * (0, 0.1, 1)[k]
        for n, k in zip(sizes, kind, strict=True)
    ]
    labels = [rng.integers(0, 5, n) for n in sizes]
    low = np.where(rng.random(dimensions) < 0.3, -np.inf, rng.integers(-4, 1, dimensions) / 2)
    high = np.where(rng.random(dimensions) < 0.3, np.inf, low + rng.integers(0, 6, dimensions) / 2)
    limits = np.stack([low, high, low - (seed % 3) / 2, high + (seed % 3) / 2])
    _check_triples(points, labels, limits)


@pytest.mark.parametrize(
    ("sizes", "dimensions", "labels"),
    [((1100, 700, 90), 2, 5), ((700, 200, 2), 400, 40), ((1100, 4500, 3), 3, 5), ((2, 200, 21_000), 1, 200)],
    ids=["asking", "limits", "leaves", "offsets"],
)
def test_very_many_triples(sizes, dimensions, labels):
    """So many that what is asked has to be answered in between; so many limits that not all is kept; both parts in
    several leaves; and so many offsets that not all wait at once."""
    rng = np.random.default_rng(1)
    points = [rng.normal(size=(n, dimensions)) for n in sizes]
    ends = (-4.0, 6.0, -5.0, 6.5) if dimensions == 400 else (-1.0, np.inf, -1.25, np.inf)
    limits = np.repeat(np.array(ends)[:, None], dimensions, axis=1)
    found = _check_triples(points, [rng.integers(0, labels, n) for n in sizes], limits)
    assert found.sum(axis=1).all()


@pytest.mark.nightly
def test_many_offsets(monkeypatch):
    """Whole counts are the same by the kernel that is taken where the third part has many points."""
    from everyhow.kernels import circuits as kernels

    _, network = reference("authors-xor-2-4-4-1-seed0")
    expected = [eh.circuits(network, criterion=name).count() for name in ("perfect", "resample_faithful")]
    monkeypatch.setattr(kernels, "MANY_OFFSETS", 1)
    assert expected == [eh.circuits(network, criterion=name).count() for name in ("perfect", "resample_faithful")]
    assert expected[0].certain


def _check_triples(points, labels, limits):
    from everyhow.kernels.many_triples import count_many_triples
    from everyhow.kernels.pairs import count_pairs_plainly
    from everyhow.kernels.triples import count_triples

    goal = np.zeros((7, limits.shape[1]))
    goal[:4], goal[4:6] = limits, 1
    plainly, ranked = np.zeros((2, 600), np.int64), np.zeros((2, 600), np.int64)
    for offset, label in zip(points[2], labels[2], strict=True):
        count_pairs_plainly(points[0], labels[0], points[1] + offset, labels[1] + label, goal, 0.0, plainly)
    for count in (count_triples, count_many_triples):
        ranked[:] = 0
        given = [each.copy() for pair in zip(points, labels, strict=True) for each in pair]
        count(*given, goal, ranked)
        assert plainly.tolist() == ranked.tolist()
    return ranked
