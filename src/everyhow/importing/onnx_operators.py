"""The operators of ONNX that networks are made of, each as steps and as the shape that it leaves."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import onnx
from onnx import helper

from ..common.errors import InputError
from .endings import clip
from .layers import Affine, LeftOut, Nonlinear, Selection, Step, elementwise, leaky_relu, normalization
from .numbering import Numbering
from .onnx_tensors import FLOATS, WHOLE, folded

SUPPORTED = (
    "Gemm, MatMul, Einsum of a matrix, BatchNormalization, Scaler, Add, Sub, Mul, Div and Neg by constants, "
    "activations, Gather and Slice of features, and what changes shapes only"
)
DOMAINS = ("", "ai.onnx")
SCIKIT = "ai.onnx.ml"
# Options are float32, and so are their defaults.
SLOPE, EPSILON, SIXTH, FIFTH = (float(np.float32(one)) for one in (0.01, 1e-5, 1 / 6, 0.2))
SELU = float(np.float32(1.67326319217681884765625)), float(np.float32(1.05070102214813232421875))
LARGEST = float(np.finfo(np.float32).max)
# Those that are called here as in ONNX.
PLAIN = ("Relu", "Tanh", "Sigmoid", "Softplus", "HardSwish", "Softsign", "Sign")
Made = tuple[Sequence[Step], Numbering]


@dataclass(frozen=True)
class OperatorNode:
    """One operator of the chain.

    Attributes:
        node: the operator.
        state: the name of what flows through.
        numbering: where in it the features of each input lie.
        steps: what happened before.
        known: the tensors that do not depend on the inputs.
        sized: those of them that depend on how many inputs a batch has.
        types: the floating-point types used so far; operators add to them.
    """

    node: onnx.NodeProto
    state: str
    numbering: Numbering
    steps: Sequence[Step]
    known: dict[str, np.ndarray]
    sized: Collection[str]
    types: set[str]

    @property
    def where(self) -> str:
        return where_of(self.node)

    @property
    def first(self) -> bool:
        """Whether what flows through is the first operand, and no other."""
        return self.node.input[0] == self.state

    def option(self, name: str, default: Any = None) -> Any:
        return option_of(self.node, name, default)

    def has(self, position: int) -> bool:
        return position < len(self.node.input) and bool(self.node.input[position])

    def sizes(self, position: int) -> np.ndarray | None:
        """The stored operand at a position, which may depend on the size of a batch; None when it is left out."""
        if not self.has(position):
            return None
        name = self.node.input[position]
        if name not in self.known:
            raise InputError(
                f"{self.where}: its operand {position} is not stored as plain numbers; such a one is supported"
            )
        return self.known[name]

    def constant(self, position: int) -> np.ndarray | None:
        """The stored operand at a position, in float64; None when it is left out.

        Raises:
            InputError: it depends on the inputs.
        """
        found = self.sizes(position)
        if found is not None and self.node.input[position] in self.sized:
            raise self.refuse(f"its operand {position} depends on how many inputs a batch has", "a stored one")
        found = None if found is None else np.asarray(found, np.float64)
        if found is not None and np.isnan(found).any():
            raise self.refuse(f"its operand {position} has nan", "a number in each place")
        return found

    def stored(self, position: int) -> np.ndarray:
        """The stored operand at a position, in float64, where there must be one."""
        found = self.constant(position)
        if found is None:
            raise InputError(f"{self.where}: its operand {position} is missing; export the model again")
        return found

    def number(self, position: int) -> float:
        """The one stored number at a position."""
        found = self.stored(position)
        if found.size != 1:
            raise self.refuse(f"its operand {position} has the shape {found.shape}", "one number")
        return float(found.reshape(()))

    def other(self) -> np.ndarray:
        """The stored operand of an operator on two."""
        return self.stored(1 if self.first else 0)

    def check_not_activated(self) -> None:
        """See that no activation comes right before, which would make what follows a layer of its own.

        Raises:
            InputError: an activation comes right before.
        """
        last = next((step for step in reversed(self.steps) if not isinstance(step, LeftOut)), None)
        if isinstance(last, Nonlinear):
            raise self.refuse(
                f"it comes right after {last.where}, with no linear layer between", "one activation a layer"
            )

    def refuse(self, found: str, allowed: str) -> InputError:
        return InputError(f"{self.where}: {found}; {allowed} is supported")

    def unchanged(self) -> Made:
        """A step that does nothing."""
        return [LeftOut(self.where)], self.numbering

    def activated(self, name: str) -> Made:
        """A step that is an activation."""
        return [Nonlinear(name, self.where)], self.numbering

    def scaled(self, scale: float | np.ndarray, shift: float | np.ndarray) -> Step:
        """scale * x + shift, by one number or one for each feature."""
        return elementwise(scale, shift, self.where, self.numbering.features)


def option_of(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    return next((helper.get_attribute_value(one) for one in node.attribute if one.name == name), default)


def _product(one: OperatorNode, numbering: Numbering, axis: int, weights: np.ndarray) -> Made:
    """A matrix (outgoing, incoming) along an axis."""
    if weights.ndim != 2 or weights.size == 0:
        raise one.refuse(f"its weights have the shape {weights.shape}", "a matrix that is not empty")
    order = numbering.along(axis)
    if order is None:
        raise one.refuse(
            f"it multiplies along axis {axis} of {shown(numbering)}, which does not hold all features of an input",
            "a product over these",
        )
    if len(order) != weights.shape[1]:
        raise InputError(
            f"{one.where} takes {weights.shape[1]} features, but what comes before gives {len(order)}; "
            "mend the shapes in the source"
        )
    steps: list[Step] = [Affine(weights, np.zeros(len(weights)), one.where)]
    if order != tuple(range(len(order))):
        steps.insert(0, Selection(order, len(order), one.where))
    return steps, numbering.with_features(axis, len(weights))


def _without(numbering: Numbering, axis: int) -> Numbering:
    """The numbering without an axis of size 1."""
    return Numbering(np.squeeze(numbering.numbers, axis), numbering.inputs)


def _gemm(one: OperatorNode) -> Made:
    index, turned = (0, one.option("transA", 0)) if one.first else (1, one.option("transB", 0))
    numbering = Numbering(one.numbering.numbers.T, one.numbering.inputs) if turned else one.numbering
    if numbering.numbers.ndim != 2:
        raise one.refuse(f"what it takes is {shown(one.numbering)}", "(inputs, features)")
    # Of A @ B, what flows is A with the weights B, or B with the weights A.
    matrix = one.stored(1 - index)
    weights = matrix.T if index == 0 else matrix
    weights = weights.T if one.option("transB" if index == 0 else "transA", 0) else weights
    (*before, product), after = _product(one, numbering, 1 - index, one.option("alpha", 1.0) * weights)
    added = one.constant(2)
    if added is not None:
        shift, after = _per_feature(one, added, after)
        product = Affine(product.weights, one.option("beta", 1.0) * shift, one.where)  # type: ignore[union-attr]
    return [*before, product], after


def _matmul(one: OperatorNode) -> Made:
    matrix = one.other()
    axis = -1 if one.first else max(-2, -one.numbering.numbers.ndim)
    if matrix.ndim == 1:
        steps, after = _product(one, one.numbering, axis, matrix[None])
        return steps, _without(after, axis)
    return _product(one, one.numbering, axis, matrix.T if one.first else matrix)


def _einsum(one: OperatorNode) -> Made:
    equation = one.option("equation", b"").decode(errors="replace").replace(" ", "")
    terms, _, result = equation.partition("->")
    pair = terms.split(",")
    if len(pair) == 2:
        flow, weights = pair if one.first else pair[::-1]
        (shared, *more), (outgoing, *others) = (
            [one for one in weights if one in flow and one not in result] or [""],
            [one for one in weights if one not in flow and one in result] or [""],
        )
        matrix = one.other()
        if not more and not others and shared and len(weights) == matrix.ndim == 1 + bool(outgoing):
            axis, kept = flow.index(shared), flow.replace(shared, outgoing)
            matrix = matrix[None] if matrix.ndim == 1 else matrix if weights[0] == outgoing else matrix.T
            if len(flow) == one.numbering.numbers.ndim and sorted(kept) == sorted(set(result)) == sorted(result):
                steps, after = _product(one, one.numbering, axis, matrix)
                after = after if outgoing else _without(after, axis)
                turned = after.numbers.transpose([kept.index(letter) for letter in result])
                return steps, Numbering(turned, after.inputs)
    raise one.refuse(f"its equation is {equation[:40]!r}", "the product with a stored matrix, such as 'ni,oi->no',")


def _affine(one: OperatorNode) -> Made:
    """Add, Sub, Mul and Div with a stored operand."""
    if len(one.node.input) != 2:
        raise one.refuse(f"it has {len(one.node.input)} operands", "one stored operand")
    values, numbering = _per_feature(one, one.other(), one.numbering)
    match one.node.op_type:
        case "Add" | "Sum":
            scale, shift = 1.0, values
        case "Sub":
            scale, shift = (1.0, -values) if one.first else (-1.0, values)
        case "Mul":
            scale, shift = values, 0.0
        case _ if not one.first:
            raise one.refuse("it divides a constant by what flows through", "a division by a constant")
        case _ if not values.all():
            raise one.refuse("it divides by zero", "a division by other numbers")
        case _:
            scale, shift = 1 / values, 0.0
    return [one.scaled(scale, shift)], numbering


def _scaler(one: OperatorNode) -> Made:
    offset, numbering = _per_feature(one, np.asarray(one.option("offset", [0.0]), np.float64), one.numbering)
    scale, numbering = _per_feature(one, np.asarray(one.option("scale", [1.0]), np.float64), numbering)
    one.types.add("float32")
    return [one.scaled(1.0, -offset), one.scaled(scale, 0.0)], numbering


def _batch_normalization(one: OperatorNode) -> Made:
    if one.option("training_mode", 0) or len([name for name in one.node.output if name]) > 1:
        raise one.refuse("it is in training mode", "inference mode (model.eval() before exporting)")
    stored = [one.stored(position).reshape(-1) for position in (1, 2, 3, 4)]
    if len({len(each) for each in stored}) > 1:
        raise one.refuse("its statistics are of different lengths", "one number of each per feature")
    # One for each place of axis 1.
    stored = [each.reshape(-1, *[1] * (one.numbering.numbers.ndim - 2)) for each in stored]
    scale, shift, mean, variance = (_per_feature(one, each, one.numbering)[0] for each in stored)
    return normalization(mean, variance, one.option("epsilon", EPSILON), scale, shift, one.where), one.numbering


def _clip(one: OperatorNode) -> Made:
    low, high = (
        one.option(key) if one.constant(at) is None else one.number(at) for at, key in ((1, "min"), (2, "max"))
    )
    if any(np.isnan(bound) for bound in (low, high) if bound is not None):
        raise one.refuse(f"it keeps what lies between {low} and {high}", "a number for each bound")
    low = None if low is None or low <= -LARGEST else low
    high = None if high is None or high >= LARGEST else high
    if low is not None and high is not None:
        if low >= high:
            raise one.refuse(f"it keeps what lies between {low:g} and {high:g}", "a lower bound below the upper one")
        return one.activated(clip(low, high))
    if low is None and high is None:
        return one.unchanged()
    return _beyond(one, np.float64(high or 0.0) if low is None else np.float64(low), low is not None, one.numbering)


def _largest(one: OperatorNode) -> Made:
    """Max and Min with one stored operand."""
    if len(one.node.input) != 2:
        raise one.refuse(f"it has {len(one.node.input)} operands", "one stored operand")
    bound, numbering = _per_feature(one, one.other(), one.numbering)
    return _beyond(one, bound, one.node.op_type == "Max", numbering)


def _beyond(one: OperatorNode, bound: np.ndarray | np.float64, lower: bool, numbering: Numbering) -> Made:
    """max(x, c), which is relu(x - c) + c, or min(x, c), which is c - relu(c - x)."""
    if lower and not bound.any():
        return [Nonlinear("relu", one.where)], numbering
    one.check_not_activated()
    sign = 1.0 if lower else -1.0
    return [one.scaled(sign, -sign * bound), Nonlinear("relu", one.where), one.scaled(sign, bound)], numbering


def _compared(one: OperatorNode) -> Made:
    """Greater and Less, as a step of the difference."""
    above, numbering = _per_feature(one, one.other(), one.numbering)
    one.check_not_activated()
    sign = 1.0 if one.first == (one.node.op_type == "Greater") else -1.0
    before = [one.scaled(sign, -sign * above)] if above.any() or sign < 0 else []
    return [*before, Nonlinear("step", one.where)], numbering


def _leaky(one: OperatorNode) -> Made:
    return [leaky_relu(one.option("alpha", SLOPE), one.where)], one.numbering


def _prelu(one: OperatorNode) -> Made:
    if not one.first:
        raise one.refuse("what flows through gives its slopes", "one stored slope")
    slopes = one.stored(1)
    if slopes.size == 0 or (slopes != slopes.reshape(-1)[0]).any():
        raise one.refuse(f"it has {slopes.size} slopes", "one for all neurons")
    return [leaky_relu(float(slopes.reshape(-1)[0]), one.where)], one.numbering


def _elu(one: OperatorNode) -> Made:
    alpha = one.option("alpha", 1.0)
    if not 0 <= alpha < np.inf:
        raise one.refuse(f"alpha is {alpha:g}", "a number of at least 0")
    return one.activated("elu" if alpha == 1 else f"elu:{alpha!r}")


def _celu(one: OperatorNode) -> Made:
    # celu(x) is alpha * elu(x / alpha).
    alpha = one.option("alpha", 1.0)
    if not 0 < alpha < np.inf:
        raise one.refuse(f"alpha is {alpha:g}", "a number above 0")
    before, after = ([one.scaled(by, 0.0)] if alpha != 1 else [] for by in (1 / alpha, alpha))
    return [*before, Nonlinear("elu", one.where), *after], one.numbering


def _selu(one: OperatorNode) -> Made:
    found = one.option("alpha", SELU[0]), one.option("gamma", SELU[1])
    if not np.allclose(found, SELU, rtol=1e-6, atol=0):
        raise one.refuse(f"alpha and gamma are {found[0]:g} and {found[1]:g}", "the usual pair, 1.6733 and 1.0507,")
    one.types.add("float32")
    return one.activated("selu")


def _hard_sigmoid(one: OperatorNode) -> Made:
    slope, shift = one.option("alpha", FIFTH), one.option("beta", 0.5)
    if (slope, shift) == (SIXTH, 0.5):
        one.types.add("float32")
        return one.activated("hardsigmoid")
    return one.activated(f"hardsigmoid:{slope!r}:{shift!r}")


def _gelu(one: OperatorNode) -> Made:
    return one.activated("gelu_new" if one.option("approximate", b"none") == b"tanh" else "gelu")


def _thresholded(one: OperatorNode) -> Made:
    if one.option("alpha", 1.0) != 0:
        raise one.refuse(f"alpha is {one.option('alpha', 1.0):g}", "0, which makes it a ReLU,")
    return one.activated("relu")


def _moved(one: OperatorNode) -> Made:
    """What only moves numbers, by what becomes of their places."""
    before, allowed = shown(one.numbering), "what keeps the inputs apart, and each feature at most once,"
    operands = [one.sizes(position) for position in range(1, len(one.node.input))]
    numbers = folded(one.node, [one.numbering.numbers, *operands]) if one.first else None
    if numbers is None:
        raise one.refuse(f"its options and operands do not fit {before}", allowed)
    found = one.numbering.moved(numbers)
    if found is None:
        raise one.refuse(f"it takes a part of the inputs, no feature or one twice, of {before}", allowed)
    numbering, kept = found
    if not numbering.is_apart:
        raise one.refuse(f"it mixes the inputs of a batch, {before}", allowed)
    whole = len(kept) == one.numbering.features
    return [LeftOut(one.where) if whole else Selection(kept, one.numbering.features, one.where)], numbering


def _dropout(one: OperatorNode) -> Made:
    training = one.constant(2)
    if training is not None and training.any():
        raise one.refuse("it is in training mode", "inference mode (model.eval() before exporting)")
    return one.unchanged()


def _cast(one: OperatorNode) -> Made:
    to, last = one.option("to", 0), one.steps[-1] if one.steps else None
    whole = isinstance(last, Nonlinear) and last.name in ("step", "sign")  # which every type holds
    if to not in FLOATS and not (whole and to in WHOLE):
        raise one.refuse("it changes to a type that is not a floating-point type", "a cast between such types")
    if to in FLOATS:
        one.types.add(FLOATS[to])
    return one.unchanged()


def classes(node: onnx.NodeProto, numbering: Numbering, old: bool) -> Step:
    """A softmax over the features, which leaves the largest the largest; `old` are versions before opset 13.

    Raises:
        InputError: it goes over something else.
    """
    axis = option_of(node, "axis", 1 if old else -1)
    if numbering.features < 2 or numbering.along(axis) is None:
        raise InputError(
            f"{where_of(node)}: it goes along axis {axis} of {shown(numbering)}; a softmax over all features, of which "
            "there are several, is supported"
        )
    return LeftOut(f"{where_of(node)} (the largest output is the same without it)")


OPERATORS: dict[str, Callable[[OperatorNode], Made]] = {
    "Gemm": _gemm, "MatMul": _matmul, "Einsum": _einsum, "BatchNormalization": _batch_normalization,
    "Neg": lambda one: ([one.scaled(-1.0, 0.0)], one.numbering), "Clip": _clip, "Scaler": _scaler,
    "LeakyRelu": _leaky, "PRelu": _prelu, "Elu": _elu, "Celu": _celu, "Selu": _selu, "HardSigmoid": _hard_sigmoid,
    "Gelu": _gelu, "ThresholdedRelu": _thresholded, "Dropout": _dropout, "Cast": _cast,
    "CastLike": OperatorNode.unchanged, "Identity": OperatorNode.unchanged,
    **dict.fromkeys(("Add", "Sum", "Sub", "Mul", "Div"), _affine),
    **dict.fromkeys(("Max", "Min"), _largest), **dict.fromkeys(("Greater", "Less"), _compared),
    **dict.fromkeys(("Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Gather", "Slice"), _moved),
    **{name: partial(OperatorNode.activated, name=name.lower()) for name in PLAIN},
}  # fmt: skip


def _per_feature(one: OperatorNode, array: np.ndarray, before: Numbering) -> tuple[np.ndarray, Numbering]:
    """A stored operand as one number per feature, as broadcasting gives it, and the numbering of the result."""
    raised = (1,) * (array.ndim - before.numbers.ndim) + before.numbers.shape
    numbering = Numbering(before.numbers.reshape(raised), before.inputs)
    values = numbering.of_each(array)
    if values is None:
        raise one.refuse(
            f"its constant has the shape {array.shape}, and what flows through is {shown(before)}",
            f"one number, or one for each of {before.features} features,",
        )
    return values, numbering


def shown(numbering: Numbering) -> str:
    """The sizes of what is numbered so, in words."""
    sizes = ["inputs" if axis == numbering.axis else f"{size}" for axis, size in enumerate(numbering.numbers.shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def where_of(node: onnx.NodeProto) -> str:
    domain = f"{node.domain}." if node.domain not in DOMAINS else ""
    return f"{domain}{node.op_type} {node.name or 'giving ' + ', '.join(node.output)}".strip()[:200]
