"""The options that an audit and a count share, and what each allows."""

from typing import Literal

from .behavior import DECISIONS, Decision, Task
from .boolean.truth_table import INPUT_NAMES
from .errors import InputError
from .network import Network
from .readouts.readout import check_tolerance

Preset = Literal["paper", "authors"]
PRESETS: tuple[Preset, ...] = ("paper", "authors")
DEEPEST = 8


def check_decision(preset: str, decision: str | None) -> Decision:
    """The decision to use in a preset.

    Raises:
        InputError: an unknown preset or decision, or one that the preset does not have.
    """
    if preset not in PRESETS:
        raise InputError(f"unknown preset {preset!r}; the presets are {' and '.join(PRESETS)}")
    if decision is not None and decision not in DECISIONS:
        raise InputError(f"unknown decision {decision!r}; the decisions are {' and '.join(DECISIONS)}")
    if preset == "authors":
        if decision == "threshold":
            raise InputError("the preset authors decides by rounding; leave the decision out, or use the preset paper")
        return "round"
    return "round" if decision == "round" else "threshold"


def check_options(network: Network, task: Task, depth: int, min_node_sparsity: float, budget: int, preset: str) -> None:
    """Raises InputError when an option is out of range or the task does not fit the network."""
    if network.widths[-1] != task.outputs:
        raise InputError(
            f"task {task.name} has {task.outputs} output(s) but the network has {network.widths[-1]}; "
            f"give one gate, formula or table per output, joined by commas"
        )
    if not 1 <= depth <= DEEPEST:
        raise InputError(f"depth is {depth}; algorithms have a depth from 1 to {DEEPEST}")
    if not 0 <= min_node_sparsity < 1:
        raise InputError(f"min_node_sparsity is {min_node_sparsity}; it is a share, at least 0 and below 1")
    if min_node_sparsity and preset != "authors":
        raise InputError("min_node_sparsity belongs to the preset authors; leave it out, or choose that preset")
    if budget < 1:
        raise InputError(f"budget is {budget}; it is a number of candidate evaluations, at least 1")


def checked_order(pair_order: str | None, inputs: int, preset: str) -> str:
    """The inputs in the order that selects the interventions of the preset authors.

    Raises:
        InputError: an input is missing or named twice, or the preset has no such order.
    """
    if pair_order is not None and preset != "authors":
        raise InputError("pair_order belongs to the preset authors; leave it out, or choose that preset")
    names = INPUT_NAMES[:inputs]
    order = names if pair_order is None else pair_order.upper()
    if sorted(order) != sorted(names):
        raise InputError(f"pair_order is {pair_order!r}; it names each of the inputs {names} once")
    return order


def check_readouts(tolerance: float, signals: int | None) -> None:
    """Raises InputError when an option of readouts is out of range."""
    check_tolerance(tolerance)
    if signals is not None and signals < 1:
        raise InputError(f"signals is {signals}; a readout explanation has at least 1 signal")
