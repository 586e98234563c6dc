"""Which parts of a model circuits are asked about, the others being in every circuit or in none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from ..common.arguments import listed, quoted
from ..common.errors import InputError
from ..model.graph import Edge, Graph

Others = Literal["in", "out"]
OTHERS: tuple[Others, ...] = ("in", "out")
RULE = "names of edges (input->a0.h0<q>), of slots (a0.h0<q>) or of heads and MLPs (a0.h0: all edges in and out)"
# More names than these are not all shown.
MOST_SHOWN = 8


@dataclass(frozen=True)
class Scope:
    """The parts that circuits are asked about.

    Args:
        parts: by name: edges, slots, which stand for all edges into them, or nodes, which stand for all edges into and
            out of them. Where circuits are sets of nodes, nodes.
        others: whether every circuit has all other edges (`in`) or none (`out`).

    Raises:
        InputError: no part, a name that is not a text, or something else than `in` or `out`.

    Example:
        >>> Scope(("a0.h0",), "in").document()
        {'parts': ['a0.h0'], 'others': 'in'}
    """

    parts: tuple[str, ...]
    others: Others

    def __post_init__(self) -> None:
        parts = tuple(listed("scope", self.parts, RULE))
        wrong = [part for part in parts if not isinstance(part, str)]
        if wrong or not parts:
            raise InputError(f"scope is {quoted(wrong[0] if wrong else parts)}; give {RULE}")
        object.__setattr__(self, "parts", parts)
        if self.others not in OTHERS:
            raise InputError(
                f"others is {quoted(self.others)}; of a scope say whether all other edges are in every circuit (in) or "
                f"in none (out)"
            )

    @staticmethod
    def from_document(document: Any) -> "Scope":
        """The scope that `document` gives.

        Raises:
            InputError: something else.
        """
        if not isinstance(document, Mapping) or set(document) != {"parts", "others"}:
            raise InputError(f"scope is {quoted(document)}; it is an object with the keys parts and others")
        return Scope(document["parts"], document["others"])

    def document(self) -> dict[str, Any]:
        """The scope as plain values."""
        return {"parts": list(self.parts), "others": self.others}

    @property
    def in_words(self) -> str:
        """What is asked about, and where the others are."""
        shown = ", ".join(self.parts[:MOST_SHOWN])
        left = len(self.parts) - MOST_SHOWN
        more = f" and {left} more" if left > 0 else ""
        return f"only {shown}{more} in scope, all others held {self.others}"

    def of(self, graph: Graph) -> Graph:
        """The graph of the edges in scope; see `Graph.held`.

        Raises:
            InputError: a name that no part of the graph has.
        """
        kept = {edge for part in self.parts for edge in named_edges(graph, part)}
        rest = tuple(edge for edge in graph.edges if edge not in kept)
        own = tuple(edge for edge in graph.edges if edge in kept)
        return replace(graph, edges=own, held=rest if self.others == "in" else ())


def scope_of(parts: Any, others: Any) -> Scope:
    """A scope from names, or from one name.

    Raises:
        InputError: as Scope.
    """
    return Scope((parts,) if isinstance(parts, str) else parts, others)


@lru_cache(maxsize=4)
def _by_name(graph: Graph) -> Mapping[str, tuple[Edge, ...]]:
    """The edges that each name stands for."""
    found: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        nodes = dict.fromkeys((graph.name(edge.child), graph.name(edge.parent)))
        names = nodes if graph.of_nodes else [graph.name(edge), graph.entry(edge), *nodes]
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(edge)
    return {name: tuple(edges) for name, edges in found.items()}


def named_edges(graph: Graph, name: str) -> tuple[Edge, ...]:
    """The edges that a name of an edge, a slot or a node stands for.

    Raises:
        InputError: no part of the graph has that name.

    Example:
        >>> named_edges(Graph.complete((1, 1, 1)), "A->h1.0")
        ((1, 0, 0),)
    """
    known = _by_name(graph)
    found = known.get(name.strip().replace("->", "→"))
    if found is None:
        inner = [graph.name(node) for node in graph.inner]
        shown = ", ".join(inner[:MOST_SHOWN]) + (", ..." if len(inner) > MOST_SHOWN else "")
        rule = "heads and MLPs" if graph.of_nodes else f"an edge such as {_plain(graph)}, a slot, or heads and MLPs"
        raise InputError(
            f"scope names {quoted(name)}, which this model does not have at the grain in use; name {rule}: {shown}"
        )
    return found


def _plain(graph: Graph) -> str:
    return graph.name(graph.edges[0]).replace("→", "->")
