"""Patched runs as lines of Python that can be copied: the numbers themselves, as the model takes them."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from ..experiment.placed import is_code
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
    held = interchange(placed, base, forced)
    return python_line(
        placed.model,
        placed.behavior.points[base],
        ((one, _moved(placed, one.layer, [k for k, _ in forced])) for one in held),
    )


def of_rest(placed: PlacedHypothesis, base: int, layer: int, source: int) -> str:
    """The run on an input in which all of a layer but what carries its variables is taken from another."""
    held = placed.held(layer, placed.rest_moved(layer, np.array([base]), np.array([source])))
    here = [one for one in placed.carriers if one.layer == layer]
    kept = () if any(map(is_code, here)) else {j for one in here for j in one.neurons}
    return python_line(placed.model, placed.behavior.points[base], [(held, [j for j in held.neurons if j not in kept])])


def of_left(placed: PlacedHypothesis, base: int, v: int, at: int, forced: Sequence[tuple[int, int]]) -> str:
    """The run on an input in which a variable is held as forced variables leave it at another."""
    layer = placed.carriers[v].layer
    left = placed.model.states(placed.behavior.points[[at]], interchange(placed, at, forced))[layer].reshape(1, -1)
    held = placed.held(layer, placed.moved(v, placed.natural[layer][[base]], placed.read(v, left)))
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
    given = f", patch={{{patch}}}" if patch else ""
    return f"network.run([{_number(point)}]{given})[0, 0] > network.level"


def _moved(placed: PlacedHypothesis, layer: int, forced: Sequence[int]) -> list[int]:
    """The neurons of a layer that forced variables move; all of it where one of these is carried by a code."""
    here = [placed.carriers[k] for k in forced if placed.carriers[k].layer == layer]
    if any(map(is_code, here)):
        return list(range(placed.model.graph.sizes[layer]))
    return sorted({j for one in here for j in one.neurons})


def _number(value: np.ndarray | float) -> str:
    """A number, or several, in full."""
    if np.ndim(value):
        return f"[{', '.join(map(_number, np.asarray(value)))}]"
    return f"{float(value) + 0.0!r}".removesuffix(".0")
