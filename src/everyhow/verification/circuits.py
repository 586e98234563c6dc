"""The circuits of a stored audit, where all of the space are few enough to be run one by one."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..auditing.schema import HEREDITARY
from . import plain, plain_circuits
from .circuit_runs import Found, PlainCircuit, RunCircuits, as_plain, decided_as, estimate_again
from .comparing import Holds, Open
from .judging import refusal_of, verdict_of
from .naming import listed
from .reasons import still_open

# With more inputs, circuits are run with resampled edges instead of counted.
MANY_INPUTS = 64
# Inputs at which the network lies on its boundary that are named.
MOST_NAMED = 8
# Circuits of graphs of more edges are not asked whether what is added spoils them.
MOST_EDGES = 22
# Points drawn from each box that a robust circuit must decide right on.
POINTS_PER_BOX = 200
# What a box of a circuit is taken to cost.
STEPS_PER_BOX = 1_000
TOO_MANY = "more circuits than are run one by one"


@dataclass(frozen=True, eq=False)
class CircuitsAgain:
    """Everything that an audit says of circuits, found again by running all of them.

    Attributes:
        run: all circuits, run.
        asked: the kind of ablation that was asked for.
        radius: half the side of the boxes on which robust circuits are right; None when that was not asked.
        budget: of the audit; what exceeds it was not counted.
        version: the schema of audit.json, which decides what is counted.
    """

    run: RunCircuits
    asked: str
    radius: float | None
    budget: int
    version: int

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
    def _refused_boxes(self) -> str | None:
        if self.perfect is None or self.radius is None:
            return None
        needed = int(self.perfect.possible.sum()) * self.inputs * STEPS_PER_BOX
        return refusal_of("deciding which circuits are right on whole boxes", needed, self.budget)

    @cached_property
    def faithful(self) -> Found | None:
        """The perfect circuits that stay right with edges resampled from any other input."""
        if self.perfect is None or self._refused_faithful:
            return None
        return self.perfect if self.asked == "resample" else self.perfect & self.run.right("resample")

    @cached_property
    def hereditary(self) -> np.ndarray | None:
        """Which circuits are perfect with every larger one; None where that is not asked."""
        known = all(found is not None and found.sure for found in (self.perfect, self.faithful))
        small = sum(int((w != 0).sum()) for w in self.run.network.weights) <= MOST_EDGES
        if self.perfect is None or not (known and small and self.inputs <= MANY_INPUTS and self.version >= HEREDITARY):
            return None
        return plain_circuits.hereditary(self.run.circuits, self.perfect.certain)

    @cached_property
    def minimal(self) -> list[list[list[int]]] | None:
        """The perfect circuits with no perfect one inside, as lists of edges."""
        affordable = self.space * min(self.inputs, MANY_INPUTS) <= self.budget
        affordable |= self.asked == "resample" and self.inputs > MANY_INPUTS
        if self.perfect is None or not self.perfect.sure or not affordable:
            return None
        return self._minimal_of(self.perfect.certain)

    @cached_property
    def faithful_minimal(self) -> list[list[list[int]]] | None:
        """The resample-faithful circuits with no resample-faithful one inside."""
        if self.faithful is None or not self.faithful.sure:
            return None
        return self._minimal_of(self.faithful.certain)

    def _minimal_of(self, which: np.ndarray) -> list[list[list[int]]]:
        sets = [plain_circuits.edges(self.run.circuits[k]) for k in np.flatnonzero(which).tolist()]
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
        return tuple(reason for reason in (self._refused_faithful, self._refused_boxes) if reason)

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
            if key in said and self.radius is not None and not self._refused_boxes:
                found[key] = self._robust(perfect)
        found["minimal_circuits"] = None if self.minimal is None else len(self.minimal)
        found["fewest_edges"] = None if perfect is None else self._fewest(perfect)
        if self.hereditary is not None:
            found["hereditary_circuits"] = int(self.hereditary.sum())
            found["minimal_hereditary_circuits"] = len(self._minimal_of(self.hereditary))
        return found

    def survivors(self, rungs: Sequence[str]) -> dict[str, Any]:
        """How many pass each rung that the ladder has; the one beside them stands there where it is asked."""
        found: dict[str, Any] = {}
        for rung in rungs:
            if rung == "perfect":
                found[rung] = sure_number(self.perfect)
            elif rung == "resample_faithful":
                found[rung] = sure_number(self.faithful)
                if self.hereditary is not None and self.faithful is not None:
                    found["hereditary"] = int((self.hereditary & self.faithful.certain).sum())
            elif rung == "resample_faithful_minimal":
                found[rung] = None if self.faithful_minimal is None else len(self.faithful_minimal)
            elif rung == "resample_faithful_fewest_edges":
                found[rung] = None
                if self.faithful is not None and self.faithful.sure:
                    sizes = self.run.edges[self.faithful.certain]
                    found[rung] = int((sizes == sizes.min()).sum()) if len(sizes) else 0
            elif rung == "robust" and self._refused_boxes:
                found[rung] = None
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

    def verdict(self, rungs: Sequence[str], said: Sequence[Any]) -> dict[str, Any]:
        """The verdict that follows; what is `said` to be left open of robust circuits is not looked into."""
        partial = "; ".join([*self.refused, *self.ties, *still_open(said)])
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


def ordered(sets: Sequence[Any]) -> list[list[tuple[int, int, int]]]:
    """Circuits by their edges, fewest edges first; of equally many, those that lack the first edge first."""
    return sorted((sorted(one) for one in sets), key=lambda one: (len(one), [(-a, -b, -c) for a, b, c in one]))
