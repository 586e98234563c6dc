"""The edges that a graph document lists, read and checked against the network that it is of."""

import math
from dataclasses import dataclass

from ..common.errors import InputError
from ..common.reading import cut
from ..model.graph import Edge
from ..network.network import Network, network_of

ARROW = "->"
# Names shown in one message.
MOST_NAMED = 5


def node_name(network: Network, layer: int, neuron: int) -> str:
    """The name of a neuron; layer 0 holds the inputs.

    Example:
        >>> from everyhow import xornet
        >>> node_name(xornet(), 0, 1), node_name(xornet(), 1, 2), node_name(xornet(), 2, 0)
        ('x1', 'h1.2', 'y0')
    """
    if layer == 0:
        return f"x{neuron}"
    return f"y{neuron}" if layer == network.depth else f"h{layer}.{neuron}"


@dataclass(frozen=True)
class Entry:
    """One edge of a graph document; the score is None when no finite score is given."""

    name: str
    edge: Edge
    in_graph: bool
    score: float | None


def entries(document: object, network: Network) -> list[Entry]:
    """Every edge that a graph document lists, in its order."""
    if not isinstance(document, dict) or not isinstance(document.get("edges"), dict):
        raise InputError('a graph is a JSON object with "edges", an object of edges by name such as "x0->h1.0"')
    _check_same_network(document, network)
    nodes = nodes_of(network)
    listed = document.get("nodes") or {}
    if not isinstance(listed, dict):
        raise InputError(f'"nodes" is {cut(listed)}; it is an object of nodes by name')
    ends = {name: [nodes[end] for end in name.split(ARROW) if end in nodes] for name in document["edges"]}
    unknown = [name for name in listed if name not in nodes]
    unknown += [name for name, nodes in ends.items() if len(nodes) != 2 or name.count(ARROW) != 1]
    if unknown:
        hidden = f", h1.0 to h{network.depth - 1}.{network.widths[-2] - 1}" if network.depth > 1 else ""
        raise InputError(
            f"{named(unknown)}: no such node or edge; the nodes of {network!r} are x0 to x{network.features - 1}"
            f"{hidden}, y0 to y{network.outputs - 1}, and an edge is PARENT->CHILD"
        )
    found, skipping = [], []
    for name, ((parent_layer, i), (layer, j)) in ends.items():
        if layer != parent_layer + 1:
            skipping.append(name)
        in_graph, score = _info(name, document["edges"][name])
        found.append(Entry(name, Edge((layer, j, i)), in_graph, score))
    if skipping:
        raise InputError(f"{named(skipping)}: edges go from one layer to the next")
    return found


def _check_same_network(document: dict, network: Network) -> None:
    cfg = document.get("cfg")
    widths = cfg.get("widths") if isinstance(cfg, dict) else None
    if widths is not None and widths != list(network.widths):
        raise InputError(
            f"the graph is of a network with the widths {cut(widths)}, not {list(network.widths)}; give its own network"
        )


def _info(name: str, info: object) -> tuple[bool, float | None]:
    """Whether an edge is in the graph (not in it when nothing is said), and its score."""
    if not isinstance(info, dict):
        raise InputError(f"edge {cut(name)} is {cut(info)}; an edge is an object with in_graph, score or both")
    in_graph, score = info.get("in_graph"), info.get("score")
    if in_graph not in (None, True, False):
        raise InputError(f"in_graph of edge {cut(name)} is {cut(in_graph)}; it is true or false")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise InputError(f"the score of edge {cut(name)} is {cut(score)}; it is a number")
    try:
        number = math.nan if score is None else float(score)
    except OverflowError:
        number = math.nan
    return bool(in_graph), number if math.isfinite(number) else None


def nodes_of(network: Network) -> dict[str, tuple[int, int]]:
    """Layer and neuron of every node, by its name."""
    network = network_of(network, "graphs in the format of EAP-IG are")
    nodes = [(layer, j) for layer, width in enumerate(network.widths) for j in range(width)]
    return {node_name(network, *node): node for node in nodes}


def edge_names(network: Network) -> dict[Edge, str]:
    """The name of every edge of non-zero weight."""
    edges = network_of(network, "graphs in the format of EAP-IG are").graph.edges
    return {edge: node_name(network, *edge.parent) + ARROW + node_name(network, *edge.child) for edge in edges}


def named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(cut, names[:MOST_NAMED])) + more
