"""What a node may receive and write, by which edges into it are in a circuit.

Both are small diagrams: of each edge, what there is without and with it. Sums over the same edges that are equal are
one, so that a diagram has as many places as there are different sums. Whatever may follow, a set of sets of later edges
for each thing that is written, the diagram turns into sets of edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from ..boolean.families import Families


@dataclass(frozen=True, eq=False)
class Sums:
    """What the slots of a node that share their edges receive, once it is known of the first parents which are in.

    Attributes:
        totals: the sums by number, one for each slot. The first one is that of no edge at all, and stands for nothing
            else; of all others no two are equal.
        before: the sums over one parent fewer; None where there is no parent yet.
        unit: the edge of the last parent, by its place in the graph; None where it is in every circuit, or in none.
        without: for each of the sums before, the place of the sum without that edge; `within` the same with it.
        touched: whether an edge is in every circuit, so that the first sum is not that of no edge.
    """

    totals: tuple[tuple[int, ...], ...]
    before: "Sums | None" = None
    unit: int | None = None
    without: Sequence[int] = ()
    within: Sequence[int] = ()
    touched: bool = False

    def family(self, families: Families, after: Sequence[int]) -> int:
        """The sets of edges after which so many sets follow each sum."""
        sums, found = self, after
        while sums.before is not None:
            if sums.unit is None:
                found = [found[place] for place in sums.without]
            else:
                pairs = zip(sums.without, sums.within, strict=True)
                found = [families.node(sums.unit, found[low], found[high]) for low, high in pairs]
            sums = sums.before
        return found[0]


@dataclass(frozen=True, eq=False)
class Written:
    """What a node may write, by what its slots receive.

    Attributes:
        values: by number, no two equal. The first is what removed edges of the node carry: a node that writes it makes
            no difference, and is not told apart from one outside the circuit.
        sums: of all slots, where these share their edges; of q, k and v otherwise.
        places: by place in the sums, the place of what is written; of q, k and v by pattern and place in those of v.
        patterns: by place in the sums of q and of k, the place of the pattern; the first is that without any edge.
    """

    values: tuple[int, ...]
    sums: tuple[Sums, ...]
    places: Sequence[Sequence[int]]
    patterns: Sequence[Sequence[int]] = ()

    @cached_property
    def reached(self) -> frozenset[int]:
        """The places of the values that are written: the first is not where an edge into the node is in every
        circuit."""
        return frozenset(place for row in self.places for place in row)

    def family(self, families: Families, after: Sequence[int]) -> int:
        """The sets of edges after which so many sets follow each value that is written."""
        known: dict[tuple[int, tuple[int, ...]], int] = {}

        def of(slot: int, following: tuple[int, ...]) -> int:
            key = slot, following
            if key not in known:
                known[key] = self.sums[slot].family(families, following)
            return known[key]

        last = len(self.sums) - 1
        found = tuple(of(last, tuple(after[place] for place in row)) for row in self.places)
        if not self.patterns:
            return found[0]
        return of(0, tuple(of(1, tuple(found[place] for place in row)) for row in self.patterns))


@dataclass(frozen=True, eq=False)
class WithOrWithout:
    """What a node writes where circuits are sets of nodes.

    Attributes:
        values: what removed edges carry, and what the node computes if that is something else; one of them where the
            node is in every circuit, or in none.
        unit: the node, by its place in the graph; None where it is in every circuit, or in none.
    """

    values: tuple[int, ...]
    unit: int | None = None

    @property
    def reached(self) -> frozenset[int]:
        """The places of the values that are written: all."""
        return frozenset(range(len(self.values)))

    def family(self, families: Families, after: Sequence[int]) -> int:
        """The sets of nodes after which so many sets follow each value that is written."""
        return after[0] if self.unit is None else families.node(self.unit, after[0], after[-1])


@dataclass(frozen=True, eq=False)
class Dead:
    """A head that writes what its removed edges carry, whatever it receives.

    Attributes:
        values: that alone.
        units: the edges into it, by place in the graph.
    """

    values: tuple[int]
    units: Sequence[int]
    reached: ClassVar[frozenset[int]] = frozenset([0])

    def family(self, families: Families, after: Sequence[int]) -> int:
        """All sets of edges into it, and what follows."""
        return families.any_of(self.units, after[0])
