"""Activations that exporters write as several operators, found as such."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import onnx

from .endings import clip
from .onnx_operators import SIXTH, option_of

EITHER_WAY = ("Add", "Mul", "Max", "Min")
Found = Mapping[str, Any]  # what stands for "x", a name, and for each "?letter", a number


def _halves(gate: Any) -> tuple[Any, ...]:
    """x * gate / 2, in each order."""
    return (
        ("Mul", ("Mul", "x", gate), 0.5), ("Mul", ("Mul", "x", 0.5), gate), ("Mul", "x", ("Mul", gate, 0.5)),
        ("Div", ("Mul", "x", gate), 2.0),
    )  # fmt: skip


def _above(threshold: str, scaled: Any, otherwise: Any) -> Any:
    return ("Where", ("Greater", scaled, threshold), "x", otherwise)


_CUBES = (("Mul", "x", ("Mul", "x", "x")), ("Pow", "x", 3.0))
_INNER = [("Mul", math.sqrt(2 / math.pi), ("Add", "x", ("Mul", 0.044715, cube))) for cube in _CUBES]
_TURNED = (("Div", "x", math.sqrt(2)), ("Mul", "x", math.sqrt(0.5)))
_SCALED = ("Mul", "x", "?b")
# Each with the activation that it is, by the numbers found in it, or None when these do not fit.
PATTERNS: list[tuple[Any, Callable[[Found], str | None]]] = [
    (("Mul", "x", ("Sigmoid", "x")), lambda found: "silu"),
    (("Mul", "x", ("HardSigmoid", "x")), lambda found: "hardswish"),
    (("Div", ("Mul", "x", ("Clip", ("Add", "x", 3.0), 0.0, 6.0)), 6.0), lambda found: "hardswish"),
    (("Mul", "x", ("Div", ("Clip", ("Add", "x", 3.0), 0.0, 6.0), 6.0)), lambda found: "hardswish"),
    (("Div", "x", ("Add", ("Abs", "x"), 1.0)), lambda found: "softsign"),
    (("Div", ("Softplus", _SCALED), "?b"), lambda found: f"softplus:{found['?b']!r}" if found["?b"] > 0 else None),
    # PyTorch's softplus is x itself above a threshold, where both are the same in float32.
    (_above("?t", "x", ("Softplus", "x")), lambda found: "softplus" if found["?t"] >= 20 else None),
    (
        _above("?t", _SCALED, ("Div", ("Softplus", _SCALED), "?b")),
        lambda found: f"softplus:{found['?b']!r}" if found["?t"] >= 20 and found["?b"] > 0 else None,
    ),
    (_above("?t", "x", ("Mul", "x", "?a")), lambda found: _leaky(found["?a"]) if found["?t"] == 0 else None),
    (_above("?t", "x", "?a"), lambda found: "relu" if found["?t"] == found["?a"] == 0 else None),
    (("Max", "x", ("Mul", "x", "?a")), lambda found: _leaky(found["?a"]) if 0 <= found["?a"] <= 1 else None),
    *((("Min", inner, "?h"), lambda found: _between(found)) for inner in (("Max", "x", "?l"), ("Relu", "x"))),
    (("Max", ("Min", "x", "?h"), "?l"), lambda found: _between(found)),
    *((half, lambda found: "gelu") for turned in _TURNED for half in _halves(("Add", ("Erf", turned), 1.0))),
    *((half, lambda found: "gelu_new") for inner in _INNER for half in _halves(("Add", ("Tanh", inner), 1.0))),
]
ROOTS = {pattern[0] for pattern, _ in PATTERNS}
# What stands within patterns, and nowhere else.
INNER = ("Abs", "Erf", "Pow", "Where")


def _leaky(slope: float) -> str:
    return {0.0: "relu", 0.01: "leaky_relu"}.get(slope, f"leaky_relu:{slope!r}")


def _between(found: Found) -> str | None:
    low = found.get("?l", 0.0)
    return clip(low, found["?h"]) if low < found["?h"] else None


def recognized(
    name: str, producers: Mapping[str, onnx.NodeProto], known: Mapping[str, np.ndarray]
) -> tuple[str, str] | None:
    """The activation that gives a tensor, and the name of the tensor that it takes; None when there is none.

    Args:
        name: the tensor.
        producers: the operator that gives each tensor.
        known: the tensors that do not depend on the inputs.
    """
    if producers[name].op_type not in ROOTS:
        return None
    for pattern, activation_of in PATTERNS:
        for found in _matches(name, pattern, {}, producers, known):
            activation = activation_of(found)
            if activation is not None:
                return activation, found["x"]
    return None


def _matches(name: str, pattern: Any, found: Found, producers: Any, known: Any) -> Iterator[Found]:
    """The ways in which a tensor is what a pattern says."""
    if pattern == "x":
        if name not in known and found.get("x", name) == name:
            yield {**found, "x": name}
    elif isinstance(pattern, str | float):
        if name in known and known[name].size == 1:
            array = known[name]
            value = float(array.reshape(())) + 0.0
            if isinstance(pattern, float):
                near = 2 * np.finfo(array.dtype).eps if array.dtype.kind == "f" else 0.0
                if abs(value - pattern) <= near * abs(pattern):
                    yield found
            elif found.get(pattern, value) == value:
                yield {**found, pattern: value}
    elif name in producers and producers[name].op_type == pattern[0] and _usual(producers[name]):
        operands, wanted = list(producers[name].input), pattern[1:]
        orders = [operands, operands[::-1]] if pattern[0] in EITHER_WAY else [operands]
        for order in orders if len(operands) == len(wanted) else []:
            ways = [found]
            for operand, part in zip(order, wanted, strict=True):
                ways = [more for way in ways for more in _matches(operand, part, way, producers, known)]
            yield from ways


def _usual(node: onnx.NodeProto) -> bool:
    """Whether its options are those that the patterns mean."""
    if node.op_type == "HardSigmoid":
        return (option_of(node, "alpha"), option_of(node, "beta", 0.5)) == (SIXTH, 0.5)
    return not node.attribute
