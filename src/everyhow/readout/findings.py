"""Population codes, whole: every hidden layer's readout explanations, as far as the budget goes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..boolean.cost import CostModel
from ..boolean.smallest import MOST_INPUTS
from ..boolean.truth_table import row_name
from ..common.budget import over_budget
from ..model.model import Cut, Model
from .explanation import ReadoutExplanation
from .readout import Signals, readable_signals
from .readouts import MOST_SIGNALS, RUNGS, STEPS_PER_SET, Readouts, Rung, search
from .search import sets_to_fit


@dataclass(frozen=True)
class LayerReadouts:
    """One hidden layer: what is readable, and what explains it.

    Attributes:
        signals: what is readable.
        found: the explanations by at most so many signals as the budget allowed; None when it allowed none.
        asked: the size of the largest sets that were to be searched.
        refused: what the budget did not allow, in words.
        ties: why what passes depends on rounding, in words; empty when it does not.
    """

    signals: Signals
    found: Readouts | None
    asked: int
    refused: tuple[str, ...]
    ties: tuple[str, ...] = ()

    @property
    def layer(self) -> int:
        """The hidden layer; 1 is the first."""
        return self.signals.layer

    @property
    def survivors(self) -> dict[str, int | None]:
        """How many explanations pass each rung; None where that was not counted.

        Larger sets that were not searched leave all rungs uncounted but the last two, once something smaller is exact.
        """
        if self.found is None:
            return dict.fromkeys(RUNGS)
        counted: dict[str, int | None] = dict(self.found.survivors)
        if self.refused:
            uncounted = ("behavioral", "exact") if counted["exact"] else tuple(counted)
            counted |= dict.fromkeys(uncounted)
        return counted

    @property
    def strictest(self) -> Rung | None:
        """`exact` when anything passes it, else `behavioral`, else None."""
        if self.found is None:
            return None
        passed = self.found.survivors
        return "exact" if passed["exact"] else "behavioral" if passed["behavioral"] else None


@dataclass(frozen=True)
class ReadoutFindings:
    """The readout explanations of every hidden layer.

    Attributes:
        layers: the hidden layers, the first one first; none when the network has too many inputs.
        beyond: what is never searched, in words.
    """

    layers: tuple[LayerReadouts, ...] = ()
    beyond: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        """What was not searched, in words."""
        return self.beyond + sum((layer.refused for layer in self.layers), ())

    @property
    def ties(self) -> tuple[str, ...]:
        """Why what passes depends on rounding, each reason once."""
        return tuple(dict.fromkeys(reason for layer in self.layers for reason in layer.ties))

    def strictest(self) -> Iterator[ReadoutExplanation]:
        """The explanations of all layers, each by the strictest of `behavioral` and `exact` that anything passes."""
        for layer in self.layers:
            if layer.found is not None and layer.strictest is not None:
                yield from layer.found.explanations(layer.strictest)


def examine_readouts(
    model: Model, tolerance: float, most: int | None, costs: CostModel, budget: int
) -> ReadoutFindings:
    """Search every hidden layer, and within it set sizes from 1 up while the budget allows."""
    cuts = model.cuts()
    if not cuts:
        return ReadoutFindings()
    if model.features > MOST_INPUTS:
        return ReadoutFindings(
            beyond=(f"readouts are searched for at most {MOST_INPUTS} inputs; the {model.kind} has {model.features}",)
        )
    return ReadoutFindings(tuple(_examine(model, cut, tolerance, most, costs, budget) for cut in cuts))


def _examine(
    model: Model, cut: Cut, tolerance: float, most: int | None, costs: CostModel, budget: int
) -> LayerReadouts:
    signals = readable_signals(model, cut.layer, tolerance)
    asked = min(MOST_SIGNALS if most is None else most, signals.rank)
    number, allowed, ties = 0, 0, _ties(model, cut)
    for size in range(1, asked + 1):
        number += sets_to_fit(signals, size)
        refusal = over_budget(
            f"fitting the {number:,} sets of at most {size} of {len(signals):,} signals of layer {cut.layer}",
            number * STEPS_PER_SET,
            budget,
        )
        if refusal:
            found = search(model, signals, allowed, costs) if allowed else None
            return LayerReadouts(signals, found, asked, (refusal,), ties)
        allowed = size
    return LayerReadouts(signals, search(model, signals, asked, costs), asked, (), ties)


def _ties(model: Model, cut: Cut) -> tuple[str, ...]:
    """At which inputs rounding decides what the model itself does after a layer, so that no combination can be held to
    it."""
    margin = model.runs(model.corners).widest_margin
    outputs, near = cut.run_received(cut.received(cut.read(model.corners)))
    boundary, jump = _rows(model, ~(np.abs(outputs[:, 0] - model.level) > margin)), _rows(model, near)
    ties = []
    if boundary:
        ties.append(f"the output lies on the decision boundary at {boundary}, so that no readout explanation passes")
    if jump:
        said = "so that rounding decides which readout explanations of the layer pass"
        ties.append(f"a neuron after layer {cut.layer} lies on the jump of its step at {jump}, {said}")
    return tuple(ties)


def _rows(model: Model, chosen: np.ndarray) -> str:
    return " ".join(row_name(int(row), model.features) for row in np.flatnonzero(chosen))
