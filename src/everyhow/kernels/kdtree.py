"""A kd-tree over points, kept as arrays: node k has the children 2k + 1 and 2k + 2, the last level being leaves.

Each node halves its points at the middle of the axis along which they reach furthest, so that boxes are small and every
leaf holds about as many points. The points are put in the order of the leaves: those of a node are adjacent rows, so
that a node is a range of rows, and no point is looked up by index.
"""

from typing import NamedTuple

import numpy as np

from .compiling import njit

LEAF_SIZE = 24


class Tree(NamedTuple):
    """A tree over points that were reordered.

    Attributes:
        order: (points,), which point each row was before.
        starts: (nodes,), the first row of each node.
        stops: (nodes,), the row after its last one.
        low: (nodes, dimensions), where the box around a node's points begins.
        high: (nodes, dimensions), where it ends; the points may lie on its sides.
    """

    order: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    low: np.ndarray
    high: np.ndarray


@njit(cache=True, nogil=True)
def swap(order, points, a, b):
    """Swap rows `a` and `b` of `points` (points, dimensions), and of `order` (points,)."""
    order[a], order[b] = order[b], order[a]
    for d in range(points.shape[1]):
        points[a, d], points[b, d] = points[b, d], points[a, d]


@njit(cache=True, nogil=True)
def select_middle(order, points, axis, start, stop, middle):
    """Reorder the rows `start` to `stop` - 1 of `points` (points, dimensions), and of `order` (points,), so that
    nothing before `middle` lies above what follows it on `axis`."""
    # Quickselect: only the part that `middle` falls into is divided further.
    stop -= 1
    while start < stop:
        pivot = points[(start + stop) // 2, axis]
        left, right = start, stop
        while left <= right:
            while points[left, axis] < pivot:
                left += 1
            while points[right, axis] > pivot:
                right -= 1
            if left <= right:
                swap(order, points, left, right)
                left += 1
                right -= 1
        if middle <= right:
            stop = right
        elif middle >= left:
            start = left
        else:
            return


@njit(cache=True, nogil=True)
def halved(points, groups):
    """Order `points` (points, dimensions) as the leaves of a kd-tree with so many `groups`, a power of two: the order,
    and the first row of each group, with the end after them."""
    bounds, order = np.zeros(groups + 1, np.int64), np.arange(len(points))
    bounds[groups] = len(points)
    # Halved at the middle of the longest side, level by level.
    step = groups
    while step > 1:
        for group in range(0, groups, step):
            start, stop = bounds[group], bounds[group + step]
            axis, longest = 0, -1.0
            for d in range(points.shape[1]):
                least, largest = np.inf, -np.inf
                for i in range(start, stop):
                    least, largest = min(least, points[i, d]), max(largest, points[i, d])
                if largest - least > longest:
                    axis, longest = d, largest - least
            select_middle(order, points, axis, start, stop, (start + stop) // 2)
            bounds[group + step // 2] = (start + stop) // 2
        step //= 2
    return order, bounds


@njit(cache=True, nogil=True)
def box_around(points):
    """The least and the largest of `points` (points, dimensions) in each dimension; of what is not a number, all."""
    low, high = np.full(points.shape[1], np.inf), np.full(points.shape[1], -np.inf)
    for p in range(len(points)):
        for d in range(points.shape[1]):
            value = points[p, d]
            low[d], high[d] = min(low[d], value), max(high[d], value)
            if value != value:
                low[d], high[d] = -np.inf, np.inf
    return low, high


@njit(cache=True, nogil=True)
def build_tree(points):
    """The tree over `points` (points, dimensions), which are reordered."""
    n, dimensions = points.shape
    # As many levels as it takes until leaves are small; all of them are full.
    levels = 0
    while n >> levels > LEAF_SIZE:
        levels += 1
    nodes = (2 << levels) - 1
    order = np.arange(n)
    starts = np.zeros(nodes, np.int64)
    stops = np.zeros(nodes, np.int64)
    low, high = np.empty((nodes, dimensions)), np.empty((nodes, dimensions))
    stops[0] = n
    for node in range(nodes):
        start, stop = starts[node], stops[node]
        for d in range(dimensions):
            least, most = np.inf, -np.inf
            for k in range(start, stop):
                value = points[k, d]
                if value < least:
                    least = value
                if value > most:
                    most = value
                if value != value:
                    # What is not a number lies nowhere; a group with it is never settled whole.
                    least, most = -np.inf, np.inf
            low[node, d], high[node, d] = least, most
        if 2 * node + 2 < nodes:
            # The axis along which the points reach furthest.
            axis = 0
            for d in range(1, dimensions):
                if high[node, d] - low[node, d] > high[node, axis] - low[node, axis]:
                    axis = d
            middle = (start + stop) // 2
            select_middle(order, points, axis, start, stop, middle)
            starts[2 * node + 1], stops[2 * node + 1] = start, middle
            starts[2 * node + 2], stops[2 * node + 2] = middle, stop
    return Tree(order, starts, stops, low, high)
