"""How far a placed hypothesis comes on the ladder of mappings: the rungs that it passes, and why it then falls."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ..boolean.algorithms import idle_gate
from ..common.budget import Budget
from ..common.progress import Progress
from ..experiment.placed import is_code
from ..mapping.findings import FORCING, RUNGS, STEPS_PER_RUN
from ..mapping.interchange import interference, joint_runs, try_jointly, try_transitively
from ..mapping.mapping import Mapping
from ..mapping.patterns import Patterns
from ..mapping.signatures import Signatures
from .dependence import reaching, unordered
from .interchanges import SILENT, Disagreed, Fault, Loose, Unmoved, agreement, tried
from .placed import PlacedHypothesis
from .recipes import of_interchange, of_kept, of_left, of_rest


@dataclass(frozen=True)
class Taken:
    """Parts of a model that take their values from another input, in a run.

    Attributes:
        what: the neurons, or the codes, by name.
        source: the input that they take their values from.
    """

    what: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class PatchedRun:
    """A run that goes against a hypothesis.

    Attributes:
        base: the input of the run.
        patch: what takes its values from where.
        predicted: what the hypothesis says.
        decided: what the model decides.
        left: by the rung `transitive`, what is held in the state that the patch leaves it in, and at which input.
        python: the run as a line of Python, `network` being the model as it was read.
    """

    base: str
    patch: tuple[Taken, ...]
    predicted: bool
    decided: bool
    left: tuple[str, str] | None = None
    python: str = field(default="", compare=False)


@dataclass(frozen=True)
class Climb:
    """How far a hypothesis comes on the ladder.

    Attributes:
        rungs: those that can be asked of it, loosest first.
        passed: those that it passes, up to the first at which it falls.
        fell: the first at which it falls; None where it passes all, or where the budget did not allow the next.
        reason: why it falls there, in words.
        run: a run that shows it, where one does.
        accuracies: the IIA of each variable.
        refused: what the budget did not allow, in words.
        ties: how many of the runs that settle this lie on the decision boundary.
    """

    rungs: tuple[str, ...]
    passed: tuple[str, ...]
    fell: str | None
    reason: str | None
    run: PatchedRun | None
    accuracies: tuple[Fraction, ...]
    refused: str | None = None
    ties: int = 0

    @property
    def strictest(self) -> str | None:
        """The strictest rung that it passes."""
        return self.passed[-1] if self.passed else None

    @property
    def complete(self) -> bool:
        """Whether it passes every rung."""
        return self.passed == self.rungs


def climb(placed: PlacedHypothesis, found: Signatures, budget: int) -> Climb:
    """Put a placed hypothesis to the rungs, one after the other, until it falls.

    The rungs are those of mappings, by the same definitions; `single` asks of neurons that no smaller set would do. Of
    a causal model, which has no gates, `irredundant` is not asked.

    Args:
        placed: what is put to the rungs.
        found: the signatures of the model over the same inputs.
        budget: candidate evaluations allowed.
    """
    rungs = RUNGS if placed.mapping is not None else tuple(rung for rung in RUNGS if rung != "irredundant")
    accuracies = tuple(Fraction(_agreeing(placed, found, k), placed.count**2) for k in range(len(placed.names)))
    passed: list[str] = []
    ties = found.ties
    for rung in rungs:
        refused = _refusal(placed, rung, budget)
        if refused:
            return Climb(rungs, tuple(passed), None, None, None, accuracies, refused, ties)
        reason, run, more = _put(placed, found, rung, accuracies)
        ties += more
        if reason is not None:
            return Climb(rungs, tuple(passed), rung, reason, run, accuracies, None, ties)
        passed.append(rung)
    return Climb(rungs, tuple(passed), None, None, None, accuracies, None, ties)


def _refusal(placed: PlacedHypothesis, rung: str, budget: int) -> str | None:
    """Why a rung is not tried, in words; None where it is."""
    if rung not in FORCING:
        return None
    inputs = placed.count
    runs = joint_runs(len(placed.names), inputs)
    if rung == "transitive":
        runs = sum(((inputs + 1) ** len(below) - 1) * inputs * inputs for below in reaching(placed))
    return Budget(budget).refusal(f"putting the hypothesis to the rung {rung}", runs * STEPS_PER_RUN)


def _agreeing(placed: PlacedHypothesis, found: Signatures, k: int) -> int:
    """In how many interchanges of one variable model and hypothesis agree."""
    wrong = sum((a ^ b).bit_count() for a, b in zip(_rows(placed, found, k), placed.placeable.needed(k), strict=True))
    return placed.count**2 - wrong


def _rows(placed: PlacedHypothesis, found: Signatures, k: int) -> Sequence[int]:
    """The signature of what carries a variable."""
    carrier = placed.carriers[k]
    return placed.signature(k) if is_code(carrier) else found.of(placed.sets[k])


def _put(
    placed: PlacedHypothesis, found: Signatures, rung: str, accuracies: Sequence[Fraction]
) -> tuple[str | None, PatchedRun | None, int]:
    """Why a hypothesis that passes the rungs before falls at a rung, and a run that shows it; and how many of the runs
    lie on the decision boundary."""
    mapping = placed.mapping
    if rung == "single":
        return *_misaligned(placed, found, accuracies), 0
    if rung == "irredundant":
        return idle_gate(mapping.algorithm) if mapping else None, None, 0
    if rung == "ordered":
        return (_unordered(placed) if unordered(placed) else None), None, 0
    # Where variables have one name, what is found of mappings does not tell which is meant.
    if mapping is not None and placed.without_codes and len(set(placed.names)) == len(placed.names):
        fault, ties = _of_mapping(placed, found, rung, mapping)
    else:
        found_so = tried(placed, rung)
        fault, ties = found_so.fault, found_so.ties
    if fault is None:
        return None, None, ties
    return *_told(placed, fault), ties


def _of_mapping(placed: PlacedHypothesis, found: Signatures, rung: str, mapping: Mapping) -> tuple[Fault | None, int]:
    """What the ladder of an audit finds of a mapping."""
    patterns = Patterns.of(placed.behavior)
    if rung == "inert":
        one = interference(found, mapping, patterns)
        if one is not None and one.all_others:
            return Loose(one.carried, one.source, one.base), 0
        return None if one is None else Unmoved(one.neurons.layer, one.carried, one.source, one.base), 0
    trying = {"joint": try_jointly, "transitive": try_transitively}[rung]
    trial = trying(placed.model, mapping, placed.behavior.points, found.whole, patterns, found.decision)
    found_run, number = trial.disagreement, placed.names.index
    if found_run is None:
        return None, trial.ties
    forced = tuple((number(name), source) for name, source in found_run.forced)
    left = None if found_run.left is None else (number(found_run.left[0]), found_run.left[1])
    return Disagreed(forced, found_run.base, bool(found_run.predicted), left), trial.ties


def _misaligned(
    placed: PlacedHypothesis, found: Signatures, accuracies: Sequence[Fraction]
) -> tuple[str | None, PatchedRun | None]:
    """Why a hypothesis falls at `single`: a variable that is not aligned, or neurons that could be fewer."""
    least = min(accuracies, default=Fraction(1))
    if least < 1:
        k = accuracies.index(least)
        rows, needed = _rows(placed, found, k), placed.placeable.needed(k)
        source = next(s for s, (a, b) in enumerate(zip(rows, needed, strict=True)) if a != b)
        wrong = rows[source] ^ needed[source]
        base = (wrong & -wrong).bit_length() - 1
        said = bool(needed[source] >> base & 1)
        text = f"the IIA of {placed.names[k]} in {placed.carrier(k)} is {percent_of(least)}, not 100 %"
        patch = (Taken(placed.carrier_parts(k), placed.called(source)),)
        python = of_interchange(placed, base, [(k, source)])
        return text, PatchedRun(placed.called(base), patch, said, not said, python=python)
    for k, carrier in enumerate(placed.carriers):
        if not is_code(carrier):
            smaller = [
                s for s in found.minimal(found.of(placed.sets[k]))
                if set(s.nodes) < set(carrier.nodes)
            ]  # fmt: skip
            if smaller:
                less = smaller[0].named(placed.model.graph)
                text = f"{placed.names[k]} is aligned with {placed.carrier(k)}, and {less} alone does as well"
                return f"{text}: a place must be minimal", None
    return None, None


def _unordered(placed: PlacedHypothesis) -> str:
    k, v = unordered(placed)[0]
    what = "wholly in earlier stages" if placed.model.residual else "in an earlier layer"
    return (
        f"{placed.names[k]} in {placed.carrier(k)} does not lie {what} than {placed.names[v]} in "
        f"{placed.carrier(v)}, which is computed from it"
    )


def _told(placed: PlacedHypothesis, fault: Fault) -> tuple[str, PatchedRun]:
    """A fault in words, and its run."""
    base, called = placed.called(fault.base), placed.called
    if isinstance(fault, Unmoved):
        decided = bool(placed.decisions(placed.runs.states[-1])[0][fault.base])
        rest = placed.others(fault.layer)
        kept = " and ".join(fault.kept)
        allowed = f"may carry {kept}, which the two inputs share, and nothing else" if kept else "may carry nothing"
        text = f"{' and '.join(rest)} {allowed}, and yet a decision changes"
        python = of_rest(placed, fault.base, fault.layer, fault.source)
        return text, PatchedRun(base, (Taken(rest, called(fault.source)),), decided, not decided, python=python)
    if isinstance(fault, Loose):
        decided = bool(placed.decisions(placed.runs.states[-1])[0][fault.base])
        what = tuple(map(placed.model.graph.name, placed.mapped))
        kept = " and ".join(fault.kept)
        allowed = f"may carry {kept}, which the two inputs share, and nothing else" if kept else "may carry nothing"
        text = f"everything but {' and '.join(what)} {allowed}, and yet a decision changes"
        python = of_kept(placed, fault.base, fault.source)
        return text, PatchedRun(called(fault.source), (Taken(what, base),), decided, not decided, python=python)
    sources: dict[int, list[str]] = {}
    for k, source in fault.forced:
        sources.setdefault(source, []).extend(placed.carrier_parts(k))
    patch = tuple(Taken(tuple(what), called(source)) for source, what in sources.items())
    names = " and ".join(placed.names[k] for k, _ in fault.forced)
    if fault.left is None:
        text = f"with {names} forced{' together' if len(fault.forced) > 1 else ''}, they do not"
        python = of_interchange(placed, fault.base, fault.forced)
        return text, PatchedRun(base, patch, fault.predicted, not fault.predicted, python=python)
    v, at = fault.left
    held = placed.carrier(v)
    text = (
        f"with {names} forced, {held} is left in a state that does not act as the value that {placed.names[v]} then has"
    )
    python = of_left(placed, fault.base, v, at, fault.forced)
    return text, PatchedRun(base, patch, fault.predicted, not fault.predicted, (held, called(at)), python)


def percent_of(value: Fraction) -> str:
    """A share as a percentage; what is not all is never rounded to all.

    Example:
        >>> percent_of(Fraction(13, 16)), percent_of(Fraction(1)), percent_of(Fraction(99999, 100000))
        ('81.25 %', '100 %', '99.99 %')
    """
    if value in (0, 1):
        return f"{100 * int(value)} %"
    return f"{min(99.99, max(0.01, 100 * float(value))):.4g} %"


def joint_agreement(placed: PlacedHypothesis, budget: int, bar: Progress = SILENT) -> Fraction | None:
    """The share of all interchanges of two or more variables at once, each from a source of its own, at every base, in
    which model and hypothesis agree; None for fewer than two variables, or where the budget does not allow it."""
    many = len(placed.names)
    if many < 2 or not Budget(budget).allows(joint_runs(many, placed.count) * STEPS_PER_RUN):
        return None
    return Fraction(*agreement(placed, range(2, many + 1), bar))
