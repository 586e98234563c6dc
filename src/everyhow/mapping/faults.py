"""Why a mapping does not pass a rung of the ladder, with the run that shows it."""

from collections.abc import Callable

from ..boolean.truth_table import row_name
from ..common.shares import percentage
from ..ladder import Counterexample, Fault
from ..model.behavior import Behavior
from ..model.graph import Graph
from ..model.model import Model
from .interchange import Disagreement, NearMiss, interference, try_jointly, try_transitively
from .mapping import Mapping
from .patterns import Patterns
from .placeable import placed_algorithm
from .signatures import Signatures

# What an input is called, by its number.
Names = Callable[[int], str]


def fault(
    rung: str, model: Model, found: Signatures, behavior: Behavior, mapping: Mapping, patterns: Patterns | None = None
) -> tuple[Fault | None, int]:
    """Why a mapping that passes the rungs before does not pass `ordered`, `joint`, `inert` or `transitive`; None when
    the mapping passes. With it comes how many of the runs that settle this lie on the decision boundary, those of the
    signatures aside. The inputs of the behavior have `patterns`, which are looked up when not given."""
    if rung == "ordered":
        return _unordered(mapping, model.graph), 0
    known = patterns or Patterns.of(behavior)
    if rung == "inert":
        return _interfered(found, behavior, mapping, known, model), 0
    tried = {"joint": try_jointly, "transitive": try_transitively}[rung]
    trial = tried(model, mapping, behavior.points, found.whole, known, found.decision)
    if trial.disagreement is None:
        return None, trial.ties
    return _disagreeing(trial.disagreement, mapping, model, behavior.name_of), trial.ties


def fault_of_near_miss(found: Signatures, miss: NearMiss, graph: Graph, behavior: Behavior | None = None) -> Fault:
    """An interchange of the worst variable of an algorithm that is not aligned with the model of this graph. The inputs
    of the signatures are those of `behavior`; when not given, the rows of a truth table."""
    algorithm, worst = miss.mapping.algorithm, miss.accuracies.index(miss.least)
    placed = placed_algorithm(algorithm, None if behavior is None else Patterns.of(behavior))
    name, neurons = placed.names[worst], miss.mapping.sets[worst]
    called: Names = (lambda row: row_name(row, algorithm.inputs)) if behavior is None else behavior.name_of
    needed, rows = placed.needed(worst), found.of(neurons)
    source = next(s for s, (a, b) in enumerate(zip(needed, rows, strict=True)) if a != b)
    wrong = needed[source] ^ rows[source]
    base = (wrong & -wrong).bit_length() - 1
    predicted = bool(needed[source] >> base & 1)
    given = ((neurons.names(graph), called(source)),)
    taken = ((name, called(source)),)
    experiment = _run(found.model, called(base), taken, predicted, not predicted, given)
    return Fault(f"the IIA of {name} in {neurons.named(graph)} is {percentage(float(miss.least))}", experiment)


def _unordered(mapping: Mapping, graph: Graph) -> Fault | None:
    if mapping.ordered:
        return None
    return Fault(f"a variable does not lie before the one that uses it ({mapping.named(graph)})")


def _run(
    model: Model,
    base: str,
    taken: tuple[tuple[str, str], ...],
    predicted: bool,
    decided: bool,
    given: tuple[tuple[tuple[str, ...], str], ...],
) -> Counterexample:
    """A run of a model that an algorithm gets wrong."""
    several = any(number > 1 for number in model.graph.numbers[1:-1])
    return Counterexample(base, taken, predicted, decided, given, model.kind, several)


def _disagreeing(found: Disagreement, mapping: Mapping, model: Model, called: Names) -> Fault:
    base, decided, graph = called(found.base), not found.predicted, model.graph
    taken = tuple((name, called(source)) for name, source in found.forced)
    given = tuple((mapping.sets[v].names(graph), source) for v, (_, source) in zip(found.which, taken, strict=True))
    if found.left is None:
        names = " and ".join(name for name, _ in taken)
        forced = f" when {names} {'are forced together' if len(taken) > 1 else 'is forced'}" if taken else ""
        text = f"{model.kind} and algorithm disagree{forced}"
        return Fault(text, _run(model, base, taken, bool(found.predicted), decided, given))
    name, at = found.left
    forced = " and ".join(f"{one} as at {source}" for one, source in taken)
    neurons = " and ".join(f"{' and '.join(each)} as on input {source}" for each, source in given)
    text = (
        f"at {called(at)} with {forced}, the {model.nodes} of {name} are left in a state that does not act as the "
        f"value that the algorithm then gives it"
    )
    left = ((mapping.sets[found.left_variable].names(graph), f"input {called(at)} with {neurons}"),)
    left_so = ((name, f"{called(at)} with {forced}"),)
    return Fault(text, _run(model, base, left_so, bool(found.predicted), decided, left))


def _interfered(
    found: Signatures, behavior: Behavior, mapping: Mapping, patterns: Patterns, model: Model
) -> Fault | None:
    interfering = interference(found, mapping, patterns)
    if interfering is None:
        return None
    neurons, base, graph = interfering.neurons, interfering.base, model.graph
    decided = bool(behavior.wanted[base, 0])
    source = behavior.name_of(interfering.source)
    carried = " and ".join(interfering.carried)
    allowed = f"may carry {carried}, in which source and base agree, and" if carried else "may carry nothing, and"
    names = neurons.names(graph)
    if interfering.all_others:
        # The run on the source in which the mapped nodes keep what they are at the base.
        at_base = behavior.name_of(base)
        taken = ((f"the mapped {model.nodes} ({neurons.named(graph)})", at_base),)
        experiment = _run(model, source, taken, decided, not decided, ((names, at_base),))
        return Fault(f"everything but {' and '.join(names)} {allowed} changes a decision", experiment)
    taken = ((f"the unmapped {model.nodes} ({neurons.named(graph)})", source),)
    experiment = _run(model, behavior.name_of(base), taken, decided, not decided, ((names, source),))
    return Fault(f"the unmapped {model.nodes} of layer {neurons.layer} {allowed} change a decision", experiment)
