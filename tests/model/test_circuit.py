"""Circuits of small graphs, layered and not: every set of edges against walking every path; and what is refused."""

import itertools

import numpy as np
import pytest

import everyhow as eh
from everyhow.common.errors import InputError
from everyhow.model.circuit import Circuit, LooseEndsError, connected_part
from everyhow.model.graph import Edge, Graph, Node
from everyhow.model.scope import Scope

from .graphs import GRAPHS, LAYERED, SLOTTED, is_circuit, nodes_of, on_paths, skipping, subsets

SKIPPING = skipping(2, 1, 1)


def circuits_of(graph):
    """Every circuit of a graph."""
    return [Circuit.of_edges(graph, edges) for edges in subsets(graph.edges) if is_circuit(graph, edges)]


def faults(graph, edges):
    """What is said of edges that are not a circuit."""
    nodes = [node for stage in nodes_of(graph.sizes) for node in stage]
    found = []
    for node in nodes:
        is_fed, is_read = any(edge.child == node for edge in edges), any(edge.parent == node for edge in edges)
        if node.stage == graph.last and not is_fed:
            found.append(f"{graph.names[node.stage][node.place]} has no edge in")
        elif 0 < node.stage < graph.last and is_fed != is_read:
            found.append(f"{graph.names[node.stage][node.place]} has no edge {'out' if is_fed else 'in'}")
    return sorted(found)


@pytest.mark.parametrize("graph", GRAPHS)
def test_which_edges_are_a_circuit(graph):
    """Of all sets of edges those that hang together; of any other one all faults are told."""
    for edges in subsets(graph.edges):
        expected = faults(graph, edges)
        assert is_circuit(graph, edges) == (not expected)
        if expected:
            with pytest.raises(LooseEndsError) as error:
                Circuit.of_edges(graph, edges)
            assert str(error.value) == "these edges are not a circuit: " + "; ".join(expected)
            continue
        circuit = Circuit.of_edges(graph, edges)
        assert circuit.edges == edges and len(circuit) == len(edges)
        assert circuit.bits == sum(1 << graph.bit_of(edge) for edge in edges)
        assert circuit == Circuit(graph, circuit.bits) == Circuit.of_edges(graph, [*edges[::-1], *edges])
        assert [edge in circuit for edge in graph.edges] == [edge in edges for edge in graph.edges]
        assert circuit.widths == graph.sizes
        assert circuit.neurons == tuple(node for node in graph.inner if node in {edge.child for edge in edges})


@pytest.mark.parametrize("graph", GRAPHS)
def test_edges_by_name(graph):
    """What a circuit prints of its edges makes the same circuit, with either arrow, beside edges by their numbers."""
    for circuit in circuits_of(graph):
        names = [graph.name(edge) for edge in circuit.edges]
        assert all(name in repr(circuit) for name in names)
        assert Circuit.of_edges(graph, names) == circuit
        assert Circuit.of_edges(graph, [f" {names[0].replace('→', '->')}", *circuit.edges[1:]]) == circuit
        assert connected_part(graph, names) == (circuit, ())


def test_a_name_that_no_edge_has():
    """The edges that there are, or that the edge is in every circuit of a scope."""
    with pytest.raises(InputError, match=r"^no edge .* called 'A->out0'; its edges are A->h1.0, .*, \.\.\.$"):
        Circuit.of_edges((3, 3, 1), ["A->out0"])
    graph = Graph.complete((2, 2, 1))
    scoped = Scope(("A->h1.0",), "in").of(graph)
    with pytest.raises(InputError, match="is held in every circuit of this scope; leave it out"):
        Circuit.of_edges(scoped, ["B->h1.0"])


@pytest.mark.parametrize("graph", LAYERED)
def test_parents(graph):
    """In a layered graph, the neurons of the layer before that a neuron reads."""
    for circuit in circuits_of(graph):
        for layer, neuron in graph.nodes[graph.sizes[0] :]:
            expected = tuple(i for i in range(graph.sizes[layer - 1]) if (layer, neuron, i) in circuit.edges)
            assert circuit.parents(layer, neuron) == expected


@pytest.mark.parametrize("graph", GRAPHS)
def test_without(graph):
    """The largest circuit inside that lacks the edge, of all that there are; None where there is none."""
    circuits = circuits_of(graph)
    for circuit, edge in itertools.product(circuits, graph.edges):
        inside = [one for one in circuits if set(one.edges) <= set(circuit.edges) - {edge}]
        found = circuit.without(edge)
        assert (found is None) == (not inside)
        if found is not None:
            assert found in inside and all(set(one.edges) <= set(found.edges) for one in inside)


def test_without_an_edge_by_hand():
    """What leads nowhere goes with the edge; a circuit without a way to an output is none."""
    circuit = Circuit.of_edges((2, 2, 1), [(1, 0, 0), (1, 0, 1), (1, 1, 1), (2, 0, 0), (2, 0, 1)])
    assert circuit.without((2, 0, 1)) == Circuit.of_edges((2, 2, 1), [(1, 0, 0), (1, 0, 1), (2, 0, 0)])
    assert Circuit.of_edges((2, 1), [(1, 0, 0)]).without((1, 0, 0)) is None
    whole = Circuit.whole(SKIPPING)
    assert whole.without((2, 0, 0)) == Circuit.of_edges(SKIPPING, [(2, 0, 0, 0, 0), (2, 0, 0, 1, 0)])


@pytest.mark.parametrize("graph", GRAPHS)
def test_is_within(graph):
    """Exactly when the edges are a subset, whichever graph the bits are of."""
    circuits = circuits_of(graph)
    own = [Circuit.of_edges(Graph(graph.names, c.edges, graph.numbers, graph.slots), c.edges) for c in circuits]
    for (one, small), (other, lean) in itertools.product(zip(circuits, own, strict=True), repeat=2):
        expected = set(one.edges) <= set(other.edges)
        assert expected == one.is_within(other) == small.is_within(other) == one.is_within(lean)
    assert not Circuit.of_edges((1, 1), [(1, 0, 0)]).is_within(Circuit.of_edges((2, 1), [(1, 0, 0)]))


@pytest.mark.parametrize("graph", GRAPHS)
def test_equality_between_graphs(graph):
    """Unused edges of a graph make no difference, to equality and hash; other edges and other nodes do."""
    circuits = circuits_of(graph)
    for circuit in circuits:
        unused = [edge for edge in graph.edges if edge not in circuit.edges]
        for left in subsets(unused):
            edges = tuple(edge for edge in graph.edges if edge in circuit.edges or edge in left)
            other = Circuit.of_edges(Graph(graph.names, edges, graph.numbers, graph.slots), circuit.edges)
            assert other == circuit and hash(other) == hash(circuit)
            assert circuit.on(other.graph) == other and circuit.on(other.graph).bits == other.bits
            assert other.on(graph).bits == circuit.bits and other.on(graph).graph == graph
            assert [one for one in circuits if one == other] == [circuit]
    assert len(set(circuits)) == len(circuits)
    wider = Graph.complete((graph.sizes[0] + 1, *graph.sizes[1:]))
    if graph in LAYERED:
        assert all(Circuit.of_edges(wider, circuit.edges) != circuit for circuit in circuits)
    assert circuits[0] != circuits[0].edges and circuits[0] != None  # noqa: E711 (asked on purpose)


def test_on_another_graph():
    """A graph of other nodes, or one that lacks an edge, is refused; the circuit's own gives the circuit itself."""
    circuit = Circuit.whole(SKIPPING)
    assert circuit.on(SKIPPING) is circuit and circuit.on(skipping(2, 1, 1)) is circuit
    for sizes in ((2, 1), (2, 2, 1), (1, 1, 1), (2, 1, 1, 1)):
        with pytest.raises(InputError) as error:
            circuit.on(skipping(*sizes))
        shape = "-".join(map(str, sizes))
        assert str(error.value) == f"the circuit belongs to a 2-1-1 network, not to a {shape} one"
    with pytest.raises(InputError, match=r"edge \(2, 0, 0, 0, 0\) does not exist in a 2-1-1 network"):
        circuit.on(Graph.complete((2, 1, 1)))
    lean = Graph.of_stages((2, 1), [Edge((1, 0, 0))])
    with pytest.raises(InputError, match=r"edge \(1, 0, 1\) has weight 0 in this network"):
        Circuit.whole(Graph.complete((2, 1))).on(lean)


@pytest.mark.parametrize("graph", GRAPHS)
def test_connected_part(graph):
    """Of every set of edges: the circuit of those on a path, and the others in order; or the outputs not reached."""
    for edges in subsets(graph.edges):
        kept = on_paths(graph, edges)
        unreached = [o for o in range(graph.sizes[-1]) if Node(graph.last, o) not in {edge.child for edge in kept}]
        if unreached:
            with pytest.raises(LooseEndsError) as error:
                connected_part(graph, edges)
            said = "; ".join(f"out{o} has no edge in" for o in unreached)
            assert str(error.value) == f"these edges are not a circuit: {said}"
            continue
        circuit, dropped = connected_part(graph, edges[::-1])
        assert set(circuit.edges) == kept and dropped == tuple(sorted(set(edges) - kept))
    with pytest.raises(InputError, match=r"edge \(9, 9, 9\) does not exist"):
        connected_part(graph, [(9, 9, 9)])


@pytest.mark.parametrize("graph", GRAPHS)
def test_whole(graph):
    """All edges that are on a path, of a graph or of what has one."""
    assert set(Circuit.whole(graph).edges) == on_paths(graph, graph.edges)
    assert all(circuit.is_within(Circuit.whole(graph)) for circuit in circuits_of(graph))


def test_whole_of_a_network_drops_dead_ends():
    """Neurons that no edge leaves or enters are not in the whole circuit, nor what only they used."""
    network = eh.Network([[[1.0], [0.0]], [[1.0, 1.0], [1.0, 0.0]], [[1.0, 0.0]]], [[0, 0], [0, 0], [0]], ["relu"] * 3)
    assert Circuit.whole(network).edges == ((1, 0, 0), (2, 0, 0), (3, 0, 0))
    empty = eh.Network([[[0.0]]], [[1.0]], ["relu"])
    with pytest.raises(LooseEndsError, match="these edges are not a circuit: out0 has no edge in"):
        Circuit.whole(empty)


class Contrary:
    """An object that raises an error of its own when it is asked for a graph."""

    @property
    def graph(self):
        raise RuntimeError("no graph here")


@pytest.mark.parametrize("model", [None, 3, "xornet", [(1, 0, 0)], Contrary()], ids=lambda model: type(model).__name__)
def test_whole_of_something_else(model):
    with pytest.raises(InputError) as error:
        Circuit.whole(model)
    assert str(error.value) == (
        f"a Network is asked for, not a value of type {type(model).__name__}: eh.load, eh.from_torch and eh.train "
        f"give one"
    )


RULE = "edges by name, such as A->h1.0, or (layer, neuron, parent), each three whole numbers"


@pytest.mark.parametrize(("edges", "text"), [
    (None, f"edges is None; give {RULE}"), (3, f"edges is 3; give {RULE}"), ("abc", f"edges is 'abc'; give {RULE}"),
    ({(1, 0, 0): 1}, f"edges is {{(1, 0, 0): 1}}; give {RULE}"),
    ([3], f"an edge is 3; give {RULE}"),
    (["100"], "no edge of this model is called '100'; its edges are A->h1.0, B->h1.0, A->h1.1, B->h1.1, "
     "h1.0->out0, h1.1->out0"),
    ([(1, 0)], f"an edge is (1, 0); give {RULE}"), ([(1, 0, 0, 0)], f"an edge is (1, 0, 0, 0); give {RULE}"),
    ([(1, 0, -1)], f"an edge is (1, 0, -1); give {RULE}"), ([(1, 0, 0.5)], f"an edge is (1, 0, 0.5); give {RULE}"),
    ([(1, 0, True)], f"an edge is (1, 0, True); give {RULE}"), ([(1, 0, "0")], f"an edge is (1, 0, '0'); give {RULE}"),
    ([(1, 5, 0)],
     "edge (1, 5, 0) does not exist in a 2-2-1 network; an edge is (layer from 1, neuron from 0, parent from 0)"),
    ([(1, 0, 0), (2, 0, 1)],
     "these edges are not a circuit: h1.0 has no edge out; h1.1 has no edge in"),
    ([], "these edges are not a circuit: out0 has no edge in"),
])  # fmt: skip
def test_edges_that_are_no_circuit(edges, text):
    """What is not a list of edges, edges that are not there, and those that do not hang together: each by name."""
    with pytest.raises(InputError) as error:
        Circuit.of_edges((2, 2, 1), edges)
    assert str(error.value) == text


def test_edges_of_any_kind():
    """Edges are whole numbers of any type, in any iterable, and may be written the long way."""
    expected = Circuit.of_edges(SKIPPING, [(1, 0, 0), (2, 0, 0), (2, 0, 0, 1, 0)])
    for edges in (
        np.array([[1, 0, 0, 0, 0], [2, 0, 1, 0, 0], [2, 0, 0, 1, 0]]),
        [[1, 0.0, np.int8(0)], [2, 0, 0], [2, 0, 0, 1, 0]],
        iter(expected.edges), {(1, 0, 0), (2, 0, 0), (2, 0, 0, 1, 0)},
    ):  # fmt: skip
        assert Circuit.of_edges(SKIPPING, edges) == expected


def test_repr():
    """Each edge by the names of its parent and its child, and of the slot where there are several."""
    assert repr(Circuit.of_edges((2, 2, 1), [(1, 0, 1), (2, 0, 0)])) == "Circuit(2 edges: B→h1.0 h1.0→out0)"
    edges = [(1, 0, 1), (1, 0, 0, 0, 1), (2, 0, 0, 0, 0), (2, 0, 0)]
    shown = "B→a0.h0<q> A→a0.h0<k> A→out0 a0.h0→out0"
    assert repr(Circuit.of_edges(SLOTTED, edges)) == f"Circuit(4 edges: {shown})"
