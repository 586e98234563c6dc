"""Circuits with no smaller one inside them."""

from collections.abc import Iterable

from ..model.circuit import Bits, Circuit, numbers_of
from ..model.criterion import Criterion
from ..model.graph import Graph
from ..model.model import CircuitSearch, Model


def minimal_circuits(criterion: Criterion[Model]) -> tuple[Circuit, ...]:
    """The circuits that meet `criterion` and of which no proper sub-circuit does, fewest edges first.

    Cost: in most kinds of models one listing of all circuits that meet the criterion, each compared with the minimal
    ones found so far.
    """
    return minimal_of(criterion.model.search(criterion))


def minimal_of(search: CircuitSearch) -> tuple[Circuit, ...]:
    """The minimal circuits of a search, fewest edges first."""
    return smallest_first(map(search.circuit, numbers_of(search.minimal())))


def in_order(graph: Graph, bits: Bits) -> tuple[Circuit, ...]:
    """Circuits given as words, fewest edges first."""
    return smallest_first(Circuit(graph, number) for number in numbers_of(bits))


def smallest_first(circuits: Iterable[Circuit]) -> tuple[Circuit, ...]:
    """Circuits of one graph, fewest edges first."""
    return tuple(sorted(circuits, key=lambda circuit: (len(circuit), circuit.bits)))
