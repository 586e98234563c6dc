"""Interchanges of either of two hypotheses, as both foresee them, and as the model decides.

Of an interchange a hypothesis says something where what is moved has a part in what carries its own variables. These
then have other values, and what is computed from them follows by the hypothesis itself; nothing further down is read
from the run.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from ..model.inputs import swaps
from .placed import PlacedHypothesis, is_code

# Runs that are made for one number of variables moved; of more, a sample is drawn.
MOST_SWAPS = 200_000
# A reading so near to halfway between two values, relative to how far these are apart, is neither.
HALFWAY = 1e-3
# States nearer to each other than this, relative to their size, are one.
SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Foreseen:
    """What a hypothesis says of some patched runs.

    Attributes:
        bits: the decision that it foresees.
        says: where it says something: no variable of its own is halfway between two values.
        between: where it reads a variable in a state that no input produces, as in the nearest that one produces.
    """

    bits: Bool[np.ndarray, " runs"]
    says: Bool[np.ndarray, " runs"]
    between: Bool[np.ndarray, " runs"]


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
        """The runs of which both say something."""
        return self.foreseen[0].says & self.foreseen[1].says

    @cached_property
    def differing(self) -> Int[np.ndarray, " differing"]:
        """The runs, by their numbers, of which the two say different things."""
        one, other = self.foreseen
        return np.flatnonzero(self.counted & (one.bits != other.bits))

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
        owner, other = pair[of], pair[1 - of]
        bases, sources = swaps(owner.count, moved, most, seed)
        held = owner.interventions(bases, moved, sources)
        states = owner.model.states(owner.behavior.points[bases], held)
        values = {k: np.array(owner.own[k])[column] for k, column in zip(moved, sources.T, strict=True)}
        certain = np.ones(len(bases), dtype=bool)
        own = Foreseen(_decided(owner, bases, values), certain, ~certain)
        read = _foreseen(other, owner, moved, bases, sources, states)
        decided, _ = owner.decisions(states[-1])
        yield Interchanges(of, moved, bases, sources, (own, read) if of == 0 else (read, own), decided)


def most_runs(pair: Sequence[PlacedHypothesis], size: int, choices: int) -> int | None:
    """How many runs are drawn for each choice of variables; None where all are made."""
    return None if choices * pair[0].count ** (size + 1) <= MOST_SWAPS else max(1, MOST_SWAPS // choices)


def most_moved(pair: Sequence[PlacedHypothesis]) -> int:
    """The most variables that are moved at once."""
    return max(len(one.names) for one in pair)


def _choices(pair: Sequence[PlacedHypothesis], size: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Whose variables are moved, and which, so that the other says something of all that is moved."""
    seen: set[frozenset] = set()
    for of, (owner, other) in enumerate((pair, pair[::-1])):
        if size == 0 and of:
            return
        for moved in itertools.combinations(range(len(owner.names)), size):
            carriers = frozenset(owner.carriers[k] for k in moved)
            if carriers in seen or not all(_meeting(other, owner, k) for k in moved):
                continue
            # Which way a code moves depends on the other codes of its hypothesis.
            if not any(map(is_code, carriers)):
                seen.add(carriers)
            yield of, moved


def _meeting(other: PlacedHypothesis, owner: PlacedHypothesis, k: int) -> list[int]:
    """The variables of a hypothesis that have a part in what variable k of another moves."""
    layer, moving = owner.carriers[k].layer, set(_moving(owner, k))
    return [u for u, carrier in enumerate(other.carriers) if carrier.layer == layer and moving & set(carrier.neurons)]


def _moving(owner: PlacedHypothesis, k: int) -> tuple[int, ...]:
    """The neurons that are moved when variable k takes its value from elsewhere."""
    if not is_code(owner.carriers[k]):
        return owner.carriers[k].neurons
    direction = owner.directions[k]
    return tuple(np.flatnonzero(np.abs(direction) > SAME * np.abs(direction).max()).tolist())


def _foreseen(
    other: PlacedHypothesis,
    owner: PlacedHypothesis,
    moved: tuple[int, ...],
    bases: Int[np.ndarray, " runs"],
    sources: Int[np.ndarray, "runs _moved"],
    states: Sequence[np.ndarray],
) -> Foreseen:
    """What a hypothesis says of another's interchanges."""
    says, between = np.ones(len(bases), dtype=bool), np.zeros(len(bases), dtype=bool)
    values: dict[int, np.ndarray] = {}
    for u in sorted({u for k in moved for u in _meeting(other, owner, k)}):
        layer, own = other.carriers[u].layer, np.array(other.own[u])
        natural, state = other.natural[layer], states[layer].reshape(len(bases), -1)
        value, halfway, away = _nearest(other.read(u, state), other.read(u, natural), own)
        # What is taken from one input as a whole has the value that the variable has there, whatever is nearest.
        whole = _one_source(other, u, owner, moved, bases, sources)
        known = whole >= 0
        values[u] = np.where(known, own[whole], value)
        says &= known | ~halfway
        between |= away & ~known
    return Foreseen(_decided(other, bases, values), says, between)


def _one_source(
    other: PlacedHypothesis,
    u: int,
    owner: PlacedHypothesis,
    moved: tuple[int, ...],
    bases: Int[np.ndarray, " runs"],
    sources: Int[np.ndarray, "runs _moved"],
) -> Int[np.ndarray, " runs"]:
    """The input that all which carries variable u of a hypothesis is taken from in another's interchanges, or -1."""
    carrier = other.carriers[u]
    none = np.full(len(bases), -1)
    if is_code(carrier):
        return next((sources[:, n] for n, k in enumerate(moved) if owner.carriers[k] == carrier), none)
    if any(is_code(owner.carriers[k]) and owner.carriers[k].layer == carrier.layer for k in moved):
        return none
    first = min(owner.carriers[k].layer for k in moved)
    # In the first layer that is moved what stays is that of the base; in later ones it has been moved from below.
    untouched = bases if carrier.layer == first else none
    taken = [
        next(
            (sources[:, n] for n, k in enumerate(moved)
             if owner.carriers[k].layer == carrier.layer and j in owner.carriers[k].neurons),
            untouched,
        )
        for j in carrier.neurons
    ]  # fmt: skip
    return np.where(np.all([one == taken[0] for one in taken], axis=0), taken[0], -1)


def _decided(
    placed: PlacedHypothesis, bases: Int[np.ndarray, " runs"], values: dict[int, np.ndarray]
) -> Bool[np.ndarray, " runs"]:
    """What a hypothesis decides at each base while variables have values there."""
    if not values:
        return placed.placeable.decided(())[bases]
    table = np.stack(list(values.values()), axis=1)
    rows, which = np.unique(table, axis=0, return_inverse=True)
    decided = np.array([placed.placeable.decided(tuple(zip(values, row.tolist(), strict=True))) for row in rows])
    return decided[which.reshape(-1), bases]


def _nearest(
    seen: Float[np.ndarray, "runs read"], natural: Float[np.ndarray, "inputs read"], own: Int[np.ndarray, " inputs"]
) -> tuple[Int[np.ndarray, " runs"], Bool[np.ndarray, " runs"], Bool[np.ndarray, " runs"]]:
    """The value of a variable in the natural state nearest to each state; which states are halfway between two values;
    and which are not among the natural ones."""
    kinds = np.unique(own)
    away = np.array([_distances(seen, natural[own == kind]).min(axis=1) for kind in kinds])
    near = away.min(axis=0)
    elsewhere = near > SAME * max(1.0, float(np.abs(natural).max(initial=0.0)))
    if len(kinds) == 1:
        return np.full(len(seen), own[0]), np.zeros(len(seen), dtype=bool), elsewhere
    apart = min(_distances(natural[own == kind], natural[own != kind]).min() for kind in kinds)
    two = np.sort(away, axis=0)[:2]
    return kinds[away.argmin(axis=0)], two[1] - two[0] <= 2 * HALFWAY * apart, elsewhere


def _distances(one: np.ndarray, other: np.ndarray) -> Float[np.ndarray, "runs inputs"]:
    return np.linalg.norm(one[:, None] - other[None], axis=2)


def drawn(pair: Sequence[PlacedHypothesis], size: int) -> bool:
    """Whether only a sample of the interchanges of so many variables is made."""
    choices = len(list(_choices(pair, size)))
    return bool(choices) and most_runs(pair, size, choices) is not None
