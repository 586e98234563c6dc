"""Circuits of the whole space, drawn uniformly, whether they meet a criterion or not."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Bool

from ..common.errors import InputError
from ..network.network import Network
from .running import Masks
from .space import Kind, Level, State, edge_sets_between, ways_below

# Parents are bits of a signed 64-bit number.
MOST_BITS = 62
Graph = Bool[np.ndarray, "circuits neurons parents"]
Used = Bool[np.ndarray, "circuits neurons"]


def draw_from_space(network: Network, size: int, generator: np.random.Generator) -> Masks:
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
    network: Network, levels: Sequence[Level], states: list[State], number: int, generator: np.random.Generator
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
