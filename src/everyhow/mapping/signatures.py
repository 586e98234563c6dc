"""Causal signatures: what a model decides when a set of neurons, or of heads and MLPs, takes its values from another
input."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np

from ..common.budget import Budget, rounded
from ..common.errors import InputError
from ..common.shapes import Bool, Float, Int, Shaped
from ..model.decision import Decision, decide, level_for
from ..model.graph import Graph, Node, usual_name
from ..model.model import Model
from ..model.runnable import BOUNDARY_SHIFT, Held, Runs, one_of

# Bits in a row of a table that is kept as one machine number; longer rows are Python's whole numbers.
MACHINE_BITS = 64
# Bytes that the tables of all neuron sets may take.
MOST_BYTES = 1 << 28
# The neurons of a layer have lower bits than those of the next layer; a layer with 2^32 neuron sets is out of reach.
LAYER_STEP = 32
# What a run amid the values of another input costs, in candidate evaluations, and in passes of a model that takes more.
STEPS_PER_INTERCHANGE = 20
# From here on numbers of sets are told to three digits.
LARGE = 10**12
# Patched activations computed at once; bounds the memory to tens of megabytes.
VALUES_AT_ONCE = 1 << 21


@dataclass(frozen=True, init=False, repr=False)
class NeuronSet:
    """Where a variable sits: a non-empty set of inner nodes of a model. Of a network these are neurons of one hidden
    layer; of a transformer they are heads and MLPs of any layers. Two are the same when the nodes are.

    `NeuronSet(layer, neurons)` has neurons of one layer, 1 being the first; `NeuronSet.of(nodes)` any nodes.

    Attributes:
        nodes: by stage, then by number.
        called: the name of each, where they are of a model of which places may span layers.

    Example:
        >>> str(NeuronSet(1, (0, 2))), NeuronSet.of([Node(1, 0), Node(2, 1)]).by_stage
        ('h1.0 + h1.2', ((1, (0,)), (2, (1,))))
    """

    nodes: tuple[Node, ...]
    called: tuple[str, ...] = field(default=(), compare=False)

    def __init__(self, layer: int, neurons: Iterable[int]) -> None:
        object.__setattr__(self, "nodes", tuple(Node(layer, neuron) for neuron in neurons))

    @classmethod
    def of(cls, nodes: Iterable[Node], called: Iterable[str] = ()) -> "NeuronSet":
        """Nodes of any stages, by stage and number, and their names where they are not called by layers."""
        found = object.__new__(cls)
        object.__setattr__(found, "nodes", tuple(nodes))
        object.__setattr__(found, "called", tuple(called))
        return found

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        if self.first == self.last:
            return f"NeuronSet(layer={self.layer}, neurons={self.neurons})"
        return f"NeuronSet.of({[tuple(node) for node in self.nodes]})"

    @property
    def first(self) -> int:
        """The earliest stage that a node of it is in."""
        return self.nodes[0].stage

    @property
    def last(self) -> int:
        """The latest stage that a node of it is in."""
        return self.nodes[-1].stage

    @property
    def layer(self) -> int:
        """The one layer that all of it is in.

        Raises:
            InputError: it spans several.
        """
        if self.first != self.last:
            raise InputError(f"{self} spans several layers; what is asked is of neurons of one layer")
        return self.first

    @property
    def neurons(self) -> tuple[int, ...]:
        """The numbers of its nodes in the one layer that all are in.

        Raises:
            InputError: they span several layers.
        """
        return tuple(node.place for node in self.nodes) if self.layer else ()

    @property
    def by_stage(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The nodes by stage: their numbers there."""
        stages = itertools.groupby(self.nodes, key=lambda node: node.stage)
        return tuple((stage, tuple(node.place for node in nodes)) for stage, nodes in stages)

    @cached_property
    def bits(self) -> int:
        """The nodes as bits, those of different stages apart."""
        return sum(1 << (node.place + LAYER_STEP * (node.stage - 1)) for node in self.nodes)

    def __str__(self) -> str:
        return self.named()

    def named(self, graph: Graph | None = None) -> str:
        """The nodes by the names that the graph of their model gives them; by their own, or the usual ones, without it.

        Example:
            >>> NeuronSet(1, (0, 2)).named()
            'h1.0 + h1.2'
        """
        return " + ".join(self.names(graph))

    def names(self, graph: Graph | None = None) -> tuple[str, ...]:
        """The name of each node, as in `named`."""
        if graph is not None:
            return tuple(map(graph.name, self.nodes))
        # What is mapped is never an output.
        return self.called or tuple(usual_name(*node, node.stage + 1) for node in self.nodes)


def sets_by_name(variables: Iterable[str], sets: Sequence[NeuronSet], graph: Graph | None) -> str:
    """The neurons of each variable by name, such as NAND(A,B) in h1.2; OR(A,B) in h1.0 + h1.1."""
    pairs = zip(variables, sets, strict=True)
    return "; ".join(f"{variable} in {neurons.named(graph)}" for variable, neurons in pairs) or "no variable to place"


Rows = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Signatures:
    """The causal signatures of all neuron sets: all non-empty sets of nodes of one region (`Model.regions`), which is a
    hidden layer of a network, and all heads and MLPs of a transformer.

    A signature is a table decision[source, base] after the set takes its values from source; its row at a source is
    a bit set over the bases, those of the first output before those of the second.

    Attributes:
        rows: for each region, shape (sets, sources): entry (m - 1, s) is the row at source s of the set whose nodes
            are the bits of m.
        ties: how many patched runs leave the output so near the decision boundary that rounding may decide: within
            1e-9, or within what the network's own sums may be off where that is more.
        whole: the runs of the whole model at the inputs, with how far each value may be off.
        decision: how outputs are decided.
    """

    model: Model
    rows: tuple[Shaped[np.ndarray, "_sets sources"], ...]
    ties: int
    whole: Runs
    decision: Decision = "threshold"
    _minimal: dict[bytes, tuple[NeuronSet, ...]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows)

    @property
    def distinct(self) -> int:
        """The number of different signatures."""
        return len(self.numbers)

    @cached_property
    def numbers(self) -> Mapping[Rows, int]:
        """The different signatures, each with a number from 0 on, in the order in which neuron sets have them."""
        return MappingProxyType(self._numbered[0])

    @cached_property
    def sharing(self) -> tuple[int, ...]:
        """How many neuron sets have each signature, in the order of `numbers`."""
        numbers = np.concatenate([np.zeros(0, np.int64), *self._numbered[1]])
        return tuple(np.bincount(numbers, minlength=self.distinct).tolist())

    @cached_property
    def _numbered(self) -> tuple[dict[Rows, int], tuple[Int[np.ndarray, " _sets"], ...]]:
        """The different signatures by their number; and for each region the number of the signature of each set."""
        numbers: dict[Rows, int] = {}
        which = tuple(
            np.fromiter(
                (numbers.setdefault(tuple(rows), len(numbers)) for rows in table.tolist()), np.int64, len(table)
            )
            for table in self.rows
        )
        return numbers, which

    @cached_property
    def by_rows(self) -> Mapping[Rows, tuple[NeuronSet, ...]]:
        """The neuron sets that have each signature."""
        groups: dict[Rows, list[NeuronSet]] = {rows: [] for rows in self.numbers}
        for neurons, rows in self.items():
            groups[rows].append(neurons)
        return MappingProxyType({rows: tuple(sets) for rows, sets in groups.items()})

    def minimal(self, rows: Rows) -> tuple[NeuronSet, ...]:
        """The inclusion-minimal neuron sets that have a signature, small ones first."""
        return self.minimal_among([self.numbers[rows]]) if rows in self.numbers else ()

    def minimal_among(self, numbers: Iterable[int]) -> tuple[NeuronSet, ...]:
        """The inclusion-minimal ones of all neuron sets that have one of the signatures with these numbers, small ones
        first.

        Cost: as many steps as there are neuron sets, times the nodes of a region.
        """
        wanted = np.zeros(self.distinct, bool)
        wanted[list(numbers)] = True
        key = wanted.tobytes()
        if key not in self._minimal:
            found = [
                (int(m).bit_count(), k, int(m))
                for k, which in enumerate(self._numbered[1])
                for m in _minimal_masks(wanted[which])
            ]
            self._minimal[key] = tuple(self._set(k, m) for _, k, m in sorted(found))
        return self._minimal[key]

    def _set(self, region: int, m: int) -> NeuronSet:
        nodes = self.model.regions[region]
        inside = [nodes[k] for k in _members(m)]
        return NeuronSet.of(inside, map(self.model.graph.name, inside) if self.model.residual else ())

    def items(self) -> Iterator[tuple[NeuronSet, Rows]]:
        """Every neuron set with its signature, region by region."""
        for region, table in zip(self.model.regions, self.rows, strict=True):
            names = tuple(map(self.model.graph.name, region)) if self.model.residual else ()
            for m, rows in enumerate(table.tolist(), start=1):
                inside = tuple(_members(m))
                called = [names[k] for k in inside] if names else ()
                yield NeuronSet.of([region[k] for k in inside], called), tuple(rows)

    def of(self, neurons: NeuronSet) -> Rows:
        """The signature of one neuron set.

        Raises:
            InputError: it does not lie in one region.
        """
        for region, table in zip(self.model.regions, self.rows, strict=True):
            if neurons.nodes[0] in region:
                places = {node: k for k, node in enumerate(region)}
                if all(node in places for node in neurons.nodes):
                    return tuple(table[sum(1 << places[node] for node in neurons.nodes) - 1].tolist())
        raise InputError(
            f"{neurons.named(self.model.graph)} is not a set of nodes of which this {self.model.kind} has causal "
            f"signatures"
        )


def signatures(
    model: Model, points: Float[np.ndarray, "inputs features"], decision: Decision = "threshold", answers: int = 1
) -> Signatures:
    """The causal signature of every neuron set of every region.

    Cost: (2^nodes - 1) x inputs^2 passes through the rest of the model, per region.

    Args:
        model: with one output or, deciding among classes, several.
        points: the inputs, as bases and as sources.
        decision: `threshold` for one output, `argmax` for several.
        answers: how many answers are read of each input, each among as many of the outputs.

    Raises:
        InputError: the model has several outputs and they are not classes, or the tables would take more than 256 MB.

    Example:
        >>> from everyhow import xornet
        >>> from everyhow.boolean.truth_table import assignments
        >>> signatures(xornet(), assignments(2)).distinct
        7
    """
    if model.outputs != 1 and decision != "argmax":
        raise InputError(
            f"causal signatures are of one output; the {model.kind} has {model.outputs}: {one_of(model)}, or decide "
            f"by argmax"
        )
    if table_bytes(map(len, model.regions), model.outputs, len(points)) > MOST_BYTES:
        raise InputError(
            f"the causal signatures over {len(points):,} inputs would take more than {MOST_BYTES >> 20} MB; take fewer "
            f"inputs, or a {'scope' if model.of_sequences else 'layer'} of fewer {model.nodes}"
        )
    runs = model.runs(points)
    found = [_region_rows(model, runs, region, decision, answers) for region in model.regions]
    return Signatures(model, tuple(rows for rows, _ in found), sum(ties for _, ties in found), runs, decision)


def observed_cost(model: Model, inputs: int) -> tuple[str, int]:
    """What computing the signatures over so many inputs of data is called, and the candidate evaluations it takes."""
    sizes = tuple(map(len, model.regions))
    sets = number_of_sets(sizes)
    number = f"{sets:,}" if sets < LARGE else rounded(sets)
    of = "neuron sets" if model.nodes == "neurons" else f"sets of {sum(sizes)} {model.nodes}"
    what = f"computing the signatures of {number} {of} over {inputs:,} inputs"
    return what, sets * inputs**2 * STEPS_PER_INTERCHANGE * model.steps_per_run


def observed_refusal(model: Model, inputs: int, budget: Budget) -> str | None:
    """Why the signatures over data are not computed within a budget, in words; None where they are."""
    what, needed = observed_cost(model, inputs)
    refusal = budget.refusal(what, needed)
    if refusal is None and table_bytes(map(len, model.regions), model.outputs, inputs) > MOST_BYTES:
        return f"{what} takes more than {MOST_BYTES >> 20} MB; give fewer inputs"
    return refusal


def table_bytes(sizes: Iterable[int], outputs: int, inputs: int) -> int:
    """What the signatures of all neuron sets of regions of so many nodes take, in bytes."""
    bits = inputs * outputs
    row = 8 if bits <= MACHINE_BITS else 56 + bits // 8
    return number_of_sets(sizes) * inputs * row


def number_of_sets(sizes: Iterable[int]) -> int:
    """How many neuron sets there are in regions of so many nodes.

    Example:
        >>> number_of_sets([3, 2])
        10
    """
    return sum((1 << size) - 1 for size in sizes)


def _minimal_masks(wanted: Bool[np.ndarray, " sets"]) -> Int[np.ndarray, " minimal"]:
    """Which of the wanted subsets of a region contain no other wanted one; subset m - 1 has the nodes that are the bits
    of m."""
    below = np.concatenate([[False], wanted])
    # Node after node, from all proper subsets: what a set has below it is what it has with one node less, or is that.
    proper = np.zeros_like(below)
    for k in range(len(below).bit_length() - 1):
        with_node, without = (one.reshape(-1, 2, 1 << k) for one in (proper, below))
        with_node[:, 1] |= with_node[:, 0] | without[:, 0]
    return np.flatnonzero(below & ~proper)


def _region_rows(
    model: Model, runs: Runs, region: Sequence[Node], decision: Decision, answers: int
) -> tuple[Shaped[np.ndarray, "sets sources"], int]:
    inputs, width = len(runs.points), len(region)
    chosen = np.array([[m >> i & 1 for i in range(width)] for m in range(1, 1 << width)], dtype=bool)
    values = inputs * max(size * numbers for size, numbers in zip(model.graph.sizes, model.graph.numbers, strict=True))
    at_once = max(1, min(inputs, VALUES_AT_ONCE // values))
    sets = max(1, VALUES_AT_ONCE // (values * at_once))
    level = level_for(model, decision)
    # Sets that have the same of the first nodes come together: what these compute is computed once.
    order = np.lexsort(chosen.T[::-1])
    blocks = [
        [
            _rows(model, runs.interchanged(region, chosen[some], sources), decision, level, answers)
            for sources in np.split(np.arange(inputs), range(at_once, inputs, at_once))
        ]
        for some in np.split(order, range(sets, len(order), sets))
    ]
    found = np.concatenate([np.concatenate([rows for rows, _ in block], axis=1) for block in blocks])
    rows = np.empty_like(found)
    rows[order] = found
    return rows, sum(ties for block in blocks for _, ties in block)


def _rows(
    model: Model, held: Held, decision: Decision, level: float, answers: int
) -> tuple[Shaped[np.ndarray, "sets sources"], int]:
    bits, tied = read_runs(model, held, decision, level, answers)
    return _as_numbers(np.moveaxis(bits, -1, -2).reshape(*bits.shape[:2], -1)), int(np.count_nonzero(tied))


def read_runs(
    model: Model, held: Held, decision: Decision, level: float, answers: int = 1
) -> tuple[Bool[np.ndarray, "*runs outputs"], Bool[np.ndarray, "*runs"]]:
    """What the outputs of runs are read as, by argmax a 1 for the class chosen of each answer; and in which runs
    rounding may decide that."""
    bits, _ = decide(held.outputs, decision, level, answers)
    if decision == "argmax":
        best = np.sort(held.outputs.reshape(*held.outputs.shape[:-1], answers, -1), axis=-1)
        # Both outputs may be off.
        margin = BOUNDARY_SHIFT if np.array_equal(held.margin, BOUNDARY_SHIFT) else 2 * held.margin
        tied = np.asarray(in_doubt(model, best[..., -1] - best[..., -2], margin).any(axis=-1))
    else:
        tied = in_doubt(model, held.outputs[..., 0] - level, held.margin)
    return bits, tied if held.doubtful is None else np.asarray(tied | held.doubtful)


def in_doubt(
    model: Model, above: Float[np.ndarray, "*runs"], margin: float | Float[np.ndarray, "*runs"]
) -> Bool[np.ndarray, "*runs"]:
    """Which outputs lie so near to their boundary that rounding may decide, given how far above it they are. Where a
    model takes what is equal to the last bit as equal, such an output is not in doubt."""
    # Asked this way round, an output that is not a number is a tie.
    near = ~np.asarray(np.abs(above) > margin)
    return np.asarray(near & (above != 0)) if model.equal_is_equal else near


def _as_numbers(bits: Bool[np.ndarray, "sets sources rows"]) -> Shaped[np.ndarray, "sets sources"]:
    """Rows of bits as whole numbers, the first being the lowest bit."""
    width = bits.shape[-1]
    if width <= MACHINE_BITS:
        return (bits * (np.uint64(1) << np.arange(width, dtype=np.uint64))).sum(axis=-1, dtype=np.uint64)
    packed = np.packbits(bits, axis=-1, bitorder="little")
    rows = np.empty(bits.shape[:2], object)
    for at in np.ndindex(rows.shape):
        rows[at] = int.from_bytes(packed[at].tobytes(), "little")
    return rows


def _members(m: int) -> Iterator[int]:
    return (i for i in range(m.bit_length()) if m >> i & 1)
