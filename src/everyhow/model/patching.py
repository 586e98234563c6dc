"""Nodes by their names, and the values that a run holds them at."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..common.arguments import quoted
from ..common.errors import InputError
from ..given.arrays import array_of
from .graph import Graph, Node


def hidden_node(graph: Graph, name: str, what: str) -> Node:
    """The hidden node of a name.

    Args:
        graph: of the model.
        name: what the node is called, such as h1.0.
        what: names it, for messages.

    Raises:
        InputError: there is no such node, or it is an input or an output.

    Example:
        >>> hidden_node(Graph.complete((2, 3, 1)), "h1.2", "the patch")
        Node(stage=1, place=2)
    """
    there = {called: Node(stage, j) for stage, names in enumerate(graph.names) for j, called in enumerate(names)}
    node = there.get(name)
    if node is not None and 0 < node.stage < graph.last:
        return node
    layers = [_shortly(graph.names[stage]) for stage in range(1, graph.last)]
    parts = "parts" if max(graph.numbers[1:-1], default=1) > 1 else "neurons"
    hidden = f"its hidden {parts} are {'; '.join(layers)}" if layers else f"it has no hidden {parts}"
    if node is not None:
        kind = "an input" if node.stage == 0 else "an output"
        raise InputError(f"{what} names {name}, which is {kind} of the model; {hidden}")
    raise InputError(f"{what} names {quoted(name)}, which the model does not have; {hidden}")


def _shortly(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]}"


def values_by_node(graph: Graph, patch: Any, runs: int) -> list[tuple[Node, np.ndarray]]:
    """The hidden nodes that a patch names, each with its values in so many runs.

    Args:
        graph: of the model.
        patch: by the name of a node a number for all runs, or one for each; of a node that holds several numbers, those
            of all runs, or a row for each run.
        runs: how many there are.

    Raises:
        InputError: something else, a node that is not there, or values of another shape.

    Example:
        >>> [(_, values)] = values_by_node(Graph.complete((2, 3, 1)), {"h1.2": 0.5}, 2)
        >>> values.tolist()
        [[0.5], [0.5]]
    """
    if not isinstance(patch, Mapping) or not all(isinstance(name, str) for name in patch):
        raise InputError(
            f'patch is {quoted(patch)}; give the values of neurons by their names, such as {{"h1.0": 0.5}}'
        )
    found = []
    for name, given in patch.items():
        node = hidden_node(graph, name, "patch")
        numbers = graph.numbers[node.stage]
        values = array_of(given, f"the values of {name}")
        shape = (runs,) if numbers == 1 else (runs, numbers)
        allowed = ((), (runs,)) if numbers == 1 else ((numbers,), (runs, numbers))
        if values.dtype.kind not in "biuf" or values.shape not in allowed:
            what = (
                "one number, or one for each input" if numbers == 1 else f"{numbers} numbers, or so many for each input"
            )
            raise InputError(f"patch gives {name} values of shape {values.shape} for {runs:,} inputs; give {what}")
        held = np.broadcast_to(values.astype(np.float64), shape)
        found.append((node, held[:, None].copy()))
    return found
