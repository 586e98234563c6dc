"""Candidate formulas as the paper's released code lists them; they differ from algorithms in what is left out.

A formula is a tree over `*` (and) and `+` (or) whose left operand's text sorts strictly before the right's and is the
deeper or equally deep one, with the first set of negated nodes, fewest first and then by preorder position, that makes
it compute the task.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..boolean.truth_table import INPUT_NAMES, TruthTable, variable_bits


@dataclass(frozen=True)
class Skeleton:
    """A formula without negations: an input's name, or `*` or `+` with two operands."""

    sign: str
    operands: tuple["Skeleton", ...] = ()

    @cached_property
    def depth(self) -> int:
        """The number of connectives on the longest path."""
        return 1 + max(operand.depth for operand in self.operands) if self.operands else 0

    @cached_property
    def size(self) -> int:
        """The number of nodes, inputs included."""
        return 1 + sum(operand.size for operand in self.operands)

    @cached_property
    def text(self) -> str:
        """The formula, the outermost parentheses left away."""
        return self.sign.join(operand.bracketed for operand in self.operands) if self.operands else self.sign

    @property
    def bracketed(self) -> str:
        """The formula as an operand."""
        return f"({self.text})" if self.operands else self.text


@dataclass(frozen=True)
class ReleasedVariable:
    """A node that can be intervened on: its truth table, and the output's when it is forced to 0 and to 1."""

    bits: int
    when_false: int
    when_true: int


@dataclass(frozen=True)
class ReleasedFormula:
    """A skeleton with the preorder positions of its negated nodes; position 0 is the root."""

    inputs: int
    skeleton: Skeleton
    negated: frozenset[int]

    def __str__(self) -> str:
        text, _ = self._text(self.skeleton, 0)
        return text[1:-1] if text.startswith("(") else text

    @cached_property
    def variables(self) -> tuple[ReleasedVariable, ...]:
        """Every node below the root that has operands or is negated, a negated node in place of its operand."""
        full = (1 << (1 << self.inputs)) - 1
        found = []
        for position, node in _preorder(self.skeleton):
            if position and (node.operands or position in self.negated):
                off, on = (self.output({position: bits}) for bits in (0, full))
                found.append(ReleasedVariable(self._value(node, position, {})[0], off, on))
        return tuple(found)

    def output(self, forced: dict[int, int]) -> int:
        """The truth table of the root when the nodes at some positions are replaced by the given bits."""
        return self._value(self.skeleton, 0, forced)[0]

    def _value(self, node: Skeleton, position: int, forced: dict[int, int]) -> tuple[int, int]:
        """The bits of the node at `position`, its negation included, and the position after its subtree."""
        if position in forced:
            return forced[position], position + node.size
        following = position + 1
        if node.operands:
            left, following = self._value(node.operands[0], following, forced)
            right, following = self._value(node.operands[1], following, forced)
            bits = left & right if node.sign == "*" else left | right
        else:
            bits = variable_bits(self.inputs)[INPUT_NAMES.index(node.sign)]
        return bits ^ ((1 << (1 << self.inputs)) - 1 if position in self.negated else 0), following

    def _text(self, node: Skeleton, position: int) -> tuple[str, int]:
        following = position + 1
        if node.operands:
            left, following = self._text(node.operands[0], following)
            right, following = self._text(node.operands[1], following)
            text = f"({left}{node.sign}{right})"
        else:
            text = node.sign
        return ("¬" + text if position in self.negated else text), following


@lru_cache(maxsize=4)
def released_formulas(table: TruthTable, max_depth: int) -> tuple[ReleasedFormula, ...]:
    """The candidate formulas of depth 1 to `max_depth` that compute `table`.

    Cost: see `negations_to_try`. Those of the last tables are kept: the networks of a sweep share theirs.

    Example:
        >>> len(released_formulas(TruthTable.parse("0110"), 3))
        56
    """
    found = []
    for skeleton in _skeletons(table.inputs, max_depth):
        if not skeleton.operands:
            continue
        order = _negation_sets(skeleton.size)
        matches = np.flatnonzero(_values(skeleton, table.inputs)[order] == np.uint64(table.bits))
        if len(matches):
            chosen = int(order[matches[0]])
            negated = frozenset(p for p in range(skeleton.size) if chosen >> p & 1)
            found.append(ReleasedFormula(table.inputs, skeleton, negated))
    return tuple(found)


def negations_to_try(inputs: int, max_depth: int) -> int:
    """How many gates are evaluated when every set of negated nodes of every skeleton is tried, at most.

    Skeletons are counted by their number of nodes without listing them.

    Example:
        >>> negations_to_try(2, 3) < 10**8 < negations_to_try(4, 3)
        True
    """
    sizes = {1: inputs}
    for _ in range(max_depth):
        following = {1: inputs}
        for one, number in sizes.items():
            for other, others in sizes.items():
                if one <= other:
                    # At most one order of the two operands fits, and there are two connectives.
                    pairs = number * others if one < other else number * (number - 1) // 2
                    following[1 + one + other] = following.get(1 + one + other, 0) + 2 * pairs
        sizes = following
        if max(sizes) > 1000:
            break
    return sum(number * size << size for size, number in sizes.items())


def _skeletons(inputs: int, max_depth: int) -> list[Skeleton]:
    leaves = [Skeleton(name) for name in INPUT_NAMES[:inputs]]
    level = leaves
    for _ in range(max_depth):
        pairs = [
            (left, right) for left in level for right in level if left.depth >= right.depth and left.text < right.text
        ]
        level = leaves + [Skeleton(sign, pair) for pair in pairs for sign in "*+"]
    return level


def _values(skeleton: Skeleton, inputs: int) -> np.ndarray:
    """The truth-table bits of a skeleton under every set of negated nodes, bit p of the index negating position p."""
    full = np.uint64((1 << (1 << inputs)) - 1)
    negations = np.arange(1 << skeleton.size)

    def value(node: Skeleton, position: int) -> np.ndarray:
        if node.operands:
            left, right = node.operands
            one, other = value(left, position + 1), value(right, position + 1 + left.size)
            bits = one & other if node.sign == "*" else one | other
        else:
            bits = np.full(len(negations), variable_bits(inputs)[INPUT_NAMES.index(node.sign)], np.uint64)
        return bits ^ np.where(negations >> position & 1, full, np.uint64(0))

    return value(skeleton, 0)


@lru_cache(maxsize=32)
def _negation_sets(size: int) -> np.ndarray:
    """All sets of `size` positions as bits, fewest first, then in the order of their sorted positions."""
    sets = (sum(1 << p for p in chosen) for k in range(size + 1) for chosen in itertools.combinations(range(size), k))
    return np.fromiter(sets, np.int64, 1 << size)


def _preorder(node: Skeleton, position: int = 0) -> Iterator[tuple[int, Skeleton]]:
    yield position, node
    following = position + 1
    for operand in node.operands:
        yield from _preorder(operand, following)
        following += operand.size
