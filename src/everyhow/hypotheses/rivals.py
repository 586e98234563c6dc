"""What passes as much as a hypothesis: other formulas with their places, and of a causal model its other places."""

import itertools
from typing import Any

from ..auditing.asked import DEEPEST
from ..auditing.fitting import DEPTH_BY_DATA, chosen_depth
from ..common.arguments import is_whole, quoted
from ..common.errors import InputError
from ..mapping.choices import count_choices, disjoint_choices
from ..mapping.findings import MappingFindings, complexity
from ..mapping.mapping import Mapping
from ..mapping.signatures import Signatures
from .climbing import Climb, climb
from .hypothesis import Hypothesis
from .placed import PlacedHypothesis
from .result import Elsewhere, Rivals
from .searching import MOST_PLACES, living, still_bits, with_places
from .understanding import Understood, placed_in
from .words import MOST_KEPT

# Among how many the simplest are looked for.
MOST_ORDERED = 20_000


def largest_depth(asked: Understood, depth: int | None) -> int:
    """The largest depth of the algorithms among which rivals are looked for: as asked, or as in an audit.

    Raises:
        InputError: it is out of range.
    """
    if depth is not None and not is_whole(depth, 1, DEEPEST):
        raise InputError(f"depth is {quoted(depth)}; algorithms have a depth from 1 to {DEEPEST}")
    if asked.behavior.is_truth_table and asked.behavior.features is None:
        return chosen_depth(asked.model, depth)
    return DEPTH_BY_DATA if depth is None else int(depth)


def rivals_of(
    asked: Understood,
    placed: PlacedHypothesis,
    found: Signatures,
    how_far: Climb,
    mappings: MappingFindings,
    depth: int,
    budget: int,
) -> Rivals:
    """What passes as much as a hypothesis, or the first rung where it passes none: of the mappings of all formulas, and
    of a causal model's other places."""
    rung = how_far.strictest or how_far.rungs[0]
    number, first = mappings.surviving_mappings[rung], ()
    own = placed.mapping if placed.without_codes and how_far.passed else None
    belongs = own is not None and own.algorithm in (mappings.aligned or {})
    if number is not None:
        kept = mappings.placed if rung == "single" else iter(sorted(mappings.survivors[rung], key=complexity))
        first = tuple(itertools.islice((one for one in kept if one != own), MOST_KEPT))
        number -= belongs
    many = "" if mappings.algorithms is None else f"{mappings.algorithms:,} "
    family = f"the {many}formulas of depth {depth} or less that decide as the {asked.model.kind} does"
    outside = own is not None and not belongs and number is not None
    elsewhere = None if placed.mapping is not None else _elsewhere(asked, placed, found, how_far, budget)
    return Rivals(
        how_far.strictest, number, mappings.surviving_algorithms[rung], first, family, outside, elsewhere
    )  # fmt: skip


def further_than(mappings: MappingFindings, found: Signatures, how_far: Climb) -> tuple[Mapping, str] | None:
    """The simplest mapping with variables that passes the strictest rung that any passes, and that rung, if it comes
    further than something does. A neuron that is the same at every input has no part in it."""
    still = still_bits(found)
    for rung in reversed(how_far.rungs[len(how_far.passed) :]):
        kept = mappings.placed if rung == "single" else mappings.survivors.get(rung, ())
        listed = [
            one for one in itertools.islice(kept, MOST_ORDERED)
            if one.sets and not any(s.bits & still for s in one.sets)
        ]  # fmt: skip
        if listed:
            return min(listed, key=complexity), rung
    return None


def _elsewhere(
    asked: Understood, placed: PlacedHypothesis, found: Signatures, how_far: Climb, budget: int
) -> Elsewhere:
    """The other places of a causal model that pass as much, of the first 200; and how many places it has."""
    choices: Any = living(found, placed.placeable)
    stated = Hypothesis(placed.stated, ())
    kept, number = [], count_choices(choices)
    for sets in itertools.islice(disjoint_choices(choices), MOST_PLACES):
        if sets == placed.carriers:
            continue
        other = placed_in(asked, stated, sets, found)
        if len(climb(other, found, budget).passed) >= max(1, len(how_far.passed)):
            kept.append(with_places(stated, sets, asked))
    return Elsewhere(tuple(kept), number, min(number, MOST_PLACES))
