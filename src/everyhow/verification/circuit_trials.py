"""The trials of circuits of a stored audit, made again: inputs around the corners, and edges resampled one by one."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..model.behavior import Behavior
from ..network.network import Network
from . import plain, plain_readouts
from .circuit_runs import BOUNDARY, PlainCircuit, as_plain
from .comparing import Open
from .naming import edge_in_words, listed

MOST_TRIED = 20
STEPS = {1: 0.05, 2: 0.05, 3: 0.05, 4: 0.125, 5: 0.25, 6: 0.5}
REACH = 0.5
# Trials beyond which a sample was drawn: points of data, and resampled edges between more than so many points.
MOST_TRIALS, MOST_TRIED_WHOLE = 100_000, 64
# Runs of all circuits through all trials that are made again.
MOST_RUNS = 5_000_000
SAMPLED = "sampled: what was drawn by a seed is not drawn again"
TOO_MANY = "more trials of circuits than are made again"


@dataclass(frozen=True, eq=False)
class CircuitTrials:
    """What an audit says of experiments between circuits, made again.

    Attributes:
        network: what the circuits are of.
        behavior: the inputs, and how outputs become bits.
        circuits: the surviving circuits by their edges.
        version: the schema of audit.json, which decides how edges are called.
    """

    network: Network
    behavior: Behavior
    circuits: Sequence[Sequence[Sequence[int]]]
    version: int

    def document(self) -> Any:
        """What decides between every two of them, as it stands in audit.json."""
        some = [as_plain(self.network, edges) for edges in self.circuits[:MOST_TRIED]]
        by_data = not self.behavior.is_truth_table
        if len(some) < 2 or self.network.widths[-1] > 1 or not (by_data or self.network.widths[0] in STEPS):
            return listed([])
        points = self.behavior.points if by_data else self._grid()
        edges = [
            (layer, int(j), int(i)) for layer, w in enumerate(self.network.weights, 1) for j, i in np.argwhere(w != 0)
        ]
        number = len(self.behavior.points)
        every = number * (number - 1)
        if by_data and number > MOST_TRIED_WHOLE and (number > MOST_TRIALS or every > MOST_TRIALS // len(edges)):
            return Open(SAMPLED)
        if (len(points) + len(edges) * every) * (len(some) + 1) > MOST_RUNS:
            return Open(TOO_MANY)
        pairs = [(b, s) for b in range(number) for s in range(number) if b != s]
        tried = [self._tried_alone(circuit, points, edges, pairs) for circuit in (None, *some)]
        outputs, at_jumps = (np.array(part) for part in zip(*tried, strict=True))
        level: Any = self.network.threshold if self.behavior.decision == "threshold" else 0.5
        bits = [plain.bits_of(outputs + by, self.behavior.decision, level) for by in (0.0, -BOUNDARY, BOUNDARY)]
        is_bit = np.isin(bits[0], (0, 1)) if self.behavior.decision == "round" else np.ones(outputs.shape, bool)
        ones = [one == 1 for one in bits]
        sure = (is_bit & (ones[0] == ones[1]) & (ones[0] == ones[2]) & ~at_jumps).all(axis=0)
        trials = [("input", k) for k in range(len(points))] + [("edge", (e, *p)) for e in edges for p in pairs]
        family = "single edges resampled at every base from every source"
        if by_data:
            family = f"the {number:,} inputs of the data, and {family}"
        else:
            step = STEPS[self.network.widths[0]]
            where = f"inputs on a grid of step {step:g} within {REACH:g} of the truth table's corners"
            family = f"{where}, and {family}"
        found = []
        for one, other in itertools.combinations(range(len(some)), 2):
            differ = np.flatnonzero(sure & (ones[0][1 + one] != ones[0][1 + other]))
            experiment = None
            if len(differ):
                k = int(differ[0])
                said = [int(ones[0][1 + one][k]), int(ones[0][1 + other][k])]
                experiment = self._trial(*trials[k], points) | outcome_of(said, int(ones[0][0][k]))
            between = [[list(edge) for edge in self.circuits[k]] for k in (one, other)]
            found.append({"between": between, "family": family, "experiment": experiment})
        return listed(found)

    def _trial(self, kind: str, setting: Any, points: np.ndarray) -> dict[str, Any]:
        """A trial as it stands in audit.json."""
        if kind == "edge":
            edge, base, source = setting
            names = self.behavior.name_of(base), self.behavior.name_of(source)
            text = f"at {names[0]}, with {edge_in_words(self.network, edge, self.version)} as at {names[1]}"
            return {"kind": kind, "text": text, "edge": list(edge), "base": names[0], "source": names[1]}
        if not self.behavior.is_truth_table:
            name = self.behavior.name_of(setting)
            return {"kind": kind, "text": f"on {name}", "input": name}
        point = [float(x) for x in points[setting].round(6)]
        return {"kind": kind, "text": f"on the input ({', '.join(f'{x:g}' for x in point)})", "point": point}

    def _grid(self) -> np.ndarray:
        """Points around the corners, those nearest to one first."""
        inputs, (low, high) = self.network.widths[0], self.network.input_values
        line = np.arange(round((1 + 2 * REACH) / STEPS[inputs]) + 1) * STEPS[inputs] - REACH
        grid = np.array(list(itertools.product(line, repeat=inputs)))
        away = np.array([np.linalg.norm(point - np.clip(np.round(point), 0, 1)) for point in grid]).round(9)
        return low + (high - low) * grid[np.argsort(away, kind="stable")]

    def _tried_alone(self, circuit: PlainCircuit | None, points, edges, pairs) -> tuple[np.ndarray, np.ndarray]:
        """The outputs on the grid, and with each edge as at another input, a circuit without the edge being unchanged;
        and whether a neuron that steps comes within 1e-9 of its jump."""
        weights = [
            w if circuit is None else w * np.array([[i in parents for i in range(w.shape[1])] for parents in layer])
            for w, layer in zip(self.network.weights, circuit or self.network.weights, strict=True)
        ]
        biases = self.network.biases

        def run_on(layer, received):
            own = replace(self.network, weights=tuple(weights))
            return plain_readouts.run_on(own, layer - 1, received), plain_readouts.on_a_jump(own, layer - 1, received)

        found = [run_on(1, points @ weights[0].T + biases[0])]
        states = plain.run(self.network, self.behavior.points, circuit)
        bases, sources = [b for b, _ in pairs], [s for _, s in pairs]
        for layer, j, i in edges:
            received = states[layer - 1][bases] @ weights[layer - 1].T + biases[layer - 1]
            change = states[layer - 1][sources, i] - states[layer - 1][bases, i]
            received[:, j] += weights[layer - 1][j, i] * change
            found.append(run_on(layer, received))
        outputs, near = zip(*found, strict=True)
        return np.concatenate(outputs), np.concatenate(near)


def outcome_of(predicted: list[int], decided: int) -> dict[str, Any]:
    """What two explanations predict, what the network decides, and which of them is wrong."""
    wrong = 0 if predicted[0] != decided else 1
    return {"predicted": predicted, "network_decides": decided, "wrong": wrong}
