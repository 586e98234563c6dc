"""Matplotlib, where a figure or a PDF needs it."""

import logging
import os
import sys
from types import ModuleType

from ..common.errors import MissingExtraError


def load_matplotlib(missing: str) -> ModuleType:
    """Matplotlib; where no folder can be written to for its list of fonts, one line tells that this is slow.

    Args:
        missing: what to say when it is not installed.

    Raises:
        MissingExtraError: it is not installed.
    """
    given = os.environ.get("MPLCONFIGDIR")
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError:
        raise MissingExtraError(missing) from None
    finally:
        log.setLevel(level)
    # A temporary folder is what it sets then.
    if os.environ.get("MPLCONFIGDIR") != given:
        sys.stderr.write(
            "everyhow: Matplotlib has no folder that can be written to, so each start lists the fonts anew, for some "
            "seconds; set MPLCONFIGDIR to such a folder\n"
        )
    return matplotlib
