"""The inputs between which interchanges are made, with the bits known of each; and which interchanges are tried."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from ..boolean.truth_table import MAX_INPUTS, assignments, row_name
from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int
from .behavior import Behavior
from .model import Model
from .runnable import States

# As many inputs as the largest truth table has rows. Between so many, every interchange is tried that moves no more
# variables than are moved at once; between more inputs, a sample of those where they are too many.
MOST_TRIED_WHOLE = 1 << MAX_INPUTS


@dataclass(frozen=True, eq=False)
class Inputs:
    """A model run whole at some inputs, and the bits known of each.

    Attributes:
        model: what is run, read as the behavior says.
        points: shape (inputs, features).
        bits: shape (inputs, variables): of a truth table the digits of each row, of data the bits known of each point.
        name_of: what the input of a number is called.
        states: what every node computes at each input, stage by stage.
    """

    model: Model
    points: Float[np.ndarray, "inputs features"]
    bits: Bool[np.ndarray, "inputs variables"]
    name_of: Callable[[int], str] = field(repr=False)
    states: States = field(repr=False)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def variables(self) -> int:
        """How many bits are known of each input."""
        return self.bits.shape[1]

    @cached_property
    def rows(self) -> Int[np.ndarray, " inputs"]:
        """For each input the row of a truth table that its bits are, the first bit being the leftmost digit."""
        return self.bits @ (1 << np.arange(self.variables)[::-1])

    @cached_property
    def is_truth_table(self) -> bool:
        """Whether the points are the rows of the model's truth table, in order, and the bits their digits."""
        count = self.model.features
        same = self.variables == count and len(self.points) == 1 << count
        return same and np.array_equal(self.points, self.model.corners) and np.array_equal(self.bits, _digits(count))

    def values(self, bits: int) -> Bool[np.ndarray, " inputs"]:
        """A function of the bits, given by its truth table, at each input."""
        return np.array([bool(bits >> row & 1) for row in range(1 << self.variables)])[self.rows]


def inputs_of(model: Model, behavior: Behavior | None = None) -> Inputs:
    """A model at the points of a behavior, or at the rows of its truth table.

    Args:
        model: what is run; it fits the behavior (`as_explained`).
        behavior: the points, each once, whatever its weight, with the bits known of each; the truth table when not
            given.

    Raises:
        InputError: data of whose points no bits are known.

    Example:
        >>> import everyhow as eh
        >>> data = eh.Behavior.of_network(eh.xornet(), [[0.9, 0.1], [0.2, 0.1]], features=[[1, 0], [0, 0]])
        >>> found = inputs_of(eh.xornet(), data)
        >>> found.name_of(0), found.rows.tolist()
        ('input 1', [2, 0])
    """
    if behavior is None:
        count = model.features
        states = model.states(model.corners)
        return Inputs(model, model.corners, _digits(count), partial(row_name, inputs=count), states)
    known = behavior.bits
    if known is None:
        raise InputError(
            f"an explanation predicts from the bits that its variables are functions of; of the "
            f"{len(behavior.points):,} points of this behavior none are known: give the behavior features, a row for "
            f"each point"
        )
    return Inputs(model, behavior.points, known, behavior.name_of, model.states(behavior.points))


def _digits(count: int) -> Bool[np.ndarray, "rows inputs"]:
    return assignments(count) > 0


def swaps(
    inputs: int, moved: tuple[int, ...], most: int | None = None, seed: int = 0
) -> tuple[Int[np.ndarray, " swaps"], Int[np.ndarray, "swaps moved"]]:
    """Every base with every source of each moved variable, in order: inputs^(moved + 1) of them.

    Args:
        inputs: how many there are.
        moved: the variables that take their values from sources.
        most: where there are more, so many of them are drawn with replacement, and those that repeat are dropped.
        seed: of what is drawn; the same for the same variables.

    Returns:
        The base of each, and the source of each moved variable.

    Example:
        >>> bases, sources = swaps(2, (0,))
        >>> bases.tolist(), sources.ravel().tolist()
        ([0, 0, 1, 1], [0, 1, 0, 1])
    """
    columns = len(moved) + 1
    if most is None or inputs**columns <= most:
        found = np.stack(np.unravel_index(np.arange(inputs**columns), (inputs,) * columns), axis=1)
    else:
        drawn = np.random.default_rng([seed, len(moved), *moved]).integers(inputs, size=(most, columns))
        found = np.unique(drawn, axis=0)
    return found[:, 0], found[:, 1:]
