"""Running many circuits in many scenarios: what circuits have below a neuron in common is run once.

A variant of a neuron is the part of a circuit below it. Many circuits have few variants of a neuron between them, so
few are run, and each in all scenarios at once: the innermost loop goes along a row of numbers.

`below` (variants, parents) tells of each variant of a neuron which variants of the layer before are its parents: their
row in `previous` plus 1, or 0. Values (variants, scenarios) are activations less what removed edges carry.
"""

import numpy as np

from .activation import activate
from .compiling import njit
from .layout import INNER_HIGH, INNER_LOW, OUTER_HIGH, OUTER_LOW, WEIGHT


@njit(cache=True, nogil=True)
def run_variants(below, previous, weights, constants, ablated, code, parameters):
    """The values (variants, scenarios) of all variants of one neuron, from those of the layer before, `previous`
    (variants of all its neurons, scenarios). `weights` (parents,), `constants` and `ablated` (scenarios,) are the
    neuron's."""
    values = np.empty((len(below), previous.shape[1]))
    for v in range(len(below)):
        row = values[v]
        # What all removed edges carry together; each edge that is there adds its difference to that.
        row[:] = constants
        for i in range(below.shape[1]):
            if below[v, i]:
                parent, weight = previous[below[v, i] - 1], weights[i]
                for s in range(len(row)):
                    row[s] += weight * parent[s]
        for s in range(len(row)):
            row[s] = activate(code, parameters, row[s]) - ablated[s]
    return values


@njit(cache=True, nogil=True)
def weigh_variants(below, previous, weights, constants, contrasts, goal, allowed, wrong):
    """Add to `wrong` (circuits, 2) the weight of the scenarios of one part in which each circuit is outside the inner
    and outside the outer box. Once more than `allowed` is outside the outer box, the sum stops short.

    `below` is (circuits, outputs, parents), `weights` (outputs, parents), `constants` (outputs, scenarios), `contrasts`
    (scenarios, contrasts, outputs), `goal` (rows, coordinates).
    """
    outputs = below.shape[1]
    dimensions = contrasts.shape[1]
    # One circuit's sums in all scenarios, used again for the next.
    sums = np.empty((outputs, previous.shape[1]))
    for c in range(len(below)):
        for o in range(outputs):
            row = sums[o]
            row[:] = constants[o]
            for i in range(below.shape[2]):
                if below[c, o, i]:
                    parent, weight = previous[below[c, o, i] - 1], weights[o, i]
                    for s in range(len(row)):
                        row[s] += weight * parent[s]
        for s in range(sums.shape[1]):
            # A sum that is not a number is outside both boxes.
            certain = possible = True
            for d in range(dimensions):
                total = 0.0
                for o in range(outputs):
                    if contrasts[s, d, o]:
                        total += contrasts[s, d, o] * sums[o, s]
                k = s * dimensions + d
                if not (total > goal[OUTER_LOW, k] and total <= goal[OUTER_HIGH, k]):
                    certain = possible = False
                    break
                if not (total > goal[INNER_LOW, k] and total <= goal[INNER_HIGH, k]):
                    certain = False
            if not certain:
                wrong[c, 0] += goal[WEIGHT, s * dimensions]
            if not possible:
                wrong[c, 1] += goal[WEIGHT, s * dimensions]
                if wrong[c, 1] > allowed:
                    break
