"""All circuits of a graph as one family of sets of its edges."""

from functools import lru_cache
from weakref import WeakValueDictionary

from ..boolean.families import Families
from .graph import Graph

_FAMILIES: WeakValueDictionary[Graph, Families] = WeakValueDictionary()


def families_of(graph: Graph) -> Families:
    """The families of sets of a graph's edges: the same for all criteria, so that what meets them can be compared."""
    found = _FAMILIES.get(graph)
    if found is None:
        found = _FAMILIES[graph] = Families(len(graph.edges))
    return found


@lru_cache(maxsize=4)
def every_circuit(families: Families, graph: Graph) -> int:
    """All circuits of a graph, as a family of sets of its edges.

    Example:
        >>> graph = Graph.complete((2, 2, 1))
        >>> families = families_of(graph)
        >>> families.count(every_circuit(families, graph))
        15
    """
    return connected(families, graph, families.any_of(range(len(graph.edges))))


def connected(families: Families, graph: Graph, family: int) -> int:
    """The sets of edges of a family that are circuits, with the edges that are held in: each inner node has edges in
    and out, or neither; outputs have one in."""
    if graph.of_nodes:
        return family
    into = {node: [] for node in graph.nodes}
    out_of = {node: [] for node in graph.nodes}
    for k, edge in enumerate(graph.edges):
        into[edge.child].append(k)
        out_of[edge.parent].append(k)
    fed, read = graph.held_ends
    for node in graph.inner:
        if node not in fed and node not in read:
            family = families.linked(family, into[node], out_of[node])
        elif node not in fed:
            family = families.with_some(family, into[node])
        elif node not in read:
            family = families.with_some(family, out_of[node])
    for node in graph.nodes[-graph.sizes[-1] :]:
        if node not in fed:
            family = families.with_some(family, into[node])
    return family
