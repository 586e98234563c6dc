"""Two networks beside each other: matched neurons have one number and one color."""

from dataclasses import replace

from ...auditing.exhibits import activations_of
from ...comparison.comparing import Comparison
from ...model.graph import Node
from .drawing import Drawing, beside
from .network import Columns, draw_network, ring
from .shapes import Part


def draw_matched(found: Comparison) -> Drawing:
    """The two networks with what their neurons hold at each input. The hidden neurons of the first are numbered, and
    each neuron of the second has the number of the one that it is; where widths differ, none has."""
    drawn = {}
    for k, (title, side) in enumerate(zip(("The first", "The second"), found.sides, strict=True)):
        drawing = draw_network(side.network, activations_of(side.network, side.behavior))
        drawn[f"{title}: {side.name}"] = drawing.with_parts(*_rings(found, k))
    return replace(beside("Two networks", drawn), title=f"{found.names[0]} and {found.names[1]}")


def _rings(found: Comparison, k: int) -> list[Part]:
    if found.matching is None:
        return []
    places = Columns(found.sides[k].network.graph)
    nodes = [Node(stage, j) for stage, layer in enumerate(found.matching.layers, start=1) for j in range(len(layer))]
    return [ring(places, index, found.matching.node(node) if k else node) for index, node in enumerate(nodes)]
