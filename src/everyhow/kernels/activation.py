"""One activation value; the codes are those of everyhow.activations."""

import math

from numba import njit


@njit(cache=True, nogil=True, inline="always")
def activate(code, parameter, z):
    if code == 0:
        return z if z > 0 else parameter * z
    if code == 1:
        return math.tanh(z)
    if z >= 0:
        return 1 / (1 + math.exp(-parameter * z))
    decay = math.exp(parameter * z)
    return decay / (1 + decay)
