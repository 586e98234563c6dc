"""What a circuit is asked to do: in which scenarios, and which decisions must come out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ..behavior import BOUNDARY_SHIFT, Behavior, Decision, decision_limits
from ..network import Network


@dataclass(frozen=True, eq=False)
class Criterion:
    """Scenarios, each a base input with the activations that removed edges carry, and the bit wanted in each.

    Attributes:
        bases: shape (scenarios, features).
        ablated: for layers 0 to depth - 1, shape (scenarios, neurons): what edges outside the circuit carry.
        wanted: shape (scenarios, outputs).
        required: shape (scenarios, outputs); where False any decision will do.
    """

    network: Network
    decision: Decision
    bases: Float[np.ndarray, "scenarios features"]
    ablated: tuple[Float[np.ndarray, "scenarios _neurons"], ...]
    wanted: Bool[np.ndarray, "scenarios outputs"]
    required: Bool[np.ndarray, "scenarios outputs"]

    def limits(self, slack: float) -> Float[np.ndarray, "ends dimensions"]:
        """Low and high ends of the pre-activations allowed, scenario by scenario and output by output, the decision
        boundary being moved outwards by `slack`."""
        name = self.network.activations[-1]
        ends = {bit: decision_limits(name, self.decision, bit, slack) for bit in (False, True)}
        wanted, required = self.wanted.ravel(), self.required.ravel()
        low = np.where(required, np.where(wanted, ends[True][0], ends[False][0]), -np.inf)
        high = np.where(required, np.where(wanted, ends[True][1], ends[False][1]), np.inf)
        return np.stack([low, high])

    def certified_limits(self) -> Float[np.ndarray, "boxes ends dimensions"]:
        """The box when the decision boundary moves inwards and outwards by 1e-9."""
        return np.stack([self.limits(-BOUNDARY_SHIFT), self.limits(BOUNDARY_SHIFT)])


def perfect(network: Network, behavior: Behavior, decision: Decision = "threshold") -> Criterion:
    """Run alone, all other edges carrying 0, the circuit makes the wanted decision at every input (paper, Def. 4)."""
    silent = tuple(np.zeros((len(behavior.points), width)) for width in network.widths[:-1])
    return _criterion(network, decision, behavior.points, silent, behavior.wanted)


def resample_faithful(network: Network, behavior: Behavior, decision: Decision = "threshold") -> Criterion:
    """Perfect, and still so when every other edge carries what it carries in the whole network at another input.

    Every base with every source; a source that is the base itself asks nothing of a network that makes the wanted
    decisions.
    """
    count = len(behavior.points)
    bases, sources = (grid.ravel() for grid in np.mgrid[0:count, 0:count])
    states = network.layers(behavior.points)[:-1]
    resampled = tuple(state[sources] for state in states)
    alone = perfect(network, behavior, decision)
    return _criterion(
        network,
        decision,
        np.concatenate([behavior.points, behavior.points[bases]]),
        tuple(np.concatenate(pair) for pair in zip(alone.ablated, resampled, strict=True)),
        np.concatenate([behavior.wanted, behavior.wanted[bases]]),
    )


def _criterion(
    network: Network,
    decision: Decision,
    bases: Float[np.ndarray, "scenarios features"],
    ablated: Sequence[Float[np.ndarray, "scenarios _neurons"]],
    wanted: Bool[np.ndarray, "scenarios outputs"],
) -> Criterion:
    return Criterion(network, decision, bases, tuple(ablated), wanted, np.ones_like(wanted))
