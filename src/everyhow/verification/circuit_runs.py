"""Circuits run at every input: which of them are right, surely or perhaps."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..model.behavior import Behavior
from ..model.space import circuits_in_space
from ..model.uniform import draw_from_space
from ..network.network import Network
from . import plain, plain_circuits
from .comparing import Open

PlainCircuit = tuple[tuple[tuple[int, ...], ...], ...]
# Circuits up to which every one is run, values that such runs may take, and values held at once.
MOST_CIRCUITS, MOST_VALUES, VALUES_AT_ONCE = 60_000, 120_000_000, 4_000_000
# How far the decision boundary is moved for the two numbers between which an uncertain one lies.
BOUNDARY = 1e-9


@dataclass(frozen=True)
class Found:
    """Some circuits: those that are surely right, those that float64 decides for, and those that may be right.

    All are true or false for each circuit.
    """

    certain: np.ndarray
    decided: np.ndarray
    possible: np.ndarray

    def __and__(self, other: "Found") -> "Found":
        return Found(self.certain & other.certain, self.decided & other.decided, self.possible & other.possible)

    @property
    def sure(self) -> bool:
        """Whether none lies on the decision boundary."""
        return bool((self.certain == self.possible).all())


@dataclass(frozen=True, eq=False)
class RunCircuits:
    """Circuits of a network, run at every input."""

    network: Network
    behavior: Behavior
    circuits: Sequence[PlainCircuit]

    @cached_property
    def edges(self) -> np.ndarray:
        """How many edges each circuit has."""
        return np.array([sum(len(parents) for layer in c for parents in layer) for c in self.circuits], int)

    def affordable(self, ablation: str) -> bool:
        """Whether all are run."""
        runs = len(self.behavior.points) ** (2 if ablation == "resample" else 1)
        return len(self.circuits) * runs * max(self.network.widths) <= MOST_VALUES

    def right(self, ablation: str) -> Found:
        """Which circuits make the decisions wanted, up to the error allowed, removed edges carrying what they do."""
        if ablation not in self._known:
            self._known[ablation] = self._right(ablation)
        return self._known[ablation]

    @cached_property
    def _known(self) -> dict[str, Found]:
        return {}

    def _right(self, ablation: str) -> Found:
        behavior, states = self.behavior, plain.run(self.network, self.behavior.points)
        weights, inputs = np.asarray(behavior.weights, float), np.arange(len(behavior.points))
        bases = inputs
        ablated = None
        if ablation == "mean":
            ablated = [np.repeat((weights @ state)[None], len(inputs), axis=0) for state in states]
        elif ablation == "resample":
            bases, sources = np.repeat(inputs, len(inputs)), np.tile(inputs, len(inputs))
            ablated, weights = [state[sources] for state in states], weights[bases] * weights[sources]
        at_once = max(1, VALUES_AT_ONCE // (len(bases) * max(self.network.widths)))
        parts = [
            self._right_of(self.circuits[k : k + at_once], bases, weights, ablated)
            for k in range(0, len(self.circuits), at_once)
        ]
        return Found(*(np.concatenate([part[k] for part in parts]) if parts else np.zeros(0, bool) for k in range(3)))

    def _right_of(self, some, bases, weights, ablated) -> list[np.ndarray]:
        behavior = self.behavior
        outputs, received = plain.run_many(self.network, behavior.points[bases], some, ablated)
        wanted = np.asarray(behavior.wanted)[bases]
        good = decided_as(outputs, wanted, behavior.decision, self.network.threshold)
        if behavior.within is not None:
            natural = replaced_last(self.network)
            away = np.abs(received - plain.run(natural, behavior.points[bases])[-1]).max(axis=-1)
            good = [g & (away <= behavior.within + s) for g, s in zip(good, (-BOUNDARY, 0, BOUNDARY), strict=True)]
        return [(~g) @ weights <= behavior.epsilon + 1e-9 for g in good]


def replaced_last(network: Network) -> Network:
    """The network before its last activation."""
    return replace(network, activations=(*network.activations[:-1], "identity"))


def decided_as(outputs: np.ndarray, wanted: np.ndarray, decision: str, level: Any) -> list[np.ndarray]:
    """Whether every output decides as wanted: surely, as float64 has it, and perhaps."""
    if decision == "argmax":
        own = np.where(wanted, outputs, -np.inf).max(axis=-1)
        other = np.where(wanted, -np.inf, outputs).max(axis=-1)
        first = outputs.argmax(axis=-1) == wanted.argmax(axis=-1)
        return [own - other > BOUNDARY, first, own - other >= -BOUNDARY]
    shifted = [plain.bits_of(outputs + by, decision, level) == wanted for by in (-BOUNDARY, 0.0, BOUNDARY)]
    sure, perhaps = shifted[0] & shifted[1] & shifted[2], shifted[0] | shifted[1] | shifted[2]
    return [one.all(axis=-1) for one in (sure, shifted[1], perhaps)]


def all_circuits_run(network: Network, behavior: Behavior, ablation: str) -> RunCircuits | None:
    """All circuits, when they are few enough to be run one by one."""
    if circuits_in_space(network.graph) > MOST_CIRCUITS:
        return None
    run = RunCircuits(network, behavior, list(plain_circuits.all_circuits(network.weights)))
    return run if run.affordable(ablation) and run.affordable("zero") else None


def drawn(network: Network, size: int, generator: np.random.Generator) -> list[PlainCircuit]:
    """Circuits drawn from the whole space."""
    found, graph = [], network.graph
    for circuit in draw_from_space(graph, size, generator):
        there = {edge for edge, chosen in zip(graph.edges, circuit, strict=True) if chosen}
        found.append(
            tuple(
                tuple(tuple(i for i in range(into) if (layer, j, i) in there) for j in range(out))
                for layer, (into, out) in enumerate(itertools.pairwise(network.widths), start=1)
            )
        )
    return found


def estimate_again(
    network: Network, behavior: Behavior, ablation: str, said: dict[str, Any], budget: int
) -> dict[str, Any]:
    """An estimate, from the same circuits drawn again and run."""
    from scipy.stats import binomtest

    runs = len(behavior.points) ** (2 if ablation == "resample" else 1)
    wanted = min(200_000, max(2_000, budget // (10 * runs)))
    if wanted * runs * max(network.widths) > MOST_VALUES or not isinstance(said, dict):
        reason = "more circuits were drawn than are run one by one"
        return {key: Open(reason) for key in ("value", "low", "high", "sample")}
    generator, circuits = np.random.default_rng(0), []
    for start in range(0, wanted, 1 << 15):
        circuits += drawn(network, min(1 << 15, wanted - start), generator)
    found = RunCircuits(network, behavior, circuits).right(ablation)
    certain, possible = int(found.certain.sum()), int(found.possible.sum())
    space = circuits_in_space(network.graph)
    return {
        "value": space * ((certain + possible) / (2 * wanted)),
        "low": space * float(binomtest(certain, wanted).proportion_ci(0.95, "exact").low),
        "high": space * float(binomtest(possible, wanted).proportion_ci(0.95, "exact").high),
        "sample": wanted,
    }


def as_plain(network: Network, edges: Sequence[Sequence[int]]) -> PlainCircuit:
    """A circuit given by its edges as the plain methods take it."""
    return tuple(
        tuple(tuple(sorted(i for at, to, i in edges if at == layer and to == j)) for j in range(network.widths[layer]))
        for layer in range(1, network.depth + 1)
    )
