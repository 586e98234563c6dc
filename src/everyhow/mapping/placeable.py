"""What is placed in a model: an algorithm or a causal model. It has variables, and neurons may stand for them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from ..boolean.algorithms import Algorithm, Path, Variable
from ..common.shapes import Bool, Shaped
from .patterns import Patterns
from .signatures import NeuronSet, Rows, Signatures

# Variables that are held, by their numbers, each with the number of the value that it is held at.
Holding = tuple[tuple[int, int], ...]


class Placeable(ABC):
    """What is placed in a model, over some inputs. Its variables are numbered from 0, and so are the
    values of each variable."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """What the variables are called."""

    def needed(self, variable: int) -> Rows:
        """The signature of neurons that stand for a variable: at each source, the decisions over the bases, as bits,
        when the variable is held at its value there."""
        values = self.given(variable).tolist()
        when = {value: _as_bits(self.decided(((variable, value),))) for value in set(values)}
        return tuple(when[value] for value in values)

    @abstractmethod
    def given(self, variable: int, held: Holding = ()) -> Shaped[np.ndarray, " inputs"]:
        """The value of a variable at each input, while others are held."""

    @abstractmethod
    def decided(self, held: Holding) -> Shaped[np.ndarray, " inputs"]:
        """The decision at each input, while variables are held: whether it is 1, or the number of the class chosen."""


def _as_bits(decided: Shaped[np.ndarray, " inputs"]) -> int:
    """Decisions as a row of a signature: of classes, the inputs at which the first is chosen before those of the
    second."""
    if decided.dtype == bool:
        return sum(1 << base for base in np.flatnonzero(decided).tolist())
    return sum(1 << (chosen * len(decided) + base) for base, chosen in enumerate(decided.tolist()))


def options(signatures: Signatures, placeable: Placeable) -> list[tuple[NeuronSet, ...]]:
    """For each variable the inclusion-minimal neuron sets that have the signature that the variable needs.

    Choices of one set for each variable, no two of them sharing a neuron, are its minimal places: see
    `choices.disjoint_choices`, which lists them, and `choices.count_choices`, which counts them.
    """
    return [signatures.minimal(placeable.needed(k)) for k in range(len(placeable.names))]


@dataclass(frozen=True, eq=False)
class PlacedAlgorithm(Placeable):
    """An algorithm over bits that are known of some inputs. Each variable has the values 0 and 1.

    Where a held variable is an operand of another held variable, the outer variable wins.
    """

    algorithm: Algorithm
    patterns: Patterns
    _decided: dict[tuple[Path, Holding], Bool[np.ndarray, " inputs"]] = field(default_factory=dict, repr=False)

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of the algorithm."""
        return self.algorithm.variables

    @property
    def names(self) -> tuple[str, ...]:
        """What the variables are called: as they read in the formula of the algorithm."""
        return tuple(variable.name for variable in self.variables)

    def needed(self, variable: int) -> Rows:
        """The signature of neurons that stand for a variable."""
        one = self.variables[variable]
        return self.patterns.needed(one.bits, one.when_false, one.when_true)

    def given(self, variable: int, held: Holding = ()) -> Bool[np.ndarray, " inputs"]:
        """The value of a variable at each input, while others are held."""
        return self._over_inputs(self.variables[variable].path, held)

    def decided(self, held: Holding) -> Bool[np.ndarray, " inputs"]:
        """The decision at each input, while variables are held."""
        return self._over_inputs((), held)

    def _over_inputs(self, node: Path, held: Holding) -> Bool[np.ndarray, " inputs"]:
        """What the algorithm gives a variable, or its output where `node` is the root."""
        if (node, held) not in self._decided:
            table = 1 << self.algorithm.inputs
            forced = {self.variables[k].path: (1 << table) - 1 if value else 0 for k, value in held}.get
            bits = self.algorithm.node_value(node, forced) if node else self.algorithm.evaluate(forced)
            values = np.array([bool(bits >> row & 1) for row in range(table)])
            self._decided[node, held] = values[np.array(self.patterns.rows)]
        return self._decided[node, held]


@lru_cache(maxsize=64)
def placed_algorithm(algorithm: Algorithm, patterns: Patterns | None = None) -> PlacedAlgorithm:
    """An algorithm, to be placed: over the rows of a truth table, or over inputs with these patterns of known bits.

    Example:
        >>> import everyhow as eh
        >>> from everyhow.boolean.truth_table import assignments
        >>> from everyhow.mapping.signatures import signatures
        >>> xor = placed_algorithm(next(iter(eh.algorithms("XOR", depth=2))))
        >>> dict(zip(xor.names, options(signatures(eh.xornet(), assignments(2)), xor)))
        {'NAND(A,B)': (NeuronSet(layer=1, neurons=(2,)),), 'OR(A,B)': (NeuronSet(layer=1, neurons=(0, 1)),)}
    """
    return PlacedAlgorithm(algorithm, patterns or Patterns.of_table(algorithm.inputs))
