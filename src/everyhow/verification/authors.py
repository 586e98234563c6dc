"""The circuits that the released code counts, run one by one."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..behavior import parse_task
from ..circuits.space import circuits_in_space
from ..network import Network
from . import plain
from .check import Check

MOST_CIRCUITS = 60_000


def check_authors(document: dict[str, Any], network: Network) -> Iterator[Check]:
    """Of a small space every circuit: which of them the released code looks at, and which are accurate."""
    if circuits_in_space(network) > MOST_CIRCUITS:
        return
    counts, points = document["counts"], plain.corners(network)
    task = parse_task(document["options"]["tables"][0])
    labels = np.array([task.tables[0].bits >> row & 1 for row in range(len(points))])[:, None]
    hidden, sparsity = sum(network.widths[1:-1]), document["options"]["min_node_sparsity"]
    looked_at = []
    for circuit in plain.all_circuits(network.weights):
        inputs = {i for parents in circuit[0] for i in parents}
        left_out = sum(not parents for layer in circuit[:-1] for parents in layer)
        if len(inputs) == network.widths[0] and left_out and left_out / hidden > sparsity:
            looked_at.append(circuit)
    scope = "every circuit of the network"
    yield Check("circuits_in_space", scope, counts["circuits_in_space"], len(looked_at))
    accurate = sum(
        float((np.round(plain.run(network, points, circuit)[-1]) == labels).mean()) > 0.99 for circuit in looked_at
    )
    stated = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
    yield Check("perfect_circuits", f"{len(looked_at):,} circuits run", stated, accurate)
