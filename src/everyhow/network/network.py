"""The network: weights, biases and activations; running it whole, as a circuit, and with interventions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ..boolean.gates import name_of
from ..boolean.truth_table import MAX_INPUTS, TruthTable, assignments
from ..common.arguments import instance, is_number, is_whole, listed, number_in, quoted
from ..common.errors import InputError
from ..model.circuit import Circuit
from ..model.graph import Edge, Graph, check_number_of_edges
from ..model.origin import Origin
from .activations import activation

# Nothing here is meant for more: lists of neurons, circuits and points grow with them.
WIDEST = 2**16
MOST_LAYERS = 256


@dataclass(frozen=True, eq=False)
class Intervention:
    """Hold `neurons` of hidden layer `layer` (1 is the first) at `values`, one row per input of the batch."""

    layer: int
    neurons: tuple[int, ...]
    values: Float[np.ndarray, "inputs neurons"]


@dataclass(frozen=True, eq=False)
class Network:
    """A feed-forward network; layer 0 is its inputs, layer `depth` its outputs.

    Two are the same when their arrays and activations are. How its numbers are read as bits goes with it, from files
    and imports to every question, but does not make it another network.

    Args:
        weights: one matrix per layer, shape (outgoing neurons, incoming neurons), as in PyTorch.
        biases: one vector per layer.
        activations: one name per layer: identity, relu, leaky_relu[:SLOPE], tanh, sigmoid[:STEEPNESS].
        origin: where an imported network came from, and how that was checked.
        threshold: an output above it is read as 1, any other as 0: 0.5 for outputs trained towards 0 and 1, 0 for
            logits and for outputs trained towards -1 and 1. None when nobody said it; then whatever needs a decision
            asks for it.
        input_values: the two numbers by which each input stands for 0 and for 1.
        remarks: how it was made from what was given, in sentences.
        softmax: whether a softmax after its outputs was left out, so that these stand for classes.

    Raises:
        InputError: shapes that do not chain, values that are not finite, an unknown activation, a threshold that is not
            a finite number, or input values that are not two different finite numbers. All faults of the layers are
            reported at once.

    Example:
        >>> Network([[[1.0, 1.0]]], [[-0.5]], ["relu"]).widths
        (2, 1)
    """

    weights: tuple[Float[np.ndarray, "_neurons _parents"], ...]
    biases: tuple[Float[np.ndarray, " _neurons"], ...]
    activations: tuple[str, ...]
    origin: Origin | None = None
    threshold: float | None = 0.5
    input_values: tuple[float, float] = (0.0, 1.0)
    remarks: tuple[str, ...] = ()
    softmax: bool = False

    def __post_init__(self) -> None:
        listed_weights = _listed(self.weights, "weights")
        check_sizes([len(listed_weights)], "a network", MOST_LAYERS, "layers")
        weights = tuple(_frozen(w, f"weights[{k}]", 2) for k, w in enumerate(listed_weights))
        biases = tuple(_frozen(b, f"biases[{k}]", 1) for k, b in enumerate(_listed(self.biases, "biases")))
        names = tuple(_listed(self.activations, "activations"))
        _check_layers(weights, biases, names)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)
        object.__setattr__(self, "activations", names)
        object.__setattr__(self, "threshold", checked_threshold(self.threshold))
        object.__setattr__(self, "input_values", checked_input_values(self.input_values))

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
        said = "".join(f", {words}" for words in self.coding)
        return f"Network({'-'.join(map(str, self.widths))}, {names}, {self.edges} edges{said})"

    @property
    def coding(self) -> tuple[str, ...]:
        """How its numbers stand for bits, in words; nothing where they do so as usual: 0, 1, and outputs above 0.5."""
        words = []
        if self.input_values != (0.0, 1.0):
            words.append("inputs {:g} and {:g}".format(*self.input_values))
        if self.softmax:
            words.append("softmax left out")
        elif self.threshold != 0.5:
            words.append("threshold not said" if self.threshold is None else f"threshold {self.threshold:g}")
        return tuple(words)

    @property
    def level(self) -> float:
        """The threshold: an output above it is read as 1.

        Raises:
            InputError: nobody said it; the message shows what the network computes by each usual one.
        """
        if self.softmax:
            raise InputError(
                "a softmax after the outputs of this network was left out, so they stand for classes, of which the "
                'largest is chosen, and a threshold says nothing of them: decide by argmax (decision="argmax", '
                "--decision argmax)"
            )
        if self.threshold is None:
            raise InputError(_which_threshold(self))
        return self.threshold

    def read(self, threshold: float | None = None, inputs: Iterable[float] | None = None) -> "Network":
        """The same network with its numbers read in another way.

        Args:
            threshold: an output above it is read as 1; as before when not given.
            inputs: the two numbers by which each input stands for 0 and for 1; as before when not given.

        Raises:
            InputError: a number out of range.

        Example:
            >>> xornet().read(threshold=0.4)
            Network(2-3-1, sigmoid:25, 7 edges, threshold 0.4)
        """
        level = self.threshold if threshold is None else checked_threshold(threshold)
        values = self.input_values if inputs is None else checked_input_values(inputs)
        return replace(self, threshold=level, input_values=values)

    @property
    def corners(self) -> Float[np.ndarray, "rows features"]:
        """The inputs that stand for the rows of a truth table, in row order.

        Example:
            >>> Network([[[1.0]]], [[0.0]], ["tanh"], input_values=(-1, 1)).corners.tolist()
            [[-1.0], [1.0]]
        """
        return coded(assignments(self.widths[0]), self.input_values)

    def input_bits(self, inputs: Float[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
        """The bits that inputs stand for: 1 where one is nearer to the number that stands for 1."""
        low, high = self.input_values
        return (inputs - (low + high) / 2) * np.sign(high - low) > 0

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

    @cached_property
    def graph(self) -> Graph:
        """Its wiring: an edge for each weight that is not exactly 0.

        Raises:
            InputError: there are millions of them.
        """
        check_number_of_edges(self.edges)
        edges = (
            Edge((layer, j, i))
            for layer, w in enumerate(self.weights, start=1)
            for j, i in np.argwhere(w != 0).tolist()
        )
        return Graph.of_stages(self.widths, edges)

    def masks(self, circuit: Circuit) -> tuple[Bool[np.ndarray, "_neurons _parents"], ...]:
        """For each weight matrix, which of its entries are in the circuit.

        Raises:
            InputError: the circuit is of a network of other widths, or has an edge of weight 0.
        """
        masks = tuple(np.zeros(w.shape, dtype=bool) for w in self.weights)
        for layer, j, i in circuit.on(self.graph).edges:
            masks[layer - 1][j, i] = True
        return masks

    def output(self, index: int) -> "Network":
        """The same network with only its output `index` (0 is the first).

        Raises:
            InputError: there is no such output.
        """
        if not is_whole(index, 0, self.widths[-1] - 1):
            raise InputError(
                f"there is no output {quoted(index)}; the network has the outputs 0 to {self.widths[-1] - 1}"
            )
        return self._with_outputs(self.weights[-1][index : index + 1], self.biases[-1][index : index + 1])

    def folded(self) -> "Network":
        """Two outputs that stand for two classes as one: the second's pre-activation less the first's, which is above 0
        exactly where the second output is the larger one. Of two equal outputs the first is chosen, as by argmax.

        Raises:
            InputError: there are not two outputs, or their activation does not tell apart whatever they receive.

        Example:
            >>> network = Network([[[1.0], [3.0]]], [[0.5, 0.0]], ["identity"]).folded()
            >>> network.weights[0].tolist(), network.biases[0].tolist(), network.threshold
            ([[2.0]], [-0.5], 0.0)
        """
        if self.widths[-1] != 2:
            raise InputError(f"two classes are folded into one output; the network has {self.widths[-1]} outputs")
        check_tells_apart(self.activations[-1])
        (first, second), (low, high) = self.weights[-1], self.biases[-1]
        one = self._with_outputs((second - first)[None], np.array([high - low]))
        said = "two outputs, which stand for two classes, are folded into one: the second less the first, 1 above 0"
        activations = (*self.activations[:-1], "identity")
        return replace(one, activations=activations, threshold=0.0, remarks=(*self.remarks, said), softmax=False)

    def _with_outputs(self, weights: np.ndarray, biases: np.ndarray) -> "Network":
        return replace(self, weights=(*self.weights[:-1], weights), biases=(*self.biases[:-1], biases))

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
        interventions = listed("interventions", interventions, "a list of values of everyhow.Intervention")
        for intervention in interventions:
            instance(intervention, Intervention, "an Intervention", "make one with everyhow.Intervention")
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
        with np.errstate(over="ignore", invalid="ignore"):
            return state @ self.weights[layer - 1].T + self.biases[layer - 1]

    def run_received(
        self, layer: int, received: Float[np.ndarray, "*batch neurons"]
    ) -> Float[np.ndarray, "*batch outputs"]:
        """The outputs when layer `layer` has the pre-activations `received`."""
        return self.run_from(layer, activation(self.activations[layer - 1])(received))

    def run_circuit(
        self,
        inputs: Float[np.ndarray, "inputs features"],
        circuit: Circuit,
        ablated: Sequence[Float[np.ndarray, "inputs _neurons"]] | None = None,
    ) -> tuple[Float[np.ndarray, "inputs _neurons"], ...]:
        """The activations of every layer when only the circuit's edges carry what its neurons compute.

        Every other edge carries 0, or, when `ablated` gives the activations of layers 0 to depth - 1, what it
        would carry there. Neurons outside the circuit have no meaning in the result of a zero ablation but their
        bias; nothing reads them.
        """
        x = self._checked_inputs(inputs)
        states = [x]
        masks = self.masks(circuit)
        for layer, (w, b, name) in enumerate(zip(self.weights, self.biases, self.activations, strict=True)):
            carried = 0.0 if ablated is None else ablated[layer] @ (w * ~masks[layer]).T
            states.append(_apply(w * masks[layer], b + carried, name, states[-1]))
        return tuple(states)

    def _checked_inputs(self, inputs: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs features"]:
        x = _numbers(inputs, "inputs")
        if x.ndim != 2 or x.shape[1] != self.widths[0]:
            raise InputError(
                f"inputs have shape {x.shape}; the network takes (inputs, {self.widths[0]}), one row per input"
            )
        return x

    def _check_intervention(self, intervention: Intervention, batch: int) -> None:
        if not is_whole(intervention.layer, 1, self.depth - 1):
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
    if not is_number(steepness) or steepness <= 0:
        raise InputError(f"steepness is {quoted(steepness)}; it is a number above 0")
    name = "sigmoid:" + repr(float(steepness)).removesuffix(".0")
    return Network(
        (np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 1.0, -2.0]])),
        (np.array([-0.5, -0.5, -1.5]), np.array([-0.5])),
        (name, name),
    )


def coded(bits: Float[np.ndarray, "rows features"], values: tuple[float, float]) -> Float[np.ndarray, "rows features"]:
    """Bits as the numbers by which inputs stand for them."""
    low, high = values
    return np.where(bits > 0, high, low)


def checked_threshold(threshold: object) -> float | None:
    """The threshold as a number; None when nobody said it.

    Raises:
        InputError: it is not a finite number.
    """
    if threshold is None:
        return None
    found = number_in(threshold)
    if found is None:
        raise InputError(
            f"threshold is {quoted(threshold)}; it is a finite number, above which an output is read as 1: 0.5 for "
            "outputs trained towards 0 and 1, 0 for logits and outputs trained towards -1 and 1"
        )
    return found


def checked_input_values(values: object) -> tuple[float, float]:
    """The numbers by which inputs stand for 0 and for 1.

    Raises:
        InputError: they are not two different finite numbers.
    """
    rule = "the two different numbers by which an input stands for 0 and for 1, such as (-1, 1) (--inputs=-1,1)"
    found = [number_in(value) for value in listed("inputs", values, rule)]
    if len(found) != 2 or None in found or found[0] == found[1]:
        raise InputError(f"inputs is {quoted(values)}; give {rule}")
    return found[0], found[1]  # type: ignore[return-value]


def one_of(network: Network) -> str:
    """How a network of several outputs becomes one of one output, in words."""
    folded = "network.folded() where they stand for two classes, " if network.widths[-1] == 2 else ""
    return f"take {folded}network.output(k) of outputs that are bits of their own"


def check_sizes(sizes: Iterable[int], what: str, most: int = WIDEST, counted: str = "neurons in a layer") -> None:
    """Raises InputError when something is larger than any network that is taken."""
    largest = max(sizes, default=0)
    if largest > most:
        raise InputError(f"{what} has {largest:,} {counted}; at most {most:,} are taken: give a part of it")


def check_tells_apart(name: str) -> None:
    """Raises InputError when an activation is not strictly increasing, so that the largest output may not be one."""
    function = activation(name)
    if not function.is_monotone:
        raise InputError(
            f"the decision argmax is taken of outputs that are larger where what they receive is; {name} falls and "
            "rises again: decide by threshold, or use a last activation that never falls, such as identity"
        )
    if not function.is_strictly_increasing:
        raise InputError(
            f"the decision argmax is taken of outputs that tell apart whatever they receive; by {name} different ones "
            f"can be alike: decide by threshold, or train the network with a linear last layer"
        )


def _which_threshold(network: Network) -> str:
    """The question where an output turns, with what the network computes by each usual answer."""
    answers = {
        0.0: "for logits (BCEWithLogitsLoss) and outputs trained towards -1 and 1 (hinge loss)",
        0.5: "for outputs trained towards 0 and 1",
    }
    told = (f"threshold={level:g} {words}: {_computed(network, level)}" for level, words in answers.items())
    classes = ', or decision="argmax" (--decision argmax) where they stand for classes' * (network.widths[-1] > 1)
    return (
        f"nothing says where the outputs of this network turn from 0 to 1, its last layer being {_last_layer(network)}."
        f" Say it where the network is made or asked (threshold=, --threshold; or network.read(threshold=0)){classes}: "
        f"{'; or '.join(told)}; or any other number"
    )


def _last_layer(network: Network) -> str:
    name = network.activations[-1]
    return "linear" if name == "identity" else name


def _computed(network: Network, level: float) -> str:
    """What a network computes by a threshold."""
    inputs = network.widths[0]
    if inputs > MAX_INPUTS:
        points = np.random.default_rng(0).standard_normal((256, inputs))
        shares = (network.run(points) > level).mean(axis=0)
        return f"then 1 at {', '.join(f'{share:.0%}' for share in shares)} of 256 standard normal inputs"
    bits = network.run(network.corners) > level
    tables = [TruthTable(inputs, sum(int(bit) << row for row, bit in enumerate(column))) for column in bits.T]
    named = [f"{table} ({name_of(table)})" if name_of(table) else str(table) for table in tables]
    return f"it then computes {', '.join(named)}"


def _apply(weights: np.ndarray, biases: np.ndarray, name: str, state: np.ndarray) -> np.ndarray:
    """One layer. Weights too large for float64 give infinities and NaN, which decide nothing, rather than warnings."""
    with np.errstate(over="ignore", invalid="ignore"):
        return activation(name)(state @ weights.T + biases)


def _listed(values: object, item: str) -> list:
    """What a network has of a kind, one for each layer."""
    kind = {"weights": "matrix per layer", "biases": "vector per layer, zeros for a layer without biases"}
    return listed(item, values, f"a list with one {kind.get(item, 'name per layer')}")


def _numbers(values: Any, item: str) -> np.ndarray:
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


def _frozen(values: Any, item: str, dimensions: int) -> np.ndarray:
    """A read-only float64 copy of `values`."""
    if values is None and item.startswith("biases"):
        raise InputError(f"{item} is None; of a layer without biases give zeros, one for each of its neurons")
    given = _numbers(values, item)
    check_sizes(given.shape, item)
    array = np.array(given)
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
