"""What of an audit is shown: chosen here, once, for terminal, tables, drawings, page and notebook alike."""

import heapq
from collections import abc
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, pairwise

import numpy as np

from ..boolean.algorithms import Algorithm, idle_gate
from ..boolean.truth_table import MAX_INPUTS
from ..circuit.faults import fallen
from ..common.count import Count
from ..common.errors import EveryhowError
from ..common.progress import doing
from ..experiment.ranking import PriceGrid, price_grid
from ..interpretation.interpretations import Interpretations
from ..ladder import BESIDE, Fault
from ..mapping.faults import fault_of_near_miss
from ..mapping.findings import RUNGS, complexity, simplicity
from ..mapping.interchange import NearMiss
from ..mapping.mapping import Mapping
from ..mapping.signatures import Signatures
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.criterion import Ablation, Criterion, carried, most_paired, perfect, resample_faithful
from ..model.graph import Graph
from ..model.model import CircuitCount, Model
from ..model.reading import ReadingRule
from ..readout.findings import LayerReadouts
from .findings import Findings

# What nodes hold is shown for at most so many inputs, evenly spaced where there are more.
MOST_INPUTS = 64
# Tokens that stand in the name of a sequence.
MOST_TOKENS = 16
# Circuits are listed, rather than drawn at random, in spaces up to this.
LISTED_SPACE = 10_000_000
# The steps that listing the interpretations of one circuit, and of all circuits shown, may take.
MOST_STEPS, MOST_STEPS_IN_ALL = 100_000, 3_000_000
# What following one state of a layer takes, in pairs of adjacent states.
STEPS_PER_STATE = 30
# So many mappings of an algorithm are looked at for the simplest, for each that is shown.
LOOKED_AT = 50
# What edges outside a circuit carry, where that is one thing for each input.
WORDS = {"mean": "their mean over the inputs", "paired": "what they carry at the counterfactual input"}


@dataclass(frozen=True, eq=False)
class Activations:
    """What the nodes of a model hold at each input.

    Attributes:
        held: for each stage, shape (inputs, nodes); with more axes where a node holds several numbers.
        names: what the inputs are called.
        numbers: by stage, how many numbers a node holds.
        rows: the inputs that are shown.
        inputs: how many there are.
        looks: how much each node that looks at positions looks at each from each, by its name; (inputs, positions,
            positions).
        alone: what edges outside the circuit carried, in words; empty of a whole model.
    """

    held: Sequence[np.ndarray]
    names: tuple[str, ...]
    numbers: tuple[int, ...]
    rows: tuple[int, ...]
    inputs: int
    looks: abc.Mapping[str, np.ndarray] = field(default_factory=dict)
    alone: str = ""

    def of(self, layer: int, node: int) -> np.ndarray | None:
        """What a node holds at each input; None where it holds several numbers."""
        return self.held[layer][:, node] if self.numbers[layer] == 1 else None

    @property
    def complete(self) -> bool:
        """Whether all inputs are shown."""
        return len(self.rows) == self.inputs


def held_at_corners(model: Model) -> "Activations | None":
    """What the nodes of a model hold at the rows of its truth table; None where it has none."""
    if model.features <= MAX_INPUTS:
        with suppress(EveryhowError):
            return activations_of(model, Behavior.of_network(model, model.corners))
    return None


def activations_of(
    model: Model, behavior: Behavior, circuit: Circuit | None = None, ablation: Ablation = "zero"
) -> Activations:
    """What the nodes of a model, or of a circuit run alone, hold at each input, or at some of many, evenly spaced.

    Where nodes look at positions, what edges outside the circuit carry is what the ablation says, where it says one
    thing for each input.
    """
    points, number = behavior.points, len(behavior.points)
    looking = bool(model.patterns(points[:1]))
    rows = np.linspace(0, number - 1, min(number, MOST_INPUTS)).round().astype(int)
    removed = None
    if looking and circuit is not None and ablation in ("mean", "paired"):
        removed = tuple(state[rows] for state in carried(model, behavior, ablation))
    shown = points[rows]
    states = model.states(shown) if circuit is None else model.run_circuit(shown, circuit, removed)
    alone = "" if circuit is None else "nothing" if removed is None else WORDS[ablation]
    names = tuple(name_of_input(behavior, int(row)) for row in rows)
    found = model.patterns(shown, circuit, removed) if looking else {}
    return Activations(states, names, model.graph.numbers, tuple(map(int, rows)), number, found, alone)


def name_of_input(behavior: Behavior, row: int) -> str:
    """What an input is called; of a sequence its tokens too."""
    if behavior.answer is None:
        return behavior.name_of(row)
    tokens = [f"{token:g}" for token in behavior.points[row]]
    return f"input {row + 1}: {' '.join(tokens[:MOST_TOKENS])}{' ...' * (len(tokens) > MOST_TOKENS)}"


@dataclass(frozen=True)
class Family:
    """Circuits of one kind, and how many there are of it.

    Attributes:
        name: of the kind, as in audit.json.
        title: in words.
        number: of the kind.
        circuits: those that are shown.
        order: how they were chosen, in words.
    """

    name: str
    title: str
    number: Count
    circuits: tuple[Circuit, ...]
    order: str


@dataclass(frozen=True)
class Fallen:
    """Who fell at a rung.

    Attributes:
        number: how many.
        of: what they are: mappings, algorithms or circuits.
        listed: those that are shown, each with its fault.
        order: how they were chosen, in words.
    """

    number: int
    of: str
    listed: tuple[tuple[Mapping | NearMiss | Algorithm | Circuit, Fault], ...]
    order: str = ""


@dataclass(frozen=True, eq=False)
class Exhibits:
    """What is shown of an audit of one output.

    Attributes:
        model: what was explained.
        behavior: what was wanted of it.
        findings: what was found.
    """

    model: Model
    behavior: Behavior
    findings: Findings

    @property
    def graph(self) -> Graph:
        """The wiring, which names nodes and edges."""
        return self.model.graph

    def activations(self, circuit: Circuit | None = None) -> Activations:
        """What the nodes of the model, or of a circuit run alone, hold at each input; see `activations_of`."""
        return activations_of(self.model, self.behavior, circuit, self.findings.circuits.asked.ablation)

    @cached_property
    def readings(self) -> Interpretations | None:
        """How the simplest circuit can be read; None where it is not."""
        circuit, found = self.findings.circuits.simplest, self.findings.interpretations
        return None if circuit is None or found is None or found.simplest is None else self.read(circuit)

    @cached_property
    def ways_to_read(self) -> int | None:
        """In how many ways the simplest circuit can be read; None where circuits are not read, or it takes long."""
        circuit, found = self.findings.circuits.simplest, self.findings.interpretations
        if circuit is None or found is None or not found.asked:
            return None
        (read,) = self.read_each([circuit])
        return None if isinstance(read, str) else read.count

    def read(self, circuit: Circuit) -> Interpretations:
        """How a circuit can be read."""
        rule = ReadingRule(decision=self.behavior.decision)
        return Interpretations(self.model, circuit, self.behavior.points, rule)

    def read_each(self, circuits: Sequence[Circuit]) -> Iterator[Interpretations | str]:
        """How each of some circuits can be read, or why that is not gone through: one would take too long, all of them
        together would, or circuits are not read."""
        found = self.findings.interpretations
        if found is None or not found.asked:
            why = "; ".join(found.beyond) if found else "they were not asked for"
            yield from [why for _ in circuits]
            return
        left = MOST_STEPS_IN_ALL
        for circuit in circuits:
            one = self.read(circuit)
            steps = _steps(one)
            if steps <= min(left, MOST_STEPS):
                left -= steps
                yield one
            else:
                yield f"that would take about {steps:,} steps"

    def families(self, most: int) -> Iterator[Family]:
        """Circuits of every kind of which there are any, so many of each; those first that every rung leaves."""
        found, ablation = self.findings.circuits, self.findings.circuits.asked.ablation
        for name, title, circuits in (
            ("smallest", "smallest resample-faithful", found.smallest_faithful),
            ("minimal", "minimal perfect", found.minimal),
            ("faithful_minimal", "minimal resample-faithful", found.faithful_minimal),
        ):
            if circuits:
                yield Family(name, title, Count.of(len(circuits)), circuits[:most], f"fewest {self.graph.unit}s first")
        if not self.model.listable:
            return
        makers = [("perfect", "perfect", found.perfect, perfect)]
        if len(self.behavior.points) <= most_paired(self.model):
            makers.append(("faithful", "resample-faithful", found.faithful, resample_faithful))
        for name, title, count, made in makers:
            if count is not None and count.between[0]:
                criterion = made(self.model, self.behavior, ablation)
                yield Family(name, title, count.count, *self._some(count, criterion, most))

    def _some(self, count: CircuitCount, criterion: Criterion[Model], most: int) -> tuple[tuple[Circuit, ...], str]:
        """All circuits that meet a criterion where they are few, else some drawn at random."""
        search = self.model.search(criterion)
        if count.certified and count.between[0] <= most and self.findings.circuits.in_space <= LISTED_SPACE:
            return tuple(sorted(search.circuits(), key=len)), f"fewest {self.graph.unit}s first"
        with doing(f"drawing {most} of {count.between[1]:,} circuits"):
            return tuple(dict.fromkeys(search.sample(most))), "drawn uniformly"

    def algorithms(self, most: int) -> list[Algorithm]:
        """The simplest aligned algorithms."""
        found = self.findings.laddered
        return sorted((found and found.aligned) or (), key=simplicity)[:most]

    def placed(self, most: int, algorithm: Algorithm | None = None) -> list[Mapping]:
        """The simplest mappings: of all aligned algorithms, or of the first found of one."""
        found = self.findings.laddered
        if found is None:
            return []
        if algorithm is None:
            return heapq.nsmallest(most, found.placed, key=complexity)
        return sorted(islice(found.minimal(algorithm), LOOKED_AT * most), key=complexity)[:most]

    def near_misses(self, most: int) -> list[tuple[NearMiss, Fault]]:
        """The algorithms that nearly align, each with an interchange that its worst variable gets wrong."""
        found = self.findings.laddered
        if found is None or found.signatures is None:
            return []
        return [
            (miss, fault_of_near_miss(found.signatures, miss, self.graph, self.behavior))
            for miss in found.near_misses[:most]
        ]

    def fallen_mappings(self, most: int) -> dict[str, Fallen]:
        """Who fell at each rung of the mappings, the simplest first."""
        found = self.findings.laddered
        if found is None or found.aligned is None or found.algorithms is None:
            return {}
        tried, of = found.scored
        nearest = f"nearest to aligned first, among {tried:,} of the {of:,} irredundant ones"
        idle = sorted((one for one in found.aligned if not one.irredundant), key=simplicity)
        left, unaligned = found.surviving_mappings, found.algorithms - len(found.aligned)
        which = f"of {len(idle):,} algorithm{'' if len(idle) == 1 else 's'}, simplest first"
        fell = {
            "single": Fallen(unaligned, "algorithms", tuple(self.near_misses(most)), nearest),
            "irredundant": Fallen(
                (left["single"] or 0) - (left["irredundant"] or 0), "mappings",
                tuple((one, Fault(idle_gate(one) or "")) for one in idle[:most]), which,
            ),
        }  # fmt: skip
        for rung, mappings in found.fallen.items():
            chosen = sorted(mappings, key=complexity)[:most]
            fell[rung] = Fallen(
                len(mappings), "mappings", tuple((one, mappings[one]) for one in chosen), "simplest first"
            )
        return fell | self._dearer(most)

    def _dearer(self, most: int) -> dict[str, Fallen]:
        """The mappings that pass every rung but cost more than the cheapest."""
        found, cheapest, ranking = self.findings.laddered, self.findings.cheapest, self.findings.ranking
        if found is None or cheapest is None or ranking is None:
            return {}
        prices, kept = ranking.model, set(cheapest)
        dearer = [mapping for mapping in found.survivors.get(RUNGS[-1], ()) if mapping not in kept]
        least = min([mapping.cost(prices) for mapping in cheapest], default=0.0)
        listed = tuple(
            (mapping, Fault(f"it costs {mapping.cost(prices):g}, the cheapest {least:g}"))
            for mapping in sorted(dearer, key=complexity)[:most]
        )
        return {"cheapest": Fallen(len(dearer), "mappings", listed, "simplest first")}

    def fallen_circuits(self, most: int) -> dict[str, Fallen]:
        """Who fell at each rung of the circuits of which it is known how many did."""
        found, fell = self.findings.circuits, {}
        before: int | None = found.in_space
        for rung, left in found.survivors.items():
            if before is not None and left is not None:
                listed = fallen(rung, self.model, self.behavior, found, most)
                fell[rung] = Fallen(before - left, "circuits", listed)
            before = before if rung in BESIDE else left
        return fell

    @property
    def signatures(self) -> Signatures | None:
        """The causal signatures; None where there are none, or the inputs are too many to be shown."""
        found = self.findings.mappings
        return None if found is None or len(self.behavior.points) > MOST_INPUTS else found.signatures

    @property
    def layers(self) -> tuple[LayerReadouts, ...]:
        """What is read of each hidden layer."""
        return self.findings.readouts.layers if self.findings.readouts else ()

    @cached_property
    def prices(self) -> PriceGrid | None:
        """What the survivors cost by other prices; None where there are none, or none has a price."""
        ranking = self.findings.ranking
        if ranking is None or all(cost is None for cost, _ in ranking.entries):
            return None
        return price_grid(ranking)

    @cached_property
    def examined(self) -> list[tuple[int, int]]:
        """The rank by cost of each explanation that is examined, and its index in the examination, cheapest first."""
        ranking, experiments = self.findings.ranking, self.findings.experiments
        if ranking is None or experiments is None or experiments.examined is None:
            return []
        ranks: abc.Mapping[object, int] = {one: rank for rank, (_, one) in enumerate(ranking.entries, start=1)}
        return sorted((ranks[one], k) for k, one in enumerate(experiments.examined.explanations) if one in ranks)


def _steps(table: Interpretations) -> int:
    """States and pairs of adjacent ones, were every reading consistent with every other."""
    states = [1] * (table.model.graph.last + 1)
    for (layer, _), readings in table.readings.items():
        states[layer] *= len(readings)
    return sum(one * other for one, other in pairwise(states)) + STEPS_PER_STATE * sum(states)
