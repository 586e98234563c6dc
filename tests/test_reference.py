"""Every number of every reference file, by the presets that produced them."""

import numpy as np
import pytest

import everyhow as eh
from everyhow.authors.circuits import ReleasedCircuits
from everyhow.model.behavior import Behavior

from .conftest import reference, reference_names

# What later parts of the library add to a block, and what says how it was made rather than what was counted.
ELSEWHERE = {"readouts", "algorithm_depth", "mapping", "ladder", "min_node_sparsity"}


def whole_blocks(preset):
    """The reference files that have a block of one output which an audit gives."""
    for name in reference_names(preset):
        document, _ = reference(name)
        one_output = isinstance(document["task"], str) and "inputs" not in document
        if one_output and "perfect_circuits_between" not in document[preset]:
            yield name


@pytest.mark.parametrize("name", list(whole_blocks("paper")))
def test_paper_block(name):
    """An audit by the definitions gives the file's counts and ladder, key for key."""
    document, network = reference(name)
    audit = eh.audit(network, document["task"])
    expected = {key: n for key, n in document["paper"].items() if key not in ELSEWHERE}
    assert expected == {key: audit.counts[key] for key in expected}
    stated = document["paper"]["ladder"]
    assert stated == {kind: {rung: audit.ladder[kind][rung] for rung in rungs} for kind, rungs in stated.items()}
    assert set(audit.ladder) == {*stated, "trivial"}
    assert set(audit.ladder["trivial"]) == {*stated["mappings"], "transitive"} == set(audit.ladder["mappings"])
    if name != "xornet":
        assert set(audit.counts) == {*expected, "hereditary_circuits", "minimal_hereditary_circuits"}


@pytest.mark.parametrize("name", list(whole_blocks("authors")))
def test_authors_block(name):
    """An audit as the released code counts gives the file's counts, key for key."""
    document, network = reference(name)
    block = document["authors"]
    audit = eh.audit(
        network,
        document["task"],
        "authors",
        min_node_sparsity=block.get("min_node_sparsity", 0.0),
        pair_order=block.get("pair_order"),
    )
    assert block == {key: audit.counts[key] for key in block}


@pytest.mark.parametrize("name", [n for n in reference_names("paper") if n.startswith("count-")])
def test_bracket(name):
    """The certified count, or both bracketing counts, lie within the file's bracket."""
    document, network = reference(name)
    low, high = document["paper"]["perfect_circuits_between"]
    found = eh.circuits(network).count().between
    assert low <= found[0] <= found[1] <= high


def test_authors_blocks_of_several_outputs():
    """Each output is audited as its own network."""
    document, network = reference("authors-xor-and-2-3-3-2-seed0")
    audit = eh.audit(network, ",".join(document["task"]), "authors")
    for block, output in zip(document["authors"], audit.outputs, strict=True):
        assert block["task"] == output.task
        counted = {key: n for key, n in block.items() if key != "task" and n is not None}
        assert counted == {key: output.counts[key] for key in counted}


def test_authors_block_of_noisy_inputs():
    """Circuits are judged by their accuracy on the given noisy inputs."""
    document, network = reference("authors-noise-xor-2-3-3-1-seed0")
    targets = np.array(document["targets"])[:, None] == 1
    behavior = Behavior(document["inputs"], np.ones(len(targets)), targets)
    circuits = ReleasedCircuits(network, behavior)
    assert document["authors"]["circuits_in_space"] == circuits.in_space()
    assert (document["authors"]["perfect_circuits"],) * 2 == circuits.count().between


def test_mapping_of_the_analytic_network():
    """The one aligned algorithm of the analytic network sits where the file says."""
    document, network = reference("xornet")
    audit = eh.audit(network, "XOR")
    (mapping,) = audit.findings.mappings.survivors["irredundant"]
    found = {
        variable.name: [[s.layer, neuron] for neuron in s.neurons]
        for variable, s in zip(mapping.algorithm.variables, mapping.sets, strict=True)
    }
    assert document["paper"]["mapping"] == found
    assert document["paper"]["algorithm_depth"] == audit.depth
