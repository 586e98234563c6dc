"""Bounds of how far float64 arithmetic may be from exact arithmetic, in runs of a network and of its circuits.

A sum of n products differs from the exact one by less than (n + 2) eps times the sum of the absolute products (Higham,
Accuracy and Stability of Numerical Algorithms, section 3.1), in whatever order it is added. It does not differ at all
where every product is a whole multiple of one power of two, and their absolute sum less than 2^53 of it. Errors pass on
through weights, and through activations by their steepest slope.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from .activations import CLIP, LEAKY, STEP, Activation, activation
from .network import Network

# Moving the decision boundary by this much must not change a certified count.
BOUNDARY_SHIFT = 1e-9
EPSILON, SMALLEST = 2.0**-52, 2.0**-1022
# Whole numbers up to here are all floating-point numbers.
WHOLE = 2.0**53
# What an edge carries may be taken as a difference, whose two parts add to what rounds; and a sum may be compared with
# the same sum in another order, which is off by as much again.
PARTS, ORDERS = 3.0, 2.0
# No activation that dips goes lower.
DEEPEST = 0.5


@dataclass(frozen=True, eq=False)
class Values:
    """What is known of the values of one layer's neurons in many runs.

    Attributes:
        most: shape (neurons,), what no value exceeds in magnitude, computed or exact.
        error: shape (neurons,), how far a computed value may be from the exact one.
        grid: a power of two of which every value is a whole multiple; 0 when none is known, infinite when all are 0.
    """

    most: Float[np.ndarray, " neurons"]
    error: Float[np.ndarray, " neurons"]
    grid: float

    @staticmethod
    def of(
        values: Float[np.ndarray, "runs neurons"], error: Float[np.ndarray, "runs neurons"] | None = None
    ) -> "Values":
        """Of values that are there, each off by at most its error."""
        off = np.zeros_like(values) if error is None else error
        exact = not off.any()
        return Values(_most(np.abs(values) + off), _most(off), grid_of(values) if exact else 0.0)

    def or_else(self, other: "Values") -> "Values":
        """Of values of which each is one of these or one of the others."""
        most, error = np.maximum(self.most, other.most), np.maximum(self.error, other.error)
        return Values(most, error, min(self.grid, other.grid))


def grid_of(values: np.ndarray) -> float:
    """The largest power of two of which all values are whole multiples; infinite when all are 0, and 0 where there is
    none that is a floating-point number, or a value is not finite.

    Example:
        >>> grid_of(np.array([0.75, 2.0])), grid_of(np.array([0.1])) < 1e-16
        (0.25, True)
    """
    if not np.isfinite(values).all():
        return 0.0
    mantissas, exponents = np.frexp(values[values != 0])
    whole = np.abs(mantissas * WHOLE).astype(np.int64)
    lowest = np.log2((whole & -whole).astype(np.float64)) + exponents - 53
    return float(np.exp2(lowest.min())) if len(lowest) else math.inf


def sums_of(values: Values, weights: np.ndarray, biases: np.ndarray) -> Values:
    """Of the pre-activations of a layer whose edges carry such values, any of them being removed or not."""
    absolute, terms = np.abs(weights), weights.shape[1] + 3
    with np.errstate(over="ignore", invalid="ignore"):
        parts = _times(absolute, values.most)
        passed = _times(absolute, values.error)
        most = np.abs(biases) + parts
        grid = min(_product(values.grid, grid_of(weights)), grid_of(biases))
        if not passed.any() and grid > 0 and (np.abs(biases) + PARTS * parts).max(initial=0.0) < WHOLE * grid:
            return Values(most, passed, grid)
        error = passed + terms * (EPSILON * (np.abs(biases) + PARTS * parts) + SMALLEST)
        return Values(most + error, error, 0.0)


def activated(values: Values, function: Activation) -> Values:
    """Of the activations of neurons with such pre-activations. A step is taken to be on the right side of its jump."""
    first, second, low, high = function.parameters
    ends = np.array([values.most, -values.most, np.zeros_like(values.most)])
    most = np.nan_to_num(np.abs(function(ends)).max(axis=0), nan=math.inf, posinf=math.inf)
    most = most + (0.0 if function.is_monotone else DEEPEST)
    if function.code == STEP:
        return Values(most, np.zeros_like(most), grid_of(np.array([first, 1.0])))
    slope = function.steepest(np.zeros_like(values.most), np.full_like(values.most, math.inf))
    with np.errstate(over="ignore", invalid="ignore"):
        passed = np.where(values.error > 0, slope * values.error, 0.0)
        if function.code == LEAKY and first in (0.0, 1.0):
            return Values(most + passed, passed, values.grid)
        if function.code == CLIP and (first, second) == (1.0, 0.0):
            return Values(most + passed, passed, min(values.grid, grid_of(np.array([low, high]))))
        error = passed + own_rounding(function, most)
        return Values(most + error, error, 0.0)


def own_rounding(function: Activation, values: np.ndarray) -> np.ndarray:
    """How far values computed by an activation's own formula may be off."""
    relative, absolute = function.accuracy
    return EPSILON * (relative * np.abs(values) + absolute) + SMALLEST


@dataclass(frozen=True, eq=False)
class Rounding:
    """How far the sums of any circuit may be off, every step neuron being on the right side of its jump.

    Attributes:
        hidden: for each hidden layer, shape (neurons,), of its activations.
        outputs: shape (outputs,), of each output's pre-activation.
        steps: by layer of weights, of the pre-activations of neurons that step, where they may be off at all.
        exact: for each layer of weights, whether its sums are free of rounding.
    """

    hidden: tuple[Float[np.ndarray, " _neurons"], ...]
    outputs: Float[np.ndarray, " outputs"]
    steps: Mapping[int, Float[np.ndarray, " neurons"]]
    exact: tuple[bool, ...]


def rounding_of_circuits(
    network: Network, points: Float[np.ndarray, "runs features"], removed: Sequence[Values]
) -> Rounding:
    """How far the sums of any circuit may be off at some inputs, whatever its edges; all others carry what is removed,
    given for layers 0 to depth - 1."""
    values, steps, exact, hidden = Values.of(points).or_else(removed[0]), {}, [], []
    for layer in range(network.depth - 1):
        sums = sums_of(values, network.weights[layer], network.biases[layer])
        exact.append(bool(sums.grid))
        function = activation(network.activations[layer])
        if function.code == STEP and sums.error.any():
            steps[layer] = sums.error
        values = activated(sums, function)
        hidden.append(values.error)
        values = values.or_else(removed[layer + 1])
    sums = sums_of(values, network.weights[-1], network.biases[-1])
    return Rounding(tuple(hidden), sums.error, steps, (*exact, bool(sums.grid)))


def nothing(neurons: int) -> Values:
    """Of neurons that carry nothing."""
    return Values(np.zeros(neurons), np.zeros(neurons), math.inf)


@dataclass(frozen=True, eq=False)
class Runs:
    """The whole network run at some inputs, with how far each value may be off there.

    Attributes:
        states: the computed activations of layers 0 to depth.
        errors: of each activation, from the exact one; an input is exact.
        received_errors: of the outputs' pre-activations.
    """

    network: Network
    states: tuple[Float[np.ndarray, "inputs _neurons"], ...]
    errors: tuple[Float[np.ndarray, "inputs _neurons"], ...]
    received_errors: Float[np.ndarray, "inputs outputs"]

    def layer(self, layer: int) -> Values:
        """What is known of the activations of a layer over all the inputs."""
        return Values.of(self.states[layer], self.errors[layer])


def whole_runs(network: Network, points: Float[np.ndarray, "inputs features"]) -> Runs:
    """Run a network, with a bound of the error of each value that holds in whatever order sums are added."""
    states = network.layers(points)
    errors, off = [np.zeros_like(states[0])], np.zeros_like(states[0])
    exact = Values.of(states[0])
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True)):
        function, absolute = activation(name), np.abs(w)
        exact = sums_of(exact, w, b)
        with np.errstate(over="ignore", invalid="ignore"):
            sums = network.received(layer + 1, states[layer])
            off = _times(absolute, errors[layer])
            if not exact.grid:
                off = off + (w.shape[1] + 3) * (
                    EPSILON * (_times(absolute, np.abs(states[layer])) + np.abs(b)) + SMALLEST
                )
            moved = np.where(off > 0, function.moved(sums, off), 0.0)
            exact = activated(exact, function)
            rounding = 0.0 if exact.grid else own_rounding(function, states[layer + 1])
        errors.append(np.nan_to_num(moved + rounding, nan=math.inf, posinf=math.inf))
        if errors[-1].any():
            exact = replace(exact, grid=0.0)
    return Runs(network, states, tuple(errors), off)


@dataclass(frozen=True, eq=False)
class Onward:
    """Running a network on from a layer, neurons of it and of later layers taking their values from runs at different
    inputs.

    Attributes:
        layer: the layer.
        steps: by layer, how far the pre-activations of neurons that step may be off, where they may be off at all.
        margin: how near its boundary an output must come for rounding to matter, 1e-9 at least.
    """

    network: Network
    layer: int
    steps: Mapping[int, Float[np.ndarray, " neurons"]]
    margin: float

    def run(
        self, state: Float[np.ndarray, "*batch neurons"]
    ) -> tuple[Float[np.ndarray, "*batch outputs"], Bool[np.ndarray, "*batch"] | None]:
        """The outputs, and in which runs rounding may decide on which side of its jump a neuron is; None for none."""
        return self.run_on(self.layer, state)

    def run_on(
        self, layer: int, state: Float[np.ndarray, "*batch neurons"]
    ) -> tuple[Float[np.ndarray, "*batch outputs"], Bool[np.ndarray, "*batch"] | None]:
        """The same from a later layer."""
        if not self.steps:
            return self.network.run_from(layer, state), None
        doubtful = np.zeros(state.shape[:-1], bool)
        for after in range(layer + 1, self.network.depth + 1):
            sums = self.network.received(after, state)
            doubtful |= self._doubtful(after, sums).any(axis=-1)
            state = activation(self.network.activations[after - 1])(sums)
        return state, doubtful

    def in_doubt(
        self, states: Sequence[Float[np.ndarray, "runs _neurons"]], held: Mapping[int, Sequence[int]]
    ) -> Bool[np.ndarray, " runs"]:
        """In which runs rounding may decide on which side of its jump a neuron is that is not held where it is.

        Args:
            states: the activations of layers 0 to the last that matters.
            held: by layer, the neurons that are.
        """
        doubtful = np.zeros(len(states[0]), bool)
        for layer in range(1, len(states)):
            if layer in self.steps:
                near = self._doubtful(layer, self.network.received(layer, states[layer - 1]))
                near[:, list(held.get(layer, ()))] = False
                doubtful |= near.any(axis=1)
        return doubtful

    def _doubtful(self, layer: int, sums: Float[np.ndarray, "*batch neurons"]) -> Bool[np.ndarray, "*batch neurons"]:
        """Asked this way round, a sum that is not a number is in doubt."""
        return ~(np.abs(sums) > self.steps[layer]) if layer in self.steps else np.zeros(sums.shape, bool)


def onward(runs: Runs, layer: int) -> Onward:
    """Running on from `layer`, each neuron of which has its value of one of the runs; those of later layers have theirs
    of one of the runs, or what they compute."""
    network = runs.network
    values, steps = runs.layer(layer), {}
    for after in range(layer + 1, network.depth + 1):
        sums = sums_of(values, network.weights[after - 1], network.biases[after - 1])
        function = activation(network.activations[after - 1])
        if function.code == STEP and sums.error.any():
            steps[after] = ORDERS * sums.error
        values = activated(sums, function)
        if after < network.depth:
            values = values.or_else(runs.layer(after))
    return Onward(network, layer, steps, max(BOUNDARY_SHIFT, ORDERS * float(values.error.max())))


def decision_margin(network: Network, points: Float[np.ndarray, "inputs features"]) -> float:
    """How near its boundary an output must come for rounding to matter, in any run at these inputs in which the neurons
    of a layer may have their values of different runs: 1e-9 at least."""
    runs = whole_runs(network, points)
    return max(onward(runs, layer).margin for layer in range(network.depth))


def run_received(
    network: Network, layer: int, received: Float[np.ndarray, "*batch neurons"]
) -> tuple[Float[np.ndarray, "*batch outputs"], Bool[np.ndarray, "*batch"]]:
    """The outputs when a layer has these pre-activations, and in which runs a neuron that steps, and that something
    reads, comes within 1e-9 of its jump."""
    near, state = np.zeros(received.shape[:-1], bool), received
    for after in range(layer, network.depth + 1):
        sums = received if after == layer else network.received(after, state)
        function = activation(network.activations[after - 1])
        if function.code == STEP:
            read = sums if after == network.depth else sums[..., network.weights[after].any(axis=0)]
            near |= ~(np.abs(read) > BOUNDARY_SHIFT).all(axis=-1)
        state = function(sums)
    return state, near


def _most(values: np.ndarray) -> np.ndarray:
    return values.max(axis=0, initial=0.0)


def _times(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Weights times values that may be infinite, 0 times which is 0."""
    if np.isfinite(values).all():
        return values @ weights.T
    return np.where(weights != 0, weights * values[..., None, :], 0.0).sum(axis=-1)


def _product(one: float, other: float) -> float:
    return math.inf if math.inf in (one, other) else one * other
