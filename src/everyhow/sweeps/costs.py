"""What a plan will cost, before anything runs: its time and disk, roughly, and what exceeds its budget, exactly."""

import heapq
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..auditing.fitting import Preset, chosen_depth
from ..authors import findings as authors
from ..circuit.findings import COUNTING, counting_steps
from ..common.budget import Budget
from ..interpretation.findings import SAMPLE, STRETCH, steps_per_circuit
from ..mapping.findings import foreseen_refusal
from ..model.behavior import Behavior
from ..model.model import Model
from ..model.space import circuits_in_space
from ..training.untrained import dense
from .plan import Block, Plan
from .settings import Setting

# Seconds on one core, measured on the development machine; a plan that was tried out has its own rates beside them.
PER_BLOCK, PER_STEP, PER_ROW = 0.1, 0.9e-3, 0.1e-6
PER_EXPLANATION, PER_READING = 0.04, 4e-9
# Of counting circuits: a prefix, which fixes all layers but the last hidden one, and each sum of a half of that layer.
PER_PREFIX, PER_SUM = 2e-6, 0.35e-6
# Of aligning algorithms of depth 4 and more, for each way to place four variables in the layers.
PER_PLACING = 0.03
# Training stops long before its last epoch as a rule: after fewer steps where they are larger. About 3% of the circuits
# are perfect.
USUAL_STEPS, USUAL_RATE, LESS_BY_RATE, PERFECT_SHARE = 2400, 1e-3, 0.65, 0.03
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
        rows = kept * block.setting.task_of(0).outputs * len(block.presets)
        explanations += rows
        durations.append(block_seconds(block, rates.get(block.point, others)))
        weights = sum((a + 1) * b for a, b in itertools.pairwise(_widths(block.setting)))
        size += kept * (BYTES_PER_NETWORK + 8 * weights) + rows * BYTES_PER_ROW + 30_000
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
    budget = Budget(budget)
    network, task = _dense(setting), setting.task_of(0)
    depth = chosen_depth(network, setting.asked.depth)
    part = network.output(0)
    (table,) = Behavior.of_task(task.output(0)).tables()
    steps = counting_steps(part, 1 << task.inputs)
    if "paper" not in presets:
        steps = {COUNTING: steps[COUNTING]}
    found: list[str | None] = [budget.refusal(what, needed) for what, needed in steps.items()]
    if "paper" in presets:
        found.append(foreseen_refusal(part.graph.sizes, table, depth, budget))
    if "authors" in presets:
        found.append(authors.foreseen_refusal(task.inputs, depth, budget))
    return tuple(refusal for refusal in found if refusal)


def block_seconds(block: Block, rates: Rates = USUAL) -> float:
    """Roughly how long one core takes for a block."""
    trained = training_seconds(block) * rates.training
    if rates.first is not None and block.stack[0] == 0:
        trained = rates.first
    return PER_BLOCK + trained + explaining_seconds(block) * rates.explaining


def training_seconds(block: Block) -> float:
    """How long one core usually takes to train the stack of a block."""
    setting, training = block.setting, block.setting.training
    if setting.origin == "untrained":
        return 0.0
    batches = -(-training.rows // training.batch_size)
    usual = USUAL_STEPS * (USUAL_RATE / training.learning_rate) ** LESS_BY_RATE / batches
    epochs = training.epochs if training.patience >= training.epochs else min(training.epochs, max(4.0, usual))
    rows = len(block.stack) * min(training.batch_size, training.rows)
    return epochs * batches * (PER_STEP + rows * PER_ROW)


def explaining_seconds(block: Block) -> float:
    """How long one core usually takes to explain the networks of a block, by all presets."""
    setting = block.setting
    explained = max(1, len(setting.training.checkpoints)) * len(block.replicates) * setting.task_of(0).outputs
    each = _explanation_seconds(setting, block.budget, block.exact_up_to)
    return explained * len(block.presets) * each


@lru_cache(maxsize=1024)
def _explanation_seconds(setting: Setting, budget: int, exact_up_to: int) -> float:
    """Roughly how long one core takes to explain one output."""
    part = _dense(setting).output(0)
    inputs = 1 << part.features
    steps = [needed for needed in counting_steps(part, inputs).values() if needed <= budget]
    circuits = PERFECT_SHARE * circuits_in_space(part.graph) if steps else 0
    each = steps_per_circuit(part.graph.sizes, inputs)
    if circuits * each > (STRETCH * budget if circuits <= exact_up_to else budget):
        circuits = SAMPLE
    *_, before, last, _ = part.graph.sizes
    sums = (1 << before * (last // 2)) + (1 << before * (last - last // 2))
    counted = sum(steps) / (1 << before * last) * (PER_PREFIX + PER_SUM * sums)
    depth, layers = chosen_depth(part, setting.asked.depth), len(setting.training.widths)
    placed = PER_PLACING * layers**4 if depth > 3 else 0.0
    return PER_EXPLANATION + counted + placed + PER_READING * circuits * each


def _widths(setting: Setting) -> tuple[int, ...]:
    task = setting.task_of(0)
    return (task.inputs, *setting.training.widths, task.outputs)


def _dense(setting: Setting) -> Model:
    """A network of the setting's shape that has every edge."""
    return dense(setting.task_of(0), setting.training)
