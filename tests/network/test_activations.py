"""Activations against PyTorch's own, at every level, and between the lines that enclose them."""

import itertools
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.model.activations import activation
from everyhow.model.decision import decide, decision_limits
from everyhow.verification import plain

from ..strategies import ACTIVATIONS, CONTINUOUS, DIPPING, TWO_SIDED

torch = pytest.importorskip("torch")
functional = torch.nn.functional

TORCH = {
    "identity": lambda x: x, "relu": torch.relu, "leaky_relu": functional.leaky_relu, "tanh": torch.tanh,
    "leaky_relu:0.3": lambda x: functional.leaky_relu(x, 0.3), "leaky_relu:2": lambda x: functional.leaky_relu(x, 2.0),
    "leaky_relu:-0.5": lambda x: functional.prelu(x, torch.tensor([-0.5], dtype=x.dtype)), "sigmoid": torch.sigmoid,
    "sigmoid:25": lambda x: torch.sigmoid(25 * x), "elu": functional.elu, "elu:0.3": lambda x: functional.elu(x, 0.3),
    "selu": functional.selu, "softplus": functional.softplus, "softplus:3": lambda x: functional.softplus(x, 3.0),
    "hardtanh": functional.hardtanh, "hardtanh:-0.5:2": lambda x: functional.hardtanh(x, -0.5, 2.0),
    "relu6": functional.relu6, "hardsigmoid": functional.hardsigmoid, "softsign": functional.softsign,
    "hardsigmoid:0.2:0.5": lambda x: torch.clamp(0.2 * x + 0.5, 0, 1), "sign": torch.sign,
    "step": lambda x: (x > 0).to(x.dtype), "gelu": functional.gelu, "silu": functional.silu,
    "gelu_new": lambda x: functional.gelu(x, approximate="tanh"), "hardswish": functional.hardswish,
}  # fmt: skip
# Kinks, ends, what is next to them, and what is far away.
SPECIAL = [0.0, 5e-324, 1e-12, 0.5, 1.0, 2.0, 2.5, 3.0, 6.0, 6.7, 19.9, 20.0, 20.1, 37.5, 88.0, 100.0, 700.0, 1e6]
POINTS = np.unique([*np.linspace(-12, 12, 4001), *SPECIAL, *np.negative(SPECIAL), *np.nextafter(SPECIAL, -1)])
LEVELS = [0.5, 0.0, 1.0, -0.3, -1e-9, 0.25, 0.5 - 1e-9, 0.5 + 1e-9, 1e-9, 1.5, 6.0, 5.9, 0.9999999, 2.0, 30.0]
KIND = {torch.float64: 2.0**-52, torch.float32: 2.0**-23}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("kind", list(KIND))
def test_as_torch_has_them(name, kind):
    """Values are PyTorch's, in both precisions, within what rounding is allowed; and those of the slow version."""
    given_ = torch.from_numpy(POINTS).to(kind)
    expected, points = TORCH[name](given_).double().numpy(), given_.double().numpy()
    function = activation(name)
    values = function(points)
    allowed = function.rounding(values, KIND[kind]) + 1e-37
    assert (np.abs(values - expected) <= allowed).all()
    assert np.max(allowed / (1 + np.abs(values))) < 40 * KIND[kind] + (2e-8 if "softplus" in name else 0)
    slow = plain.activate(name, points)
    np.testing.assert_allclose(values, slow, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_kernels_have_them_alike(name):
    """The compiled function gives the same values, NaN and infinities included, and the same side at exact zeros."""
    from everyhow.kernels.activation import activate

    function = activation(name)
    parameters = np.array(function.parameters)
    points = np.array([*POINTS, -0.0, math.inf, -math.inf, math.nan])
    compiled = np.array([activate(function.code, parameters, z) for z in points])
    np.testing.assert_allclose(compiled, function(points), rtol=1e-14, atol=1e-15)
    assert np.isnan(function(np.array(math.nan)))


def test_exact_values():
    """Jumps, kinks and ends by hand; nothing is between."""
    z = np.array([-7.0, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, 7.0])
    expected = {
        "step": [0, 0, 0, 0, 0, 1, 1, 1], "sign": [-1, -1, -1, 0, 0, 1, 1, 1], "relu6": [0, 0, 0, 0, 0, 5e-324, 1, 6],
        "hardtanh": [-1, -1, -5e-324, 0, 0, 5e-324, 1, 1], "hardtanh:2:3": [2, 2, 2, 2, 2, 2, 2, 3],
        "hardsigmoid:1:0": [0, 0, 0, 0, 0, 5e-324, 1, 1], "hardswish": [0, -1 / 3, 0, 0, 0, 0, 2 / 3, 7],
        "leaky_relu:-2": [14, 2, 1e-323, 0, 0, 5e-324, 1, 7], "elu:0": [0, 0, 0, 0, 0, 5e-324, 1, 7],
        "softsign": [-7 / 8, -0.5, -5e-324, 0, 0, 5e-324, 0.5, 7 / 8],
    }  # fmt: skip
    for name, values in expected.items():
        np.testing.assert_allclose(activation(name)(z), values, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_at_extremes(name):
    """Huge inputs give finite values or infinities of the right sign, never NaN, and no warning; monotone ones rise."""
    with np.errstate(over="raise", invalid="raise"):
        values = activation(name)(np.array([-1e6, -700.0, 0.0, 700.0, 1e6]))
    assert np.isfinite(values).all()
    rises = (np.diff(activation(name)(POINTS)) >= 0).all()
    assert rises == activation(name).is_monotone == (name not in DIPPING + TWO_SIDED)


def decidable(name, level):
    """Whether what a function exceeds a level at is everything beyond one number, by looking at many points."""
    above = activation(name)(POINTS) > level
    return (np.diff(above.astype(int)) >= 0).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("level", LEVELS)
def test_crossing_is_exact(name, level):
    """The function does not exceed the level up to the crossing, to the last bit, and does right beyond it."""
    function = activation(name)
    if not decidable(name, level):
        assert name in DIPPING + TWO_SIDED
        with pytest.raises(
            eh.InputError, match=rf"cannot be decided at {level:.10g}.*{name}, falls and rises again.*never"
        ):
            function.crossing(level)
        return
    crossing = function.crossing(level)
    assert ((function(POINTS) > level) == (crossing < POINTS)).all()
    if math.isfinite(crossing):
        assert function(np.array(crossing)) <= level < function(np.nextafter(crossing, math.inf))


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(level=st.floats(-2, 2), z=st.floats(-30, 30))
def test_crossing(name, level, z):
    """An activation exceeds a level exactly beyond its crossing; by rounding of smooth ones, but for close calls."""
    function = activation(name)
    assume(decidable(name, level))
    crossing = function.crossing(level)
    if abs(z - crossing) > 1e-6 * max(1, abs(z)) and abs(function(np.array(z)) - level) > 1e-9:
        assert (function(np.array(z)) > level) == (z > crossing)


EXACT_CROSSINGS = [
    ("relu", 0, 0.0), ("relu", -1e-300, -math.inf), ("relu", 0.3, 0.3), ("leaky_relu:0.5", -0.25, -0.5),
    ("leaky_relu:2", -0.5, -0.25), ("leaky_relu:0", -1, -math.inf), ("step", -1e-9, -math.inf), ("step", 0, 0.0),
    ("step", 0.5, 0.0), ("step", 1 - 1e-9, 0.0), ("step", 1, math.inf), ("sign", -1.1, -math.inf),
    ("sign", -1, -5e-324), ("sign", -1e-9, -5e-324), ("sign", 0, 0.0), ("sign", 0.99, 0.0), ("sign", 1, math.inf),
    ("hardtanh", -1.5, -math.inf), ("hardtanh", -1, -1.0), ("hardtanh", -0.3, -0.3), ("hardtanh", 1, math.inf),
    ("hardtanh:0.25:4", 0.2, -math.inf), ("hardtanh:0.25:4", 0.25, 0.25), ("relu6", 5.5, 5.5), ("relu6", 6, math.inf),
    ("hardsigmoid:1:0", 0.5, 0.5), ("hardsigmoid:1:0", 0, 0.0), ("hardsigmoid:1:0", 1, math.inf),
    ("elu", 0, 0.0), ("elu", 0.5, 0.5), ("elu", -1.0001, -math.inf), ("elu:0", -1e-9, -math.inf), ("tanh", 1, math.inf),
    ("tanh", -1.5, -math.inf), ("sigmoid", 1, math.inf), ("sigmoid", -1e-9, -math.inf), ("softplus", -1e-9, -math.inf),
    ("softsign", 0.5, 1.0), ("softsign", 1, math.inf), ("gelu", -0.17, -math.inf), ("silu", -0.3, -math.inf),
    ("hardswish", -0.38, -math.inf), ("hardswish", 3, 3.0), ("leaky_relu:-0.5", -1e-9, -math.inf),
]  # fmt: skip


@pytest.mark.parametrize(("name", "level", "expected"), EXACT_CROSSINGS)
def test_crossings_by_hand(name, level, expected):
    """At flat parts, jumps and ends."""
    assert activation(name).crossing(level) == expected


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in TWO_SIDED])
@given(z=st.one_of(st.floats(-60, 60), st.sampled_from(SPECIAL)), bit=st.booleans())
def test_decisions_at_flat_parts(name, z, bit):
    """By threshold, also at ties, a pre-activation is within limits exactly when its output is read as the bit."""
    output = activation(name)(np.array(z))
    low, high = decision_limits(name, "threshold", bit, 0.0)
    if output == 0.5 or abs(output - 0.5) > 1e-12:
        assert bool(decide(output, "threshold", 0.5)[0] == bit) == (low < z <= high)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(z=st.floats(-40, 40), error=st.sampled_from([1e-9, 1e-3, 0.1, 2.0]), share=st.floats(-1, 1))
def test_errors_are_passed_on(name, z, error, share):
    """Two inputs that differ by no more than the error have outputs that differ by no more than is said."""
    function = activation(name)
    other = z + share * error * (1 - 1e-12)
    apart = abs(function(np.array(other)) - function(np.array(z)))
    moved = function.moved(np.array([z]), np.array([error]))[0]
    assert apart <= moved * (1 + 1e-9) + 1e-13 * (1 + abs(z))
    slope = function.steepest(np.array([z]), np.array([error]))[0]
    assert apart <= slope * error + 1e-9 or math.isinf(slope)


def test_jumps_pass_on_what_they_can():
    """Within the error of a jump an output may be off by all of it, elsewhere by nothing; slopes are infinite there."""
    values, error = np.array([-1.0, -0.1, 0.0, 0.1, 1.0]), np.full(5, 0.1)
    assert activation("step").moved(values, error).tolist() == [0, 1, 1, 1, 0]
    assert activation("sign").moved(values, error).tolist() == [0, 2, 2, 2, 0]
    assert activation("sign").steepest(values, error).tolist() == [0, math.inf, math.inf, math.inf, 0]


def pieces(name):
    """Slopes and heights of a piecewise-linear function, in their order, as fractions, and where the kinks are."""
    kind, *numbers = name.split(":")
    numbers = [Fraction(float(n)) for n in numbers]
    if kind == "leaky_relu":
        return [(numbers[0], Fraction(0)), (Fraction(1), Fraction(0))], [Fraction(0)]
    slope, shift = numbers if kind == "hardsigmoid" else (Fraction(1), Fraction(0))
    low, high = numbers if kind == "hardtanh" else (Fraction(0), Fraction(1))
    kinks = [(low - shift) / slope, (high - shift) / slope]
    return [(Fraction(0), low), (slope, shift), (Fraction(0), high)], kinks


def exactly(name, z):
    parts, kinks = pieces(name)
    slope, height = parts[sum(z > kink for kink in kinks)]
    return slope * z + height


ENDS = st.one_of(st.floats(-9, 9), st.floats(-1e6, 1e6), st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 6.0]))
SPANS = st.one_of(st.floats(0, 10), st.sampled_from([0.0, 1e-300, 1e-15, 1e-9, 1e-3, 1.0, 1e3, 1e6]))
NUMBERS = st.floats(-4, 4).map(lambda x: round(x, 3))


@st.composite
def piecewise(draw):
    kind = draw(st.sampled_from(["leaky_relu", "hardtanh", "hardsigmoid"]))
    first, second = draw(NUMBERS), draw(NUMBERS)
    if kind == "leaky_relu":
        return f"leaky_relu:{first}"
    if kind == "hardtanh":
        assume(first != second)
        return f"hardtanh:{min(first, second)}:{max(first, second)}"
    assume(first)
    return f"hardsigmoid:{abs(first)}:{second}"


def lines(name, low, high):
    """The lines below and above a function on an interval, and how far they are widened where they are used."""
    from everyhow.kernels.relaxation import ROUNDING, enclose, magnitude

    function = activation(name)
    parameters = np.array(function.parameters)
    found = enclose(function.code, parameters, low, high)
    below, at_below, above, at_above = found
    scale = max(abs(below), abs(above)) * max(abs(low), abs(high)) + max(abs(at_below), abs(at_above))
    return found, ROUNDING * (scale + magnitude(function.code, parameters))


@settings(max_examples=200)
@given(piecewise(), ENDS, SPANS)
def test_lines_enclose_pieces(name, low, span):
    """In exact fractions, at the ends of the interval and at the kinks within it, between which all is linear; and
    where the function is linear, both lines are it."""
    high = low + span
    (below, at_below, above, at_above), widened = lines(name, low, high)
    widened = Fraction(widened)
    _, kinks = pieces(name)
    inside = [kink for kink in kinks if low < kink < high]
    for z in [Fraction(low), Fraction(high), *inside]:
        value = exactly(name, z)
        assert Fraction(below) * z + Fraction(at_below) <= value + widened
        assert value <= Fraction(above) * z + Fraction(at_above) + widened
        if not inside and span > 1e-9:
            assert abs(Fraction(below) * z + Fraction(at_below) - value) <= widened
            assert abs(Fraction(above) * z + Fraction(at_above) - value) <= widened


def check_lines(name, low, high):
    """On a dense grid, and at whatever is special, the slow function is between the lines."""
    (below, at_below, above, at_above), widened = lines(name, low, high)
    z = np.concatenate([np.linspace(low, high, 301), POINTS[(low <= POINTS) & (high >= POINTS)]])
    values = plain.activate(name, z)
    # The slow version loses more where it takes differences.
    widened += 1e-14 * (1 + np.abs(values))
    assert (below * z + at_below <= values + widened).all()
    assert (values <= above * z + at_above + widened).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(low=ENDS, span=SPANS)
def test_lines_enclose(name, low, span):
    """On intervals of all sizes anywhere."""
    check_lines(name, low, low + span)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_lines_enclose_what_is_special(name):
    """On all intervals between kinks, dips and numbers beside 0."""
    ends = [-40.0, -6.0, -3.0, -1.5, -1.42, -1.0, -0.1, -1e-9, 0.0, 1e-9, 0.1, 1.0, 2.0, 3.0, 6.0, 40.0]
    for low, high in itertools.combinations_with_replacement(ends, 2):
        check_lines(name, low, high)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_lines_come_close(name):
    """Where the function is smooth the lines close in with the square of the interval, so that halving soon decides."""
    for middle in (-2.2, 0.7, 1.3):
        gaps = []
        for reach in (0.02, 0.01):
            (below, at_below, above, at_above), _ = lines(name, middle - reach, middle + reach)
            gaps.append(max((above - below) * z + at_above - at_below for z in (middle - reach, middle + reach)))
        assert gaps[1] <= gaps[0] / 3.5 + 1e-12 and gaps[0] <= 30 * 0.02**2 * (25 if name == "sigmoid:25" else 1)


def test_lines_of_jumps():
    """Within a jump everything between is possible, beside it nothing; at 0 a step is 0."""
    for name, lowest in (("step", 0.0), ("sign", -1.0)):
        for ends, expected in {
            (1e-9, 1.0): (1, 1), (-1.0, -1e-9): (lowest, lowest), (-1.0, 1.0): (lowest, 1), (0.0, 0.0): (0, 0),
            (0.0, 1.0): (0, 1), (-1.0, 0.0): (lowest, 0),
        }.items():  # fmt: skip
            assert lines(name, *ends)[0] == (0.0, expected[0], 0.0, expected[1])


MESSAGES = [
    ("LeakyReLU", r"unknown activation 'LeakyReLU'; did you mean leaky_relu\?; allowed: identity, relu, tanh, gelu, "),
    ("LeakyReLU:0.2", r"did you mean leaky_relu:0.2\?"), ("nn.LeakyReLU(0.2)", r"did you mean leaky_relu\?"),
    ("PReLU", r"did you mean leaky_relu\?"), ("ReLU", r"did you mean relu\?"), ("swish", r"did you mean silu\?"),
    ("logistic", r"did you mean sigmoid\?"), ("linear", r"did you mean identity\?"),
    ("None", r"did you mean identity\?"),
    ("GELU(approximate='tanh')", r"did you mean gelu_new\?"), ("GELU(approximate='none')", r"did you mean gelu\?"),
    ("hard_sigmoid", r"did you mean hardsigmoid\?"), ("heaviside", r"did you mean step\?"),
    ("mish", "unknown activation 'mish'; allowed: identity, .*hardtanh, hardtanh:LOW:HIGH, hardsigmoid, hards"),
    ("logsigmoid", "unknown activation 'logsigmoid'; allowed"), ("relu:1", "unknown activation 'relu:1'"),
    ("leaky_relu:inf", "'leaky_relu:inf': what follows the colon must be a finite number; allowed: "),
    ("leaky_relu:", "what follows the colon must be a finite number"), ("elu:-1", "must be a number of at least 0"),
    ("sigmoid:1:2", "must be a number above 0"), ("softplus:0", "what follows the colon must be a number above 0"),
    ("hardtanh:1", "what follows the colons must be two numbers, the lower one first"),
    ("hardtanh:1:1", "the lower one first"), ("hardsigmoid:-1:0", "two numbers, the slope above 0"),
    (None, r"an activation is given by its name, not as None; did you mean identity\?; allowed"),
    (torch.nn.ReLU(), r"given by its name, not as ReLU\(\); did you mean relu\?"),
    (3, "by its name, not as 3; allowed"),
    (torch.tanh, r"did you mean tanh\?"), (["relu"], r"by its name, not as \['relu'\]; allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message"), MESSAGES)
def test_unknown_activations(name, message):
    """What is not known is refused with what is allowed, and with the name that was perhaps meant."""
    with pytest.raises(eh.InputError, match=message):
        activation(name)


def test_the_same_function_by_two_names():
    """Defaults are the parameters that are said to be."""
    z = np.linspace(-7, 7, 999)
    for one, other in [
        ("leaky_relu", "leaky_relu:0.01"), ("sigmoid", "sigmoid:1"), ("elu", "elu:1"), ("softplus", "softplus:1"),
        ("hardtanh", "hardtanh:-1:1"), ("relu6", "hardtanh:0:6"), ("identity", "leaky_relu:1"),
        ("relu", "leaky_relu:0"),
        ("hardsigmoid", f"hardsigmoid:{1 / 6!r}:0.5"),
    ]:  # fmt: skip
        np.testing.assert_array_equal(activation(one)(z), activation(other)(z))


def test_every_name_is_tested():
    """No activation is missing in these tests."""
    from everyhow.model.activations import FAMILIES, PLAIN

    assert {name.partition(":")[0] for name in ACTIVATIONS} == {*PLAIN, *FAMILIES}
    assert set(TORCH) == set(ACTIVATIONS)


def test_the_table_in_docs():
    """Every name is in the documentation's table, with whether it never falls and always rises, as values show."""
    rows = [
        [cell.strip() for cell in line.replace("\\|", "").strip("|").split("|")]
        for line in (Path(__file__).parents[2] / "docs" / "guide" / "activations.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    table = {cells[0].split("`")[1]: cells[2:] for cells in rows if len(cells) == 4}
    assert set(table) == {name.partition(":")[0] for name in ACTIVATIONS}
    for name, (never_falls, always_rises) in table.items():
        steps = np.diff(activation(name)(np.linspace(-8, 8, 161)))
        assert never_falls.startswith("no") != (steps >= 0).all()
        assert (
            always_rises.startswith("no") != (steps > 0).all()
            and activation(name).is_strictly_increasing == (steps > 0).all()
        )


def test_exact_zeros_everywhere():
    """A step whose neuron receives exactly 0 is 0 on every route: circuits, runs, slow runs, lines."""
    network = eh.Network([[[1.0, -1.0]], [[1.0]]], [[0.0], [0.0]], ["step", "identity"])
    points = np.array(list(itertools.product([0.0, 1.0], repeat=2)))
    assert network.run(points)[:, 0].tolist() == plain.run(network, points)[-1][:, 0].tolist() == [0, 0, 1, 0]
    behavior = eh.Behavior.of_network(network, points)
    assert eh.circuits(network, behavior).count().between == (1, 1)
