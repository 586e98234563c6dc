"""The cheapest way to make each function of a few inputs: Dijkstra's algorithm over functions.

A function is settled when none that is not yet settled costs less; then it is combined with all settled ones by every
gate. The order of inputs changes no price, so functions alike up to it form a class, and only the first of each class
is combined: 3,984 of the 65,536 functions of four inputs. A function is its truth table as bits.
"""

import numpy as np

from .compiling import njit


@njit(cache=True, nogil=True)
def settle(best, gate_of, left_of, right_of, tables, prices, negation, canon, order_of, images, limit):
    """Fill `best` and how each function is made, cheapest first (Dijkstra's algorithm).

    Renaming the inputs changes no price, so only the first function of each class is combined with all settled ones,
    and only the first is offered a new way.

    Args:
        best: (functions,), cost of each function by its bits, infinite where none is known yet; seeded at the first of
            each class.
        gate_of: (functions,), index of the gate that makes it: len(tables) for NOT; a seed keeps its own.
        left_of, right_of: (functions,), its operands.
        tables: (gates,), four bits of each gate.
        prices: (gates,), of each gate.
        negation: the price of NOT.
        canon: (functions,), the first function of the class of each.
        order_of: (functions,), the index of the order of inputs that turns each function into the first of its class.
        images: (orders, functions), each function with its inputs in each order.
        limit: operands that cost so much together are not combined, so only smaller costs are certain to be right.
    """
    # The bits of TRUE: a function is negated by XOR with them.
    full = len(best) - 1
    # The first of a class stands for itself.
    firsts = np.empty(len(canon), np.int64)
    classes = 0
    for function in range(len(canon)):
        if canon[function] == function:
            firsts[classes] = function
            classes += 1
    firsts = firsts[:classes]
    done = np.zeros(len(best), np.bool_)
    found = np.empty(len(best), np.int64)
    reached = 0
    while True:
        one, cost, dearest = -1, np.inf, 0.0
        for first in firsts:
            if not done[first]:
                dearest = max(dearest, best[first])
                if best[first] < cost:
                    one, cost = first, best[first]
        if one < 0:
            return
        for order in range(len(images)):
            image = images[order, one]
            if not done[image]:
                done[image] = True
                best[image] = cost
                found[reached] = image
                reached += 1
        _offer(
            best, gate_of, left_of, right_of, canon, order_of, images,
            one ^ full, cost + negation, len(tables), one, one,
        )  # fmt: skip
        for k in range(reached):
            other = found[k]
            together = cost + best[other]
            # They come cheapest first, so no later one makes anything cheaper than it is.
            if together >= min(dearest, limit):
                break
            for g in range(len(tables)):
                if together + prices[g] >= dearest:
                    continue
                _offer(
                    best, gate_of, left_of, right_of, canon, order_of, images,
                    _applied(tables[g], one, other, full), together + prices[g], g, one, other,
                )  # fmt: skip
                if (tables[g] >> 1 & 1) != (tables[g] >> 2 & 1):
                    _offer(
                        best, gate_of, left_of, right_of, canon, order_of, images,
                        _applied(tables[g], other, one, full), together + prices[g], g, other, one,
                    )  # fmt: skip


@njit(cache=True, nogil=True)
def _applied(table, one, other, full):
    """The bits of the function that a gate of the four bits `table` makes of the functions `one` and `other`."""
    found = 0
    if table & 1:
        found |= (one ^ full) & (other ^ full)
    if table & 2:
        found |= (one ^ full) & other
    if table & 4:
        found |= one & (other ^ full)
    if table & 8:
        found |= one & other
    return found


@njit(cache=True, nogil=True)
def _offer(best, gate_of, left_of, right_of, canon, order_of, images, bits, cost, gate, left, right):
    """Note, for the first of the class of the function `bits`, a way to make it by `gate`, if that costs less than the
    cheapest way known; arrays as in `settle`."""
    first = canon[bits]
    if cost < best[first]:
        order = order_of[bits]
        best[first] = cost
        gate_of[first] = gate
        left_of[first] = images[order, left]
        right_of[first] = images[order, right]
