"""Signals that are readable over data: against trying every signal, and against those over truth tables."""

import itertools

import numpy as np
import pytest

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.readout import observed
from everyhow.readout.observed import observed_signals
from everyhow.readout.readout import readable_signals
from everyhow.verification import plain


@pytest.mark.parametrize("seed", range(6))
def test_readouts_over_data(seed):
    """Every Boolean signal that is linear in a layer is found: against trying all of them."""
    random = np.random.default_rng(seed)
    count, width = int(random.integers(3, 9)), int(random.integers(1, 4))
    weights = random.integers(-1, 2, (width, 2)).astype(float)
    network = eh.Network([weights, np.ones((1, width))], [random.integers(-1, 2, width), [0.0]], ["relu", "identity"])
    points = np.unique(random.integers(0, 3, (count, 2)), axis=0).astype(float)
    behavior = eh.Behavior.of_network(network, points)
    found = observed_signals(network, behavior, 1, 1e-3)
    state = network.states(points)[1]
    signals = [s for s in itertools.product([0, 1], repeat=len(points)) if s[0] == 0 and any(s)]
    expected = {signal for signal in signals if plain.is_readable(state, signal, 1e-3)}
    assert {tuple(map(int, signal)) for signal in found.signals} == expected
    codes = state @ found.coefficients.T + found.constants
    assert np.abs(codes - found.signals.T).max(initial=0) < 0.01


def test_readouts_over_a_truth_table(xor):
    """Over the rows of a truth table they are those of the search over all Boolean functions."""
    behavior = eh.Behavior.of_network(xor, assignments(2))
    for layer in (1, 2):
        everything, found = readable_signals(xor, layer), observed_signals(xor, behavior, layer, 1e-3)
        tables = {tuple(int(bits) >> k & 1 for k in range(4)) for bits in everything.tables}
        assert tables == {tuple(map(int, signal)) for signal in found.signals}
        assert found.rank == everything.rank


def test_readouts_over_data_of_too_many_directions(monkeypatch):
    """Signals are looked for in as many directions as are allowed, and not in one more."""
    points = assignments(3)
    plane, space = (
        eh.Network([weights, np.ones((1, 3))], [np.zeros(3), [0.0]], ["identity", "identity"])
        for weights in ([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0]], np.eye(3))
    )
    monkeypatch.setattr(observed, "MOST_DIRECTIONS", 2)
    found = observed_signals(plane, eh.Behavior.of_network(plane, points), 1, 1e-3)
    assert found.rank == 2
    assert ["".join(str(int(bit)) for bit in signal) for signal in found.signals] == ["00001111", "00110011"]
    with pytest.raises(eh.InputError, match="layer 1 spans 3 directions over the inputs; signals are looked for in at"):
        observed_signals(space, eh.Behavior.of_network(space, points), 1, 1e-3)
