"""The preset `paper`: every explanation of one output by the paper's own definitions."""

from collections import abc
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from ..circuit.findings import CircuitFindings, count_by_ablation
from ..common.execution import IN_THREADS, Execution
from ..common.progress import Progress
from ..experiment.findings import MOST_EXAMINED, ExperimentFindings, examine_experiments
from ..experiment.ranking import MOST_PRICED, Ranking, cheapest_mappings, rank
from ..interpretation.findings import InterpretationFindings
from ..ladder import Verdict, judge
from ..mapping.alignment import minimal_mappings
from ..mapping.findings import RUNGS as MAPPING_RUNGS
from ..mapping.findings import MappingFindings, complexity
from ..mapping.mapping import Mapping
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.explanation import Explanation
from ..model.model import CircuitCount, Model
from ..model.task import Task
from ..readout.findings import LayerReadouts, ReadoutFindings, examine_readouts
from .asked import Questions
from .counted import CountedExplanations, count_explanations
from .lesson import Lesson, examine_lesson


@dataclass(frozen=True)
class PaperFindings:
    """Where, what, the algorithms with their places, the population codes, and what tells the survivors apart.

    Attributes:
        counted: the circuits, their interpretations, and the algorithms with their places.
        readouts: the population codes of every hidden layer.
        experiments: the survivors against each other.
        ranking: the surviving mappings and readout explanations by cost.
        cheapest: the mappings that pass every rung and whose algorithm costs least; None when not counted.
        lesson: what fits the rows that the network was shown; None when no row is unshown.
        by_ablation: the perfect circuits under each kind of ablation; None where not counted.
    """

    counted: CountedExplanations
    readouts: ReadoutFindings
    experiments: ExperimentFindings
    ranking: Ranking
    cheapest: tuple[Mapping, ...] | None
    lesson: Lesson | None
    by_ablation: abc.Mapping[str, CircuitCount | None]

    @property
    def capped(self) -> tuple[str, ...]:
        """Why something was not counted exactly."""
        return self.refused + self.interpretations.beyond + self.counted.ties + self.readouts.ties

    @property
    def refused(self) -> tuple[str, ...]:
        """What the budget did not allow."""
        lesson = () if self.lesson is None else self.lesson.refused
        return self.counted.refused + self.readouts.refused + lesson

    @property
    def circuits(self) -> CircuitFindings:
        """Where."""
        return self.counted.circuits

    @property
    def interpretations(self) -> InterpretationFindings:
        """What, given a circuit."""
        return self.counted.interpretations

    @property
    def mappings(self) -> MappingFindings:
        """The algorithms with their places."""
        return self.counted.mappings

    @property
    def counts(self) -> dict[str, Any]:
        """The counts by their names in audit.json; None where something was not counted."""
        return self.counted.counts

    @property
    def ladder(self) -> dict[str, dict[str, int | None]]:
        """Survivors by rung: of (algorithm, mapping) pairs, of algorithms, and of circuits."""
        return self.counted.ladder

    @property
    def verdict(self) -> dict[str, Verdict]:
        """One verdict per strategy."""
        return self.counted.verdict

    @property
    def code_verdicts(self) -> tuple[Verdict, ...]:
        """Whether one readout explanation is left, for each hidden layer."""
        return tuple(map(_code_verdict, self.readouts.layers))


def _code_verdict(layer: LayerReadouts) -> Verdict:
    space = f"all sets of at most {layer.asked} of {len(layer.signals):,} readable signals of layer {layer.layer}"
    failure = None if len(layer.signals) else "no Boolean signal is linear in the activations"
    return judge(layer.survivors, space, failure, "; ".join(layer.refused + layer.ties))


def explain(
    network: Model,
    task: Task,
    behavior: Behavior,
    max_depth: int,
    questions: Questions,
    budget: int,
    progress: Progress,
    execution: Execution = IN_THREADS,
) -> PaperFindings:
    """Every explanation of a network with one output.

    Args:
        network: the network to explain.
        task: what it was meant to compute.
        behavior: what it decides at each row of the truth table, and how.
        max_depth: of the algorithms.
        questions: what is asked beyond the counts.
        budget: in candidate evaluations; what exceeds it is named in the findings' `refused`.
        progress: where to show it.
        execution: how long counts of circuits are carried out.
    """
    counted = count_explanations(
        network, behavior, max_depth, budget, progress, asked=questions.circuits, execution=execution
    )
    mappings = counted.mappings
    readouts = examine_readouts(
        network, behavior, questions.largest_residual, questions.signals, questions.prices, budget
    )
    survivors = list(islice(_survivors(mappings, readouts), max(MOST_EXAMINED, MOST_PRICED)))
    number, left = _number(mappings, readouts), surviving_circuits(counted.circuits)
    experiments = examine_experiments(network, survivors[:MOST_EXAMINED], number, left, behavior.decision)
    ranking = rank(survivors, number, questions.prices)
    last = mappings.survivors.get(MAPPING_RUNGS[-1])
    cheapest = None if last is None else cheapest_mappings(last, questions.prices)
    lesson = examine_lesson(network, task, behavior.decision, max_depth, budget, questions.rows(task))
    by_ablation = count_by_ablation(network, behavior, budget, counted.circuits, execution)
    return PaperFindings(counted, readouts, experiments, ranking, cheapest, lesson, by_ablation)


def surviving_circuits(circuits: CircuitFindings) -> tuple[Circuit, ...]:
    """The circuits left by the strictest rung that any passes and that are listed, fewest edges first."""
    return circuits.faithful_minimal or circuits.minimal or ()


def _survivors(mappings: MappingFindings, readouts: ReadoutFindings) -> Iterator[Explanation]:
    """The mappings left by the strictest rung that any passes, simplest first, then the readout explanations of each
    layer, fewest signals first."""
    strictest = mappings.strictest
    placed = mappings.survivors.get(strictest, ()) if strictest else ()
    if strictest == "single" and mappings.aligned is not None and mappings.signatures is not None:
        placed = chain.from_iterable(minimal_mappings(mappings.signatures, a) for a in mappings.aligned)
    yield from placed if strictest == "single" else sorted(placed, key=complexity)
    yield from readouts.strictest()


def _number(mappings: MappingFindings, readouts: ReadoutFindings) -> int:
    """How many survivors there are."""
    placed = mappings.surviving_mappings[mappings.strictest] if mappings.strictest else 0
    read = [layer.found.survivors[layer.strictest] for layer in readouts.layers if layer.found and layer.strictest]
    return (placed or 0) + sum(read)
