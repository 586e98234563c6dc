"""A source model as a list of steps, and the steps folded into the layers of a network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, eq=False)
class _Layer:
    """Affine steps put together, where they come from, and the activation after them; "" when there is none yet."""

    affine: Affine
    places: tuple[str, ...]
    name: str = ""
    activated_at: str = ""

    @property
    def has_neurons(self) -> bool:
        """Whether one of its steps is a layer of neurons, as a linear one is and a batch normalization is not."""
        return self.affine.weights.ndim == 2


def fold(steps: Iterable[Step]) -> tuple[Network, tuple[str, ...]]:
    """The network that computes what the steps do, and in words what was put together or left out.

    Every matrix is a layer of neurons and stays one, with the activation after it or identity. Diagonals, such as
    batch normalizations and constants, become part of the layer before them, or at the beginning and after an
    activation of the next one, by products in float64.

    Raises:
        InputError: no affine step, an activation that no affine step comes before, steps whose shapes do not chain, or
            numbers that are not finite.

    Example:
        >>> double = Affine(np.array([[2.0]]), np.array([1.0]), "Linear 0")
        >>> network, words = fold([double, elementwise(np.ones(1), np.array([-3.0]), "sub"), double])
        >>> network.widths, [one.tolist() for one in network.biases], words
        ((1, 1, 1), [[-2.0], [1.0]], ('Linear 0 and sub folded into one layer',))
    """
    layers: list[_Layer] = []
    words: list[str] = []
    for step in steps:
        last = layers[-1] if layers else None
        if isinstance(step, LeftOut):
            words.append(f"{step.place} left out")
        elif isinstance(step, Affine):
            if last and step.incoming != len(last.affine.biases):
                raise InputError(
                    f"{step.place} takes {step.incoming} features, but {last.affine.place} gives "
                    f"{len(last.affine.biases)}; mend the shapes in the source"
                )
            if last is None or last.name or (last.has_neurons and step.weights.ndim == 2):
                layers.append(_Layer(step, (step.place,)))
            else:
                layers[-1] = _Layer(_composed(last.affine, step), (*last.places, step.place))
        elif last is None or last.name:
            raise InputError(_misplaced(step.place, last.activated_at if last else ""))
        else:
            activation(step.name)
            layers[-1] = replace(last, name=step.name, activated_at=step.place)
    if not layers:
        raise InputError("there is no linear layer in what is to be imported; a network needs at least one")
    weights, biases = tuple(_matrix(one.affine) for one in layers), tuple(one.affine.biases for one in layers)
    network = Network(weights, biases, tuple(one.name or "identity" for one in layers))
    return network, (*words, *(told for one in layers for told in _told(one.places)))


def _composed(first: Affine, second: Affine) -> Affine:
    """One step for two, of which at most one is a matrix."""
    with np.errstate(over="ignore", invalid="ignore"):
        biases = second(first.biases[None])[0]
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
