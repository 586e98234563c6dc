"""How many circuits graphs have, by brute force and by numbers that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.model.graph import Edge, Graph, Node
from everyhow.model.space import circuits_in_space

from .graphs import is_circuit

QKV = ("q", "k", "v")


@st.composite
def graphs(draw):
    """Small graphs whose edges may skip stages, and whose nodes may have two inputs."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    slots = [draw(st.sampled_from([("",), ("", ""), ("a", "b")])) for _ in sizes]
    nodes = [Node(stage, place) for stage, size in enumerate(sizes) for place in range(size)]
    possible = [
        Edge.between(child, parent, slot)
        for child in nodes
        for slot in range(len(slots[child.stage]))
        for parent in nodes
        if parent.stage < child.stage
    ]
    chosen = draw(st.lists(st.sampled_from(possible), max_size=11, unique=True))
    names = tuple(tuple(f"{stage}.{place}" for place in range(size)) for stage, size in enumerate(sizes))
    return Graph(names, tuple(edge for edge in possible if edge in chosen), (1,) * len(sizes), tuple(slots))


@given(graphs())
@settings(max_examples=150)
def test_any_small_graph(graph):
    """The count is that of all sets of edges looked at one by one."""
    sets = ([edge for k, edge in enumerate(graph.edges) if m >> k & 1] for m in range(1 << len(graph.edges)))
    assert circuits_in_space(graph) == sum(is_circuit(graph, edges) for edges in sets)


def transformer(layers, heads, mlp, slots):
    """The wiring of a transformer: a stage of heads and one of an MLP for each layer, each reading all before it."""
    stages, inputs = [["input"]], [("",)]
    for layer in range(layers):
        stages.append([f"a{layer}.h{head}" for head in range(heads)])
        inputs.append(slots)
        if mlp:
            stages.append([f"m{layer}"])
            inputs.append(("",))
    stages.append(["logits"])
    inputs.append(("",))
    nodes = [Node(stage, place) for stage, names in enumerate(stages) for place in range(len(names))]
    edges = [
        Edge.between(child, parent, slot)
        for child in nodes
        for slot in range(len(inputs[child.stage]))
        for parent in nodes
        if parent.stage < child.stage
    ]
    return Graph(tuple(map(tuple, stages)), tuple(edges), (1,) * len(stages), tuple(inputs))


@pytest.mark.parametrize(("graph", "edges", "circuits"), [
    (transformer(1, 2, True, ("",)), 9, 63), (transformer(1, 2, True, QKV), 13, 1_935),
    (transformer(1, 4, False, QKV), 17, 8_191), (transformer(2, 1, True, QKV), 23, 2_000_895),
    (Graph.complete((2, 3, 3, 1)), 18, 10_647), (eh.xornet().graph, 7, 15), (Graph.complete((1, 1)), 1, 1),
])  # fmt: skip
def test_known_numbers(graph, edges, circuits):
    assert (len(graph.edges), circuits_in_space(graph)) == (edges, circuits)


def test_large_graphs():
    """Alike nodes cost little, and numbers have as many digits as they need."""
    assert circuits_in_space(transformer(2, 4, True, QKV)) == 116_596_218_888_071_262_747_445_548_519_423
    assert circuits_in_space(Graph.complete((2, 200, 1))) == 4**200 - 1


def test_an_output_without_a_path():
    assert circuits_in_space(eh.Network([[[1.0, 1.0]], [[0.0]]], [[0.0], [0.0]], ["relu"] * 2).graph) == 0


def test_nodes_that_all_differ():
    """Fourteen nodes that differ by their weights of 0 are counted, eighteen are refused by name."""
    for size in (14, 18):
        weights = np.tri(size)
        network = eh.Network(
            [np.ones((size, 2)), weights, np.ones((1, size))], [np.zeros(size), np.zeros(size), [0]], ["relu"] * 3
        )
        if size == 14:
            assert circuits_in_space(network.graph) > 0
            continue
        with pytest.raises(eh.InputError, match=r"the nodes up to h1\.16 differ so much by the edges that they lack"):
            circuits_in_space(network.graph)
