"""Causal signatures: what the network decides when a set of neurons takes its values from another input."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ..common.errors import InputError
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
# Patched activations computed at once; bounds the memory to tens of megabytes.
VALUES_AT_ONCE = 1 << 21


@dataclass(frozen=True)
class NeuronSet:
    """A non-empty set of neurons of one hidden layer (1 is the first)."""

    layer: int
    neurons: tuple[int, ...]

    @cached_property
    def bits(self) -> int:
        """The neurons as bits, those of different layers apart."""
        return sum(1 << (neuron + LAYER_STEP * (self.layer - 1)) for neuron in self.neurons)

    def __str__(self) -> str:
        return self.named()

    def named(self, graph: Graph | None = None) -> str:
        """The neurons by the names that the graph of their model gives them; by the usual ones without it.

        Example:
            >>> NeuronSet(1, (0, 2)).named()
            'h1.0 + h1.2'
        """
        return " + ".join(self.names(graph))

    def names(self, graph: Graph | None = None) -> tuple[str, ...]:
        """The name of each neuron, as in `named`."""
        nodes = [Node(self.layer, j) for j in self.neurons]
        # What is mapped is never an output.
        return tuple(usual_name(*node, self.layer + 1) if graph is None else graph.name(node) for node in nodes)


def sets_by_name(variables: Iterable[str], sets: Sequence[NeuronSet], graph: Graph | None) -> str:
    """The neurons of each variable by name, such as NAND(A,B) in h1.2; OR(A,B) in h1.0 + h1.1."""
    pairs = zip(variables, sets, strict=True)
    return "; ".join(f"{variable} in {neurons.named(graph)}" for variable, neurons in pairs) or "no variable to place"


Rows = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Signatures:
    """The causal signatures of all non-empty neuron sets of all hidden layers.

    A signature is a table decision[source, base] after the set takes its values from source; its row at a source is
    a bit set over the bases, those of the first output before those of the second.

    Attributes:
        rows: for each hidden layer, shape (sets, sources): entry (m - 1, s) is the row at source s of the set whose
            neurons are the bits of m.
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

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows)

    @property
    def distinct(self) -> int:
        """The number of different signatures."""
        return len(self.by_rows)

    @cached_property
    def by_rows(self) -> Mapping[Rows, tuple[NeuronSet, ...]]:
        """The neuron sets that have each signature."""
        return self.grouped(lambda rows: rows)

    @cached_property
    def minimal_by_rows(self) -> Mapping[Rows, tuple[NeuronSet, ...]]:
        """The inclusion-minimal neuron sets that have each signature."""
        return MappingProxyType({rows: minimal_sets(sets) for rows, sets in self.by_rows.items()})

    def grouped(self, key) -> Mapping[Rows, tuple[NeuronSet, ...]]:
        """The neuron sets by `key`, a function of the rows of a signature."""
        groups: dict[Rows, list[NeuronSet]] = {}
        for neurons, rows in self.items():
            groups.setdefault(key(rows), []).append(neurons)
        return MappingProxyType({rows: tuple(sets) for rows, sets in groups.items()})

    def items(self) -> Iterator[tuple[NeuronSet, Rows]]:
        """Every neuron set with its signature, layer by layer."""
        for layer, table in enumerate(self.rows, start=1):
            for m, rows in enumerate(table.tolist(), start=1):
                yield NeuronSet(layer, tuple(_members(m))), tuple(rows)

    def of(self, neurons: NeuronSet) -> Rows:
        """The signature of one neuron set."""
        m = sum(1 << neuron for neuron in neurons.neurons)
        return tuple(self.rows[neurons.layer - 1][m - 1].tolist())


def signatures(
    model: Model, points: Float[np.ndarray, "inputs features"], decision: Decision = "threshold"
) -> Signatures:
    """The causal signature of every neuron set of every hidden layer.

    Cost: (2^width - 1) x inputs^2 passes through the rest of the network, per layer.

    Args:
        model: with one output or, deciding among classes, several.
        points: the inputs, as bases and as sources.
        decision: `threshold` for one output, `argmax` for several.

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
    if table_bytes(model.graph, len(points)) > MOST_BYTES:
        raise InputError(
            f"the causal signatures over {len(points):,} inputs would take more than {MOST_BYTES >> 20} MB; take fewer "
            f"inputs, or a layer of fewer neurons"
        )
    runs = model.runs(points)
    found = [_stage_rows(model, runs, stage, decision) for stage in range(1, model.graph.last)]
    return Signatures(model, tuple(rows for rows, _ in found), sum(ties for _, ties in found), runs, decision)


def table_bytes(graph: Graph, inputs: int) -> int:
    """What the signatures of a model of this graph take, in bytes."""
    bits = inputs * graph.outputs
    row = 8 if bits <= MACHINE_BITS else 56 + bits // 8
    return sum((1 << width) - 1 for width in graph.sizes[1:-1]) * inputs * row


def minimal_sets(sets: tuple[NeuronSet, ...]) -> tuple[NeuronSet, ...]:
    """The sets that contain no other set of the same layer, small ones first."""
    kept: list[int] = []
    for layer in {one.layer for one in sets}:
        own = np.array([k for k, one in enumerate(sets) if one.layer == layer])
        bits = np.array([sum(1 << j for j in sets[k].neurons) for k in own], np.uint64)
        sizes, minimal = np.bitwise_count(bits), np.zeros(0, np.uint64)
        # Sets of one size contain each other only when they are equal.
        for size in np.unique(sizes):
            candidates = np.flatnonzero(sizes == size)
            at_once, found = max(1, VALUES_AT_ONCE // (len(minimal) + 1)), []
            for start in range(0, len(candidates), at_once):
                some = candidates[start : start + at_once]
                inside = (minimal[None, :] & ~bits[some, None]) == 0
                found.append(some[~inside.any(axis=1)])
            fewest = np.concatenate(found)
            kept += own[fewest].tolist()
            minimal = np.concatenate([minimal, bits[fewest]])
    return tuple(sets[k] for k in sorted(kept, key=lambda k: (len(sets[k].neurons), k)))


def _stage_rows(
    model: Model, runs: Runs, stage: int, decision: Decision
) -> tuple[Shaped[np.ndarray, "sets sources"], int]:
    inputs, width = len(runs.points), model.graph.sizes[stage]
    chosen = np.array([[m >> i & 1 for i in range(width)] for m in range(1, 1 << width)], dtype=bool)
    values = inputs * max(size * numbers for size, numbers in zip(model.graph.sizes, model.graph.numbers, strict=True))
    at_once = max(1, min(inputs, VALUES_AT_ONCE // values))
    sets = max(1, VALUES_AT_ONCE // (values * at_once))
    level = level_for(model, decision)
    blocks = [
        [
            _rows(runs.interchanged(stage, chosen[start : start + sets], sources), decision, level)
            for sources in np.split(np.arange(inputs), range(at_once, inputs, at_once))
        ]
        for start in range(0, len(chosen), sets)
    ]
    rows = np.concatenate([np.concatenate([found for found, _ in block], axis=1) for block in blocks])
    return rows, sum(ties for block in blocks for _, ties in block)


def _rows(held: Held, decision: Decision, level: float) -> tuple[Shaped[np.ndarray, "sets sources"], int]:
    bits, _ = decide(held.outputs, decision, level)
    # Asked this way round, an output that is not a number is a tie.
    if decision == "argmax":
        best = np.sort(held.outputs, axis=-1)
        # Both outputs may be off.
        margin = BOUNDARY_SHIFT if held.margin == BOUNDARY_SHIFT else 2 * held.margin
        tied = ~(best[..., -1] - best[..., -2] > margin)
    else:
        tied = ~(np.abs(held.outputs[..., 0] - level) > held.margin)
    ties = np.count_nonzero(tied if held.doubtful is None else tied | held.doubtful)
    return _as_numbers(np.moveaxis(bits, -1, -2).reshape(*bits.shape[:2], -1)), int(ties)


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
