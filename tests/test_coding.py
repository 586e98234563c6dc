"""How numbers stand for bits: where an output turns, what several outputs stand for, and coded inputs."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.auditing.counting import count
from everyhow.model.coding import codings_of
from everyhow.verification import plain, plain_circuits
from everyhow.verification.verify import verify

from .conftest import reference
from .strategies import networks

# x and y of either sign: the second neuron is above 0 at (1, 1) only, so that the output is that of XOR.
SIGNED = eh.Network(
    [[[1.0, -1.0], [-1.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [-0.9]], ["relu", "identity"], input_values=(-1, 1),
    threshold=0,
)  # fmt: skip
HALF_ADDER = eh.Network(
    [[[1.0, 1.0], [1.0, 1.0]], [[1.0, -2.0], [0.0, 1.0]]], [[0.0, -1.0], [0.0, 0.0]], ["relu", "identity"]
)


def counted_by_hand(network, wanted, decide):
    """The circuits that decide as wanted at every row, each run by NumPy."""
    points, number = plain.corners(network), 0
    for circuit in plain_circuits.all_circuits(network.weights):
        outputs = plain.run(network, points, circuit)[-1]
        number += bool((decide(outputs) == wanted).all())
    return number


# Where an output turns


@given(networks(inputs=(2, 2), hidden=(1, 2), most_circuits=100), st.sampled_from([-1.5, -0.25, 0.0, 0.3, 1.0]))
@settings(max_examples=10, deadline=None)
def test_a_threshold_is_a_shift_of_the_last_bias(network, threshold):
    """A linear output that turns at t explains what one that turns at 0.5, and lies 0.5 - t higher, explains."""
    linear = replace(network, activations=(*network.activations[:-1], "identity"))
    raised = replace(linear, biases=(*linear.biases[:-1], linear.biases[-1] + (0.5 - threshold)))
    task = "0110"
    one, other = eh.audit(linear, task, threshold=threshold, depth=2), eh.audit(raised, task, depth=2)
    assume(not one.capped and not other.capped)  # a tie is decided by rounding, which a shift changes
    assert (one.counts, one.ladder, one.computes) == (other.counts, other.ladder, other.computes)
    assert count(linear, task, threshold=threshold)["perfect_circuits"] == one.counts["perfect_circuits"]


@given(networks(inputs=(2, 2), outputs=(1, 2), most_circuits=300), st.sampled_from([-0.25, 0.0, 0.3, 1.0]))
@settings(max_examples=40, deadline=None)
def test_circuits_by_a_threshold(network, threshold):
    """The circuits that keep every decision, against running each of them, whatever the last activation."""
    read = replace(network, threshold=threshold)
    wanted = plain.run(read, plain.corners(read))[-1] > threshold
    expected = counted_by_hand(read, wanted, lambda outputs: outputs > threshold)
    low, high = eh.circuits(read, decision="threshold").count().between
    assert low <= expected <= high


def test_logits():
    """A classifier by logits: 1 above 0. Its logits, weights and circuits are worked out by hand."""
    network = eh.Network(
        [[[1.0, 1.0], [1.0, 1.0]], [[0.5, -1.0]]], [[0.0, -1.0], [-0.2]], ["relu", "identity"], threshold=0
    )
    assert network.run(network.corners).ravel().round(6).tolist() == [-0.2, 0.3, 0.3, -0.2]
    found = eh.audit(network, "XOR")
    assert found.computes == ("0110", "XOR") and found.differs_at == ()
    steep = replace(network, activations=("relu", "sigmoid"), threshold=0.5)
    assert found.counts == eh.audit(steep, "XOR").counts, "a sigmoid above 0.5 is a logit above 0"
    assert eh.audit(network, "XOR", threshold=0.5).computes == ("0000", "FALSE")


def test_a_threshold_that_nobody_said():
    """Whatever needs a decision asks for it, and shows what the network computes by each usual answer."""
    network = eh.Network(
        [[[1.0, 1.0], [1.0, 1.0]], [[0.5, -1.0]]], [[0.0, -1.0], [-0.2]], ["relu", "identity"], threshold=None
    )
    question = (
        r"nothing says where the outputs of this network turn from 0 to 1, its last layer being linear\. Say it where "
        r"the network is made or asked \(threshold=, --threshold; or network\.read\(threshold=0\)\): threshold=0 for "
        r"logits \(BCEWithLogitsLoss\) and outputs trained towards -1 and 1 \(hinge loss\): it then computes 0110 "
        r"\(XOR\); or threshold=0.5 for outputs trained towards 0 and 1: it then computes 0000 \(FALSE\); or "
        r"inputs=\(-1, 1\) and threshold=0 \(--inputs=-1,1 --threshold 0\) where the inputs were -1 and 1, too: it "
        r"then computes 0000 \(FALSE\); or any other number"
    )
    algorithm = next(eh.algorithms("XOR", depth=2))
    for ask in (
        lambda: eh.audit(network, "XOR"), lambda: eh.audit(network, ["XOR", "AND"][0]),
        lambda: eh.circuits(network), lambda: eh.mappings(network, algorithm), lambda: eh.readouts(network),
        lambda: eh.Behavior.of_network(network, network.corners), lambda: eh.place(network, None, whole(network)),
        lambda: eh.circuits(network, eh.Behavior.of_data(network.corners, [0, 1, 1, 0])).count(),
        lambda: eh.interpretations(network, whole(network)).count,
    ):  # fmt: skip
        with pytest.raises(eh.InputError, match=question):
            ask()
    assert "threshold not said" in repr(network)
    assert eh.audit(network, "XOR", threshold=0).computes == ("0110", "XOR")
    wide = eh.Network([np.ones((1, 20))], [[-3.0]], ["identity"], threshold=None)
    with pytest.raises(eh.InputError, match=r"threshold=0 .*: then 1 at \d+% of 256 standard normal inputs; or"):
        eh.circuits(wide, eh.Behavior(np.ones((1, 20)), [1.0], [[True]])).count()


def whole(network):
    return eh.Circuit.whole(network)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_files_keep_it(tmp_path, suffix):
    """What a network says of its numbers is in its file; a file that says nothing has the usual reading."""
    for network in (SIGNED, replace(SIGNED, threshold=None), HALF_ADDER.folded(), eh.xornet()):
        found = eh.load(eh.save_network(network, tmp_path / f"network{suffix}"))
        assert found == network and found.remarks == network.remarks
        assert (found.threshold, found.input_values) == (network.threshold, network.input_values)
    if suffix == ".json":
        document = json.loads((tmp_path / "network.json").read_text())
        assert not {"threshold", "inputs", "remarks"} & set(document)
        for key, value, message in (
            ("threshold", "high", "threshold is 'high'; it is a finite number"),
            ("threshold", True, "threshold is True; it is a finite number"),
            ("inputs", [1, 1], r"inputs is \[1, 1\]; give the two different numbers"),
            ("inputs", 7, "inputs is 7; give the two different numbers"),
            (
                "treshold",
                0.3,
                "a network has 'treshold', which is not read; did you mean threshold. Rename it",
            ),
            ("Input", [0, 1], "a network has 'Input', which is not read; did you mean inputs"),
            ("input_values", [0, 1], "a network has 'input_values', which is not read; did you mean inputs"),
            ("remarks", [3], r"the remarks of a network are a list of sentences, not \[3\]"),
        ):
            (tmp_path / "other.json").write_text(json.dumps(document | {key: value}))
            with pytest.raises(eh.InputError, match=message):
                eh.load(tmp_path / "other.json")
        beside = {"$schema": "network.schema.json", "name": "one", "input_size": 2, "accuracy": 1.0}
        (tmp_path / "other.json").write_text(json.dumps(document | beside))
        assert eh.load(tmp_path / "other.json") == network


@pytest.mark.parametrize(("change", "message"), [
    ({"threshold": float("nan")}, "threshold is nan; it is a finite number, above which an output is read as 1: 0.5"),
    ({"threshold": "0"}, "threshold is '0'; it is a finite number"),
    ({"threshold": [0]}, r"threshold is \[0\]; it is a finite number"),
    ({"inputs": (0, 0)}, r"inputs is \(0, 0\); give the two different numbers by which an input stands for 0 and"),
    ({"inputs": "01"}, "inputs is '01'; give the two different numbers"),
    ({"inputs": (0, 1, 2)}, r"inputs is \(0, 1, 2\); give the two different numbers"),
    ({"preset": "authors", "threshold": 0}, "the preset authors rounds outputs to 0 and 1, and this network has the"),
    ({"preset": "authors", "decision": "argmax"}, "the preset authors decides by rounding"),
    ({"decision": "round", "threshold": 0}, "the decision round takes the nearest of 0 and 1, whatever the threshold"),
])  # fmt: skip
def test_wrong_codings(change, message):
    with pytest.raises(eh.InputError, match=message):
        eh.audit(eh.xornet(), "XOR", **change)


# Several outputs


def test_own_decisions_of_several_outputs():
    """A network's own classes: one for each row, and the circuits that keep them, counted by hand."""
    random = np.random.default_rng(1)
    weights, biases = [random.normal(size=(3, 2)), random.normal(size=(3, 3))], [random.normal(size=3)]
    network = eh.Network(weights, [*biases, random.normal(size=3) + 2], ["relu", "identity"])
    points = random.normal(size=(5, 2))
    behavior = eh.Behavior.of_network(network, points)
    assert behavior.decision == "argmax" and (behavior.wanted.sum(axis=1) == 1).all()
    classes, expected = plain.run(network, points)[-1].argmax(axis=1), 0
    for circuit in plain_circuits.all_circuits(network.weights):
        expected += bool((plain.run(network, points, circuit)[-1].argmax(axis=1) == classes).all())
    assert eh.audit_behavior(network, behavior).counts["perfect_circuits"] == expected == 1248
    bits = eh.Behavior.of_network(network, points, "threshold", threshold=2.0)
    assert (bits.wanted == (network.run(points) > 2)).all() and bits.how_decided == "decision by threshold 2"


def test_a_decision_is_said_once():
    network = replace(eh.xornet(), weights=(eh.xornet().weights[0], np.ones((2, 3))), biases=([0] * 3, [0, 1]))
    with pytest.raises(
        eh.InputError, match="2 outputs after sigmoid:25, and nothing says what they stand for: decision"
    ):
        eh.Behavior.of_network(network, network.corners)
    behavior = eh.Behavior.of_network(network, network.corners, "threshold")
    for ask in (eh.audit_behavior, eh.circuits):
        with pytest.raises(
            eh.InputError, match="'argmax' is given for a behavior of decision by threshold; the decision"
        ):
            ask(network, behavior, decision="argmax")
    with pytest.raises(eh.InputError, match=r"each row wants exactly one class, but row 1 wants 0: say decision="):
        replace(behavior, wanted=np.zeros((4, 2)), decision="argmax")
    with pytest.raises(eh.InputError, match="the decision argmax needs at least 2 outputs; the behavior has 1"):
        replace(behavior, wanted=np.zeros((4, 1)), decision="argmax")
    with pytest.raises(eh.InputError, match="unknown decision 'most'; the decisions are threshold, round, argmax"):
        replace(behavior, decision="most")


def test_bits_of_their_own_by_data():
    """A half adder by data gives what it gives by its task: together, and each output."""
    network = replace(HALF_ADDER, biases=(HALF_ADDER.biases[0], (0.1, 0.1)))
    by_task = eh.audit(network, "XOR,AND")
    labels = [[0, 0], [1, 0], [1, 0], [0, 1]]
    for behavior in (
        eh.Behavior.of_network(network, network.corners, "threshold"), eh.Behavior.of_data(network.corners, labels)
    ):  # fmt: skip
        by_data = eh.audit_behavior(network, behavior)
        assert by_data.decision == "threshold"
        assert by_data.counts["perfect_circuits"] == by_task.together.perfect.between[0]
        wanted = np.array(labels, bool)
        assert by_data.counts["perfect_circuits"] == counted_by_hand(network, wanted, lambda outputs: outputs > 0.5)
        for one, other in zip(by_data.outputs, by_task.outputs, strict=True):
            for key in ("perfect_circuits", "minimal_circuits", "distinct_causal_signatures"):
                assert one.counts[key] == other.counts[key]


def test_several_bits_are_stored_and_checked(tmp_path):
    behavior = eh.Behavior.of_data(HALF_ADDER.corners, [[0, 0], [1, 0], [1, 0], [0, 1]])
    audit = eh.audit_behavior(HALF_ADDER, behavior, features=HALF_ADDER.corners)
    audit.save(tmp_path / "run")
    assert verify(tmp_path / "run").agrees
    from everyhow.auditing.reopening import reopen

    assert reopen(tmp_path / "run").document()["counts"] == audit.document()["counts"]
    assert [bool(part.findings.mappings.by_algorithm) for part in audit.outputs] == [True, True]


@given(networks(inputs=(2, 2), outputs=(2, 2), most_circuits=2000))
@settings(max_examples=25, deadline=None)
def test_two_classes_are_one_output(network):
    """Folded, the network decides as the larger of its two outputs does; and so do its circuits, run by hand."""
    network = replace(network, activations=(*network.activations[:-1], "identity"))
    folded = network.folded()
    classes = plain.run(network, plain.corners(network))[-1].argmax(axis=1)
    own = plain.run(folded, plain.corners(folded))[-1][:, 0]
    assume(np.abs(own).min() > 1e-9)
    assert ((own > 0) == classes).all()
    expected = counted_by_hand(folded, classes[:, None], lambda outputs: outputs > 0)
    behavior = eh.Behavior.of_network(network, network.corners)
    low, high = eh.circuits(network, behavior).count().between
    assert low <= expected <= high
    assert eh.circuits(network, decision="argmax").count().between == (low, high)


def test_every_route_to_two_classes_gives_the_same():
    network = eh.Network(
        [[[1.0, 1.0], [1.0, 1.0]], [[-0.5, 1.0], [0.5, -1.0]]], [[0.0, -1.0], [0.2, -0.2]], ["relu", "identity"]
    )
    with pytest.raises(
        eh.InputError, match=r'where they stand for two classes, of which the second is 1, say decision="'
    ):
        eh.audit(network, "XOR")
    audit = eh.audit(network, "XOR", decision="argmax")
    said = "two outputs, which stand for two classes, are folded into one: the second less the first, 1 above 0"
    assert audit.network.remarks == (said,) and said in repr(audit) and audit.computes == ("0110", "XOR")
    assert audit.counts["aligned_algorithms"] and audit.counts["interpretations"]
    by_data = eh.audit_behavior(network, eh.Behavior.of_data(network.corners, [0, 1, 1, 0], outputs=2))
    number = audit.counts["perfect_circuits"]
    assert by_data.counts["perfect_circuits"] == number and said in repr(by_data)
    assert count(network, "XOR", decision="argmax")["perfect_circuits"] == number
    assert eh.circuits(network, "XOR", decision="argmax").count().between == (number, number)
    assert eh.place(network, "XOR", whole(network.folded()), "argmax").of_perfect == number
    softmaxed = replace(network, activations=("relu", "sigmoid"))
    assert eh.audit(softmaxed, "XOR", decision="argmax").counts == audit.counts
    with pytest.raises(
        eh.InputError, match=r"take network\.folded\(\) where they stand for two classes, network\.output"
    ):
        eh.readouts(network)
    with pytest.raises(eh.InputError, match="two classes are folded into one output; the network has 1 outputs"):
        audit.network.folded()


# Coded inputs


@pytest.mark.parametrize("values", [(-1, 1), (1, -1), (0.25, 3)])
@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed0", "and-2-3-3-1-seed0"])
def test_coded_inputs_are_read(name, values):
    """Weights that undo the coding: the algorithms, their places and the codes are those of the plain network, since no
    edge is removed; the circuits, where a removed edge carries 0, are counted by hand."""
    document, network = reference(name)
    low, high = values
    first = network.weights[0] / (high - low)
    recoded = replace(
        network, weights=(first, *network.weights[1:]), input_values=values,
        biases=(network.biases[0] - first.sum(axis=1) * low, *network.biases[1:]),
    )  # fmt: skip
    assert np.allclose(recoded.run(recoded.corners), network.run(network.corners))
    task = document["task"]
    one, other = eh.audit(recoded, task), eh.audit(network, task)
    assert one.computes == other.computes and one.ladder["mappings"] == other.ladder["mappings"]
    for key in ("aligned_algorithms", "mappings", "distinct_causal_signatures"):
        assert one.counts[key] == other.counts[key]
    assert [layer.found.survivors for layer in one.findings.readouts.layers] == [
        layer.found.survivors for layer in other.findings.readouts.layers
    ]
    wanted = plain.run(recoded, plain.corners(recoded))[-1] > 0.5
    assert one.counts["perfect_circuits"] == counted_by_hand(recoded, wanted, lambda outputs: outputs > 0.5)
    by_option = eh.audit(replace(recoded, input_values=(0, 1)), task, inputs=values)
    assert by_option.counts == one.counts


def test_signs(tmp_path, run_command):
    """Inputs and outputs of -1 and 1: everything is found by the slow methods as well, and comes back from a file."""
    audit = eh.audit(SIGNED, [0, 1, 1, 0])
    assert audit.computes == ("0110", "XOR") and "inputs -1 and 1, threshold 0" in repr(audit)
    audit.save(tmp_path / "run")
    assert verify(tmp_path / "run").agrees
    from everyhow.auditing.reopening import reopen

    assert reopen(tmp_path / "run").counts == audit.counts
    page = audit.report(tmp_path / "page.html").read_text()
    assert "inputs -1 and 1, threshold 0" in page and "decision by threshold" in page
    path = eh.save_network(replace(SIGNED, threshold=None, input_values=(0, 1)), tmp_path / "plain.json")
    code, out, err = run_command("audit", "XOR", "--network", str(path), "--inputs=-1,1", "--threshold", "0")
    assert code == 0 and "2-2-1, relu, identity, 6 edges, inputs -1 and 1, threshold 0" in out
    code, out, _ = run_command("count", "XOR", "--network", str(path), "--inputs=-1,1", "--threshold=0", "--json")
    counted = json.loads(out)
    assert counted["perfect_circuits"] == audit.counts["perfect_circuits"]
    assert (counted["inputs"], counted["threshold"]) == ([-1.0, 1.0], 0.0)
    code, _, err = run_command("count", "XOR", "--network", str(path), "--inputs=-1,1")
    assert code == 1 and "nothing says where the outputs of this network turn" in err
    code, _, err = run_command("count", "XOR", "--network", str(path), "--inputs=1")
    assert code == 1 and "--inputs is '1'; give two numbers, such as --inputs=-1,1" in err


def test_alignment_of_coded_inputs():
    """A causal model is of bits; the network's own numbers stand for them."""
    bits = [0, 1]
    model = eh.CausalModel(
        ["A", "B", "n", "Y"], {"A": bits, "B": bits, "n": bits, "Y": bits}, {"n": ["A", "B"], "Y": ["A", "B", "n"]},
        {"n": lambda a, b: int(a and not b), "Y": lambda a, b, n: int(n or (b and not a))},
    )  # fmt: skip
    unread = replace(SIGNED, threshold=None, input_values=(0, 1))
    assert [str(one) for one in eh.align(unread, model, threshold=0, inputs=(-1, 1))] == ["n in h1.0"]


def test_training_by_signs(tmp_path, run_command):
    """A network trained on inputs and towards outputs of -1 and 1 keeps both, and computes its task by them."""
    pytest.importorskip("torch")
    target = tmp_path / "signed.json"
    code, _, err = run_command(
        "train", "XOR", "--widths", "4", "--hidden-activation", "tanh", "--output-activation", "tanh",
        "--inputs=-1,1", "--outputs=-1,1", "--learning-rate", "0.02", "--out", str(target),
    )  # fmt: skip
    assert code == 0, err
    network = eh.load(target)
    assert (network.threshold, network.input_values) == (0.0, (-1.0, 1.0))
    outputs = network.run([[-1, -1], [-1, 1], [1, -1], [1, 1]]).ravel()
    assert (outputs > 0).tolist() == [False, True, True, False] and np.abs(outputs).min() > 0.5
    assert eh.audit(network, "XOR").differs_at == ()
    with pytest.raises(
        eh.InputError, match=r"output_values is \(1\.0, -1\.0\) but must be two finite numbers, that of 0"
    ):
        eh.train("XOR", outputs=(1.0, -1.0))
    with pytest.raises(eh.InputError, match="unknown training settings colour; the settings are widths, hidden_activ"):
        eh.train("XOR", colour=1)


# What is said


def test_what_does_not_compute_its_task_is_said():
    """In print, in notebooks, on the page, as in the terminal."""
    audit = eh.audit(eh.xornet(), "OR")
    said = "The network computes XOR, not OR; differs at 11. What follows explains what it does compute."
    assert audit.mismatch == said and said in repr(audit)
    shown = audit._repr_mimebundle_()
    assert (
        said in shown["text/plain"] and "XOR, not OR" in shown["image/svg+xml"] and "XOR, not OR" in shown["text/html"]
    )
    assert eh.audit(eh.xornet(), "XOR").mismatch is None
    two = eh.audit(HALF_ADDER, "XOR,OR", threshold=0.5)
    assert "not OR; differs at" in repr(two)
    data = eh.audit_behavior(eh.xornet(), eh.Behavior.of_data([[0, 1], [1, 1]], [1, 1]))
    assert "the network decides as wanted at 50.0% of the data only" in repr(data)


# What is brought


def test_a_model_of_another_library_is_imported(tmp_path):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    weights = ([[1.0, 1], [1, 1]], [0.0, -1], [[0.5, -1.0]], [-0.2])
    with torch.no_grad():
        for parameter, values in zip(module.parameters(), weights, strict=True):
            parameter.copy_(torch.tensor(values))
    with pytest.raises(eh.InputError, match="nothing says where the outputs of this network turn"):
        eh.audit(module, "XOR")
    audit = eh.audit(module, "XOR", threshold=0)
    assert audit.computes == ("0110", "XOR") and audit.network.origin is not None
    path = eh.save_network(audit.network, tmp_path / "network.json")
    for brought in (path, str(path)):
        assert eh.audit(brought, [0, 1, 1, 0]).counts == audit.counts
    assert count(path, np.array([False, True, True, False]))["perfect_circuits"] == audit.counts["perfect_circuits"]
    assert eh.audit_behavior(path, eh.Behavior.of_data([[0, 0], [0, 1]], [0, 1])).decision == "threshold"


@pytest.mark.parametrize(("brought", "message"), [
    (None, "the network is of type NoneType; give a Network, a Transformer, a torch.nn.Module, a fitted scikit-learn"),
    ({"a": 1}, "of type dict; .* a state dict says nothing of its activations: everyhow.from_state_dict"),
    (eh.Network, "of type type; .* this is the class Network: give an object of it, with its weights"),
    (np.ones((2, 2)), "the network is of type ndarray"),
    ("nowhere.json", "nowhere.json"),
])  # fmt: skip
def test_what_is_not_a_network(brought, message):
    for ask in (eh.audit, count):
        with pytest.raises(eh.InputError, match=message):
            ask(brought, "XOR")
    with pytest.raises(eh.InputError, match=message):
        eh.audit_behavior(brought, eh.Behavior.of_data([[0, 0], [0, 1]], [0, 1]))


@pytest.mark.parametrize(("brought", "message"), [
    (None, "a task is not None: give a gate such as XOR, a formula such as A & ~B, a table such as 0110, or the bits"),
    ([0, 2, 1, 0], r"a task is not \[0, 2, 1, 0\]: give a gate"),
    ([0, 1, 1], r"truth table"),
    ([[0, 1], [1]], r"a task is not \[\[0, 1\], \[1\]\]"),
    ([], r"a task is not \[\]"),
    (object, "a task is not <class 'object'>"),
])  # fmt: skip
def test_what_is_not_a_task(brought, message):
    with pytest.raises(eh.InputError, match=message):
        eh.audit(eh.xornet(), brought)


@given(st.integers(1, 3), st.data())
def test_bits_are_a_task(inputs, data):
    """The bits of truth tables, one for each row or a row of them: the tables written out."""
    columns = data.draw(
        st.lists(st.lists(st.integers(0, 1), min_size=2**inputs, max_size=2**inputs), min_size=1, max_size=3)
    )
    texts = ["".join(map(str, column)) for column in columns]
    assert eh.parse_task([list(row) for row in zip(*columns, strict=True)]) == eh.parse_task(",".join(texts))
    assert eh.parse_task(columns[0]) == eh.parse_task(texts[0])


def test_names_are_a_task():
    assert eh.parse_task(["XOR", "AND"]) == eh.parse_task("XOR,AND")


def test_rows_of_a_coded_truth_table():
    for inputs, values in itertools.product((1, 2, 3), [(-1, 1), (1, 0), (0, 1)]):
        behavior = eh.Behavior.of_task(eh.parse_task("A", inputs), values)
        assert behavior.is_truth_table and behavior.points[0].tolist() == [values[0]] * inputs
        assert behavior.name_of(1) == "0" * (inputs - 1) + "1"
        assert str(behavior.tables()[0]) == "0" * 2 ** (inputs - 1) + "1" * 2 ** (inputs - 1)


# What is said of bits and classes is obeyed wherever it is said


def test_a_threshold_makes_bits():
    """Whoever says where outputs turn speaks of bits: in the network, in the behavior, or by an option."""
    linear = replace(HALF_ADDER, biases=(HALF_ADDER.biases[0], (0.1, 0.1)))
    points = linear.corners
    wanted = linear.run(points) > 0.4
    for behavior in (
        eh.Behavior.of_network(linear, points, threshold=0.4), eh.Behavior.of_network(linear.read(0.4), points),
        eh.Behavior.of_data(points[1:], wanted[1:], threshold=0.4), eh.Behavior(points, [1] * 4, wanted, threshold=0.4),
    ):  # fmt: skip
        assert behavior.decision == "threshold" and behavior.threshold == 0.4
    assert wanted[1:].sum(axis=1).tolist() == [1, 1, 1], "these labels could be classes as well"
    assert eh.Behavior.of_data(points[1:], wanted[1:]).decision == "argmax"
    number = counted_by_hand(linear, wanted, lambda outputs: outputs > 0.4)
    found = eh.audit_behavior(linear, eh.Behavior.of_network(linear, points, threshold=0.4))
    assert (
        found.counts["perfect_circuits"]
        == number
        == eh.audit(linear, "XOR,AND", threshold=0.4).together.perfect.between[0]
    )
    both = "threshold is 0.4, but by argmax the largest output is chosen, whatever its size: give one of them"
    for ask in (
        lambda: eh.Behavior.of_network(linear, points, "argmax", threshold=0.4),
        lambda: eh.audit(linear, "XOR", decision="argmax", threshold=0.4),
        lambda: count(linear, "XOR", decision="argmax", threshold=0.4),
    ):
        with pytest.raises(eh.InputError, match=both):
            ask()
    for decision in ("threshold", "round"):
        with pytest.raises(eh.InputError, match="labels"):
            eh.Behavior.of_data(points, [0, 1, 2, 0], outputs=3, decision=decision)


def test_a_softmax_makes_classes(tmp_path):
    """After a softmax that was left out outputs stand for classes: no threshold is asked for, and none is taken."""
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 2), torch.nn.Softmax(-1))
    values = ([[1.0, 1], [1, 1]], [0.0, -1], [[-0.5, 1.0], [0.5, -1.0]], [0.2, -0.2])
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.copy_(torch.tensor(value))
    network = eh.from_torch(module)
    assert network.softmax and "softmax left out" in repr(network)
    assert eh.load(eh.save_network(network, tmp_path / "classes.safetensors")).softmax
    assert eh.load(eh.save_network(network, tmp_path / "classes.json")).softmax
    classes = module(torch.tensor(network.corners).float()).argmax(dim=1).tolist()
    assert eh.audit(network, "XOR").computes == ("".join(map(str, classes)), "XOR")
    assert eh.Behavior.of_network(network, network.corners).wanted.argmax(axis=1).tolist() == classes
    low, high = eh.circuits(network, "XOR").count().between
    assert low == high == eh.audit(network, "XOR").counts["perfect_circuits"]
    with pytest.raises(
        eh.InputError, match="a softmax after the outputs of this network was left out, so they stand for"
    ):
        eh.audit(network, "XOR,XNOR", threshold=0.5)
    with pytest.raises(
        eh.InputError, match=r"threshold is 0\.5, but the model ends in a softmax, so its outputs stand for"
    ):
        eh.from_torch(module, threshold=0.5)


def test_points_of_another_coding():
    """Rows written with 0 and 1 are not run on a network that reads -1 and 1."""
    for behavior in (
        eh.Behavior.of_task(eh.parse_task("XOR")), eh.Behavior.of_data([[0, 0], [0, 1]], [0, 1]),
    ):  # fmt: skip
        with pytest.raises(
            eh.InputError, match="written with 0 and 1, but the inputs of the network stand for 0 and 1 by -1"
        ):
            eh.audit_behavior(SIGNED, behavior)
    told = eh.audit_behavior(SIGNED, eh.Behavior.of_task(eh.parse_task("XOR"), (-1, 1)))
    assert told.counts["perfect_circuits"] == eh.audit(SIGNED, "XOR").counts["perfect_circuits"]
    noisy = eh.Behavior.noisy(eh.parse_task("XOR"), 0.01, 3, inputs=(-1, 1))
    assert np.abs(np.abs(noisy.points) - 1).max() < 0.1 and eh.audit_behavior(SIGNED, noisy).agreement == 1


def test_place_keeps_both_of_two_classes():
    """A circuit of two outputs is placed among those of both, one of the folded network among its own."""
    network = eh.Network(
        [[[1.0, 1.0], [1.0, 1.0]], [[-0.5, 1.0], [0.5, -1.0]]], [[0.0, -1.0], [0.2, -0.2]], ["relu", "identity"]
    )
    classes, expected = network.run(network.corners).argmax(axis=1), 0
    for circuit in plain_circuits.all_circuits(network.weights):
        expected += bool((plain.run(network, network.corners, circuit)[-1].argmax(axis=1) == classes).all())
    assert eh.place(network, "XOR", whole(network), "argmax").of_perfect == expected
    algorithm = next(eh.algorithms("XOR", depth=2))
    with pytest.raises(
        eh.InputError, match=r"mappings are into networks of one output; this one has 2: take network\.folded"
    ):
        eh.mappings(network, algorithm)
    assert eh.interpretations(network, whole(network.folded()), "argmax").count > 0
    for ask in (eh.circuits, eh.audit):
        with pytest.raises(
            eh.InputError, match="the decision argmax is among classes, the bits of a task are decided one"
        ):
            ask(network, "XOR,AND", decision="argmax")
    three = replace(network, weights=(network.weights[0], np.ones((3, 2))), biases=([0, 0], [0, 1, 2]))
    with pytest.raises(
        eh.InputError, match=r"where outputs stand for classes, explain them by data: eh\.audit_behavior"
    ):
        eh.audit(three, "XOR")
    with pytest.raises(eh.InputError, match="4 rows for 2 inputs, but there are 2: give it the other way round"):
        eh.audit(network, [[0, 1, 1, 0], [0, 0, 0, 1]])


def test_targets_that_cannot_be_met():
    for options, message in (
        (
            {"outputs": (-1, 1), "output_activation": "sigmoid"},
            r"output_values is \(-1, 1\) but must be within what sigmoid",
        ),
        (
            {"outputs": (0.1, 0.9), "threshold": 2.0},
            r"threshold is 2\.0 but must be between the output values 0\.1 and 0\.9",
        ),
    ):
        with pytest.raises(eh.InputError, match=message):
            eh.train("XOR", **options)


def test_a_task_that_is_computed_by_another_reading():
    """A network of signs that is read as one of bits computes something else: the paragraph says how it computes the
    task. Where no usual reading does, nothing is said."""
    signs = replace(SIGNED, biases=([-1.0, -1.0], [-0.5]))
    bits = replace(signs, input_values=(0, 1))
    said = eh.audit(bits, "XOR").summary()
    assert (
        "Is it asked as it was trained? Read by inputs -1 and 1 and threshold 0 it computes XOR (inputs=(-1, 1), "
        "threshold=0; --inputs=-1,1 --threshold 0)."
    ) in said
    assert eh.audit(signs, "XOR").read_otherwise is None
    assert "as it was trained" not in eh.audit(bits, "NAND").summary()
    for coding in codings_of(bits, eh.parse_task("XOR").tables):
        read = eh.audit(bits.read(*coding), "XOR")
        assert read.differs_at == () and coding != (bits.threshold, bits.input_values)
