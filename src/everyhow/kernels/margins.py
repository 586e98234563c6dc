"""Running circuits one by one with a bound of how far each value may be off from that of exact arithmetic.

What a bound for all circuits together leaves open is run here: each circuit's own sums are off by less, and a circuit
is certainly right where its outputs are right wherever within the bound the exact outputs lie. A value and its bound
are computed in one pass.

A value is what was computed, and `off` how far the exact value may be from it. Arrays as in layout, with `Errors`;
`masks` (circuits, layers, widest) are each neuron's parents as bit sets.
"""

from typing import NamedTuple

import numpy as np

from .activation import activate
from .codes import GELU, LEAKY, STEP
from .compiling import njit
from .halves import received
from .layout import INNER_HIGH, INNER_LOW, OPENS, OUTER_HIGH, OUTER_LOW, WEIGHT

SMALLEST = 2.0**-1022
# No activation that dips is steeper.
STEEPEST_DIP = 1.5


class Errors(NamedTuple):
    """What is off in the sums and activations of each layer, and in what removed edges carry.

    Attributes:
        sums: (layers,), relative to the sum of absolute products; 0 where sums are free of rounding.
        relative: (layers,), of activations, relative to their magnitude.
        absolute: (layers,), the rest of it.
        ablated: (layers, scenarios, widest), of the activations that removed edges carry.
        decided: (2, dimensions), the box (low, high] where the decision boundary is not moved.
        near: (dimensions,), of what the limits are taken around.
        orders: how many times what is off a sum may be off from the same sum in another order.
    """

    sums: np.ndarray
    relative: np.ndarray
    absolute: np.ndarray
    ablated: np.ndarray
    decided: np.ndarray
    near: np.ndarray
    orders: float


@njit(cache=True, nogil=True)
def moved(code, parameters, z, off):
    """How far an activation may be off where its input `z` is by `off`; `parameters` (4,) are its function's."""
    if off == 0:
        return 0.0
    if code == LEAKY:
        if z > off:
            return off
        return abs(parameters[0]) * off if z < -off else max(1.0, abs(parameters[0])) * off
    if code == STEP:
        return 1 - parameters[0] if abs(z) <= off else 0.0
    if code >= GELU:
        return STEEPEST_DIP * off
    # The others rise everywhere, so the ends of what the input may be tell how far.
    here = activate(code, parameters, z)
    return max(activate(code, parameters, z + off) - here, here - activate(code, parameters, z - off))


@njit(cache=True, nogil=True)
def received_error(parents, bias, weights, state, off, ablated, ablated_off, rounding):
    """How far the sum that `received` gives may be off; `weights`, `state`, `off`, `ablated` and `ablated_off` are
    (widest,), and `rounding` is relative to the sum of magnitudes."""
    # What the values bring is passed on by the weights; what adding up rounds is relative to the sum of magnitudes.
    size, passed = abs(bias), 0.0
    for i in range(len(weights)):
        if weights[i]:
            kept = parents >> i & 1
            size += abs(weights[i] * (state[i] if kept else ablated[i]))
            error = off[i] if kept else ablated_off[i]
            if error:
                passed += abs(weights[i]) * error
    return passed + (rounding * size + len(weights) * SMALLEST if rounding and size else 0.0)


@njit(cache=True, nogil=True)
def output_sums(masks, layout, errors, s, state, off, following, following_off):
    """Leave in `state` (widest,) the outputs' pre-activations of one circuit in scenario `s`, and in `off` (widest,)
    how far they may be off; `masks` is (layers, widest), `following` and `following_off` (widest,) are scratch."""
    layers = masks.shape[0]
    state[:] = layout.base[s]
    off[:] = 0.0
    for layer in range(layers):
        for j in range(layout.widths[layer + 1]):
            bias, weights = layout.biases[layer, j], layout.weights[layer, j]
            z = received(masks[layer, j], bias, weights, state, layout.ablated[layer, s])
            error = received_error(
                masks[layer, j], bias, weights, state, off, layout.ablated[layer, s], errors.ablated[layer, s],
                errors.sums[layer],
            )  # fmt: skip
            if layer + 1 < layers:
                code, parameters = layout.codes[layer], layout.parameters[layer]
                error = moved(code, parameters, z, error)
                z = activate(code, parameters, z)
                error += errors.relative[layer] * abs(z) + errors.absolute[layer]
            following[j], following_off[j] = z, error
        state[:] = following
        off[:] = following_off


@njit(cache=True, nogil=True)
def add_wrong(masks, layout, goal, errors, allowed, wrong):
    """Add to `wrong` (circuits, 2) the weight of the scenarios that are not certainly right, and of those that are not
    possibly right; the larger part's where there are two."""
    scenarios, contrasts, outputs = layout.contrasts.shape
    widest = layout.weights.shape[1]
    state, following, off, following_off = np.zeros(widest), np.zeros(widest), np.zeros(widest), np.zeros(widest)
    for c in range(len(masks)):
        inner = outer = most_inner = most_outer = 0.0
        for s in range(scenarios):
            first = s * contrasts
            if goal[OPENS, first]:
                inner = outer = 0.0
            output_sums(masks[c], layout, errors, s, state, off, following, following_off)
            # A scenario is not possibly right only where a sum surely is outside, its margin included.
            certain = possible = True
            for d in range(contrasts):
                total = size = 0.0
                for o in range(outputs):
                    if layout.contrasts[s, d, o]:
                        total += layout.contrasts[s, d, o] * state[o]
                        size += abs(layout.contrasts[s, d, o]) * off[o]
                margin = errors.orders * (size + errors.near[first + d])
                low, high = errors.decided[0, first + d], errors.decided[1, first + d]
                # Asked these ways round, a sum that is not a number is not certainly right, and not certainly wrong.
                below = total <= goal[OUTER_LOW, first + d] and total + margin <= low
                above = total > goal[OUTER_HIGH, first + d] and total - margin > high
                if below or above:
                    certain = possible = False
                    break
                if not (total > goal[INNER_LOW, first + d] and total - margin > low):
                    certain = False
                if not (total <= goal[INNER_HIGH, first + d] and total + margin <= high):
                    certain = False
            if not certain:
                inner += goal[WEIGHT, first]
                most_inner = max(most_inner, inner)
            if not possible:
                outer += goal[WEIGHT, first]
                most_outer = max(most_outer, outer)
                if outer > allowed:
                    break
        wrong[c, 0] += most_inner
        wrong[c, 1] += most_outer


@njit(cache=True, nogil=True)
def steps_in_doubt(prefixes, layout, sums, doubtful):
    """Whether, in any prefix, the pre-activation of a neuron that steps comes as near to the jump as it may be off.

    `prefixes` is (prefixes, layers, widest). `sums` (layers, widest) is how far pre-activations may be off, where
    `doubtful` (layers,) says that they step.
    """
    layers = len(layout.weights) - 1
    scenarios, widest = layout.base.shape
    state, following = np.zeros((scenarios, widest)), np.zeros((scenarios, widest))
    for masks in prefixes:
        state[:] = layout.base
        used = (1 << layout.widths[0]) - 1
        for layer in range(layers):
            present = 0
            for j in range(layout.widths[layer + 1]):
                every = layout.available[layer, j] & used
                parents = every if layer == layers - 1 else masks[layer, j]
                if not parents:
                    continue
                present |= 1 << j
                bias, weights = layout.biases[layer, j], layout.weights[layer, j]
                while parents:
                    for s in range(scenarios):
                        z = received(parents, bias, weights, state[s], layout.ablated[layer, s])
                        if doubtful[layer] and not abs(z) > sums[layer, j]:
                            return True
                        following[s, j] = activate(layout.codes[layer], layout.parameters[layer], z)
                    # Of the last hidden neurons all sets of parents count, of the others the one in the prefix.
                    parents = (parents - 1) & every if layer == layers - 1 else 0
            state[:] = following
            used = present
    return False
