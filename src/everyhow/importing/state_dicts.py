"""Importing state dicts: tensors by name, without the module that they belong to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..activations import activation
from ..errors import InputError
from ..network import Network
from .checking import imported
from .layers import Affine, Nonlinear, Step, fold
from .points import points_for
from .rounding import PRECISIONS, coarsest

NEXT = "import the module itself with everyhow.from_torch"
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def from_state_dict(
    tensors: Mapping[str, Any],
    hidden_activation: str,
    output_activation: str = "identity",
    widths: Iterable[int] | None = None,
    data: Any = None,
    source: str = "state dict",
) -> Network:
    """The network of linear layers whose tensors are given by name, in the order of the mapping.

    A state dict does not say which activations a model has, nor in what order its layers run; so the activations are
    given, and the layers taken in the order of their names, which must chain. The network is checked against the same
    layers run in the precision in which the tensors are stored.

    Args:
        tensors: matrices `NAME.weight` and vectors `NAME.bias`, as arrays or PyTorch tensors; biases may be missing.
        hidden_activation: of every layer but the last: relu, leaky_relu[:SLOPE], tanh, sigmoid[:STEEPNESS].
        output_activation: of the last layer; also identity.
        widths: neurons of each hidden layer, such as (3, 3), if they are to be checked.
        data: inputs (inputs, features) to check the network on, as in `from_torch`.
        source: what the tensors are called in the network's origin.

    Raises:
        InputError: tensors of other names or shapes, other widths than given, numbers that are not finite.

    Example:
        >>> from_state_dict({"0.weight": np.ones((3, 2)), "2.weight": np.ones((1, 3)), "2.bias": np.ones(1)}, "relu")
        Network(2-3-1, relu, identity, 9 edges)
    """
    arrays = stored_arrays(tensors)
    steps = steps_of(arrays, hidden_activation, output_activation, widths)
    points, words = points_for(fold(steps)[0].widths[0], data)
    kind = np.result_type(*arrays.values())
    points = points.astype(kind).astype(np.float64)
    return imported(
        steps, points, _run_stored(arrays, (hidden_activation, output_activation), points.astype(kind)),
        source=source, precision=coarsest([kind.name]), checked_on=words,
    )  # fmt: skip


def stored_arrays(tensors: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The tensors as arrays of the precision that they are stored in.

    Raises:
        InputError: no mapping, statistics of a normalization, or values that are no floating-point numbers.
    """
    if not isinstance(tensors, Mapping):
        raise InputError(f"a state dict is a mapping of names to tensors, not {type(tensors).__name__}; {NEXT}")
    return {str(name): _stored(name, value) for name, value in tensors.items()}


def steps_of(
    arrays: Mapping[str, np.ndarray], hidden_activation: str, output_activation: str, widths: Iterable[int] | None
) -> list[Step]:
    """The steps of the layers in the order of the mapping.

    Raises:
        InputError: tensors of other names or shapes, other widths than given, or an unknown activation.
    """
    for name in (hidden_activation, output_activation):
        activation(name)
    layers = _layers(arrays)
    hidden = tuple(len(biases) for _, _, biases in layers[:-1])
    if widths is not None and tuple(widths) != hidden:
        raise InputError(
            f"the widths asked for are {tuple(widths)}, but the tensors have the hidden layers {hidden} ("
            + ", ".join(f"{name} {weights.shape[1]} to {weights.shape[0]}" for name, weights, _ in layers)
            + "); give the neurons of each hidden layer, or leave widths out"
        )
    steps: list[Step] = []
    for number, (name, weights, biases) in enumerate(layers, start=1):
        steps.append(Affine(weights.astype(np.float64), biases.astype(np.float64), name))
        chosen = hidden_activation if number < len(layers) else output_activation
        if chosen != "identity":
            steps.append(Nonlinear(chosen, f"{chosen} after {name}"))
    return steps


def in_natural_order(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors sorted by name, numbers in names by their size: 2 before 10.

    Example:
        >>> list(in_natural_order({"10.bias": 0, "2.bias": 0}))
        ['2.bias', '10.bias']
    """

    def key(name: str) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]

    return {name: tensors[name] for name in sorted(tensors, key=key)}


def _stored(name: str, value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        # NumPy has no bfloat16; float32 holds its values, and its arithmetic is what is checked against.
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    array = np.asarray(value)
    if str(name).endswith(STATISTICS):
        raise InputError(
            f"{name} belongs to a batch normalization, whose place among the activations a state dict does not say; "
            f"{NEXT}, in eval mode"
        )
    if array.dtype.name not in PRECISIONS:
        raise InputError(
            f"{name} holds values of type {array.dtype}; tensors of {', '.join(PRECISIONS)} are supported: {NEXT}"
        )
    return array


def _layers(arrays: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, weights and biases of each layer."""
    names = list(dict.fromkeys(name.rpartition(".")[0] for name in arrays))
    found = []
    for name, array in arrays.items():
        layer, _, part = name.rpartition(".")
        if part not in ("weight", "bias"):
            raise InputError(f"unknown tensor {name}; expected NAME.weight and NAME.bias of linear layers: {NEXT}")
        if array.ndim != (2 if part == "weight" else 1) or array.size == 0:
            kind = "a matrix (outgoing, incoming)" if part == "weight" else "a vector"
            raise InputError(f"{name} has shape {array.shape}; of a linear layer it is {kind}, not empty: {NEXT}")
        if part == "bias" and f"{layer}.weight".lstrip(".") not in arrays:
            raise InputError(f"{name} has no {layer}.weight beside it; {NEXT}")
    for layer in names:
        weights = arrays[f"{layer}.weight".lstrip(".")]
        biases = arrays.get(f"{layer}.bias".lstrip("."), np.zeros(len(weights), weights.dtype))
        if len(biases) != len(weights):
            raise InputError(f"{layer}.weight has {len(weights)} outgoing neurons but {layer}.bias {len(biases)}")
        if found and weights.shape[1] != len(found[-1][1]):
            raise InputError(
                f"{layer}.weight takes {weights.shape[1]} neurons but {found[-1][0]}.weight, the layer before it by "
                f"name, gives {len(found[-1][1])}; tensors of one chain of layers are expected, in their order: {NEXT}"
            )
        found.append((layer, weights, biases))
    if not found:
        raise InputError("there are no tensors; expected NAME.weight and NAME.bias of linear layers")
    return found


def _run_stored(arrays: Mapping[str, np.ndarray], activations: Sequence[str], state: np.ndarray) -> np.ndarray:
    """The outputs of the layers, in the precision of the tensors themselves."""
    layers = _layers(arrays)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for number, (_, weights, biases) in enumerate(layers, start=1):
            kind, _, parameter = activations[number == len(layers)].partition(":")
            state = (weights @ state.T).T + biases
            if kind == "relu":
                state = np.maximum(state, 0)
            elif kind == "leaky_relu":
                slope = state.dtype.type(parameter or 0.01)
                state = np.maximum(state, 0) + slope * np.minimum(state, 0)
            elif kind == "tanh":
                state = np.tanh(state)
            elif kind == "sigmoid":
                state = 1 / (1 + np.exp(-state.dtype.type(parameter or 1) * state))
            elif kind != "identity":
                state = activation(activations[number == len(layers)])(state).astype(state.dtype)
    return state.astype(np.float64)
