"""Named gates and how many inputs each may have."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ..common.errors import InputError
from .truth_table import MAX_INPUTS, TruthTable

TWO_INPUT_NAMES = {
    "0001": "AND", "0111": "OR", "1110": "NAND", "1000": "NOR", "0110": "XOR", "1001": "XNOR",
    "1101": "IMP", "0010": "NIMP", "1011": "IMP(B,A)", "0100": "NIMP(B,A)",
    "0011": "A", "0101": "B", "1100": "NOT A", "1010": "NOT B", "0000": "FALSE", "1111": "TRUE",
}  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """A named gate: `outputs` gives for each output a suffix and its value from the number list of input bits."""

    name: str
    default_inputs: int
    allowed_inputs: range
    outputs: tuple[tuple[str, Callable[[tuple[int, ...]], bool]], ...]

    def tables(self, inputs: int | None = None) -> tuple[tuple[str, TruthTable], ...]:
        """Name and truth table of each output for `inputs` inputs (the gate's usual number when None).

        Raises:
            InputError: the gate does not exist with so many inputs.
        """
        n = self.default_inputs if inputs is None else inputs
        if n not in self.allowed_inputs:
            low, high = self.allowed_inputs[0], self.allowed_inputs[-1]
            allowed = f"{low} inputs" if low == high else f"{low} to {high} inputs"
            raise InputError(f"gate {self.name} with {n} inputs does not exist; allowed: {allowed}")
        label = self.name if n == self.default_inputs else f"{self.name}:{n}"
        rows = [tuple(row >> (n - 1 - i) & 1 for i in range(n)) for row in range(1 << n)]
        return tuple(
            (label + suffix, TruthTable(n, sum(bool(value(digits)) << row for row, digits in enumerate(rows))))
            for suffix, value in self.outputs
        )


def _gate(name: str, default: int, allowed: range, value: Callable[[tuple[int, ...]], bool]) -> Gate:
    return Gate(name, default, allowed, (("", value),))


_ONE, _TWO, _THREE = range(1, 2), range(2, 3), range(3, 4)
_ANY = range(2, MAX_INPUTS + 1)

GATES = {
    gate.name: gate
    for gate in (
        _gate("ID", 1, _ONE, lambda x: x[0] == 1),
        _gate("NOT", 1, _ONE, lambda x: x[0] == 0),
        _gate("AND", 2, _ANY, all),
        _gate("OR", 2, _ANY, any),
        _gate("NAND", 2, _ANY, lambda x: not all(x)),
        _gate("NOR", 2, _ANY, lambda x: not any(x)),
        _gate("XOR", 2, _ANY, lambda x: sum(x) % 2 == 1),
        _gate("XNOR", 2, _ANY, lambda x: sum(x) % 2 == 0),
        _gate("IMP", 2, _TWO, lambda x: x[0] <= x[1]),
        _gate("NIMP", 2, _TWO, lambda x: x[0] > x[1]),
        _gate("MAJORITY", 3, _ANY, lambda x: 2 * sum(x) > len(x)),
        _gate("PARITY", 3, _ANY, lambda x: sum(x) % 2 == 1),
        _gate("EXACT_2", 3, _ANY, lambda x: sum(x) == 2),
        _gate("MUX", 3, _THREE, lambda x: (x[2] if x[0] else x[1]) == 1),
        Gate("FULL_ADDER", 3, _THREE, ((".sum", lambda x: sum(x) % 2 == 1), (".carry", lambda x: sum(x) >= 2))),
    )
}


@lru_cache(maxsize=1 << 16)
def name_of(table: TruthTable) -> str | None:
    """The usual name of a function of one or two inputs, or of a named gate of more; None when it has none.

    Example:
        >>> name_of(TruthTable.parse("0111"))
        'OR'
    """
    if table.inputs == 2:
        return TWO_INPUT_NAMES[str(table)]
    for gate in GATES.values():
        if table.inputs in gate.allowed_inputs and len(gate.outputs) == 1:
            ((label, found),) = gate.tables(table.inputs)
            if found == table:
                return label
    if table.bits in (0, table.full):
        return "TRUE" if table.bits else "FALSE"
    return None
