"""What a person who waits sees while kernels compile: a line, once, and a bar from the first second on.

Only what a process compiles itself is shown, and only where standard error is a terminal. The bar is there while a
kernel compiles, and gone before anything else can be printed.
"""

import contextlib
import multiprocessing
import sys
import threading

from ..common.progress import Work, say_beside, working

# Kernels that a first audit compiles, without those of interpretations, which another process compiles meanwhile, and a
# first count of circuits; the bar goes by it.
OF_AN_AUDIT, OF_A_COUNT = 35, 25
LINE = "everyhow: compiling the kernels; this happens once, and takes about a quarter of a minute"
MEANWHILE = "kernels are being compiled, which happens once"


class Announcer:
    """Shows how far kernels are compiled."""

    def __init__(self) -> None:
        self.compiled = 0
        self.total = OF_AN_AUDIT
        self._depth, self._said = 0, False
        self._work: Work | None = None
        self._shown = contextlib.ExitStack()
        self._lock = threading.RLock()

    @property
    def is_shown(self) -> bool:
        """Whether the bar is there."""
        return self._work is not None

    def expect(self, total: int = OF_AN_AUDIT) -> None:
        """Show the bar from now on: so many kernels are about to be compiled, and nothing is printed before."""
        with self._lock:
            self.total = total
            self._show()

    def tell(self) -> None:
        """Say that kernels are about to be compiled elsewhere, by other processes."""
        if _is_watched():
            sys.stderr.write(f"{LINE}\n")

    def hide(self) -> None:
        """Take the bar away, if it is there: something is to be printed."""
        with self._lock:
            self._work = None
            self._shown.close()

    def begin(self) -> None:
        """A kernel begins to compile; one that it calls may begin before it is done."""
        with self._lock:
            self._depth += 1
            self._show()
            if not self.is_shown:
                # Where there is no terminal, what is begun meanwhile is told by lines of its own, if progress is shown.
                say_beside(MEANWHILE)

    def end(self) -> None:
        """A kernel is compiled, or could not be; after the outermost one the bar is taken away."""
        with self._lock:
            self._depth = max(0, self._depth - 1)
            self.compiled += 1
            if self._work is not None:
                self._work.advance(1 if self.compiled < self.total else 0)
            if not self._depth:
                self.hide()
                say_beside("")

    def _show(self) -> None:
        if self.is_shown or not _is_watched():
            return
        if not self._said:
            self._said = True
            sys.stderr.write(f"{LINE}\n")
        # It is not full before the command ends.
        self._work = self._shown.enter_context(
            working(Work("compiling", self.total, min(self.compiled, self.total - 1)))
        )


def _is_watched() -> bool:
    """Whether somebody looks: at a terminal, and of several processes at this one."""
    if multiprocessing.parent_process() is not None:
        return False
    with contextlib.suppress(Exception):
        return sys.stderr.isatty()
    return False


ANNOUNCER = Announcer()
