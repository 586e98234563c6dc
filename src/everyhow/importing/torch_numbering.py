"""Where in a tensor the features of each input lie, through views, transpositions and selections."""

from dataclasses import dataclass

import numpy as np
import torch

from .torch_tensors import as_array


@dataclass(frozen=True, eq=False)
class Numbering:
    """In the place of each number of a tensor, which it is: input * features + feature."""

    numbers: torch.Tensor
    inputs: int

    @staticmethod
    def of_rows(shape: torch.Size | tuple[int, ...], axis: int = 0) -> "Numbering":
        """The numbering of a tensor of this shape in which `axis` runs over the inputs."""
        first = torch.Size((shape[axis], *shape[:axis], *shape[axis + 1 :]))
        return Numbering(torch.arange(first.numel()).reshape(first).movedim(0, axis), shape[axis])

    @property
    def features(self) -> int:
        return self.numbers.numel() // self.inputs

    def axes(self) -> list[int]:
        """The axes that run over the inputs, the first input first."""
        rows = self.numbers // self.features
        each = torch.arange(self.inputs)
        return [
            axis
            for axis, size in enumerate(rows.shape)
            if size == self.inputs and torch.equal(rows.movedim(axis, -1), each.expand(rows.movedim(axis, -1).shape))
        ]

    def order(self) -> tuple[int, ...] | None:
        """The features in the order in which they lie, input after input; None when they do not."""
        rows = self.numbers.reshape(self.inputs, -1)
        own = torch.arange(self.inputs)[:, None] * self.features
        return tuple((rows[0]).tolist()) if torch.equal(rows - own, rows[:1].expand_as(rows)) else None

    def moved(self, numbers: torch.Tensor) -> tuple["Numbering", tuple[int, ...]] | None:
        """The numbering after a tensor of such numbers was made of this one, and the features that are left.

        None when inputs are lost or a feature occurs twice, or when it does not do the same to each input.
        """
        flat = numbers.reshape(-1)
        kept, rest = divmod(len(flat), self.inputs)
        if rest or not kept:
            return None
        rows, features = flat // self.features, flat % self.features
        table = features[torch.argsort(rows, stable=True)].reshape(self.inputs, kept)
        whole = torch.equal(rows.sort().values, torch.arange(self.inputs).repeat_interleave(kept))
        if not whole or len(table[0].unique()) < kept or not torch.equal(table, table[:1].expand_as(table)):
            return None
        if kept == self.features:
            return Numbering(numbers, self.inputs), tuple(range(kept))
        new = torch.zeros(self.features, dtype=torch.long)
        new[table[0]] = torch.arange(kept)
        return Numbering((rows * kept + new[features]).reshape(numbers.shape), self.inputs), tuple(table[0].tolist())

    def of_each(self, constant: torch.Tensor) -> np.ndarray | None:
        """The number that a constant holds for each feature; None when it differs between inputs, or does not fit."""
        try:
            expanded = constant.detach().cpu().expand(self.numbers.shape)
        except RuntimeError:
            return None
        table = torch.empty(self.numbers.numel(), dtype=expanded.dtype)
        table[self.numbers.reshape(-1)] = expanded.reshape(-1)
        rows = as_array(table).reshape(self.inputs, -1)
        return rows[0] if np.array_equal(rows, np.broadcast_to(rows[0], rows.shape), equal_nan=True) else None

    def placed(self, rows: torch.Tensor) -> torch.Tensor:
        """A tensor of this numbering that holds the features of each row."""
        return rows.reshape(-1)[self.numbers]
