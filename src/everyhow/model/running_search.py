"""The circuits of any model that meet a criterion, found by running every one of them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.execution import IN_THREADS, Execution
from ..common.shapes import Bool, Float, Int
from .circuit import Bits, Circuit, bits_of, uses_every_input
from .criterion import Criterion
from .graph import Graph
from .listed import drawn_of_listed
from .model import MOST_EDGES, Chosen, CircuitCount, CircuitSearch, Model, by_edges

# Sets of edges of one batch; numbers that the runs of some circuits give, held at once.
SETS_AT_ONCE, VALUES_AT_ONCE = 1 << 14, 1 << 21
# One run of one circuit costs about as much as so many candidate evaluations of the kernels.
STEPS_PER_RUN = 10


@dataclass(frozen=True, eq=False)
class RunningSearch(CircuitSearch):
    """The circuits that meet `criterion`, of all or of those inside `outer`.

    Every set of edges is looked at, in the order of a number that counts up, of which the edge that stands first in the
    graph is the leading digit. Those that are circuits are run in every scenario, many at once, and what their outputs
    receive is held against the criterion's limits.

    Cost: 2^edges sets; each circuit among them is run once in every scenario.

    Example:
        >>> import everyhow as eh
        >>> from everyhow.model.criterion import perfect
        >>> criterion = perfect(eh.xornet(), eh.Behavior.of_task(eh.parse_task("XOR")))
        >>> RunningSearch(criterion).count().between
        (1, 1)
    """

    criterion: Criterion[Any]
    outer: Circuit | None = None

    @property
    def model(self) -> Model:
        """The model whose circuits are searched."""
        return self.criterion.model

    @property
    def inside(self) -> Bool[np.ndarray, " edges"]:
        """The edges of the graph that circuits may have."""
        return np.ones(len(self.model.graph.edges), bool) if self.outer is None else self.outer.chosen

    def count(self, execution: Execution = IN_THREADS, every_input_used: bool = False) -> CircuitCount:
        """How many meet the criterion, exactly, by number of edges."""
        edges = int(self.inside.sum())
        job = partial(_counted, self.criterion, self.inside, every_input_used)
        zero = np.zeros((2, len(self.model.graph.edges) + 1), np.int64)
        total = execution.total(job, blocks_of(edges), 1 << edges, zero, self._identity(every_input_used))
        return CircuitCount(*map(by_edges, total))

    def bits(self) -> Iterator[Bits]:
        """The bits of every circuit that meets the criterion as float64 arithmetic decides it."""
        for circuits in self._batches():
            yield bits_of(circuits[meeting(self.criterion, circuits)])

    def possible_bits(self) -> Iterator[Bits]:
        """The bits of every circuit that may meet the criterion."""
        for circuits in self._batches():
            yield bits_of(circuits[settled(self.criterion, circuits)[1]])

    def _batches(self) -> Iterator[Chosen]:
        for sets in blocks_of(int(self.inside.sum())):
            yield circuits_in(self.model.graph, self.inside, sets)

    def circuit(self, bits: int) -> Circuit:
        """The circuit that some bits stand for."""
        return Circuit(self.model.graph, bits)

    def sample(self, size: int, seed: int = 0) -> tuple[Circuit, ...]:
        """`size` circuits that meet the criterion, independently and uniformly with replacement."""
        return drawn_of_listed(self, size, seed)

    def _identity(self, every_input_used: bool) -> str:
        """What is counted, as a digest: the same count has the same, on every machine."""
        asked = self.criterion
        said = (self.model.document(), self.inside.tolist(), every_input_used, asked.allowed, SETS_AT_ONCE)
        digest = hashlib.sha256(repr(said).encode())
        for array in (asked.bases, asked.source, asked.weights, asked.limits(0.0), *asked.ablated):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def blocks_of(edges: int) -> Iterator[range]:
    """The sets of so many edges as numbers, in batches.

    Raises:
        InputError: the sets are more than 2^63.
    """
    if edges > MOST_EDGES:
        raise InputError(f"circuits are gone through one by one for at most {MOST_EDGES} edges; there are {edges}")
    return (range(start, min(start + SETS_AT_ONCE, 1 << edges)) for start in range(0, 1 << edges, SETS_AT_ONCE))


def circuits_in(graph: Graph, inside: Bool[np.ndarray, " edges"], sets: range) -> Chosen:
    """The circuits among some sets of the edges inside; the sets are given as numbers."""
    numbers = np.arange(sets.start, sets.stop, dtype=np.uint64)
    digits = np.arange(inside.sum(), dtype=np.uint64)[::-1]
    chosen = np.zeros((len(numbers), len(inside)), bool)
    chosen[:, inside] = (numbers[:, None] >> digits & np.uint64(1)).astype(bool)
    return chosen[are_circuits(graph, chosen)]


def are_circuits(graph: Graph, chosen: Chosen) -> Bool[np.ndarray, " sets"]:
    """Which sets of edges are circuits: every inner node that is touched has an edge in and an edge out, and every
    output an edge in. Any set of nodes is one, where circuits are such sets."""
    if graph.of_nodes:
        return np.ones(len(chosen), bool)
    ends = np.zeros((2, len(graph.edges), len(graph.nodes)), bool)
    for k, edge in enumerate(graph.edges):
        ends[0, k, graph.nodes.index(edge.child)] = ends[1, k, graph.nodes.index(edge.parent)] = True
    held = [np.array([node in some for node in graph.nodes]) for some in graph.held_ends]
    into, out_of = (chosen @ end | always for end, always in zip(ends, held, strict=True))
    stages = np.array([node.stage for node in graph.nodes])
    inner, outputs = (stages > 0) & (stages < graph.last), stages == graph.last
    return np.all((into == out_of)[:, inner], axis=1) & np.all(into[:, outputs], axis=1)


def meeting(criterion: Criterion[Any], circuits: Chosen) -> Bool[np.ndarray, " circuits"]:
    """Which circuits meet a criterion, as float64 arithmetic happens to decide ties."""
    wrong, _ = weights_of_wrong(criterion, criterion.limits_as_decided(), circuits)
    return np.all(wrong <= criterion.allowed, axis=1)


def settled(
    criterion: Criterion[Any], circuits: Chosen
) -> tuple[Bool[np.ndarray, " circuits"], Bool[np.ndarray, " circuits"]]:
    """Which circuits certainly and which possibly meet a criterion: by a bound of rounding for all of them together,
    and, where that leaves one open, by one of its own."""
    parts = weights_of_wrong(criterion, criterion.certified_limits, circuits)
    certain, possible = (np.all(wrong <= criterion.allowed, axis=1) for wrong in parts)
    if not criterion.is_beyond_rounding:
        steps = bool(criterion.rounding.steps)
        opened = np.ones(len(circuits), bool) if steps else certain != possible
        certain[opened], possible[opened] = criterion.model.judged([criterion], circuits[opened])
    return certain, possible


def judged(
    criteria: Iterable[Criterion[Any]], circuits: Chosen
) -> tuple[Bool[np.ndarray, " circuits"], Bool[np.ndarray, " circuits"]]:
    """Which circuits certainly and which possibly meet a criterion that comes in batches of scenarios of one part:
    those that meet it when the decision boundary moves by 1e-9 against and for them.

    Cost: one run per circuit and scenario; a circuit is dropped at the batch at which it is wrong too often.
    """
    wrong, left, allowed = np.zeros((2, len(circuits))), np.arange(len(circuits)), 0.0
    for criterion in criteria:
        allowed = criterion.allowed
        parts = weights_of_wrong(criterion, criterion.shifted_limits, circuits[left])
        wrong[:, left] += [part.max(axis=1, initial=0.0) for part in parts]
        left = left[wrong[1, left] <= allowed]
    return wrong[0] <= allowed, wrong[1] <= allowed


def weights_of_wrong(
    criterion: Criterion[Any], limits: Float[np.ndarray, "boxes ends dimensions"], circuits: Chosen
) -> tuple[Float[np.ndarray, "circuits parts"], Float[np.ndarray, "circuits parts"]]:
    """The weight of the scenarios of each part in which each circuit is wrong, by both boxes of limits. What is not a
    number is outside the first and inside the second."""
    size = criterion.contrasts[0].size * len(criterion.base) * max(criterion.model.graph.numbers)
    at_once = max(1, VALUES_AT_ONCE // max(1, size))
    starts = np.flatnonzero(criterion.opens)
    batches = [circuits[k : k + at_once] for k in range(0, len(circuits), at_once)] or [circuits]
    found = [_wrong(criterion, limits, batch) for batch in batches]
    first, second = (np.concatenate(box) for box in zip(*found, strict=True))
    return tuple(np.add.reduceat(box * criterion.weights, starts, axis=1) for box in (first, second))  # type: ignore


def _wrong(
    criterion: Criterion[Any], limits: np.ndarray, circuits: Chosen
) -> tuple[Bool[np.ndarray, "circuits scenarios"], Bool[np.ndarray, "circuits scenarios"]]:
    received = criterion.model.run_circuits(circuits, criterion.bases, criterion.ablated)
    with np.errstate(invalid="ignore"):
        reached = (criterion.contrasts @ received[..., None])[..., 0]
    (low, high), (lowest, highest) = limits.reshape(2, 2, *reached.shape[1:])
    inside = (reached > low) & (reached <= high)
    perhaps = ~(reached <= lowest) & ~(reached > highest)
    if criterion.model.equal_is_equal:
        least, most = criterion.limits(0.0).reshape(2, *reached.shape[1:])
        on = ((least <= reached) & (reached <= np.nextafter(least, np.inf))) | (reached == most)
        as_decided = (least < reached) & (reached <= most)
        inside, perhaps = np.where(on, as_decided, inside), np.where(on, as_decided, perhaps)
    return ~inside.all(axis=-1), ~perhaps.all(axis=-1)


def _counted(
    criterion: Criterion[Any], inside: Bool[np.ndarray, " edges"], every_input_used: bool, sets: range
) -> tuple[int, Int[np.ndarray, "boxes sizes"]]:
    """How many sets a batch has, and how many circuits of each size among them certainly and possibly meet it."""
    graph = criterion.model.graph
    circuits = circuits_in(graph, inside, sets)
    if every_input_used:
        circuits = circuits[uses_every_input(graph, circuits)]
    sizes, most = circuits.sum(axis=1), circuits.shape[1] + 1
    found = [np.bincount(sizes[those], minlength=most) for those in settled(criterion, circuits)]
    return len(sets), np.array(found, np.int64)
