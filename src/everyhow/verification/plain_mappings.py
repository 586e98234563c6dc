"""Every neuron set, every interchange and every rung of mappings, in the slow, obvious way (see `plain`).

A neuron set is (layer, neurons). A mapping is a tuple with the neuron set of each variable of a tree, in the order of
`plain_algorithms.variables`. Where `bits` are not given, `points` are the rows of a truth table.
"""

import itertools

import numpy as np

from . import plain, plain_algorithms


def neuron_sets(network):
    """Every non-empty set of neurons of one hidden layer, as (layer, neurons)."""
    for layer in range(1, len(network.weights)):
        for chosen in plain.subsets(range(network.widths[layer])):
            if chosen:
                yield layer, chosen


def signature(network, points, neuron_set, decision="threshold"):
    """The causal signature of a set of neurons: table[source, base] is the decision at the base while these neurons
    have the activations that they have at the source."""
    layer, neurons = neuron_set
    states = plain.run(network, points)
    return np.array(
        [
            plain.run_patched(network, points, [(layer, neurons, states[layer][s, list(neurons)])], decision)
            for s in range(len(points))
        ]
    )


def is_aligned(network, points, tree, negated, path, table):
    """Whether network and algorithm agree at every (base, source) after the variable at `path` and a neuron set whose
    signature is `table` take their value from the source."""
    own = plain_algorithms.value(plain_algorithms.node(tree, path), points)
    for source in range(len(points)):
        forced = {path: np.full(len(points), own[source])}
        if ((plain_algorithms.value(tree, points, forced) ^ negated) != table[source]).any():
            return False
    return True


def agreement(points, tree, negated, path, table):
    """The interchange-intervention accuracy of one variable (Méloux et al. 2025, Def. 6): the share of (base, source)
    pairs at which network and algorithm decide alike. `table` is the causal signature of the variable's neurons;
    `negated` says that the algorithm is the tree's negation."""
    own = plain_algorithms.value(plain_algorithms.node(tree, path), points)
    rows_ = [
        plain_algorithms.value(tree, points, {path: np.full(len(points), own[s])}) ^ negated for s in range(len(points))
    ]
    return (np.array(rows_) == table).mean()


def mappings(network, points, tree, negated, tables):
    """All minimal mappings: every choice of disjoint aligned sets none of whose sub-choices is aligned."""
    aligned = [
        [s for s, table in tables.items() if is_aligned(network, points, tree, negated, path, table)]
        for path in plain_algorithms.variables(tree)
    ]
    found = [
        choice
        for choice in itertools.product(*aligned)
        if all(a[0] != b[0] or not set(a[1]) & set(b[1]) for a, b in itertools.combinations(choice, 2))
    ]

    def inside(one, other):
        return all(a[0] == b[0] and set(a[1]) <= set(b[1]) for a, b in zip(one, other, strict=True))

    return [one for one in found if not any(other != one and inside(other, one) for other in found)]


def is_joint(network, points, tree, negated, mapping, bits=None, decision="threshold"):
    """Whether network and algorithm decide alike at every base, whatever variables are forced together, each to its
    value at a source of its own. A mapping is a tuple with the neuron set of each variable, in the order of
    `variables`."""
    known = points if bits is None else bits
    paths = list(plain_algorithms.variables(tree))
    states = plain.run(network, points)
    for forced in plain.subsets(range(len(paths))):
        for sources in itertools.product(range(len(points)), repeat=len(forced)):
            values = {
                paths[v]: np.full(len(points), plain_algorithms.value(plain_algorithms.node(tree, paths[v]), known)[s])
                for v, s in zip(forced, sources, strict=True)
            }
            patches = [
                (mapping[v][0], mapping[v][1], states[mapping[v][0]][s, list(mapping[v][1])])
                for v, s in zip(forced, sources, strict=True)
            ]
            expected = plain_algorithms.value(tree, known, values) ^ negated
            if (plain.run_patched(network, points, patches, decision) != expected).any():
                return False
    return True


def is_ordered(tree, mapping):
    """Whether each variable lies in an earlier layer than the variable that uses it."""
    layers = dict(zip(plain_algorithms.variables(tree), (layer for layer, _ in mapping), strict=True))
    return all(len(path) == 1 or layers[path] < layers[path[:-1]] for path in layers)


def still_read(tree, points, layers, layer):
    """The values, (points,) each, of what nodes that are not finished at a layer read beside the variables held there:
    inputs, and variables of earlier layers. `layers` has the layer of each variable; a node is not finished when it is
    the root, or a variable of a later layer."""
    for path in [(), *plain_algorithms.variables(tree)]:
        if path and layers[path] <= layer:
            continue
        for side in (0, 1):
            below = (*path, side)
            if isinstance(plain_algorithms.node(tree, below), int) or layers[below] < layer:
                yield plain_algorithms.value(plain_algorithms.node(tree, below), points)


def is_inert(network, points, tree, mapping, bits=None, decision="threshold"):
    """Whether all unmapped neurons of a mapped layer together, taking their values from any source, leave every
    decision as it is, as long as the source agrees with the base on what the algorithm still reads past the layer."""
    known = points if bits is None else bits
    decisions = plain.run_patched(network, points, [], decision)
    layers = dict(zip(plain_algorithms.variables(tree), (layer for layer, _ in mapping), strict=True))
    for layer in set(layers.values()):
        mapped = {j for where, neurons in mapping if where == layer for j in neurons}
        rest = tuple(j for j in range(network.widths[layer]) if j not in mapped)
        if not rest:
            continue
        table = signature(network, points, (layer, rest), decision)
        read = list(still_read(tree, known, layers, layer))
        for source, base in itertools.product(range(len(points)), repeat=2):
            if all(one[source] == one[base] for one in read) and table[source, base] != decisions[base]:
                return False
    return True


def is_transitive(network, points, tree, negated, mapping, bits=None, decision="threshold"):
    """Whether, after any set of variables is forced, the neurons of every other variable act at every base as the value
    that the algorithm then gives that variable."""
    known = points if bits is None else bits
    paths, states = list(plain_algorithms.variables(tree)), plain.run(network, points)
    for forced in plain.subsets(range(len(paths))):
        for sources in itertools.product(range(len(points)), repeat=len(forced)):
            values, patches = {}, []
            for v, s in zip(forced, sources, strict=True):
                layer, neurons = mapping[v]
                values[paths[v]] = np.full(
                    len(points), plain_algorithms.value(plain_algorithms.node(tree, paths[v]), known)[s]
                )
                patches.append((layer, neurons, states[layer][s, list(neurons)]))
            left = plain.patched_states(network, points, patches)
            for v in set(range(len(paths))) - set(forced):
                layer, neurons = mapping[v]
                given = plain_algorithms.value(plain_algorithms.node(tree, paths[v]), known, values, paths[v])
                for k in range(len(points)):
                    patch = (layer, neurons, left[layer][k, list(neurons)])
                    expected = plain_algorithms.value(tree, known, {paths[v]: np.full(len(points), given[k])}) ^ negated
                    if (plain.run_patched(network, points, [patch], decision) != expected).any():
                        return False
    return True
