"""What training and explaining networks costs, told from their widths."""

import itertools
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
from ..training.settings import TrainingSettings
from ..training.untrained import dense
from .settings import Setting

# Seconds on one core, measured on the development machine.
PER_STEP, PER_ROW = 0.12e-3, 0.08e-6
PER_EXPLANATION, PER_READING = 0.013, 1.5e-9
# Of counting circuits: a prefix, which fixes all layers but the last hidden one, and each sum of a half of that layer.
PER_PREFIX, PER_SUM = 2e-6, 0.35e-6
# Of aligning algorithms of depth 4 and more, for each way to place four variables in the layers.
PER_PLACING = 0.03
# Training stops long before its last epoch as a rule: after fewer steps where they are larger. About 3% of the circuits
# are perfect.
USUAL_STEPS, USUAL_RATE, LESS_BY_RATE, PERFECT_SHARE = 2400, 1e-3, 0.65, 0.03
BYTES_PER_WEIGHT = 8


def training_seconds(setting: Setting, stack: int) -> float:
    """How long one core usually takes to train so many networks as one stack."""
    training = _training(setting)
    if setting.origin == "untrained":
        return 0.0
    batches = -(-training.rows // training.batch_size)
    usual = USUAL_STEPS * (USUAL_RATE / training.learning_rate) ** LESS_BY_RATE / batches
    epochs = training.epochs if training.patience >= training.epochs else min(training.epochs, max(4.0, usual))
    rows = stack * min(training.batch_size, training.rows)
    return epochs * batches * (PER_STEP + rows * PER_ROW)


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


@lru_cache(maxsize=1024)
def explanation_seconds(setting: Setting, budget: int, exact_up_to: int) -> float:
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
    depth, layers = chosen_depth(part, setting.asked.depth), len(_training(setting).widths)
    placed = PER_PLACING * layers**4 if depth > 3 else 0.0
    return PER_EXPLANATION + counted + placed + PER_READING * circuits * each


def weights(setting: Setting) -> int:
    """The weights of one network, its biases among them."""
    task = setting.task_of(0)
    sizes = (task.inputs, *_training(setting).widths, task.outputs)
    return sum((before + 1) * after for before, after in itertools.pairwise(sizes))


def _training(setting: Setting) -> TrainingSettings:
    assert isinstance(setting.training, TrainingSettings)
    return setting.training


def _dense(setting: Setting) -> Model:
    """A network of the setting's shape that has every edge."""
    return dense(setting.task_of(0), _training(setting))
