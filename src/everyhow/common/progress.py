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

    def shares(self, items: Iterable[tuple[int, Item]], whole: int | None, done: int, label: str) -> Iterator:
        """The items, each with its size, by a bar that shows the share of the whole that is done."""
        if not self.shown:
            yield from items
            return
        from tqdm.auto import tqdm

        pause = 0.2 if sys.stderr.isatty() else 30
        with tqdm(
            total=whole, initial=done, desc=label, file=sys.stderr, leave=False, mininterval=pause, delay=1,
            bar_format=None if whole is None else "{desc}: {percentage:.1f}%|{bar}| {elapsed}, {remaining} left",
        ) as bar:  # fmt: skip
            for size, item in items:
                yield size, item
                bar.update(size)
