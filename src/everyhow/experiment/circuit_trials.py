"""Trials of circuits: inputs around the truth table's corners, and edges resampled one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from ..boolean.truth_table import row_name
from ..common.errors import InputError
from ..decision import Decision, decide, level_for
from ..model.circuit import Circuit
from ..model.graph import Edge
from ..network.network import Network
from ..network.rounding import BOUNDARY_SHIFT, ORDERS, decision_margin, run_received, whole_runs

# Half the side of the box around each corner, and the steps tried within it, by number of inputs: the finest that
# keep the grid below 100,000 points.
REACH = 0.5
STEPS = {1: 0.05, 2: 0.05, 3: 0.05, 4: 0.125, 5: 0.25, 6: 0.5}


@dataclass(frozen=True, eq=False)
class CircuitTrials:
    """What circuits predict, and the network decides, in each trial, the cheapest trial first.

    First come the points of a grid, the corners of the truth table and then those nearest to one; then single edges
    that carry what they carry at a source. A trial in which the network or a circuit lies within 1e-9 of its decision
    boundary is left out, and one in which a neuron that steps comes as near to its jump.

    Attributes:
        circuits: the circuits.
        decisions: for each circuit, what it decides in each trial when it is run alone.
        outcomes: the network's decisions.
        points: the inputs of the trials.
        edges: (edge, base, source) of the trials that follow.
        family: the trials, in words.
    """

    circuits: tuple[Circuit, ...]
    decisions: Bool[np.ndarray, "circuits trials"]
    outcomes: Bool[np.ndarray, " trials"]
    points: Float[np.ndarray, "points features"]
    edges: tuple[tuple[Edge, int, int], ...]
    family: str

    def describe(self, trial: int) -> tuple[str, str, dict]:
        """The kind of a trial, the trial in words, and its setting as plain values."""
        if trial < len(self.points):
            point = self.points[trial].round(6).tolist()
            return "input", f"on the input ({', '.join(f'{value:g}' for value in point)})", {"point": point}
        edge, base, source = self.edges[trial - len(self.points)]
        inputs = self.points.shape[1]
        names = row_name(base, inputs), row_name(source, inputs)
        layer, neuron, parent = edge
        ends = f"neuron {parent} of layer {layer - 1} to neuron {neuron} of layer {layer}"
        text = f"at {names[0]}, with the edge from {ends} as at {names[1]}"
        return "edge", text, {"edge": list(edge), "base": names[0], "source": names[1]}


def circuit_trials(network: Network, circuits: Sequence[Circuit], decision: Decision = "threshold") -> CircuitTrials:
    """Run the network and each circuit alone through all trials.

    A resampled edge carries, in the network and in each circuit that has it, what it carries in the same network or
    circuit at the source; a circuit without it predicts that nothing changes.

    Raises:
        InputError: more than 6 inputs, several outputs, or a circuit of another network.
    """
    inputs = network.widths[0]
    if inputs not in STEPS or network.widths[-1] != 1:
        raise InputError(
            f"circuits are tried in networks of one output and at most {max(STEPS)} inputs; this one has "
            f"{network.widths[-1]} and {inputs}"
        )
    low, high = network.input_values
    points = low + (high - low) * grid_points(inputs)
    corners = network.corners
    edges = network.graph.edges
    pairs = [(base, source) for base in range(len(corners)) for source in range(len(corners)) if base != source]
    runs, at_jumps, margins = [], [], []
    for part in (network, *(alone(network, circuit) for circuit in circuits)):
        made = [run_received(part, 1, part.received(1, points))]
        made += [_with_edge(part, corners, edge, pairs) for edge in edges]
        outputs, near = zip(*made, strict=True)
        runs.append(np.concatenate(outputs)[:, 0])
        at_jumps.append(np.concatenate(near))
        # Of each point on its own: one that lies on the jump of a neuron says nothing of the others.
        at_points = np.maximum(BOUNDARY_SHIFT, ORDERS * whole_runs(part, points).errors[-1][:, 0])
        at_edges = np.full(len(edges) * len(pairs), decision_margin(part, corners))
        margins.append(np.concatenate([at_points, at_edges]))
    outputs, margin = np.array(runs), np.array(margins)
    level = level_for(network, decision)
    bits, decided = decide(outputs, decision, level)
    nudged = [decide(outputs + shift, decision, level)[0] for shift in (-margin, margin)]
    sure = (decided & (nudged[0] == bits) & (nudged[1] == bits) & ~np.array(at_jumps)).all(axis=0)
    on_grid, on_edges = sure[: len(points)], sure[len(points) :]
    tried = [(edge, *pair) for edge in edges for pair in pairs]
    return CircuitTrials(
        tuple(circuits),
        bits[1:, sure],
        bits[0, sure],
        points[on_grid],
        tuple(trial for trial, kept in zip(tried, on_edges, strict=True) if kept),
        f"inputs on a grid of step {STEPS[inputs]:g} within {REACH:g} of the truth table's corners, and single edges "
        f"resampled at every base from every source",
    )


def alone(network: Network, circuit: Circuit) -> Network:
    """The circuit as a network of its own: all other weights are 0, and neurons keep their biases."""
    masks = network.masks(circuit)
    weights = tuple(w * mask for w, mask in zip(network.weights, masks, strict=True))
    return replace(network, weights=weights)


def grid_points(inputs: int) -> Float[np.ndarray, "points features"]:
    """The grid around the corners of the truth table, the corners first, then the points nearest to a corner."""
    step = STEPS[inputs]
    line = np.arange(round((1 + 2 * REACH) / step) + 1) * step - REACH
    points = np.stack([axis.ravel() for axis in np.meshgrid(*[line] * inputs, indexing="ij")], axis=1)
    distance = np.linalg.norm(points - np.clip(np.round(points), 0, 1), axis=1).round(9)
    return points[np.argsort(distance, kind="stable")]


def _with_edge(
    network: Network, corners: np.ndarray, edge: Edge, pairs: Sequence[tuple[int, int]]
) -> tuple[Float[np.ndarray, "pairs outputs"], Bool[np.ndarray, " pairs"]]:
    """As `run_received`, at each base when the edge carries what it carries at the source."""
    layer, neuron, parent = edge
    bases, sources = (list(rows) for rows in zip(*pairs, strict=True))
    state = network.layers(corners)[layer - 1]
    received = network.received(layer, state[bases])
    swapped = state[bases]
    swapped[:, parent] = state[sources, parent]
    received[:, neuron] = network.received(layer, swapped)[:, neuron]
    return run_received(network, layer, received)
