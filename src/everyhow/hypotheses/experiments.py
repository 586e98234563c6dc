"""Interchanges of either of two hypotheses, as both foresee them, and as the model decides."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..common.shapes import Bool, Int
from ..experiment.foreseen import Foreseen, Moved, foreseen, spoken_of
from ..experiment.placed import is_code
from ..model.inputs import swaps
from ..readout.interchange import spread_over
from .placed import PlacedHypothesis

# Runs that are made for one number of variables moved; of more, a sample is drawn.
MOST_SWAPS = 200_000


@dataclass(frozen=True, eq=False)
class Interchanges:
    """Interchanges of some variables of one of two hypotheses, of which the other says something, too.

    Attributes:
        of: whose variables, 0 or 1.
        moved: the variables, by their numbers.
        bases: the input of each run.
        sources: the input that each variable takes its value from.
        foreseen: what the first and the second say.
        decided: what the model decides.
    """

    of: int
    moved: tuple[int, ...]
    bases: Int[np.ndarray, " runs"]
    sources: Int[np.ndarray, "runs _moved"]
    foreseen: tuple[Foreseen, Foreseen]
    decided: Bool[np.ndarray, " runs"]

    @cached_property
    def counted(self) -> Bool[np.ndarray, " runs"]:
        """The runs of which both say something, and in which neither reads a variable halfway between two values."""
        one, other = self.foreseen
        return one.says & other.says & ~one.halfway & ~other.halfway

    @cached_property
    def differing(self) -> Int[np.ndarray, " differing"]:
        """The runs, by their numbers, of which the two say different things."""
        one, other = self.foreseen
        return np.flatnonzero(self.counted & (one.bits != other.bits))

    @cached_property
    def both_wrong(self) -> Int[np.ndarray, " wrong"]:
        """The runs of which the two say the same, and both are wrong."""
        one, other = self.foreseen
        return np.flatnonzero(self.counted & (one.bits == other.bits) & (one.bits != self.decided))

    def wrong(self, which: int) -> Int[np.ndarray, " wrong"]:
        """Of these, the runs of which one of the two is wrong."""
        chosen = self.differing
        return chosen[self.foreseen[which].bits[chosen] != self.decided[chosen]]


def interchanges_of(pair: Sequence[PlacedHypothesis], size: int, seed: int) -> Iterator[Interchanges]:
    """The interchanges of so many variables of either of two hypotheses in one model, of which both say something.

    What is one and the same run by both is made once. Of more than 200,000 runs a sample is drawn for each choice of
    variables.

    Args:
        pair: the two.
        size: how many variables are moved at once; none, for the runs in which nothing is changed.
        seed: of the sample.
    """
    choices = list(_choices(pair, size))
    most = most_runs(pair, size, len(choices))
    for of, moved in choices:
        owner = pair[of]
        bases, sources = swaps(owner.count, moved, most, seed)
        held = owner.interventions(bases, moved, sources)
        states = owner.model.states(owner.behavior.points[bases], held)
        runs = Moved(owner, bases, spread_over(len(owner.names), moved, sources), states)
        one, two = (foreseen(each, runs) for each in pair)
        decided, _ = owner.decisions(states[-1])
        yield Interchanges(of, moved, bases, sources, (one, two), decided)


def most_runs(pair: Sequence[PlacedHypothesis], size: int, choices: int) -> int | None:
    """How many runs are drawn for each choice of variables; None where all are made."""
    return None if choices * pair[0].count ** (size + 1) <= MOST_SWAPS else max(1, MOST_SWAPS // choices)


def most_moved(pair: Sequence[PlacedHypothesis]) -> int:
    """The most variables that are moved at once."""
    return max(len(one.names) for one in pair)


def _choices(pair: Sequence[PlacedHypothesis], size: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Whose variables are moved, and which, so that the other says something of all that is moved."""
    seen: set[frozenset[Any]] = set()
    for of, (owner, other) in enumerate((pair, pair[::-1])):
        if size == 0 and of:
            return
        spoken = np.array(spoken_of(other, owner), dtype=bool)
        for moved in itertools.combinations(range(len(owner.names)), size):
            carriers = frozenset(owner.carriers[k] for k in moved)
            if carriers in seen or not spoken[list(moved)].all():
                continue
            # Which way a code moves depends on the other codes of its hypothesis.
            if not any(map(is_code, carriers)):
                seen.add(carriers)
            yield of, moved


def drawn(pair: Sequence[PlacedHypothesis], size: int) -> bool:
    """Whether only a sample of the interchanges of so many variables is made."""
    choices = len(list(_choices(pair, size)))
    return bool(choices) and most_runs(pair, size, choices) is not None
