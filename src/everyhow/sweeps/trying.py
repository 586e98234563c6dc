"""Trying a plan out: the first networks of some of its points, for a forecast that knows this machine and this plan."""

import time
from dataclasses import replace

from ..common.progress import Progress
from .costs import Rates, block_seconds, common, explaining_seconds, training_seconds
from .plan import Block, Plan
from .settings import Setting
from .work import Spent, run_block

# Networks that are explained of a point; factors are between these ends, since single networks say little.
EXPLAINED = 2
LEAST, MOST = 0.05, 50.0
# Options of training a small model of each kind.
SMALL = {"network": {"widths": (2,)}, "transformer": {"heads": 1}}


def try_out(plan: Plan, seconds: float, progress: bool = False) -> dict[int, Rates]:
    """How long the networks of some points take beside what is usual, by the numbers of the points.

    Of each point the first stack is trained, and two of its networks are explained; nothing is kept. Points come in an
    order that spreads over the plan. A point is left out when it would take more than the time that is left.

    Args:
        plan: the plan.
        seconds: after which no other point is begun; the last one may take longer than was expected.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        MissingExtraError: PyTorch is not installed.
    """
    blocks = {block.point: block for block in reversed(list(plan.blocks()))}
    found: dict[int, Rates] = {}
    if seconds <= 0:
        return found
    _warm(plan)
    began = time.perf_counter()
    for point in Progress(progress).track(spread_out(sorted(blocks)), len(blocks), "trying the plan out"):
        block = replace(blocks[point], replicates=blocks[point].replicates[:EXPLAINED])
        left = seconds - (time.perf_counter() - began)
        if left <= 0 or (found and block_seconds(block, common(found)) > left) or block_seconds(block) > 2 * seconds:
            continue
        spent = run_block(block).spent
        assert spent is not None
        found[point] = _rates(block, spent)
    shared = common(found)
    # What few networks say of their point is taken by half: the other half is what all points have in common.
    return {
        point: Rates((one.training * shared.training) ** 0.5, (one.explaining * shared.explaining) ** 0.5, one.first)
        for point, one in found.items()
    }


def _rates(block: Block, spent: Spent) -> Rates:
    usual = training_seconds(block)
    training = spent.training / usual if usual else 1.0
    explaining = spent.explaining / explaining_seconds(block)
    return Rates(_bounded(training), _bounded(explaining), spent.training)


def _bounded(factor: float) -> float:
    return min(MOST, max(LEAST, factor))


def spread_out(points: list[int]) -> list[int]:
    """Numbers in an order that spreads over their range: the ends, the middle, then the middles between.

    Example:
        >>> spread_out([0, 1, 2, 3, 4])
        [0, 4, 2, 1, 3]
    """
    if not points:
        return []
    order = [0, len(points) - 1]
    gaps = [(0, len(points) - 1)]
    while gaps:
        low, high = gaps.pop(0)
        middle = (low + high) // 2
        if high - low > 1:
            order.append(middle)
            gaps += [(low, middle), (middle, high)]
    return [points[k] for k in dict.fromkeys(order)]


def _warm(plan: Plan) -> None:
    """Load what the first model of a process loads, which others of its kind find there."""
    for kind in {point.kind.name: point.kind for point in plan.points}.values():
        training = kind.training(**SMALL[kind.name])
        setting = Setting(task="AND", origin="untrained", keep="all", block=1, training=training)
        run_block(Block(0, 0, setting, (0,), (0,), plan.presets, 10**6, 100))
