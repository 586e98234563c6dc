"""A transformer that PyTorch runs, as a model whose circuits are sets of heads and MLPs, run plainly one by one."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..importing.torch_trace import uncompiled
from ..model.answer import LAST, Answer
from ..model.checks import checked_interventions
from ..model.graph import Edge, Graph, Node
from ..model.origin import Origin
from ..model.runnable import Intervention, States
from ..model.running_model import RunningModel
from ..model.scope import Scope, scope_of
from .torch_blocks import Blocks, in_form, leaving


@dataclass(frozen=True, eq=False, repr=False)
class TorchTransformer(RunningModel):
    """A transformer that PyTorch runs; a circuit is a set of its heads and MLPs, with all edges among them.

    What a head writes is its share of what the attention of its block gives: the map back to the stream of its own
    numbers, without the bias, which belongs to no head. Each circuit is one run of the module, with what heads and MLPs
    outside write put in by hooks. All subsets at once are `everyhow.patched.torch_tree`.

    Args:
        blocks: the module in parts, in double precision.
        positions: tokens of one sequence.
        vocabulary: how many tokens there are, and how many logits.
        answer: where answers are read.
        scope: which heads and MLPs circuits are asked about; None for all.
    """

    kind: ClassVar[str] = "transformer"
    grains: ClassVar[tuple[str, ...]] = ("nodes",)
    equal_is_equal: ClassVar[bool] = True
    of_sequences: ClassVar[bool] = True
    nodes: ClassVar[str] = "heads and MLPs"
    residual: ClassVar[bool] = True

    blocks: Blocks
    positions: int
    vocabulary: tuple[int, int]
    answer: Answer = LAST
    scope: Scope | None = None
    origin: Origin | None = None
    threshold: float | None = None
    input_values: tuple[float, float] = (0.0, 1.0)
    remarks: tuple[str, ...] = ()
    softmax: bool = False

    def __repr__(self) -> str:
        return f"{self.blocks.name}({self.in_short})"

    @property
    def features(self) -> int:
        """The tokens of one sequence."""
        return self.positions

    @property
    def d_model(self) -> int:
        """The width of the residual stream."""
        return self.blocks.width

    @property
    def classes(self) -> tuple[int, ...]:
        """The logits among which an answer is read."""
        return self.answer.among(self.vocabulary[1])

    @property
    def answered(self) -> tuple[int, ...]:
        """The positions at which answers are read, from 0."""
        return self.answer.at(self.positions)

    @property
    def outputs(self) -> int:
        """The logits of every class at every answer position."""
        return len(self.answer.positions) * len(self.classes)

    @property
    def in_short(self) -> str:
        """Layers, heads and width."""
        heads = sorted(set(self.blocks.heads))
        several = f"{heads[0]} head{'s'[: heads != [1]]}" if len(heads) == 1 else "heads"
        layers = len(self.blocks.heads)
        return f"{layers} layer{'s'[: layers != 1]} of {several} and an MLP, d_model {self.d_model}"

    @cached_property
    def graph(self) -> Graph:  # pyright: ignore[reportIncompatibleVariableOverride] (computed once)
        """Its heads and MLPs, of those in scope."""
        names = stages_of(self.blocks.heads, self.blocks.parallel)
        nodes = [Node(stage, place) for stage in range(1, len(names) - 1) for place in range(len(names[stage]))]
        numbers = (*(self.positions * self.d_model,) * (len(names) - 1), self.outputs)
        every = Graph(names, tuple(Edge.between(node, node) for node in nodes), numbers, (("",),) * len(names))
        return every if self.scope is None else self.scope.of(every)

    def document(self) -> dict[str, Any]:
        """What tells it from others of its kind; its weights stay in the module."""
        return {"kind": "torch transformer", "module": self.blocks.name, "scope": self.scope and self.scope.document()}

    @property
    def unscoped(self) -> Self:
        """The same model, its circuits being asked of all heads and MLPs."""
        return self if self.scope is None else replace(self, scope=None)

    @property
    def scope_in_use(self) -> Scope | None:
        """The heads and MLPs that circuits are asked about; None for all."""
        return self.scope

    def scoped(self, parts: Iterable[str] | str, others: str) -> Self:
        """The same model, its circuits being asked of some heads and MLPs only.

        Raises:
            InputError: a name that the model does not have, or neither `in` nor `out`.
        """
        scope = scope_of(parts, others)
        scope.of(self.unscoped.graph)
        return replace(self, scope=scope)

    def answering(self, answer: Answer, tokens: int) -> Self:
        """The same model, over sequences of so many tokens, with its answers read elsewhere.

        Raises:
            InputError: a position or class that there is not.
        """
        answer.at(tokens)
        answer.among(self.vocabulary[1])
        return replace(self, answer=answer, positions=tokens)

    def output(self, index: int) -> Self:
        """The outputs of this kind of model are not asked for one by one.

        Raises:
            InputError: always.
        """
        raise InputError(f"{self.blocks.name} is asked for classes, not for one logit: give a behavior of classes")

    def computed(
        self,
        circuits: Bool[np.ndarray, "circuits edges"],
        inputs: Float[np.ndarray, "runs features"],
        carried: States,
        interventions: Sequence[Intervention],
    ) -> States:
        """What every node computes in each of many circuits: one run of the module for each."""
        interventions = checked_interventions(self.graph, interventions, len(inputs))
        inner = self.unscoped.graph.inner
        places = {edge.child: k for k, edge in enumerate(self.graph.edges)}
        others_in = self.scope is None or self.scope.others == "in"
        found = []
        for chosen in circuits:
            inside = {node: bool(chosen[places[node]]) if node in places else others_in for node in inner}
            held = {node: carried[node.stage][:, node.place] for node in inner if not inside[node]}
            held |= {
                Node(one.layer, place): np.asarray(one.values)[:, k]
                for one in interventions
                for k, place in enumerate(one.neurons)
            }
            found.append(self._once(inputs, held))
        return tuple(map(np.stack, zip(*found, strict=True)))

    def _once(self, inputs: np.ndarray, held: dict[Node, np.ndarray]) -> tuple[np.ndarray, ...]:
        """What every node computes while some write something else, stage by stage."""
        blocks, like = self.blocks, self.blocks.like
        shape = (len(inputs), self.positions, self.d_model)
        names = {
            name: Node(stage, place) for stage, each in enumerate(self.graph.names) for place, name in enumerate(each)
        }
        given = {
            node: torch.from_numpy(np.ascontiguousarray(one)).to(like).reshape(shape) for node, one in held.items()
        }
        wrote: dict[Node, Tensor] = {}
        attended: list[Tensor] = []

        def enter(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            node = Node(0, 0)
            stream: Tensor = args[0] if args else kwargs["hidden_states"]
            wrote[node] = given.get(node, stream)
            return ((wrote[node], *args[1:]), kwargs) if args else ((), kwargs | {"hidden_states": wrote[node]})

        def attend(k: int, gave: Any) -> Any:
            (one,) = attended
            attended.clear()
            back, parts = blocks.back(k).forward, one.reshape(*shape[:2], blocks.heads[k], -1)
            total = bias = back(torch.zeros_like(one))
            for h in range(blocks.heads[k]):
                alone = torch.zeros_like(parts)
                alone[:, :, h] = parts[:, :, h]
                node = names[f"a{k}.h{h}"]
                wrote[node] = given[node] if node in given else back(alone.reshape(one.shape)) - bias
                total = total + wrote[node]
            return in_form(total, blocks.beside[k])

        def write(k: int, gave: Tensor) -> Tensor:
            node = names[f"m{k}"]
            wrote[node] = given[node] if node in given else gave.reshape(shape)
            return wrote[node].clone().reshape(gave.shape)

        with ExitStack() as hooks, uncompiled(), torch.no_grad():
            first = blocks.blocks[0].register_forward_pre_hook(enter, with_kwargs=True)
            hooks.callback(first.remove)
            for k in range(len(blocks.blocks)):
                see = blocks.back(k).register_forward_pre_hook(lambda _, args: attended.append(args[0]))
                hooks.callback(see.remove)
                hooks.enter_context(leaving(blocks.attention(k), lambda gave, k=k: attend(k, gave)))
                hooks.enter_context(leaving(blocks.mlp(k), lambda gave, k=k: write(k, gave)))
            logits = blocks.logits(inputs.astype(np.int64))
        read = logits[:, list(self.answered)][..., list(self.classes)].reshape(len(inputs), -1)
        stages = [[wrote[names[name]].reshape(len(inputs), -1) for name in each] for each in self.graph.names[:-1]]
        return (*(torch.stack(each, dim=1).double().cpu().numpy() for each in stages), read.double().cpu().numpy())


def stages_of(heads: Sequence[int], parallel: Sequence[bool]) -> tuple[tuple[str, ...], ...]:
    """The names of the nodes of a transformer, stage by stage.

    Args:
        heads: how many there are in each layer.
        parallel: of each layer, whether its MLP reads what its heads read: they are of one stage then.

    Example:
        >>> stages_of((2, 1), (False, True))
        (('input',), ('a0.h0', 'a0.h1'), ('m0',), ('a1.h0', 'm1'), ('logits',))
    """
    found: list[tuple[str, ...]] = [("input",)]
    for k, (number, beside) in enumerate(zip(heads, parallel, strict=True)):
        each = tuple(f"a{k}.h{h}" for h in range(number))
        found += [(*each, f"m{k}")] if beside else [each, (f"m{k}",)]
    return (*found, ("logits",))
