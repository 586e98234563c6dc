"""How a task fits a model: the decision, the outputs, and the depth of the algorithms."""

from typing import Any, Literal

from ..common.arguments import choice, is_whole
from ..common.errors import InputError
from ..importing.door import as_model
from ..model.behavior_files import names_a_behavior, read_behavior
from ..model.decision import DECISIONS, Decision, check_no_threshold
from ..model.model import Model
from ..model.task import Task, parse_task
from .asked import DEEPEST, Questions

Preset = Literal["paper", "authors"]
# The largest depth of algorithms over features, where nothing is said.
DEPTH_BY_DATA = 2
PRESETS: tuple[Preset, ...] = ("paper", "authors")


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


def behavior_or_task(given: Any, what: Any) -> Any:
    """What is asked: a Behavior, that of a JSON file whose path stands there, or else a task."""
    return read_behavior(what, as_model(given)) if names_a_behavior(what) else what


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


def check_takes_tasks(model: Model) -> None:
    """Raises InputError when the inputs of a model are sequences of tokens, of which no task is asked."""
    if model.of_sequences:
        raise InputError(
            f"a task is asked of bits, and a {model.kind} takes sequences of tokens: give a behavior, which says the "
            "tokens and the answers wanted (eh.Behavior.of_tokens, or the path of a .json file)"
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
