"""What carries a variable at every input, by its value there: how any other state of it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from ..common.shapes import Bool, Float, Int
from ..model.inputs import MOST_TRIED_WHOLE

# A reading this close to halfway between two values, relative to how far these lie apart, is neither.
HALFWAY = 1e-3
# States nearer to each other than this, relative to their size, are one.
SAME = 1e-9

Distance = Callable[[Float[np.ndarray, "runs numbers"]], Float[np.ndarray, " runs"]]


@dataclass(frozen=True, eq=False)
class NaturalStates:
    """The states of what carries a variable at every input, those of each value apart.

    Attributes:
        states: shape (inputs, numbers).
        values: the number of the value that the variable has at each input.

    Example:
        >>> one = NaturalStates(np.array([[0.0], [1.0], [1.0]]), np.array([0, 1, 1]))
        >>> [found.tolist() for found in one.nearest(np.array([[0.9], [0.5]]))]
        [[1, 0], [False, True], [True, True]]
    """

    states: Float[np.ndarray, "inputs numbers"]
    values: Int[np.ndarray, " inputs"]

    def nearest(
        self, seen: Float[np.ndarray, "runs numbers"]
    ) -> tuple[Int[np.ndarray, " runs"], Bool[np.ndarray, " runs"], Bool[np.ndarray, " runs"]]:
        """The value of the variable in the natural state nearest to each state, the value at the first input where two
        are as near; which states are so; and which are not among the natural ones."""
        away = np.array([distance(seen) for distance in self._distances])
        unnatural = away.min(axis=0) > SAME * max(1.0, float(np.abs(self.states).max(initial=0.0)))
        if len(self._kinds) == 1:
            return np.full(len(seen), self.values[0]), np.zeros(len(seen), dtype=bool), unnatural
        two = np.partition(away, 1, axis=0)[:2]
        halfway = two[1] - two[0] <= 2 * HALFWAY * self._apart
        return np.where(halfway, self.values[0], self._kinds[away.argmin(axis=0)]), halfway, unnatural

    @cached_property
    def _kinds(self) -> Int[np.ndarray, " kinds"]:
        return np.unique(self.values)

    @cached_property
    def _distances(self) -> tuple[Distance, ...]:
        """For each value, how far states are from the nearest natural one that has it."""
        return tuple(_distance_to(self.states[self.values == kind]) for kind in self._kinds)

    @cached_property
    def _apart(self) -> float:
        """The least distance between states of two values."""
        return min(
            float(distance(self.states[self.values != kind]).min())
            for kind, distance in zip(self._kinds, self._distances, strict=True)
        )


def _distance_to(natural: Float[np.ndarray, "inputs numbers"]) -> Distance:
    """How far any states are from the nearest of some natural ones."""
    if len(natural) > MOST_TRIED_WHOLE:
        from scipy.spatial import KDTree

        return partial(_by_tree, KDTree(natural))
    return partial(_by_all, natural)


def _by_tree(tree: Any, seen: Float[np.ndarray, "runs numbers"]) -> Float[np.ndarray, " runs"]:
    return tree.query(seen)[0]


def _by_all(
    natural: Float[np.ndarray, "inputs numbers"], seen: Float[np.ndarray, "runs numbers"]
) -> Float[np.ndarray, " runs"]:
    return np.linalg.norm(seen[:, None] - natural[None], axis=2).min(axis=1)
