"""A network and the scenarios in which its circuits are judged, as the arrays that kernels read."""

from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """Arrays padded to the widest layer; layer k of weights leads from layer k of neurons to layer k + 1.

    Attributes:
        widths: (layers + 1,), neurons per layer, the inputs first.
        weights: (layers, widest, widest), rows being outgoing neurons.
        constants: (layers, widest, scenarios), the bias and what removed edges carry.
        codes: (layers,), activations by code.
        parameters: (layers,), of the activations.
        base: (scenarios, widest), the base inputs.
        ablated: (layers, scenarios, widest), the activations that removed edges carry.
        available: (layers, widest), bit sets of parents with a non-zero weight.
        positions: (layers, widest, widest), the bit of each edge in a circuit.
    """

    widths: np.ndarray
    weights: np.ndarray
    constants: np.ndarray
    codes: np.ndarray
    parameters: np.ndarray
    base: np.ndarray
    ablated: np.ndarray
    available: np.ndarray
    positions: np.ndarray


class Wiring(NamedTuple):
    """What the circuits of a network share.

    Attributes:
        widths: (layers + 1,), neurons per layer, the inputs first.
        starts: (layers,), where the matrix of each layer begins in a circuit's weights, a flat row with 0 at all edges
            outside it.
        biases: (layers, widest).
        codes: (layers,), activations by code.
        parameters: (layers,), of the activations.
    """

    widths: np.ndarray
    starts: np.ndarray
    biases: np.ndarray
    codes: np.ndarray
    parameters: np.ndarray
