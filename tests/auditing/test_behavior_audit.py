"""Audits by data: classes, features, ablations, several outputs, and what the command says."""

import json
from functools import partial

import numpy as np
import pytest

import everyhow as eh
from everyhow.auditing.provenance import bound
from everyhow.auditing.reopening import reopen
from everyhow.boolean.truth_table import assignments
from everyhow.common.sql import answer, connect
from everyhow.exchange.export import export_audit
from everyhow.exchange.graph_json import read_graph
from everyhow.network.robust import robust_count
from everyhow.report.terminal.audit import print_audit
from everyhow.report.words import facts
from everyhow.verification import plain_circuits, plain_mappings
from everyhow.verification.verify import verify

from ..conftest import reference
from ..plainly import plain_sets, plain_tree
from ..report.printed import printed


def test_noisy_inputs_leave_fewer_circuits(xor):
    """What is right amid noise is right without it; what is allowed to err is right more often."""
    task = eh.parse_task("XOR")
    exact = {c.bits for c in eh.circuits(xor, "XOR")}
    noisy = {c.bits for c in eh.circuits(xor, eh.Behavior.noisy(task, 0.05, 8))}
    lenient = {c.bits for c in eh.circuits(xor, eh.Behavior.noisy(task, 0.05, 8, epsilon=0.1))}
    assert noisy < exact and noisy < lenient


def test_classes():
    """Several outputs decided by argmax: circuits and signatures; algorithms say that they need one output."""
    random = np.random.default_rng(1)
    network = eh.Network(
        [random.normal(size=(2, 3)), random.normal(size=(3, 2))],
        [random.normal(size=2), random.normal(size=3)],
        ["tanh", "identity"],
    )
    points = random.normal(size=(12, 3))
    behavior = eh.Behavior.of_data(
        points, network.run(points).argmax(axis=1), decision="argmax", outputs=3, epsilon=0.1
    )
    audit = eh.audit_behavior(network, behavior, features=points > 0)
    errors = [
        plain_circuits.circuit_error(network, behavior, circuit, "argmax", "zero")
        for circuit in plain_circuits.all_circuits(network.weights)
    ]
    assert audit.counts["perfect_circuits"] == sum(error <= 0.1 + 1e-9 for error in errors)
    assert audit.decision == "argmax" and audit.findings.mappings.signatures is not None
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
    with pytest.raises(
        eh.InputError, match="the behavior has 1 input and 1 output, the network has 2 and 1: give points of 2 numbers"
    ):
        eh.audit_behavior(network, eh.Behavior([[0.0]], [1.0], [[True]]))
    with pytest.raises(eh.InputError, match="argmax is among classes, the bits of a task are decided one by one"):
        eh.audit(network, "XOR", decision="argmax")


def test_a_run_by_data(tmp_path, run_command):
    """The command writes a run that can be opened, tabled, drawn, checked and shown, with the library's numbers."""
    noise = np.random.default_rng(0).normal(size=(12, 2))
    points = (np.tile(assignments(2), (3, 1)) + 0.1 * noise).round(3)
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


@pytest.fixture(scope="module")
def many():
    """An audit with thousands of circuits, of several outputs and with features."""
    network = reference("xor-2-3-3-1-seed0")[1]
    points = (np.tile(assignments(2), (3, 1)) + 0.01 * np.random.default_rng(0).normal(size=(12, 2))).round(3)
    behavior = eh.Behavior.of_network(network, points, epsilon=0.3)
    return eh.audit(network, behavior, features=points > 0.5)


def test_numbers_are_numbers(many):
    """In tables counts are numbers, as in those of an audit by a task; in texts they have separators."""
    number = many.counts["perfect_circuits"]
    assert number > 1000
    tables = {name: one.table for name, one in many.tables().items()}
    found = answer(connect(tables), "SELECT survivors, at_least, at_most FROM ladder WHERE rung = 'perfect'").rows
    assert found == ((number, number, number),)
    assert f"perfect circuits {number:,}, with an error of at most 0.3" in repr(many)
    assert eh.audit(eh.xornet(), "XOR").tables()["ladder"].table.columns == tables["ladder"].columns


def test_export(many, tmp_path):
    """What an audit by data lists is written for neighbouring tools as what one by a task lists."""
    found = export_audit(many, tmp_path / "out")
    assert found["minimal"] == many.counts["minimal_circuits"] == len(list((tmp_path / "out" / "minimal").iterdir()))
    assert found["mappings"] == many.counts["mappings"] == len(list((tmp_path / "out" / "mappings").iterdir())) > 0
    circuit = read_graph(tmp_path / "out" / "minimal" / "1.json", many.network)
    assert circuit == many.findings.circuits.minimal[0]


def test_the_command_knows_what_audit_knows(tmp_path, run_command):
    """xornet by its name, and the tolerance of readouts."""
    np.save(tmp_path / "points.npy", np.array([[0.1, 0.9], [0.8, 0.1], [0.2, 0.1]]))
    code, out, err = run_command(
        "audit-data", tmp_path / "points.npy", "--network", "xornet", "--tolerance", "0.25", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["options"]["tolerance"] == 0.25


def test_the_ladder_by_data(many, tmp_path):
    """By data the algorithms over the known bits are put to every rung, each number as the plain definitions give it,
    and the verdict follows."""
    bits = many.behavior.features
    network, points = many.network, many.behavior.points
    left = [mapping for placed in many.findings.mappings.by_algorithm.values() for mapping in placed]
    ladder = many.ladder
    rungs = {
        "single": lambda *_: True,
        "irredundant": lambda mapping, *_: mapping.algorithm.irredundant,
        "ordered": lambda mapping, tree, place: plain_mappings.is_ordered(tree, place),
        "joint": lambda mapping, tree, place: plain_mappings.is_joint(
            network, points, tree, mapping.algorithm.negated, place, bits
        ),
        "inert": lambda mapping, tree, place: plain_mappings.is_inert(network, points, tree, place, bits),
        "transitive": lambda mapping, tree, place: plain_mappings.is_transitive(
            network, points, tree, mapping.algorithm.negated, place, bits
        ),
    }
    for rung, passes in rungs.items():
        left = [m for m in left if passes(m, plain_tree(m.algorithm.tree), plain_sets(m))]
        assert ladder["mappings"][rung] == len(left), rung
        assert ladder["algorithms"][rung] == len({m.algorithm for m in left})
        assert ladder["trivial"][rung] == sum(not m.sets for m in left)
    assert many.verdict["what_then_where"].status in ("identifiable", "not identifiable", "none valid")
    many.save(tmp_path)
    found = verify(tmp_path)
    assert found.agrees and {"ladder.mappings.joint", "verdict.what_then_where"} <= {
        check.what[: len("verdict.what_then_where")] for check in found.checks
    }
    for key, wrong in (("mappings", {"joint": 7}), ("trivial", {"single": 5})):
        document = json.loads((tmp_path / "audit.json").read_text())
        document["ladder"][key] |= wrong
        (tmp_path / "changed").mkdir(exist_ok=True)
        (tmp_path / "changed" / "audit.json").write_text(json.dumps(bound(document)))
        assert not verify(tmp_path / "changed").agrees


def test_inputs_that_are_rows_are_known_bits():
    """A behavior over the rows of a truth table knows the inputs' own bits, and has the mappings of an audit by a
    task."""
    network = reference("xor-2-3-3-1-seed0")[1]
    by_task = eh.audit(network, "XOR", depth=2)
    by_data = eh.audit(network, eh.Behavior.of_network(network, network.corners))
    for kind in ("mappings", "algorithms", "trivial", "circuits"):
        assert by_data.ladder[kind] == by_task.ladder[kind]
    assert by_data.verdict["what_then_where"].criterion == by_task.verdict["what_then_where"].criterion


NAMES = ["xornet", "xor-2-3-3-1-seed0", "and-2-3-3-1-seed0", "xor-2-2-2-1-seed5"]


@pytest.mark.parametrize("name", NAMES)
def test_a_truth_table_is_a_behavior(name):
    """By the rows of the truth table everything is found that is found by the task, and it is the same."""
    stated, network = reference(name)
    by_task = eh.audit(network, stated["task"], depth=2).document()
    by_data = eh.audit(network, eh.Behavior.of_network(network, network.corners)).document()
    one, other = by_task["details"], by_data["details"]
    for part in ("circuits", "interpretations", "experiments", "costs"):
        assert one[part] == other[part]
    assert one["mappings"] == other["algorithms"]
    for layer, read in zip(one["readouts"]["layers"], other["readouts"], strict=True):
        assert layer == layer | {key: read[key] for key in layer.keys() & read.keys()}
        assert (layer["rank"], layer["readable"]["number"]) == (read["directions"], read["readable_signals"])
    for part in ("counts", "ladder", "verdict"):
        assert by_task[part] == {key: by_data[part][key] for key in by_task[part]}


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_inputs_does_not_matter(name):
    """The rows of a truth table in another order are data with features: the numbers stay, whatever the way to them."""
    stated, network = reference(name)
    order = np.random.default_rng(3).permutation(len(network.corners))
    rows = network.corners[order]
    assert not eh.Behavior.of_network(network, rows).is_truth_table
    by_task = eh.audit(network, stated["task"], depth=2)
    by_data = eh.audit(network, eh.Behavior.of_network(network, rows), features=rows)
    assert by_data.counts == by_data.counts | by_task.counts and by_data.ladder == by_task.ladder
    one, other = by_task.findings, by_data.findings
    for layer, read in zip(one.readouts.layers, other.readouts.layers, strict=True):
        assert layer.survivors == read.survivors and len(layer.signals) == len(read.signals)
        assert layer.found.by_signals("exact") == read.found.by_signals("exact")
    # A code stands in the polarity that is 0 at the first input, and shares other blocks in the other polarity.
    assert one.ranking.of == other.ranking.of and one.ranking.entries[0][0] == other.ranking.entries[0][0]
    assert {str(mapping) for mapping in one.cheapest} == {str(mapping) for mapping in other.cheapest}
    misses = [{(str(miss.mapping), miss.least) for miss in found.mappings.near_misses} for found in (one, other)]
    assert misses[0] == misses[1]
    both = [found.experiments.examined for found in (one, other)]
    # What reads halfway is taken as at the first input, which is another one here.
    if None not in both and both[0].most_moved is None and not any(map(sum, both[0].halfway)):
        shares = [sorted(share for row in examined.matrix for share in row) for examined in both]
        assert shares[0] == shares[1]


def test_what_is_not_asked_of_data_is_said(tmp_path):
    """Each kind of explanation says in one place why it is not looked for; nothing is over budget for that."""
    network = eh.xornet()
    points = np.random.default_rng(1).uniform(0, 1, (70, 2)).round(3)
    audit = eh.audit(network, eh.Behavior.of_network(network, points))
    assert audit.notes.beyond == (
        "interpretations are counted over at most 64 inputs, not 70",
        "algorithms are placed by features, bits known of each input; none were given",
        "readout explanations are searched for over at most 64 inputs; these data have 70",
    )
    assert audit.capped == () and not audit.over_budget
    assert audit.counts["interpretations"] is None and "mappings" not in audit.counts
    document = audit.document()
    assert document["beyond"] == list(audit.notes.beyond) and document["details"]["algorithms"] is None
    assert "by_signals" not in document["details"]["readouts"][0]
    few = eh.audit(network, eh.Behavior.of_network(network, points[:9]), tolerance=0.3)
    said = "explanations are set against each other by bits known of each input; none were given"
    assert few.notes.beyond[-1] == said
    assert few.findings.ranking.of > 1 and few.findings.experiments.examined is None
    page = audit.report(tmp_path / "page.html").read_text()
    assert all(reason[1:] in page for reason in audit.notes.beyond) and "What: how is that circuit read?" not in page


def test_explanations_without_a_price(tmp_path):
    """Signals that follow from no known bits have no price: audit.json has null, people see a question mark."""
    network = eh.xornet()
    points = np.random.default_rng(1).uniform(0, 1, (9, 2)).round(3)
    audit = eh.audit(network, eh.Behavior.of_network(network, points), tolerance=0.3)
    ranking = audit.document()["details"]["costs"]["ranking"]
    assert ranking and {one["cost"] for one in ranking} == {None}
    assert {row[1] for row in audit.tables()["ranking"].table.rows} == {None}
    assert "\n  #1     ?  OR(" in printed(partial(print_audit, full=True), audit)
    page = audit.report(tmp_path / "page.html").read_text()
    assert "Cost: which survivor is simplest?" not in page and audit.exhibits.prices is None


def test_labels_that_the_network_does_not_follow(tmp_path):
    """An algorithm without variables falls at the rung joint where the network decides otherwise than the labels."""
    network = eh.xornet()
    audit = eh.audit(network, eh.Behavior.of_data(network.corners, [0, 1, 1, 1]))
    assert audit.ladder["mappings"]["ordered"] == 1 and audit.ladder["mappings"]["joint"] == 0
    ((_, fault),) = audit.findings.mappings.fallen["joint"].items()
    assert str(fault.experiment) == "on input 11: the algorithm says 1, the network 0"
    assert audit.verdict["what_then_where"].status == "none valid"
    assert "passes every rung of any network" not in printed(print_audit, audit)
    audit.save(tmp_path)
    assert verify(tmp_path).agrees


def test_honest_audits_by_data_verify(tmp_path):
    """Circuits too many to be run at every input; outputs near the network's; codes that the budget did not allow."""
    network = reference("xor-2-3-3-1-seed0")[1]
    random = np.random.default_rng(0)
    step = eh.Network([random.normal(size=(3, 2)), random.normal(size=(1, 3))], [[0.1] * 3, [0]], ["step", "identity"])
    points = random.uniform(0, 1, (70, 2)).round(3)
    audits = [
        eh.audit(network, eh.Behavior.of_network(network, points, epsilon=0.1)),
        eh.audit(eh.xornet(), eh.Behavior.of_network(eh.xornet(), points[:12], within=0.1)),
        eh.audit(step, eh.Behavior.of_network(step, points[:12], "threshold"), tolerance=0.1, budget=136_211),
    ]
    for k, audit in enumerate(audits):
        audit.save(tmp_path / str(k))
        assert verify(tmp_path / str(k)).agrees, k
    behavior = eh.Behavior.of_network(eh.xornet(), points[:12])
    within = eh.Behavior.of_network(eh.xornet(), points[:12], within=0.1)
    counts = [eh.audit(eh.xornet(), one).counts["accurate_circuits_in_authors_space"] for one in (behavior, within)]
    assert counts[0] == counts[1]


def test_a_reopened_audit_is_the_one_that_was_saved(tmp_path):
    """To the bit, weights that are no round shares included; and the page has the same provenance."""
    network = eh.xornet()
    for seed in range(5):
        random = np.random.default_rng(seed)
        points, weights = random.uniform(0, 1, (7, 2)).round(2), random.uniform(0.1, 1, 7)
        audit = eh.audit(network, eh.Behavior.of_network(network, points, weights=weights))
        audit.save(tmp_path / str(seed))
        assert reopen(tmp_path / str(seed)).document() == audit.document()
        assert "behavior_sha256" in audit.provenance


def test_what_was_asked_is_said():
    """In the head of a report, by a task and by data."""
    network = eh.xornet()
    by_task = eh.audit(network, "XOR", epsilon=0.25, ablation="mean", tolerance=0.1, depth=1)
    said = "circuit error at most 0.25; ablation mean; readouts within 0.1; algorithms to depth 1"
    assert facts(by_task)["Preset"] == f"paper; decision by threshold; {said}"
    behavior = eh.Behavior.of_network(network, [[0.1, 0.2], [0.1, 0.9]], within=0.5)
    by_data = eh.audit(network, behavior, depth=1)
    assert (
        facts(by_data)["Asked"] == "decision by threshold; circuit error at most 0; outputs within 0.5 of the network's"
    )
    with pytest.raises(eh.InputError, match="epsilon: the behavior says this: give it where the behavior is made"):
        eh.audit(network, behavior, epsilon=0.1)


def test_nothing_untrue_of_what_the_budget_refused():
    """A circuit whose readings were not gone through is not said to have none; all outputs together have their own
    smallest circuit, and what is not asked of them."""
    network = reference("authors-xor-and-2-3-3-2-seed0")[1]
    behavior = eh.Behavior.of_data(network.corners, network.run(network.corners) > 0.5, decision="threshold")
    text = printed(print_audit, eh.audit(network, behavior, budget=100))
    assert "has no interpretation" not in text
    text = printed(print_audit, eh.audit(network, behavior))
    together = text[: text.index("\nOutput 0\n")]
    assert "Smallest circuit left by" in together and "Not asked here" in together


def test_parts_of_a_classifier_by_the_command(run_command, tmp_path):
    """Two classes at the rows of these, one class against the rest, constants taken out, and a circuit placed."""
    generator = np.random.default_rng(5)
    network = eh.Network((np.eye(4, 3),), (np.array([0.0, 0.1, 0.2, -9.0]),), ("identity",))
    points = generator.normal(size=(40, 3))
    points[:, 1] = 0.25
    eh.save_network(network, tmp_path / "tail.json")
    np.save(tmp_path / "points.npy", points)
    largest = network.run(points).argmax(axis=1)
    np.savetxt(tmp_path / "labels.csv", largest, fmt="%d")
    given = (tmp_path / "points.npy", "--network", tmp_path / "tail.json", "--labels", tmp_path / "labels.csv")
    code, out, err = run_command("audit-data", *given, "--classes", "2,0")
    flat, some = " ".join(out.split()), int(np.isin(largest, (0, 2)).sum())
    assert code == 0 and f"{some} of 40 rows have a label of the classes 2,0" in err
    assert f"The network decides as wanted at all {some} inputs. Of 4 outputs only 0 and 2 are kept" in flat
    assert f"x1 is the same at all {some} points" in flat
    code, out, _ = run_command("audit-data", *given, "--one-class", "2", "--without-constant")
    flat = " ".join(out.split())
    assert code == 0 and "One class against the rest: of 4 outputs only output 2" in flat
    assert "The same at all 40 points, and taken out, is x1" in flat
    # The two inputs that are left keep their names.
    whole = {"edges": {"x0->y0": {"in_graph": True}, "x2->y0": {"in_graph": True}}}
    (tmp_path / "circuit.json").write_text(json.dumps(whole))
    place = ("place", tmp_path / "circuit.json", *given, "--classes", "0,2", "--without-constant")
    code, out, _ = run_command(*place)
    assert code == 0 and out.startswith("your circuit is the whole network, and no smaller circuit is perfect")
    code, _, err = run_command("place", tmp_path / "circuit.json", "XOR", *given[1:])
    assert code == 1 and "--labels has no meaning beside a task, or a file of a behavior" in err
