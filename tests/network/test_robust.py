"""Robust circuits against grids over the boxes, and against the vertices of all their linear pieces."""

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.model.behavior import Behavior
from everyhow.model.circuit import Circuit
from everyhow.model.decision import decision_limits
from everyhow.model.model import RobustCount
from everyhow.network import robust
from everyhow.network.box_faults import fault_around
from everyhow.network.boxes import _reach, boxes_around
from everyhow.network.cells import settle_by_cells
from everyhow.network.radius import largest_radius
from everyhow.network.robust import robust_circuits, robust_count, robustness
from everyhow.verification import plain, plain_circuits

from ..conftest import reference
from ..plainly import all_circuits, as_circuit, plain_circuit
from ..strategies import CONTINUOUS, JUMPING, networks

RADII = st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 1.0])
# Those that boxes decide alone.
SMOOTH = [
    "gelu",
    "gelu_new",
    "silu",
    "hardswish",
    "tanh",
    "sigmoid:5",
    "sigmoid",
    "elu",
    "elu:0.3",
    "selu",
    "softplus",
    "softsign",
    "hardtanh",
    "hardsigmoid:1:0.3",
]
# Each status as the number that the kernels use.
NUMBER = {"refuted": -1, "undecided": 0, "proved": 1}


def some_circuits(network, most=8):
    """The whole circuit and others spread over the space."""
    every = all_circuits(network)
    return every[:: max(1, len(every) // most)]


def truth_table(network, decision="threshold"):
    """What the network decides at the corners; by rounding, an output that is no bit counts as 0."""
    points = assignments(network.widths[0])
    bits = plain.bits_of(plain.run(network, points)[-1], decision) == 1
    return Behavior(points, np.ones(len(points)), bits, decision=decision)


def sides(wanted, outputs, decision):
    """At each point: 1 where all outputs are right, -1 where one is wrong, 0 within 1e-8 of a boundary."""
    edges = [0.5] if decision == "threshold" else [-0.5, 0.5, 1.5]
    near = np.min([np.abs(outputs - edge) for edge in edges], axis=0) < 1e-8
    right = plain.bits_of(outputs, decision) == wanted
    return np.where(near, 0, np.where(right, 1, -1)).min(axis=1)


def grid(center, radius, steps):
    return np.array(list(itertools.product(*[np.linspace(c - radius, c + radius, steps) for c in center])))


def check_counterexample(network, circuit, behavior, radius, decision, wrong):
    """The input lies in its box, and the circuit run there decides what is said, which is not what is wanted."""
    assert (np.abs(wrong.point - behavior.points[wrong.corner]) <= radius + 1e-12).all()
    (outputs,) = plain.run(network, wrong.point[None], plain_circuit(circuit))[-1]
    bits = plain.bits_of(outputs, decision)
    decided = tuple(bool(bit) if bit in (0, 1) else None for bit in bits)
    assert decided == wrong.decided != tuple(behavior.wanted[wrong.corner].tolist())


@settings(max_examples=30)
@given(
    networks(inputs=(1, 3), outputs=(1, 2), most_circuits=400, among=CONTINUOUS),
    RADII,
    st.sampled_from(["threshold", "round"]),
)
def test_against_a_grid(network, radius, decision):
    """Nothing proved is contradicted on a grid, whatever the grid refutes is refuted, and what is shown is so."""
    behavior = truth_table(network, decision)
    for circuit, found in robust_circuits(network, some_circuits(network), behavior, radius):
        worst = 1
        for point, wanted in zip(behavior.points, behavior.wanted, strict=True):
            outputs = plain.run(network, grid(point, radius, 7), plain_circuit(circuit))[-1]
            worst = min(worst, sides(wanted, outputs, decision).min())
        assert found.status != "proved" or worst >= 0
        assert found.status == "refuted" or worst >= 0
        if found.status == "refuted":
            check_counterexample(network, circuit, behavior, radius, decision, found.counterexample)


@settings(max_examples=30)
@given(networks(inputs=(1, 2), hidden=(1, 2), most_circuits=200, among=["relu", *JUMPING]), RADII)
def test_jumps_against_a_grid(network, radius):
    """With neurons that jump nothing proved is contradicted on a grid that meets their jumps, and what is shown is so;
    what is refuted at the points themselves is refuted, but where biases of 1e-9 more or less decide."""
    behavior = truth_table(network)
    nudged = [replace(network, biases=tuple(b + s for b in network.biases)) for s in (-1e-9, 0.0, 1e-9)]
    for circuit, found in robust_circuits(network, some_circuits(network), behavior, radius, effort=500):
        for point, wanted in zip(behavior.points, behavior.wanted, strict=True):
            outputs = plain.run(network, grid(point, radius, 9), plain_circuit(circuit))[-1]
            worst = sides(wanted, outputs, "threshold")
            assert found.status != "proved" or worst.min() >= 0
            at_point = [plain.run(one, point[None], plain_circuit(circuit))[-1] for one in nudged]
            is_wrong = all(sides(wanted, each, "threshold")[0] < 0 for each in at_point)
            assert found.status == "refuted" or not is_wrong
        if found.status == "refuted":
            check_counterexample(network, circuit, behavior, radius, "threshold", found.counterexample)


def test_jumps():
    """A step of x - 0.6: robust around 0 and 1 up to where x reaches 0.6, and not beyond; a tie where it just does."""
    for name, weight, bias in (("step", 1.0, 0.0), ("sign", 0.5, 0.5)):
        network = eh.Network([[[1.0]], [[weight]]], [[-0.6], [bias]], [name, "identity"])
        found = {r: robustness(network, Circuit.whole(network), wanting(False, True), r) for r in (0, 0.39, 0.4, 0.41)}
        assert [one.status for one in found.values()] == ["proved", "proved", "undecided", "refuted"]
        assert found[0.41].counterexample.point[0] <= 0.6 and found[0.41].counterexample.corner == 1
        tied = eh.Network([[[1.0]], [[weight]]], [[-1.0], [bias]], [name, "identity"])
        assert robustness(tied, Circuit.whole(tied), wanting(False, points=[[1.0]]), 0).status == "undecided"


@given(networks(inputs=(1, 2), outputs=(2, 3), hidden=(0, 2), most_circuits=400, among=CONTINUOUS), RADII)
def test_argmax_against_a_grid(network, radius):
    """The same by argmax, where outputs are compared with each other; those closer than 1e-8 do not count."""
    network = eh.Network(network.weights, network.biases, (*network.activations[:-1], "identity"))
    points = assignments(network.widths[0])
    classes = plain.run(network, points)[-1].argmax(axis=1)
    behavior = Behavior(points, np.ones(len(points)), np.eye(network.widths[-1])[classes] == 1)
    for circuit, found in robust_circuits(network, some_circuits(network), behavior, radius):
        wrong, unclear = False, False
        for point, chosen in zip(points, classes, strict=True):
            outputs = plain.run(network, grid(point, radius, 7), plain_circuit(circuit))[-1]
            ahead = outputs[:, [chosen]] - np.delete(outputs, chosen, axis=1)
            wrong, unclear = wrong | (ahead < -1e-8).any(), unclear | (np.abs(ahead) <= 1e-8).any()
        assert found.status == "refuted" if wrong else found.status != "refuted" or unclear or radius > 0
        if found.status == "refuted":
            wrong = found.counterexample
            outputs = plain.run(network, wrong.point[None], plain_circuit(circuit))[-1][0]
            assert (np.abs(wrong.point - points[wrong.corner]) <= radius + 1e-12).all()
            assert outputs.argmax() == wrong.decided.index(True) != classes[wrong.corner]


def lines_of_neurons(network, circuit):
    """The linear functions (slopes, constant) that hidden pre-activations may be, for all signs of the neurons before
    them: shape (functions, features + 1)."""
    states, found = [np.eye(network.widths[0], network.widths[0] + 1)], []
    masked = [w * m for w, m in zip(network.weights, network.masks(circuit), strict=True)]
    for w, b, name in list(zip(masked, network.biases, network.activations, strict=True))[:-1]:
        received = [w @ state + np.outer(b, np.eye(state.shape[1])[-1]) for state in states]
        steepness = -float(plain.activate(name, np.array(-1.0)))
        signs = list(itertools.product([1.0, steepness], repeat=len(w)))
        states = [np.array(s)[:, None] * z for z in received for s in signs]
        found += received
    return np.concatenate(found)


def extremes(network, circuit, center, radius):
    """The least and greatest pre-activation of each output on a box, for piecewise-linear networks.

    They lie at vertices of linear pieces, and each vertex is where as many lines as there are inputs meet, lines being
    the sides of the box and those on which a neuron may change its sign. The circuit is run wherever such lines meet in
    the box.
    """
    features = len(center)
    box = np.concatenate([np.column_stack([np.eye(features), -(center + side)]) for side in (-radius, radius)])
    lines = np.unique(np.concatenate([box, lines_of_neurons(network, circuit)]).round(12), axis=0)
    chosen = np.array(list(itertools.combinations(lines, features)))
    chosen = chosen[np.abs(np.linalg.det(chosen[:, :, :-1])) > 1e-10]
    points = np.linalg.solve(chosen[:, :, :-1], -chosen[:, :, -1:])[:, :, 0]
    points = points[(np.abs(points - center) <= radius + 1e-9).all(axis=1)]
    points = np.clip(points, center - radius, center + radius)
    received = eh.Network(network.weights, network.biases, (*network.activations[:-1], "identity"))
    outputs = plain.run(received, np.vstack([points, center]), plain_circuit(circuit))[-1]
    return outputs.min(axis=0), outputs.max(axis=0)


def by_vertices(network, circuit, point, wanted, radius, decision):
    """1 when the circuit is right on the whole box, -1 when it is not, 0 when that is nearer than 1e-8."""
    status = 1
    for low, high, bit in zip(*extremes(network, circuit, point, radius), wanted, strict=True):
        inner, outer = (decision_limits(network.activations[-1], decision, bool(bit), slack) for slack in (-1e-8, 1e-8))
        if low < outer[0] or high > outer[1]:
            return -1
        if low < inner[0] or high > inner[1]:
            status = 0
    return status


@st.composite
def piecewise_linear(draw):
    """Networks of one or two inputs whose hidden activations are piecewise linear, steep or falling below 0 too."""
    drawn = draw(networks(inputs=(1, 2), outputs=(1, 2), hidden=(1, 2), most_circuits=400))
    hidden = [
        draw(st.sampled_from(["identity", "relu", "leaky_relu:0.3", "leaky_relu:2", "leaky_relu:-0.5"]))
        for _ in drawn.biases[1:]
    ]
    return eh.Network(drawn.weights, drawn.biases, (*hidden, drawn.activations[-1]))


@settings(max_examples=20)
@given(piecewise_linear(), RADII, st.sampled_from(["threshold", "round"]), st.booleans())
def test_against_all_vertices(network, radius, decision, by_cells):
    """Piecewise-linear circuits are decided as the vertices of their pieces are, by boxes with cells or by cells alone;
    only ties stay undecided."""
    behavior = truth_table(network, decision)
    boxes = boxes_around(network, behavior, radius)
    for circuit in some_circuits(network, most=4):
        expected = [
            by_vertices(network, circuit, point, wanted, radius, decision)
            for point, wanted in zip(behavior.points, behavior.wanted, strict=True)
        ]
        if by_cells:
            (weights,) = boxes.weights([circuit])
            demands = zip(boxes.centers, boxes.coefficients, boxes.certain, boxes.possible, strict=True)
            found = [
                settle_by_cells(boxes.wiring(), weights, p, boxes.reach, *asked, 10_000)[0] for p, *asked in demands
            ]
            assert all(e in (0, status) for e, status in zip(expected, found, strict=True))
        else:
            status = NUMBER[robustness(network, circuit, behavior, radius).status]
            assert min(expected) in (0, status)


def moved(network, by):
    """The network with its first output's bias raised."""
    last = network.biases[-1].copy()
    last[0] += by
    return eh.Network(network.weights, (*network.biases[:-1], last), network.activations)


@st.composite
def curved(draw, hidden):
    """A network of one or two inputs whose output is the pre-activation, and a box; all weights differ from 0."""
    inputs, widths = draw(st.integers(1, 2)), draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    sizes = [inputs, *widths, 1]
    network = eh.Network(
        [random.normal(size=(b, a)) * 1.5 for a, b in itertools.pairwise(sizes)],
        [random.normal(size=b) * 0.5 for b in sizes[1:]],
        [*(draw(st.sampled_from(hidden)) for _ in widths), "identity"],
    )
    return network, random.normal(size=inputs) * 0.5, draw(st.sampled_from([0.3, 1.0, 3.0]))


@settings(max_examples=30)
@given(curved(["relu", "leaky_relu:0.3", "leaky_relu:2", "leaky_relu:-1"]), st.booleans(), st.booleans())
def test_close_calls(drawn, wanted, by_cells):
    """With the boundary moved to just beside the exact extreme on a box, circuits fall on the right side, by boxes and
    cells or by cells alone."""
    network, center, radius = drawn
    circuit = Circuit.whole(network)
    low, high = extremes(network, circuit, center, radius)
    for right, distance in ((1, 1e-6), (-1, -1e-6), (0, 0.0)):
        by = 0.5 - low[0] + distance if wanted else 0.5 - high[0] - distance
        behavior = wanting(wanted, points=[center])
        boxes = boxes_around(moved(network, by), behavior, radius)
        if by_cells:
            asked = (boxes.coefficients[0], boxes.certain[0], boxes.possible[0])
            weights = boxes.weights([circuit])[0]
            assert settle_by_cells(boxes.wiring(), weights, center, boxes.reach, *asked, 10_000)[0] == right
        else:
            assert NUMBER[robustness(moved(network, by), circuit, behavior, radius).status] == right


@pytest.mark.parametrize("seed", [167, 173, 245, 380])
def test_cells_of_deep_networks(seed):
    """Close calls of three hidden layers, in which a neuron's sign is split before those of the neurons it depends on:
    one of its two cells would be too small if its lines were mixed up."""
    random = np.random.default_rng(seed)
    widths = [int(random.integers(2, 5)) for _ in range(int(random.integers(2, 4)))]
    sizes = [2, *widths, 1]
    weights = [random.normal(size=(b, a)) * 1.5 for a, b in itertools.pairwise(sizes)]
    biases = [random.normal(size=b) * 0.5 for b in sizes[1:]]
    hidden = [str(random.choice(["relu", "leaky_relu:0.3", "leaky_relu:2"])) for _ in widths]
    network = eh.Network(weights, biases, [*hidden, "identity"])
    center, radius, circuit = random.normal(size=2) * 0.5, random.choice([1.0, 3.0]), Circuit.whole(network)
    low, high = extremes(network, circuit, center, radius)
    for wanted, right in itertools.product([False, True], [1, -1]):
        distance = right * 1e-6
        by = 0.5 - low[0] + distance if wanted else 0.5 - high[0] - distance
        boxes = boxes_around(moved(network, by), wanting(wanted, points=[center]), radius)
        asked = (boxes.coefficients[0], boxes.certain[0], boxes.possible[0])
        weights = boxes.weights([circuit])[0]
        assert settle_by_cells(boxes.wiring(), weights, center, boxes.reach, *asked, 10_000)[0] == right


@settings(max_examples=80)
@given(curved(SMOOTH), st.booleans())
def test_close_calls_of_smooth_circuits(drawn, wanted):
    """The same by a fine grid, which comes near the extremes: the boundary 1% of the output's range to either side."""
    network, center, radius = drawn
    circuit, points = Circuit.whole(network), grid(center, radius, 101)
    outputs = plain.run(network, points)[-1]
    low, high = outputs.min(), outputs.max()
    assume(high > low)
    for right, distance in ((1, 0.01 * (high - low)), (-1, -0.01 * (high - low))):
        by = 0.5 - low + distance if wanted else 0.5 - high - distance
        found = robustness(moved(network, by), circuit, wanting(wanted, points=[center]), radius)
        assert NUMBER[found.status] == right


@given(st.integers(0, 999))
def test_rounding_is_covered(seed):
    """The ends of a pre-activation hold for the exact value of its sum, by fractions, also where terms cancel."""
    from everyhow.kernels.relaxation import no_lines, relax

    random = np.random.default_rng(seed)
    first, last = random.normal(size=(3, 6)) * 1e6, np.ones((1, 3))
    network = eh.Network([first, last], [np.zeros(3), [0.0]], ["identity", "identity"])
    center, radius = random.normal(size=6), random.choice([0.0, 0.1])
    boxes = boxes_around(network, wanting(False, points=[center]), radius)
    lines = no_lines(2, 6, 6)
    relax(
        boxes.wiring(),
        boxes.weights([Circuit.whole(network)])[0],
        center,
        boxes.reach,
        np.zeros((2, 6), np.int8),
        lines,
    )
    for row, (least, greatest) in zip(first, lines.ends[0], strict=False):
        exact = sum(Fraction(w) * Fraction(x) for w, x in zip(row, center, strict=True))
        spread = sum(abs(Fraction(w)) for w in row) * Fraction(radius)
        assert Fraction(least) <= exact - spread and exact + spread <= Fraction(greatest)


@given(networks(outputs=(1, 2), most_circuits=60), RADII, st.integers(0, 99), st.booleans())
def test_lines_enclose(network, radius, seed, signed):
    """Every neuron lies between its lines at random inputs of the box: those with the given signs, if any are given."""
    from everyhow.kernels.relaxation import no_lines, relax

    random = np.random.default_rng(seed)
    center = random.uniform(-1, 1, network.widths[0])
    boxes = boxes_around(network, Behavior(center[None], [1], np.zeros((1, network.widths[-1]))), radius)
    circuit = next(iter(some_circuits(network)), None)
    if circuit is None:
        return
    wiring, (weights,) = boxes.wiring(), boxes.weights([circuit])
    lines = no_lines(network.depth, max(network.widths), len(center))
    signs = np.zeros((network.depth, max(network.widths)), np.int8)
    if signed:
        signs[:-1] = random.integers(-1, 2, signs[:-1].shape)
    relax(wiring, weights, center, boxes.reach, signs, lines)
    deviations = random.uniform(-1, 1, (200, len(center))) * boxes.reach
    states = plain.run(network, center + deviations, plain_circuit(circuit))
    received = [
        state @ (w * m).T + b
        for state, w, m, b in zip(states[:-2], network.weights, network.masks(circuit), network.biases, strict=False)
    ]
    fits = np.ones(len(deviations), bool)
    for z, sign in zip(received, signs, strict=False):
        fits &= (z * sign[: z.shape[1]] >= 0).all(axis=1)
    for layer, (z, state) in enumerate(zip(received, states[1:-1], strict=True)):
        for j in range(z.shape[1]):
            for values, (below, above) in ((z, lines.received[layer, j]), (state, lines.carried[layer + 1, j])):
                low, high = (deviations @ line[:-1] + line[-1] for line in (below, above))
                # What a neuron carries is widened only where it is received.
                assert (low - 1e-13 <= values[:, j])[fits].all() and (values[:, j] <= high + 1e-13)[fits].all()
            least, greatest = lines.ends[layer, j]
            assert (least <= z[fits, j]).all() and (z[fits, j] <= greatest).all()


@given(networks(outputs=(1, 2), most_circuits=300, among=CONTINUOUS), st.sampled_from(["threshold", "round"]))
def test_radius_0_is_perfect(network, decision):
    """At radius 0 the robust circuits are the perfect ones; those undecided lie on a boundary."""
    behavior = truth_table(network, decision)
    expected = plain_circuits.perfect_circuits(network, behavior.points, behavior.wanted, decision)
    known = {as_circuit(network, circuit) for circuit in expected}
    circuits = all_circuits(network)
    for circuit, found in robust_circuits(network, circuits, behavior, 0):
        if found.status == "undecided":
            outputs = plain.run(network, behavior.points, plain_circuit(circuit))[-1]
            assert sides(behavior.wanted, outputs, decision).min() <= 0
        else:
            assert (found.status == "proved") == (circuit in known)


@pytest.mark.parametrize(
    "name", ["xor-2-2-2-1-seed2", "xornet", "xor-2-3-3-1-seed0", "authors-noise-xor-2-3-3-1-seed0"]
)
def test_reference_networks(name):
    """All circuits of a reference network: as many are robust at radius 0 as are perfect, and ever fewer further out;
    all are decided, as the vertices are."""
    _, network = reference(name)
    behavior = truth_table(network)
    every = all_circuits(network)
    perfect = list(eh.circuits(network))
    assert robust_count(network, every, behavior, 0).between == (len(perfect), len(perfect))
    left = perfect
    for radius in (0.02, 0.05, 0.1, 0.2, 0.4):
        statuses = dict(robust_circuits(network, perfect, behavior, radius))
        assert all(found.status != "undecided" for found in statuses.values())
        proved = [circuit for circuit in perfect if statuses[circuit].status == "proved"]
        assert set(proved) <= set(left)
        left = proved
        if name != "xornet":
            for circuit in perfect[:: max(1, len(perfect) // 8)]:
                expected = [
                    by_vertices(network, circuit, point, wanted, radius, "threshold")
                    for point, wanted in zip(behavior.points, behavior.wanted, strict=True)
                ]
                assert min(expected) == NUMBER[statuses[circuit].status]


def test_exact_counts():
    """The numbers of robust circuits of one reference network, and the order in which circuits come back."""
    _, network = reference("xor-2-3-3-1-seed0")
    perfect = list(eh.circuits(network))
    assert robust_count(network, perfect, truth_table(network), 0.1) == RobustCount(32, 88, 0)
    assert [circuit for circuit, _ in robust_circuits(network, iter(perfect), truth_table(network), 0.1)] == perfect


def line(weight, bias=0.0, *hidden):
    """x -> weight * x + bias, through hidden neurons of the activations given."""
    ones = [np.ones((1, 1))] * len(hidden)
    return eh.Network([*ones, [[weight]]], [*([0.0] for _ in hidden), [bias]], [*hidden, "identity"])


def wanting(*bits, points=None):
    points = np.arange(len(bits))[:, None] if points is None else points
    return Behavior(points, np.ones(len(bits)), np.array(bits, bool).reshape(len(bits), -1))


@pytest.mark.parametrize("hidden", [(), ("relu",), ("leaky_relu", "identity"), ("leaky_relu:3",)])
def test_ties_are_undecided(hidden):
    """An output that just reaches 0.5 is undecided, wherever the boundary's own side is; less or more is not."""
    network = line(1.0, 0.0, *hidden)
    for behavior in (wanting(False, True), wanting(False), wanting(True, points=[[1.0]])):
        found = {r: robustness(network, Circuit.whole(network), behavior, r).status for r in (0.4999, 0.5, 0.5001)}
        assert found == {0.4999: "proved", 0.5: "undecided", 0.5001: "refuted"}
    assert robust_count(network, [Circuit.whole(network)], wanting(False, True), 0.5).between == (0, 1)
    assert not robust_count(network, [Circuit.whole(network)], wanting(False, True), 0.5).certified


@pytest.mark.parametrize("wanted", [False, True])
def test_what_is_a_tie(wanted):
    """An output within 1e-9 of the boundary is on neither side for certain; one further off is."""
    by_distance = {}
    for distance in (-2e-9, -5e-10, 0.0, 5e-10, 2e-9):
        network = line(1.0, 0.5 + (distance if wanted else -distance))
        found = robustness(network, Circuit.whole(network), wanting(wanted, points=[[0.0]]), 0.0)
        by_distance[distance] = NUMBER[found.status]
    assert list(by_distance.values()) == [-1, 0, 0, 0, 1]


def test_ties_along_an_edge():
    """|x| + |y| around (0, 0): a tie at isolated corners and one along the kinks of neurons, found by cells."""
    network = eh.Network(
        [[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1.0, 1, 1, 1]]], [np.zeros(4), [0.0]], ["relu", "identity"]
    )
    circuit, at_0 = Circuit.whole(network), wanting(False, points=[[0.0, 0.0]])
    assert [robustness(network, circuit, at_0, r).status for r in (0.2499, 0.25, 0.2501)] == [
        "proved", "undecided", "refuted",
    ]  # fmt: skip
    lifted = eh.Network(network.weights, (network.biases[0], [0.5]), network.activations)
    at_1 = wanting(True, points=[[1.0, 1.0]])
    assert [robustness(lifted, circuit, at_1, r).status for r in (0.9999, 1.0, 1.5)] == [
        "proved",
        "undecided",
        "undecided",
    ]


def test_margin():
    """How far the output stays from the boundary: x around 1 by 0.2 stays 0.3 above 0.5, less the 1e-9 kept clear."""
    network = line(1.0)
    assert robustness(network, Circuit.whole(network), wanting(True, points=[[1.0]]), 0.2).margin == pytest.approx(0.3)


def test_effort():
    """With too little effort a circuit stays undecided, which is said; with enough it does not."""
    network = eh.Network([[[1.0], [1.0]], [[1.0, -1.0]]], [np.zeros(2), [0.0]], ["tanh", "identity"])
    behavior, circuit = wanting(False, points=[[0.0]]), Circuit.whole(network)
    assert robustness(network, circuit, behavior, 2, effort=1).status == "undecided"
    assert robustness(network, circuit, behavior, 2).status == "proved"
    assert robustness(network, circuit, wanting(True, points=[[0.0]]), 2, effort=1).status == "refuted"


def test_cells_take_over(monkeypatch):
    """With no boxes at all, cells decide everything, and alike."""
    _, network = reference("xor-2-3-3-1-seed0")
    circuits = list(eh.circuits(network))[::10]
    usual = [found.status for _, found in robust_circuits(network, circuits, truth_table(network), 0.1)]
    monkeypatch.setattr(robust, "BEFORE_CELLS", 0)
    by_cells = list(robust_circuits(network, circuits, truth_table(network), 0.1))
    assert usual == [found.status for _, found in by_cells] and len(set(usual)) == 2
    for circuit, found in by_cells:
        if found.counterexample is not None:
            check_counterexample(network, circuit, truth_table(network), 0.1, "threshold", found.counterexample)


def test_many_inputs_and_points():
    """One layer of 64 inputs at 2,000 points: the least output on a box is the center's less radius times the sum of
    absolute weights, so that each point alone can be checked."""
    random = np.random.default_rng(0)
    weights, points = random.normal(size=(1, 64)), random.normal(size=(2000, 64))
    network = eh.Network([weights], [[0.5]], ["identity"])
    values = (points @ weights.T)[:, 0]
    behavior = Behavior(points, np.ones(2000), (values > 0)[:, None])
    largest = np.abs(values).min() / np.abs(weights).sum()
    circuit = Circuit.whole(network)
    assert robustness(network, circuit, behavior, largest * 0.999).status == "proved"
    found = robustness(network, circuit, behavior, largest * 1.001)
    assert found.status == "refuted" and found.counterexample.corner == np.abs(values).argmin()


def test_wide_networks():
    """A hidden layer on 20 inputs, by sampling: what is proved holds, and some are proved and some refuted."""
    random = np.random.default_rng(1)
    network = eh.Network(
        [random.normal(size=(8, 20)) / 4, random.normal(size=(6, 8)) / 2, random.normal(size=(1, 6))],
        [np.zeros(8), np.zeros(6), [0.5]],
        ["relu", "relu", "identity"],
    )
    circuit, statuses = Circuit.whole(network), set()
    for point in random.normal(size=(30, 20)):
        behavior = Behavior.of_network(network, point[None])
        found = robustness(network, circuit, behavior, 0.06)
        statuses.add(found.status)
        if found.status == "proved":
            outputs = network.run(point + 0.06 * random.choice([-1, 1], (2000, 20)))
            assert ((outputs > 0.5) == behavior.wanted).all()
        else:
            check_counterexample(network, circuit, behavior, 0.06, "threshold", found.counterexample)
    assert statuses == {"proved", "refuted"}


def test_a_radius_for_each_input():
    """An input that must be right has radius 0, and only the other one moves."""
    network = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    circuit, behavior = Circuit.whole(network), wanting(False, points=[[0.0, 0.0]])
    assert robustness(network, circuit, behavior, (0.4, 0.0)).status == "proved"
    assert robustness(network, circuit, behavior, 0.4).status == "refuted"
    assert str(fault_around(network, circuit, behavior, (0.4, 0.2))).endswith(
        "in the box of (0.4, 0.2) around input 1, it decides 1"
    )


def test_weights_too_large():
    """Sums beyond float64 prove nothing and refute nothing."""
    network = eh.Network([[[1e308], [1e308]], [[1e308, -1e308]]], [[0.0, 0.0], [0.0]], ["relu", "identity"])
    assert robustness(network, Circuit.whole(network), wanting(False, points=[[1.0]]), 0.1).status == "undecided"


def test_faults():
    """The input shown has few digits, decides what is said, and no fault is told of a robust circuit."""
    network = eh.xornet()
    behavior, circuit = truth_table(network), Circuit.whole(network)
    assert fault_around(network, circuit, behavior, 0.22) is None
    fault = fault_around(network, circuit, behavior, 0.3)
    assert str(fault) == "at (0.3, 1.3), in the box of 0.3 around 01, it decides 0"
    assert str(fault.experiment) == "on input (0.3, 1.3): 1 is wanted, the circuit says 0"
    assert plain.run(network, [[0.3, 1.3]])[-1][0, 0] <= 0.5


def test_faults_elsewhere():
    """Outputs that are no bit, several outputs, data points and many inputs have texts of their own."""
    doubled = line(2.0)
    fault = fault_around(doubled, Circuit.whole(doubled), replace(wanting(True, points=[[0.6]]), decision="round"), 0.2)
    assert (
        str(fault) == "at (0.8), in the box of 0.2 around input 1, its output is not a bit" and fault.experiment is None
    )
    both = eh.Network([[[1.0], [-1.0]]], [[0.0, 1.0]], ["identity"])
    fault = fault_around(both, Circuit.whole(both), replace(wanting((0, 1), (1, 0)), decision="threshold"), 0.75)
    assert str(fault) == "at (0.75), in the box of 0.75 around 0, it decides 10"
    wide = eh.Network([np.ones((1, 8))], [[0.0]], ["identity"])
    fault = fault_around(wide, Circuit.whole(wide), wanting(False, points=[[0.0] * 8]), 0.1)
    assert str(fault) == "at an input, in the box of 0.1 around input 1, it decides 1"


def test_classes():
    """By argmax: x against 1 - x turns at 0.5, where both are equal; the fault names the class."""
    network = eh.Network([[[1.0], [-1.0]]], [[0.0, 1.0]], ["identity"])
    circuit, behavior = Circuit.whole(network), wanting((0, 1), (1, 0))
    found = {r: robustness(network, circuit, behavior, r).status for r in (0.4999, 0.5, 0.5001)}
    assert found == {0.4999: "proved", 0.5: "undecided", 0.5001: "refuted"}
    text = "at (0.6), in the box of 0.6 around 0, it decides class 0"
    assert str(fault_around(network, circuit, behavior, 0.6)) == text


def test_largest_radius():
    """Of the analytic network by a fine search on the boxes' corners; of ties, imperfect circuits and constants."""
    network = eh.xornet()
    found = largest_radius(network, Circuit.whole(network), truth_table(network))
    corners = np.array(list(itertools.product([-1, 1], repeat=2)))
    radii = np.arange(0.2, 0.3, 1e-4)
    wrong = [
        ((plain.run(network, p + r * corners)[-1] > 0.5) != w).any()
        for r in radii
        for p, w in [*zip(assignments(2), [False, True, True, False], strict=True)]
    ]
    first = radii[np.array(wrong).reshape(len(radii), 4).any(axis=1).argmax()]
    assert found.refuted - found.proved <= 1e-4 and abs(found.proved - first) < 2e-4
    assert str(found) == "robust up to 0.228, not at 0.2281"
    behavior = truth_table(network)
    check_counterexample(network, Circuit.whole(network), behavior, found.refuted, "threshold", found.counterexample)

    half = line(1.0)
    tied = largest_radius(half, Circuit.whole(half), wanting(False, True), tolerance=1e-6)
    assert tied.proved == pytest.approx(0.5, abs=1e-6) and tied.refuted == pytest.approx(0.5, abs=1e-6)
    wrong = largest_radius(half, Circuit.whole(half), wanting(True, True))
    assert (wrong.proved, wrong.refuted, str(wrong)) == (None, 0.0, "not robust even at radius 0")
    halfway = eh.Network([[[1.0], [1.0]], [[1.0, -1.0]]], [np.zeros(2), [0.5]], ["identity", "identity"])
    tied = largest_radius(halfway, Circuit.whole(halfway), wanting(True, True))
    assert (tied.proved, tied.refuted, str(tied)) == (None, math.inf, "not known to be robust even at radius 0")
    constant = eh.Network([[[1.0]], [[1.0]]], [[0.0], [1.0]], ["relu", "identity"])
    always = largest_radius(constant, Circuit.whole(constant), wanting(True, True))
    assert always.proved == 2.0**20 and always.refuted == math.inf and always.counterexample is None
    assert str(always) == "robust up to 1.049e+06"


def test_bad_input():
    """Each error names what was found and what is allowed."""
    network = eh.xornet()
    circuit, behavior = Circuit.whole(network), truth_table(network)
    cases = [
        ({"radius": -0.1}, "the radius is -0.1; it must be finite and at least 0"),
        ({"radius": math.nan}, "the radius is nan; it must be finite and at least 0"),
        ({"radius": (1, 2, 3)}, "the radius has shape (3,); give one number for all inputs, or 2, one for each input"),
        ({"effort": 0}, "the effort is 0; at least 1 box must be looked at"),
        (
            {"behavior": replace(behavior, epsilon=0.1)},
            "robust circuits decide right at every input of a box: give a behavior without epsilon and within",
        ),
        (
            {"behavior": wanting(True, False)},
            "the behavior has points of 1 inputs and 1 wanted bits each; the network has 2 inputs and 1 outputs",
        ),
        (
            {"circuit": Circuit.of_edges((2, 1), [(1, 0, 0), (1, 0, 1)])},
            "the circuit belongs to a 2-1 network, not to a 2-3-1 one",
        ),
        (
            {"circuit": Circuit.of_edges((2, 3, 1), [(1, 0, 1), (2, 0, 0)])},
            "edge (1, 0, 1) has weight 0 in this network, so it is not an edge of it",
        ),
    ]
    for changed, message in cases:
        with pytest.raises(eh.InputError) as error:
            robustness(**{"network": network, "circuit": circuit, "behavior": behavior, "radius": 0.1, **changed})
        assert str(error.value) == message
    with pytest.raises(
        eh.InputError, match="the radius 'wide' is not a number; give one number, or one for each input"
    ):
        _reach("wide", 2)
    with pytest.raises(eh.InputError, match=r"the tolerance is -0\.1; it must be above 0"):
        largest_radius(network, circuit, behavior, tolerance=-0.1)


def test_an_output_that_steps_is_wrong_at_its_jump():
    """A step of 0 is 0: amid no other edges the output receives 0 where 1 is wanted."""
    weights, biases = (np.array([[-2.0, -2.0], [-2.0, -2.0]]), np.array([[-2.0, 0.5]])), (np.array([-2.0, 0.5]), [0.0])
    network = eh.Network(weights, biases, ("relu", "step"))
    behavior = truth_table(network)
    assert behavior.wanted[:, 0].tolist() == [True, False, False, False]
    one = Circuit.of_edges(network.graph, [(1, 0, 0), (2, 0, 0)])
    assert network.run_circuit(behavior.points[:1], one)[-1].tolist() == [[0.0]]
    assert robustness(network, one, behavior, 0.0).status == "refuted"
