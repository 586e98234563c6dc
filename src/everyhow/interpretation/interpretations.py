"""All interpretations of one circuit: counted, listed, drawn, and summed up neuron by neuron."""

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from random import Random
from types import MappingProxyType
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float
from ..model.circuit import Circuit
from ..model.model import Model
from ..model.reading import ReadingRule
from .interpretation import Interpretation, Neuron, NeuronGate, Reading, completions
from .readings import circuit_readings

State = tuple[Reading, ...]


@dataclass(frozen=True, eq=False)
class Interpretations:
    """All interpretations of a circuit (paper, Def. 3), held as a layered graph of states, never as a list.

    A state gives each varying neuron of a layer a reading. An interpretation is a path from the inputs' states to
    the outputs'. Iterating lists them all: the first layer's readings vary slowest, lower separators come first.

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
                for target in self._targets(layer - 1, state):
                    factor = math.prod(
                        completions(self._gate(neuron, reading, state).table, layer)
                        for neuron, reading in zip(self._layers[layer], target, strict=True)
                    )
                    following[target] = following.get(target, 0) + count * factor
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
        tallies: dict[Neuron, Counter[NeuronGate]] = {}
        before = dict.fromkeys(self._first_states, 1)
        for layer in range(1, len(self._layers)):
            following: dict[State, int] = {}
            for state, count in before.items():
                for target in self._targets(layer - 1, state):
                    paths = count * self._paths_after(layer, target)
                    following[target] = following.get(target, 0) + count
                    if paths:
                        for neuron, reading in zip(self._layers[layer], target, strict=True):
                            tallies.setdefault(neuron, Counter())[self._gate(neuron, reading, state)] += paths
            before = following
        return MappingProxyType(
            {
                neuron: MappingProxyType({gate: Fraction(n, self.count) for gate, n in tally.most_common()})
                for neuron, tally in sorted(tallies.items())
            }
        )

    @cached_property
    def readings_by_number(self) -> Mapping[Neuron, Mapping[int, int]]:
        """For each neuron that varies, the inputs aside, in how many interpretations it has each reading; a reading by
        its bits, bit k being that at input k."""
        tallies: dict[Neuron, Counter[int]] = {}
        before = dict.fromkeys(self._first_states, 1)
        for layer in range(1, len(self._layers)):
            following: dict[State, int] = {}
            for state, count in before.items():
                for target in self._targets(layer - 1, state):
                    following[target] = following.get(target, 0) + count
            for target, count in following.items():
                paths = count * self._paths_after(layer, target)
                for neuron, reading in zip(self._layers[layer], target, strict=True):
                    tallies.setdefault(neuron, Counter())[reading.bits] += paths
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
            if layer == self.model.graph.last:
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
    def _layers(self) -> tuple[tuple[Neuron, ...], ...]:
        depth = self.model.graph.last
        return tuple(tuple(n for n in self.readings if n[0] == layer) for layer in range(depth + 1))

    @cached_property
    def _first_states(self) -> tuple[State, ...]:
        return tuple(itertools.product(*(self.readings[neuron] for neuron in self._layers[0])))

    @cached_property
    def _memory(self) -> dict:
        return {}

    def _parents(self, neuron: Neuron) -> tuple[Neuron, ...]:
        layer, j = neuron
        parents = ((layer - 1, i) for i in self.circuit.parents(layer, j))
        return tuple(parent for parent in parents if parent in self.readings)

    def _gate(self, neuron: Neuron, reading: Reading, state: State) -> NeuronGate:
        """The gate of `neuron` read as `reading`, which is consistent with `state` of the layer before."""
        gate = self._gate_if_any(neuron, reading, state)
        assert gate is not None
        return gate

    def _gate_if_any(self, neuron: Neuron, reading: Reading, state: State) -> NeuronGate | None:
        """The gate of `neuron` read as `reading` when the layer before is in `state`; None when the reading is not a
        function of that state."""
        key = (neuron, reading.bits, state)
        if key not in self._memory:
            self._memory[key] = self._derived_gate(neuron, reading, state)
        return self._memory[key]

    def _derived_gate(self, neuron: Neuron, reading: Reading, state: State) -> NeuronGate | None:
        parents = self._parents(neuron)
        bits = dict(zip(self._layers[neuron[0] - 1], (r.bits for r in state), strict=True))
        table = ["-"] * (1 << len(parents))
        for k in range(len(self.points)):
            row = 0
            for parent in parents:
                row = 2 * row + (bits[parent] >> k & 1)
            value = str(reading.bits >> k & 1)
            if table[row] not in ("-", value):
                return None
            table[row] = value
        gate = NeuronGate(parents, "".join(table))
        return gate if completions(gate.table, neuron[0]) else None

    def _targets(self, layer: int, state: State) -> tuple[State, ...]:
        """The states of layer `layer` + 1 that are consistent with `state` of layer `layer`."""
        key = (layer, state)
        if key not in self._memory:
            allowed = (
                [reading for reading in self.readings[neuron] if self._gate_if_any(neuron, reading, state)]
                for neuron in self._layers[layer + 1]
            )
            self._memory[key] = tuple(itertools.product(*allowed))
        return self._memory[key]

    def _paths_after(self, layer: int, state: State) -> int:
        if layer == self.model.graph.last:
            return 1
        key = ("paths", layer, state)
        if key not in self._memory:
            self._memory[key] = sum(self._paths_after(layer + 1, target) for target in self._targets(layer, state))
        return self._memory[key]

    def _paths_from(self, path: tuple[State, ...]) -> Iterator[tuple[State, ...]]:
        layer = len(path) - 1
        if layer == self.model.graph.last:
            yield path
            return
        for target in self._targets(layer, path[-1]):
            if self._paths_after(layer + 1, target):
                yield from self._paths_from((*path, target))

    def _draw(self, random: Random) -> tuple[State, ...]:
        path: tuple[State, ...] = ()
        for layer in range(self.model.graph.last + 1):
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
        return [reading.gap for reading in state] if 0 < layer < self.model.graph.last else []

    def _promise(self, path: tuple[State, ...], smallest: float, total: float) -> tuple[float, float]:
        """The most that any way to go on from `path` reaches, negated: the smallest gap, then the sum of the gaps."""
        least, most = self._best_after(len(path) - 1, path[-1])
        return -min(smallest, least), -(total + most)

    def _best_after(self, layer: int, state: State) -> tuple[float, float]:
        """The widest smallest gap, and the largest sum of gaps, of all ways to go on from `state`."""
        if layer == self.model.graph.last:
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
            for neuron, reading in zip(self._layers[layer], state, strict=True):
                readings[neuron] = reading
                if layer:
                    gates[neuron] = self._gate(neuron, reading, path[layer - 1])
        return Interpretation(MappingProxyType(readings), MappingProxyType(gates))


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
