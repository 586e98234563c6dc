"""Explanations as witnesses: placed in the model that they explain, so that they can be moved there and predict."""

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from ..boolean.truth_table import TruthTable
from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..mapping.mapping import Mapping
from ..mapping.patterns import Patterns
from ..mapping.placeable import Holding, Placeable, placed_algorithm
from ..mapping.signatures import NeuronSet
from ..model.explanation import Explanation
from ..model.inputs import Inputs
from ..model.model import Model
from ..readout.code import Code, code_text
from ..readout.explanation import ReadoutExplanation
from ..readout.interchange import at_inputs, dual_directions, known_of
from ..readout.span import relative_residual
from .placed import Placed

# How far the residual of a readout may be from what it was found with; rounding leaves less.
SAME_RESIDUAL = 1e-6


@dataclass(frozen=True, eq=False)
class PlacedGate(Placeable):
    """The signals of a readout explanation over some inputs, and its gate. Each signal has the values 0 and 1.

    Attributes:
        parts: what the signals are called.
        signals: shape (signals, inputs).
        gate: what is decided at each pattern of the signals, the first one being the leftmost digit.
    """

    parts: tuple[str, ...]
    signals: Bool[np.ndarray, "signals inputs"]
    gate: TruthTable

    @property
    def names(self) -> tuple[str, ...]:
        """What the signals are called."""
        return self.parts

    def given(self, variable: int, held: Holding = ()) -> Bool[np.ndarray, " inputs"]:
        """A signal at each input, whatever others are held at."""
        return self.signals[variable]

    def decided(self, held: Holding) -> Bool[np.ndarray, " inputs"]:
        """What the gate gives at each input, while signals are held."""
        values = self.signals.astype(int)
        for k, value in held:
            values[k] = value
        pattern = (1 << np.arange(len(values))[::-1]) @ values
        return (self.gate.bits >> pattern & 1).astype(bool)


@singledispatch
def witness(
    explanation: Explanation, inputs: Inputs, holding: Float[np.ndarray, "held neurons"] | None = None
) -> Placed:
    """An explanation in the model that it explains; each kind of explanation registers its own.

    Args:
        explanation: a Mapping, or a ReadoutExplanation.
        inputs: those between which variables are moved, and the model, of one output.
        holding: for a readout explanation, what moving its signals leaves untouched; see `dual_directions`.

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
) -> Placed:
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
    # Raises where the readouts cannot be moved one by one.
    dual_directions(explanation, holding)
    signals = np.array([at_inputs(inputs, readout.table) for readout in explanation.readouts])
    carriers = (Code(layer, code, model.graph.names[layer]) for code in explanation.codes)
    return Placed(
        inputs=inputs,
        placeable=PlacedGate(explanation.parts, signals, explanation.gate),
        carriers=tuple(carriers),
        holding=None if holding is None else np.asarray(holding, dtype=np.float64),
    )


@witness.register
def _(explanation: Mapping, inputs: Inputs, holding: Float[np.ndarray, "held neurons"] | None = None) -> Placed:
    if holding is not None:
        raise InputError("holding belongs to readout explanations; the swaps of a mapping hold all other neurons")
    _check_inputs(inputs, explanation, inputs.variables)
    for neurons in explanation.sets:
        _check_named(inputs.model, neurons)
    patterns = Patterns(inputs.variables, tuple(inputs.rows.tolist()))
    placeable = placed_algorithm(explanation.algorithm, patterns)
    return Placed(inputs=inputs, placeable=placeable, carriers=explanation.sets)


@singledispatch
def moved_parts(explanation: Explanation, placed: Placed, k: int) -> tuple[str, ...]:
    """What is moved when variable k of an explanation takes its value from elsewhere, in words; each kind of
    explanation registers its own."""
    return placed.carrier_parts(k)


@moved_parts.register
def _(explanation: ReadoutExplanation, placed: Placed, k: int) -> tuple[str, ...]:
    """A code that is whole numbers; of any other one only the layer, since its numbers say little to the eye."""
    readout = explanation.readouts[k]
    if not readout.whole:
        return (f"a code of layer {explanation.layer}",)
    terms = [(value, name) for value, name in zip(readout.shown_coefficients, readout.names, strict=True) if value]
    return (f"the code {code_text((value for value, _ in terms), (name for _, name in terms))}",)


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


def _check_named(model: Model, neurons: NeuronSet) -> None:
    """Nodes of a model in which places span stages are told by their names, too."""
    if not model.residual:
        return _check_fits(model, neurons.layer, max(neurons.neurons))
    there = {name for stage in model.graph.names[1:-1] for name in stage}
    missing = [name for name in neurons.names() if name not in there]
    if missing:
        raise InputError(
            f"the explanation uses {missing[0]}; this {model.kind} has the {model.nodes} {', '.join(sorted(there))}: "
            f"give explanations of this one"
        )
    return None


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
