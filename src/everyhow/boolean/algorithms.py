"""Algorithms: formula trees over AND, OR, NOT and the inputs, of bounded depth.

Up to commutativity, double negation, De Morgan and the relabeling of inner variables, every inner node is an
AND-type gate with a polarity on each operand. Truth tables are plain bit sets here (see TruthTable.bits).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ..common.display import Displayed
from .truth_table import INPUT_NAMES, TruthTable, variable_bits

Path = tuple[int, ...]


@dataclass(frozen=True)
class Leaf:
    """An input; 0 is the first."""

    index: int

    @property
    def key(self) -> tuple[Any, ...]:
        """What operands are ordered by: leaves before inner nodes."""
        return (0, self.index)


@dataclass(frozen=True)
class Inner:
    """The AND of two different trees, each negated or not; build it with `inner`, which orders the operands."""

    left: "Tree"
    left_negated: bool
    right: "Tree"
    right_negated: bool

    @property
    def key(self) -> tuple[Any, ...]:
        """What operands are ordered by: shallow trees first, then by their operands."""
        return (depth(self), self.left.key, self.left_negated, self.right.key, self.right_negated)


Tree = Leaf | Inner


def inner(left: Tree, left_negated: bool, right: Tree, right_negated: bool) -> Inner:
    """The node with these operands, in canonical order."""
    if right.key < left.key:
        left, left_negated, right, right_negated = right, right_negated, left, left_negated
    return Inner(left, left_negated, right, right_negated)


@lru_cache(maxsize=1 << 16)
def depth(tree: Tree) -> int:
    """The number of nodes on the longest path from a leaf to the root, the leaf aside."""
    return 0 if isinstance(tree, Leaf) else 1 + max(depth(tree.left), depth(tree.right))


@lru_cache(maxsize=1 << 16)
def value(tree: Tree, inputs: int) -> int:
    """The truth-table bits of a tree; for an inner node, of its AND."""
    if isinstance(tree, Leaf):
        return variable_bits(inputs)[tree.index]
    full = (1 << (1 << inputs)) - 1
    left = value(tree.left, inputs) ^ (full if tree.left_negated else 0)
    right = value(tree.right, inputs) ^ (full if tree.right_negated else 0)
    return left & right


@dataclass(frozen=True)
class Variable:
    """An inner node of an algorithm other than its root.

    Attributes:
        path: from the root, 0 for a left and 1 for a right operand.
        name: the node as it reads in the printed formula.
        bits: its truth table, in the polarity of the node's AND.
        when_false: the output's truth table when the variable is forced to 0 and nothing else is.
        when_true: the same when it is forced to 1.
        user: the path of the variable that uses it; None when the root does.
    """

    path: Path
    name: str
    bits: int
    when_false: int
    when_true: int
    user: Path | None


@dataclass(frozen=True)
class Node:
    """One node of an algorithm as the printed formula shows it, inputs and the root included.

    Attributes:
        label: the gate, or the input with its negation sign.
        formula: the node with all below it.
        bits: what it computes, as shown.
        operands: 0 for an input, 2 for a gate.
    """

    label: str
    formula: str
    bits: int
    operands: int


@dataclass(frozen=True)
class Algorithm(Displayed):
    """A formula tree that computes a function of `inputs` inputs; `negated` when the root is the complement of its AND.

    Two algorithms are the same when their trees are.

    Example:
        >>> [str(a) for a in algorithms(TruthTable.parse("1001"), 2)]
        ['OR(AND(A,B), NOR(A,B))', 'AND(OR(¬A,B), OR(A,¬B))']
    """

    inputs: int
    tree: Inner
    negated: bool

    def __str__(self) -> str:
        return _text(self.tree, self.negated)

    def __repr__(self) -> str:
        return f"Algorithm({self})"

    @property
    def table(self) -> TruthTable:
        """The function that the algorithm computes."""
        full = (1 << (1 << self.inputs)) - 1
        return TruthTable(self.inputs, value(self.tree, self.inputs) ^ (full if self.negated else 0))

    @property
    def depth(self) -> int:
        """The number of gates on the longest path from an input to the output."""
        return depth(self.tree)

    @property
    def irredundant(self) -> bool:
        """Whether no node computes a constant, or the same function as an operand of its own up to complement."""
        return is_irredundant(self.tree, self.inputs)

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The inner nodes other than the root, each before the variables below it."""
        full = (1 << (1 << self.inputs)) - 1
        outputs = (full, 0) if self.negated else (0, full)
        return tuple(_variables(self.tree, self.negated, (), None, *outputs, self.inputs))

    @property
    def nodes(self) -> dict[Path, Node]:
        """Every node by its path from the root, each before those below it, as the printed formula shows it.

        Example:
            >>> [node.label for node in next(algorithms(TruthTable.parse("1001"), 2)).nodes.values()]
            ['OR', 'AND', 'A', 'B', 'NOR', 'A', 'B']
        """
        return dict(_nodes(self.tree, self.negated, (), self.inputs))

    def evaluate(self, forced: Callable[[Path], int | None], inputs: tuple[int, ...] | None = None) -> int:
        """The output over all rows, each variable being replaced by the bits that `forced` gives for its path, if any.

        Args:
            forced: the bits of a variable in the polarity of its node's AND, or None to leave it alone. Where a
                forced variable lies below another forced one, the outer one wins.
            inputs: the bits of each input; those of the truth table when not given.
        """
        full = (1 << (1 << self.inputs)) - 1
        return self.node_value((), forced, inputs) ^ (full if self.negated else 0)

    def node_value(
        self, node: Path, forced: Callable[[Path], int | None], inputs: tuple[int, ...] | None = None
    ) -> int:
        """The bits of a gate, in the polarity of its AND, each variable below it being replaced by the bits that
        `forced` gives for its path, if any; arguments as for `evaluate`."""
        columns = inputs or variable_bits(self.inputs)
        full = (1 << (1 << self.inputs)) - 1

        def bits(tree: Tree, path: Path) -> int:
            if isinstance(tree, Leaf):
                return columns[tree.index]
            if path != node and (replaced := forced(path)) is not None:
                return replaced
            left = bits(tree.left, (*path, 0)) ^ (full if tree.left_negated else 0)
            return left & (bits(tree.right, (*path, 1)) ^ (full if tree.right_negated else 0))

        tree: Tree = self.tree
        for side in node:
            assert isinstance(tree, Inner)
            tree = tree.right if side else tree.left
        return bits(tree, node)


def is_irredundant(tree: Tree, inputs: int) -> bool:
    """Whether no node of the tree computes a constant or, up to complement, the same as one of its operands."""
    if isinstance(tree, Leaf):
        return True
    return not _is_idle(tree, inputs) and all(is_irredundant(t, inputs) for t in (tree.left, tree.right))


def _is_idle(tree: Inner, inputs: int) -> bool:
    """Whether the root of the tree computes a constant or, up to complement, the same as one of its operands."""
    full = (1 << (1 << inputs)) - 1
    own, left, right = value(tree, inputs), value(tree.left, inputs), value(tree.right, inputs)
    return own in (0, full, left, right, left ^ full, right ^ full)


def idle_gate(algorithm: Algorithm) -> str | None:
    """The first gate that computes a constant, or the same as one of its operands up to complement, in words; None when
    the algorithm is irredundant.

    Example:
        >>> next(filter(None, map(idle_gate, algorithms(TruthTable.parse("0001"), 2))))
        'AND(A, AND(A,B)) computes the same as its operand AND(A,B)'
    """
    full, nodes = (1 << (1 << algorithm.inputs)) - 1, algorithm.nodes
    for path, node in nodes.items():
        if node.operands and node.bits in (0, full):
            return f"{node.formula} is always {1 if node.bits else 0}"
        for operand in (nodes[*path, 0], nodes[*path, 1]) if node.operands else ():
            if operand.bits in (node.bits, node.bits ^ full):
                same = "the same as" if operand.bits == node.bits else "the complement of"
                return f"{node.formula} computes {same} its operand {operand.formula}"
    return None


def algorithms(table: TruthTable, max_depth: int, irredundant: bool = False) -> Iterator[Algorithm]:
    """Every algorithm of depth 1 to `max_depth` that computes `table`, up to complement of the root.

    The operands of a node are two different trees; trees that differ count as different even if a subtree occurs twice.
    Order: by depth, then by the operands.

    Cost: trees of depth < max_depth, and the algorithms listed; all trees of two inputs number 2, 6, 62, 7,566 and
    114 million for depth 0 to 4.

    Args:
        table: the function to compute.
        max_depth: the largest depth.
        irredundant: list only the irredundant ones, which are far fewer.

    Example:
        >>> sum(1 for _ in algorithms(TruthTable.parse("0110"), 3))
        250
    """
    n, full = table.inputs, table.full
    operands: list[Tree] = [Leaf(i) for i in range(n)]
    for level in range(1, max_depth + 1):
        by_value: dict[int, list[tuple[int, bool]]] = {}
        for position, tree in enumerate(operands):
            for negated in (False, True):
                by_value.setdefault(value(tree, n) ^ (full if negated else 0), []).append((position, negated))
        found = []
        for wanted, root_negated in ((table.bits, False), (table.bits ^ full, True)):
            for one, other in _pairs(by_value, wanted):
                left, right = operands[one[0]], operands[other[0]]
                tree = Inner(left, one[1], right, other[1])
                if depth(tree) == level and not (irredundant and _is_idle(tree, n)):
                    found.append(Algorithm(n, tree, root_negated))
        yield from sorted(found, key=lambda algorithm: algorithm.tree.key)
        if level < max_depth:
            operands = _next_level(operands, n, irredundant)


def _next_level(operands: list[Tree], inputs: int, irredundant: bool) -> list[Tree]:
    """All trees that are a leaf or have two of `operands` as operands, in canonical order."""
    polarities = [(a, b) for a in (False, True) for b in (False, True)]
    trees = [
        Inner(left, a, right, b)
        for position, left in enumerate(operands)
        for right in operands[position + 1 :]
        for a, b in polarities
    ]
    kept = [tree for tree in trees if not (irredundant and _is_idle(tree, inputs))]
    return sorted([*(Leaf(i) for i in range(inputs)), *kept], key=lambda tree: tree.key)


def _pairs(by_value: dict[int, list[tuple[int, bool]]], wanted: int) -> Iterator[tuple[Any, ...]]:
    """The pairs of operands (position, negated), the earlier first, whose AND is `wanted`."""
    containing = [bits for bits in by_value if bits & wanted == wanted]
    for one in containing:
        for other in containing:
            if one & other == wanted:
                for a in by_value[one]:
                    for b in by_value[other]:
                        if a[0] < b[0]:
                            yield a, b


def count_algorithms(table: TruthTable, max_depth: int, irredundant: bool = False) -> int:
    """How many algorithms `algorithms` lists, counted by function without listing them.

    Args:
        table: the function to compute.
        max_depth: the largest depth.
        irredundant: count only the irredundant ones.

    Example:
        >>> count_algorithms(TruthTable.parse("0110"), 3), count_algorithms(TruthTable.parse("0110"), 3, True)
        (250, 18)
    """
    n, full = table.inputs, table.full
    counts = tree_counts(n, max_depth - 1, irredundant)
    return sum(_ways(counts, wanted, full, irredundant) for wanted in {table.bits, table.bits ^ full})


# How many partners a literal is tried with, on average, when one function is counted.
PAIRS_PER_LITERAL = 8


def counting_cost(inputs: int, max_depth: int, enough: int) -> int:
    """An upper bound of the pairs of functions that `count_algorithms` looks at. Above `enough` the first number above
    it is given, so that finding out is cheap."""
    cost = 0
    for level in range(1, max_depth):
        literals = 2 * len(tree_counts(inputs, level - 1, False))
        cost = min(literals**2, 1 << (1 << inputs)) * literals * PAIRS_PER_LITERAL
        if cost > enough:
            break
    return cost


@lru_cache(maxsize=64)
def tree_counts(inputs: int, max_depth: int, irredundant: bool) -> dict[int, int]:
    """For each function the number of trees of depth 0 to `max_depth` that compute it, as the node's own AND."""
    full = (1 << (1 << inputs)) - 1
    leaves = dict.fromkeys(variable_bits(inputs), 1)
    counts = dict(leaves)
    for _ in range(max_depth):
        literals = set(counts) | {bits ^ full for bits in counts}
        reached = {a & b for a in literals for b in literals}
        following = dict(leaves)
        for bits in reached:
            ways = _ways(counts, bits, full, irredundant)
            if ways:
                following[bits] = following.get(bits, 0) + ways
        counts = following
    return counts


def _ways(counts: dict[int, int], wanted: int, full: int, irredundant: bool) -> int:
    """The number of inner nodes whose AND is `wanted` over operands counted by function in `counts`."""
    if irredundant and wanted in (0, full):
        return 0
    banned = {wanted, wanted ^ full} if irredundant else set()
    # Literals that contain `wanted`: the operand's function, and its number of trees.
    literals = [
        (bits ^ flip, bits, number)
        for bits, number in counts.items()
        for flip in (0, full)
        if (bits ^ flip) & wanted == wanted and bits not in banned
    ]
    ordered = same_tree = 0
    for one, bits, number in literals:
        for other, other_bits, other_number in literals:
            if one & other == wanted:
                ordered += number * other_number
                # Two literals of one function may be literals of one and the same tree, which is not allowed.
                same_tree += number if bits == other_bits else 0
    return (ordered - same_tree) // 2


def _variables(
    tree: Inner, negated: bool, path: Path, user: Path | None, when_false: int, when_true: int, inputs: int
) -> Iterator[Variable]:
    """The variables below an inner node, given the output when the node is forced to 0 or 1, and whether the printed
    formula shows the complement of the node."""
    full = (1 << (1 << inputs)) - 1
    operands = ((tree.left, tree.left_negated), (tree.right, tree.right_negated))
    for side, (operand, operand_negated) in enumerate(operands):
        if isinstance(operand, Leaf):
            continue
        sibling, sibling_negated = operands[1 - side]
        other = value(sibling, inputs) ^ (full if sibling_negated else 0)
        off, on = when_false, (other & when_true) | (~other & full & when_false)
        outputs = (on, off) if operand_negated else (off, on)
        below = (*path, side)
        shown_negated = operand_negated != negated
        yield Variable(below, _text(operand, shown_negated), value(operand, inputs), *outputs, user)
        yield from _variables(operand, shown_negated, below, below, *outputs, inputs)


def _nodes(tree: Tree, negated: bool, path: Path, inputs: int) -> Iterator[tuple[Path, Node]]:
    full = (1 << (1 << inputs)) - 1
    bits = value(tree, inputs) ^ (full if negated else 0)
    if isinstance(tree, Leaf):
        yield path, Node(_text(tree, negated), _text(tree, negated), bits, 0)
        return
    gate, marks = _shown_gate(tree, negated)
    yield path, Node(gate, _text(tree, negated), bits, 2)
    for side, (operand, mark) in enumerate(zip((tree.left, tree.right), marks, strict=True)):
        yield from _nodes(operand, mark, (*path, side), inputs)


def _text(tree: Tree, negated: bool) -> str:
    """The tree, or its complement, as a formula in which only inputs carry negation signs."""
    if isinstance(tree, Leaf):
        return ("¬" if negated else "") + INPUT_NAMES[tree.index]
    gate, marks = _shown_gate(tree, negated)
    separator = "," if depth(tree) == 1 else ", "
    return f"{gate}({_text(tree.left, marks[0])}{separator}{_text(tree.right, marks[1])})"


def _shown_gate(tree: Inner, negated: bool) -> tuple[str, tuple[bool, bool]]:
    """The gate that a node, or its complement, is shown as, and whether each operand is shown negated."""
    marks = (tree.left_negated != negated, tree.right_negated != negated)
    if all(marks) and isinstance(tree.left, Leaf) and isinstance(tree.right, Leaf):
        # Both operands are negated inputs: De Morgan gives a name without negation signs.
        return "NAND" if negated else "NOR", (False, False)
    return "OR" if negated else "AND", marks
