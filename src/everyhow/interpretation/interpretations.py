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

from ..common.attributes import PublicNames
from ..common.errors import InputError
from ..common.shapes import Float, Int
from ..model.circuit import Circuit
from ..model.model import Model
from ..model.reading import ReadingRule
from .interpretation import Interpretation, Neuron, NeuronGate, Reading
from .readings import circuit_readings
from .states import Step, in_order, step_to

# Whole numbers up to here are kept in 64 bits.
LARGEST = 1 << 62
# A neuron, its readings and its gates; the pattern of its parents in each state before, and the number of the gate by
# that pattern and the reading.
_Told = tuple[Neuron, tuple[Reading, ...], list[NeuronGate], list[int], list[list[int]]]


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
        return sum(self._paths_after[0].tolist())

    @cached_property
    def count_expanded(self) -> int:
        """The number of interpretations when each completion of the don't cares counts on its own."""
        most = math.prod(max(ways) for step in self._steps for ways in step.ways if ways)
        kind = _kind(self._most_paths * most)
        reached = np.ones(len(self._first), kind)
        for step in self._steps:
            paths = reached[step.before]
            for ways, gates in zip(step.ways, step.gates_of_pairs, strict=True):
                paths = paths * np.array(ways, kind)[gates] if max(ways, default=1) > 1 else paths
            reached = _summed(paths, step.after, len(step.states))
        return sum(reached.tolist())

    def __iter__(self) -> Iterator[Interpretation]:
        for state in range(len(self._first)):
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
    def gate_counts(self) -> Mapping[Neuron, Mapping[NeuronGate, int]]:
        """For each neuron in how many interpretations it has each gate, most frequent first."""
        found: dict[Neuron, Mapping[NeuronGate, int]] = {}
        for step, reached, after in zip(self._steps, self._reached, self._paths_after[1:], strict=False):
            paths = reached[step.before] * after[step.after]
            listed = paths > 0
            for k, neuron in enumerate(self._layers[step.layer] if listed.any() else ()):
                named, gates = self._gates[neuron], step.gates_of_pairs[k]
                tally = _summed(paths, gates, len(named)).tolist()
                # Among gates that are equally frequent the one that is listed first comes first.
                gates = gates[listed]
                first, _ = in_order(gates[:, None], [len(named)])
                ordered = sorted(gates[first].tolist(), key=tally.__getitem__, reverse=True)
                found[neuron] = MappingProxyType({named[gate]: tally[gate] for gate in ordered})
        return MappingProxyType(found)

    @cached_property
    def gate_shares(self) -> Mapping[Neuron, Mapping[NeuronGate, Fraction]]:
        """For each neuron the share of interpretations that give it each gate, most frequent first."""
        return MappingProxyType(
            {
                neuron: MappingProxyType({gate: Fraction(n, self.count) for gate, n in counts.items()})
                for neuron, counts in self.gate_counts.items()
            }
        )

    @cached_property
    def readings_by_number(self) -> Mapping[Neuron, Mapping[int, int]]:
        """For each neuron that varies, the inputs aside, in how many interpretations it has each reading; a reading by
        its bits, bit k being that at input k."""
        found: dict[Neuron, Mapping[int, int]] = {}
        for step, reached, after in zip(self._steps, self._reached[1:], self._paths_after[1:], strict=True):
            paths = reached * after
            for k, neuron in enumerate(self._layers[step.layer] if len(paths) else ()):
                tally = Counter[int]()
                for chosen, number in zip(step.states[:, k].tolist(), paths.tolist(), strict=True):
                    tally[self.readings[neuron][chosen].bits] += number
                found[neuron] = MappingProxyType(+tally)
        return MappingProxyType(found)

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
        waiting: list[Any] = []

        def offer(path: tuple[int, ...], smallest: float, total: float) -> None:
            least, most = self._best_after[len(path) - 1][path[-1]]
            heapq.heappush(waiting, (-min(smallest, least), -(total + most), next(order), path, smallest, total))

        for state in range(len(self._first)):
            offer((state,), 1.0, 0.0)
        while waiting:
            *_, path, smallest, total = heapq.heappop(waiting)
            if len(path) > self._last:
                yield self._interpretation(path)
                continue
            for target in self._following(path):
                least, together = self._gaps[len(path)][target]
                offer((*path, target), min(smallest, least), total + together)

    @cached_property
    def _last(self) -> int:
        return self.model.graph.last

    @cached_property
    def _layers(self) -> tuple[tuple[Neuron, ...], ...]:
        return tuple(tuple(n for n in self.readings if n[0] == layer) for layer in range(self._last + 1))

    @cached_property
    def _parents(self) -> dict[Neuron, tuple[Neuron, ...]]:
        """The parents of each neuron that vary; of the inputs there are none."""
        return {
            (layer, j): tuple(
                (layer - 1, i) for i in self.circuit.parents(layer, j) if layer and (layer - 1, i) in self.readings
            )
            for layer, j in self.readings
        }

    @cached_property
    def _first(self) -> Int[np.ndarray, "states neurons"]:
        """The states of the inputs."""
        several = [len(self.readings[neuron]) for neuron in self._layers[0]]
        states = list(itertools.product(*map(range, several)))
        return np.array(states, np.int64).reshape(len(states), len(several))

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        """The consistent pairs of states of each layer and the next."""
        states, steps = self._first, list[Step]()
        bits = [[tuple(reading.bits for reading in self.readings[n]) for n in layer] for layer in self._layers]
        for layer, (before, own) in enumerate(itertools.pairwise(bits), start=1):
            parents = [[self._layers[layer - 1].index(p) for p in self._parents[n]] for n in self._layers[layer]]
            steps.append(step_to(layer, states, before, parents, own, len(self.points)))
            states = steps[-1].states
        return tuple(steps)

    @cached_property
    def _gates(self) -> dict[Neuron, list[NeuronGate]]:
        """The gates of each neuron, the inputs aside, by their numbers."""
        return {
            neuron: [NeuronGate(self._parents[neuron], table) for table in tables]
            for step in self._steps
            for neuron, tables in zip(self._layers[step.layer], step.tables, strict=True)
        }

    @cached_property
    def _most_paths(self) -> int:
        """No number of ways to come to a state, or to go on from it, is larger."""
        return math.prod([len(self._first), *(max(1, len(step.before)) for step in self._steps)])

    @cached_property
    def _reached(self) -> tuple[np.ndarray, ...]:
        """By layer, in how many ways each state is come to from the inputs."""
        found = [np.ones(len(self._first), _kind(self._most_paths))]
        for step in self._steps:
            found.append(_summed(found[-1][step.before], step.after, len(step.states)))
        return tuple(found)

    @cached_property
    def _paths_after(self) -> tuple[np.ndarray, ...]:
        """By layer, in how many ways each state goes on to the outputs."""
        states = [self._first, *(step.states for step in self._steps)]
        found = [np.ones(len(states[-1]), _kind(self._most_paths))]
        for step, before in zip(reversed(self._steps), reversed(states[:-1]), strict=True):
            found.append(_summed(found[-1][step.after], step.before, len(before)))
        return tuple(reversed(found))

    @cached_property
    def _ends(self) -> tuple[tuple[list[int], list[int]], ...]:
        """By layer but the last: where the pairs of each state begin, and the states after, of pairs that go on to the
        outputs."""
        found = []
        for step, before, after in zip(self._steps, self._paths_after[:-1], self._paths_after[1:], strict=True):
            kept = after[step.after] > 0
            begins = np.searchsorted(step.before[kept], np.arange(len(before) + 1))
            found.append((begins.tolist(), step.after[kept].tolist()))
        return tuple(found)

    def _following(self, path: tuple[int, ...]) -> list[int]:
        """The states after the last one of a path from which the outputs are reached."""
        begins, after = self._ends[len(path) - 1]
        return after[begins[path[-1]] : begins[path[-1] + 1]]

    def _paths_from(self, path: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(path) > self._last:
            yield path
            return
        for target in self._following(path):
            yield from self._paths_from((*path, target))

    def _draw(self, random: Random) -> tuple[int, ...]:
        path: tuple[int, ...] = ()
        for paths_after in self._paths_after:
            options = self._following(path) if path else range(len(self._first))
            rank = random.randrange(sum(int(paths_after[option]) for option in options))
            for option in options:
                rank -= int(paths_after[option])
                if rank < 0:
                    path = (*path, option)
                    break
        return path

    @cached_property
    def _gap_arrays(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """By layer, the smallest gap of each state and the sum of its gaps; only those of hidden neurons count."""
        found = []
        for layer, states in enumerate([self._first, *(step.states for step in self._steps)]):
            smallest, total = np.full(len(states), np.inf), np.zeros(len(states))
            for k, neuron in enumerate(self._layers[layer] if 0 < layer < self._last else ()):
                own = np.array([reading.gap for reading in self.readings[neuron]])[states[:, k]]
                smallest, total = np.minimum(smallest, own), total + own
            found.append((smallest, total))
        return tuple(found)

    @cached_property
    def _gaps(self) -> tuple[list[tuple[float, float]], ...]:
        """By layer, the smallest gap of each state and the sum of its gaps."""
        return tuple(_together(*arrays) for arrays in self._gap_arrays)

    @cached_property
    def _best_after(self) -> tuple[list[tuple[float, float]], ...]:
        """By layer, the widest smallest gap, and the largest sum of gaps, of all ways to go on from each state."""
        least, most = np.ones(len(self._paths_after[-1])), np.zeros(len(self._paths_after[-1]))
        found = [_together(least, most)]
        for step, paths_after in zip(reversed(self._steps), self._paths_after[-2::-1], strict=True):
            smallest, total = self._gap_arrays[step.layer]
            kept = self._paths_after[step.layer][step.after] > 0
            before, after = step.before[kept], step.after[kept]
            new = np.zeros(len(paths_after)), np.zeros(len(paths_after))
            np.maximum.at(new[0], before, np.minimum(least, smallest)[after])
            np.maximum.at(new[1], before, (most + total)[after])
            least, most = new
            found.append(_together(least, most))
        return tuple(reversed(found))

    @cached_property
    def _told(self) -> list[tuple[list[list[int]], list[_Told]]]:
        """By layer after the inputs, its states, and what tells the reading and the gate of each neuron in them."""
        return [
            (
                step.states.tolist(),
                [
                    (neuron, self.readings[neuron], self._gates[neuron], pattern.tolist(), numbers.tolist())
                    for neuron, pattern, numbers in zip(
                        self._layers[step.layer], step.patterns, step.gates, strict=True
                    )
                ],
            )
            for step in self._steps
        ]

    def _interpretation(self, path: tuple[int, ...]) -> Interpretation:
        readings: dict[Neuron, Reading] = {}
        gates: dict[Neuron, NeuronGate] = {}
        for neuron, chosen in zip(self._layers[0], self._first[path[0]].tolist(), strict=True):
            readings[neuron] = self.readings[neuron][chosen]
        for (states, told), (before, after) in zip(self._told, itertools.pairwise(path), strict=True):
            for (neuron, own, named, pattern, numbers), chosen in zip(told, states[after], strict=True):
                readings[neuron] = own[chosen]
                gates[neuron] = named[numbers[pattern[before]][chosen]]
        return Interpretation(MappingProxyType(readings), MappingProxyType(gates))


def _kind(largest: int) -> type:
    """Of which kind whole numbers are that may be so large."""
    return np.int64 if largest <= LARGEST else object


def _summed(numbers: np.ndarray, places: Int[np.ndarray, " numbers"], size: int) -> np.ndarray:
    """The sums of the numbers that belong to each place."""
    found = np.zeros(size, numbers.dtype)
    np.add.at(found, places, numbers)
    return found


def _together(*arrays: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(*(array.tolist() for array in arrays), strict=True))


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
