"""While the command line loads there is nothing to keep: Ctrl-C ends it at once, without a word, and what is left over
is seldom looked for."""

import gc
import signal
import sys
import threading
from pathlib import Path


def _is_command_line() -> bool:
    called = sys.argv[0] if sys.argv else ""
    return Path(called).stem == "everyhow" or (called == "-m" and "everyhow" in sys.orig_argv)


# Python looks for circles of values that nobody uses any more after every few hundred new ones. While libraries load
# there are none, and looking took a tenth of the time; 50,000 values are some megabytes.
SELDOM = 50_000

if _is_command_line():
    gc.set_threshold(SELDOM, *gc.get_threshold()[1:])

if (
    _is_command_line()
    and threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
