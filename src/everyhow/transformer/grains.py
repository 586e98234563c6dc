"""What a circuit of a transformer is a set of, at each grain; and the wiring that follows."""

from collections.abc import Sequence

from ..model.graph import Edge, Grain, Graph, Node
from ..model.scope import Scope
from .parts import Layer

SLOTS = ("q", "k", "v")
# What `input` is the sum of: token and position embedding.
SPLIT = ("embed", "pos_embed")
# The units, by place in the graph's edges, that a circuit must all have for a parent's value to enter a slot: () where
# it always enters; None where it never does.
Entry = tuple[int, ...] | None
# Entries by node, slot and parent, both counted in order, `input` (or `embed`) being node 0.
Wiring = tuple[tuple[tuple[Entry, ...], ...], ...]


def stages_of(layers: Sequence[Layer], split_input: bool = False) -> list[tuple[str, ...]]:
    """The names of the nodes, stage by stage; `embed` and `pos_embed` in place of `input` where that is split."""
    names: list[tuple[str, ...]] = [SPLIT if split_input else ("input",)]
    for k, layer in enumerate(layers):
        names.append(tuple(f"a{k}.h{h}" for h in range(layer.attention.heads)))
        if layer.mlp is not None:
            names.append((f"m{k}",))
    return [*names, ("logits",)]


def graph_of(layers: Sequence[Layer], grain: Grain, numbers: int, outputs: int, split_input: bool = False) -> Graph:
    """The graph of a transformer, a node of which holds so many numbers, `logits` as many as there are outputs."""
    names = stages_of(layers, split_input)
    slots = {"edges-qkv": SLOTS, "edges": ("qkv",), "nodes": ("",)}[grain]
    by_stage = tuple(slots if each[0].startswith("a") else ("",) for each in names)
    nodes = [[Node(stage, place) for place in range(len(each))] for stage, each in enumerate(names)]
    if grain == "nodes":
        edges = [Edge.between(node, node) for stage in nodes[1:-1] for node in stage]
    else:
        edges = [
            Edge.between(child, parent, slot)
            for stage in range(1, len(names))
            for child in nodes[stage]
            for slot in range(len(by_stage[stage]))
            for earlier in nodes[:stage]
            for parent in earlier
        ]
    each = (numbers,) * (len(names) - 1) + (outputs,)
    return Graph(tuple(names), tuple(edges), each, by_stage)


def wiring_of(layers: Sequence[Layer], grain: Grain, split_input: bool = False) -> Wiring:
    """What enters each slot of each node, and by which units."""
    names = stages_of(layers, split_input)
    inputs = len(names[0])
    found, before, used = [], 0, 0
    for stage, each in enumerate(names):
        for place, name in enumerate(each):
            node, slots = before + place, 3 if name.startswith("a") else 1 if stage else 0
            if grain == "nodes":
                inner = lambda one: (one - inputs,) if one >= inputs else ()  # noqa: E731
                own = () if stage == len(names) - 1 else inner(node)
                found.append(tuple(tuple((*inner(parent), *own) for parent in range(before)) for _ in range(slots)))
            elif grain == "edges":
                units = tuple((used + parent,) for parent in range(before)) if slots else ()
                found.append((units,) * slots)
                used += len(units)
            else:
                each_slot = []
                for _ in range(slots):
                    each_slot.append(tuple((used + parent,) for parent in range(before)))
                    used += before
                found.append(tuple(each_slot))
        before += len(each)
    return tuple(found)


def wiring_within(scope: Scope, graph: Graph, wiring: Wiring) -> Wiring:
    """What enters each slot when only edges in scope may be in a circuit or not; units are places among these.

    Args:
        scope: of the edges of `graph`.
        graph: of all edges.
        wiring: of all edges.
    """
    places = {edge: k for k, edge in enumerate(scope.of(graph).edges)}

    def entry(units: Entry) -> Entry:
        edges = [graph.edges[unit] for unit in units or ()]
        if units is None or (scope.others == "out" and any(edge not in places for edge in edges)):
            return None
        return tuple(places[edge] for edge in edges if edge in places)

    return tuple(tuple(tuple(map(entry, slot)) for slot in node) for node in wiring)
