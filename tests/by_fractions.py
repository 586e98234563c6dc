"""Networks and circuits run in exact arithmetic, by fractions, to compare with what is certified of float64."""

from fractions import Fraction


def activated(name, z):
    """What a neuron of a piecewise linear activation gives for z."""
    kind, _, slope = name.partition(":")
    if kind == "identity":
        return z
    if kind == "step":
        return Fraction(int(z > 0))
    if kind == "hardtanh":
        return max(Fraction(-1), min(Fraction(1), z))
    return z if z > 0 else Fraction(float(slope or 0)) * z


def run_from(network, layer, state, circuit=None, carried=None):
    """The activations of the layers from `layer` on by fractions; edges outside the circuit (sets of parents) carry
    what is given for each layer, or 0."""
    states = [state]
    for k in range(layer, network.depth):
        following = []
        for j in range(network.widths[k + 1]):
            z = Fraction(float(network.biases[k][j]))
            for i, weight in enumerate(network.weights[k][j]):
                kept = circuit is None or i in circuit[k][j]
                z += Fraction(float(weight)) * (states[-1][i] if kept else carried[k][i] if carried else 0)
            following.append(activated(network.activations[k], z))
        states.append(following)
    return states


def run(network, point, circuit=None, carried=None):
    """The activations of every layer at a point."""
    return run_from(network, 0, [Fraction(float(x)) for x in point], circuit, carried)


def decides(network, states):
    """Whether the first output lies above the level at which it is read as 1."""
    return states[-1][0] > Fraction(float(network.level))
