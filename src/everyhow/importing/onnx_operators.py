"""The operators of ONNX that networks are made of, each as steps and as the shape that it leaves."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper

from ..common.errors import InputError
from .layers import Affine, LeftOut, Nonlinear, Selection, Step, elementwise, leaky_relu, normalization
from .onnx_shapes import BatchedShape
from .onnx_tensors import FLOATS, FOLDED, WHOLE, axes_of, target_shape

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
Made = tuple[Sequence[Step], BatchedShape]


@dataclass(frozen=True)
class OperatorNode:
    """One operator of the chain.

    Attributes:
        node: the operator.
        state: the name of what flows through.
        batched: the shape of that, and which of its axes counts the inputs.
        steps: what happened before.
        known: the tensors that do not depend on the inputs.
        sized: those of them that depend on how many inputs a batch has.
        types: the floating-point types used so far; operators add to them.
    """

    node: onnx.NodeProto
    state: str
    batched: BatchedShape
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

    def unchanged(self, batched: BatchedShape | None, found: str) -> Made:
        """A step that only changes the shape.

        Raises:
            InputError: there is no such shape; `found` is the reason.
        """
        if batched is None:
            raise self.refuse(found, "what keeps the inputs apart and their features in order")
        return [LeftOut(self.where)], batched


def option_of(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    return next((helper.get_attribute_value(one) for one in node.attribute if one.name == name), default)


def _product(one: OperatorNode, batched: BatchedShape, axis: int, weights: np.ndarray, removed: bool = False) -> Made:
    """A matrix (outgoing, incoming) along an axis."""
    if weights.size == 0:
        raise one.refuse(f"its weights have the shape {weights.shape}", "a matrix that is not empty")
    if not batched.along(axis):
        raise one.refuse(
            f"it multiplies along axis {axis} of {shown(batched)}, which does not hold all features of an input",
            "a product over these",
        )
    if batched.features != weights.shape[1]:
        raise InputError(
            f"{one.where} takes {weights.shape[1]} features, but what comes before gives {batched.features}; "
            "mend the shapes in the source"
        )
    after = batched.with_size(axis, None if removed else len(weights))
    return [Affine(weights, np.zeros(len(weights)), one.where)], after


def _gemm(one: OperatorNode) -> Made:
    index, turned = (0, one.option("transA", 0)) if one.first else (1, one.option("transB", 0))
    batched = one.batched.transposed((1, 0)) if turned and len(one.batched.shape) == 2 else one.batched
    if batched is None or len(batched.shape) != 2:
        raise one.refuse(f"what it takes is {shown(one.batched)}", "(inputs, features)")
    matrix = _matrix(one, one.stored(1 - index))
    # Of A @ B, what flows is A with the weights B, or B with the weights A.
    weights = matrix.T if index == 0 else matrix
    weights = weights.T if one.option("transB" if index == 0 else "transA", 0) else weights
    (step,), after = _product(one, batched, 1 - index, one.option("alpha", 1.0) * weights)
    added = one.constant(2)
    if added is None:
        return [step], after
    shift, after = _per_feature(one, added, after)
    return [Affine(step.weights, one.option("beta", 1.0) * shift, one.where)], after  # type: ignore[union-attr]


def _matmul(one: OperatorNode) -> Made:
    matrix = one.other()
    if matrix.ndim not in (1, 2):
        raise one.refuse(f"its weights have the shape {matrix.shape}", "a matrix")
    if one.first:
        weights = matrix.T if matrix.ndim == 2 else matrix[None]
        return _product(one, one.batched, -1, weights, removed=matrix.ndim == 1)
    weights = matrix if matrix.ndim == 2 else matrix[None]
    return _product(one, one.batched, -2 if len(one.batched.shape) > 1 else 0, weights, removed=matrix.ndim == 1)


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
            if len(flow) == len(one.batched.shape) and sorted(kept) == sorted(set(result)) == sorted(result):
                steps, after = _product(one, one.batched, axis, matrix, removed=not outgoing)
                turned = after.transposed([kept.index(letter) for letter in result])
                if turned is not None:
                    return steps, turned
    raise one.refuse(f"its equation is {equation[:40]!r}", "the product with a stored matrix, such as 'ni,oi->no',")


def _affine(one: OperatorNode) -> Made:
    """Add, Sub, Mul and Div with a stored operand."""
    if len(one.node.input) != 2:
        raise one.refuse(f"it has {len(one.node.input)} operands", "one stored operand")
    values, batched = _per_feature(one, one.other(), one.batched)
    same, nothing = _all(1.0, values), _all(0.0, values)
    match one.node.op_type:
        case "Add" | "Sum":
            scale, shift = same, values
        case "Sub":
            scale, shift = (same, -values) if one.first else (-same, values)
        case "Mul":
            scale, shift = values, nothing
        case _ if not one.first:
            raise one.refuse("it divides a constant by what flows through", "a division by a constant")
        case _ if not values.all():
            raise one.refuse("it divides by zero", "a division by other numbers")
        case _:
            scale, shift = 1 / values, nothing
    return [elementwise(scale, shift, one.where)], batched


def _negative(one: OperatorNode) -> Made:
    nothing = np.broadcast_to(0.0, one.batched.features)
    return [elementwise(_all(-1.0, nothing), nothing, one.where)], one.batched


def _scaler(one: OperatorNode) -> Made:
    offset, batched = _per_feature(one, np.asarray(one.option("offset", [0.0]), np.float64), one.batched)
    scale, batched = _per_feature(one, np.asarray(one.option("scale", [1.0]), np.float64), batched)
    one.types.add("float32")
    return [
        elementwise(_all(1.0, offset), -offset, one.where),
        elementwise(scale, _all(0.0, scale), one.where),
    ], batched


def _batch_normalization(one: OperatorNode) -> Made:
    if one.option("training_mode", 0) or len([name for name in one.node.output if name]) > 1:
        raise one.refuse("it is in training mode", "inference mode (model.eval() before exporting)")
    scale, shift, mean, variance = (one.stored(position).reshape(-1) for position in (1, 2, 3, 4))
    if not scale.shape == shift.shape == mean.shape == variance.shape:
        raise one.refuse("its statistics are of different lengths", "one number of each per feature")
    if not (one.batched.along(1) and one.batched.features == len(scale)):
        raise one.refuse(
            f"it has statistics for {len(scale)} features and takes {shown(one.batched)}",
            "one for each feature on axis 1",
        )
    return normalization(mean, variance, one.option("epsilon", EPSILON), scale, shift, one.where), one.batched


def _bounds(one: OperatorNode) -> Made:
    """Clip, and Max and Min with one stored operand."""
    if one.node.op_type == "Clip":
        low, high = (
            one.option(key) if one.constant(at) is None else one.number(at) for at, key in ((1, "min"), (2, "max"))
        )
        if any(np.isnan(bound) for bound in (low, high) if bound is not None):
            raise one.refuse(f"it keeps what lies between {low} and {high}", "a number for each bound")
        low = None if low is None or low <= -LARGEST else low
        high = None if high is None or high >= LARGEST else high
        if low is None and high is None:
            return one.unchanged(one.batched, "")
        if low is not None and high is not None:
            if low >= high:
                raise one.refuse(
                    f"it keeps what lies between {low:g} and {high:g}", "a lower bound below the upper one"
                )
            return [Nonlinear(bounded(low, high), one.where)], one.batched
        lower, batched = low is not None, one.batched
        bound = np.broadcast_to(np.float64(low if low is not None else high or 0.0), batched.features)
    else:
        if len(one.node.input) != 2:
            raise one.refuse(f"it has {len(one.node.input)} operands", "one stored operand")
        bound, batched = _per_feature(one, one.other(), one.batched)
        lower = one.node.op_type == "Max"
    # max(x, c) is relu(x - c) + c, and min(x, c) is c - relu(c - x).
    if lower and not bound.any():
        return [Nonlinear("relu", one.where)], batched
    one.check_not_activated()
    sign = _all(1.0 if lower else -1.0, bound)
    return [
        elementwise(sign, -sign * bound, one.where), Nonlinear("relu", one.where), elementwise(sign, bound, one.where)
    ], batched  # fmt: skip


def bounded(low: float, high: float) -> str:
    """The activation that keeps what lies between two numbers."""
    return {(0.0, 6.0): "relu6", (-1.0, 1.0): "hardtanh"}.get((low, high), f"hardtanh:{low!r}:{high!r}")


def _compared(one: OperatorNode) -> Made:
    """Greater and Less, as a step of the difference."""
    above, batched = _per_feature(one, one.other(), one.batched)
    one.check_not_activated()
    sign = _all(1.0 if one.first == (one.node.op_type == "Greater") else -1.0, above)
    steps: list[Step] = [elementwise(sign, -sign * above, one.where)] if above.any() or sign[0] < 0 else []
    return [*steps, Nonlinear("step", one.where)], batched


def _leaky(one: OperatorNode) -> Made:
    return [leaky_relu(one.option("alpha", SLOPE), one.where)], one.batched


def _prelu(one: OperatorNode) -> Made:
    if not one.first:
        raise one.refuse("what flows through gives its slopes", "one stored slope")
    slopes = one.stored(1)
    if slopes.size == 0 or (slopes != slopes.reshape(-1)[0]).any():
        raise one.refuse(f"it has {slopes.size} slopes", "one for all neurons")
    return [leaky_relu(float(slopes.reshape(-1)[0]), one.where)], one.batched


def _elu(one: OperatorNode) -> Made:
    alpha = one.option("alpha", 1.0)
    if not 0 <= alpha < np.inf:
        raise one.refuse(f"alpha is {alpha:g}", "a number of at least 0")
    return [Nonlinear("elu" if alpha == 1 else f"elu:{alpha!r}", one.where)], one.batched


def _celu(one: OperatorNode) -> Made:
    # celu(x) is alpha * elu(x / alpha).
    alpha = one.option("alpha", 1.0)
    if not 0 < alpha < np.inf:
        raise one.refuse(f"alpha is {alpha:g}", "a number above 0")
    nothing = np.broadcast_to(0.0, one.batched.features)
    before, after = (
        [elementwise(_all(by, nothing), nothing, one.where)] if alpha != 1 else [] for by in (1 / alpha, alpha)
    )
    return [*before, Nonlinear("elu", one.where), *after], one.batched


def _selu(one: OperatorNode) -> Made:
    found = one.option("alpha", SELU[0]), one.option("gamma", SELU[1])
    if not np.allclose(found, SELU, rtol=1e-6, atol=0):
        raise one.refuse(f"alpha and gamma are {found[0]:g} and {found[1]:g}", "the usual pair, 1.6733 and 1.0507,")
    one.types.add("float32")
    return [Nonlinear("selu", one.where)], one.batched


def _hard_sigmoid(one: OperatorNode) -> Made:
    slope, shift = one.option("alpha", FIFTH), one.option("beta", 0.5)
    if (slope, shift) == (SIXTH, 0.5):
        one.types.add("float32")
        return [Nonlinear("hardsigmoid", one.where)], one.batched
    return [Nonlinear(f"hardsigmoid:{slope!r}:{shift!r}", one.where)], one.batched


def _gelu(one: OperatorNode) -> Made:
    tanh = one.option("approximate", b"none") == b"tanh"
    return [Nonlinear("gelu_new" if tanh else "gelu", one.where)], one.batched


def _thresholded(one: OperatorNode) -> Made:
    if one.option("alpha", 1.0) != 0:
        raise one.refuse(f"alpha is {one.option('alpha', 1.0):g}", "0, which makes it a ReLU,")
    return [Nonlinear("relu", one.where)], one.batched


def _named(name: str) -> Callable[[OperatorNode], Made]:
    return lambda one: ([Nonlinear(name, one.where)], one.batched)


def _reshape(one: OperatorNode) -> Made:
    if one.node.op_type == "Flatten":
        axis = one.option("axis", 1)
        axis = axis + len(one.batched.shape) if axis < 0 else axis
        sizes = [int(np.prod(part, dtype=np.int64)) for part in (one.batched.shape[:axis], one.batched.shape[axis:])]
    else:
        wanted = one.option("shape") if one.sizes(1) is None else one.sizes(1)
        try:
            sizes = target_shape(one.batched.shape, wanted, one.option("allowzero", 0))
        except (ValueError, TypeError):
            found = "?" if wanted is None else tuple(int(size) for size in np.asarray(wanted).reshape(-1))
            raise one.refuse(f"it cannot make {shown(one.batched)} into {found}", "a reshape that keeps them") from None
    return one.unchanged(one.batched.reshaped(sizes), f"it mixes the inputs of a batch, {shown(one.batched)}")


def _transpose(one: OperatorNode) -> Made:
    order = one.option("perm") or list(range(len(one.batched.shape)))[::-1]
    if sorted(order) != list(range(len(one.batched.shape))):
        raise one.refuse(f"its perm is {list(order)} for {shown(one.batched)}", "an order of the axes")
    return one.unchanged(one.batched.transposed(order), f"it changes the order of the features of {shown(one.batched)}")


def _squeeze(one: OperatorNode) -> Made:
    axes = axes_of({"axes": one.option("axes")}, one.constant(1))
    if one.node.op_type == "Squeeze":
        return one.unchanged(
            one.batched.squeezed(axes), f"it takes other axes than such of size 1 from {shown(one.batched)}"
        )
    return one.unchanged(one.batched.unsqueezed(axes or ()), f"its axes do not fit {shown(one.batched)}")


def _selection(one: OperatorNode) -> Made:
    """Gather and Slice of features, by what becomes of their numbering."""
    batched, batch = one.batched, one.batched.batch
    each = [1 if axis == batch else size for axis, size in enumerate(batched.shape)]
    numbering = np.arange(batched.features).reshape(each)
    options = {option.name: helper.get_attribute_value(option) for option in one.node.attribute}
    axis = one.option("axis", 0) % max(1, len(each)) if one.node.op_type == "Gather" else None
    if not one.first or (batch is not None and axis == batch):
        raise one.refuse("it takes a part of the inputs, or of what is stored", "a part of the features")
    try:
        if axis is not None:
            at = one.stored(1).astype(np.int64)
            numbering = np.take(numbering, at, axis)
            batch = batch if batch is None or batch < axis else batch - 1 + at.ndim
        else:
            numbering = np.broadcast_to(numbering, batched.shape)
            numbering = FOLDED["Slice"](options, numbering, *(one.sizes(at) for at in range(1, len(one.node.input))))
            if batch is not None and numbering.shape[batch] == batched.shape[batch]:
                numbering = numbering[(slice(None),) * batch + (slice(0, 1),)]
            elif batch is not None:
                numbering = numbering[(slice(None),) * batch + (slice(0),)]
    except (ValueError, IndexError, TypeError):
        raise one.refuse(f"its bounds do not fit {shown(batched)}", "a part of the features") from None
    kept = tuple(numbering.reshape(-1).tolist())
    if not kept:
        raise one.refuse("it takes a part of the inputs, or no features", "a part of the features")
    if len(set(kept)) < len(kept):
        raise one.refuse(f"it takes the features {str(kept)[:80]}", "each at most once")
    after = BatchedShape(numbering.shape, batch)
    after = after if batch is None else after.with_size(batch, batched.shape[batched.batch or 0])
    whole = kept == tuple(range(batched.features))
    return [LeftOut(one.where) if whole else Selection(kept, batched.features, one.where)], after


def _dropout(one: OperatorNode) -> Made:
    training = one.constant(2)
    if training is not None and training.any():
        raise one.refuse("it is in training mode", "inference mode (model.eval() before exporting)")
    return one.unchanged(one.batched, "")


def _cast(one: OperatorNode) -> Made:
    to, last = one.option("to", 0), one.steps[-1] if one.steps else None
    whole = isinstance(last, Nonlinear) and last.name in ("step", "sign")  # which every type holds
    if to not in FLOATS and not (whole and to in WHOLE):
        raise one.refuse("it changes to a type that is not a floating-point type", "a cast between such types")
    if to in FLOATS:
        one.types.add(FLOATS[to])
    return one.unchanged(one.batched, "")


def classes(node: onnx.NodeProto, batched: BatchedShape, old: bool) -> Step:
    """A softmax over the features, which leaves the largest the largest; `old` are versions before opset 13.

    Raises:
        InputError: it goes over something else.
    """
    axis = option_of(node, "axis", 1 if old else -1)
    if batched.features < 2 or not batched.along(axis):
        raise InputError(
            f"{where_of(node)}: it goes along axis {axis} of {shown(batched)}; a softmax over all features, of which "
            "there are several, is supported"
        )
    return LeftOut(f"{where_of(node)} (the largest output is the same without it)")


OPERATORS: dict[str, Callable[[OperatorNode], Made]] = {
    "Gemm": _gemm, "MatMul": _matmul, "Einsum": _einsum, "BatchNormalization": _batch_normalization,
    "Add": _affine, "Sum": _affine, "Sub": _affine, "Mul": _affine, "Div": _affine, "Neg": _negative,
    "Clip": _bounds, "Max": _bounds, "Min": _bounds, "Greater": _compared, "Less": _compared,
    "LeakyRelu": _leaky, "PRelu": _prelu, "Elu": _elu, "Celu": _celu, "Selu": _selu, "HardSigmoid": _hard_sigmoid,
    "Gelu": _gelu, "ThresholdedRelu": _thresholded, "Reshape": _reshape, "Flatten": _reshape,
    "Transpose": _transpose, "Squeeze": _squeeze, "Unsqueeze": _squeeze, "Gather": _selection, "Slice": _selection,
    "Dropout": _dropout, "Cast": _cast, "Scaler": _scaler,
    "CastLike": lambda one: one.unchanged(one.batched, ""), "Identity": lambda one: one.unchanged(one.batched, ""),
} | {
    op: _named(name)
    for op, name in {
        "Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Softplus": "softplus", "HardSwish": "hardswish",
        "Softsign": "softsign", "Sign": "sign",
    }.items()
}  # fmt: skip


def _matrix(one: OperatorNode, array: np.ndarray) -> np.ndarray:
    if array.ndim != 2 or array.size == 0:
        raise one.refuse(f"its weights have the shape {array.shape}", "a matrix that is not empty")
    return array


def _per_feature(one: OperatorNode, array: np.ndarray, before: BatchedShape) -> tuple[np.ndarray, BatchedShape]:
    """A stored operand as one number per feature, as broadcasting gives it, and the shape of the result."""
    batched = before.raised(array.ndim)
    if array.size == 1:
        return np.broadcast_to(array.reshape(()), batched.features), batched
    padded = array.reshape((1,) * (len(batched.shape) - array.ndim) + array.shape)
    each = [1 if axis == batched.batch else size for axis, size in enumerate(batched.shape)]
    along = 1 if batched.batch is None or not array.size else padded.shape[batched.batch]
    if along == batched.shape[batched.batch or 0] != 1 and (padded == padded.take([0], batched.batch)).all():
        padded = padded.take([0], batched.batch)  # equal for all inputs of a batch of that size
    if any(size not in (1, most) for size, most in zip(padded.shape, each, strict=True)):
        raise one.refuse(
            f"its constant has the shape {array.shape}, and what flows through is {shown(before)}",
            f"one number, or one for each of {batched.features} features,",
        )
    return np.broadcast_to(padded, each).reshape(-1), batched


def _all(value: float, like: np.ndarray) -> np.ndarray:
    """That many equal numbers, which take no memory."""
    return np.broadcast_to(value, like.shape)


def shown(batched: BatchedShape) -> str:
    """The sizes in words."""
    sizes = ["inputs" if axis == batched.batch else f"{size}" for axis, size in enumerate(batched.shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def where_of(node: onnx.NodeProto) -> str:
    domain = f"{node.domain}." if node.domain not in DOMAINS else ""
    return f"{domain}{node.op_type} {node.name or 'giving ' + ', '.join(node.output)}".strip()[:200]
