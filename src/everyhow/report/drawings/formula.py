"""An algorithm as a tree: the output on top, inputs below, each variable in its color and with its number."""

from collections.abc import Iterator, Sequence

from ...boolean.algorithms import Algorithm, Path
from ...boolean.truth_table import TruthTable
from ...mapping.mapping import Mapping
from ...model.graph import Graph
from .drawing import Drawing
from .palette import badge_role, variable_role
from .shapes import MARGIN, Box, Circle, Label, Line, Part, Shape, text_width

LEAF, LEVEL, NODE = 46.0, 62.0, 28.0


def draw_algorithm(algorithm: Algorithm) -> Drawing:
    """The formula as a tree."""
    return _tree(algorithm, [""] * len(algorithm.variables), str(algorithm))


def draw_mapping(mapping: Mapping, graph: Graph | None = None) -> Drawing:
    """The formula as a tree, each variable with the neurons that carry it, by their names in the graph of the model."""
    places = [neurons.named(graph) for neurons in mapping.sets]
    return _tree(mapping.algorithm, places, f"{mapping.algorithm}: {mapping.named(graph)}")


def draw_placed(algorithm: Algorithm, places: Sequence[str], title: str) -> Drawing:
    """The formula as a tree, each variable with what carries it, in the order of `algorithm.variables`."""
    return _tree(algorithm, places, title)


def _tree(algorithm: Algorithm, places: Sequence[str], title: str) -> Drawing:
    nodes = algorithm.nodes
    variables = [variable.path for variable in algorithm.variables]
    across = _across(algorithm)
    widest = max([text_width(place, 11) + 12 for place in places if place], default=0.0)
    # Variables stand above two leaves at least, so that half a place is room enough.
    apart = max(LEAF, widest / 2 + 8)
    side = MARGIN + max(LEAF, widest) / 2
    spots = {path: (side + across[path] * apart, 24 + LEVEL * len(path)) for path in nodes}
    lines = tuple(Line("plain", *spots[path[:-1]], *spots[path], 1.5) for path in nodes if path)
    parts = [Part("", "", lines)]
    for path, node in nodes.items():
        index = variables.index(path) if path in variables else None
        place = places[index] if index is not None else ""
        said = f"{node.formula} = {TruthTable(algorithm.inputs, node.bits)}" + (f", in {place}" if place else "")
        parts.append(Part(_key(path), said, tuple(_node(*spots[path], node.label, index, place))))
    width = max(x for x, _ in spots.values()) + side
    height = 24 + LEVEL * max(map(len, nodes)) + 30
    return Drawing(title, max(width, text_width("AND", 13) + 2 * side), height, tuple(parts))


def _node(x: float, y: float, label: str, index: int | None, place: str) -> Iterator[Shape]:
    width = max(30.0, text_width(label, 13) + 20, text_width(place, 11) + 12 if place else 0.0)
    half = NODE / 2 + (7 if place else 0)
    left, right, top, bottom = x - width / 2, x + width / 2, y - half, y + half
    yield Box("box", left, top, width, 2 * half, round=6)
    yield Label("text", x, y - (8 if place else 0), label, 13)
    if place:
        yield Label("note", x, y + 9, place, 11)
    if index is None:
        return
    role = variable_role(index)
    for ends in (
        (left, top, right, top),
        (right, top, right, bottom),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
    ):
        yield Line(role, *ends)
    yield Circle(badge_role(index), right, top, 8.5)
    yield Label("badge", right, top, str(index + 1), 11)


def _across(algorithm: Algorithm) -> dict[Path, float]:
    """Each node's place across, in leaves: leaves side by side, every gate midway between its operands."""
    nodes = algorithm.nodes
    leaves = [path for path, node in nodes.items() if not node.operands]
    found = {path: float(k) for k, path in enumerate(leaves)}
    for path in sorted(nodes, key=len, reverse=True):
        if path not in found:
            found[path] = (found[*path, 0] + found[*path, 1]) / 2
    return found


def _key(path: Path) -> str:
    return "node-" + "".join(map(str, path))
