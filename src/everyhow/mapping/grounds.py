"""Where causal models are placed: a model over some inputs, and what may be the inputs of a causal model there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np

from ..boolean.truth_table import MAX_INPUTS, assignments, row_name
from ..common.budget import Budget
from ..common.errors import BudgetError, InputError
from ..common.shapes import Float, Int, Shaped
from ..model.behavior import Behavior
from ..model.decision import Decision, level_for
from ..model.model import Model
from ..model.runnable import Held, one_of
from .causal_models import CausalModel, Setting, Value
from .signatures import Signatures, observed_cost, read_runs, signatures

BITS: tuple[Value, ...] = (0, 1)
SMALLER = "Raise the budget, give fewer rows, or a scope of some heads and MLPs at the grain nodes (Transformer.scoped)"


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of each input, one value for each input of a causal model.

    Attributes:
        what: in words, such as "bits are known of each input".
        values: shape (inputs, variables).
    """

    what: str
    values: Int[np.ndarray, "inputs variables"]


@dataclass(frozen=True, eq=False)
class Ground:
    """A model over some inputs in which causal models are placed.

    Attributes:
        model: of one output, or of classes.
        points: shape (inputs, features).
        name_of: what the input of a number is called.
        decision: how outputs are decided.
        known: what may be the inputs of a causal model, the first that fits being taken.
        classes: what an output of a causal model stands for: 0 and 1, or the classes.
        observed: whether the inputs are those of a behavior, not the rows of a truth table.
    """

    model: Model
    points: Float[np.ndarray, "inputs features"]
    name_of: Callable[[int], str] = field(repr=False)
    decision: Decision
    known: tuple[Known, ...] = field(repr=False)
    classes: tuple[Value, ...] = BITS
    observed: bool = True

    def decided(self) -> Shaped[np.ndarray, " inputs"]:
        """What the model decides at each input: whether it is 1, or the number of the class chosen."""
        whole = Held(self.model.run(self.points), None, 0.0)
        bits, _ = read_runs(self.model, whole, self.decision, level_for(self.model, self.decision))
        return bits.argmax(axis=1) if self.decision == "argmax" else bits[:, 0]

    def signatures(self, budget: Budget) -> Signatures:
        """The causal signatures over the inputs.

        Raises:
            BudgetError: they take more than the budget.
        """
        what, needed = observed_cost(self.model, len(self.points))
        if self.observed and not budget.allows(needed):
            hint = "" if not self.model.of_sequences else SMALLER
            raise BudgetError(what, needed, budget, hint)
        return signatures(self.model, self.points, self.decision)

    def settings(self, causal: CausalModel) -> tuple[Setting, ...]:
        """What the inputs of a causal model are at each input of the model.

        Raises:
            InputError: the causal model has other inputs than what is known, or an input lacks a value.
        """
        names = causal.inputs
        fitting = [known for known in self.known if known.values.shape[1] == len(names)]
        lacking = ""
        for known in fitting:
            lacking = self._lacking(causal, known)
            if not lacking:
                return tuple(dict(zip(names, row, strict=True)) for row in known.values.tolist())
        if lacking:
            raise InputError(f"{lacking}; give {names[0] if len(names) == 1 else 'each input'} every value it takes")
        said = " and ".join(f"{known.values.shape[1]} {known.what}" for known in self.known)
        raise InputError(
            f"the model has {len(names)} input{'s' * (len(names) != 1)} ({', '.join(names)}), but {said}: give a model "
            "of as many inputs, in their order"
        )

    def _lacking(self, causal: CausalModel, known: Known) -> str:
        """Which value an input of a causal model lacks, in words; nothing where none does."""
        for name, column in zip(causal.inputs, known.values.T.tolist(), strict=True):
            for row, value in enumerate(column):
                if value not in causal.values[name]:
                    values = ", ".join(map(repr, causal.values[name]))
                    return f"{name} has the values {values}, but it is {value} at {self.name_of(row)}"
        return ""


@lru_cache(maxsize=8)
def ground_of(model: Model, behavior: Behavior | None = None) -> Ground:
    """A model over the inputs of a behavior, or over the rows of its truth table.

    Args:
        model: as the behavior reads it, two classes being folded (`everyhow.model.explained`).
        behavior: the inputs; the truth table of the model when not given.

    Raises:
        InputError: a model of several outputs that are not classes, answers at several positions or that are numbers,
            more than six inputs, or inputs of which nothing is known.
    """
    if behavior is None:
        count = model.features
        if model.outputs != 1 or model.of_sequences:
            raise InputError(_needs_one(model))
        if count > MAX_INPUTS:
            raise InputError(f"models are placed in networks of at most {MAX_INPUTS} inputs, not {count}")
        known = Known("inputs enter the network", assignments(count).astype(int))
        return Ground(model, model.corners, partial(row_name, inputs=count), "threshold", (known,), observed=False)
    if behavior.decision == "within":
        raise InputError("causal models are placed by decisions, and the answers of this behavior are numbers")
    if behavior.answers > 1:
        raise InputError(
            f"a causal model has one output, and this behavior reads {behavior.answers} answers of each row: give one "
            "answer position"
        )
    if model.outputs > 1 and behavior.decision != "argmax":
        raise InputError(_needs_one(model))
    found = []
    if behavior.bits is not None:
        found.append(Known(f"bits are known of each {_unit(behavior)}", behavior.bits.astype(int)))
    if (differing := behavior.differing_tokens) is not None:
        found.append(Known("positions have different tokens in different rows", differing.astype(int)))
    if not found:
        raise InputError(
            "a causal model is over what is known of each input, and nothing is known of these points: give the "
            "behavior features, a row of bits for each"
        )
    classes = behavior.answer.classes if behavior.answer is not None else None
    said = BITS if model.outputs == 1 else classes or tuple(range(model.outputs))
    return Ground(model, behavior.points, behavior.name_of, behavior.decision, tuple(found), said)


def _unit(behavior: Behavior) -> str:
    return "input" if behavior.answer is None else "row"


def _needs_one(model: Model) -> str:
    if model.of_sequences:
        return (
            f"a {model.kind} is asked over rows of tokens: give a behavior, which says them (eh.Behavior.of_tokens, or "
            "the path of a .json file)"
        )
    return f"the {model.kind} has {model.outputs} outputs, and a causal model one: {one_of(model)}"
