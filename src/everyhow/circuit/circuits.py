"""All circuits of a network that meet one criterion, as one lazy value."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..model.circuit import Circuit
from ..model.criterion import Criterion
from ..model.model import CircuitCount, CircuitSearch, Model
from ..model.space import circuits_in_space
from .count import count_circuits
from .minimal import minimal_circuits
from .overlap import Usage, usage


@dataclass(frozen=True, eq=False)
class Circuits:
    """The circuits that meet `criterion`. Nothing is computed before it is asked for; iterating lists them.

    Listing order: that of the model's search; of a network see `everyhow.network.listing.list_circuits`.
    """

    criterion: Criterion[Model]

    def __repr__(self) -> str:
        asked = self.criterion
        return (
            f"Circuits of {asked.model!r} that decide right at {len(asked.behavior.points):,} inputs; count(), "
            "sample(), minimal() and list() give them"
        )

    def __iter__(self) -> Iterator[Circuit]:
        return self.search.circuits()

    @property
    def search(self) -> CircuitSearch:
        """How the circuits are counted and listed."""
        return self.criterion.model.search(self.criterion)

    @property
    def in_space(self) -> int:
        """The number of all circuits of the model, whether they meet the criterion or not."""
        return circuits_in_space(self.criterion.model.graph)

    def count(self) -> CircuitCount:
        """How many circuits meet the criterion, by number of edges, without listing them."""
        return count_circuits(self.criterion)

    def sample(self, size: int, seed: int = 0) -> tuple[Circuit, ...]:
        """`size` of the circuits, drawn independently and uniformly with replacement."""
        return self.search.sample(size, seed)

    def minimal(self) -> tuple[Circuit, ...]:
        """The circuits that have no other one of them inside, fewest edges first."""
        return minimal_circuits(self.criterion)

    def usage(self) -> Usage:
        """How many of the circuits use each edge and each inner node."""
        return usage(self.criterion)
