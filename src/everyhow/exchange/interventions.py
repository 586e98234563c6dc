"""Mappings out and in as intervention configurations in the style of pyvene, with what each interchange must give.

A network of several layers is one block per layer with one position, as pyvene has MLPs: hidden layer 1 is layer 0, its
activations the component `block_output`, and its neurons are chosen by `subspaces`.
"""

import json
from collections import abc
from collections.abc import Sequence
from typing import Any

from ..boolean.algorithms import Algorithm, Variable
from ..boolean.truth_table import row_name
from ..common.arguments import instance
from ..common.errors import InputError, first_line
from ..common.reading import cut
from ..mapping.alignment import needed_rows
from ..mapping.mapping import Mapping
from ..mapping.signatures import NeuronSet
from ..model.runnable import one_of
from ..network.network import Network

COMPONENT, UNIT, INTERVENTION = "block_output", "pos", "VanillaIntervention"
# How pyvene 0.1.8 writes that class into config.json, and the fields of a representation, which it writes as a list.
WRITTEN = (INTERVENTION, f"pyvene.{INTERVENTION}", f"<class 'pyvene.models.interventions.{INTERVENTION}'>")
FIELDS = (
    "layer", "component", "unit", "max_number_of_units", "low_rank_dimension", "intervention_type", "intervention",
    "subspace_partition", "group_key", "intervention_link_key", "moe_key", "source_representation",
    "hidden_source_representation", "latent_dim",
)  # fmt: skip
# What is allowed of a key beside None, by which pyvene writes that a field is not used.
NOTHING: tuple[Any, ...] = ()
PLAIN_FIELDS = dict.fromkeys(FIELDS[4:], NOTHING) | {"max_number_of_units": (1,), "intervention_type": WRITTEN}
PLAIN_ENTRY = {
    "intervention_types": (*WRITTEN, *([one] for one in WRITTEN)), "mode": ("parallel",),
    "intervention_constant_sources": ([False],),
}  # fmt: skip
OF_THE_DOCUMENT = ("algorithm", "widths", "inputs", "variables")
OF_AN_ENTRY = (
    "variable", "path", "representations", "subspaces", "predictions", "unit_locations", "intervention_dimensions",
    "sorted_keys", "model_type", "transformers_version",
)  # fmt: skip


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
    algorithm = instance(mapping, Mapping, "a Mapping", "eh.mappings lists them").algorithm
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
    `widths`, `inputs` or `predictions` are given they must be those of the algorithm and the network. What pyvene
    itself writes is read: a representation as a list of its fields, the class by its full name, None for what is not
    used, and `subspaces` nested as its calls take them, or None for the whole layer.

    Raises:
        InputError: the document is of another algorithm or network, leaves a variable out or names one twice, its
            neurons are not disjoint sets of hidden layers, or something is not a plain swap of whole neurons, such
            as a rotation, a low rank, a partition, several units, or an unknown key, which is named.
    """
    _check_fits(algorithm, network)
    document = _as_json(document)
    if not isinstance(document, dict) or not isinstance(document.get("variables"), list):
        raise InputError('interventions are a JSON object with "variables", a list of one entry per variable')
    _check_known(document, OF_THE_DOCUMENT, {}, "the interventions")
    rows = [row_name(row, algorithm.inputs) for row in range(1 << algorithm.inputs)]
    for key, expected in (("algorithm", str(algorithm)), ("widths", list(network.widths)), ("inputs", rows)):
        if document.get(key) not in (None, expected):
            raise InputError(f"{key} of the interventions is {cut(document[key])}, not {expected!s:.80}")
    placed: dict[tuple[int, ...], NeuronSet] = {}
    for entry in document["variables"]:
        if not isinstance(entry, dict):
            raise InputError(f"an entry of variables is {cut(entry)}; it is an object")
        variable = _variable(entry, algorithm)
        if variable.path in placed:
            raise InputError(f"variable {variable.name} has two entries; give it one")
        placed[variable.path] = _neurons(entry, variable.name, network)
        needed = _predictions(variable, algorithm.inputs)
        if entry.get("predictions") not in (None, needed):
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


def _variable(entry: dict[Any, Any], algorithm: Algorithm) -> Variable:
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


def _neurons(entry: dict[Any, Any], name: str, network: Network) -> NeuronSet:
    """The neurons that an entry swaps, if everything else in the entry says that it is a plain swap of them."""
    _check_known(entry, OF_AN_ENTRY, PLAIN_ENTRY, name)
    listed = entry.get("representations")
    only = listed[0] if isinstance(listed, list) and len(listed) == 1 else listed
    if isinstance(only, list) and 0 < len(only) <= len(FIELDS) and not isinstance(only[0], dict | list):
        only = {str(field): value for field, value in zip(FIELDS, only, strict=False)}
    if not isinstance(only, dict):
        raise InputError(f"representations of {name} is {cut(listed)}; it is a list of one object")
    component, unit = (
        plain if only.get(key) is None else only[key] for key, plain in (("component", COMPONENT), ("unit", UNIT))
    )
    if (component, unit) != (COMPONENT, UNIT):
        raise InputError(
            f"the representation of {name} is {cut(component)} by {cut(unit)}; "
            f"mappings are of {COMPONENT!r} by {UNIT!r}"
        )
    _check_known(only, FIELDS[:3], PLAIN_FIELDS, name)
    _check_locations(entry.get("unit_locations"), name)
    layer, neurons = only.get("layer"), _subspaces(entry.get("subspaces"))
    width = network.widths[layer + 1] if type(layer) is int and 1 <= layer + 1 < network.depth else None
    if entry.get("subspaces", 0) is None and width is not None:
        neurons = list(range(width))  # pyvene then swaps the whole layer
    if type(layer) is not int or neurons is None:
        raise InputError(
            f"{name} has layer {cut(layer)} and subspaces {cut(entry.get('subspaces'))}; a layer is a whole number "
            f"from 0, subspaces a list of neurons from 0"
        )
    sizes = entry.get("intervention_dimensions")
    if width is not None and sizes not in (None, [None], [width]):
        raise InputError(
            f"{name} has intervention_dimensions {cut(sizes)}, but layer {layer + 1} has {width} neurons; "
            " the configuration is of another network"
        )
    return NeuronSet(layer + 1, tuple(sorted(neurons)))


def _subspaces(value: object) -> list[int] | None:
    """Neurons as pyvene's calls take them: 2, [2], and in lists of one for each intervention and each input."""
    if type(value) is int:
        return [value]
    while isinstance(value, list) and value and isinstance(value[0], list) and all(one == value[0] for one in value):
        value = value[0]
    return value if isinstance(value, list) and all(type(j) is int for j in value) else None


def _check_locations(value: object, name: str) -> None:
    """See that only position 0 is meant, the only one of a layer."""
    inner = value.get("sources->base") if isinstance(value, dict) and set(value) == {"sources->base"} else value
    flat = [inner]
    while any(isinstance(one, list) and one for one in flat):
        flat = [part for one in flat for part in (one if isinstance(one, list) and one else [one])]
    if inner is not None and not all(type(one) is int and one == 0 for one in flat):
        raise InputError(
            f'{name} has unit_locations {cut(value)}; a layer here has one position, so give {{"sources->base": 0}}'
        )


def _check_known(given: dict[Any, Any], free: Sequence[str], plain: abc.Mapping[str, Sequence[Any]], name: str) -> None:
    """See that every key is known, and that those which change what is swapped have their plain value.

    Raises:
        InputError: another key, or another value, is named.
    """
    for key, value in given.items():
        if key in free or (key in plain and (value is None or _is_one_of(value, plain[key]))):
            continue
        allowed = " or ".join(map(repr, [*plain[key][:1], None])) if key in plain else "left out"
        raise InputError(
            f"{name} has {repr(key[:60])[1:-1]} {repr(value)[:120]}; only a plain swap of whole neurons "
            f"({INTERVENTION}) is read, so it must be {allowed}: describe the neurons themselves by layer and subspaces"
        )


def _is_one_of(value: object, allowed: Sequence[Any]) -> bool:
    return any(type(value) is type(one) and value == one for one in allowed)


def _as_json(document: object) -> Any:
    """The document as JSON has it: a tuple is a list."""
    try:
        return json.loads(json.dumps(document))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"interventions are a JSON object, as json.load reads it ({first_line(error)})") from None


def _check_fits(algorithm: Algorithm, network: Network) -> None:
    if not isinstance(algorithm, Algorithm) or not isinstance(network, Network):
        raise InputError(
            f"an algorithm (of eh.algorithms) and a network are needed; found {type(algorithm).__name__} and "
            f"{type(network).__name__}"
        )
    if (algorithm.inputs, 1) != (network.features, network.outputs):
        raise InputError(
            f"the algorithm has {algorithm.inputs} inputs and one output, but the network {network.features} and "
            f"{network.outputs}; {one_of(network)}"
        )


def _check_sets(sets: tuple[NeuronSet, ...], algorithm: Algorithm, network: Network) -> None:
    names, nodes = [variable.name for variable in algorithm.variables], set(network.graph.inner)
    for name, neurons in zip(names, sets, strict=True):
        if not neurons.nodes or not nodes.issuperset(neurons.nodes) or neurons.first != neurons.last:
            raise InputError(f"{name} is placed in {neurons}, which is not a set of hidden neurons of {network!r}")
    taken = [node for neurons in sets for node in neurons.nodes]
    if len(set(taken)) != len(taken):
        twice = next(node for node in taken if taken.count(node) > 1)
        raise InputError(f"{network.graph.name(twice)} is given twice; the sets of a mapping are disjoint")
