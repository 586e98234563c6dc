"""Patched runs as lines of Python that can be copied, `network` being the model as it was read.

Neurons are given as numbers, as the model takes them; what nodes of many numbers hold is taken from another run.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from ..common.shapes import Float
from ..experiment.placed import is_code
from ..mapping.signatures import NeuronSet
from ..model.graph import Node
from ..model.model import Model
from ..model.runnable import Intervention
from .placed import PlacedHypothesis


def of_interchange(placed: PlacedHypothesis, base: int, forced: Sequence[tuple[int, int]]) -> str:
    """The run on an input in which variables take their values from others, as a line of Python.

    Args:
        placed: the hypothesis whose variables they are.
        base: the input of the run, by its number.
        forced: each variable with the input that it takes its value from.
    """
    if placed.model.residual:
        return taken_line(placed.model, placed.behavior.points[base], _taken(placed, forced))
    held = interchange(placed, base, forced)
    return python_line(
        placed.model,
        placed.behavior.points[base],
        ((one, _moved(placed, one.layer, [k for k, _ in forced])) for one in held),
    )


def with_nodes(
    model: Model, points: Float[np.ndarray, "inputs features"], base: int, nodes: NeuronSet, source: int
) -> str:
    """The run on an input in which some nodes hold what they hold at another."""
    if model.residual:
        return taken_line(model, points[base], [(node, _values(points[source])) for node in nodes.nodes])
    whole = Intervention(
        nodes.layer, tuple(range(model.graph.sizes[nodes.layer])), model.states(points[[source]])[nodes.layer]
    )
    return python_line(model, points[base], [(whole, nodes.neurons)])


def of_rest(placed: PlacedHypothesis, base: int, layer: int, source: int) -> str:
    """The run on an input in which all of a layer but what carries its variables is taken from another."""
    held = placed.held(layer, placed.rest_moved(layer, np.array([base]), np.array([source])))
    here = [one for k, one in enumerate(placed.carriers) if placed.touches(k, layer)]
    kept = () if any(map(is_code, here)) else {node.place for one in here for node in one.nodes}
    return python_line(placed.model, placed.behavior.points[base], [(held, [j for j in held.neurons if j not in kept])])


def of_kept(placed: PlacedHypothesis, base: int, source: int) -> str:
    """The run on a source in which everything that carries a variable is held as at the base."""
    points = placed.behavior.points
    return taken_line(placed.model, points[source], [(node, _values(points[base])) for node in placed.mapped])


def of_left(placed: PlacedHypothesis, base: int, v: int, at: int, forced: Sequence[tuple[int, int]]) -> str:
    """The run on an input in which a variable is held as forced variables leave it at another."""
    if placed.model.residual:
        patch = _patch(placed.model, _taken(placed, forced))
        left = _values(placed.behavior.points[at], patch)
        return taken_line(placed.model, placed.behavior.points[base], [(node, left) for node in placed.nodes[v]])
    layer = placed.carriers[v].first
    there = placed.natural_left(v, at, forced)
    (held,) = placed.left(v, np.array([base]), there)
    return python_line(placed.model, placed.behavior.points[base], [(held, _moved(placed, layer, [v]))])


def interchange(placed: PlacedHypothesis, base: int, forced: Sequence[tuple[int, int]]) -> list[Intervention]:
    """What carries out one interchange."""
    if not forced:
        return []
    return placed.interventions(np.array([base]), [k for k, _ in forced], np.array([[source for _, source in forced]]))


def python_line(
    model: Model, point: Float[np.ndarray, " features"], held: Iterable[tuple[Intervention, Sequence[int]]]
) -> str:
    """A run as a line of Python, `network` being the model as it was read.

    Args:
        model: what is run.
        point: the input of the run, as the model takes it.
        held: what holds whole layers, each with the neurons that are named; the others it leaves as they are.

    Example:
        >>> import everyhow as eh
        >>> held = Intervention(1, (0, 1, 2), np.array([[0.0, 0.5, 1.0]]))
        >>> python_line(eh.xornet(), np.array([0.0, 1.0]), [(held, [1])])
        'network.run([[0, 1]], patch={"h1.1": 0.5})[0, 0] > network.level'
    """
    names = model.graph.names
    patch = ", ".join(f'"{names[one.layer][j]}": {_number(one.values[0, j])}' for one, neurons in held for j in neurons)
    return _run_line(point, patch)


def taken_line(model: Model, point: Float[np.ndarray, " features"], taken: Iterable[tuple[Node, str]]) -> str:
    """A run in which nodes hold what they hold in other runs, as a line of Python.

    Args:
        model: what is run.
        point: the input of the run.
        taken: each node with the run that its value is taken from, as `_values` writes it.
    """
    return _run_line(point, _patch(model, taken))


def _run_line(point: Float[np.ndarray, " features"], patch: str) -> str:
    given = f", patch={{{patch}}}" if patch else ""
    return f"network.run([{_number(point)}]{given})[0, 0] > network.level"


def _patch(model: Model, taken: Iterable[tuple[Node, str]]) -> str:
    return ", ".join(f'"{name}": {values}["{name}"]' for name, values in ((model.graph.name(n), v) for n, v in taken))


def _values(point: Float[np.ndarray, " features"], patch: str = "") -> str:
    """What all nodes hold in a run."""
    given = f", patch={{{patch}}}" if patch else ""
    return f"network.node_values([{_number(point)}]{given})"


def _taken(placed: PlacedHypothesis, forced: Sequence[tuple[int, int]]) -> list[tuple[Node, str]]:
    """The nodes of forced variables, each with the run on its source."""
    points = placed.behavior.points
    return [(node, _values(points[source])) for k, source in forced for node in placed.nodes[k]]


def _moved(placed: PlacedHypothesis, layer: int, forced: Sequence[int]) -> list[int]:
    """The neurons of a layer that forced variables move; all of it where one of these is carried by a code."""
    here = [placed.carriers[k] for k in forced if placed.touches(k, layer)]
    if any(map(is_code, here)):
        return list(range(placed.model.graph.sizes[layer]))
    return sorted({node.place for one in here for node in one.nodes if node.stage == layer})


def _number(value: np.ndarray | float) -> str:
    """A number, or several, in full."""
    if np.ndim(value):
        return f"[{', '.join(map(_number, np.asarray(value)))}]"
    return f"{float(value) + 0.0!r}".removesuffix(".0")
