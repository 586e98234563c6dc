"""What is asked of circuits, as far as it is known before any is looked for."""

from dataclasses import dataclass

from ..model.criterion import Ablation


@dataclass(frozen=True)
class CircuitQuestions:
    """What is asked of circuits beyond the decisions wanted.

    Attributes:
        ablation: what removed edges carry.
        radius: half the side of the box around each input on which `robust` circuits decide right; None not to ask.
    """

    ablation: Ablation = "zero"
    radius: float | None = None


PLAIN = CircuitQuestions()
