"""The interchanges that the rungs ask for, made in a model: sets of neurons and codes in any mixture.

The mappings of an audit go through `mapping.interchange`, which knows sets of neurons only. Of a mapping what stands
here finds what `mapping.interchange` finds.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..common.progress import Progress
from ..common.shapes import Bool, Float, Int
from ..experiment.placed import in_rows
from ..mapping.placeable import Holding
from .dependence import reaching, read_at_the_output, still_read
from .placed import RUNS_AT_ONCE, PlacedHypothesis

SILENT = Progress()


@dataclass(frozen=True)
class Disagreed:
    """A run in which model and hypothesis disagree; variables and inputs by their numbers.

    Attributes:
        forced: each forced variable with the input that it takes its value from.
        base: the input of the run.
        predicted: what the hypothesis decides.
        left: by `transitive`, the variable that is held in the state in which the forced ones leave it, and the input
            at which it was left so; None when the forced variables themselves act at the base.
    """

    forced: tuple[tuple[int, int], ...]
    base: int
    predicted: bool
    left: tuple[int, int] | None = None


@dataclass(frozen=True)
class Unmoved:
    """A run in which what carries no variable changes a decision.

    Attributes:
        layer: whose state, but for what carries its variables, is taken from another input.
        kept: the names of what source and base agree on.
        source: the input that the rest of the layer is taken from.
        base: the input of the run.
    """

    layer: int
    kept: tuple[str, ...]
    source: int
    base: int


@dataclass(frozen=True)
class Loose:
    """A run in which a decision changes though everything that carries a variable is held as at the base; of models in
    which no stage holds all that goes by.

    Attributes:
        kept: the names of what source and base agree on.
        source: the input that everything else runs on.
        base: the input of which what carries variables is held.
    """

    kept: tuple[str, ...]
    source: int
    base: int


Fault = Disagreed | Unmoved | Loose


@dataclass(frozen=True)
class Tried:
    """What came of the runs that a rung asks for.

    Attributes:
        fault: the first run that goes against the hypothesis; None where there is none.
        ties: how many runs, of those made, leave the output on its decision boundary.
    """

    fault: Fault | None
    ties: int


def agreement(placed: PlacedHypothesis, sizes: Sequence[int], bar: Progress = SILENT) -> tuple[int, int]:
    """In how many interchanges of so many variables at once, each from a source of its own, at every base, model
    and hypothesis agree; and how many there are."""
    number = sum(math.comb(len(placed.names), size) * placed.count ** (size + 1) for size in sizes)
    made = bar.shares(_agreeing(placed, sizes), number, 0, "interchanges of several variables")
    return sum(agreeing for _, agreeing in made), number


def _agreeing(placed: PlacedHypothesis, sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """How many interchanges are made at once, and in how many of them model and hypothesis agree."""
    for forced in _choices(placed, sizes):
        for bases, sources, predicted in interchanges(placed, forced):
            decided, _ = placed.run(bases, forced, sources)
            yield len(decided), int((decided == predicted).sum())


def tried(placed: PlacedHypothesis, rung: str) -> Tried:
    """What comes of the runs of a rung: `joint`, `inert` or `transitive`; or `single`, one variable at a time."""
    inert = _kept if placed.model.residual else _inert
    tests = {"single": _single, "joint": _joint, "inert": inert, "transitive": _transitive}
    ties = 0
    for fault, number in tests[rung](placed):
        ties += number
        if fault is not None:
            return Tried(fault, ties)
    return Tried(None, ties)


def _choices(placed: PlacedHypothesis, sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for size in sizes:
        yield from itertools.combinations(range(len(placed.names)), size)


def _single(placed: PlacedHypothesis) -> Iterator[tuple[Disagreed | None, int]]:
    return _forcing(placed, [1])


def _joint(placed: PlacedHypothesis) -> Iterator[tuple[Disagreed | None, int]]:
    return _forcing(placed, range(1, len(placed.names) + 1))


def _forcing(placed: PlacedHypothesis, sizes: Sequence[int]) -> Iterator[tuple[Disagreed | None, int]]:
    for forced in _choices(placed, sizes):
        for bases, sources, predicted in interchanges(placed, forced):
            decided, ties = placed.run(bases, forced, sources)
            wrong = np.flatnonzero(decided != predicted)
            if len(wrong):
                k = int(wrong[0])
                taken = tuple(zip(forced, sources[k].tolist(), strict=True))
                yield Disagreed(taken, int(bases[k]), bool(predicted[k])), ties
            yield None, ties


def interchanges(
    placed: PlacedHypothesis, forced: tuple[int, ...]
) -> Iterator[tuple[Int[np.ndarray, " runs"], Int[np.ndarray, "runs forced"], Bool[np.ndarray, " runs"]]]:
    """Every choice of sources at every base, some at a time, with what the hypothesis predicts."""
    choices, at_once = itertools.product(range(placed.count), repeat=len(forced)), RUNS_AT_ONCE // placed.count
    while batch := list(itertools.islice(choices, max(1, at_once))):
        predicted = [
            placed.placeable.decided(tuple((v, placed.own[v][s]) for v, s in zip(forced, choice, strict=True)))
            for choice in batch
        ]
        bases = np.tile(np.arange(placed.count), len(batch))
        yield bases, np.repeat(np.array(batch), placed.count, axis=0), np.concatenate(predicted)


def _inert(placed: PlacedHypothesis) -> Iterator[tuple[Unmoved | None, int]]:
    whole, _ = placed.decisions(placed.runs.states[-1])
    for layer in placed.stages(range(len(placed.names))):
        read = still_read(placed, layer)
        bases, sources = _agreeing_pairs(placed.count, read)
        held = [placed.held(layer, placed.rest_moved(layer, bases, sources))]
        decided, ties = placed.decisions(placed.model.run(placed.behavior.points[bases], held))
        wrong = np.flatnonzero(decided != whole[bases])
        if len(wrong):
            yield Unmoved(layer, tuple(read), int(sources[wrong[0]]), int(bases[wrong[0]])), ties
        yield None, ties


def _kept(placed: PlacedHypothesis) -> Iterator[tuple[Loose | None, int]]:
    whole, _ = placed.decisions(placed.runs.states[-1])
    read = read_at_the_output(placed)
    bases, sources = _agreeing_pairs(placed.count, read)
    # Without variables nothing is held, and nothing is asked.
    for start in range(0, len(bases) if placed.names else 0, RUNS_AT_ONCE):
        own, other = bases[start : start + RUNS_AT_ONCE], sources[start : start + RUNS_AT_ONCE]
        decided, ties = placed.decisions(placed.model.run(placed.behavior.points[other], placed.kept(own)))
        wrong = np.flatnonzero(decided != whole[own])
        if len(wrong):
            yield Loose(tuple(read), int(other[wrong[0]]), int(own[wrong[0]])), ties
        yield None, ties


def _agreeing_pairs(
    count: int, read: dict[str, np.ndarray]
) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """Every base with every source that agrees with it in all that is read."""
    bases, sources = np.tile(np.arange(count), count), np.repeat(np.arange(count), count)
    agree = np.all([values[bases] == values[sources] for values in read.values()] or [bases >= 0], axis=0)
    return bases[agree], sources[agree]


def _transitive(placed: PlacedHypothesis) -> Iterator[tuple[Disagreed | None, int]]:
    below = reaching(placed)
    for size in range(1, len(placed.names)):
        for v in range(len(placed.names)):
            for forced in itertools.combinations(below[v], size):
                yield from _left(placed, v, forced)


def _left(placed: PlacedHypothesis, v: int, forced: tuple[int, ...]) -> Iterator[tuple[Disagreed | None, int]]:
    """What carries variable v is held, at every base, as forced variables leave it at some input; the model decides
    as the hypothesis does when the variable has the value that it then has."""
    for bases, sources, _ in interchanges(placed, forced):
        held = placed.interventions(bases, forced, sources)
        left = placed.read(v, in_rows(placed.model.states(placed.behavior.points[bases], held)))
        given = [
            int(placed.placeable.given(v, _holding(placed, forced, s))[b]) for b, s in zip(bases, sources, strict=True)
        ]
        at_once = max(1, RUNS_AT_ONCE // placed.count)
        for start in range(0, len(bases), at_once):
            part = slice(start, start + at_once)
            decided, ties = _acting(placed, v, left[part])
            expected = np.array([placed.placeable.decided(((v, value),)) for value in given[part]])
            wrong = np.argwhere(decided != expected)
            if len(wrong):
                k, base = start + int(wrong[0][0]), int(wrong[0][1])
                taken = tuple(zip(forced, sources[k].tolist(), strict=True))
                yield Disagreed(taken, base, bool(expected[k - start, base]), (v, int(bases[k]))), ties
            yield None, ties


def _acting(
    placed: PlacedHypothesis, v: int, left: Float[np.ndarray, "rows read"]
) -> tuple[Bool[np.ndarray, "rows inputs"], int]:
    """What the model decides at every input when what carries variable v is held at each row of values."""
    rows = len(left)
    held = placed.left(v, np.tile(np.arange(placed.count), rows), np.repeat(left, placed.count, axis=0))
    decided, ties = placed.decisions(placed.model.run(np.tile(placed.behavior.points, (rows, 1)), held))
    return decided.reshape(rows, placed.count), ties


def _holding(placed: PlacedHypothesis, forced: Sequence[int], sources: np.ndarray) -> Holding:
    return tuple((u, placed.own[u][int(s)]) for u, s in zip(forced, sources, strict=True))
