"""Bounds of rounding: never less than what fractions show, not much more on ordinary networks, and nothing at all where
numbers are whole multiples of one power of two."""

import math
from fractions import Fraction

import numpy as np
import pytest

from everyhow import Network, xornet
from everyhow.model.activations import activation
from everyhow.network.rounding import Values, activated, grid_of, nothing, rounding_of_circuits, sums_of
from everyhow.network.runs import onward

from ..by_fractions import run


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.75, 2.0], 0.25),
        ([1.0, 3.0], 1.0),
        ([6.0, -12.0], 2.0),
        ([0.0, 8.0], 8.0),
        ([0.0], math.inf),
        ([], math.inf),
        ([5e-324], 5e-324),
        ([1.0, math.inf], 0.0),
        ([2.0**53 + 2], 2.0),
    ],
)
def test_grids(values, expected):
    assert grid_of(np.array(values)) == expected
    assert grid_of(np.array([0.1])) == 2.0**-55


def test_sums_of_whole_multiples_are_free_of_rounding():
    halves = Values.of(np.array([[0.5, 3.0], [1.0, 0.0]]))
    assert (halves.most.tolist(), halves.grid) == ([1.0, 3.0], 0.5)
    sums = sums_of(halves, np.array([[1.0, -2.0]]), np.array([0.25]))
    assert (sums.most.tolist(), sums.error.tolist(), sums.grid) == ([7.25], [0.0], 0.25)
    # At 2^53 of the grid it ends: 3 times the products, and the bias.
    large = sums_of(halves, np.array([[1.0, -2.0]]), np.array([2.0**52]))
    assert large.grid == 0.0 and large.error[0] > 0
    # 0.1 has 53 digits, so that three times it has too many.
    assert sums_of(halves, np.array([[0.1, 0.0]]), np.array([0.0])).grid == 0.0


def test_errors_add_up():
    """Two neurons off by 1 and 2, weights 3 and -4: off by 11, and by what adding up rounds."""
    off = Values.of(np.array([[10.0, 20.0]]), np.array([[1.0, 2.0]]))
    assert (off.most.tolist(), off.grid) == ([11.0, 22.0], 0.0)
    sums = sums_of(off, np.array([[3.0, -4.0]]), np.array([5.0]))
    size = 5 + 3 * (33 + 88)
    assert sums.error[0] == pytest.approx(11 + 5 * 2.0**-52 * size, rel=1e-15)
    assert sums.most[0] == 5 + 33 + 88 + sums.error[0]


@pytest.mark.parametrize(
    ("name", "most", "error", "expected_most", "expected_error"),
    [
        ("relu", 3.0, 0.5, 3.5, 0.5),
        ("identity", 3.0, 0.5, 3.5, 0.5),
        ("leaky_relu:-2", 3.0, 0.5, 6 + 0.5 + 1.0, 1.0),
        ("tanh", 3.0, 0.5, math.tanh(3) + 0.5, 0.5),
        ("sigmoid:8", 3.0, 0.5, 1 / (1 + math.exp(-24)) + 1.0, 1.0),
        ("step", 3.0, 0.5, 1.0, 0.0),
        ("silu", 3.0, 0.5, 3 / (1 + math.exp(-3)) + 0.5 + 0.55, 0.55),
    ],
)
def test_activations_pass_errors_on_by_their_steepest_slope(name, most, error, expected_most, expected_error):
    found = activated(Values(np.array([most]), np.array([error]), 0.0), activation(name))
    assert found.most[0] == pytest.approx(expected_most, rel=1e-12)
    assert found.error[0] == pytest.approx(expected_error, rel=1e-12)


def test_one_of_two():
    one, other = (
        Values(np.array([1.0, 5.0]), np.array([0.1, 0.0]), 0.5),
        Values(np.array([2.0, 3.0]), np.zeros(2), 0.25),
    )
    both = one.or_else(other)
    assert (both.most.tolist(), both.error.tolist(), both.grid) == ([2.0, 5.0], [0.1, 0.0], 0.25)
    assert (nothing(1).most.tolist(), nothing(1).grid) == ([0.0], math.inf)


@pytest.mark.parametrize("kind", ["relu", "hardtanh", "leaky_relu:0.1", "step"])
@pytest.mark.parametrize("digits", [1, 60])
def test_whole_runs_are_off_by_no_more_than_is_said(kind, digits):
    """Against fractions, with weights of one digit and of many; and no bound is far above what eps can do."""
    generator = np.random.default_rng(digits)
    off = 0
    for _ in range(20):
        shapes = [(3, 2), (3, 3), (1, 3)]
        scale = 10.0 ** generator.integers(0, 9)
        network = Network(
            tuple((generator.normal(size=shape) * scale).round(digits) for shape in shapes),
            tuple(generator.normal(size=shape[0]).round(digits) for shape in shapes),
            (kind, kind, "identity"),
        )
        points = generator.normal(size=(3, 2))
        runs = network.runs(points)
        for k, point in enumerate(points):
            for layer, exact in enumerate(run(network, point)):
                errors = [abs(Fraction(float(v)) - e) for v, e in zip(runs.states[layer][k], exact, strict=True)]
                assert all(e <= Fraction(float(b)) for e, b in zip(errors, runs.errors[layer][k], strict=True))
                off += any(errors)
        if kind != "step" and scale == 1:
            assert runs.received_errors.max() <= 1e-13
    assert off > 0


def test_whole_numbers_run_without_error():
    """A neuron that fires above 1 is at its jump, exactly; so are the runs of its network."""
    network = Network(
        (np.array([[1.0, 1.0]]), np.array([[1.0]])), (np.array([-1.0]), np.array([0.0])), ("step", "identity")
    )
    runs = network.runs(network.corners)
    assert all(not error.any() for error in runs.errors) and not runs.received_errors.any()
    bound = rounding_of_circuits(network, network.corners, [nothing(2), nothing(1)])
    assert (bound.outputs.tolist(), dict(bound.steps), bound.exact) == ([0.0], {}, (True, True))
    assert network.runs(network.corners).widest_margin == 1e-9
    assert onward(runs, 1).run(runs.states[1])[1] is None


def test_a_neuron_at_its_jump_is_off_by_all_of_it():
    """0.1 + 0.2 - 0.3 is 0 or not, by how it is added; -1 below the jump, 1 above."""
    weights = (np.array([[0.1, 0.2]]), np.array([[1.0]]))
    network = Network(weights, (np.array([-0.3]), np.array([0.0])), ("sign", "identity"))
    runs = network.runs(network.corners)
    assert runs.errors[1][:, 0].tolist() == [0.0, 0.0, 0.0, 2.0]
    assert list(rounding_of_circuits(network, network.corners, [nothing(2), nothing(1)]).steps) == [0]
    doubtful = onward(runs, 0).run(network.corners)[1]
    assert doubtful.tolist() == [False, False, False, True]


def test_margins():
    """That of an ordinary network is 1e-9; one of weights of 1e12 comes as near as its sums are off."""
    assert xornet().runs(xornet().corners).widest_margin == 1e-9
    large = Network((np.array([[1e12, 0.1]]),), (np.array([0.0]),), ("identity",))
    # 5 eps of 3 times (1e12 + 0.1), twice.
    assert large.runs(large.corners).widest_margin == pytest.approx(2 * 5 * 2.0**-52 * 3 * 1e12, rel=1e-9)
    huge = Network((np.array([[1e308, 1e308]]),), (np.array([1e308]),), ("identity",))
    assert huge.runs(huge.corners).widest_margin == math.inf
