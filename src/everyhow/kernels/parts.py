"""Points of one part in leaves, and what is asked of a leaf: which of its points pass a limit with something added.

The points of a leaf are sorted by what they add to each limit. Which of them pass it is then one number: the rank from
which on they do. A row of bits tells the same: row r has a bit for each point of rank r or more, 64 in a word. Rows of
several limits are ANDed, and each word has points of one label, so that the bits that are left are counted by label.

A rank is found in a table of cells of the same width, fine enough that the sums of one or two points decide the rest.

Arrays: `values` (points, conditions) or (conditions, points), what each point adds to each condition, which is one
limit of one dimension, and `labels` (points,). What is added is finite.
"""

from typing import NamedTuple

import numpy as np

from .compiling import njit
from .kdtree import halved

# Cells for each point of a leaf; from so many values in one cell on, they are searched by halving.
CELLS, FEW = 4, 6


class Leaves(NamedTuple):
    """Points of one part, those of a leaf being adjacent, and in a leaf those of one label.

    Attributes:
        starts: (leaves + 1,), the first point of each leaf.
        values: (conditions, points), what they add.
        labels: (points,).
        low: (leaves, conditions), the least that a point of the leaf adds.
        high: (leaves, conditions), the most.
        words: (leaves,), how many words a row of bits has.
        word_labels: (leaves, words), the label of the points of each word.
        word_starts: (leaves, words), the first point of each word.
    """

    starts: np.ndarray
    values: np.ndarray
    labels: np.ndarray
    low: np.ndarray
    high: np.ndarray
    words: np.ndarray
    word_labels: np.ndarray
    word_starts: np.ndarray


class Sorted(NamedTuple):
    """Leaves, as far as they were sorted. A place is a leaf and a condition.

    Attributes:
        ready: (places,), whether the leaf's points are sorted by the condition.
        values: (places, points), what they add, ascending.
        order: (places, points), the point of each rank, counted from the leaf's first; its bit where `step` is above 1.
        cells: (places, cells + 1), how many of the values lie before each cell.
        scaling: (places, 2), where the cells begin, and how many there are to a unit.
        tables: (places, rows, words), the rows of the ranks 0, `step`, 2 `step` and so on, with a last one of zeros.
    """

    ready: np.ndarray
    values: np.ndarray
    order: np.ndarray
    cells: np.ndarray
    scaling: np.ndarray
    tables: np.ndarray


@njit(cache=True, nogil=True)
def in_order_of_labels(values, labels, order, starts):
    """Points in leaves that begin at `starts` (leaves + 1,), those of a leaf put in the order of their labels:
    (conditions, points) what they add, their labels, and the box around each leaf. `values` (points, conditions) are in
    leaves, `labels` (points,) as they were before `order` (points,)."""
    (points, conditions), leaves = values.shape, len(starts) - 1
    by_label, label_of = np.empty((conditions, points)), np.empty(points, np.int64)
    low, high = np.full((leaves, conditions), np.inf), np.full((leaves, conditions), -np.inf)
    places = np.zeros(labels.max() + 2, np.int64)
    for leaf in range(leaves):
        places[:] = 0
        for i in range(starts[leaf], starts[leaf + 1]):
            places[labels[order[i]] + 1] += 1
        for label in range(1, len(places)):
            places[label] += places[label - 1]
        for i in range(starts[leaf], starts[leaf + 1]):
            label = labels[order[i]]
            place = starts[leaf] + places[label]
            places[label] += 1
            label_of[place] = label
            for k in range(conditions):
                by_label[k, place] = values[i, k]
                low[leaf, k], high[leaf, k] = min(low[leaf, k], values[i, k]), max(high[leaf, k], values[i, k])
    return by_label, label_of, low, high


@njit(cache=True, nogil=True)
def fill_cells(ascending, number, cells):
    """Fill `cells` (number + 1,) with how many of the values `ascending` (points,) lie before each of so many cells of
    the same width, which begin at the least; returns how many cells there are to a unit."""
    points, least = len(ascending), ascending[0]
    width = ascending[points - 1] - least
    scale = (number - 1) / width if width > 0 else 0.0
    # Values so near each other that cells would be too narrow are all in one.
    scale = scale if scale < np.inf else 0.0
    i = 0
    for cell in range(number + 1):
        while i < points and np.int64((ascending[i] - least) * scale) < cell:
            i += 1
        cells[cell] = i
    return scale


@njit(cache=True, nogil=True)
def in_leaves(values, labels, most, near):
    """Points in leaves of at most `most`; `values` (points, conditions) are reordered. Those of one label are in the
    order of a kd-tree with leaves of at most `near`, so that the points of a word are near each other."""
    points, leaves = len(values), 1
    while points > most * leaves:
        leaves *= 2
    groups = leaves
    while points > near * groups:
        groups *= 2
    order, bounds = halved(values, groups)
    starts = bounds[:: groups // leaves].copy()
    by_label, label_of, low, high = in_order_of_labels(values, labels, order, starts)
    largest, kinds = 0, 0
    for leaf in range(leaves):
        here = 0
        for i in range(starts[leaf], starts[leaf + 1]):
            here += 1 if i == starts[leaf] or label_of[i] != label_of[i - 1] else 0
        largest, kinds = max(largest, starts[leaf + 1] - starts[leaf]), max(kinds, here)
    most_words = largest // 64 + kinds
    words, word_labels = np.zeros(leaves, np.int64), np.zeros((leaves, most_words), np.int64)
    word_starts = np.zeros((leaves, most_words), np.int64)
    for leaf in range(leaves):
        word, first = -1, 0
        for i in range(starts[leaf], starts[leaf + 1]):
            if i == starts[leaf] or label_of[i] != label_of[i - 1]:
                first = i
            # Each word has points of one label.
            if (i - first) % 64 == 0:
                word += 1
                word_labels[leaf, word], word_starts[leaf, word] = label_of[i], i
        words[leaf] = word + 1
    return Leaves(starts, by_label, label_of, low, high, words, word_labels, word_starts)


@njit(cache=True, nogil=True)
def room_to_sort(leaves, number, step):
    """So many leaves at a time, none of which is sorted, every `step`th row being kept; no rows where `step` is 0."""
    points = 0
    for leaf in range(len(leaves.starts) - 1):
        points = max(points, leaves.starts[leaf + 1] - leaves.starts[leaf])
    places = number * len(leaves.values)
    rows = points // step + 2 if step else 0
    return Sorted(
        np.zeros(places, np.bool_),
        np.empty((places, points)),
        np.empty((places, points), np.int64),
        np.empty((places, CELLS * points + 1), np.int32),
        np.empty((places, 2)),
        np.empty((places, rows, leaves.word_labels.shape[1]), np.uint64),
    )


@njit(cache=True, nogil=True)
def sort_by(k, leaf, leaves, place, room, step):
    """Sort a leaf by condition `k` into a place of `room` (Sorted), and keep every `step`th row of bits."""
    start, points, words = leaves.starts[leaf], leaves.starts[leaf + 1] - leaves.starts[leaf], leaves.words[leaf]
    order = np.argsort(leaves.values[k, start : start + points])
    for i in range(points):
        room.values[place, i], room.order[place, i] = leaves.values[k, start + order[i]], order[i]
    room.scaling[place, 0] = room.values[place, 0]
    room.scaling[place, 1] = fill_cells(room.values[place, :points], CELLS * points, room.cells[place])
    room.ready[place] = True
    if not step:
        return
    bits, word = np.empty(points, np.int64), 0
    for i in range(points):
        if word + 1 < words and start + i >= leaves.word_starts[leaf, word + 1]:
            word += 1
        bits[i] = 64 * word + start + i - leaves.word_starts[leaf, word]
    row, table = np.zeros(words, np.uint64), room.tables[place]
    for w in range(words):
        table[points // step + 1, w] = np.uint64(0)
    for r in range(points, -1, -1):
        if r < points:
            bit = bits[order[r]]
            row[bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
        if r % step == 0:
            for w in range(words):
                table[r // step, w] = row[w]
    if step > 1:
        # Between two rows, points are added one by one.
        for i in range(points):
            room.order[place, i] = bits[order[i]]


@njit(cache=True, nogil=True)
def rank_in(values, cells, least, scale, points, moved, raised, limit):
    """How many of the first `points` of `values`, ascending, are not above `limit` with `moved`, and then `raised`,
    added."""
    # The cell of the value that just does not pass tells about where that is; the sums themselves decide.
    one, position = np.uint64(1), (((limit - raised) - moved) - least) * scale
    cell, end = np.uint64(min(max(position, 0.0), CELLS * points - 1.0)), np.uint64(points)
    rank, after = np.uint64(cells[cell]), np.uint64(cells[cell + one])
    while after - rank > FEW:
        middle = (rank + after) >> one
        if raised + (values[middle] + moved) > limit:
            after = middle
        else:
            rank = middle + one
    while rank > 0 and raised + (values[rank - one] + moved) > limit:
        rank -= one
    while rank < end and not raised + (values[rank] + moved) > limit:
        rank += one
    return np.int64(rank)


@njit(cache=True, nogil=True)
def fill_plainly(values, word_starts, stop, moved, raised, limit, row):
    """Fill `row` with the bits of the points before `stop` that are above `limit` with `moved`, and then
    `raised`, added to what they add, `values` (points,). The words begin at `word_starts` (words,)."""
    one = np.uint64(1)
    words = len(word_starts)
    for w in range(words):
        start, end, bits = word_starts[w], word_starts[w + 1] if w + 1 < words else stop, np.uint64(0)
        for i in range(end - start):
            bits |= (one if raised + (values[start + i] + moved) > limit else np.uint64(0)) << np.uint64(i)
        row[w] = bits


@njit(cache=True, nogil=True)
def fill_row(place, rank, points, words, tables, bits, step, row):
    """Fill `row` with the bits of the points of a rank or more, where every `step`th row is kept; `bits`
    (places, points) has the bit of the point of each rank."""
    line = (rank + step - 1) // step
    for w in range(words):
        row[w] = tables[place, line, w]
    for i in range(rank, min(line * step, points)):
        bit = np.uint64(bits[place, i])
        row[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
