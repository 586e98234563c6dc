"""How many circuits a graph has, without listing them."""

import math
from collections.abc import Iterable

from ..common.errors import InputError
from .circuit_families import every_circuit, families_of
from .graph import Edge, Graph, Node

# States that are held at once: about those of 16 nodes that all differ by their edges.
MOST_STATES = 1 << 16
# Nodes with the number of edges to or from each.
Ends = tuple[tuple[Node, int], ...]
State = tuple[int, ...]


def circuits_in_space(graph: Graph) -> int:
    """The number of circuits of a graph: sets of edges in which every inner node that is touched has an edge in and an
    edge out, and every output an edge in. Inputs may stay unused.

    The nodes are gone through in order. An inner node is absent, or feeds later nodes, or has an edge in and feeds
    nothing; circuits with such an idle node are counted with the opposite sign, so that they drop out (inclusion-
    exclusion). A node that can read k edges has 2^k - 1 ways to have an edge in. So all that matters of what lies below
    is how many edges each later node can read; nodes with the same parents share that number. Nodes that also have the
    same children are alike: all that matters of them is how many feed.

    Cost: (groups of alike nodes) x (their size) x (states); a fully connected layer of n neurons has n + 1 states, n
    neurons that all differ by their edges have 2^n.

    Raises:
        InputError: the edges that are missing make so many nodes differ that there are more than 65,536 states.

    Example:
        >>> from everyhow import xornet
        >>> circuits_in_space(xornet().graph)
        15
    """
    if graph.of_nodes:
        return 1 << len(graph.edges)
    if graph.held:
        families = families_of(graph)
        return families.count(every_circuit(families, graph))
    groups = alike_nodes(graph, graph.edges)
    kinds = list(dict.fromkeys(parents for parents, _ in groups))
    last_of = {parents: (parents, children) for parents, children in groups}
    edges_to = [dict(parents) for parents in kinds]
    states: dict[State, int] = {tuple(sum(n for node, n in parents if not node.stage) for parents in kinds): 1}
    for (parents, children), members in groups.items():
        kind, size, is_output = kinds.index(parents), len(members), members[0].stage == graph.last
        gained = [to.get(members[0], 0) for to in edges_to]
        following: dict[State, int] = {}
        for state, number in states.items():
            entered = (1 << state[kind]) - 1
            # What nobody asks for any more is forgotten, so that states that differ by nothing else are one.
            done = last_of[parents] == (parents, children)
            left = (*state[:kind], 0, *state[kind + 1 :]) if done else state
            for feeding in range(size if is_output else 0, size + 1):
                ways = math.comb(size, feeding) * entered**feeding * (1 - entered) ** (size - feeding)
                if ways:
                    after = tuple(k + feeding * more for k, more in zip(left, gained, strict=True))
                    following[after] = following.get(after, 0) + number * ways
        if len(following) > MOST_STATES:
            raise InputError(
                f"the nodes up to {graph.name(members[-1])} differ so much by the edges that they lack (weights of 0) "
                f"that the circuits cannot be counted; take out nodes that are not needed, or use weights that are not "
                f"0"
            )
        states = following
    return sum(states.values())


def alike_nodes(graph: Graph, edges: Iterable[Edge]) -> dict[tuple[Ends, Ends], list[Node]]:
    """The nodes but the inputs, in order, by their parents and their children among some edges; outputs apart."""
    parents: dict[Node, list[Node]] = {node: [] for node in graph.nodes}
    children: dict[Node, list[Node]] = {node: [] for node in graph.nodes}
    for edge in edges:
        child, parent = edge.child, edge.parent
        parents[child].append(parent)
        children[parent].append(child)
    found: dict[tuple[Ends, Ends], list[Node]] = {}
    for node in graph.nodes:
        if node.stage:
            # An inner node without children is alike to others of its kind, but not to an output.
            own = ((node, 0),) if node.stage == graph.last and not children[node] else _counted(children[node])
            found.setdefault((_counted(parents[node]), own), []).append(node)
    return found


def _counted(nodes: Iterable[Node]) -> Ends:
    numbers: dict[Node, int] = {}
    for node in nodes:
        numbers[node] = numbers.get(node, 0) + 1
    return tuple(sorted(numbers.items()))
