"""What an explanation by variables has, whatever its kind: parts, nodes that carry them, a price, and a document."""

from abc import abstractmethod
from typing import Any, ClassVar

from ..boolean.cost import CostModel
from ..boolean.truth_table import TruthTable
from ..common.display import Displayed
from .graph import Graph, Node


class Explanation(Displayed):
    """Variables that nodes of a model carry, and how the decision follows from them.

    A kind of explanation is a frozen dataclass that implements what follows. Whatever compares, prices, stores or shows
    explanations asks this interface, never which kind it has before it. Only what must treat kinds apart (what a swap
    is, what a picture shows) chooses by type, with `functools.singledispatch`.

    Attributes:
        kind: what this kind of explanation is called in tables and in audit.json: "mapping", "readouts".
    """

    kind: ClassVar[str]

    @property
    @abstractmethod
    def title(self) -> str:
        """What is computed, without where: an algorithm, or a gate over signals."""

    @property
    @abstractmethod
    def parts(self) -> tuple[str, ...]:
        """The names of the variables that can be swapped, in order."""

    @property
    @abstractmethod
    def nodes(self) -> tuple[tuple[Node, ...], ...]:
        """For each part the nodes that carry it, of whatever stages."""

    @property
    @abstractmethod
    def inputs(self) -> int:
        """How many bits of an input the parts are functions of."""

    @property
    @abstractmethod
    def swappable(self) -> bool:
        """Whether each part can take another value while the others keep theirs."""

    @property
    @abstractmethod
    def functions(self) -> tuple[TruthTable, ...]:
        """The functions that are priced by their smallest formulas; none where the explanation gives formulas."""

    @abstractmethod
    def named(self, graph: Graph | None = None) -> str:
        """What carries each part, by the names that the graph of the model gives its nodes; by the usual ones without
        it."""

    @property
    @abstractmethod
    def stored(self) -> str:
        """What it is called in audit.json, in files of every schema."""

    @abstractmethod
    def in_short(self, graph: Graph | None = None) -> str:
        """What carries each part, for a line of a terminal: numbers that say little to the eye are left out."""

    @abstractmethod
    def cost(self, prices: CostModel | None = None) -> float:
        """What the explanation costs, by the default prices where none are given."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """The explanation as plain values, for audit.json; its kind stands beside it."""
