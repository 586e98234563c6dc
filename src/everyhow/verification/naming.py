"""How an audit.json writes lists, and what it calls neurons and edges: schemas 1 to 3 otherwise than later ones."""

from collections.abc import Sequence
from typing import Any

from ..auditing.schema import NAMED
from ..network.network import Network

# Items that are listed, of however many.
LISTED = 1000


def listed(items: Sequence[Any] | None) -> dict[str, Any] | None:
    """As lists stand in audit.json: how many there are, and the first of them."""
    return None if items is None else {"number": len(items), "listed": list(items[:LISTED])}


def names_in_codes(network: Network, layer: int, version: int) -> tuple[str, ...]:
    """The neurons of a layer as codes of readouts write them: by their names; once h1, h2, ... in every layer."""
    if version < NAMED:
        return tuple(f"h{j}" for j in range(1, network.widths[layer] + 1))
    return network.graph.names[layer]


def edge_in_words(network: Network, edge: tuple[int, int, int], version: int) -> str:
    """An edge as experiments tell it: by its name; once by the places of its ends."""
    layer, neuron, parent = edge
    if version < NAMED:
        return f"the edge from neuron {parent} of layer {layer - 1} to neuron {neuron} of layer {layer}"
    return f"the edge {network.graph.name(edge)}"
