"""The arithmetic of a transformer: components that read the residual stream and add to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from ..common.arguments import choice, instance, is_number, is_whole, listed, quoted
from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int
from ..model.answer import LAST, Answer
from ..model.checks import checked_interventions, float_array
from ..model.circuit import Circuit
from ..model.graph import GRAINS, Grain, Graph
from ..model.origin import Origin
from ..model.runnable import Intervention, States
from ..model.running_model import RunningModel
from ..model.scope import Scope, scope_of
from .documents import document_of
from .grains import Wiring, graph_of, wiring_of, wiring_within
from .parts import (
    Layer,
    Norm,
    checked_activation,
    checked_layer,
    checked_norm,
    keys,
    normed,
    pattern,
    queries,
    weights,
    written,
)


@dataclass(frozen=True, eq=False, repr=False)
class ResidualStream(RunningModel):
    """A transformer as it is run: whole, as a circuit, with components held; see `Transformer` for its fields."""

    kind: ClassVar[str] = "transformer"
    grains: ClassVar[tuple[str, ...]] = GRAINS
    equal_is_equal: ClassVar[bool] = True
    of_sequences: ClassVar[bool] = True
    nodes: ClassVar[str] = "heads and MLPs"
    residual: ClassVar[bool] = True

    W_E: Float[np.ndarray, "vocabulary d_model"]
    W_pos: Float[np.ndarray, "positions d_model"]
    layers: tuple[Layer, ...]
    W_U: Float[np.ndarray, "d_model d_vocab_out"]
    b_U: Float[np.ndarray, " d_vocab_out"] = None  # type: ignore[assignment]
    ln_final: Norm | None = None
    activation: str = "relu"
    causal: bool = True
    scale: float | None = None
    answer: Answer = LAST
    grain: Grain = "edges-qkv"
    scope: Scope | None = None
    split_input: bool = False
    difference: bool = False
    origin: Origin | None = None
    threshold: float | None = None
    input_values: tuple[float, float] = (0.0, 1.0)
    remarks: tuple[str, ...] = ()
    softmax: bool = False

    def __post_init__(self) -> None:
        embedding, unembedding = (float_array(getattr(self, name), name) for name in ("W_E", "W_U"))
        if embedding.ndim != 2 or not embedding.size:
            raise InputError(f"W_E has shape {embedding.shape}; expected (vocabulary, d_model)")
        d_model = embedding.shape[1]
        places = float_array(self.W_pos, "W_pos")
        for name, given, expected in (
            ("W_pos", places, "(positions, d_model)"), ("W_U", unembedding.T, "(d_model, d_vocab_out)"),
        ):  # fmt: skip
            if given.ndim != 2 or not given.size or given.shape[1] != d_model:
                shape = np.shape(getattr(self, name))
                raise InputError(f"{name} has shape {shape}; expected {expected}, d_model being {d_model}")
        d_out = unembedding.shape[1]
        found = {
            "W_E": weights("W_E", embedding, embedding.shape), "W_pos": weights("W_pos", places, places.shape),
            "W_U": weights("W_U", unembedding, unembedding.shape), "b_U": weights("b_U", self.b_U, (d_out,)),
            "layers": tuple(
                checked_layer(layer, k, d_model)
                for k, layer in enumerate(listed("layers", self.layers, "a Layer for each layer"))
            ),
            "ln_final": checked_norm(self.ln_final, "ln_final", d_model),
            "activation": checked_activation(self.activation),
        }  # fmt: skip
        for name, value in found.items():
            object.__setattr__(self, name, value)
        if choice("grain", self.grain, GRAINS) == "nodes" and not found["layers"]:
            raise InputError("the grain nodes is of heads and MLPs, and this transformer has no layer: choose edges")
        if self.scale is not None and (not is_number(self.scale) or self.scale <= 0):
            raise InputError(f"scale is {quoted(self.scale)}; scores are divided by it: give a number above 0, or None")
        if not isinstance(self.causal, bool):
            raise InputError(
                f"causal is {quoted(self.causal)}; say True, each position sees those up to itself, or False"
            )
        for name in ("difference", "split_input"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} is {quoted(getattr(self, name))}; say True or False")
        instance(self.answer, Answer, "an Answer", "eh.Answer says the positions and the classes")
        self.answer.at(len(places))
        self.answer.among(d_out)
        if self.scope is not None:
            instance(self.scope, Scope, "a Scope", "transformer.scoped gives a model that has one")
            self.scope.of(self._every_edge)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_short})"

    @property
    def d_model(self) -> int:
        """The width of the residual stream."""
        return self.W_E.shape[1]

    @property
    def features(self) -> int:
        """The tokens of one sequence."""
        return len(self.W_pos)

    @property
    def outputs(self) -> int:
        """The numbers that are read: of every class at every answer position, or the one difference."""
        return 1 if self.difference else len(self.answer.positions) * len(self.classes)

    @property
    def classes(self) -> tuple[int, ...]:
        """The logits among which an answer is read."""
        return self.answer.among(self.W_U.shape[1])

    @property
    def answered(self) -> tuple[int, ...]:
        """The positions at which answers are read, from 0."""
        return self.answer.at(self.features)

    @property
    def in_short(self) -> str:
        """Layers, heads, widths and edges."""
        heads = sorted({layer.attention.heads for layer in self.layers})
        several = f"{heads[0]} head{'s' * (heads != [1])}" if len(heads) == 1 else "heads"
        mlps = sum(layer.mlp is not None for layer in self.layers)
        with_mlps = "" if not mlps else " and an MLP" if mlps == len(self.layers) else f", {mlps} with an MLP"
        layers = f"{len(self.layers)} layer{'s' * (len(self.layers) != 1)}"
        shape = f"{layers} of {several}{with_mlps}" if self.layers else "no layers"
        units = len(self.graph.edges)
        counted = f"{units} {self.graph.unit}{'s' * (units != 1)}" + (" in scope" if self.scope is not None else "")
        return f"{shape}, d_model {self.d_model}, {self.features} positions, {counted}"

    @cached_property
    def graph(self) -> Graph:  # pyright: ignore[reportIncompatibleVariableOverride] (computed once)
        """Its wiring at its grain, of the edges in scope."""
        return self._every_edge if self.scope is None else self.scope.of(self._every_edge)

    @cached_property
    def _every_edge(self) -> Graph:
        """Its wiring at its grain, whatever is in scope."""
        return graph_of(self.layers, self.grain, self.features * self.d_model, self.outputs, self.split_input)

    @cached_property
    def wiring(self) -> Wiring:
        """What enters each slot of each node, and by which edges of its graph."""
        wiring = wiring_of(self.layers, self.grain, self.split_input)
        return wiring if self.scope is None else wiring_within(self.scope, self._every_edge, wiring)

    def document(self) -> dict[str, Any]:
        """The model as a JSON document; floats round-trip exactly."""
        return document_of(self)

    @property
    def unscoped(self) -> Self:
        """The same model, its circuits being asked of all edges."""
        return self if self.scope is None else replace(self, scope=None)

    @property
    def grain_in_use(self) -> str:
        """What its circuits are sets of."""
        return self.grain

    @property
    def steps_per_run(self) -> int:
        """By the multiplications of all components at all positions."""
        places = self.features * self.d_model
        heads = sum(4 * layer.attention.W_Q[:, 0].size for layer in self.layers)
        inner = sum(2 * layer.mlp.W_in.shape[1] for layer in self.layers if layer.mlp is not None)
        return 1 + places * (heads + inner) // 64

    @property
    def coding(self) -> tuple[str, ...]:
        """Nothing: tokens stand for themselves, and logits for classes or numbers."""
        return ()

    def at(self, grain: str) -> Self:
        """The same model, its circuits being sets of other parts.

        Raises:
            InputError: an unknown grain.
        """
        choice("grain", grain, GRAINS)
        return self if grain == self.grain else replace(self, grain=grain)

    @property
    def scope_in_use(self) -> Scope | None:
        """The parts that circuits are asked about; None for all."""
        return self.scope

    def scoped(self, parts: Iterable[str] | str, others: str) -> Self:
        """The same model, its circuits being asked of some parts only, all others being in every circuit or in none.

        Args:
            parts: names of edges (`input->a0.h0<q>`), of slots (`a0.h0<q>`: all edges into it) or of heads and MLPs
                (`a0.h0`: all edges into and out of it); at the grain `nodes`, of heads and MLPs.
            others: `in`, every circuit has all other edges; `out`, it has none.

        Raises:
            InputError: a name that the model does not have, or neither `in` nor `out`.

        Example:
            >>> import numpy as np
            >>> model = ResidualStream(np.eye(2), np.zeros((2, 2)), (), np.eye(2))
            >>> len(model.scoped(["input->logits"], "in").graph.edges)
            1
        """
        return replace(self, scope=scope_of(parts, others))

    def with_split_input(self) -> Self:
        """The same model, with token and position embedding as two nodes, `embed` and `pos_embed`, in place of `input`:
        circuits then say which of the two each slot reads.

        Raises:
            InputError: the model has a scope, whose names are those of other edges.

        Example:
            >>> import numpy as np
            >>> model = ResidualStream(np.eye(2), np.zeros((2, 2)), (), np.eye(2)).with_split_input()
            >>> [model.graph.name(edge) for edge in model.graph.edges]
            ['embed→logits', 'pos_embed→logits']
        """
        if self.scope is not None:
            raise InputError(
                f"the {self.kind} has a scope ({self.scope.in_words}), which names edges as they are: split its input "
                "first, then say a scope of the new edges"
            )
        return replace(self, split_input=True)

    def answering(self, answer: Answer, tokens: int) -> Self:
        """The same model, over sequences of so many tokens, with its answers read elsewhere.

        Raises:
            InputError: more tokens than the model has positions, or a position or class that it does not have.
        """
        if tokens > self.features:
            raise InputError(
                f"the sequences have {tokens} tokens, but the {self.kind} has {self.features} positions (W_pos): give "
                f"sequences of at most {self.features}"
            )
        return replace(self, answer=answer, W_pos=self.W_pos[:tokens])

    def output(self, index: int) -> Self:
        """The same model with only one of its answers, by argmax, or only one logit, of one answer.

        Args:
            index: which answer or logit; 0 is the first.

        Raises:
            InputError: there is no such output.
        """
        positions, classes = self.answered, self.classes
        if not is_whole(index, 0, self.outputs - 1):
            raise InputError(
                f"there is no output {quoted(index)}; the {self.kind} has the outputs 0 to {self.outputs - 1}"
            )
        if self.difference:
            return self
        place, one = divmod(int(index), len(classes))
        return replace(self, answer=Answer((positions[place],), (classes[one],)))

    def folded(self) -> Self:
        """Two classes at one position as one output: the second's logit less the first's, above 0 exactly where the
        second is the larger one. Of two equal logits the first is chosen, as by argmax.

        Raises:
            InputError: there are not two classes at one position.
        """
        if self.outputs != 2 or len(self.classes) != 2:
            raise InputError(
                f"two classes at one position are folded into one output; this {self.kind} answers at "
                f"{len(self.answered)} positions among {len(self.classes)} classes"
            )
        said = "two logits, which stand for two classes, are folded into one: the second less the first, 1 above 0"
        return replace(self, difference=True, threshold=0.0, remarks=(*self.remarks, said))

    def tokens_of(self, points: Any) -> Int[np.ndarray, "inputs positions"]:
        """Sequences as whole numbers.

        Args:
            points: the sequences, one row for each.

        Raises:
            InputError: not one row of whole numbers from 0 to the vocabulary for each sequence, or of another length.
        """
        found = float_array(points, "tokens")
        most = len(self.W_E) - 1
        if found.ndim != 2 or found.shape[1] != self.features:
            raise InputError(
                f"tokens have shape {found.shape}; the {self.kind} takes (inputs, {self.features}), one row of "
                f"{self.features} tokens per input"
            )
        wrong = ~((found >= 0) & (found <= most) & (found == np.floor(found)))
        if wrong.any():
            row, place = (int(i) for i in np.argwhere(wrong)[0])
            raise InputError(
                f"token {place + 1} of row {row + 1} is {found[row, place]:g}; tokens are whole numbers from 0 to "
                f"{most}, the rows of W_E"
            )
        return found.astype(int)

    def embedded(self, points: Any) -> Float[np.ndarray, "inputs positions d_model"]:
        """What the node `input` carries: token plus position embedding.

        Args:
            points: the sequences, one row for each.
        """
        return self.W_E[self.tokens_of(points)] + self.W_pos

    def first_stage(self, points: Any) -> Float[np.ndarray, "nodes inputs positions d_model"]:
        """What the nodes of the first stage carry: `input`, or `embed` and `pos_embed`.

        Args:
            points: the sequences, one row for each.
        """
        if not self.split_input:
            return self.embedded(points)[None]
        tokens = self.W_E[self.tokens_of(points)]
        return np.stack([tokens, np.broadcast_to(self.W_pos, tokens.shape)])

    def bias_before(self, layer: int, mlp: bool) -> Float[np.ndarray, " d_model"]:
        """The constant of the stream that a slot receives beside its edges: b_O of every layer before it, in order;
        for an MLP that of its own layer too.

        Args:
            layer: of the node; as many as there are layers for `logits`.
            mlp: whether the node is an MLP.
        """
        total = np.zeros(self.d_model)
        for one in self.layers[: layer + mlp]:
            total = total + one.attention.b_O
        return total

    @cached_property
    def read_matrix(self) -> Float[np.ndarray, "d_model read"]:
        """W_U of the classes that are read; of a difference, the second less the first."""
        columns = self.W_U[:, list(self.classes)]
        return columns[:, [1]] - columns[:, [0]] if self.difference else columns

    @cached_property
    def read_bias(self) -> Float[np.ndarray, " read"]:
        """b_U of the classes that are read; of a difference, the second less the first."""
        bias = self.b_U[list(self.classes)]
        return bias[[1]] - bias[[0]] if self.difference else bias

    def read_of(self, stream: Float[np.ndarray, "*batch answers d_model"]) -> Float[np.ndarray, "*batch outputs"]:
        """The outputs, given what `logits` receives at the answer positions.

        Args:
            stream: shape (..., answers, d_model).
        """
        found = normed(self.ln_final, stream) @ self.read_matrix + self.read_bias
        return found.reshape(*found.shape[:-2], found.shape[-2] * found.shape[-1])

    @cached_property
    def sees(self) -> Bool[np.ndarray, "positions positions"]:
        """Which positions each position sees."""
        shape = (self.features, self.features)
        return np.tri(self.features, dtype=bool) if self.causal else np.ones(shape, bool)

    def divisor(self, layer: Layer) -> float:
        """By which the scores of a layer's heads are divided.

        Args:
            layer: one of `layers`.
        """
        return float(np.sqrt(layer.attention.W_Q.shape[2])) if self.scale is None else self.scale

    def written_by_head(
        self,
        layer: Layer,
        h: int,
        q: Float[np.ndarray, "*batch positions d_model"],
        k: Float[np.ndarray, "*batch positions d_model"],
        v: Float[np.ndarray, "*batch positions d_model"],
    ) -> Float[np.ndarray, "*batch positions d_model"]:
        """What a head writes, given what its three slots receive.

        Args:
            layer: one of `layers`.
            h: which of its heads; 0 is the first.
            q: what the queries are made of, shape (..., positions, d_model).
            k: what the keys are made of.
            v: what the values are made of.
        """
        looked = pattern(queries(layer, h, q), keys(layer, h, k), self.divisor(layer), self.sees)
        return looked @ written(layer, h, v)

    def written_by_mlp(
        self, layer: Layer, stream: Float[np.ndarray, "*batch positions d_model"]
    ) -> Float[np.ndarray, "*batch positions d_model"]:
        """What the MLP of a layer that has one writes, given what it receives.

        Args:
            layer: one of `layers`, with an MLP.
            stream: shape (..., positions, d_model).
        """
        assert layer.mlp is not None
        return layer.mlp(normed(layer.ln2, stream), self.activation)

    def logits(self, tokens: Any) -> Float[np.ndarray, "inputs positions d_vocab_out"]:
        """All logits of the whole model, at every position.

        Args:
            tokens: the sequences, one row for each.

        Example:
            >>> import numpy as np
            >>> ResidualStream(np.eye(2), np.zeros((2, 2)), (), np.eye(2)).logits([[1, 0]]).tolist()
            [[[0.0, 1.0], [1.0, 0.0]]]
        """
        whole = replace(self, answer=Answer(tuple(range(self.features))), difference=False)
        return whole.run(tokens).reshape(-1, self.features, self.W_U.shape[1])

    def patterns(
        self, points: Any, circuit: Circuit | None = None, carried: States | None = None
    ) -> dict[str, Float[np.ndarray, "inputs positions positions"]]:
        """How much each head looks at each position (last axis) from each (the one before): in the whole model, or in a
        circuit, all other edges carrying 0 or what `carried` says."""
        if circuit is None and self.scope is not None:
            return self.unscoped.patterns(points)
        states = self.states(points) if circuit is None else self.run_circuit(points, circuit, carried)
        kept = np.ones(len(self.graph.edges), bool) if circuit is None else circuit.on(self.graph).chosen
        shape, wiring = (-1, self.features, self.d_model), self.wiring
        inside, outside = self._written(states, shape), self._written(carried or (), shape)

        def received(node: int, slot: int, layer: int) -> np.ndarray:
            total = np.broadcast_to(self.bias_before(layer, mlp=False), inside[0].shape)
            for parent, units in enumerate(wiring[node][slot]):
                if units is not None and kept[list(units)].all():
                    total = total + inside[parent]
                elif outside:
                    total = total + outside[parent]
            return total

        found, node = {}, self.graph.sizes[0]
        for k, layer in enumerate(self.layers):
            for h in range(layer.attention.heads):
                q, key = (received(node + h, slot, k) for slot in (0, 1))
                found[f"a{k}.h{h}"] = pattern(queries(layer, h, q), keys(layer, h, key), self.divisor(layer), self.sees)
            node += layer.attention.heads + (layer.mlp is not None)
        return found

    def _written(self, states: States, shape: tuple[int, ...]) -> list[np.ndarray]:
        """What each node but `logits` writes, in order."""
        stages = zip(states, self.graph.sizes[:-1], strict=False)
        return [state[:, place].reshape(shape) for state, size in stages for place in range(size)]

    def states(
        self, inputs: Float[np.ndarray, "inputs features"], interventions: Sequence[Intervention] = ()
    ) -> States:
        """What every node of the whole model computes, whatever is in scope."""
        if self.scope is not None:
            return self.unscoped.states(inputs, interventions)
        return super().states(inputs, interventions)

    def pre_activations(self, points: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs outputs"]:
        """What the outputs of the whole model receive, whatever is in scope."""
        return super().pre_activations(points) if self.scope is None else self.unscoped.pre_activations(points)

    def joined(self, units: Sequence[int] | None) -> bool:
        """Whether an edge, told by the parts of a circuit that it needs, carries anything: all do.

        Args:
            units: which parts of a circuit the edge needs.
        """
        return True

    def computed(
        self,
        circuits: Bool[np.ndarray, "circuits edges"],
        inputs: Float[np.ndarray, "runs features"],
        carried: States,
        interventions: Sequence[Intervention],
    ) -> States:
        """What every node computes in each of many circuits, component after component.

        Args:
            circuits: shape (circuits, edges), which edges of the graph each has.
            inputs: the sequences, one row for each.
            carried: what every other edge carries: for every stage but the outputs, what its nodes would compute.
            interventions: what is held.
        """
        embedded = self.first_stage(inputs)
        interventions = checked_interventions(self.graph, interventions, embedded.shape[1])
        wiring, sizes = self.wiring, self.graph.sizes
        flat = (len(circuits), embedded.shape[1], self.features * self.d_model)
        outside = [
            np.broadcast_to(carried[stage][None, :, place], flat).reshape(*flat[:2], *embedded.shape[2:])
            for stage, size in enumerate(sizes[:-1])
            for place in range(size)
        ]
        values = [np.broadcast_to(one, outside[0].shape) for one in embedded]
        nowhere = np.zeros(len(circuits), bool)

        def received(node: int, slot: int, bias: np.ndarray) -> np.ndarray:
            total = np.broadcast_to(bias, outside[0].shape)
            for parent, units in enumerate(wiring[node][slot]):
                if not self.joined(units):
                    continue
                kept = np.all(circuits[:, list(units)], axis=1) if units is not None else nowhere
                total = total + np.where(kept[:, None, None, None], values[parent], outside[parent])
            return total

        first = embedded.reshape(1, len(embedded), *flat[1:]).swapaxes(1, 2)
        states: list[np.ndarray] = [first.repeat(len(circuits), axis=0)]
        node = len(embedded)
        for k, layer in enumerate(self.layers):
            bias, stage = self.bias_before(k, mlp=False), []
            for h in range(layer.attention.heads):
                q, key, v = (received(node + h, slot, bias) for slot in range(3))
                stage.append(self.written_by_head(layer, h, q, key, v).reshape(flat))
            states.append(_held(np.stack(stage, axis=2), len(states), interventions))
            values += [states[-1][:, :, h].reshape(outside[0].shape) for h in range(len(stage))]
            node += len(stage)
            if layer.mlp is not None:
                stream = received(node, 0, self.bias_before(k, mlp=True))
                wrote = self.written_by_mlp(layer, stream).reshape(*flat[:2], 1, flat[2])
                states.append(_held(wrote, len(states), interventions))
                values.append(states[-1].reshape(outside[0].shape))
                node += 1
        last = received(node, 0, self.bias_before(len(self.layers), mlp=False))
        return (*states, self.read_of(last[:, :, list(self.answered)]))


def _held(state: np.ndarray, stage: int, interventions: Iterable[Intervention]) -> np.ndarray:
    for one in interventions:
        if one.layer == stage:
            state[:, :, list(one.neurons)] = one.values
    return state
