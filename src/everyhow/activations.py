"""Activation functions by name, and where each one crosses a level."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from .errors import InputError

ALLOWED = "identity, relu, leaky_relu, leaky_relu:SLOPE, tanh, sigmoid, sigmoid:STEEPNESS"
DEFAULT_PARAMETER = {"leaky_relu": 0.01, "sigmoid": 1.0}
# The codes by which kernels know the functions; relu is a leaky relu of slope 0, identity one of slope 1.
LEAKY, TANH, SIGMOID = 0, 1, 2


@dataclass(frozen=True)
class Activation:
    """A non-decreasing function of one number, `code` and `parameter` being what a kernel needs to apply it."""

    name: str
    code: int
    parameter: float

    def __call__(self, z: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        if self.code == LEAKY:
            return np.where(z > 0, z, self.parameter * z)
        if self.code == TANH:
            return np.tanh(z)
        decay = np.exp(-np.abs(self.parameter * z))
        return np.where(z >= 0, 1 / (1 + decay), decay / (1 + decay))

    @property
    def strictly_increasing(self) -> bool:
        """Whether it tells apart whatever it receives, so that the largest value comes from the largest argument."""
        return self.code != LEAKY or self.parameter > 0

    def crossing(self, level: float) -> float:
        """The z beyond which the function exceeds `level`; infinite when it always or never does."""
        if self.code == LEAKY:
            if level >= 0:
                return level
            return level / self.parameter if self.parameter > 0 else -math.inf
        lowest = -1.0 if self.code == TANH else 0.0
        if level < lowest or (level == lowest and self.code == SIGMOID):
            return -math.inf
        if level >= 1:
            return math.inf
        if self.code == TANH:
            return math.atanh(level) if level > -1 else -math.inf
        return math.log(level / (1 - level)) / self.parameter


@lru_cache
def activation(name: str) -> Activation:
    """The activation called `name`.

    Raises:
        InputError: the name is unknown, or its parameter is not a number in range.

    Example:
        >>> activation("leaky_relu:0.2").parameter
        0.2
    """
    kind, colon, text = name.partition(":")
    if kind in ("identity", "relu", "tanh") and not colon:
        code, parameter = {"identity": (LEAKY, 1.0), "relu": (LEAKY, 0.0), "tanh": (TANH, 0.0)}[kind]
        return Activation(name, code, parameter)
    if kind not in DEFAULT_PARAMETER:
        raise InputError(f"unknown activation {name!r}; allowed: {ALLOWED}")
    try:
        parameter = float(text) if colon else DEFAULT_PARAMETER[kind]
    except ValueError:
        parameter = math.nan
    if kind == "leaky_relu" and 0 <= parameter < math.inf:
        return Activation(name, LEAKY, parameter)
    if kind == "sigmoid" and 0 < parameter < math.inf:
        return Activation(name, SIGMOID, parameter)
    rule = "a number of at least 0" if kind == "leaky_relu" else "a number above 0"
    raise InputError(f"activation {name!r}: what follows the colon must be {rule}; allowed: {ALLOWED}")
