"""Survivors against each other: the matrix of their predictions, and what would decide between every two."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ..mapping.mapping import Mapping
from ..model.circuit import Circuit
from ..model.decision import Decision
from ..model.model import Model
from ..readout.interchange import ReadoutInterchange, interchange, is_swappable
from .circuit_trials import STEPS, circuit_trials
from .cross_examination import CrossExamination, cross_examine
from .deciding import Dispute, circuit_dispute, swap_dispute
from .witness import Explanation

# How many explanations, and how many circuits, an audit sets against each other.
MOST_EXAMINED, MOST_TRIED = 100, 20


@dataclass(frozen=True)
class ExperimentFindings:
    """What the survivors predict of each other.

    Attributes:
        examined: mappings and readout explanations; None when there are fewer than two.
        interchanges: for each of those examined how it fares when its own signals are swapped; None for mappings, of
            which the ladder says it.
        of: how many of them survive in all.
        unswappable: how many were left out because their readouts cannot be swapped one by one.
        disputes: every two of those examined.
        circuits: how many circuits survive in all.
        circuit_disputes: every two of those that were tried.
    """

    examined: CrossExamination | None = None
    interchanges: tuple[ReadoutInterchange | None, ...] = ()
    of: int = 0
    disputes: tuple[Dispute, ...] = ()
    unswappable: int = 0
    circuits: int = 0
    circuit_disputes: tuple[Dispute, ...] = ()


def examine_experiments(
    model: Model, explanations: Sequence[Explanation], of: int, circuits: Sequence[Circuit], decision: Decision
) -> ExperimentFindings:
    """Set at most 100 explanations, and at most 20 circuits, against each other.

    Args:
        model: of one output.
        explanations: the survivors, those to be examined first.
        of: how many there are in all.
        circuits: likewise the surviving circuits.
        decision: how outputs become bits, for circuits.
    """
    swappable = [e for e in explanations if isinstance(e, Mapping) or is_swappable(e)]
    chosen = swappable[:MOST_EXAMINED]
    examined = cross_examine(model, chosen) if len(chosen) > 1 else None
    disputes = (
        tuple(swap_dispute(examined, one, other) for one, other in combinations(range(len(chosen)), 2))
        if examined is not None
        else ()
    )
    most = None if examined is None else examined.most_moved
    interchanges = tuple(None if isinstance(e, Mapping) else interchange(model, e, None, most) for e in chosen)
    tried = list(circuits)[:MOST_TRIED]
    circuit_disputes = ()
    if len(tried) > 1 and model.features in STEPS:
        trials = circuit_trials(model, tried, decision)
        circuit_disputes = tuple(circuit_dispute(trials, a, b) for a, b in combinations(range(len(tried)), 2))
    unswappable = len(explanations) - len(swappable)
    return ExperimentFindings(examined, interchanges, of, disputes, unswappable, len(circuits), circuit_disputes)
