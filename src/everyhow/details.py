"""What audit.json says beyond the counts: the explanations themselves, as plain JSON."""

from collections.abc import Iterable
from typing import Any

from .authors import AuthorsFindings
from .boolean.algorithms import Algorithm
from .circuits.circuit import Circuit
from .circuits.overlap import Usage
from .interpretations.interpretation import Interpretation
from .mappings.interchange import NearMiss
from .mappings.mapping import Mapping
from .mappings.signatures import NeuronSet
from .paper import PaperFindings

# Lists of explanations are cut here; the number of all of them stands beside each list.
MOST_LISTED = 1000


def details_of(findings: PaperFindings | AuthorsFindings | None) -> dict[str, Any]:
    """Histograms, usage and the surviving explanations; empty for findings that list nothing."""
    if not isinstance(findings, PaperFindings):
        return {}
    circuits, interpretations, mappings = findings.circuits, findings.interpretations, findings.mappings
    return {
        "circuits": {
            "perfect_by_edges": _by_edges(circuits.perfect),
            "resample_faithful_by_edges": _by_edges(circuits.faithful),
            "minimal": _listed(circuits.minimal, _circuit),
            "resample_faithful_minimal": _listed(circuits.faithful_minimal, _circuit),
            "usage": circuits.usage and _usage(circuits.usage),
        },
        "interpretations": {
            "estimate": interpretations.estimate and vars(interpretations.estimate),
            "of_the_simplest_circuit": interpretations.simplest and _interpretation(interpretations.simplest),
        },
        "mappings": {
            "aligned": _listed(mappings.aligned and mappings.aligned.items(), _aligned),
            "survivors": {rung: _listed(kept, _mapping) for rung, kept in mappings.survivors.items()},
            "near_misses": [_near_miss(miss) for miss in mappings.near_misses],
            "near_misses_scored": dict(zip(("algorithms", "of"), mappings.scored, strict=True)),
        },
    }


def _listed(items: Iterable | None, describe) -> dict[str, Any] | None:
    if items is None:
        return None
    everything = list(items)
    return {"number": len(everything), "listed": [describe(item) for item in everything[:MOST_LISTED]]}


def _by_edges(count) -> dict[str, int] | None:
    return None if count is None else {str(edges): number for edges, number in sorted(count.certain.items())}


def _circuit(circuit: Circuit) -> list[list[int]]:
    return [list(edge) for edge in circuit.edges]


def _usage(usage: Usage) -> dict[str, Any]:
    def rows(counts) -> list[dict[str, Any]]:
        return [{"item": list(item), "circuits": n, "role": usage.role(item)} for item, n in counts.items()]

    return {"circuits": usage.circuits, "edges": rows(usage.edges), "neurons": rows(usage.neurons)}


def _interpretation(interpretation: Interpretation) -> list[dict[str, Any]]:
    return [
        {
            "neuron": list(neuron),
            "gate": gate.name,
            "table": gate.table,
            "parents": [list(parent) for parent in gate.parents],
            "separator": interpretation.readings[neuron].separator,
            "gap": interpretation.readings[neuron].gap,
        }
        for neuron, gate in interpretation.gates.items()
    ]


def _aligned(entry: tuple[Algorithm, int]) -> dict[str, Any]:
    algorithm, number = entry
    return {"algorithm": str(algorithm), "irredundant": algorithm.irredundant, "mappings": number}


def _mapping(mapping: Mapping) -> dict[str, Any]:
    variables = zip(mapping.algorithm.variables, mapping.sets, strict=True)
    return {
        "algorithm": str(mapping.algorithm),
        "variables": [{"variable": variable.name, "neurons": _neurons(s)} for variable, s in variables],
    }


def _neurons(neuron_set: NeuronSet) -> list[list[int]]:
    return [[neuron_set.layer, neuron] for neuron in neuron_set.neurons]


def _near_miss(miss: NearMiss) -> dict[str, Any]:
    document = _mapping(miss.mapping)
    for entry, accuracy in zip(document["variables"], miss.accuracies, strict=True):
        entry["iia"] = float(accuracy)
    return document
