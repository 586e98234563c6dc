"""The time that a run takes yet, by the forecast of its blocks and by what finished ones took."""

from collections.abc import Sequence

from .costs import STARTING, block_seconds, makespan
from .plan import Block
from .work import Spent


class Pace:
    """How far a run is: the blocks that are left, and how long finished ones took beside their forecast.

    Args:
        blocks: all of the run.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._left = {block.index: block for block in blocks}
        self._usual = {block.index: block_seconds(block) for block in blocks}
        self._spent = 0.0
        # By point: what finished blocks took, and what was foreseen of them.
        self._took: dict[int, tuple[float, float]] = {}

    def finished(self, block: Block, spent: Spent | None) -> None:
        """Take note of a block that is finished; the first of a process also loads what others find there, so that it
        tells nothing of others."""
        usual = self._usual[block.index]
        if spent is not None and not spent.first:
            took, foreseen = self._took.get(block.point, (0.0, 0.0))
            self._took[block.point] = took + spent.seconds, foreseen + usual
        self._spent += self._seconds(block)
        del self._left[block.index]

    @property
    def share(self) -> float:
        """The share of the work that is done, from 0 to 1."""
        left = sum(map(self._seconds, self._left.values()))
        return self._spent / (self._spent + left) if left else 1.0

    def left(self, workers: int) -> float:
        """Seconds until so many workers have done what is left."""
        return (0.0 if self._took else STARTING) + makespan(map(self._seconds, self._left.values()), max(1, workers))

    def _seconds(self, block: Block) -> float:
        """What a block takes: as those of its point, and one more that goes as all points do."""
        usual = self._usual[block.index]
        took, foreseen = (sum(pair[k] for pair in self._took.values()) for k in (0, 1))
        whole = took / foreseen if foreseen else 1.0
        own, expected = self._took.get(block.point, (0.0, 0.0))
        return usual * (own + whole * usual) / (expected + usual)
