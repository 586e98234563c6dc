"""Every subset of some heads and MLPs of a transformer of PyTorch, the others of them patched: run as a tree.

Up to the first block with a component of interest all subsets share one stream. Behind a block with h of them there
are 2^h different streams for each that entered it. They are gone through depth first, as many at a time as fit: a
subset costs only the blocks after its last difference from others, and what attends runs once for each stream that
enters a block. In the last block everything after the heads is computed at answered positions alone.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..common.shapes import Bool, Int
from ..importing.torch_trace import uncompiled
from .torch_blocks import Row

# What is done with the logits of some subsets: these as numbers, and (subsets, positions, classes).
Seen = Callable[[Int[np.ndarray, " subsets"], Tensor], None]
# So many numbers of one kind are held at once, by the kind of device.
NUMBERS = {"cpu": 1 << 22, "cuda": 1 << 26}


@dataclass(frozen=True)
class Component:
    """A head, or, with None for the head, an MLP."""

    block: int
    head: int | None


@dataclass(frozen=True, eq=False)
class Tree:
    """The subsets of some components, at one row of tokens.

    Subset number s has component k where bit len(components) - 1 - k of s is 1. What a component outside writes is what
    it writes at the counterfactual row; all else is computed.

    Attributes:
        base: the row.
        paired: the counterfactual row.
        components: in the order in which they run, heads of a block before its MLP.
        answered: the positions at which answers are read.
        classes: the logits that are read.
        most: how many streams are run at once; None for as many as fit.
    """

    base: Row
    paired: Row
    components: tuple[Component, ...]
    answered: tuple[int, ...]
    classes: tuple[int, ...]
    most: int | None = None

    def __post_init__(self) -> None:
        order = [(one.block, math.inf if one.head is None else one.head) for one in self.components]
        if order != sorted(set(order)):
            raise ValueError("the components are those of interest, each once, in the order in which they run")

    def run(self, wanted: Bool[np.ndarray, " subsets"] | None, see: Seen) -> None:
        """Hand on the logits of the subsets that are wanted, of all of them when None, some at a time."""
        before = None if wanted is None else np.concatenate([[0], np.cumsum(wanted)])
        start = min((one.block for one in self.components), default=self._last)
        with torch.no_grad(), uncompiled():
            self._from(start, self.base.streams[start], np.zeros(1, np.int64), before, see)

    def _from(
        self,
        k: int,
        stream: Tensor,
        prefixes: Int[np.ndarray, " states"],
        before: Int[np.ndarray, " ends"] | None,
        see: Seen,
    ) -> None:
        """Go on from streams that enter block k.

        Args:
            k: the block.
            stream: (states, positions, d_model).
            prefixes: of each state, the leading bits of its subsets: which components before block k they have.
            before: of each subset, and of the end, how many subsets before it are wanted; None where all are.
            see: gets the logits.
        """
        while k < self._last and not self._own[k]:
            stream = self.base.whole(k, stream)
            k += 1
        own, last = self._own[k], k == self._last
        attended = self.base.attend(k, stream)
        held = self.paired.wrote[k]
        patch = self.paired.attended[k]
        if last:
            stream, attended = stream[:, self._read], attended[:, self._read]
            held, patch = held[self._read], patch[self._read]
        states, prefixes = self._parted(k, prefixes, before)
        # The MLP, where it is of interest, is the last bit.
        parted = ((0, held), (1, None)) if own and own[-1].head is None else ((None, None),)
        for bit, mlp in parted:
            some = np.arange(len(prefixes)) if bit is None else np.flatnonzero(prefixes & 1 == bit)
            for piece in _pieces(some, self._at_once(last)):
                which = torch.from_numpy(states[piece]).to(stream.device)
                given = self._patched(k, attended[which], patch, prefixes[piece])
                left = self.base.rest(k, stream[which], given, mlp)
                if last:
                    see(prefixes[piece], self.base.read(left, self._classes))
                else:
                    self._from(k + 1, left, prefixes[piece], before, see)

    def _parted(
        self, k: int, prefixes: Int[np.ndarray, " states"], before: Int[np.ndarray, " ends"] | None
    ) -> tuple[Int[np.ndarray, " parts"], Int[np.ndarray, " parts"]]:
        """The subsets of the components of block k behind each state, where they lead to wanted ones: which state each
        comes from, and its prefix."""
        number = len(self._own[k])
        longer = (prefixes[:, None] << number | np.arange(1 << number)).ravel()
        states = np.repeat(np.arange(len(prefixes)), 1 << number)
        if before is None:
            return states, longer
        left = len(self.components) - sum(len(own) for own in self._own[: k + 1])
        kept = before[(longer + 1) << left] > before[longer << left]
        return states[kept], longer[kept]

    def _patched(self, k: int, attended: Tensor, patch: Tensor, prefixes: Int[np.ndarray, " states"]) -> Tensor:
        """What the heads of block k give, those outside each subset what they give at the counterfactual row."""
        own = self._own[k]
        heads = [one.head for one in own if one.head is not None]
        if not heads:
            return attended
        shifts = np.array([len(own) - 1 - j for j, one in enumerate(own) if one.head is not None])
        inside = torch.from_numpy(prefixes[:, None] >> shifts & 1 == 1).to(attended.device)
        parts = attended.reshape(*attended.shape[:2], self.base.blocks.heads[k], -1)
        other = patch.reshape(patch.shape[0], self.base.blocks.heads[k], -1)
        # `attended` was gathered for these subsets, so it may be written into.
        parts[:, :, heads] = torch.where(inside[:, None, :, None], parts[:, :, heads], other[:, heads])
        return parts.reshape(attended.shape)

    @cached_property
    def _own(self) -> tuple[tuple[Component, ...], ...]:
        """The components of interest of each block."""
        return tuple(tuple(one for one in self.components if one.block == k) for k in range(self._last + 1))

    @property
    def _last(self) -> int:
        return len(self.base.streams) - 1

    @cached_property
    def _read(self) -> Tensor:
        return torch.tensor(self.answered, device=self.base.logits.device)

    @cached_property
    def _classes(self) -> Tensor:
        return torch.tensor(self.classes, device=self.base.logits.device)

    def _at_once(self, last: bool) -> int:
        """How many streams are run at once behind the heads of a block."""
        if self.most is not None:
            return self.most
        positions = self.base.streams[0].shape[1]
        widest = max(4 * self.base.streams[0].shape[2], max(self.base.blocks.heads) * positions)
        numbers = positions * widest
        if last:
            numbers = len(self.answered) * max(4 * self.base.streams[0].shape[2], len(self.classes))
        return max(1, NUMBERS.get(self.base.logits.device.type, NUMBERS["cpu"]) // numbers)


def _pieces(some: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(some), size):
        yield some[start : start + size]
