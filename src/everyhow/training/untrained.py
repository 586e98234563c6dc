"""Networks and transformers as they are before training, that happen to compute a task."""

import itertools
from typing import Any, overload

import numpy as np

from ..common.errors import InputError
from ..model.activations import activation
from ..model.task import Task
from ..model.token_task import TokenTask
from ..network.network import Network
from ..transformer.transformer import Transformer
from .settings import TrainingSettings, accuracy_of
from .trained import Trained
from .transformer_settings import TransformerSettings

MOST_DRAWN, DRAWN_AT_ONCE = 1 << 22, 1 << 14
# Of transformers, each of which takes longer.
MOST_TRANSFORMERS = 1 << 17


@overload
def untrained(task: Task, seed: int, settings: TrainingSettings, most_drawn: int | None = None) -> Trained[Network]: ...


@overload
def untrained(
    task: TokenTask, seed: int, settings: TransformerSettings, most_drawn: int | None = None
) -> Trained[Transformer]: ...


def untrained(
    task: Any, seed: int, settings: TrainingSettings | TransformerSettings, most_drawn: int | None = None
) -> Trained[Any]:
    """The first of a sequence of random models that computes the task; the last of them, when none does.

    Weights are drawn as training starts with them: of networks weights and biases uniform within 1 / sqrt(parents), of
    transformers matrices normal with a deviation of 0.8 / sqrt(d_model), and biases 0. Whether a network computes the
    task is decided by threshold; a transformer does when all its answers are right, at every row. `converged` is False:
    nothing was trained.

    Args:
        task: what the model must compute.
        seed: of the weights.
        settings: only the shape and the activations matter; of transformers PyTorch computes what they answer.
        most_drawn: how many models to try; when not given 4,194,304 networks, or 131,072 transformers.

    Raises:
        InputError: no model may be tried.
    """
    if most_drawn is not None and most_drawn < 1:
        raise InputError(f"most_drawn is {most_drawn}; it is a number of models, at least 1")
    if isinstance(settings, TransformerSettings):
        return _transformer(task, seed, settings, most_drawn or MOST_TRANSFORMERS)
    return _network(task, seed, settings, most_drawn or MOST_DRAWN)


def _transformer(task: TokenTask, seed: int, settings: TransformerSettings, most_drawn: int) -> Trained[Transformer]:
    settings.check_fits(task, 1)
    from .stacked_transformers import first_that_answers

    model, drawn, computes = first_that_answers(task, seed, settings, most_drawn)
    logits = model.run(task.tokens).reshape(*task.labels.shape, -1)
    accuracy = float((logits.argmax(axis=2) == task.labels).all(axis=1).mean())
    # The cross-entropy, as in training.
    wanted = np.take_along_axis(logits, task.labels[..., None], axis=2)[..., 0]
    loss = float(np.mean(np.logaddexp.reduce(logits, axis=2) - wanted))
    return Trained(seed, model, False, _reason(drawn, computes), 0, loss, accuracy)


def _reason(drawn: int, computes: bool) -> str:
    return f"untrained; {'the last' if computes else 'none'} of {drawn:,} drawn computes the task"


def _network(task: Task, seed: int, settings: TrainingSettings, most_drawn: int) -> Trained[Network]:
    generator = np.random.default_rng(seed)
    tried, found, network = 0, None, None
    while found is None and tried < most_drawn:
        number = min(DRAWN_AT_ONCE, most_drawn - tried)
        network, found = _first_of(number, task, settings, generator)
        tried += number if found is None else found + 1
    assert network is not None
    loss = float(np.mean((network.run(network.corners) - settings.targets(task)) ** 2))
    return Trained(seed, network, False, _reason(tried, found is not None), 0, loss, accuracy_of(network, task))


def _first_of(
    number: int, task: Task, settings: TrainingSettings, generator: "np.random.Generator"
) -> tuple[Network, int | None]:
    """The first of so many random networks that computes the task, and its place; else the last one and None."""
    sizes = (task.inputs, *settings.widths, task.outputs)
    layers = [
        generator.uniform(-(fan_in**-0.5), fan_in**-0.5, (number, width, fan_in + 1))
        for fan_in, width in itertools.pairwise(sizes)
    ]
    state = settings.points(task)
    for drawn, name in zip(layers, settings.activations, strict=True):
        state = activation(name)(state @ drawn[:, :, :-1].transpose(0, 2, 1) + drawn[:, None, :, -1])
    right = ((state > settings.level) == task.bits()).all(axis=(1, 2))
    found = int(np.argmax(right)) if right.any() else None
    chosen = -1 if found is None else found
    weights, biases = tuple(d[chosen, :, :-1] for d in layers), tuple(d[chosen, :, -1] for d in layers)
    return Network(weights, biases, settings.activations, **settings.coding), found


@overload
def dense(task: Task, settings: TrainingSettings) -> Network: ...


@overload
def dense(task: TokenTask, settings: TransformerSettings) -> Transformer: ...


def dense(task: Any, settings: TrainingSettings | TransformerSettings) -> Any:
    """A model of the shape of a trained one, no weight being 0, to tell what explaining a trained one costs.

    Of networks only the widths matter; a transformer has random weights, since the work depends on how many of its
    values are the same.
    """
    if isinstance(settings, TransformerSettings):
        generator, reach = np.random.default_rng(0), 0.8 / settings.width**0.5
        drawn = {name: generator.normal(scale=reach, size=shape) for name, shape in settings.shapes(task).items()}
        return settings.transformer(task, drawn)
    pairs = list(itertools.pairwise((task.inputs, *settings.widths, task.outputs)))
    weights, biases = tuple(np.ones((out, into)) for into, out in pairs), tuple(np.zeros(out) for _, out in pairs)
    return Network(weights, biases, ("identity",) * len(pairs))
