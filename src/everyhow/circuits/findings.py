"""WHERE, whole: the circuits of a network by every criterion, as far as the budget goes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt64

from ..behavior import Behavior, Decision
from ..budget import over_budget
from ..estimate import Estimate
from ..network import Network
from .circuit import Circuit
from .count import CircuitCount, count_circuits
from .criterion import ABLATIONS, Ablation, Criterion, perfect, resample_faithful, resampled_blocks
from .estimate import DRAWN, STEPS_PER_RUN, estimate_circuits
from .execution import IN_THREADS, Execution
from .listing import MOST_EDGES, is_listable, list_bits, list_circuits
from .minimal import minimal_circuits, minimal_sets
from .overlap import Usage, usage
from .robust import RobustCount, robust_count
from .running import masks_of, places
from .search import COUNTED_BITS
from .space import circuits_in_space

COUNTING, COUNTING_FAITHFUL = "counting the circuits", "counting the resample-faithful circuits"
RUNGS = ("perfect", "resample_faithful", "resample_faithful_minimal", "resample_faithful_fewest_edges")
# With more inputs, every base with every source is run circuit by circuit instead of counted.
MOST_AT_ONCE = 64
# Circuits kept at once for that.
MOST_KEPT = 4_000_000
# What deciding on a whole box costs, in candidate evaluations.
STEPS_PER_BOX = 1_000


@dataclass(frozen=True)
class CircuitQuestions:
    """What is asked of circuits beyond the decisions wanted.

    Attributes:
        ablation: what removed edges carry.
        radius: half the side of the box around each input on which `robust` circuits decide right; None not to ask.
    """

    ablation: Ablation = "zero"
    radius: float | None = None


PLAIN = CircuitQuestions()


@dataclass(frozen=True)
class CircuitFindings:
    """What is known of the circuits of one network; None where something was not counted exactly.

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
        robust_left: how many of those that pass the last other rung do; likewise.
        refused: what the budget did not allow, in words.
        ties: which counts depend on rounding, in words, some circuits lying on the decision boundary.
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
    refused: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()

    @property
    def survivors(self) -> dict[str, int | None]:
        """The number of circuits that pass each rung; None where it is not known exactly."""
        fewest = None
        if self.faithful is not None and self.faithful.certified:
            smallest = self.faithful.fewest_edges
            fewest = 0 if smallest is None else self.faithful.certain[smallest]
        minimal = None if self.faithful_minimal is None else len(self.faithful_minimal)
        numbers = (_certified(self.perfect), _certified(self.faithful), minimal, fewest)
        left: dict[str, int | None] = dict(zip(RUNGS, numbers, strict=True))
        if self.robust_left is not None:
            left["robust"] = self.robust_left.proved if self.robust_left.certified else None
        return left

    @property
    def simplest(self) -> Circuit | None:
        """The circuit of fewest edges that passes the strictest criterion that any passes; None when none is known."""
        return next(iter(self.faithful_minimal or self.minimal or ()), None)

    @property
    def smallest_faithful(self) -> tuple[Circuit, ...]:
        """The resample-faithful circuits of fewest edges."""
        minimal = self.faithful_minimal or ()
        fewest = min(map(len, minimal), default=0)
        return tuple(circuit for circuit in minimal if len(circuit) == fewest)


def counting_steps(network: Network, inputs: int) -> dict[str, int]:
    """The candidate evaluations that each count of circuits takes, by what is counted."""
    space = circuits_in_space(network) * max(1, inputs // MOST_AT_ONCE)
    # Every source is one more decision per circuit and base.
    return {COUNTING: space, COUNTING_FAITHFUL: space * inputs}


def examine_circuits(
    network: Network,
    behavior: Behavior,
    decision: Decision,
    budget: int,
    asked: CircuitQuestions = PLAIN,
    execution: Execution = IN_THREADS,
) -> CircuitFindings:
    """Count, and where the budget allows list, the circuits that are perfect and those that are resample-faithful.

    Beyond the budget the number of perfect ones is estimated from a uniform sample of all circuits.
    """
    space, inputs = circuits_in_space(network), len(behavior.points)
    alone = perfect(network, behavior, decision, asked.ablation)
    refusal = _counting_refusal(network, inputs, budget)
    if refusal:
        if over_budget("", DRAWN * STEPS_PER_RUN * inputs, budget):
            return CircuitFindings(space, asked, refused=(refusal,))
        estimate = estimate_circuits(alone)
        return CircuitFindings(space, asked, estimate=estimate, refused=(f"{refusal}; estimated instead",))
    count = count_circuits(alone, execution=execution)
    found = CircuitFindings(space, asked, count, ties=ties(count, "perfect"))
    # What would depend on a tie is left open.
    if count.certified and is_listable(network) and not over_budget("", space * min(inputs, MOST_AT_ONCE), budget):
        found = replace(found, minimal=minimal_circuits(alone), usage=usage(alone))
    found = _with_faithful(found, alone, budget, execution)
    if not is_listable(network) and not found.refused:
        refusal = f"minimal circuits are looked for in networks of at most {MOST_EDGES} edges"
        found = replace(found, refused=(refusal,))
    return found if asked.radius is None else _with_robust(found, alone, budget, asked.radius)


def count_by_ablation(
    network: Network, behavior: Behavior, decision: Decision, budget: int
) -> dict[str, CircuitCount | None]:
    """The number of perfect circuits under each kind of ablation; None where the budget does not allow it."""
    inputs = len(behavior.points)
    counts: dict[str, CircuitCount | None] = dict.fromkeys(ABLATIONS)
    if _counting_refusal(network, inputs, budget):
        return counts
    for ablation in ABLATIONS:
        if ablation != "resample":
            counts[ablation] = count_circuits(perfect(network, behavior, decision, ablation))
    if inputs <= MOST_AT_ONCE:
        if not over_budget("", counting_steps(network, inputs)[COUNTING_FAITHFUL], budget):
            counts["resample"] = count_circuits(perfect(network, behavior, decision, "resample"))
    elif is_listable(network) and not over_budget("", circuits_in_space(network) * inputs, budget):
        first = next(resampled_blocks(network, behavior, decision))
        counts["resample"], _ = _run_amid(first, list_bits(first), resampled_blocks(network, behavior, decision))
    return counts


def _counting_refusal(network: Network, inputs: int, budget: int) -> str | None:
    return over_budget(COUNTING, counting_steps(network, inputs)[COUNTING], min(budget, (1 << COUNTED_BITS) - 1))


def _with_faithful(found: CircuitFindings, alone: Criterion, budget: int, execution: Execution) -> CircuitFindings:
    """With the resample-faithful circuits, counted or, where there are very many inputs, run one by one."""
    network, behavior, decision = alone.network, alone.behavior, alone.decision
    inputs, number = len(behavior.points), found.perfect.between[1] if found.perfect else 0
    if inputs <= MOST_AT_ONCE:
        refusal = over_budget(COUNTING_FAITHFUL, counting_steps(network, inputs)[COUNTING_FAITHFUL], budget)
        if refusal:
            return replace(found, refused=(refusal,))
        criterion = resample_faithful(network, behavior, decision, found.asked.ablation)
        faithful = count_circuits(criterion, execution=execution)
        minimal = minimal_circuits(criterion) if faithful.certified and is_listable(network) else None
    else:
        refusal = over_budget("running the perfect circuits amid every other input", number * inputs**2, budget)
        if number > MOST_KEPT or not is_listable(network):
            refusal = f"{number:,} perfect circuits are too many to be run amid every other input"
        if refusal:
            return replace(found, refused=(refusal,))
        faithful, minimal = _run_amid(alone, list_bits(alone), resampled_blocks(network, behavior, decision))
        if not faithful.certified:
            minimal = None
    tied = (*found.ties, *ties(faithful, "resample-faithful"))
    return replace(found, faithful=faithful, faithful_minimal=minimal, ties=tied)


def _run_amid(
    listed: Criterion, blocks: Iterable[UInt64[np.ndarray, " _circuits"]], criteria: Iterable[Criterion]
) -> tuple[CircuitCount, tuple[Circuit, ...]]:
    """Of circuits given as bits, those that meet a criterion in blocks: their number, and those with none inside."""
    widths = listed.network.widths
    bits = np.concatenate([np.empty(0, np.uint64), *blocks])
    certain, possible = places(criteria, masks_of(listed, bits))
    by_edges = [np.bincount(np.bitwise_count(bits[place]), minlength=1) for place in (certain, possible)]
    count = CircuitCount(*({int(e): int(n[e]) for e in np.flatnonzero(n)} for n in by_edges))
    minimal = (Circuit(widths, int(one)) for one in minimal_sets([bits[certain]]))
    return count, tuple(sorted(minimal, key=lambda circuit: (len(circuit), circuit.bits)))


def _with_robust(found: CircuitFindings, alone: Criterion, budget: int, radius: float) -> CircuitFindings:
    """With the circuits that decide right on whole boxes: of all perfect ones, and of those of the last rung."""
    network, behavior, decision = alone.network, alone.behavior, alone.decision
    number = found.perfect.between[1] if found.perfect else 0
    steps = number * len(behavior.points) * STEPS_PER_BOX
    refusal = over_budget("deciding which circuits are right on whole boxes", steps, budget)
    if not is_listable(network):
        refusal = f"robust circuits are looked for in networks of at most {MOST_EDGES} edges"
    if refusal:
        return replace(found, refused=(*found.refused, refusal))
    robust = robust_count(network, list_circuits(alone), behavior, radius, decision)
    left = robust_count(network, found.smallest_faithful, behavior, radius, decision)
    tied = ()
    if not robust.certified:
        tied = (f"of {robust.undecided:,} perfect circuits it stayed open whether they are robust",)
    return replace(found, robust=robust, robust_left=left, ties=(*found.ties, *tied))


def _certified(count: CircuitCount | None) -> int | None:
    return count.between[0] if count is not None and count.certified else None


def ties(count: CircuitCount, kind: str) -> tuple[str, ...]:
    """Why a count depends on rounding, in words; empty when it does not."""
    if count.certified:
        return ()
    low, high = count.between
    return (f"some circuits lie on the decision boundary: there are between {low:,} and {high:,} {kind} ones",)
