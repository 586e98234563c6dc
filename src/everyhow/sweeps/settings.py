"""What one point of a sweep is made of: the options of training and of explaining, by the keys of a plan."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_type_hints

import numpy as np

from ..auditing.asked import DEEPEST
from ..boolean.truth_table import MAX_INPUTS, TruthTable
from ..common.arguments import quoted
from ..common.errors import InputError
from ..common.reading import cut, typed
from ..model.task import Task, parse_task
from ..training.settings import TrainingSettings, check_memory, training_rows

# Raised when the same settings come to give other networks; then all identities change.
NETWORKS_VERSION = 1
RANDOM = "random:"
# Networks that are trained as one stack are in memory together.
MOST_BLOCK = 10_000


@dataclass(frozen=True)
class Setting:
    """Everything that decides a network but its replicate, and how it is explained.

    Attributes:
        task: what it is trained on; `random:N` draws a function of N inputs for each network, constants left out.
        draw_from: gates from which each network draws its outputs without replacement; replaces `task`.
        outputs: how many of them.
        origin: `trained`, or `untrained`: the first of many random networks that happens to compute the task.
        keep: which networks are explained: `converged` (accuracy of at least 0.99, loss below the target), `accurate`
            (the accuracy only) or `all`.
        depth: the largest depth of the algorithms; the number of weight layers when None.
        min_node_sparsity: in the preset authors, the share of hidden neurons a circuit must leave out.
        block: networks trained as one stack; it decides the last bits.
        training: how it is trained.

    Raises:
        InputError: an option out of range, or options that do not go together.
    """

    task: str = "XOR"
    draw_from: tuple[str, ...] = ()
    outputs: int = 1
    origin: Literal["trained", "untrained"] = "trained"
    keep: Literal["converged", "accurate", "all"] = "converged"
    depth: int | None = None
    min_node_sparsity: float = 0.0
    block: int = 10
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        if self.draw_from and not 1 <= self.outputs <= len(self.draw_from):
            raise InputError(
                f"outputs is {quoted(self.outputs)}; draw_from has {len(self.draw_from)} gates to draw from"
            )
        if not self.draw_from and self.outputs != 1:
            raise InputError(
                f"outputs is {quoted(self.outputs)} but draw_from names no gates; a task tells its outputs itself"
            )
        if len(set(self.draw_from)) < len(self.draw_from):
            raise InputError(f"draw_from names a gate twice: {quoted(', '.join(self.draw_from))}")
        if not 1 <= self.block <= MOST_BLOCK:
            raise InputError(f"block is {quoted(self.block)}; it is a number of networks from 1 to {MOST_BLOCK:,}")
        if self.depth is not None and not 1 <= self.depth <= DEEPEST:
            raise InputError(f"depth is {quoted(self.depth)}; algorithms have a depth from 1 to {DEEPEST}")
        if not 0 <= self.min_node_sparsity < 1:
            raise InputError(f"min_node_sparsity is {self.min_node_sparsity}; it is a share, at least 0 and below 1")
        if self.origin == "untrained" and self.keep == "converged":
            raise InputError('origin is untrained, so nothing converges; keep must be "accurate" or "all"')
        if self.origin == "untrained" and self.training.checkpoints:
            raise InputError("origin is untrained, so there are no checkpoints; leave one of them out")
        try:
            task = self.task_of(0)
        except InputError as error:
            raise InputError(f"{'draw_from' if self.draw_from else 'task'}: {error}") from None
        training_rows(task, self.training)
        check_memory(task, self.training, self.block)

    def task_of(self, seed: int) -> Task:
        """The task of the network with this seed."""
        if not self.draw_from and not self.task.startswith(RANDOM):
            return parse_task(self.task)
        generator = np.random.default_rng([seed, 1])
        if self.draw_from:
            chosen = generator.permutation(len(self.draw_from))[: self.outputs]
            return parse_task(",".join(self.draw_from[k] for k in chosen))
        rows = 1 << _random_inputs(self.task)
        # A random whole number, its first and last value standing for the constants.
        bits = int(sum(int(bit) << k for k, bit in enumerate(generator.integers(0, 2, rows))))
        while bits in (0, (1 << rows) - 1):
            bits = int(sum(int(bit) << k for k, bit in enumerate(generator.integers(0, 2, rows))))
        return parse_task(str(TruthTable(_random_inputs(self.task), bits)))

    @property
    def outputs_at_most(self) -> int:
        """The outputs of its networks."""
        return self.outputs if self.draw_from else self.task_of(0).outputs

    def identity(self, replicate: int) -> str:
        """Sixteen digits that name the network: a hash of all that decides it, options at their defaults left out."""
        deciding = {key: value for key, value in self.options().items() if key not in EXPLAINING}
        document = {"version": NETWORKS_VERSION, "replicate": replicate, **deciding}
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]

    def seed(self, replicate: int) -> int:
        """The seed of everything random about a network: its identity, as a number below 2^63."""
        return int(self.identity(replicate), 16) >> 1

    def options(self) -> dict[str, Any]:
        """The options that differ from their defaults, by key."""
        return {key: value for key, value in flat(self).items() if value != DEFAULTS[key]}


# The options that change what is asked of a network, not the network.
EXPLAINING = ("keep", "depth", "min_node_sparsity")


def flat(setting: Setting) -> dict[str, Any]:
    """All options of a setting by key, tuples as lists."""
    document = {**{key: value for key, value in vars(setting).items() if key != "training"}, **vars(setting.training)}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in document.items()}


DEFAULTS = flat(Setting())
# Options that came later: a plan that leaves them at their defaults is the same plan as before.
LATER = ("input_values", "output_values", "threshold")


def deciding(setting: Setting) -> dict[str, Any]:
    """All options of a setting by key, later ones where they differ from their defaults."""
    return {key: value for key, value in flat(setting).items() if key not in LATER or value != DEFAULTS[key]}


TYPES: dict[str, Any] = {
    name: kind
    for owner in (Setting, TrainingSettings)
    for name, kind in get_type_hints(owner).items()
    if name != "training"
}


def setting_of(options: Mapping[str, Any]) -> Setting:
    """The setting with these options, each checked against its type.

    Raises:
        InputError: an unknown key, a value of another type or out of range, or values that do not go together.
    """
    return setting_with({key: checked_option(key, value) for key, value in options.items()})


def setting_with(checked: Mapping[str, Any]) -> Setting:
    """The setting with these options, each of its type already.

    Raises:
        InputError: a value out of range, or values that do not go together.
    """
    if "task" in checked and "draw_from" in checked:
        raise InputError("task: draw_from replaces it; give one of them")
    own = {f.name for f in fields(Setting)}
    training = TrainingSettings(**{key: value for key, value in checked.items() if key not in own})
    return Setting(**{key: value for key, value in checked.items() if key in own}, training=training)


def checked_option(key: str, value: object) -> Any:
    """The value of an option as its type has it.

    Raises:
        InputError: the key is unknown or the value is of another type.
    """
    if key not in TYPES:
        raise InputError(f"{cut(key)[1:-1]}: unknown option; the options are {', '.join(TYPES)}")
    return typed(value, TYPES[key], key)


def _random_inputs(task: str) -> int:
    text = task.removeprefix(RANDOM)
    if not (text.isdecimal() and 1 <= int(text) <= MAX_INPUTS):
        raise InputError(f"task is {quoted(task)}; after {RANDOM} comes a number of inputs from 1 to {MAX_INPUTS}")
    return int(text)
