"""Interchange interventions: how often network and algorithm agree, for one variable and for several at once."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt64

from ..boolean.algorithms import Algorithm, Path, Variable
from ..network import Intervention, Network
from .alignment import needed_rows
from .mapping import Mapping, mappings_of
from .signatures import NeuronSet, Signatures, minimal_sets

# Rows run through the network at once in a joint interchange.
ROWS_AT_ONCE = 1 << 16


def iia(signatures: Signatures, variable: Variable, neurons: NeuronSet) -> Fraction:
    """Interchange-intervention accuracy (paper, Def. 6): the share of all ordered (base, source) pairs at which network
    and algorithm agree after the variable, and `neurons`, take their value from the source.

    Example:
        >>> import everyhow as eh
        >>> from everyhow.boolean.truth_table import assignments
        >>> from everyhow.mappings.signatures import NeuronSet, signatures
        >>> nand = next(iter(eh.algorithms("XOR", depth=2))).variables[0]
        >>> iia(signatures(eh.xornet(), assignments(2)), nand, NeuronSet(1, (2,)))
        Fraction(1, 1)
    """
    rows = signatures.of(neurons)
    inputs = len(rows).bit_length() - 1
    wrong = sum((a ^ b).bit_count() for a, b in zip(rows, needed_rows(variable, inputs), strict=True))
    return Fraction(len(rows) ** 2 - wrong, len(rows) ** 2)


@dataclass(frozen=True)
class NearMiss:
    """A mapping with the IIA of each variable; `least` is the smallest of them."""

    mapping: Mapping
    accuracies: tuple[Fraction, ...]

    @property
    def least(self) -> Fraction:
        """The IIA of the worst variable; 1 when there is no variable."""
        return min(self.accuracies, default=Fraction(1))


def best_mappings(signatures: Signatures, algorithm: Algorithm) -> Iterator[NearMiss]:
    """The mappings of an algorithm whose worst variable has the highest IIA, fewest neurons first.

    Every neuron set is scored for every variable; then the IIA of the worst variable is lowered step by step until
    the variables find disjoint sets. Sets are taken minimal among those that score at least that much. An aligned
    algorithm gets its minimal mappings.
    """
    variables = algorithm.variables
    sets = [neurons for neurons, _ in signatures.items()]
    scores = _agreements(signatures, algorithm)
    for least in sorted(set(scores.ravel().tolist()), reverse=True) or [0]:
        options = [
            minimal_sets(tuple(s for s, score in zip(sets, row, strict=True) if score >= least))
            for row in scores.tolist()
        ]
        found = sorted(mappings_of(algorithm, options), key=lambda m: sum(len(s.neurons) for s in m.sets))
        if found:
            for mapping in found:
                accuracies = tuple(iia(signatures, v, s) for v, s in zip(variables, mapping.sets, strict=True))
                yield NearMiss(mapping, accuracies)
            return


def _agreements(signatures: Signatures, algorithm: Algorithm) -> np.ndarray:
    """For each variable and each neuron set, the number of (base, source) pairs at which they agree."""
    rows = np.concatenate(signatures.rows) if signatures.rows else np.zeros((0, 1 << algorithm.inputs), np.uint64)
    needed = np.array([needed_rows(v, algorithm.inputs) for v in algorithm.variables], np.uint64)
    wrong: UInt64[np.ndarray, "variables sets sources"] = rows[None] ^ needed.reshape(-1, 1, rows.shape[1])
    return rows.shape[1] ** 2 - np.bitwise_count(wrong).sum(axis=2, dtype=np.int64)


def disagreement(
    network: Network, mapping: Mapping, points: Float[np.ndarray, "inputs features"]
) -> tuple[list[tuple[Variable, int]], int, bool] | None:
    """A joint interchange at which network and algorithm disagree: each forced variable with its source, the base, and
    what the algorithm says.

    Every non-empty set of variables is tried, smallest first, each variable with a source of its own, at every base.
    Forced neurons hold the values they have in the run on their source. Where a forced variable is an operand of
    another forced one, the outer one wins. None when network and algorithm always agree.

    Cost: (inputs + 1)^variables x inputs passes at most.
    """
    variables = mapping.algorithm.variables
    for size in range(1, len(variables) + 1):
        for forced in itertools.combinations(range(len(variables)), size):
            found = _disagreement(network, mapping, points, forced)
            if found is not None:
                sources, base, predicted = found
                return [(variables[v], s) for v, s in zip(forced, sources, strict=True)], base, predicted
    return None


def _disagreement(
    network: Network, mapping: Mapping, points: Float[np.ndarray, "inputs features"], forced: tuple[int, ...]
) -> tuple[tuple[int, ...], int, bool] | None:
    count = len(points)
    states = network.layers(points)
    variables = mapping.algorithm.variables
    choices = itertools.product(range(count), repeat=len(forced))
    while block := list(itertools.islice(choices, max(1, ROWS_AT_ONCE // count))):
        sources = np.repeat(np.array(block), count, axis=0)
        interventions = [
            Intervention(s.layer, s.neurons, states[s.layer][np.ix_(column, list(s.neurons))])
            for s, column in zip((mapping.sets[v] for v in forced), sources.T, strict=True)
        ]
        decisions = network.run(np.tile(points, (len(block), 1)), interventions)[:, 0] > network.level
        expected = np.concatenate([_predicted(mapping.algorithm, variables, forced, choice) for choice in block])
        wrong = np.flatnonzero(decisions != expected)
        if len(wrong):
            return block[wrong[0] // count], int(wrong[0] % count), bool(expected[wrong[0]])
    return None


def _predicted(
    algorithm: Algorithm, variables: tuple[Variable, ...], forced: tuple[int, ...], sources: tuple[int, ...]
) -> np.ndarray:
    """The algorithm's output at every base when each forced variable has its value at its source."""
    values = tuple((variables[v].path, variables[v].bits >> s & 1) for v, s in zip(forced, sources, strict=True))
    return _evaluated(algorithm, values)


@lru_cache(maxsize=4096)
def _evaluated(algorithm: Algorithm, values: tuple[tuple[Path, int], ...]) -> np.ndarray:
    full = (1 << (1 << algorithm.inputs)) - 1
    bits = algorithm.evaluate({path: full if value else 0 for path, value in values}.get)
    return np.array([bool(bits >> base & 1) for base in range(1 << algorithm.inputs)])


def interference(signatures: Signatures, mapping: Mapping) -> tuple[NeuronSet, int, int] | None:
    """Neurons of a mapped layer that no variable is mapped to and that are not inert: giving them together their values
    at a source changes the decision at a base. The neurons of the first such layer, the source and the base; None when
    there is no such layer."""
    for layer in sorted({s.layer for s in mapping.sets}):
        mapped = {neuron for s in mapping.sets if s.layer == layer for neuron in s.neurons}
        rest = tuple(j for j in range(signatures.network.widths[layer]) if j not in mapped)
        if not rest:
            continue
        neurons = NeuronSet(layer, rest)
        rows = signatures.of(neurons)
        # Patched with its own values the network decides as ever: that is bit s of the row at source s.
        own = sum(row & 1 << source for source, row in enumerate(rows))
        for source, row in enumerate(rows):
            if row != own:
                changed = row ^ own
                return neurons, source, (changed & -changed).bit_length() - 1
    return None
