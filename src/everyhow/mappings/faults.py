"""Why a mapping does not pass a rung of the ladder, with the experiment that fells it."""

from ..behavior import Behavior
from ..boolean.truth_table import row_name
from ..ladder import Counterexample, Fault
from ..network import Network
from .alignment import needed_rows
from .interchange import NearMiss, disagreement, interference
from .mapping import Mapping
from .signatures import Signatures


def fault(rung: str, network: Network, found: Signatures, behavior: Behavior, mapping: Mapping) -> Fault | None:
    """Why a mapping that passes the rungs before does not pass `ordered`, `joint` or `inert`; None when it does."""
    faults = {
        "ordered": lambda: _unordered(mapping),
        "joint": lambda: _disagreeing(network, behavior, mapping),
        "inert": lambda: _interfered(found, behavior, mapping),
    }
    return faults[rung]()


def fault_of_near_miss(found: Signatures, miss: NearMiss) -> Fault:
    """An interchange of the worst variable of an algorithm that is not aligned."""
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
    return Fault(f"the IIA of {variable.name} in {neurons} is {float(miss.least):.4f}", experiment)


def _unordered(mapping: Mapping) -> Fault | None:
    return None if mapping.ordered else Fault(f"a variable does not lie before the one that uses it ({mapping})")


def _disagreeing(network: Network, behavior: Behavior, mapping: Mapping) -> Fault | None:
    experiment = disagreement(network, mapping, behavior.points)
    if experiment is None:
        return None
    inputs = mapping.algorithm.inputs
    sources, base, predicted = experiment
    taken = tuple((variable.name, row_name(row, inputs)) for variable, row in sources)
    forced = " and ".join(f"{name} as at {row}" for name, row in taken)
    text = f"with {forced}, network and algorithm disagree at {row_name(base, inputs)}"
    return Fault(text, Counterexample(row_name(base, inputs), taken, predicted, not predicted))


def _interfered(found: Signatures, behavior: Behavior, mapping: Mapping) -> Fault | None:
    interfering = interference(found, mapping)
    if interfering is None:
        return None
    neurons, source, base = interfering
    inputs = mapping.algorithm.inputs
    decided = bool(behavior.wanted[base, 0])
    taken = ((f"the unmapped neurons ({neurons})", row_name(source, inputs)),)
    experiment = Counterexample(row_name(base, inputs), taken, decided, not decided)
    return Fault(f"the unmapped neurons of layer {neurons.layer} change a decision", experiment)
