"""The transformer: the arithmetic of its residual stream, and the quick ways to answer what is asked of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..common.shapes import Float
from ..model.circuit import Circuit
from ..model.criterion import Criterion, most_paired
from ..model.graph import Node
from ..model.space import circuits_in_space
from .part import TransformerPart, part_of
from .residual_stream import ResidualStream
from .runs import TransformerRuns
from .search import TransformerSearch, joint_search
from .stream import StreamAt, stream_at


@final
@dataclass(frozen=True, eq=False, repr=False)
class Transformer(ResidualStream):
    """A small transformer; its heads and MLPs are the parts of a circuit.

    Names of weights and axes are TransformerLens's. Nodes are `input` (token plus position embedding), heads `a0.h0`,
    MLPs `m0` and `logits`. Every edge goes from a node to a slot of a later one: `<q>`, `<k>` or `<v>` of a head, the
    one slot of an MLP or of `logits`. A slot receives the sum of what its edges carry, plus `b_O` of every layer
    before it, which belongs to no edge.

    Args:
        W_E: shape (vocabulary, d_model).
        W_pos: shape (positions, d_model); as many positions as a sequence has tokens.
        layers: heads and MLPs, the first layer first.
        W_U: shape (d_model, d_vocab_out).
        b_U: shape (d_vocab_out,); None for 0.
        ln_final: the norm before W_U, or None.
        activation: of the MLPs: relu, gelu, gelu_new or silu.
        causal: whether a position sees only those up to itself.
        scale: by which scores are divided; the square root of d_head when not given.
        answer: where answers are read: its positions and classes are what the outputs stand for.
        grain: what a circuit is a set of: `edges-qkv`, edges into each slot; `edges`, of which one serves all slots of
            a head; `nodes`, heads and MLPs, with all edges among them, `input` and `logits`.
        scope: which parts circuits are asked about; None for all. See `scoped`.
        split_input: whether token and position embedding are two nodes, `embed` and `pos_embed`, in place of `input`.
        difference: whether the one output is the second class's logit less the first's.
        origin: where an imported model came from, and how that was checked.
        threshold: an output above it is read as 1; None where outputs stand for classes.
        input_values: the two numbers by which tokens stand for 0 and for 1.
        remarks: how it was made from what was given, in sentences.
        softmax: whether a softmax after its outputs was left out.

    Raises:
        InputError: weights that do not fit one another or are not finite, or something unknown; the message names it.

    Example:
        >>> import numpy as np
        >>> from everyhow.transformer.parts import Attention, Layer
        >>> one = Attention(np.ones((1, 2, 1)), np.ones((1, 2, 1)), np.ones((1, 2, 1)), np.ones((1, 1, 2)))
        >>> model = Transformer(np.eye(2), np.zeros((3, 2)), (Layer(one),), np.eye(2))
        >>> model, model.run([[0, 1, 1]]).round(2).tolist()
        (Transformer(1 layer of 1 head, d_model 2, 3 positions, 5 edges), [[1.0, 2.0]])
    """

    def stream(self, position: int = -1) -> StreamAt:
        """The residual stream at one position, as a model: population codes, hypotheses and interchanges are asked of
        it as of the layers of a network.

        Args:
            position: from 0, or from the end when negative.

        Raises:
            InputError: a transformer without layers, or a position that it does not have.

        Example:
            >>> import everyhow as eh
            >>> model, behavior = eh.train_transformer("XOR", layers=1, heads=2, width=8, mlp=8, seed=3)
            >>> model.stream()
            StreamAt(at position 3 of 3 of a transformer, 8 numbers after its layer)
        """
        return stream_at(self, position)

    @property
    def counting_steps(self) -> int:
        """Of counting circuit after circuit, which is never done: the circuits that there are."""
        return circuits_in_space(self.graph)

    @property
    def uncountable(self) -> str | None:
        """None: circuits are counted as far as a budget goes."""
        return None

    @property
    def listable(self) -> bool:
        """Its circuits are listed, however many edges there are."""
        return True

    @property
    def regions(self) -> tuple[tuple[Node, ...], ...]:
        """All heads and MLPs together: a place may span layers. At the grain `nodes` those in scope, where there is a
        scope."""
        nodes = tuple(edge.child for edge in self.graph.edges) if self.graph.of_nodes else self.graph.inner
        return (nodes,) if nodes else ()

    def runs(self, points: Float[np.ndarray, "inputs features"]) -> TransformerRuns:
        """The transformer run whole at some inputs, ready to be run again with components held."""
        return TransformerRuns(self, points, self.states(points), np.zeros((len(points), self.outputs)))

    @property
    def paired_at_once(self) -> int:
        """As many inputs as are held in all pairs."""
        return most_paired(self)

    def part(self, circuit: Circuit) -> TransformerPart:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The circuit, run alone, as a model of its own with the same nodes."""
        return part_of(self, circuit)

    def search(self, criterion: Criterion[Any]) -> TransformerSearch:
        """The circuits that meet a criterion, all in one decision diagram."""
        return TransformerSearch(criterion)

    def search_jointly(self, criteria: Iterable[Criterion[Any]], number: int, budget: int) -> TransformerSearch:
        """The circuits that meet every one of so many criteria."""
        return joint_search(criteria, number, budget)

    def search_within(self, criterion: Criterion[Any], circuit: Circuit) -> TransformerSearch:
        """The circuits inside another one that meet a criterion."""
        return TransformerSearch(criterion, circuit)
