"""Behaviors of token rows: made in Python, read from files, refused by name."""

import json

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.errors import FileFormatError, InputError
from everyhow.model.behavior import behavior_from_document
from everyhow.model.behavior_files import read_behavior

MODEL = eh.Transformer(np.eye(3), np.zeros((4, 3)), (), np.eye(3))
GOOD = {"tokens": [[0, 1], [1, 2], [0, 1], [2, 2]], "classes": [0, 1, 2], "answer_positions": [0, -1]}


def written(path, change):
    path.write_text(json.dumps({key: value for key, value in {**GOOD, **change}.items() if value is not None}))
    return path


def test_read(tmp_path):
    """Rows that repeat are one of more weight; without labels the model's own answers are wanted."""
    found = read_behavior(written(tmp_path / "b.json", {"name": "a", "about": "b", "names": ["x", "y", "z"]}), MODEL)
    assert found.points.tolist() == [[0, 1], [1, 2], [2, 2]] and found.weights.tolist() == [0.5, 0.25, 0.25]
    assert found.answer == eh.Answer((0, -1), (0, 1, 2)) and found.answers == 2 and found.decision == "argmax"
    assert found.wanted.reshape(3, 2, 3).argmax(axis=2).tolist() == [[0, 1], [1, 2], [2, 2]]
    assert found.names == ("x", "y", "z")
    again = found.read(MODEL)
    assert again.features == 2 and again.outputs == 6


def test_labels_and_more(tmp_path):
    """Labels are numbers of logits, as classes are; counterfactuals, features and weights go with their rows."""
    change = {
        "classes": [2, 1], "answer_positions": None, "labels": [1, 2, 1, 2], "features": [[0], [1], [0], [1]],
        "paired": [[1, 1], [0, 0], [1, 1], [0, 1]], "epsilon": 0.1, "within": 0.5,
    }  # fmt: skip
    found = read_behavior(written(tmp_path / "b.json", change), MODEL)
    assert found.wanted.argmax(axis=1).tolist() == [1, 0, 0] and found.paired.tolist() == [[1, 1], [0, 0], [0, 1]]
    assert found.features.tolist() == [[False], [True], [True]] and (found.epsilon, found.within) == (0.1, 0.5)
    tokens = [[0, 1], [1, 2], [2, 2]]
    own = read_behavior(written(tmp_path / "w.json", {"tokens": tokens, "weights": [1, 2, 1]}), MODEL)
    assert own.weights.tolist() == [0.25, 0.5, 0.25]


def test_numbers(tmp_path):
    """Without classes the answers are numbers, and nothing is wanted but that they come near."""
    found = read_behavior(written(tmp_path / "b.json", {"classes": None, "within": 0.1}), MODEL)
    assert found.decision == "within" and not found.wanted.any() and found.wanted.shape == (3, 6)
    assert found.how_decided == "numbers within 0.1 of the model's own"


@pytest.mark.parametrize(("change", "message"), [
    ({"tokens": None}, "it lacks tokens, a row for each sequence"),
    ({"token": 1}, "it has 'token'; a behavior has the keys"),
    ({"classes": None}, "it says neither classes"), ({"classes": [5]}, "classes names 5, but the model has 3 logits"),
    ({"classes": [0]}, "one class alone is always the largest"),
    ({"answer_positions": 2}, "names 2, but the sequences have 2"),
    ({"labels": [0, 1]}, r"labels have shape \(2, 1\); expected \(4, 2\)"),
    ({"labels": [[0, 1]] * 3 + [[0, 7]]}, "label 7 of row 4 is not one of the classes 0, 1, 2"),
    ({"labels": [[0, 1], [1, 1], [1, 1], [0, 0]]}, "rows 1 and 3 are the same tokens with different labels"),
    ({"paired": [[0, 0], [0, 0], [1, 1], [0, 0]]}, "rows 1 and 3 are the same tokens with different counterfactuals"),
    ({"paired": [[0, 0]]}, r"paired has shape \(1, 2\), tokens \(4, 2\)"),
    ({"classes": None, "within": 0.1, "labels": [0, 1, 0, 1]}, "labels are classes, and without classes the answers"),
    ({"names": ["a"]}, "names has 1 texts; give one for each of the classes"), ({"names": "abc"}, "names is 'abc'"),
    ({"tokens": [[0, 9]]}, "token 2 of row 1 is 9"),
    ({"tokens": [[0] * 5]}, "sequences have 5 tokens, but the transformer"),
    ({"weights": [1, 1, 1, 1]}, "must be finite and differ from each other"),
])  # fmt: skip
def test_files_that_do_not_fit(change, message, tmp_path):
    with pytest.raises(FileFormatError, match=message) as error:
        read_behavior(written(tmp_path / "b.json", change), MODEL)
    assert str(tmp_path / "b.json") in str(error.value)


def test_of_networks():
    """A network takes no sequences; a behavior that reads answers says so."""
    with pytest.raises(InputError, match="a network takes no sequences; give a transformer"):
        eh.Behavior.of_tokens(eh.xornet(), [[0, 1]])


def test_paired_ablation():
    """Of any kind of model: what removed edges carry at the counterfactual input of each point."""
    network = eh.xornet()
    task = eh.Behavior.of_network(network, network.corners)
    paired = eh.Behavior(task.points, task.weights, task.wanted, decision="threshold", threshold=0.5,
                         paired=task.points[::-1])  # fmt: skip
    found = {circuit.edges for circuit in eh.circuits(network, paired, ablation="paired")}
    states = network.states(paired.points[::-1])[:-1]
    for circuit in eh.circuits(network, paired, epsilon=1.0):
        outputs = network.run_circuit(paired.points, circuit, states)[-1]
        assert (circuit.edges in found) == ((outputs > 0.5) == paired.wanted).all()
    assert set(eh.audit(network, paired).findings.ablations) == {"zero", "mean", "resample", "paired"}
    with pytest.raises(InputError, match="give the behavior those"):
        eh.circuits(network, task, ablation="paired")
    stored = eh.audit(network, paired).document()
    again = behavior_from_document(stored["behavior"], stored["decision"])
    assert again.paired.tolist() == paired.paired.tolist()
