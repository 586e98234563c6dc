"""A source model as a list of steps, and the steps folded into the layers of a network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..activations import activation
from ..errors import InputError
from ..network import Network


@dataclass(frozen=True, eq=False)
class Affine:
    """weights @ x + biases, in float64; `place` is what the source calls it. A vector of weights is a diagonal."""

    weights: Float[np.ndarray, "outgoing incoming"] | Float[np.ndarray, " features"]
    biases: Float[np.ndarray, " outgoing"]
    place: str

    @property
    def incoming(self) -> int:
        """How many features it takes."""
        return self.weights.shape[-1]

    def __call__(self, state: Float[np.ndarray, "inputs incoming"]) -> Float[np.ndarray, "inputs outgoing"]:
        """What it makes of each input."""
        return self.product(state) + self.biases

    def product(self, state: Float[np.ndarray, "inputs incoming"]) -> Float[np.ndarray, "inputs outgoing"]:
        """The same without the biases."""
        return state * self.weights if self.weights.ndim == 1 else state @ self.weights.T


@dataclass(frozen=True)
class Nonlinear:
    """The activation called `name`, at `place`."""

    name: str
    place: str


@dataclass(frozen=True)
class LeftOut:
    """Something that does nothing to the features of an input, at `place`."""

    place: str


Step = Affine | Nonlinear | LeftOut
# A diagonal takes memory with the square of its width once it is a matrix.
WIDEST_DIAGONAL = 4096


def elementwise(scale: np.ndarray, shift: np.ndarray, place: str) -> Affine:
    """scale * x + shift, feature by feature."""
    return Affine(np.asarray(scale, np.float64), np.asarray(shift, np.float64), place)


def normalization(
    mean: np.ndarray, variance: np.ndarray, epsilon: float, scale: np.ndarray, shift: np.ndarray, place: str
) -> list[Step]:
    """Batch normalization by stored statistics: less the mean, then by scale / sqrt(variance + epsilon), plus shift."""
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = scale / np.sqrt(variance + epsilon)
    return [elementwise(np.ones_like(factor), -mean, place), elementwise(factor, shift, place)]


def leaky_relu(slope: float, place: str) -> Nonlinear:
    """A leaky ReLU of the given slope.

    Raises:
        InputError: the slope is negative or not finite.
    """
    if not 0 <= slope < np.inf:
        raise InputError(
            f"{place}: its slope is {slope:g}; slopes of at least 0 are supported: train it with such a one"
        )
    return Nonlinear("leaky_relu" if slope == 0.01 else f"leaky_relu:{slope!r}", place)


def width_after(steps: Sequence[Step]) -> int | None:
    """How many features the steps end in; None when nothing says so yet."""
    return next((len(step.biases) for step in reversed(steps) if isinstance(step, Affine)), None)


def fold(steps: Iterable[Step]) -> tuple[Network, tuple[str, ...]]:
    """The network that computes what the steps do, and in words what was put together or left out.

    Consecutive affine steps become one layer, by products in float64; a layer takes the activation after it, or
    identity, which only the last layer can have.

    Raises:
        InputError: no affine step, an activation that no affine step comes before, steps whose shapes do not chain, or
            numbers that are not finite.

    Example:
        >>> double = Affine(np.array([[2.0]]), np.array([1.0]), "Linear 0")
        >>> fold([double, double, Nonlinear("relu", "ReLU 2")])[0].weights[0].tolist()
        [[4.0]]
    """
    layers: list[Affine] = []
    names: list[str] = []
    words: list[str] = []
    before, merged = "", []  # the place of the last activation, and those of the layer being put together
    for step in steps:
        if isinstance(step, LeftOut):
            words.append(f"{step.place} left out")
        elif isinstance(step, Affine):
            if layers and step.incoming != len(layers[-1].biases):
                raise InputError(
                    f"{step.place} takes {step.incoming} features, but {layers[-1].place} gives "
                    f"{len(layers[-1].biases)}; mend the shapes in the source"
                )
            if len(layers) > len(names):
                layers[-1] = _composed(layers[-1], step)
                merged.append(step.place)
            else:
                layers.append(step)
                words += _told(merged)
                merged = [step.place]
        elif len(layers) == len(names):
            raise InputError(_misplaced(step.place, before))
        else:
            activation(step.name)
            names.append(step.name)
            before = step.place
    if not layers:
        raise InputError("there is no linear layer in what is to be imported; a network needs at least one")
    words += _told(merged)
    names += ["identity"] * (len(layers) - len(names))
    return Network(tuple(map(_matrix, layers)), tuple(one.biases for one in layers), tuple(names)), tuple(words)


def _composed(first: Affine, second: Affine) -> Affine:
    """One step for two; only a diagonal after a diagonal is a diagonal again."""
    with np.errstate(over="ignore", invalid="ignore"):
        biases = second(first.biases[None])[0]
        if second.weights.ndim == 2 and first.weights.ndim == 2:
            return Affine(second.weights @ first.weights, biases, second.place)
        rows = second.weights[:, None] if second.weights.ndim < first.weights.ndim else second.weights
        return Affine(rows * first.weights, biases, second.place)


def _matrix(layer: Affine) -> np.ndarray:
    if layer.weights.ndim == 2:
        return layer.weights
    if layer.incoming > WIDEST_DIAGONAL:
        raise InputError(
            f"{layer.place} would be a layer of its own of {layer.incoming:,} neurons, each taking one; at most "
            f"{WIDEST_DIAGONAL:,} are made into one: begin after it"
        )
    return np.diag(layer.weights)


def _told(merged: Sequence[str]) -> list[str]:
    places = list(dict.fromkeys(merged))
    return [f"{', '.join(places[:-1])} and {places[-1]} folded into one layer"] if len(places) > 1 else []


def _misplaced(place: str, before: str) -> str:
    if before:
        return (
            f"{place}: this activation comes right after {before}, with no linear layer between them; a layer has one "
            "activation. Begin after the first of them, or take one of them out of the model"
        )
    return (
        f"{place}: what is to be imported begins with an activation; begin one layer earlier, with the linear layer "
        "before it, or one later, after the activation"
    )
