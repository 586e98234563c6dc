"""The circuits that meet a criterion and have no other one inside, prefix by prefix, without listing all that meet it.

Of a prefix's two halves, a row is left out that does not meet the criterion with any row of the other, as far as the
box around those tells, or whose edges with those of the prefix contain a circuit found before: nothing with it is
minimal. What is left is walked as two kd-trees, so that what surely does not meet the criterion is never looked at pair
by pair. So the work grows with the circuits that meet it, not with all that there are.

Arrays as in layout, halves and pairs. `minimal` (room,) are the circuits found, as bits, of which the first `count`
count, and none contains another.
"""

import numpy as np

from .circuits import prefix_halves
from .compiling import njit
from .halves import Half
from .kdtree import box_around, build_tree
from .pairs import INSIDE, OUTSIDE, children_of, extent, side_of_groups, side_of_pair


@njit(cache=True, nogil=True)
def contains_any(bits, minimal, count):
    """Whether any of the first `count` of `minimal` lies within `bits`."""
    for m in range(count):
        if minimal[m] & ~bits == 0:
            # What lies within one set often lies within the next: let it move towards the front.
            minimal[m], minimal[m // 2] = minimal[m // 2], minimal[m]
            return True
    return False


@njit(cache=True, nogil=True)
def with_one_more(bits, minimal, count):
    """`minimal` and `count` with a set that contains none of them; those that contain it go."""
    kept = 0
    for m in range(count):
        if bits & ~minimal[m] != 0:
            minimal[kept] = minimal[m]
            kept += 1
    if kept == len(minimal):
        wider = np.empty(2 * kept, np.uint64)
        wider[:kept] = minimal
        minimal = wider
    minimal[kept] = bits
    return minimal, kept + 1


@njit(cache=True, nogil=True)
def rows_left(half, other, goal, prefix_bits, minimal, count):
    """The rows of a half that may meet the goal with some row of the other half, and that with the edges of the prefix
    contain none of the circuits found."""
    points, bits = half.points, half.bits
    low, high = box_around(other.points)
    left = np.zeros(len(points), np.bool_)
    for row in range(len(points)):
        if side_of_groups(points[row], points[row], low, high, goal) != OUTSIDE:
            left[row] = not contains_any(prefix_bits | bits[row], minimal, count)
    rows = np.flatnonzero(left)
    return Half(points[rows], half.labels[rows], half.cover[rows], bits[rows])


@njit(cache=True, nogil=True)
def minimal_with_prefix(masks, prefix_bits, needed, layout, first, feeding, goal, minimal, count):
    """`minimal` and `count` with the circuits of one prefix, `masks` (layers, widest), in which no scenario may be
    wrong; `prefix_bits` and `needed` as in `next_circuits`."""
    one, two = prefix_halves(masks, layout, first, feeding, 0)
    # What is left of one half leaves less of the other.
    for _ in range(2):
        two = rows_left(two, one, goal, prefix_bits, minimal, count)
        one = rows_left(one, two, goal, prefix_bits, minimal, count)
        if not len(one.bits) or not len(two.bits):
            return minimal, count
    points_a, points_b = one.points, two.points
    tree_a, tree_b = build_tree(points_a), build_tree(points_b)
    low_a, high_a, low_b, high_b = tree_a.low, tree_a.high, tree_b.low, tree_b.high
    cover_a, cover_b = one.cover[tree_a.order], two.cover[tree_b.order]
    bits_a, bits_b = one.bits[tree_a.order], two.bits[tree_b.order]
    nodes_a, nodes_b = len(tree_a.starts), len(tree_b.starts)
    stack = np.zeros((256, 2), np.int64)
    top = 1
    while top:
        top -= 1
        a, b = stack[top]
        side = side_of_groups(low_a[a], high_a[a], low_b[b], high_b[b], goal)
        if side == OUTSIDE:
            continue
        a1, b1, a2, b2 = -1, -1, -1, -1
        if side != INSIDE:
            extents = extent(low_a[a], high_a[a]), extent(low_b[b], high_b[b])
            a1, b1, a2, b2 = children_of(a, b, nodes_a, nodes_b, extents[0], extents[1])
        if a1 >= 0:
            stack[top, 0], stack[top, 1] = a1, b1
            stack[top + 1, 0], stack[top + 1, 1] = a2, b2
            top += 2
            continue
        for p in range(tree_a.starts[a], tree_a.stops[a]):
            for q in range(tree_b.starts[b], tree_b.stops[b]):
                if (cover_a[p] | cover_b[q]) & needed != needed:
                    continue
                if side == INSIDE or side_of_pair(points_a, p, points_b, q, goal) == INSIDE:
                    bits = prefix_bits | bits_a[p] | bits_b[q]
                    if not contains_any(bits, minimal, count):
                        minimal, count = with_one_more(bits, minimal, count)
    return minimal, count


@njit(cache=True, nogil=True)
def minimal_with_prefixes(prefixes, bits, needed, layout, first, feeding, goal, minimal, count):
    """As `minimal_with_prefix`, for one prefix after the other: `prefixes` (prefixes, layers, widest), `bits` and
    `needed` (prefixes,)."""
    for k in range(len(prefixes)):
        minimal, count = minimal_with_prefix(
            prefixes[k], bits[k], needed[k], layout, first, feeding, goal, minimal, count
        )
    return minimal, count
