"""WHAT, whole: the interpretations of all perfect circuits, counted, or estimated where that costs too much."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ..behavior import Behavior
from ..circuit.criterion import perfect
from ..circuit.findings import CircuitFindings
from ..circuit.listing import MOST_EDGES, is_listable, list_bits
from ..circuit.sampling import sample_circuits
from ..common.budget import over_budget
from ..common.estimate import Estimate
from ..common.progress import Progress
from ..network.network import Network
from .count import ReadingRule, certified_interpretations, count_interpretations
from .interpretation import Interpretation
from .interpretations import Interpretations

SAMPLE = 1000
# `exact_up_to` stretches the budget by no more than this.
STRETCH = 10


@dataclass(frozen=True)
class InterpretationFindings:
    """Totals over all perfect circuits; None where they were not counted, `refused` saying why.

    Attributes:
        total: interpretations, don't cares counted once.
        expanded: interpretations, each completion of the don't cares counted.
        least: of one circuit, don't cares counted once; None also where no circuit is perfect.
        most: likewise.
        estimate: of the total, when it was not counted.
        simplest: the interpretation with the widest gaps of the simplest circuit.
        refused: what the budget did not allow, in words.
        beyond: what there is no answer to, in words.
    """

    total: int | None = None
    expanded: int | None = None
    least: int | None = None
    most: int | None = None
    estimate: Estimate | None = None
    simplest: Interpretation | None = None
    refused: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()


def examine_interpretations(
    network: Network,
    behavior: Behavior,
    circuits: CircuitFindings,
    budget: int,
    progress: Progress,
    exact_up_to: int = 0,
) -> InterpretationFindings:
    """Count the interpretations of every perfect circuit, or estimate their number from a uniform sample.

    They are counted when the budget allows it, or ten times the budget and there are at most `exact_up_to` circuits.
    Where circuits lie on the decision boundary there is no exact total, and it is estimated from those that float64
    decides for.
    """
    if circuits.perfect is None:
        return InterpretationFindings()
    criterion = perfect(network, behavior)
    rule = ReadingRule(decision=behavior.decision)
    simplest = None
    if circuits.simplest is not None:
        simplest = Interpretations(network, circuits.simplest, behavior.points, rule).widest
    fewest, number = circuits.perfect.between
    if not number:
        return InterpretationFindings(0, 0)
    if not fewest:
        return InterpretationFindings(simplest=simplest)
    if not is_listable(network):
        refusal = f"interpretations are counted in networks of at most {MOST_EDGES} edges"
        return InterpretationFindings(simplest=simplest, refused=(refusal,))
    steps = steps_per_circuit(network, len(behavior.points))
    tied = not circuits.perfect.certified
    refusal = over_budget("counting the interpretations of all perfect circuits", number * steps, budget)
    if number <= exact_up_to and number * steps <= STRETCH * budget:
        refusal = None
    if refusal is None and not tied:
        counts = certified_interpretations(network, list_bits(criterion), behavior.points, rule)
        tracked = progress.track(counts, number, "interpretations")
        total = expanded = most = doubtful = 0
        least = None
        for once, completed, is_doubtful in tracked:
            total, expanded, doubtful = total + once, expanded + completed, doubtful + is_doubtful
            least, most = once if least is None else min(least, once), max(most, once)
        if doubtful:
            tie = f"in {doubtful:,} perfect circuits rounding decides which values of a neuron differ"
            return InterpretationFindings(simplest=simplest, beyond=(f"{tie}, and so how they can be read",))
        return InterpretationFindings(total, expanded, least, most, simplest=simplest)
    refused = () if refusal is None else (refusal,)
    too_much = over_budget("estimating the interpretations from a sample", SAMPLE * steps, budget)
    if too_much:
        return InterpretationFindings(simplest=simplest, refused=(*refused, too_much))
    drawn = np.array([circuit.bits for circuit in sample_circuits(criterion, SAMPLE)], np.uint64)
    counts = [once for once, _ in count_interpretations(network, [drawn], behavior.points, rule)]
    estimate = _estimate(counts, fewest, number)
    refused = tuple(f"{reason}; estimated instead" for reason in refused)
    return InterpretationFindings(estimate=estimate, simplest=simplest, refused=refused)


def _estimate(sampled: list[int], fewest: int, most: int) -> Estimate:
    """Of the total over between `fewest` and `most` circuits."""
    mean, spread = float(np.mean(sampled)), float(np.std(sampled, ddof=1))
    margin = 1.96 * spread / math.sqrt(len(sampled))
    value = (fewest + most) / 2 * mean
    return Estimate(value, fewest * max(0.0, mean - margin), most * (mean + margin), len(sampled))


def steps_per_circuit(network: Network, inputs: int) -> int:
    """An upper bound of the pairs of neighbouring states that one circuit's interpretations go through."""
    states = [1, *(max(1, inputs - 1) ** width for width in network.widths[1:-1]), 1]
    return sum(a * b for a, b in itertools.pairwise(states))
