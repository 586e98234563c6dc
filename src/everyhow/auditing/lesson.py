"""Wrong lessons: what explanations that fit the rows a network was shown say of the rows it was not shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..boolean.algorithms import Algorithm, algorithms, count_algorithms, counting_cost
from ..boolean.gates import name_of
from ..boolean.truth_table import TruthTable, row_name
from ..circuit.count import count_circuits
from ..common.budget import Budget
from ..common.notes import NO_NOTES, Noted, Notes
from ..mapping.alignment import aligned_where_tested
from ..mapping.signatures import Signatures, signatures
from ..model.behavior import Behavior
from ..model.criterion import perfect
from ..model.decision import Decision
from ..model.model import CircuitCount, Model
from ..model.space import circuits_in_space
from ..model.task import Task

# Beyond this many unshown rows their functions are not told apart one by one.
MOST_UNSHOWN = 6
# Algorithms are listed to this depth, and as many as this over all functions.
DEEPEST_LISTED, MOST_LISTED = 3, 20_000


@dataclass(frozen=True)
class Continuation:
    """One way to continue the task from the shown rows to the rest, and what fits it.

    Attributes:
        table: the function.
        circuits: how many circuits decide so when run alone.
        algorithms: the algorithms of this function that are aligned on the shown rows (every variable has neurons
            whose interchanges between shown rows all come out as the algorithm says), each with its number of minimal
            mappings; None when there were too many to list.
    """

    table: TruthTable
    circuits: CircuitCount | None
    algorithms: Mapping[Algorithm, int] | None = field(repr=False)

    @property
    def name(self) -> str:
        """The usual name of the function, or its truth table."""
        return name_of(self.table) or str(self.table)


@dataclass(frozen=True)
class Lesson(Noted):
    """What can be learned from the shown rows, and what this network learned.

    Attributes:
        shown: the rows, as digits.
        told: whether the rows were given; otherwise they are those at which network and task agree.
        task: the function it was meant to learn.
        learned: the function that it computes.
        fitting: how many circuits decide as the task at the shown rows; by rounding, some of them may decide nothing
            elsewhere. None when not counted.
        continuations: every function that fits the shown rows and that something fits, by number of circuits.
        depth: of the algorithms listed: as large as keeps them to 20,000, and at most 3.
        notes: what was not counted, in words.
    """

    shown: tuple[str, ...]
    told: bool
    task: TruthTable
    learned: TruthTable
    fitting: CircuitCount | None
    continuations: tuple[Continuation, ...]
    depth: int
    notes: Notes = NO_NOTES

    def of(self, table: TruthTable) -> Continuation | None:
        """The continuation to a function, if anything fits it."""
        return next((c for c in self.continuations if c.table == table), None)


def examine_lesson(
    network: Model, task: Task, decision: Decision, depth: int, budget: int, shown: Sequence[int] | None
) -> Lesson | None:
    """What fits the shown rows; None when no row is unshown, so that there is nothing to tell.

    Args:
        network: of one output.
        task: of one output.
        decision: how outputs become bits, for circuits.
        depth: the largest depth of algorithms; at most 3 is searched.
        budget: in candidate evaluations.
        shown: the rows it was trained on; those at which network and task agree when None.
    """
    budget = Budget(budget)
    (wanted,) = task.tables
    (learned,) = Behavior.of_network(network, network.corners, decision).tables()
    rows = range(wanted.rows)
    known = tuple(shown) if shown is not None else tuple(r for r in rows if not (wanted.bits ^ learned.bits) >> r & 1)
    unshown = [row for row in rows if row not in known]
    if not unshown or not known:
        return None
    names = tuple(row_name(row, task.inputs) for row in known)
    refusal = budget.refusal(
        f"telling {1 << len(unshown)} continuations apart", circuits_in_space(network.graph) << len(unshown)
    )
    if len(unshown) > MOST_UNSHOWN:
        refusal = f"{len(unshown)} rows were not shown; what fits the others is told apart for at most {MOST_UNSHOWN}"
    if refusal:
        return Lesson(names, shown is not None, wanted, learned, None, (), 0, Notes((refusal,)))
    tables = [_continued(wanted, known, unshown, k) for k in range(1 << len(unshown))]
    listed_depth = _listed_depth(tables, depth, budget)
    found = signatures(network, network.corners)
    notes = NO_NOTES
    if not listed_depth:
        notes = Notes((f"more than {MOST_LISTED:,} algorithms fit the shown rows, too many to align one by one",))
    continuations = [
        Continuation(
            table,
            _count(network, Behavior.of_task(Task((str(table),), (table,)), network.input_values), rows, decision),
            aligned_on(found, table, listed_depth, known) if listed_depth else None,
        )
        for table in tables
    ]
    kept = [c for c in continuations if c.algorithms or (c.circuits and c.circuits.between[1])]
    kept.sort(key=lambda c: (-(c.circuits.between[1] if c.circuits else 0), c.table.bits))
    fitting = _count(network, Behavior.of_task(task, network.input_values), known, decision)
    return Lesson(names, shown is not None, wanted, learned, fitting, tuple(kept), listed_depth, notes)


def _listed_depth(tables: Sequence[TruthTable], depth: int, budget: Budget) -> int:
    """The largest depth at which the algorithms of all functions are few enough to be aligned one by one; 0 when none
    is."""
    for candidate in range(min(depth, DEEPEST_LISTED), 0, -1):
        affordable = counting_cost(tables[0].inputs, candidate, budget) <= budget
        if affordable and sum(count_algorithms(table, candidate) for table in tables) <= MOST_LISTED:
            return candidate
    return 0


def aligned_on(found: Signatures, table: TruthTable, max_depth: int, shown: Sequence[int]) -> dict[Algorithm, int]:
    """The algorithms of `table` of depth at most `max_depth` that are aligned on the shown rows, with their numbers of
    minimal mappings: only interchanges with base and source among the shown rows are asked for."""
    bases = sum(1 << row for row in shown)
    tested = [bases if row in shown else 0 for row in range(table.rows)]
    return dict(aligned_where_tested(found, algorithms(table, max_depth), tested))


def _continued(wanted: TruthTable, known: Sequence[int], unshown: Sequence[int], choice: int) -> TruthTable:
    """The task's values at the known rows, and the bits of `choice` at the others."""
    bits = sum(1 << row for row in known if wanted.bits >> row & 1)
    return TruthTable(wanted.inputs, bits | sum(1 << row for k, row in enumerate(unshown) if choice >> k & 1))


def _count(network: Model, wanted: Behavior, rows: Sequence[int], decision: Decision) -> CircuitCount:
    """The circuits that decide as wanted at some rows."""
    chosen = list(rows)
    behavior = Behavior(wanted.points[chosen], wanted.weights[chosen], wanted.wanted[chosen], decision=decision)
    return count_circuits(perfect(network, behavior))
