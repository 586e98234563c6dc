"""Where in a tensor the features of each input lie, through views, transpositions and selections."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Numbering:
    """In the place of each number of a tensor, which it is: input * features + feature.

    Example:
        >>> rows = Numbering.of_rows((2, 3))
        >>> turned, kept = rows.moved(rows.numbers[:, [2, 0]].T)
        >>> turned.numbers.tolist(), kept, turned.axis
        ([[0, 2], [1, 3]], (2, 0), 1)
    """

    numbers: np.ndarray
    inputs: int

    @staticmethod
    def of_rows(shape: Sequence[int], axis: int | None = 0) -> "Numbering":
        """The numbering of a tensor of this shape in which `axis` runs over the inputs; None where it holds one."""
        if axis is None:
            return Numbering(np.arange(int(np.prod(shape))).reshape(shape), 1)
        first = (shape[axis], *shape[:axis], *shape[axis + 1 :])
        return Numbering(np.moveaxis(np.arange(int(np.prod(first))).reshape(first), 0, axis), shape[axis])

    @property
    def features(self) -> int:
        """How many numbers an input has."""
        return self.numbers.size // self.inputs

    @cached_property
    def axis(self) -> int | None:
        """The first axis that runs over the inputs, the first input first; None where none does, or there is one."""
        rows, each = self.numbers // self.features, np.arange(self.inputs)
        found = (
            axis
            for axis, size in enumerate(rows.shape)
            if size == self.inputs and (np.moveaxis(rows, axis, -1) == each).all()
        )
        return next(found, None) if self.inputs > 1 else None

    @property
    def is_apart(self) -> bool:
        """Whether the inputs lie apart, along an axis of their own."""
        return self.inputs == 1 or self.axis is not None

    def order(self, axis: int | None = 0) -> tuple[int, ...] | None:
        """The features in the order in which they lie, input after input along that axis; None when they do not."""
        numbers = self.numbers if axis is None else np.moveaxis(self.numbers, axis, 0)
        rows = numbers.reshape(self.inputs, -1)
        own = np.arange(self.inputs)[:, None] * self.features
        return tuple(rows[0].tolist()) if (rows - own == rows[:1]).all() else None

    def along(self, axis: int) -> tuple[int, ...] | None:
        """The features in the order in which they lie along an axis; None when it does not hold all of each input."""
        if not -self.numbers.ndim <= axis < self.numbers.ndim or self.numbers.shape[axis] != self.features:
            return None
        rows = np.moveaxis(self.numbers, axis, -1).reshape(-1, self.features)
        order = rows[0] % self.features
        return tuple(order.tolist()) if (rows // self.features * self.features + order == rows).all() else None

    def with_features(self, axis: int, features: int) -> "Numbering":
        """The numbering with so many features of each input along the axis that holds all of them."""
        inputs = np.moveaxis(self.numbers, axis, -1)[..., :1] // self.features
        return Numbering(np.moveaxis(inputs * features + np.arange(features), -1, axis), self.inputs)

    def moved(self, numbers: np.ndarray) -> tuple["Numbering", tuple[int, ...]] | None:
        """The numbering after a tensor of such numbers was made of this one, and the features that are left.

        None when inputs are lost or a feature occurs twice, or when it does not do the same to each input.
        """
        flat = numbers.reshape(-1)
        kept, rest = divmod(flat.size, self.inputs)
        if rest or not kept:
            return None
        rows, features = flat // self.features, flat % self.features
        table = features[np.argsort(rows, kind="stable")].reshape(self.inputs, kept)
        whole = np.array_equal(np.sort(rows), np.repeat(np.arange(self.inputs), kept))
        if not whole or len(np.unique(table[0])) < kept or not (table == table[:1]).all():
            return None
        if kept == self.features:
            return Numbering(numbers, self.inputs), tuple(range(kept))
        new = np.zeros(self.features, np.int64)
        new[table[0]] = np.arange(kept)
        return Numbering((rows * kept + new[features]).reshape(numbers.shape), self.inputs), tuple(table[0].tolist())

    def of_each(self, constant: np.ndarray) -> np.ndarray | None:
        """The number that a constant holds for each feature; None when it differs between inputs, or does not fit."""
        try:
            expanded = np.broadcast_to(constant, self.numbers.shape)
        except ValueError:
            return None
        table = np.empty(self.numbers.size, expanded.dtype)
        table[self.numbers.reshape(-1)] = expanded.reshape(-1)
        rows = table.reshape(self.inputs, -1)
        return rows[0] if np.array_equal(rows, np.broadcast_to(rows[0], rows.shape), equal_nan=True) else None
