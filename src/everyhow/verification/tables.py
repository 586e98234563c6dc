"""What the network decides, from a stored audit and by the plain methods."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..behavior import Behavior
from ..network import Network
from . import plain
from .check import Check


def behavior_of(document: dict[str, Any], network: Network) -> Behavior:
    """What the circuits of a stored audit are judged by."""
    if "behavior" in document:
        said = document["behavior"]
        return Behavior(said["points"], said["weights"], said["wanted"], said["epsilon"], said["within"])
    options = document["options"]
    points = plain.rows(network.widths[0])
    outputs = plain.run(network, points)[-1]
    wanted = np.array([plain.chosen(row, document["decision"]) for row in outputs]) == 1
    return Behavior(points, np.ones(len(points)), wanted, options.get("epsilon") or 0.0, options.get("within"))


def check_decisions(document: dict[str, Any], network: Network) -> Iterator[Check]:
    """The truth table that the network computes."""
    outputs = plain.run(network, plain.rows(network.widths[0]))[-1]
    found = "".join(str(int(plain.chosen(row, document["decision"])[0])) for row in outputs)
    yield Check("computes", f"all {len(outputs)} rows run", document["computes"]["table"], found)
