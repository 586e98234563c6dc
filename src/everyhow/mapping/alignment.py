"""Aligned algorithms: algorithms whose every variable has a neuron set with the signature that the variable needs."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..boolean.algorithms import Algorithm, Inner, Leaf, Tree, Variable, depth, inner, tree_counts
from ..boolean.truth_table import TruthTable, variable_bits
from ..common.errors import BudgetError
from .choices import Choices
from .mapping import Mapping, mappings_of
from .patterns import Patterns
from .placeable import options, placed_algorithm
from .signatures import Rows, Signatures

# Trees kept in memory while algorithms are grown; beyond this there are too many to be told apart one by one.
MOST_GROWN = 200_000


def needed_rows(variable: Variable, inputs: int) -> Rows:
    """The signature, over the rows of a truth table, of a neuron set that carries `variable`: at each source, the
    output when the variable is forced to its value there."""
    return Patterns.of_table(inputs).needed(variable.bits, variable.when_false, variable.when_true)


def aligned(signatures: Signatures, table: TruthTable, max_depth: int) -> dict[Algorithm, int]:
    """Every aligned algorithm of depth at most `max_depth` that computes `table`, with its number of minimal mappings.

    The signatures are those over the rows of the truth table. See `aligned_over`.
    """
    return aligned_over(signatures, (table,), max_depth, Patterns.of_table(table.inputs))


def aligned_over(
    signatures: Signatures, tables: Sequence[TruthTable], max_depth: int, patterns: Patterns
) -> dict[Algorithm, int]:
    """Every aligned algorithm of depth at most `max_depth` that computes one of `tables`, with its number of minimal
    mappings; the inputs of the signatures have `patterns`.

    Trees are grown from the root. A subtree is grown only where some neuron set has the signature that the root of the
    subtree needs, so the cost grows with the aligned algorithms rather than with all algorithms. The algorithms come by
    table, then by depth, then by their operands.

    Raises:
        BudgetError: more than 200,000 trees have a place in the network.
    """
    growth = _Growth(signatures, patterns)
    needs: dict[Algorithm, tuple[Rows, ...]] = {}
    for table in tables:
        found = []
        for wanted, negated in ((table.bits, False), (table.bits ^ table.full, True)):
            outputs = (table.full, 0) if negated else (0, table.full)
            found += [Algorithm(table.inputs, tree, negated) for tree in growth.trees(wanted, *outputs, max_depth)]
        found.sort(key=lambda algorithm: (depth(algorithm.tree), algorithm.negated, algorithm.tree.key))
        needs |= {
            one: tuple(patterns.needed(v.bits, v.when_false, v.when_true) for v in one.variables) for one in found
        }
    asked = set(itertools.chain.from_iterable(needs.values()))
    choices = Choices({rows: signatures.minimal(rows) for rows in asked})
    counts = {algorithm: choices.count(needed) for algorithm, needed in needs.items()}
    return {algorithm: number for algorithm, number in counts.items() if number}


def minimal_mappings(
    signatures: Signatures, algorithm: Algorithm, patterns: Patterns | None = None
) -> Iterator[Mapping]:
    """Every minimal mapping of an algorithm; none when the algorithm is not aligned. The inputs of the signatures have
    `patterns`; when not given, the inputs are the rows of a truth table."""
    return mappings_of(algorithm, options(signatures, placed_algorithm(algorithm, patterns)))


def aligned_where_tested(
    signatures: Signatures, candidates: Iterable[Any], tested: Sequence[int]
) -> Iterator[tuple[Any, int]]:
    """The algorithms or released formulas that are aligned when not every interchange is asked for, each with its
    number of minimal mappings.

    Args:
        signatures: the signatures of the network.
        candidates: algorithms or formulas with variables, each with `bits`, `when_false` and `when_true`.
        tested: for each source row the bases, as bits, at which network and candidate are compared.
    """
    table = Patterns.of_table(len(tested).bit_length() - 1)

    def seen(rows: Rows) -> Rows:
        return tuple(row & bases for row, bases in zip(rows, tested, strict=True))

    groups: dict[Rows, list[int]] = {}
    for rows, number in signatures.numbers.items():
        groups.setdefault(seen(rows), []).append(number)
    choices = Choices({rows: signatures.minimal_among(numbers) for rows, numbers in groups.items()})
    for candidate in candidates:
        needed = (table.needed(v.bits, v.when_false, v.when_true) for v in candidate.variables)
        number = choices.count([seen(rows) for rows in needed])
        if number:
            yield candidate, number


@dataclass(frozen=True, eq=False)
class _Growth:
    """Trees whose inner nodes below the root all have a neuron set, by function, context and depth."""

    signatures: Signatures
    patterns: Patterns
    memory: dict[tuple[int, int, int, int], tuple[Inner, ...]] = field(default_factory=dict)
    grown: list[int] = field(default_factory=lambda: [0])
    pairs: dict[tuple[int, int], tuple[tuple["_Operand", "_Operand"], ...]] = field(default_factory=dict)
    operands: dict[int, tuple["_Operand", ...]] = field(default_factory=dict)

    def trees(self, wanted: int, when_false: int, when_true: int, max_depth: int) -> tuple[Inner, ...]:
        """The trees whose AND is `wanted`, the output being `when_false` or `when_true` as the root is forced."""
        key = (wanted, when_false, when_true, max_depth)
        if key not in self.memory:
            grown = []
            for tree in self._grow(*key):
                grown.append(tree)
                self.grown[0] += 1
                if self.grown[0] > MOST_GROWN:
                    raise BudgetError(
                        "aligning the algorithms", self.grown[0], MOST_GROWN,
                        f"More than {MOST_GROWN:,} trees have a place in the network; use a smaller depth.",
                    )  # fmt: skip
            self.memory[key] = tuple(grown)
        return self.memory[key]

    def _grow(self, wanted: int, when_false: int, when_true: int, max_depth: int) -> Iterator[Inner]:
        for one, other in self._operand_pairs(wanted, max_depth):
            lefts = self._operands(one, other, when_false, when_true, max_depth)
            if not lefts:
                continue
            rights = self._operands(other, one, when_false, when_true, max_depth)
            for left in lefts:
                for right in rights:
                    if left == right or (one == other and right.key < left.key):
                        continue
                    yield inner(left, one.negated, right, other.negated)

    def _operands(
        self, own: "_Operand", sibling: "_Operand", when_false: int, when_true: int, max_depth: int
    ) -> tuple[Tree, ...]:
        if own.leaf is not None:
            return (Leaf(own.leaf),)
        full = (1 << (1 << self.patterns.variables)) - 1
        on = (sibling.literal & when_true) | (~sibling.literal & full & when_false)
        outputs = (on, when_false) if own.negated else (when_false, on)
        bits = own.literal ^ (full if own.negated else 0)
        if self.patterns.needed(bits, *outputs) not in self.signatures.numbers:
            return ()
        return self.trees(bits, *outputs, max_depth - 1)

    def _operand_pairs(self, wanted: int, max_depth: int) -> tuple[tuple["_Operand", "_Operand"], ...]:
        """The unordered pairs of operands of depth below `max_depth` whose AND is `wanted`."""
        if (wanted, max_depth) not in self.pairs:
            possible = [o for o in self._all_operands(max_depth) if o.literal & wanted == wanted]
            self.pairs[wanted, max_depth] = tuple(
                (one, other)
                for position, one in enumerate(possible)
                for other in possible[position:]
                if one.literal & other.literal == wanted
            )
        return self.pairs[wanted, max_depth]

    def _all_operands(self, max_depth: int) -> tuple["_Operand", ...]:
        """Every operand of depth below `max_depth` that some neuron set can carry, and every input."""
        if max_depth not in self.operands:
            inputs = self.patterns.variables
            full = (1 << (1 << inputs)) - 1
            leaves = [(bits, index) for index, bits in enumerate(variable_bits(inputs))]
            below = carried_functions(self.signatures, self.patterns, max_depth - 1) if max_depth > 1 else []
            self.operands[max_depth] = tuple(
                _Operand(bits ^ (full if negated else 0), negated, index)
                for bits, index in [*leaves, *((bits, None) for bits in below)]
                for negated in (False, True)
            )
        return self.operands[max_depth]


def carried_functions(signatures: Signatures, patterns: Patterns, max_depth: int) -> list[int]:
    """The functions of trees of depth at most `max_depth` that a variable with some neuron set can have; the inputs of
    the signatures have `patterns`.

    Where the signature of the set takes two rows, the rows tell what the function is over the inputs, up to complement.
    Where the signature takes one row, any function will do.
    """
    reached = tree_counts(patterns.variables, max_depth, False)
    told: set[int] = set()
    for rows in signatures.numbers:
        if len(set(rows)) == 1:
            return sorted(reached)
        if len(set(rows)) == 2:
            bits = sum(1 << source for source, row in enumerate(rows) if row == rows[0])
            told |= {bits, bits ^ patterns.full}
    return sorted(bits for bits in reached if patterns.lifted(bits) in told)


@dataclass(frozen=True)
class _Operand:
    """An operand by its function: the bits it gives to the AND, whether it is negated, and which leaf it is, if any."""

    literal: int
    negated: bool
    leaf: int | None
