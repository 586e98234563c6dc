"""Counting the interpretations of many circuits, exactly, modulo several numbers.

A reading of a neuron is a bit set over the inputs. A state of a layer gives each of its varying neurons a reading;
counts go forward from state to state. Modulus 0 stands for 2^64, whose residues are what unsigned numbers hold.
"""

import numpy as np
from numba import njit

from .activation import activate

ONE, ZERO = np.uint64(1), np.uint64(0)


@njit(cache=True, nogil=True)
def multiplied(a, b, modulus):
    return a * b if modulus == ZERO else a * b % modulus


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
def readings_of(values, tolerance, readings):
    """Fill `readings` with the bit set of the inputs above each separator, lowest separator first; returns how many."""
    order = np.argsort(values)
    largest = 1.0
    for value in values:
        largest = max(largest, abs(value))
    count = 0
    above = ZERO
    for k in range(len(values)):
        above |= ONE << np.uint64(k)
    for k in range(len(values) - 1):
        above ^= ONE << np.uint64(order[k])
        step = values[order[k + 1]] - values[order[k]]
        if step > 0 and step >= tolerance * largest:
            readings[count] = above
            count += 1
    return count


@njit(cache=True, nogil=True)
def split_cells(parents, cells):
    """Fill `cells` with the sets of inputs that have equal parent readings; returns how many. cells[0] holds all."""
    count = 1
    for parent in parents:
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
def completions(reading, parents, cells, everything, exclude_xor, modulus):
    """In how many ways the gate of a consistent reading can be completed where patterns never occur; 0 when the gate
    is a forbidden XOR or XNOR."""
    ways = power_of_two((1 << len(parents)) - cells, modulus)
    if exclude_xor and len(parents) == 2:
        difference = reading ^ parents[0] ^ parents[1]
        if difference == ZERO or difference == everything:
            ways = ways - ONE if ways != ZERO or modulus == ZERO else modulus - ONE
    return ways


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
def layer_readings(layer, states, parents, widths, tolerance, as_float32, rounds, readings, counts):
    """Readings of every neuron of a layer; none for one that is absent or does not vary, for an output its decision."""
    last = len(widths) - 1
    for j in range(widths[layer]):
        counts[j] = 0
        values = states[layer, j]
        if layer == last:
            values = np.where(np.round(values) == 1 if rounds else values > 0.5, 1.0, 0.0)
        elif as_float32:
            values = values.astype(np.float32).astype(np.float64)
        if layer == 0 or parents[layer - 1, j]:
            counts[j] = readings_of(values, tolerance, readings[j])


@njit(cache=True, nogil=True)
def count_of_circuit(states, parents, widths, tolerance, as_float32, rounds, modulus, result):
    """Put into `result` the interpretations of one circuit with don't cares counted once, and expanded."""
    inputs = states.shape[2]
    widest = states.shape[1]
    everything = ZERO
    for x in range(inputs):
        everything |= ONE << np.uint64(x)
    readings = np.zeros((widest, inputs), np.uint64)
    counts = np.zeros(widest, np.int64)
    before = np.zeros((widest, inputs), np.uint64)
    counts_before = np.zeros(widest, np.int64)
    layer_readings(0, states, parents, widths, tolerance, as_float32, rounds, before, counts_before)
    size_before = 1
    for i in range(widths[0]):
        size_before *= max(1, counts_before[i])
    ways_before = np.ones((size_before, 2), np.uint64)
    cells = np.zeros(inputs, np.uint64)
    parent_readings = np.zeros(widest, np.uint64)
    allowed = np.zeros((widest, inputs), np.int64)
    allowed_counts = np.zeros(widest, np.int64)
    weights = np.zeros((widest, inputs), np.uint64)
    chosen = np.zeros(widest, np.int64)
    for layer in range(1, len(widths)):
        layer_readings(layer, states, parents, widths, tolerance, as_float32, rounds, readings, counts)
        size = 1
        for j in range(widths[layer]):
            size *= max(1, counts[j])
        ways = np.zeros((size, 2), np.uint64)
        for state in range(size_before):
            if ways_before[state, 0] == ZERO and ways_before[state, 1] == ZERO:
                continue
            possible = True
            for j in range(widths[layer]):
                allowed_counts[j] = 0
                if counts[j] == 0:
                    continue
                rest = state
                k = 0
                for i in range(widths[layer - 1]):
                    if counts_before[i]:
                        digit = rest % counts_before[i]
                        rest //= counts_before[i]
                        if parents[layer - 1, j] >> i & 1:
                            parent_readings[k] = before[i, digit]
                            k += 1
                cells[0] = everything
                n_cells = split_cells(parent_readings[:k], cells)
                for r in range(counts[j]):
                    if not is_function(readings[j, r], cells, n_cells):
                        continue
                    weight = completions(readings[j, r], parent_readings[:k], n_cells, everything, layer > 1, modulus)
                    if weight == ZERO and n_cells == 1 << k:
                        continue
                    allowed[j, allowed_counts[j]] = r
                    weights[j, allowed_counts[j]] = weight
                    allowed_counts[j] += 1
                if allowed_counts[j] == 0:
                    possible = False
                    break
            if not possible:
                continue
            chosen[:] = 0
            while True:
                target, scale = 0, 1
                expanded = ways_before[state, 1]
                for j in range(widths[layer]):
                    if counts[j]:
                        target += scale * allowed[j, chosen[j]]
                        scale *= counts[j]
                        expanded = multiplied(expanded, weights[j, chosen[j]], modulus)
                ways[target, 0] += ways_before[state, 0]
                ways[target, 1] += expanded
                if modulus != ZERO:
                    ways[target, 0] %= modulus
                    ways[target, 1] %= modulus
                j = 0
                while j < widths[layer]:
                    chosen[j] += 1
                    if chosen[j] < allowed_counts[j]:
                        break
                    chosen[j] = 0
                    j += 1
                if j == widths[layer]:
                    break
        ways_before, size_before = ways, size
        before, readings = readings, before
        counts_before, counts = counts, counts_before
    result[:] = ZERO
    for state in range(size_before):
        for k in range(2):
            result[k] += ways_before[state, k]
            if modulus != ZERO:
                result[k] %= modulus


@njit(cache=True, nogil=True)
def count_interpretations(
    circuits, widths, weights, biases, codes, parameters, positions, points, tolerance, as_float32, rounds, moduli
):
    """Residues (circuits, once and expanded, moduli) of the number of interpretations of each circuit."""
    counts = np.zeros((len(circuits), 2, len(moduli)), np.uint64)
    for k in range(len(circuits)):
        states, parents = circuit_layers(circuits[k], widths, weights, biases, codes, parameters, positions, points)
        for m in range(len(moduli)):
            count_of_circuit(states, parents, widths, tolerance, as_float32, rounds, moduli[m], counts[k, :, m])
    return counts
