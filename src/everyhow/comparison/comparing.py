"""Two networks beside each other: what they have in common, what only one of them has, and what shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ..boolean.algorithms import Algorithm
from ..common.arguments import checked_budget, choice
from ..common.budget import DEFAULT_BUDGET
from ..common.display import Displayed
from ..common.notes import Notes, added
from ..common.progress import Progress
from ..mapping.findings import MappingFindings
from ..mapping.mapping import Mapping
from ..model.circuit import Circuit
from .experiments import (
    Fallen,
    FallenCircuit,
    Interchanges,
    Shown,
    falls,
    falls_as_circuit,
    interchanges,
    whole_runs,
)
from .matching import Best, Kind, Matching, best_matching
from .shared import (
    CIRCUIT_KINDS,
    Listed,
    Shared,
    algorithms_by_rung,
    circuits_listed,
    circuits_shared,
    kind_of_circuits,
    kind_of_mappings,
    mappings_by_rung,
    mappings_of,
    rungs_of,
)
from .side import Asked, Part, Side, begun, explained, names_of
from .weights import Likeness, likeness
from .words import comparison_lines, comparison_paragraph

Match = Literal["best", "names"]
MATCHES: tuple[Match, ...] = ("best", "names")
# Going through an explanation once, for a pair of neurons, takes as long as so many candidate evaluations.
STEPS_PER_EXPLANATION = 100
# The strictest kind of circuits first.
STRICTEST = tuple(reversed(CIRCUIT_KINDS))


@dataclass(frozen=True, eq=False)
class OutputCompared:
    """One output of two networks.

    Attributes:
        name: of the output; empty where there is one.
        algorithms: of each rung, the formulas that both have, wherever they sit, and those that one has.
        mappings: of each rung, the formulas with their places, by the matching; empty where neurons are not matched.
        interchanges: those of groups of neurons, in both; None where neurons are not matched.
        whole: the first input at which the whole networks decide otherwise; None where they do not.
        fallen: the simplest explanation that only the first has, and the one that only the second has, at the strictest
            rung at which there is one.
    """

    name: str
    algorithms: tuple[Shared[Algorithm], ...]
    mappings: tuple[Shared[Mapping], ...]
    interchanges: Interchanges | None
    whole: Shown | None
    fallen: tuple[Fallen, ...]

    def document(self) -> dict[str, Any]:
        """The output as plain values."""
        found = self.interchanges
        return {
            "output": self.name or None,
            "algorithms": {one.name: _listed(one, str) for one in self.algorithms},
            "mappings": {one.name: _listed(one, _placed) for one in self.mappings},
            "interchanges": None if found is None else {
                "number": found.number, "alike": found.alike,
                "cheapest_that_differs": None if found.first is None else found.first.document(),
            },
            "whole_networks_differ": None if self.whole is None else self.whole.document(),
            "only_in_one": [
                {
                    "has_it": "first" if one.owner == 0 else "second", **one.mapping.document(), "passes": one.rung,
                    "falls_in_the_other_at": one.fell, "why": one.reason,
                    "experiment": None if one.shown is None else one.shown.document(),
                }
                for one in self.fallen
            ],
        }  # fmt: skip


def _listed(shared: Shared[Any], named: Callable[[Any], str]) -> dict[str, Any]:
    """Numbers, and the explanations themselves."""
    parts = {"in_both": shared.in_both, "in_first": shared.only_first, "in_second": shared.only_second}
    return shared.document() | {name: list(map(named, those)) for name, those in parts.items()}


def _placed(mapping: Mapping) -> str:
    return f"{mapping.title}: {mapping.named()}"


@dataclass(frozen=True, eq=False)
class Comparison(Displayed):
    """Two networks, and what they have in common.

    Attributes:
        sides: the first and the second, each with what explains it.
        likeness: how their weights correspond; None where they do not, or widths or activations differ.
        matching: which neuron of the second each of the first is; None where the widths differ.
        best: how the matching was found, where it was searched for among permutations.
        asked_to_match: `best`, or `names`.
        circuits: those of each kind that both have by the matching, and those that one has.
        fallen_circuits: the smallest circuit that only the first has, of the strictest kind of which there is one, and
            the one that only the second has.
        outputs: each output.
        notes: what was not found out, or not exactly.
    """

    sides: tuple[Side, Side]
    likeness: Likeness | None
    matching: Matching | None
    best: Best | None
    asked_to_match: Match
    circuits: tuple[Shared[Circuit], ...]
    fallen_circuits: tuple[FallenCircuit, ...]
    outputs: tuple[OutputCompared, ...]
    notes: Notes

    @property
    def names(self) -> tuple[str, str]:
        """What the first and the second are called."""
        return self.sides[0].name, self.sides[1].name

    @property
    def same_function(self) -> bool:
        """Whether both decide alike at every input."""
        return not any(self.differs_at)

    @property
    def differs_at(self) -> tuple[tuple[str, ...], ...]:
        """For each output, the inputs at which they decide otherwise."""
        one, other = self.sides
        called = one.behavior.name_of
        return tuple(
            tuple(called(k) for k in (mine != theirs).nonzero()[0].tolist())
            for mine, theirs in zip(one.decided.T, other.decided.T, strict=True)
        )

    @property
    def same_network(self) -> bool | None:
        """Whether they are one network, but for the order and the scale of neurons; None where that is not settled."""
        if self.likeness is not None and self.likeness.how == "not settled":
            return None
        return self.likeness is not None and self.likeness.how == "same"

    @cached_property
    def paragraph(self) -> str:
        """The answer, on one line."""
        return comparison_paragraph(self)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The answer, and the table below it."""
        return (self.paragraph, *comparison_lines(self))

    def summary(self) -> str:
        """The answer, a paragraph on one line."""
        return self.paragraph

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        function = "one function" if self.same_function else "different functions"
        return f"Comparison({' and '.join(self.names)}: {function})"

    def document(self) -> dict[str, Any]:
        """The comparison as plain values."""
        like, best = self.likeness, self.best
        return {
            "summary": self.paragraph,
            "first": _side_document(self.sides[0]),
            "second": _side_document(self.sides[1]),
            "same_function": self.same_function,
            "differs_at": [list(rows) for rows in self.differs_at],
            "same_network": self.same_network,
            "weights": None if like is None else {
                "how": like.how, "factors": [list(layer) for layer in like.factors],
                "largest_relative_difference": like.difference,
                "edges_lost": [self._owner_of(like).network.graph.name(edge) for edge in like.lost],
            },
            "matching": None if self.matching is None else [list(layer) for layer in self.matching.layers],
            "matched": None if best is None else {
                "permutations": best.permutations, "none_is_better": best.complete, "at_most_in_common": best.most,
            },
            "circuits": {one.name: one.document() for one in self.circuits},
            "circuits_only_in_one": [
                {
                    "has_it": "first" if one.owner == 0 else "second", "kind": one.kind,
                    "edges": [list(edge) for edge in one.circuit.edges], "edges_the_other_lacks": list(one.missing),
                    "why": None if one.fault is None else one.fault.whole,
                }
                for one in self.fallen_circuits
            ],
            "outputs": [one.document() for one in self.outputs],
            "left_out": list(self.notes.all),
        }  # fmt: skip

    def _owner_of(self, like: Likeness) -> Side:
        return self.sides[1] if like.how == "pruned the other way" else self.sides[0]


def _side_document(side: Side) -> dict[str, Any]:
    return {
        "name": side.name, "widths": list(side.network.widths), "activations": list(side.network.activations),
        "computes": list(side.computes), "computes_task": side.computes_task,
    }  # fmt: skip


def compare(
    one: Any,
    two: Any,
    task: Any = None,
    *,
    match: Match = "best",
    decision: str | None = None,
    depth: int | None = None,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
) -> Comparison:
    """What two networks have in common: their function, their weights but for order and scale, their algorithms, and
    their circuits, by the permutation of neurons that matches them best.

    Where the second is the first but for order and scale, or a pruned copy, its weights say which neuron is which.
    Otherwise it is the permutation, the best of all of them, by which the networks have the most perfect circuits in
    common; of those that tie, the most resample-faithful ones, then the most minimal ones, then mappings. Each network
    is explained by what it computes itself.

    Args:
        one: the first network, or what `audit` would import.
        two: the second.
        task: what they were meant to compute; a Behavior, or the path of one, for data; not said when not given.
        match: `best`, or `names`: every neuron is the one of its own name, as between checkpoints of one training.
        decision: `argmax` where two outputs stand for two classes.
        depth: the largest one of the algorithms; the number of weight layers when not given.
        budget: candidate evaluations allowed, for each network.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: something that is not a network of layers, networks of other inputs or outputs, or a task that does
            not fit them.

    Example:
        >>> import everyhow as eh
        >>> network = eh.Network([[[1, 1], [1, 1]], [[1, -2]]], [[0, -1], [0]], ["relu", "identity"], threshold=0.5)
        >>> other = eh.Network([[[2, 2], [1, 1]], [[-1, 1]]], [[-2, 0], [0]], ["relu", "identity"], threshold=0.5)
        >>> found = compare(network, other)
        >>> found.same_network, found.matching.layers, found.likeness.factors
        (True, ((1, 0),), ((1.0, 2.0),))
    """
    choice("match", match, MATCHES, "ways to match")
    asked = Asked(task, decision, depth, checked_budget(budget))
    return compare_named(list(zip(names_of([one, two]), (one, two), strict=True)), asked, match, progress)


def compare_named(
    networks: Sequence[tuple[str, Any]], asked: Asked, match: Match = "best", progress: bool = False
) -> Comparison:
    """Two networks beside each other, each with what it is called; see `compare`."""
    with Progress(progress).doing("comparing"):
        first, second = (explained(one, asked) for one in begun(networks, asked))
        return _compared((first, second), match, asked.budget)


def _compared(sides: tuple[Side, Side], match: Match, budget: int) -> Comparison:
    first, second = sides
    like, best, matching = None, None, None
    listed: tuple[Listed, ...] = ()
    kinds: dict[str, Kind] = {}
    if first.network.widths == second.network.widths:
        like = likeness(first.network, second.network)
        listed = circuits_listed(first, second, budget)
        graphs = first.network.graph, second.network.graph
        found = {one.name: kind_of_circuits(one, *graphs) for one in listed}
        kinds = {name: kind for name, kind in found.items() if kind is not None}
        if match == "names":
            matching = Matching.by_names(first.network.widths)
        elif like is not None and like.how != "not settled":
            matching = like.matching
        else:
            every = [*kinds.values(), *_kinds_of_mappings(sides)]
            best = best_matching(first.network.widths, every, budget // STEPS_PER_EXPLANATION)
            matching = best.matching
    outputs = tuple(_output(sides, k, matching, budget) for k in range(len(first.parts)))
    circuits = tuple(
        circuits_shared(one, kinds.get(one.name), matching, first.network.graph, second.network.graph)
        for one in listed
        if matching is not None
    )
    notes = added([*(side.notes.of(side.name) for side in sides), *(one.notes for one in listed)])
    if best is not None and not best.complete:
        said = "ruling out every other permutation takes more than the budget; a larger one goes further (--budget)"
        notes = notes.refusing(said)
    if like is not None and like.how == "not settled":
        notes += Notes(beyond=("whether they are one network in another order: too many neurons receive the same",))
    return Comparison(
        sides, like, matching, best, match, circuits, _fallen_circuits(sides, circuits, matching), outputs, notes
    )


def _kinds_of_mappings(sides: tuple[Side, Side]) -> list[Kind]:
    found = []
    for one, other in zip(sides[0].parts, sides[1].parts, strict=True):
        placed = _laddered(one, other)
        if placed is None:
            continue
        for rung in rungs_of(*placed):
            first, second = mappings_of(placed[0], rung), mappings_of(placed[1], rung)
            if first is not None and second is not None:
                found.append(kind_of_mappings(rung, first, second, one.network.graph))
    return found


def _laddered(one: Part, other: Part) -> tuple[MappingFindings, MappingFindings] | None:
    """The algorithms of two outputs; None where none were looked for."""
    first, second = one.findings.laddered, other.findings.laddered
    return None if first is None or second is None else (first, second)


def _output(sides: tuple[Side, Side], k: int, matching: Matching | None, budget: int) -> OutputCompared:
    one, other = (side.parts[k] for side in sides)
    placed = _laddered(one, other)
    name = one.name if len(sides[0].parts) > 1 else ""
    algorithms = () if placed is None else algorithms_by_rung(*placed)
    whole = whole_runs(*sides, k)
    if matching is None:
        return OutputCompared(name, algorithms, (), None, whole, ())
    mappings = () if placed is None else mappings_by_rung(*placed, matching)
    both = [part.findings.mappings and part.findings.mappings.signatures for part in (one, other)]
    swapped = None
    if both[0] is not None and both[1] is not None and len(both[0]):
        swapped = interchanges(one, other, (both[0], both[1]), matching)
    fallen: tuple[Fallen, ...] = ()
    if whole is None:
        fallen = tuple(
            falls(mapping, rung, owner, (one, other), matching, budget)
            for owner, rung, mapping in _only_in_one(mappings)
        )
    return OutputCompared(name, algorithms, mappings, swapped, whole, fallen)


def _only_in_one(mappings: Sequence[Shared[Mapping]]) -> list[tuple[int, str, Mapping]]:
    """The simplest explanation with variables that only the first has, and the one that only the second has, at the
    strictest rung at which there is one."""
    found = []
    for owner in (0, 1):
        for shared in reversed(mappings):
            those = (shared.only_first, shared.only_second)[owner]
            placed = [mapping for mapping in those if mapping.sets]
            if placed:
                found.append((owner, shared.name, placed[0]))
                break
    return found


def _fallen_circuits(
    sides: tuple[Side, Side], circuits: Sequence[Shared[Circuit]], matching: Matching | None
) -> tuple[FallenCircuit, ...]:
    if matching is None:
        return ()
    by_name = {one.name: one for one in circuits}
    found = []
    for owner in (0, 1):
        for name in STRICTEST:
            shared = by_name.get(name)
            those = () if shared is None else (shared.only_first, shared.only_second)[owner]
            if those:
                found.append(falls_as_circuit(those[0], name, owner, sides, matching))
                break
    return tuple(found)
