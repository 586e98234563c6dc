"""Algorithms over features of data: where a network carries variables whose inputs are bits known of each input."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike

from ..boolean.algorithms import Algorithm, Variable, algorithms
from ..boolean.truth_table import MAX_INPUTS, TruthTable
from ..common.errors import InputError
from ..given.points import points_of
from ..model.behavior import Behavior
from .alignment import forced_rows
from .mapping import Mapping, mappings_of
from .signatures import NeuronSet, Rows, Signatures

Features = ArrayLike
# Rows of a truth table that no input has, and whose value may be either.
MOST_OPEN = 8


@dataclass(frozen=True, eq=False)
class FeatureRows:
    """The row of the truth table of some features that each input has."""

    features: int
    rows: Int[np.ndarray, " inputs"]

    def lifted(self, bits: int) -> int:
        """A function of the features as a bit set over the inputs."""
        return sum(1 << k for k, row in enumerate(self.rows.tolist()) if bits >> row & 1)


def checked_features(features: Features, behavior: Behavior) -> FeatureRows:
    """Features of the inputs of a behavior.

    Raises:
        InputError: they are not bits, or not one row for each input, or too many.
    """
    given = points_of(features, "features")
    if given.ndim != 2 or len(given) != len(behavior.points) or not 1 <= given.shape[1] <= MAX_INPUTS:
        raise InputError(
            f"features have shape {given.shape}; expected (inputs, features): a row for each of the "
            f"{len(behavior.points)} inputs, and 1 to {MAX_INPUTS} features"
        )
    if not np.isin(given, (0, 1)).all():
        row, column = (int(k) for k in np.argwhere(~np.isin(given, (0, 1)))[0])
        raise InputError(
            f"features are bits, and feature {column + 1} of input {row + 1} is {given[row, column]:g}: write "
            "them as 0 and 1"
        )
    return FeatureRows(given.shape[1], given.astype(np.int64) @ (1 << np.arange(given.shape[1])[::-1]))


def fitting_algorithms(behavior: Behavior, known: FeatureRows, max_depth: int) -> Iterator[Algorithm]:
    """Every algorithm over the features that decides as wanted at every input; rows that no input has may be either.

    Raises:
        InputError: two inputs with the same features want different decisions, or too many rows are open.
    """
    values: dict[int, bool] = {}
    for k, row in enumerate(known.rows.tolist()):
        wanted = bool(behavior.wanted[k, 0])
        if values.setdefault(row, wanted) != wanted:
            raise InputError(
                f"{behavior.name_of(k)} has the same features as an input that wants another decision, so no algorithm "
                f"over these features decides as wanted; give more features"
            )
    free = [row for row in range(1 << known.features) if row not in values]
    if len(free) > MOST_OPEN:
        raise InputError(
            f"{len(free)} of {1 << known.features} combinations of features occur at no input; algorithms are listed "
            f"where at most {MOST_OPEN} do not: give fewer features"
        )
    fixed = sum(1 << row for row, wanted in values.items() if wanted)
    for choice in range(1 << len(free)):
        bits = fixed | sum(1 << row for k, row in enumerate(free) if choice >> k & 1)
        yield from algorithms(TruthTable(known.features, bits), max_depth)


def observed_mappings(
    found: Signatures, algorithm: Algorithm, behavior: Behavior, known: FeatureRows
) -> Iterator[Mapping]:
    """Every minimal mapping of an algorithm over features: interchanges between any two inputs agree with it.

    Raises:
        InputError: the algorithm decides otherwise than wanted at an input.
    """
    decided = known.lifted(algorithm.table.bits)
    wanted = sum(1 << k for k, bit in enumerate(behavior.wanted[:, 0]) if bit)
    if decided != wanted:
        k = ((decided ^ wanted) & -(decided ^ wanted)).bit_length() - 1
        raise InputError(f"the algorithm decides otherwise than wanted at {behavior.name_of(k)}")
    return mappings_of(algorithm, [_sets(found, variable, known) for variable in algorithm.variables])


def _sets(found: Signatures, variable: Variable, known: FeatureRows) -> tuple[NeuronSet, ...]:
    """The minimal neuron sets that have the signature that a variable needs."""
    outputs = [known.lifted(bits) for bits in (variable.when_false, variable.when_true)]
    values = (variable.bits >> row & 1 for row in known.rows.tolist())
    needed: Rows = forced_rows(values, *outputs)
    return found.minimal_by_rows.get(needed, ())
