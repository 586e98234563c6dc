"""The operations of PyTorch that networks are made of, each as steps.

Layers are known by the functions that they call: `nn.Linear` and `functional.linear` are one. Whatever only moves
numbers is understood by moving their places; whatever is a product with a matrix by what it makes of unit vectors.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch

from ..common.errors import InputError
from .endings import clip
from .layers import Affine, LeftOut, Nonlinear, Selection, Softmax, Step, elementwise, leaky_relu, normalization
from .numbering import Numbering
from .torch_tensors import as_array

SUPPORTED = (
    "Linear, BatchNorm1d, ReLU, LeakyReLU, PReLU with one slope, Tanh, Sigmoid, GELU, SiLU, ELU, SELU, Softplus, "
    "Hardtanh, ReLU6, Hardsigmoid, Hardswish, Softsign, sign, heaviside, a Softmax at the end, Dropout, Flatten and "
    "Identity, the same as functions, constants, products with a matrix, and views"
)
# Above this multiple of its argument PyTorch's softplus is its argument: e^-20 / beta away from it.
SOFTPLUS_THRESHOLD = 20.0


@dataclass(frozen=True, eq=False)
class Call:
    """A function called on `current`, whose features lie as `numbering` says, and its result."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    current: torch.Tensor
    result: torch.Tensor
    numbering: Numbering
    where: str

    def argument(self, position: int, key: str, default: Any = None) -> Any:
        return self.args[position] if position < len(self.args) else self.kwargs.get(key, default)

    def again(self, current: torch.Tensor, change: Callable[[torch.Tensor], torch.Tensor] = lambda one: one) -> Any:
        """The result for another tensor in the place of `current`, other tensors being changed."""

        def replaced(value: Any) -> Any:
            if isinstance(value, torch.Tensor):
                return current if value is self.current else change(value)
            if isinstance(value, tuple | list):
                return type(value)(map(replaced, value)) if type(value) in (tuple, list) else value
            return value

        return self.function(*replaced(self.args), **{key: replaced(one) for key, one in self.kwargs.items()})

    def refuse(self, found: str) -> InputError:
        return InputError(f"{self.where}: {found}")


@dataclass(frozen=True, eq=False)
class Found:
    """What an operation does, and where the features of its result lie."""

    steps: list[Step]
    numbering: Numbering


def name_of(function: Callable[..., Any]) -> str:
    """What a function or method of PyTorch is called, whether it works in place or not; of a property its name."""
    named: Any = function.__self__ if is_property(function) else function  # type: ignore[attr-defined]
    return getattr(named, "__name__", str(named)).strip("_")


def is_property(function: Callable[..., Any]) -> bool:
    """Whether it reads a property of a tensor, such as its shape."""
    return getattr(function, "__name__", "") == "__get__"


def _unchanged(call: Call) -> Found:
    return Found([LeftOut(call.where)], call.numbering)


def _moved(call: Call) -> Found:
    numbers = call.again(torch.from_numpy(call.numbering.numbers.copy()), torch.Tensor.cpu)
    found = call.numbering.moved(numbers.numpy()) if numbers.dtype == torch.long else None
    if found is None:
        raise call.refuse(
            f"it makes {tuple(call.result.shape)} of {tuple(call.current.shape)}, which does not keep the "
            f"{call.numbering.inputs} inputs apart, or repeats features; supported are views as (inputs, features)"
        )
    numbering, kept = found
    whole = len(kept) == call.numbering.features
    return Found([LeftOut(call.where) if whole else Selection(kept, call.numbering.features, call.where)], numbering)


def _activation(name: str) -> Callable[[Call], Found]:
    return lambda call: Found([Nonlinear(name, call.where)], call.numbering)


def _named(step_of: Callable[[Call], Nonlinear]) -> Callable[[Call], Found]:
    return lambda call: Found([step_of(call)], call.numbering)


def _parameter(kind: str, value: float, usual: float) -> str:
    return kind if value == usual else f"{kind}:{value!r}"


def _number(call: Call, position: int, key: str, default: float | None) -> float:
    """A number among the arguments, also in a tensor of one; infinite when it is left out."""
    value = call.argument(position, key, default)
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    if not isinstance(value, Real):
        raise call.refuse(f"its {key} is {_shown(value)}; one number is supported")
    return float(value)


def _prelu(call: Call) -> Nonlinear:
    slopes = as_array(call.argument(1, "weight")).reshape(-1)
    if len(set(slopes.tolist())) != 1:
        raise call.refuse(f"it has {len(slopes)} slopes; one for all neurons is supported")
    return leaky_relu(float(slopes[0]), call.where)


def _rrelu(call: Call) -> Nonlinear:
    if call.argument(3, "training", False):
        raise call.refuse("it is in training mode; call module.eval() first")
    return leaky_relu((_number(call, 1, "lower", 1 / 8) + _number(call, 2, "upper", 1 / 3)) / 2, call.where)


def _gelu(call: Call) -> Nonlinear:
    return Nonlinear("gelu_new" if call.argument(1, "approximate", "none") == "tanh" else "gelu", call.where)


def _elu(call: Call) -> Nonlinear:
    alpha = _number(call, 1, "alpha", 1.0)
    if (_number(call, 2, "scale", 1.0), _number(call, 3, "input_scale", 1.0)) != (1, 1):
        raise call.refuse("it is scaled; an ELU without scale is supported")
    return Nonlinear(_parameter("elu", alpha, 1.0), call.where)


def _celu(call: Call) -> Nonlinear:
    alpha = _number(call, 1, "alpha", 1.0)
    if alpha != 1:
        raise call.refuse(f"its alpha is {alpha:g}; 1 is supported")
    return Nonlinear("elu", call.where)


def _softplus(call: Call) -> Nonlinear:
    beta, threshold = _number(call, 1, "beta", 1.0), _number(call, 2, "threshold", SOFTPLUS_THRESHOLD)
    if threshold < SOFTPLUS_THRESHOLD or beta <= 0:
        raise call.refuse(
            f"its beta is {beta:g} and its threshold {threshold:g}; a beta above 0 and a threshold of at least "
            f"{SOFTPLUS_THRESHOLD:g}, up to which it is a softplus, are supported"
        )
    return Nonlinear(_parameter("softplus", beta, 1.0), call.where, math.exp(-threshold) / beta)


def _clipped(call: Call, low: float, high: float) -> Nonlinear:
    if (low, high) == (0, math.inf):
        return Nonlinear("relu", call.where)
    if not -math.inf < low < high < math.inf:
        raise call.refuse(
            f"it keeps numbers between {low:g} and {high:g}; supported are 0 without an upper end, and two ends"
        )
    return Nonlinear(clip(low, high), call.where)


def _clamp(call: Call) -> Nonlinear:
    ends = [call.argument(position, key) for position, key in ((1, "min"), (2, "max"))]
    low, high = (
        end if one is None else _number(call, position, key, None)
        for one, position, key, end in zip(ends, (1, 2), ("min", "max"), (-math.inf, math.inf), strict=True)
    )
    return _clipped(call, low, high)


def _threshold(call: Call) -> Nonlinear:
    ends = _number(call, 1, "threshold", None), _number(call, 2, "value", None)
    if ends != (0, 0):
        raise call.refuse(f"its threshold is {ends[0]:g} and its value {ends[1]:g}; 0 and 0, a ReLU, are supported")
    return Nonlinear("relu", call.where)


def _heaviside(call: Call) -> Nonlinear:
    at_zero = call.argument(1, "values")
    if call.argument(0, "input") is not call.current or as_array(at_zero).any():
        raise call.refuse("its value at 0 is not 0; values=0 is supported")
    return Nonlinear("step", call.where)


def _above(sign: float) -> Callable[[Call], Found]:
    """Where sign * (first - second) is above 0: true and false, which become 1 and 0."""

    def found(call: Call) -> Found:
        is_first, other = _operands(call)
        scale = sign if is_first else -sign
        compared = _constant(call, scale, -scale * _of_each(call, other, call.numbering)).steps
        return Found([*compared, Nonlinear("step", call.where)], call.numbering)

    return found


def _maximum(call: Call) -> Found:
    other = _operands(call)[1]
    of_each = (
        call.numbering.of_each(as_array(torch.as_tensor(other))) if isinstance(other, torch.Tensor | Real) else None
    )
    if of_each is None or of_each.any() or call.result.shape != call.current.shape:
        raise call.refuse(f"its other operand is {_shown(other)}; the maximum with 0, a ReLU, is supported")
    return Found([Nonlinear("relu", call.where)], call.numbering)


def _dropout(call: Call) -> Found:
    if (
        call.argument(2, "training", not name_of(call.function).endswith("alpha_dropout"))
        and call.argument(1, "p", 0.5) > 0
    ):
        raise call.refuse("this dropout is active; call module.eval() first, and give it training=self.training")
    return _unchanged(call)


def _softmax(sign: float = 1.0, *, logarithm: bool = False) -> Callable[[Call], Found]:
    def found(call: Call) -> Found:
        axis = call.argument(1, "dim")
        axis = (0 if call.current.ndim in (0, 1, 3) else 1) if axis is None else axis
        if call.numbering.along(axis) is None:
            raise call.refuse(f"its dim is {axis} of {tuple(call.current.shape)}; the one of all outputs is supported")
        steps: list[Step] = [Softmax(call.where, logarithm)]
        if sign < 0:
            steps.insert(0, elementwise(-1.0, 0.0, call.where, call.numbering.features))
        return Found(steps, call.numbering)

    return found


def _linear(call: Call) -> Found:
    weight, bias = call.argument(1, "weight"), call.argument(2, "bias")
    if call.argument(0, "input") is not call.current or not isinstance(weight, torch.Tensor):
        raise call.refuse("what flows through is used as its weights; stored ones are supported")
    matrix = as_array(weight)
    return _layer(call, matrix, np.zeros(len(matrix)) if bias is None else as_array(bias))


def _matmul(call: Call) -> Found:
    matrix = call.argument(1, "other", call.argument(1, "mat2"))
    if call.argument(0, "input") is call.current and isinstance(matrix, torch.Tensor) and matrix.ndim == 2:
        return _layer(call, as_array(matrix).T, np.zeros(matrix.shape[1]))
    return _product(call)


def _layer(call: Call, weights: np.ndarray, biases: np.ndarray) -> Found:
    """Weights applied to the last axis, over which the features of each input lie."""
    order = call.numbering.along(-1)
    if order is None or weights.ndim != 2 or weights.shape[1] != len(order):
        raise call.refuse(
            f"it is applied to {tuple(call.current.shape)}, to each of several parts of an input; flatten it first, "
            "so that each input is one row"
        )
    steps: list[Step] = [Affine(weights, biases, call.where)]
    if order != tuple(range(len(order))):
        steps.insert(0, Selection(order, len(order), call.where))
    return Found(steps, call.numbering.with_features(-1, len(weights)))


def _product(call: Call) -> Found:
    """A product with constants, by what it makes of unit vectors: exactly the weights, since all else adds zeros."""
    inputs, features = call.numbering.inputs, call.numbering.features
    axes = [axis for axis, size in enumerate(call.result.shape) if size == inputs]
    if len(axes) != 1 or not call.numbering.is_apart:
        raise call.refuse(
            f"it makes {tuple(call.result.shape)} of {tuple(call.current.shape)}, which does not keep the {inputs} "
            "inputs apart"
        )
    columns = []
    for first in range(0, features, inputs):
        units = torch.zeros(inputs, features, dtype=torch.float64)
        count = min(inputs, features - first)
        units[torch.arange(count), first + torch.arange(count)] = 1
        made = call.again(units.reshape(-1)[call.numbering.numbers], lambda one: one.detach().to("cpu", torch.float64))
        columns.append(made.movedim(axes[0], 0).reshape(inputs, -1)[:count].numpy())
    weights = np.concatenate(columns).T
    numbering = Numbering.of_rows(call.result.shape, axes[0])
    return Found([Affine(weights, np.zeros(len(weights)), call.where)], numbering)


def _addmm(call: Call) -> Found:
    added, first, second = (call.argument(k, key) for k, key in enumerate(("input", "mat1", "mat2")))
    if added is call.current:
        raise call.refuse("it adds a product of constants; add a constant instead")
    product = Call(torch.mm, (first, second), {}, call.current, call.result, call.numbering, call.where)
    found = _product(product)
    features = found.numbering.features
    scale, beta = float(call.argument(4, "alpha", 1)), float(call.argument(3, "beta", 1))
    moved = _of_each(product, added, found.numbering) * beta
    return Found([*found.steps, elementwise(scale, moved, call.where, features)], found.numbering)


def _batch_norm(call: Call) -> Found:
    mean, variance, weight, bias = (
        call.argument(k, key) for k, key in enumerate(("running_mean", "running_var", "weight", "bias"), start=1)
    )
    if mean is None or variance is None:
        raise call.refuse(
            "it has no running statistics, so an output depends on the other inputs of its batch; train it with "
            "track_running_stats=True"
        )
    if call.argument(5, "training", False):
        raise call.refuse("it is in training mode; call module.eval() first")
    channels = (-1, *[1] * (call.current.ndim - 2))
    means, variances, scale, shift = (
        np.full(call.numbering.features, default)
        if one is None
        else _of_each(call, one.reshape(channels), call.numbering)
        for one, default in ((mean, 0.0), (variance, 1.0), (weight, 1.0), (bias, 0.0))
    )
    steps = normalization(means, variances, call.argument(7, "eps", 1e-5), scale, shift, call.where)
    return Found(steps, call.numbering)


def _operands(call: Call) -> tuple[bool, Any]:
    """Whether `current` comes first, and the other operand."""
    first, second = call.argument(0, "input"), call.argument(1, "other")
    return (True, second) if first is call.current else (False, first)


def _sum(sign: float, *, turned: bool = False) -> Callable[[Call], Found]:
    """first + alpha * sign * second, `turned` when the second is written first."""

    def found(call: Call) -> Found:
        is_first, other = _operands(call)
        alpha = call.argument(2, "alpha", 1) * sign
        scale, factor = (1.0, alpha) if is_first != turned else (alpha, 1.0)
        shift = factor * _of_each(call, other, call.numbering)
        return _constant(call, float(scale), shift)

    return found


def _times(call: Call) -> Found:
    return _constant(call, _of_each(call, _operands(call)[1], call.numbering), 0.0)


def _divided(call: Call) -> Found:
    is_first, other = _operands(call)
    if not is_first:
        raise call.refuse("it divides by what flows through; a constant to divide by is supported")
    if call.argument(2, "rounding_mode") is not None:
        raise call.refuse("it rounds; division without rounding_mode is supported")
    divisor = _of_each(call, other, call.numbering)
    if not divisor.all():
        raise call.refuse("it divides by 0; mend the constant")
    return _constant(call, 1 / divisor, 0.0)


def _constant(call: Call, scale: float | np.ndarray, shift: float | np.ndarray) -> Found:
    if call.result.shape != call.current.shape:
        raise call.refuse(
            f"its constant makes {tuple(call.result.shape)} of {tuple(call.current.shape)}; supported are one number, "
            "or one for each feature"
        )
    return Found([elementwise(scale, shift, call.where, call.numbering.features)], call.numbering)


def _of_each(call: Call, constant: Any, numbering: Numbering) -> np.ndarray:
    """What a constant is for each feature.

    Raises:
        InputError: it is not a real number, or differs between inputs, or is not finite.
    """
    if isinstance(constant, torch.Tensor):
        real = not constant.is_complex()
        values = numbering.of_each(as_array(constant)) if real else None
    else:
        values = np.full(numbering.features, float(constant)) if isinstance(constant, Real) else None
    if values is None:
        raise call.refuse(
            f"its constant is {_shown(constant)}; supported are one real number, or one for each of "
            f"{numbering.features} features"
        )
    if not np.isfinite(values).all():
        raise call.refuse(f"its constant is {values[~np.isfinite(values)][0]}; every value must be finite")
    return values


def _shown(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"a tensor {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    return f"{value!r:.40}"


UNCHANGED = (
    "clone", "detach", "contiguous", "to", "float", "double", "half", "bfloat16", "int", "long", "short", "bool",
    "type", "type_as", "cpu", "cuda", "requires_grad", "data", "real", "positive",
)  # fmt: skip
MOVED = (
    "view", "reshape", "flatten", "squeeze", "unsqueeze", "permute", "transpose", "swapaxes", "swapdims", "t", "T",
    "mT", "movedim", "moveaxis", "getitem", "select", "narrow", "index_select", "flip", "fliplr", "roll", "unflatten",
    "view_as", "reshape_as", "ravel", "atleast_2d",
)  # fmt: skip
PRODUCTS = ("bmm", "einsum", "tensordot", "inner")
ABOVE = {"gt": 1.0, "greater": 1.0, "lt": -1.0, "less": -1.0}
# Those that are called here as they are in PyTorch.
ACTIVATIONS = ("relu", "tanh", "sigmoid", "silu", "selu", "relu6", "hardsigmoid", "hardswish", "softsign", "sign")
OPERATIONS: dict[str, Callable[[Call], Found]] = {
    **dict.fromkeys(UNCHANGED, _unchanged), **dict.fromkeys(MOVED, _moved), **dict.fromkeys(PRODUCTS, _product),
    **{name: _activation(name) for name in ACTIVATIONS},
    "sgn": _activation("sign"), **dict.fromkeys(("expit", "special_expit"), _activation("sigmoid")),
    "leaky_relu": _named(lambda call: leaky_relu(_number(call, 1, "negative_slope", 0.01), call.where)),
    "hardtanh": _named(lambda one: _clipped(one, _number(one, 1, "min_val", -1.0), _number(one, 2, "max_val", 1.0))),
    "clamp_min": _named(lambda one: _clipped(one, _number(one, 1, "min", None), math.inf)),
    **dict.fromkeys(("clamp", "clip"), _named(_clamp)),
    **{name: _named(found) for name, found in {
        "prelu": _prelu, "rrelu": _rrelu, "gelu": _gelu, "elu": _elu, "celu": _celu, "softplus": _softplus,
        "threshold": _threshold, "heaviside": _heaviside,
    }.items()},
    **{name: _above(sign) for name, sign in ABOVE.items()},
    **dict.fromkeys(("maximum", "max"), _maximum),
    **dict.fromkeys(("dropout", "dropout1d", "alpha_dropout", "feature_alpha_dropout"), _dropout),
    **dict.fromkeys(("softmax", "special_softmax"), _softmax()),
    **dict.fromkeys(("log_softmax", "special_log_softmax"), _softmax(logarithm=True)), "softmin": _softmax(-1.0),
    "linear": _linear, "matmul": _matmul, "mm": _matmul, "addmm": _addmm, "batch_norm": _batch_norm,
    **dict.fromkeys(("add", "radd"), _sum(1.0)),
    **dict.fromkeys(("sub", "subtract"), _sum(-1.0)), "rsub": _sum(-1.0, turned=True),
    **dict.fromkeys(("mul", "multiply", "rmul"), _times),
    **dict.fromkeys(("div", "divide", "true_divide", "truediv"), _divided),
    **dict.fromkeys(("neg", "negative"), lambda call: _constant(call, -1.0, 0.0)),
}  # fmt: skip
