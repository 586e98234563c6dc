"""Triples of one point of each of three parts whose sum meets a goal: counted by label.

The points of part A are sorted by what they add to each limit. Which of them pass it together with a point of B and an
offset, a point of the third part, is then one number: the rank from which on they do. Where only one limit is open, it
is enough to count ranks. Where several are, row r of a table has a bit for each point of rank r or more, 64 in a word;
the rows of the open limits are ANDed, and the bits that are left are counted.

Most triples need none of this: the boxes around A and around some of B tell for an offset that all sums are on one
side, and the box around A tells it for single points of B. A is asked whole first; what then has several limits open
waits until it is asked with each leaf of A, of some hundred points near each other, of which rows are short.

Every limit is told as a + (b + o) > limit; for an upper one all signs change. A rank is found by that very sum, so that
a triple is judged as if it was looked at alone, rounding included.

Arrays: `points_a`, `points_b`, `points_o` (points, dimensions) and their `labels_` (points,), with a dimension for each
coordinate of the goal; `goal` (rows, dimensions) as in layout; `found` (inside and between, labels) as in pairs. What
is added is finite. A condition is one limit of one dimension. Others are points of B with an offset.
"""

from typing import NamedTuple

import numpy as np

from .compiling import njit
from .kdtree import box_around, halved
from .layout import INNER_HIGH, INNER_LOW, OUTER_HIGH, OUTER_LOW
from .parts import fill_cells, in_order_of_labels

# The most points of a leaf of A, and of B.
LEAF_A, LEAF_B = 512, 128
# What waits to be asked with each leaf of A, at most; and the bytes of what is kept of leaves.
MOST_WAITING, MOST_BYTES = 1 << 16, 1 << 25
# Where conditions are so many that one leaf takes more, leaves are smaller, down to so many points.
LEAST_LEAF = 64
# From so many values in one cell on, they are searched by halving.
FEW = 6


class Leaves(NamedTuple):
    """Points of one part, those of a leaf being adjacent, and in a leaf those of one label.

    Attributes:
        starts: (leaves + 1,), the first point of each leaf.
        values: (conditions, points), what they add.
        labels: (points,).
        low: (leaves, conditions), the least that a point of the leaf adds.
        high: (leaves, conditions), the most.
    """

    starts: np.ndarray
    values: np.ndarray
    labels: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Asked(NamedTuple):
    """Parts of A, each the whole or a leaf, as far as they were asked something. A place is a part and a condition.

    Attributes:
        ready: (places,), whether the part's points are sorted by the condition.
        values: (places, points), what they add, ascending.
        labels: (places, points), theirs.
        cells: (places, cells + 1), how many of the values lie before each of many cells of the same width.
        scaling: (places, 2), where the cells begin, and how many there are to a unit.
        tables: (places, points + 1, words), row r with the bits of the points of rank r or more.
        words: (parts,), how many words a row has.
        word_labels: (parts, words), the label of the points of each word.
    """

    ready: np.ndarray
    values: np.ndarray
    labels: np.ndarray
    cells: np.ndarray
    scaling: np.ndarray
    tables: np.ndarray
    words: np.ndarray
    word_labels: np.ndarray


class Sums(NamedTuple):
    """What is counted of one part of A, not yet joined with the labels of its points.

    Attributes:
        whole: (labels of others,), how many others pass with all points.
        ranks: (conditions, labels of others, points + 1), how many others have each rank in the only open condition.
        ranked: (conditions, labels of others), whether there are any.
        rows: (labels of others, words), how many pairs passed, where several conditions were open.
    """

    whole: np.ndarray
    ranks: np.ndarray
    ranked: np.ndarray
    rows: np.ndarray


class Waiting(NamedTuple):
    """Points of B with an offset that wait to be asked with each leaf of A.

    Attributes:
        count: (1,), how many there are.
        values: (conditions, room), what they add together.
        labels: (room,).
    """

    count: np.ndarray
    values: np.ndarray
    labels: np.ndarray


@njit(cache=True, nogil=True)
def ones(word):
    """How many bits of a word are set, in a form that compilers make one instruction of."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(cache=True, nogil=True)
def conditions_of(goal):
    """The limits of a goal, each told as value > limit: (conditions,) dimensions and signs, and (2, conditions) the
    limits of the inner and of the outer box."""
    dimensions, signs = np.zeros(2 * goal.shape[1], np.int64), np.zeros(2 * goal.shape[1])
    limits = np.zeros((2, 2 * goal.shape[1]))
    count = 0
    for d in range(goal.shape[1]):
        if goal[INNER_LOW, d] > -np.inf or goal[OUTER_LOW, d] > -np.inf:
            dimensions[count], signs[count] = d, 1.0
            limits[0, count], limits[1, count] = goal[INNER_LOW, d], goal[OUTER_LOW, d]
            count += 1
        if goal[INNER_HIGH, d] < np.inf or goal[OUTER_HIGH, d] < np.inf:
            # A value is at most a limit where its negative is above the number before the limit's negative.
            dimensions[count], signs[count] = d, -1.0
            limits[0, count] = np.nextafter(-goal[INNER_HIGH, d], -np.inf)
            limits[1, count] = np.nextafter(-goal[OUTER_HIGH, d], -np.inf)
            count += 1
    return dimensions[:count], signs[:count], limits[:, :count].copy()


@njit(cache=True, nogil=True)
def by_condition(points, dimensions, signs):
    """What each point adds to each condition: (points, conditions)."""
    values = np.empty((len(points), len(dimensions)))
    for i in range(len(points)):
        for k in range(len(dimensions)):
            values[i, k] = signs[k] * points[i, dimensions[k]]
    return values


@njit(cache=True, nogil=True)
def in_leaves(values, labels, most):
    """Points in leaves of at most `most`; `values` (points, conditions) are reordered."""
    points, leaves = len(values), 1
    while points > most * leaves:
        leaves *= 2
    order, starts = halved(values, leaves)
    by_label, label_of, low, high = in_order_of_labels(values, labels, order, starts)
    return Leaves(starts, by_label, label_of, low, high)


@njit(cache=True, nogil=True)
def histograms(leaves):
    """How many points of each leaf have each label: (leaves, labels)."""
    starts, labels = leaves.starts, leaves.labels
    found = np.zeros((len(starts) - 1, labels.max() + 1), np.int64)
    for leaf in range(len(found)):
        for i in range(starts[leaf], starts[leaf + 1]):
            found[leaf, labels[i]] += 1
    return found


@njit(cache=True, nogil=True)
def room_to_ask(parts, conditions, points, words):
    """Parts of at most so many points and words, nothing of which was asked."""
    places = parts * conditions
    return Asked(
        np.zeros(places, np.bool_),
        np.empty((places, points)),
        np.empty((places, points), np.int64),
        np.empty((places, 2 * points + 1), np.int32),
        np.empty((places, 2)),
        np.empty((places, points + 1, words), np.uint64),
        np.zeros(parts, np.int64),
        np.zeros((parts, words), np.int64),
    )


@njit(cache=True, nogil=True)
def room_for_sums(conditions, points, labels, words, by_rank):
    """Sums of which nothing is counted; without ranks where these are too many to be counted."""
    return Sums(
        np.zeros(labels, np.int64),
        np.zeros((conditions, labels if by_rank else 0, points + 1), np.int64),
        np.zeros((conditions, labels if by_rank else 0), np.bool_),
        np.zeros((labels, words), np.int64),
    )


@njit(cache=True, nogil=True)
def sort_by(place, values, labels, part, asked):
    """Sort the points of a part by a condition, to which they add `values` (points,); `labels` (points,) are in order.
    Where the part has words, its table is filled."""
    points = len(values)
    order = np.argsort(values)
    ascending, cells = asked.values[place], asked.cells[place]
    for i in range(points):
        ascending[i] = values[order[i]]
        asked.labels[place, i] = labels[order[i]]
    asked.scaling[place, 0] = ascending[0]
    asked.scaling[place, 1] = fill_cells(ascending[:points], 2 * points, cells)
    asked.ready[place] = True
    words = asked.words[part]
    if not words:
        return
    # Each word has points of one label, so that the bits of a row are counted by label.
    bits, word, i = np.empty(points, np.int64), 0, 0
    while i < points:
        first = i
        while i < points and labels[i] == labels[first]:
            bits[i] = 64 * word + i - first
            i += 1
        word += (i - first + 63) // 64
    table = asked.tables[place]
    table[points, :words] = np.uint64(0)
    for r in range(points - 1, -1, -1):
        table[r, :words] = table[r + 1, :words]
        bit = bits[order[r]]
        table[r, bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)


@njit(cache=True, nogil=True)
def words_by_label(labels, part, asked):
    """Fill how many words a row of a part has, and their labels, as `sort_by` gives them out."""
    words, i = 0, 0
    while i < len(labels):
        first = i
        while i < len(labels) and labels[i] == labels[first]:
            asked.word_labels[part, words + (i - first) // 64] = labels[i]
            i += 1
        words += (i - first + 63) // 64
    asked.words[part] = words


@njit(cache=True, nogil=True)
def rank_in(values, cells, least, scale, points, total, limit):
    """How many of the first `points` of `values`, ascending, are not above `limit` with `total` added."""
    # The cell of the value that just does not pass tells about where that is; the sums themselves decide.
    position = ((limit - total) - least) * scale
    cell = 2 * points - 1 if position >= 2 * points - 1 else np.int64(max(position, 0.0))
    rank, after = np.int64(cells[cell]), np.int64(cells[cell + 1])
    while after - rank > FEW:
        middle = (rank + after) // 2
        if values[middle] + total > limit:
            after = middle
        else:
            rank = middle + 1
    while rank > 0 and values[rank - 1] + total > limit:
        rank -= 1
    while rank < points and not values[rank] + total > limit:
        rank += 1
    return rank


@njit(cache=True, nogil=True)
def open_conditions(low_a, high_a, low_b, high_b, offset, limits, some):
    """Fill `some` (conditions,) with the conditions that some sums pass and others may not; returns how many there are,
    or -1 where no sum passes all. `low_a` to `high_b` (conditions,) are boxes, `offset` (conditions,) a point."""
    count = 0
    for k in range(len(low_a)):
        if high_a[k] + (high_b[k] + offset[k]) <= limits[1, k]:
            return -1
        if not low_a[k] + (low_b[k] + offset[k]) > limits[0, k]:
            some[count] = k
            count += 1
    return count


@njit(cache=True, nogil=True)
def look_at_each(some, leaves_b, b, offset, low_a, high_a, limits, looked):
    """For each point of a leaf of B with an offset, fill `looked` (3, points of a leaf): of the conditions `some`, how
    many no point of A passes, how many some pass and others may not, and the sum of the latter conditions."""
    start, number, values = leaves_b.starts[b], leaves_b.starts[b + 1] - leaves_b.starts[b], leaves_b.values
    failed, number_open, which = looked[0], looked[1], looked[2]
    failed[:number] = 0
    number_open[:number] = 0
    which[:number] = 0
    for k in some:
        added, moved = values[k], offset[k]
        low, high, inner, outer = low_a[k], high_a[k], limits[0, k], limits[1, k]
        # Without a branch, so that several points are looked at by one instruction.
        for j in range(number):
            total = added[start + j] + moved
            is_open = 0 if low + total > inner else 1
            failed[j] += 1 if high + total <= outer else 0
            number_open[j] += is_open
            which[j] += is_open * k


@njit(cache=True, nogil=True)
def ask(slot, start_a, low_a, high_a, leaves_a, points, asked, some, leaves_b, b, offset, label, limits, sums, waiting,
        looked, found):  # fmt: skip
    """Count the points of a leaf of B with a part of A: by rank where one condition is open, by rows where several are;
    with a part that has no rows, those wait.

    Args:
        slot: of the part in `asked`; it has so many `points` from `start_a` on, in the box from `low_a` to `high_a`
            (conditions,).
        some: the conditions that may be open.
        offset: (conditions,), which has the `label`.
        looked: (3, points of a leaf of B), to write in.
    """
    conditions, words, by_rank = len(low_a), asked.words[slot], sums.ranked.shape[1] > 0
    start, stop, values_b, labels_b = leaves_b.starts[b], leaves_b.starts[b + 1], leaves_b.values, leaves_b.labels
    tables, word_labels, values_a = asked.tables, asked.word_labels[slot], asked.values
    row = np.empty(words, np.uint64)
    places, ranks = np.empty(len(some), np.int64), np.empty((2, len(some)), np.int64)
    look_at_each(some, leaves_b, b, offset, low_a, high_a, limits, looked)
    for j in range(start, stop):
        number = looked[1, j - start]
        if looked[0, j - start]:
            continue
        other = labels_b[j] + label
        if number == 0:
            sums.whole[other] += 1
            continue
        if not words and not (by_rank and number == 1):
            at = waiting.count[0]
            for k in range(conditions):
                waiting.values[k, at] = values_b[k, j] + offset[k]
            waiting.labels[at] = other
            waiting.count[0] = at + 1
            continue
        number, differ = 0, False
        for k in some:
            total = values_b[k, j] + offset[k]
            if low_a[k] + total > limits[0, k]:
                continue
            place = slot * conditions + k
            if not asked.ready[place]:
                stop_a = start_a + points
                sort_by(place, leaves_a.values[k, start_a:stop_a], leaves_a.labels[start_a:stop_a], slot, asked)
            ascending, least, scale = values_a[place], asked.scaling[place, 0], asked.scaling[place, 1]
            rank = rank_in(ascending, asked.cells[place], least, scale, points, total, limits[1, k])
            places[number], ranks[0, number] = place, rank
            while rank < points and not ascending[rank] + total > limits[0, k]:
                rank += 1
            ranks[1, number] = rank
            differ |= rank != ranks[0, number]
            number += 1
        if number == 1 and by_rank:
            k = places[0] - slot * conditions
            sums.ranks[k, other, ranks[1, 0]] += 1
            sums.ranked[k, other] = True
            for rank in range(ranks[0, 0], ranks[1, 0]):
                found[1, other + asked.labels[places[0], rank]] += 1
            continue
        first, last, rows = tables[places[0], ranks[1, 0]], tables[places[number - 1], ranks[1, number - 1]], sums.rows
        if number <= 2:
            for w in range(words):
                rows[other, w] += np.int64(ones(first[w] & last[w]))
        else:
            row[:] = first[:words]
            for u in range(1, number - 1):
                line, left = tables[places[u], ranks[1, u]], np.uint64(0)
                for w in range(words):
                    row[w] &= line[w]
                    left |= row[w]
                if not left:
                    break
            for w in range(words):
                rows[other, w] += np.int64(ones(row[w] & last[w]))
        if differ:
            # Those that pass by the outer limits, less those that were counted.
            for box in range(2):
                row[:] = ~np.uint64(0)
                for u in range(number):
                    for w in range(words):
                        row[w] &= tables[places[u], ranks[box, u], w]
                for w in range(words):
                    found[1, other + word_labels[w]] += (1 - 2 * box) * np.int64(ones(row[w]))


@njit(cache=True, nogil=True)
def add_sums(slot, points, histogram, asked, sums, found):
    """Add to `found` what is counted of a part of A of so many points, of which `histogram` (labels,) tells the labels,
    and begin anew."""
    conditions, words = len(sums.ranks), asked.words[slot]
    for other in range(len(sums.whole)):
        if sums.whole[other]:
            for label in range(len(histogram)):
                found[0, other + label] += sums.whole[other] * histogram[label]
            sums.whole[other] = 0
        for w in range(words):
            found[0, other + asked.word_labels[slot, w]] += sums.rows[other, w]
            sums.rows[other, w] = 0
    for k in range(conditions):
        for other in range(sums.ranked.shape[1]):
            if sums.ranked[k, other]:
                ranks, labels = sums.ranks[k, other], asked.labels[slot * conditions + k]
                # A point of A passes with the others whose rank is not after its place.
                passing = 0
                for i in range(points):
                    passing += ranks[i]
                    found[0, other + labels[i]] += passing
                ranks[: points + 1] = 0
                sums.ranked[k, other] = False


@njit(cache=True, nogil=True)
def ask_leaves(leaves_a, histograms_a, asked, limits, sums, waiting, looked, found):
    """Count what waits with each leaf of A, so that nothing waits."""
    conditions, count = waiting.values.shape[0], waiting.count[0]
    blocks = (count + LEAF_B - 1) // LEAF_B
    starts = np.minimum(np.arange(blocks + 1) * LEAF_B, count)
    low, high = np.empty((blocks, conditions)), np.empty((blocks, conditions))
    for b in range(blocks):
        for k in range(conditions):
            least, largest = np.inf, -np.inf
            for i in range(starts[b], starts[b + 1]):
                value = waiting.values[k, i]
                least, largest = min(least, value), max(largest, value)
            low[b, k], high[b, k] = least, largest
    others = Leaves(starts, waiting.values, waiting.labels, low, high)
    nowhere, some = np.zeros(conditions), np.empty(conditions, np.int64)
    # A literal would compile anew what is asked.
    no_label = np.int64(0)
    for a in range(len(leaves_a.starts) - 1):
        start, points = leaves_a.starts[a], leaves_a.starts[a + 1] - leaves_a.starts[a]
        slot = a % len(asked.words)
        if len(asked.words) <= a or not asked.words[slot]:
            asked.ready[slot * conditions : (slot + 1) * conditions] = False
            words_by_label(leaves_a.labels[start : start + points], slot, asked)
        for b in range(blocks):
            number = open_conditions(leaves_a.low[a], leaves_a.high[a], low[b], high[b], nowhere, limits, some)
            if number == 0:
                for i in range(starts[b], starts[b + 1]):
                    sums.whole[waiting.labels[i]] += 1
            elif number > 0:
                ask(slot, start, leaves_a.low[a], leaves_a.high[a], leaves_a, points, asked, some[:number], others, b,
                    nowhere, no_label, limits, sums, waiting, looked, found)  # fmt: skip
        add_sums(slot, points, histograms_a[a], asked, sums, found)
    waiting.count[0] = 0


@njit(cache=True, nogil=True)
def count_triples(points_a, labels_a, points_b, labels_b, points_o, labels_o, goal, found):
    """Add to found[0] the triples that are inside and to found[1] those between, by the sum of their labels."""
    dimensions, signs, limits = conditions_of(goal)
    conditions = len(dimensions)
    values_a, values_b = by_condition(points_a, dimensions, signs), by_condition(points_b, dimensions, signs)
    offsets = by_condition(points_o, dimensions, signs)
    (low_a, high_a), (low_b, high_b) = box_around(values_a), box_around(values_b)
    some, is_open = np.empty(conditions, np.int64), np.zeros(len(offsets), np.bool_)
    whole = np.zeros(labels_o.max() + 1, np.int64)
    for o in range(len(offsets)):
        number = open_conditions(low_a, high_a, low_b, high_b, offsets[o], limits, some)
        is_open[o] = number > 0
        if number == 0:
            whole[labels_o[o]] += 1
    if not is_open.any() and not whole.any():
        return
    leaf = LEAF_A
    while leaf > LEAST_LEAF and conditions * leaf * leaf // 4 > MOST_BYTES:
        leaf //= 2
    # Most prefixes have no open offset, so points are put in leaves only here.
    leaves_a = in_leaves(values_a, labels_a, leaf if is_open.any() else len(values_a))
    leaves_b = in_leaves(values_b, labels_b, LEAF_B if is_open.any() else len(values_b))
    histograms_a, histograms_b = histograms(leaves_a), histograms(leaves_b)
    of_a, of_b = histograms_a.sum(axis=0), histograms_b.sum(axis=0)
    for label in range(len(whole)):
        if whole[label]:
            for one in range(len(of_a)):
                for two in range(len(of_b)):
                    found[0, one + two + label] += whole[label] * of_a[one] * of_b[two]
    if not is_open.any():
        return
    number_a, most = len(leaves_a.starts) - 1, 0
    for a in range(number_a):
        most = max(most, leaves_a.starts[a + 1] - leaves_a.starts[a])
    others, words = len(of_b) + len(whole) - 1, most // 64 + len(of_a)
    bytes_of_leaf = 8 * conditions * (most + 1) * (words + 5)
    kept = number_a if number_a * bytes_of_leaf <= MOST_BYTES else 1
    of_leaves = room_to_ask(kept, conditions, most, words)
    by_rank = 8 * conditions * others * most <= MOST_BYTES
    sums_of_leaf = room_for_sums(conditions, most, others, words, by_rank)
    by_rank = number_a > 1 and 8 * conditions * others * len(values_a) <= MOST_BYTES
    of_all = room_to_ask(1, conditions, len(values_a) if by_rank else 0, 0)
    sums = room_for_sums(conditions, len(values_a) if by_rank else 0, others, 0, by_rank)
    room = min(MOST_WAITING, MOST_BYTES // (8 * max(1, conditions))) + LEAF_B
    waiting = Waiting(np.zeros(1, np.int64), np.empty((conditions, room)), np.empty(room, np.int64))
    looked = np.empty((3, LEAF_B), np.int64)
    only, points = np.int64(0), np.int64(len(values_a))
    if number_a == 1:
        words_by_label(leaves_a.labels, only, of_leaves)
    for o in range(len(offsets)):
        if not is_open[o]:
            continue
        for b in range(len(leaves_b.starts) - 1):
            number = open_conditions(low_a, high_a, leaves_b.low[b], leaves_b.high[b], offsets[o], limits, some)
            if number == 0:
                for label in range(len(of_b)):
                    whole_of = sums_of_leaf.whole if number_a == 1 else sums.whole
                    whole_of[label + labels_o[o]] += histograms_b[b, label]
            elif number > 0 and number_a == 1:
                ask(only, only, low_a, high_a, leaves_a, points, of_leaves, some[:number], leaves_b, b, offsets[o],
                    labels_o[o], limits, sums_of_leaf, waiting, looked, found)  # fmt: skip
            elif number > 0:
                ask(only, only, low_a, high_a, leaves_a, points, of_all, some[:number], leaves_b, b, offsets[o],
                    labels_o[o], limits, sums, waiting, looked, found)  # fmt: skip
                if waiting.count[0] > room - LEAF_B:
                    ask_leaves(leaves_a, histograms_a, of_leaves, limits, sums_of_leaf, waiting, looked, found)
    if number_a == 1:
        add_sums(only, points, of_a, of_leaves, sums_of_leaf, found)
    else:
        ask_leaves(leaves_a, histograms_a, of_leaves, limits, sums_of_leaf, waiting, looked, found)
        add_sums(only, points, of_a, of_all, sums, found)
