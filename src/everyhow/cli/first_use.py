"""The first use after installation: half of what an audit compiles is compiled by a process beside it.

An audit comes to interpretations last, and their kernels take as long to compile as those of circuits. So this program
compiles them, by counting the interpretations of one circuit, while the audit counts circuits.
"""

import os
import sys

import numpy as np

from ..model.reading import ReadingRule
from ..network.network import xornet

KERNELS = "everyhow.kernels.reading_tables"


def compile_beside() -> None:
    """Begin to compile the kernels of interpretations in another process, where there are two cores; this process waits
    for them when it comes to them, and compiles them itself where the other could not."""
    if cores() > 1 and sys.executable and not getattr(sys, "frozen", False):
        from ..kernels.compiling import BESIDE

        # With -P the folder at hand is not searched for modules, as it is not for the command.
        BESIDE.begin([sys.executable, "-P", "-m", __name__], KERNELS)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main() -> None:
    """Compile them, and keep what is compiled."""
    network = xornet()
    list(network.interpretation_counts([np.zeros((1, 1), np.uint64)], network.corners, ReadingRule()))


if __name__ == "__main__":
    main()
