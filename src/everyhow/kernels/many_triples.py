"""Triples as in `triples.py`, where the third part has many points.

The points of part A are sorted by what they add to each limit. Which of them pass it together with a point of B and an
offset, a point of the third part, is then one number: the rank from which on they do. Where only one limit is open, it
is enough to count ranks. Where several are, rows of bits are ANDed, of leaves of A: a thousand points near each other,
of which rows are short.

Most triples need none of this: the box around A, or around a leaf, tells for an offset and all points of B at once on
which side their sums are. For each limit, the points of B that pass it even with the least point of A, or only with the
largest, have a rank or more, and so they are a row of bits each; ANDed, the rows tell which points of B are settled.

Limits, conditions, others and arrays are as in `triples.py`, and triples are judged as there, rounding included. There,
each point of B is looked at by itself, which takes less to prepare; here, preparing pays where offsets are many.
"""

from typing import NamedTuple

import numpy as np

from .compiling import njit
from .kdtree import box_around
from .parts import Leaves, fill_plainly, fill_row, in_leaves, rank_in, room_to_sort, sort_by
from .triples import by_condition, conditions_of, histograms, ones, open_conditions

# The most points of a leaf of A, and of B; and of how many rows of bits of B one is kept, since few are looked at.
LEAF_A, LEAF_B, STEP_B = 1024, 4096, 16
# From so many offsets on, it pays to sort points of B, those of a word being so near as leaves of a kd-tree of so many.
MANY, NEAR = 256, 32
# The most bytes of what is kept of leaves, and the points down to which leaves are made smaller for that.
MOST_BYTES, LEAST_LEAF = 1 << 25, 64


class Asking(NamedTuple):
    """Points of B with an offset, of which a part of A is asked many at once.

    Attributes:
        singles: (conditions,), how many have only this condition open.
        single_values: (conditions, room), what they add to it.
        single_others: (conditions, room), their labels, that of the offset included.
        count: (1,), how many have several open conditions.
        others: (room,), their labels.
        bits: (room,), which bit of the leaf of B they are.
        open: (conditions,), of how many of these a condition is open.
        which: (conditions, room), of which.
        values: (conditions, room), what they add to it.
        number: (room,), how many of a point's conditions have a rank.
        conditions: (room, conditions), which.
        ranks: (2, room, conditions), the rank from which on points pass, by the inner and by the outer box.
    """

    singles: np.ndarray
    single_values: np.ndarray
    single_others: np.ndarray
    count: np.ndarray
    others: np.ndarray
    bits: np.ndarray
    open: np.ndarray
    which: np.ndarray
    values: np.ndarray
    number: np.ndarray
    conditions: np.ndarray
    ranks: np.ndarray


class Sums(NamedTuple):
    """What is counted of one part of A, not yet joined with the labels of its points.

    Attributes:
        whole: (labels of offsets, words of B), how many others pass with all points.
        ranks: (conditions, labels of others, points + 1), how many others have each rank in the only open condition.
        ranked: (conditions, labels of others), whether there are any.
        rows: (labels of others, words), how many pairs passed, where several conditions were open.
    """

    whole: np.ndarray
    ranks: np.ndarray
    ranked: np.ndarray
    rows: np.ndarray


@njit(cache=True, nogil=True)
def room_to_ask(conditions, room):
    """Nothing is asked."""
    return Asking(
        np.zeros(conditions, np.int64),
        np.empty((conditions, room)),
        np.empty((conditions, room), np.int64),
        np.zeros(1, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.zeros(conditions, np.int64),
        np.empty((conditions, room), np.int64),
        np.empty((conditions, room)),
        np.empty(room, np.int64),
        np.empty((room, conditions), np.int64),
        np.empty((2, room, conditions), np.int64),
    )


@njit(cache=True, nogil=True)
def room_for_sums(conditions, points, labels, words, labels_o, words_b):
    """Sums of which nothing is counted."""
    return Sums(
        np.zeros((labels_o, words_b), np.int64),
        np.zeros((conditions, labels, points + 1), np.int32),
        np.zeros((conditions, labels), np.bool_),
        np.zeros((labels, words), np.int64),
    )


@njit(cache=True, nogil=True)
def count_ranks(k, place, points, start, sorted_a, labels, limits, asking, sums, found):
    """Count the ranks in condition `k` of the points that have only this condition open."""
    values, cells, order, number = sorted_a.values[place], sorted_a.cells[place], sorted_a.order, asking.singles[k]
    least, scale, inner, outer = sorted_a.scaling[place, 0], sorted_a.scaling[place, 1], limits[0, k], limits[1, k]
    totals, others, ranks, ranked = asking.single_values[k], asking.single_others[k], sums.ranks[k], sums.ranked[k]
    for q in range(number):
        total, other = totals[q], np.uint64(others[q])
        rank = rank_in(values, cells, least, scale, points, total, 0.0, outer)
        while rank < points and not values[np.uint64(rank)] + total > inner:
            found[1, others[q] + labels[start + order[place, rank]]] += 1
            rank += 1
        ranks[other, np.uint64(rank)] += 1
        ranked[other] = True


@njit(cache=True, nogil=True)
def find_ranks(k, place, points, sorted_a, limits, asking):
    """Fill in the ranks in condition `k` of the points with several open conditions, this being one of them."""
    values, cells, which, totals = sorted_a.values[place], sorted_a.cells[place], asking.which[k], asking.values[k]
    least, scale, inner, outer = sorted_a.scaling[place, 0], sorted_a.scaling[place, 1], limits[0, k], limits[1, k]
    conditions, ranks, number = asking.conditions, asking.ranks, asking.number
    for i in range(asking.open[k]):
        q, total = np.uint64(which[i]), totals[i]
        rank, u = rank_in(values, cells, least, scale, points, total, 0.0, outer), np.uint64(number[q])
        number[q] += 1
        conditions[q, u], ranks[1, q, u] = k, rank
        while rank < points and not values[np.uint64(rank)] + total > inner:
            rank += 1
        ranks[0, q, u] = rank


@njit(cache=True, nogil=True)
def settle(some, low_a, high_a, offset, limits, points, words, values, cells, scaling, tables, order, values_b,
           word_starts, stop, within, row, sides, passed):  # fmt: skip
    """Tell the points of a leaf of B apart, those that are bits of `within` (words,), by the box around a part of A:
    fill `sides` (3, words) with those that pass every condition with some points of A at least, with those of them that
    have an open condition, and with those that have several; a condition is open that some points of A pass and others
    may not. Fill `passed` (conditions, words) with those that pass the conditions `some` with all points of A. Returns
    whether any are left."""
    alive, once, twice, none = sides[0], sides[1], sides[2], np.uint64(0)
    for w in range(words):
        alive[w], once[w], twice[w] = within[w], none, none
    is_sorted = len(tables) > 0
    for k in some:
        if is_sorted:
            rank = rank_in(
                values[k], cells[k], scaling[k, 0], scaling[k, 1], points, offset[k], high_a[k], limits[1, k]
            )
            fill_row(k, rank, points, words, tables, order, STEP_B, row)
        else:
            fill_plainly(values_b[k], word_starts, stop, offset[k], high_a[k], limits[1, k], row)
        for w in range(words):
            alive[w] &= row[w]
    left = none
    for w in range(words):
        left |= alive[w]
    if not left:
        return False
    for u in range(len(some)):
        k, mine = some[u], passed[u]
        if is_sorted:
            rank = rank_in(values[k], cells[k], scaling[k, 0], scaling[k, 1], points, offset[k], low_a[k], limits[0, k])
            fill_row(k, rank, points, words, tables, order, STEP_B, mine)
        else:
            fill_plainly(values_b[k], word_starts, stop, offset[k], low_a[k], limits[0, k], mine)
        for w in range(words):
            is_open = alive[w] & ~mine[w]
            twice[w] |= once[w] & is_open
            once[w] |= is_open
    return True


@njit(cache=True, nogil=True)
def and_rows(first, tables, words, word_labels, asking, sums, found):
    """Count, word by word, the points of a leaf of A that points with several open conditions pass with. The leaf's
    place in condition k is `first` + k."""
    number, others, conditions, ranks, rows = asking.number, asking.others, asking.conditions, asking.ranks, sums.rows
    row, count = np.empty(words, np.uint64), asking.count[0]
    for q in range(count):
        other, last = np.uint64(others[q]), np.uint64(number[q] - 1)
        p, r = np.uint64(first + conditions[q, 0]), np.uint64(ranks[0, q, 0])
        s, t = np.uint64(first + conditions[q, last]), np.uint64(ranks[0, q, last])
        if last <= 1:
            for w in range(words):
                rows[other, w] += np.int64(ones(tables[p, r, w] & tables[s, t, w]))
            continue
        m, n = np.uint64(first + conditions[q, 1]), np.uint64(ranks[0, q, 1])
        if last == 2:
            for w in range(words):
                rows[other, w] += np.int64(ones(tables[p, r, w] & tables[m, n, w] & tables[s, t, w]))
            continue
        for w in range(words):
            row[w] = tables[p, r, w] & tables[m, n, w] & tables[s, t, w]
        for u in range(2, last):
            m, n = np.uint64(first + conditions[q, u]), np.uint64(ranks[0, q, u])
            for w in range(words):
                row[w] &= tables[m, n, w]
        for w in range(words):
            rows[other, w] += np.int64(ones(row[w]))
    for q in range(count):
        differ = False
        for u in range(number[q]):
            differ |= ranks[0, q, u] != ranks[1, q, u]
        if differ:
            # Those that pass by the outer limits, less those that were counted.
            for box in range(2):
                for w in range(words):
                    left = ~np.uint64(0)
                    for u in range(number[q]):
                        left &= tables[first + conditions[q, u], ranks[box, q, u], w]
                    found[1, others[q] + word_labels[w]] += (2 * box - 1) * np.int64(ones(left))


@njit(cache=True, nogil=True)
def answer(a, first, leaves_a, sorted_a, limits, asking, sums, found):
    """Count what is asked, so that nothing is. The place of leaf `a` of A in condition k is `first` + k."""
    start, points = leaves_a.starts[a], leaves_a.starts[a + 1] - leaves_a.starts[a]
    for k in range(len(asking.open)):
        count_ranks(k, first + k, points, start, sorted_a, leaves_a.labels, limits, asking, sums, found)
        find_ranks(k, first + k, points, sorted_a, limits, asking)
        asking.singles[k] = asking.open[k] = 0
    if asking.count[0]:
        and_rows(first, sorted_a.tables, leaves_a.words[a], leaves_a.word_labels[a], asking, sums, found)
        asking.count[0] = 0


@njit(cache=True, nogil=True)
def ask(a, slot, leaves_a, sorted_a, b, leaves_b, sorted_b, offsets, labels_o, limits, waiting, waits, asking, sums,
        found):  # fmt: skip
    """Count the points of leaf `b` of B that wait with each of some `offsets` (offsets, conditions), with leaf `a` of
    A, in `slot` of `sorted_a`. Where A has no rows of bits, points with several open conditions go on waiting.

    Args:
        labels_o: (offsets,), the labels of the offsets.
        waiting: (offsets, words of B), the points that wait.
        waits: (offsets,), whether any wait.
    """
    conditions, words, has_rows = len(limits[0]), leaves_b.words[b], sorted_a.tables.shape[1] > 0
    first, points = slot * conditions, leaves_b.starts[b + 1] - leaves_b.starts[b]
    low_a, high_a, low_b, high_b = leaves_a.low[a], leaves_a.high[a], leaves_b.low[b], leaves_b.high[b]
    values_b, word_labels, word_starts = leaves_b.values, leaves_b.word_labels[b], leaves_b.word_starts[b, :words]
    values, cells, scaling = sorted_b.values, sorted_b.cells, sorted_b.scaling
    tables, order, ready, whole = sorted_b.tables, sorted_b.order, sorted_a.ready, sums.whole
    singles, single_values, single_others = asking.singles, asking.single_values, asking.single_others
    count, others, bits_of = asking.count, asking.others, asking.bits
    opens, which, added, number_of = asking.open, asking.which, asking.values, asking.number
    some, sides, row = np.empty(conditions, np.int64), np.empty((3, words), np.uint64), np.empty(words, np.uint64)
    passed, busy, one = np.empty((conditions, words), np.uint64), np.empty(words + 1, np.int64), np.uint64(1)
    room, stop = len(others) - points, leaves_b.starts[b + 1]
    for o in range(len(offsets)):
        if not waits[o]:
            continue
        offset, label = offsets[o], labels_o[o]
        number = open_conditions(low_a, high_a, low_b, high_b, offset, limits, some)
        if number < 0 or not settle(some[:number], low_a, high_a, offset, limits, points, words, values, cells,
                                    scaling, tables, order, values_b, word_starts, stop, waiting[o], row, sides,
                                    passed):  # fmt: skip
            if not has_rows:
                waits[o] = False
            continue
        number_busy = 0
        for w in range(words):
            whole[label, w] += np.int64(ones(sides[0, w] & ~sides[1, w]))
        for w in range(words):
            busy[number_busy] = w
            number_busy += 1 if sides[1, w] else 0
        if not has_rows:
            waits[o] = False
            for w in range(words):
                waiting[o, w] = sides[2, w]
                waits[o] |= sides[2, w] != 0
        if not number_busy:
            continue
        begin = count[0]
        end = begin
        for v in range(number_busy):
            w = busy[v]
            start, other = word_starts[w], word_labels[w] + label
            single = sides[1, w] & ~sides[2, w]
            if single:
                for u in range(number):
                    left, k = single & ~passed[u, w], np.uint64(some[u])
                    at = singles[k]
                    while left:
                        lowest = left & (~left + one)
                        left ^= lowest
                        single_values[k, at] = values_b[k, np.uint64(start) + ones(lowest - one)] + offset[k]
                        single_others[k, at] = other
                        at += 1
                    singles[k] = at
            left = sides[2, w] if has_rows else np.uint64(0)
            while left:
                lowest = left & (~left + one)
                left ^= lowest
                others[end], bits_of[end] = other, 64 * w + np.int64(ones(lowest - one))
                number_of[end] = 0
                end += 1
        count[0] = end
        for u in range(number):
            k = np.uint64(some[u])
            at = opens[k]
            if begin < end:
                moved = offset[k]
                # Without a branch, since none could foretell which conditions are open.
                for q in range(begin, end):
                    bit = np.uint64(bits_of[q])
                    w = bit >> np.uint64(6)
                    which[k, at] = q
                    added[k, at] = values_b[k, np.uint64(word_starts[w]) + (bit & np.uint64(63))] + moved
                    at += 1 - np.int64((passed[u, w] >> (bit & np.uint64(63))) & one)
                opens[k] = at
            if not ready[first + some[u]]:
                sort_by(some[u], a, leaves_a, first + some[u], sorted_a, 1 if has_rows else 0)
        full = end > room
        for u in range(number):
            full |= singles[some[u]] > room
        if full:
            answer(a, first, leaves_a, sorted_a, limits, asking, sums, found)
    answer(a, first, leaves_a, sorted_a, limits, asking, sums, found)


@njit(cache=True, nogil=True)
def add_sums(a, slot, leaves_a, histogram, sorted_a, b, leaves_b, sums, found):
    """Add to `found` what is counted of leaf `a` of A, of which `histogram` (labels,) tells the labels, with leaf `b`
    of B, and begin anew."""
    start, points = leaves_a.starts[a], leaves_a.starts[a + 1] - leaves_a.starts[a]
    conditions = len(sums.ranks)
    for label in range(len(sums.whole)):
        for w in range(leaves_b.words[b]):
            if sums.whole[label, w]:
                for one in range(len(histogram)):
                    found[0, label + leaves_b.word_labels[b, w] + one] += sums.whole[label, w] * histogram[one]
                sums.whole[label, w] = 0
    for other in range(len(sums.rows)):
        for w in range(sums.rows.shape[1]):
            if sums.rows[other, w]:
                found[0, other + leaves_a.word_labels[a, w]] += sums.rows[other, w]
                sums.rows[other, w] = 0
    for k in range(conditions):
        order = sorted_a.order[slot * conditions + k]
        for other in range(sums.ranked.shape[1]):
            if sums.ranked[k, other]:
                ranks = sums.ranks[k, other]
                # A point of A passes with the others whose rank is not after its place.
                passing = 0
                for i in range(points):
                    passing += ranks[i]
                    found[0, other + leaves_a.labels[start + order[i]]] += passing
                ranks[: points + 1] = 0
                sums.ranked[k, other] = False


@njit(cache=True, nogil=True)
def as_one(leaves):
    """All points of a part as a single leaf, of which no rows of bits are asked."""
    starts, nothing = np.array([0, leaves.starts[-1]]), np.zeros((1, 0), np.int64)
    low, high = leaves.low[:1].copy(), leaves.high[:1].copy()
    for leaf in range(1, len(leaves.low)):
        for k in range(low.shape[1]):
            low[0, k], high[0, k] = min(low[0, k], leaves.low[leaf, k]), max(high[0, k], leaves.high[leaf, k])
    return Leaves(starts, leaves.values, leaves.labels, low, high, np.zeros(1, np.int64), nothing, nothing)


@njit(cache=True, nogil=True)
def leaf_size(most, conditions, step):
    """The most points of a leaf, such that the rows of bits of all conditions do not take too much."""
    while most > LEAST_LEAF and conditions * (most // step) * most // 4 > MOST_BYTES:
        most //= 2
    return most


@njit(cache=True, nogil=True)
def count_many_triples(points_a, labels_a, points_b, labels_b, points_o, labels_o, goal, found):
    """Add to found[0] the triples that are inside and to found[1] those between, by the sum of their labels."""
    dimensions, signs, limits = conditions_of(goal)
    conditions = len(dimensions)
    values_a, values_b = by_condition(points_a, dimensions, signs), by_condition(points_b, dimensions, signs)
    offsets = by_condition(points_o, dimensions, signs)
    (low_a, high_a), (low_b, high_b) = box_around(values_a), box_around(values_b)
    some, is_open = np.empty(conditions, np.int64), np.zeros(len(offsets), np.bool_)
    whole, number_open = np.zeros(labels_o.max() + 1, np.int64), 0
    for o in range(len(offsets)):
        number = open_conditions(low_a, high_a, low_b, high_b, offsets[o], limits, some)
        is_open[o] = number > 0
        number_open += 1 if number > 0 else 0
        if number == 0:
            whole[labels_o[o]] += 1
    if not number_open and not whole.any():
        return
    # Most prefixes have few open offsets or none, for which points need not be in order.
    leaf_a, leaf_b, near = len(values_a), len(values_b), len(values_b)
    if number_open:
        leaf_a = leaf_size(LEAF_A if number_open >= MANY else LEAF_A // 2, conditions, 1)
        leaf_b = leaf_size(LEAF_B, conditions, STEP_B)
        near = NEAR if number_open >= MANY else leaf_b
    leaves_a = in_leaves(values_a, labels_a, leaf_a, leaf_a)
    leaves_b = in_leaves(values_b, labels_b, leaf_b, near)
    histograms_a, histograms_b = histograms(leaves_a), histograms(leaves_b)
    of_a, of_b = histograms_a.sum(axis=0), histograms_b.sum(axis=0)
    for label in range(len(whole)):
        if whole[label]:
            for one in range(len(of_a)):
                for two in range(len(of_b)):
                    found[0, one + two + label] += whole[label] * of_a[one] * of_b[two]
    if number_open:
        walk(leaves_a, of_a, histograms_a, leaves_b, offsets, labels_o, is_open, number_open, limits, found)


@njit(cache=True, nogil=True)
def walk(leaves_a, of_a, histograms_a, leaves_b, offsets, labels_o, is_open, number_open, limits, found):
    """Add the triples with the offsets that are open, of which there are `number_open`."""
    conditions, number_a, words_b = len(leaves_a.values), len(leaves_a.starts) - 1, leaves_b.word_labels.shape[1]
    labels = labels_o.max() + 1
    others = leaves_b.labels.max() + labels
    step, only = 0 if number_a > 1 else 1, np.int64(0)
    all_a = as_one(leaves_a) if step == 0 else leaves_a
    sorted_all, sorted_b = (
        room_to_sort(all_a, 1, step),
        room_to_sort(leaves_b, 1 if number_open >= MANY else 0, STEP_B),
    )
    sums = room_for_sums(conditions, len(leaves_a.labels), others, all_a.word_labels.shape[1], labels, words_b)
    most = leaves_a.starts[1] - leaves_a.starts[0] + 1
    bytes_of_leaf = 8 * conditions * most * (leaves_a.word_labels.shape[1] + 8)
    slots = 0 if step else number_a if number_a * bytes_of_leaf <= MOST_BYTES else 1
    sorted_a = room_to_sort(leaves_a, slots, 1)
    sums_a = room_for_sums(conditions, most if slots else 0, others, leaves_a.word_labels.shape[1], labels, words_b)
    asking = room_to_ask(conditions, 2 * sorted_b.values.shape[1])
    at_once = min(len(offsets), max(1, MOST_BYTES // (8 * words_b)))
    waiting, waits = np.empty((at_once, words_b), np.uint64), np.zeros(at_once, np.bool_)
    every = np.zeros(words_b, np.uint64)
    for b in range(len(leaves_b.starts) - 1):
        for k in range(len(sorted_b.ready)):
            sort_by(k, b, leaves_b, k, sorted_b, STEP_B)
        fill_plainly(leaves_b.values[0], leaves_b.word_starts[b, : leaves_b.words[b]], leaves_b.starts[b + 1], 0.0, 0.0,
                     -np.inf, every)  # fmt: skip
        for begin in range(0, len(offsets), at_once):
            end = min(begin + at_once, len(offsets))
            for o in range(begin, end):
                waits[o - begin] = is_open[o]
                for w in range(leaves_b.words[b]):
                    waiting[o - begin, w] = every[w]
            ask(only, only, all_a, sorted_all, b, leaves_b, sorted_b, offsets[begin:end], labels_o[begin:end], limits,
                waiting, waits, asking, sums, found)  # fmt: skip
            add_sums(only, only, all_a, of_a, sorted_all, b, leaves_b, sums, found)
            if step:
                continue
            for a in range(number_a if waits[: end - begin].any() else 0):
                slot = a % slots
                if slots == 1:
                    sorted_a.ready[:] = False
                ask(a, slot, leaves_a, sorted_a, b, leaves_b, sorted_b, offsets[begin:end], labels_o[begin:end], limits,
                    waiting, waits, asking, sums_a, found)  # fmt: skip
                add_sums(a, slot, leaves_a, histograms_a[a], sorted_a, b, leaves_b, sums_a, found)
