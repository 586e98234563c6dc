"""A transformer run whole at some inputs, and run there again with heads and MLPs held at what they write at others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..common.shapes import Bool, Float, Int
from ..model.graph import Node
from ..model.plain_runs import PlainRuns
from ..model.runnable import BOUNDARY_SHIFT, Held
from .residual_stream import ResidualStream

# What a slot receives, for each choice of held components before it: a run for every source and base.
Stream = Float[np.ndarray, "choices sources inputs positions d_model"]


@dataclass(frozen=True, eq=False)
class TransformerRuns(PlainRuns):
    """A transformer run whole, and again with components of any layers held. Every component runs once for each choice
    of held components in earlier stages, whatever is held after it."""

    model: ResidualStream

    def interchanged(
        self, region: Sequence[Node], chosen: Bool[np.ndarray, "sets nodes"], sources: Int[np.ndarray, " sources"]
    ) -> Held:
        """Heads and MLPs write what they write at another input: (sets, sources, inputs, outputs)."""
        column = {node: k for k, node in enumerate(region)}
        biases = list(self._biases())
        which = np.zeros(len(chosen), int)
        # What every later slot receives of the components so far; those of one bias share it.
        streams = {bias.tobytes(): self._embedded(bias)[None, None] for bias in biases}
        for stage, bias in enumerate(biases[:-1], start=1):
            nodes = [Node(stage, place) for place in range(self.model.graph.sizes[stage])]
            computed = list(self._computed(stage, streams[bias.tobytes()]))
            held = np.array([chosen[:, column[n]] if n in column else np.zeros(len(chosen), bool) for n in nodes])
            kinds, first, which = np.unique(np.array([which, *held]), axis=1, return_index=True, return_inverse=True)
            before, which = kinds[0], which.ravel()
            later = {one.tobytes() for one in biases[stage:]}
            streams = {key: stream[before] for key, stream in streams.items() if key in later}
            for k, node in enumerate(nodes):
                taken = self._written(node)[sources][None, :, None]
                there = held[k, first][:, None, None, None, None]
                wrote = np.where(there, taken, computed[k][before])
                streams = {key: stream + wrote for key, stream in streams.items()}
        last = streams[biases[-1].tobytes()][..., list(self.model.answered), :]
        found = np.broadcast_to(self.model.read_of(last)[which], self._shape(chosen, sources))
        return Held(found, None, BOUNDARY_SHIFT)

    def _shape(self, chosen: np.ndarray, sources: np.ndarray) -> tuple[int, ...]:
        return len(chosen), len(sources), len(self.points), self.model.outputs

    def _biases(self) -> Iterator[Float[np.ndarray, " d_model"]]:
        """What the slots of each stage after the inputs receive beside their edges."""
        for k, layer in enumerate(self.model.layers):
            yield self.model.bias_before(k, mlp=False)
            if layer.mlp is not None:
                yield self.model.bias_before(k, mlp=True)
        yield self.model.bias_before(len(self.model.layers), mlp=False)

    def _embedded(self, bias: Float[np.ndarray, " d_model"]) -> Float[np.ndarray, "inputs positions d_model"]:
        """What a slot receives of the first stage and its bias."""
        stream = self._written(Node(0, 0)) + bias
        return stream + self._written(Node(0, 1)) if self.model.split_input else stream

    def _written(self, node: Node) -> Float[np.ndarray, "inputs positions d_model"]:
        """What a node writes at each input."""
        state = self.states[node.stage][:, node.place]
        return state.reshape(len(state), self.model.features, self.model.d_model)

    def _computed(self, stage: int, stream: Stream) -> Iterator[Stream]:
        """What each component of a stage writes, given what it receives."""
        model = self.model
        parts = [(layer, mlp) for layer in model.layers for mlp in (None, layer.mlp)[: 1 + (layer.mlp is not None)]]
        layer, mlp = parts[stage - 1]
        if mlp is not None:
            yield model.written_by_mlp(layer, stream)
            return
        for h in range(layer.attention.heads):
            yield model.written_by_head(layer, h, stream, stream, stream)
