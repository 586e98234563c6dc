"""Interchange interventions: how often a model and what is placed in it agree, one variable or several being held."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..boolean.algorithms import Algorithm, Variable
from ..common.shapes import Bool, Float, Int, Shaped
from ..model.decision import Decision, level_for
from ..model.model import Model
from ..model.runnable import Held, Intervention, Runs, States
from .choices import fewest_first
from .mapping import Mapping
from .patterns import Patterns
from .placeable import Holding, Placeable, placed_algorithm
from .signatures import NeuronSet, Signatures, read_runs

# Rows run through the model at once when variables are held.
ROWS_AT_ONCE = 1 << 16


def iia(signatures: Signatures, variable: Variable, neurons: NeuronSet, patterns: Patterns | None = None) -> Fraction:
    """Interchange-intervention accuracy (paper, Def. 6): the share of all ordered (base, source) pairs at which network
    and algorithm agree after the variable, and `neurons`, take their value from the source. The inputs have
    `patterns`; when not given, the inputs are the rows of a truth table.

    Example:
        >>> import everyhow as eh
        >>> from everyhow.boolean.truth_table import assignments
        >>> from everyhow.mapping.signatures import NeuronSet, signatures
        >>> nand = next(iter(eh.algorithms("XOR", depth=2))).variables[0]
        >>> iia(signatures(eh.xornet(), assignments(2)), nand, NeuronSet(1, (2,)))
        Fraction(1, 1)
    """
    rows = signatures.of(neurons)
    known = patterns or Patterns.of_table(len(rows).bit_length() - 1)
    needed = known.needed(variable.bits, variable.when_false, variable.when_true)
    wrong = sum((a ^ b).bit_count() for a, b in zip(rows, needed, strict=True))
    return Fraction(len(rows) ** 2 - wrong, len(rows) ** 2)


@dataclass(frozen=True)
class NearMiss:
    """A mapping with the IIA of each variable; `least` is the smallest IIA."""

    mapping: Mapping
    accuracies: tuple[Fraction, ...]

    @property
    def least(self) -> Fraction:
        """The IIA of the worst variable; 1 when there is no variable."""
        return min(self.accuracies, default=Fraction(1))


def best_mappings(signatures: Signatures, algorithm: Algorithm, patterns: Patterns | None = None) -> Iterator[NearMiss]:
    """The mappings of an algorithm whose worst variable has the highest IIA, fewest neurons first.

    Every neuron set is scored for every variable; then the IIA of the worst variable is lowered step by step until
    the variables find disjoint sets. Sets are taken minimal among those that score at least that much. An aligned
    algorithm gets its minimal mappings. The inputs have `patterns`; when not given, the inputs are the rows of a truth
    table.
    """
    variables, placed = algorithm.variables, placed_algorithm(algorithm, patterns)
    scores = _agreements(signatures, placed)
    for least in np.unique(scores)[::-1].tolist() or [0]:
        options = [signatures.minimal_among(np.flatnonzero(row >= least).tolist()) for row in scores]
        some = False
        for sets in fewest_first(options):
            some = True
            pairs = zip(variables, sets, strict=True)
            accuracies = tuple(iia(signatures, v, s, placed.patterns) for v, s in pairs)
            yield NearMiss(Mapping(algorithm, sets), accuracies)
        if some:
            return


def _agreements(signatures: Signatures, placeable: Placeable) -> Int[np.ndarray, "variables signatures"]:
    """For each variable and each signature, the number of (base, source) pairs at which they agree."""
    count = len(signatures.whole.points)
    kind = signatures.rows[0].dtype if signatures.rows else np.uint64
    rows = np.array(list(signatures.numbers), kind).reshape(-1, count)
    needed = np.array([placeable.needed(k) for k in range(len(placeable.names))], kind)
    # Rows of more than 64 bits are Python's whole numbers, which count their bits as well.
    wrong = np.bitwise_count(rows[None] ^ needed.reshape(-1, 1, count))
    return count**2 - wrong.astype(np.int64).sum(axis=2)


@dataclass(frozen=True)
class Disagreement:
    """A run in which a model and what is placed in it disagree.

    Attributes:
        forced: each forced variable, by its name, with the input that it takes its value from.
        base: the input of the run.
        predicted: what should be decided, by what is placed: 0 or 1, or the number of a class.
        left: by `transitive`, the variable whose neurons take the state in which the forced ones leave them, and the
            input at which they were left so; None when the forced variables themselves act at the base.
        which: the forced variables by their numbers.
        left_variable: the one that is left, by its number; 0 where none is.
        decided: what the model decides.
    """

    forced: tuple[tuple[str, int], ...]
    base: int
    predicted: int
    left: tuple[str, int] | None = None
    which: tuple[int, ...] = ()
    left_variable: int = 0
    decided: int = 0


@dataclass(frozen=True)
class Trial:
    """What came of running every interchange that a rung asks of a mapping.

    Attributes:
        disagreement: the first run in which the two disagree, fewest forced variables first; None when
            they always agree.
        ties: how many of the runs that settle this lie within the margin of the decision boundary. A disagreement
            beyond the margin settles it alone.
    """

    disagreement: Disagreement | None
    ties: int


# Outputs of some runs, in which of them a step is in doubt, what is expected of each, and what the k-th of them is.
_Tests = tuple[
    Float[np.ndarray, "runs outputs"],
    Bool[np.ndarray, " runs"],
    Shaped[np.ndarray, " runs"],
    Callable[[int], Disagreement],
]


def joint_runs(variables: int, inputs: int) -> int:
    """How many runs a joint interchange of so many variables makes at most."""
    return ((inputs + 1) ** variables - 1) * inputs


def transitive_runs(mapping: Mapping, inputs: int) -> int:
    """How many runs `try_transitively` makes at most, beside those that leave the neurons as they are."""
    reaching = (len(mapping.reaching(v)) for v in range(len(mapping.sets)))
    return sum(((inputs + 1) ** number - 1) * inputs * inputs for number in reaching)


def try_together(
    model: Model,
    placeable: Placeable,
    sets: tuple[NeuronSet, ...],
    whole: Runs,
    decision: Decision = "threshold",
) -> Trial:
    """Whether a model and what is placed in it agree in every joint interchange.

    Every non-empty set of variables is tried, smallest first, each variable with a source of its own, at every base.
    Held neurons have the values that they have in the run on their source. A run is a tie when the output lies within
    1e-9 of the decision boundary, or within what rounding may do where that is more. A run is also a tie when rounding
    may decide on which side of its jump a neuron is.

    Cost: (inputs + 1)^variables x inputs passes at most.

    Args:
        model: of one output, or of classes of which one is chosen.
        placeable: what is placed, over the inputs of `whole`.
        sets: the neurons that stand for each variable.
        whole: the model's runs at the inputs (`Signatures.whole`).
        decision: how the output is decided.
    """
    return _tried(model, whole, _joint(whole, placeable, sets), decision)


def try_jointly(
    model: Model,
    mapping: Mapping,
    points: Float[np.ndarray, "inputs features"],
    whole: Runs | None = None,
    patterns: Patterns | None = None,
    decision: Decision = "threshold",
) -> Trial:
    """Whether network and algorithm agree in every joint interchange: see `try_together`.

    Where a forced variable is an operand of another forced variable, the outer variable wins. `whole` are the model's
    runs at the points; when not given, they are made. The points have `patterns`; when not given, the points are the
    rows of a truth table.
    """
    placed = placed_algorithm(mapping.algorithm, patterns)
    return try_together(model, placed, mapping.sets, whole or model.runs(points), decision)


def try_transitively(
    model: Model,
    mapping: Mapping,
    points: Float[np.ndarray, "inputs features"],
    whole: Runs | None = None,
    patterns: Patterns | None = None,
    decision: Decision = "threshold",
) -> Trial:
    """Whether, after any set of variables is forced, the neurons of every other variable are left in a state that acts
    as the value that the algorithm then gives that variable.

    Variables are forced as in `try_jointly`, at every base. The activations that the neurons of another variable then
    have are held at every base in turn, and nothing else is. The network must decide as the algorithm does when that
    variable has the value that followed from the forced variables. Only forced variables that reach the other variable
    matter: variables in earlier layers, and variables that the other variable is computed from.

    Cost: (inputs + 1)^(variables that reach it) x inputs^2 passes at most, for each variable.
    """
    whole = whole or model.runs(points)
    return _tried(model, whole, _transitive(whole, mapping, placed_algorithm(mapping.algorithm, patterns)), decision)


def _tried(model: Model, whole: Runs, tests: Iterator[_Tests], decision: Decision) -> Trial:
    ties, tied, level = 0, None, level_for(model, decision)
    for outputs, doubtful, expected, described in tests:
        bits, near = read_runs(model, Held(outputs, doubtful, whole.margin), decision, level)
        decided = bits.argmax(axis=1) if decision == "argmax" else bits[:, 0]
        wrong = decided != expected
        clearly = np.flatnonzero(wrong & ~near)
        if len(clearly):
            return Trial(replace(described(int(clearly[0])), decided=int(decided[clearly[0]])), 0)
        ties += np.count_nonzero(near)
        if tied is None and wrong.any():
            tied = replace(described(int(wrong.argmax())), decided=int(decided[wrong.argmax()]))
    return Trial(tied, int(ties))


def _joint(whole: Runs, placeable: Placeable, sets: tuple[NeuronSet, ...]) -> Iterator[_Tests]:
    count, own = len(whole.points), _values(placeable)
    # Without variables nothing is forced; what is left to see is whether the two agree at all.
    for size in range(min(1, len(sets)), len(sets) + 1):
        for forced in itertools.combinations(range(len(sets)), size):
            for batch in _batches(count, size, ROWS_AT_ONCE // count):
                states, doubtful = _forced(whole, sets, forced, batch, len(whole.states) - 1)
                expected = np.concatenate([placeable.decided(held) for held in _held(own, forced, batch)])

                def described(k: int, forced=forced, batch=batch, expected=expected) -> Disagreement:
                    sources = _sources(placeable, forced, batch[k // count])
                    return Disagreement(sources, k % count, int(expected[k]), which=forced)

                yield states[-1], doubtful, expected, described


def _transitive(whole: Runs, mapping: Mapping, placeable: Placeable) -> Iterator[_Tests]:
    count, places = len(whole.points), range(len(mapping.sets))
    for size in range(1, len(places)):
        for v in places:
            for forced in itertools.combinations(mapping.reaching(v), size):
                for batch in _batches(count, size, ROWS_AT_ONCE // count**2):
                    yield _left_to_act(whole, mapping.sets, placeable, v, forced, batch)


def _left_to_act(
    whole: Runs,
    sets: tuple[NeuronSet, ...],
    placeable: Placeable,
    v: int,
    forced: tuple[int, ...],
    batch: list[tuple[int, ...]],
) -> _Tests:
    """The runs at every base of the states in which the forced variables leave the neurons of variable `v`. Of states
    that are equal and stand for the same value, only the first is run."""
    neurons, count = sets[v], len(whole.points)
    states, doubtful = _forced(whole, sets, forced, batch, neurons.last)
    left = [Intervention(stage, nodes, states[stage][:, list(nodes)]) for stage, nodes in neurons.by_stage]
    given = np.concatenate([placeable.given(v, held) for held in _held(_values(placeable), forced, batch)])
    numbers = [one.values.reshape(len(given), -1) for one in left]
    _, first = np.unique(np.column_stack([*numbers, given, doubtful]), axis=0, return_index=True)
    first.sort()
    values, acts = np.unique(given[first], return_inverse=True)
    acting = np.array([placeable.decided(((v, int(value)),)) for value in values])
    expected = acting[acts].ravel()

    def described(k: int) -> Disagreement:
        run = int(first[k // count])
        sources = _sources(placeable, forced, batch[run // count])
        left = placeable.names[v], run % count
        return Disagreement(sources, k % count, int(expected[k]), left, forced, v)

    held = whole.acting([replace(one, values=one.values[first]) for one in left])
    more = held.doubtful
    doubts = np.repeat(doubtful[first], count) if more is None else (doubtful[first, None] | more).ravel()
    return held.outputs.reshape(len(expected), -1), doubts, expected, described


def _batches(count: int, size: int, at_once: int) -> Iterator[list[tuple[int, ...]]]:
    """Every choice of a source for each of `size` variables, some at a time."""
    choices = itertools.product(range(count), repeat=size)
    while batch := list(itertools.islice(choices, max(1, at_once))):
        yield batch


def _forced(
    whole: Runs, sets: tuple[NeuronSet, ...], forced: tuple[int, ...], batch: list[tuple[int, ...]], last: int
) -> tuple[States, Bool[np.ndarray, " runs"]]:
    """What every node up to stage `last` computes at every base, for one choice of sources after the other; and in
    which of these runs a step is in doubt."""
    count = len(whole.points)
    sources = np.repeat(np.array(batch), count, axis=0)
    interventions = [
        Intervention(stage, nodes, whole.states[stage][np.ix_(column, list(nodes))])
        for s, column in zip((sets[v] for v in forced), sources.T, strict=True)
        for stage, nodes in s.by_stage
    ]
    return whole.forced(np.tile(np.arange(count), len(batch)), interventions, last)


def _values(placeable: Placeable) -> list[list[int]]:
    """The value of each variable at each input."""
    return [placeable.given(k).tolist() for k in range(len(placeable.names))]


def _held(own: list[list[int]], forced: tuple[int, ...], batch: list[tuple[int, ...]]) -> Iterator[Holding]:
    """The values at which the forced variables are held, for one choice of sources after the other."""
    for choice in batch:
        yield tuple((v, own[v][source]) for v, source in zip(forced, choice, strict=True))


def _sources(placeable: Placeable, forced: tuple[int, ...], choice: tuple[int, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((placeable.names[v], source) for v, source in zip(forced, choice, strict=True))


@dataclass(frozen=True)
class Interference:
    """A run in which nodes that no variable is mapped to change a decision.

    Attributes:
        neurons: all unmapped neurons of a mapped layer, which take their values from the source; where no layer holds
            all that goes by, all mapped nodes, which keep their values of the base while everything else runs on the
            source.
        carried: the names of what the unmapped nodes may carry: what the algorithm still reads beside the variables
            held. Source and base agree in all of it.
        source: the input that the unmapped nodes take their values from.
        base: the input of the run.
        all_others: whether everything but the mapped nodes is moved, the inputs of the model included.
    """

    neurons: NeuronSet
    carried: tuple[str, ...]
    source: int
    base: int
    all_others: bool = False


def interference(signatures: Signatures, mapping: Mapping, patterns: Patterns | None = None) -> Interference | None:
    """The first run that shows that other nodes matter than those of the variables of a mapping; None when no other
    nodes do.

    In each layer that holds a variable the unmapped neurons together take their values from every source that agrees
    with the base on what the algorithm still reads past the layer (`Mapping.still_read`). Where no layer holds all that
    goes by (`Runnable.residual`), all mapped nodes keep their values of the base, and everything else, the inputs
    of the model included, runs on every source that agrees with the base on what the root reads directly
    (`Mapping.read_at_the_root`). The inputs have `patterns`; when not given, the inputs are the rows of a truth table.
    """
    known, residual = patterns or Patterns.of_table(mapping.algorithm.inputs), signatures.model.residual
    for region in signatures.model.regions:
        mapped = [node for node in region if any(node in s.nodes for s in mapping.sets)]
        moved = mapped if residual else [node for node in region if node not in mapped]
        if not mapped or not moved:
            continue
        carried = mapping.read_at_the_root if residual else mapping.still_read(region[0].stage)
        read = [known.lifted(bits) for bits in carried.values()]
        neurons = NeuronSet.of(moved)
        rows = signatures.of(neurons)
        # Patched with its own values the model decides as ever: that is bit s of the row at source s.
        own = sum(row & 1 << source for source, row in enumerate(rows))
        for source in range(len(rows)):
            agreeing = known.full
            for bits in read:
                agreeing &= bits if bits >> source & 1 else ~bits
            # Bit b of these rows: what is decided at base b, the unmapped nodes being at the source.
            row = sum((held >> source & 1) << base for base, held in enumerate(rows)) if residual else rows[source]
            changed = (row ^ own) & agreeing
            if changed:
                return Interference(neurons, tuple(carried), source, (changed & -changed).bit_length() - 1, residual)
    return None
