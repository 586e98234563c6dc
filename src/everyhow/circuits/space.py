"""How many circuits a network has, without listing them."""

import itertools
import math

from ..errors import InputError
from ..network import Network

# Combinations of used neurons, alike ones counted once, that one layer may have.
MOST_STATES = 1 << 10
Kind = tuple[int, int]


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
    kinds = [_kinds(network, layer) for layer in range(1, network.depth + 1)]
    # ways[t]: edge sets below a layer that give a parent to exactly t[k] certain neurons of each kind k, and use all
    # neurons that they reach.
    ways = {
        state: math.prod(((1 << parents.bit_count()) - 1) ** n for (parents, _), n in zip(kinds[0], state, strict=True))
        for state in _states(kinds[0])
    }
    for below, above in itertools.pairwise(kinds):
        reach = {state: {kind: _available(kind, below, state) for kind in above} for state in _states(below)}
        signed = _chosen_exactly(ways, below)
        ways = {
            state: sum(
                number * math.prod(((1 << reach[used][k]) - 1) ** n for k, n in zip(above, state, strict=True))
                for used, number in signed.items()
                if number
            )
            for state in _states(above)
        }
    return ways[tuple(len(members) for members in kinds[-1].values())]


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


def _states(kinds: dict[Kind, list[int]]) -> list[tuple[int, ...]]:
    """All ways to use some of the neurons, as numbers by kind."""
    return list(itertools.product(*(range(len(members) + 1) for members in kinds.values())))


def _available(kind: Kind, below: dict[Kind, list[int]], state: tuple[int, ...]) -> int:
    """How many used neurons of the layer below a neuron of `kind` can have as parents."""
    parents, _ = kind
    # Neurons of one kind have the same children, so that all of them are possible parents or none is.
    return sum(used for members, used in zip(below.values(), state, strict=True) if parents >> members[0] & 1)


def _chosen_exactly(ways: dict[tuple[int, ...], int], kinds: dict[Kind, list[int]]) -> dict[tuple[int, ...], int]:
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
