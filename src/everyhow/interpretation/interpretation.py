"""One interpretation of a circuit: a reading of every neuron that varies, and the gates that follow from them."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from ..boolean.gates import name_of
from ..boolean.truth_table import MAX_INPUTS, TruthTable

Neuron = tuple[int, int]


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


def completions(table: str, layer: int) -> int:
    """In how many ways a gate of layer `layer` can be completed; XOR and XNOR are left out after the first layer."""
    ways = 1 << table.count("-")
    if layer > 1 and len(table) == 4:
        ways -= sum(all(a in ("-", b) for a, b in zip(table, banned, strict=True)) for banned in ("0110", "1001"))
    return ways
