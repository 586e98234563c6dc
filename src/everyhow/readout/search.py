"""The search for readout explanations: every set of a few independent signals is fitted to what the next layer
receives."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice
from math import comb

import numpy as np

from ..common.shapes import Bool, Float, Int
from ..model.model import Cut, Model
from .readout import Signals, cut_of
from .span import VARIES

# A signal is kept as bits of one machine number while sets are searched.
MOST_POINTS = 64
# Fitted values computed at once; bounds the memory to tens of megabytes.
VALUES_AT_ONCE = 1 << 21


@dataclass(frozen=True, eq=False)
class FittedSets:
    """The sets of one size that pass the rung `behavioral`, in the order of their signals.

    Attributes:
        sets: indices of the signals.
        residuals: of each set's fit, relative to how much the pre-activations vary.
    """

    sets: Int[np.ndarray, "sets signals"]
    residuals: Float[np.ndarray, " sets"]


def sets_to_fit(signals: Signals, size: int) -> int:
    """How many sets of `size` signals there are to fit; 0 where the layer has not so many independent signals."""
    return comb(len(signals), size) if size <= signals.rank else 0


def fit_sets(model: Model, signals: Signals, size: int) -> FittedSets:
    """Fit every set of `size` signals, and keep those of the rung `behavioral`.

    The signals of such a set are independent of each other and the constant. When their least-squares combination
    replaces the next layer's pre-activations, the model decides at every input as before, by a margin of 1e-9 in the
    output and before every neuron that steps. And each signal has a share above the tolerance in what the combination
    varies by.
    """
    cut = cut_of(model, signals.layer)
    received = cut.received(signals.states)
    fit = _Fit(model, cut, signals, received)
    if not fit.variation > VARIES * max(1.0, float(np.abs(received).max())):
        # A layer that sends on a constant explains nothing; no signal has a share in it.
        return FittedSets(np.empty((0, size), np.int64), np.empty(0))
    at_once = max(1, VALUES_AT_ONCE // (received.size + size * size))
    found = [fit.keep(sets) for sets in _batches(len(signals) if size <= signals.rank else 0, size, at_once)]
    sets, residuals = zip(*found, strict=True) if found else ([np.empty((0, size), np.int64)], [np.empty(0)])
    return FittedSets(np.concatenate(sets), np.concatenate(residuals))


class _Fit:
    """What every set is fitted to."""

    def __init__(self, model: Model, cut: Cut, signals: Signals, received: np.ndarray) -> None:
        self.cut, self.level, self.tolerance = cut, model.level, signals.tolerance
        self.points = points = signals.behavior.points
        self.received, self.decisions = received, model.run(points)[:, 0] > model.level
        self.margin = model.runs(points).widest_margin
        self.rows = signals.signals.astype(np.float64)
        # As bits of one number, at most 64 of them.
        self.tables = (signals.signals << np.arange(len(points), dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
        self.ones = self.rows.sum(axis=1)
        self.deviations = self.rows - self.rows.mean(axis=1, keepdims=True)
        self.sizes = np.linalg.norm(self.deviations, axis=1)
        self.base = received.mean(axis=0)
        self.onto = self.deviations @ (received - self.base)
        self.variation = float(np.linalg.norm(received - self.base))

    def keep(self, sets: Int[np.ndarray, "sets signals"]) -> tuple[np.ndarray, np.ndarray]:
        # Times the number of inputs, products of deviations are whole numbers, so that independence is exact.
        count, tables, ones = self.rows.shape[1], self.tables[sets], self.ones[sets]
        both = np.bitwise_count(tables[:, :, None] & tables[:, None, :]).astype(np.float64)
        products = count * both - ones[:, :, None] * ones[:, None, :]
        independent = np.linalg.det(products) > 0.5
        sets, products = sets[independent], products[independent] / count
        weights = np.linalg.solve(products, self.onto[sets])
        shares = np.linalg.norm(weights, axis=2) * self.sizes[sets] / self.variation
        sharing = (shares > self.tolerance).all(axis=1)
        sets, weights = sets[sharing], weights[sharing]
        fitted = np.swapaxes(self.deviations[sets], 1, 2) @ weights + self.base
        residuals = np.linalg.norm(fitted - self.received, axis=(1, 2)) / self.variation
        kept = self._decided(fitted)
        return sets[kept], residuals[kept]

    def _decided(self, fitted: Float[np.ndarray, "sets inputs neurons"]) -> Bool[np.ndarray, " sets"]:
        outputs, near = self.cut.run_received(fitted, self.points)
        above = outputs[..., 0] - self.level
        margin = np.where(self.decisions, above, -above)
        return (margin.min(axis=1) > self.margin) & ~near.any(axis=1)


def _batches(count: int, size: int, at_once: int) -> Iterator[np.ndarray]:
    sets = combinations(range(count), size)
    while len(batch := np.fromiter(chain.from_iterable(islice(sets, at_once)), np.int64)):
        yield batch.reshape(-1, size)
