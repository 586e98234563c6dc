"""WHAT: the interpretations of all perfect circuits, counted, or estimated where counting costs too much."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..circuit.findings import CircuitFindings
from ..common.budget import Budget, Refusal, rounded
from ..common.count import Count, Estimate
from ..common.notes import NO_NOTES, Noted, Notes
from ..common.progress import Progress
from ..common.shapes import Float
from ..model.behavior import Behavior
from ..model.criterion import perfect
from ..model.model import MOST_EDGES, CircuitSearch, Model
from ..model.reading import MOST_INPUTS, InterpretationTotals, ReadingRule, Summing
from .interpretation import Interpretation
from .interpretations import Interpretations, unread

SAMPLE = 1000
# `exact_up_to` stretches the budget by no more than this.
STRETCH = 10
# What costs about as much as so many candidate evaluations: over data, where interpretations are compared by gaps,
# a pair of neighboring states and a state of the inputs; where they are counted and inputs have many values, a reading.
STEPS_PER_PAIR, STEPS_PER_STATE, STEPS_PER_READING = 1000, 150_000, 100
# What a sum does not tell.
ONE_BY_ONE = "completing don't cares and counting the interpretations of each circuit"
# Bytes that counting may hold, and what it holds of each reading that a neuron may have at a state of the layer before.
MOST_BYTES, BYTES_PER_READING = 1 << 30, 64


@dataclass(frozen=True)
class InterpretationFindings(Noted):
    """Totals over all perfect circuits; None where they were not counted, and `notes` say why.

    Attributes:
        total: interpretations, don't cares counted once.
        expanded: interpretations, each completion of the don't cares counted.
        least: the fewest of one circuit, don't cares counted once; None also where no circuit is perfect.
        most: the most of one circuit, don't cares counted once; None also where no circuit is perfect.
        between: the total without the circuits on the decision boundary, and with them, where these were summed up.
        estimate: of the total, when it was not counted.
        simplest: the interpretation with the widest gaps of the simplest circuit.
        notes: what the budget did not allow, what has no answer here, and what rounding decides.
        asked: whether circuits are read at all; if not, the notes say why.
    """

    total: int | None = None
    expanded: int | None = None
    least: int | None = None
    most: int | None = None
    between: tuple[int, int] | None = None
    estimate: Estimate | None = None
    simplest: Interpretation | None = None
    notes: Notes = NO_NOTES
    asked: bool = True

    @property
    def number(self) -> Count:
        """How many there are over all perfect circuits, don't cares counted once."""
        return Count(*(self.between or (self.total, self.total)), self.estimate)

    @property
    def counts(self) -> dict[str, int | None]:
        """The counts by their names in audit.json."""
        return {
            "interpretations": self.total,
            "interpretations_with_dont_cares_expanded": self.expanded,
            "interpretations_per_circuit_min": self.least,
            "interpretations_per_circuit_max": self.most,
        }


def unasked(why: str) -> InterpretationFindings:
    """The findings where circuits are not read, and why."""
    return InterpretationFindings(notes=Notes(beyond=(why,)), asked=False)


def examine_interpretations(
    model: Model,
    behavior: Behavior,
    circuits: CircuitFindings,
    budget: int,
    progress: Progress,
    exact_up_to: int | None = None,
) -> InterpretationFindings:
    """Count the interpretations of every perfect circuit, or sum them up, or estimate their number.

    They are counted circuit by circuit where the budget allows it. Else they are summed up without going through the
    circuits, where the budget allows that: then nothing is known of single circuits, and notes say so. Else their
    number is estimated from a uniform sample. With `exact_up_to` nothing is summed up, and of so many circuits at most
    they are counted where ten times the budget allows it. Where circuits lie on the decision boundary there is no exact
    total: the total is estimated from the circuits that float64 decides for. Beyond 64 inputs, and where outputs stand
    for classes, nothing is counted, and `beyond` says so.
    """
    budget = Budget(budget)
    if behavior.decision == "argmax":
        return unasked("interpretations read every output as a bit, and these outputs stand for classes")
    if len(behavior.points) > MOST_INPUTS:
        return unasked(f"interpretations are counted over at most {MOST_INPUTS} inputs, not {len(behavior.points):,}")
    rule = ReadingRule(decision=behavior.decision)
    if model.interpretation_counts((), behavior.points, rule) is None:
        return unasked(unread(model))
    if circuits.perfect is None:
        return InterpretationFindings()
    search = model.search(perfect(model, behavior))
    simplest, notes = None, NO_NOTES
    if circuits.simplest is not None:
        everything = Interpretations(model, circuits.simplest, behavior.points, rule)
        # Over a truth table the states are few.
        searched = everything.pairs * STEPS_PER_PAIR + everything.input_states * STEPS_PER_STATE
        steps = 0 if behavior.is_truth_table else searched
        refusal = budget.refusal("finding the interpretation with the widest gaps of the simplest circuit", steps)
        simplest, notes = (everything.widest, notes) if refusal is None else (None, notes.refusing(refusal))
    fewest, number = circuits.perfect.between
    if not number:
        return InterpretationFindings(0, 0)
    if not fewest:
        return InterpretationFindings(simplest=simplest, notes=notes)
    if not model.listable:
        refusal = f"interpretations are counted in {model.kind}s of at most {MOST_EDGES} edges"
        return InterpretationFindings(simplest=simplest, notes=notes.refusing(refusal))
    first, sizes = input_states(behavior.points), model.graph.sizes
    steps = steps_per_circuit(sizes, len(behavior.points), first)
    tied = not circuits.perfect.certified
    what = "counting the interpretations of all perfect circuits"
    refusal = budget.refusal(what, number * steps)
    if number <= (exact_up_to or 0) and number * steps <= STRETCH * budget:
        refusal = None
    held = bytes_held(sizes, len(behavior.points), first)
    if held > MOST_BYTES and (refusal is None or budget.allows(SAMPLE * steps)):
        why = "since neurons and inputs have many values"
        refused = Refusal(f"{what} may hold {rounded(held)} bytes, {why}; {MOST_BYTES:,} are allowed", None, what)
        refused.instead = "ask by fewer points, or by inputs of fewer values"
        return InterpretationFindings(simplest=simplest, notes=notes.refusing(refused))
    summing = search.summing(rule) if exact_up_to is None and (refusal is not None or tied) else None
    if summing is not None:
        steps = min(steps, summing.steps_each)
        refusal = budget.refusal(what, number * steps)
    if refusal is None and not tied:
        found = _counted(search, behavior, rule, number, progress)
        return replace(found, simplest=simplest, notes=notes + found.notes)
    if summing is not None:
        if budget.allows(summing.steps):
            found = _summed(summing, progress)
            alone = budget.refusal(ONE_BY_ONE, number * steps)
            return replace(found, simplest=simplest, notes=(notes + found.notes).refusing(*filter(None, [alone])))
        refusal = refusal and budget.refusal(what, min(number * steps, summing.steps))
    refused = () if refusal is None else (refusal,)
    too_much = budget.refusal("estimating the interpretations from a sample", SAMPLE * steps)
    if too_much:
        return InterpretationFindings(simplest=simplest, notes=notes.refusing(*refused, too_much))
    drawn = np.array([[circuit.bits] for circuit in search.sample(SAMPLE)], np.uint64)
    batches = model.interpretation_counts([drawn], behavior.points, rule) or ()
    counts = [once for each in batches for once in each.once.tolist()]
    estimate = _estimate(counts, fewest, number)
    notes = notes.refusing(*(Refusal.of(f"{reason}; estimated instead", reason) for reason in refused))
    return InterpretationFindings(estimate=estimate, simplest=simplest, notes=notes)


def _counted(
    search: CircuitSearch, behavior: Behavior, rule: ReadingRule, number: int, progress: Progress
) -> InterpretationFindings:
    """The findings circuit by circuit, of which there are so many."""
    counts = search.model.interpretation_counts(search.bits(), behavior.points, rule) or ()
    tracked = progress.shares(((len(each), each.totals) for each in counts), number, 0, "interpretations")
    found = sum((totals for _, totals in tracked), InterpretationTotals())
    if found.doubtful:
        return _doubtful(found.doubtful)
    return InterpretationFindings(found.once, found.expanded, found.least, found.most)


def _summed(summing: Summing, progress: Progress) -> InterpretationFindings:
    """The findings over all circuits together; where some lie on the decision boundary, without these and with them."""
    certain, possible = summing.ends(progress)
    if possible.doubtful:
        return _doubtful(possible.doubtful)
    if certain.once == possible.once:
        return InterpretationFindings(certain.once)
    return InterpretationFindings(between=(certain.once, possible.once))


def _doubtful(circuits: int) -> InterpretationFindings:
    tie = f"in {circuits:,} perfect circuits rounding decides which values of a neuron differ"
    return InterpretationFindings(notes=Notes(ties=(f"{tie}, and so how they can be read",)))


def _estimate(sampled: list[int], fewest: int, most: int) -> Estimate:
    """An estimate of the total over at least `fewest` and at most `most` circuits."""
    mean, deviation = float(np.mean(sampled)), float(np.std(sampled, ddof=1))
    margin = 1.96 * deviation / math.sqrt(len(sampled))
    value = (fewest + most) / 2 * mean
    return Estimate(value, fewest * max(0.0, mean - margin), most * (mean + margin), len(sampled))


def input_states(points: Float[np.ndarray, "inputs features"]) -> int:
    """In how many ways the inputs of a circuit that has all of them may be read together: one of fewer than v ways for
    each that has v values.

    Example:
        >>> input_states(np.array([[0, 0.1], [0, 0.2], [1, 0.3]]))
        2
    """
    return math.prod(max(1, len(np.unique(column)) - 1) for column in points.T)


def steps_per_circuit(sizes: Sequence[int], inputs: int, first: int = 1) -> int:
    """An upper bound of the steps that counting one circuit's interpretations takes, its inputs having so many states:
    the pairs of neighboring states, and the readings of the first neurons at all states of the inputs."""
    states = _most_states(sizes, inputs, first)
    pairs = sum(a * b for a, b in itertools.pairwise([*states, 1]))
    return pairs if first == 1 else pairs + STEPS_PER_READING * first * sizes[1] * (inputs + 1)


def bytes_held(sizes: Sequence[int], inputs: int, first: int) -> int:
    """An upper bound of what is held while the interpretations of one circuit are counted."""
    before = zip(_most_states(sizes, inputs, first), sizes[1:], strict=True)
    return BYTES_PER_READING * max(states * size * (inputs + 1) for states, size in before)


def _most_states(sizes: Sequence[int], inputs: int, first: int) -> list[int]:
    """The most states of each layer but the outputs, whose readings are their decisions."""
    return [first, *(max(1, inputs - 1) ** size for size in sizes[1:-1])]
