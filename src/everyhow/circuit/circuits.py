"""All circuits of a network that meet one criterion, as one lazy value."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..common.attributes import PublicNames
from ..common.progress import Progress
from ..model.circuit import Circuit
from ..model.criterion import Criterion
from ..model.model import CircuitCount, CircuitSearch, Model
from ..model.space import circuits_in_space
from .count import count_circuits
from .minimal import minimal_circuits
from .overlap import Usage, usage


@dataclass(frozen=True, eq=False)
class Circuits(PublicNames):
    """The circuits that meet `criterion`. Nothing is computed before it is asked for; iterating lists them.

    Listing order: that of the model's search; of a network see `everyhow.network.listing.list_circuits`.

    Attributes:
        criterion: what a circuit must do, and of which model.

    Example:
        >>> import everyhow as eh
        >>> found = eh.circuits(eh.xornet(), "XOR")
        >>> found.in_space, list(found)
        (15, [Circuit(7 edges: A→h1.0 B→h1.1 A→h1.2 B→h1.2 h1.0→out0 h1.1→out0 h1.2→out0)])
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

    def count(self, progress: bool = False) -> CircuitCount:
        """How many circuits meet the criterion, by number of edges, without listing them.

        Args:
            progress: show a bar, below the cell in a notebook and else on stderr.

        Example:
            >>> import everyhow as eh
            >>> found = eh.circuits(eh.xornet(), "XOR").count()
            >>> found.certain, found.between, found.certified
            ({7: 1}, (1, 1), True)
        """
        with Progress(progress).doing("circuits"):
            return count_circuits(self.criterion)

    def sample(self, size: int, seed: int = 0, progress: bool = False) -> tuple[Circuit, ...]:
        """`size` of the circuits, drawn independently and uniformly with replacement.

        Args:
            size: how many are drawn.
            seed: by which they are drawn.
            progress: show a bar, below the cell in a notebook and else on stderr.

        Example:
            >>> import everyhow as eh
            >>> [len(circuit) for circuit in eh.circuits(eh.xornet(), "XOR").sample(3)]
            [7, 7, 7]
        """
        with Progress(progress).doing("drawing circuits"):
            return self.search.sample(size, seed)

    def minimal(self, progress: bool = False) -> tuple[Circuit, ...]:
        """The circuits that have no other one of them inside, fewest edges first.

        Args:
            progress: show a bar, below the cell in a notebook and else on stderr.

        Example:
            >>> import everyhow as eh
            >>> eh.circuits(eh.xornet(), "XOR").minimal()
            (Circuit(7 edges: A→h1.0 B→h1.1 A→h1.2 B→h1.2 h1.0→out0 h1.1→out0 h1.2→out0),)
        """
        with Progress(progress).doing("minimal circuits"):
            return minimal_circuits(self.criterion)

    def usage(self, progress: bool = False) -> Usage:
        """How many of the circuits use each edge and each inner node.

        Args:
            progress: show a bar, below the cell in a notebook and else on stderr.

        Example:
            >>> import everyhow as eh
            >>> found = eh.circuits(eh.xornet(), "XOR").usage()
            >>> found.circuits, found.edges[1, 0, 0]
            (1, 1)
        """
        with Progress(progress).doing("the use of edges"):
            return usage(self.criterion)
