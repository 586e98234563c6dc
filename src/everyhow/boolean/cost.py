"""What an explanation costs: people prefer few, reusable gates, and gates that they already know."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import product

from ..common.arguments import quoted
from ..common.errors import InputError
from .algorithms import Algorithm, Inner, Leaf, Tree
from .formulas import parse_formula
from .gates import GATES, TWO_INPUT_NAMES
from .smallest import Formula, PricedGate, SmallestFormulas, smallest_formulas
from .truth_table import INPUT_NAMES, TruthTable

PLAIN, PARITY = ("AND", "OR", "NAND", "NOR"), ("XOR", "XNOR")
# In prices of the cheapest gate: dearer formulas take far longer to find and are seldom asked for.
CHEAP = 6.0
# Costs closer than this are the same.
SAME = 1e-9
_TABLES = {name: TruthTable.parse(table) for table, name in TWO_INPUT_NAMES.items()}


@dataclass(frozen=True)
class CostModel:
    """The price of each gate; a gate used twice is paid once.

    AND, OR, NAND and NOR cost `gate`, XOR and XNOR `parity`; NOT costs `negation` wherever something is negated. Every
    other function costs what its smallest formula over these does; so A AND NOT B costs `gate` + `negation`. Sharing is
    counted, not sought: each function keeps its own smallest formula. A familiar gate has a price of its own,
    however large.

    Args:
        gate: of AND, OR, NAND and NOR.
        negation: of NOT.
        parity: of XOR and XNOR.
        familiar: the price of each gate known already, by gate name (`NIMP`, `MAJORITY`), formula or truth table.

    Raises:
        InputError: a price is not a number, is negative or not finite, or a familiar gate has not 2 to 4 inputs.

    Example:
        >>> xor = TruthTable.parse("0110")
        >>> CostModel().price(xor), CostModel(familiar={"XOR": 0.5}).price(xor)
        (3.0, 0.5)
    """

    gate: float | int = 1.0
    negation: float | int = 0.0
    parity: float | int = 3.0
    familiar: Mapping[str, float | int] | tuple[tuple[str, float | int], ...] = field(default=())

    def __post_init__(self) -> None:
        try:
            for name in ("gate", "negation", "parity"):
                object.__setattr__(self, name, float(getattr(self, name)))
            gates = tuple((str(name), float(price)) for name, price in dict(self.familiar).items())
        except Exception:
            raise InputError(
                f"prices are numbers and familiar gates a mapping of names to prices, such as {{'NAND': 0.5}}; found "
                f"gate={quoted(self.gate)}, negation={quoted(self.negation)}, parity={quoted(self.parity)}, "
                f"familiar={quoted(self.familiar)}"
            ) from None
        object.__setattr__(self, "familiar", gates)
        prices = {"gate": self.gate, "negation": self.negation, "parity": self.parity, **dict(self.familiar)}
        for name, price in prices.items():
            if not (math.isfinite(price) and price >= 0):
                raise InputError(f"the price of {name} is {price}; a price is a finite number of at least 0")
        for name in dict(self.familiar):
            if not 2 <= _gate(name).inputs <= 4:
                raise InputError(f"the familiar gate {name} has {_gate(name).inputs} inputs; gates have 2 to 4")

    @property
    def gates(self) -> tuple[PricedGate, ...]:
        """Every gate that formulas are made of, but NOT."""
        found = {name: PricedGate(name, _TABLES[name], self.gate) for name in PLAIN}
        found |= {name: PricedGate(name, _TABLES[name], self.parity) for name in PARITY}
        for name, price in dict(self.familiar).items():
            table = _gate(name)
            known = next((gate.name for gate in found.values() if gate.table == table), name)
            found[known] = PricedGate(known, table, price)
        return tuple(found.values())

    def formula(self, table: TruthTable) -> Formula:
        """The smallest formula of a function of at most 4 inputs."""
        cheap = _smallest(self, table.inputs, self._quick)
        return (cheap if cheap.knows(table) else _smallest(self, table.inputs, math.inf)).formula(table)

    def is_cheap(self, table: TruthTable) -> bool:
        """Whether a function costs less than six of the cheapest gates, which is quick to find out. The smallest
        formula of a dearer function of 4 inputs takes seconds, once for each setting of the prices."""
        return _smallest(self, table.inputs, self._quick).knows(table)

    @cached_property
    def _quick(self) -> float:
        return CHEAP * min([gate.price for gate in self.gates if gate.price] or [1.0])

    def price(self, table: TruthTable) -> float:
        """What the smallest formula of a function of at most 4 inputs costs."""
        return self.total([self.formula(table)])

    def total(self, formulas: Iterable[Formula]) -> float:
        """What formulas cost together: each different gate once, with the negations at its operands, and the negations
        at the end of a formula that no gate takes up."""
        prices = _prices(self)
        ends = set(formulas)
        gates = frozenset[Formula]().union(*(formula.gates for formula in ends))
        gates = [gate for gate in gates if gate.name != "NOT"]
        taken = [operand for gate in gates for operand in gate.operands if operand.name == "NOT"]
        left = {formula for formula in ends if formula.name == "NOT"} - set(taken)
        return sum(prices[gate.name] for gate in gates) + self.negation * (len(taken) + len(left))

    def of_composition(self, gate: TruthTable, signals: Sequence[TruthTable]) -> float:
        """What a gate over several signals costs, each signal being taken in the polarity that is cheapest for all."""
        return _composition_cost(self, gate, tuple(signals))

    def of_algorithm(self, algorithm: Algorithm) -> float:
        """What an algorithm costs, each inner variable being taken in the polarity that is cheapest for all."""
        return _algorithm_cost(self, algorithm)


def cheapest(costs: Sequence[float]) -> tuple[int, ...]:
    """The indices of the smallest costs."""
    least = min(costs, default=0.0)
    return tuple(k for k, cost in enumerate(costs) if cost <= least + SAME)


# The same few compositions and algorithms come up again and again, in every layer and every network.
@lru_cache(maxsize=1 << 17)
def _composition_cost(model: CostModel, gate: TruthTable, signals: tuple[TruthTable, ...]) -> float:
    costs = []
    for flipped, turned in polarities(gate, signals):
        operands = {INPUT_NAMES[k]: model.formula(signal) for k, signal in enumerate(turned)}
        # A signal that the gate does not need is still read.
        costs.append(model.total([model.formula(flipped).over(operands), *operands.values()]))
    return min(costs)


@lru_cache(maxsize=1 << 17)
def _algorithm_cost(model: CostModel, algorithm: Algorithm) -> float:
    prices = tuple(model.price(TruthTable(2, bits)) for bits in range(16))
    return _cheapest_polarities(algorithm, prices)


@lru_cache(maxsize=64)
def _prices(model: CostModel) -> Mapping[str, float]:
    return {gate.name: gate.price for gate in model.gates}


def polarities(gate: TruthTable, signals: Sequence[TruthTable]):
    """The same composition with every choice of signals complemented, the gate making up for it."""
    number = len(signals)
    for flips in product((False, True), repeat=number):
        mask = sum(1 << (number - 1 - k) for k, flip in enumerate(flips) if flip)
        yield gate.complementing(mask), tuple(~s if flip else s for s, flip in zip(signals, flips, strict=True))


@lru_cache(maxsize=256)
def _smallest(model: CostModel, inputs: int, limit: float) -> SmallestFormulas:
    return smallest_formulas(inputs, model.gates, model.negation, limit)


@lru_cache
def _gate(name: str) -> TruthTable:
    if name in _TABLES:
        return _TABLES[name]
    if name.upper() in GATES:
        tables = GATES[name.upper()].tables()
        if len(tables) != 1:
            raise InputError(f"the familiar gate {name} has {len(tables)} outputs; a gate has one")
        return tables[0][1]
    return TruthTable.parse(name) if name.isdecimal() else parse_formula(name)


def _cheapest_polarities(algorithm: Algorithm, prices: tuple[float, ...]) -> float:
    """The cost of an algorithm whose two-input gates have these prices, by their truth-table bits.

    Below a node nothing depends on the rest but the node's polarity, unless a subtree is used twice: then each of its
    polarities is tried.
    """
    uses: dict[Inner, int] = {}
    _count_uses(algorithm.tree, uses)
    shared = [node for node, number in uses.items() if number > 1]
    return min(
        _with_shared(algorithm, dict(zip(shared, chosen, strict=True)), prices)
        for chosen in product((False, True), repeat=len(shared))
    )


def _with_shared(algorithm: Algorithm, shared: Mapping[Inner, bool], prices: tuple[float, ...]) -> float:
    """The cost when each subtree that is used twice is built once, in the polarity that `shared` gives it."""

    @cache
    def build(node: Inner, negated: bool) -> float:
        return min(
            prices[_gate_bits(negated, node.left_negated != left, node.right_negated != right)]
            + use(node.left, left)
            + use(node.right, right)
            for left in allowed(node.left)
            for right in allowed(node.right)
        )

    def allowed(operand: Tree) -> tuple[bool, ...]:
        if isinstance(operand, Leaf):
            return (False,)
        return (shared[operand],) if operand in shared else (False, True)

    def use(operand: Tree, negated: bool) -> float:
        return 0.0 if isinstance(operand, Leaf) or operand in shared else build(operand, negated)

    return build(algorithm.tree, algorithm.negated) + sum(build(node, negated) for node, negated in shared.items())


def _count_uses(node: Tree, uses: dict[Inner, int]) -> None:
    if isinstance(node, Leaf):
        return
    uses[node] = uses.get(node, 0) + 1
    if uses[node] == 1:
        _count_uses(node.left, uses)
        _count_uses(node.right, uses)


def _gate_bits(negated: bool, left_negated: bool, right_negated: bool) -> int:
    """The truth-table bits of an AND of two operands, each and the whole negated or not."""
    return sum(
        int((((row >> 1 & 1) != left_negated) and ((row & 1) != right_negated)) != negated) << row for row in range(4)
    )
