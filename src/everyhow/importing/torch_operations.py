"""The operations of PyTorch that networks are made of, each as steps."""

import operator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import fx, nn

from ..errors import InputError
from .layers import Affine, LeftOut, Nonlinear, Step, elementwise, leaky_relu, normalization
from .torch_modules import as_array

SUPPORTED = (
    "Linear, BatchNorm1d, ReLU, LeakyReLU, PReLU with one slope, Tanh, Sigmoid, Dropout, Flatten and Identity, and the "
    "same as functions"
)
AROUND = (
    "import the part of the model before or after it, such as from_torch(model[k:]) with data from everyhow.capture"
)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.AlphaDropout, nn.FeatureAlphaDropout)
# What functions of torch are called here; methods of tensors have these names themselves.
NAMES = (
    "relu", "relu_", "leaky_relu", "leaky_relu_", "prelu", "tanh", "tanh_", "sigmoid", "sigmoid_", "dropout",
    "alpha_dropout", "flatten", "reshape", "squeeze", "linear", "matmul", "mm", "add", "softmax", "log_softmax",
    "clone", "detach",
)  # fmt: skip
FUNCTIONS = {getattr(room, name): name for room in (torch, functional) for name in NAMES if hasattr(room, name)} | {
    functional.batch_norm: "batch_norm",
    operator.matmul: "matmul",
    operator.add: "add",
    operator.iadd: "add",
    torch.special.expit: "sigmoid",
}
UNCHANGED = {"contiguous", "clone", "detach", "float", "double", "squeeze"}


def of_module(module: nn.Module, place: str) -> list[Step]:
    """What a layer of PyTorch does.

    Raises:
        InputError: it is not supported.
    """
    match module:
        case nn.Linear():
            return [_linear(module.weight, module.bias, place)]
        case nn.BatchNorm1d():
            return _batch_norm(module.running_mean, module.running_var, module.weight, module.bias, module.eps, place)
        case nn.ReLU():
            return [Nonlinear("relu", place)]
        case nn.LeakyReLU():
            return [leaky_relu(float(module.negative_slope), place)]
        case nn.PReLU():
            return [_prelu(module.weight, place)]
        case nn.Tanh():
            return [Nonlinear("tanh", place)]
        case nn.Sigmoid():
            return [Nonlinear("sigmoid", place)]
        case nn.Flatten():
            return [_flatten(module.start_dim, module.end_dim, place)]
        case nn.Identity():
            return [LeftOut(place)]
        case nn.Softmax() | nn.LogSoftmax() | nn.Softmin():
            raise InputError(_SOFTMAX.format(place))
    if isinstance(module, DROPOUTS):
        return [LeftOut(place)]
    raise InputError(f"{place} is not supported; {SUPPORTED} are: {AROUND}")


_SOFTMAX = (
    "{}: a softmax mixes all outputs, so it is no activation of a neuron. The largest output is the same without it: "
    "take the model up to it, such as from_torch(model[:-1])"
)


def of_function(
    node: fx.Node, place: str, current: fx.Node, constants: dict[fx.Node, Any], width: int | None
) -> list[Step]:
    """What a function or method does to `current`, which has `width` features if that is known.

    Raises:
        InputError: it is not supported, or not with such operands.
    """
    name = str(node.target) if node.op == "call_method" else FUNCTIONS.get(node.target, "")  # type: ignore[call-overload]

    def argument(position: int, key: str, default: Any = None) -> Any:
        value = node.args[position] if position < len(node.args) else node.kwargs.get(key, default)
        return constants.get(value, value) if isinstance(value, fx.Node) else value

    if name in ("add", "add_", "matmul", "mm", "__matmul__"):
        first, second = argument(0, "input"), argument(1, "other", argument(1, "mat2"))
        if name.startswith("add") and argument(2, "alpha", 1) == 1:
            return [_sum(second if first is current else first, width, place)]
        if first is current and isinstance(second, torch.Tensor) and second.ndim == 2:
            return [_linear(second.T, None, place)]
    elif argument(0, "input") is not current:
        pass
    elif name in UNCHANGED:
        return [LeftOut(place)]
    elif name in ("relu", "relu_", "tanh", "tanh_", "sigmoid", "sigmoid_"):
        return [Nonlinear(name.rstrip("_"), place)]
    elif name in ("leaky_relu", "leaky_relu_"):
        return [leaky_relu(float(argument(1, "negative_slope", 0.01)), place)]
    elif name == "prelu":
        return [_prelu(argument(1, "weight"), place)]
    elif name in ("dropout", "alpha_dropout"):
        if argument(2, "training", name == "dropout") and argument(1, "p", 0.5) > 0:
            raise InputError(
                f"{place}: this dropout is active; call module.eval() first, and give it training=self.training"
            )
        return [LeftOut(place)]
    elif name == "flatten":
        return [_flatten(argument(1, "start_dim", 0), argument(2, "end_dim", -1), place)]
    elif name in ("view", "reshape"):
        return [_reshaped(node, place)]
    elif name == "linear":
        return [_linear(argument(1, "weight"), argument(2, "bias"), place)]
    elif name == "batch_norm":
        if argument(5, "training", False):
            raise InputError(f"{place} is in training mode; call module.eval() first")
        mean, variance, weight, bias = (
            argument(k, key) for k, key in ((1, "running_mean"), (2, "running_var"), (3, "weight"), (4, "bias"))
        )
        return _batch_norm(mean, variance, weight, bias, argument(7, "eps", 1e-5), place)
    elif name in ("softmax", "log_softmax"):
        raise InputError(_SOFTMAX.format(place))
    raise InputError(f"{place} is not supported in this form; {SUPPORTED} are: {AROUND}")


def _linear(weight: torch.Tensor, bias: torch.Tensor | None, place: str) -> Affine:
    if not weight.is_floating_point():
        raise InputError(
            f"{place}: its weights are {weight.dtype}; real floating-point numbers are supported: convert it"
        )
    matrix = as_array(weight)
    return Affine(matrix, np.zeros(len(matrix)) if bias is None else as_array(bias), place)


def _sum(constant: Any, width: int | None, place: str) -> Affine:
    """Adding a constant vector or number."""
    shift = as_array(torch.as_tensor(constant)) if isinstance(constant, torch.Tensor | int | float) else None
    if shift is not None and shift.ndim < 2:
        features = width or (len(shift) if shift.ndim else 0)
        if features and (shift.ndim == 0 or len(shift) in (1, features)):
            return elementwise(np.ones(features), np.broadcast_to(shift, features), place)
    raise InputError(f"{place}: only a bias can be added, one number per feature, after a linear layer: {AROUND}")


def _batch_norm(
    mean: torch.Tensor | None, variance: torch.Tensor | None, weight: torch.Tensor | None, bias: torch.Tensor | None,
    epsilon: float, place: str,
) -> list[Step]:  # fmt: skip
    if mean is None or variance is None:
        raise InputError(
            f"{place} has no running statistics, so an output depends on the other inputs of its batch; train it with "
            "track_running_stats=True"
        )
    scale = torch.ones_like(mean) if weight is None else weight
    shift = torch.zeros_like(mean) if bias is None else bias
    return normalization(as_array(mean), as_array(variance), epsilon, as_array(scale), as_array(shift), place)


def _prelu(slopes: torch.Tensor, place: str) -> Nonlinear:
    if slopes.numel() != 1:
        raise InputError(f"{place} has {slopes.numel()} slopes; one for all neurons is supported: {AROUND}")
    return leaky_relu(float(slopes.detach()), place)


def _flatten(start: int, end: int, place: str) -> LeftOut:
    if (start, end) != (1, -1):
        raise InputError(
            f"{place}: start_dim is {start} and end_dim {end}; supported are 1 and -1, which keep inputs apart"
        )
    return LeftOut(place)


def _reshaped(node: fx.Node, place: str) -> LeftOut:
    """A view as (inputs, features); whether it keeps the inputs apart, the check against the module tells."""
    shape = node.args[1] if len(node.args) == 2 and isinstance(node.args[1], tuple | list) else node.args[1:]
    if len(shape) != 2 or not (isinstance(shape[0], fx.Node) or shape[0] == -1):
        raise InputError(f"{place}: only a reshape to (inputs, features) is supported, such as flatten(1)")
    return LeftOut(place)
