"""Behaviors and decisions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.model.behavior import Behavior, merged, mismatches
from everyhow.model.decision import decide, decision_limits

from ..strategies import ACTIVATIONS, TWO_SIDED


def test_of_task():
    """A task's behavior is its truth table."""
    behavior = Behavior.of_task(eh.parse_task("XOR,AND"))
    assert [str(t) for t in behavior.tables()] == ["0110", "0001"]
    assert behavior.weights.tolist() == [0.25] * 4


BAD = [
    (([[0.0], [0.0]], [1, 1], [[0], [1]]), "differ from each other"),
    (([[np.nan]], [1], [[0]]), "must be finite"),
    (([[0.0]], [0], [[0]]), "above 0"),
    (([[0.0]], [1, 2], [[0]]), "as many points as weights"),
    (([], [], []), "at least one"),
]


@pytest.mark.parametrize(("parts", "message"), BAD)
def test_bad_behaviors(parts, message):
    """Points that repeat, weights that are not positive and shapes that do not fit are refused."""
    with pytest.raises(eh.InputError, match=message):
        Behavior(*parts)


def test_tables_need_the_truth_table():
    """Only a whole truth table in order has tables."""
    with pytest.raises(eh.InputError, match="need the whole truth table"):
        Behavior([[0.0], [0.5]], [1, 1], [[0], [1]]).tables()


def test_round_decides_nothing_beyond_the_bits():
    """A network whose output rounds to 2 decides nothing by rounding; the error says where and what to do."""
    network = eh.Network([[[2.0]]], [[0.0]], ["identity"])
    with pytest.raises(eh.InputError, match=r"at input \[1.0\] is 2, whose nearest integer.*threshold"):
        Behavior.of_network(network, assignments(1), "round")
    assert str(Behavior.of_network(network, assignments(1)).tables()[0]) == "01"


def test_mismatches():
    """The rows at which a network differs from its task, as digits."""
    behavior = Behavior.of_network(eh.xornet(), assignments(2))
    assert mismatches(eh.parse_task("XOR"), behavior) == ((),)
    assert mismatches(eh.parse_task("OR"), behavior) == (("11",),)
    assert mismatches(eh.parse_task("NOR"), behavior) == (("00", "01", "10"),)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in TWO_SIDED])
@given(z=st.floats(-60, 60), decision=st.sampled_from(["threshold", "round"]), bit=st.booleans())
def test_limits(name, z, decision, bit):
    """A pre-activation lies within the limits of a bit exactly when its output is read as that bit."""
    from everyhow.model.activations import activation

    output = activation(name)(np.array(z))
    read, decided = decide(output, decision, 0.5)
    low, high = decision_limits(name, decision, bit, 0.0)
    near_a_boundary = min(abs(output - level) for level in (-0.5, 0.5, 1.5)) < 1e-9
    if not near_a_boundary:
        assert bool(decided and read == bit) == (low < z <= high)
    wide, narrow = decision_limits(name, decision, bit, 0.01), decision_limits(name, decision, bit, -0.01)
    assert wide[0] <= low <= narrow[0] and narrow[1] <= high <= wide[1]


def test_ties_by_rounding():
    """Halves round to the even neighbour: 0.5 to 0 and 1.5 to 2, as decisions and as limits."""
    for z, bits in ((-0.5, (True, False)), (0.5, (True, False)), (1.5, (False, False)), (1.0, (False, True))):
        for bit in (False, True):
            low, high = decision_limits("identity", "round", bit, 0.0)
            read, decided = decide(np.array(z), "round", 0.5)
            assert bits[bit] == (low < z <= high) == bool(decided and read == bit)


def test_rows_that_repeat_are_one_point():
    """Distinct rows in the order in which they come, and how often each does."""
    points, which, counts = merged([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.5, 2.0], [0.0, 0.0], [1.0, 0.0]])
    assert points.tolist() == [[1.0, 0.0], [0.0, 0.0], [0.5, 2.0]]
    assert which.tolist() == [0, 1, 0, 2, 1, 0] and counts.tolist() == [3, 2, 1]
    behavior = eh.Behavior.of_data([[1.0], [2.0], [1.0]], [2, 0, 2], outputs=3, epsilon=0.1)
    assert behavior.wanted.tolist() == [[False, False, True], [True, False, False]]
    assert behavior.weights.tolist() == [2 / 3, 1 / 3] and behavior.epsilon == 0.1


@pytest.mark.parametrize(("points", "labels", "message"), [
    ([[1.0], [2.0]], [0, -1], "labels are -1, 0; below 0 only -1 and 1 are understood, as 0 and 1"),
    ([[1.0], [2.0]], [0], "there are 1 labels for 2 inputs; give one for each"),
    ([[1.0], [2.0], [1.0]], [0, 1, 1], "rows 1 and 3 are the same point with different labels, so no network can be"),
    ([[1.0], [2.0], [1.0]], [0, 1, 1], r"be right at both \(1 row contradicts an earlier one\); drop such rows, or"),
    ([[1.0], [1.0], [1.0]], [0, 1, 1], r"be right at both \(2 rows contradict an earlier one\); drop such rows, or"),
    ([1.0, 2.0], [0, 1], r"points has shape \(2,\); give \(inputs, features\): reshape\(-1, 1\) makes it"),
])  # fmt: skip
def test_labels_that_do_not_fit(points, labels, message):
    with pytest.raises(eh.InputError, match=message):
        eh.Behavior.of_data(points, labels)


def test_noise_is_seeded():
    """The same seed moves the same inputs by the same noise, of the deviation asked for, and labels stay."""
    one, same, other = (eh.Behavior.noisy(eh.parse_task("XOR"), 0.1, 500, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.points, same.points) and not np.array_equal(one.points, other.points)
    exact = np.repeat(assignments(2), 500, axis=0)
    assert (one.points - exact).std() == pytest.approx(0.1, rel=0.05)
    assert one.wanted[:, 0].tolist() == [False] * 500 + [True] * 1000 + [False] * 500
    with pytest.raises(eh.InputError, match=r"0 copies of deviation 0\.1; at least 1 copy and a deviation above 0"):
        eh.Behavior.noisy(eh.parse_task("XOR"), 0.1, 0)


def test_bits_of_a_truth_table():
    """Over the rows of a truth table the inputs' own bits are known, whatever numbers stand for them; elsewhere, and in
    part of the rows, nothing is."""
    task = eh.parse_task("XOR")
    for behavior in (eh.Behavior.of_task(task), eh.Behavior.of_task(task, (-1, 1))):
        assert behavior.bits.tolist() == [[False, False], [False, True], [True, False], [True, True]]
        assert behavior.rows == (0, 1, 2, 3) and behavior.features is None
    part = eh.Behavior.of_data([[0, 0], [0, 1], [1, 1]], [0, 1, 0])
    assert part.bits is None
    with pytest.raises(eh.InputError, match=r"no bits are known of the inputs of this behavior; give them .*features="):
        _ = part.rows


def test_features():
    """Bits that come with data, in the order of the points, and merged as these are; they are what is known, also where
    the points have bits of their own."""
    points, features = [[0.5, 1], [2, 0], [0.5, 1], [1, 1]], [[1, 0], [0, 0], [1, 0], [0, 1]]
    data = eh.Behavior.of_data(points, [1, 0, 1, 0], features=features)
    assert data.bits.astype(int).tolist() == [[1, 0], [0, 0], [0, 1]] and data.rows == (2, 0, 1)
    network = eh.xornet()
    seen = eh.Behavior.of_network(network, points, features=features)
    assert seen.bits.tolist() == data.bits.tolist()
    weighted = eh.Behavior.of_network(network, points[:2], weights=[1, 3], features=features[:2])
    assert weighted.rows == (2, 0)
    table = eh.Behavior.of_network(network, network.corners, features=[[0], [1], [1], [0]])
    assert table.rows == (0, 1, 1, 0)
    with pytest.raises(ValueError, match="read-only"):
        data.features[0, 0] = True


@pytest.mark.parametrize(("features", "message"), [
    ([[0, 1]] * 3, r"features have shape \(3, 2\); expected \(inputs, features\): a row for each of the 4 inputs"),
    ([[0] * 7] * 4, "and 1 to 6 features"),
    ([[0], [1], [0.5], [1]], "features are bits, and feature 1 of input 3 is 0.5: write them as 0 and 1"),
    ([[0], [1], [1], [1]], r"rows 1 and 3 are the same point with different features, .* \(1 rows differ so from an"),
])  # fmt: skip
def test_features_that_do_not_fit(features, message):
    """Features of other shapes, that are not bits, or that differ at equal inputs."""
    points = [[0.5, 1], [2, 0], [0.5, 1], [1, 1]]
    for made in (
        lambda: eh.Behavior.of_data(points, [1, 0, 1, 0], features=features),
        lambda: eh.Behavior.of_network(eh.xornet(), points, features=features),
    ):
        with pytest.raises(eh.InputError, match=message):
            made()


def test_an_audit_takes_the_features_of_its_behavior():
    """Given with the data or with the question, features are the same."""
    network, points = eh.xornet(), [[0, 0.1], [0, 1], [0.9, 0], [1, 1]]
    features = [[0, 0], [0, 1], [1, 0], [1, 1]]
    within = eh.audit_behavior(network, eh.Behavior.of_network(network, points, features=features))
    beside = eh.audit_behavior(network, eh.Behavior.of_network(network, points), features=features)
    assert within.document()["details"] == beside.document()["details"]
    assert within.options == beside.options and within.counts["mappings"] == 1


def test_tokens_that_are_bits():
    """Of sequences, the tokens at the positions where rows differ are known bits, and rows are called by them."""
    model = eh.Transformer(np.eye(4), np.zeros((4, 4)), (), np.eye(4))
    rows = [[3, 0, 2, 1], [3, 1, 2, 1], [3, 1, 2, 0]]
    behavior = eh.Behavior.of_tokens(model, rows)
    assert behavior.bits.astype(int).tolist() == [[0, 1], [1, 1], [1, 0]]
    assert [behavior.name_of(k) for k in range(3)] == ["01", "11", "10"] and behavior.rows == (1, 3, 2)
    other = eh.Behavior.of_tokens(model, [*rows, [3, 0, 2, 2]])
    assert other.bits is None and other.name_of(1) == "input 2"
    (alone,) = [eh.Behavior.of_tokens(model, rows[:1])]
    assert alone.bits is None and alone.name_of(0) == "input 1"
    points = eh.Behavior.of_data([[0, 1, 1], [1, 0, 1]], [0, 1])
    assert points.bits is None and points.name_of(0) == "input 1"
