"""The listed mappings of a stored audit whose trees are too many, by running every interchange."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..boolean.algorithms import Algorithm, algorithms
from ..model.task import parse_task
from ..network.network import Network
from . import plain, plain_mappings
from .check import Check
from .trees import as_plain_tree

# Neuron sets up to which all signatures are found, and listed mappings that are checked.
MOST_SETS, MOST_LISTED = 40, 30


def check_mappings(document: dict[str, Any], network: Network) -> Iterator[Check]:
    """Signatures and listed mappings, where trees or neuron sets are too many to go through all of them."""
    counts = document["counts"]
    points = plain.corners(network)
    sets = (
        [] if sum(2**width for width in network.widths[1:-1]) > MOST_SETS else list(plain_mappings.neuron_sets(network))
    )
    if sets and counts["distinct_causal_signatures"] is not None:
        distinct = len({plain_mappings.signature(network, points, one).tobytes() for one in sets})
        scope = f"{len(sets):,} neuron sets, every interchange run"
        yield Check("distinct_causal_signatures", scope, counts["distinct_causal_signatures"], distinct)
    if counts["mappings"] is not None:
        yield from _check_listed(document, network, points)


def _check_listed(document: dict[str, Any], network: Network, points: np.ndarray) -> Iterator[Check]:
    """Interchanges of the mappings that are listed."""
    kept = document.get("details", {}).get("mappings", {}).get("survivors", {})
    some = (kept.get("irredundant") or {}).get("listed", [])[:MOST_LISTED]
    named = _algorithms_named({entry["algorithm"] for entry in some}, document)
    good = tried = 0
    for entry in some:
        algorithm = named.get(entry["algorithm"])
        if algorithm is None:
            continue
        tried += 1
        tree = as_plain_tree(algorithm.tree)
        paths = [variable.path for variable in algorithm.variables]
        good += all(
            plain_mappings.is_aligned(
                network, points, tree, algorithm.negated, path, plain_mappings.signature(network, points, place)
            )
            for path, place in zip(paths, map(_place, entry["variables"]), strict=True)
        )
    if tried:
        yield Check("listed mappings", f"{tried} listed, every interchange run", tried, good)


def _algorithms_named(names: set[str], document: dict[str, Any]) -> dict[str, Algorithm]:
    """The algorithms of these names, the simplest depths first, as far as listing goes."""
    task = parse_task(document["computes"]["table"])
    found: dict[str, Algorithm] = {}
    for depth in range(1, min(3, document["depth"]) + 1):
        for algorithm in algorithms(task.tables[0], depth):
            if str(algorithm) in names:
                found.setdefault(str(algorithm), algorithm)
        if len(found) == len(names):
            break
    return found


def _place(entry: dict[str, Any]) -> tuple[int, tuple[int, ...]]:
    layers, neurons = zip(*entry["neurons"], strict=True)
    return layers[0], neurons
