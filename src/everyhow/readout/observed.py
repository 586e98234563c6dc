"""Readouts over data: the Boolean signals of any inputs that are linear in the activations of a hidden layer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ..common.errors import InputError
from ..model.behavior import Behavior
from ..model.model import Model
from .readout import VARIES, check_tolerance, cut_of, relative_residual

MOST_DIRECTIONS = 17
# Signals tried at once; bounds the memory to tens of megabytes.
VALUES_AT_ONCE = 1 << 22


@dataclass(frozen=True, eq=False)
class ObservedSignals:
    """Every Boolean signal of a layer over some inputs that is linear in its activations, up to complement.

    Attributes:
        layer: the hidden layer; 1 is the first.
        signals: shape (signals, inputs), each 0 at the first input.
        coefficients: shape (signals, neurons).
        constants: shape (signals,).
        residuals: how far each code is from its signal, relative to how much that varies.
        rank: how many directions the activations span over the inputs.
        decision: how near the wanted decision comes to being one of them.
    """

    layer: int
    signals: Bool[np.ndarray, "signals inputs"]
    coefficients: Float[np.ndarray, "signals neurons"]
    constants: Float[np.ndarray, " signals"]
    residuals: Float[np.ndarray, " signals"]
    rank: int
    decision: "tuple[Probe, ...]"

    def __len__(self) -> int:
        return len(self.signals)


@dataclass(frozen=True)
class Probe:
    """How well a signal is read linearly in a layer: the relative residual of the best code, and the share of the data
    at which the code exceeds 0.5 exactly when the signal is 1."""

    residual: float
    accuracy: float


def observed_signals(model: Model, behavior: Behavior, layer: int, tolerance: float) -> ObservedSignals:
    """The signals that lie in the span of a layer's activations and a constant over the inputs of a behavior.

    A code is fixed by its values at as many inputs as the activations have directions, and one more; so every
    assignment of bits to such inputs, chosen far apart, is carried on to the others, read there, and fitted anew.

    Cost: 2^directions x inputs.

    Raises:
        InputError: no such layer, more than 17 directions, or a tolerance out of range.
    """
    from scipy.linalg import qr

    cut = cut_of(model, layer)
    check_tolerance(tolerance)
    states = cut.read(behavior.points)
    middle = states.mean(axis=0)
    directions, scales, turned = np.linalg.svd(states - middle, full_matrices=False)
    rank = int((scales > VARIES * max(1.0, np.abs(states).max())).sum())
    if rank > MOST_DIRECTIONS:
        raise InputError(
            f"layer {layer} spans {rank} directions over the inputs; signals are looked for in at most "
            f"{MOST_DIRECTIONS}: take a narrower layer"
        )
    basis = np.column_stack([directions[:, :rank] * scales[:rank], np.ones(len(states))])
    inverse = np.linalg.pinv(basis)
    *_, order = qr(basis.T, mode="r", pivoting=True)
    pivots = np.sort(order[: rank + 1])
    carried = basis @ np.linalg.pinv(basis[pivots])
    found = [np.zeros((0, len(states)), bool)]
    for batch in _assignments(len(pivots), len(states)):
        tried = batch @ carried.T > 0.5
        tried = tried[tried.any(axis=1) & ~tried.all(axis=1)]
        fitted = (tried @ inverse.T) @ basis.T
        kept = tried[relative_residual(tried.astype(float), fitted) <= tolerance]
        found.append(kept ^ kept[:, :1])
    signals = np.unique(np.concatenate(found), axis=0)
    weights = signals @ inverse.T
    coefficients = weights[:, :rank] @ turned[:rank]
    residuals = relative_residual(signals.astype(float), weights @ basis.T) if len(signals) else np.zeros(0)
    constants = weights[:, rank] - coefficients @ middle
    probes = tuple(_probe(column, basis, inverse, behavior.weights) for column in behavior.wanted.T)
    return ObservedSignals(layer, signals, coefficients, constants, residuals, rank, probes)


def _assignments(pivots: int, inputs: int) -> Iterator[Float[np.ndarray, "assignments pivots"]]:
    """All bits at some inputs, 0 at the first, some at a time."""
    number, at_once = 1 << (pivots - 1), max(1, VALUES_AT_ONCE // inputs)
    for start in range(0, number, at_once):
        numbers = np.arange(start, min(number, start + at_once)) << 1
        yield (numbers[:, None] >> np.arange(pivots) & 1).astype(float)


def _probe(
    signal: Bool[np.ndarray, " inputs"],
    basis: Float[np.ndarray, "inputs directions"],
    inverse: Float[np.ndarray, "directions inputs"],
    weights: Float[np.ndarray, " inputs"],
) -> Probe:
    fitted = basis @ (inverse @ signal)
    residual = 0.0
    if signal.any() and not signal.all():
        residual = float(relative_residual(signal[None].astype(float), fitted[None])[0])
    return Probe(residual, round(float(weights[(fitted > 0.5) == signal].sum()), 12))
