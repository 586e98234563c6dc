"""Counting the perfect circuits of a network, and nothing else."""

from typing import Any

from .behavior import Behavior, Decision, Task, mismatches, parse_task
from .boolean.truth_table import assignments
from .budget import DEFAULT_BUDGET, over_budget
from .circuits.count import CircuitCount, count_circuits
from .circuits.criterion import perfect
from .circuits.released import ReleasedCircuits
from .circuits.space import circuits_in_space
from .errors import BudgetError
from .network import Network
from .options import Preset, check_decision, check_options


def count(
    network: Network,
    task: str | Task,
    preset: Preset = "paper",
    *,
    decision: Decision | None = None,
    min_node_sparsity: float = 0.0,
    budget: int = DEFAULT_BUDGET,
) -> dict[str, Any]:
    """The number of perfect circuits, as a JSON document.

    It has `perfect_circuits`, or `perfect_circuits_between` when some circuits lie on the decision boundary. In the
    preset `paper` the circuits of several outputs are counted together, all outputs having to be right, and once more
    for each output as its own network; the released code knows only the latter.

    Raises:
        InputError: a task that does not fit the network, or an unknown option.
        BudgetError: the space of circuits exceeds the budget.
    """
    parsed = parse_task(task, network.widths[0])
    chosen = check_decision(preset, decision)
    check_options(network, parsed, 1, min_node_sparsity, budget, preset)
    space = circuits_in_space(network)
    if over_budget("counting the circuits", space, budget):
        raise BudgetError("counting the circuits", space, budget)
    parts = [(network.output(k), parsed.output(k)) for k in range(parsed.outputs)]
    if preset == "authors":
        outputs = [_released(part, subtask, min_node_sparsity) for part, subtask in parts]
    else:
        outputs = [_perfect(part, subtask, chosen) for part, subtask in parts]
    head = {"task": parsed.name, "preset": preset, "decision": chosen}
    if len(outputs) == 1:
        return head | outputs[0]
    together = _perfect(network, parsed, chosen) if preset == "paper" else {}
    listed = [{"task": subtask.name} | output for (_, subtask), output in zip(parts, outputs, strict=True)]
    return head | together | {"outputs": listed}


def _perfect(network: Network, task: Task, decision: Decision) -> dict[str, Any]:
    behavior = Behavior.of_network(network, assignments(task.inputs), decision)
    counted = _counted(circuits_in_space(network), count_circuits(perfect(network, behavior, decision)))
    differs = mismatches(task, behavior)
    return counted | ({"differs_from_task_at": [list(rows) for rows in differs]} if any(differs) else {})


def _released(network: Network, task: Task, min_node_sparsity: float) -> dict[str, Any]:
    circuits = ReleasedCircuits(network, Behavior.of_task(task), min_node_sparsity)
    return _counted(circuits.in_space(), circuits.count())


def _counted(space: int, found: CircuitCount) -> dict[str, Any]:
    low, high = found.between
    number = {"perfect_circuits": low} if found.certified else {"perfect_circuits_between": [low, high]}
    return {"circuits_in_space": space, **number, "fewest_edges": found.fewest_edges}
