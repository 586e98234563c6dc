"""Truth tables: Boolean functions of up to six inputs."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float

MAX_INPUTS = 6
INPUT_NAMES = "ABCDEF"


@dataclass(frozen=True)
class TruthTable:
    """A Boolean function of `inputs` variables; bit k of `bits` is its value at row k.

    Row k assigns to the inputs the binary digits of k, the first input being the leftmost digit: with two inputs
    the rows are 00, 01, 10, 11.

    Example:
        >>> TruthTable.parse("0110") == (TruthTable.variable(0, 2) ^ TruthTable.variable(1, 2))
        True
    """

    inputs: int
    bits: int

    def __str__(self) -> str:
        return "".join(str(self.bits >> row & 1) for row in range(self.rows))

    @property
    def rows(self) -> int:
        """The number of rows, 2 ** inputs."""
        return 1 << self.inputs

    @property
    def full(self) -> int:
        """The bits of the function that is always 1."""
        return (1 << self.rows) - 1

    @staticmethod
    def variable(index: int, inputs: int) -> "TruthTable":
        """The function that is its input `index` (0 is the first)."""
        return TruthTable(inputs, variable_bits(inputs)[index])

    @staticmethod
    def parse(text: str) -> "TruthTable":
        """The function whose values, row by row, are the digits of `text`.

        Raises:
            InputError: the length is not 2, 4, 8, 16, 32 or 64, or a digit is neither 0 nor 1.
        """
        inputs = len(text).bit_length() - 1
        if set(text) - {"0", "1"} or not 1 <= inputs <= MAX_INPUTS or len(text) != 1 << inputs:
            raise InputError(
                f"truth table {text!r} has length {len(text)}; a table of n inputs has 2^n digits 0 or 1, "
                f"n from 1 to {MAX_INPUTS}: 2, 4, 8, 16, 32 or 64 digits"
            )
        return TruthTable(inputs, int(text[::-1], 2))

    def lifted(self, inputs: int) -> "TruthTable":
        """The same function of more inputs, the added last ones being ignored."""
        if inputs == self.inputs:
            return self
        repeat = 1 << (inputs - self.inputs)
        bits = sum((self.bits >> (row // repeat) & 1) << row for row in range(1 << inputs))
        return TruthTable(inputs, bits)

    def complementing(self, mask: int) -> "TruthTable":
        """The function of the inputs with some complemented: those whose digit in `mask`, read as a row, is 1."""
        return TruthTable(self.inputs, sum((self.bits >> (row ^ mask) & 1) << row for row in range(self.rows)))

    def __and__(self, other: "TruthTable") -> "TruthTable":
        return TruthTable(self.inputs, self.bits & other.bits)

    def __or__(self, other: "TruthTable") -> "TruthTable":
        return TruthTable(self.inputs, self.bits | other.bits)

    def __xor__(self, other: "TruthTable") -> "TruthTable":
        return TruthTable(self.inputs, self.bits ^ other.bits)

    def __invert__(self) -> "TruthTable":
        return TruthTable(self.inputs, self.bits ^ self.full)


@lru_cache
def variable_bits(inputs: int) -> tuple[int, ...]:
    """The truth-table bits of each input of a function of `inputs` inputs."""
    rows = range(1 << inputs)
    return tuple(sum((row >> (inputs - 1 - index) & 1) << row for row in rows) for index in range(inputs))


def assignments(inputs: int) -> Float[np.ndarray, "inputs features"]:
    """All rows of a truth table as network inputs, in row order.

    Example:
        >>> assignments(2).tolist()
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    rows = np.arange(1 << inputs)
    return (rows[:, None] >> np.arange(inputs - 1, -1, -1) & 1).astype(np.float64)


def row_name(row: int, inputs: int) -> str:
    """The row's assignment as digits, such as 01."""
    return format(row, f"0{inputs}b")
