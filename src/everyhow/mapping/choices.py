"""Choices of one neuron set for each variable, no two of them sharing a neuron: listed, and counted."""

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..common.shapes import Int, Shaped
from .signatures import NeuronSet

# So few combinations of sets are counted in less time one by one than by arrays.
FEW = 1 << 12
# Groups of variables that are counted within each layer; of more variables, one after the other gets its sets.
MOST_GROUPS = 1 << 10
# Counts below this are machine numbers; larger ones are Python's whole numbers.
MACHINE_COUNTS = 1 << 62
# Numbers kept at once of what choices have taken; beyond this, they are forgotten and counted again where needed.
MOST_KEPT = 1 << 22


def disjoint_choices(options: Sequence[Sequence[NeuronSet]]) -> Iterator[tuple[NeuronSet, ...]]:
    """All ways to choose one set from each of `options`, no two of them sharing a neuron."""
    if not all(options):
        return

    def extend(chosen: tuple[NeuronSet, ...], taken: int) -> Iterator[tuple[NeuronSet, ...]]:
        if len(chosen) == len(options):
            yield chosen
            return
        for candidate in options[len(chosen)]:
            if not candidate.bits & taken:
                yield from extend((*chosen, candidate), taken | candidate.bits)

    yield from extend((), 0)


def fewest_first(options: Sequence[Sequence[NeuronSet]]) -> Iterator[tuple[NeuronSet, ...]]:
    """What `disjoint_choices` lists, those of the fewest neurons first, and of as many in the order of
    `disjoint_choices`; each is looked for when it is asked for.

    Args:
        options: where no choice is disjoint, this is found by counting (`count_choices`).
    """
    if not all(options) or not count_choices(options):
        return

    def extend(
        chosen: tuple[NeuronSet, ...], left: Sequence[Sequence[NeuronSet]], neurons: int
    ) -> Iterator[tuple[NeuronSet, ...]]:
        if not left:
            yield chosen
            return
        first, *later = left
        for candidate in first:
            free = [[one for one in sets if not one.bits & candidate.bits] for sets in later]
            if all(free) and _fewest(free) <= neurons - len(candidate) <= _most(free):
                yield from extend((*chosen, candidate), free, neurons - len(candidate))

    for neurons in range(_fewest(options), _most(options) + 1):
        yield from extend((), options, neurons)


def _fewest(options: Sequence[Sequence[NeuronSet]]) -> int:
    return sum(min(map(len, sets)) for sets in options)


def _most(options: Sequence[Sequence[NeuronSet]]) -> int:
    return sum(max(map(len, sets)) for sets in options)


def count_choices(options: Sequence[Sequence[NeuronSet]]) -> int:
    """How many choices `disjoint_choices` lists, counted without listing them.

    Example:
        >>> some = [NeuronSet(1, (0,)), NeuronSet(1, (1,)), NeuronSet(2, (0, 1))]
        >>> count_choices([some, some])
        6
    """
    # Variables with the same sets are of one need.
    needs: dict[tuple[NeuronSet, ...], int] = {}
    asked = [needs.setdefault(tuple(sets), len(needs)) for sets in options]
    return Choices({need: sets for sets, need in needs.items()}).count(asked)


@dataclass(frozen=True, eq=False)
class Choices:
    """The neuron sets of each need, such as a signature, from which variables choose; what counts have in common is
    counted once.

    A choice puts some of the variables into each layer, and sets of different layers share nothing. So within each
    layer the choices of each group of variables are counted, by the neurons that they take, and the layers are put
    together. Where some set spans layers, all of them are as one layer.

    Cost: within a layer of n neurons, at most 2^n steps for each set of a need, once for each group of needs. Of v
    variables of different needs there are 2^v groups; beyond ten such variables, one after the other gets its sets.
    """

    sets: Mapping[Any, Sequence[NeuronSet]]
    _counted: dict[tuple[Any, ...], int] = field(default_factory=dict, repr=False)
    _taken: dict[tuple[Any, ...], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)

    def count(self, needs: Sequence[Hashable]) -> int:
        """How many choices there are of one set for each of `needs`, no two of them sharing a neuron."""
        if any(not self.sets.get(need) for need in needs):
            return 0
        # The order of the variables changes nothing, so that those of few sets come first.
        key = tuple(sorted(needs, key=lambda need: (len(self.sets[need]), need)))
        if key not in self._counted:
            few = math.prod(len(self.sets[need]) for need in key) <= FEW
            many = math.prod(number + 1 for number in Counter(key).values()) > MOST_GROUPS
            self._counted[key] = self._one_by_one(key) if few or many else self._layer_by_layer(key)
        return self._counted[key]

    def _one_by_one(self, key: tuple[Any, ...]) -> int:
        ways = {0: 1}
        for need in key:
            following: dict[int, int] = {}
            for taken, number in ways.items():
                for candidate in self.sets[need]:
                    if not candidate.bits & taken:
                        following[taken | candidate.bits] = following.get(taken | candidate.bits, 0) + number
            ways = following
        return sum(ways.values())

    def _layer_by_layer(self, key: tuple[Any, ...]) -> int:
        # By how many of the variables of each need have a set so far; those of one need are told apart at the end.
        asked = Counter(key)
        ways = {(0,) * len(asked): 1}
        for layer, inside in self._bits.items():
            here = [range(number + 1 if need in inside else 1) for need, number in asked.items()]
            following: dict[tuple[int, ...], int] = {}
            for group in itertools.product(*here):
                number = self._within(layer, tuple(itertools.chain(*map(itertools.repeat, asked, group))))
                for before, ways_before in ways.items() if number else ():
                    after = tuple(map(int.__add__, before, group))
                    if all(map(int.__le__, after, asked.values())):
                        apart = math.prod(map(math.comb, after, group))
                        following[after] = following.get(after, 0) + ways_before * number * apart
            ways = following
        return ways.get(tuple(asked.values()), 0)

    def _within(self, layer: int | None, key: tuple[Any, ...]) -> int:
        """How many choices there are within a layer."""
        if not key:
            return 1
        if (layer, key) not in self._counted:
            masks, numbers = self._taken_by(layer, key[:-1])
            last = self._bits[layer][key[-1]]
            self._counted[layer, key] = sum(int(numbers[(masks & one) == 0].sum()) for one in last.tolist())
        return self._counted[layer, key]

    def _taken_by(
        self, layer: int | None, key: tuple[Any, ...]
    ) -> tuple[Int[np.ndarray, " taken"], Shaped[np.ndarray, " taken"]]:
        """The neurons of a layer that choices take, as bits, and how many choices take them."""
        if not key:
            return np.zeros(1, np.int64), np.ones(1, np.int64)
        if (layer, key) not in self._taken:
            masks, numbers = self._taken_by(layer, key[:-1])
            inside = self._bits[layer]
            most = math.prod(len(inside[need]) for need in key)
            if most >= MACHINE_COUNTS:
                numbers = numbers.astype(object)
            total = np.zeros(1 << max(int(bits.max()).bit_length() for bits in inside.values()), numbers.dtype)
            for one in inside[key[-1]].tolist():
                free = (masks & one) == 0
                # One set added to different ones gives different ones, so that no place is written twice.
                total[masks[free] | one] += numbers[free]
            masks = np.flatnonzero(total)
            if sum(len(kept) for kept, _ in self._taken.values()) > MOST_KEPT:
                self._taken.clear()
            self._taken[layer, key] = masks, total[masks]
        return self._taken[layer, key]

    @cached_property
    def _bits(self) -> dict[int | None, dict[Any, Int[np.ndarray, " sets"]]]:
        """By layer the sets of each need that has some there, as bits of the neurons of the layer that are in a set."""
        spanning = any(one.first != one.last for sets in self.sets.values() for one in sets)
        found: dict[int | None, dict[Any, list[NeuronSet]]] = {}
        for need, sets in self.sets.items():
            for one in sets:
                found.setdefault(None if spanning else one.first, {}).setdefault(need, []).append(one)
        bits = {}
        for layer, needs in found.items():
            nodes = sorted({node for sets in needs.values() for one in sets for node in one.nodes})
            place = {node: 1 << k for k, node in enumerate(nodes)}
            bits[layer] = {
                need: np.array([sum(place[node] for node in one.nodes) for one in sets]) for need, sets in needs.items()
            }
        return bits
