"""Networks made from others: neurons in another order and at another scale, and weights taken away."""

from dataclasses import replace

import numpy as np


def turned(network, orders, factors=None):
    """The network whose neuron orders[l][j] of hidden layer l + 1 is neuron j of the given one, times a factor."""
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    for layer, order in enumerate(orders):
        scale = np.ones(len(order)) if factors is None else np.array(factors[layer])
        rows, shifts = np.empty_like(weights[layer]), np.empty_like(biases[layer])
        rows[list(order)], shifts[list(order)] = weights[layer] * scale[:, None], biases[layer] * scale
        columns = np.empty_like(weights[layer + 1])
        columns[:, list(order)] = weights[layer + 1] / scale
        weights[layer], biases[layer], weights[layer + 1] = rows, shifts, columns
    return replace(network, weights=weights, biases=biases)


def pruned(network, *edges):
    """The network less some edges (layer, neuron, parent)."""
    weights = [w.copy() for w in network.weights]
    for layer, j, i in edges:
        weights[layer - 1][j, i] = 0.0
    return replace(network, weights=weights)


def said(network, base, patch):
    """What a network of one output decides on an input, given by its digits, with neurons held by name."""
    held = {}
    for taken in patch:
        states = network.states([[float(digit) for digit in taken.source]])
        for name in taken.what:
            layer, j = map(int, name.removeprefix("h").split("."))
            held[name] = states[layer][0, j]
    return bool(network.run([[float(digit) for digit in base]], patch=held)[0, 0] > network.level)
