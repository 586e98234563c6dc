"""Population codes, whole: every hidden layer's readout explanations, as far as the budget goes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..boolean.cost import CostModel
from ..boolean.smallest import MOST_INPUTS
from ..common.budget import Budget, Refusal
from ..common.errors import InputError
from ..common.notes import NO_NOTES, Noted, Notes, added
from ..ladder import Verdict, judge
from ..model.behavior import Behavior
from ..model.model import Cut, Model
from .explanation import ReadoutExplanation
from .readout import DEFAULT_DISTURBANCE, Signals, readable_signals
from .readouts import MOST_SIGNALS, OF_SETS, RUNGS, STEPS_PER_SET, Readouts, Rung, search
from .search import MOST_POINTS, sets_to_fit


@dataclass(frozen=True)
class LayerReadouts(Noted):
    """One hidden layer: what is readable, and what explains it.

    Attributes:
        signals: what is readable.
        found: the explanations by at most so many signals as the budget allowed; None when it allowed none.
        asked: the size of the largest sets that were to be searched; None where none were.
        notes: what the budget did not allow, and why what passes depends on rounding.
    """

    signals: Signals
    found: Readouts | None
    asked: int | None
    notes: Notes = NO_NOTES

    @property
    def layer(self) -> int:
        """The hidden layer; 1 is the first."""
        return self.signals.layer

    @property
    def survivors(self) -> dict[str, int | None]:
        """How many explanations pass each rung; None where that was not counted.

        Larger sets that were not searched leave all rungs uncounted but the last two, once something smaller is left by
        the rung before them.
        """
        if self.found is None:
            return dict.fromkeys(RUNGS)
        counted: dict[str, int | None] = dict(self.found.survivors)
        if self.refused:
            uncounted = OF_SETS if counted["bounded"] else tuple(counted)
            counted |= dict.fromkeys(uncounted)
        return counted

    @property
    def strictest(self) -> Rung | None:
        """The strictest rung that judges each set by itself and that anything passes; None where nothing passes any,
        and where what is exact is what any layer with as many independent neurons has."""
        if self.found is None or self.vacuous:
            return None
        passed = self.found.survivors
        return next((rung for rung in reversed(OF_SETS) if passed[rung]), None)

    @property
    def vacuous(self) -> bool:
        """Whether explanations are exact, but only those that any layer with as many independent neurons has."""
        passed = self.found.survivors if self.found is not None else {}
        return bool(passed.get("exact")) and not passed["above_baseline"]

    @property
    def bounded(self) -> int | None:
        """How many of the readable signals have a code that endures the disturbance; None where none was asked."""
        if self.found is None:
            return None
        return int(self.signals.enduring(self.found.disturbance).sum())

    @property
    def verdict(self) -> Verdict | None:
        """Whether one readout explanation is left; None where none were searched for."""
        if self.asked is None:
            return None
        space = f"all sets of at most {self.asked} of {len(self.signals):,} readable signals of layer {self.layer}"
        failure = None if len(self.signals) else "no Boolean signal is linear in the activations"
        if self.vacuous:
            failure = f"all that are exact are there in {self.signals.as_any}"
        return judge(self.survivors, space, failure, self.notes.partial)


@dataclass(frozen=True)
class ReadoutFindings(Noted):
    """The readout explanations of every hidden layer.

    Attributes:
        layers: the hidden layers, the first one first, as far as they could be read.
        notes: what was not searched, and why what passes depends on rounding.
    """

    layers: tuple[LayerReadouts, ...] = ()
    notes: Notes = NO_NOTES

    @property
    def explained(self) -> tuple[LayerReadouts, ...]:
        """The layers in which explanations were searched for."""
        return tuple(layer for layer in self.layers if layer.asked is not None)

    def strictest(self) -> Iterator[ReadoutExplanation]:
        """The explanations of all layers that are left by the strictest rung that judges each by itself."""
        for layer in self.layers:
            if layer.found is not None and layer.strictest is not None:
                yield from layer.found.explanations(layer.strictest)


def examine_readouts(
    model: Model,
    behavior: Behavior,
    tolerance: float,
    most: int | None,
    costs: CostModel,
    budget: int,
    disturbance: float = DEFAULT_DISTURBANCE,
) -> ReadoutFindings:
    """Find what is readable in every hidden layer, and search it for explanations, within it set sizes from 1 up while
    the budget allows.

    Over data, explanations are of one output decided by threshold, over at most 64 inputs; what is readable is found
    also where they are not searched for.

    Args:
        model: what is explained.
        behavior: the inputs, and what is wanted there.
        tolerance: the largest relative residual.
        most: the size of the largest sets; 3, or what a layer allows if that is less, when None.
        costs: the prices by which the rung `cheapest` judges.
        budget: candidate evaluations allowed.
        disturbance: the share of its range by which every neuron is moved when the rung `bounded` judges.

    Example:
        >>> import everyhow as eh
        >>> points = [[0.1, 0.1], [0.1, 1.0], [1.0, 0.1], [0.9, 0.9]]
        >>> data = eh.Behavior.of_network(eh.xornet(), points, features=[[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> (layer,) = examine_readouts(eh.xornet(), data, 0.05, 1, eh.CostModel(), 10**10).layers
        >>> layer.survivors["bounded"], [str(explanation) for explanation in layer.found]
        (1, ['XOR(A,B)'])
    """
    budget = Budget(budget)
    cuts = model.cuts()
    if not cuts:
        return ReadoutFindings()
    unexplained = _unexplained(model, behavior)
    layers, beyond = [], () if unexplained is None else (unexplained,)
    for cut in cuts:
        try:
            readable = readable_signals(model, cut.layer, tolerance, behavior)
        except InputError as error:
            beyond = (*beyond, str(error))
            continue
        if unexplained is None:
            searched = partial(search, model, readable, costs=costs, disturbance=disturbance)
            layers.append(_examine(model, cut, readable, most, searched, budget))
        else:
            layers.append(LayerReadouts(readable, None, None))
    return ReadoutFindings(tuple(layers), Notes(beyond=beyond) + added(layer.notes for layer in layers))


def _unexplained(model: Model, behavior: Behavior) -> str | None:
    """Why explanations over data are not searched for, in words; None where they are."""
    if behavior.is_truth_table and model.features > MOST_INPUTS:
        return f"readouts are searched for at most {MOST_INPUTS} inputs; the {model.kind} has {model.features}"
    if behavior.is_truth_table and model.outputs == 1:
        return None
    if model.outputs > 1:
        return f"readouts explain one output; the {model.kind} has {model.outputs}"
    if behavior.decision != "threshold":
        return f"readouts explain decisions by threshold; these are by {behavior.decision}"
    if len(behavior.points) > MOST_POINTS:
        return (
            f"readout explanations are searched for over at most {MOST_POINTS} inputs; these data have "
            f"{len(behavior.points):,}"
        )
    return None


def _examine(
    model: Model, cut: Cut, signals: Signals, most: int | None, searched: Callable[[int], Readouts], budget: Budget
) -> LayerReadouts:
    """What explains one layer; `searched` gives all sets of at most so many signals."""
    asked = min(MOST_SIGNALS if most is None else most, signals.rank)
    number, allowed, notes = 0, 0, Notes(ties=_ties(model, cut, signals.behavior))
    for size in range(1, asked + 1):
        number += sets_to_fit(signals, size)
        refusal = budget.refusal(
            f"fitting the {number:,} sets of at most {size} of {len(signals):,} signals of layer {cut.layer}",
            number * STEPS_PER_SET,
        )
        if refusal:
            whole = sum(sets_to_fit(signals, each) for each in range(1, asked + 1))
            refusal = Refusal.of(refusal, refusal, whole * STEPS_PER_SET)
            found = searched(allowed) if allowed else None
            return LayerReadouts(signals, found, asked, notes.refusing(refusal))
        allowed = size
    return LayerReadouts(signals, searched(asked), asked, notes)


def _ties(model: Model, cut: Cut, behavior: Behavior) -> tuple[str, ...]:
    """At which inputs rounding decides what the model itself does after a layer, so that no combination can be held to
    it."""
    margin = model.runs(behavior.points).widest_margin
    outputs, near = cut.run_received(cut.received(cut.read(behavior.points)), behavior.points)
    boundary = _names(behavior, ~(np.abs(outputs[:, 0] - model.level) > margin))
    jump = _names(behavior, near)
    ties = []
    if boundary:
        ties.append(f"the output lies on the decision boundary at {boundary}, so that no readout explanation passes")
    if jump:
        said = "so that rounding decides which readout explanations of the layer pass"
        ties.append(f"a neuron after layer {cut.layer} lies on the jump of its step at {jump}, {said}")
    return tuple(ties)


def _names(behavior: Behavior, chosen: np.ndarray) -> str:
    """What some inputs are called: rows by their digits, inputs of data by their numbers."""
    between = " " if behavior.is_truth_table else ", "
    return between.join(behavior.name_of(int(k)) for k in np.flatnonzero(chosen))
