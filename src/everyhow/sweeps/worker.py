"""What a worker process of this machine does before its first block."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the process that runs the sweep, which stops its workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
