"""Plain values that several views of a page are made of."""

from collections import abc
from collections.abc import Container, Iterable
from typing import Any

import numpy as np

from ...auditing.exhibits import Activations
from ...common.sql import RunTable
from ...ladder import Fault
from ...model.circuit import Circuit
from ...model.explanation import Explanation
from ...model.graph import Graph, Node
from ..drawings.marks import levels


def activations(lit: Activations, graph: Graph) -> dict[str, list[list[float]]]:
    """For each node that holds one number its activations, and how dark each square is."""
    return {
        f"{layer}-{j}": [short(held), short(levels(held), 3)]
        for layer, size in enumerate(graph.sizes)
        for j in range(size)
        if (held := lit.of(layer, j)) is not None
    }


def patterns(lit: Activations, graph: Graph, among: Container[Node]) -> dict[str, list[list[int]]]:
    """For each node that looks at positions, of those that are asked for, the percentages by input: of each position
    seen from the first, then from the second, and so on."""
    return {
        f"{node.stage}-{node.place}": [
            np.rint(100 * one).astype(int).reshape(-1).tolist() for one in lit.looks[graph.name(node)]
        ]
        for node in graph.nodes
        if node in among and graph.name(node) in lit.looks
    }


def short(values: Iterable[float], digits: int = 5) -> list[float]:
    """Numbers to so many digits."""
    return [float(f"{value:.{digits}g}") for value in values]


def sets_of(explanation: Explanation) -> list[list[Any]]:
    """Layer and neurons of each part of an explanation; where it sits in several layers, every node by stage and
    number."""
    found = []
    for nodes in explanation.nodes:
        within = len({node.stage for node in nodes}) == 1
        numbers = [node.place for node in nodes]
        found.append([nodes[0].stage, numbers] if within else [list(node) for node in nodes])
    return found


def fault_text(fault: Fault) -> dict[str, Any]:
    """A fault in words, and its run."""
    return {"text": fault.text, "experiment": None if fault.experiment is None else str(fault.experiment)}


def edge_numbers(circuit: Circuit) -> list[int]:
    """The edges of a circuit by their places among the edges of its network."""
    return [k for k, edge in enumerate(circuit.graph.edges) if edge in circuit]


def plain_tables(tables: abc.Mapping[str, RunTable]) -> dict[str, Any]:
    """Tables for the page's script."""
    return {
        name: {
            "title": one.title,
            "columns": list(one.table.columns),
            "rows": [list(row) for row in one.table.rows],
            "note": one.note,
        }
        for name, one in tables.items()
    }
