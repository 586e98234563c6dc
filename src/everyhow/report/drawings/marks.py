"""What a node holds at each input, as squares."""

import math
from collections.abc import Sequence

import numpy as np

from .shapes import Box


def levels(values: np.ndarray) -> np.ndarray:
    """A neuron's activations from 0, its smallest, to 1, its largest; all 0 when it never varies."""
    span = values.max() - values.min()
    return (values - values.min()) / span if span > 1e-9 * max(1.0, float(np.abs(values).max())) else 0.0 * values


def squares(x: float, y: float, side: float, shades: Sequence[float]) -> list[Box]:
    """One square per input around a middle, in reading order, within a square of this side."""
    inputs = (len(shades) - 1).bit_length()
    columns = 1 << (inputs + 1) // 2
    cell = side / columns
    lines = math.ceil(len(shades) / columns)
    left, top = x - side / 2, y - cell * lines / 2
    found = []
    for row, shade in enumerate(shades):
        cell_box = (left + cell * (row % columns), top + cell * (row // columns), cell, cell)
        found += [Box("cell", *cell_box), Box("level", *cell_box, level=round(float(shade), 3))]
    return found
