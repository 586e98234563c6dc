"""The parts of a transformer: norms, attention heads, MLPs; their weights, and what each computes."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..common.arguments import choice, is_number, quoted
from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..model.activations import activation
from ..model.checks import float_array

# What an MLP may compute with: relu, gelu (exact), gelu_new (by tanh, as in GPT-2), silu.
ACTIVATIONS = ("relu", "gelu", "gelu_new", "silu")


@dataclass(frozen=True, eq=False)
class Norm:
    """A norm of each position: a layer norm, or an RMS norm, which takes no mean away and has no bias.

    Args:
        w: shape (d_model,), the scale.
        b: shape (d_model,), the shift; None for none.
        eps: added to the variance, above 0 or 0.
        rms: whether it is an RMS norm.
    """

    w: Float[np.ndarray, " d_model"]
    b: Float[np.ndarray, " d_model"] | None = None
    eps: float = 1e-5
    rms: bool = False

    def __call__(self, x: Float[np.ndarray, "*batch d_model"]) -> Float[np.ndarray, "*batch d_model"]:
        if not self.rms:
            x = x - x.mean(axis=-1, keepdims=True)
        scaled = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + self.eps) * self.w
        return scaled if self.b is None else scaled + self.b


@dataclass(frozen=True, eq=False)
class Attention:
    """The heads of one layer, by TransformerLens's names; without a bias it is 0.

    Args:
        W_Q: shape (heads, d_model, d_head), and so W_K and W_V.
        W_O: shape (heads, d_head, d_model).
        b_Q: shape (heads, d_head), and so b_K and b_V.
        b_O: shape (d_model,), which belongs to no head.
    """

    W_Q: Float[np.ndarray, "heads d_model d_head"]
    W_K: Float[np.ndarray, "heads d_model d_head"]
    W_V: Float[np.ndarray, "heads d_model d_head"]
    W_O: Float[np.ndarray, "heads d_head d_model"]
    b_Q: Float[np.ndarray, "heads d_head"] = None  # type: ignore[assignment]
    b_K: Float[np.ndarray, "heads d_head"] = None  # type: ignore[assignment]
    b_V: Float[np.ndarray, "heads d_head"] = None  # type: ignore[assignment]
    b_O: Float[np.ndarray, " d_model"] = None  # type: ignore[assignment]

    @property
    def heads(self) -> int:
        """How many there are."""
        return len(self.W_Q)


@dataclass(frozen=True, eq=False)
class MLP:
    """The MLP of one layer; without a bias it is 0.

    Args:
        W_in: shape (d_model, d_mlp).
        W_out: shape (d_mlp, d_model).
        b_in: shape (d_mlp,).
        b_out: shape (d_model,), part of what the MLP writes.
    """

    W_in: Float[np.ndarray, "d_model d_mlp"]
    W_out: Float[np.ndarray, "d_mlp d_model"]
    b_in: Float[np.ndarray, " d_mlp"] = None  # type: ignore[assignment]
    b_out: Float[np.ndarray, " d_model"] = None  # type: ignore[assignment]

    def __call__(self, x: Float[np.ndarray, "*batch d_model"], name: str) -> Float[np.ndarray, "*batch d_model"]:
        """What it writes, given what it receives and the name of its activation."""
        return activation(name)(x @ self.W_in + self.b_in) @ self.W_out + self.b_out


@dataclass(frozen=True, eq=False)
class Layer:
    """Heads, then an MLP or none, each behind its own norm or none."""

    attention: Attention
    mlp: MLP | None = None
    ln1: Norm | None = None
    ln2: Norm | None = None


def queries(layer: Layer, head: int, x: Float[np.ndarray, "*batch positions d_model"]) -> np.ndarray:
    """What a head asks at each position, given what its slot q receives: (..., positions, d_head)."""
    a = layer.attention
    return normed(layer.ln1, x) @ a.W_Q[head] + a.b_Q[head]


def keys(layer: Layer, head: int, x: Float[np.ndarray, "*batch positions d_model"]) -> np.ndarray:
    """What a head finds at each position, given what its slot k receives."""
    a = layer.attention
    return normed(layer.ln1, x) @ a.W_K[head] + a.b_K[head]


def written(layer: Layer, head: int, x: Float[np.ndarray, "*batch positions d_model"]) -> np.ndarray:
    """What a head would write for each position that it looks at alone, given what its slot v receives."""
    a = layer.attention
    return (normed(layer.ln1, x) @ a.W_V[head] + a.b_V[head]) @ a.W_O[head]


def pattern(
    asked: Float[np.ndarray, "*batch queries d_head"],
    found: Float[np.ndarray, "*batch positions d_head"],
    scale: float,
    seen: Bool[np.ndarray, "queries positions"],
) -> Float[np.ndarray, "*batch queries positions"]:
    """How much a head looks at each position from each: the softmax of the scores over the positions it can see."""
    scores = np.where(seen, asked @ found.swapaxes(-1, -2) / scale, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def normed(norm: Norm | None, x: np.ndarray) -> np.ndarray:
    """What a component sees of what it receives."""
    return x if norm is None else norm(x)


def checked_norm(norm: Norm | None, item: str, d_model: int) -> Norm | None:
    """A norm with its arrays in float64.

    Raises:
        InputError: an array of another shape, or an eps that is not a number of at least 0.
    """
    if norm is None:
        return None
    if not isinstance(norm, Norm):
        raise InputError(f"{item} is {quoted(norm)}; give a Norm, or None")
    if not is_number(norm.eps, 0):
        raise InputError(f"eps of {item} is {quoted(norm.eps)}; it is a number of at least 0")
    if norm.rms and norm.b is not None:
        raise InputError(f"{item} is an RMS norm with a bias b; an RMS norm has none: leave b out")
    shift = None if norm.b is None else weights(f"b of {item}", norm.b, (d_model,))
    return Norm(weights(f"w of {item}", norm.w, (d_model,)), shift, float(norm.eps), bool(norm.rms))


def checked_layer(layer: Any, k: int, d_model: int) -> Layer:
    """A layer with its arrays in float64, zeros where a bias is None.

    Raises:
        InputError: something else, or arrays that do not fit one another.
    """
    at = f"layers[{k}]"
    if not isinstance(layer, Layer) or not isinstance(layer.attention, Attention):
        raise InputError(f"{at} is {quoted(layer)}; give a Layer of an Attention, and an MLP or None")
    a = layer.attention
    first = float_array(a.W_Q, f"W_Q of {at}")
    if first.ndim != 3 or not first.size or first.shape[1] != d_model:
        raise InputError(
            f"W_Q of {at} has shape {first.shape}; expected (heads, d_model, d_head), d_model being {d_model}"
        )
    heads, _, d_head = first.shape
    shapes = dict.fromkeys(("W_Q", "W_K", "W_V"), (heads, d_model, d_head)) | {"W_O": (heads, d_head, d_model)}
    shapes |= dict.fromkeys(("b_Q", "b_K", "b_V"), (heads, d_head)) | {"b_O": (d_model,)}
    mlp = layer.mlp
    if mlp is not None:
        if not isinstance(mlp, MLP):
            raise InputError(f"mlp of {at} is {quoted(mlp)}; give an MLP, or None")
        inner = float_array(mlp.W_in, f"W_in of {at}")
        if inner.ndim != 2 or not inner.size or inner.shape[0] != d_model:
            raise InputError(
                f"W_in of {at} has shape {inner.shape}; expected (d_model, d_mlp), d_model being {d_model}"
            )
        d_mlp = inner.shape[1]
        sizes = {"W_in": (d_model, d_mlp), "W_out": (d_mlp, d_model), "b_in": (d_mlp,), "b_out": (d_model,)}
        mlp = MLP(**_arrays(mlp, sizes, at))
    ln1, ln2 = (checked_norm(getattr(layer, name), f"{name} of {at}", d_model) for name in ("ln1", "ln2"))
    if mlp is None and ln2 is not None:
        raise InputError(f"{at} has ln2, the norm before its MLP, but no MLP; leave ln2 out")
    return Layer(Attention(**_arrays(a, shapes, at)), mlp, ln1, ln2)


def checked_activation(name: Any) -> str:
    """The name of an activation that MLPs may have."""
    return choice("activation", name, ACTIVATIONS)


def _arrays(part: Any, shapes: dict[str, tuple[int, ...]], at: str) -> dict[str, np.ndarray]:
    given = {field.name: getattr(part, field.name) for field in fields(part)}
    return {name: weights(f"{name} of {at}", given[name], shape) for name, shape in shapes.items()}


def weights(item: str, given: Any, shape: tuple[int, ...]) -> np.ndarray:
    """An array of weights in float64, read-only; zeros where a bias is None.

    Raises:
        InputError: another shape, or a value that is not finite.
    """
    array = np.zeros(shape) if given is None and item.startswith("b") else np.array(float_array(given, item))
    if array.shape != shape:
        raise InputError(f"{item} has shape {array.shape}; expected {shape}")
    if not np.isfinite(array).all():
        at = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
        raise InputError(f"{item} has {array[tuple(at)]} at {at}; every value must be finite")
    array.setflags(write=False)
    return array
