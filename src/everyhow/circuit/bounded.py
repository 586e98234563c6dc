"""Searches among circuits that are left out, with the reason, when they are too much or their outcome is a tie."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from ..common.budget import over_budget
from ..common.errors import InputError
from ..model.circuit import Circuit
from ..model.space import circuits_in_space
from ..network.network import Network
from .count import CircuitCount, count_circuits
from .criterion import Criterion, perfect
from .findings import COUNTING, ties
from .listing import MOST_EDGES, is_listable, list_bits
from .minimal import minimal_circuits, minimal_sets
from .search import COUNTED_BITS, MOST_NEURONS

Found = TypeVar("Found")


@dataclass(frozen=True)
class Answer(Generic[Found]):
    """What was found; None with the reasons when it was not looked for or depends on a tie."""

    found: Found | None
    refused: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()


def counted(criterion: Criterion, budget: int) -> Answer[CircuitCount]:
    """The circuits that meet a criterion, by size."""
    network = criterion.network
    if max(network.widths) > MOST_NEURONS:
        return Answer(None, (f"circuits are counted in networks of at most {MOST_NEURONS} neurons per layer",))
    try:
        space = circuits_in_space(network.graph)
    except InputError as error:
        return Answer(None, (str(error),))
    refusal = over_budget(COUNTING, space, min(budget, (1 << COUNTED_BITS) - 1))
    if refusal:
        return Answer(None, (refusal,))
    count = count_circuits(criterion)
    return Answer(count) if count.certified else Answer(None, (), ties(count, "perfect"))


def minimal_inside(alone: Criterion, circuit: Circuit, budget: int) -> Answer[tuple[Circuit, ...]]:
    """The minimal perfect circuits within a circuit, fewest edges first."""
    network, behavior = alone.network, alone.behavior
    if behavior.within is not None or any(carried.any() for carried in alone.ablated):
        # What the edges outside carry, and what outputs must come near to, are the whole network's.
        return _minimal_of_listed(alone, circuit, budget)
    part, neurons = _part(network, circuit)
    if not is_listable(part):
        return Answer(None, (f"minimal circuits are looked for in networks of at most {MOST_EDGES} edges",))
    criterion = perfect(part, behavior)
    count = counted(criterion, budget)
    if count.found is None:
        return Answer(None, count.refused, count.ties)
    found = []
    for smaller in minimal_circuits(criterion):
        edges = [(layer, neurons[layer][j], neurons[layer - 1][i]) for layer, j, i in smaller.edges]
        found.append(Circuit.of_edges(network.graph, edges))
    return Answer(tuple(sorted(found, key=lambda c: (len(c), c.bits))))


def _minimal_of_listed(alone: Criterion, circuit: Circuit, budget: int) -> Answer[tuple[Circuit, ...]]:
    """The minimal ones among all circuits that meet the criterion and lie within the circuit."""
    if not is_listable(alone.network):
        return Answer(None, (f"minimal circuits are looked for in networks of at most {MOST_EDGES} edges",))
    count = counted(alone, budget)
    if count.found is None:
        return Answer(None, count.refused, count.ties)
    outside = ~np.uint64(circuit.bits)
    found = minimal_sets(block[block & outside == 0] for block in list_bits(alone))
    circuits = (Circuit(circuit.graph, int(bits)) for bits in found)
    return Answer(tuple(sorted(circuits, key=lambda c: (len(c), c.bits))))


def _part(network: Network, circuit: Circuit) -> tuple[Network, tuple[tuple[int, ...], ...]]:
    """The network that has only the circuit's edges and neurons, all inputs and all outputs; and, for each of its
    layers, which neurons of the whole network its neurons are."""
    ends = (0, network.depth)
    neurons = tuple(
        tuple(range(width)) if layer in ends else tuple(j for at, j in circuit.neurons if at == layer)
        for layer, width in enumerate(network.widths)
    )
    weights, biases = [], []
    for k, (w, b, mask) in enumerate(zip(network.weights, network.biases, network.masks(circuit), strict=True)):
        weights.append((w * mask)[np.ix_(neurons[k + 1], neurons[k])])
        biases.append(b[list(neurons[k + 1])])
    return Network(tuple(weights), tuple(biases), network.activations), neurons


def nearest(criterion: Criterion, circuit: Circuit) -> Answer[Circuit]:
    """The circuit that meets a criterion and differs from `circuit` in the fewest edges."""
    if not is_listable(criterion.network):
        return Answer(None, (f"the nearest circuit is looked for in networks of at most {MOST_EDGES} edges",))

    def key(bits: int) -> tuple[int, int, int]:
        return (bits ^ circuit.bits).bit_count(), bits.bit_count(), bits

    best: int | None = None
    for block in list_bits(criterion):
        if len(block):
            differing = np.bitwise_count(block ^ np.uint64(circuit.bits))
            closest = min(map(int, block[differing == differing.min()]), key=key)
            best = closest if best is None else min(best, closest, key=key)
    return Answer(None if best is None else Circuit(circuit.graph, best))
