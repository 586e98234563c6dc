"""How well a circuit does as numbers, beside whether it is perfect: so that scores of other tools can be compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..common.shapes import Float
from ..model.circuit import Circuit
from ..model.criterion import Criterion
from ..model.decision import decide


@dataclass(frozen=True)
class Score:
    """Two numbers of one circuit.

    Attributes:
        right: the weight of the inputs (by resampling, of the pairs of inputs) at which it decides right, from 0 to 1.
        difference: the normalized logit difference (m(C) - m(nothing)) / (m(M) - m(nothing)): m is the mean, over
            inputs and answers, of the wanted class's logit less the mean of all others; C is the circuit, M the whole
            model, and nothing the circuit without edges. 1 for the whole model, 0 for nothing; None where the outputs
            are not logits, or where model and nothing do not differ.
    """

    right: float
    difference: float | None


def score_of(criterion: Criterion[Any], circuit: Circuit) -> Score:
    """The numbers of a circuit in the scenarios of a criterion.

    Example:
        >>> import everyhow as eh
        >>> found = eh.circuits(eh.xornet(), "XOR")
        >>> score_of(found.criterion, next(iter(found))).right
        1.0
    """
    model, behavior = criterion.model, criterion.behavior
    model = model.unscoped
    edges = len(model.graph.edges)
    chosen = np.stack([circuit.on(model.graph).chosen, np.ones(edges, bool), np.zeros(edges, bool)])
    received = model.run_circuits(chosen, criterion.bases, criterion.ablated)
    weights = criterion.weights / criterion.weights.sum()
    bits, decided = decide(model.activated(received[0]), criterion.decision, criterion.level, behavior.answers)
    right = ((bits == criterion.wanted) & decided).all(axis=1)
    if behavior.within is not None:
        right &= (np.abs(received[0] - criterion.near[criterion.base]) <= behavior.within).all(axis=1)
    margins = _margins(criterion, received)
    difference = None
    if margins is not None:
        whole = float(weights @ (margins[1] - margins[2]))
        difference = float(weights @ (margins[0] - margins[2])) / whole if whole else None
    return Score(round(float(weights @ right), 12), difference)


def _margins(
    criterion: Criterion[Any], received: Float[np.ndarray, "circuits scenarios outputs"]
) -> Float[np.ndarray, "circuits scenarios"] | None:
    """The wanted class's logit less the mean of all others, over the answers; of two classes that are one output, that
    output, signed."""
    answers = criterion.behavior.answers
    if criterion.decision == "argmax":
        each = received.reshape(*received.shape[:2], answers, -1)
        wanted = criterion.wanted.reshape(len(criterion.wanted), answers, -1)
        others = each.shape[3] - 1
        of_wanted = (each * wanted).sum(axis=3)
        return (of_wanted - (each.sum(axis=3) - of_wanted) / others).mean(axis=2)
    if criterion.decision == "threshold" and criterion.model.ending == "identity" and received.shape[2] == 1:
        return np.where(criterion.wanted[:, 0], 1.0, -1.0) * (received[:, :, 0] - criterion.level)
    return None
