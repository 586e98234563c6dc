"""Exact decisions on a box for circuits of piecewise-linear neurons, by cases of the signs of their pre-activations."""

import numpy as np

from ..common.shapes import Float
from ..kernels.layout import Wiring

# Relative to the magnitudes that it is the sum of, what a certificate must exceed to count.
CERTAIN = 1e-12


def settle_by_cells(
    wiring: Wiring,
    weights: Float[np.ndarray, " edges"],
    point: Float[np.ndarray, " features"],
    reach: Float[np.ndarray, " features"],
    coefficients: Float[np.ndarray, "demands outputs"],
    certain: Float[np.ndarray, " demands"],
    possible: Float[np.ndarray, " demands"],
    most: int,
) -> tuple[int, Float[np.ndarray, " features"]]:
    """The status of a circuit on the box around `point`, with an input at which it is wrong where it is refuted.

    A cell is the part of the box in which some neurons have given signs. On it the output has a linear function below
    it, exact once no sign is open, and the cell is no larger than where linear functions of its neurons have these
    signs. One linear program looks for an input of the cell at which a demand may fail. Where there is none, which
    the program's multipliers prove by themselves, the cell is done; else the circuit is run there, and the cell is
    split by the sign of the neuron that blurs the function most. Undecided is what is left: demands that are met with
    equality within a few 1e-9, and cells beyond the first `most`.
    """
    from ..kernels.boxes import PROVED, REFUTED, UNDECIDED, influence, is_wrong
    from ..kernels.relaxation import demand, no_lines, relax, run

    features, layers, widest = len(point), len(wiring.codes), int(wiring.widths.max())
    lines, line = no_lines(layers, widest, features), np.zeros((2, features + 1))
    states = np.zeros((layers + 1, widest))
    blur = influence(wiring, weights)[1:] * np.abs(1 - wiring.parameters[:, :1])
    status, looked_at = PROVED, 0
    for d in np.flatnonzero(certain > -np.inf):
        waiting = [np.zeros((layers, widest), np.int8)]
        while waiting:
            if looked_at == most:
                return UNDECIDED, point
            looked_at += 1
            signs = waiting.pop()
            relax(wiring, weights, point, reach, signs, lines)
            demand(wiring, weights, coefficients[d], lines, line)
            failing = line[0].copy()
            failing[-1] -= certain[d]
            rows = np.concatenate([failing[None], -lines.received[signs > 0, 1], lines.received[signs < 0, 0]])
            if not np.isfinite(rows).all():
                return UNDECIDED, point
            deviation = _common_point(rows, reach)
            if deviation is None:
                continue
            if is_wrong(run(wiring, weights, point + deviation, states), coefficients, possible):
                return REFUTED, point + deviation
            low, high = np.moveaxis(lines.ends, -1, 0)
            gaps = np.where(signs == 0, np.minimum(-low, high), 0.0) * blur
            if gaps.max() <= 0:
                status = UNDECIDED
                continue
            neuron = np.unravel_index(np.argmax(gaps), gaps.shape)
            for sign in (1, -1):
                child = signs.copy()
                child[neuron] = sign
                waiting.append(child)
    return status, point


def _common_point(
    rows: Float[np.ndarray, "rows features_and_one"], reach: Float[np.ndarray, " features"]
) -> Float[np.ndarray, " features"] | None:
    """A deviation within `reach` at which the greatest of the linear functions is least; None when it is above 0.

    It is above 0 for certain when some average of the functions is above 0 on the whole box (weak duality), whatever
    the solver's tolerances.
    """
    from scipy.optimize import linprog

    slopes, heights = rows[:, :-1], rows[:, -1]
    solution = linprog(
        np.append(np.zeros(len(reach)), 1.0),
        A_ub=np.column_stack([slopes, -np.ones(len(rows))]),
        b_ub=-heights,
        bounds=[*zip(-reach, reach, strict=True), (None, None)],
        method="highs",
    )
    if solution.x is None:
        return np.zeros(len(reach))
    share = np.maximum(-solution.ineqlin.marginals, 0.0)
    if share.sum() > 0:
        share /= share.sum()
        mixed = np.abs(share @ slopes) @ reach
        if share @ heights - mixed > CERTAIN * (share @ np.abs(heights) + mixed):
            return None
    return np.clip(solution.x[:-1], -reach, reach)
