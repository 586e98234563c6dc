"""The residual stream at one position, as a model: what stands there after each layer, number by number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from ..common.arguments import is_whole, quoted
from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..model.answer import Answer
from ..model.checks import checked_interventions
from ..model.graph import Edge, Graph, Node
from ..model.model import Cut
from ..model.origin import Origin
from ..model.runnable import Intervention, States
from ..model.running_model import RunningModel
from .residual_stream import ResidualStream


@dataclass(frozen=True, eq=False, repr=False)
class StreamAt(RunningModel):
    """The residual stream of a transformer at one position.

    Its neurons are the numbers of the stream there: `r0.3` is number 3 after layer 0, with everything that heads, MLP
    and biases up to that layer have added. Holding one holds it at this position alone; later layers are computed from
    the stream as it then is, and all other positions as they are. So population codes, hypotheses and interchanges are
    asked of the stream as of the layers of a network. A circuit is a set of these numbers; any other one is ablated.

    Args:
        transformer: what is read.
        position: from 0.
    """

    kind: ClassVar[str] = "residual stream"
    nodes: ClassVar[str] = "numbers of the stream"
    of_sequences: ClassVar[bool] = True

    transformer: ResidualStream
    position: int

    @property
    def origin(self) -> Origin | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Where the transformer came from."""
        return self.transformer.origin

    @property
    def threshold(self) -> float | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """An output above it is read as 1."""
        return self.transformer.threshold

    @property
    def input_values(self) -> tuple[float, float]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The two numbers by which tokens stand for 0 and for 1."""
        return self.transformer.input_values

    @property
    def remarks(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How the transformer was made, and where its stream is read."""
        layers = len(self.transformer.layers)
        after = "layer 1 is what stands there after the transformer's layer 0"
        more = f", layer {layers} after its layer {layers - 1}" if layers > 1 else ""
        read = f"the residual stream is read at position {self.position + 1} of {self.features}: {after}{more}"
        return (*self.transformer.remarks, read)

    @property
    def softmax(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether a softmax after the outputs was left out."""
        return self.transformer.softmax

    @property
    def features(self) -> int:
        """The tokens of one sequence."""
        return self.transformer.features

    @property
    def outputs(self) -> int:
        """The numbers that are read."""
        return self.transformer.outputs

    @property
    def steps_per_run(self) -> int:
        """Those of the transformer."""
        return self.transformer.steps_per_run

    @property
    def in_short(self) -> str:
        """Where it is read, and of what."""
        width, layers = self.transformer.d_model, len(self.transformer.layers)
        after = "its layer" if layers == 1 else f"each of its {layers} layers"
        return f"at position {self.position + 1} of {self.features} of a transformer, {width} numbers after {after}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_short})"

    def document(self) -> dict[str, Any]:
        """The transformer, and the position."""
        return {"kind": self.kind, "position": self.position, "transformer": self.transformer.document()}

    @cached_property
    def graph(self) -> Graph:  # pyright: ignore[reportIncompatibleVariableOverride] (computed once)
        """The numbers of the stream by layers, of which each is in a circuit or not."""
        width, layers = self.transformer.d_model, len(self.transformer.layers)
        names = (("input",), *(tuple(f"r{k}.{j}" for j in range(width)) for k in range(layers)), ("logits",))
        nodes = [Node(stage, place) for stage in range(1, layers + 1) for place in range(width)]
        numbers = (self.features, *(1,) * layers, self.outputs)
        return Graph(names, tuple(Edge.between(node, node) for node in nodes), numbers, (("",),) * len(names))

    def stream(self, position: int = -1) -> Self:
        """The residual stream of the same transformer at a position."""
        return replace(self, position=stream_at(self.transformer, position).position)

    def _with(self, transformer: ResidualStream) -> Self:
        return replace(self, transformer=transformer)

    def read(self, threshold: float | None = None, inputs: Iterable[float] | None = None) -> Self:
        """The same stream of the transformer read in another way."""
        return self._with(self.transformer.read(threshold, inputs))

    def remarked(self, *said: str) -> Self:
        """The same stream, with more to be said of how its transformer was made."""
        return self._with(self.transformer.remarked(*said))

    def answering(self, answer: Answer, tokens: int) -> Self:
        """The same stream, with the answers of the transformer read elsewhere.

        Raises:
            InputError: the sequences are shorter than the position, or do not fit the transformer.
        """
        answered = self.transformer.answering(answer, tokens)
        return replace(self, transformer=answered, position=stream_at(answered, self.position).position)

    def output(self, index: int) -> Self:
        """The same stream, with only one output of the transformer."""
        return self._with(self.transformer.output(index))

    def folded(self) -> Self:
        """The same stream, the two classes of the transformer being one output."""
        return self._with(self.transformer.folded())

    def computed(
        self,
        circuits: Bool[np.ndarray, "circuits edges"],
        inputs: Float[np.ndarray, "runs features"],
        carried: States,
        interventions: Sequence[Intervention],
    ) -> States:
        """The stream after each layer, numbers outside a circuit being what `carried` says, and the outputs."""
        model = self.transformer
        interventions = checked_interventions(self.graph, interventions, len(inputs))
        width = model.d_model
        # Up to the first layer all circuits have one stream.
        stream = model.embedded(inputs)[None]
        states: list[np.ndarray] = [
            np.broadcast_to(np.asarray(inputs, float)[:, None], (len(circuits), len(inputs), 1, self.features))
        ]
        for k in range(len(model.layers)):
            stream = after_layer(model, k, stream)
            kept = circuits[:, None, k * width : (k + 1) * width]
            here = np.where(kept, stream[..., self.position, :], carried[k + 1])
            for one in interventions:
                if one.layer == k + 1:
                    here[..., list(one.neurons)] = one.values
            stream = np.broadcast_to(stream, (len(circuits), *stream.shape[1:])).copy()
            stream[..., self.position, :] = here
            states.append(here)
        return (*states, model.read_of(stream[..., list(model.answered), :]))

    def cuts(self) -> tuple[Cut, ...]:
        """The stream after each layer."""
        return tuple(StreamCut(self, layer) for layer in range(1, len(self.transformer.layers) + 1))


@dataclass(frozen=True, eq=False)
class StreamCut(Cut):
    """The residual stream at a position after a layer. What else goes by, at other positions, is that of an input."""

    stream: StreamAt
    layer: int

    @property
    def alone(self) -> bool:
        """Whether everything passes it: it is the last layer, read at the position where the answer is."""
        model = self.stream.transformer
        return self.layer == len(model.layers) and set(model.answered) == {self.stream.position}

    def read(self, points: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs neurons"]:
        """The stream at the position."""
        return self.stream.states(points)[self.layer]

    def received(self, state: Float[np.ndarray, "*batch neurons"]) -> Float[np.ndarray, "*batch following"]:
        """What logits read of the stream, where nothing but these reads it, and without a norm; elsewhere all of it."""
        model = self.stream.transformer
        if self.alone and model.ln_final is None:
            return state @ model.read_matrix + model.read_bias
        return state

    def run_received(
        self, received: Float[np.ndarray, "*batch following"], points: Float[np.ndarray, "*batch features"]
    ) -> tuple[Float[np.ndarray, "*batch outputs"], Bool[np.ndarray, "*batch"]]:
        """The outputs when this is received at the position, and all other positions are those of the points; no neuron
        steps."""
        model, batch = self.stream.transformer, received.shape[:-1]
        if self.alone and model.ln_final is None:
            return received, np.zeros(batch, bool)
        rows = np.broadcast_to(points, (*batch, model.features)).reshape(-1, model.features)
        held = Intervention(self.layer, tuple(range(model.d_model)), received.reshape(-1, model.d_model))
        return self.stream.states(rows, [held])[-1].reshape(*batch, -1), np.zeros(batch, bool)


def after_layer(
    model: ResidualStream, k: int, stream: Float[np.ndarray, "*batch positions d_model"]
) -> Float[np.ndarray, "*batch positions d_model"]:
    """The stream after layer k, given the stream before it."""
    layer = model.layers[k]
    heads = [model.written_by_head(layer, h, stream, stream, stream) for h in range(layer.attention.heads)]
    stream = stream + sum(heads) + layer.attention.b_O
    return stream if layer.mlp is None else stream + model.written_by_mlp(layer, stream)


def stream_at(transformer: ResidualStream, position: int) -> StreamAt:
    """The residual stream of a transformer at one position; see `StreamAt`.

    Args:
        transformer: what is read.
        position: from 0, or from the end when negative.

    Raises:
        InputError: no layer, or a position that the transformer does not have.
    """
    count = transformer.features
    if not transformer.layers:
        raise InputError("the residual stream is read after a layer, and this transformer has none")
    if not is_whole(position, -count, count - 1):
        raise InputError(
            f"position is {quoted(position)}; the {count} positions are 0 to {count - 1}, or -1 to -{count}"
        )
    return StreamAt(transformer.unscoped, position % count)
