"""What a circuit is asked to do: in which scenarios, and which decisions must come out."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, Literal, TypeVar

import numpy as np

from ..common.arguments import choice
from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int
from .behavior import Behavior
from .decision import Decision, decision_limits, level_for
from .runnable import (
    ALONE,
    BOUNDARY_SHIFT,
    Rounding,
    Runnable,
    Runs,
    Scenarios,
    States,
    check_tells_apart,
    nothing_carried,
)

Ablation = Literal["zero", "mean", "resample", "paired"]
ABLATIONS: tuple[Ablation, ...] = ("zero", "mean", "resample", "paired")
# What the other edges of a circuit carry where they carry something without a source.
UNSOURCED = {
    "mean": "the mean on every other edge",
    "paired": "the other edges as at the counterfactual input",
}
# A sum may be compared with the same sum in another order, which is off by as much again.
ORDERS = 2.0
# Sums of weights are compared with the error allowed up to their own rounding.
SUM_ROUNDING = 1e-12
# Scenarios of one batch, where there are so many that they are gone through in batches.
SCENARIOS_AT_ONCE = 1 << 12
# Inputs of which all pairs are held at once, and the numbers that edges carry in all of these.
MOST_INPUTS_PAIRED, MOST_NUMBERS_PAIRED = 512, 1 << 28
M = TypeVar("M", bound=Runnable, covariant=True)


@dataclass(frozen=True, eq=False)
class Criterion(Generic[M]):
    """Scenarios, each a base input with the activations that removed edges carry, and the decisions wanted in each.

    The scenarios come in parts: every base alone, or every base with every source. A circuit meets the criterion when
    in each part the scenarios in which it is wrong weigh at most the behavior's epsilon together.

    Attributes:
        model: whose circuits are judged.
        behavior: the inputs, what is wanted at each, how it is decided, and how much may be wrong.
        base: shape (scenarios,), the input of each scenario.
        source: shape (scenarios,), the input that removed edges are resampled from; -1 when from none.
        ablated: for every stage but the outputs, shape (scenarios, nodes), or (scenarios, nodes, numbers) where nodes
            hold several: what edges outside the circuit carry.
        near: shape (inputs, outputs), the pre-activations that outputs must come as close to as the behavior's
            `within`.
        unsourced: what other edges carry in the scenarios without a source, in words; nothing where they carry nothing.
    """

    model: M
    behavior: Behavior
    base: Int[np.ndarray, " scenarios"]
    source: Int[np.ndarray, " scenarios"]
    ablated: States
    near: Float[np.ndarray, "inputs outputs"]
    unsourced: str = ""

    @property
    def decision(self) -> Decision:
        """How outputs become what is wanted."""
        return self.behavior.decision

    @property
    def level(self) -> float:
        """The number above which an output is read as 1, by threshold; 0.5 for any other decision."""
        return level_for(self.model, self.decision)

    @cached_property
    def bases(self) -> Float[np.ndarray, "scenarios features"]:
        """The inputs, scenario by scenario."""
        return self.behavior.points[self.base]

    @cached_property
    def wanted(self) -> Bool[np.ndarray, "scenarios outputs"]:
        """The bits wanted, scenario by scenario."""
        return self.behavior.wanted[self.base]

    @cached_property
    def weights(self) -> Float[np.ndarray, " scenarios"]:
        """The share of each scenario in its part."""
        weights = self.behavior.weights
        return weights[self.base] * np.where(self.source == ALONE, 1.0, weights[self.source])

    @property
    def allowed(self) -> float:
        """The weight of wrong scenarios that a circuit may have in each part."""
        epsilon = self.behavior.epsilon
        return epsilon + SUM_ROUNDING if epsilon else 0.0

    @property
    def opens(self) -> Bool[np.ndarray, " scenarios"]:
        """Whether each scenario is the first of its part."""
        resampled = self.source != ALONE
        return np.concatenate([[True], resampled[1:] != resampled[:-1]])

    @cached_property
    def contrasts(self) -> Float[np.ndarray, "scenarios dimensions outputs"]:
        """The combinations of the outputs' pre-activations that are held against limits in each scenario: each alone
        or, by argmax, the wanted class's less that of each other class."""
        count, outputs = self.wanted.shape
        themselves = np.broadcast_to(np.eye(outputs), (count, outputs, outputs))
        if self.decision != "argmax":
            return themselves
        # Of each answer, the class wanted against each other one.
        classes = outputs // self.behavior.answers
        wanted, others = self._wanted_and_others
        start = classes * np.arange(self.behavior.answers)[:, None]
        differences = np.eye(outputs)[start + wanted[..., None]] - np.eye(outputs)[start + others]
        differences = differences.reshape(count, -1, outputs)
        return differences if self.behavior.within is None else np.concatenate([differences, themselves], axis=1)

    def limits(self, slack: float) -> Float[np.ndarray, "ends dimensions"]:
        """Low and high ends of what is allowed, scenario by scenario and contrast by contrast, the decision boundary
        being moved outwards by `slack`."""
        low, high = self._argmax_limits(slack) if self.decision == "argmax" else self._bit_limits(slack)
        if self.behavior.within is not None:
            center, distance = self.near[self.base], self.behavior.within + slack
            lowest, highest = np.nextafter(center - distance, -np.inf), center + distance
            if self.decision == "argmax":
                low, high = np.concatenate([low, lowest], axis=1), np.concatenate([high, highest], axis=1)
            else:
                low, high = np.maximum(low, lowest), np.minimum(high, highest)
        return np.stack([low.ravel(), high.ravel()])

    @cached_property
    def shifted_limits(self) -> Float[np.ndarray, "boxes ends dimensions"]:
        """The box when the decision boundary moves inwards and outwards by 1e-9."""
        return np.stack([self.limits(-BOUNDARY_SHIFT), self.limits(BOUNDARY_SHIFT)])

    @cached_property
    def certified_limits(self) -> Float[np.ndarray, "boxes ends dimensions"]:
        """`shifted_limits`, moved further where the rounding of a circuit's sums may reach further than 1e-9: what is
        inside the first box is right in exact arithmetic, and what is outside the second is wrong.

        Where a sum may be infinite, nothing is inside the first and everything inside the second.
        """
        boxes, decided = self.shifted_limits.copy(), self.limits(0.0)
        margins = self.margins
        finite = np.where(np.isfinite(margins), margins, 0.0)
        boxes[0, 0], boxes[0, 1] = (
            np.maximum(boxes[0, 0], decided[0] + finite),
            np.minimum(boxes[0, 1], decided[1] - finite),
        )
        boxes[1, 0], boxes[1, 1] = (
            np.minimum(boxes[1, 0], decided[0] - finite),
            np.maximum(boxes[1, 1], decided[1] + finite),
        )
        boxes[0, 0, margins == math.inf] = math.inf
        boxes[1, 0, margins == math.inf], boxes[1, 1, margins == math.inf] = -math.inf, math.inf
        return boxes

    @cached_property
    def is_beyond_rounding(self) -> bool:
        """Whether moving the boundary by 1e-9 is more than what rounding can do, whatever the circuit."""
        return not self.rounding.steps and bool((self.certified_limits == self.shifted_limits).all())

    @cached_property
    def runs(self) -> Runs:
        """The whole model at every input, and how far each value may be off there."""
        return self.model.runs(self.behavior.points)

    @property
    def scenarios(self) -> Scenarios:
        """The runs alone, without what must come out."""
        return Scenarios(self.behavior.points, self.behavior.weights, self.base, self.source, self.ablated)

    @cached_property
    def rounding(self) -> Rounding:
        """How far the sums of any circuit may be off, in any scenario."""
        return self.runs.rounding(self.scenarios)

    def undecided(self) -> Int[np.ndarray, " inputs"]:
        """The inputs at which moving the boundary, or rounding, may change what the whole network itself decides."""
        with np.errstate(over="ignore", invalid="ignore"):
            reached = (self.contrasts @ self.near[self.base][:, :, None]).reshape(-1)
            off = (np.abs(self.contrasts) @ self.runs.received_errors[self.base][:, :, None]).reshape(-1)
        (inner, outer), decided = self.shifted_limits, self.limits(0.0)
        inside = (reached > np.maximum(inner[0], decided[0] + off)) & (
            reached <= np.minimum(inner[1], decided[1] - off)
        )
        below = reached <= np.minimum(outer[0], decided[0] - off)
        above = reached > np.maximum(outer[1], decided[1] + off)
        return np.unique(self.base[~(inside | below | above).reshape(len(self.base), -1).all(axis=1)])

    @cached_property
    def margins(self) -> Float[np.ndarray, " dimensions"]:
        """How near its limit each contrast must come for rounding to matter, whatever the circuit."""
        with np.errstate(invalid="ignore"):
            off = np.nan_to_num(np.abs(self.contrasts) @ self.rounding.outputs, nan=math.inf, posinf=math.inf)
        return ORDERS * (off.reshape(-1) + self.near_errors)

    @property
    def near_errors(self) -> Float[np.ndarray, " dimensions"]:
        """How far the outputs that `within` holds circuits to may be off, by contrast; 0 for all other contrasts."""
        errors = np.zeros(self.contrasts.shape[:2])
        if self.behavior.within is not None:
            errors[:, -self.wanted.shape[1] :] = self.runs.received_errors[self.base]
        return errors.reshape(-1)

    def limits_as_decided(self) -> Float[np.ndarray, "boxes ends dimensions"]:
        """The box by which float64 arithmetic happens to decide, as both boxes."""
        return np.stack([self.limits(0.0)] * 2)

    @property
    def _wanted_and_others(self) -> tuple[Int[np.ndarray, "scenarios answers"], np.ndarray]:
        """The class that each answer wants, and, (scenarios, answers, classes - 1), all others in order."""
        each = self.wanted.reshape(len(self.wanted), self.behavior.answers, -1)
        wanted = each.argmax(axis=2)
        places = np.arange(each.shape[2] - 1)
        return wanted, places + (places >= wanted[..., None])

    def _bit_limits(self, slack: float) -> tuple[np.ndarray, np.ndarray]:
        if self.decision == "within":
            return np.full(self.wanted.shape, -np.inf), np.full(self.wanted.shape, np.inf)
        name = self.model.ending
        ends = {bit: decision_limits(name, self.decision, bit, slack, self.level) for bit in (False, True)}
        return tuple(np.where(self.wanted, ends[True][k], ends[False][k]) for k in (0, 1))  # type: ignore[return-value]

    def _argmax_limits(self, slack: float) -> tuple[np.ndarray, np.ndarray]:
        # Of equal outputs the first is chosen: against those that come later, a difference of 0 is enough.
        wanted, others = self._wanted_and_others
        first = (others > wanted[..., None]).reshape(len(wanted), -1)
        low = np.where(first, np.nextafter(-slack, -np.inf), -slack)
        return low, np.full(low.shape, np.inf)


def of_part(criterion: Criterion[M], part: M) -> Criterion[M]:
    """The same asked of a model with some edges less, where removed edges carry nothing: every circuit of the part is
    one of the model, and computes the same."""
    found = replace(criterion, model=part)
    if criterion.is_beyond_rounding:
        # What rounding cannot do to any circuit of the model, it cannot do to these.
        vars(found).update(certified_limits=criterion.shifted_limits, is_beyond_rounding=True)
    return found


def perfect(model: M, behavior: Behavior, ablation: Ablation = "zero") -> Criterion[M]:
    """The circuit makes the wanted decisions, its circuit error being at most the behavior's epsilon (paper, Def. 4).

    Args:
        model: the model.
        behavior: the inputs, their weights, the decisions wanted, and how outputs are decided.
        ablation: what edges outside the circuit carry: `zero`; their `mean` over the inputs; `resample`, what they
            carry in the whole network at a source input, every base being run with every source; or `paired`, what they
            carry there at the one counterfactual input that belongs to the base.
    """
    if ablation == "resample":
        _check_pairs(model, behavior)
        return _joined(model, behavior, list(resampled_batches(model, behavior)))
    every = np.arange(len(behavior.points))
    alone = np.full(len(every), ALONE)
    found = _criterion(model, behavior, every, alone, carried(model, behavior, ablation))
    return replace(found, unsourced=UNSOURCED.get(ablation, ""))


def resample_faithful(model: M, behavior: Behavior, ablation: Ablation = "zero") -> Criterion[M]:
    """Perfect, and still so when every other edge carries what it carries in the whole network at another input.

    Every base with every source; a source that is the base itself asks nothing of a network that makes the wanted
    decisions.
    """
    _check_pairs(model, behavior)
    resampled = list(resampled_batches(model, behavior))
    alone = [] if ablation == "resample" else [perfect(model, behavior, ablation)]
    return _joined(model, behavior, alone + resampled)


def resampled_batches(model: M, behavior: Behavior) -> Iterator[Criterion[M]]:
    """Every base with every source, some sources at a time; the weights of all batches sum to 1."""
    count, at_once = len(behavior.points), _sources_at_once(len(behavior.points))
    states = model.states(behavior.points)[:-1]
    for start in range(0, count, at_once):
        some = np.arange(start, min(count, start + at_once))
        bases, sources = np.tile(np.arange(count), len(some)), np.repeat(some, count)
        yield _criterion(model, behavior, bases, sources, (state[sources] for state in states))


def number_of_batches(inputs: int) -> int:
    """In how many batches the pairs of so many inputs come."""
    return -(-inputs // _sources_at_once(inputs))


def _sources_at_once(inputs: int) -> int:
    return max(1, SCENARIOS_AT_ONCE // inputs)


def carried(model: Runnable, behavior: Behavior, ablation: Ablation) -> States:
    """What edges outside a circuit carry by a kind of ablation that needs no source, for every stage but the outputs.

    Raises:
        InputError: the kind is unknown, or is `resample`.
    """
    if ablation == "zero":
        return nothing_carried(model.graph, len(behavior.points))
    if ablation == "mean":
        return tuple(_averaged(behavior.weights, state) for state in model.states(behavior.points)[:-1])
    if ablation == "paired":
        if behavior.paired is None:
            raise InputError(
                "the ablation paired takes what removed edges carry from the counterfactual input of each point: give "
                "the behavior those (paired), or choose zero, mean or resample"
            )
        return tuple(model.states(behavior.paired)[:-1])
    raise InputError(f"unknown ablation {ablation!r} here; zero and mean set one value for each neuron")


def _averaged(weights: Float[np.ndarray, " inputs"], state: np.ndarray) -> np.ndarray:
    """The weighted mean of what nodes compute, once for each input."""
    mean = weights @ state.reshape(len(state), -1)
    return np.tile(mean, (len(state), 1)).reshape(state.shape)


def ablations_of(behavior: Behavior) -> tuple[Ablation, ...]:
    """The kinds of ablation that a behavior has what is needed for."""
    return tuple(one for one in ABLATIONS if one != "paired" or behavior.paired is not None)


def check_ablation(ablation: str) -> Ablation:
    """The kind of ablation, if it is one.

    Raises:
        InputError: the kind is unknown.
    """
    return choice("ablation", ablation, ABLATIONS)


def _criterion(
    model: M,
    behavior: Behavior,
    bases: np.ndarray,
    sources: np.ndarray,
    ablated: Iterable[np.ndarray],
) -> Criterion[M]:
    if behavior.decision == "argmax":
        check_tells_apart(model.ending)
    model = behavior.read(model)
    near = model.pre_activations(behavior.points)
    return Criterion(model, behavior, bases, sources, tuple(ablated), near)


def _joined(model: M, behavior: Behavior, parts: Sequence[Criterion[M]]) -> Criterion[M]:
    bases = np.concatenate([part.base for part in parts])
    sources = np.concatenate([part.source for part in parts])
    ablated = (np.concatenate(layer) for layer in zip(*(part.ablated for part in parts), strict=True))
    return replace(_criterion(model, behavior, bases, sources, ablated), unsourced=parts[0].unsourced)


def most_paired(model: Runnable) -> int:
    """The most inputs of which every base is held with every source at once."""
    held = sum(size * numbers for size, numbers in zip(model.graph.sizes, model.graph.numbers, strict=True))
    return min(MOST_INPUTS_PAIRED, math.isqrt(MOST_NUMBERS_PAIRED // held))


def _check_pairs(model: Runnable, behavior: Behavior) -> None:
    most = most_paired(model)
    if len(behavior.points) > most:
        raise InputError(
            f"every base with every source of {len(behavior.points):,} inputs is more than is held at once; give at "
            f"most {most} inputs, or ask audit_behavior, which goes through them in batches"
        )
