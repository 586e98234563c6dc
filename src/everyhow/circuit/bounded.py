"""Searches among circuits. One that takes too much, or whose outcome is a tie, is left out with the reason."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from ..common.budget import Budget
from ..common.errors import InputError
from ..common.notes import NO_NOTES, Noted, Notes
from ..model.circuit import Circuit
from ..model.criterion import Criterion
from ..model.model import MOST_COUNTED, MOST_EDGES, CircuitCount, CircuitSearch, Model
from .findings import COUNTING, ties
from .minimal import minimal_of

Found = TypeVar("Found")


@dataclass(frozen=True)
class Answer(Noted, Generic[Found]):
    """What a search found; None, with the reasons, when nothing was looked for or the outcome depends on a tie."""

    found: Found | None
    notes: Notes = NO_NOTES


def counted(search: CircuitSearch, budget: int) -> Answer[CircuitCount]:
    """The circuits that a search finds, by size."""
    budget = Budget(budget)
    model = search.model
    if model.uncountable:
        return Answer(None, Notes((model.uncountable,)))
    try:
        steps = model.counting_steps
    except InputError as error:
        return Answer(None, Notes((str(error),)))
    refusal = search.refusal(COUNTING, steps, budget.at_most(MOST_COUNTED))
    if refusal:
        return Answer(None, Notes((refusal,)))
    count = search.count()
    return Answer(count) if count.certified else Answer(None, Notes(ties=ties(count, "perfect")))


def minimal_inside(alone: Criterion[Model], circuit: Circuit, budget: int) -> Answer[tuple[Circuit, ...]]:
    """The minimal perfect circuits within a circuit, fewest edges first."""
    inside = alone.model.search_within(alone, circuit)
    if not inside.model.listable:
        said = f"minimal circuits are looked for in {alone.model.kind}s of at most {MOST_EDGES} edges"
        return Answer(None, Notes((said,)))
    count = counted(inside, budget)
    if count.found is None:
        return Answer(None, count.notes)
    return Answer(minimal_of(inside))


def nearest(criterion: Criterion[Model], circuit: Circuit) -> Answer[Circuit]:
    """The circuit that meets a criterion and differs from `circuit` in the fewest edges."""
    if not criterion.model.listable:
        said = f"the nearest circuit is looked for in {criterion.model.kind}s of at most {MOST_EDGES} edges"
        return Answer(None, Notes((said,)))

    best = criterion.model.search(criterion).nearest(circuit.bits)
    return Answer(None if best is None else Circuit(circuit.graph, best))
