"""What every subset of some heads and MLPs decides, over all rows; and how sure that is."""

from dataclasses import dataclass

import numpy as np

from ..common.shapes import Float


@dataclass(frozen=True)
class Settled:
    """How decisions were found.

    Attributes:
        precision: all subsets were run in it: float32 or float64.
        device: where they ran.
        compared: how many runs were made in both precisions; 0 where all are in float64.
        bound: how near its boundary a float32 decision was taken to be in doubt: ten times the largest difference seen
            in the runs that were made in both. Differences of logits are meant.
        again: how many decisions came so near and were made again in float64.
        left_open: how many of these are within 1e-9 of the boundary, and not on it to the last bit.
    """

    precision: str
    device: str
    compared: int = 0
    bound: float = 0.0
    again: int = 0
    left_open: int = 0

    def __str__(self) -> str:
        opened = f"; {self.left_open:,} within 1e-9 of their boundary are left open" if self.left_open else ""
        if self.precision == "float64":
            return f"run in float64 on {self.device}{opened}"
        return (
            f"run in float32 on {self.device}; {self.again:,} decisions nearer to their boundary than {self.bound:.2g} "
            f"were made again in float64 ({self.compared:,} runs in both differ by at most a tenth of that){opened}"
        )


@dataclass(frozen=True, eq=False)
class Decided:
    """What subsets decide.

    Attributes:
        wrong: shape (2, subsets), the weight of the rows decided otherwise than wanted: at least, and at most.
        difference: shape (subsets,), the mean over rows and answers of the wanted class's logit less the mean of all
            others.
        ends: that mean in the whole model, and in the model with every head and MLP patched.
        settled: how this was found.
    """

    wrong: Float[np.ndarray, "ends subsets"]
    difference: Float[np.ndarray, " subsets"]
    ends: tuple[float, float]
    settled: Settled
