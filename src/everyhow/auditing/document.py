"""What audit.json says beyond the counts: the explanations themselves, as plain JSON."""

from collections import abc
from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from typing import Any

from ..boolean.algorithms import Algorithm
from ..circuit.overlap import Usage
from ..experiment.deciding import Dispute
from ..experiment.findings import ExperimentFindings
from ..experiment.ranking import Ranking
from ..interpretation.interpretation import Interpretation
from ..mapping.findings import MappingFindings
from ..mapping.interchange import NearMiss
from ..mapping.mapping import Mapping
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.explanation import Explanation
from ..readout.findings import LayerReadouts
from ..readout.interchange import ReadoutInterchange
from ..readout.readouts import OF_SETS
from .findings import Findings
from .lesson import Lesson

# Lists of explanations are cut here; the number of all of them stands beside each list.
MOST_LISTED = 1000


def details_of(findings: Findings) -> dict[str, Any]:
    """Histograms, usage and the explanations of one output of a task."""
    return {
        **_shared(findings),
        "readouts": {"layers": [_readout_layer(layer) for layer in findings.readouts.explained]}
        if findings.readouts
        else None,
        "lesson": findings.lesson and _lesson(findings.lesson),
        "mappings": findings.mappings and _algorithms(findings.mappings),
    }


def details_by_data(findings: Findings) -> dict[str, Any]:
    """Histograms, usage, what each layer reads, and the explanations of an audit by data."""
    return {
        **_shared(findings),
        "readouts": [_read(layer) for layer in (findings.readouts.layers if findings.readouts else ())],
        "mappings": None
        if findings.laddered is None or findings.laddered.aligned is None
        else [
            {"algorithm": str(algorithm), "mappings": [one.placed for one in placed]}
            for algorithm, placed in findings.laddered.by_algorithm.items()
        ],
        "algorithms": findings.laddered and _algorithms(findings.laddered),
    }


def _shared(findings: Findings) -> dict[str, Any]:
    interpretations = findings.interpretations
    return {
        "circuits": circuit_details(findings),
        "interpretations": interpretations
        and {
            "estimate": interpretations.estimate and vars(interpretations.estimate),
            **({} if interpretations.between is None else {"between": list(interpretations.between)}),
            "of_the_simplest_circuit": interpretations.simplest and _interpretation(interpretations.simplest),
        },
        "experiments": findings.experiments and _experiments(findings.experiments),
        "costs": findings.ranking and _costs(findings.ranking, findings.cheapest),
    }


def circuit_details(findings: Findings) -> dict[str, Any]:
    """Histograms, usage, the minimal circuits, and the number of perfect ones under each kind of ablation."""
    circuits = findings.circuits
    return {
        "perfect_by_edges": _by_edges(circuits.perfect),
        "resample_faithful_by_edges": _by_edges(circuits.faithful),
        "minimal": _listed(circuits.minimal, _circuit),
        "resample_faithful_minimal": _listed(circuits.faithful_minimal, _circuit),
        "usage": circuits.usage and _usage(circuits.usage),
        "by_ablation": {ablation: count.plain for ablation, count in findings.ablations.items()},
        **(
            {
                "by_grain": {
                    grain: {ablation: count.plain for ablation, count in counts.items()}
                    for grain, counts in findings.grains.items()
                }
            }
            if findings.grains
            else {}
        ),
    }


def explained(behavior: Behavior) -> dict[str, Any]:
    """A behavior as it stands in audit.json."""
    return {
        "points": behavior.points.tolist(),
        "weights": behavior.weights.tolist(),
        "wanted": behavior.wanted.astype(int).tolist(),
        "epsilon": behavior.epsilon,
        "within": behavior.within,
        **({} if behavior.threshold is None else {"threshold": behavior.threshold}),
        **({} if behavior.input_values == (0.0, 1.0) else {"inputs": list(behavior.input_values)}),
        **({"names": list(behavior.names)} if behavior.names else {}),
        **({} if behavior.answer is None else {"answer": behavior.answer.document()}),
        **({} if behavior.paired is None else {"paired": behavior.paired.tolist()}),
    }


def digits_of(counts: abc.Mapping[str, Any]) -> dict[str, str]:
    """The counts that are whole numbers, in full: readers of JSON may have numbers of 53 bits only."""
    return {key: str(number) for key, number in counts.items() if isinstance(number, int)}


def _listed(items: Iterable[Any] | None, describe) -> dict[str, Any] | None:
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


def _near_miss(miss: NearMiss) -> dict[str, Any]:
    document = miss.mapping.document()
    for entry, accuracy in zip(document["variables"], miss.accuracies, strict=True):
        entry["iia"] = float(accuracy)
    return document


def _algorithms(mappings: MappingFindings) -> dict[str, Any]:
    return {
        "aligned": _listed(mappings.aligned and mappings.aligned.items(), _aligned),
        "survivors": {rung: _listed(kept, Mapping.document) for rung, kept in mappings.survivors.items()},
        "near_misses": [_near_miss(miss) for miss in mappings.near_misses],
        "near_misses_scored": dict(zip(("algorithms", "of"), mappings.scored, strict=True)),
    }


def _readout_layer(layer: LayerReadouts) -> dict[str, Any]:
    signals = layer.signals
    readable = _listed_of(
        len(signals), (signals[k] for k in range(len(signals))), lambda one: one.document() | {"endures": one.endures}
    )
    return {"layer": layer.layer, "rank": signals.rank, "readable": readable, **_explanations(layer)}


def _read(layer: LayerReadouts) -> dict[str, Any]:
    """What is linear in a layer, over data, and what explains it, where that was searched for."""
    signals = layer.signals
    return {
        "layer": layer.layer,
        "readable_signals": len(signals),
        "directions": signals.rank,
        "decisions": [probe._asdict() for probe in signals.wanted],
        "signals": [
            {"coefficients": c.tolist(), "constant": float(d), "residual": float(r), "endures": float(e)}
            for c, d, r, e in zip(
                signals.coefficients[:100], signals.constants, signals.residuals, signals.endures, strict=False
            )
        ],
        **({} if layer.asked is None else _explanations(layer)),
    }


def _explanations(layer: LayerReadouts) -> dict[str, Any]:
    found = layer.found
    return {
        "tolerance": layer.signals.tolerance,
        "most_signals": layer.asked,
        "disturbance": found and found.disturbance,
        "baseline_signals": layer.signals.baseline,
        "bounded_signals": layer.bounded,
        "by_signals": {
            rung: None if found is None else {str(size): n for size, n in found.by_signals(rung).items()}
            for rung in OF_SETS
        },
        "ladder": layer.survivors,
        "verdict": layer.verdict and asdict(layer.verdict),
        "exact": _listed_of(found and found.survivors["exact"], found and found.explanations("exact"), _explanation),
        "bounded": _listed_of(
            found and found.survivors["bounded"], found and found.explanations("bounded"), _explanation
        ),
        "cheapest": _listed(found and found.explanations("cheapest"), _explanation),
    }


def _listed_of(number: int | None, items: Iterable[Any] | None, describe) -> dict[str, Any] | None:
    """How many items there are and the first of them, where the number is known and listing all would take long."""
    if items is None:
        return None
    return {"number": number, "listed": [describe(item) for item in islice(items, MOST_LISTED)]}


def _explanation(explanation: Explanation) -> dict[str, Any]:
    return {"kind": explanation.kind, **explanation.document()}


def _experiments(experiments: ExperimentFindings) -> dict[str, Any]:
    examined = experiments.examined
    document: dict[str, Any] = {
        "survivors": experiments.of,
        "not_swappable": experiments.unswappable,
        "circuits": experiments.circuits,
        "disputes": _listed(experiments.disputes, _dispute),
        "circuit_disputes": _listed(experiments.circuit_disputes, _dispute),
    }
    if examined is not None:
        document["cross_examination"] = {
            "explanations": [_explanation(explanation) for explanation in examined.explanations],
            "swaps": [len(swaps.outcomes) for swaps in examined.swaps],
            "said": [list(row) for row in examined.said],
            "predicted": [[swaps.right(k) for k in range(len(swaps.predictions))] for swaps in examined.swaps],
            "halfway": [list(row) for row in examined.halfway],
            "unnatural": [list(row) for row in examined.unnatural],
            "most_moved": examined.most_moved,
            **({} if examined.seed is None else {"of": [s.of for s in examined.swaps], "seed": examined.seed}),
            "interchange": [found and _interchange(found) for found in experiments.interchanges],
        }
    return document


def _interchange(found: ReadoutInterchange) -> dict[str, Any]:
    return {
        "iia": [float(share) for share in found.single],
        "iia_joint": None if found.joint is None else float(found.joint),
        "patched_states": found.patched,
        "unnatural_states": found.unnatural,
        **({} if found.of is None else {"of": found.of}),
    }


def _dispute(dispute: Dispute[Any]) -> dict[str, Any]:
    found = dispute.experiment
    return {
        "between": [_circuit(e) if isinstance(e, Circuit) else e.stored for e in dispute.explanations],
        "family": dispute.family,
        **({} if dispute.said_by_both is None else {"said_by_both": dispute.said_by_both}),
        "experiment": found
        and {
            "kind": found.kind,
            "text": found.text,
            **found.setting,
            **({"unnatural": found.unnatural} if found.kind == "interchange" else {}),
            "predicted": [int(bit) for bit in found.predicted],
            "network_decides": int(found.outcome),
            "wrong": found.wrong,
        },
    }


def _costs(ranking: Ranking, cheapest: tuple[Mapping, ...] | None) -> dict[str, Any]:
    model = ranking.model
    return {
        "prices": {
            "gate": model.gate,
            "not": model.negation,
            "xor": model.parity,
            "familiar": dict(model.familiar),
        },
        "cheapest_mappings": _listed(cheapest, Mapping.document),
        "survivors": ranking.of,
        "ranking": [{"cost": cost, **_explanation(explanation)} for cost, explanation in ranking.entries],
        "settings_not_tried": ranking.untried,
        "winners": [
            {"not": p.negation, "familiar": p.familiar, "cost": p.cost, "places": [k + 1 for k in p.winners]}
            for p in ranking.table
        ],
    }


def _lesson(lesson: Lesson) -> dict[str, Any]:
    return {
        "shown": list(lesson.shown),
        "told": lesson.told,
        "task": str(lesson.task),
        "learned": str(lesson.learned),
        "fitting_circuits_between": lesson.fitting and list(lesson.fitting.between),
        "depth": lesson.depth,
        "continuations": [
            {
                "table": str(continuation.table),
                "name": continuation.name,
                "circuits_between": continuation.circuits and list(continuation.circuits.between),
                "algorithms": None
                if continuation.algorithms is None
                else _listed(continuation.algorithms.items(), _aligned),
            }
            for continuation in lesson.continuations
        ],
    }
