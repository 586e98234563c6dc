"""What is placed in a model, ready for experiments: how what carries each variable is read and moved there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..common.errors import InputError
from ..mapping.placeable import Placeable
from ..mapping.signatures import NeuronSet
from ..model.inputs import Inputs
from ..model.model import Model
from ..model.runnable import Intervention
from ..readout.code import Code
from ..readout.explanation import independent
from .natural_states import SAME, NaturalStates

# What carries a variable in a model: neurons that are held themselves, or a code.
Carried = NeuronSet | Code


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
        """What carries variable k, each neuron by its name, or the code."""
        one = self.carriers[k]
        if is_code(one):
            return (f"the code {self.carrier(k)}",)
        return tuple(self.model.graph.names[one.layer][j] for j in one.neurons)

    @cached_property
    def natural(self) -> list[Float[np.ndarray, "inputs numbers"]]:
        """The state of every stage at each input, as a row of numbers."""
        return [state.reshape(len(state), -1) for state in self.inputs.states]

    @cached_property
    def own(self) -> list[list[int]]:
        """The value of each variable at each input."""
        return [self.placeable.given(k).astype(int).tolist() for k in range(len(self.names))]

    @cached_property
    def natural_states(self) -> tuple[NaturalStates, ...]:
        """For each variable what carries it at every input, by the value that it has there."""
        return tuple(
            NaturalStates(self.read(k, self.natural[carrier.layer]), np.array(self.own[k]))
            for k, carrier in enumerate(self.carriers)
        )

    @cached_property
    def directions(self) -> dict[int, Float[np.ndarray, " numbers"]]:
        """For each variable that a code carries, the least change of its layer's state that raises the code by 1 and
        changes no other code of the layer, nor what is held.

        Raises:
            InputError: the codes of a layer, and what is held, are not independent.
        """
        found: dict[int, Float[np.ndarray, " numbers"]] = {}
        for layer in sorted({carrier.layer for carrier in self.carriers if is_code(carrier)}):
            codes = {k: _code(c).coefficients for k, c in enumerate(self.carriers) if is_code(c) and c.layer == layer}
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
    def moving(self) -> tuple[tuple[int, ...], ...]:
        """For each variable the neurons that are moved when it takes its value from elsewhere."""
        return tuple(self._moving(k) for k in range(len(self.carriers)))

    def _moving(self, k: int) -> tuple[int, ...]:
        if not is_code(self.carriers[k]):
            return self.carriers[k].neurons
        direction = np.abs(self.directions[k])
        return tuple(np.flatnonzero(direction > SAME * direction.max()).tolist())

    def read(self, k: int, states: Float[np.ndarray, "runs numbers"]) -> Float[np.ndarray, "runs read"]:
        """What carries variable k in some states of its layer: the numbers of its neurons, or the value of its code."""
        carrier = self.carriers[k]
        if is_code(carrier):
            return states @ _code(carrier).coefficients[:, None]
        return states[:, self._columns(carrier)]

    def _columns(self, carrier: Carried) -> list[int]:
        numbers = self.model.graph.numbers[carrier.layer]
        return [numbers * j + i for j in carrier.neurons for i in range(numbers)]

    def moved(
        self, k: int, states: Float[np.ndarray, "runs numbers"], values: Float[np.ndarray, "runs read"]
    ) -> Float[np.ndarray, "runs numbers"]:
        """States of a layer with what carries variable k at other values."""
        if is_code(self.carriers[k]):
            return states + (values - self.read(k, states)) * self.directions[k]
        changed = states.copy()
        changed[:, self._columns(self.carriers[k])] = values
        return changed

    def held(self, layer: int, states: Float[np.ndarray, "runs numbers"]) -> Intervention:
        """A whole layer held in some states."""
        numbers, size = self.model.graph.numbers[layer], self.model.graph.sizes[layer]
        values = states if numbers == 1 else states.reshape(len(states), size, numbers)
        return Intervention(layer, tuple(range(size)), values)

    def interventions(
        self, bases: Int[np.ndarray, " runs"], forced: Sequence[int], sources: Int[np.ndarray, "runs forced"]
    ) -> list[Intervention]:
        """What carries out interchanges at `bases`: each forced variable takes its value from a source, the variables
        of earlier layers first."""
        found: list[Intervention] = []
        for layer in sorted({self.carriers[k].layer for k in forced}):
            states = self.model.states(self.inputs.points[bases], found)[layer].reshape(len(bases), -1)
            for k, column in zip(forced, sources.T, strict=True):
                if self.carriers[k].layer == layer:
                    states = self.moved(k, states, self.read(k, self.natural[layer])[column])
            found.append(self.held(layer, states))
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
