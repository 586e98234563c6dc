"""Networks as they are before training, that happen to compute a task."""

import itertools

import numpy as np

from ..common.errors import InputError
from ..model.activations import activation
from ..model.task import Task
from ..network.network import Network
from .settings import TrainingSettings, accuracy_of
from .trained import Trained

MOST_DRAWN, DRAWN_AT_ONCE = 1 << 22, 1 << 14


def untrained(task: Task, seed: int, settings: TrainingSettings, most_drawn: int = MOST_DRAWN) -> Trained[Network]:
    """The first of a sequence of random networks that computes the task; the last of them, when none does.

    Weights and biases are drawn as training starts with them: uniform within 1 / sqrt(parents). Whether a network
    computes the task is decided by threshold. `converged` is False: nothing was trained.

    Args:
        task: what the network must compute.
        seed: of the weights.
        settings: only the widths and the activations matter.
        most_drawn: how many networks to try.

    Raises:
        InputError: no network may be tried.
    """
    if most_drawn < 1:
        raise InputError(f"most_drawn is {most_drawn}; it is a number of networks, at least 1")
    generator = np.random.default_rng(seed)
    tried, found, network = 0, None, None
    while found is None and tried < most_drawn:
        number = min(DRAWN_AT_ONCE, most_drawn - tried)
        network, found = _first_of(number, task, settings, generator)
        tried += number if found is None else found + 1
    assert network is not None
    reason = f"untrained; {'none' if found is None else 'the last'} of {tried:,} drawn computes the task"
    loss = float(np.mean((network.run(network.corners) - settings.targets(task)) ** 2))
    return Trained(seed, network, False, reason, 0, loss, accuracy_of(network, task))


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


def dense(task: Task, settings: TrainingSettings) -> Network:
    """A network of the widths of a trained one, no weight being 0, to tell what explaining a trained one costs.

    Only the widths matter.
    """
    pairs = list(itertools.pairwise((task.inputs, *settings.widths, task.outputs)))
    weights, biases = tuple(np.ones((out, into)) for into, out in pairs), tuple(np.zeros(out) for _, out in pairs)
    return Network(weights, biases, ("identity",) * len(pairs))
