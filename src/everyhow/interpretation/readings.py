"""Every reading that each neuron of a circuit can have."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from ..common.shapes import Float
from ..model.circuit import Circuit
from ..model.decision import decide
from ..model.model import Model
from ..model.reading import ReadingRule
from .interpretation import Neuron, Reading


def circuit_readings(
    model: Model, circuit: Circuit, points: Float[np.ndarray, "inputs features"], rule: ReadingRule
) -> dict[Neuron, tuple[Reading, ...]]:
    """The readings of each neuron that varies, lowest separator first, the circuit being run alone.

    An output has one reading, its decision. A neuron that is absent or never varies is left out. A node that holds
    several numbers is left out.
    """
    states = model.run_circuit(points, circuit)
    present = {(0, i) for i in range(model.graph.sizes[0])} | {tuple(edge.child) for edge in circuit.edges}
    readings = {}
    for layer, j in sorted(node for node in present if model.graph.numbers[node[0]] == 1):
        values = states[layer][:, j]
        found = _readings(values, rule) if layer < model.graph.last else _output_readings(values, rule.level_of(model))
        if found:
            readings[layer, j] = found
    return readings


def _readings(values: Float[np.ndarray, " inputs"], rule: ReadingRule) -> tuple[Reading, ...]:
    if rule.as_float32:
        values = values.astype(np.float32).astype(np.float64)
    closest = rule.tolerance * max(1.0, float(np.abs(values).max()))
    plain, ordered = values.tolist(), np.sort(values).tolist()
    return tuple(
        Reading(_bits([value >= high for value in plain]), (low + high) / 2, (high - low) / (ordered[-1] - ordered[0]))
        for low, high in itertools.pairwise(ordered)
        if high > low and high - low >= closest
    )


def _output_readings(values: Float[np.ndarray, " inputs"], level: float) -> tuple[Reading, ...]:
    rounded = math.isnan(level)
    bits, _ = decide(values, "round" if rounded else "threshold", level)
    if bits.all() or not bits.any():
        return ()
    return (Reading(_bits(bits.tolist()), 0.5 if rounded else level, 1.0),)


def _bits(column: Sequence[bool]) -> int:
    return sum([bit << k for k, bit in enumerate(column)])
