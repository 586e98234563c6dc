"""Progress on stderr: what is being done, and how much of it is left where that is known."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Progress:
    """Shows bars on stderr when `shown`; with shown=False it does nothing."""

    shown: bool = False

    def track(self, items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
        """The items, counted by a bar that vanishes when it is full."""
        if not self.shown:
            yield from items
            return
        from tqdm.auto import tqdm

        # A pipe or a log file gets a line now and then, a terminal a moving bar.
        pause = 0.2 if sys.stderr.isatty() else 30
        yield from tqdm(items, total=total, desc=label, file=sys.stderr, leave=False, mininterval=pause, delay=1)
