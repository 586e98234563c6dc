"""How a command ends that cannot go on: its exit code, and what is said beside the error."""

import sys

from ..common.errors import InputError, visible
from .standard_input import without_paths

# The exit codes: the user can mend what is wrong; the budget did not allow a count.
WRONG_INPUT, OVER_BUDGET = 1, 3
# The files that a command has read so far: an error that comes later may be about one of them, or about two together.
FILES_READ: dict[str, str] = {}


def with_files(error: InputError) -> str:
    """What an error says, with those files read so far that the error does not name."""
    others = [f"{what}: {visible(path)}" for what, path in FILES_READ.items() if visible(path) not in str(error)]
    return without_paths(f"{error} ({'; '.join(others)})" if others else str(error))


def hide_compilation() -> None:
    """Take the bar of what compiles away before something else is printed, such as an error."""
    # Where this was never loaded, nothing is shown.
    if (announcing := sys.modules.get("everyhow.kernels.announcing")) is not None:
        announcing.ANNOUNCER.hide()
