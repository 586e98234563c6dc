"""Boolean signals over the inputs of data, and what signals are called."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from ..boolean.cost import CostModel
from ..boolean.gates import name_of
from ..boolean.smallest import MOST_INPUTS, Formula
from ..boolean.truth_table import INPUT_NAMES, TruthTable
from ..common.shapes import Bool, Float
from ..model.behavior import Behavior

# The most rows that no input has; there a function may be 0 or 1, and both are tried.
MOST_OPEN = 8
# Prices by which functions are shown.
SHOWN = CostModel(negation=0.5)


@dataclass(frozen=True)
class Signal:
    """A Boolean signal over the inputs of data.

    Attributes:
        inputs: the number of inputs.
        bits: bit k is its value at input k.
        function: the simplest function of the bits known of the inputs that has these values; None where no function of
            at most 4 bits has.

    Example:
        >>> str(Signal(4, 0b0110, None).formula)
        '{2, 3}'
    """

    inputs: int
    bits: int
    function: TruthTable | None

    def __str__(self) -> str:
        return "".join(str(self.bits >> k & 1) for k in range(self.inputs))

    def __invert__(self) -> "Signal":
        complement = None if self.function is None else ~self.function
        return Signal(self.inputs, self.bits ^ (1 << self.inputs) - 1, complement)

    @property
    def formula(self) -> Formula:
        """The function as a formula, or else the numbers of the inputs at which the signal is 1, 1 being the first."""
        if self.function is not None:
            return shown_formula(self.function)
        return Formula("{" + ", ".join(str(k + 1) for k in range(self.inputs) if self.bits >> k & 1) + "}")


def signal_of(behavior: Behavior, values: Bool[np.ndarray, " inputs"]) -> TruthTable | Signal:
    """A signal over the inputs of a behavior: over the rows of a truth table, a truth table."""
    bits = sum(1 << k for k in np.flatnonzero(values).tolist())
    if behavior.is_truth_table and behavior.features is None:
        return TruthTable(behavior.points.shape[1], bits)
    if behavior.bits is None or behavior.bits.shape[1] > MOST_INPUTS:
        return Signal(len(values), bits, None)
    known = dict(zip(behavior.rows, values.tolist(), strict=True))
    if any(known[row] != value for row, value in zip(behavior.rows, values.tolist(), strict=True)):
        return Signal(len(values), bits, None)
    on, off = (frozenset(row for row, value in known.items() if value == wanted) for wanted in (True, False))
    return Signal(len(values), bits, _simplest(behavior.bits.shape[1], on, off))


@lru_cache(maxsize=4096)
def _simplest(variables: int, on: frozenset[int], off: frozenset[int]) -> TruthTable | None:
    """The simplest function that is 1 at some rows and 0 at others; None where too many rows are open."""
    open_rows = [row for row in range(1 << variables) if row not in on | off]
    if len(open_rows) > MOST_OPEN:
        return None
    fixed = sum(1 << row for row in on)
    completed = [
        TruthTable(variables, fixed | sum(1 << row for row, bit in zip(open_rows, chosen, strict=True) if bit))
        for chosen in product((False, True), repeat=len(open_rows))
    ]
    # Finding the smallest formula of another function takes seconds.
    cheap = [table for table in completed if variables < MOST_INPUTS or SHOWN.is_cheap(table)]
    return min(cheap, key=SHOWN.price) if cheap else completed[0]


@lru_cache(maxsize=4096)
def shown_formula(table: TruthTable | Signal) -> Formula:
    """A function as a named gate over all its inputs, or else as its smallest formula, negations costing something; a
    signal over data as its own formula."""
    if isinstance(table, Signal):
        return table.formula
    label = name_of(table) if table.inputs > 2 else None
    if label is not None and table.bits not in (0, table.full):
        return Formula(label.partition(":")[0], tuple(Formula(name) for name in INPUT_NAMES[: table.inputs]))
    return SHOWN.formula(table)


def values_of(signal: TruthTable | Signal) -> Float[np.ndarray, " inputs"]:
    """The values 0 and 1 of a signal, input by input."""
    inputs = signal.rows if isinstance(signal, TruthTable) else signal.inputs
    return np.array([float(signal.bits >> k & 1) for k in range(inputs)])
