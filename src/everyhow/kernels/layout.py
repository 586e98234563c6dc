"""A network and the scenarios in which its circuits are run, as the arrays that kernels read.

Two forms, since kernels go through weights in two ways. A Layout holds the weights of the network, of which a circuit
takes some by bit sets of parents. Where each circuit brings weights of its own, its weights are a flat row, which is
small for networks of many inputs, and a Wiring holds what all circuits have in common.
"""

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
        ablated: (layers, scenarios, widest), the activations that removed edges carry; 0 for circuits run alone.
        available: (layers, widest), bit sets of parents with a non-zero weight.
        positions: (layers, widest, widest), the bit of each edge in a circuit.
        contrasts: (scenarios, contrasts, outputs), the combinations of the outputs' pre-activations that are held
            against limits; none where circuits are run only.
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


# A goal (rows, coordinates) is what a circuit's outputs are held against. It has a coordinate for each scenario and
# contrast, scenario by scenario, and two half-open boxes (low, high]: the inner one, in which a circuit is certainly
# right, and around it the outer one, outside which it is certainly wrong. Its rows, coordinate by coordinate:
#
# INNER_LOW   0   where the inner box begins; it does not contain this
# INNER_HIGH  1   where it ends; it contains this
# OUTER_LOW   2   where the outer box begins; it does not contain this
# OUTER_HIGH  3   where it ends; it contains this
# WEIGHT      4   the weight of the coordinate's scenario, the same at all its coordinates
# STARTS      5   1 at the first coordinate of a scenario, else 0
# OPENS       6   1 where that scenario is also the first of its part, else 0: errors are added up part by part
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
