"""Why a mapping does not pass a rung of the ladder, with the experiment that fells it."""

from ..boolean.truth_table import row_name
from ..ladder import Counterexample, Fault
from ..model.behavior import Behavior
from ..model.graph import Graph
from ..model.model import Model
from .alignment import needed_rows
from .interchange import Disagreement, NearMiss, interference, try_jointly, try_transitively
from .mapping import Mapping
from .signatures import Signatures


def fault(rung: str, model: Model, found: Signatures, behavior: Behavior, mapping: Mapping) -> tuple[Fault | None, int]:
    """Why a mapping that passes the rungs before does not pass `ordered`, `joint`, `inert` or `transitive`; None when
    it does. And how many runs that settle this lie on the decision boundary, beside those of the signatures."""
    if rung == "ordered":
        return _unordered(mapping, model.graph), 0
    if rung == "inert":
        return _interfered(found, behavior, mapping, model.graph), 0
    trial = {"joint": try_jointly, "transitive": try_transitively}[rung](model, mapping, behavior.points, found.whole)
    return trial.disagreement and _disagreeing(mapping, trial.disagreement), trial.ties


def fault_of_near_miss(found: Signatures, miss: NearMiss, graph: Graph) -> Fault:
    """An interchange of the worst variable of an algorithm that is not aligned with the model of this graph."""
    variables, worst = miss.mapping.algorithm.variables, miss.accuracies.index(miss.least)
    variable, neurons = variables[worst], miss.mapping.sets[worst]
    inputs = miss.mapping.algorithm.inputs
    needed, rows = needed_rows(variable, inputs), found.of(neurons)
    source = next(s for s, (a, b) in enumerate(zip(needed, rows, strict=True)) if a != b)
    wrong = needed[source] ^ rows[source]
    base = (wrong & -wrong).bit_length() - 1
    predicted = bool(needed[source] >> base & 1)
    taken = ((variable.name, row_name(source, inputs)),)
    experiment = Counterexample(row_name(base, inputs), taken, predicted, not predicted)
    return Fault(f"the IIA of {variable.name} in {neurons.named(graph)} is {float(miss.least):.4f}", experiment)


def _unordered(mapping: Mapping, graph: Graph) -> Fault | None:
    if mapping.ordered:
        return None
    return Fault(f"a variable does not lie before the one that uses it ({mapping.named(graph)})")


def _disagreeing(mapping: Mapping, found: Disagreement) -> Fault:
    inputs = mapping.algorithm.inputs
    base, decided = row_name(found.base, inputs), not found.predicted
    taken = tuple((variable.name, row_name(row, inputs)) for variable, row in found.forced)
    forced = " and ".join(f"{name} as at {row}" for name, row in taken)
    if found.left is None:
        text = f"with {forced}, network and algorithm disagree at {base}"
        return Fault(text, Counterexample(base, taken, found.predicted, decided))
    variable, at = found.left
    left = f"{row_name(at, inputs)} with {forced}"
    text = (
        f"at {left}, the neurons of {variable.name} are left in a state that does not act as the value that the "
        f"algorithm then gives it"
    )
    return Fault(text, Counterexample(base, ((variable.name, left),), found.predicted, decided))


def _interfered(found: Signatures, behavior: Behavior, mapping: Mapping, graph: Graph) -> Fault | None:
    interfering = interference(found, mapping)
    if interfering is None:
        return None
    neurons, base, inputs = interfering.neurons, interfering.base, mapping.algorithm.inputs
    decided = bool(behavior.wanted[base, 0])
    taken = ((f"the unmapped neurons ({neurons.named(graph)})", row_name(interfering.source, inputs)),)
    experiment = Counterexample(row_name(base, inputs), taken, decided, not decided)
    carried = " and ".join(interfering.carried)
    allowed = f"may carry {carried}, in which source and base agree, and" if carried else "may carry nothing, and"
    return Fault(f"the unmapped neurons of layer {neurons.layer} {allowed} change a decision", experiment)
