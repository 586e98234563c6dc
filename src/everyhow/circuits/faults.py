"""Which circuits fall at each rung of the ladder, and the run that fells each."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from ..behavior import Behavior, Decision, decide
from ..boolean.truth_table import row_name
from ..ladder import Counterexample, Fault
from ..network import Network
from .circuit import Circuit
from .criterion import Criterion, perfect, resample_faithful
from .findings import CircuitFindings
from .listing import is_listable, list_circuits

# Circuits looked at in search of some that fall.
MOST_TRIED = 20_000


def fallen(
    rung: str, network: Network, behavior: Behavior, decision: Decision, findings: CircuitFindings, most: int
) -> tuple[tuple[Circuit, Fault], ...]:
    """At most `most` of the circuits that pass all rungs before `rung` and not this one, each with its fault.

    Circuits that are minimal come before others; beyond them at most 20,000 circuits are looked at. The first rung
    sorts the whole space; what falls there is shown by circuits one edge smaller than a minimal one.
    """
    finders = {
        "perfect": _imperfect,
        "resample_faithful": _unfaithful,
        "resample_faithful_minimal": _not_minimal,
        "resample_faithful_fewest_edges": _too_large,
    }
    return tuple(islice(finders[rung](network, behavior, decision, findings), most))


def fault_of(criterion: Criterion, circuit: Circuit) -> Fault | None:
    """The first scenario in which a circuit does not make the wanted decisions; None when it meets the criterion."""
    network = criterion.network
    outputs = network.run_circuit(criterion.bases, circuit, criterion.ablated)[-1]
    bits, decided = decide(outputs, criterion.decision)
    wrong = ((bits != criterion.wanted) | ~decided) & criterion.required
    if not wrong.any():
        return None
    scenario, output = (int(k) for k in np.argwhere(wrong)[0])
    inputs, rows = network.widths[0], 1 << network.widths[0]
    base, source = (scenario, None) if scenario < rows else divmod(scenario - rows, rows)
    at, sources = row_name(base, inputs), ()
    text = f"alone, it decides otherwise at {at}"
    if source is not None:
        sources = (("every edge outside it", row_name(source, inputs)),)
        text = f"amid what the other edges carry at {sources[0][1]}, it decides otherwise at {at}"
    if not decided[scenario, output]:
        return Fault(f"{text}: its output is no bit")
    wanted = bool(criterion.wanted[scenario, output])
    return Fault(text, Counterexample(at, sources, wanted, not wanted))


def _imperfect(network: Network, behavior: Behavior, decision: Decision, findings: CircuitFindings) -> Iterator:
    criterion = perfect(network, behavior, decision)
    seen = set()
    for circuit in findings.minimal or ():
        for smaller in filter(None, map(circuit.without, circuit.edges)):
            fault = fault_of(criterion, smaller)
            if fault is not None and smaller not in seen:
                seen.add(smaller)
                yield smaller, fault


def _unfaithful(network: Network, behavior: Behavior, decision: Decision, findings: CircuitFindings) -> Iterator:
    criterion = resample_faithful(network, behavior, decision)
    minimal: Sequence[Circuit] = findings.minimal or ()
    listed = list_circuits(perfect(network, behavior, decision)) if is_listable(network) else iter(())
    known = set(minimal)
    others = (circuit for circuit in islice(listed, MOST_TRIED) if circuit not in known)
    for candidates in (minimal, others):
        for circuit in candidates:
            fault = fault_of(criterion, circuit)
            if fault is not None:
                yield circuit, fault


def _not_minimal(network: Network, behavior: Behavior, decision: Decision, findings: CircuitFindings) -> Iterator:
    minimal = findings.faithful_minimal or ()
    if not minimal or not is_listable(network):
        return
    for circuit in islice(list_circuits(resample_faithful(network, behavior, decision)), MOST_TRIED):
        inside = next((small for small in minimal if small != circuit and small.is_within(circuit)), None)
        if inside is not None:
            yield circuit, Fault(f"a circuit of {len(inside)} edges inside it passes as well")


def _too_large(network: Network, behavior: Behavior, decision: Decision, findings: CircuitFindings) -> Iterator:
    minimal = findings.faithful_minimal or ()
    fewest = min(map(len, minimal), default=0)
    for circuit in minimal:
        if len(circuit) > fewest:
            yield circuit, Fault(f"it has {len(circuit)} edges; {fewest} are enough")
