"""What depends on what in a hypothesis: the variables that each is computed from, and what is still read past a
layer."""

from functools import singledispatch
from typing import Any

import numpy as np

from ..boolean.algorithms import Algorithm
from ..mapping.causal_models import CausalModel
from .placed import PlacedHypothesis


@singledispatch
def used(stated: Any) -> list[tuple[int, ...]]:
    """For each variable the numbers of those that it is computed from directly."""
    raise TypeError(f"a {type(stated).__name__} has no variables")


@used.register
def _(stated: Algorithm) -> list[tuple[int, ...]]:
    variables = stated.variables
    return [tuple(k for k, one in enumerate(variables) if one.user == v.path) for v in variables]


@used.register
def _(stated: CausalModel) -> list[tuple[int, ...]]:
    return [
        tuple(k for k, name in enumerate(stated.inner) if name in stated.parents[variable]) for variable in stated.inner
    ]


def unordered(placed: PlacedHypothesis) -> tuple[tuple[int, int], ...]:
    """The variables that do not lie in an earlier layer than one that is computed from them, each with that one; where
    places span stages, of which some node is not in an earlier stage than every node of that one."""
    places = placed.carriers
    return tuple(
        (k, v) for v, ones in enumerate(used(placed.stated)) for k in ones if places[k].last >= places[v].first
    )


def reaching(placed: PlacedHypothesis) -> list[tuple[int, ...]]:
    """For each variable those that may change it when they are forced: those with a node in an earlier stage than one
    of its own, and those that it is computed from."""
    below_each, found = used(placed.stated), []
    for v, carrier in enumerate(placed.carriers):
        below, waiting = set(), list(below_each[v])
        while waiting:
            k = waiting.pop()
            below.add(k)
            waiting += [one for one in below_each[k] if one not in below]
        earlier = {k for k, other in enumerate(placed.carriers) if other.first < carrier.last}
        found.append(tuple(sorted((below | earlier) - {v})))
    return found


def read_at_the_output(placed: PlacedHypothesis) -> dict[str, np.ndarray]:
    """What the hypothesis reads directly beside variables where it decides, by its name, at each input: all that the
    decision still depends on while everything that carries a variable is held."""
    return _read_at_the_output(placed.stated, placed)


@singledispatch
def _read_at_the_output(stated: Any, placed: PlacedHypothesis) -> dict[str, np.ndarray]:
    raise TypeError(f"a {type(stated).__name__} has no variables")


@_read_at_the_output.register
def _(stated: Algorithm, placed: PlacedHypothesis) -> dict[str, np.ndarray]:
    assert placed.mapping is not None
    return _at_rows(placed, placed.mapping.read_at_the_root)


@_read_at_the_output.register
def _(stated: CausalModel, placed: PlacedHypothesis) -> dict[str, np.ndarray]:
    return {name: values for name, values in _of_inputs(placed).items() if name in stated.parents[stated.output]}


def still_read(placed: PlacedHypothesis, layer: int) -> dict[str, np.ndarray]:
    """What the hypothesis still reads past a layer beside the variables held there, by its name, at each input: the
    inputs, and the variables of earlier layers, that a node reads which is not finished there. A node is not finished
    when it is the output, or a variable of a later layer."""
    return _read_past(placed.stated, placed, layer)


@singledispatch
def _read_past(stated: Any, placed: PlacedHypothesis, layer: int) -> dict[str, np.ndarray]:
    raise TypeError(f"a {type(stated).__name__} has no variables")


@_read_past.register
def _(stated: Algorithm, placed: PlacedHypothesis, layer: int) -> dict[str, np.ndarray]:
    assert placed.mapping is not None
    return _at_rows(placed, placed.mapping.still_read(layer))


@_read_past.register
def _(stated: CausalModel, placed: PlacedHypothesis, layer: int) -> dict[str, np.ndarray]:
    layers = dict(zip(placed.names, (carrier.first for carrier in placed.carriers), strict=True))
    unfinished = [stated.output, *(name for name in stated.inner if layers[name] > layer)]
    read = {parent for name in unfinished for parent in stated.parents[name]}
    found = {name: values for name, values in _of_inputs(placed).items() if name in read}
    for k, name in enumerate(stated.inner):
        if name in read and layers[name] < layer:
            found[name] = np.array(placed.own[k])
    return found


def _at_rows(placed: PlacedHypothesis, tables: dict[str, int]) -> dict[str, np.ndarray]:
    """Functions of the bits that are known, by their names, at each input."""
    return {name: np.array([bits >> row & 1 for row in placed.behavior.rows]) for name, bits in tables.items()}


def _of_inputs(placed: PlacedHypothesis) -> dict[str, np.ndarray]:
    """The inputs of a causal model, by their names, at each input of the model."""
    over: Any = placed.placeable
    return {name: np.array([setting[name] for setting in over.inputs]) for name in over.model.inputs}
