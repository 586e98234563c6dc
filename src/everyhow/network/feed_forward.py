"""The arithmetic of a network: weights, biases and activations; running it whole, as a circuit, and with neurons
held."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from ..common.arguments import check_sizes, is_whole, listed, quoted
from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..model.activations import activation
from ..model.checks import checked_inputs, checked_interventions, float_array
from ..model.circuit import Circuit
from ..model.coding import checked_input_values, checked_threshold, coding_document
from ..model.graph import Edge, Graph, check_number_of_edges, usual_names
from ..model.model import Model
from ..model.origin import Origin
from ..model.runnable import Intervention, States, check_tells_apart

MOST_LAYERS = 256

# What a neuron may be called.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,39}")


@dataclass(frozen=True, eq=False)
class FeedForward(Model):
    """A feed-forward network as far as its searches know it; every one is a `Network`.

    Attributes:
        weights: one matrix per layer, shape (outgoing neurons, incoming neurons), as in PyTorch.
        biases: one vector per layer.
        activations: one name per layer.
    """

    kind: ClassVar[str] = "network"
    weights: tuple[Float[np.ndarray, "_neurons _parents"], ...]
    biases: tuple[Float[np.ndarray, " _neurons"], ...]
    activations: tuple[str, ...]
    origin: Origin | None = None
    threshold: float | None = 0.5
    input_values: tuple[float, float] = (0.0, 1.0)
    remarks: tuple[str, ...] = ()
    softmax: bool = False
    names: tuple[tuple[str, ...], ...] = ()

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
        object.__setattr__(self, "names", _checked_names(self.names, self.widths))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeedForward):
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
    def in_short(self) -> str:
        """Widths, activations and edges."""
        names = ", ".join(dict.fromkeys(self.activations))
        return f"{'-'.join(map(str, self.widths))}, {names}, {self.edges} edge{'s' * (self.edges != 1)}"

    @property
    def features(self) -> int:
        """The number of inputs."""
        return self.weights[0].shape[1]

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return len(self.biases[-1])

    @property
    def ending(self) -> str:
        """The last activation."""
        return self.activations[-1]

    def document(self) -> dict[str, Any]:
        """The network as a JSON document; floats round-trip exactly.

        Example:
            >>> from everyhow import Network
            >>> Network([[[1.0, 1.0]]], [[0.0]], ["relu"]).document()
            {'weights': [[[1.0, 1.0]]], 'biases': [[0.0]], 'activations': ['relu']}
        """
        return {
            "weights": [w.tolist() for w in self.weights],
            "biases": [b.tolist() for b in self.biases],
            "activations": list(self.activations),
            **self.told_beside(),
        }

    def told_beside(self) -> dict[str, Any]:
        """What a file holds beside weights, biases and activations: how numbers stand for bits, remarks and names."""
        return coding_document(self) | ({"names": [list(layer) for layer in self.names]} if self.names else {})

    @property
    def depth(self) -> int:
        """The number of weight layers."""
        return len(self.weights)

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons per layer, the inputs first."""
        return (self.weights[0].shape[1], *(len(b) for b in self.biases))

    @property
    def called(self) -> tuple[tuple[str, ...], ...]:
        """What the neurons of every layer are called, the inputs first."""
        return self.names or usual_names(self.widths)

    @property
    def edges(self) -> int:
        """The number of weights that are not exactly 0."""
        return sum(int(np.count_nonzero(w)) for w in self.weights)

    @cached_property
    def graph(self) -> Graph:  # pyright: ignore[reportIncompatibleVariableOverride] (computed once)
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
        return Graph.of_stages(self.widths, edges, self.called)

    def masks(self, circuit: Circuit) -> tuple[Bool[np.ndarray, "_neurons _parents"], ...]:
        """For each weight matrix, which of its entries are in the circuit.

        Args:
            circuit: of a network of these widths.

        Raises:
            InputError: the circuit is of a network of other widths, or has an edge of weight 0.

        Example:
            >>> from everyhow import Circuit, xornet
            >>> masks = xornet().masks(Circuit.of_edges((2, 3, 1), [(1, 0, 0), (2, 0, 0)]))
            >>> masks[1].tolist()
            [[True, False, False]]
        """
        masks = tuple(np.zeros(w.shape, dtype=bool) for w in self.weights)
        for layer, j, i in circuit.on(self.graph).edges:
            masks[layer - 1][j, i] = True
        return masks

    def output(self, index: int) -> Self:
        """The same network with only its output `index` (0 is the first).

        Args:
            index: which output; 0 is the first.

        Raises:
            InputError: there is no such output.

        Example:
            >>> from everyhow import Network
            >>> network = Network([[[1.0], [3.0]]], [[0.5, 0.0]], ["identity"])
            >>> network.output(1).weights[0].tolist()
            [[3.0]]
        """
        if not is_whole(index, 0, self.widths[-1] - 1):
            raise InputError(
                f"there is no output {quoted(index)}; the network has the outputs 0 to {self.widths[-1] - 1}"
            )
        return self._with_outputs(self.weights[-1][index : index + 1], self.biases[-1][index : index + 1])

    def folded(self) -> Self:
        """Two outputs that stand for two classes as one: the second's pre-activation less the first's, which is above 0
        exactly where the second output is the larger one. Of two equal outputs the first is chosen, as by argmax.

        Raises:
            InputError: there are not two outputs, or their activation does not tell apart whatever they receive.

        Example:
            >>> from everyhow import Network
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

    def telling_apart(self) -> Self:
        """The network without a last activation that changes nothing about which output is the largest.

        Raises:
            InputError: the activation makes different outputs alike.
        """
        name = self.activations[-1]
        check_tells_apart(name)
        if name == "identity":
            return self
        said = f"the last activation, {name}, is left out: it changes nothing about which output is the largest"
        return replace(self, activations=(*self.activations[:-1], "identity"), remarks=(*self.remarks, said))

    def _with_outputs(self, weights: np.ndarray, biases: np.ndarray) -> Self:
        """The network with combinations of its outputs, which are called as usual."""
        names = (*self.names[:-1], tuple(f"out{j}" for j in range(len(biases)))) if self.names else ()
        return replace(self, weights=(*self.weights[:-1], weights), biases=(*self.biases[:-1], biases), names=names)

    def states(
        self, inputs: Float[np.ndarray, "inputs features"], interventions: Sequence[Intervention] = ()
    ) -> tuple[Float[np.ndarray, "inputs _neurons"], ...]:
        """The activations of every layer, the inputs first; all `interventions` hold at once."""
        x = checked_inputs(self, inputs)
        interventions = checked_interventions(self.graph, interventions, len(x))
        states = [x]
        for layer, (w, b, name) in enumerate(zip(self.weights, self.biases, self.activations, strict=True), start=1):
            state = _apply(w, b, name, states[-1])
            for intervention in interventions:
                if intervention.layer == layer:
                    state[:, list(intervention.neurons)] = intervention.values
            states.append(state)
        return tuple(states)

    def run_from(self, layer: int, state: Float[np.ndarray, "*batch neurons"]) -> Float[np.ndarray, "*batch outputs"]:
        """The outputs when layer `layer` is in `state`.

        Args:
            layer: 0 for the inputs, 1 for the first hidden layer.
            state: shape (..., neurons), what its neurons compute.

        Example:
            >>> from everyhow import xornet
            >>> xornet().run_from(1, [[1.0, 1.0, 0.0]]).round(2).tolist()
            [[1.0]]
        """
        for w, b, name in zip(self.weights[layer:], self.biases[layer:], self.activations[layer:], strict=True):
            state = _apply(w, b, name, state)
        return state

    def received(self, layer: int, state: Float[np.ndarray, "*batch parents"]) -> Float[np.ndarray, "*batch neurons"]:
        """The pre-activations of layer `layer`, biases included, when the layer before it is in `state`.

        Args:
            layer: 1 for the first hidden layer.
            state: shape (..., parents), what the layer before computes.

        Example:
            >>> import numpy as np
            >>> from everyhow import xornet
            >>> xornet().received(1, np.array([[1.0, 1.0]])).tolist()
            [[0.5, 0.5, 0.5]]
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return state @ self.weights[layer - 1].T + self.biases[layer - 1]

    def run_received(
        self, layer: int, received: Float[np.ndarray, "*batch neurons"]
    ) -> Float[np.ndarray, "*batch outputs"]:
        """The outputs when layer `layer` has the pre-activations `received`.

        Args:
            layer: 1 for the first hidden layer.
            received: shape (..., neurons), what its neurons receive, biases included.

        Example:
            >>> import numpy as np
            >>> from everyhow import xornet
            >>> xornet().run_received(1, np.array([[0.5, 0.5, -0.5]])).round(2).tolist()
            [[1.0]]
        """
        return self.run_from(layer, activation(self.activations[layer - 1])(received))

    def run_circuit(
        self,
        inputs: Float[np.ndarray, "inputs features"],
        circuit: Circuit,
        carried: States | None = None,
    ) -> tuple[Float[np.ndarray, "inputs _neurons"], ...]:
        """The activations of every layer when only the circuit's edges carry what its neurons compute.

        Neurons outside the circuit have no meaning in the result of a zero ablation but their bias; nothing reads them.

        Args:
            inputs: one row for each.
            circuit: the edges that are left.
            carried: what every other edge carries: the activations of layers 0 to depth - 1 from which it takes its
                number; 0 when not given.

        Example:
            >>> from everyhow import Circuit, xornet
            >>> circuit = Circuit.of_edges((2, 3, 1), [(1, 0, 0), (2, 0, 0)])
            >>> xornet().run_circuit([[0, 1], [1, 0]], circuit)[-1].round(2).ravel().tolist()
            [0.0, 1.0]
        """
        x = checked_inputs(self, inputs)
        states = [x]
        masks = self.masks(circuit)
        for layer, (w, b, name) in enumerate(zip(self.weights, self.biases, self.activations, strict=True)):
            removed = 0.0 if carried is None else carried[layer] @ (w * ~masks[layer]).T
            states.append(_apply(w * masks[layer], b + removed, name, states[-1]))
        return tuple(states)

    def run_circuits(
        self,
        circuits: Bool[np.ndarray, "circuits edges"],
        points: Float[np.ndarray, "runs features"],
        carried: States,
    ) -> Float[np.ndarray, "circuits runs outputs"]:
        """What the outputs receive in each of many circuits; edges outside carry what `carried` says of parents."""
        x = checked_inputs(self, points)
        state, end = np.broadcast_to(x, (len(circuits), *x.shape)), 0
        sums = state
        for w, b, name, removed in zip(self.weights, self.biases, self.activations, carried, strict=True):
            there = w != 0
            start, end = end, end + int(there.sum())
            inside = np.zeros((len(circuits), *w.shape), bool)
            inside[:, there] = circuits[:, start:end]
            with np.errstate(over="ignore", invalid="ignore"):
                sums = state @ (w * inside).swapaxes(1, 2) + removed @ (w * ~inside).swapaxes(1, 2) + b
            state = activation(name)(sums)
        return sums

    def pre_activations(self, points: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs outputs"]:
        """What the outputs of the whole network receive, biases included."""
        return self.received(self.depth, self.states(points)[-2])


def _apply(weights: np.ndarray, biases: np.ndarray, name: str, state: np.ndarray) -> np.ndarray:
    """One layer. Weights too large for float64 give infinities and NaN, which decide nothing, rather than warnings."""
    with np.errstate(over="ignore", invalid="ignore"):
        return activation(name)(state @ weights.T + biases)


def _listed(values: object, item: str) -> list[Any]:
    """What a network has of a kind, one for each layer."""
    kind = {"weights": "matrix per layer", "biases": "vector per layer, zeros for a layer without biases"}
    return listed(item, values, f"a list with one {kind.get(item, 'name per layer')}")


def _frozen(values: Any, item: str, dimensions: int) -> np.ndarray:
    """A read-only float64 copy of `values`."""
    if values is None and item.startswith("biases"):
        raise InputError(f"{item} is None; of a layer without biases give zeros, one for each of its neurons")
    given = float_array(values, item)
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
                at = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
                faults.append(f"{item}{at} is {array[tuple(at)]}; every value must be finite")
        try:
            activation(name)
        except InputError as error:
            faults.append(f"activations[{k}]: {error}")
    if faults:
        raise InputError("the network is not usable: " + "; ".join(faults))


def _checked_names(names: Any, widths: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """What the neurons of every layer are called; nothing where they are called as usual."""
    rule = "the names of the neurons of each layer, the inputs first"
    found = tuple(tuple(listed("names", layer, rule)) for layer in listed("names", names, rule))
    if found and tuple(map(len, found)) != tuple(widths):
        shape = "-".join(map(str, map(len, found)))
        raise InputError(f"names are of {shape} neurons, the network has {'-'.join(map(str, widths))}; name each once")
    called = [name for layer in found for name in layer]
    strange = [name for name in called if not isinstance(name, str) or not NAME.fullmatch(name)]
    if strange:
        raise InputError(
            f"names holds {quoted(strange[0])}; a neuron is called by letters, digits, . and _, such as x3"
        )
    if len(set(called)) < len(called):
        twice = next(name for name in called if called.count(name) > 1)
        raise InputError(f"two neurons are called {twice}; give each a name of its own")
    return found
