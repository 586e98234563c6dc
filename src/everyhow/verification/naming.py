"""What an audit.json calls neurons and edges: schemas 1 to 3 otherwise than what follows them."""

from ..auditing.schema import NAMED
from ..network.network import Network


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
