"""All circuits of a transformer that meet a criterion, as one decision diagram, whose paths are sets of edges.

A node that writes what its removed edges carry makes no difference to any sum, whether it is in the circuit or not. So
it is not told apart from a node outside, and never multiplies the work; that every node of a circuit has an edge in and
an edge out is asked of the diagram, once it is small.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..boolean.families import Families
from ..common.budget import Budget, Refusal
from ..common.errors import InputError
from ..model.circuit_families import connected, families_of
from ..model.criterion import Criterion
from .compiling import CERTAIN, POSSIBLE, Compiling, TooLargeError, beyond, most_steps
from .documents import document_of
from .foretelling import foretold_steps
from .residual_stream import ResidualStream

# Each edge is a step of recursion in families of sets.
MOST_EDGES = 250
# Bytes of one batch of scenarios, where batches are possible.
BYTES_AT_ONCE = 4 << 20
# Diagrams that are kept, as the same are asked for again.
KEPT = 16


@dataclass(frozen=True, eq=False)
class Diagram:
    """The circuits that meet a criterion: `certain` when the decision boundary moves against them, `possible` when it
    moves for them. Item k of a set is edge k of the graph."""

    families: Families
    certain: int
    possible: int


_KEPT: OrderedDict[str, Diagram] = OrderedDict()


def diagram_of(criterion: Criterion[ResidualStream], budget: int) -> Diagram:
    """The circuits that meet a criterion.

    Cost: a choice for each edge and state; each component runs once per distinct input.

    Raises:
        TooLargeError: it takes more candidate evaluations than the budget, or more memory than 1.2 GB.
    """
    key = _digest(criterion)
    found = _KEPT.get(key)
    if found is None:
        found = _KEPT[key] = _compiled(criterion, budget)
        while len(_KEPT) > KEPT:
            _KEPT.popitem(last=False)
    _KEPT.move_to_end(key)
    return found


def foretold(criterion: Criterion[ResidualStream], what: str, budget: Budget) -> Refusal | None:
    """Why the circuits that meet a criterion are not found within a budget, as far as random circuits foretell it; None
    where they foretell nothing of the kind."""
    batches = _batches(criterion)
    try:
        _check_edges(criterion, budget)
        _foretell(batches[0], len(batches), budget)
    except TooLargeError as error:
        return Refusal.of(error.reason.replace("counting the circuits", what), error.reason)
    return None


def _check_edges(criterion: Criterion[ResidualStream], budget: int) -> None:
    """Raises TooLargeError where there are more edges than circuits are found among."""
    graph = criterion.model.graph
    if len(graph.edges) > MOST_EDGES:
        reason = f"circuits are found among at most {MOST_EDGES} {graph.unit}s, and there are {len(graph.edges)}"
        raise TooLargeError(reason, most_steps(criterion.model), budget)


def _compiled(criterion: Criterion[ResidualStream], budget: int) -> Diagram:
    """The diagram; where nothing may be wrong, of some scenarios after the other."""
    batches = _batches(criterion)
    return joint_diagram(batches, len(batches), budget)


def joint_diagram(criteria: Iterable[Criterion[ResidualStream]], number: int, budget: int) -> Diagram:
    """The circuits that meet every one of so many criteria of one model.

    Raises:
        TooLargeError: it takes more candidate evaluations than the budget, as far as the first criterion foretells, or
            more memory than 1.2 GB.
    """
    found: list[int] | None = None
    left, families, graph = budget, Families(0), None
    for criterion in criteria:
        graph = criterion.model.graph
        _check_edges(criterion, budget)
        families = families_of(graph)
        if found is None:
            _foretell(criterion, number, budget)
        one = Compiling(criterion, families, left)
        ends = [one.family(asked) for asked in (CERTAIN, POSSIBLE)]
        left -= one.steps
        if found is None and one.steps * number > budget:
            raise TooLargeError(beyond(one.steps * number, budget), one.steps * number, budget)
        found = ends if found is None else [*map(families.intersection, found, ends)]
    if found is None or graph is None:
        raise InputError("no criterion is given, so no circuits are found; give one at least")
    certain, possible = found
    certain, possible = (connected(families, graph, end) for end in (certain, possible))
    return Diagram(families, certain, possible)


def _foretell(criterion: Criterion[ResidualStream], number: int, budget: int) -> None:
    """Refuse what would take more than the budget, before it is begun: so many criteria like this one.

    Raises:
        TooLargeError: random circuits tell so.
    """
    if most_steps(criterion.model) <= budget:
        return
    needed, drawn = foretold_steps(criterion, budget // number)
    if needed > budget // number:
        needed *= number
        told = f"about {{}} or more, as {drawn:,} circuits drawn at random tell"
        raise TooLargeError(beyond(needed, budget, told), needed, budget)


def _batches(criterion: Criterion[ResidualStream]) -> list[Criterion[ResidualStream]]:
    """The criterion, some scenarios at a time. Where nothing may be wrong, a circuit meets it when it meets each."""
    model, count = criterion.model, len(criterion.base)
    at_once = max(1, BYTES_AT_ONCE // (8 * model.features * model.d_model))
    if criterion.allowed or count <= at_once:
        return [criterion]
    starts = range(0, count, at_once)
    return [
        replace(
            criterion, base=criterion.base[k : k + at_once], source=criterion.source[k : k + at_once],
            ablated=tuple(stage[k : k + at_once] for stage in criterion.ablated),
        )
        for k in starts
    ]  # fmt: skip


def _digest(criterion: Criterion[ResidualStream]) -> str:
    """What is counted, as a digest."""
    behavior = criterion.behavior
    said = {
        "model": document_of(criterion.model), "decision": behavior.decision, "within": behavior.within,
        "allowed": criterion.allowed,
    }  # fmt: skip
    found = hashlib.blake2b(json.dumps(said).encode())
    arrays = (criterion.bases, criterion.base, criterion.source, criterion.weights, criterion.wanted, criterion.near)
    for array in (*arrays, *criterion.ablated):
        found.update(str(array.shape).encode())
        found.update(np.ascontiguousarray(array))  # type: ignore[arg-type]
    return found.hexdigest()
