"""Folding steps into layers, the bound of rounding, the comparison, and origins."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.given.points import default_points, points_for, read_points
from everyhow.importing.checking import Comparison, check_import, imported
from everyhow.importing.layers import (
    Affine,
    LeftOut,
    Nonlinear,
    elementwise,
    fold,
    leaky_relu,
    normalization,
)
from everyhow.importing.rounding import PRECISIONS, allowed_differences
from everyhow.model.activations import activation
from everyhow.model.origin import Origin, origin_from_document

from ..strategies import LOOSE

ORIGIN = Origin("torch Sequential", ("Dropout 2 left out",), "float32", "4 corners", 4, 1e-8, 1e-6, 0, 0, 0)
NUMPY = {"float16": np.float16, "float32": np.float32, "float64": np.float64}


@st.composite
def step_lists(draw):
    """Steps that make a network: affine ones in a row, activations between, and things that do nothing."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=7))
    steps = []
    for place, (before, width) in enumerate(itertools.pairwise(sizes)):
        drawn = draw(st.lists(LOOSE, min_size=width * (before + 1), max_size=width * (before + 1)))
        array = np.array(drawn).reshape(width, before + 1)
        steps.append(Affine(array[:, :-1], array[:, -1], f"layer {place}"))
        for end in (len(steps) - 1, len(steps)):
            width = before if end < len(steps) else len(array)
            drawn = draw(st.lists(st.tuples(LOOSE, LOOSE), min_size=width, max_size=width) | st.none())
            if drawn:
                scale, shift = np.array(drawn).T
                steps.insert(end, elementwise(scale, shift, f"scale {place}"))
        names = draw(st.lists(st.sampled_from(["relu", "tanh", "sigmoid:3", "leaky_relu:1.5"]), max_size=1))
        steps += [Nonlinear(name, f"{name} {place}") for name in names]
        steps += draw(st.lists(st.builds(LeftOut, st.just("Dropout")), max_size=1))
    return steps


def walked(steps, state, kind=np.float64):
    """What the steps do, one after the other, in arithmetic of a kind, rounding after each product and each sum."""
    state = state.astype(kind)
    for step in steps:
        if isinstance(step, Affine):
            weights, biases = step.weights.astype(kind), step.biases.astype(kind)
            weights = np.diag(weights) if weights.ndim == 1 else weights
            total = np.zeros((len(state), len(weights)), kind)
            for k in range(state.shape[1]):
                total = total + state[:, k : k + 1] * weights[:, k]
            state = total + biases
        elif isinstance(step, Nonlinear):
            state = activation(step.name)(state.astype(np.float64)).astype(kind)
    return state.astype(np.float64)


@given(step_lists(), st.sampled_from(sorted(NUMPY)))
def test_fold_and_bound(steps, precision):
    """The network does what the steps do, and arithmetic of any precision stays within the bound of it."""
    kind = NUMPY[precision]
    stored = [
        dataclasses.replace(one, weights=one.weights.astype(kind), biases=one.biases.astype(kind))
        if isinstance(one, Affine)
        else one
        for one in steps
    ]
    stored = [
        dataclasses.replace(one, weights=one.weights.astype(np.float64), biases=one.biases.astype(np.float64))
        if isinstance(one, Affine)
        else one
        for one in stored
    ]
    points = np.random.default_rng(0).standard_normal((20, stored[0].incoming)).astype(kind).astype(np.float64)
    network, words = fold(stored)
    np.testing.assert_allclose(network.run(points), walked(stored, points), rtol=1e-9, atol=1e-9)
    allowed = allowed_differences(stored, points, PRECISIONS[precision])
    assert (np.abs(network.run(points) - walked(stored, points, kind)) <= allowed).all()
    assert sum(word == "Dropout left out" for word in words) == sum(isinstance(one, LeftOut) for one in steps)


def test_the_bound_is_tight():
    """One rounding is allowed what one rounding takes, within a factor of ten; a wrong bias of 1e-3 is far outside."""
    third = Affine(np.array([[1 / 3]]), np.array([0.0]), "layer")
    for precision in PRECISIONS.values():
        allowed = allowed_differences([third], np.array([[1.0]]), precision).item()
        assert precision.epsilon / 6 <= allowed <= 3 * precision.epsilon
    deep = [Affine(np.full((20, 20), 0.1), np.zeros(20), "layer"), Nonlinear("tanh", "tanh")] * 4
    assert allowed_differences(deep, np.zeros((1, 20)), PRECISIONS["float32"]).max() < 2e-4


def test_fold_tells_what_it_does():
    """Consecutive affine steps become one layer, told with the places."""
    linear = Affine(np.array([[2.0]]), np.array([1.0]), "Linear 0")
    normal = normalization(np.array([3.0]), np.array([4.0]), 0.0, np.array([6.0]), np.array([5.0]), "BatchNorm1d 1")
    network, words = fold([linear, LeftOut("Dropout 2"), *normal, Nonlinear("relu", "ReLU 3"), linear])
    assert words == ("Dropout 2 left out", "Linear 0 and BatchNorm1d 1 folded into one layer")
    assert network == eh.Network([[[6.0]], [[2.0]]], [[-1.0], [1.0]], ["relu", "identity"])
    assert leaky_relu(0.01, "x").name == "leaky_relu" and leaky_relu(0.25, "x").name == "leaky_relu:0.25"


def test_layers_of_neurons_are_kept():
    """A matrix after a matrix is a layer of its own; diagonals go to the layer before, or else to the next one."""
    wide, narrow = Affine(np.array([[1.0], [2.0]]), np.ones(2), "a"), Affine(np.array([[3.0, 4.0]]), np.zeros(1), "b")
    twice, more = elementwise(np.full(2, 2.0), np.ones(2), "mul"), elementwise(np.ones(1), np.array([5.0]), "add")
    last = Affine(np.array([[2.0]]), np.zeros(1), "c")
    network, words = fold([more, wide, twice, narrow, Nonlinear("relu", "relu"), more, more, last])
    assert network.activations == ("identity", "relu", "identity")
    assert network.weights[0].tolist() == [[2.0], [4.0]] and network.biases[0].tolist() == [13.0, 23.0]
    assert network.weights[1].tolist() == [[3.0, 4.0]] and network.biases[1].tolist() == [0.0]
    assert network.weights[2].tolist() == [[2.0]] and network.biases[2].tolist() == [20.0]
    assert words == ("add, a and mul folded into one layer", "add and c folded into one layer")


def test_steps_that_make_no_network():
    """Activations where no layer is, none at all, shapes that do not chain, and values that are not finite."""
    linear = Affine(np.array([[2.0]]), np.array([1.0]), "Linear 0")
    relu, tanh = Nonlinear("relu", "ReLU 1"), Nonlinear("tanh", "Tanh 2")
    cases = [
        ([relu, linear], "ReLU 1: what is to be imported begins with an activation; begin one layer earlier"),
        ([linear, relu, LeftOut("Dropout"), tanh], "Tanh 2: this activation comes right after ReLU 1.*Begin after"),
        ([LeftOut("Identity")], "there is no linear layer"),
        ([linear, Affine(np.ones((1, 3)), np.ones(1), "Linear 1")], "Linear 1 takes 3 features, but Linear 0 gives 1"),
        ([linear, relu, Affine(np.ones((1, 3)), np.ones(1), "Linear 2")], "Linear 2 takes 3 features, but Linear 0"),
        ([Affine(np.array([[np.nan]]), np.ones(1), "Linear 0"), linear], r"weights\[0\]\[0, 0\] is nan"),
        (
            [elementwise(np.ones(5000), np.ones(5000), "BatchNorm1d 0")],
            "BatchNorm1d 0 would be a layer of its own of 5,000",
        ),
        ([elementwise(np.array([1e300]), np.ones(1), "Linear 0")] * 2, r"weights\[0\]\[0, 0\] is inf"),
    ]
    for steps, message in cases:
        with pytest.raises(eh.InputError, match=message):
            fold(steps)
    with pytest.raises(eh.InputError, match=r"PReLU 1: its slope is nan; a finite one is supported"):
        leaky_relu(np.nan, "PReLU 1")


def test_comparison():
    """Differences, decisions and ties are counted; anything beyond the bound is refused with the place."""
    points, allowed = np.array([[0.0], [1.0], [2.0]]), np.full((3, 2), 1e-6)
    ours = np.array([[0.1, 0.2], [0.5000001, 0.9], [0.4, 0.4]])
    theirs = np.array([[0.1, 0.2], [0.4999999, 0.9], [0.4, 0.4000005]])
    said = {"source": "model", "folded": (), "precision": PRECISIONS["float32"], "checked_on": "3 given inputs"}
    origin = check_import(Comparison(points, ours, theirs, allowed, 0.5), **said)
    assert (origin.decisions_changed, origin.ties, origin.largest_output_changed) == (1, 1, 1)
    assert origin.inputs_checked == 3 and 4e-7 < origin.largest_difference < 6e-7
    for value, shown in ((0.6, "0.2, in output 0"), (np.nan, "nan, in output 0"), (np.inf, "inf, in output 0")):
        theirs[2, 0] = value
        with pytest.raises(eh.InputError, match=rf"model: the imported network computes something else.*{shown}") as e:
            check_import(Comparison(points, ours, theirs, allowed, 0.5), **said)
        assert "at the input (2)" in str(e.value) and "Nothing was imported" in str(e.value)
    assert "0 of 6 decisions change" in str(e.value) or "1 of 6 decisions change" in str(e.value)
    with pytest.raises(eh.InputError, match=r"outputs of shape \(3, 1\), the imported network \(3, 2\)"):
        check_import(Comparison(points, ours, theirs[:, :1], allowed, 0.5), **said)


def test_imported_keeps_the_origin(tmp_path):
    """The origin goes through outputs, files and audits, and is no part of what makes two networks the same."""
    step = Affine(np.array([[1.0, -1.0], [2.0, 2.0]]), np.array([0.0, -1.0]), "Linear")
    points, words = default_points(2)
    theirs = points @ step.weights.T + step.biases
    network = imported([step], points, theirs, source="s", precision=PRECISIONS["float64"], checked_on=words)
    bare = eh.Network(network.weights, network.biases, network.activations)
    assert network == bare and hash(network) == hash(bare)
    assert network.origin is not None and network.output(1).origin == network.origin
    for suffix in (".json", ".safetensors"):
        assert eh.load(eh.save_network(network, tmp_path / f"network{suffix}")).origin == network.origin
        assert eh.load(eh.save_network(bare, tmp_path / f"bare{suffix}")).origin is None


def test_origin_in_audits(tmp_path):
    """An audit says where its network came from, in a run folder too, and only when there is something to say."""
    from everyhow.auditing.reopening import reopen

    bare = eh.xornet()
    network = eh.Network(bare.weights, bare.biases, bare.activations, ORIGIN)
    audit = eh.audit(network, "XOR")
    assert audit.provenance["origin"] == ORIGIN.document() and "origin" not in eh.audit(bare, "XOR").provenance
    audit.save(tmp_path / "run")
    again = reopen(tmp_path / "run")
    assert again.provenance["origin"] == ORIGIN.document() and again.network.origin == ORIGIN
    assert eh.load(tmp_path / "run" / "audit.json").origin == ORIGIN
    assert again.provenance["network_sha256"] == eh.audit(bare, "XOR").provenance["network_sha256"]


def test_differences_away_from_the_corners():
    """What two models give alike at every corner and not elsewhere is no import."""
    step = Affine(np.eye(2), np.zeros(2), "Linear")
    points, words = default_points(2)
    said = {"source": "s", "precision": PRECISIONS["float64"], "checked_on": words, "drawn": True}
    assert imported([step], points, points, **said).origin.inputs_checked == 4 + 128
    for theirs in (np.clip(points, 0, 1), np.clip(points, None, 9)):  # the second one only far out
        with pytest.raises(eh.InputError, match="checked on 4 corners and 128 random inputs"):
            imported([step], points, theirs, **said)


def test_random_inputs_at_which_the_source_overflows():
    """They are left out and counted; given inputs and corners are not."""
    step = Affine(np.array([[9000.0]]), np.zeros(1), "Linear")
    points, words = default_points(1)
    theirs = np.where(np.abs(9000 * points) < 65504, 9000 * points, np.copysign(np.inf, points))
    over = sum(abs(9000 * point) >= 65504 for point in points[:, 0])
    said = {"source": "s", "precision": PRECISIONS["float16"], "checked_on": words}
    origin = imported([step], points, theirs, **said, drawn=True).origin
    assert over and origin.inputs_checked == 2 + 128 - over
    assert origin.checked_on == f"2 corners and 128 random inputs, without {over} at which the source overflows"
    for at, drawn in ((5, False), (1, True)):
        theirs[at] = np.inf
        with pytest.raises(eh.InputError, match="computes something else"):
            imported([step], points, theirs, **said, drawn=drawn)


WRONG = [
    ({"source": 3}, "source of an origin is 3; it is a text"),
    ({"folded": "x"}, "folded of an origin is 'x'; it is texts"),
    ({"folded": [1]}, r"folded of an origin is \(1,\); it is texts"),
    ({"inputs_checked": -1}, "inputs_checked of an origin is -1; it is a whole number of at least 0"),
    ({"ties": True}, "ties of an origin is True"),
    ({"largest_difference": "0"}, "largest_difference of an origin is '0'; it is a number of at least 0"),
    ({"allowed_difference": float("inf")}, "allowed_difference of an origin is inf"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_wrong_origins(change, message):
    """An origin with a field of another kind is refused, with the field."""
    with pytest.raises(eh.InputError, match=message):
        origin_from_document({**ORIGIN.document(), **change})


def test_origins_of_other_programs():
    """A difference of 0.0 is written as 0 by many of them, and is no other number."""
    found = origin_from_document({**ORIGIN.document(), "largest_difference": 0, "allowed_difference": 1})
    assert (found.largest_difference, found.allowed_difference) == (0.0, 1.0)
    assert type(found.largest_difference) is float
    for wrong in (10**400, -1, True):
        with pytest.raises(eh.InputError, match="largest_difference of an origin is"):
            origin_from_document({**ORIGIN.document(), "largest_difference": wrong})


def test_origins_of_files(tmp_path):
    """A file with an origin that is none is refused with its name."""
    path = eh.save_network(eh.xornet(), tmp_path / "network.json")
    for origin in ("text", {}, {**ORIGIN.document(), "more": 1}):
        path.write_text(json.dumps({**json.loads(path.read_text()), "origin": origin}))
        with pytest.raises(FileFormatError, match=r"network.json: the origin of a network has exactly the keys source"):
            eh.load(path)


def test_points(tmp_path):
    """Corners up to eight inputs, then a fixed sample; or what is given, from an array or a file."""
    assert default_points(8)[0].shape == (384, 8) and default_points(8)[1] == "256 corners and 128 random inputs"
    points, words = default_points(9)
    assert points.shape == (256, 9) and words == "256 standard normal inputs, half of them times 10"
    np.testing.assert_array_equal(points, default_points(9)[0])
    assert points_for(4, np.zeros((3, 2, 2)))[0].shape == (3, 4)
    np.save(tmp_path / "x.npy", np.arange(4.0).reshape(2, 2))
    (tmp_path / "x.csv").write_text("a, b\n0,1\n\n2, 3\n")
    for suffix in (".npy", ".csv"):
        assert read_points(tmp_path / f"x{suffix}").tolist() == [[0, 1], [2, 3]]


BAD_POINTS = [
    ([["x"]], r"data\[0, 0\] is the text .x.; give numbers"),
    ([[1.0], [1.0, 2.0]], "not a rectangular array of numbers"),
    ([1.0, 2.0], r"data has shape \(2,\); give \(inputs, features\)"),
    (np.zeros((0, 2)), "at least one"),
    ([[0.0, np.nan]], r"data\[0, 1\] is nan; every value must be finite"),
    ([[0.0, 1.0, 2.0]], "data has 3 features per input, the network takes 2"),
]


@pytest.mark.parametrize(("data", "message"), BAD_POINTS)
def test_bad_points(data, message):
    """Inputs that are no inputs say what was expected."""
    with pytest.raises(eh.InputError, match=message):
        points_for(2, data)


def test_bad_files_of_points(tmp_path):
    """Files that hold no rows of numbers are refused with their name; no pickle in one is read."""
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}]), allow_pickle=True)
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f8',")
    good = (tmp_path / "long.npy").open("wb")
    np.lib.format.write_array_header_1_0(good, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 2)})
    good.close()
    np.savez(tmp_path / "zip.npz", a=1)
    (tmp_path / "zip.npz").rename(tmp_path / "zip.npy")
    (tmp_path / "words.csv").write_text("1,2\n3,x\n")
    (tmp_path / "ragged.csv").write_text("1,2\n3\n")
    (tmp_path / "nan.csv").write_text("1,nan\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    for path in [*tmp_path.glob("*.npy"), *tmp_path.glob("*.csv"), tmp_path / "missing.npy", tmp_path / "x.txt"]:
        with pytest.raises(FileFormatError, match=path.name):
            read_points(path)
