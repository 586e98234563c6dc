"""Which circuits fall at each rung of the ladder, and the run that fells each."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

import numpy as np

from ..ladder import Counterexample, Fault
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.criterion import Criterion, most_paired, perfect, resample_faithful
from ..model.decision import decide
from ..model.model import Model
from ..model.runnable import ALONE
from .findings import CircuitFindings

# Circuits looked at in search of some that fall.
MOST_TRIED = 20_000
# And of those each of which takes a search for a larger one that is wrong.
MOST_SPOILT_TRIED = 1_000


def fallen(
    rung: str,
    model: Model,
    behavior: Behavior,
    findings: CircuitFindings,
    most: int,
) -> tuple[tuple[Circuit, Fault], ...]:
    """At most `most` of the circuits that pass all rungs before `rung` and not this one, each with its fault. Rungs
    that stand beside the others are not among those before.

    Minimal circuits come first; of others at most 20,000 are looked at. At the first rung the whole space could fall;
    there, circuits one edge smaller than a minimal one are shown.
    """
    alone = perfect(model, behavior, findings.asked.ablation)
    pairs = len(behavior.points) <= most_paired(model)
    faithfully = resample_faithful(model, behavior, findings.asked.ablation) if pairs else None
    finders = {
        "perfect": lambda: _imperfect(alone, findings),
        "resample_faithful": lambda: _unfaithful(alone, faithfully, findings),
        "hereditary": lambda: _spoilt(alone, faithfully, findings),
        "resample_faithful_minimal": lambda: _not_minimal(faithfully, findings),
        "resample_faithful_fewest_edges": lambda: _too_large(findings),
        "robust": lambda: _wrong_nearby(alone, findings, findings.asked.radius or 0.0),
    }
    return tuple(islice(finders[rung](), most))


def fault_of(criterion: Criterion[Model], circuit: Circuit, added: str = "") -> Fault | None:
    """The first scenario in which a circuit is wrong, where it is wrong too often; None when it meets the criterion.

    Args:
        criterion: what it is held to.
        circuit: what is run.
        added: what of it was added to a smaller one, which the fault is told of; nothing when it is its own.
    """
    behavior, model = criterion.behavior, criterion.model
    (received,) = model.run_circuits(circuit.on(model.graph).chosen[None], criterion.bases, criterion.ablated)
    bits, decided = decide(model.activated(received), criterion.decision, criterion.level, behavior.answers)
    wrong = (bits != criterion.wanted) | ~decided
    failing = wrong.any(axis=1)
    if behavior.within is not None:
        failing |= (np.abs(received - criterion.near[criterion.base]) > behavior.within).any(axis=1)
    part = np.cumsum(criterion.opens) - 1
    errors = np.bincount(part, failing * criterion.weights)
    if not (errors > criterion.allowed).any():
        return None
    scenario = int(np.flatnonzero(failing & (errors > criterion.allowed)[part])[0])
    source = int(criterion.source[scenario])
    at, sources = behavior.name_of(int(criterion.base[scenario])), ()
    settings = [f"{added} added"] if added else []
    if source != ALONE:
        sources = (("every edge outside it", behavior.name_of(source)),)
        settings.append(f"the other edges as at {sources[0][1]}")
    elif criterion.unsourced:
        settings.append(criterion.unsourced)
    setting = f"with {' and '.join(settings)}" if settings else "alone"
    elsewhere = ""
    if behavior.epsilon:
        elsewhere = f", and not only there: its circuit error is {errors[part[scenario]]:.4g}"
    if not wrong[scenario].any():
        return Fault(f"{setting}, its output is too far from the network's at {at}{elsewhere}")
    text = f"{setting}, it decides otherwise at {at}{elsewhere}"
    if not decided[scenario].all():
        return Fault(f"{text}: its output is not a bit")
    wanted = bool(criterion.wanted[scenario, np.flatnonzero(wrong[scenario])[0]])
    return Fault(text, Counterexample(at, sources, wanted, not wanted))


def _imperfect(alone: Criterion[Model], findings: CircuitFindings) -> Iterator[tuple[Circuit, Fault]]:
    seen = set()
    for circuit in findings.minimal or ():
        for smaller in filter(None, map(circuit.without, circuit.edges)):
            fault = fault_of(alone, smaller)
            if fault is not None and smaller not in seen:
                seen.add(smaller)
                yield smaller, fault


def _unfaithful(
    alone: Criterion[Model], faithfully: Criterion[Model] | None, findings: CircuitFindings
) -> Iterator[tuple[Circuit, Fault]]:
    if faithfully is None:
        return
    minimal: Sequence[Circuit] = findings.minimal or ()
    search = alone.model.search(alone)
    listed = search.beyond(alone.model.search(faithfully)) if findings.faithful else None
    if listed is None:
        listed = search.circuits() if alone.model.listable else iter(())
    known = set(minimal)
    others = (circuit for circuit in islice(listed, MOST_TRIED) if circuit not in known)
    for candidates in (minimal, others):
        for circuit in candidates:
            fault = fault_of(faithfully, circuit)
            if fault is not None:
                yield circuit, fault


def _spoilt(
    alone: Criterion[Model], faithfully: Criterion[Model] | None, findings: CircuitFindings
) -> Iterator[tuple[Circuit, Fault]]:
    """Circuits that a larger one spoils, with one that has the fewest edges more."""
    if faithfully is None:
        return
    left, search = findings.survivors, alone.model.search(alone)
    if left.get("hereditary") == left["resample_faithful"]:
        return
    minimal: Sequence[Circuit] = findings.faithful_minimal or ()
    known = set(minimal)
    others = islice(alone.model.search(faithfully).circuits(), MOST_SPOILT_TRIED)
    for circuit in chain(minimal, (circuit for circuit in others if circuit not in known)):
        bits = search.spoiler(circuit.bits)
        if bits is not None:
            larger = search.circuit(bits)
            fault = fault_of(alone, larger, _names_of_more(circuit, larger))
            if fault is not None:
                yield circuit, fault


def _names_of_more(circuit: Circuit, larger: Circuit) -> str:
    """The edges that a larger circuit has beside those of a circuit, in words."""
    own = set(circuit.edges)
    *names, last = [larger.graph.name(edge) for edge in larger.edges if edge not in own]
    return f"{', '.join(names)} and {last}" if names else last


def _not_minimal(faithfully: Criterion[Model] | None, findings: CircuitFindings) -> Iterator[tuple[Circuit, Fault]]:
    minimal = findings.faithful_minimal or ()
    if faithfully is None or not minimal or not faithfully.model.listable:
        return
    for circuit in islice(faithfully.model.search(faithfully).circuits(), MOST_TRIED):
        inside = next((small for small in minimal if small != circuit and small.is_within(circuit)), None)
        if inside is not None:
            yield circuit, Fault(f"a circuit of {len(inside)} edges inside it passes as well")


def _wrong_nearby(alone: Criterion[Model], findings: CircuitFindings, radius: float) -> Iterator[tuple[Circuit, Fault]]:
    for circuit in findings.smallest_faithful:
        fault = alone.model.fault_around(circuit, alone.behavior, radius)
        if fault is not None:
            yield circuit, fault


def _too_large(findings: CircuitFindings) -> Iterator[tuple[Circuit, Fault]]:
    minimal = findings.faithful_minimal or ()
    fewest = min(map(len, minimal), default=0)
    for circuit in minimal:
        if len(circuit) > fewest:
            yield circuit, Fault(f"it has {len(circuit)} edges; {fewest} are enough")
