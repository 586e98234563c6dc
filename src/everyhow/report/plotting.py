"""Matplotlib, where a figure or a PDF needs it."""

import logging
import os
import sys
from typing import Any

from ..common.extras import load


def load_matplotlib(what: str, otherwise: str = "") -> Any:
    """Matplotlib; where no folder can be written to for its list of fonts, one line tells that this is slow.

    Args:
        what: what needs it, with the verb.
        otherwise: what can be done without it.

    Raises:
        MissingExtraError: it is not installed.
    """
    given = os.environ.get("MPLCONFIGDIR")
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        matplotlib = load("matplotlib", what, "plot", otherwise)
        load("matplotlib.figure", what, "plot", otherwise)
    finally:
        log.setLevel(level)
    # A temporary folder is what it sets then.
    if os.environ.get("MPLCONFIGDIR") != given:
        sys.stderr.write(
            "everyhow: Matplotlib has no folder that can be written to, so each start lists the fonts anew, for some "
            "seconds; set MPLCONFIGDIR to such a folder\n"
        )
    return matplotlib
