"""In which order the nodes of a graph choose their edges, and what each of them may choose."""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .graph import Graph, Node
from .space import Ends, alike_nodes

# The inputs as a source of edges. They form no group of nodes: whether a node chooses them changes nothing else.
INPUTS = -1
# The parts of a state are bits of one whole number, so that states of very many groups are quick to compare.
State = int


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
