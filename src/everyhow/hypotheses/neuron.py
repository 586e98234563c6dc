"""Everything that one neuron can be read as: over circuits, as a variable of algorithms, and in codes."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from ..boolean.algorithm_formulas import parse_function
from ..boolean.algorithms import Algorithm
from ..boolean.gates import GATES
from ..boolean.truth_table import TruthTable
from ..circuit.findings import COUNTING, counting_steps
from ..common.arguments import checked_budget, quoted
from ..common.budget import DEFAULT_BUDGET, Budget
from ..common.errors import InputError
from ..common.execution import IN_THREADS
from ..common.notes import NO_NOTES, Notes
from ..common.progress import Progress
from ..common.spoken import joined
from ..importing.door import as_model
from ..interpretation.interpretations import Interpretations, unread
from ..mapping.choices import count_choices
from ..mapping.findings import RUNGS, MappingFindings, examine_mappings
from ..mapping.mapping import Mapping
from ..mapping.placeable import options, placed_algorithm
from ..mapping.signatures import NeuronSet
from ..model.criterion import perfect
from ..model.graph import Graph, Node
from ..model.patching import hidden_node
from ..model.reading import MOST_INPUTS as MOST_READ_INPUTS
from ..model.reading import ReadingRule
from ..model.task import parse_task
from ..readout.readout import Readout, Signals, readable_signals
from ..readout.signal import signal_of
from .carriers import carrier_of
from .neuron_readings import NeuronReadings, ReadAs, StandsFor
from .placed import varying
from .rivals import largest_depth
from .understanding import Understood, understood
from .weighing import alone_as

# Of more perfect circuits than the first number, the second is drawn.
MOST_READ, DRAWN = 2000, 400
# A coefficient that is smaller, relative to the largest of its code, is not counted as part of the code.
PART = 1e-3


def neuron(
    network: Any,
    name: str,
    task: Any = None,
    *,
    read_as: Any = None,
    decision: str | None = None,
    depth: int | None = None,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
) -> NeuronReadings:
    """Everything that one neuron can be read as.

    Over circuits: the readings that the interpretations of all perfect circuits give it (of more than 2,000 circuits,
    those of a uniform sample of 400). As a variable: the functions for which it is among the neurons of a minimal
    mapping of an aligned algorithm. In codes: the Boolean signals of its layer in whose code it has a part.

    Cost: that of counting circuits and of aligning algorithms, and milliseconds for each circuit that is read.

    Args:
        network: the network, or what `audit` would import.
        name: what the neuron is called, such as h1.2.
        task: what the model was meant to compute; a Behavior with features for data.
        read_as: a function, such as "AND(A,B)", about which is asked whether the neuron can be read as it, and whether
            that is the only reading.
        decision: `argmax` where two outputs stand for two classes.
        depth: the largest depth of the algorithms; as in an audit when not given.
        budget: candidate evaluations allowed.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: a neuron that is not there, a function of other inputs, or a model of sequences without a behavior.

    Example:
        >>> import everyhow as eh
        >>> found = neuron(eh.xornet(), "h1.2", read_as="AND(A,B)")
        >>> found.read, found.only, [(one.name, one.circuits) for one in found.read_as]
        (True, False, [('AND(A,B)', 1), ('OR(A,B)', 1)])
    """
    budget = checked_budget(budget)
    origin = as_model(network).origin
    if task is None and origin is not None and origin.of_real_numbers:
        raise InputError(
            f"the network was imported with {origin.checked_on}, and without a behavior the neuron would be read where "
            "inputs are 0 and 1: give one with bits that are known of each point, eh.neuron(network, name, "
            "eh.Behavior.of_network(network, points, features=bits))"
        )
    asked = understood(network, task, decision)
    if not isinstance(name, str):
        raise InputError(f"the neuron is {quoted(name)}; give its name, such as h1.0")
    node = _node(asked.model.graph, name.strip())
    function = None if read_as is None else _function(read_as, asked.inputs)
    depth = largest_depth(asked, depth)
    with Progress(progress).doing("reading the neuron"):
        mappings = examine_mappings(asked.model, asked.behavior, depth, budget)
        readable, beside = _readable(asked, node)
        circuits, perfect_number, using, readings, notes = _over_circuits(asked, node, budget, Progress(progress))
    runs = asked.model.runs(asked.behavior.points)
    states = runs.states[node.stage][:, node.place]
    # What is 0 has no sign.
    holds = {asked.behavior.name_of(k): float(np.linalg.norm(value)) if np.ndim(value) else float(value) + 0.0
             for k, value in enumerate(states)}  # fmt: skip
    alone = None
    if function is not None and mappings.signatures is not None:
        alone = alone_as(asked, mappings.signatures, NeuronSet(node.stage, (node.place,)), function, depth)
    name = asked.model.graph.name(node)
    return NeuronReadings(
        asked.model, asked.behavior, node, name, holds, circuits, perfect_number, using, readings,
        None if mappings.aligned is None else depth, _standing_for(mappings, node),
        () if readable is None else _with_part(readable, node), 0 if readable is None else len(readable),
        readable is not None and readable.reads_all, node.place in varying(runs, asked.model.graph, node.stage),
        function, alone, notes + beside + Notes(mappings.refused, mappings.beyond),
    )  # fmt: skip


def _node(graph: Graph, name: str) -> Node:
    """The neuron of a name.

    Raises:
        InputError: there is no such neuron, or there are several.
    """
    match = carrier_of(name, "the question") if "+" in name or "," in name or " " in name else None
    if match is not None:
        several = joined(match.names)
        raise InputError(
            f"the question is about one neuron, and {quoted(name)} names {several}; ask about one of them, or state a "
            f'hypothesis with all of them as the place of a variable, such as "AND(A,B)" = "{match}", and test it '
            f"(everyhow test, eh.test)"
        )
    return hidden_node(graph, name, "the question")


def _function(given: Any, inputs: int) -> TruthTable:
    """The function that somebody asks about.

    Raises:
        InputError: it is not one, or is of other inputs.
    """
    if not isinstance(given, str):
        (table,) = parse_task(given, inputs).tables[:1]
        return table
    if given.strip().isdecimal() or given.strip().partition(":")[0].upper() in GATES:
        return parse_task(given.strip(), inputs).tables[0]
    return parse_function(given, inputs)


def _over_circuits(
    asked: Understood, node: Node, budget: Budget, bar: Progress
) -> tuple[int, int | None, int, tuple[ReadAs, ...], Notes]:
    """How many perfect circuits were looked at, how many there are, how many of the former use the neuron, and what
    they read it as."""
    model, behavior = asked.model, asked.behavior
    rule = ReadingRule(decision=behavior.decision)
    why, read = model.uncountable, model.interpretation_counts((), behavior.points, rule) is not None
    if read and len(behavior.points) > MOST_READ_INPUTS:
        why = f"interpretations are counted over at most {MOST_READ_INPUTS} inputs, not {len(behavior.points):,}"
    elif why is None and not model.listable:
        why = f"the circuits of this {model.kind} are too many to be listed"
    if why:
        return 0, None, 0, (), Notes(beyond=(why,))
    search = model.search(perfect(model, behavior))
    steps = counting_steps(model, len(behavior.points))[COUNTING]
    refused = search.refusal("counting the perfect circuits", steps, budget)
    if refused:
        return 0, None, 0, (), Notes(refused=(refused,))
    count = search.count(replace(IN_THREADS, progress=bar))
    number = count.between[1]
    ties = () if count.certified else ("in some circuits rounding decides whether they are perfect",)
    if not read:
        usage = search.usage()
        return usage.circuits, usage.circuits, usage.neurons[node], (), Notes(beyond=(unread(model),), ties=ties)
    circuits = list(search.circuits()) if number <= MOST_READ else list(search.sample(DRAWN))
    using, in_circuits, readings = 0, Counter[int](), Counter[int]()
    for circuit in bar.track(circuits, len(circuits), "circuits"):
        if not any(edge.child == node for edge in circuit.edges):
            continue
        using += 1
        found = Interpretations(model, circuit, behavior.points, rule).readings_by_number.get(
            (node.stage, node.place), {}
        )
        in_circuits.update(found.keys())
        readings.update(found)
    kept = [
        ReadAs(
            signal_of(behavior, np.array([bool(bits >> k & 1) for k in range(len(behavior.points))])),
            those,
            readings[bits],
        )
        for bits, those in in_circuits.items()
    ]
    ordered = sorted(kept, key=lambda one: (-one.circuits, -one.interpretations, str(one.table)))
    return len(circuits), number, using, tuple(ordered), Notes(ties=ties)


def _standing_for(mappings: MappingFindings, node: Node) -> tuple[StandsFor, ...]:
    """What a neuron stands for in the minimal mappings of aligned algorithms."""
    found: dict[TruthTable, Counter[str]] = {}
    best: dict[TruthTable, int] = {}
    if mappings.signatures is None:
        return ()
    survivors: dict[Algorithm, list[tuple[Mapping, int]]] = {}
    for rank, rung in enumerate(RUNGS):
        for mapping in mappings.survivors.get(rung, ()):
            survivors.setdefault(mapping.algorithm, []).append((mapping, rank))
    for algorithm in mappings.aligned or ():
        choices = options(mappings.signatures, placed_algorithm(algorithm, mappings.patterns))
        of_algorithm: set[TruthTable] = set()
        for k, variable in enumerate(algorithm.variables):
            table = TruthTable(algorithm.inputs, variable.bits)
            table = ~table if table.bits & 1 else table
            those = [s for s in choices[k] if node in s.nodes]
            number = count_choices([*choices[:k], those, *choices[k + 1 :]])
            if not number:
                continue
            alone = count_choices([*choices[:k], [s for s in those if len(s) == 1], *choices[k + 1 :]])
            tally = found.setdefault(table, Counter())
            tally.update({"mappings": number, "alone": alone, "algorithms": table not in of_algorithm})
            of_algorithm.add(table)
            allowed = frozenset(those)
            here = [rank for mapping, rank in survivors.get(algorithm, ()) if mapping.sets[k] in allowed]
            best[table] = max(best.get(table, 0), *here, 0)
    kept = [
        StandsFor(table, tally["mappings"], tally["alone"], tally["algorithms"], RUNGS[best[table]])
        for table, tally in found.items()
    ]
    return tuple(sorted(kept, key=lambda one: (-RUNGS.index(one.rung), -one.mappings, str(one.table))))


def _readable(asked: Understood, node: Node) -> tuple[Signals | None, Notes]:
    """The readable signals of the layer of a neuron; None where it has none, and why."""
    try:
        return readable_signals(asked.model, node.stage, behavior=asked.behavior), NO_NOTES
    except InputError as error:
        return None, Notes(beyond=(str(error),))


def _with_part(readable: Signals, node: Node) -> tuple[Readout, ...]:
    """The codes of a layer in which a neuron has a part: whole ones first, then those of fewest neurons."""
    largest = np.abs(readable.coefficients).max(axis=1, initial=0.0)
    part = np.abs(readable.coefficients[:, node.place]) > PART * largest
    codes = [readable[int(k)] for k in np.flatnonzero(part)]
    return tuple(sorted(codes, key=lambda code: (not code.whole, sum(map(bool, code.shown_coefficients)))))
