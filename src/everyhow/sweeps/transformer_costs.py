"""What training and explaining transformers costs, told from one with random weights."""

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from ..auditing.fitting import DEPTH_BY_DATA, Preset, answered
from ..circuit.findings import COUNTING, COUNTING_FAITHFUL
from ..common.budget import PER_SECOND, Budget
from ..kinds import foretold_refusal
from ..mapping.findings import foreseen_refusal_over
from ..mapping.signatures import observed_cost
from ..model.behavior import Behavior
from ..model.criterion import perfect, resample_faithful
from ..model.explained import one_for_two_classes
from ..model.model import Model
from ..model.space import circuits_in_space
from ..training.transformer_settings import TransformerSettings
from ..training.untrained import MOST_TRANSFORMERS, dense
from .settings import Setting

# Seconds on one core, measured on the development machine: of a step, for each layer in it, more where there are norms,
# and for each number that is computed.
PER_STEP, PER_LAYER, WITH_NORMS, PER_NUMBER = 1e-3, 1.5e-3, 2.0, 8e-9
# A stack is trained until its last transformer is done, which often is one that does not converge.
USUAL_STEPS, USUAL_RATE, LESS_BY_RATE = 250, 1e-2, 0.65
# Of explaining one: whatever it is, for each circuit that there is, and for each base with each source.
PER_EXPLANATION, PER_CIRCUIT, PER_PAIR = 0.035, 3e-6, 2.5e-4
# Where the circuits are beyond the budget and their number is estimated.
ESTIMATING = 10.0
# Of drawing random ones until one answers every row as wanted: more seldom, by so much, than if answers were chance.
PER_DRAWN_NUMBER, SELDOMER = 2.2e-8, 1000.0
BYTES_PER_WEIGHT = 22


class _Asked(NamedTuple):
    """A transformer with random weights as it would be explained, what the task wants of it, and the depth."""

    model: Model
    behavior: Behavior
    depth: int


def training_seconds(setting: Setting, stack: int) -> float:
    """How long one core usually takes to train so many transformers as one stack, or to draw them."""
    training, task = _training(setting), setting.task_of(0)
    if setting.origin == "untrained":
        wrong = len(task.labels) * task.labels.shape[1] * math.log(task.classes)
        draws = min(float(MOST_TRANSFORMERS), math.exp(min(wrong, 60.0)) * SELDOMER)
        return stack * draws * training.computed_in_a_step(task) * PER_DRAWN_NUMBER
    rows = training.rows_shown(task)
    batches = -(-rows // (training.batch_size or rows))
    usual = USUAL_STEPS * (USUAL_RATE / training.learning_rate) ** LESS_BY_RATE / batches
    epochs = training.epochs if training.patience >= training.epochs else min(training.epochs, max(4.0, usual))
    layers = training.layers * PER_LAYER * (1.0 if training.norm == "none" else WITH_NORMS)
    return epochs * batches * (PER_STEP + layers + stack * training.computed_in_a_step(task) * PER_NUMBER)


def refusals(setting: Setting, presets: tuple[Preset, ...], budget: int) -> tuple[str, ...]:
    """What the budget will not allow at a point, as far as a transformer with random weights tells: circuits whose
    states are too many, places and algorithms that are too many."""
    return _refusals(setting, budget)


@lru_cache(maxsize=256)
def _refusals(setting: Setting, budget: int) -> tuple[str, ...]:
    asked = _asked(setting)
    ablation = setting.questions("paper").circuits.ablation
    alone = perfect(asked.model, asked.behavior, ablation)
    found: list[str | None] = [foretold_refusal(alone, COUNTING, Budget(budget))]
    if found[0] is None and len(asked.behavior.points) <= asked.model.paired_at_once:
        faithful = resample_faithful(asked.model, asked.behavior, ablation)
        found.append(foretold_refusal(faithful, COUNTING_FAITHFUL, Budget(budget)))
    found.append(foreseen_refusal_over(asked.model, asked.behavior, asked.depth, Budget(budget)))
    return tuple(refusal for refusal in found if refusal)


@lru_cache(maxsize=1024)
def explanation_seconds(setting: Setting, budget: int, exact_up_to: int) -> float:
    """Roughly how long one core takes to explain one transformer."""
    asked = _asked(setting)
    inputs, space = len(asked.behavior.points), circuits_in_space(asked.model.graph)
    counted = ESTIMATING if any(COUNTING in one for one in _refusals(setting, budget)) else PER_CIRCUIT * space
    _, placed = observed_cost(asked.model, inputs)
    held = placed / PER_SECOND if placed <= budget else 0.0
    return PER_EXPLANATION + counted + held + PER_PAIR * min(inputs, asked.model.paired_at_once) ** 2


def weights(setting: Setting) -> int:
    """The weights of one transformer."""
    return sum(math.prod(shape) for shape in _training(setting).shapes(setting.task_of(0)).values())


def _training(setting: Setting) -> TransformerSettings:
    assert isinstance(setting.training, TransformerSettings)
    return setting.training


def _asked(setting: Setting) -> _Asked:
    """A transformer of a setting's shape, as it is explained where it has learned the task."""
    task, questions = setting.task_of(0), setting.questions("paper")
    model = dense(task, _training(setting))
    own = answered(model, task, questions.epsilon, questions.within).behavior
    wanted = replace(own, wanted=task.behavior(model).wanted)
    model, behavior = one_for_two_classes(questions.narrowed(own.read(model)), wanted)
    return _Asked(model, behavior, DEPTH_BY_DATA if questions.depth is None else questions.depth)
