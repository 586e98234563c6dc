"""The cheapest formula of every Boolean function of a few inputs, given what each gate costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import permutations
from typing import Any

import numpy as np

from ..common.errors import InputError
from .truth_table import INPUT_NAMES, TruthTable, variable_bits

MOST_INPUTS = 4
# Among formulas of one price the one with the fewest gates and negations is taken.
PER_NODE = 1e-7


@dataclass(frozen=True)
class Formula:
    """A gate over formulas; an input or a constant when it has no operands."""

    name: str
    operands: tuple["Formula", ...] = ()

    def __post_init__(self) -> None:
        # Formulas are put into sets again and again; hashing the whole tree each time would be slow.
        object.__setattr__(self, "_hash", hash((self.name, self.operands)))

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined]

    def __str__(self) -> str:
        if not self.operands:
            return self.name
        if self.name == "NOT":
            return f"¬{self.operands[0]}"
        separator = ", " if any(operand.has_gates for operand in self.operands) else ","
        return f"{self.name}({separator.join(map(str, self.operands))})"

    @property
    def has_gates(self) -> bool:
        """Whether the formula is more than an input, a negated input or a constant."""
        return bool(self.operands) and (self.name != "NOT" or self.operands[0].has_gates)

    @property
    def key(self) -> tuple[Any, ...]:
        """What the operands of a symmetric gate are ordered by: inputs first, negated or not, then smaller formulas."""
        bare = self.operands[0] if self.name == "NOT" else self
        return (len(self.gates) if self.has_gates else 0, bare.name if not bare.operands else "", str(self))

    @cached_property
    def gates(self) -> frozenset["Formula"]:
        """Every gate in the formula, with what is below it; a gate used twice is there once."""
        own = {self} if self.operands else set()
        return frozenset(own.union(*(operand.gates for operand in self.operands)))

    def over(self, operands: Mapping[str, "Formula"]) -> "Formula":
        """The formula with its inputs replaced by formulas, double negations dropped."""
        if not self.operands:
            return operands.get(self.name, self)
        replaced = tuple(operand.over(operands) for operand in self.operands)
        if self.name == "NOT" and replaced[0].name == "NOT":
            return replaced[0].operands[0]
        return Formula(self.name, replaced)


@dataclass(frozen=True)
class PricedGate:
    """A gate that formulas may use, and its price."""

    name: str
    table: TruthTable
    price: float

    @property
    def symmetric(self) -> bool:
        """Whether swapping its two inputs leaves the gate as it is."""
        return self.table.bits >> 1 & 1 == self.table.bits >> 2 & 1


@dataclass(frozen=True, eq=False)
class SmallestFormulas:
    """The cheapest formula of functions of `inputs` inputs, as a tree in which every use of a gate is paid.

    Of formulas of one price it is one with the fewest gates and negations. Constants are free. Gates of two inputs take
    any formulas as operands; gates of more stand over different inputs.

    Attributes:
        inputs: of the functions.
        gates: of two inputs.
        made: by function, the index of the gate that makes it and its two operands; only for the first of each class
            of functions that are alike up to the order of inputs. The index after the gates is NOT, then come the
            larger gates.
        larger: name and operands of each gate of more than two inputs.
        orders: the orders of inputs.
        best: by function, what it costs, again only for the first of each class.
        limit: costs are certain below this.
    """

    inputs: int
    gates: tuple[PricedGate, ...]
    made: tuple[np.ndarray, np.ndarray, np.ndarray]
    larger: tuple[tuple[str, tuple[int, ...]], ...]
    orders: "InputOrders"
    best: np.ndarray
    limit: float
    _known: dict[int, Formula] = field(default_factory=dict, repr=False)

    def knows(self, table: TruthTable) -> bool:
        """Whether the cheapest formula of a function is known."""
        return bool(self.best[self.orders.first[table.bits]] < self.limit)

    def formula(self, table: TruthTable) -> Formula:
        """The cheapest formula of a function that is known."""
        if table.bits not in self._known:
            self._known[table.bits] = self._formula(table)
        return self._known[table.bits]

    def _formula(self, table: TruthTable) -> Formula:
        columns = variable_bits(self.inputs)
        if table.bits in columns:
            return Formula(INPUT_NAMES[columns.index(table.bits)])
        if table.bits in (0, table.full):
            return Formula("TRUE" if table.bits else "FALSE")
        first = self.orders.first[table.bits]
        index, left, right = (int(array[first]) for array in self.made)
        if index < len(self.gates):
            name, operands = self.gates[index].name, (left, right)
        elif index == len(self.gates):
            name, operands = "NOT", (left,)
        else:
            name, operands = self.larger[index - len(self.gates) - 1]
        # The first of the class is made so; this function is made alike, its inputs being in another order.
        parts = [self.formula(TruthTable(self.inputs, self.orders.back(table.bits, bits))) for bits in operands]
        if index < len(self.gates) and self.gates[index].symmetric:
            parts.sort(key=lambda part: part.key)
        return Formula(name, tuple(parts))


def smallest_formulas(inputs: int, gates: Iterable[PricedGate], negation: float, limit: float) -> SmallestFormulas:
    """The cheapest formula of every function of `inputs` inputs (1 to 4) that costs less than `limit`.

    Cost: with 4 inputs there are 65,536 functions in 3,984 classes. Those that cost less than 6 two-input gates take
    0.03 s, all of them a few seconds.

    Raises:
        InputError: more than 4 inputs.
    """
    from ..kernels.formulas import settle

    if not 1 <= inputs <= MOST_INPUTS:
        raise InputError(f"smallest formulas are searched for functions of 1 to {MOST_INPUTS} inputs, not {inputs}")
    orders = input_orders(inputs)
    pairs = tuple(gate for gate in gates if gate.table.inputs == 2)
    best = np.full(1 << (1 << inputs), np.inf)
    made = (np.zeros(len(best), np.int64), np.zeros(len(best), np.int64), np.zeros(len(best), np.int64))
    larger = []
    for bits in (0, len(best) - 1, *variable_bits(inputs)):
        best[orders.first[bits]] = 0.0
    for gate in gates:
        if 2 < gate.table.inputs <= inputs:
            first, operands = _as_larger(gate.table, inputs, orders)
            if gate.price + PER_NODE < best[first]:
                best[first] = gate.price + PER_NODE
                made[0][first] = len(pairs) + 1 + len(larger)
            larger.append((gate.name, operands))
    tables = np.array([gate.table.bits for gate in pairs], np.int64)
    prices = np.array([gate.price + PER_NODE for gate in pairs])
    classes = (orders.first, orders.order, orders.images)
    # A negation is the lesser evil among formulas of one price.
    settle(best, *made, tables, prices, negation + PER_NODE / 2, *classes, limit)
    return SmallestFormulas(inputs, pairs, made, tuple(larger), orders, best, limit)


def _as_larger(table: TruthTable, inputs: int, orders: "InputOrders") -> tuple[int, tuple[int, ...]]:
    """The first function of the class of a gate over different inputs, and the inputs that the gate takes there."""
    for chosen in permutations(variable_bits(inputs), table.inputs):
        bits = 0
        for row in range(1 << inputs):
            digits = "".join(str(column >> row & 1) for column in chosen)
            bits |= (table.bits >> int(digits, 2) & 1) << row
        if orders.first[bits] == bits:
            return bits, chosen
    raise AssertionError("some order of inputs is the first")


@dataclass(frozen=True, eq=False)
class InputOrders:
    """All functions of some inputs with their inputs in every order.

    Attributes:
        images: shape (orders, functions): each function with its inputs in each order.
        inverse: the order that undoes each order.
        first: the smallest image of each function.
        order: the order that makes it.
    """

    images: np.ndarray
    inverse: tuple[int, ...]
    first: np.ndarray
    order: np.ndarray

    def back(self, bits: int, part: int) -> int:
        """The function `part`, its inputs reordered as those of the first function of a class are to give `bits`."""
        return int(self.images[self.inverse[self.order[bits]], part])


@lru_cache
def input_orders(inputs: int) -> InputOrders:
    """All functions of `inputs` inputs with their inputs in every order."""
    rows, functions = 1 << inputs, np.arange(1 << (1 << inputs))
    orders = list(permutations(range(inputs)))
    images = np.zeros((len(orders), len(functions)), np.int64)
    for k, order in enumerate(orders):
        for row in range(rows):
            digits = [row >> (inputs - 1 - i) & 1 for i in order]
            images[k] |= (functions >> int("".join(map(str, digits)), 2) & 1) << row
    inverse = tuple(orders.index(tuple(order.index(i) for i in range(inputs))) for order in orders)
    images = images.astype(np.int32)
    return InputOrders(images, inverse, images.min(axis=0), images.argmin(axis=0).astype(np.int32))
