"""Running circuits one by one, each neuron once in each scenario.

Where circuits are few, drawn, or judged in many scenarios, this takes less than counting prefix by prefix. A circuit is
dropped at the first scenario at which it is wrong too often, so most circuits are run in a few scenarios only.

Arrays as in layout; `masks` (circuits, layers, widest) are each neuron's parents as bit sets.
"""

import numpy as np

from .activation import activate
from .compiling import njit
from .halves import received
from .layout import INNER_HIGH, INNER_LOW, OPENS, OUTER_HIGH, OUTER_LOW, WEIGHT


@njit(cache=True, nogil=True)
def masks_of(bits, layout, masks):
    """Fill `masks` with the parents in circuits given as `bits` (circuits,)."""
    for c in range(len(bits)):
        for layer in range(masks.shape[1]):
            for j in range(layout.widths[layer + 1]):
                parents = 0
                for i in range(layout.widths[layer]):
                    if bits[c] >> layout.positions[layer, j, i] & np.uint64(1):
                        parents |= 1 << i
                masks[c, layer, j] = parents


@njit(cache=True, nogil=True)
def output_sums(masks, layout, s, state, following):
    """Leave in `state` (widest,) the outputs' pre-activations of one circuit in scenario `s`; `masks` is (layers,
    widest), `following` (widest,) scratch."""
    layers = masks.shape[0]
    for i in range(len(state)):
        state[i] = layout.base[s, i]
    for layer in range(layers):
        for j in range(layout.widths[layer + 1]):
            z = received(
                masks[layer, j], layout.biases[layer, j], layout.weights[layer, j], state, layout.ablated[layer, s]
            )
            if layer + 1 < layers:
                z = activate(layout.codes[layer], layout.parameters[layer], z)
            following[j] = z
        for i in range(len(state)):
            state[i] = following[i]


@njit(cache=True, nogil=True)
def add_wrong(masks, layout, goal, allowed, wrong):
    """Add to `wrong` (circuits, 2) the weight of the scenarios outside the inner and outside the outer box, the larger
    part's where there are two. Once more than `allowed` is outside the outer box, the sum stops short."""
    scenarios, contrasts, outputs = layout.contrasts.shape
    widest = layout.weights.shape[1]
    state, following = np.zeros(widest), np.zeros(widest)
    for c in range(len(masks)):
        # The weight of the wrong scenarios so far, in this part and in the part where it is largest.
        inner = outer = most_inner = most_outer = 0.0
        for s in range(scenarios):
            first = s * contrasts
            if goal[OPENS, first]:
                inner = outer = 0.0
            output_sums(masks[c], layout, s, state, following)
            certain = possible = True
            # A sum that is not a number is outside, as every comparison with it fails.
            for d in range(contrasts):
                total = 0.0
                for o in range(outputs):
                    if layout.contrasts[s, d, o]:
                        total += layout.contrasts[s, d, o] * state[o]
                if not (total > goal[OUTER_LOW, first + d] and total <= goal[OUTER_HIGH, first + d]):
                    certain = possible = False
                    break
                if not (total > goal[INNER_LOW, first + d] and total <= goal[INNER_HIGH, first + d]):
                    certain = False
            if not certain:
                inner += goal[WEIGHT, first]
                most_inner = max(most_inner, inner)
            if not possible:
                outer += goal[WEIGHT, first]
                most_outer = max(most_outer, outer)
                # No later scenario makes it right again.
                if outer > allowed:
                    break
        wrong[c, 0] += most_inner
        wrong[c, 1] += most_outer
