"""How many circuits a network has, without listing them."""

import itertools
import math
from collections.abc import Iterator

from ..common.errors import InputError
from ..network.network import Network

# Combinations of used neurons, alike ones counted once, that one layer may have.
MOST_STATES = 1 << 10
Kind = tuple[int, int]
State = tuple[int, ...]
Level = tuple[dict[Kind, list[int]], dict[State, int]]


def circuits_in_space(network: Network) -> int:
    """The number of circuits of `network`, inputs being allowed to stay unused.

    Counted layer by layer: how many ways there are below a set of used neurons, each with at least one parent and
    each parent used at least once; inclusion-exclusion over the parents that are left out removes the second rule.
    Neurons with the same parents and children are alike, so that a set of them is known by its size.

    Cost: (states of a layer) x (states of the next); a fully connected layer of n neurons has n + 1 states.

    Raises:
        InputError: weights of 0 make the neurons of a wide layer so different that there are too many states.

    Example:
        >>> from everyhow import xornet
        >>> circuits_in_space(xornet())
        15
    """
    *_, (kinds, ways) = ways_below(network)
    return ways[tuple(len(members) for members in kinds.values())]


def ways_below(network: Network) -> Iterator[Level]:
    """For each layer from 1 on, its neurons by kind, and how many edge sets there are below it by the neurons used.

    They give a parent to exactly so many certain neurons of each kind, and use all neurons that they reach.
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


def _kinds(network: Network, layer: int) -> dict[Kind, list[int]]:
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
