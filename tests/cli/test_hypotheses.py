"""The commands `test`, `decide` and `neuron`."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "hypotheses"
NETWORK = Path(__file__).parents[1] / "reference" / "xor-2-3-3-1-seed0.json"


def test_test(run_command):
    code, printed, _ = run_command("test", EXAMPLES / "two-gates.toml", "--network", NETWORK)
    assert code == 0
    assert (
        "On input 01, give h1.1 and h1.0 their values from input 00: the algorithm says 0, the network 1.\n" in printed
    )


def test_as_json(run_command):
    code, printed, _ = run_command("test", EXAMPLES / "alice.toml", "--network", "xornet", "--json", "--task", "XOR")
    assert code == 0 and json.loads(printed)["rivals"]["number"] == 0
    code, printed, _ = run_command("neuron", "h1.2", "--network", "xornet", "--json")
    assert code == 0 and json.loads(printed)["neuron"] == "h1.2"


def test_decide(run_command):
    code, printed, _ = run_command("decide", EXAMPLES / "alice.toml", EXAMPLES / "bob.toml", "--network", "xornet")
    assert code == 0 and "The first is refuted." in printed
    code, printed, _ = run_command(
        "decide", EXAMPLES / "alice.toml", EXAMPLES / "bob.toml", "--network", "xornet", "--full"
    )
    assert code == 0 and printed.splitlines()[-1].startswith("That run in Python: network.run([[1, 1]], patch={")


def test_neuron(run_command):
    code, printed, _ = run_command("neuron", "h1.2", "--network", "xornet", "--is", "AND(A,B)")
    assert code == 0 and printed.startswith("Yes, as AND(A,B): by itself it is aligned (IIA 100 %)")


def test_the_folder_of_an_audit(run_command, tmp_path):
    """The network of an audit is read from its folder; of another folder that is refused with the next step."""
    assert run_command("audit", "XOR", "--network", "xornet", "--out", tmp_path / "run")[0] == 0
    code, printed, _ = run_command("test", EXAMPLES / "alice.toml", "--network", tmp_path / "run")
    assert code == 0 and "It passes every rung" in printed
    code, _, errors = run_command("test", EXAMPLES / "alice.toml", "--network", tmp_path)
    assert code == 1 and "is a folder, and holds no audit.json; give a network file, or the folder that" in errors


@pytest.mark.parametrize("arguments", [
    ("test", EXAMPLES / "bob.toml"), ("decide", EXAMPLES / "alice.toml", EXAMPLES / "bob.toml"), ("neuron", "h1.2"),
])  # fmt: skip
def test_pictures(run_command, arguments, tmp_path):
    """A picture of what is told; under another name than one of a picture, an error and nothing told."""
    code, _, _ = run_command(*arguments, "--network", "xornet", "--picture", tmp_path / "one.svg")
    assert code == 0
    assert ElementTree.parse(tmp_path / "one.svg").getroot().tag.endswith("svg")
    code, printed, errors = run_command(*arguments, "--network", "xornet", "--picture", tmp_path / "one.txt")
    assert (code, printed) == (1, "") and "one.txt" in errors


@pytest.mark.parametrize(("arguments", "said"), [
    (("test", EXAMPLES / "alice.toml", "--network", "xornet", "--task", "AND"), "does not compute the task AND"),
    (("test", "nowhere.toml", "--network", "xornet"), "nowhere.toml: no such file; give the path of a hypothesis"),
    (("decide", "one.json", "two.json", "--network", "xornet"), "two circuits are set against each other by eh.decide"),
    (("neuron", "h9.9", "--network", "xornet"), "names 'h9.9', which the model does not have"),
    (("neuron", "h1.0", "--network", "xornet", "--is", "AND(A"), "an operand or a parenthesis is missing"),
])  # fmt: skip
def test_errors(run_command, arguments, said):
    code, printed, errors = run_command(*arguments)
    assert (code, printed) == (1, "") and said in errors


def test_over_budget(run_command):
    code, printed, _ = run_command("test", EXAMPLES / "alice.toml", "--network", "xornet", "--budget", 5000)
    assert code == 3 and "Not found out" in printed
