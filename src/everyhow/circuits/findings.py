"""WHERE, whole: the circuits of a network by every criterion, as far as the budget goes."""

from dataclasses import dataclass

from ..behavior import Behavior, Decision
from ..budget import over_budget
from ..network import Network
from .circuit import Circuit
from .count import CircuitCount, count_circuits
from .criterion import perfect, resample_faithful
from .listing import MOST_EDGES, is_listable
from .minimal import minimal_circuits
from .overlap import Usage, usage
from .space import circuits_in_space

COUNTING, COUNTING_FAITHFUL = "counting the circuits", "counting the resample-faithful circuits"
RUNGS = ("perfect", "resample_faithful", "resample_faithful_minimal", "resample_faithful_fewest_edges")


@dataclass(frozen=True)
class CircuitFindings:
    """What is known of the circuits of one network; None where something was not counted exactly.

    Attributes:
        in_space: the number of all circuits.
        perfect: the perfect ones, by size.
        faithful: the resample-faithful ones, by size.
        minimal: the perfect circuits with no perfect one inside.
        faithful_minimal: the resample-faithful circuits with no resample-faithful one inside.
        usage: how many perfect circuits use each edge and neuron.
        refused: what the budget did not allow, in words.
        ties: which counts depend on rounding, in words, some circuits lying on the decision boundary.
    """

    in_space: int
    perfect: CircuitCount | None = None
    faithful: CircuitCount | None = None
    minimal: tuple[Circuit, ...] | None = None
    faithful_minimal: tuple[Circuit, ...] | None = None
    usage: Usage | None = None
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
        return dict(zip(RUNGS, (_certified(self.perfect), _certified(self.faithful), minimal, fewest), strict=True))

    @property
    def simplest(self) -> Circuit | None:
        """The circuit of fewest edges that passes the strictest criterion that any passes; None when none is known."""
        return next(iter(self.faithful_minimal or self.minimal or ()), None)


def counting_steps(network: Network, inputs: int) -> dict[str, int]:
    """The candidate evaluations that each count of circuits takes, by what is counted."""
    space = circuits_in_space(network)
    # Every source is one more decision per circuit and base.
    return {COUNTING: space, COUNTING_FAITHFUL: space * inputs}


def examine_circuits(network: Network, behavior: Behavior, decision: Decision, budget: int) -> CircuitFindings:
    """Count, and where the budget allows list, the circuits that are perfect and those that are resample-faithful."""
    steps = counting_steps(network, len(behavior.points))
    space = steps[COUNTING]
    refusal = over_budget(COUNTING, space, budget)
    if refusal:
        return CircuitFindings(space, refused=(refusal,))
    alone = perfect(network, behavior, decision)
    count = count_circuits(alone)
    faithfully = resample_faithful(network, behavior, decision)
    refusal = over_budget(COUNTING_FAITHFUL, steps[COUNTING_FAITHFUL], budget)
    if refusal:
        return CircuitFindings(space, count, refused=(refusal,), ties=ties(count, "perfect"))
    faithful = count_circuits(faithfully)
    found = (*ties(count, "perfect"), *ties(faithful, "resample-faithful"))
    if not is_listable(network):
        refusal = f"minimal circuits are looked for in networks of at most {MOST_EDGES} edges"
        return CircuitFindings(space, count, faithful, refused=(refusal,), ties=found)
    # What would depend on a tie is left open.
    return CircuitFindings(
        space,
        count,
        faithful,
        minimal_circuits(alone) if count.certified else None,
        minimal_circuits(faithfully) if faithful.certified else None,
        usage(alone) if count.certified else None,
        ties=found,
    )


def _certified(count: CircuitCount | None) -> int | None:
    return count.between[0] if count is not None and count.certified else None


def ties(count: CircuitCount, kind: str) -> tuple[str, ...]:
    """Why a count depends on rounding, in words; empty when it does not."""
    if count.certified:
        return ()
    low, high = count.between
    return (f"some circuits lie on the decision boundary: there are between {low:,} and {high:,} {kind} ones",)
