"""What two networks have in common, kind by kind: algorithms, their places, and circuits."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from ..boolean.algorithms import Algorithm
from ..circuit.minimal import in_order
from ..common.budget import Budget
from ..common.notes import NO_NOTES, Notes
from ..mapping.findings import RUNGS, MappingFindings, complexity, simplicity
from ..mapping.mapping import Mapping as Placed
from ..model.circuit import Bits, Circuit, bits_of, chosen_of, gathered
from ..model.criterion import Criterion, perfect, resample_faithful
from ..model.graph import Edge, Graph, Node
from ..model.model import CircuitCount
from .matching import Key, Kind, Matching, refined
from .side import Side

T = TypeVar("T", Algorithm, Placed, Circuit)
# So many circuits, or mappings, of one network are set beside those of another.
MOST_LISTED = 1_000_000
# Of the circuits that only one network has, so many are kept, fewest edges first.
MOST_KEPT = 100
CIRCUIT_KINDS = (
    "perfect", "resample_faithful", "minimal", "resample_faithful_minimal", "resample_faithful_fewest_edges"
)  # fmt: skip


@dataclass(frozen=True)
class Shared(Generic[T]):
    """The explanations of one kind that two networks have in common, and those that one of them has.

    Attributes:
        name: of the kind: a rung of the ladder, or a kind of circuits.
        both: how many both have; None where that was not found out.
        numbers: how many the first has in all, and the second.
        only_first: those that only the first has, simplest first; of many circuits the first ones.
        only_second: those that only the second has, as they are in it.
        in_both: those that both have, as the first has them.
    """

    name: str
    both: int | None
    numbers: tuple[int | None, int | None]
    only_first: tuple[T, ...] = ()
    only_second: tuple[T, ...] = ()
    in_both: tuple[T, ...] = ()

    @property
    def only(self) -> tuple[int | None, int | None]:
        """How many only the first has, and only the second."""
        if self.both is None:
            return None, None
        first, second = self.numbers
        return None if first is None else first - self.both, None if second is None else second - self.both

    @property
    def alike(self) -> bool | None:
        """Whether both have the same; None where that was not found out."""
        return None if self.both is None else self.only == (0, 0)

    def document(self) -> dict[str, Any]:
        """The numbers as plain values."""
        first, second = self.numbers
        return {"both": self.both, "only_first": self.only[0], "only_second": self.only[1], "first": first,
                "second": second}  # fmt: skip


def algorithms_by_rung(one: MappingFindings, other: MappingFindings) -> tuple[Shared[Algorithm], ...]:
    """Of each rung the algorithms that both networks have, wherever they sit, and those that one has."""
    return tuple(
        _shared(rung, _algorithms(one, rung), _algorithms(other, rung), simplicity) for rung in rungs_of(one, other)
    )


def mappings_by_rung(one: MappingFindings, other: MappingFindings, matching: Matching) -> tuple[Shared[Placed], ...]:
    """Of each rung the algorithms with their places that both networks have by a matching, and those that one has."""
    found = []
    for rung in rungs_of(one, other):
        first, second = mappings_of(one, rung), mappings_of(other, rung)
        if first is None or second is None:
            found.append(Shared(rung, None, (one.surviving_mappings[rung], other.surviving_mappings[rung])))
            continue
        moved = {matching.mapping(mapping): mapping for mapping in first}
        split = _shared(rung, moved, second, complexity)
        only, both = (tuple(map(moved.__getitem__, those)) for those in (split.only_first, split.in_both))
        found.append(Shared(rung, split.both, split.numbers, only, split.only_second, both))
    return tuple(found)


def rungs_of(one: MappingFindings, other: MappingFindings) -> tuple[str, ...]:
    """The rungs that were settled of both networks."""
    return tuple(rung for rung in RUNGS if None not in (one.surviving_mappings[rung], other.surviving_mappings[rung]))


def mappings_of(found: MappingFindings, rung: str) -> tuple[Placed, ...] | None:
    """The mappings that pass a rung; None where they are too many, or were not counted."""
    if rung != "single":
        return found.survivors.get(rung)
    if (found.surviving_mappings["single"] or MOST_LISTED + 1) > MOST_LISTED:
        return None if found.surviving_mappings["single"] != 0 else ()
    return tuple(found.placed)


def _algorithms(found: MappingFindings, rung: str) -> Iterable[Algorithm]:
    if rung == "single":
        return found.aligned or ()
    return (mapping.algorithm for mapping in found.survivors.get(rung, ()))


def _shared(name: str, first: Iterable[T], second: Iterable[T], key: Callable[[T], Any]) -> Shared[T]:
    one, other = set(first), set(second)
    parts = (tuple(sorted(those, key=key)) for those in (one - other, other - one, one & other))
    return Shared(name, len(one & other), (len(one), len(other)), *parts)


@dataclass(frozen=True, eq=False)
class Listed:
    """The circuits of one kind that two networks have.

    Attributes:
        name: of the kind.
        first: those of the first network, and `second` those of the second; None where they are not listed.
        numbers: how many there are; None where they were not counted.
        notes: why they are not listed.
    """

    name: str
    first: Bits | None
    second: Bits | None
    numbers: tuple[int | None, int | None]
    notes: Notes = NO_NOTES


def circuits_listed(one: Side, other: Side, budget: int) -> tuple[Listed, ...]:
    """The circuits of every kind, as far as they are listed."""
    found = []
    for name in CIRCUIT_KINDS:
        first, second = (_listing(side, name, Budget(budget)) for side in (one, other))
        refused = dict.fromkeys(reason for _, _, reason in (first, second) if reason)
        found.append(Listed(name, first[0], second[0], (first[1], second[1]), Notes(refused=tuple(refused))))
    return tuple(found)


def _listing(side: Side, name: str, budget: Budget) -> tuple[Bits | None, int | None, str]:
    """The circuits of a kind in one network, their number, and why they are not listed."""
    found, graph = side.circuits, side.network.graph
    known: Mapping[str, Sequence[Circuit] | None] = {
        "minimal": found.minimal, "resample_faithful_minimal": found.faithful_minimal,
        "resample_faithful_fewest_edges": None if found.faithful_minimal is None else found.smallest_faithful,
    }  # fmt: skip
    if name in known:
        circuits = known[name]
        return (None, None, "") if circuits is None else (_bits(graph, circuits), len(circuits), "")
    count: CircuitCount | None = {"perfect": found.perfect, "resample_faithful": found.faithful}[name]
    if count is None or not count.certified:
        return None, None, ""
    number = count.count.exact or 0
    if number > MOST_LISTED or not side.network.listable:
        return None, number, f"{number:,} {name.replace('_', '-')} circuits are too many to be set beside others"
    criterion = _criterion(side, name)
    search = side.network.search(criterion)
    refusal = search.refusal(f"listing the {name.replace('_', '-')} circuits", found.in_space, budget)
    if refusal is not None:
        return None, number, refusal
    return gathered(graph, search.possible_bits()), number, ""


def _criterion(side: Side, name: str) -> Criterion[Any]:
    made = perfect if name == "perfect" else resample_faithful
    return made(side.network, side.behavior)


def _bits(graph: Graph, circuits: Sequence[Circuit]) -> Bits:
    chosen = [circuit.chosen for circuit in circuits]
    return gathered(graph, [bits_of(np.array(chosen))] if chosen else [])


def kind_of_circuits(listed: Listed, one: Graph, other: Graph) -> Kind | None:
    """The circuits of one kind as rows of edges, over all edges that networks of these widths may have."""
    if listed.first is None or listed.second is None:
        return None
    complete = Graph.complete(one.sizes)
    keys = tuple(_key(edge, complete.last) for edge in complete.edges)
    first, second = _over(complete, one, listed.first), _over(complete, other, listed.second)
    tags = _counted(keys, first, second)
    return Kind(listed.name, keys, first, second, tags)


def _key(edge: Edge, last: int) -> Key:
    """An edge by the hidden neurons that it touches."""
    ends = (edge.child, edge.parent)
    fixed = tuple(None if 0 < node.stage < last else node for node in ends)
    return fixed, tuple(node for node in ends if 0 < node.stage < last)


def _over(complete: Graph, graph: Graph, bits: Bits) -> np.ndarray:
    """Which edges circuits have, of all that there may be."""
    chosen = chosen_of(graph, bits)
    found = np.zeros((len(chosen), len(complete.edges)), bool)
    found[:, [len(complete.edges) - 1 - complete.positions[edge] for edge in graph.edges]] = chosen
    return found


def _counted(keys: Sequence[Key], first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Circuits by what no permutation changes: how many edges they have from each input, to each output, and from each
    layer to the next."""
    groups: dict[object, list[int]] = {}
    for k, (fixed, nodes) in enumerate(keys):
        groups.setdefault((fixed, tuple(node.stage for node in nodes)), []).append(k)
    ids = np.zeros(len(first), np.int64), np.zeros(len(second), np.int64)
    for columns in groups.values():
        numbers = first[:, columns].sum(axis=1), second[:, columns].sum(axis=1)
        width = len(columns).bit_length()
        bits = tuple((number[:, None] >> np.arange(width)) & 1 for number in numbers)
        ids = refined(ids, bits)  # type: ignore[arg-type]
    return ids


def kind_of_mappings(rung: str, first: Sequence[Placed], second: Sequence[Placed], graph: Graph) -> Kind:
    """Mappings as rows of the neurons of each variable; their formulas are not changed by a permutation."""
    numbers: dict[Algorithm, int] = {}
    tags = tuple(np.array([numbers.setdefault(one.algorithm, len(numbers)) for one in those], np.int64)
                 for those in (first, second))  # fmt: skip
    most = max([len(one.sets) for one in (*first, *second)], default=0)
    keys: tuple[Key, ...] = tuple((k, (node,)) for k in range(most) for node in graph.inner)
    column = {key: k for k, key in enumerate(keys)}
    rows = []
    for those in (first, second):
        row = np.zeros((len(those), len(keys)), bool)
        for number, one in enumerate(those):
            for k, neurons in enumerate(one.sets):
                row[number, [column[k, (Node(neurons.layer, j),)] for j in neurons.neurons]] = True
        rows.append(row)
    return Kind(rung, keys, rows[0], rows[1], tags)  # type: ignore[arg-type]


def circuits_shared(listed: Listed, kind: Kind | None, matching: Matching, one: Graph, other: Graph) -> Shared[Circuit]:
    """The circuits of one kind that both networks have by a matching, and those that one has."""
    if kind is None or listed.first is None or listed.second is None:
        return Shared(listed.name, None, listed.numbers)
    ours, theirs = kind.common(matching)
    parts = ((one, listed.first[~ours]), (other, listed.second[~theirs]), (one, listed.first[ours]))
    return Shared(listed.name, int(ours.sum()), listed.numbers, *(_few(graph, bits) for graph, bits in parts))


def _few(graph: Graph, bits: Bits) -> tuple[Circuit, ...]:
    """The first circuits, fewest edges first."""
    sizes = chosen_of(graph, bits).sum(axis=1)
    return tuple(islice(in_order(graph, bits[np.argsort(sizes, kind="stable")[:MOST_KEPT]]), MOST_KEPT))
