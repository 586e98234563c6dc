"""Deciding experiments: the cheapest one at which two explanations differ, and what the network says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from ..common.arguments import choice, instance, is_whole, quoted
from ..common.attributes import PublicNames
from ..common.errors import InputError
from ..common.progress import Progress
from ..common.sql import Table, html_table
from ..importing.door import as_explained
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.decision import DECISIONS, Decision
from ..model.explained import check_said_once
from ..model.explanation import Explanation
from .circuit_trials import CircuitTrials, circuit_trials
from .cross_examination import CrossExamination, cross_examine
from .witness import moved_parts
from .words import COMPATIBLE, read_as_nearest, said, swap_family, undecided, whose, with_values

E = TypeVar("E", bound=Explanation | Circuit)


NAMES = ("the first", "the second")


@dataclass(frozen=True)
class Experiment:
    """One experiment, what both explanations predict, and what the network decides.

    Attributes:
        kind: input (the network runs on a point near the truth table, or on one of the data), edge (one edge carries
            what it carries at a source) or interchange (variables take their values from sources).
        action: what is done, in words.
        setting: the experiment as plain values: `point`, or for data `input`; or `edge`, `base`, `source`; or `of`
            (which of the two explanations is moved), `base` and `sources` (pairs of a variable and its source).
            `Behavior.name_of` names inputs: a row of a truth table by its digits, a point of data by its number.
        predicted: the decision predicted by each explanation.
        outcome: the network's decision.
        unnatural: whether what is wrong about it reads a variable in a state that no input produces.
        model: the kind of model that is run, as sentences call it.
    """

    kind: str
    action: str
    setting: dict[Any, Any] = field(hash=False)
    predicted: tuple[bool, bool]
    outcome: bool
    unnatural: bool = False
    model: str = "network"

    @property
    def wrong(self) -> int:
        """Which explanation predicted wrongly: 0 the first, 1 the second."""
        return 0 if self.predicted[0] != self.outcome else 1

    @property
    def text(self) -> str:
        """The experiment in words."""
        return self._named(NAMES)

    def told(self, names: Sequence[str] = NAMES) -> str:
        """The experiment, what two explanations of these names say of it, what the network decides, and which of them
        is wrong."""
        wrong = names[self.wrong]
        nearest = f" {read_as_nearest(wrong)}." if self.unnatural else ""
        what = said(names, self.predicted, self.model, self.outcome)
        return f"{self._named(names)}: {what}; {wrong} is wrong.{nearest}"

    def _named(self, names: Sequence[str]) -> str:
        variables = [variable for variable, _ in self.setting.get("sources", ())]
        return self.action + whose(variables, names[int(self.setting.get("of", 0))])


@dataclass(frozen=True)
class Dispute(PublicNames, Generic[E]):
    """Two explanations and the experiment that decides between them.

    Attributes:
        explanations: the first and the second.
        family: the experiments that were tried, in words.
        experiment: the cheapest one at which they disagree; None when they predict the same in all of them.
        said_by_both: of how many interchanges that move something both say something; None for circuits, which say
            something of every experiment.
    """

    explanations: tuple[E, E]
    family: str
    experiment: Experiment | None
    said_by_both: int | None = None

    def __repr__(self) -> str:
        return f"Dispute of {self.explanations[0]} and {self.explanations[1]}: {self}"

    def _repr_html_(self) -> str:
        """The two with what each predicts, and the sentence, for a notebook."""
        found = self.experiment
        predicted = ("", "") if found is None else tuple(map(int, found.predicted))
        wrong = None if found is None else found.wrong
        rows = tuple(
            (name, str(one), said, "" if wrong is None else "wrong" if wrong == k else "right")
            for k, (name, one, said) in enumerate(
                zip(("the first", "the second"), self.explanations, predicted, strict=True)
            )
        )
        return html_table(Table(("", "explanation", "predicts", "is"), rows), "What decides between the two", str(self))

    def __str__(self) -> str:
        return self.told()

    def told(self, names: Sequence[str] = NAMES) -> str:
        """What decides between the two, by these names; or that nothing does."""
        if self.experiment is not None:
            return self.experiment.told(names)
        return COMPATIBLE if self.said_by_both == 0 else undecided(self.family)


def decide_between(
    network: Any,
    one: Explanation | Circuit,
    other: Explanation | Circuit,
    decision: Decision | None = None,
    *,
    behavior: Behavior | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Dispute[Any]:
    """The cheapest experiment that two explanations of a network disagree about, run on the network.

    Two circuits are run at inputs in a box around the corners of the truth table, nearest to a corner first, or at the
    inputs of data, and then with one edge resampled; the other edges carry 0 (zero ablation), so that a circuit which
    is perfect by another ablation only may be wrong for that. Mappings and readout explanations are asked to predict
    each other's interchanges, of which both say something (see `cross_examine`), those that move fewest variables
    first; decisions are then by threshold. Where there are too many of these experiments a sample of them is drawn, and
    the dispute's family says so (see `cross_examine`).

    Args:
        network: of one output.
        one: a circuit, mapping or readout explanation.
        other: a circuit when `one` is; otherwise a mapping or readout explanation.
        decision: how outputs become bits, for circuits; `threshold` when not given. A behavior says it itself.
        behavior: the inputs, each once, whatever its weight; the truth table of the network when not given.
        seed: of the sample.
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: a circuit against something else, an explanation that does not fit the network or the
            behavior; data of whose points no bits are known; or a decision beside a behavior that has another one.

    Example:
        >>> import everyhow as eh
        >>> one, other, *_ = eh.readouts(eh.xornet())
        >>> eh.decide_between(eh.xornet(), one, other).experiment.text
        'on input 11, give the code h1.0 + h1.1 - 2 h1.2 its value from input 01 (XOR(A,B) of the first)'
    """
    if decision is not None:
        choice("decision", decision, DECISIONS)
    if behavior is not None:
        instance(behavior, Behavior, "a Behavior", "eh.Behavior.of_data or of_network makes one")
        check_said_once(behavior, decision)
    if not is_whole(seed, 0):
        raise InputError(f"seed is {quoted(seed)}; it is a whole number of at least 0")
    model, behavior = as_explained(network, behavior)
    if isinstance(one, Circuit) != isinstance(other, Circuit):
        raise InputError(
            "a circuit predicts inputs and resampled edges, a mapping or readout explanation predicts interchanges; "
            "give two circuits, or two of the others"
        )
    with Progress(progress).doing("deciding"):
        if isinstance(one, Circuit) and isinstance(other, Circuit):
            return circuit_dispute(circuit_trials(model, (one, other), decision or "threshold", behavior, seed), 0, 1)
        explanations: list[Any] = [one, other]
        examined = cross_examine(model, explanations, behavior=behavior, seed=seed)
        return swap_dispute(examined, 0, 1)


def swap_dispute(examined: CrossExamination, one: int, other: int) -> Dispute[Explanation]:
    """The cheapest interchange of either of two explanations of which both say something, without reading a variable
    halfway between two values, and not the same: fewest variables, then one in which what is wrong reads a state that
    some input produces, then the first explanation's before the second's, then in the order of bases."""
    pair = (examined.explanations[one], examined.explanations[other])
    found, both = [], 0
    for own in (one, other):
        swaps = examined.swaps[own]
        first, second = swaps.predictions[one], swaps.predictions[other]
        clear = first.says & second.says & ~first.halfway & ~second.halfway
        both += int((clear & (swaps.moved > 0)).sum())
        differ = np.flatnonzero(clear & (first.bits != second.bits))
        strange = np.where(first.bits != swaps.outcomes, first.unnatural, second.unnatural)
        order = np.lexsort((differ, strange[differ], swaps.moved[differ]))
        found += [(int(swaps.moved[k]), bool(strange[k]), own != one, int(k), own) for k in differ[order[:1]]]
    if not found:
        return Dispute(pair, _family(examined, one, other), None, both)
    _, strange, _, k, own = min(found)
    swaps, placed = examined.swaps[own], examined.witnesses[own]
    name_of = examined.inputs.name_of
    base = name_of(int(swaps.bases[k]))
    taken = [(v, name_of(int(source))) for v, source in enumerate(swaps.sources[k]) if source >= 0]
    action = with_values(base, [(moved_parts(examined.explanations[own], placed, v), source) for v, source in taken])
    setting = {
        "of": 0 if own == one else 1, "base": base, "sources": [[placed.names[v], source] for v, source in taken],
    }  # fmt: skip
    predicted = (bool(swaps.predictions[one].bits[k]), bool(swaps.predictions[other].bits[k]))
    kind = examined.inputs.model.kind
    experiment = Experiment("interchange", action, setting, predicted, bool(swaps.outcomes[k]), strange, kind)
    return Dispute(pair, _family(examined, one, other), experiment, both)


def _family(examined: CrossExamination, one: int, other: int) -> str:
    """The interchanges that were tried of two explanations, in words."""
    swaps = examined.swaps[one], examined.swaps[other]
    return swap_family(examined.most_moved, sum(map(len, swaps)), sum(each.of for each in swaps), examined.seed)


def circuit_dispute(trials: CircuitTrials, one: int, other: int) -> Dispute[Circuit]:
    """The cheapest trial at which two of the circuits differ."""
    pair = (trials.circuits[one], trials.circuits[other])
    differ = (trials.decisions[one] != trials.decisions[other]).nonzero()[0]
    if not len(differ):
        return Dispute(pair, trials.family, None)
    k = int(differ[0])
    kind, text, setting = trials.describe(k)
    predicted = (bool(trials.decisions[one][k]), bool(trials.decisions[other][k]))
    experiment = Experiment(kind, text, setting, predicted, bool(trials.outcomes[k]), model=trials.kind)
    return Dispute(pair, trials.family, experiment)
