"""What a printer of the terminal prints, as a text of a given width, so that tests can read it."""

import io

from rich.console import Console


def printed(printer, *arguments, width=80):
    """The text of `printer(*arguments, console)`."""
    file = io.StringIO()
    printer(*arguments, Console(file=file, width=width, highlight=False))
    return file.getvalue()
