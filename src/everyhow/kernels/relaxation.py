"""Linear functions of the input below and above every neuron of a circuit, on a box of inputs.

A neuron's pre-activation is a weighted sum of what its parents carry, so lines below and above the parents give lines
below and above the sum; an activation is enclosed by two lines between its least and its greatest input. One pass
through the layers so bounds the outputs at all inputs of a box, and keeps how they depend on the input, which intervals
would lose. Every sum is widened by more than its rounding.

A linear function, or line, is a vector (features + 1,): its slopes along the input's deviation from the box's center,
then its value at the center. Each neuron has two of them, below and above. `weights` (edges,) are those of one circuit,
flat as `Wiring` says; `parameters` (4,) are those of an activation.
"""

import math
from typing import NamedTuple

import numpy as np

from .activation import activate
from .codes import CLIP, ELU, GELU, GELU_NEW, HARDSWISH, LEAKY, SILU, SOFTPLUS, SOFTSIGN, STEP, TANH
from .compiling import njit

# Relative to the sum of magnitudes; a sum of a thousand float64 terms is off by a tenth of it at most.
ROUNDING = 1e-12
# Where gelu, gelu_new, silu and hardswish fall most steeply, and a bound of how steeply.
STEEPEST_FALL = (-1.4142135623730951, -1.4185040075801587, -2.399357280786243, -3.0)
LEAST_SLOPE = (-0.12890414518516, -0.12899306865878, -0.09983932012887, -0.5)
# Beyond, they are 0 or the identity within rounding.
FAR = 40.0


class Lines(NamedTuple):
    """What is known of the neurons on a box; layer 0 of received and ends is the first hidden one.

    Attributes:
        received: (layers, widest, 2, features + 1), below and above the pre-activation.
        ends: (layers, widest, 2), the least and the greatest pre-activation.
        carried: (layers, widest, 2, features + 1), below and above what a neuron carries, inputs being layer 0.
        scales: (layers, widest), the sum of magnitudes behind `carried`.
    """

    received: np.ndarray
    ends: np.ndarray
    carried: np.ndarray
    scales: np.ndarray


@njit(cache=True, nogil=True)
def no_lines(layers, widest, features):
    """Lines of zeros, to be filled."""
    shape = (layers, widest, 2, features + 1)
    return Lines(np.zeros(shape), np.zeros((layers, widest, 2)), np.zeros(shape), np.zeros((layers, widest)))


@njit(cache=True, nogil=True)
def receive(bias, row, carried, scales, lines):
    """Fill `lines` (2, features + 1) with those below and above the sum of `bias` and of what parents carry times `row`
    (parents,); `carried` and `scales` are those of Lines at the parents' layer. Returns the sum of magnitudes."""
    features = lines.shape[1] - 1
    lines[:] = 0.0
    lines[:, features] = bias
    scale = abs(bias)
    for i in range(len(row)):
        w = row[i]
        if w != 0:
            scale += abs(w) * scales[i]
            below = 0 if w > 0 else 1
            for k in range(features + 1):
                lines[0, k] += w * carried[i, below, k]
                lines[1, k] += w * carried[i, 1 - below, k]
    lines[0, features] -= ROUNDING * scale
    lines[1, features] += ROUNDING * scale
    return scale


@njit(cache=True, nogil=True)
def swing(line, reach):
    """How far `line` (features + 1,) goes below and above its value at the center, on a box of half sides `reach`
    (features,)."""
    total = 0.0
    for k in range(len(reach)):
        total += abs(line[k]) * reach[k]
    return total


@njit(cache=True, nogil=True)
def steepness_at(code, parameters, z):
    """The slope at `z` of a smooth function, or of one that is smooth but for a few points."""
    if code == SOFTSIGN:
        return 1 / ((1 + abs(z)) * (1 + abs(z)))
    if code == ELU:
        return parameters[1] if z > 0 else parameters[0] * math.exp(z)
    if code >= GELU:
        return swell_at(code, z)
    # tanh is a sigmoid of twice the steepness, and of twice the height.
    rate = 2.0 if code == TANH else parameters[0]
    decay = math.exp(-rate * abs(z))
    if code == SOFTPLUS:
        return (1.0 if z > 0 else decay) / (1 + decay)
    return (4.0 if code == TANH else parameters[0]) * decay / ((1 + decay) * (1 + decay))


@njit(cache=True, nogil=True)
def swell_at(code, z):
    """The slope at `z` of gelu, gelu_new, silu and hardswish."""
    if abs(z) >= (3.0 if code == HARDSWISH else FAR):
        return 1.0 if z > 0 else 0.0
    if code == GELU:
        return 0.5 * (1 + math.erf(z * math.sqrt(0.5))) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    if code == GELU_NEW:
        share = math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z))
        rate = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z * z)
        return 0.5 * (1 + share) + 0.5 * z * (1 - share * share) * rate
    if code == SILU:
        share = 1 / (1 + math.exp(-z))
        return share * (1 + z * (1 - share))
    return (2 * z + 3) / 6


@njit(cache=True, nogil=True)
def magnitude(code, parameters):
    """The magnitude of what an activation is computed from beside its input, to which its rounding is relative."""
    if code == CLIP:
        return abs(parameters[1]) + abs(parameters[2]) + abs(parameters[3])
    if code == ELU:
        return parameters[0]
    if code == SOFTPLUS:
        return 1 / parameters[0]
    return 0.0 if code == LEAKY else 1.0


@njit(cache=True, nogil=True)
def enclose(code, parameters, low, high):
    """Slope and intercept of a line below and of one above the activation between `low` and `high`."""
    if code == LEAKY:
        return enclose_kink(parameters[0], low, high)
    if code == CLIP:
        return enclose_clip(parameters, low, high)
    if code == ELU or code == SOFTPLUS:
        return enclose_bend(code, parameters, low, high)
    if code == STEP:
        least = 1.0 if low > 0 else 0.0 if low == 0 else parameters[0]
        greatest = parameters[0] if high < 0 else 0.0 if high == 0 else 1.0
        return 0.0, least, 0.0, greatest
    # The slope of the others rises to its peak and falls from there, so it is least at one of the ends; of those that
    # dip, it first falls to its least.
    slope = min(steepness_at(code, parameters, low), steepness_at(code, parameters, high))
    if code >= GELU and low <= STEEPEST_FALL[code - GELU] < high:
        slope = LEAST_SLOPE[code - GELU]
    least, greatest = activate(code, parameters, low), activate(code, parameters, high)
    return slope, least - slope * low, slope, greatest - slope * high


@njit(cache=True, nogil=True)
def enclose_kink(below, low, high):
    """`enclose` for a function of slope `below` up to 0 and of slope 1 from there."""
    if low >= 0:
        return 1.0, 0.0, 1.0, 0.0
    if high <= 0:
        return below, 0.0, below, 0.0
    # On the side it bends to, the chord; on the other, the slope of the longer part.
    chord = (high - below * low) / (high - low)
    intercept = (below - chord) * low
    near = 1.0 if high > -low else below
    if below <= 1:
        return near, 0.0, chord, intercept
    return chord, intercept, near, 0.0


@njit(cache=True, nogil=True)
def enclose_clip(parameters, low, high):
    """`enclose` for slope * z + shift, held between a floor, which it leaves at `bottom`, and a ceiling from `top`."""
    slope, shift, floor, ceiling = parameters[0], parameters[1], parameters[2], parameters[3]
    bottom, top = (floor - shift) / slope, (ceiling - shift) / slope
    if high <= bottom:
        return 0.0, floor, 0.0, floor
    if low >= top:
        return 0.0, ceiling, 0.0, ceiling
    least = floor if low < bottom else slope * low + shift
    greatest = ceiling if high > top else slope * high + shift
    middle = low + (high - low) / 2
    # Each line goes through one of the kinks, or else an end: where the other one is level, towards the far end.
    start, end = max(low, bottom), min(high, top)
    below = slope if high <= top else (greatest - least) / (high - start)
    above = slope if low >= bottom else (greatest - least) / (end - low)
    if low < bottom and middle <= bottom:
        below = 0.0
    if high > top and middle >= top:
        above = 0.0
    return below, least - below * start, above, greatest - above * end


@njit(cache=True, nogil=True)
def enclose_bend(code, parameters, low, high):
    """`enclose` for softplus and elu, which bend upwards, except that a steep elu has a kink downwards at 0."""
    least, greatest = activate(code, parameters, low), activate(code, parameters, high)
    dented = code == ELU and parameters[0] > parameters[1] and low < 0 and high > 0
    steepest = 1.0 if code == SOFTPLUS else max(parameters[0], parameters[1])
    middle = low + (high - low) / 2
    above = steepness_at(code, parameters, middle)
    if high > low:
        above = min(max((greatest - least) / (high - low), 0.0), steepest)
    intercept = max(least - above * low, greatest - above * high)
    if dented:
        below = min(steepness_at(code, parameters, low), parameters[1])
        return below, least - below * low, above, max(intercept, 0.0)
    below = steepness_at(code, parameters, middle)
    return below, activate(code, parameters, middle) - below * middle, above, intercept


@njit(cache=True, nogil=True)
def relax(wiring, weights, center, reach, signs, lines):
    """Fill `lines` for all hidden layers, on the box around `center` (features,) of half sides `reach` (features,).

    Where `signs` (layers, widest) is 1 or -1, only those inputs of the box count at which the neuron's pre-activation
    is at least, or at most, 0.
    """
    features = len(center)
    for i in range(features):
        lines.carried[0, i] = 0.0
        lines.carried[0, i, :, i] = 1.0
        lines.carried[0, i, :, features] = center[i]
        lines.scales[0, i] = abs(center[i]) + reach[i]
    for layer in range(len(wiring.codes) - 1):
        code, parameters = wiring.codes[layer], wiring.parameters[layer]
        incoming = wiring.widths[layer]
        for j in range(wiring.widths[layer + 1]):
            start = wiring.starts[layer] + j * incoming
            row = weights[start : start + incoming]
            received, carried = lines.received[layer, j], lines.carried[layer + 1, j]
            scale = receive(wiring.biases[layer, j], row, lines.carried[layer], lines.scales[layer], received)
            low = received[0, features] - swing(received[0], reach)
            high = received[1, features] + swing(received[1], reach)
            if signs[layer, j] > 0:
                low = max(low, 0.0)
            if signs[layer, j] < 0:
                high = min(high, 0.0)
            lines.ends[layer, j, 0], lines.ends[layer, j, 1] = low, high
            slope_below, at_below, slope_above, at_above = enclose(code, parameters, low, high)
            # A falling line is low where the pre-activation is high.
            under, over = 0 if slope_below >= 0 else 1, 1 if slope_above >= 0 else 0
            for k in range(features + 1):
                carried[0, k] = slope_below * received[under, k]
                carried[1, k] = slope_above * received[over, k]
            carried[0, features] += at_below
            carried[1, features] += at_above
            steepest, intercept = max(abs(slope_below), abs(slope_above)), max(abs(at_below), abs(at_above))
            lines.scales[layer + 1, j] = steepest * scale + intercept + magnitude(code, parameters)


@njit(cache=True, nogil=True)
def demand(wiring, weights, coefficients, lines, out):
    """Fill `out` (2, features + 1) with the lines below and above a combination of the outputs' pre-activations, of
    `coefficients` (outputs,)."""
    last = len(wiring.codes) - 1
    row = np.zeros(wiring.widths[last])
    bias = 0.0
    for output in range(len(coefficients)):
        bias += coefficients[output] * wiring.biases[last, output]
        start = wiring.starts[last] + output * len(row)
        for i in range(len(row)):
            row[i] += coefficients[output] * weights[start + i]
    receive(bias, row, lines.carried[last], lines.scales[last], out)


@njit(cache=True, nogil=True)
def run(wiring, weights, point, states):
    """The outputs' pre-activations (outputs,) at `point` (features,); `states` (layers + 1, widest) is filled on the
    way."""
    states[0, : len(point)] = point
    last = len(wiring.codes) - 1
    for layer in range(last + 1):
        incoming = wiring.widths[layer]
        for j in range(wiring.widths[layer + 1]):
            start = wiring.starts[layer] + j * incoming
            total = wiring.biases[layer, j]
            for i in range(incoming):
                # What an absent neuron carries may be infinite, and 0 times that is not a number.
                if weights[start + i] != 0:
                    total += weights[start + i] * states[layer, i]
            if layer < last:
                total = activate(wiring.codes[layer], wiring.parameters[layer], total)
            states[layer + 1, j] = total
    return states[last + 1, : wiring.widths[last + 1]]
