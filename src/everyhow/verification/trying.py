"""The experiments of a stored audit, made again: every interchange of every explanation that was examined, every
prediction of it, and every trial of circuits."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from ..network.network import Network
from ..readout.explanation import ReadoutExplanation
from . import plain, plain_readouts
from .circuits import PlainCircuit, as_plain, listed
from .comparing import Holds, Open
from .naming import edge_in_words
from .placing import NeuronSet, Tree, mapping_document, mapping_text
from .reading import explanation_document

MOST_EXAMINED, MOST_TRIED, MOST_SWAPS = 100, 20, 200_000
# Predictions that are made again.
MOST_PREDICTIONS = 12_000_000
HALFWAY, NATURAL, BOUNDARY = 1e-3, 1e-3, 1e-9
STEPS = {1: 0.05, 2: 0.05, 3: 0.05, 4: 0.125, 5: 0.25, 6: 0.5}
REACH = 0.5
ROUNDING = "a run ends on the decision boundary or on the jump of a step, where rounding decides"
TOO_MANY = "more predictions than are made again"


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
            return _known(float(agree[chosen].mean()), float(tied[chosen].mean()))

        return {
            "iia": [share((moved == 1) & (sources[:, k] >= 0)) for k in range(number)],
            "iia_joint": share(moved > 1) if (moved > 1).any() else None,
            "patched_states": int((moved > 0).sum()),
            "unnatural_states": int((nearest[moved > 0] > NATURAL * apart).sum()),
        }


Examined = Placed | Coded


@dataclass(frozen=True, eq=False)
class ExperimentsAgain:
    """What an audit says of experiments, made again.

    Attributes:
        network: of one output.
        decision: how its output becomes a bit.
        survivors: the explanations, in order, as many as are examined.
        of: how many there are in all.
        circuits: the surviving circuits by their edges.
        version: the schema of audit.json, which decides how edges are called.
    """

    network: Network
    decision: str
    survivors: Sequence[Examined]
    of: int
    circuits: Sequence[Sequence[Sequence[int]]]
    version: int

    @cached_property
    def points(self) -> np.ndarray:
        """The rows of the truth table."""
        return plain.corners(self.network)

    @cached_property
    def natural(self) -> list[np.ndarray]:
        """The states of every layer at every row."""
        return plain.run(self.network, self.points)

    @cached_property
    def chosen(self) -> list[Examined]:
        """Those that can be swapped, at most 100."""
        return self.swappable[:MOST_EXAMINED]

    @cached_property
    def swappable(self) -> list[Examined]:
        """Those of which each variable can change without the others."""
        return [
            one for one in self.survivors
            if isinstance(one, Placed) or np.linalg.matrix_rank(one.codes) == len(one.codes)
        ]  # fmt: skip

    @cached_property
    def limit(self) -> int:
        """The most variables that are moved at once."""
        counts, inputs = [len(one.names) for one in self.chosen], len(self.points)
        limit = max(counts, default=0)
        while limit > 1 and self._swaps(counts, inputs, limit) > MOST_SWAPS:
            limit -= 1
        return limit

    @staticmethod
    def _swaps(counts: Sequence[int], inputs: int, limit: int) -> int:
        return sum(comb(n, moved) * inputs ** (moved + 1) for n in counts for moved in range(limit + 1))

    @cached_property
    def most_moved(self) -> int | None:
        """The most variables that are moved at once; None when all are moved."""
        return None if self.limit >= max((len(one.names) for one in self.chosen), default=0) else self.limit

    @property
    def affordable(self) -> bool:
        """Whether all predictions are made again."""
        counts = [len(one.names) for one in self.chosen]
        return self._swaps(counts, len(self.points), self.limit) * len(counts) <= MOST_PREDICTIONS

    @cached_property
    def tried(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray], list[int]]]:
        """For each explanation its interchanges: bases, sources, outcomes, what each predicts, how often halfway."""
        return [self._of(one) for one in self.chosen]

    @cached_property
    def jumped(self) -> dict[int, np.ndarray]:
        """For each explanation, by its identity, in which of its interchanges a neuron that steps, of a layer or one
        before, comes within 1e-9 of its jump; one row for each layer."""
        return {}

    @cached_property
    def tied(self) -> dict[int, np.ndarray]:
        """For each explanation, by its identity, which of its interchanges end on the decision boundary, or have such
        a neuron."""
        return {}

    @cached_property
    def is_whole(self) -> bool:
        """Whether all numbers are whole multiples of a thousandth (1/1024), so that sums of them are not rounded."""
        numbers = [*self.network.weights, *self.network.biases, *self.natural]
        return all((1024 * one == np.round(1024 * one)).all() and np.abs(one).max() < 2**20 for one in numbers)

    def _of(self, own: Examined):
        inputs, number = len(self.points), len(own.names)
        bases, sources, states, jumped = [], [], [], []
        for moved in itertools.chain.from_iterable(
            itertools.combinations(range(number), size) for size in range(min(self.limit, number) + 1)
        ):
            choices = np.array(list(itertools.product(range(inputs), repeat=len(moved) + 1)))
            all_sources = np.full((len(choices), number), -1)
            all_sources[:, list(moved)] = choices[:, 1:]
            patches = own.patches(self.natural, choices[:, 0], moved, choices[:, 1:]) if moved else []
            bases.append(choices[:, 0])
            sources.append(all_sources)
            states.append(self._run(choices[:, 0], patches))
            jumped.append(self._jumped(states[-1], patches))
        layers = [np.concatenate([one[k] for one in states]) for k in range(len(states[0]))]
        outcomes = layers[-1][:, 0] > self.network.threshold
        # What neurons carry is taken over as it is: nothing is rounded where all is whole.
        jumps = np.concatenate(jumped, axis=1) & (isinstance(own, Coded) or not self.is_whole)
        self.jumped[id(own)] = np.logical_or.accumulate(jumps, axis=0)
        self.tied[id(own)] = (np.abs(layers[-1][:, 0] - self.network.threshold) <= BOUNDARY) | jumps.any(axis=0)
        predictions = [one.predicted(self.natural, layers) for one in self.chosen]
        return (
            np.concatenate(bases), np.concatenate(sources), outcomes, [bits for bits, _ in predictions],
            [
                _known(int(halfway.sum()), int(self.jumped[id(own)][one.layer].sum()))
                for one, (_, halfway) in zip(self.chosen, predictions, strict=True)
            ],
        )  # fmt: skip

    def _run(self, bases, patches) -> list[np.ndarray]:
        states = [self.points[bases]]
        layers = zip(self.network.weights, self.network.biases, self.network.activations, strict=True)
        for layer, (w, b, name) in enumerate(layers, 1):
            state = plain.activate(name, states[-1] @ w.T + b)
            for where, neurons, values in patches:
                if where == layer:
                    state = state.copy()
                    state[:, list(neurons)] = values
            states.append(state)
        return states

    def _jumped(self, states, patches) -> np.ndarray:
        """In which runs a neuron that steps, that is not held, and that something reads, comes within 1e-9 of its jump:
        one row for each layer."""
        found, last = [np.zeros(len(states[0]), bool)], self.network.depth
        for layer, (w, b, name) in enumerate(
            zip(self.network.weights, self.network.biases, self.network.activations, strict=True), 1
        ):
            held = {j for where, neurons, _ in patches if where == layer for j in neurons}
            asked = [
                j for j in range(len(w))
                if name in ("step", "sign") and j not in held
                and (layer == last or self.network.weights[layer][:, j].any())
            ]  # fmt: skip
            found.append((np.abs(states[layer - 1] @ w.T + b)[:, asked] <= BOUNDARY).any(axis=1))
        return np.array(found)

    def _dispute(self, one: int, other: int) -> dict[str, Any]:
        family = "all interchanges of either explanation's variables, every base with every source of each"
        if self.most_moved is not None:
            family += f", at most {self.most_moved} moved at once"
        found, doubtful = [], []
        last = max(self.chosen[one].layer, self.chosen[other].layer)
        for own in (one, other):
            _, sources, _, bits, _ = self.tried[own]
            doubt = self.jumped[id(self.chosen[own])][last]
            for runs, some in ((found, bits[one] != bits[other]), (doubtful, doubt)):
                for k in np.flatnonzero(some)[:1]:
                    runs.append((int((sources[k] >= 0).sum()), own != one, int(k), own))
        between = [self.chosen[one].text, self.chosen[other].text]
        if doubtful and (not found or min(doubtful) <= min(found)):
            return {"between": between, "family": family, "experiment": Open(ROUNDING)}
        if not found:
            return {"between": between, "family": family, "experiment": None}
        _, _, k, own = min(found)
        bases, sources, outcomes, bits, _ = self.tried[own]
        inputs = self.network.widths[0]
        base, which = format(bases[k], f"0{inputs}b"), int(own != one)
        pairs = [
            [name, format(source, f"0{inputs}b")]
            for name, source in zip(self.chosen[own].names, sources[k], strict=True)
            if source >= 0
        ]
        taken = " and ".join(f"{name} as at {source}" for name, source in pairs)
        owner = ("first", "second")[which]
        text = f"at {base}, with the {owner}'s {taken}" if taken else f"at {base}, nothing being changed"
        said = [int(bits[one][k]), int(bits[other][k])]
        experiment = {"kind": "interchange", "text": text, "of": which, "base": base, "sources": pairs}
        outcome = _outcome(said, int(outcomes[k]))
        if self.tied[id(self.chosen[own])][k]:
            either = Holds(lambda n: type(n) is int and n in (0, 1), "0 or 1", ROUNDING)
            outcome |= {"network_decides": either, "wrong": either}
        return {"between": between, "family": family, "experiment": experiment | outcome}

    def document(self) -> dict[str, Any]:
        """The experiments as they stand in audit.json."""
        unswappable = len(self.survivors) - len(self.swappable)
        document: dict[str, Any] = {
            "survivors": self.of,
            "not_swappable": unswappable,
            "circuits": len(self.circuits),
            "disputes": listed([]),
            "circuit_disputes": listed(self._circuit_disputes()),
        }
        number = len(self.chosen)
        if number < 2:
            return document
        if not self.affordable:
            return document | {"disputes": Open(TOO_MANY), "cross_examination": Open(TOO_MANY)}
        pairs = list(itertools.combinations(range(number), 2))
        disputes = [self._dispute(*pair) for pair in pairs[:1000]]
        return document | {
            "disputes": {"number": len(pairs), "listed": disputes},
            "cross_examination": {
                "explanations": [one.document() for one in self.chosen],
                "swaps": [len(outcomes) for _, _, outcomes, _, _ in self.tried],
                "predicted": [
                    [_known(int((bits == outcomes).sum()), int(self.tied[id(own)].sum())) for bits in predicted]
                    for own, (_, _, outcomes, predicted, _) in zip(self.chosen, self.tried, strict=True)
                ],
                "halfway": [halfway for *_, halfway in self.tried],
                "most_moved": self.most_moved,
                "interchange": [
                    None if isinstance(one, Placed) else one.interchange(self.natural, self.most_moved)
                    for one in self.chosen
                ],
            },
        }

    def _circuit_disputes(self) -> list[dict[str, Any]]:
        some = [as_plain(self.network, edges) for edges in self.circuits[:MOST_TRIED]]
        inputs = self.network.widths[0]
        if len(some) < 2 or inputs not in STEPS:
            return []
        points = self._grid(inputs)
        edges = [
            (layer, int(j), int(i)) for layer, w in enumerate(self.network.weights, 1) for j, i in np.argwhere(w != 0)
        ]
        pairs = [(b, s) for b in range(2**inputs) for s in range(2**inputs) if b != s]
        tried = [self._tried_alone(circuit, points, edges, pairs) for circuit in (None, *some)]
        outputs, at_jumps = (np.array(part) for part in zip(*tried, strict=True))
        level: Any = self.network.threshold if self.decision == "threshold" else 0.5
        bits = [plain.bits_of(outputs + by, self.decision, level) for by in (0.0, -BOUNDARY, BOUNDARY)]
        is_bit = np.isin(bits[0], (0, 1)) if self.decision == "round" else np.ones(outputs.shape, bool)
        ones = [one == 1 for one in bits]
        sure = (is_bit & (ones[0] == ones[1]) & (ones[0] == ones[2]) & ~at_jumps).all(axis=0)
        trials = [("input", point) for point in points] + [("edge", (e, *p)) for e in edges for p in pairs]
        family = (
            f"inputs on a grid of step {STEPS[inputs]:g} within {REACH:g} of the truth table's corners, and single "
            f"edges resampled at every base from every source"
        )
        found = []
        for one, other in itertools.combinations(range(len(some)), 2):
            differ = np.flatnonzero(sure & (ones[0][1 + one] != ones[0][1 + other]))
            experiment = None
            if len(differ):
                k = int(differ[0])
                said = [int(ones[0][1 + one][k]), int(ones[0][1 + other][k])]
                experiment = self._trial(*trials[k]) | _outcome(said, int(ones[0][0][k]))
            between = [[list(edge) for edge in self.circuits[k]] for k in (one, other)]
            found.append({"between": between, "family": family, "experiment": experiment})
        return found

    def _trial(self, kind: str, setting: Any) -> dict[str, Any]:
        """A trial as it stands in audit.json."""
        if kind == "input":
            point = [float(x) for x in setting.round(6)]
            return {"kind": kind, "text": f"on the input ({', '.join(f'{x:g}' for x in point)})", "point": point}
        edge, base, source = setting
        inputs = self.network.widths[0]
        names = format(base, f"0{inputs}b"), format(source, f"0{inputs}b")
        text = f"at {names[0]}, with {edge_in_words(self.network, edge, self.version)} as at {names[1]}"
        return {"kind": kind, "text": text, "edge": list(edge), "base": names[0], "source": names[1]}

    def _grid(self, inputs: int) -> np.ndarray:
        """Points around the corners, those nearest to one first."""
        low, high = self.network.input_values
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
        states = plain.run(self.network, self.points, circuit)
        bases, sources = [b for b, _ in pairs], [s for _, s in pairs]
        for layer, j, i in edges:
            received = states[layer - 1][bases] @ weights[layer - 1].T + biases[layer - 1]
            change = states[layer - 1][sources, i] - states[layer - 1][bases, i]
            received[:, j] += weights[layer - 1][j, i] * change
            found.append(run_on(layer, received))
        outputs, near = zip(*found, strict=True)
        return np.concatenate(outputs), np.concatenate(near)


def _known(number: Any, tied: Any) -> Any:
    """A number, of which so much depends on rounding."""
    if not tied:
        return number
    low, high = number - tied - 1e-9, number + tied + 1e-9
    right = lambda n: type(n) in (type(number), int) and low <= n <= high  # noqa: E731
    return Holds(right, f"between {max(0, low):.4g} and {high:.4g}", ROUNDING)


def _outcome(predicted: list[int], decided: int) -> dict[str, Any]:
    wrong = 0 if predicted[0] != decided else 1
    return {"predicted": predicted, "network_decides": decided, "wrong": wrong}
