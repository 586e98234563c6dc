"""A third kind of model, to try the interface that every kind has: attention heads over tokens.

Its nodes hold several numbers each, some have several inputs, and its points are numbers of tokens. It is written as a
user would write one.
"""

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

import everyhow as eh
from everyhow.model.checks import checked_inputs, checked_interventions
from everyhow.model.coding import coding_document
from everyhow.model.graph import Edge, Graph, Node
from everyhow.model.running_model import RunningModel

SLOTS = ("q", "k", "v")


class Head(NamedTuple):
    """Queries, keys and values are (width, size of the head); `out` is (size of the head, width)."""

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    out: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class AttentionModel(RunningModel):
    """Layers of causal heads that add to a stream; the logits are read at the last position.

    Args:
        tokens: shape (tokens, width), the embedding of each.
        places: shape (positions, width), added to it.
        layers: the heads of each layer.
        unembedding: shape (width, classes).
        bias: shape (classes,).
    """

    kind: ClassVar[str] = "attention model"

    tokens: np.ndarray
    places: np.ndarray
    layers: tuple[tuple[Head, ...], ...]
    unembedding: np.ndarray
    bias: np.ndarray
    origin: None = None
    threshold: float | None = None
    input_values: tuple[float, float] = (0.0, 1.0)
    remarks: tuple[str, ...] = ()
    softmax: bool = False

    def __repr__(self):
        return f"AttentionModel({self.in_short})"

    @cached_property
    def graph(self):
        heads = [tuple(f"a{layer}.h{h}" for h in range(len(each))) for layer, each in enumerate(self.layers)]
        names = (("embed",), *heads, ("logits",))
        slots = (("",), *[SLOTS] * len(heads), ("",))
        nodes = [[Node(stage, place) for place in range(len(each))] for stage, each in enumerate(names)]
        edges = [
            Edge.between(child, parent, slot)
            for stage in range(1, len(names))
            for child in nodes[stage]
            for slot in range(len(slots[stage]))
            for parent in itertools.chain(*nodes[:stage])
        ]
        numbers = (self.places.size,) * (len(names) - 1) + (len(self.bias),)
        return Graph(names, tuple(edges), numbers, slots)

    @property
    def features(self):
        return len(self.places)

    @property
    def in_short(self):
        heads = "+".join(str(len(each)) for each in self.layers)
        return f"{heads} heads over {self.features} tokens, {len(self.graph.edges)} edges"

    def document(self):
        return {
            "kind": self.kind,
            "tokens": self.tokens.tolist(),
            "places": self.places.tolist(),
            "layers": [[[matrix.tolist() for matrix in head] for head in each] for each in self.layers],
            "unembedding": self.unembedding.tolist(),
            "bias": self.bias.tolist(),
            **coding_document(self),
        }

    def _embedded(self, points):
        numbers = checked_inputs(self, points)
        if not np.isin(numbers, np.arange(len(self.tokens))).all():
            raise eh.InputError(f"tokens are whole numbers from 0 to {len(self.tokens) - 1}; give those")
        return (self.tokens[numbers.astype(int)] + self.places).reshape(len(numbers), 1, -1)

    def _received(self, circuits, states, carried, child, slot):
        """What a slot of a node receives, (circuits, runs, positions, width)."""
        total = np.zeros((len(circuits), *states[0].shape[1:2], self.places.size))
        for k, edge in enumerate(self.graph.edges):
            if edge.child == child and edge.slot == slot:
                stage, place = edge.parent
                kept = circuits[:, k, None, None]
                total += np.where(kept, states[stage][:, :, place], carried[stage][:, place])
        return total.reshape(*total.shape[:-1], *self.places.shape)

    def _attended(self, head, streams):
        """What a head writes, (circuits, runs, numbers), given the streams that its slots receive."""
        queries, keys, values = (stream @ matrix for stream, matrix in zip(streams, head[:3], strict=True))
        scores = queries @ keys.swapaxes(-1, -2) / math.sqrt(queries.shape[-1])
        scores = np.where(np.tri(len(self.places), dtype=bool), scores, -np.inf)
        pattern = np.exp(scores - scores.max(axis=-1, keepdims=True))
        written = pattern / pattern.sum(axis=-1, keepdims=True) @ values @ head.out
        return written.reshape(*written.shape[:-2], -1)

    def computed(self, circuits, inputs, carried, interventions):
        embedded = self._embedded(inputs)
        interventions = checked_interventions(self.graph, interventions, len(embedded))
        states = [np.broadcast_to(embedded, (len(circuits), *embedded.shape))]
        for stage, heads in enumerate(self.layers, start=1):
            written = []
            for place, head in enumerate(heads):
                node = Node(stage, place)
                streams = [self._received(circuits, states, carried, node, slot) for slot in range(len(SLOTS))]
                written.append(self._attended(head, streams))
            state = np.stack(written, axis=2)
            for one in interventions:
                if one.layer == stage:
                    state[:, :, list(one.neurons)] = one.values
            states.append(state)
        last = self._received(circuits, states, carried, Node(self.graph.last, 0), 0)[..., -1, :]
        return (*states, last @ self.unembedding + self.bias)

    def output(self, index):
        if not 0 <= index < self.outputs:
            raise eh.InputError(f"there is no logit {index}; there are {self.outputs}")
        return replace(self, unembedding=self.unembedding[:, [index]], bias=self.bias[[index]])

    def folded(self):
        if self.outputs != 2:
            raise eh.InputError(f"two logits are folded; there are {self.outputs}")
        first, second = self.unembedding.T
        difference = self.bias[[1]] - self.bias[[0]]
        return replace(self, unembedding=(second - first)[:, None], bias=difference, threshold=0.0)


# The stream holds whether the token is 0, whether it is 1, and what the heads of OR and of NAND write.
IS_0, IS_1, OR, NAND = np.eye(4)


def _looking_for(token, writes, noise):
    """A head that looks for a token and writes whether it is there; all its weights are off by some noise."""
    queries, keys = np.array([[6.0, 0.0]] * 2 + [[0.0, 0.0]] * 2), np.outer(token, [2.0, 0.0])
    exact = Head(queries, keys, np.outer(token, [1.0, 0.0]), np.outer([1.0, 0.0], writes))
    return Head(*(matrix + noise.normal(scale=0.12, size=matrix.shape) for matrix in exact))


def _made(layers, unembedding, bias, threshold=None):
    noise = np.random.default_rng(8)
    heads = tuple(tuple(_looking_for(token, writes, noise) for token, writes in each) for each in layers)
    tokens = np.stack([IS_0, IS_1]) + noise.normal(scale=0.05, size=(2, 4))
    places = noise.normal(scale=0.05, size=(2, 4))
    return AttentionModel(tokens, places, heads, np.array(unembedding).T, np.array(bias), threshold=threshold)


def attending_xor():
    """Two layers of one head, 12 edges: the first computes OR of two tokens, the second NAND; the logit is their sum,
    less 1.5, above 0 for XOR."""
    return _made([[(IS_1, OR)], [(IS_0, NAND)]], [OR + NAND], [-1.5], threshold=0.0)


def counting_ones():
    """A layer of two heads, 9 edges, and the logits of three classes: how many of two tokens are 1."""
    ones = OR - NAND
    return _made([[(IS_1, OR), (IS_0, NAND)]], [-ones, 0 * ones, ones], [-0.5, 0.0, -0.5])
