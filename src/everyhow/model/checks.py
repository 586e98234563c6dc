"""What any kind of model asks of the inputs and interventions that it is run with."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..common.arguments import instance, is_whole, listed, quoted
from ..common.errors import InputError
from ..common.shapes import Float
from .graph import Graph
from .runnable import Intervention, Runnable


def float_array(values: Any, item: str) -> np.ndarray:
    """An array, a tensor or nested lists in float64; an array that is so already is not copied.

    Raises:
        InputError: they are not real numbers, or not rectangular.
    """
    try:
        given = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
        array = given.astype(np.float64, copy=False) if given.dtype.kind in "biufO" else None
    except Exception:  # of whatever an object of a user raises
        array = None
    if array is None:
        raise InputError(f"{item} is not a rectangular array of numbers; found {quoted(values)}")
    return array


def checked_inputs(model: Runnable, inputs: Any) -> Float[np.ndarray, "inputs features"]:
    """The inputs of a model in float64.

    Raises:
        InputError: they are not numbers, or not one row of all features for each input.
    """
    x = float_array(inputs, "inputs")
    if x.ndim != 2 or x.shape[1] != model.features:
        raise InputError(
            f"inputs have shape {x.shape}; the {model.kind} takes (inputs, {model.features}), one row per input"
        )
    return x


def checked_interventions(graph: Graph, interventions: Any, runs: int) -> Sequence[Intervention]:
    """Interventions on the nodes of inner stages, in runs at so many inputs.

    Raises:
        InputError: not interventions, a node that does not exist, or values of another shape than (runs, nodes), or
            (runs, nodes, numbers) where nodes hold several numbers.
    """
    found = listed("interventions", interventions, "a list of values of everyhow.Intervention")
    for intervention in found:
        _check_intervention(
            graph, instance(intervention, Intervention, "an Intervention", "make one with everyhow.Intervention"), runs
        )
    return found


def _check_intervention(graph: Graph, intervention: Intervention, runs: int) -> None:
    if not is_whole(intervention.layer, 1, graph.last - 1):
        raise InputError(f"intervention on layer {intervention.layer}; the hidden layers are 1 to {graph.last - 1}")
    width, numbers = graph.sizes[intervention.layer], graph.numbers[intervention.layer]
    if not all(0 <= neuron < width for neuron in intervention.neurons):
        raise InputError(
            f"intervention on neurons {intervention.neurons} of layer {intervention.layer}, "
            f"which has neurons 0 to {width - 1}"
        )
    shape = np.shape(intervention.values)
    expected = (runs, len(intervention.neurons), *([numbers] if numbers > 1 else []))
    if shape != expected:
        each = "" if numbers == 1 else f", of {numbers} numbers each"
        raise InputError(
            f"intervention on layer {intervention.layer}: values have shape {shape}, "
            f"expected {expected}: one row per input, one column per neuron{each}"
        )
