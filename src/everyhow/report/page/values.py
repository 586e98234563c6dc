"""Plain values that several views of a page are made of."""

from collections import abc
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...common.sql import RunTable
from ...ladder import Fault
from ...model.circuit import Circuit
from ...model.explanation import Explanation
from ..drawings.network import levels


def activations(states: Sequence[np.ndarray]) -> dict[str, list[list[float]]]:
    """For each node that holds one number its activations, and how dark each square is."""
    return {
        f"{layer}-{j}": [short(state[:, j]), short(levels(state[:, j]), 3)]
        for layer, state in enumerate(states)
        if state.ndim == 2
        for j in range(state.shape[1])
    }


def short(values: Iterable[float], digits: int = 5) -> list[float]:
    """Numbers to so many digits."""
    return [float(f"{value:.{digits}g}") for value in values]


def sets_of(explanation: Explanation) -> list[list[Any]]:
    """Layer and neurons of each part of an explanation."""
    return [[layer, list(neurons)] for layer, neurons in explanation.places]


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
