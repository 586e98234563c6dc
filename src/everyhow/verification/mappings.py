"""The algorithms and mappings of a stored audit, by listing trees and running every interchange."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..auditing.schema import is_redefined
from ..behavior import parse_task
from ..boolean.algorithms import Algorithm, Leaf, Tree, algorithms
from ..network.network import Network
from . import plain
from .check import Check

# Trees, neuron sets and inputs up to which every mapping is looked for; else those that are listed are checked.
MOST_TREES, MOST_SETS, MOST_INPUTS = 400, 40, 2
MOST_LISTED = 30


def check_mappings(document: dict[str, Any], network: Network) -> Iterator[Check]:
    """Signatures, algorithms, mappings and the rungs, all of them where they are few."""
    counts, inputs = document["counts"], network.widths[0]
    points = plain.corners(network)
    sets = [] if sum(2**width for width in network.widths[1:-1]) > MOST_SETS else list(plain.neuron_sets(network))
    tables = {one: plain.signature(network, points, one) for one in sets}
    if sets and counts["distinct_causal_signatures"] is not None:
        distinct = len({table.tobytes() for table in tables.values()})
        scope = f"{len(sets):,} neuron sets, every interchange run"
        yield Check("distinct_causal_signatures", scope, counts["distinct_causal_signatures"], distinct)
    if counts["mappings"] is None:
        return
    few = counts["algorithms"] is not None and counts["algorithms"] <= MOST_TREES
    if few and sets and inputs <= MOST_INPUTS:
        yield from _check_all(document, network, points, tables)
    else:
        yield from _check_listed(document, network, points)


def _check_all(document: dict[str, Any], network: Network, points: np.ndarray, tables: dict) -> Iterator[Check]:
    counts, ladder = document["counts"], document["ladder"]["mappings"]
    wanted = plain.run(network, points)[-1][:, 0] > network.threshold
    listed = list(plain.computing(points.shape[1], document["depth"], wanted))
    scope = f"all {len(listed):,} trees that compute it"
    yield Check("algorithms", scope, counts["algorithms"], len(listed))
    irredundant = [entry for entry in listed if plain.is_irredundant(entry[0], points)]
    yield Check("irredundant_algorithms", scope, counts["irredundant_algorithms"], len(irredundant))
    placed = {entry: plain.mappings(network, points, *entry, tables) for entry in listed}
    yield Check("aligned_algorithms", scope, counts["aligned_algorithms"], sum(map(bool, placed.values())))
    left = [(*entry, mapping) for entry, found in placed.items() for mapping in found]
    yield Check("mappings", scope, counts["mappings"], len(left))
    if "trivial" in document["ladder"]:
        alone = sum(not mapping for _, _, mapping in left)
        yield Check("trivial ones that pass single", scope, document["ladder"]["trivial"]["single"], alone)
    keep = {
        "irredundant": lambda tree, negated, mapping: plain.is_irredundant(tree, points),
        "ordered": lambda tree, negated, mapping: plain.is_ordered(tree, mapping),
        "joint": lambda tree, negated, mapping: plain.is_joint(network, points, tree, negated, mapping),
        "inert": lambda tree, negated, mapping: plain.is_inert(network, points, tree, mapping),
        "transitive": lambda tree, negated, mapping: plain.is_transitive(network, points, tree, negated, mapping),
    }
    trivial, version = document["ladder"].get("trivial", {}), document["schema_version"]
    for rung, passes in keep.items():
        left = [entry for entry in left if passes(*entry)]
        if ladder.get(rung) is not None and not is_redefined(version, "ladder", "mappings", rung):
            yield Check(f"mappings that pass {rung}", scope, ladder[rung], len(left))
        if trivial.get(rung) is not None:
            yield Check(f"trivial ones that pass {rung}", scope, trivial[rung], sum(not m for _, _, m in left))


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
        tree = _as_plain(algorithm.tree)
        paths = [variable.path for variable in algorithm.variables]
        good += all(
            plain.is_aligned(network, points, tree, algorithm.negated, path, plain.signature(network, points, place))
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


def _as_plain(tree: Tree) -> Any:
    if isinstance(tree, Leaf):
        return tree.index
    return (_as_plain(tree.left), tree.left_negated, _as_plain(tree.right), tree.right_negated)


def _place(entry: dict[str, Any]) -> tuple[int, tuple[int, ...]]:
    layers, neurons = zip(*entry["neurons"], strict=True)
    return layers[0], neurons
