"""What one neuron can be read as: against the lists of circuits, interpretations and mappings."""

import json
from collections import Counter

import pytest

import everyhow as eh
from everyhow.boolean.truth_table import TruthTable

from ..conftest import reference


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
    found = eh.neuron(eh.xornet(), "h1.2", read_as="AND(A,B)")
    assert (found.read, found.only) == (True, False)
    assert found.lines[0] == (
        "Yes: h1.2 is read as AND(A,B) in 1 of 1 perfect circuit and 1 mapping of aligned algorithms. It is not the "
        "only reading."
    )
    assert eh.neuron(eh.xornet(), "h1.0", read_as="A").read is True
    no = eh.neuron(eh.xornet(), "h1.2", read_as="A ^ B")
    assert (no.read, no.only) == (False, False)
    assert no.lines[0] == (
        "No: nothing that was looked at reads h1.2 as XOR(A,B). Perfect circuits read it as AND(A,B) or OR(A,B)."
    )
    only = eh.neuron(reference("imp-2-2-1-seed0")[1], "h1.0")
    assert only.read is None and only.only is None


def test_codes():
    """The coefficients of every signal that is readable."""
    found = eh.neuron(eh.xornet(), "h1.2")
    assert (len(found.codes), found.signals, found.every_signal) == (5, 7, True)
    assert str(found.codes[0]) == "AND(A,B) = h1.2"


def test_samples_are_told(monkeypatch):
    """Of more circuits than are read, some are drawn, and that is said."""
    monkeypatch.setattr("everyhow.hypotheses.neuron.MOST_CIRCUITS", 20)
    found = eh.neuron(reference("xor-2-3-3-1-seed4")[1], "h1.0", depth=1)
    assert (found.circuits, found.perfect) == (20, 272) and "a uniform sample of 20 of the 272 perfect" in str(found)


def test_errors():
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
    assert document["asked"] == {"table": "0011", "read": True, "only": False}
    assert [one["formula"] for one in document["read_as"]] == ["A"]
