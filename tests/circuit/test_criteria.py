"""Circuits judged by data, with errors allowed, by argmax, near the network's outputs, and by each kind of ablation;
and circuits of the whole space, drawn and used for estimates."""

import itertools
import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.circuit.estimate import estimate_circuits
from everyhow.circuit.faults import fault_of
from everyhow.circuit.findings import CircuitQuestions, count_by_ablation, examine_circuits
from everyhow.model.behavior import Behavior
from everyhow.model.criterion import perfect, resample_faithful, resampled_batches
from everyhow.model.space import circuits_in_space
from everyhow.network.counting import count_circuits
from everyhow.network.layout import steps_in_doubt
from everyhow.network.listing import list_circuits
from everyhow.network.running import certain_and_possible, masks_of
from everyhow.verification import plain_circuits

from ..conftest import reference
from ..plainly import as_circuit
from ..strategies import networks


@st.composite
def judged(draw, most_points=6):
    """A network, real-valued points with weights, a decision, what may be wrong and how near outputs must come."""
    network = draw(networks(outputs=(1, 3), hidden=(0, 2), most_circuits=150))
    decision = "threshold" if network.widths[-1] == 1 else draw(st.sampled_from(["threshold", "argmax"]))
    if decision == "argmax":
        network = replace(
            network, activations=(*network.activations[:-1], draw(st.sampled_from(["identity", "leaky_relu:0.3"])))
        )
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(1, most_points))
    points = random.normal(size=(count, network.widths[0])) * 2
    own = Behavior.of_network(network, points, decision, random.integers(1, 5, count).astype(float))
    epsilon = draw(st.sampled_from([0.0, 0.0, 0.2, 0.5]))
    return network, replace(own, epsilon=epsilon, within=draw(st.sampled_from([None, None, 0.4]))), decision


@settings(max_examples=15)
@given(judged(most_points=5), st.sampled_from(["zero", "mean", "resample"]))
def test_any_criterion(case, ablation):
    """Counting, listing and running agree with summing the weight of the wrong runs of each circuit."""
    network, behavior, decision = case
    errors = {
        as_circuit(network, c): plain_circuits.circuit_error(network, behavior, c, decision, ablation)
        for c in plain_circuits.all_circuits(network.weights)
    }
    criterion = perfect(network, behavior, ablation)
    count = count_circuits(criterion)
    # Sums of weights that equal what is allowed are right by a hair's breadth in both routes.
    expected = {circuit for circuit, error in errors.items() if error <= behavior.epsilon + 1e-9}
    low, high = count.between
    assert low <= len(expected) <= high
    if count.certified:
        assert expected == set(list_circuits(criterion))
        assert Counter(map(len, expected)) == count.certain
        masks = masks_of(criterion, np.array([circuit.bits for circuit in errors], np.uint64))
        batches = [criterion] if ablation != "resample" else resampled_batches(network, behavior)
        certain, possible = certain_and_possible(batches, masks)
        assert [circuit in expected for circuit in errors] == certain.tolist() == possible.tolist()
        for circuit in errors:
            assert (fault_of(criterion, circuit) is None) == (circuit in expected)


@settings(max_examples=30)
@given(judged(most_points=4), st.sampled_from(["zero", "mean"]))
def test_resample_faithful_by_data(case, ablation):
    """Both the runs alone and the runs amid what other edges carry elsewhere may be wrong as often as is allowed."""
    network, behavior, decision = case
    criterion = resample_faithful(network, behavior, ablation)
    count = count_circuits(criterion)
    expected = {
        as_circuit(network, c)
        for c in plain_circuits.all_circuits(network.weights)
        if all(
            plain_circuits.circuit_error(network, behavior, c, decision, kind) <= behavior.epsilon + 1e-9
            for kind in (ablation, "resample")
        )
    }
    low, high = count.between
    assert low <= len(expected) <= high
    if count.certified:
        assert expected == set(list_circuits(criterion))


def test_a_circuit_may_err_by_exactly_epsilon():
    """An error equal to what is allowed is allowed, however the weights sum up."""
    network = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    points = np.array([[1.0, 0.0]] * 7 + [[0.0, 1.0]] * 3) + np.linspace(0, 1e-3, 10)[:, None]
    for epsilon, expected in (
        (0.3, {0b11, 0b10}),
        (0.29, {0b11}),
        (0.7, {0b11, 0b10, 0b01}),
        (1.0, {0b11, 0b10, 0b01}),
    ):
        behavior = Behavior(points, np.ones(10), np.ones((10, 1), bool), epsilon)
        assert {circuit.bits for circuit in eh.circuits(network, behavior)} == expected


def test_argmax_needs_outputs_that_can_be_told_apart():
    network = eh.Network([np.ones((2, 2))], [[0.0, 1.0]], ["relu"])
    behavior = Behavior([[0.0, 1.0]], [1.0], [[False, True]])
    with pytest.raises(eh.InputError, match="by relu they can be equal: decide by threshold"):
        eh.circuits(network, behavior, decision="argmax")
    for name, message in {
        "step": "by step they can be equal: decide by threshold",
        "leaky_relu:-1": "leaky_relu:-1 falls and rises again: decide by threshold",
        "gelu": "gelu falls and rises again",
    }.items():
        with pytest.raises(eh.InputError, match=message):
            eh.circuits(eh.Network(network.weights, network.biases, [name]), behavior, decision="argmax")
    with pytest.raises(eh.InputError, match="'argmax' is given for a behavior of decision by threshold"):
        eh.circuits(network.output(0), Behavior([[0.0, 1.0]], [1.0], [[True]]), decision="argmax")


def test_unknown_ablation(xor):
    with pytest.raises(eh.InputError, match="unknown ablation 'nought'; the ablations are zero, mean, resample"):
        eh.circuits(xor, "XOR", ablation="nought")


@pytest.mark.parametrize(("options", "message"), [
    ({"epsilon": -0.1}, "epsilon is -0.1; it is the circuit error allowed, from 0 to 1"),
    ({"epsilon": 1.5}, "epsilon is 1.5"),
    ({"within": 0.0}, "within is 0.0; it is how close outputs must come, above 0"),
])  # fmt: skip
def test_tolerances_out_of_range(options, message):
    with pytest.raises(eh.InputError, match=message):
        Behavior([[0.0, 1.0]], [1.0], [[True]], **options)


def test_intervals_cover_the_exact_count():
    """Over 200 estimates, the 95 % intervals hold the exact count as often as they should, and the mean is near it."""
    _, network = reference("xor-2-3-3-1-seed0")
    criterion = eh.circuits(network, "XOR").criterion
    exact = count_circuits(criterion).between[0]
    found = [estimate_circuits(criterion, drawn=1500, seed=seed) for seed in range(200)]
    covered = sum(estimate.low <= exact <= estimate.high for estimate in found)
    # Of 200 intervals that each hold it with probability 0.95 or more, fewer than 181 do so once in 300 times.
    assert covered >= 181
    values = np.array([estimate.value for estimate in found])
    assert abs(values.mean() - exact) < 4 * values.std(ddof=1) / 200**0.5
    share = exact / circuits_in_space(network.graph)
    assert values.std() == pytest.approx(
        circuits_in_space(network.graph) * (share * (1 - share) / 1500) ** 0.5, rel=0.2
    )
    assert np.mean([estimate.high - estimate.low for estimate in found]) < 5 * values.std()


def test_estimates_where_nothing_can_be_counted():
    """A network of more circuits than 64 bits hold is estimated all the same: here, where half of a coin decides."""
    rng = np.random.default_rng(0)
    widths = (2, 16, 16, 1)
    layers = list(itertools.pairwise(widths))
    network = eh.Network(
        [rng.normal(size=(b, a)) for a, b in layers],
        [rng.normal(size=b) for _, b in layers],
        ["relu", "relu", "identity"],
    )
    one = Behavior(np.array([[0.0, 1.0]]), np.ones(1), np.ones((1, 1), bool))
    other = replace(one, wanted=~one.wanted)
    space = circuits_in_space(network.graph)
    found = [estimate_circuits(perfect(network, wanted), drawn=20_000) for wanted in (one, other)]
    assert sum(estimate.value for estimate in found) == pytest.approx(space)
    assert all(estimate.low < estimate.value < estimate.high for estimate in found)


def test_sums_that_overflow():
    """Where sums are no numbers, an error that no circuit can make changes no count."""
    big = np.zeros((6, 3))
    big[:] = [[1.0, 2.0, -1.0], [0.5, 1.0, 1.0], [2.0, 1.0, 1.0], [1.0, -1.0, 2.0], [1.0, 1.0, 1.0], [0.3, 0.2, 1.0]]
    big[0] = big[3] = [1e200, -1e200, 1.0]
    network = eh.Network([big, [[1e200, 1.0, 1.0, -1e200, 1.0, 1.0]]], [np.zeros(6), [0.0]], ["identity"] * 2)
    behavior = Behavior([[1.0, 1.0, 0.0], [1.0, 1.0, 0.5]], [1.0, 1.0], np.ones((2, 1), bool))
    counts = [eh.circuits(network, behavior, epsilon=epsilon).count() for epsilon in (0.0, 1e-6)]
    assert counts[0] == counts[1]
    low, high = counts[0].between
    assert low <= sum(1 for _ in eh.circuits(network, behavior)) <= high


def test_nothing_is_certain_where_sums_may_overflow():
    """Of such sums no value is certainly right, and none certainly wrong."""
    network = eh.Network([[[1e308, 1e308]]], [[0.0]], ["identity"])
    criterion = perfect(network, Behavior([[1.0, 1.0]], [1.0], [[True]]))
    assert criterion.margins.tolist() == [math.inf]
    (inner, outer) = criterion.certified_limits[:, :, 0].tolist()
    assert inner[0] == math.inf and outer == [-math.inf, math.inf]


def test_means_are_off_by_their_rounding():
    """What an ablation by means puts on edges may be off by what rounding leaves in the mean, and little more."""
    network = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    behavior = Behavior([[0.1, 1.0], [0.2, 2.0], [0.4, 3.0]], [1.0, 1.0, 2.0], np.ones((3, 1), bool))
    criterion = perfect(network, behavior, ablation="mean")
    exact = sum(Fraction(w) * Fraction(x) for w, x in zip(behavior.weights, behavior.points[:, 0], strict=True))
    off = abs(float(Fraction(criterion.ablated[0][0, 0]) - exact))
    bound = criterion.runs.removed_errors(criterion.scenarios)[0]
    assert bound.shape == (3, 2) and (bound >= off).all() and (bound > 0).all() and (bound < 1e-14).all()
    zero = perfect(network, behavior)
    assert not zero.runs.removed_errors(zero.scenarios)[0].any()
    whole = Behavior([[1.0, 1.0], [3.0, 3.0]], [1.0, 1.0], np.ones((2, 1), bool))
    means = perfect(network, whole, ablation="mean")
    assert means.runs.removed_errors(means.scenarios)[0].tolist() == [[0.0, 0.0]] * 2


def test_the_boundary_moves_by_what_rounding_may_do():
    """Where that is more than 1e-9, inwards and outwards by as much."""
    network = eh.Network([[[1e9 / 3, 1e9 / 7]]], [[0.0]], ["identity"])
    criterion = perfect(network, Behavior([[0.1, 0.3]], [1.0], [[True]]))
    (level, _), (margin,) = criterion.limits(0.0)[:, 0].tolist(), criterion.margins.tolist()
    assert 1e-9 < margin < 1e-5
    assert criterion.certified_limits[:, :, 0].tolist() == [[level + margin, math.inf], [level - margin, math.inf]]


@pytest.mark.parametrize(
    ("weights", "biases", "activations", "in_doubt"),
    [
        # Alone, 0.1 and 0.2 add up to what 0.3 takes away; with the third edge they are far above it.
        (([[0.1, 0.2, 5.0]], [[1.0]], [[1.0]]), ([-0.3], [0.0], [0.0]), ("step", "relu", "identity"), True),
        (([[0.1, 0.2, 5.0]], [[1.0]], [[1.0]]), ([-0.35], [0.0], [0.0]), ("step", "relu", "identity"), False),
        # Of three edges the first neuron is 3, of fewer less, and three times 0.1 is what 0.3 takes away.
        (([[1.0, 1.0, 1.0]], [[0.1]], [[1.0]]), ([0.0], [-0.3], [0.0]), ("relu", "step", "identity"), True),
        (([[1.0, 1.0, 1.0]], [[0.1]], [[1.0]]), ([0.0], [-0.25], [0.0]), ("relu", "step", "identity"), False),
        # The second neuron may be off by nothing, so that a sum of 0 leaves no doubt.
        (([[1.0, 1.0, 1.0]], [[1.0]], [[1.0]]), ([0.0], [-3.0], [0.0]), ("relu", "step", "identity"), False),
    ],
)
def test_steps_on_their_jump_in_some_circuit(weights, biases, activations, in_doubt):
    """Whether rounding may decide the side of a step is asked of every circuit, not of the whole network alone."""
    network = eh.Network(weights, biases, activations)
    behavior = Behavior([[1.0, 1.0, 1.0]], [1.0], [[True]])
    assert steps_in_doubt(perfect(network, behavior)) == in_doubt


def test_ties_over_many_inputs():
    """Over more inputs than are counted at once, a circuit that is on the boundary when run alone is bracketed too."""
    network = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    points = np.array([[0.5, 1 + k / 100] for k in range(69)] + [[-2.0, 0.5]])
    for wanted in (True, False):
        behavior = Behavior.of_network(network, points)
        if wanted:
            behavior = Behavior(points, np.ones(70), np.ones((70, 1), bool))
        run = examine_circuits(network, behavior, 10**10)
        counted = count_circuits(resample_faithful(network, behavior))
        assert run.faithful == counted
        assert (run.faithful_minimal is None) == (not counted.certified)
        by_kind = count_by_ablation(network, behavior, 10**10, run)
        assert by_kind["resample"] == count_circuits(perfect(network, behavior, ablation="resample"))
        found = examine_circuits(network, behavior, 10**10, CircuitQuestions("resample"))
        assert found.perfect == by_kind["resample"]


def test_layers_too_wide_to_draw_from():
    network = eh.Network([np.ones((1, 70))], [[0.0]], ["identity"])
    behavior = Behavior(np.ones((1, 70)), [1.0], [[True]])
    with pytest.raises(
        eh.InputError, match="a layer has 70 neurons; circuits are drawn in networks of at most 62 neurons"
    ):
        estimate_circuits(perfect(network, behavior))
    found = examine_circuits(network, behavior, 10**10)
    assert found.estimate is None and "at most 62 neurons" in found.refused[1]
