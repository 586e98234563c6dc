"""A second kind of model, to try the interface that every kind has: a network whose edges may skip layers.

It is written as a user would write one.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from everyhow.model.coding import checked_input_values, checked_threshold, coding_document
from everyhow.model.graph import Edge, Graph, Node
from everyhow.model.running_model import RunningModel


@dataclass(frozen=True, eq=False, repr=False)
class SkipNetwork(RunningModel):
    """ReLU neurons that read any earlier ones; the outputs are sums.

    `weights` has an entry ((stage, place), (stage, place)) for every edge, child first; every other node of a stage is
    named in `biases`, stage by stage, the inputs left out.
    """

    kind: ClassVar[str] = "skip network"

    inputs: tuple[str, ...]
    biases: tuple[tuple[float, ...], ...]
    weights: tuple[tuple[tuple[int, int], tuple[int, int], float], ...]
    origin: None = None
    threshold: float | None = 0.5
    input_values: tuple[float, float] = (0.0, 1.0)
    remarks: tuple[str, ...] = ()
    softmax: bool = False

    def __post_init__(self):
        object.__setattr__(self, "threshold", checked_threshold(self.threshold))
        object.__setattr__(self, "input_values", checked_input_values(self.input_values))

    def __repr__(self):
        return f"SkipNetwork({self.in_short})"

    @cached_property
    def graph(self):
        inner = [tuple(f"{'uvw'[k]}{j}" for j in range(len(b))) for k, b in enumerate(self.biases[:-1])]
        names = (self.inputs, *inner, tuple(f"y{o}" for o in range(len(self.biases[-1]))))
        edges = [Edge.between(Node(*child), Node(*parent)) for child, parent, _ in self.weights]
        edges.sort(key=lambda edge: (edge.child, edge.slot, edge.parent))
        return Graph(names, tuple(edges), (1,) * len(names), (("",),) * len(names))

    @property
    def features(self):
        return len(self.inputs)

    @property
    def in_short(self):
        return f"{'-'.join(map(str, self.graph.sizes))} with skips, {len(self.graph.edges)} edges"

    def document(self):
        return {
            "kind": self.kind,
            "inputs": list(self.inputs),
            "biases": [list(b) for b in self.biases],
            "weights": [[list(child), list(parent), weight] for child, parent, weight in self.weights],
            **coding_document(self),
        }

    def strength(self, edge):
        return {Edge.between(Node(*child), Node(*parent)): w for child, parent, w in self.weights}[edge]

    def computed(self, circuits, inputs, carried, interventions):
        states = [np.broadcast_to(np.asarray(inputs, float), (len(circuits), *np.shape(inputs)))]
        for stage, biases in enumerate(self.biases, start=1):
            sums = np.zeros((len(circuits), len(inputs), len(biases))) + biases
            for k, edge in enumerate(self.graph.edges):
                if edge.child.stage == stage:
                    parent = edge.parent
                    there, removed = states[parent.stage][..., parent.place], carried[parent.stage][:, parent.place]
                    values = np.where(circuits[:, k, None], there, removed)
                    sums[..., edge.child.place] += self.strength(edge) * values
            state = sums if stage == self.graph.last else np.maximum(sums, 0.0)
            for one in interventions:
                if one.layer == stage:
                    state[..., list(one.neurons)] = one.values
            states.append(state)
        return tuple(states)

    def output(self, index):
        last = self.graph.last
        kept = tuple(((last, 0), *rest) if child[0] == last else (child, *rest) for child, *rest in self.weights
                     if child[0] != last or child[1] == index)  # fmt: skip
        return replace(self, biases=(*self.biases[:-1], (self.biases[-1][index],)), weights=kept)

    def part(self, circuit):
        kept = tuple(one for one in self.weights if Edge.between(Node(*one[0]), Node(*one[1])) in circuit)
        return replace(self, weights=kept)


def skipping_xor():
    """A 2-2-1-1 skip network of 12 edges that computes XOR as OR less AND: u0 is AND(A,B), v0 OR(A,B). u1 and the edge
    from A to the output are not needed. No circuit of it comes near the decision boundary."""
    return SkipNetwork(
        ("A", "B"),
        ((-0.95, -0.05), (0.0,), (0.0,)),
        (
            ((1, 0), (0, 0), 0.9), ((1, 0), (0, 1), 1.05), ((1, 1), (0, 0), 0.45), ((1, 1), (0, 1), -0.35),
            ((2, 0), (0, 0), 1.0), ((2, 0), (0, 1), 1.1), ((2, 0), (1, 0), -1.0), ((2, 0), (1, 1), 0.3),
            ((3, 0), (0, 0), 0.05), ((3, 0), (1, 0), -1.07), ((3, 0), (1, 1), 0.2), ((3, 0), (2, 0), 1.0),
        ),
    )  # fmt: skip
