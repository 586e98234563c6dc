"""Survivors against each other: the matrix of their predictions, and what would decide between every two."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from itertools import combinations

from ..common.notes import NO_NOTES, Noted, Notes
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.decision import Decision
from ..model.explanation import Explanation
from ..model.model import Model
from ..readout.explanation import ReadoutExplanation
from ..readout.interchange import ReadoutInterchange, dual_directions, interchange_between
from .circuit_trials import STEPS, circuit_trials
from .cross_examination import CrossExamination, cross_examine
from .deciding import Dispute, circuit_dispute, swap_dispute

# How many explanations, and how many circuits, an audit sets against each other.
MOST_EXAMINED, MOST_TRIED = 100, 20
NOTHING_KNOWN = "explanations are set against each other by bits known of each input; none were given"


@dataclass(frozen=True)
class ExperimentFindings(Noted):
    """What the survivors predict of each other.

    Attributes:
        examined: mappings and readout explanations; None when there are fewer than two.
        interchanges: for each explanation that is examined, how it fares when its own signals are swapped; None for
            mappings, of which the ladder says it.
        of: how many mappings and readout explanations survive in all.
        unswappable: how many explanations were left out because their readouts cannot be swapped one by one.
        disputes: what decides between every two of the explanations that are examined.
        circuits: how many circuits survive in all.
        circuit_disputes: what decides between every two of the circuits that are tried.
        notes: why explanations were not set against each other.
    """

    examined: CrossExamination | None = None
    interchanges: tuple[ReadoutInterchange | None, ...] = ()
    of: int = 0
    disputes: tuple[Dispute[Explanation], ...] = ()
    unswappable: int = 0
    circuits: int = 0
    circuit_disputes: tuple[Dispute[Circuit], ...] = ()
    notes: Notes = NO_NOTES


def examine_experiments(
    model: Model,
    explanations: Sequence[Explanation],
    of: int,
    circuits: Sequence[Circuit],
    decision: Decision = "threshold",
    *,
    behavior: Behavior | None = None,
    seed: int = 0,
) -> ExperimentFindings:
    """Set at most 100 explanations, and at most 20 circuits, against each other.

    Args:
        model: of one output; it fits the behavior (`everyhow.importing.door.as_explained`).
        explanations: those that survive, the ones to be examined first.
        of: how many explanations survive in all.
        circuits: those that survive, the ones to be tried first.
        decision: how outputs become bits, for circuits; a behavior says it itself.
        behavior: the inputs of the experiments; the truth table of the model when not given.
        seed: of the samples; see `cross_examine` and `circuit_trials`.

    Raises:
        InputError: an explanation or a circuit does not fit the model or the behavior.
    """
    several = len(explanations) > 1
    unknown = NOTHING_KNOWN if several and behavior is not None and behavior.bits is None else None
    notes = Notes(beyond=(unknown,)) if unknown else NO_NOTES
    swappable = [] if unknown else [e for e in explanations if e.swappable]
    chosen = swappable[:MOST_EXAMINED]
    examined = cross_examine(model, chosen, behavior=behavior, seed=seed) if len(chosen) > 1 else None
    disputes = (
        tuple(swap_dispute(examined, one, other) for one, other in combinations(range(len(chosen)), 2))
        if examined is not None
        else ()
    )
    interchanges = () if examined is None else tuple(_own_interchange(e, examined, seed) for e in examined.explanations)
    tried = list(circuits)[:MOST_TRIED]
    circuit_disputes = ()
    by_data = behavior is not None and not behavior.is_truth_table
    if len(tried) > 1 and model.part(tried[0]) is None:
        said = f"circuits of {model.a_kind} are not run as models of their own, so no experiment is tried between them"
        notes += Notes(beyond=(said,))
    elif len(tried) > 1 and model.outputs == 1 and (by_data or model.features in STEPS):
        trials = circuit_trials(model, tried, decision, behavior, seed)
        circuit_disputes = tuple(circuit_dispute(trials, a, b) for a, b in combinations(range(len(tried)), 2))
    unswappable = 0 if unknown else len(explanations) - len(swappable)
    return ExperimentFindings(examined, interchanges, of, disputes, unswappable, len(circuits), circuit_disputes, notes)


@singledispatch
def _own_interchange(explanation: Explanation, examined: CrossExamination, seed: int) -> ReadoutInterchange | None:
    """How an explanation fares when its own signals are swapped; None of one of which the ladder says that."""
    return None


@_own_interchange.register
def _(explanation: ReadoutExplanation, examined: CrossExamination, seed: int) -> ReadoutInterchange:
    directions = dual_directions(explanation)
    return interchange_between(examined.inputs, explanation, directions, examined.most_moved, seed)
