"""Progress of a sweep on stderr: networks done of all, and the time left."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..common.progress import Progress, about, is_moving
from .plan import Plan

SECONDS_BETWEEN_LINES = 30


@dataclass(frozen=True)
class Step:
    """How far a run is.

    Attributes:
        networks: explained or told why not, those of earlier runs included.
        of: the networks of the plan.
        work: the share of the work of this run that is done, by the estimate of its cost; from 0 to 1.
        left: seconds until the run is done, by the same estimate.
    """

    networks: int
    of: int
    work: float
    left: float


@contextlib.contextmanager
def watching(plan: Plan, shown: bool) -> Iterator[Callable[[Step], None]]:
    """What to call after each step: a moving bar in a terminal, a line now and then in a log, or nothing."""
    if not shown:
        yield lambda step: None
        return
    if not is_moving():
        last = [time.perf_counter() - SECONDS_BETWEEN_LINES]

        def line(step: Step) -> None:
            now = time.perf_counter()
            if now - last[0] >= SECONDS_BETWEEN_LINES or step.networks == step.of:
                last[0] = now
                sys.stderr.write(f"{plan.name}: {step.networks:,} of {step.of:,} networks{_left(step)}\n")

        yield line
        return
    with Progress(True).doing(plan.name) as work:

        def move(step: Step) -> None:
            if work is not None:
                # In thousandths of the work, which the networks are not equal parts of.
                work.label, work.whole = f"{plan.name}, {step.networks:,} of {step.of:,} networks", 1000
                work.advance(round(1000 * step.work) - work.done)
                work.foresee(step.left)

        yield move


def _left(step: Step) -> str:
    """The time left; nothing once all is done."""
    return f", {about(step.left)} left" if step.work < 1 else ""
