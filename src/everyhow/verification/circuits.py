"""The circuits of a stored audit, run one by one: all of a small space, else those that it lists and some drawn."""

import itertools
from collections.abc import Iterator, Sequence
from math import comb
from typing import Any

import numpy as np

from ..behavior import Behavior
from ..circuits.space import circuits_in_space
from ..circuits.uniform import draw_from_space
from ..decision import Decision
from ..network import Network
from . import plain
from .check import Check

PlainCircuit = tuple[tuple[tuple[int, ...], ...], ...]
# Runs of a circuit at one input that a check may take, and circuits drawn where these do not suffice.
MOST_RUNS, DRAWN = 400_000, 400
# An interval of a share that holds the true one in all but one of ten thousand cases.
SURE = 0.9999
# Circuits of a list that are looked into, and edges up to which all sets of edges within one are.
MOST_LISTED, MOST_EDGES = 40, 12
# Ways to read a circuit that may be gone through for each, and circuits whose ways are.
MOST_READINGS, MOST_READ = 30_000, 12


def check_circuits(
    document: dict[str, Any], network: Network, behavior: Behavior, decision: Decision, seed: int
) -> Iterator[Check]:
    """The counts of circuits, the minimal ones that are listed, and interpretations."""
    counts, ablation = document["counts"], document["options"].get("ablation") or "zero"
    stated = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
    space = circuits_in_space(network)
    right: list[PlainCircuit] = []
    runs = len(behavior.points) ** (2 if ablation == "resample" else 1)
    if space * runs <= MOST_RUNS:
        everything = list(plain.all_circuits(network.weights))
        yield Check("circuits_in_space", "all listed", counts["circuits_in_space"], len(everything))
        whole = f"all {len(everything):,} circuits run"
        right = [c for c in everything if _is_right(network, behavior, c, decision, ablation)]
        yield Check("perfect_circuits", whole, stated, len(right))
        yield from _check_of_all(document, network, behavior, decision, right)
    elif stated is not None:
        drawn = _drawn(network, max(20, min(DRAWN, MOST_RUNS // runs)), seed)
        right = [c for c in drawn if _is_right(network, behavior, c, decision, ablation)]
        yield _check_share("perfect_circuits", drawn, right, space, stated)
    yield from _check_listed(document, network, behavior, decision, ablation)
    if "behavior" not in document and ablation == "zero" and counts.get("interpretations") is not None:
        yield from _check_interpretations(document, network, behavior, decision, right)


def check_estimate(
    document: dict[str, Any], network: Network, behavior: Behavior, decision: Decision, seed: int
) -> Iterator[Check]:
    """An estimate of the perfect circuits, against others drawn."""
    said, ablation = document["counts"]["perfect_circuits_estimated"], document["options"].get("ablation") or "zero"
    drawn = _drawn(network, DRAWN, seed + 1)
    right = [c for c in drawn if _is_right(network, behavior, c, decision, ablation)]
    low, high = _interval(len(right), len(drawn), circuits_in_space(network))
    scope = f"{len(drawn):,} circuits drawn and run: between {low:.4g} and {high:.4g}"
    yield Check("perfect_circuits_estimated", scope, True, bool(low <= said["high"] and said["low"] <= high))


def _check_of_all(
    document: dict[str, Any], network: Network, behavior: Behavior, decision: Decision, right: Sequence[PlainCircuit]
) -> Iterator[Check]:
    """What follows from all perfect circuits: sizes, minimal ones, and the rungs."""
    counts, ladder = document["counts"], document["ladder"]["circuits"]
    if counts["fewest_edges"] is not None:
        smallest = min((len(plain.edges(circuit)) for circuit in right), default=None)
        yield Check("fewest_edges", "all perfect circuits", counts["fewest_edges"], smallest)
    if counts["minimal_circuits"] is not None:
        found = len(plain.minimal(right))
        yield Check("minimal_circuits", "all pairs of perfect circuits", counts["minimal_circuits"], found)
    if len(right) * len(behavior.points) ** 2 > MOST_RUNS or ladder.get("resample_faithful") is None:
        return
    faithful = [c for c in right if _is_right(network, behavior, c, decision, "resample")]
    minimal = plain.minimal(faithful)
    sizes = [len(plain.edges(circuit)) for circuit in faithful]
    scope = "all perfect circuits amid every other input"
    for rung, number in (
        ("resample_faithful", len(faithful)),
        ("resample_faithful_minimal", len(minimal)),
        ("resample_faithful_fewest_edges", sizes.count(min(sizes, default=0))),
    ):
        if ladder.get(rung) is not None:
            yield Check(rung, scope, ladder[rung], number)


def _check_listed(
    document: dict[str, Any], network: Network, behavior: Behavior, decision: Decision, ablation: str
) -> Iterator[Check]:
    """The minimal circuits that are listed: right, and nothing smaller inside is."""
    details = document.get("details", document)["circuits"]
    for key, ablations in (("minimal", (ablation,)), ("resample_faithful_minimal", (ablation, "resample"))):
        listed = (details.get(key) or {}).get("listed", [])
        runs = len(behavior.points) ** len(set(ablations))
        some = listed[: max(1, min(MOST_LISTED, MOST_RUNS // (20 * runs)))]
        if not some:
            continue
        good = sum(_is_minimal(network, behavior, _as_plain(network, edges), decision, ablations) for edges in some)
        scope = f"{len(some):,} of {len(listed):,} listed, run with what lies inside"
        yield Check(f"listed {key.replace('_', ' ')} circuits", scope, len(some), good)


def _check_interpretations(
    document: dict[str, Any],
    network: Network,
    behavior: Behavior,
    decision: Decision,
    right: Sequence[PlainCircuit],
) -> Iterator[Check]:
    """The interpretations of all perfect circuits where they are few, else of some: each within the stated range."""
    counts = document["counts"]
    cheap = [c for c in right if _ways_to_read(network, behavior, c, decision) <= MOST_READINGS]
    complete = len(cheap) == len(right) == counts.get("perfect_circuits")
    total = sum(_ways_to_read(network, behavior, c, decision) for c in cheap)
    if complete and total <= 20 * MOST_READINGS:
        ways = [[ways for _, ways in plain.interpretations(network, behavior.points, c, decision)] for c in right]
        scope = f"all readings of {len(right):,} circuits"
        yield Check("interpretations", scope, counts["interpretations"], sum(map(len, ways)))
        expanded = "interpretations_with_dont_cares_expanded"
        yield Check(expanded, scope, counts[expanded], sum(map(sum, ways)))
        return
    least, most = counts["interpretations_per_circuit_min"], counts["interpretations_per_circuit_max"]
    some = cheap[:: max(1, len(cheap) // MOST_READ)][:MOST_READ]
    inside = 0
    for circuit in some:
        inside += least <= sum(1 for _ in plain.interpretations(network, behavior.points, circuit, decision)) <= most
    if some:
        scope = f"all readings of {len(some)} circuits: within {least:,} and {most:,}"
        yield Check("interpretations per circuit", scope, len(some), inside)


def _ways_to_read(network: Network, behavior: Behavior, circuit: PlainCircuit, decision: Decision) -> int:
    states = plain.run(network, behavior.points, circuit)
    ways = 1
    for layer, state in enumerate(states[:-1]):
        for j in range(state.shape[1]):
            if not layer or circuit[layer - 1][j]:
                ways *= max(1, len(plain.neuron_readings(state[:, j])))
    return ways


def _is_right(network: Network, behavior: Behavior, circuit: PlainCircuit, decision: Decision, ablation: str) -> bool:
    return plain.circuit_error(network, behavior, circuit, decision, ablation) <= behavior.epsilon + 1e-9


def _is_minimal(
    network: Network, behavior: Behavior, circuit: PlainCircuit, decision: Decision, ablations: tuple[str, ...]
) -> bool:
    """Whether a circuit is right and nothing smaller inside is: of a small circuit every set of edges is tried, of a
    large one those an edge or two smaller."""

    def right(one: PlainCircuit) -> bool:
        return all(_is_right(network, behavior, one, decision, ablation) for ablation in dict.fromkeys(ablations))

    edges = sorted(plain.edges(circuit))
    affordable = (2 ** len(edges)) * len(behavior.points) <= MOST_RUNS // 20
    fewest = 0 if len(edges) <= MOST_EDGES and affordable else len(edges) - 1
    smaller = (
        _as_plain(network, chosen)
        for size in range(fewest, len(edges))
        if comb(len(edges), size)
        for chosen in itertools.combinations(edges, size)
        if _is_circuit(network, chosen)
    )
    return right(circuit) and not any(map(right, smaller))


def _is_circuit(network: Network, edges: Sequence[Sequence[int]]) -> bool:
    """Whether every hidden neuron has edges in and out or none, and every output one in."""
    into, out = {(layer, j) for layer, j, _ in edges}, {(layer - 1, i) for layer, _, i in edges}
    last = network.depth
    hidden = [(layer, j) for layer in range(1, last) for j in range(network.widths[layer])]
    return all((one in into) == (one in out) for one in hidden) and all(
        (last, o) in into for o in range(network.widths[-1])
    )


def _as_plain(network: Network, edges: Sequence[Sequence[int]]) -> PlainCircuit:
    return tuple(
        tuple(tuple(sorted(i for at, to, i in edges if at == layer and to == j)) for j in range(network.widths[layer]))
        for layer in range(1, network.depth + 1)
    )


def _drawn(network: Network, size: int, seed: int) -> list[PlainCircuit]:
    masks = draw_from_space(network, size, np.random.default_rng(seed))
    return [
        tuple(
            tuple(tuple(i for i in range(width) if int(mask) >> i & 1) for mask in layer[:following])
            for layer, width, following in zip(circuit, network.widths, network.widths[1:], strict=False)
        )
        for circuit in masks
    ]


def _check_share(
    what: str, drawn: Sequence[PlainCircuit], right: Sequence[PlainCircuit], space: int, stated: Any
) -> Check:
    low, high = _interval(len(right), len(drawn), space)
    ends = stated if isinstance(stated, list) else [stated, stated]
    scope = f"{len(drawn):,} circuits drawn and run: between {low:.4g} and {high:.4g}"
    return Check(what, scope, True, bool(low <= ends[1] and ends[0] <= high))


def _interval(hits: int, drawn: int, space: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    share = binomtest(hits, drawn).proportion_ci(SURE, "exact")
    return space * float(share.low), space * float(share.high)
