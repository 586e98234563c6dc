"""Interchange on readouts: signals swapped between inputs along their dual directions."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..common.arguments import instance
from ..common.errors import InputError
from ..importing.door import as_model
from ..model.runnable import Intervention
from .explanation import ReadoutExplanation

# A patched state is natural when it is this close to one, relative to how far natural states lie apart.
NATURAL_WITHIN = 1e-3


def dual_directions(
    explanation: ReadoutExplanation, holding: Float[np.ndarray, "held neurons"] | None = None
) -> Float[np.ndarray, "neurons signals"]:
    """For each signal the direction in activation space that changes its readout by 1 and no other's.

    Of all such directions those of least norm, which stay in the span of the readouts: whatever is orthogonal to all
    readouts is left untouched. `holding` names further combinations of neurons that must not change, one per row.

    Raises:
        InputError: readouts and what is held are not independent, or `holding` is of another shape.

    Example:
        >>> import everyhow as eh
        >>> (explanation, *_) = eh.readouts(eh.xornet())
        >>> dual_directions(explanation).round(2).ravel().tolist()
        [0.17, 0.17, -0.33]
    """
    codes = np.array([readout.coefficients for readout in explanation.readouts])
    held = np.zeros((0, codes.shape[1])) if holding is None else np.asarray(holding, dtype=np.float64)
    if held.ndim != 2 or held.shape[1] != codes.shape[1]:
        raise InputError(
            f"holding has shape {held.shape}; it takes one row per combination to hold, of {codes.shape[1]} neurons"
        )
    rows = np.concatenate([codes, held])
    if not _independent(rows):
        raise InputError(
            f"the {len(codes)} readouts and {len(held)} combinations held are not independent, so that no direction "
            f"changes one of them alone; hold fewer, or others"
        )
    return np.linalg.pinv(rows)[:, : len(codes)]


def is_swappable(explanation: ReadoutExplanation) -> bool:
    """Whether each readout can change without the others. At a generous tolerance one code may read several signals."""
    return _independent(np.array([readout.coefficients for readout in explanation.readouts]))


def _independent(rows: Float[np.ndarray, "rows neurons"]) -> bool:
    return bool(np.linalg.matrix_rank(rows) == len(rows))


@dataclass(frozen=True)
class ReadoutInterchange:
    """How a readout explanation fares when its signals are swapped.

    Attributes:
        single: for each signal the IIA: the share of all ordered (base, source) pairs at which network and gate agree
            after the signal takes its value from the source.
        joint: the same when two or more signals are swapped at once, each with a source of its own, over all choices;
            None when there is only one signal, or no two were moved at once.
        unnatural: how many of the patched states are not within 1e-3 of a state that some input produces, relative to
            the largest distance between such states.
        patched: the number of patched states, single and joint.
    """

    single: tuple[Fraction, ...]
    joint: Fraction | None
    unnatural: int
    patched: int


def interchange(
    network: Any,
    explanation: ReadoutExplanation,
    holding: Float[np.ndarray, "held neurons"] | None = None,
    most_moved: int | None = None,
) -> ReadoutInterchange:
    """Swap every signal, and every two or more at once, between all inputs.

    Args:
        network: the network that is explained.
        explanation: the signals and their gate.
        holding: combinations of neurons that must not change; see `dual_directions`.
        most_moved: the most signals swapped at once; all when not given.

    Example:
        >>> import everyhow as eh
        >>> (explanation, *_) = eh.readouts(eh.xornet())
        >>> found = interchange(eh.xornet(), explanation)
        >>> found.single, found.joint, f"{found.unnatural} of {found.patched}"
        ((Fraction(1, 1),), None, '8 of 16')
    """
    model = as_model(network)
    instance(explanation, ReadoutExplanation, "a ReadoutExplanation", "eh.readouts lists them")
    layer = explanation.layer
    states = model.states(model.corners)[layer]
    directions = dual_directions(explanation, holding)
    bases, sources = all_swaps(len(states), len(explanation.readouts))
    few = (sources >= 0).sum(axis=1) <= (len(explanation.readouts) if most_moved is None else most_moved)
    bases, sources = bases[few], sources[few]
    patched = swapped_states(explanation, states, directions, bases, sources)
    held = Intervention(layer, tuple(range(states.shape[1])), patched)
    agree = (model.run(model.corners[bases], [held])[:, 0] > model.level) == _expected(explanation, bases, sources)
    moved = (sources >= 0).sum(axis=1)
    single = tuple(_share(agree[(moved == 1) & (sources[:, k] >= 0)]) for k in range(sources.shape[1]))
    joint = _share(agree[moved > 1]) if (moved > 1).any() else None
    unnatural = ~is_natural(patched[moved > 0], states)
    return ReadoutInterchange(single, joint, int(unnatural.sum()), len(unnatural))


def all_swaps(inputs: int, variables: int) -> tuple[Int[np.ndarray, " swaps"], Int[np.ndarray, "swaps variables"]]:
    """Every base with every choice, for each variable, of a source or of none (-1): (inputs + 1)^variables x inputs."""
    grid = np.indices((inputs + 1,) * variables + (inputs,)).reshape(variables + 1, -1)
    return grid[-1], grid[:-1].T - 1


def swapped_states(
    explanation: ReadoutExplanation,
    states: Float[np.ndarray, "inputs neurons"],
    directions: Float[np.ndarray, "neurons signals"],
    bases: Int[np.ndarray, " swaps"],
    sources: Int[np.ndarray, "swaps signals"],
) -> Float[np.ndarray, "swaps neurons"]:
    """The states of the layer when signals take the values that they have at their sources."""
    codes = np.array([readout.coefficients for readout in explanation.readouts])
    values = states @ codes.T
    taken = np.where(sources >= 0, np.take_along_axis(values, np.maximum(sources, 0), axis=0), values[bases])
    return states[bases] + (taken - values[bases]) @ directions.T


def is_natural(
    patched: Float[np.ndarray, "swaps neurons"], states: Float[np.ndarray, "inputs neurons"]
) -> Bool[np.ndarray, " swaps"]:
    """Whether each patched state is one that some input produces."""
    apart = np.linalg.norm(states[:, None] - states[None], axis=2).max(initial=0.0)
    nearest = np.full(len(patched), np.inf)
    for state in states:
        nearest = np.minimum(nearest, np.linalg.norm(patched - state, axis=1))
    return nearest <= NATURAL_WITHIN * apart


def _expected(explanation: ReadoutExplanation, bases: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """What the gate gives when each signal has its value at its source, or else at the base."""
    pattern = np.zeros(len(bases), np.int64)
    for k, table in enumerate(explanation.signals):
        rows = np.where(sources[:, k] >= 0, sources[:, k], bases)
        pattern = pattern << 1 | (table.bits >> rows & 1)
    return (explanation.gate.bits >> pattern & 1).astype(bool)


def _share(agree: np.ndarray) -> Fraction:
    return Fraction(int(agree.sum()), len(agree))
