"""All algorithms with their places: which align, which survive each stricter criterion, and which nearly align."""

import itertools
from collections import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..boolean.algorithms import Algorithm, algorithms, count_algorithms, counting_cost, idle_gate
from ..boolean.truth_table import MAX_INPUTS, TruthTable
from ..common.attributes import computed
from ..common.budget import Budget, Refusal
from ..common.errors import BudgetError, InputError
from ..common.notes import NO_NOTES, Noted, Notes
from ..ladder import Fault, Verdict, judge
from ..model.behavior import Behavior
from ..model.model import Model
from .alignment import MOST_GROWN, aligned_over, carried_functions, minimal_mappings
from .faults import fault
from .interchange import NearMiss, best_mappings, joint_runs, transitive_runs
from .mapping import Mapping
from .patterns import Patterns, wanted_tables
from .signatures import Signatures, number_of_sets, observed_refusal, signatures

RUNGS = ("single", "irredundant", "ordered", "joint", "inert", "transitive")
# The rungs at which variables are forced.
FORCING = ("joint", "transitive")
# How many algorithms that are not aligned are scored by IIA, simplest first, and of what depth at most.
SCORED, SCORED_DEPTH = 100, 3
NUMBERS = "causal signatures and algorithms are of decisions; the answers of this behavior are numbers"
# A neuron set costs about as much as so many candidate evaluations of the kernels, over the rows of a truth table.
STEPS_PER_SET = 1000
# Candidate evaluations for putting a mapping to the rungs, and for each run in which variables are forced.
STEPS_PER_MAPPING, STEPS_PER_RUN = 200_000, 60
# Candidate evaluations for a pair of functions that the operands of a gate may have.
STEPS_PER_PAIR = 200


@dataclass(frozen=True)
class MappingFindings(Noted):
    """The aligned algorithms with their minimal mappings, rung by rung, and those that nearly align.

    What the budget did not allow is None, and `notes` say so.

    Attributes:
        algorithms: the number of algorithms that decide as wanted.
        irredundant_algorithms: the number of irredundant ones.
        signatures: the causal signatures of all neuron sets, or sets of heads and MLPs.
        aligned: every aligned algorithm with its number of minimal mappings; None when the budget did not allow it.
        survivors: the mappings that pass each rung after the first.
        fallen: the mappings that fall at each rung after the second, each with the fault found.
        failure: what failed, in words, at the first rung that nothing passes; None when every rung is passed.
        notes: what the budget did not allow, what has no answer here, and how many runs rounding decides.
        patterns: those of the inputs; None where no algorithm is looked for.
        tables: the functions that decide as wanted, where mappings were put to the rungs; else none.
        depth: the largest one of the algorithms.
    """

    algorithms: int | None
    irredundant_algorithms: int | None
    signatures: Signatures | None
    aligned: abc.Mapping[Algorithm, int] | None = field(default=None, repr=False)
    survivors: abc.Mapping[str, tuple[Mapping, ...]] = field(default_factory=dict, repr=False)
    fallen: abc.Mapping[str, abc.Mapping[Mapping, Fault]] = field(default_factory=dict, repr=False)
    failure: str | None = None
    notes: Notes = NO_NOTES
    patterns: Patterns | None = field(default=None, repr=False)
    tables: tuple[TruthTable, ...] = field(default=(), repr=False)
    depth: int = field(default=0, repr=False)

    def minimal(self, algorithm: Algorithm) -> Iterator[Mapping]:
        """Every minimal mapping of an algorithm; none when it is not aligned, or there are no signatures."""
        if self.signatures is None:
            return iter(())
        return minimal_mappings(self.signatures, algorithm, self.patterns)

    @property
    def by_algorithm(self) -> dict[Algorithm, tuple[Mapping, ...]]:
        """Every aligned algorithm with its minimal mappings, by the function, the simplest of each first."""
        order = sorted(self.aligned or (), key=lambda one: (one.table.bits, one.depth, one.tree.key))
        return {algorithm: tuple(self.minimal(algorithm)) for algorithm in order}

    @computed
    def counts(self) -> dict[str, int | None]:
        """The counts of algorithms and mappings by their names in audit.json."""
        return {
            "algorithms": self.algorithms,
            "aligned_algorithms": self.surviving_algorithms["single"],
            "mappings": self.surviving_mappings["single"],
            "irredundant_algorithms": self.irredundant_algorithms,
            "irredundant_aligned_algorithms": self.surviving_algorithms["irredundant"],
            "irredundant_mappings": self.surviving_mappings["irredundant"],
        }

    @property
    def verdict(self) -> Verdict:
        """Whether one algorithm with one mapping is left."""
        number = "" if self.algorithms is None else f"{self.algorithms:,} "
        space = f"all {number}algorithms with all their minimal mappings"
        return judge(self.surviving_mappings, space, self.failure, self.notes.partial, self.trivial)

    @computed
    def surviving_mappings(self) -> dict[str, int | None]:
        """The number of (algorithm, mapping) pairs that pass each rung."""
        if self.aligned is None:
            return dict.fromkeys(RUNGS)
        irredundant = sum(number for algorithm, number in self.aligned.items() if algorithm.irredundant)
        later = {rung: len(self.survivors[rung]) if rung in self.survivors else None for rung in RUNGS[2:]}
        return {"single": sum(self.aligned.values()), "irredundant": irredundant, **later}

    @computed
    def surviving_algorithms(self) -> dict[str, int | None]:
        """The number of algorithms with a mapping that passes each rung."""
        if self.aligned is None:
            return dict.fromkeys(RUNGS)
        irredundant = sum(algorithm.irredundant for algorithm in self.aligned)
        kept = {rung: len({mapping.algorithm for mapping in mappings}) for rung, mappings in self.survivors.items()}
        return {"single": len(self.aligned), "irredundant": irredundant, **{r: kept.get(r) for r in RUNGS[2:]}}

    @property
    def trivial(self) -> dict[str, int | None]:
        """How many of the algorithms that pass each rung have no variables. Such an algorithm has one mapping, the
        empty one, which passes every rung of any network and says nothing of where."""
        if self.aligned is None:
            return dict.fromkeys(RUNGS)
        kept = {rung: sum(not mapping.sets for mapping in mappings) for rung, mappings in self.survivors.items()}
        alone = [algorithm for algorithm in self.aligned if not algorithm.variables]
        irredundant = sum(algorithm.irredundant for algorithm in alone)
        return {"single": len(alone), "irredundant": irredundant, **{rung: kept.get(rung) for rung in RUNGS[2:]}}

    @property
    def last_survivors(self) -> Iterator[Mapping]:
        """The mappings that pass `strictest`; where that is `single`, every minimal mapping of every aligned
        algorithm."""
        if self.strictest == "single":
            return self.placed
        return iter(self.survivors[self.strictest] if self.strictest else ())

    def few_left(self, most: int) -> tuple[Mapping, ...]:
        """The mappings with variables among `last_survivors`, simplest first; none where more than `most` are left."""
        number = self.surviving_mappings[self.strictest] if self.strictest else None
        if number is None or number > most:
            return ()
        return tuple(sorted((one for one in self.last_survivors if one.sets), key=complexity))

    @property
    def near_misses(self) -> tuple[NearMiss, ...]:
        """The best mapping of each irredundant algorithm that was scored, best worst-variable IIA first."""
        return self._scored[0]

    @property
    def scored(self) -> tuple[int, int]:
        """How many of the irredundant algorithms that are not aligned were scored, simplest first, and of how many."""
        return self._scored[1]

    @cached_property
    def _scored(self) -> tuple[tuple[NearMiss, ...], tuple[int, int]]:
        found, aligned_ones = self.signatures, self.aligned or {}
        if found is None or not self.tables:
            return (), (0, 0)
        unaligned_ones = (self.irredundant_algorithms or 0) - sum(one.irredundant for one in aligned_ones)
        if not len(found) or not unaligned_ones:
            return (), (0, unaligned_ones)
        unaligned = (one for one in _simplest(self.tables, min(self.depth, SCORED_DEPTH)) if one not in aligned_ones)
        tried = list(itertools.islice(unaligned, SCORED))
        best = (next(best_mappings(found, algorithm, self.patterns), None) for algorithm in tried)
        ranked = sorted((miss for miss in best if miss), key=lambda miss: (-miss.least, complexity(miss.mapping)))
        return tuple(ranked), (len(tried), unaligned_ones)

    @property
    def placed(self) -> Iterator[Mapping]:
        """Every minimal mapping of every aligned algorithm."""
        return itertools.chain.from_iterable(map(self.minimal, self.aligned or ()))

    def fate(self, mapping: Mapping) -> tuple[str, Fault | None]:
        """The strictest rung that an aligned, minimal mapping passes, and why the mapping falls at the next rung; None
        when no rung follows."""
        if mapping in self._fates:
            return self._fates[mapping]
        return "single", Fault(idle_gate(mapping.algorithm) or "")

    @cached_property
    def _fates(self) -> dict[Mapping, tuple[str, Fault | None]]:
        rungs = list(self.survivors)
        found: dict[Mapping, tuple[str, Fault | None]] = {}
        for before, rung in itertools.pairwise(rungs):
            found |= {mapping: (before, fault) for mapping, fault in self.fallen[rung].items()}
        return found | dict.fromkeys(self.survivors[rungs[-1]], (rungs[-1], None)) if rungs else {}

    @property
    def strictest(self) -> str | None:
        """The strictest rung that anything passes; `single` where the mappings were too many to be listed."""
        listed = (
            (rung, number) for rung, number in self.surviving_mappings.items() if rung in ("single", *self.survivors)
        )
        return next((rung for rung, number in reversed(list(listed)) if number), None)

    @property
    def simplest(self) -> Mapping | None:
        """The simplest of the mappings that pass `strictest`."""
        if self.strictest == "single" and self.aligned:
            return min(self.minimal(min(self.aligned, key=simplicity)), key=complexity)
        return min(self.survivors[self.strictest], key=complexity) if self.strictest else None


def foreseen_refusal(widths: tuple[int, ...], table: TruthTable, max_depth: int, budget: int) -> str | None:
    """What the budget will not allow in a network of these widths, as far as the weights do not matter."""
    budget = Budget(budget)
    return (
        _signature_refusal(widths, budget)
        or _counting_refusal((table,), max_depth, budget)
        or _aligning_refusal(count_algorithms(table, max_depth), max_depth, budget)
    )


def foreseen_refusal_over(model: Model, behavior: Behavior, max_depth: int, budget: int) -> str | None:
    """What the budget will not allow of a model over a behavior, as far as the weights do not matter; None also where
    no algorithm is looked for."""
    budget = Budget(budget)
    if behavior.decision == "within":
        return None
    refusal = observed_refusal(model, len(behavior.points), budget)
    if refusal or _beyond(model, behavior):
        return refusal
    try:
        tables = wanted_tables(behavior)
    except InputError:
        return None
    number = sum(count_algorithms(table, max_depth) for table in tables)
    return _counting_refusal(tables, max_depth, budget) or _aligning_refusal(number, max_depth, budget)


def _signature_refusal(widths: tuple[int, ...], budget: Budget) -> str | None:
    sets = number_of_sets(widths[1:-1])
    return budget.refusal(f"computing the signatures of {sets:,} neuron sets", sets * STEPS_PER_SET)


def _counting_refusal(tables: Sequence[TruthTable], max_depth: int, budget: Budget) -> str | None:
    cost = len(tables) * counting_cost(tables[0].inputs, max_depth, budget)
    return _smaller_depth(budget.refusal(f"counting the algorithms of depth {max_depth}", cost))


def _aligning_refusal(steps: int, max_depth: int, budget: Budget) -> str | None:
    return _smaller_depth(budget.refusal(f"aligning the algorithms of depth {max_depth}", steps))


def _smaller_depth(refusal: str | None) -> str | None:
    return None if refusal is None else Refusal.of(f"{refusal}; a smaller depth needs less", refusal)


def examine_mappings(model: Model, behavior: Behavior, max_depth: int, budget: int) -> MappingFindings:
    """Align every algorithm of depth at most `max_depth` that decides as wanted, and put the mappings to the rungs.

    The algorithms are over the bits that are known of the inputs. Over the rows of a truth table they compute one
    function. Over data they compute any function that decides as wanted at every input: at a row of the truth table
    that no input has, the function may be 0 or 1. A forced variable takes its value from another input, and the
    algorithm on the bits of the base says what the network should then decide.

    Args:
        model: of one output; of several outputs that stand for classes the signatures are computed, and no more.
        behavior: over inputs of which bits are known; otherwise the signatures are computed, and no more.
        max_depth: of the algorithms.
        budget: candidate evaluations allowed.

    Example:
        >>> import everyhow as eh
        >>> points = [[0.1, 0.2], [0.1, 0.8], [0.9, 0.2], [0.8, 0.9]]
        >>> data = eh.Behavior.of_network(eh.xornet(), points, features=[[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> examine_mappings(eh.xornet(), data, 2, 10**10).surviving_mappings
        {'single': 1, 'irredundant': 1, 'ordered': 1, 'joint': 1, 'inert': 1, 'transitive': 1}
    """
    budget = Budget(budget)
    beyond = _beyond(model, behavior)
    if behavior.decision == "within":
        return MappingFindings(None, None, None, notes=Notes(beyond=(NUMBERS,)))
    by_table = behavior.is_truth_table and not model.of_sequences
    refusal = (
        _signature_refusal(model.graph.sizes, budget)
        if by_table
        else observed_refusal(model, len(behavior.points), budget)
    )
    if refusal:
        return MappingFindings(None, None, None, notes=Notes((refusal,), (beyond,) if beyond else ()))
    decision = "threshold" if by_table and model.outputs == 1 else behavior.decision
    found = signatures(model, behavior.points, decision, behavior.answers)
    notes = _tied(found.ties, "interchanges")
    if beyond:
        return MappingFindings(None, None, found, notes=notes + Notes(beyond=(beyond,)))
    try:
        tables = wanted_tables(behavior)
    except InputError as error:
        return MappingFindings(None, None, found, notes=notes + Notes(beyond=(str(error),)))
    patterns = Patterns.of(behavior)
    refusal = _counting_refusal(tables, max_depth, budget)
    if refusal:
        return MappingFindings(None, None, found, notes=notes.refusing(refusal), patterns=patterns)
    number = sum(count_algorithms(table, max_depth) for table in tables)
    irredundant = sum(count_algorithms(table, max_depth, True) for table in tables)
    uncounted = MappingFindings(number, irredundant, found, notes=notes, patterns=patterns)
    refusal = _aligning_refusal(number, max_depth, budget)
    if refusal:
        return replace(uncounted, notes=notes.refusing(refusal))
    functions = 2 * len(carried_functions(found, patterns, max_depth - 1)) if max_depth > 1 else 0
    refusal = _aligning_refusal(functions**2 * STEPS_PER_PAIR, max_depth, budget)
    if refusal:
        return replace(uncounted, notes=notes.refusing(refusal))
    try:
        single = aligned_over(found, tables, max_depth, patterns)
    except BudgetError:
        refusal = f"more than {MOST_GROWN:,} trees have a place in the {model.kind}, too many to align one by one"
        return replace(uncounted, notes=notes.refusing(f"{refusal}; a smaller depth needs less"))
    failure = _alignment_failure(number, max_depth, single, model.nodes)
    candidates = [algorithm for algorithm in single if algorithm.irredundant]
    listed = sum(single[algorithm] for algorithm in candidates)
    refusal = budget.refusal(f"putting {listed:,} mappings to the rungs", listed * STEPS_PER_MAPPING)
    if refusal:
        return replace(uncounted, aligned=single, notes=notes.refusing(refusal))
    kept = tuple(mapping for algorithm in candidates for mapping in minimal_mappings(found, algorithm, patterns))
    survivors, fallen, tied = {"irredundant": kept}, {}, 0
    for rung in RUNGS[2:]:
        refusal = _forcing_refusal(rung, kept, len(behavior.points), budget, model.steps_per_run)
        if refusal:
            notes = notes.refusing(refusal)
            break
        settled = {mapping: fault(rung, model, found, behavior, mapping, patterns) for mapping in kept}
        faults = {mapping: found_fault for mapping, (found_fault, _) in settled.items()}
        tied += sum(ties for _, ties in settled.values())
        placed = [mapping for mapping in kept if mapping.sets]
        if placed and all(faults[mapping] for mapping in placed):
            example = min(placed, key=complexity)
            none = _none(len(placed) < len(kept))
            failure = f"{none} passes {rung}; the simplest, {example.algorithm}, falls{_why(rung, faults[example])}"
        kept = tuple(mapping for mapping in kept if not faults[mapping])
        survivors[rung] = kept
        fallen[rung] = {mapping: found_fault for mapping, found_fault in faults.items() if found_fault}
    return MappingFindings(
        number, irredundant, found, single, survivors, fallen, failure,
        notes + _tied(tied, "runs in which variables are forced"), patterns, tuple(tables), max_depth,
    )  # fmt: skip


def _tied(number: int, what: str) -> Notes:
    if not number:
        return NO_NOTES
    said = f"{number:,} {what} leave the output on the decision boundary, so that rounding decides them"
    return Notes(ties=(said,))


def _beyond(model: Model, behavior: Behavior) -> str | None:
    """Why no algorithm is looked for, in words; None where algorithms are."""
    if behavior.answers > 1:
        return f"algorithms are placed by one answer; this behavior reads {behavior.answers} of each row"
    if model.outputs > 1 and model.of_sequences:
        return (
            f"algorithms decide between two classes, and here are {model.outputs}; a causal model may have as many "
            "(everyhow align)"
        )
    if model.outputs > 1:
        return "algorithms are placed in networks of one output; this one tells classes apart"
    if behavior.bits is None and model.of_sequences:
        return (
            "algorithms are placed by features, bits known of each row of tokens; none were given, and the tokens "
            f"that differ are not bits, 1 to {MAX_INPUTS} of them: give the behavior features"
        )
    if behavior.bits is None:
        return "algorithms are placed by features, bits known of each input; none were given"
    return None


def _alignment_failure(number: int, max_depth: int, single: abc.Mapping[Algorithm, int], nodes: str) -> str | None:
    """Why nothing passes `single` or `irredundant`, algorithms without variables aside; None when something does."""
    if not number:
        return f"no algorithm of depth {max_depth} or less computes this function; a larger depth may"
    placed = [algorithm for algorithm in single if algorithm.variables]
    if not placed:
        return f"no algorithm has, for each of its variables, {nodes} with the signature it needs"
    if not any(algorithm.irredundant for algorithm in placed):
        none = _none(len(placed) < len(single))
        which = " with variables" * (len(placed) < len(single))
        return f"{none} passes irredundant; in every aligned algorithm{which} a gate is constant or repeats an operand"
    return None


def _none(trivial: bool) -> str:
    return "nothing with variables" if trivial else "nothing"


def _why(rung: str, found: Fault | None) -> str:
    """Why a mapping falls at a rung; at `joint` the run says it all."""
    if found is None:
        return ""
    return f". Counterexample: {found.experiment}" if rung == "joint" and found.experiment else f": {found.whole}"


def _forcing_refusal(rung: str, kept: tuple[Mapping, ...], inputs: int, budget: Budget, steps: int) -> str | None:
    if rung not in FORCING:
        return None
    if rung == "joint":
        runs = sum(joint_runs(len(mapping.sets), inputs) for mapping in kept)
    else:
        runs = sum(transitive_runs(mapping, inputs) for mapping in kept)
    return budget.refusal(f"putting {len(kept):,} mappings to the rung {rung}", runs * STEPS_PER_RUN * steps)


def _simplest(tables: Sequence[TruthTable], max_depth: int) -> Iterator[Algorithm]:
    """The irredundant algorithms of several functions, by depth."""
    if len(tables) == 1:
        yield from algorithms(tables[0], max_depth, irredundant=True)
        return
    for depth in range(1, max_depth + 1):
        for table in tables:
            yield from (one for one in algorithms(table, depth, irredundant=True) if one.depth == depth)


def simplicity(algorithm: Algorithm) -> tuple[Any, ...]:
    """The key that orders algorithms, simplest first: redundancy, variables, depth, then the text."""
    return (not algorithm.irredundant, len(algorithm.variables), algorithm.depth, str(algorithm))


def complexity(mapping: Mapping) -> tuple[Any, ...]:
    """The key that orders mappings, simplest first: the algorithm, the number of neurons, then the text."""
    return (*simplicity(mapping.algorithm), sum(map(len, mapping.sets)), str(mapping))
