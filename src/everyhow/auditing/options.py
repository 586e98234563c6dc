"""The options that an audit and a count share, and what each allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..boolean.cost import CostModel
from ..boolean.truth_table import INPUT_NAMES, row_name
from ..circuit.findings import CircuitQuestions
from ..common.arguments import check_budget, choice, instance, is_number, is_whole, listed, quoted
from ..common.errors import InputError
from ..model.behavior import check_epsilon, check_within
from ..model.criterion import check_ablation
from ..model.decision import DECISIONS, Decision
from ..model.model import Model
from ..model.task import Task
from ..readout.readout import DEFAULT_TOLERANCE, check_tolerance

Preset = Literal["paper", "authors"]
PRESETS: tuple[Preset, ...] = ("paper", "authors")
DEEPEST = 8


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


def chosen_depth(network: Model, depth: int | None) -> int:
    """The largest depth of the algorithms: as asked, or else the number of weight layers, at most 8."""
    return min(network.graph.last, DEEPEST) if depth is None else int(depth) if is_whole(depth, 1) else depth


def check_options(
    network: Model, task: Task, decision: Decision, depth: int, min_node_sparsity: float, budget: int, preset: str
) -> None:
    """Raises InputError when an option is out of range or the task does not fit the network."""
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
    if not is_whole(depth, 1, DEEPEST):
        raise InputError(f"depth is {quoted(depth)}; algorithms have a depth from 1 to {DEEPEST}")
    if not is_number(min_node_sparsity, 0) or min_node_sparsity >= 1:
        raise InputError(f"min_node_sparsity is {quoted(min_node_sparsity)}; it is a share, at least 0 and below 1")
    if min_node_sparsity and preset != "authors":
        raise InputError("min_node_sparsity belongs to the preset authors; leave it out, or choose that preset")
    check_budget(budget)


def checked_order(pair_order: str | None, inputs: int, preset: str) -> str:
    """The inputs in the order that selects the interventions of the preset authors.

    Raises:
        InputError: an input is missing or named twice, or the preset has no such order.
    """
    if pair_order is not None and preset != "authors":
        raise InputError("pair_order belongs to the preset authors; leave it out, or choose that preset")
    names = INPUT_NAMES[:inputs]
    order = names if pair_order is None else str(pair_order).upper()
    if sorted(order) != sorted(names):
        raise InputError(f"pair_order is {pair_order!r}; it names each of the inputs {names} once")
    return order


@dataclass(frozen=True)
class Questions:
    """What an audit by the preset paper is asked beyond the counts.

    Attributes:
        tolerance: of readouts; a relative residual.
        signals: the most signals of a readout explanation; 3, or what each layer allows, when None.
        costs: the prices of gates.
        shown: the rows that the network was trained on; where it agrees with the task when None.
        circuits: what is asked of circuits.
        epsilon: the circuit error allowed.
        within: how near a circuit's outputs must come to the network's; None when only decisions count.
    """

    tolerance: float
    signals: int | None
    costs: CostModel
    shown: tuple[int, ...] | None
    circuits: CircuitQuestions
    epsilon: float
    within: float | None


def checked_questions(
    preset: str,
    task: Task,
    tolerance: float | None,
    signals: int | None,
    costs: CostModel | None,
    shown: Iterable[str] | None,
    ablation: str | None,
    epsilon: float | None,
    within: float | None,
    robust: float | None,
) -> Questions:
    """The questions with their defaults filled in.

    Raises:
        InputError: one that is out of range, or that the preset does not have.
    """
    given = {
        "tolerance": tolerance, "signals": signals, "costs": costs, "shown": shown,
        "ablation": ablation, "epsilon": epsilon, "within": within, "robust": robust,
    }  # fmt: skip
    foreign = [name for name, value in given.items() if value is not None and preset != "paper"]
    if foreign:
        raise InputError(f"{' and '.join(foreign)}: this belongs to the preset paper; leave it out, or choose that")
    chosen = DEFAULT_TOLERANCE if tolerance is None else tolerance
    check_tolerance(chosen)
    if costs is not None:
        instance(costs, CostModel, "a CostModel", "make one with everyhow.CostModel")
    if signals is not None and not is_whole(signals, 1):
        raise InputError(f"signals is {quoted(signals)}; a readout explanation has at least 1 signal")
    rows = None if shown is None else shown_rows(task, shown)
    circuits = checked_circuit_questions(ablation, epsilon, within, robust)
    if epsilon is not None:
        check_epsilon(epsilon)
    check_within(within)
    return Questions(chosen, signals, costs or CostModel(), rows, circuits, epsilon or 0.0, within)


def checked_circuit_questions(
    ablation: str | None, epsilon: float | None, within: float | None, robust: float | None
) -> CircuitQuestions:
    """What is asked of circuits, with its defaults filled in.

    Raises:
        InputError: an unknown ablation, a radius out of range, or robust circuits where they have no meaning.
    """
    chosen = check_ablation("zero" if ablation is None else ablation)
    if robust is not None and not is_number(robust, 0):
        raise InputError(f"robust is {quoted(robust)}; it is half the side of the box around each input, at least 0")
    if robust is not None and (chosen != "zero" or epsilon or within is not None):
        raise InputError(
            "robust circuits decide right at every input of a box, run alone: leave out ablation, epsilon and within"
        )
    return CircuitQuestions(chosen, robust)


def shown_rows(task: Task, rows: Iterable[str]) -> tuple[int, ...]:
    """Rows given as digits, in order.

    Raises:
        InputError: something that is no row, or no row at all.
    """
    names = [row_name(row, task.inputs) for row in range(1 << task.inputs)]
    given = [str(row).strip() for row in listed("shown", rows, "the rows that were shown, as digits, such as 01")]
    unknown = [row for row in given if row not in names]
    if unknown or not given:
        raise InputError(f"show names {', '.join(unknown) or 'no rows'}; the rows are {', '.join(names)}")
    return tuple(sorted({names.index(row) for row in given}))
