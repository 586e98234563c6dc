"""What patching every subset of some heads and MLPs gives: which subsets are perfect, and where a circuit stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..circuit.score import Score
from ..common.arguments import listed, quoted
from ..common.attributes import PublicNames
from ..common.errors import InputError
from ..common.shapes import Bool, Float, UInt64
from ..common.sql import RunTable, Table, html_table
from ..exchange.component_graphs import component_graph, read_component_graph
from ..model.behavior import Behavior
from ..model.behavior_files import names_a_behavior
from ..model.circuit import Circuit
from ..model.criterion import SUM_ROUNDING
from ..model.graph import Graph
from ..model.lattice import minimal_numbers
from ..model.model import CircuitCount, counted_by_edges
from ..model.scope import named_edges
from ..model.usage import Role, Usage, usage_of
from .decided import Decided, Settled
from .standing import PatchedStanding

TABLES = ("sizes", "components", "minimal", "subsets")


@dataclass(frozen=True, eq=False, repr=False)
class Patching(PublicNames):
    """Every subset of some heads and MLPs of a transformer: those outside it write what they write at the
    counterfactual row, everything else is computed.

    A subset is perfect when the weight of the rows that it decides otherwise than wanted is at most the behavior's
    epsilon. Subset number s has component k where bit `len(components) - 1 - k` of s is 1, as bits of a `Circuit` are.

    Attributes:
        model: the transformer, in short.
        graph: its heads and MLPs; the edges are those of interest, all others are held in.
        wiring: what graphs of EAP-IG and MIB say of it under `cfg`.
        behavior: the rows, their counterfactuals, and what is wanted.
        decided: what each subset decides.
    """

    model: str
    graph: Graph
    wiring: Mapping[str, Any]
    behavior: Behavior
    decided: Decided

    def __repr__(self) -> str:
        return f"Patching({self.summary})"

    def __str__(self) -> str:
        return f"{self.summary}\n{self.settled}"

    def _repr_html_(self) -> str:
        """The perfect subsets by size, for a notebook."""
        return html_table(self.tables["sizes"].table, str(self.summary), str(self.settled))

    @property
    def summary(self) -> str:
        """How many subsets are perfect, and what they share, in a sentence."""
        minimal = "" if self.minimal is None else f", {len(self.minimal):,} of them minimal"
        said = (
            f"perfect: {self.count.count} of all {self.subsets:,} subsets of {len(self.components)} components{minimal}"
        )
        roles = {role: self.of_role(role) for role in ("core", "never")} if self.usage else {}
        words = {"core": "in every perfect one", "never": "in none"}
        shared = [f"{', '.join(names)} {words[role]}" for role, names in roles.items() if names]
        rows = len(self.behavior.points)
        return "; ".join([f"{said}, over {rows:,} row{'s'[: rows != 1]}", *shared])

    @property
    def settled(self) -> Settled:
        """How the decisions were found, and how many are left open."""
        return self.decided.settled

    @cached_property
    def components(self) -> tuple[str, ...]:
        """The heads and MLPs of interest, in the order in which they run."""
        return tuple(map(self.graph.name, self.graph.edges))

    @property
    def subsets(self) -> int:
        """How many there are: 2^components."""
        return 1 << len(self.components)

    @cached_property
    def right(self) -> Float[np.ndarray, "ends subsets"]:
        """The share of rows, by weight, that each subset decides as wanted: at least, and at most."""
        return 1.0 - self.decided.wrong[::-1]

    @cached_property
    def difference(self) -> Float[np.ndarray, " subsets"] | None:
        """The normalized logit difference of each subset, (m(C) - m(nothing)) / (m(M) - m(nothing)): m is the mean over
        rows and answers of the wanted class's logit less the mean of all others, M the whole model, and in nothing all
        heads and MLPs of the model are patched. None where model and nothing do not differ."""
        whole, nothing = self.decided.ends
        return (self.decided.difference - nothing) / (whole - nothing) if whole != nothing else None

    @cached_property
    def perfect(self) -> Bool[np.ndarray, "ends subsets"]:
        """Whether each subset is perfect: surely, and possibly, where decisions are left open."""
        epsilon = self.behavior.epsilon
        return self.decided.wrong[::-1] <= (epsilon + SUM_ROUNDING if epsilon else 0.0)

    @cached_property
    def sizes(self) -> UInt64[np.ndarray, " subsets"]:
        """How many components each subset has."""
        return np.bitwise_count(np.arange(self.subsets, dtype=np.uint64)).astype(np.uint64)

    @cached_property
    def count(self) -> CircuitCount:
        """How many subsets are perfect, by number of components."""
        return counted_by_edges(self.sizes.astype(np.int64), *self.perfect)

    @cached_property
    def minimal(self) -> tuple[Circuit, ...] | None:
        """The perfect subsets that have no perfect one inside, fewest components first; None where decisions that are
        left open would change them."""
        if not self.count.certified:
            return None
        found = minimal_numbers(self.perfect_numbers, len(self.components))
        return tuple(sorted((Circuit(self.graph, int(one)) for one in found), key=lambda one: (len(one), one.bits)))

    @cached_property
    def perfect_numbers(self) -> UInt64[np.ndarray, " perfect"]:
        """The subsets that are surely perfect, as numbers, the least first."""
        return np.flatnonzero(self.perfect[0]).astype(np.uint64)

    @cached_property
    def usage(self) -> Usage | None:
        """In how many perfect subsets each component is; None where none is perfect, or decisions that are left open
        would change it."""
        if not self.count.certified or not len(self.perfect_numbers):
            return None
        return usage_of(self.graph, [self.perfect_numbers[:, None]])

    def of_role(self, role: Role) -> tuple[str, ...]:
        """The components that are in all perfect subsets (`core`), in some (`contingent`) or in none (`never`).

        Raises:
            InputError: no subset is perfect, or decisions that are left open would change it.
        """
        if self.usage is None:
            why = "no subset is perfect" if self.count.certified else "decisions that are left open would change it"
            raise InputError(f"which components are {role} is not known: {why}")
        return tuple(self.graph.name(edge) for edge in self.graph.edges if self.usage.role(edge) == role)

    def circuit(self, components: Iterable[str]) -> Circuit:
        """The subset of these components of interest.

        Raises:
            InputError: a name that is not one of them.
        """
        rule = f"names among {', '.join(self.components)}"
        names = listed("components", [components] if isinstance(components, str) else components, rule)
        unknown = [name for name in names if name not in self.components]
        if unknown:
            raise InputError(f"components has {quoted(unknown[0])}, which is not of interest here; give {rule}")
        return Circuit.of_edges(self.graph, {named_edges(self.graph, name)[0] for name in names})

    def score(self, circuit: Circuit) -> Score:
        """How well a subset does as numbers: the share of rows that it surely decides as wanted, and its normalized
        logit difference.

        Raises:
            InputError: the circuit is not of this model, or lacks a component that is held in.
        """
        bits = circuit.on(self.graph).bits
        difference = None if self.difference is None else float(self.difference[bits])
        return Score(round(float(self.right[0, bits]), 12), difference)

    def place(self, circuit: Any, top: int | None = None, threshold: float | None = None) -> PatchedStanding:
        """Where a circuit stands among all subsets: whether it is perfect and minimal, what could go, of how many it is
        one, and which perfect subset is nearest.

        Args:
            circuit: a Circuit of this model; names of components of interest; a graph of EAP-IG or MIB, as the path of
                its file or as a document. Of a graph its heads and MLPs count, as far as they are of interest; the
                standing says which others it leaves out while every subset here has them.
            top: of a graph, choose so many entries of largest absolute score, whatever it says to be in it.
            threshold: of a graph, choose the entries of at least this absolute score.

        Raises:
            InputError: a circuit of another model, or a name that is not one of those of interest.
        """
        if names_a_behavior(circuit):
            given = read_component_graph(Path(circuit), self.graph.names, self.wiring, top, threshold)
        elif isinstance(circuit, Mapping):
            given = component_graph(circuit, self.graph.names, self.wiring, top, threshold)
        elif top is not None or threshold is not None:
            raise InputError("top and threshold choose among the scores of a graph; leave them out of other circuits")
        else:
            return self._standing(circuit if isinstance(circuit, Circuit) else self.circuit(circuit))
        held = [self.graph.name(edge) for edge in self.graph.held]
        outside = tuple(name for name in held if name not in given.names)
        found = self._standing(self.circuit(name for name in self.components if name in given.names))
        return replace(found, outside=outside, loose=given.loose)

    def _standing(self, circuit: Circuit) -> PatchedStanding:
        circuit = circuit.on(self.graph)
        bits, known = circuit.bits, self.count.certified
        surely, perhaps = (bool(each[bits]) for each in self.perfect)
        alone = [edge for edge in circuit.edges if self.perfect[0, bits ^ 1 << self.graph.positions[edge]]]
        inside, perfect = self.minimal, self.perfect_numbers
        return PatchedStanding(
            circuit,
            surely if surely == perhaps else None,
            tuple(map(self.graph.name, alone)) if surely else (),
            None if inside is None else tuple(one for one in inside if one.is_within(circuit)),
            len(perfect) if known else None,
            int((self.sizes[perfect] <= len(circuit)).sum()) if known else None,
            self._nearest(bits) if known and not surely else None,
            self.score(circuit),
        )

    def _nearest(self, bits: int) -> Circuit | None:
        """The perfect subset that differs in the fewest components; of several that of fewest, then of least bits."""
        perfect = self.perfect_numbers
        if not len(perfect):
            return None
        away = np.bitwise_count(perfect ^ np.uint64(bits))
        return Circuit(self.graph, int(perfect[np.lexsort((perfect, self.sizes[perfect], away))[0]]))

    @cached_property
    def tables(self) -> Mapping[str, RunTable]:
        """What was found as tables: `sizes`, `components`, `minimal`, and `subsets` with every one of them."""
        found = (self._by_size, self._by_component, self._minimal, self._every)
        return dict(zip(TABLES, found, strict=True))

    @property
    def _by_size(self) -> RunTable:
        sizes, minimal = self.sizes.astype(np.int64), self.minimal
        least, most = (np.bincount(sizes[each], minlength=len(self.components) + 1).tolist() for each in self.perfect)
        every = np.bincount(sizes).tolist()
        best = np.full(len(every), -np.inf)
        np.maximum.at(best, sizes, self.right[0])
        rows = []
        for size, number in enumerate(every):
            inside = None if minimal is None else sum(len(one) == size for one in minimal)
            low, high = least[size], most[size]
            rows.append((size, number, low if low == high else f"{low:,} to {high:,}", inside, float(best[size])))
        columns = ("components", "subsets", "perfect", "minimal", "most rows right")
        return RunTable(
            "sizes", "perfect subsets by number of components", Table(columns, tuple(rows)), str(self.settled)
        )

    @property
    def _by_component(self) -> RunTable:
        rows = []
        for edge in self.graph.edges:
            known = self.usage
            used = None if known is None else known.edges[edge]
            rows.append((self.graph.name(edge), None if known is None else known.role(edge), used))
        note = "" if self.usage else "no subset is perfect" if self.count.certified else "some decisions are left open"
        columns = ("component", "in perfect subsets", "of them")
        return RunTable("components", "which components perfect subsets have", Table(columns, tuple(rows)), note)

    @property
    def _minimal(self) -> RunTable:
        rows = tuple(self._told(one) for one in self.minimal or ())
        note = "" if self.minimal is not None else "not known: some decisions are left open"
        columns = ("subset", "components", "rows right", "logit difference")
        return RunTable("minimal", "perfect subsets with no perfect one inside", Table(columns, rows), note)

    def _told(self, circuit: Circuit) -> tuple[Any, ...]:
        score = self.score(circuit)
        return " ".join(map(self.graph.name, circuit.edges)), len(circuit), score.right, score.difference

    @property
    def _every(self) -> RunTable:
        names, top = self.components, len(self.components) - 1
        parts = [[name for k, name in enumerate(names) if s >> (top - k) & 1] for s in range(self.subsets)]
        least, most = self.perfect.tolist()
        said = ["yes" if sure else "open" if may else "no" for sure, may in zip(least, most, strict=True)]
        lows, highs = self.right.round(12).tolist()
        differences = [None] * self.subsets if self.difference is None else self.difference.tolist()
        rows = zip(map(" ".join, parts), self.sizes.tolist(), said, lows, highs, differences, strict=True)
        columns = ("subset", "components", "perfect", "rows right", "rows right at most", "logit difference")
        return RunTable("subsets", "every subset", Table(columns, tuple(rows)), str(self.settled))
