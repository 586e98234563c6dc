"""Graphs: nodes, edges, names and what is refused; connected edges against every path."""

import itertools
import pickle

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.errors import InputError
from everyhow.model.graph import Edge, Graph, Node

from .graphs import GRAPHS, LAYERED, SLOTS, SLOTTED, all_edges, on_paths, skipping, subsets

SKIPPING = skipping(2, 1, 1)


@pytest.mark.parametrize(("child", "parent", "slot"), [
    ((1, 0), (0, 2), 0), ((3, 4), (2, 1), 0), ((2, 0), (0, 2), 0), ((2, 0), (1, 2), 1), ((5, 1), (1, 0), 2),
])  # fmt: skip
def test_edges_know_their_ends(child, parent, slot):
    """However an edge is written, it gives back the nodes and the slot that it was made of."""
    edge = Edge.between(Node(*child), Node(*parent), slot)
    assert (edge.child, edge.parent, edge.slot) == (child, parent, slot)
    is_short = parent[0] == child[0] - 1 and slot == 0
    assert edge == ((*child, parent[1]) if is_short else (*child, *parent, slot))
    assert hash(edge) == hash(tuple(edge)) and pickle.loads(pickle.dumps(edge)) == edge


@pytest.mark.parametrize("graph", GRAPHS)
def test_parts(graph):
    """Nodes, positions and edges into each node, each counted out."""
    assert graph.sizes == tuple(map(len, graph.names)) and graph.last == len(graph.sizes) - 1
    assert graph.nodes == tuple(Node(s, p) for s in range(len(graph.sizes)) for p in range(graph.sizes[s]))
    assert graph.inner == tuple(node for node in graph.nodes if node.stage not in (0, graph.last))
    assert [graph.positions[edge] for edge in graph.edges] == list(range(len(graph.edges)))[::-1]
    assert [graph.bit_of(edge) for edge in graph.edges] == list(range(len(graph.edges)))[::-1]
    assert graph.existing(graph.edges) == graph.edges == graph.existing(map(tuple, graph.edges))
    assert set(graph.entering) == set(graph.nodes)
    for node, edges in graph.entering.items():
        assert edges == tuple(edge for edge in graph.edges if edge.child == node)
    assert graph.layered == (graph in LAYERED)


def test_only_one_input_each_is_layered():
    """A graph without an edge that skips is layered only when no node has a second input, used or not."""
    names, edges = (("A",), ("h",), ("out",)), (Edge((1, 0, 0)), Edge((2, 0, 0)))
    assert Graph(names, edges, (1, 1, 1), (("",),) * 3).layered
    assert not Graph(names, edges, (1, 1, 1), SLOTS).layered


def test_edges_of_a_graph_that_skips():
    """By child, then slot, then parent; triples only from a stage to the next."""
    assert SKIPPING.edges == ((1, 0, 0), (1, 0, 1), (2, 0, 0, 0, 0), (2, 0, 0, 1, 0), (2, 0, 0))
    assert SLOTTED.edges == (
        (1, 0, 0), (1, 0, 1), (1, 0, 0, 0, 1), (1, 0, 0, 1, 1), (2, 0, 0, 0, 0), (2, 0, 0),
    )  # fmt: skip


def test_names():
    """Few inputs by letters, many by numbers; a slot is named where there are several."""
    wide = Graph.complete((12, 2, 2))
    assert wide.names[0] == tuple(f"x{j}" for j in range(12)) and Graph.complete((6, 1)).names[0] == tuple("ABCDEF")
    assert wide.names[1:] == (("h1.0", "h1.1"), ("out0", "out1"))
    assert [wide.name(node) for node in wide.nodes] == [name for stage in wide.names for name in stage]
    assert wide.name(Edge((1, 1, 0))) == "x0→h1.1" and wide.name(Edge((2, 0, 1))) == "h1.1→out0"
    assert SKIPPING.name(Edge((2, 0, 0, 1, 0))) == "B→out0"
    assert [SLOTTED.name(edge) for edge in SLOTTED.edges] == [
        "A→a0.h0<q>", "B→a0.h0<q>", "A→a0.h0<k>", "B→a0.h0<k>", "A→out0", "a0.h0→out0",
    ]  # fmt: skip
    for graph in GRAPHS:
        assert len({graph.name(edge) for edge in graph.edges}) == len(graph.edges)


def test_two_are_the_same_when_names_and_edges_are():
    """And then they have one hash; the numbers that nodes hold and their slots count as well."""
    parts = {"names": SLOTTED.names, "edges": SLOTTED.edges, "numbers": SLOTTED.numbers, "slots": SLOTTED.slots}
    same = Graph(**parts)
    assert same == SLOTTED and hash(same) == hash(SLOTTED) and pickle.loads(pickle.dumps(SLOTTED)) == SLOTTED
    changes = {
        "names": (("A", "C"), *SLOTTED.names[1:]), "edges": SLOTTED.edges[1:], "numbers": (1, 5, 1),
        "slots": (("",), ("q", "v"), ("",)),
    }  # fmt: skip
    for name, value in changes.items():
        assert Graph(**{**parts, name: value}) != SLOTTED
    assert len({*GRAPHS, SLOTTED, same}) == len(GRAPHS)
    assert Graph.complete([2, 2, 1]) is Graph.complete((2, np.int64(2), 1.0))


def test_the_graph_of_a_network_lacks_edges_of_weight_zero():
    network = eh.Network([[[1.0, 0.0], [2.0, 3.0]], [[0.0, 1.0]]], [[0.0, 0.0], [0.0]], ["relu", "identity"])
    assert network.graph.edges == ((1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 0, 1))
    assert network.graph.names == Graph.complete((2, 2, 1)).names and network.graph != Graph.complete((2, 2, 1))


STAGES = [(("A",),), (("A",), ("h",), ("out",)), (("A",), ("out",))]


@pytest.mark.parametrize(("names", "numbers", "slots", "found"), [
    (STAGES[0], (1,), (("",),), "found 1, 1 and 1"),
    (STAGES[1], (1, 1), (("",),) * 3, "found 3, 2 and 3"),
    (STAGES[2], (1, 1), (("",),) * 3, "found 2, 2 and 3"),
    ((), (), (), "found 0, 0 and 0"),
])  # fmt: skip
def test_stages_that_do_not_fit(names, numbers, slots, found):
    with pytest.raises(InputError) as error:
        Graph(names, (), numbers, slots)
    assert str(error.value) == f"a graph has names, numbers and slots for each of at least two stages; {found}"


@pytest.mark.parametrize("edge", [
    (1, 0, 2), (1, 1, 0), (3, 0, 0), (0, 0, 0), (1, 0, -1), (1, -1, 0), (0, 0, 0, 0, 0), (1, 0, 2, 0, 0),
    (2, 0, 0, 2, 0), (2, 0, 0, 0, 1), (2, 0, 0, 0, -1), (2, 0, -1, 0, 0), (1, 0), (2, 0, 0, 0), (),
    (2, 0, 0, 0, 0, 0),
])  # fmt: skip
def test_edges_that_do_not_fit(edge):
    """Nodes and slots that are not there; from a stage to itself or an earlier one; of another length."""
    with pytest.raises(InputError) as error:
        Graph.of_stages((2, 1, 1), [Edge(edge)])
    assert str(error.value) == f"edge {edge} is not from a node of an earlier stage to an input of a later one"


def test_edges_or_nodes():
    """Circuits are sets of edges between nodes, or sets of nodes, not of both."""
    with pytest.raises(InputError, match="has edges between nodes and edges from a node to itself"):
        Graph.of_stages((2, 1, 1), [(1, 0, 0), Edge((1, 0, 1, 0, 0))])
    nodes = Graph.of_stages((2, 2, 1), [Edge((1, 0, 1, 0, 0)), Edge((1, 1, 1, 1, 0))])
    assert nodes.of_nodes and nodes.unit == "node" and nodes.name(nodes.edges[1]) == "h1.1"


def test_edges_written_the_long_way():
    """An edge is written in one way, so that two graphs of the same edges are the same."""
    with pytest.raises(InputError) as error:
        Graph.of_stages((2, 1, 1), [Edge((2, 0, 1, 0, 0))])
    assert str(error.value) == "edge (2, 0, 1, 0, 0) goes from a stage to the next; it is written (2, 0, 0)"


def test_order_of_edges():
    """Of all orders of a graph's edges one is taken; a repeated edge is out of order as well."""
    for graph in (Graph.complete((2, 1, 1)), skipping(1, 1, 1), Graph.complete((1, 3))):
        taken = 0
        for order in itertools.permutations(graph.edges):
            try:
                taken += Graph(graph.names, order, graph.numbers, graph.slots) == graph
            except InputError as error:
                late = next(b for a, b in itertools.pairwise(order) if graph.positions[a] < graph.positions[b])
                assert str(error) == f"edge {late} is out of order; edges are listed by child, then slot, then parent"
        assert taken == 1
    with pytest.raises(InputError, match=r"edge \(1, 0, 0\) is out of order"):
        Graph.of_stages((2, 1), [Edge((1, 0, 0)), Edge((1, 0, 0))])


@pytest.mark.parametrize("widths", [
    (), (2,), 2, "21", None, (2, 0, 1), (2, -1), (2, 1.5), (2, True), (2, "1"), (2, None), {2: 1},
])  # fmt: skip
def test_widths_that_are_none(widths):
    with pytest.raises(InputError) as error:
        Graph.complete(widths)
    rule = "give the neurons of each layer, the inputs first, such as (2, 3, 1)"
    assert str(error.value) == f"widths is {widths!r}; {rule}"


@pytest.mark.parametrize(("graph", "edge", "text"), [
    (Graph.of_stages((2, 1), [Edge((1, 0, 0))]), (1, 0, 1),
     "edge (1, 0, 1) has weight 0 in this network, so it is not an edge of it"),
    *((Graph.complete((2, 2, 1)), edge,
       f"edge {edge} does not exist in a 2-2-1 network; an edge is (layer from 1, neuron from 0, parent from 0)")
      for edge in ((1, 2, 0), (1, 0, 2), (0, 0, 0), (3, 0, 0), (1, -1, 0), (1, 0, -1), (2, 0, 0, 0, 0), (1, 0), ())),
])  # fmt: skip
def test_edges_that_are_not_there(graph, edge, text):
    """Where it is asked for: a weight of 0 is told from what no network of this shape has."""
    for ask in (graph.bit_of, lambda edge: graph.existing([edge])):
        with pytest.raises(InputError) as error:
            ask(edge)
        assert str(error.value) == text == graph.lacks(edge)


@pytest.mark.parametrize("graph", GRAPHS)
def test_connected(graph):
    """For every set of edges: those on a path from an input to an output, in the order in which they are given."""
    for edges in subsets(graph.edges):
        kept = on_paths(graph, edges)
        assert graph.connected(edges) == tuple(edge for edge in edges if edge in kept)
        assert graph.connected(edges[::-1]) == graph.connected(edges)[::-1]


def test_all_edges_are_those_of_complete_graphs():
    """The helper above and the library list the edges of layers alike."""
    for graph in LAYERED:
        assert graph.edges == tuple(edge for edge in all_edges(graph.sizes) if len(edge) == 3)


def test_edges_by_the_million():
    """What would take gigabytes is refused before it is made."""
    message = (
        r"the network has 10,000,000,000 edges; circuits are looked for among at most 4,194,304: take its last layers"
    )
    with pytest.raises(eh.InputError, match=message):
        Graph.complete((100_000, 100_000))


@pytest.mark.parametrize(("changed", "message"), [
    ({"names": (("A",), (), ("out0",))}, "names of a graph is .*; give what the nodes of each stage are called, one"),
    ({"names": (("A",), ("A",), ("out0",))}, "two nodes of a graph are called 'A'; give each a name of its own"),
    ({"names": (("A",), (1,), ("out0",))}, "names of a graph is .*; give what the nodes of each stage are called"),
    ({"numbers": (1, 0, 1)}, r"numbers of a graph is \(1, 0, 1\); give how many numbers a node of each stage holds"),
    ({"slots": (("",), (), ("",))}, "slots of a graph is .*; give the names of the inputs of a node of each stage"),
    ({"edges": [(1, 0, "A")]}, r"an edge of a graph is \(1, 0, 'A'\); give edges as Edge.between\(child, parent\)"),
])  # fmt: skip
def test_parts_of_a_graph_that_are_none(changed, message):
    parts = {"names": (("A",), ("h",), ("out0",)), "edges": (), "numbers": (1, 1, 1), "slots": (("",),) * 3}
    with pytest.raises(InputError, match=message):
        Graph(**parts | changed)


def test_a_graph_of_plain_lists():
    """Lists and plain tuples make the graph that tuples and edges make."""
    graph = Graph([["A", "B"], ["out0"]], [[1, 0, 0], (1, 0, 1)], [1, 1], [[""], [""]])
    assert graph == Graph.complete((2, 1)) and hash(graph) == hash(Graph.complete((2, 1)))
