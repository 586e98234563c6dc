"""Pairs of one point of each half whose sum meets a goal: counted by label, and picked by rank.

A goal is as in layout. A sum is right in a scenario when all its coordinates there lie in the box. A pair is certain
when the scenarios of each part in which it is not inside the inner box weigh no more than `allowed`, and possible when
this holds of the outer one. Which function to ask is decided at every call: a function that decides it is not inlined,
and walks then take three times as long.
"""

import numpy as np

from .compiling import njit
from .kdtree import build_tree
from .layout import INNER_HIGH, INNER_LOW, OPENS, OUTER_HIGH, OUTER_LOW, STARTS, WEIGHT

NOWHERE, POSSIBLE, CERTAIN = 0, 1, 2


@njit(cache=True, nogil=True)
def place_of_pair(points_a, p, points_b, q, goal):
    """NOWHERE, POSSIBLE or CERTAIN for point p of A with point q of B."""
    place = CERTAIN
    for d in range(points_a.shape[1]):
        total = points_a[p, d] + points_b[q, d]
        # Asked this way round, a sum that is not a number lies nowhere.
        if not (total > goal[OUTER_LOW, d] and total <= goal[OUTER_HIGH, d]):
            return NOWHERE
        if not (total > goal[INNER_LOW, d] and total <= goal[INNER_HIGH, d]):
            place = POSSIBLE
    return place


@njit(cache=True, nogil=True)
def place_of_blocks(low_a, high_a, low_b, high_b, goal):
    """NOWHERE or CERTAIN when it holds for all pairs of the two blocks, else POSSIBLE."""
    place = CERTAIN
    for d in range(len(low_a)):
        low, high = low_a[d] + low_b[d], high_a[d] + high_b[d]
        if high <= goal[OUTER_LOW, d] or low > goal[OUTER_HIGH, d]:
            return NOWHERE
        if not (low > goal[INNER_LOW, d] and high <= goal[INNER_HIGH, d]):
            place = POSSIBLE
    return place


@njit(cache=True, nogil=True)
def place_of_blocks_with_errors(low_a, high_a, low_b, high_b, goal, allowed):
    """As place_of_blocks, where some scenarios may be wrong; of two points, their place."""
    place, here = CERTAIN, CERTAIN
    doubtful = wrong = 0.0
    for d in range(len(low_a)):
        if goal[STARTS, d]:
            here = CERTAIN
        if goal[OPENS, d]:
            doubtful = wrong = 0.0
        low, high = low_a[d] + low_b[d], high_a[d] + high_b[d]
        outside = high <= goal[OUTER_LOW, d] or low > goal[OUTER_HIGH, d]
        if (low_a[d] == high_a[d] and low_b[d] == high_b[d]) or low_a[d] != low_a[d] or low_b[d] != low_b[d]:
            # A single sum that is not a number lies nowhere.
            outside = not (high > goal[OUTER_LOW, d] and low <= goal[OUTER_HIGH, d])
        if here == CERTAIN and (outside or not (low > goal[INNER_LOW, d] and high <= goal[INNER_HIGH, d])):
            here = POSSIBLE
            doubtful += goal[WEIGHT, d]
            if doubtful > allowed:
                place = POSSIBLE
        if here == POSSIBLE and outside:
            here = NOWHERE
            wrong += goal[WEIGHT, d]
            if wrong > allowed:
                return NOWHERE
    return place


@njit(cache=True, nogil=True)
def count_pairs_plainly(points_a, labels_a, points_b, labels_b, goal, allowed, found):
    """Add to found[0] the certain pairs and to found[1] the only possible ones, by the sum of their labels."""
    for p in range(len(points_a)):
        for q in range(len(points_b)):
            if allowed > 0:
                place = place_of_blocks_with_errors(points_a[p], points_a[p], points_b[q], points_b[q], goal, allowed)
            else:
                place = place_of_pair(points_a, p, points_b, q, goal)
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
def count_pairs(points_a, labels_a, points_b, labels_b, goal, allowed, found):
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
        if allowed > 0:
            place = place_of_blocks_with_errors(low_a[a], high_a[a], low_b[b], high_b[b], goal, allowed)
        else:
            place = place_of_blocks(low_a[a], high_a[a], low_b[b], high_b[b], goal)
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
                if allowed > 0:
                    pair = place_of_blocks_with_errors(
                        points_a[p], points_a[p], points_b[q], points_b[q], goal, allowed
                    )
                else:
                    pair = place_of_pair(points_a, p, points_b, q, goal)
                if pair != NOWHERE:
                    found[CERTAIN - pair, labels_a[p] + labels_b[q]] += 1
    for b in range(len(starts_b)):
        for label in range(size_a):
            if pending[b, label]:
                for other in range(size_b):
                    found[0, label + other] += pending[b, label] * occurrences_b[b, other]


@njit(cache=True, nogil=True)
def pick_pairs(points_a, points_b, goal, allowed, ranks, pairs):
    """Fill `pairs` (ranks, 2) with the certain pairs of the given ascending ranks, in the order of a walk of both
    kd-trees; returns how many pairs are certain. The points are reordered."""
    order_a, starts_a, stops_a, low_a, high_a = build_tree(points_a)
    order_b, starts_b, stops_b, low_b, high_b = build_tree(points_b)
    stack = np.zeros((256, 2), np.int64)
    top = 1
    passed = 0
    done = 0
    while top:
        top -= 1
        a, b = stack[top]
        if allowed > 0:
            place = place_of_blocks_with_errors(low_a[a], high_a[a], low_b[b], high_b[b], goal, allowed)
        else:
            place = place_of_blocks(low_a[a], high_a[a], low_b[b], high_b[b], goal)
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
                if allowed > 0:
                    place = place_of_blocks_with_errors(
                        points_a[p], points_a[p], points_b[q], points_b[q], goal, allowed
                    )
                else:
                    place = place_of_pair(points_a, p, points_b, q, goal)
                if place == CERTAIN:
                    while done < len(ranks) and ranks[done] == passed:
                        pairs[done, 0], pairs[done, 1] = order_a[p], order_b[q]
                        done += 1
                    passed += 1
    return passed


@njit(cache=True, nogil=True)
def next_pairs(points_a, cover_a, bits_a, points_b, cover_b, bits_b, goal, allowed, needed, prefix_bits, start, out):
    """Fill `out` with the edges of the circuits of one prefix, from row `start` of the first half on, in the order
    of the halves' rows, as long as whole rows fit. Returns how many, and the row to go on with."""
    count = 0
    for p in range(start, len(points_a)):
        if count + len(points_b) > len(out):
            return count, p
        for q in range(len(points_b)):
            if (cover_a[p] | cover_b[q]) & needed != needed:
                continue
            if allowed > 0:
                place = place_of_blocks_with_errors(points_a[p], points_a[p], points_b[q], points_b[q], goal, allowed)
            else:
                place = place_of_pair(points_a, p, points_b, q, goal)
            if place == CERTAIN:
                out[count] = prefix_bits | bits_a[p] | bits_b[q]
                count += 1
    return count, len(points_a)
