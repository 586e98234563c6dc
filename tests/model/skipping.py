"""A second kind of model, to try the interface that every kind has: a network whose edges may skip layers.

It is written as a user would write one: from `everyhow.Model` and what `everyhow.model` offers to any kind.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

import everyhow as eh
from everyhow.model.graph import Edge, Graph, Node
from everyhow.model.model import MOST_EDGES
from everyhow.model.plain_runs import plain_runs
from everyhow.model.runnable import checked_input_values, checked_threshold, coding_document
from everyhow.model.running_search import STEPS_PER_RUN, RunningSearch, judged


@dataclass(frozen=True, eq=False, repr=False)
class SkipNetwork(eh.Model):
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
    def ending(self):
        return "identity"

    @property
    def in_short(self):
        return f"{'-'.join(map(str, self.graph.sizes))} with skips, {len(self.graph.edges)} edges"

    @property
    def counting_steps(self):
        return STEPS_PER_RUN << len(self.graph.edges)

    @property
    def listable(self):
        return len(self.graph.edges) <= MOST_EDGES

    @property
    def uncountable(self):
        return None

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

    def _sums(self, circuits, states, carried, stage):
        """What a stage receives, (circuits, runs, nodes); `states` and `carried` are by stage."""
        sums = np.zeros((len(circuits), states[0].shape[-2], len(self.biases[stage - 1]))) + self.biases[stage - 1]
        for k, edge in enumerate(self.graph.edges):
            if edge.child.stage == stage:
                there, i = states[edge.parent.stage][..., edge.parent.place], edge.parent.place
                values = np.where(circuits[:, k, None], there, carried[edge.parent.stage][:, i])
                sums[..., edge.child.place] += self.strength(edge) * values
        return sums

    def _run(self, circuits, points, carried, held=()):
        states = [np.broadcast_to(np.asarray(points, float), (len(circuits), *np.shape(points)))]
        sums = states[0]
        for stage in range(1, self.graph.last + 1):
            sums = self._sums(circuits, states, carried, stage)
            state = sums.copy() if stage == self.graph.last else np.maximum(sums, 0.0)
            for one in held:
                if one.layer == stage:
                    state[..., list(one.neurons)] = one.values
            states.append(state)
        return states, sums

    def _nothing(self, points):
        return [np.zeros((len(points), size)) for size in self.graph.sizes[:-1]]

    def states(self, inputs, interventions=()):
        whole = np.ones((1, len(self.graph.edges)), bool)
        return tuple(state[0] for state in self._run(whole, inputs, self._nothing(inputs), interventions)[0])

    def run_circuit(self, inputs, circuit, carried=None):
        removed = self._nothing(inputs) if carried is None else carried
        return tuple(state[0] for state in self._run(circuit.on(self.graph).chosen[None], inputs, removed)[0])

    def run_circuits(self, circuits, points, carried):
        return self._run(circuits, points, carried)[1]

    def pre_activations(self, points):
        return self.states(points)[-1]

    def output(self, index):
        last = self.graph.last
        kept = tuple(((last, 0), *rest) if child[0] == last else (child, *rest) for child, *rest in self.weights
                     if child[0] != last or child[1] == index)  # fmt: skip
        return replace(self, biases=(*self.biases[:-1], (self.biases[-1][index],)), weights=kept)

    def telling_apart(self):
        return self

    def folded(self):
        raise eh.InputError("a skip network is not folded; take skip_network.output(1)")

    def part(self, circuit):
        kept = tuple(one for one in self.weights if Edge.between(Node(*one[0]), Node(*one[1])) in circuit)
        return replace(self, weights=kept)

    def runs(self, points):
        return plain_runs(self, points)

    def search(self, criterion):
        return RunningSearch(criterion)

    def search_within(self, criterion, circuit):
        return RunningSearch(criterion, circuit)

    def judged(self, criteria, circuits):
        return judged(criteria, circuits)

    def cuts(self):
        return ()

    def interpretation_counts(self, circuits, points, rule):
        return None

    def robust_count(self, circuits, behavior, radius):
        return None

    def fault_around(self, circuit, behavior, radius):
        return None


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
