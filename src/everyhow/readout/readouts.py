"""All readout explanations of one hidden layer, as one value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..boolean.cost import CostModel, cheapest
from ..common.arguments import checked_budget, choice, instance, is_whole, quoted
from ..common.attributes import PublicNames
from ..common.budget import DEFAULT_BUDGET
from ..common.errors import BudgetError, InputError
from ..common.progress import Progress
from ..importing.door import as_model
from ..model.model import Model
from ..model.runnable import one_of
from .explanation import ReadoutExplanation, explain_by
from .readout import (
    DEFAULT_DISTURBANCE,
    DEFAULT_TOLERANCE,
    Signals,
    check_disturbance,
    readable_signals,
)
from .search import FittedSets, fit_sets, sets_to_fit

Rung = Literal["behavioral", "exact", "above_baseline", "bounded", "fewest_signals", "cheapest"]
RUNGS: tuple[Rung, ...] = ("behavioral", "exact", "above_baseline", "bounded", "fewest_signals", "cheapest")
# The rungs that judge each set by itself.
OF_SETS = RUNGS[:4]
MOST_SIGNALS = 3
# A set costs about as much as so many candidate evaluations of the circuit kernels.
STEPS_PER_SET = 10_000


@dataclass(frozen=True, eq=False)
class Readouts(PublicNames):
    """Every explanation of a hidden layer by at most `most_signals` readable signals.

    Iterating gives those of the rung `exact`, fewest signals first.

    Attributes:
        model: of one output.
        signals: what is readable in the layer.
        most_signals: the size of the largest sets.
        fitted: by size, the sets that pass the rung `behavioral`.
        costs: the prices by which `cheapest` judges.
        disturbance: the share of its range by which every neuron is moved when `bounded` judges.
    """

    model: Model
    signals: Signals
    most_signals: int
    fitted: Mapping[int, FittedSets]
    costs: CostModel
    disturbance: float = DEFAULT_DISTURBANCE

    def __iter__(self) -> Iterator[ReadoutExplanation]:
        return self.explanations("exact")

    def __repr__(self) -> str:
        left = ", ".join(f"{rung} {number:,}" for rung, number in self.survivors.items())
        return f"Readouts(layer {self.layer}, {len(self.signals):,} readable signals; {left})"

    @property
    def layer(self) -> int:
        """The hidden layer that is read; 1 is the first."""
        return self.signals.layer

    @cached_property
    def survivors(self) -> dict[str, int]:
        """How many explanations pass each rung, and all before it."""
        fewest = next((number for number in self.by_signals("bounded").values() if number), 0)
        return {
            **{rung: sum(self.by_signals(rung).values()) for rung in OF_SETS},
            "fewest_signals": fewest,
            "cheapest": len(self._cheapest),
        }

    def by_signals(self, rung: Rung) -> dict[int, int]:
        """How many explanations by each number of signals pass a rung that judges each set by itself.

        Args:
            rung: `behavioral`, `exact`, `above_baseline` or `bounded`.

        Example:
            >>> import everyhow as eh
            >>> eh.readouts(eh.xornet()).by_signals("bounded")
            {1: 1, 2: 2, 3: 0}
        """
        choice("rung", rung, OF_SETS)
        return {size: int(np.count_nonzero(self._passing(rung, size))) for size in self.fitted}

    def explanations(self, rung: Rung = "exact") -> Iterator[ReadoutExplanation]:
        """The explanations that pass a rung and all before it, fewest signals first, then in the order of signals.

        Args:
            rung: `behavioral`, `exact`, `above_baseline`, `bounded`, `fewest_signals` or `cheapest`.

        Raises:
            InputError: an unknown rung.

        Example:
            >>> import everyhow as eh
            >>> [str(one) for one in eh.readouts(eh.xornet()).explanations("cheapest")]
            ['XOR(A,B)']
        """
        if rung not in RUNGS:
            raise InputError(f"unknown rung {rung!r}; the rungs of readouts are {', '.join(RUNGS)}")
        if rung == "cheapest":
            yield from self._cheapest
            return
        margin = self.model.runs(self.signals.behavior.points).widest_margin
        for size, fitted in self.fitted.items():
            found = False
            for chosen in fitted.sets[self._passing("bounded" if rung == "fewest_signals" else rung, size)]:
                found = True
                yield explain_by(self.model, self.signals, chosen.tolist(), margin)
            if found and rung == "fewest_signals":
                return

    def _passing(self, rung: Rung, size: int) -> np.ndarray:
        fitted = self.fitted[size]
        # As many independent signals as the layer has directions make up whatever the next layer receives.
        vacuous = self.signals.reads_all and size == self.signals.rank
        passing = np.ones(len(fitted.sets), bool)
        if rung != "behavioral":
            passing &= fitted.residuals <= self.signals.tolerance
        if rung in ("above_baseline", "bounded"):
            passing &= not vacuous
        if rung == "bounded":
            passing &= self.signals.enduring(self.disturbance)[fitted.sets].all(axis=1)
        return passing

    @cached_property
    def _cheapest(self) -> tuple[ReadoutExplanation, ...]:
        left = list(self.explanations("fewest_signals"))
        return tuple(left[k] for k in cheapest([explanation.cost(self.costs) for explanation in left]))


def readouts(
    network: Any,
    layer: int = 1,
    signals: int | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
    *,
    disturbance: float = DEFAULT_DISTURBANCE,
    costs: CostModel | None = None,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
) -> Readouts:
    """Every way to explain a hidden layer by a few Boolean signals that are linear in its activations.

    A set of signals explains the layer (`behavioral`) when the signals are independent, each carries a share of what
    the next layer receives, and no decision changes when their least-squares combination replaces what the next layer
    receives. The set is `exact` when the relative residual of the combination is within the tolerance. It is
    `above_baseline` unless any layer with as many independent neurons has it: a layer that has one such neuron less
    than there are inputs reads every signal, and as many signals as it has such neurons make up whatever is received.
    The set is `bounded` when every code is read right with every neuron moved, up or down, by a share of its range.
    Decisions are by threshold.

    Args:
        network: of one output and at most 4 inputs.
        layer: the hidden layer; 1 is the first.
        signals: the size of the largest sets; 3, or what the layer allows if that is less, when not given.
        tolerance: the largest relative residual, of readable signals and of exact combinations, and the share that each
            signal must exceed.
        disturbance: that share.
        costs: the prices by which the rung `cheapest` judges.
        budget: candidate evaluations allowed; fitting a set counts as 10,000.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: an option out of range, several outputs, more than 4 inputs, or more signals than are independent.
        BudgetError: there are too many sets.

    Example:
        >>> import everyhow as eh
        >>> found = eh.readouts(eh.xornet())
        >>> found.by_signals("exact")
        {1: 1, 2: 2, 3: 8}
        >>> str(next(iter(found)))
        'XOR(A,B)'
    """
    model = as_model(network)
    check_disturbance(disturbance)
    if costs is not None:
        instance(costs, CostModel, "a CostModel", "make one with everyhow.CostModel")
    budget = checked_budget(budget)
    readable = signals_of(model, layer, tolerance)
    most = most_signals(readable, signals)
    number = sum(sets_to_fit(readable, size) for size in range(1, most + 1))
    if not budget.allows(number * STEPS_PER_SET):
        raise BudgetError(
            f"fitting {number:,} sets of at most {most} of {len(readable):,} signals", number * STEPS_PER_SET, budget
        )
    with Progress(progress).doing("population codes"):
        return search(model, readable, most, costs or CostModel(), disturbance)


def signals_of(model: Model, layer: int, tolerance: float = DEFAULT_TOLERANCE) -> Signals:
    """The readable signals of a layer of a network with one output.

    Raises:
        InputError: several outputs, no such layer, more than 4 inputs, or a tolerance out of range.
    """
    if model.outputs != 1:
        raise InputError(f"readouts explain one output; the {model.kind} has {model.outputs}: {one_of(model)}")
    return readable_signals(model, layer, tolerance)


def most_signals(readable: Signals, asked: int | None) -> int:
    """The size of the largest sets to search.

    Raises:
        InputError: less than one, or more than can be independent.
    """
    if asked is None:
        return min(MOST_SIGNALS, readable.rank)
    if not is_whole(asked, 1):
        raise InputError(f"signals is {quoted(asked)}; a set has at least 1 signal")
    if asked > max(1, readable.rank):
        raise InputError(
            f"signals is {asked}, but the activations of layer {readable.layer} span {readable.rank} direction(s) over "
            f"the inputs, so at most {readable.rank} signal(s) can be independent; ask for no more"
        )
    return asked


def search(model: Model, readable: Signals, most: int, costs: CostModel, disturbance: float) -> Readouts:
    """Fit all sets of at most `most` signals."""
    fitted = {size: fit_sets(model, readable, size) for size in range(1, most + 1)}
    return Readouts(model, readable, most, fitted, costs, disturbance)
