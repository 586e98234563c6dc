"""Where in the boxes around the inputs a circuit decides otherwise, in words."""

import numpy as np

from ..boolean.truth_table import MAX_INPUTS
from ..common.shapes import Float
from ..ladder import Counterexample, Fault
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.decision import decide, level_for
from .boxes import Radius, boxes_around
from .feed_forward import FeedForward
from .robust import robustness


def fault_around(network: FeedForward, circuit: Circuit, behavior: Behavior, radius: Radius) -> Fault | None:
    """An input of the boxes at which a circuit decides otherwise, in as few digits as show it; None when the circuit
    is not refuted. Arguments and errors as for `robustness`.

    Example:
        >>> from everyhow import Behavior, Circuit, parse_task, xornet
        >>> xor = Behavior.of_task(parse_task("XOR"))
        >>> print(fault_around(xornet(), Circuit.whole(xornet()), xor, 0.3))
        at (0.3, 1.3), in the box of 0.3 around 01, it decides 0
    """
    reach = boxes_around(network, behavior, radius).reach
    found = robustness(network, circuit, behavior, radius).counterexample
    if found is None:
        return None
    center, wanted = behavior.points[found.corner], behavior.wanted[found.corner]
    # One row for each number of digits; the point itself comes last, since rounding may save the circuit.
    points = np.array([*(found.point.round(digits) for digits in range(1, 16)), found.point])
    decision = behavior.decision
    level = level_for(behavior.read(network), decision)
    bits, decided = decide(network.run_circuit(points, circuit)[-1], decision, level)
    inside = (np.abs(points - center) <= reach * (1 + 1e-12)).all(axis=1)
    shows = inside & ((bits != wanted) | ~decided).any(axis=1)
    k = int(np.argmax(shows)) if shows.any() else len(points) - 1
    at = _numbers(points[k]) if len(center) <= MAX_INPUTS else "an input"
    side = f"{reach[0]:.15g}" if (reach == reach[0]).all() else _numbers(reach)
    setting = f"at {at}, in the box of {side} around {behavior.name_of(found.corner)}"
    if not decided[k].all():
        return Fault(f"{setting}, its output is not a bit")
    output = int(np.argmax(bits[k] != wanted))
    run = Counterexample(at, (), bool(wanted[output]), bool(bits[k, output]))
    decided_bits = "".join(f"{bit:d}" for bit in bits[k])
    return Fault(f"{setting}, it decides {f'class {bits[k].argmax()}' if decision == 'argmax' else decided_bits}", run)


def _numbers(values: Float[np.ndarray, " features"]) -> str:
    return f"({', '.join(f'{value + 0.0:.15g}' for value in values)})"
