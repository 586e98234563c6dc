"""Progress of a sweep on stderr: networks done of all, and the time left."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
    if not sys.stderr.isatty():
        last = [started - SECONDS_BETWEEN_LINES]

        def line(step: Step) -> None:
            now = time.perf_counter()
            if now - last[0] >= SECONDS_BETWEEN_LINES or step.networks == step.of:
                last[0] = now
                sys.stderr.write(f"{plan.name}: {step.networks:,} of {step.of:,} networks{_left(step, started)}\n")

        yield line
        return
    from tqdm.auto import tqdm

    with tqdm(
        total=plan.networks, desc=plan.name, unit="network", file=sys.stderr, leave=False,
        bar_format="{desc}: {n_fmt} of {total_fmt} networks |{bar}| {elapsed}{postfix}",
    ) as bar:  # fmt: skip

        def move(step: Step) -> None:
            bar.n = step.networks
            bar.set_postfix_str(_left(step, started).removeprefix(", "))

        yield move


def _left(step: Step, started: float) -> str:
    """The time left, by the share of the work that is done; nothing before any is."""
    if not 0 < step.work < 1:
        return ""
    elapsed = time.perf_counter() - started
    return f", about {duration(elapsed / step.work - elapsed)} left"


def duration(seconds: float) -> str:
    """A length of time in one or two units.

    Example:
        >>> duration(42), duration(125), duration(7300)
        ('42 s', '2 min', '2 h 2 min')
    """
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
