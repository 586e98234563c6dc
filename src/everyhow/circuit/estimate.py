"""How many circuits meet a criterion, estimated from circuits drawn from the whole space, where counting takes too
long."""

import numpy as np

from ..common.count import Estimate
from ..common.errors import InputError
from ..model.criterion import Criterion
from ..model.model import Model
from ..model.space import circuits_in_space
from ..model.uniform import draw_from_space

# Circuits drawn: so many, or as many as the budget allows, but never fewer than LEAST.
DRAWN, LEAST = 200_000, 2_000
DRAWN_AT_ONCE = 1 << 15
CONFIDENCE = 0.95
# Each circuit drawn is run in every scenario; one run costs about as much as so many candidate evaluations.
STEPS_PER_RUN = 10
# Scenarios beyond which even the fewest circuits are too many to run.
MOST_SCENARIOS = 200_000
# Larger spaces overflow a float.
MOST_DIGITS_IN_BITS = 1000


def affordable_estimate(criterion: Criterion[Model], budget: int) -> Estimate:
    """An estimate from as many circuits as the budget allows, 2,000 at least and 200,000 at most.

    Raises:
        InputError: one circuit takes too many runs, or the network is too wide or too irregular to draw from.
    """
    scenarios = len(criterion.base)
    if scenarios > MOST_SCENARIOS:
        raise InputError(f"an estimate would run each circuit {scenarios:,} times; give fewer inputs")
    steps = STEPS_PER_RUN * criterion.model.steps_per_run * scenarios
    return estimate_circuits(criterion, min(DRAWN, max(LEAST, budget // steps)))


def estimate_circuits(criterion: Criterion[Model], drawn: int = DRAWN, seed: int = 0) -> Estimate:
    """The number of circuits that meet `criterion`, from `drawn` circuits of the space, uniform and independent.

    The share of those that meet it, times the size of the space, is an unbiased estimate; its interval is that of
    Clopper and Pearson, which holds the true number in at least 95% of all cases. Circuits on the decision boundary
    (within 1e-9) count at its upper end only, and for half in the estimate.

    Raises:
        InputError: the network is too wide or, by weights of 0, too irregular to draw from.
    """
    from scipy.stats import binomtest

    model, generator = criterion.model, np.random.default_rng(seed)
    space = circuits_in_space(model.graph)
    if space.bit_length() > MOST_DIGITS_IN_BITS:
        raise InputError(f"the {model.kind} has more than 10^300 circuits; take out the neurons that are not needed")
    found = np.zeros(2, np.int64)
    for start in range(0, drawn, DRAWN_AT_ONCE):
        circuits = draw_from_space(model.graph, min(DRAWN_AT_ONCE, drawn - start), generator)
        found += [np.count_nonzero(meets) for meets in model.judged([criterion], circuits)]
    certain, possible = map(int, found)
    low = float(binomtest(certain, drawn).proportion_ci(CONFIDENCE, "exact").low)
    high = float(binomtest(possible, drawn).proportion_ci(CONFIDENCE, "exact").high)
    return Estimate(space * ((certain + possible) / (2 * drawn)), space * low, space * high, drawn)
