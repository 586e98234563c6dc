"""An explanation ready to be examined: how its variables are swapped, and what it predicts of any patched run."""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..boolean.truth_table import TruthTable
from ..model.behavior import Behavior
from ..network.network import Network
from ..readout.code import code_text
from ..readout.explanation import ReadoutExplanation
from . import plain, plain_algorithms, plain_readouts
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

    def patches(self, bases, moved, sources) -> list[Any]:
        """The neurons of the moved variables hold the values that they have at the sources."""
        return [
            (*self.place[v], self.natural.states[self.place[v][0]][sources[:, k]][:, list(self.place[v][1])])
            for k, v in enumerate(moved)
        ]

    def moves(self, v: int) -> set[int]:
        """The neurons that are moved with a variable."""
        return set(self.place[v][1])

    def reads(self, v: int) -> tuple[int, set[int]]:
        """The layer and the neurons that carry a variable."""
        return self.place[v][0], set(self.place[v][1])

    def read(self, v: int, states: np.ndarray) -> np.ndarray:
        """What carries a variable in some states of its layer."""
        return states[:, list(self.place[v][1])]

    def values(self, v: int) -> np.ndarray:
        """A variable at every input."""
        return self.natural.values(self.tree.variables[v].bits)

    def follows(self, bases: np.ndarray, values: dict[int, np.ndarray]) -> np.ndarray:
        """What is decided where some variables have values of their own."""
        bits = self.natural.behavior.bits
        assert bits is not None
        forced = {self.tree.variables[v].path: given for v, given in values.items()}
        return np.asarray(plain_algorithms.value(self.tree.tree, bits[bases], forced), bool) ^ self.tree.negated

    def moved_parts(self, v: int) -> list[str]:
        """What is moved with a variable, by names."""
        layer, neurons = self.place[v]
        return [self.natural.network.graph.names[layer][j] for j in neurons]


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

    def patches(self, bases, moved, sources) -> list[Any]:
        """The whole layer, with the moved signals swapped."""
        chosen = np.full((len(bases), len(self.codes)), -1)
        chosen[:, list(moved)] = sources
        patched = self.swapped(bases, chosen)
        return [(self.layer, tuple(range(patched.shape[1])), patched)]

    def moves(self, v: int) -> set[int]:
        """The neurons that are moved with a signal."""
        way = np.abs(np.linalg.pinv(self.codes)[:, v])
        return set(np.flatnonzero(way > 1e-9 * way.max()).tolist())

    def reads(self, v: int) -> tuple[int, set[int]]:
        """The layer and the neurons in the code of a signal."""
        return self.layer, set(np.flatnonzero(self.codes[v]).tolist())

    def read(self, v: int, states: np.ndarray) -> np.ndarray:
        """The code of a signal in some states of the layer."""
        return states @ self.codes[v][:, None]

    def values(self, v: int) -> np.ndarray:
        """A signal at every input."""
        return self.signals[v]

    def follows(self, bases: np.ndarray, values: dict[int, np.ndarray]) -> np.ndarray:
        """What the gate gives where some signals have values of their own."""
        pattern = np.zeros(len(bases), int)
        for v, signal in enumerate(self.signals):
            pattern = 2 * pattern + values.get(v, signal[bases])
        return (self.explanation.gate.bits >> pattern & 1).astype(bool)

    def moved_parts(self, v: int) -> list[str]:
        """What is moved with a signal: a code of whole numbers, or one of the layer."""
        readout = self.explanation.readouts[v]
        if not readout.whole:
            return [f"a code of layer {self.layer}"]
        terms = [(c, name) for c, name in zip(readout.shown_coefficients, readout.names, strict=True) if c]
        return [f"the code {code_text([c for c, _ in terms], [name for _, name in terms])}"]

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


def foreseen(one: Examined, own: Examined, moved, bases, sources, states) -> tuple[np.ndarray, ...]:
    """What one explanation says of runs in which another, or itself, moves these variables: the decision, whether it
    says anything, where it reads a variable halfway between two values, and where in a state that no input produces."""
    runs = len(bases)
    nowhere, halfway, strange = np.zeros(runs, bool), np.zeros(runs, bool), np.zeros(runs, bool)
    if one is own:
        values = {v: one.values(v)[sources[:, k]] for k, v in enumerate(moved)}
        return one.follows(bases, values), ~nowhere, halfway, strange
    touched: set[int] = set()
    for v in moved:
        layer = own.reads(v)[0]
        here = {u for u in range(len(one.names)) if one.reads(u)[0] == layer and one.reads(u)[1] & own.moves(v)}
        if not here:
            return one.follows(bases, {}), nowhere, halfway, strange
        touched |= here
    values = {}
    for u in sorted(touched):
        natural = one.read(u, one.natural.states[one.reads(u)[0]])
        seen, own_values = one.read(u, states[one.reads(u)[0]]), one.values(u)
        to = {bit: _away(seen, natural[own_values == bit]) for bit in (False, True) if (own_values == bit).any()}
        nearest, between = np.full(runs, own_values[0]), np.zeros(runs, bool)
        if len(to) == 2:
            apart = min(_away(natural[own_values], natural[~own_values]))
            between = np.abs(to[True] - to[False]) <= 2 * HALFWAY * apart
            nearest = np.where(between, own_values[0], to[True] < to[False])
        away = np.min(list(to.values()), axis=0) > 1e-9 * max(1.0, np.abs(natural).max(initial=0))
        source = _one_source(one, u, own, moved, bases, sources)
        if source is not None:
            whole = source >= 0
            nearest = np.where(whole, own_values[source], nearest)
            between, away = between & ~whole, away & ~whole
        values[u], halfway, strange = nearest, halfway | between, strange | away
    return one.follows(bases, values), ~nowhere, halfway, strange


def _away(seen: np.ndarray, natural: np.ndarray) -> np.ndarray:
    """How far states are from the nearest of some others."""
    return np.min([np.linalg.norm(seen - state, axis=1) for state in natural], axis=0)


def _one_source(one: Examined, u: int, own: Examined, moved, bases, sources) -> np.ndarray | None:
    """The input that all which carries a variable is taken from in each run, -1 for none; None where there is none in
    any."""
    layer, neurons = one.reads(u)
    if isinstance(one, Coded):
        same = [k for k, v in enumerate(moved) if isinstance(own, Coded) and own.layer == layer
                and (own.codes[v] == one.codes[u]).all()]  # fmt: skip
        return sources[:, same[0]] if same else None
    if isinstance(own, Coded):
        return None
    origins = []
    for j in neurons:
        from_variable = [k for k, v in enumerate(moved) if own.place[v][0] == layer and j in own.place[v][1]]
        if from_variable:
            origins.append(sources[:, from_variable[0]])
        elif layer == min(own.place[v][0] for v in moved):
            origins.append(bases)
        else:
            return None
    alike = np.all([origin == origins[0] for origin in origins], axis=0)
    return np.where(alike, origins[0], -1)


def known(number: Any, tied: Any) -> Any:
    """A number, of which so much depends on rounding."""
    if not tied:
        return number
    low, high = number - tied - 1e-9, number + tied + 1e-9
    right = lambda n: type(n) in (type(number), int) and low <= n <= high  # noqa: E731
    return Holds(right, f"between {max(0, low):.4g} and {high:.4g}", ROUNDING)
