"""Small graphs, layered and not, of which every set of edges can be looked at."""

import itertools

from everyhow.model.graph import Edge, Graph, Node


def nodes_of(sizes):
    """The nodes of stages of these sizes, stage by stage."""
    return [[Node(stage, place) for place in range(size)] for stage, size in enumerate(sizes)]


def all_edges(sizes, slots=None):
    """Every edge that nodes of these stages can have, by child, then slot, then parent."""
    stages = nodes_of(sizes)
    return tuple(
        Edge.between(child, parent, slot)
        for stage, children in enumerate(stages)
        for child in children
        for slot in range(len(slots[stage]) if slots else 1)
        for parent in itertools.chain(*stages[:stage])
    )


def skipping(*sizes):
    """The graph in which every node reads all of every earlier stage."""
    return Graph.of_stages(sizes, all_edges(sizes))


SLOTS = (("",), ("q", "k"), ("",))
# A node of two inputs and of four numbers, between two inputs and an output that reads one of them as well.
SLOTTED = Graph(
    (("A", "B"), ("a0.h0",), ("out0",)),
    tuple(edge for edge in all_edges((2, 1, 1), SLOTS) if edge != (2, 0, 0, 1, 0)),
    (1, 4, 1),
    SLOTS,
)
LAYERED = [Graph.complete(widths) for widths in ((1, 1), (2, 2, 1), (2, 1, 2), (1, 2, 1, 1))]
GRAPHS = [*LAYERED, skipping(2, 1, 1), skipping(1, 1, 2), skipping(1, 1, 1, 1), SLOTTED]


def subsets(edges):
    """Every set of edges, as a tuple in their order."""
    return itertools.chain.from_iterable(itertools.combinations(edges, n) for n in range(len(edges) + 1))


def on_paths(graph, edges):
    """The edges on a path from an input to an output: every path is walked."""
    found = set()

    def walk(node, path):
        if node.stage == graph.last:
            found.update(path)
        for edge in edges:
            if edge.parent == node:
                walk(edge.child, [*path, edge])

    for place in range(graph.sizes[0]):
        walk(Node(0, place), [])
    return found


def is_circuit(graph, edges):
    """Whether every edge is on a path from an input to an output, and every output is reached."""
    reached = {edge.child for edge in edges}
    return on_paths(graph, edges) == set(edges) and all(
        Node(graph.last, place) in reached for place in range(graph.sizes[-1])
    )
