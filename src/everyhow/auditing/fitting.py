"""How a task fits a model: the decision, the outputs, and the depth of the algorithms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..common.arguments import choice, is_whole
from ..common.errors import InputError
from ..importing.door import as_model
from ..model.behavior import Behavior
from ..model.behavior_files import behavior_of_tokens, names_a_behavior, read_behavior
from ..model.coding import checked_input_values
from ..model.decision import DECISIONS, Decision, check_no_threshold
from ..model.model import Model
from ..model.task import Task, parse_task
from ..model.token_families import parse_token_task
from ..model.token_task import TokenTask
from .asked import DEEPEST, Questions, questions_of

Preset = Literal["paper", "authors"]
# The largest depth of algorithms over features, where nothing is said.
DEPTH_BY_DATA = 2
PRESETS: tuple[Preset, ...] = ("paper", "authors")
# Inputs that are named in a sentence.
MOST_NAMED = 8


@dataclass(frozen=True)
class Answered:
    """What a model of sequences answers at the rows of a task, whatever the task wants there.

    Attributes:
        task: its rows, where the answers are read, and what the classes are called.
        behavior: the same, with the model's own answers.
        differs_at: the rows at which these are not those of the task, as the behavior names them.
    """

    task: TokenTask
    behavior: Behavior
    differs_at: tuple[str, ...] = ()

    def remark(self, kind: str) -> tuple[str, ...]:
        """What is to be said first of a model of a kind: nothing where it answers as the task wants."""
        if not self.differs_at:
            return ()
        named, more = ", ".join(self.differs_at[:MOST_NAMED]), len(self.differs_at) - MOST_NAMED
        rest = f" and at {more:,} more rows" if more > 0 else ""
        return (f"what is wanted is what the {kind} itself answers, which is not {self.task.name} at {named}{rest}",)


def check_decision(preset: str, decision: str | None) -> Decision:
    """The decision to use in a preset.

    Raises:
        InputError: an unknown preset or decision, or one that the preset does not have.
    """
    choice("preset", preset, PRESETS)
    if decision is not None:
        choice("decision", decision, DECISIONS)
    if preset == "authors":
        if decision not in (None, "round"):
            raise InputError("the preset authors decides by rounding; leave the decision out, or use the preset paper")
        return "round"
    known: tuple[Decision, ...] = tuple(one for one in DECISIONS if one == decision)
    return known[0] if known else "threshold"


def behavior_or_task(model: Any, what: Any) -> Any:
    """What is asked: a Behavior, that of a JSON file whose path stands there, or else a task. Of a model of sequences a
    task is the behavior that it has at the task's rows.

    Args:
        model: what `as_model` takes; it is read as it is.
        what: a Behavior, a path or a task; None where nothing is said.
    """
    if names_a_behavior(what):
        return read_behavior(what, as_model(model))
    if what is None or isinstance(what, Behavior) or not as_model(model).of_sequences:
        return what
    return answered(as_model(model), what).behavior


def taken(given: Any, what: Any, asked: Mapping[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """What is asked about, imported once; what is asked of it, a Behavior or a task; and the questions.

    Of a model of sequences a task becomes the behavior that the model has at the task's rows, with the error allowed
    and the distance that are asked for, and the model says where it does not answer as the task wants.

    Args:
        given: what `as_model` takes.
        what: a Behavior, the path of a JSON file that holds one, or a task.
        asked: the questions, by their keywords.

    Raises:
        InputError: something that is not understood, or rows that the model does not take.
    """
    found = dict(asked)
    if isinstance(what, Behavior):
        return given, what, found
    if names_a_behavior(what):
        model = as_model(given)
        return model, read_behavior(what, model), found
    if found.get("inputs") is not None:
        found["inputs"] = checked_input_values(found["inputs"])
    model = as_model(given, found.get("threshold"), found.get("inputs"))
    if not model.of_sequences:
        return model, what, found
    own = answered(model, what, found.pop("epsilon", None), found.pop("within", None))
    return model.remarked(*own.remark(model.kind)), own.behavior, found


def answered(model: Model, what: Any, epsilon: float | None = None, within: float | None = None) -> Answered:
    """What a model of sequences answers at the rows of a task.

    As the bits of a network's task, answers are judged by what the model itself does: what it does not answer as the
    task wants is explained all the same, and named.

    Args:
        model: a model of sequences.
        what: what `parse_token_task` takes.
        epsilon: the circuit error allowed; 0 when not given.
        within: how near a circuit's logits must come to the model's; any distance when not given.

    Raises:
        InputError: an unknown task, or rows that the model does not take.
    """
    task = parse_token_task(what)
    tokens = task.tokens.shape[1]
    if tokens != model.features:
        raise InputError(
            f"the rows of {task.name} have {tokens} tokens ({task.about}), and this {model.kind} takes "
            f"{model.features}: give the rows that it was trained on, as a file of a behavior (everyhow train writes "
            f"it; eh.parse_token_task({task.name!r}, equals=...).save('behavior.json') with or without a token = at "
            f"the end)"
        )
    document = task.document() | {"epsilon": epsilon or 0.0, "within": within}
    try:
        wanted = behavior_of_tokens(document, model)
    except InputError as error:
        raise InputError(f"task {task.name}: {error}") from None
    own = behavior_of_tokens({key: value for key, value in document.items() if key != "labels"}, model)
    other = (own.wanted != wanted.wanted).any(axis=1)
    return Answered(task, own, tuple(own.name_of(k) for k in range(len(other)) if other[k]))


def classes_as_one(network: Model, task: Task, decision: str | None) -> tuple[Model, str | None]:
    """The network with two classes folded into one output, where a task of one output is asked of it by argmax; and the
    decision then."""
    if (network.outputs, task.outputs) == (2, 1) and are_classes(network, decision):
        return network.folded(), "threshold"
    return network, decision


def are_classes(network: Model, decision: object) -> bool:
    """Whether the outputs of a network stand for classes: it is said, or a softmax after them was left out."""
    return (isinstance(decision, str) and decision == "argmax") or (decision is None and network.softmax)


def check_bits(decision: object) -> None:
    """Raises InputError when the bits of a task are asked for by argmax."""
    if isinstance(decision, str) and decision == "argmax":
        raise InputError(
            "the decision argmax is among classes, the bits of a task are decided one by one: use threshold; or, where "
            "several outputs stand for classes, give a Behavior, such as eh.Behavior.of_data(points, labels)"
        )


def check_outputs(network: Model, task: Task) -> None:
    """Raises InputError when a task has other outputs than the network."""
    if network.outputs == task.outputs:
        return
    hint = "give one gate, formula or table per output, joined by commas"
    if (network.outputs, task.outputs) == (2, 1):
        hint = (
            "where they are bits of their own, give a task for each, such as XOR,AND; where they stand for two "
            'classes, of which the second is 1, say decision="argmax" (--decision argmax): they are folded into one'
        )
    elif network.outputs > 2 and task.outputs == 1:
        hint += (
            "; where outputs stand for classes, explain them by data: eh.audit_behavior(network, "
            "eh.Behavior.of_data(points, labels)) (everyhow audit-data)"
        )
    raise InputError(f"task {task.name} has {task.outputs} output(s) but the network has {network.outputs}; {hint}")


def understood(given: Any, what: Any, questions: Questions, preset: str) -> tuple[Model, Task, Decision]:
    """The model, the task and the decision that somebody asks about, each fitting the others.

    Raises:
        InputError: one of them is not understood, or they do not fit.
    """
    check_no_threshold(questions.decision, questions.threshold)
    network = as_model(given, questions.threshold, questions.inputs)
    check_takes_tasks(network)
    task = parse_task(what, network.features)
    network, said = classes_as_one(network, task, questions.decision)
    decision = check_decision(preset, said)
    check_asked(network, task, decision, preset)
    return network, task, decision


def check_can_be_asked(model: Model, what: Any, preset: Preset, asked: Mapping[str, Any]) -> None:
    """See that an audit by a task can ask all this, before there is the model. What models of its shape answer does not
    matter.

    Args:
        model: one of the same shape.
        what: the task.
        preset: how explanations are counted.
        asked: the questions, by their keywords.

    Raises:
        InputError: something that is unknown or out of range, or that does not fit the rest.
    """
    choice("preset", preset, PRESETS)
    questions = questions_of(asked, preset)
    _, task, _ = understood(model, what, questions, preset)
    questions.document(task, preset, 0)


def check_takes_tasks(model: Model) -> None:
    """Raises InputError when the inputs of a model are sequences of tokens, of which no task is asked."""
    if model.of_sequences:
        raise InputError(
            f"a {model.kind} takes sequences of tokens, and nothing says which: give a task by name, such as XOR or "
            "ADD:5, whose bits or numbers are tokens, or a behavior, which says the tokens and the answers wanted "
            "(eh.Behavior.of_tokens, or the path of a .json file)"
        )


def chosen_depth(network: Model, depth: int | None) -> int:
    """The largest depth of the algorithms: as asked, or else the number of weight layers, at most 8."""
    return min(network.graph.last, DEEPEST) if depth is None else int(depth) if is_whole(depth, 1) else depth


def check_asked(network: Model, task: Task, decision: Decision, preset: str) -> None:
    """Raises InputError when the task does not fit the network, or the decision does not fit the two."""
    check_outputs(network, task)
    check_bits(decision)
    if preset == "authors" and network.threshold != 0.5:
        raise InputError(
            f"the preset authors rounds outputs to 0 and 1, and this network has the threshold "
            f"{'not said' if network.threshold is None else f'{network.threshold:g}'}: use the preset paper, or say "
            "threshold=0.5 (--threshold 0.5) when it was trained towards 0 and 1"
        )
    if decision == "round" and network.threshold not in (None, 0.5):
        raise InputError(
            f"the decision round takes the nearest of 0 and 1, whatever the threshold, and the threshold is "
            f"{network.threshold:g}: give one of them"
        )
