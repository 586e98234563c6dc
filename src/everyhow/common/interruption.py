"""Ctrl-C, a closed terminal, a request to end: the command line leaves within two seconds, whatever it is doing.

Python hears a signal between two of its own steps, so a kernel or a library can keep it waiting for minutes. Another
thread hears it too, and ends the process where the main thread has not done so in time. Nothing is left half written:
files take their place only once they are whole.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .files import remove_unfinished

SECONDS_TO_LEAVE = 1.2
# Those that a system lacks are left out, and so is one that is ignored, as nohup and a shell's background ask.
REQUESTS = {
    number: name for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
}


@contextlib.contextmanager
def leaving_when_asked() -> Iterator[list[int]]:
    """While this lasts a request to end ends the process, with 128 and the number of the signal: 130 after Ctrl-C.

    The main thread gets a KeyboardInterrupt, and with it the chance to stop processes and delete what is temporary.
    Whatever it does then, or does not do, the process ends.

    Yields:
        the signal that asked, once one has.
    """
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def stop(number: int, frame: FrameType | None) -> None:
        # A terminal and a shell may both tell: once is enough.
        if not asked:
            asked.append(number)
            # Where it is raised within a callback it is not raised on, only told.
            sys.unraisablehook = threading.excepthook = _say_nothing
            raise KeyboardInterrupt

    heard = [number for number in REQUESTS if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)]
    hearing, telling = socket.socketpair()
    telling.setblocking(False)
    before: dict[int, Any] = {number: signal.signal(number, stop) for number in heard}
    descriptor = signal.set_wakeup_fd(telling.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=(hearing, heard), daemon=True).start()
    try:
        yield asked
    except BaseException:
        # What a library makes of the interruption does not matter.
        if not asked:
            raise
    finally:
        if asked:
            _leave(asked[0])
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        telling.close()


def _say_nothing(_: object) -> None:
    pass


def _end_in_time(hearing: socket.socket, heard: list[int]) -> None:
    with hearing:
        while told := hearing.recv(1):
            if told[0] in heard:
                time.sleep(SECONDS_TO_LEAVE)
                _leave(told[0])


def _leave(number: int) -> None:
    """End without waiting for threads, some of which may be in a kernel for long."""
    remove_unfinished()
    name = REQUESTS[number]
    with contextlib.suppress(OSError, ValueError):  # a terminal that is closed
        sys.stderr.write(f"everyhow: {'interrupted' if name == 'SIGINT' else f'ended by {name}'}\n")
        sys.stderr.flush()
    os._exit(128 + number)


@contextlib.contextmanager
def without_interruption() -> Iterator[None]:
    """While this lasts the thread does not hear Ctrl-C, and processes that it starts never will."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
