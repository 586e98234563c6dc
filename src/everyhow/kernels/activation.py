"""One activation value; the codes and their parameters are those of everyhow.activations."""

import math

from .compiling import njit


@njit(cache=True, nogil=True, inline="always")
def activate(code, parameters, z):
    if code > 2:
        return activate_otherwise(code, parameters[0], parameters[1], parameters[2], parameters[3], z)
    if code == 0:
        return z if z > 0 else parameters[0] * z
    if code == 1:
        return math.tanh(z)
    if z >= 0:
        return 1 / (1 + math.exp(-parameters[0] * z))
    decay = math.exp(parameters[0] * z)
    return decay / (1 + decay)


@njit(cache=True, nogil=True)
def activate_otherwise(code, a, b, c, d, z):
    """The less common functions, apart so that they do not slow the others down."""
    if code == 3:
        z = a * z + b
        return c if z < c else d if z > d else z
    if code == 4:
        return b * z if z > 0 else a * math.expm1(z)
    if code == 5:
        return max(z, 0.0) + math.log1p(math.exp(-abs(a * z))) / a
    if code == 6:
        return z / (1 + abs(z))
    if code == 7:
        return 1.0 if z > 0 else a if z < 0 else 0.0 * z
    if code == 8:
        return 0.5 * z * (1 + math.erf(z * math.sqrt(0.5)))
    if code == 9:
        return 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)))
    if code == 10:
        return z / (1 + math.exp(-z))
    return z * (min(max(z + 3, 0.0), 6.0) / 6)
