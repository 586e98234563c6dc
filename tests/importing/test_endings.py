"""Constants after the last activation: what an activation takes up, and what is refused with the threshold to give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.importing.checking import imported
from everyhow.importing.endings import clip, ending
from everyhow.importing.layers import Affine, Nonlinear, Selection, Softmax, elementwise, fold
from everyhow.importing.rounding import PRECISIONS
from everyhow.model.activations import activation

LINE = Affine(np.array([[2.0, -1.0], [0.5, 3.0]]), np.array([1.0, -0.25]), "Linear 0")
POINTS = np.random.default_rng(0).standard_normal((50, 2)) * 2
# The functions by hand.
RIGHT = {
    "identity": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu:0.3": lambda z: np.where(z > 0, z, 0.3 * z),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "sigmoid:3": lambda z: 1 / (1 + np.exp(-3 * z)),
    "sigmoid:2": lambda z: 1 / (1 + np.exp(-2 * z)),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "sign": np.sign,
    "relu6": lambda z: np.clip(z, 0, 6),
    "hardtanh": lambda z: np.clip(z, -1, 1),
    "hardtanh:-2:0.5": lambda z: np.clip(z, -2, 0.5),
    "hardsigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "hardsigmoid:0.2:0.5": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
}


def right(name, z):
    """A function by name, also one that clips between any two numbers."""
    if name in RIGHT:
        return RIGHT[name](z)
    kind, low, high = name.split(":")
    assert kind == "hardtanh"
    return np.clip(z, float(low), float(high))


CONSTANT = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0])


@given(st.sampled_from(sorted(RIGHT)), *(st.lists(CONSTANT, min_size=2, max_size=2) for _ in "ab"))
def test_endings_are_exact(name, scale, shift):
    """Whenever there is an ending it is the same function; what folds for sure is listed in the next test."""
    scale, shift = np.array(scale), np.array(shift)
    found = ending(name, scale, shift)
    if found is not None:
        z = np.random.default_rng(1).standard_normal((40, 2)) * 3
        ours = right(found.name, found.factors * z + found.summands)
        np.testing.assert_allclose(ours, scale * right(name, z) + shift, rtol=1e-12, atol=1e-12)


FOLDED = [
    ("tanh", 0.5, 0.5, "sigmoid:2"), ("tanh", -0.5, 0.5, "sigmoid:2"), ("tanh", -1, 0, "tanh"),
    ("sigmoid", 2, -1, "tanh"), ("sigmoid:3", -2, 1, "tanh"), ("sigmoid:3", -1, 1, "sigmoid:3"),
    ("relu", 3, 0, "relu"), ("leaky_relu:0.3", 0.1, 0, "leaky_relu:0.3"), ("tanh", 1, 0, "tanh"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "scale", "shift", "folded"), FOLDED)
def test_constants_after_the_last_activation(name, scale, shift, folded):
    """The network with the constants taken up computes what the steps do, its widths those of the layers."""
    after = elementwise(np.full(2, float(scale)), np.full(2, float(shift)), "constants")
    network, words = fold([LINE, Nonlinear(name, "activation 1"), after])
    assert network.activations == (folded,) and network.widths == (2, 2)
    expected = scale * RIGHT[name](POINTS @ LINE.weights.T + LINE.biases) + shift
    np.testing.assert_allclose(network.run(POINTS), expected, rtol=1e-12, atol=1e-14)
    assert words == (f"activation 1 ({name}) and constants folded into {folded}",)


def test_constants_that_are_clipped():
    """What clips stays a clip between other numbers."""
    cases = [("hardtanh", 0.5, 0.5, "hardtanh:0:1"), ("hardsigmoid", 2.0, -1.0, "hardtanh")]
    for name, scale, shift, folded in (*cases, ("relu6", -1.0, 0.0, "hardtanh:-6:0")):
        found = ending(name, np.full(2, scale), np.full(2, shift))
        assert found is not None and found.name == folded
    assert clip(0, 2.5) == "hardtanh:0:2.5"


def after_tanh(scale, shift):
    return [LINE, Nonlinear("tanh", "Tanh 1"), elementwise(np.array(scale), np.array(shift), "mul")]


REFUSED = [
    (
        ([3.0, 3.0], [0.0, 0.0]),
        r"mul: after Tanh 1 it makes 3 \* output, which no activation here does, and which only ",
    ),
    (([3.0, 3.0], [0.0, 0.0]), "import the model without it and give threshold=0.166667, where it gives 0.5"),
    (([2.0, 2.0], [-1.0, -1.0]), r"it makes 2 \* output - 1, .*threshold=0.75, .*or threshold=0.5, where it gives 0"),
    (([-4.0, -4.0], [0.0, 0.0]), "threshold=-0.125.* its factor is negative, so ask about the opposite bits"),
    (([2.0, 4.0], [0.0, 0.0]), "ask about its outputs one at a time.* it gives 0.5 where they are 0.25, 0.125"),
    (([0.0, 1.0], [0.0, 0.0]), "mul: after Tanh 1 it makes the same of every input"),
    (([np.inf, 1.0], [0.0, 0.0]), "mul: after Tanh 1 it makes numbers that are not finite"),
]


@pytest.mark.parametrize(("constants", "message"), REFUSED)
def test_refused(constants, message):
    """What no activation takes up only moves where outputs turn, and the message says where to."""
    with pytest.raises(eh.InputError, match=message):
        fold(after_tanh(*constants))


def test_constants_between_layers():
    """After an activation that is not the last, constants become part of the next layer."""
    network, _ = fold([*after_tanh([3.0, 3.0], [1.0, 1.0]), LINE])
    hidden = 3 * np.tanh(POINTS @ LINE.weights.T + LINE.biases) + 1
    np.testing.assert_allclose(network.run(POINTS), hidden @ LINE.weights.T + LINE.biases, rtol=1e-12)
    assert network.widths == (2, 2, 2) and network.activations == ("tanh", "identity")


def test_constants_between_activations():
    """With no linear layer beside them they are a layer of their own, and that is said."""
    network, words = fold([*after_tanh([3.0, 2.0], [1.0, -1.0]), Nonlinear("relu", "ReLU 3")])
    expected = np.maximum(np.array([3.0, 2.0]) * np.tanh(POINTS @ LINE.weights.T + LINE.biases) + [1.0, -1.0], 0)
    np.testing.assert_allclose(network.run(POINTS), expected, rtol=1e-12, atol=1e-15)
    assert network.widths == (2, 2, 2) and words == ("mul made a layer of its own, of one neuron for each feature",)


def test_selections():
    """Some of the features, at the beginning, between and at the end, are taken without a layer of their own."""
    first, middle, last = Selection((2, 0), 3, "a"), Selection((1,), 2, "b"), Selection((1, 0), 2, "c")
    small = Affine(np.array([[4.0], [5.0]]), np.array([0.5, 0.0]), "Linear 1")
    scaled = elementwise(np.array([1.0, 1.0]), np.zeros(2), "mul")
    steps = [first, LINE, Nonlinear("tanh", "Tanh"), scaled, middle, small, last]
    network, words = fold(steps)
    assert network.widths == (3, 1, 2)
    points = np.random.default_rng(2).standard_normal((7, 3))
    hidden = np.tanh(points[:, [2, 0]] @ LINE.weights.T + LINE.biases)[:, [1]]
    expected = (hidden @ small.weights.T + small.biases)[:, [1, 0]]
    np.testing.assert_allclose(network.run(points), expected, rtol=1e-12)
    assert "b keeps 1 of 2 features" in words
    told = {"source": "s", "precision": PRECISIONS["float64"], "checked_on": "7 points"}
    assert imported(steps, points, expected, **told).origin is not None
    with pytest.raises(eh.InputError, match="there is no linear layer"):
        fold([first])


def test_softmax_at_the_end():
    """It is left out and said, and the outputs are compared as the source gives them."""
    z = POINTS @ LINE.weights.T + LINE.biases
    shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    told = {"source": "s", "precision": PRECISIONS["float64"], "checked_on": "50 points"}
    for logarithm, theirs in ((False, shares), (True, np.log(shares))):
        steps = [LINE, Softmax("Softmax 1", logarithm)]
        network = imported(steps, POINTS, theirs, **told)
        assert network.activations == ("identity",) and network.origin.folded == ("softmax left out",)
        assert network.origin.largest_difference < 1e-13
        with pytest.raises(eh.InputError, match="the imported network computes something else"):
            imported(steps, POINTS, theirs + 1e-6, **told)
        with pytest.raises(eh.InputError, match=r"Softmax 1: a softmax mixes all outputs.*LogSoftmax 2 comes after it"):
            fold([*steps, Softmax("LogSoftmax 2", True)])
    one = Affine(np.ones((1, 2)), np.zeros(1), "Linear")
    with pytest.raises(eh.InputError, match="a softmax of one output is 1 for every input"):
        fold([one, Softmax("Softmax 1")])


def test_activations_that_are_known():
    """Those of these tests that networks already have are the functions by hand."""
    z = np.linspace(-7, 7, 101)
    for name, function in RIGHT.items():
        try:
            found = activation(name)
        except eh.InputError:
            continue
        np.testing.assert_allclose(found(z), function(z), rtol=1e-12, atol=1e-15)
