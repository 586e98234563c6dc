"""The circuits of a stored audit, run one by one: all of a small space, else those that it lists and some drawn."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from ..model.behavior import Behavior
from ..model.space import circuits_in_space
from ..model.uniform import draw_from_space
from ..network.network import Network
from . import plain, plain_circuits, plain_interpretations
from .check import Check
from .comparing import Holds, Open, compared
from .judging import refusal_of, verdict_of

PlainCircuit = tuple[tuple[tuple[int, ...], ...], ...]
# Circuits up to which every one is run, values that such runs may take, and values held at once.
MOST_CIRCUITS, MOST_VALUES, VALUES_AT_ONCE = 60_000, 120_000_000, 4_000_000
# Runs that the looking into listed circuits may take, and circuits drawn where not all are run.
MOST_RUNS, DRAWN = 400_000, 400
# Circuits of a large space whose interpretations are counted, and states of a layer up to which they are.
MOST_READ, MOST_STATES = 12, 1_500
# An interval of a share that holds the true one in all but one of ten thousand cases.
SURE = 0.9999
# Circuits of a list that are looked into, and edges up to which all sets of edges within one are.
MOST_LISTED, MOST_EDGES = 40, 12
# How far the decision boundary is moved for the two numbers between which an uncertain one lies.
BOUNDARY = 1e-9
# With more inputs, circuits are run with resampled edges instead of counted; and the edges of a listed circuit.
MANY_INPUTS, LISTABLE = 64, 63
# Items that are listed, of however many.
LISTED = 1000
# Inputs at which the network lies on its boundary that are named.
MOST_NAMED = 8
# Points drawn from each box that a robust circuit must decide right on.
POINTS_PER_BOX = 200
TOO_MANY = "more circuits than are run one by one"


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


@dataclass(frozen=True, eq=False)
class CircuitsAgain:
    """Everything that an audit says of circuits, found again by running all of them.

    Attributes:
        run: all circuits, run.
        asked: the kind of ablation that was asked for.
        radius: half the side of the boxes on which robust circuits are right; None when that was not asked.
        budget: of the audit; what exceeds it was not counted.
    """

    run: RunCircuits
    asked: str
    radius: float | None
    budget: int

    @property
    def space(self) -> int:
        """The number of all circuits."""
        return len(self.run.circuits)

    @property
    def inputs(self) -> int:
        """How many inputs there are."""
        return len(self.run.behavior.points)

    @cached_property
    def perfect(self) -> Found | None:
        """The perfect circuits; None when the budget did not allow counting them."""
        return None if self._refused_counting else self.run.right(self.asked)

    @cached_property
    def _refused_counting(self) -> str | None:
        needed = self.space * max(1, self.inputs // MANY_INPUTS)
        refusal = refusal_of("counting the circuits", needed, min(self.budget, 2**62 - 1))
        if self.asked == "resample" and self.inputs > MANY_INPUTS:
            return refusal_of("running the circuits with resampled edges", self.space * self.inputs, self.budget)
        return refusal

    @cached_property
    def _refused_faithful(self) -> str | None:
        if self.perfect is None or (self.asked == "resample" and self.inputs > MANY_INPUTS):
            return None
        if self.inputs <= MANY_INPUTS:
            return refusal_of("counting the resample-faithful circuits", self.space * self.inputs, self.budget)
        needed = int(self.perfect.possible.sum()) * self.inputs**2
        return refusal_of("running the perfect circuits with resampled edges", needed, self.budget)

    @cached_property
    def faithful(self) -> Found | None:
        """The perfect circuits that stay right with edges resampled from any other input."""
        if self.perfect is None or self._refused_faithful:
            return None
        return self.perfect if self.asked == "resample" else self.perfect & self.run.right("resample")

    @cached_property
    def minimal(self) -> list[list[list[int]]] | None:
        """The perfect circuits with no perfect one inside, as lists of edges."""
        affordable = self.space * min(self.inputs, MANY_INPUTS) <= self.budget
        affordable |= self.asked == "resample" and self.inputs > MANY_INPUTS
        if self.perfect is None or not self.perfect.sure or not affordable:
            return None
        return self._minimal_of(self.perfect)

    @cached_property
    def faithful_minimal(self) -> list[list[list[int]]] | None:
        """The resample-faithful circuits with no resample-faithful one inside."""
        if self.faithful is None or not self.faithful.sure:
            return None
        return self._minimal_of(self.faithful)

    def _minimal_of(self, found: Found) -> list[list[list[int]]]:
        sets = [plain_circuits.edges(self.run.circuits[k]) for k in np.flatnonzero(found.certain).tolist()]
        return [[list(edge) for edge in one] for one in ordered(plain_circuits.minimal_first(sets))]

    @property
    def simplest(self) -> list[list[int]] | None:
        """The first of the minimal circuits by the strictest criterion that any passes."""
        return next(iter(self.faithful_minimal or self.minimal or ()), None)

    @cached_property
    def left(self) -> list[list[list[int]]]:
        """The circuits left by the strictest criterion that any passes."""
        return self.faithful_minimal or self.minimal or []

    @property
    def refused(self) -> tuple[Any, ...]:
        """What the budget did not allow."""
        if self._refused_counting:
            alone = self.asked == "resample" and self.inputs > MANY_INPUTS
            return (self._refused_counting if alone else f"{self._refused_counting}; estimated instead",)
        return (self._refused_faithful,) if self._refused_faithful else ()

    @property
    def ties(self) -> tuple[str, ...]:
        """What depends on rounding."""
        parts = [(self.perfect, "perfect"), (None if self.asked == "resample" and self.inputs > MANY_INPUTS else
                                             self.faithful, "resample-faithful")]  # fmt: skip
        told = [tied(found, kind) for found, kind in parts if found is not None and not found.sure]
        return (*self._own_ties, *told)

    @property
    def _own_ties(self) -> tuple[str, ...]:
        """Where the whole network lies on its boundary, if that is not told by the number of perfect circuits."""
        alone = self.asked == "resample" and self.inputs > MANY_INPUTS
        if alone or self.perfect is None or not self.perfect.sure:
            return ()
        behavior, network = self.run.behavior, self.run.network
        outputs = plain.run(network, behavior.points)[-1]
        sure, _, perhaps = decided_as(outputs, np.asarray(behavior.wanted), behavior.decision, network.threshold)
        names = [behavior.name_of(row) for row in np.flatnonzero(sure != perhaps).tolist()]
        more = f" and at {len(names) - MOST_NAMED:,} more inputs" if len(names) > MOST_NAMED else ""
        said = f"the network's own output lies on the decision boundary at {' '.join(names[:MOST_NAMED])}{more}"
        return (said,) if names else ()

    def counts(self, said: dict[str, Any]) -> dict[str, Any]:
        """The counts by their names; what an estimate or a count of robust circuits says is held to samples."""
        found: dict[str, Any] = {"circuits_in_space": self.space}
        perfect = self.perfect
        if perfect is None:
            found["perfect_circuits"] = None
            if "perfect_circuits_estimated" in said:
                found["perfect_circuits_estimated"] = self._estimate(said["perfect_circuits_estimated"])
        elif perfect.sure:
            found["perfect_circuits"] = int(perfect.certain.sum())
        else:
            found["perfect_circuits_between"] = [int(perfect.certain.sum()), int(perfect.possible.sum())]
        for key in ("robust_circuits", "robust_circuits_between"):
            if key in said and self.radius is not None:
                found[key] = self._robust(perfect)
        found["minimal_circuits"] = None if self.minimal is None else len(self.minimal)
        found["fewest_edges"] = None if perfect is None else self._fewest(perfect)
        return found

    def survivors(self, rungs: Sequence[str]) -> dict[str, Any]:
        """How many pass each rung that the ladder has."""
        found: dict[str, Any] = {}
        for rung in rungs:
            if rung == "perfect":
                found[rung] = sure_number(self.perfect)
            elif rung == "resample_faithful":
                found[rung] = sure_number(self.faithful)
            elif rung == "resample_faithful_minimal":
                found[rung] = None if self.faithful_minimal is None else len(self.faithful_minimal)
            elif rung == "resample_faithful_fewest_edges":
                found[rung] = None
                if self.faithful is not None and self.faithful.sure:
                    sizes = self.run.edges[self.faithful.certain]
                    found[rung] = int((sizes == sizes.min()).sum()) if len(sizes) else 0
            elif rung == "robust" and self.radius is not None:
                small = [c for c in self.faithful_minimal or [] if len(c) == len((self.faithful_minimal or [[]])[0])]
                found[rung] = self._robust_among([as_plain(self.run.network, c) for c in small])
        return found

    def details(self) -> dict[str, Any]:
        """By size, the minimal ones, usage, and the counts by ablation."""
        return {
            "perfect_by_edges": self._by_edges(self.perfect),
            "resample_faithful_by_edges": self._by_edges(self.faithful),
            "minimal": listed(self.minimal),
            "resample_faithful_minimal": listed(self.faithful_minimal),
            "usage": None if self.minimal is None else self._usage(),
            "by_ablation": self._by_ablation(),
        }

    def verdict(self, rungs: Sequence[str], more_ties: Sequence[str] = ()) -> dict[str, Any]:
        """The verdict that follows."""
        partial = "; ".join([*self.refused, *self.ties, *more_ties])
        return verdict_of(self.survivors(rungs), f"all {self.space:,} circuits", partial)

    def _by_edges(self, found: Found | None) -> dict[str, int] | None:
        if found is None:
            return None
        sizes, numbers = np.unique(self.run.edges[found.certain], return_counts=True)
        return {str(size): int(number) for size, number in zip(sizes, numbers, strict=True)}

    def _fewest(self, found: Found) -> int | None:
        sizes = [self.run.edges[which] for which in (found.certain, found.possible)]
        smallest = [int(s.min()) if len(s) else None for s in sizes]
        return smallest[0] if smallest[0] == smallest[1] else None

    def _usage(self) -> dict[str, Any]:
        assert self.perfect is not None
        network = self.run.network
        chosen = [self.run.circuits[k] for k in np.flatnonzero(self.perfect.certain).tolist()]
        edges = [(layer, int(j), int(i)) for layer, w in enumerate(network.weights, 1) for j, i in np.argwhere(w != 0)]
        neurons = [(layer, j) for layer in range(1, network.depth) for j in range(network.widths[layer])]
        by_edge = [sum(i in c[layer - 1][j] for c in chosen) for layer, j, i in edges]
        by_neuron = [sum(bool(c[layer - 1][j]) for c in chosen) for layer, j in neurons]

        def rows(items, numbers) -> list[dict[str, Any]]:
            roles = ["never" if n == 0 else "core" if n == len(chosen) else "contingent" for n in numbers]
            return [
                {"item": list(item), "circuits": n, "role": role}
                for item, n, role in zip(items, numbers, roles, strict=True)
            ]

        return {"circuits": len(chosen), "edges": rows(edges, by_edge), "neurons": rows(neurons, by_neuron)}

    def _by_ablation(self) -> dict[str, Any]:
        found: dict[str, Any] = dict.fromkeys(("zero", "mean", "resample"))
        found[self.asked] = number_or_between(self.perfect)
        needed = self.space * max(1, self.inputs // MANY_INPUTS)
        if refusal_of("", needed, min(self.budget, 2**62 - 1)):
            return found
        for kind in found:
            if kind == self.asked:
                continue
            if kind == "resample" and self.space * self.inputs > self.budget:
                continue
            found[kind] = number_or_between(self.run.right(kind)) if self.run.affordable(kind) else Open(TOO_MANY)
        return found

    def _estimate(self, said: dict[str, Any]) -> dict[str, Any]:
        return estimate_again(self.run.network, self.run.behavior, self.asked, said, self.budget)

    def _robust(self, perfect: Found | None) -> Holds:
        chosen = [] if perfect is None else [self.run.circuits[k] for k in np.flatnonzero(perfect.certain).tolist()]
        return self._robust_among(chosen)

    def _robust_among(self, chosen: Sequence[PlainCircuit]) -> Holds:
        """At most those are robust that are right at random points of every box."""
        most = 0
        if chosen and self.radius is not None:
            behavior, rng = self.run.behavior, np.random.default_rng(0)
            right = np.ones(len(chosen), bool)
            for point, wanted in zip(behavior.points, np.asarray(behavior.wanted), strict=True):
                steps = rng.uniform(-1, 1, (POINTS_PER_BOX, len(point)))
                signs = np.array(list(itertools.islice(itertools.product((-1, 0, 1), repeat=len(point)), 3**6)))
                around = point + self.radius * np.concatenate([steps, signs])
                outputs, _ = plain.run_many(self.run.network, around, chosen)
                _, good, _ = decided_as(outputs, wanted[None], behavior.decision, self.run.network.threshold)
                right &= good.all(axis=1)
            most = int(right.sum())

        def at_most(n: Any) -> bool:
            ends = n if isinstance(n, list) else [n, n]
            return n is None or (all(type(end) is int for end in ends) and 0 <= ends[0] <= ends[-1] and ends[0] <= most)

        return Holds(at_most, f"at most {most:,}", "held to what random points of the boxes refute")


def sure_number(found: Found | None) -> int | None:
    """How many there are, when none lies on the boundary."""
    return int(found.certain.sum()) if found is not None and found.sure else None


def number_or_between(found: Found | None) -> int | list[int] | None:
    """How many there are, or between which two numbers."""
    if found is None:
        return None
    low, high = int(found.certain.sum()), int(found.possible.sum())
    return low if low == high else [low, high]


def tied(found: Found, kind: str) -> str:
    """Why a number depends on rounding, in the words of audits."""
    low, high = int(found.certain.sum()), int(found.possible.sum())
    return f"some circuits lie on the decision boundary: there are between {low:,} and {high:,} {kind} ones"


def listed(items: Sequence[Any] | None) -> dict[str, Any] | None:
    """As lists stand in audit.json: how many there are, and the first of them."""
    return None if items is None else {"number": len(items), "listed": list(items[:LISTED])}


def ordered(sets: Sequence[Any]) -> list[list[tuple[int, int, int]]]:
    """Circuits by their edges, fewest edges first; of equally many, those that lack the first edge first."""
    return sorted((sorted(one) for one in sets), key=lambda one: (len(one), [(-a, -b, -c) for a, b, c in one]))


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


def all_circuits_run(network: Network, behavior: Behavior, ablation: str) -> RunCircuits | None:
    """All circuits, when they are few enough to be run one by one."""
    if circuits_in_space(network.graph) > MOST_CIRCUITS:
        return None
    run = RunCircuits(network, behavior, list(plain_circuits.all_circuits(network.weights)))
    return run if run.affordable(ablation) and run.affordable("zero") else None


# Where the space is too large: what the numbers say of each other, and samples.


def check_large(
    part: dict[str, Any], network: Network, behavior: Behavior, ablation: str, seed: int
) -> Iterator[Check]:
    """The circuits of a space that is too large to be run: drawn ones, those that are listed, and what the numbers say
    of each other."""
    counts, ladder = part["counts"], part["ladder"]["circuits"]
    details = part.get("details", part)["circuits"]
    space = circuits_in_space(network.graph)
    yield Check("circuits_in_space", "layer by layer", counts["circuits_in_space"], space)
    stated = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
    runs = len(behavior.points) ** (2 if ablation == "resample" else 1)
    circuits = drawn(network, max(20, min(DRAWN, MOST_RUNS // runs)), np.random.default_rng(seed))
    by_ablation = details.get("by_ablation") or {}
    for kind, number in {ablation: stated, **by_ablation}.items():
        if number is None or (kind == "resample" and runs > MOST_RUNS):
            continue
        found = RunCircuits(network, behavior, circuits).right(kind)
        name = "perfect_circuits" if number is stated and kind == ablation else f"circuits.by_ablation.{kind}"
        yield _share(name, len(circuits), int(found.decided.sum()), space, number)
    estimate = counts.get("perfect_circuits_estimated")
    if estimate:
        again = estimate_again(network, behavior, ablation, estimate, part["options"]["budget"])
        yield compared("perfect_circuits_estimated", "the same circuits drawn again and run", estimate, again)
    yield from _within(counts, network, behavior, circuits, ablation)
    yield from sums(network, counts, ladder, details, ablation)
    yield from listed_run(network, behavior, details, ablation)


def _within(counts, network: Network, behavior: Behavior, circuits, ablation: str) -> Iterator[Check]:
    """The interpretations of some perfect circuits: each within the stated range."""
    least, most = (counts.get(f"interpretations_per_circuit_{end}") for end in ("min", "max"))
    widest = max(max(1, len(behavior.points) - 1) ** width for width in network.widths[:-1])
    if least is None or most is None or ablation != "zero" or widest > MOST_STATES:
        return
    right = np.flatnonzero(RunCircuits(network, behavior, circuits).right(ablation).decided)[:MOST_READ].tolist()
    ways = [
        plain_interpretations.count_readings(network, behavior.points, circuits[k], behavior.decision)[0] for k in right
    ]
    if ways:
        scope = f"all readings of {len(ways)} circuits: within {least:,} and {most:,}"
        yield Check("interpretations per circuit", scope, len(ways), sum(least <= n <= most for n in ways))


def sums(network: Network, counts, ladder, details, ablation) -> Iterator[Check]:
    """What the numbers of a large space say of each other."""
    scope = "sums"
    between = counts.get("perfect_circuits_between")
    stated = counts.get("perfect_circuits", between and between[0])
    yield Check("circuits.perfect", scope, ladder["perfect"], counts.get("perfect_circuits"))
    by_edges, usage = details["perfect_by_edges"], details["usage"]
    whole = counts.get("perfect_circuits", between)
    yield Check("circuits.by_ablation", scope, (details.get("by_ablation") or {}).get(ablation, whole), whole)
    yield Check("perfect_by_edges", scope, None if by_edges is None else sum(by_edges.values()), stated)
    if by_edges is not None:
        yield Check("perfect_by_edges keys", scope, list(by_edges), [str(k) for k in sorted(map(int, by_edges))])
        yield Check("fewest_edges", scope, counts["fewest_edges"], min(map(int, by_edges), default=None))
    faithful = details["resample_faithful_by_edges"]
    if faithful is None:
        rungs = ("resample_faithful", "resample_faithful_fewest_edges")
        yield Check("resample_faithful", scope, [ladder[rung] for rung in rungs], [None, None])
    else:
        left = ladder["resample_faithful"]
        yield Check("resample_faithful_by_edges", scope, left, sum(faithful.values()) if left is not None else None)
        fewest = faithful[min(faithful, key=int)] if faithful else 0
        yield Check("resample_faithful_fewest_edges", scope, ladder["resample_faithful_fewest_edges"], fewest)
    for key, number in (
        ("minimal", counts["minimal_circuits"]),
        ("resample_faithful_minimal", ladder["resample_faithful_minimal"]),
    ):
        some = details[key]
        yield Check(f"{key} number", scope, number, some and some["number"])
        if some is not None:
            edges = [[tuple(edge) for edge in one] for one in some["listed"]]
            yield Check(f"{key} listed", scope, len(edges), min(LISTED, some["number"]))
            yield Check(f"{key} order", "as listed", True, edges == ordered(edges))
    if usage is not None and by_edges is not None:
        total = sum(int(size) * number for size, number in by_edges.items())
        yield Check("usage", scope, usage["circuits"], stated)
        edges = [[at, int(j), int(i)] for at, w in enumerate(network.weights, 1) for j, i in np.argwhere(w != 0)]
        neurons = [[at, j] for at in range(1, network.depth) for j in range(network.widths[at])]
        for key, items in (("edges", edges), ("neurons", neurons)):
            yield Check(f"usage.{key} items", "of the network", [row["item"] for row in usage[key]], items)
        yield Check("usage.edges", scope, sum(row["circuits"] for row in usage["edges"]), total)
        roles = [
            "never" if row["circuits"] == 0 else "core" if row["circuits"] == usage["circuits"] else "contingent"
            for row in usage["edges"] + usage["neurons"]
        ]
        yield Check("usage roles", "by the numbers", [row["role"] for row in usage["edges"] + usage["neurons"]], roles)


def listed_run(network: Network, behavior: Behavior, details: dict[str, Any], ablation: str) -> Iterator[Check]:
    """The minimal circuits that are listed: right, and nothing smaller inside is."""
    for key, ablations in (("minimal", (ablation,)), ("resample_faithful_minimal", (ablation, "resample"))):
        circuits = (details.get(key) or {}).get("listed", [])
        runs = len(behavior.points) ** len(set(ablations))
        some = circuits[: max(1, min(MOST_LISTED, MOST_RUNS // (20 * runs)))]
        if not some:
            continue
        good = sum(_is_minimal(network, behavior, edges, ablations) for edges in some)
        ranks = [_rank(network, edges) for edges in circuits]
        yield Check(
            f"order of the {key.replace('_', ' ')} circuits", "fewest edges first, each once", True,
            all(one < other for one, other in itertools.pairwise(ranks)),
        )  # fmt: skip
        scope = f"{len(some):,} of {len(circuits):,} listed, run with what lies inside"
        yield Check(f"listed {key.replace('_', ' ')} circuits", scope, len(some), good)


def _rank(network: Network, edges: Sequence) -> tuple[int, int]:
    """What circuits are ordered by: their number of edges, then the edges as bits, the first one highest."""
    every = [
        (layer, j, i) for layer, w in enumerate(network.weights, start=1) for j, row in enumerate(w)
        for i, weight in enumerate(row) if weight != 0
    ]  # fmt: skip
    chosen = set(map(tuple, edges))
    return len(edges), int("".join(str(int(edge in chosen)) for edge in every), 2)


def _is_minimal(network: Network, behavior: Behavior, edges: Sequence, ablations: tuple[str, ...]) -> bool:
    """Whether a circuit is right and nothing smaller inside is: of a small circuit every set of edges is tried, of a
    large one those an edge or two smaller."""
    edges = sorted(map(tuple, edges))
    affordable = (2 ** len(edges)) * len(behavior.points) <= MOST_RUNS // 20
    fewest = 0 if len(edges) <= MOST_EDGES and affordable else len(edges) - 1
    tried = [edges] + [
        list(chosen)
        for size in range(fewest, len(edges))
        if comb(len(edges), size)
        for chosen in itertools.combinations(edges, size)
        if is_circuit(network, chosen)
    ]
    run = RunCircuits(network, behavior, [as_plain(network, one) for one in tried])
    right = np.logical_and.reduce([run.right(ablation).decided for ablation in dict.fromkeys(ablations)])
    return bool(is_circuit(network, edges) and right[0] and not right[1:].any())


def is_circuit(network: Network, edges: Sequence[Sequence[int]]) -> bool:
    """Whether every hidden neuron has edges in and out or none, and every output one in, all of the network."""
    into, out = {(layer, j) for layer, j, _ in edges}, {(layer - 1, i) for layer, _, i in edges}
    last = network.depth
    hidden = [(layer, j) for layer in range(1, last) for j in range(network.widths[layer])]
    inside = all(
        1 <= layer <= last and 0 <= j < network.widths[layer] and 0 <= i < network.widths[layer - 1]
        for layer, j, i in edges
    ) and all(network.weights[layer - 1][j, i] != 0 for layer, j, i in edges)
    return (
        inside
        and all((one in into) == (one in out) for one in hidden)
        and all((last, o) in into for o in range(network.widths[-1]))
    )


def as_plain(network: Network, edges: Sequence[Sequence[int]]) -> PlainCircuit:
    """A circuit given by its edges as the plain methods take it."""
    return tuple(
        tuple(tuple(sorted(i for at, to, i in edges if at == layer and to == j)) for j in range(network.widths[layer]))
        for layer in range(1, network.depth + 1)
    )


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


def _share(what: str, number: int, right: int, space: int, stated: Any) -> Check:
    from scipy.stats import binomtest

    share = binomtest(right, number).proportion_ci(SURE, "exact")
    low, high = space * float(share.low), space * float(share.high)
    ends = stated if isinstance(stated, list) else [stated, stated]
    scope = f"{number:,} circuits drawn and run: between {low:.4g} and {high:.4g}"
    return Check(what, scope, True, bool(low <= ends[1] and ends[0] <= high and 0 <= ends[0] <= ends[1] <= space))
