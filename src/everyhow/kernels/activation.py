"""One activation value, by the code and the parameters of its function.

The three usual functions are compiled into the loops that call `activate`; all others are one call away, so that the
usual ones are not slowed down.
"""

import math

from .codes import CLIP, ELU, GELU, GELU_NEW, LEAKY, SIGMOID, SILU, SOFTPLUS, SOFTSIGN, STEP, TANH
from .compiling import njit


@njit(cache=True, nogil=True, inline="always")
def activate(code, parameters, z):
    """What a neuron of pre-activation `z` carries; `parameters` (4,) are those of its function."""
    if code > SIGMOID:
        return activate_otherwise(code, parameters[0], parameters[1], parameters[2], parameters[3], z)
    if code == LEAKY:
        return z if z > 0 else parameters[0] * z
    if code == TANH:
        return math.tanh(z)
    # The sigmoid, by whichever formula does not overflow.
    if z >= 0:
        return 1 / (1 + math.exp(-parameters[0] * z))
    decay = math.exp(parameters[0] * z)
    return decay / (1 + decay)


@njit(cache=True, nogil=True)
def activate_otherwise(code, a, b, c, d, z):
    """What the less common functions give at `z`; `a` to `d` are their parameters, all arguments being numbers."""
    if code == CLIP:
        z = a * z + b
        return c if z < c else d if z > d else z
    if code == ELU:
        return b * z if z > 0 else a * math.expm1(z)
    if code == SOFTPLUS:
        # log(1 + exp(a z)) / a, without overflow.
        return max(z, 0.0) + math.log1p(math.exp(-abs(a * z))) / a
    if code == SOFTSIGN:
        return z / (1 + abs(z))
    if code == STEP:
        return 1.0 if z > 0 else a if z < 0 else 0.0 * z
    if code == GELU:
        return 0.5 * z * (1 + math.erf(z * math.sqrt(0.5)))
    if code == GELU_NEW:
        return 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)))
    if code == SILU:
        return z / (1 + math.exp(-z))
    return z * (min(max(z + 3, 0.0), 6.0) / 6)
