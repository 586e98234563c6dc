"""What is linear in the activations of a layer and a constant, over some inputs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from ..common.shapes import Bool, Float

# Over data, signals are looked for in at most so many directions.
MOST_DIRECTIONS = 17
# Signals tried at once; bounds the memory to tens of megabytes.
VALUES_AT_ONCE = 1 << 22
# A direction in which a layer varies less than this, relative to its largest activation (or 1), is not counted.
VARIES = 1e-9


class Probe(NamedTuple):
    """How well a signal is read linearly in a layer: the relative residual of the best code, and the share of the data
    at which the code exceeds 0.5 exactly when the signal is 1."""

    residual: float
    accuracy: float


class Fitted(NamedTuple):
    """Signals with the code of each: see `Signals`."""

    signals: Bool[np.ndarray, "signals inputs"]
    coefficients: Float[np.ndarray, "signals neurons"]
    constants: Float[np.ndarray, " signals"]
    residuals: Float[np.ndarray, " signals"]


def reads_all(rank: int, inputs: int) -> bool:
    """Whether every Boolean signal over so many inputs is linear in a layer of this rank: any layer that has as many
    independent neurons as there are inputs, less one, reads them all.

    Example:
        >>> reads_all(3, 4), reads_all(2, 4)
        (True, False)
    """
    return rank >= inputs - 1


@dataclass(frozen=True, eq=False)
class Span:
    """What is linear in the activations of a layer and a constant over some inputs: the activations less their mean are
    the product of `directions`, `scales` and `turned`, of which the first `rank` are not negligible."""

    states: Float[np.ndarray, "inputs neurons"]
    directions: Float[np.ndarray, "inputs least"]
    scales: Float[np.ndarray, " least"]
    turned: Float[np.ndarray, "least neurons"]
    rank: int

    @staticmethod
    def of(states: Float[np.ndarray, "inputs neurons"]) -> "Span":
        """The span of some activations."""
        directions, scales, turned = np.linalg.svd(states - states.mean(axis=0), full_matrices=False)
        rank = int((scales > VARIES * max(1.0, np.abs(states).max())).sum())
        return Span(states, directions, scales, turned, rank)

    @cached_property
    def inverse(self) -> Float[np.ndarray, "neurons inputs"]:
        """What takes a signal less its mean to the coefficients of its code, those of least norm."""
        return (self.turned[: self.rank].T / self.scales[: self.rank]) @ self.directions[:, : self.rank].T

    def fitted(self, signals: Bool[np.ndarray, "signals inputs"], tolerance: float) -> Fitted:
        """Those of some signals that are readable, with the code of each."""
        wanted = signals.astype(np.float64)
        coefficients = (wanted - wanted.mean(axis=1, keepdims=True)) @ self.inverse.T
        constants = wanted.mean(axis=1) - coefficients @ self.states.mean(axis=0)
        residuals = relative_residual(wanted, coefficients @ self.states.T + constants[:, None])
        kept = residuals <= tolerance
        return Fitted(signals[kept], coefficients[kept], constants[kept], residuals[kept])

    def assigned(self, tolerance: float) -> Fitted:
        """Every readable signal, found by its values at a few inputs."""
        from scipy.linalg import qr

        basis = np.column_stack([self.directions[:, : self.rank] * self.scales[: self.rank], np.ones(len(self.states))])
        *_, order = qr(basis.T, mode="r", pivoting=True)
        pivots = np.sort(order[: self.rank + 1])
        carried = basis @ np.linalg.pinv(basis[pivots])
        found = [self.fitted(np.zeros((0, len(self.states)), bool), tolerance)]
        for batch in _assignments(len(pivots), len(self.states)):
            tried = batch @ carried.T > 0.5
            tried ^= tried[:, :1]
            found.append(self.fitted(tried[tried.any(axis=1)], tolerance))
        everything = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        _, first = np.unique(everything[0], axis=0, return_index=True)
        return Fitted(*(part[first] for part in everything))


@lru_cache
def all_functions(inputs: int) -> Bool[np.ndarray, "signals inputs"]:
    """Every function but FALSE that is 0 at the first row, in the order of their values, read as numbers."""
    rows = 1 << inputs
    functions = (np.arange(1, 1 << (rows - 1))[:, None] >> np.arange(rows - 1, -1, -1) & 1) == 1
    functions.setflags(write=False)
    return functions


def _assignments(pivots: int, inputs: int) -> Iterator[Float[np.ndarray, "assignments pivots"]]:
    """All bits at some inputs, 0 at the first, some at a time."""
    number, at_once = 1 << (pivots - 1), max(1, VALUES_AT_ONCE // inputs)
    for start in range(0, number, at_once):
        numbers = np.arange(start, min(number, start + at_once)) << 1
        yield (numbers[:, None] >> np.arange(pivots) & 1).astype(float)


def probe(signal: Bool[np.ndarray, " inputs"], span: Span, weights: Float[np.ndarray, " inputs"]) -> Probe:
    """How well a signal is read, the inputs having these weights."""
    wanted = signal.astype(np.float64)
    code = span.inverse @ (wanted - wanted.mean())
    read = (span.states - span.states.mean(axis=0)) @ code + wanted.mean()
    varies = signal.any() and not signal.all()
    residual = float(relative_residual(wanted[None], read[None])[0]) if varies else 0.0
    return Probe(residual, round(float(weights[(read > 0.5) == signal].sum()), 12))


def relative_residual(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The distance of each row of `found` from `wanted`, relative to how much `wanted` varies."""
    deviations = wanted - wanted.mean(axis=1, keepdims=True)
    return np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(deviations, axis=1)
