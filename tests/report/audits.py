"""The audits that tests of reports look at, each made once."""

from functools import cache

import numpy as np

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
    if name == "by-data":
        network = reference("xor-2-3-3-1-seed0")[1]
        moved = np.tile(network.corners, (3, 1)) + 0.03 * np.random.default_rng(0).normal(size=(12, 2))
        behavior = eh.Behavior.of_network(network, moved.round(3), epsilon=0.1)
        return eh.audit(network, behavior, features=moved > 0.5, tolerance=0.1)
    if name == "many-inputs":
        network = eh.xornet()
        points = np.random.default_rng(1).uniform(0, 1, (300, 2)).round(3)
        return eh.audit(network, eh.Behavior.of_network(network, points))
    if name == "bits-by-data":
        network = two_outputs()
        return eh.audit(network, eh.Behavior.of_data(network.corners, [[0, 0], [1, 0], [1, 0], [0, 1]]))
    document, network = reference(name)
    return eh.audit(network, document["task"])
