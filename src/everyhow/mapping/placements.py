"""Where a causal model sits in a network: a neuron set for each inner variable that stands in for it in interchanges.

A placement is to a causal model what a mapping is to an algorithm. A causal model may be over any graph without cycles,
and its variables may have any number of values.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Bool, Int

from ..boolean.truth_table import MAX_INPUTS, row_name
from ..common.budget import DEFAULT_BUDGET, Budget
from ..common.errors import BudgetError, InputError
from ..model.graph import Graph
from ..model.model import Model
from ..model.runnable import one_of
from .causal_models import CausalModel, Value
from .interchange import joint_runs, try_together
from .mapping import count_choices, disjoint_choices
from .placeable import Holding, Placeable, options
from .signatures import NeuronSet, sets_by_name, signatures


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
        groups: dict[str, list[str]] = {}
        for name, row in self.sources:
            groups.setdefault(row, []).append(name)
        held = [
            f"give {' and '.join(names)} {'its value' if len(names) == 1 else 'their values'} from input {row}"
            for row, names in groups.items()
        ]
        said = f"the model says {self.predicted:d}, the network {not self.predicted:d}"
        return f"Counterexample: {', '.join([f'on input {self.base}', *held])}: {said}"


@dataclass(frozen=True, eq=False)
class PlacedModel(Placeable):
    """A causal model over the rows of the truth table of its inputs. Its inner variables are placed; the values of each
    are numbered as the model lists them. A variable that is held keeps its value whatever its parents are."""

    model: CausalModel
    _decided: dict[Holding, Bool[np.ndarray, " inputs"]] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What the inner variables are called."""
        return self.model.inner

    @cached_property
    def inputs(self) -> list[dict[str, Value]]:
        """The model's inputs at every row of the truth table."""
        names = self.model.inputs
        return [dict(zip(names, bits, strict=True)) for bits in itertools.product((0, 1), repeat=len(names))]

    def given(self, variable: int, held: Holding = ()) -> Int[np.ndarray, " inputs"]:
        """The value of a variable at each input, while others are held."""
        name = self.names[variable]
        runs = self._run(held) if held else self._alone
        return np.array([self.model.values[name].index(run[name]) for run in runs])

    def decided(self, held: Holding) -> Bool[np.ndarray, " inputs"]:
        """The model's output at each input, while variables are held."""
        if held not in self._decided:
            self._decided[held] = np.array([bool(run[self.model.output]) for run in self._run(held)])
        return self._decided[held]

    @cached_property
    def _alone(self) -> list[dict[str, Value]]:
        return self._run(())

    def _run(self, held: Holding) -> list[dict[str, Value]]:
        """The value of every variable at each input."""
        forced = {self.names[k]: self.model.values[self.names[k]][value] for k, value in held}
        return [self.model.run(inputs, forced) for inputs in self.inputs]


def differences(network: Model, model: CausalModel) -> tuple[str, ...]:
    """The inputs, as digits, at which network and model decide differently.

    Raises:
        InputError: model and network have different numbers of inputs, the network has several outputs, or an input or
            the output of the model is not 0 or 1.
    """
    _check_fits(network, model)
    decided = network.run(network.corners)[:, 0] > network.level
    wrong = np.flatnonzero(_placed(model).decided(()) != decided)
    return tuple(row_name(int(row), network.features) for row in wrong)


def placements(network: Model, model: CausalModel) -> Iterator[Placement]:
    """Every minimal placement of a causal model.

    Each inner variable sits in neurons of one hidden layer that agree with it in every interchange of that variable
    alone (IIA = 1). The sets are disjoint, and no set can be made smaller. The inputs of the model are those of the
    network, in order; the output of the model is the network's decision by threshold. Where network and model decide
    differently at some input, the model has no placement.

    Raises:
        InputError: the reasons of `differences`.
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
        InputError: the reasons of `differences`.
        BudgetError: the passes are more than the budget.
    """
    _check_fits(network, model)
    many, rows = len(placement.variables), 1 << len(model.inputs)
    needed = joint_runs(many, rows)
    if not Budget(budget).allows(needed):
        hint = f"The model has {many} inner variables; ask of a part of it, or hold one variable at a time"
        raise BudgetError("trying every joint interchange", needed, budget, hint)
    whole = network.runs(network.corners)
    found = try_together(network, _placed(model), placement.sets, whole).disagreement
    if found is None:
        return None
    taken = tuple((name, row_name(source, network.features)) for name, source in found.forced)
    return JointDisagreement(row_name(found.base, network.features), taken, found.predicted)


def agrees_jointly(network: Model, model: CausalModel, placement: Placement) -> bool:
    """Whether network and model agree at every base when any inner variables are held, each as at a source of its own:
    the rung `joint`. See `joint_disagreement` for one that does not."""
    return joint_disagreement(network, model, placement) is None


def _options(network: Model, model: CausalModel) -> list[tuple[NeuronSet, ...]]:
    """For each inner variable the inclusion-minimal neuron sets that have the signature it needs."""
    # Disjoint sets of at least one neuron each.
    if differences(network, model) or len(model.inner) > len(network.graph.inner):
        return [()]
    return options(signatures(network, network.corners), _placed(model))


@lru_cache(maxsize=8)
def _placed(model: CausalModel) -> PlacedModel:
    """A causal model, to be placed; its decisions are kept from one placement to the next."""
    return PlacedModel(model)


def _check_fits(network: Model, model: CausalModel) -> None:
    if len(model.inputs) != network.features or network.outputs != 1:
        raise InputError(
            f"the model has {len(model.inputs)} inputs ({', '.join(model.inputs)}) and one output, but the network "
            f"{network.features} and {network.outputs}; {one_of(network)}"
        )
    if network.features > MAX_INPUTS:
        raise InputError(f"models are placed in networks of at most {MAX_INPUTS} inputs, not {network.features}")
    check_inputs(model)


def check_inputs(model: CausalModel) -> None:
    """Raises InputError when an input or the output of a causal model is not 0 or 1."""
    for name in (*model.inputs, model.output):
        wrong = [value for value in model.values[name] if value not in (0, 1)]
        if wrong or (name != model.output and len(model.values[name]) < 2):
            raise InputError(
                f"{name} has the values {', '.join(map(repr, model.values[name]))}; the inputs and the output of a "
                f"model that is placed in a network are 0 and 1"
            )
