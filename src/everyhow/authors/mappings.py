"""Mappings as the paper's released code counts them: fewer interventions are tested than the definition asks for."""

from collections.abc import Iterable

from ..boolean.truth_table import INPUT_NAMES
from ..mapping.alignment import aligned_where_tested
from ..mapping.signatures import Signatures
from .formulas import ReleasedFormula


def bases_tested(inputs: int, pair_order: str) -> tuple[int, ...]:
    """For each source row, the bases (as bits) at which the released code compares network and formula.

    It takes only the pairs (i, j) with i < j in the order of assignments, source i. `pair_order` lists the inputs, the
    slowest varying one first; in the released code it depended on Python's hash seed.

    Example:
        >>> [format(bases, "04b") for bases in bases_tested(2, "AB")]
        ['1110', '1100', '1000', '0000']
    """
    digits = [INPUT_NAMES.index(name) for name in pair_order]

    def rank(row: int) -> tuple[int, ...]:
        return tuple(row >> (inputs - 1 - digit) & 1 for digit in digits)

    rows = range(1 << inputs)
    return tuple(sum(1 << base for base in rows if rank(base) > rank(source)) for source in rows)


def released_mappings(
    signatures: Signatures, formulas: Iterable[ReleasedFormula], inputs: int, pair_order: str
) -> dict[str, int]:
    """The number of minimal mappings of each formula that has any, by the formula's text."""
    tested = bases_tested(inputs, pair_order)
    return {str(formula): number for formula, number in aligned_where_tested(signatures, formulas, tested)}
