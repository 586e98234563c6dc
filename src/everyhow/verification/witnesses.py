"""An explanation ready to be examined: how its variables are swapped, and what it predicts of any patched run."""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..boolean.truth_table import TruthTable
from ..model.behavior import Behavior
from ..network.network import Network
from ..readout.explanation import ReadoutExplanation
from . import plain, plain_readouts
from .circuit_runs import BOUNDARY
from .comparing import Holds
from .reading import explanation_document
from .trees import NeuronSet, Tree, mapping_document, mapping_text

HALFWAY, NATURAL = 1e-3, 1e-3
ROUNDING = "a run ends on the decision boundary or on the jump of a step, where rounding decides"


@dataclass(frozen=True, eq=False)
class Natural:
    """A network of one output, run whole at every input."""

    network: Network
    behavior: Behavior

    def __len__(self) -> int:
        return len(self.behavior.points)

    @cached_property
    def states(self) -> list[np.ndarray]:
        """The activations of every layer at every input."""
        return plain.run(self.network, self.behavior.points)

    def values(self, bits: int) -> np.ndarray:
        """A function of the known bits, given by its truth table, at every input."""
        return np.array([bits >> row & 1 for row in self.behavior.rows], bool)

    def signal(self, table: Any) -> np.ndarray:
        """A signal at every input: a function of the known bits, or one over these inputs."""
        if isinstance(table, TruthTable):
            return self.values(table.bits)
        return np.array([table.bits >> k & 1 for k in range(len(self))], bool)


@dataclass(frozen=True, eq=False)
class Placed:
    """A tree with its places, ready to be examined."""

    natural: Natural
    tree: Tree
    place: tuple[NeuronSet, ...]

    @cached_property
    def names(self) -> list[str]:
        """Of the variables."""
        return [variable.name for variable in self.tree.algorithm.variables]

    @cached_property
    def text(self) -> str:
        """What it is called in disputes."""
        return f"Mapping({self.tree.algorithm}: {mapping_text(self.tree, self.place)})"

    @property
    def layer(self) -> int:
        """The last layer that it reads."""
        return max((layer for layer, _ in self.place), default=0)

    def document(self) -> dict[str, Any]:
        """As it stands in audit.json."""
        return {"kind": "mapping", **mapping_document(self.tree, self.place)}

    def patches(self, bases, moved, sources) -> list:
        """The neurons of the moved variables hold the values that they have at the sources."""
        return [
            (*self.place[v], self.natural.states[self.place[v][0]][sources[:, k]][:, list(self.place[v][1])])
            for k, v in enumerate(moved)
        ]

    def predicted(self, bases, states) -> tuple[np.ndarray, np.ndarray]:
        """What is predicted of runs, and where a variable reads halfway."""
        left, a, right, b = self.tree.tree
        one, unsure = self._read(left, (0,), bases, states)
        other, also = self._read(right, (1,), bases, states)
        return ((one ^ a) & (other ^ b)) ^ self.tree.negated, unsure | also

    def _read(self, operand, path, bases, states) -> tuple[np.ndarray, np.ndarray]:
        runs, bits = len(bases), self.natural.behavior.bits
        if isinstance(operand, int):
            assert bits is not None
            return bits[bases, operand], np.zeros(runs, bool)
        at = [variable.path for variable in self.tree.variables].index(path)
        layer, neurons = self.place[at]
        on = self.natural.values(self.tree.variables[at].bits)
        if on.all() or not on.any():
            return np.full(runs, on[0]), np.zeros(runs, bool)
        own, seen = self.natural.states[layer][:, list(neurons)], states[layer][:, list(neurons)]
        to_on, to_off = (
            np.min([np.linalg.norm(seen - state, axis=1) for state in own[which]], axis=0) for which in (on, ~on)
        )
        apart = min(np.linalg.norm(x - y) for x in own[on] for y in own[~on])
        halfway = np.abs(to_on - to_off) <= 2 * HALFWAY * apart
        return np.where(halfway, on[0], to_on < to_off), halfway


@dataclass(frozen=True, eq=False)
class Coded:
    """A readout explanation, ready to be examined."""

    natural: Natural
    explanation: ReadoutExplanation

    @cached_property
    def names(self) -> list[str]:
        """Of the signals."""
        return [readout.name for readout in self.explanation.readouts]

    @cached_property
    def text(self) -> str:
        """What it is called in disputes."""
        return repr(self.explanation)

    @property
    def layer(self) -> int:
        """The layer that it reads."""
        return self.explanation.layer

    def document(self) -> dict[str, Any]:
        """As it stands in audit.json."""
        return explanation_document(self.explanation)

    @cached_property
    def codes(self) -> np.ndarray:
        """The coefficients, one row for each signal."""
        return np.array([readout.coefficients for readout in self.explanation.readouts])

    @cached_property
    def signals(self) -> list[np.ndarray]:
        """The signals at every input."""
        return [self.natural.signal(table) for table in self.explanation.signals]

    def swapped(self, bases, sources) -> np.ndarray:
        """The states in which each signal has its value at its source (-1: as it is)."""
        state = self.natural.states[self.layer]
        values = state @ self.codes.T
        taken = np.where(sources >= 0, sources, bases[:, None])
        wanted = np.column_stack([values[at, k] - values[bases, k] for k, at in enumerate(taken.T)])
        return state[bases] + wanted @ np.linalg.pinv(self.codes).T

    def patches(self, bases, moved, sources) -> list:
        """The whole layer, with the moved signals swapped."""
        chosen = np.full((len(bases), len(self.codes)), -1)
        chosen[:, list(moved)] = sources
        patched = self.swapped(bases, chosen)
        return [(self.layer, tuple(range(patched.shape[1])), patched)]

    def predicted(self, bases, states) -> tuple[np.ndarray, np.ndarray]:
        """What is predicted of runs, and where a signal reads halfway."""
        readouts = self.explanation.readouts
        read = states[self.layer] @ self.codes.T + np.array([one.constant for one in readouts])
        unsure = np.abs(read - 0.5) <= HALFWAY
        bits = np.where(unsure, [signal[0] for signal in self.signals], read > 0.5).astype(int)
        pattern = bits @ (1 << np.arange(len(readouts))[::-1])
        return (self.explanation.gate.bits >> pattern & 1).astype(bool), unsure.any(axis=1)

    def interchange(self, most: int | None) -> dict[str, Any]:
        """How it fares when its own signals are swapped."""
        number, inputs, network = len(self.codes), len(self.natural), self.natural.network
        state, level = self.natural.states[self.layer], network.threshold
        bases, sources = interchanges(inputs, number, number if most is None else most)
        patched = self.swapped(bases, sources)
        received = patched @ network.weights[self.layer].T + network.biases[self.layer]
        outputs = plain_readouts.run_on(network, self.layer, received)
        made, tied = outputs > level, np.abs(outputs - level) <= BOUNDARY
        tied |= plain_readouts.on_a_jump(network, self.layer, received)
        at = np.where(sources >= 0, sources, bases[:, None])
        pattern = np.zeros(len(bases), int)
        for k, signal in enumerate(self.signals):
            pattern = 2 * pattern + signal[at[:, k]]
        agree = made == (self.explanation.gate.bits >> pattern & 1)
        moved = (sources >= 0).sum(axis=1)
        apart = max(np.linalg.norm(x - y) for x in state for y in state)
        nearest = np.min([np.linalg.norm(patched - one, axis=1) for one in state], axis=0)

        def share(chosen: np.ndarray) -> Any:
            return known(float(agree[chosen].mean()), float(tied[chosen].mean()))

        return {
            "iia": [share((moved == 1) & (sources[:, k] >= 0)) for k in range(number)],
            "iia_joint": share(moved > 1) if (moved > 1).any() else None,
            "patched_states": int((moved > 0).sum()),
            "unnatural_states": int((nearest[moved > 0] > NATURAL * apart).sum()),
        }


Examined = Placed | Coded


def interchanges(inputs: int, variables: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Every base with every source of at most so many variables, those that move fewest first; -1 for a variable that
    is left alone."""
    bases, sources = [], []
    for moved in itertools.chain.from_iterable(
        itertools.combinations(range(variables), size) for size in range(min(most, variables) + 1)
    ):
        choices = np.array(list(itertools.product(range(inputs), repeat=len(moved) + 1)))
        own = np.full((len(choices), variables), -1)
        own[:, list(moved)] = choices[:, 1:]
        bases.append(choices[:, 0])
        sources.append(own)
    return np.concatenate(bases), np.concatenate(sources)


def known(number: Any, tied: Any) -> Any:
    """A number, of which so much depends on rounding."""
    if not tied:
        return number
    low, high = number - tied - 1e-9, number + tied + 1e-9
    right = lambda n: type(n) in (type(number), int) and low <= n <= high  # noqa: E731
    return Holds(right, f"between {max(0, low):.4g} and {high:.4g}", ROUNDING)
