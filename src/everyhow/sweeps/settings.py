"""What one point of a sweep is made of: the options of training and of explaining, by the keys of a plan."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Any, Literal, get_type_hints

import numpy as np

from ..auditing.asked import Questions
from ..auditing.fitting import Preset
from ..boolean.truth_table import MAX_INPUTS, TruthTable
from ..common.arguments import quoted
from ..common.errors import InputError
from ..model.token_families import ROWS
from ..training.settings import TrainingSettings
from ..training.transformer_settings import TransformerSettings
from .models import ASKED, KINDS, Kind, having, kind_of

# Raised when the same settings come to give other networks; then all identities change.
NETWORKS_VERSION = 1
RANDOM = "random:"
# Networks that are trained as one stack are in memory together.
MOST_BLOCK = 10_000
# The option that says what is trained.
MODEL = "model"
# The questions that a plan asks, in plain values; at their defaults where it is silent.
Asking: type[Any] = make_dataclass(
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
        equals: of a transformer's task, whether rows end with the token =; as the task has it when None.
        task_rows: of a transformer's task, how many rows are taken at most.
        rows_seed: by which they are drawn from a task that has more.
        draw_from: gates from which each network draws its outputs without replacement; replaces `task`.
        outputs: how many are drawn.
        origin: `trained`, or `untrained`: the first of many random networks that happens to compute the task.
        keep: which networks are explained: `converged` (accuracy of at least 0.99, loss below the target), `accurate`
            (the accuracy only) or `all`.
        block: how many networks are trained as one stack; another number changes results in the last digits.
        training: how it is trained, which also says what: a network or a transformer.
        asked: the questions asked of it (`ASKED`).

    Raises:
        InputError: an option out of range, or options that do not go together.
    """

    task: str = "XOR"
    equals: bool | None = None
    task_rows: int = ROWS
    rows_seed: int = 0
    draw_from: tuple[str, ...] = ()
    outputs: int = 1
    origin: Literal["trained", "untrained"] = "trained"
    keep: Literal["converged", "accurate", "all"] = "converged"
    block: int = 10
    training: TrainingSettings | TransformerSettings = field(default_factory=TrainingSettings)
    asked: Any = field(default_factory=Asking)

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
        for preset in self.kind.presets:
            self.questions(preset)
        if self.origin == "untrained" and self.keep == "converged":
            raise InputError('origin is untrained, so nothing converges; keep must be "accurate" or "all"')
        if self.origin == "untrained" and self.training.checkpoints:
            raise InputError("origin is untrained, so there are no checkpoints; leave one of them out")
        try:
            task = self.task_of(0)
        except InputError as error:
            raise InputError(f"{'draw_from' if self.draw_from else 'task'}: {error}") from None
        self.kind.check(task, self.training, self.block)
        self.kind.check_asked(task, self.training, self.questions("paper"))

    @property
    def kind(self) -> Kind:
        """The kind of model that is trained."""
        return kind_of(self.training)

    def task_of(self, seed: int) -> Any:
        """The task of the network with this seed: a Task, or of transformers a TokenTask."""
        return self.kind.task(self._task_text(seed), (self.equals, self.task_rows, self.rows_seed))

    def _task_text(self, seed: int) -> str:
        if not self.draw_from and not self.task.startswith(RANDOM):
            return self.task
        generator = np.random.default_rng([seed, 1])
        if self.draw_from:
            chosen = generator.permutation(len(self.draw_from))[: self.outputs]
            return ",".join(self.draw_from[k] for k in chosen)
        rows = 1 << _random_inputs(self.task)
        bits = 0
        # A random whole number, its first and last value standing for the constants.
        while bits in (0, (1 << rows) - 1):
            bits = int(sum(int(bit) << k for k, bit in enumerate(generator.integers(0, 2, rows))))
        return str(TruthTable(_random_inputs(self.task), bits))

    @property
    def behavior(self) -> tuple[str, bytes] | None:
        """The file of a behavior by which its models are explained again, with its name; None where the name of the
        task does. Its name is a hash of what it says, since it is that of many models."""
        content = self.kind.behavior_file(self.task_of(0))
        return None if content is None else (f"{hashlib.sha256(content).hexdigest()[:16]}.json", content)

    def questions(self, preset: Preset) -> Questions:
        """What is asked in a preset: the questions that it has.

        Raises:
            InputError: one is out of range, or two do not go together.
        """
        return self.kind.questions(vars(self.asked), preset)

    def foreign(self, presets: Iterable[Preset]) -> list[str]:
        """The questions asked that none of some presets has, of those that this kind of model has."""
        known = {one.key for one in ASKED if set(one.of) & set(presets)}
        own = self.kind.asked if len(self.kind.presets) > 1 else ()
        return [
            one.key
            for one in ASKED
            if one.key in own and one.key not in known and getattr(self.asked, one.key) != one.default
        ]

    @property
    def outputs_at_most(self) -> int:
        """The outputs of its networks that are explained apart."""
        return self.outputs if self.draw_from else len(self.kind.outputs(self.task_of(0)))

    def identity(self, replicate: int) -> str:
        """Sixteen digits that name the network: a hash of all that decides it, options at their defaults left out."""
        deciding = {key: value for key, value in self.options().items() if key not in EXPLAINING}
        document = {"version": NETWORKS_VERSION, "replicate": replicate, **deciding}
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]

    def seed(self, replicate: int) -> int:
        """The seed of everything random about a network: its identity, as a number below 2^63."""
        return int(self.identity(replicate), 16) >> 1

    def options(self) -> dict[str, Any]:
        """The options that differ from their defaults, by key; and which kind of model, where that is not a network."""
        own, usual = flat(self), DEFAULTS[self.kind.name]
        return {key: value for key, value in own.items() if value != usual[key] or (key, value) == A_TRANSFORMER}


# The options that change what is asked of a network, not the network.
EXPLAINING = ("keep", *(one.key for one in ASKED))
A_TRANSFORMER = (MODEL, "transformer")
# What a plan may say of a model of one kind only.
SPECIAL = {
    *(key for kind in KINDS.values() for key in (*kind.options, *kind.trained_by)),
    *(one.key for one in ASKED),
}  # fmt: skip


def flat(setting: Setting) -> dict[str, Any]:
    """All options that a setting has by key, tuples as lists: those of its kind of model."""
    kind = setting.kind
    own = {key: value for key, value in vars(setting).items() if key not in ("training", "asked")}
    asked = {key: value for key, value in vars(setting.asked).items() if key in kind.asked}
    document = {MODEL: kind.name, **own, **asked, **vars(setting.training)}
    known = {*kind.options, *kind.trained_by, *kind.asked}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in document.items()
        if key in known or key not in SPECIAL
    }


# By the kind of model.
DEFAULTS = {name: flat(Setting(training=kind.training())) for name, kind in KINDS.items()}
# Options that came later: a plan that leaves them at their defaults is the same plan as before.
LATER = (
    MODEL, "input_values", "output_values", "threshold",
    *(one.key for one in ASKED if one.key not in ("depth", "min_node_sparsity")),
)  # fmt: skip


def deciding(setting: Setting) -> dict[str, Any]:
    """All options of a setting by key, later ones where they differ from their defaults."""
    usual = DEFAULTS[setting.kind.name]
    return {
        key: value
        for key, value in flat(setting).items()
        if key not in LATER or value != usual[key] or (key, value) == A_TRANSFORMER
    }


def _types() -> dict[str, Any]:
    """The type of every option of a plan; one that several kinds of models have may be of each one's."""
    found: dict[str, Any] = {MODEL: Literal["network", "transformer"]}
    for owner in (Setting, Asking, *(kind.training for kind in KINDS.values())):
        for name, kind in get_type_hints(owner).items():
            if name not in ("training", "asked"):
                found[name] = kind if found.get(name, kind) == kind else found[name] | kind
    return found


TYPES = _types()


def setting_with(checked: Mapping[str, Any]) -> Setting:
    """The setting with these options, each of its type already.

    Raises:
        InputError: a value out of range, an option of another kind of model, or values that do not go together.
    """
    kind = KINDS[checked.get(MODEL, "network")]
    _check_own(kind, checked)
    if "task" in checked and "draw_from" in checked:
        raise InputError("task: draw_from replaces it; give one of them")
    parts = [
        {name: checked[name] for name in names if name in checked}
        for names in ((*SHARED, *kind.options), kind.asked, kind.trained_by)
    ]
    return Setting(**parts[0], asked=Asking(**parts[1]), training=kind.training(**parts[2]))


# What a setting says of every kind of model, beside training and questions.
SHARED = tuple(name for name in Setting.__dataclass_fields__ if name not in (*SPECIAL, "training", "asked"))


def _check_own(kind: Kind, given: Iterable[str]) -> None:
    """See that a kind of model has all options given.

    Raises:
        InputError: one that it does not have; the message says which kind does.
    """
    known = {*kind.options, *kind.trained_by, *kind.asked}
    for key in given:
        if key in SPECIAL and key not in known:
            others = [one.name for one in having(key)]
            raise InputError(
                f"{key}: a {kind.name} does not have this option, a {' or a '.join(others)} does; leave it out, or say "
                f'model = "{others[0]}"'
            )


def _random_inputs(task: str) -> int:
    text = task.removeprefix(RANDOM)
    if not (text.isdecimal() and 1 <= int(text) <= MAX_INPUTS):
        raise InputError(f"task is {quoted(task)}; after {RANDOM} comes a number of inputs from 1 to {MAX_INPUTS}")
    return int(text)
