"""The causal signature of every neuron set, by running every interchange."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..network.network import Network
from . import plain, plain_mappings
from .circuit_runs import BOUNDARY
from .trees import NeuronSet, fewest

# Batches of runs, one for each neuron set and source, and interchanges, that are made.
MOST_BATCHES, MOST_INTERCHANGES = 60_000, 3_000_000


@dataclass(frozen=True, eq=False)
class SignaturesAgain:
    """What a network decides at every base after every neuron set takes its values from every source.

    Attributes:
        network: of one output, or of several that stand for classes.
        points: the inputs.
        decision: how outputs become bits or a class.
    """

    network: Network
    points: np.ndarray
    decision: str

    @property
    def affordable(self) -> bool:
        """Whether all interchanges are run."""
        sets, inputs = sum(2**width - 1 for width in self.network.widths[1:-1]), len(self.points)
        return sets * inputs <= MOST_BATCHES and sets * inputs**2 <= MOST_INTERCHANGES

    @cached_property
    def sets(self) -> list[NeuronSet]:
        """Every neuron set, layer by layer, in the order of their neurons read as binary numbers, the first lowest."""
        found = plain_mappings.neuron_sets(self.network)
        return sorted(found, key=lambda one: (one[0], sum(1 << j for j in one[1])))

    @cached_property
    def rows(self) -> dict[NeuronSet, tuple[int, ...]]:
        """For each neuron set and source what is decided over the bases, as bits; of classes, the bits of each."""
        return {
            one: tuple(sum(1 << k for k in np.flatnonzero(self._decided(o)).tolist()) for o in outputs)
            for one, outputs in self._outputs.items()
        }

    @cached_property
    def ties(self) -> int:
        """How many interchanges leave the output within 1e-9 of the decision boundary."""
        return sum(int(self._near(o).sum()) for outputs in self._outputs.values() for o in outputs)

    @property
    def distinct(self) -> int:
        """How many signatures differ."""
        return len(set(self.rows.values()))

    @cached_property
    def minimal_sets(self) -> dict[tuple[int, ...], list[NeuronSet]]:
        """For each signature the neuron sets that have it and of which no subset has it."""
        found: dict[tuple[int, ...], list[NeuronSet]] = {}
        for one, rows in self.rows.items():
            found.setdefault(rows, []).append(one)
        return {rows: fewest(sets) for rows, sets in found.items()}

    @cached_property
    def _outputs(self) -> dict[NeuronSet, list[np.ndarray]]:
        states = plain.run(self.network, self.points)
        return {
            (layer, neurons): [
                plain.patched_states(self.network, self.points, [(layer, neurons, state[list(neurons)])])[-1]
                for state in states[layer]
            ]
            for layer, neurons in self.sets
        }

    def _decided(self, outputs: np.ndarray) -> np.ndarray:
        if self.decision == "argmax":
            return np.arange(outputs.shape[1]) == outputs.argmax(axis=1)[:, None]
        return plain.bits_of(outputs, self.decision, self._level) == 1

    def _near(self, outputs: np.ndarray) -> np.ndarray:
        if self.decision == "argmax":
            best = np.sort(outputs, axis=1)
            return best[:, -1] - best[:, -2] <= BOUNDARY
        return np.abs(outputs[:, 0] - self._level) <= BOUNDARY

    @property
    def _level(self) -> float:
        level = self.network.threshold if self.decision == "threshold" else None
        return 0.5 if level is None else level
