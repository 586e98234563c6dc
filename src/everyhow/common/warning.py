"""Warnings that name the caller's line: the one place that gives them."""

import os
import sys
import warnings
from pathlib import Path

from .errors import EveryhowWarning

PACKAGE = str(Path(__file__).parents[1]) + os.sep


def warn(said: str, category: type[EveryhowWarning] = EveryhowWarning) -> None:
    """Warn whoever called the package: the file and the line are those of the innermost caller outside of it, however
    many functions of the package are in between.

    Args:
        said: what is to be known.
        category: the kind of warning, by which people filter.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(said, category, stacklevel=level)
