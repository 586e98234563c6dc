"""What a sweep has to know of each kind of model: its options, its tasks, what is asked of it, and how it is kept."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar, final

from ..auditing.asked import Questions, from_plain, questions_of
from ..auditing.fitting import DEPTH_BY_DATA, Preset, answered, check_asked, check_decision, chosen_depth
from ..auditing.meanings import Plain, plain_questions
from ..boolean.truth_table import TruthTable
from ..common.arguments import quoted
from ..common.errors import InputError
from ..common.notes import Notes
from ..kinds import model_bytes
from ..mapping.patterns import wanted_tables
from ..model.behavior import Behavior
from ..model.explained import check_fits, one_for_two_classes
from ..model.model import Model
from ..model.task import FILES_OF_ROWS, Task, parse_task
from ..model.token_families import parse_token_task
from ..model.token_task import TokenTask
from ..training import TransformerSettings
from ..training.settings import TrainingSettings, check_memory, training_rows
from ..training.untrained import dense

# What may be asked of the models of a plan. How numbers stand for bits, and the rows shown, are options of training.
OF_TRAINING = ("threshold", "inputs", "show")
ASKED: tuple[Plain, ...] = tuple(
    one for one in plain_questions("paper", "authors", "count") if one.key not in OF_TRAINING
)
# Of them, what has a meaning for transformers, which decide by argmax; and what is asked of their stream alone.
OF_STREAMS = ("tolerance", "signals", "disturbance")
OF_TRANSFORMERS = (
    "depth", "ablation", "grain", "scope", "others", "stream", *OF_STREAMS, "epsilon", "within", "not_price",
    "familiar",
)  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """One part of a model, as it is explained: an output that is a bit of its own, or all that the model answers.

    Attributes:
        model: the part, read and folded as its audit does it.
        behavior: the inputs, and what is wanted there.
        depth: the largest one of its algorithms.
        computes: the function of the bits known that it computes; None where there is not one.
    """

    model: Model
    behavior: Behavior
    depth: int
    computes: TruthTable | None


class Kind(ABC):
    """A kind of model that is swept.

    Attributes:
        name: what the option `model` of a plan calls it.
        training: the settings of its training.
        options: those options of a setting, beside training and questions, that only this kind has.
        asked: the questions of a plan that it has, by their keys.
        presets: by which it may be explained.
        ending: of its files.
    """

    name: ClassVar[str]
    training: ClassVar[type]
    options: ClassVar[tuple[str, ...]]
    asked: ClassVar[tuple[str, ...]]
    presets: ClassVar[tuple[Preset, ...]]
    ending: ClassVar[str]

    @property
    def trained_by(self) -> tuple[str, ...]:
        """The options of its training."""
        return tuple(one.name for one in fields(self.training))

    @abstractmethod
    def task(self, text: str, rows: tuple[bool | None, int, int]) -> Any:
        """The task of a text; of tokens, whether rows end with =, how many there are at most, and by which seed."""

    @abstractmethod
    def check(self, task: Any, training: Any, models: int) -> None:
        """See that a task can be learned by these settings, and that so many models fit in memory together.

        Raises:
            InputError: it cannot, or they do not.
        """

    @abstractmethod
    def questions(self, plain: Mapping[str, Any], preset: Preset) -> Questions:
        """What is asked in a preset, from plain values.

        Raises:
            InputError: a question out of range, or two that do not go together.
        """

    @abstractmethod
    def check_asked(self, task: Any, training: Any, asked: Questions) -> None:
        """See that models of these settings have the parts that are asked about.

        Raises:
            InputError: they do not.
        """

    @abstractmethod
    def outputs(self, task: Any) -> tuple[str, ...]:
        """The names of all that is explained apart of a model that learned a task."""

    @abstractmethod
    def explained(self, model: Model, task: Any, output: int, asked: Questions, preset: Preset) -> Explained:
        """One of its outputs as it is explained: what the model itself decides at each row.

        Raises:
            InputError: the task or a question does not fit the model.
        """

    @abstractmethod
    def reasons(self, notes: Notes) -> tuple[str, ...]:
        """Of what was noted while it was explained, why something was estimated or not counted."""

    @abstractmethod
    def content(self, model: Model) -> bytes:
        """Its file."""

    @abstractmethod
    def behavior_file(self, task: Any) -> bytes | None:
        """The file of a behavior by which `everyhow audit` explains a model again; None where the task's name does."""


@final
class Networks(Kind):
    """Networks that learn Boolean tasks."""

    name = "network"
    training = TrainingSettings
    options = ("draw_from", "outputs")
    asked = tuple(one.key for one in ASKED if {"paper", "authors"} & set(one.of))
    presets = ("paper", "authors")
    ending = ".safetensors"

    def task(self, text: str, rows: tuple[bool | None, int, int]) -> Task:
        """Of bits."""
        return parse_task(text)

    def check(self, task: Task, training: TrainingSettings, models: int) -> None:
        """By the rows drawn, too."""
        training_rows(task, training)
        check_memory(task, training, models)

    def questions(self, plain: Mapping[str, Any], preset: Preset) -> Questions:
        """Those that the preset has."""
        own = {one.key: plain[one.key] for one in ASKED if preset in one.of}
        return questions_of(from_plain(own), preset)

    def check_asked(self, task: Task, training: TrainingSettings, asked: Questions) -> None:
        """All of their edges are asked about."""

    def outputs(self, task: Task) -> tuple[str, ...]:
        """Each is a bit of its own."""
        return task.names

    def explained(self, model: Model, task: Task, output: int, asked: Questions, preset: Preset) -> Explained:
        """Over the rows of its truth table, as the preset reads it; the released code judges by the task."""
        part, own = model.output(output), task.output(output)
        if preset == "authors":
            behavior = Behavior.of_network(part, part.corners)
        else:
            decision = check_decision(preset, asked.decision)
            check_asked(part, own, decision, preset)
            behavior = Behavior.of_network(
                part, part.corners, decision, epsilon=asked.epsilon or 0.0, within=asked.within
            )
        return Explained(part, behavior, chosen_depth(part, asked.depth), behavior.tables()[0])

    def reasons(self, notes: Notes) -> tuple[str, ...]:
        """All that was noted."""
        return notes.all

    def content(self, model: Model) -> bytes:
        """As safetensors."""
        return model_bytes(model)

    def behavior_file(self, task: Task) -> None:
        """None: the task is asked by its name."""
        return


@final
class Transformers(Kind):
    """Transformers that learn tasks of tokens."""

    name = "transformer"
    training = TransformerSettings
    options = ("equals", "task_rows", "rows_seed")
    asked = OF_TRANSFORMERS
    presets = ("paper",)
    ending = ".json"

    def task(self, text: str, rows: tuple[bool | None, int, int]) -> TokenTask:
        """Of tokens, by name."""
        if text.lower().endswith(FILES_OF_ROWS):
            raise InputError(
                f"{quoted(text)} is a file, and a plan alone decides what is swept: give a task by name, such as XOR "
                "or MAX:2:3"
            )
        return _token_task(text, *rows)

    def check(self, task: TokenTask, training: TransformerSettings, models: int) -> None:
        """By what each position sees, too."""
        training.check_fits(task, models)

    def questions(self, plain: Mapping[str, Any], preset: Preset) -> Questions:
        """Those of an audit by data, and those that the behavior then says."""
        own = {key: plain[key] for key in self.asked}
        if own["ablation"] == "paired":
            raise InputError(
                "ablation: paired takes a counterfactual row for each row, and a task has none: take zero, mean or "
                "resample"
            )
        usual = {one.key: one.default for one in ASKED}
        codes = [key for key in OF_STREAMS if own["stream"] is None and own[key] != usual[key]]
        if codes:
            raise InputError(
                f"{codes[0]} is asked of codes, and of a transformer these are read in its residual stream: give "
                "stream too, such as -1"
            )
        said = from_plain(own)
        questions_of({key: value for key, value in said.items() if key not in ("epsilon", "within")}, "data")
        return Questions(**{key: value for key, value in said.items() if value is not None})

    def check_asked(self, task: TokenTask, training: TransformerSettings, asked: Questions) -> None:
        """By a transformer of their shape, at the grain and within the scope asked for, or by its stream."""
        if any(one is not None for one in (asked.grain, asked.scope, asked.stream)):
            asked.narrowed(dense(task, training)).graph  # noqa: B018

    def outputs(self, task: TokenTask) -> tuple[str, ...]:
        """All answers together."""
        return (task.name,)

    def explained(self, model: Model, task: TokenTask, output: int, asked: Questions, preset: Preset) -> Explained:
        """Over the rows of its task, two classes being one output."""
        behavior = answered(model, task, asked.epsilon, asked.within).behavior
        read = asked.narrowed(behavior.read(model))
        check_fits(read, behavior)
        read, behavior = one_for_two_classes(read, behavior)
        return Explained(
            read, behavior, DEPTH_BY_DATA if asked.depth is None else asked.depth, _computed(read, behavior)
        )

    def reasons(self, notes: Notes) -> tuple[str, ...]:
        """Without what is never asked of a transformer, or of so many classes, as in an audit by data."""
        return notes.refused + notes.ties

    def content(self, model: Model) -> bytes:
        """As JSON."""
        return json.dumps(model.document()).encode()

    def behavior_file(self, task: TokenTask) -> bytes:
        """The rows, where the answers are read, and what the classes are called, without labels: what is explained is
        what the model itself answers."""
        return _unlabeled(task)


KINDS: dict[str, Kind] = {one.name: one for one in (Networks(), Transformers())}


def kind_of(training: object) -> Kind:
    """The kind of model that some settings train."""
    return next(kind for kind in KINDS.values() if isinstance(training, kind.training))


def having(option: str) -> Iterator[Kind]:
    """The kinds that have an option, of those that only some have."""
    own = {name: {*kind.trained_by, *kind.options, *kind.asked} for name, kind in KINDS.items()}
    return (kind for name, kind in KINDS.items() if option in own[name])


@lru_cache(maxsize=64)
def _token_task(text: str, equals: bool | None, rows: int, seed: int) -> TokenTask:
    return parse_token_task(text, equals, rows, seed)


@lru_cache(maxsize=64)
def _unlabeled(task: TokenTask) -> bytes:
    # Tasks of the same rows have the same file, whatever they are called.
    document = {key: value for key, value in task.document().items() if key not in ("name", "about", "labels")}
    return json.dumps(document).encode()


def _computed(model: Model, behavior: Behavior) -> TruthTable | None:
    if model.outputs != 1 or behavior.bits is None:
        return None
    try:
        tables = wanted_tables(behavior)
    except InputError:
        return None
    return tables[0] if len(tables) == 1 else None
