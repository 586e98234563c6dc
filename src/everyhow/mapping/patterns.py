"""What is known of the inputs, as the rows of a truth table: functions of known bits, seen over the inputs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from ..boolean.truth_table import TruthTable
from ..common.errors import InputError
from ..model.behavior import Behavior
from .signatures import Rows

# Rows of a truth table that no input has, and whose value may be either.
MOST_OPEN = 8


@dataclass(frozen=True)
class Patterns:
    """The pattern of known bits that each input has, as a row of the truth table over these bits.

    A function of the bits is lifted to a bit set over the inputs: bit k is its value at input k.

    Attributes:
        variables: how many bits are known of each input.
        rows: the row that each input has.

    Example:
        >>> Patterns(1, (0, 1, 1)).lifted(0b10) == 0b110
        True
    """

    variables: int
    rows: tuple[int, ...]
    _lifted: dict[int, int] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(behavior: Behavior) -> "Patterns":
        """The patterns of the inputs of a behavior.

        Raises:
            InputError: nothing is known of the inputs.
        """
        return Patterns(0 if behavior.bits is None else behavior.bits.shape[1], behavior.rows)

    @staticmethod
    @lru_cache
    def of_table(variables: int) -> "Patterns":
        """The patterns of the rows of a truth table, in order."""
        return Patterns(variables, tuple(range(1 << variables)))

    @cached_property
    def is_table(self) -> bool:
        """Whether the inputs have all rows of the truth table, in order, each once."""
        return self.rows == tuple(range(1 << self.variables))

    @cached_property
    def full(self) -> int:
        """All inputs, as a bit set."""
        return (1 << len(self.rows)) - 1

    def lifted(self, bits: int) -> int:
        """A function of the known bits as a bit set over the inputs."""
        if self.is_table:
            return bits
        if bits not in self._lifted:
            self._lifted[bits] = sum(1 << k for k, row in enumerate(self.rows) if bits >> row & 1)
        return self._lifted[bits]

    def needed(self, bits: int, when_false: int, when_true: int) -> Rows:
        """The signature of neurons that carry a variable: at each source, the output over the bases when the variable
        is forced to its value there. All three are functions of the known bits."""
        return forced_rows((bits >> row & 1 for row in self.rows), self.lifted(when_false), self.lifted(when_true))


def forced_rows(values: Iterable[int], when_false: int, when_true: int) -> Rows:
    """What the output is when a variable is forced to its value at each source, as bit sets over the bases."""
    return tuple(when_true if value else when_false for value in values)


def wanted_tables(behavior: Behavior) -> tuple[TruthTable, ...]:
    """Every function of the known bits that decides as wanted at every input; a row that no input has may be either.

    Args:
        behavior: of one output, with bits known of each input.

    Raises:
        InputError: nothing is known of the inputs, two inputs with the same bits want different decisions, or more than
            8 rows are had by no input.

    Example:
        >>> data = Behavior.of_data([[0.1], [0.7], [0.9]], [0, 1, 1], features=[[0, 0], [0, 1], [1, 0]])
        >>> [str(table) for table in wanted_tables(data)]
        ['0110', '0111']
    """
    patterns, values = Patterns.of(behavior), {}
    for k, row in enumerate(patterns.rows):
        wanted = bool(behavior.wanted[k, 0])
        if values.setdefault(row, wanted) != wanted:
            raise InputError(
                f"{behavior.name_of(k)} has the same features as an input that wants another decision, so no algorithm "
                f"over these features decides as wanted; give more features"
            )
    open_rows = [row for row in range(1 << patterns.variables) if row not in values]
    if len(open_rows) > MOST_OPEN:
        raise InputError(
            f"{len(open_rows)} of {1 << patterns.variables} combinations of features occur at no input; algorithms are "
            f"listed where at most {MOST_OPEN} do not: give fewer features"
        )
    fixed = sum(1 << row for row, wanted in values.items() if wanted)
    return tuple(
        TruthTable(patterns.variables, fixed | sum(1 << row for k, row in enumerate(open_rows) if choice >> k & 1))
        for choice in range(1 << len(open_rows))
    )
