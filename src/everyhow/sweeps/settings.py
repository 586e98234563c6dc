"""What one point of a sweep is made of: the options of training and of explaining, by the keys of a plan."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any, Literal, get_type_hints

import numpy as np

from ..auditing.asked import Plain, Questions, from_plain, plain_questions, questions_of
from ..auditing.fitting import PRESETS, Preset
from ..boolean.truth_table import MAX_INPUTS, TruthTable
from ..common.arguments import quoted
from ..common.errors import InputError
from ..model.task import Task, parse_task
from ..training.settings import TrainingSettings, check_memory, training_rows

# Raised when the same settings come to give other networks; then all identities change.
NETWORKS_VERSION = 1
RANDOM = "random:"
# Networks that are trained as one stack are in memory together.
MOST_BLOCK = 10_000
# What may be asked of the networks of a plan. How their numbers stand for bits, and the rows that they were shown, are
# options of training.
OF_TRAINING = ("threshold", "inputs", "show")
ASKED: tuple[Plain, ...] = tuple(one for one in plain_questions("paper", "authors") if one.key not in OF_TRAINING)
# The questions that a plan asks, in plain values; at their defaults where it is silent.
Asking = make_dataclass(
    "Asking",
    [(one.key, one.kind if one.default is not None else one.kind | None, field(default=one.default)) for one in ASKED],
    frozen=True,
    namespace={"__module__": __name__},
)


@dataclass(frozen=True)
class Setting:
    """Everything that decides a network but its replicate, and how it is explained.

    Attributes:
        task: what it is trained on; `random:N` draws a function of N inputs for each network, constants left out.
        draw_from: gates from which each network draws its outputs without replacement; replaces `task`.
        outputs: how many are drawn.
        origin: `trained`, or `untrained`: the first of many random networks that happens to compute the task.
        keep: which networks are explained: `converged` (accuracy of at least 0.99, loss below the target), `accurate`
            (the accuracy only) or `all`.
        block: how many networks are trained as one stack; another number changes results in the last digits.
        training: how it is trained.
        asked: the questions asked of it (`ASKED`).

    Raises:
        InputError: an option out of range, or options that do not go together.
    """

    task: str = "XOR"
    draw_from: tuple[str, ...] = ()
    outputs: int = 1
    origin: Literal["trained", "untrained"] = "trained"
    keep: Literal["converged", "accurate", "all"] = "converged"
    block: int = 10
    training: TrainingSettings = field(default_factory=TrainingSettings)
    asked: Asking = field(default_factory=Asking)  # type: ignore[valid-type]

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
        for preset in PRESETS:
            self.questions(preset)
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
        bits = 0
        # A random whole number, its first and last value standing for the constants.
        while bits in (0, (1 << rows) - 1):
            bits = int(sum(int(bit) << k for k, bit in enumerate(generator.integers(0, 2, rows))))
        return parse_task(str(TruthTable(_random_inputs(self.task), bits)))

    def questions(self, preset: Preset) -> Questions:
        """What is asked in a preset: the questions that it has.

        Raises:
            InputError: one is out of range, or two do not go together.
        """
        return questions_of(from_plain(self.asked_in(preset)), preset)

    def asked_in(self, preset: Preset) -> dict[str, Any]:
        """The questions of a preset, in plain values."""
        return {one.key: getattr(self.asked, one.key) for one in ASKED if preset in one.of}

    def foreign(self, presets: Iterable[Preset]) -> list[str]:
        """The questions asked that none of some presets has."""
        known = {one.key for one in ASKED if set(one.of) & set(presets)}
        return [one.key for one in ASKED if one.key not in known and getattr(self.asked, one.key) != one.default]

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
EXPLAINING = ("keep", *(one.key for one in ASKED))


def flat(setting: Setting) -> dict[str, Any]:
    """All options of a setting by key, tuples as lists."""
    own = {key: value for key, value in vars(setting).items() if key not in ("training", "asked")}
    document = {**own, **vars(setting.asked), **vars(setting.training)}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in document.items()}


DEFAULTS = flat(Setting())
# Options that came later: a plan that leaves them at their defaults is the same plan as before.
LATER = (
    "input_values", "output_values", "threshold",
    *(one.key for one in ASKED if one.key not in ("depth", "min_node_sparsity")),
)  # fmt: skip


def deciding(setting: Setting) -> dict[str, Any]:
    """All options of a setting by key, later ones where they differ from their defaults."""
    return {key: value for key, value in flat(setting).items() if key not in LATER or value != DEFAULTS[key]}


TYPES: dict[str, Any] = {
    name: kind
    for owner in (Setting, Asking, TrainingSettings)
    for name, kind in get_type_hints(owner).items()
    if name not in ("training", "asked")
}


def setting_with(checked: Mapping[str, Any]) -> Setting:
    """The setting with these options, each of its type already.

    Raises:
        InputError: a value out of range, or values that do not go together.
    """
    if "task" in checked and "draw_from" in checked:
        raise InputError("task: draw_from replaces it; give one of them")
    parts = [
        {one.name: checked[one.name] for one in fields(owner) if one.name in checked}
        for owner in (Setting, Asking, TrainingSettings)
    ]
    return Setting(**parts[0], asked=Asking(**parts[1]), training=TrainingSettings(**parts[2]))


def _random_inputs(task: str) -> int:
    text = task.removeprefix(RANDOM)
    if not (text.isdecimal() and 1 <= int(text) <= MAX_INPUTS):
        raise InputError(f"task is {quoted(task)}; after {RANDOM} comes a number of inputs from 1 to {MAX_INPUTS}")
    return int(text)
