"""Counting the interpretations of many circuits, exactly, modulo several numbers.

A reading of a neuron is a bit set over the inputs. A state of a layer gives each of its varying neurons a reading.
Dynamic programming: in how many ways a state of the next layer is reached follows from the ways to the states of this
layer. So no interpretation is listed, and the time goes by pairs of states of adjacent layers, not by interpretations.
Modulus 0 stands for 2^64, whose residues are what unsigned numbers hold.

Arrays as in layout; the scenarios are the inputs, and circuits are run alone. `states` and `parents` are those that
`circuit_layers` gives; `moduli` is (moduli,), and the last axis of counts and ways goes by it.
"""

from typing import NamedTuple

import numpy as np

from .activation import activate
from .compiling import njit

ONE, ZERO = np.uint64(1), np.uint64(0)
# What comparing values with each other adds to their errors, relative to the largest.
RELATIVE = 2.0**-50


class Rule(NamedTuple):
    """How activations become readings.

    Attributes:
        tolerance: values closer than this, relative to the neuron's largest magnitude (or 1), are one value.
        as_float32: whether values are compared as float32.
        level: an output above it is read as 1; NaN when outputs are rounded instead.
        errors: (layers + 1, widest), how far activations may be off; negative where that is not asked.
    """

    tolerance: float
    as_float32: bool
    level: float
    errors: np.ndarray


class Readings(NamedTuple):
    """What the neurons of one layer may be read as.

    Attributes:
        sets: (neurons, inputs), the readings of each neuron, the lowest separator's first.
        counts: (neurons,), how many there are; 0 for a neuron that is absent or does not vary.
    """

    sets: np.ndarray
    counts: np.ndarray


class Completions(NamedTuple):
    """In how many ways gates can be completed where patterns never occur.

    Attributes:
        moduli: (moduli,), what the numbers are kept modulo.
        ways: (parents + 1, cells + 1, moduli), for a gate of so many parents whose readings split the inputs into so
            many cells.
    """

    moduli: np.ndarray
    ways: np.ndarray


class Options(NamedTuple):
    """The readings that each neuron of a layer may have, by the combination of its parents' readings.

    Attributes:
        strides: (neurons, parents), which times the digits of a state of the layer before give the combination.
        allowed: (neurons, combinations, options), a reading each, and -1 after the last.
        ways: (neurons, combinations, options, moduli), in how many ways the gate can be completed.
    """

    strides: np.ndarray
    allowed: np.ndarray
    ways: np.ndarray


@njit(cache=True, nogil=True)
def power_of_two(exponent, modulus):
    """2^exponent modulo `modulus`, by repeated squaring."""
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
    """Fill `readings` (inputs,) with the bit set of the inputs above each separator of `values` (inputs,), lowest
    separator first; returns how many, and whether errors of the values of up to `off` may make others. A negative `off`
    does not ask that."""
    order = np.zeros(len(values), np.int64)
    largest = 1.0
    # Insertion sort: there are few inputs.
    for k in range(len(values)):
        largest = max(largest, abs(values[k]))
        rank = k
        while rank > 0 and values[order[rank - 1]] > values[k]:
            order[rank] = order[rank - 1]
            rank -= 1
        order[rank] = k
    # From the lowest value to the highest, `above` loses one input at a time; a gap wide enough is a separator.
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
    """Split the first `count` sets of inputs in `cells` (room,) by the reading of one more `parent`; returns how many
    sets there are now."""
    # A cell that the reading is not constant on keeps the inputs inside it, and the others become a new cell.
    for c in range(count):
        inside = cells[c] & parent
        if inside != ZERO and inside != cells[c]:
            cells[count] = cells[c] ^ inside
            cells[c] = inside
            count += 1
    return count


@njit(cache=True, nogil=True)
def is_function(reading, cells, count):
    """Whether a reading is constant on each of the first `count` sets of inputs in `cells` (room,)."""
    for c in range(count):
        inside = cells[c] & reading
        if inside != ZERO and inside != cells[c]:
            return False
    return True


@njit(cache=True, nogil=True)
def completions_of(widest, inputs, moduli):
    """Completions of gates of up to `widest` parents: each of a gate's 2^parents patterns that no cell has is completed
    with 0 or 1."""
    ways = np.zeros((widest + 1, inputs + 1, len(moduli)), np.uint64)
    for k in range(widest + 1):
        for cells in range(1, min(inputs, 1 << k) + 1):
            for m in range(len(moduli)):
                ways[k, cells, m] = power_of_two((1 << k) - cells, moduli[m])
    return Completions(moduli, ways)


@njit(cache=True, nogil=True)
def is_parity(reading, before, strides, combination, everything):
    """Whether a reading is the XOR or XNOR of those of all varying parents, which `before`, `strides` (neurons,) and
    `combination` give."""
    for i in range(len(before.counts)):
        if strides[i]:
            reading ^= before.sets[i, combination // strides[i] % before.counts[i]]
    return reading == ZERO or reading == everything


@njit(cache=True, nogil=True)
def activations_of(layer, j, parents, states, layout, values):
    """Fill `values` (inputs,) with what neuron `j` of a layer carries that has `parents`, a bit set, in a circuit run
    alone; `states` (widest, inputs) are those of the layer before."""
    for x in range(len(values)):
        z = layout.biases[layer - 1, j]
        for i in range(layout.widths[layer - 1]):
            if parents >> i & 1:
                z += layout.weights[layer - 1, j, i] * states[i, x]
        values[x] = activate(layout.codes[layer - 1], layout.parameters[layer - 1], z)


@njit(cache=True, nogil=True)
def parents_of(bits, layer, j, layout):
    """The parents of neuron `j` of a layer in a circuit, as a bit set."""
    parents = 0
    for i in range(layout.widths[layer - 1]):
        if bits >> layout.positions[layer - 1, j, i] & ONE:
            parents |= 1 << i
    return parents


@njit(cache=True, nogil=True)
def circuit_layers(bits, layout, last):
    """Activations (layers + 1, widest, inputs) of a circuit run alone, up to layer `last`, and each neuron's parents
    (layers, widest) as bit sets."""
    layers, widest = layout.biases.shape
    # All layers are kept, and the values of a neuron at all inputs stand together, since they are sorted later.
    states = np.zeros((layers + 1, widest, len(layout.base)))
    parents = np.zeros((layers, widest), np.int64)
    for x in range(len(layout.base)):
        for i in range(widest):
            states[0, i, x] = layout.base[x, i]
    for layer in range(1, last + 1):
        for j in range(layout.widths[layer]):
            parents[layer - 1, j] = parents_of(bits, layer, j, layout)
            activations_of(layer, j, parents[layer - 1, j], states[layer - 1], layout, states[layer, j])
    return states, parents


@njit(cache=True, nogil=True)
def decided(value, level):
    """Whether an output of this value is read as 1."""
    # What rounds to 1, halves going to the even number.
    return 0.5 < value < 1.5 if np.isnan(level) else value > level


@njit(cache=True, nogil=True)
def readings_of_neuron(values, rule, off, sets):
    """Fill `sets` (inputs,) with the readings of a neuron that is not an output, as `readings_of` does."""
    if rule.as_float32:
        single = np.empty_like(values)
        for x in range(len(values)):
            single[x] = np.float32(values[x])
        values = single
    return readings_of(values, rule.tolerance, off, sets)


@njit(cache=True, nogil=True)
def fill_readings(layer, states, parents, widths, rule, readings):
    """Fill `readings` with those of a layer; for an output it is its decision. Returns whether errors of the
    activations may make others."""
    last = len(widths) - 1
    any_doubtful = False
    for j in range(widths[layer]):
        readings.counts[j] = 0
        if layer and not parents[layer - 1, j]:
            continue
        if layer == last:
            bits = np.zeros(states.shape[2])
            for x in range(len(bits)):
                if decided(states[layer, j, x], rule.level):
                    bits[x] = 1.0
            readings.counts[j], _ = readings_of(bits, rule.tolerance, -1.0, readings.sets[j])
        else:
            off = rule.errors[layer, j]
            readings.counts[j], doubtful = readings_of_neuron(states[layer, j], rule, off, readings.sets[j])
            any_doubtful = any_doubtful or doubtful
    return any_doubtful


@njit(cache=True, nogil=True)
def states_of(counts):
    """How many states a layer has whose neurons have `counts` (neurons,) readings."""
    size = 1
    for count in counts:
        size *= max(1, count)
    return size


@njit(cache=True, nogil=True)
def split_by_parents(parents, before, everything, strides, cells, n_cells):
    """For each combination of the readings of a neuron's parents, the sets of inputs at which these are equal.

    Fills `strides` (neurons before,) as in Options, `cells` (combinations, sets) and `n_cells` (combinations,); returns
    how many combinations and how many varying parents.
    """
    sets, counts = before.sets, before.counts
    cells[0, 0], n_cells[0] = everything, 1
    combinations, varying = 1, 0
    for i in range(len(counts)):
        strides[i] = 0
        if counts[i] == 0 or not parents >> i & 1:
            continue
        strides[i] = combinations
        # Backwards, so that the first reading can overwrite what the others start from.
        for digit in range(counts[i] - 1, -1, -1):
            for c in range(combinations):
                target = digit * combinations + c
                cells[target] = cells[c]
                n_cells[target] = split_cells(sets[i, digit], cells[target], n_cells[c])
        combinations *= counts[i]
        varying += 1
    return combinations, varying


@njit(cache=True, nogil=True)
def fill_options(layer, parents, before, readings, everything, completions, options):
    """Fill the options of a layer, of which `parents` (neurons,) are those in the circuit, by the readings of the layer
    before: a neuron may have a reading that is a function of its parents' and, beyond the first hidden layer, not the
    parity of two."""
    moduli, completed = completions.moduli, completions.ways
    allowed, factors, sets, counts = options.allowed, options.ways, readings.sets, readings.counts
    cells = np.empty((allowed.shape[1], len(sets[0]) + 1), np.uint64)
    n_cells = np.empty(allowed.shape[1], np.int64)
    for j in range(len(counts)):
        strides = options.strides[j]
        if counts[j] == 0:
            strides[:] = 0
            continue
        combinations, k = split_by_parents(parents[j], before, everything, strides, cells, n_cells)
        for combination in range(combinations):
            option = 0
            for r in range(counts[j]):
                reading = sets[j, r]
                if not is_function(reading, cells[combination], n_cells[combination]):
                    continue
                forbidden = layer > 1 and k == 2 and is_parity(reading, before, strides, combination, everything)
                if forbidden and n_cells[combination] == 1 << k:
                    continue
                for m in range(len(moduli)):
                    ways = completed[k, n_cells[combination], m]
                    if forbidden:
                        # One of the completions is the gate itself.
                        ways = ways - ONE if ways != ZERO or moduli[m] == ZERO else moduli[m] - ONE
                    factors[j, combination, option, m] = ways
                allowed[j, combination, option] = r
                option += 1
            allowed[j, combination, option] = -1


@njit(cache=True, nogil=True)
def successors(state, ways_before, combinations, counts, allowed, factors, moduli, targets, partial):
    """Fill `targets` (states,) with the states of a layer that a state of the layer before leads to, and `partial`
    (states, once and expanded, moduli) with the ways to get there, neuron by neuron; returns how many there are.
    `combinations` and `counts` are (neurons,), `allowed` and `factors` those of Options."""
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
        for option in range(fits - 1, -1, -1):
            step = scale * allowed[j, combination, option]
            for t in range(size):
                target = option * size + t
                targets[target] = targets[t] + step
                for m in range(len(moduli)):
                    partial[target, 0, m] = partial[t, 0, m]
                    expanded = partial[t, 1, m] * factors[j, combination, option, m]
                    partial[target, 1, m] = expanded if moduli[m] == ZERO else expanded % moduli[m]
        size *= fits
        scale *= counts[j]
    return size


@njit(cache=True, nogil=True)
def next_ways(ways_before, counts_before, counts, options, moduli):
    """The ways (states, once and expanded, moduli) to every state of a layer, from those of the layer before; the
    counts of readings are (neurons,), of each layer."""
    strides, allowed, factors = options.strides, options.allowed, options.ways
    size = states_of(counts)
    ways = np.zeros((size, 2, len(moduli)), np.uint64)
    partial = np.empty((size, 2, len(moduli)), np.uint64)
    targets = np.empty(size, np.int64)
    digits = np.zeros(len(counts_before), np.int64)
    combinations = np.zeros(len(counts), np.int64)
    for state in range(len(ways_before)):
        found = successors(state, ways_before, combinations, counts, allowed, factors, moduli, targets, partial)
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
def all_inputs(inputs):
    """So many inputs as a bit set."""
    everything = ZERO
    for x in range(inputs):
        everything |= ONE << np.uint64(x)
    return everything


@njit(cache=True, nogil=True)
def ways_up_to(last, states, parents, widths, rule, completions):
    """The readings of layer `last`, the ways (states, once and expanded, moduli) to each of its states, and whether
    errors of the activations may make others."""
    widest, inputs = states.shape[1:]
    moduli = completions.moduli
    everything = all_inputs(inputs)
    # Two sets of readings take turns; of each, only the neurons that the layer has are looked at.
    before = Readings(np.zeros((widest, inputs), np.uint64), np.zeros(widest, np.int64))
    after = Readings(np.zeros((widest, inputs), np.uint64), np.zeros(widest, np.int64))
    strides = np.zeros((widest, widest), np.int64)
    any_doubtful = fill_readings(0, states, parents, widths, rule, before)
    ways = np.ones((states_of(before.counts[: widths[0]]), 2, len(moduli)), np.uint64)
    for layer in range(1, last + 1):
        doubtful = fill_readings(layer, states, parents, widths, rule, after)
        any_doubtful = any_doubtful or doubtful
        width, most = widths[layer], len(ways)
        sources = Readings(before.sets, before.counts[: widths[layer - 1]])
        readings = Readings(after.sets, after.counts[:width])
        allowed = np.empty((width, most, inputs + 1), np.int64)
        options = Options(strides, allowed, np.empty((width, most, inputs + 1, len(moduli)), np.uint64))
        fill_options(layer, parents[layer - 1], sources, readings, everything, completions, options)
        ways = next_ways(ways, sources.counts, readings.counts, options, moduli)
        before, after = after, before
    return Readings(before.sets, before.counts[: widths[last]]), ways, any_doubtful


@njit(cache=True, nogil=True)
def count_of_circuit(states, parents, widths, rule, completions, result):
    """Put into `result` (once and expanded, moduli) the interpretations of one circuit; returns whether errors of its
    activations may make others."""
    moduli = completions.moduli
    _, ways, any_doubtful = ways_up_to(len(widths) - 1, states, parents, widths, rule, completions)
    # Every state of the outputs' readings counts.
    result[:] = ZERO
    for state in range(len(ways)):
        for k in range(2):
            for m in range(len(moduli)):
                total = result[k, m] + ways[state, k, m]
                result[k, m] = total if moduli[m] == ZERO or total < moduli[m] else total - moduli[m]
    return any_doubtful


@njit(cache=True, nogil=True)
def bits_needed(parents, inputs):
    """A number of bits that holds every count of a circuit's interpretations, given each neuron's `parents` (layers,
    widest)."""
    # A neuron of k parents has at most inputs - 1 readings, and 2^k patterns to complete.
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
def count_interpretations(circuits, layout, rule, moduli):
    """Residues (circuits, once and expanded, moduli) of the number of interpretations of each of `circuits`
    (circuits,), given as bits; and (circuits,) whether errors of the circuit's activations may make the number
    another."""
    inputs, widths = len(layout.base), layout.widths
    counts = np.zeros((len(circuits), 2, len(moduli)), np.uint64)
    completions = completions_of(widths[:-1].max(), inputs, moduli)
    of_one = Completions(moduli[:1].copy(), completions.ways[:, :, :1].copy())
    exact = np.zeros((2, 1), np.uint64)
    doubtful = np.zeros(len(circuits), np.bool_)
    for k in range(len(circuits)):
        states, parents = circuit_layers(circuits[k], layout, len(widths) - 1)
        if bits_needed(parents, inputs) < 64:
            # The residue modulo 2^64, which comes first, is the number itself.
            doubtful[k] = count_of_circuit(states, parents, widths, rule, of_one, exact)
            counts[k, :, 0] = exact[:, 0]
            for m in range(1, len(moduli)):
                counts[k, :, m] = exact[:, 0] % moduli[m]
        else:
            doubtful[k] = count_of_circuit(states, parents, widths, rule, completions, counts[k])
    return counts, doubtful
