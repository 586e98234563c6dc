"""Everything that is found of a model: the table of contents of an audit."""

from collections import abc
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from ..authors.circuits import is_countable, released_circuits
from ..circuit.asked import CircuitQuestions
from ..circuit.count import count_circuits
from ..circuit.findings import (
    COUNTING,
    PLAIN,
    CircuitFindings,
    count_by_ablation,
    counting_steps,
    examine_circuits,
)
from ..common.attributes import computed
from ..common.budget import Budget
from ..common.count import NOT_COUNTED, Count
from ..common.execution import IN_THREADS, Execution
from ..common.notes import Noted, Notes, added
from ..common.progress import Progress, doing
from ..experiment.findings import MOST_EXAMINED, ExperimentFindings, examine_experiments
from ..experiment.ranking import MOST_PRICED, Ranking, cheapest_mappings, rank
from ..interpretation.findings import InterpretationFindings, examine_interpretations, unasked
from ..ladder import Verdict
from ..mapping.findings import RUNGS as MAPPING_RUNGS
from ..mapping.findings import MappingFindings, complexity, examine_mappings
from ..mapping.mapping import Mapping
from ..model.behavior import Behavior
from ..model.criterion import perfect
from ..model.explanation import Explanation
from ..model.model import CircuitCount, Model
from ..model.task import Task
from ..readout.findings import ReadoutFindings, examine_readouts
from .asked import Questions
from .lesson import Lesson, examine_lesson

NOT_ALONE = "interpretations are of circuits run alone, with nothing on removed edges: ablation zero"
OF_EACH = "causal signatures and algorithms are of one output: see those of each output"


@dataclass(frozen=True)
class Findings(Noted):
    """Where, what, the algorithms with their places, the population codes, and what tells the survivors apart. A part
    that was not asked for is None.

    Attributes:
        circuits: where.
        by_ablation: the perfect circuits under each kind of ablation; None where not counted.
        using_every_input: the circuits of the space, and the perfect ones, that use every input.
        released: the circuits that the released code would look at, and those it would find accurate.
        interpretations: what, given a circuit.
        mappings: the causal signatures, and the algorithms with their places.
        readouts: the population codes of every hidden layer.
        experiments: the survivors against each other.
        ranking: the surviving mappings and readout explanations by cost.
        cheapest: the mappings that pass every rung and whose algorithm costs least; None when not counted.
        lesson: what fits the rows that the network was shown; None when no row is unshown, and by data.
    """

    circuits: CircuitFindings
    by_ablation: abc.Mapping[str, CircuitCount | None]
    by_grain: abc.Mapping[str, abc.Mapping[str, CircuitCount | None]] = field(default_factory=dict)
    using_every_input: tuple[int, Count] | None = None
    released: tuple[int, Count] | None = None
    interpretations: InterpretationFindings | None = None
    mappings: MappingFindings | None = None
    readouts: ReadoutFindings | None = None
    experiments: ExperimentFindings | None = None
    ranking: Ranking | None = None
    cheapest: tuple[Mapping, ...] | None = None
    lesson: Lesson | None = None

    @property
    def notes(self) -> Notes:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Why something was not counted exactly."""
        parts = (
            self.circuits, self.interpretations, self.mappings, self.readouts, self.experiments, self.lesson
        )  # fmt: skip
        return added(part.notes for part in parts if part is not None)

    @property
    def number(self) -> Count:
        """How many circuits are perfect."""
        return self.circuits.number

    @computed
    def ablations(self) -> dict[str, Count]:
        """How many circuits are perfect under each kind of ablation."""
        return {kind: NOT_COUNTED if count is None else count.count for kind, count in self.by_ablation.items()}

    @computed
    def grains(self) -> dict[str, dict[str, Count]]:
        """The same at each grain that the kind of model has, where it has several."""
        return {
            grain: {kind: NOT_COUNTED if count is None else count.count for kind, count in counts.items()}
            for grain, counts in self.by_grain.items()
        }

    @property
    def laddered(self) -> MappingFindings | None:
        """The algorithms by rung; None where none were looked for."""
        return None if self.mappings is None or self.mappings.beyond else self.mappings

    @computed
    def counts(self) -> dict[str, Any]:
        """The counts by their names in audit.json; None where something was not counted."""
        found = self.circuits.counts
        for part, space, kind in (
            (self.using_every_input, "circuits_using_every_input", "perfect_circuits_using_every_input"),
            (self.released, "circuits_in_authors_space", "accurate_circuits_in_authors_space"),
        ):
            if part is not None:
                found |= {space: part[0], kind: part[1].plain}
        if self.interpretations is not None:
            found |= self.interpretations.counts
        if self.laddered is not None:
            found |= self.laddered.counts
        if self.mappings is not None:
            signatures = self.mappings.signatures
            found["distinct_causal_signatures"] = None if signatures is None else signatures.distinct
        return found

    @computed
    def left(self) -> dict[str, dict[str, Count]]:
        """What each rung leaves: of (algorithm, mapping) pairs, of algorithms, and of circuits."""
        found: dict[str, dict[str, Count]] = {}
        if self.laddered is not None:
            cheapest = self.cheapest
            algorithms = None if cheapest is None else len({mapping.algorithm for mapping in cheapest})
            asked = self.ranking is not None
            for kind, rungs, least in (
                ("mappings", self.laddered.surviving_mappings, None if cheapest is None else len(cheapest)),
                ("algorithms", self.laddered.surviving_algorithms, algorithms),
            ):
                found[kind] = {rung: Count.of(number) for rung, number in rungs.items()}
                found[kind] |= {"cheapest": Count.of(least)} if asked else {}
        return found | {"circuits": self.circuits.left}

    @computed
    def ladder(self) -> dict[str, dict[str, int | None]]:
        """Survivors by rung: of (algorithm, mapping) pairs, of algorithms, and of circuits; and how many of the pairs,
        and so of the algorithms, are trivial, having no variables."""
        circuits, mappings = {"circuits": self.circuits.survivors}, self.laddered
        if mappings is None:
            return circuits
        placed = {"mappings": mappings.surviving_mappings, "algorithms": mappings.surviving_algorithms}
        return placed | circuits | {"trivial": mappings.trivial}

    @computed
    def verdict(self) -> dict[str, Verdict]:
        """One verdict per strategy."""
        where = {"where_then_what": self.circuits.verdict}
        return where if self.laddered is None else {"what_then_where": self.laddered.verdict} | where


def explain(
    model: Model,
    behavior: Behavior,
    task: Task | None,
    depth: int,
    questions: Questions,
    budget: int,
    progress: Progress,
    execution: Execution = IN_THREADS,
) -> Findings:
    """Every explanation of a model with one output, or of classes.

    Args:
        model: the model to explain.
        behavior: what is wanted, and how it is decided; by a task, what the model decides at each row.
        task: what it was meant to compute; None by data.
        depth: the largest one of the algorithms.
        questions: what is asked beyond the counts.
        budget: in candidate evaluations; what exceeds it is named in the notes.
        progress: where to show it.
        execution: how long counts of circuits are carried out.
    """
    budget = Budget(budget)
    found = count_explanations(model, behavior, depth, budget, progress, asked=questions.circuits, execution=execution)
    with doing("population codes"):
        found = replace(found, readouts=read_layers(model, behavior, questions, budget))
    survivors, number = list(islice(_survivors(found), max(MOST_EXAMINED, MOST_PRICED))), _number(found)
    left = found.circuits.last_survivors
    last = found.mappings and found.mappings.survivors.get(MAPPING_RUNGS[-1])
    found = replace(found, **_by_kind(model, behavior, budget, found.circuits, execution))
    with doing("experiments that decide"):
        examined = examine_experiments(model, survivors[:MOST_EXAMINED], number, left, behavior=behavior)
    with doing("prices"):
        found = replace(
            found,
            experiments=examined,
            ranking=rank(survivors, number, questions.prices),
            cheapest=None if last is None else cheapest_mappings(last, questions.prices),
        )
    if task is None:
        return _as_released(found, model, behavior, budget)
    with doing("the lesson of the rows shown"):
        lesson = examine_lesson(model, task, behavior.decision, depth, budget, questions.rows(task))
    return replace(found, lesson=lesson)


def count_explanations(
    model: Model,
    behavior: Behavior,
    depth: int,
    budget: int,
    progress: Progress,
    exact_up_to: int | None = None,
    asked: CircuitQuestions = PLAIN,
    execution: Execution = IN_THREADS,
) -> Findings:
    """The circuits, their interpretations, and the algorithms with their places, and no more.

    Args:
        model: the model to explain.
        behavior: what is wanted, and how it is decided.
        depth: the largest one of the algorithms.
        budget: in candidate evaluations; what exceeds it is named in the notes.
        progress: where to show it.
        exact_up_to: the interpretations of so many circuits are counted one by one within ten times the budget, and
            those of more are estimated beyond it; None sums them up where the budget allows that.
        asked: what is asked of circuits beyond the decisions.
        execution: how long counts of circuits are carried out.
    """
    with doing("circuits"):
        circuits = examine_circuits(model, behavior, budget, asked, execution)
    if asked.ablation == "zero":
        with doing("interpretations"):
            interpretations = examine_interpretations(model, behavior, circuits, budget, progress, exact_up_to)
    else:
        interpretations = unasked(NOT_ALONE)
    with doing("algorithms and their places"):
        mappings = examine_mappings(model, behavior, depth, budget)
    return Findings(circuits, {}, interpretations=interpretations, mappings=mappings)


def read_layers(model: Model, behavior: Behavior, questions: Questions, budget: int) -> ReadoutFindings:
    """The population codes of every hidden layer, as far as they are asked for."""
    tolerance, most, prices = questions.largest_residual, questions.signals, questions.prices
    return examine_readouts(model, behavior, tolerance, most, prices, budget, questions.moved)


def explain_together(
    model: Model,
    behavior: Behavior,
    task: Task | None,
    questions: Questions,
    budget: int,
    execution: Execution = IN_THREADS,
) -> Findings:
    """The circuits that decide right at all of several outputs at once; by data, also what each layer reads."""
    budget = Budget(budget)
    circuits = examine_circuits(model, behavior, budget, questions.circuits, execution)
    found = Findings(circuits, **_by_kind(model, behavior, budget, circuits, execution))
    if task is not None:
        return found
    readouts = read_layers(model, behavior, questions, budget)
    mappings = MappingFindings(None, None, None, notes=Notes(beyond=(OF_EACH,)))
    return _as_released(replace(found, readouts=readouts, mappings=mappings), model, behavior, budget)


def _by_kind(
    model: Model, behavior: Behavior, budget: Budget, known: CircuitFindings, execution: Execution
) -> dict[str, Any]:
    """The perfect circuits under each kind of ablation; and the same at each grain, where there are several.
    A scope names parts of one grain."""
    with doing("circuits by each ablation"):
        if len(model.grains) == 1 or model.scope_in_use is not None:
            return {"by_ablation": count_by_ablation(model, behavior, budget, known, execution)}
        # Of so many counts beside the one asked for, each takes a tenth of the budget at most.
        budget = Budget(budget // 10)
        own = count_by_ablation(model, behavior, budget, known, execution)
        others = {
            grain: count_by_ablation(model.at(grain), behavior, budget, None, execution)
            for grain in model.grains
            if grain != model.grain_in_use
        }
    return {"by_ablation": own, "by_grain": {grain: others.get(grain, own) for grain in model.grains}}


def _survivors(found: Findings) -> Iterator[Explanation]:
    """The mappings left by the strictest rung that any passes, simplest first, then the readout explanations of each
    layer, fewest signals first."""
    mappings = found.mappings
    if mappings is not None and mappings.strictest is not None:
        kept = mappings.last_survivors
        yield from kept if mappings.strictest == "single" else sorted(kept, key=complexity)
    if found.readouts is not None:
        yield from found.readouts.strictest()


def _number(found: Findings) -> int:
    """How many survivors there are."""
    mappings, layers = found.mappings, found.readouts.layers if found.readouts else ()
    placed = mappings.surviving_mappings[mappings.strictest] if mappings and mappings.strictest else 0
    read = [layer.found.survivors[layer.strictest] for layer in layers if layer.found and layer.strictest]
    return (placed or 0) + sum(read)


def _as_released(found: Findings, model: Model, behavior: Behavior, budget: Budget) -> Findings:
    """Add the circuits that use every input, of the space and of the perfect ones, and those that the released code
    would look at, with those of them whose accuracy exceeds 0.99."""
    steps = counting_steps(model, len(behavior.points))[COUNTING] << model.features
    ablation = found.circuits.asked.ablation
    if found.circuits.perfect is None or not budget.allows(steps):
        return found
    if model.features == model.graph.sizes[0] and not model.of_sequences and ablation != "resample":
        first = {"points": behavior.points[:1], "weights": [1.0], "wanted": behavior.wanted[:1]}
        first |= {"features": None, "paired": None}
        anything = replace(behavior, **first, epsilon=1.0)
        space = count_circuits(perfect(model, anything), every_input_used=True)
        used = count_circuits(perfect(model, behavior, ablation), every_input_used=True)
        found = replace(found, using_every_input=(space.between[0], used.count))
    if is_countable(model):
        # It looks at decisions alone.
        released = released_circuits(model, replace(behavior, within=None))
        found = replace(found, released=(released.in_space(), released.count().count))
    return found
