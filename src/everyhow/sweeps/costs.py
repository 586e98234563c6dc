"""What a plan will cost, before anything runs: its time and disk, roughly, and what exceeds its budget, exactly."""

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

from ..auditing.fitting import Preset
from . import network_costs, transformer_costs
from .plan import Block, Plan
from .settings import Setting

# What each kind of model costs.
OF: dict[str, ModuleType] = {"network": network_costs, "transformer": transformer_costs}
# Seconds of a core for each block, whatever it is, measured on the development machine; a plan that was tried out has
# its own rates beside them.
PER_BLOCK = 0.03
BYTES_PER_NETWORK, BYTES_PER_ROW = 700, 600
# Until the first worker computes.
STARTING = 3.0


@dataclass(frozen=True)
class Rates:
    """How long the networks of a point take beside what is usual.

    Attributes:
        training: the factor of training.
        explaining: the factor of explaining.
        first: seconds that training the first stack took; None where it was not trained.
    """

    training: float = 1.0
    explaining: float = 1.0
    first: float | None = None


USUAL = Rates()


@dataclass(frozen=True)
class Forecast:
    """What to expect of a plan.

    Attributes:
        networks: how many are trained.
        explanations: of every output of every network by every preset, at most.
        seconds: of one core, roughly.
        wall: seconds until all is done, by so many workers.
        tried: how many of the points were tried out for that.
        bytes: on disk, roughly.
        refused: by the label of a point, what its budget will not allow.
    """

    networks: int
    explanations: int
    seconds: float
    wall: float
    tried: int
    bytes: int
    refused: tuple[tuple[str, tuple[str, ...]], ...]


def forecast(plan: Plan, workers: int = 1, rates: Mapping[int, Rates] | None = None) -> Forecast:
    """What to expect of a plan; nothing is trained.

    Args:
        plan: the plan.
        workers: that compute at the same time.
        rates: of points that were tried out, by their numbers; of the others what these have in common.
    """
    rates = rates or {}
    others = common(rates)
    explanations, size, durations = 0, 20_000, []
    for block in plan.blocks():
        kept = max(1, len(block.setting.training.checkpoints)) * len(block.replicates)
        rows = kept * block.setting.outputs_at_most * len(block.presets)
        explanations += rows
        durations.append(block_seconds(block, rates.get(block.point, others)))
        costs = OF[block.setting.kind.name]
        weights = costs.BYTES_PER_WEIGHT * costs.weights(block.setting)
        size += kept * (BYTES_PER_NETWORK + weights) + rows * BYTES_PER_ROW + 30_000
    refused = tuple(
        (plan.label(point) or plan.name, found)
        for point, setting in enumerate(plan.points)
        if (found := refusals(setting, plan.presets, plan.budget))
    )
    wall = STARTING + makespan(durations, workers)
    return Forecast(plan.networks, explanations, sum(durations), wall, len(rates), size, refused)


def makespan(durations: Iterable[float], workers: int) -> float:
    """Seconds until the last of some blocks is done, the longest being begun first.

    Example:
        >>> makespan([3.0, 2.0, 2.0], 2)
        4.0
    """
    ends = [0.0] * workers
    for duration in sorted(durations, reverse=True):
        heapq.heapreplace(ends, ends[0] + duration)
    return max(ends)


def common(rates: Mapping[int, Rates]) -> Rates:
    """What points that were tried out have in common: the geometric mean of their factors and of one more at 1, since
    few networks say little."""

    def mean(factors: list[float]) -> float:
        return math.exp(sum(map(math.log, factors)) / (len(factors) + 1))

    return Rates(mean([one.training for one in rates.values()]), mean([one.explaining for one in rates.values()]))


def refusals(setting: Setting, presets: tuple[Preset, ...], budget: int) -> tuple[str, ...]:
    """What the budget will not allow at a point, as far as that follows from its shape."""
    return OF[setting.kind.name].refusals(setting, presets, budget)


def block_seconds(block: Block, rates: Rates = USUAL) -> float:
    """Roughly how long one core takes for a block."""
    trained = training_seconds(block) * rates.training
    if rates.first is not None and block.stack[0] == 0:
        trained = rates.first
    return PER_BLOCK + trained + explaining_seconds(block) * rates.explaining


def training_seconds(block: Block) -> float:
    """How long one core usually takes to train the stack of a block."""
    return OF[block.setting.kind.name].training_seconds(block.setting, len(block.stack))


def explaining_seconds(block: Block) -> float:
    """How long one core usually takes to explain the networks of a block, by all presets."""
    setting = block.setting
    explained = max(1, len(setting.training.checkpoints)) * len(block.replicates) * setting.outputs_at_most
    each = OF[setting.kind.name].explanation_seconds(setting, block.budget, block.exact_up_to)
    return explained * len(block.presets) * each
