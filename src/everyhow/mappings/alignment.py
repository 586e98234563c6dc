"""Aligned algorithms: those whose every variable has a neuron set with the signature that it needs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from ..boolean.algorithms import Algorithm, Inner, Leaf, Tree, Variable, depth, inner, tree_counts
from ..boolean.truth_table import TruthTable, variable_bits
from .mapping import Mapping, count_choices, mappings_of
from .signatures import NeuronSet, Rows, Signatures


def needed_rows(variable: Variable, inputs: int) -> Rows:
    """The signature of a neuron set that carries `variable`: at each source, the output when the variable is forced to
    its value there."""
    return _rows(variable.bits, variable.when_false, variable.when_true, inputs)


def aligned(signatures: Signatures, table: TruthTable, max_depth: int) -> dict[Algorithm, int]:
    """Every aligned algorithm of depth at most `max_depth` that computes `table`, with its number of minimal mappings.

    Trees are grown from the root, a subtree only where some neuron set has the signature that its root needs, so the
    cost grows with the aligned algorithms rather than with all of them. They come by depth, then by their operands.
    """
    growth = _Growth(signatures, table.inputs)
    found = []
    for wanted, negated in ((table.bits, False), (table.bits ^ table.full, True)):
        outputs = (table.full, 0) if negated else (0, table.full)
        found += [Algorithm(table.inputs, tree, negated) for tree in growth.trees(wanted, *outputs, max_depth)]
    found.sort(key=lambda algorithm: (depth(algorithm.tree), algorithm.negated, algorithm.tree.key))
    counts = {algorithm: count_choices(placements(signatures, algorithm)) for algorithm in found}
    return {algorithm: number for algorithm, number in counts.items() if number}


def minimal_mappings(signatures: Signatures, algorithm: Algorithm) -> Iterator[Mapping]:
    """Every minimal mapping of an algorithm; none when it is not aligned."""
    return mappings_of(algorithm, placements(signatures, algorithm))


def placements(signatures: Signatures, algorithm: Algorithm) -> list[tuple[NeuronSet, ...]]:
    """For each variable the inclusion-minimal neuron sets that have the signature it needs."""
    found = signatures.minimal_by_rows
    return [found.get(needed_rows(variable, algorithm.inputs), ()) for variable in algorithm.variables]


@dataclass(frozen=True, eq=False)
class _Growth:
    """Trees whose inner nodes below the root all have a neuron set, by function, context and depth."""

    signatures: Signatures
    inputs: int
    memory: dict[tuple[int, int, int, int], tuple[Inner, ...]] = field(default_factory=dict)

    def trees(self, wanted: int, when_false: int, when_true: int, max_depth: int) -> tuple[Inner, ...]:
        """The trees whose AND is `wanted`, the output being `when_false` or `when_true` as the root is forced."""
        key = (wanted, when_false, when_true, max_depth)
        if key not in self.memory:
            self.memory[key] = tuple(self._grow(*key))
        return self.memory[key]

    def _grow(self, wanted: int, when_false: int, when_true: int, max_depth: int) -> Iterator[Inner]:
        for one, other in _operand_pairs(self.inputs, wanted, max_depth):
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
        full = (1 << (1 << self.inputs)) - 1
        on = (sibling.literal & when_true) | (~sibling.literal & full & when_false)
        outputs = (on, when_false) if own.negated else (when_false, on)
        bits = own.literal ^ (full if own.negated else 0)
        if _rows(bits, *outputs, self.inputs) not in self.signatures.by_rows:
            return ()
        return self.trees(bits, *outputs, max_depth - 1)


@dataclass(frozen=True)
class _Operand:
    """An operand by its function: the bits it gives to the AND, whether it is negated, and which leaf it is, if any."""

    literal: int
    negated: bool
    leaf: int | None


@lru_cache(maxsize=4096)
def _operand_pairs(inputs: int, wanted: int, max_depth: int) -> tuple[tuple[_Operand, _Operand], ...]:
    """The unordered pairs of operands of depth below `max_depth` whose AND is `wanted`."""
    full = (1 << (1 << inputs)) - 1
    leaves = [(bits, index) for index, bits in enumerate(variable_bits(inputs))]
    below = tree_counts(inputs, max_depth - 1, False) if max_depth > 1 else {}
    operands = [
        _Operand(bits ^ (full if negated else 0), negated, index)
        for bits, index in [*leaves, *((bits, None) for bits in sorted(below))]
        for negated in (False, True)
    ]
    operands = [operand for operand in operands if operand.literal & wanted == wanted]
    return tuple(
        (one, other)
        for position, one in enumerate(operands)
        for other in operands[position:]
        if one.literal & other.literal == wanted
    )


def _rows(bits: int, when_false: int, when_true: int, inputs: int) -> Rows:
    return tuple(when_true if bits >> source & 1 else when_false for source in range(1 << inputs))
