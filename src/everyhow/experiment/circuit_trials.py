"""Trials of circuits: inputs around the truth table's corners, and edges resampled one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ..boolean.truth_table import row_name
from ..common.errors import InputError
from ..model.circuit import Circuit
from ..model.decision import Decision, decide, level_for
from ..model.graph import Edge, Graph
from ..model.model import Model
from ..model.runnable import Held

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
        graph: of the network, which names its edges.
    """

    circuits: tuple[Circuit, ...]
    decisions: Bool[np.ndarray, "circuits trials"]
    outcomes: Bool[np.ndarray, " trials"]
    points: Float[np.ndarray, "points features"]
    edges: tuple[tuple[Edge, int, int], ...]
    family: str
    graph: Graph

    def describe(self, trial: int) -> tuple[str, str, dict]:
        """The kind of a trial, the trial in words, and its setting as plain values."""
        if trial < len(self.points):
            point = self.points[trial].round(6).tolist()
            return "input", f"on the input ({', '.join(f'{value:g}' for value in point)})", {"point": point}
        edge, base, source = self.edges[trial - len(self.points)]
        inputs = self.points.shape[1]
        names = row_name(base, inputs), row_name(source, inputs)
        text = f"at {names[0]}, with the edge {self.graph.name(edge)} as at {names[1]}"
        return "edge", text, {"edge": list(edge), "base": names[0], "source": names[1]}


def circuit_trials(model: Model, circuits: Sequence[Circuit], decision: Decision = "threshold") -> CircuitTrials:
    """Run the model and each circuit alone through all trials.

    A resampled edge carries, in the model and in each circuit that has it, what it carries in the same model or
    circuit at the source; a circuit without it predicts that nothing changes.

    Raises:
        InputError: more than 6 inputs, several outputs, a circuit of another model, or a kind of model whose circuits
            are not run as models of their own.
    """
    inputs = model.features
    if inputs not in STEPS or model.outputs != 1:
        raise InputError(
            f"circuits are tried in {model.kind}s of one output and at most {max(STEPS)} inputs; this one has "
            f"{model.outputs} and {inputs}"
        )
    parts = [model, *map(model.part, circuits)]
    if None in parts:
        raise InputError(f"circuits of {model.a_kind} are not run as models of their own, so none are tried")
    low, high = model.input_values
    points = low + (high - low) * grid_points(inputs)
    edges, count = model.graph.edges, 1 << inputs
    pairs = [(base, source) for base in range(count) for source in range(count) if base != source]
    runs, in_doubt, margins = [], [], []
    for part in filter(None, parts):
        made = [part.runs(points).as_they_are(), *_with_each_edge(part, edges, pairs)]
        runs.append(np.concatenate([held.outputs for held in made])[:, 0])
        in_doubt.append(np.concatenate([_doubts(held) for held in made]))
        margins.append(np.concatenate([np.broadcast_to(held.margin, len(held.outputs)) for held in made]))
    outputs, margin = np.array(runs), np.array(margins)
    level = level_for(model, decision)
    bits, decided = decide(outputs, decision, level)
    nudged = [decide(outputs + shift, decision, level)[0] for shift in (-margin, margin)]
    sure = (decided & (nudged[0] == bits) & (nudged[1] == bits) & ~np.array(in_doubt)).all(axis=0)
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
        model.graph,
    )


def _with_each_edge(part: Model, edges: Sequence[Edge], pairs: Sequence[tuple[int, int]]) -> Iterator[Held]:
    """At each base, one edge carrying what it carries at the source; an edge that is not there changes nothing."""
    whole = part.runs(part.corners)
    bases, sources = np.array(pairs, int).reshape(-1, 2).T
    for edge in edges:
        yield whole.with_edge(edge, bases, sources)


def _doubts(held: Held) -> Bool[np.ndarray, " runs"]:
    return np.zeros(len(held.outputs), bool) if held.doubtful is None else held.doubtful


def grid_points(inputs: int) -> Float[np.ndarray, "points features"]:
    """The grid around the corners of the truth table, the corners first, then the points nearest to a corner."""
    step = STEPS[inputs]
    line = np.arange(round((1 + 2 * REACH) / step) + 1) * step - REACH
    points = np.stack([axis.ravel() for axis in np.meshgrid(*[line] * inputs, indexing="ij")], axis=1)
    distance = np.linalg.norm(points - np.clip(np.round(points), 0, 1), axis=1).round(9)
    return points[np.argsort(distance, kind="stable")]
