"""Hypotheses that several tests state, and runs made again by names alone."""

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
