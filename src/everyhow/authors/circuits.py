"""Circuits as the paper's released code counts them."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from ..common.shapes import UInt64
from ..model.behavior import Behavior
from ..model.criterion import Criterion, of_part, perfect
from ..model.graph import Graph
from ..model.model import CircuitCount, Model
from ..model.space import circuits_in_space
from ..network.counting import count_circuits
from ..network.listing import list_bits
from ..network.network import Network, network_of

# The accuracy must exceed 0.99: errors of 0.01 are too many, whatever rounding makes of them.
MOST_WRONG = 0.01 - 1e-9
# Counting or listing the circuits of one more network, however small, costs about as much as so many circuits.
STEPS_PER_NETWORK = 2_000_000


Neuron = tuple[int, int]


def released_circuits(model: Model, behavior: Behavior, min_node_sparsity: float = 0.0) -> "ReleasedCircuits":
    """The circuits that the released code finds in a network.

    Raises:
        InputError: the model is of another kind.
    """
    network = network_of(model, "the preset authors counts circuits")
    return ReleasedCircuits(network, behavior, min_node_sparsity)


def is_countable(model: Model) -> bool:
    """Whether the released code counts circuits of such a model: a network with a hidden layer, no more edges than are
    listed, and one output, which the released code rounds to 0 and 1."""
    if not isinstance(model, Network) or model.outputs > 1 or model.depth < 2:
        return False
    return model.listable and model.threshold == 0.5


@dataclass(frozen=True, eq=False)
class ReleasedCircuits:
    """The circuits whose accuracy against a behavior's wanted bits, by rounding, exceeds 0.99, weighted by the data.

    Every input must be used; circuits with all hidden neurons are left out; the share of hidden neurons that a
    circuit leaves out must exceed `min_node_sparsity`.
    """

    network: Network
    behavior: Behavior
    min_node_sparsity: float = 0.0

    @property
    def most_neurons(self) -> int:
        """The largest number of hidden neurons that a circuit may have; -1 when there is none."""
        hidden = sum(self.network.widths[1:-1])
        allowed = (k for k in range(hidden) if (hidden - k) / hidden > self.min_node_sparsity)
        return max(allowed, default=-1)

    def in_space(self) -> int:
        """The number of circuits with the right inputs and neurons, accurate or not."""
        return _allowed_circuits(_shape(self.network), self.most_neurons)

    def count(self) -> CircuitCount:
        """The number of accurate circuits, by edges; one may be wrong at inputs of together less than 1% weight."""
        if self.most_neurons < 0 or not self._neuron_sets:
            return _count_of_few(self._criterion, self.most_neurons, ())
        return _few_of_many(self.network, self.most_neurons, self._within)

    def list_bits(self) -> Iterator[UInt64[np.ndarray, " _circuits"]]:
        """The bits of every accurate circuit, in batches."""
        inputs = self._groups(lambda edge: edge[2] if edge[0] == 1 else None, self.network.widths[0])
        last = self.network.depth
        hidden = _hidden(self.network)
        neurons = self._groups(lambda edge: hidden.index(edge[:2]) if edge[0] < last else None, len(hidden))
        for chosen in [one for one in self._neuron_sets if one in self._within] if self._neuron_sets else [None]:
            part = self._criterion if chosen is None else _restricted(self._criterion, chosen)
            wanted = None if chosen is None else np.array([neuron in chosen for neuron in hidden])
            for batch in _bits_in(self.network.graph, part.model.graph, list_bits(part)):
                used = batch[:, None] & neurons != 0
                few_neurons = (used == wanted).all(axis=1) if chosen else used.sum(axis=1) <= self.most_neurons
                yield batch[(batch[:, None] & inputs != 0).all(axis=1) & few_neurons]

    @cached_property
    def _criterion(self) -> Criterion[Any]:
        return perfect(self.network, replace(self.behavior, epsilon=MOST_WRONG, decision="round"))

    @cached_property
    def _neuron_sets(self) -> tuple[frozenset[Neuron], ...]:
        """`allowed_sets` when going through the networks restricted to them is less work than the whole; else none."""
        return _worthwhile_sets(_shape(self.network), self.most_neurons)

    @cached_property
    def _within(self) -> dict[frozenset[Neuron], CircuitCount]:
        """How many accurate circuits have no neuron outside a set, for those sets for which there are any."""
        return _counts_within(self._criterion, self._neuron_sets)

    def _groups(self, group_of, count: int) -> UInt64[np.ndarray, " groups"]:
        """For each group the bits of its edges; `group_of` tells an edge's group, or None."""
        groups = [0] * count
        for edge, position in self.network.graph.positions.items():
            group = group_of(edge)
            if group is not None:
                groups[group] |= 1 << position
        return np.array(groups, np.uint64)


# A network's widths, and for each layer which of its weights are not 0: all that says which circuits it has.
Shape = tuple[tuple[int, ...], tuple[bytes, ...]]


def _shape(network: Network) -> Shape:
    return network.widths, tuple((w != 0).tobytes() for w in network.weights)


def _network_of(shape: Shape) -> Network:
    """Some network of a shape; its weights are 0 and 1."""
    widths, patterns = shape
    weights = tuple(
        np.frombuffer(pattern, bool).reshape(out, into).astype(float)
        for pattern, (into, out) in zip(patterns, itertools.pairwise(widths), strict=True)
    )
    return Network(weights, tuple(np.zeros(out) for out in widths[1:]), ("identity",) * len(weights))


@lru_cache(maxsize=64)
def _allowed_circuits(shape: Shape, most_neurons: int) -> int:
    """How many circuits networks of a shape have that use every input and at most so many hidden neurons."""
    network = _network_of(shape)
    anything = perfect(network, Behavior(np.zeros((1, shape[0][0])), np.ones(1), np.zeros((1, shape[0][-1]), bool)))
    free = replace(anything, behavior=replace(anything.behavior, epsilon=1.0))
    return _count_of_few(free, most_neurons, _worthwhile_sets(shape, most_neurons)).between[0]


@lru_cache(maxsize=64)
def _worthwhile_sets(shape: Shape, most_neurons: int) -> tuple[frozenset[Neuron], ...]:
    """The allowed sets when going through the networks restricted to them is less work than the whole; else none."""
    network = _network_of(shape)
    space = circuits_in_space(network.graph)
    number = sum(math.comb(len(_hidden(network)), size) for size in range(most_neurons + 1))
    if number * STEPS_PER_NETWORK > space:
        return ()
    sets = allowed_sets(network, most_neurons)
    work = sum(circuits_in_space(_without_others(network, chosen).graph) + STEPS_PER_NETWORK for chosen in sets)
    return sets if work < space else ()


def allowed_sets(network: Network, most_neurons: int) -> tuple[frozenset[Neuron], ...]:
    """All sets of at most so many hidden neurons, some of each layer."""
    return tuple(
        frozenset(chosen)
        for size in range(most_neurons + 1)
        for chosen in itertools.combinations(_hidden(network), size)
        if len({layer for layer, _ in chosen}) == network.depth - 1
    )


def _hidden(network: Network) -> list[Neuron]:
    return [(layer, j) for layer in range(1, network.depth) for j in range(network.widths[layer])]


def _count_of_few(criterion: Criterion[Any], most_neurons: int, sets: tuple[frozenset[Neuron], ...]) -> CircuitCount:
    """The circuits that meet a criterion, use every input, and at most so many hidden neurons.

    Where these are few of many, they are counted by the networks restricted to `sets`; see `_few_of_many`.
    """
    if most_neurons < 0:
        return CircuitCount({}, {})
    if not sets:
        return count_circuits(criterion, every_input_used=True, most_neurons=most_neurons)
    return _few_of_many(criterion.model, most_neurons, _counts_within(criterion, sets))


def _few_of_many(network: Network, most_neurons: int, within: Mapping[frozenset[Neuron], CircuitCount]) -> CircuitCount:
    """How many circuits have at most so many hidden neurons, from N(S), how many have no neuron outside a set S: of the
    sets of at most m of n neurons that contain S, taken with the signs of inclusion-exclusion, there remains
    (-1)^(m - |S|) binomial(n - |S| - 1, m - |S|)."""
    parts, n = [], len(_hidden(network))
    for chosen, found in within.items():
        spare = most_neurons - len(chosen)
        parts.append(((-1) ** spare * math.comb(n - len(chosen) - 1, spare), found))
    return _combined(parts)


def _counts_within(
    criterion: Criterion[Any], sets: Sequence[frozenset[Neuron]]
) -> dict[frozenset[Neuron], CircuitCount]:
    """How many circuits that meet a criterion and use every input have no neuron outside each of `sets`, which are all
    sets of at most so many neurons; sets without any such circuit are left out.

    Large sets come first: where a set has none, its subsets have none either. Few sets of an accurate network have any.
    """
    hidden = _hidden(criterion.model)
    found: dict[frozenset[Neuron], CircuitCount] = {}
    empty: set[frozenset[Neuron]] = set()
    for chosen in sorted(sets, key=len, reverse=True):
        if not any(chosen | {one} in empty for one in hidden if one not in chosen):
            count = count_circuits(_restricted(criterion, chosen), every_input_used=True)
            if count.between[1]:
                found[chosen] = count
                continue
        empty.add(chosen)
    return found


def _combined(parts: Iterable[tuple[int, CircuitCount]]) -> CircuitCount:
    """The sum of counts, each taken so many times."""
    certain: dict[int, int] = {}
    possible: dict[int, int] = {}
    for times, found in parts:
        for totals, part in ((certain, found.certain), (possible, found.possible)):
            for edges, number in part.items():
                totals[edges] = totals.get(edges, 0) + times * number
    return CircuitCount(*({e: n for e, n in sorted(t.items()) if n} for t in (certain, possible)))


def _bits_in(whole: Graph, part: Graph, batches: Iterable[np.ndarray]) -> Iterator[UInt64[np.ndarray, " _circuits"]]:
    """Circuits given as bits of a part of a graph, as bits of the whole."""
    moved = [(np.uint64(position), np.uint64(whole.positions[edge])) for edge, position in part.positions.items()]
    for batch in batches:
        bits = np.zeros_like(batch)
        for one, other in moved:
            bits |= (batch >> one & np.uint64(1)) << other
        yield bits


def _restricted(criterion: Criterion[Any], chosen: frozenset[Neuron]) -> Criterion[Any]:
    return of_part(criterion, _without_others(criterion.model, chosen))


def _without_others(network: Network, chosen: frozenset[Neuron]) -> Network:
    """The network in which the hidden neurons that are not chosen have no edges."""
    weights = [w.copy() for w in network.weights]
    for layer in range(1, network.depth):
        for j in range(network.widths[layer]):
            if (layer, j) not in chosen:
                weights[layer - 1][j] = 0
                weights[layer][:, j] = 0
    return replace(network, weights=tuple(weights))
