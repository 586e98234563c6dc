"""Forecasts of time: by what is usual, by networks that are tried out, and by blocks that are finished."""

import itertools

import pytest

from everyhow.sweeps import trying
from everyhow.sweeps.costs import PER_BLOCK, STARTING, Rates, block_seconds, common, forecast, makespan
from everyhow.sweeps.pace import Pace
from everyhow.sweeps.plan import plan_of
from everyhow.sweeps.trying import spread_out, try_out
from everyhow.sweeps.work import BlockResult, Spent

PLAN = plan_of({"seeds": 30, "grid": {"input_noise": [0.0, 0.1, 0.2], "widths": [[2, 2], [3, 3]]}})


def test_makespan_is_that_of_the_longest_first():
    """Never shorter than the longest block or than all divided by the workers, and as a plain simulation has it."""
    for durations in ([3.0, 2.0, 2.0], [5.0, 4.0, 3.0, 3.0, 3.0], [1.0], []):
        for workers in (1, 2, 3):
            ends = [0.0] * workers
            for one in sorted(durations, reverse=True):
                ends[ends.index(min(ends))] += one
            assert makespan(durations, workers) == max(ends)


def test_rates_of_points():
    """A point that was tried out has its own rates, its first stack what it took; the others what these share."""
    rates = {0: Rates(4.0, 4.0, 7.0)}
    shared = common(rates)
    assert (shared.training, shared.explaining, shared.first) == (2.0, 2.0, None) and common({}) == Rates()
    first, second, *_ = (block for block in PLAN.blocks() if block.point == 0)
    assert block_seconds(first, Rates(4.0, 0.0, 7.0)) == pytest.approx(7 + PER_BLOCK)
    usual = block_seconds(second, Rates(1.0, 0.0)) - PER_BLOCK
    assert block_seconds(second, Rates(4.0, 0.0, 7.0)) == pytest.approx(4 * usual + PER_BLOCK)
    told = forecast(PLAN, 2, rates)
    seconds = [block_seconds(block, rates.get(block.point, shared)) for block in PLAN.blocks()]
    assert told.seconds == pytest.approx(sum(seconds)) and told.tried == 1
    assert told.wall == pytest.approx(STARTING + makespan(seconds, 2))


def test_spread_out():
    """Every number once, the ends first, and the first few far from one another."""
    for number in range(12):
        assert sorted(spread_out(list(range(number)))) == list(range(number))
    order = spread_out(list(range(17)))
    assert order[:5] == [0, 16, 8, 4, 12]


@pytest.mark.parametrize("factor", [0.25, 1.0, 6.0])
def test_a_machine_of_another_speed(monkeypatch, factor):
    """Where every block takes so many times what is usual, the forecast comes near that, from few points."""
    asked = []

    def run_block(block):
        asked.append(block)
        usual = block_seconds(block) - PER_BLOCK
        explained = block_seconds(block, Rates(0.0, 1.0)) - PER_BLOCK
        return BlockResult((), {}, Spent((usual - explained) * factor, explained * factor, 0.0, False))

    monkeypatch.setattr(trying, "run_block", run_block)
    rates = try_out(PLAN, 100.0)
    assert set(rates) == set(range(6)) and len(asked) == 7, "one more that loads what others find there"
    assert all(block.replicates == (0, 1) and len(block.stack) == 10 for block in asked[1:])
    told, true = forecast(PLAN, 1, rates).seconds, factor * forecast(PLAN, 1).seconds
    assert 0.75 < told / true < 1.3
    assert try_out(PLAN, 0.0) == {}


def test_no_point_that_takes_too_long(monkeypatch):
    """What would take more than the time for trying is left out, and told by what is usual."""
    ticks = itertools.count()
    monkeypatch.setattr(trying.time, "perf_counter", lambda: float(next(ticks)))
    monkeypatch.setattr(trying, "run_block", lambda block: BlockResult((), {}, Spent(1.0, 0.1, 1.0, False)))
    slow = plan_of({"seeds": 1, "grid": {"widths": [[2], [3, 3, 3, 3]], "depth": [4]}})
    assert set(try_out(slow, 10.0)) == {0}
    assert len(try_out(PLAN, 3.5)) < 6, "and the time ends"


def test_pace_learns():
    """Finished blocks change what the others are said to take: their own point first, then all; the first of a process
    says nothing."""
    blocks = list(PLAN.blocks())
    pace = Pace(blocks)
    whole = pace.left(1)
    assert whole == pytest.approx(STARTING + sum(map(block_seconds, blocks))) and pace.share == 0
    pace.finished(blocks[0], Spent(50.0, 50.0, 100.0, True))
    assert pace.left(1) == pytest.approx(whole - block_seconds(blocks[0]))
    for block in blocks[1:3]:
        pace.finished(block, Spent(0.0, 0.0, 3 * block_seconds(block), False))
    rest = sum(map(block_seconds, blocks[3:]))
    assert pace.left(1) == pytest.approx(3 * rest) and pace.left(2) < pace.left(1)
    for block in blocks[3:]:
        pace.finished(block, None)
    assert pace.left(4) == 0 and pace.share == 1
