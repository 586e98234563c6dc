"""Which sets of parents of the last node meet a criterion, what each parent writes being known.

What the last node receives is a sum of independent choices: of each parent either what it computes or what its removed
edge carries. So the parents are split into two halves, the sums of each half are made once, and every pair of sums is
held against the limits, scenario by scenario, until it is wrong too often; a pair that fails mostly fails at once, at
the scenario at which the pair before it failed.

Arrays: `first` and `second` (sets, scenarios, numbers), the sums of both halves; `limits` (boxes, ends, scenarios,
contrasts), low and high ends when the boundary is moved against circuits (box 0), for them (box 1) and not at all
(box 2), and `beyond` (scenarios, contrasts), the next number above the low end of box 2; `weight`
(scenarios,); `part` (scenarios,), the part of each, ascending from 0; `blame` (scenarios,), how many sets were dropped
at each, which is added to. A set is right in a scenario when each contrast
lies above its low and not above its high end. Result: (first sets, second sets), 0 for wrong, 1 for right only when the
boundary moves for it, 3 for right.
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
    """0, 1 or 3, by in which scenarios a set is wrong."""
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
def right_rows(table, alike, without, within, limits, beyond):
    """As `right_sums` where nothing may be wrong, at the scenarios of a table of what each parent adds.

    Args:
        table: (rows, scenarios, contrasts), what is added by each value of each parent; row 0 is what the last node
            receives beside its edges.
        alike: rows of the parents that add the same in the circuit and outside.
        without: (parents,), rows of all others, outside the circuit; `within` the same inside it.
    """
    parents, scenarios, contrasts = len(without), table.shape[1], table.shape[2]
    base = table[0].copy()
    for row in alike:
        base += table[row]
    found, start = np.zeros(1 << parents, np.uint8), 0
    for chosen in range(1 << parents):
        result = 3
        for step in range(scenarios):
            s = start + step if start + step < scenarios else start + step - scenarios
            wrong = 0
            for k in range(contrasts):
                value = base[s, k]
                for j in range(parents):
                    value += table[within[j] if chosen >> (parents - 1 - j) & 1 else without[j], s, k]
                wrong |= wrong_in(value, limits, beyond, s, k)
                if wrong == 3:
                    break
            if wrong:
                result &= 1 if wrong == 1 else 0
                if result == 0:
                    start = s
                    break
        found[chosen] = result
    return found


@njit(cache=True, nogil=True)
def right_sums(first, second, limits, beyond, weight, part, allowed, blame):
    """Contrasts that are linear in what the last node receives: the numbers are the contrasts themselves."""
    found = np.zeros((len(first), len(second)), np.uint8)
    scenarios, contrasts = first.shape[1], first.shape[2]
    wrongs, start = np.zeros(scenarios, np.uint8), 0
    for i in range(len(first)):
        for j in range(len(second)):
            result = 3
            for step in range(scenarios):
                s = start + step if start + step < scenarios else start + step - scenarios
                wrong = 0
                for k in range(contrasts):
                    wrong |= wrong_in(first[i, s, k] + second[j, s, k], limits, beyond, s, k)
                    if wrong == 3:
                        break
                wrongs[s] = wrong
                if wrong and allowed == 0.0:
                    result &= 3 if wrong == 0 else (1 if wrong == 1 else 0)
                    if result == 0:
                        start = s
                        blame[s] += 1
                        break
            found[i, j] = result if allowed == 0.0 else judged_by(wrongs, weight, part, allowed)
    return found


@njit(cache=True, nogil=True)
def right_normed(first, second, limits, beyond, weight, part, allowed, blame, norm, reading, contrasts):
    """The numbers are streams, which pass a norm before they are read.

    Args:
        norm: (3, width), scale, shift, and in its last row eps and whether the mean is taken away.
        reading: (width + 1, logits), the weights and, last, the bias.
        contrasts: (scenarios, contrasts, answers x logits), combinations of the logits.
    """
    found = np.zeros((len(first), len(second)), np.uint8)
    scenarios, width, logits = first.shape[1], norm.shape[1], reading.shape[1]
    answers = first.shape[2] // width
    wrongs, start = np.zeros(scenarios, np.uint8), 0
    stream, read = np.zeros(width), np.zeros(answers * logits)
    for i in range(len(first)):
        for j in range(len(second)):
            result = 3
            for step in range(scenarios):
                s = start + step if start + step < scenarios else start + step - scenarios
                for a in range(answers):
                    mean = 0.0
                    for d in range(width):
                        stream[d] = first[i, s, a * width + d] + second[j, s, a * width + d]
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
                    for o in range(len(read)):
                        value += contrasts[s, k, o] * read[o]
                    wrong |= wrong_in(value, limits, beyond, s, k)
                wrongs[s] = wrong
                if wrong and allowed == 0.0:
                    result &= 3 if wrong == 0 else (1 if wrong == 1 else 0)
                    if result == 0:
                        start = s
                        blame[s] += 1
                        break
            found[i, j] = result if allowed == 0.0 else judged_by(wrongs, weight, part, allowed)
    return found
