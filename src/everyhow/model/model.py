"""What is explained: what can be run, and the quickest ways there are to answer what is asked of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..common.budget import Budget, Refusal
from ..common.count import Count
from ..common.display import Displayed
from ..common.execution import IN_THREADS, Execution
from ..common.shapes import Bool, Float, Int, Shaped
from ..ladder import Fault
from .behavior import Behavior
from .circuit import Bits, Circuit, gathered, numbers_of, words_of
from .criterion import Criterion
from .graph import Edge, Node
from .lattice import MOST_EDGES_OF_LATTICE, MOST_MEETING, Lattice, common, minimal_numbers
from .reading import InterpretationCounts, ReadingRule, Summing
from .runnable import Runnable
from .usage import Usage, minimal_sets, usage_of

# The circuits of a network, and sets of edges that are gone through one by one, are bits of one machine number.
MOST_EDGES = 63
# Counts of kernels are signed 64-bit numbers.
COUNTED_BITS = 62
MOST_COUNTED = (1 << COUNTED_BITS) - 1
# With more inputs, every base with every source is run circuit by circuit instead of counted.
PAIRED_AT_ONCE = 64
Chosen = Bool[np.ndarray, "circuits edges"]


@dataclass(frozen=True)
class CircuitCount:
    """How many circuits meet a criterion, by number of edges.

    `certain` and `possible` map a number of edges to the number of circuits when the decision boundary is moved
    against and for the circuits: by 1e-9, or by what rounding may do to their sums where that is more. They are equal
    unless some circuit's output lies on the boundary.
    """

    certain: dict[int, int]
    possible: dict[int, int]

    @property
    def certified(self) -> bool:
        """Whether no circuit lies on the decision boundary, so that the count does not depend on rounding."""
        return self.certain == self.possible

    @property
    def between(self) -> tuple[int, int]:
        """The count when the decision boundary is moved against and for the circuits."""
        return sum(self.certain.values()), sum(self.possible.values())

    @property
    def count(self) -> Count:
        """The number, or its two ends."""
        return Count.of(self.between)

    @property
    def fewest_edges(self) -> int | None:
        """The size of the smallest circuit; None when there is none, or when that depends on a tie."""
        smallest = min(self.certain, default=None)
        return smallest if smallest == min(self.possible, default=None) else None


@dataclass(frozen=True)
class RobustCount:
    """How many circuits are robust, how many are not, and of how many neither was shown."""

    proved: int
    refuted: int
    undecided: int

    @property
    def certified(self) -> bool:
        """Whether the number of robust circuits is known."""
        return self.undecided == 0

    @property
    def between(self) -> tuple[int, int]:
        """The number of robust circuits, at least and at most."""
        return self.proved, self.proved + self.undecided

    @property
    def count(self) -> Count:
        """The number, or its two ends."""
        return Count.of(self.between)


def by_edges(numbers: Int[np.ndarray, " sizes"]) -> dict[int, int]:
    """The numbers of circuits that are not 0, by number of edges."""
    return {int(edges): int(numbers[edges]) for edges in np.flatnonzero(numbers)}


def counted_by_edges(
    sizes: Shaped[np.ndarray, " circuits"],
    certain: Bool[np.ndarray, " circuits"],
    possible: Bool[np.ndarray, " circuits"],
) -> CircuitCount:
    """The numbers, by number of edges, of the circuits that are certain and of those that are possible."""
    return CircuitCount(*(by_edges(np.bincount(sizes[those])) for those in (certain, possible)))


class CircuitSearch(ABC):
    """The circuits of a model that meet one criterion. Bits stand for edges of its graph."""

    @property
    @abstractmethod
    def model(self) -> "Model":
        """The model whose circuits are searched; where these lie within a circuit, it may have fewer nodes than the
        whole."""

    @abstractmethod
    def count(self, execution: Execution = IN_THREADS, every_input_used: bool = False) -> CircuitCount:
        """How many meet the criterion, exactly, by number of edges.

        Args:
            execution: where the work is done, how far it is shown to be, and where it can be taken up again.
            every_input_used: leave out circuits in which an input has no edge.
        """

    @abstractmethod
    def bits(self) -> Iterator[Bits]:
        """Every circuit that meets the criterion as float64 arithmetic decides it, once, as words, in batches.

        Raises:
            InputError: the model has more edges than are listed.
        """

    @abstractmethod
    def possible_bits(self) -> Iterator[Bits]:
        """The bits of every circuit that may meet the criterion, the decision boundary being moved for the circuits by
        1e-9 or, where that is more, by what rounding may do."""

    @abstractmethod
    def circuit(self, bits: int) -> Circuit:
        """The circuit of the whole model that some bits stand for."""

    @abstractmethod
    def sample(self, size: int, seed: int = 0) -> tuple[Circuit, ...]:
        """`size` circuits that meet the criterion, independently and uniformly with replacement.

        Raises:
            InputError: no circuit meets it, or the model has more edges than are listed.
        """

    def circuits(self) -> Iterator[Circuit]:
        """Every circuit that meets the criterion, once."""
        return (self.circuit(number) for batch in self.bits() for number in numbers_of(batch))

    def refusal(self, what: str, steps: int, budget: Budget) -> Refusal | None:
        """Why they are not counted within a budget, where counting takes so many candidate evaluations; None when they
        are. A search that goes about it in another way says what that takes."""
        return budget.refusal(what, steps)

    def minimal(self) -> Bits:
        """Those with no other one inside."""
        return minimal_sets(self.bits())

    def usage(self) -> Usage:
        """How many of them use each edge and each inner node."""
        return usage_of(self.model.graph, self.bits())

    def nearest(self, bits: int) -> int | None:
        """The one that differs from a circuit in the fewest edges, added and removed: of several the one with the
        fewest edges, then with the least bits; None when there is none."""

        def key(number: int) -> tuple[int, int, int]:
            return (number ^ bits).bit_count(), number.bit_count(), number

        own, best = words_of(bits, len(self.model.graph.edges)), None
        for batch in self.bits():
            if len(batch):
                differing = np.bitwise_count(batch ^ own).sum(axis=1)
                closest = min(numbers_of(batch[differing == differing.min()]), key=key)
                best = closest if best is None else min(best, closest, key=key)
        return best

    def smallest(self, most: int) -> tuple[int, ...] | None:
        """At most so many of those with the fewest edges; None where only listing all would tell."""
        return None

    def beyond(self, other: "CircuitSearch") -> Iterator[Circuit] | None:
        """Those that another search does not find; None where these are found by running each."""
        return None

    def summing(self, rule: ReadingRule) -> Summing | None:
        """A way to sum up their interpretations without going through them; None where there is none."""
        return None

    def hereditary(self, among: "CircuitSearch | None" = None) -> tuple[int, int] | None:
        """How many circuits meet the criterion together with every larger circuit, and how many of these have no other
        of them inside; None where the space is too large for that, or more than a million circuits meet it.

        Args:
            among: count only those that this search finds, too.
        """
        graph = self.model.graph
        if self._lattice is None:
            return None
        kept = self._lattice.safe
        if among is not None:
            kept = common(kept, gathered(graph, among.bits())[:, 0], len(graph.edges))
        return len(kept), len(minimal_numbers(kept, len(graph.edges)))

    def spoiler(self, circuit: int) -> int | None:
        """The larger circuit that does not meet the criterion, of several the one of fewest edges, then of the least
        bits; None where there is none, or where `hereditary` gives None."""
        return None if self._lattice is None else self._lattice.spoiler(circuit)

    @cached_property
    def _lattice(self) -> Lattice | None:
        """The circuits that meet the criterion among all sets of edges; None where either are too many."""
        graph, batches, number = self.model.graph, [], 0
        if len(graph.edges) > MOST_EDGES_OF_LATTICE:
            return None
        for batch in self.bits():
            batches.append(batch)
            number += len(batch)
            if number > MOST_MEETING:
                return None
        return Lattice(graph, gathered(graph, batches))


class Cut(ABC):
    """A stage that is read as codes: one that everything passes on its way to the outputs, such as a hidden layer of a
    network, or one beside which more goes by.

    Attributes:
        layer: the stage; 1 is the first after the inputs.
    """

    layer: int

    @property
    def alone(self) -> bool:
        """Whether everything passes it, so that the outputs follow from its state alone."""
        return True

    @abstractmethod
    def read(self, points: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs neurons"]:
        """What the stage holds when the model runs."""

    @abstractmethod
    def received(self, state: Float[np.ndarray, "*batch neurons"]) -> Float[np.ndarray, "*batch following"]:
        """What the nodes after the stage receive when it holds `state`."""

    @abstractmethod
    def run_received(
        self, received: Float[np.ndarray, "*batch following"], points: Float[np.ndarray, "*batch features"]
    ) -> tuple[Float[np.ndarray, "*batch outputs"], Bool[np.ndarray, "*batch"]]:
        """The outputs when the nodes after the stage receive `received`, and in which runs a node that steps, and that
        something reads, comes within 1e-9 of its jump. What goes by beside the stage is that of the points, of which
        there is one for each run, or what broadcasts to that."""


class Way(NamedTuple):
    """A way to a smaller model, of which less is asked.

    Attributes:
        words: what is done, and how.
        smaller: of a model and points, a model of the size that comes of it, and as many points for it.
    """

    words: str
    smaller: Callable[[Any, np.ndarray], tuple["Model", np.ndarray]]


class Model(Runnable, Displayed):
    """What is explained: a network, a transformer, or a part of one. Whatever is asked (circuits, mappings, readouts,
    experiments) is asked of this interface.

    Example:
        >>> import everyhow as eh
        >>> model = eh.xornet()
        >>> isinstance(model, Model), model.kind, model.graph.names
        (True, 'network', (('A', 'B'), ('h1.0', 'h1.1', 'h1.2'), ('out0',)))
        >>> model.states([[0, 1]])[1].round(2).tolist()
        [[0.0, 1.0, 0.0]]
    """

    @property
    @abstractmethod
    def counting_steps(self) -> int:
        """The candidate evaluations that counting its circuits takes, over few inputs.

        Raises:
            InputError: its graph is too irregular for that to be told.
        """

    def paired_steps(self, inputs: int) -> int:
        """The candidate evaluations that counting them takes in every base with every source of so many inputs: every
        source is one more decision for each circuit and base.

        Args:
            inputs: how many there are.
        """
        return self.counting_steps * max(1, inputs // PAIRED_AT_ONCE) * inputs

    @property
    @abstractmethod
    def uncountable(self) -> str | None:
        """Why circuits of this model are never counted, in words; None where they are, as far as a budget goes."""

    @property
    def regions(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes among which a variable's place is chosen: a place is a non-empty set of nodes of one region. Each
        stage between inputs and outputs is one, unless a kind says otherwise."""
        sizes = self.graph.sizes[1:-1]
        return tuple(tuple(Node(stage, j) for j in range(size)) for stage, size in enumerate(sizes, start=1))

    def ways_smaller(self, points: Float[np.ndarray, "inputs features"]) -> tuple[Way, ...]:
        """Ways in which the model can be made smaller, those that change least first; none where none are known.

        Args:
            points: the inputs of which it is asked, one row for each.
        """
        return ()

    def constant_at(self, points: Float[np.ndarray, "inputs features"]) -> tuple[Node, ...]:
        """The inputs and inner nodes that are exactly the same at all points and that the model can be made without;
        none where this kind of model is never made smaller.

        Args:
            points: the inputs, one row for each.
        """
        return ()

    @property
    def paired_at_once(self) -> int:
        """The most inputs of which circuits are counted in every base with every source; of more they are run one by
        one."""
        return PAIRED_AT_ONCE

    @property
    def steps_per_run(self) -> int:
        """The candidate evaluations that one run of a circuit at one input is as long as."""
        return 1

    @property
    @abstractmethod
    def listable(self) -> bool:
        """Whether its circuits are listed, as far as a budget goes."""

    @abstractmethod
    def search(self, criterion: Criterion[Any]) -> CircuitSearch:
        """The circuits that meet a criterion of this model.

        Args:
            criterion: what a circuit must do.
        """

    def search_jointly(self, criteria: Iterable[Criterion[Any]], number: int, budget: int) -> CircuitSearch | None:
        """The circuits that meet every one of so many criteria of this model, one criterion after the other; None
        where circuits that meet the first are rather run by the others.

        Args:
            criteria: one after the other.
            number: how many criteria there are.
            budget: candidate evaluations allowed.

        Raises:
            BudgetError: it takes more candidate evaluations than the budget.
        """
        return None

    @abstractmethod
    def search_within(self, criterion: Criterion[Any], circuit: Circuit) -> CircuitSearch:
        """The circuits inside another one that meet a criterion of this model.

        Args:
            criterion: what a circuit must do.
            circuit: the other one.
        """

    @abstractmethod
    def judged(
        self, criteria: Iterable[Criterion[Any]], circuits: Chosen
    ) -> tuple[Bool[np.ndarray, " circuits"], Bool[np.ndarray, " circuits"]]:
        """Which circuits, given by their edges, certainly meet a criterion, and which possibly: when the decision
        boundary moves against them, and for them. The criterion comes in batches of scenarios of one part.

        Args:
            criteria: the criterion, in batches of scenarios.
            circuits: shape (circuits, edges), which edges of the graph each has.
        """

    @abstractmethod
    def part(self, circuit: Circuit) -> "Model | None":
        """The circuit, run alone, as a model of its own with the same nodes; None where this kind has no such model.

        Args:
            circuit: of this model.
        """

    @abstractmethod
    def cuts(self) -> tuple[Cut, ...]:
        """The stages that everything passes between inputs and outputs, the first one first."""

    @abstractmethod
    def interpretation_counts(
        self,
        circuits: Iterable[Bits],
        points: Float[np.ndarray, "inputs features"],
        rule: ReadingRule,
    ) -> Iterator[InterpretationCounts] | None:
        """How many interpretations circuits have, given as bits in batches, in order; None where this kind of model
        has no readings.

        Args:
            circuits: batches of rows of bits, a row for each circuit.
            points: the inputs, one row for each.
            rule: how outputs become bits, and what a reading may be.
        """

    @abstractmethod
    def robust_count(self, circuits: Iterable[Circuit], behavior: Behavior, radius: float) -> RobustCount | None:
        """How many circuits, run alone, decide right at every input of the box around each point; None where this kind
        of model has no proofs of that.

        Args:
            circuits: of this model.
            behavior: the points, and what is wanted at each.
            radius: how far the box around a point goes, in each feature.
        """

    @abstractmethod
    def fault_around(self, circuit: Circuit, behavior: Behavior, radius: float) -> Fault | None:
        """An input of the boxes at which a circuit decides otherwise; None where it is not refuted.

        Args:
            circuit: of this model.
            behavior: the points, and what is wanted at each.
            radius: how far the box around a point goes, in each feature.
        """

    @abstractmethod
    def strength(self, edge: Edge) -> float | None:
        """How much an edge carries, such as its weight; None where this kind has no such number.

        Args:
            edge: of the graph.
        """
