"""Circuits of any graph, drawn uniformly: against lists of all circuits, and against numbers of circuits."""

from itertools import compress

import numpy as np
import pytest
from scipy.stats import chisquare

import everyhow as eh
from everyhow.model.graph import Edge, Graph
from everyhow.model.space import circuits_in_space
from everyhow.model.uniform import draw_from_space

from .graphs import GRAPHS, all_edges, skipping


def without(graph, *left_out):
    """A graph less some edges, by their numbers in order."""
    edges = tuple(edge for k, edge in enumerate(graph.edges) if k not in left_out)
    return Graph(graph.names, edges, graph.numbers, graph.slots)


def with_slots(sizes, *slots):
    """The graph of every edge from each stage to every slot of all later ones."""
    names = tuple(tuple(f"{stage}.{place}" for place in range(size)) for stage, size in enumerate(sizes))
    return Graph(names, all_edges(sizes, slots), (1,) * len(sizes), slots)


def random_graph(random, most_edges):
    """Stages of a few nodes, some of them with two slots, and a random choice of their edges."""
    sizes = random.integers(1, 4, random.integers(2, 6))
    possible = with_slots(tuple(map(int, sizes)), *((("",), ("q", "k"))[random.random() < 0.3] for _ in sizes))
    kept = random.permutation(len(possible.edges))[:most_edges]
    return without(possible, *(set(range(len(possible.edges))) - set(kept.tolist())))


ONE, TWO, THREE = ("",), ("q", "k"), ("q", "k", "v")
SMALL = {
    **{f"{k}": graph for k, graph in enumerate(GRAPHS)},
    "layers": Graph.complete((2, 2, 3, 1)),
    "layers of several outputs": Graph.complete((2, 2, 2, 2)),
    "weights of 0": without(Graph.complete((2, 3, 3, 1)), 1, 4, 8, 9, 13),
    "outputs of different parents": without(Graph.complete((1, 4, 2)), 4),
    "outputs apart": without(Graph.complete((2, 3, 3, 2)), 1, 2, 6, 9, 14, 18, 20),
    "skipping": skipping(1, 2, 2, 1),
    "skipping, one by one": skipping(1, 1, 1, 1, 1),
    "alike, and an output among them": without(skipping(2, 1, 1, 1), 2, 3, 5, 6, 8),
    "slots": with_slots((1, 2, 1, 1), ONE, TWO, TWO, ONE),
    "three slots": with_slots((2, 1, 1), ONE, THREE, TWO),
    "nodes without edges": without(skipping(2, 3, 1), 0, 1, 2, 9),
    "nodes that lead nowhere": without(skipping(1, 2, 2, 1), 2, 3, 8, 11),
}  # fmt: skip


def all_circuits(graph):
    """All circuits, each as whether it has each edge: of all sets of edges those in which every inner node has an edge
    in where it has one out and the other way round, and every output has one in."""
    n = len(graph.edges)
    sets = (np.arange(1 << n)[:, None] >> np.arange(n - 1, -1, -1) & 1).astype(bool)
    kept = np.ones(len(sets), bool)
    for node in graph.nodes:
        entered = sets[:, [edge.child == node for edge in graph.edges]].any(axis=1)
        left = sets[:, [edge.parent == node for edge in graph.edges]].any(axis=1)
        if node.stage == graph.last:
            kept &= entered
        elif node.stage:
            kept &= entered == left
    return sets[kept]


def as_numbers(circuits):
    return circuits @ (1 << np.arange(circuits.shape[1])[::-1])


def how_often(graph, per_circuit, seed):
    """How often each circuit is drawn when `per_circuit` are to be expected; nothing else is drawn."""
    circuits = as_numbers(all_circuits(graph))
    drawn = as_numbers(draw_from_space(graph, per_circuit * len(circuits), np.random.default_rng(seed)))
    assert set(drawn.tolist()) <= set(circuits.tolist())
    return np.bincount(np.searchsorted(circuits, drawn), minlength=len(circuits))


@pytest.mark.parametrize("graph", SMALL.values(), ids=SMALL)
def test_small_graphs(graph):
    """All circuits are drawn, nothing else is, and each equally often as far as chance allows."""
    often = how_often(graph, 40, seed=1)
    assert often.all()
    assert chisquare(often).pvalue > 0.003 if len(often) > 1 else len(often) == 1


def test_random_graphs():
    """Over many graphs of all shapes together, circuits are drawn equally often."""
    random = np.random.default_rng(3)
    statistic, freedom, drawn_from = 0.0, 0, 0
    for seed in range(150):
        graph = random_graph(random, 12)
        if not circuits_in_space(graph):
            continue
        often = how_often(graph, 30, seed)
        one, more = ((often - 30) ** 2 / 30).sum(), len(often) - 1
        assert one < more + 5.5 * (2 * more) ** 0.5 + 14, graph
        statistic, freedom, drawn_from = statistic + one, freedom + more, drawn_from + 1
    assert drawn_from > 60
    assert abs(statistic - freedom) < 4 * (2 * freedom) ** 0.5


def irregular():
    """Layers of 6 neurons that nearly all differ by their weights of 0."""
    random = np.random.default_rng(4)
    complete = Graph.complete((3, 6, 6, 2))
    return without(complete, *np.flatnonzero(random.random(len(complete.edges)) < 0.3).tolist())


def skipping_at_random():
    """Fourteen inner nodes, one a stage."""
    random = np.random.default_rng(5)
    every = skipping(2, *(1,) * 14, 1)
    return without(every, *np.flatnonzero(random.random(len(every.edges)) < 0.4).tolist())


LARGE = {
    "3-16-16-1": Graph.complete((3, 16, 16, 1)), "6-10-1": Graph.complete((6, 10, 1)),
    "two layers of four heads": with_slots((1, 4, 1, 4, 1, 1), ONE, THREE, ONE, THREE, ONE, ONE),
    "irregular": irregular(), "skipping": skipping_at_random(), "wide": Graph.complete((2, 300, 1)),
}  # fmt: skip


@pytest.mark.parametrize("graph", LARGE.values(), ids=LARGE)
def test_large_graphs(graph):
    """Circuits are drawn, and have each edge, and each pair of some, as often as they must: circuits without certain
    edges are those of the graph without them."""
    size, random = 4000, np.random.default_rng(6)
    drawn = draw_from_space(graph, size, random)
    for node in graph.nodes:
        entered = drawn[:, [edge.child == node for edge in graph.edges]].any(axis=1)
        left = drawn[:, [edge.parent == node for edge in graph.edges]].any(axis=1)
        assert (entered if node.stage == graph.last else entered == left if node.stage else ~entered).all()
    whole = circuits_in_space(graph)
    for _ in range(20):
        pair = random.choice(len(graph.edges), 2, replace=False).tolist()
        for lacking in (pair, pair[:1]):
            share = circuits_in_space(without(graph, *lacking)) / whole
            found = (~drawn[:, lacking]).all(axis=1).sum()
            assert abs(found - size * share) <= 4.5 * (size * share * (1 - share)) ** 0.5 + 1e-9


def test_the_columns_are_the_edges():
    graph = without(Graph.complete((2, 2, 1)), 1, 3, 4)
    assert graph.edges == (Edge((1, 0, 0)), Edge((1, 1, 0)), Edge((2, 0, 1)))
    drawn = draw_from_space(graph, 2, np.random.default_rng(0))
    assert drawn.tolist() == [[False, True, True]] * 2
    assert graph.connected(graph.edges) == graph.edges[1:]


def test_a_seed_gives_the_same_circuits():
    graph = LARGE["6-10-1"]
    one, other = (draw_from_space(graph, 50, np.random.default_rng(8)) for _ in range(2))
    assert (one == other).all()
    assert len(np.unique(one, axis=0)) == 50
    assert draw_from_space(graph, 0, np.random.default_rng(8)).shape == (0, 70)


@pytest.mark.parametrize("graph", [
    Graph.of_stages((2, 1), ()), without(Graph.complete((1, 1, 2)), 1), without(Graph.complete((2, 1, 1)), 0, 1),
    without(skipping(1, 1, 1), 0, 1),
])  # fmt: skip
def test_no_circuits(graph):
    with pytest.raises(eh.InputError, match="has no circuits, so none can be drawn: an output has no path from the"):
        draw_from_space(graph, 1, np.random.default_rng(0))


def triangular(size, outputs):
    """Two layers of neurons that all differ: each reads as many as its number says."""
    edges = [Edge((1, j, 0)) for j in range(size)]
    edges += [Edge((2, j, i)) for j in range(size) for i in range(j + 1)]
    edges += [Edge((3, o, j)) for o in range(outputs) for j in range(size)]
    return Graph.of_stages((1, size, size, outputs), edges)


@pytest.mark.parametrize(("size", "outputs"), [(11, 1), (10, 2)])
def test_nodes_that_all_differ(size, outputs):
    graph = triangular(size, outputs)
    drawn = draw_from_space(graph, 5, np.random.default_rng(0))
    assert [graph.connected(compress(graph.edges, kept)) for kept in drawn] == [
        tuple(compress(graph.edges, kept)) for kept in drawn
    ]


def test_too_many_nodes_differ():
    with pytest.raises(eh.InputError, match=r"the nodes before h2\.17 are very many or differ so much by their edges"):
        draw_from_space(triangular(18, 1), 5, np.random.default_rng(0))
