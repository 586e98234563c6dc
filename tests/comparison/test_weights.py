"""Whether two networks are one, by their weights: copies in another order and scale, pruned copies, and others."""

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from everyhow.comparison.weights import factors_of, likeness
from everyhow.model.activations import activation

from ..conftest import reference
from ..strategies import ACTIVATIONS, networks
from .changed import pruned, turned

FACTORS = {"none": [1.0], "sign": [1.0, -1.0], "positive": [0.5, 1.0, 3.0], "any": [-2.0, 0.5, 1.0]}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_factors(name):
    """A factor that is allowed passes through the function, and one that is not does not, at many numbers."""
    function, numbers = activation(name), np.arange(-20, 21) / 5

    def passes(factor):
        return np.allclose(function(factor * numbers), factor * function(numbers), rtol=1e-12, atol=1e-12)

    allowed = factors_of(name)
    assert all(map(passes, FACTORS[allowed]))
    assert passes(-1.0) == (allowed in ("sign", "any")) and passes(3.0) == (allowed in ("positive", "any"))


@given(network=networks(hidden=(1, 2)), data=st.data())
def test_a_turned_copy_is_the_same(network, data):
    """A copy in another order, each neuron times a factor that its activation allows, is found again, and what is found
    makes the copy."""
    orders = [data.draw(st.permutations(range(width))) for width in network.widths[1:-1]]
    factors = [
        [data.draw(st.sampled_from(FACTORS[factors_of(name)])) for _ in range(width)]
        for name, width in zip(network.activations, network.widths[1:-1], strict=False)
    ]
    # Of a neuron that receives nothing any factor is as good, and 1 is taken.
    for layer, (w, b) in enumerate(zip(network.weights[:-1], network.biases, strict=False)):
        for j in range(len(w)):
            if not w[j].any() and not b[j]:
                factors[layer][j] = 1.0
    copy = turned(network, orders, factors)
    found = likeness(network, copy)
    assert found is not None and found.how == "same" and found.difference < 1e-9
    again = turned(network, found.matching.layers, found.factors)
    for w, v in zip(again.weights + again.biases, copy.weights + copy.biases, strict=True):
        assert np.allclose(w, v, rtol=1e-9, atol=1e-9)


def test_a_pruned_copy():
    """What was lost is told by the names in the network that has it, in either order, and with neurons reordered."""
    network = reference("xor-2-3-3-1-seed0")[1]
    less = pruned(network, (1, 0, 1), (2, 2, 0))
    for one, other, how in ((network, less, "pruned"), (less, network, "pruned the other way")):
        found = likeness(one, other)
        assert found.how == how and found.matching.moves_none
        assert found.lost == ((1, 0, 1), (2, 2, 0))
    moved = turned(less, [(1, 2, 0), (2, 1, 0)])
    found = likeness(network, moved)
    assert (found.how, found.matching.layers) == ("pruned", ((1, 2, 0), (2, 1, 0)))
    assert likeness(moved, network).matching.layers == found.matching.back.layers


def test_other_networks():
    """One weight that differs, another activation, another reading of outputs: not the same network."""
    network = reference("xor-2-3-3-1-seed0")[1]
    weights = [w.copy() for w in network.weights]
    weights[1][0, 0] *= 1 + 1e-6
    assert likeness(network, replace(network, weights=weights)) is None
    assert likeness(network, replace(network, activations=["relu", "relu", "leaky_relu"])) is None
    assert likeness(network, network.read(threshold=0.3)) is None
    assert likeness(network, reference("xor-2-4-1-seed0")[1]) is None
    weights[1][0, 0] = network.weights[1][0, 0] * (1 + 1e-12)
    assert likeness(network, replace(network, weights=weights)).how == "same"


def test_too_many_alike(monkeypatch):
    """Neurons that receive the same may stand in any order; where they are too many, nothing is claimed."""
    network = reference("xor-2-3-3-1-seed0")[1]
    alike = [np.ones_like(w) for w in network.weights]
    alike[1] = np.arange(9.0).reshape(3, 3) + 1
    one = replace(network, weights=alike, biases=[np.zeros_like(b) for b in network.biases])
    other = turned(one, [(0, 1, 2), (2, 0, 1)])
    weights = [w.copy() for w in other.weights]
    weights[2][0, 0] = 7.0
    assert likeness(one, replace(other, weights=weights)) is None
    monkeypatch.setattr("everyhow.comparison.weights.MOST_TRIED", 5)
    assert likeness(one, replace(other, weights=weights)).how == "not settled"
