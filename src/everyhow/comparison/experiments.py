"""Experiments that show how two networks differ: one run in both, with the same neurons at the same values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..circuit.faults import fault_of
from ..hypotheses.climbing import PatchedRun, Taken, climb
from ..hypotheses.hypothesis import hypothesis
from ..hypotheses.understanding import Understood, in_model, placed_in
from ..ladder import Fault
from ..mapping.mapping import Mapping
from ..mapping.signatures import NeuronSet, Signatures
from ..model.circuit import Circuit
from ..model.criterion import perfect, resample_faithful
from ..model.decision import decide, level_for
from ..model.graph import Graph, Node
from ..model.runnable import Intervention
from .matching import Matching
from .side import Part, Side


@dataclass(frozen=True)
class Shown:
    """One experiment, made in both networks.

    Attributes:
        base: the input of the runs.
        patches: of each network, what takes its values from which input; nothing where the whole network runs.
        predicted: what the explanation says that only one of them has; None where no explanation is meant.
        decided: what each network decides.
        left: what is held in the state that the patch leaves it in, and at which input, of each network; see
            `PatchedRun`.
    """

    base: str
    patches: tuple[tuple[Taken, ...], tuple[Taken, ...]]
    predicted: bool | None
    decided: tuple[bool, bool]
    left: tuple[tuple[str, str], tuple[str, str]] | None = None

    def document(self) -> dict[str, Any]:
        """The experiment as plain values."""
        patches = [[{"what": list(taken.what), "from": taken.source} for taken in patch] for patch in self.patches]
        found = {"input": self.base, "patch_first": patches[0], "patch_second": patches[1],
                 "predicted": self.predicted, "first": self.decided[0], "second": self.decided[1]}  # fmt: skip
        if self.left is None:
            return found
        kept = [{"what": what, "at": at} for what, at in self.left]
        return found | {"kept_first": kept[0], "kept_second": kept[1]}


@dataclass(frozen=True)
class Fallen:
    """An explanation of one network that the other does not have.

    Attributes:
        owner: which of the two has it: 0 the first, 1 the second.
        mapping: the explanation, as it is in that network.
        rung: the strictest rung that it passes there.
        elsewhere: the same explanation at the matched neurons of the other.
        fell: the rung at which it falls there.
        reason: why, in words.
        shown: the run that shows it, where one does.
    """

    owner: int
    mapping: Mapping
    rung: str
    elsewhere: Mapping
    fell: str | None
    reason: str | None
    shown: Shown | None


@dataclass(frozen=True)
class Interchanges:
    """All interchanges of groups of neurons of one layer, in both networks: a group takes its values from an input.

    Attributes:
        number: how many there are: every group, every source, every base.
        alike: in how many of them both networks decide alike.
        first: the cheapest at which they do not: fewest neurons, then the earliest layer; None where there is none.
    """

    number: int
    alike: int
    first: Shown | None


def interchanges(one: Part, other: Part, found: tuple[Signatures, Signatures], matching: Matching) -> Interchanges:
    """Every interchange of a group of neurons of one layer, in both networks."""
    inputs = len(one.behavior.points)
    number = alike = 0
    cheapest: tuple[int, int, tuple[int, ...], int, int] | None = None
    for neurons, rows in found[0].items():
        theirs = found[1].of(matching.neurons(neurons))
        number += inputs**2
        wrong = [a ^ b for a, b in zip(rows, theirs, strict=True)]
        alike += inputs**2 - sum(each.bit_count() for each in wrong)
        for source, each in enumerate(wrong):
            if each:
                base = (each & -each).bit_length() - 1
                this = (len(neurons.neurons), neurons.layer, neurons.neurons, source, base)
                cheapest = this if cheapest is None else min(cheapest, this)
    if cheapest is None:
        return Interchanges(number, alike, None)
    _, layer, members, source, base = cheapest
    neurons = NeuronSet(layer, members)
    own = [(neurons, source)]
    moved = [(matching.neurons(neurons), source)]
    decided = decided_with(one, base, own), decided_with(other, base, moved)
    patches = _taken(one, own), _taken(other, moved)
    return Interchanges(number, alike, Shown(one.behavior.name_of(base), patches, None, decided))


def decided_with(part: Part, base: int, groups: Sequence[tuple[NeuronSet, int]]) -> bool:
    """What a network decides at an input when groups of neurons hold what they hold at others."""
    points = part.behavior.points
    states = part.network.states(points)
    held = [
        Intervention(neurons.layer, neurons.neurons, states[neurons.layer][[source]][:, list(neurons.neurons)])
        for neurons, source in groups
    ]
    outputs = part.network.run(points[[base]], held)
    level = level_for(part.network, part.behavior.decision)
    bits = decide(outputs, part.behavior.decision, level)[0]
    return bool(bits[0, -1])


def _taken(part: Part, groups: Sequence[tuple[NeuronSet, int]]) -> tuple[Taken, ...]:
    graph, called = part.network.graph, part.behavior.name_of
    return tuple(Taken(neurons.names(graph), called(source)) for neurons, source in groups)


def falls(mapping: Mapping, rung: str, owner: int, parts: tuple[Part, Part], matching: Matching, budget: int) -> Fallen:
    """Where an explanation of one network falls in the other, and the run that shows it, made in both.

    Args:
        mapping: the explanation, in its own network.
        rung: the strictest rung that it passes there.
        owner: 0 where it is one of the first network, 1 of the second.
        parts: the first network and the second.
        matching: of the first to the second.
        budget: in candidate evaluations.
    """
    there = matching if owner == 0 else matching.back
    own, other = parts[owner], parts[1 - owner]
    elsewhere = there.mapping(mapping)
    found = other.findings.mappings and other.findings.mappings.signatures
    if found is None:
        return Fallen(owner, mapping, rung, elsewhere, None, None, None)
    asked, stated = Understood(other.network, other.behavior, None), hypothesis(elsewhere)
    carriers = [one for one in in_model(asked, stated) if one is not None]
    climbed = climb(placed_in(asked, stated, carriers, found), found, budget)
    run = climbed.run
    shown = None if run is None else _in_both(run, own, other, there.back, owner)
    return Fallen(owner, mapping, rung, elsewhere, climbed.fell, climbed.reason, shown)


def _in_both(run: PatchedRun, own: Part, other: Part, back: Matching, owner: int) -> Shown:
    """A run of one network, made in the other as well; `own` has the explanation."""
    number = {other.behavior.name_of(k): k for k in range(len(other.behavior.points))}
    there, here = other.network.graph, own.network.graph
    groups = [(nodes, number[taken.source]) for taken in run.patch for nodes in _by_layer(there, taken.what)]
    ours = [(back.neurons(neurons), source) for neurons, source in groups]
    patches = _joined(own, ours), _joined(other, groups)
    if run.left is None:
        got = decided_with(own, number[run.base], ours), decided_with(other, number[run.base], groups)
        left = None
    else:
        # It passes the rung in its own network, which then does what it says.
        got = run.predicted, run.decided
        what, at = run.left
        left = (" + ".join(_back(name, there, here, back) for name in what.split(" + ")), at), (what, at)
    order = (0, 1) if owner == 0 else (1, 0)
    both = tuple(patches[k] for k in order), tuple(got[k] for k in order)
    kept = None if left is None else tuple(left[k] for k in order)
    return Shown(run.base, both[0], run.predicted, both[1], kept)  # type: ignore[arg-type]


def _back(name: str, there: Graph, here: Graph, back: Matching) -> str:
    node = next(node for node in there.nodes if there.name(node) == name)
    return here.name(back.node(node))


def _by_layer(graph: Graph, names: Sequence[str]) -> Iterator[NeuronSet]:
    """Neurons by name, as a set for each layer."""
    stages: dict[int, list[int]] = {}
    for stage, called in enumerate(graph.names):
        for place, name in enumerate(called):
            if name in names:
                stages.setdefault(stage, []).append(place)
    for stage, places in stages.items():
        yield NeuronSet(stage, tuple(places))


def _joined(part: Part, groups: Sequence[tuple[NeuronSet, int]]) -> tuple[Taken, ...]:
    """What takes its values from where, each input once."""
    found: dict[str, list[str]] = {}
    for taken in _taken(part, groups):
        found.setdefault(taken.source, []).extend(taken.what)
    return tuple(Taken(tuple(what), source) for source, what in found.items())


def whole_runs(one: Side, other: Side, output: int) -> Shown | None:
    """The first input at which two networks, run whole, decide otherwise; None where there is none."""
    wrong = np.flatnonzero(one.decided[:, output] != other.decided[:, output])
    if not len(wrong):
        return None
    row = int(wrong[0])
    decided = bool(one.decided[row, output]), bool(other.decided[row, output])
    return Shown(one.behavior.name_of(row), ((), ()), None, decided)


@dataclass(frozen=True)
class FallenCircuit:
    """A circuit of one network that the other does not have.

    Attributes:
        owner: which of the two has it: 0 the first, 1 the second.
        kind: of the circuit.
        circuit: as it is in that network.
        missing: the edges that the other does not have, by their names there.
        fault: why the same edges of the other do not decide right; None where one is missing, or where they do decide
            right, and fewer are enough.
    """

    owner: int
    kind: str
    circuit: Circuit
    missing: tuple[str, ...]
    fault: Fault | None


def falls_as_circuit(
    circuit: Circuit, kind: str, owner: int, sides: tuple[Side, Side], matching: Matching
) -> FallenCircuit:
    """Why a circuit of one network is not one of the same kind in the other."""
    there, other = matching if owner == 0 else matching.back, sides[1 - owner]
    graph = other.network.graph
    missing = tuple(graph_name(graph, edge.parent, edge.child) for edge in there.missing(circuit, graph))
    moved = there.circuit(circuit, graph)
    if moved is None:
        return FallenCircuit(owner, kind, circuit, missing, None)
    criteria = [perfect(other.network, other.behavior)]
    if kind.startswith("resample"):
        criteria.append(resample_faithful(other.network, other.behavior))
    for criterion in criteria:
        fault = fault_of(criterion, moved)
        if fault is not None:
            return FallenCircuit(owner, kind, circuit, (), fault)
    return FallenCircuit(owner, kind, circuit, (), None)


def graph_name(graph: Graph, parent: Node, child: Node) -> str:
    """What an edge is called that a graph need not have."""
    return f"{graph.name(parent)}→{graph.name(child)}"
