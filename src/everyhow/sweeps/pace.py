"""The time that a run takes yet, by the forecast of its blocks and by what finished ones took."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from .costs import STARTING, block_seconds, makespan
from .plan import Block
from .work import Spent


class Pace:
    """How far a run is: the blocks that are left, and how long finished ones took beside their forecast.

    Args:
        blocks: all of the run.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        # Blocks of a point that are foreseen to take as long are alike: a run has many thousands of them.
        self._kinds = {block.index: (block.point, block_seconds(block)) for block in blocks}
        self._left = Counter(self._kinds.values())
        self._spent = 0.0
        # By point: what finished blocks took, and what was foreseen of them.
        self._took: dict[int, tuple[float, float]] = {}

    def finished(self, block: Block, spent: Spent | None) -> None:
        """Take note of a block that is finished; the first of a process also loads what others find there, so that it
        tells nothing of others."""
        kind = self._kinds[block.index]
        _, usual = kind
        if spent is not None and not spent.first:
            took, foreseen = self._took.get(block.point, (0.0, 0.0))
            self._took[block.point] = took + spent.seconds, foreseen + usual
        self._spent += self._seconds(*kind)
        self._left[kind] -= 1

    @property
    def share(self) -> float:
        """The share of the work that is done, from 0 to 1."""
        left = sum(number * self._seconds(*kind) for kind, number in self._left.items())
        return self._spent / (self._spent + left) if left else 1.0

    def left(self, workers: int) -> float:
        """Seconds until so many workers have done what is left."""
        each = ([self._seconds(*kind)] * number for kind, number in self._left.items())
        return (0.0 if self._took else STARTING) + makespan(chain.from_iterable(each), max(1, workers))

    def _seconds(self, point: int, usual: float) -> float:
        """What a block takes: as those of its point, and one more that goes as all points do."""
        took, foreseen = (sum(pair[k] for pair in self._took.values()) for k in (0, 1))
        whole = took / foreseen if foreseen else 1.0
        own, expected = self._took.get(point, (0.0, 0.0))
        return usual * (own + whole * usual) / (expected + usual)
