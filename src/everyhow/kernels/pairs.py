"""Pairs of one point of each half whose sum meets a goal: counted by label, and picked by rank.

Two kd-trees, one over each half, are walked together. The boxes around two groups of points bound the sums of all their
pairs. Where all sums are surely on one side, the groups are counted whole; else the longer one is halved; only pairs of
leaves near a side of the goal's boxes are looked at one by one. So a group far from every boundary costs nothing.

A goal is as in layout. A sum is right in a scenario when all its coordinates there lie in the box. A pair is inside,
and so certain, when the scenarios of each part in which its sum is not in the inner box weigh no more than `allowed`.
It is outside when this does not even hold of the outer box; else it is between, and only possible.

The choice between `side_of_groups` or `side_of_pair`, and `side_of_blocks_with_errors`, is repeated at each call on
purpose: inside a function of its own it is not inlined, and a walk takes three times as long.

Arrays: `points_a` and `points_b` (points, dimensions), a dimension for each coordinate of the goal; `labels_a` and
`labels_b` (points,); `goal` (rows, dimensions); `found` (inside and between, labels). A box of a group is `low` and
`high` (dimensions,).
"""

import numpy as np

from .compiling import njit
from .kdtree import build_tree
from .layout import INNER_HIGH, INNER_LOW, OPENS, OUTER_HIGH, OUTER_LOW, STARTS, WEIGHT

# On which side of the two boxes of a goal: outside both, between them, or inside both.
OUTSIDE, BETWEEN, INSIDE = 0, 1, 2


@njit(cache=True, nogil=True)
def side_of_pair(points_a, p, points_b, q, goal):
    """OUTSIDE, BETWEEN or INSIDE for point p of A with point q of B, where no scenario may be wrong."""
    side = INSIDE
    for d in range(points_a.shape[1]):
        total = points_a[p, d] + points_b[q, d]
        # Asked this way round, a sum that is not a number is outside.
        if not (total > goal[OUTER_LOW, d] and total <= goal[OUTER_HIGH, d]):
            return OUTSIDE
        if not (total > goal[INNER_LOW, d] and total <= goal[INNER_HIGH, d]):
            side = BETWEEN
    return side


@njit(cache=True, nogil=True)
def side_of_groups(low_a, high_a, low_b, high_b, goal):
    """OUTSIDE or INSIDE when all pairs of the two groups surely are, else BETWEEN."""
    side = INSIDE
    for d in range(len(low_a)):
        low, high = low_a[d] + low_b[d], high_a[d] + high_b[d]
        if high <= goal[OUTER_LOW, d] or low > goal[OUTER_HIGH, d]:
            return OUTSIDE
        if not (low > goal[INNER_LOW, d] and high <= goal[INNER_HIGH, d]):
            side = BETWEEN
    return side


@njit(cache=True, nogil=True)
def side_of_blocks_with_errors(low_a, high_a, low_b, high_b, goal, allowed):
    """As side_of_groups, where some scenarios may be wrong: OUTSIDE when those that surely are wrong weigh too much,
    INSIDE when those that may be wrong do not. Of two groups of one point each, the side of the pair."""
    # `here` is the side in one scenario. `doubtful` weighs those that may be wrong, `wrong` those that surely are.
    side, here = INSIDE, INSIDE
    doubtful = wrong = 0.0
    for d in range(len(low_a)):
        if goal[STARTS, d]:
            here = INSIDE
        if goal[OPENS, d]:
            doubtful = wrong = 0.0
        low, high = low_a[d] + low_b[d], high_a[d] + high_b[d]
        outside = high <= goal[OUTER_LOW, d] or low > goal[OUTER_HIGH, d]
        if (low_a[d] == high_a[d] and low_b[d] == high_b[d]) or low_a[d] != low_a[d] or low_b[d] != low_b[d]:
            # A single sum that is not a number is outside.
            outside = not (high > goal[OUTER_LOW, d] and low <= goal[OUTER_HIGH, d])
        if here == INSIDE and (outside or not (low > goal[INNER_LOW, d] and high <= goal[INNER_HIGH, d])):
            here = BETWEEN
            doubtful += goal[WEIGHT, d]
            if doubtful > allowed:
                side = BETWEEN
        if here == BETWEEN and outside:
            here = OUTSIDE
            wrong += goal[WEIGHT, d]
            if wrong > allowed:
                return OUTSIDE
    return side


@njit(cache=True, nogil=True)
def count_pairs_plainly(points_a, labels_a, points_b, labels_b, goal, allowed, found):
    """Add to found[0] the pairs of rows that are inside and to found[1] those between, by the sum of their labels."""
    for p in range(len(points_a)):
        for q in range(len(points_b)):
            if allowed > 0:
                side = side_of_blocks_with_errors(points_a[p], points_a[p], points_b[q], points_b[q], goal, allowed)
            else:
                side = side_of_pair(points_a, p, points_b, q, goal)
            if side != OUTSIDE:
                found[INSIDE - side, labels_a[p] + labels_b[q]] += 1


@njit(cache=True, nogil=True)
def node_labels(labels, tree, size):
    """How often each of the labels below `size` occurs in each node: (nodes, size)."""
    nodes = len(tree.starts)
    occurrences = np.zeros((nodes, size), np.int64)
    # From the leaves upwards.
    for node in range(nodes - 1, -1, -1):
        if 2 * node + 2 < nodes:
            occurrences[node] = occurrences[2 * node + 1] + occurrences[2 * node + 2]
        else:
            for k in range(tree.starts[node], tree.stops[node]):
                occurrences[node, labels[k]] += 1
    return occurrences


@njit(cache=True, nogil=True)
def extent(low, high):
    """The longest side of the box from `low` to `high` (dimensions,)."""
    longest = 0.0
    for d in range(len(low)):
        longest = max(longest, high[d] - low[d])
    return longest


@njit(cache=True, nogil=True)
def children_of(a, b, nodes_a, nodes_b, extent_a, extent_b):
    """The two pairs of nodes to look at instead of (a, b): of those that have children, the one of larger extent is
    halved; (-1, ...) when both are leaves."""
    inner_a, inner_b = 2 * a + 2 < nodes_a, 2 * b + 2 < nodes_b
    if inner_a and (not inner_b or extent_a >= extent_b):
        return 2 * a + 1, b, 2 * a + 2, b
    if inner_b:
        return a, 2 * b + 1, a, 2 * b + 2
    return -1, -1, -1, -1


@njit(cache=True, nogil=True)
def count_pairs(points_a, labels_a, points_b, labels_b, goal, allowed, found):
    """As count_pairs_plainly, two kd-trees being walked together so that whole groups are counted at once; the points
    and labels are reordered."""
    tree_a, tree_b = build_tree(points_a), build_tree(points_b)
    low_a, high_a, low_b, high_b = tree_a.low, tree_a.high, tree_b.low, tree_b.high
    labels_a, labels_b = labels_a[tree_a.order], labels_b[tree_b.order]
    size_a, size_b = labels_a.max() + 1, labels_b.max() + 1
    occurrences_a = node_labels(labels_a, tree_a, size_a)
    occurrences_b = node_labels(labels_b, tree_b, size_b)
    # What whole groups of A add to each node of B, multiplied out only once, at the end.
    pending = np.zeros((len(tree_b.starts), size_a), np.int64)
    nodes_a, nodes_b = len(tree_a.starts), len(tree_b.starts)
    stack = np.zeros((256, 2), np.int64)
    top = 1
    while top:
        top -= 1
        a, b = stack[top]
        if allowed > 0:
            side = side_of_blocks_with_errors(low_a[a], high_a[a], low_b[b], high_b[b], goal, allowed)
        else:
            side = side_of_groups(low_a[a], high_a[a], low_b[b], high_b[b], goal)
        if side == OUTSIDE:
            continue
        if side == INSIDE:
            for label in range(size_a):
                pending[b, label] += occurrences_a[a, label]
            continue
        a1, b1, a2, b2 = children_of(a, b, nodes_a, nodes_b, extent(low_a[a], high_a[a]), extent(low_b[b], high_b[b]))
        if a1 >= 0:
            stack[top, 0], stack[top, 1] = a1, b1
            stack[top + 1, 0], stack[top + 1, 1] = a2, b2
            top += 2
            continue
        for p in range(tree_a.starts[a], tree_a.stops[a]):
            for q in range(tree_b.starts[b], tree_b.stops[b]):
                if allowed > 0:
                    pair = side_of_blocks_with_errors(points_a[p], points_a[p], points_b[q], points_b[q], goal, allowed)
                else:
                    pair = side_of_pair(points_a, p, points_b, q, goal)
                if pair != OUTSIDE:
                    found[INSIDE - pair, labels_a[p] + labels_b[q]] += 1
    for b in range(len(tree_b.starts)):
        for label in range(size_a):
            if pending[b, label]:
                for other in range(size_b):
                    found[0, label + other] += pending[b, label] * occurrences_b[b, other]


@njit(cache=True, nogil=True)
def pick_pairs(points_a, points_b, goal, allowed, ranks, pairs):
    """Fill `pairs` (ranks, 2) with the rows of the pairs that have the ascending `ranks` (ranks,) among those inside,
    in the order of a walk of both kd-trees; returns how many pairs are inside. The points are reordered."""
    tree_a, tree_b = build_tree(points_a), build_tree(points_b)
    low_a, high_a, low_b, high_b = tree_a.low, tree_a.high, tree_b.low, tree_b.high
    nodes_a, nodes_b = len(tree_a.starts), len(tree_b.starts)
    stack = np.zeros((256, 2), np.int64)
    top = 1
    passed = 0
    done = 0
    while top:
        top -= 1
        a, b = stack[top]
        if allowed > 0:
            side = side_of_blocks_with_errors(low_a[a], high_a[a], low_b[b], high_b[b], goal, allowed)
        else:
            side = side_of_groups(low_a[a], high_a[a], low_b[b], high_b[b], goal)
        if side == OUTSIDE:
            continue
        if side == INSIDE:
            # All pairs of the two groups have a rank each, row by row; only those asked for are told apart.
            columns = tree_b.stops[b] - tree_b.starts[b]
            size = (tree_a.stops[a] - tree_a.starts[a]) * columns
            while done < len(ranks) and ranks[done] < passed + size:
                row, column = divmod(ranks[done] - passed, columns)
                pairs[done, 0] = tree_a.order[tree_a.starts[a] + row]
                pairs[done, 1] = tree_b.order[tree_b.starts[b] + column]
                done += 1
            passed += size
            continue
        a1, b1, a2, b2 = children_of(a, b, nodes_a, nodes_b, extent(low_a[a], high_a[a]), extent(low_b[b], high_b[b]))
        if a1 >= 0:
            stack[top, 0], stack[top, 1] = a1, b1
            stack[top + 1, 0], stack[top + 1, 1] = a2, b2
            top += 2
            continue
        for p in range(tree_a.starts[a], tree_a.stops[a]):
            for q in range(tree_b.starts[b], tree_b.stops[b]):
                if allowed > 0:
                    side = side_of_blocks_with_errors(points_a[p], points_a[p], points_b[q], points_b[q], goal, allowed)
                else:
                    side = side_of_pair(points_a, p, points_b, q, goal)
                if side == INSIDE:
                    while done < len(ranks) and ranks[done] == passed:
                        pairs[done, 0], pairs[done, 1] = tree_a.order[p], tree_b.order[q]
                        done += 1
                    passed += 1
    return passed


@njit(cache=True, nogil=True)
def next_pairs(one, two, goal, allowed, needed, prefix_bits, start, out):
    """Fill `out` (room,) with the edges, as bits, of the circuits of one prefix that are inside, from row `start` of
    the half `one` on, in the order of the halves' rows, as long as whole rows fit. Returns how many, and the row to go
    on with."""
    points_a, cover_a, points_b, cover_b = one.points, one.cover, two.points, two.cover
    count = 0
    for p in range(start, len(points_a)):
        if count + len(points_b) > len(out):
            return count, p
        for q in range(len(points_b)):
            # A circuit uses every neuron of the prefix, and feeds every output.
            if (cover_a[p] | cover_b[q]) & needed != needed:
                continue
            if allowed > 0:
                side = side_of_blocks_with_errors(points_a[p], points_a[p], points_b[q], points_b[q], goal, allowed)
            else:
                side = side_of_pair(points_a, p, points_b, q, goal)
            if side == INSIDE:
                out[count] = prefix_bits | one.bits[p] | two.bits[q]
                count += 1
    return count, len(points_a)
