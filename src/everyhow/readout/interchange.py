"""Interchange on readouts: signals swapped between inputs along their dual directions."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from ..boolean.truth_table import TruthTable
from ..common.arguments import instance, is_whole, quoted
from ..common.errors import InputError
from ..common.progress import Progress
from ..common.shapes import Bool, Float, Int
from ..importing.door import as_explained
from ..model.behavior import Behavior
from ..model.inputs import MOST_TRIED_WHOLE, Inputs, inputs_of, swaps
from ..model.runnable import Intervention
from .explanation import ReadoutExplanation, independent
from .signal import Signal, values_of

# A patched state is natural when it is this close to one, relative to how far natural states lie apart.
NATURAL_WITHIN = 1e-3
# Swaps of one explanation between more inputs than the largest truth table has rows.
MOST_PATCHED = 20_000


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
    codes = explanation.codes
    held = np.zeros((0, codes.shape[1])) if holding is None else np.asarray(holding, dtype=np.float64)
    if held.ndim != 2 or held.shape[1] != codes.shape[1]:
        raise InputError(
            f"holding has shape {held.shape}; it takes one row per combination to hold, of {codes.shape[1]} neurons"
        )
    rows = np.concatenate([codes, held])
    if not independent(rows):
        raise InputError(
            f"the {len(codes)} readouts and {len(held)} combinations held are not independent, so that no direction "
            f"changes one of them alone; hold fewer, or others"
        )
    return np.linalg.pinv(rows)[:, : len(codes)]


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
        of: of how many patched states these are a sample; None where all were tried.
    """

    single: tuple[Fraction, ...]
    joint: Fraction | None
    unnatural: int
    patched: int
    of: int | None = None


def interchange(
    network: Any,
    explanation: ReadoutExplanation,
    holding: Float[np.ndarray, "held neurons"] | None = None,
    most_moved: int | None = None,
    *,
    behavior: Behavior | None = None,
    seed: int = 0,
    progress: bool = False,
) -> ReadoutInterchange:
    """Swap every signal, and every two or more at once, between all inputs.

    Between more than 64 inputs, at most 20,000 swaps are tried. Where there are more, a sample of them is drawn, as
    many for each choice of signals, and `of` says so.

    Cost: the network runs once for each swap; whether states are natural takes inputs^2 distances.

    Args:
        network: the network that is explained.
        explanation: the signals and their gate.
        holding: combinations of neurons that must not change; see `dual_directions`.
        most_moved: the most signals swapped at once; all when not given.
        behavior: the inputs, each once, whatever its weight; the truth table of the network when not given.
        seed: of the sample.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: something that is not a readout explanation, or does not fit the network or the behavior; data of
            whose points no bits are known.

    Example:
        >>> import everyhow as eh
        >>> (explanation, *_) = eh.readouts(eh.xornet())
        >>> found = interchange(eh.xornet(), explanation)
        >>> found.single, found.joint, f"{found.unnatural} of {found.patched}"
        ((Fraction(1, 1),), None, '8 of 16')
    """
    model, behavior = as_explained(network, behavior)
    instance(explanation, ReadoutExplanation, "a ReadoutExplanation", "eh.readouts lists them")
    if most_moved is not None and not is_whole(most_moved, 1):
        raise InputError(f"most_moved is {quoted(most_moved)}; an interchange moves at least 1 signal")
    if not is_whole(seed, 0):
        raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0")
    inputs = inputs_of(model, behavior)
    if explanation.inputs != known_of(inputs, explanation):
        raise InputError(
            f"the explanation is over {explanation.inputs} bits, and {inputs.variables} are known of each input; give "
            f"an explanation of this network, or a behavior with the features that it is over"
        )
    with Progress(progress).doing("interchanges"):
        return interchange_between(inputs, explanation, dual_directions(explanation, holding), most_moved, seed)


def interchange_between(
    inputs: Inputs,
    explanation: ReadoutExplanation,
    directions: Float[np.ndarray, "neurons signals"],
    most_moved: int | None = None,
    seed: int = 0,
) -> ReadoutInterchange:
    """Swap every signal along its direction, and every two or more at once, between inputs; see `interchange`."""
    model, layer, signals = inputs.model, explanation.layer, len(explanation.readouts)
    states = inputs.states[layer]
    moves = list(moved_together(signals, signals if most_moved is None else most_moved))
    number = sum(len(inputs) ** (len(moved) + 1) for moved in moves)
    sampled = len(inputs) > MOST_TRIED_WHOLE and number > MOST_PATCHED
    most = max(1, MOST_PATCHED // len(moves)) if sampled else None
    tried = [swaps(len(inputs), moved, most, seed) for moved in moves]
    bases = np.concatenate([bases for bases, _ in tried])
    sources = np.concatenate([
        spread_over(signals, moved, taken) for moved, (_, taken) in zip(moves, tried, strict=True)
    ])  # fmt: skip
    patched = swapped_states(explanation, states, directions, bases, sources)
    held = Intervention(layer, tuple(range(states.shape[1])), patched)
    decided = model.run(inputs.points[bases], [held])[:, 0] > model.level
    agree = decided == _expected(explanation, inputs, bases, sources)
    moved = (sources >= 0).sum(axis=1)
    single = tuple(_share(agree[(moved == 1) & (sources[:, k] >= 0)]) for k in range(sources.shape[1]))
    joint = _share(agree[moved > 1]) if (moved > 1).any() else None
    unnatural = ~is_natural(patched[moved > 0], states)
    of = number - len(inputs) if sampled else None
    return ReadoutInterchange(single, joint, int(unnatural.sum()), len(unnatural), of)


def moved_together(variables: int, most: int) -> Iterator[tuple[int, ...]]:
    """Every set of at most so many variables, small ones first, the empty one included."""
    for size in range(min(most, variables) + 1):
        yield from combinations(range(variables), size)


def spread_over(
    variables: int, moved: tuple[int, ...], taken: Int[np.ndarray, "swaps moved"]
) -> Int[np.ndarray, "swaps variables"]:
    """The sources of moved variables as sources of all variables, -1 for those that are left alone."""
    sources = np.full((len(taken), variables), -1)
    sources[:, list(moved)] = taken
    return sources


def swapped_states(
    explanation: ReadoutExplanation,
    states: Float[np.ndarray, "inputs neurons"],
    directions: Float[np.ndarray, "neurons signals"],
    bases: Int[np.ndarray, " swaps"],
    sources: Int[np.ndarray, "swaps signals"],
) -> Float[np.ndarray, "swaps neurons"]:
    """The states of the layer when signals take the values that they have at their sources."""
    values = states @ explanation.codes.T
    taken = np.where(sources >= 0, np.take_along_axis(values, np.maximum(sources, 0), axis=0), values[bases])
    return states[bases] + (taken - values[bases]) @ directions.T


def is_natural(
    patched: Float[np.ndarray, "swaps neurons"], states: Float[np.ndarray, "inputs neurons"]
) -> Bool[np.ndarray, " swaps"]:
    """Whether each patched state is one that some input produces."""
    apart = max((np.linalg.norm(states - state, axis=1).max() for state in states), default=0.0)
    nearest = np.full(len(patched), np.inf)
    for state in states:
        nearest = np.minimum(nearest, np.linalg.norm(patched - state, axis=1))
    return nearest <= NATURAL_WITHIN * apart


def known_of(inputs: Inputs, explanation: ReadoutExplanation) -> int:
    """Over how many bits an explanation of a model at some inputs is: those known of each, or the inputs themselves."""
    return len(inputs) if isinstance(explanation.signals[0], Signal) else inputs.variables


def at_inputs(inputs: Inputs, signal: TruthTable | Signal) -> Bool[np.ndarray, " inputs"]:
    """A signal at each input: a function of the bits that are known, or a signal over these inputs."""
    return inputs.values(signal.bits) if isinstance(signal, TruthTable) else values_of(signal) > 0


def _expected(
    explanation: ReadoutExplanation, inputs: Inputs, bases: np.ndarray, sources: np.ndarray
) -> Bool[np.ndarray, " swaps"]:
    """What the gate gives when each signal has its value at its source, or else at the base."""
    pattern = np.zeros(len(bases), np.int64)
    for k, table in enumerate(explanation.signals):
        taken = np.where(sources[:, k] >= 0, sources[:, k], bases)
        pattern = pattern << 1 | at_inputs(inputs, table)[taken]
    return (explanation.gate.bits >> pattern & 1).astype(bool)


def _share(agree: np.ndarray) -> Fraction:
    return Fraction(int(agree.sum()), len(agree))
