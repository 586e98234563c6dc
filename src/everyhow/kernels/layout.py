"""A network and the scenarios in which its circuits are judged, as the arrays that kernels read."""

from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """Arrays padded to the widest layer; layer k of weights leads from layer k of neurons to layer k + 1.

    Attributes:
        widths: (layers + 1,), neurons per layer, the inputs first.
        weights: (layers, widest, widest), rows being outgoing neurons.
        biases: (layers, widest).
        codes: (layers,), activations by code.
        parameters: (layers, 4), of the activations.
        base: (scenarios, widest), the base inputs.
        ablated: (layers, scenarios, widest), the activations that removed edges carry.
        available: (layers, widest), bit sets of parents with a non-zero weight.
        positions: (layers, widest, widest), the bit of each edge in a circuit.
        contrasts: (scenarios, dimensions, outputs), what of the outputs' pre-activations is held against limits.
    """

    widths: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    codes: np.ndarray
    parameters: np.ndarray
    base: np.ndarray
    ablated: np.ndarray
    available: np.ndarray
    positions: np.ndarray
    contrasts: np.ndarray


# The rows of a goal: what a circuit's outputs are held against, coordinate by coordinate. There is one coordinate for
# each scenario and contrast. Two half-open boxes (low, high], the inner one first; the weight of the scenario; whether
# the coordinate is the first of its scenario; and whether that is the first of its part.
INNER_LOW, INNER_HIGH, OUTER_LOW, OUTER_HIGH, WEIGHT, STARTS, OPENS = range(7)


class Wiring(NamedTuple):
    """What the circuits of a network share.

    Attributes:
        widths: (layers + 1,), neurons per layer, the inputs first.
        starts: (layers,), where the matrix of each layer begins in a circuit's weights, a flat row with 0 at all edges
            outside it.
        biases: (layers, widest).
        codes: (layers,), activations by code.
        parameters: (layers, 4), of the activations.
    """

    widths: np.ndarray
    starts: np.ndarray
    biases: np.ndarray
    codes: np.ndarray
    parameters: np.ndarray
