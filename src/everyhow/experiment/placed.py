"""What is placed in a model, ready for experiments: how what carries each variable is read and moved there.

States of a stage are rows of numbers here, those of one node after the other's, one row for each run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Float, Int
from ..mapping.placeable import Placeable
from ..mapping.signatures import NeuronSet
from ..model.graph import Node
from ..model.inputs import Inputs
from ..model.model import Model
from ..model.runnable import Intervention, States
from ..readout.code import Code
from ..readout.explanation import independent
from .natural_states import SAME, NaturalStates

# What carries a variable in a model: nodes that are held themselves, or a code.
Carried = NeuronSet | Code


def in_rows(states: States) -> list[Float[np.ndarray, "runs _numbers"]]:
    """The states of every stage, each a row of numbers for each run."""
    return [state.reshape(len(state), -1) for state in states]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Placed:
    """Variables in a model over some inputs, each with what carries it, and what follows from their values.

    Attributes:
        inputs: those between which variables are moved, and the model, of one output.
        placeable: the variables, their values, and what is decided by these.
        carriers: what carries each variable.
        holding: further combinations of neurons that moving a code must leave as they are, one per row; for codes of
            one layer only.
    """

    inputs: Inputs
    placeable: Placeable
    carriers: tuple[Carried, ...]
    holding: Float[np.ndarray, "held neurons"] | None = None

    @property
    def model(self) -> Model:
        """The model, of one output."""
        return self.inputs.model

    @property
    def names(self) -> tuple[str, ...]:
        """What the variables are called."""
        return self.placeable.names

    @property
    def count(self) -> int:
        """How many inputs there are."""
        return len(self.inputs)

    def carrier(self, k: int) -> str:
        """What carries variable k, by name."""
        return self.carriers[k].named(self.model.graph)

    def carrier_parts(self, k: int) -> tuple[str, ...]:
        """What carries variable k, each node by its name, or the code."""
        one = self.carriers[k]
        if is_code(one):
            return (f"the code {self.carrier(k)}",)
        return tuple(map(self.model.graph.name, one.nodes))

    @cached_property
    def natural(self) -> list[Float[np.ndarray, "inputs numbers"]]:
        """The state of every stage at each input."""
        return in_rows(self.inputs.states)

    @cached_property
    def own(self) -> list[list[int]]:
        """The value of each variable at each input."""
        return [self.placeable.given(k).astype(int).tolist() for k in range(len(self.names))]

    @cached_property
    def natural_states(self) -> tuple[NaturalStates, ...]:
        """For each variable what carries it at every input, by the value that it has there."""
        return tuple(
            NaturalStates(self.read(k, self.natural), np.array(self.own[k])) for k in range(len(self.carriers))
        )

    @cached_property
    def directions(self) -> dict[int, Float[np.ndarray, " numbers"]]:
        """For each variable that a code carries, the least change of its layer's state that raises the code by 1 and
        changes no other code of the layer, nor what is held.

        Raises:
            InputError: the codes of a layer, and what is held, are not independent.
        """
        found: dict[int, Float[np.ndarray, " numbers"]] = {}
        for layer in sorted({carrier.first for carrier in self.carriers if is_code(carrier)}):
            codes = {k: _code(c).coefficients for k, c in enumerate(self.carriers) if is_code(c) and c.first == layer}
            held = [] if self.holding is None else list(self.holding)
            rows = np.array([*codes.values(), *held])
            if not independent(rows):
                told = ", ".join(self.carriers[k].named(self.model.graph) for k in codes)
                raise InputError(
                    f"the codes {told} are not independent, so that no change of the layer moves one of them alone; "
                    f"place one of these variables elsewhere"
                )
            found |= dict(zip(codes, np.linalg.pinv(rows).T, strict=False))
        return found

    @cached_property
    def moving(self) -> tuple[frozenset[Node], ...]:
        """For each variable the nodes that are moved when it takes its value from elsewhere."""
        return tuple(self._moving(k) for k in range(len(self.carriers)))

    def _moving(self, k: int) -> frozenset[Node]:
        carrier = self.carriers[k]
        if not is_code(carrier):
            return frozenset(carrier.nodes)
        direction = np.abs(self.directions[k])
        return frozenset(Node(carrier.first, j) for j in np.flatnonzero(direction > SAME * direction.max()).tolist())

    def read(self, k: int, states: Sequence[Float[np.ndarray, "runs _numbers"]]) -> Float[np.ndarray, "runs read"]:
        """What carries variable k in some states of all stages: the numbers of its nodes, stage by stage, or the value
        of its code."""
        carrier = self.carriers[k]
        if is_code(carrier):
            return states[carrier.first] @ _code(carrier).coefficients[:, None]
        parts = [states[stage][:, self._columns(stage, places)] for stage, places in carrier.by_stage]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _columns(self, stage: int, places: Sequence[int]) -> list[int]:
        numbers = self.model.graph.numbers[stage]
        return [numbers * j + i for j in places for i in range(numbers)]

    def moved(
        self, k: int, stage: int, states: Float[np.ndarray, "runs numbers"], values: Float[np.ndarray, "runs read"]
    ) -> Float[np.ndarray, "runs numbers"]:
        """States of one stage with what carries variable k there at other values, which are as `read` gives them."""
        if is_code(self.carriers[k]):
            code = _code(self.carriers[k]).coefficients[:, None]
            return states + (values - states @ code) * self.directions[k]
        changed, begin = states.copy(), 0
        for one, places in self.carriers[k].by_stage:
            columns = self._columns(one, places)
            if one == stage:
                changed[:, columns] = values[:, begin : begin + len(columns)]
            begin += len(columns)
        return changed

    def touches(self, k: int, stage: int) -> bool:
        """Whether something in a stage carries variable k."""
        return any(stage == one for one, _ in self.carriers[k].by_stage)

    def stages(self, variables: Iterable[int]) -> list[int]:
        """The stages in which something carries one of some variables, the earliest first."""
        return sorted({stage for k in variables for stage, _ in self.carriers[k].by_stage})

    def held(self, layer: int, states: Float[np.ndarray, "runs numbers"]) -> Intervention:
        """A whole layer held in some states."""
        numbers, size = self.model.graph.numbers[layer], self.model.graph.sizes[layer]
        values = states if numbers == 1 else states.reshape(len(states), size, numbers)
        return Intervention(layer, tuple(range(size)), values)

    def at_stage(
        self, stage: int, bases: Int[np.ndarray, " runs"], held: Sequence[Intervention]
    ) -> Float[np.ndarray, "runs numbers"]:
        """The states of a stage at bases while something is held in earlier ones."""
        if not held:
            return self.natural[stage][bases]
        return self.model.states(self.inputs.points[bases], held)[stage].reshape(len(bases), -1)

    def interventions(
        self, bases: Int[np.ndarray, " runs"], forced: Sequence[int], sources: Int[np.ndarray, "runs forced"]
    ) -> list[Intervention]:
        """What carries out interchanges at `bases`: each forced variable takes its value from a source, earlier stages
        first."""
        found: list[Intervention] = []
        for stage in self.stages(forced):
            states = self.at_stage(stage, bases, found)
            for k, column in zip(forced, sources.T, strict=True):
                if self.touches(k, stage):
                    states = self.moved(k, stage, states, self.natural_states[k].states[column])
            found.append(self.held(stage, states))
        return found


@singledispatch
def is_code(carrier: Any) -> bool:
    """Whether a code carries a variable, and not neurons that are held themselves."""
    return False


@is_code.register
def _(carrier: Code) -> bool:
    return True


def _code(carrier: Any) -> Code:
    return carrier
