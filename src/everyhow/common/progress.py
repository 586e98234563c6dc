"""Progress: what is being done, how far it is, and how long it takes yet.

A notebook shows a bar below the cell (`cell_bar`). Elsewhere it is a line of plain text on stderr: a terminal sees it
move, a pipe or a log file gets a line now and then.
"""

import contextlib
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .cell_bar import CellBar, cell_that_runs

Item = TypeVar("Item")
# Seconds before the first line; between two of a terminal or a notebook; between two of a pipe or a log.
DELAY, PAUSE, LONG_PAUSE = 1.0, 0.3, 30.0
# The time left is told by the pace of so many seconds as much as by that of the whole; not before so many are over.
RECENT, EARLY = 15.0, 2.0
BAR = 20


def drawn(share: float) -> str:
    """A share as a bar of signs, as a terminal shows it."""
    return f" [{('#' * round(share * BAR)).ljust(BAR, '.')}] "


@dataclass(frozen=True)
class Progress:
    """Shows a bar in a notebook, or a line on stderr, when `shown`; with shown=False it does nothing."""

    shown: bool = False

    @contextlib.contextmanager
    def throughout(self) -> Iterator[None]:
        """While this lasts `doing` and `tracked` show what they are told, wherever they are called."""
        token = _SHOWN.set(self.shown or _SHOWN.get())
        try:
            yield
        finally:
            _SHOWN.reset(token)

    @contextlib.contextmanager
    def doing(self, label: str) -> Iterator["Work | None"]:
        """While this lasts progress is shown, if it is, at least what is being done."""
        with self.throughout(), doing(label) as work:
            yield work

    def track(self, items: Iterable[Item], total: int | None, label: str) -> Iterator[Item]:
        """The items, counted by a bar that vanishes when it is full."""
        yield from self.shares(((1, item) for item in items), total, 0, label, alone=True)

    def shares(
        self, items: Iterable[tuple[int, Item]], whole: int | None, done: int, label: str, alone: bool = False
    ) -> Iterator[Any]:
        """The items, each with its size, by a bar that shows the share of the whole that is done.

        Args:
            items: the size of each, and the item.
            whole: the size of all; None where that is not known.
            done: how much was done before.
            label: what is being done.
            alone: give the items without their sizes.
        """
        if not (self.shown or _SHOWN.get()):
            yield from (item for _, item in items) if alone else items
            return
        with _LINE.working(Work(label, whole, done)) as work:
            for size, item in items:
                yield item if alone else (size, item)
                work.advance(size)


@dataclass
class Work:
    """Something that is being done.

    Attributes:
        label: what.
        whole: how much there is to do; None where that is not known.
        done: how much is done.
    """

    label: str
    whole: int | None = None
    done: int = 0
    _began: float = field(default_factory=lambda: time.monotonic())
    _marks: deque[tuple[float, int]] = field(default_factory=deque)
    _end: float | None = None
    _thread: int = field(default_factory=threading.get_ident)

    def __post_init__(self) -> None:
        self._marks.append((self._began, self.done))

    def advance(self, size: int) -> None:
        """So much more is done."""
        self.done += size
        now = time.monotonic()
        # A mark a second is enough; the first stays, the others are forgotten after a while.
        if now - self._marks[-1][0] >= 1 or len(self._marks) == 1:
            self._marks.append((now, self.done))
            while len(self._marks) > 2 and now - self._marks[1][0] > RECENT:
                del self._marks[1]

    def is_among(self, works: list["Work"]) -> bool:
        """Whether it is one of them, and not only like one of them."""
        return any(one is self for one in works)

    def without_later(self, works: list["Work"]) -> list["Work"]:
        """The works without this one, and without what the same thread began later: where an error left a loop over
        tracked items, nobody else says that they are over."""
        where = next(k for k, one in enumerate(works) if one is self)
        return [one for k, one in enumerate(works) if k < where or one._thread != self._thread]

    def foresee(self, seconds: float) -> None:
        """It takes so long yet, says whoever knows better than the pace does."""
        self._end = time.monotonic() + seconds

    def seconds_left(self) -> float | None:
        """How long it takes yet; None while that cannot be told.

        As it was foreseen, or by the mean of two paces: that of all that was done here, and that of the last seconds.
        """
        if self._end is not None:
            return max(0.0, self._end - time.monotonic())
        now, (began, first) = time.monotonic(), self._marks[0]
        if not self.whole or self.done <= first or now - began < EARLY:
            return None
        left = max(0, self.whole - self.done)
        overall = left * (now - began) / (self.done - first)
        then, before = self._marks[1] if len(self._marks) > 1 else self._marks[0]
        recent = left * (now - then) / (self.done - before) if self.done > before and now > then else overall
        return (overall + recent) / 2

    @property
    def share(self) -> float | None:
        """How much of it is done, from 0 to 1; None where that is not known."""
        return min(1.0, self.done / self.whole) if self.whole else None

    def told(self, between: Callable[[float], str] = drawn) -> str:
        """One line of it.

        Args:
            between: what stands between the share that is done and the time, given the share.

        Example:
            >>> Work("circuits").told()
            'circuits: 1 s'
            >>> Work("circuits", 8, 4).told(), Work("circuits", 8, 4).told(lambda share: ", ")
            ('circuits: 50.0 % [##########..........] 1 s', 'circuits: 50.0 %, 1 s')
        """
        elapsed = duration(time.monotonic() - self._began)
        if self.share is None:
            return f"{self.label}: {f'{self.done:,} done, ' if self.done else ''}{elapsed}"
        left = self.seconds_left()
        share = f"{100 * self.share:.1f} %{between(self.share)}"
        return f"{self.label}: {share}{elapsed}{'' if left is None else f', {about(left)} left'}"


class Line:
    """The one bar of a notebook's cell, or line on stderr: it shows what was begun last and is not done."""

    def __init__(self) -> None:
        self._works: list[Work] = []
        self._lock = threading.Lock()
        self._moves = False
        self._woken = threading.Event()
        self._began = 0.0
        self._written = 0
        self._last = 0.0
        self._bar: CellBar | None = None
        self._bar_of_cells = CellBar()
        self.beside = ""

    @contextlib.contextmanager
    def working(self, work: Work) -> Iterator[Work]:
        """While this lasts the line shows the work, from a second after the first of several began."""
        with self._lock:
            self._works.append(work)
            if len(self._works) == 1:
                self._began = self._last = time.monotonic()
                self._bar = self._bar_of_cells if cell_that_runs() else None
                if self._bar is not None:
                    self._bar.begin()
                self._woken.set()
            if not self._moves:
                self._moves = True
                threading.Thread(target=self._move, daemon=True).start()
        # While it is done a label also says how far it is.
        label, how = work.label, "stopped after"
        try:
            yield work
            how = "done in"
        except GeneratorExit:  # of a loop over tracked items, which was left before all were taken
            how = "done in"
            raise
        finally:
            with self._lock:
                if work.is_among(self._works):
                    self._works = work.without_later(self._works)
                    if not self._works:
                        self._end(label, how)

    def _move(self) -> None:
        """Write the line anew, as long as there is work. A kernel does not keep this thread from it."""
        while True:
            self._woken.wait(PAUSE)
            self._woken.clear()
            with self._lock:
                if not self._works:
                    self._moves = False
                    return
                now, moves = time.monotonic(), is_moving()
                if now - self._last >= (PAUSE if moves else LONG_PAUSE) * 0.9 and now - self._began >= DELAY:
                    self._last = now
                    self._show(self._works[-1], moves)

    def _show(self, work: Work, moves: bool) -> None:
        beside = f"; {self.beside}" if self.beside else ""
        if self._bar is None:
            self._write(work.told() + beside, moves)
        else:
            self._bar.show(work.told(lambda share: ", ") + beside, work.share)

    def _end(self, label: str, how: str) -> None:
        """All work is over: the line on stderr goes away, and the bar of a cell becomes a line of words."""
        self._wipe()
        if self._bar is not None:
            seconds = self._bar.end(label, time.monotonic() - self._began)
            if seconds is not None:
                self._bar.leave(f"{label}: {how} {duration(seconds)}")

    def _write(self, text: str, moves: bool) -> None:
        if moves:
            text = text[: shutil.get_terminal_size().columns - 1]
            text, self._written = f"\r{text.ljust(self._written)}", len(text)
        else:
            text += "\n"
        with contextlib.suppress(OSError, ValueError):  # a stream that is closed
            sys.stderr.write(text)
            sys.stderr.flush()

    def _wipe(self) -> None:
        if self._written:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"\r{' ' * self._written}\r")
                sys.stderr.flush()
            self._written = 0


_SHOWN: ContextVar[bool] = ContextVar("shown", default=False)
_LINE = Line()


def say_beside(words: str) -> None:
    """End every line of progress with some words from now on, such as what holds the work up; with none for ""."""
    _LINE.beside = words


def is_moving() -> bool:
    """Whether stderr is seen by a person: in a terminal or a notebook."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.partition(".")[0] == "ipykernel"


def working(work: Work) -> contextlib.AbstractContextManager[Work]:
    """While this lasts the work is shown, whether or not other progress is."""
    return _LINE.working(work)


@contextlib.contextmanager
def doing(label: str) -> Iterator[Work | None]:
    """While this lasts it is shown, if progress is: something of which nobody knows how long it takes."""
    if not _SHOWN.get():
        yield None
        return
    with _LINE.working(Work(label)) as work:
        yield work


@contextlib.contextmanager
def showing(label: str) -> Iterator[None]:
    """While this lasts progress is shown, at least what is being done; nothing may be printed meanwhile."""
    with Progress(True).doing(label):
        yield


def tracked(items: Iterable[Item], total: int | None, label: str) -> Iterator[Item]:
    """The items, counted by a bar if progress is shown."""
    return Progress().track(items, total, label)


def about(seconds: float) -> str:
    """A length of time, rounded as estimates are.

    Example:
        >>> about(4.2), about(47), about(133)
        ('about 4 s', 'about 50 s', 'about 2 min')
    """
    steps = ((10, 1), (100, 10), (600, 60), (6000, 300))
    step = next((step for most, step in steps if seconds < most), 3600)
    return f"about {duration(max(step, round(seconds / step) * step))}"


def duration(seconds: float) -> str:
    """A length of time in one or two units.

    Example:
        >>> duration(42), duration(125), duration(7300)
        ('42 s', '2 min', '2 h 2 min')
    """
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
