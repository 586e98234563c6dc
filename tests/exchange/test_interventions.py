"""Mappings out and in as intervention configurations."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.exchange.interventions import mapping_from_interventions, mapping_to_interventions
from everyhow.mapping.mapping import Mapping
from everyhow.mapping.signatures import NeuronSet
from everyhow.verification import plain, plain_mappings

from ..conftest import reference

NAMES = ["xor-2-3-3-1-seed0", "xornet", "and-2-3-3-1-seed0", "xor-2-2-2-1-seed2"]


def mappings_of_reference(name):
    """Every minimal mapping of every aligned algorithm of depth at most 2."""
    document, network = reference(name)
    for algorithm in eh.algorithms(document["task"], depth=2):
        for mapping in eh.mappings(network, algorithm):
            yield network, mapping


@pytest.mark.parametrize("name", NAMES)
def test_round_trip(name):
    """A mapping comes back from its document, through text; also from the few keys that are needed."""
    for network, mapping in mappings_of_reference(name):
        document = json.loads(json.dumps(mapping_to_interventions(mapping, network)))
        assert mapping_from_interventions(document, mapping.algorithm, network) == mapping
        kept = ("path", "representations", "subspaces")
        few = {"variables": [{key: entry[key] for key in kept} for entry in document["variables"]]}
        assert mapping_from_interventions(few, mapping.algorithm, network) == mapping


@pytest.mark.parametrize("name", NAMES)
def test_done_by_hand(name):
    """The interventions that a document describes, carried out on the plain network, give what it predicts."""
    seen = 0
    for network, mapping in mappings_of_reference(name):
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
    table = plain_mappings.signature(network, points, (1, (0,)))
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
        (changed((*REPRESENTATION, "component"), []), r"\[\] by 'pos'; mappings are of 'block_output' by 'pos'"),
        (changed((*REPRESENTATION, "unit"), "h"), "'block_output' by 'h'; mappings are of 'block_output' by 'pos'"),
        (changed((*REPRESENTATION, "layer"), "0"), r"NAND\(A,B\) has layer '0' and subspaces \[2\]; a layer is"),
        (changed((*REPRESENTATION, "layer"), 1), r"NAND\(A,B\) is placed in h2.2, which is not a set of hidden"),
        (changed((*FIRST, "subspaces"), [True]), r"NAND\(A,B\) has layer 0 and subspaces \[True\]; a layer is"),
        (changed((*FIRST, "subspaces"), []), "which is not a set of hidden neurons of Network"),
        (changed((*FIRST, "subspaces"), [3]), "which is not a set of hidden neurons of Network"),
        (changed((*FIRST, "subspaces"), [2, 2]), "h1.2 is given twice; the sets of a mapping"),
        (changed((*FIRST, "subspaces"), [0, 2]), "h1.0 is given twice"),
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
    with pytest.raises(eh.InputError, match=r"NAND\(A,B\) is placed in h1.2, which is not a set of hidden neurons"):
        mapping_to_interventions(mapping, small)
    wide = eh.Network([np.ones((3, 3)), np.ones((1, 3))], [np.zeros(3), [0.0]], ["relu", "relu"])
    with pytest.raises(eh.InputError, match="the algorithm has 2 inputs and one output, but the network 3 and 1; take"):
        mapping_to_interventions(mapping, wide)


PYVENE = "<class 'pyvene.models.interventions.{}'>"
# What IntervenableModel.save of pyvene 0.1.8 writes into config.json for one plain swap in block 0 of its own MLP.
SAVED = {
    "intervention_constant_sources": [False],
    "intervention_dimensions": [3],
    "intervention_types": [PYVENE.format("VanillaIntervention")],
    "mode": "parallel",
    "representations": [[0, "block_output", "pos", 1] + [None] * 10],
    "sorted_keys": ["layer_0_comp_block_output_unit_pos_nunit_1#0"],
    "transformers_version": "5.24.0",
}


def read(entry_change=None, representation_change=None):
    """The mapping of the analytic network's document after a change of its first entry."""
    network, algorithm = eh.xornet(), next(eh.algorithms("XOR", depth=2))
    (mapping,) = eh.mappings(network, algorithm)
    document = json.loads(json.dumps(mapping_to_interventions(mapping, network)))
    document["variables"][0].update(copy.deepcopy(entry_change or {}))
    if representation_change:
        document["variables"][0]["representations"][0].update(representation_change)
    return mapping_from_interventions(document, algorithm, network), mapping


@pytest.mark.parametrize(
    "change",
    [
        SAVED, {"subspaces": 2}, {"subspaces": [[2]]}, {"subspaces": [[[2]]]}, {"subspaces": [[[2], [2], [2]]]},
        {"unit_locations": None}, {"unit_locations": {"sources->base": [[[0]]]}},
        {"unit_locations": {"sources->base": [[[[0]]], [[[0]]]]}}, {"intervention_types": None, "mode": None},
        {"intervention_types": "pyvene.VanillaIntervention"}, {"model_type": "None"}, {"predictions": None},
    ],
)  # fmt: skip
def test_as_pyvene_writes(change):
    """What pyvene's saved configurations and calls hold for a plain swap is read as the same mapping."""
    found, mapping = read(change)
    assert found == mapping


def test_whole_layer():
    """Without subspaces pyvene swaps the whole layer, so None stands for all of its neurons."""
    network = eh.Network([np.ones((2, 2)), np.ones((2, 2)), np.ones((1, 2))], [np.zeros(2)] * 2 + [[0.0]], ["relu"] * 3)
    algorithm = next(a for a in eh.algorithms("XOR", depth=2) if len(a.variables) == 2)
    mapping = Mapping(algorithm, (NeuronSet(1, (0, 1)), NeuronSet(2, (0, 1))))
    document = mapping_to_interventions(mapping, network)
    for entry in document["variables"]:
        entry["subspaces"] = None
    assert mapping_from_interventions(document, algorithm, network) == mapping
    del document["variables"][0]["subspaces"]
    with pytest.raises(eh.InputError, match="has layer 0 and subspaces None; a layer is"):
        mapping_from_interventions(document, algorithm, network)


OTHER_CLASSES = [
    "RotatedSpaceIntervention", "LowRankRotatedSpaceIntervention", "BoundlessRotatedSpaceIntervention",
    "SigmoidMaskIntervention", "SigmoidMaskRotatedSpaceIntervention", "PCARotatedSpaceIntervention",
    "AdditionIntervention", "SubtractionIntervention", "ZeroIntervention", "NoiseIntervention", "CollectIntervention",
    "SkipIntervention", "AutoencoderIntervention", "JumpReLUAutoencoderIntervention",
]  # fmt: skip


@pytest.mark.parametrize("name", OTHER_CLASSES)
def test_other_interventions(name):
    """Every other kind of intervention that pyvene has is refused by its name, wherever it is written."""
    for written in (name, PYVENE.format(name)):
        for entry, field in (
            ({"intervention_types": written}, None), ({"intervention_types": [written]}, None),
            (None, {"intervention_type": written}),
        ):  # fmt: skip
            with pytest.raises(eh.InputError, match=rf"NAND\(A,B\) has intervention_types? .*\b{name}\b.*only a plain"):
                read(entry, field)


@pytest.mark.parametrize(
    ("entry", "field", "text"),
    [
        (None, {"low_rank_dimension": 2}, "low_rank_dimension 2; .* so it must be None"),
        (None, {"subspace_partition": [[0, 1], [1, 3]]}, r"subspace_partition \[\[0, 1\], \[1, 3\]\]; only a plain"),
        (None, {"max_number_of_units": 2}, "max_number_of_units 2; .* so it must be 1 or None: describe the neurons"),
        (None, {"max_number_of_units": True}, "max_number_of_units True; only a plain swap"),
        (None, {"group_key": 0}, "group_key 0; only a plain swap"),
        (None, {"intervention_link_key": 0}, "intervention_link_key 0; only"),
        (None, {"moe_key": 1}, "moe_key 1; only"),
        (None, {"hidden_source_representation": True}, "hidden_source_representation True; only"),
        (None, {"source_representation": [0.0]}, r"source_representation \[0.0\]; only"),
        (None, {"latent_dim": 4}, "latent_dim 4; only"),
        (None, {"intervention": "lambda"}, "intervention 'lambda'; only"),
        (None, {"intervenable_low_rank_dimension": 2}, "intervenable_low_rank_dimension 2; .* it must be left out"),
        ({"mode": "serial"}, None, "mode 'serial'; .* it must be 'parallel' or None"),
        ({"intervention_constant_sources": [True]}, None, r"intervention_constant_sources \[True\]; only"),
        ({"rotation": [[1]]}, None, r"rotation \[\[1\]\]; .* it must be left out"),
        ({"intervention_types": "<class '__main__.VanillaIntervention'>"}, None, "intervention_types .*__main__"),
        ({"intervention_types": ["VanillaIntervention"] * 2}, None, "intervention_types .*only a plain swap"),
        ({"intervention_dimensions": [7]}, None, r"has intervention_dimensions \[7\], but layer 1 has 3 neurons"),
        ({"unit_locations": {"sources->base": 1}}, None, "has unit_locations .*; a layer here has one position"),
        ({"unit_locations": {"sources->base": [[0, 1]]}}, None, "has unit_locations .*one position, so give"),
        ({"unit_locations": {"source_0->base": 0}}, None, "has unit_locations .*one position"),
        ({"unit_locations": {"sources->base": [None, 0]}}, None, "has unit_locations .*one position"),
        ({"subspaces": [[0], [2]]}, None, r"has layer 0 and subspaces \[\[0\], \[2\]\]; a layer is"),
        ({"subspaces": "2"}, None, "has layer 0 and subspaces '2'"),
        ({"representations": [[0, "block_output", "pos", 2] + [None] * 10]}, None, "max_number_of_units 2; only"),
        ({"representations": [[0, "block_output", "pos", 1, 2]]}, None, "low_rank_dimension 2; only"),
        ({"representations": [[]]}, None, r"representations of NAND\(A,B\) is \[\[\]\]; it is a list of one object"),
    ],
)  # fmt: skip
def test_more_than_a_swap(entry, field, text):
    """What changes what is swapped is refused by its key and its value."""
    with pytest.raises(eh.InputError, match=text):
        read(entry, field)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["representations", "intervention_types", "mode", "unit_locations", "subspaces", "predictions", "path", "layer"]


@given(st.sampled_from(KEYS), JSON | st.builds(object) | st.just(np.ones(2)), st.booleans())
def test_odd_documents(key, value, inside):
    """Whatever stands at a key, a document is read as its own mapping or refused by a message."""
    network, algorithm = eh.xornet(), next(eh.algorithms("XOR", depth=2))
    (mapping,) = eh.mappings(network, algorithm)
    document = mapping_to_interventions(mapping, network)
    (document["variables"][0]["representations"][0] if inside else document["variables"][0])[key] = value
    try:
        found = mapping_from_interventions(document, algorithm, network)
    except eh.EveryhowError:
        return
    assert found == mapping or key in ("layer", "subspaces")
    for odd in (value, [value], {"variables": value}):
        with pytest.raises(eh.EveryhowError):
            mapping_from_interventions(odd, algorithm, network)


def test_odd_arguments():
    """What is no mapping, algorithm or network is refused by what it is."""
    (mapping,) = eh.mappings(eh.xornet(), next(eh.algorithms("XOR", depth=2)))
    with pytest.raises(eh.InputError, match=r"a Mapping is asked for, not a value of type str"):
        mapping_to_interventions("XOR", eh.xornet())
    with pytest.raises(
        eh.InputError, match=r"an algorithm \(of eh.algorithms\) and a network are needed; found str and"
    ):
        mapping_from_interventions({"variables": []}, "XOR", eh.xornet())
    with pytest.raises(eh.InputError, match=r"an algorithm .* found Algorithm and NoneType"):
        mapping_to_interventions(mapping, None)
