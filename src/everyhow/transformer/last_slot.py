"""Which choices of what the parents of `logits` write are right often enough."""

from collections.abc import Sequence

import numpy as np

from ..common.shapes import Float, UInt8
from .components import Components

# What one parent writes: its place among all nodes, and the number of the value.
Choice = tuple[int, int]


class LastSlot:
    """What each parent of `logits` adds, in every scenario of a criterion, by each value that it may write."""

    def __init__(self, components: Components) -> None:
        self.components, criterion = components, components.criterion
        constant = components.constant
        self._table = np.zeros((64, *constant.shape))
        self._table[0] = constant
        self._rows: dict[Choice, int] = {}
        self._row_of_value: dict[int, int] = {}
        self._order = np.arange(len(constant))
        decided = criterion.limits(0.0)
        shape = criterion.contrasts.shape[:2]
        boxes = np.concatenate([criterion.certified_limits, decided[None]]).reshape(3, 2, *shape)
        beyond = np.nextafter(decided[0], np.inf).reshape(shape)
        self._criterion = boxes, beyond, criterion.weights, np.cumsum(criterion.opens) - 1, criterion.allowed
        self._last = self._norm()

    @property
    def bytes(self) -> int:
        """What it takes."""
        return self._table.nbytes

    def right(self, alike: Sequence[Choice], choices: Sequence[Sequence[Choice]]) -> UInt8[np.ndarray, "..."]:
        """Whether each combination of choices is right, one axis for each parent that has a choice.

        Args:
            alike: what the other parents write.
            choices: of each parent what it may write.

        Returns:
            0 for wrong, 1 for right only when the boundary moves for it, 3 for right.
        """
        from ..kernels.last_slot import right_sets

        shape = tuple(map(len, choices))
        if not choices:
            alike, choices = alike[:-1], [alike[-1:]]
        rows = np.array(self._rows_of([one for some in choices for one in some]), np.int64)
        common = np.array(self._rows_of(alike), np.int64)
        starts = np.cumsum([0, *map(len, choices)])
        return right_sets(self._table, common, rows, starts, self._order, self._criterion, self._last).reshape(shape)

    def _rows_of(self, choices: Sequence[Choice]) -> list[int]:
        """The row of what each choice adds; equal ones have one row."""
        new = [choice for choice in dict.fromkeys(choices) if choice not in self._rows]
        if new:
            values = [self.components.at_answers(*choice) for choice in new]
            added = [value for value in dict.fromkeys(values) if value not in self._row_of_value]
            first = len(self._row_of_value) + 1
            while first + len(added) > len(self._table):
                self._table = np.concatenate([self._table, np.zeros_like(self._table)])
            if added:
                self._table[first : first + len(added)] = self.components.answers(added)
            self._row_of_value |= {value: first + k for k, value in enumerate(added)}
            self._rows |= {choice: self._row_of_value[value] for choice, value in zip(new, values, strict=True)}
        return [self._rows[choice] for choice in choices]

    def _norm(self) -> tuple[Float[np.ndarray, "3 width"], Float[np.ndarray, "rows logits"], np.ndarray]:
        """The norm before the numbers are read; of width 0 where there is none."""
        criterion = self.components.criterion
        norm = criterion.model.ln_final
        if norm is None:
            return np.zeros((3, 0)), np.zeros((1, 0)), np.zeros((0, 0, 0))
        shift = np.zeros(len(norm.w)) if norm.b is None else norm.b
        numbers = np.stack([norm.w, shift, np.zeros(len(norm.w))])
        numbers[2, :2] = norm.eps, not norm.rms
        return numbers, np.vstack([criterion.model.read_matrix, criterion.model.read_bias]), criterion.contrasts
