"""A bar below a notebook's cell: one display for each run of a cell, which moves, and ends as one line of words.

It needs what every kernel has, IPython, and no widgets. A saved notebook keeps the last line alone.
"""

import sys
from collections import defaultdict
from contextvars import Context, copy_context
from html import escape
from uuid import uuid4


class CellBar:
    """What is shown below the cell that runs. All that one run of a cell shows of its work is in one place, so that a
    loop of many audits leaves one line."""

    def __init__(self) -> None:
        self._cell: str | None = None
        self._display: str | None = None
        self._seconds: dict[str, float] = defaultdict(float)
        self._is_shown = False
        self._context: Context = copy_context()

    def begin(self) -> None:
        """Work begins, in the cell that runs now. Whatever thread shows it, it is shown below this cell."""
        self._context, self._is_shown = copy_context(), False
        cell = cell_that_runs()
        if cell != self._cell:
            self._cell, self._display = cell, None
            self._seconds.clear()

    def show(self, words: str, share: float | None) -> None:
        """Show the bar.

        Args:
            words: what is being done, beside the bar; a screen reader says them.
            share: how much of it is done, from 0 to 1; None where that is not known.
        """
        self._is_shown = True
        value = "" if share is None else f'value="{share:.3f}" '
        style = "width:14em;vertical-align:middle"
        self._write(words, f'<progress {value}max="1" aria-hidden="true" style="{style}"></progress> {escape(words)}')

    def end(self, label: str, seconds: float) -> float | None:
        """So many seconds of work are over: how many it took in this cell, together with earlier work of this name.
        None where the bar was not shown, so that nothing is to be said."""
        self._seconds[label] += seconds
        return self._seconds[label] if self._is_shown else None

    def leave(self, words: str) -> None:
        """Put a line where the bar was."""
        self._is_shown = False
        self._write(words, escape(words))

    def _write(self, words: str, html: str) -> None:
        from IPython.display import display, update_display

        forms = {"text/plain": words, "text/html": f'<div style="font-size:90%;opacity:.85">{html}</div>'}
        if self._display is None:
            self._display = f"everyhow-{uuid4().hex}"
            self._context.run(display, forms, raw=True, display_id=self._display)
        else:
            self._context.run(update_display, forms, raw=True, display_id=self._display)


def cell_that_runs() -> str | None:
    """What the kernel calls the cell that runs; None outside of notebooks, and where standard error is caught."""
    if type(sys.stderr).__module__.partition(".")[0] != "ipykernel" or "IPython" not in sys.modules:
        return None
    shell = sys.modules["IPython"].get_ipython()
    try:
        return str(shell.get_parent()["header"]["msg_id"])
    except (AttributeError, KeyError, TypeError):
        return None
