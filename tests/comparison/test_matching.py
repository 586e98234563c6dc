"""The best permutation of neurons: found without going through all, and by going through all of them."""

import itertools

import numpy as np
import pytest

import everyhow as eh
from everyhow.comparison.matching import Matching, best_matching
from everyhow.comparison.shared import Listed, kind_of_circuits, kind_of_mappings
from everyhow.mapping.mapping import Mapping
from everyhow.mapping.signatures import NeuronSet
from everyhow.model.circuit import Circuit, bits_of
from everyhow.model.graph import Graph, Node

WIDTHS = [(2, 3, 1), (1, 2, 2, 1), (2, 2, 3, 1), (2, 4, 2)]


def some_circuits(graph, random, most):
    """Different circuits of a graph, drawn at random."""
    found = {}
    for _ in range(most):
        chosen = [edge for edge in graph.edges if random.random() < 0.7]
        kept = graph.connected(chosen)
        if {edge.child for edge in kept} >= {Node(graph.last, o) for o in range(graph.sizes[-1])}:
            found[kept] = Circuit.of_edges(graph, kept)
    return list(found.values())


def every_matching(widths):
    """All permutations of hidden neurons within layers."""
    layers = (itertools.permutations(range(width)) for width in widths[1:-1])
    return [Matching(orders) for orders in itertools.product(*layers)]


def edges_through(circuit, matching):
    """The edges of a circuit, each end put where it is in the other network."""
    orders = [None, *matching.layers, None]

    def there(layer, j):
        return j if orders[layer] is None else orders[layer][j]

    return frozenset((layer, there(layer, j), there(layer - 1, i)) for layer, j, i in circuit.edges)


def listed(name, graph, first, second):
    """The circuits of two networks of one graph as the library lists them."""
    bits = [bits_of(np.array([one.chosen for one in those])) for those in (first, second)]
    return kind_of_circuits(Listed(name, *bits, (len(first), len(second))), graph, graph)


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("alike", [0.0, 0.6, 1.0])
def test_as_by_trying_all(widths, alike):
    """The same numbers in common as the best of all permutations, on two kinds of circuits, the first deciding."""
    graph = Graph.complete(widths)
    random = np.random.default_rng(len(widths) + int(10 * alike))
    for _ in range(4):
        kinds, sets = [], []
        turn = every_matching(widths)[random.integers(len(every_matching(widths)))]
        for name in ("perfect", "minimal"):
            first = some_circuits(graph, random, 12)
            images = [turn.circuit(one, graph) for one in first if random.random() < alike]
            others = {one.edges: one for one in [*images, *some_circuits(graph, random, 12 - int(12 * alike))]}
            second = list(others.values()) or first[:1]
            kinds.append(listed(name, graph, first, second))
            sets.append((first, {frozenset(map(tuple, one.edges)) for one in second}))

        def common(matching, sets=sets):
            return tuple(sum(edges_through(one, matching) in second for one in first) for first, second in sets)

        found = best_matching(widths, kinds, 10**8)
        assert found.complete and found.permutations == len(every_matching(widths))
        assert found.shared == common(found.matching) == max(map(common, every_matching(widths)))
        assert found.by_names == common(Matching.by_names(widths)) and found.most == found.shared[0]
        if alike == 1:
            assert found.shared[0] == len(sets[0][0])


def test_own_names_come_first():
    """Where no permutation has more in common than own names have, no neuron is moved."""
    graph = Graph.complete((2, 3, 1))
    circuits = [Circuit.whole(graph)]
    found = best_matching((2, 3, 1), [listed("perfect", graph, circuits, circuits)], 10**6)
    assert found.matching.moves_none and found.shared == (1,)


def test_a_search_that_ends_early_says_so():
    """What may be gone through is spent: the best so far, and a bound that no permutation exceeds."""
    widths, random = (2, 4, 2), np.random.default_rng(3)
    graph = Graph.complete(widths)
    first, second = (some_circuits(graph, random, 30) for _ in range(2))
    kind = listed("perfect", graph, first, second)
    whole, part = (best_matching(widths, [kind], allowed) for allowed in (10**8, 100))
    assert whole.complete and not part.complete
    assert part.shared <= whole.shared and whole.shared[0] <= part.most


def test_mappings():
    """Mappings are matched by their formula and by the neurons of each variable."""
    algorithm = next(one for one in eh.algorithms("XOR", depth=2) if len(one.variables) == 2)
    graph = Graph.complete((2, 3, 3, 1))

    def mapping(*sets):
        return Mapping(algorithm, tuple(NeuronSet(layer, neurons) for layer, neurons in sets))

    first = [mapping((1, (0, 1)), (2, (2,))), mapping((1, (2,)), (1, (0,)))]
    second = [mapping((1, (1, 2)), (2, (0,))), mapping((1, (0,)), (1, (2,)))]
    found = best_matching(graph.sizes, [kind_of_mappings("joint", first, second, graph)], 10**6)
    assert found.shared == (2,) and {found.matching.mapping(one) for one in first} == set(second)
    assert [found.matching.back.mapping(found.matching.mapping(one)) for one in first] == first
