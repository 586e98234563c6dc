"""An algorithm as a tree: the output on top, inputs below, each variable in its colour and with its number."""

from collections.abc import Sequence

from ...boolean.algorithms import Algorithm, Path
from ...boolean.truth_table import TruthTable
from ...mappings.mapping import Mapping
from .drawing import MARGIN, Box, Circle, Drawing, Label, Line, Part, text_width
from .palette import badge_role, variable_role

LEAF, LEVEL, NODE = 46.0, 62.0, 28.0


def draw_algorithm(algorithm: Algorithm) -> Drawing:
    """The formula as a tree."""
    return _tree(algorithm, [""] * len(algorithm.variables), str(algorithm))


def draw_mapping(mapping: Mapping) -> Drawing:
    """The formula as a tree, each variable with the neurons that carry it."""
    return _tree(mapping.algorithm, list(map(str, mapping.sets)), f"{mapping.algorithm}: {mapping}")


def _tree(algorithm: Algorithm, places: Sequence[str], title: str) -> Drawing:
    nodes = algorithm.nodes
    variables = [variable.path for variable in algorithm.variables]
    across = _across(algorithm)
    below = LEVEL + (12.0 if any(places) else 0.0)
    depth = max(map(len, nodes))
    widest = max([text_width(place, 11) for place in places], default=0.0)
    side = MARGIN + max(LEAF, widest) / 2
    spots = {path: (side + across[path] * max(LEAF, widest / 2 + 8), 24 + below * len(path)) for path in nodes}
    lines = tuple(Line("plain", *spots[path[:-1]], *spots[path], 1.5) for path in nodes if path)
    parts = [Part("", "", lines)]
    for path, node in nodes.items():
        index = variables.index(path) if path in variables else None
        place = places[index] if index is not None else ""
        said = f"{node.formula} = {TruthTable(algorithm.inputs, node.bits)}" + (f", in {place}" if place else "")
        parts.append(Part(_key(path), said, tuple(_node(*spots[path], node.label, index, place))))
    width = max(x for x, _ in spots.values()) + side
    return Drawing(title, max(width, text_width("AND", 13) + 2 * side), 24 + below * depth + 36, tuple(parts))


def _node(x: float, y: float, label: str, index: int | None, place: str):
    width = max(30.0, text_width(label, 13) + 20)
    yield Box("box", x - width / 2, y - NODE / 2, width, NODE, round=6)
    yield Label("text", x, y, label, 13)
    if index is None:
        return
    left, right, top, bottom = x - width / 2, x + width / 2, y - NODE / 2, y + NODE / 2
    role = variable_role(index)
    for ends in ((left, top, right, top), (left, bottom, right, bottom), (left, top, left, bottom)):
        yield Line(role, *ends)
    yield Line(role, right, top, right, bottom)
    yield Circle(badge_role(index), right, top, 8.5)
    yield Label("badge", right, top, str(index + 1), 11)
    if place:
        yield Label("halo", x, bottom + 11, place, 11)


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
