"""A model of components that have named inputs, or stand for themselves: boxes in stages, and curves that pass other
boxes above, below, or through a gap, each in a lane of its own."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...auditing.exhibits import Activations
from ...model.graph import Edge, Graph, Node
from .marks import levels, squares
from .shapes import MARGIN, Box, Curve, Label, Part, Shape, text_width, wrapped

Point = tuple[float, float]
# Of a box with squares in it, of one without, and of the squares; and of what says which input it is.
TALL, LOW, SIDE = 62.0, 30.0, 40.0
SLOT, LETTERS = 15.0, 9.5
# Between two lanes, two boxes of a stage, and a box and the nearest lane.
LANE, GAP, NEAR = 7.0, 20.0, 11.0
# Beyond so many lanes above or below all boxes, edges share them.
MOST_LANES = 40
# Between two stages, where there are few of them and where there are many.
WIDE, NARROW, FEW = 84.0, 58.0, 5
THICK, THIN, MANY = 2.0, 1.5, 30
# Squares of more positions would be too small to be seen.
MOST_POSITIONS = 20
# What the squares of a node say that looks at positions.
LOOKS = "squares: how much a head looks at each position (across) from each (down)"
TOP, BOTTOM = 10.0, 10.0


class Wire(NamedTuple):
    """What is drawn between two nodes."""

    key: str
    parent: Node
    child: Node
    slot: int
    title: str


def has_components(graph: Graph) -> bool:
    """Whether a graph is drawn as boxes: its nodes have named inputs, or circuits are sets of them."""
    return graph.of_nodes or any(name for names in graph.slots for name in names)


def wires_of(graph: Graph) -> tuple[Wire, ...]:
    """The edges of a graph; where circuits are sets of nodes, from every node to every one of a later stage."""
    if graph.of_nodes:
        return tuple(
            Wire(wire_key(child, parent), parent, child, 0, f"{graph.name(parent)} to {graph.name(child)}")
            for child in graph.nodes
            for parent in graph.nodes
            if parent.stage < child.stage
        )
    named = [(edge_key(edge), edge) for edge in graph.edges] + [(f"held-{edge_key(edge)}", edge) for edge in graph.held]
    return tuple(
        Wire(key, edge.parent, edge.child, edge.slot, f"{graph.name(edge.parent)} to {graph.entry(edge)}")
        for key, edge in named
    )


def edge_key(edge: Edge) -> str:
    """The part of a drawing that stands for an edge, or, where it stands for a node, for that node."""
    return node_key(edge.child) if edge.child == edge.parent else "edge-" + "-".join(map(str, edge))


def node_key(node: tuple[int, int]) -> str:
    """The part of a drawing that stands for a node."""
    return f"neuron-{node[0]}-{node[1]}"


def wire_key(child: Node, parent: Node) -> str:
    """The part of a drawing between two nodes, where circuits are sets of nodes."""
    return "wire-" + "-".join(map(str, (*child, *parent)))


@dataclass(frozen=True, eq=False)
class Boxes:
    """Where the components of a model stand, and which way its edges go.

    Attributes:
        graph: the wiring.
        activations: what nodes hold, and where they look, at some inputs; None where nothing is shown of that.
    """

    graph: Graph
    activations: Activations | None = None

    @cached_property
    def wires(self) -> tuple[Wire, ...]:
        """What is drawn between nodes."""
        return wires_of(self.graph)

    @cached_property
    def positions(self) -> int:
        """The positions at which nodes look; 0 where they do not, or where there are too many to be shown."""
        patterns = () if self.activations is None else self.activations.looks.values()
        number = next((pattern.shape[-1] for pattern in patterns), 0)
        return number if number <= MOST_POSITIONS else 0

    def looks(self, node: Node) -> bool:
        """Whether a node has squares that say where it looks."""
        return bool(self.positions) and self.graph.name(node) in self.activations.looks  # type: ignore[union-attr]

    def values(self, node: Node) -> np.ndarray | None:
        """What a node holds at each input, where that is one number."""
        return None if self.activations is None else self.activations.of(*node)

    def size(self, node: Node) -> Point:
        """The width and height of a node."""
        name, slots = text_width(self.graph.name(node), 11), self.graph.slots[node.stage]
        left = max((self.slot_width(slot) for slot in slots if slot), default=0.0) / 2
        if self.looks(node):
            return max(SIDE, name) + left + 14, TALL
        tall = TALL - 4 if len(slots) > 1 else TALL - 14 if self.values(node) is not None else LOW
        return name + left + 16, tall

    def slot_width(self, name: str) -> float:
        """Of what says which input it is."""
        return max(SLOT, text_width(name, LETTERS) + 7)

    @cached_property
    def widths(self) -> tuple[float, ...]:
        """Of the columns."""
        return tuple(
            max(self.size(Node(stage, place))[0] for place in range(size))
            for stage, size in enumerate(self.graph.sizes)
        )

    @cached_property
    def lefts(self) -> tuple[float, ...]:
        """Where each column begins."""
        step = WIDE if len(self.widths) <= FEW else NARROW
        found = [MARGIN]
        for width in self.widths[:-1]:
            found.append(found[-1] + width + step)
        return tuple(found)

    @property
    def width(self) -> float:
        """Of the drawing."""
        return self.lefts[-1] + self.widths[-1] + MARGIN

    @cached_property
    def passed(self) -> Mapping[Wire, Mapping[int, int]]:
        """For each edge that passes stages, the gap through which it passes each: the nodes that lie above it."""
        found = {}
        for wire in self.wires:
            between = range(wire.parent.stage + 1, wire.child.stage)
            start, end = self._even(wire.parent), self._even(wire.child)
            end += 0.4 * ((wire.slot + 0.5) / len(self.graph.slots[wire.child.stage]) - 0.5)
            upper = sum(wire.parent) % 2 == 0
            found[wire] = {
                stage: self._nearest(
                    stage, start + (end - start) * (stage - wire.parent.stage) / (1 + len(between)), upper
                )
                for stage in between
            }
        return found

    def _even(self, node: Node) -> float:
        """The height of a node, were all alike."""
        return node.place - (self.graph.sizes[node.stage] - 1) / 2

    def _nearest(self, stage: int, height: float, upper: bool) -> int:
        """The gap of a stage that is nearest to a height; of two the upper one, or the lower one."""
        size = self.graph.sizes[stage]
        return min(range(size + 1), key=lambda gap: (round(abs(gap - size / 2 - height), 6), gap if upper else -gap))

    @cached_property
    def within(self) -> Mapping[tuple[int, int], Sequence[Wire]]:
        """The edges that pass a stage between two of its nodes, by stage and gap, the upper one first."""
        found: dict[tuple[int, int], list[Wire]] = defaultdict(list)
        for wire, gaps in self.passed.items():
            for stage, gap in gaps.items():
                if 0 < gap < self.graph.sizes[stage]:
                    found[stage, gap].append(wire)
        return {
            key: sorted(wires, key=lambda wire: (self._even(wire.parent) + self._even(wire.child), wire.slot))
            for key, wires in found.items()
        }

    @cached_property
    def lanes(self) -> Mapping[tuple[Wire, bool], int]:
        """The lane of each edge that passes stages above (True) or below (False) all their nodes; 0 is the nearest.
        Edges that pass few stages lie inside those that pass many."""
        found: dict[tuple[Wire, bool], int] = {}
        taken: dict[tuple[bool, int], set[int]] = defaultdict(set)
        spans = {
            (wire, above): stages
            for wire, gaps in self.passed.items()
            for above in (True, False)
            if (stages := {s for s, gap in gaps.items() if gap == (0 if above else self.graph.sizes[s])})
        }
        for (wire, above), stages in sorted(spans.items(), key=lambda item: (len(item[1]), item[0])):
            lane = 0
            while lane < MOST_LANES and taken[above, lane] & stages:
                lane += 1
            if lane == MOST_LANES:
                lane = len(found) % MOST_LANES
            taken[above, lane] |= stages
            found[wire, above] = lane
        return found

    @cached_property
    def tops(self) -> Mapping[Node, float]:
        """The upper end of each node, 0 being the middle of the drawing."""
        found = {}
        for stage, size in enumerate(self.graph.sizes):
            nodes = [Node(stage, place) for place in range(size)]
            gaps = [self._gap(stage, gap) for gap in range(1, size)]
            y = -(sum(self.size(node)[1] for node in nodes) + sum(gaps)) / 2
            for node, gap in zip(nodes, [*gaps, 0.0], strict=True):
                found[node] = y
                y += self.size(node)[1] + gap
        return found

    def _gap(self, stage: int, gap: int) -> float:
        return max(GAP, LANE * (len(self.within.get((stage, gap), ())) - 1) + 2 * NEAR)

    def _beside(self, stage: int, above: bool) -> float:
        """The nearest lane above or below the nodes of a stage; the same one for all stages of one node."""
        sizes = self.graph.sizes
        alike = [s for s, size in enumerate(sizes) if size == 1 and s > 0] if sizes[stage] == 1 else [stage]
        if above:
            return min(self.tops[Node(s, 0)] for s in alike) - NEAR
        lowest = [Node(s, sizes[s] - 1) for s in alike]
        return max(self.tops[node] + self.size(node)[1] for node in lowest) + NEAR

    def _lane(self, wire: Wire, stage: int, gap: int) -> float:
        """The height at which an edge passes a stage."""
        if gap == 0:
            return self._beside(stage, True) - LANE * self.lanes[wire, True]
        if gap == self.graph.sizes[stage]:
            return self._beside(stage, False) + LANE * self.lanes[wire, False]
        wires, upper = self.within[stage, gap], Node(stage, gap - 1)
        start = self.tops[upper] + self.size(upper)[1] + self._gap(stage, gap) / 2
        return start + LANE * (wires.index(wire) - (len(wires) - 1) / 2)

    @cached_property
    def _ends(self) -> Point:
        """The highest and the lowest mark."""
        heights = [self._lane(wire, stage, gap) for wire, gaps in self.passed.items() for stage, gap in gaps.items()]
        tops = [*self.tops.values(), *heights]
        bottoms = [*(top + self.size(node)[1] for node, top in self.tops.items()), *heights]
        return min(tops) - TOP, max(bottoms) + BOTTOM

    @property
    def height(self) -> float:
        """Of the drawing."""
        return self._ends[1] - self._ends[0]

    def box(self, node: tuple[int, int]) -> tuple[float, float, float, float]:
        """Left, top, width and height of a node."""
        one = Node(*node)
        width, height = self.size(one)
        left = self.lefts[one.stage] + (self.widths[one.stage] - width) / 2
        return left, self.tops[one] - self._ends[0], width, height

    def slot(self, node: Node, slot: int) -> Point:
        """Where the edges into a slot end: the left end of what names it."""
        left, top, _, height = self.box(node)
        names = self.graph.slots[node.stage]
        return left - (self.slot_width(names[slot]) / 2 if names[slot] else 0.0), top + height * (slot + 0.5) / len(
            names
        )

    def path(self, wire: Wire) -> tuple[Point, ...]:
        """The points that an edge passes."""
        left, top, width, height = self.box(wire.parent)
        points = [(left + width, top + height / 2)]
        for stage, gap in self.passed[wire].items():
            y = self._lane(wire, stage, gap) - self._ends[0]
            points += [(self.lefts[stage] - 4, y), (self.lefts[stage] + self.widths[stage] + 4, y)]
        return (*points, self.slot(wire.child, wire.slot))


def component_parts(boxes: Boxes) -> tuple[Part, ...]:
    """Every edge and every component."""
    width = THIN if len(boxes.wires) > MANY else THICK
    wires = (Part(wire.key, wire.title, (Curve("wire", boxes.path(wire), width),)) for wire in boxes.wires)
    return (*wires, *(_component(boxes, node) for node in boxes.graph.nodes))


def ring_shapes(boxes: Boxes, node: tuple[int, int], role: str) -> tuple[tuple[Shape, ...], Point]:
    """What goes around a component, and where its number stands."""
    left, top, width, height = boxes.box(node)
    slots = max((boxes.slot_width(slot) for slot in boxes.graph.slots[node[0]] if slot), default=0.0) / 2
    around = Box(role, left - slots - 3.5, top - 3.5, width + slots + 7, height + 7, round=9)
    return (around,), (left + width, top)


def _component(boxes: Boxes, node: Node) -> Part:
    graph, name = boxes.graph, boxes.graph.name(node)
    left, top, width, height = boxes.box(node)
    role = "input" if node.stage == 0 else "neuron"
    shapes: list[Shape] = [Box(role, left, top, width, height, round=6)]
    inner = max((boxes.slot_width(slot) for slot in graph.slots[node.stage] if slot), default=0.0) / 2
    middle, values, said = left + (inner + width) / 2, boxes.values(node), [name]
    if boxes.looks(node):
        pattern = boxes.activations.looks[name].mean(axis=0)  # type: ignore[union-attr]
        shapes.append(Label("text", middle, top + 10, name, 11))
        shapes += _squares(middle - SIDE / 2, top + 18, pattern)
        said.append("squares say how much it looks at each position (across) from each (down)")
    elif values is not None:
        shapes.append(Label("text", middle, top + 10, name, 11))
        shapes += _levels(middle, top + height / 2 + 8, values)
        names = boxes.activations.names  # type: ignore[union-attr]
        said.append(", ".join(f"{value + 0.0:.3g} at {one}" for value, one in zip(values, names, strict=True)))
    else:
        shapes.append(Label("text", middle, top + height / 2, name, 11))
    for slot, text in enumerate(graph.slots[node.stage]):
        if text:
            x, y = boxes.slot(node, slot)
            wide = boxes.slot_width(text)
            shapes.append(Box("slot", x, y - SLOT / 2, wide, SLOT, round=SLOT / 2))
            shapes.append(Label("text", x + wide / 2, y, text, LETTERS))
    return Part(node_key(node), ": ".join(said), tuple(shapes))


def _squares(left: float, top: float, pattern: np.ndarray) -> Iterator[Shape]:
    """Positions by positions, darker where a node looks more."""
    cell = SIDE / len(pattern)
    yield Box("cell", left, top, SIDE, SIDE)
    for row, shares in enumerate(pattern):
        for column, share in enumerate(shares):
            yield Box("look", left + cell * column, top + cell * row, cell, cell, level=round(float(share), 3))


def _levels(x: float, y: float, values: Iterable[float]) -> Iterator[Shape]:
    """One square per input, darker where the value is larger."""
    yield from squares(x, y, 22.0, levels(np.asarray(values)).tolist())


def legend(boxes: Boxes) -> tuple[str, ...]:
    """What the squares of components show, in lines that fit the drawing."""
    if not boxes.positions or boxes.activations is None:
        return ()
    words = ", ".join(filter(None, (LOOKS, shown_inputs(boxes.activations), alone_text(boxes.activations))))
    return tuple(wrapped(words.split(), max(12, math.floor((boxes.width - 2 * MARGIN) / (10 * 0.56)))))


def shown_inputs(activations: Activations) -> str:
    """Of which inputs a mean is."""
    number = len(activations.rows)
    if number == 1:
        return f"at {activations.names[0]}"
    return f"mean over {some_inputs(activations)}"


def some_inputs(activations: Activations) -> str:
    """How many inputs are shown, and of how many."""
    number = len(activations.rows)
    return f"all {number} inputs" if activations.complete else f"{number} of the {activations.inputs:,} inputs"


def alone_text(activations: Activations) -> str:
    """How a circuit was run for that; empty of a whole model."""
    return {"": "", "nothing": "the circuit run alone"}.get(
        activations.alone, f"the circuit run with all other edges carrying {activations.alone}"
    )
