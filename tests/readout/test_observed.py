"""Signals that are readable over data, and what explains a layer there: against trying every signal and every set, and
against those over truth tables."""

import itertools

import numpy as np
import pytest

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.readout import readout
from everyhow.readout.findings import examine_readouts
from everyhow.readout.readout import readable_signals
from everyhow.verification import plain_readouts


@pytest.mark.parametrize("seed", range(6))
def test_readouts_over_data(seed):
    """Every Boolean signal that is linear in a layer is found: against trying all of them."""
    random = np.random.default_rng(seed)
    count, width = int(random.integers(3, 9)), int(random.integers(1, 4))
    weights = random.integers(-1, 2, (width, 2)).astype(float)
    network = eh.Network([weights, np.ones((1, width))], [random.integers(-1, 2, width), [0.0]], ["relu", "identity"])
    points = np.unique(random.integers(0, 3, (count, 2)), axis=0).astype(float)
    behavior = eh.Behavior.of_network(network, points)
    found = readable_signals(network, 1, 1e-3, behavior)
    state = network.states(points)[1]
    signals = [s for s in itertools.product([0, 1], repeat=len(points)) if s[0] == 0 and any(s)]
    expected = {signal for signal in signals if plain_readouts.is_readable(state, signal, 1e-3)}
    assert {tuple(map(int, signal)) for signal in found.signals} == expected
    codes = state @ found.coefficients.T + found.constants
    assert np.abs(codes - found.signals.T).max(initial=0) < 0.01


def test_readouts_over_a_truth_table(xor):
    """Over the rows of a truth table, in another order or moved a little, they are those of all Boolean functions."""
    order = [2, 0, 3, 1]
    for layer, moved in itertools.product((1, 2), (0, 1e-9)):
        everything = readable_signals(xor, layer)
        points = assignments(2)[order] + moved
        behavior = eh.Behavior.of_network(xor, points, features=assignments(2)[order])
        found = readable_signals(xor, layer, 1e-3, behavior)
        assert found.rank == everything.rank
        as_tables = found.signals[:, np.argsort(order)]
        as_tables ^= as_tables[:, :1]
        assert sorted(as_tables.tolist()) == everything.signals.tolist()
        for k, as_table in enumerate(as_tables):
            same = int(np.flatnonzero((everything.signals == as_table).all(axis=1))[0])
            assert found[k].table.function in {everything[same].table, ~everything[same].table}
            assert found[k].name in {everything[same].name, everything[same].complement().name}
            assert abs(found.residuals[k] - everything.residuals[same]) < 1e-6


def test_readouts_over_data_of_too_many_directions(monkeypatch):
    """Signals are looked for in as many directions as are allowed, and not in one more."""
    points = assignments(3)[::-1]
    plane, space = (
        eh.Network([weights, np.ones((1, 3))], [np.zeros(3), [0.0]], ["identity", "identity"])
        for weights in ([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0]], np.eye(3))
    )
    monkeypatch.setattr(readout, "MOST_DIRECTIONS", 2)
    found = readable_signals(plane, 1, 1e-3, eh.Behavior.of_network(plane, points))
    assert found.rank == 2
    assert ["".join(str(int(bit)) for bit in signal) for signal in found.signals] == ["00001111", "00110011"]
    with pytest.raises(eh.InputError, match="layer 1 spans 3 directions over the inputs; signals are looked for in at"):
        readable_signals(space, 1, 1e-3, eh.Behavior.of_network(space, points))


def small_data(number, seed):
    """Random networks of small whole numbers over a few points of a grid, of which thresholds are known."""
    rng = np.random.default_rng(seed)
    for k in range(number):
        width = int(rng.integers(1, 4))
        weights = [rng.integers(-1, 2, (width, 2)), rng.integers(-2, 3, (1, width))]
        biases = [rng.integers(-1, 2, width), rng.integers(-1, 2, 1)]
        hidden = ("relu", "step", "tanh")[k % 3]
        network = eh.Network(weights, biases, [hidden, "identity"], threshold=0.5)
        points = np.unique(rng.integers(0, 3, (int(rng.integers(4, 7)), 2)), axis=0) / 2
        yield network, eh.Behavior.of_network(network, points, features=points > 0.6)


def test_explanations_over_data():
    """Sets of signals, their gates and residuals, set by set."""
    explained = 0
    for network, behavior in small_data(60, seed=0):
        expected = {
            frozenset("".join(map(str, s)) for s in chosen): (chosen, gate, residual)
            for chosen, gate, residual in plain_readouts.readout_explanations(network, 1, 3, 1e-3, behavior.points)
        }
        (layer,) = examine_readouts(network, behavior, 1e-3, None, eh.CostModel(), 10**10).layers
        found = list(layer.found.explanations("behavioral"))
        assert len(found) == len(expected)
        assert {frozenset(str(~s if s.bits & 1 else s) for s in one.signals) for one in found} == set(expected)
        for one in found:
            order = [str(~s if s.bits & 1 else s) for s in one.signals]
            chosen, gate, residual = expected[frozenset(order)]
            assert abs(one.residual - residual) < 1e-6
            for row in set(range(1 << len(order))) - set(one.undecided):
                pattern = [row >> (len(order) - 1 - k) & 1 for k in range(len(order))]
                own = {s: bit ^ (t.bits & 1) for s, t, bit in zip(order, one.signals, pattern, strict=True)}
                place = int("".join(str(own["".join(map(str, s))]) for s in chosen), 2)
                assert one.gate.bits >> row & 1 == gate[place]
            assert (one.cost() == float("inf")) == (len(one.functions) < len(one.signals))
        assert layer.survivors["exact"] == sum(residual <= 1e-3 for *_, residual in expected.values())
        explained += len(found)
    assert explained > 50


def test_what_signals_over_data_are_called():
    """By a function of the bits that are known, the simplest of those that agree with it, or else by the inputs."""
    network = eh.Network([np.eye(3), np.ones((1, 3))], [np.zeros(3), [-1.0]], ["identity"] * 2, threshold=0.5)
    points = [[0, 0, 0], [0, 1, 1], [1, 0, 0], [1, 1, 0]]
    bare = readable_signals(network, 1, 1e-3, eh.Behavior.of_network(network, points))
    assert [bare[k].name for k in range(len(bare))] == [
        "{4}", "{3}", "{3, 4}", "{2}", "{2, 4}", "{2, 3}", "{2, 3, 4}",
    ]  # fmt: skip
    features = [[0, 0], [0, 1], [1, 0], [1, 0]]
    known = readable_signals(network, 1, 1e-3, eh.Behavior.of_network(network, points, features=features))
    assert [known[k].name for k in range(len(known))] == ["{4}", "{3}", "A", "B", "{2, 4}", "{2, 3}", "OR(A,B)"]
    assert str(known[2]) == "A = h1.0" and str(known[0].complement().name) == "{1, 2, 3}"
    wide = readable_signals(network, 1, 1e-3, eh.Behavior.of_network(network, points, features=np.eye(4, 5)))
    assert [wide[k].name for k in range(len(wide))] == [bare[k].name for k in range(len(bare))]


def test_where_explanations_over_data_are_not_searched_for(xor):
    """Beyond 64 inputs, of classes and of decisions by rounding, words say so, and what is readable is found anyway."""
    points = np.random.default_rng(0).normal(size=(65, 2))
    at_most = examine_readouts(xor, eh.Behavior.of_network(xor, points[:64]), 1e-3, 2, eh.CostModel(), 10**10)
    assert at_most.refused == () and all(layer.found is not None for layer in at_most.layers)
    beyond = examine_readouts(xor, eh.Behavior.of_network(xor, points), 1e-3, 2, eh.CostModel(), 10**10)
    assert beyond.beyond == ("readout explanations are searched for over at most 64 inputs; these data have 65",)
    assert [layer.signals.rank for layer in beyond.layers] == [layer.signals.rank for layer in at_most.layers]
    assert all(layer.found is None and set(layer.survivors.values()) == {None} for layer in beyond.layers)
    two = eh.Network([np.eye(2), np.eye(2)], [np.zeros(2)] * 2, ["relu", "identity"])
    classes = examine_readouts(two, eh.Behavior.of_network(two, points, "argmax"), 1e-3, 2, eh.CostModel(), 10**10)
    assert classes.beyond == ("readouts explain one output; the network has 2",)
    rounded = eh.Behavior.of_data(points[:9], [0, 1, 0, 1, 1, 0, 1, 0, 1], decision="round")
    found = examine_readouts(xor, rounded, 1e-3, 2, eh.CostModel(), 10**10)
    assert found.beyond == ("readouts explain decisions by threshold; these are by round",)
