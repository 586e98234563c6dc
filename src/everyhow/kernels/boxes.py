"""Whether circuits keep their outputs where they should be on boxes of inputs: branch and bound, box by box.

Every neuron gets a linear function below and above it on a box (relaxation). A box on which these prove what is asked
is done, an input at which it fails ends the search, and any other box is halved where that helps most. That is fast
because one pass through the layers bounds the outputs at all inputs of a box, and the bounds tighten with each halving.

`coefficients` (points, demands, outputs), `certain` and `possible` (points, demands): around a point, each combination
of the outputs' pre-activations should be at least `certain`, and is wrong where it is less than `possible`. `weights`
(edges,) are those of one circuit, flat as `Wiring` says; those of many are (circuits, edges).
"""

import numpy as np

from .compiling import njit
from .relaxation import demand, no_lines, relax, run, swing

REFUTED, UNDECIDED, PROVED = -1, 0, 1


@njit(cache=True, nogil=True)
def is_wrong(outputs, coefficients, possible):
    """Whether the outputs' pre-activations `outputs` (outputs,) surely fail one of the demands at a point, of which
    `coefficients` is (demands, outputs) and `possible` (demands,)."""
    for d in range(len(possible)):
        total = 0.0
        for o in range(len(outputs)):
            total += coefficients[d, o] * outputs[o]
        if total < possible[d]:
            return True
    return False


@njit(cache=True, nogil=True)
def influence(wiring, weights):
    """For each neuron (layers + 1, widest), the sum over its paths to the outputs of products of absolute weights."""
    layers = len(wiring.codes)
    gain = np.zeros((layers + 1, wiring.widths.max()))
    gain[layers, : wiring.widths[layers]] = 1.0
    for layer in range(layers - 1, -1, -1):
        incoming = wiring.widths[layer]
        for j in range(wiring.widths[layer + 1]):
            start = wiring.starts[layer] + j * incoming
            for i in range(incoming):
                gain[layer, i] += abs(weights[start + i]) * gain[layer + 1, j]
    return gain


@njit(cache=True, nogil=True)
def settle_box(wiring, weights, point, reach, coefficients, certain, possible, most, stack, lines, states, found):
    """Settle one circuit on the box of half sides `reach` (features,) around `point` (features,).

    PROVED with how far beyond `certain` everything stays, REFUTED with `found` (features,) filled, or UNDECIDED once
    `most` boxes were looked at or a box is too small to be halved. `stack` (most + 1, center and half sides, features),
    `lines` and `states` (layers + 1, widest) are scratch.
    """
    features = len(point)
    signs = np.zeros((len(wiring.codes), states.shape[1]), np.int8)
    line = np.zeros((2, features + 1))
    gain = influence(wiring, weights)[0, :features]
    margin = np.inf
    # The boxes that wait, each its center and half its sides; the last is looked at first, so that few wait.
    stack[0, 0], stack[0, 1] = point, reach
    waiting, looked_at = 1, 0
    while waiting:
        if looked_at == most:
            return UNDECIDED, 0.0
        looked_at += 1
        waiting -= 1
        center, half = stack[waiting, 0], stack[waiting, 1]
        relax(wiring, weights, center, half, signs, lines)
        safe = True
        for d in range(len(certain)):
            if certain[d] == -np.inf:
                continue
            demand(wiring, weights, coefficients[d], lines, line)
            beyond = line[0, features] - swing(line[0], half) - certain[d]
            if beyond >= 0:
                margin = min(margin, beyond)
                continue
            if not np.isfinite(beyond):
                return UNDECIDED, 0.0
            safe = False
            for side in range(2):
                # The center, and the corner at which the line below is lowest.
                for k in range(features):
                    found[k] = center[k] - side * np.sign(line[0, k]) * half[k]
                if is_wrong(run(wiring, weights, found, states), coefficients, possible):
                    return REFUTED, 0.0
        if safe:
            continue
        # Halve the side along which the outputs may change most, unless the halves would have the same center.
        longest = int(np.argmax(gain * half))
        quarter = half[longest] / 2
        if gain[longest] == 0 or not center[longest] - quarter < center[longest] < center[longest] + quarter:
            return UNDECIDED, 0.0
        half[longest] = quarter
        stack[waiting + 1] = stack[waiting]
        stack[waiting, 0, longest] -= quarter
        stack[waiting + 1, 0, longest] += quarter
        waiting += 2
    return PROVED, margin


@njit(cache=True, nogil=True)
def settle_circuits(wiring, weights, points, reach, coefficients, certain, possible, most, status, margins, found):
    """Settle circuits on a box around each of `points` (points, features), all of half sides `reach` (features,).

    Fills `status` (circuits, points), `margins` (circuits,) and, where a status is REFUTED, `found` (circuits,
    features). What comes after a refuted point is left alone.
    """
    features, widest = points.shape[1], int(wiring.widths.max())
    lines = no_lines(len(wiring.codes), widest, features)
    states = np.zeros((len(wiring.widths), widest))
    stack = np.zeros((most + 1, 2, features))
    for c in range(len(weights)):
        # First all the points themselves, since one run each is little beside a box.
        refuted = False
        for p in range(len(points)):
            if not refuted and is_wrong(run(wiring, weights[c], points[p], states), coefficients[p], possible[p]):
                refuted = True
                status[c, p], found[c] = REFUTED, points[p]
        margins[c] = np.inf
        for p in range(len(points)):
            if refuted:
                break
            status[c, p], margin = settle_box(
                wiring, weights[c], points[p], reach, coefficients[p], certain[p], possible[p],
                most, stack, lines, states, found[c],
            )  # fmt: skip
            refuted = status[c, p] == REFUTED
            margins[c] = min(margins[c], margin)
