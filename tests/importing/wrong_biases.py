"""Imports that go wrong by one bias, so that a test sees whether the check of each finds it; no library is needed."""

import numpy as np

from everyhow import Network
from everyhow.importing import checking, layers, sklearn_models


def wrong_bias(monkeypatch, layer=-1, by=1e-3):
    """From now on, what is put together from a model has one bias of one layer wrong."""

    def wrong(steps):
        network, words = layers.fold(steps)
        biases = [np.array(one) for one in network.biases]
        biases[layer][0] += by
        return Network(network.weights, biases, network.activations), words

    for module in (checking, sklearn_models):
        monkeypatch.setattr(module, "fold", wrong)
