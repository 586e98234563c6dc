"""An explanation ready to be examined: how its variables are swapped, and what it predicts of any patched run."""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..network.network import Network
from ..readout.explanation import ReadoutExplanation
from . import plain_readouts
from .circuit_runs import BOUNDARY
from .comparing import Holds
from .placing import NeuronSet, Tree, mapping_document, mapping_text
from .reading import explanation_document

HALFWAY, NATURAL = 1e-3, 1e-3
ROUNDING = "a run ends on the decision boundary or on the jump of a step, where rounding decides"


@dataclass(frozen=True, eq=False)
class Placed:
    """A tree with its places, ready to be examined."""

    network: Network
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

    def patches(self, natural, bases, moved, sources) -> list:
        """The neurons of the moved variables hold the values that they have at the sources."""
        return [
            (*self.place[v], natural[self.place[v][0]][sources[:, k]][:, list(self.place[v][1])])
            for k, v in enumerate(moved)
        ]

    def predicted(self, natural, states) -> tuple[np.ndarray, np.ndarray]:
        """What is predicted of runs, and where a variable reads halfway."""
        left, a, right, b = self.tree.tree
        one, unsure = self._read(left, (0,), natural, states)
        other, also = self._read(right, (1,), natural, states)
        return ((one ^ a) & (other ^ b)) ^ self.tree.negated, unsure | also

    def _read(self, operand, path, natural, states) -> tuple[np.ndarray, np.ndarray]:
        runs = len(states[0])
        if isinstance(operand, int):
            return states[0][:, operand] == self.network.input_values[1], np.zeros(runs, bool)
        at = [variable.path for variable in self.tree.variables].index(path)
        layer, neurons = self.place[at]
        on = np.array([self.tree.variables[at].bits >> row & 1 for row in range(len(natural[0]))], bool)
        if on.all() or not on.any():
            return np.full(runs, on[0]), np.zeros(runs, bool)
        own, seen = natural[layer][:, list(neurons)], states[layer][:, list(neurons)]
        away = np.linalg.norm(seen[:, None] - own[None], axis=2)
        to_on, to_off = away[:, on].min(axis=1), away[:, ~on].min(axis=1)
        apart = min(np.linalg.norm(x - y) for x in own[on] for y in own[~on])
        halfway = np.abs(to_on - to_off) <= 2 * HALFWAY * apart
        return np.where(halfway, on[0], to_on < to_off), halfway


@dataclass(frozen=True, eq=False)
class Coded:
    """A readout explanation, ready to be examined."""

    network: Network
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

    def swapped(self, natural, bases, sources) -> np.ndarray:
        """The states in which each signal has its value at its source (-1: as it is)."""
        state = natural[self.explanation.layer]
        values = state @ self.codes.T
        wanted = np.array([
            [values[source, k] - values[base, k] if source >= 0 else 0.0 for k, source in enumerate(row)]
            for base, row in zip(bases, sources, strict=True)
        ])  # fmt: skip
        return state[bases] + wanted @ np.linalg.pinv(self.codes).T

    def patches(self, natural, bases, moved, sources) -> list:
        """The whole layer, with the moved signals swapped."""
        chosen = np.full((len(bases), len(self.codes)), -1)
        chosen[:, list(moved)] = sources
        patched = self.swapped(natural, bases, chosen)
        return [(self.explanation.layer, tuple(range(patched.shape[1])), patched)]

    def predicted(self, natural, states) -> tuple[np.ndarray, np.ndarray]:
        """What is predicted of runs, and where a signal reads halfway."""
        readouts = self.explanation.readouts
        read = states[self.explanation.layer] @ self.codes.T + np.array([one.constant for one in readouts])
        unsure = np.abs(read - 0.5) <= HALFWAY
        bits = np.where(unsure, [one.table.bits & 1 for one in readouts], read > 0.5).astype(int)
        pattern = bits @ (1 << np.arange(len(readouts))[::-1])
        return (self.explanation.gate.bits >> pattern & 1).astype(bool), unsure.any(axis=1)

    def interchange(self, natural, most: int | None) -> dict[str, Any]:
        """How it fares when its own signals are swapped."""
        number, inputs = len(self.codes), len(natural[0])
        state, level = natural[self.explanation.layer], self.network.threshold
        bases, sources = [], []
        for choice in itertools.product(range(-1, inputs), repeat=number):
            if sum(s >= 0 for s in choice) <= (number if most is None else most):
                bases += range(inputs)
                sources += [choice] * inputs
        bases, sources = np.array(bases), np.array(sources)
        patched = self.swapped(natural, bases, sources)
        received = patched @ self.network.weights[self.explanation.layer].T
        received = received + self.network.biases[self.explanation.layer]
        outputs = plain_readouts.run_on(self.network, self.explanation.layer, received)
        made, tied = outputs > level, np.abs(outputs - level) <= BOUNDARY
        tied |= plain_readouts.on_a_jump(self.network, self.explanation.layer, received)
        at = np.where(sources >= 0, sources, bases[:, None])
        pattern = np.zeros(len(bases), int)
        for k, table in enumerate(self.explanation.signals):
            pattern = 2 * pattern + (table.bits >> at[:, k] & 1)
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


def known(number: Any, tied: Any) -> Any:
    """A number, of which so much depends on rounding."""
    if not tied:
        return number
    low, high = number - tied - 1e-9, number + tied + 1e-9
    right = lambda n: type(n) in (type(number), int) and low <= n <= high  # noqa: E731
    return Holds(right, f"between {max(0, low):.4g} and {high:.4g}", ROUNDING)
