"""Circuits that decide right on whole boxes around the inputs, and the inputs at which others do not."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from ..activations import LEAKY
from ..behavior import Behavior, Decision, decide
from ..boolean.truth_table import MAX_INPUTS
from ..ladder import Counterexample, Fault
from ..network import Network
from ..threads import map_in_threads
from .boxes import Boxes, Radius, boxes_around
from .cells import settle_by_cells
from .circuit import Circuit

# Boxes, or cells, looked at around one point before a circuit is left undecided.
EFFORT = 10_000
# Boxes after which a piecewise-linear circuit is cut into cells instead.
BEFORE_CELLS = 500
# Numbers in the arrays of one block of circuits.
BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class WrongDecision:
    """A circuit, run alone at `point`, in the box around point `corner` of the behavior, decides other than wanted.

    `decided` has one entry for each output; None where the output is no bit.
    """

    point: Float[np.ndarray, " features"]
    corner: int
    decided: tuple[bool | None, ...]


@dataclass(frozen=True, eq=False)
class Robustness:
    """Whether a circuit decides right on every box.

    Attributes:
        status: proved, refuted, or undecided: some output comes within 1e-9 of the decision boundary, or the effort was
            not enough.
        counterexample: when refuted.
        margin: when proved, how far at least the outputs' pre-activations stay from where decisions change; 0 when no
            more than the decision was proved.
    """

    status: Literal["proved", "refuted", "undecided"]
    counterexample: WrongDecision | None = None
    margin: float = 0.0


UNSETTLED = Robustness("undecided")


@dataclass(frozen=True)
class RobustCount:
    """How many circuits are robust, how many are not, and of how many neither was shown."""

    proved: int
    refuted: int
    undecided: int

    @property
    def certified(self) -> bool:
        """Whether the number of robust circuits is known."""
        return self.undecided == 0

    @property
    def between(self) -> tuple[int, int]:
        """The number of robust circuits, at least and at most."""
        return self.proved, self.proved + self.undecided


def robustness(
    network: Network,
    circuit: Circuit,
    behavior: Behavior,
    radius: Radius,
    decision: Decision = "threshold",
    effort: int = EFFORT,
) -> Robustness:
    """Whether a circuit, run alone, makes the wanted decision at every input of the closed box around each point.

    Args:
        radius: half the side of the boxes; one number, or one for each input.
        effort: how many boxes, or cells of linear pieces, are looked at around one point before giving up.

    Raises:
        InputError: a circuit or a behavior that does not fit the network, or a radius that is not at least 0.

    Example:
        >>> from everyhow import Behavior, Circuit, parse_task, xornet
        >>> network, xor = xornet(), Behavior.of_task(parse_task("XOR"))
        >>> robustness(network, Circuit.whole(network), xor, 0.4).status
        'proved'
        >>> robustness(network, Circuit.whole(network), xor, 0.5).status
        'refuted'
    """
    ((_, found),) = robust_circuits(network, [circuit], behavior, radius, decision, effort)
    return found


def robust_circuits(
    network: Network,
    circuits: Iterable[Circuit],
    behavior: Behavior,
    radius: Radius,
    decision: Decision = "threshold",
    effort: int = EFFORT,
) -> Iterator[tuple[Circuit, Robustness]]:
    """Each circuit, in the order given, with whether it decides right on every box; arguments as for `robustness`.

    Method: branch and bound. Each neuron gets a linear function of the input below and above it, from the first layer
    to the last (Singh et al., An Abstract Domain for Certifying Neural Networks, POPL 2019); a box on which they do
    not settle the decision is halved. Where that takes long and all activations are piecewise linear, `settle_by_cells`
    decides exactly.

    Cost: a few microseconds for each small circuit and point, unless its outputs come near a decision boundary.
    """
    boxes = boxes_around(network, behavior, radius, decision)
    size = max(1, BLOCK // (len(boxes.centres) + network.edges + 1))
    stream = iter(circuits)
    blocks = iter(lambda: list(itertools.islice(stream, size)), [])
    for found in map_in_threads(lambda block: _settle(boxes, block, decision, effort), blocks):
        yield from found


def robust_count(
    network: Network,
    circuits: Iterable[Circuit],
    behavior: Behavior,
    radius: Radius,
    decision: Decision = "threshold",
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
    for _, found in robust_circuits(network, circuits, behavior, radius, decision, effort):
        statuses[found.status] += 1
    return RobustCount(**statuses)

def fault_around(
    network: Network, circuit: Circuit, behavior: Behavior, radius: Radius, decision: Decision = "threshold"
) -> Fault | None:
    """An input of the boxes at which a circuit decides otherwise, in as few digits as show it; None when it is not
    refuted.

    Example:
        >>> from everyhow import Behavior, Circuit, parse_task, xornet
        >>> xor = Behavior.of_task(parse_task("XOR"))
        >>> print(fault_around(xornet(), Circuit.whole(xornet()), xor, 0.6))
        at (0.6, 0), in the box of 0.6 around 00, it decides 1
    """
    boxes = boxes_around(network, behavior, radius, decision)
    found = robustness(network, circuit, behavior, radius, decision).counterexample
    if found is None:
        return None
    wanted, near = behavior.wanted[found.corner], boxes.reach * (1 + 1e-12)
    for point in (*(found.point.round(digits) for digits in range(1, 16)), found.point):
        bits, decided = (row[0] for row in decide(network.run_circuit(point[None], circuit)[-1], decision))
        wrong = (bits != wanted) | ~decided
        if wrong.any() and (np.abs(point - behavior.points[found.corner]) <= near).all():
            break
    at = _numbers(point) if len(point) <= MAX_INPUTS else "an input"
    corner = _name(behavior.points[found.corner], found.corner)
    side = _numbers(boxes.reach) if len(set(boxes.reach)) > 1 else f"{boxes.reach[0]:.15g}"
    outcome = f"it decides {''.join(f'{bit:d}' for bit in bits)}" if decided.all() else "its output is no bit"
    output = int(np.argmax(wrong))
    run = Counterexample(at, (), bool(wanted[output]), bool(bits[output])) if decided[output] else None
    return Fault(f"at {at}, in the box of {side} around {corner}, {outcome}", run)


def _numbers(values: Float[np.ndarray, " features"]) -> str:
    return f"({', '.join(f'{value + 0.0:.15g}' for value in values)})"


def _name(point: Float[np.ndarray, " features"], index: int) -> str:
    """A row of a truth table as digits, any other point by its index."""
    if len(point) <= MAX_INPUTS and np.isin(point, (0, 1)).all():
        return "".join(f"{value:.0f}" for value in point)
    return f"input {index}"


def _settle(
    boxes: Boxes, circuits: Sequence[Circuit], decision: Decision, effort: int
) -> list[tuple[Circuit, Robustness]]:
    from ..kernels.boxes import PROVED, REFUTED, UNDECIDED, settle_circuits

    wiring, weights = boxes.wiring(), boxes.weights(circuits)
    piecewise_linear = bool((wiring.codes[:-1] == LEAKY).all())
    status = np.full((len(circuits), len(boxes.centres)), UNDECIDED, np.int8)
    margins, points = np.zeros(len(circuits)), np.zeros((len(circuits), len(boxes.reach)))
    most = min(effort, BEFORE_CELLS) if piecewise_linear else effort
    demands = (boxes.coefficients, boxes.certain, boxes.possible)
    settle_circuits(wiring, weights, boxes.centres, boxes.reach, *demands, most, status, margins, points)
    for c, p in np.argwhere((status == UNDECIDED) & (status != REFUTED).all(axis=1)[:, None] & piecewise_linear):
        if REFUTED not in status[c]:
            asked = (boxes.centres[p], boxes.reach, *(each[p] for each in demands))
            status[c, p], points[c] = settle_by_cells(wiring, weights[c], *asked, effort)
    refuted, proved = (status == REFUTED).any(axis=1), (status == PROVED).all(axis=1)
    bits, decided = decide(boxes.outputs(weights[refuted], points[refuted]), decision)
    decisions = iter(np.where(decided, bits, None).tolist())
    found = []
    for c, circuit in enumerate(circuits):
        if refuted[c]:
            wrong = WrongDecision(points[c], int(np.argmax(status[c] == REFUTED)), tuple(next(decisions)))
            found.append((circuit, Robustness("refuted", wrong)))
        else:
            found.append((circuit, Robustness("proved", None, float(margins[c])) if proved[c] else UNSETTLED))
    return found
