"""Counting and listing circuits, prefix by prefix.

Split and count: for one prefix, a circuit is a row of one half with a row of the other, and what its outputs receive is
the sum of the two rows' points. So circuits are never run one by one: pairs of rows whose sums meet the goal are
counted, whole groups of them at once.

Arrays as in layout, halves and pairs. One prefix is `masks` (layers, widest), the parents of each neuron as a bit set;
many are `prefixes` (prefixes, layers, widest). `first` and `feeding` are bit sets: the inputs that circuits may use,
and the outputs that the last hidden neurons may feed. `neuron_label` is what a neuron that is there adds to a label.
"""

import numpy as np

from .compiling import njit
from .halves import half_sums, popcount, run_prefix, split_point
from .many_triples import count_many_triples
from .pairs import count_pairs, count_pairs_plainly, next_pairs
from .prefixes import used_neurons
from .triples import count_triples

# Up to so many pairs, looking at each costs less than building trees.
PLAIN_PAIRS = 4096
# From so many points of the third part on, preparing the other parts for many pays.
MANY_OFFSETS = 1024


@njit(cache=True, nogil=True)
def output_biases(layout):
    """What the outputs' biases add to each coordinate: (scenarios x contrasts,). Every sum has them once."""
    scenarios, contrasts, outputs = layout.contrasts.shape
    origin = np.zeros(scenarios * contrasts)
    for s in range(scenarios):
        for d in range(contrasts):
            for o in range(outputs):
                if layout.contrasts[s, d, o]:
                    origin[s * contrasts + d] += layout.contrasts[s, d, o] * layout.biases[-1, o]
    return origin


@njit(cache=True, nogil=True)
def prefix_halves(masks, layout, first, feeding, neuron_label):
    """Both halves of the last hidden neurons' sums for one prefix, the outputs' biases in the first half's points."""
    state = run_prefix(masks, layout)
    used = used_neurons(masks, len(masks), layout.widths, first)
    origin, cut = output_biases(layout), split_point(layout)
    neurons = np.arange(layout.widths[-2])
    one = half_sums(neurons[:cut], origin, state, used, feeding, layout, neuron_label)
    two = half_sums(neurons[cut:], np.zeros_like(origin), state, used, feeding, layout, neuron_label)
    return one, two


@njit(cache=True, nogil=True)
def multiply(polynomial, factor):
    """Replace `polynomial` (labels,) by its product with `factor` (labels,); terms beyond its length do not occur."""
    product = np.zeros_like(polynomial)
    # Factors have few terms that are not 0.
    for e in range(len(factor)):
        if factor[e]:
            for k in range(len(polynomial) - e):
                product[k + e] += factor[e] * polynomial[k]
    for k in range(len(polynomial)):
        polynomial[k] = product[k]


@njit(cache=True, nogil=True)
def prefix_coefficient(masks, widths, available, first, neuron_label, coefficient):
    """Fill `coefficient` (labels,) with the signed number of ways, by label, in which a prefix stands for circuits.

    A neuron with parents adds its edges and its label. One without is either absent, or present and not allowed to be
    used: the inclusion-exclusion that removes circuits with an unused neuron.
    """
    coefficient[:] = 0
    coefficient[0] = 1
    factor = np.zeros_like(coefficient)
    for layer in range(len(masks)):
        used = used_neurons(masks, layer, widths, first)
        for j in range(widths[layer + 1]):
            factor[:] = 0
            if masks[layer, j]:
                factor[popcount(masks[layer, j]) + neuron_label] = 1
            else:
                factor[0] = 1
                parents = popcount(available[layer, j] & used)
                ways = 1
                for k in range(1, parents + 1):
                    ways = ways * (parents - k + 1) // k
                    factor[k + neuron_label] -= ways
            multiply(coefficient, factor)


@njit(cache=True, nogil=True)
def empty(found):
    """Put 0 everywhere in `found` (certain and only possible, labels)."""
    for kind in range(2):
        for label in range(found.shape[1]):
            found[kind, label] = 0


@njit(cache=True, nogil=True)
def add_to(total, found, coefficient):
    """Add to `total` what was `found` of one prefix, which stands for as many circuits as `coefficient` (labels,)."""
    for kind in range(2):
        multiply(found[kind], coefficient)
        for label in range(found.shape[1]):
            total[kind, label] += found[kind, label]


@njit(cache=True, nogil=True)
def count_circuits(prefixes, layout, first, feeding, neuron_label, labels, goal, allowed):
    """The signed sum over `prefixes` of circuits by label: (certain and only possible, labels)."""
    total = np.zeros((2, labels), np.int64)
    found = np.zeros((2, labels), np.int64)
    coefficient = np.zeros(labels, np.int64)
    # By index: iterating gives rows of another type, for which all that is called would be compiled again.
    for k in range(len(prefixes)):
        masks = prefixes[k]
        prefix_coefficient(masks, layout.widths, layout.available, first, neuron_label, coefficient)
        # Where the ways cancel out, the halves need not be summed.
        if not coefficient.any():
            continue
        one, two = prefix_halves(masks, layout, first, feeding, neuron_label)
        empty(found)
        if len(one.points) * len(two.points) <= PLAIN_PAIRS:
            count_pairs_plainly(one.points, one.labels, two.points, two.labels, goal, allowed, found)
        else:
            count_pairs(one.points, one.labels, two.points, two.labels, goal, allowed, found)
        add_to(total, found, coefficient)
    return total


@njit(cache=True, nogil=True)
def prefix_parts(masks, layout, parts, first, feeding, neuron_label):
    """The last hidden neurons' sums for one prefix in three parts, as `Search.parts` gives them, the outputs' biases in
    the first part's points."""
    state = run_prefix(masks, layout)
    used = used_neurons(masks, len(masks), layout.widths, first)
    neurons, second, third = parts
    origin = output_biases(layout)
    nothing = np.zeros_like(origin)
    a = half_sums(neurons[:second], origin, state, used, feeding, layout, neuron_label)
    b = half_sums(neurons[second:third], nothing, state, used, feeding, layout, neuron_label)
    o = half_sums(neurons[third:], nothing, state, used, feeding, layout, neuron_label)
    return a, b, o


@njit(cache=True, nogil=True)
def count_triples_plainly(a, b, o, goal, found):
    """As `count_triples`, each triple looked at, its sums being added in the same order."""
    points, labels = np.empty_like(b.points), np.empty_like(b.labels)
    for k in range(len(o.points)):
        for row in range(len(points)):
            labels[row] = b.labels[row] + o.labels[k]
            for d in range(points.shape[1]):
                points[row, d] = b.points[row, d] + o.points[k, d]
        count_pairs_plainly(a.points, a.labels, points, labels, goal, 0.0, found)


@njit(cache=True, nogil=True)
def count_small_prefixes(prefixes, layout, parts, first, feeding, neuron_label, labels, goal):
    """As `count_circuits_by_ranks`, each triple looked at: for prefixes of few. It is compiled much sooner."""
    total, found = np.zeros((2, labels), np.int64), np.zeros((2, labels), np.int64)
    coefficient = np.zeros(labels, np.int64)
    for k in range(len(prefixes)):
        prefix_coefficient(prefixes[k], layout.widths, layout.available, first, neuron_label, coefficient)
        if coefficient.any():
            a, b, o = prefix_parts(prefixes[k], layout, parts, first, feeding, neuron_label)
            empty(found)
            count_triples_plainly(a, b, o, goal, found)
            add_to(total, found, coefficient)
    return total


@njit(cache=True, nogil=True)
def count_circuits_by_ranks(prefixes, layout, parts, first, feeding, neuron_label, labels, goal):
    """As `count_circuits`, where no scenario may be wrong and all sums are finite; `parts` are as `Search.parts` gives
    them."""
    total, found = np.zeros((2, labels), np.int64), np.zeros((2, labels), np.int64)
    coefficient = np.zeros(labels, np.int64)
    for k in range(len(prefixes)):
        prefix_coefficient(prefixes[k], layout.widths, layout.available, first, neuron_label, coefficient)
        if coefficient.any():
            a, b, o = prefix_parts(prefixes[k], layout, parts, first, feeding, neuron_label)
            empty(found)
            # Not in whole numbers, since a product of sizes may overflow.
            if float(len(a.points)) * len(b.points) * len(o.points) > PLAIN_PAIRS:
                count_triples(a.points, a.labels, b.points, b.labels, o.points, o.labels, goal, found)
            else:
                count_triples_plainly(a, b, o, goal, found)
            add_to(total, found, coefficient)
    return total


@njit(cache=True, nogil=True)
def count_circuits_of_many(prefixes, layout, parts, first, feeding, neuron_label, labels, goal):
    """As `count_circuits_by_ranks`, where the third part has many points. It takes longer to compile."""
    total, found = np.zeros((2, labels), np.int64), np.zeros((2, labels), np.int64)
    coefficient = np.zeros(labels, np.int64)
    for k in range(len(prefixes)):
        prefix_coefficient(prefixes[k], layout.widths, layout.available, first, neuron_label, coefficient)
        if coefficient.any():
            a, b, o = prefix_parts(prefixes[k], layout, parts, first, feeding, neuron_label)
            empty(found)
            if float(len(a.points)) * len(b.points) * len(o.points) > PLAIN_PAIRS:
                count_many_triples(a.points, a.labels, b.points, b.labels, o.points, o.labels, goal, found)
            else:
                count_triples_plainly(a, b, o, goal, found)
            add_to(total, found, coefficient)
    return total


@njit(cache=True, nogil=True)
def next_circuits(masks, prefix_bits, needed, start, out, layout, first, feeding, goal, allowed):
    """List circuits of one prefix as bits into `out` (room,), from row `start` of the first half on; returns how many
    and the row to go on with, which is -1 at the end of the prefix. `prefix_bits` are the prefix's edges, `needed` the
    neurons and outputs that the halves must use, as in `Half.cover`."""
    one, two = prefix_halves(masks, layout, first, feeding, 0)
    if len(two.points) > len(out):
        return -len(two.points), start
    count, row = next_pairs(one, two, goal, allowed, needed, prefix_bits, start, out)
    return count, -1 if row == len(one.points) else row
