"""Pairs of one point of each half whose sum falls in a box: counted by label, and picked by rank.

`limits` (2, 2, dimensions) holds two half-open boxes (low, high], the inner one first: limits[k, 0] and limits[k, 1]
are the low and high ends of box k. A pair is certain inside the inner box and possible inside the outer one.
"""

import numpy as np
from numba import njit

from .kdtree import build_tree

NOWHERE, POSSIBLE, CERTAIN = 0, 1, 2


@njit(cache=True, nogil=True)
def place_of_pair(points_a, p, points_b, q, limits):
    """NOWHERE, POSSIBLE or CERTAIN for point p of A with point q of B."""
    dimensions = points_a.shape[1]
    for d in range(dimensions):
        total = points_a[p, d] + points_b[q, d]
        # Asked this way round, a sum that is not a number lies nowhere.
        if not (total > limits[1, 0, d] and total <= limits[1, 1, d]):
            return NOWHERE
    for d in range(dimensions):
        total = points_a[p, d] + points_b[q, d]
        if not (total > limits[0, 0, d] and total <= limits[0, 1, d]):
            return POSSIBLE
    return CERTAIN


@njit(cache=True, nogil=True)
def place_of_blocks(low_a, high_a, low_b, high_b, limits):
    """NOWHERE or CERTAIN when it holds for all pairs of the two blocks, else POSSIBLE."""
    place = CERTAIN
    for d in range(len(low_a)):
        low, high = low_a[d] + low_b[d], high_a[d] + high_b[d]
        if high <= limits[1, 0, d] or low > limits[1, 1, d]:
            return NOWHERE
        if not (low > limits[0, 0, d] and high <= limits[0, 1, d]):
            place = POSSIBLE
    return place


@njit(cache=True, nogil=True)
def count_pairs_plainly(points_a, labels_a, points_b, labels_b, limits, found):
    """Add to found[0] the certain pairs and to found[1] the only possible ones, by the sum of their labels."""
    for p in range(len(points_a)):
        for q in range(len(points_b)):
            place = place_of_pair(points_a, p, points_b, q, limits)
            if place != NOWHERE:
                found[CERTAIN - place, labels_a[p] + labels_b[q]] += 1


@njit(cache=True, nogil=True)
def node_labels(labels, starts, stops, size):
    """How often each label occurs in each node."""
    occurrences = np.zeros((len(starts), size), np.int64)
    for node in range(len(starts) - 1, -1, -1):
        if 2 * node + 2 < len(starts):
            occurrences[node] = occurrences[2 * node + 1] + occurrences[2 * node + 2]
        else:
            for k in range(starts[node], stops[node]):
                occurrences[node, labels[k]] += 1
    return occurrences


@njit(cache=True, nogil=True)
def children_of(a, b, nodes_a, nodes_b, spread_a, spread_b):
    """The two pairs of nodes to look at instead of (a, b): the wider node that has children is halved; (-1, ...)
    when both are leaves."""
    inner_a, inner_b = 2 * a + 2 < nodes_a, 2 * b + 2 < nodes_b
    if inner_a and (not inner_b or spread_a >= spread_b):
        return 2 * a + 1, b, 2 * a + 2, b
    if inner_b:
        return a, 2 * b + 1, a, 2 * b + 2
    return -1, -1, -1, -1


@njit(cache=True, nogil=True)
def spread(low, high):
    widest = 0.0
    for d in range(len(low)):
        widest = max(widest, high[d] - low[d])
    return widest


@njit(cache=True, nogil=True)
def count_pairs(points_a, labels_a, points_b, labels_b, limits, found):
    """As count_pairs_plainly, two kd-trees being walked together so that whole blocks are counted at once; the points
    and labels are reordered."""
    order_a, starts_a, stops_a, low_a, high_a = build_tree(points_a)
    order_b, starts_b, stops_b, low_b, high_b = build_tree(points_b)
    labels_a, labels_b = labels_a[order_a], labels_b[order_b]
    size_a, size_b = labels_a.max() + 1, labels_b.max() + 1
    occurrences_a = node_labels(labels_a, starts_a, stops_a, size_a)
    occurrences_b = node_labels(labels_b, starts_b, stops_b, size_b)
    # What whole blocks of A add to each node of B, multiplied out only once, at the end.
    pending = np.zeros((len(starts_b), size_a), np.int64)
    stack = np.zeros((256, 2), np.int64)
    top = 1
    while top:
        top -= 1
        a, b = stack[top]
        place = place_of_blocks(low_a[a], high_a[a], low_b[b], high_b[b], limits)
        if place == NOWHERE:
            continue
        if place == CERTAIN:
            for label in range(size_a):
                pending[b, label] += occurrences_a[a, label]
            continue
        a1, b1, a2, b2 = children_of(
            a, b, len(starts_a), len(starts_b), spread(low_a[a], high_a[a]), spread(low_b[b], high_b[b])
        )
        if a1 >= 0:
            stack[top, 0], stack[top, 1] = a1, b1
            stack[top + 1, 0], stack[top + 1, 1] = a2, b2
            top += 2
            continue
        for p in range(starts_a[a], stops_a[a]):
            for q in range(starts_b[b], stops_b[b]):
                pair = place_of_pair(points_a, p, points_b, q, limits)
                if pair != NOWHERE:
                    found[CERTAIN - pair, labels_a[p] + labels_b[q]] += 1
    for b in range(len(starts_b)):
        for label in range(size_a):
            if pending[b, label]:
                for other in range(size_b):
                    found[0, label + other] += pending[b, label] * occurrences_b[b, other]


@njit(cache=True, nogil=True)
def pick_pairs(points_a, points_b, limits, ranks, pairs):
    """Fill `pairs` (ranks, 2) with the pairs inside the inner box that have the given ascending ranks, in the order
    of a walk of both kd-trees; returns how many pairs lie in the box. The points are reordered."""
    order_a, starts_a, stops_a, low_a, high_a = build_tree(points_a)
    order_b, starts_b, stops_b, low_b, high_b = build_tree(points_b)
    stack = np.zeros((256, 2), np.int64)
    top = 1
    passed = 0
    done = 0
    while top:
        top -= 1
        a, b = stack[top]
        place = place_of_blocks(low_a[a], high_a[a], low_b[b], high_b[b], limits)
        if place == NOWHERE:
            continue
        if place == CERTAIN:
            columns = stops_b[b] - starts_b[b]
            size = (stops_a[a] - starts_a[a]) * columns
            while done < len(ranks) and ranks[done] < passed + size:
                row, column = divmod(ranks[done] - passed, columns)
                pairs[done, 0] = order_a[starts_a[a] + row]
                pairs[done, 1] = order_b[starts_b[b] + column]
                done += 1
            passed += size
            continue
        a1, b1, a2, b2 = children_of(
            a, b, len(starts_a), len(starts_b), spread(low_a[a], high_a[a]), spread(low_b[b], high_b[b])
        )
        if a1 >= 0:
            stack[top, 0], stack[top, 1] = a1, b1
            stack[top + 1, 0], stack[top + 1, 1] = a2, b2
            top += 2
            continue
        for p in range(starts_a[a], stops_a[a]):
            for q in range(starts_b[b], stops_b[b]):
                if place_of_pair(points_a, p, points_b, q, limits) == CERTAIN:
                    while done < len(ranks) and ranks[done] == passed:
                        pairs[done, 0], pairs[done, 1] = order_a[p], order_b[q]
                        done += 1
                    passed += 1
    return passed


@njit(cache=True, nogil=True)
def next_pairs(points_a, cover_a, bits_a, points_b, cover_b, bits_b, limits, needed, prefix_bits, start, out):
    """Fill `out` with the edges of the circuits of one prefix, from row `start` of the first half on, in the order
    of the halves' rows, as long as whole rows fit. Returns how many, and the row to go on with."""
    count = 0
    for p in range(start, len(points_a)):
        if count + len(points_b) > len(out):
            return count, p
        for q in range(len(points_b)):
            if (cover_a[p] | cover_b[q]) & needed != needed:
                continue
            if place_of_pair(points_a, p, points_b, q, limits) == CERTAIN:
                out[count] = prefix_bits | bits_a[p] | bits_b[q]
                count += 1
    return count, len(points_a)
