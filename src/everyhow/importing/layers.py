"""A source model as a list of steps, and the steps folded into the layers of a network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float
from ..model.activations import activation
from ..network.network import Network
from .endings import ending, refused


@dataclass(frozen=True, eq=False)
class Affine:
    """weights @ x + biases, in float64; `where` is what the source calls it. A vector of weights is a diagonal."""

    weights: Float[np.ndarray, "outgoing incoming"] | Float[np.ndarray, " features"]
    biases: Float[np.ndarray, " outgoing"]
    where: str

    @property
    def incoming(self) -> int:
        """How many features it takes."""
        return self.weights.shape[-1]

    def __call__(self, state: Float[np.ndarray, "inputs incoming"]) -> Float[np.ndarray, "inputs outgoing"]:
        """What it makes of each input."""
        return self.product(state) + self.biases

    def product(self, state: Float[np.ndarray, "inputs incoming"]) -> Float[np.ndarray, "inputs outgoing"]:
        """weights @ x: what the step makes without the biases."""
        return state * self.weights if self.weights.ndim == 1 else state @ self.weights.T


@dataclass(frozen=True)
class Nonlinear:
    """The activation called `name`, at `where`; the source's own function lies at most `apart` from it."""

    name: str
    where: str
    apart: float = 0.0


@dataclass(frozen=True)
class LeftOut:
    """Something that does nothing to the features of an input, at `where`."""

    where: str


@dataclass(frozen=True)
class Selection:
    """Some of the features in some order, each at most once, at `where`."""

    kept: tuple[int, ...]
    features: int
    where: str


@dataclass(frozen=True)
class Softmax:
    """A softmax of all features, or its logarithm, at `where`; the largest output is the same without it."""

    where: str
    logarithm: bool = False


Step = Affine | Nonlinear | LeftOut | Selection | Softmax
# Where the default decision changes: output > 0.5.
BOUNDARY = 0.5
# A diagonal takes memory with the square of its width once it is a matrix.
WIDEST_DIAGONAL = 4096


def elementwise(
    scale: float | np.ndarray, shift: float | np.ndarray, where: str, features: int | None = None
) -> Affine:
    """scale * x + shift, feature by feature; numbers are those of so many features."""
    shape = np.shape(scale) if features is None else (features,)
    factors, summands = (np.broadcast_to(np.asarray(side, np.float64), shape) for side in (scale, shift))
    return Affine(factors, summands, where)


def normalization(
    mean: np.ndarray, variance: np.ndarray, epsilon: float, scale: np.ndarray, shift: np.ndarray, where: str
) -> list[Step]:
    """Batch normalization by stored statistics: less the mean, then by scale / sqrt(variance + epsilon), plus shift."""
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = scale / np.sqrt(variance + epsilon)
    return [elementwise(np.ones_like(factor), -mean, where), elementwise(factor, shift, where)]


def leaky_relu(slope: float, where: str) -> Nonlinear:
    """A leaky ReLU of the given slope.

    Raises:
        InputError: the slope is not finite.
    """
    if not np.isfinite(slope):
        raise InputError(f"{where}: its slope is {slope:g}; a finite one is supported: mend it in the source")
    return Nonlinear({0.0: "relu", 0.01: "leaky_relu"}.get(slope, f"leaky_relu:{slope!r}"), where)


@dataclass(frozen=True, eq=False)
class _Layer:
    """Affine steps put together, where they come from, and the activation after them; "" when there is none yet.

    A linear layer has neurons; a batch normalization, constants and a selection of features have none.
    """

    affine: Affine
    made_of: tuple[str, ...]
    has_neurons: bool
    name: str = ""
    activated_at: str = ""

    @property
    def is_diagonal(self) -> bool:
        return self.affine.weights.ndim == 1


def fold(steps: Iterable[Step]) -> tuple[Network, tuple[str, ...]]:
    """The network that computes what the steps do, and in words what was put together or left out.

    Every matrix is a layer of neurons and stays one, with the activation after it or identity. Diagonals, such as
    batch normalizations and constants, become part of the layer before them, or at the beginning and after an
    activation of the next one, by products in float64; after the last activation, where another activation takes them
    up exactly. A softmax at the end is left out.

    Raises:
        InputError: no affine step, an activation that no affine step comes before, steps whose shapes do not chain,
            constants after the last activation that none takes up, a softmax elsewhere, or numbers that are not finite.

    Example:
        >>> double = Affine(np.array([[2.0]]), np.array([1.0]), "Linear 0")
        >>> network, words = fold([double, elementwise(np.ones(1), np.array([-3.0]), "sub"), double])
        >>> network.widths, [one.tolist() for one in network.biases], words
        ((1, 1, 1), [[-2.0], [1.0]], ('Linear 0 and sub folded into one layer',))
    """
    layers: list[_Layer] = []
    words: list[str] = []
    softmax = ""
    for step in steps:
        if isinstance(step, LeftOut):
            words.append(f"{step.where} left out")
            continue
        if softmax:
            raise InputError(
                f"{softmax}: a softmax mixes all outputs, so it is not an activation of a neuron; it is supported as "
                f"the last step only, and {step.where} comes after it: import the model up to it"
            )
        if isinstance(step, Softmax):
            softmax = step.where
        elif isinstance(step, Selection):
            layers = _selected(layers, step)
            words += [f"{step.where} keeps {len(step.kept)} of {step.features} features"]
        else:
            layers = _continued(layers, step)
    if not layers or not any(one.has_neurons or one.is_diagonal for one in layers):
        raise InputError("there is no linear layer in what is to be imported; a network needs at least one")
    if len(layers) > 1 and not layers[-1].has_neurons and not layers[-1].name:
        *layers, after = layers
        layers[-1], told = _ended(layers[-1], after)
        words.append(told)
    if softmax:
        if len(layers[-1].affine.biases) == 1:
            raise InputError(f"{softmax}: a softmax of one output is 1 for every input; import the model up to it")
        words.append("softmax left out")
    words += [_own(one) for one in layers if not one.has_neurons]
    weights, biases = tuple(_matrix(one.affine) for one in layers), tuple(one.affine.biases for one in layers)
    network = Network(weights, biases, tuple(one.name or "identity" for one in layers))
    return network, (*words, *(told for one in layers for told in _told(one.made_of)))


def _continued(layers: list[_Layer], step: Affine | Nonlinear) -> list[_Layer]:
    """The layers with one more step."""
    last = layers[-1] if layers else None
    if isinstance(step, Affine):
        if last and step.incoming != len(last.affine.biases):
            raise InputError(
                f"{step.where} takes {step.incoming} features, but {last.affine.where} gives "
                f"{len(last.affine.biases)}; mend the shapes in the source"
            )
        is_matrix = step.weights.ndim == 2
        if last is None or last.name or (last.has_neurons and is_matrix):
            return [*layers, _Layer(step, (step.where,), is_matrix)]
        joined = _composed(last.affine, step)
        return [*layers[:-1], _Layer(joined, (*last.made_of, step.where), last.has_neurons or is_matrix)]
    if last is None or last.name:
        raise InputError(_misplaced(step.where, last.activated_at if last else ""))
    try:
        activation(step.name)
    except InputError as error:
        raise InputError(f"{step.where}: {error}") from None
    return [*layers[:-1], replace(last, name=step.name, activated_at=step.where)]


def _selected(layers: list[_Layer], step: Selection) -> list[_Layer]:
    """The layers with only some of the last features, the other neurons being read by nothing."""
    kept = list(step.kept)
    if not layers:
        matrix = np.zeros((len(kept), step.features))
        matrix[np.arange(len(kept)), kept] = 1
        return [_Layer(Affine(matrix, np.zeros(len(kept)), step.where), (step.where,), False)]
    *before, last = layers
    weights = _matrix(last.affine) if last.is_diagonal and not before else last.affine.weights
    chosen = Affine(weights[kept], last.affine.biases[kept], last.affine.where)
    return [*(_selected(before, step) if last.is_diagonal and before else before), replace(last, affine=chosen)]


def _ended(last: _Layer, after: _Layer) -> tuple[_Layer, str]:
    """The last layer with the constants after its activation, and in words what became of them."""
    scale, shift, where = after.affine.weights, after.affine.biases, ", ".join(dict.fromkeys(after.made_of))
    found = ending(last.name, scale, shift)
    if found is None:
        raise refused(where, last.activated_at, scale, shift, BOUNDARY)
    affine = _composed(last.affine, elementwise(found.factors, found.summands, last.affine.where))
    words = f"{last.activated_at} ({last.name}) and {where} folded into {found.name}"
    return replace(last, affine=affine, name=found.name), words


def _composed(first: Affine, second: Affine) -> Affine:
    """One step for two, of which at most one has neurons."""
    with np.errstate(over="ignore", invalid="ignore"):
        biases = second(first.biases[None])[0]
        if first.weights.ndim == second.weights.ndim == 2:
            return Affine(second.weights @ first.weights, biases, second.where)
        rows = second.weights[:, None] if second.weights.ndim < first.weights.ndim else second.weights
        return Affine(rows * first.weights, biases, second.where)


def _matrix(layer: Affine) -> np.ndarray:
    if layer.weights.ndim == 2:
        return layer.weights
    if layer.incoming > WIDEST_DIAGONAL:
        raise InputError(
            f"{layer.where} would be a layer of its own of {layer.incoming:,} neurons, each taking one; at most "
            f"{WIDEST_DIAGONAL:,} are made into one: begin after it"
        )
    return np.diag(layer.weights)


def _own(layer: _Layer) -> str:
    """What is said of a layer that was made of steps without neurons, since no linear layer is beside them."""
    return f"{', '.join(dict.fromkeys(layer.made_of))} made a layer of its own, of one neuron for each feature"


def _told(merged: Sequence[str]) -> list[str]:
    made_of = list(dict.fromkeys(merged))
    return [f"{', '.join(made_of[:-1])} and {made_of[-1]} folded into one layer"] if len(made_of) > 1 else []


def _misplaced(where: str, before: str) -> str:
    if before:
        return (
            f"{where}: this activation comes right after {before}, with no linear layer between them; a layer has one "
            "activation. Begin after the first of them, or take one of them out of the model"
        )
    return (
        f"{where}: what is to be imported begins with an activation; begin one layer earlier, with the linear layer "
        "before it, or one later, after the activation"
    )
