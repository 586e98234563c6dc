"""The circuits of a transformer that meet a criterion, counted, listed and drawn from one decision diagram."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from ..common.arguments import is_whole
from ..common.budget import DEFAULT_BUDGET, Budget, Refusal
from ..common.errors import InputError
from ..common.execution import IN_THREADS, Execution
from ..model.circuit import Bits, Circuit, chosen_of
from ..model.circuit_families import every_circuit
from ..model.criterion import Criterion
from ..model.model import CircuitCount, CircuitSearch
from ..model.running_search import meeting
from ..model.usage import Usage
from .compiling import TooLargeError
from .diagram import Diagram, diagram_of, joint_diagram
from .residual_stream import ResidualStream


def joint_search(criteria: Iterable[Criterion[ResidualStream]], number: int, budget: int) -> "TransformerSearch":
    """The circuits that meet every one of so many criteria of one model.

    Raises:
        TooLargeError: finding them takes more than the budget.
    """
    left = iter(criteria)
    first = next(left)
    return TransformerSearch(first, joint=joint_diagram(chain([first], left), number, budget))


@dataclass(frozen=True, eq=False)
class TransformerSearch(CircuitSearch):
    """The circuits that meet `criterion`, of all or of those inside `outer`.

    Attributes:
        criterion: what they meet; of a joint search, the first of several criteria.
        outer: what they lie inside; None for the whole model.
        budget: in candidate evaluations.
        joint: those that meet several criteria, where they were found together.
    """

    criterion: Criterion[ResidualStream]
    outer: Circuit | None = None
    budget: int = DEFAULT_BUDGET
    joint: Diagram | None = None

    @property
    def model(self) -> ResidualStream:
        """The transformer."""
        return self.criterion.model

    @property
    def diagram(self) -> Diagram:
        """The circuits, those inside `outer` only, as one diagram.

        Raises:
            TooLargeError: finding them takes more than the budget.
        """
        whole = diagram_of(self.criterion, self.budget) if self.joint is None else self.joint
        if self.outer is None:
            return whole
        inside = np.flatnonzero(self.outer.chosen).tolist()
        of = whole.families
        return Diagram(of, of.within(whole.certain, inside), of.within(whole.possible, inside))

    def refusal(self, what: str, steps: int, budget: Budget) -> Refusal | None:
        """Why they are not counted within a budget; None when they are, and then they are found."""
        try:
            diagram_of(self.criterion, budget)
        except TooLargeError as error:
            return Refusal.of(error.reason.replace("counting the circuits", what), error.reason)
        return None

    def count(self, execution: Execution = IN_THREADS, every_input_used: bool = False) -> CircuitCount:
        """How many meet the criterion. The one input, the tokens, is used by every circuit."""
        of = self.diagram
        certain = of.families.by_size(of.certain)
        return CircuitCount(certain, certain if of.possible == of.certain else of.families.by_size(of.possible))

    def bits(self) -> Iterator[Bits]:
        """The bits of every circuit that meets the criterion as float64 arithmetic decides it, the least first, but
        for those on the decision boundary, which come last."""
        of = self.diagram
        yield from of.families.words(of.certain)
        for batch in of.families.words(of.families.difference(of.possible, of.certain)):
            yield batch[meeting(self.criterion, chosen_of(self.model.graph, batch))]

    def possible_bits(self) -> Iterator[Bits]:
        """The bits of every circuit that may meet the criterion."""
        of = self.diagram
        return of.families.words(of.possible)

    def circuit(self, bits: int) -> Circuit:
        """The circuit that some bits stand for."""
        return Circuit(self.model.graph, bits)

    def sample(self, size: int, seed: int = 0) -> tuple[Circuit, ...]:
        """`size` circuits that certainly meet the criterion, independently and uniformly with replacement.

        Raises:
            InputError: no circuit meets it.
        """
        if not is_whole(size, 0):
            raise InputError(f"size is {size}; it is a number of circuits, at least 0")
        of = self.diagram
        if size and not of.families.count(of.certain):
            raise InputError("no circuit meets the criterion, so none can be drawn")
        return tuple(map(self.circuit, of.families.drawn(of.certain, size, seed)))

    def minimal(self) -> Bits:
        """Those with no other one inside."""
        of = self.diagram
        batches = list(of.families.words(of.families.minimal(of.certain)))
        return np.concatenate([np.empty((0, max(1, -(-of.families.items // 64))), np.uint64), *batches])

    def usage(self) -> Usage:
        """How many of them use each edge and each inner node."""
        of, graph = self.diagram, self.model.graph
        total, places = of.families.count(of.certain), {edge: k for k, edge in enumerate(graph.edges)}
        by_edge = of.families.usage(of.certain)
        by_node = {
            node: total
            if node in graph.held_ends[0]
            else total
            - of.families.count(of.families.without_any(of.certain, {places[edge] for edge in graph.entering[node]}))
            for node in graph.inner
        }
        return Usage(total, dict(zip(graph.edges, by_edge, strict=True)), by_node)

    def nearest(self, bits: int) -> int | None:
        """The one that differs from a circuit in the fewest edges."""
        of = self.diagram
        return of.families.nearest(of.certain, bits)

    def smallest(self, most: int) -> tuple[int, ...]:
        """At most so many of those with the fewest edges, the least first."""
        of = self.diagram
        return tuple(islice(of.families.sets(of.families.smallest(of.certain)), most))

    def beyond(self, other: CircuitSearch) -> Iterator[Circuit] | None:
        """Those that another search does not find, the least first."""
        if not isinstance(other, TransformerSearch):
            return None
        mine, theirs = self.diagram, other.diagram
        return map(self.circuit, mine.families.sets(mine.families.difference(mine.certain, theirs.possible)))

    def hereditary(self, among: CircuitSearch | None = None) -> tuple[int, int] | None:
        """How many circuits meet the criterion together with every larger circuit, and how many of these are
        minimal."""
        of = self.diagram
        kept = of.families.within_none(of.certain, self._others())
        if isinstance(among, TransformerSearch):
            kept = of.families.intersection(kept, among.diagram.certain)
        return of.families.count(kept), of.families.count(of.families.minimal(kept))

    def spoiler(self, circuit: int) -> int | None:
        """The larger circuit of fewest edges that does not meet the criterion."""
        families = self.diagram.families
        larger = families.intersection(self._others(), families.with_all(circuit))
        return families.nearest(larger, circuit)

    def _others(self) -> int:
        """The circuits that do not meet the criterion, as a family."""
        of = self.diagram
        return of.families.difference(every_circuit(of.families, self.model.graph), of.certain)
