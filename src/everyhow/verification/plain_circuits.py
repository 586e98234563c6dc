"""Every circuit, and whether it is right, in the slow, obvious way (see `plain`).

A circuit is a tuple over layers of tuples over neurons of tuples of parents; a neuron that is absent has an empty one.
"""

import itertools
from dataclasses import replace

import numpy as np

from . import plain


def all_circuits(weights):
    """Every circuit: a choice of edges of non-zero weight such that every output has a parent, every neuron that
    something reads has a parent, and every hidden neuron with a parent is read."""

    def extend(layer, later):
        if layer < 0:
            yield tuple(later)
            return
        width = len(weights[layer])
        last = layer == len(weights) - 1
        needed = range(width) if last else {i for parents in later[0] for i in parents}
        options = [
            [p for p in plain.subsets(np.flatnonzero(weights[layer][j]).tolist()) if p] if j in needed else [()]
            for j in range(width)
        ]
        for choice in itertools.product(*options):
            yield from extend(layer - 1, [choice, *later])

    yield from extend(len(weights) - 1, [])


def perfect_circuits(network, points, wanted, decision="threshold"):
    """The circuits that, run alone, give the wanted bit at every point (Méloux et al. 2025, Def. 4)."""
    return [
        circuit
        for circuit in all_circuits(network.weights)
        if (plain.bits_of(plain.run(network, points, circuit)[-1], decision, network.threshold) == wanted).all()
    ]


def is_resample_faithful(network, points, circuit, wanted, decision="threshold"):
    """Whether, for every base and every source among the points, the circuit run at the base gives the base's wanted
    bit while all edges outside it carry what they carry in the whole network at the source."""
    pairs = list(itertools.product(range(len(points)), repeat=2))
    bases, sources = [b for b, _ in pairs], [s for _, s in pairs]
    states = [state[sources] for state in plain.run(network, points)]
    outputs = plain.run(network, points[bases], circuit, states)[-1]
    return (plain.bits_of(outputs, decision, network.threshold) == wanted[bases]).all()


def ablated_runs(network, points, weights, ablation):
    """For each run that a kind of ablation asks for: its base, its weight, and what removed edges carry."""
    states = plain.run(network, points)
    means = [np.sum([w * row for w, row in zip(weights, state, strict=True)], axis=0) for state in states]
    for k, weight in enumerate(weights):
        if ablation == "zero":
            yield k, weight, None
        elif ablation == "mean":
            yield k, weight, means
        else:
            for source, share in enumerate(weights):
                yield k, weight * share, [state[source] for state in states]


def circuit_error(network, behavior, circuit, decision, ablation):
    """The weight of the runs in which a circuit is wrong, or not as near to the network as it has to be."""
    received = replace(network, activations=(*network.activations[:-1], "identity"))
    error = 0.0
    for k, weight, carried in ablated_runs(network, behavior.points, behavior.weights, ablation):
        point, ablated = behavior.points[[k]], None if carried is None else [row[None] for row in carried]
        outputs = plain.run(network, point, circuit, ablated)[-1][0]
        wrong = plain.chosen(outputs, decision, network.threshold) != list(behavior.wanted[k])
        if behavior.within is not None:
            away = plain.run(received, point, circuit, ablated)[-1] - plain.run(received, point)[-1]
            wrong = wrong or bool((np.abs(away) > behavior.within).any())
        error += weight * wrong
    return error


def hereditary(circuits, right):
    """Which of all circuits are right with every larger one: each that is right is held against each that is not. Of
    few edges, since sets of them are numbers."""
    sets = list(map(edges, circuits))
    places = {edge: 1 << k for k, edge in enumerate(sorted(set().union(*sets)))}
    numbers = np.array([sum(places[edge] for edge in one) for one in sets], np.int64)
    wrong = numbers[~right]
    return np.array([good and not ((wrong & one) == one).any() for one, good in zip(numbers, right, strict=True)], bool)


def edges(circuit):
    """The edges of a circuit, each as (layer, neuron, parent), the inputs being layer 0."""
    return frozenset(
        (layer, j, i) for layer, neurons in enumerate(circuit, 1) for j, p in enumerate(neurons) for i in p
    )


def minimal(circuits):
    """The edge sets of the circuits none of whose proper subsets is the edge set of another one given."""
    sets = [edges(circuit) for circuit in circuits]
    return {one for one in sets if not any(other < one for other in sets)}


def minimal_first(sets):
    """The sets that have no other one inside, those of fewest items first."""
    kept = []
    for one in sorted(sets, key=len):
        if not any(other <= one for other in kept):
            kept.append(one)
    return kept
