"""Tasks: the Boolean functions that a model was meant to compute, by name, formula or truth table."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..boolean.formulas import parse_formula
from ..boolean.gates import GATES
from ..boolean.truth_table import TruthTable
from ..common.arguments import is_whole, quoted
from ..common.errors import InputError
from ..common.shapes import Bool
from ..given.arrays import array_of


@dataclass(frozen=True)
class Task:
    """One Boolean function per output, with the names they go by; all of the same inputs. `eh.parse_task` makes one.

    Attributes:
        names: of the functions, one for each output.
        tables: their truth tables.

    Example:
        >>> task = parse_task("XOR,AND")
        >>> task.name, task.inputs, task.outputs, [str(table) for table in task.tables]
        ('XOR,AND', 2, 2, ['0110', '0001'])
    """

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
        """The bit wanted at each row of the truth table, for every output.

        Example:
            >>> parse_task("XOR,AND").bits().astype(int).tolist()
            [[0, 0], [1, 0], [1, 0], [0, 1]]
        """
        return np.array([[bool(table.bits >> row & 1) for table in self.tables] for row in range(1 << self.inputs)])

    def output(self, index: int) -> "Task":
        """The task of one output alone.

        Args:
            index: which output; 0 is the first.

        Example:
            >>> parse_task("XOR,AND").output(1).name
            'AND'
        """
        return Task((self.names[index],), (self.tables[index],))


# What files of inputs end in.
FILES_OF_ROWS = (".npy", ".csv", ".tsv")


def parse_task(text: Any, inputs: int | None = None) -> Task:
    """The task that `text` describes: gates, formulas and truth tables, one per output, joined by commas.

    Args:
        text: `XOR`, `MAJORITY`, `AND:3`, `A & ~B | ~A & B`, `0110`, `XOR,AND` or a list of such; the bits of a truth
            table in row order, such as [0, 1, 1, 0], or a row of bits for each row, one per output; or a Task, which is
            returned as it is.
        inputs: how many inputs the network has, if known. A formula that names fewer ignores the others.

    Raises:
        InputError: an unknown gate or character, a table of a wrong length, outputs or a network with other numbers of
            inputs.

    Example:
        >>> [str(table) for table in parse_task("XOR,A & B").tables]
        ['0110', '0001']
    """
    if inputs is not None and not is_whole(inputs, 1):
        raise InputError(f"inputs is {quoted(inputs)}; it is how many inputs the network has, a whole number")
    if isinstance(text, Task):
        task = text
    elif isinstance(text, list | tuple) and text and all(isinstance(part, str) for part in text):
        task = parse_task(",".join(text), inputs)
    elif isinstance(text, str) and text.lower().endswith(FILES_OF_ROWS):
        raise InputError(
            f"{quoted(text)} is a file of inputs, where a task stands, such as XOR: everyhow audit-data FILE --network "
            "FILE explains a network on data (in Python eh.audit_behavior), and everyhow place takes data too"
        )
    elif not isinstance(text, str):
        task = _task_of_bits(text, inputs)
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


def _task_of_bits(values: object, inputs: int | None) -> Task:
    """The task whose truth tables have these bits: one for each row, or a row of them for each, one per output."""
    try:
        given = array_of(values, "a task")
        bits = given if given.ndim == 2 else given[:, None] if given.ndim == 1 else None
    except InputError:
        bits = None
    if bits is None or not bits.size or bits.dtype.kind not in "biuf" or not np.isin(bits, (0, 1)).all():
        raise InputError(
            f"a task is not {quoted(values)}: give a gate such as XOR, a formula such as A & ~B, a table such as 0110, "
            f"or the bits of a table, such as [0, 1, 1, 0]"
        )
    if inputs is not None and bits.shape[1] == 1 << inputs != len(bits):
        raise InputError(
            f"a task has a row of bits for each row of its truth table, {1 << inputs} rows for {inputs} inputs, but "
            f"there are {len(bits)}: give it the other way round (np.transpose), or texts, one per output, such as "
            f'"{"".join(str(int(bit)) for bit in bits[0])}"'
        )
    tables = ["".join(str(int(bit)) for bit in column) for column in bits.T]
    return Task(tuple(tables), tuple(map(TruthTable.parse, tables)))


def _parse_output(text: str) -> list[tuple[str, TruthTable, bool]]:
    """Name, table and whether its number of inputs is fixed, for each output that one part of a task has."""
    if not text:
        raise InputError("a task is empty; give a gate such as XOR, a formula such as A & ~B, or a table such as 0110")
    if re.fullmatch(r"[0-9]+", text):
        return [(text, TruthTable.parse(text), True)]
    gate = re.fullmatch(r"([A-Za-z]\w*)(?::(\w*))?", text)
    if gate and gate[1].upper() in GATES:
        if gate[2] is not None and not (gate[2].isdecimal() and len(gate[2]) < 4):
            raise InputError(f"task {quoted(text)}: after the colon comes the number of inputs, such as {gate[1]}:3")
        tables = GATES[gate[1].upper()].tables(int(gate[2]) if gate[2] else None)
        return [(name, table, True) for name, table in tables]
    if gate and len(gate[1]) > 1:
        raise InputError(f"unknown gate {gate[1]!r}; the gates are {', '.join(GATES)}; or give a formula or a table")
    return [(text, parse_formula(text), False)]
