"""What a plan will cost, before anything runs: its time and disk, roughly, and what exceeds its budget, exactly."""

import itertools
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

# Seconds on one core, measured on the development machine. They decide only the order of blocks and the time shown.
PER_BLOCK, PER_STEP, PER_ROW = 0.1, 0.9e-3, 0.1e-6
PER_EXPLANATION, PER_CANDIDATE, PER_READING = 0.04, 0.6e-9, 4e-9
# Training stops long before its last epoch as a rule; about 3% of the circuits are perfect.
USUAL_EPOCHS, PERFECT_SHARE = 60, 0.03
BYTES_PER_NETWORK, BYTES_PER_ROW = 700, 600


@dataclass(frozen=True)
class Forecast:
    """What to expect of a plan.

    Attributes:
        networks: how many are trained.
        explanations: of every output of every network by every preset, at most.
        seconds: of one core, roughly.
        bytes: on disk, roughly.
        refused: by the label of a point, what its budget will not allow.
    """

    networks: int
    explanations: int
    seconds: float
    bytes: int
    refused: tuple[tuple[str, tuple[str, ...]], ...]


def forecast(plan: Plan) -> Forecast:
    """What to expect of a plan; nothing is trained."""
    explanations = 0
    seconds, size = 0.0, 20_000
    for block in plan.blocks():
        kept = max(1, len(block.setting.training.checkpoints)) * len(block.replicates)
        rows = kept * block.setting.task_of(0).outputs * len(block.presets)
        explanations += rows
        seconds += block_seconds(block)
        weights = sum((a + 1) * b for a, b in itertools.pairwise(_widths(block.setting)))
        size += kept * (BYTES_PER_NETWORK + 8 * weights) + rows * BYTES_PER_ROW + 30_000
    refused = tuple(
        (plan.label(point) or plan.name, found)
        for point, setting in enumerate(plan.points)
        if (found := refusals(setting, plan.presets, plan.budget))
    )
    return Forecast(plan.networks, explanations, seconds, size, refused)


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


def block_seconds(block: Block) -> float:
    """Roughly how long one core takes for a block."""
    setting, training = block.setting, block.setting.training
    batches = -(-training.rows // training.batch_size)
    epochs = training.epochs if training.patience >= training.epochs else min(training.epochs, USUAL_EPOCHS)
    stack = len(block.replicates) * min(training.batch_size, training.rows)
    trained = 0 if setting.origin == "untrained" else epochs * batches * (PER_STEP + stack * PER_ROW)
    explained = max(1, len(training.checkpoints)) * len(block.replicates) * setting.task_of(0).outputs
    return PER_BLOCK + trained + explained * _explanation_seconds(setting, block.budget, block.exact_up_to)


@lru_cache(maxsize=1024)
def _explanation_seconds(setting: Setting, budget: Budget, exact_up_to: int) -> float:
    """Roughly how long one core takes to explain one output."""
    part = _dense(setting).output(0)
    inputs = 1 << part.features
    steps = {what: needed for what, needed in counting_steps(part, inputs).items() if needed <= budget}
    circuits = PERFECT_SHARE * circuits_in_space(part.graph) if steps else 0
    each = steps_per_circuit(part.graph.sizes, inputs)
    if circuits * each > (STRETCH * budget if circuits <= exact_up_to else budget):
        circuits = SAMPLE
    return PER_EXPLANATION + PER_CANDIDATE * sum(steps.values()) + PER_READING * circuits * each


def _widths(setting: Setting) -> tuple[int, ...]:
    task = setting.task_of(0)
    return (task.inputs, *setting.training.widths, task.outputs)


def _dense(setting: Setting) -> Model:
    """A network of the setting's shape that has every edge."""
    return dense(setting.task_of(0), setting.training)
