"""What is asked about a hypothesis, understood: the model, the decisions wanted, and the hypothesis in the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from ..auditing.fitting import (
    answered,
    are_classes,
    behavior_or_task,
    check_decision,
    check_outputs,
    check_takes_tasks,
)
from ..boolean.algorithms import Algorithm
from ..boolean.truth_table import TruthTable
from ..common.budget import Budget
from ..common.errors import BudgetError, InputError
from ..experiment.placed import Carried, is_code
from ..importing.door import as_model
from ..mapping.causal_models import CausalModel
from ..mapping.grounds import ground_of
from ..mapping.patterns import Patterns
from ..mapping.placeable import Placeable, placed_algorithm
from ..mapping.placements import PlacedModel, check_inputs
from ..mapping.signatures import Signatures, observed_cost, signatures
from ..model.behavior import Behavior
from ..model.behavior_files import names_a_behavior
from ..model.coding import coding_text, codings_of
from ..model.decision import decide, level_for
from ..model.explained import check_fits, one_for_two_classes
from ..model.model import Model
from ..model.runnable import one_of
from ..model.task import Task, parse_task
from .carriers import carried
from .hypothesis import Hypothesis
from .placed import PlacedHypothesis, placed_hypothesis

MOST_INPUTS_SHOWN = 8


@dataclass(frozen=True, eq=False)
class Understood:
    """A model of one output, and what is wanted of it.

    Attributes:
        model: the model, read as told.
        behavior: the inputs, and the decisions wanted there; by a task, or where nothing is said, what the model
            decides at each row of its truth table.
        task: what the model is meant to compute, where somebody said so; None by data.
    """

    model: Model
    behavior: Behavior
    task: Task | None

    @property
    def inputs(self) -> int:
        """How many bits are known of each input."""
        bits = self.behavior.bits
        return self.model.features if bits is None else bits.shape[1]


def understood(given: Any, what: Any = None, decision: str | None = None) -> Understood:
    """A model and what is asked of it, understood.

    Args:
        given: what `as_model` takes.
        what: a task, a Behavior or the path of a file of one; what the model itself computes when not given.
        decision: `argmax` where two outputs stand for two classes; those are folded into one.

    Raises:
        InputError: several outputs, a model of sequences without a behavior, or a task or a behavior that does not fit
            the model.
    """
    model = as_model(given)
    what = behavior_or_task(model, what) if what is None or not model.of_sequences else _answers(model, what)
    if isinstance(what, Behavior):
        model = what.read(model)
        check_fits(model, what)
        model, behavior = one_for_two_classes(model, what)
        if behavior.bits is None:
            raise InputError(
                "the variables of a hypothesis are functions of bits, and none are known of the inputs of this "
                "behavior: give them where it is made (features=)"
            )
        _check_alone(model)
        return Understood(model, behavior, None)
    check_takes_tasks(model)
    said = check_decision("paper", decision)
    if model.outputs == 2 and are_classes(model, decision):
        model, said = model.folded(), "threshold"
    task = None if what is None else parse_task(what, model.features)
    if task is not None:
        check_outputs(model, task)
    _check_alone(model)
    return Understood(model, Behavior.of_network(model, model.corners, said), task)


def _answers(model: Model, what: Any) -> Any:
    """What is wanted of a model of sequences: by a task, what the model answers, which has to be the task.

    Raises:
        InputError: the model does not answer as the task wants.
    """
    if isinstance(what, Behavior) or names_a_behavior(what):
        return behavior_or_task(model, what)
    own = answered(model, what)
    if own.differs_at:
        at = ", ".join(own.differs_at[:MOST_INPUTS_SHOWN])
        more = len(own.differs_at) - MOST_INPUTS_SHOWN
        raise InputError(
            f"the {model.kind} does not compute {own.task.name}: it answers otherwise at {at}"
            f"{f' and {more:,} more' if more > 0 else ''}; give what it computes, or a behavior of its own answers "
            f"(without labels)"
        )
    return own.behavior


def _check_alone(model: Model) -> None:
    if model.outputs != 1:
        how = one_of(model)
        if model.outputs == 2:
            how = (
                'where they stand for two classes, of which the second is 1, say decision="argmax" (--decision '
                f"argmax); where they are bits of their own, ask about one: {model.kind}.output(k) in Python, which "
                f"eh.save_network writes to a file"
            )
        raise InputError(f"a hypothesis is about one output; the {model.kind} has {model.outputs}: {how}")


@singledispatch
def placeable(stated: Any, asked: Understood) -> Placeable:
    """An algorithm or a causal model over the inputs of what is asked."""
    raise TypeError(f"a {type(stated).__name__} is not placed")


@placeable.register
def _(stated: Algorithm, asked: Understood) -> Placeable:
    return placed_algorithm(stated, Patterns.of(asked.behavior))


@placeable.register
def _(stated: CausalModel, asked: Understood) -> Placeable:
    check_inputs(stated)
    if asked.behavior.is_truth_table and asked.behavior.features is None:
        return PlacedModel(stated)
    return PlacedModel(stated, ground_of(asked.model, asked.behavior).settings(stated))


def check_computes(asked: Understood, hypothesis: Hypothesis) -> None:
    """See that a hypothesis says what the model computes, nothing being patched.

    Raises:
        InputError: at some inputs it says something else than is wanted, or than the model decides.
    """
    model, behavior = asked.model, asked.behavior
    says = placeable(hypothesis.stated, asked).decided(())
    level = level_for(model, behavior.decision)
    decided = decide(model.run(behavior.points)[:, 0], behavior.decision, level)[0]
    if asked.task is not None:
        wanted, whose = asked.task.bits()[:, 0], f"the task {asked.task.name}"
        wrong = np.flatnonzero(says != wanted)
        if len(wrong):
            raise InputError(
                f"{hypothesis.title} does not compute {whose}: they differ at {_inputs(behavior, wrong)}; state what "
                f"computes it, or leave the task out{_instead(asked, decided, says)}"
            )
    wrong = np.flatnonzero(says != behavior.wanted[:, 0])
    if len(wrong) and (decided != behavior.wanted[:, 0]).any():
        raise InputError(
            f"{hypothesis.title} does not decide as is wanted at {_inputs(behavior, wrong)}; state what decides so at "
            f"every input"
        )
    wrong = np.flatnonzero(says != decided)
    if len(wrong):
        raise InputError(
            f"{hypothesis.title} is not what the {model.kind} computes, before anything is patched: they differ at "
            f"{_inputs(behavior, wrong)}; state what the {model.kind} computes{_instead(asked, decided, says)}"
        )


def _instead(asked: Understood, decided: np.ndarray, says: np.ndarray) -> str:
    """What the model computes instead, and how its numbers would have to be read for it to compute what is stated."""
    model = asked.model
    if not asked.behavior.is_truth_table or asked.behavior.features is not None:
        return ""
    computed, stated = (
        TruthTable(model.features, sum(1 << int(row) for row in np.flatnonzero(bits))) for bits in (decided, says)
    )
    coding = next(codings_of(model, [stated]), None)
    otherwise = "" if coding is None else f"; {coding_text(coding, str(stated))}"
    return f" (the {model.kind} computes {computed}{otherwise})"


def _inputs(behavior: Behavior, numbers: Sequence[int] | np.ndarray) -> str:
    shown = [behavior.name_of(int(k)) for k in numbers[:MOST_INPUTS_SHOWN]]
    more = f" and {len(numbers) - len(shown):,} more" if len(numbers) > len(shown) else ""
    kind = "" if shown[0].startswith("input") else "input " if len(numbers) == 1 else "inputs "
    return f"{kind}{', '.join(shown)}{more}"


def signatures_of(asked: Understood, budget: int) -> Signatures:
    """The signatures of all neuron sets of a model.

    Raises:
        BudgetError: they take more candidate evaluations than the budget.
        InputError: they take too much memory.
    """
    what, needed = observed_cost(asked.model, len(asked.behavior.points))
    if not Budget(budget).allows(needed):
        raise BudgetError(what, needed, budget)
    return signatures(asked.model, asked.behavior.points, asked.behavior.decision)


def in_model(asked: Understood, hypothesis: Hypothesis) -> list[Carried | None]:
    """What carries each variable in the model; None where it is searched for.

    Raises:
        InputError: a neuron that is not there, or one that carries two variables.
    """
    graph = asked.model.graph
    pairs = zip(hypothesis.variables, hypothesis.carriers, strict=True)
    residual = asked.model.residual
    found = [carried(carrier, graph, name, residual) if carrier.names else None for name, carrier in pairs]
    known = [(name, one) for name, one in zip(hypothesis.variables, found, strict=True) if one is not None]
    for k, (name, one) in enumerate(known):
        for other_name, other in known[:k]:
            shared = set(one.nodes) & set(other.nodes)
            if not shared or (is_code(one) and is_code(other)):
                continue
            neuron = graph.name(min(shared))
            if is_code(one) or is_code(other):
                raise InputError(
                    f"{neuron} carries {other_name} and {name}, one of them by a code; write the other as a code, too, "
                    f'such as "1 {neuron}", so that both move apart from each other'
                )
            raise InputError(
                f"{neuron} carries both {other_name} and {name}; the places of two variables share none of the "
                f"{asked.model.nodes}: give each its own{', or codes' * (not asked.model.residual)}"
            )
    return found


def placed_in(
    asked: Understood, hypothesis: Hypothesis, carriers: Sequence[Carried], found: Signatures
) -> PlacedHypothesis:
    """A hypothesis in a model, every variable being carried."""
    over = placeable(hypothesis.stated, asked)
    return placed_hypothesis(asked.model, asked.behavior, hypothesis.stated, over, carriers, found.whole)
