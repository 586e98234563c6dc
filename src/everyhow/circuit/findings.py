"""WHERE, whole: the circuits of a model by every criterion, as far as the budget goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from ..common.attributes import computed
from ..common.budget import Budget, Refusal
from ..common.count import NOT_COUNTED, Count, Estimate
from ..common.errors import BudgetError, InputError
from ..common.execution import IN_THREADS, Execution
from ..common.notes import NO_NOTES, Noted, Notes
from ..ladder import BESIDE, Verdict, judge
from ..model.behavior import Behavior
from ..model.circuit import Bits, Circuit, chosen_of, gathered
from ..model.criterion import (
    Criterion,
    ablations_of,
    number_of_batches,
    perfect,
    resample_faithful,
    resampled_batches,
)
from ..model.model import (
    MOST_COUNTED,
    MOST_EDGES,
    PAIRED_AT_ONCE,
    CircuitCount,
    CircuitSearch,
    Model,
    RobustCount,
    counted_by_edges,
)
from ..model.space import circuits_in_space
from ..model.usage import Usage, minimal_sets, usage_of
from .asked import PLAIN, CircuitQuestions
from .count import count_circuits
from .estimate import affordable_estimate
from .minimal import in_order, minimal_circuits, minimal_of
from .overlap import usage
from .smaller import advice

COUNTING, COUNTING_FAITHFUL = "counting the circuits", "counting the resample-faithful circuits"
RUNGS = ("perfect", "resample_faithful", "resample_faithful_minimal", "resample_faithful_fewest_edges")
# Circuits kept at once to be run with resampled edges.
MOST_KEPT = 4_000_000
# Inputs that are named in a sentence.
MOST_NAMED = 8
# What deciding on a whole box costs, in candidate evaluations.
STEPS_PER_BOX = 1_000


@dataclass(frozen=True)
class CircuitFindings(Noted):
    """What is known of the circuits of one model; None where something was not counted exactly.

    Attributes:
        in_space: the number of all circuits.
        asked: what was asked beyond the decisions.
        perfect: the perfect ones, by size.
        faithful: the resample-faithful ones, by size.
        minimal: the perfect circuits with no perfect one inside.
        faithful_minimal: the resample-faithful circuits with no resample-faithful one inside.
        usage: how many perfect circuits use each edge and neuron.
        estimate: of the number of perfect ones, when they were not counted.
        robust: how many perfect circuits decide right on the whole box around each input; None when not asked for.
        robust_left: of the circuits left by the rung before `robust`, how many are robust; None when not asked for.
        hereditary: how many perfect circuits stay perfect whatever is added to them, and how many of these have no
            other of them inside; None where the space is too large for that, or some count is not certified.
        hereditary_faithful: how many of the first are resample-faithful, too.
        notes: what the budget did not allow, and which counts depend on rounding, some circuits lying on the decision
            boundary.
    """

    in_space: int
    asked: CircuitQuestions = PLAIN
    perfect: CircuitCount | None = None
    faithful: CircuitCount | None = None
    minimal: tuple[Circuit, ...] | None = None
    faithful_minimal: tuple[Circuit, ...] | None = None
    usage: Usage | None = None
    estimate: Estimate | None = None
    robust: RobustCount | None = None
    robust_left: RobustCount | None = None
    hereditary: tuple[int, int] | None = None
    hereditary_faithful: int | None = None
    notes: Notes = NO_NOTES

    @computed
    def left(self) -> dict[str, Count]:
        """The number of circuits that pass each rung; without the rung beside the others where it is not asked."""
        fewest = None
        if self.faithful is not None and self.faithful.certified:
            smallest = self.faithful.fewest_edges
            fewest = 0 if smallest is None else self.faithful.certain[smallest]
        minimal = None if self.faithful_minimal is None else len(self.faithful_minimal)
        beside = self.hereditary_faithful
        return {
            "perfect": _counted(self.perfect),
            "resample_faithful": _counted(self.faithful),
            **({} if beside is None else {"hereditary": Count.of(beside)}),
            "resample_faithful_minimal": Count.of(minimal),
            "resample_faithful_fewest_edges": Count.of(fewest),
            **({} if self.asked.radius is None else {"robust": _counted(self.robust_left)}),
        }

    @computed
    def survivors(self) -> dict[str, int | None]:
        """The number of circuits that pass each rung; None where it is not known exactly."""
        return {rung: count.exact for rung, count in self.left.items()}

    @property
    def number(self) -> Count:
        """How many circuits are perfect."""
        return Count(estimate=self.estimate) if self.perfect is None else self.perfect.count

    @computed
    def counts(self) -> dict[str, Any]:
        """The counts of circuits by their names in audit.json."""
        return {
            "circuits_in_space": self.in_space,
            **self.number.named("perfect_circuits"),
            **({} if self.robust is None else self.robust.count.named("robust_circuits")),
            "minimal_circuits": None if self.minimal is None else len(self.minimal),
            "fewest_edges": self.perfect.fewest_edges if self.perfect else None,
            **dict(zip(("hereditary_circuits", "minimal_hereditary_circuits"), self.hereditary or (), strict=False)),
        }

    @property
    def verdict(self) -> Verdict:
        """Whether one circuit is left, by the rungs that follow one another."""
        following = {rung: number for rung, number in self.survivors.items() if rung not in BESIDE}
        return judge(following, f"all {self.in_space:,} circuits", partial=self.notes.partial)

    @property
    def only_whole(self) -> bool:
        """Whether one circuit is left and that is the whole model, which decides as itself whatever is asked: then no
        smaller circuit passes, and nothing was explained by leaving something out."""
        found = self.simplest
        following = [number for rung, number in self.survivors.items() if rung not in BESIDE]
        return (
            not self.notes.partial and following[-1] == 1 and found is not None and found == Circuit.whole(found.graph)
        )

    @property
    def several_perfect(self) -> bool:
        """Whether more than one circuit is surely perfect."""
        return (self.number.low or 0) > 1

    @property
    def last_survivors(self) -> tuple[Circuit, ...]:
        """The circuits left by the strictest rung that any passes and that are listed, fewest edges first."""
        return self.faithful_minimal or self.minimal or ()

    @property
    def simplest(self) -> Circuit | None:
        """The circuit of fewest edges that passes the strictest criterion that any passes; None when none is known."""
        return next(iter(self.last_survivors), None)

    @property
    def smallest_faithful(self) -> tuple[Circuit, ...]:
        """The resample-faithful circuits of fewest edges."""
        minimal = self.faithful_minimal or ()
        fewest = min(map(len, minimal), default=0)
        return tuple(circuit for circuit in minimal if len(circuit) == fewest)


def counting_steps(model: Model, inputs: int) -> dict[str, int]:
    """The candidate evaluations that each count of circuits takes, by what is counted."""
    space = model.counting_steps * max(1, inputs // PAIRED_AT_ONCE)
    return {COUNTING: space, COUNTING_FAITHFUL: model.paired_steps(inputs)}


def examine_circuits(
    model: Model,
    behavior: Behavior,
    budget: int,
    asked: CircuitQuestions = PLAIN,
    execution: Execution = IN_THREADS,
) -> CircuitFindings:
    """Count, and where the budget allows list, the circuits that are perfect and those that are resample-faithful.

    Beyond the budget the number of perfect ones is estimated from a uniform sample of all circuits.
    """
    budget = Budget(budget)
    space, inputs = circuits_in_space(model.graph), len(behavior.points)
    nothing = CircuitFindings(space, asked)
    if asked.ablation == "resample" and inputs > model.paired_at_once:
        return _by_running(nothing, model, behavior, budget)
    alone = perfect(model, behavior, asked.ablation)
    refusal = _counting_refusal(alone, COUNTING, budget)
    if refusal:
        steps = counting_steps(model, inputs)
        if refusal.needed == steps[COUNTING] and steps[COUNTING_FAITHFUL] <= MOST_COUNTED:
            # A verdict takes the resample-faithful ones as well.
            refusal = Refusal.of(refusal, refusal, steps[COUNTING_FAITHFUL])
        try:
            estimate = affordable_estimate(alone, budget)
        except InputError as error:
            return replace(nothing, notes=Notes(refused=(_with_smaller(refusal, model, behavior), str(error))))
        said = Refusal.of(f"{refusal}; estimated instead", _with_smaller(refusal, model, behavior))
        return replace(nothing, estimate=estimate, notes=Notes(refused=(said,)))
    count = count_circuits(alone, execution.counting("perfect circuits"))
    found = replace(nothing, perfect=count, notes=Notes(ties=ties(count, "perfect") or _own_ties(alone)))
    # What would depend on a tie is left open.
    listing = model.search(alone).refusal("listing the circuits", space * min(inputs, PAIRED_AT_ONCE), budget)
    if count.certified and model.listable and listing is None:
        found = replace(found, minimal=minimal_circuits(alone), usage=usage(alone))
    found = _with_hereditary(_with_faithful(found, alone, budget, execution), alone)
    if not model.listable and not found.refused:
        refusal = f"minimal circuits are looked for in {model.kind}s of at most {MOST_EDGES} edges"
        found = _refusing(found, refusal)
    return found if asked.radius is None else _with_robust(found, alone, budget, asked.radius)


def count_by_ablation(
    model: Model,
    behavior: Behavior,
    budget: int,
    known: CircuitFindings | None,
    execution: Execution = IN_THREADS,
) -> dict[str, CircuitCount | None]:
    """The number of perfect circuits under each kind of ablation; None where the budget does not allow it.

    Args:
        model: the model.
        behavior: what is wanted.
        budget: in candidate evaluations.
        known: what is known already, by the kind that was asked for, if anything is.
        execution: how long counts are carried out.
    """
    budget = Budget(budget)
    inputs = len(behavior.points)
    counts: dict[str, CircuitCount | None] = {} if known is None else {known.asked.ablation: known.perfect}
    kinds = ablations_of(behavior)
    for ablation in kinds:
        if ablation in counts:
            continue
        counts[ablation] = None
        if ablation == "resample" and inputs > model.paired_at_once:
            counts[ablation] = _by_running(CircuitFindings(0), model, behavior, budget).perfect
            continue
        criterion = perfect(model, behavior, ablation)
        if not _counting_refusal(criterion, COUNTING_FAITHFUL if ablation == "resample" else COUNTING, budget):
            counts[ablation] = count_circuits(criterion, execution.counting(f"perfect circuits by {ablation}"))
    return {kind: counts[kind] for kind in kinds}


def _own_ties(alone: Criterion[Model]) -> tuple[str, ...]:
    """At which inputs rounding decides what the network itself does, where that is what circuits are held to."""
    rows = alone.undecided()
    if not len(rows):
        return ()
    names = " ".join(alone.behavior.name_of(int(row)) for row in rows[:MOST_NAMED])
    more = f" and at {len(rows) - MOST_NAMED:,} more inputs" if len(rows) > MOST_NAMED else ""
    return (f"the {alone.model.kind}'s own output lies on the decision boundary at {names}{more}",)


def _counting_refusal(criterion: Criterion[Model], what: str, budget: Budget) -> Refusal | None:
    """Why the circuits that meet a criterion are not counted within the budget; None when they are."""
    steps = counting_steps(criterion.model, len(criterion.behavior.points))[what]
    return criterion.model.search(criterion).refusal(what, steps, budget.at_most(MOST_COUNTED))


def _with_faithful(
    found: CircuitFindings, alone: Criterion[Model], budget: Budget, execution: Execution
) -> CircuitFindings:
    """Add the resample-faithful circuits, counted or, where there are very many inputs, run one by one."""
    model, behavior = alone.model, alone.behavior
    inputs, number = len(behavior.points), found.perfect.between[1] if found.perfect else 0
    if inputs <= model.paired_at_once:
        criterion = resample_faithful(model, behavior, found.asked.ablation)
        refusal = _counting_refusal(criterion, COUNTING_FAITHFUL, budget)
        if refusal is None:
            faithful = count_circuits(criterion, execution.counting("resample-faithful circuits"))
            # Where some scenarios may be wrong, the minimal ones are found by listing all.
            listed = circuits_in_space(model.graph) * inputs if behavior.epsilon else 0
            refusal = budget.refusal("listing the resample-faithful circuits", listed)
            minimal = minimal_circuits(criterion) if faithful.certified and model.listable and not refusal else None
            tied = found.notes + Notes(ties=ties(faithful, "resample-faithful"))
            found = replace(found, faithful=faithful, faithful_minimal=minimal, notes=tied)
            return _refusing(found, refusal) if refusal else found
        if behavior.epsilon or inputs <= PAIRED_AT_ONCE:
            return _refusing(found, _with_smaller(refusal, model, behavior))
    try:
        jointly = _resampled(model, behavior, budget, [alone])
    except BudgetError as error:
        return _refusing(found, error.reason)
    if jointly is not None:
        faithful = jointly.count()
        tied = found.notes + Notes(ties=ties(faithful, "resample-faithful"))
        minimal = minimal_of(jointly) if faithful.certified else None
        return replace(found, faithful=faithful, faithful_minimal=minimal, notes=tied)
    refusal = budget.refusal("running the perfect circuits with resampled edges", number * inputs**2)
    if refusal is None and (number > MOST_KEPT or not model.listable):
        refusal = f"{number:,} perfect circuits are too many to be run with resampled edges"
    if refusal:
        return _refusing(found, refusal)
    bits = gathered(model.graph, model.search(alone).possible_bits())
    faithful, certain = _meeting(alone, bits, [[alone], resampled_batches(model, behavior)])
    minimal = in_order(model.graph, minimal_sets([certain])) if faithful.certified else None
    tied = found.notes + Notes(ties=ties(faithful, "resample-faithful"))
    return replace(found, faithful=faithful, faithful_minimal=minimal, notes=tied)


def _with_hereditary(found: CircuitFindings, alone: Criterion[Model]) -> CircuitFindings:
    """Add the circuits that stay perfect whatever is added to them, where both counts are certain, the space fits, and
    the resample-faithful ones were counted rather than run."""
    model, behavior = alone.model, alone.behavior
    known = all(count is not None and count.certified for count in (found.perfect, found.faithful))
    if not known or len(behavior.points) > model.paired_at_once:
        return found
    search, faithful = model.search(alone), resample_faithful(model, behavior, found.asked.ablation)
    every, among = search.hereditary(), search.hereditary(model.search(faithful))
    return found if every is None or among is None else replace(found, hereditary=every, hereditary_faithful=among[0])


def _by_running(found: CircuitFindings, model: Model, behavior: Behavior, budget: Budget) -> CircuitFindings:
    """Add the circuits that stay right whatever input the removed edges take their values from.

    Beyond 64 inputs the pairs are too many to be counted at once: circuits that pass the first batch of pairs are
    listed, then run on the others."""
    try:
        jointly = _resampled(model, behavior, budget)
    except BudgetError as error:
        return _refusing(found, error.reason)
    if jointly is not None:
        count = jointly.count()
        found = replace(found, perfect=count, faithful=count, notes=Notes(ties=ties(count, "perfect")))
        minimal = minimal_of(jointly) if count.certified else None
        return replace(found, minimal=minimal, faithful_minimal=minimal, usage=jointly.usage())
    inputs, space = len(behavior.points), circuits_in_space(model.graph)
    refusal = budget.refusal("running the circuits with resampled edges", space * inputs)
    if refusal is None and not model.listable:
        refusal = f"circuits are run with resampled edges in {model.kind}s of at most {MOST_EDGES} edges"
    if refusal:
        return _refusing(found, refusal)
    first = next(resampled_batches(model, behavior))
    batches, number = [], 0
    for batch in model.search(first).possible_bits():
        batches.append(batch)
        number += len(batch)
        if number > MOST_KEPT:
            refusal = f"more than {MOST_KEPT:,} circuits would have to be run with resampled edges"
            return _refusing(found, refusal)
    count, certain = _meeting(first, gathered(model.graph, batches), [resampled_batches(model, behavior)])
    found = replace(found, perfect=count, faithful=count, notes=Notes(ties=ties(count, "perfect")))
    if not count.certified:
        return found
    minimal = in_order(model.graph, minimal_sets([certain]))
    return replace(found, minimal=minimal, faithful_minimal=minimal, usage=usage_of(model.graph, [certain]))


def _resampled(
    model: Model, behavior: Behavior, budget: Budget, beside: Sequence[Criterion[Model]] = ()
) -> CircuitSearch | None:
    """The circuits that meet some criteria and stay right with every source, where a kind of model finds them without
    running them one by one, and nothing may be wrong."""
    if behavior.epsilon:
        return None
    number = len(beside) + number_of_batches(len(behavior.points))
    return model.search_jointly(chain(beside, resampled_batches(model, behavior)), number, budget)


def _meeting(
    listed: Criterion[Model], bits: Bits, parts: Iterable[Iterable[Criterion[Model]]]
) -> tuple[CircuitCount, Bits]:
    """How many of the circuits given as words meet every part of a criterion, and which of them surely do."""
    circuits = chosen_of(listed.model.graph, bits)
    certain, possible = np.ones(len(bits), bool), np.ones(len(bits), bool)
    for criteria in parts:
        surely, perhaps = listed.model.judged(criteria, circuits)
        certain, possible = certain & surely, possible & perhaps
    return counted_by_edges(circuits.sum(axis=1), certain, possible), bits[certain]


def _with_robust(found: CircuitFindings, alone: Criterion[Model], budget: Budget, radius: float) -> CircuitFindings:
    """Add the circuits that decide right on whole boxes: of all perfect ones, and of those left by the last rung."""
    model, behavior = alone.model, alone.behavior
    number = found.perfect.between[1] if found.perfect else 0
    steps = number * len(behavior.points) * STEPS_PER_BOX
    refusal = budget.refusal("deciding which circuits are right on whole boxes", steps)
    if not model.listable:
        refusal = f"robust circuits are looked for in {model.kind}s of at most {MOST_EDGES} edges"
    if refusal:
        return _refusing(found, refusal)
    robust = model.robust_count(model.search(alone).circuits(), behavior, radius)
    if robust is None:
        refusal = f"robust circuits are not proved in {model.a_kind}"
        return _refusing(found, refusal)
    left = None
    if found.faithful_minimal is not None:
        left = model.robust_count(found.smallest_faithful, behavior, radius)
    notes = found.notes
    if not robust.certified:
        notes += Notes(ties=(f"for {robust.undecided:,} perfect circuits it stayed open whether they are robust",))
    return replace(found, robust=robust, robust_left=left, notes=notes)


def _counted(count: CircuitCount | RobustCount | None) -> Count:
    return NOT_COUNTED if count is None else count.count


def _with_smaller(refusal: Refusal, model: Model, behavior: Behavior) -> Refusal:
    """A refusal with what works instead, where a budget that does it takes hours."""
    if refusal.takes_long:
        refusal.instead = advice(model, behavior)
    return refusal


def _refusing(found: CircuitFindings, refusal: str) -> CircuitFindings:
    return replace(found, notes=found.notes.refusing(refusal))


def ties(count: CircuitCount, kind: str) -> tuple[str, ...]:
    """Why a count depends on rounding, in words; empty when it does not."""
    if count.certified:
        return ()
    low, high = count.between
    return (f"some circuits lie on the decision boundary: there are between {low:,} and {high:,} {kind} ones",)
