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
        return _interfered(found, behavior, mapping, known, model.graph), 0
    tried = {"joint": try_jointly, "transitive": try_transitively}[rung]
    trial = tried(model, mapping, behavior.points, found.whole, known, found.decision)
    if trial.disagreement is None:
        return None, trial.ties
    return _disagreeing(trial.disagreement, mapping, model.graph, behavior.name_of), trial.ties


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
    experiment = Counterexample(called(base), ((name, called(source)),), predicted, not predicted, given)
    return Fault(f"the IIA of {name} in {neurons.named(graph)} is {percentage(float(miss.least))}", experiment)


def _unordered(mapping: Mapping, graph: Graph) -> Fault | None:
    if mapping.ordered:
        return None
    return Fault(f"a variable does not lie before the one that uses it ({mapping.named(graph)})")


def _disagreeing(found: Disagreement, mapping: Mapping, graph: Graph, called: Names) -> Fault:
    base, decided = called(found.base), not found.predicted
    taken = tuple((name, called(source)) for name, source in found.forced)
    given = tuple((mapping.sets[v].names(graph), source) for v, (_, source) in zip(found.which, taken, strict=True))
    if found.left is None:
        names = " and ".join(name for name, _ in taken)
        forced = f" when {names} {'are forced together' if len(taken) > 1 else 'is forced'}" if taken else ""
        text = f"network and algorithm disagree{forced}"
        return Fault(text, Counterexample(base, taken, found.predicted, decided, given))
    name, at = found.left
    forced = " and ".join(f"{one} as at {source}" for one, source in taken)
    neurons = " and ".join(f"{' and '.join(each)} as on input {source}" for each, source in given)
    text = (
        f"at {called(at)} with {forced}, the neurons of {name} are left in a state that does not act as the value that "
        f"the algorithm then gives it"
    )
    left = ((mapping.sets[found.left_variable].names(graph), f"input {called(at)} with {neurons}"),)
    experiment = Counterexample(base, ((name, f"{called(at)} with {forced}"),), found.predicted, decided, left)
    return Fault(text, experiment)


def _interfered(
    found: Signatures, behavior: Behavior, mapping: Mapping, patterns: Patterns, graph: Graph
) -> Fault | None:
    interfering = interference(found, mapping, patterns)
    if interfering is None:
        return None
    neurons, base = interfering.neurons, interfering.base
    decided = bool(behavior.wanted[base, 0])
    source = behavior.name_of(interfering.source)
    taken = ((f"the unmapped neurons ({neurons.named(graph)})", source),)
    given = ((neurons.names(graph), source),)
    experiment = Counterexample(behavior.name_of(base), taken, decided, not decided, given)
    carried = " and ".join(interfering.carried)
    allowed = f"may carry {carried}, in which source and base agree, and" if carried else "may carry nothing, and"
    return Fault(f"the unmapped neurons of layer {neurons.layer} {allowed} change a decision", experiment)
