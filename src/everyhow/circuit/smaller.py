"""What makes a question small enough: fewer points, and ways to a smaller model, with the time that each takes."""

from itertools import combinations

from ..common.budget import MINUTE, PER_SECOND, duration
from ..common.errors import InputError
from ..model.behavior import Behavior
from ..model.model import PAIRED_AT_ONCE, Model, Way
from ..model.space import circuits_in_space

# What takes about a minute, in candidate evaluations; fewer points than LEAST tell little.
IN_A_MINUTE, LEAST = MINUTE * PER_SECOND, 10
# Proposals that are made, at most.
MOST_PROPOSED = 3


def proposals(model: Model, behavior: Behavior) -> tuple[str, ...]:
    """Sizes that take about a minute, in words, those that change least first; empty where none is known.

    Each takes none or some of the ways in which this kind of model is made smaller, and as many points as fit. Up to 64
    points circuits are counted in every base with every source, one candidate evaluation for each circuit and point.
    """
    found: list[tuple[Way, ...]] = []
    said: list[str] = []
    ways = model.ways_smaller(behavior.points)
    for size in range(len(ways) + 1):
        for chosen in combinations(ways, size):
            # What holds with fewer ways holds with more.
            if len(said) < MOST_PROPOSED and not any(set(one) <= set(chosen) for one in found):
                text = _proposal(model, behavior, chosen)
                if text is not None:
                    found.append(chosen)
                    said.append(text)
    return tuple(said)


def _proposal(model: Model, behavior: Behavior, ways: tuple[Way, ...]) -> str | None:
    """The most points that take about a minute in a smaller model, in words; None where even few take longer."""
    points = behavior.points
    try:
        for way in ways:
            model, points = way.smaller(model, points)
        space = circuits_in_space(model.graph)
    except InputError:
        return None
    inputs = len(points)
    if space * inputs**2 <= IN_A_MINUTE:
        most, seconds = inputs, space * inputs**2 / PER_SECOND
    else:
        most = min(inputs, PAIRED_AT_ONCE, IN_A_MINUTE // space)
        seconds = space * most / PER_SECOND
    if most < min(LEAST, inputs):
        return None
    parts = [] if most == inputs else [f"{most} of the {inputs:,} points"]
    return f"{' and '.join([*(way.words for way in ways), *parts])}: {duration(seconds)}"


def advice(model: Model, behavior: Behavior) -> str | None:
    """The proposals as one sentence; None where there are none."""
    found = proposals(model, behavior)
    return f"what works: {'; or '.join(found)}" if found else None
