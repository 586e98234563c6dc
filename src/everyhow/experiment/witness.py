"""Explanations as witnesses: each can carry out interchanges of its own variables, and predict what any patched run of
the network decides by reading the run through its variables."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from ..boolean.algorithms import Leaf, Tree
from ..common.errors import InputError
from ..mapping.mapping import Mapping
from ..model.model import Model
from ..model.runnable import Intervention
from ..readout.explanation import ReadoutExplanation
from ..readout.interchange import dual_directions, swapped_states
from ..readout.signal import values_of
from ..readout.span import relative_residual

Layers = tuple[Float[np.ndarray, "swaps _neurons *numbers"], ...]
Explanation = Mapping | ReadoutExplanation

# A reading this close to halfway between 0 and 1 is taken as at the first row.
HALFWAY = 1e-3
# How far the residual of a readout may be from what it was found with; rounding leaves less.
SAME_RESIDUAL = 1e-6


@dataclass(frozen=True)
class Prediction:
    """What an explanation says of each patched run.

    Attributes:
        bits: the decision that it predicts.
        halfway: where some variable reads neither 0 nor 1, but halfway; it is taken as at the first row.
    """

    bits: Bool[np.ndarray, " swaps"]
    halfway: Bool[np.ndarray, " swaps"]


class Witness(ABC):
    """An explanation of one model, ready to be examined.

    Runs are of a network of one output, over its whole truth table.
    """

    @property
    @abstractmethod
    def variables(self) -> tuple[str, ...]:
        """The names of the variables that can be swapped."""

    @abstractmethod
    def interventions(
        self, bases: Int[np.ndarray, " swaps"], moved: tuple[int, ...], sources: Int[np.ndarray, "swaps _moved"]
    ) -> list[Intervention]:
        """What carries out swaps at `bases`, the `moved` variables taking their values from `sources`."""

    @abstractmethod
    def predict(self, points: Float[np.ndarray, "swaps features"], layers: Layers) -> Prediction:
        """The decisions predicted for runs of the network at these points, whose layers these are, inputs first."""


@dataclass(frozen=True, eq=False)
class MappingWitness(Witness):
    """An algorithm with a place for each variable.

    A swap holds the neurons of the moved variables at the values that they have in the run on their source. A variable
    reads as it does in the natural state that is nearest on its neurons; where a variable that is read is an operand of
    another, the outer one counts.
    """

    model: Model
    mapping: Mapping
    _natural: Layers = field(repr=False)

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.mapping.algorithm.variables)

    def interventions(self, bases, moved, sources):
        return [
            Intervention(s.layer, s.neurons, self._natural[s.layer][np.ix_(column, s.neurons)])
            for s, column in zip((self.mapping.sets[v] for v in moved), sources.T, strict=True)
        ]

    def predict(self, points, layers):
        root = self.mapping.algorithm.tree
        left, unsure_left = self._operand(root.left, (0,), points, layers)
        right, unsure_right = self._operand(root.right, (1,), points, layers)
        bits = (left ^ root.left_negated) & (right ^ root.right_negated) ^ self.mapping.algorithm.negated
        return Prediction(bits, unsure_left | unsure_right)

    def _operand(
        self, operand: Tree, path: tuple[int, ...], points: np.ndarray, layers: Layers
    ) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(operand, Leaf):
            return self.model.input_bits(points[:, operand.index]), np.zeros(len(points), dtype=bool)
        variables = zip(self.mapping.algorithm.variables, self.mapping.sets, strict=True)
        variable, place = next((variable, place) for variable, place in variables if variable.path == path)
        natural = _together(self._natural[place.layer], place.neurons)
        on = np.array([bool(variable.bits >> row & 1) for row in range(len(natural))])
        if on.all() or not on.any():
            return np.full(len(points), on[0]), np.zeros(len(points), dtype=bool)
        read = _together(layers[place.layer], place.neurons)
        distance = np.linalg.norm(read[:, None] - natural[None], axis=2)
        to_off, to_on = distance[:, ~on].min(axis=1), distance[:, on].min(axis=1)
        apart = np.linalg.norm(natural[on][:, None] - natural[~on][None], axis=2).min()
        halfway = np.abs(to_on - to_off) <= 2 * HALFWAY * apart
        return np.where(halfway, on[0], to_on < to_off), halfway


@dataclass(frozen=True, eq=False)
class ReadoutWitness(Witness):
    """A readout explanation.

    A swap moves the layer's state along the dual directions of the moved signals. A signal reads 1 above one half.
    """

    model: Model
    explanation: ReadoutExplanation
    directions: Float[np.ndarray, "neurons signals"] = field(repr=False)
    _natural: Layers = field(repr=False)

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(readout.name for readout in self.explanation.readouts)

    def interventions(self, bases, moved, sources):
        layer = self.explanation.layer
        chosen = np.full((len(bases), len(self.variables)), -1)
        chosen[:, list(moved)] = sources
        patched = swapped_states(self.explanation, self._natural[layer], self.directions, bases, chosen)
        return [Intervention(layer, tuple(range(patched.shape[1])), patched)]

    def predict(self, points, layers):
        readouts = self.explanation.readouts
        values = layers[self.explanation.layer] @ self._codes.T + [readout.constant for readout in readouts]
        unsure = np.abs(values - 0.5) <= HALFWAY
        at_first = np.array([bool(readout.table.bits & 1) for readout in readouts])
        bits = np.where(unsure, at_first, values > 0.5)
        pattern = bits @ (1 << np.arange(len(readouts))[::-1])
        return Prediction((self.explanation.gate.bits >> pattern & 1).astype(bool), np.atleast_1d(unsure.any(axis=1)))

    @cached_property
    def _codes(self) -> Float[np.ndarray, "signals neurons"]:
        return np.array([readout.coefficients for readout in self.explanation.readouts])


def witness(
    model: Model, explanation: Explanation, holding: Float[np.ndarray, "held neurons"] | None = None
) -> Witness:
    """The witness for an explanation of `model`.

    Args:
        model: of one output, over its whole truth table.
        explanation: a Mapping, or a ReadoutExplanation.
        holding: for a readout explanation, what its swaps leave untouched; see `dual_directions`.

    Raises:
        InputError: another kind of explanation, or one of another network's shape.
    """
    natural = model.states(model.corners)
    if isinstance(explanation, ReadoutExplanation):
        readout = explanation.readouts[0]
        _check_inputs(model, readout.table.inputs)
        _check_fits(model, explanation.layer, len(readout.coefficients) - 1)
        there, layer = model.graph.sizes[explanation.layer], explanation.layer
        if len(readout.coefficients) != there:
            raise InputError(
                f"the explanation reads {len(readout.coefficients)} neurons, layer {layer} of the {model.kind} has "
                f"{there}; give explanations of this network"
            )
        _check_reads(explanation, natural[explanation.layer])
        return ReadoutWitness(model, explanation, dual_directions(explanation, holding), natural)
    if not isinstance(explanation, Mapping):
        raise InputError(
            f"what is examined by interchange is a Mapping (eh.mappings) or a ReadoutExplanation (eh.readouts), not "
            f"{type(explanation).__name__}"
        )
    if holding is not None:
        raise InputError("holding belongs to readout explanations; the swaps of a mapping hold all other neurons")
    _check_inputs(model, explanation.algorithm.inputs)
    for place in explanation.sets:
        _check_fits(model, place.layer, max(place.neurons))
    return MappingWitness(model, explanation, natural)


def _together(state: np.ndarray, nodes: tuple[int, ...]) -> Float[np.ndarray, "runs numbers"]:
    """All numbers that some nodes of a stage hold."""
    return state[:, nodes].reshape(len(state), -1)


def _check_reads(explanation: ReadoutExplanation, states: Float[np.ndarray, "inputs neurons"]) -> None:
    """Explanations of another network of the same shape read something else here than they say."""
    for readout in explanation.readouts:
        wanted = values_of(readout.table)[None]
        read = states @ readout.coefficients + readout.constant
        (residual,) = relative_residual(wanted, read[None])
        if abs(residual - readout.residual) > SAME_RESIDUAL:
            raise InputError(
                f"{readout} is not what this network's layer {explanation.layer} reads: the residual is "
                f"{residual:.3g}, not {readout.residual:.3g}; give explanations of this network"
            )


def _check_inputs(model: Model, inputs: int) -> None:
    if inputs != model.features:
        raise InputError(f"the explanation is over {inputs} inputs, the {model.kind} has {model.features}")


def _check_fits(model: Model, layer: int, neuron: int) -> None:
    sizes = model.graph.sizes
    if not (1 <= layer < model.graph.last and neuron < sizes[layer]):
        shape = "-".join(map(str, sizes))
        raise InputError(f"the explanation uses neuron {neuron} of layer {layer}, which a {shape} {model.kind} has not")
