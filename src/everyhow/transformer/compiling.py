"""One pass over the nodes of a transformer, which makes a diagram of the circuits that meet a criterion.

What the nodes so far write, each by the number of its value, is a *state*; whatever follows depends on the state alone,
so it is found once for each. The nodes that only `logits` reads, the heads or the MLP of the last layer, do not read
one another: so all that they may write is tried together with all that the other parents of `logits` add.
"""

import math
import random
from collections.abc import Hashable, Sequence

import numpy as np

from ..boolean.families import NOTHING, UNIT, Families
from ..common.budget import Refusal, rounded
from ..common.errors import BudgetError, EveryhowError
from ..common.shapes import Bool, UInt8
from ..model.criterion import Criterion
from .choices import Dead, Sums, WithOrWithout, Written
from .components import Component, Components
from .grains import Entry, Wiring
from .last_slot import LastSlot
from .residual_stream import ResidualStream

# What one more choice and one more combination at the last slot cost, in candidate evaluations.
STEPS_PER_CHOICE, STEPS_PER_COMBINATION = 1_000, 10
# Of these, in a second.
STEPS_PER_SECOND = 200_000_000
# Bytes that the values of components take at most.
MOST_BYTES = 1_200 << 20
# Combinations of what the last nodes write that are tried together; and of all that is added to the last slot.
MOST_AT_ONCE, MOST_TRIED = 1 << 24, 1 << 28
# What a combination is at `logits`: wrong, right only when the boundary moves for it, or right.
POSSIBLE, CERTAIN = 1, 3

State = tuple[int, ...]
Choices = Written | WithOrWithout | Dead


class Compiling:
    """One pass over the nodes, for one criterion and each end of the decision boundary."""

    def __init__(self, criterion: Criterion[ResidualStream], families: Families, budget: int) -> None:
        model = criterion.model
        self.families, self.budget = families, budget
        self.components = Components(criterion)
        self.last_slot = LastSlot(self.components)
        self.wiring: Wiring = model.wiring
        self.most, self.first_alone = most_steps(model), first_alone(model)
        self.by_nodes = model.grain == "nodes"
        # What `logits` reads: at the grain of nodes all that they write, as a state says.
        self.read: Sequence[Entry] = [()] * (len(self.wiring) - 1) if self.by_nodes else self.wiring[-1][0]
        self.choices, self.tried = 0, 0
        self._right: dict[State, tuple[tuple[int, ...], np.ndarray, np.ndarray]] = {}
        self._tied = False
        self._asked = 0
        self._known: dict[State, int] = {}
        # By node and slots, the sums over the parents so far, with the value of each; by node, what it may write.
        self._sums: dict[tuple[int, tuple[int, ...]], list[tuple[int, Sums]]] = {}
        self._written: dict[int, tuple[State, Choices]] = {}

    @property
    def steps(self) -> int:
        """What was done so far, in candidate evaluations."""
        return STEPS_PER_CHOICE * self.choices + STEPS_PER_COMBINATION * self.tried + self.components.steps

    def family(self, asked: int) -> int:
        """The sets of edges that are right, or only may be, whether they are circuits or not."""
        if self._asked and not self._tied:
            return self._known[self.components.inputs]
        self._asked, self._known = asked, {}
        return self._after(self.components.inputs)

    def drawn_state(self, generator: random.Random) -> State:
        """What the nodes that others read write, in a circuit with each edge, or node, at even odds."""
        of, state = self.components, self.components.inputs
        for part in of.parts[: self.first_alone - len(state)]:
            if self.by_nodes:
                state = (*state, generator.choice(self._choices(part, state).values))
                continue
            received, touched = [], False
            for slots in self._together(part):
                entries = self.wiring[part.node][slots[0]]
                there = [generator.random() < 0.5 if entry else entry is not None for entry in entries]
                either = zip(there, state[: part.parents], of.removed[: part.parents], strict=True)
                values = [value if kept else removed for kept, value, removed in either]
                received += [self._total(part, slot, values) for slot in slots]
                touched = touched or any(there)
            state = (*state, self._computed(part, [tuple(received)])[0] if touched else of.removed[part.node])
        return state

    def _total(self, part: Component, slot: int, values: Sequence[int]) -> int:
        """What a slot receives when its parents carry these values."""
        total = self.components.start(part, slot)
        for parent, value in enumerate(values):
            total = self.components.added(total, self.components.carried(parent, value, part, slot))
        return total

    def parts_after(self, nodes: int) -> tuple[Component, ...]:
        """The node after so many; where only `logits` reads it, with the others that only `logits` reads."""
        place = nodes - len(self.components.inputs)
        return self.components.parts[place : place + 1 if nodes < self.first_alone else -1]

    def steps_from(self, state: State) -> int:
        """What going on from a state takes, but for running components and for the states after it."""
        before = self.choices
        written = [self._choices(part, state) for part in self.parts_after(len(state))]
        combinations = self._number(state, written) if len(state) >= self.first_alone else 0
        return STEPS_PER_CHOICE * (1 + self.choices - before) + STEPS_PER_COMBINATION * combinations

    def _after(self, state: State) -> int:
        """The sets of edges into the nodes after those of a state."""
        found = self._known.get(state)
        if found is None:
            found = self._known[state] = self._found(state)
        return found

    def _found(self, state: State) -> int:
        if len(state) >= self.first_alone:
            last = [self._choices(part, state) for part in self.parts_after(len(state))]
            if self._number(state, last) <= MOST_AT_ONCE or len(last) < 2:
                return self._ends(state, last)
        written = self._choices(self.components.parts[len(state) - len(self.components.inputs)], state)
        self._count(len(written.values))
        after = [
            self._after((*state, value)) if place in written.reached else NOTHING
            for place, value in enumerate(written.values)
        ]
        return written.family(self.families, after)

    def _number(self, state: State, last: Sequence[Choices]) -> int:
        """How many combinations there are of what is added to the last slot."""
        telling = sum(map(self._tells, range(len(state)), state))
        return math.prod(len(self._reaching(written, len(state) + k)) for k, written in enumerate(last)) << telling

    def _tells(self, node: int, value: int) -> bool:
        """Whether the edge from a node to `logits` may be in a circuit or not, and this makes a difference."""
        return bool(self.read[node]) and value != self.components.removed[node]

    def _reaching(self, written: Choices, node: int) -> tuple[int, ...]:
        """What may reach `logits` of all that a node may write."""
        return written.values[:1] if self.read[node] is None else written.values

    def _ends(self, state: State, last: Sequence[Choices]) -> int:
        """The sets of edges into the last nodes and into `logits`, given what all others write."""
        right = self._tried(state, last)
        if right is None:
            return NOTHING
        units = [entry[0] for entry in self.read if entry]
        known: dict[Hashable, int] = {}

        def following(k: int, telling: tuple[bool, ...], meets: Bool[np.ndarray, "..."]) -> int:
            """The sets of edges into the last nodes from number k on; an axis of `meets` for each node and each other
            parent of `logits` whose edge tells."""
            if not meets.any():
                return NOTHING
            key = k, telling, meets.tobytes()
            if key not in known and k < len(last):
                entry, axis = self.read[len(state) + k], meets.ndim - len(last) + k
                self._count(len(last[k].values))
                after = []
                for place in range(len(last[k].values)):
                    # Without its edge in the circuit, what reaches `logits` is what a removed edge carries.
                    reaching = [0] if entry is None else [0, place] if entry and place else [place]
                    tells = (*telling, place > 0) if entry else telling
                    after.append(following(k + 1, tells, meets.take(reaching, axis)))
                known[key] = last[k].family(self.families, after)
            elif key not in known:
                known[key] = at_logits(0, telling, meets.ravel())
            return known[key]

        def at_logits(parent: int, telling: tuple[bool, ...], meets: Bool[np.ndarray, " sets"]) -> int:
            """The sets of edges into `logits` from a parent on; `meets` has those of the parents that tell."""
            if not meets.any():
                return NOTHING
            if parent == len(units):
                return UNIT
            key = len(last) + parent, telling[parent:], meets.tobytes()
            if key not in known:
                half = len(meets) // 2 if telling[parent] else 0
                high = at_logits(parent + 1, telling, meets[half:])
                low = at_logits(parent + 1, telling, meets[:half]) if half else high
                known[key] = self.families.node(units[parent], low, high)
            return known[key]

        others = tuple(self._tells(node, value) for node, value in enumerate(state) if self.read[node])
        found = following(0, others, right >= self._asked)
        # Functions that call themselves keep all that they see until memory is next gone through: gigabytes, here.
        del following, at_logits
        return found

    def _tried(self, state: State, last: Sequence[Choices]) -> UInt8[np.ndarray, "..."] | None:
        """Whether each combination of what is added to the last slot is right; None when none is."""
        found = self._right.get(state)
        if found is None:
            removed, told, alike = self.components.removed, [], []
            for node, value in enumerate(state):
                if self._tells(node, value):
                    told.append([(node, removed[node]), (node, value)])
                else:
                    alike.append((node, removed[node] if self.read[node] is None else value))
            for node, written in enumerate(last, len(state)):
                told.append([(node, value) for value in self._reaching(written, node)])
            self._count(sum(map(len, told)), math.prod(map(len, told)))
            right = self.last_slot.right(alike, told)
            if not right.any():
                return None
            places = np.flatnonzero(right)
            found = self._right[state] = right.shape, places, right.ravel()[places]
            self._tied = self._tied or bool((found[2] == POSSIBLE).any())
        shape, places, values = found
        right = np.zeros(math.prod(shape), np.uint8)
        right[places] = values
        return right.reshape(shape)

    def _choices(self, part: Component, state: State) -> Choices:
        """What a node may write in a state."""
        state = state[: part.parents]
        known = self._written.get(part.node)
        if known is None or known[0] != state:
            known = self._written[part.node] = state, self._new_choices(part, state)
        return known[1]

    def _new_choices(self, part: Component, state: State) -> Choices:
        removed = self.components.removed[part.node]
        if self.by_nodes:
            return self._with_or_without(part, state)
        if part.head is not None and self._is_dead(part, state):
            return Dead((removed,), sorted({parent[0] for slot in self.wiring[part.node] for parent in slot if parent}))
        first, *others = (self._summed(part, together, state) for together in self._together(part))
        if others:
            return self._attending(part, (first, *others))
        places = {removed: 0}
        values = self._computed(part, first.totals)
        found = [
            places.setdefault(value, len(places)) if place or first.touched else 0 for place, value in enumerate(values)
        ]
        return Written(tuple(places), (first,), [found])

    def _with_or_without(self, part: Component, state: State) -> WithOrWithout:
        """What a node may write where circuits are sets of nodes."""
        removed, slots = self.components.removed[part.node], self.wiring[part.node]
        own = slots[0][0]
        if own is None:
            return WithOrWithout((removed,))
        (value,) = self._computed(part, [tuple(self._total(part, slot, state) for slot in range(len(slots)))])
        if not own:
            return WithOrWithout((value,))
        return WithOrWithout((removed, value) if value != removed else (removed,), *own)

    def _attending(self, part: Component, sums: tuple[Sums, ...]) -> Written:
        """What a head may write whose slots have edges of their own."""
        of = self.components
        asked, found, received = ([total for (total,) in one.totals] for one in sums)
        touched = any(one.touched for one in sums)
        without, seen, patterns = of.looked(part, asked[0], found[0]), {}, []
        for q, query in enumerate(asked):
            looked = [of.looked(part, query, key) if q or k else without for k, key in enumerate(found)]
            patterns.append([1 + seen.setdefault(one, len(seen)) if q or k else 0 for k, one in enumerate(looked)])
            self._count(len(looked))
        said = [of.said(part, total) for total in received]
        places, table = {of.removed[part.node]: 0}, []
        for place, pattern in enumerate([without, *seen]):
            # A head without any edge in is not in the circuit.
            values = (of.mixed(part, pattern, one) if place or v or touched else None for v, one in enumerate(said))
            table.append([0 if value is None else places.setdefault(value, len(places)) for value in values])
            self._count(len(said))
        return Written(tuple(places), sums, table, patterns)

    def _together(self, part: Component) -> list[tuple[int, ...]]:
        """The slots of a node, those together that share their edges."""
        slots = self.wiring[part.node]
        shared = len(slots) > 1 and slots[0] == slots[1]
        return [tuple(range(len(slots)))] if shared else [(slot,) for slot in range(len(slots))]

    def _is_dead(self, part: Component, state: State) -> bool:
        """Whether a head writes nothing, whatever its slots receive, and removed edges of it carry nothing."""
        of, slot = self.components, len(self.wiring[part.node]) - 1
        if of.values[of.removed[part.node]].any():
            return False
        totals = self._summed(part, (slot,), state).totals
        return all(of.writes_nothing(of.said(part, total)) for (total,) in totals)

    def _computed(self, part: Component, totals: Sequence[tuple[int, ...]]) -> list[int]:
        """What a node writes, given what each of its slots receives."""
        of = self.components
        if part.head is None:
            return of.computed(part, [total for (total,) in totals])
        return [of.mixed(part, of.looked(part, q, k), of.said(part, v)) for q, k, v in totals]

    def _summed(self, part: Component, slots: tuple[int, ...], state: State) -> Sums:
        """What some slots receive that share their edges. The sums over the parents that a state has in common with the
        one before are not made again."""
        path = self._sums.setdefault((part.node, slots), [])
        kept = next((k for k, (value, _) in enumerate(path) if state[k] != value), len(path))
        del path[kept:]
        sums = path[-1][1] if path else Sums((tuple(self.components.start(part, slot) for slot in slots),))
        for parent in range(kept, len(state)):
            sums = self._with_parent(sums, part, slots, (parent, state[parent]))
            path.append((state[parent], sums))
        return sums

    def _with_parent(self, before: Sums, part: Component, slots: tuple[int, ...], choice: tuple[int, int]) -> Sums:
        """The sums over one parent more, given what that writes."""
        parent, value = choice
        of, entry = self.components, self.wiring[part.node][slots[0]][parent]
        removed = of.removed[parent]

        def after(one: int) -> list[tuple[int, ...]]:
            carried = [of.carried(parent, one, part, slot) for slot in slots]
            return [tuple(map(of.added, totals, carried)) for totals in before.totals]

        without = after(value if entry == () else removed)
        within = after(value) if entry and value != removed else without
        self._count(len(without))
        places: dict[tuple[int, ...], int] = {}
        low = [0, *(places.setdefault(totals, 1 + len(places)) for totals in without[1:])]
        if not entry:
            touched = before.touched or entry is not None
            return Sums((without[0], *places), before, None, low, low, touched)
        high = [places.setdefault(totals, 1 + len(places)) for totals in within]
        return Sums((without[0], *places), before, entry[0], low, high, before.touched)

    def _count(self, choices: int, tried: int = 0) -> None:
        """Tell of choices, and of combinations about to be tried."""
        self.choices += choices
        self.tried += tried
        if tried > MOST_TRIED or self.components.values.bytes + self.last_slot.bytes > MOST_BYTES:
            reason = f"counting the circuits takes more than {MOST_BYTES >> 20:,} MB for what components write"
            raise TooLargeError(reason, self.most, self.budget)
        if self.steps > self.budget:
            raise TooLargeError(beyond(self.most, self.budget), self.most, self.budget)


def most_steps(model: ResidualStream) -> int:
    """The candidate evaluations that finding the circuits takes at most, as if no two values were equal; what running
    the components takes comes to that."""
    wiring, alone = model.wiring, first_alone(model)
    states, choices, last, written = 1, 0, 2 * len(wiring), 1
    inputs = model.graph.sizes[0]
    for node, slots in enumerate(wiring[inputs:-1], inputs):
        # Sums in each slot, patterns, what is written, and that a node without any edge is told apart: under 4 for each
        # set of edges into a node.
        own = len({parent[-1] for slot in slots for parent in slot if parent})
        if node < alone:
            choices += states * (4 << own)
            states <<= own
        else:
            last += 4 << own
            written *= 1 + (1 << own)
    sets = 0 if model.grain == "nodes" else sum(map(bool, wiring[-1][0][:alone]))
    choices += states * (last + 2 * written)
    return STEPS_PER_CHOICE * choices + STEPS_PER_COMBINATION * (states * written << sets)


def first_alone(model: ResidualStream) -> int:
    """The first of the nodes that only `logits` reads: the MLP of the last layer, or else its heads."""
    layer = model.layers[-1] if model.layers else None
    alone = 0 if layer is None else layer.attention.heads if layer.mlp is None else 1
    return len(model.graph.nodes) - 1 - alone


def beyond(needed: int, budget: int, told: str = "at most {}, fewer where components write the same again") -> Refusal:
    """That the budget is not enough: what would be, as far as that can be told."""
    evaluations = told.format(f"{rounded(needed)} candidate evaluations")
    text = f"counting the circuits needs {evaluations}; the budget of {rounded(budget)} is not enough"
    return Refusal(text, needed, "counting the circuits", needed / STEPS_PER_SECOND)


class TooLargeError(BudgetError):
    """The circuits are not found within the budget, or not within the memory that they may take."""

    def __init__(self, reason: str, needed: int, budget: int) -> None:
        self.needed, self.budget, self.reason = needed, budget, reason
        EveryhowError.__init__(self, f"{reason}. Ask a coarser grain, fewer inputs, or raise the budget (--budget).")
