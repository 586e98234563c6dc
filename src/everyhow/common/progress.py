"""Progress on stderr: one line that says what is being done, how far it is, and how long it takes yet.

The line is plain text. A terminal and a notebook see it move, a pipe or a log file gets a line now and then.
"""

import contextlib
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

Item = TypeVar("Item")
# Seconds before the first line; between two of a terminal or a notebook; between two of a pipe or a log.
DELAY, PAUSE, LONG_PAUSE = 1.0, 0.3, 30.0
# The time left is told by the pace of so many seconds as much as by that of the whole; not before so many are over.
RECENT, EARLY = 15.0, 2.0
BAR = 20


@dataclass(frozen=True)
class Progress:
    """Shows a line on stderr when `shown`; with shown=False it does nothing."""

    shown: bool = False

    @contextlib.contextmanager
    def throughout(self) -> Iterator[None]:
        """While this lasts `doing` and `tracked` show what they are told, wherever they are called."""
        token = _SHOWN.set(self.shown or _SHOWN.get())
        try:
            yield
        finally:
            _SHOWN.reset(token)

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

    def told(self) -> str:
        """One line of it.

        Example:
            >>> Work("circuits").told()
            'circuits: 1 s'
        """
        elapsed = duration(time.monotonic() - self._began)
        if not self.whole:
            return f"{self.label}: {f'{self.done:,} done, ' if self.done else ''}{elapsed}"
        share = min(1.0, self.done / self.whole)
        bar = ("#" * round(share * BAR)).ljust(BAR, ".")
        left = self.seconds_left()
        return f"{self.label}: {100 * share:.1f} % [{bar}] {elapsed}{'' if left is None else f', {about(left)} left'}"


class Line:
    """The one line on stderr: it shows what was begun last and is not done."""

    def __init__(self) -> None:
        self._works: list[Work] = []
        self._lock = threading.Lock()
        self._moves = False
        self._woken = threading.Event()
        self._began = 0.0
        self._written = 0
        self._last = 0.0
        self.beside = ""

    @contextlib.contextmanager
    def working(self, work: Work) -> Iterator[Work]:
        """While this lasts the line shows the work, from a second after the first of several began."""
        with self._lock:
            self._works.append(work)
            if len(self._works) == 1:
                self._began = self._last = time.monotonic()
                self._woken.set()
            if not self._moves:
                self._moves = True
                threading.Thread(target=self._move, daemon=True).start()
        try:
            yield work
        finally:
            with self._lock:
                self._works.remove(work)
                if not self._works:
                    self._wipe()

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
                    self._write(self._works[-1].told() + (f"; {self.beside}" if self.beside else ""), moves)

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
    with Progress(True).throughout(), doing(label):
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
