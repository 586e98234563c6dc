"""Everything that one neuron can be read as: over circuits, as a variable of algorithms, and in codes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from ..boolean.algorithm_formulas import parse_function
from ..boolean.algorithms import Algorithm
from ..boolean.gates import GATES
from ..boolean.smallest import MOST_INPUTS
from ..boolean.truth_table import TruthTable
from ..circuit.findings import COUNTING, counting_steps
from ..common.arguments import checked_budget, quoted
from ..common.budget import DEFAULT_BUDGET, Budget
from ..common.display import Displayed
from ..common.errors import InputError
from ..common.execution import IN_THREADS
from ..common.notes import NO_NOTES, Notes
from ..common.progress import Progress
from ..importing.door import as_model
from ..interpretation.interpretations import Interpretations, unread
from ..mapping.findings import RUNGS, MappingFindings, examine_mappings
from ..mapping.mapping import Mapping, count_choices
from ..mapping.placeable import options, placed_algorithm
from ..model.behavior import Behavior
from ..model.criterion import perfect
from ..model.graph import Node
from ..model.model import Model
from ..model.patching import hidden_node
from ..model.reading import MOST_INPUTS as MOST_READ_INPUTS
from ..model.reading import ReadingRule
from ..model.task import parse_task
from ..readout.readout import Readout, Signals, readable_signals
from ..readout.signal import Signal, shown_formula, signal_of
from .climbing import percent_of
from .testing import largest_depth
from .understanding import Understood, understood
from .words import count_of, joined

# Of more perfect circuits than these, so many are drawn.
MOST_CIRCUITS = 400
# Readings, variables and codes that are told; their numbers are told, too.
MOST_TOLD = 6
# A coefficient that is smaller, relative to the largest of its code, is not counted as part of the code.
PART = 1e-3


@dataclass(frozen=True)
class ReadAs:
    """One function that a neuron is read as over perfect circuits.

    Attributes:
        table: the function, where it is 1 being where the activation is larger.
        circuits: in how many of the circuits that were looked at.
        interpretations: in how many of their interpretations.
    """

    table: TruthTable | Signal
    circuits: int
    interpretations: int

    @property
    def name(self) -> str:
        """The function as a formula."""
        return named(self.table)


@dataclass(frozen=True)
class StandsFor:
    """One function that a neuron stands for as a variable of aligned algorithms, up to complement.

    Attributes:
        table: the function.
        mappings: of how many minimal mappings.
        alone: in how many of these it carries the variable without other neurons.
        algorithms: of how many algorithms.
        rung: the strictest rung that one of these mappings passes.
    """

    table: TruthTable
    mappings: int
    alone: int
    algorithms: int
    rung: str

    @property
    def name(self) -> str:
        """The function as a formula."""
        return named(self.table)


@dataclass(frozen=True, eq=False)
class NeuronReadings(Displayed):
    """Everything that one neuron can be read as.

    Attributes:
        model: the model, of one output.
        behavior: the inputs, and the decisions there.
        node: the neuron.
        name: what it is called.
        activations: its value at each input, by the name of the input.
        circuits: how many perfect circuits were looked at.
        perfect: how many there are; None where that was not counted.
        using: in how many of those looked at the neuron is.
        read_as: what it is read as there, most circuits first.
        depth: the largest depth of the algorithms; None where none were aligned.
        stands_for: what it stands for in aligned algorithms, most mappings first.
        codes: the readable signals of its layer in whose code it is, those with whole numbers first; and how many
            signals are readable there.
        signals: how many Boolean signals are readable in its layer.
        every_signal: whether the layer reads every signal, as any layer of as many independent neurons does.
        asked: the function that was asked about; None when none was.
        notes: what was not looked at, and why.
    """

    model: Model
    behavior: Behavior
    node: Node
    name: str
    activations: dict[str, float]
    circuits: int
    perfect: int | None
    using: int
    read_as: tuple[ReadAs, ...]
    depth: int | None
    stands_for: tuple[StandsFor, ...]
    codes: tuple[Readout, ...]
    signals: int
    every_signal: bool
    asked: TruthTable | None = None
    notes: Notes = NO_NOTES

    @property
    def read(self) -> bool | None:
        """Whether the neuron is read as what was asked, over perfect circuits or as a variable; up to complement as a
        variable. None when nothing was asked."""
        return None if self.asked is None else bool(self._agreeing or self._standing)

    @property
    def only(self) -> bool | None:
        """Whether that is the only reading: no circuit and no mapping reads the neuron otherwise. None when nothing was
        asked."""
        if self.asked is None:
            return None
        return bool(self.read) and len(self._agreeing) == len(self.read_as) and self._standing == self.stands_for

    @property
    def _agreeing(self) -> tuple[ReadAs, ...]:
        return tuple(one for one in self.read_as if _same(one.table, self.asked))

    @property
    def _standing(self) -> tuple[StandsFor, ...]:
        return tuple(one for one in self.stands_for if _same(one.table, self.asked) or _same(~one.table, self.asked))

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The result in sentences."""
        return tuple(self._lines())

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        return f"NeuronReadings({self.name}: {count_of(len(self.read_as), 'reading')} over circuits)"

    def _lines(self) -> Iterator[str]:
        if self.asked is not None:
            yield from self._answer()
        values = ", ".join(f"{value:.3g} on {name}" for name, value in list(self.activations.items())[:16])
        more = f", and at {len(self.activations) - 16:,} more inputs" if len(self.activations) > 16 else ""
        yield f"{self.name} holds {values}{more}."
        yield from self._of_circuits()
        yield from self._of_mappings()
        yield from self._of_codes()
        yield from (f"Not looked at: {note}." for note in self.notes.refused + self.notes.beyond)
        yield from (f"Not sure: {note}." for note in self.notes.ties)

    def _answer(self) -> Iterator[str]:
        assert self.asked is not None
        what = named(self.asked)
        if not self.read:
            others = joined([f"{one.name}" for one in self.read_as[:MOST_TOLD]], "or")
            instead = f" Perfect circuits read it as {others}." if others else ""
            yield f"No: nothing that was looked at reads {self.name} as {what}.{instead}"
            return
        only = "It is the only reading" if self.only else "It is not the only reading"
        where = [f"{one.circuits:,} of {count_of(self.circuits, 'perfect circuit')}" for one in self._agreeing]
        where += [f"{count_of(one.mappings, 'mapping')} of aligned algorithms" for one in self._standing]
        yield f"Yes: {self.name} is read as {what} in {joined(where)}. {only}."

    def _of_circuits(self) -> Iterator[str]:
        if not self.circuits:
            return
        drawn = self.perfect is None or self.circuits < self.perfect
        total = "more" if self.perfect is None else f"{self.perfect:,}"
        among = f"a uniform sample of {self.circuits:,} of the {total}" if drawn else f"{self.circuits:,}"
        among += f" perfect circuit{'' if among == '1' else 's'}"
        yield f"Over circuits: of {among}, {self.using:,} {'uses' if self.using == 1 else 'use'} it."
        whole = sum(one.interpretations for one in self.read_as)
        for one in self.read_as[:MOST_TOLD]:
            of = percent_of(Fraction(one.interpretations, whole))
            circuits = count_of(one.circuits, "circuit")
            yield f"  {one.name}: in {circuits}, {count_of(one.interpretations, 'interpretation')} ({of})"
        yield from _more(len(self.read_as))
        if not self.read_as and self.using:
            yield "  none of them has an interpretation in which it varies"

    def _of_mappings(self) -> Iterator[str]:
        if self.depth is None:
            return
        what = f"in aligned algorithms of depth {self.depth} or less"
        if not self.stands_for:
            yield f"As a variable: {self.name} stands for none {what}."
            return
        yield f"As a variable {what} (a variable and its complement are one):"
        for one in self.stands_for[:MOST_TOLD]:
            how = "alone" if one.alone == one.mappings else "with other neurons" if not one.alone else (
                f"alone in {one.alone:,}"
            )  # fmt: skip
            where = f"in {count_of(one.mappings, 'mapping')} of {count_of(one.algorithms, 'algorithm')}, {how}"
            yield f"  {one.name}: {where}; the best passes up to {one.rung}"
        yield from _more(len(self.stands_for))

    def _of_codes(self) -> Iterator[str]:
        if not self.signals:
            return
        every = ", as in any layer with as many independent neurons" if self.every_signal else ""
        layer, number = self.node.stage, len(self.codes)
        yield (
            f"In codes: it is part of {number:,} of the {count_of(self.signals, 'code')} of layer {layer} that read a "
            f"Boolean signal{every}."
        )
        for code in self.codes[:MOST_TOLD]:
            yield f"  {code}"
        yield from _more(number)

    def document(self) -> dict[str, Any]:
        """The result as plain values."""
        answer = {} if self.asked is None else {
            "asked": {"table": str(self.asked), "read": self.read, "only": self.only}
        }  # fmt: skip
        return {
            "summary": str(self),
            "neuron": self.name,
            **answer,
            "activations": self.activations,
            "perfect_circuits": self.perfect,
            "circuits_looked_at": self.circuits,
            "circuits_using": self.using,
            "read_as": [
                {
                    "formula": one.name, "table": str(one.table), "circuits": one.circuits,
                    "interpretations": one.interpretations,
                }
                for one in self.read_as
            ],
            "depth": self.depth,
            "stands_for": [
                {
                    "formula": one.name, "table": str(one.table), "mappings": one.mappings, "alone": one.alone,
                    "algorithms": one.algorithms, "rung": one.rung,
                }
                for one in self.stands_for
            ],
            "codes": [code.document() for code in self.codes],
            "signals": self.signals,
            "every_signal": self.every_signal,
            "notes": list(self.notes.all),
        }  # fmt: skip


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

    Over circuits: the readings that the interpretations of all perfect circuits give it (of more than 400 circuits,
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
        progress: show progress on stderr.

    Raises:
        InputError: a neuron that is not there, a function of other inputs, or a kind of model in which variables are
            not placed.

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
    node = hidden_node(asked.model.graph, name.strip(), "the question")
    function = None if read_as is None else _function(read_as, asked.inputs)
    depth = largest_depth(asked, depth)
    mappings = examine_mappings(asked.model, asked.behavior, depth, budget)
    readable, beside = _readable(asked, node)
    circuits, perfect_number, using, readings, notes = _over_circuits(asked, node, budget, Progress(progress))
    states = asked.model.states(asked.behavior.points)[node.stage][:, node.place]
    holds = {asked.behavior.name_of(k): float(np.linalg.norm(value)) if np.ndim(value) else float(value)
             for k, value in enumerate(states)}  # fmt: skip
    name = asked.model.graph.name(node)
    return NeuronReadings(
        asked.model, asked.behavior, node, name, holds, circuits, perfect_number, using, readings,
        None if mappings.aligned is None else depth, _standing_for(mappings, node),
        () if readable is None else _with_part(readable, node), 0 if readable is None else len(readable),
        readable is not None and readable.reads_all, function,
        notes + beside + Notes(mappings.refused, mappings.beyond),
    )  # fmt: skip


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
    why = model.uncountable
    if len(behavior.points) > MOST_READ_INPUTS:
        why = f"interpretations are counted over at most {MOST_READ_INPUTS} inputs, not {len(behavior.points):,}"
    elif model.interpretation_counts((), behavior.points, rule) is None:
        why = unread(model)
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
    circuits = list(search.circuits()) if number <= MOST_CIRCUITS else list(search.sample(MOST_CIRCUITS))
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
    ties = () if count.certified else ("in some circuits rounding decides whether they are perfect",)
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
            those = [s for s in choices[k] if s.layer == node.stage and node.place in s.neurons]
            number = count_choices([*choices[:k], those, *choices[k + 1 :]])
            if not number:
                continue
            alone = count_choices([*choices[:k], [s for s in those if len(s.neurons) == 1], *choices[k + 1 :]])
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


def named(table: TruthTable | Signal) -> str:
    """A function as a formula, or by its truth table where it has many inputs."""
    if isinstance(table, TruthTable) and table.inputs > MOST_INPUTS:
        return str(table)
    return str(shown_formula(table))


def _same(table: TruthTable | Signal, asked: TruthTable | None) -> bool:
    return table == asked or (isinstance(table, Signal) and table.function is not None and table.function == asked)


def _more(number: int) -> Iterator[str]:
    if number > MOST_TOLD:
        yield f"  and {number - MOST_TOLD:,} more"
