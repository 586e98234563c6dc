"""Hidden layers as the stages that everything passes."""

from dataclasses import dataclass

import numpy as np

from ..common.shapes import Bool, Float
from ..model.model import Cut
from .feed_forward import FeedForward
from .runs import run_received


@dataclass(frozen=True, eq=False)
class LayerCut(Cut):
    """A hidden layer of a network; 1 is the first."""

    network: FeedForward
    layer: int

    def read(self, points: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs neurons"]:
        """The activations of the layer."""
        return self.network.states(points)[self.layer]

    def received(self, state: Float[np.ndarray, "*batch neurons"]) -> Float[np.ndarray, "*batch following"]:
        """The pre-activations of the next layer when its neurons are in `state`."""
        return self.network.received(self.layer + 1, state)

    def run_received(
        self, received: Float[np.ndarray, "*batch following"], points: Float[np.ndarray, "*any features"]
    ) -> tuple[Float[np.ndarray, "*batch outputs"], Bool[np.ndarray, "*batch"]]:
        """The outputs when the next layer has these pre-activations, and in which runs a neuron that steps, and that
        something reads, comes within 1e-9 of its jump."""
        return run_received(self.network, self.layer + 1, received)
