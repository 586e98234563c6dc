"""Algorithms and their places, whole: what aligns, what survives each stricter criterion, and what nearly aligns."""

import itertools
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field

from ..behavior import Behavior
from ..boolean.algorithms import algorithms, count_algorithms
from ..boolean.truth_table import TruthTable, row_name
from ..network import Network
from .alignment import aligned
from .interchange import NearMiss, best_mappings, disagreement, interfering_layer
from .mapping import Mapping
from .signatures import Signatures, signatures

RUNGS = ("single", "irredundant", "ordered", "joint", "inert")
# How many algorithms that are not aligned are scored by IIA, simplest first.
SCORED = 100


@dataclass(frozen=True)
class MappingFindings:
    """The aligned algorithms with their minimal mappings, rung by rung, and those that nearly align.

    Attributes:
        algorithms: the number of algorithms that compute the function.
        irredundant_algorithms: the number of irredundant ones.
        signatures: the causal signatures of all neuron sets.
        survivors: the (algorithm, mapping) pairs that pass each rung.
        failure: what failed, in words, at the first rung that nothing passes; None when every rung is passed.
        near_misses: irredundant algorithms that are not aligned, best worst-variable IIA first.
        scored: among how many of the simplest such algorithms the near misses were looked for, and of how many.
    """

    algorithms: int
    irredundant_algorithms: int
    signatures: Signatures
    survivors: ReadOnly[str, tuple[Mapping, ...]] = field(repr=False)
    failure: str | None
    near_misses: tuple[NearMiss, ...]
    scored: tuple[int, int]

    def surviving_algorithms(self, rung: str) -> int:
        """The number of algorithms with a mapping that passes `rung`."""
        return len({mapping.algorithm for mapping in self.survivors[rung]})

    @property
    def strictest(self) -> str | None:
        """The strictest rung that anything passes."""
        return next((rung for rung in reversed(RUNGS) if self.survivors[rung]), None)

    @property
    def simplest(self) -> Mapping | None:
        """The simplest mapping that passes the strictest rung that any passes."""
        return min(self.survivors[self.strictest], key=complexity) if self.strictest else None


def examine_mappings(network: Network, behavior: Behavior, table: TruthTable, max_depth: int) -> MappingFindings:
    """Align every algorithm of depth at most `max_depth` that computes `table`, and put the mappings to the rungs."""
    found = signatures(network, behavior.points)
    kept = tuple(aligned(found, table, max_depth))
    single = {mapping.algorithm for mapping in kept}
    survivors = {"single": kept}
    failure = None if kept else "no algorithm has, for each of its variables, neurons with the causal signature it needs"
    for rung in RUNGS[1:]:
        faults = {mapping: _fault(rung, network, found, behavior, mapping) for mapping in kept}
        if kept and all(faults.values()):
            example = min(kept, key=complexity)
            failure = f"nothing passes {rung}; the simplest, {example.algorithm}, falls because {faults[example]}"
        kept = tuple(mapping for mapping in kept if not faults[mapping])
        survivors[rung] = kept
    irredundant = count_algorithms(table, max_depth, True)
    unaligned = (a for a in algorithms(table, max_depth) if a.irredundant and a not in single)
    tried = list(itertools.islice(unaligned, SCORED)) if len(found) else []
    missed = (next(best_mappings(found, algorithm), None) for algorithm in tried)
    return MappingFindings(
        algorithms=count_algorithms(table, max_depth),
        irredundant_algorithms=irredundant,
        signatures=found,
        survivors=survivors,
        failure=failure,
        near_misses=tuple(sorted((m for m in missed if m), key=lambda m: (-m.least, complexity(m.mapping)))),
        scored=(len(tried), irredundant - sum(algorithm.irredundant for algorithm in single)),
    )


def complexity(mapping: Mapping) -> tuple:
    """What mappings are ordered by, simplest first: redundancy, variables, depth, neurons, then their text."""
    algorithm = mapping.algorithm
    neurons = sum(len(s.neurons) for s in mapping.sets)
    return (not algorithm.irredundant, len(mapping.sets), algorithm.depth, neurons, str(algorithm), str(mapping))


def _fault(rung: str, network: Network, found: Signatures, behavior: Behavior, mapping: Mapping) -> str | None:
    """Why a mapping does not pass a rung, in words; None when it does."""
    algorithm = mapping.algorithm
    if rung == "irredundant":
        return None if algorithm.irredundant else "a gate is constant or repeats one of its operands"
    if rung == "ordered":
        return None if mapping.ordered else f"a variable does not lie before the one that uses it ({mapping})"
    if rung == "inert":
        layer = interfering_layer(found, mapping)
        return None if layer is None else f"the unmapped neurons of layer {layer} change a decision"
    experiment = disagreement(network, mapping, behavior.points)
    if experiment is None:
        return None
    sources, base = experiment
    forced = " and ".join(f"{name} as at {row_name(row, algorithm.inputs)}" for name, row in sources.items())
    return f"with {forced}, network and algorithm disagree at {row_name(base, algorithm.inputs)}"
