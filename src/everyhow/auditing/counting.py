"""Counting the perfect circuits of a network, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..authors.circuits import released_circuits
from ..certificates.certificate import check_certifiable, write_certificate
from ..circuit.count import count_circuits
from ..circuit.estimate import affordable_estimate
from ..common.arguments import checked_budget, choice
from ..common.budget import DEFAULT_BUDGET, Budget
from ..common.count import Count
from ..common.errors import BudgetError
from ..common.executing import executing
from ..common.execution import Execution
from ..common.progress import Progress
from ..importing.door import as_model
from ..model.behavior import Behavior, mismatches
from ..model.coding import coding_document
from ..model.criterion import Criterion, perfect
from ..model.explained import check_fits, check_said_once, one_for_two_classes
from ..model.model import MOST_COUNTED, CircuitCount, Model
from ..model.space import circuits_in_space
from ..model.task import Task
from .asked import Questions, asking, questions_of
from .document import digits_of
from .fitting import PRESETS, Preset, taken, understood


@asking("count")
def count(
    network: Any,
    task: Any,
    preset: Preset = "paper",
    *,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
    checkpoints: str | Path | None = None,
    scheduler: str | None = None,
    certificate: str | Path | None = None,
    **asked: Any,
) -> dict[str, Any]:
    """The number of perfect circuits, as a JSON document.

    It has `perfect_circuits`, or `perfect_circuits_between` when some circuits lie on the decision boundary; where the
    space of circuits exceeds the budget, `perfect_circuits` is None and beside it stand `perfect_circuits_estimated`,
    from a uniform sample of the space, and `refused`. In the preset `paper` the circuits of several outputs are counted
    together, all outputs having to be right, and once more for each output as its own network; the released code knows
    only the latter.

    Args:
        network: the network, or a model or file that `audit` would import.
        task: what it was meant to compute; or a Behavior, or the path of a JSON file that holds one, of sequences of
            tokens. Then the circuits are counted that decide as it wants, by size, and the minimal ones; of a
            transformer and a task of tokens (`parse_token_task`), those that answer as the transformer does.
        preset: `paper` or `authors`.
        budget: candidate evaluations allowed.
        progress: show a bar, below the cell in a notebook and else on stderr.
        checkpoints: a folder in which a long count is kept while it runs, and from which it goes on.
        scheduler: the address of a Dask scheduler whose workers count.
        certificate: a file to write, from which `python -m everyhow.certificates.check FILE` confirms the count; of
            several outputs, that of circuits that are right at all of them.
        **asked: the questions, each by its name; `help(everyhow.Questions)` tells what each means.

    Raises:
        InputError: a task that does not fit the network, an unknown question, or a count that certificates do not
            cover.
        BudgetError: in `authors`, or where there is to be a certificate, the space of circuits exceeds the budget.
    """
    choice("preset", preset, PRESETS)
    network, task, asked = taken(network, task, asked)
    questions = questions_of(asked, "count")
    if isinstance(task, Behavior):
        with executing(Progress(progress), checkpoints, scheduler) as execution:
            model = as_model(network)
            found = _by_data(model, task, questions, checked_budget(budget), execution)
            return found | ({"remarks": list(model.remarks)} if model.remarks else {})
    network, parsed, chosen = understood(network, task, questions, preset)
    budget = checked_budget(budget)
    # Of the questions of one preset, the other has none.
    questions_of({name: value for name, value in asked.items() if value not in (None, "zero", 0.0)}, preset)
    ablation, epsilon, within = questions.circuits.ablation, questions.epsilon or 0.0, questions.within
    if certificate is not None:
        check_certifiable(epsilon, within, preset)
    parts = [(network.output(k), parsed.output(k)) for k in range(parsed.outputs)]
    head = {"task": parsed.name, "preset": preset, "decision": chosen}
    if preset == "authors":
        space = circuits_in_space(network.graph)
        if budget.refusal("counting the circuits", space):
            raise BudgetError("counting the circuits", space, budget)
        return _with_outputs(head, parts, lambda part, subtask: _released(part, subtask, questions.min_node_sparsity))

    def criterion(part: Model) -> Criterion[Model]:
        behavior = Behavior.of_network(part, part.corners, chosen, epsilon=epsilon, within=within)
        return perfect(part, behavior, ablation)

    of_circuits = {"ablation": ablation, "epsilon": epsilon, "within": within}
    head |= {name: value for name, value in of_circuits.items() if value not in ("zero", 0.0, None)}
    head |= coding_document(network)

    def certify(of: Criterion[Model], counted: CircuitCount) -> None:
        if certificate is not None:
            write_certificate(of.model, of.behavior, certificate, ablation, counted, progress)

    with executing(Progress(progress), checkpoints, scheduler) as execution:

        def perfect_ones(part: Model, subtask: Task) -> dict[str, Any]:
            whole = certificate is not None and part.outputs == network.outputs
            return _perfect(criterion(part), subtask, budget, execution, certify if whole else None)

        found = _with_outputs(head, parts, perfect_ones)
        if len(parts) > 1:
            outputs = found.pop("outputs")
            found |= perfect_ones(network, parsed) | {"outputs": outputs}
    return found


def _by_data(
    model: Model, behavior: Behavior, questions: Questions, budget: Budget, execution: Execution
) -> dict[str, Any]:
    """The number of circuits that decide as a behavior wants, by size, and of the minimal ones, as a JSON document."""
    check_said_once(behavior, questions.decision)
    epsilon, within = questions.epsilon or behavior.epsilon, questions.within or behavior.within
    behavior = replace(behavior, epsilon=epsilon, within=within)
    model = behavior.read(model)
    model = questions.narrowed(model)
    check_fits(model, behavior)
    model, behavior = one_for_two_classes(model, behavior)
    unit, space = model.graph.unit, circuits_in_space(model.graph)
    criterion = perfect(model, behavior, questions.circuits.ablation)
    search = model.search(criterion)
    asked = {
        "decision": behavior.decision, "ablation": questions.circuits.ablation, "grain": model.grain_in_use,
        **({} if model.scope_in_use is None else {"scope": model.scope_in_use.document()}),
        "epsilon": epsilon, "within": within, "inputs": len(behavior.points), f"{unit}s": len(model.graph.edges),
    }  # fmt: skip
    refusal = search.refusal("counting the circuits", space, budget.at_most(MOST_COUNTED))
    if refusal:
        number = Count(estimate=affordable_estimate(criterion, budget))
        told = {"circuits_in_space": space, **number.named("perfect_circuits")}
        return asked | told | {"refused": f"{refusal}; estimated instead"}
    counted = count_circuits(criterion, execution)
    by_size = {str(size): number for size, number in sorted(counted.certain.items())} if counted.certified else None
    found = {
        "circuits_in_space": space, **counted.count.named("perfect_circuits"),
        f"perfect_circuits_by_{unit}s": by_size, f"fewest_{unit}s": counted.fewest_edges,
        "minimal_circuits": len(search.minimal()) if counted.certified and model.listable else None,
    }  # fmt: skip
    exact: dict[str, Any] = digits_of(found)
    if by_size is not None:
        exact[f"perfect_circuits_by_{unit}s"] = digits_of(by_size)
    return asked | found | {"counts_exact": exact}


def _with_outputs(
    head: dict[str, Any], parts: list[tuple[Model, Task]], counted: Callable[[Model, Task], dict[str, Any]]
) -> dict[str, Any]:
    outputs = [{"task": subtask.name} | counted(part, subtask) for part, subtask in parts]
    return head | ({"outputs": outputs} if len(outputs) > 1 else outputs[0])


def _perfect(
    criterion: Criterion[Model],
    task: Task,
    budget: Budget,
    execution: Execution,
    certify: Callable[[Criterion[Model], CircuitCount], None] | None = None,
) -> dict[str, Any]:
    space = circuits_in_space(criterion.model.graph)
    search = criterion.model.search(criterion)
    refusal = search.refusal("counting the circuits", space, budget.at_most(MOST_COUNTED))
    if refusal and certify is not None:
        raise BudgetError("counting the circuits for the certificate", space, budget)
    if refusal:
        number = Count(estimate=affordable_estimate(criterion, budget))
        found: dict[str, Any] = {"circuits_in_space": space, **number.named("perfect_circuits")}
        found["refused"] = f"{refusal}; estimated instead"
    else:
        counted = count_circuits(criterion, execution)
        if certify is not None:
            certify(criterion, counted)
        found = _counted(space, counted)
    differs = mismatches(task, criterion.behavior)
    return found | ({"differs_from_task_at": [list(rows) for rows in differs]} if any(differs) else {})


def _released(network: Model, task: Task, min_node_sparsity: float) -> dict[str, Any]:
    circuits = released_circuits(network, Behavior.of_task(task, network.input_values), min_node_sparsity)
    return _counted(circuits.in_space(), circuits.count())


def _counted(space: int, found: CircuitCount) -> dict[str, Any]:
    return {"circuits_in_space": space, **found.count.named("perfect_circuits"), "fewest_edges": found.fewest_edges}
