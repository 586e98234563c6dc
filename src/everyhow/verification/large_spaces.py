"""The circuits of a stored audit, where the space is too large to be run: what the numbers say of each other, samples
of the space, and the circuits that are listed."""

import itertools
from collections.abc import Iterator, Sequence
from math import comb
from typing import Any

import numpy as np

from ..model.behavior import Behavior
from ..model.space import circuits_in_space
from ..network.network import Network
from . import plain_interpretations
from .check import Check
from .circuit_runs import RunCircuits, as_plain, drawn, estimate_again
from .circuits import ordered
from .comparing import compared
from .naming import LISTED

# Runs that the looking into listed circuits may take, and circuits drawn where not all are run.
MOST_RUNS, DRAWN = 400_000, 400
# Circuits of a large space whose interpretations are counted, and states of a layer up to which they are.
MOST_READ, MOST_STATES = 12, 1_500
# An interval of a share that holds the true one in all but one of ten thousand cases.
SURE = 0.9999
# Circuits of a list that are looked into, and edges up to which all sets of edges within one are.
MOST_LISTED, MOST_EDGES = 40, 12
FEWEST = "minimal_hereditary_circuits"


def check_large(
    part: dict[str, Any], network: Network, behavior: Behavior, ablation: str, seed: int
) -> Iterator[Check]:
    """The circuits of a space that is too large to be run: drawn ones, those that are listed, and what the numbers say
    of each other."""
    counts, ladder = part["counts"], part["ladder"]["circuits"]
    details = part.get("details", part)["circuits"]
    space = circuits_in_space(network.graph)
    yield Check("circuits_in_space", "layer by layer", counts["circuits_in_space"], space)
    stated = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
    runs = len(behavior.points) ** (2 if ablation == "resample" else 1)
    circuits = drawn(network, max(20, min(DRAWN, MOST_RUNS // runs)), np.random.default_rng(seed))
    by_ablation = details.get("by_ablation") or {}
    for kind, number in {ablation: stated, **by_ablation}.items():
        if number is None or (kind == "resample" and runs > MOST_RUNS):
            continue
        found = RunCircuits(network, behavior, circuits).right(kind)
        name = "perfect_circuits" if number is stated and kind == ablation else f"circuits.by_ablation.{kind}"
        yield _share(name, len(circuits), int(found.decided.sum()), space, number)
    estimate = counts.get("perfect_circuits_estimated")
    if estimate:
        again = estimate_again(network, behavior, ablation, estimate, part["options"]["budget"])
        yield compared("perfect_circuits_estimated", "the same circuits drawn again and run", estimate, again)
    yield from _within(counts, network, behavior, circuits, ablation)
    yield from sums(network, counts, ladder, details, ablation)
    yield from listed_run(network, behavior, details, ablation)


def _within(counts, network: Network, behavior: Behavior, circuits, ablation: str) -> Iterator[Check]:
    """The interpretations of some perfect circuits: each within the stated range."""
    least, most = (counts.get(f"interpretations_per_circuit_{end}") for end in ("min", "max"))
    widest = max(max(1, len(behavior.points) - 1) ** width for width in network.widths[:-1])
    if least is None or most is None or ablation != "zero" or widest > MOST_STATES:
        return
    right = np.flatnonzero(RunCircuits(network, behavior, circuits).right(ablation).decided)[:MOST_READ].tolist()
    ways = [
        plain_interpretations.count_readings(network, behavior.points, circuits[k], behavior.decision)[0] for k in right
    ]
    if ways:
        scope = f"all readings of {len(ways)} circuits: within {least:,} and {most:,}"
        yield Check("interpretations per circuit", scope, len(ways), sum(least <= n <= most for n in ways))


def sums(network: Network, counts, ladder, details, ablation) -> Iterator[Check]:
    """What the numbers of a large space say of each other."""
    scope = "sums"
    between = counts.get("perfect_circuits_between")
    stated = counts.get("perfect_circuits", between and between[0])
    yield Check("circuits.perfect", scope, ladder["perfect"], counts.get("perfect_circuits"))
    by_edges, usage = details["perfect_by_edges"], details["usage"]
    whole = counts.get("perfect_circuits", between)
    yield Check("circuits.by_ablation", scope, (details.get("by_ablation") or {}).get(ablation, whole), whole)
    yield Check("perfect_by_edges", scope, None if by_edges is None else sum(by_edges.values()), stated)
    if by_edges is not None:
        yield Check("perfect_by_edges keys", scope, list(by_edges), [str(k) for k in sorted(map(int, by_edges))])
        yield Check("fewest_edges", scope, counts["fewest_edges"], min(map(int, by_edges), default=None))
    faithful = details["resample_faithful_by_edges"]
    if faithful is None:
        rungs = ("resample_faithful", "resample_faithful_fewest_edges")
        yield Check("resample_faithful", scope, [ladder[rung] for rung in rungs], [None, None])
    else:
        left = ladder["resample_faithful"]
        yield Check("resample_faithful_by_edges", scope, left, sum(faithful.values()) if left is not None else None)
        fewest = faithful[min(faithful, key=int)] if faithful else 0
        yield Check("resample_faithful_fewest_edges", scope, ladder["resample_faithful_fewest_edges"], fewest)
    every, fewest, left = counts.get("hereditary_circuits"), counts.get(FEWEST), ladder.get("hereditary")
    if not every is fewest is left is None:
        fit = _fit(every, fewest, left, stated, ladder["resample_faithful"])
        yield Check("hereditary", "each at most what it is among", True, fit)
    for key, number in (
        ("minimal", counts["minimal_circuits"]),
        ("resample_faithful_minimal", ladder["resample_faithful_minimal"]),
    ):
        some = details[key]
        yield Check(f"{key} number", scope, number, some and some["number"])
        if some is not None:
            edges = [[tuple(edge) for edge in one] for one in some["listed"]]
            yield Check(f"{key} listed", scope, len(edges), min(LISTED, some["number"]))
            yield Check(f"{key} order", "as listed", True, edges == ordered(edges))
    if usage is not None and by_edges is not None:
        total = sum(int(size) * number for size, number in by_edges.items())
        yield Check("usage", scope, usage["circuits"], stated)
        edges = [[at, int(j), int(i)] for at, w in enumerate(network.weights, 1) for j, i in np.argwhere(w != 0)]
        neurons = [[at, j] for at in range(1, network.depth) for j in range(network.widths[at])]
        for key, items in (("edges", edges), ("neurons", neurons)):
            yield Check(f"usage.{key} items", "of the network", [row["item"] for row in usage[key]], items)
        yield Check("usage.edges", scope, sum(row["circuits"] for row in usage["edges"]), total)
        roles = [
            "never" if row["circuits"] == 0 else "core" if row["circuits"] == usage["circuits"] else "contingent"
            for row in usage["edges"] + usage["neurons"]
        ]
        yield Check("usage roles", "by the numbers", [row["role"] for row in usage["edges"] + usage["neurons"]], roles)


def _fit(hereditary: Any, minimal: Any, faithful: Any, perfect: Any, all_faithful: Any) -> bool:
    """Whether the circuits that nothing added spoils, those without another inside and those that are also
    resample-faithful are as many as they can be."""
    whole = all(type(n) is int for n in (hereditary, minimal, faithful, perfect, all_faithful))
    return whole and (
        0 <= minimal <= hereditary <= perfect
        and (minimal == 0) == (hereditary == 0)
        and 0 <= faithful <= min(hereditary, all_faithful)
    )


def listed_run(network: Network, behavior: Behavior, details: dict[str, Any], ablation: str) -> Iterator[Check]:
    """The minimal circuits that are listed: right, and nothing smaller inside is."""
    for key, ablations in (("minimal", (ablation,)), ("resample_faithful_minimal", (ablation, "resample"))):
        circuits = (details.get(key) or {}).get("listed", [])
        runs = len(behavior.points) ** len(set(ablations))
        some = circuits[: max(1, min(MOST_LISTED, MOST_RUNS // (20 * runs)))]
        if not some:
            continue
        good = sum(_is_minimal(network, behavior, edges, ablations) for edges in some)
        ranks = [_rank(network, edges) for edges in circuits]
        yield Check(
            f"order of the {key.replace('_', ' ')} circuits", "fewest edges first, each once", True,
            all(one < other for one, other in itertools.pairwise(ranks)),
        )  # fmt: skip
        scope = f"{len(some):,} of {len(circuits):,} listed, run with what lies inside"
        yield Check(f"listed {key.replace('_', ' ')} circuits", scope, len(some), good)


def _rank(network: Network, edges: Sequence[Any]) -> tuple[int, int]:
    """What circuits are ordered by: their number of edges, then the edges as bits, the first one highest."""
    every = [
        (layer, j, i) for layer, w in enumerate(network.weights, start=1) for j, row in enumerate(w)
        for i, weight in enumerate(row) if weight != 0
    ]  # fmt: skip
    chosen = set(map(tuple, edges))
    return len(edges), int("".join(str(int(edge in chosen)) for edge in every), 2)


def _is_minimal(network: Network, behavior: Behavior, edges: Sequence[Any], ablations: tuple[str, ...]) -> bool:
    """Whether a circuit is right and nothing smaller inside is: of a small circuit every set of edges is tried, of a
    large one those an edge or two smaller."""
    edges = sorted(map(tuple, edges))
    affordable = (2 ** len(edges)) * len(behavior.points) <= MOST_RUNS // 20
    fewest = 0 if len(edges) <= MOST_EDGES and affordable else len(edges) - 1
    tried = [edges] + [
        list(chosen)
        for size in range(fewest, len(edges))
        if comb(len(edges), size)
        for chosen in itertools.combinations(edges, size)
        if is_circuit(network, chosen)
    ]
    run = RunCircuits(network, behavior, [as_plain(network, one) for one in tried])
    right = np.logical_and.reduce([run.right(ablation).decided for ablation in dict.fromkeys(ablations)])
    return bool(is_circuit(network, edges) and right[0] and not right[1:].any())


def is_circuit(network: Network, edges: Sequence[Sequence[int]]) -> bool:
    """Whether every hidden neuron has edges in and out or none, and every output one in, all of the network."""
    into, out = {(layer, j) for layer, j, _ in edges}, {(layer - 1, i) for layer, _, i in edges}
    last = network.depth
    hidden = [(layer, j) for layer in range(1, last) for j in range(network.widths[layer])]
    inside = all(
        1 <= layer <= last and 0 <= j < network.widths[layer] and 0 <= i < network.widths[layer - 1]
        for layer, j, i in edges
    ) and all(network.weights[layer - 1][j, i] != 0 for layer, j, i in edges)
    return (
        inside
        and all((one in into) == (one in out) for one in hidden)
        and all((last, o) in into for o in range(network.widths[-1]))
    )


def _share(what: str, number: int, right: int, space: int, stated: Any) -> Check:
    from scipy.stats import binomtest

    share = binomtest(right, number).proportion_ci(SURE, "exact")
    low, high = space * float(share.low), space * float(share.high)
    ends = stated if isinstance(stated, list) else [stated, stated]
    scope = f"{number:,} circuits drawn and run: between {low:.4g} and {high:.4g}"
    return Check(what, scope, True, bool(low <= ends[1] and ends[0] <= high and 0 <= ends[0] <= ends[1] <= space))
