"""Which choices of what the parents of the last node write meet a criterion.

What the last node receives is a sum of independent choices: of each parent one of several rows of a table, such as what
it computes or what its removed edge carries. Every combination is held against the limits, scenario by scenario, until
it is wrong too often. Most fail at once where the one before failed, so the scenarios are kept in the order in which
combinations failed last; and what all parents but the last add is summed only at the scenarios that are looked at.

Arrays: `limits` (boxes, ends, scenarios, contrasts), low and high ends when the boundary is moved against circuits (box
0), for them (box 1) and not at all (box 2), and `beyond` (scenarios, contrasts), the next number above the low end of
box 2. A combination is right in a scenario when each contrast lies above its low and not above its high end.
"""

import numpy as np

from .compiling import njit


@njit(cache=True, nogil=True)
def wrong_in(value, limits, beyond, scenario, contrast):
    """Whether a contrast is outside box 0 (bit 0), and outside box 1 (bit 1); what is not a number is outside the first
    alone. On the boundary to the last bit it is as box 2 says."""
    decided, most = limits[2, 0, scenario, contrast], limits[2, 1, scenario, contrast]
    if decided <= value <= beyond[scenario, contrast] or value == most:
        return 0 if decided < value <= most else 3
    low, high = limits[0, 0, scenario, contrast], limits[0, 1, scenario, contrast]
    lowest, highest = limits[1, 0, scenario, contrast], limits[1, 1, scenario, contrast]
    inside = low < value <= high
    outside = value <= lowest or value > highest
    return (0 if inside else 1) | (2 if outside else 0)


@njit(cache=True, nogil=True)
def judged_by(wrongs, weight, part, allowed):
    """0, 1 or 3, by in which scenarios a combination is wrong."""
    found = 3
    certain, possible = 0.0, 0.0
    for s in range(len(wrongs)):
        if s and part[s] != part[s - 1]:
            certain, possible = 0.0, 0.0
        certain += weight[s] if wrongs[s] & 1 else 0.0
        possible += weight[s] if wrongs[s] & 2 else 0.0
        if possible > allowed:
            return 0
        if certain > allowed:
            found = 1
    return found


@njit(cache=True, nogil=True)
def wrong_sums(before, table, row, limits, beyond, scenario):
    """As `wrong_in`, of all contrasts: they are linear in what the last node receives, and the numbers are they.

    Args:
        before: (scenarios, numbers), what all but one parent add.
        table: of which a row is what that one adds.
    """
    wrong = 0
    for k in range(before.shape[1]):
        wrong |= wrong_in(before[scenario, k] + table[row, scenario, k], limits, beyond, scenario, k)
        if wrong == 3:
            break
    return wrong


@njit(cache=True, nogil=True)
def wrong_normed(before, table, row, limits, beyond, scenario, norm, reading, contrasts, lines):
    """As `wrong_sums`, where the numbers are streams, which pass a norm before they are read.

    Args:
        lines: (2, numbers or logits, whichever are more), to write in.
    """
    width, logits = norm.shape[1], reading.shape[1]
    answers = before.shape[1] // width
    stream, read = lines[0], lines[1]
    for a in range(answers):
        mean = 0.0
        for d in range(width):
            stream[d] = before[scenario, a * width + d] + table[row, scenario, a * width + d]
            mean += stream[d]
        mean = mean / width if norm[2, 1] != 0.0 else 0.0
        square = 0.0
        for d in range(width):
            stream[d] -= mean
            square += stream[d] * stream[d]
        scale = np.sqrt(square / width + norm[2, 0])
        for o in range(logits):
            total = reading[width, o]
            for d in range(width):
                total += (stream[d] / scale * norm[0, d] + norm[1, d]) * reading[d, o]
            read[a * logits + o] = total
    wrong = 0
    for k in range(contrasts.shape[1]):
        value = 0.0
        for o in range(answers * logits):
            value += contrasts[scenario, k, o] * read[o]
        wrong |= wrong_in(value, limits, beyond, scenario, k)
    return wrong


@njit(cache=True, nogil=True)
def right_sets(table, alike, rows, starts, order, criterion, last):
    """Whether each combination is right: 0 for wrong, 1 only when the boundary moves for it, 3 for right.

    Args:
        table: (rows, scenarios, numbers), what a parent may add; row 0 is what the last node receives beside its edges.
        alike: rows that every combination has.
        rows: (choices,), the rows among which each parent chooses, parent after parent.
        starts: (parents + 1,), where those of each parent start in `rows`.
        order: (scenarios,), in which scenarios are tried; it is kept up to date.
        criterion: limits, beyond, weight (scenarios,), part (scenarios,) ascending from 0, and the weight allowed.
        last: of a norm before the numbers are read: (3, width), scale, shift, and in its last row eps and whether the
            mean is taken away; (width + 1, logits), the weights and, last, the bias; (scenarios, contrasts, answers x
            logits), combinations of the logits. Without a norm the width is 0, and the numbers are the contrasts.

    Returns:
        (combinations,), the choice of the last parent changing fastest.
    """
    limits, beyond, weight, part, allowed = criterion
    norm, reading, contrasts = last
    scenarios, numbers, parents = table.shape[1], table.shape[2], len(starts) - 1
    base = table[0].copy()
    for row in alike:
        base += table[row]
    combinations = 1
    for j in range(parents):
        combinations *= starts[j + 1] - starts[j]
    fastest = rows[starts[parents - 1] :]
    found = np.zeros(combinations, np.uint8)
    chosen = np.zeros(parents, np.int64)
    before, made = np.zeros((scenarios, numbers)), np.full(scenarios, -1)
    wrongs, lines = np.zeros(scenarios, np.uint8), np.zeros((2, max(numbers, contrasts.shape[2])))
    for some in range(combinations // len(fastest)):
        left = some
        for j in range(parents - 2, -1, -1):
            number = starts[j + 1] - starts[j]
            chosen[j] = rows[starts[j] + left % number]
            left //= number
        for one in range(len(fastest)):
            result = 3
            for step in range(scenarios):
                s = order[step]
                if made[s] != some:
                    for k in range(numbers):
                        value = base[s, k]
                        for j in range(parents - 1):
                            value += table[chosen[j], s, k]
                        before[s, k] = value
                    made[s] = some
                row = fastest[one]
                if norm.shape[1]:
                    wrong = wrong_normed(before, table, row, limits, beyond, s, norm, reading, contrasts, lines)
                else:
                    wrong = wrong_sums(before, table, row, limits, beyond, s)
                wrongs[s] = wrong
                if wrong and allowed == 0.0:
                    result &= 1 if wrong == 1 else 0
                    if result == 0:
                        for j in range(step, 0, -1):
                            order[j] = order[j - 1]
                        order[0] = s
                        break
            at = some * len(fastest) + one
            found[at] = result if allowed == 0.0 else judged_by(wrongs, weight, part, allowed)
    return found
