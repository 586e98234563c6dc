"""Mappings out and in as intervention configurations in the style of pyvene, with what each interchange must give.

A network of several layers is one block per layer with one position, as pyvene has MLPs: hidden layer 1 is layer 0, its
activations the component `block_output`, and its neurons are chosen by `subspaces`.
"""

from typing import Any

from ..boolean.algorithms import Algorithm, Variable
from ..boolean.truth_table import row_name
from ..errors import InputError
from ..mappings.alignment import needed_rows
from ..mappings.mapping import Mapping
from ..mappings.signatures import NeuronSet
from ..network import Network, one_of
from .documents import cut

COMPONENT, UNIT, INTERVENTION = "block_output", "pos", "VanillaIntervention"


def mapping_to_interventions(mapping: Mapping, network: Network) -> dict[str, Any]:
    """A mapping as a JSON document: for each variable a configuration, and what an interchange with it must give.

    In an entry of `variables`, `representations` makes an intervenable model, `unit_locations` and `subspaces` are
    arguments of its call with a base and one source, and `predictions[source][base]` is the algorithm's decision, rows
    in the order of `inputs`. A mapping is aligned when the network decides the same.

    Raises:
        InputError: the mapping does not fit the network.

    Example:
        >>> import everyhow as eh
        >>> (mapping,) = eh.mappings(eh.xornet(), next(eh.algorithms("XOR", depth=2)))
        >>> entry = mapping_to_interventions(mapping, eh.xornet())["variables"][0]
        >>> entry["variable"], entry["representations"][0]["layer"], entry["subspaces"], entry["predictions"]
        ('NAND(A,B)', 0, [2], ['0111', '0111', '0111', '0000'])
    """
    algorithm = mapping.algorithm
    _check_fits(algorithm, network)
    _check_sets(mapping.sets, algorithm, network)
    return {
        "algorithm": str(algorithm),
        "widths": list(network.widths),
        "inputs": [row_name(row, algorithm.inputs) for row in range(1 << algorithm.inputs)],
        "variables": [
            _entry(variable, neurons, algorithm.inputs)
            for variable, neurons in zip(algorithm.variables, mapping.sets, strict=True)
        ],
    }


def mapping_from_interventions(document: object, algorithm: Algorithm, network: Network) -> Mapping:
    """The mapping that a document made by `mapping_to_interventions`, or one like it, describes.

    Needed are `variables`, each with `variable` or `path`, `representations` and `subspaces`; where `algorithm`,
    `widths` or `predictions` are given they must be those of the algorithm and the network.

    Raises:
        InputError: the document is of another algorithm or network, leaves a variable out or names one twice, or its
            neurons are not disjoint sets of hidden layers.
    """
    _check_fits(algorithm, network)
    if not isinstance(document, dict) or not isinstance(document.get("variables"), list):
        raise InputError('interventions are a JSON object with "variables", a list of one entry per variable')
    for key, expected in (("algorithm", str(algorithm)), ("widths", list(network.widths))):
        if document.get(key, expected) != expected:
            raise InputError(f"{key} of the interventions is {cut(document[key])}, not {expected}")
    placed: dict[tuple[int, ...], NeuronSet] = {}
    for entry in document["variables"]:
        if not isinstance(entry, dict):
            raise InputError(f"an entry of variables is {cut(entry)}; it is an object")
        variable = _variable(entry, algorithm)
        if variable.path in placed:
            raise InputError(f"variable {variable.name} has two entries; give it one")
        placed[variable.path] = _neurons(entry, variable.name)
        needed = _predictions(variable, algorithm.inputs)
        if entry.get("predictions", needed) != needed:
            raise InputError(f"the predictions for {variable.name} are not those of {algorithm}; leave them out")
    missing = [variable.name for variable in algorithm.variables if variable.path not in placed]
    if missing:
        raise InputError(f"no entry for {', '.join(missing)}; each variable of {algorithm} needs one")
    sets = tuple(placed[variable.path] for variable in algorithm.variables)
    _check_sets(sets, algorithm, network)
    return Mapping(algorithm, sets)


def _entry(variable: Variable, neurons: NeuronSet, inputs: int) -> dict[str, Any]:
    representation = {
        "layer": neurons.layer - 1,
        "component": COMPONENT,
        "unit": UNIT,
        "max_number_of_units": 1,
        "low_rank_dimension": None,
        "intervention_type": None,
    }
    return {
        "variable": variable.name,
        "path": list(variable.path),
        "representations": [representation],
        "intervention_types": INTERVENTION,
        "mode": "parallel",
        "unit_locations": {"sources->base": 0},
        "subspaces": list(neurons.neurons),
        "predictions": _predictions(variable, inputs),
    }


def _predictions(variable: Variable, inputs: int) -> list[str]:
    """For each source the algorithm's decision at every base, as digits."""
    rows = range(1 << inputs)
    return ["".join(str(row >> base & 1) for base in rows) for row in needed_rows(variable, inputs)]


def _variable(entry: dict, algorithm: Algorithm) -> Variable:
    """The variable of an entry: by its path, which is unique, or else by its name."""
    path, name = entry.get("path"), entry.get("variable")
    variables = algorithm.variables
    if path is None:
        found = [v for v in variables if v.name == name]
    else:
        found = [v for v in variables if list(v.path) == path and name in (None, v.name)]
    if len(found) > 1:
        raise InputError(f"{algorithm} has {len(found)} variables {cut(name)}; tell them apart by path")
    if not found:
        names = ", ".join(v.name for v in variables) or "none"
        raise InputError(f"{algorithm} has no variable {cut(name)} at path {cut(path)}; its variables are {names}")
    return found[0]


def _neurons(entry: dict, name: str) -> NeuronSet:
    listed = entry.get("representations")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        raise InputError(f"representations of {name} is {cut(listed)}; it is a list of one object")
    representation = listed[0]
    component, layer = representation.get("component", COMPONENT), representation.get("layer")
    if component != COMPONENT or representation.get("unit", UNIT) != UNIT:
        raise InputError(
            f"the representation of {name} is {cut(component)} by {cut(representation.get('unit', UNIT))}; "
            f"mappings are of {COMPONENT!r} by {UNIT!r}"
        )
    neurons = entry.get("subspaces")
    if type(layer) is not int or not isinstance(neurons, list) or not all(type(j) is int for j in neurons):
        raise InputError(
            f"{name} has layer {cut(layer)} and subspaces {cut(neurons)}; a layer is a whole number from 0, "
            f"subspaces a list of neurons from 0"
        )
    return NeuronSet(layer + 1, tuple(sorted(neurons)))


def _check_fits(algorithm: Algorithm, network: Network) -> None:
    if (algorithm.inputs, 1) != (network.widths[0], network.widths[-1]):
        raise InputError(
            f"the algorithm has {algorithm.inputs} inputs and one output, but the network {network.widths[0]} and "
            f"{network.widths[-1]}; {one_of(network)}"
        )


def _check_sets(sets: tuple[NeuronSet, ...], algorithm: Algorithm, network: Network) -> None:
    names = [variable.name for variable in algorithm.variables]
    for name, neurons in zip(names, sets, strict=True):
        inside = 1 <= neurons.layer < network.depth
        if not inside or not neurons.neurons or not set(neurons.neurons) <= set(range(network.widths[neurons.layer])):
            raise InputError(f"{name} is placed in {neurons}, which is no set of hidden neurons of {network!r}")
    taken = [(neurons.layer, j) for neurons in sets for j in neurons.neurons]
    if len(set(taken)) != len(taken):
        twice = next(place for place in taken if taken.count(place) > 1)
        raise InputError(f"neuron {twice[1]} of layer {twice[0]} is given twice; the sets of a mapping are disjoint")
