"""One interpretation of a circuit: a reading of every neuron that varies, and the gates that follow from them."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..boolean.cost import CostModel
from ..boolean.gates import name_of
from ..boolean.smallest import MOST_INPUTS, Formula
from ..boolean.truth_table import MAX_INPUTS, TruthTable, variable_bits

Neuron = tuple[int, int]
# Patterns that never occur, of which all completions are looked at.
MOST_OPEN = 8
# Prices by which the simplest function is chosen: "A and not B" is easier to read than "neither B nor (not A)".
PRICES = CostModel(negation=0.5, familiar={"NAND": 1.4, "NOR": 1.4})


@dataclass(frozen=True)
class Reading:
    """A neuron read as 1 where its activation lies above `separator`.

    Attributes:
        bits: bit k is the reading at input k.
        separator: midway between two neighboring activation values; for an output, its decision boundary.
        gap: the distance between those two values over the neuron's range, above 0 and at most 1.
    """

    bits: int
    separator: float
    gap: float


@dataclass(frozen=True)
class NeuronGate:
    """The function that a neuron computes from its parents' readings.

    Attributes:
        parents: the neurons (layer, neuron) that the function depends on: the parents in the circuit that vary.
        table: the value at each pattern of the parents, the first parent being the leftmost digit of the row;
            "-" at a pattern that never occurs (a don't care).
    """

    parents: tuple[Neuron, ...]
    table: str

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The gate's usual name when no pattern is a don't care and it has one, else its table."""
        if "-" in self.table or not 1 <= len(self.parents) <= MAX_INPUTS:
            return self.table
        return name_of(TruthTable.parse(self.table)) or self.table

    @property
    def formula(self) -> Formula | None:
        """The smallest formula of a function that the gate can be and that depends on every parent, as A, B, ..., where
        there is one; None of more than 4 parents, of more than 8 patterns that never occur, or where finding it would
        take long.

        Example:
            >>> str(NeuronGate(((1, 0), (1, 1)), "0-1-").formula)
            'OR(A,B)'
        """
        inputs = len(self.table).bit_length() - 1
        known = 1 <= inputs <= MOST_INPUTS and self.table.count("-") <= MOST_OPEN
        return _simplest(self.table) if known else None

    @property
    def possible_names(self) -> tuple[str, ...]:
        """The usual names of the functions that the gate of one or two parents can be, XOR and XNOR only where nothing
        else is possible; empty for more parents."""
        if not 1 <= len(self.parents) <= 2:
            return ()
        completed = ("".join(digits) for digits in itertools.product(*("01" if d == "-" else d for d in self.table)))
        names = [name_of(TruthTable.parse(table)) or table for table in completed]
        return tuple(name for name in names if name not in ("XOR", "XNOR", "TRUE", "FALSE")) or tuple(names)


@dataclass(frozen=True)
class Interpretation:
    """Readings and gates by neuron (layer, neuron); the inputs, layer 0, have readings but no gates.

    Two interpretations are the same when every neuron has the same truth table.
    """

    readings: Mapping[Neuron, Reading]
    gates: Mapping[Neuron, NeuronGate]

    @property
    def smallest_gap(self) -> float:
        """The narrowest gap of any separator, the inputs' aside; outputs, read by their decision, have a gap of 1."""
        return min((r.gap for (layer, _), r in self.readings.items() if layer), default=1.0)

    @property
    def expansions(self) -> int:
        """How many interpretations this one stands for when each completion of its don't cares counts on its own."""
        total = 1
        for (layer, _), gate in self.gates.items():
            total *= completions(gate.table, layer)
        return total


@lru_cache(maxsize=1 << 14)
def completions(table: str, layer: int) -> int:
    """In how many ways a gate of layer `layer` can be completed; XOR and XNOR are left out after the first layer."""
    ways = 1 << table.count("-")
    if layer > 1 and len(table) == 4:
        ways -= sum(all(a in ("-", b) for a, b in zip(table, banned, strict=True)) for banned in ("0110", "1001"))
    return ways


# All tables of at most 3 parents, and as many of 4.
@lru_cache(maxsize=1 << 14)
def _simplest(table: str) -> Formula | None:
    """The smallest formula of a function that is as the table says, "-" being 0 or 1."""
    completed = [int(table[::-1].replace("-", "0"), 2)]
    for row, value in enumerate(table):
        if value == "-":
            completed += [bits | 1 << row for bits in completed]
    inputs = len(table).bit_length() - 1
    ranked = [found for bits in completed if (found := _ranked(inputs, bits)) is not None]
    # No two functions have a formula in common.
    return min(ranked)[-1] if ranked else None


@lru_cache(maxsize=1 << 16)
def _ranked(inputs: int, bits: int) -> tuple[Any, ...] | None:
    """What orders functions, simplest first, with the formula at the end; None where finding that would take long.

    First how many inputs are not read: a gate that does not depend on a parent is told as one only where nothing else
    is possible. Then the price of the smallest formula, how many kinds of gates it has, and its text.
    """
    table = TruthTable(inputs, bits)
    if inputs == MOST_INPUTS and not PRICES.is_cheap(table):
        return None
    formula = PRICES.formula(table)
    kinds = {gate.name for gate in formula.gates}
    return inputs - _read(table), PRICES.total([formula]), len(kinds), str(formula), formula


def _read(table: TruthTable) -> int:
    """On how many of its inputs a function depends."""
    columns = variable_bits(table.inputs)
    # Row r with an input turned over is the row whose number has another digit there.
    return sum(
        (table.bits & column) >> (1 << table.inputs - 1 - k) != table.bits & ~column & table.full
        for k, column in enumerate(columns)
    )
