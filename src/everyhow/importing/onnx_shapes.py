"""Where the inputs of a batch, and the features of each, lie in a tensor that flows through a graph."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

# Stands for the size of a batch that is not fixed: a prime, so that no product of other sizes equals it.
ANY = 2**31 - 1


@dataclass(frozen=True)
class BatchedShape:
    """The sizes of a tensor, and which axis counts the inputs of a batch; None when it holds one input.

    The features of an input are what lies along the other axes, in their order.

    Example:
        >>> BatchedShape((ANY, 2, 3), 0).reshaped((ANY, 6))
        BatchedShape(shape=(2147483647, 6), batch=0)
        >>> BatchedShape((ANY, 2, 3), 0).reshaped((ANY * 2, 3)) is None
        True
    """

    shape: tuple[int, ...]
    batch: int | None

    @property
    def features(self) -> int:
        """How many numbers an input has."""
        return math.prod(self.each)

    @property
    def each(self) -> tuple[int, ...]:
        """The sizes without the batch."""
        return tuple(size for axis, size in enumerate(self.shape) if axis != self.batch)

    def reshaped(self, shape: Sequence[int]) -> "BatchedShape | None":
        """The shape after a reshape to that many numbers, None when it mixes the inputs."""
        shape = tuple(shape)
        if self.batch is None:
            return BatchedShape(shape, None)
        size, before = self.shape[self.batch], math.prod(self.shape[: self.batch])
        for axis, one in enumerate(shape):
            if one == size and math.prod(shape[:axis]) == before:
                return BatchedShape(shape, axis)
        return None

    def transposed(self, order: Sequence[int]) -> "BatchedShape | None":
        """The shape after a transposition, None when it changes the order of the features."""
        wide = [axis for axis in order if axis != self.batch and self.shape[axis] != 1]
        if wide != sorted(wide):
            return None
        batch = None if self.batch is None else list(order).index(self.batch)
        return BatchedShape(tuple(self.shape[axis] for axis in order), batch)

    def squeezed(self, axes: Sequence[int] | None) -> "BatchedShape | None":
        """The shape without axes of size 1, by default all; None when another is among them."""
        gone = [axis for axis, size in enumerate(self.shape) if size == 1] if axes is None else list(axes)
        gone = [axis % len(self.shape) if -len(self.shape) <= axis < len(self.shape) else -1 for axis in gone]
        if any(axis < 0 or self.shape[axis] != 1 for axis in gone):
            return None
        batch = None if self.batch is None else self.batch - sum(axis < self.batch for axis in set(gone))
        return BatchedShape(tuple(size for axis, size in enumerate(self.shape) if axis not in gone), batch)

    def unsqueezed(self, axes: Sequence[int]) -> "BatchedShape | None":
        """The shape with new axes of size 1 at these places of the result."""
        rank = len(self.shape) + len(axes)
        new = {axis % rank for axis in axes if -rank <= axis < rank}
        if len(new) != len(axes):
            return None
        old = [axis for axis in range(rank) if axis not in new]
        sizes = iter(self.shape)
        batch = None if self.batch is None else old[self.batch]
        return BatchedShape(tuple(1 if axis in new else next(sizes) for axis in range(rank)), batch)

    def raised(self, rank: int) -> "BatchedShape":
        """The shape with axes of size 1 in front, up to a rank, as broadcasting makes it."""
        more = max(0, rank - len(self.shape))
        batch = None if self.batch is None else self.batch + more
        return BatchedShape((1,) * more + self.shape, batch)

    def along(self, axis: int) -> bool:
        """Whether all features of an input lie along that axis."""
        axis = axis % len(self.shape) if -len(self.shape) <= axis < len(self.shape) else len(self.shape)
        return axis < len(self.shape) and axis != self.batch and self.shape[axis] == self.features

    def with_size(self, axis: int, size: int | None) -> "BatchedShape":
        """The shape with another size at an axis, or without this axis."""
        axis %= len(self.shape)
        if size is not None:
            return replace(self, shape=(*self.shape[:axis], size, *self.shape[axis + 1 :]))
        batch = self.batch - (axis < self.batch) if self.batch is not None else None
        return BatchedShape((*self.shape[:axis], *self.shape[axis + 1 :]), batch)
