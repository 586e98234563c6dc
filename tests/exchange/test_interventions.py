"""Mappings out and in as intervention configurations."""

import copy
import json

import numpy as np
import pytest

import everyhow as eh
from everyhow.exchange.interventions import mapping_from_interventions, mapping_to_interventions
from everyhow.mappings.mapping import Mapping
from everyhow.mappings.signatures import NeuronSet
from everyhow.verification import plain

from ..conftest import reference

NAMES = ["xor-2-3-3-1-seed0", "xornet", "and-2-3-3-1-seed0", "xor-2-2-2-1-seed2"]


def all_mappings(name):
    """Every minimal mapping of every aligned algorithm of depth at most 2."""
    document, network = reference(name)
    for algorithm in eh.algorithms(document["task"], depth=2):
        for mapping in eh.mappings(network, algorithm):
            yield network, mapping


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(name):
    """A mapping comes back from its document, through text; also from the few keys that are needed."""
    for network, mapping in all_mappings(name):
        document = json.loads(json.dumps(mapping_to_interventions(mapping, network)))
        assert mapping_from_interventions(document, mapping.algorithm, network) == mapping
        kept = ("path", "representations", "subspaces")
        few = {"variables": [{key: entry[key] for key in kept} for entry in document["variables"]]}
        assert mapping_from_interventions(few, mapping.algorithm, network) == mapping


@pytest.mark.parametrize("name", NAMES)
def test_done_by_hand(name):
    """The interventions that a document describes, carried out on the plain network, give what it predicts."""
    seen = 0
    for network, mapping in all_mappings(name):
        document = json.loads(json.dumps(mapping_to_interventions(mapping, network)))
        points = np.array([[float(digit) for digit in row] for row in document["inputs"]])
        states = plain.run(network, points)
        for entry in document["variables"]:
            (representation,) = entry["representations"]
            assert (representation["component"], representation["unit"]) == ("block_output", "pos")
            layer, neurons = representation["layer"] + 1, entry["subspaces"]
            for source, predicted in enumerate(entry["predictions"]):
                decided = plain.run_patched(network, points, [(layer, neurons, states[layer][source, neurons])])
                assert "".join(str(int(bit)) for bit in decided) == predicted
                seen += 1
    assert seen


def test_predictions_can_fail():
    """Other neurons than those of the mapping do not give what the document predicts."""
    network = eh.xornet()
    (mapping,) = eh.mappings(network, next(eh.algorithms("XOR", depth=2)))
    entry = mapping_to_interventions(mapping, network)["variables"][0]
    points = plain.rows(2)
    table = plain.signature(network, points, (1, (0,)))
    assert ["".join(str(int(bit)) for bit in row) for row in table] != entry["predictions"]


def test_no_variables():
    """An algorithm of one gate has nothing to place."""
    algorithm = next(eh.algorithms("AND", depth=1))
    document = mapping_to_interventions(Mapping(algorithm, ()), eh.xornet())
    assert document["variables"] == []
    assert mapping_from_interventions(document, algorithm, eh.xornet()) == Mapping(algorithm, ())


def changed(path, value):
    """A change of the document of the analytic network's mapping."""

    def change(document):
        document = copy.deepcopy(document)
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        return document

    return change


FIRST = ("variables", 0)
REPRESENTATION = (*FIRST, "representations", 0)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: [], "interventions are a JSON object with .variables., a list"),
        (changed(("variables",), {}), "interventions are a JSON object with .variables., a list"),
        (changed(("algorithm",), "AND(A,B)"), r"algorithm of the interventions is 'AND\(A,B\)', not AND\(NAND"),
        (changed(("widths",), [2, 2, 1]), r"widths of the interventions is \[2, 2, 1\], not \[2, 3, 1\]"),
        (changed(("variables", 0), 5), "an entry of variables is 5; it is an object"),
        (changed((*FIRST, "path"), [3]), r"has no variable 'NAND\(A,B\)' at path \[3\]; its variables are NAND"),
        (changed((*FIRST, "variable"), "X"), r"has no variable 'X' at path \[0\]"),
        (lambda d: d | {"variables": d["variables"][:1] * 2}, r"variable NAND\(A,B\) has two entries; give it one"),
        (lambda d: d | {"variables": d["variables"][:1]}, r"no entry for OR\(A,B\); each variable of AND"),
        (changed((*FIRST, "representations"), []), r"representations of NAND\(A,B\) is \[\]; it is a list of one"),
        (changed((*REPRESENTATION, "component"), "mlp_output"), "'mlp_output' by 'pos'; mappings are of 'block"),
        (changed((*REPRESENTATION, "unit"), "h"), "'block_output' by 'h'; mappings are of 'block_output' by 'pos'"),
        (changed((*REPRESENTATION, "layer"), "0"), r"NAND\(A,B\) has layer '0' and subspaces \[2\]; a layer is"),
        (changed((*REPRESENTATION, "layer"), 1), r"NAND\(A,B\) is placed in layer 2: 2, which is no set of hidden"),
        (changed((*FIRST, "subspaces"), [True]), r"NAND\(A,B\) has layer 0 and subspaces \[True\]; a layer is"),
        (changed((*FIRST, "subspaces"), []), "which is no set of hidden neurons of Network"),
        (changed((*FIRST, "subspaces"), [3]), "which is no set of hidden neurons of Network"),
        (changed((*FIRST, "subspaces"), [2, 2]), "neuron 2 of layer 1 is given twice; the sets of a mapping"),
        (changed((*FIRST, "subspaces"), [0, 2]), "neuron 0 of layer 1 is given twice"),
        (changed((*FIRST, "predictions"), []), r"the predictions for NAND\(A,B\) are not those of AND"),
    ],
)  # fmt: skip
def test_errors(change, text):
    """What is wrong with a document, by name."""
    network = eh.xornet()
    (mapping,) = eh.mappings(network, next(eh.algorithms("XOR", depth=2)))
    document = mapping_to_interventions(mapping, network)
    with pytest.raises(eh.InputError, match=text):
        mapping_from_interventions(change(document), mapping.algorithm, network)


def test_repeated_names():
    """Variables of one name are told apart by their paths."""
    network = eh.Network([np.ones((9, 3)), np.ones((1, 9))], [np.zeros(9), [0.0]], ["identity"] * 2)
    every = eh.algorithms("A & B & C", depth=3)
    algorithm = next(a for a in every if len({v.name for v in a.variables}) < len(a.variables))
    mapping = Mapping(algorithm, tuple(NeuronSet(1, (k,)) for k in range(len(algorithm.variables))))
    document = mapping_to_interventions(mapping, network)
    assert mapping_from_interventions(document, algorithm, network) == mapping
    for entry in document["variables"]:
        del entry["path"]
    with pytest.raises(eh.InputError, match=r"has 2 variables '.*'; tell them apart by path"):
        mapping_from_interventions(document, algorithm, network)


def test_wrong_network():
    """A mapping and a network that do not belong together."""
    (mapping,) = eh.mappings(eh.xornet(), next(eh.algorithms("XOR", depth=2)))
    small = eh.Network([np.ones((2, 2)), np.ones((1, 2))], [np.zeros(2), [0.0]], ["relu", "relu"])
    with pytest.raises(eh.InputError, match=r"NAND\(A,B\) is placed in layer 1: 2, which is no set of hidden neurons"):
        mapping_to_interventions(mapping, small)
    wide = eh.Network([np.ones((3, 3)), np.ones((1, 3))], [np.zeros(3), [0.0]], ["relu", "relu"])
    with pytest.raises(eh.InputError, match="the algorithm has 2 inputs and one output, but the network 3 and 1; take"):
        mapping_to_interventions(mapping, wide)
