"""What one neuron can be read as: against the lists of circuits, interpretations and mappings."""

import json
from collections import Counter

import pytest

import everyhow as eh
from everyhow.boolean.truth_table import TruthTable
from everyhow.common.shares import sampled_share

from ..conftest import reference
from .stated import made_again, signs


@pytest.mark.parametrize(
    ("name", "asked"), [("xornet", "h1.2"), ("xor-2-2-2-1-seed2", "h2.1"), ("xor-2-4-1-seed0", "h1.3")]
)
def test_over_circuits(name, asked):
    """Every interpretation of every perfect circuit, one after the other."""
    network = reference(name)[1]
    layer, place = map(int, asked.removeprefix("h").split("."))
    circuits, interpretations, using = Counter(), Counter(), 0
    for circuit in eh.circuits(network, "XOR"):
        using += any(edge[:2] == (layer, place) for edge in circuit.edges)
        read = [one.readings[layer, place].bits for one in eh.interpretations(network, circuit)
                if (layer, place) in one.readings]  # fmt: skip
        interpretations.update(read)
        circuits.update(set(read))
    found = eh.neuron(network, asked, "XOR")
    assert (found.circuits, found.using) == (sum(1 for _ in eh.circuits(network, "XOR")), using)
    assert {one.table.bits: (one.circuits, one.interpretations) for one in found.read_as} == {
        bits: (circuits[bits], interpretations[bits]) for bits in circuits
    }


@pytest.mark.parametrize("name", ["xornet", "xor-2-2-2-1-seed2"])
def test_as_a_variable(name):
    """Every minimal mapping of every aligned algorithm, one after the other."""
    network = reference(name)[1]
    audit = eh.audit(network, "XOR")
    for layer in range(1, network.depth):
        for place in range(network.widths[layer]):
            mappings, alone, algorithms = Counter(), Counter(), {}
            for mapping in audit.findings.mappings.placed:
                for variable, sets in zip(mapping.algorithm.variables, mapping.sets, strict=True):
                    if sets.layer == layer and place in sets.neurons:
                        table = TruthTable(2, variable.bits)
                        table = ~table if table.bits & 1 else table
                        mappings[table] += 1
                        alone[table] += len(sets.neurons) == 1
                        algorithms.setdefault(table, set()).add(mapping.algorithm)
            found = eh.neuron(network, f"h{layer}.{place}", "XOR")
            assert {one.table: (one.mappings, one.alone, one.algorithms) for one in found.stands_for} == {
                table: (mappings[table], alone[table], len(algorithms[table])) for table in mappings
            }


def test_whether_it_is():
    """Yes where the neuron by itself stands for the function and circuits mostly read it so; in part, only in some
    circuits, and no."""
    found = eh.neuron(eh.xornet(), "h1.2", read_as="AND(A,B)")
    assert (found.read, found.only) == (True, False)
    assert found.lines[:2] == (
        "Yes, as AND(A,B): by itself it is aligned (IIA 100 %) in the 1 formula that has it as a variable; 1 of 1 "
        "perfect circuit reads it so, as often as anything else.",
        "It is not the only reading.",
    )
    no = eh.neuron(eh.xornet(), "h1.2", read_as="A ^ B")
    assert (no.read, no.only) == (False, False)
    assert no.lines[0].startswith("No, as XOR(A,B): none of the 2 formulas of depth") and "most often" in no.lines[0]
    some = eh.neuron(eh.xornet(), "h1.0", read_as="A")
    assert some.read is True and some.lines[0].startswith("Only in some circuits, as A: none of the")
    only = eh.neuron(reference("imp-2-2-1-seed0")[1], "h1.0")
    assert only.read is None and only.only is None


def test_a_reading_of_the_few():
    """What `test` refutes of the neuron by itself is not told with a yes: the run that breaks it, and the others."""
    found = eh.neuron(signs(), "h1.2", read_as="AND(~A,B)")
    assert found.lines[0].startswith(
        "In part, as AND(¬A,B): by itself it is aligned in none of the 14 formulas that have it as a variable (IIA "
        "81.25 % in the simplest); with other neurons it is aligned, in 2 mappings; "
    )
    assert f"of {found.perfect} perfect circuits read it so, and most often they read it as B (" in found.lines[0]
    assert found.lines[2] == (
        "On input 01, give h1.2 its value from input 00: OR(AND(A,¬B), AND(¬A,B)) says 0, the network 1."
    )
    stated = eh.hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.1", "AND(~A,B)": "h1.2"})
    tested = eh.test(signs(), stated, depth=1)
    assert tested.accuracies["AND(¬A,B)"] == found.alone.share
    assert made_again(signs(), found.alone.run.python) is True
    # No sample where every circuit can be read.
    assert found.perfect == found.circuits > 400


def test_a_neuron_that_never_varies():
    """It is said first; and what is 0 has no sign."""
    network = eh.Network([[[1, -1], [-1, -1]], [[1, 1]]], [[0, 0], [0]], ["relu", "identity"], threshold=0.5)
    found = eh.neuron(network, "h1.1", read_as="AND(A,B)")
    assert found.lines[0] == "h1.1 is 0 at every input, so that it carries nothing." and "holds" not in str(found)
    assert found.lines[1].startswith("No, as AND(A,B): ")
    assert "h1.0 holds 0 on 00, 0 on 01, 1 on 10, 0 on 11." in eh.neuron(network, "h1.0").lines


def test_codes():
    """The coefficients of every signal that is readable."""
    found = eh.neuron(eh.xornet(), "h1.2")
    assert (len(found.codes), found.signals, found.every_signal) == (5, 7, True)
    assert str(found.codes[0]) == "AND(A,B) = h1.2"


def test_samples_are_told(monkeypatch):
    """Of more circuits than are read, some are drawn, and that is said before any share, each with its interval."""
    monkeypatch.setattr("everyhow.hypotheses.neuron.MOST_READ", 20)
    monkeypatch.setattr("everyhow.hypotheses.neuron.DRAWN", 20)
    found = eh.neuron(reference("xor-2-3-3-1-seed4")[1], "h1.0", read_as="AND(A,~B)", depth=1)
    assert (found.circuits, found.perfect) == (20, 272)
    assert "by a sample, about " in found.lines[0] or "of 20 drawn of the 272 perfect circuits none" in found.lines[0]
    (line,) = [line for line in found.lines if line.startswith("Over circuits")]
    assert line.startswith(
        "Over circuits, by 20 drawn uniformly of the 272 perfect ones (shares with their 95 % interv"
    )
    assert sampled_share(found.read_as[0].circuits, 20) in str(found)


def test_the_rest_is_shown_in_full(monkeypatch):
    """What is left out is said, with the option that shows it."""
    monkeypatch.setattr("everyhow.hypotheses.neuron_readings.MOST_TOLD", 2)
    found = eh.neuron(eh.xornet(), "h1.2")
    assert "  and 3 more (--full shows them; in Python, .full)" in found.lines
    assert not any("more (" in line for line in found.full) and len(found.full) == len(found.lines) + 2


def test_errors():
    with pytest.raises(eh.InputError, match=r"about one neuron, and 'h1.0 \+ h1.1' names h1.0 and h1.1; ask about one"):
        eh.neuron(eh.xornet(), "h1.0 + h1.1")
    with pytest.raises(
        eh.InputError, match=r"names 'h7\.1', which the model does not have; its hidden neurons are h1\.0"
    ):
        eh.neuron(eh.xornet(), "h7.1")
    with pytest.raises(eh.InputError, match="names C, and there are 2 inputs, A, B"):
        eh.neuron(eh.xornet(), "h1.1", read_as="AND(A,C)")
    with pytest.raises(eh.InputError, match="depth is 0; algorithms have a depth from 1 to 8"):
        eh.neuron(eh.xornet(), "h1.1", depth=0)


def test_document():
    document = json.loads(json.dumps(eh.neuron(eh.xornet(), "h1.0", read_as="A").document()))
    assert document["asked"] == {
        "table": "0011", "read": True, "only": False,
        "alone": {"formulas": 0, "aligned": 0, "iia": 0.0, "formula": None, "python": None},
    }  # fmt: skip
    assert [one["formula"] for one in document["read_as"]] == ["A"]


def test_a_budget_that_is_too_small_is_not_told_as_no_readings():
    """Where circuits were not counted, the value does not say that there are no readings."""
    network = eh.load("tests/reference/xor-2-3-3-1-seed0.json")
    assert repr(eh.neuron(network, "h1.1", budget=100)) == "NeuronReadings(h1.1: readings not looked for over circuits)"
    assert repr(eh.neuron(network, "h1.1")) == "NeuronReadings(h1.1: 3 readings over circuits)"
