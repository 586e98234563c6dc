"""Interchange interventions: how often network and algorithm agree, for one variable and for several at once."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, UInt64

from ..boolean.algorithms import Algorithm, Path, Variable
from ..model.model import Model
from ..model.runnable import Intervention, Runs, States
from .alignment import needed_rows
from .mapping import Mapping, mappings_of
from .signatures import NeuronSet, Signatures, minimal_sets

# Rows run through the network at once when variables are forced.
ROWS_AT_ONCE = 1 << 16


def iia(signatures: Signatures, variable: Variable, neurons: NeuronSet) -> Fraction:
    """Interchange-intervention accuracy (paper, Def. 6): the share of all ordered (base, source) pairs at which network
    and algorithm agree after the variable, and `neurons`, take their value from the source.

    Example:
        >>> import everyhow as eh
        >>> from everyhow.boolean.truth_table import assignments
        >>> from everyhow.mapping.signatures import NeuronSet, signatures
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


@dataclass(frozen=True)
class Disagreement:
    """A run in which network and algorithm disagree.

    Attributes:
        forced: each forced variable with the row of the truth table that it takes its value from.
        base: the row of the run.
        predicted: what the algorithm decides.
        left: by `transitive`, the variable whose neurons take the state in which the forced ones leave them, and the
            row at which they were left so; None when the forced variables themselves act at the base.
    """

    forced: tuple[tuple[Variable, int], ...]
    base: int
    predicted: bool
    left: tuple[Variable, int] | None = None


@dataclass(frozen=True)
class Trial:
    """What came of running every interchange that a rung asks of a mapping.

    Attributes:
        disagreement: the first run that fells it, fewest forced variables first; None when there is none.
        ties: how many of the runs that settle this lie within the margin of the decision boundary. One that fells the
            mapping and lies further off settles it alone.
    """

    disagreement: Disagreement | None
    ties: int


# Outputs of some runs, in which of them a step is in doubt, what is expected of each, and what the k-th of them is.
_Tests = tuple[
    Float[np.ndarray, " runs"], Bool[np.ndarray, " runs"], Bool[np.ndarray, " runs"], Callable[[int], Disagreement]
]


def joint_runs(mapping: Mapping) -> int:
    """How many runs `try_jointly` makes at most."""
    rows = 1 << mapping.algorithm.inputs
    return ((rows + 1) ** len(mapping.sets) - 1) * rows


def transitive_runs(mapping: Mapping) -> int:
    """How many runs `try_transitively` makes at most, beside those that leave the neurons as they are."""
    rows = 1 << mapping.algorithm.inputs
    return sum(((rows + 1) ** len(mapping.reaching(v)) - 1) * rows * rows for v in range(len(mapping.sets)))


def try_jointly(
    model: Model,
    mapping: Mapping,
    points: Float[np.ndarray, "inputs features"],
    whole: Runs | None = None,
) -> Trial:
    """Whether network and algorithm agree in every joint interchange.

    Every non-empty set of variables is tried, smallest first, each variable with a source of its own, at every base.
    Forced neurons hold the values they have in the run on their source. Where a forced variable is an operand of
    another forced one, the outer one wins. An output within 1e-9 of the decision boundary is a tie, or within what
    rounding may do where that is more, and so is a run in which rounding may decide on which side of its jump a neuron
    is. `whole` are the model's runs at the points (`Signatures.whole`); they are made where they are not given.

    Cost: (inputs + 1)^variables x inputs passes at most.
    """
    whole = whole or model.runs(points)
    return _tried(model, whole, _joint(whole, mapping))


def try_transitively(
    model: Model,
    mapping: Mapping,
    points: Float[np.ndarray, "inputs features"],
    whole: Runs | None = None,
) -> Trial:
    """Whether, after any forced set of variables, the neurons of every other one are left in a state that acts as the
    value that the algorithm then gives it.

    Variables are forced as in `try_jointly`, at every base; the activations that the neurons of another variable then
    have are held at every base in turn, everything else being as it is there. The network must decide as the algorithm
    does when that variable has the value that followed from the forced ones. Only forced variables that reach the other
    one matter: those in earlier layers, and those that it is computed from.

    Cost: (inputs + 1)^(variables that reach it) x inputs^2 passes at most, for each variable.
    """
    whole = whole or model.runs(points)
    return _tried(model, whole, _transitive(whole, mapping))


def _tried(model: Model, whole: Runs, tests: Iterator[_Tests]) -> Trial:
    ties, tied, level = 0, None, model.level
    for outputs, doubtful, expected, described in tests:
        near = doubtful | ~(np.abs(outputs - level) > whole.margin)
        wrong = (outputs > level) != expected
        clearly = np.flatnonzero(wrong & ~near)
        if len(clearly):
            return Trial(described(int(clearly[0])), 0)
        ties += np.count_nonzero(near)
        if tied is None and wrong.any():
            tied = described(int(wrong.argmax()))
    return Trial(tied, int(ties))


def _joint(whole: Runs, mapping: Mapping) -> Iterator[_Tests]:
    variables, count = mapping.algorithm.variables, len(whole.points)
    for size in range(1, len(variables) + 1):
        for forced in itertools.combinations(range(len(variables)), size):
            for batch in _batches(count, size, ROWS_AT_ONCE // count):
                states, doubtful = _forced(whole, mapping, forced, batch, len(whole.states) - 1)
                expected = _given(mapping.algorithm, (), forced, batch)

                def described(k: int, forced=forced, batch=batch, expected=expected) -> Disagreement:
                    return Disagreement(_sources(variables, forced, batch[k // count]), k % count, bool(expected[k]))

                yield states[-1][:, 0], doubtful, expected, described


def _transitive(whole: Runs, mapping: Mapping) -> Iterator[_Tests]:
    count, places = len(whole.points), range(len(mapping.sets))
    for size in range(1, len(places)):
        for v in places:
            for forced in itertools.combinations(mapping.reaching(v), size):
                for batch in _batches(count, size, ROWS_AT_ONCE // count**2):
                    yield _left_to_act(whole, mapping, v, forced, batch)


def _left_to_act(
    whole: Runs, mapping: Mapping, v: int, forced: tuple[int, ...], batch: list[tuple[int, ...]]
) -> _Tests:
    """The runs at every base of the states in which the forced variables leave the neurons of variable `v`; of states
    that are equal and stand for the same value only the first is run."""
    algorithm, variables, neurons = mapping.algorithm, mapping.algorithm.variables, mapping.sets[v]
    count = len(whole.points)
    states, doubtful = _forced(whole, mapping, forced, batch, neurons.layer)
    left = states[-1][:, list(neurons.neurons)]
    given = _given(algorithm, variables[v].path, forced, batch)
    _, first = np.unique(np.column_stack([left.reshape(len(left), -1), given, doubtful]), axis=0, return_index=True)
    first.sort()
    acting = np.array(
        [
            [bool(bits >> base & 1) for base in range(count)]
            for bits in (variables[v].when_false, variables[v].when_true)
        ]
    )
    expected = acting[given[first].astype(int)].ravel()

    def described(k: int) -> Disagreement:
        run = int(first[k // count])
        sources = _sources(variables, forced, batch[run // count])
        return Disagreement(sources, k % count, bool(expected[k]), (variables[v], run % count))

    held = whole.acting(neurons.layer, neurons.neurons, left[first])
    more = held.doubtful
    doubts = np.repeat(doubtful[first], count) if more is None else (doubtful[first, None] | more).ravel()
    return held.outputs[..., 0].ravel(), doubts, expected, described


def _batches(count: int, size: int, at_once: int) -> Iterator[list[tuple[int, ...]]]:
    """Every choice of a source for each of `size` variables, some at a time."""
    choices = itertools.product(range(count), repeat=size)
    while batch := list(itertools.islice(choices, max(1, at_once))):
        yield batch


def _forced(
    whole: Runs, mapping: Mapping, forced: tuple[int, ...], batch: list[tuple[int, ...]], last: int
) -> tuple[States, Bool[np.ndarray, " runs"]]:
    """What every neuron up to layer `last` computes at every base, for one choice of sources after the other; and in
    which of these runs a step is in doubt."""
    count = len(whole.points)
    sources = np.repeat(np.array(batch), count, axis=0)
    interventions = [
        Intervention(s.layer, s.neurons, whole.states[s.layer][np.ix_(column, list(s.neurons))])
        for s, column in zip((mapping.sets[v] for v in forced), sources.T, strict=True)
    ]
    return whole.forced(np.tile(np.arange(count), len(batch)), interventions, last)


def _given(
    algorithm: Algorithm, node: Path, forced: tuple[int, ...], batch: list[tuple[int, ...]]
) -> Bool[np.ndarray, " runs"]:
    """What the algorithm gives a variable, or its output where `node` is the root, in the runs of `_forced`."""
    chosen = [algorithm.variables[v] for v in forced]
    values = (tuple((u.path, u.bits >> s & 1) for u, s in zip(chosen, choice, strict=True)) for choice in batch)
    return np.concatenate([_evaluated(algorithm, node, one) for one in values])


@lru_cache(maxsize=4096)
def _evaluated(algorithm: Algorithm, node: Path, values: tuple[tuple[Path, int], ...]) -> Bool[np.ndarray, " rows"]:
    rows = 1 << algorithm.inputs
    forced = {path: (1 << rows) - 1 if value else 0 for path, value in values}.get
    bits = algorithm.node_value(node, forced) if node else algorithm.evaluate(forced)
    return np.array([bool(bits >> base & 1) for base in range(rows)])


def _sources(
    variables: tuple[Variable, ...], forced: tuple[int, ...], choice: tuple[int, ...]
) -> tuple[tuple[Variable, int], ...]:
    return tuple((variables[v], source) for v, source in zip(forced, choice, strict=True))


@dataclass(frozen=True)
class Interference:
    """A run in which neurons that no variable is mapped to change a decision.

    Attributes:
        neurons: all unmapped ones of a mapped layer.
        carried: what they may carry: what the algorithm still reads past the layer beside the variables held there, by
            name. Source and base agree on all of it.
        source: the row that they take their values from.
        base: the row of the run.
    """

    neurons: NeuronSet
    carried: tuple[str, ...]
    source: int
    base: int


def interference(signatures: Signatures, mapping: Mapping) -> Interference | None:
    """The first run that shows that more matters than the variables of a mapping; None when nothing else does.

    In each layer that holds a variable the unmapped neurons together take their values from every source that agrees
    with the base on what the algorithm still reads past the layer (`Mapping.still_read`).
    """
    full = (1 << (1 << mapping.algorithm.inputs)) - 1
    for layer in sorted({s.layer for s in mapping.sets}):
        mapped = {neuron for s in mapping.sets if s.layer == layer for neuron in s.neurons}
        rest = tuple(j for j in range(signatures.model.graph.sizes[layer]) if j not in mapped)
        if not rest:
            continue
        neurons, carried = NeuronSet(layer, rest), mapping.still_read(layer)
        rows = signatures.of(neurons)
        # Patched with its own values the network decides as ever: that is bit s of the row at source s.
        own = sum(row & 1 << source for source, row in enumerate(rows))
        for source, row in enumerate(rows):
            agreeing = full
            for bits in carried.values():
                agreeing &= bits if bits >> source & 1 else ~bits
            changed = (row ^ own) & agreeing
            if changed:
                return Interference(neurons, tuple(carried), source, (changed & -changed).bit_length() - 1)
    return None
