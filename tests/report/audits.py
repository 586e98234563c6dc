"""The audits that tests of reports look at, each made once."""

from functools import cache

import everyhow as eh

from ..conftest import reference


def two_outputs():
    """The analytic network with a second output, AND."""
    network = eh.xornet()
    last = [[1, 1, -2], [0, 0, 1]]
    return eh.Network((network.weights[0], last), (network.biases[0], [-0.5, -0.5]), network.activations)


@cache
def audit_of(name):
    """The audit of a reference network, or one of the audits named here that differ from those in kind."""
    if name == "two-outputs":
        return eh.audit(two_outputs(), "XOR,AND")
    if name == "authors":
        return eh.audit(reference("xor-2-3-3-1-seed0")[1], "XOR", preset="authors")
    if name == "budget":
        return eh.audit(reference("count-xor-2-5-5-1-seed0")[1], "XOR", budget=10_000)
    if name == "wrong-task":
        return eh.audit(reference("xor-2-3-3-1-seed0")[1], "OR")
    if name == "three-inputs":
        network = eh.Network([[[1, 1, 1], [1, -1, 0]], [[1, 1]]], [[-1.5, 0], [0]], ["relu", "relu"])
        return eh.audit(network, "MAJORITY")
    if name == "wide":
        weights = ([[1 + k % 3, 1 - k % 2, 0.5 * k] for k in range(9)], [[(-1) ** k for k in range(9)]])
        network = eh.Network(weights, ([-1.5] * 9, [0.3]), ("relu", "identity"))
        return eh.audit(network, "MAJORITY", budget=10**7)
    document, network = reference(name)
    return eh.audit(network, document["task"])
