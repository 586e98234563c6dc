"""What counting the circuits of a transformer takes at least, told from circuits drawn at random.

How often components write the same again is not known before they are run. But of states drawn at random, the fewer
there are the more often one is drawn twice: among n that are equally likely, k draws have k (k - 1) / 2n such pairs on
average. Where some are likelier than others there are more pairs, so that this tells of fewer states than there are.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..boolean.families import Families
from ..model.criterion import Criterion
from .compiling import STEPS_PER_CHOICE, Compiling, State
from .residual_stream import ResidualStream

# States that differ in some scenarios differ in all of them together, and few are run faster.
SCENARIOS = 4
# Draws at first and at most; pairs of equal states that tell enough of their number.
FIRST_DRAWS, MOST_DRAWS, ENOUGH_PAIRS = 64, 4096, 16
# Where nothing is drawn twice, fewer pairs than these are expected, at odds of 20 to 1.
UNSEEN_PAIRS = 3
# States that are gone on from, and edges into one node up to which that is tried.
GONE_ON_FROM, MOST_EDGES_TRIED = 4, 15


def foretold_steps(criterion: Criterion[ResidualStream], budget: int) -> tuple[int, int]:
    """The candidate evaluations that counting takes at least, as far as circuits drawn at random tell, and how many
    were drawn: as many as settle whether a budget is enough, or 4,096.

    It is the number of states at each node, times what going on from a few of them takes.
    """
    some = slice(0, SCENARIOS)
    few = replace(
        criterion, base=criterion.base[some], source=criterion.source[some],
        ablated=tuple(stage[some] for stage in criterion.ablated),
    )  # fmt: skip
    compiling = Compiling(few, Families(0), 10**30)
    nodes = range(criterion.model.graph.sizes[0], compiling.first_alone + 1)
    generator, drawn, steps = random.Random(0), 0, 0
    costs: dict[int, int] = {}
    seen: dict[int, Counter[State]] = {node: Counter() for node in nodes}
    pairs = dict.fromkeys(nodes, 0)
    for goal in (FIRST_DRAWS << k for k in range(MOST_DRAWS.bit_length())):
        while drawn < goal:
            state = compiling.drawn_state(generator)
            drawn += 1
            for node in nodes:
                pairs[node] += seen[node][state[:node]]
                seen[node][state[:node]] += 1
        costs = costs or {node: _going_on(compiling, node, list(seen[node])[:GONE_ON_FROM]) for node in nodes}
        every = drawn * (drawn - 1) // 2
        steps = sum(costs[node] * every // (pairs[node] + UNSEEN_PAIRS) for node in nodes)
        if steps > budget or goal >= MOST_DRAWS or min(pairs.values()) >= ENOUGH_PAIRS:
            break
    return steps, drawn


def _going_on(compiling: Compiling, node: int, states: Sequence[State]) -> int:
    """The candidate evaluations that going on from states at a node takes on average, but for running components."""
    wired = [compiling.wiring[part.node] for part in compiling.parts_after(node)]
    if any(len({entry for slot in slots for entry in slot if entry}) > MOST_EDGES_TRIED for slots in wired):
        return STEPS_PER_CHOICE << MOST_EDGES_TRIED
    return sum(map(compiling.steps_from, states)) // len(states)
