"""Where a causal model sits in a network: a neuron set for each inner variable that stands in for it in interchanges.

A placement is to a causal model what a mapping is to an algorithm. A causal model may be over any graph without cycles,
and its variables may have any number of values.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from ..common.attributes import PublicNames
from ..common.budget import DEFAULT_BUDGET, Budget
from ..common.errors import BudgetError, InputError
from ..common.shapes import Int, Shaped
from ..common.spoken import input_named
from ..model.behavior import Behavior
from ..model.graph import Graph
from ..model.model import Model
from ..model.runnable import Runs, one_of
from .causal_models import CausalModel, Setting, Value
from .choices import count_choices, disjoint_choices
from .grounds import BITS, Ground, ground_of
from .interchange import joint_runs, try_together
from .placeable import Holding, Placeable, options
from .signatures import NeuronSet, Signatures, sets_by_name


@dataclass(frozen=True)
class Placement(PublicNames):
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
    """A joint interchange at which network and model disagree: inputs by what they are called, such as rows of a truth
    table by their digits, and what the model says, and the network."""

    base: str
    sources: tuple[tuple[str, str], ...]
    predicted: Value
    decided: Value
    kind: str = "network"

    def __str__(self) -> str:
        groups: dict[str, list[str]] = {}
        for name, row in self.sources:
            groups.setdefault(row, []).append(name)
        held = [
            f"give {' and '.join(names)} {'its value' if len(names) == 1 else 'their values'} from {input_named(row)}"
            for row, names in groups.items()
        ]
        said = f"the model says {self.predicted}, the {self.kind} {self.decided}"
        return f"Counterexample: {', '.join([f'on {input_named(self.base)}', *held])}: {said}"


@dataclass(frozen=True, eq=False)
class PlacedModel(Placeable):
    """A causal model over some inputs, those of the truth table of its own inputs unless others are given. Its inner
    variables are placed; the values of each are numbered as the model lists them. A variable that is held keeps its
    value whatever its parents are.

    Attributes:
        model: the causal model.
        settings: its inputs at each input.
        classes: the values of its output, by the number of the decision that each stands for.
    """

    model: CausalModel
    settings: tuple[Setting, ...] = ()
    classes: tuple[Value, ...] = BITS
    _decided: dict[Holding, Shaped[np.ndarray, " inputs"]] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What the inner variables are called."""
        return self.model.inner

    @cached_property
    def inputs(self) -> tuple[Setting, ...]:
        """The model's inputs at each input."""
        names = self.model.inputs
        rows = itertools.product((0, 1), repeat=len(names))
        return self.settings or tuple(dict(zip(names, bits, strict=True)) for bits in rows)

    def given(self, variable: int, held: Holding = ()) -> Int[np.ndarray, " inputs"]:
        """The value of a variable at each input, while others are held."""
        name = self.names[variable]
        runs = self._run(held) if held else self._alone
        return np.array([self.model.values[name].index(run[name]) for run in runs])

    def decided(self, held: Holding) -> Shaped[np.ndarray, " inputs"]:
        """The model's output at each input, while variables are held: whether it is 1, or the number of its class."""
        if held not in self._decided:
            chosen = np.array([self.classes.index(run[self.model.output]) for run in self._run(held)])
            self._decided[held] = chosen > 0 if len(self.classes) == 2 else chosen
        return self._decided[held]

    @cached_property
    def _alone(self) -> list[dict[str, Value]]:
        return self._run(())

    def _run(self, held: Holding) -> list[dict[str, Value]]:
        """The value of every variable at each input."""
        forced = {self.names[k]: self.model.values[self.names[k]][value] for k, value in held}
        return [self.model.run(inputs, forced) for inputs in self.inputs]


@dataclass(frozen=True, eq=False)
class Placing:
    """A causal model and where it is placed; what is found is kept from one question to the next.

    Attributes:
        ground: a model over some inputs.
        placed: the causal model there.
    """

    ground: Ground
    placed: PlacedModel

    @cached_property
    def differing(self) -> tuple[int, ...]:
        """The inputs at which the two decide differently."""
        return tuple(np.flatnonzero(self.placed.decided(()) != self.ground.decided()).tolist())

    @cached_property
    def runs(self) -> Runs:
        """The model run whole at the inputs."""
        return self.ground.model.runs(self.ground.points)

    def options(self, budget: Budget) -> list[tuple[NeuronSet, ...]]:
        """For each inner variable the inclusion-minimal neuron sets that have the signature it needs."""
        # Disjoint sets of at least one neuron each.
        if self.differing or len(self.placed.names) > len(self.ground.model.graph.inner):
            return [()]
        return options(_signatures(self.ground, budget), self.placed)


def differences(network: Model, model: CausalModel, behavior: Behavior | None = None) -> tuple[str, ...]:
    """The inputs, by what they are called, at which network and model decide differently: rows of the truth table by
    their digits, or inputs of a behavior.

    Raises:
        InputError: model and network have different numbers of inputs, the network has several outputs, or an input or
            the output of the model is not 0 or 1. Over a behavior: what is known of its inputs are not values of the
            model's inputs, or the model's output has other values than the classes.
    """
    placing = _placing(network, model, behavior)
    return tuple(map(placing.ground.name_of, placing.differing))


def placements(
    network: Model, model: CausalModel, behavior: Behavior | None = None, budget: int = DEFAULT_BUDGET
) -> Iterator[Placement]:
    """Every minimal placement of a causal model.

    Each inner variable sits in neurons of one hidden layer, or in heads and MLPs, that agree with it in every
    interchange of that variable alone (IIA = 1). The sets are disjoint, and no set can be made smaller. The inputs of
    the model are those of the network, in order; the output of the model is the network's decision by threshold. Where
    network and model decide differently at some input, the model has no placement.

    Args:
        network: read as the behavior says, two classes being folded into one output.
        model: the causal model.
        behavior: the inputs; the truth table of the network when not given. The inputs of the model are then the bits
            known of each input, or else, of sequences, the tokens at the positions where these differ. The output is 0
            or 1, or one of several classes.
        budget: candidate evaluations allowed for the signatures over a behavior.

    Raises:
        InputError: the reasons of `differences`.
        BudgetError: the signatures take more than the budget.
    """
    for sets in disjoint_choices(_placing(network, model, behavior).options(Budget(budget))):
        yield Placement(model.inner, sets)


def count_placements(
    network: Model, model: CausalModel, behavior: Behavior | None = None, budget: int = DEFAULT_BUDGET
) -> int:
    """How many placements `placements` lists, without listing them."""
    return count_choices(_placing(network, model, behavior).options(Budget(budget)))


def joint_disagreement(
    network: Model,
    model: CausalModel,
    placement: Placement,
    budget: int = DEFAULT_BUDGET,
    behavior: Behavior | None = None,
) -> JointDisagreement | None:
    """A joint interchange at which network and model disagree; None when they always agree.

    Every non-empty set of inner variables is tried, smallest first, each variable with a source of its own, at every
    base. A variable that is held keeps its value whatever its parents are held at.

    Cost: (inputs + 1)^variables x inputs passes at most.

    Raises:
        InputError: the reasons of `differences`.
        BudgetError: the passes are more than the budget.
    """
    placing = _placing(network, model, behavior)
    ground, many = placing.ground, len(placement.variables)
    needed = joint_runs(many, len(ground.points)) * network.steps_per_run
    if not Budget(budget).allows(needed):
        hint = f"The model has {many} inner variables; ask of a part of it, or hold one variable at a time"
        raise BudgetError("trying every joint interchange", needed, budget, hint)
    found = try_together(network, placing.placed, placement.sets, placing.runs, ground.decision).disagreement
    if found is None:
        return None
    taken = tuple((name, ground.name_of(source)) for name, source in found.forced)
    said, decided = ground.classes[found.predicted], ground.classes[found.decided]
    return JointDisagreement(ground.name_of(found.base), taken, said, decided, network.kind)


def agrees_jointly(network: Model, model: CausalModel, placement: Placement, behavior: Behavior | None = None) -> bool:
    """Whether network and model agree at every base when any inner variables are held, each as at a source of its own:
    the rung `joint`. See `joint_disagreement` for one that does not."""
    return joint_disagreement(network, model, placement, behavior=behavior) is None


@lru_cache(maxsize=8)
def _placing(network: Model, model: CausalModel, behavior: Behavior | None) -> Placing:
    """A causal model over the inputs of a behavior, or over the rows of the network's truth table."""
    if behavior is None and not network.of_sequences:
        if len(model.inputs) != network.features or network.outputs != 1:
            raise InputError(
                f"the model has {len(model.inputs)} inputs ({', '.join(model.inputs)}) and one output, but the network "
                f"{network.features} and {network.outputs}; {one_of(network)}"
            )
        ground = ground_of(network)
        check_inputs(model)
        return Placing(ground, PlacedModel(model))
    ground = ground_of(network, behavior)
    settings = ground.settings(model)
    strange = [value for value in model.values[model.output] if value not in ground.classes]
    if strange:
        raise InputError(
            f"the output {model.output} has the value {strange[0]!r}; the decisions of this behavior are "
            f"{', '.join(map(str, ground.classes))}"
        )
    return Placing(ground, PlacedModel(model, settings, ground.classes))


@lru_cache(maxsize=4)
def _signatures(ground: Ground, budget: Budget) -> Signatures:
    """The signatures over the inputs of a ground, kept from one causal model to the next."""
    return ground.signatures(budget)


def check_inputs(model: CausalModel) -> None:
    """Raises InputError when an input or the output of a causal model is not 0 or 1."""
    for name in (*model.inputs, model.output):
        wrong = [value for value in model.values[name] if value not in (0, 1)]
        if wrong or (name != model.output and len(model.values[name]) < 2):
            raise InputError(
                f"{name} has the values {', '.join(map(repr, model.values[name]))}; the inputs and the output of a "
                f"model that is placed in a network are 0 and 1"
            )
