"""How many circuits meet a criterion, estimated from circuits of the whole space where counting them is too much."""

import numpy as np

from ..estimate import Estimate
from .criterion import Criterion
from .running import places
from .space import circuits_in_space
from .uniform import draw_from_space

DRAWN = 200_000
DRAWN_AT_ONCE = 1 << 15
CONFIDENCE = 0.95
# Each circuit drawn is run in every scenario; one run costs about as much as so many candidate evaluations.
STEPS_PER_RUN = 10


def estimate_circuits(criterion: Criterion, drawn: int = DRAWN, seed: int = 0) -> Estimate:
    """The number of circuits that meet `criterion`, from `drawn` circuits of the space, uniform and independent.

    The share of those that meet it, times the size of the space, is an unbiased estimate; its interval is that of
    Clopper and Pearson, which holds the true number in at least 95 % of all cases. Circuits on the decision boundary
    (within 1e-9) count at its upper end only, and for half in the estimate.

    Raises:
        InputError: weights of 0 make the network too irregular to draw from.
    """
    from scipy.stats import binomtest

    network, generator = criterion.network, np.random.default_rng(seed)
    space = circuits_in_space(network)
    found = np.zeros(2, np.int64)
    for start in range(0, drawn, DRAWN_AT_ONCE):
        masks = draw_from_space(network, min(DRAWN_AT_ONCE, drawn - start), generator)
        found += [np.count_nonzero(place) for place in places([criterion], masks)]
    certain, possible = map(int, found)
    low = float(binomtest(certain, drawn).proportion_ci(CONFIDENCE, "exact").low)
    high = float(binomtest(possible, drawn).proportion_ci(CONFIDENCE, "exact").high)
    return Estimate(space * ((certain + possible) / (2 * drawn)), space * low, space * high, drawn)
