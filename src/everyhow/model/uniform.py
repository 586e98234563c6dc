"""Circuits of the whole space of a graph, drawn uniformly, whether they meet a criterion or not."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt

from ..common.errors import InputError
from .graph import Graph, Node
from .space import MOST_STATES, Ends, alike_nodes

# Choices in all states of all steps together: some seconds, and some hundred megabytes.
MOST_CHOICES = 1 << 21
# The inputs as a source of edges. They form no group of nodes: whether a node chooses them changes nothing else.
INPUTS = -1
# The parts of a state are bits of one whole number, so that states of very many groups are quick to compare.
State = int
Numbers = UInt[np.ndarray, "_ranks circuits"]
Flags = Bool[np.ndarray, "_ranks circuits"]


class Part(NamedTuple):
    """A number within a state."""

    shift: int
    mask: int

    def of(self, state: State) -> int:
        """The number, in a state."""
        return state >> self.shift & self.mask

    def times(self, number: int) -> State:
        """What a state gains where this part gains `number`."""
        return number << self.shift


class Group(NamedTuple):
    """Nodes with the same parents and the same children. A state holds how many are chosen, while more can be."""

    members: list[Node]
    kind: int
    is_output: bool
    chosen: Part


class Kind(NamedTuple):
    """Nodes with the same parents: how many edges each has from each input, and from each node of other groups.

    A state holds how many are used and have yet to choose their edges, and whether the one that is choosing has any.
    """

    groups: list[int]
    inputs: dict[Node, int]
    sources: dict[int, int]
    waiting: Part
    fed: Part

    @property
    def edges_from_inputs(self) -> int:
        """How many edges a node has from all inputs together."""
        return sum(self.inputs.values())

    @property
    def all_sources(self) -> list[int]:
        """The groups, and the inputs before them."""
        return [*([INPUTS] if self.inputs else []), *self.sources]


class Step(NamedTuple):
    """One used node of a kind chooses its edges from one source; `left` are left, this one included.

    `is_last`: it has looked at all other sources. `settles`: nobody can choose a node of the source any more.
    """

    kind: int
    left: int
    source: int
    is_last: bool
    settles: bool = False


class Choice(NamedTuple):
    """What a node may choose of a source, in how many ways, and the state after it.

    Number 0 is nothing, as long as it has no edge; 1 + k is k nodes that nobody has chosen yet, and any edges from
    those that somebody has: at least one edge in all if it has none yet.
    """

    number: int
    ways: int
    after: State


class Move(NamedTuple):
    """A choice, with the state after it as one of a list."""

    number: int
    ways: int
    after: int


class Table(NamedTuple):
    """How a step is drawn: it is choice k for numbers from bound k - 1 to bound k, of all from 0 to 1.

    The bounds of state s are in column `columns[s]`, since many states have no choice; the state after choice k is
    `after[first[s] + k]`.
    """

    step: Step
    bounds: Float[np.ndarray, "bounds columns"]
    columns: Int[np.ndarray, " states"]
    first: Int[np.ndarray, " states"]
    after: Int[np.ndarray, " choices"]


class Chosen(NamedTuple):
    """What the k-th used node of a kind chooses of a source, in each circuit.

    The nodes of a group are chosen in an order, which is drawn later. Those before `known` somebody has chosen already,
    and edges from them are free; those from there to `allowed` get one at least. `some`: there is one edge at least.
    """

    known: Numbers
    allowed: Numbers
    some: Flags


def draw_from_space(graph: Graph, size: int, generator: "np.random.Generator") -> Bool[np.ndarray, "circuits edges"]:
    """`size` circuits of a graph, independently and uniformly with replacement. Column k is edge k of the graph.

    Used nodes choose their edges one after the other, children before their parents: a non-empty set each. A node that
    is chosen is used, and chooses in turn; so all choices together are one circuit, and every circuit is such choices.
    In how many ways one can go on depends on how many of each group of alike nodes are chosen by now. In proportion to
    these numbers it is drawn how many more each node chooses; then which, and by which edges.

    Cost: once for a graph, (nodes) x (groups that each reads) x (states) x (nodes of a group); then `size` x (edges).

    Raises:
        InputError: the graph has no circuits; or so many nodes differ by the edges that are missing that there are more
            than 65,536 states, or more than 2,097,152 choices in all of them.

    Example:
        >>> draw_from_space(Graph.complete((1, 1, 1)), 2, np.random.default_rng(0))
        array([[ True,  True],
               [ True,  True]])
    """
    wiring, tables = _tables(graph)
    used, chosen = _numbers_chosen(wiring, tables, size, generator)
    return _edges_chosen(graph, wiring, used, chosen, generator)


@dataclass(frozen=True)
class Wiring:
    """The groups of a graph, and the kinds that they are of."""

    groups: list[Group]
    kinds: list[Kind]
    outputs_apart: bool

    @staticmethod
    def of(graph: Graph) -> "Wiring":
        # Edges that lead nowhere are in no circuit.
        found = alike_nodes(graph, graph.connected(graph.edges))
        group_of = {node: g for g, members in enumerate(found.values()) for node in members}
        outputs = [members[0].stage == graph.last for members in found.values()]
        # A few outputs that read many groups look at each group one after the other, so that it is settled early.
        read = {group_of[node] for (before, _), is_output in zip(found, outputs, strict=True) if is_output
                for node, _ in before if node.stage}  # fmt: skip
        apart = sum(outputs) < len(read)
        kinds: dict[tuple[Ends, int], list[int]] = {}
        for g, ((before, _), is_output) in enumerate(zip(found, outputs, strict=True)):
            kinds.setdefault((before, g if is_output and apart else -1), []).append(g)
        kind_of = {g: k for k, members in enumerate(kinds.values()) for g in members}
        # Each part has the bits that the largest number in it takes, above those of the parts before it.
        most = [len(members) for members in found.values()]
        for ones in kinds.values():
            most += [sum(most[g] for g in ones), 1]
        shifts = itertools.accumulate((number.bit_length() for number in most), initial=0)
        parts = [Part(shift, (1 << number.bit_length()) - 1) for shift, number in zip(shifts, most, strict=False)]
        chosen, waiting, fed = parts[: len(found)], parts[len(found) :: 2], parts[len(found) + 1 :: 2]
        return Wiring(
            [Group(members, kind_of[g], outputs[g], chosen[g]) for g, members in enumerate(found.values())],
            [
                Kind(
                    members,
                    {node: edges for node, edges in before if not node.stage},
                    # Of the last nodes it is known first that nobody else can choose them.
                    {group_of[node]: edges for node, edges in reversed(before) if node.stage},
                    waiting[k],
                    fed[k],
                )
                for k, ((before, _), members) in enumerate(kinds.items())
            ],
            apart,
        )

    def members(self, k: int) -> list[Node]:
        """The nodes of a kind."""
        return [node for g in self.kinds[k].groups for node in self.groups[g].members]

    @cached_property
    def sizes(self) -> list[int]:
        """How many nodes each kind has."""
        return [len(self.members(k)) for k in range(len(self.kinds))]

    def start(self) -> tuple[State, int]:
        """The state in which all outputs are used and nothing else, and its ways, as of `settled`."""
        state, ways = 0, 1
        for group in self.groups:
            if group.is_output:
                state, more = self.settled(state + group.chosen.times(len(group.members)), group)
                ways *= more
        return state, ways

    def settled(self, state: State, group: Group) -> tuple[State, int]:
        """The state in which the chosen nodes of a group wait to choose their edges. Where they can read nothing but
        inputs they are forgotten: in how many ways they do so is known at once."""
        kind, number = self.kinds[group.kind], group.chosen.of(state)
        state -= group.chosen.times(number)
        if kind.sources:
            return state + kind.waiting.times(number), 1
        return state, ((1 << kind.edges_from_inputs) - 1) ** number

    def steps(self) -> Iterator[Step]:
        """All steps. A node chooses as soon as nobody can choose it any more, be it that another one has only begun to:
        so little is open at a time."""
        readers = [0] * len(self.groups)
        for kind in self.kinds:
            for g in kind.sources:
                readers[g] += 1
        unsettled = [sum(not self.groups[g].is_output for g in kind.groups) for kind in self.kinds]
        begun = self._first_steps(k for k, number in enumerate(unsettled) if not number)
        while begun:
            step = next(begun[-1], None)
            if step is None:
                begun.pop()
                continue
            if step.left == 1 and step.source != INPUTS:
                readers[step.source] -= 1
                if not readers[step.source]:
                    step = step._replace(settles=True)
                    kind = self.groups[step.source].kind
                    unsettled[kind] -= 1
                    if not unsettled[kind]:
                        begun.append(self._steps_of(kind))
            yield step

    def _first_steps(self, kinds: Iterable[int]) -> list[Iterator[Step]]:
        """The steps of kinds of outputs."""
        steps = map(self._steps_of, kinds)
        if not self.outputs_apart:
            return list(steps)
        # The inputs are -1, so that they come last: only after that a step is the last one of its kind.
        together = sorted((step for one in steps for step in one), key=lambda step: -step.source)
        last = {step.kind: step.source for step in together}
        return [iter([step._replace(is_last=step.source == last[step.kind]) for step in together])]

    def _steps_of(self, k: int) -> Iterator[Step]:
        """The steps of one kind."""
        kind = self.kinds[k]
        if kind.sources:
            for left in range(self.sizes[k], 0, -1):
                for source in kind.all_sources:
                    yield Step(k, left, source, is_last=source == kind.all_sources[-1])

    def choices(self, step: Step, state: State) -> Iterator[Choice]:
        """What can be chosen in a step: nothing where fewer nodes of the kind are used."""
        kind, source = self.kinds[step.kind], self.groups[step.source]
        if kind.waiting.of(state) != step.left:
            after, ways = self.settled(state, source) if step.settles else (state, 1)
            yield Choice(0, ways, after)
            return
        fed, chosen = kind.fed.of(state), source.chosen.of(state)
        known, fresh, edges = kind.edges_from_inputs, 0, 1
        if step.source != INPUTS:
            known, fresh, edges = chosen, len(source.members) - chosen, kind.sources[step.source]
        base = state - kind.fed.times(fed)
        if step.is_last:
            base -= kind.waiting.times(1)
        if not fed and not step.is_last:
            after, ways = self.settled(base, source) if step.settles else (base, 1)
            yield Choice(0, ways, after)
        if not step.is_last:
            base += kind.fed.times(1)
        for new in range(fresh + 1):
            # Any edges from those that are chosen already, but not none at all if the node would have none.
            ways = (((1 << edges) - 1) ** new * math.comb(fresh, new) << edges * known) - (not new and not fed)
            if ways:
                after, more = base + source.chosen.times(new), 1
                if step.settles:
                    after, more = self.settled(after, source)
                yield Choice(1 + new, ways * more, after)


@lru_cache(maxsize=1)
def _tables(graph: Graph) -> tuple[Wiring, list[Table]]:
    """How each step is drawn. The states are found from the first step to the last, and in how many ways one can go on
    from each from the last to the first."""
    wiring = Wiring.of(graph)
    start, ways = wiring.start()
    states, found, choices = {start: 0}, [], 0
    for step in wiring.steps():
        following: dict[State, int] = {}
        moves: list[list[Move]] = []
        for state in states:
            moves.append(
                [
                    Move(number, ways, following.setdefault(after, len(following)))
                    for number, ways, after in wiring.choices(step, state)
                ]
            )
            choices += len(moves[-1])
            if len(following) > MOST_STATES or choices > MOST_CHOICES:
                raise InputError(
                    f"the nodes before {graph.name(wiring.members(step.kind)[0])} are very many or differ so much by "
                    f"their edges that circuits cannot be drawn; take out nodes that are not needed, or use weights "
                    f"that are not 0"
                )
        found.append((step, moves))
        states = following
    tables, ahead = [], [1] * len(states)
    for step, moves in reversed(found):
        table, ahead = _table(step, moves, ahead)
        tables.append(table)
    if not ways * ahead[0]:
        raise InputError("the network has no circuits, so none can be drawn: an output has no path from the inputs")
    return wiring, tables[::-1]


def _table(step: Step, moves: Sequence[Sequence[Move]], ahead: Sequence[int]) -> tuple[Table, list[int]]:
    """How a step is drawn in each state, and in how many ways one can go on from each; `ahead` of those after it."""
    numbers = [1 + max(move.number for move in one) for one in moves]
    first = np.cumsum([0, *numbers[:-1]])
    # Column 0 is that of the states without a choice.
    columns = np.cumsum([number > 1 for number in numbers]) * (np.array(numbers) > 1)
    bounds = np.ones((max(numbers) - 1, 1 + int(columns.max())))
    following, sums = np.zeros(sum(numbers), np.intp), []
    for s, one in enumerate(moves):
        shares = [0] * numbers[s]
        for number, ways, after in one:
            shares[number] = ways * ahead[after]
            following[first[s] + number] = after
        whole, below = sum(shares), 0
        sums.append(whole)
        for number in range(numbers[s] - 1 if whole else 0):
            below += shares[number]
            # Whole numbers, however large: the quotient alone is rounded.
            bounds[number, columns[s]] = below / whole
    return Table(step, bounds, columns, first, following), sums


def _numbers_chosen(
    wiring: Wiring, tables: Iterable[Table], size: int, generator: "np.random.Generator"
) -> tuple[list[np.ndarray], Mapping[tuple[int, int], Chosen]]:
    """How many nodes of each group are used in each circuit, and what is chosen by each kind of each source."""
    used = [
        np.full(size, len(group.members) if group.is_output else 0, np.min_scalar_type(len(group.members)))
        for group in wiring.groups
    ]
    chosen = {
        (k, source): Chosen(
            np.zeros((wiring.sizes[k], size), np.uint8 if source == INPUTS else used[source].dtype),
            np.zeros((wiring.sizes[k], size), np.uint8 if source == INPUTS else used[source].dtype),
            np.zeros((wiring.sizes[k], size), bool),
        )
        for k, kind in enumerate(wiring.kinds)
        for source in (kind.all_sources if kind.sources else [])
    }
    state, fed = np.zeros(size, np.intp), [np.zeros(size, bool)] * len(wiring.kinds)
    for (k, left, source, is_last, _), bounds, columns, first, following in tables:
        uniform, number, column = generator.random(size), np.zeros(size, np.intp), columns[state]
        for bound in bounds:
            number += uniform >= bound[column]
        state = following[first[state] + number]
        chooses = sum(used[g].astype(np.intp) for g in wiring.kinds[k].groups) >= left
        reads = chooses & (number > 0)
        before = after = np.ones(size, np.uint8)
        if source != INPUTS:
            before = used[source]
            after = used[source] = before + np.maximum(number - 1, 0).astype(before.dtype)
        found = chosen[k, source]
        found.known[left - 1], found.allowed[left - 1] = before * reads, after * reads
        found.some[left - 1] = reads & (number == 1) & ~fed[k]
        fed[k] = np.zeros(size, bool) if is_last else fed[k] | reads
    return used, chosen


def _edges_chosen(
    graph: Graph,
    wiring: Wiring,
    used: Sequence[np.ndarray],
    chosen: Mapping[tuple[int, int], Chosen],
    generator: "np.random.Generator",
) -> Bool[np.ndarray, "circuits edges"]:
    """Circuits in which so many nodes are chosen: every order of the nodes of a group is equally likely."""
    size = len(used[0])
    orders = {INPUTS: np.zeros((1, 1), np.uint8)}
    for g, group in enumerate(wiring.groups):
        order = np.arange(len(group.members), dtype=used[g].dtype)[:, None]
        orders[g] = generator.permuted(np.tile(order, size), axis=0) if len(order) > 1 else order
    columns = _columns(graph, wiring)
    # Edge by edge, so that what is computed together lies together.
    found = np.zeros((len(graph.edges), size), bool)
    for k, kind in enumerate(wiring.kinds):
        is_used = np.concatenate([np.broadcast_to(orders[g] < used[g], (len(orders[g]), size)) for g in kind.groups])
        # The k-th used node of a kind makes the k-th choice.
        ranks = np.maximum(np.cumsum(is_used, axis=0) - 1, 0)
        for source in kind.all_sources:
            known = allowed = some = is_used
            if kind.sources:
                known, allowed, some = (
                    np.take_along_axis(by_rank, ranks, axis=0) * is_used for by_rank in chosen[k, source]
                )
            _, parents, slots = columns[k, source].shape
            order = np.broadcast_to(orders[source], (parents, orders[source].shape[1]))
            for j, lines in enumerate(columns[k, source]):
                edges = _sets_of_edges(order < known[j], order < allowed[j], some[j], slots, generator)
                found[lines.ravel()] = edges.reshape(parents * slots, size)
    return found.T


def _columns(graph: Graph, wiring: Wiring) -> dict[tuple[int, int], Int[np.ndarray, "members parents slots"]]:
    """The edges of each kind from each source, by their numbers. Each edge from an input stands alone, as if it were
    from a parent of its own."""
    numbers: dict[tuple[Node, Node], list[int]] = {}
    for k, edge in enumerate(graph.edges):
        numbers.setdefault((edge.child, edge.parent), []).append(k)
    found = {}
    for k, kind in enumerate(wiring.kinds):
        for source in kind.all_sources:
            parents = kind.inputs if source == INPUTS else wiring.groups[source].members
            edges = np.array([[edge for one in parents for edge in numbers[child, one]] for child in wiring.members(k)])
            found[k, source] = edges.reshape(len(edges), -1, 1 if source == INPUTS else kind.sources[source])
    return found


def _sets_of_edges(
    known: Bool[np.ndarray, "parents circuits"],
    allowed: Bool[np.ndarray, "parents circuits"],
    some: Bool[np.ndarray, " circuits"],
    slots: int,
    generator: "np.random.Generator",
) -> Bool[np.ndarray, "parents slots circuits"]:
    """Edges of one node from parents that are allowed, uniformly: one at least from each parent that is not known; and
    one at least in all where `some` says so. A set that is empty and must not be is drawn again: half of them at most
    are."""
    edges = allowed[:, None] & _random_bits((len(known), slots, len(some)), generator)
    new = allowed & ~known
    if slots == 1:
        edges |= new[:, None]
    while slots > 1 and len(empty := np.argwhere(new & ~edges.any(axis=1))):
        edges[empty[:, 0], :, empty[:, 1]] = _random_bits((len(empty), slots), generator)
    while len(empty := np.flatnonzero(some & ~edges.any(axis=(0, 1)))):
        edges[:, :, empty] = allowed[:, None, empty] & _random_bits((len(known), slots, len(empty)), generator)
    return edges


def _random_bits(shape: tuple[int, ...], generator: "np.random.Generator") -> Bool[np.ndarray, "..."]:
    bits = math.prod(shape)
    drawn = np.frombuffer(generator.bytes(-(-bits // 8)), np.uint8)
    return np.unpackbits(drawn, count=bits).view(bool).reshape(shape)
