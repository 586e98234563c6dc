"""The population codes of all hidden layers, and what of them is never searched for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..auditing.schema import WHOLE_BY_DATA
from ..model.behavior import Behavior
from ..network.network import Network
from ..readout.explanation import ReadoutExplanation
from .reading import MOST_INPUTS, LayerAgain

# Inputs of data up to which readouts are explained.
MOST_POINTS = 64


@dataclass(frozen=True, eq=False)
class ReadoutsAgain:
    """What an audit says of all hidden layers.

    Attributes:
        layers: those that were read.
        explained: whether sets of signals were searched for.
        beyond: what was not searched for, in words.
    """

    layers: tuple[LayerAgain, ...]
    explained: bool
    beyond: tuple[str, ...]

    @property
    def refused(self) -> list[str]:
        """What the budget did not allow."""
        return [layer.allowed[1] for layer in self.layers if layer.allowed[1]] if self.explained else []

    @property
    def ties(self) -> list[str]:
        """What depends on rounding, each said once."""
        return list(dict.fromkeys(tie for layer in self.layers for tie in layer.ties)) if self.explained else []

    @property
    def affordable(self) -> bool:
        """Whether all explanations are known."""
        return not self.explained or all(layer.affordable for layer in self.layers)

    @property
    def strictest(self) -> Iterator[ReadoutExplanation]:
        """The explanations of each layer that survive."""
        for layer in self.layers if self.explained else ():
            yield from layer.strictest


def unexplained(network: Network, behavior: Behavior) -> str | None:
    """Why no readout explanations are searched for, in words; None where they are."""
    if behavior.is_truth_table and network.widths[0] > MOST_INPUTS:
        return f"readouts are searched for at most {MOST_INPUTS} inputs; the network has {network.widths[0]}"
    if behavior.is_truth_table and network.widths[-1] == 1:
        return None
    if network.widths[-1] > 1:
        return f"readouts explain one output; the network has {network.widths[-1]}"
    if behavior.decision != "threshold":
        return f"readouts explain decisions by threshold; these are by {behavior.decision}"
    if len(behavior.points) > MOST_POINTS:
        number = len(behavior.points)
        return f"readout explanations are searched for over at most {MOST_POINTS} inputs; these data have {number:,}"
    return None


def readouts_again(
    layers: Sequence[LayerAgain], network: Network, behavior: Behavior, by_data: bool, version: int
) -> ReadoutsAgain:
    """What is said of these hidden layers, all of the network: until schema 6 of data only what is linear in each, and
    nothing of the layers of a task of too many inputs."""
    if not layers:
        return ReadoutsAgain((), False, ())
    why = unexplained(network, behavior)
    if version < WHOLE_BY_DATA and not by_data and why:
        return ReadoutsAgain((), False, (why,))
    read = tuple(layer for layer in layers if layer.unread is None)
    unread = [layer.unread for layer in layers if layer.unread is not None]
    explained = why is None and not (by_data and version < WHOLE_BY_DATA)
    told = [why] if why and not (by_data and version < WHOLE_BY_DATA) else []
    return ReadoutsAgain(read, explained, (*told, *unread))
