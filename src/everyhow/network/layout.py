"""A criterion laid out as the arrays that the kernels read, and the prefixes they walk."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..common.errors import BudgetError, InputError
from ..common.shapes import Float
from ..kernels.layout import OPENS, STARTS, WEIGHT, Layout
from ..model.activations import activation
from ..model.criterion import Criterion
from ..model.model import COUNTED_BITS
from ..model.space import circuits_in_space
from .feed_forward import FeedForward

# Pairs of half sums in one batch of prefixes: enough that handing a batch to a thread costs nothing beside it, few
# enough that all threads get their share.
PAIRS_AT_ONCE = 1 << 27
# What it takes to prepare the first two of three parts pays from so many points on.
LEAST_A, LEAST_B = 256, 1024
# Sets of neurons are bits of one half of a 64-bit number.
MOST_NEURONS = 31
# Neurons of a layer of which all sets are gone through to tell how many prefixes there are.
MOST_SET_OUT = 12
# The bit of what is not an edge.
BEYOND = 63


@dataclass(frozen=True, eq=False)
class Search:
    """All circuits of a network, laid out for the kernels, with all its inputs and all its outputs as bits."""

    layout: Layout
    all_inputs: int
    all_outputs: int

    def prefixes(self, first: int) -> Iterator[np.ndarray]:
        """The parents chosen in all layers before the last hidden one, in batches (prefixes, layers, neurons), the
        inputs being those in `first`. A neuron without parents is left out."""
        from ..kernels.prefixes import fill_from, next_prefixes

        layers = len(self.layout.weights) - 2
        state = np.zeros((layers, self.layout.available.shape[1]), np.int64)
        fill_from(state, 0, self.layout.widths, self.layout.available, first)
        at_once = self.at_once
        more = True
        while more:
            batch = np.empty((at_once, *state.shape), np.int64)
            count, more = next_prefixes(state, self.layout.widths, self.layout.available, first, batch)
            yield batch[:count]

    @property
    def at_once(self) -> int:
        """The prefixes of one batch."""
        return max(1, min(4096, PAIRS_AT_ONCE // self.most_pairs))

    def number_of_prefixes(self, first: int) -> int | None:
        """How many prefixes there are, the inputs being those in `first`; None where a layer is too wide to tell."""
        ways = {first: 1}
        for layer in range(len(self.layout.weights) - 2):
            width = int(self.layout.widths[layer + 1])
            if width > MOST_SET_OUT:
                return None
            following: dict[int, int] = {}
            for used, number in ways.items():
                sets = {0: number}
                for j in range(width):
                    choices = (1 << (int(self.layout.available[layer, j]) & used).bit_count()) - 1
                    with_j = {chosen | 1 << j: ways_there * choices for chosen, ways_there in sets.items()}
                    sets |= with_j
                for chosen, ways_there in sets.items():
                    following[chosen] = following.get(chosen, 0) + ways_there
            ways = following
        return sum(ways.values())

    @cached_property
    def parts(self) -> tuple[np.ndarray, int, int]:
        """The last hidden neurons in three parts: their numbers, and where the second and the third part begin. Those
        come first whose choices make the least difference. The parts are the same for all prefixes, so that a circuit
        that stands in several of them has the same sums in each."""
        from ..kernels.halves import reaches

        reach, choices = reaches(self.layout)
        neurons = np.argsort(reach, kind="stable")
        sizes, width = [int(size) for size in choices[neurons]], len(neurons)
        second = next((k for k in range(width) if math.prod(sizes[:k]) >= LEAST_A), width)
        third = next((k for k in range(second, width) if math.prod(sizes[second:k]) >= LEAST_B), width)
        # The third part, whose points are gone through one by one, is none of the larger ones.
        while third < width and math.prod(sizes[third:]) > min(
            math.prod(sizes[:second]), math.prod(sizes[second:third])
        ):
            if math.prod(sizes[:second]) <= math.prod(sizes[second:third]):
                second += 1
            third += 1
        return neurons, second, third

    @property
    def most_pairs(self) -> int:
        """An upper bound of the choices of all last hidden neurons together, for one prefix."""
        return math.prod(map(self._most_choices, self.layout.available[-2].tolist()))

    @property
    def most_offsets(self) -> int:
        """An upper bound of the choices of the third part's neurons together, for one prefix."""
        neurons, _, third = self.parts
        return math.prod(map(self._most_choices, self.layout.available[-2][neurons[third:]].tolist()))

    def _most_choices(self, parents: int) -> int:
        """An upper bound of the choices of a last hidden neuron with these `parents`, as bits."""
        outputs = int(self.layout.widths[-1])
        return 1 + ((1 << parents.bit_count()) - 1) * ((1 << outputs) - 1)


def goal_of(criterion: Criterion[Any], limits: np.ndarray) -> Float[np.ndarray, "rows dimensions"]:
    """The goal of a criterion as the kernels read it, by two boxes of limits."""
    goal = np.zeros((7, limits.shape[2]))
    contrasts = goal.shape[1] // len(criterion.weights)
    goal[:WEIGHT] = limits.reshape(WEIGHT, -1)
    goal[WEIGHT] = np.repeat(criterion.weights, contrasts)
    goal[STARTS, ::contrasts] = 1
    goal[OPENS, ::contrasts] = criterion.opens
    return goal


def laid_out(criterion: Criterion[FeedForward]) -> Search:
    """Lay out a criterion for the kernels. A network without a hidden layer gets one that copies its inputs.

    Raises:
        InputError: a layer has more than 31 neurons.
        BudgetError: the network has more circuits than 64-bit numbers can count.
    """
    network = criterion.model
    if max(network.widths) > MOST_NEURONS:
        raise InputError(
            f"a layer has {max(network.widths)} neurons; circuits are counted in networks of at most {MOST_NEURONS} "
            f"neurons per layer: take out the neurons that are not needed"
        )
    if network.edges > COUNTED_BITS and (space := circuits_in_space(network.graph)) >= 1 << COUNTED_BITS:
        hint = "Counts are kept in 64 bits; ask for a smaller network."
        raise BudgetError("counting the circuits", space, 1 << COUNTED_BITS, hint)
    if network.depth == 1:
        return _without_hidden_layer(criterion)
    return _search(layout_of(criterion))


def steps_in_doubt(criterion: Criterion[FeedForward]) -> bool:
    """Whether some neuron that steps comes so near its jump, in some circuit, that rounding may decide the side."""
    from ..kernels.margins import steps_in_doubt as any_in_doubt

    steps = criterion.rounding.steps
    if not steps:
        return False
    search = laid_out(criterion)
    sums, doubtful = np.zeros(search.layout.biases.shape), np.zeros(len(search.layout.biases), bool)
    for layer, errors in steps.items():
        sums[layer, : len(errors)], doubtful[layer] = errors, True
    batches = search.prefixes(search.all_inputs)
    return any(any_in_doubt(prefixes, search.layout, sums, doubtful) for prefixes in batches)


def layout_of(criterion: Criterion[FeedForward]) -> Layout:
    """A criterion as arrays for the kernels; the bits of edges mean something up to 63 edges only."""
    return _layout_of(criterion, criterion.model.graph.positions)


def layout_alone(network: FeedForward, points: Float[np.ndarray, "inputs features"]) -> Layout:
    """A network whose circuits are run alone at some points, as arrays for the kernels, with no contrasts."""
    nothing = [np.zeros((len(points), width)) for width in network.widths[:-1]]
    no_contrasts = np.zeros((len(points), 0, network.widths[-1]))
    return _layout(network, points, nothing, no_contrasts, network.graph.positions)


def _without_hidden_layer(criterion: Criterion[FeedForward]) -> Search:
    network = criterion.model
    inputs = network.widths[0]
    copied = replace(
        network,
        weights=(np.eye(inputs), *network.weights),
        biases=(np.zeros(inputs), *network.biases),
        activations=("identity", *network.activations),
        names=(),
    )
    widened = replace(criterion, model=copied, ablated=criterion.ablated * 2)
    above = {(2, j, i): position for (_, j, i), position in network.graph.positions.items()}
    return _search(_layout_of(widened, above))


def _search(layout: Layout) -> Search:
    return Search(layout, (1 << int(layout.widths[0])) - 1, (1 << int(layout.widths[-1])) - 1)


def _layout_of(criterion: Criterion[FeedForward], positions_of: Mapping[tuple[int, ...], int]) -> Layout:
    return _layout(criterion.model, criterion.bases, criterion.ablated, criterion.contrasts, positions_of)


def _layout(
    network: FeedForward,
    bases: Float[np.ndarray, "scenarios features"],
    removed: Sequence[Float[np.ndarray, "scenarios _neurons"]],
    contrasts: Float[np.ndarray, "scenarios contrasts outputs"],
    positions_of: Mapping[tuple[int, ...], int],
) -> Layout:
    """A bit beyond all others takes what is not an edge, and the copying edges, which belong to no circuit."""
    depth, widest, scenarios = network.depth, max(network.widths), len(bases)
    weights = np.zeros((depth, widest, widest))
    biases = np.zeros((depth, widest))
    ablated = np.zeros((depth, scenarios, widest))
    available = np.zeros((depth, widest), np.int64)
    positions = np.zeros((depth, widest, widest), np.uint64)
    for k, (w, b, carried) in enumerate(zip(network.weights, network.biases, removed, strict=True)):
        outgoing, incoming = w.shape
        weights[k, :outgoing, :incoming] = w
        biases[k, :outgoing] = b
        ablated[k, :, :incoming] = carried
        available[k, :outgoing] = (w != 0) @ (1 << np.arange(incoming, dtype=np.int64))
        for j in range(outgoing):
            for i in range(incoming):
                positions[k, j, i] = positions_of.get((k + 1, j, i), BEYOND) & BEYOND
    base = np.zeros((scenarios, widest))
    base[:, : network.widths[0]] = bases
    functions = [activation(name) for name in network.activations]
    return Layout(
        widths=np.array(network.widths, np.int64),
        weights=weights,
        biases=biases,
        codes=np.array([function.code for function in functions], np.int64),
        parameters=np.array([function.parameters for function in functions]),
        base=base,
        ablated=ablated,
        available=available,
        positions=positions,
        contrasts=np.ascontiguousarray(contrasts, np.float64),
    )
