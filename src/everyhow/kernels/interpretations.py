"""Counting the interpretations of many circuits, exactly, modulo several numbers.

A reading of a neuron is a bit set over the inputs. A state of a layer gives each of its varying neurons a reading;
counts go forward from state to state. Modulus 0 stands for 2^64, whose residues are what unsigned numbers hold.
"""

import numpy as np

from .activation import activate
from .compiling import njit

ONE, ZERO = np.uint64(1), np.uint64(0)
# What comparing values with each other adds to their errors, relative to the largest.
RELATIVE = 2.0**-50


@njit(cache=True, nogil=True)
def power_of_two(exponent, modulus):
    if modulus == ZERO:
        return ONE << np.uint64(exponent) if exponent < 64 else ZERO
    result, square = ONE, np.uint64(2)
    while exponent:
        if exponent & 1:
            result = result * square % modulus
        square = square * square % modulus
        exponent >>= 1
    return result


@njit(cache=True, nogil=True)
def readings_of(values, tolerance, off, readings):
    """Fill `readings` with the bit set of the inputs above each separator, lowest separator first; returns how many,
    and whether errors of the values of up to `off` may make others. A negative `off` does not ask that."""
    order = np.zeros(len(values), np.int64)
    largest = 1.0
    for k in range(len(values)):
        largest = max(largest, abs(values[k]))
        place = k
        while place > 0 and values[order[place - 1]] > values[k]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = k
    count = 0
    doubtful = False
    above = ZERO
    for k in range(len(values)):
        above |= ONE << np.uint64(k)
    for k in range(len(values) - 1):
        above ^= ONE << np.uint64(order[k])
        step = values[order[k + 1]] - values[order[k]]
        if step > 0 and step >= tolerance * largest:
            readings[count] = above
            count += 1
        if off >= 0 and not abs(step - tolerance * largest) > 3 * off + RELATIVE * largest:
            doubtful = True
    return count, doubtful


@njit(cache=True, nogil=True)
def split_cells(parent, cells, count):
    """Split the sets of inputs in `cells` by one more parent's reading; returns how many there are now."""
    for c in range(count):
        inside = cells[c] & parent
        if inside != ZERO and inside != cells[c]:
            cells[count] = cells[c] ^ inside
            cells[c] = inside
            count += 1
    return count


@njit(cache=True, nogil=True)
def is_function(reading, cells, count):
    """Whether a reading is constant on each cell."""
    for c in range(count):
        inside = cells[c] & reading
        if inside != ZERO and inside != cells[c]:
            return False
    return True


@njit(cache=True, nogil=True)
def completions_of(widest, inputs, moduli):
    """In how many ways a gate of k parents whose readings split the inputs into so many cells can be completed where
    patterns never occur: (k, cells, moduli)."""
    table = np.zeros((widest + 1, inputs + 1, len(moduli)), np.uint64)
    for k in range(widest + 1):
        for cells in range(1, min(inputs, 1 << k) + 1):
            for m in range(len(moduli)):
                table[k, cells, m] = power_of_two((1 << k) - cells, moduli[m])
    return table


@njit(cache=True, nogil=True)
def is_parity(reading, before, counts_before, strides, combination, everything):
    """Whether a reading is the XOR or XNOR of those of all varying parents."""
    for i in range(len(counts_before)):
        if strides[i]:
            reading ^= before[i, combination // strides[i] % counts_before[i]]
    return reading == ZERO or reading == everything


@njit(cache=True, nogil=True)
def circuit_layers(bits, widths, weights, biases, codes, parameters, positions, points):
    """Activations (layers + 1, neurons, inputs) of a circuit run alone, and its parents (layers, neurons)."""
    layers, widest = biases.shape
    states = np.zeros((layers + 1, widest, len(points)))
    parents = np.zeros((layers, widest), np.int64)
    states[0, : widths[0]] = points.T
    for layer in range(layers):
        for j in range(widths[layer + 1]):
            z = np.full(len(points), biases[layer, j])
            for i in range(widths[layer]):
                if bits >> positions[layer, j, i] & ONE:
                    parents[layer, j] |= 1 << i
                    z += weights[layer, j, i] * states[layer, i]
            for x in range(len(points)):
                states[layer + 1, j, x] = activate(codes[layer], parameters[layer], z[x])
    return states, parents


@njit(cache=True, nogil=True)
def layer_readings(layer, states, parents, widths, tolerance, as_float32, level, errors, readings, counts):
    """Readings of every neuron of a layer; none for one that is absent or does not vary, for an output its decision.
    Returns whether errors of the activations of up to `errors` (layers + 1, neurons) may make others."""
    last = len(widths) - 1
    any_doubtful = False
    for j in range(widths[layer]):
        counts[j] = 0
        values = states[layer, j]
        if layer == last:
            values = np.where(np.round(values) == 1 if np.isnan(level) else values > level, 1.0, 0.0)
        elif as_float32:
            values = values.astype(np.float32).astype(np.float64)
        if layer == 0 or parents[layer - 1, j]:
            off = -1.0 if layer == last else errors[layer, j]
            counts[j], doubtful = readings_of(values, tolerance, off, readings[j])
            any_doubtful = any_doubtful or doubtful
    return any_doubtful


@njit(cache=True, nogil=True)
def states_of(counts):
    """How many states a layer has whose neurons have so many readings each."""
    size = 1
    for count in counts:
        size *= max(1, count)
    return size


@njit(cache=True, nogil=True)
def split_by_parents(parents, before, counts_before, everything, strides, cells, n_cells):
    """For each combination of the readings of a neuron's parents, the sets of inputs at which these are equal.

    Adding `strides` (neurons of the layer before) times the digits of a state gives the number of its combination.
    Fills `cells` (combinations, sets) and `n_cells`; returns how many combinations and how many varying parents.
    """
    cells[0, 0], n_cells[0] = everything, 1
    combinations, varying = 1, 0
    for i in range(len(counts_before)):
        strides[i] = 0
        if counts_before[i] == 0 or not parents >> i & 1:
            continue
        strides[i] = combinations
        # Backwards, so that the first reading can overwrite what the others start from.
        for digit in range(counts_before[i] - 1, -1, -1):
            for c in range(combinations):
                target = digit * combinations + c
                cells[target] = cells[c]
                n_cells[target] = split_cells(before[i, digit], cells[target], n_cells[c])
        combinations *= counts_before[i]
        varying += 1
    return combinations, varying


@njit(cache=True, nogil=True)
def gate_options(
    layer, parents, before, counts_before, readings, counts, everything, moduli, completions, strides, allowed, weights
):
    """For each neuron of a layer and each combination of its parents' readings, the readings it may have.

    Fills `strides` (neurons, parents) as `split_by_parents` does, `allowed` (neurons, combinations, places), a reading
    each and -1 after the last, and `weights` (..., moduli), in how many ways the gate can be completed.
    """
    cells = np.empty((allowed.shape[1], len(readings[0]) + 1), np.uint64)
    n_cells = np.empty(allowed.shape[1], np.int64)
    for j in range(len(counts)):
        if counts[j] == 0:
            strides[j] = 0
            continue
        combinations, k = split_by_parents(parents[j], before, counts_before, everything, strides[j], cells, n_cells)
        for combination in range(combinations):
            place = 0
            for r in range(counts[j]):
                if not is_function(readings[j, r], cells[combination], n_cells[combination]):
                    continue
                forbidden = (
                    layer > 1
                    and k == 2
                    and is_parity(readings[j, r], before, counts_before, strides[j], combination, everything)
                )
                if forbidden and n_cells[combination] == 1 << k:
                    continue
                for m in range(len(moduli)):
                    ways = completions[k, n_cells[combination], m]
                    if forbidden:
                        # One of the completions is the gate itself.
                        ways = ways - ONE if ways != ZERO or moduli[m] == ZERO else moduli[m] - ONE
                    weights[j, combination, place, m] = ways
                allowed[j, combination, place] = r
                place += 1
            allowed[j, combination, place] = -1


@njit(cache=True, nogil=True)
def spread(state, ways_before, combinations, counts, allowed, weights, moduli, targets, partial):
    """Fill `targets` with the states of a layer that a state of the layer before leads to, and `partial` (states, once
    and expanded, moduli) with the ways to get there, neuron by neuron; returns how many there are."""
    targets[0] = 0
    for m in range(len(moduli)):
        partial[0, 0, m], partial[0, 1, m] = ways_before[state, 0, m], ways_before[state, 1, m]
    size, scale = 1, 1
    for j in range(len(counts)):
        if counts[j] == 0:
            continue
        combination = combinations[j]
        fits = 0
        while allowed[j, combination, fits] >= 0:
            fits += 1
        # Backwards, so that the first option can overwrite what the others start from.
        for place in range(fits - 1, -1, -1):
            step = scale * allowed[j, combination, place]
            for t in range(size):
                target = place * size + t
                targets[target] = targets[t] + step
                for m in range(len(moduli)):
                    partial[target, 0, m] = partial[t, 0, m]
                    expanded = partial[t, 1, m] * weights[j, combination, place, m]
                    partial[target, 1, m] = expanded if moduli[m] == ZERO else expanded % moduli[m]
        size *= fits
        scale *= counts[j]
    return size


@njit(cache=True, nogil=True)
def next_ways(ways_before, counts_before, counts, strides, allowed, weights, moduli):
    """The ways (states, once and expanded, moduli) to every state of a layer, from those of the layer before."""
    size = states_of(counts)
    ways = np.zeros((size, 2, len(moduli)), np.uint64)
    partial = np.empty((size, 2, len(moduli)), np.uint64)
    targets = np.empty(size, np.int64)
    digits = np.zeros(len(counts_before), np.int64)
    combinations = np.zeros(len(counts), np.int64)
    for state in range(len(ways_before)):
        found = spread(state, ways_before, combinations, counts, allowed, weights, moduli, targets, partial)
        for t in range(found):
            for k in range(2):
                for m in range(len(moduli)):
                    total = ways[targets[t], k, m] + partial[t, k, m]
                    ways[targets[t], k, m] = total if moduli[m] == ZERO or total < moduli[m] else total - moduli[m]
        # The next state, its digits counting up, and the combinations that go with it.
        for i in range(len(counts_before)):
            if counts_before[i] == 0:
                continue
            carry = digits[i] + 1 == counts_before[i]
            change = -digits[i] if carry else 1
            digits[i] += change
            for j in range(len(counts)):
                combinations[j] += strides[j, i] * change
            if not carry:
                break
    return ways


@njit(cache=True, nogil=True)
def count_of_circuit(states, parents, widths, tolerance, as_float32, level, errors, moduli, completions, result):
    """Put into `result` (once and expanded, moduli) the interpretations of one circuit; returns whether errors of its
    activations may make others."""
    inputs = states.shape[2]
    widest = states.shape[1]
    everything = ZERO
    for x in range(inputs):
        everything |= ONE << np.uint64(x)
    readings, before = np.zeros((widest, inputs), np.uint64), np.zeros((widest, inputs), np.uint64)
    counts, counts_before = np.zeros(widest, np.int64), np.zeros(widest, np.int64)
    strides = np.zeros((widest, widest), np.int64)
    any_doubtful = layer_readings(
        0, states, parents, widths, tolerance, as_float32, level, errors, before, counts_before
    )
    ways = np.ones((states_of(counts_before[: widths[0]]), 2, len(moduli)), np.uint64)
    for layer in range(1, len(widths)):
        doubtful = layer_readings(
            layer, states, parents, widths, tolerance, as_float32, level, errors, readings, counts
        )
        any_doubtful = any_doubtful or doubtful
        width, width_before = widths[layer], widths[layer - 1]
        most = len(ways)
        allowed = np.empty((width, most, inputs + 1), np.int64)
        weights = np.empty((width, most, inputs + 1, len(moduli)), np.uint64)
        gate_options(
            layer, parents[layer - 1], before, counts_before[:width_before], readings, counts[:width], everything,
            moduli, completions, strides, allowed, weights,
        )  # fmt: skip
        ways = next_ways(ways, counts_before[:width_before], counts[:width], strides, allowed, weights, moduli)
        before, readings = readings, before
        counts_before, counts = counts, counts_before
    result[:] = ZERO
    for state in range(len(ways)):
        for k in range(2):
            for m in range(len(moduli)):
                total = result[k, m] + ways[state, k, m]
                result[k, m] = total if moduli[m] == ZERO or total < moduli[m] else total - moduli[m]
    return any_doubtful


@njit(cache=True, nogil=True)
def bits_needed(parents, inputs):
    """A number of bits that holds every count of a circuit's interpretations, given each neuron's parents."""
    bits = 1.0
    for layer in range(len(parents)):
        for j in range(parents.shape[1]):
            if parents[layer, j]:
                k = 0
                rest = parents[layer, j]
                while rest:
                    rest &= rest - 1
                    k += 1
                bits += np.log2(max(2, inputs - 1)) + 2.0**k - 1
    return bits


@njit(cache=True, nogil=True)
def count_interpretations(
    circuits,
    widths,
    weights,
    biases,
    codes,
    parameters,
    positions,
    points,
    tolerance,
    as_float32,
    level,
    errors,
    moduli,
):
    """Residues (circuits, once and expanded, moduli) of the number of interpretations of each circuit, and (circuits,)
    whether errors of its activations of up to `errors` (layers + 1, neurons) may make it another."""
    counts = np.zeros((len(circuits), 2, len(moduli)), np.uint64)
    completions = completions_of(widths[:-1].max(), len(points), moduli)
    one_modulus, one_completions = moduli[:1].copy(), completions[:, :, :1].copy()
    exact = np.zeros((2, 1), np.uint64)
    doubtful = np.zeros(len(circuits), np.bool_)
    for k in range(len(circuits)):
        states, parents = circuit_layers(circuits[k], widths, weights, biases, codes, parameters, positions, points)
        if bits_needed(parents, len(points)) < 64:
            # The residue modulo 2^64, which comes first, is the number itself.
            doubtful[k] = count_of_circuit(
                states, parents, widths, tolerance, as_float32, level, errors, one_modulus, one_completions, exact
            )
            counts[k, :, 0] = exact[:, 0]
            for m in range(1, len(moduli)):
                counts[k, :, m] = exact[:, 0] % moduli[m]
        else:
            doubtful[k] = count_of_circuit(
                states, parents, widths, tolerance, as_float32, level, errors, moduli, completions, counts[k]
            )
    return counts, doubtful
