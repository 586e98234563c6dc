"""A hypothesis: its formula as a tree, each variable with what carries it; or the variables of a causal model."""

from collections import Counter
from dataclasses import replace
from functools import singledispatch
from typing import Any

from ...auditing.exhibits import Activations
from ...boolean.algorithms import Algorithm
from ...hypotheses.hypothesis import Hypothesis, mechanism_lines
from ...hypotheses.placed import PlacedHypothesis
from ...mapping.causal_models import CausalModel
from ...model.graph import Node
from ...model.model import Model
from .components import Boxes, has_components
from .drawing import Drawing
from .formula import draw_placed
from .network import Columns, draw_network, ring
from .palette import badge_role, variable_role
from .shapes import MARGIN, Circle, Label, Part, text_width

LINE, RING, BADGE = 22.0, 4.0, 19.0


def draw_hypothesis(hypothesis: Hypothesis) -> Drawing:
    """What is stated, with what carries each variable."""
    return _drawn(hypothesis.stated, hypothesis)


def draw_where(placed: PlacedHypothesis, activations: Activations | None) -> Drawing:
    """The model, with what carries each variable ringed in the color and with the number of the variable; around a
    neuron that stands in several codes one ring for each."""
    drawing, graph = draw_network(placed.model, activations), placed.model.graph
    places = Boxes(graph, activations) if has_components(graph) else Columns(graph)
    rings, around = [], Counter[Node]()
    for index, nodes in enumerate(placed.nodes):
        for node in nodes:
            part = ring(places, index, node)
            rings.append(part if not around[node] else _further(part, around[node], index))
            around[node] += 1
    if isinstance(places, Columns):
        # Several rings around one neuron reach its name, which is written once more above them.
        again = (places.label(*node) for node, number in around.items() if number > 1 and places.named(node[0]))
        rings += [Part("", "", (label,)) for label in again]
    return replace(drawing, title=f"Where {placed.title} sits: {placed.named()}").with_parts(*rings)


def draw_neuron(model: Model, node: Node, activations: Activations | None) -> Drawing:
    """The model with one neuron ringed."""
    graph = model.graph
    places = Boxes(graph, activations) if has_components(graph) else Columns(graph)
    first, *_ = ring(places, 0, node).shapes
    ringed = Part(f"ring-{node.stage}-{node.place}", graph.name(node), (first,))
    return replace(draw_network(model, activations), title=f"{graph.name(node)} in the {model.kind}").with_parts(ringed)


def _further(part: Part, before: int, index: int) -> Part:
    """A ring outside of others, its number below theirs."""
    first, *_ = part.shapes
    if not isinstance(first, Circle):
        return replace(part, key=f"{part.key}-{index}")
    x, y, radius = first.x, first.y, first.r + RING * before
    corner = x + radius * 0.95, y - radius * 0.85 + BADGE * before
    shapes = (
        Circle(variable_role(index), x, y, radius),
        Circle(badge_role(index), *corner, 8.5),
        Label("badge", *corner, str(index + 1), 11),
    )
    return replace(part, key=f"{part.key}-{index}", shapes=shapes)


@singledispatch
def _drawn(stated: Any, hypothesis: Hypothesis) -> Drawing:
    raise TypeError(f"a {type(stated).__name__} has no picture")


@_drawn.register
def _(stated: Algorithm, hypothesis: Hypothesis) -> Drawing:
    return draw_placed(stated, list(map(str, hypothesis.carriers)), str(hypothesis))


@_drawn.register
def _(stated: CausalModel, hypothesis: Hypothesis) -> Drawing:
    lines = mechanism_lines(stated, list(map(str, hypothesis.carriers)))
    parts = tuple(
        Part("", "", (Label("text", MARGIN, MARGIN + LINE * k, line, 13, "start"),)) for k, line in enumerate(lines)
    )
    width = max(text_width(line, 13) for line in lines) + 2 * MARGIN
    return Drawing(str(hypothesis), width, 2 * MARGIN + LINE * (len(lines) - 1), parts)
