"""Audits by data: behaviors of labels and noise, readouts and mappings over any inputs, and what the command says."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.behavior import merged
from everyhow.boolean.truth_table import assignments
from everyhow.circuit import criterion as criteria
from everyhow.circuit import findings, running
from everyhow.circuit.criterion import perfect, resampled_blocks
from everyhow.circuit.findings import examine_circuits
from everyhow.circuit.robust import robust_count
from everyhow.circuit.running import _weigh, _weigh_sharing, certain_and_possible, masks_of, meeting
from everyhow.circuit.uniform import draw_from_space
from everyhow.mapping.features import checked_features, observed_mappings
from everyhow.mapping.signatures import signatures
from everyhow.model.circuit import Circuit
from everyhow.readout import observed
from everyhow.readout.observed import observed_signals
from everyhow.readout.readout import readable_signals
from everyhow.verification import plain

from .conftest import reference
from .strategies import networks


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


def test_noisy_inputs_leave_fewer_circuits(xor):
    """What is right amid noise is right without it; what is allowed to err is right more often."""
    task = eh.parse_task("XOR")
    exact = {c.bits for c in eh.circuits(xor, "XOR")}
    noisy = {c.bits for c in eh.circuits(xor, eh.Behavior.noisy(task, 0.05, 8))}
    lenient = {c.bits for c in eh.circuits(xor, eh.Behavior.noisy(task, 0.05, 8, epsilon=0.1))}
    assert noisy < exact and noisy < lenient


@given(networks(outputs=(1, 3), most_circuits=10**6), st.integers(0, 2**32))
@settings(max_examples=30)
def test_sharing_what_circuits_have_in_common(network, seed):
    """Running what circuits share once gives what running each of them alone gives."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(7, network.widths[0]))
    behavior = eh.Behavior.of_network(network, points, "threshold", epsilon=0.3)
    try:
        masks = draw_from_space(network, 40, random)
    except eh.InputError:
        return
    for criterion in (perfect(network, behavior, ablation="mean"), *resampled_blocks(network, behavior)):
        limits = criterion.certified_limits
        alone, shared = _weigh(criterion, limits, masks), _weigh_sharing(criterion, limits, masks)
        # Beyond what is allowed neither sums to the end; nearer than rounding to a boundary they may differ.
        agree = ((alone <= criterion.allowed) == (shared <= criterion.allowed)).all(axis=1)
        certain = alone[:, 0] == alone[:, 1]
        assert agree[certain].all()


def test_circuits_that_come_in_blocks(monkeypatch, xor):
    """Run alone and sharing, however few at once, each circuit is judged by the weight of its own wrong runs."""
    behavior = eh.Behavior.noisy(eh.parse_task("XOR"), 0.2, 70, epsilon=0.45)
    criterion = perfect(xor, behavior)
    circuits = list(itertools.islice(plain.all_circuits(xor.weights), 0, None, 100))
    errors = [plain.circuit_error(xor, behavior, circuit, "threshold", "zero") for circuit in circuits]
    expected = [bool(error <= 0.45) for error in errors]
    assert 5 < sum(expected) < len(expected) > 100
    bits = [Circuit.of_edges(xor.widths, plain.edges(circuit)).bits for circuit in circuits]
    masks = masks_of(criterion, np.array(bits, np.uint64))
    monkeypatch.setattr(running, "CIRCUITS_AT_ONCE", 7)
    monkeypatch.setattr(running, "VALUES_AT_ONCE", 1)
    assert len(criterion.base) >= running.MANY_SCENARIOS
    assert [each.tolist() for each in certain_and_possible([criterion], masks)] == [expected, expected]
    assert meeting(criterion, masks).tolist() == expected


def test_scenarios_that_come_in_blocks(monkeypatch, xor):
    """Circuits that are right in one block are judged by the next: none may be wrong in any."""
    monkeypatch.setattr(criteria, "SCENARIOS_AT_ONCE", 4)
    behavior = eh.Behavior.of_network(xor, assignments(2))
    everything = list(plain.perfect_circuits(xor, behavior.points, behavior.wanted))
    errors = [plain.circuit_error(xor, behavior, circuit, "threshold", "resample") for circuit in everything]
    expected = [error == 0 for error in errors]
    assert 0 < sum(expected) < len(expected)
    bits = [Circuit.of_edges(xor.widths, plain.edges(circuit)).bits for circuit in everything]
    blocks = list(resampled_blocks(xor, behavior))
    assert len(blocks) == 4
    found = certain_and_possible(blocks, masks_of(blocks[0], np.array(bits, np.uint64)))
    assert [each.tolist() for each in found] == [expected, expected]


def test_many_inputs_are_run_as_few_are_counted(monkeypatch, xor):
    """Over more inputs than are counted at once, circuits are run one by one: the same findings."""
    behavior = eh.Behavior.noisy(eh.parse_task("XOR"), 0.05, 4, epsilon=0.1)
    counted = examine_circuits(xor, behavior, 10**10)
    monkeypatch.setattr(findings, "MOST_AT_ONCE", 5)
    run = examine_circuits(xor, behavior, 10**10)
    assert run == counted and run.faithful is not None and run.faithful.between[0] > 0


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
    state = network.layers(points)[1]
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


def test_mappings_over_features(xor):
    """With the inputs themselves as features, and the rows of the truth table as data, mappings are those of a task;
    data that are rows seen twice, slightly moved, leave no others."""
    points = assignments(2)
    moved = np.concatenate([points, points + 1e-9])
    behavior = eh.Behavior.of_network(xor, moved)
    rows = checked_features(np.concatenate([points, points]), behavior)
    found = signatures(xor, moved)
    for algorithm in eh.algorithms("XOR", 3):
        expected = {mapping.sets for mapping in eh.mappings(xor, algorithm)}
        assert {mapping.sets for mapping in observed_mappings(found, algorithm, behavior, rows)} == expected


def test_signatures_over_many_inputs(xor):
    """Rows longer than a machine number are the same bits."""
    points = np.random.default_rng(0).normal(size=(70, 2))
    found = signatures(xor, points)
    for neurons, rows in itertools.islice(found.items(), 5):
        table = plain.signature(xor, points, (neurons.layer, neurons.neurons))
        assert [[row >> base & 1 for base in range(70)] for row in rows] == table.astype(int).tolist()
        assert found.of(neurons) == rows


def test_classes():
    """Several outputs decided by argmax: circuits and signatures; algorithms say that they need one output."""
    random = np.random.default_rng(1)
    network = eh.Network(
        [random.normal(size=(2, 3)), random.normal(size=(3, 2))],
        [random.normal(size=2), random.normal(size=3)],
        ["tanh", "identity"],
    )
    points = random.normal(size=(12, 3))
    behavior = eh.Behavior.of_data(points, network.run(points).argmax(axis=1), outputs=3, epsilon=0.1)
    audit = eh.audit_behavior(network, behavior, features=points > 0)
    errors = [
        plain.circuit_error(network, behavior, circuit, "argmax", "zero")
        for circuit in plain.all_circuits(network.weights)
    ]
    assert audit.counts["perfect_circuits"] == sum(error <= 0.1 + 1e-9 for error in errors)
    assert audit.decision == "argmax" and audit.findings.signatures is not None
    assert "algorithms are placed in networks of one output; this one tells classes apart" in audit.findings.beyond
    with pytest.raises(
        eh.InputError,
        match="'threshold' is given for a behavior of decision by argmax; the decision belongs to the behavior",
    ):
        eh.audit_behavior(network, behavior, decision="threshold")


@pytest.mark.parametrize(("change", "message"), [
    ({"features": [[0, 1]] * 3}, r"features have shape \(3, 2\); expected \(inputs, features\): a row for"),
    ({"features": [[0.5]] * 4}, "features are bits, and feature 1 of input 1 is 0.5: write them as 0 and 1"),
    ({"features": [[0]] * 4}, "input 2 has the same features as an input that wants another decision"),
    ({"tolerance": 2.0}, "tolerance is 2.0"),
    ({"ablation": "none"}, "unknown ablation 'none'"),
    ({"robust": -1.0}, "robust is -1.0; it is half the side of the box around each input, at least 0"),
    ({"robust": 0.1, "ablation": "mean"}, "robust circuits decide right at every input of a box, run alone"),
])  # fmt: skip
def test_wrong_questions(change, message):
    network = eh.xornet()
    behavior = eh.Behavior.of_network(network, [[0.1, 0.0], [0.1, 1.0], [1.0, 0.1], [1.0, 0.9]])
    with pytest.raises(eh.InputError, match=message):
        eh.audit_behavior(network, behavior, **change)


def test_what_does_not_fit():
    network = eh.xornet()
    with pytest.raises(eh.InputError, match="the behavior has 1 inputs and 1 outputs, the network has 2 and 1"):
        eh.audit_behavior(network, eh.Behavior([[0.0]], [1.0], [[True]]))
    with pytest.raises(eh.InputError, match="a Behavior is for audit_behavior"):
        eh.audit(network, eh.Behavior.of_network(network, assignments(2)))
    with pytest.raises(eh.InputError, match="argmax is among classes, the bits of a task are decided one by one"):
        eh.audit(network, "XOR", decision="argmax")


def test_a_run_by_data(tmp_path, run_command):
    """The command writes a run that can be opened, tabled, drawn, checked and shown, with the library's numbers."""
    noise = np.random.default_rng(0).normal(size=(28, 2))
    points = (np.tile(assignments(2), (7, 1)) + 0.1 * noise).round(3)
    np.save(tmp_path / "points.npy", points)
    np.savetxt(tmp_path / "features.csv", points > 0.5, fmt="%d", delimiter=",")
    network = eh.xornet()
    eh.save_network(network, tmp_path / "net.json")
    run = tmp_path / "run"
    code, out, err = run_command(
        "audit-data", tmp_path / "points.npy", "--network", tmp_path / "net.json", "--epsilon", "0.1",
        "--features", tmp_path / "features.csv", "--out", run, "--report", tmp_path / "page.html",
    )  # fmt: skip
    expected = eh.audit_behavior(network, eh.Behavior.of_network(network, points, epsilon=0.1), features=points > 0.5)
    document = json.loads((run / "audit.json").read_text())
    assert code == 0, err
    assert document["counts"] == json.loads(json.dumps(expected.counts))
    assert f"{expected.counts['perfect_circuits']} perfect of 15" in out
    page = (tmp_path / "page.html").read_text()
    assert "Is the explanation the only one?" in page and "<script src" not in page
    for command in (("tables", run), ("verify", run), ("figures", run, "--format", "svg"), ("report", run)):
        code, out, err = run_command(*command)
        assert code == 0, err
    code, out, _ = run_command("query", run, "SELECT survivors FROM ladder WHERE rung = 'perfect'", "--csv")
    assert out.split() == ["survivors", str(expected.counts["perfect_circuits"])]


def test_audits_by_ablation_and_robustness():
    """The rung robust, the counts by ablation, and audits by each ablation say the same."""
    _, network = reference("xor-2-2-2-1-seed2")
    plainly = eh.audit(network, "XOR", robust=0.1, depth=1)
    behavior = eh.Behavior.of_network(network, assignments(2))
    robust = robust_count(network, eh.circuits(network), behavior, 0.1)
    assert list(plainly.ladder["circuits"])[-1] == "robust" and plainly.counts["robust_circuits"] == robust.proved
    by_kind = plainly.document()["details"]["circuits"]["by_ablation"]
    for ablation, number in by_kind.items():
        audit = eh.audit(network, "XOR", ablation=ablation, depth=1)
        assert audit.counts["perfect_circuits"] == number
        assert number == eh.circuits(network, "XOR", ablation=ablation).count().between[0]
        assert (audit.counts["interpretations"] is None) == (ablation != "zero")
        assert not audit.over_budget


def test_all_outputs_together():
    """The circuits of all outputs at once are those that are right at each, and the audit says how many are left."""
    document, network = reference("authors-xor-and-2-3-3-2-seed0")
    audit = eh.audit(network, ",".join(document["task"]), depth=1)
    assert audit.together is not None
    assert audit.together.perfect == eh.circuits(network).count()
    assert audit.document()["together"]["counts"]["perfect_circuits"] == 484
    assert "together: perfect circuits 484; identifiable" in repr(audit)
