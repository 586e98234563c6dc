"""A network run whole, and run on with neurons held, with a bound of how far every value may be off."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..common.shapes import Bool, Float, Int
from ..model.activations import STEP, activation
from ..model.criterion import ORDERS
from ..model.graph import Edge, Node
from ..model.runnable import ALONE, BOUNDARY_SHIFT, Held, Intervention, Rounding, Runs, Scenarios, States
from .feed_forward import FeedForward
from .rounding import (
    EPSILON,
    SMALLEST,
    WHOLE,
    Values,
    activated,
    grid_of,
    nothing,
    own_rounding,
    rounding_of_circuits,
    sums_of,
    times,
)


@dataclass(frozen=True, eq=False)
class Onward:
    """Running a network on from a layer, neurons of it and of later layers taking their values from runs at different
    inputs.

    Attributes:
        layer: the layer.
        steps: by layer, how far the pre-activations of neurons that step may be off, where they may be off at all.
        margin: how near its boundary an output must come for rounding to matter, 1e-9 at least.
    """

    network: FeedForward
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
        """What `run` gives, from a later layer."""
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


@dataclass(frozen=True, eq=False)
class NetworkRuns(Runs):
    """The whole network run at some inputs, with how far each value may be off there.

    Attributes:
        network: the network.
        points: the inputs.
        states: the computed activations of layers 0 to depth.
        errors: of each activation, from the exact one; an input is exact.
        received_errors: of the outputs' pre-activations.
    """

    network: FeedForward
    points: Float[np.ndarray, "inputs features"]
    states: tuple[Float[np.ndarray, "inputs _neurons"], ...]
    errors: tuple[Float[np.ndarray, "inputs _neurons"], ...]
    received_errors: Float[np.ndarray, "inputs outputs"]
    _after: dict[int, Onward] = field(default_factory=dict, repr=False)

    def layer(self, layer: int) -> Values:
        """What is known of the activations of a layer over all the inputs."""
        return Values.of(self.states[layer], self.errors[layer])

    def after(self, layer: int) -> Onward:
        """Running on from a layer; each is made once."""
        if layer not in self._after:
            self._after[layer] = onward(self, layer)
        return self._after[layer]

    @property
    def margin(self) -> float:
        """How near its boundary an output must come for rounding to matter when neurons of any layers are held."""
        return self.after(0).margin

    @property
    def widest_margin(self) -> float:
        """How near its boundary an output must come for rounding to matter when neurons of one layer have values of
        different runs."""
        return max(self.after(layer).margin for layer in range(self.network.depth))

    def as_they_are(self) -> Held:
        """The network's own outputs, with a margin for each input, which is that of the first output."""
        outputs, near = run_received(self.network, 1, self.network.received(1, self.points))
        # Of each point on its own: one that lies on the jump of a neuron says nothing of the others.
        return Held(outputs, near, np.maximum(BOUNDARY_SHIFT, ORDERS * self.errors[-1][:, 0]))

    def interchanged(
        self, region: Sequence[Node], chosen: Bool[np.ndarray, "sets neurons"], sources: Int[np.ndarray, " sources"]
    ) -> Held:
        """Neurons of the one layer that is the region take their values from another input: (sets, sources, inputs,
        outputs)."""
        stage = region[0].stage
        state = self.states[stage]
        patched = np.where(chosen[:, None, None, :], state[sources][None, :, None, :], state[None, None, :, :])
        return Held(*self.after(stage).run(patched), self.after(stage).margin)

    def forced(
        self, bases: Int[np.ndarray, " runs"], held: Sequence[Intervention], last: int
    ) -> tuple[States, Bool[np.ndarray, " runs"]]:
        """The activations up to layer `last` with neurons of any layers held, and in which runs a step is in doubt."""
        states = self.network.states(self.points[bases], held)[: last + 1]
        where: dict[int, tuple[int, ...]] = {}
        for one in held:
            where[one.layer] = where.get(one.layer, ()) + one.neurons
        return states, self.after(0).in_doubt(states, where)

    def acting(self, held: Sequence[Intervention]) -> Held:
        """Neurons held at each row of values at every input: (rows, inputs, outputs). Where all are of one layer, the
        network is run on from there."""
        stages = {one.layer for one in held}
        if len(stages) > 1:
            return super().acting(held)
        (stage,) = stages
        state = np.repeat(self.states[stage][None], len(held[0].values), axis=0)
        for one in held:
            state[:, :, list(one.neurons)] = one.values[:, None, :]
        return Held(*self.after(0).run_on(stage, state), self.margin)

    def with_edge(self, edge: Edge, bases: Int[np.ndarray, " runs"], sources: Int[np.ndarray, " runs"]) -> Held:
        """One edge carries at each base what it carries at the source: (runs, outputs)."""
        layer, neuron, parent = edge
        state = self.states[layer - 1]
        received = self.network.received(layer, state[bases])
        swapped = state[bases]
        swapped[:, parent] = state[sources, parent]
        received[:, neuron] = self.network.received(layer, swapped)[:, neuron]
        return Held(*run_received(self.network, layer, received), self.widest_margin)

    def rounding(self, scenarios: Scenarios) -> Rounding:
        """How far the sums of any circuit may be off."""
        alone, removed = scenarios.source == ALONE, []
        for layer in range(self.network.depth):
            values = nothing(self.network.widths[layer])
            if alone.any():
                # What is removed without a source is the same in every scenario.
                carried = scenarios.carried[layer][np.argmax(alone)]
                values = Values.of(carried[None], self._mean_error(layer, scenarios)[None])
            if not alone.all():
                values = values.or_else(self.layer(layer))
            removed.append(values)
        return rounding_of_circuits(self.network, self.points, removed)

    def removed_errors(self, scenarios: Scenarios) -> tuple[Float[np.ndarray, "scenarios _neurons"], ...]:
        """How far what edges outside a circuit carry may be off."""
        alone, errors = scenarios.source == ALONE, []
        for layer in range(self.network.depth):
            found = self.errors[layer][scenarios.source]
            found[alone] = self._mean_error(layer, scenarios)
            errors.append(found)
        return tuple(errors)

    def _mean_error(self, layer: int, scenarios: Scenarios) -> Float[np.ndarray, " neurons"]:
        """How far what edges carry by an ablation without a source may be off."""
        alone = scenarios.source == ALONE
        state, error, weights = self.states[layer], self.errors[layer], scenarios.weights
        if not any(carried[alone].any() for carried in scenarios.carried):
            return np.zeros(state.shape[1])
        sizes = weights @ np.abs(state)
        is_whole = not error.any() and sizes.max(initial=0.0) < WHOLE * grid_of(weights) * grid_of(state)
        return weights @ error + (0.0 if is_whole else (len(weights) + 2) * EPSILON * sizes)


def network_runs(network: FeedForward, points: Float[np.ndarray, "inputs features"]) -> NetworkRuns:
    """Run a network, with a bound of the error of each value that holds in whatever order sums are added."""
    states = network.states(points)
    errors, off = [np.zeros_like(states[0])], np.zeros_like(states[0])
    exact = Values.of(states[0])
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True)):
        function, absolute = activation(name), np.abs(w)
        exact = sums_of(exact, w, b)
        with np.errstate(over="ignore", invalid="ignore"):
            sums = network.received(layer + 1, states[layer])
            off = times(absolute, errors[layer])
            if not exact.grid:
                off = off + (w.shape[1] + 3) * (
                    EPSILON * (times(absolute, np.abs(states[layer])) + np.abs(b)) + SMALLEST
                )
            moved = np.where(off > 0, function.moved(sums, off), 0.0)
            exact = activated(exact, function)
            rounding = 0.0 if exact.grid else own_rounding(function, states[layer + 1])
        errors.append(np.nan_to_num(moved + rounding, nan=math.inf, posinf=math.inf))
        if errors[-1].any():
            exact = replace(exact, grid=0.0)
    return NetworkRuns(network, points, states, tuple(errors), off)


def onward(runs: NetworkRuns, layer: int) -> Onward:
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


def run_received(
    network: FeedForward, layer: int, received: Float[np.ndarray, "*batch neurons"]
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
