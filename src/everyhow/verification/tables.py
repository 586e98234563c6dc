"""What the network decides, from a stored audit and by the plain methods."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..behavior import Behavior, behavior_from_document
from ..network import Network
from . import plain
from .check import Check


def behavior_of(document: dict[str, Any], network: Network) -> Behavior:
    """What the circuits of a stored audit are judged by."""
    if "behavior" in document:
        return behavior_from_document(document["behavior"], document["decision"])
    options = document["options"]
    points = plain.corners(network)
    outputs = plain.run(network, points)[-1]
    # By argmax there may be no threshold, and none is used.
    level: Any = network.threshold
    wanted = np.array([plain.chosen(row, document["decision"], level) for row in outputs]) == 1
    return Behavior(
        points, np.ones(len(points)), wanted, options.get("epsilon") or 0.0, options.get("within"),
        document["decision"], None, network.input_values,
    )  # fmt: skip


def check_decisions(document: dict[str, Any], network: Network) -> Iterator[Check]:
    """The truth table that the network computes."""
    outputs = plain.run(network, plain.corners(network))[-1]
    level: Any = network.threshold
    found = "".join(str(int(plain.chosen(row, document["decision"], level)[0])) for row in outputs)
    yield Check("computes", f"all {len(outputs)} rows run", document["computes"]["table"], found)
