"""Activation functions by name, where each one crosses a level, and how far it may pass an error on."""

import difflib
import math
import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float
from ..kernels.codes import CLIP, ELU, GELU, GELU_NEW, HARDSWISH, LEAKY, SIGMOID, SILU, SOFTPLUS, SOFTSIGN, STEP, TANH

# Those that fall below 0 and rise again, and where they are lowest.
DIPS = {GELU: -0.7517915246935645, GELU_NEW: -0.7524614220710163, SILU: -1.2784645427610738, HARDSWISH: -1.5}

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
# What libraries' functions are off by, in units of eps, where they are about 1.
FUNCTION_ERROR = 4.0
# Beyond so much, times beta, PyTorch takes softplus for the identity.
SOFTPLUS_IS_IDENTITY = 19.9

Parameters = tuple[float, float, float, float]


@dataclass(frozen=True)
class Activation:
    """A function of one number, `code` and `parameters` being what a kernel needs to apply it."""

    name: str
    code: int
    parameters: Parameters

    def __call__(self, z: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        # Where a formula overflows, its limit comes out.
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return FORMULAS[self.code](z, *self.parameters)

    @property
    def is_monotone(self) -> bool:
        """Whether a larger input never has a smaller output."""
        return self.code not in DIPS and not (self.code == LEAKY and self.parameters[0] < 0)

    @property
    def is_strictly_increasing(self) -> bool:
        """Whether a larger input always has a larger output, but for rounding."""
        factor = self.parameters[0]
        return self.code in (TANH, SIGMOID, SOFTPLUS, SOFTSIGN) or (self.code in (LEAKY, ELU) and factor > 0)

    def crossing(self, level: float) -> float:
        """The largest number at which the function, as float64 arithmetic computes it, does not exceed `level`. Beyond
        it the function exceeds the level everywhere, before it nowhere. Infinite when it always or never does.

        Raises:
            InputError: the function is above the level on both sides of where it is not.

        Example:
            >>> activation("step").crossing(0.5), activation("relu6").crossing(6), activation("hardtanh").crossing(-2)
            (0.0, inf, -inf)
        """
        return _crossing(self, float(level))

    def moved(
        self, values: Float[np.ndarray, "*shape"], error: Float[np.ndarray, "*shape"]
    ) -> Float[np.ndarray, "*shape"]:
        """How far outputs may be off where the inputs are `values`, off by up to `error`."""
        if self.code == STEP:
            return np.where(np.abs(values) <= error, 1.0 - self.parameters[0], 0.0)
        return self.steepest(values, error) * error

    def steepest(
        self, values: Float[np.ndarray, "*shape"], error: Float[np.ndarray, "*shape"]
    ) -> Float[np.ndarray, "*shape"]:
        """A bound of the steepest slope of the function, up or down, anywhere within the error of the values."""
        first, second, *_ = self.parameters
        if self.code == LEAKY:
            return np.maximum(np.where(values > -error, 1.0, 0.0), np.where(values < error, abs(first), 0.0))
        if self.code in (TANH, SIGMOID):
            nearest = self(np.maximum(np.abs(values) - error, 0))
            return first * nearest * (1 - nearest) if self.code == SIGMOID else 1 - nearest**2
        if self.code == STEP:
            return np.where(np.abs(values) <= error, math.inf, 0.0)
        overall = {CLIP: first, ELU: max(first, second), GELU: 1.13, GELU_NEW: 1.13, SILU: 1.1, HARDSWISH: 1.5}
        return np.full(np.shape(values), overall.get(self.code, 1.0))

    def rounding(self, values: Float[np.ndarray, "*shape"], epsilon: float) -> Float[np.ndarray, "*shape"] | float:
        """How far the function's own `values`, as libraries compute them in arithmetic of that epsilon, may be off."""
        size = np.abs(values)
        relative, absolute = self.accuracy
        off = epsilon * (relative * size + absolute)
        if self.code == SOFTPLUS:
            beta = self.parameters[0]
            off = off + 2 * np.where(beta * size > SOFTPLUS_IS_IDENTITY, np.exp(-beta * size), 0.0) / beta
        return off

    @property
    def accuracy(self) -> tuple[float, float]:
        """How far a value computed by the function's own formula may be off, in units of eps: so many times its
        magnitude, plus so many."""
        first, second, *_ = self.parameters
        if self.code == LEAKY:
            return (0.0 if first in (0.0, 1.0) else 2.0), 0.0
        if self.code == STEP:
            return 0.0, 0.0
        if self.code == CLIP:
            return 2.0, 4 * abs(second)
        if self.code == SOFTPLUS:
            return FUNCTION_ERROR, FUNCTION_ERROR / first
        if self.code == ELU:
            return FUNCTION_ERROR, FUNCTION_ERROR * first
        return (FUNCTION_ERROR, 4 * FUNCTION_ERROR) if self.code in DIPS else (0.0, FUNCTION_ERROR)


def activation(name: str) -> Activation:
    """The activation called `name`.

    Raises:
        InputError: the name is unknown, or its parameters are not numbers in range.

    Example:
        >>> activation("leaky_relu:0.2").parameters[0]
        0.2
    """
    if not isinstance(name, str):
        found = getattr(name, "__name__", type(name).__name__)
        raise InputError(
            f"an activation is given by its name, not as {reprlib.repr(name)}{_suggestion(found)}; allowed: {ALLOWED}"
        )
    return _activation(name)


@lru_cache
def _activation(name: str) -> Activation:
    kind, *texts = name.split(":")
    if kind in PLAIN and not texts:
        code, *parameters = PLAIN[kind]
        return _made(name, code, *parameters)
    if kind not in FAMILIES:
        raise InputError(f"unknown activation {name!r}{_suggestion(name)}; allowed: {ALLOWED}")
    family = FAMILIES[kind]
    try:
        numbers = tuple(map(float, texts)) or family.usual
    except ValueError:
        numbers = ()
    if len(numbers) != len(family.usual) or not all(map(math.isfinite, numbers)) or not family.allows(*numbers):
        colons = "the colon" if len(family.usual) == 1 else "the colons"
        raise InputError(f"activation {name!r}: what follows {colons} must be {family.rule}; allowed: {ALLOWED}")
    return _made(name, family.code, *family.parameters(*numbers))


def _made(name: str, code: int, a: float = 0.0, b: float = 0.0, c: float = 0.0, d: float = 0.0) -> Activation:
    return Activation(name, code, (a, b, c, d))


@dataclass(frozen=True)
class _Family:
    """Functions of one kind, by the numbers that follow the colons.

    Attributes:
        code: of all of them.
        shown: what the numbers are called.
        usual: the numbers when none are given.
        rule: what they must be, in words.
        allows: whether finite numbers are in range.
        parameters: those of the function.
    """

    code: int
    shown: str
    usual: tuple[float, ...]
    rule: str
    allows: Callable[..., bool]
    parameters: Callable[..., tuple[float, ...]] = lambda *numbers: numbers


PLAIN: dict[str, tuple[Any, ...]] = {
    "identity": (LEAKY, 1.0), "relu": (LEAKY, 0.0), "tanh": (TANH,), "gelu": (GELU,), "gelu_new": (GELU_NEW,),
    "silu": (SILU,), "selu": (ELU, SELU_ALPHA * SELU_SCALE, SELU_SCALE), "relu6": (CLIP, 1.0, 0.0, 0.0, 6.0),
    "hardswish": (HARDSWISH,), "softsign": (SOFTSIGN,), "step": (STEP, 0.0), "sign": (STEP, -1.0),
}  # fmt: skip
FAMILIES = {
    "leaky_relu": _Family(LEAKY, "SLOPE", (0.01,), "a finite number", lambda slope: True),
    "sigmoid": _Family(SIGMOID, "STEEPNESS", (1.0,), "a number above 0", lambda steepness: steepness > 0),
    "elu": _Family(
        ELU, "ALPHA", (1.0,), "a number of at least 0", lambda alpha: alpha >= 0, lambda alpha: (alpha, 1.0)
    ),
    "softplus": _Family(SOFTPLUS, "BETA", (1.0,), "a number above 0", lambda beta: beta > 0),
    "hardtanh": _Family(
        CLIP, "LOW:HIGH", (-1.0, 1.0), "two numbers, the lower one first", lambda low, high: low < high,
        lambda low, high: (1.0, 0.0, low, high),
    ),
    "hardsigmoid": _Family(
        CLIP, "SLOPE:SHIFT", (1 / 6, 0.5), "two numbers, the slope above 0", lambda slope, shift: slope > 0,
        lambda slope, shift: (slope, shift, 0.0, 1.0),
    ),
}  # fmt: skip
ALLOWED = ", ".join([*PLAIN, *(f"{kind}, {kind}:{family.shown}" for kind, family in FAMILIES.items())])
# What others call them, in small letters and digits alone.
ELSEWHERE = {
    "linear": "identity", "none": "identity", "nonetype": "identity", "rectifier": "relu", "lrelu": "leaky_relu",
    "prelu": "leaky_relu", "logistic": "sigmoid", "expit": "sigmoid", "swish": "silu", "hardsilu": "hardswish",
    "hswish": "hardswish", "hsigmoid": "hardsigmoid", "geluapproximate": "gelu_new", "gelutanh": "gelu_new",
    "gelupytorchtanh": "gelu_new", "geluapproximatetanh": "gelu_new", "clip": "hardtanh", "clamp": "hardtanh",
    "heaviside": "step", "hardlim": "step", "binarystep": "step", "signum": "sign",
}  # fmt: skip

# Other functions, some of whose names are near those of ours.
OTHERS = {
    "celu", "glu", "rrelu", "mish", "logsigmoid", "softshrink", "hardshrink", "tanhshrink", "threshold", "softmax",
    "logsoftmax", "softmin", "quickgelu", "relu2", "squaredrelu",
}  # fmt: skip


def _suggestion(found: str) -> str:
    """The name that was perhaps meant, in words; empty when none is near."""
    kind, colon, numbers = found.partition(":")
    whole, plain = (re.sub("[^a-z0-9]", "", text.lower()) for text in (kind, kind.split("(")[0].split(".")[-1]))
    names = {known.replace("_", ""): known for known in (*PLAIN, *FAMILIES)} | ELSEWHERE
    near = [whole] if whole in names else difflib.get_close_matches(plain, names, n=1, cutoff=0.75)
    if not near or plain in OTHERS:
        return ""
    meant = names[near[0]]
    return f"; did you mean {meant}{colon}{numbers}?" if meant in FAMILIES else f"; did you mean {meant}?"


@lru_cache(maxsize=1024)
def _crossing(function: Activation, level: float) -> float:
    """Bisection over all float64 numbers in their order, so that flat parts and jumps are where arithmetic has them."""

    def exceeds(ordinal: int) -> bool:
        return bool(function(np.array(_number(ordinal))) > level)

    low, high = -_LAST, _LAST
    if not function.is_monotone and level >= 0 and exceeds(low):
        raise InputError(_two_sided(function, level))
    if exceeds(low):
        if function.code in DIPS and not exceeds(_ordinal(DIPS[function.code])):
            raise InputError(_two_sided(function, level))
        return -math.inf
    if not exceeds(high):
        return math.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if exceeds(middle) else (middle, high)
    return _number(low)


def _two_sided(function: Activation, level: float) -> str:
    rule = (
        "decide its outputs at a level above 0, by more than the 1e-9 by which levels are moved, or use a last "
        if function.code in DIPS
        else "use a last "
    )
    return (
        f"the outputs cannot be decided at {level:.10g}: the last activation, {function.name}, falls and rises again, "
        f"and is above that on both sides of where it is not; {rule}activation that never falls, such as identity"
    )


def _number(ordinal: int) -> float:
    """The float64 number of an ordinal, 0 having the ordinal 0."""
    return math.copysign(float(np.int64(abs(ordinal)).view(np.float64)), ordinal)


def _ordinal(number: float) -> int:
    return int(math.copysign(1, number)) * int(np.float64(abs(number)).view(np.int64))


_LAST = _ordinal(np.finfo(np.float64).max)


def _sigmoid(z, steepness, *_):
    decay = np.exp(-np.abs(steepness * z))
    return np.where(z >= 0, 1 / (1 + decay), decay / (1 + decay))


def _clip(z, slope, shift, low, high):
    return np.clip(slope * z + shift, low, high)


def _elu(z, factor, slope, *_):
    return np.where(z > 0, slope * z, factor * np.expm1(np.minimum(z, 0)))


def _softplus(z, beta, *_):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(beta * z))) / beta


def _step(z, below, *_):
    return np.where(z > 0, 1.0, np.where(z < 0, below, 0.0 * z))


def _gelu(z, *_):
    from scipy.special import erf

    return 0.5 * z * (1 + erf(z * math.sqrt(0.5)))


def _gelu_new(z, *_):
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)))


FORMULAS: dict[int, Callable[..., Any]] = {
    LEAKY: lambda z, slope, *_: np.where(z > 0, z, slope * z),
    TANH: lambda z, *_: np.tanh(z),
    SIGMOID: _sigmoid,
    CLIP: _clip,
    ELU: _elu,
    SOFTPLUS: _softplus,
    SOFTSIGN: lambda z, *_: z / (1 + np.abs(z)),
    STEP: _step,
    GELU: _gelu,
    GELU_NEW: _gelu_new,
    SILU: lambda z, *_: z / (1 + np.exp(-z)),
    HARDSWISH: lambda z, *_: z * (np.clip(z + 3, 0, 6) / 6),
}
