"""Progress of a sweep on stderr: networks done of all, and the time left."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..common.progress import Progress, about, doing, is_moving
from .plan import Plan

SECONDS_BETWEEN_LINES = 30


@dataclass(frozen=True)
class Step:
    """How far a run is.

    Attributes:
        networks: explained or told why not, those of earlier runs included.
        of: the networks of the plan.
        work: the share of the work of this run that is done, by the estimate of its cost; from 0 to 1.
    """

    networks: int
    of: int
    work: float


@contextlib.contextmanager
def watching(plan: Plan, shown: bool) -> Iterator[Callable[[Step], None]]:
    """What to call after each step: a moving bar in a terminal, a line now and then in a log, or nothing."""
    if not shown:
        yield lambda step: None
        return
    started = time.perf_counter()
    if not is_moving():
        last = [started - SECONDS_BETWEEN_LINES]

        def line(step: Step) -> None:
            now = time.perf_counter()
            if now - last[0] >= SECONDS_BETWEEN_LINES or step.networks == step.of:
                last[0] = now
                sys.stderr.write(f"{plan.name}: {step.networks:,} of {step.of:,} networks{_left(step, started)}\n")

        yield line
        return
    with Progress(True).throughout(), doing(plan.name) as work:

        def move(step: Step) -> None:
            if work is not None:
                # In thousandths of the work, which the networks are not equal parts of.
                work.label, work.whole = f"{plan.name}, {step.networks:,} of {step.of:,} networks", 1000
                work.advance(round(1000 * step.work) - work.done)

        yield move


def _left(step: Step, started: float) -> str:
    """The time left, by the share of the work that is done; nothing before any is."""
    if not 0 < step.work < 1:
        return ""
    elapsed = time.perf_counter() - started
    return f", {about(elapsed / step.work - elapsed)} left"
