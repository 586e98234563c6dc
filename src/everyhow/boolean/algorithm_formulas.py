"""Algorithms as people write them: OR(AND(A,~B), AND(~A,B)) or A & ~B | ~A & B, each gate of exactly two operands."""

import functools
import itertools
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..common.arguments import quoted
from ..common.errors import InputError
from .algorithms import Algorithm, Inner, Leaf, Tree, inner
from .formulas import ALLOWED, MAX_LENGTH
from .truth_table import INPUT_NAMES, TruthTable, variable_bits

# By gate: whether each operand is negated before the AND, and whether the AND is negated.
GATES = {
    "AND": (False, False, False), "OR": (True, True, True), "NAND": (False, False, True), "NOR": (True, True, False),
    "IMP": (False, True, True),
}  # fmt: skip
# Gates that are several gates of an algorithm, with the two shortest ways to write each.
COMPOSED = {
    "XOR": ("OR(AND({0},~{1}), AND(~{0},{1}))", "AND(OR({0},{1}), NAND({0},{1}))"),
    "XNOR": ("OR(AND({0},{1}), NOR({0},{1}))", "AND(OR(~{0},{1}), OR({0},~{1}))"),
}
SIGNS = {"&": "AND", "∧": "AND", "and": "AND", "|": "OR", "∨": "OR", "or": "OR", "->": "IMP", "→": "IMP",
         "^": "XOR", "⊕": "XOR", "xor": "XOR"}  # fmt: skip
NEGATIONS = ("~", "!", "¬", "not")
# Tightest first.
PRECEDENCE = {"AND": 3, "XOR": 2, "OR": 1, "IMP": 0}
TOKEN = re.compile(r"\s*(->|[&|~!^()∧∨¬⊕→,]|\w+)")
WRITTEN = f"gates {', '.join(GATES)} of two operands, NOT, or {ALLOWED}"


@dataclass(frozen=True)
class Literal:
    """A tree, or its complement."""

    tree: Tree
    negated: bool


def parse_algorithm(text: str, inputs: int | None = None) -> Algorithm:
    """The algorithm that a formula writes down, gate by gate.

    Formulas as everyhow prints them are read, and those with signs; `NOT` and the signs for it complement whatever
    follows. Formulas that write one tree up to commutativity,
    double negation and De Morgan give equal algorithms.

    Args:
        text: the formula.
        inputs: of the algorithm; as many as the last input that is named when not given.

    Raises:
        InputError: something that is not a formula, or not one of AND-type gates of two different operands; where
            several trees may be meant, the message shows them.

    Example:
        >>> str(parse_algorithm("OR(AND(A,~B), AND(~A,B))")), str(parse_algorithm("A & ~B | ~A & B"))
        ('OR(AND(A,¬B), AND(¬A,B))', 'OR(AND(A,¬B), AND(¬A,B))')
    """
    literal = parse_literal(text)
    if not isinstance(literal.tree, Inner):
        raise InputError(
            f"formula {quoted(text)} has no gate; an algorithm has at least one: write one with a gate, such as "
            f"AND(A,B)"
        )
    named = 1 + max(_leaves(literal.tree))
    if inputs is not None and named > inputs:
        raise InputError(
            f"formula {quoted(text)} names {INPUT_NAMES[named - 1]}, and there are {inputs} inputs, "
            f"{', '.join(INPUT_NAMES[:inputs])}: name these"
        )
    return Algorithm(inputs or named, literal.tree, literal.negated)


def parse_literal(text: str) -> Literal:
    """A tree or an input, or its complement, by its formula.

    Raises:
        InputError: as `parse_algorithm`, but that an input alone is taken.
    """
    return _read(text, _Trees(text))


def parse_function(text: str, inputs: int) -> TruthTable:
    """The function that a formula computes, whatever its gates: also XOR and XNOR, and gates of several operands.

    Raises:
        InputError: something that is not a formula, or one that names other inputs.

    Example:
        >>> str(parse_function("XOR(A, B, C)", 3))
        '01101001'
    """
    return TruthTable(inputs, _read(text, _Functions(text, inputs)))


def _read(text: str, make: "_Trees | _Functions") -> Any:
    if len(text) > MAX_LENGTH:
        raise InputError(f"the formula has {len(text)} characters; at most {MAX_LENGTH} are read")
    try:
        reader = _Reader(text, _tokens(text), make)
        found = reader.expression(0)
    except RecursionError:
        raise InputError(f"formula {quoted(text)} is nested too deeply; write fewer parentheses") from None
    if reader.left:
        raise InputError(
            f"formula {quoted(text)}: {quoted(reader.left[0])} is not expected there; a connective, a comma or a "
            f"parenthesis is missing before it, or there is one too many"
        )
    return found


def _leaves(tree: Tree) -> set[int]:
    return {tree.index} if isinstance(tree, Leaf) else _leaves(tree.left) | _leaves(tree.right)


def _tokens(text: str) -> list[str]:
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            raise InputError(f"formula {text!r}: cannot read {text[position:].strip()[:10]!r}; allowed: {WRITTEN}")
        found.append(match[1])
        position = match.end()
    return found


@dataclass(frozen=True)
class _Trees:
    """Makes trees of a formula."""

    text: str

    def leaf(self, index: int) -> Literal:
        return Literal(Leaf(index), False)

    def complement(self, one: Literal) -> Literal:
        return Literal(one.tree, not one.negated)

    def gate(self, gate: str, operands: Sequence[Literal]) -> Literal:
        if len(operands) > 2:
            self._refuse_several(gate, operands)
        if gate in COMPOSED:
            one, other = (way.format(*map(_shown, operands)) for way in COMPOSED[gate])
            raise InputError(
                f"{gate} in formula {quoted(self.text)} is several gates of an algorithm; write out which: {one} or "
                f"{other}, or another way"
            )
        first, second = operands
        if first.tree == second.tree:
            raise InputError(
                f"both operands of {gate} in formula {quoted(self.text)} are {_shown(Literal(first.tree, False))}; the "
                f"operands of a gate are two different trees: leave the gate out"
            )
        one, other, negated = GATES[gate]
        return Literal(inner(first.tree, first.negated ^ one, second.tree, second.negated ^ other), negated)

    def _refuse_several(self, gate: str, operands: Sequence[Literal]) -> None:
        """Raises InputError that shows how a gate of more than two operands may be meant."""
        ways = [self._grouped(gate, order) for order in _orders(operands)] if gate in ("AND", "OR") else []
        shown = ", or ".join(map(_shown, ways))
        which = f"{': ' if len(ways) > 1 else ', such as '}{shown}" if ways else ""
        raise InputError(
            f"{gate} in formula {quoted(self.text)} has {len(operands)} operands, and a gate of an algorithm has two; "
            f"write out which are taken together first{which}"
        )

    def _grouped(self, gate: str, operands: Sequence[Literal]) -> Literal:
        return functools.reduce(lambda one, other: self.gate(gate, [one, other]), operands)


@dataclass(frozen=True)
class _Functions:
    """Makes truth tables of a formula, as bits."""

    text: str
    inputs: int

    def leaf(self, index: int) -> int:
        if index >= self.inputs:
            raise InputError(
                f"formula {quoted(self.text)} names {INPUT_NAMES[index]}, and there are {self.inputs} inputs, "
                f"{', '.join(INPUT_NAMES[: self.inputs])}: name these"
            )
        return variable_bits(self.inputs)[index]

    def complement(self, one: int) -> int:
        return one ^ (1 << (1 << self.inputs)) - 1

    def gate(self, gate: str, operands: Sequence[int]) -> int:
        negated = gate in ("NAND", "NOR", "XNOR")
        if gate == "IMP":
            found = functools.reduce(lambda end, one: self.complement(one) | end, reversed(operands))
        elif gate in ("AND", "NAND"):
            found = functools.reduce(operator.and_, operands)
        elif gate in ("OR", "NOR"):
            found = functools.reduce(operator.or_, operands)
        else:
            found = functools.reduce(operator.xor, operands)
        return self.complement(found) if negated else found


class _Reader:
    """The tokens of a formula, taken one after the other, and what makes values of them."""

    def __init__(self, text: str, tokens: list[str], make: _Trees | _Functions) -> None:
        self.text = text
        self.left = tokens
        self.make: Any = make

    def expression(self, least: int) -> Any:
        """What follows, as far as connectives bind at least so tightly."""
        found, connective = self._operand(), self._connective()
        while connective is not None and PRECEDENCE[connective] >= least:
            operands, tight = [found], PRECEDENCE[connective]
            while self._connective() == connective:
                self.left.pop(0)
                # The arrow associates to the right.
                operands.append(self.expression(tight if connective == "IMP" else tight + 1))
            found, connective = self.make.gate(connective, operands), self._connective()
        return found

    def _connective(self) -> str | None:
        return SIGNS.get(self.left[0].lower()) if self.left else None

    def _operand(self) -> Any:
        negated = False
        while self.left and self.left[0].lower() in NEGATIONS:
            self.left.pop(0)
            negated = not negated
        found = self._atom()
        return self.make.complement(found) if negated else found

    def _atom(self) -> Any:
        token = self.left.pop(0) if self.left else ""
        gate = token.upper()
        if gate in (*GATES, *COMPOSED) and self.left[:1] == ["("]:
            return self.make.gate(gate, self._arguments(gate))
        if token == "(":
            found = self.expression(0)
            self._close()
            return found
        if token and token in INPUT_NAMES:
            return self.make.leaf(INPUT_NAMES.index(token))
        if re.fullmatch(r"\w+", token) and gate not in (*GATES, *COMPOSED):
            raise InputError(f"unknown gate or input {token!r} in {quoted(self.text)}; a formula may use {WRITTEN}")
        raise InputError(f"formula {quoted(self.text)} is incomplete: an operand or a parenthesis is missing")

    def _arguments(self, gate: str) -> list[Any]:
        self.left.pop(0)
        found = [self.expression(0)]
        while self.left[:1] == [","]:
            self.left.pop(0)
            found.append(self.expression(0))
        self._close()
        if len(found) < 2 or (gate == "IMP" and len(found) > 2):
            given = "one operand" if len(found) < 2 else f"{len(found)} operands"
            raise InputError(f"{gate} in formula {quoted(self.text)} has {given}; give it two, such as {gate}(A,B)")
        return found

    def _close(self) -> None:
        if self.left[:1] != [")"]:
            raise InputError(f"formula {quoted(self.text)} is incomplete: an operand or a parenthesis is missing")
        self.left.pop(0)


def _orders(operands: Sequence[Literal]) -> list[Sequence[Literal]]:
    """Three operands with each two of them first; of more only as they stand."""
    if len(operands) > 3 or len(set(operands)) < len(operands):
        return [operands] if len(set(operands)) == len(operands) else []
    return [(*pair, next(one for one in operands if one not in pair)) for pair in itertools.combinations(operands, 2)]


def _shown(literal: Literal) -> str:
    """A tree or its complement as it is written."""
    if isinstance(literal.tree, Leaf):
        return "~" * literal.negated + INPUT_NAMES[literal.tree.index]
    return str(Algorithm(1 + max(_leaves(literal.tree)), literal.tree, literal.negated)).replace("¬", "~")
