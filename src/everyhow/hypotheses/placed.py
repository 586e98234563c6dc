"""A hypothesis in a model: what it states, and how the model decides while its variables are moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any

import numpy as np

from ..boolean.algorithms import Algorithm
from ..common.shapes import Bool, Float, Int
from ..experiment.placed import Carried, Placed, in_rows, is_code
from ..mapping.mapping import Mapping
from ..mapping.placeable import Placeable
from ..mapping.signatures import NeuronSet
from ..model.behavior import Behavior
from ..model.decision import decide, level_for
from ..model.graph import Graph, Node
from ..model.inputs import Inputs
from ..model.model import Model
from ..model.reading import TOLERANCE
from ..model.runnable import BOUNDARY_SHIFT, Intervention, Runs
from ..readout.span import Span, reads_all
from .hypothesis import Stated, title_of

# Runs of the model made at once.
RUNS_AT_ONCE = 1 << 15


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PlacedHypothesis(Placed):
    """A hypothesis in a model over some inputs, each variable with what carries it.

    Attributes:
        behavior: the inputs, and the decisions of the model there.
        stated: the algorithm or the causal model.
        runs: the model run whole at the inputs.
    """

    behavior: Behavior
    stated: Stated
    runs: Runs

    def __repr__(self) -> str:
        return f"PlacedHypothesis({self.title}: {self.named()})"

    @property
    def title(self) -> str:
        """What is stated, without where."""
        return title_of(self.stated)

    @property
    def nodes(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes of each variable, those of a code being the neurons in it."""
        return tuple(carrier.nodes for carrier in self.carriers)

    def named(self) -> str:
        """What carries each variable, by name."""
        pairs = zip(self.names, (self.carrier(k) for k in range(len(self.names))), strict=True)
        return "; ".join(f"{name} in {carrier}" for name, carrier in pairs) or "no variable to place"

    def rest_moved(
        self, layer: int, bases: Int[np.ndarray, " runs"], sources: Int[np.ndarray, " runs"]
    ) -> Float[np.ndarray, "runs numbers"]:
        """States of a layer of which all is taken from sources, but for what carries its variables."""
        states = self.natural[layer][sources]
        for k in range(len(self.carriers)):
            if self.touches(k, layer):
                states = self.moved(k, layer, states, self.natural_states[k].states[bases])
        return states

    def left(
        self, k: int, bases: Int[np.ndarray, " runs"], values: Float[np.ndarray, "runs read"]
    ) -> list[Intervention]:
        """What carries variable k held at values, which are as `read` gives them, at each base; stage by stage."""
        found: list[Intervention] = []
        for stage in self.stages((k,)):
            states = self.at_stage(stage, bases, found)
            found.append(self.held(stage, self.moved(k, stage, states, values)))
        return found

    def natural_left(self, k: int, at: int, forced: Sequence[tuple[int, int]]) -> Float[np.ndarray, "1 read"]:
        """What carries variable k at an input while forced variables take their values from others."""
        sources = np.array([[source for _, source in forced]], dtype=int)
        held = self.interventions(np.array([at]), [v for v, _ in forced], sources) if forced else []
        return self.read(k, in_rows(self.model.states(self.behavior.points[[at]], held)))

    def kept(self, bases: Int[np.ndarray, " runs"]) -> list[Intervention]:
        """Everything that carries a variable held as it is at the bases, whatever else runs."""
        return [
            Intervention(stage, places, self.inputs.states[stage][bases][:, list(places)])
            for stage, places in NeuronSet.of(self.mapped).by_stage
        ]

    def decisions(self, outputs: Float[np.ndarray, "runs outputs"]) -> tuple[Bool[np.ndarray, " runs"], int]:
        """What runs decide, and how many of them lie on the decision boundary."""
        level = level_for(self.model, self.behavior.decision)
        near = ~(np.abs(outputs[:, 0] - level) > max(BOUNDARY_SHIFT, self.runs.margin))
        return decide(outputs[:, 0], self.behavior.decision, level)[0], int(near.sum())

    @cached_property
    def mapping(self) -> Mapping | None:
        """An algorithm with the nodes of each variable, those of a code being the neurons in it; None of a causal
        model."""
        return _mapping_of(self.stated, self.sets)

    @cached_property
    def sets(self) -> tuple[NeuronSet, ...]:
        """The nodes of each variable as a set; where places may span stages, with their names."""
        name, named = self.model.graph.name, self.model.residual
        return tuple(NeuronSet.of(nodes, map(name, nodes) if named else ()) for nodes in self.nodes)

    @property
    def mapped(self) -> list[Node]:
        """All nodes that carry a variable, the earliest first."""
        return sorted({node for nodes in self.nodes for node in nodes})

    @cached_property
    def without_codes(self) -> bool:
        """Whether neurons carry every variable."""
        return not any(map(is_code, self.carriers))

    def called(self, number: int) -> str:
        """What the input of a number is called."""
        return self.behavior.name_of(number)

    def others(self, layer: int) -> tuple[str, ...]:
        """What carries no variable in a layer: neurons by name; where codes carry some, what the codes leave."""
        here = [carrier for k, carrier in enumerate(self.carriers) if self.touches(k, layer)]
        if any(map(is_code, here)):
            return (f"the rest of layer {layer}",)
        taken = {node for carrier in here for node in carrier.nodes}
        return tuple(name for j, name in enumerate(self.model.graph.names[layer]) if Node(layer, j) not in taken)

    def varying(self, layer: int) -> tuple[int, ...]:
        """The neurons of a layer that are not the same at every input."""
        return varying(self.runs, self.model.graph, layer)

    def decides_alone(self, k: int) -> bool:
        """Whether the model decides as at the source, at every base, when what carries variable k takes its values from
        there."""
        whole, _ = self.decisions(self.runs.states[-1])
        every = (1 << self.count) - 1
        return self.signature(k) == tuple(every if decided else 0 for decided in whole)

    def rank(self, layer: int) -> int:
        """How many directions the states of a layer span over the inputs, the constant aside."""
        return Span.of(self.natural[layer]).rank

    def reads_all(self, layer: int) -> bool:
        """Whether every Boolean signal has a code in a layer: it has as many independent neurons as that takes."""
        return reads_all(self.rank(layer), self.count)

    def signature(self, k: int) -> tuple[int, ...]:
        """What the model decides when variable k takes its value from each input: at each source, bits over the
        bases."""
        found, at_once = [], max(1, RUNS_AT_ONCE // self.count)
        for start in range(0, self.count, at_once):
            chosen = range(start, min(self.count, start + at_once))
            bases = np.tile(np.arange(self.count), len(chosen))
            decided, _ = self.run(bases, (k,), np.repeat(chosen, self.count)[:, None])
            rows = decided.reshape(len(chosen), self.count)
            found += [sum(1 << int(base) for base in np.flatnonzero(row)) for row in rows]
        return tuple(found)

    def run(
        self, bases: Int[np.ndarray, " runs"], forced: Sequence[int], sources: Int[np.ndarray, "runs forced"]
    ) -> tuple[Bool[np.ndarray, " runs"], int]:
        """What the model decides in interchanges, and how many of these runs lie on the decision boundary."""
        held = self.interventions(bases, forced, sources)
        return self.decisions(self.model.run(self.behavior.points[bases], held))


def placed_hypothesis(
    model: Model, behavior: Behavior, stated: Stated, placeable: Placeable, carriers: Sequence[Carried], runs: Runs
) -> PlacedHypothesis:
    """A hypothesis in a model that was run whole at the inputs of a behavior, every variable being carried."""
    known = np.zeros((len(behavior.points), 0), dtype=bool) if behavior.bits is None else behavior.bits
    inputs = Inputs(model, behavior.points, known, behavior.name_of, runs.states)
    return PlacedHypothesis(
        inputs=inputs, placeable=placeable, carriers=tuple(carriers), behavior=behavior, stated=stated, runs=runs
    )


def varying(runs: Runs, graph: Graph, layer: int) -> tuple[int, ...]:
    """The neurons of a layer that are not the same at every input, rounding aside: as readings of circuits tell it.

    Example:
        >>> import everyhow as eh
        >>> network = eh.Network([[[1, -1], [-1, -1]], [[1, 1]]], [[0, 0], [0]], ["relu", "identity"])
        >>> varying(network.runs(network.corners), network.graph, 1)
        (0,)
    """
    state = runs.states[layer].reshape(len(runs.states[layer]), graph.sizes[layer], -1)
    spread, largest = np.ptp(state, axis=0).max(axis=1), np.abs(state).max(axis=(0, 2))
    return tuple(np.flatnonzero(spread >= TOLERANCE * np.maximum(1.0, largest)).tolist())


@singledispatch
def _mapping_of(stated: Any, sets: Sequence[NeuronSet]) -> Mapping | None:
    return None


@_mapping_of.register
def _(stated: Algorithm, sets: Sequence[NeuronSet]) -> Mapping | None:
    return Mapping(stated, tuple(sets))
