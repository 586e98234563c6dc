"""All circuits of a network that meet one criterion, as one lazy value."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..model.circuit import Circuit
from ..model.space import circuits_in_space
from .count import CircuitCount, count_circuits
from .criterion import Criterion
from .listing import list_circuits
from .minimal import minimal_circuits
from .overlap import Usage, usage
from .sampling import sample_circuits


@dataclass(frozen=True, eq=False)
class Circuits:
    """The circuits that meet `criterion`. Nothing is computed before it is asked for; iterating lists them.

    Listing order: see `everyhow.circuit.listing.list_circuits`.
    """

    criterion: Criterion

    def __iter__(self) -> Iterator[Circuit]:
        return list_circuits(self.criterion)

    @property
    def in_space(self) -> int:
        """The number of all circuits of the network, whether they meet the criterion or not."""
        return circuits_in_space(self.criterion.network.graph)

    def count(self) -> CircuitCount:
        """How many there are, by number of edges, without listing them."""
        return count_circuits(self.criterion)

    def sample(self, size: int, seed: int = 0) -> tuple[Circuit, ...]:
        """`size` of them, drawn independently and uniformly with replacement."""
        return sample_circuits(self.criterion, size, seed)

    def minimal(self) -> tuple[Circuit, ...]:
        """Those with no other one inside, fewest edges first."""
        return minimal_circuits(self.criterion)

    def usage(self) -> Usage:
        """How many of them use each edge and each hidden neuron."""
        return usage(self.criterion)
