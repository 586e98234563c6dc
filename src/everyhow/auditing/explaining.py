"""How an audit is made: what is asked, understood and explained, by a task or by data."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ..authors import findings as authors
from ..common.arguments import checked_budget, choice
from ..common.budget import DEFAULT_BUDGET
from ..common.errors import InputError
from ..common.executing import executing
from ..common.execution import Execution
from ..common.progress import Progress
from ..importing.door import as_model
from ..mapping.patterns import wanted_tables
from ..model.behavior import Behavior, checked_features
from ..model.decision import Decision
from ..model.explained import check_fits, check_said_once, one_for_two_classes
from .asked import Questions, asking, questions_of
from .audit import Audit
from .document import explained
from .findings import explain, explain_together
from .fitting import DEPTH_BY_DATA, PRESETS, Preset, chosen_depth, taken, understood
from .provenance import behavior_digest, provenance_of


@asking("paper", "authors", "data")
def audit(
    model: Any,
    what: Any,
    preset: Preset = "paper",
    *,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
    checkpoints: str | Path | None = None,
    scheduler: str | None = None,
    **asked: Any,
) -> Audit:
    """Find and count every explanation of a model in four defined families: circuits, interpretations of each circuit,
    algorithms with their mappings, and readouts.

    A model that does not compute the task is audited all the same; what it does compute is explained.

    Args:
        model: the model to explain; by a task, of at most six inputs. A PyTorch module, a fitted scikit-learn
            perceptron or the path of a network file is imported first.
        what: what the model was meant to do. Either a task: a gate, formula or truth table, several outputs joined by
            commas, or the bits of a truth table, such as [0, 1, 1, 0]; of a transformer, a task of tokens, as
            `parse_token_task` takes it. Or a Behavior: inputs, with the decisions wanted there, as for
            `audit_behavior`; or the path of a JSON file that holds one, of sequences of tokens.
        preset: `paper` for the paper's definitions, `authors` for the way its released code counts.
        budget: candidate evaluations allowed; what needs more is estimated or left out, and named in `capped`.
        progress: show a bar, below the cell in a notebook and else on stderr.
        checkpoints: a folder in which long counts of circuits are kept while they run, and from which they go on.
        scheduler: the address of a Dask scheduler whose workers count the circuits, such as `tcp://HOST:8786`.
        **asked: the questions, each by its name; `help(everyhow.Questions)` tells what each means.

    Raises:
        InputError: a question that is unknown or out of range, or a task that does not fit the model.

    Example:
        >>> import everyhow as eh
        >>> eh.audit(eh.xornet(), "XOR").counts["interpretations"]
        2
    """
    choice("preset", preset, PRESETS)
    budget = checked_budget(budget)
    model, what, asked = taken(model, what, asked)
    if isinstance(what, Behavior):
        if preset != "paper":
            raise InputError(
                "the preset authors counts by a task, and networks only; leave the preset out, or give a network and "
                "a task"
            )
        behavior = _known(what, asked.pop("features", None))
        questions = questions_of(asked, "data")
        begun = _by_data(model, behavior, questions, budget)
    else:
        questions = questions_of(asked, preset)
        begun = _by_task(model, what, preset, questions, budget)
    bar = Progress(progress)
    with executing(bar, checkpoints, scheduler) as execution:
        return _done(begun, questions, budget, bar, execution)


@asking("data")
def audit_behavior(
    network: Any,
    behavior: Behavior,
    *,
    features: ArrayLike | None = None,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
    checkpoints: str | Path | None = None,
    scheduler: str | None = None,
    **asked: Any,
) -> Audit:
    """Find and count what explains a network on data: what `audit` does, given a Behavior.

    Args:
        network: the network, often the last layers of a larger one; any number of inputs. A PyTorch module, a fitted
            scikit-learn perceptron or the path of a network file is imported first.
        behavior: the inputs with their weights, the decisions wanted and how they are made, and the circuit error
            allowed. Two classes are folded into one output, and that is said. Several outputs that are bits of their
            own are explained together, and each in `outputs`.
        features: bits known of each input, shape (inputs, features), in the order of the behavior's points; those of
            the behavior when not given. With them the algorithms over the features that decide as wanted are placed in
            the network.
        budget: candidate evaluations allowed; what needs more is estimated or left out, and named in `capped`.
        progress: show a bar, below the cell in a notebook and else on stderr.
        checkpoints: a folder in which long counts are kept while they run.
        scheduler: the address of a Dask scheduler whose workers count the circuits.
        **asked: the questions, each by its name; `help(everyhow.Questions)` tells what each means. The decision is
            known from the behavior, and a question that says otherwise is an error.

    Raises:
        InputError: the behavior or the features do not fit the network, or a question is unknown or out of range.

    Example:
        >>> import everyhow as eh
        >>> network = eh.xornet()
        >>> behavior = eh.Behavior.of_network(network, [[0.9, 0.1], [0.2, 0.8], [0.1, 0.2], [0.8, 0.9]])
        >>> eh.audit_behavior(network, behavior).counts["perfect_circuits"]
        1
    """
    if not isinstance(behavior, Behavior):
        raise InputError(
            f"audit_behavior explains a network on data: give a Behavior (eh.Behavior.of_data, of_network), not "
            f"{type(behavior).__name__}; eh.audit takes a task"
        )
    known = _known(behavior, features)
    return audit(
        network, known, budget=budget, progress=progress, checkpoints=checkpoints, scheduler=scheduler, **asked
    )


def _known(behavior: Behavior, features: ArrayLike | None) -> Behavior:
    """A behavior with the bits that are known of each input, where they are given apart from it."""
    return behavior if features is None else replace(
        behavior, features=checked_features(features, len(behavior.points))
    )  # fmt: skip


def _by_task(model: Any, what: Any, preset: Preset, questions: Questions, budget: int) -> Audit:
    """The audit by a task before anything is found."""
    network, task, decision = understood(model, what, questions, preset)
    # The released code judges by the task's labels, so a network that rounds to no bit does not stop it.
    reading: Decision = "threshold" if preset == "authors" else decision
    behavior = Behavior.of_network(
        network, network.corners, reading, epsilon=questions.epsilon or 0.0, within=questions.within
    )
    depth, options = chosen_depth(network, questions.depth), questions.document(task, preset, budget)
    return Audit(network, behavior, preset, decision, depth, options, task)


def _by_data(model: Any, behavior: Behavior, questions: Questions, budget: int) -> Audit:
    """The audit by data before anything is found."""
    network = behavior.read(as_model(model, behavior.threshold))
    network = questions.narrowed(network)
    check_said_once(behavior, questions.decision)
    check_fits(network, behavior)
    network, behavior = one_for_two_classes(network, behavior)
    questions.for_circuits(behavior.epsilon, behavior.within)
    depth = DEPTH_BY_DATA if questions.depth is None else questions.depth
    options = questions.document_by_data(behavior, depth, budget)
    return Audit(network, behavior, "paper", behavior.decision, depth, options)


def _done(begun: Audit, questions: Questions, budget: int, bar: Progress, execution: Execution) -> Audit:
    """An audit with what is found."""
    started, network, behavior, task = time.perf_counter(), begun.network, begun.behavior, begun.wanted
    outputs = tuple(_done(part, questions, budget, bar, execution) for part in _parts(begun))
    if begun.preset == "authors":
        found = None if outputs or task is None else authors.explain(
            network, task, begun.depth, questions.min_node_sparsity, questions.order(task.inputs), budget, bar
        )  # fmt: skip
    elif outputs:
        found = explain_together(network, behavior, task, questions, budget, execution)
    else:
        if task is None and behavior.features is not None:
            wanted_tables(behavior)
        found = explain(network, behavior, task, begun.depth, questions, budget, bar, execution)
    made = provenance_of(network, started)
    if task is None:
        made["behavior_sha256"] = behavior_digest(explained(behavior))
    return replace(begun, findings=found, outputs=outputs, provenance=made)


def _parts(begun: Audit) -> list[Audit]:
    """The audits of each of several outputs that are bits of their own, before anything is found."""
    network, behavior, task = begun.network, begun.behavior, begun.wanted
    if network.outputs == 1 or behavior.decision in ("argmax", "within"):
        return []
    parts = []
    for k in range(network.outputs):
        own = replace(behavior, wanted=behavior.wanted[:, k : k + 1])
        part = replace(begun, network=network.output(k), behavior=own)
        if task is not None:
            tables = {"tables": [str(table) for table in task.output(k).tables]}
            part = replace(part, wanted=task.output(k), options={**begun.options, **tables})
        parts.append(part)
    return parts
