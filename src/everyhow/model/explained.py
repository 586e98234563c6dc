"""A model and a behavior that are explained together: whether they fit, and how two classes become one output."""

from typing import TypeVar

import numpy as np

from ..common.arguments import choice
from ..common.errors import InputError
from .behavior import Behavior
from .decision import DECISIONS
from .runnable import Runnable, one_of

M = TypeVar("M", bound=Runnable)


def check_said_once(behavior: Behavior, decision: str | None) -> None:
    """Raises InputError when a decision is given beside a behavior that has another one."""
    if decision is not None and choice("decision", decision, DECISIONS) != behavior.decision:
        raise InputError(
            f"the decision {decision!r} is given for a behavior of {behavior.how_decided}; the decision belongs to "
            "the behavior: give it where the behavior is made, and nowhere else"
        )


def check_fits(model: Runnable, behavior: Behavior) -> None:
    """Raises InputError when a behavior has other inputs or outputs than the model."""
    expected = (model.features, model.outputs)
    found = (behavior.points.shape[1], behavior.wanted.shape[1])
    if found != expected:
        raise InputError(
            f"the behavior has {found[0]} input{'s' * (found[0] != 1)} and {found[1]} output{'s' * (found[1] != 1)}, "
            f"the {model.kind} has {expected[0]} and {expected[1]}: {_fitting(model, behavior)}"
        )
    if behavior.input_values != model.input_values and np.isin(behavior.points, behavior.input_values).all():
        raise InputError(
            "the points of the behavior are written with {:g} and {:g}, but the inputs of the network stand for 0 and "
            "1 by {:g} and {:g}: write the points so (inputs= of the behavior), or read the network otherwise "
            "(network.read(inputs=...), --inputs)".format(*behavior.input_values, *model.input_values)
        )


def _fitting(model: Runnable, behavior: Behavior) -> str:
    """What to do where a behavior has other inputs or outputs than the model, in words."""
    inputs, outputs = behavior.points.shape[1], behavior.wanted.shape[1]
    if inputs != model.features:
        return f"give points of {model.features} numbers each, those that enter the {model.kind}"
    if (outputs, model.outputs) == (1, 2):
        return one_of(model)
    if outputs == 1:
        return (
            f"where the {model.outputs} outputs stand for classes, of which one is asked about, take "
            f"{model.kind}.one_class(K, points) (--one-class K); to tell two of them apart {model.kind}.classes(K, L) "
            f"(--classes K,L), exactly; {one_of(model)}"
        )
    if outputs == 2 and model.outputs == 1:
        return (
            f"where the {model.kind} is one of two classes that were folded into one output, give labels of 0 and 1 "
            f"alone (outputs=1), 1 for the second class"
        )
    if outputs == 2:
        return (
            f"of {model.outputs} classes take the two that are meant, {model.kind}.classes(K, L) (--classes K,L), or "
            f"say how many outputs there are where the behavior is made (outputs={model.outputs})"
        )
    return f"say how many outputs there are where the behavior is made (outputs={model.outputs})"


def one_for_two_classes(model: M, behavior: Behavior) -> tuple[M, Behavior]:
    """Model and behavior as they are audited: two classes are folded into one output; of more classes, a last
    activation that does not change which output is the largest is left out."""
    if behavior.decision != "argmax":
        return model, behavior
    model = model.telling_apart()
    two = model.outputs == 2 and behavior.answers == 1
    return (model.folded(), behavior.folded()) if two else (model, behavior)
