"""One of several networks that are set beside each other: what it computes, and what explains it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..auditing.asked import DEEPEST
from ..auditing.findings import Findings
from ..auditing.fitting import (
    are_classes,
    behavior_or_task,
    check_bits,
    check_decision,
    check_outputs,
    check_takes_tasks,
    chosen_depth,
)
from ..boolean.gates import name_of
from ..circuit.findings import CircuitFindings, examine_circuits
from ..common.arguments import is_whole, quoted
from ..common.budget import Budget
from ..common.errors import InputError
from ..common.notes import Notes, added
from ..common.progress import doing
from ..common.shapes import Bool
from ..importing.door import as_model
from ..mapping.findings import examine_mappings
from ..model.behavior import Behavior
from ..model.decision import Decision
from ..model.explained import check_fits, check_said_once, one_for_two_classes
from ..model.task import Task, parse_task
from ..network.network import Network


@dataclass(frozen=True)
class Part:
    """One output of a network.

    Attributes:
        name: of the task, or of the output; empty where there is one output and nobody said what it is for.
        network: with this output alone.
        behavior: the inputs, and what the network decides there; by data, what is wanted.
        findings: what explains it.
    """

    name: str
    network: Network
    behavior: Behavior
    findings: Findings


@dataclass(frozen=True, eq=False)
class Side:
    """A network with what it computes and what explains it.

    Attributes:
        name: what it is called: its file, or its number.
        network: read as told; two outputs that stand for two classes are folded into one.
        task: what it was meant to compute, where somebody said so; None by data.
        behavior: the inputs, and what the network decides at each; by data, what is wanted there.
        decided: what it decides at each input, output by output.
        parts: its outputs; one, where several stand for classes.
        circuits: those that decide right at all outputs.
        depth: the largest one of the algorithms.
    """

    name: str
    network: Network
    task: Task | None
    behavior: Behavior
    decided: Bool[np.ndarray, "inputs outputs"]
    parts: tuple[Part, ...]
    circuits: CircuitFindings
    depth: int

    @property
    def by_data(self) -> bool:
        """Whether it is explained at points of data rather than at the rows of its truth table."""
        return not self.behavior.is_truth_table

    @property
    def computes(self) -> tuple[str, ...]:
        """The function of each output, by its usual name or its truth table; empty by data."""
        if self.by_data or self.behavior.decision == "argmax":
            return ()
        tables = replace(self.behavior, wanted=self.decided).tables()
        return tuple(name_of(table) or str(table) for table in tables)

    @property
    def differs_from_task_at(self) -> tuple[tuple[str, ...], ...]:
        """For each output, the rows at which the network does something else than its task; empty where there is
        none."""
        if self.task is None:
            return ((),) * len(self.parts)
        wrong = self.decided != self.task.bits()
        return tuple(tuple(self.behavior.name_of(int(k)) for k in np.flatnonzero(column)) for column in wrong.T)

    @property
    def computes_task(self) -> bool | None:
        """Whether the network computes its task, or decides as wanted; None where nobody said what was wanted."""
        if self.by_data:
            return bool((self.decided == self.behavior.wanted).all())
        return None if self.task is None else not any(self.differs_from_task_at)

    @property
    def notes(self) -> Notes:
        """What was not counted, or not exactly."""
        several = len(self.parts) > 1
        own = [part.findings.notes.of(part.name) if several else part.findings.notes for part in self.parts]
        return added([*own, self.circuits.notes] if several else own)

    @property
    def shape(self) -> str:
        """The widths of its layers."""
        return "-".join(map(str, self.network.widths))


@dataclass(frozen=True)
class Asked:
    """What is asked of each of several networks.

    Attributes:
        what: a task, or a Behavior; None for what each network computes.
        decision: how outputs become bits.
        depth: the largest one of the algorithms; None for the number of weight layers.
        budget: in candidate evaluations, for each network.
    """

    what: Any
    decision: str | None
    depth: int | None
    budget: int

    def __post_init__(self) -> None:
        if self.depth is not None and not is_whole(self.depth, 1, DEEPEST):
            raise InputError(f"depth is {quoted(self.depth)}; algorithms have a depth from 1 to {DEEPEST}")


def network_of(given: Any, name: str) -> Network:
    """A network that somebody gives to be set beside others.

    Raises:
        InputError: something else, such as a transformer.
    """
    model = as_model(given)
    if isinstance(model, Network):
        return model
    raise InputError(
        f"{name} is a {model.kind}, and networks of layers are set beside each other: their neurons can be matched. "
        f"Explain it alone (everyhow audit, eh.audit), and its circuits by eh.circuits"
    )


def names_of(given: list[Any]) -> list[str]:
    """What each of several networks is called: the name of its file, or the whole path where two names are the same;
    what is not a file by its number.

    Example:
        >>> names_of(["runs/one.json", "runs/two.json", None]), names_of(["a/one.json", "b/one.json"])
        (['one.json', 'two.json', 'network 3'], ['a/one.json', 'b/one.json'])
    """
    paths = [Path(one) if isinstance(one, str | PathLike) else None for one in given]
    short = [path.name for path in paths if path is not None]
    once = len(set(short)) == len(short)
    return [
        f"network {k}" if path is None else path.name if once else str(path) for k, path in enumerate(paths, start=1)
    ]


@dataclass(frozen=True, eq=False)
class Begun:
    """A network that is understood, before anything is found.

    Attributes:
        name: what it is called.
        network: read as told.
        task: what it was meant to compute, where somebody said so.
        behavior: the inputs, and what the network decides there; by data, what is wanted.
    """

    name: str
    network: Network
    task: Task | None
    behavior: Behavior


def begun(given: Sequence[tuple[str, Any]], asked: Asked) -> tuple[Begun, ...]:
    """Several networks, each with what it is called, understood.

    Raises:
        InputError: one is not a network of layers, what is asked does not fit it, or one has other inputs or outputs
            than the first.
    """
    networks = [(name, network_of(one, name)) for name, one in given]
    (first, sizes), *others = ((name, {"input": one.features, "output": one.outputs}) for name, one in networks)
    for name, own in others:
        for what, number in own.items():
            if number != sizes[what]:
                raise InputError(
                    f"{first} has {sizes[what]} {what}{'s' * (sizes[what] != 1)} and {name} has {number}: networks are "
                    f"set beside each other on the same inputs and outputs; give two of one task, or one output of "
                    f"each (network.output(k))"
                )
    return tuple(Begun(name, *_understood(one, asked)) for name, one in networks)


def explained(one: Begun, asked: Asked) -> Side:
    """A network with what explains it: circuits, and algorithms with their places."""
    network, behavior, budget = one.network, one.behavior, Budget(asked.budget)
    depth = chosen_depth(network, asked.depth)
    decided = Behavior.of_network(network, behavior.points, behavior.decision).wanted
    parts = []
    for called, part, own in _outputs(network, behavior, one.task):
        with doing("circuits"):
            circuits = examine_circuits(part, own, budget)
        with doing("algorithms and their places"):
            mappings = examine_mappings(part, own, depth, budget)
        parts.append(Part(called, part, own, Findings(circuits, {}, mappings=mappings)))
    together = parts[0].findings.circuits if len(parts) == 1 else examine_circuits(network, behavior, budget)
    return Side(one.name, network, one.task, behavior, decided, tuple(parts), together, depth)


def _understood(network: Network, asked: Asked) -> tuple[Network, Task | None, Behavior]:
    """The network read as told, its task, and what it decides."""
    what = behavior_or_task(network, asked.what)
    if isinstance(what, Behavior):
        check_said_once(what, asked.decision)
        if what.decision == "within":
            raise InputError(
                "networks are set beside each other by what they decide, and the outputs of this behavior are numbers "
                "that come near: give one that is decided by threshold or by argmax (eh.Behavior.of_data)"
            )
        read = what.read(network)
        check_fits(read, what)
        network, behavior = one_for_two_classes(read, what)
        return network, None, behavior
    check_takes_tasks(network)
    decision: Decision = check_decision("paper", asked.decision)
    if network.outputs == 2 and are_classes(network, asked.decision):
        task = None if what is None else parse_task(what, network.features)
        if task is None or task.outputs == 1:
            network, decision = network.folded(), "threshold"
    check_bits(decision)
    task = None if what is None else parse_task(what, network.features)
    if task is not None:
        check_outputs(network, task)
    return network, task, Behavior.of_network(network, network.corners, decision)


def _outputs(network: Network, behavior: Behavior, task: Task | None) -> list[tuple[str, Network, Behavior]]:
    """Each output that is a bit of its own, by name; all together where they stand for classes."""
    if network.outputs == 1 or behavior.decision == "argmax":
        return [("" if task is None else task.name, network, behavior)]
    return [
        (
            f"output {k}" if task is None else task.names[k],
            network.output(k),
            replace(behavior, wanted=behavior.wanted[:, k : k + 1]),
        )
        for k in range(network.outputs)
    ]
