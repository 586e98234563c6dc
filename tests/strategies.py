"""Random networks for property tests: ties, saturated sigmoids, dead ReLUs and zero weights included."""

import itertools
import math

import numpy as np
from hypothesis import strategies as st

from everyhow import Network
from everyhow.model.space import circuits_in_space

USUAL = ["identity", "relu", "leaky_relu", "leaky_relu:0.3", "tanh", "sigmoid", "sigmoid:25"]
# Those that fall and rise again.
DIPPING = ["gelu", "gelu_new", "silu", "hardswish"]
CONTINUOUS = [
    *USUAL, *DIPPING, "leaky_relu:2", "leaky_relu:-0.5", "elu", "elu:0.3", "selu", "softplus", "softplus:3", "hardtanh",
    "hardtanh:-0.5:2", "relu6", "hardsigmoid", "hardsigmoid:0.2:0.5", "softsign",
]  # fmt: skip
JUMPING = ["step", "sign"]
ACTIVATIONS = [*CONTINUOUS, *JUMPING]
# Those whose outputs are above a level on both sides of where they are not.
TWO_SIDED = ["leaky_relu:-0.5"]
# Those that compute whole and half numbers exactly.
EXACT = ["identity", "relu", "leaky_relu:-0.5", "leaky_relu:2", "hardtanh", "hardtanh:-0.5:2", "relu6", "step", "sign"]
# Whole and half numbers make ties and exact zeros; the others make every value different.
TIED = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.0, 0.5, 1.0, 2.0])
LOOSE = st.integers(-3000, 3000).map(lambda n: math.sin(n) * 2)


@st.composite
def networks(
    draw, inputs=(1, 3), outputs=(1, 1), hidden=(1, 3), widest=3, most_circuits=1500, exact=False, among=ACTIVATIONS
):
    """A network of at most `most_circuits` circuits, its hidden activations being `among` the given ones; `exact` when
    float arithmetic on it is, so that ties are ties."""
    entries = TIED if exact else draw(st.sampled_from([TIED, LOOSE, st.one_of(TIED, LOOSE)]))
    n_inputs = draw(st.integers(*inputs))
    widths = draw(st.lists(st.integers(1, widest), min_size=hidden[0], max_size=hidden[1]))
    sizes = [n_inputs, *widths, draw(st.integers(*outputs))]
    while True:
        weights, biases = [], []
        for before, width in itertools.pairwise(sizes):
            drawn = draw(st.lists(entries, min_size=width * (before + 1), max_size=width * (before + 1)))
            array = np.array(drawn).reshape(width, before + 1)
            weights.append(array[:, :-1])
            biases.append(array[:, -1])
        hidden = EXACT if exact else among
        last = [name for name in hidden if name not in TWO_SIDED]
        names = [draw(st.sampled_from(last if w is weights[-1] else hidden)) for w in weights]
        network = Network(weights, biases, names)
        if circuits_in_space(network.graph) <= most_circuits:
            return network
        shrinkable = range(1, len(sizes) - 1) if widths else [len(sizes) - 1]
        sizes[max(shrinkable, key=lambda layer: sizes[layer])] -= 1


def permuted(network, random):
    """The network with the neurons of its first hidden layer in another order, and that order."""
    order = list(range(network.widths[1]))
    random.shuffle(order)
    weights, biases = list(network.weights), list(network.biases)
    weights[0], biases[0], weights[1] = weights[0][order], biases[0][order], weights[1][:, order]
    return Network(weights, biases, network.activations), order
