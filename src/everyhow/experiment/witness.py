"""Explanations as witnesses: each can carry out interchanges of its own variables, and predict what any patched run of
the network decides by reading the run through its variables."""

from abc import ABC, abstractmethod
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial, singledispatch
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..boolean.algorithms import Leaf, Tree, Variable
from ..common.errors import InputError
from ..mapping.mapping import Mapping
from ..model.explanation import Explanation
from ..model.inputs import MOST_TRIED_WHOLE, Inputs
from ..model.model import Model
from ..model.runnable import Intervention
from ..readout.explanation import ReadoutExplanation
from ..readout.interchange import (
    ReadoutInterchange,
    at_inputs,
    dual_directions,
    interchange_between,
    known_of,
    swapped_states,
)
from ..readout.span import relative_residual

# What each hidden stage computes in some patched runs, by its number: shape (swaps, nodes), or (swaps, nodes, numbers).
Patched = abc.Mapping[int, Float[np.ndarray, "swaps _nodes *numbers"]]

Distance = Callable[[Float[np.ndarray, "swaps numbers"]], Float[np.ndarray, " swaps"]]

# A reading this close to halfway between 0 and 1 is taken as at the first input.
HALFWAY = 1e-3
# How far the residual of a readout may be from what it was found with; rounding leaves less.
SAME_RESIDUAL = 1e-6


@dataclass(frozen=True)
class Prediction:
    """What an explanation says of each patched run.

    Attributes:
        bits: the decision that it predicts.
        halfway: where some variable reads neither 0 nor 1, but halfway; it is taken as at the first input.
    """

    bits: Bool[np.ndarray, " swaps"]
    halfway: Bool[np.ndarray, " swaps"]


class Witness(ABC):
    """An explanation of one model of one output, ready to be examined between some inputs."""

    @abstractmethod
    def interventions(
        self, bases: Int[np.ndarray, " swaps"], moved: tuple[int, ...], sources: Int[np.ndarray, "swaps _moved"]
    ) -> list[Intervention]:
        """What carries out swaps at `bases`, the `moved` variables taking their values from `sources`."""

    @abstractmethod
    def predict(self, bases: Int[np.ndarray, " swaps"], patched: Patched) -> Prediction:
        """What the explanation predicts of runs of the network at `bases`, whose hidden stages compute `patched`."""

    @abstractmethod
    def interchange(self, most_moved: int | None, seed: int) -> ReadoutInterchange | None:
        """How often network and explanation agree when its own variables are swapped, at most so many at once; None
        where the ladder says that already."""


@dataclass(frozen=True, eq=False)
class NaturalStates:
    """The states of some nodes at every input, those at which a variable is 0 apart from those at which it is 1.

    Attributes:
        first: the value of the variable at the first input.
        off: shape (inputs, numbers), the states where the variable is 0.
        on: the states where the variable is 1.
    """

    first: bool
    off: Float[np.ndarray, "_zeros numbers"]
    on: Float[np.ndarray, "_ones numbers"]

    @cached_property
    def apart(self) -> float:
        """The least distance between a state of either kind."""
        return float(self._to_off(self.on).min())

    def read(
        self, seen: Float[np.ndarray, "swaps numbers"]
    ) -> tuple[Bool[np.ndarray, " swaps"], Bool[np.ndarray, " swaps"]]:
        """The value of the variable in the natural state nearest to each state, and which states are halfway."""
        if not len(self.off) or not len(self.on):
            return np.full(len(seen), self.first), np.zeros(len(seen), dtype=bool)
        to_off, to_on = self._to_off(seen), self._to_on(seen)
        halfway = np.abs(to_on - to_off) <= 2 * HALFWAY * self.apart
        return np.where(halfway, self.first, to_on < to_off), halfway

    @cached_property
    def _to_off(self) -> Distance:
        return _distance_to(self.off)

    @cached_property
    def _to_on(self) -> Distance:
        return _distance_to(self.on)


@dataclass(frozen=True, eq=False)
class MappingWitness(Witness):
    """An algorithm with a place for each variable, ready to be examined.

    A swap holds the neurons of the moved variables at the values that they have in the run on their source. A variable
    reads as it does in the natural state that is nearest on its neurons. Only the operands of the algorithm's root are
    read; a variable below another one does not count.
    """

    inputs: Inputs
    explanation: Mapping

    def interventions(self, bases, moved, sources):
        return [
            Intervention(layer, neurons, self.inputs.states[layer][np.ix_(column, neurons)])
            for (layer, neurons), column in zip((self.explanation.places[v] for v in moved), sources.T, strict=True)
        ]

    def predict(self, bases, patched):
        root = self.explanation.algorithm.tree
        left, unsure_left = self._operand(root.left, (0,), bases, patched)
        right, unsure_right = self._operand(root.right, (1,), bases, patched)
        bits = (left ^ root.left_negated) & (right ^ root.right_negated) ^ self.explanation.algorithm.negated
        return Prediction(bits, unsure_left | unsure_right)

    def interchange(self, most_moved, seed):
        return None

    def _operand(
        self, operand: Tree, path: tuple[int, ...], bases: np.ndarray, patched: Patched
    ) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(operand, Leaf):
            return self.inputs.bits[bases, operand.index], np.zeros(len(bases), dtype=bool)
        (layer, neurons), natural = self._natural[path]
        return natural.read(_together(patched[layer], neurons))

    @cached_property
    def _natural(self) -> abc.Mapping[tuple[int, ...], tuple[tuple[int, tuple[int, ...]], NaturalStates]]:
        """The place of every variable and the natural states there, by the variable's path."""
        variables = zip(self.explanation.algorithm.variables, self.explanation.places, strict=True)
        return {variable.path: (place, self._states_of(variable, *place)) for variable, place in variables}

    def _states_of(self, variable: Variable, layer: int, neurons: tuple[int, ...]) -> NaturalStates:
        on = self.inputs.values(variable.bits)
        states = _together(self.inputs.states[layer], neurons)
        return NaturalStates(bool(on[0]), states[~on], states[on])


@dataclass(frozen=True, eq=False)
class ReadoutWitness(Witness):
    """A readout explanation, ready to be examined.

    A swap moves the layer's state along the dual directions of the moved signals. A signal reads 1 above one half.
    """

    inputs: Inputs
    explanation: ReadoutExplanation
    directions: Float[np.ndarray, "neurons signals"] = field(repr=False)

    def interventions(self, bases, moved, sources):
        layer = self.explanation.layer
        chosen = np.full((len(bases), len(self.explanation.readouts)), -1)
        chosen[:, list(moved)] = sources
        patched = swapped_states(self.explanation, self.inputs.states[layer], self.directions, bases, chosen)
        return [Intervention(layer, tuple(range(patched.shape[1])), patched)]

    def predict(self, bases, patched):
        readouts = self.explanation.readouts
        constants = [readout.constant for readout in readouts]
        values = patched[self.explanation.layer] @ self.explanation.codes.T + constants
        unsure = np.abs(values - 0.5) <= HALFWAY
        at_first = np.array([at_inputs(self.inputs, readout.table)[0] for readout in readouts])
        bits = np.where(unsure, at_first, values > 0.5)
        pattern = bits @ (1 << np.arange(len(readouts))[::-1])
        return Prediction((self.explanation.gate.bits >> pattern & 1).astype(bool), np.atleast_1d(unsure.any(axis=1)))

    def interchange(self, most_moved, seed):
        return interchange_between(self.inputs, self.explanation, self.directions, most_moved, seed)


@singledispatch
def witness(
    explanation: Explanation, inputs: Inputs, holding: Float[np.ndarray, "held neurons"] | None = None
) -> Witness:
    """The witness for an explanation; each kind of explanation registers its own.

    Args:
        explanation: a Mapping, or a ReadoutExplanation.
        inputs: those between which variables are swapped, and the model, of one output.
        holding: for a readout explanation, what its swaps leave untouched; see `dual_directions`.

    Raises:
        InputError: another kind of explanation, or one of another network's shape. Over a truth table also a readout
            that another network of the same shape has.
    """
    raise InputError(
        f"what is examined by interchange is a Mapping (eh.mappings) or a ReadoutExplanation (eh.readouts), not "
        f"{type(explanation).__name__}"
    )


@witness.register
def _(
    explanation: ReadoutExplanation, inputs: Inputs, holding: Float[np.ndarray, "held neurons"] | None = None
) -> Witness:
    model, layer, read = inputs.model, explanation.layer, explanation.codes.shape[1]
    _check_inputs(inputs, explanation, known_of(inputs, explanation))
    _check_fits(model, layer, read - 1)
    there = model.graph.sizes[layer]
    if read != there:
        raise InputError(
            f"the explanation reads {read} neurons, layer {layer} of the {model.kind} has {there}; give explanations "
            f"of this network"
        )
    if inputs.is_truth_table:
        _check_reads(explanation, inputs)
    return ReadoutWitness(inputs, explanation, dual_directions(explanation, holding))


@witness.register
def _(explanation: Mapping, inputs: Inputs, holding: Float[np.ndarray, "held neurons"] | None = None) -> Witness:
    if holding is not None:
        raise InputError("holding belongs to readout explanations; the swaps of a mapping hold all other neurons")
    _check_inputs(inputs, explanation, inputs.variables)
    for layer, neurons in explanation.places:
        _check_fits(inputs.model, layer, max(neurons))
    return MappingWitness(inputs, explanation)


def _together(state: np.ndarray, nodes: tuple[int, ...]) -> Float[np.ndarray, "runs numbers"]:
    """All numbers that some nodes of a stage hold."""
    return state[:, nodes].reshape(len(state), -1)


def _distance_to(natural: Float[np.ndarray, "inputs numbers"]) -> Distance:
    """How far any states are from the nearest of some natural ones."""
    if len(natural) > MOST_TRIED_WHOLE:
        from scipy.spatial import KDTree

        return partial(_by_tree, KDTree(natural))
    return partial(_by_all, natural)


def _by_tree(tree: Any, seen: Float[np.ndarray, "swaps numbers"]) -> Float[np.ndarray, " swaps"]:
    return tree.query(seen)[0]


def _by_all(
    natural: Float[np.ndarray, "inputs numbers"], seen: Float[np.ndarray, "swaps numbers"]
) -> Float[np.ndarray, " swaps"]:
    return np.linalg.norm(seen[:, None] - natural[None], axis=2).min(axis=1)


def _check_reads(explanation: ReadoutExplanation, inputs: Inputs) -> None:
    """Explanations of another network of the same shape read something else here than they say."""
    for readout in explanation.readouts:
        wanted = at_inputs(inputs, readout.table).astype(np.float64)
        read = inputs.states[explanation.layer] @ readout.coefficients + readout.constant
        (residual,) = relative_residual(wanted[None], read[None])
        if abs(residual - readout.residual) > SAME_RESIDUAL:
            raise InputError(
                f"{readout} is not what this network's layer {explanation.layer} reads: the residual is "
                f"{residual:.3g}, not {readout.residual:.3g}; give explanations of this network"
            )


def _check_inputs(inputs: Inputs, explanation: Explanation, known: int) -> None:
    if explanation.inputs == known:
        return
    if inputs.is_truth_table:
        raise InputError(
            f"the explanation is over {explanation.inputs} inputs, the {inputs.model.kind} has {inputs.variables}"
        )
    raise InputError(
        f"the explanation is over {explanation.inputs} bits, and {inputs.variables} are known of each input; give the "
        f"behavior the features that the explanation is over"
    )


def _check_fits(model: Model, layer: int, neuron: int) -> None:
    sizes = model.graph.sizes
    if 1 <= layer < model.graph.last and neuron < sizes[layer]:
        return
    shape = f"this {'-'.join(map(str, sizes))} {model.kind}"
    there = (
        f"layer {layer} of {shape} has neurons h{layer}.0 to h{layer}.{sizes[layer] - 1}"
        if 1 <= layer < model.graph.last
        else f"{shape} has hidden layers 1 to {model.graph.last - 1}"
        if model.graph.last > 1
        else f"{shape} has no hidden layer"
    )
    raise InputError(f"the explanation uses h{layer}.{neuron}; {there}: give explanations of this one")
