"""Certificates: what they say, and that the checker, which stands alone, confirms what is so and nothing else."""

import ast
import gzip
import hashlib
import json
import math
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.certificates import check
from everyhow.certificates.certificate import write_certificate
from everyhow.common.errors import EveryhowError, InputError
from everyhow.model.behavior import Behavior
from everyhow.model.criterion import perfect
from everyhow.model.model import CircuitCount
from everyhow.network.counting import count_circuits
from everyhow.verification import plain, plain_circuits

from ..conftest import REFERENCE, reference, reference_names
from ..strategies import DIPPING, EXACT, networks

CHECKER = Path(check.__file__)
COVERED = [
    *(name for name in EXACT if name != "leaky_relu:-0.5"), "leaky_relu", "tanh", "sigmoid", "sigmoid:25", "elu",
    "elu:0.3", "selu", "softplus", "softplus:3", "hardsigmoid", "softsign",
]  # fmt: skip


def own(network, decision=None):
    return Behavior.of_network(network, network.corners, decision)


def by_edges(counts):
    return {int(edges): number for edges, number in counts.items()}


def brute_force(network, behavior, ablation="zero"):
    """The perfect circuits by edges, every one of them run."""
    points, count = behavior.points, len(behavior.points)
    whole, bases, carried, wanted = plain.run(network, points), points, None, behavior.wanted
    if ablation == "mean":
        carried = [np.tile(behavior.weights @ state, (count, 1)) for state in whole]
    elif ablation == "resample":
        pairs = [(base, source) for source in range(count) for base in range(count)]
        bases, wanted = points[[base for base, _ in pairs]], behavior.wanted[[base for base, _ in pairs]]
        carried = [state[[source for _, source in pairs]] for state in whole]
    found = Counter()
    for circuit in plain_circuits.all_circuits(network.weights):
        outputs = plain.run(network, bases, circuit, carried)[-1]
        if behavior.decision == "argmax":
            decided = np.arange(outputs.shape[1]) == outputs.argmax(axis=1)[:, None]
        else:
            decided = plain.bits_of(outputs, behavior.decision, network.threshold)
        found[len(plain_circuits.edges(circuit))] += bool((decided == wanted).all())
    return {edges: number for edges, number in found.items() if number}


def lines_of(path):
    return gzip.decompress(path.read_bytes()).split(b"\n")


def with_lines(path, lines, digest=False):
    """A certificate of other lines; with the digest of the question it then has, if told so."""
    if digest:
        lines[1] = json.dumps(json.loads(lines[1]) | {"question_sha256": hashlib.sha256(lines[0]).hexdigest()}).encode()
    path.write_bytes(gzip.compress(b"\n".join(lines), 1))
    return path


def is_confirmed(path):
    try:
        check.confirm(path)
    except Exception:
        return False
    return True


# What is confirmed


@pytest.mark.parametrize(
    "name", [name for name in reference_names("paper") if "count" not in name and reference(name)[1].widths[-1] == 1]
)
def test_reference_networks(name, tmp_path):
    """The certificate says what the reference says, and what running every circuit says, by edges."""
    document, network = reference(name)
    answer = check.confirm(write_certificate(network, own(network), tmp_path / "c.gz"))
    assert answer["circuits"] == [document["paper"]["perfect_circuits"]] * 2
    assert by_edges(answer["certain"]) == by_edges(answer["possible"]) == brute_force(network, own(network))


@settings(max_examples=60)
@given(st.data(), networks(outputs=(1, 2), hidden=(1, 3), most_circuits=300, among=COVERED))
def test_random_networks(data, network):
    """Of any shape, with weights of 0 and ties, by any decision and ablation: never another number than brute force,
    and between its ends where circuits lie on the boundary."""
    ablation = data.draw(st.sampled_from(["zero", "mean", "resample"]))
    decision = data.draw(
        st.sampled_from(["threshold", "round"] if network.widths[-1] == 1 else ["threshold", "argmax"])
    )
    if decision == "argmax":
        network = replace(network, activations=(*network.activations[:-1], "identity"))
    try:
        behavior = own(network, decision)
    except InputError:  # by rounding it decides nothing somewhere
        return
    with tempfile.TemporaryDirectory() as folder:
        answer = check.confirm(write_certificate(network, behavior, Path(folder) / "c.gz", ablation))
    low, high, run = by_edges(answer["certain"]), by_edges(answer["possible"]), brute_force(network, behavior, ablation)
    assert all(low.get(edges, 0) <= run.get(edges, 0) <= high.get(edges, 0) for edges in {*low, *run, *high})


def test_weighted_points(tmp_path):
    """Points of any place and weight; their mean is weighted."""
    rng = np.random.default_rng(3)
    for seed in range(4):
        network = eh.Network(
            tuple(rng.normal(size=(2, 2)) for _ in range(3)), tuple(rng.normal(size=2) for _ in range(3)),
            ("tanh", "leaky_relu", "identity"),
        )  # fmt: skip
        behavior = Behavior.of_network(network, rng.normal(size=(3, 2)), "argmax", np.array([1.0, 2.0, 5.0 + seed]))
        answer = check.confirm(write_certificate(network, behavior, tmp_path / "c.gz", "mean"))
        assert by_edges(answer["certain"]) == by_edges(answer["possible"]) == brute_force(network, behavior, "mean")


def test_circuits_on_the_boundary(tmp_path):
    """Both ends are told: the output is 0.5 at 10, where 0 is wanted, and the threshold is 0.5; h1 alone is right."""
    network = eh.Network(([[1.0, 0.0], [0.0, 1.0]], [[0.5, 1.0]]), ([0.0, 0.0], [0.0]), ("relu", "identity"))
    answer = check.confirm(write_certificate(network, own(network), tmp_path / "c.gz"))
    assert answer["circuits"] == [1, 2]
    assert (answer["certain"], answer["possible"]) == ({"2": 1}, {"2": 1, "4": 1})
    # A pair of cuts that differ: between them lie the circuits of which it cannot be told.
    assert any(
        k < m for block in json.loads(lines_of(tmp_path / "c.gz")[2])[1] if type(block) is list for k, m in block
    )


@pytest.mark.parametrize("off, certain", [(5e-10, 0), (-5e-10, 0), (2e-9, 1), (-2e-9, 1)])
def test_how_near_is_too_near(off, certain, tmp_path):
    """Within 1e-9 of the threshold, on either side, it is left open; farther away it is not."""
    network = eh.Network(([[1.0]], [[0.5 + off]]), ([0.0], [0.0]), ("relu", "identity"))
    answer = check.confirm(write_certificate(network, own(network), tmp_path / "c.gz"))
    assert answer["circuits"] == [certain, 1]


def test_two_four_four_one_in_full(tmp_path):
    """All 4,477,455 circuits of a 2-4-4-1 network, by a copy of the checker that nothing else is near to."""
    _, network = reference("count-xor-2-4-4-1-seed0")
    path = write_certificate(network, own(network), tmp_path / "c.gz")
    assert path.stat().st_size < 20_000
    alone = tmp_path / "alone.py"
    alone.write_bytes(CHECKER.read_bytes())
    done = subprocess.run([sys.executable, "-I", "-S", alone, path], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    kind, _, said = done.stdout.partition(" ")
    assert kind == "CONFIRMED"
    expected = {
        "6": 1, "8": 14, "9": 24, "10": 118, "11": 312, "12": 949, "13": 2368, "14": 5600, "15": 12151, "16": 23440,
        "17": 40161, "18": 58044, "19": 67181, "20": 61001, "21": 43415, "22": 24259, "23": 10645, "24": 3627,
        "25": 929, "26": 168, "27": 19, "28": 1,
    }  # fmt: skip
    answer = ast.literal_eval(said)
    assert answer["circuits"] == [354_427, 354_427] and answer["certain"] == answer["possible"] == expected


# What is not


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The certificate of a 2-2-2-1 network with a weight of 0 and circuits on the boundary."""
    network = eh.Network(
        ([[1.0, 1.0], [1.0, -0.5]], [[1.0, -2.0], [0.25, 0.0]], [[0.75, -1.5]]),
        ([0.0, -1.0], [0.0, 0.25], [0.125]), ("relu", "leaky_relu:0.25", "identity"),
    )  # fmt: skip
    return write_certificate(network, own(network), tmp_path_factory.mktemp("small") / "c.gz")


NUMBER = re.compile(rb"-?\d+(\.\d+)?(e-?\d+)?")


def test_every_number_counts(small, tmp_path):
    """Changed by the least and by more, up and down, not one number of a certificate passes: question, answer, blocks,
    hexadecimal digits."""
    assert is_confirmed(with_lines(tmp_path / "same.gz", lines_of(small)))
    text = b"\n".join(lines_of(small))
    tried = 0
    for place in NUMBER.finditer(text):
        number = ast.literal_eval(place[0].decode().lstrip("0") or "0")
        others = {number + 1, number - 1, number * 2 + 5, -number}
        if type(number) is float:
            others |= {math.nextafter(number, math.inf), math.nextafter(number, -math.inf)}
        for other in others - {number}:
            changed = text[: place.start()] + repr(other).encode() + text[place.end() :]
            assert not is_confirmed(with_lines(tmp_path / "c.gz", changed.split(b"\n"))), (place, other)
            tried += 1
    assert tried > 700


def test_changed_blocks(small, tmp_path):
    """Lines that are left out, repeated or exchanged, and rows likewise, do not pass."""
    lines = lines_of(small)
    for at in range(2, len(lines)):
        for changed in (lines[:at] + lines[at + 1 :], [*lines[: at + 1], *lines[at:]], [*lines, lines[at]]):
            assert not is_confirmed(with_lines(tmp_path / "c.gz", changed))
        prefix, rows = json.loads(lines[at])
        for other in (rows[1:], [*rows, rows[-1]], [], None, [0] * len(rows), [[[0, 0]] * 4] * len(rows)):
            changed = [*lines[:at], json.dumps([prefix, other]).encode(), *lines[at + 1 :]]
            assert json.loads(lines[at])[1] == other or not is_confirmed(with_lines(tmp_path / "c.gz", changed)), other


def test_first_condition_that_is_broken(xor, tmp_path):
    """A row that breaks several conditions names the first: another one does not pass, though the row breaks it."""
    path = write_certificate(xor, own(xor), tmp_path / "c.gz")
    lines, tried = lines_of(path), 0
    question = check.Question(json.loads(lines[0]))
    for at, (prefix, used) in list(enumerate(question.prefixes(), 2))[-3:]:
        rows = json.loads(lines[at])[1]
        adds, _, ends, _, broken = zip(*question.grid(prefix, question.sides(used)[0]), strict=True)
        for r, row in enumerate(rows):
            others = [d for d in range(4) if adds[d][r] + ends[d][-2] <= broken[d] and d != row]
            for other in others if type(row) is int else ():
                changed = json.dumps([prefix, [*rows[:r], other, *rows[r + 1 :]]]).encode()
                assert not is_confirmed(with_lines(path, [*lines[:at], changed, *lines[at + 1 :]]))
                tried += 1
    assert tried > 3


@pytest.mark.parametrize(
    "change",
    [
        {"level": 0.8}, {"wanted": [[1], [0], [0], [1]]}, {"ablation": "mean"}, {"ablation": "resample"},
        {"decision": "round"}, {"points": [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.5]]},
    ],
)  # fmt: skip
def test_another_question(change, small, tmp_path):
    """A question of another answer does not pass, though the digest is of that question."""
    lines = lines_of(small)
    assert is_confirmed(with_lines(tmp_path / "c.gz", list(lines), digest=True))
    lines[0] = json.dumps(json.loads(lines[0]) | change).encode()
    assert not is_confirmed(with_lines(tmp_path / "c.gz", lines, digest=True))


@pytest.mark.parametrize(
    "change",
    [
        {"level": "0.5"}, {"level": "1e999999999"}, {"level": math.nan}, {"level": math.inf}, {"level": 10**4000},
        {"points": [[0.0, 0.0]] * 33}, {"points": [[0.0]] * 4}, {"points": []}, {"weights": [1.0] * 3},
        {"weights": ["1e999999999"] * 4}, {"wanted": [[0]] * 3}, {"wanted": [[2]] * 4}, {"wanted": [[0, 1]] * 4},
        {"ablation": "noise"}, {"decision": "coin"}, {"epsilon": 0.5}, {"within": 1.0}, {"certificate": 2},
        {"network": {"weights": [], "biases": [], "activations": []}},
        {"network": {"weights": [[[1.0] * 2] * 30] * 2, "biases": [[0.0] * 30] * 2, "activations": ["relu"] * 2}},
        {"network": {"weights": [[[1.0] * 2] * 9, [[1.0] * 9] * 9, [[1.0] * 9]],
                     "biases": [[0.0] * 9, [0.0] * 9, [0.0]], "activations": ["relu"] * 3}},
        {"network": {"weights": [[[1e300] * 2] * 2] * 40, "biases": [[0.0] * 2] * 40, "activations": ["relu"] * 40}},
        {"network": {"weights": [[[1.0, 1.0]], [[1.0]]], "biases": [[0.0], [0.0]], "activations": ["relu", "gelu"]}},
        {"network": {"weights": [[[1.0, 1.0]], [[1.0]]], "biases": [[0.0], [0.0]],
                     "activations": ["relu", "sigmoid:-1"]}},
        {"network": {"weights": [[[1.0, None]], [[1.0]]], "biases": [[0.0], [0.0]], "activations": ["relu"] * 2}},
        {"network": {"weights": [[[1e308, 1e308]], [[1e308]]], "biases": [[0.0], [0.0]],
                     "activations": ["relu", "relu"]}},
    ],
)  # fmt: skip
def test_questions_that_are_none(change, small, tmp_path):
    """Refused at once, without much memory and without obeying anything."""
    lines = lines_of(small)
    lines[0] = json.dumps(json.loads(lines[0]) | change).encode()
    path = with_lines(tmp_path / "c.gz", lines, digest=True)
    assert not is_confirmed(path)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no certificate", gzip.compress(b""), gzip.compress(b"{}\n{}"), gzip.compress(b"[" * 10**6),
        gzip.compress(b"0" * (1 << 27)), gzip.compress(b"{}")[:-3], gzip.compress(b'{"certificate": 1}\n[]'),
    ],
    ids=["empty", "text", "nothing", "objects", "deep", "bomb", "torn", "keys"],
)  # fmt: skip
def test_files_that_are_none(content, tmp_path):
    """The checker says so in one line and ends with 1."""
    path = tmp_path / "c.gz"
    path.write_bytes(content)
    done = subprocess.run([sys.executable, "-I", "-S", CHECKER, path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("NOT CONFIRMED") and done.stderr.count("\n") == 1


def test_a_name_twice(small, tmp_path):
    """A question that says two things of one name is refused: it is another text than what is understood."""
    lines = lines_of(small)
    lines[0] = lines[0].replace(b'"level": 0.5', b'"level": 0.25, "level": 0.5')
    assert not is_confirmed(with_lines(tmp_path / "c.gz", lines, digest=True))


# The checker itself


def test_checker_stands_alone():
    """Under 200 lines, none wider than 120, and it imports the standard library alone."""
    text = CHECKER.read_text()
    assert len(text.splitlines()) < 200 and max(map(len, text.splitlines())) <= 120
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module)
    assert imported <= set(sys.stdlib_module_names) and "pickle" not in imported
    called = {
        node.func.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and hasattr(node.func, "id")
    }
    assert not called & {"eval", "exec", "compile", "__import__"}


ALPHA = Decimal("1.6732632423543772848170429916717")
DECIMALS = {
    "tanh": lambda x: 1 - 2 / ((2 * x).exp() + 1),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "sigmoid:25": lambda x: 1 / (1 + (-25 * x).exp()),
    "softplus": lambda x: (1 + x.exp()).ln(),
    "softplus:0.01": lambda x: (1 + (x / 100).exp()).ln() * 100,
    "elu:2": lambda x: x if x > 0 else 2 * (x.exp() - 1),
    "selu": lambda x: Decimal("1.0507009873554804934193349852946") * (x if x > 0 else ALPHA * (x.exp() - 1)),
}


@pytest.mark.parametrize("name", DECIMALS)
def test_activations_are_enclosed(name):
    """What is computed with 120 digits lies between the ends, which are near to each other."""
    with localcontext(prec=120):
        for x in np.concatenate([np.linspace(-40, 40, 101), np.geomspace(1e-12, 1e3, 40)]):
            low, high = check.activated(name.replace(":0.01", f":{1 / 100!r}"), check.enclosed(float(x)))
            true = DECIMALS[name](Decimal(float(x))) * check.ONE
            slack = true.copy_abs() * Decimal("1e-16") if name == "softplus:0.01" else 0  # 0.01 is no float
            assert low - slack <= true <= high + slack and high - low <= (check.ONE + abs(low)) >> 44


@settings(max_examples=60)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=5))
def test_sums_are_enclosed(weights, inputs):
    """Rounding goes outwards: exact sums of products lie between the ends, and no more than some ticks apart."""
    exact = sum(Fraction(w) * Fraction(x) for w, x in zip(weights, inputs, strict=False)) * check.ONE
    low, high = check.plus([check.times(w, check.enclosed(x)) for w, x in zip(weights, inputs, strict=False)])
    assert low <= exact <= high and high - low <= 2e6 * len(weights) + 10


def test_limits_as_near_as_can_be(tmp_path):
    """A limit one tick above or below what a circuit's output receives, by exact arithmetic, is neither said to be met
    nor to be broken on the wrong side, however coarse the whole numbers are that rows and columns are added as."""
    rng = np.random.default_rng(1)
    network = eh.Network(
        (rng.normal(size=(2, 2)) * 1e3, rng.normal(size=(1, 2)) * 1e3), (rng.normal(size=2), rng.normal(size=1)),
        ("leaky_relu:0.25", "identity"),
    )  # fmt: skip
    question = check.Question(json.loads(lines_of(write_certificate(network, own(network), tmp_path / "c.gz"))[0]))
    w, v = ([[Fraction(x) for x in row] for row in layer.tolist()] for layer in network.weights)
    b, c = ([Fraction(x) for x in bias.tolist()] for bias in network.biases)
    choices, (inputs, carried, _) = question.sides(0)[0], question.scenes[3]
    for row, (first, _) in enumerate(choices[0]):
        for column, (second, _) in enumerate(choices[1]):
            exact = c[0]
            for j, parents in enumerate((first, second)):
                z = b[j] + sum(w[j][i] for i in (0, 1) if parents >> i & 1)  # at the point 11
                exact += v[0][j] * (z if z > 0 else z / 4) if parents else 0
            ticks = int(exact * check.ONE)
            assert ticks == exact * check.ONE
            question.scenes = [(inputs, carried, [({0: 1}, ticks + 1, ticks - 1), ({0: 1}, ticks, ticks)])]
            (adds, order, ends, met, broken), (_, _, _, reached, short) = question.grid([], choices)
            found = adds[row] + ends[1 + order.index(column)]
            assert broken < found < met and short - 8 < found < reached + 8


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "leaky_relu", "relu", "hardtanh", "step", "softplus", "identity"])
@pytest.mark.parametrize("level", [-0.7, 0.0, 0.25, 0.5, 2.0])
def test_crossings(name, level):
    """From the crossing on the activation surely is above the level, and just before it is not sure."""
    ticks = check.enclosed(Fraction(level))[1]
    place = check.crossing(name, ticks, 0)
    assert place == check.FAR or check.activated(name, (place, place))[0] > ticks
    assert place == 1 - check.FAR or check.activated(name, (place - 1, place - 1))[0] <= ticks


# Writing one


def test_refusals(tmp_path, xor):
    """What certificates do not cover is named, with the next step."""
    path = tmp_path / "c.gz"
    with pytest.raises(
        InputError, match=r"decide as the network does at every input; epsilon was given: leave out one"
    ):
        write_certificate(xor, replace(own(xor), epsilon=0.25), path)
    with pytest.raises(InputError, match=r"epsilon and within were given"):
        write_certificate(xor, replace(own(xor), epsilon=0.25, within=0.1), path)
    for name in (*DIPPING, "leaky_relu:-0.5"):
        falling = replace(xor, activations=(name, *xor.activations[1:]))
        with pytest.raises(InputError, match=r"fall"):
            write_certificate(falling, own(falling), path)
    flat = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    with pytest.raises(
        InputError, match=r"with a hidden layer; this network has none, and its circuits are few enough"
    ):
        write_certificate(flat, own(flat), path)
    rng = np.random.default_rng(0)
    wide = eh.Network(
        tuple(rng.normal(size=shape) for shape in ((6, 2), (6, 6), (1, 6))), (np.zeros(6), np.zeros(6), np.zeros(1)),
        ("relu",) * 3,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"too large: 4096 prefixes of 262144 x 262144 x 4 .rows x columns"):
        write_certificate(wide, own(wide), path, counted=CircuitCount({}, {}))
    huge = eh.Network(([[1e200, 1.0]], [[1e90]]), ([0.0], [0.0]), ("relu", "identity"))
    with pytest.raises(InputError, match=r"no certificate can be made of this count: the sums are too large; leave"):
        write_certificate(huge, Behavior(huge.corners, np.ones(4), [[0], [0], [1], [1]]), path)
    assert not path.exists()


def test_no_certificate_of_a_wrong_count(tmp_path, xor):
    """A count that exact arithmetic contradicts is not certified, and the error says by how much."""
    right = count_circuits(perfect(xor, own(xor)))
    wrong = CircuitCount(*({**counts, 11: counts[11] + 1} for counts in (right.certain, right.possible)))
    with pytest.raises(EveryhowError, match=r"of 11 edges, between 5 and 5 perfect circuits were counted, but exact"):
        write_certificate(xor, own(xor), tmp_path / "c.gz", counted=wrong)
    assert not (tmp_path / "c.gz").exists()


def test_documented_example(tmp_path):
    """docs/guide/certificates.md shows what there is: the line that is printed, and the blocks of the example."""
    page = (Path(__file__).parents[2] / "docs" / "guide" / "certificates.md").read_text()
    network = eh.xornet()
    path = write_certificate(network, own(network), tmp_path / "xornet.gz")
    done = subprocess.run([sys.executable, "-I", "-S", CHECKER, path], capture_output=True, text=True, check=True)
    assert f"\n{done.stdout}```" in page
    assert f"\n{lines_of(path)[2].decode()}\n```" in page
    (line,) = re.findall(r"line (\d+) of the\nchecker|line (\d+) of the checker", page)
    assert "46" in CHECKER.read_text().splitlines()[int("".join(line)) - 1]


def test_same_file_again(tmp_path, xor):
    """A certificate holds nothing of when it was written."""
    first = write_certificate(xor, own(xor), tmp_path / "a.gz").read_bytes()
    assert first == write_certificate(xor, own(xor), tmp_path / "sub" / "b.gz").read_bytes()


def test_commands(tmp_path, run_command):
    """audit and count write the same certificate; of several outputs, that of circuits right at all of them."""
    network = REFERENCE / "xor-2-3-3-1-seed0.json"
    for command in ("audit", "count"):
        path = tmp_path / f"{command}.gz"
        code, _, err = run_command(command, "XOR", "--network", network, "--certificate", path, "--json")
        assert (code, err) == (0, "")
        assert check.confirm(path)["circuits"] == [120, 120]
    assert (tmp_path / "audit.gz").read_bytes() == (tmp_path / "count.gz").read_bytes()
    two = REFERENCE / "authors-xor-and-2-3-3-2-seed0.json"
    code, out, _ = run_command("count", "XOR,AND", "--network", two, "--certificate", tmp_path / "two.gz", "--json")
    assert code == 0
    assert check.confirm(tmp_path / "two.gz")["circuits"] == [json.loads(out)["perfect_circuits"]] * 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("audit", "--epsilon", "0.25"), "circuits that decide as the network does at every input; epsilon was given"),
        (("count", "--within", "0.1"), "within was given: leave out one or the other"),
        (("audit", "--preset", "authors"), "the preset is authors: leave out --certificate, or choose"),
        (("count", "--budget", "100"), "counting the circuits for the certificate needs about 1.06e+04"),
        (("audit", "--budget", "10"), "were not counted within the budget, so there is nothing to certify"),
    ],
)  # fmt: skip
def test_commands_refuse(arguments, message, tmp_path, run_command):
    command, *options = arguments
    network = "xornet" if "10" in options else REFERENCE / "xor-2-3-3-1-seed0.json"
    code, out, err = run_command(
        command, "XOR", "--network", network, "--certificate", tmp_path / "c.gz", *options, "--json"
    )
    assert code in (1, 3) and out == ""
    assert message in " ".join(err.split()) and not (tmp_path / "c.gz").exists()


def test_a_folder_is_no_certificate(tmp_path, run_command):
    code, _, err = run_command("count", "XOR", "--network", "xornet", "--certificate", tmp_path)
    assert code == 1 and "is a folder; give the name of the certificate, such as" in " ".join(err.split())
