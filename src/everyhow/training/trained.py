"""What comes out of training, whatever kind of model was trained."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from ..model.model import Model

Kind = TypeVar("Kind", bound=Model)


@dataclass(frozen=True)
class Checkpoint(Generic[Kind]):
    """A model kept in the middle of its training.

    Attributes:
        epoch: passes made over the drawn rows.
        network: the model after them.
        loss: mean loss over the last of them; None before the first.
        accuracy: share of the task's rows that the model decides as the task wants, as in Trained.
    """

    epoch: int
    network: Kind
    loss: float | None
    accuracy: float


@dataclass(frozen=True)
class Trained(Generic[Kind]):
    """A trained model and how its training went.

    Attributes:
        seed: of the weights, the rows drawn and their order.
        network: the model after the last step.
        converged: whether the loss target was reached.
        reason: why training stopped, in words.
        epochs: passes made over the drawn rows.
        loss: mean loss over the last epoch: of networks the squared error, of transformers the cross-entropy.
        accuracy: share of the task's rows that the model decides as the task wants, with all outputs, or all answers,
            right. Of networks these are the rows of the truth table, decided by threshold.
        checkpoints: the model in the middle of training, at the epochs asked for.
        held_out: the accuracy at those rows of the task that were held out; None where none were.
    """

    seed: int
    network: Kind
    converged: bool
    reason: str
    epochs: int
    loss: float
    accuracy: float
    checkpoints: tuple[Checkpoint[Kind], ...] = ()
    held_out: float | None = None
