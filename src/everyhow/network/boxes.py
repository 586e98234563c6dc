"""What circuits are asked to do on a box around each input of a behavior, laid out for the kernels."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int
from ..kernels.layout import Wiring
from ..model.activations import activation
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.criterion import perfect
from .feed_forward import FeedForward
from .rounding import EPSILON, SMALLEST, Values, activated, own_rounding, sums_of

Radius = int | float | Sequence[int | float] | np.ndarray


@dataclass(frozen=True, eq=False)
class Boxes:
    """Closed boxes of inputs, and the half-spaces in which the outputs' pre-activations must lie on each.

    Attributes:
        network: the network, with the behavior's threshold where it has one.
        centers: shape (inputs, features).
        reach: shape (features,), half the sides, the same for every box.
        coefficients: shape (inputs, demands, outputs), combinations of the outputs' pre-activations.
        certain: shape (inputs, demands), what each combination must be at least, with the decision boundary moved
            inwards by 1e-9.
        possible: shape (inputs, demands), below what each combination is wrong, with the boundary moved outwards.
    """

    network: FeedForward
    centers: Float[np.ndarray, "inputs features"]
    reach: Float[np.ndarray, " features"]
    coefficients: Float[np.ndarray, "inputs demands outputs"]
    certain: Float[np.ndarray, "inputs demands"]
    possible: Float[np.ndarray, "inputs demands"]

    def wiring(self) -> Wiring:
        """The network as the kernels read it."""
        network = self.network
        biases = np.zeros((network.depth, max(network.widths)))
        for layer, b in enumerate(network.biases):
            biases[layer, : len(b)] = b
        sizes = [w.size for w in network.weights]
        functions = [activation(name) for name in network.activations]
        return Wiring(
            widths=np.array(network.widths, np.int64),
            starts=np.array([0, *itertools.accumulate(sizes)][:-1], np.int64),
            biases=biases,
            codes=np.array([function.code for function in functions], np.int64),
            parameters=np.array([function.parameters for function in functions]),
        )

    def weights(self, circuits: Sequence[Circuit]) -> Float[np.ndarray, "circuits edges"]:
        """The weights of each circuit, layer by layer, 0 at all edges outside it.

        Raises:
            InputError: a circuit of other widths, or with an edge that the network lacks.
        """
        flat = np.concatenate([w.ravel() for w in self.network.weights])
        edges = np.flatnonzero(flat)
        size = (len(edges) + 7) // 8
        packed = b"".join(circuit.on(self.network.graph).bits.to_bytes(size, "big") for circuit in circuits)
        bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(len(circuits), size), axis=1)
        weights = np.zeros((len(circuits), len(flat)))
        weights[:, edges] = np.where(bits[:, 8 * size - len(edges) :], flat[edges], 0.0)
        return weights

    def received(
        self, weights: Float[np.ndarray, "circuits edges"], points: Float[np.ndarray, "circuits features"]
    ) -> tuple[Float[np.ndarray, "circuits outputs"], Float[np.ndarray, "circuits outputs"]]:
        """The outputs' pre-activations of each circuit, by its `weights`, at a point of its own, and how far they may
        be off."""
        sums, state, start = points, points, 0
        error = off = np.zeros_like(points)
        known = Values.of(points)
        for w, b, name in zip(self.network.weights, self.network.biases, self.network.activations, strict=True):
            own, function = weights[:, start : start + w.size].reshape(-1, *w.shape), activation(name)
            known = sums_of(known, w, b)
            with np.errstate(over="ignore", invalid="ignore"):
                sums = np.einsum("cji,ci->cj", own, state) + b
                terms = 0 if known.grid else w.shape[1] + 3
                # What the edges bring, and what adding it up rounds.
                brought = error + terms * EPSILON * np.abs(state)
                off = np.einsum("cji,ci->cj", np.abs(own), brought) + terms * (EPSILON * np.abs(b) + SMALLEST)
                state, known = function(sums), activated(known, function)
                error = np.where(off > 0, function.moved(sums, off), 0.0)
                if not known.grid:
                    error += own_rounding(function, state)
            start += w.size
        return sums, off

    def is_wrong(
        self,
        received: Float[np.ndarray, "circuits outputs"],
        off: Float[np.ndarray, "circuits outputs"],
        corners: Int[np.ndarray, " circuits"],
    ) -> Bool[np.ndarray, " circuits"]:
        """Whether each circuit, with these pre-activations at a point in the box around a corner, is surely wrong."""
        coefficients = self.coefficients[corners]
        with np.errstate(over="ignore", invalid="ignore"):
            most = (coefficients @ received[:, :, None] + np.abs(coefficients) @ off[:, :, None])[:, :, 0]
        return np.any(most < self.possible[corners], axis=1)


def boxes_around(network: FeedForward, behavior: Behavior, radius: Radius) -> Boxes:
    """The boxes of `radius` around the points of a behavior, in which the bits that it wants must be decided.

    Raises:
        InputError: a behavior that does not fit the network or allows errors, a decision that does not fit the
            outputs, or radii that are not finite numbers of at least 0, one for all inputs or one for each.
    """
    features = network.widths[0]
    shape = (behavior.points.shape[1], behavior.wanted.shape[1])
    if shape != (features, network.widths[-1]):
        raise InputError(
            f"the behavior has points of {shape[0]} inputs and {shape[1]} wanted bits each; the network has {features} "
            f"inputs and {network.widths[-1]} outputs"
        )
    if behavior.epsilon or behavior.within is not None:
        raise InputError(
            "robust circuits decide right at every input of a box: give a behavior without epsilon and within"
        )
    reach = _reach(radius, features)
    with np.errstate(over="ignore", invalid="ignore"):
        criterion = perfect(network, behavior)
    sides = np.concatenate([criterion.contrasts, -criterion.contrasts], axis=1)
    limits = criterion.shifted_limits.reshape(2, 2, *criterion.contrasts.shape[:2]).copy()
    # What is demanded is reached, while a low limit must be exceeded.
    low = limits[:, 0]
    limits[:, 0] = np.where(np.isfinite(low), np.nextafter(low, np.inf), low)
    certain, possible = (np.concatenate([low, -high], axis=1) for low, high in limits)
    return Boxes(behavior.read(network), behavior.points, reach, sides, certain, possible)


def _reach(radius: object, features: int) -> np.ndarray:
    try:
        given = np.array(radius, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"the radius {radius!r} is not a number; give one number, or one for each input") from None
    if given.shape not in ((), (features,)):
        raise InputError(
            f"the radius has shape {given.shape}; give one number for all inputs, or {features}, one for each input"
        )
    if not (np.isfinite(given).all() and (given >= 0).all()):
        raise InputError(f"the radius is {given.tolist()}; it must be finite and at least 0")
    return np.broadcast_to(given, features).copy()
