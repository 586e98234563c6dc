"""Circuits of the whole space, drawn uniformly, whether they meet a criterion or not."""

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Bool

from ..common.errors import InputError
from .feed_forward import FeedForward
from .running import Masks

# Parents are bits of a signed 64-bit number.
MOST_BITS = 62
# Combinations of used neurons, alike ones counted once, that one layer may have.
MOST_STATES = 1 << 10
# Neurons of one kind have the same parents and the same children, both as bits; of a state, so many of each are used.
Kind = tuple[int, int]
State = tuple[int, ...]
Level = tuple[dict[Kind, list[int]], dict[State, int]]
Graph = Bool[np.ndarray, "circuits neurons parents"]
Used = Bool[np.ndarray, "circuits neurons"]


def draw_from_space(network: FeedForward, size: int, generator: np.random.Generator) -> Masks:
    """`size` circuits of a network, independently and uniformly with replacement, as the parents of each neuron.

    Layer by layer from the outputs, the numbers of neurons used are drawn in proportion to the circuits that have
    them, then the neurons, then the edges between: for each neuron of the layer with more used ones a non-empty set of
    partners, drawn again while a neuron of the other layer is left without.
    """
    if max(network.widths) > MOST_BITS:
        raise InputError(
            f"a layer has {max(network.widths)} neurons; circuits are drawn in networks of at most {MOST_BITS} neurons "
            f"per layer: take out the neurons that are not needed"
        )
    masks = np.zeros((size, network.depth, max(network.widths)), np.int64)
    order, start = generator.permutation(size), 0
    levels = list(ways_below(network))
    kinds, ways = levels[-1]
    if not ways[tuple(len(members) for members in kinds.values())]:
        raise InputError("the network has no circuits, so none can be drawn: an output has no path from the inputs")
    for states, number in _numbers_used(levels, size, generator):
        rows = order[start : start + number]
        masks[rows] = _drawn(network, levels, states, number, generator)
        start += number
    return masks


def _numbers_used(
    levels: Sequence[Level], size: int, generator: np.random.Generator
) -> Iterator[tuple[list[State], int]]:
    """How many neurons of each kind are used in each layer from 1 on, and in how many of the circuits."""

    def extend(states: list[State], layer: int, number: int) -> Iterator[tuple[list[State], int]]:
        if layer == 0:
            yield states, number
            return
        below, ways = levels[layer - 1]
        above, _ = levels[layer]
        shares = {used: n * edge_sets_between(below, used, above, states[0]) for used, n in ways.items()}
        whole = sum(shares.values())
        chances = np.array([float(Fraction(share, whole)) for share in shares.values()])
        for used, chosen in zip(shares, generator.multinomial(number, chances / chances.sum()), strict=True):
            if chosen:
                yield from extend([used, *states], layer - 1, int(chosen))

    top = tuple(len(members) for members in levels[-1][0].values())
    yield from extend([top], len(levels) - 1, size)


def _drawn(
    network: FeedForward, levels: Sequence[Level], states: list[State], number: int, generator: np.random.Generator
) -> Masks:
    """Circuits with so many used neurons of each kind."""
    masks = np.zeros((number, network.depth, max(network.widths)), np.int64)
    below: Used = np.ones((number, network.widths[0]), bool)
    for layer, ((kinds, _), state) in enumerate(zip(levels, states, strict=True), start=1):
        above = _members(kinds, state, network.widths[layer], number, generator)
        allowed = (network.weights[layer - 1] != 0) & above[:, :, None] & below[:, None, :]
        graph = _sets_of_partners(allowed, generator) if layer == 1 else _both_covered(allowed, above, below, generator)
        masks[:, layer - 1, : network.widths[layer]] = graph @ (1 << np.arange(network.widths[layer - 1]))
        below = above
    return masks


def _members(
    kinds: dict[Kind, list[int]], state: State, width: int, number: int, generator: np.random.Generator
) -> Used:
    """Which neurons are used: of each kind so many, every choice being equally likely."""
    used = np.zeros((number, width), bool)
    for members, count in zip(kinds.values(), state, strict=True):
        ranks = generator.random((number, len(members))).argsort(axis=1).argsort(axis=1)
        used[:, members] = ranks < count
    return used


def _both_covered(
    allowed: Graph, above: Used, below: Bool[np.ndarray, "circuits parents"], generator: np.random.Generator
) -> Graph:
    """Edges among those allowed that reach every used neuron of both layers, every such choice being equally likely."""
    if above[0].sum() < below[0].sum():
        return _both_covered(allowed.swapaxes(1, 2), below, above, generator).swapaxes(1, 2)
    graph, left = np.zeros_like(allowed), np.arange(len(allowed))
    while len(left):
        graph[left] = _sets_of_partners(allowed[left], generator)
        left = left[(graph[left].any(axis=1) != below[left]).any(axis=1)]
    return graph


def _sets_of_partners(allowed: Graph, generator: np.random.Generator) -> Graph:
    """For each neuron that is allowed any a non-empty set of partners, uniformly."""
    graph = allowed & generator.integers(0, 2, allowed.shape, dtype=bool)
    while True:
        empty = allowed.any(axis=2) & ~graph.any(axis=2)
        if not empty.any():
            return graph
        graph[empty] = allowed[empty] & generator.integers(0, 2, allowed[empty].shape, dtype=bool)


def ways_below(network: FeedForward) -> Iterator[Level]:
    """For each layer from 1 on, its neurons by kind, and how many edge sets there are below it by the neurons used.

    `ways[state]` is the number of edge sets below a layer in which exactly `state[k]` given neurons of kind k have a
    parent, and every neuron that is reached is used: inclusion-exclusion over the parents that are left out.
    """
    kinds = [_kinds(network, layer) for layer in range(1, network.depth + 1)]
    ways = {
        state: math.prod(((1 << parents.bit_count()) - 1) ** n for (parents, _), n in zip(kinds[0], state, strict=True))
        for state in _states(kinds[0])
    }
    yield kinds[0], ways
    for below, above in itertools.pairwise(kinds):
        signed = _chosen_exactly(ways, below)
        ways = {
            state: sum(number * _edge_sets(below, used, above, state) for used, number in signed.items() if number)
            for state in _states(above)
        }
        yield above, ways


def edge_sets_between(below: dict[Kind, list[int]], used: State, above: dict[Kind, list[int]], state: State) -> int:
    """How many ways there are to choose `used` neurons of each kind below, and edges from them to certain neurons above
    that leave none of either without."""
    sizes = [len(members) for members in below.values()]
    chosen = math.prod(map(math.comb, sizes, used))
    return chosen * sum(
        math.prod(math.comb(u, s) * (-1) ** (u - s) for u, s in zip(used, smaller, strict=True))
        * _edge_sets(below, smaller, above, state)
        for smaller in itertools.product(*(range(u + 1) for u in used))
    )


def _edge_sets(below: dict[Kind, list[int]], used: State, above: dict[Kind, list[int]], state: State) -> int:
    """How many ways there are to give parents among certain neurons below to certain neurons above."""
    return math.prod(((1 << _available(kind, below, used)) - 1) ** n for kind, n in zip(above, state, strict=True))


def _kinds(network: FeedForward, layer: int) -> dict[Kind, list[int]]:
    """The neurons of a layer by their sets of parents and of children, both as bits."""
    w = network.weights[layer - 1]
    found: dict[Kind, list[int]] = {}
    for j in range(len(w)):
        parents = sum(1 << i for i in range(w.shape[1]) if w[j, i] != 0)
        children = 0
        if layer < network.depth:
            after = network.weights[layer]
            children = sum(1 << o for o in range(len(after)) if after[o, j] != 0)
        found.setdefault((parents, children), []).append(j)
    if math.prod(len(members) + 1 for members in found.values()) > MOST_STATES:
        raise InputError(
            f"layer {layer} has {len(w)} neurons of {len(found)} kinds by their weights of 0; the circuits of so "
            f"irregular a layer cannot be counted: use fewer neurons, or weights that are not 0"
        )
    return found


def _states(kinds: dict[Kind, list[int]]) -> list[State]:
    """All ways to use some of the neurons, as numbers by kind."""
    return list(itertools.product(*(range(len(members) + 1) for members in kinds.values())))


def _available(kind: Kind, below: dict[Kind, list[int]], state: State) -> int:
    """How many used neurons of the layer below a neuron of `kind` can have as parents."""
    parents, _ = kind
    # Neurons of one kind have the same children, so that all of them are possible parents or none is.
    return sum(used for members, used in zip(below.values(), state, strict=True) if parents >> members[0] & 1)


def _chosen_exactly(ways: dict[State, int], kinds: dict[Kind, list[int]]) -> dict[State, int]:
    """The signed sum over all sets that contain a given one, times how many such sets there are by kind."""
    sizes = [len(members) for members in kinds.values()]
    signed = {}
    for used in ways:
        total = 0
        for state, number in ways.items():
            if all(u <= s for u, s in zip(used, state, strict=True)):
                choices = math.prod(
                    math.comb(n - u, s - u) * (-1) ** (s - u) for n, u, s in zip(sizes, used, state, strict=True)
                )
                total += choices * number
        signed[used] = total * math.prod(math.comb(n, u) for n, u in zip(sizes, used, strict=True))
    return signed
