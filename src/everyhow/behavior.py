"""What is to be explained: tasks by name, formula or truth table, and behaviors of inputs, weights and decisions."""

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from .activations import activation
from .boolean.formulas import parse_formula
from .boolean.gates import GATES
from .boolean.truth_table import MAX_INPUTS, TruthTable, assignments, row_name
from .errors import InputError
from .network import Network

Decision = Literal["threshold", "round", "argmax"]
DECISIONS: tuple[Decision, ...] = ("threshold", "round", "argmax")
# Moving the decision boundary by this much must not change a certified count.
BOUNDARY_SHIFT = 1e-9


@dataclass(frozen=True)
class Task:
    """One Boolean function per output, with the names they go by; all of the same inputs."""

    names: tuple[str, ...]
    tables: tuple[TruthTable, ...]

    @property
    def name(self) -> str:
        """The names of all outputs joined by commas."""
        return ",".join(self.names)

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return self.tables[0].inputs

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return len(self.tables)

    def bits(self) -> Bool[np.ndarray, "rows outputs"]:
        """The bit wanted at each row of the truth table, for every output."""
        return np.array([[bool(table.bits >> row & 1) for table in self.tables] for row in range(1 << self.inputs)])

    def output(self, index: int) -> "Task":
        """The task of output `index` alone."""
        return Task((self.names[index],), (self.tables[index],))


def parse_task(text: "str | Task", inputs: int | None = None) -> Task:
    """The task that `text` describes: gates, formulas and truth tables, one per output, joined by commas.

    Args:
        text: `XOR`, `MAJORITY`, `AND:3`, `A & ~B | ~A & B`, `0110`, `XOR,AND`, or a Task, which is returned as it is.
        inputs: how many inputs the network has, if known. A formula that names fewer ignores the others.

    Raises:
        InputError: an unknown gate or sign, a table of a wrong length, outputs or a network with other numbers of
            inputs.

    Example:
        >>> [str(table) for table in parse_task("XOR,A & B").tables]
        ['0110', '0001']
    """
    if isinstance(text, Task):
        task = text
    else:
        parts = [part.strip() for part in text.split(",")]
        found = [(name, table, fixed) for part in parts for name, table, fixed in _parse_output(part)]
        widest = max([table.inputs for _, table, _ in found] + ([inputs] if inputs else []))
        tables = tuple(table if fixed else table.lifted(widest) for _, table, fixed in found)
        task = Task(tuple(name for name, _, _ in found), tables)
        sizes = {name: table.inputs for (name, _, _), table in zip(found, tables, strict=True)}
        if len(set(sizes.values())) > 1 and inputs is None:
            described = ", ".join(f"{name} has {n}" for name, n in sizes.items())
            raise InputError(f"the outputs of a task share their inputs, but {described}; NAME:n sets a gate's inputs")
    if inputs is not None and any(table.inputs != inputs for table in task.tables):
        name, table = next((n, t) for n, t in zip(task.names, task.tables, strict=True) if t.inputs != inputs)
        gate = name.partition(":")[0].partition(".")[0]
        hint = f"; {gate}:{inputs} is its form for {inputs} inputs, if it has one" if gate in GATES else ""
        raise InputError(f"task {name} has {table.inputs} inputs but the network has {inputs}{hint}")
    return task


def _parse_output(text: str) -> list[tuple[str, TruthTable, bool]]:
    """Name, table and whether its number of inputs is fixed, for each output that one part of a task has."""
    if not text:
        raise InputError("a task is empty; give a gate such as XOR, a formula such as A & ~B, or a table such as 0110")
    if re.fullmatch(r"[0-9]+", text):
        return [(text, TruthTable.parse(text), True)]
    gate = re.fullmatch(r"([A-Za-z]\w*)(?::(\w*))?", text)
    if gate and gate[1].upper() in GATES:
        if gate[2] is not None and not gate[2].isdecimal():
            raise InputError(f"task {text!r}: after the colon comes the number of inputs, such as {gate[1]}:3")
        tables = GATES[gate[1].upper()].tables(int(gate[2]) if gate[2] else None)
        return [(name, table, True) for name, table in tables]
    if gate and len(gate[1]) > 1:
        raise InputError(f"unknown gate {gate[1]!r}; the gates are {', '.join(GATES)}; or give a formula or a table")
    return [(text, parse_formula(text), False)]


@dataclass(frozen=True, eq=False)
class Behavior:
    """Distinct input points, the weight of each, and the bit wanted at each for every output.

    Args:
        points: shape (inputs, features).
        weights: how much of the data each point stands for; above 0; they are scaled to sum to 1.
        wanted: shape (inputs, outputs), the bits wanted; by argmax, one 1 in each row, at the class wanted.
        epsilon: the circuit error allowed: the weight of the inputs at which a circuit may decide otherwise.
        within: when given, a circuit's outputs must also come so close to the network's, before the last activation.

    Raises:
        InputError: shapes that do not fit, points that repeat or are not finite, weights not above 0, a tolerance out
            of range.
    """

    points: Float[np.ndarray, "inputs features"]
    weights: Float[np.ndarray, " inputs"]
    wanted: Bool[np.ndarray, "inputs outputs"]
    epsilon: float = 0.0
    within: float | None = None

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float64)
        weights = np.array(self.weights, dtype=np.float64)
        wanted = np.array(self.wanted, dtype=bool)
        if points.ndim != 2 or wanted.ndim != 2 or not len(points) == len(weights) == len(wanted) > 0:
            raise InputError(
                f"a behavior needs as many points as weights as wanted rows, at least one; found points "
                f"{points.shape}, weights {weights.shape}, wanted {wanted.shape}"
            )
        if not np.isfinite(points).all() or len(np.unique(points, axis=0)) != len(points):
            raise InputError("the points of a behavior must be finite and differ from each other; merge repeated ones")
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            raise InputError("the weights of a behavior's points must be finite and above 0; drop points of weight 0")
        if not 0 <= self.epsilon <= 1:
            raise InputError(f"epsilon is {self.epsilon}; it is the circuit error allowed, from 0 to 1")
        if self.within is not None and not 0 < self.within < math.inf:
            raise InputError(f"within is {self.within}; it is how close outputs must come, above 0")
        weights = weights / weights.sum()
        for name, array in (("points", points), ("weights", weights), ("wanted", wanted)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @staticmethod
    def of_task(task: Task) -> "Behavior":
        """The whole truth table, evenly weighted."""
        wanted = task.bits()
        return Behavior(assignments(task.inputs), np.ones(len(wanted)), wanted)

    @staticmethod
    def of_data(
        points: Float[np.ndarray, "inputs features"],
        labels: Int[np.ndarray, " inputs"],
        outputs: int | None = None,
        epsilon: float = 0.0,
        within: float | None = None,
    ) -> "Behavior":
        """The labels of data, rows that repeat being one point of more weight.

        Args:
            points: shape (inputs, features).
            labels: of one output, the bit of each row; of several, its class, which is the output that must be largest
                (the decision `argmax`).
            outputs: of the network; when not given, 1 for labels of 0 and 1, else one for each class up to the largest.
            epsilon: the circuit error allowed.
            within: how near a circuit's outputs must come to the network's.

        Raises:
            InputError: a label that no output stands for, or equal rows of different labels.

        Example:
            >>> Behavior.of_data([[0.5, 1.0], [2.0, 0.0], [0.5, 1.0]], [1, 0, 1]).weights.round(2).tolist()
            [0.67, 0.33]
        """
        labels = np.asarray(labels)
        distinct, which, counts = merged(points)
        if outputs is None:
            outputs = 1 if np.isin(labels, (0, 1)).all() else int(labels.max(initial=0)) + 1
        most = max(2, outputs)
        if labels.shape != which.shape or not np.isin(labels, np.arange(most)).all():
            raise InputError(
                f"labels have shape {labels.shape} and values such as {labels.ravel()[:3].tolist()}; expected a whole "
                f"number from 0 to {most - 1} for each of the {len(which)} rows"
            )
        first = np.zeros(len(distinct), int)
        first[which[::-1]] = np.arange(len(which))[::-1]
        chosen = labels[first]
        torn = np.flatnonzero(labels != chosen[which])
        if len(torn):
            raise InputError(
                f"rows {first[which[torn[0]]] + 1} and {torn[0] + 1} are the same point with different labels, so no "
                f"network can be right at both ({len(torn)} rows differ so from an earlier one); drop such rows, or "
                f"take the network's own decisions"
            )
        wanted = chosen[:, None] == (np.arange(outputs) if outputs > 1 else 1)
        return Behavior(distinct, counts, wanted, epsilon, within)

    @staticmethod
    def noisy(task: Task, deviation: float, copies: int, seed: int = 0, epsilon: float = 0.0) -> "Behavior":
        """A task whose inputs are seen through noise: `copies` of each row of its truth table, each input of each moved
        by its own normal noise of a standard deviation; the bits wanted are those of the row.

        Raises:
            InputError: no copies, or a deviation that is not above 0.

        Example:
            >>> Behavior.noisy(parse_task("XOR"), deviation=0.1, copies=5).points.shape
            (20, 2)
        """
        if copies < 1 or not 0 < deviation < math.inf:
            raise InputError(f"{copies} copies of deviation {deviation}; at least 1 copy and a deviation above 0")
        exact = np.repeat(assignments(task.inputs), copies, axis=0)
        if deviation < 1e-12:
            raise InputError(f"deviation is {deviation}; noise as small as rounding moves no input")
        moved = exact + np.random.default_rng(seed).normal(scale=deviation, size=exact.shape)
        return Behavior(moved, np.ones(len(moved)), np.repeat(task.bits(), copies, axis=0), epsilon)

    @staticmethod
    def of_network(
        network: Network,
        points: Float[np.ndarray, "inputs features"],
        decision: Decision = "threshold",
        weights: Float[np.ndarray, " inputs"] | None = None,
        epsilon: float = 0.0,
        within: float | None = None,
    ) -> "Behavior":
        """What `network` itself decides at `points`; without `weights`, points that repeat are one of more weight.

        Raises:
            InputError: with the decision `round`, an output whose nearest integer is neither 0 nor 1.
        """
        if weights is None:
            points, _, weights = merged(points)
        outputs = network.run(points)
        if not np.isfinite(outputs).all():
            row = int(np.argwhere(~np.isfinite(outputs))[0][0])
            raise InputError(
                f"the network's output at input {list(map(float, points[row]))} is not finite, so it decides nothing "
                f"there; its weights are too large for float64"
            )
        bits, decided = decide(outputs, decision)
        if not decided.all():
            row, column = (int(i) for i in np.argwhere(~decided)[0])
            raise InputError(
                f"the network's output {column} at input {list(map(float, points[row]))} is "
                f"{outputs[row, column]:.4g}, whose nearest integer is neither 0 nor 1: by rounding it decides "
                f"nothing there; use the decision threshold (output > 0.5)"
            )
        return Behavior(points, weights, bits, epsilon, within)

    @property
    def is_truth_table(self) -> bool:
        """Whether the points are the rows of a truth table, in order."""
        inputs = self.points.shape[1]
        return inputs <= MAX_INPUTS and np.array_equal(self.points, assignments(inputs))

    def name_of(self, index: int) -> str:
        """What input `index` is called: its digits in a truth table, else its number, 1 being the first."""
        return row_name(index, self.points.shape[1]) if self.is_truth_table else f"input {index + 1}"

    def tables(self) -> tuple[TruthTable, ...]:
        """The truth table of each output, when the points are the rows of a truth table in order.

        Raises:
            InputError: they are not.
        """
        inputs = self.points.shape[1]
        if not self.is_truth_table:
            raise InputError(
                "algorithms and mappings need the whole truth table as inputs, in row order, of at most "
                f"{MAX_INPUTS} inputs; this behavior has {len(self.points)} points of {inputs} inputs"
            )
        return tuple(
            TruthTable(inputs, sum(int(bit) << row for row, bit in enumerate(column))) for column in self.wanted.T
        )


def merged(
    points: Float[np.ndarray, "inputs features"],
) -> tuple[Float[np.ndarray, "distinct features"], Int[np.ndarray, " inputs"], Float[np.ndarray, " distinct"]]:
    """The different points in the order in which they first come, which of them each point is, and how often."""
    given = np.asarray(points, dtype=np.float64)
    if given.ndim != 2 or not len(given):
        raise InputError(f"points have shape {given.shape}; expected (inputs, features), at least one row")
    _, first, which, counts = np.unique(given, axis=0, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    return given[first[order]], np.argsort(order)[which.ravel()], counts[order].astype(np.float64)


def decide(
    outputs: Float[np.ndarray, "*shape"], decision: Decision
) -> tuple[Bool[np.ndarray, "*shape"], Bool[np.ndarray, "*shape"]]:
    """The bit that each output is read as, and whether it is a bit at all (not always so by rounding).

    By argmax the outputs lie on the last axis, and of equal ones the first is chosen.
    """
    if decision == "argmax":
        chosen = np.arange(outputs.shape[-1]) == outputs.argmax(axis=-1)[..., None]
        return chosen, np.ones(np.shape(outputs), dtype=bool)
    if decision == "threshold":
        return outputs > 0.5, np.ones(np.shape(outputs), dtype=bool)
    nearest = np.round(outputs)
    return nearest == 1, (nearest == 0) | (nearest == 1)


def decision_limits(name: str, decision: Decision, bit: bool, slack: float) -> tuple[float, float]:
    """The half-open interval (low, high] of pre-activations at which an output neuron is read as `bit`.

    Args:
        name: the output's activation.
        decision: how outputs become bits.
        bit: the bit wanted.
        slack: how far every boundary is moved outwards, in units of the output; negative moves inwards.
    """
    crossing = activation(name).crossing
    if decision == "threshold":
        return (crossing(0.5 - slack), math.inf) if bit else (-math.inf, crossing(0.5 + slack))
    if bit:
        # 1.5 rounds to 2 and 0.5 to 0, so both ends are open.
        return crossing(0.5 - slack), math.nextafter(crossing(1.5 + slack), -math.inf)
    return math.nextafter(crossing(-0.5 - slack), -math.inf), crossing(0.5 + slack)


def mismatches(task: Task, behavior: Behavior) -> tuple[tuple[str, ...], ...]:
    """For each output, the rows at which what the network computes differs from the task, as digits such as 01."""
    return tuple(
        tuple(row_name(row, task.inputs) for row in range(wanted.rows) if (wanted.bits ^ found.bits) >> row & 1)
        for wanted, found in zip(task.tables, behavior.tables(), strict=True)
    )
