"""Hypotheses that several tests state, and runs made again by names alone."""

import json
import re

import everyhow as eh

BITS = [0, 1]
ALICE = ("AND(OR(A,B), NAND(A,B))", {"OR(A,B)": "h1.0 + h1.1", "NAND(A,B)": "h1.2"})
BOB = ("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "h1.0 - h1.2", "AND(~A,B)": "h1.1 - h1.2"})


def adder():
    """A sum of three values, and a gate that reads it: of xornet's neurons, all three together carry the sum."""
    names = ["a", "b", "sum", "y"]
    return eh.CausalModel(
        names, {**dict.fromkeys(names, BITS), "sum": [0, 1, 2]}, {"sum": ["a", "b"], "y": ["sum"]},
        {"sum": lambda a, b: a + b, "y": lambda s: s % 2},
    )  # fmt: skip


def again(network, run):
    """The decision of a run, made by names alone."""
    base = [[float(digit) for digit in run.base]]
    patch = {}
    for taken in run.patch:
        states = network.states([[float(digit) for digit in taken.source]])
        for name in taken.what:
            layer, j = map(int, name.removeprefix("h").split("."))
            patch[name] = states[layer][0, j]
    return bool(network.run(base, patch=patch)[0, 0] > network.level)


def made_again(network, line):
    """The decision of a run, made by the line of Python that is printed; only what such lines hold is read."""
    match = re.fullmatch(r"network\.run\(\[(\[.*?\])\](?:, patch=(\{.*\}))?\)\[0, 0\] > network\.level", line)
    point, patch = json.loads(match[1]), json.loads(match[2] or "{}")
    return bool(network.run([point], patch=patch)[0, 0] > network.level)


def signs():
    """A trained 2-3-3-1 network of tanh that computes XOR of inputs -1 and 1; h1.1 and h1.0 + h1.2 carry the two ANDs,
    h2.2 and h2.0 + h2.1 as well."""
    return eh.Network(
        [
            [[1.371, -0.84], [1.395, -1.488], [-0.519, 1.012]],
            [[0.173, -0.508, -1.034], [-1.226, 1.31, 0.733], [0.295, 1.156, -0.592]],
            [[-0.385, 1.163, 0.601]],
        ],
        [[0.557, -1.451, -0.026], [-0.474, 0.972, -0.389], [0.242]],
        ["tanh", "tanh", "identity"], input_values=(-1, 1), threshold=0.0,
    )  # fmt: skip


def majority():
    """A trained 3-4-4-1 network of ReLU that computes the majority; h1.2, h1.3, h2.1 and h2.2 are 0 at every input."""
    return eh.Network(
        [
            [[-0.621, -1.191, -0.62], [1.85, 0.949, 1.852], [-0.333, 0.08, -0.209], [-0.269, 0.025, -0.192]],
            [[1.848, -0.848, 0.211, -0.032], [-0.186, -0.302, -0.084, -0.216], [-0.16, 0.024, 0.298, 0.272],
             [-1.701, 1.811, 0.14, 0.474]],
            [[-3.362, -0.129, 0.161, 3.101]],
        ],
        [[1.907, -0.735, -0.328, -0.137], [1.574, -0.456, -0.475, 0.168], [-0.745]],
        ["relu", "relu", "identity"], threshold=0.0,
    )  # fmt: skip


def counting(values=(0, 1, 2, 3), told=(0, 1, 1, 2, 1, 2, 2, 3), maj=(0, 0, 1, 1)):
    """The majority by way of a count, or of other values."""
    names = ["A", "B", "C", "count", "maj", "Y"]
    return eh.CausalModel(
        names, {**dict.fromkeys(names, BITS), "count": list(values)},
        {"count": ["A", "B", "C"], "maj": ["count"], "Y": ["maj"]},
        {"count": lambda a, b, c: told[4 * a + 2 * b + c], "maj": lambda count: maj[count], "Y": lambda maj: maj},
    )  # fmt: skip
