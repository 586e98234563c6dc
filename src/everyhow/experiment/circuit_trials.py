"""Trials of circuits: inputs around the truth table's corners or of data, and edges resampled one at a time."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..boolean.truth_table import row_name
from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.decision import Decision, decide, level_for
from ..model.graph import Edge, Graph
from ..model.inputs import MOST_TRIED_WHOLE
from ..model.model import Model
from ..model.runnable import Held, one_of
from .words import data_family, grid_family, on_input, on_point, sequence_family, with_edge

# Half the side of the box around each corner, and the steps tried within it, by number of inputs: the finest that
# keep the grid below 100,000 points.
REACH = 0.5
STEPS = {1: 0.05, 2: 0.05, 3: 0.05, 4: 0.125, 5: 0.25, 6: 0.5}
# Points of data that are tried, and resampled edges between more of them than the largest truth table has rows.
MOST_TRIALS = 100_000
# A run of so many candidate evaluations takes about as long as one of a small network.
STEPS_ALIKE = 16


@dataclass(frozen=True, eq=False)
class Trials:
    """What is tried: points, and single edges resampled between inputs.

    Attributes:
        points: the inputs on which circuits run.
        numbers: for each of these its number among the inputs; -1 for a point of a grid.
        inputs: those between which edges are resampled.
        pairs: shape (pairs, 2), a base and a source for each resampled edge.
        name_of: what the input of a number is called.
        family: the trials, in words.
    """

    points: Float[np.ndarray, "points features"]
    numbers: Int[np.ndarray, " points"]
    inputs: Float[np.ndarray, "inputs features"]
    pairs: Int[np.ndarray, "pairs 2"]
    name_of: Callable[[int], str]
    family: str


@dataclass(frozen=True, eq=False)
class CircuitTrials:
    """What circuits predict, and the network decides, in each trial, the cheapest trial first.

    First come inputs: the points of a grid, the corners of the truth table and then those nearest to one; or the points
    of data; or rows of tokens, and then other sequences. Then come single edges that carry what they carry at a source.
    A trial in which the network or a circuit lies within 1e-9 of its decision boundary is left out, and one in which a
    neuron that steps comes as near to its jump.

    Attributes:
        circuits: the circuits.
        decisions: for each circuit, what it decides in each trial when it is run alone.
        outcomes: the network's decisions.
        points: the inputs of the trials.
        edges: (edge, base, source) of the trials that follow.
        numbers: for each point its number among the inputs; -1 for a point of a grid.
        name_of: what the input of a number is called.
        family: the trials, in words.
        graph: of the network, which names its edges.
        kind: of the model, as sentences call it.
    """

    circuits: tuple[Circuit, ...]
    decisions: Bool[np.ndarray, "circuits trials"]
    outcomes: Bool[np.ndarray, " trials"]
    points: Float[np.ndarray, "points features"]
    edges: tuple[tuple[Edge, int, int], ...]
    numbers: Int[np.ndarray, " points"]
    name_of: Callable[[int], str]
    family: str
    graph: Graph
    kind: str

    def describe(self, trial: int) -> tuple[str, str, dict[Any, Any]]:
        """The kind of a trial, the trial in words, and its setting as plain values."""
        if trial < len(self.points) and self.numbers[trial] >= 0:
            name = self.name_of(int(self.numbers[trial]))
            return "input", on_input(name), {"input": name}
        if trial < len(self.points):
            point = self.points[trial].round(6).tolist()
            return "input", on_point(point), {"point": point}
        edge, base, source = self.edges[trial - len(self.points)]
        names = self.name_of(base), self.name_of(source)
        text = with_edge(names[0], self.graph.name(edge), names[1])
        return "edge", text, {"edge": list(edge), "base": names[0], "source": names[1]}


def circuit_trials(
    model: Model,
    circuits: Sequence[Circuit],
    decision: Decision = "threshold",
    behavior: Behavior | None = None,
    seed: int = 0,
) -> CircuitTrials:
    """Run the model and each circuit alone through all trials.

    A resampled edge carries, in the model and in each circuit that has it, what it carries in the same model or
    circuit at the source; a circuit without it predicts that nothing changes.

    Args:
        model: of one output; it fits the behavior (`everyhow.importing.door.as_explained`).
        circuits: of the model.
        decision: how outputs become bits, where there is no behavior, which says it.
        behavior: the inputs that are tried and between which edges are resampled; when not given, or a truth table, the
            grid around the corners and the rows of the truth table. Of rows of tokens also other sequences are tried,
            of the tokens that rows have at each position.
        seed: of the sample: of more than 100,000 points so many are drawn, and between more than 64 points the pairs of
            a base and a source at which each edge is resampled, 100,000 resampled edges in all.

    Raises:
        InputError: more than 6 inputs without data, several outputs, a circuit of another model, or a kind of model
            whose circuits are not run as models of their own.
    """
    if model.outputs != 1:
        raise InputError(
            f"circuits are tried in {model.kind}s of one output; this one has {model.outputs}: {one_of(model)}"
        )
    decision = decision if behavior is None else behavior.decision
    if behavior is None or (behavior.is_truth_table and not model.of_sequences):
        tried = around_corners(model)
    elif model.of_sequences:
        tried = of_sequences(behavior, model, seed)
    else:
        tried = of_data(behavior, len(model.graph.edges), seed)
    parts = [model, *map(model.part, circuits)]
    if None in parts:
        raise InputError(f"circuits of {model.a_kind} are not run as models of their own, so none are tried")
    points, edges, number = tried.points, model.graph.edges, len(tried.points)
    runs, in_doubt, margins = [], [], []
    for part in filter(None, parts):
        made = [part.runs(points).as_they_are(), *_with_each_edge(part, edges, tried)]
        runs.append(np.concatenate([held.outputs for held in made])[:, 0])
        in_doubt.append(np.concatenate([_doubts(held) for held in made]))
        margins.append(np.concatenate([np.broadcast_to(held.margin, len(held.outputs)) for held in made]))
    outputs, margin = np.array(runs), np.array(margins)
    level = level_for(model, decision)
    bits, decided = decide(outputs, decision, level)
    nudged = [decide(outputs + shift, decision, level)[0] for shift in (-margin, margin)]
    sure = (decided & (nudged[0] == bits) & (nudged[1] == bits) & ~np.array(in_doubt)).all(axis=0)
    resampled = ((edge, *pair) for edge in edges for pair in tried.pairs.tolist())
    return CircuitTrials(
        tuple(circuits),
        bits[1:, sure],
        bits[0, sure],
        points[sure[:number]],
        tuple(itertools.compress(resampled, sure[number:])),
        tried.numbers[sure[:number]],
        tried.name_of,
        tried.family,
        model.graph,
        model.kind,
    )


def around_corners(model: Model) -> Trials:
    """A grid around the corners of the truth table, and edges resampled between its rows.

    Raises:
        InputError: more than 6 inputs.
    """
    inputs = model.features
    if inputs not in STEPS:
        raise InputError(
            f"circuits are tried around the corners of a truth table of at most {max(STEPS)} inputs; this {model.kind} "
            f"has {inputs}: give a behavior, whose points are tried instead"
        )
    low, high = model.input_values
    points = low + (high - low) * grid_points(inputs)
    name_of, family = partial(row_name, inputs=inputs), grid_family(STEPS[inputs], REACH)
    return Trials(points, np.full(len(points), -1), model.corners, all_pairs(1 << inputs), name_of, family)


def of_data(behavior: Behavior, edges: int, seed: int) -> Trials:
    """The points of data, and each of so many edges resampled between them."""
    points, number = behavior.points, len(behavior.points)
    generator, numbers = np.random.default_rng(seed), np.arange(number)
    if number > MOST_TRIALS:
        numbers = np.sort(generator.choice(number, MOST_TRIALS, replace=False))
    every, most = number * (number - 1), max(1, MOST_TRIALS // max(1, edges))
    whole = number <= MOST_TRIED_WHOLE or every <= most
    pairs = all_pairs(number) if whole else _some_pairs(generator, number, most)
    family = data_family((len(numbers), number), (len(pairs), every), seed)
    return Trials(points[numbers], numbers, points, pairs, behavior.name_of, family)


def of_sequences(behavior: Behavior, model: Model, seed: int) -> Trials:
    """The rows of tokens, other sequences of the tokens that rows have at each position, and each edge resampled
    between the rows. A run of a transformer takes longer than one of a network, and fewer are made."""
    points, number = behavior.points, len(behavior.points)
    generator, most = np.random.default_rng(seed), max(1, MOST_TRIALS // (1 + model.steps_per_run // STEPS_ALIKE))
    others, of = _other_sequences(points, generator, max(0, most - number))
    every, each = number * (number - 1), max(1, most // max(1, len(model.graph.edges)))
    pairs = all_pairs(number) if every <= each else _some_pairs(generator, number, each)
    tried = np.concatenate([points[:most], others])
    numbers = np.concatenate([np.arange(len(points[:most])), np.full(len(others), -1)])
    family = sequence_family((min(number, most), number), (len(others), of), (len(pairs), every), seed)
    return Trials(tried, numbers, points, pairs, behavior.name_of, family)


def _other_sequences(
    rows: Float[np.ndarray, "rows positions"], generator: "np.random.Generator", most: int
) -> tuple[Float[np.ndarray, "others positions"], int]:
    """Sequences of the tokens that rows have at each position, the rows aside, at most so many; and how many there
    are."""
    tokens = [np.unique(column) for column in rows.T]
    there, sizes = np.unique(rows, axis=0), [len(each) for each in tokens]
    number = math.prod(sizes) - len(there)
    if math.prod(sizes) <= MOST_TRIALS:
        found = np.array(list(itertools.product(*tokens)), dtype=np.float64)
    else:
        drawn = [each[generator.integers(len(each), size=most)] for each in tokens]
        found = np.unique(np.stack(drawn, axis=1).astype(np.float64), axis=0)
    known = {row.tobytes() for row in there.astype(np.float64)}
    found = found[[row.tobytes() not in known for row in found]].reshape(-1, len(tokens))
    if len(found) > most:
        found = found[np.sort(generator.choice(len(found), most, replace=False))]
    return found, number


def _some_pairs(generator: "np.random.Generator", inputs: int, most: int) -> Int[np.ndarray, "pairs 2"]:
    """Pairs of a base and another input as its source, drawn with replacement, those that repeat dropped."""
    bases, steps = generator.integers((inputs, inputs - 1), size=(most, 2)).T
    return np.unique(np.stack([bases, (bases + 1 + steps) % inputs], axis=1), axis=0)


def all_pairs(inputs: int) -> Int[np.ndarray, "pairs 2"]:
    """Every base with every other input as its source."""
    pairs = [(base, source) for base in range(inputs) for source in range(inputs) if base != source]
    return np.array(pairs, int).reshape(-1, 2)


def _with_each_edge(part: Model, edges: Sequence[Edge], tried: Trials) -> Iterator[Held]:
    """At each base, one edge carrying what it carries at the source; an edge that is not there changes nothing."""
    whole = part.runs(tried.inputs)
    bases, sources = tried.pairs.T
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
