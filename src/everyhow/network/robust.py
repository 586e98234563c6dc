"""Circuits that decide right on whole boxes around the inputs, and the inputs at which others do not."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float
from ..common.threads import map_in_threads
from ..model.activations import LEAKY, activation
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.decision import Decision, decide, level_for
from ..model.model import RobustCount
from .boxes import Boxes, Radius, boxes_around
from .cells import settle_by_cells
from .feed_forward import FeedForward

# Boxes, or cells, looked at around one point before a circuit is left undecided.
EFFORT = 10_000
# Boxes after which a piecewise-linear circuit is cut into cells instead.
BEFORE_CELLS = 500
# Numbers in the arrays of one batch of circuits.
BATCH = 1 << 20


@dataclass(frozen=True, eq=False)
class WrongDecision:
    """A circuit, run alone at `point`, in the box around point `corner` of the behavior, decides other than wanted.

    `decided` has one entry for each output; None where the output is not a bit.
    """

    point: Float[np.ndarray, " features"]
    corner: int
    decided: tuple[bool | None, ...]


@dataclass(frozen=True, eq=False)
class Robustness:
    """Whether a circuit decides right on every box.

    Attributes:
        status: proved, refuted, or undecided: some output comes within a few 1e-9 of the decision boundary, or the
            effort was not enough.
        counterexample: when refuted.
        margin: when proved, how far at least the outputs' pre-activations stay from where decisions change; 0 when no
            more than the decision was proved.
    """

    status: Literal["proved", "refuted", "undecided"]
    counterexample: WrongDecision | None = None
    margin: float = 0.0


UNSETTLED = Robustness("undecided")


def robustness(
    network: FeedForward,
    circuit: Circuit,
    behavior: Behavior,
    radius: Radius,
    effort: int = EFFORT,
) -> Robustness:
    """Whether a circuit, run alone, makes the wanted decision at every input of the closed box around each point.

    Args:
        radius: half the side of the boxes; one number, or one for each input.
        effort: how many boxes, or cells of linear pieces, are looked at around one point before giving up.

    Raises:
        InputError: a circuit or a behavior that does not fit the network, a radius below 0 or an
            effort below 1.

    Example:
        >>> from everyhow import Behavior, Circuit, parse_task, xornet
        >>> network, xor = xornet(), Behavior.of_task(parse_task("XOR"))
        >>> robustness(network, Circuit.whole(network), xor, 0.2).status
        'proved'
        >>> robustness(network, Circuit.whole(network), xor, 0.3).status
        'refuted'
    """
    ((_, found),) = robust_circuits(network, [circuit], behavior, radius, effort)
    return found


def robust_circuits(
    network: FeedForward,
    circuits: Iterable[Circuit],
    behavior: Behavior,
    radius: Radius,
    effort: int = EFFORT,
) -> Iterator[tuple[Circuit, Robustness]]:
    """Each circuit, in the order given, with whether it decides right on every box; arguments as for `robustness`.

    Method: branch and bound. Each neuron gets a linear function of the input below and above it, from the first layer
    to the last (Singh et al., An Abstract Domain for Certifying Neural Networks, POPL 2019); a box on which they do
    not settle the decision is halved. Where that takes long and all activations are piecewise linear, `settle_by_cells`
    decides exactly.

    Cost: a few microseconds for each small circuit and point, unless its outputs come near a decision boundary.
    """
    if effort < 1:
        raise InputError(f"the effort is {effort}; at least 1 box must be looked at")
    boxes = boxes_around(network, behavior, radius)
    size = max(1, BATCH // (len(boxes.centers) + network.edges + 1))
    stream = iter(circuits)
    batches = iter(lambda: list(itertools.islice(stream, size)), [])
    return itertools.chain.from_iterable(
        map_in_threads(lambda batch: _settle(boxes, batch, behavior.decision, effort), batches)
    )


def robust_count(
    network: FeedForward,
    circuits: Iterable[Circuit],
    behavior: Behavior,
    radius: Radius,
    effort: int = EFFORT,
) -> RobustCount:
    """How many of the circuits decide right on every box; arguments as for `robustness`.

    Example:
        >>> import everyhow as eh
        >>> network, xor = eh.xornet(), eh.Behavior.of_task(eh.parse_task("XOR"))
        >>> robust_count(network, eh.circuits(network), xor, 0.1)
        RobustCount(proved=1, refuted=0, undecided=0)
    """
    statuses = {"proved": 0, "refuted": 0, "undecided": 0}
    for _, found in robust_circuits(network, circuits, behavior, radius, effort):
        statuses[found.status] += 1
    return RobustCount(**statuses)


def _settle(
    boxes: Boxes, circuits: Sequence[Circuit], decision: Decision, effort: int
) -> list[tuple[Circuit, Robustness]]:
    from ..kernels.boxes import PROVED, REFUTED, UNDECIDED, settle_circuits

    wiring, weights = boxes.wiring(), boxes.weights(circuits)
    piecewise_linear = bool((wiring.codes[:-1] == LEAKY).all())
    status = np.full((len(circuits), len(boxes.centers)), UNDECIDED, np.int8)
    margins, points = np.zeros(len(circuits)), np.zeros((len(circuits), len(boxes.reach)))
    most = min(effort, BEFORE_CELLS) if piecewise_linear else effort
    demands = (boxes.coefficients, boxes.certain, boxes.possible)
    settle_circuits(wiring, weights, boxes.centers, boxes.reach, *demands, most, status, margins, points)
    for c in np.flatnonzero((status != REFUTED).all(axis=1) & piecewise_linear):
        for p in np.flatnonzero(status[c] == UNDECIDED):
            status[c, p], points[c] = settle_by_cells(
                wiring, weights[c], boxes.centers[p], boxes.reach, *(each[p] for each in demands), most=effort
            )
            if status[c, p] == REFUTED:
                break
    refuted, proved = (status == REFUTED).any(axis=1), (status == PROVED).all(axis=1)
    corners = np.argmax(status == REFUTED, axis=1)
    received = np.zeros((len(circuits), boxes.network.widths[-1]))
    at_center = (points == boxes.centers[corners]).all(axis=1)
    # Apart, since sums at the centers are more often free of rounding.
    for some in (np.flatnonzero(refuted & at_center), np.flatnonzero(refuted & ~at_center)):
        received[some], off = boxes.received(weights[some], points[some])
        refuted[some] = boxes.is_wrong(received[some], off, corners[some])
    outputs = activation(boxes.network.activations[-1])(received[refuted])
    decisions = zip(*decide(outputs, decision, level_for(boxes.network, decision)), strict=True)
    found = []
    for c, circuit in enumerate(circuits):
        if refuted[c]:
            decided = tuple(bool(bit) if is_bit else None for bit, is_bit in zip(*next(decisions), strict=True))
            wrong = WrongDecision(points[c], int(corners[c]), decided)
            found.append((circuit, Robustness("refuted", wrong)))
        else:
            found.append((circuit, Robustness("proved", None, float(margins[c])) if proved[c] else UNSETTLED))
    return found
