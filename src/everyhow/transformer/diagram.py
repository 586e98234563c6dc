"""All circuits of a transformer that meet a criterion, as one decision diagram.

Nodes are gone through in order, and of each the edges into it. What the nodes so far write, each by the number of its
value, is a *state*; whatever follows depends on the state alone, so it is found once for each. At `logits` the sets of
parents that meet the criterion are found together (`kernels/last_slot`). What comes out is a diagram, whose paths are
sets of edges.

A node that writes what its removed edges carry makes no difference to any sum, whether it is in the circuit or not. So
it is not told apart from a node outside, and never multiplies the work; that every node of a circuit has an edge in and
an edge out is asked of the diagram, once it is small.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from weakref import WeakValueDictionary

import numpy as np

from ..boolean.families import NOTHING, UNIT, Families
from ..common.budget import Refusal, rounded
from ..common.errors import BudgetError, EveryhowError, InputError
from ..model.criterion import Criterion
from ..model.graph import Graph
from .components import Component, Components
from .documents import document_of
from .grains import Wiring, wiring_of
from .residual_stream import ResidualStream

# Each edge is a step of recursion.
MOST_EDGES = 250
# What one more choice costs, in candidate evaluations.
STEPS_PER_CHOICE = 1_000
# Bytes that the values of components take at most, and those of one batch of scenarios where batches are possible.
MOST_BYTES, BYTES_AT_ONCE = 1_200 << 20, 4 << 20
# Scenarios at which sets are tried first.
SCREENED = 12
# Of more parents, sets are tried in halves; and states that pass the first scenarios in vain before others are chosen.
MOST_BY_ROWS, MOST_IN_VAIN = 9, 24
# Diagrams that are kept, as the same are asked for again.
KEPT = 16
# What a set of parents is at `logits`: wrong, right only when the boundary moves for it, or right.
POSSIBLE, CERTAIN = 1, 3


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


_FAMILIES: WeakValueDictionary[Graph, Families] = WeakValueDictionary()


def families_of(graph: Graph) -> Families:
    """The families of sets of a graph's edges: the same for all criteria, so that what meets them can be compared."""
    found = _FAMILIES.get(graph)
    if found is None:
        found = _FAMILIES[graph] = Families(len(graph.edges))
    return found


@lru_cache(maxsize=4)
def every_circuit(families: Families, graph: Graph) -> int:
    """All circuits of a graph, as a family of sets of its edges."""
    return connected(families, graph, families.any_of(range(len(graph.edges))))


def connected(families: Families, graph: Graph, family: int) -> int:
    """The sets of edges of a family that are circuits: each inner node has edges in and out, or neither; outputs have
    one in."""
    if graph.of_nodes:
        return family
    into = {node: [] for node in graph.nodes}
    out_of = {node: [] for node in graph.nodes}
    for k, edge in enumerate(graph.edges):
        into[edge.child].append(k)
        out_of[edge.parent].append(k)
    for node in graph.inner:
        family = families.linked(family, into[node], out_of[node])
    for node in graph.nodes[-graph.sizes[-1] :]:
        family = families.with_some(family, into[node])
    return family


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
        if len(graph.edges) > MOST_EDGES:
            reason = f"circuits are found among at most {MOST_EDGES} {graph.unit}s, and there are {len(graph.edges)}"
            raise TooLargeError(reason, most_steps(wiring_of(criterion.model.layers, criterion.model.grain)), budget)
        families = families_of(graph)
        one = _Compiling(criterion, families, left)
        ends = [one.family(asked) for asked in (CERTAIN, POSSIBLE)]
        left -= one.steps
        if found is None and one.steps * number > budget:
            raise TooLargeError(_beyond(one.steps * number, budget), one.steps * number, budget)
        found = ends if found is None else [*map(families.intersection, found, ends)]
    if found is None or graph is None:
        raise InputError("no criterion is given, so no circuits are found; give one at least")
    certain, possible = found
    certain, possible = (connected(families, graph, end) for end in (certain, possible))
    return Diagram(families, certain, possible)


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


class _Compiling:
    """One pass over the nodes, for one criterion."""

    def __init__(self, criterion: Criterion[ResidualStream], families: Families, budget: int) -> None:
        self.criterion, self.families, self.budget = criterion, families, budget
        self.components = Components(criterion)
        self.wiring: Wiring = wiring_of(criterion.model.layers, criterion.model.grain)
        self.most = most_steps(self.wiring)
        self.by_nodes = criterion.model.grain == "nodes"
        self.choices, self.tried = 0, 0
        scenarios = len(criterion.base)
        self._blame = np.zeros(scenarios, np.int64)
        few = scenarios <= 4 * SCREENED
        chosen = np.arange(scenarios) if few else np.unique(np.linspace(0, scenarios - 1, SCREENED).astype(int))
        self._screen = _Screen(self, chosen)
        self._right: dict[tuple[int, ...], np.ndarray] = {}
        self._tied = False
        self._asked = 0
        self._known: dict[tuple[int, ...], int] = {}

    @property
    def steps(self) -> int:
        """What was done so far, in candidate evaluations."""
        return STEPS_PER_CHOICE * self.choices + self.tried + self.components.steps

    def family(self, asked: int) -> int:
        """The sets of edges that are right, or only may be, whether they are circuits or not."""
        if self._asked and not self._tied:
            return self._known[(self.components.input,)]
        self._asked, self._known = asked, {}
        return self._after((self.components.input,))

    def _after(self, state: tuple[int, ...]) -> int:
        """The sets of edges into the nodes after those of a state."""
        found = self._known.get(state)
        if found is None:
            part = self.components.parts[len(state) - 1]
            if part.node == len(self.wiring) - 1:
                found = self._last(part, state)
            elif self.by_nodes:
                found = self._with_or_without(part, state)
            else:
                found = _Node(self, part, state).family()
            self._known[state] = found
        return found

    def _with_or_without(self, part: Component, state: tuple[int, ...]) -> int:
        self._count()
        without = self._after((*state, self.components.removed[part.node]))
        slots = len(self.wiring[part.node])
        sums = []
        for slot in range(slots):
            total = self.components.start(part, slot)
            for parent, value in enumerate(state[: part.parents]):
                total = self.components.added(total, parent, value, part, slot)
            sums.append(total)
        return self.families.node(part.node - 1, without, self._after((*state, self.written(part, sums))))

    def written(self, part: Component, sums: list[int]) -> int:
        """What a node writes, given what its slots receive: one sum for all of them, or one for each."""
        if part.head is None:
            return self.components.computed(part, sums[0])
        said = self.components.said(part, sums[-1])
        return self.components.mixed(part, self.components.looked(part, sums[0], sums[1]), said)

    def _count(self) -> None:
        self.choices += 1
        if self.components.values.bytes > MOST_BYTES:
            reason = f"counting the circuits takes more than {MOST_BYTES >> 20:,} MB for what components write"
            raise TooLargeError(reason, self.most, self.budget)
        if self.steps > self.budget:
            raise TooLargeError(_beyond(self.most, self.budget), self.most, self.budget)

    def _last(self, part: Component, state: tuple[int, ...]) -> int:
        """The sets of edges into `logits` with which the model is right often enough."""
        self._count()
        removed = self.components.removed
        telling = [node for node, value in enumerate(state) if value != removed[node]]
        right = self._right.get(state)
        if right is None:
            right = self._tried(state, telling)
            if not right.any():
                return NOTHING
            self._right[state] = right
            self._tied = self._tied or bool((right == POSSIBLE).any())
        if self.by_nodes:
            return UNIT if right[-1] >= self._asked else NOTHING
        units = [unit for (unit,) in self.wiring[part.node][0]]
        meets = right >= self._asked
        known: dict[tuple[int, bytes], int] = {}

        def chosen(parent: int, left: np.ndarray) -> int:
            if parent == len(state):
                return UNIT if left[0] else NOTHING
            key = (parent, left.tobytes())
            if key not in known:
                if parent in telling:
                    half = len(left) // 2
                    low, high = chosen(parent + 1, left[:half]), chosen(parent + 1, left[half:])
                else:
                    low = high = chosen(parent + 1, left)
                known[key] = self.families.node(units[parent], low, high)
            return known[key]

        return chosen(0, meets) if meets.any() else NOTHING

    def _tried(self, state: tuple[int, ...], telling: list[int]) -> np.ndarray:
        """Whether each set of the telling parents is right: 0, 1 or 3, the first parent being the leading digit.

        Where nothing may be wrong, the scenarios at which most sets failed so far are tried first, and most states end
        there."""
        if self.criterion.allowed or self.criterion.model.ln_final is not None:
            return self._tried_at(state, telling)
        if len(telling) <= MOST_BY_ROWS:
            found = self._screen.tried(state, telling)
            self.tried += len(found)
            if self._screen.whole or not found.any():
                return found
        found = self._tried_at(state, telling)
        if not found.any() and self._screen.failed():
            self._screen = _Screen(self, np.sort(np.argsort(-self._blame, kind="stable")[:SCREENED]))
        return found

    def _tried_at(self, state: tuple[int, ...], telling: list[int]) -> np.ndarray:
        """Whether each set of the telling parents is right at all scenarios."""
        from ..kernels.last_slot import right_normed, right_sums

        of, criterion = self.components, self.criterion
        start = of.constant
        for node in range(len(state)):
            if node not in telling:
                start = start + of.answer(node, of.removed[node])
        middle = (len(telling) + 1) // 2
        halves = []
        for some, first in ((telling[:middle], start), (telling[middle:], np.zeros_like(start))):
            sums = first[None]
            for node in some:
                pair = np.stack([of.answer(node, of.removed[node]), of.answer(node, state[node])])
                sums = (sums[:, None] + pair[None]).reshape(-1, *first.shape)
            halves.append(sums)
        self.tried += (1 << len(telling)) + sum(sums.size for sums in halves)
        part = np.cumsum(criterion.opens) - 1
        common = (*self._limits, criterion.weights, part, criterion.allowed, self._blame)
        norm = criterion.model.ln_final
        if norm is None:
            return right_sums(*halves, *common).ravel()
        shift = np.zeros(len(norm.w)) if norm.b is None else norm.b
        numbers = np.stack([norm.w, shift, np.zeros(len(norm.w))])
        numbers[2, :2] = norm.eps, not norm.rms
        reading = np.vstack([criterion.model.read_matrix, criterion.model.read_bias])
        return right_normed(*halves, *common, numbers, reading, criterion.contrasts).ravel()

    @cached_property
    def _limits(self) -> tuple[np.ndarray, np.ndarray]:
        """The boxes of the criterion, and that in which the boundary is not moved; see `kernels/last_slot`."""
        decided = self.criterion.limits(0.0)
        shape = self.criterion.contrasts.shape[:2]
        boxes = np.concatenate([self.criterion.certified_limits, decided[None]]).reshape(3, 2, *shape)
        return boxes, np.nextafter(decided[0], np.inf).reshape(shape)


class _Screen:
    """What each parent of `logits` adds at some scenarios, at which sets of parents are tried at once.

    Attributes:
        whole: whether these are all scenarios, so that nothing else is left to be tried.
    """

    def __init__(self, whole: _Compiling, scenarios: np.ndarray) -> None:
        self.compiling, self.scenarios = whole, scenarios
        self.whole = len(scenarios) == len(whole.criterion.base)
        limits, beyond = whole._limits
        self._limits = np.ascontiguousarray(limits[:, :, scenarios]), np.ascontiguousarray(beyond[scenarios])
        constant = whole.components.constant[scenarios]
        self._table = np.zeros((64, *constant.shape))
        self._table[0] = constant
        self._rows: dict[tuple[int, int], int] = {}
        self._passed_in_vain = 0

    def failed(self) -> bool:
        """Tell that a state passed here and failed elsewhere; whether other scenarios are to be chosen now."""
        self._passed_in_vain += 1
        return self._passed_in_vain > MOST_IN_VAIN

    def tried(self, state: tuple[int, ...], telling: list[int]) -> np.ndarray:
        """Whether each set of the telling parents is right at these scenarios."""
        from ..kernels.last_slot import right_rows

        removed, rows = self.compiling.components.removed, self._rows
        inside = [rows.get(key) or self._row(*key) for key in enumerate(state)]
        outside = [rows.get(key) or self._row(*key) for key in enumerate(removed)]
        alike = [row for node, row in enumerate(inside) if node not in telling]
        without, within = ([side[node] for node in telling] for side in (outside, inside))
        chosen = (np.array(each, np.int64) for each in (alike, without, within))
        return right_rows(self._table, *chosen, *self._limits)

    def _row(self, node: int, value: int) -> int:
        """A row of its own for what a value of a parent adds."""
        found = self._rows[node, value] = len(self._rows) + 1
        if found == len(self._table):
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        self._table[found] = self.compiling.components.answer(node, value)[self.scenarios]
        return found


class _Node:
    """The edges into one node, in one state."""

    def __init__(self, whole: _Compiling, part: Component, state: tuple[int, ...]) -> None:
        self.whole, self.part, self.state = whole, part, state
        # At the grain `edges` the slots of a head share their edges, and so what they receive.
        slots = whole.wiring[part.node]
        self.shared = len(slots) > 1 and slots[0] == slots[1]
        self.slots = slots[:1] if self.shared else slots
        self._known: dict[tuple, int] = {}

    def family(self) -> int:
        """The sets of edges into this node and those after it."""
        if self.part.head is not None and self._is_dead():
            after = self.whole._after((*self.state, self.whole.components.removed[self.part.node]))
            return self.whole.families.any_of([unit for slot in self.slots for (unit,) in slot], after)
        return self._chosen(0, 0, (), self._start(0), False)

    def _is_dead(self) -> bool:
        """Whether the head writes nothing, whatever its slots receive, and removed edges of it carry nothing."""
        of, slot = self.whole.components, len(self.whole.wiring[self.part.node]) - 1
        if of.values[of.removed[self.part.node]].any():
            return False
        totals = {of.start(self.part, slot)}
        for parent, value in enumerate(self.state[: self.part.parents]):
            both = {value, of.removed[parent]}
            totals = {of.added(total, parent, one, self.part, slot) for total in totals for one in both}
            if len(totals) > 64:
                return False
        return all(of.writes_nothing(of.said(self.part, total)) for total in totals)

    def _start(self, slot: int) -> tuple[int, ...]:
        """What the slots receive that are chosen together, before any edge is."""
        together = range(len(self.whole.wiring[self.part.node])) if self.shared else [slot]
        return tuple(self.whole.components.start(self.part, one) for one in together)

    def _chosen(self, slot: int, parent: int, done: tuple[int, ...], totals: tuple[int, ...], any_in: bool) -> int:
        """The sets of edges from a parent's on, the slots before having received `done`."""
        if parent == self.part.parents:
            return self._finished(slot, done, totals, any_in)
        key = (slot, parent, done, totals, any_in)
        found = self._known.get(key)
        if found is None:
            self.whole._count()
            found = self._known[key] = self._either(slot, parent, done, totals, any_in)
        return found

    def _either(self, slot: int, parent: int, done: tuple[int, ...], totals: tuple[int, ...], any_in: bool) -> int:
        value, (unit,) = self.state[parent], self.slots[slot][parent]
        without = self._added(totals, parent, self.whole.components.removed[parent], slot)
        low = self._chosen(slot, parent + 1, done, without, any_in)
        null = value == self.whole.components.removed[parent]
        into = without if null else self._added(totals, parent, value, slot)
        return self.whole.families.node(unit, low, self._chosen(slot, parent + 1, done, into, True))

    def _added(self, totals: tuple[int, ...], parent: int, value: int, slot: int) -> tuple[int, ...]:
        of = self.whole.components
        if not self.shared:
            return (of.added(totals[0], parent, value, self.part, slot),)
        return tuple(of.added(total, parent, value, self.part, one) for one, total in enumerate(totals))

    def _finished(self, slot: int, done: tuple[int, ...], totals: tuple[int, ...], any_in: bool) -> int:
        """What follows once a slot has all its edges."""
        if slot + 1 < len(self.slots):
            so_far = (*done, *totals)
            if slot == 1:
                # Of queries and keys nothing matters but the pattern.
                so_far = (self.whole.components.looked(self.part, *so_far),)
            return self._chosen(slot + 1, 0, so_far, self._start(slot + 1), any_in)
        if not any_in:
            return self.whole._after((*self.state, self.whole.components.removed[self.part.node]))
        if self.shared or self.part.head is None:
            written = self.whole.written(self.part, list(totals))
        else:
            of = self.whole.components
            written = of.mixed(self.part, done[0], of.said(self.part, totals[0]))
        return self.whole._after((*self.state, written))


def most_steps(wiring: Wiring) -> int:
    """The candidate evaluations that finding the circuits takes at most: as if no two had a value in common."""
    choices, sets = 0, 1
    for slots in wiring[1:-1]:
        units = {unit for slot in slots for parent in slot for unit in parent}
        sets <<= len(units)
        choices += 2 * sets
    return STEPS_PER_CHOICE * choices + (sets << sum(1 for parent in wiring[-1][0] if len(parent) == 1))


def _beyond(needed: int, budget: int) -> Refusal:
    """That the budget is not enough, in words."""
    return Refusal(
        f"counting the circuits needs at most {rounded(needed)} candidate evaluations, fewer where components write "
        f"the same again; the budget of {rounded(budget)} is not enough",
        needed,
        "counting the circuits",
    )


class TooLargeError(BudgetError):
    """The circuits are not found within the budget, or not within the memory that they may take."""

    def __init__(self, reason: str, needed: int, budget: int) -> None:
        self.needed, self.budget, self.reason = needed, budget, reason
        EveryhowError.__init__(self, f"{reason}. Ask a coarser grain, fewer inputs, or raise the budget (--budget).")


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
