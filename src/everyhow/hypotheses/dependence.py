"""What depends on what in a hypothesis: the variables that each is computed from, and what is still read past a
layer."""

import itertools
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
    """The variables that do not lie in an earlier layer than one that is computed from them, each with that one."""
    layers = [carrier.layer for carrier in placed.carriers]
    return tuple((k, v) for v, ones in enumerate(used(placed.stated)) for k in ones if layers[k] >= layers[v])


def reaching(placed: PlacedHypothesis) -> list[tuple[int, ...]]:
    """For each variable those that may change it when they are forced: the variables of earlier layers, and those that
    it is computed from."""
    below_each, found = used(placed.stated), []
    for v, carrier in enumerate(placed.carriers):
        below, waiting = set(), list(below_each[v])
        while waiting:
            k = waiting.pop()
            below.add(k)
            waiting += [one for one in below_each[k] if one not in below]
        earlier = {k for k, other in enumerate(placed.carriers) if other.layer < carrier.layer}
        found.append(tuple(sorted((below | earlier) - {v})))
    return found


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
    rows = placed.behavior.rows
    return {
        name: np.array([bits >> row & 1 for row in rows]) for name, bits in placed.mapping.still_read(layer).items()
    }


@_read_past.register
def _(stated: CausalModel, placed: PlacedHypothesis, layer: int) -> dict[str, np.ndarray]:
    layers = dict(zip(placed.names, (carrier.layer for carrier in placed.carriers), strict=True))
    unfinished = [stated.output, *(name for name in stated.inner if layers[name] > layer)]
    read = {parent for name in unfinished for parent in stated.parents[name]}
    digits = np.array(list(itertools.product((0, 1), repeat=len(stated.inputs))))
    found = {name: digits[:, k] for k, name in enumerate(stated.inputs) if name in read}
    for k, name in enumerate(stated.inner):
        if name in read and layers[name] < layer:
            found[name] = np.array(placed.own[k])
    return found
