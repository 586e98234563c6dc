"""Circuits of the whole space of a graph, drawn uniformly, whether they meet a criterion or not."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int, UInt
from .choices import INPUTS, State, Step, Wiring
from .circuit import chosen_of, words_of
from .circuit_families import every_circuit, families_of
from .graph import Graph, Node
from .space import MOST_STATES

# Choices in all states of all steps together: some seconds, and some hundred megabytes.
MOST_CHOICES = 1 << 21
Numbers = UInt[np.ndarray, "_ranks circuits"]
Flags = Bool[np.ndarray, "_ranks circuits"]


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
    if graph.of_nodes:
        return generator.integers(2, size=(size, len(graph.edges))) == 1
    if graph.held:
        families = families_of(graph)
        drawn = families.drawn(every_circuit(families, graph), size, int(generator.integers(1 << 62)))
        words = np.array([words_of(bits, len(graph.edges)) for bits in drawn]).reshape(size, -1)
        return chosen_of(graph, words)
    wiring, tables = _tables(graph)
    used, chosen = _numbers_chosen(wiring, tables, size, generator)
    return _edges_chosen(graph, wiring, used, chosen, generator)


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
