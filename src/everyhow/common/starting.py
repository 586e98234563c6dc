"""While the command line loads there is nothing to keep: Ctrl-C ends it at once, without a word."""

import signal
import sys
import threading
from pathlib import Path


def _is_command_line() -> bool:
    called = sys.argv[0] if sys.argv else ""
    return Path(called).stem == "everyhow" or (called == "-m" and "everyhow" in sys.orig_argv)


if (
    _is_command_line()
    and threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
