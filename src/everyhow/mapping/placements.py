"""Where a causal model sits in a network: a neuron set for each inner variable that stands in for it in interchanges.

The same as mappings are for algorithms, but for any graph without cycles and variables of any number of values: what a
variable needs is one signature, the model's decisions at every base when it is held at its value at each source.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..boolean.truth_table import MAX_INPUTS, row_name
from ..common.budget import DEFAULT_BUDGET, over_budget
from ..common.errors import BudgetError, InputError
from ..model.graph import Graph
from ..model.model import Model
from ..model.runnable import Intervention, one_of
from .causal_models import CausalModel, Setting, Value
from .mapping import count_choices, disjoint_choices
from .signatures import NeuronSet, Rows, sets_by_name, signatures

# Rows run through the network at once in a joint interchange.
ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Placement:
    """A neuron set for each inner variable of a causal model, in the order of the model, all disjoint."""

    variables: tuple[str, ...]
    sets: tuple[NeuronSet, ...]

    def __str__(self) -> str:
        if not self.sets:
            return "no variable to place"
        return ", ".join(f"{name} in {neurons}" for name, neurons in zip(self.variables, self.sets, strict=True))

    def named(self, graph: Graph | None = None) -> str:
        """The neurons of each variable by name, such as carry in h1.2; see `NeuronSet.named`."""
        return sets_by_name(self.variables, self.sets, graph)


@dataclass(frozen=True)
class JointDisagreement:
    """A joint interchange at which network and model disagree: rows of the truth table, as digits."""

    base: str
    sources: tuple[tuple[str, str], ...]
    predicted: bool

    def __str__(self) -> str:
        held = " and ".join(f"{name} as at {row}" for name, row in self.sources)
        return f"with {held}, the model says {self.predicted:d} at {self.base} and the network {not self.predicted:d}"


def differences(network: Model, model: CausalModel) -> tuple[str, ...]:
    """The inputs, as digits, at which the network decides otherwise than the model.

    Raises:
        InputError: model and network have different numbers of inputs, the network has several outputs, or an input or
            the output of the model is not 0 or 1.
    """
    _check_fits(network, model)
    decided = network.run(network.corners)[:, 0] > network.level
    rows = [row for row, inputs in enumerate(_rows(model)) if bool(model.run(inputs)[model.output]) != decided[row]]
    return tuple(row_name(row, network.features) for row in rows)


def placements(network: Model, model: CausalModel) -> Iterator[Placement]:
    """Every minimal placement of a causal model: each inner variable in neurons of one hidden layer that agree with it
    in every interchange of that variable alone (IIA = 1), the sets being disjoint and none shrinkable.

    The model's inputs are the network's, in order, and its output is the network's decision by threshold. None when
    network and model decide otherwise at some input.

    Raises:
        InputError: as `differences`.
    """
    for sets in disjoint_choices(_options(network, model)):
        yield Placement(model.inner, sets)


def count_placements(network: Model, model: CausalModel) -> int:
    """How many placements `placements` lists, without listing them."""
    return count_choices(_options(network, model))


def joint_disagreement(
    network: Model, model: CausalModel, placement: Placement, budget: int = DEFAULT_BUDGET
) -> JointDisagreement | None:
    """A joint interchange at which network and model disagree; None when they always agree.

    Every non-empty set of inner variables is tried, smallest first, each variable with a source of its own, at every
    base. A variable that is held keeps its value whatever its parents are held at.

    Cost: (inputs + 1)^variables x inputs passes at most.

    Raises:
        InputError: as `differences`.
        BudgetError: these are more than the budget.
    """
    _check_fits(network, model)
    inputs, many = 1 << len(model.inputs), len(placement.variables)
    needed = (inputs + 1) ** many * inputs
    if over_budget("trying every joint interchange", needed, budget):
        hint = f"The model has {many} inner variables; ask of a part of it, or hold one variable at a time"
        raise BudgetError("trying every joint interchange", needed, budget, hint)
    settings = [model.run(inputs) for inputs in _rows(model)]
    for size in range(1, len(placement.variables) + 1):
        for held in itertools.combinations(range(len(placement.variables)), size):
            found = _disagreement(network, model, placement, held, settings)
            if found is not None:
                return found
    return None


def agrees_jointly(network: Model, model: CausalModel, placement: Placement) -> bool:
    """Whether network and model agree at every base when any inner variables are held, each as at a source of its own:
    the rung `joint`. See `joint_disagreement` for one that does not."""
    return joint_disagreement(network, model, placement) is None


def _options(network: Model, model: CausalModel) -> list[tuple[NeuronSet, ...]]:
    """For each inner variable the inclusion-minimal neuron sets that have the signature it needs."""
    # Disjoint sets of at least one neuron each.
    if differences(network, model) or len(model.inner) > len(network.graph.inner):
        return [()]
    found = signatures(network, network.corners).minimal_by_rows
    return [found.get(_needed(model, name), ()) for name in model.inner]


def _needed(model: CausalModel, name: str) -> Rows:
    """At each source, the model's decisions over the bases when a variable is held at its value there."""
    values = [model.run(source)[name] for source in _rows(model)]
    when = {value: _decisions(model, {name: value}) for value in set(values)}
    return tuple(sum(1 << base for base, decision in enumerate(when[value]) if decision) for value in values)


def _decisions(model: CausalModel, held: Setting) -> list[bool]:
    """The model's output at every row while variables are held."""
    return [bool(model.run(inputs, held)[model.output]) for inputs in _rows(model)]


def _rows(model: CausalModel) -> Iterator[dict[str, Value]]:
    """The model's inputs at every row of the truth table."""
    for bits in itertools.product((0, 1), repeat=len(model.inputs)):
        yield dict(zip(model.inputs, bits, strict=True))


def _disagreement(
    network: Model, model: CausalModel, placement: Placement, held: tuple[int, ...], settings: list[dict[str, Value]]
) -> JointDisagreement | None:
    inputs = network.features
    points = network.corners
    states = network.states(points)
    names = [placement.variables[k] for k in held]
    expected: dict[tuple[Value, ...], list[bool]] = {}
    choices = itertools.product(range(len(points)), repeat=len(held))
    while block := list(itertools.islice(choices, max(1, ROWS_AT_ONCE // len(points)))):
        sources = np.repeat(np.array(block), len(points), axis=0)
        interventions = [
            Intervention(s.layer, s.neurons, states[s.layer][np.ix_(column, list(s.neurons))])
            for s, column in zip((placement.sets[k] for k in held), sources.T, strict=True)
        ]
        decided = network.run(np.tile(points, (len(block), 1)), interventions)[:, 0] > network.level
        for choice, decisions in zip(block, decided.reshape(len(block), -1), strict=True):
            values = tuple(settings[source][name] for name, source in zip(names, choice, strict=True))
            if values not in expected:
                expected[values] = _decisions(model, dict(zip(names, values, strict=True)))
            wrong = np.flatnonzero(decisions != expected[values])
            if len(wrong):
                taken = tuple((name, row_name(s, inputs)) for name, s in zip(names, choice, strict=True))
                return JointDisagreement(row_name(int(wrong[0]), inputs), taken, bool(expected[values][wrong[0]]))
    return None


def _check_fits(network: Model, model: CausalModel) -> None:
    if len(model.inputs) != network.features or network.outputs != 1:
        raise InputError(
            f"the model has {len(model.inputs)} inputs ({', '.join(model.inputs)}) and one output, but the network "
            f"{network.features} and {network.outputs}; {one_of(network)}"
        )
    if network.features > MAX_INPUTS:
        raise InputError(f"models are placed in networks of at most {MAX_INPUTS} inputs, not {network.features}")
    for name in (*model.inputs, model.output):
        wrong = [value for value in model.values[name] if value not in (0, 1)]
        if wrong or (name != model.output and len(model.values[name]) < 2):
            raise InputError(
                f"{name} has the values {', '.join(map(repr, model.values[name]))}; the inputs and the output of a "
                f"model that is placed in a network are 0 and 1"
            )
