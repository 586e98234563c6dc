"""The interpretations of all circuits that meet a goal, summed, none of these listed.

For one prefix and one state of its last layer, the interpretations of a circuit are a sum of products: a factor for
each last hidden neuron, one such product for each partition of the inputs (see reading_tables). The circuits of a
prefix are the pairs of rows of two halves whose sums meet the goal (see pairs). So each row gets a vector, the
products of its own neurons by partition, and a pair counts as the inner product of its rows' vectors. Inner products
add up: of two groups whose pairs all meet the goal, the inner product of their sums is what all their circuits have.

Which pairs meet the goal does not depend on the state, so both trees are walked once for a prefix: `Inside` keeps the
groups, and the pairs of leaves near a boundary as bit sets. For each state only sums are made.

A circuit uses every neuron of its prefix. Who calls sums up prefixes with signs, so that this is so of what is left.

Arrays as in layout, halves, pairs and reading_tables. `digits` (rows, neurons) are the choices of which a row is made.
"""

from typing import NamedTuple

import numpy as np

from .compiling import njit
from .halves import fed_outputs
from .interpretations import ONE, ZERO, all_inputs
from .kdtree import LEAF_SIZE, Tree
from .pairs import INSIDE, OUTSIDE, children_of, extent, side_of_groups, side_of_pair
from .reading_tables import make_table, new_tables, parities


class Inside(NamedTuple):
    """The pairs of rows that are inside.

    Attributes:
        groups: (groups, 2), nodes of both trees of which all pairs are.
        leaves: (leaves, 2), leaves of both trees of which some are.
        rows: (leaves, rows of a leaf), for each row of the first leaf the rows of the second with which it is, as a bit
            set.
    """

    groups: np.ndarray
    leaves: np.ndarray
    rows: np.ndarray


class Rows(NamedTuple):
    """One half, as the choices of its neurons.

    Attributes:
        start: its first neuron.
        points: (rows, dimensions), what a row adds to the outputs.
        tree: the tree over them.
        digits: (rows, neurons), which choice of each neuron a row is made of, in the order of its tree.
        sets: (neurons, choices), the parents of each choice.
        number: (neurons,), how many choices there are.
    """

    start: int
    points: np.ndarray
    tree: Tree
    digits: np.ndarray
    sets: np.ndarray
    number: np.ndarray


@njit(cache=True, nogil=True)
def grown(array):
    """A copy of an array with room for twice as many rows."""
    larger = np.empty((2 * len(array), array.shape[1]), array.dtype)
    for row in range(len(array)):
        for k in range(array.shape[1]):
            larger[row, k] = array[row, k]
    return larger


@njit(cache=True, nogil=True)
def pairs_inside(one, two, goal):
    """The pairs of rows of two halves that are inside, where no scenario may be wrong; and how many are between."""
    tree_a, points_a, tree_b, points_b = one.tree, one.points, two.tree, two.points
    groups, n_groups = np.empty((64, 2), np.int64), 0
    leaves, n_leaves = np.empty((64, 2), np.int64), 0
    rows = np.empty((64, LEAF_SIZE), np.uint64)
    between = 0
    stack, top = np.zeros((256, 2), np.int64), 1
    while top:
        top -= 1
        a, b = stack[top]
        low_a, high_a, low_b, high_b = tree_a.low[a], tree_a.high[a], tree_b.low[b], tree_b.high[b]
        side = side_of_groups(low_a, high_a, low_b, high_b, goal)
        if side == OUTSIDE:
            continue
        if side == INSIDE:
            if n_groups == len(groups):
                groups = grown(groups)
            groups[n_groups, 0], groups[n_groups, 1] = a, b
            n_groups += 1
            continue
        nodes = len(tree_a.starts), len(tree_b.starts)
        a1, b1, a2, b2 = children_of(a, b, nodes[0], nodes[1], extent(low_a, high_a), extent(low_b, high_b))
        if a1 >= 0:
            stack[top, 0], stack[top, 1] = a1, b1
            stack[top + 1, 0], stack[top + 1, 1] = a2, b2
            top += 2
            continue
        if n_leaves == len(leaves):
            leaves, rows = grown(leaves), grown(rows)
        leaves[n_leaves, 0], leaves[n_leaves, 1] = a, b
        some = ZERO
        for p in range(tree_a.starts[a], tree_a.stops[a]):
            met = ZERO
            for q in range(tree_b.starts[b], tree_b.stops[b]):
                side = side_of_pair(points_a, p, points_b, q, goal)
                if side == INSIDE:
                    met |= ONE << np.uint64(q - tree_b.starts[b])
                elif side != OUTSIDE:
                    between += 1
            rows[n_leaves, p - tree_a.starts[a]] = met
            some |= met
        if some:
            n_leaves += 1
    return Inside(groups[:n_groups].copy(), leaves[:n_leaves].copy(), rows[:n_leaves].copy()), between


@njit(cache=True, nogil=True)
def node_sums(vectors, tree):
    """The sum of the rows' `vectors` (rows, entries) in each node: (nodes, entries)."""
    nodes, entries = len(tree.starts), vectors.shape[1]
    sums = np.zeros((nodes, entries))
    # From the leaves upwards.
    for node in range(nodes - 1, -1, -1):
        if 2 * node + 2 < nodes:
            for k in range(entries):
                sums[node, k] = sums[2 * node + 1, k] + sums[2 * node + 2, k]
        else:
            for row in range(tree.starts[node], tree.stops[node]):
                for k in range(entries):
                    sums[node, k] += vectors[row, k]
    return sums


@njit(cache=True, nogil=True)
def inner_products(vectors_a, tree_a, vectors_b, tree_b, inside):
    """The sum of the inner products of the rows' vectors, over all pairs that are inside."""
    sums_a, sums_b = node_sums(vectors_a, tree_a), node_sums(vectors_b, tree_b)
    entries = vectors_a.shape[1]
    total = 0.0
    for g in range(len(inside.groups)):
        a, b = inside.groups[g]
        for k in range(entries):
            total += sums_a[a, k] * sums_b[b, k]
    met = np.empty(entries)
    for leaf in range(len(inside.leaves)):
        a, b = inside.leaves[leaf]
        start, stop = tree_b.starts[b], tree_b.stops[b]
        for p in range(tree_a.starts[a], tree_a.stops[a]):
            rows = inside.rows[leaf, p - tree_a.starts[a]]
            if rows == ZERO:
                continue
            for k in range(entries):
                met[k] = 0.0
            for q in range(start, stop):
                if rows >> np.uint64(q - start) & ONE:
                    for k in range(entries):
                        met[k] += vectors_b[q, k]
            for k in range(entries):
                total += vectors_a[p, k] * met[k]
    return total


@njit(cache=True, nogil=True)
def sets_of_parents(start, stop, used, layout):
    """The sets of parents that the last hidden neurons `start` to `stop` - 1 choose from, (neurons, choices), in the
    order of their half's rows, and how many each has; the first is none."""
    number = np.ones(stop - start, np.int64)
    sets = np.zeros((stop - start, 1 << layout.widths[-3]), np.int64)
    for j in range(start, stop):
        parents, mask = layout.available[-2, j] & used, 0
        while mask != parents and fed_outputs(j, 1, layout):
            mask = (mask - parents) & parents
            sets[j - start, number[j - start]] = mask
            number[j - start] += 1
    return sets, number


@njit(cache=True, nogil=True)
def digits_of(order, number):
    """The choice of each neuron, of `number` (neurons,), in each of the rows `order` (rows,) of a half."""
    digits = np.empty((len(order), len(number)), np.int64)
    for row in range(len(order)):
        rest = order[row]
        # The last neuron varies fastest.
        for j in range(len(number) - 1, -1, -1):
            digits[row, j] = rest % number[j]
            rest //= number[j]
    return digits


@njit(cache=True, nogil=True)
def fill_vectors(rows, state, asked, scale, tables, vectors):
    """Fill `vectors` (rows, entries) with the products of the tables of a half's neurons at a state of the layer
    before, for the partitions `asked` (entries,), times `scale` (entries,)."""
    start, digits, sets, number = rows.start, rows.digits, rows.sets, rows.number
    entries = len(asked)
    factors = np.empty((len(number), number.max() if len(number) else 1, entries))
    for j in range(len(number)):
        for choice in range(number[j]):
            for k in range(entries):
                factors[j, choice, k] = tables.ways[start + j, sets[j, choice], 0, asked[k], state]
    for row in range(len(digits)):
        for k in range(entries):
            vectors[row, k] = scale[k]
        for j in range(len(number)):
            for k in range(entries):
                vectors[row, k] *= factors[j, digits[row, j], k]


@njit(cache=True, nogil=True)
def by_varying(rows, tables):
    """How many of a half's neurons vary in each row, and which, up to two: (rows, 4), neuron and parents each."""
    start, digits, sets = rows.start, rows.digits, rows.sets
    varying, which = np.zeros(len(digits), np.int64), np.zeros((len(digits), 4), np.int64)
    for row in range(len(digits)):
        for j in range(digits.shape[1]):
            parents = sets[j, digits[row, j]]
            if tables.counts[start + j, parents]:
                if varying[row] < 2:
                    which[row, 2 * varying[row]], which[row, 2 * varying[row] + 1] = start + j, parents
                varying[row] += 1
    return varying, which


@njit(cache=True, nogil=True)
def parities_inside(a, b, goal, decision, ways, tables, partitions):
    """In how many interpretations of the circuits inside of which only two last hidden neurons vary the output is the
    parity of these, which is not allowed. `ways` (once and expanded, states) are those to the states before."""
    points_a, points_b = a.points, b.points
    varying_a, which_a = by_varying(a, tables)
    varying_b, which_b = by_varying(b, tables)
    everything = all_inputs(tables.sets.shape[2])
    total = 0.0
    pair = np.zeros(4, np.int64)
    for p in range(len(points_a)):
        if varying_a[p] > 2:
            continue
        for q in range(len(points_b)):
            if varying_a[p] + varying_b[q] != 2 or side_of_pair(points_a, p, points_b, q, goal) != INSIDE:
                continue
            for k in range(4):
                split = 2 * varying_a[p]
                pair[k] = which_a[p, k] if k < split else which_b[q, k - split]
            total += parities(pair, decision, everything, ways, tables, partitions)[0]
    return total


@njit(cache=True, nogil=True)
def mark_doubtful(rows, tables, vectors):
    """Put 0 into the `vectors` (rows, 1) of rows with a neuron whose readings are in doubt."""
    start, digits, sets = rows.start, rows.digits, rows.sets
    for row in range(len(digits)):
        for j in range(digits.shape[1]):
            if tables.doubtful[start + j, sets[j, digits[row, j]]]:
                vectors[row, 0] = 0.0


@njit(cache=True, nogil=True)
def all_tables(shared, used, layout, rule, partitions, powers):
    """The tables of all last hidden neurons with all sets of parents among `used`."""
    tables = new_tables(layout, shared.ways.shape[1], partitions.constant.shape[1])
    sets, number = sets_of_parents(0, layout.widths[-2], used, layout)
    for j in range(len(number)):
        for choice in range(1, number[j]):
            make_table(j, sets[j, choice], shared, layout, rule, partitions, powers, tables)
    return tables


@njit(cache=True, nogil=True)
def rows_of(start, stop, points, tree, used, layout):
    """The rows of the half of the last hidden neurons `start` to `stop` - 1, of which the `used` neurons before may be
    parents; `points` (rows, dimensions) are in the order of its tree."""
    sets, number = sets_of_parents(start, stop, used, layout)
    return Rows(start, points, tree, digits_of(tree.order, number), sets, number)


@njit(cache=True, nogil=True)
def circuits_inside(a, b, inside, tables):
    """How many circuits are inside, and of how many no last hidden neuron may have other readings by errors of its
    activations."""
    # Vectors of one entry: each circuit counts, then each that is certain.
    ones_a, ones_b = np.ones((len(a.digits), 1)), np.ones((len(b.digits), 1))
    circuits = inner_products(ones_a, a.tree, ones_b, b.tree, inside)
    mark_doubtful(a, tables, ones_a)
    mark_doubtful(b, tables, ones_b)
    return circuits, inner_products(ones_a, a.tree, ones_b, b.tree, inside)


@njit(cache=True, nogil=True)
def products_inside(a, b, inside, asked, weights, ways, tables):
    """The sum over the circuits inside of the products of their neurons' tables, for the partitions `asked` (entries,),
    each with its weight of `weights` (entries,), and each state as often as `ways` (states,) says."""
    ones = np.ones(len(asked))
    vectors_a, vectors_b = np.empty((len(a.digits), len(asked))), np.empty((len(b.digits), len(asked)))
    total = 0.0
    for s in range(len(ways)):
        if ways[s]:
            fill_vectors(a, s, asked, weights, tables, vectors_a)
            fill_vectors(b, s, asked, ones, tables, vectors_b)
            total += ways[s] * inner_products(vectors_a, a.tree, vectors_b, b.tree, inside)
    return total
