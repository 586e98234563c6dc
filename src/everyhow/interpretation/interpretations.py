"""All interpretations of one circuit: counted, listed, drawn, and summed up neuron by neuron."""

import heapq
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np

from ..common.attributes import PublicNames
from ..common.errors import InputError
from ..common.shapes import Float
from ..model.circuit import Circuit
from ..model.model import Model
from ..model.reading import ReadingRule
from .interpretation import Interpretation, Neuron, NeuronGate, Reading, completions
from .readings import circuit_readings

# Which of its readings each varying neuron of a layer has, by their numbers.
State = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Interpretations(PublicNames):
    """All interpretations of a circuit (paper, Def. 3), held as a layered graph of states, never as a list.

    A state gives each varying neuron of a layer one of its readings. An interpretation is a path from the inputs'
    states to the outputs'. Iterating lists them all: the first layer's readings vary slowest, lower separators come
    first.

    Cost: one step per pair of neighboring states for everything here; listing also costs its length.
    """

    model: Model
    circuit: Circuit
    points: Float[np.ndarray, "inputs features"]
    rule: ReadingRule = field(default_factory=ReadingRule)

    def __repr__(self) -> str:
        return f"Interpretations of {self.circuit!r} of {self.model!r}; count, sample() and list() give them"

    @cached_property
    def readings(self) -> Mapping[Neuron, tuple[Reading, ...]]:
        """The readings of each neuron that varies, consistent with a reading of its parents or not."""
        return MappingProxyType(circuit_readings(self.model, self.circuit, self.points, self.rule))

    @property
    def pairs(self) -> int:
        """The most pairs of neighboring states that anything here goes through, found without going through them."""
        return sum(before * after for before, after in itertools.pairwise(self._states))

    @property
    def input_states(self) -> int:
        """How many states the inputs have."""
        return self._states[0]

    @property
    def _states(self) -> list[int]:
        """The most states of each layer."""
        return [math.prod(len(self.readings[neuron]) for neuron in layer) for layer in self._layers]

    @cached_property
    def count(self) -> int:
        """The number of interpretations, an interpretation with don't cares counting once."""
        return sum(self._paths_after(0, state) for state in self._first_states)

    @cached_property
    def count_expanded(self) -> int:
        """The number of interpretations when each completion of the don't cares counts on its own."""
        ways = dict.fromkeys(self._first_states, 1)
        for layer in range(1, len(self._layers)):
            following: dict[State, int] = {}
            for state, count in ways.items():
                factors = [
                    [completions(gate.table, layer) for _, gate in allowed]
                    for allowed in self._allowed(layer - 1, state)
                ]
                for target, ways_of_each in zip(
                    self._targets(layer - 1, state), itertools.product(*factors), strict=True
                ):
                    following[target] = following.get(target, 0) + count * math.prod(ways_of_each)
            ways = following
        return sum(ways.values())

    def __iter__(self) -> Iterator[Interpretation]:
        for state in self._first_states:
            for path in self._paths_from((state,)):
                yield self._interpretation(path)

    def sample(self, size: int, seed: int = 0) -> tuple[Interpretation, ...]:
        """`size` interpretations drawn independently and uniformly with replacement.

        Raises:
            InputError: the circuit has no interpretation.
        """
        if not self.count:
            raise InputError("the circuit has no interpretation, so none can be drawn")
        random = Random(seed)
        return tuple(self._interpretation(self._draw(random)) for _ in range(size))

    @cached_property
    def gate_shares(self) -> Mapping[Neuron, Mapping[NeuronGate, Fraction]]:
        """For each neuron the share of interpretations that give it each gate, most frequent first."""
        # By the table of each gate: the parents of a neuron are always the same.
        tallies: dict[Neuron, Counter[str]] = defaultdict(Counter)
        before = dict.fromkeys(self._first_states, 1)
        for layer in range(1, len(self._layers)):
            following: dict[State, int] = {}
            for state, count in before.items():
                tables = [[gate.table for _, gate in allowed] for allowed in self._allowed(layer - 1, state)]
                for target, chosen in zip(self._targets(layer - 1, state), itertools.product(*tables), strict=True):
                    paths = count * self._paths_after(layer, target)
                    following[target] = following.get(target, 0) + count
                    if paths:
                        for neuron, table in zip(self._layers[layer], chosen, strict=True):
                            tallies[neuron][table] += paths
            before = following
        return MappingProxyType(
            {
                neuron: MappingProxyType(
                    {
                        NeuronGate(self._parents[neuron], table): Fraction(n, self.count)
                        for table, n in tally.most_common()
                    }
                )
                for neuron, tally in sorted(tallies.items())
            }
        )

    @cached_property
    def readings_by_number(self) -> Mapping[Neuron, Mapping[int, int]]:
        """For each neuron that varies, the inputs aside, in how many interpretations it has each reading; a reading by
        its bits, bit k being that at input k."""
        tallies: dict[Neuron, Counter[int]] = defaultdict(Counter)
        before = dict.fromkeys(self._first_states, 1)
        for layer in range(1, len(self._layers)):
            following: dict[State, int] = {}
            for state, count in before.items():
                for target in self._targets(layer - 1, state):
                    following[target] = following.get(target, 0) + count
            for target, count in following.items():
                paths = count * self._paths_after(layer, target)
                for neuron, chosen in zip(self._layers[layer], target, strict=True):
                    tallies[neuron][self.readings[neuron][chosen].bits] += paths
            before = following
        return MappingProxyType({neuron: MappingProxyType(+tally) for neuron, tally in sorted(tallies.items())})

    @cached_property
    def widest(self) -> Interpretation | None:
        """The first of `by_gaps`; None when there is no interpretation."""
        return next(self.by_gaps(), None)

    def by_gaps(self) -> Iterator[Interpretation]:
        """All interpretations, widest gaps first: by their smallest relative gap, and among equals by the sum of all.

        The search is best first: a partial path is as good as its own gaps and the best gaps that can follow.

        Cost: one step per pair of neighboring states before the first; the others follow without listing the rest.
        """
        if not self.count:
            return
        order = itertools.count()
        waiting: list[Any] = [
            (*self._promise((state,), 1.0, 0.0), next(order), (state,), 1.0, 0.0) for state in self._first_states
        ]
        heapq.heapify(waiting)
        while waiting:
            *_, path, smallest, total = heapq.heappop(waiting)
            layer = len(path) - 1
            if layer == self._last:
                yield self._interpretation(path)
                continue
            for target in self._targets(layer, path[-1]):
                if self._paths_after(layer + 1, target):
                    own = self._gaps(layer + 1, target)
                    extended = (*path, target)
                    least, sum_of_gaps = min([smallest, *own]), total + sum(own)
                    promised = self._promise(extended, least, sum_of_gaps)
                    heapq.heappush(waiting, (*promised, next(order), extended, least, sum_of_gaps))

    @cached_property
    def _last(self) -> int:
        return self.model.graph.last

    @cached_property
    def _layers(self) -> tuple[tuple[Neuron, ...], ...]:
        return tuple(tuple(n for n in self.readings if n[0] == layer) for layer in range(self._last + 1))

    @cached_property
    def _first_states(self) -> tuple[State, ...]:
        return tuple(itertools.product(*(range(len(self.readings[neuron])) for neuron in self._layers[0])))

    @cached_property
    def _memory(self) -> dict[Any, Any]:
        return {}

    @cached_property
    def _parents(self) -> dict[Neuron, tuple[Neuron, ...]]:
        """The parents of each neuron that vary; of the inputs there are none."""
        return {
            (layer, j): tuple(
                (layer - 1, i) for i in self.circuit.parents(layer, j) if layer and (layer - 1, i) in self.readings
            )
            for layer, j in self.readings
        }

    def _gate(self, neuron: Neuron, chosen: int, state: State) -> NeuronGate | None:
        """The gate of `neuron` with one of its readings when the layer before is in `state`; None when the reading is
        not a function of that state. Only what its parents are read as matters."""
        before = tuple([bits[state[k]] for k, bits in self._read[neuron]])
        key = (neuron, chosen, before)
        if key not in self._memory:
            table = _table(self.readings[neuron][chosen].bits, before, len(self.points))
            possible = table is not None and completions(table, neuron[0]) > 0
            self._memory[key] = NeuronGate(self._parents[neuron], table or "") if possible else None
        return self._memory[key]

    @cached_property
    def _read(self) -> dict[Neuron, list[tuple[int, list[int]]]]:
        """Of each parent of a neuron, where it stands in a state of the layer before, and its readings' bits."""
        return {
            neuron: [
                (self._layers[neuron[0] - 1].index(parent), [reading.bits for reading in self.readings[parent]])
                for parent in parents
            ]
            for neuron, parents in self._parents.items()
        }

    def _allowed(self, layer: int, state: State) -> tuple[tuple[tuple[int, NeuronGate], ...], ...]:
        """Of each neuron of layer `layer` + 1, the readings that are consistent with `state` of layer `layer`, each
        with the gate of the neuron."""
        key = ("allowed", layer, state)
        if key not in self._memory:
            self._memory[key] = tuple(
                tuple(
                    (chosen, gate)
                    for chosen in range(len(self.readings[neuron]))
                    if (gate := self._gate(neuron, chosen, state)) is not None
                )
                for neuron in self._layers[layer + 1]
            )
        return self._memory[key]

    def _targets(self, layer: int, state: State) -> tuple[State, ...]:
        """The states of layer `layer` + 1 that are consistent with `state` of layer `layer`."""
        key = (layer, state)
        if key not in self._memory:
            chosen = ([chosen for chosen, _ in allowed] for allowed in self._allowed(layer, state))
            self._memory[key] = tuple(itertools.product(*chosen))
        return self._memory[key]

    def _paths_after(self, layer: int, state: State) -> int:
        if layer == self._last:
            return 1
        key = ("paths", layer, state)
        if key not in self._memory:
            self._memory[key] = sum(self._paths_after(layer + 1, target) for target in self._targets(layer, state))
        return self._memory[key]

    def _paths_from(self, path: tuple[State, ...]) -> Iterator[tuple[State, ...]]:
        layer = len(path) - 1
        if layer == self._last:
            yield path
            return
        for target in self._targets(layer, path[-1]):
            if self._paths_after(layer + 1, target):
                yield from self._paths_from((*path, target))

    def _draw(self, random: Random) -> tuple[State, ...]:
        path: tuple[State, ...] = ()
        for layer in range(self._last + 1):
            options = self._targets(layer - 1, path[-1]) if path else self._first_states
            rank = random.randrange(sum(self._paths_after(layer, option) for option in options))
            for option in options:
                rank -= self._paths_after(layer, option)
                if rank < 0:
                    path = (*path, option)
                    break
        return path

    def _gaps(self, layer: int, state: State) -> list[float]:
        """The gaps that count: those of the hidden neurons."""
        if not 0 < layer < self._last:
            return []
        return [self.readings[neuron][chosen].gap for neuron, chosen in zip(self._layers[layer], state, strict=True)]

    def _promise(self, path: tuple[State, ...], smallest: float, total: float) -> tuple[float, float]:
        """The most that any way to go on from `path` reaches, negated: the smallest gap, then the sum of the gaps."""
        least, most = self._best_after(len(path) - 1, path[-1])
        return -min(smallest, least), -(total + most)

    def _best_after(self, layer: int, state: State) -> tuple[float, float]:
        """The widest smallest gap, and the largest sum of gaps, of all ways to go on from `state`."""
        if layer == self._last:
            return 1.0, 0.0
        key = ("best", layer, state)
        if key not in self._memory:
            least, most = 0.0, 0.0
            for target in self._targets(layer, state):
                if self._paths_after(layer + 1, target):
                    own = self._gaps(layer + 1, target)
                    after = self._best_after(layer + 1, target)
                    least, most = max(least, min([after[0], *own])), max(most, after[1] + sum(own))
            self._memory[key] = least, most
        return self._memory[key]

    def _interpretation(self, path: tuple[State, ...]) -> Interpretation:
        readings: dict[Neuron, Reading] = {}
        gates: dict[Neuron, NeuronGate] = {}
        for layer, state in enumerate(path):
            for neuron, chosen in zip(self._layers[layer], state, strict=True):
                readings[neuron] = self.readings[neuron][chosen]
                gate = self._gate(neuron, chosen, path[layer - 1]) if layer else None
                if gate is not None:
                    gates[neuron] = gate
        return Interpretation(MappingProxyType(readings), MappingProxyType(gates))


@lru_cache(maxsize=1 << 16)
def _table(reading: int, parents: tuple[int, ...], inputs: int) -> str | None:
    """What a neuron is read as at each pattern of what its parents are read as, "-" at one that no input gives; None
    when it is not a function of these. All are given by their bits, one for each input."""
    table = ["-"] * (1 << len(parents))
    for k in range(inputs):
        row = 0
        for bits in parents:
            row = 2 * row + (bits >> k & 1)
        value = "1" if reading >> k & 1 else "0"
        if table[row] not in ("-", value):
            return None
        table[row] = value
    return "".join(table)


def interpretations(
    model: Model,
    circuit: Circuit,
    points: Float[np.ndarray, "inputs features"] | None = None,
    rule: ReadingRule | None = None,
) -> Interpretations:
    """All interpretations of `circuit` over `points` (the truth table's rows when not given).

    Raises:
        InputError: a kind of model whose circuits are not read neuron by neuron.

    Example:
        >>> import everyhow as eh
        >>> interpretations(eh.xornet(), eh.Circuit.whole(eh.xornet())).count
        2
    """
    inputs, chosen = model.corners if points is None else points, rule or ReadingRule()
    if model.interpretation_counts((), inputs, chosen) is None:
        raise InputError(f"{unread(model)}; ask for its circuits and mappings")
    return Interpretations(model, circuit, inputs, chosen)


def unread(model: Model) -> str:
    """Why a kind of model has no interpretations, in words."""
    return f"the circuits of {model.a_kind} are not read neuron by neuron"
