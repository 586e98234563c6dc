"""The network: weights, biases and activations; running it whole, as a circuit, and with interventions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .activations import activation
from .errors import InputError
from .origin import Origin

if TYPE_CHECKING:
    from .circuits.circuit import Circuit


@dataclass(frozen=True, eq=False)
class Intervention:
    """Hold `neurons` of hidden layer `layer` (1 is the first) at `values`, one row per input of the batch."""

    layer: int
    neurons: tuple[int, ...]
    values: Float[np.ndarray, "inputs neurons"]


@dataclass(frozen=True, eq=False)
class Network:
    """A feed-forward network; layer 0 is its inputs, layer `depth` its outputs.

    Args:
        weights: one matrix per layer, shape (outgoing neurons, incoming neurons), as in PyTorch.
        biases: one vector per layer.
        activations: one name per layer: identity, relu, leaky_relu[:SLOPE], tanh, sigmoid[:STEEPNESS].
        origin: where an imported network came from, and how that was checked; no part of what makes two the same.

    Raises:
        InputError: shapes that do not chain, values that are not finite, or an unknown activation. All faults
            are reported at once.

    Example:
        >>> Network([[[1.0, 1.0]]], [[-0.5]], ["relu"]).widths
        (2, 1)
    """

    weights: tuple[Float[np.ndarray, "_neurons _parents"], ...]
    biases: tuple[Float[np.ndarray, " _neurons"], ...]
    activations: tuple[str, ...]
    origin: Origin | None = None

    def __post_init__(self) -> None:
        weights = tuple(_frozen(w, f"weights[{k}]", 2) for k, w in enumerate(self.weights))
        biases = tuple(_frozen(b, f"biases[{k}]", 1) for k, b in enumerate(self.biases))
        names = tuple(map(str, self.activations))
        _check_layers(weights, biases, names)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)
        object.__setattr__(self, "activations", names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return (
            self.widths == other.widths
            and self.activations == other.activations
            and all(map(np.array_equal, self.weights + self.biases, other.weights + other.biases))
        )

    def __hash__(self) -> int:
        return hash((self.widths, self.activations, *(a.tobytes() for a in self.weights + self.biases)))

    def __repr__(self) -> str:
        names = self.activations[0] if len(set(self.activations)) == 1 else ", ".join(self.activations)
        return f"Network({'-'.join(map(str, self.widths))}, {names}, {self.edges} edges)"

    @property
    def depth(self) -> int:
        """The number of weight layers."""
        return len(self.weights)

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons per layer, the inputs first."""
        return (self.weights[0].shape[1], *(len(b) for b in self.biases))

    @property
    def edges(self) -> int:
        """The number of weights that are not exactly 0."""
        return sum(int(np.count_nonzero(w)) for w in self.weights)

    def output(self, index: int) -> "Network":
        """The same network with only its output `index` (0 is the first).

        Raises:
            InputError: there is no such output.
        """
        if not 0 <= index < self.widths[-1]:
            raise InputError(f"there is no output {index}; the network has the outputs 0 to {self.widths[-1] - 1}")
        return Network(
            (*self.weights[:-1], self.weights[-1][index : index + 1]),
            (*self.biases[:-1], self.biases[-1][index : index + 1]),
            self.activations,
            self.origin,
        )

    def run(
        self, inputs: Float[np.ndarray, "inputs features"], interventions: Sequence[Intervention] = ()
    ) -> Float[np.ndarray, "inputs outputs"]:
        """The outputs, in float64; all `interventions` hold at once."""
        return self.layers(inputs, interventions)[-1]

    def layers(
        self, inputs: Float[np.ndarray, "inputs features"], interventions: Sequence[Intervention] = ()
    ) -> tuple[Float[np.ndarray, "inputs _neurons"], ...]:
        """The activations of every layer, the inputs first; all `interventions` hold at once."""
        x = self._checked_inputs(inputs)
        for intervention in interventions:
            self._check_intervention(intervention, len(x))
        states = [x]
        for layer, (w, b, name) in enumerate(zip(self.weights, self.biases, self.activations, strict=True), start=1):
            state = _apply(w, b, name, states[-1])
            for intervention in interventions:
                if intervention.layer == layer:
                    state[:, list(intervention.neurons)] = intervention.values
            states.append(state)
        return tuple(states)

    def run_from(self, layer: int, state: Float[np.ndarray, "*batch neurons"]) -> Float[np.ndarray, "*batch outputs"]:
        """The outputs when layer `layer` is in `state`."""
        for w, b, name in zip(self.weights[layer:], self.biases[layer:], self.activations[layer:], strict=True):
            state = _apply(w, b, name, state)
        return state

    def received(self, layer: int, state: Float[np.ndarray, "*batch parents"]) -> Float[np.ndarray, "*batch neurons"]:
        """The pre-activations of layer `layer`, biases included, when the layer before it is in `state`."""
        return state @ self.weights[layer - 1].T + self.biases[layer - 1]

    def run_received(
        self, layer: int, received: Float[np.ndarray, "*batch neurons"]
    ) -> Float[np.ndarray, "*batch outputs"]:
        """The outputs when layer `layer` has the pre-activations `received`."""
        return self.run_from(layer, activation(self.activations[layer - 1])(received))

    def run_circuit(
        self,
        inputs: Float[np.ndarray, "inputs features"],
        circuit: "Circuit",
        ablated: Sequence[Float[np.ndarray, "inputs _neurons"]] | None = None,
    ) -> tuple[Float[np.ndarray, "inputs _neurons"], ...]:
        """The activations of every layer when only the circuit's edges carry what its neurons compute.

        Every other edge carries 0, or, when `ablated` gives the activations of layers 0 to depth - 1, what it
        would carry there. Neurons outside the circuit have no meaning in the result of a zero ablation but their
        bias; nothing reads them.
        """
        x = self._checked_inputs(inputs)
        states = [x]
        masks = circuit.masks(self)
        for layer, (w, b, name) in enumerate(zip(self.weights, self.biases, self.activations, strict=True)):
            carried = 0.0 if ablated is None else ablated[layer] @ (w * ~masks[layer]).T
            states.append(_apply(w * masks[layer], b + carried, name, states[-1]))
        return tuple(states)

    def _checked_inputs(self, inputs: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs features"]:
        x = np.asarray(inputs, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.widths[0]:
            raise InputError(
                f"inputs have shape {x.shape}; the network takes (inputs, {self.widths[0]}), one row per input"
            )
        return x

    def _check_intervention(self, intervention: Intervention, batch: int) -> None:
        if not 1 <= intervention.layer < self.depth:
            raise InputError(f"intervention on layer {intervention.layer}; the hidden layers are 1 to {self.depth - 1}")
        width = self.widths[intervention.layer]
        if not all(0 <= neuron < width for neuron in intervention.neurons):
            raise InputError(
                f"intervention on neurons {intervention.neurons} of layer {intervention.layer}, "
                f"which has neurons 0 to {width - 1}"
            )
        shape = np.shape(intervention.values)
        if shape != (batch, len(intervention.neurons)):
            raise InputError(
                f"intervention on layer {intervention.layer}: values have shape {shape}, "
                f"expected {(batch, len(intervention.neurons))}: one row per input, one column per neuron"
            )


def xornet(steepness: float = 25.0) -> Network:
    """The analytic XOR network: three sigmoid neurons A, B and A AND B, and the output h1 + h2 - 2 h3.

    Args:
        steepness: of all four sigmoids; above 0.

    Example:
        >>> xornet(25).run([[0, 1]]).round(2)
        array([[1.]])
    """
    name = "sigmoid:" + repr(float(steepness)).removesuffix(".0")
    return Network(
        (np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 1.0, -2.0]])),
        (np.array([-0.5, -0.5, -1.5]), np.array([-0.5])),
        (name, name),
    )


def _apply(weights: np.ndarray, biases: np.ndarray, name: str, state: np.ndarray) -> np.ndarray:
    """One layer. Weights too large for float64 give infinities and NaN, which decide nothing, rather than warnings."""
    with np.errstate(over="ignore", invalid="ignore"):
        return activation(name)(state @ weights.T + biases)


def _frozen(values: Iterable, item: str, dimensions: int) -> np.ndarray:
    """A read-only float64 copy of `values`."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{item} is not a rectangular array of numbers") from None
    if array.ndim != dimensions or array.size == 0:
        expected = "a matrix (outgoing neurons, incoming neurons)" if dimensions == 2 else "a vector"
        raise InputError(f"{item} has shape {array.shape}; expected {expected} that is not empty")
    array.setflags(write=False)
    return array


def _check_layers(weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], names: Sequence[str]) -> None:
    if not weights or not len(weights) == len(biases) == len(names):
        raise InputError(
            f"a network needs as many weights as biases as activations, at least one; "
            f"found {len(weights)}, {len(biases)} and {len(names)}"
        )
    faults = []
    for k, (w, b, name) in enumerate(zip(weights, biases, names, strict=True)):
        if len(b) != len(w):
            faults.append(f"weights[{k}] has {len(w)} outgoing neurons but biases[{k}] has length {len(b)}")
        if k and w.shape[1] != len(weights[k - 1]):
            faults.append(
                f"weights[{k}] takes {w.shape[1]} incoming neurons but weights[{k - 1}] gives {len(weights[k - 1])}"
            )
        for item, array in ((f"weights[{k}]", w), (f"biases[{k}]", b)):
            if not np.isfinite(array).all():
                place = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
                faults.append(f"{item}{place} is {array[tuple(place)]}; every value must be finite")
        try:
            activation(name)
        except InputError as error:
            faults.append(f"activations[{k}]: {error}")
    if faults:
        raise InputError("the network is not usable: " + "; ".join(faults))
