"""What can be run: whole, with nodes held at other values, and as a circuit; and how its numbers stand for bits."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from ..boolean.truth_table import assignments
from ..common.arguments import listed, quoted
from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int
from .activations import activation
from .answer import Answer
from .circuit import Circuit
from .coding import checked_input_values, checked_threshold, coded, which_threshold
from .graph import Edge, Graph, Node
from .origin import Origin
from .patching import values_by_node
from .scope import Scope, scope_of

# By stage, the inputs first: shape (runs, nodes) where nodes hold one number, (runs, nodes, numbers) where several. The
# last stage is (runs, outputs) always, the numbers of one node after the other's.
States = tuple[np.ndarray, ...]
# Moving the decision boundary by this much must not change a certified count.
BOUNDARY_SHIFT = 1e-9
# A scenario without a source: what is removed is the same in all of them.
ALONE = -1


@dataclass(frozen=True, eq=False)
class Intervention:
    """Neurons that are held while the model runs. `network.run(inputs, patch={"h1.2": 0.0})` says the same by names.

    Attributes:
        layer: the hidden layer; 1 is the first.
        neurons: which of its neurons; 0 is the first.
        values: shape (inputs, neurons), what they are held at, one row for each input of the batch; where nodes hold
            several numbers, on a third axis, as the states do.

    Example:
        >>> import everyhow as eh
        >>> held = eh.Intervention(1, (2,), np.zeros((1, 1)))
        >>> eh.xornet().run([[1, 1]], [held]).round(2).tolist(), eh.xornet().run([[1, 1]]).round(2).tolist()
        ([[1.0]], [[0.0]])
    """

    layer: int
    neurons: tuple[int, ...]
    values: Float[np.ndarray, "inputs neurons *numbers"]


@dataclass(frozen=True, eq=False)
class Scenarios:
    """Runs in which circuits are judged: each a base input, and what removed edges carry, parent by parent.

    Attributes:
        points: shape (inputs, features), the inputs.
        weights: shape (inputs,), how much of the data each stands for.
        base: shape (scenarios,), the input of each run.
        source: shape (scenarios,), the input that removed edges are resampled from; -1 where from none.
        carried: what edges outside a circuit carry, for every stage but the outputs.
    """

    points: Float[np.ndarray, "inputs features"]
    weights: Float[np.ndarray, " inputs"]
    base: Int[np.ndarray, " scenarios"]
    source: Int[np.ndarray, " scenarios"]
    carried: States


@dataclass(frozen=True, eq=False)
class Rounding:
    """How far the sums of any circuit may be off, every node that steps being on the right side of its jump.

    Attributes:
        outputs: shape (outputs,), of what each output receives.
        hidden: for each inner stage, shape (nodes,), of what its nodes compute; empty where that is not told.
        steps: by the number of a stage less 1, of what nodes that step receive, where that may be off at all.
        exact: for each stage but the inputs, whether its sums are free of rounding; empty where that is not told.
    """

    outputs: Float[np.ndarray, " outputs"]
    hidden: tuple[Float[np.ndarray, " _nodes"], ...] = ()
    steps: Mapping[int, Float[np.ndarray, " nodes"]] = field(default_factory=dict)
    exact: tuple[bool, ...] = ()


class Held(NamedTuple):
    """What came of runs with nodes held.

    Attributes:
        outputs: shape (..., outputs).
        doubtful: shape (...), in which runs rounding may decide on which side of its jump a node is; None for none.
        margin: how near its boundary an output must come for rounding to matter, 1e-9 at least.
    """

    outputs: Float[np.ndarray, "*runs outputs"]
    doubtful: Bool[np.ndarray, "*runs"] | None
    margin: float | Float[np.ndarray, "*runs"]


class Runs(ABC):
    """A model run whole at some inputs, and run there again with nodes held at what they hold at others of them.

    Attributes:
        points: shape (inputs, features), the inputs.
        states: what every node computes.
        received_errors: shape (inputs, outputs), how far what the outputs receive may be off.
    """

    points: Float[np.ndarray, "inputs features"]
    states: States
    received_errors: Float[np.ndarray, "inputs outputs"]

    @abstractmethod
    def rounding(self, scenarios: Scenarios) -> Rounding:
        """How far the sums of any circuit may be off in runs at these inputs."""

    @property
    @abstractmethod
    def margin(self) -> float:
        """How near its boundary an output must come for rounding to matter when nodes of any stages are held."""

    @property
    @abstractmethod
    def widest_margin(self) -> float:
        """How near its boundary an output must come for rounding to matter when nodes of any one stage are held."""

    @abstractmethod
    def as_they_are(self) -> Held:
        """The model's own outputs, (inputs, outputs), with a margin for each input."""

    @abstractmethod
    def interchanged(
        self, region: Sequence[Node], chosen: Bool[np.ndarray, "sets nodes"], sources: Int[np.ndarray, " sources"]
    ) -> Held:
        """The chosen nodes of a region (`Model.regions`) take their values from another input: (sets, sources, inputs,
        outputs), the last inputs being the bases."""

    @abstractmethod
    def forced(
        self, bases: Int[np.ndarray, " runs"], held: Sequence[Intervention], last: int
    ) -> tuple[States, Bool[np.ndarray, " runs"]]:
        """What every node up to stage `last` computes when some are held at values that they have at inputs; and in
        which runs rounding may decide on which side of its jump a node is that is not held."""

    def acting(self, held: Sequence[Intervention]) -> Held:
        """Nodes are held at each row of values, of which every intervention has as many, at every input: (rows, inputs,
        outputs)."""
        rows, count = len(held[0].values), len(self.points)
        everywhere = [replace(one, values=np.repeat(one.values, count, axis=0)) for one in held]
        states, doubtful = self.forced(np.tile(np.arange(count), rows), everywhere, len(self.states) - 1)
        return Held(states[-1].reshape(rows, count, -1), doubtful.reshape(rows, count), self.margin)

    @abstractmethod
    def with_edge(self, edge: Edge, bases: Int[np.ndarray, " runs"], sources: Int[np.ndarray, " runs"]) -> Held:
        """One edge carries at each base what it carries at the source: (runs, outputs)."""


class Runnable(ABC):
    """What can be run. A kind of model is a frozen dataclass that has these fields, and what follows.

    Attributes:
        kind: what this kind of model is called, in a word or two, in the singular: "network".
        grains: what its circuits may be sets of; the first when nothing is said.
        nodes: what its inner nodes are called, in the plural.
        residual: whether its nodes read all earlier ones, so that no stage holds all that goes by.
        of_sequences: whether its inputs are sequences of tokens, so that a behavior says what is wanted, not a task.
        equal_is_equal: whether an output that lies on its boundary to the last bit is taken to lie there, and not to be
            in doubt: two logits that are both 0 are equal, and argmax takes the first.
        graph: its wiring; the first stage holds the inputs, the last one the outputs.
        origin: where an imported model came from, and how that was checked.
        threshold: an output above it is read as 1, any other as 0; None when nobody said it.
        input_values: the two numbers by which each input stands for 0 and for 1.
        remarks: how it was made from what was given, in sentences.
        softmax: whether a softmax after its outputs was left out, so that these stand for classes.
    """

    kind: ClassVar[str]
    grains: ClassVar[tuple[str, ...]] = ("edges",)
    equal_is_equal: ClassVar[bool] = False
    of_sequences: ClassVar[bool] = False
    nodes: ClassVar[str] = "neurons"
    residual: ClassVar[bool] = False
    graph: Graph
    origin: Origin | None
    threshold: float | None
    input_values: tuple[float, float]
    remarks: tuple[str, ...]
    softmax: bool

    @property
    def a_kind(self) -> str:
        """The kind with its article: a network, an attention model."""
        return f"{'an' if self.kind[0] in 'aeiou' else 'a'} {self.kind}"

    @property
    @abstractmethod
    def features(self) -> int:
        """The numbers of one input."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """The number of outputs."""

    @property
    @abstractmethod
    def ending(self) -> str:
        """The activation by which outputs follow from what they receive; `identity` for none."""

    @property
    @abstractmethod
    def in_short(self) -> str:
        """Its shape in a few words."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """The model as plain values, for audit.json."""

    @abstractmethod
    def states(
        self, inputs: Float[np.ndarray, "inputs features"], interventions: Sequence[Intervention] = ()
    ) -> States:
        """What every node computes, stage by stage, the inputs first; all `interventions` hold at once.

        Args:
            inputs: one row for each.
            interventions: what is held.
        """

    @abstractmethod
    def run_circuit(
        self, inputs: Float[np.ndarray, "inputs features"], circuit: Circuit, carried: States | None = None
    ) -> States:
        """What every node computes when only the circuit's edges carry what their parents compute; every other edge
        carries 0, or what `carried` says of its parent, for every stage but the outputs.

        Args:
            inputs: one row for each.
            circuit: the edges that are left.
            carried: what every other edge carries: for every stage but the outputs, what its nodes would compute; 0
                when not given.
        """

    @abstractmethod
    def run_circuits(
        self,
        circuits: Bool[np.ndarray, "circuits edges"],
        points: Float[np.ndarray, "runs features"],
        carried: States,
    ) -> Float[np.ndarray, "circuits runs outputs"]:
        """What the outputs receive in each of many circuits, given by which edges of the graph they have; all other
        edges carry what `carried` says of their parent.

        Args:
            circuits: shape (circuits, edges), which edges of the graph each has.
            points: shape (runs, features), the input of each run.
            carried: what every other edge carries: for every stage but the outputs, what its nodes would compute.
        """

    @abstractmethod
    def pre_activations(self, points: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs outputs"]:
        """What the outputs of the whole model receive.

        Args:
            points: the inputs, one row for each.
        """

    @abstractmethod
    def output(self, index: int) -> Self:
        """The same model with only its output `index` (0 is the first).

        Raises:
            InputError: there is no such output.
        """

    @abstractmethod
    def telling_apart(self) -> Self:
        """The model without a last activation that changes nothing about which output is the largest.

        Raises:
            InputError: the activation makes different outputs alike.
        """

    @abstractmethod
    def folded(self) -> Self:
        """Two outputs that stand for two classes as one: what the second receives less what the first does, which is
        above 0 exactly where the second output is the larger one. Of two equal outputs the first is chosen, as by
        argmax.

        Raises:
            InputError: there are not two outputs, or their activation does not tell apart whatever they receive.
        """

    @abstractmethod
    def runs(self, points: Float[np.ndarray, "inputs features"]) -> Runs:
        """The model run whole at some inputs, ready to be run again with nodes held.

        Args:
            points: the inputs, one row for each.
        """

    @property
    def grain_in_use(self) -> str:
        """What its circuits are sets of."""
        return self.grains[0]

    def at(self, grain: str) -> Self:
        """The same model, its circuits being sets of parts of this grain.

        Args:
            grain: one of `grains`.

        Raises:
            InputError: a grain that this kind of model does not have.
        """
        if not isinstance(grain, str) or grain not in self.grains:
            raise InputError(f"grain is {quoted(grain)}; circuits of a {self.kind} are sets of {self.grains[0]}")
        return self

    @property
    def scope_in_use(self) -> Scope | None:
        """The parts that circuits are asked about, all others being in every circuit or in none; None for all."""
        return None

    @property
    def unscoped(self) -> Self:
        """The same model, its circuits being asked of all parts."""
        return self

    def scoped(self, parts: Iterable[str] | str, others: str) -> Self:
        """The same model, its circuits being asked of some parts only.

        Args:
            parts: names of nodes or edges.
            others: whether all others are `in` every circuit or `out` of it.

        Raises:
            InputError: this kind of model asks of all of its edges.
        """
        scope_of(parts, others)
        raise InputError(
            f"scope is asked of transformers; circuits of a {self.kind} are asked of all of its edges: leave scope out"
        )

    def stream(self, position: int = -1) -> Any:
        """What goes by at one position of a sequence, as a model.

        Args:
            position: of the sequence; the last when not given.

        Raises:
            InputError: this kind of model has no residual stream.
        """
        raise InputError(
            f"stream is asked of transformers, whose heads and MLPs add to a residual stream; a {self.kind} has none: "
            f"leave it out"
        )

    def answering(self, answer: Answer, tokens: int) -> Self:
        """The same model over sequences of so many tokens, with its answers read at these positions, among these
        classes.

        Args:
            answer: the positions and the classes.
            tokens: the length of the sequences.

        Raises:
            InputError: this kind of model does not take sequences.
        """
        raise InputError(
            f"the behavior reads answers at positions of sequences of {tokens} tokens, and a {self.kind} takes no "
            "sequences; give a transformer, or a behavior without answer_positions"
        )

    def patterns(
        self,
        points: Float[np.ndarray, "inputs features"],
        circuit: Circuit | None = None,
        carried: States | None = None,
    ) -> Mapping[str, Float[np.ndarray, "inputs positions positions"]]:
        """How much each node that looks at positions of a sequence looks at each (last axis) from each (the one
        before), by the node's name: in the whole model, or in a circuit, all other edges carrying 0 or what `carried`
        says. Nothing where nodes do not look at positions.

        Args:
            points: the sequences, one row for each.
            circuit: run alone; the whole model when not given.
            carried: what every other edge carries: for every stage but the outputs, what its nodes would compute.
        """
        return {}

    def run(
        self,
        inputs: ArrayLike,
        interventions: Sequence[Intervention] = (),
        patch: Mapping[str, Any] | None = None,
    ) -> Float[np.ndarray, "inputs outputs"]:
        """The outputs, in float64.

        Args:
            inputs: shape (inputs, features), one row for each, of the numbers themselves: of a network that reads -1
                and 1, input 01 is [-1, 1]. `corners` has those of a truth table.
            interventions: what is held; all hold at once.
            patch: what else is held, by name: {"h1.1": values}, a number for all inputs or one for each.

        Raises:
            InputError: inputs, interventions or a patch that do not fit the model.

        Example:
            >>> from everyhow import xornet
            >>> xornet().run([[0, 1], [1, 1]], patch={"h1.2": [0, 0]}).round(2).ravel().tolist()
            [1.0, 1.0]
        """
        rows: Any = inputs  # lists of numbers, too
        if patch is None:
            return self.states(rows, interventions)[-1]
        named = _interventions(self.graph, patch, _rows(rows))
        given = listed("interventions", interventions, "a list of values of everyhow.Intervention")
        return self.states(rows, [*given, *named])[-1]

    def node_values(
        self, inputs: ArrayLike, patch: Mapping[str, Any] | None = None
    ) -> dict[str, Float[np.ndarray, "inputs *numbers"]]:
        """What every inner node computes, by name, in the form in which `run` takes a patch.

        Args:
            inputs: one row for each, as for `run`.
            patch: what is held, by name, as for `run`.

        Returns:
            By the name of a node, shape (inputs,); of nodes that hold several numbers, (inputs, numbers).

        Raises:
            InputError: inputs or a patch that do not fit the model.

        Example:
            >>> from everyhow import xornet
            >>> found = xornet().node_values([[0, 1], [1, 1]])
            >>> found["h1.2"].round(2).tolist()
            [0.0, 1.0]
            >>> xornet().run([[0, 1]], patch={"h1.2": found["h1.2"][1]}).round(2).item()
            0.0
        """
        held = {} if patch is None else patch
        rows: Any = inputs
        states = self.states(rows, _interventions(self.graph, held, _rows(rows)))
        return {self.graph.name(node): states[node.stage][:, node.place] for node in self.graph.inner}

    def activated(self, received: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        """The outputs when they receive `received`."""
        return activation(self.ending)(received)

    @property
    def coding(self) -> tuple[str, ...]:
        """How the model's numbers stand for bits, in words; nothing where that is usual: 0, 1, and outputs above
        0.5."""
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
            InputError: nobody said it; the message shows what the model computes by each usual one.
        """
        if self.softmax:
            raise InputError(
                f"a softmax after the outputs of this {self.kind} was left out, so they stand for classes, of which "
                'the largest is chosen, and have no threshold: decide by argmax (decision="argmax", --decision argmax)'
            )
        if self.threshold is None:
            raise InputError(which_threshold(self))
        return self.threshold

    def read(self, threshold: float | None = None, inputs: Iterable[float] | None = None) -> Self:
        """The same model with its numbers read in another way.

        Args:
            threshold: an output above it is read as 1; as before when not given.
            inputs: the two numbers by which each input stands for 0 and for 1; as before when not given.

        Raises:
            InputError: a number out of range.

        Example:
            >>> from everyhow import xornet
            >>> xornet().read(threshold=0.4)
            Network(2-3-1, sigmoid:25, 7 edges, threshold 0.4)
        """
        level = self.threshold if threshold is None else checked_threshold(threshold)
        values = self.input_values if inputs is None else checked_input_values(inputs)
        if level == self.threshold and values == self.input_values:
            return self
        return replace(self, threshold=level, input_values=values)  # type: ignore[type-var]

    def remarked(self, *said: str) -> Self:
        """The same model, with more to be said of how it was made."""
        return replace(self, remarks=(*self.remarks, *said)) if said else self  # type: ignore[type-var]

    @property
    def corners(self) -> Float[np.ndarray, "rows features"]:
        """The inputs that stand for the rows of a truth table, in row order.

        Example:
            >>> from everyhow import Network
            >>> Network([[[1.0]]], [[0.0]], ["tanh"], input_values=(-1, 1)).corners.tolist()
            [[-1.0], [1.0]]
        """
        return coded(assignments(self.features), self.input_values)


def nothing_carried(graph: Graph, runs: int) -> States:
    """What edges carry that carry 0, for every stage but the outputs."""
    stages = zip(graph.sizes[:-1], graph.numbers, strict=False)
    return tuple(np.zeros((runs, size) if numbers == 1 else (runs, size, numbers)) for size, numbers in stages)


def _interventions(graph: Graph, patch: Mapping[str, Any], runs: int) -> list[Intervention]:
    """What a patch holds in so many runs."""
    return [Intervention(node.stage, (node.place,), values) for node, values in values_by_node(graph, patch, runs)]


def _rows(inputs: Any) -> int:
    """How many rows there are."""
    try:
        return len(inputs)
    except Exception:  # of whatever an object of a user raises
        raise InputError(f"inputs is {quoted(inputs)}; give one row per input") from None


def one_of(model: Runnable) -> str:
    """How a model of several outputs becomes one of one output, in words."""
    folded = f"{model.kind}.folded() where they stand for two classes, " if model.outputs == 2 else ""
    return f"take {folded}{model.kind}.output(k) of outputs that are bits of their own"


def check_tells_apart(name: str) -> None:
    """Raises InputError when an activation is not strictly increasing, so that the largest output may not be one."""
    function = activation(name)
    if not function.is_monotone:
        raise InputError(
            f"the decision argmax needs outputs that are larger where they receive more; {name} falls and rises again: "
            "decide by threshold, or use a last activation that never falls, such as identity"
        )
    if not function.is_strictly_increasing:
        raise InputError(
            f"the decision argmax needs outputs that differ wherever what they receive differs; by {name} they can be "
            f"equal: decide by threshold, or train the network with a linear last layer"
        )
