"""The network: the arithmetic of its layers, and the quick ways to answer what is asked of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import ArrayLike

from ..common.arguments import is_number, quoted
from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..ladder import Fault
from ..model.behavior import Behavior
from ..model.circuit import Circuit
from ..model.criterion import Criterion
from ..model.graph import Edge, Node
from ..model.model import PAIRED_AT_ONCE, Bits, Chosen, CircuitSearch, Model, RobustCount, Way
from ..model.origin import Origin
from ..model.reading import InterpretationCounts, ReadingRule
from ..model.space import circuits_in_space
from .box_faults import fault_around
from .cuts import LayerCut
from .feed_forward import FeedForward
from .layout import MOST_NEURONS
from .listing import is_listable
from .narrowing import constant_neurons, of_classes, of_one_class, ways_smaller, without_constant
from .reading_counts import interpretation_counts
from .robust import robust_count
from .running import judged
from .runs import NetworkRuns, network_runs
from .search import NetworkSearch, search_within

# What it takes to prepare a choice of parents before the last hidden layer, in candidate evaluations.
STEPS_PER_PREFIX = 20_000


@final
@dataclass(frozen=True, eq=False, repr=False)
class Network(FeedForward):
    """A feed-forward network; layer 0 is its inputs, layer `depth` its outputs.

    Two are the same when their arrays and activations are. How its numbers are read as bits stays with the
    network, from files and imports to every question, but does not make it another network.

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
        names: what the neurons of each layer are called, the inputs first; as usual when empty. A part of a larger
            network keeps the names that it had there.

    Raises:
        InputError: shapes that do not chain, values that are not finite, an unknown activation, a threshold that is not
            a finite number, or input values that are not two different finite numbers. All faults of the layers are
            reported at once.

    Example:
        >>> Network([[[1.0, 1.0]]], [[-0.5]], ["relu"]).widths
        (2, 1)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            weights: Iterable[ArrayLike],
            biases: Iterable[ArrayLike],
            activations: Iterable[str],
            origin: Origin | None = None,
            threshold: float | None = 0.5,
            input_values: Iterable[float] = (0.0, 1.0),
            remarks: Iterable[str] = (),
            softmax: bool = False,
            names: Iterable[Iterable[str]] = (),
        ) -> None: ...

    @property
    def counting_steps(self) -> int:
        """The candidate evaluations that counting its circuits takes: one for each circuit that there is."""
        return circuits_in_space(self.graph)

    def paired_steps(self, inputs: int) -> int:
        """As little as the bases alone, as long as there are few pairs, since circuits are not run one by one; but so
        much at least for each choice of parents before the last hidden layer, where this is not more than running."""
        prefixes = 1 << int(sum(np.count_nonzero(w) for w in self.weights[:-2]))
        by_ranks = self.counting_steps * max(1, inputs * (inputs + 1) // PAIRED_AT_ONCE)
        return min(super().paired_steps(inputs), max(by_ranks, prefixes * STEPS_PER_PREFIX))

    @property
    def uncountable(self) -> str | None:
        """Why circuits of this network are never counted; None where they are, as far as a budget goes."""
        if max(self.widths) > MOST_NEURONS:
            return f"circuits are counted in networks of at most {MOST_NEURONS} neurons per layer"
        return None

    @property
    def listable(self) -> bool:
        """Whether its circuits fit in the bits that the kernels list them in."""
        return is_listable(self)

    def search(self, criterion: Criterion[Any]) -> NetworkSearch:
        """The circuits that meet a criterion, counted by splitting in halves."""
        return NetworkSearch(criterion)

    def search_within(self, criterion: Criterion[Any], circuit: Circuit) -> CircuitSearch:
        """The circuits inside another one that meet a criterion."""
        return search_within(criterion, circuit)

    def judged(
        self, criteria: Iterable[Criterion[Any]], circuits: Chosen
    ) -> tuple[Bool[np.ndarray, " circuits"], Bool[np.ndarray, " circuits"]]:
        """Which circuits certainly, and which possibly meet a criterion that comes in batches of scenarios of one part,
        each with a bound of its own rounding."""
        return judged(self, criteria, circuits)

    def runs(self, points: Float[np.ndarray, "inputs features"]) -> NetworkRuns:
        """The network run whole at some inputs, with how far each value may be off there."""
        return network_runs(self, points)

    def part(self, circuit: Circuit) -> "Network":
        """The circuit as a network of its own: all other weights are 0, and neurons keep their biases.

        Args:
            circuit: of this network.

        Example:
            >>> from everyhow import Circuit
            >>> circuit = Circuit.of_edges((2, 3, 1), [(1, 0, 0), (2, 0, 0)])
            >>> xornet().part(circuit).run([[0, 1], [1, 0]]).round(2).tolist()
            [[0.0], [1.0]]
        """
        masks = self.masks(circuit)
        return replace(self, weights=tuple(w * mask for w, mask in zip(self.weights, masks, strict=True)))

    def cuts(self) -> tuple[LayerCut, ...]:
        """The hidden layers.

        Example:
            >>> [cut.layer for cut in xornet().cuts()]
            [1]
        """
        return tuple(LayerCut(self, layer) for layer in range(1, self.depth))

    def interpretation_counts(
        self,
        circuits: Iterable[Bits],
        points: Float[np.ndarray, "inputs features"],
        rule: ReadingRule,
    ) -> Iterator[InterpretationCounts]:
        """How many interpretations circuits have, given as bits in batches, in order."""
        return interpretation_counts(self, (batch[:, 0] for batch in circuits), points, rule)

    def robust_count(self, circuits: Iterable[Circuit], behavior: Behavior, radius: float) -> RobustCount:
        """How many circuits, run alone, decide right at every input of the box around each point."""
        return robust_count(self, circuits, behavior, radius)

    def fault_around(self, circuit: Circuit, behavior: Behavior, radius: float) -> Fault | None:
        """An input of the boxes at which a circuit decides otherwise; None where it is not refuted."""
        return fault_around(self, circuit, behavior, radius)

    def strength(self, edge: Edge) -> float:
        """The weight of an edge.

        Args:
            edge: such as (layer, neuron, parent).

        Example:
            >>> xornet().strength((2, 0, 2))
            -2.0
        """
        layer, j, i = edge
        return float(self.weights[layer - 1][j, i])

    def classes(self, *which: int) -> "Network":
        """The network with some of its outputs only, between which it then decides: two classes of ten.

        The outputs stay in the order in which the network has them, whatever the order they are given in, as labels do:
        of `classes(8, 3)` class 3 is output 0, and class 8 is output 1. By argmax two outputs are then folded into
        one, exactly.

        Raises:
            InputError: fewer than two classes, or one that the network does not have.

        Example:
            >>> import numpy as np
            >>> network = Network([np.eye(4)], [np.zeros(4)], ["identity"]).classes(3, 1)
            >>> network, network.remarks
            (Network(4-2, identity, 2 edges), ('of 4 outputs only 1 and 3 are kept, as the classes 0 and 1',))
        """
        return of_classes(self, which)  # type: ignore[return-value]

    def one_class(self, k: int, points: Float[np.ndarray, "inputs features"]) -> "Network":
        """The network with one output, which says whether the class is `k`: one class against the rest.

        By argmax the class is `k` where output k is larger than every other output. No threshold on one output says
        that exactly. Two are tried, on output k alone and on output k less the mean of the others. The one that agrees
        at most of the points is taken, with the threshold by which it does so (of several such, the one in the widest
        gap). The remark of the network says which, the share of points at which it agrees, and the share at which
        always the same answer would. `classes` tells two classes apart, and exactly.

        Args:
            k: the output; 0 is the first.
            points: shape (inputs, features), those on which the network is to be explained; repeated ones count each
                time.

        Raises:
            InputError: there is no such output, or no threshold agrees at more points than always the same answer.

        Example:
            >>> import numpy as np
            >>> network = Network([np.eye(3)], [np.zeros(3)], ["identity"])
            >>> one = network.one_class(2, [[0, 1, 5], [0, 1, 4], [2, 0, 1], [0, 3, 2]])
            >>> one.widths, one.threshold
            ((3, 1), 3.0)
        """
        return of_one_class(self, k, points)  # type: ignore[return-value]

    def without_constant(
        self, points: Float[np.ndarray, "inputs features"]
    ) -> tuple["Network", Float[np.ndarray, "inputs kept"]]:
        """The network without the inputs and hidden neurons that are the same at all points, and the points without
        these inputs. What they give is added to the biases, so that the network decides as before, which is checked.

        Each edge that goes halves the number of circuits. What goes is then in every circuit.

        Raises:
            InputError: every input, or every neuron of a layer, is the same at all points.

        Example:
            >>> network = Network([[[1.0, 2.0]]], [[0.5]], ["identity"])
            >>> smaller, points = network.without_constant([[0, 3], [1, 3]])
            >>> smaller.widths, smaller.biases[0].tolist(), points.tolist()
            ((1, 1), [6.5], [[0.0], [1.0]])
        """
        return without_constant(self, points)  # type: ignore[return-value]

    def ways_smaller(self, points: Float[np.ndarray, "inputs features"]) -> tuple[Way, ...]:
        """Without what is constant, two classes of several, and the layers after the first alone."""
        return ways_smaller(self, points)

    def constant_at(self, points: Float[np.ndarray, "inputs features"]) -> tuple[Node, ...]:
        """The inputs and hidden neurons that are exactly the same at all points.

        Args:
            points: the inputs, one row for each.

        Example:
            >>> xornet().constant_at([[0, 0], [0, 1]])
            (Node(stage=0, place=0), Node(stage=1, place=0))
        """
        found = constant_neurons(self, points)
        return tuple(Node(layer, j) for layer, neurons in enumerate(found) for j in neurons)


def network_of(model: Model, asked: str) -> Network:
    """The model, if it is a network, of which alone something is asked.

    Raises:
        InputError: the model is of another kind.
    """
    if not isinstance(model, Network):
        raise InputError(f"{asked} of networks only, and this is {model.a_kind}; leave that out")
    return model


def xornet(steepness: float = 25.0) -> Network:
    """The analytic XOR network: three sigmoid neurons A, B and A AND B, and the output h1.0 + h1.1 - 2 h1.2.

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
