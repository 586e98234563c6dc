"""How a network runs, in the slow, obvious way: begin here.

The plain files are the second route to every number, straight from the definitions; they share no code with the rest.
Each is read with this one beside it: `plain_circuits` (WHERE: every circuit, and whether it is right),
`plain_interpretations` (WHAT, given a circuit), `plain_algorithms` (WHAT: every tree of gates, and what formulas cost),
`plain_mappings` (WHERE, given an algorithm: every neuron set, every interchange) and `plain_readouts` (population
codes).

Everywhere `network` has weights, one matrix (neurons, parents) per layer, biases and activations. `points` (runs,
inputs) are what the network is run on: as a rule all rows of the truth table.
"""

import itertools
import math

import numpy as np


def activate(name, z):
    """The activation function `name` at the numbers `z`; parameters follow the name, separated by colons."""
    kind, *texts = name.split(":")
    given = [float(text) for text in texts]
    if kind == "identity":
        return z
    if kind == "relu":
        return np.maximum(z, 0)
    if kind == "leaky_relu":
        return np.where(z > 0, z, (given or [0.01])[0] * z)
    if kind == "tanh":
        return np.tanh(z)
    if kind == "sigmoid":
        return 0.5 * (1 + np.tanh((given or [1])[0] * z / 2))
    return np.vectorize(ONE_BY_ONE[kind], [float])(z, *given)


def elu(z, alpha=1.0):
    """z above 0, else alpha (exp(z) - 1)."""
    return z if z > 0 else alpha * (math.exp(z) - 1)


def softplus(z, beta=1.0):
    """log(1 + exp(beta z)) / beta; for large z, a sum equal to it within rounding."""
    return math.log(1 + math.exp(beta * z)) / beta if beta * z < 30 else z + math.exp(-beta * z) / beta


def hardtanh(z, low=-1.0, high=1.0):
    """z held between `low` and `high`."""
    return sorted([low, z, high])[1]


def hardsigmoid(z, slope=1 / 6, shift=0.5):
    """slope z + shift, held between 0 and 1."""
    return sorted([0.0, slope * z + shift, 1.0])[1]


ONE_BY_ONE = {
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "gelu_new": lambda z: z * 0.5 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z * 0.5 * (1 + math.tanh(z / 2)),
    "elu": elu,
    "selu": lambda z: 1.0507009873554805 * elu(z, 1.6732632423543772),
    "softplus": softplus,
    "hardtanh": hardtanh,
    "relu6": lambda z: hardtanh(z, 0.0, 6.0),
    "hardsigmoid": hardsigmoid,
    "hardswish": lambda z: z * hardtanh(z + 3, 0.0, 6.0) / 6,
    "softsign": lambda z: z / (1 + abs(z)),
    "step": lambda z: float(z > 0),
    "sign": lambda z: float(z > 0) - float(z < 0),
}


def rows(inputs):
    """The rows of the truth table of so many inputs, in binary order: (2^inputs, inputs)."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=inputs)))


def corners(network):
    """The rows of the truth table, written with the two numbers by which the network's inputs stand for 0 and 1."""
    low, high = network.input_values
    return np.array([[high if bit else low for bit in row] for row in rows(network.widths[0])], float)


def subsets(items):
    """Every subset, the smallest first."""
    items = list(items)
    return itertools.chain.from_iterable(itertools.combinations(items, n) for n in range(len(items) + 1))


def run(network, points, circuit=None, ablated=None):
    """The activations of every layer, the inputs first, each (runs, neurons).

    With a circuit, edges outside it carry nothing, or what `ablated` gives for their parents; neurons keep their
    biases."""
    states = [np.asarray(points, float)]
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True)):
        mask = np.ones(w.shape)
        if circuit is not None:
            mask = np.array([[i in parents for i in range(w.shape[1])] for parents in circuit[layer]], float)
        z = states[-1] @ (w * mask).T + b
        if ablated is not None:
            z = z + ablated[layer] @ (w * (1 - mask)).T
        states.append(activate(name, z))
    return states


def run_many(network, points, circuits, ablated=None):
    """The outputs of every circuit at every point, (circuits, points, outputs), and what the outputs receive."""
    state, received = np.asarray(points, float), None
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True)):
        mask = np.zeros((len(circuits), *w.shape))
        for k, circuit in enumerate(circuits):
            for j, parents in enumerate(circuit[layer]):
                mask[k, j, list(parents)] = 1
        received = state @ (w * mask).transpose(0, 2, 1) + b
        if ablated is not None:
            received = received + ablated[layer] @ (w * (1 - mask)).transpose(0, 2, 1)
        state = activate(name, received)
    return state, received


def patched_states(network, points, patches):
    """The activations of every layer with patches (layer, neurons, values) held."""
    states = [np.asarray(points, float)]
    for layer, (w, b, name) in enumerate(zip(network.weights, network.biases, network.activations, strict=True), 1):
        states.append(activate(name, states[-1] @ w.T + b))
        for where, neurons, values in patches:
            if where == layer:
                states[-1] = states[-1].copy()
                states[-1][:, list(neurons)] = values
    return states


def run_patched(network, points, patches, decision="threshold"):
    """The decisions of the first output, (runs,), with patches (layer, neurons, values) held."""
    return bits_of(patched_states(network, points, patches)[-1][:, 0], decision, network.threshold) == 1


def bits_of(outputs, decision, threshold=0.5):
    """What outputs decide: whether they are above the threshold, or, by rounding, the nearest whole number."""
    return outputs > threshold if decision == "threshold" else np.round(outputs)


def chosen(outputs, decision, threshold=0.5):
    """The bits that one run's outputs decide; by `argmax`, 1 for the first of the largest and 0 for all others."""
    if decision == "argmax":
        return [o == int(np.argmax(outputs)) for o in range(len(outputs))]
    return list(bits_of(outputs, decision, threshold))
